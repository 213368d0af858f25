//! Small messages, many items, several datastores, odd requests.

use crate::phone::{Broken, Phone};
use crate::sqlite::SqliteStore;
use crate::world::World;
use crate::{card, pair};
use anchorage::limits;
use anchorage::syncml::codec::Encoding;
use anchorage::syncml::message::{Alert, Command};

#[test]
fn small_messages_are_kept_to_the_byte_and_everything_arrives() {
    for (encoding, bytes) in [(Encoding::Wbxml, 1_500), (Encoding::Xml, 2_500), (Encoding::Wbxml, 6_000)] {
        let world = World::new(SqliteStore::new());
        let mut a = Phone::contacts("a");
        (a.max_message, a.encoding) = (Some(bytes), encoding);
        for number in 0..120 {
            a.add(&card(&format!("Card {number}"), &format!("NOTE:{}\r\n", "x".repeat(number * 3))));
        }
        a.sync(&world).unwrap();
        let mut b = Phone::contacts("b");
        (b.max_message, b.encoding) = (Some(bytes), encoding);
        let session = b.sync(&world).unwrap();
        assert_eq!((session.received, a.contents()), (120, b.contents()), "{bytes}: {}", world.last_line());
        assert_eq!(session.changes_announced[0], Some(120), "{bytes}");
        assert!(session.changes_announced[1..].iter().all(Option::is_none));
        let fullest = session.sizes.iter().max().unwrap();
        assert!(*fullest as u64 > bytes * 7 / 10, "messages are filled: {fullest} of {bytes}");
        for luid in a.only().items.keys().cloned().collect::<Vec<_>>() {
            a.delete(&luid);
        }
        a.sync(&world).unwrap();
        b.sync(&world).unwrap();
        assert_eq!((a.contents().len(), b.contents().len()), (0, 0));
    }
}

#[test]
fn what_is_too_large_for_a_phone_is_passed_over_and_said() {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a");
    a.add(&card("Small", ""));
    a.add(&card("Large", &format!("NOTE:{}\r\n", "x".repeat(9_000))));
    a.sync(&world).unwrap();
    let mut b = Phone::contacts("b");
    b.max_message = Some(4_000);
    assert_eq!(b.sync(&world).unwrap().received, 1);
    assert!(world.lines.borrow().iter().any(|line| line.contains("too large for the device")));
    b.max_message = Some(20_000);
    assert_eq!(b.sync(&world).unwrap().received, 1, "it comes once there is room");
}

#[test]
fn a_message_is_one_read_and_one_commit_and_statements_do_not_grow_with_items() {
    let count = |items: usize| {
        let world = World::new(SqliteStore::new());
        let (mut a, _) = pair(&world);
        for number in 0..items {
            a.add(&card(&format!("More {number}"), ""));
        }
        a.per_message = 1_000;
        a.max_message = Some(200_000);
        world.lines.borrow_mut().clear();
        a.sync(&world).unwrap();
        let lines = world.lines.borrow().clone();
        for line in &lines {
            assert!(line.contains("; 2 batches,"), "{line}");
        }
        let number = |line: &str| {
            line.split(" statements").next().unwrap().rsplit(' ').next().unwrap().parse::<u32>().unwrap()
        };
        lines.iter().map(|line| number(line)).collect::<Vec<_>>()
    };
    assert_eq!(count(1), count(300));
}

#[test]
fn four_datastores_go_in_one_session() {
    let world = World::new(SqliteStore::new());
    let phone = |device: &str| {
        Phone::new(device)
            .with("./C", "./addressbook", "text/x-vcard", "2.1")
            .with("./E", "cal", "text/calendar", "2.0")
            .with("./T", "TASK", "text/calendar", "2.0")
            .with("./N", "./memo", "text/plain", "1.0")
    };
    let mut a = phone("a");
    let texts = [
        ("./C", "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Doe;Jane\r\nEND:VCARD\r\n"),
        (
            "./E",
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Lunch\r\nDTSTART:20260101T120000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        ),
        (
            "./T",
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nUID:2\r\nSUMMARY:Wash\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
        ),
        ("./N", "Milk\nEggs"),
    ];
    for (name, text) in texts {
        let folder = a.folders.get_mut(name).unwrap();
        folder.items.insert("1".into(), text.into());
        folder.changed.insert("1".into());
    }
    let session = a.sync(&world).unwrap();
    assert_eq!(session.statuses_of("Add"), vec![201; 4], "{}", world.last_line());
    let mut b = phone("b");
    assert_eq!(b.sync(&world).unwrap().received, 4);
    assert_eq!(a.contents(), b.contents());
}

#[test]
fn a_path_that_is_none_is_404_and_the_other_datastores_go_on() {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a").with("./X", "./nowhere", "text/plain", "1.0");
    a.folders.get_mut("./C").unwrap().items.insert("1".into(), card("Doe", ""));
    let session = a.sync(&world).unwrap();
    assert_eq!(session.statuses_of("Alert"), vec![200, 404]);
    assert_eq!(world.live("contacts").len(), 1);
    let mut only = Phone::new("b").with("./X", "./nowhere", "text/plain", "1.0");
    assert_eq!(only.sync(&world).unwrap_err(), Broken::Refused(404));
}

#[test]
fn what_a_collection_cannot_hold_is_415_and_what_is_too_large_413() {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a");
    a.add("GIF89a, not a card");
    let session = a.sync(&world).unwrap();
    assert_eq!(session.statuses_of("Add"), vec![415], "{}", world.last_line());
    let mut b = Phone::notes("b");
    b.per_message = 1;
    b.add(&"x".repeat(limits::RECORD_BYTES_MAX + 1));
    b.add("fits");
    let session = b.sync(&world).unwrap();
    assert_eq!(session.statuses_of("Add"), vec![413, 201]);
    assert_eq!(world.live("notes"), vec!["fits".to_owned()]);
}

#[test]
fn a_card_with_a_nul_and_sql_in_every_field_travels_as_it_is() {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a');--");
    a.add(&card("x'); DROP TABLE record;--", "NOTE:a\0b\r\nX-\"?:%_\r\n"));
    a.sync(&world).unwrap();
    let mut b = Phone::contacts("b\"");
    b.sync(&world).unwrap();
    assert_eq!(a.contents(), b.contents());
    let mut c = Phone::contacts("c");
    c.encoding = Encoding::Xml;
    assert_eq!(c.sync(&world).unwrap().received, 1);
}

#[test]
fn sync_without_separate_initialisation_goes_through_in_one_message() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = pair(&world);
    b.add(&card("Of b", ""));
    b.sync(&world).unwrap();
    a.add(&card("Of a", ""));
    let session = a.sync_combined(&world).unwrap();
    assert_eq!(
        (session.messages, session.received, session.statuses_of("Replace")),
        (2, 1, vec![201]),
        "{}",
        world.last_line()
    );
    assert_eq!(a.sync(&world).unwrap().received, 0);
    // Told to sync slowly, it sends everything again.
    a.only().last = "lost".into();
    let session = a.sync_combined(&world).unwrap();
    assert_eq!(session.statuses_of("Alert"), vec![508]);
    assert_eq!(a.sync(&world).unwrap().received, 0);
    b.sync(&world).unwrap();
    assert_eq!(a.contents(), b.contents());
    assert_eq!(a.contents().len(), 12);
}

#[test]
fn alerts_that_are_not_offered_are_406() {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a");
    let session = a
        .sync_with(
            &world,
            vec![Command::Alert(Alert {
                code: "211".into(),
                items: vec![Default::default()],
                ..Alert::default()
            })],
        )
        .unwrap();
    assert_eq!(session.statuses_of("Alert"), vec![406, 508]);
}

#[test]
fn a_phone_is_told_how_much_is_coming_whatever_its_own_changes_settle() {
    for slow in [false, true] {
        let world = World::new(SqliteStore::new());
        let (mut a, mut b) = pair(&world);
        a.max_message = Some(2_000);
        for number in 0..60 {
            b.add(&card(&format!("New {number}"), ""));
        }
        let (both, same, gone) = (b.find("Card 1"), b.find("Card 2"), b.find("Card 3"));
        b.edit(&both, &card("Card 1", "TEL;TYPE=CELL:0\r\nTITLE:b\r\n"));
        b.edit(&same, &card("Card 2", "TEL;TYPE=CELL:0\r\nTITLE:the same\r\n"));
        b.delete(&gone);
        b.sync(&world).unwrap();
        let (both, same) = (a.find("Card 1"), a.find("Card 2"));
        a.edit(&both, &card("Card 1", "TEL;TYPE=CELL:0\r\nROLE:a\r\n"));
        a.edit(&same, &card("Card 2", "TEL;TYPE=CELL:0\r\nTITLE:the same\r\n"));
        a.slow = slow;
        let session = a.sync(&world).unwrap();
        let announced: Vec<u64> = session.changes_announced.iter().flatten().copied().collect();
        assert_eq!(announced, vec![u64::from(session.received)], "slow {slow}: {}", world.last_line());
    }
}
