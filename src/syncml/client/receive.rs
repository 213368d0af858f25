//! Package 4: the server's changes, each taken or refused with its own status (DS 1.2 section 6.4; `syncml.md` 4.5, 4.6).
//!
//! The mirror is `server/receive.rs`. The server has decided its conflicts; one is left where the record was changed here since
//! it was sent. Whatever is decided about content is said in `journal/merge.rs`.

use super::desk::{Desk, Key};
use super::state::MapDue;
use crate::journal::matching;
use crate::journal::merge::{self, Supported};
use crate::peer::Luid;
use crate::record::{Body, CollectionId, Content, Form, Record, RecordId, Seq};
use crate::store::{Change, Policy};
use crate::syncml::describe;
use crate::syncml::explain::of_status;
use crate::syncml::inbox::{ChangeStep, Incoming, trim};
use crate::syncml::message::ChangeKind;
use crate::syncml::session::{Mode, PendingStatus};
use crate::syncml::status;
use crate::upstream::Refusal;

/// The id by which the server names a record of ours.
pub fn luid_of(item: &Incoming) -> Option<Luid> {
    let target = trim(item.target.as_deref().unwrap_or_default());
    (1..=RecordId::BYTES_MAX).contains(&target.len()).then(|| Luid(target.to_owned()))
}

/// The server's own id, where it names one.
pub fn guid_of(item: &Incoming) -> Option<&str> {
    let guid = item.luid.0.as_str();
    (1..=RecordId::BYTES_MAX).contains(&guid.len()).then_some(guid)
}

/// What this turn knows of the record behind an id.
pub struct Standing {
    key: Key,
    luid: Luid,
    content: Content,
    seq: Seq,
    /// The stamp of the version the server is known to have.
    known: Seq,
    /// Whether it was changed here since.
    conflict: bool,
    base: Option<Body>,
}

impl Desk<'_> {
    /// A change of the server's: every item gets its own code.
    pub fn receive(&mut self, change: &ChangeStep) {
        self.state.silent = 0;
        let codes = self.codes(change);
        for status in PendingStatus::of_items(change, &codes) {
            self.owe(change.silent, status);
        }
    }

    fn codes(&mut self, change: &ChangeStep) -> Vec<u16> {
        let all = |code| vec![code; change.items.len()];
        let Some(index) = self.state.index_at(&change.path) else { return all(status::NOT_FOUND) };
        let (alive, takes) =
            self.state.syncing.get(index).map_or((false, false), |it| (it.is_alive(), it.takes()));
        if !alive || !takes {
            return all(status::FORBIDDEN);
        }
        if change.too_many || self.owes_too_much() {
            change.items.iter().for_each(|item| self.refuse_item(index, item, status::RETRY_LATER));
            self.count(index, |it| it.datastore.failed |= it.datastore.mode == Mode::RefreshFromServer);
            return all(status::RETRY_LATER);
        }
        // Nothing of a command follows a piece of which more is to come.
        let whole = change.items.iter().position(|item| item.more).map_or(change.items.len(), |cut| cut + 1);
        let mut codes: Vec<u16> =
            change.items.iter().take(whole).map(|item| self.receive_item(index, change, item)).collect();
        codes.resize(change.items.len(), status::BAD_REQUEST);
        codes
    }

    fn receive_item(&mut self, index: usize, change: &ChangeStep, item: &Incoming) -> u16 {
        let code = match change.kind {
            ChangeKind::Delete => {
                self.interrupt();
                self.delete(index, change, item)
            }
            ChangeKind::Copy | ChangeKind::Move => status::NOT_SUPPORTED,
            kind => self.piece(index, item).unwrap_or_else(|| self.take_item(index, kind, item)),
        };
        if code != status::CHUNK_BUFFERED {
            self.count(index, |it| it.received += 1);
        }
        if code >= 300 {
            self.refuse_item(index, item, code);
        }
        code
    }

    fn refuse_item(&mut self, index: usize, item: &Incoming, code: u16) {
        let id = guid_of(item).map(str::to_owned).or_else(|| luid_of(item).map(|luid| luid.0));
        let message = format!("Not taken from the server: {} ({code}).", of_status(code));
        let refusal = Refusal { record: String::new(), item: id.unwrap_or_default(), status: code, message };
        self.count(index, |syncing| syncing.outcome.refuse(refusal));
    }

    pub fn count(&mut self, index: usize, count: impl FnOnce(&mut super::state::Syncing)) {
        if let Some(syncing) = self.state.syncing.get_mut(index) {
            count(syncing);
        }
    }

    /// A whole item, in one message or in many.
    pub fn take_item(&mut self, index: usize, kind: ChangeKind, item: &Incoming) -> u16 {
        let Some(syncing) = self.state.syncing.get(index) else { return status::NOT_FOUND };
        let collection = syncing.datastore.collection.clone();
        let holds = self.collection(&collection).map(|collection| collection.kind);
        match &item.body {
            Err(code) => *code,
            Ok(body) if !holds.is_some_and(|kind| describe::fits(kind, &body.form)) => {
                status::UNSUPPORTED_MEDIA_TYPE
            }
            Ok(_) if item.part => status::PARTIAL_NOT_ACCEPTED,
            Ok(body) => self.upsert(index, &collection, kind, item, body),
        }
    }

    /// An Add or a Replace.
    fn upsert(
        &mut self,
        index: usize,
        collection: &CollectionId,
        kind: ChangeKind,
        item: &Incoming,
        body: &Body,
    ) -> u16 {
        let (luid, guid) = (luid_of(item), guid_of(item));
        let again = guid.and_then(|guid| self.mapped(collection, guid));
        let standing = luid.or_else(|| again.clone()).and_then(|luid| self.standing(index, collection, luid));
        let (code, luid) = match standing {
            Some(standing) => {
                let luid = standing.luid.clone();
                let again = again.is_some() && kind == ChangeKind::Add;
                (self.meet(index, item, body, standing, again), luid)
            }
            None if guid.is_none() && kind == ChangeKind::Replace => return status::NOT_FOUND,
            None => match self.match_found(index, collection, item) {
                Some(luid) => (status::ITEM_ADDED, luid),
                None => (status::ITEM_ADDED, self.insert(index, collection, body)),
            },
        };
        if let Some(guid) = guid.filter(|_| code < 300) {
            self.owe_map(collection, guid, &luid);
        }
        code
    }

    /// Which record a server's id means that it may not know ours of yet.
    fn mapped(&self, collection: &CollectionId, guid: &str) -> Option<Luid> {
        let map = self.maps.get(&(collection.clone(), guid.to_owned())).filter(|map| !map.taken);
        map.map(|map| Luid(map.luid.clone()))
    }

    /// The server is to hear our id of what it sent under its own.
    fn owe_map(&mut self, collection: &CollectionId, guid: &str, luid: &Luid) {
        let (collection, guid, luid) = (collection.clone(), guid.to_owned(), luid.0.clone());
        let due = MapDue { collection, guid, luid, ..MapDue::default() };
        self.owed += due.bytes();
        self.maps.insert((due.collection.clone(), due.guid.clone()), due);
    }

    /// The record behind an id of ours.
    fn standing(&self, index: usize, collection: &CollectionId, luid: Luid) -> Option<Standing> {
        let held = self.known.by_luid(collection, &luid);
        let now = self.luids.get(&(collection.clone(), luid.clone())).cloned();
        let id = now.or_else(|| held.map(|held| held.alias.record.clone()));
        let id = match id {
            Some(id) => id,
            None => RecordId::new(luid.0.clone())?,
        };
        let key = (collection.clone(), id);
        let known = self.alias(&key).map_or(0, |alias| alias.seq);
        if let Some(content) = self.changed(&key) {
            let content = content.clone();
            return Some(Standing { key, luid, content, seq: 0, known, conflict: false, base: None });
        }
        let record: &Record =
            held.and_then(|held| held.record.as_ref()).or_else(|| self.known.record(collection, &key.1))?;
        // A refresh takes the place of what was here when it began.
        let refreshed =
            self.state.syncing.get(index).is_some_and(|it| it.datastore.mode == Mode::RefreshFromServer);
        let spared = if refreshed { self.bookmarked(collection).until } else { 0 };
        Some(Standing {
            conflict: record.seq > known.max(spared) && record.origin != self.peer.id.0,
            content: record.content.clone(),
            seq: record.seq,
            known,
            base: held.and_then(|held| held.base.clone()),
            key,
            luid,
        })
    }

    /// What comes meets what is here.
    fn meet(
        &mut self,
        index: usize,
        item: &Incoming,
        body: &Body,
        mut standing: Standing,
        again: bool,
    ) -> u16 {
        let stored = match std::mem::replace(&mut standing.content, Content::Deleted) {
            Content::Body(stored) => stored,
            Content::Large(_) => return self.meet_unread(index, body, standing),
            // What came in a session that broke off, and was deleted here since, comes again: the deletion is on its way.
            Content::Deleted if again => return status::OK,
            Content::Deleted => return self.revive(index, body, &standing),
        };
        let done = if again { status::ITEM_ADDED } else { status::OK };
        let same = matching::is_same(body, item.key.as_ref(), &stored);
        if same || (again && standing.conflict) {
            let seq = if same { standing.seq } else { 0 };
            self.claim(&standing.key, standing.luid, seq);
            return done;
        }
        if standing.conflict {
            self.conflict(index, body, standing, &stored);
            return done;
        }
        let supported = self.supported(index, &body.form);
        let replaced = merge::replace(&stored, body, supported.as_ref());
        if replaced.bytes.len() > self.client.object_bytes_max() {
            return status::ENTITY_TOO_LARGE;
        }
        if replaced == stored {
            self.claim(&standing.key, standing.luid, standing.seq);
            return done;
        }
        self.write_body(&standing.key, replaced, self.peer.id.0.clone(), false);
        self.claim(&standing.key, standing.luid, 0);
        self.count(index, |it| it.outcome.received.changed += 1);
        done
    }

    /// What is here is too large to be merged with: it is replaced as a whole. Where it was changed here, that goes to the server
    /// first, and this comes again.
    fn meet_unread(&mut self, index: usize, body: &Body, standing: Standing) -> u16 {
        if standing.conflict {
            return status::RETRY_LATER;
        }
        self.write_body(&standing.key, body.clone(), self.peer.id.0.clone(), false);
        self.claim(&standing.key, standing.luid, 0);
        self.count(index, |it| it.outcome.received.changed += 1);
        status::OK
    }

    /// It was changed here since the server knew it: the collection's policy decides.
    fn conflict(&mut self, index: usize, body: &Body, standing: Standing, stored: &Body) {
        self.count(index, |it| it.outcome.conflicts += 1);
        let Standing { key, luid, base, .. } = standing;
        let supported = self.supported(index, &body.form);
        let policy = self.collection(&key.0).map(|collection| collection.policy).unwrap_or_default();
        match policy {
            Policy::ServerWins => self.claim(&key, luid, 0),
            Policy::ClientWins => {
                let replaced = merge::replace(stored, body, supported.as_ref());
                self.write_body(&key, replaced, self.peer.id.0.clone(), false);
                self.claim(&key, luid, 0);
                self.count(index, |it| it.outcome.received.changed += 1);
            }
            Policy::KeepBoth => {
                let copy = (key.0.clone(), RecordId::mint(self.seed.draw()));
                self.write_body(&copy, stored.clone(), String::new(), true);
                self.write_body(&key, body.clone(), self.peer.id.0.clone(), false);
                self.claim(&key, luid, 0);
                self.count(index, |it| it.outcome.received.changed += 1);
            }
            Policy::Merge => {
                let merged = merge::merge(base.as_ref(), stored, body, supported.as_ref());
                if merged.differs_from_stored {
                    // What differs from what the server has is nobody's own: it goes there with the next changes.
                    let origin =
                        if merged.differs_from_arriving { String::new() } else { self.peer.id.0.clone() };
                    self.write_body(&key, merged.body, origin, false);
                    self.count(index, |it| it.outcome.received.changed += 1);
                    self.claim(&key, luid, 0);
                } else {
                    let taken = if merged.differs_from_arriving { 0 } else { standing.seq };
                    self.claim(&key, luid, taken);
                }
            }
        }
    }

    /// What was deleted here comes changed: changed beats deleted, unless what is here is to stay.
    fn revive(&mut self, index: usize, body: &Body, standing: &Standing) -> u16 {
        let policy = self.collection(&standing.key.0).map(|collection| collection.policy).unwrap_or_default();
        if standing.conflict {
            self.count(index, |it| it.outcome.conflicts += 1);
            if policy == Policy::ServerWins {
                return status::OK;
            }
        }
        self.write_body(&standing.key, body.clone(), self.peer.id.0.clone(), false);
        self.claim(&standing.key, standing.luid.clone(), standing.known);
        self.count(index, |it| it.outcome.received.changed += 1);
        status::OK
    }

    /// A record that is new here, under an id of ours.
    fn insert(&mut self, index: usize, collection: &CollectionId, body: &Body) -> Luid {
        let id = RecordId::mint(self.seed.draw());
        let luid = Luid(id.as_str().to_owned());
        let key = (collection.clone(), id);
        self.write_body(&key, body.clone(), self.peer.id.0.clone(), true);
        self.claim(&key, luid.clone(), 0);
        self.count(index, |it| it.outcome.received.added += 1);
        luid
    }

    /// A record of equal content that the server has not named yet; before it one that came in a session that broke off, should
    /// the server no longer know by which id.
    fn match_found(&mut self, index: usize, collection: &CollectionId, item: &Incoming) -> Option<Luid> {
        let compares = self.state.syncing.get(index).is_some_and(|it| it.datastore.mode.sends_all());
        let match_key = item.key.as_ref().filter(|key| compares || !matching::is_of_nothing(key))?;
        if !compares && let Some(luid) = self.came_before(index, collection, match_key) {
            return Some(luid);
        }
        let attempt = self.bookmarked(collection).attempt;
        let at = (collection.clone(), match_key.clone());
        let past = self.matched.get(&at).copied().unwrap_or(0);
        let mut rest = self.known.by_key(collection, match_key).iter().enumerate().skip(past);
        let (place, found) = rest.find(|(_, found)| {
            let key = (found.collection.clone(), found.record.clone());
            let claimed = match self.aliases.get(&key) {
                Some(now) => now.as_ref(),
                None => found.alias.as_ref(),
            };
            let acknowledged = self.acknowledged.contains_key(&key);
            // What is claimed from before is to be named again where everything is, and else is another of the server's.
            let free = claimed.is_none_or(|alias| compares && alias.generation < attempt);
            !acknowledged && !self.touched.contains(&key) && free
        })?;
        let key = (found.collection.clone(), found.record.clone());
        let (seq, luid) = (found.seq, found.alias.as_ref().and_then(|alias| alias.luid.clone()));
        self.matched.insert(at, place + 1);
        let luid = luid.unwrap_or_else(|| Luid(key.1.as_str().to_owned()));
        self.claim(&key, luid.clone(), seq);
        Some(luid)
    }

    /// A record that came in the session that broke off, or went out in it: a server that has forgotten that session sends it as
    /// something new.
    fn came_before(&mut self, index: usize, collection: &CollectionId, match_key: &str) -> Option<Luid> {
        self.state.syncing.get(index).filter(|syncing| syncing.after_break)?;
        let cursor = self.bookmarked(collection).confirmed.cursor;
        let before = self.known.by_key(collection, match_key).iter().find_map(|found| {
            let luid = found.alias.as_ref()?.luid.clone()?;
            let taken = |map: &MapDue| map.old && map.taken && map.luid == luid.0;
            let came = self.maps.iter().find(|((of, _), map)| of == collection && taken(map));
            let went = found.seq > cursor && found.alias.as_ref().is_some_and(|alias| alias.seq >= found.seq);
            let new = !self.touched.contains(&(collection.clone(), found.record.clone()));
            let known = came.is_some() || (went && new && !self.named.contains(&luid));
            known.then(|| (came.map(|(at, _)| at.clone()), luid))
        });
        let (at, luid) = before?;
        at.and_then(|at| self.maps.remove(&at));
        self.named.insert(luid.clone());
        Some(luid)
    }

    fn delete(&mut self, index: usize, change: &ChangeStep, item: &Incoming) -> u16 {
        let Some(collection) = self.state.syncing.get(index).map(|it| it.datastore.collection.clone()) else {
            return status::NOT_FOUND;
        };
        if change.soft {
            // The server would have us drop it and call it still here.
            return status::NOT_SUPPORTED;
        }
        let Some(luid) = luid_of(item) else { return status::INCOMPLETE_COMMAND };
        let Some(standing) = self.standing(index, &collection, luid) else { return status::NOT_DELETED };
        self.drop_alias(&standing.key);
        if !standing.content.is_live() {
            return status::OK;
        }
        let policy = self.collection(&collection).map(|collection| collection.policy).unwrap_or_default();
        if standing.conflict && policy != Policy::ClientWins {
            // Changed beats deleted: without an alias it goes to the server as something new.
            self.count(index, |it| it.outcome.conflicts += 1);
            return status::OK;
        }
        self.write_deleted(standing.key);
        self.count(index, |it| it.outcome.received.deleted += 1);
        if change.archive { status::DELETED_WITHOUT_ARCHIVE } else { status::OK }
    }

    /// Writes a record.
    pub fn write_body(&mut self, key: &Key, body: Body, origin: String, insert: bool) {
        let (collection, id) = key.clone();
        let match_key = matching::key(&body);
        self.change(Change {
            collection,
            id,
            content: Content::Body(body),
            parent: None,
            key: match_key,
            origin,
            insert,
            supersede: !insert,
        });
    }

    /// Deletes a record.
    pub fn write_deleted(&mut self, (collection, id): Key) {
        self.change(Change {
            collection,
            id,
            content: Content::Deleted,
            parent: None,
            key: None,
            origin: self.peer.id.0.clone(),
            insert: false,
            supersede: true,
        });
    }

    /// The properties the server can hold in this form, as its DevInf says; `None` where it does not say.
    pub fn supported(&self, index: usize, form: &Form) -> Option<Supported> {
        let syncing = self.state.syncing.get(index)?;
        describe::supported(self.device.as_ref()?, &syncing.datastore.source, form)
    }
}
