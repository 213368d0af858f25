//! Package 3: the device's changes, each applied or refused with its own status (DS 1.2 section 6.4; `syncml.md` 3.3).
//!
//! A conflict is a record that moved past what this device has of it, by another's hand. Whatever is decided here about content is
//! said in `journal/merge.rs`; here is what becomes of records, aliases and statuses.

use super::desk::Desk;
use crate::journal::matching::{self, MatchKey};
use crate::journal::merge::{self, Supported};
use crate::peer::{Alias, Luid, Place};
use crate::record::{Body, CollectionId, Content, Form, Kind, Record, RecordId, Seq};
use crate::store::{Change, Collection, Policy};
use crate::syncml::describe;
use crate::syncml::inbox::{ChangeStep, Incoming, SyncStep};
use crate::syncml::message::{ChangeKind, Version};
use crate::syncml::session::{Datastore, Mode, PendingStatus};
use crate::syncml::status;

/// An item on its way in: what it is, and where it goes.
#[derive(Clone, Copy)]
pub struct Arriving<'a> {
    pub collection: &'a Collection,
    pub datastore: &'a Datastore,
    /// The datastore's index in the session.
    pub index: usize,
    pub kind: ChangeKind,
    pub item: &'a Incoming,
    /// The folder it is to be in, where folders matter.
    pub place: Option<&'a Option<RecordId>>,
}

impl Arriving<'_> {
    /// The status of an item that was here already.
    pub fn done(&self) -> u16 {
        match (self.kind, self.datastore.mode) {
            (ChangeKind::Add, mode) if mode.compares() => status::ITEM_ADDED,
            _ => status::OK,
        }
    }
}

/// What this turn knows of the record behind a device's id.
pub struct Standing {
    pub alias: Alias,
    pub content: Content,
    pub seq: Seq,
    /// Whether another hand changed it since the device last knew.
    pub conflict: bool,
    pub base: Option<Body>,
    /// What broken sessions have sent of it since: the device may have any of them.
    pub sent: Vec<Body>,
}

impl Standing {
    /// Whether the device sent what it last acknowledged, as far as it can hold it.
    pub fn unchanged(&self, body: &Body, supported: Option<&Supported>) -> bool {
        self.base.iter().chain(&self.sent).any(|known| merge::replace(known, body, supported) == *known)
    }
}

impl Desk<'_> {
    /// A `Sync` begins.
    pub fn open_sync(&mut self, sync: &crate::syncml::inbox::SyncStep) {
        let code = match self.datastore(&sync.path) {
            Some((_, datastore)) if self.forced_slow_now(datastore) => status::REFRESH_REQUIRED,
            Some((index, _)) => {
                self.receives_from_now(index);
                self.hear_room(index, sync.memory.as_ref());
                status::OK
            }
            None => self.refusal_of(sync),
        };
        let (targets, sources) = (vec![sync.target.clone()], vec![sync.source.clone()]);
        self.status(sync.silent, &sync.command, "Sync", &targets, &sources, code);
    }

    /// The device begins to say what it has. One that closed a package before it had said anything (Funambol's say `Final` with
    /// every 222) was taken for one that leaves this datastore alone.
    pub fn receives_from_now(&mut self, index: usize) {
        let Some(datastore) = self.state.datastores.get_mut(index) else { return };
        let first = !std::mem::replace(&mut datastore.received, true) && !datastore.resumed;
        let (collection, mode, trusted) = (datastore.collection.clone(), datastore.mode, datastore.trusted);
        let finished = datastore.finished;
        // Before a refresh from the server the device empties itself.
        let emptied = mode == Mode::RefreshFromServer;
        if first && (emptied || (mode == Mode::Slow && !trusted)) {
            self.begin_another_life(&collection);
        }
        if !finished && mode.sends() && !self.bookmarked(&collection).sending {
            self.start_sending(&collection, mode);
            self.look(index);
        }
    }

    /// The device was reset and now says what it holds: its ids of before mean nothing by themselves, and should an old backup of
    /// it come back with an old anchor, it has to compare too. Not sooner: a device that turns back at the door is as it was.
    pub fn begin_another_life(&mut self, collection: &CollectionId) {
        let bookmark = self.bookmark(collection);
        let own_anchor = std::mem::take(&mut bookmark.offered).own_anchor;
        let left_out = std::mem::take(&mut bookmark.confirmed.left_out);
        bookmark.confirmed = Place { generation: bookmark.attempt, own_anchor, left_out, ..Place::default() };
    }

    fn refusal_of(&self, sync: &SyncStep) -> u16 {
        if self.collection(&sync.path).is_some() { status::FORBIDDEN } else { status::NOT_FOUND }
    }

    /// Whether this very message asked for a normal sync of it and was told to do a slow one: its changes are not taken, the
    /// device sends everything again (DS 1.2, 6.12).
    fn forced_slow_now(&self, datastore: &Datastore) -> bool {
        self.forced.contains(&datastore.collection)
    }

    /// A change inside a `Sync`: every item gets its own code; equal codes share a status.
    pub fn receive(&mut self, change: &ChangeStep) {
        let Some((index, datastore)) = self.datastore(&change.path) else {
            let code =
                if self.collection(&change.path).is_some() { status::FORBIDDEN } else { status::NOT_FOUND };
            return self.answer_items(change, &vec![code; change.items.len()]);
        };
        if self.forced_slow_now(datastore) {
            return self.answer_items(change, &vec![status::REFRESH_REQUIRED; change.items.len()]);
        }
        if !datastore.mode.receives() {
            return self.answer_items(change, &vec![status::FORBIDDEN; change.items.len()]);
        }
        if change.too_many || self.owes_too_much() {
            return self.put_off(index, change);
        }
        let Some(collection) = self.collection(&change.path) else { return };
        // Nothing here looks at what waits for Maps, and thousands may.
        let unmapped = self.state.datastores.get_mut(index).map(|open| std::mem::take(&mut open.unmapped));
        let Some(datastore) = self.state.datastores.get(index).cloned() else { return };
        let arriving = |item| Arriving {
            collection,
            datastore: &datastore,
            index,
            kind: change.kind,
            item,
            place: None,
        };
        // Nothing of a command follows a piece of which more is to come.
        let whole = change.items.iter().position(|item| item.more).map_or(change.items.len(), |cut| cut + 1);
        let mut codes: Vec<u16> =
            change.items.iter().take(whole).map(|item| self.receive_item(arriving(item), change)).collect();
        codes.resize(change.items.len(), status::BAD_REQUEST);
        if let Some(open) = self.state.datastores.get_mut(index) {
            open.unmapped = unmapped.unwrap_or_default();
        }
        self.answer_items(change, &codes);
    }

    fn answer_items(&mut self, change: &ChangeStep, codes: &[u16]) {
        let codes = self.oblige_in_codes(codes);
        for status in PendingStatus::of_items(change, &codes) {
            self.push_status(change.silent, status);
        }
    }

    fn receive_item(&mut self, arriving: Arriving<'_>, change: &ChangeStep) -> u16 {
        let Arriving { collection, index, item, .. } = arriving;
        let before = self.state.datastores.get(index).map(|datastore| datastore.tally).unwrap_or_default();
        let known = self.record_of(&collection.id, &item.luid);
        if change.kind == ChangeKind::Delete {
            self.interrupt();
        }
        let code = if item.luid.0.is_empty() || item.luid.0.len() > RecordId::BYTES_MAX {
            status::INCOMPLETE_COMMAND
        } else {
            let compared = matches!(change.kind, ChangeKind::Add | ChangeKind::Replace);
            match change.kind {
                kind if collection.read_only && (arriving.datastore.stages() || !compared) => {
                    self.refuse_locked(arriving, kind)
                }
                ChangeKind::Delete => self.delete(arriving, change),
                ChangeKind::Copy | ChangeKind::Move if arriving.datastore.stages() => status::FORBIDDEN,
                ChangeKind::Copy => self.copy(arriving),
                ChangeKind::Move => self.relocate(arriving),
                _ => self.piece(arriving).unwrap_or_else(|| self.take_item(arriving)),
            }
        };
        if code >= 300 {
            if arriving.datastore.stages() {
                self.stage_unsaid(arriving);
            }
            self.tally(index, |tally| tally.refused += 1);
            let luid: String = item.luid.0.chars().filter(|c| !c.is_control()).take(40).collect();
            self.notes.push(format!("{} {} of {luid}: {code}", collection.id.0, change.kind.name()));
        }
        self.watch_received(arriving, &change.command, before, known, code);
        code
    }

    /// An Add or a Replace: which of the two matters little (phones send Replace for new items, and Add for known ones).
    pub fn upsert(&mut self, arriving: Arriving<'_>, body: &Body) -> u16 {
        let Arriving { datastore, index, kind, item, .. } = arriving;
        let standing = self.standing(datastore, &item.luid, Some(body));
        // A device that adds under the id of what we told it to delete has deleted it.
        let renamed = |standing: &Standing| kind == ChangeKind::Add && standing.alias.seq == Alias::UNSURE;
        match standing.filter(|standing| !renamed(standing)) {
            Some(mut standing) => match std::mem::replace(&mut standing.content, Content::Deleted) {
                Content::Deleted => self.revive(arriving, body, standing),
                _ if self.is_too_heavy(arriving, body) => self.update_unread(arriving, body, standing),
                Content::Body(stored) => self.update(arriving, body, standing, stored),
                // More large ones in one message than are read for it.
                Content::Large(_) => status::RETRY_LATER,
            },
            None => match self.match_found(arriving) {
                Some((record, seq)) => {
                    self.claim(datastore, record, item.luid.clone(), seq);
                    self.tally(index, |tally| tally.same += 1);
                    if kind == ChangeKind::Add { status::ITEM_ADDED } else { status::OK }
                }
                None => {
                    self.insert(arriving, body);
                    self.tally(index, |tally| tally.added += 1);
                    status::ITEM_ADDED
                }
            },
        }
    }

    /// The record behind a device's id, where the id may be believed: of a device that may have been reset, where what it sends
    /// under the id is what it last had.
    pub fn standing(&self, datastore: &Datastore, luid: &Luid, body: Option<&Body>) -> Option<Standing> {
        let id = (datastore.collection.clone(), luid.clone());
        if let Some(now) = self.luids.get(&id) {
            return self.standing_of_this_turn(datastore, now.as_ref()?);
        }
        let held = self.known.by_luid(&datastore.collection, luid)?;
        if self.aliases.contains_key(&(datastore.collection.clone(), held.alias.record.clone())) {
            return None;
        }
        let bookmark = self.bookmarked(&datastore.collection);
        let believed = if datastore.mode.compares() && !datastore.trusted {
            bookmark.attempt
        } else {
            bookmark.confirmed.generation
        };
        let record = held.record.as_ref()?;
        let standing = self.standing_of(held.alias.clone(), record, held.base.clone());
        let known = datastore.mode.compares()
            && standing.content.body().zip(body).is_some_and(|(stored, body)| {
                let supported = self.supported(datastore, &body.form);
                standing.unchanged(body, supported.as_ref())
                    || merge::replace(stored, body, supported.as_ref()) == *stored
            });
        (held.alias.generation >= believed || known).then_some(standing)
    }

    /// An id that this message named before, in a Map or with a change: what comes now meets what that made.
    fn standing_of_this_turn(&self, datastore: &Datastore, id: &RecordId) -> Option<Standing> {
        let key = (datastore.collection.clone(), id.clone());
        let alias = self.aliases.get(&key)?.clone()?;
        if let Some(content) = self.changed(&key.0, &key.1) {
            return Some(Standing {
                alias,
                content: content.clone(),
                seq: 0,
                conflict: false,
                base: None,
                sent: Vec::new(),
            });
        }
        let held = self.known.held(&key.0, &key.1);
        let record = self.known.record(&key.0, &key.1)?;
        Some(self.standing_of(alias, record, held.and_then(|held| held.base.clone())))
    }

    fn standing_of(&self, alias: Alias, record: &Record, base: Option<Body>) -> Standing {
        let changed = self.changed(&record.collection, &record.id);
        let versions = self.known.versions(&record.collection, &record.id).iter().copied();
        let (acknowledged, sent): (Vec<_>, Vec<_>) = versions.partition(|version| version.seq <= alias.seq);
        let body = |version: &Record| version.content.body().cloned();
        let base = base.or_else(|| acknowledged.into_iter().find_map(body));
        let alias_seq = alias.seq;
        Standing {
            alias,
            content: changed.unwrap_or(&record.content).clone(),
            seq: record.seq,
            conflict: changed.is_none() && record.seq > alias_seq && record.origin != self.peer.id.0,
            base,
            sent: sent.into_iter().filter_map(body).collect(),
        }
    }

    /// A record that is new here, under an id of ours.
    pub fn insert(&mut self, arriving: Arriving<'_>, body: &Body) {
        let Arriving { collection, datastore, item, .. } = arriving;
        let id = RecordId::mint(self.seed.draw());
        let origin = self.peer.id.0.clone();
        self.write(collection, id.clone(), body.clone(), item.key.clone(), true, origin);
        self.claim(datastore, id, item.luid.clone(), 0);
    }

    fn update(&mut self, arriving: Arriving<'_>, body: &Body, standing: Standing, stored: Body) -> u16 {
        let Arriving { collection, datastore, index, item, .. } = arriving;
        let done = arriving.done();
        if matching::is_same(body, item.key.as_ref(), &stored) {
            self.claim(
                datastore,
                standing.alias.record,
                item.luid.clone(),
                standing.seq.max(standing.alias.seq),
            );
            self.tally(index, |tally| tally.same += 1);
            return done;
        }
        self.claim(datastore, standing.alias.record.clone(), item.luid.clone(), standing.alias.seq);
        let supported = self.supported(datastore, &body.form);
        if standing.conflict && standing.unchanged(body, supported.as_ref()) {
            // Only sent because everything is sent: what happened here goes to the device with our changes.
            self.tally(index, |tally| tally.same += 1);
            return done;
        }
        if standing.conflict {
            return self.conflict(arriving, body, standing, stored);
        }
        let replaced = merge::replace(&stored, body, supported.as_ref());
        if replaced == stored {
            // The device holds all it can hold of this version.
            self.claim(
                datastore,
                standing.alias.record,
                item.luid.clone(),
                standing.seq.max(standing.alias.seq),
            );
            self.tally(index, |tally| tally.same += 1);
            return done;
        }
        if replaced.bytes.len() > self.server.settings.object_bytes_max() {
            return status::ENTITY_TOO_LARGE;
        }
        let origin = self.maker(datastore, &replaced);
        self.write(collection, standing.alias.record, replaced, None, false, origin);
        self.tally(index, |tally| tally.changed += 1);
        done
    }

    fn delete(&mut self, arriving: Arriving<'_>, change: &ChangeStep) -> u16 {
        let Arriving { collection, datastore, index, item, .. } = arriving;
        if datastore.mode.compares() {
            return status::FORBIDDEN;
        }
        let Some(standing) = self.standing(datastore, &item.luid, None) else {
            return status::NOT_DELETED;
        };
        let record = standing.alias.record.clone();
        let live = standing.content.is_live();
        if change.archive && live && self.state.version > Version::V10 {
            // No archive is kept. Since 1.1 that is said without deleting; 1.0 deletes, and says it after.
            return status::NOT_IMPLEMENTED;
        }
        if collection.kind == Kind::Files && !change.soft && self.has_children(&collection.id, &record) {
            return status::NOT_EMPTY;
        }
        self.drop_alias(&collection.id, &record, Some(&item.luid));
        match (change.soft, live) {
            // The device makes room; here the item stays.
            (true, true) => return status::OK,
            (true, false) => return status::SOFT_DELETE_CONFLICT,
            (false, false) => return status::OK,
            (false, true) => {}
        }
        if standing.conflict && collection.policy != Policy::ClientWins {
            self.tally(index, |tally| tally.conflicts += 1);
            self.note_conflict(collection, &record, "deleted on the device, but changed beats deleted");
            return status::OK;
        }
        let origin = self.peer.id.0.clone();
        self.change(Change {
            collection: collection.id.clone(),
            id: record,
            content: Content::Deleted,
            parent: None,
            key: None,
            origin,
            insert: false,
            supersede: true,
        });
        self.tally(index, |tally| tally.deleted += 1);
        if change.archive { status::DELETED_WITHOUT_ARCHIVE } else { status::OK }
    }

    /// An item that is here already: a record of equal content that no item of the device has claimed yet. Not only a slow sync
    /// looks for it: what another brought here meanwhile may have come to the device, too, by another way.
    pub fn match_found(&mut self, arriving: Arriving<'_>) -> Option<(RecordId, Seq)> {
        let Arriving { datastore, item, place, .. } = arriving;
        let compares = datastore.mode.compares();
        let key = item.key.as_ref().filter(|key| compares || !matching::is_of_nothing(key))?;
        let attempt = self.bookmarked(&datastore.collection).attempt;
        let at = (datastore.collection.clone(), key.clone());
        let past = self.matched.get(&at).copied().unwrap_or(0);
        let mut rest = self.known.by_key(&datastore.collection, key).iter().enumerate().skip(past);
        let (index, found) = rest.find(|(_, found)| {
            let record = (found.collection.clone(), found.record.clone());
            let claimed = self.alias(&record, found.alias.as_ref());
            let there = place.is_none_or(|place| found.parent == *place);
            // What is claimed from before is the device's own again in a slow sync, and in any other is another item of it.
            let free = claimed.is_none_or(|alias| compares && alias.generation < attempt);
            there && !self.touched.contains(&record) && free
        })?;
        let found = (found.record.clone(), found.seq);
        // Where folders matter, those passed over may be another item's.
        if place.is_none() || index == past {
            self.matched.insert(at, index + 1);
        }
        Some(found)
    }

    /// The device holds this record under this id, in the version of this stamp.
    pub fn claim(&mut self, datastore: &Datastore, record: RecordId, luid: Luid, seq: Seq) {
        let generation = self.bookmarked(&datastore.collection).attempt;
        let collection = datastore.collection.clone();
        let key = (collection.clone(), record.clone());
        let before = self.alias(&key, self.known.alias(&collection, &record));
        let before = before.filter(|alias| alias.luid.as_ref() == Some(&luid));
        let same = before.is_some_and(|alias| alias.generation == generation && alias.seq >= seq);
        if same && !self.aliases.contains_key(&key) {
            return;
        }
        let temporary = before.and_then(|alias| alias.temporary.clone());
        // A device that names it has not followed our Delete.
        let seq = seq.max(0);
        self.put_alias(Alias { collection, record, luid: Some(luid), temporary, generation, seq });
    }

    pub fn write(
        &mut self,
        collection: &Collection,
        id: RecordId,
        body: Body,
        key: Option<MatchKey>,
        insert: bool,
        origin: String,
    ) {
        let key = key.or_else(|| matching::key(&body));
        let parent = self.parent_now(&(collection.id.clone(), id.clone()));
        self.change(Change {
            collection: collection.id.clone(),
            id,
            content: Content::Body(body),
            parent,
            key,
            origin,
            insert,
            supersede: !insert,
        });
    }

    pub fn tally(&mut self, index: usize, count: impl Fn(&mut crate::syncml::session::Tally)) {
        if let Some(datastore) = self.state.datastores.get_mut(index) {
            count(&mut datastore.tally);
        }
    }

    /// The properties the device can hold in this form, as its DevInf says; `None` where it does not say.
    pub fn supported(&self, datastore: &Datastore, form: &Form) -> Option<Supported> {
        let device = self.device.as_ref().filter(|_| !self.quirks.ignore_ctcap);
        let said = device.and_then(|device| {
            let key = (datastore.source.clone(), form.clone());
            let listed = || describe::supported(device, &datastore.source, form);
            self.supported.borrow_mut().entry(key).or_insert_with(listed).clone()
        });
        self.within_fields(datastore, said)
    }
}
