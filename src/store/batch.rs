//! Committing: everything a turn changes ([`Batch`]), and what must still stand for it to be written ([`Guard`]).

use super::{Account, Arrangement, Collection, Cost, Login, Peer, Piece, Session, Throttle, Token, Trace};
use crate::journal::Moment;
use crate::journal::matching::MatchKey;
use crate::limits;
use crate::peer::{Alias, Bookmark, Luid, PeerId};
use crate::record::{AccountId, Body, CollectionId, Content, Origin, RecordId, Seq};
use crate::settings::Settings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything a turn changes. Written in this order: a new account, edits, tokens, records, aliases (outdated ones and dropped
/// ones go first, then come new ones, then acknowledgements), refreshes, the rest, the trace, the sweep, devices forgotten, the removal of an account.
/// The accounts and devices named inside logins, tokens, the peer and the session are those of the batch, whatever they say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Batch {
    /// Whose, and it must exist (unless it is added); empty only where nothing but [`Self::throttles`] is written.
    pub account: AccountId,
    /// What must still stand.
    pub guard: Guard,
    /// The moment, for the head.
    pub now: Moment,
    /// The records changed, each stamped in this order. At most one change a record.
    pub changes: Vec<Change>,
    /// The device whose aliases, bookmarks and session these are.
    pub peer_id: PeerId,
    /// Aliases made or replaced. An alias takes its luid away from any other record.
    pub aliases: Vec<Alias>,
    /// Versions acknowledged: the alias gets the stamp and the generation, and is made without a luid where there is none.
    pub acknowledged: Vec<Acknowledged>,
    /// Aliases dropped.
    pub dropped: Vec<(CollectionId, RecordId)>,
    /// All aliases of generations below this one dropped.
    pub outdated: Vec<(CollectionId, i64)>,
    /// Collections whose half-staged refresh by this device is dropped.
    pub unstaged: Vec<CollectionId>,
    /// Items staged. An item of the same luid takes the place of an earlier one.
    pub staged: Vec<Staged>,
    /// Refreshes that are complete.
    pub refreshed: Vec<Refresh>,
    /// Bookmarks as they are from now on.
    pub bookmarks: Vec<Bookmark>,
    /// The device's row as it is from now on; the settings of one that exists stay as they are ([`Edit::SetPeer`]).
    pub peer: Option<Peer>,
    /// The session as it is from now on; its version is the guard's plus one.
    pub session: Option<Session>,
    /// Pieces of the device's objects that are no longer needed; they go before new ones come.
    pub pieces_dropped: Vec<PieceRange>,
    /// Pieces of the device's objects to keep; one that begins at the same place is replaced.
    pub pieces: Vec<Piece>,
    /// Tokens issued, or issued anew. A hash of another account is a conflict.
    pub tokens: Vec<Token>,
    /// Failure counters as they are from now on; a counter of 0 failures is removed.
    pub throttles: Vec<Throttle>,
    /// What is kept of the message for people. One of the same session and number is replaced.
    pub trace: Option<Box<Trace>>,
    /// What is past its time and goes.
    pub sweep: Option<Sweep>,
    /// What the operator changes.
    pub edits: Vec<Edit>,
}

impl Batch {
    /// Writes what a turn made of aliases; `None` drops one.
    pub fn put_aliases(&mut self, aliases: BTreeMap<(CollectionId, RecordId), Option<Alias>>) {
        for (record, alias) in aliases {
            match alias {
                Some(alias) => self.aliases.push(alias),
                None => self.dropped.push(record),
            }
        }
    }

    /// Rows that are written, an index counting as one more: what the schema says, before the store has counted.
    pub fn rows(&self) -> u64 {
        let change = |change: &Change| {
            let chunks = change.content.size() / limits::RECORD_BYTES_MAX;
            let (new, kept) = (u64::from(change.insert), u64::from(change.supersede && !change.insert));
            // The row and its stamp; a stamp that goes is a row written too.
            let indexes = u64::from(change.key.is_some()) + u64::from(change.parent.is_some());
            2 + (1 - new) + indexes + kept + chunks as u64
        };
        let alias =
            |alias: &Alias| 1 + u64::from(alias.luid.is_some()) + u64::from(alias.temporary.is_some());
        let one_each = [
            self.acknowledged.len(),
            self.dropped.len(),
            self.staged.len() * 2,
            self.bookmarks.len(),
            usize::from(self.peer.is_some()),
            usize::from(self.session.is_some()),
            self.pieces.len(),
            self.tokens.len() * 2,
            self.throttles.len(),
            usize::from(self.trace.is_some()),
            self.edits.len(),
        ];
        let head = u64::from(!self.changes.is_empty() || !self.refreshed.is_empty());
        head + self.changes.iter().map(change).sum::<u64>()
            + self.aliases.iter().map(alias).sum::<u64>()
            + one_each.iter().map(|count| *count as u64).sum::<u64>()
    }
}

/// What must still stand for a batch to be written. Empty lists ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Guard {
    /// The snapshot's head: none of the records and keys below may bear a later stamp.
    pub head: Seq,
    /// Records that were read, or found absent.
    pub records: Vec<(CollectionId, RecordId)>,
    /// Match keys that were looked up.
    pub matches: Vec<(CollectionId, MatchKey)>,
    /// Folders whose contents were looked up.
    pub parents: Vec<(CollectionId, RecordId)>,
    /// The version of the session of [`Batch::peer_id`] as read; 0 where there was none; `None` asks for nothing.
    pub session: Option<i64>,
    /// The version of the arrangement of that name as read; 0 where there was none.
    pub arrangement: Option<(String, i64)>,
}

/// One record's change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The collection.
    pub collection: CollectionId,
    /// The record.
    pub id: RecordId,
    /// What it holds from now on. A [`Content::Large`] is a [`Conflict`](super::StoreError::Conflict): it was not read.
    pub content: Content,
    /// The folder it is in from now on; a tombstone is in none, whatever stands here.
    pub parent: Option<RecordId>,
    /// By what a slow sync recognises it; `None` for tombstones and MAX-only tables.
    pub key: Option<MatchKey>,
    /// Who changes it.
    pub origin: Origin,
    /// Whether the id must be free: a taken one is a [`Conflict`](super::StoreError::Conflict).
    pub insert: bool,
    /// Whether the superseded version is kept for three-way merging.
    pub supersede: bool,
}

/// A version a device has said it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledged {
    /// The collection.
    pub collection: CollectionId,
    /// The record.
    pub record: RecordId,
    /// The stamp of the version.
    pub seq: Seq,
    /// The bookmark's generation.
    pub generation: i64,
}

/// Pieces of the object that is leaving, or of the one that is arriving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PieceRange {
    /// Which of the two.
    pub leaving: bool,
    /// Those that begin here or later.
    pub from: u64,
    /// But before this.
    pub to: u64,
}

impl PieceRange {
    /// Beyond every piece.
    pub const END: u64 = 1 << 52;

    /// All of them.
    pub fn all(leaving: bool) -> Self {
        Self { leaving, from: 0, to: Self::END }
    }
}

/// An item of a refresh from the device (alert 203), kept apart until the refresh is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Staged {
    /// The collection.
    pub collection: CollectionId,
    /// The device's id.
    pub luid: Luid,
    /// The record it is, or is to be.
    pub record: RecordId,
    /// What the record holds from then on; `None` where it stays as it is, and where it is.
    pub body: Option<Body>,
    /// The folder it is to be in, by the device's id; an empty one for none, `None` where the record stays where it is.
    pub parent: Option<Luid>,
    /// By what it is recognised.
    pub key: Option<MatchKey>,
}

/// A refresh from the device is complete: what it staged takes the place of the collection.
///
/// First, items that name no live record are paired by key with live records that no item names: these stay as they are. An item
/// that does not say where it is may be any of them (of several in the order of record ids and stamps, what is in no folder
/// first). Where there are folders, one that says so is then paired with what is at its place: in no folder, or in what its
/// folder is paired with or names, and so down to [`limits::FOLDERS_DEEP_MAX`](crate::limits::FOLDERS_DEEP_MAX).
///
/// The folder that an item says is the record of the item of that id, or none where there is no such item, or nothing of it.
///
/// The head moves by as many as were staged and were live. What is new or
/// different is stamped from the head downwards in the order of record ids, with the device as origin; below that what no item
/// names and may go becomes a tombstone, the latest lowest. Superseded versions are kept. The device's aliases of the collection are
/// those of the items and no others; nothing stays staged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refresh {
    /// The collection.
    pub collection: CollectionId,
    /// The generation of the aliases.
    pub generation: i64,
    /// Whether the collection has folders.
    pub folders: bool,
    /// The only records that may go; `None` for every one that no item names.
    pub goes: Option<Vec<RecordId>>,
}

/// What is past its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sweep {
    /// Tombstones stamped up to this and versions superseded up to this go, and it becomes the account's horizon. So do
    /// sessions that were over by then: until then one that broke off says what its device may have been sent. Pieces go
    /// with the session of their device.
    pub horizon: Seq,
    /// Failure counters that were over before this moment go.
    pub now: Moment,
    /// Traces of sessions that began before this go, and the oldest sessions beyond [`limits::TRACES_BYTES_MAX`].
    pub traces: Moment,
}

impl Sweep {
    /// The sweep of an account, where it is due ([`limits::SWEEP_EVERY_MS`]).
    pub fn due(account: &Account, settings: &Settings, now: Moment) -> Option<Self> {
        let days = i64::from(settings.trace_days());
        let (horizon, traces) = (now - limits::HORIZON_MS, now - days * limits::SWEEP_EVERY_MS);
        (account.swept.saturating_add(limits::SWEEP_EVERY_MS) <= now).then_some(Self { horizon, now, traces })
    }
}

/// What the operator changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Edit {
    /// A new account; its head starts at `created`. A taken id is a conflict.
    AddAccount {
        /// When.
        created: Moment,
    },
    /// The account and everything in it goes.
    RemoveAccount,
    /// A login made or replaced. A name taken by another account is a conflict.
    PutLogin(Login),
    /// A collection made or replaced (its records stay). A path that is another collection's is a conflict.
    PutCollection(Collection),
    /// A token revoked, by hash.
    RevokeToken(String),
    /// The operator's settings for a device ([`crate::peer::PeerSettings`] as JSON). A device that is not there stays away.
    SetPeer(PeerId, String),
    /// A device forgotten: its row, its session, its pieces, its aliases and its bookmarks. Its next sync is a slow one.
    ForgetPeer(PeerId),
    /// A sync with another server arranged, or as it is from now on. Its account is that of the batch.
    PutArrangement(Arrangement),
    /// A sync with another server that is no longer to be, by name.
    DropArrangement(String),
}

/// What a commit says back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Receipt {
    /// The account's head after the batch; 0 where the batch changed no record and touched no account.
    pub head: Seq,
    /// What it cost.
    pub cost: Cost,
}
