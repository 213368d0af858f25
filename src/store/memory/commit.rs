//! Committing to memory: first whether the batch stands, all of it; then writing it, which cannot fail.

use crate::journal;
use crate::limits;
use crate::peer::{Alias, PeerId};
use crate::record::{AccountId, CollectionId, Content, Record, Seq};
use crate::store::memory::{House, Stored, Tenant, Version};
use crate::store::{
    Account, Arrangement, Batch, Change, Collection, Edit, Guard, Login, Peer, Session, Sweep, Token,
};
use std::collections::{BTreeMap, BTreeSet};

impl House {
    /// Whether the batch may be written, all of it.
    pub(super) fn stands(&self, batch: &Batch) -> bool {
        let tenant = self.tenants.get(&batch.account);
        let added = batch.edits.iter().any(|edit| matches!(edit, Edit::AddAccount { .. }));
        if !batch.account.0.is_empty() && tenant.is_some() == added {
            return false;
        }
        let empty = Tenant::default();
        let mine = |account: &AccountId| *account == batch.account;
        tenant.unwrap_or(&empty).stands(&batch.guard, &batch.peer_id, &batch.changes)
            && batch
                .tokens
                .iter()
                .all(|token| self.tokens.get(&token.hash).is_none_or(|old| mine(&old.account)))
            && batch.session.as_ref().is_none_or(|session| self.is_own(&session.token, batch))
            && batch.edits.iter().all(|edit| match edit {
                Edit::PutLogin(login) => self.logins.get(&login.name).is_none_or(|old| mine(&old.account)),
                _ => true,
            })
            && have_room(tenant.map(|tenant| &tenant.collections), &batch.edits)
    }

    /// Whether no other session has this token.
    fn is_own(&self, token: &str, batch: &Batch) -> bool {
        self.tenants.iter().all(|(account, tenant)| {
            tenant.sessions.iter().all(|(peer, session)| {
                session.token != token
                    || token.is_empty()
                    || (*account == batch.account && *peer == batch.peer_id)
            })
        })
    }

    /// Writes the batch; answers the head where the account was touched.
    pub(super) fn apply(&mut self, batch: &Batch) -> Seq {
        for throttle in &batch.throttles {
            self.throttles.remove(&throttle.key);
            if throttle.failures > 0 {
                self.throttles.insert(throttle.key.clone(), throttle.clone());
            }
        }
        let mut head = 0;
        for edit in &batch.edits {
            if let Edit::AddAccount { created } = edit {
                let account =
                    Account { id: batch.account.clone(), head: *created, horizon: 0, swept: *created };
                let tenant = Tenant { account, ..Tenant::default() };
                self.tenants.insert(batch.account.clone(), tenant);
                head = *created;
            }
        }
        for edit in &batch.edits {
            self.edit(batch, edit);
        }
        for token in &batch.tokens {
            let token = Token { account: batch.account.clone(), ..token.clone() };
            self.tokens.insert(token.hash.clone(), token);
        }
        if let Some(sweep) = &batch.sweep {
            self.throttles.retain(|_, throttle| throttle.until >= sweep.now);
        }
        if let Some(tenant) = self.tenants.get_mut(&batch.account) {
            tenant.apply(batch);
            if !batch.changes.is_empty() || !batch.refreshed.is_empty() || batch.sweep.is_some() {
                head = tenant.account.head;
            }
        }
        if batch.edits.contains(&Edit::RemoveAccount) {
            self.tenants.remove(&batch.account);
            self.logins.retain(|_, login| login.account != batch.account);
            self.tokens.retain(|_, token| token.account != batch.account);
        }
        head
    }

    fn edit(&mut self, batch: &Batch, edit: &Edit) {
        match edit {
            Edit::AddAccount { .. } | Edit::RemoveAccount | Edit::ForgetPeer(_) => {} // First of all, and last of all.
            Edit::PutLogin(login) => {
                let login = Login { account: batch.account.clone(), ..login.clone() };
                self.logins.insert(login.name.clone(), login);
            }
            Edit::PutCollection(collection) => {
                if let Some(tenant) = self.tenants.get_mut(&batch.account) {
                    tenant.collections.insert(collection.id.clone(), collection.clone());
                }
            }
            Edit::RevokeToken(hash) => {
                self.tokens.retain(|_, token| token.hash != *hash || token.account != batch.account);
            }
            Edit::PutArrangement(arrangement) => {
                if let Some(tenant) = self.tenants.get_mut(&batch.account) {
                    let arrangement = Arrangement { account: batch.account.clone(), ..arrangement.clone() };
                    tenant.arranged.insert(arrangement.name.clone(), arrangement);
                }
            }
            Edit::DropArrangement(name) => {
                self.tenants.get_mut(&batch.account).and_then(|tenant| tenant.arranged.remove(name));
            }
            Edit::SetPeer(peer, settings) => {
                let tenant = self.tenants.get_mut(&batch.account);
                if let Some(known) = tenant.and_then(|tenant| tenant.peers.get_mut(peer)) {
                    known.settings.clone_from(settings);
                }
            }
        }
    }
}

impl Tenant {
    fn stands(&self, guard: &Guard, peer: &PeerId, changes: &[Change]) -> bool {
        let moved = |stored: &Stored| stored.record.seq > guard.head;
        let records: BTreeSet<_> = guard.records.iter().collect();
        let matches: BTreeSet<_> = guard.matches.iter().collect();
        let parents: BTreeSet<_> = guard.parents.iter().collect();
        // What was not read cannot be written.
        let unread = changes.iter().any(|change| matches!(change.content, Content::Large(_)));
        !unread
            && !self.records.iter().any(|(at, stored)| {
                let key = stored.key.as_ref().map(|key| (at.0.clone(), key.clone()));
                let parent = stored.record.parent.as_ref().map(|parent| (at.0.clone(), parent.clone()));
                let read = records.contains(at) || key.is_some_and(|key| matches.contains(&key));
                moved(stored) && (read || parent.is_some_and(|parent| parents.contains(&parent)))
            })
            && guard
                .session
                .is_none_or(|version| self.sessions.get(peer).map_or(0, |session| session.version) == version)
            && guard
                .arrangement
                .as_ref()
                .is_none_or(|(name, version)| self.arranged.get(name).map_or(0, |it| it.version) == *version)
            && !changes.iter().any(|new| new.insert && self.record(&new.collection, &new.id).is_some())
    }

    fn apply(&mut self, batch: &Batch) {
        self.change(batch);
        let peer = &batch.peer_id;
        self.alias_changes(batch);
        self.refreshes(batch);
        for bookmark in &batch.bookmarks {
            self.bookmarks.insert((peer.clone(), bookmark.collection.clone()), bookmark.clone());
        }
        if let Some(new) = &batch.peer {
            let settings = self.peers.get(peer).unwrap_or(new).settings.clone();
            self.peers.insert(peer.clone(), Peer { id: peer.clone(), settings, ..new.clone() });
        }
        if let Some(new) = &batch.session {
            self.sessions.insert(peer.clone(), Session { peer: peer.clone(), ..new.clone() });
        }
        for range in &batch.pieces_dropped {
            self.pieces.retain(|(of, leaving, start), _| {
                of != peer || *leaving != range.leaving || !(range.from..range.to).contains(start)
            });
        }
        for piece in &batch.pieces {
            self.pieces.insert((peer.clone(), piece.leaving, piece.start), piece.bytes.clone().into());
        }
        self.keep_trace(batch);
        if let Some(sweep) = &batch.sweep {
            self.sweep(sweep);
            self.sweep_traces(sweep);
        }
        for edit in &batch.edits {
            if let Edit::ForgetPeer(peer) = edit {
                self.forget(peer);
            }
        }
    }

    fn forget(&mut self, peer: &PeerId) {
        self.peers.remove(peer);
        self.sessions.remove(peer);
        self.pieces.retain(|(of, _, _), _| of != peer);
        self.bookmarks.retain(|(of, _), _| of != peer);
        self.aliases.retain(|(of, _, _), _| of != peer);
        self.staged.retain(|(of, _, _), _| of != peer);
    }

    /// Stamps the changes; what they supersede is kept where that is asked for.
    fn change(&mut self, batch: &Batch) {
        let count = batch.changes.len();
        if count == 0 {
            return;
        }
        self.account.head = journal::advance(self.account.head, count, batch.now);
        for (index, change) in batch.changes.iter().enumerate() {
            let at = (change.collection.clone(), change.id.clone());
            let record = Record {
                collection: change.collection.clone(),
                id: change.id.clone(),
                seq: journal::stamp(self.account.head, count, index),
                origin: change.origin.clone(),
                parent: change.parent.clone().filter(|_| change.content.body().is_some()),
                content: change.content.clone(),
            };
            let superseded = record.seq;
            let old = self.records.insert(at.clone(), Stored { record, key: change.key.clone() });
            if let Some(Stored { record: Record { seq, origin, content: Content::Body(body), .. }, .. }) = old
                && change.supersede
            {
                self.versions.entry(at).or_default().push(Version { seq, superseded, origin, body });
            }
        }
    }

    fn alias_changes(&mut self, batch: &Batch) {
        let peer = &batch.peer_id;
        for (collection, generation) in &batch.outdated {
            self.aliases.retain(|(of, at, _), alias| {
                of != peer || at != collection || alias.generation >= *generation
            });
        }
        for (collection, record) in &batch.dropped {
            self.aliases.remove(&(peer.clone(), collection.clone(), record.clone()));
        }
        for new in &batch.aliases {
            self.aliases.retain(|(of, at, _), alias| {
                of != peer || *at != new.collection || new.luid.is_none() || alias.luid != new.luid
            });
            self.aliases.insert((peer.clone(), new.collection.clone(), new.record.clone()), new.clone());
        }
        for taken in &batch.acknowledged {
            let at = (peer.clone(), taken.collection.clone(), taken.record.clone());
            let alias = self.aliases.entry(at).or_insert_with(|| Alias {
                collection: taken.collection.clone(),
                record: taken.record.clone(),
                luid: None,
                temporary: None,
                generation: 0,
                seq: 0,
            });
            alias.seq = taken.seq;
            alias.generation = taken.generation;
        }
    }

    fn sweep(&mut self, sweep: &Sweep) {
        self.account.horizon = self.account.horizon.max(sweep.horizon);
        self.account.swept = sweep.now;
        self.records.retain(|_, stored| stored.record.content.is_live() || stored.record.seq > sweep.horizon);
        self.versions.retain(|_, versions| {
            versions.retain(|version| version.superseded > sweep.horizon);
            !versions.is_empty()
        });
        self.sessions.retain(|_, session| session.expires >= sweep.horizon);
        self.pieces.retain(|(peer, _, _), _| self.sessions.contains_key(peer));
        let since = sweep.now - limits::STAGED_MS;
        let sessions = &self.sessions;
        self.staged
            .retain(|(peer, _, _), _| sessions.get(peer).is_some_and(|session| session.expires >= since));
    }
}

/// Whether each collection put in its turn has no path that is another's.
fn have_room(collections: Option<&BTreeMap<CollectionId, Collection>>, edits: &[Edit]) -> bool {
    let mut collections = collections.cloned().unwrap_or_default();
    edits.iter().all(|edit| {
        let Edit::PutCollection(new) = edit else { return true };
        let paths: BTreeSet<&String> = new.aliases.iter().chain([&new.id.0]).collect();
        let room = collections
            .values()
            .filter(|other| other.id != new.id)
            .all(|other| !other.aliases.iter().chain([&other.id.0]).any(|path| paths.contains(path)));
        collections.insert(new.id.clone(), new.clone());
        room
    })
}
