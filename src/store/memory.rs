//! The reference store: everything in memory, every rule of the contract in the plainest words.
//!
//! It looks through everything where SQL would use an index; whatever `store/sql.rs` answers must be what this answers.

mod survey;

use crate::journal;
use crate::journal::matching::MatchKey;
use crate::peer::{Alias, Bookmark, Luid, PeerId};
use crate::record::{AccountId, Body, CollectionId, Content, Origin, Record, RecordId, Seq};
use crate::store::{
    Account, Batch, Change, Collection, Cost, Edit, Found, Guard, Held, Login, Outgoing, PageAsk, Peer,
    Reads, Receipt, Session, Snapshot, Store, StoreError, Sweep, Target, Throttle, Token, Who,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Records, devices and sessions in memory, gone with the value.
#[derive(Debug, Default)]
pub struct MemoryStore {
    house: Mutex<House>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn house(&self) -> MutexGuard<'_, House> {
        self.house.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        Ok(self.house().read(reads))
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        let mut house = self.house();
        if !house.stands(batch) {
            return Err(StoreError::Conflict);
        }
        Ok(Receipt { head: house.apply(batch), cost: ONE_TRIP })
    }
}

const ONE_TRIP: Cost = Cost { batches: 1, statements: 1, rows_read: 0, rows_written: 0 };

/// Everything there is.
#[derive(Debug, Default)]
struct House {
    tenants: BTreeMap<AccountId, Tenant>,
    logins: BTreeMap<String, Login>,
    tokens: BTreeMap<String, Token>,
    throttles: BTreeMap<String, Throttle>,
}

/// Everything of one account.
#[derive(Debug, Default)]
struct Tenant {
    account: Account,
    collections: BTreeMap<CollectionId, Collection>,
    records: BTreeMap<(CollectionId, RecordId), Stored>,
    versions: BTreeMap<(CollectionId, RecordId), Vec<Version>>,
    peers: BTreeMap<PeerId, Peer>,
    sessions: BTreeMap<PeerId, Session>,
    bookmarks: BTreeMap<(PeerId, CollectionId), Bookmark>,
    aliases: BTreeMap<(PeerId, CollectionId, RecordId), Alias>,
}

#[derive(Debug)]
struct Stored {
    record: Record,
    key: Option<MatchKey>,
}

/// A superseded content, in the order of its stamps.
#[derive(Debug)]
struct Version {
    seq: Seq,
    superseded: Seq,
    origin: Origin,
    body: Body,
}

// ---------------------------------------------------------------------------------------------------------------- read

impl House {
    fn read(&self, reads: &Reads) -> Snapshot {
        let throttles: BTreeSet<&String> = reads.throttles.iter().collect();
        let mut snapshot = Snapshot {
            throttles: throttles.into_iter().filter_map(|key| self.throttles.get(key)).cloned().collect(),
            cost: ONE_TRIP,
            ..Snapshot::default()
        };
        if let Who::Token(hash) = &reads.who {
            snapshot.token = self.tokens.get(hash).cloned();
        }
        let Some((account, login)) = self.who(reads) else { return snapshot };
        let Some(tenant) = self.tenants.get(&account) else { return snapshot };
        snapshot.account = Some(tenant.account.clone());
        snapshot.login =
            login.and_then(|name| self.logins.get(&name)).filter(|login| login.account == account).cloned();
        tenant.read(reads, &mut snapshot);
        snapshot
    }

    /// The account that [`Reads::who`] means, and the login's name.
    fn who(&self, reads: &Reads) -> Option<(AccountId, Option<String>)> {
        match &reads.who {
            Who::Token(hash) => {
                self.tokens.get(hash).map(|token| (token.account.clone(), Some(token.login.clone())))
            }
            Who::Login(name) => self.login(name),
            Who::Account(id) => Some((id.clone(), None)),
            Who::Syncml { login, session_token, session_id, address } => login
                .as_ref()
                .and_then(|name| self.login(name))
                .or_else(|| {
                    self.session(|session| {
                        !session.token.is_empty() && Some(&session.token) == session_token.as_ref()
                    })
                })
                .or_else(|| {
                    self.session(|session| {
                        Some(&session.peer) == reads.peer.as_ref()
                            && session.session_id == *session_id
                            && session.address == *address
                    })
                }),
        }
    }

    fn login(&self, name: &str) -> Option<(AccountId, Option<String>)> {
        self.logins.get(name).map(|login| (login.account.clone(), Some(login.name.clone())))
    }

    /// Of the sessions meant, the one that ends last; of equals, that of the first account.
    fn session(&self, meant: impl Fn(&Session) -> bool) -> Option<(AccountId, Option<String>)> {
        let mut best: Option<(&AccountId, &Session)> = None;
        for (account, tenant) in &self.tenants {
            for session in tenant.sessions.values().filter(|session| meant(session)) {
                if best.is_none_or(|(_, other)| session.expires > other.expires) {
                    best = Some((account, session));
                }
            }
        }
        best.map(|(account, session)| (account.clone(), Some(session.login.clone())))
    }
}

impl Tenant {
    fn read(&self, reads: &Reads, snapshot: &mut Snapshot) {
        if reads.collections {
            snapshot.collections = self.collections.values().cloned().collect();
        } else if let Some(path) = &reads.collection {
            snapshot.collections = self.collections.get(&self.at(path)).cloned().into_iter().collect();
        }
        if let Some(peer) = &reads.peer {
            snapshot.peer = self.peers.get(peer).cloned();
            snapshot.session = self.sessions.get(peer).cloned();
            snapshot.bookmarks = self.bookmarks_of(peer).cloned().collect();
            snapshot.held = self.held(peer, &reads.luids);
        }
        snapshot.records = self.records_at(&reads.records);
        snapshot.targets = self.targets(reads.peer.as_ref(), &reads.targets);
        snapshot.found = self.found(reads.peer.as_ref(), &reads.matches);
        match &reads.page {
            None => {}
            Some(PageAsk::Collection { path, after, until, live_only, records_max, bytes_max }) => {
                let page = self.changes(&self.at(path), *after, until.unwrap_or(Seq::MAX));
                let page = page.filter(|record| !live_only || record.content.body().is_some());
                let page = page.map(|record| Outgoing { record: record.clone(), alias: None });
                (snapshot.page, snapshot.more) = cut(page, *records_max, *bytes_max);
            }
            Some(PageAsk::Peer { paths, records_max, bytes_max }) => {
                let Some(peer) = &reads.peer else { return };
                let own = snapshot.session.as_ref().and_then(|s| usize::try_from(s.page_records).ok());
                let records_max = own.filter(|own| *own > 0).unwrap_or(*records_max).min(*records_max);
                (snapshot.page, snapshot.more) = cut(self.outgoing(peer, paths), records_max, *bytes_max);
            }
        }
    }

    /// The collection a path names.
    fn at(&self, path: &str) -> CollectionId {
        let named = self.collections.values().find(|c| c.aliases.iter().any(|alias| alias == path));
        named.map_or_else(|| CollectionId(path.to_owned()), |collection| collection.id.clone())
    }

    fn bookmarks_of<'a>(&'a self, peer: &PeerId) -> impl Iterator<Item = &'a Bookmark> {
        let peer = peer.clone();
        self.bookmarks.iter().filter(move |((of, _), _)| *of == peer).map(|(_, bookmark)| bookmark)
    }

    fn bookmark(&self, peer: &PeerId, collection: &CollectionId) -> Option<&Bookmark> {
        self.bookmarks.get(&(peer.clone(), collection.clone()))
    }

    fn alias(&self, peer: Option<&PeerId>, collection: &CollectionId, record: &RecordId) -> Option<&Alias> {
        self.aliases.get(&(peer?.clone(), collection.clone(), record.clone()))
    }

    fn record(&self, collection: &CollectionId, id: &RecordId) -> Option<&Stored> {
        self.records.get(&(collection.clone(), id.clone()))
    }

    fn records_at(&self, asked: &[(String, Vec<RecordId>)]) -> Vec<Record> {
        let mut seen = BTreeSet::new();
        let mut records = Vec::new();
        for (path, ids) in asked {
            let collection = self.at(path);
            for id in ids {
                if let Some(stored) = self.record(&collection, id)
                    && seen.insert((collection.clone(), id))
                {
                    records.push(stored.record.clone());
                }
            }
        }
        records
    }

    fn held(&self, peer: &PeerId, asked: &[(String, Vec<Luid>)]) -> Vec<Held> {
        let mut seen = BTreeSet::new();
        let mut held = Vec::new();
        for (path, luids) in asked {
            let collection = self.at(path);
            for luid in luids {
                let named = |((of, at, _), alias): &(&(PeerId, CollectionId, RecordId), &Alias)| {
                    of == peer && *at == collection && alias.luid.as_ref() == Some(luid)
                };
                if let Some((_, alias)) = self.aliases.iter().find(named)
                    && seen.insert((collection.clone(), luid))
                {
                    let record = self.record(&collection, &alias.record).map(|stored| stored.record.clone());
                    let base = record.as_ref().and_then(|record| self.base(peer, alias, record));
                    held.push(Held { alias: alias.clone(), record, base });
                }
            }
        }
        held
    }

    /// What the device last acknowledged or sent, where the record has moved on since by another's hand.
    fn base(&self, peer: &PeerId, alias: &Alias, record: &Record) -> Option<Body> {
        let cursor = self.bookmark(peer, &alias.collection).map_or(0, |bookmark| bookmark.cursor);
        let known = alias.seq.max(cursor);
        if record.seq <= known || record.origin == peer.0 {
            return None;
        }
        let versions = self.versions.get(&(alias.collection.clone(), alias.record.clone()))?;
        let newest =
            versions.iter().rev().find(|version| version.seq <= known || version.origin == peer.0)?;
        Some(newest.body.clone())
    }

    fn targets(&self, peer: Option<&PeerId>, asked: &[(String, Vec<String>)]) -> Vec<Target> {
        let mut targets = Vec::new();
        for (path, names) in asked {
            let collection = self.at(path);
            for name in names {
                let temporary = self.aliases.iter().find(|((of, at, _), alias)| {
                    Some(of) == peer && *at == collection && alias.temporary.as_ref() == Some(name)
                });
                let id = match temporary {
                    Some(((_, _, record), _)) => Some(record.clone()),
                    None => RecordId::new(name.as_str()),
                };
                let Some(stored) = id.and_then(|id| self.record(&collection, &id)) else { continue };
                targets.push(Target {
                    path: path.clone(),
                    target: name.clone(),
                    collection: collection.clone(),
                    record: stored.record.id.clone(),
                    seq: stored.record.seq,
                    alias: self.alias(peer, &collection, &stored.record.id).cloned(),
                });
            }
        }
        targets
    }

    fn found(&self, peer: Option<&PeerId>, asked: &[(String, Vec<MatchKey>)]) -> Vec<Found> {
        let mut found = Vec::new();
        for (path, keys) in asked {
            let collection = self.at(path);
            let mut done = BTreeSet::new();
            for key in keys.iter().filter(|key| done.insert(key.as_str())) {
                let times = keys.iter().filter(|other| *other == key).count();
                let generation =
                    peer.and_then(|peer| self.bookmark(peer, &collection)).map_or(0, |b| b.attempt);
                let equal = self.records.values().filter(|stored| {
                    stored.record.collection == collection && stored.key.as_ref() == Some(key)
                });
                let mut candidates: Vec<Found> = equal
                    .map(|Stored { record, .. }| Found {
                        key: key.clone(),
                        collection: collection.clone(),
                        record: record.id.clone(),
                        seq: record.seq,
                        alias: self.alias(peer, &collection, &record.id).cloned(),
                    })
                    .collect();
                candidates.sort_by_key(|found| {
                    (found.alias.as_ref().is_some_and(|alias| alias.generation >= generation), found.seq)
                });
                candidates.truncate(times);
                found.append(&mut candidates);
            }
        }
        found
    }

    /// A collection's records stamped after `after` and up to `until`, in stamp order.
    fn changes(
        &self,
        collection: &CollectionId,
        after: Seq,
        until: Seq,
    ) -> impl Iterator<Item = &Record> + use<'_> {
        let here = self.records.values().map(|stored| &stored.record);
        let mut changes: Vec<&Record> = here
            .filter(|record| record.collection == *collection && record.seq > after && record.seq <= until)
            .collect();
        changes.sort_by_key(|record| record.seq);
        changes.into_iter()
    }

    /// What is still to be sent to a device, all of it.
    fn outgoing(&self, peer: &PeerId, paths: &[String]) -> impl Iterator<Item = Outgoing> {
        let opened: BTreeSet<CollectionId> = paths.iter().map(|path| self.at(path)).collect();
        let mut outgoing = Vec::new();
        for bookmark in self.bookmarks_of(peer) {
            let (after, until) = match bookmark.sending {
                true if bookmark.until > 0 => (bookmark.position, bookmark.until),
                true => (bookmark.position, Seq::MAX),
                false if opened.contains(&bookmark.collection) => (bookmark.cursor, Seq::MAX),
                false => continue,
            };
            for record in self.changes(&bookmark.collection, after, until) {
                let alias = self.alias(Some(peer), &bookmark.collection, &record.id);
                let has = alias.is_some_and(|alias| {
                    let shown = alias.seq >= record.seq || record.origin == peer.0;
                    alias.generation >= bookmark.attempt && shown
                });
                if bookmark.sending && bookmark.sending_all && (has || record.content.body().is_none()) {
                    continue;
                }
                outgoing.push(Outgoing { record: record.clone(), alias: alias.cloned() });
            }
        }
        outgoing.into_iter()
    }
}

/// The first records within both bounds, and whether there are more. One record always fits the bytes.
fn cut(
    records: impl Iterator<Item = Outgoing>,
    records_max: usize,
    bytes_max: usize,
) -> (Vec<Outgoing>, bool) {
    let mut page: Vec<Outgoing> = Vec::new();
    let mut bytes = 0_usize;
    for outgoing in records {
        bytes = bytes.saturating_add(outgoing.record.content.body().map_or(0, |body| body.bytes.len()));
        if page.len() >= records_max || (bytes > bytes_max && !page.is_empty()) {
            return (page, true);
        }
        page.push(outgoing);
    }
    (page, false)
}

// -------------------------------------------------------------------------------------------------------------- commit

impl House {
    /// Whether the batch may be written, all of it.
    fn stands(&self, batch: &Batch) -> bool {
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
                Edit::PutCollection(new) => tenant.is_none_or(|tenant| tenant.has_room(new)),
                Edit::AddAccount { .. } | Edit::RemoveAccount | Edit::RevokeToken(_) => true,
            })
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

    fn apply(&mut self, batch: &Batch) -> Seq {
        for throttle in &batch.throttles {
            self.throttles.remove(&throttle.key);
            if throttle.failures > 0 {
                self.throttles.insert(throttle.key.clone(), throttle.clone());
            }
        }
        let mut head = 0;
        for edit in &batch.edits {
            head = self.edit(batch, edit).unwrap_or(head);
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
            if !batch.changes.is_empty() || batch.sweep.is_some() {
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

    /// Makes one edit; answers the head where the account's row was touched.
    fn edit(&mut self, batch: &Batch, edit: &Edit) -> Option<Seq> {
        match edit {
            Edit::AddAccount { created } => {
                let account = Account { id: batch.account.clone(), head: *created, horizon: 0, swept: 0 };
                self.tenants.insert(batch.account.clone(), Tenant { account, ..Tenant::default() });
                return Some(*created);
            }
            Edit::RemoveAccount => {} // Last of all: nothing may be written after it.
            Edit::PutLogin(login) => {
                let login = Login { account: batch.account.clone(), ..login.clone() };
                self.logins.insert(login.name.clone(), login);
            }
            Edit::PutCollection(collection) => {
                let tenant = self.tenants.get_mut(&batch.account)?;
                tenant.collections.insert(collection.id.clone(), collection.clone());
            }
            Edit::RevokeToken(hash) => {
                self.tokens.retain(|_, token| token.hash != *hash || token.account != batch.account);
            }
        }
        None
    }
}

impl Tenant {
    fn stands(&self, guard: &Guard, peer: &PeerId, changes: &[Change]) -> bool {
        let moved = |stored: &Stored| stored.record.seq > guard.head;
        let records: BTreeSet<_> = guard.records.iter().collect();
        let matches: BTreeSet<_> = guard.matches.iter().collect();
        !self.records.iter().any(|(at, stored)| {
            let key = stored.key.as_ref().map(|key| (at.0.clone(), key.clone()));
            moved(stored) && (records.contains(at) || key.is_some_and(|key| matches.contains(&key)))
        }) && guard
            .session
            .is_none_or(|version| self.sessions.get(peer).map_or(0, |session| session.version) == version)
            && !changes.iter().any(|new| new.insert && self.record(&new.collection, &new.id).is_some())
    }

    /// Whether none of the paths of a collection is another's.
    fn has_room(&self, new: &Collection) -> bool {
        let paths: BTreeSet<&String> = new.aliases.iter().chain([&new.id.0]).collect();
        let mut others = self.collections.values().filter(|other| other.id != new.id);
        !others.any(|other| other.aliases.iter().chain([&other.id.0]).any(|path| paths.contains(path)))
    }

    fn apply(&mut self, batch: &Batch) {
        self.change(batch);
        let peer = &batch.peer_id;
        self.alias_changes(batch);
        for bookmark in &batch.bookmarks {
            self.bookmarks.insert((peer.clone(), bookmark.collection.clone()), bookmark.clone());
        }
        if let Some(new) = &batch.peer {
            self.peers.insert(peer.clone(), Peer { id: peer.clone(), ..new.clone() });
        }
        if let Some(new) = &batch.session {
            self.sessions.insert(peer.clone(), Session { peer: peer.clone(), ..new.clone() });
        }
        if let Some(sweep) = &batch.sweep {
            self.sweep(sweep);
        }
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
        self.records
            .retain(|_, stored| stored.record.content.body().is_some() || stored.record.seq > sweep.horizon);
        self.versions.retain(|_, versions| {
            versions.retain(|version| version.superseded > sweep.horizon);
            !versions.is_empty()
        });
        self.sessions.retain(|_, session| session.expires >= sweep.now);
    }
}
