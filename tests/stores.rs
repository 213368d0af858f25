//! The contract of a store (`anchorage::store`), held against memory and against SQL on native SQLite.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "stores/budget.rs"]
mod budget;
#[path = "stores/contract.rs"]
mod contract;
#[path = "stores/house.rs"]
mod house;
#[path = "stores/random.rs"]
mod random;
#[path = "stores/schema.rs"]
mod schema;
#[path = "stores/sqlite.rs"]
mod sqlite;

use anchorage::store::memory::MemoryStore;
use sqlite::SqliteStore;

/// Each case of the contract, as one test over each store.
macro_rules! cases {
    ($($case:ident)*) => {
        mod memory {
            $(#[test] fn $case() { super::contract::$case(super::MemoryStore::new); })*
        }
        mod sql {
            $(#[test] fn $case() { super::contract::$case(super::SqliteStore::new); })*
        }
    };
}
contract::each!(cases);
