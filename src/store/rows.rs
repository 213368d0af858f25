//! What the store holds besides records: tenants, logins, tokens, devices, sessions, collections.

use crate::content::fields::Field;
use crate::journal::Moment;
use crate::peer::PeerId;
use crate::record::{AccountId, CollectionId, Kind, Seq};
use serde::{Deserialize, Serialize};

/// A tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The stamp of its last change; at first its creation time.
    pub head: Seq,
    /// Everything stamped up to here may have lost its tombstone: a cursor below it is too old (0: nothing swept yet).
    pub horizon: Seq,
    /// When it was last swept.
    pub swept: Moment,
}

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Login {
    /// The name, unique over all accounts.
    pub name: String,
    /// The account it opens.
    pub account: AccountId,
    /// The password, sealed with the Worker secret (`secret::Sealer`).
    pub sealed: String,
    /// Whether it exists for local development only; refused elsewhere.
    pub local: bool,
}

/// A MAX/JSON token; the token itself is shown once and never stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// `secret::token_hash` of it.
    pub hash: String,
    /// The account it opens.
    pub account: AccountId,
    /// The login it was issued for.
    pub login: String,
    /// What it is for, in the operator's or the app's words.
    pub label: String,
    /// When it was issued.
    pub created: Moment,
    /// When it ends; 0 for never.
    pub expires: Moment,
}

/// A device's row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Peer {
    /// Its id.
    pub id: PeerId,
    /// The login it last came with.
    pub login: String,
    /// The nonce its next session's digest is to use (raw text, not base64); empty where none was given.
    pub nonce: String,
    /// What it said it can do: `syncml::device::DevInf` as JSON; empty where it never said.
    pub device: String,
    /// Counts temporary ids given out.
    pub temporaries: i64,
    /// Settings of the operator for this device, JSON; empty for none.
    pub settings: String,
    /// When it was last here.
    pub seen: Moment,
}

/// A device's one session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Session {
    /// The device.
    pub peer: PeerId,
    /// The login that opened it.
    pub login: String,
    /// `secret::token_hash` of the token in our `RespURI`.
    pub token: String,
    /// SyncML's `SessionID`.
    pub session_id: String,
    /// Where it was opened from.
    pub address: String,
    /// Counts commits; the guard compares it.
    pub version: i64,
    /// What is remembered between messages: `syncml::session` as JSON.
    pub state: String,
    /// `MsgID` of the message last answered.
    pub message: i64,
    /// SHA-256 of that message's bytes, in hex.
    pub request: String,
    /// The bytes it was answered with.
    #[serde(with = "serde_bytes")]
    pub reply: Vec<u8>,
    /// When it is over if nothing more comes.
    pub expires: Moment,
    /// How many records a page is worth reading for this device: no more fit its messages. Bounds [`PageAsk::Peer`](super::PageAsk::Peer).
    pub page_records: i64,
}

/// A piece of a large object on its way from a device or to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Piece {
    /// Whether it leaves for the device; otherwise it has arrived from it.
    pub leaving: bool,
    /// The place of its first byte in the whole.
    pub start: u64,
    /// Its bytes.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

/// A collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// Its id: also its SyncML path and its MAX data source name.
    pub id: CollectionId,
    /// Other paths it answers to.
    pub aliases: Vec<String>,
    /// What kind of things it holds.
    pub kind: Kind,
    /// Its plain fields as MAX shows them; the primary key among them.
    pub fields: Vec<Field>,
    /// How conflicts between devices are decided.
    #[serde(default)]
    pub policy: Policy,
    /// Whether clients may write.
    #[serde(default)]
    pub read_only: bool,
    /// Whether a device whose change is not taken for that reason is told that it was.
    #[serde(default)]
    pub quiet: bool,
    /// The MAX application file it came from, as imported; empty for none.
    #[serde(default)]
    pub application: String,
}

/// How a conflict between two devices is decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Property by property; where both changed one, the later arrival.
    #[default]
    Merge,
    /// What is here stays.
    ServerWins,
    /// What arrives replaces.
    ClientWins,
    /// Both are kept, as two records.
    KeepBoth,
}
