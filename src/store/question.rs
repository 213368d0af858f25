//! Reading: what a turn may need ([`Reads`]) and the answer, all of one moment ([`Snapshot`]).

use super::{Account, Collection, Cost, Login, Peer, Piece, Session, Throttle, Token, View, Views};
use crate::journal::matching::MatchKey;
#[cfg(doc)]
use crate::limits;
use crate::peer::{Alias, Bookmark, Luid, PeerId};
use crate::record::{AccountId, Body, CollectionId, Content, Form, Record, RecordId, Seq};
use serde::{Deserialize, Serialize};

/// Whose data a turn is about. The store resolves it to one account inside every statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Who {
    /// The holder of a MAX/JSON token, by `secret::token_hash`.
    Token(String),
    /// The first of these that is known: the login, the session with that token, the session of that device, SyncML
    /// session id and network address.
    Syncml {
        /// The name in the message's credential.
        login: Option<String>,
        /// The hash (`secret::token_hash`) of the session token in the request's URL.
        session_token: Option<String>,
        /// `SessionID` of the message; the device is [`Reads::peer`].
        session_id: String,
        /// Where the request came from.
        address: String,
    },
    /// A login by name, for MAX's logon.
    Login(String),
    /// An account by its id: the operator's tool.
    Account(AccountId),
}

/// One version of a record: its collection, its id and its stamp.
pub type RecordVersion = (CollectionId, RecordId, Seq);

/// Everything a turn may need. A path is a collection's id or one of its aliases, already normalised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reads {
    /// Whose.
    pub who: Who,
    /// Failure counters by key (see [`Throttle`]).
    pub throttles: Vec<String>,
    /// The device: its row, its bookmarks, its session.
    pub peer: Option<PeerId>,
    /// Whether the account's collections are wanted, with their paths; then [`Self::collection`] adds nothing.
    pub collections: bool,
    /// One collection only, by path (MAX): answers as the single entry of [`Snapshot::collections`].
    pub collection: Option<String>,
    /// Records by id.
    pub records: Vec<(String, Vec<RecordId>)>,
    /// Superseded contents, by record and the stamp they had.
    pub versions: Vec<(String, Vec<(RecordId, Seq)>)>,
    /// Records by the device's ids, each with the version the device last acknowledged.
    pub luids: Vec<(String, Vec<Luid>)>,
    /// Records by what we called them towards the device: record ids or temporary ids (SyncML Map).
    pub targets: Vec<(String, Vec<String>)>,
    /// Live records of equal content (see [`Found`]); a key may stand several times.
    pub matches: Vec<(String, Vec<MatchKey>)>,
    /// These folders and those above them, [`limits::FOLDERS_DEEP_MAX`](crate::limits::FOLDERS_DEEP_MAX) deep.
    pub above: Vec<(String, Vec<RecordId>)>,
    /// What is in these folders.
    pub children: Vec<(String, Vec<RecordId>)>,
    /// Items that [`Self::peer`] has staged, by its ids, and the folders above them,
    /// [`limits::FOLDERS_DEEP_MAX`](crate::limits::FOLDERS_DEEP_MAX) deep.
    pub waiting: Vec<(String, Vec<Luid>)>,
    /// Collections of which it matters what [`Self::peer`] has had and does not stage.
    pub unstaged: Vec<String>,
    /// A page of changes.
    pub page: Option<PageAsk>,
    /// Versions wanted with all their bytes, wherever in the answer they stand: a body of more than
    /// [`limits::RECORD_BYTES_MAX`](crate::limits::RECORD_BYTES_MAX) is a [`Content::Large`](crate::record::Content::Large)
    /// otherwise.
    pub whole: Vec<RecordVersion>,
    /// Whether all pieces of the object that is arriving from [`Self::peer`] are wanted.
    pub arriving: bool,
    /// How many pieces of the object that is leaving for it are wanted, the first ones.
    pub leaving: u64,
    /// Whether to count what a [`PageAsk::Peer`] would answer without its bounds.
    pub totals: bool,
    /// What the account's owner looks at; at most one of each kind.
    pub views: Vec<View>,
}

impl Reads {
    /// Nothing but who it is.
    pub fn of(who: Who) -> Self {
        Self {
            who,
            throttles: Vec::new(),
            peer: None,
            collections: false,
            collection: None,
            records: Vec::new(),
            versions: Vec::new(),
            luids: Vec::new(),
            targets: Vec::new(),
            matches: Vec::new(),
            above: Vec::new(),
            children: Vec::new(),
            waiting: Vec::new(),
            unstaged: Vec::new(),
            page: None,
            whole: Vec::new(),
            arriving: false,
            leaving: 0,
            totals: false,
            views: Vec::new(),
        }
    }
}

/// Which page of changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PageAsk {
    /// One collection's changes after a position, in stamp order (MAX).
    Collection {
        /// The collection's path.
        path: String,
        /// Only what was stamped after this.
        after: Seq,
        /// Only what was stamped up to this; `None` for the head as it is.
        until: Option<Seq>,
        /// Leave tombstones out.
        live_only: bool,
        /// At most so many records.
        records_max: usize,
        /// At most so many bytes of bodies, but always one record.
        bytes_max: usize,
    },
    /// What is still to be sent to [`Reads::peer`]: for each bookmark that is `sending`, changes after `position`; for each
    /// of `paths` whose bookmark is not, changes after `cursor`. In (collection, stamp) order, up to `until` where it is
    /// set and the bookmark is sending. Not the device's own changes, nor what its alias says it has, nor the deletion of what
    /// it never had. Where the bookmark is sending and `sending_all`: live records without an alias of its `attempt`, and what
    /// another hand has changed or deleted since that alias. Where it is sending and `looking` further than at changes: live
    /// records without a luid of the bookmark's generation, the device's own too, what another hand has changed since that
    /// alias or the alias is in doubt of ([`Alias::UNSURE`]), and with [`Looking::Everything`](crate::peer::Looking) every live record. A collection
    /// without a bookmark has no page.
    Peer {
        /// Collections the message itself opens.
        paths: Vec<String>,
        /// At most so many records over all collections.
        records_max: usize,
        /// At most so many bytes of bodies, but always one record.
        bytes_max: usize,
    },
}

/// The answer to a [`Reads`]: all of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Snapshot {
    /// The account, where [`Reads::who`] is known.
    pub account: Option<Account>,
    /// The login of the credential or of the token; for a session the login that opened it.
    pub login: Option<Login>,
    /// The token presented, where it is known (and whether it still counts is for the engine to say).
    pub token: Option<Token>,
    /// The failure counters that exist.
    pub throttles: Vec<Throttle>,
    /// The device's row.
    pub peer: Option<Peer>,
    /// The device's session, alive or not.
    pub session: Option<Session>,
    /// The device's bookmarks.
    pub bookmarks: Vec<Bookmark>,
    /// The account's collections (all, or the one asked for).
    pub collections: Vec<Collection>,
    /// Records asked for by id.
    pub records: Vec<Record>,
    /// Superseded contents, those still kept.
    pub versions: Vec<Record>,
    /// Records asked for by the device's ids.
    pub held: Vec<Held>,
    /// Records asked for by what we called them.
    pub targets: Vec<Target>,
    /// Records of equal content.
    pub found: Vec<Found>,
    /// The folders asked for and those above them, by id, each with the device's alias.
    pub above: Vec<Outgoing>,
    /// Pieces of large objects, those arriving first, in order.
    pub pieces: Vec<Piece>,
    /// What is in the folders asked for, by id; of each folder at most [`limits::CHILDREN_MAX`].
    pub children: Vec<Child>,
    /// What the device has staged of what was asked for, by its ids.
    pub waiting: Vec<Waiting>,
    /// Live records that the device has an id for, and no staged item names, by id: those whose bodies have
    /// [`limits::PAGE_BYTES_MAX`] together.
    pub unstaged: Vec<Outgoing>,
    /// The page, in order.
    pub page: Vec<Outgoing>,
    /// Whether there is more after the page.
    pub more: bool,
    /// How many records the page would have without its bounds, for each collection that has any.
    pub totals: Vec<(CollectionId, u64)>,
    /// What the account's owner sees.
    pub views: Views,
    /// What it cost.
    pub cost: Cost,
}

impl Snapshot {
    /// The collection that a (normalised) path names: by id or by alias.
    pub fn collection_at(&self, path: &str) -> Option<&Collection> {
        self.collections.iter().find(|c| c.id.0 == path || c.aliases.iter().any(|alias| alias == path))
    }
}

/// A record a device named by its own id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// The alias, of whatever generation.
    pub alias: Alias,
    /// The record as it is now; `None` where it is gone without a tombstone.
    pub record: Option<Record>,
    /// The content the device last had: of the versions stamped up to `alias.seq`, or made by this device, the newest. `None`
    /// where the record itself is that, or where it is no longer kept. (The cursor says nothing here: a version below it may
    /// have been superseded before it could be sent.)
    pub base: Option<Body>,
    /// The stamp, the size and the form of that version where its bytes were left in the store ([`Reads::whole`] names them): then
    /// there is no `base`.
    pub base_large: Option<(Seq, usize, Form)>,
}

impl Held {
    /// The versions whose bytes were left in the store, the record's own first, each with its size.
    pub fn left_in_store(&self) -> impl Iterator<Item = (RecordVersion, usize)> {
        let now = self.record.as_ref().filter(|record| matches!(record.content, Content::Large(_)));
        let now = now.map(|record| (record.seq, record.content.size()));
        let base = self.base_large.as_ref().map(|(seq, size, _)| (*seq, *size));
        let alias = &self.alias;
        let version = |seq| (alias.collection.clone(), alias.record.clone(), seq);
        now.into_iter().chain(base).map(move |(seq, size)| (version(seq), size))
    }
}

/// A record named by what we called it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The path asked under.
    pub path: String,
    /// The id asked for.
    pub target: String,
    /// The record's collection, id and stamp.
    pub collection: CollectionId,
    /// The record.
    pub record: RecordId,
    /// Its stamp now.
    pub seq: Seq,
    /// The alias, where there is one.
    pub alias: Option<Alias>,
}

/// A live record of equal content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// The key asked for.
    pub key: MatchKey,
    /// Its collection.
    pub collection: CollectionId,
    /// Its id. For each key at most as many records as times the key was asked for, unclaimed ones first, then by stamp.
    pub record: RecordId,
    /// Its stamp.
    pub seq: Seq,
    /// The folder it is in.
    pub parent: Option<RecordId>,
    /// The device's alias of it, of whatever generation.
    pub alias: Option<Alias>,
}

/// A live record in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Child {
    /// Its collection.
    pub collection: CollectionId,
    /// The folder.
    pub parent: RecordId,
    /// The record.
    pub record: RecordId,
}

/// An item of a refresh from the device that waits for the rest ([`Staged`](super::Staged)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// Its collection.
    pub collection: CollectionId,
    /// The device's id.
    pub luid: Luid,
    /// The record it is to be.
    pub record: RecordId,
    /// The form of what it holds; `None` where the record stays as it is.
    pub form: Option<Form>,
    /// The folder it is to be in, as in [`Staged`](super::Staged).
    pub parent: Option<Luid>,
}

/// A record on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outgoing {
    /// The record as it is.
    pub record: Record,
    /// The device's alias of it (never for [`PageAsk::Collection`]).
    pub alias: Option<Alias>,
}
