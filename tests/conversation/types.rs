//! The sync types: who sends what, and what of it stays pending (DS 1.2 section 6.5; `syncml.md` 4.3).

use crate::phone::{Broken, Fault, Phone, change};
use crate::sqlite::SqliteStore;
use crate::world::{MemoryStore, World};
use crate::{card, pair};
use anchorage::store::Store;
use anchorage::syncml::codec::Encoding;
use anchorage::syncml::message::{ChangeKind, Version};

/// Two phones that agree, and then each adds, edits and deletes something that the other does not know.
fn apart<S: Store>(world: &World<S>) -> (Phone, Phone) {
    let (mut a, mut b) = pair(world);
    for (phone, first) in [(&mut a, 0), (&mut b, 2)] {
        let (edited, deleted) =
            (phone.find(&format!("Card {first}")), phone.find(&format!("Card {}", first + 1)));
        phone.edit(&edited, &card(&format!("Card {first}"), &format!("NOTE:edited by {}\r\n", phone.device)));
        phone.delete(&deleted);
        let name = format!("New on {}", phone.device);
        phone.add(&card(&name, ""));
    }
    b.sync(world).unwrap();
    (a, b)
}

fn ask(phone: &mut Phone, code: u16) -> &mut Phone {
    phone.asks = code;
    phone
}

/// A normal sync of each, twice: afterwards all hold the same, and nobody has anything to say.
fn settle<S: Store>(world: &World<S>, phones: [&mut Phone; 2]) -> Vec<String> {
    let [a, b] = phones;
    for _ in 0..2 {
        ask(a, 0).sync(world).unwrap();
        ask(b, 0).sync(world).unwrap();
    }
    assert_eq!(a.contents(), b.contents(), "{:#?}", world.lines.borrow());
    assert_eq!(a.contents(), world.live("contacts"));
    for phone in [a, b] {
        let session = phone.sync(world).unwrap();
        assert_eq!((session.sent, session.received, session.messages), (0, 0, 3), "{}", phone.device);
        assert_eq!(session.alerts[0].1, 200);
    }
    world.live("contacts")
}

fn has(texts: &[String], part: &str) -> bool {
    texts.iter().any(|text| text.contains(part))
}

fn every_way(case: impl Fn(&dyn Fn(&mut Phone))) {
    for (version, encoding) in
        [(Version::V10, Encoding::Xml), (Version::V11, Encoding::Wbxml), (Version::V12, Encoding::Wbxml)]
    {
        case(&|phone| (phone.version, phone.encoding) = (version, encoding));
    }
}

#[test]
fn one_way_from_the_client_keeps_what_is_here_pending() {
    every_way(|dress| {
        let world = World::new(SqliteStore::new());
        let (mut a, mut b) = apart(&world);
        dress(&mut a);
        let session = ask(&mut a, 202).sync(&world).unwrap();
        assert_eq!((session.sent, session.received, session.messages), (3, 0, 2));
        assert_eq!(session.alerts, [("./C".into(), 202)]);
        let live = world.live("contacts");
        assert!(has(&live, "New on a") && has(&live, "edited by a") && !has(&live, "Card 1"));
        assert!(!has(&a.contents(), "on b") && has(&a.contents(), "Card 3"), "nothing came");
        let session = ask(&mut a, 202).sync(&world).unwrap();
        assert_eq!((session.sent, session.received), (0, 0));
        let end = settle(&world, [&mut a, &mut b]);
        assert!(has(&end, "New on b") && has(&end, "edited by b") && !has(&end, "Card 3"), "{end:#?}");
        assert!(has(&end, "New on a") && has(&end, "edited by a") && !has(&end, "Card 1"), "{end:#?}");
        assert_eq!(end.len(), 10);
    });
}

#[test]
fn one_way_from_the_server_keeps_what_is_there_pending() {
    every_way(|dress| {
        let world = World::new(SqliteStore::new());
        let (mut a, mut b) = apart(&world);
        dress(&mut a);
        let before = world.live("contacts");
        let session = ask(&mut a, 204).sync(&world).unwrap();
        assert_eq!((session.sent, session.received), (0, 3));
        assert_eq!(session.alerts, [("./C".into(), 204)]);
        assert_eq!(world.live("contacts"), before, "nothing was taken");
        assert!(has(&a.contents(), "New on b") && has(&a.contents(), "New on a"));
        let session = ask(&mut a, 204).sync(&world).unwrap();
        assert_eq!((session.sent, session.received), (0, 0));
        let end = settle(&world, [&mut a, &mut b]);
        assert!(has(&end, "edited by a") && has(&end, "edited by b") && end.len() == 10, "{end:#?}");
    });
}

#[test]
fn a_refresh_from_the_client_takes_the_collections_place() {
    every_way(|dress| {
        for per_message in [1, 3, 50] {
            let world = World::new(SqliteStore::new());
            let (mut a, mut b) = apart(&world);
            dress(&mut a);
            a.per_message = per_message;
            let session = ask(&mut a, 203).sync(&world).unwrap();
            assert_eq!((session.sent, session.received), (10, 0));
            assert_eq!(world.live("contacts"), a.contents());
            let (mine, records) = (a.contents(), world.records("contacts").len());
            assert_eq!(settle(&world, [&mut a, &mut b]), mine);
            // What was here under the same id or with the same content is still the same record.
            assert_eq!(records, 12, "ten of the pair, one new on each");
        }
    });
}

#[test]
fn a_refresh_from_the_server_takes_the_phones_place() {
    every_way(|dress| {
        let world = World::new(SqliteStore::new());
        let (mut a, mut b) = apart(&world);
        dress(&mut a);
        let before = world.live("contacts");
        let session = ask(&mut a, 205).sync(&world).unwrap();
        assert_eq!((session.sent, session.received), (0, 10));
        assert_eq!((a.contents(), world.live("contacts")), (before.clone(), before.clone()));
        assert_eq!(settle(&world, [&mut a, &mut b]), before);
    });
}

#[test]
fn a_refresh_that_breaks_off_leaves_everything_as_it_was() {
    for at in 1..=6 {
        for fault in [Fault::DiesBefore(at), Fault::DiesAfter(at)] {
            let world = World::new(SqliteStore::new());
            let (mut a, mut b) = apart(&world);
            let before = world.live("contacts");
            (a.per_message, a.fault) = (3, fault);
            let ended = ask(&mut a, 203).sync(&world);
            a.fault = Fault::None;
            let complete = ended.is_ok() || world.live("contacts") == a.contents();
            assert!(complete || world.live("contacts") == before, "{fault:?}");
            assert!(complete == (at > 5 || fault == Fault::DiesAfter(5)), "{fault:?} {ended:?}");
            // A phone that does not resume compares.
            a.slow = ended.is_err();
            ask(&mut a, 0).sync(&world).unwrap();
            a.slow = false;
            settle(&world, [&mut a, &mut b]);
        }
    }
}

#[test]
fn a_phone_that_is_new_may_begin_with_a_refresh() {
    for code in [203, 205] {
        let world = World::new(MemoryStore::new());
        let (_, mut b) = pair(&world);
        let mut c = Phone::contacts("c");
        for name in ["Card 1", "Only on c"] {
            c.add(&card(name, "TEL;TYPE=CELL:0\r\n"));
        }
        ask(&mut c, code).sync(&world).unwrap();
        let end = settle(&world, [&mut c, &mut b]);
        assert_eq!(end.len(), if code == 203 { 2 } else { 10 });
        assert_eq!(has(&end, "Only on c"), code == 203);
    }
}

#[test]
fn without_its_anchor_a_one_way_sync_compares_first() {
    for code in [202, 204] {
        let world = World::new(MemoryStore::new());
        let (mut a, mut b) = apart(&world);
        a.only().last = "another".into();
        let session = ask(&mut a, code).sync(&world).unwrap();
        assert_eq!(session.statuses_of("Alert"), [508]);
        assert_eq!(session.alerts, [("./C".into(), 201)]);
        settle(&world, [&mut a, &mut b]);
    }
}

#[test]
fn what_the_server_asked_for_is_started_under_its_own_code_too() {
    for (asked, started) in [(206, 200), (207, 202), (208, 203), (209, 204), (210, 205)] {
        let world = World::new(MemoryStore::new());
        let (mut a, mut b) = apart(&world);
        let session = ask(&mut a, asked).sync(&world).unwrap();
        assert_eq!(session.alerts, [("./C".into(), started)]);
        settle(&world, [&mut a, &mut b]);
    }
}

#[test]
fn changes_of_a_phone_that_only_wants_ours_are_refused_and_deletions_in_a_refresh_too() {
    let world = World::new(MemoryStore::new());
    let (mut a, _) = pair(&world);
    let before = world.live("contacts");
    for (code, refused) in [(204, 403), (205, 403)] {
        a.instead = vec![change(ChangeKind::Add, "x", Some(&card("X", "")), "text/vcard")];
        let session = ask(&mut a, code).sync(&world).unwrap();
        assert_eq!(session.statuses_of("Add"), [refused]);
        assert_eq!(world.live("contacts"), before);
    }
    a.instead = vec![change(ChangeKind::Delete, &a.find("Card 1"), None, "text/vcard")];
    let all = a.only().items.clone();
    a.instead
        .extend(all.iter().map(|(luid, text)| change(ChangeKind::Replace, luid, Some(text), "text/vcard")));
    let session = ask(&mut a, 203).sync(&world).unwrap();
    assert_eq!(session.statuses_of("Delete"), [403]);
    assert_eq!(world.live("contacts"), before);
}

#[test]
fn an_item_refused_in_a_refresh_takes_nothing_away() {
    let world = World::new(MemoryStore::new());
    let (mut a, mut b) = pair(&world);
    let luid = a.find("Card 4");
    a.instead = vec![
        change(ChangeKind::Replace, &luid, Some("this is no card"), "text/vcard"),
        change(ChangeKind::Replace, &a.find("Card 5"), Some(&card("Card 5", "NOTE:new\r\n")), "text/vcard"),
    ];
    let session = ask(&mut a, 203).sync(&world).unwrap();
    assert_eq!(session.statuses_of("Replace"), [415, 200]);
    let live = world.live("contacts");
    assert!(live.len() == 2 && has(&live, "Card 4") && has(&live, "NOTE:new"), "{live:#?}");
    b.sync(&world).unwrap();
    assert_eq!(b.contents(), live);
}

#[test]
fn a_refresh_whose_package_has_no_end_or_no_sync_replaces_nothing() {
    let world = World::new(MemoryStore::new());
    let (mut a, _) = pair(&world);
    let before = world.live("contacts");
    a.only().items.clear();
    a.fault = Fault::DiesBefore(2);
    assert_eq!(ask(&mut a, 203).sync(&world).unwrap_err(), Broken::Died);
    a.fault = Fault::None;
    assert_eq!(world.live("contacts"), before);
    a.silent_in_package_3 = true;
    let _ = ask(&mut a, 203).sync(&world);
    assert_eq!(world.live("contacts"), before);
    a.silent_in_package_3 = false;
    ask(&mut a, 203).sync(&world).unwrap();
    assert!(world.live("contacts").is_empty(), "an empty phone that says so");
}

#[test]
fn datastores_of_one_session_each_have_their_own_type() {
    let world = World::new(SqliteStore::new());
    let [mut a, mut b] =
        ["a", "b"].map(|device| Phone::contacts(device).with("./N", "notes", "text/plain", "1.0"));
    a.add(&card("Of a", ""));
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    let notes = b.folders.get_mut("./N").unwrap();
    notes.items.insert("n1".into(), "a note of b".into());
    notes.changed.insert("n1".into());
    b.add(&card("Of b", ""));
    b.asks_each = [("./C".to_owned(), 204), ("./N".to_owned(), 203)].into();
    let session = b.sync(&world).unwrap();
    assert_eq!(session.alerts, [("./C".into(), 204), ("./N".into(), 203)]);
    assert_eq!((world.live("contacts").len(), world.live("notes")), (1, vec!["a note of b".to_owned()]));
    b.asks_each.clear();
    b.sync(&world).unwrap();
    a.sync(&world).unwrap();
    assert_eq!(a.contents(), b.contents());
    assert_eq!(a.contents().len(), 3);
}
