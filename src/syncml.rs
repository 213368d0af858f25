//! SyncML: OMA Data Synchronization 1.0 to 1.2.

pub mod codec;
pub mod device;
pub mod message;
