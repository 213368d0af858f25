//! Package 0 in both versions: bytes exact, digests checked, nothing hostile believed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use anchorage::syncml::codec::{Encoding, decode, encode};
use anchorage::syncml::credential;
use anchorage::syncml::device::SERVER_ID;
use anchorage::syncml::message::{Command, Version};
use anchorage::syncml::notification::{self, Malformed, Notification, UiMode, Wanted, message};

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

fn wanted(code: u16, media_type: &str, server: &str) -> Wanted {
    Wanted { code, media_type: media_type.into(), server: server.into(), client: String::new() }
}

/// The example of DS 1.2 section 12.5.
fn example() -> Notification {
    Notification {
        session_id: 1,
        server_id: "sync.server.com".into(),
        ui: UiMode::Background,
        by_server: true,
        syncs: vec![wanted(206, "text/x-vcard", "/con")],
        vendor: Vec::new(),
    }
}

const EXAMPLE: &str =
    "03 18 00 00 00 00 01 0F 73 79 6E 63 2E 73 65 72 76 65 72 2E 63 6F 6D 10 60 00 00 07 04 2F 63 6F 6E";
const DIGEST: &str = "76 B2 99 41 42 68 3A 93 2C 8C FA 4B 44 1A 57 E8";

#[test]
fn the_example_of_the_specification_comes_out_to_the_byte() {
    let package = notification::package(&example(), "secret", b"Nonce").unwrap();
    assert_eq!(package, [bytes(DIGEST), bytes(EXAMPLE)].concat());
    assert_eq!(notification::read(&package), Ok(example()));
    assert!(notification::is_binary(&package));
    assert!(notification::is_genuine(&package, "secret", b"Nonce"));
    assert!(!notification::is_genuine(&package, "secret", b"nonce"));
    assert!(!notification::is_genuine(&package, "Secret", b"Nonce"));
    for at in 0..package.len() {
        let mut forged = package.clone();
        forged[at] ^= 1;
        assert!(!notification::is_genuine(&forged, "secret", b"Nonce"), "bit at byte {at}");
    }
}

#[test]
fn every_field_has_its_bits() {
    let codes = [206, 207, 208, 209, 210];
    for (at, ui) in [UiMode::Unspecified, UiMode::Background, UiMode::Informative, UiMode::Interactive]
        .into_iter()
        .enumerate()
    {
        for by_server in [false, true] {
            let sent = Notification { ui, by_server, session_id: 0xA5C3, vendor: vec![1, 2], ..example() };
            let package = notification::package(&sent, "", b"").unwrap();
            assert_eq!(package[17], u8::try_from(at << 4).unwrap() | u8::from(by_server) << 3);
            assert_eq!(package[18..23], [0, 0, 0, 0xA5, 0xC3]);
            assert_eq!(notification::read(&package), Ok(sent));
        }
    }
    let syncs = codes.map(|code| wanted(code, "text/calendar", &format!("./{code}"))).to_vec();
    let sent = Notification { syncs, ..example() };
    let package = notification::package(&sent, "", b"").unwrap();
    assert_eq!(package[16 + 23], 0x50);
    assert_eq!(package[16 + 24..16 + 28], [0x60, 0x00, 0x03, 0x05]);
    assert_eq!(notification::read(&package), Ok(sent));
    // No sync means all; a media type without a number is left unspecified; what is for the future is not looked at.
    let all = Notification { syncs: Vec::new(), session_id: 0, ..example() };
    assert_eq!(notification::read(&notification::package(&all, "", b"").unwrap()), Ok(all));
    let odd = Notification { syncs: vec![wanted(206, "text/x-vnote", "./notes")], ..example() };
    let mut package = notification::package(&odd, "", b"").unwrap();
    package[18] = 0xFF;
    assert_eq!(notification::read(&package).unwrap().syncs[0].media_type, "");
}

#[test]
fn what_cannot_be_said_is_not_written() {
    let long = "x".repeat(256);
    let many = vec![wanted(206, "", "c"); 16];
    for broken in [
        Notification { server_id: long.clone(), ..example() },
        Notification { syncs: vec![wanted(206, "", &long)], ..example() },
        Notification { syncs: many, ..example() },
        Notification { syncs: vec![wanted(200, "", "c")], ..example() },
        Notification { syncs: vec![wanted(211, "", "c")], ..example() },
        Notification { syncs: vec![wanted(0, "", "c")], ..example() },
    ] {
        assert!(notification::package(&broken, "", b"").is_err(), "{broken:?}");
    }
    let most =
        Notification { server_id: "x".repeat(255), syncs: vec![wanted(206, "", "c"); 15], ..example() };
    assert_eq!(notification::read(&notification::package(&most, "", b"").unwrap()), Ok(most));
}

#[test]
fn hostile_bytes_are_refused_and_never_more() {
    let whole = [bytes(DIGEST), bytes(EXAMPLE)].concat();
    for length in 0..whole.len() {
        assert!(notification::read(&whole[..length]).is_err(), "{length} bytes");
        assert!(!notification::is_genuine(&whole[..length], "secret", b"Nonce"));
    }
    let with = |at: usize, byte: u8| {
        let mut changed = whole.clone();
        changed[at] = byte;
        notification::read(&changed)
    };
    assert_eq!(with(16, 0x02), Err(Malformed("another version than 1.2")));
    assert!(with(23, 0xFF).is_err(), "a server's name longer than the package");
    assert!(with(24, 0xFF).is_err(), "a name that is not UTF-8");
    for nibble in [0x00, 0x50, 0xB0, 0xF0] {
        assert!(with(16 + 24, nibble).is_err(), "{nibble:x}");
    }
    // Anything at all: no panic, and what is read can be written again.
    let mut state = 7_u32;
    for _ in 0..20_000 {
        let mut noise = whole.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (state >> 8) as usize % noise.len();
            noise[at] = (state >> 24) as u8;
        }
        if let Ok(read) = notification::read(&noise) {
            assert_eq!(notification::read(&notification::package(&read, "p", b"n").unwrap()), Ok(read));
        }
    }
}

#[test]
fn the_message_of_1_1_goes_there_and_back() {
    let sent = Notification {
        session_id: 4711,
        server_id: "https://sync.example/syncml".into(),
        by_server: true,
        syncs: vec![
            Wanted { client: "./C:Contacts.cdb".into(), ..wanted(206, "text/x-vcard", "./contacts") },
            wanted(210, "text/x-vcalendar", "./cal"),
        ],
        ..Notification::default()
    };
    for version in [Version::V10, Version::V11] {
        let cred = credential::md5_cred(SERVER_ID, "secret", b"theirs", version);
        let written = message::write(&sent, version, "IMEI:1", Some(cred.clone()));
        assert!(written.last && written.header.message_id == 1);
        for encoding in [Encoding::Xml, Encoding::Wbxml] {
            let bytes = encode(&written, encoding);
            assert!(!notification::is_binary(&bytes));
            let (came, _) = decode(&bytes).unwrap();
            assert_eq!(message::read(&came), Some(sent.clone()));
            let header = &came.header;
            assert_eq!(
                (header.protocol.as_str(), header.target.uri.as_str()),
                (version.protocol(), "IMEI:1")
            );
            assert_eq!(header.credential.as_ref().map(|cred| &cred.data), Some(&cred.data));
            assert_eq!(header.source.name.as_deref(), Some(SERVER_ID));
            let codes: Vec<&str> = came
                .commands
                .iter()
                .map(|command| match command {
                    Command::Alert(alert) => alert.code.as_str(),
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(codes, ["206", "210"]);
        }
    }
    let bare = message::write(&sent, Version::V11, "IMEI:1", None);
    assert_eq!((&bare.header.credential, &bare.header.source.name), (&None, &None));
    let mut other = bare.clone();
    let Command::Alert(alert) = &mut other.commands[0] else { panic!() };
    alert.code = "200".into();
    assert_eq!(message::read(&other).unwrap().syncs.len(), 1, "200 is no server's to ask");
    other.commands.clear();
    assert_eq!(message::read(&other), None);
}

#[test]
fn a_session_is_known_by_its_number_however_it_is_spelt() {
    for spelt in ["4711", " 4711", "1267", "04711", "1267 ", "001267"] {
        assert!(notification::names_session(4711, spelt), "{spelt}");
    }
    assert!(notification::names_session(0xABCD, "aBcD") && notification::names_session(0xABCD, "43981"));
    for other in ["", "0", "4712", "-4711", "s4711", "65536", "４７１１"] {
        assert!(!notification::names_session(4711, other), "{other}");
    }
}
