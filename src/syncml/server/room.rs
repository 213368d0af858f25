//! No more is added to a device than it has room for (DS 1.2 section 6.8: a server MUST heed `Mem`).
//!
//! What is left out waits, however long: people make room, and then it comes. What a refusal costs otherwise is said in
//! `send.rs`, at the end of a session.

use super::desk::Desk;
use crate::record::Record;
use crate::syncml::message::Memory;
use crate::syncml::session::Datastore;

impl Desk<'_> {
    /// What a `Sync` says of the device's room, the latest of them.
    pub fn hear_room(&mut self, index: usize, memory: Option<&Memory>) {
        if let (Some(memory), Some(datastore)) = (memory, self.state.datastores.get_mut(index)) {
            datastore.room.hear(memory);
        }
    }

    /// Whether an Add of so many bytes fits in; what does not is left for a session that has room for it.
    pub fn fits_in(&mut self, index: usize, record: &Record, bytes: usize) -> bool {
        let Some(datastore) = self.state.datastores.get_mut(index) else { return true };
        if datastore.room.takes(bytes) {
            return true;
        }
        datastore.hold(record.seq);
        if !std::mem::replace(&mut datastore.room.full, true) {
            self.notes.push(format!("the device has no room for more in {}", record.collection.0));
        }
        false
    }

    /// An Add of so many bytes is on its way.
    pub fn fill_room(&mut self, index: usize, bytes: usize) {
        let shared = self.state.datastores.get(index).is_some_and(|datastore| datastore.room.shared);
        let same = |(other, datastore): &(usize, &mut Datastore)| {
            *other == index || (shared && datastore.room.shared)
        };
        self.state.datastores.iter_mut().enumerate().filter(same).for_each(|(_, d)| d.room.fill(bytes));
    }
}
