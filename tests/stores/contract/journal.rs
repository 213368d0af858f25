//! Records, stamps, pages, guards.

use crate::house::*;
use anchorage::journal;
use anchorage::limits::FOLDERS_DEEP_MAX;
use anchorage::record::{AccountId, Body, Content, Form, RecordId, Seq};
use anchorage::store::{Batch, Change, Guard, Outgoing, PageAsk, Peer, Reads, Session, Store, Sweep};
use std::collections::BTreeSet;

pub fn stamps_are_one_for_each_change<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let three = ["x", "y", "z"].map(|id| change("contacts", id, text(id))).to_vec();
    let receipt = commit(&store, &changing(&account, three));
    assert_eq!(receipt.head, BORN + 3);
    let later = changing(&account, vec![change("contacts", "y", Content::Deleted)]);
    let receipt = commit(&store, &Batch { now: BORN + 1_000, ..later });
    assert_eq!(receipt.head, BORN + 1_000);
    let seen: Vec<_> =
        changes(&store, &account, "card", 0).into_iter().map(|r| (r.id.as_str().to_owned(), r.seq)).collect();
    let stamp = |index| journal::stamp(BORN + 3, 3, index);
    assert_eq!(seen, [("x".into(), stamp(0)), ("z".into(), stamp(2)), ("y".into(), BORN + 1_000)]);
    assert_eq!(read(&store, &asking(&account)).account.unwrap().head, BORN + 1_000);
    let quiet = commit(
        &store,
        &Batch { bookmarks: vec![bookmark("contacts")], now: BORN + 9_999, ..batch(&account) },
    );
    assert_eq!(quiet.head, 0, "a batch without changes leaves the head alone");
    assert_eq!(read(&store, &asking(&account)).account.unwrap().head, BORN + 1_000);
}

/// Forty writers read the head, then commit in an order of their own; every other clock is an hour slow, some an hour fast.
pub fn forty_writers_lose_nothing<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let (mut stamps, mut conflicts) = (BTreeSet::new(), 0);
    for round in 0..10_i64 {
        let heads: Vec<Seq> =
            (0..40).map(|_| read(&store, &asking(&account)).account.unwrap().head).collect();
        for writer in 0..40_i64 {
            let writer = (writer * 7 + round) % 40;
            let skew = [0, -3_600_000, 0, -3_600_000, 3_600_000][writer as usize % 5];
            let shared = format!("shared {}", writer % 4);
            let guard = Guard {
                head: heads[writer as usize],
                records: vec![(at("contacts"), id(&shared))],
                ..Guard::default()
            };
            let own = format!("{round} {writer}");
            let wanted =
                vec![change("contacts", &own, text("x")), change("contacts", &shared, text(own.as_str()))];
            let batch = Batch {
                guard: if writer < 20 { guard } else { Guard::default() },
                now: BORN + round * 1_000 + skew,
                ..changing(&account, wanted)
            };
            let before = read(&store, &asking(&account)).account.unwrap().head;
            match now(store.commit(&batch)) {
                Ok(receipt) => {
                    assert!(receipt.head >= before + 2, "the head never stands still");
                    assert!(
                        stamps.insert(receipt.head) && stamps.insert(receipt.head - 1),
                        "no stamp is given twice"
                    );
                }
                Err(_) => conflicts += 1,
            }
        }
    }
    assert!(conflicts > 0 && stamps.len() as i64 == 2 * (400 - conflicts));
    let all = changes(&store, &account, "contacts", 0);
    assert_eq!(all.len() as i64, 400 - conflicts + 4);
    assert!(all.windows(2).all(|pair| pair[0].seq < pair[1].seq));
}

/// A reader with pages of seven goes from position to position while others write; in the end it has everything.
pub fn a_reader_between_writers_loses_nothing<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let mut mirror = std::collections::BTreeMap::new();
    let mut position = 0;
    for step in 0..300_i64 {
        let writes = if step < 250 { step % 4 } else { 0 };
        for write in 0..writes {
            let record = format!("r{}", (step * 13 + write * 5) % 40);
            let content = if step % 3 == 0 { Content::Deleted } else { text(format!("{step} {write}")) };
            let batch = changing(&account, vec![change("contacts", &record, content)]);
            commit(&store, &Batch { now: BORN + step * 10 - (step % 2) * 3_600_000, ..batch });
        }
        let reads = Reads { page: page("card", position, 7, 1_000_000), ..asking(&account) };
        let snapshot = read(&store, &reads);
        for outgoing in &snapshot.page {
            assert!(outgoing.record.seq > position, "in order");
            position = outgoing.record.seq;
            mirror.insert(outgoing.record.id.clone(), outgoing.record.content.clone());
        }
        if !snapshot.more {
            position = snapshot.account.unwrap().head;
        }
    }
    let all = changes(&store, &account, "contacts", 0);
    let truth = all.into_iter().map(|record| (record.id, record.content)).collect();
    assert_eq!(mirror, truth);
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

pub fn pages_stop_where_told<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    put(&store, &account, "contacts", "x", "x");
    let second = put(&store, &account, "contacts", "y", "y");
    put(&store, &account, "unit", "elsewhere", "z");
    delete(&store, &account, "contacts", "x");
    let ask = |until, live_only| {
        let page = PageAsk::Collection {
            path: "./Contacts".into(),
            after: BORN,
            until,
            live_only,
            records_max: 9,
            bytes_max: 9,
        };
        ids(&read(&store, &Reads { page: Some(page), ..asking(&account) })).concat()
    };
    assert_eq!(ask(None, false), "yx");
    assert_eq!(ask(None, true), "y");
    assert_eq!(ask(Some(second), false), "y");
    assert_eq!(ask(Some(second - 1), false), "");
}

pub fn guards_hold<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let head = put(&store, &account, "contacts", "r", "one");
    let records = |ids: &[&str]| ids.iter().map(|name| (at("contacts"), id(name))).collect();
    let guard = Guard { head, records: records(&["r", "absent"]), ..Guard::default() };
    put(&store, &account, "contacts", "unread", "x");
    put(&store, &account, "unit", "absent", "of another collection");
    commit(&store, &guarded(&account, guard.clone()));
    put(&store, &account, "contacts", "absent", "now here");
    refused(&store, &guarded(&account, guard));
    let head = read(&store, &asking(&account)).account.unwrap().head;
    let guard = Guard { head, records: records(&["r"]), ..Guard::default() };
    delete(&store, &account, "contacts", "r");
    refused(&store, &guarded(&account, guard));
}

fn keyed(id: &str, key: &str) -> Change {
    Change { key: Some(key.into()), ..change("contacts", id, text(id)) }
}

pub fn guards_hold_for_match_keys<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let head = commit(&store, &changing(&account, vec![keyed("r", "k")])).head;
    let guard = Guard { head, matches: vec![(at("contacts"), "k".into())], ..Guard::default() };
    commit(&store, &changing(&account, vec![keyed("s", "other")]));
    commit(&store, &guarded(&account, guard.clone()));
    commit(&store, &changing(&account, vec![keyed("t", "k")]));
    refused(&store, &guarded(&account, guard));
}

pub fn guards_hold_for_sessions<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let step = |version: i64| Batch {
        guard: Guard { session: Some(version), ..Guard::default() },
        session: Some(Session { token: "t".into(), version: version + 1, ..Session::default() }),
        ..guarded(&account, Guard::default())
    };
    refused(&store, &step(1));
    commit(&store, &step(0));
    refused(&store, &step(0));
    commit(&store, &step(1));
    let session = read(&store, &asking(&account)).session.unwrap();
    assert_eq!((session.version, session.peer), (2, peer("phone")));
    commit(&store, &Batch { peer_id: peer("tablet"), session: None, ..step(0) });
}

pub fn a_taken_id_is_refused<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let insert = |record: &str| Change { insert: true, ..change("contacts", record, text("new")) };
    commit(&store, &changing(&account, vec![insert("r")]));
    refused(&store, &changing(&account, vec![insert("s"), insert("r")]));
    delete(&store, &account, "contacts", "r");
    refused(&store, &changing(&account, vec![insert("r")]));
    commit(&store, &changing(&account, vec![change("contacts", "r", text("revived"))]));
}

pub fn what_is_refused_writes_nothing<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    put(&store, &account, "contacts", "r", "x");
    let full = Batch {
        guard: Guard { head: 0, records: vec![(at("contacts"), id("r"))], ..Guard::default() },
        aliases: vec![alias("contacts", "r", Some("l"), 1, 1)],
        bookmarks: vec![bookmark("contacts")],
        peer: Some(Default::default()),
        session: Some(Session { version: 1, ..Session::default() }),
        throttles: vec![throttle("k", 1)],
        sweep: Some(Sweep { horizon: BORN * 2, now: BORN * 2, traces: 0 }),
        ..changing(&account, vec![change("contacts", "s", text("y"))])
    };
    refused(&store, &full);
    let reads = Reads { throttles: vec!["k".into()], ..asking(&account) };
    let snapshot = read(&store, &reads);
    assert!(snapshot.throttles.is_empty() && snapshot.peer.is_none() && snapshot.session.is_none());
    assert_eq!(snapshot.account.unwrap().horizon, 0);
}

pub fn contents_survive<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let bodies = [
        &b""[..],
        b"\0",
        b"a\0b",
        b"\xFF\xFE",
        b"\x01\x02\x7f",
        "BEGIN:VCARD\r\nN:É;'\"--;\\,\r\nEND:VCARD\r\n".as_bytes(),
        "[\"\\u0000\"]".as_bytes(),
        "\u{FFFE}\u{10FFFF}\u{2028}".as_bytes(),
    ];
    let forms = [
        Form::Table,
        Form::Plain,
        Form::Opaque("a/b".into()),
        Form::Opaque("x;base64".into()),
        Form::Opaque("table".into()),
    ];
    let mut changes_made = Vec::new();
    for (index, form) in forms.iter().enumerate() {
        for (place, bytes) in bodies.iter().enumerate() {
            let body = Body { form: form.clone(), bytes: bytes.to_vec() };
            changes_made.push(change("contacts", &format!("{index}.{place}"), Content::Body(body)));
        }
    }
    commit(&store, &changing(&account, changes_made.clone()));
    let stored = changes(&store, &account, "contacts", 0);
    assert_eq!(stored.len(), changes_made.len());
    for (record, made) in stored.iter().zip(&changes_made) {
        assert_eq!((&record.id, &record.content), (&made.id, &made.content));
    }
}

pub fn five_thousand_items_in_one_batch<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let name = |index: usize| format!("record number {index}");
    let count_for = |items: usize| {
        let changes = (0..items).map(|index| Change {
            supersede: true,
            key: Some(format!("{index:064}")),
            ..change("contacts", &name(index), text(format!("body {index}")))
        });
        let aliases = (0..items).map(|index| alias("contacts", &name(index), Some(&name(index)), 1, 1));
        let records: Vec<_> = (0..items).map(|index| (at("contacts"), id(&name(index)))).collect();
        let batch = Batch {
            guard: Guard { head: BORN * 2, records, ..Guard::default() },
            changes: changes.collect(),
            aliases: aliases.collect(),
            ..batch(&account)
        };
        let reads = Reads {
            luids: vec![("card".into(), (0..items).map(|index| luid(&name(index))).collect())],
            matches: vec![("card".into(), (0..items).map(|index| format!("{index:064}")).collect())],
            targets: vec![("card".into(), (0..items).map(name).collect())],
            records: vec![("card".into(), (0..items).map(|index| id(&name(index))).collect())],
            ..asking(&account)
        };
        let written = commit(&store, &batch).cost.statements;
        let snapshot = read(&store, &reads);
        assert_eq!(snapshot.held.len(), items);
        assert_eq!(snapshot.found.len(), items);
        assert_eq!(snapshot.targets.len(), items);
        assert_eq!(snapshot.records.len(), items);
        (snapshot.cost.statements, written)
    };
    let few = count_for(5);
    assert_eq!(count_for(5_000), few, "the number of statements does not depend on the number of items");
    // Three times 450 kB of quotes are too much for one parameter.
    let big = ["x", "y", "z"].map(|id| change("contacts", id, text("\"".repeat(450_000))));
    commit(&store, &changing(&account, big.to_vec()));
    let heavy = change("contacts", "w", text("\u{1}".repeat(450_000)));
    commit(&store, &changing(&account, vec![heavy]));
    let reads =
        Reads { records: vec![("card".into(), ["x", "z", "w"].map(id).to_vec())], ..asking(&account) };
    let bodies = read(&store, &reads).records.into_iter().map(|record| record.content);
    assert!(bodies.eq([big[0].content.clone(), big[2].content.clone(), text("\u{1}".repeat(450_000))]));
}

pub fn sweeping_moves_the_horizon<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let other = open(&store, "b");
    for tenant in [&account, &other] {
        put(&store, tenant, "contacts", "alive", "x");
        put(&store, tenant, "contacts", "gone", "x");
        delete(&store, tenant, "contacts", "gone");
        delete(&store, tenant, "unit", "gone");
    }
    let old = read(&store, &asking(&account)).account.unwrap().head;
    delete(&store, &account, "contacts", "just gone");
    let session = |expires| Some(Session { expires, ..Session::default() });
    commit(&store, &Batch { session: session(old - 1), ..batch(&account) });
    commit(&store, &Batch { session: session(old), peer_id: peer("tablet"), ..batch(&account) });
    let sweep = Some(Sweep { horizon: old, now: 15, traces: 0 });
    let receipt = commit(&store, &Batch { sweep, ..batch(&account) });
    let snapshot = read(&store, &asking(&account));
    let swept = snapshot.account.unwrap();
    assert_eq!((swept.horizon, swept.swept, swept.head), (old, 15, receipt.head));
    assert_eq!(snapshot.session, None);
    let tablet = Reads { peer: Some(peer("tablet")), ..asking(&account) };
    assert!(read(&store, &tablet).session.is_some());
    let left = |tenant, collection| {
        let names = changes(&store, tenant, collection, 0);
        names.iter().map(|record| record.id.as_str().to_owned()).collect::<Vec<_>>().join(",")
    };
    assert_eq!(left(&account, "contacts"), "alive,just gone");
    assert_eq!(left(&account, "unit"), "");
    assert_eq!(left(&other, "contacts"), "alive,gone");
    commit(&store, &Batch { sweep: Some(Sweep { horizon: 5, now: 16, traces: 0 }), ..batch(&account) });
    assert_eq!(read(&store, &asking(&account)).account.unwrap().horizon, old, "the horizon never goes back");
}

pub fn folders_are_looked_into<S: Store>(new: impl Fn() -> S) {
    let (store, account) = (new(), account("a"));
    open(&store, "a");
    let put = |record: &str, parent: Option<&str>, content: Content| {
        let change =
            Change { parent: parent.map(id), supersede: true, ..change("contacts", record, content) };
        commit(&store, &changing(&account, vec![change])).head
    };
    let inside = |folder: &str| {
        let children = vec![("card".into(), vec![id(folder), id("nothing")])];
        let found = read(&store, &Reads { children, ..asking(&account) }).children;
        assert!(found.iter().all(|c| c.collection == at("contacts") && c.parent == id(folder)));
        found.into_iter().map(|child| child.record.as_str().to_owned()).collect::<Vec<_>>()
    };
    put("f", None, text("folder"));
    put("g", Some("f"), text("folder"));
    let head = put("b", Some("g"), text("file"));
    put("a", Some("g"), text("file"));
    assert_eq!(
        (inside("f"), inside("g"), inside("a")),
        (vec!["g".into()], vec!["a".into(), "b".into()], vec![])
    );
    let parents =
        || changes(&store, &account, "contacts", 0).into_iter().map(|r| (r.id.as_str().to_owned(), r.parent));
    assert!(parents().any(|found| found == ("b".into(), Some(id("g")))));
    // What is put into a folder after it was read spoils what was decided from that.
    let looked = |head, folder: &str| {
        guarded(&account, Guard { head, parents: vec![(at("contacts"), id(folder))], ..Guard::default() })
    };
    refused(&store, &looked(head, "g"));
    commit(&store, &looked(head, "f"));
    commit(&store, &looked(head + 1, "g"));
    // Moved out, and deleted: a tombstone is in no folder, and neither is a superseded version.
    put("b", None, text("file"));
    put("a", Some("g"), Content::Deleted);
    assert_eq!(inside("g"), Vec::<String>::new());
    assert!(parents().all(|(record, parent)| record == "g" || parent.is_none()));
    let found = found_of(&store, &account);
    assert_eq!(found, [(id("k"), Some(id("g")))]);
}

pub fn folders_are_walked_upwards<S: Store>(new: impl Fn() -> S) {
    let (store, account) = (new(), account("a"));
    open(&store, "a");
    let put = |record: &str, parent: Option<&str>| {
        let change = Change { parent: parent.map(id), ..change("contacts", record, text("folder")) };
        commit(&store, &changing(&account, vec![change]));
    };
    let above = |folders: &[&str]| {
        let above = vec![("card".into(), folders.iter().copied().map(id).collect())];
        let reads = Reads { above, peer: Some(peer("phone")), ..asking(&account) };
        let above = read(&store, &reads).above;
        let named = |outgoing: &Outgoing| {
            let luid = outgoing.alias.as_ref().and_then(|alias| alias.luid.clone());
            (outgoing.record.id.as_str().to_owned(), luid.map(|luid| luid.0))
        };
        above.iter().map(named).collect::<Vec<_>>()
    };
    let only = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), None)).collect::<Vec<_>>();
    put("top", None);
    put("mid", Some("top"));
    put("side", Some("top"));
    put("low", Some("mid"));
    put("lost", Some("nowhere"));
    assert_eq!(above(&["low", "side", "nothing"]), only(&["low", "mid", "side", "top"]), "each of them once");
    assert_eq!(above(&["top"]), only(&["top"]));
    assert_eq!(above(&["lost"]), only(&["lost"]));
    let known = Batch { aliases: vec![alias("contacts", "mid", Some("7"), 1, 1)], ..batch(&account) };
    commit(
        &store,
        &Batch {
            account: account.clone(),
            peer: Some(Peer { id: peer("phone"), ..Peer::default() }),
            ..known
        },
    );
    assert_eq!(above(&["mid"]), [("mid".to_owned(), Some("7".to_owned())), ("top".to_owned(), None)]);
    // A tree may be deeper than anybody looks, or bite its own tail.
    for deep in 0..40 {
        put(&format!("d{deep:02}"), Some(&format!("d{:02}", (deep + 1) % 40)));
    }
    let found = above(&["d10"]);
    assert_eq!((found.len(), &*found[0].0, &*found[15].0), (FOLDERS_DEEP_MAX, "d10", "d25"));
}

/// A record of a known key in a folder, found by the key.
fn found_of(store: &impl Store, account: &AccountId) -> Vec<(RecordId, Option<RecordId>)> {
    let change = Change { parent: Some(id("g")), ..keyed("k", "key") };
    commit(store, &changing(account, vec![change]));
    let reads = Reads { matches: vec![("card".into(), vec!["key".into()])], ..asking(account) };
    read(store, &reads).found.into_iter().map(|found| (found.record, found.parent)).collect()
}
