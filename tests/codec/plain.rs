//! Messages as plain objects, and in words.

use super::everything::{full_device, message};
use super::{Version, decode, header};
use anchorage::syncml::codec::{Encoding, decode_device, encode, encode_device};
use anchorage::syncml::explain::{explain, explain_device, explain_notification};
use anchorage::syncml::message::*;
use anchorage::syncml::notification::{self, Notification, Wanted};
use anchorage::syncml::plain;
use serde_json::json;

fn message_with(commands: Vec<Command>) -> Message {
    Message { header: header(Version::V12), commands, last: true }
}

#[test]
fn a_message_in_which_nothing_is_missing_is_the_same_after_it_was_plain() {
    let message = message();
    let object = plain::plain(&message);
    let text = object.to_string();
    assert_eq!(plain::message(serde_json::from_str(&text).unwrap()).unwrap(), message);
    assert!(!text.contains('_'), "names are in camelCase: {text}");
    assert!(!text.contains("null") && !text.contains("false") && !text.contains("[]"), "{text}");
}

#[test]
fn what_is_there_and_empty_stays_there() {
    let mut odd = message_with(vec![
        Command::Status(Status { challenge: Some(Meta::default()), ..Status::default() }),
        Command::Status(Status {
            items: vec![Item { data: Some(Data::Anchor(Anchor::default())), ..Item::default() }],
            ..Status::default()
        }),
        Command::Change(Change {
            items: vec![Item { data: Some(Data::Bytes(Vec::new())), ..Item::default() }],
            ..Change::default()
        }),
    ]);
    odd.header.meta.anchor = Some(Anchor { last: Some(String::new()), next: None });
    odd.header.meta.next_nonce = Some(vec![0xFF, 0xFE]);
    assert_eq!(plain::message(plain::plain(&odd)).unwrap(), odd);
}

#[test]
fn a_command_says_which_it_is_and_bytes_are_text_where_they_are() {
    let change = |kind, data: &[u8]| {
        let item = Item { data: Some(Data::Bytes(data.to_vec())), ..Item::default() };
        Command::Change(Change { kind, command_id: "3".into(), items: vec![item], ..Change::default() })
    };
    let object = plain::plain(&message_with(vec![
        change(ChangeKind::Replace, b"caf\xc3\xa9"),
        change(ChangeKind::Add, &[0xE9]),
    ]));
    assert_eq!(
        object["commands"],
        json!([
            { "command": "Replace", "id": "3", "items": [{ "data": "café" }] },
            { "command": "Add", "id": "3", "items": [{ "data": { "base64": "6Q==" } }] },
        ])
    );
}

#[test]
fn what_is_no_message_is_refused_in_words() {
    for wrong in [
        json!(1),
        json!({ "commands": [{ "command": "Letter" }] }),
        json!({ "commands": [{ "id": "1" }] }),
        json!({ "header": { "messageId": -1 } }),
        json!({ "header": { "meta": { "nextNonce": { "base64": "*" } } } }),
        json!({ "commands": [{ "command": "Add", "items": [{ "data": 5 }] }] }),
    ] {
        assert!(!plain::message(wrong.clone()).unwrap_err().is_empty(), "{wrong}");
    }
    let deep = (0..200).fold(json!({}), |inner, _| json!({ "command": "Atomic", "commands": [inner] }));
    assert!(plain::message(json!({ "commands": [deep] })).is_err(), "an Atomic in an Atomic without end");
}

#[test]
fn a_devinf_stands_alone_in_both_encodings_and_as_an_object() {
    for version in ["1.0", "1.1", "1.2"] {
        let device = full_device(version);
        for encoding in [Encoding::Xml, Encoding::Wbxml] {
            let (again, told) = decode_device(&encode_device(&device, encoding)).unwrap();
            assert_eq!((again, told), (device.clone(), encoding), "{version}");
        }
        assert_eq!(plain::device(plain::plain_device(&device)).unwrap(), device);
        assert!(!plain::plain_device(&device).to_string().contains('_'));
        assert!(explain_device(&device).lines.len() > device.datastores.len());
    }
    assert!(decode_device(&encode(&message_with(Vec::new()), Encoding::Xml)).is_err());
    assert!(decode_device(b"").is_err());
}

/// The lines about one message, as `command text`.
fn said(message: &Message) -> Vec<String> {
    explain(message).lines.iter().map(|line| format!("{} {}", line.command, line.text)).collect()
}

#[test]
fn every_command_is_said_with_what_it_is_about() {
    let message = message();
    let explained = explain(&message);
    assert_eq!(explained.lines.first().unwrap().command, "SyncHdr");
    assert_eq!(explained.lines.last().unwrap().command, "Final");
    assert!(explained.lines.iter().all(|line| line.text.ends_with(['.', ':'])), "{explained:#?}");
    let status = explained.lines.iter().find(|line| line.command == "Status").unwrap();
    assert!(status.status.is_some() && status.refs.len() == 1, "{status:?}");
    assert!(explained.lines.iter().any(|line| line.depth == 1), "what is in a Sync is deeper");
}

#[test]
fn no_secret_is_said() {
    for (scheme, data) in [
        ("syncml:auth-basic", "YW5uYTpzZWNyZXQ="),
        ("syncml:auth-md5", "NTI2OTJhMDAwNjYxODkwYg=="),
        ("syncml:auth-other", "c2VjcmV0"),
    ] {
        let meta = Meta { media_type: Some(scheme.into()), ..Meta::default() };
        let mut message = message_with(Vec::new());
        message.header.credential = Some(Cred { meta, data: data.into() });
        message.header.source.name = Some("anna".into());
        let text = said(&message).join("\n");
        assert!(!text.contains("secret") && !text.contains(data), "{text}");
        assert!(text.contains("anna") || scheme.ends_with("other"), "{text}");
    }
}

#[test]
fn alerts_and_statuses_are_said_in_words() {
    let item = Item {
        target: Some(Location::of("contacts")),
        source: Some(Location::of("./c")),
        meta: Meta { anchor: Some(Anchor { last: None, next: Some("7".into()) }), ..Meta::default() },
        ..Item::default()
    };
    let alert = Alert { command_id: "1".into(), code: "201".into(), items: vec![item], ..Alert::default() };
    let status = Status {
        command_id: "2".into(),
        message_ref: 1,
        command_ref: "4".into(),
        command: "Add".into(),
        code: 419,
        ..Status::default()
    };
    let lines = said(&message_with(vec![Command::Alert(alert), Command::Status(status)]));
    assert_eq!(
        lines[1],
        "Alert Wants a slow sync, in which everything is compared (201): “contacts” there, “./c” here; no last anchor, next anchor “7”."
    );
    assert_eq!(lines[2], "Status Add 4 of message 1: conflict, resolved in the server's favour (419).");
}

#[test]
fn what_came_from_outside_is_not_said_at_length() {
    let long = "x".repeat(100_000);
    let get =
        Get { items: vec![Item { target: Some(Location::of(&*long)), ..Item::default() }], ..Get::default() };
    assert!(said(&message_with(vec![Command::Get(get)])).join("").len() < 1_000);
    let mut loud = message_with(vec![Command::Put(Get {
        items: vec![Item { data: Some(Data::Device(Box::new(full_device("1.2")))), ..Item::default() }],
        ..Get::default()
    })]);
    loud.header.source = Location::of(&*long);
    loud.header.session_id.clone_from(&long);
    loud.header.protocol.clone_from(&long);
    assert!(explain(&loud).title.len() < 1_000);
    let odd = Alert { code: "two hundred".into(), ..Alert::default() };
    assert!(said(&message_with(vec![Command::Alert(odd)]))[1].contains("not known here"));
}

#[test]
fn a_notification_is_read_written_again_and_said() {
    let wanted = Wanted {
        code: 206,
        media_type: "text/x-vcard".into(),
        server: "contacts".into(),
        ..Wanted::default()
    };
    let notification = Notification {
        session_id: 7,
        server_id: "anchorage".into(),
        syncs: vec![wanted],
        ..Notification::default()
    };
    let package = notification::package(&notification, "secret", b"nonce").unwrap();
    let digest = *package.first_chunk().unwrap();
    assert_eq!(notification::packed(digest, &notification::read(&package).unwrap()).unwrap(), package);
    let explained = explain_notification(&notification);
    assert!(
        explained.title.contains("session 7") && explained.lines[0].text.contains("“contacts”"),
        "{explained:?}"
    );
}

#[test]
fn versions_are_plain_too() {
    for version in [Version::V10, Version::V11, Version::V12] {
        let message = Message { header: header(version), ..Message::default() };
        let bytes = encode(&plain::message(plain::plain(&message)).unwrap(), Encoding::Wbxml);
        assert_eq!(decode(&bytes).unwrap().0.header.dtd, version.dtd());
    }
}
