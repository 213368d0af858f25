//! Messages in XML and WBXML: the published vectors, what devices do, exact sizes, and hostile bytes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice)]

#[path = "codec/everything.rs"]
mod everything;
#[path = "codec/hostile.rs"]
mod hostile;
#[path = "codec/lenient.rs"]
mod lenient;
#[path = "codec/plain.rs"]
mod plain;
#[path = "codec/size.rs"]
mod size;

use anchorage::syncml::codec::{Encoding, decode, encode, xml_can_carry};
use anchorage::syncml::device::{ContentType, DataStore, DevInf};
use anchorage::syncml::message::*;

const BOTH: [Encoding; 2] = [Encoding::Xml, Encoding::Wbxml];

/// Bytes written as hex, with white space anywhere.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn header(version: Version) -> Header {
    Header {
        dtd: version.dtd().into(),
        protocol: version.protocol().into(),
        session_id: "1".into(),
        message_id: 1,
        target: Location::of("s"),
        source: Location::of("c"),
        ..Header::default()
    }
}

fn message_of(command: Command) -> Message {
    Message { header: header(Version::V12), commands: vec![command], last: true }
}

/// An `Add` of one item with these bytes.
fn add(data: &[u8]) -> Command {
    Command::Change(Change {
        kind: ChangeKind::Add,
        command_id: "1".into(),
        no_response: false,
        archive: false,
        soft_delete: false,
        credential: None,
        meta: Meta::default(),
        items: vec![Item { data: Some(Data::Bytes(data.to_vec())), ..Item::default() }],
    })
}

/// The data of the first item of the first command.
fn data_of(message: &Message) -> &Data {
    let items = match &message.commands[0] {
        Command::Change(change) => &change.items,
        Command::Put(put) => &put.items,
        Command::Results(results) => &results.items,
        Command::Status(status) => &status.items,
        other => panic!("{other:?}"),
    };
    items[0].data.as_ref().unwrap()
}

/// `reference/syncml.md` 2.8, W1: written by an independent encoder, read by libwbxml.
const W1: &str = "
    02 A4 01 6A 00 6D 6C 71 03 31 2E 32 00 01 72 03 53 79 6E 63 4D 4C 2F 31 2E 32 00 01 65 03 31 00
    01 5B 03 31 00 01 6E 57 03 68 74 74 70 3A 2F 2F 68 2F 73 00 01 01 67 57 03 49 4D 45 49 3A 31 00
    01 01 5A 00 01 4C 03 31 30 30 30 30 00 01 55 03 35 30 30 30 30 00 01 01 01 00 00 6B 46 4B 03 31
    00 01 4F 03 32 30 30 00 01 54 6E 57 03 63 61 72 64 00 01 01 67 57 03 2E 2F 43 00 01 01 5A 00 01
    45 4A 03 31 00 01 4F 03 32 00 01 01 01 01 01 00 00 12 01 01";

/// W2: a Put with DevInf 1.2 embedded.
const W2: &str = "
    02 A4 01 6A 00 6D 6C 71 03 31 2E 32 00 01 72 03 53 79 6E 63 4D 4C 2F 31 2E 32 00 01 65 03 31 00
    01 5B 03 31 00 01 6E 57 03 73 00 01 01 67 57 03 63 00 01 01 01 6B 5F 4B 03 31 00 01 5A 00 01 53
    03 61 70 70 6C 69 63 61 74 69 6F 6E 2F 76 6E 64 2E 73 79 6E 63 6D 6C 2D 64 65 76 69 6E 66 2B 77
    62 78 6D 6C 00 01 01 00 00 54 67 57 03 2E 2F 64 65 76 69 6E 66 31 32 00 01 01 4F C3 81 05 02 A4
    03 6A 00 4A 65 03 31 2E 32 00 01 51 03 4D 00 01 55 03 6D 00 01 4F 03 31 00 01 5E 03 31 00 01 50
    03 31 00 01 49 03 63 00 01 4B 03 70 68 6F 6E 65 00 01 28 2A 29 47 5D 03 2E 2F 43 00 01 52 03 33
    32 00 01 5A 46 03 74 65 78 74 2F 78 2D 76 63 61 72 64 00 01 64 03 32 2E 31 00 01 01 62 46 03 74
    65 78 74 2F 78 2D 76 63 61 72 64 00 01 64 03 32 2E 31 00 01 01 5F 60 03 31 00 01 60 03 32 00 01
    01 01 01 01 01 01 12 01 01";

fn w1() -> Message {
    let mut header = header(Version::V12);
    header.target = Location::of("http://h/s");
    header.source = Location::of("IMEI:1");
    header.meta = Meta { max_message_bytes: Some(10_000), max_object_bytes: Some(50_000), ..Meta::default() };
    let anchor = Anchor { last: Some("1".into()), next: Some("2".into()) };
    let item = Item {
        target: Some(Location::of("card")),
        source: Some(Location::of("./C")),
        meta: Meta { anchor: Some(anchor), ..Meta::default() },
        ..Item::default()
    };
    let alert = Alert { command_id: "1".into(), code: "200".into(), items: vec![item], ..Alert::default() };
    Message { header, commands: vec![Command::Alert(alert)], last: true }
}

fn device() -> DevInf {
    let one = || Some("1".to_owned());
    let vcard = || Some(ContentType { media_type: "text/x-vcard".into(), version: "2.1".into() });
    DevInf {
        version: "1.2".into(),
        maker: Some("M".into()),
        model: Some("m".into()),
        firmware: one(),
        software: one(),
        hardware: one(),
        device_id: "c".into(),
        device_type: "phone".into(),
        utc: true,
        large_objects: true,
        number_of_changes: true,
        datastores: vec![DataStore {
            source_ref: "./C".into(),
            max_guid_bytes: Some(32),
            receives_preferred: vcard(),
            sends_preferred: vcard(),
            sync_types: vec!["1".into(), "2".into()],
            ..DataStore::default()
        }],
        ..DevInf::default()
    }
}

/// A Put of that data as DevInf.
fn put(data: Data) -> Message {
    let media_type = Some("application/vnd.syncml-devinf+wbxml".into());
    message_of(Command::Put(Get {
        command_id: "1".into(),
        meta: Meta { media_type, ..Meta::default() },
        items: vec![Item { source: Some(Location::of("./devinf12")), data: Some(data), ..Item::default() }],
        ..Get::default()
    }))
}

#[test]
fn the_published_vectors_decode_and_are_written_to_the_byte() {
    for (vector, message) in [(W1, w1()), (W2, put(Data::Device(Box::new(device()))))] {
        let bytes = hex(vector);
        assert_eq!(decode(&bytes).unwrap(), (message.clone(), Encoding::Wbxml));
        assert_eq!(encode(&message, Encoding::Wbxml), bytes);
    }
    assert_eq!((hex(W1).len(), hex(W2).len()), (148, 265));
}

/// W3: the public id as a string, with and without its NUL.
#[test]
fn a_public_id_may_be_a_string() {
    let body = &hex(W1)[5..];
    for (table, fpi) in [(0x1D, "-//SYNCML//DTD SyncML 1.2//EN"), (0x1E, "-//SYNCML//DTD SyncML 1.2//EN\0")] {
        let mut bytes = vec![0x02, 0x00, 0x00, 0x6A, table];
        bytes.extend_from_slice(fpi.as_bytes());
        bytes.extend_from_slice(body);
        assert_eq!(decode(&bytes).unwrap().0, w1());
    }
}

/// What the recorded client demands: default namespaces where they change, no prefixes, nothing in between.
#[test]
fn xml_is_written_as_devices_want_it() {
    let written = String::from_utf8(encode(&w1(), Encoding::Xml)).unwrap();
    let expected = concat!(
        r#"<?xml version="1.0" encoding="UTF-8"?><SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD>"#,
        "<VerProto>SyncML/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>",
        "<Target><LocURI>http://h/s</LocURI></Target><Source><LocURI>IMEI:1</LocURI></Source>",
        r#"<Meta><MaxMsgSize xmlns="syncml:metinf">10000</MaxMsgSize>"#,
        r#"<MaxObjSize xmlns="syncml:metinf">50000</MaxObjSize></Meta></SyncHdr>"#,
        "<SyncBody><Alert><CmdID>1</CmdID><Data>200</Data><Item><Target><LocURI>card</LocURI></Target>",
        r#"<Source><LocURI>./C</LocURI></Source><Meta><Anchor xmlns="syncml:metinf"><Last>1</Last><Next>2</Next></Anchor>"#,
        "</Meta></Item></Alert><Final/></SyncBody></SyncML>",
    );
    assert_eq!(written, expected);
    let device = String::from_utf8(encode(&put(Data::Device(Box::new(device()))), Encoding::Xml)).unwrap();
    assert!(device.contains(r#"<Type xmlns="syncml:metinf">application/vnd.syncml-devinf+xml</Type>"#));
    assert!(device.contains(r#"<Data><DevInf xmlns="syncml:devinf"><VerDTD>1.2</VerDTD><Man>M</Man>"#));
}

#[test]
fn each_version_has_its_namespace_and_public_id() {
    for (version, namespace, public) in [
        (Version::V10, "SYNCML:SYNCML1.0", [0x9F, 0x51]),
        (Version::V11, "SYNCML:SYNCML1.1", [0x9F, 0x53]),
        (Version::V12, "SYNCML:SYNCML1.2", [0xA4, 0x01]),
    ] {
        let message = Message { header: header(version), ..Message::default() };
        let xml = String::from_utf8(encode(&message, Encoding::Xml)).unwrap();
        assert!(xml.contains(&format!("<SyncML xmlns=\"{namespace}\">")), "{xml}");
        assert_eq!(encode(&message, Encoding::Wbxml)[..5], [0x02, public[0], public[1], 0x6A, 0x00]);
    }
}

/// Data arrive byte for byte: every newline, everything that means something to XML, and in WBXML anything at all.
#[test]
fn data_arrive_as_they_were_sent() {
    let texts = [
        "",
        " ",
        "BEGIN:VCARD\r\nN:a;b\r\nEND:VCARD\r\n",
        "\r\r\n\n\r",
        "<a b='c'>&amp;</a>",
        "]]>",
        "<<<<<<<<]]>>>>>>>>",
        "<<<<<<<<<<<<<<<<<<\n]]",
        "<![CDATA[nested]]>",
        "&#13;&lt;\u{e9}\u{20ac}\u{1F600}\t",
        "  leading and trailing  ",
    ];
    for text in texts {
        assert!(xml_can_carry(text.as_bytes()));
        for encoding in BOTH {
            let message = message_of(add(text.as_bytes()));
            let bytes = encode(&message, encoding);
            assert_eq!(decode(&bytes).unwrap().0, message, "{text:?}: {}", String::from_utf8_lossy(&bytes));
        }
    }
    for bytes in [&b"\0"[..], b"\xFF\xFE", b"a\0\0", b"\x0B", &[0; 300], "\u{FFFE}".as_bytes()] {
        assert!(!xml_can_carry(bytes), "{bytes:?}");
        let message = message_of(add(bytes));
        assert_eq!(decode(&encode(&message, Encoding::Wbxml)).unwrap().0, message);
        decode(&encode(&message, Encoding::Xml)).unwrap();
    }
}

/// A parser that normalises newlines, as XML 1.0 section 2.11 says, must still find the CR: it is a reference.
#[test]
fn a_carriage_return_is_never_bare_in_xml() {
    let lines = "A&B<C>\r\n".repeat(50);
    let written = encode(&message_of(add(lines.as_bytes())), Encoding::Xml);
    assert!(!written.contains(&b'\r'));
    let plain = encode(&message_of(add(&b"&".repeat(50))), Encoding::Xml);
    assert!(String::from_utf8(plain).unwrap().contains("<![CDATA[&&&"), "CDATA where it is shorter");
}
