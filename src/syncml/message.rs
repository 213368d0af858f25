//! A SyncML message as values: RepPro 1.0 to 1.2, every element, in the DTD's words.
//!
//! One set of types for all versions and both encodings; what a version does not know is simply absent. Lenient reading and
//! strict writing are the codec's business (`syncml/codec.rs`).

use super::device::DevInf;
pub use super::version::Version;

/// One `SyncML` document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// `SyncHdr`.
    pub header: Header,
    /// The commands of `SyncBody`, in order.
    pub commands: Vec<Command>,
    /// Whether `Final` was there: the package is complete.
    pub last: bool,
}

/// `SyncHdr`.
#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Debug, Default, PartialEq)]
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

/// `Meta`: MetInf, with or without its `MetInf` wrapper.
#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Anchor {
    /// `Last`.
    pub last: Option<String>,
    /// `Next`.
    pub next: Option<String>,
}

/// `Mem`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// `SharedMem`.
    pub shared: bool,
    /// `FreeMem`, in bytes.
    pub free_bytes: Option<u64>,
    /// `FreeID`.
    pub free_ids: Option<u64>,
}

/// `Cred`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cred {
    /// `Meta`: `Type` (default `syncml:auth-basic`) and `Format`.
    pub meta: Meta,
    /// `Data` as sent.
    pub data: Vec<u8>,
}

/// `Item`.
#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alert {
    /// `CmdID`.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// `Add`.
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
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which.
    pub kind: ChangeKind,
    /// `CmdID`.
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exec {
    /// `CmdID`.
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Get {
    /// `CmdID`.
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// `CmdID`.
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MapItem {
    /// `Target`: the (temporary) GUID.
    pub target: Location,
    /// `Source`: the LUID.
    pub source: Location,
}

/// `Results`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// `CmdID`.
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// `CmdID`.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupKind {
    /// `Atomic`.
    Atomic,
    /// `Sequence`.
    Sequence,
}

/// `Atomic` or `Sequence`.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Which.
    pub kind: GroupKind,
    /// `CmdID`.
    pub command_id: String,
    /// `NoResp`.
    pub no_response: bool,
    /// `Meta`.
    pub meta: Meta,
    /// The commands in it.
    pub commands: Vec<Command>,
}

/// `Status`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// `CmdID`.
    pub command_id: String,
    /// `MsgRef`.
    pub message_ref: u32,
    /// `CmdRef`: `0` for the SyncHdr.
    pub command_ref: String,
    /// `Cmd`: the name of the command it is about.
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sync {
    /// `CmdID`.
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
