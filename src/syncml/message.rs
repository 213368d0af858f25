//! A SyncML message as values: RepPro 1.0 to 1.2, every element, in the DTD's words.
//!
//! One set of types for all versions and both encodings; what a version does not know is simply absent. Lenient reading and
//! strict writing are the codec's business (`syncml/codec.rs`).

use super::device::DevInf;
pub use super::metinf::{Anchor, Memory, Meta};
use super::plain;
pub use super::version::Version;
use serde::{Deserialize, Serialize};

/// One `SyncML` document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Message {
    /// `SyncHdr`.
    pub header: Header,
    /// The commands of `SyncBody`, in order.
    pub commands: Vec<Command>,
    /// Whether `Final` was there: the package is complete.
    pub last: bool,
}

/// `SyncHdr`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Header {
    /// `VerDTD` as sent.
    pub dtd: String,
    /// `VerProto` as sent.
    pub protocol: String,
    /// `SessionID`.
    pub session_id: String,
    /// `MsgID`.
    pub message_id: u32,
    /// `Target`.
    pub target: Location,
    /// `Source`.
    pub source: Location,
    /// `RespURI`.
    pub respond_to: Option<String>,
    /// `NoResp`.
    pub no_response: bool,
    /// `Cred`.
    pub credential: Option<Cred>,
    /// `Meta`.
    pub meta: Meta,
}

/// `Target` or `Source`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Location {
    /// `LocURI`; may be empty.
    pub uri: String,
    /// `LocName`.
    pub name: Option<String>,
    /// `Filter` (1.2, in an Alert's Target).
    pub filter: Option<Box<Filter>>,
}

impl Location {
    /// A location of that URI.
    pub fn of(uri: impl Into<String>) -> Self {
        Self { uri: uri.into(), name: None, filter: None }
    }
}

/// `Filter` (1.2).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Filter {
    /// `Meta`: the content type.
    pub meta: Meta,
    /// `Field/Item`.
    pub field: Option<Item>,
    /// `Record/Item`.
    pub record: Option<Item>,
    /// `FilterType`: `EXCLUSIVE` or `INCLUSIVE`.
    pub filter_type: Option<String>,
}

/// `Cred`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Cred {
    /// `Meta`: `Type` (default `syncml:auth-basic`) and `Format`.
    pub meta: Meta,
    /// `Data` as sent.
    #[serde(with = "plain::bytes")]
    pub data: Vec<u8>,
}

/// `Item`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Item {
    /// `Target`.
    pub target: Option<Location>,
    /// `Source`.
    pub source: Option<Location>,
    /// `SourceParent/LocURI` (1.2).
    pub source_parent: Option<String>,
    /// `TargetParent/LocURI` (1.2).
    pub target_parent: Option<String>,
    /// `Meta`.
    pub meta: Meta,
    /// `Data`.
    pub data: Option<Data>,
    /// `MoreData`.
    pub more: bool,
}

/// What `Data` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "plain::Data", into = "plain::Data")]
pub enum Data {
    /// Text or opaque bytes.
    Bytes(Vec<u8>),
    /// An `Anchor` in a status.
    Anchor(Anchor),
    /// A DevInf document: inline elements in XML, an embedded document in WBXML.
    Device(Box<DevInf>),
}

impl Data {
    /// The bytes; empty for an anchor or a DevInf.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// The same, taken.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => Vec::new(),
        }
    }
}

/// One command of the body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "plain::Command", into = "plain::Command")]
pub enum Command {
    /// `Alert`.
    Alert(Alert),
    /// `Add`, `Replace`, `Delete`, `Copy`, `Move`.
    Change(Change),
    /// `Exec`.
    Exec(Exec),
    /// `Get`.
    Get(Get),
    /// `Put`.
    Put(Get),
    /// `Map`.
    Map(Map),
    /// `Results`.
    Results(Results),
    /// `Search`.
    Search(Search),
    /// `Atomic` or `Sequence`.
    Group(Group),
    /// `Status`.
    Status(Status),
    /// `Sync`.
    Sync(Sync),
}

impl Command {
    /// The `Cred` of a command that stands for itself: the database layer's.
    pub fn credential(&self) -> Option<&Cred> {
        match self {
            Self::Alert(alert) => alert.credential.as_ref(),
            Self::Change(change) => change.credential.as_ref(),
            Self::Exec(exec) => exec.credential.as_ref(),
            Self::Get(get) | Self::Put(get) => get.credential.as_ref(),
            Self::Map(map) => map.credential.as_ref(),
            Self::Search(search) => search.credential.as_ref(),
            Self::Sync(sync) => sync.credential.as_ref(),
            Self::Results(_) | Self::Group(_) | Self::Status(_) => None,
        }
    }
}

/// `Alert`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Alert {
    /// `CmdID`.
    #[serde(rename = "id")]
    pub command_id: String,
    /// `NoResp`.
    pub no_response: bool,
    /// `Cred`.
    pub credential: Option<Cred>,
    /// `Data`: the alert code as text.
    pub code: String,
    /// `Correlator` (1.2).
    pub correlator: Option<String>,
    /// `Item`s.
    pub items: Vec<Item>,
}

/// Which change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// `Add`.
    #[default]
    Add,
    /// `Copy`.
    Copy,
    /// `Delete`.
    Delete,
    /// `Move` (1.2).
    Move,
    /// `Replace`.
    Replace,
}

impl ChangeKind {
    /// The element's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Copy => "Copy",
            Self::Delete => "Delete",
            Self::Move => "Move",
            Self::Replace => "Replace",
        }
    }
}

/// `Add`, `Replace`, `Delete`, `Copy` or `Move`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Change {
    /// Which.
    #[serde(skip)]
    pub kind: ChangeKind,
    /// `CmdID`.
    #[serde(rename = "id")]
    pub command_id: String,
    /// `NoResp`.
    pub no_response: bool,
    /// `Archive` (Delete only).
    pub archive: bool,
    /// `SftDel` (Delete only).
    pub soft_delete: bool,
    /// `Cred`.
    pub credential: Option<Cred>,
    /// `Meta`, holding for every item that says nothing else.
    pub meta: Meta,
    /// `Item`s.
    pub items: Vec<Item>,
}

/// `Exec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Exec {
    /// `CmdID`.
    #[serde(rename = "id")]
    pub command_id: String,
    /// `NoResp`.
    pub no_response: bool,
    /// `Cred`.
    pub credential: Option<Cred>,
    /// `Meta`.
    pub meta: Meta,
    /// `Correlator` (1.2).
    pub correlator: Option<String>,
    /// `Item`s; the DTD has one.
    pub items: Vec<Item>,
}

/// `Get` or `Put`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Get {
    /// `CmdID`.
    #[serde(rename = "id")]
    pub command_id: String,
    /// `NoResp`.
    pub no_response: bool,
    /// `Lang`.
    pub language: Option<String>,
    /// `Cred`.
    pub credential: Option<Cred>,
    /// `Meta`.
    pub meta: Meta,
    /// `Item`s.
    pub items: Vec<Item>,
}

/// `Map`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Map {
    /// `CmdID`.
    #[serde(rename = "id")]
    pub command_id: String,
    /// `Target`: the recipient's datastore.
    pub target: Location,
    /// `Source`: the originator's datastore.
    pub source: Location,
    /// `Cred`.
    pub credential: Option<Cred>,
    /// `Meta`.
    pub meta: Meta,
    /// `MapItem`s.
    pub items: Vec<MapItem>,
}

/// `MapItem`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MapItem {
    /// `Target`: the (temporary) GUID.
    pub target: Location,
    /// `Source`: the LUID.
    pub source: Location,
}

/// `Results`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Results {
    /// `CmdID`.
    #[serde(rename = "id")]
    pub command_id: String,
    /// `MsgRef`; absent means 1.
    pub message_ref: Option<u32>,
    /// `CmdRef`.
    pub command_ref: String,
    /// `Meta`.
    pub meta: Meta,
    /// `TargetRef`.
    pub target_ref: Option<String>,
    /// `SourceRef`.
    pub source_ref: Option<String>,
    /// `Item`s.
    pub items: Vec<Item>,
}

/// `Search`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Search {
    /// `CmdID`.
    #[serde(rename = "id")]
    pub command_id: String,
    /// `NoResp`.
    pub no_response: bool,
    /// `NoResults`.
    pub no_results: bool,
    /// `Cred`.
    pub credential: Option<Cred>,
    /// `Target`.
    pub target: Option<Location>,
    /// `Source`s.
    pub sources: Vec<Location>,
    /// `Lang`.
    pub language: Option<String>,
    /// `Meta`: the grammar's type.
    pub meta: Meta,
    /// `Data`: the query.
    pub data: Option<Data>,
}

/// Which group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupKind {
    /// `Atomic`.
    #[default]
    Atomic,
    /// `Sequence`.
    Sequence,
}

/// `Atomic` or `Sequence`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Group {
    /// Which.
    #[serde(skip)]
    pub kind: GroupKind,
    /// `CmdID`.
    #[serde(rename = "id")]
    pub command_id: String,
    /// `NoResp`.
    pub no_response: bool,
    /// `Meta`.
    pub meta: Meta,
    /// The commands in it.
    pub commands: Vec<Command>,
}

/// `Status`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Status {
    /// `CmdID`.
    #[serde(rename = "id")]
    pub command_id: String,
    /// `MsgRef`.
    pub message_ref: u32,
    /// `CmdRef`: `0` for the SyncHdr.
    pub command_ref: String,
    /// `Cmd`: the name of the command it is about.
    #[serde(rename = "of")]
    pub command: String,
    /// `TargetRef`s.
    pub target_refs: Vec<String>,
    /// `SourceRef`s.
    pub source_refs: Vec<String>,
    /// `Cred`.
    pub credential: Option<Cred>,
    /// `Chal/Meta`.
    pub challenge: Option<Meta>,
    /// `Data`: the status code.
    pub code: u16,
    /// `Item`s.
    pub items: Vec<Item>,
}

/// `Sync`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Sync {
    /// `CmdID`.
    #[serde(rename = "id")]
    pub command_id: String,
    /// `NoResp`.
    pub no_response: bool,
    /// `Cred`.
    pub credential: Option<Cred>,
    /// `Target`: the recipient's datastore.
    pub target: Option<Location>,
    /// `Source`: the originator's datastore.
    pub source: Option<Location>,
    /// `Meta`.
    pub meta: Meta,
    /// `NumberOfChanges` (1.1 and later).
    pub changes: Option<u64>,
    /// The commands in it: changes and groups.
    pub commands: Vec<Command>,
}
