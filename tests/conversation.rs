//! Whole conversations: phones against the server, over the memory store and over SQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "conversation/bounds.rs"]
mod bounds;
#[path = "conversation/busy.rs"]
mod busy;
#[path = "conversation/commands.rs"]
mod commands;
#[path = "conversation/conflicts.rs"]
mod conflicts;
#[path = "conversation/conformance.rs"]
mod conformance;
#[path = "conversation/credentials.rs"]
mod credentials;
#[path = "conversation/door.rs"]
mod door;
#[path = "conversation/faults.rs"]
mod faults;
#[path = "conversation/filters.rs"]
mod filters;
#[path = "conversation/folders.rs"]
mod folders;
#[path = "conversation/hand.rs"]
mod hand;
#[path = "conversation/heavy.rs"]
mod heavy;
#[path = "conversation/hmac.rs"]
mod hmac;
#[path = "stores/house.rs"]
mod house;
#[path = "conversation/isolate.rs"]
mod isolate;
#[path = "conversation/limits.rs"]
mod limits;
#[path = "conversation/locked.rs"]
mod locked;
#[path = "conversation/objects.rs"]
mod objects;
#[path = "conversation/odd.rs"]
mod odd;
#[path = "conversation/phone.rs"]
mod phone;
#[path = "conversation/quirks.rs"]
mod quirks;
#[path = "conversation/races.rs"]
mod races;
#[path = "conversation/recorded.rs"]
mod recorded;
#[path = "conversation/refresh.rs"]
mod refresh;
#[path = "conversation/resume.rs"]
mod resume;
#[path = "stores/sqlite.rs"]
mod sqlite;
#[path = "conversation/stray.rs"]
mod stray;
#[path = "conversation/table.rs"]
mod table;
#[path = "conversation/types.rs"]
mod types;
#[path = "conversation/world.rs"]
mod world;

use anchorage::store::Store;
use anchorage::syncml::codec::Encoding;
use anchorage::syncml::message::Version;
use phone::Phone;
use sqlite::SqliteStore;
use world::{MemoryStore, World};

fn card(name: &str, more: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nN:{name};;;;\r\nFN:{name}\r\n{more}END:VCARD\r\n")
}

/// Two phones that hold the same ten cards.
fn pair<S: Store>(world: &World<S>) -> (Phone, Phone) {
    let (mut a, mut b) = (Phone::contacts("a"), Phone::contacts("b"));
    for number in 0..10 {
        a.add(&card(&format!("Card {number}"), "TEL;TYPE=CELL:0\r\n"));
    }
    a.sync(world).unwrap();
    b.sync(world).unwrap();
    assert_eq!(a.contents(), b.contents());
    (a, b)
}

#[test]
fn a_first_sync_is_slow_and_a_second_phone_gets_the_same() {
    fn case<S: Store>(world: &World<S>, version: Version, encoding: Encoding, md5: bool) {
        let dress = |mut phone: Phone| {
            (phone.version, phone.encoding, phone.md5) = (version, encoding, md5);
            phone
        };
        let mut a = dress(Phone::contacts("a"));
        for number in 0..20 {
            a.add(&card(&format!("Añn & <{number}>"), ""));
        }
        let session = a.sync(world).unwrap();
        assert_eq!(session.statuses_of("Add"), vec![201; 20]);
        assert_eq!(session.received, 0);
        let mut b = dress(Phone::contacts("b"));
        let session = b.sync(world).unwrap();
        assert_eq!(session.received, 20);
        assert_eq!(session.changes_announced, vec![(version > Version::V10).then_some(20)]);
        assert_eq!(a.contents(), b.contents());
        for phone in [&mut a, &mut b] {
            let session = phone.sync(world).unwrap();
            assert_eq!(
                (session.sent, session.received, session.messages),
                (0, 0, 3),
                "{:?}",
                world.last_line()
            );
            assert_eq!(session.alerts, vec![("./C".into(), 200)]);
        }
    }
    for version in [Version::V10, Version::V11, Version::V12] {
        for encoding in [Encoding::Xml, Encoding::Wbxml] {
            for md5 in [false, true] {
                case(&World::new(MemoryStore::new()), version, encoding, md5);
                case(&World::new(SqliteStore::new()), version, encoding, md5);
            }
        }
    }
}

#[test]
fn changes_of_two_phones_meet() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = pair(&world);
    let (first, second) = (a.find("Card 1"), a.find("Card 2"));
    a.edit(&first, &card("Card 1", "TEL;TYPE=CELL:111\r\n"));
    a.delete(&second);
    a.add(&card("Of a", ""));
    let third = b.find("Card 3");
    b.edit(&third, &card("Card 3", "TEL;TYPE=CELL:333\r\n"));
    b.add(&card("Of b", ""));
    a.sync(&world).unwrap();
    let session = b.sync(&world).unwrap();
    assert_eq!(session.received, 3, "{}", world.last_line());
    a.sync(&world).unwrap();
    assert_eq!(a.contents(), b.contents());
    assert_eq!(a.contents().len(), 11);
    let mut fresh = Phone::contacts("c");
    fresh.sync(&world).unwrap();
    assert_eq!(a.contents(), fresh.contents());
}
