//! The reference store: everything in memory, every rule of the contract in the plainest words.
//!
//! It looks through everything where SQL would use an index; whatever `store/sql.rs` answers must be what this answers.

mod commit;
mod read;
mod refresh;
mod survey;
mod view;

use crate::journal::matching::MatchKey;
use crate::peer::{Alias, Bookmark, Luid, PeerId};
use crate::record::{AccountId, Body, CollectionId, Origin, Record, RecordId, Seq};
use crate::store::{
    Account, Batch, Collection, Cost, Login, Peer, Reads, Receipt, Session, Snapshot, Staged, Store,
    StoreError, Throttle, Token, Trace,
};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Records, devices and sessions in memory, gone with the value.
#[derive(Debug, Default)]
pub struct MemoryStore {
    house: Mutex<House>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn house(&self) -> MutexGuard<'_, House> {
        self.house.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        Ok(self.house().read(reads))
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        let mut house = self.house();
        if !house.stands(batch) {
            return Err(StoreError::Conflict);
        }
        Ok(Receipt { head: house.apply(batch), cost: ONE_TRIP })
    }
}

const ONE_TRIP: Cost = Cost { batches: 1, statements: 1, rows_read: 0, rows_written: 0 };

/// Everything there is.
#[derive(Debug, Default)]
struct House {
    tenants: BTreeMap<AccountId, Tenant>,
    logins: BTreeMap<String, Login>,
    tokens: BTreeMap<String, Token>,
    throttles: BTreeMap<String, Throttle>,
}

/// Everything of one account.
#[derive(Debug, Default)]
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
    pieces: BTreeMap<(PeerId, bool, u64), Vec<u8>>,
    staged: BTreeMap<(PeerId, CollectionId, Luid), Staged>,
    /// By session and number.
    traces: BTreeMap<(String, i64), Trace>,
}

#[derive(Debug)]
struct Stored {
    record: Record,
    key: Option<MatchKey>,
}

/// A superseded content, in the order of its stamps.
#[derive(Debug)]
struct Version {
    seq: Seq,
    superseded: Seq,
    origin: Origin,
    body: Body,
}
