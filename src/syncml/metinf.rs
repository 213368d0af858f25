//! What is said about data, and about whoever speaks: MetInf 1.0 to 1.2 as values, part of a message (`message.rs`).

use super::plain;
use serde::{Deserialize, Serialize};

/// `Meta`: MetInf, with or without its `MetInf` wrapper.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Meta {
    /// `FieldLevel` (1.2).
    pub field_level: bool,
    /// `Format`.
    pub format: Option<String>,
    /// `Type`.
    pub media_type: Option<String>,
    /// `Mark`.
    pub mark: Option<String>,
    /// `Size`, in bytes.
    pub size: Option<u64>,
    /// `Anchor`.
    pub anchor: Option<Anchor>,
    /// `Version`.
    pub version: Option<String>,
    /// `NextNonce`: base64 as written, or raw bytes where WBXML carried them so.
    #[serde(with = "plain::bytes_if_any")]
    pub next_nonce: Option<Vec<u8>>,
    /// `MaxMsgSize`, in bytes.
    pub max_message_bytes: Option<u64>,
    /// `MaxObjSize`, in bytes.
    pub max_object_bytes: Option<u64>,
    /// `EMI`, vendor extensions.
    pub emi: Vec<String>,
    /// `Mem`.
    pub memory: Option<Memory>,
}

impl Meta {
    /// Whether there is nothing in it, so that no `Meta` is written.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `Anchor`. Opaque text, compared for equality only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Anchor {
    /// `Last`.
    pub last: Option<String>,
    /// `Next`.
    pub next: Option<String>,
}

/// `Mem`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Memory {
    /// `SharedMem`.
    pub shared: bool,
    /// `FreeMem`, in bytes.
    pub free_bytes: Option<u64>,
    /// `FreeID`.
    pub free_ids: Option<u64>,
}
