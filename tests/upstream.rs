//! Syncs that come by themselves: budgets, turns, leases, failures; over both protocols, against servers of our own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "stores/asked.rs"]
mod asked;
#[path = "stores/played.rs"]
mod played;
#[path = "upstream/rings.rs"]
mod rings;
#[path = "stores/sqlite.rs"]
mod sqlite;
#[path = "upstream/town.rs"]
mod town;
#[path = "upstream/turns.rs"]
mod turns;
