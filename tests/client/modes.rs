//! One way and in place of: what each mode leaves alone, and what it does not.

use crate::app::{App, agree, card, keys, pair};
use crate::world::World;
use anchorage::store::memory::MemoryStore;
use anchorage::upstream::{Ended, Mode};

type Server = crate::world::MemoryStore;

fn scene() -> (World<Server>, App<MemoryStore>, App<MemoryStore>) {
    let world = World::new(Server::new()).reading_on();
    let (one, two) = (App::new(MemoryStore::new(), "one"), App::new(MemoryStore::new(), "two"));
    let clock = world.clock.get();
    one.put(clock, "a", &card("A", "one"));
    two.put(clock, "b", &card("B", "two"));
    two.synced(&world);
    (world, one, two)
}

#[test]
fn one_way_from_the_client_never_writes_here_not_even_the_first_time() {
    let (world, mut one, _) = scene();
    one.mode(Mode::OneWayFromClient);
    let first = one.synced(&world);
    assert_eq!(first.collections[0].mode, Mode::Slow);
    assert_eq!(one.live("contacts").len(), 1);
    assert_eq!(world.live("contacts").len(), 2);
    one.put(world.clock.get(), "c", &card("C", "one"));
    let second = one.synced(&world);
    assert_eq!((second.collections[0].mode, second.collections[0].sent.added), (Mode::OneWayFromClient, 1));
    assert_eq!((one.live("contacts").len(), world.live("contacts").len()), (2, 3));
    one.mode(Mode::TwoWay);
    one.synced(&world);
    one.synced(&world);
    agree(&one, &world);
}

#[test]
fn one_way_from_the_server_never_writes_there_not_even_the_first_time() {
    let (world, mut one, two) = scene();
    one.mode(Mode::OneWayFromServer);
    one.synced(&world);
    assert_eq!((one.live("contacts").len(), world.live("contacts").len()), (2, 1));
    two.put(world.clock.get(), "c", &card("C", "two"));
    two.synced(&world);
    one.put(world.clock.get(), "d", &card("D", "one"));
    let second = one.synced(&world);
    assert_eq!(
        (second.collections[0].mode, second.collections[0].received.added),
        (Mode::OneWayFromServer, 1)
    );
    assert_eq!((one.live("contacts").len(), world.live("contacts").len()), (4, 2));
    assert_eq!(one.standing().pending, 2);
    one.mode(Mode::TwoWay);
    one.synced(&world);
    agree(&one, &world);
    assert_eq!(world.live("contacts").len(), 4);
}

#[test]
fn a_refresh_takes_the_place_of_what_is_there() {
    let (world, mut one, _) = scene();
    one.mode(Mode::RefreshFromClient);
    let report = one.synced(&world);
    assert_eq!(keys(&world.live("contacts")), keys(&[card("A", "one")]));
    assert_eq!(report.collections[0].mode, Mode::RefreshFromClient);
    let (world, mut one, _) = scene();
    one.mode(Mode::RefreshFromServer);
    let report = one.synced(&world);
    assert_eq!(keys(&one.live("contacts")), keys(&[card("B", "two")]));
    assert_eq!(report.collections[0].received.deleted, 1);
    one.mode(Mode::TwoWay);
    let idle = one.synced(&world);
    assert_eq!((idle.progress.sent, idle.progress.received), (0, 0));
}

#[test]
fn what_is_made_here_during_a_refresh_from_the_server_stays() {
    let (world, mut one, _) = scene();
    one.mode(Mode::RefreshFromServer);
    let report = one.sync_through(&world, &mut |number, _| {
        if number == 1 {
            one.put(world.clock.get(), "new", &card("NEW", "during"));
        }
        crate::app::Fate::Arrives
    });
    assert_eq!(report.ended, Ended::Complete);
    assert_eq!(keys(&one.live("contacts")), keys(&[card("B", "two"), card("NEW", "during")]));
    one.mode(Mode::TwoWay);
    one.synced(&world);
    agree(&one, &world);
    assert_eq!(world.live("contacts").len(), 2);
}

#[test]
fn collections_have_modes_of_their_own_and_one_that_fails_leaves_the_others_alone() {
    let (world, mut one, _) = scene();
    one.upstream.pairs = vec![
        pair("contacts", Mode::TwoWay),
        anchorage::upstream::Pair { remote: "memo".into(), ..pair("notes", Mode::OneWayFromClient) },
        anchorage::upstream::Pair { remote: "nowhere".into(), ..pair("todo", Mode::TwoWay) },
        pair("calendar", Mode::Slow),
        pair("nothing", Mode::TwoWay),
    ];
    one.put_in("notes", world.clock.get(), "n", Some(b"a note"));
    let report = one.sync(&world);
    assert_eq!(report.ended, Ended::Failed);
    let codes: Vec<_> =
        report.collections.iter().map(|c| c.error.as_ref().map(|e| e.code.as_str())).collect();
    assert_eq!(codes, [None, None, Some("not-found"), None, Some("not-found")]);
    assert_eq!(world.live("notes"), ["a note"]);
    agree(&one, &world);
    assert_eq!(one.standing().last_sync, 0);
    one.upstream.pairs.retain(|pair| pair.remote != "nowhere" && pair.collection != "nothing");
    let report = one.synced(&world);
    let modes: Vec<_> = report.collections.iter().map(|c| c.mode).collect();
    assert_eq!(modes, [Mode::TwoWay, Mode::OneWayFromClient, Mode::Slow]);
    assert!(one.standing().last_sync > 0 && !one.standing().under_way);
}
