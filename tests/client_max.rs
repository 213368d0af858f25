//! The MAX client against our own server: both end equal whatever is lost on the way, and nothing comes back as an echo.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "client_max/alike.rs"]
mod alike;
#[path = "stores/asked.rs"]
mod asked;
#[path = "client_max/comparing.rs"]
mod comparing;
#[path = "client_max/faults.rs"]
mod faults;
#[path = "client_max/meeting.rs"]
mod meeting;
#[path = "stores/played.rs"]
mod played;
#[path = "client_max/refusals.rs"]
mod refusals;
#[path = "client_max/scene.rs"]
mod scene;
#[path = "stores/sqlite.rs"]
mod sqlite;
