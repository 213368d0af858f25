//! What was read, found by what it is called: a message of thousands of items looks each up once.

use crate::journal::matching::MatchKey;
use crate::peer::Luid;
use crate::record::{CollectionId, RecordId};
use crate::store::{Found, Held, Snapshot, Target};
use std::collections::{BTreeMap, BTreeSet};

/// A snapshot's records by the names that a message may give them.
pub struct Shelf<'a> {
    by_luid: BTreeMap<(CollectionId, Luid), &'a Held>,
    by_record: BTreeMap<(CollectionId, RecordId), &'a Held>,
    by_key: BTreeMap<(CollectionId, MatchKey), Vec<&'a Found>>,
    by_target: BTreeMap<(CollectionId, String), &'a Target>,
    mapped: BTreeSet<(CollectionId, RecordId)>,
}

impl<'a> Shelf<'a> {
    /// A snapshot, sorted.
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let mut by_key: BTreeMap<_, Vec<&Found>> = BTreeMap::new();
        for found in &snapshot.found {
            by_key.entry((found.collection.clone(), found.key.clone())).or_default().push(found);
        }
        let named = |held: &'a Held| Some(((held.alias.collection.clone(), held.alias.luid.clone()?), held));
        Self {
            by_luid: snapshot.held.iter().filter_map(named).collect(),
            by_record: snapshot
                .held
                .iter()
                .map(|held| ((held.alias.collection.clone(), held.alias.record.clone()), held))
                .collect(),
            by_key,
            by_target: snapshot
                .targets
                .iter()
                .map(|target| ((target.collection.clone(), target.target.clone()), target))
                .collect(),
            mapped: snapshot.targets.iter().map(|t| (t.collection.clone(), t.record.clone())).collect(),
        }
    }

    /// What a device's id names.
    pub fn held_as(&self, id: &(CollectionId, Luid)) -> Option<&'a Held> {
        self.by_luid.get(id).copied()
    }

    /// What the device holds of a record.
    pub fn held_of(&self, record: &(CollectionId, RecordId)) -> Option<&'a Held> {
        self.by_record.get(record).copied()
    }

    /// The records of equal content, unclaimed ones first.
    pub fn found_with(&self, collection: &CollectionId, key: &MatchKey) -> &[&'a Found] {
        self.by_key.get(&(collection.clone(), key.clone())).map(Vec::as_slice).unwrap_or_default()
    }

    /// What a Map names on our side.
    pub fn target(&self, collection: &CollectionId, name: &str) -> Option<&'a Target> {
        self.by_target.get(&(collection.clone(), name.to_owned())).copied()
    }

    /// Whether a Map of this message names the record.
    pub fn is_mapped(&self, record: &(CollectionId, RecordId)) -> bool {
        self.mapped.contains(record)
    }
}
