//! The end of a session: anchors move, and what a refresh did not bring goes (DS 1.2 sections 6.2, 6.5; `syncml.md` 4.4).

use super::desk::{Desk, Then};
use super::state::{Phase, Syncing};
use crate::limits;
use crate::peer::Place;
use crate::record::Seq;
use crate::store::{PieceRange, Sweep};
use crate::syncml::session::Mode;
use crate::upstream::{Ended, Reason};

impl Desk<'_> {
    /// Both have said everything.
    pub fn complete(&mut self) -> Then {
        self.state.phase = Phase::Replacing;
        // The server has heard them, whether it said so or not.
        self.maps.retain(|_, map| map.message == 0 && !map.taken);
        self.doubt_refreshes();
        let collections: Vec<_> = self
            .state
            .syncing
            .iter()
            .filter(|it| it.is_alive() && it.datastore.mode == Mode::RefreshFromServer)
            .map(|it| it.datastore.collection.clone())
            .collect();
        for id in &collections {
            let bookmark = self.bookmark(id);
            (bookmark.sending, bookmark.sending_all, bookmark.position) = (true, true, 0);
        }
        if collections.is_empty() { self.finish() } else { Then::Write }
    }

    /// Where something of a refresh is missing, nothing may go: it might be that.
    fn doubt_refreshes(&mut self) {
        let refreshed = |it: &&mut Syncing| it.is_alive() && it.datastore.mode == Mode::RefreshFromServer;
        for syncing in self.state.syncing.iter_mut().filter(refreshed) {
            let name = syncing.datastore.source.clone();
            if !syncing.datastore.received {
                syncing.fail(
                    "protocol",
                    0,
                    format!("The server sent nothing of {name}, so nothing was replaced here."),
                );
            } else if syncing.outcome.refused > 0 || syncing.received < syncing.received_of {
                let message = format!(
                    "Not all of {name} could be taken, so what else is here was not deleted. Sync again."
                );
                syncing.fail("refused", 0, message);
            }
        }
    }

    /// A refresh from the server is here, all of it: what it did not bring goes, a page at a time. Only what was here when it began.
    pub fn replace(&mut self) -> Then {
        let snapshot = self.snapshot;
        for outgoing in &snapshot.page {
            let record = &outgoing.record;
            let bookmark = self.bookmarked(&record.collection);
            let named = outgoing.alias.as_ref().is_some_and(|alias| alias.generation >= bookmark.attempt);
            self.bookmark(&record.collection).position = record.seq.max(bookmark.position);
            let replaced = |it: &Syncing| {
                it.datastore.collection == record.collection
                    && it.is_alive()
                    && it.datastore.mode == Mode::RefreshFromServer
            };
            let kept = !self.state.syncing.iter().any(replaced);
            if kept || named || record.seq > bookmark.until || !record.content.is_live() {
                continue;
            }
            self.write_deleted((record.collection.clone(), record.id.clone()));
            if let Some(index) = self.state.index_of(&record.collection) {
                self.count(index, |it| it.outcome.received.deleted += 1);
            }
        }
        if snapshot.more { Then::Write } else { self.finish() }
    }

    fn finish(&mut self) -> Then {
        for index in 0..self.state.syncing.len() {
            self.confirm(index);
        }
        self.state.phase = Phase::Idle;
        self.state.broken.clear();
        self.state.no_resume = false;
        (self.state.arriving, self.state.leaving) = (None, None);
        self.unanswered = Default::default();
        self.batch.pieces.clear();
        self.batch.pieces_dropped = vec![PieceRange::all(false), PieceRange::all(true)];
        self.batch.sweep = self.sweep();
        let failed: Option<Reason> = self.state.syncing.iter().find_map(|it| it.outcome.error.clone());
        if failed.is_none() {
            self.state.last_sync = self.now;
        }
        let ended = if failed.is_some() { Ended::Failed } else { Ended::Complete };
        self.report(ended, failed)
    }

    /// The anchors of a collection move, and the cursor as far as the server has taken things.
    fn confirm(&mut self, index: usize) {
        let Some(syncing) = self.state.syncing.get(index).cloned() else { return };
        let datastore = syncing.datastore;
        let id = datastore.collection.clone();
        if self.bookmarks.find(&id).is_none() {
            return;
        }
        let lowest = self.lowest(index, datastore.held_from);
        let alive = syncing.agreed && !datastore.failed;
        let bookmark = self.bookmark(&id);
        (bookmark.sending, bookmark.sending_all, bookmark.position) = (false, false, 0);
        if !alive {
            return;
        }
        let reached = if datastore.mode == Mode::RefreshFromServer
            || (syncing.wish.receives() && datastore.mode.receives())
        {
            // What went out before a break, and was deleted since, is still to be said: a comparison carries no deletions.
            if datastore.mode.begins_anew() { syncing.since } else { bookmark.until }
        } else {
            // What changed here stays to be sent.
            bookmark.confirmed.cursor
        };
        let held_back = lowest.filter(|seq| *seq <= reached);
        bookmark.held = if held_back.is_some() { bookmark.held + 1 } else { 0 };
        let held_back = held_back.filter(|_| bookmark.held <= limits::HELD_SESSIONS_MAX);
        if held_back.is_none() {
            bookmark.held = 0;
        }
        let anew = datastore.mode.begins_anew();
        bookmark.confirmed = Place {
            cursor: held_back.map_or(reached, |seq| seq - 1).max(1),
            anchor: datastore.next.clone(),
            own_anchor: datastore.own_next.clone(),
            generation: if anew { bookmark.attempt } else { bookmark.confirmed.generation },
            left_out: String::new(),
        };
        let generation = bookmark.confirmed.generation;
        if anew && !datastore.resumed {
            self.batch.outdated.push((id, generation));
        }
    }

    /// The smallest stamp that the server has not taken.
    fn lowest(&self, index: usize, held_from: Seq) -> Option<Seq> {
        let held = Some(held_from).filter(|seq| *seq > 0);
        held.into_iter().chain(self.unanswered.lowest(index)).min()
    }

    fn sweep(&self) -> Option<Sweep> {
        Sweep::due(self.snapshot.account.as_ref()?, self.client.settings, self.now)
    }
}
