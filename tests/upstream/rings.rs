//! Arrangements that lead back to where a change came from, or twice to the same place: nothing is doubled, and all come to rest.

use crate::town::*;
use anchorage::call::arranged::Budget;
use anchorage::store::memory::MemoryStore;
use anchorage::upstream::Protocol;
use std::rc::Rc;

fn everybody_syncs(town: &Rc<Town>, hosts: &[&str]) -> Vec<String> {
    town.tick(2 * MINUTE);
    hosts.iter().flat_map(|host| invoke(&*town.server(host), town, Budget::default())).collect()
}

/// So many rounds later all have the same, and a further round changes nothing.
fn come_to_rest(town: &Rc<Town>, hosts: &[&str], rounds: usize, expected: usize) {
    for _ in 0..rounds {
        everybody_syncs(town, hosts);
    }
    let stores: Vec<Rc<MemoryStore>> = hosts.iter().map(|host| town.server(host)).collect();
    for store in &stores {
        assert_eq!(said(&**store), said(&*stores[0]));
        assert_eq!(said(&**store).len(), expected);
    }
    let heads: Vec<i64> = stores.iter().map(|store| head(&**store)).collect();
    let lines = everybody_syncs(town, hosts);
    assert_eq!(heads, stores.iter().map(|store| head(&**store)).collect::<Vec<_>>(), "{lines:?}");
}

/// What is added, changed and removed anywhere is the same everywhere, once.
fn played(town: &Rc<Town>, hosts: &[&str], rounds: usize) {
    let store = |host: &str| town.server(host);
    come_to_rest(town, hosts, rounds, 0);
    put(&*store(hosts[0]), "one", "One", "X-ODD:kept\r\n");
    come_to_rest(town, hosts, rounds, 1);
    for number in 0..20 {
        put(&*store(hosts[1]), &format!("b{number}"), &format!("Of the second {number}"), "");
    }
    come_to_rest(town, hosts, rounds, 21);
    put(&*store(hosts[0]), "one", "One", "X-ODD:kept\r\nNOTE:edited\r\n");
    delete(&*store(hosts[1]), "b3");
    come_to_rest(town, hosts, rounds, 20);
    assert_eq!(said(&*store(hosts[1])).iter().flatten().filter(|(_, value)| value == "edited").count(), 1);
    // The same card made by hand on both sides between two syncs.
    for host in hosts {
        put(&*store(host), "by-hand", "By hand", "NOTE:twice\r\n");
    }
    come_to_rest(town, hosts, rounds, 21);
}

#[test]
fn two_servers_that_are_each_others_upstream() {
    let town = Town::new(&["a", "b"]);
    arrange(&*town.server("a"), "b", Protocol::Syncml, 1);
    arrange(&*town.server("b"), "a", Protocol::Syncml, 1);
    played(&town, &["a", "b"], 2);
}

#[test]
fn two_ways_to_the_same_server() {
    let town = Town::new(&["a", "b"]);
    let again = town.server("b");
    town.servers.borrow_mut().insert("b-again".into(), again);
    arrange(&*town.server("a"), "b", Protocol::Syncml, 1);
    arrange(&*town.server("a"), "b-again", Protocol::Syncml, 1);
    played(&town, &["a", "b"], 2);
}

#[test]
fn a_ring_of_three() {
    let town = Town::new(&["a", "b", "c"]);
    arrange(&*town.server("a"), "b", Protocol::Syncml, 1);
    arrange(&*town.server("b"), "c", Protocol::Syncml, 1);
    arrange(&*town.server("c"), "a", Protocol::Syncml, 1);
    played(&town, &["a", "b", "c"], 3);
}

#[test]
fn one_way_over_syncml_and_back_over_max() {
    let town = Town::new(&["a", "b"]);
    arrange(&*town.server("a"), "b", Protocol::Syncml, 1);
    arrange(&*town.server("b"), "a", Protocol::Max, 1);
    played(&town, &["a", "b"], 2);
}
