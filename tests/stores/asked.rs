//! A store that answers at once, asked from outside of any protocol.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use anchorage::record::{AccountId, Content, Record};
use anchorage::store::{PageAsk, Reads, Store, Who};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Waits for what is ready at once.
pub fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    once(future).expect("the store made us wait")
}

/// Polled once, and dropped where it waits: what a process does that is killed.
pub fn once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// The records of a collection, with all their bytes.
pub fn records(store: &impl Store, account: AccountId, collection: &str, live_only: bool) -> Vec<Record> {
    let reads = Reads {
        page: Some(PageAsk::Collection {
            path: collection.into(),
            after: 0,
            until: None,
            live_only,
            records_max: 100_000,
            bytes_max: usize::MAX / 4,
        }),
        ..Reads::of(Who::Account(account))
    };
    let page = now_or_never(store.read(&reads)).unwrap().page;
    let large = page.iter().map(|outgoing| &outgoing.record);
    let large = large.filter(|record| matches!(record.content, Content::Large(_)));
    let whole = large.map(|record| (record.collection.clone(), record.id.clone(), record.seq)).collect();
    let page = now_or_never(store.read(&Reads { whole, ..reads })).unwrap().page;
    page.into_iter().map(|outgoing| outgoing.record).collect()
}

/// What the live ones of them say, sorted.
pub fn texts(records: &[Record]) -> Vec<String> {
    let bodies = records.iter().filter_map(|record| record.content.body());
    let mut texts: Vec<String> =
        bodies.map(|body| String::from_utf8_lossy(&body.bytes).into_owned()).collect();
    texts.sort();
    texts
}
