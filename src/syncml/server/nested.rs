//! Folders on their way out: a folder goes before what is in it, and every item says where it belongs (`syncml.md` 4.15).

use super::desk::Desk;
use super::send::Due;
use crate::limits;
use crate::record::{CollectionId, Kind, Record, RecordId};
use crate::store::Outgoing;
use crate::syncml::message::{Item, Version};
use crate::syncml::session::Datastore;
use std::collections::{BTreeMap, BTreeSet};

/// What is due of a record, and how far the position is once that is written.
pub type Dues<'a> = Vec<(i64, &'a Record, Due)>;

impl<'a> Desk<'a> {
    /// What is due, each folder that the device does not know before what is in it.
    pub fn folders_first(&self, index: usize, datastore: &Datastore, dues: Dues<'a>) -> Dues<'a> {
        if !self.has_folders(&datastore.collection) {
            return dues;
        }
        let mut slots: BTreeMap<&RecordId, (&'a Record, Due)> = BTreeMap::new();
        let order: Vec<(i64, &'a Record)> = dues.iter().map(|(seq, record, _)| (*seq, *record)).collect();
        for (_, record, due) in dues {
            let is_said =
                matches!(due, Due::Later) && self.sent_as(index, datastore, &record.id) == Some(record.seq);
            slots.insert(&record.id, (record, if is_said { Due::Nothing } else { due }));
        }
        let mut written = BTreeSet::new();
        let mut out = Vec::new();
        for (seq, record) in order {
            let Some((_, due)) = slots.remove(&record.id) else {
                out.push((seq, record, Due::Nothing));
                continue;
            };
            if !matches!(due, Due::Add(_) | Due::Replace(..)) {
                out.push((seq, record, due));
                continue;
            }
            for folder in self.folders_above(index, datastore, record, &written, &slots) {
                let due = match slots.remove(&folder.id) {
                    Some((_, due)) => due,
                    None => self.due(index, datastore, &self.outgoing(folder)),
                };
                if matches!(due, Due::Add(_)) {
                    written.insert(&folder.id);
                }
                out.push((0, folder, due));
            }
            let folder = self.folder_of(record, &slots).map(|folder| &folder.id);
            let known = folder
                .is_none_or(|folder| written.contains(folder) || self.is_there(index, datastore, folder));
            if matches!(due, Due::Add(_)) && known {
                written.insert(&record.id);
            }
            out.push((seq, record, if known { due } else { Due::Later }));
        }
        out
    }

    fn has_folders(&self, collection: &CollectionId) -> bool {
        let found = self.snapshot.collections.iter().find(|known| known.id == *collection);
        found.is_some_and(|collection| collection.kind == Kind::Files)
    }

    /// The folders above a record that the device has to be sent, the topmost first.
    fn folders_above(
        &self,
        index: usize,
        datastore: &Datastore,
        record: &'a Record,
        written: &BTreeSet<&RecordId>,
        slots: &BTreeMap<&RecordId, (&'a Record, Due)>,
    ) -> Vec<&'a Record> {
        let mut above = Vec::new();
        let mut next = self.folder_of(record, slots);
        while let Some(folder) = next.filter(|_| above.len() < limits::FOLDERS_DEEP_MAX) {
            if written.contains(&folder.id) || self.is_there(index, datastore, &folder.id) {
                break;
            }
            above.push(folder);
            next = self.folder_of(folder, slots);
        }
        above.reverse();
        above
    }

    /// The folder a record is in, unless that is gone.
    fn folder_of(
        &self,
        record: &'a Record,
        slots: &BTreeMap<&RecordId, (&'a Record, Due)>,
    ) -> Option<&'a Record> {
        let id = record.parent.as_ref()?;
        let paged = slots.get(id).map(|(record, _)| *record);
        let folder = paged.or_else(|| self.known.record_or_paged(&record.collection, id))?;
        folder.content.body().map(|_| folder)
    }

    /// Whether the device has it, or has been sent it.
    fn is_there(&self, index: usize, datastore: &Datastore, id: &RecordId) -> bool {
        self.luid_now(datastore, id).is_some() || self.sent_as(index, datastore, id).is_some()
    }

    /// The version in which a record went out as an Add in this session, while no Map has come.
    fn sent_as(&self, index: usize, datastore: &Datastore, id: &RecordId) -> Option<i64> {
        self.unanswered.added(index, id).or_else(|| datastore.unmapped.get(id).copied())
    }

    fn luid_now(&self, datastore: &Datastore, id: &RecordId) -> Option<String> {
        let key = (datastore.collection.clone(), id.clone());
        let alias = self.alias(&key, self.known.alias(&key.0, id))?;
        (alias.generation >= self.believed(datastore))
            .then(|| alias.luid.clone())
            .flatten()
            .map(|luid| luid.0)
    }

    fn outgoing(&self, record: &Record) -> Outgoing {
        let alias = self.known.alias(&record.collection, &record.id).cloned();
        Outgoing { record: record.clone(), alias }
    }

    /// Says where an item belongs: by the device's own name for the folder, or by ours where it has just been sent.
    pub fn say_folder(&mut self, index: usize, datastore: &Datastore, record: &Record, item: &mut Item) {
        if self.state.version < Version::V12 || !self.has_folders(&datastore.collection) {
            return;
        }
        let is_live = |id: &RecordId| {
            let folder = self.known.record_or_paged(&record.collection, id);
            folder.is_some_and(|folder| folder.content.body().is_some())
        };
        let there = |id: &&RecordId| is_live(id) || self.luid_now(datastore, id).is_some();
        let Some(folder) = record.parent.as_ref().filter(there) else {
            item.target_parent = Some("/".to_owned());
            return;
        };
        match self.luid_now(datastore, folder) {
            Some(luid) => item.target_parent = Some(luid),
            None if self.sent_as(index, datastore, folder).is_some() => {
                item.source_parent = self.name_for(datastore, folder).0;
            }
            None => item.target_parent = Some("/".to_owned()),
        }
    }
}
