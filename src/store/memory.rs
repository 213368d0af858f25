//! The reference store: everything in memory, every rule of the contract in the plainest words.
//!
//! It looks through everything where SQL would use an index; whatever `store/sql.rs` answers must be what this answers.

mod commit;
mod read;
mod refresh;
mod survey;
mod view;

use crate::journal::matching::{self, MatchKey};
use crate::peer::{Alias, Bookmark, Luid, PeerId};
use crate::record::{AccountId, Body, CollectionId, Origin, Record, RecordId, Seq};
use crate::store::{
    Account, Arrangement, Batch, Collection, Cost, Login, Peer, Reads, Receipt, Session, Snapshot, Staged,
    Store, StoreError, Throttle, Token, Trace,
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Records, devices and sessions in memory, gone with the value; written out whole and read back where somebody keeps it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct MemoryStore {
    house: Mutex<House>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// [`Store::read`], at once.
    pub fn read_now(&self, reads: &Reads) -> Snapshot {
        self.house().read(reads)
    }

    /// [`Store::commit`], at once.
    pub fn commit_now(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        let mut house = self.house();
        if !house.stands(batch) {
            return Err(StoreError::Conflict);
        }
        Ok(Receipt { head: house.apply(batch), cost: ONE_TRIP })
    }

    /// Writes a batch once more that was committed before, after the same ones: what stood then is not asked again.
    pub fn replay(&self, batch: &Batch) {
        self.house().apply(batch);
    }

    /// A store of one account as it is put together, for trying something out: its collections, some of its records, one device
    /// and what that holds of them.
    pub fn scratch(scratch: Scratch) -> Self {
        let Scratch { account, login, collections, records, peer, bookmarks, aliases } = scratch;
        let key = |record: &Record| record.content.body().and_then(matching::key);
        let stored = |record: Record| Stored { key: key(&record), record };
        let tenant = Tenant {
            account: account.clone(),
            collections: collections.into_iter().map(|known| (known.id.clone(), known)).collect(),
            records: records.into_iter().map(|r| ((r.collection.clone(), r.id.clone()), stored(r))).collect(),
            bookmarks: bookmarks.into_iter().map(|b| ((peer.id.clone(), b.collection.clone()), b)).collect(),
            aliases: aliases
                .into_iter()
                .map(|alias| ((peer.id.clone(), alias.collection.clone(), alias.record.clone()), alias))
                .collect(),
            peers: BTreeMap::from([(peer.id.clone(), peer)]),
            ..Tenant::default()
        };
        let logins = BTreeMap::from([(login.name.clone(), login)]);
        let tenants = BTreeMap::from([(account.id, tenant)]);
        Self { house: Mutex::new(House { tenants, logins, ..House::default() }) }
    }

    fn house(&self) -> MutexGuard<'_, House> {
        self.house.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What [`MemoryStore::scratch`] is made of. No record may be stamped above the account's head.
#[derive(Clone, Debug)]
pub struct Scratch {
    /// The account.
    pub account: Account,
    /// Who may sign in.
    pub login: Login,
    /// Its collections.
    pub collections: Vec<Collection>,
    /// Records.
    pub records: Vec<Record>,
    /// The device.
    pub peer: Peer,
    /// How far it has come.
    pub bookmarks: Vec<Bookmark>,
    /// What it calls the records.
    pub aliases: Vec<Alias>,
}

impl Store for MemoryStore {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        Ok(self.read_now(reads))
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        self.commit_now(batch)
    }
}

const ONE_TRIP: Cost = Cost { batches: 1, statements: 1, rows_read: 0, rows_written: 0 };

/// Everything there is.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct House {
    tenants: BTreeMap<AccountId, Tenant>,
    logins: BTreeMap<String, Login>,
    tokens: BTreeMap<String, Token>,
    throttles: BTreeMap<String, Throttle>,
}

/// Everything of one account.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Tenant {
    account: Account,
    collections: BTreeMap<CollectionId, Collection>,
    records: BTreeMap<(CollectionId, RecordId), Stored>,
    versions: BTreeMap<(CollectionId, RecordId), Vec<Version>>,
    peers: BTreeMap<PeerId, Peer>,
    sessions: BTreeMap<PeerId, Session>,
    bookmarks: BTreeMap<(PeerId, CollectionId), Bookmark>,
    aliases: BTreeMap<(PeerId, CollectionId, RecordId), Alias>,
    /// By device, whether it leaves, and where it begins.
    pieces: BTreeMap<(PeerId, bool, u64), ByteBuf>,
    staged: BTreeMap<(PeerId, CollectionId, Luid), Staged>,
    arranged: BTreeMap<String, Arrangement>,
    /// By session and number.
    traces: BTreeMap<(String, i64), Trace>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    record: Record,
    key: Option<MatchKey>,
}

/// A superseded content, in the order of its stamps.
#[derive(Debug, Serialize, Deserialize)]
struct Version {
    seq: Seq,
    superseded: Seq,
    origin: Origin,
    body: Body,
}
