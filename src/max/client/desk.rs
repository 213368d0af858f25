//! One turn of the client: what is remembered is read, an answer is taken, the next request is found, all of it is committed.

use super::answer::reason;
use super::hear::compare_anew;
use super::request;
use super::state::{Run, Sent, Stage, State};
use crate::exchange::Seed;
use crate::journal::Moment;
use crate::limits;
use crate::peer::{Bookmark, Looking};
use crate::record::{CollectionId, Kind};
use crate::settings::Settings;
use crate::store::{Batch, Collection, Guard, PageAsk, Session, Snapshot, Store, StoreError, Sweep};
use crate::upstream::{Ended, Input, Mode, Outgoing, Pair, Phase, Progress, Reason, Report, Step, Upstream};
use std::collections::BTreeMap;

/// Where a session row says it was opened from: no message comes from there, so none can claim it.
const ADDRESS: &str = "upstream";

/// A busy server that does not say for how long: two seconds, then twice as long each time.
const BUSY_MS: i64 = 2_000;

/// A turn being made.
pub struct Desk<'a, S> {
    pub upstream: &'a Upstream,
    pub store: &'a S,
    pub settings: &'a Settings,
    pub now: Moment,
    pub seed: &'a mut Seed,
    pub state: State,
    pub run: Run,
    /// What the last read found: the collections, and the page of what is going out.
    pub snapshot: Snapshot,
    /// What is to be committed next.
    pub batch: Batch,
    bookmarks: BTreeMap<CollectionId, Bookmark>,
    /// The session's version as read or written last.
    version: i64,
    is_under_way: bool,
}

impl<'a, S: Store> Desk<'a, S> {
    /// Reads what the last turn left; `None` where there is no such account.
    pub async fn open(
        upstream: &'a Upstream,
        store: &'a S,
        settings: &'a Settings,
        now: Moment,
        seed: &'a mut Seed,
    ) -> Result<Option<Self>, StoreError> {
        let mut desk = Self {
            upstream,
            store,
            settings,
            now,
            seed,
            state: State::default(),
            run: Run::default(),
            snapshot: Snapshot::default(),
            batch: Batch::default(),
            bookmarks: BTreeMap::new(),
            version: 0,
            is_under_way: false,
        };
        desk.read(Vec::new(), false).await?;
        let session = desk.snapshot.session.take().unwrap_or_default();
        desk.version = session.version;
        desk.state = State::of_text(&session.state, upstream);
        desk.is_under_way = desk.state.run.is_some();
        desk.run = desk.state.run.take().unwrap_or_else(|| Run::new(upstream));
        Ok(desk.snapshot.account.is_some().then_some(desk))
    }

    /// The whole turn.
    pub async fn turn(mut self, input: &Input) -> Result<Step, StoreError> {
        match input {
            Input::Begin => self.begin(),
            Input::Suspend => {
                let goes_on = self.is_under_way;
                return self.end(Ended::Suspended, None, goes_on).await;
            }
            Input::Answer(_) | Input::Lost(_) if !self.is_under_way => {
                let error = reason("aborted", 0, "no sync is under way that this could belong to");
                return self.end(Ended::Failed, Some(error), false).await;
            }
            Input::Answer(response) => {
                self.run.lost = 0;
                self.run.progress.messages += 1;
                self.run.progress.bytes_received += response.body.len() as u64;
                if let Some(sent) = self.run.sent.take()
                    && let Some(step) = self.answered(sent, response).await?
                {
                    return Ok(step);
                }
            }
            Input::Lost(words) => {
                self.run.lost += 1;
                if self.run.lost >= limits::UPSTREAM_LOST_MAX {
                    let words: String = words.chars().take(limits::NOTE_CHARS_MAX).collect();
                    let error = reason("unreachable", 0, format!("the server cannot be reached: {words}"));
                    return self.end(Ended::Failed, Some(error), true).await;
                }
            }
        }
        self.proceed().await
    }

    fn begin(&mut self) {
        (self.run.sent, self.run.lost, self.run.busy, self.run.signed_in) = (None, 0, 0, false);
        if self.is_under_way {
            // What has changed since then goes out too; what was taken before is known by its alias.
            self.run.begun = false;
            self.run.refused_at = 0;
            return;
        }
        // Whatever an abandoned run was sending is found again from its cursor.
        for bookmark in self.snapshot.bookmarks.iter().filter(|bookmark| bookmark.sending) {
            let at_rest = Bookmark { sending: false, ..bookmark.clone() };
            self.bookmarks.insert(bookmark.collection.clone(), at_rest);
        }
        let account = self.snapshot.account.as_ref();
        self.batch.sweep = account.and_then(|account| Sweep::due(account, self.settings, self.now));
    }

    /// On to the next request, or to the end.
    async fn proceed(mut self) -> Result<Step, StoreError> {
        loop {
            let Some(pair) = self.upstream.pairs.get(self.run.at) else { return self.complete().await };
            let Some(collection) = self.snapshot.collection_at(&pair.collection).cloned() else {
                let words = format!("there is no collection {} here", pair.collection);
                self.fail_pair(None, reason("not-found", 0, words));
                continue;
            };
            if self.run.stages.is_empty() && !self.open_pair(pair, &collection) {
                continue;
            }
            let stage = self.run.stages.first().copied();
            if !self.run.begun {
                self.run.begun = true;
                if stage == Some(Stage::Push) && !self.begin_push(&collection).await? {
                    self.next_stage();
                    continue;
                }
            }
            let Some(token) = self.token() else {
                let outgoing = request::logon(self.upstream);
                return self.send(outgoing, Sent::Logon, Phase::Connecting).await;
            };
            match stage {
                Some(Stage::Push) => match self.next_post(pair, &collection).await? {
                    Some((pairs, sent)) => {
                        let outgoing = request::submission(self.upstream, pair, &token, &pairs);
                        return self.send(outgoing, sent, Phase::Sending).await;
                    }
                    None => self.end_push(&collection),
                },
                Some(Stage::Pull) => {
                    let lbd = self.bookmark(&collection.id).confirmed.anchor;
                    let outgoing = request::feed(self.upstream, pair, &token, &lbd, &self.run.more);
                    return self.send(outgoing, Sent::Feed, Phase::Receiving).await;
                }
                None => {}
            }
        }
    }

    /// Begins with a pair; `false` where nothing can be done with it.
    fn open_pair(&mut self, pair: &Pair, collection: &Collection) -> bool {
        if collection.kind == Kind::Files {
            let words = format!("{}: MAX knows no folders and files: use SyncML", pair.collection);
            self.fail_pair(None, reason("refused", 0, words));
            return false;
        }
        let mut bookmark = self.bookmark(&collection.id);
        let receives = pair.mode != Mode::OneWayFromClient;
        self.run.full = receives && (pair.mode == Mode::Slow || bookmark.confirmed.anchor.is_empty());
        self.run.stages = match pair.mode {
            Mode::OneWayFromClient => vec![Stage::Push],
            // What the server no longer shows in a whole feed is found among what could go out.
            Mode::OneWayFromServer if !self.run.full => vec![Stage::Pull],
            _ => vec![Stage::Pull, Stage::Push],
        };
        if self.run.full {
            compare_anew(&mut bookmark);
        }
        self.keep(bookmark);
        true
    }

    /// Finds what is to go out; `false` where there is nothing.
    async fn begin_push(&mut self, collection: &Collection) -> Result<bool, StoreError> {
        // What the feed has brought must be there before anything is compared with it.
        let is_known = self.snapshot.bookmarks.iter().any(|bookmark| bookmark.collection == collection.id);
        if self.run.full || !is_known || self.has_news() {
            self.commit().await?;
        }
        self.read(vec![collection.id.0.clone()], false).await?;
        let head = self.head();
        let mut bookmark = self.bookmark(&collection.id);
        // One that was sending already looked no further than it did then.
        if !self.run.full && !bookmark.sending && self.snapshot.page.is_empty() {
            bookmark.confirmed.cursor = head;
            self.keep(bookmark);
            return Ok(false);
        }
        bookmark.position = if self.run.full { 0 } else { bookmark.confirmed.cursor };
        bookmark.until = head;
        bookmark.sending = true;
        bookmark.sending_all = false;
        bookmark.looking = if self.run.full { Looking::Lacking } else { Looking::Changes };
        self.keep(bookmark);
        self.commit().await?;
        self.read(Vec::new(), true).await?;
        let count = self.snapshot.totals.iter().find(|(id, _)| *id == collection.id).map_or(0, |(_, n)| *n);
        self.run.progress.sent_of = self.run.progress.sent.saturating_add(count);
        Ok(true)
    }

    /// Whether something is decided and not written that changes what is to go out.
    fn has_news(&self) -> bool {
        let Batch { changes, aliases, dropped, .. } = &self.batch;
        !(changes.is_empty() && aliases.is_empty() && dropped.is_empty())
    }

    /// Everything that was due has gone out; what was refused holds the cursor back for a few syncs.
    fn end_push(&mut self, collection: &Collection) {
        let mut bookmark = self.bookmark(&collection.id);
        let held = self.run.refused_at > 0 && bookmark.held < limits::HELD_SESSIONS_MAX;
        bookmark.held = if held { bookmark.held + 1 } else { 0 };
        bookmark.confirmed.cursor = if held { self.run.refused_at - 1 } else { bookmark.until };
        if self.run.full {
            self.batch.outdated.push((collection.id.clone(), bookmark.attempt));
        }
        (bookmark.sending, bookmark.position, bookmark.until) = (false, 0, 0);
        self.keep(bookmark);
        self.next_stage();
    }

    pub fn next_stage(&mut self) {
        self.run.stages = self.run.stages.split_off(1.min(self.run.stages.len()));
        self.run.begun = false;
        if self.run.stages.is_empty() {
            self.next_pair();
        }
    }

    fn next_pair(&mut self) {
        let Run { at, signed_in, outcomes, progress, .. } = std::mem::take(&mut self.run);
        self.run = Run { at: at + 1, signed_in, outcomes, progress, ..Run::default() };
    }

    pub fn fail_pair(&mut self, collection: Option<&Collection>, error: Reason) {
        self.count(|outcome| outcome.error = Some(error));
        if let Some(collection) = collection {
            let bookmark = Bookmark { sending: false, ..self.bookmark(&collection.id) };
            self.keep(bookmark);
        }
        self.next_pair();
    }

    // ----------------------------------------------------------------------------------------------------- the store

    /// Reads again: what is going out of the collections at `paths`, or of the one that is being sent.
    pub async fn read(&mut self, paths: Vec<String>, totals: bool) -> Result<(), StoreError> {
        let page = PageAsk::Peer {
            paths,
            records_max: limits::UPSTREAM_LOOK_RECORDS,
            bytes_max: limits::PAGE_BYTES_MAX,
        };
        let mut reads = super::reads(self.upstream);
        (reads.page, reads.totals) = (Some(page), totals);
        self.snapshot = self.store.read(&reads).await?;
        Ok(())
    }

    /// Writes what has been decided so far, and what is remembered of it.
    pub async fn commit(&mut self) -> Result<(), StoreError> {
        self.state.run = Some(std::mem::take(&mut self.run));
        let committed = self.put().await;
        self.run = self.state.run.take().unwrap_or_default();
        committed
    }

    async fn put(&mut self) -> Result<(), StoreError> {
        let mut batch = std::mem::take(&mut self.batch);
        batch.account = self.upstream.account.clone();
        batch.peer_id = self.upstream.peer.clone();
        batch.now = self.now;
        // What was decided from another read says so itself.
        let head = if batch.guard.head > 0 { batch.guard.head } else { self.head() };
        batch.guard = Guard { head, session: Some(self.version), ..batch.guard };
        batch.bookmarks = std::mem::take(&mut self.bookmarks).into_values().collect();
        for bookmark in &batch.bookmarks {
            self.snapshot.bookmarks.retain(|old| old.collection != bookmark.collection);
            self.snapshot.bookmarks.push(bookmark.clone());
        }
        batch.session = Some(Session {
            peer: self.upstream.peer.clone(),
            address: ADDRESS.into(),
            version: self.version + 1,
            state: self.state.text(),
            expires: self.now,
            ..Session::default()
        });
        self.store.commit(&batch).await?;
        self.version += 1;
        Ok(())
    }

    pub fn head(&self) -> i64 {
        self.snapshot.account.as_ref().map_or(0, |account| account.head)
    }

    pub fn bookmark(&self, id: &CollectionId) -> Bookmark {
        let read = || self.snapshot.bookmarks.iter().find(|bookmark| bookmark.collection == *id);
        let known = self.bookmarks.get(id).or_else(read).cloned();
        known.unwrap_or_else(|| Bookmark { collection: id.clone(), ..Bookmark::default() })
    }

    pub fn keep(&mut self, bookmark: Bookmark) {
        self.bookmarks.insert(bookmark.collection.clone(), bookmark);
    }

    // ------------------------------------------------------------------------------------------------------- the step

    fn progress(&self, phase: Phase) -> Progress {
        Progress { phase, ..self.run.progress.clone() }
    }

    async fn send(mut self, outgoing: Outgoing, sent: Sent, phase: Phase) -> Result<Step, StoreError> {
        if self.run.progress.messages >= limits::UPSTREAM_MESSAGES_MAX {
            let error = reason("protocol", 0, "this sync would not come to an end");
            return self.end(Ended::Failed, Some(error), false).await;
        }
        self.run.sent = Some(sent);
        self.run.progress.bytes_sent += outgoing.body.len() as u64;
        self.commit().await?;
        let progress = self.progress(phase);
        Ok(Step::Send(outgoing, progress))
    }

    pub async fn wait(&mut self, retry: Option<i64>, error: Reason) -> Result<Step, StoreError> {
        self.run.busy += 1;
        if self.run.busy >= limits::UPSTREAM_BUSY_MAX {
            return self.end(Ended::Failed, Some(error), true).await;
        }
        let own = BUSY_MS << (self.run.busy - 1).min(10);
        let asked = retry.map_or(own, |seconds| seconds.saturating_mul(1000));
        if asked > limits::UPSTREAM_WAIT_MS_MAX {
            return self.end(Ended::Failed, Some(error), true).await;
        }
        self.commit().await?;
        Ok(Step::Wait(self.now.saturating_add(asked.max(0)), self.progress(Phase::Connecting)))
    }

    pub async fn broken(&mut self, error: Reason) -> Result<Option<Step>, StoreError> {
        self.end(Ended::Failed, Some(error), false).await.map(Some)
    }

    async fn complete(mut self) -> Result<Step, StoreError> {
        let error = self.run.outcomes.iter().find_map(|outcome| outcome.error.clone());
        let ended = if error.is_none() { Ended::Complete } else { Ended::Failed };
        if ended == Ended::Complete {
            self.state.last_sync = self.now;
        }
        self.end(ended, error, false).await
    }

    /// The end; with `goes_on` the next begin takes up where this one was.
    pub async fn end(
        &mut self,
        ended: Ended,
        error: Option<Reason>,
        goes_on: bool,
    ) -> Result<Step, StoreError> {
        let progress = self.progress(Phase::Idle);
        let report = Report { ended, error, collections: self.run.outcomes.clone(), progress };
        self.state.last_report = Some(report.clone());
        self.state.run = goes_on.then(|| Run { lost: 0, busy: 0, ..std::mem::take(&mut self.run) });
        self.put().await?;
        Ok(Step::Done(report))
    }
}
