//! What a session remembers of large objects in pieces: one on its way in, one on its way out (`syncml.md` 4.8).

use super::{SentKind, State};
use crate::peer::Luid;
use crate::record::{CollectionId, RecordId, Seq};
use serde::{Deserialize, Serialize};

/// A large object on its way in: what was said of it, and how far it has come. Its bytes are pieces in the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// The collection.
    pub collection: CollectionId,
    /// The device's id of it.
    pub luid: Luid,
    /// `Target` as spelt.
    pub target: Option<String>,
    /// `Source` as spelt.
    pub source: Option<String>,
    /// `Type`.
    pub media_type: Option<String>,
    /// `Format`.
    pub format: Option<String>,
    /// `Size`: how many bytes are announced, as they are transported.
    pub size: u64,
    /// How many are here.
    pub bytes: u64,
    /// Where the last piece of them began.
    pub last: u64,
    /// Whether it was refused, and with which status: what follows of it is not the whole. 0 for not.
    pub refused: u16,
    /// Whether its session broke off: it goes on where the next one resumes.
    pub paused: bool,
}

/// A large object on its way out: how it is named, and how far it has come. Its bytes, dressed for the device, are pieces in the
/// store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Departure {
    /// The collection.
    pub collection: CollectionId,
    /// The record.
    pub record: RecordId,
    /// The stamp of the version that leaves.
    pub seq: Seq,
    /// Which change it is.
    pub kind: SentKind,
    /// `Target`.
    pub target: Option<String>,
    /// `Source`.
    pub source: Option<String>,
    /// `SourceParent` and `TargetParent`.
    pub parents: [Option<String>; 2],
    /// `Type`.
    pub media_type: Option<String>,
    /// `Format`.
    pub format: Option<String>,
    /// How many bytes there are.
    pub size: u64,
    /// How many bytes each piece in the store has, but for the last.
    pub step: u64,
    /// How many bytes the device has taken.
    pub taken: u64,
    /// How many were sent: more than it has taken while a piece waits for its answer.
    pub sent: u64,
    /// `MsgID` of the piece that waits.
    pub message: u32,
    /// `CmdID` of it.
    pub command: String,
    /// How many messages of the device passed without an answer to it.
    pub waited: u32,
    /// How many bytes the device had when this session took it up.
    pub resumed: u64,
    /// Whether its session broke off: it goes on where the next one resumes.
    pub paused: bool,
}

impl State {
    /// The large objects that were on their way when the session broke off, for the next one.
    pub fn paused(self) -> (Option<Arrival>, Option<Departure>) {
        let arriving = self.arriving.filter(|arrival| arrival.refused == 0);
        let arriving = arriving.map(|arrival| Arrival { paused: true, ..arrival });
        (arriving, self.leaving.map(|departure| Departure { paused: true, ..departure }))
    }
}
