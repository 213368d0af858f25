//! The records that a turn changes, each with its place in the batch. What was read of them is no longer so.

use crate::record::{CollectionId, RecordId};
use crate::store::Change;
use std::collections::BTreeMap;

/// A record of a collection.
type Key = (CollectionId, RecordId);

/// Where in the batch's changes a record's stands.
#[derive(Clone, Debug, Default)]
pub struct Touched(BTreeMap<Key, usize>);

impl Touched {
    /// Changes a record; a second change in the same turn replaces the first.
    pub fn change(&mut self, changes: &mut Vec<Change>, change: Change) {
        let key = (change.collection.clone(), change.id.clone());
        match self.find_mut(changes, &key) {
            Some(before) => {
                let insert = before.insert;
                *before = change;
                before.insert = insert;
            }
            None => {
                self.0.insert(key, changes.len());
                changes.push(change);
            }
        }
    }

    /// Whether this turn changed a record.
    pub fn contains(&self, key: &Key) -> bool {
        self.0.contains_key(key)
    }

    /// The change of a record.
    pub fn find<'a>(&self, changes: &'a [Change], key: &Key) -> Option<&'a Change> {
        changes.get(*self.0.get(key)?)
    }

    /// The same, to be changed itself.
    pub fn find_mut<'a>(&self, changes: &'a mut [Change], key: &Key) -> Option<&'a mut Change> {
        changes.get_mut(*self.0.get(key)?)
    }

    /// The records, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.keys()
    }
}
