//! The client role against our own server, message by message, with every fault a wire can have.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "client/app.rs"]
mod app;
#[path = "client/basics.rs"]
mod basics;
#[path = "stores/house.rs"]
mod house;
#[path = "stores/sqlite.rs"]
mod sqlite;
#[path = "conversation/world.rs"]
mod world;
