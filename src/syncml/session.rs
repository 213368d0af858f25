//! What a session remembers between two messages: a value, saved as JSON in the session's row, no handles and no clocks.
//!
//! The phases are named for what they wait for (DS 1.2 section 6, packages 1 to 6).

mod asked;
mod busy;
mod items;
mod mode;
mod objects;
mod room;
mod unanswered;

pub use asked::Asked;
pub use busy::{Busy, Kept};
pub use mode::Mode;
pub use objects::{Arrival, Departure, Stands};
pub use room::Room;
pub use unanswered::Unanswered;

use super::filter::Filter;
use super::message::{Header, Version};
use super::trace;
use crate::limits;
use crate::record::{CollectionId, RecordId, Seq};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// Whether the user pauses (224): nothing more is sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
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
    /// The large object that is arriving, or was when the session before broke off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arriving: Option<Arrival>,
    /// The large object that is leaving, or was when the session before broke off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving: Option<Departure>,
    /// The device's `MaxObjSize`, the smallest it said in the session; 0 where it said none.
    #[serde(default)]
    pub object_bytes_max: u64,
    /// Syncs of sessions before that may be resumed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumable: Vec<Resumable>,
    /// Adds and Replaces of sessions before that broke off, the last first: the device may have any of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
    /// Whether every message must bear a MAC: the session was opened by one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signed: bool,
    /// What the device wants to see of us, or has given us for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// What is still to be done, where the last answer was "busy".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy: Option<Busy>,
    /// Where its trace stands.
    #[serde(default, skip_serializing_if = "trace::Kept::is_none")]
    pub trace: trace::Kept,
}

/// A sync that has begun in a session before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resumable {
    /// The collection.
    pub collection: CollectionId,
    /// What it was.
    pub mode: Mode,
    /// The client's `Next` anchor: a client that presents it as `Last` has completed the sync.
    pub next: String,
    /// As in [`Datastore::trusted`].
    pub trusted: bool,
    /// As in [`Datastore::refreshed`].
    pub refreshed: bool,
    /// As in [`Datastore::filter`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
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
    /// Whether it goes on where a session broke off (225).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
    /// Whether a refresh from the client is complete and has taken its place: what comes then is no longer staged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refreshed: bool,
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
    /// Adds acknowledged but not mapped yet, each with the stamp of the version sent: the cursor stays below them too.
    pub unmapped: BTreeMap<RecordId, Seq>,
    /// What the device wants to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// What the device has room for.
    #[serde(default, skip_serializing_if = "Room::is_unknown")]
    pub room: Room,
    /// What came and went, for the log.
    pub tally: Tally,
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
    #[serde(rename = "s")]
    Status(PendingStatus),
    /// Our alert for the datastore at this index.
    Alert(usize),
    /// Our DevInf, asked for by message and command.
    Device(u32, String),
    /// A question for the device's DevInf.
    AskDevice,
    /// A large object broke off: its `Target` and `Source` as spelt.
    NoEndOfData(Option<String>, Option<String>),
}

/// A status on its way out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PendingStatus {
    /// `MsgRef`.
    #[serde(rename = "m")]
    pub message: u32,
    /// `CmdRef`.
    #[serde(rename = "c")]
    pub command: String,
    /// `Cmd`.
    #[serde(rename = "n")]
    pub name: String,
    /// `TargetRef`s.
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// `SourceRef`s.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Whether other items of the command have another code: then it says nothing without its refs.
    #[serde(rename = "p", default, skip_serializing_if = "std::ops::Not::not")]
    pub part: bool,
    /// The code.
    #[serde(rename = "o")]
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
        first_of(of_this.chain(earlier))
    }

    /// What this session has begun, or had found begun and left alone.
    pub fn resumable(&self) -> Vec<Resumable> {
        let begun = self.datastores.iter().filter(|datastore| datastore.received && !datastore.failed);
        let begun = begun.map(|datastore| Resumable {
            collection: datastore.collection.clone(),
            mode: datastore.mode,
            next: datastore.next.clone(),
            trusted: datastore.trusted,
            refreshed: datastore.refreshed,
            filter: datastore.filter.clone(),
        });
        let reopened = |id: &CollectionId| self.datastores.iter().any(|d| d.collection == *id);
        let before = self.resumable.iter().filter(|before| !reopened(&before.collection)).cloned();
        // What is remembered of filters is bounded; a sync that had one is not resumed without it.
        let mut room = limits::FILTERS_BYTES_MAX;
        let fits = |begun: &Resumable| {
            let left = room.checked_sub(begun.filter.as_ref().map_or(0, Filter::kept_bytes));
            room = left.unwrap_or(room);
            left.is_some()
        };
        begun.chain(before).filter(fits).take(limits::DATASTORES_MAX).collect()
    }

    /// Remembers changes of ours before those of earlier sessions.
    pub fn remember(&mut self, changes: Vec<Earlier>) {
        if !changes.is_empty() {
            self.earlier = first_of(changes.into_iter().chain(std::mem::take(&mut self.earlier)));
        }
    }

    /// The bytes of what waits for Maps.
    pub fn unmapped_bytes(&self) -> usize {
        let records = self.datastores.iter().flat_map(|datastore| datastore.unmapped.keys());
        records.map(|record| SEQ_BYTES + text_bytes(record.as_str())).sum()
    }

    /// The versions of a record that earlier sessions have sent, the last first.
    pub fn earlier(&self, collection: &CollectionId, record: &RecordId) -> impl Iterator<Item = &Earlier> {
        self.earlier.iter().filter(move |e| e.collection == *collection && e.record == *record)
    }

    /// The version of a record that the last Add of earlier sessions carried.
    pub fn added_earlier(&self, collection: &CollectionId, record: &RecordId) -> Option<Seq> {
        self.earlier(collection, record).find(|earlier| earlier.add).map(|earlier| earlier.seq)
    }

    /// Opens a datastore, or opens it anew; says at which index.
    pub fn open(&mut self, opened: Datastore) -> usize {
        match self.datastore(&opened.collection) {
            Some((index, datastore)) => {
                *datastore = opened;
                index
            }
            None => {
                self.datastores.push(opened);
                self.datastores.len() - 1
            }
        }
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

    /// Notes an Add that was acknowledged while its Map has not come. It takes less room than the Add did that it was.
    pub fn expect_map(&mut self, record: RecordId, seq: Seq) {
        self.unmapped.insert(record, seq);
    }
}

// --------------------------------------------------------------------------------------------- how much of the row it takes

/// A stamp with the signs around it.
const SEQ_BYTES: usize = 20;

impl Pending {
    /// The bytes it takes in the session's row, at most.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Status(status) => status.bytes(),
            Self::Alert(_) => 40,
            Self::Device(_, command) => 40 + text_bytes(command),
            Self::AskDevice => 20,
            Self::NoEndOfData(target, source) => {
                60 + [target, source].into_iter().flatten().map(|text| text_bytes(text)).sum::<usize>()
            }
        }
    }
}

impl PendingStatus {
    /// The status of a SyncHdr.
    pub fn of_header(header: &Header, code: u16) -> Self {
        Self {
            message: header.message_id,
            command: "0".into(),
            name: "SyncHdr".into(),
            targets: vec![header.target.uri.clone()],
            sources: vec![header.source.uri.clone()],
            code,
            ..Self::default()
        }
    }

    fn bytes(&self) -> usize {
        let optional = [&self.next, &self.hint].into_iter().flatten();
        let challenge = self.challenge.iter().flat_map(|(scheme, nonce)| [scheme, nonce]);
        let named = [&self.command, &self.name].into_iter();
        let signs = 29 + if self.targets.is_empty() && self.sources.is_empty() { 0 } else { 24 };
        let digits = self.message.checked_ilog10().unwrap_or(0) as usize + 1;
        let texts = named.chain(&self.targets).chain(&self.sources);
        let rare: usize = optional.chain(challenge).map(|text| 16 + text_bytes(text)).sum();
        signs + digits + texts.map(|text| text_bytes(text)).sum::<usize>() + rare
    }

    /// The same without naming items, where that says as much.
    pub fn without_refs(&self) -> Option<Self> {
        let named = !self.targets.is_empty() || !self.sources.is_empty();
        (named && !self.part).then(|| Self { targets: Vec::new(), sources: Vec::new(), ..self.clone() })
    }
}

impl Sent {
    /// The bytes it takes in the session's row, at most.
    pub fn bytes(&self) -> usize {
        55 + SEQ_BYTES + self.command.len() + text_bytes(self.record.as_str())
    }
}

/// As many as may be kept.
fn first_of(changes: impl Iterator<Item = Earlier>) -> Vec<Earlier> {
    let mut bytes = 0;
    let fits = |earlier: &Earlier| {
        bytes += 30 + SEQ_BYTES + text_bytes(&earlier.collection.0) + text_bytes(earlier.record.as_str());
        bytes <= limits::EARLIER_BYTES_MAX
    };
    changes.take(limits::EARLIER_MAX).take_while(fits).collect()
}

/// The bytes of a text in JSON, with its quotes and a comma.
pub fn text_bytes(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
        0..0x20 => 6,
        _ => 1,
    };
    3 + text.bytes().map(escaped).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datastore_and_what_is_remembered_of_earlier_sessions_stay_within_their_bounds() {
        let name = "\"".repeat(limits::NAME_BYTES_MAX);
        let many = u32::MAX;
        let tally = Tally {
            added: many,
            changed: many,
            deleted: many,
            same: many,
            conflicts: many,
            refused: many,
            sent: many,
        };
        let datastore = Datastore {
            collection: CollectionId("c".repeat(64)),
            target: name.clone(),
            source: name.clone(),
            next: name,
            own_next: i64::MAX.to_string(),
            held_from: i64::MAX,
            tally,
            ..Datastore::default()
        };
        assert!(serde_json::to_string(&datastore).unwrap().len() < limits::DATASTORE_BYTES_MAX);
        let earlier = |number: usize| Earlier {
            collection: CollectionId("c".repeat(64)),
            add: false,
            record: RecordId::new(format!("{}{number}", "\"".repeat(200))).unwrap(),
            seq: 1 << 53,
        };
        let mut state = State::default();
        state.remember((0..2_000).map(earlier).collect());
        state.remember(vec![earlier(9_999)]);
        assert_eq!(state.earlier[0], earlier(9_999));
        let bytes = serde_json::to_string(&state.earlier).unwrap().len();
        assert!((limits::EARLIER_BYTES_MAX * 9 / 10..=limits::EARLIER_BYTES_MAX).contains(&bytes), "{bytes}");
    }

    #[test]
    fn nothing_takes_more_room_than_it_was_counted_for() {
        fn written(value: &impl Serialize) -> usize {
            serde_json::to_string(value).unwrap().len() + 1
        }
        for text in
            ["", "1", "\u{1}\u{7f}\0\"\\/", "\u{8}\u{c}\n\r\t", "é\u{2028}\u{1f600}", &"x".repeat(300)]
        {
            assert_eq!(text_bytes(text), written(&text));
            let texts = vec![text.to_owned(), text.to_owned()];
            let bare = PendingStatus {
                message: u32::MAX,
                command: text.into(),
                name: "Replace".into(),
                code: 417,
                ..PendingStatus::default()
            };
            let named = PendingStatus { targets: texts.clone(), sources: texts, part: true, ..bare.clone() };
            let rare = PendingStatus {
                next: Some(text.into()),
                hint: Some(text.into()),
                challenge: Some((text.into(), text.into())),
                ..named.clone()
            };
            let statuses = [bare, named, rare].map(Pending::Status);
            let others = [Pending::Alert(99), Pending::Device(u32::MAX, text.into()), Pending::AskDevice];
            for pending in statuses.iter().chain(&others) {
                assert!(pending.bytes() >= written(pending), "{pending:?}");
            }
            let Some(record) = RecordId::new(text) else { continue };
            let sent = Sent {
                message: u32::MAX,
                command: "65535".into(),
                datastore: 15,
                kind: SentKind::Add,
                record: record.clone(),
                seq: 1 << 53,
            };
            assert!(sent.bytes() >= written(&sent));
            let mut state = State { datastores: vec![Datastore::default()], ..State::default() };
            let before = written(&state);
            state.datastores[0].expect_map(record, 1 << 53);
            assert!(state.unmapped_bytes() >= written(&state) - before);
            assert!(sent.bytes() >= state.unmapped_bytes());
        }
    }
}
