//! Reading from memory: each question answered by looking through everything.

use crate::journal::matching::MatchKey;
use crate::limits;
use crate::peer::{Alias, Bookmark, Looking, Luid, PeerId};
use crate::record::{AccountId, Body, CollectionId, Content, Large, Record, RecordId, Seq};
use crate::store::memory::{House, ONE_TRIP, Stored, Tenant};
use crate::store::{
    Child, Found, Held, Outgoing, PageAsk, Piece, Reads, RecordVersion, Session, Snapshot, Target, Waiting,
    Who,
};
use std::collections::{BTreeMap, BTreeSet};

impl House {
    /// Answers everything asked, of this moment.
    pub(super) fn read(&self, reads: &Reads) -> Snapshot {
        let throttles: BTreeSet<&String> = reads.throttles.iter().collect();
        let mut snapshot = Snapshot {
            throttles: throttles.into_iter().filter_map(|key| self.throttles.get(key)).cloned().collect(),
            cost: ONE_TRIP,
            ..Snapshot::default()
        };
        if let Who::Token(hash) = &reads.who {
            snapshot.token = self.tokens.get(hash).cloned();
        }
        self.look_round(&reads.views, &mut snapshot.views);
        let Some((account, login)) = self.who(reads) else { return snapshot };
        let Some(tenant) = self.tenants.get(&account) else { return snapshot };
        snapshot.account = Some(tenant.account.clone());
        snapshot.login =
            login.and_then(|name| self.logins.get(&name)).filter(|login| login.account == account).cloned();
        tenant.read(reads, &mut snapshot);
        self.look(tenant, &reads.views, &mut snapshot.views);
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

    /// The one session meant: where it could be one of two, it is none.
    fn session(&self, meant: impl Fn(&Session) -> bool) -> Option<(AccountId, Option<String>)> {
        let all = self
            .tenants
            .iter()
            .flat_map(|(account, tenant)| tenant.sessions.values().map(move |session| (account, session)));
        let mut all = all.filter(|(_, session)| meant(session));
        let (account, session) = all.next()?;
        all.next().is_none().then(|| (account.clone(), Some(session.login.clone())))
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
            snapshot.held = self.held(peer, &reads.luids, &reads.whole);
        }
        snapshot.records = self.records_at(&reads.records);
        snapshot.versions = self.versions_at(&reads.versions);
        snapshot.targets = self.targets(reads.peer.as_ref(), &reads.targets);
        snapshot.found = self.found(reads.peer.as_ref(), &reads.matches);
        snapshot.above = self.above(reads.peer.as_ref(), &reads.above);
        snapshot.children = self.children(&reads.children);
        snapshot.waiting =
            reads.peer.as_ref().map(|peer| self.waiting(peer, &reads.waiting)).unwrap_or_default();
        snapshot.unstaged =
            reads.peer.as_ref().map(|peer| self.unstaged(peer, &reads.unstaged)).unwrap_or_default();
        snapshot.pieces = self.pieces(reads);
        self.page(reads, snapshot);
        leave_large(reads, snapshot);
    }

    fn page(&self, reads: &Reads, snapshot: &mut Snapshot) {
        match &reads.page {
            None => {}
            Some(PageAsk::Collection { path, after, until, live_only, records_max, bytes_max }) => {
                let page = self.changes(&self.at(path), *after, until.unwrap_or(Seq::MAX));
                let page = page.filter(|record| !live_only || record.content.is_live());
                let page = page.map(|record| Outgoing { record: record.clone(), alias: None });
                (snapshot.page, snapshot.more) = cut(page, *records_max, *bytes_max);
            }
            Some(PageAsk::Peer { paths, records_max, bytes_max }) => {
                let Some(peer) = &reads.peer else { return };
                let own = snapshot.session.as_ref().and_then(|s| usize::try_from(s.page_records).ok());
                let records_max = own.filter(|own| *own > 0).unwrap_or(*records_max).min(*records_max);
                if reads.totals {
                    let mut totals: BTreeMap<CollectionId, u64> = BTreeMap::new();
                    for outgoing in self.outgoing(peer, paths) {
                        *totals.entry(outgoing.record.collection).or_default() += 1;
                    }
                    snapshot.totals = totals.into_iter().collect();
                }
                (snapshot.page, snapshot.more) = cut(self.outgoing(peer, paths), records_max, *bytes_max);
            }
        }
    }

    fn pieces(&self, reads: &Reads) -> Vec<Piece> {
        let Some(peer) = &reads.peer else { return Vec::new() };
        let mine = |wanted: bool| {
            let pieces = self.pieces.iter().filter(move |((of, way, _), _)| of == peer && *way == wanted);
            pieces.map(|((_, leaving, start), bytes)| Piece {
                leaving: *leaving,
                start: *start,
                bytes: bytes.to_vec(),
            })
        };
        let arriving = mine(false).take(if reads.arriving { usize::MAX } else { 0 });
        arriving.chain(mine(true).take(usize::try_from(reads.leaving).unwrap_or(usize::MAX))).collect()
    }

    /// The collection a path names.
    pub(super) fn at(&self, path: &str) -> CollectionId {
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

    pub(super) fn record(&self, collection: &CollectionId, id: &RecordId) -> Option<&Stored> {
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

    fn versions_at(&self, asked: &[(String, Vec<(RecordId, Seq)>)]) -> Vec<Record> {
        let one = |path: &String, (id, seq): &(RecordId, Seq)| {
            let at = (self.at(path), id.clone());
            let version = self.versions.get(&at)?.iter().find(|version| version.seq == *seq)?;
            let (origin, content) = (version.origin.clone(), Content::Body(version.body.clone()));
            Some(Record { collection: at.0, id: at.1, seq: *seq, origin, parent: None, content })
        };
        asked
            .iter()
            .flat_map(|(path, asked)| asked.iter().filter_map(move |asked| one(path, asked)))
            .collect()
    }

    fn held(&self, peer: &PeerId, asked: &[(String, Vec<Luid>)], whole: &[RecordVersion]) -> Vec<Held> {
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
                    let (base, base_large) = match base {
                        Some((_, body)) if body.bytes.len() <= limits::RECORD_BYTES_MAX => (Some(body), None),
                        Some((seq, body)) => {
                            let at = (collection.clone(), alias.record.clone(), seq);
                            let (size, form) = (body.bytes.len(), body.form.clone());
                            match whole.contains(&at) {
                                true => (Some(body), None),
                                false => (None, Some((seq, size, form))),
                            }
                        }
                        None => (None, None),
                    };
                    held.push(Held { alias: alias.clone(), record, base, base_large });
                }
            }
        }
        held
    }

    /// What the device last acknowledged or sent, where the record has moved on since by another's hand.
    fn base(&self, peer: &PeerId, alias: &Alias, record: &Record) -> Option<(Seq, Body)> {
        let known = alias.seq;
        if record.seq <= known || record.origin == peer.0 {
            return None;
        }
        let versions = self.versions.get(&(alias.collection.clone(), alias.record.clone()))?;
        let newest =
            versions.iter().rev().find(|version| version.seq <= known || version.origin == peer.0)?;
        Some((newest.seq, newest.body.clone()))
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
                        parent: record.parent.clone(),
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

    fn above(&self, peer: Option<&PeerId>, asked: &[(String, Vec<RecordId>)]) -> Vec<Outgoing> {
        let mut above = BTreeMap::new();
        for (path, folders) in asked {
            let collection = self.at(path);
            for folder in folders {
                let mut next = Some(folder.clone());
                for _ in 0..limits::FOLDERS_DEEP_MAX {
                    let Some(stored) = next.and_then(|id| self.record(&collection, &id)) else { break };
                    let record = stored.record.clone();
                    next = record.parent.clone();
                    let alias = self.alias(peer, &collection, &record.id).cloned();
                    above.insert((collection.clone(), record.id.clone()), Outgoing { record, alias });
                }
            }
        }
        above.into_values().collect()
    }

    fn children(&self, asked: &[(String, Vec<RecordId>)]) -> Vec<Child> {
        let mut children = Vec::new();
        for (path, parents) in asked {
            let collection = self.at(path);
            for parent in parents {
                let inside = self.records.iter().filter(|((at, _), stored)| {
                    *at == collection && stored.record.parent.as_ref() == Some(parent)
                });
                children.extend(inside.take(limits::CHILDREN_MAX).map(|((at, id), _)| Child {
                    collection: at.clone(),
                    parent: parent.clone(),
                    record: id.clone(),
                }));
            }
        }
        children
    }

    fn waiting(&self, peer: &PeerId, asked: &[(String, Vec<Luid>)]) -> Vec<Waiting> {
        let mut waiting = BTreeMap::new();
        for (path, luids) in asked {
            let collection = self.at(path);
            for luid in luids {
                let mut next = Some(luid.clone());
                for _ in 0..limits::FOLDERS_DEEP_MAX {
                    let at = next.map(|luid| (peer.clone(), collection.clone(), luid));
                    let Some(item) = at.and_then(|at| self.staged.get(&at)) else { break };
                    next = item.parent.clone().filter(|parent| !parent.0.is_empty());
                    let found = Waiting {
                        collection: collection.clone(),
                        luid: item.luid.clone(),
                        record: item.record.clone(),
                        form: item.body.as_ref().map(|body| body.form.clone()),
                        parent: item.parent.clone(),
                    };
                    waiting.insert((collection.clone(), item.luid.clone()), found);
                }
            }
        }
        waiting.into_values().collect()
    }

    fn unstaged(&self, peer: &PeerId, paths: &[String]) -> Vec<Outgoing> {
        let wanted: BTreeSet<CollectionId> = paths.iter().map(|path| self.at(path)).collect();
        let mine = self.staged.iter().filter(|((of, ..), _)| of == peer);
        let named: BTreeSet<_> = mine.map(|((_, at, _), item)| (at, &item.record)).collect();
        let mut bytes = 0_usize;
        let aliases = self.aliases.iter().filter(|((of, at, _), alias)| {
            of == peer && wanted.contains(at) && alias.luid.is_some() && !named.contains(&(at, &alias.record))
        });
        let live = aliases.filter_map(|((_, at, id), alias)| {
            let record = &self.record(at, id)?.record;
            record.content.is_live().then(|| Outgoing { record: record.clone(), alias: Some(alias.clone()) })
        });
        live.take_while(|outgoing| {
            bytes += outgoing.record.content.size();
            bytes <= limits::PAGE_BYTES_MAX
        })
        .collect()
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
                false if opened.contains(&bookmark.collection) => (bookmark.confirmed.cursor, Seq::MAX),
                false => continue,
            };
            for record in self.changes(&bookmark.collection, after, until) {
                let alias = self.alias(Some(peer), &bookmark.collection, &record.id);
                if is_due(bookmark, peer, record, alias) {
                    outgoing.push(Outgoing { record: record.clone(), alias: alias.cloned() });
                }
            }
        }
        outgoing.into_iter()
    }
}

/// Takes out the large bodies that were not asked for whole.
fn leave_large(reads: &Reads, snapshot: &mut Snapshot) {
    let held = snapshot.held.iter_mut().filter_map(|held| held.record.as_mut());
    let page = snapshot
        .page
        .iter_mut()
        .chain(&mut snapshot.above)
        .chain(&mut snapshot.unstaged)
        .map(|outgoing| &mut outgoing.record);
    for record in held.chain(&mut snapshot.records).chain(&mut snapshot.versions).chain(page) {
        let at = (record.collection.clone(), record.id.clone(), record.seq);
        if let Content::Body(body) = &record.content
            && body.bytes.len() > limits::RECORD_BYTES_MAX
            && !reads.whole.contains(&at)
        {
            let (form, size) = (body.form.clone(), body.bytes.len());
            record.content = Content::Large(Large { form, size });
        }
    }
}

/// Whether a change is still to be sent: see [`PageAsk::Peer`].
fn is_due(bookmark: &Bookmark, peer: &PeerId, record: &Record, alias: Option<&Alias>) -> bool {
    let own = record.origin == peer.0;
    let live = record.content.is_live();
    if bookmark.sending && bookmark.sending_all {
        let of_this_sync = alias.filter(|alias| alias.generation >= bookmark.attempt);
        let changed = of_this_sync.map(|alias| alias.seq < record.seq && !own);
        // What was deleted while the slow sync was running goes to the device too, where it has claimed the record.
        return changed.unwrap_or(live);
    }
    let mapped = alias.filter(|alias| alias.luid.is_some());
    if bookmark.sending && bookmark.looking != Looking::Changes {
        let believed = mapped.filter(|alias| alias.generation >= bookmark.confirmed.generation);
        let moved = believed.map(|alias| alias.seq < record.seq && (!own || alias.seq < 0));
        return moved.unwrap_or(live) || (live && bookmark.looking == Looking::Everything);
    }
    let taken = mapped
        .is_some_and(|alias| alias.generation >= bookmark.confirmed.generation && alias.seq >= record.seq);
    !own && !taken && (live || mapped.is_some())
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
        bytes = bytes.saturating_add(outgoing.record.content.size());
        if page.len() >= records_max || (bytes > bytes_max && !page.is_empty()) {
            return (page, true);
        }
        page.push(outgoing);
    }
    (page, false)
}
