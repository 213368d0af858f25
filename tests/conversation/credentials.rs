//! Credentials beyond the login: ours towards a device, those inside commands, and what a stranger can do to a nonce.

use crate::door::{ask, hello, statuses};
use crate::phone::Phone;
use crate::sqlite::SqliteStore;
use crate::world::{MemoryStore, World};
use anchorage::store::Policy;
use anchorage::syncml::codec::{Encoding, decode, encode};
use anchorage::syncml::credential::{self, BASIC, MD5};
use anchorage::syncml::device::SERVER_ID;
use anchorage::syncml::message::*;

fn basic() -> Option<Cred> {
    Some(credential::basic_cred("ann", "secret"))
}

fn status_of(message: u32, name: &str, reference: &str, code: u16, challenge: Option<Meta>) -> Command {
    Command::Status(Status {
        command_id: "1".into(),
        message_ref: message,
        command_ref: reference.into(),
        command: name.into(),
        code,
        challenge,
        ..Status::default()
    })
}

/// A message of a session under way that says what it thinks of our SyncHdr and our Alert.
fn thinks(message: u32, code: u16, challenge: Option<Meta>) -> Message {
    let mut next = hello("7", message, None);
    next.commands = vec![status_of(message - 1, "SyncHdr", "0", code, challenge)];
    if code >= 400 {
        next.commands.push(status_of(message - 1, "Alert", "3", code, None));
    }
    next
}

fn alerts(answer: &Message) -> Vec<String> {
    let alert = |command: &Command| match command {
        Command::Alert(alert) => Some(alert.code.clone()),
        _ => None,
    };
    answer.commands.iter().filter_map(alert).collect()
}

/// Whether the answer bears our digest for this nonce.
fn identifies(answer: &Message, nonce: &str) -> bool {
    let expected = credential::md5_cred(SERVER_ID, "secret", nonce.as_bytes(), Version::V11);
    answer.header.credential.as_ref() == Some(&expected)
        && answer.header.source.name.as_deref() == Some(SERVER_ID)
}

#[test]
fn a_device_that_asks_who_we_are_gets_package_2_again_with_a_digest() {
    let world = World::new(SqliteStore::new());
    let first = ask(&world, &hello("7", 1, basic()));
    assert_eq!((alerts(&first), first.header.credential), (vec!["201".to_owned()], None));
    let told = ask(&world, &thinks(2, 407, Some(credential::challenge(MD5, b"theirs"))));
    assert!(identifies(&told, "theirs"), "{told:?}");
    assert_eq!(alerts(&told), ["201"], "{}", world.last_line());
    assert!(told.last, "it is package 2 again");
    // Good for the session: nothing more is said, and package 3 is taken.
    let mut changes = thinks(3, 212, Some(credential::challenge(MD5, b"for next time")));
    let item = Item {
        source: Some(Location::of("1")),
        data: Some(Data::Bytes(b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:A;B\r\nEND:VCARD\r\n".to_vec())),
        ..Item::default()
    };
    changes.commands.push(sync(None, vec![add(None, item)]));
    let taken = ask(&world, &changes);
    assert_eq!(taken.header.credential, None);
    assert_eq!(world.live("contacts").len(), 1, "{}", world.last_line());
    // In its next session we say who we are without being asked, with the nonce it has given.
    let next = ask(&world, &hello("8", 1, basic()));
    assert!(identifies(&next, "for next time"), "{next:?}");
}

#[test]
fn credentials_that_are_refused_are_not_given_for_ever_and_a_password_never() {
    let world = World::new(SqliteStore::new());
    ask(&world, &hello("7", 1, basic()));
    for (message, nonce) in [(2, "a"), (3, "b")] {
        let told = ask(&world, &thinks(message, 401, Some(credential::challenge(MD5, nonce.as_bytes()))));
        assert!(identifies(&told, nonce));
        assert_eq!(alerts(&told), ["201"]);
    }
    let told = ask(&world, &thinks(4, 401, Some(credential::challenge(MD5, b"c"))));
    assert_eq!((told.header.credential, world.last_line().contains("does not take")), (None, true));
    for (session, challenge) in [("8", Some(credential::challenge(BASIC, b""))), ("9", None)] {
        ask(&world, &hello(session, 1, basic()));
        let mut asks = thinks(2, 407, challenge);
        asks.header.session_id = session.into();
        let told = ask(&world, &asks);
        assert_eq!(told.header.credential, None);
        assert!(world.last_line().contains("is not answered"), "{}", world.last_line());
    }
}

#[test]
fn a_datastore_that_wants_credentials_of_its_own_is_left_alone() {
    let world = World::new(SqliteStore::new());
    let mut phone = Phone::contacts("p");
    phone.sync(&world).unwrap();
    // Our alert is refused for the datastore, not the message: the session ends without a new anchor.
    let mut first = hello("7", 1, basic());
    first.header.source.uri = "p".into();
    let Command::Alert(alert) = &mut first.commands[0] else { panic!() };
    alert.items[0].meta.anchor = Some(Anchor { last: Some("a1".into()), next: Some("b".into()) });
    assert_eq!(statuses(&ask(&world, &first))[1].1, 200);
    let mut asks = thinks(2, 200, None);
    asks.header.source.uri = "p".into();
    let Command::Status(mut refused) =
        status_of(1, "Alert", "3", 407, Some(credential::challenge(MD5, b"n")))
    else {
        panic!()
    };
    refused.target_refs = vec!["./C".into()];
    asks.commands.extend([Command::Status(refused), sync(None, Vec::new())]);
    let told = ask(&world, &asks);
    assert_eq!(told.header.credential, None);
    assert!(
        world.last_line().contains("asks for credentials of its own for contacts"),
        "{}",
        world.last_line()
    );
    let mut end = thinks(3, 200, None);
    end.header.source.uri = "p".into();
    ask(&world, &end);
    // Its anchor is not known; the phone's own is.
    let session = phone.sync(&world).unwrap();
    assert_eq!(session.alerts, vec![("./C".into(), 200)], "{}", world.last_line());
}

fn sync(credential: Option<Cred>, commands: Vec<Command>) -> Command {
    let (target, source) = (Some(Location::of("./Contacts")), Some(Location::of("./C")));
    Command::Sync(Sync { command_id: "2".into(), credential, target, source, commands, ..Sync::default() })
}

fn add(credential: Option<Cred>, item: Item) -> Command {
    Command::Change(Change {
        kind: ChangeKind::Add,
        command_id: "3".into(),
        no_response: false,
        archive: false,
        soft_delete: false,
        credential,
        meta: Meta { media_type: Some("text/x-vcard".into()), ..Meta::default() },
        items: vec![item],
    })
}

fn card(name: &str) -> Item {
    let text = format!("BEGIN:VCARD\r\nVERSION:2.1\r\nN:{name}\r\nEND:VCARD\r\n");
    Item { source: Some(Location::of(name)), data: Some(Data::Bytes(text.into_bytes())), ..Item::default() }
}

#[test]
fn a_credential_inside_a_command_is_checked_and_a_wrong_one_bars_it() {
    let world = World::new(SqliteStore::new());
    let wrong = || Some(credential::basic_cred("ann", "guess"));
    let mut first = hello("7", 1, basic());
    let Command::Alert(alert) = &mut first.commands[0] else { panic!() };
    alert.credential = wrong();
    let refused = ask(&world, &first);
    assert_eq!(statuses(&refused), vec![("SyncHdr".into(), 212), ("Alert".into(), 401)]);
    let Command::Status(status) = &refused.commands[1] else { panic!() };
    assert_eq!(status.challenge.as_ref().unwrap().media_type.as_deref(), Some(BASIC));
    assert!(alerts(&refused).is_empty(), "the datastore is not opened");
    let Command::Alert(alert) = &mut first.commands[0] else { panic!() };
    alert.credential = basic();
    first.header.session_id = "8".into();
    let taken = ask(&world, &first);
    assert_eq!((statuses(&taken)[1].1, alerts(&taken)), (508, vec!["201".to_owned()]));
    // A Sync, and all that is in it.
    let mut changes = hello("8", 2, None);
    changes.last = false;
    changes.commands = vec![sync(wrong(), vec![add(None, card("One"))])];
    let codes = |answer: &Message| statuses(answer).into_iter().map(|(_, code)| code).collect::<Vec<_>>();
    assert_eq!(codes(&ask(&world, &changes)), [200, 401, 401]);
    assert!(world.live("contacts").is_empty());
    // One change among others.
    changes.header.message_id = 3;
    changes.commands = vec![sync(
        basic(),
        vec![add(None, card("Two")), add(wrong(), card("Three")), add(basic(), card("Four"))],
    )];
    assert_eq!(
        codes(&ask(&world, &changes)),
        [200, 200, 201, 401, 401],
        "after a wrong one none is looked at"
    );
    assert_eq!(world.live("contacts").len(), 1);
    // Others' names are no better, and unknown schemes are said to be that.
    changes.header.message_id = 4;
    changes.commands = vec![sync(Some(credential::basic_cred("bob", "secret")), Vec::new())];
    assert_eq!(codes(&ask(&world, &changes)), [200, 401]);
    changes.header.message_id = 5;
    let meta = Meta { media_type: Some("syncml:auth-securid".into()), ..Meta::default() };
    changes.commands = vec![sync(Some(Cred { meta, data: b"1".to_vec() }), Vec::new())];
    assert_eq!(codes(&ask(&world, &changes)), [200, 406]);
}

/// A message in a session is one try, and tries are counted as at the door.
#[test]
fn guessing_inside_a_session_is_slowed_down_as_outside() {
    let world = World::new(SqliteStore::new());
    ask(&world, &hello("7", 1, basic()));
    let mut changes = hello("7", 2, None);
    changes.last = false;
    for message in 2..12 {
        changes.header.message_id = message;
        let guess =
            |number: u32| add(Some(credential::basic_cred("ann", &format!("guess {number}"))), card("x"));
        changes.commands = vec![sync(None, (0..20).map(guess).collect())];
        ask(&world, &changes);
    }
    changes.header.message_id = 12;
    changes.commands = vec![sync(None, vec![add(basic(), card("Right"))])];
    assert_eq!(statuses(&ask(&world, &changes))[2].1, 401, "the eleventh try has to wait");
    assert!(world.last_line().contains("too many wrong passwords"), "{}", world.last_line());
    world.tick(600_000);
    changes.header.message_id = 13;
    assert_eq!(statuses(&ask(&world, &changes))[2].1, 201, "{}", world.last_line());
}

/// Whoever knows a device's name may knock in it as often as they like, whatever they say.
#[test]
fn strangers_do_not_spoil_a_devices_nonce() {
    let world = World::new(MemoryStore::new());
    world.add_account("bob", "other", Policy::Merge);
    let mut phone = Phone::notes("IMEI:1");
    phone.sync(&world).unwrap();
    for round in 0..30_u32 {
        let address = if round % 2 == 0 { "198.51.100.1" } else { "192.0.2.1" };
        *world.address.borrow_mut() = address.into();
        let cred = match round % 5 {
            0 => None,
            1 => Some(credential::basic_cred("ann", "guess")),
            2 => Some(credential::md5_cred("ann", "guess", b"", Version::V11)),
            3 => Some(credential::md5_cred("ann", "secret", &[round as u8; 9], Version::V11)),
            _ => Some(credential::basic_cred("bob", "other")),
        };
        let message = hello(&round.to_string(), 1, cred);
        let answer = world.post("", "application/vnd.syncml+xml", &encode(&message, Encoding::Xml));
        let code = statuses(&decode(&answer.body).unwrap().0)[0].1;
        assert_eq!(code, [407, 401, 401, 401, 212][round as usize % 5], "round {round}");
    }
    *world.address.borrow_mut() = "192.0.2.7".into();
    assert_eq!(
        phone.sync(&world).unwrap().header,
        vec![212, 200, 200],
        "the nonce of its last session is good"
    );
    // A stranger's challenge is the device's own: whoever asks in these ten minutes is told the same.
    let asked = |phone: &mut Phone| {
        phone.nonce.clear();
        phone.sync(&world).unwrap();
    };
    let nonce = |device: &str| {
        let mut message = hello("x", 1, None);
        message.header.source.uri = device.into();
        let answer = world.post("", "application/vnd.syncml+xml", &encode(&message, Encoding::Xml));
        let Command::Status(status) = &decode(&answer.body).unwrap().0.commands[0] else { panic!() };
        credential::nonce(status.challenge.as_ref().unwrap()).into_owned()
    };
    let before = nonce("IMEI:1");
    asked(&mut phone);
    assert_eq!(nonce("IMEI:1"), before);
    assert_ne!(nonce("IMEI:2"), before);
    // And the nonce given with its last 212 is kept over months.
    world.tick(80 * 24 * 3_600_000);
    assert_eq!(phone.sync(&world).unwrap().header[0], 212);
}
