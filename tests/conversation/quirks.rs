//! What is done differently for particular devices: one test per switch of `src/syncml/quirks.json`, named for it, with a phone
//! that says who it is; and the table of the documentation against the data.

use crate::busy::losing;
use crate::hand::{Hand, alert, bare, sync};
use crate::house::now;
use crate::phone::{Broken, Phone, Pose, Session, change};
use crate::sqlite::SqliteStore;
use crate::world::World;
use crate::{card, pair};
use anchorage::peer::{PeerId, PeerSettings};
use anchorage::record::AccountId;
use anchorage::store::{Batch, Edit, Store};
use anchorage::syncml::codec::{Encoding, encode};
use anchorage::syncml::device::DevInf;
use anchorage::syncml::message::*;
use anchorage::syncml::quirk::{self, BUILT_IN, Quirks};

fn posing(device: &str, maker: &'static str, model: &'static str) -> Phone {
    let mut phone = Phone::contacts(device);
    phone.poses = Pose { maker, model, ..Pose::default() };
    phone
}

/// A world that holds cards, each with a note of so many letters.
fn filled(cards: usize, letters: usize) -> World<SqliteStore> {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a");
    for number in 0..cards {
        a.add(&card(&format!("Card {number}"), &format!("NOTE:{}\r\n", "x".repeat(letters))));
    }
    a.sync(&world).unwrap();
    world
}

fn largest(session: &Session) -> usize {
    *session.sizes.iter().max().unwrap()
}

/// What the operator sets for one device of `ann`.
fn set_for<S: Store>(world: &World<S>, device: &str, settings: &str) {
    let account = AccountId("account-ann".into());
    let edits = vec![Edit::SetPeer(PeerId(device.into()), settings.into())];
    now(world.store.commit(&Batch { account, edits, ..Batch::default() })).unwrap();
}

#[test]
fn message_bytes_max_holds_for_the_models_it_is_known_of() {
    let world = filled(150, 300);
    for (maker, model, bytes_max) in [
        ("Nokia", "Nokia 3110c", 2_500),
        ("NOKIA", "2330c-2", 5_000),
        ("SonyEricsson", "K610i", 4_500),
        ("Sony Ericsson", "M600i", 8_000),
        ("Motorola CE, Copyright 2004", "V3", 1_850),
        ("MOTOROLA", "PEBL U6", 1_850),
        ("Motorola", "V3xx", 6_000),
        ("SIEMENS", "S55", 3_200),
        ("Siemens", "SL55", 30_000),
        ("Test", "K610i", 30_000),
    ] {
        let mut phone = posing(&format!("{maker} {model}"), maker, model);
        phone.max_message = Some(30_000);
        world.lines.borrow_mut().clear();
        let session = phone.sync(&world).unwrap();
        let largest = largest(&session);
        assert_eq!(session.received, 150, "{model}");
        assert!(largest <= bytes_max && largest > bytes_max * 6 / 10, "{model}: {largest} of {bytes_max}");
        let said = world.lines.borrow().iter().any(|line| line.contains("treated as"));
        assert_eq!(said, bytes_max < 30_000, "{model}");
        // The second session knows the device from the first message on, whether it says who it is or not.
        (phone.slow, phone.devinf) = (true, false);
        phone.only().items.clear();
        let again = phone.sync(&world).unwrap();
        assert!(again.sizes.iter().all(|bytes| *bytes <= bytes_max), "{model}: {:?}", again.sizes);
    }
}

#[test]
fn message_percent_is_of_what_the_device_declares_and_taken_once() {
    let world = filled(150, 300);
    let mut nokia = posing("n", "Nokia", "6680");
    nokia.max_message = Some(20_000);
    let session = nokia.sync(&world).unwrap();
    assert_eq!(session.received, 150);
    assert!((10_000..=14_000).contains(&largest(&session)), "{}", largest(&session));
    // One that says it only once: what is kept in the session is what it said.
    let mut hand = Hand::new(&world, "1");
    hand.header.meta.max_message_bytes = Some(20_000);
    hand.say(vec![put(&nokia.devinf()), alert("201", "./C", "contacts", "", "1")], true);
    hand.header.meta.max_message_bytes = None;
    let mut sizes = vec![encode(&hand.say(vec![sync("contacts", Vec::new())], true), Encoding::Xml).len()];
    for _ in 0..3 {
        sizes.push(encode(&hand.say(vec![bare("222")], false), Encoding::Xml).len());
    }
    assert!(sizes.iter().all(|bytes| (13_000..=14_000).contains(bytes)), "{sizes:?}");
}

fn put(device: &DevInf) -> Command {
    let data = Some(Data::Device(Box::new(device.clone())));
    let item = Item { source: Some(Location::of("./devinf12")), data, ..Item::default() };
    Command::Put(Get { items: vec![item], ..Get::default() })
}

#[test]
fn deletes_per_message_max_is_95_for_a_siemens_s55() {
    let mut world = filled(250, 10);
    world.settings.syncml_quirks =
        r#"[{"when":{"model":"S55"},"then":{"message_bytes_max":null}}]"#.to_owned();
    let fewer = |model: &'static str| {
        let mut phone = posing(model, "Siemens", model);
        phone.sync(&world).unwrap();
        phone
    };
    let mut phones = [fewer("S55"), fewer("S65")];
    let mut a = Phone::contacts("again");
    a.sync(&world).unwrap();
    for luid in a.only().items.keys().cloned().collect::<Vec<_>>() {
        a.delete(&luid);
    }
    a.sync(&world).unwrap();
    let most = phones.each_mut().map(|phone| {
        let session = phone.sync(&world).unwrap();
        assert_eq!((session.received, phone.contents().len()), (250, 0));
        session.answers.iter().map(|answer| deletes(&answer.commands)).max().unwrap()
    });
    assert_eq!(most, [95, 250]);
}

fn deletes(commands: &[Command]) -> usize {
    let of = |command: &Command| match command {
        Command::Sync(sync) => deletes(&sync.commands),
        Command::Change(change) => usize::from(change.kind == ChangeKind::Delete),
        _ => 0,
    };
    commands.iter().map(of).sum()
}

#[test]
fn guid_bytes_max_is_255_for_a_synthesis_client_whatever_it_says() {
    let world = filled(3, 10);
    for (maker, lengths) in [("Synthesis AG", [8, 8, 8]), ("Test", [1, 1, 1])] {
        let mut phone = posing(maker, maker, "SySync Client PalmOS PRO");
        (phone.guid_bytes, phone.poses.guid_bytes, phone.forgets_maps) = (255, Some(2), true);
        phone.sync(&world).unwrap();
        let names: Vec<usize> = phone.only().maps.keys().map(String::len).collect();
        assert_eq!(names, lengths, "{maker}");
    }
}

#[test]
fn large_objects_are_kept_from_a_w890i_and_given_to_funambols() {
    let world = filled(1, 60_000);
    for (maker, model, says, takes) in [
        ("Sony Ericsson", "W890i", true, false),
        ("SonyEricsson", "W910i", true, true),
        ("Funambol", "Outlook Plug-in", false, true),
        ("Test", "Plug-in", false, false),
    ] {
        let mut phone = posing(model, maker, model);
        (phone.piece_bytes, phone.max_message, phone.poses.large_objects) =
            (15_000, Some(20_000), Some(says));
        let ask = Get {
            items: vec![Item { target: Some(Location::of("./devinf12")), ..Item::default() }],
            ..Get::default()
        };
        let session = phone.sync_with(&world, vec![Command::Get(ask)]).unwrap();
        assert_eq!((session.received > 0, session.pieces > 1), (takes, takes), "{model}");
        let ours = devinf_of(&session);
        assert_eq!(ours.large_objects, model != "W890i", "what it is told of us");
    }
}

fn devinf_of(session: &Session) -> DevInf {
    let results =
        session.answers.iter().flat_map(|answer| &answer.commands).find_map(|command| match command {
            Command::Results(results) => Some(results),
            _ => None,
        });
    match &results.unwrap().items[0].data {
        Some(Data::Device(device)) => (**device).clone(),
        other => panic!("no DevInf but {other:?}"),
    }
}

#[test]
fn no_error_items_go_to_nokias() {
    let world = filled(1, 10);
    for (maker, items) in [("Nokia", 0), ("Test", 1)] {
        let strange = Alert { code: "299".into(), items: vec![Item::default()], ..Alert::default() };
        let session = posing(maker, maker, "6280").sync_with(&world, vec![Command::Alert(strange)]).unwrap();
        let refused =
            session.answers.iter().flat_map(|answer| &answer.commands).find_map(|command| match command {
                Command::Status(status) if status.code == 406 => Some(status),
                _ => None,
            });
        assert_eq!(refused.unwrap().items.len(), items, "{maker}");
        assert_eq!(session.received, 1, "the rest goes on");
    }
}

#[test]
fn one_status_per_command_goes_to_a_p900() {
    let world = World::new(SqliteStore::new());
    for (model, codes) in [("P900", vec![415]), ("T610", vec![201, 415, 201])] {
        let mut phone = posing(model, "Sony Ericsson", model);
        let Command::Change(mut add) = change(ChangeKind::Add, "1", Some(&card(model, "")), "text/vcard")
        else {
            panic!()
        };
        for (luid, text) in [("2", "GIF89a".to_owned()), ("3", card(&format!("{model} too"), ""))] {
            let Command::Change(other) = change(ChangeKind::Add, luid, Some(&text), "text/vcard") else {
                panic!()
            };
            add.items.extend(other.items);
        }
        phone.instead = vec![Command::Change(add)];
        let session = phone.sync(&world).unwrap();
        assert_eq!(session.statuses_of("Add"), codes, "{model}");
    }
    assert_eq!(world.live("contacts").len(), 4, "what could be taken was");
}

#[test]
fn ignore_ctcap_lets_syncje_remove_what_it_does_not_list() {
    for (model, kept) in [("SyncJE for Outlook", false), ("Phone", true)] {
        let world = filled(1, 10);
        let mut phone = posing("b", "Nexthaus", model);
        phone.lacks = vec!["NOTE".into()];
        phone.sync(&world).unwrap();
        let luid = phone.find("Card 0");
        phone.edit(&luid, &card("Card 0", "TITLE:x\r\n"));
        phone.sync(&world).unwrap();
        let live = world.live("contacts").remove(0);
        assert!(live.contains("TITLE:x"));
        assert_eq!(live.contains("NOTE:"), kept, "{model}: {live}");
    }
}

#[test]
fn ctcap_is_whatever_the_rows_and_the_devices_own_settings_say() {
    let mut world = World::new(SqliteStore::new());
    world.settings.syncml_quirks =
        r#"[{"device":"Acme","when":{"user_agent":"*Acme*"},"then":{"ctcap":true}}]"#.to_owned();
    let lists = |world: &World<SqliteStore>, device: &str| {
        let ask = Get {
            items: vec![Item { target: Some(Location::of("./devinf12")), ..Item::default() }],
            ..Get::default()
        };
        let session = Phone::contacts(device).sync_with(world, vec![Command::Get(ask)]).unwrap();
        devinf_of(&session).datastores.iter().any(|store| !store.capabilities.is_empty())
    };
    assert!(!lists(&world, "a"));
    world.user_agent.set("The acme client/1.0");
    assert!(lists(&world, "a"));
    assert!(world.lines.borrow().iter().any(|line| line.contains("treated as Acme")));
    set_for(&world, "a", r#"{"quirks":{"ctcap":false}}"#);
    assert!(!lists(&world, "a"), "its own settings come last");
    assert!(lists(&world, "b"));
    world.user_agent.set("");
    assert!(!lists(&world, "b"));
    set_for(&world, "b", &PeerSettings { ctcap: true, ..PeerSettings::default() }.text());
    assert!(lists(&world, "b"));
}

#[test]
fn broken_quirks_of_the_operator_are_said_and_left_out() {
    let mut world = World::new(SqliteStore::new());
    let (mut a, _) = pair(&world);
    for (broken, said) in [
        ("not JSON", "SYNCML_QUIRKS: no list of quirks"),
        (
            r#"[{"when":{},"then":{"colour":1}},{"when":{},"then":{"message_bytes_max":1500}}]"#,
            "SYNCML_QUIRKS: quirk 1: unknown field `colour`",
        ),
    ] {
        world.settings.syncml_quirks = broken.to_owned();
        world.lines.borrow_mut().clear();
        a.slow = true;
        a.sync(&world).unwrap();
        let lines = world.lines.borrow();
        assert_eq!(lines.iter().filter(|line| line.contains(said)).count(), 1, "{lines:#?}");
    }
    world.settings.syncml_quirks.clear();
    set_for(&world, "a", r#"{"quirks":{"ctcap":"yes"}}"#);
    world.lines.borrow_mut().clear();
    a.sync(&world).unwrap();
    assert!(world.lines.borrow()[0].contains("its own quirks: invalid type"), "{}", world.lines.borrow()[0]);
}

#[test]
fn no_busy_keeps_101_from_clients_that_end_the_session_at_it() {
    for (maker, model, code) in [
        ("Synthesis AG", "Client", Err(Broken::Http(503))),
        ("Patrick Ohly", "SyncEvolution", Err(Broken::Http(503))),
        ("Test", "Phone", Ok(2)),
    ] {
        let world = losing(SqliteStore::new());
        let mut phone = posing("a", maker, model);
        phone.add(&card("Ada", ""));
        // The first message is challenged, the second begins the session.
        world.store.lose(3, 2);
        assert_eq!(phone.sync(&world).map(|session| session.busy), code, "{}", world.last_line());
    }
}

// --------------------------------------------------------------------------------------------------------------- the data

#[test]
fn every_row_is_read_names_its_device_and_every_switch_has_a_test() {
    let (rows, complaints) = quirk::rows(BUILT_IN);
    assert!(complaints.is_empty() && rows.len() > 10, "{complaints:?}");
    for row in &rows {
        assert!(!row.device.is_empty() && !row.why.is_empty() && !row.then.is_empty(), "{row:?}");
        let numbered = |number: &String| number.strip_prefix('P').is_some_and(|n| n.parse::<u8>().is_ok());
        assert!(row.section.iter().all(numbered), "{row:?}");
        assert_ne!(row.when, quirk::When::default(), "{} is everybody", row.device);
    }
    let switches = serde_json::to_value(Quirks::default()).unwrap();
    for switch in switches.as_object().unwrap().keys() {
        assert!(
            include_str!("quirks.rs").contains(&format!("#[test]\nfn {switch}_")),
            "{switch} has no test"
        );
        let documented = format!("| `{switch}` |");
        assert!(
            include_str!("../../docs/syncml.md").contains(&documented),
            "{switch} is not in docs/syncml.md"
        );
    }
}

#[test]
fn the_table_in_the_documentation_is_the_data() {
    let written = |switches: &serde_json::Map<String, serde_json::Value>| {
        switches.iter().map(|(name, value)| format!("`{name}` {value}")).collect::<Vec<_>>().join(", ")
    };
    let rows = quirk::rows(BUILT_IN).0;
    let lines = rows.iter().map(|row| {
        format!("| {} | {} | {} | {} |\n", row.device, row.section.join(", "), row.why, written(&row.then))
    });
    let table = format!(
        "| device | | why | what is done |\n| --- | --- | --- | --- |\n{}",
        lines.collect::<String>()
    );
    assert!(include_str!("../../docs/syncml.md").contains(&table), "docs/syncml.md lacks:\n{table}");
}
