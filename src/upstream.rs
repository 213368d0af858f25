//! The other end as plain data: a server that collections are synchronised with, and what one step of a client takes and gives.
//!
//! A client (`syncml/client.rs`, `max/client.rs`) is the machine of `exchange` seen from the other side: an [`Input`] comes in
//! (begin, an answer, lost), the turn is committed, and only then the [`Step`] comes out: the next request, or the end. Whoever
//! carries requests (a worker, a browser, a test) does nothing but carry; `call` says which client an [`Upstream`] needs.

use crate::http::Response;
use crate::journal::Moment;
use crate::limits;
use crate::peer::PeerId;
use crate::record::AccountId;
use serde::{Deserialize, Serialize};

/// A server, and what of an account is synchronised with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Upstream {
    /// The account whose collections they are.
    pub account: AccountId,
    /// Under which device's row bookmarks, aliases and the session are kept. One for each upstream; never a real device's id.
    pub peer: PeerId,
    /// What it speaks.
    pub protocol: Protocol,
    /// Where: the SyncML server's address, or the MAX server's up to where the data source's name goes.
    pub url: String,
    /// The name to sign in with; empty for none.
    pub login: String,
    /// The password (SyncML), or the token (MAX).
    pub password: String,
    /// How the password is presented.
    pub scheme: Scheme,
    /// The `Source/LocURI` of the SyncHdr: what this end calls itself.
    pub device: String,
    /// SyncML's version: `1.0`, `1.1` or `1.2`; empty for 1.2.
    pub version: String,
    /// SyncML's encoding.
    pub encoding: Encoding,
    /// Our `MaxMsgSize` in bytes; 0 for the most there is.
    pub message_bytes_max: usize,
    /// Our `MaxObjSize` in bytes; 0 for the most there is.
    pub object_bytes_max: u64,
    /// What is synchronised.
    pub pairs: Vec<Pair>,
}

/// A collection here, and what it is called there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Pair {
    /// The collection's path here.
    pub collection: String,
    /// The datastore's or data source's path there; empty for the same.
    pub remote: String,
    /// Who sends what.
    pub mode: Mode,
}

/// What a server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// SyncML.
    #[default]
    Syncml,
    /// MAX.
    Max,
}

/// How a password is presented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// As the server's challenge asks; first `syncml:auth-md5` where a nonce is known, `syncml:auth-basic` otherwise.
    #[default]
    Auto,
    /// `syncml:auth-basic`.
    Basic,
    /// `syncml:auth-md5`.
    Md5,
    /// `syncml:auth-MAC`.
    Hmac,
    /// None is presented.
    None,
}

/// How SyncML messages are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// WBXML.
    #[default]
    Wbxml,
    /// XML.
    Xml,
}

/// Who sends what. MAX knows the two-way and the one-way syncs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Both send what changed; slow where the anchors ask for it.
    #[default]
    TwoWay,
    /// Both send what they have, and it is compared.
    Slow,
    /// We send what changed.
    OneWayFromClient,
    /// We send what we have, and it takes the place of what is there.
    RefreshFromClient,
    /// The server sends what changed.
    OneWayFromServer,
    /// The server sends what it has, and it takes the place of what is here.
    RefreshFromServer,
}

/// What comes into a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A sync is wanted; one that broke off goes on, as far as both ends allow it.
    Begin,
    /// The last request was answered.
    Answer(Response),
    /// The last request, or its answer, was lost; in the carrier's words.
    Lost(String),
    /// The user pauses: the session ends as soon as the protocol allows, to be resumed by the next [`Self::Begin`].
    Suspend,
}

/// What comes out of a step, once what it changed is safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Carry this, and come back with the answer.
    Send(Outgoing, Progress),
    /// Nothing to carry before this moment: the server is busy. Then [`Input::Lost`] or [`Input::Begin`].
    Wait(Moment, Progress),
    /// It is over.
    Done(Report),
}

/// A request to carry. A second carrying of the same is harmless.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outgoing {
    /// `GET` or `POST`.
    pub method: String,
    /// Where to, whole.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(skip)]
    pub body: Vec<u8>,
}

/// How far a sync has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// What it is at.
    pub phase: Phase,
    /// Changes sent and acknowledged, of how many; 0 of 0 where there is nothing to send or it is not known yet.
    pub sent: u64,
    /// See [`Self::sent`].
    pub sent_of: u64,
    /// Changes received, of how many (`NumberOfChanges`); `received_of` is 0 where the server does not say.
    pub received: u64,
    /// See [`Self::received`].
    pub received_of: u64,
    /// Requests carried.
    pub messages: u64,
    /// Bytes of bodies sent.
    pub bytes_sent: u64,
    /// Bytes of bodies received.
    pub bytes_received: u64,
}

/// What a sync is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Nothing goes on.
    #[default]
    Idle,
    /// Saying hello and signing in.
    Connecting,
    /// Our changes go out.
    Sending,
    /// Theirs come in.
    Receiving,
    /// The last acknowledgements.
    Finishing,
}

/// How a sync ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How.
    pub ended: Ended,
    /// Why it did not end well; for people, with what to do next.
    pub error: Option<Reason>,
    /// What became of each collection, in the order of [`Upstream::pairs`].
    pub collections: Vec<Outcome>,
    /// How far it came.
    pub progress: Progress,
}

/// How a sync ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// All is done.
    Complete,
    /// Paused; the next one goes on.
    Suspended,
    /// It broke off; nothing is lost, and the next one goes on or begins anew.
    #[default]
    Failed,
}

/// A reason with a code that stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// In lower case with hyphens: `unauthorized`, `unreachable`, `not-found`, `refused`, `busy`, `protocol`, `store`, `aborted`.
    pub code: String,
    /// The protocol's own status, 0 where there was none.
    pub status: u16,
    /// In words.
    pub message: String,
}

/// What became of one collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The collection's path here.
    pub collection: String,
    /// The sync that took place in the end.
    pub mode: Mode,
    /// Why it was a slow sync that nobody asked for, in words.
    pub why_slow: Option<String>,
    /// What went out and was taken.
    pub sent: Tally,
    /// What came in and was taken.
    pub received: Tally,
    /// Items in which both had changed something.
    pub conflicts: u64,
    /// Items that one side refused, or left for the next time.
    pub refused: u64,
    /// The first of them, and why.
    #[serde(default)]
    pub refusals: Vec<Refusal>,
    /// Why this collection did not end well.
    pub error: Option<Reason>,
}

impl Outcome {
    /// One more was refused, or left for the next time; or the same again, in a sync that broke off and went on.
    pub fn refuse(&mut self, refusal: Refusal) {
        let is_named = !refusal.record.is_empty() || !refusal.item.is_empty();
        let is_same = |known: &Refusal| known.record == refusal.record && known.item == refusal.item;
        if is_named && self.refusals.iter().any(is_same) {
            return;
        }
        self.refused += 1;
        if self.refusals.len() < limits::REFUSALS_TOLD_MAX {
            let message = refusal.message.chars().take(limits::NOTE_CHARS_MAX).collect();
            self.refusals.push(Refusal { message, ..refusal });
        }
    }
}

/// An item that one side refused, or left for the next time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The record here that the server has not taken; empty for an item of the server's.
    pub record: String,
    /// What the server calls the item that was not taken here; empty for a record of ours, and where it has no name.
    pub item: String,
    /// The protocol's own status, 0 where there was none.
    pub status: u16,
    /// Why, in words.
    pub message: String,
}

/// How many of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// New ones.
    pub added: u64,
    /// Changed ones.
    pub changed: u64,
    /// Deleted ones.
    pub deleted: u64,
}

/// How things stand with an upstream while nothing goes on, or between two steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Changes here that are still to be sent.
    pub pending: u64,
    /// When the last sync ended well; 0 for never.
    pub last_sync: Moment,
    /// How the last one ended that ended; `None` before the first.
    pub last_report: Option<Report>,
    /// Whether one has begun and not ended.
    pub under_way: bool,
}
