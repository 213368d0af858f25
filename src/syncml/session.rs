//! What a session remembers between two messages: a value, saved as JSON in the session's row, no handles and no clocks.
//!
//! The phases are named for what they wait for (DS 1.2 section 6, packages 1 to 6).

use super::filter::Filter;
use super::message::Version;
use crate::limits;
use crate::peer::Luid;
use crate::record::{CollectionId, RecordId, Seq};
use serde::{Deserialize, Serialize};

/// Saved between messages. An unreadable one (of another release) ends the session, never the data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The protocol version, fixed by the first message.
    pub version: Version,
    /// What is waited for.
    pub phase: Phase,
    /// Whether the client has closed the package being waited for, while our own answer to it is still going out.
    pub heard: bool,
    /// SHA-256 of the message that began it.
    #[serde(default)]
    pub first: String,
    /// How many messages in a row said nothing while the client was to say something.
    #[serde(default)]
    pub silent: u32,
    /// `MsgID` of our last message.
    pub message_id: u32,
    /// The device's `MaxMsgSize`, already within our own bounds.
    pub message_bytes_max: usize,
    /// The datastores alerted and accepted.
    pub datastores: Vec<Datastore>,
    /// What did not fit the last answer, in order.
    pub pending: Vec<Pending>,
    /// Commands sent that no status has answered yet.
    pub sent: Vec<Sent>,
    /// Collection and id of an object of which a piece was refused: what follows of it is not the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<(CollectionId, Luid)>,
    /// Adds and Replaces of sessions before that broke off, the last first: the device may have any of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
}

/// What a session before has sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Earlier {
    /// The collection.
    #[serde(rename = "d")]
    pub collection: CollectionId,
    /// Whether it was an Add.
    #[serde(rename = "a")]
    pub add: bool,
    /// The record.
    #[serde(rename = "r")]
    pub record: RecordId,
    /// The stamp of the version sent.
    #[serde(rename = "s")]
    pub seq: Seq,
}

/// What a session waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Package 1: alerts, DevInf.
    #[default]
    ExpectAlerts,
    /// Package 3: the client's changes.
    ExpectChanges,
    /// We are sending package 4: statuses of what was sent so far, Maps, or 222.
    ExpectMore,
    /// Package 4 is out: the last statuses and Maps.
    ExpectEnd,
    /// Package 6 is out. Late Maps are still taken.
    Over,
}

/// One datastore of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Datastore {
    /// The collection.
    pub collection: CollectionId,
    /// Our path as the device spelt it.
    pub target: String,
    /// The device's path as it spelt it.
    pub source: String,
    /// The sync that was agreed on.
    pub mode: Mode,
    /// The client's `Next` anchor.
    pub next: String,
    /// Our `Next` anchor.
    pub own_next: String,
    /// Whether the device's ids of earlier sessions may be believed in a slow sync: it has shown that it was not reset.
    pub trusted: bool,
    /// Whether the client has sent a `Sync` for it.
    pub received: bool,
    /// Whether our first `Sync` for it is out.
    pub opened: bool,
    /// Whether everything of it has been sent.
    pub finished: bool,
    /// Whether the device refused our `Sync` as a whole: then no anchor moves.
    pub failed: bool,
    /// The smallest stamp that the device has not taken: the cursor stays below it. 0 for none.
    pub held_from: Seq,
    /// Adds acknowledged but not mapped yet: the cursor stays below them too.
    pub unmapped: Vec<Unmapped>,
    /// What the device wants to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// What came and went, for the log.
    pub tally: Tally,
}

/// An Add that was acknowledged while its Map has not come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unmapped {
    /// The record.
    #[serde(rename = "r")]
    pub record: RecordId,
    /// The stamp of the version sent.
    #[serde(rename = "s")]
    pub seq: Seq,
}

/// The sync types an ordinary sync needs (alerts 200 and 201).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// 200.
    #[default]
    TwoWay,
    /// 201.
    Slow,
}

impl Mode {
    /// The alert code.
    pub fn code(self) -> u16 {
        match self {
            Self::TwoWay => super::alert::TWO_WAY,
            Self::Slow => super::alert::SLOW,
        }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::TwoWay => "two-way",
            Self::Slow => "slow",
        }
    }
}

/// What came and went in one datastore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Received and added.
    pub added: u32,
    /// Received and changed.
    pub changed: u32,
    /// Received and deleted.
    pub deleted: u32,
    /// Received and found to be here already.
    pub same: u32,
    /// Conflicts decided.
    pub conflicts: u32,
    /// Received and refused.
    pub refused: u32,
    /// Sent.
    pub sent: u32,
}

/// A command on its way out that has to wait for room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Pending {
    /// A status.
    Status(PendingStatus),
    /// Our alert for the datastore at this index.
    Alert(usize),
    /// Our DevInf, asked for by message and command.
    Device(u32, String),
    /// A question for the device's DevInf.
    AskDevice,
}

/// A status on its way out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PendingStatus {
    /// `MsgRef`.
    pub message: u32,
    /// `CmdRef`.
    pub command: String,
    /// `Cmd`.
    pub name: String,
    /// `TargetRef`s.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// `SourceRef`s.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// The code.
    pub code: u16,
    /// The client's `Next` anchor, echoed in the status of an alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Text for the status' item: what would have been accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// A challenge: scheme and nonce.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<(String, String)>,
}

/// What was sent, until a status answers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// `MsgID` of our message.
    #[serde(rename = "m")]
    pub message: u32,
    /// `CmdID` in it.
    #[serde(rename = "c")]
    pub command: String,
    /// The datastore's index.
    #[serde(rename = "d")]
    pub datastore: usize,
    /// What it was.
    #[serde(rename = "k")]
    pub kind: SentKind,
    /// The record.
    #[serde(rename = "r")]
    pub record: RecordId,
    /// The stamp of the version sent.
    #[serde(rename = "s")]
    pub seq: Seq,
}

/// What was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SentKind {
    /// An Add.
    #[serde(rename = "a")]
    Add,
    /// A Replace.
    #[serde(rename = "r")]
    Replace,
    /// A Delete.
    #[serde(rename = "d")]
    Delete,
}

impl State {
    /// The state a session's row holds, or `None` where this release cannot read it.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The state as its row holds it.
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What this session and those before it have sent without an answer.
    pub fn unanswered(self) -> Vec<Earlier> {
        let Self { datastores, sent, earlier, .. } = self;
        let of_this =
            sent.into_iter().rev().filter(|sent| sent.kind != SentKind::Delete).filter_map(|sent| {
                let collection = datastores.get(sent.datastore)?.collection.clone();
                Some(Earlier {
                    collection,
                    add: sent.kind == SentKind::Add,
                    record: sent.record,
                    seq: sent.seq,
                })
            });
        of_this.chain(earlier).take(limits::EARLIER_MAX).collect()
    }

    /// The versions of a record that earlier sessions have sent, the last first.
    pub fn earlier(&self, collection: &CollectionId, record: &RecordId) -> impl Iterator<Item = &Earlier> {
        self.earlier.iter().filter(move |e| e.collection == *collection && e.record == *record)
    }

    /// The version of a record that the last Add of earlier sessions carried.
    pub fn added_earlier(&self, collection: &CollectionId, record: &RecordId) -> Option<Seq> {
        self.earlier(collection, record).find(|earlier| earlier.add).map(|earlier| earlier.seq)
    }

    /// Opens a datastore, in the place of one of the same collection; its index.
    pub fn put_datastore(&mut self, opened: Datastore) -> usize {
        let place = self.datastores.iter().position(|known| known.collection == opened.collection);
        match place.and_then(|index| self.datastores.get_mut(index)) {
            Some(known) => *known = opened,
            None => self.datastores.push(opened),
        }
        place.unwrap_or(self.datastores.len() - 1)
    }

    /// The datastore of a collection.
    pub fn datastore(&mut self, collection: &CollectionId) -> Option<(usize, &mut Datastore)> {
        self.datastores.iter_mut().enumerate().find(|(_, datastore)| datastore.collection == *collection)
    }
}

impl Datastore {
    /// Whether the device wants some items only.
    pub fn filters_items(&self) -> bool {
        self.filter.as_ref().is_some_and(Filter::of_records)
    }

    /// Keeps the cursor below a stamp the device has not taken.
    pub fn hold(&mut self, seq: Seq) {
        self.held_from = if self.held_from == 0 { seq } else { self.held_from.min(seq) };
    }

    /// Notes an Add that was acknowledged while its Map has not come. Of too many the cursor stays below for good.
    pub fn expect_map(&mut self, record: RecordId, seq: Seq) {
        match self.unmapped.len() < limits::UNANSWERED_MAX {
            true => self.unmapped.push(Unmapped { record, seq }),
            false => self.hold(seq),
        }
    }
}
