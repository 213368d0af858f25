//! What a device has room for (MetInf `Mem`; DS 1.2 section 6.8).

use crate::syncml::message::Memory;
use serde::{Deserialize, Serialize};

/// The room in one of the device's databases, as far as it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// How many items more it can hold; `None` where that is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ids: Option<u64>,
    /// How many bytes more; `None` where that is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// Whether other databases of the device fill the same room.
    #[serde(default)]
    pub shared: bool,
    /// Whether something was left out for want of room.
    #[serde(default)]
    pub full: bool,
}

impl Room {
    /// What a `Sync` says.
    pub fn hear(&mut self, memory: &Memory) {
        (self.ids, self.bytes, self.shared) = (memory.free_ids, memory.free_bytes, memory.shared);
    }

    /// Whether nothing is known of it.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an item of so many bytes fits in.
    pub fn takes(&self, bytes: usize) -> bool {
        self.ids.is_none_or(|ids| ids > 0) && self.bytes.is_none_or(|room| room >= bytes as u64)
    }

    /// An item of so many bytes goes in.
    pub fn fill(&mut self, bytes: usize) {
        self.ids = self.ids.map(|ids| ids.saturating_sub(1));
        self.bytes = self.bytes.map(|room| room.saturating_sub(bytes as u64));
    }

    /// The device says that there is none left (status 420).
    pub fn close(&mut self) {
        (self.ids, self.full) = (Some(0), true);
    }
}
