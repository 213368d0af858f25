//! What a session remembers of large objects in pieces: one on its way in, one on its way out (`syncml.md` 4.8).

use super::{Datastore, Sent, SentKind, State};
use crate::peer::Luid;
use crate::record::{CollectionId, Record, RecordId, Seq};
use crate::syncml::inbox::Incoming;
use crate::syncml::message::{ChangeKind, Item, Location, Meta};
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

/// How a piece stands to what is arriving.
pub enum Stands {
    /// It goes on with it, at this place.
    Continues(u64),
    /// It goes on with what is refused already.
    Refused(u16),
    /// It is something else.
    Apart,
}

impl Arrival {
    /// Whether an item is of it.
    pub fn is(&self, collection: &CollectionId, item: &Incoming) -> bool {
        // What a server sends has no id of its own where it names ours.
        let same = self.luid == item.luid && (!self.luid.0.is_empty() || self.target == item.target);
        self.collection == *collection && same
    }

    /// How an item of this datastore stands to it.
    pub fn stands(&self, datastore: &Datastore, item: &Incoming) -> Stands {
        if !self.is(&datastore.collection, item) {
            return Stands::Apart;
        }
        // What was refused may begin anew; only a first piece has a size.
        let anew = item.more && item.size.is_some();
        match (self.paused, self.refused) {
            (false, 0) => return Stands::Continues(self.bytes),
            (false, _) if anew => return Stands::Apart,
            (false, code) => return Stands::Refused(code),
            (true, _) => {}
        }
        // The first piece after a break says how much is left. The last one before it may not have been heard to arrive.
        let start = item.size.and_then(|left| self.size.checked_sub(left)).filter(|_| datastore.resumed);
        match start.filter(|start| *start > 0 && (*start == self.bytes || *start == self.last)) {
            Some(start) => Stands::Continues(start),
            None => Stands::Apart,
        }
    }

    /// Whether so many bytes are what was announced: one less is let pass, because some count an end mark.
    pub fn is_complete(&self, bytes: u64) -> bool {
        bytes == self.size || bytes.checked_add(1) == Some(self.size)
    }
}

impl SentKind {
    /// The command that carries it.
    pub fn change(self) -> ChangeKind {
        match self {
            Self::Add => ChangeKind::Add,
            Self::Replace => ChangeKind::Replace,
            Self::Delete => ChangeKind::Delete,
        }
    }
}

impl Departure {
    /// Whether it is this version of this record.
    pub fn is_of(&self, record: &Record) -> bool {
        self.collection == record.collection && self.record == record.id && self.seq == record.seq
    }

    /// How the change is named; the first piece of a session says how much there is to come.
    pub fn item(&self) -> Item {
        let location = |uri: &Option<String>| uri.clone().map(Location::of);
        let size = (self.taken == self.resumed).then(|| self.size - self.taken);
        let (target, source) = (location(&self.target), location(&self.source));
        let [source_parent, target_parent] = self.parents.clone();
        let meta = Meta { size, ..Meta::default() };
        Item { target, source, source_parent, target_parent, meta, ..Item::default() }
    }

    /// What each piece says of itself.
    pub fn meta(&self) -> Meta {
        Meta { media_type: self.media_type.clone(), format: self.format.clone(), ..Meta::default() }
    }

    /// The command that carries it, as one that waits for its answer.
    pub fn sent(&self, index: usize, message: u32, command: String) -> Sent {
        let (record, seq) = (self.record.clone(), self.seq);
        Sent { message, command, datastore: index, kind: self.kind, record, seq }
    }
}

impl State {
    /// The large objects that were on their way when the session broke off, for the next one.
    pub fn paused(self) -> (Option<Arrival>, Option<Departure>) {
        let arriving = self.arriving.filter(|arrival| arrival.refused == 0);
        let arriving = arriving.map(|arrival| Arrival { paused: true, ..arrival });
        (arriving, self.leaving.map(|departure| Departure { paused: true, ..departure }))
    }
}
