//! A device: what it said it can do, what it holds (aliases), and how far it has come (a bookmark per collection).

use crate::record::{CollectionId, RecordId, Seq};
use serde::{Deserialize, Serialize};

/// A device's own name: the `Source/LocURI` of its SyncHdr. An opaque byte string (IMEIs hold a colon), 1 to 255 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PeerId(pub String);

/// What the operator has set for one device: JSON in the store, empty for nothing set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeerSettings {
    /// Whether our DevInf towards it lists every property (`CTCap`): some devices send nothing without it.
    pub ctcap: bool,
}

impl PeerSettings {
    /// Out of the store; what cannot be read sets nothing.
    pub fn of_text(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Into the store.
    pub fn text(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

/// A record's id on the device (SyncML's LUID): an opaque byte string of 1 to 255 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Luid(pub String);

/// What a device holds of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The collection.
    pub collection: CollectionId,
    /// The record as we know it.
    pub record: RecordId,
    /// The record as the device knows it; `None` while an Add is on its way and no Map has come.
    pub luid: Option<Luid>,
    /// The short id an Add went out under, where the record's own id is longer than the device's `MaxGUIDSize`.
    pub temporary: Option<String>,
    /// The slow sync this alias was made in (see [`Bookmark::generation`]); older ones no longer count.
    pub generation: i64,
    /// The stamp of the version the device last acknowledged or sent; 0 while it has acknowledged none.
    pub seq: Seq,
}

/// How far a device has come in one collection.
///
/// Both the confirmed position and the offered one are kept: a session that ends well *offers* its position, and the next
/// session *confirms* it by presenting the anchor that belongs to it. A device that presents the older anchor lost the end
/// of the last session and goes on from the confirmed position; nothing is skipped either way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bookmark {
    /// The collection.
    pub collection: CollectionId,
    /// Everything up to here is on the device, and the device has shown that it knows.
    pub cursor: Seq,
    /// The client's `Next` anchor of the session that made `cursor`; empty where there has been none.
    pub anchor: String,
    /// The position the last good session offered; 0 where none is outstanding.
    pub offered_cursor: Seq,
    /// The client's `Next` anchor of that session.
    pub offered_anchor: String,
    /// Our own `Next` anchor of the session that made `cursor`: what we present as `Last` to a device that presents `anchor`.
    pub own_anchor: String,
    /// Our own `Next` anchor of the session that made the offer.
    pub offered_own: String,
    /// Aliases of an older generation are no longer believed: a slow sync has been completed since.
    pub generation: i64,
    /// What `generation` becomes when the offer is confirmed: that of the slow sync that made it.
    pub offered_generation: i64,
    /// Counts slow syncs begun: new aliases bear it. In a slow sync only aliases of this very generation count.
    pub attempt: i64,
    /// While a session is sending: changes after `position` are still to be sent. 0 outside.
    pub position: Seq,
    /// While a session is sending: nothing stamped after `until` is sent. 0 where not fixed yet.
    pub until: Seq,
    /// Whether the session now alive pages this collection out.
    pub sending: bool,
    /// Whether that paging is of a slow sync: only live records that have no alias of this generation.
    pub sending_all: bool,
    /// How many sessions in a row an item's failure has held the cursor back.
    pub held: i64,
}
