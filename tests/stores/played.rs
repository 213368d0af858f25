//! What is played over every store by requests: the macro that does so, the requests, and a table to write into.
#![allow(dead_code, clippy::unwrap_used)]

use anchorage::content::fields::{Field, FieldKind};
use anchorage::http::Request;
use anchorage::journal::matching;
use anchorage::record::{CollectionId, Content, Kind, RecordId};
use anchorage::store::{Change, Collection};

pub const CREATED: i64 = 1_763_000_000_000;

/// Runs a test over every store.
#[macro_export]
macro_rules! scenario {
    ($(#[$meta:meta])* $name:ident, $world:ident => $body:block) => {
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            #[allow(unused_mut)]
            fn play<S: anchorage::store::Store>(mut $world: World<S>) $body
            #[test]
            fn in_memory() {
                play(World::new(anchorage::store::memory::MemoryStore::new()));
            }
            #[test]
            fn in_sqlite() {
                play(World::new($crate::sqlite::SqliteStore::new()));
            }
        }
    };
}

/// A request nobody has signed.
pub fn bare(method: &str, target: &str) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Request {
        method: method.into(),
        path: path.into(),
        query: query.into(),
        origin: "https://sync.example".into(),
        address: "192.0.2.1".into(),
        ..Request::default()
    }
}

/// The same with this header, and no other of its name.
pub fn with(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.retain(|(known, _)| known != name);
    request.headers.push((name.into(), value.into()));
    request
}

pub fn field(name: &str, kind: FieldKind) -> Field {
    Field { name: name.into(), kind, path: String::new() }
}

/// A record as a phone changes it, or makes it new.
pub fn of_phone(collection: &str, id: &str, content: Content, insert: bool) -> Change {
    Change {
        collection: CollectionId(collection.into()),
        id: RecordId::new(id).unwrap(),
        key: content.body().and_then(matching::key),
        content,
        parent: None,
        origin: "phone".into(),
        insert,
        supersede: true,
    }
}

/// A table.
pub fn tasks() -> Collection {
    Collection {
        id: CollectionId("tasks".into()),
        kind: Kind::Table,
        fields: vec![
            field("id", FieldKind::PrimaryKey),
            field("title", FieldKind::String),
            field("done", FieldKind::Integer),
            field("due", FieldKind::Date),
        ],
        ..Collection::default()
    }
}
