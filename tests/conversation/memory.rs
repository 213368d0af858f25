//! The store of tests that have no need of SQL: quick, in memory. Where each message has a workerd of its own it lies in a
//! file, because memory dies with its worker.

use crate::sqlite::SqliteStore;
use anchorage::store::memory;
use anchorage::store::{Batch, Reads, Receipt, Snapshot, Store, StoreError};
use std::path::Path;

pub enum MemoryStore {
    Memory(Box<memory::MemoryStore>),
    File(SqliteStore),
}

impl MemoryStore {
    pub fn new() -> Self {
        match super::fresh::wanted() {
            true => Self::File(SqliteStore::new()),
            false => Self::Memory(Box::default()),
        }
    }

    /// The state directory of a worker, in which it lies; `None` in memory.
    pub fn state(&self) -> Option<&Path> {
        match self {
            Self::Memory(_) => None,
            Self::File(store) => store.state(),
        }
    }
}

impl Store for MemoryStore {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        match self {
            Self::Memory(store) => store.read(reads).await,
            Self::File(store) => store.read(reads).await,
        }
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        match self {
            Self::Memory(store) => store.commit(batch).await,
            Self::File(store) => store.commit(batch).await,
        }
    }
}
