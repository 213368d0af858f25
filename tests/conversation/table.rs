//! Rows of the conflict table (`syncml.md` 3.3) that a well-behaved phone never asks for: a hand that writes its own messages.

use crate::phone::{Phone, change};
use crate::sqlite::SqliteStore;
use crate::world::World;
use crate::{card, pair};
use anchorage::store::Policy;
use anchorage::syncml::message::{ChangeKind, Command, Item, Location, Version};

/// A two-way session in which the phone sends these changes.
fn send(world: &World<SqliteStore>, phone: &mut Phone, changes: Vec<Command>) -> Vec<(String, u16)> {
    phone.instead = changes;
    let session = phone.sync(world).unwrap();
    phone.instead = Vec::new();
    let changes = ["Add", "Replace", "Delete"];
    session.statuses.into_iter().filter(|(name, _)| changes.contains(&name.as_str())).collect()
}

fn add(luid: &str, text: &str) -> Command {
    change(ChangeKind::Add, luid, Some(text), "text/vcard")
}

fn delete(luid: &str) -> Command {
    change(ChangeKind::Delete, luid, None, "text/vcard")
}

fn codes(statuses: &[(String, u16)]) -> Vec<u16> {
    statuses.iter().map(|(_, code)| *code).collect()
}

#[test]
fn an_add_under_a_mapped_id_is_taken_for_a_replace() {
    let world = World::new(SqliteStore::new());
    let (mut a, _) = pair(&world);
    let luid = a.find("Card 1");
    let statuses = send(&world, &mut a, vec![add(&luid, &card("Card 1", "TITLE:new\r\n"))]);
    assert_eq!(codes(&statuses), vec![200]);
    assert_eq!(world.live("contacts").len(), 10);
    assert!(world.live("contacts").iter().any(|text| text.contains("TITLE:new")));
}

#[test]
fn client_wins_deletes_what_another_changed() {
    let world = World::with_policy(SqliteStore::new(), Policy::ClientWins);
    let (mut a, mut b) = pair(&world);
    let (luid_a, luid_b) = (a.find("Card 1"), b.find("Card 1"));
    b.edit(&luid_b, &card("Card 1", "TITLE:b\r\n"));
    b.sync(&world).unwrap();
    a.delete(&luid_a);
    let session = a.sync(&world).unwrap();
    assert_eq!((session.statuses_of("Delete"), session.received), (vec![200], 0));
    b.sync(&world).unwrap();
    assert_eq!((a.contents().len(), b.contents().len()), (9, 9));
}

#[test]
fn one_item_twice_in_a_message_is_done_in_order() {
    let world = World::new(SqliteStore::new());
    let (mut a, _) = pair(&world);
    let luid = a.find("Card 1");
    let edit = |title: &str| change(ChangeKind::Replace, &luid, Some(&card("Card 1", title)), "text/vcard");
    let twice =
        vec![edit("TITLE:first\r\n"), edit("TITLE:second\r\n"), add("new", &card("New", "")), delete("new")];
    assert_eq!(codes(&send(&world, &mut a, twice)), vec![200, 200, 201, 200]);
    assert_eq!(world.live("contacts").len(), 10);
    assert!(world.live("contacts").iter().any(|text| text.contains("second") && !text.contains("first")));
    // An id that moves on to another record.
    let moved = vec![delete(&luid), add(&luid, &card("Moved", ""))];
    assert_eq!(codes(&send(&world, &mut a, moved)), vec![200, 201]);
    assert_eq!(world.live("contacts").len(), 10);
    assert!(world.live("contacts").iter().all(|text| !text.contains("Card 1\r\n")));
}

#[test]
fn a_delete_in_a_slow_sync_is_forbidden() {
    let world = World::new(SqliteStore::new());
    let (mut a, _) = pair(&world);
    let luid = a.find("Card 1");
    a.slow = true;
    assert_eq!(codes(&send(&world, &mut a, vec![delete(&luid)])), vec![403]);
    assert_eq!(world.live("contacts").len(), 10);
}

#[test]
fn several_items_in_one_command_share_a_status_where_they_end_alike() {
    let world = World::new(SqliteStore::new());
    let (mut a, _) = pair(&world);
    let items = |luids: &[&str]| -> Vec<Item> {
        luids.iter().map(|luid| Item { source: Some(Location::of(*luid)), ..Item::default() }).collect()
    };
    let delete_all = |luids: &[&str]| {
        let Command::Change(mut change) = delete("") else { panic!() };
        change.items = items(luids);
        Command::Change(change)
    };
    let (one, two) = (a.find("Card 1"), a.find("Card 2"));
    assert_eq!(codes(&send(&world, &mut a, vec![delete_all(&["no", "nor this"])])), vec![211]);
    assert_eq!(codes(&send(&world, &mut a, vec![delete_all(&[&one, "no", &two])])), vec![200, 211, 200]);
    assert_eq!(world.live("contacts").len(), 8);
}

#[test]
fn a_soft_delete_makes_room_on_the_phone_only() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = pair(&world);
    let luid = a.find("Card 1");
    let Command::Change(mut soft) = delete(&luid) else { panic!() };
    soft.soft_delete = true;
    assert_eq!(codes(&send(&world, &mut a, vec![Command::Change(soft)])), vec![200]);
    a.only().items.remove(&luid);
    assert_eq!((world.live("contacts").len(), a.sync(&world).unwrap().received), (10, 0));
    // A later change brings it back.
    let luid_b = b.find("Card 1");
    b.edit(&luid_b, &card("Card 1", "TITLE:b\r\n"));
    b.sync(&world).unwrap();
    assert_eq!(a.sync(&world).unwrap().received, 1);
    assert_eq!(a.contents(), b.contents());
}

#[test]
fn an_archive_that_is_not_kept_is_said() {
    for (version, code, left) in [(Version::V10, 210, 9), (Version::V11, 501, 10), (Version::V12, 501, 10)] {
        let world = World::new(SqliteStore::new());
        let (mut a, mut b) = pair(&world);
        a.version = version;
        let luid = a.find("Card 1");
        let archived = |luid: &str| {
            let Command::Change(mut archived) = delete(luid) else { panic!() };
            archived.archive = true;
            Command::Change(archived)
        };
        let answered = send(&world, &mut a, vec![archived(&luid), archived("unknown")]);
        assert_eq!(codes(&answered), vec![code, 211], "{version:?}");
        b.sync(&world).unwrap();
        assert_eq!((world.live("contacts").len(), b.contents().len()), (left, left));
        // What is still here is still the same item.
        let edited = change(ChangeKind::Replace, &luid, Some(&card("Card 1", "TITLE:a\r\n")), "text/vcard");
        assert_eq!(codes(&send(&world, &mut a, vec![edited])), vec![if left == 9 { 201 } else { 200 }]);
    }
}

#[test]
fn what_was_deleted_here_cannot_be_deleted_softly() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = pair(&world);
    let luid = a.find("Card 1");
    b.delete(&b.find("Card 1"));
    b.sync(&world).unwrap();
    let Command::Change(mut soft) = delete(&luid) else { panic!() };
    soft.soft_delete = true;
    assert_eq!(codes(&send(&world, &mut a, vec![Command::Change(soft)])), vec![423]);
    a.only().items.remove(&luid);
    a.sync(&world).unwrap();
    assert_eq!(a.contents(), b.contents());
}

#[test]
fn what_is_here_already_is_200_for_a_replace_and_201_for_an_add_in_a_slow_sync() {
    let world = World::new(SqliteStore::new());
    let (mut a, _) = pair(&world);
    a.slow = true;
    let replace = |luid: &str, text: &str| change(ChangeKind::Replace, luid, Some(text), "text/vcard");
    let (one, two) = (a.find("Card 1"), a.find("Card 2"));
    let (text_1, text_2) = (a.text_of("Card 1"), a.text_of("Card 2"));
    let (three, four) = (a.text_of("Card 3"), a.text_of("Card 4"));
    let said = vec![
        replace(&one, &text_1),
        add(&two, &text_2),
        replace("another id", &three),
        add("one more id", &four),
        add("new", &card("New", "")),
        replace("newer", &card("Newer", "")),
    ];
    assert_eq!(codes(&send(&world, &mut a, said)), vec![200, 201, 200, 201, 201, 201]);
    assert_eq!(world.live("contacts").len(), 12);
}

#[test]
fn in_a_normal_sync_equal_contents_are_two_items() {
    let world = World::new(SqliteStore::new());
    let (mut a, _) = pair(&world);
    let text = a.text_of("Card 1");
    assert_eq!(codes(&send(&world, &mut a, vec![add("twin", &text)])), vec![201]);
    assert_eq!(world.live("contacts").len(), 11);
}

#[test]
fn nothing_of_a_read_only_collection_is_changed() {
    use anchorage::record::{AccountId, Kind};
    use anchorage::store::{Batch, Edit, Store};
    let world = World::new(SqliteStore::new());
    let (mut a, _) = pair(&world);
    let collection = crate::world::collection("contacts", Kind::Contacts, &["card"], Policy::Merge);
    let collection = anchorage::store::Collection { read_only: true, ..collection };
    let edits = vec![Edit::PutCollection(collection)];
    let batch = Batch { account: AccountId("account-ann".into()), edits, ..Batch::default() };
    crate::house::now(world.store.commit(&batch)).unwrap();
    let luid = a.find("Card 1");
    let edit = change(ChangeKind::Replace, &luid, Some(&card("Card 1", "TITLE:a\r\n")), "text/vcard");
    let said = vec![edit, delete(&luid), add("new", &card("New", "")), delete("unknown")];
    assert_eq!(codes(&send(&world, &mut a, said)), vec![425; 4]);
    assert!(world.live("contacts").len() == 10 && !world.live("contacts").concat().contains("TITLE:a"));
}

#[test]
fn a_change_of_what_is_deleted_brings_it_back_unless_the_server_is_to_win() {
    for (policy, code, left) in [
        (Policy::Merge, 200, 10),
        (Policy::ClientWins, 200, 10),
        (Policy::KeepBoth, 200, 10),
        (Policy::ServerWins, 419, 9),
    ] {
        for kind in [ChangeKind::Replace, ChangeKind::Add] {
            let world = World::with_policy(SqliteStore::new(), policy);
            let (mut a, mut b) = pair(&world);
            let (of_a, of_b) = (a.find("Card 1"), b.find("Card 1"));
            b.delete(&of_b);
            b.sync(&world).unwrap();
            let edit = change(kind, &of_a, Some(&card("Card 1", "TITLE:a\r\n")), "text/vcard");
            assert_eq!(codes(&send(&world, &mut a, vec![edit])), vec![code], "{policy:?} {kind:?}");
            assert_eq!(
                (world.live("contacts").len(), a.contents().len()),
                (left, left),
                "{policy:?} {kind:?}"
            );
        }
    }
}

#[test]
fn a_delete_of_what_another_changed_obeys_only_where_the_client_wins() {
    for (policy, left) in
        [(Policy::Merge, 10), (Policy::ServerWins, 10), (Policy::KeepBoth, 10), (Policy::ClientWins, 9)]
    {
        let world = World::with_policy(SqliteStore::new(), policy);
        let (mut a, mut b) = pair(&world);
        let (of_a, of_b) = (a.find("Card 1"), b.find("Card 1"));
        b.edit(&of_b, &card("Card 1", "TITLE:b\r\n"));
        b.sync(&world).unwrap();
        a.delete(&of_a);
        assert_eq!(a.sync(&world).unwrap().statuses_of("Delete"), vec![200], "{policy:?}");
        assert_eq!((world.live("contacts").len(), a.contents().len()), (left, left), "{policy:?}");
        // Either way both sides are at peace.
        assert_eq!(a.sync(&world).unwrap().received, 0, "{policy:?}");
    }
}

#[test]
fn ids_come_in_all_kinds_and_are_echoed_as_they_were_spelt() {
    let world = World::new(SqliteStore::new());
    let (mut a, _) = pair(&world);
    let long = "7".repeat(255);
    let ids = ["1", "./2", "a/b c%20", "00A0FF", "ключ", "x:y", "' OR 1", &long];
    let said = ids.iter().map(|id| add(id, &card(&format!("Of {id}"), ""))).collect();
    let echoed = |kind: &str, ids: &[String], code: u16| -> Vec<_> {
        ids.iter().map(|id| (id.clone(), kind.to_owned(), code)).collect()
    };
    a.answered.clear();
    send(&world, &mut a, said);
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(std::mem::take(&mut a.answered), echoed("Add", &ids, 201));
    // Padded, as C writes its strings.
    let padded: Vec<String> = ids.iter().map(|id| format!("{id}\0")).collect();
    let deleted = send(&world, &mut a, padded.iter().map(|id| delete(id)).collect());
    assert_eq!(codes(&deleted), vec![200; ids.len()]);
    // An id may be used again.
    let again = ids.iter().map(|id| add(id, &card(&format!("Again {id}"), ""))).collect();
    assert_eq!(codes(&send(&world, &mut a, again)), vec![201; ids.len()]);
    assert_eq!(world.live("contacts").len(), 10 + ids.len());
}

#[test]
fn cards_that_say_nothing_are_not_doubled_by_slow_syncs() {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a");
    for _ in 0..2 {
        a.add("BEGIN:VCARD\r\nVERSION:3.0\r\nN:;;;;\r\nFN:\r\nEND:VCARD\r\n");
    }
    a.sync(&world).unwrap();
    // Each has the same two, and a name that is not known here.
    let mut held = a.contents();
    for (device, media_type, version) in
        [("b", "text/x-vcard", "2.1"), ("c", "text/x-vcard", "2.1"), ("d", "text/vcard", "3.0")]
    {
        let phone = Phone::new(device).with("./C", "contacts", media_type, version);
        let mut phone =
            Phone { version: if version == "2.1" { Version::V10 } else { Version::V12 }, ..phone };
        held.iter().for_each(|text| drop(phone.add(text)));
        phone.sync(&world).unwrap();
        phone.slow = true;
        phone.sync(&world).unwrap();
        assert_eq!((phone.contents().len(), world.live("contacts").len()), (2, 2), "{device}");
        held = phone.contents();
    }
}

#[test]
fn a_new_empty_card_is_no_other_devices_empty_card() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = (Phone::contacts("a"), Phone::contacts("b"));
    let empty = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:;;;;\r\nFN:\r\nEND:VCARD\r\n";
    for phone in [&mut a, &mut b] {
        phone.sync(&world).unwrap();
    }
    let (of_a, of_b) = (a.add(empty), b.add(empty));
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    assert_eq!(world.live("contacts").len(), 2);
    a.edit(&of_a, &card("Ada", ""));
    b.edit(&of_b, &card("Bob", ""));
    for _ in 0..2 {
        a.sync(&world).unwrap();
        b.sync(&world).unwrap();
    }
    for told in [world.live("contacts"), a.contents(), b.contents()] {
        let names = ["FN:Ada", "FN:Bob"].map(|name| told.iter().filter(|text| text.contains(name)).count());
        assert_eq!(names, [1, 1], "{told:?}");
    }
}

#[test]
fn notes_are_more_than_their_text() {
    let world = World::new(SqliteStore::new());
    let phone = |name: &str| Phone::new(name).with("./N", "./notes", "text/x-vnote", "1.1");
    let note = |lines: &str| format!("BEGIN:VNOTE\r\nVERSION:1.1\r\n{lines}\r\nEND:VNOTE\r\n");
    let (mut a, mut b) = (phone("a"), phone("b"));
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    let mine = ["BODY:\r\nSUMMARY:Buy milk", "CATEGORIES:HOME", "BODY:x\r\nCATEGORIES:HOME"];
    let ids = mine.map(|lines| a.add(&note(lines)));
    a.sync(&world).unwrap();
    for lines in ["BODY:\r\nSUMMARY:Call mum", "CATEGORIES:WORK", "X-OWN:1"] {
        b.add(&note(lines));
    }
    b.sync(&world).unwrap();
    assert_eq!(world.live("notes").len(), 6);
    let edited = ["BODY:\r\nSUMMARY:Buy bread", "CATEGORIES:OTHER", "BODY:x\r\nCATEGORIES:OTHER"];
    for (id, lines) in ids.iter().zip(edited) {
        a.edit(id, &note(lines));
    }
    a.sync(&world).unwrap();
    let held = world.live("notes").concat();
    assert_eq!((held.contains("milk"), held.contains("HOME")), (false, false), "{held}");
    assert_eq!((held.matches("Buy bread").count(), held.matches("OTHER").count()), (1, 2), "{held}");
}
