//! Two hands on one record: the table of `syncml.md` 3.3, row by row, and MAX beside SyncML.

use crate::phone::Phone;
use crate::races::Racer;
use crate::sqlite::SqliteStore;
use crate::world::World;
use crate::{card, pair};
use anchorage::record::Content;
use anchorage::store::Policy;
use std::cell::Cell;

const PHOTO: &str =
    "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD/2wBD\r\nX-ODD;X-P=\"a;b\":kept, as; it\\, is\r\n";

fn world(policy: Policy) -> World<SqliteStore> {
    World::with_policy(SqliteStore::new(), policy)
}

/// Both edited the same card; `a` was first.
fn both_edit(world: &World<SqliteStore>, of_a: &str, of_b: &str) -> (Phone, Phone, Vec<u16>) {
    let (mut a, mut b) = pair(world);
    let (luid_a, luid_b) = (a.find("Card 1"), b.find("Card 1"));
    a.edit(&luid_a, of_a);
    b.edit(&luid_b, of_b);
    a.sync(world).unwrap();
    let session = b.sync(world).unwrap();
    a.sync(world).unwrap();
    let statuses = session.statuses_of("Replace");
    (a, b, statuses)
}

fn settled(world: &World<SqliteStore>, a: &mut Phone, b: &mut Phone) {
    for phone in [&mut *a, &mut *b] {
        let session = phone.sync(world).unwrap();
        assert_eq!((session.sent, session.received), (0, 0), "settled: {}", world.last_line());
    }
    assert_eq!(a.contents(), b.contents());
}

#[test]
fn merge_keeps_what_each_changed() {
    let world = world(Policy::Merge);
    let (mut a, mut b, statuses) = both_edit(
        &world,
        &card("Card 1", "TEL;TYPE=CELL:111\r\n"),
        &card("Card 1", "TEL;TYPE=CELL:0\r\nTITLE:of b\r\n"),
    );
    assert_eq!(statuses, vec![207]);
    let merged = a.text_of("Card 1");
    assert!(merged.contains("111") && merged.contains("of b"), "{merged}");
    assert_eq!(a.contents().len(), 10);
    settled(&world, &mut a, &mut b);
}

#[test]
fn a_true_clash_goes_to_the_later_arrival() {
    let world = world(Policy::Merge);
    let (mut a, mut b, statuses) =
        both_edit(&world, &card("Card 1", "TEL;TYPE=CELL:111\r\n"), &card("Card 1", "TEL;TYPE=CELL:222\r\n"));
    assert_eq!(statuses, vec![207]);
    assert!(a.text_of("Card 1").contains("222"));
    settled(&world, &mut a, &mut b);
}

#[test]
fn the_same_edit_on_both_is_no_conflict() {
    let world = world(Policy::Merge);
    let edit = card("Card 1", "TEL;TYPE=CELL:777\r\n");
    let (mut a, mut b, statuses) = both_edit(&world, &edit, &edit);
    assert_eq!(statuses, vec![200]);
    settled(&world, &mut a, &mut b);
}

#[test]
fn server_wins_sends_its_own() {
    let world = world(Policy::ServerWins);
    let (mut a, mut b, statuses) =
        both_edit(&world, &card("Card 1", "TITLE:a\r\n"), &card("Card 1", "TITLE:b\r\n"));
    assert_eq!(statuses, vec![419]);
    assert!(b.text_of("Card 1").contains("TITLE:a"));
    settled(&world, &mut a, &mut b);
}

#[test]
fn client_wins_drops_the_servers() {
    let world = world(Policy::ClientWins);
    let (mut a, mut b, statuses) =
        both_edit(&world, &card("Card 1", "TITLE:a\r\n"), &card("Card 1", "TITLE:b\r\n"));
    assert_eq!(statuses, vec![208]);
    assert!(a.text_of("Card 1").contains("TITLE:b"));
    settled(&world, &mut a, &mut b);
}

#[test]
fn keep_both_makes_two() {
    let world = world(Policy::KeepBoth);
    let (mut a, mut b, statuses) =
        both_edit(&world, &card("Card 1", "TITLE:a\r\n"), &card("Card 1", "TITLE:b\r\n"));
    assert_eq!(statuses, vec![209]);
    assert_eq!(a.contents().len(), 11);
    settled(&world, &mut a, &mut b);
}

#[test]
fn changed_beats_deleted_whichever_came_first() {
    for delete_first in [true, false] {
        let world = world(Policy::Merge);
        let (mut a, mut b) = pair(&world);
        let (luid_a, luid_b) = (a.find("Card 1"), b.find("Card 1"));
        a.delete(&luid_a);
        b.edit(&luid_b, &card("Card 1", "TITLE:b\r\n"));
        let session = if delete_first {
            a.sync(&world).unwrap();
            b.sync(&world).unwrap()
        } else {
            b.sync(&world).unwrap();
            a.sync(&world).unwrap()
        };
        assert_eq!(session.statuses_of(if delete_first { "Replace" } else { "Delete" }), vec![200]);
        a.sync(&world).unwrap();
        b.sync(&world).unwrap();
        assert_eq!(a.contents().len(), 10, "delete first {delete_first}");
        settled(&world, &mut a, &mut b);
    }
}

#[test]
fn server_wins_keeps_a_deletion() {
    let world = world(Policy::ServerWins);
    let (mut a, mut b) = pair(&world);
    let (luid_a, luid_b) = (a.find("Card 1"), b.find("Card 1"));
    a.delete(&luid_a);
    b.edit(&luid_b, &card("Card 1", "TITLE:b\r\n"));
    a.sync(&world).unwrap();
    assert_eq!(b.sync(&world).unwrap().statuses_of("Replace"), vec![419]);
    assert_eq!(b.contents().len(), 9);
    settled(&world, &mut a, &mut b);
}

#[test]
fn deleted_on_both_is_deleted_once() {
    let world = world(Policy::Merge);
    let (mut a, mut b) = pair(&world);
    let (luid_a, luid_b) = (a.find("Card 1"), b.find("Card 1"));
    a.delete(&luid_a);
    b.delete(&luid_b);
    a.sync(&world).unwrap();
    let session = b.sync(&world).unwrap();
    assert_eq!((session.statuses_of("Delete"), session.received), (vec![200], 0));
    settled(&world, &mut a, &mut b);
}

#[test]
fn an_unknown_item_deleted_is_211_and_replaced_is_added() {
    let world = world(Policy::Merge);
    let (mut a, mut b) = pair(&world);
    a.only().deleted.insert("never-seen".into());
    a.add(&card("New", ""));
    let session = a.sync(&world).unwrap();
    assert_eq!((session.statuses_of("Delete"), session.statuses_of("Replace")), (vec![211], vec![201]));
    b.sync(&world).unwrap();
    settled(&world, &mut a, &mut b);
}

#[test]
fn a_max_post_of_one_field_reaches_the_phone_with_all_else_intact() {
    let world = world(Policy::Merge);
    let mut a = Phone::contacts("a");
    let luid = a.add(&card("Doe", &format!("TEL;TYPE=CELL:1\r\n{PHOTO}")));
    a.sync(&world).unwrap();
    let id = world.records("contacts")[0].id.as_str().to_owned();
    let feed = String::from_utf8(world.max("GET", "contacts", "lbd=0", "").body).unwrap();
    assert!(feed.contains(&format!("<id>{id}</id>")) && feed.contains("<mobile>1</mobile>"), "{feed}");
    let response = world.max("POST", "contacts", "", &format!("id={id}&mobile=%2B49+170"));
    assert_eq!(response.status, 200);
    let session = a.sync(&world).unwrap();
    assert_eq!((session.sent, session.received), (0, 1));
    let card_now = &a.only().items[&luid];
    assert!(card_now.contains("TEL;TYPE=CELL:+49 170"), "{card_now}");
    assert!(card_now.contains(PHOTO), "{card_now}");
    assert_eq!(a.sync(&world).unwrap().received, 0, "settled");
}

#[test]
fn a_max_edit_and_a_phones_edit_of_other_fields_are_merged() {
    let world = world(Policy::Merge);
    let mut a = Phone::contacts("a");
    let luid = a.add(&card("Doe", &format!("TEL;TYPE=CELL:1\r\nTITLE:old\r\n{PHOTO}")));
    a.sync(&world).unwrap();
    let id = world.records("contacts")[0].id.as_str().to_owned();
    world.max("POST", "contacts", "", &format!("id={id}&mobile=2"));
    a.edit(&luid, &card("Doe", &format!("TEL;TYPE=CELL:1\r\nTITLE:new\r\n{PHOTO}")));
    let session = a.sync(&world).unwrap();
    assert_eq!(session.statuses_of("Replace"), vec![207]);
    let text = &a.only().items[&luid];
    assert!(text.contains("TITLE:new") && text.contains("TEL;TYPE=CELL:2") && text.contains(PHOTO), "{text}");
}

#[test]
fn records_born_in_max_get_short_names_and_keep_them() {
    for guid_bytes in [2, 8, 64] {
        let world = world(Policy::Merge);
        for number in 0..30 {
            let form =
                format!("id=753643D05EB714E7993BF1E2B106{number:02}&firstname=Max&lastname=Of{number}");
            assert_eq!(world.max("POST", "contacts", "", &form).status, 200);
        }
        let mut a = Phone::contacts("a");
        a.guid_bytes = guid_bytes;
        // The Maps of the first session are lost: they come with the next one, before anything else.
        a.forgets_maps = true;
        let session = a.sync(&world).unwrap();
        assert_eq!((session.received, a.contents().len()), (30, 30));
        a.forgets_maps = false;
        let session = a.sync(&world).unwrap();
        assert_eq!((session.received, a.contents().len()), (0, 30), "{}", world.last_line());
        let luid = a.find("Of7");
        let edited = a.only().items[&luid].replace("Of7", "Seven");
        a.edit(&luid, &edited);
        let session = a.sync(&world).unwrap();
        assert_eq!(session.statuses_of("Replace"), vec![200], "{}", world.last_line());
        let feed = String::from_utf8(world.max("GET", "contacts", "lbd=0", "").body).unwrap();
        assert_eq!((feed.matches("<item>").count(), feed.matches("Seven").count() > 0), (30, true));
    }
}

#[test]
fn two_devices_racing_on_one_record_lose_nothing() {
    // The second device's turn is decided from a snapshot that the first one's commit outdates: the guard refuses it, and
    // it is decided again, from a third batch.
    let world = world(Policy::Merge).reading_on();
    let (mut a, mut b) = pair(&world);
    let (luid_a, luid_b) = (a.find("Card 1"), b.find("Card 1"));
    a.edit(&luid_a, &card("Card 1", "TEL;TYPE=CELL:0\r\nTITLE:a\r\n"));
    b.edit(&luid_b, &card("Card 1", "TEL;TYPE=CELL:0\r\nROLE:b\r\n"));
    let raced = Cell::new(false);
    let racer = Racer::new(&world.store, || {
        raced.set(true);
        b.sync(&world).unwrap();
    });
    a.sync(&world.beside(racer)).unwrap();
    assert!(raced.get(), "the other device came in between");
    let contents: Vec<_> = world.records("contacts");
    let held = contents.iter().filter_map(|record| match &record.content {
        Content::Body(body) => Some(String::from_utf8_lossy(&body.bytes).into_owned()),
        Content::Large(_) | Content::Deleted => None,
    });
    let card_1 = held.into_iter().find(|text| text.contains("Card 1")).unwrap();
    assert!(card_1.contains("TITLE:a") && card_1.contains("ROLE:b"), "{card_1}");
}

#[test]
fn what_both_added_between_two_syncs_is_one() {
    let world = world(Policy::Merge);
    let (mut a, mut b) = pair(&world);
    a.add(&card("Both", "NOTE:the same\r\n"));
    b.add(&card("Both", "NOTE:the same\r\n"));
    a.sync(&world).unwrap();
    let session = b.sync(&world).unwrap();
    assert_eq!(session.received, 0, "b has it already: {}", world.last_line());
    settled(&world, &mut a, &mut b);
    assert_eq!((a.contents().len(), world.live("contacts").len()), (11, 11));
    // It is one record for both: an edit of either reaches the other.
    let luid = b.find("Both");
    b.edit(&luid, &card("Both", "NOTE:of b\r\n"));
    b.sync(&world).unwrap();
    a.sync(&world).unwrap();
    assert!(a.text_of("Both").contains("of b"));
}

#[test]
fn what_one_device_has_twice_stays_twice() {
    let world = world(Policy::Merge);
    let (mut a, mut b) = pair(&world);
    let copy = a.text_of("Card 1");
    a.add(&copy);
    a.sync(&world).unwrap();
    assert_eq!(world.live("contacts").len(), 11, "a copy of what the device holds is another record");
    b.add(&card("Twin", ""));
    b.add(&card("Twin", ""));
    b.sync(&world).unwrap();
    a.add(&card("Twin", ""));
    a.add(&card("Twin", ""));
    a.add(&card("Twin", ""));
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    assert_eq!(world.live("contacts").len(), 14, "two are b's, and the third is a's");
    settled(&world, &mut a, &mut b);
}

#[test]
fn two_that_add_the_same_at_the_same_moment_make_one() {
    let world = world(Policy::Merge);
    let (mut a, mut b) = pair(&world);
    a.add(&card("Both", "NOTE:the same\r\n"));
    b.add(&card("Both", "NOTE:the same\r\n"));
    let raced = Cell::new(false);
    let racer = Racer::new(&world.store, || {
        raced.set(true);
        b.sync(&world).unwrap();
    });
    a.sync(&world.beside(racer).reading_on()).unwrap();
    assert!(raced.get(), "the other device came in between");
    assert_eq!(world.live("contacts").len(), 11);
    settled(&world, &mut a, &mut b);
}
