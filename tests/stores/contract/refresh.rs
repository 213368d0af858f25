//! A refresh from the device: staged first, then all at once.

use crate::house::*;
use anchorage::record::{AccountId, Body, Content, Form, Seq};
use anchorage::store::{Batch, Change, Edit, Reads, Refresh, Session, Staged, Store, Sweep};

/// An item; without a body where the record is to stay as it is.
fn staged(luid_: &str, record: &str, body: Option<&str>, key: Option<&str>) -> Staged {
    let body = body.map(|text| Body { form: Form::Vcard21, bytes: text.into() });
    Staged {
        collection: at("contacts"),
        luid: luid(luid_),
        record: id(record),
        body,
        parent: None,
        key: key.map(str::to_owned),
    }
}

fn stage(store: &impl Store, account: &AccountId, items: Vec<Staged>) {
    commit(store, &Batch { staged: items, ..batch(account) });
}

/// The refresh is complete; answers the head.
fn refresh(store: &impl Store, account: &AccountId) -> Seq {
    let refreshed = vec![Refresh { collection: at("contacts"), generation: 7, folders: false, goes: None }];
    commit(store, &Batch { refreshed, ..batch(account) }).head
}

/// `id=body` of every record, `id!` of a tombstone, in the order of their stamps.
fn story(store: &impl Store, account: &AccountId) -> String {
    let say = |record: anchorage::record::Record| match record.content {
        Content::Body(body) => format!("{}={}", record.id.as_str(), String::from_utf8(body.bytes).unwrap()),
        Content::Large(_) | Content::Deleted => format!("{}!", record.id.as_str()),
    };
    changes(store, account, "contacts", 0).into_iter().map(say).collect::<Vec<_>>().join(" ")
}

fn keyed(record: &str, body: &str, key: &str) -> Change {
    Change { key: Some(key.into()), ..change("contacts", record, text(body)) }
}

pub fn a_refresh_takes_the_place_of_the_collection<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    for (name, body) in [("same", "s"), ("edited", "e"), ("kept", "k"), ("gone", "g"), ("also gone", "a")] {
        put(&store, &account, "contacts", name, body);
    }
    put(&store, &account, "unit", "other", "o");
    aliased(
        &store,
        &account,
        vec![alias("contacts", "gone", Some("9"), 1, 1), alias("contacts", "same", Some("8"), 1, 1)],
    );
    stage(
        &store,
        &account,
        vec![staged("1", "same", Some("s"), None), staged("2", "edited", Some("half"), None)],
    );
    stage(
        &store,
        &account,
        vec![staged("2", "edited", Some("new e"), None), staged("3", "kept", None, None)],
    );
    stage(&store, &account, vec![staged("4", "new", Some("n"), Some("key of n"))]);
    let before = read(&store, &asking(&account)).account.unwrap().head;
    let head = refresh(&store, &account);
    assert_eq!(head, before + 4 + 5);
    assert_eq!(story(&store, &account), "same=s kept=k also gone! gone! new=n edited=new e");
    assert_eq!(changes(&store, &account, "unit", 0).len(), 1);
    let written = changes(&store, &account, "contacts", before);
    assert_eq!(
        written.iter().map(|record| record.seq).collect::<Vec<_>>(),
        [head - 5, head - 4, head - 1, head]
    );
    assert!(written.iter().all(|record| record.origin == "phone"));
    let luids = ["1", "2", "3", "4", "8", "9"].map(luid).to_vec();
    let reads = Reads {
        luids: vec![("contacts".into(), luids)],
        matches: vec![("contacts".into(), vec!["key of n".into()])],
        ..asking(&account)
    };
    let snapshot = read(&store, &reads);
    let held = snapshot.held.iter().map(|held| {
        let record = held.record.as_ref().unwrap();
        assert_eq!((held.alias.seq, held.alias.generation), (record.seq, 7));
        format!("{}:{}", held.alias.luid.as_ref().unwrap().0, record.id.as_str())
    });
    assert_eq!(held.collect::<Vec<_>>().join(" "), "1:same 2:edited 3:kept 4:new");
    assert_eq!(snapshot.found.len(), 1, "its key is known");
    let versions = vec![(
        "contacts".into(),
        vec![(id("edited"), BORN + 2), (id("gone"), BORN + 4), (id("same"), BORN + 1)],
    )];
    let versions = read(&store, &Reads { versions, ..asking(&account) }).versions;
    assert_eq!(versions.len(), 2, "what was replaced or went is kept: {versions:?}");
    assert_eq!(
        refresh(&store, &account),
        head + 4,
        "nothing is staged any more: the collection is empty now"
    );
    assert!(changes(&store, &account, "contacts", 0).iter().all(|record| record.content == Content::Deleted));
}

pub fn equal_content_stays_as_it_was_in_a_refresh<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let there = vec![
        keyed("a1", "first", "k"),
        keyed("a2", "second", "k"),
        keyed("b", "b", "kb"),
        keyed("c", "c", "kc"),
    ];
    commit(&store, &changing(&account, there));
    delete(&store, &account, "contacts", "b");
    let items = vec![
        staged("1", "x1", Some("one"), Some("k")),
        staged("2", "x2", Some("two"), Some("k")),
        staged("3", "x3", Some("three"), Some("k")),
        staged("4", "x4", Some("b"), Some("kb")),
        staged("5", "c", Some("c, edited"), Some("k")),
    ];
    stage(&store, &account, items);
    refresh(&store, &account);
    assert_eq!(story(&store, &account), "a1=first a2=second b! x4=b x3=three c=c, edited");
    let luids = ["1", "2", "3", "4", "5"].map(luid).to_vec();
    let held = read(&store, &Reads { luids: vec![("contacts".into(), luids)], ..asking(&account) }).held;
    let names = held.iter().map(|held| held.alias.record.as_str()).collect::<Vec<_>>().join(" ");
    assert_eq!(names, "a1 a2 x3 x4 c");
}

pub fn what_is_staged_is_nobodys_business_until_then<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let (account, other) = (open(&store, "a"), open(&store, "b"));
    for tenant in [&account, &other] {
        put(&store, tenant, "contacts", "r", "x");
    }
    let before = [all(&store, &account), all(&store, &other)];
    let item = || vec![staged("1", "new", Some("CANARY"), None)];
    let session = |expires| Some(Session { expires, ..Session::default() });
    commit(&store, &Batch { staged: item(), session: session(BORN), ..batch(&account) });
    commit(&store, &Batch { staged: item(), peer_id: peer("tablet"), ..batch(&account) });
    stage(&store, &other, item());
    assert_eq!(
        [all(&store, &account), all(&store, &other)].map(|all| format!("{all:?}").contains("CANARY")),
        [false; 2]
    );
    assert_eq!(all(&store, &other), before[1]);
    // The tablet has no session, the phone's was over long ago; neither is waited for. The other account is not touched.
    let day = 24 * 60 * 60 * 1_000;
    commit(&store, &Batch { sweep: Some(Sweep { horizon: 1, now: BORN + day }), ..batch(&account) });
    refresh(&store, &account);
    assert_eq!(story(&store, &account), "r! new=CANARY", "a day is not long");
    commit(&store, &Batch { staged: vec![staged("2", "more", Some("m"), None)], ..batch(&account) });
    commit(&store, &Batch { sweep: Some(Sweep { horizon: 1, now: BORN + 3 * day }), ..batch(&account) });
    refresh(&store, &account);
    assert_eq!(story(&store, &account), "r! new!");
    stage(&store, &account, item());
    commit(&store, &Batch { unstaged: vec![at("contacts")], ..batch(&account) });
    stage(&store, &account, item());
    commit(&store, &Batch { edits: vec![Edit::ForgetPeer(peer("phone"))], ..batch(&account) });
    refresh(&store, &account);
    assert_eq!(story(&store, &account), "r! new!");
    let tablet = Refresh { collection: at("contacts"), generation: 1, folders: false, goes: None };
    commit(&store, &Batch { refreshed: vec![tablet], peer_id: peer("tablet"), ..batch(&account) });
    assert_eq!(story(&store, &account), "r! new!", "what the tablet had staged is gone");
    refresh(&store, &other);
    assert_eq!(story(&store, &other), "r! new=CANARY");
}
