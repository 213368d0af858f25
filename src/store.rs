//! Stores: two verbs, `read` and `commit`, and the plain data they carry.
//!
//! A [`Reads`] names everything a turn may need, from the message alone; a [`Snapshot`] answers it, all of one moment; a
//! [`Batch`] is everything a turn changes, all or nothing, and only if what was read still stands ([`Guard`]).
//! `store/memory.rs` is the reference, `store/sql.rs` the same contract as SQL; `tests/stores.rs` holds both to it.

mod arrangement;
mod batch;
pub mod memory;
mod question;
mod rows;
pub mod sql;
pub mod survey;
mod throttle;
mod view;

pub use arrangement::Arrangement;
pub use batch::*;
pub use question::*;
pub use rows::*;
pub use throttle::Throttle;
pub use view::*;

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
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
