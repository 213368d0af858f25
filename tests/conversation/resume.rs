//! Suspend (224) and resume (225): a sync that broke off goes on, and what was acknowledged is not said again
//! (DS 1.2 section 6.11; `syncml.md` 4.10).

use crate::phone::{Broken, Fault, Phone};
use crate::sqlite::SqliteStore;
use crate::world::{MemoryStore, World};
use crate::{card, pair};
use anchorage::store::Store;
use anchorage::syncml::message::{Data, Filter, Item, Meta, Version};

/// Two phones whose next sync of type `code` has something to do in both directions, in many small messages.
fn busy<S: Store>(world: &World<S>, code: u16) -> (Phone, Phone) {
    let (mut a, mut b) = pair(world);
    for number in 0..8 {
        a.add(&card(&format!("New on a {number}"), ""));
        b.add(&card(&format!("New on b {number}"), ""));
    }
    let (edited, deleted) = (a.find("Card 0"), a.find("Card 1"));
    a.edit(&edited, &card("Card 0", "NOTE:edited by a\r\n"));
    a.delete(&deleted);
    let (edited, deleted) = (b.find("Card 2"), b.find("Card 3"));
    b.edit(&edited, &card("Card 2", "NOTE:edited by b\r\n"));
    b.delete(&deleted);
    b.sync(world).unwrap();
    (a.asks, a.per_message, a.max_message) = (code, 2, Some(1_500));
    (a, b)
}

/// What everybody holds in the end.
fn settle<S: Store>(world: &World<S>, a: &mut Phone, b: &mut Phone) -> Vec<String> {
    (a.asks, a.resumes) = (0, false);
    for _ in 0..2 {
        a.sync(world).unwrap();
        b.sync(world).unwrap();
    }
    assert_eq!(a.contents(), b.contents(), "{:#?}", world.lines.borrow());
    assert_eq!(a.contents(), world.live("contacts"));
    let session = a.sync(world).unwrap();
    assert_eq!((session.sent, session.received), (0, 0));
    a.contents()
}

fn undisturbed(code: u16) -> Vec<String> {
    let world = World::new(MemoryStore::new()).reading_on();
    let (mut a, mut b) = busy(&world, code);
    a.sync(&world).unwrap();
    settle(&world, &mut a, &mut b)
}

#[test]
fn every_type_broken_at_every_message_and_resumed_ends_as_if_it_had_not_been() {
    for code in [200, 201, 202, 203, 204, 205] {
        let expected = undisturbed(code);
        for at in 1..=14 {
            for fault in
                [Fault::DiesBefore(at), Fault::DiesAfter(at), Fault::LostRequest(at), Fault::LostAnswer(at)]
            {
                let world = World::new(MemoryStore::new()).reading_on();
                let (mut a, mut b) = busy(&world, code);
                a.fault = fault;
                let ended = a.sync(&world);
                (a.fault, a.resumes) = (Fault::None, ended.is_err());
                if ended.is_err() {
                    let session = a.sync(&world).unwrap();
                    let said = (session.statuses_of("Alert"), session.alerts[0].1);
                    // Before the phone has said anything there is nothing to resume.
                    let begun = said.0 == [200];
                    assert!(begun || said == (vec![508], 201), "{code} {fault:?}: {said:?}");
                    assert!(begun || at <= 2, "{code} {fault:?}: {said:?} {:#?}", world.lines.borrow());
                    assert!(!begun || said.1 == code, "{code} {fault:?}: {said:?}");
                    if !begun && code != 201 {
                        continue;
                    }
                }
                assert_eq!(
                    settle(&world, &mut a, &mut b),
                    expected,
                    "{code} {fault:?} {:#?}",
                    world.lines.borrow()
                );
            }
        }
    }
}

#[test]
fn what_was_acknowledged_is_not_said_again_and_what_was_not_comes_under_its_name() {
    for code in [200, 201] {
        let world = World::new(SqliteStore::new()).reading_on();
        let (mut a, _) = busy(&world, code);
        a.guid_bytes = 2;
        let whole = {
            let world = World::new(SqliteStore::new()).reading_on();
            let (mut a, _) = busy(&world, code);
            a.guid_bytes = 2;
            a.sync(&world).unwrap()
        };
        a.fault = Fault::DiesAfter(whole.messages - 1);
        assert_eq!(a.sync(&world).unwrap_err(), Broken::Died);
        let before = a.story.iter().filter(|line| line.starts_with("gets Add")).count();
        assert!(before > 1, "it was in the middle of ours");
        (a.fault, a.resumes) = (Fault::None, true);
        let session = a.sync(&world).unwrap();
        assert_eq!(session.alerts[0].1, code);
        assert!(session.sent < whole.sent && session.received < whole.received, "{session:?}");
        let mut contents = a.contents();
        contents.dedup();
        assert_eq!(contents, a.contents(), "nothing came twice");
        // A slow sync takes nothing away; the next one does.
        (a.asks, a.resumes) = (0, false);
        a.sync(&world).unwrap();
        assert_eq!(a.contents(), world.live("contacts"));
    }
}

#[test]
fn a_user_may_pause_and_go_on_another_day() {
    for at in 2..=6 {
        let world = World::new(SqliteStore::new()).reading_on();
        let (mut a, mut b) = busy(&world, 200);
        a.pauses = Some(at);
        assert_eq!(a.sync(&world).unwrap_err(), Broken::Suspended, "{at}");
        a.pauses = None;
        world.tick(20 * 60 * 60 * 1_000);
        b.sync(&world).unwrap();
        a.resumes = true;
        let session = a.sync(&world).unwrap();
        let begun = session.statuses_of("Alert") == [200];
        assert!(begun || at == 2, "{at}: {:?}", session.statuses_of("Alert"));
        if begun {
            assert_eq!(settle(&world, &mut a, &mut b), undisturbed(200), "{at}");
        }
    }
}

#[test]
fn a_filter_holds_until_the_sync_that_was_begun_with_it_is_done() {
    let world = World::new(SqliteStore::new()).reading_on();
    let mut a = Phone::contacts("a");
    for name in ["Ann", "Bob", "Cy"] {
        a.add(&card(name, if name == "Cy" { "" } else { "CATEGORIES:Friends\r\n" }));
    }
    a.sync(&world).unwrap();
    let mut b = Phone::contacts("b");
    let query = Data::Bytes("GROUP&EQ;Friends".into());
    let meta = |media_type: &str| Meta { media_type: Some(media_type.into()), ..Meta::default() };
    let record = Item { meta: meta("syncml:filtertype-cgi"), data: Some(query), ..Item::default() };
    b.only().filter = Some(Filter { meta: meta("text/vcard"), record: Some(record), ..Filter::default() });
    b.fault = Fault::DiesAfter(3);
    assert_eq!(b.sync(&world).unwrap_err(), Broken::Died);
    (b.fault, b.resumes) = (Fault::None, true);
    b.only().filter = None;
    let session = b.sync(&world).unwrap();
    assert_eq!((session.statuses_of("Alert"), session.received), (vec![200], 2), "it is not said again");
    b.resumes = false;
    assert_eq!(b.sync(&world).unwrap().received, 1, "and in the next sync there is none");
}

#[test]
fn a_first_sync_is_resumed_too() {
    let world = World::new(SqliteStore::new()).reading_on();
    let mut a = Phone::contacts("a");
    a.per_message = 5;
    for number in 0..20 {
        a.add(&card(&format!("Card {number}"), ""));
    }
    a.fault = Fault::DiesAfter(4);
    a.sync(&world).unwrap_err();
    let luid = a.find("Card 2");
    a.edit(&luid, &card("Card 2", "TITLE:edited since\r\n"));
    (a.fault, a.resumes) = (Fault::None, true);
    let session = a.sync(&world).unwrap();
    assert_eq!((session.statuses_of("Alert"), session.alerts), (vec![200], vec![("./C".into(), 201)]));
    assert!(session.sent < 20);
    assert_eq!((session.received, world.live("contacts").len()), (0, 20), "{:#?}", world.lines.borrow());
    a.resumes = false;
    assert_eq!(a.sync(&world).unwrap().received, 0);
    let mut fresh = Phone::contacts("b");
    fresh.sync(&world).unwrap();
    assert_eq!(a.contents(), fresh.contents());
}

#[test]
fn what_cannot_be_resumed_is_compared_or_was_never_offered() {
    let world = World::new(SqliteStore::new()).reading_on();
    let (mut a, mut b) = pair(&world);
    a.resumes = true;
    world.tick(100 * 24 * 60 * 60 * 1_000);
    b.sync(&world).unwrap();
    let session = a.sync(&world).unwrap();
    assert_eq!((session.statuses_of("Alert"), session.alerts), (vec![508], vec![("./C".into(), 201)]));
    a.version = Version::V11;
    assert_eq!(a.sync(&world).unwrap_err(), Broken::Refused(406));
}

#[test]
fn a_half_staged_refresh_is_completed_by_resuming_and_forgotten_otherwise() {
    for (resumes, hours) in [(true, 1), (true, 20), (true, 60), (false, 1)] {
        let world = World::new(SqliteStore::new()).reading_on();
        let (mut a, mut b) = busy(&world, 203);
        a.fault = Fault::DiesAfter(5);
        a.sync(&world).unwrap_err();
        world.tick(hours * 60 * 60 * 1_000);
        // Somebody's visit sweeps in passing.
        b.sync(&world).unwrap();
        let gone = a.only().items.keys().next().unwrap().clone();
        a.fault = Fault::None;
        if resumes {
            a.resumes = true;
        } else {
            // What it had staged is no longer there when it begins anew.
            a.only().items.remove(&gone);
        }
        let session = a.sync(&world).unwrap();
        let refused = session.statuses_of("Alert") == [508];
        assert_eq!(refused, hours > 24, "what was staged is not kept for ever");
        assert!(refused || world.live("contacts") == a.contents(), "resumes {resumes}");
        settle(&world, &mut a, &mut b);
    }
}
