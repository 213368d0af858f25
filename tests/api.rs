//! The JSON API as its clients see it, played over every store: records read and changed, imports and exports, devices, sessions,
//! and what a hostile client sends. Every answer is held to `docs/openapi.json` as far as its status, its media type and its
//! headers go; `tests/worker/api.test.mjs` holds the bodies to it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "stores/asked.rs"]
mod asked;
#[path = "api/contract.rs"]
mod contract;
#[path = "api/devices.rs"]
mod devices;
#[path = "api/files.rs"]
mod files;
#[path = "api/hostile.rs"]
mod hostile;
#[path = "api/logon.rs"]
mod logon;
#[path = "api/phone.rs"]
mod phone;
#[path = "stores/played.rs"]
mod played;
#[path = "api/records.rs"]
mod records;
#[path = "api/sessions.rs"]
mod sessions;
#[path = "stores/sqlite.rs"]
mod sqlite;
#[path = "api/world.rs"]
mod world;
