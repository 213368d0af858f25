//! Whose turn it is, and how it ends.

use crate::sqlite::SqliteStore;
use crate::town::*;
use anchorage::call::arranged::{Budget, tend};
use anchorage::store::memory::MemoryStore;
use anchorage::store::{Arrangement, Store};
use anchorage::upstream::{Protocol, Upstream};
use std::rc::Rc;

fn small() -> Budget {
    Budget { requests: 12, ms: 25_000 }
}

/// Both servers and the middle say the same, and further invocations have nothing to say.
#[track_caller]
fn at_rest<S: Store>(store: &S, town: &Rc<Town>, hosts: &[&str]) {
    let heads = || (head(store), hosts.iter().map(|host| head(&*town.server(host))).collect::<Vec<_>>());
    let before = heads();
    for host in hosts {
        assert_eq!(said(&*town.server(host)), said(store), "{host}");
        town.count(host);
    }
    for _ in 0..3 {
        town.tick(MINUTE);
        invoke(store, town, Budget::default());
    }
    assert_eq!(heads(), before, "nothing comes back as an echo");
    let posts =
        town.requests.borrow().iter().filter(|(host, method)| host == "max" && method == "POST").count();
    assert_eq!(posts, 0);
}

fn converge<S: Store>(store: S) {
    let town = Town::new(&["max", "syncml"]);
    open(&store);
    arrange(&store, "max", Protocol::Max, 1);
    arrange(&store, "syncml", Protocol::Syncml, 1);
    for n in 0..20 {
        put(&*town.server("max"), &format!("m{n}"), &format!("M{n}"), "TEL;CELL:1\r\n");
        put(&*town.server("syncml"), &format!("s{n}"), &format!("S{n}"), "EMAIL:e\r\n");
        put(&store, &format!("h{n}"), &format!("H{n}"), "NOTE:n\r\n");
    }
    let mut invocations = 0;
    while said(&*town.server("max")).len() < 60 || said(&*town.server("syncml")).len() < 60 {
        let lines = invoke(&store, &town, small());
        let spent = town.count("max") + town.count("syncml");
        assert!(spent <= 12, "an invocation spent {spent}: {lines:?}");
        town.tick(MINUTE);
        invocations += 1;
        assert!(invocations < 40, "{lines:?}");
    }
    assert!(invocations > 3, "{invocations}");
    for _ in 0..6 {
        invoke(&store, &town, Budget::default());
        town.tick(MINUTE);
    }
    at_rest(&store, &town, &["max", "syncml"]);
    // Edits everywhere, of the same contact too.
    put(&*town.server("max"), "m0", "M0", "TEL;CELL:2\r\n");
    put(&store, "m0", "M0", "TEL;CELL:1\r\nNOTE:here\r\n");
    delete(&*town.server("syncml"), "s1");
    put(&*town.server("syncml"), "s2", "Changed", "EMAIL:e\r\n");
    for _ in 0..8 {
        invoke(&store, &town, small());
        town.tick(MINUTE);
    }
    at_rest(&store, &town, &["max", "syncml"]);
    let all = said(&store);
    assert_eq!(all.len(), 59);
    let has = |name: &str, value: &str| {
        all.iter().any(|one| one.iter().any(|(known, said)| known == name && said == value))
    };
    assert!(has("lastname", "Changed") && has("mobile", "2") && has("note", "here"));
}

#[test]
fn two_upstreams_converge_within_their_budgets_in_memory() {
    converge(MemoryStore::new());
}

#[test]
fn two_upstreams_converge_within_their_budgets_in_sqlite() {
    converge(SqliteStore::new());
}

#[test]
fn one_that_has_much_to_do_does_not_starve_another() {
    let (store, town) = (MemoryStore::new(), Town::new(&["big", "small"]));
    open(&store);
    for n in 0..300 {
        put(&store, &format!("h{n}"), &format!("H{n}"), "");
    }
    arrange(&store, "big", Protocol::Max, 1);
    invoke(&store, &town, Budget::default());
    arrange(&store, "small", Protocol::Max, 1);
    for n in 0..5 {
        put(&*town.server("small"), &format!("s{n}"), &format!("S{n}"), "");
    }
    invoke(&store, &town, Budget::default());
    assert_eq!((town.count("big"), town.count("small")), (40 + 20, 20));
    assert_eq!(said(&store).len(), 305, "what is there has come in, whatever waits to go out");
}

#[test]
fn of_two_invocations_that_overlap_one_takes_the_turn() {
    for protocol in [Protocol::Max, Protocol::Syncml] {
        let (store, town) = (Rc::new(MemoryStore::new()), Town::new(&["there"]));
        open(&*store);
        arrange(&*store, "there", protocol, 1);
        put(&*store, "h", "H", "");
        let (other, road) = (Rc::clone(&store), Rc::clone(&town));
        *town.meanwhile.borrow_mut() = Some(Box::new(move |_| {
            assert!(is_leased(&*other, "there", road.now.get()));
            assert_eq!(invoke(&*other, &road, Budget::default()), Vec::<String>::new());
        }));
        assert_eq!(invoke(&*store, &town, Budget::default()).len(), 1);
        assert!(!is_leased(&*store, "there", town.now.get()));
        assert_eq!(said(&*town.server("there")).len(), 1);
    }
}

#[test]
fn an_invocation_that_is_killed_at_any_request_leaves_nothing_twice() {
    for protocol in [Protocol::Max, Protocol::Syncml] {
        for at in 0..8 {
            let (store, town) = (MemoryStore::new(), Town::new(&["there"]));
            open(&store);
            arrange(&store, "there", protocol, 1);
            for n in 0..3 {
                put(&store, &format!("h{n}"), &format!("H{n}"), "");
                put(&*town.server("there"), &format!("t{n}"), &format!("T{n}"), "");
            }
            town.dies_after.set(Some(at));
            let died =
                once(tend(&store, &settings(), &mut Rider(Rc::clone(&town)), Budget::default())).is_none();
            town.dies_after.set(None);
            if died {
                assert_eq!(
                    invoke(&store, &town, Budget::default()),
                    Vec::<String>::new(),
                    "its turn is still held"
                );
                town.tick(anchorage::limits::UPSTREAM_LEASE_MS + 1);
            }
            for _ in 0..3 {
                invoke(&store, &town, Budget::default());
                town.tick(MINUTE);
            }
            assert_eq!(said(&store).len(), 6, "{protocol:?} killed at {at}");
            at_rest(&store, &town, &["there"]);
        }
    }
}

#[test]
fn a_server_that_is_away_is_asked_less_and_less_and_why_is_kept() {
    for protocol in [Protocol::Max, Protocol::Syncml] {
        let (store, town) = (MemoryStore::new(), Town::new(&[]));
        open(&store);
        arrange(&store, "gone", protocol, 1);
        let mut pauses = Vec::new();
        for failures in 1..=4 {
            invoke(&store, &town, Budget::default());
            let row = row(&store, "gone");
            assert_eq!((row.failures, row.leased), (failures, 0));
            assert!(row.failed.contains("no such host"), "{}", row.failed);
            pauses.push((row.due - town.now.get()) / MINUTE);
            town.now.set(row.due - 1);
            assert_eq!(
                invoke(&store, &town, Budget::default()),
                Vec::<String>::new(),
                "not before it is due"
            );
            town.tick(1);
        }
        assert_eq!(pauses, [1, 2, 4, 8]);
        let back = MemoryStore::new();
        open(&back);
        put(&back, "t", "T", "");
        town.servers.borrow_mut().insert("gone".into(), Rc::new(back));
        invoke(&store, &town, Budget::default());
        let row = row(&store, "gone");
        assert_eq!((row.failures, row.failed.as_str()), (0, ""));
        assert_eq!(said(&store).len(), 1);
    }
}

#[test]
fn what_cannot_be_opened_or_asked_is_said_and_nothing_is_carried() {
    let (store, town) = (MemoryStore::new(), Town::new(&["there"]));
    open(&store);
    arrange(&store, "there", Protocol::Max, 1);
    let good = row(&store, "there");
    let wrong_secret = Arrangement { sealed: "v1.AAAA.AAAA".into(), ..good.clone() };
    let unreadable = Arrangement { definition: "{".into(), ..good.clone() };
    let mut upstream: Upstream = serde_json::from_str(&good.definition).unwrap();
    upstream.protocol = Protocol::Syncml;
    upstream.url = "file:///etc/passwd".into();
    let elsewhere = Arrangement { definition: serde_json::json!(upstream).to_string(), ..good.clone() };
    for (wrong, words) in [
        (wrong_secret, "another ANCHORAGE_SECRET"),
        (unreadable, "cannot be read"),
        (elsewhere, "none of http"),
    ] {
        put_row(&store, Arrangement { due: 0, failures: 0, ..wrong });
        let lines = invoke(&store, &town, Budget::default());
        assert!(lines.len() == 1 && lines[0].contains(words), "{lines:?}");
        assert!(row(&store, "there").failed.contains(words));
    }
    assert_eq!(town.count("there"), 0);
}

#[test]
fn slow_servers_end_an_invocation_by_the_clock() {
    let (store, town) = (MemoryStore::new(), Town::new(&["slow"]));
    open(&store);
    arrange(&store, "slow", Protocol::Max, 1);
    for n in 0..50 {
        put(&store, &format!("h{n}"), &format!("H{n}"), "");
    }
    town.takes_ms.set(5_000);
    let before = town.now.get();
    invoke(&store, &town, Budget::default());
    assert!(town.now.get() - before <= 30_000);
    assert_eq!(town.count("slow"), 5);
}
