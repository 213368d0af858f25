//! Syncs with other servers: whose turn it is, and that only one takes it.

use crate::house::*;
use anchorage::record::AccountId;
use anchorage::store::{Arrangement, Batch, Edit, Guard, Reads, Snapshot, Store, View, Who};

fn arranged(name: &str, due: i64, leased: i64) -> Arrangement {
    Arrangement {
        name: name.into(),
        definition: "{\"url\":\"https://h\"}".into(),
        sealed: "s\0".into(),
        every: 60_000,
        due,
        leased,
        failures: 1,
        failed: "why\u{0}".into(),
        version: 1,
        ..Arrangement::default()
    }
}

fn put(account: &AccountId, new: Arrangement, version: i64) -> Batch {
    let arrangement = Some((new.name.clone(), version));
    Batch {
        guard: Guard { arrangement, ..Guard::default() },
        edits: vec![Edit::PutArrangement(new)],
        ..batch(account)
    }
}

fn names(snapshot: &Snapshot) -> Vec<String> {
    let name = |it: &Arrangement| format!("{}/{}", it.account.0, it.name);
    snapshot.views.arranged.iter().map(name).collect()
}

fn due(store: &impl Store, now: i64, rows_max: usize) -> Vec<String> {
    let views = vec![View::Due { now, rows_max }];
    names(&read(store, &Reads { views, ..Reads::of(Who::Account(AccountId(String::new()))) }))
}

fn of(store: &impl Store, account: &AccountId) -> Snapshot {
    read(store, &Reads { views: vec![View::Arranged], ..Reads::of(Who::Account(account.clone())) })
}

pub fn arranged_syncs_are_due_in_their_order<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let (a, b) = (open(&store, "a"), open(&store, "b"));
    assert!(due(&store, i64::from(u32::MAX), 9).is_empty());
    for (account, name, at, leased) in [
        (&a, "late", 30, 0),
        (&b, "first", 10, 0),
        (&a, "second", 20, 0),
        (&a, "taken", 5, 40),
        (&b, "later", 99, 0),
    ] {
        commit(&store, &put(account, arranged(name, at, leased), 0));
    }
    commit(&store, &put(&b, arranged("never", Arrangement::NEVER, 0), 0));
    assert_eq!(due(&store, 30, 9), ["b/first", "a/second", "a/late"]);
    assert_eq!(due(&store, 29, 9), ["b/first", "a/second"]);
    assert_eq!(due(&store, 40, 2), ["a/taken", "b/first"], "its lease is over");
    assert_eq!(names(&of(&store, &a)), ["a/late", "a/second", "a/taken"]);
    let expected = Arrangement { account: a.clone(), ..arranged("late", 30, 0) };
    assert_eq!(of(&store, &a).views.arranged[0], expected, "nothing is lost");
    commit(&store, &Batch { edits: vec![Edit::DropArrangement("second".into())], ..batch(&a) });
    commit(&store, &Batch { edits: vec![Edit::DropArrangement("first".into())], ..batch(&a) });
    assert_eq!(due(&store, 30, 9), ["b/first", "a/late"], "of one account only");
    commit(&store, &Batch { edits: vec![Edit::RemoveAccount], ..batch(&b) });
    assert_eq!(due(&store, 99, 9), ["a/taken", "a/late"]);
}

pub fn a_turn_is_taken_once<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    commit(&store, &put(&account, arranged("x", 10, 0), 0));
    refused(&store, &put(&account, arranged("x", 11, 0), 0));
    let taken = |leased| Arrangement { version: 2, ..arranged("x", 10, leased) };
    commit(&store, &put(&account, taken(50), 1));
    refused(&store, &put(&account, taken(60), 1));
    assert_eq!(of(&store, &account).views.arranged[0].leased, 50);
    // The guard goes with any batch.
    let guard = Guard { arrangement: Some(("x".into(), 1)), ..Guard::default() };
    refused(&store, &Batch { guard, ..changing(&account, vec![change("unit", "r", text("x"))]) });
    let guard = Guard { arrangement: Some(("nobody".into(), 0)), ..Guard::default() };
    commit(&store, &Batch { guard, ..changing(&account, vec![change("unit", "r", text("x"))]) });
}
