//! The end of a turn: what the desk came to, as one answer and one batch, guarded by what was read.

use super::Answer;
use super::desk::Desk;
use super::identify;
use super::watch::Seen;
use crate::exchange::Turn;
use crate::journal;
use crate::limits;
use crate::record::{Content, Kind};
use crate::store::{Batch, Change, Guard, Session, Sweep};
use crate::syncml::session::Earlier;
use std::collections::BTreeSet;

impl Desk<'_> {
    /// One answer and one batch, and the line for the log.
    pub fn close(mut self) -> (Turn<Answer>, String) {
        self.state.sent = std::mem::take(&mut self.unanswered).into_sent();
        self.remember_merges();
        let line = self.line();
        let session = self.session();
        let (account, guard, sweep) = (self.account_id(), self.guard(), self.sweep());
        let body = self.outbox.finish();
        let mac = identify::signature(self.server, self.snapshot, &self.state, &body);
        let mut batch = self.batch;
        batch.put_aliases(self.aliases);
        let mut batch = Batch {
            account,
            guard,
            now: self.now,
            peer_id: self.peer.id.clone(),
            bookmarks: self.bookmarks.changed(),
            peer: self.peer_changed.then_some(self.peer),
            sweep,
            ..batch
        };
        let (server, snapshot, state) = (self.server, self.snapshot, &mut self.state);
        let seen = Seen { watch: self.watch, notes: self.notes.into_said(), reply: &body, batch: &batch };
        batch.trace = server.trace(state, &self.login, seen, snapshot, self.now, || self.seed.draw());
        batch.session = Some(Session { state: self.state.write(), reply: body.clone(), ..session });
        (Turn { answer: Answer { body, mac }, batch: Some(batch) }, line)
    }

    /// What was made of the device's change and another's goes back to it. If that breaks off, the device may send its change
    /// again, and meanwhile others have built on it: the stamp says on what. (Where a race moves the head first, the stamp
    /// names nothing, and the change counts as new.)
    fn remember_merges(&mut self) {
        let count = self.batch.changes.len();
        let head = journal::advance(self.head(), count, self.now);
        let goes_back = |change: &Change| change.origin.is_empty() && !change.insert;
        let merged = self.batch.changes.iter().enumerate().filter(|(_, change)| goes_back(change));
        let merged = merged.map(|(index, change)| Earlier {
            collection: change.collection.clone(),
            add: false,
            record: change.id.clone(),
            seq: journal::stamp(head, count, index),
        });
        let merged = merged.collect();
        self.state.remember(merged);
    }

    /// The session as it is from now on, but for its state and its answer.
    fn session(&self) -> Session {
        Session {
            peer: self.peer.id.clone(),
            login: self.login.clone(),
            token: self.token_hash.clone(),
            session_id: self.inbox.message.header.session_id.clone(),
            address: self.server.address.clone(),
            version: self.version_read + 1,
            state: String::new(),
            message: i64::from(self.inbox.message.header.message_id),
            request: self.server.digest.clone(),
            reply: Vec::new(),
            expires: self.now + limits::SESSION_IDLE_MS,
            page_records: self.page_records(),
        }
    }

    /// What was read of records and match keys must still stand where anything is decided from it.
    fn guard(&self) -> Guard {
        let mut guard = Guard { head: self.head(), session: Some(self.version_read), ..Guard::default() };
        let gone = self.batch.changes.iter().filter(|change| change.content == Content::Deleted);
        guard.parents = gone.map(|change| (change.collection.clone(), change.id.clone())).collect();
        let has_folders = self.snapshot.collections.iter().filter(|c| c.kind == Kind::Files);
        let has_folders: BTreeSet<_> = has_folders.map(|collection| &collection.id).collect();
        guard.parents.retain(|(collection, _)| has_folders.contains(collection));
        let decided = !self.batch.changes.is_empty() || !self.aliases.is_empty();
        if decided {
            let held = self
                .snapshot
                .held
                .iter()
                .map(|held| (held.alias.collection.clone(), held.alias.record.clone()));
            let found =
                self.snapshot.found.iter().map(|found| (found.collection.clone(), found.record.clone()));
            let named =
                self.snapshot.records.iter().map(|record| (record.collection.clone(), record.id.clone()));
            let records: BTreeSet<_> = held.chain(found).chain(named).collect();
            guard.records = records.into_iter().collect();
            for (path, keys) in self.inbox.keys().into_iter().chain(self.server.needed.keys.iter().cloned()) {
                if let Some((_, datastore)) = self.datastore(&path) {
                    guard.matches.extend(keys.into_iter().map(|key| (datastore.collection.clone(), key)));
                }
            }
        }
        let gone = self.batch.refreshed.iter().flat_map(|done| {
            done.goes.iter().flatten().map(|record| (done.collection.clone(), record.clone()))
        });
        guard.records.extend(gone);
        guard
    }

    fn sweep(&self) -> Option<Sweep> {
        Sweep::due(self.snapshot.account.as_ref()?, self.server.settings, self.now)
    }

    /// What was asked and what became of it.
    fn line(&self) -> String {
        let asked = if self.is_alerted() { ", alerted" } else { "" };
        let mut line = format!("{} (login {}{asked})", self.server.preamble(), self.login);
        for datastore in &self.state.datastores {
            let t = &datastore.tally;
            line.push_str(&format!(
                "; {} {}: received {} added {} changed {} deleted {} same {} refused, {} conflicts, sent {}",
                datastore.collection.0,
                datastore.mode.name(),
                t.added,
                t.changed,
                t.deleted,
                t.same,
                t.refused,
                t.conflicts,
                t.sent
            ));
        }
        line + &self.notes.line()
    }
}
