//! SyncML: OMA Data Synchronization 1.0 to 1.2 on one page.
//!
//! A client says who it is and alerts datastores with anchors (package 1); we answer with statuses and our alerts (2). It sends
//! its changes (3), we answer with statuses and ours (4); it answers with statuses and Maps (5), and we close (6).
//! A message travels `codec` → `inbox` → `server` → `outbox` → `codec`; what is remembered between messages is `session`.
//! `client` is the same from the other end: packages 1, 3 and 5 go out, 2, 4 and 6 come in.

pub mod alert;
mod bookmarks;
pub mod client;
pub mod codec;
pub mod credential;
mod describe;
pub mod device;
pub mod explain;
pub mod filter;
pub mod inbox;
mod known;
pub mod message;
mod metinf;
pub mod notification;
pub mod outbox;
mod pieces;
pub mod plain;
pub mod provisioning;
pub mod quirk;
pub mod server;
pub mod session;
pub mod status;
mod touched;
pub mod trace;
mod version;
