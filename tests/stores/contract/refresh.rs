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
    commit(
        &store,
        &Batch { sweep: Some(Sweep { horizon: 1, now: BORN + day, traces: 0 }), ..batch(&account) },
    );
    refresh(&store, &account);
    assert_eq!(story(&store, &account), "r! new=CANARY", "a day is not long");
    commit(&store, &Batch { staged: vec![staged("2", "more", Some("m"), None)], ..batch(&account) });
    commit(
        &store,
        &Batch { sweep: Some(Sweep { horizon: 1, now: BORN + 3 * day, traces: 0 }), ..batch(&account) },
    );
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

/// A staged item that says its place, by the device's id of a folder.
fn placed(luid_: &str, record: &str, body: Option<Vec<u8>>, key: Option<&str>, parent: &str) -> Staged {
    let body = body.map(|bytes| Body { form: Form::Plain, bytes });
    let parent = Some(luid(parent));
    Staged { body, parent, ..staged(luid_, record, None, key) }
}

pub fn large_bodies_are_staged_whole<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let large = |last: u8, size: usize| {
        let mut bytes: Vec<u8> = "Añn\n".bytes().cycle().take(size).collect();
        bytes.push(last);
        Body { form: Form::Plain, bytes }
    };
    let there = |id: &str, body: Body| change("contacts", id, Content::Body(body));
    let changes = vec![
        there("same", large(b'a', 900_000)),
        there("other", large(b'a', 900_000)),
        there("gone", large(b'b', 500_000)),
    ];
    commit(&store, &changing(&account, changes));
    let item = |name: &str, record: &str, body: Body| Staged {
        body: Some(body),
        ..staged(name, record, None, None)
    };
    // The half of it comes again, longer and shorter.
    for half in [large(b'x', 1_500_000), large(b'y', 10), large(b'z', 460_000)] {
        stage(&store, &account, vec![item("3", "new", half)]);
    }
    let twice = vec![item("3", "new", large(b'1', 2_000_000)), item("3", "new", large(0xFF, 700_000))];
    stage(&store, &account, twice);
    let rest = vec![item("1", "same", large(b'a', 900_000)), item("2", "other", large(b'c', 900_000))];
    stage(&store, &account, rest);
    let before = read(&store, &asking(&account)).account.unwrap().head;
    refresh(&store, &account);
    let versions = changes_of(&store, &account);
    let whole: Vec<_> = versions.iter().map(|(id, seq)| (at("contacts"), id.clone(), *seq)).collect();
    let ids = vec![("contacts".to_owned(), versions.iter().map(|(id, _)| id.clone()).collect())];
    let records = read(&store, &Reads { records: ids, whole, ..asking(&account) }).records;
    let body = |name: &str| {
        let record = records.iter().find(|record| record.id == id(name)).unwrap();
        (record.seq > before, record.content.clone())
    };
    assert!(body("same") == (false, Content::Body(large(b'a', 900_000))), "equal, so not written");
    assert!(body("other") == (true, Content::Body(large(b'c', 900_000))), "its last byte differs");
    assert!(body("new") == (true, Content::Body(large(0xFF, 700_000))));
    assert!(body("gone") == (true, Content::Deleted));
    // What was replaced is kept whole.
    let old = (at("contacts"), id("other"), BORN + 2);
    let asked = vec![("contacts".into(), vec![(old.1.clone(), old.2)])];
    let kept = read(&store, &Reads { versions: asked, whole: vec![old], ..asking(&account) }).versions;
    assert!(kept.len() == 1 && kept[0].content == Content::Body(large(b'a', 900_000)));
}

fn changes_of(store: &impl Store, account: &AccountId) -> Vec<(anchorage::record::RecordId, Seq)> {
    changes(store, account, "contacts", 0).into_iter().map(|record| (record.id, record.seq)).collect()
}

pub fn trees_take_the_place_of_trees<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let there = |name: &str, key: &str, parent: Option<&str>| Change {
        parent: parent.map(id),
        ..keyed(name, key, key)
    };
    let tree = vec![
        there("in", "d", None),
        there("deep", "d", Some("in")),
        there("file", "f", Some("deep")),
        there("named", "n", None),
        there("under", "f", Some("named")),
        there("stray", "f", Some("in")),
    ];
    commit(&store, &changing(&account, tree));
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let items = vec![
        placed("1", "x1", text("d"), Some("d"), ""),
        placed("2", "x2", text("d"), Some("d"), "1"),
        placed("3", "x3", text("f"), Some("f"), "2"),
        // Renamed and moved, and what is under it is still found.
        placed("4", "named", text("m"), Some("m"), "2"),
        placed("5", "x5", text("f"), Some("f"), "4"),
        // New ones: in a new folder, in one that never came, and one that is equal to something elsewhere.
        placed("6", "x6", text("p"), Some("p"), "1"),
        placed("7", "x7", text("f"), Some("f"), "6"),
        placed("8", "x8", text("q"), Some("q"), "9"),
        placed("a", "xa", text("f"), Some("f"), ""),
    ];
    stage(&store, &account, items);
    let waiting = vec![("contacts".to_owned(), vec![luid("7"), luid("8"), luid("none")])];
    let found = read(&store, &Reads { waiting, ..asking(&account) }).waiting;
    let said = found.iter().map(|it| format!("{}<{}", it.luid.0, it.parent.as_ref().unwrap().0));
    assert_eq!(said.collect::<Vec<_>>().join(" "), "1< 6<1 7<6 8<9");
    assert!(found.iter().all(|it| it.form == Some(Form::Plain)));
    let before = read(&store, &asking(&account)).account.unwrap().head;
    let collection = at("contacts");
    let refreshed = vec![Refresh { collection, generation: 7, folders: true, goes: None }];
    commit(&store, &Batch { refreshed, ..batch(&account) });
    let all = changes(&store, &account, "contacts", 0);
    let mut story: Vec<String> = all
        .iter()
        .filter(|record| record.content.is_live())
        .map(|record| {
            let parent = record.parent.as_ref().map_or("/", |parent| parent.as_str());
            let new = if record.seq > before { "*" } else { "" };
            format!("{}<{parent}{new}", record.id.as_str())
        })
        .collect();
    story.sort();
    assert_eq!(story.join(" "), "deep<in file<deep in</ named<deep* under<named x6<in* x7<x6* x8</* xa</*");
    let gone = all.iter().filter(|record| !record.content.is_live()).map(|record| record.id.as_str());
    assert_eq!(gone.collect::<Vec<_>>(), ["stray"]);
}

pub fn only_what_may_go_goes<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    for name in ["had", "sent", "spared", "never"] {
        put(&store, &account, "contacts", name, name);
    }
    delete(&store, &account, "contacts", "never");
    let known = ["had", "sent", "never"].map(|name| alias("contacts", name, Some(name), 1, 1)).to_vec();
    aliased(&store, &account, known);
    stage(&store, &account, vec![staged("sent", "sent", Some("sent"), None)]);
    let reads = Reads { unstaged: vec!["contacts".into()], ..asking(&account) };
    let unstaged = read(&store, &reads).unstaged;
    let names = unstaged.iter().map(|it| (it.record.id.as_str(), it.alias.clone().unwrap().luid.unwrap().0));
    assert_eq!(names.collect::<Vec<_>>(), [("had", "had".to_owned())]);
    let goes = Some(vec![id("had"), id("sent")]);
    let refreshed = vec![Refresh { collection: at("contacts"), generation: 7, folders: false, goes }];
    commit(&store, &Batch { refreshed, ..batch(&account) });
    assert_eq!(story(&store, &account), "sent=sent spared=spared never! had!");
}
