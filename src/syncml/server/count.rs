//! How many changes the device is told to expect: `NumberOfChanges` (DS 1.2 section 9.2; `syncml.md` 4.7).

use super::desk::Desk;
use crate::peer::Alias;
use crate::record::{CollectionId, RecordId};
use crate::syncml::session::Datastore;

impl Desk<'_> {
    /// How many changes the device is to expect where the page was cut: what was due when it was read, less what this very
    /// message has settled. `None` where it was not counted.
    pub fn total(&self, datastore: &Datastore) -> Option<u64> {
        if datastore.filters_items() {
            return None;
        }
        let total =
            self.snapshot.totals.iter().find(|(collection, _)| *collection == datastore.collection)?.1;
        let mine = self.aliases.iter().filter(|((collection, _), _)| *collection == datastore.collection);
        let settled =
            mine.filter(|(key, alias)| self.was_due(datastore, key) && !self.is_due(key, alias.as_ref()));
        Some(total.saturating_sub(settled.count() as u64))
    }

    /// Whether a record that this message named was due when it was read.
    fn was_due(&self, datastore: &Datastore, key: &(CollectionId, RecordId)) -> bool {
        let alias = self.known.alias(&key.0, &key.1);
        let attempt = self.bookmarked(&key.0).attempt;
        if datastore.mode.sends_all() && alias.is_none_or(|alias| alias.generation < attempt) {
            let new = self.touched.find(&self.batch.changes, key);
            return !new.is_some_and(|change| change.insert);
        }
        let record = self.known.record(&key.0, &key.1);
        record.is_some_and(|record| {
            record.origin != self.peer.id.0
                && record.seq > self.bookmarked(&key.0).position
                && alias.is_none_or(|alias| alias.seq < record.seq)
        })
    }

    /// Whether it still is, as this message leaves it.
    fn is_due(&self, key: &(CollectionId, RecordId), alias: Option<&Alias>) -> bool {
        let now = self.changed(&key.0, &key.1);
        if now.is_some() {
            let change = self.touched.find(&self.batch.changes, key);
            return change.is_some_and(|change| change.origin.is_empty());
        }
        let seq = self.known.record(&key.0, &key.1).map_or(0, |record| record.seq);
        alias.is_none_or(|alias| alias.seq < seq)
    }

    pub fn counts_changes(&self) -> bool {
        self.device.as_ref().is_some_and(|device| device.number_of_changes)
    }
}
