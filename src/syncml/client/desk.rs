//! The desk a step is worked on: what was read, what was decided so far, and what will be written.
//!
//! The mirror is `server/desk.rs`.

use super::state::{MapDue, State};
use super::{Came, Client, carry};
use crate::exchange::{Seed, Turn};
use crate::journal::Moment;
use crate::journal::matching::MatchKey;
use crate::limits;
use crate::peer::{Alias, Bookmark, Luid};
use crate::record::{AccountId, CollectionId, Content, RecordId, Seq};
use crate::store::{Acknowledged, Batch, Change, Collection, Guard, Peer, RecordVersion, Session, Snapshot};
use crate::syncml::bookmarks::Bookmarks;
use crate::syncml::device::DevInf;
use crate::syncml::known::Known;
use crate::syncml::session::{Pending, PendingStatus, Unanswered};
use crate::syncml::touched::Touched;
use crate::upstream::{Ended, Outcome, Reason, Report, Step};
use std::collections::{BTreeMap, BTreeSet};

/// A record of a collection.
pub type Key = (CollectionId, RecordId);

/// What follows once the batch is safe.
pub enum Then {
    /// Another turn: the next message is to be written.
    Write,
    /// The message in the row is carried.
    Carry,
    /// Nothing is carried before this moment.
    Wait(Moment),
    /// It is over, and the state's report says how.
    Done,
    /// More has to be read before anything is decided.
    Read(Want),
}

/// What else has to be read.
pub enum Want {
    /// This version, with all its bytes.
    Whole(RecordVersion),
    /// How many changes there are to send.
    Totals,
}

/// The working area of one turn.
pub struct Desk<'a> {
    pub client: &'a Client<'a>,
    pub snapshot: &'a Snapshot,
    /// The same, by what it is looked up by.
    pub known: Known<'a>,
    pub now: Moment,
    pub seed: &'a mut Seed,
    pub state: State,
    /// What was sent and not answered yet: `state.sent` while the desk is in use.
    pub unanswered: Unanswered,
    /// New ids that the server has not confirmed to know, by its own: `state.maps` while the desk is in use.
    pub maps: BTreeMap<(CollectionId, String), MapDue>,
    /// How many bytes of the session's row all that is owed would take.
    pub owed: usize,
    pub batch: Batch,
    /// The server's row, as it will be.
    pub peer: Peer,
    pub peer_changed: bool,
    /// What the server said it can do.
    pub device: Option<DevInf>,
    /// Bookmarks as they will be.
    pub bookmarks: Bookmarks,
    /// Records this turn changed.
    pub touched: Touched,
    /// What this turn made of aliases; `None` for dropped.
    pub aliases: BTreeMap<Key, Option<Alias>>,
    /// Which record an id of ours means since this turn.
    pub luids: BTreeMap<(CollectionId, Luid), RecordId>,
    /// Versions that the server has said it took, in this turn.
    pub acknowledged: BTreeMap<Key, Seq>,
    /// For each match key how many of its records have been claimed, from the front.
    pub matched: BTreeMap<(CollectionId, MatchKey), usize>,
    /// Records that the server was found to mean by something new, in this turn.
    pub named: BTreeSet<Luid>,
    /// The message that waits for its answer; empty for none.
    pub waiting: Vec<u8>,
}

impl<'a> Desk<'a> {
    /// Lays out the desk.
    pub fn open(client: &'a Client<'a>, snapshot: &'a Snapshot, now: Moment, seed: &'a mut Seed) -> Self {
        let session = snapshot.session.as_ref();
        let mut state = session.map(|session| State::read(&session.state)).unwrap_or_default();
        let mut peer = snapshot.peer.clone().unwrap_or_default();
        peer.id = client.upstream.peer.clone();
        Self {
            client,
            snapshot,
            known: Known::of(snapshot, &BTreeMap::new()),
            now,
            seed,
            owed: state.owed_bytes(),
            unanswered: Unanswered::of(std::mem::take(&mut state.sent), 0),
            maps: maps_of(&mut state),
            waiting: session.map(|session| session.reply.clone()).unwrap_or_default(),
            state,
            batch: Batch::default(),
            device: serde_json::from_str(&peer.device).ok(),
            peer_changed: snapshot.peer.is_none(),
            peer,
            bookmarks: Bookmarks::of(&snapshot.bookmarks),
            touched: Touched::default(),
            aliases: BTreeMap::new(),
            luids: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            matched: BTreeMap::new(),
            named: BTreeSet::new(),
        }
    }

    /// The account's head, as read.
    pub fn head(&self) -> Seq {
        self.snapshot.account.as_ref().map_or(0, |account| account.head)
    }

    /// The collection of an id.
    pub fn collection(&self, id: &CollectionId) -> Option<&'a Collection> {
        self.snapshot.collections.iter().find(|collection| collection.id == *id)
    }

    /// A bookmark to change.
    pub fn bookmark(&mut self, collection: &CollectionId) -> &mut Bookmark {
        self.bookmarks.change(collection)
    }

    /// A bookmark to read.
    pub fn bookmarked(&self, collection: &CollectionId) -> Bookmark {
        self.bookmarks.find(collection).cloned().unwrap_or_default()
    }

    /// The alias of a record as this turn knows it by now.
    pub fn alias(&self, key: &Key) -> Option<Alias> {
        let alias = match self.aliases.get(key) {
            Some(now) => now.clone(),
            None => self.known.alias(&key.0, &key.1).cloned(),
        };
        let taken = self.acknowledged.get(key).copied().unwrap_or(0);
        alias.map(|alias| Alias { seq: alias.seq.max(taken), ..alias })
    }

    /// Makes an alias, in this turn's eyes at once.
    pub fn put_alias(&mut self, alias: Alias) {
        if let Some(luid) = &alias.luid {
            self.luids.insert((alias.collection.clone(), luid.clone()), alias.record.clone());
        }
        self.aliases.insert((alias.collection.clone(), alias.record.clone()), Some(alias));
    }

    /// Drops an alias.
    pub fn drop_alias(&mut self, key: &Key) {
        self.acknowledged.remove(key);
        self.aliases.insert(key.clone(), None);
    }

    /// The server holds this record under this id, in the version of this stamp.
    pub fn claim(&mut self, key: &Key, luid: Luid, seq: Seq) {
        let generation = self.bookmarked(&key.0).attempt;
        // A stamp of 0 says that the server was never known to have it.
        let seq = seq.max(1).max(self.alias(key).map_or(0, |alias| alias.seq));
        let (collection, record) = key.clone();
        self.put_alias(Alias { collection, record, luid: Some(luid), temporary: None, generation, seq });
    }

    /// Changes a record; a second change in the same turn replaces the first.
    pub fn change(&mut self, change: Change) {
        self.touched.change(&mut self.batch.changes, change);
    }

    /// What a record changed earlier in this turn holds now.
    pub fn changed(&self, key: &Key) -> Option<&Content> {
        self.touched.find(&self.batch.changes, key).map(|change| &change.content)
    }

    /// Leaves a status for a command of the server's, unless none is wanted.
    pub fn owe(&mut self, silent: bool, mut status: PendingStatus) {
        if silent || self.state.server.silent || status.command.is_empty() {
            return;
        }
        status.message = self.state.server.message;
        self.owe_pending(Pending::Status(status));
    }

    /// Leaves whatever is to be written. What would not fit the session's row is not said: the server comes back to it.
    pub fn owe_pending(&mut self, pending: Pending) {
        let owed = self.owed + pending.bytes();
        if owed <= limits::PENDING_BYTES_MAX {
            self.owed = owed;
            self.state.pending.push(pending);
        }
    }

    /// Whether no more is to be taken in, because what is owed for it would not fit.
    pub fn owes_too_much(&self) -> bool {
        self.owed > limits::PENDING_BYTES_MAX / 10 * 9
    }

    /// It ends here, and not well.
    pub fn fail(&mut self, code: &str, status: u16, message: impl Into<String>) -> Then {
        self.waiting.clear();
        self.state.break_off(self.now);
        let reason = Reason { code: code.to_owned(), status, message: message.into() };
        self.report(Ended::Failed, Some(reason))
    }

    /// It ends here, as said.
    pub fn report(&mut self, ended: Ended, error: Option<Reason>) -> Then {
        for syncing in &mut self.state.syncing {
            syncing.outcome.mode = super::state::said_of(syncing.datastore.mode);
        }
        let collections: Vec<Outcome> =
            self.state.syncing.iter().map(|syncing| syncing.outcome.clone()).collect();
        let progress = self.state.progress();
        self.state.report = Some(Report { ended, error, collections, progress });
        self.state.wait_until = 0;
        Then::Done
    }

    /// What comes out, and one batch.
    pub fn close(mut self, then: Then) -> Turn<Came> {
        self.state.sent = std::mem::take(&mut self.unanswered).into_sent();
        self.state.maps = std::mem::take(&mut self.maps).into_values().collect();
        let came = match then {
            Then::Write => Came::Next,
            Then::Carry => {
                let outgoing = carry::outgoing(self.client.upstream, &self.state, self.waiting.clone());
                Came::Step(Box::new(Step::Send(outgoing, self.state.progress())))
            }
            Then::Wait(until) => Came::Step(Box::new(Step::Wait(until, self.state.progress()))),
            Then::Done | Then::Read(_) => {
                Came::Step(Box::new(Step::Done(self.state.report.clone().unwrap_or_default())))
            }
        };
        let account = self.client.upstream.account.clone();
        let batch = self.batch(account);
        Turn { answer: came, batch: Some(batch) }
    }

    fn batch(mut self, account: AccountId) -> Batch {
        let (guard, session) = (self.guard(), self.session());
        for ((collection, record), seq) in std::mem::take(&mut self.acknowledged) {
            let key = (collection, record);
            let generation = self.bookmarked(&key.0).attempt;
            match self.aliases.get_mut(&key) {
                Some(Some(alias)) => alias.seq = alias.seq.max(seq),
                Some(None) => {}
                None => {
                    let (collection, record) = key;
                    self.batch.acknowledged.push(Acknowledged { collection, record, seq, generation });
                }
            }
        }
        self.batch.put_aliases(self.aliases);
        Batch {
            account,
            guard,
            now: self.now,
            peer_id: self.peer.id.clone(),
            bookmarks: self.bookmarks.changed(),
            peer: self.peer_changed.then_some(self.peer),
            session: Some(session),
            ..self.batch
        }
    }

    fn session(&mut self) -> Session {
        Session {
            peer: self.peer.id.clone(),
            // No request has this address: nobody goes on with it from outside.
            address: "upstream".into(),
            version: self.snapshot.session.as_ref().map_or(0, |session| session.version) + 1,
            state: self.state.write(),
            message: i64::from(self.state.message_id),
            reply: std::mem::take(&mut self.waiting),
            expires: self.now + limits::SESSION_IDLE_MS,
            ..Session::default()
        }
    }

    /// What was read of records and match keys must still stand where anything is decided from it.
    fn guard(&self) -> Guard {
        let version = self.snapshot.session.as_ref().map_or(0, |session| session.version);
        let mut guard = Guard { head: self.head(), session: Some(version), ..Guard::default() };
        if self.batch.changes.is_empty() && self.aliases.is_empty() {
            return guard;
        }
        let held = self.snapshot.held.iter().map(|held| (&held.alias.collection, &held.alias.record));
        let found = self.snapshot.found.iter().map(|found| (&found.collection, &found.record));
        let named = self.snapshot.records.iter().map(|record| (&record.collection, &record.id));
        let all = held.chain(found).chain(named).map(|(collection, id)| (collection.clone(), id.clone()));
        guard.records = all.chain(self.touched.keys().cloned()).collect();
        guard.records.sort();
        guard.records.dedup();
        guard.matches = self.client.keys_looked_up();
        guard
    }
}

/// What waits to be mapped, by the server's id.
pub fn maps_of(state: &mut State) -> BTreeMap<(CollectionId, String), MapDue> {
    let maps = std::mem::take(&mut state.maps).into_iter();
    maps.map(|map| ((map.collection.clone(), map.guid.clone()), map)).collect()
}
