//! What is kept of a session for its account's owner to look at: each message and its answer without credentials, what its items
//! became, why a sync was slow, what it cost. Nobody decides from it; the store keeps it with the turn itself (`store/view.rs`).
//!
//! Written by `server/watch.rs`, shown by `api/session.rs`.

use super::codec;
use super::session::Tally;
use crate::journal::Moment;
use crate::limits;
use crate::store::Trace;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How often the one place of those who were not let in is written over: a stranger cannot fill the store. Its id is that of the
/// beginning, so somebody may have come by so much later than it says.
pub const REFUSED_SLOT_MS: Moment = 10 * 60 * 1000;

/// The id of those who were not let in at that moment.
pub fn refused_session(at: Moment) -> String {
    format!("{}-refused", Trace::session_from(at))
}

/// Where a session's trace stands; kept in its state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The trace's id ([`Trace::session_id`]); empty where nothing is kept.
    #[serde(rename = "i")]
    pub id: String,
    /// How many messages it has.
    #[serde(rename = "n")]
    pub number: i64,
    /// How many bytes of messages and answers.
    #[serde(rename = "b")]
    pub bytes: u64,
}

impl Kept {
    /// Whether nothing is kept of the session.
    pub fn is_none(&self) -> bool {
        self.id.is_empty()
    }
}

/// What there is to say of one message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct About {
    /// SyncML's `SessionID`.
    pub session_id: String,
    /// The login.
    pub login: String,
    /// `1.2`.
    pub version: String,
    /// `xml` or `wbxml`.
    pub encoding: String,
    /// `MsgID`.
    pub message: u32,
    /// How the session stands after it.
    pub stand: Stand,
    /// Why it is so, where there is more to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Bytes of the message, and of its answer.
    pub bytes_in: usize,
    /// Bytes of its answer.
    pub bytes_out: usize,
    /// Whether the message is kept as it was.
    pub exact_in: bool,
    /// Whether the answer is.
    pub exact_out: bool,
    /// What it cost: statements.
    pub statements: u64,
    /// Rows read.
    pub rows_read: u64,
    /// Rows written, as [`Batch::rows`](crate::store::Batch::rows) counts them.
    pub rows_written: u64,
    /// What came and went in the session so far.
    pub collections: Vec<OfCollection>,
    /// Why syncs that this message opened are slow.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub slow: BTreeMap<String, String>,
    /// What else the server had to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How many outcomes are not kept, because there were too many.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How a session stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stand {
    /// It goes on.
    #[default]
    Open,
    /// Both sides have said everything.
    Complete,
    /// The user pauses.
    Suspended,
    /// Nobody was let in.
    Refused,
}

/// What came and went in a collection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OfCollection {
    /// The collection.
    pub collection: String,
    /// The kind of sync.
    pub mode: String,
    /// How much.
    #[serde(flatten)]
    pub tally: Tally,
}

/// What became of one item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// The collection.
    #[serde(rename = "d")]
    pub collection: String,
    /// `MsgID` of the message its command stood in, ours where it was sent.
    #[serde(rename = "m")]
    pub message: u32,
    /// `CmdID` of its command.
    #[serde(rename = "c")]
    pub command: String,
    /// `Add`, `Replace`, …
    #[serde(rename = "v", skip_serializing_if = "String::is_empty")]
    pub verb: String,
    /// The device's id.
    #[serde(rename = "l", skip_serializing_if = "String::is_empty")]
    pub luid: String,
    /// The record.
    #[serde(rename = "r", skip_serializing_if = "String::is_empty")]
    pub record: String,
    /// What it became.
    #[serde(rename = "o")]
    pub became: Became,
    /// How a conflict was decided.
    #[serde(rename = "w", skip_serializing_if = "String::is_empty")]
    pub decision: String,
    /// The status; 0 where there is none yet.
    #[serde(rename = "s")]
    pub status: u16,
}

impl Outcome {
    /// At most how many bytes it takes as JSON.
    pub fn bytes(&self) -> usize {
        let texts = [&self.collection, &self.command, &self.verb, &self.luid, &self.record, &self.decision];
        80 + texts.iter().map(|text| super::session::text_bytes(text)).sum::<usize>()
    }
}

/// What an item became.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Became {
    /// A new record.
    Added,
    /// A change of one.
    Changed,
    /// A tombstone.
    Deleted,
    /// What was here already.
    #[default]
    Same,
    /// One of two changes that were merged.
    Merged,
    /// Nothing: what is here stays.
    ServerWins,
    /// What took another's place.
    ClientWins,
    /// A record beside the one it was in conflict with.
    KeptBoth,
    /// A record that had been deleted here.
    Revived,
    /// Something kept until the refresh it belongs to is complete, or a piece of more.
    Staged,
    /// Nothing, and the device was told.
    Refused,
    /// Something on its way to the device.
    Sent,
    /// Something the device took.
    Taken,
    /// Something the device did not take.
    Failed,
}

/// A message or an answer as it may be kept, and whether that is as it was. `None` where it is too large, or where it cannot be
/// told what is secret in it.
pub fn kept(bytes: &[u8]) -> (Option<Vec<u8>>, bool) {
    let small = bytes.len() <= limits::TRACE_MESSAGE_BYTES_MAX;
    match small.then(|| codec::masked(bytes)).flatten() {
        // Written anew it may be longer.
        Some((masked, exact)) if masked.len() <= limits::TRACE_MESSAGE_BYTES_MAX => (Some(masked), exact),
        _ => (None, false),
    }
}

/// What a trace says of its message.
pub fn about(trace: &Trace) -> About {
    serde_json::from_str(&trace.about).unwrap_or_default()
}

/// What a trace says of its items.
pub fn outcomes(trace: &Trace) -> Vec<Outcome> {
    serde_json::from_str(&trace.items).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_takes_no_more_room_than_it_was_counted_for() {
        let long = "\"".repeat(255);
        let texts = || long.clone();
        let full = Outcome {
            collection: texts(),
            message: u32::MAX,
            command: texts(),
            verb: "Replace".into(),
            luid: texts(),
            record: texts(),
            became: Became::ServerWins,
            decision: texts(),
            status: 65_535,
        };
        for outcome in [full, Outcome::default()] {
            let written = serde_json::to_string(&outcome).unwrap();
            assert!(outcome.bytes() > written.len(), "{written}");
            assert_eq!(serde_json::from_str::<Outcome>(&written).unwrap(), outcome);
        }
    }
}
