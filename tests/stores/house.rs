//! What the cases of the contract are written in: a store, made to answer at once, and short words for plain data.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use anchorage::journal::Moment;
use anchorage::peer::{Alias, Bookmark, Luid, PeerId, Place};
use anchorage::record::{AccountId, Body, CollectionId, Content, Form, Kind, Record, RecordId, Seq};
use anchorage::store::{
    Batch, Change, Collection, Cost, Edit, Guard, Login, PageAsk, Policy, Reads, Receipt, Snapshot, Store,
    StoreError, Throttle, Who,
};

#[path = "asked.rs"]
pub mod asked;

pub use asked::now_or_never as now;

pub fn read(store: &impl Store, reads: &Reads) -> Snapshot {
    now(store.read(reads)).unwrap()
}

pub fn commit(store: &impl Store, batch: &Batch) -> Receipt {
    now(store.commit(batch)).unwrap()
}

/// Commits what must be refused, and must have written nothing.
pub fn refused(store: &impl Store, batch: &Batch) {
    let before = all(store, &batch.account);
    assert_eq!(now(store.commit(batch)), Err(StoreError::Conflict), "{batch:?}");
    assert_eq!(all(store, &batch.account), before);
}

pub const BORN: Moment = 1_700_000_000_000;

pub fn account(name: &str) -> AccountId {
    AccountId(name.into())
}

pub fn at(collection: &str) -> CollectionId {
    CollectionId(collection.into())
}

pub fn id(id: &str) -> RecordId {
    RecordId::new(id).unwrap()
}

pub fn peer(peer: &str) -> PeerId {
    PeerId(peer.into())
}

pub fn luid(luid: &str) -> Luid {
    Luid(luid.into())
}

pub fn text(text: impl Into<Vec<u8>>) -> Content {
    Content::Body(Body { form: Form::Vcard21, bytes: text.into() })
}

/// An account with a login, contacts (also known as `card`) and a MAX table.
pub fn open(store: &impl Store, name: &str) -> AccountId {
    let account = account(name);
    let collection = |id: &str, kind, aliases: &[&str]| {
        Edit::PutCollection(Collection {
            id: at(id),
            kind,
            aliases: aliases.iter().map(|alias| alias.to_string()).collect(),
            policy: Policy::Merge,
            ..Collection::default()
        })
    };
    let batch = Batch {
        edits: vec![
            Edit::AddAccount { created: BORN },
            Edit::PutLogin(Login {
                name: format!("login of {name}"),
                account: account.clone(),
                sealed: "sealed".into(),
                local: false,
            }),
            collection("contacts", Kind::Contacts, &["card", "./Contacts"]),
            collection("unit", Kind::Table, &[]),
        ],
        ..batch(&account)
    };
    assert_eq!(commit(store, &batch).head, BORN);
    account
}

pub fn batch(account: &AccountId) -> Batch {
    Batch { account: account.clone(), now: BORN, peer_id: peer("phone"), ..Batch::default() }
}

pub fn changing(account: &AccountId, changes: Vec<Change>) -> Batch {
    Batch { changes, ..batch(account) }
}

pub fn change(collection: &str, record: &str, content: Content) -> Change {
    Change {
        collection: at(collection),
        id: id(record),
        content,
        parent: None,
        key: None,
        origin: String::new(),
        insert: false,
        supersede: false,
    }
}

/// Writes one record; answers its stamp.
pub fn put(store: &impl Store, account: &AccountId, collection: &str, record: &str, body: &str) -> Seq {
    commit(store, &changing(account, vec![change(collection, record, text(body))])).head
}

pub fn delete(store: &impl Store, account: &AccountId, collection: &str, record: &str) -> Seq {
    commit(store, &changing(account, vec![change(collection, record, Content::Deleted)])).head
}

pub fn alias(collection: &str, record: &str, luid: Option<&str>, generation: i64, seq: Seq) -> Alias {
    Alias {
        collection: at(collection),
        record: id(record),
        luid: luid.map(|luid| Luid(luid.into())),
        temporary: None,
        generation,
        seq,
    }
}

/// A place at that stamp.
pub fn place(cursor: Seq) -> Place {
    Place { cursor, ..Place::default() }
}

/// A place with that word for anchors.
pub fn named(word: &str) -> Place {
    Place { anchor: word.into(), own_anchor: word.into(), ..Place::default() }
}

pub fn bookmark(collection: &str) -> Bookmark {
    Bookmark { collection: at(collection), ..Bookmark::default() }
}

pub fn aliased(store: &impl Store, account: &AccountId, aliases: Vec<Alias>) {
    commit(store, &Batch { aliases, ..batch(account) });
}

pub fn marked(store: &impl Store, account: &AccountId, bookmarks: Vec<Bookmark>) {
    commit(store, &Batch { bookmarks, ..batch(account) });
}

pub fn guarded(account: &AccountId, guard: Guard) -> Batch {
    Batch { guard, changes: vec![change("unit", "written", text("x"))], ..batch(account) }
}

/// Reads as the phone of an account.
pub fn asking(account: &AccountId) -> Reads {
    Reads { peer: Some(peer("phone")), ..Reads::of(Who::Account(account.clone())) }
}

pub fn page(path: &str, after: Seq, records_max: usize, bytes_max: usize) -> Option<PageAsk> {
    let path = path.into();
    Some(PageAsk::Collection { path, after, until: None, live_only: false, records_max, bytes_max })
}

pub fn peer_page(paths: &[&str], records_max: usize, bytes_max: usize) -> Option<PageAsk> {
    let paths = paths.iter().map(|path| path.to_string()).collect();
    Some(PageAsk::Peer { paths, records_max, bytes_max })
}

/// All records of a collection after a position, as one page.
pub fn changes(store: &impl Store, account: &AccountId, collection: &str, after: Seq) -> Vec<Record> {
    let reads = Reads { page: page(collection, after, 100_000, 100_000_000), ..asking(account) };
    let snapshot = read(store, &reads);
    assert!(!snapshot.more);
    snapshot.page.into_iter().map(|outgoing| outgoing.record).collect()
}

pub fn ids(snapshot: &Snapshot) -> Vec<String> {
    snapshot.page.iter().map(|outgoing| outgoing.record.id.as_str().to_owned()).collect()
}

/// Everything a device and a MAX client of this account could see, in one value, without its cost.
pub fn all(store: &impl Store, account: &AccountId) -> Vec<Snapshot> {
    ["contacts", "unit"]
        .into_iter()
        .map(|collection| {
            let records: Vec<Record> = changes(store, account, collection, 0);
            let ids: Vec<RecordId> = records.into_iter().map(|record| record.id).collect();
            let names = ids.iter().map(|id| id.as_str().to_owned()).collect();
            let reads = Reads {
                collections: true,
                records: vec![(collection.into(), ids)],
                targets: vec![(collection.into(), names)],
                page: page(collection, 0, 100_000, 100_000_000),
                ..asking(account)
            };
            uncosted(read(store, &reads))
        })
        .collect()
}

pub fn uncosted(snapshot: Snapshot) -> Snapshot {
    Snapshot { cost: Cost::default(), ..snapshot }
}

pub fn throttle(key: &str, failures: i64) -> Throttle {
    Throttle { key: key.into(), failures, until: BORN }
}
