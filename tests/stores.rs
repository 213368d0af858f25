//! The contract of a store (`anchorage::store`), held against memory, against memory behind plain data, against SQL on native SQLite, and against D1 in workerd.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "stores/budget.rs"]
mod budget;
#[path = "stores/contract.rs"]
mod contract;
#[path = "stores/crossing.rs"]
mod crossing;
#[path = "stores/house.rs"]
mod house;
#[path = "stores/random.rs"]
mod random;
#[path = "stores/schema.rs"]
mod schema;
#[path = "stores/sqlite.rs"]
mod sqlite;
#[path = "stores/workerd.rs"]
mod workerd;

use anchorage::store::memory::MemoryStore;
use crossing::CrossingStore;
use sqlite::SqliteStore;
use workerd::D1Store;

/// Each case of the contract, as one test over each store.
macro_rules! cases {
    ($($case:ident)*) => {
        mod memory {
            $(#[test] fn $case() { super::contract::$case(super::MemoryStore::new); })*
        }
        mod plain_data {
            $(#[test] fn $case() { super::contract::$case(super::CrossingStore::new); })*
        }
        mod sql {
            $(#[test] fn $case() { super::contract::$case(super::SqliteStore::new); })*
        }
        /// Run by `tests/worker/stores.test.mjs`, which opens the databases.
        mod d1 {
            $(
                #[test]
                #[ignore = "D1 in workerd is opened by npm test"]
                fn $case() { super::contract::$case(super::D1Store::new); }
            )*
            #[test]
            #[ignore = "D1 in workerd is opened by npm test"]
            fn memory_and_d1_say_the_same() { super::random::alike(1, 150, &super::D1Store::new()); }
        }
    };
}
contract::each!(cases);
