//! The commands beyond Add, Replace and Delete (`syncml.md` 4.11, 4.12, 4.14): groups, copies, parts of items.

use crate::card;
use crate::hand::*;
use crate::odd::{added, settle, world};
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::syncml::message::*;

fn group(kind: GroupKind, commands: Vec<Command>) -> Command {
    let (command_id, meta) = (String::new(), Meta::default());
    Command::Group(Group { kind, command_id, no_response: false, meta, commands })
}

fn atomic(commands: Vec<Command>) -> Command {
    group(GroupKind::Atomic, commands)
}

fn sequence(commands: Vec<Command>) -> Command {
    group(GroupKind::Sequence, commands)
}

fn add(luid: &str, name: &str) -> Command {
    put(ChangeKind::Add, luid, &card(name, ""))
}

fn replace(luid: &str, name: &str) -> Command {
    put(ChangeKind::Replace, luid, &card(name, ""))
}

fn delete(luid: &str) -> Command {
    crate::phone::change(ChangeKind::Delete, luid, None, "text/vcard")
}

/// A server whose three cards the hand knows as 1, 2 and 3, and a session in which it may send changes.
fn settled(world: &World<SqliteStore>) -> Hand<'_> {
    settle(world);
    Hand::greeted(world, "next", "1", "2")
}

fn names(world: &World<SqliteStore>) -> Vec<String> {
    let name = |text: &String| text.lines().find_map(|line| line.strip_prefix("FN:")).unwrap().to_owned();
    let mut names: Vec<String> = world.live("contacts").iter().map(name).collect();
    names.sort();
    names
}

const CARDS: [&str; 3] = ["Card 0", "Card 1", "Card 2"];

#[test]
fn an_atomic_is_done_whole() {
    let world = world();
    let mut hand = settled(&world);
    let inside = vec![add("n", "New"), sequence(vec![replace("1", "Changed"), delete("2")])];
    let answer = hand.say(vec![sync("contacts", vec![atomic(inside)])], true);
    assert_eq!(codes(&answer), [200, 200, 201, 200, 200, 200]);
    assert_eq!(names(&world), ["Card 2", "Changed", "New"]);
}

#[test]
fn an_atomic_that_fails_leaves_nothing_behind() {
    let world = world();
    let mut hand = settled(&world);
    let broken = put(ChangeKind::Add, "bad", "no card at all");
    let mut multi = Vec::new();
    for luid in ["m", ""] {
        let Command::Change(change) = add(luid, "Many") else { panic!() };
        multi.push(change);
    }
    let mut both = multi[0].clone();
    both.items.extend(multi[1].items.clone());
    let cases: [(Vec<Command>, Vec<u16>); 5] = [
        (vec![add("n", "New"), delete("1"), broken.clone(), delete("2")], vec![507, 216, 216, 415, 500]),
        (vec![broken], vec![507, 415]),
        (vec![sequence(vec![delete("1"), add("", "New")]), delete("3")], vec![507, 216, 216, 412, 500]),
        (vec![delete("1"), atomic(vec![delete("2")]), delete("3")], vec![507, 216, 500, 500, 500]),
        (vec![delete("1"), Command::Change(both)], vec![507, 216, 216, 412]),
    ];
    for (index, (inside, expected)) in cases.into_iter().enumerate() {
        let mut all = vec![200];
        all.extend(expected);
        all.push(201);
        // What stands beside an Atomic that fails is done.
        let beside = add(&format!("beside {index}"), &format!("Beside {index}"));
        let answer = hand.say(vec![sync("contacts", vec![atomic(inside), beside])], false);
        assert_eq!(codes(&answer), all, "{}", world.last_line());
        assert!(names(&world).starts_with(&[format!("Beside {}", 0)]));
        assert_eq!(names(&world).len(), 3 + index + 1);
        assert_eq!(names(&world)[index + 1..], CARDS);
    }
    // The ids of what was rolled back mean what they meant before.
    let answer = hand.say(vec![sync("contacts", vec![delete("1"), replace("n", "At last")])], true);
    assert_eq!(codes(&answer), [200, 200, 201]);
    assert!(names(&world).contains(&"At last".to_owned()));
}

#[test]
fn an_atomic_may_hold_whole_syncs_but_nothing_that_cannot_be_taken_back() {
    let world = world();
    let mut hand = settled(&world);
    let whole = atomic(vec![sync("contacts", vec![delete("1")]), sync("nowhere", vec![])]);
    assert_eq!(codes(&hand.say(vec![whole], false)), [507, 216, 216, 404]);
    assert_eq!(names(&world), CARDS);
    let item = Item { target: Some(Location::of("./devinf12")), ..Item::default() };
    let get = Command::Get(Get { items: vec![item], ..Get::default() });
    let asks = atomic(vec![sync("contacts", vec![delete("1")]), get, bare("222")]);
    let answer = hand.say(vec![asks], false);
    assert_eq!(codes(&answer), [507, 216, 216, 500, 500]);
    assert!(others(&answer).iter().all(|other| other != "Results"));
    assert_eq!(names(&world), CARDS);
    let answer = hand.say(vec![atomic(vec![sync("contacts", vec![delete("1")])])], true);
    assert_eq!((codes(&answer), names(&world).len()), (vec![200, 200, 200], 2));
}

#[test]
fn the_answer_to_an_atomic_fits_one_message_or_nothing_is_done() {
    let world = world();
    let mut hand = settled(&world);
    hand.header.meta.max_message_bytes = Some(1_500);
    let many: Vec<Command> =
        (0..30).map(|number| add(&number.to_string(), &format!("New {number}"))).collect();
    let answer = hand.say(vec![sync("contacts", vec![atomic(many)])], true);
    assert_eq!(codes(&answer)[..3], [200, 517, 216]);
    assert_eq!(names(&world), CARDS);
}

#[test]
fn who_wants_no_status_still_fails_an_atomic() {
    let world = world();
    let mut hand = settled(&world);
    let Command::Change(mut quiet) = put(ChangeKind::Add, "bad", "no card at all") else { panic!() };
    quiet.no_response = true;
    let answer =
        hand.say(vec![sync("contacts", vec![atomic(vec![delete("1"), Command::Change(quiet)])])], true);
    assert_eq!((codes(&answer), names(&world).len()), (vec![200, 507, 216], 3));
}

#[test]
fn no_more_atomics_than_a_message_may_have() {
    let world = world();
    let mut hand = settled(&world);
    let many: Vec<Command> =
        (0..60).map(|number| atomic(vec![add(&format!("n{number}"), &format!("New {number}"))])).collect();
    let answer = hand.say(vec![sync("contacts", many)], true);
    let count = |code| codes(&answer).iter().filter(|said| **said == code).count();
    assert_eq!((count(201), count(417)), (50, 20));
}

#[test]
fn what_holds_for_a_group_holds_for_what_is_in_it() {
    let world = world();
    let mut hand = settled(&world);
    let Command::Change(mut plain) = add("n", "New") else { panic!() };
    plain.meta = Meta::default();
    plain.items[0].data =
        Some(Data::Bytes(anchorage::secret::base64(card("New", "").as_bytes()).into_bytes()));
    let Command::Group(mut outer) = sequence(vec![Command::Change(plain)]) else { panic!() };
    outer.meta =
        Meta { format: Some("b64".into()), media_type: Some("text/vcard".into()), ..Meta::default() };
    let answer = hand.say(vec![sync("contacts", vec![Command::Group(outer)])], true);
    assert_eq!(codes(&answer), [200, 200, 201]);
    assert!(names(&world).contains(&"New".to_owned()));
    assert_eq!(added(&answer).len(), 0);
}

#[test]
fn a_copy_is_a_record_of_its_own_and_the_device_maps_it() {
    let world = world();
    let mut hand = settled(&world);
    let copy = |luid: &str| crate::phone::change(ChangeKind::Copy, luid, None, "text/vcard");
    let answer = hand.say(vec![sync("contacts", vec![copy("1"), copy("gone")])], true);
    assert_eq!(codes(&answer), [200, 201, 404]);
    assert_eq!(names(&world), ["Card 0", "Card 0", "Card 1", "Card 2"]);
    let answer = hand.say(acknowledge(&answer), true);
    let guids = added(&answer);
    assert_eq!(guids.len(), 1, "{answer:#?}");
    let mut owed = acknowledge(&answer);
    owed.push(map("contacts", &[(&guids[0], "4")]));
    hand.say(owed, true);
    // The two are two.
    let mut hand = Hand::greeted(&world, "after", "2", "3");
    let answer = hand.say(vec![sync("contacts", vec![replace("4", "Copied"), delete("1")])], true);
    assert_eq!(codes(&answer), [200, 200, 200]);
    assert_eq!(names(&world), ["Card 1", "Card 2", "Copied"]);
    // A copy in an Atomic that fails was never made.
    let broken = put(ChangeKind::Add, "bad", "no card at all");
    let answer = hand.say(vec![sync("contacts", vec![atomic(vec![copy("2"), broken])])], true);
    assert_eq!((codes(&answer), names(&world).len()), (vec![200, 507, 216, 415], 3));
    let answer = hand.say(vec![sync("contacts", vec![delete("2"), copy("2")])], true);
    assert_eq!((codes(&answer), names(&world).len()), (vec![200, 200, 404], 2));
}

/// A Replace of some properties only.
fn part(luid: &str, lines: &str) -> Command {
    let text = format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}END:VCARD\r\n");
    let Command::Change(mut change) = put(ChangeKind::Replace, luid, &text) else { panic!() };
    change.meta.field_level = true;
    Command::Change(change)
}

#[test]
fn a_part_replaces_what_it_lists_and_nothing_else() {
    let world = world();
    let mut hand = settled(&world);
    let full = card("Ada", "TEL;TYPE=HOME:1\r\nTEL;TYPE=CELL:2\r\nNOTE:kept\r\nX-OWN:kept\r\n");
    let changes = vec![
        put(ChangeKind::Replace, "1", &full),
        part("1", "TEL;TYPE=CELL:3\r\nTITLE:new\r\nNOTE:\r\n"),
        part("gone", "TITLE:new\r\n"),
        part("2", ""),
        delete("3"),
        part("3", "TITLE:new\r\n"),
    ];
    let answer = hand.say(vec![sync("contacts", changes)], true);
    assert_eq!(codes(&answer), [200, 200, 200, 426, 426, 200, 426]);
    let ada = world.live("contacts").into_iter().find(|text| text.contains("Ada")).unwrap();
    assert_eq!(ada, card("Ada", "TEL;TYPE=CELL:3\r\nX-OWN:kept\r\nTITLE:new\r\n"));
}

#[test]
fn a_part_meets_what_another_has_changed_and_the_whole_goes_back() {
    let world = world();
    settle(&world);
    let mut b = crate::phone::Phone::contacts("b");
    b.sync(&world).unwrap();
    let luid = b.find("Card 0");
    b.edit(&luid, &card("Card 0", "NOTE:b\r\nTITLE:b\r\n"));
    b.sync(&world).unwrap();
    let mut hand = Hand::greeted(&world, "next", "1", "2");
    let answer = hand.say(vec![sync("contacts", vec![part("1", "TITLE:hand\r\n")])], true);
    assert_eq!(codes(&answer), [200, 207]);
    let whole = card("Card 0", "NOTE:b\r\nTITLE:hand\r\n");
    assert!(world.live("contacts").contains(&whole), "{:?}", world.live("contacts"));
    let answer = hand.say(acknowledge(&answer), true);
    assert_eq!(others(&answer), ["Sync 1"]);
    b.sync(&world).unwrap();
    assert!(b.contents().iter().any(|text| text.contains("TITLE:hand")), "{:?}", b.contents());
}

#[test]
fn a_refresh_is_of_whole_items() {
    let world = world();
    let mut hand = Hand::new(&world, "203");
    hand.say(vec![alert("203", "./C", "contacts", "", "1")], true);
    let copy = crate::phone::change(ChangeKind::Copy, "1", None, "text/vcard");
    let answer =
        hand.say(vec![sync("contacts", vec![add("1", "One"), part("1", "TITLE:x\r\n"), copy])], false);
    assert_eq!(codes(&answer), [200, 201, 426, 403]);
    // What an Atomic undoes was never staged.
    let bad = put(ChangeKind::Add, "bad", "no card at all");
    let answer =
        hand.say(vec![sync("contacts", vec![atomic(vec![add("2", "Two"), bad]), add("3", "Three")])], true);
    assert_eq!(codes(&answer), [200, 507, 216, 415, 201]);
    assert_eq!(names(&world), ["One", "Three"]);
}
