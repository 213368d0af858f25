//! Anchorage: a sync server for mobile devices that runs at the edge.
//!
//! The promise: the core is deterministic. The same message, the same snapshot of the store, the same moment and the
//! same seed always make the same turn; the core has no clock, no randomness, no network and no threads of its own.
//!
//! The map, from the inside out (`tests/tidy.rs` holds it as data):
//!
//! | room | what it knows |
//! | --- | --- |
//! | [`record`], [`limits`], [`http`], [`secret`], [`settings`] | what is synchronised, every bound, requests and responses as plain data, seals, what the operator set |
//! | [`content`], [`journal`], [`peer`] | bytes to properties and back, order and merging, what a device holds |
//! | [`store`] | two verbs, `read` and `commit`, and what they carry |
//! | [`exchange`] | the one loop in which a decision meets a store |
//! | [`logon`] | a name and a password become a token |
//! | [`upstream`] | another server, and what one step of a client takes and gives |
//! | [`syncml`], [`max`] | the two protocols; they never see each other |
//! | [`api`] | what an account's owner sees and changes, as JSON |
//! | [`call`], [`serve`] | which client an upstream needs, which request is whose |
//! | `operate` | what the operator does to accounts from a terminal |
//! | `cloudflare` | the edge face: a worker on D1 |
//! | `javascript` | the face of the npm package |
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod api;
pub mod call;
pub mod content;
pub mod exchange;
pub mod http;
pub mod journal;
pub mod limits;
pub mod logon;
pub mod max;
pub mod operate;
pub mod peer;
pub mod record;
pub mod secret;
pub mod serve;
pub mod settings;
pub mod store;
pub mod syncml;
pub mod upstream;

#[cfg(feature = "cloudflare")]
pub mod cloudflare;
#[cfg(feature = "javascript")]
pub mod javascript;
