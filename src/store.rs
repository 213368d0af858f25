//! Stores: two verbs, `read` and `commit`, and the plain data they carry.
//!
//! A [`Reads`] names everything a turn may need, from the message alone; a [`Snapshot`] answers it, all of one moment; a
//! [`Batch`] is everything a turn changes, all or nothing, and only if what was read still stands ([`Guard`]).
//! `store/memory.rs` is the reference, `store/sql.rs` the same contract as SQL; `tests/stores.rs` holds both to it.

pub mod memory;
pub mod sql;
pub mod survey;

use crate::content::fields::Field;
use crate::journal::Moment;
use crate::journal::matching::MatchKey;
use crate::peer::{Alias, Bookmark, Luid, PeerId};
use crate::record::{AccountId, Body, CollectionId, Content, Kind, Origin, Record, RecordId, Seq};
use serde::{Deserialize, Serialize};

/// A place where records live.
#[allow(async_fn_in_trait)]
pub trait Store {
    /// One snapshot, all of one moment, in one round trip.
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError>;
    /// All of the batch or none of it, in one round trip; [`StoreError::Conflict`] where the guard no longer holds.
    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError>;
}

/// Why a store did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// What was read has moved on, or an insert met a taken id: read again and decide again.
    Conflict,
    /// The store is overloaded or away; the same may work later. Nothing, or all, of a batch was written.
    Busy(String),
    /// We are wrong (a row that cannot be read, a statement refused): said in the log.
    Broken(String),
}

/// What one trip to the store cost, as the store counts it. Zeros where the store does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Round trips.
    pub batches: u64,
    /// Statements in them.
    pub statements: u64,
    /// Rows read.
    pub rows_read: u64,
    /// Rows written, indexes included.
    pub rows_written: u64,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.batches += other.batches;
        self.statements += other.statements;
        self.rows_read += other.rows_read;
        self.rows_written += other.rows_written;
    }
}

// ---------------------------------------------------------------------------------------------------------------- read

/// Whose data a turn is about. The store resolves it to one account inside every statement.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Everything a turn may need. A path is a collection's id or one of its aliases, already normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads {
    /// Whose.
    pub who: Who,
    /// Failure counters by key (see [`Throttle`]).
    pub throttles: Vec<String>,
    /// The device: its row, its bookmarks, its session.
    pub peer: Option<PeerId>,
    /// Whether the account's collections are wanted, with their paths.
    pub collections: bool,
    /// One collection only, by path (MAX): answers as the single entry of [`Snapshot::collections`].
    pub collection: Option<String>,
    /// Records by id.
    pub records: Vec<(String, Vec<RecordId>)>,
    /// Records by the device's ids, each with the version the device last acknowledged.
    pub luids: Vec<(String, Vec<Luid>)>,
    /// Records by what we called them towards the device: record ids or temporary ids (SyncML Map).
    pub targets: Vec<(String, Vec<String>)>,
    /// Live records of equal content (see [`Found`]); a key may stand several times.
    pub matches: Vec<(String, Vec<MatchKey>)>,
    /// A page of changes.
    pub page: Option<PageAsk>,
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
            luids: Vec::new(),
            targets: Vec::new(),
            matches: Vec::new(),
            page: None,
        }
    }
}

/// Which page of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// set. Where the bookmark is `sending_all`: live records without an alias of its generation only.
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// Records asked for by the device's ids.
    pub held: Vec<Held>,
    /// Records asked for by what we called them.
    pub targets: Vec<Target>,
    /// Records of equal content.
    pub found: Vec<Found>,
    /// The page, in order.
    pub page: Vec<Outgoing>,
    /// Whether there is more after the page.
    pub more: bool,
    /// What it cost.
    pub cost: Cost,
}

impl Snapshot {
    /// The collection that a (normalised) path names: by id or by alias.
    pub fn collection_at(&self, path: &str) -> Option<&Collection> {
        self.collections.iter().find(|c| c.id.0 == path || c.aliases.iter().any(|alias| alias == path))
    }
}

/// A tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// A counter of failed logins under one key (a login and an address).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// The key.
    pub key: String,
    /// Failures since the last success or the last long pause.
    pub failures: i64,
    /// No try before this moment.
    pub until: Moment,
}

/// A device's row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    pub reply: Vec<u8>,
    /// When it is over if nothing more comes.
    pub expires: Moment,
    /// How many records a page is worth reading for this device: no more fit its messages. Bounds [`PageAsk::Peer`].
    pub page_records: i64,
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

/// A record a device named by its own id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The alias, of whatever generation.
    pub alias: Alias,
    /// The record as it is now; `None` where it is gone without a tombstone.
    pub record: Option<Record>,
    /// The content the device last acknowledged, where it differs from the record's and is still kept.
    pub base: Option<Body>,
}

/// A record named by what we called it.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The key asked for.
    pub key: MatchKey,
    /// Its collection.
    pub collection: CollectionId,
    /// Its id. For each key at most as many records as times the key was asked for, unclaimed ones first, then by stamp.
    pub record: RecordId,
    /// Its stamp.
    pub seq: Seq,
    /// The device's alias of it, of whatever generation.
    pub alias: Option<Alias>,
}

/// A record on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The record as it is.
    pub record: Record,
    /// The device's alias of it (never for [`PageAsk::Collection`]).
    pub alias: Option<Alias>,
}

// -------------------------------------------------------------------------------------------------------------- commit

/// Everything a turn changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Whose; empty only where nothing but [`Self::throttles`] is written.
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
    /// Bookmarks as they are from now on.
    pub bookmarks: Vec<Bookmark>,
    /// The device's row as it is from now on.
    pub peer: Option<Peer>,
    /// The session as it is from now on; its version is the guard's plus one.
    pub session: Option<Session>,
    /// Tokens issued.
    pub tokens: Vec<Token>,
    /// Failure counters as they are from now on; a counter of 0 failures is removed.
    pub throttles: Vec<Throttle>,
    /// What is past its time and goes.
    pub sweep: Option<Sweep>,
    /// What the operator changes.
    pub edits: Vec<Edit>,
}

/// What must still stand for a batch to be written. Empty lists ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// The snapshot's head: none of the records and keys below may bear a later stamp.
    pub head: Seq,
    /// Records that were read, or found absent.
    pub records: Vec<(CollectionId, RecordId)>,
    /// Match keys that were looked up.
    pub matches: Vec<(CollectionId, MatchKey)>,
    /// The version of the session of [`Batch::peer_id`] as read; 0 where there was none; `None` asks for nothing.
    pub session: Option<i64>,
}

/// One record's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The collection.
    pub collection: CollectionId,
    /// The record.
    pub id: RecordId,
    /// What it holds from now on.
    pub content: Content,
    /// By what a slow sync recognises it; `None` for tombstones and MAX-only tables.
    pub key: Option<MatchKey>,
    /// Who changes it.
    pub origin: Origin,
    /// Whether the id must be free: a taken one is a [`StoreError::Conflict`].
    pub insert: bool,
    /// Whether the superseded version is kept for three-way merging (SyncML collections only).
    pub supersede: bool,
}

/// A version a device has said it took.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// What is past its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Tombstones and superseded versions stamped up to this go, and it becomes the account's horizon.
    pub horizon: Seq,
    /// Sessions that were over before this moment go; so do failure counters.
    pub now: Moment,
}

/// What the operator changes.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// A collection made or replaced (its records stay).
    PutCollection(Collection),
    /// A token revoked, by hash.
    RevokeToken(String),
}

/// What a commit says back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The account's head after the batch; 0 where the batch changed no record and touched no account.
    pub head: Seq,
    /// What it cost.
    pub cost: Cost,
}
