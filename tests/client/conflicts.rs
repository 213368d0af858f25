//! Both have changed it: at the server, and here while the sync was under way.

use crate::app::{App, Fate, account, agree, card};
use crate::house::now;
use crate::world::{World, collection};
use anchorage::record::Kind;
use anchorage::store::memory::MemoryStore;
use anchorage::store::{Batch, Edit, Policy, Store};
use anchorage::upstream::{Ended, Mode};

type Server = crate::world::MemoryStore;

fn text(name: &str, title: &str, note: &str) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:{name};;;;\r\nFN:{name}\r\nTITLE:{title}\r\nNOTE:{note}\r\nEND:VCARD\r\n"
    )
}

/// Two apps and a server that all hold one card.
fn scene() -> (World<Server>, App<MemoryStore>, App<MemoryStore>) {
    let world = World::new(Server::new()).reading_on();
    let (one, two) = (App::new(MemoryStore::new(), "one"), App::new(MemoryStore::new(), "two"));
    one.put(world.clock.get(), "a", &text("A", "title", "note"));
    one.synced(&world);
    two.synced(&world);
    (world, one, two)
}

fn settle(world: &World<Server>, one: &App<MemoryStore>, two: &App<MemoryStore>) {
    for _ in 0..3 {
        one.synced(world);
        two.synced(world);
    }
    agree(one, world);
    agree(two, world);
    for app in [one, two] {
        let idle = app.synced(world);
        assert_eq!((idle.progress.sent, idle.progress.received), (0, 0));
        assert_eq!(app.standing().pending, 0);
    }
}

#[test]
fn different_properties_are_merged() {
    let (world, one, two) = scene();
    one.put(world.clock.get(), "a", &text("A", "by one", "note"));
    two.put(world.clock.get(), &two.id_of("FN:A"), &text("A", "title", "by two"));
    one.synced(&world);
    let merged = two.synced(&world);
    assert_eq!(merged.collections[0].conflicts, 1);
    settle(&world, &one, &two);
    let live = one.live("contacts");
    assert_eq!(live.len(), 1);
    assert!(live[0].contains("TITLE:by one") && live[0].contains("NOTE:by two"), "{live:?}");
}

#[test]
fn of_one_property_the_later_edit_stays_and_all_hold_the_same() {
    let (world, one, two) = scene();
    one.put(world.clock.get(), "a", &text("A", "by one", "note"));
    two.put(world.clock.get(), &two.id_of("FN:A"), &text("A", "by two", "note"));
    one.synced(&world);
    two.synced(&world);
    settle(&world, &one, &two);
    assert!(one.live("contacts")[0].contains("TITLE:by two"), "{:?}", one.live("contacts"));
}

#[test]
fn changed_beats_deleted_either_way() {
    let (world, one, two) = scene();
    one.remove(world.clock.get(), "a");
    two.put(world.clock.get(), &two.id_of("FN:A"), &text("A", "by two", "note"));
    two.synced(&world);
    settle(&world, &one, &two);
    assert_eq!(one.live("contacts").len(), 1);
    let (world, one, two) = scene();
    one.remove(world.clock.get(), "a");
    two.put(world.clock.get(), &two.id_of("FN:A"), &text("A", "by two", "note"));
    one.synced(&world);
    settle(&world, &one, &two);
    assert_eq!(one.live("contacts").len(), 1);
}

#[test]
fn both_delete() {
    let (world, one, two) = scene();
    one.remove(world.clock.get(), "a");
    two.remove(world.clock.get(), &two.id_of("FN:A"));
    settle(&world, &one, &two);
    assert!(one.live("contacts").is_empty() && world.live("contacts").is_empty());
}

#[test]
fn what_was_edited_during_a_sync_follows_the_collections_policy() {
    for policy in [Policy::ServerWins, Policy::ClientWins, Policy::KeepBoth] {
        let (world, one, two) = scene();
        let changed = collection("contacts", Kind::Contacts, &["addressbook"], policy);
        let edits = vec![Edit::PutCollection(changed)];
        now(two.store.commit(&Batch { account: account(), edits, ..Batch::default() })).unwrap();
        one.put(world.clock.get(), "a", &text("A", "by one", "note"));
        one.synced(&world);
        let id = two.id_of("FN:A");
        let report = two.sync_through(&world, &mut |number, _| {
            if number == 1 {
                two.put(world.clock.get(), &id, &text("A", "during", "note"));
            }
            Fate::Arrives
        });
        assert_eq!(report.collections[0].conflicts, 1, "{policy:?}");
        settle(&world, &one, &two);
        let live = one.live("contacts").concat();
        let (theirs, ours) = (live.contains("TITLE:by one"), live.contains("TITLE:during"));
        let expected = (policy != Policy::ServerWins, policy != Policy::ClientWins);
        assert_eq!((theirs, ours), expected, "{policy:?} {live}");
    }
}

/// An edit while the messages are under way: before each of them.
#[test]
fn what_is_edited_during_a_sync_is_merged_and_sent_next_time() {
    for at in 0..3 {
        for deletes in [false, true] {
            let (world, one, two) = scene();
            one.put(world.clock.get(), "a", &text("A", "by one", "note"));
            one.synced(&world);
            let id = two.id_of("FN:A");
            let report = two.sync_through(&world, &mut |number, _| {
                if number == at && deletes {
                    two.remove(world.clock.get(), &id);
                } else if number == at {
                    two.put(world.clock.get(), &id, &text("A", "title", "during"));
                }
                Fate::Arrives
            });
            assert_eq!(report.ended, Ended::Complete);
            settle(&world, &one, &two);
            let live = one.live("contacts");
            if deletes && at == 2 {
                // It had come, and then it was deleted: there was no conflict.
                assert!(live.is_empty(), "{live:?}");
                continue;
            }
            assert_eq!(live.len(), 1, "{at} {deletes}");
            assert!(live[0].contains("TITLE:by one") || at == 2, "{at} {live:?}");
            assert!(deletes || live[0].contains("NOTE:during"), "{at} {live:?}");
        }
    }
}

#[test]
fn what_is_deleted_there_and_edited_here_during_the_sync_comes_back() {
    for at in 0..2 {
        let (world, one, two) = scene();
        one.remove(world.clock.get(), "a");
        one.synced(&world);
        let id = two.id_of("FN:A");
        two.sync_through(&world, &mut |number, _| {
            if number == at {
                two.put(world.clock.get(), &id, &text("A", "title", "during"));
            }
            Fate::Arrives
        });
        settle(&world, &one, &two);
        assert_eq!(one.live("contacts").len(), 1, "{at}");
    }
}

#[test]
fn a_slow_sync_finds_what_both_hold_however_often() {
    let (world, mut one, _) = scene();
    for number in 0..20 {
        one.put(world.clock.get(), &format!("x{number}"), &card(&format!("X{number}"), "same"));
    }
    // The same card twice is two cards.
    one.put(world.clock.get(), "twin", &card("X0", "same"));
    one.synced(&world);
    for mode in [Mode::Slow, Mode::Slow, Mode::RefreshFromServer, Mode::Slow, Mode::RefreshFromClient] {
        one.mode(mode);
        one.synced(&world);
        agree(&one, &world);
        assert_eq!(world.live("contacts").len(), 22, "{mode:?}");
    }
    one.mode(Mode::TwoWay);
    let idle = one.synced(&world);
    assert_eq!((idle.progress.sent, idle.progress.received), (0, 0));
    // A store that was lost, and is as it was in a backup.
    let again = App::new(MemoryStore::new(), "one");
    for record in one.records("contacts") {
        again.put(
            world.clock.get(),
            record.id.as_str(),
            std::str::from_utf8(&record.content.body().unwrap().bytes).unwrap(),
        );
    }
    let slow = again.synced(&world);
    assert_eq!((slow.collections[0].mode, slow.collections[0].received.added), (Mode::Slow, 0));
    agree(&again, &world);
    assert_eq!(world.live("contacts").len(), 22);
}

#[test]
fn an_account_that_the_server_lost_is_compared_and_it_is_said_why() {
    let (world, one, _) = scene();
    let fresh = World::new(Server::new()).reading_on();
    fresh.clock.set(world.clock.get() + 1_000);
    let report = one.synced(&fresh);
    let why = report.collections[0].why_slow.clone().unwrap();
    assert!(why.contains("does not remember"), "{why}");
    agree(&one, &fresh);
}
