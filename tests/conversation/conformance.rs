//! What the statement of conformance says (`docs/conformance.md`) and no other conversation proves: one test for each such claim.

use crate::card;
use crate::hand::*;
use crate::house::now;
use crate::odd::{added, settle, world};
use crate::phone::{Phone, change};
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::http::{Request, Response};
use anchorage::record::{AccountId, Kind};
use anchorage::store::{Batch, Edit, Policy, Reads, Receipt, Snapshot, Store, StoreError};
use anchorage::syncml::codec::{Encoding, decode, encode};
use anchorage::syncml::device::{ContentType, DevInf};
use anchorage::syncml::message::*;
use std::collections::BTreeSet;

const BOTH: [Encoding; 2] = [Encoding::Xml, Encoding::Wbxml];
const VERSIONS: [Version; 3] = [Version::V10, Version::V11, Version::V12];

fn spoken(world: &World<SqliteStore>, version: Version) -> Hand<'_> {
    let mut hand = Hand::new(world, version.dtd());
    (hand.header.dtd, hand.header.protocol) = (version.dtd().into(), version.protocol().into());
    hand
}

fn get(uri: &str) -> Command {
    let item = Item { target: Some(Location::of(uri)), ..Item::default() };
    Command::Get(Get { items: vec![item], ..Get::default() })
}

fn with(command: Command, edit: impl FnOnce(&mut Change)) -> Command {
    let Command::Change(mut change) = command else { panic!("{command:?}") };
    edit(&mut change);
    Command::Change(change)
}

/// Our changes in an answer.
fn changes(answer: &Message) -> Vec<Change> {
    let syncs = answer.commands.iter().filter_map(|command| match command {
        Command::Sync(sync) => Some(sync.commands.clone()),
        _ => None,
    });
    let change = |command: Command| match command {
        Command::Change(change) => change,
        other => panic!("{other:?} in a Sync"),
    };
    syncs.flatten().map(change).collect()
}

fn results(answer: &Message) -> Option<&Results> {
    answer.commands.iter().find_map(|command| match command {
        Command::Results(results) => Some(results),
        _ => None,
    })
}

fn devinf(results: &Results) -> DevInf {
    let Some(Data::Device(device)) = &results.items[0].data else { panic!("{results:?}") };
    (**device).clone()
}

// ---------------------------------------------------------------------------------------------------------------- DevInf

#[test]
fn our_devinf_says_what_its_version_has_words_for() {
    let world = world();
    for version in VERSIONS {
        let mut hand = spoken(&world, version);
        let answer = hand.say(vec![get(version.devinf()), alert("201", "./C", "contacts", "", "1")], true);
        assert_eq!(codes(&answer)[0], 200);
        let results = results(&answer).unwrap();
        assert_eq!((results.message_ref, results.command_ref.as_str()), (Some(1), "1"));
        assert_eq!(results.items[0].source, Some(Location::of(version.devinf())));
        assert_eq!(results.meta.media_type.as_deref(), Some("application/vnd.syncml-devinf+xml"));
        let device = devinf(results);
        assert_eq!(device.version, version.dtd());
        assert_eq!((device.device_id.as_str(), device.device_type.as_str()), ("anchorage", "server"));
        for said in [&device.maker, &device.model, &device.firmware, &device.software, &device.hardware] {
            assert!(said.as_ref().is_some_and(|said| !said.is_empty()), "{device:?}");
        }
        let flags = (device.utc, device.large_objects, device.number_of_changes);
        let since_1_1 = version > Version::V10;
        assert_eq!(flags, (since_1_1, since_1_1, since_1_1), "{version:?}");
        assert_eq!((device.oem, device.extensions.len(), device.capabilities.len()), (None, 0, 0));
        let names: Vec<&str> = device.datastores.iter().map(|store| store.source_ref.as_str()).collect();
        assert_eq!(names, ["./calendar", "contacts", "./notes", "./todo"], "as the device spells them");
        for store in &device.datastores {
            let preferred = store.receives_preferred.clone().unwrap();
            assert!(!preferred.media_type.is_empty() && !preferred.version.is_empty());
            assert_eq!(store.sends_preferred, Some(preferred));
            assert!(!store.receives.is_empty() && store.receives == store.sends, "{store:?}");
            assert!(store.receives.iter().all(|one| !one.media_type.is_empty() && !one.version.is_empty()));
            assert_eq!(store.sync_types, ["1", "2", "3", "4", "5", "6", "7"]);
            assert_eq!((store.max_guid_bytes, &store.memory, &store.display_name), (None, &None, &None));
            assert_eq!(store.capabilities.len(), 0, "no CTCap unless it is asked for");
        }
    }
}

#[test]
fn a_full_ctcap_is_nested_in_1_2_and_flat_before() {
    let mut world = world();
    world.settings.syncml_quirks = r#"[{"when":{"user_agent":"*"},"then":{"ctcap":true}}]"#.to_owned();
    for version in VERSIONS {
        let answer = spoken(&world, version).say(vec![get(version.devinf())], true);
        let device = devinf(results(&answer).unwrap());
        let nested = version == Version::V12;
        assert_eq!(device.capabilities.is_empty(), nested);
        let of_contacts = device.datastores.iter().find(|store| store.source_ref == "./contacts").unwrap();
        let capabilities = if nested { &of_contacts.capabilities } else { &device.capabilities };
        let capability = capabilities.iter().find(|one| one.media_type == "text/x-vcard").unwrap();
        assert_eq!(capability.version.as_deref(), nested.then_some("2.1"));
        assert_eq!(capability.field_level, nested);
        let names: BTreeSet<&str> = capability.properties.iter().map(|one| one.name.as_str()).collect();
        assert!(["BEGIN", "VERSION", "N", "TEL", "PHOTO", "UID"].iter().all(|name| names.contains(name)));
        let stated = capability.properties.iter().find(|one| one.name == "VERSION").unwrap();
        assert_eq!(stated.values, ["2.1"]);
        for property in &capability.properties {
            let bounds = (&property.data_type, property.size_max, property.occurrences_max);
            assert_eq!(bounds, (&None, None, None), "no bounds: nothing is cut here");
            assert!(!property.no_truncate && property.parameters.is_empty());
        }
    }
}

#[test]
fn a_device_that_is_asked_answers_once_and_is_used() {
    let world = world();
    let mut hand = Hand::new(&world, "1");
    let first = hand.say(vec![alert("201", "./C", "contacts", "", "1")], true);
    let asked = first.commands.iter().find_map(|command| match command {
        Command::Get(get) => Some(get.clone()),
        _ => None,
    });
    let asked = asked.expect("it has never said what it can do");
    assert_eq!(asked.items[0].target, Some(Location::of("./devinf12")));
    assert_eq!(asked.meta.media_type.as_deref(), Some("application/vnd.syncml-devinf+xml"));
    // It tells, and its changes come with it: what it said holds from here on.
    let mut device = Phone::contacts("hand").devinf();
    device.datastores[0].receives_preferred =
        Some(ContentType { media_type: "text/x-vcard".into(), version: "2.1".into() });
    let told = Results {
        message_ref: Some(1),
        command_ref: asked.command_id.clone(),
        items: vec![Item { data: Some(Data::Device(Box::new(device))), ..Item::default() }],
        ..Results::default()
    };
    let answer = hand.say(vec![Command::Results(told), sync("contacts", Vec::new())], true);
    assert_eq!(codes(&answer), [200, 200]);
    let sent = changes(&answer);
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|change| change.meta.media_type.as_deref() == Some("text/x-vcard")));
    let announced = answer.commands.iter().find_map(|command| match command {
        Command::Sync(sync) => sync.changes,
        _ => None,
    });
    assert_eq!(announced, Some(3));
    let again = Hand::new(&world, "2").say(vec![alert("201", "./C", "contacts", "", "2")], true);
    assert_eq!(others(&again), ["201"], "not a second time");
}

#[test]
fn every_sync_type_is_offered_and_a_tree_where_there_are_folders() {
    let world = world();
    let files = crate::world::collection("files", Kind::Files, &[], Policy::Merge);
    let account = AccountId("account-ann".into());
    let edits = vec![Edit::PutCollection(files)];
    now(world.store.commit(&Batch { account, edits, ..Batch::default() })).unwrap();
    let answer = Hand::new(&world, "1").say(vec![get("./devinf12")], true);
    for store in devinf(results(&answer).unwrap()).datastores {
        assert_eq!(store.sync_types, ["1", "2", "3", "4", "5", "6", "7"], "{}", store.source_ref);
        assert_eq!(store.hierarchical, store.source_ref == "./files", "{}", store.source_ref);
    }
}

#[test]
fn an_anchor_counts_once_both_sides_have_said_everything_and_not_before() {
    // How far the second session comes: package 1, 3 or 5. From 4 on a device that uses its anchor has completed it.
    for (reached, of_before, of_broken) in [(1, 200, 508), (2, 200, 200), (3, 200, 200)] {
        for (last, code) in [("1", of_before), ("2", of_broken)] {
            let world = world();
            settle(&world);
            let mut b = Phone::contacts("b");
            b.add(&card("Of b", ""));
            b.sync(&world).unwrap();
            let mut hand = Hand::greeted(&world, "2", "1", "2");
            if reached > 1 {
                let answer = hand.say(vec![sync("contacts", Vec::new())], true);
                let mut owed = acknowledge(&answer);
                owed.push(map("contacts", &[(&added(&answer)[0], "4")]));
                if reached > 2 {
                    hand.say(owed, true);
                }
            }
            let mut hand = Hand::new(&world, "3");
            assert_eq!(codes_of_alert(&mut hand, last, "3"), [code], "{reached} {last}");
        }
    }
}

#[test]
fn our_anchor_has_a_last_one_where_there_was_one() {
    let world = world();
    let mut before = None;
    for session in ["1", "2"] {
        let mut hand = Hand::new(&world, session);
        let answer = hand.say(vec![alert("201", "./C", "contacts", "", session)], true);
        let ours = answer.commands.iter().find_map(|command| match command {
            Command::Alert(alert) => alert.items[0].meta.anchor.clone(),
            _ => None,
        });
        let ours = ours.unwrap();
        assert_eq!(ours.last, before, "absent, and not empty");
        before = ours.next;
        let answer = hand.say(vec![sync("contacts", Vec::new())], true);
        hand.say(acknowledge(&answer), true);
    }
}

#[test]
fn of_a_device_that_does_not_say_it_is_thought_to_keep_ids_of_eight() {
    let world = World::new(SqliteStore::new());
    for id in ["eight-id", "nine-of-9"] {
        assert_eq!(world.max("POST", "contacts", "", &format!("id={id}&name={id}")).status, 200);
    }
    let mut hand = Hand::greeted(&world, "1", "", "1");
    let named = added(&hand.say(vec![sync("contacts", Vec::new())], true));
    assert_eq!(named.len(), 2);
    assert!(named.contains(&"eight-id".to_owned()) && !named.contains(&"nine-of-9".to_owned()), "{named:?}");
    assert!(named.iter().all(|name| name.len() <= 8), "{named:?}");
}

#[test]
fn each_device_gets_the_form_it_prefers() {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a");
    a.add(&card("Doe", "TEL;TYPE=CELL:1\r\n"));
    a.sync(&world).unwrap();
    for (media_type, version) in [("text/x-vcard", "2.1"), ("text/vcard", "3.0"), ("text/vcard", "4.0")] {
        let mut b = Phone::new(version).with("./C", "contacts", media_type, version);
        b.sync(&world).unwrap();
        let text = b.text_of("Doe");
        assert!(text.contains(&format!("VERSION:{version}\r\n")), "{text}");
        assert_eq!(text.contains("TEL;CELL:1"), version == "2.1", "{text}");
    }
    // One that says nothing gets what phones of its version are sure to have.
    for (version, form) in [(Version::V11, "2.1"), (Version::V12, "3.0")] {
        let mut hand = spoken(&world, version);
        hand.say(vec![alert("201", "./C", "contacts", "", "1")], true);
        let answer = hand.say(vec![sync("contacts", Vec::new())], true);
        let text =
            String::from_utf8(changes(&answer)[0].items[0].data.clone().unwrap().into_bytes()).unwrap();
        assert!(text.contains(&format!("VERSION:{form}\r\n")), "{text}");
    }
}

#[test]
fn a_form_among_those_a_device_takes_is_not_converted() {
    let world = world();
    let form = |version: &str| ContentType {
        media_type: if version == "2.1" { "text/x-vcard".into() } else { "text/vcard".into() },
        version: version.into(),
    };
    // The cards are stored as 3.0.
    for (takes, version) in
        [(vec!["2.1", "3.0"], "3.0"), (vec!["2.1"], "2.1"), (vec!["4.0", "2.1"], "4.0"), (vec![], "3.0")]
    {
        let mut device = Phone::contacts("hand").devinf();
        let store = &mut device.datastores[0];
        store.receives_preferred =
            Some(ContentType { media_type: "text/x-palm".into(), version: "1".into() });
        store.receives = takes.iter().map(|version| form(version)).collect();
        let data = Some(Data::Device(Box::new(device)));
        let item = Item { source: Some(Location::of("./devinf12")), data, ..Item::default() };
        let about = Command::Put(Get { items: vec![item], ..Get::default() });
        let mut hand = Hand::new(&world, &takes.join(" "));
        hand.say(vec![about, alert("201", "./C", "contacts", "", "1")], true);
        let sent = changes(&hand.say(vec![sync("contacts", Vec::new())], true));
        let text = String::from_utf8(sent[0].items[0].data.clone().unwrap().into_bytes()).unwrap();
        assert!(text.contains(&format!("VERSION:{version}\r\n")), "{takes:?}: {text}");
    }
}

#[test]
fn what_a_ctcap_does_not_list_is_sent_all_the_same() {
    let world = World::new(SqliteStore::new());
    let text = card("Doe", "NOTE:long\r\n");
    let mut a = Phone::contacts("a");
    a.add(&text);
    a.sync(&world).unwrap();
    let mut device = Phone::contacts("hand");
    device.lacks = vec!["NOTE".into()];
    let data = Some(Data::Device(Box::new(device.devinf())));
    let item = Item { source: Some(Location::of("./devinf12")), data, ..Item::default() };
    let about = Command::Put(Get { items: vec![item], ..Get::default() });
    let mut hand = Hand::new(&world, "1");
    hand.say(vec![about, alert("201", "./C", "contacts", "", "1")], true);
    let sent = changes(&hand.say(vec![sync("contacts", Vec::new())], true));
    assert_eq!(sent[0].items[0].data, Some(Data::Bytes(text.into_bytes())));
}

/// A device whose memory is full says so beforehand, and need not be sent what it cannot keep (DS 1.2, 6.8).
#[test]
fn no_more_is_added_than_the_device_has_room_for() {
    let roomy = |free_ids, free_bytes| Some(Memory { free_bytes, free_ids, shared: false });
    for (memory, fits) in [
        (roomy(Some(1), Some(100_000)), 1),
        (roomy(Some(9), Some(150)), 2),
        (roomy(Some(0), None), 0),
        (None, 3),
    ] {
        let world = world();
        let mut hand = Hand::greeted(&world, "1", "", "1");
        let answer = hand.say(vec![with_memory(memory)], true);
        assert_eq!(added(&answer).len(), fits);
        let said = world.last_line().contains("no room for more in contacts");
        assert_eq!(said, fits < 3, "{}", world.last_line());
        take_all(&mut hand, &answer);
        // Also after many sessions nothing is given up: it comes as soon as there is room for it.
        for session in 2..12 {
            let mut hand = Hand::new(&world, &session.to_string());
            let (last, next) = ((session - 1).to_string(), session.to_string());
            assert_eq!(codes_of_alert(&mut hand, &last, &next), [200]);
            let answer = hand.say(vec![with_memory(roomy(Some(0), None))], true);
            assert_eq!(added(&answer).len(), 0);
            take_all(&mut hand, &answer);
        }
        let mut hand = Hand::new(&world, "12");
        assert_eq!(codes_of_alert(&mut hand, "11", "12"), [200]);
        let answer = hand.say(vec![with_memory(None)], true);
        assert_eq!(added(&answer).len(), 3 - fits);
    }
}

fn with_memory(memory: Option<Memory>) -> Command {
    let Command::Sync(mut roomy) = sync("contacts", Vec::new()) else { panic!() };
    roomy.meta.memory = memory;
    Command::Sync(roomy)
}

/// The device takes what came, and ends the session.
fn take_all(hand: &mut Hand<'_>, answer: &Message) {
    let guids = added(answer);
    let luids: Vec<String> = guids.iter().map(|guid| format!("l{guid}")).collect();
    let pairs: Vec<(&str, &str)> =
        guids.iter().map(String::as_str).zip(luids.iter().map(String::as_str)).collect();
    let mut owed = acknowledge(answer);
    if !pairs.is_empty() {
        owed.push(map("contacts", &pairs));
    }
    hand.say(owed, true);
}

// ---------------------------------------------------------------------------------------------------------------- bounds

#[test]
fn our_bounds_are_announced() {
    let world = world();
    for version in VERSIONS {
        let mut hand = spoken(&world, version);
        let first = hand.say(vec![alert("201", "./C", "contacts", "", "1")], true);
        let object = (version > Version::V10).then_some(16_000_000);
        let said =
            |answer: &Message| (answer.header.meta.max_message_bytes, answer.header.meta.max_object_bytes);
        assert_eq!(said(&first), (Some(500_000), object), "{version:?}");
        let second = hand.say(vec![sync("contacts", Vec::new())], true);
        assert_eq!(said(&second), (Some(500_000), None), "{version:?}: once a session is enough");
    }
}

#[test]
fn a_message_of_ours_has_bounds_whatever_a_device_takes() {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a");
    for number in 0..50 {
        let letters = if number < 10 { 10 } else { 10_000 };
        a.add(&card(&format!("Card {number:02}"), &format!("NOTE:{}\r\n", "x".repeat(letters))));
    }
    a.sync(&world).unwrap();
    for (said, least, most) in
        [(Some(10_000_000), 240_000, 250_000), (None, 240_000, 250_000), (Some(1), 300, 1_024)]
    {
        let mut hand = Hand::new(&world, "1");
        hand.header.meta.max_message_bytes = said;
        hand.say(vec![alert("201", "./C", "contacts", "", "1")], true);
        let bytes = encode(&hand.say(vec![sync("contacts", Vec::new())], true), Encoding::Xml).len();
        assert!((least..=most).contains(&bytes), "{said:?}: {bytes}");
    }
}

#[test]
fn where_very_much_is_owed_a_status_names_its_command_and_not_its_items() {
    let world = World::new(SqliteStore::new());
    let mut hand = Hand::new(&world, "1");
    hand.header.meta.max_message_bytes = Some(1_500);
    hand.say(vec![alert("201", "./C", "notes", "", "1")], true);
    let add = |number: usize| {
        change(ChangeKind::Add, &format!("{number:0>60}"), Some(&format!("{number}.")), "text/plain")
    };
    let mut answer = hand.say(vec![sync("notes", (0..1_000).map(add).collect())], true);
    let mut said = Vec::new();
    while !answer.last {
        said.extend(statuses(&answer));
        answer = hand.say(vec![bare("222")], false);
    }
    said.extend(statuses(&answer));
    said.retain(|status| status.command == "Add");
    let named = said.iter().filter(|status| !status.source_refs.is_empty()).count();
    assert!(said.len() == 1_000 && said.iter().all(|status| status.code == 201), "{}", said.len());
    assert!((100..900).contains(&named), "{named}");
    let ids: BTreeSet<&String> = said.iter().map(|status| &status.command_ref).collect();
    assert_eq!(ids.len(), 1_000);
}

#[test]
fn the_largest_object_of_a_device_is_heard_wherever_it_says_it() {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a");
    a.add(&card("Large", &format!("NOTE:{}\r\n", "x".repeat(30_000))));
    a.add(&card("Small", ""));
    a.sync(&world).unwrap();
    for (place, bytes_max, received) in [
        ("nowhere", 0, 2),
        ("SyncHdr", 10_000, 1),
        ("Alert", 10_000, 1),
        ("Sync", 10_000, 1),
        ("Alert", 40_000, 2),
        ("Sync", 40_000, 2),
        ("SyncHdr and Alert", 10_000, 1),
    ] {
        let mut device = Phone::contacts("hand");
        device.piece_bytes = 5_000;
        let source = Some(Location::of("./devinf12"));
        let data = Some(Data::Device(Box::new(device.devinf())));
        let about =
            Command::Put(Get { items: vec![Item { source, data, ..Item::default() }], ..Get::default() });
        let mut hand = Hand::new(&world, &format!("{place} {bytes_max}"));
        hand.header.meta.max_message_bytes = Some(8_000);
        let at = |here: &str| place.ends_with(here).then_some(bytes_max);
        hand.header.meta.max_object_bytes =
            if place.contains(" and ") { Some(40_000) } else { at("SyncHdr") };
        let mut opens = alert("201", "./C", "contacts", "", "1");
        let Command::Alert(opening) = &mut opens else { panic!() };
        opening.items[0].meta.max_object_bytes = at("Alert");
        hand.say(vec![about, opens], true);
        let Command::Sync(mut begins) = sync("contacts", Vec::new()) else { panic!() };
        begins.meta.max_object_bytes = at("Sync");
        let mut answer = hand.say(vec![Command::Sync(begins)], true);
        let mut names = BTreeSet::new();
        while !answer.last {
            let of = |change: &Change| change.items[0].source.clone().map(|source| source.uri);
            names.extend(changes(&answer).iter().filter_map(of));
            let mut owed = acknowledge(&answer);
            for command in &mut owed {
                let Command::Status(status) = command else { continue };
                let sent = changes(&answer);
                assert!(
                    sent.iter().all(|change| change.meta.media_type.is_some()),
                    "a type with every piece"
                );
                let mut sent = sent.iter().filter(|change| change.command_id == status.command_ref);
                let piece = sent.any(|change| change.items[0].more);
                status.code = if piece { 213 } else { status.code };
            }
            answer = hand.say(owed, false);
        }
        names.extend(added(&answer));
        assert_eq!(names.len(), received, "{place} {bytes_max}: {}", world.last_line());
    }
}

#[test]
fn an_object_that_a_device_says_broke_off_is_offered_later() {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a");
    a.add(&card("Large", &format!("NOTE:{}\r\n", "x".repeat(30_000))));
    a.sync(&world).unwrap();
    let mut device = Phone::contacts("hand");
    device.piece_bytes = 5_000;
    let pieces = |session: &str, last: &str| {
        let data = Some(Data::Device(Box::new(device.devinf())));
        let item = Item { source: Some(Location::of("./devinf12")), data, ..Item::default() };
        let about = Command::Put(Get { items: vec![item], ..Get::default() });
        let mut hand = Hand::new(&world, session);
        hand.header.meta.max_message_bytes = Some(20_000);
        hand.say(vec![about, alert("200", "./C", "contacts", last, session)], true);
        let answer = hand.say(vec![sync("contacts", Vec::new())], true);
        assert!(changes(&answer)[0].items[0].more, "{session}");
        assert_eq!(
            changes(&answer)[0].items[0].meta.size,
            Some(30_000 + card("Large", "NOTE:\r\n").len() as u64)
        );
        (hand, answer)
    };
    let (mut hand, answer) = pieces("1", "");
    let mut lost = bare("223");
    let Command::Alert(said) = &mut lost else { panic!() };
    said.items = vec![Item { source: changes(&answer)[0].items[0].source.clone(), ..Item::default() }];
    let answer = hand.say(vec![lost], true);
    assert_eq!((codes(&answer), changes(&answer).len()), (vec![200], 0), "{}", world.last_line());
    assert!(answer.last, "nothing more is waited for: {}", world.last_line());
    // From its beginning.
    pieces("2", "1");
}

// -------------------------------------------------------------------------------------------------------------- statuses

#[test]
fn every_command_has_its_status_in_its_order_behind_that_of_the_syncml_header() {
    let world = world();
    let mut hand = Hand::new(&world, "1");
    hand.say(vec![alert("201", "./C", "contacts", "", "1")], true);
    let delete = change(ChangeKind::Delete, "gone", None, "text/vcard");
    let both = with(put(ChangeKind::Add, "b", &card("B", "")), |change| {
        let odd = Item { source: Some(Location::of("odd")), ..change.items[0].clone() };
        change.items.push(Item { data: Some(Data::Bytes(b"no card".to_vec())), ..odd });
    });
    let said = vec![
        get("./devinf12"),
        map("contacts", &[("x", "y")]),
        sync("./Contacts", vec![put(ChangeKind::Replace, "./a", &card("A", "")), delete, both]),
        bare("100"),
    ];
    let answer = hand.say(said, false);
    let order: Vec<_> =
        statuses(&answer).into_iter().map(|s| (s.command, s.command_ref, s.message_ref, s.code)).collect();
    let of = |name: &str, id: &str, code: u16| (name.to_owned(), id.to_owned(), 2, code);
    let expected = [
        of("SyncHdr", "0", 200),
        of("Get", "1", 200),
        of("Map", "2", 200),
        of("Sync", "3", 200),
        of("Replace", "30001", 201),
        of("Delete", "30002", 403),
        of("Add", "30003", 201),
        of("Add", "30003", 415),
        of("Alert", "4", 200),
    ];
    assert_eq!(order, expected);
    // Names come back as they were spelt.
    let refs: Vec<_> = statuses(&answer).into_iter().map(|s| (s.target_refs, s.source_refs)).collect();
    let one = |text: &str| vec![text.to_owned()];
    assert_eq!(refs[0], (one("http://h/syncml"), one("hand")));
    assert_eq!(refs[3], (one("./Contacts"), one("./C")));
    assert_eq!((&refs[4].1, &refs[6].1, &refs[7].1), (&one("./a"), &one("b"), &one("odd")));
    // Each of ours has a number of its own, none of them 0, and our messages are counted from 1.
    assert_eq!(answer.header.message_id, 2);
    let mut ids: Vec<String> = statuses(&answer).into_iter().map(|status| status.command_id).collect();
    ids.extend(results(&answer).map(|results| results.command_id.clone()));
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert!(distinct.len() == ids.len() && !ids.contains(&"0".to_owned()), "{ids:?}");
}

/// What a device may say of an Add of ours, and whether the next session brings it again.
const VERDICTS: [(&[u16], bool); 5] = [
    (&[200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 214, 215, 216], false),
    (&[418], false),
    (&[406, 412, 413, 415, 416], false),
    (&[101, 300, 304, 400, 401, 402, 403, 404, 405, 407, 408, 409, 410, 411, 414, 417, 419, 420], true),
    (
        &[421, 422, 423, 424, 425, 426, 427, 428, 500, 501, 503, 505, 506, 507, 508, 510, 511, 512, 513, 514],
        true,
    ),
];

#[test]
fn what_a_device_says_of_an_add_settles_it_or_brings_it_again() {
    let more: [(&[u16], bool); 1] = [(&[502, 504, 516, 517, 1000, 1234], true)];
    for (codes, again) in VERDICTS.into_iter().chain(more) {
        for code in codes {
            let world = world();
            let mut hand = Hand::greeted(&world, "1", "", "1");
            let answer = hand.say(vec![sync("contacts", Vec::new())], true);
            let guids = added(&answer);
            let taken = (200..300).contains(code) || *code == 418;
            let mut owed = acknowledge(&answer);
            let first = owed.iter_mut().find_map(|command| match command {
                Command::Status(status) if status.command == "Add" => Some(status),
                _ => None,
            });
            first.unwrap().code = *code;
            let pairs: Vec<_> = guids.iter().map(String::as_str).zip(["1", "2", "3"]).collect();
            owed.push(map("contacts", if taken { &pairs } else { &pairs[1..] }));
            hand.say(owed, true);
            assert_eq!(
                world.last_line().contains("the device refused"),
                !taken && *code != 101,
                "{code}: {}",
                world.last_line()
            );
            let mut hand = Hand::new(&world, "2");
            assert_eq!(codes_of_alert(&mut hand, "1", "2"), [200], "{code}: no anchor is lost over an item");
            let answer = hand.say(vec![sync("contacts", Vec::new())], true);
            let expected = if again { vec![guids[0].clone()] } else { Vec::new() };
            assert_eq!(added(&answer), expected, "{code}: {}", world.last_line());
        }
    }
}

fn codes_of_alert(hand: &mut Hand<'_>, last: &str, next: &str) -> Vec<u16> {
    codes(&hand.say(vec![alert("200", "./C", "contacts", last, next)], true))
}

#[test]
fn what_a_device_says_of_a_replace_or_a_delete_settles_it_or_brings_it_again() {
    for (deleted, code, comes) in [
        (false, 200, None),
        (false, 419, Some(ChangeKind::Replace)),
        (false, 500, Some(ChangeKind::Replace)),
        (false, 404, Some(ChangeKind::Add)),
        (false, 410, Some(ChangeKind::Add)),
        (false, 1000, Some(ChangeKind::Add)),
        (false, 415, None),
        (true, 200, None),
        (true, 211, None),
        (true, 404, None),
        (true, 410, None),
        (true, 403, Some(ChangeKind::Delete)),
        (true, 500, Some(ChangeKind::Delete)),
    ] {
        let world = world();
        settle(&world);
        let mut b = Phone::contacts("b");
        b.sync(&world).unwrap();
        let luid = b.find("Card 0");
        match deleted {
            true => b.delete(&luid),
            false => b.edit(&luid, &card("Card 0", "TITLE:b\r\n")),
        }
        b.sync(&world).unwrap();
        let mut hand = Hand::greeted(&world, "2", "1", "2");
        let answer = hand.say(vec![sync("contacts", Vec::new())], true);
        let sent: Vec<ChangeKind> = changes(&answer).iter().map(|change| change.kind).collect();
        assert_eq!(sent, [if deleted { ChangeKind::Delete } else { ChangeKind::Replace }]);
        let mut owed = acknowledge(&answer);
        for command in &mut owed {
            let Command::Status(status) = command else { continue };
            let ours = ["Replace", "Delete"].contains(&status.command.as_str());
            status.code = if ours { code } else { status.code };
        }
        hand.say(owed, true);
        let mut hand = Hand::greeted(&world, "3", "2", "3");
        let answer = hand.say(vec![sync("contacts", Vec::new())], true);
        let again: Vec<ChangeKind> = changes(&answer).iter().map(|change| change.kind).collect();
        assert_eq!(again, Vec::from_iter(comes), "{code} of a deletion: {deleted}");
    }
}

#[test]
fn a_pause_is_an_alert_of_1_2() {
    for version in VERSIONS {
        let world = world();
        let mut hand = spoken(&world, version);
        hand.say(vec![alert("201", "./C", "contacts", "", "1")], true);
        let answer = hand.say(vec![bare("224")], true);
        let paused = version == Version::V12;
        assert_eq!(codes(&answer), [if paused { 200 } else { 406 }], "{version:?}");
        assert!(answer.last && others(&answer).is_empty(), "{version:?}");
    }
}

#[test]
fn an_alert_that_asks_to_go_on_has_an_item() {
    let world = world();
    let mut hand = Hand::greeted(&world, "1", "", "1");
    let answer = hand.say(vec![sync("contacts", Vec::new())], false);
    let Some(Command::Alert(next)) = answer.commands.last() else { panic!("{answer:?}") };
    assert_eq!((next.code.as_str(), answer.last), ("222", false));
    let item = &next.items[0];
    let uri = |location: &Option<Location>| location.clone().unwrap().uri;
    assert_eq!((uri(&item.target), uri(&item.source)), ("hand".to_owned(), "http://h/syncml".to_owned()));
    // Behind a Final there is nothing to ask for.
    assert!(!others(&hand.say(vec![bare("222")], true)).contains(&"222".to_owned()));
}

#[test]
fn what_means_nothing_here_does_no_harm() {
    let world = world();
    let mut hand = Hand::new(&world, "1");
    let Command::Alert(mut opens) = alert("201", "./C", "contacts", "", "1") else { panic!() };
    opens.correlator = Some("c".into());
    hand.header.respond_to = Some("http://phone.example/answers".into());
    hand.header.meta.emi = vec!["vendor".into()];
    let Command::Get(mut asks) = get("./devinf12") else { panic!() };
    asks.language = Some("de".into());
    let answer = hand.say(vec![Command::Alert(opens), Command::Get(asks)], true);
    assert_eq!(codes(&answer), [200, 200]);
    let odd = with(put(ChangeKind::Add, "1", &card("Odd", "")), |change| {
        let meta = &mut change.items[0].meta;
        (meta.mark, meta.version, meta.emi) = (Some("draft".into()), Some("7".into()), vec!["x".into()]);
        meta.size = Some(3);
        change.items[0].source.as_mut().unwrap().name = Some("a name".into());
    });
    let Command::Sync(mut changes) = sync("contacts", vec![odd]) else { panic!() };
    changes.meta.memory = Some(Memory { shared: true, free_bytes: Some(1), free_ids: None });
    changes.changes = Some(99);
    assert_eq!(codes(&hand.say(vec![Command::Sync(changes)], true)), [200, 201]);
    let named = world.live("contacts").into_iter().filter(|text| text.contains("FN:Odd")).count();
    assert_eq!(named, 1);
}

#[test]
fn what_xml_cannot_carry_goes_as_base64() {
    let world = World::new(SqliteStore::new());
    let text = card("Nul", "NOTE:a\0b\r\n");
    let mut a = Phone::contacts("a");
    a.add(&text);
    a.sync(&world).unwrap();
    let mut hand = Hand::greeted(&world, "1", "", "1");
    let sent = changes(&hand.say(vec![sync("contacts", Vec::new())], true));
    assert_eq!(sent[0].meta.format.as_deref(), Some("b64"));
    let data = sent[0].items[0].data.clone().unwrap().into_bytes();
    assert_eq!(anchorage::secret::unbase64(&data).unwrap(), text.as_bytes());
    // And comes so, whatever it is.
    let base64 = anchorage::secret::base64(card("Back", "").as_bytes());
    let back = with(put(ChangeKind::Add, "9", &base64), |change| change.meta.format = Some("b64".into()));
    assert_eq!(codes(&hand.say(vec![sync("contacts", vec![back])], true)), [200, 201]);
    assert!(world.live("contacts").contains(&card("Back", "")));
}

/// A session in which everything happens that makes us speak: what of the protocol's commands we send is this and no more.
#[test]
fn we_send_statuses_alerts_and_syncs_of_adds_replaces_and_deletes() {
    let world = World::with_policy(SqliteStore::new(), Policy::Merge);
    let (mut a, mut b) = crate::pair(&world);
    a.add(&card("New", ""));
    let (edited, deleted) = (a.find("Card 1"), a.find("Card 2"));
    a.edit(&edited, &card("Card 1", "TITLE:a\r\n"));
    a.delete(&deleted);
    a.sync(&world).unwrap();
    let session = b.sync_with(&world, vec![get("./devinf12")]).unwrap();
    let mut names = BTreeSet::new();
    for answer in &session.answers {
        for command in &answer.commands {
            names.insert(match command {
                Command::Status(_) => "Status",
                Command::Alert(_) => "Alert",
                Command::Sync(_) => "Sync",
                Command::Results(_) => "Results",
                other => panic!("{other:?}"),
            });
        }
        names.extend(changes(answer).iter().map(|change| change.kind.name()));
    }
    let expected = ["Add", "Alert", "Delete", "Replace", "Results", "Status", "Sync"];
    assert_eq!(names.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_push_begins_as_phones_expect_it() {
    use anchorage::syncml::notification::{self, message};
    // Transaction, Push, length of headers; content type and X-Wap-Application-Id.
    assert_eq!(notification::WAP_PUSH, [0x01, 0x06, 0x03, 0xCE, 0xAF, 0x85]);
    assert_eq!(message::WAP_PUSH, [0x01, 0x06, 0x06, 0x03, 0x02, 0x03, 0x03, 0xAF, 0x85]);
}

// ------------------------------------------------------------------------------------------------------------------ HTTP

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn request(method: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Request {
    Request {
        method: method.into(),
        path: "/syncml".into(),
        headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        body,
        origin: "https://sync.example".into(),
        address: "192.0.2.1".into(),
        ..Request::default()
    }
}

#[test]
fn an_answer_is_in_the_encoding_of_the_question_and_kept_by_nobody() {
    let world = World::new(SqliteStore::new());
    for encoding in BOTH {
        let media_type = match encoding {
            Encoding::Xml => "application/vnd.syncml+xml",
            Encoding::Wbxml => "application/vnd.syncml+wbxml",
        };
        let body = encode(&crate::door::hello("1", 1, None), encoding);
        for content_type in [media_type, "application/octet-stream", "text/plain", ""] {
            for more in [
                ("accept", "application/vnd.syncml+wbxml, application/vnd.syncml+xml"),
                ("accept-charset", "iso-8859-1, utf-8;q=0.5"),
                ("accept-encoding", "gzip, deflate"),
                ("user-agent", "somebody's phone/1.0"),
                ("cache-control", "no-store"),
                ("connection", "close"),
            ] {
                let sent = request("POST", &[("content-type", content_type), more], body.clone());
                let response = world.serve(sent).response;
                assert_eq!(response.status, 200);
                // S60 wants the type of WBXML without parameters.
                let expected = if encoding == Encoding::Xml { "; charset=utf-8" } else { "" };
                assert_eq!(header(&response, "content-type"), Some(&*format!("{media_type}{expected}")));
                let cached = header(&response, "cache-control").unwrap();
                let words = ["no-store", "private", "no-transform"];
                assert!(words.iter().all(|word| cached.contains(word)), "{cached}");
                let length = response.body.len().to_string();
                assert_eq!(header(&response, "content-length"), Some(length.as_str()));
                assert_eq!(header(&response, "content-encoding"), None);
                assert_eq!(decode(&response.body).unwrap().1, encoding);
            }
        }
        let strange = request("POST", &[("content-type", "image/png")], body.clone());
        assert_eq!(world.serve(strange).response.status, 415);
    }
}

#[test]
fn messages_are_posted_and_every_other_method_is_refused() {
    let world = World::new(SqliteStore::new());
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let response = world.serve(request(method, &[], Vec::new())).response;
        assert_eq!((response.status, header(&response, "allow")), (405, Some("POST")), "{method}");
    }
}

#[test]
fn a_message_may_come_squeezed() {
    let world = World::new(SqliteStore::new());
    let body = encode(&crate::door::hello("1", 1, None), Encoding::Xml);
    let squeezed = [
        ("gzip", anchorage::http::coding::gzip(&body), 200),
        ("deflate", miniz_oxide::deflate::compress_to_vec_zlib(&body, 6), 200),
        ("identity", body.clone(), 200),
        ("br", body.clone(), 415),
    ];
    for (coding, body, status) in squeezed {
        let response = world.serve(request("POST", &[("content-encoding", coding)], body)).response;
        assert_eq!(response.status, status, "{coding}");
    }
}

#[test]
fn a_store_that_is_away_is_http_503_and_an_error_of_ours_500() {
    let world = World::new(SqliteStore::new());
    let body = encode(&crate::door::hello("9", 1, None), Encoding::Xml);
    for (error, status, later) in [
        (StoreError::Busy("overloaded".into()), 503, Some("5")),
        (StoreError::Broken("a row".into()), 500, None),
    ] {
        let refused = world.beside(Gone(error)).serve(request("POST", &[], body.clone())).response;
        assert_eq!((refused.status, header(&refused, "retry-after")), (status, later));
    }
    assert_eq!(world.serve(request("POST", &[], body)).response.status, 200, "the same message, later");
}

/// A store that answers nobody.
struct Gone(StoreError);

impl Store for Gone {
    async fn read(&self, _: &Reads) -> Result<Snapshot, StoreError> {
        Err(self.0.clone())
    }

    async fn commit(&self, _: &Batch) -> Result<Receipt, StoreError> {
        Err(self.0.clone())
    }
}
