//! Messages as plain objects: what JSON, a console and the npm package show of a [`Message`], and what they may write.
//!
//! The names are those of `message.rs` in camelCase; what is absent, false or empty is left out. Bytes are text where they are UTF-8
//! and `{"base64": …}` otherwise. A command says which it is in `command`, by its element's name.

use super::device::DevInf;
use super::message::{self as said, ChangeKind, GroupKind, Message};
use crate::limits::DEPTH_MAX;
use crate::secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A message as a plain object.
pub fn plain(message: &Message) -> Value {
    pruned(serde_json::to_value(message).unwrap_or_default())
}

/// The message of a plain object, or why it is none.
pub fn message(plain: Value) -> Result<Message, String> {
    if is_deep(&plain, DEPTH_MAX) {
        return Err(format!("it nests more than {DEPTH_MAX} deep"));
    }
    serde_json::from_value(plain).map_err(|error| error.to_string())
}

fn is_deep(value: &Value, depth: usize) -> bool {
    let deeper = |value: &Value| depth == 0 || is_deep(value, depth - 1);
    match value {
        Value::Array(values) => values.iter().any(deeper),
        Value::Object(entries) => entries.values().any(deeper),
        _ => false,
    }
}

/// A DevInf document as a plain object.
pub fn plain_device(device: &DevInf) -> Value {
    pruned(renamed(serde_json::to_value(device).unwrap_or_default(), camel))
}

/// The DevInf of a plain object, or why it is none.
pub fn device(plain: Value) -> Result<DevInf, String> {
    serde_json::from_value(renamed(plain, snake)).map_err(|error| error.to_string())
}

/// Without what is absent, false or empty: reading it back gives the same.
fn pruned(value: Value) -> Value {
    match value {
        Value::Object(entries) => entries
            .into_iter()
            .map(|(name, value)| (name, pruned(value)))
            .filter(|(name, value)| !says_nothing(name, value))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(values) => values.into_iter().map(pruned).collect(),
        other => other,
    }
}

/// A `Meta` that is there and empty is written as none; any other empty object is one that was there.
fn says_nothing(name: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(entries) => name == "meta" && entries.is_empty(),
        _ => false,
    }
}

// --------------------------------------------------------------------------------------------------------------- names

/// In the store a DevInf's names are in snake_case.
fn renamed(value: Value, rename: fn(&str) -> String) -> Value {
    match value {
        Value::Object(entries) => entries
            .into_iter()
            .map(|(name, value)| (rename(&name), renamed(value, rename)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(values) => values.into_iter().map(|value| renamed(value, rename)).collect(),
        other => other,
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let mut letters = word.chars();
        let initial = letters.next().map(|letter| letter.to_ascii_uppercase());
        text + &initial.into_iter().chain(letters).collect::<String>()
    })
}

fn snake(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

// ------------------------------------------------------------------------------------------------------------ commands

/// A command by its element's name.
#[derive(Serialize, Deserialize)]
#[serde(tag = "command")]
pub(super) enum Command {
    Alert(said::Alert),
    Add(said::Change),
    Copy(said::Change),
    Delete(said::Change),
    Move(said::Change),
    Replace(said::Change),
    Exec(said::Exec),
    Get(said::Get),
    Put(said::Get),
    Map(said::Map),
    Results(said::Results),
    Search(said::Search),
    Atomic(said::Group),
    Sequence(said::Group),
    Status(said::Status),
    Sync(said::Sync),
}

impl From<said::Command> for Command {
    fn from(command: said::Command) -> Self {
        match command {
            said::Command::Alert(alert) => Self::Alert(alert),
            said::Command::Change(change) => match change.kind {
                ChangeKind::Add => Self::Add(change),
                ChangeKind::Copy => Self::Copy(change),
                ChangeKind::Delete => Self::Delete(change),
                ChangeKind::Move => Self::Move(change),
                ChangeKind::Replace => Self::Replace(change),
            },
            said::Command::Exec(exec) => Self::Exec(exec),
            said::Command::Get(get) => Self::Get(get),
            said::Command::Put(put) => Self::Put(put),
            said::Command::Map(map) => Self::Map(map),
            said::Command::Results(results) => Self::Results(results),
            said::Command::Search(search) => Self::Search(search),
            said::Command::Group(group) => match group.kind {
                GroupKind::Atomic => Self::Atomic(group),
                GroupKind::Sequence => Self::Sequence(group),
            },
            said::Command::Status(status) => Self::Status(status),
            said::Command::Sync(sync) => Self::Sync(sync),
        }
    }
}

impl From<Command> for said::Command {
    fn from(command: Command) -> Self {
        let change = |kind, change| Self::Change(said::Change { kind, ..change });
        let group = |kind, group| Self::Group(said::Group { kind, ..group });
        match command {
            Command::Alert(alert) => Self::Alert(alert),
            Command::Add(add) => change(ChangeKind::Add, add),
            Command::Copy(copy) => change(ChangeKind::Copy, copy),
            Command::Delete(delete) => change(ChangeKind::Delete, delete),
            Command::Move(moved) => change(ChangeKind::Move, moved),
            Command::Replace(replace) => change(ChangeKind::Replace, replace),
            Command::Exec(exec) => Self::Exec(exec),
            Command::Get(get) => Self::Get(get),
            Command::Put(put) => Self::Put(put),
            Command::Map(map) => Self::Map(map),
            Command::Results(results) => Self::Results(results),
            Command::Search(search) => Self::Search(search),
            Command::Atomic(atomic) => group(GroupKind::Atomic, atomic),
            Command::Sequence(sequence) => group(GroupKind::Sequence, sequence),
            Command::Status(status) => Self::Status(status),
            Command::Sync(sync) => Self::Sync(sync),
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------- data

/// What a `Data` holds: text or bytes as themselves, anything else under its name.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Data {
    Bytes(#[serde(with = "bytes")] Vec<u8>),
    Anchor { anchor: said::Anchor },
    Device { device: PlainDevice },
}

/// A DevInf with the names it has here.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub(super) struct PlainDevice(Box<DevInf>);

impl Clone for PlainDevice {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl TryFrom<Value> for PlainDevice {
    type Error = String;

    fn try_from(plain: Value) -> Result<Self, String> {
        device(plain).map(|device| Self(Box::new(device)))
    }
}

impl From<PlainDevice> for Value {
    fn from(device: PlainDevice) -> Self {
        plain_device(&device.0)
    }
}

impl From<said::Data> for Data {
    fn from(data: said::Data) -> Self {
        match data {
            said::Data::Bytes(bytes) => Self::Bytes(bytes),
            said::Data::Anchor(anchor) => Self::Anchor { anchor },
            said::Data::Device(device) => Self::Device { device: PlainDevice(device) },
        }
    }
}

impl From<Data> for said::Data {
    fn from(data: Data) -> Self {
        match data {
            Data::Bytes(bytes) => Self::Bytes(bytes),
            Data::Anchor { anchor } => Self::Anchor(anchor),
            Data::Device { device } => Self::Device(device.0),
        }
    }
}

/// Bytes as text, or as base64 where they are none.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Spelt {
    Text(String),
    Base64 { base64: String },
}

impl Spelt {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64 { base64: secret::base64(bytes) },
        }
    }

    fn bytes<E: serde::de::Error>(self) -> Result<Vec<u8>, E> {
        match self {
            Self::Text(text) => Ok(text.into_bytes()),
            Self::Base64 { base64 } => {
                secret::unbase64(base64.as_bytes()).ok_or_else(|| E::custom("`base64` is no base64"))
            }
        }
    }
}

/// `#[serde(with)]` for bytes.
pub(super) mod bytes {
    use super::Spelt;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        Spelt::of(bytes).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Spelt::deserialize(deserializer)?.bytes()
    }
}

/// The same for bytes that may be absent.
pub(super) mod bytes_if_any {
    use super::Spelt;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        bytes.as_deref().map(Spelt::of).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        Option::<Spelt>::deserialize(deserializer)?.map(Spelt::bytes).transpose()
    }
}
