//! One way and in place of: what each mode leaves alone, and what it does not.

use crate::app::{App, agree, card, keys, pair, post};
use crate::world::World;
use anchorage::store::memory::MemoryStore;
use anchorage::syncml::codec::{decode, encode};
use anchorage::syncml::message::{Command, Data, Message};
use anchorage::upstream::{Ended, Mode, Report};

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

/// What the server answers to the message of this number, changed.
fn changed(world: &World<Server>, one: &App<MemoryStore>, at: u64, change: impl Fn(&mut Message)) -> Report {
    let mut number = 0;
    one.sync_with(&mut world.clock.get(), &mut |outgoing| {
        number += 1;
        let mut answer = post(world, outgoing);
        if number == at {
            let (mut message, encoding) = decode(&answer.body).unwrap();
            change(&mut message);
            answer.body = encode(&message, encoding);
        }
        Some(answer)
    })
}

#[test]
fn nothing_goes_where_a_refresh_from_the_server_is_not_whole() {
    let is_sync = |command: &Command| matches!(command, Command::Sync(_));
    for broken in 0..3 {
        let (world, mut one, _) = scene();
        one.mode(Mode::RefreshFromServer);
        let report = changed(&world, &one, 2, |message| {
            for command in &mut message.commands {
                let Command::Sync(sync) = command else { continue };
                match broken {
                    0 => {}
                    1 => sync.changes = Some(2),
                    _ => {
                        let Command::Change(change) = &mut sync.commands[0] else { panic!() };
                        change.items[0].data = Some(Data::Bytes(b"no card".to_vec()));
                    }
                }
            }
            if broken == 0 {
                message.commands.retain(|command| !is_sync(command));
            }
        });
        assert_eq!(report.ended, Ended::Failed, "{broken}");
        assert!(one.live("contacts").iter().any(|text| text.contains("FN:A")), "{broken}");
        let report = one.synced(&world);
        assert_eq!(report.collections[0].mode, Mode::RefreshFromServer);
        assert_eq!(keys(&one.live("contacts")), keys(&[card("B", "two")]));
    }
}

#[test]
fn a_sync_that_is_refused_for_its_anchors_is_a_slow_one_next_time() {
    let (world, one, _) = scene();
    one.synced(&world);
    let report = changed(&world, &one, 2, |message| {
        for command in &mut message.commands {
            if let Command::Status(status) = command
                && status.command == "Sync"
            {
                status.code = 508;
            }
        }
    });
    assert_eq!(report.error.unwrap().status, 508);
    assert_eq!(one.synced(&world).collections[0].mode, Mode::Slow);
    agree(&one, &world);
    assert_eq!(one.live("contacts").len(), 2);
}

#[test]
fn a_server_that_wants_to_delete_what_nobody_asked_to_is_refused() {
    for code in ["203", "205"] {
        let (world, one, _) = scene();
        let report = changed(&world, &one, 1, |message| {
            for command in &mut message.commands {
                if let Command::Alert(alert) = command {
                    alert.code = code.into();
                }
            }
        });
        assert_eq!(report.error.unwrap().code, "refused");
        assert_eq!((one.live("contacts").len(), world.live("contacts").len()), (1, 1));
        one.synced(&world);
        agree(&one, &world);
    }
}
