//! The client role against our own server, message by message, with every fault a wire can have.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "client/app.rs"]
mod app;
#[path = "client/basics.rs"]
mod basics;
#[path = "simulation/chance.rs"]
#[allow(dead_code)]
mod chance;
#[path = "client/conflicts.rs"]
mod conflicts;
#[path = "client/faults.rs"]
mod faults;
#[path = "client/foreign.rs"]
mod foreign;
#[path = "client/hostile.rs"]
mod hostile;
#[path = "stores/house.rs"]
mod house;
#[path = "client/modes.rs"]
mod modes;
#[path = "client/objects.rs"]
mod objects;
#[path = "client/peer.rs"]
mod peer;
#[path = "client/sessions.rs"]
mod sessions;
#[path = "client/soak.rs"]
mod soak;
#[path = "stores/sqlite.rs"]
mod sqlite;
#[path = "conversation/world.rs"]
mod world;
