//! SyncML: OMA Data Synchronization 1.0 to 1.2.

pub mod alert;
pub mod codec;
pub mod credential;
pub mod device;
pub mod message;
pub mod status;
