//! MAX as a client sees it: the conformance list (MAX 9), every refusal (MAX 2.5), application files (MAX 4), and what a
//! hostile client sends. Every scenario is played over every store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "max/application.rs"]
mod application;
#[path = "stores/asked.rs"]
mod asked;
#[path = "max/conformance.rs"]
mod conformance;
#[path = "max/contacts.rs"]
mod contacts;
#[path = "max/hostile.rs"]
mod hostile;
#[path = "max/logon.rs"]
mod logon;
#[path = "stores/played.rs"]
mod played;
#[path = "max/refusals.rs"]
mod refusals;
#[path = "stores/sqlite.rs"]
mod sqlite;
#[path = "max/world.rs"]
mod world;
