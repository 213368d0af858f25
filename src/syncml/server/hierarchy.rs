//! Folders: where the device's items are put, and what of a tree is read for it (DS 1.2 hierarchical sync; `syncml.md` 4.15).
//!
//! A record knows the folder it is in. The device names folders by its own ids, and a folder is there before what it holds;
//! one that is not empty is not deleted. A record whose folder is gone all the same is in none. What we send, and in what
//! order, is in `server/nested.rs`.

use super::desk::Desk;
use super::receive::Arriving;
use super::{Server, status};
use crate::journal::matching;
use crate::limits;
use crate::peer::{Alias, Luid};
use crate::record::{Body, CollectionId, Content, Form, Kind, Record, RecordId};
use crate::store::{Change, Policy, Snapshot};
use crate::syncml::inbox::Step;
use crate::syncml::message::ChangeKind;
use std::collections::{BTreeMap, BTreeSet};

/// OMA's data objects: a folder, a file, an e-mail.
pub const FORMS: [&str; 3] = [FOLDER, "application/vnd.omads-file+xml", "application/vnd.omads-email+xml"];
const FOLDER: &str = "application/vnd.omads-folder+xml";

/// Whether it is one of OMA's data objects.
pub fn is_object(form: &Form) -> bool {
    matches!(form, Form::Opaque(media_type) if FORMS.contains(&media_type.as_str()))
}

/// Whether a record is a folder.
pub fn is_folder(content: &Content) -> bool {
    content.body().is_some_and(|body| is_folder_form(&body.form))
}

/// Whether it is the form of a folder.
pub fn is_folder_form(form: &Form) -> bool {
    matches!(form, Form::Opaque(media_type) if media_type == FOLDER)
}

/// Whether a device says by it that something is in no folder.
pub fn is_none(spelt: &Luid) -> bool {
    spelt.0.trim_matches(['.', '/']).is_empty()
}

impl Desk<'_> {
    /// An Add or a Replace in a collection that has folders.
    pub fn upsert_in_folder(&mut self, arriving: Arriving<'_>, body: &Body) -> u16 {
        let Arriving { collection, datastore, item, .. } = arriving;
        let place = match self.place_of(arriving) {
            Ok(place) => place,
            Err(code) => return code,
        };
        let before = self.standing(datastore, &item.luid, Some(body));
        if let Some(before) = &before
            && self.is_inside(&collection.id, place.as_ref(), &before.alias.record)
        {
            return status::MOVE_FAILED;
        }
        let code = self.upsert(Arriving { place: place.as_ref(), ..arriving }, body);
        let (Some(place), Some(record)) = (place, self.record_of(&collection.id, &item.luid)) else {
            return code;
        };
        let key = (collection.id.clone(), record);
        let written = self.touched.contains(&key);
        let before = before.filter(|before| before.alias.record == key.1);
        let recognised = before.is_none() && !written;
        if recognised && is_folder(&Content::Body(body.clone())) {
            self.recognised.insert(key.clone(), place.clone());
        }
        if !status::is_done(code) || recognised || self.parent_now(&key) == place {
            return code;
        }
        if before.is_some_and(|before| before.conflict) {
            // Another hand has changed it, and perhaps put it elsewhere: only a Move says that the device did.
            let parent = self.parent_now(&key);
            self.put_in(key, parent, true);
        } else {
            self.put_in(key, place, false);
        }
        code
    }

    /// `Move`: another folder for an item.
    pub fn relocate(&mut self, arriving: Arriving<'_>) -> u16 {
        let Arriving { collection, datastore, index, item, .. } = arriving;
        if collection.kind != Kind::Files {
            return status::NOT_SUPPORTED;
        }
        let standing = self.standing(datastore, &item.luid, None);
        let Some(standing) = standing.filter(|standing| standing.content.is_live()) else {
            return status::NOT_FOUND;
        };
        if matches!(standing.content, Content::Large(_)) {
            return status::RETRY_LATER;
        }
        let place = match self.place_of(arriving) {
            Ok(Some(place)) => place,
            Ok(None) => return status::INCOMPLETE_COMMAND,
            Err(code) => return code,
        };
        let record = standing.alias.record.clone();
        if self.is_inside(&collection.id, Some(&place), &record) {
            return status::MOVE_FAILED;
        }
        let key = (collection.id.clone(), record.clone());
        if self.parent_now(&key) == place {
            self.tally(index, |tally| tally.same += 1);
            return status::OK;
        }
        if standing.conflict {
            self.tally(index, |tally| tally.conflicts += 1);
            if collection.policy == Policy::ServerWins {
                self.note_conflict(collection, &record, "what is here stays where it is");
                return status::CONFLICT_SERVER_WINS;
            }
            self.note_conflict(collection, &record, "moved on the device, and changed here");
        }
        self.claim(datastore, record, item.luid.clone(), standing.alias.seq);
        self.put_in(key, place, standing.conflict);
        self.tally(index, |tally| tally.changed += 1);
        if standing.conflict { status::CONFLICT_MERGED } else { status::OK }
    }

    /// The folder an item is to be in, or in none (`/`); `None` where it does not say. The refusal where there is no such folder.
    fn place_of(&self, arriving: Arriving<'_>) -> Result<Option<Option<RecordId>>, u16> {
        let Arriving { datastore, item, kind, .. } = arriving;
        let Some(spelt) = &item.parent else { return Ok(None) };
        if is_none(spelt) {
            return Ok(Some(None));
        }
        let Some(folder) = self.standing(datastore, spelt, None) else {
            let id = self.record_of(&datastore.collection, spelt).ok_or(status::NOT_FOUND)?;
            let known = self.recognised.contains_key(&(datastore.collection.clone(), id.clone()));
            return if known { Ok(Some(Some(id))) } else { Err(status::NOT_FOUND) };
        };
        match is_folder(&folder.content) {
            true => Ok(Some(Some(folder.alias.record))),
            false if kind == ChangeKind::Move && folder.content.is_live() => Err(status::MOVE_FAILED),
            false => Err(status::NOT_FOUND),
        }
    }

    /// Whether a place is a record itself, or somewhere in it; also where that cannot be told.
    fn is_inside(
        &self,
        collection: &CollectionId,
        place: Option<&Option<RecordId>>,
        record: &RecordId,
    ) -> bool {
        let mut above = place.cloned().flatten();
        for _ in 0..limits::FOLDERS_DEEP_MAX {
            let Some(folder) = above else { return false };
            if folder == *record {
                return true;
            }
            above = self.parent_now(&(collection.clone(), folder));
        }
        above.is_some()
    }

    /// The folder a record is in, as this turn knows it by now.
    pub fn parent_now(&self, key: &(CollectionId, RecordId)) -> Option<RecordId> {
        match self.touched.find(&self.batch.changes, key) {
            Some(change) => change.parent.clone(),
            None => match self.known.record(&key.0, &key.1) {
                Some(record) => record.parent.clone(),
                None => self.recognised.get(key).cloned().flatten(),
            },
        }
    }

    /// The record a device's id means, wherever that was said.
    pub fn record_of(&self, collection: &CollectionId, luid: &Luid) -> Option<RecordId> {
        match self.luids.get(&(collection.clone(), luid.clone())) {
            Some(now) => now.clone(),
            None => self.known.by_luid(collection, luid).map(|held| held.alias.record.clone()),
        }
    }

    /// Puts a record into a folder; with `goes_back` the device is told how it is now.
    fn put_in(&mut self, key: (CollectionId, RecordId), parent: Option<RecordId>, goes_back: bool) {
        let origin = if goes_back { String::new() } else { self.peer.id.0.clone() };
        self.sends_back |= goes_back;
        if let Some(change) = self.touched.find_mut(&mut self.batch.changes, &key) {
            change.parent = parent;
            change.origin = if goes_back { origin } else { std::mem::take(&mut change.origin) };
            return;
        }
        let Some(record) = self.known.record(&key.0, &key.1) else { return };
        if matches!(record.content, Content::Large(_)) {
            return;
        }
        let content = record.content.clone();
        self.change(Change {
            collection: key.0,
            id: key.1,
            key: content.body().and_then(matching::key),
            content,
            parent,
            origin,
            insert: false,
            supersede: true,
        });
    }

    /// Whether anything is in a folder, as this turn leaves it.
    pub fn has_children(&self, collection: &CollectionId, folder: &RecordId) -> bool {
        let inside = |change: &Change| {
            change.parent.as_ref() == Some(folder)
                && change.collection == *collection
                && change.content.is_live()
        };
        let stays = |child: &RecordId| !self.touched.contains(&(collection.clone(), child.clone()));
        self.known.children(collection, folder).iter().any(|child| stays(child))
            || self.batch.changes.iter().any(inside)
    }
}

// --------------------------------------------------------------------------------------------------------- what is read

/// What of its trees a message needs to know.
#[derive(Debug, Default)]
pub struct Folders {
    /// Folders above what is on the page, and above where something is moved to.
    pub above: BTreeMap<String, BTreeSet<RecordId>>,
    /// Folders to be deleted, if they are empty.
    pub emptied: BTreeMap<String, BTreeSet<RecordId>>,
    asked: bool,
}

impl Server<'_> {
    /// What may have been staged before in a refresh (`server/refresh.rs`) of what the message needs to know of folders: those that
    /// items are to be in, and those that come again.
    pub fn folders_staged(&self) -> Vec<(String, Vec<Luid>)> {
        let mut found: BTreeMap<String, Vec<Luid>> = BTreeMap::new();
        for step in &self.inbox.steps {
            let Step::Change(change) = step else { continue };
            for item in change.items.iter().filter(|item| item.parent.is_some()) {
                let folder = item.body.as_ref().is_ok_and(|body| is_folder_form(&body.form));
                let luids =
                    item.parent.iter().filter(|luid| !is_none(luid)).chain(folder.then_some(&item.luid));
                let luids = luids.filter(|luid| luid.0.len() <= RecordId::BYTES_MAX).cloned();
                found.entry(change.path.clone()).or_default().extend(luids);
            }
        }
        found.retain(|_, luids| !luids.is_empty());
        found.into_iter().collect()
    }

    /// Whether more of the folders has to be read than is known: what is in those to be deleted, and what is above those that
    /// the device does not know, or that something is moved to.
    pub fn wants_folders(&mut self, snapshot: &Snapshot) -> bool {
        let has_folders: BTreeSet<&CollectionId> =
            snapshot.collections.iter().filter(|c| c.kind == Kind::Files).map(|c| &c.id).collect();
        if has_folders.is_empty() || std::mem::replace(&mut self.needed.folders.asked, true) {
            return false;
        }
        self.wants_children(snapshot, &has_folders);
        let moves = self.moves(snapshot);
        let read = Read::of(snapshot);
        for record in read.records.values().filter(|record| has_folders.contains(&record.collection)) {
            let Some(parent) = &record.parent else { continue };
            let starts = read.starts.contains(&(&record.collection, &record.id));
            if moves || (starts && !read.is_held(&record.collection, parent)) {
                let above = self.needed.folders.above.entry(record.collection.0.clone()).or_default();
                above.insert(parent.clone());
            }
        }
        !self.needed.folders.above.is_empty() || !self.needed.folders.emptied.is_empty()
    }

    fn wants_children(&mut self, snapshot: &Snapshot, has_folders: &BTreeSet<&CollectionId>) {
        let by_luid: BTreeMap<_, _> = snapshot
            .held
            .iter()
            .filter_map(|held| {
                Some(((&held.alias.collection, held.alias.luid.as_ref()?), held.record.as_ref()?))
            })
            .collect();
        let mut emptied = std::mem::take(&mut self.needed.folders.emptied);
        for step in &self.work().steps {
            let Step::Change(change) = step else { continue };
            let Some(collection) = snapshot.collection_at(&change.path) else { continue };
            if change.kind != ChangeKind::Delete || !has_folders.contains(&collection.id) {
                continue;
            }
            let records = change.items.iter().filter_map(|item| by_luid.get(&(&collection.id, &item.luid)));
            let folders = records.filter(|record| is_folder(&record.content)).map(|record| record.id.clone());
            emptied.entry(collection.id.0.clone()).or_default().extend(folders);
        }
        emptied.retain(|_, folders| !folders.is_empty());
        self.needed.folders.emptied = emptied;
    }

    /// Whether the message moves a folder, so that it might be moved into itself.
    fn moves(&self, snapshot: &Snapshot) -> bool {
        let folders: BTreeSet<&Luid> = snapshot
            .held
            .iter()
            .filter(|held| held.record.as_ref().is_some_and(|record| is_folder(&record.content)))
            .filter_map(|held| held.alias.luid.as_ref())
            .collect();
        self.work().steps.iter().any(|step| match step {
            Step::Change(change) => {
                change.items.iter().any(|item| item.parent.is_some() && folders.contains(&item.luid))
            }
            _ => false,
        })
    }
}

/// A snapshot, by record.
struct Read<'a> {
    records: BTreeMap<(&'a CollectionId, &'a RecordId), &'a Record>,
    /// Those whose folders the device must know.
    starts: BTreeSet<(&'a CollectionId, &'a RecordId)>,
    aliases: BTreeMap<(&'a CollectionId, &'a RecordId), &'a Alias>,
    believed: BTreeMap<&'a CollectionId, i64>,
}

impl<'a> Read<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let page = || snapshot.page.iter().map(|outgoing| &outgoing.record);
        let held = snapshot.held.iter().filter_map(|held| held.record.as_ref());
        let key = |record: &'a Record| (&record.collection, &record.id);
        let of_page = snapshot.page.iter().filter_map(|outgoing| outgoing.alias.as_ref());
        let of_targets = snapshot.targets.iter().filter_map(|target| target.alias.as_ref());
        let of_held = snapshot.held.iter().map(|held| &held.alias);
        let believed = snapshot.bookmarks.iter().map(|bookmark| match bookmark.sending_all {
            true => (&bookmark.collection, bookmark.attempt),
            false => (&bookmark.collection, bookmark.confirmed.generation),
        });
        Self {
            records: page()
                .chain(held)
                .chain(&snapshot.records)
                .map(|record| (key(record), record))
                .collect(),
            starts: page().chain(&snapshot.records).map(key).collect(),
            aliases: of_page
                .chain(of_targets)
                .chain(of_held)
                .map(|alias| ((&alias.collection, &alias.record), alias))
                .collect(),
            believed: believed.collect(),
        }
    }

    /// Whether the device has a name for it.
    fn is_held(&self, collection: &CollectionId, record: &RecordId) -> bool {
        let believed = self.believed.get(collection).copied().unwrap_or(0);
        let alias = self.aliases.get(&(collection, record));
        alias.is_some_and(|alias| alias.luid.is_some() && alias.generation >= believed)
    }
}
