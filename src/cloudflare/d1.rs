//! A store on D1.

use crate::store::{Batch, Reads, Receipt, Snapshot, Store, StoreError};

/// The store.
pub struct D1Store {
    _database: worker::D1Database,
}

impl D1Store {
    /// A store in that database.
    pub fn new(database: worker::D1Database) -> Self {
        Self { _database: database }
    }
}

impl Store for D1Store {
    async fn read(&self, _reads: &Reads) -> Result<Snapshot, StoreError> {
        Err(StoreError::Broken("not yet".into()))
    }
    async fn commit(&self, _batch: &Batch) -> Result<Receipt, StoreError> {
        Err(StoreError::Broken("not yet".into()))
    }
}
