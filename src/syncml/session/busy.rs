//! What a session keeps of messages that were answered with "busy" (101), until they are carried out (`server/busy.rs`).

use serde::{Deserialize, Serialize};

/// The last answer was "busy".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Busy {
    /// How many answers in a row were.
    pub said: u32,
    /// The messages not carried out yet, in the order in which they came.
    pub kept: Vec<Kept>,
}

/// A message that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its `MsgID`.
    pub message: u32,
    /// The status of its SyncHdr, which 101 stood for.
    pub header: u16,
    /// Its bytes as they came, in base64.
    pub body: String,
}
