//! Odd devices: commands out of their phase, packages that never end, requests for what is not offered.

use crate::card;
use crate::hand::*;
use crate::phone::{Phone, change};
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::syncml::message::*;

pub fn world() -> World<SqliteStore> {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a");
    for number in 0..3 {
        a.add(&card(&format!("Card {number}"), ""));
    }
    a.sync(&world).unwrap();
    world
}

/// A slow sync of `./C` that takes the three cards, so that the next one is normal with the anchor `1`.
pub fn settle(world: &World<SqliteStore>) {
    let mut hand = Hand::greeted(world, "settle", "", "1");
    let answer = hand.say(vec![sync("contacts", Vec::new())], true);
    assert_eq!(others(&answer), ["Sync 3"]);
    let mut owed = acknowledge(&answer);
    let guids: Vec<String> = added(&answer);
    let pairs: Vec<(&str, &str)> = guids.iter().map(String::as_str).zip(["1", "2", "3"]).collect();
    owed.push(map("contacts", &pairs));
    assert!(hand.say(owed, true).last);
}

pub fn added(answer: &Message) -> Vec<String> {
    let mut guids = Vec::new();
    for command in &answer.commands {
        let Command::Sync(sync) = command else { continue };
        for command in &sync.commands {
            let Command::Change(change) = command else { continue };
            guids.extend(change.items.iter().filter_map(|item| item.source.clone()).map(|source| source.uri));
        }
    }
    guids
}

/// Another phone adds a card.
fn meanwhile(world: &World<SqliteStore>) {
    let mut b = Phone::contacts("b");
    b.add(&card("Meanwhile", ""));
    b.sync(world).unwrap();
}

/// Acknowledges until there is nothing more; what was added on the way.
fn drain(hand: &mut Hand<'_>, mut answer: Message) -> Vec<String> {
    let mut got = added(&answer);
    for _ in 0..3 {
        answer = hand.say(acknowledge(&answer), true);
        got.extend(added(&answer));
    }
    got
}

#[test]
fn what_is_ours_is_not_lost_where_final_came_before_the_sync() {
    // Funambol's clients say Final with every 222 (`syncml.md` 9.1, P1).
    for early in 0..4 {
        let world = world();
        settle(&world);
        meanwhile(&world);
        let mut hand = Hand::greeted(&world, "2", "1", "2");
        for _ in 0..early {
            assert!(hand.say(vec![bare("222")], true).last);
        }
        let answer = hand.say(vec![sync("contacts", Vec::new())], true);
        assert_eq!(codes(&answer), [200]);
        assert_eq!(drain(&mut hand, answer).len(), 1, "{early}: {:#?}", world.lines.borrow());
    }
}

#[test]
fn a_sync_in_one_message_after_a_broken_one_gets_what_that_one_lost() {
    let world = world();
    settle(&world);
    meanwhile(&world);
    let mut broken = Hand::greeted(&world, "2", "1", "2");
    assert_eq!(added(&broken.say(vec![sync("contacts", Vec::new())], true)).len(), 1);
    let mut hand = Hand::new(&world, "3");
    let mut answer =
        hand.say(vec![alert("200", "./C", "contacts", "1", "3"), sync("contacts", Vec::new())], true);
    assert_eq!(codes(&answer), [200, 200]);
    if !answer.last {
        answer = hand.say(acknowledge(&answer), false);
    }
    assert_eq!(added(&answer).len(), 1, "{:#?}", world.lines.borrow());
}

#[test]
fn a_package_without_final_ends_when_nothing_more_is_said() {
    let world = world();
    settle(&world);
    meanwhile(&world);
    let mut hand = Hand::new(&world, "2");
    let first = hand.say(vec![alert("200", "./C", "contacts", "1", "2")], false);
    assert_eq!((others(&first).last().map(String::as_str), first.last), (Some("222"), false));
    let answer = hand.say(vec![sync("contacts", vec![put(ChangeKind::Add, "x", &card("X", ""))])], false);
    assert_eq!((codes(&answer), others(&answer), answer.last), (vec![200, 201], vec!["222".into()], false));
    let mut got = Vec::new();
    let mut ends = 0;
    for message in 0..20 {
        let answer = hand.say(vec![bare("222")], false);
        got.extend(added(&answer));
        ends += usize::from(answer.last);
        assert!(answer.last != others(&answer).contains(&"222".to_owned()), "message {message}");
    }
    assert_eq!(got.len(), 1, "{:#?}", world.lines.borrow());
    assert!(ends > 10, "after the end there is nothing to go on with");
    // The session counts: the next one is normal, and brings what was not acknowledged.
    let answer = Hand::new(&world, "3").say(vec![alert("200", "./C", "contacts", "2", "3")], true);
    assert_eq!(codes(&answer), [200]);
}

#[test]
fn a_device_that_waits_in_package_1_is_answered_and_not_kept_for_ever() {
    let world = world();
    let mut hand = Hand::new(&world, "1");
    let finals: Vec<bool> = (0..20).map(|_| hand.say(vec![bare("222")], false).last).collect();
    assert_eq!(finals.iter().position(|last| *last), Some(3));
    assert!(finals[12..].iter().all(|last| *last), "{finals:?}");
}

#[test]
fn what_is_not_offered_is_refused_by_its_own_status() {
    let world = world();
    let of_kind = |kind| change_of(kind, "1");
    let group = |kind, commands| {
        Command::Group(Group {
            kind,
            command_id: String::new(),
            no_response: false,
            meta: Meta::default(),
            commands,
        })
    };
    let in_sync = |command| vec![sync("contacts", vec![command])];
    let get = |uri: &str| {
        let item = Item { target: Some(Location::of(uri)), ..Item::default() };
        Command::Get(Get { items: vec![item], ..Get::default() })
    };
    let put_bytes = Get { items: vec![Item::default()], ..Get::default() };
    let add = || put(ChangeKind::Add, "new", &card("New", ""));
    let with = |edit: fn(&mut Change)| {
        let Command::Change(mut change) = add() else { panic!() };
        edit(&mut change);
        Command::Change(change)
    };
    let of = |commands: Vec<Command>| commands;
    let table: Vec<(&str, Vec<Command>, Vec<u16>)> = vec![
        ("Atomic", in_sync(group(GroupKind::Atomic, vec![add()])), vec![200, 200, 201]),
        (
            "Sequence",
            in_sync(group(GroupKind::Sequence, vec![add(), of_kind(ChangeKind::Delete)])),
            vec![200, 200, 201, 403],
        ),
        (
            "Atomic outside",
            of(vec![group(GroupKind::Atomic, vec![sync("contacts", vec![add()])])]),
            vec![200, 200, 201],
        ),
        ("Sequence outside", of(vec![group(GroupKind::Sequence, vec![bare("100")])]), vec![200, 200]),
        ("Copy of nothing", in_sync(of_kind(ChangeKind::Copy)), vec![200, 404]),
        ("Move", in_sync(of_kind(ChangeKind::Move)), vec![200, 406]),
        ("Alert inside", in_sync(bare("200")), vec![200, 405]),
        ("Map inside", in_sync(map("contacts", &[("1", "2")])), vec![200, 405]),
        ("Add outside", of(vec![add()]), vec![403]),
        ("Delete outside", of(vec![of_kind(ChangeKind::Delete)]), vec![403]),
        ("Exec", of(vec![Command::Exec(Exec::default())]), vec![406]),
        ("Search", of(vec![Command::Search(Search::default())]), vec![406]),
        ("Get of DevInf", of(vec![get("./devinf12")]), vec![200]),
        ("Get of another version's", of(vec![get("devinf10/")]), vec![200]),
        ("Get of nothing", of(vec![get("./nothing")]), vec![404]),
        ("Get of an item", of(vec![get("./contacts/1")]), vec![404]),
        ("Get without an item", of(vec![Command::Get(Get::default())]), vec![412]),
        ("Put of nothing", of(vec![Command::Put(put_bytes.clone())]), vec![406]),
        ("Results of nothing", of(vec![Command::Results(Results::default())]), vec![406]),
        ("a chunk", in_sync(with(|change| change.items[0].more = true)), vec![200, 411]),
        ("a part of an item", in_sync(with(|change| change.meta.field_level = true)), vec![200, 426]),
        (
            "a part of this item",
            in_sync(with(|change| change.items[0].meta.field_level = true)),
            vec![200, 426],
        ),
        ("no id", in_sync(with(|change| change.items[0].source = None)), vec![200, 412]),
        ("no item", in_sync(with(|change| change.items.clear())), vec![200, 412]),
        ("no content", in_sync(with(|change| change.items[0].data = None)), vec![200, 412]),
        (
            "a long id",
            in_sync(with(|change| change.items[0].source = Some(Location::of("x".repeat(256))))),
            vec![200, 412],
        ),
        ("an item with a Size", in_sync(with(|change| change.items[0].meta.size = Some(7))), vec![200, 201]),
        ("unopened", of(vec![sync("notes", vec![add()])]), vec![403, 403]),
        ("nowhere", of(vec![sync("nowhere", vec![add()])]), vec![404, 404]),
        ("no target", of(vec![sync("", vec![add()])]), vec![404, 404]),
        ("a Map of nowhere", of(vec![map("nowhere", &[("1", "2")])]), vec![404]),
        ("a Map of nothing", of(vec![map("contacts", &[("1", "2"), ("", "3"), ("4", "")])]), vec![200]),
    ];
    for (name, commands, expected) in table {
        let mut hand = Hand::greeted(&world, name, "", "1");
        let before = world.live("contacts").len();
        let answer = hand.say(commands, true);
        assert_eq!(codes(&answer), expected, "{name}: {}", world.last_line());
        let added = expected.iter().filter(|code| **code == 201).count();
        // In a slow sync a card that is here already is only recognised.
        assert!(world.live("contacts").len() <= before + added, "{name}");
    }
}

fn change_of(kind: ChangeKind, luid: &str) -> Command {
    let Command::Change(mut change) = put(kind, luid, "") else { panic!() };
    change.items[0].data = None;
    Command::Change(change)
}

#[test]
fn alerts_of_all_codes() {
    let world = world();
    let refused = [101, 150, 211, 220, 226, 250, 0, 999];
    for code in refused {
        let mut hand = Hand::new(&world, &code.to_string());
        let code = if code == 999 { "two-way".to_owned() } else { code.to_string() };
        let answer = hand.say(
            vec![
                alert(&code, "./C", "contacts", "", "1"),
                sync("contacts", vec![change_of(ChangeKind::Delete, "1")]),
            ],
            true,
        );
        assert_eq!(codes(&answer), [406, 403, 403], "{code}");
        assert!(others(&answer).is_empty(), "{code}: no alert of ours");
        let status = &statuses(&answer)[1];
        assert_eq!(
            (status.target_refs.clone(), status.source_refs.clone()),
            (vec!["contacts".to_owned()], vec!["./C".into()])
        );
        assert!(status.items[0].data.is_some(), "it says what is not offered");
    }
    for (version, code) in [("1.0", 406), ("1.1", 406), ("1.2", 508)] {
        let mut hand = Hand::new(&world, version);
        (hand.header.dtd, hand.header.protocol) = (version.into(), format!("SyncML/{version}"));
        assert_eq!(
            codes(&hand.say(vec![alert("225", "./C", "contacts", "", "1")], true)),
            [code],
            "{version}"
        );
    }
    let mut hand = Hand::new(&world, "ok");
    let said = vec![bare("100"), bare("222"), bare("223"), bare("200"), bare("201")];
    assert_eq!(codes(&hand.say(said, true)), [200, 200, 200, 412, 412]);
}

#[test]
fn a_filter_of_nothing_is_none_and_a_path_is_echoed() {
    let world = world();
    let filtered = |field, record| {
        let Command::Alert(mut asked) = alert("200", "./C", "contacts", "", "1") else { panic!() };
        let filter = Filter { field, record, ..Filter::default() };
        asked.items[0].target.as_mut().unwrap().filter = Some(Box::new(filter));
        Command::Alert(asked)
    };
    let item = || Some(Item { data: Some(Data::Bytes(b"N&EQ;x".to_vec())), ..Item::default() });
    for (field, record, code) in [(item(), None, 508), (None, item(), 508), (None, None, 508)] {
        let answer = Hand::new(&world, "1").say(vec![filtered(field, record)], true);
        assert_eq!(codes(&answer), [code]);
    }
    let path = "./Contacts?SINCE&EQ;20061206T120000";
    let answer = Hand::new(&world, "2").say(vec![alert("200", "./C", path, "", "1")], true);
    assert_eq!(
        (codes(&answer), statuses(&answer)[1].target_refs.clone()),
        (vec![508], vec![path.to_owned()])
    );
}

#[test]
fn anchors_that_say_nothing_mean_a_slow_sync() {
    let world = world();
    settle(&world);
    for (last, code) in [("", 508), ("0", 508), ("00000000T000000Z", 508), (" 1\0", 200), ("2", 508)] {
        let answer = Hand::new(&world, "1").say(vec![alert("200", "./C", "contacts", last, "1")], true);
        assert_eq!(codes(&answer), [code], "{last:?}");
        assert_eq!(others(&answer)[0], if code == 200 { "200" } else { "201" });
        // The status echoes Next and nothing else; our alert names the device's datastore first.
        let echoed = Anchor { last: None, next: Some("1".into()) };
        assert_eq!(statuses(&answer)[1].items[0].data, Some(Data::Anchor(echoed)));
        let Some(Command::Alert(ours)) = answer.commands.iter().find(|c| matches!(c, Command::Alert(_)))
        else {
            panic!()
        };
        let item = &ours.items[0];
        let uri = |location: &Option<Location>| location.clone().unwrap().uri;
        assert_eq!((uri(&item.target), uri(&item.source)), ("./C".to_owned(), "contacts".to_owned()));
        assert!(item.meta.anchor.clone().unwrap().last.is_some_and(|last| !last.is_empty()));
    }
    // No Anchor at all, nor a Next: a slow sync this time and the next.
    for _ in 0..2 {
        let mut asked = alert("200", "./C", "contacts", "", "");
        let Command::Alert(bare) = &mut asked else { panic!() };
        bare.items[0].meta.anchor = None;
        let mut hand = Hand::new(&world, "2");
        assert_eq!(codes(&hand.say(vec![asked], true)), [508]);
        hand.say(vec![sync("contacts", Vec::new())], true);
        assert!(hand.say(Vec::new(), true).last);
    }
    // What would be kept in the session is bounded.
    let mut hand = Hand::new(&world, "3");
    let long = "9".repeat(256);
    assert_eq!(codes(&hand.say(vec![alert("200", "./C", "contacts", &long, "1")], true)), [400]);
    assert_eq!(codes(&hand.say(vec![alert("200", "./C", "contacts", "1", &long)], true)), [400]);
    let path = format!("contacts?{}", "x".repeat(1_000));
    assert_eq!(codes(&hand.say(vec![alert("200", "./C", &path, "1", "2")], true)), [414]);
}

#[test]
fn a_datastore_is_alerted_once_and_in_time() {
    let world = world();
    let open = |name: &str, target: &str| alert("200", name, target, "", "1");
    // Several in one Alert, one of them under two spellings, one twice.
    let mut hand = Hand::new(&world, "1");
    let said = vec![
        open("./C", "contacts"),
        open("./Other", "card"),
        open("C/", "./Contacts"),
        open("./N", "notes"),
    ];
    let answer = hand.say(said, true);
    assert_eq!(codes(&answer), [508, 403, 508, 508]);
    assert_eq!(others(&answer), ["201", "Get", "201"]);
    // A Sync may go on in the same message or a later one; an open one is not opened again.
    let add = |luid: &str| put(ChangeKind::Add, luid, &card(luid, ""));
    let answer = hand.say(vec![sync("contacts", vec![add("x")]), sync("./card", vec![add("y")])], false);
    assert_eq!((codes(&answer), answer.last), (vec![200, 201, 200, 201], false));
    let answer = hand.say(vec![open("./C", "contacts"), sync("contacts", vec![add("z")])], true);
    assert_eq!(codes(&answer), [403, 200, 201]);
    assert_eq!(world.live("contacts").len(), 6);
    // Package 4 is out: it is too late for another one, but not for one that was opened in time.
    let mut answer = hand.say(acknowledge(&answer), true);
    while !answer.last {
        answer = hand.say(acknowledge(&answer), true);
    }
    assert_eq!(codes(&hand.say(vec![open("./E", "calendar")], true)), [403]);
    let answer = hand.say(vec![sync("notes", vec![]), sync("contacts", vec![add("late")])], true);
    assert_eq!(codes(&answer), [200, 200, 201]);
}

#[test]
fn a_datastore_may_be_named_by_its_source_alone() {
    // Sony Ericsson C510: an empty Target in Alert and Sync.
    let world = world();
    let mut hand = Hand::new(&world, "1");
    assert_eq!(codes(&hand.say(vec![alert("200", "./contacts", "", "", "1")], true)), [508]);
    let Command::Sync(mut nameless) = sync("", Vec::new()) else { panic!() };
    nameless.source = Some(Location::of("./contacts"));
    let answer = hand.say(vec![Command::Sync(nameless)], true);
    assert_eq!((codes(&answer), added(&answer).len()), (vec![200], 3));
}

#[test]
fn maps_may_come_at_any_time_and_the_last_one_counts() {
    let world = world();
    let mut hand = Hand::greeted(&world, "1", "", "1");
    let answer = hand.say(vec![sync("contacts", Vec::new())], true);
    let guids = added(&answer);
    let [one, two, three] = [guids[0].as_str(), guids[1].as_str(), guids[2].as_str()];
    // Two under one id: the later is meant. And one of them under two ids.
    let mut owed = acknowledge(&answer);
    owed.push(map("contacts", &[(three, "same"), (one, "same"), (two, "2")]));
    owed.push(map("./Contacts", &[(two, "two")]));
    let answer = hand.say(owed, true);
    assert_eq!((codes(&answer), answer.last), (vec![200, 200], true));
    // After the end, and right before a change under the new id in the next session, without an alert even.
    assert_eq!(codes(&hand.say(vec![map("contacts", &[(three, "three")])], true)), [200]);
    let mut hand = Hand::new(&world, "2");
    hand.say(vec![map("contacts", &[(three, "3")]), alert("200", "./C", "contacts", "1", "2")], true);
    let edit = |luid: &str| put(ChangeKind::Replace, luid, &card("Edited", luid_note(luid).as_str()));
    let answer =
        hand.say(vec![sync("contacts", vec![edit("same"), edit("two"), edit("3"), edit("2")])], true);
    assert_eq!(codes(&answer), [200, 200, 200, 200, 201], "{:#?}", world.lines.borrow());
    assert_eq!(world.live("contacts").len(), 4);
}

fn luid_note(luid: &str) -> String {
    format!("NOTE:{luid}\r\n")
}

#[test]
fn what_nobody_asked_for_does_no_harm() {
    let world = world();
    settle(&world);
    let mut hand = Hand::new(&world, "1");
    let status = |message: u32, command: &str, name: &str, code: u16| {
        Command::Status(Status {
            message_ref: message,
            command_ref: command.into(),
            command: name.into(),
            code,
            ..Status::default()
        })
    };
    let odd = || {
        let mut odd = Vec::new();
        for code in [0, 200, 404, 418, 500, 508] {
            for name in ["Add", "Replace", "Delete", "Map", "SyncHdr", "Put", "", "?"] {
                odd.push(status(7, "5", name, code));
                odd.push(status(0, "", name, code));
            }
        }
        odd
    };
    // Statuses of what was never sent, before anything was opened; changes and Maps too early.
    let mut said = odd();
    said.extend([sync("contacts", vec![change_of(ChangeKind::Delete, "1")]), map("contacts", &[("x", "1")])]);
    assert_eq!(codes(&hand.say(said, false)), [403, 403, 200]);
    let mut said = odd();
    said.push(alert("200", "./C", "contacts", "1", "2"));
    assert_eq!(codes(&hand.say(said, true)), [200]);
    let mut said = odd();
    said.push(sync("contacts", Vec::new()));
    let answer = hand.say(said, true);
    assert_eq!((codes(&answer), others(&answer)), (vec![200], vec!["Sync 0".to_owned()]));
    let device =
        Item { data: Some(Data::Device(Box::new(Phone::contacts("hand").devinf()))), ..Item::default() };
    let results =
        Results { message_ref: Some(9), command_ref: "9".into(), items: vec![device], ..Results::default() };
    assert_eq!(codes(&hand.say(vec![Command::Results(results)], true)), [200]);
    assert_eq!(
        codes(&Hand::new(&world, "2").say(vec![alert("200", "./C", "contacts", "2", "3")], true)),
        [200]
    );
}

#[test]
fn who_wants_no_answer_gets_none() {
    let world = world();
    let silent = |luid: &str| {
        let Command::Change(mut change) = put(ChangeKind::Add, luid, &card(luid, "")) else { panic!() };
        change.no_response = true;
        Command::Change(change)
    };
    let mut hand = Hand::greeted(&world, "1", "", "1");
    let Command::Sync(mut no_status) =
        sync("contacts", vec![silent("x"), put(ChangeKind::Add, "y", &card("y", ""))])
    else {
        panic!()
    };
    no_status.no_response = true;
    assert_eq!(codes(&hand.say(vec![Command::Sync(no_status)], false)), [201]);
    // In the SyncHdr it is meant for all, and nothing changes but that.
    hand.header.no_response = true;
    let answer =
        hand.say(vec![sync("contacts", vec![put(ChangeKind::Add, "z", &card("z", ""))]), bare("100")], true);
    assert_eq!((statuses(&answer).len(), added(&answer).len(), answer.last), (0, 3, true));
    hand.say(acknowledge(&answer), true);
    assert_eq!(world.live("contacts").len(), 6);
    // Who is not let in is told so all the same.
    let mut stranger = Hand::new(&world, "2");
    (stranger.header.no_response, stranger.header.credential) = (true, None);
    assert_eq!(statuses(&stranger.say(vec![bare("222")], true))[0].code, 407);
}

#[test]
fn a_device_may_change_how_much_it_takes() {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a");
    for number in 0..60 {
        a.add(&card(&format!("Card {number}"), ""));
    }
    a.sync(&world).unwrap();
    let mut hand = Hand::new(&world, "1");
    hand.header.meta.max_message_bytes = Some(3_000);
    hand.say(vec![alert("200", "./C", "contacts", "", "1")], true);
    let mut ask = |bytes: Option<u64>, commands: Vec<Command>| {
        hand.header.meta.max_message_bytes = bytes;
        let last = !commands.is_empty();
        let commands = if last { commands } else { vec![bare("222")] };
        added(&hand.say(commands, last)).len()
    };
    let first = ask(None, vec![sync("contacts", Vec::new())]);
    let same = ask(Some(0), Vec::new());
    let less = ask(Some(1_500), Vec::new());
    let least = ask(Some(1), Vec::new());
    // What is read is what the last message had room for.
    let more: usize = (0..3).map(|_| ask(Some(1_000_000), Vec::new())).sum();
    assert!(first > 0 && same >= first && same < first * 2, "{first} {same}");
    assert!(less > 0 && less < same && least <= less, "{same} {less} {least}");
    assert_eq!(first + same + less + least + more, 60);
}

#[test]
fn how_many_changes_come_is_said_to_who_understands_it() {
    let world = world();
    for counts in [true, false] {
        let mut phone = Phone::contacts(if counts { "b" } else { "c" });
        phone.counts = counts;
        assert_eq!(phone.sync(&world).unwrap().changes_announced, vec![counts.then_some(3)]);
    }
    // Who has not said what it can do is not told.
    let mut hand = Hand::greeted(&world, "1", "", "1");
    let answer = hand.say(vec![sync("contacts", Vec::new())], true);
    let announced = answer.commands.iter().find_map(|command| match command {
        Command::Sync(sync) => Some(sync.changes),
        _ => None,
    });
    assert_eq!(announced, Some(None));
}

#[test]
fn our_devinf_fits_what_the_device_takes_or_is_refused() {
    let world = world();
    for bytes in [1_024, 1_500, 2_000, 4_000, 10_000] {
        let mut hand = Hand::new(&world, &bytes.to_string());
        hand.header.meta.max_message_bytes = Some(bytes);
        let item = Item { target: Some(Location::of("./devinf12")), ..Item::default() };
        let get = Command::Get(Get { items: vec![item], ..Get::default() });
        let mut answer = hand.say(vec![get, alert("200", "./C", "contacts", "", "1")], true);
        let mut said = others(&answer);
        let got = codes(&answer);
        for _ in 0..5 {
            if answer.last {
                break;
            }
            answer = hand.say(vec![bare("222")], false);
            said.extend(others(&answer));
        }
        assert!(answer.last, "{bytes}: {said:?}");
        assert_eq!(said.contains(&"Results".to_owned()), got[0] == 200, "{bytes}: {got:?} {said:?}");
        assert!(got[0] == 200 || got[0] == 413 && bytes < 4_000, "{bytes}: {got:?}");
        assert!(got[0] == 413 || bytes > 1_024, "no DevInf of ours is that short");
    }
}

#[test]
fn an_answer_that_fits_no_message_keeps_nothing_waiting() {
    let world = world();
    let mut hand = Hand::new(&world, "1");
    hand.header.meta.max_message_bytes = Some(1_024);
    hand.say(vec![alert("200", "./C", "contacts", "", "1")], true);
    let mut long = change_of(ChangeKind::Delete, &"x".repeat(5_000));
    let Command::Change(change) = &mut long else { panic!() };
    change.items[0].target = Some(Location::of("y".repeat(5_000)));
    let path = format!("contacts?{}", "z".repeat(5_000));
    let said = vec![
        sync("contacts", vec![long.clone()]),
        sync(&path, vec![put(ChangeKind::Add, "1", &card("New", ""))]),
    ];
    let mut answer = hand.say(said, true);
    let (mut got, mut new) = (codes(&answer), added(&answer).len());
    while !answer.last {
        answer = hand.say(acknowledge(&answer), false);
        got.extend(codes(&answer));
        new += added(&answer).len();
    }
    assert_eq!((got, new), (vec![200, 412, 200, 201], 3));
}

#[test]
fn the_end_of_an_object_in_pieces_is_not_taken_for_the_whole() {
    let world = world();
    let piece = |luid: &str, text: &str, more: bool| {
        let mut piece = change(ChangeKind::Replace, luid, Some(text), "text/plain");
        let Command::Change(inner) = &mut piece else { panic!() };
        (inner.items[0].more, inner.items[0].meta.size) = (more, more.then_some(9));
        vec![sync("notes", vec![piece])]
    };
    let mut hand = Hand::new(&world, "1");
    hand.say(vec![alert("200", "./C", "notes", "", "1")], true);
    for (luid, text, more, code) in [
        ("1", "whole", false, 201),
        ("1", "abc", true, 213),
        ("1", "def", true, 213),
        ("2", "another", false, 201),
        ("1", "ghi", false, 424),
        ("1", "whole again", false, 200),
    ] {
        assert_eq!(codes(&hand.say(piece(luid, text, more), false)), [200, code], "{text}");
    }
    assert_eq!(world.live("notes"), ["another", "whole again"]);
}

#[test]
fn a_sync_the_device_refuses_as_a_whole_comes_again() {
    for anchor in ["1", "2"] {
        let world = world();
        settle(&world);
        meanwhile(&world);
        let mut hand = Hand::greeted(&world, "2", "1", "2");
        let answer = hand.say(vec![sync("contacts", Vec::new())], true);
        assert_eq!(added(&answer).len(), 1);
        let mut owed = acknowledge(&answer);
        owed.retain(|command| !matches!(command, Command::Status(status) if status.command == "Add"));
        for command in &mut owed {
            let Command::Status(status) = command else { continue };
            status.code = if status.command == "Sync" { 510 } else { status.code };
        }
        hand.say(owed, true);
        let mut hand = Hand::new(&world, "3");
        assert_eq!(codes(&hand.say(vec![alert("200", "./C", "contacts", anchor, "3")], true)), [200]);
        let answer = hand.say(vec![sync("contacts", Vec::new())], true);
        assert_eq!(added(&answer).len(), 1, "after {anchor}");
    }
}

#[test]
fn an_alert_may_have_several_items() {
    let world = world();
    let item = |name: &str, target: &str| {
        let Command::Alert(alert) = alert("201", name, target, "", "1") else { panic!() };
        alert.items[0].clone()
    };
    let items = vec![item("./C", "contacts"), item("./X", "nowhere"), item("./N", "notes")];
    let said = Command::Alert(Alert { code: "201".into(), items, ..Alert::default() });
    let answer = Hand::new(&world, "1").say(vec![said], true);
    let said: Vec<_> =
        statuses(&answer).into_iter().skip(1).map(|s| (s.source_refs[0].clone(), s.code)).collect();
    assert_eq!(said, [("./C".into(), 200), ("./X".into(), 404), ("./N".into(), 200)]);
    assert_eq!(others(&answer), ["201", "Get", "201"]);
}

#[test]
fn a_path_is_said_back_as_it_was_spelt() {
    // Newer Nokias look for it, filter and all, in our DevInf and our Sync.
    let world = world();
    let path = "./Contacts?SINCE&EQ;20061206T120000";
    let item = Item { target: Some(Location::of("./devinf12")), ..Item::default() };
    let get = Command::Get(Get { items: vec![item], ..Get::default() });
    let mut hand = Hand::new(&world, "1");
    let answer = hand.say(vec![get, alert("200", "./C", path, "", "1")], true);
    let device = answer.commands.iter().find_map(|command| match command {
        Command::Results(results) => results.items[0].data.clone(),
        _ => None,
    });
    let Some(Data::Device(device)) = device else { panic!() };
    assert!(device.datastores.iter().any(|store| store.source_ref == path));
    assert!(device.datastores.iter().any(|store| store.source_ref == "./notes"));
    let answer = hand.say(vec![sync(path, Vec::new())], true);
    let Some(Command::Sync(ours)) = answer.commands.last() else { panic!() };
    assert_eq!(
        (ours.source.clone().unwrap().uri, ours.target.clone().unwrap().uri),
        (path.into(), "./C".into())
    );
}
