//! The cases every store must pass. Each is given a maker of empty stores.

use crate::house::*;
use anchorage::journal;
use anchorage::record::Content;
use anchorage::store::{Guard, Reads, Store};

/// Hands the names of all cases to a macro.
macro_rules! each {
    ($with:ident) => {
        $with! {
            stamps_are_one_for_each_change
            pages_are_cut_by_records_and_bytes
            guards_hold
        }
    };
}
pub(crate) use each;

pub fn stamps_are_one_for_each_change<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let three = ["x", "y", "z"].map(|id| change("contacts", id, text(id))).to_vec();
    let receipt = commit(&store, &changing(&account, three));
    assert_eq!(receipt.head, BORN + 3);
    let later = changing(&account, vec![change("contacts", "y", Content::Deleted)]);
    let receipt = commit(&store, &anchorage::store::Batch { now: BORN + 1_000, ..later });
    assert_eq!(receipt.head, BORN + 1_000);
    let seen: Vec<_> =
        changes(&store, &account, "card", 0).into_iter().map(|r| (r.id.as_str().to_owned(), r.seq)).collect();
    let stamp = |index| journal::stamp(BORN + 3, 3, index);
    assert_eq!(seen, [("x".into(), stamp(0)), ("z".into(), stamp(2)), ("y".into(), BORN + 1_000)]);
}

pub fn pages_are_cut_by_records_and_bytes<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    for (id, size) in [("a", 3_000), ("b", 10), ("c", 2_000), ("d", 1), ("e", 9_000), ("f", 9_000)] {
        put(&store, &account, "contacts", id, &"x".repeat(size));
    }
    delete(&store, &account, "contacts", "b");
    let cut = |after: &str, records_max, bytes_max| {
        let all = changes(&store, &account, "contacts", 0);
        let after = all.iter().find(|record| record.id.as_str() == after).map_or(0, |record| record.seq);
        let reads = Reads { page: page("contacts", after, records_max, bytes_max), ..asking(&account) };
        let snapshot = read(&store, &reads);
        (ids(&snapshot).concat(), snapshot.more)
    };
    assert_eq!(cut("", 100, 1_000_000), ("acdefb".into(), false));
    assert_eq!(cut("", 6, 1_000_000), ("acdefb".into(), false));
    assert_eq!(cut("", 5, 1_000_000), ("acdef".into(), true));
    assert_eq!(cut("", 100, 5_001), ("acd".into(), true));
    assert_eq!(cut("", 100, 5_000), ("ac".into(), true));
    assert_eq!(cut("", 100, 1), ("a".into(), true));
    assert_eq!(cut("", 1, 1), ("a".into(), true));
    assert_eq!(cut("e", 100, 1), ("f".into(), true));
    assert_eq!(cut("f", 100, 0), ("b".into(), false));
    assert_eq!(cut("b", 100, 0), (String::new(), false));
    assert_eq!(cut("", 0, 0), (String::new(), true));
}

pub fn guards_hold<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let head = put(&store, &account, "contacts", "r", "one");
    let records = |ids: &[&str]| ids.iter().map(|name| (at("contacts"), id(name))).collect();
    let guard = Guard { head, records: records(&["r", "absent"]), ..Guard::default() };
    put(&store, &account, "contacts", "unread", "x");
    commit(&store, &guarded(&account, guard.clone()));
    put(&store, &account, "contacts", "absent", "now here");
    refused(&store, &guarded(&account, guard));
}
