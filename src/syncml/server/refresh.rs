//! Refresh from the client (203): what it sends is kept apart, and takes the collection's place when its package is complete
//! (DS 1.2 section 6.6; `syncml.md` 4.3).
//!
//! A record that the device may mean is kept whenever there is doubt: an item that is refused leaves it as it is.

use super::desk::Desk;
use super::receive::Arriving;
use crate::journal::merge;
use crate::limits;
use crate::record::{Body, RecordId};
use crate::store::{Refresh, Staged};
use crate::syncml::session::{Datastore, Mode};
use crate::syncml::status;

impl Datastore {
    /// Whether what arrives is kept apart.
    pub fn stages(&self) -> bool {
        self.mode == Mode::RefreshFromClient && !self.refreshed
    }
}

impl Desk<'_> {
    /// Keeps an item apart. Of a record the device had before, what it cannot hold stays.
    pub fn stage(&mut self, arriving: Arriving<'_>, body: &Body) -> u16 {
        let Arriving { datastore, index, item, .. } = arriving;
        let supported = self.supported(datastore, &body.form);
        let held = self.standing(datastore, &item.luid, Some(body));
        let (record, code, body, key) = match &held {
            None => (RecordId::mint(self.seed.draw()), status::ITEM_ADDED, body.clone(), item.key.clone()),
            Some(standing) => {
                let replaced =
                    standing.content.body().map(|stored| merge::replace(stored, body, supported.as_ref()));
                (standing.alias.record.clone(), status::OK, replaced.unwrap_or_else(|| body.clone()), None)
            }
        };
        if body.bytes.len() > limits::RECORD_BYTES_MAX {
            return status::ENTITY_TOO_LARGE;
        }
        let key = key.or_else(|| crate::journal::matching::key(&body));
        let collection = datastore.collection.clone();
        self.batch.staged.push(Staged { collection, luid: item.luid.clone(), record, body: Some(body), key });
        self.tally(index, |tally| match code {
            status::ITEM_ADDED => tally.added += 1,
            _ => tally.changed += 1,
        });
        code
    }

    /// An item that is refused: the record that the device means by it stays as it is.
    pub fn stage_refused(&mut self, arriving: Arriving<'_>) {
        let Arriving { datastore, item, .. } = arriving;
        let held = self.known.by_luid(&datastore.collection, &item.luid);
        let Some(record) = held.map(|held| held.alias.record.clone()) else { return };
        let (collection, luid) = (datastore.collection.clone(), item.luid.clone());
        self.batch.staged.push(Staged { collection, luid, record, body: None, key: None });
    }

    /// Package 3 is complete: refreshes take their place. A datastore that is sent no `Sync`, but needs none, has had it.
    pub fn expect_nothing_more(&mut self) {
        for index in 0..self.state.datastores.len() {
            let Some(datastore) = self.state.datastores.get(index).cloned() else { continue };
            if !datastore.received && (datastore.resumed || !datastore.mode.receives()) {
                self.receives_from_now(index);
            }
            if !datastore.received || datastore.failed || !datastore.stages() {
                continue;
            }
            let collection = datastore.collection.clone();
            if self.is_read_only(&datastore) {
                self.notes.push(format!("{} is read-only and stays as it is", collection.0));
                continue;
            }
            if !datastore.trusted {
                self.begin_another_life(&collection);
            }
            let generation = self.bookmarked(&collection).attempt;
            self.batch.refreshed.push(Refresh { collection, generation });
            if let Some(datastore) = self.state.datastores.get_mut(index) {
                datastore.refreshed = true;
            }
        }
    }

    fn is_read_only(&self, datastore: &Datastore) -> bool {
        self.snapshot.collections.iter().any(|c| c.id == datastore.collection && c.read_only)
    }

    /// Nobody knows whether a package without its end was all: nothing is replaced.
    pub fn leave_refreshes(&mut self) {
        for datastore in self.state.datastores.iter_mut().filter(|datastore| datastore.stages()) {
            datastore.failed = true;
            self.notes.push(format!("{} stays as it is: its package has no end", datastore.collection.0));
        }
    }
}
