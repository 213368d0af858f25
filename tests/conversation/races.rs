//! A store into which somebody else comes between a read and a commit.

use anchorage::store::{Batch, Reads, Receipt, Snapshot, Store, StoreError};
use std::cell::RefCell;

/// Runs `between` once, right before the first commit that changes a record.
pub struct Racer<'a, S, F> {
    inner: &'a S,
    between: RefCell<Option<F>>,
}

impl<'a, S: Store, F: FnOnce()> Racer<'a, S, F> {
    pub fn new(inner: &'a S, between: F) -> Self {
        Self { inner, between: RefCell::new(Some(between)) }
    }
}

impl<S: Store, F: FnOnce()> Store for Racer<'_, S, F> {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        self.inner.read(reads).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        let between = if batch.changes.is_empty() { None } else { self.between.borrow_mut().take() };
        if let Some(between) = between {
            between();
        }
        self.inner.commit(batch).await
    }
}
