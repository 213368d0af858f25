//! Package 4: our changes, page by page, as much as fits; and the end of a session (DS 1.2 sections 6.9, 9.2; `syncml.md` 4.2).
//!
//! A position moves only past what has been written into the message; a cursor is offered only up to what the device has
//! taken. The device confirms the offer by using the anchor that belongs to it.

use super::desk::Desk;
use super::nested::Dues;
use super::split::Leaving;
use crate::content;
use crate::limits;
use crate::peer::{Alias, Looking, Place};
use crate::record::{Body, CollectionId, Content, Record, RecordId, Seq};
use crate::store::Outgoing;
use crate::syncml::describe;
use crate::syncml::message::{Data, Item, Location, Meta};
use crate::syncml::session::{Datastore, Mode, Phase, Sent, SentKind};

/// What a record on the page means for this device.
pub enum Due {
    Nothing,
    /// The next session says it: a slow sync carries no deletions, and what was added and not mapped has no name yet.
    Later,
    Add(Body),
    Replace(Body, Location),
    /// An Add or a Replace of what was left in the store for its size.
    Unread(SentKind),
    Delete(Location),
}

/// Why the message ends here.
#[derive(PartialEq, Eq)]
enum Filled {
    /// Everything on the page has been dealt with.
    All,
    /// The message is full.
    Full,
}

impl Desk<'_> {
    /// Writes what is due: what waited, then changes if it is our turn, and `Final` where our package ends.
    pub fn send(&mut self) {
        let inbox = self.inbox;
        let silent = self.is_silent();
        self.state.heard |= inbox.message.last || silent;
        if silent {
            self.leave_refreshes();
        }
        let received = self.state.datastores.iter().any(|datastore| datastore.received);
        if received && self.state.phase == Phase::ExpectAlerts {
            // Sync without separate initialisation (DS 1.2, 6.12): package 1 is package 3 as well.
            self.state.phase = Phase::ExpectChanges;
        }
        let unfinished =
            self.state.datastores.iter().any(|datastore| datastore.received && !datastore.finished);
        if unfinished && matches!(self.state.phase, Phase::ExpectEnd | Phase::Over) {
            // A datastore that was told to do a slow sync while another one went through, or that was late.
            self.state.phase = Phase::ExpectMore;
        }
        self.flush();
        let flushed = self.state.pending.is_empty();
        let mut last = false;
        // What comes after the end changes nothing about it: late Maps, or a client that has not noticed.
        if flushed && !self.state.suspended && (self.state.heard || self.state.phase == Phase::Over) {
            match self.state.phase {
                Phase::ExpectAlerts => {
                    (self.state.phase, self.state.heard) = (Phase::ExpectChanges, false);
                    last = true;
                }
                Phase::ExpectChanges => {
                    (self.state.phase, self.state.heard) = (Phase::ExpectMore, false);
                    self.expect_nothing_more();
                    if !inbox.has_sync_alert() {
                        self.stop_unopened();
                    }
                }
                Phase::ExpectMore => self.state.heard = false,
                Phase::ExpectEnd | Phase::Over => {
                    last = true;
                    self.end();
                }
            }
        }
        if flushed && self.state.suspended {
            last = true;
        } else if flushed
            && self.state.phase == Phase::ExpectMore
            && self.server.wants_page()
            && !self.device_is_busy
            && self.fill()
        {
            self.state.phase = Phase::ExpectEnd;
            self.offer();
            last = true;
            if self.state.datastores.iter().all(|datastore| !datastore.mode.sends()) {
                // There is nothing to say about: no package 5 follows (DS 1.2, 6.6).
                self.end();
            }
        }
        if !last && !inbox.message.last && flushed {
            self.outbox.push_next_message();
        }
        self.outbox.set_last(last);
    }

    /// Whether the client only asks us to go on, again and again, while we wait for its commands: it has no more, and forgot
    /// the `Final` (`syncml.md` 9.1, P3).
    fn is_silent(&mut self) -> bool {
        let ours =
            matches!(self.state.phase, Phase::ExpectMore | Phase::Over) || !self.state.pending.is_empty();
        let silent = !ours && !self.inbox.message.last && self.inbox.says_nothing();
        self.state.silent = if silent { self.state.silent + 1 } else { 0 };
        if self.state.silent <= limits::SILENT_MESSAGES_MAX {
            return false;
        }
        self.state.silent = 0;
        self.notes.push("it asks to go on and says nothing: taken for the end of its package".to_owned());
        true
    }

    /// A datastore the client never sent a `Sync` for is left alone: in a slow sync we would send it everything twice.
    fn stop_unopened(&mut self) {
        let unopened: Vec<CollectionId> =
            self.state.datastores.iter().filter(|d| !d.received).map(|d| d.collection.clone()).collect();
        for collection in unopened {
            self.stop_sending(&collection);
        }
    }

    fn stop_sending(&mut self, collection: &CollectionId) {
        let bookmark = self.bookmark(collection);
        (bookmark.sending, bookmark.sending_all, bookmark.position, bookmark.until) = (false, false, 0, 0);
    }

    /// Fills the message from the page; true once everything of every datastore is out.
    fn fill(&mut self) -> bool {
        if self.leave_on() {
            return false;
        }
        let snapshot = self.snapshot;
        let mut order: Vec<usize> = (0..self.state.datastores.len()).collect();
        let id_of =
            |desk: &Self, index: usize| desk.state.datastores.get(index).map(|d| d.collection.clone());
        order.sort_by_key(|index| id_of(self, *index));
        let last_on_page = snapshot.page.last().map(|outgoing| outgoing.record.collection.clone());
        for index in order {
            let Some(datastore) = self.state.datastores.get(index).cloned() else { continue };
            if !datastore.received || datastore.finished {
                continue;
            }
            if !datastore.mode.sends() {
                self.state
                    .datastores
                    .get_mut(index)
                    .into_iter()
                    .for_each(|datastore| datastore.finished = true);
                continue;
            }
            // A page that was cut has seen nothing of the collections after its last one.
            let reached =
                !snapshot.more || last_on_page.as_ref().is_some_and(|last| datastore.collection <= *last);
            let whole =
                !snapshot.more || last_on_page.as_ref().is_some_and(|last| datastore.collection < *last);
            if !reached || !self.pageable(&datastore) {
                return false;
            }
            match self.fill_datastore(index, &datastore, whole) {
                Filled::All if whole => {}
                _ => return false,
            }
            if self.goes_back(&datastore.collection) {
                return false;
            }
            if let Some(datastore) = self.state.datastores.get_mut(index) {
                datastore.finished = true;
            }
        }
        true
    }

    /// Whether the page was read for this datastore as it stands: it was read by the bookmark as the last message left it,
    /// and this one may have opened another sync of it.
    fn pageable(&self, datastore: &Datastore) -> bool {
        let collection = &datastore.collection;
        let Some(read) = self.snapshot.bookmarks.iter().find(|b| b.collection == *collection) else {
            return false;
        };
        let now = self.bookmarked(collection);
        if datastore.mode.sends_all() {
            return read.sending && read.sending_all && read.attempt == now.attempt;
        }
        if now.looking != if read.sending { read.looking } else { Looking::Changes } {
            return false;
        }
        let named = |path: &String| self.collection(path).is_some_and(|found| found.id == *collection);
        let (after, until) = match (read.sending, read.sending_all) {
            (true, true) => return false,
            (true, false) => (read.position, read.until),
            (false, _) if self.inbox.has_sync_alert() && self.inbox.sync_paths().iter().any(named) => {
                (read.confirmed.cursor, 0)
            }
            (false, _) => return false,
        };
        let whole = after <= now.position && (until == 0 || until == now.until);
        whole && read.confirmed.generation == now.confirmed.generation
    }

    /// Whether this turn changed something that has to go back to the device: it is in the next page.
    fn goes_back(&self, collection: &CollectionId) -> bool {
        self.sends_back
            && self.batch.changes.iter().any(|c| c.collection == *collection && c.origin.is_empty())
    }

    fn fill_datastore(&mut self, index: usize, datastore: &Datastore, whole: bool) -> Filled {
        let collection = &datastore.collection;
        let snapshot = self.snapshot;
        let mine = |outgoing: &&Outgoing| outgoing.record.collection == *collection;
        let bookmark = self.bookmarked(collection);
        let until = if bookmark.until > 0 { bookmark.until } else { self.head() };
        let window = self.window(datastore);
        let dues: Dues<'_> = snapshot
            .page
            .iter()
            .filter(mine)
            .filter(|outgoing| outgoing.record.seq > bookmark.position && outgoing.record.seq <= until)
            .map(|outgoing| {
                let due = self.due(index, datastore, outgoing);
                (outgoing.record.seq, &outgoing.record, self.seen_through(&window, outgoing, due))
            })
            .collect();
        let dues = self.folders_first(index, datastore, dues);
        let count = dues.iter().filter(|(.., due)| !matches!(due, Due::Nothing | Due::Later)).count();
        let later =
            dues.iter().filter(|(.., due)| matches!(due, Due::Later)).map(|(_, record, _)| record.seq).min();
        if let (Some(seq), Some(datastore)) = (later, self.state.datastores.get_mut(index)) {
            datastore.hold(seq);
        }
        let total = if whole { Some(count as u64) } else { self.total(datastore) };
        let changes = total.filter(|_| !datastore.opened && self.counts_changes());
        if datastore.opened && count == 0 {
            self.move_to(collection, dues.last().map(|(seq, ..)| *seq), whole.then_some(until));
            return Filled::All;
        }
        if !self.outbox.open_sync(datastore, changes) {
            return Filled::Full;
        }
        if let Some(datastore) = self.state.datastores.get_mut(index) {
            datastore.opened = true;
        }
        let mut filled = Filled::All;
        let mut position = None;
        for (seq, record, due) in dues {
            if !self.push(index, datastore, record, due) {
                filled = Filled::Full;
                // What leaves in pieces is on its way.
                position = position.max(self.leaves(record).then_some(seq));
                break;
            }
            position = position.max(Some(seq));
        }
        self.outbox.close_sync();
        let end = (whole && filled == Filled::All && !self.goes_back(collection)).then_some(until);
        self.move_to(collection, position, end);
        filled
    }

    /// The position moves past what was written; the end is fixed once, so that a busy collection cannot keep a device for ever.
    fn move_to(&mut self, collection: &CollectionId, position: Option<Seq>, end: Option<Seq>) {
        let goes_back = self.goes_back(collection);
        let head = self.head();
        let bookmark = self.bookmark(collection);
        if bookmark.until == 0 && !goes_back {
            bookmark.until = head;
        }
        let to = end.into_iter().chain(position).max().unwrap_or(0);
        bookmark.position = bookmark.position.max(to);
    }

    /// What the device needs of a record on the page.
    pub fn due(&self, index: usize, datastore: &Datastore, outgoing: &Outgoing) -> Due {
        let record = &outgoing.record;
        let key = (record.collection.clone(), record.id.clone());
        if self.touched.contains(&key) {
            return Due::Nothing;
        }
        let believed = self.believed(datastore);
        let alias = self.alias(&key, outgoing.alias.as_ref()).filter(|alias| alias.generation >= believed);
        let luid = alias.and_then(|alias| alias.luid.as_ref()).map(|luid| Location::of(luid.0.clone()));
        let changes_only =
            !datastore.mode.sends_all() && self.bookmarked(&datastore.collection).looking == Looking::Changes;
        let holds_own = alias.map_or(changes_only, |alias| alias.seq != Alias::UNSURE);
        let own = record.origin == self.peer.id.0 && holds_own;
        let taken = alias.is_some_and(|alias| alias.luid.is_some() && alias.seq >= record.seq);
        match (&record.content, luid) {
            (Content::Deleted, Some(_)) if datastore.mode.sends_all() => Due::Later,
            (Content::Deleted, Some(luid)) => Due::Delete(luid),
            (Content::Body(_) | Content::Large(_), _) if taken || own => Due::Nothing,
            (_, None) if self.is_added(index, datastore, &record.id) => Due::Later,
            (Content::Deleted, None) => Due::Nothing,
            (Content::Body(body), Some(luid)) => Due::Replace(body.clone(), luid),
            (Content::Body(body), None) => Due::Add(body.clone()),
            (Content::Large(_), Some(_)) => Due::Unread(SentKind::Replace),
            (Content::Large(_), None) => Due::Unread(SentKind::Add),
        }
    }

    /// Aliases below this generation are those of another life.
    pub fn believed(&self, datastore: &Datastore) -> i64 {
        let bookmark = self.bookmarked(&datastore.collection);
        if datastore.mode.sends_all() { bookmark.attempt } else { bookmark.confirmed.generation }
    }

    /// Whether the record went out as an Add in this session, and no Map has come.
    fn is_added(&self, index: usize, datastore: &Datastore, id: &RecordId) -> bool {
        self.unanswered.has_add(index, id) || datastore.unmapped.contains_key(id)
    }

    /// Writes one change; false where the message is full.
    fn push(&mut self, index: usize, datastore: &Datastore, record: &Record, due: Due) -> bool {
        let (kind, body, target) = match due {
            Due::Nothing | Due::Later => return true,
            Due::Add(body) => (SentKind::Add, Some(body), None),
            Due::Replace(body, luid) => (SentKind::Replace, Some(body), Some(luid)),
            Due::Delete(luid) => (SentKind::Delete, None, Some(luid)),
            Due::Unread(SentKind::Add) if !self.fits_in(index, record, record.content.size()) => return true,
            Due::Unread(kind) => return self.leave_unread(index, datastore, record, kind),
        };
        if kind == SentKind::Delete && !self.takes_another_delete() {
            return false;
        }
        let (name, temporary) = match kind {
            SentKind::Add => self.name_for(datastore, &record.id),
            _ => (None, None),
        };
        let (meta, data) = match &body {
            Some(body) => self.dress(datastore, body),
            None => (Meta::default(), None),
        };
        let mut item = Item { target, source: name.map(Location::of), data, ..Item::default() };
        if kind != SentKind::Delete {
            self.say_folder(index, datastore, record, &mut item);
        }
        let bytes = item.data.as_ref().map_or(0, |data| data.bytes().len());
        if kind == SentKind::Add && !self.fits_in(index, record, bytes) {
            return true;
        }
        let huge = item.data.as_ref().is_some_and(|data| data.bytes().len() > self.message_bytes_max());
        let fitting = if huge { None } else { self.outbox.push_change(kind.change(), &meta, &item) };
        let Some(command) = fitting else {
            let header = &self.inbox.message.header;
            if !huge && self.outbox.fits_alone(header, datastore, kind.change(), &meta, &item) {
                return false;
            }
            let data = item.data.take().map(Data::into_bytes).unwrap_or_default();
            let (meta, item) = (&meta, &item);
            let passed = self.split(Leaving { index, datastore, record, kind, meta, item }, data);
            if kind == SentKind::Add && self.leaves(record) {
                self.fill_room(index, bytes);
            }
            if let Some(temporary) = temporary.filter(|_| self.leaves(record)) {
                self.lend(datastore, &record.id, temporary);
            }
            return passed;
        };
        match kind {
            SentKind::Add => self.fill_room(index, bytes),
            SentKind::Replace => {}
            SentKind::Delete => self.doubt(record),
        }
        let (record, seq, message) = (record.id.clone(), record.seq, self.state.message_id);
        if let Some(temporary) = temporary {
            self.lend(datastore, &record, temporary);
        }
        self.went_out(index, Sent { message, command, datastore: index, kind, record, seq });
        true
    }

    /// A record's content as the device wants it: its form, its media type, and base64 where XML cannot carry the bytes.
    fn dress(&self, datastore: &Datastore, body: &Body) -> (Meta, Option<Data>) {
        let form = describe::preferred(self.device.as_ref(), &datastore.source, self.state.version, body);
        let body = if form == body.form { body.clone() } else { content::convert(body, &form) };
        let body = self.narrowed(datastore, body);
        let (meta, data) = self.outbox.dress(body);
        (meta, Some(data))
    }

    /// Our package is out: the position is offered as far as it is certain. What was just sent and not answered holds it back,
    /// so a device that never sends its last statuses gets those items again, under the same names.
    fn offer(&mut self) {
        for index in 0..self.state.datastores.len() {
            let Some(datastore) = self.state.datastores.get(index).cloned() else { continue };
            if !datastore.received || datastore.failed {
                continue;
            }
            let open = self.unanswered.lowest(index);
            let held = datastore.unmapped.values().copied().chain([datastore.held_from]);
            let lowest = held.filter(|seq| *seq > 0).chain(open).min();
            let head = self.head();
            let bookmark = self.bookmarked(&datastore.collection);
            let reached = match datastore.mode {
                // What changed here stays to be sent.
                Mode::FromClient => bookmark.confirmed.cursor,
                Mode::RefreshFromClient if !datastore.refreshed => continue,
                Mode::RefreshFromClient => head,
                _ => bookmark.until.max(bookmark.position),
            };
            let held_back = lowest.filter(|seq| *seq <= reached);
            let (held_back, left_out) = self.offered_left_out(&datastore, held_back);
            let bookmark = self.bookmark(&datastore.collection);
            bookmark.offered = Place {
                cursor: held_back.map_or(reached, |seq| (seq - 1).max(1)),
                anchor: datastore.next.clone(),
                own_anchor: datastore.own_next.clone(),
                generation: match datastore.mode.begins_anew() {
                    true => bookmark.attempt,
                    false => bookmark.confirmed.generation,
                },
                left_out,
            };
        }
    }

    /// Package 5 is complete: the session is over, and the position is offered for good.
    fn end(&mut self) {
        let first = self.state.phase == Phase::ExpectEnd;
        self.state.phase = Phase::Over;
        self.state.earlier.clear();
        for index in 0..self.state.datastores.len() {
            self.give_up_or_hold(index, first);
        }
        self.offer();
        let collections: Vec<CollectionId> =
            self.state.datastores.iter().map(|d| d.collection.clone()).collect();
        for collection in collections {
            let bookmark = self.bookmark(&collection);
            (bookmark.sending, bookmark.sending_all) = (false, false);
        }
    }

    /// An item the device keeps refusing holds the cursor back for a few sessions, not for ever.
    fn give_up_or_hold(&mut self, index: usize, first: bool) {
        let Some(datastore) = self.state.datastores.get(index).cloned() else { return };
        let holding = datastore.held_from > 0;
        let bookmark = self.bookmark(&datastore.collection);
        // A device without room refuses nothing for good.
        if first && !datastore.room.full {
            bookmark.held = if holding { bookmark.held + 1 } else { 0 };
        }
        if bookmark.held > limits::HELD_SESSIONS_MAX {
            bookmark.held = 0;
            self.notes.push(format!("given up what the device keeps refusing in {}", datastore.collection.0));
            if let Some(datastore) = self.state.datastores.get_mut(index) {
                datastore.held_from = 0;
            }
        }
    }
}
