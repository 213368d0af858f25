//! Who gets in, and what becomes of messages that belong to no session.

use crate::faults::Meanwhile;
use crate::house::now;
use crate::phone::{Broken, Phone};
use crate::sqlite::SqliteStore;
use crate::world::{MemoryStore, World};
use anchorage::store::Policy;
use anchorage::syncml::codec::{Encoding, decode, encode};
use anchorage::syncml::credential;
use anchorage::syncml::message::*;
use std::cell::{Cell, RefCell};

#[test]
fn a_wrong_password_is_refused_and_a_right_one_within_ten_tries_gets_in() {
    let world = World::new(MemoryStore::new());
    let mut phone = Phone::notes("a");
    phone.password = "wrong".into();
    phone.md5 = false;
    for _ in 0..4 {
        assert_eq!(phone.sync(&world).unwrap_err(), Broken::Refused(401));
    }
    phone.password = "secret".into();
    phone.sync(&world).unwrap();
    phone.password = "wrong".into();
    for _ in 0..8 {
        assert_eq!(phone.sync(&world).unwrap_err(), Broken::Refused(401));
    }
    phone.password = "secret".into();
    assert_eq!(phone.sync(&world).unwrap_err(), Broken::Refused(401), "slowed down");
    world.tick(600_000);
    phone.sync(&world).unwrap();
}

#[test]
fn digests_of_the_empty_nonce_are_challenged_and_never_counted() {
    let world = World::new(MemoryStore::new());
    for _ in 0..15 {
        let mut phone = Phone::notes("a");
        let session = phone.sync(&world).unwrap();
        assert_eq!(session.header, vec![401, 212, 200, 200]);
    }
    let mut phone = Phone::notes("b");
    phone.sync(&world).unwrap();
    assert_eq!(
        phone.sync(&world).unwrap().header,
        vec![212, 200, 200],
        "the nonce of the last session is good"
    );
}

pub fn hello(session: &str, message: u32, cred: Option<Cred>) -> Message {
    let mut source = Location::of("IMEI:1");
    source.name = Some("ann".into());
    Message {
        header: Header {
            dtd: "1.1".into(),
            protocol: "SyncML/1.1".into(),
            session_id: session.into(),
            message_id: message,
            target: Location::of("http://h/syncml"),
            source,
            credential: cred,
            ..Header::default()
        },
        commands: vec![Command::Alert(Alert {
            command_id: "1".into(),
            code: "200".into(),
            items: vec![Item {
                target: Some(Location::of("./Contacts")),
                source: Some(Location::of("./C")),
                meta: Meta { anchor: Some(Anchor { last: None, next: Some("1".into()) }), ..Meta::default() },
                ..Item::default()
            }],
            ..Alert::default()
        })],
        last: true,
    }
}

pub fn ask(world: &World<SqliteStore>, message: &Message) -> Message {
    let response = world.post("", "application/vnd.syncml+xml", &encode(message, Encoding::Xml));
    assert_eq!(response.status, 200);
    decode(&response.body).unwrap().0
}

pub fn statuses(message: &Message) -> Vec<(String, u16)> {
    let status = |command: &Command| match command {
        Command::Status(status) => Some((status.command.clone(), status.code)),
        _ => None,
    };
    message.commands.iter().filter_map(status).collect()
}

#[test]
fn without_credentials_every_command_is_407_with_a_challenge_and_nothing_else() {
    let world = World::new(SqliteStore::new());
    let answer = ask(&world, &hello("1", 1, None));
    assert_eq!(statuses(&answer), vec![("SyncHdr".into(), 407), ("Alert".into(), 407)]);
    assert_eq!(answer.commands.len(), 2);
    let Command::Status(status) = &answer.commands[0] else { panic!() };
    let challenge = status.challenge.as_ref().unwrap();
    assert_eq!(challenge.media_type.as_deref(), Some(credential::MD5));
    let cred = credential::md5_cred("ann", "secret", &credential::nonce(challenge), Version::V11);
    let answer = ask(&world, &hello("1", 2, Some(cred)));
    assert_eq!(statuses(&answer), vec![("SyncHdr".into(), 212), ("Alert".into(), 508)]);
    let Command::Status(status) = &answer.commands[0] else { panic!() };
    assert_eq!(
        (&status.target_refs, &status.source_refs),
        (&vec!["http://h/syncml".into()], &vec!["IMEI:1".into()])
    );
    // Others keep MsgID 1, and one says two versions at once.
    let mut again = hello("2", 1, None);
    assert_eq!(statuses(&ask(&world, &again))[0].1, 407);
    again = hello("2", 1, Some(credential::basic_cred("ann", "secret")));
    again.header.dtd = "1.2".into();
    let answer = ask(&world, &again);
    assert_eq!((statuses(&answer)[0].1, answer.header.dtd.as_str()), (212, "1.1"));
}

#[test]
fn a_session_is_known_by_device_id_and_address_only_together() {
    let world = World::new(SqliteStore::new());
    let cred = || Some(credential::basic_cred("ann", "secret"));
    ask(&world, &hello("7", 1, cred()));
    let mut next = hello("7", 2, None);
    next.commands.clear();
    assert_eq!(statuses(&ask(&world, &next)), vec![("SyncHdr".into(), 200)], "the base URL will do");
    *world.address.borrow_mut() = "198.51.100.1".into();
    next.header.message_id = 3;
    assert_eq!(statuses(&ask(&world, &next)), vec![("SyncHdr".into(), 407)], "a stranger needs credentials");
    *world.address.borrow_mut() = "192.0.2.1".into();
    world.tick(3_600_000);
    assert_eq!(statuses(&ask(&world, &next)), vec![("SyncHdr".into(), 407)], "an old session is over");
}

#[test]
fn another_message_under_an_answered_id_is_refused_and_message_1_begins_anew() {
    let world = World::new(SqliteStore::new());
    let cred = || Some(credential::basic_cred("ann", "secret"));
    ask(&world, &hello("7", 1, cred()));
    let mut next = hello("7", 2, None);
    next.commands.clear();
    next.last = false;
    ask(&world, &next);
    next.commands =
        vec![Command::Alert(Alert { command_id: "1".into(), code: "222".into(), ..Alert::default() })];
    assert_eq!(statuses(&ask(&world, &next)), vec![("SyncHdr".into(), 400), ("Alert".into(), 400)]);
    // The session goes on all the same.
    next.header.message_id = 3;
    assert_eq!(statuses(&ask(&world, &next))[0].1, 200);
    // A copy of message 1 that was late on its way ends nothing.
    assert_eq!(
        statuses(&ask(&world, &hello("7", 1, cred()))),
        vec![("SyncHdr".into(), 400), ("Alert".into(), 400)]
    );
    next.header.message_id = 4;
    assert_eq!(statuses(&ask(&world, &next))[0].1, 200);
    let mut other = hello("7", 1, cred());
    other.commands.clear();
    assert_eq!(statuses(&ask(&world, &other))[0].1, 212, "another message 1 is no copy");
    ask(&world, &hello("7", 1, cred()));
    next.header.message_id = 2;
    ask(&world, &next);
    // The device always uses session 7: it begins anew, with message 1, or with a retry after a challenge.
    world.tick(60_000);
    assert_eq!(statuses(&ask(&world, &hello("7", 1, cred())))[0].1, 212);
    assert_eq!(statuses(&ask(&world, &hello("7", 2, None)))[1].0, "Alert");
    assert_eq!(
        statuses(&ask(&world, &hello("7", 2, cred()))),
        vec![("SyncHdr".into(), 212), ("Alert".into(), 508)]
    );
}

#[test]
fn versions_nobody_speaks_are_refused_with_the_ones_we_do() {
    let world = World::new(SqliteStore::new());
    let mut message = hello("1", 1, Some(credential::basic_cred("ann", "secret")));
    message.header.protocol = "SyncML/9.9".into();
    let answer = ask(&world, &message);
    assert_eq!(statuses(&answer)[0].1, 513);
    let Command::Status(status) = &answer.commands[0] else { panic!() };
    assert_eq!(status.items[0].data.as_ref().unwrap().bytes(), b"SyncML/1.0, SyncML/1.1, SyncML/1.2");
    message.header.protocol = "SyncML/1.1".into();
    message.header.dtd = "7".into();
    assert_eq!(statuses(&ask(&world, &message))[0].1, 505);
    message.header.dtd = "1.1".into();
    message.header.protocol = "FOO/1.1".into();
    assert_eq!(statuses(&ask(&world, &message))[0].1, 513);
}

#[test]
fn a_scheme_we_do_not_offer_is_406_and_names_itself() {
    let world = World::new(SqliteStore::new());
    let cred = Cred {
        meta: Meta { media_type: Some("syncml:auth-securid".into()), ..Meta::default() },
        data: b"123".to_vec(),
    };
    let answer = ask(&world, &hello("1", 1, Some(cred)));
    assert_eq!(statuses(&answer)[0].1, 406);
}

#[test]
fn one_accounts_devices_never_see_anothers_records() {
    let world = World::new(SqliteStore::new());
    world.add_account("bob", "other", Policy::Merge);
    let (mut ann, mut bob) = (Phone::notes("same-device"), Phone::notes("same-device"));
    (bob.user, bob.password) = ("bob".into(), "other".into());
    ann.add("ann's note");
    bob.add("bob's note");
    ann.sync(&world).unwrap();
    bob.sync(&world).unwrap();
    ann.sync(&world).unwrap();
    bob.sync(&world).unwrap();
    assert_eq!(
        (ann.contents(), bob.contents()),
        (vec!["ann's note".to_owned()], vec!["bob's note".to_owned()])
    );
}

/// Two households behind one address, each with a phone that calls itself by the maker's name and ignores `RespURI`.
#[test]
fn a_session_that_could_be_two_accounts_is_nobodys() {
    for before in 1..=4 {
        let world = World::new(SqliteStore::new());
        world.add_account("bob", "other", Policy::Merge);
        let (mut ann, mut bob) = (Phone::notes("same-device"), Phone::notes("same-device"));
        (ann.stubborn, ann.per_message) = (true, 1);
        (bob.user, bob.password, bob.stubborn) = ("bob".into(), "other".into(), true);
        for name in ["ann's note", "ann's other note"] {
            ann.add(name);
        }
        let happens = RefCell::new(|| drop(bob.sync(&world)));
        let wire = Meanwhile { world: &world, before, sent: Cell::new(0), happens };
        let ended = now(ann.converse(&wire)).map(drop);
        assert!(matches!(ended, Ok(()) | Err(Broken::Refused(407))), "before {before}: {ended:?}");
        assert_eq!(world.records_of("bob", "notes"), [], "before {before}");
        ann.sync(&world).unwrap();
        assert_eq!(world.records_of("ann", "notes").len(), 2, "before {before}");
        assert!(bob.contents().is_empty(), "before {before}");
    }
}

#[test]
fn a_digest_that_is_repeated_in_every_message_does_not_end_the_session() {
    let world = World::new(SqliteStore::new());
    let mut phone = Phone::notes("a");
    phone.sync(&world).unwrap();
    phone.always_signs_in = true;
    // The nonce of the last session is good for one message: the next one is given with its answer.
    assert_eq!(phone.sync(&world).unwrap().header, vec![212, 200, 200], "{:#?}", world.lines.borrow());
}

#[test]
fn a_wrong_digest_from_elsewhere_enters_no_session() {
    let world = World::new(SqliteStore::new());
    ask(&world, &hello("7", 1, Some(credential::basic_cred("ann", "secret"))));
    let mut next = hello("7", 2, Some(credential::md5_cred("ann", "wrong", b"nonce", Version::V11)));
    next.commands.clear();
    *world.address.borrow_mut() = "198.51.100.1".into();
    assert_eq!(statuses(&ask(&world, &next)), vec![("SyncHdr".into(), 401)]);
    // Whoever could go on without a digest may go on with a stale one.
    *world.address.borrow_mut() = "192.0.2.1".into();
    assert_eq!(statuses(&ask(&world, &next)), vec![("SyncHdr".into(), 200)]);
}

#[test]
fn credentials_that_are_broken_are_challenged() {
    let world = World::new(SqliteStore::new());
    let cred = |scheme: Option<&str>, data: &str| {
        let meta = Meta { media_type: scheme.map(str::to_owned), ..Meta::default() };
        Some(Cred { meta, data: data.as_bytes().to_vec() })
    };
    let md5 = Some(credential::MD5);
    let mut message = hello("1", 1, None);
    for (cred, code, scheme) in [
        (cred(None, ""), 401, credential::MD5),
        (cred(Some(credential::BASIC), "no base64"), 401, credential::MD5),
        (cred(Some(credential::BASIC), "YW5uOndyb25n"), 401, credential::BASIC),
        (cred(md5, "c2hvcnQ="), 401, credential::MD5),
        (cred(md5, "Zz6EivR3yeaaENcRN6lpAQ=="), 401, credential::MD5),
        (cred(Some("syncml:auth-MAC"), "x"), 401, credential::MD5),
        (cred(Some("syncml:auth-x509"), "x"), 406, credential::MD5),
    ] {
        message.header.credential = cred;
        let answer = ask(&world, &message);
        assert_eq!(statuses(&answer), vec![("SyncHdr".into(), code), ("Alert".into(), code)]);
        assert!(answer.last && answer.commands.len() == 2, "nothing but statuses");
        let Command::Status(status) = &answer.commands[0] else { panic!() };
        let challenge = status.challenge.as_ref().unwrap();
        assert_eq!(challenge.media_type.as_deref(), Some(scheme));
        assert_eq!(challenge.next_nonce.is_some(), scheme == credential::MD5);
    }
    // A digest hides whose it is: without LocName nobody is meant.
    message.header.credential = cred(md5, "Zz6EivR3yeaaENcRN6lpAQ==");
    message.header.source.name = None;
    assert_eq!(statuses(&ask(&world, &message))[0].1, 401);
    // For Basic the LocName may be the name of the device.
    message.header.credential = Some(credential::basic_cred("ann", "secret"));
    message.header.source.name = Some("My phone".into());
    assert_eq!(statuses(&ask(&world, &message))[0].1, 212);
}

#[test]
fn the_newest_session_of_a_device_is_the_one_that_lives() {
    let world = World::new(SqliteStore::new());
    let cred = || Some(credential::basic_cred("ann", "secret"));
    ask(&world, &hello("7", 1, cred()));
    ask(&world, &hello("8", 1, cred()));
    let mut next = hello("7", 2, None);
    next.commands.clear();
    assert_eq!(statuses(&ask(&world, &next)), vec![("SyncHdr".into(), 407)]);
    next.header.session_id = "8".into();
    next.header.message_id = 5;
    assert_eq!(
        statuses(&ask(&world, &next)),
        vec![("SyncHdr".into(), 200)],
        "gaps in MsgID are none of ours"
    );
}

#[test]
fn a_session_that_is_named_by_its_url_may_move_and_keeps_its_version() {
    let world = World::new(SqliteStore::new());
    let answer = ask(&world, &hello("7", 1, Some(credential::basic_cred("ann", "secret"))));
    let url = answer.header.respond_to.clone().unwrap();
    *world.address.borrow_mut() = "198.51.100.1".into();
    let mut next = hello("7", 2, None);
    next.commands.clear();
    // Some devices say the RespURI in the header too.
    next.header.target.uri = url.clone();
    let mut say = |number: u32, url: &str, version: &str| {
        next.header.message_id = number;
        (next.header.dtd, next.header.protocol) = (version.into(), format!("SyncML/{version}"));
        let response = world.post(url, "application/vnd.syncml+xml", &encode(&next, Encoding::Xml));
        let (answer, _) = decode(&response.body).unwrap();
        (statuses(&answer)[0].1, answer.header.respond_to)
    };
    assert_eq!(say(2, &url, "1.1"), (200, Some(url.clone())));
    *world.address.borrow_mut() = "203.0.113.1".into();
    assert_eq!(say(3, &format!("{url}x"), "1.1").0, 407, "another token says nothing");
    assert_eq!(say(3, &url, "1.2").0, 407, "the version is fixed");
    assert_eq!(say(3, &url, "1.1").0, 200, "and the session lives");
}

#[test]
fn a_copy_of_any_message_of_a_device_that_always_signs_in_ends_nothing() {
    let world = World::new(SqliteStore::new());
    let cred = || Some(credential::basic_cred("ann", "secret"));
    ask(&world, &hello("7", 1, cred()));
    let mut next = hello("7", 2, cred());
    (next.commands, next.last) = (Vec::new(), false);
    let mut said = Vec::new();
    for number in 2..6 {
        next.header.message_id = number;
        next.commands =
            vec![Command::Alert(Alert { command_id: "1".into(), code: "222".into(), ..Alert::default() })];
        assert_eq!(statuses(&ask(&world, &next))[0].1, 212);
        said.push(next.clone());
    }
    said.pop();
    for late in said {
        assert_eq!(statuses(&ask(&world, &late))[0].1, 400);
    }
    next.header.message_id = 6;
    next.header.credential = None;
    assert_eq!(statuses(&ask(&world, &next))[0].1, 200);
}

#[test]
fn a_login_for_local_development_is_refused_elsewhere() {
    use anchorage::store::{Batch, Edit, Login, Store};
    let mut world = World::new(MemoryStore::new());
    let sealed = world.settings.sealer.as_ref().unwrap().seal("demo", "demo", [1; 32]);
    let account = anchorage::record::AccountId("account-ann".into());
    let login = Login { name: "demo".into(), account: account.clone(), sealed, local: true };
    let batch = Batch { account, edits: vec![Edit::PutLogin(login)], ..Batch::default() };
    now(world.store.commit(&batch)).unwrap();
    let mut phone = Phone::notes("a");
    (phone.user, phone.password) = ("demo".into(), "demo".into());
    assert_eq!(phone.sync(&world).unwrap_err(), Broken::Refused(401));
    world.settings.local = true;
    phone.sync(&world).unwrap();
}

#[test]
fn without_a_worker_secret_nobody_signs_in_and_the_log_says_why() {
    let mut world = World::new(MemoryStore::new());
    world.settings.sealer = None;
    assert_eq!(Phone::notes("a").sync(&world).unwrap_err(), Broken::Refused(401));
    assert!(world.last_line().contains("ANCHORAGE_SECRET"), "{}", world.last_line());
}

#[test]
fn names_that_are_none_or_too_long_are_refused_before_they_become_keys() {
    let world = World::new(SqliteStore::new());
    let cred = || Some(credential::basic_cred("ann", "secret"));
    let mut nameless = hello("1", 1, cred());
    nameless.header.source.uri = " \0".into();
    assert_eq!(statuses(&ask(&world, &nameless)), vec![("SyncHdr".into(), 400), ("Alert".into(), 400)]);
    let mut long = hello("1", 1, cred());
    long.header.source.uri = "x".repeat(256);
    assert_eq!(statuses(&ask(&world, &long))[0].1, 400);
    assert_eq!(statuses(&ask(&world, &hello(&"7".repeat(256), 1, cred())))[0].1, 400);
    let unknown = Some(credential::basic_cred("nobody", "guess"));
    assert_eq!(statuses(&ask(&world, &hello("1", 1, unknown)))[0].1, 401);
    let line = world.last_line();
    assert!(line.contains("; 1 batches,"), "it is read who that is, and nothing is written: {line}");
}

#[test]
fn a_device_that_signs_in_with_every_message_may_take_several_for_package_1() {
    let world = World::new(SqliteStore::new());
    let cred = || Some(credential::basic_cred("ann", "secret"));
    let mut first = hello("7", 1, cred());
    first.last = false;
    ask(&world, &first);
    let mut second = hello("7", 2, cred());
    let Command::Alert(alert) = &mut second.commands[0] else { panic!() };
    alert.items[0].target = Some(Location::of("./notes"));
    ask(&world, &second);
    let mut changes = hello("7", 3, cred());
    let sync = |target: &str| {
        let (target, source) = (Some(Location::of(target)), Some(Location::of("./C")));
        Command::Sync(Sync { command_id: "1".into(), target, source, ..Sync::default() })
    };
    changes.commands = vec![sync("./contacts"), sync("notes")];
    let codes: Vec<u16> = statuses(&ask(&world, &changes)).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, vec![212, 200, 200]);
    // Another message under an answered number is none that could begin a session.
    changes.commands.pop();
    assert_eq!(statuses(&ask(&world, &changes)), vec![("SyncHdr".into(), 400), ("Sync".into(), 400)]);
}
