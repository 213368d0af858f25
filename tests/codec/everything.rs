//! A message in which nothing is missing, so that every element is written and read in both encodings.

use super::{BOTH, Version, decode, device, encode, header, message_of};
use anchorage::syncml::codec::Encoding;
use anchorage::syncml::device::*;
use anchorage::syncml::message::*;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn full_meta() -> Meta {
    Meta {
        field_level: true,
        format: some("chr"),
        media_type: some("text/x-vcard; charset=\"utf-8\""),
        mark: some("unread"),
        size: Some(u64::MAX),
        anchor: Some(Anchor { last: some("a<"), next: some("b&") }),
        version: some("7"),
        next_nonce: Some(b"Tm9uY2U=".to_vec()),
        max_message_bytes: Some(1),
        max_object_bytes: Some(2),
        emi: texts(&["datapos=1", ""]),
        memory: Some(Memory { shared: true, free_bytes: Some(3), free_ids: Some(4) }),
    }
}

fn full_cred() -> Option<Cred> {
    Some(Cred { meta: Meta { format: some("b64"), ..Meta::default() }, data: b"QTpi".to_vec() })
}

fn full_item(data: Data) -> Item {
    let filter = Filter {
        meta: Meta { media_type: some("syncml:filtertype-cgi"), ..Meta::default() },
        field: Some(Item { data: Some(Data::Bytes(b"f".to_vec())), ..Item::default() }),
        record: Some(Item { data: Some(Data::Bytes(b"r&eq;".to_vec())), ..Item::default() }),
        filter_type: some("INCLUSIVE"),
    };
    Item {
        target: Some(Location { uri: "t".into(), name: some("T"), filter: Some(Box::new(filter)) }),
        source: Some(Location { uri: String::new(), name: some("S"), filter: None }),
        source_parent: some("p"),
        target_parent: some("q"),
        meta: full_meta(),
        data: Some(data),
        more: true,
    }
}

fn bytes(text: &str) -> Data {
    Data::Bytes(text.as_bytes().to_vec())
}

fn id() -> String {
    "4711".into()
}

fn full_change(kind: ChangeKind) -> Command {
    let delete = kind == ChangeKind::Delete;
    Command::Change(Change {
        kind,
        command_id: id(),
        no_response: true,
        archive: delete,
        soft_delete: delete,
        credential: full_cred(),
        meta: full_meta(),
        items: vec![full_item(bytes("1")), Item::default()],
    })
}

fn full_get(data: Data) -> Get {
    Get {
        command_id: id(),
        no_response: true,
        language: some("de"),
        credential: full_cred(),
        meta: full_meta(),
        items: vec![full_item(data)],
    }
}

fn commands() -> Vec<Command> {
    let changes: Vec<Command> =
        [ChangeKind::Add, ChangeKind::Copy, ChangeKind::Delete, ChangeKind::Move, ChangeKind::Replace]
            .map(full_change)
            .into();
    let exec = Exec {
        command_id: id(),
        no_response: true,
        credential: full_cred(),
        meta: full_meta(),
        correlator: some("c"),
        items: vec![full_item(bytes("2"))],
    };
    let alert = Alert {
        command_id: id(),
        no_response: true,
        credential: full_cred(),
        code: "225".into(),
        correlator: some("c"),
        items: vec![full_item(bytes("3"))],
    };
    let search = Search {
        command_id: id(),
        no_response: true,
        no_results: true,
        credential: full_cred(),
        target: Some(Location::of("t")),
        sources: vec![Location::of("s"), Location::of("s2")],
        language: some("en"),
        meta: full_meta(),
        data: Some(bytes("query")),
    };
    let map = Map {
        command_id: id(),
        target: Location::of("t"),
        source: Location::of("s"),
        credential: full_cred(),
        meta: full_meta(),
        items: vec![
            MapItem { target: Location::of("g1"), source: Location::of("l1") },
            MapItem { target: Location::of("g2"), source: Location::of("l2") },
        ],
    };
    let results = Results {
        command_id: id(),
        message_ref: Some(9),
        command_ref: "8".into(),
        meta: full_meta(),
        target_ref: some("t"),
        source_ref: some("s"),
        items: vec![full_item(Data::Device(Box::new(full_device("1.2"))))],
    };
    let status = Status {
        command_id: id(),
        message_ref: 3,
        command_ref: "0".into(),
        command: "SyncHdr".into(),
        target_refs: texts(&["t1", "t2"]),
        source_refs: texts(&["s1", ""]),
        credential: full_cred(),
        challenge: Some(full_meta()),
        code: 508,
        items: vec![
            full_item(Data::Anchor(Anchor { last: some("l"), next: some("n") })),
            full_item(Data::Anchor(Anchor { last: None, next: some("n") })),
        ],
    };
    let sequence = Group {
        kind: GroupKind::Sequence,
        command_id: id(),
        no_response: true,
        meta: full_meta(),
        commands: changes.clone(),
    };
    let atomic = Group {
        kind: GroupKind::Atomic,
        commands: vec![Command::Group(sequence.clone()), Command::Map(map.clone())],
        ..sequence.clone()
    };
    let sync = Sync {
        command_id: id(),
        no_response: true,
        credential: full_cred(),
        target: Some(Location::of("t")),
        source: Some(Location::of("s")),
        meta: full_meta(),
        changes: Some(12),
        commands: vec![Command::Group(atomic.clone()), full_change(ChangeKind::Add)],
    };
    let mut commands = changes;
    commands.extend([
        Command::Status(status),
        Command::Status(Status { command_ref: "1".into(), ..Status::default() }),
        Command::Exec(exec),
        Command::Alert(alert),
        Command::Search(search),
        Command::Map(map),
        Command::Results(results),
        Command::Get(full_get(bytes("?"))),
        Command::Put(full_get(Data::Device(Box::new(full_device("1.1"))))),
        Command::Put(full_get(Data::Device(Box::new(full_device("1.0"))))),
        Command::Group(sequence),
        Command::Group(atomic),
        Command::Sync(Sync::default()),
        Command::Sync(sync),
    ]);
    commands
}

/// A message with every element in it.
pub fn message() -> Message {
    let mut header = header(Version::V12);
    header.respond_to = some("https://h/s?token=a&b=c");
    header.no_response = true;
    header.credential = full_cred();
    header.meta = full_meta();
    header.source.name = some("Bruce2");
    Message { header, commands: commands(), last: true }
}

/// A device that has everything its version can say.
pub fn full_device(version: &str) -> DevInf {
    let nested = version == "1.2";
    let content = |media_type: &str| ContentType { media_type: media_type.into(), version: "2.1".into() };
    let property = |name: &str| PropertyCapability {
        name: name.into(),
        data_type: some("chr"),
        occurrences_max: nested.then_some(5),
        size_max: Some(255),
        no_truncate: nested,
        values: texts(&["HOME", "WORK"]),
        display_name: some("Telephone"),
        parameters: vec![
            ParameterCapability {
                name: "TYPE".into(),
                data_type: some("chr"),
                size_max: Some(3),
                values: texts(&["a", "b"]),
                display_name: some("Type"),
            },
            ParameterCapability { name: "CELL".into(), ..ParameterCapability::default() },
        ],
    };
    let capabilities = vec![
        Capability {
            media_type: "text/x-vcard".into(),
            version: nested.then(|| "2.1".into()),
            field_level: nested,
            properties: vec![property("TEL"), PropertyCapability { name: "N".into(), ..Default::default() }],
        },
        Capability {
            media_type: "text/vcard".into(),
            properties: vec![property("ADR")],
            ..Default::default()
        },
    ];
    let mut device = device();
    device.version = version.into();
    device.oem = some("O");
    device.extensions =
        vec![Extension { name: "X-a".into(), values: texts(&["1", "2"]) }, Extension::default()];
    device.capabilities = if nested { Vec::new() } else { capabilities.clone() };
    let datastore = &mut device.datastores[0];
    datastore.display_name = some("Contacts");
    datastore.receives = vec![content("text/vcard"), content("a/b")];
    datastore.sends = vec![content("text/vcard")];
    datastore.capabilities = if nested { capabilities } else { Vec::new() };
    datastore.memory = Some(StoreMemory { shared: true, bytes_max: Some(1), ids_max: Some(2) });
    datastore.hierarchical = nested;
    if nested {
        datastore.filters = vec![content("syncml:filtertype-cgi")];
        datastore.filter_capabilities = vec![FilterCapability {
            media_type: "syncml:filtertype-cgi".into(),
            version: "1.0".into(),
            keywords: texts(&["SINCE"]),
            properties: texts(&["N", "TEL"]),
        }];
    }
    device
}

#[test]
fn nothing_is_lost_in_either_encoding() {
    let message = message();
    for encoding in BOTH {
        let (again, told) = decode(&encode(&message, encoding)).unwrap();
        assert_eq!(told, encoding);
        assert_eq!(again.header, message.header);
        for (again, command) in again.commands.iter().zip(&message.commands) {
            assert_eq!(again, command, "{encoding:?}");
        }
        assert_eq!(again, message);
    }
}

/// The DTD's order, for every element that has one (RepPro 1.2, MetInf 1.2, DevInf 1.1 and 1.2).
const ORDERS: &[(&str, &[&str])] = &[
    ("SyncML", &["SyncHdr", "SyncBody"]),
    (
        "SyncHdr",
        &[
            "VerDTD",
            "VerProto",
            "SessionID",
            "MsgID",
            "Target",
            "Source",
            "RespURI",
            "NoResp",
            "Cred",
            "Meta",
        ],
    ),
    ("Add", &["CmdID", "NoResp", "Cred", "Meta", "Item"]),
    ("Delete", &["CmdID", "NoResp", "Archive", "SftDel", "Cred", "Meta", "Item"]),
    ("Alert", &["CmdID", "NoResp", "Cred", "Data", "Correlator", "Item"]),
    ("Exec", &["CmdID", "NoResp", "Cred", "Meta", "Correlator", "Item"]),
    ("Get", &["CmdID", "NoResp", "Lang", "Cred", "Meta", "Item"]),
    ("Put", &["CmdID", "NoResp", "Lang", "Cred", "Meta", "Item"]),
    ("Results", &["CmdID", "MsgRef", "CmdRef", "Meta", "TargetRef", "SourceRef", "Item"]),
    ("Search", &["CmdID", "NoResp", "NoResults", "Cred", "Target", "Source", "Lang", "Meta", "Data"]),
    ("Map", &["CmdID", "Target", "Source", "Cred", "Meta", "MapItem"]),
    (
        "Status",
        &["CmdID", "MsgRef", "CmdRef", "Cmd", "TargetRef", "SourceRef", "Cred", "Chal", "Data", "Item"],
    ),
    ("Item", &["Target", "Source", "SourceParent", "TargetParent", "Meta", "Data", "MoreData"]),
    ("Target", &["LocURI", "LocName", "Filter"]),
    ("Filter", &["Meta", "Field", "Record", "FilterType"]),
    ("Cred", &["Meta", "Data"]),
    (
        "Meta",
        &[
            "FieldLevel",
            "Format",
            "Type",
            "Mark",
            "Size",
            "Anchor",
            "Version",
            "NextNonce",
            "MaxMsgSize",
            "MaxObjSize",
            "EMI",
            "Mem",
        ],
    ),
    ("Mem", &["SharedMem", "FreeMem", "FreeID"]),
    (
        "DevInf",
        &[
            "VerDTD",
            "Man",
            "Mod",
            "OEM",
            "FwV",
            "SwV",
            "HwV",
            "DevID",
            "DevTyp",
            "UTC",
            "SupportLargeObjs",
            "SupportNumberOfChanges",
            "DataStore",
            "CTCap",
            "Ext",
        ],
    ),
    (
        "DataStore",
        &[
            "SourceRef",
            "DisplayName",
            "MaxGUIDSize",
            "Rx-Pref",
            "Rx",
            "Tx-Pref",
            "Tx",
            "CTCap",
            "DSMem",
            "SupportHierarchicalSync",
            "SyncCap",
            "Filter-Rx",
            "FilterCap",
        ],
    ),
    (
        "Property",
        &["PropName", "DataType", "MaxOccur", "MaxSize", "NoTruncate", "ValEnum", "DisplayName", "PropParam"],
    ),
    ("DSMem", &["SharedMem", "MaxMem", "MaxID"]),
    ("FilterCap", &["CTType", "VerCT", "FilterKeyword", "PropName"]),
    ("Ext", &["XNam", "XVal"]),
];

#[test]
fn elements_stand_in_the_order_of_the_dtd() {
    let xml = String::from_utf8(encode(&message(), Encoding::Xml)).unwrap();
    let mut reader = quick_xml::Reader::from_str(&xml);
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut met = std::collections::BTreeSet::new();
    loop {
        use quick_xml::events::Event;
        let (name, empty) = match reader.read_event().unwrap() {
            Event::Start(tag) => (tag.name().into_inner().to_owned(), false),
            Event::Empty(tag) => (tag.name().into_inner().to_owned(), true),
            Event::End(_) => {
                open.pop();
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        if let Some((parent, last)) = open.last_mut()
            && let Some((parent, order)) = ORDERS.iter().find(|(name, _)| name == parent)
        {
            met.insert(*parent);
            let place = order.iter().position(|known| *known == name);
            let place = place.unwrap_or_else(|| panic!("{name} in {parent}"));
            assert!(place >= *last, "{name} in {parent} comes too late");
            *last = place;
        }
        if !empty {
            open.push((name, 0));
        }
    }
    assert_eq!(met.len(), ORDERS.len());
}

/// What XML can carry is the same message in WBXML, so a device may use either.
#[test]
fn the_encodings_say_the_same() {
    let message = message();
    let [xml, wbxml] = BOTH.map(|encoding| decode(&encode(&message, encoding)).unwrap().0);
    assert_eq!(xml, wbxml);
    let empty = message_of(Command::Sync(Sync::default()));
    assert!(encode(&empty, Encoding::Wbxml).len() < encode(&empty, Encoding::Xml).len() / 3);
}
