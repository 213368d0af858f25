//! From a tree to a message, leniently: any order, unknown elements skipped, what is repeated is merged (RepPro 1.2, MetInf
//! 1.2; what is tolerated and who needs it is in the tests). DevInf is read in `devinf.rs`. The twin is `write.rs`.

use super::element::Element;
use super::{DecodeError, devinf};
use crate::syncml::message::*;

/// The message of a `SyncML` element.
pub fn message(root: &Element) -> Result<Message, DecodeError> {
    if root.name != "SyncML" {
        let found = if root.name.is_empty() { "an unknown element" } else { root.name };
        return Err(DecodeError::new(root.offset, format!("the root is {found}, not SyncML")));
    }
    let missing = |name| move || DecodeError::new(root.offset, format!("there is no {name}"));
    let body = root.child("SyncBody").ok_or_else(missing("SyncBody"))?;
    Ok(Message {
        header: header(root.child("SyncHdr").ok_or_else(missing("SyncHdr"))?)?,
        commands: commands(body),
        last: body.has("Final"),
    })
}

fn header(element: &Element) -> Result<Header, DecodeError> {
    Ok(Header {
        dtd: element.word_of("VerDTD").unwrap_or_default(),
        protocol: element.word_of("VerProto").unwrap_or_default(),
        session_id: element.word_of("SessionID").unwrap_or_default(),
        message_id: message_id(element)?,
        target: location_of(element, "Target").unwrap_or_default(),
        source: location_of(element, "Source").unwrap_or_default(),
        respond_to: element.word_of("RespURI"),
        no_response: element.has("NoResp"),
        credential: cred(element),
        meta: meta(element),
    })
}

/// `MsgID`: 0 where there is none.
fn message_id(header: &Element) -> Result<u32, DecodeError> {
    let Some(element) = header.child("MsgID") else { return Ok(0) };
    let text = element.word();
    text.parse().map_err(|_| DecodeError::new(element.offset, format!("MsgID is no number: {text:?}")))
}

/// The commands among the children; the rest is skipped.
fn commands(element: &Element) -> Vec<Command> {
    element.children.iter().filter_map(command).collect()
}

fn command(element: &Element) -> Option<Command> {
    Some(match element.name {
        "Alert" => Command::Alert(alert(element)),
        "Add" => Command::Change(change(element, ChangeKind::Add)),
        "Copy" => Command::Change(change(element, ChangeKind::Copy)),
        "Delete" => Command::Change(change(element, ChangeKind::Delete)),
        "Move" => Command::Change(change(element, ChangeKind::Move)),
        "Replace" => Command::Change(change(element, ChangeKind::Replace)),
        "Exec" => Command::Exec(exec(element)),
        "Get" => Command::Get(get(element)),
        "Put" => Command::Put(get(element)),
        "Map" => Command::Map(map(element)),
        "Results" => Command::Results(results(element)),
        "Search" => Command::Search(search(element)),
        "Atomic" => Command::Group(group(element, GroupKind::Atomic)),
        "Sequence" => Command::Group(group(element, GroupKind::Sequence)),
        "Status" => Command::Status(status(element)),
        "Sync" => Command::Sync(sync(element)),
        _ => return None,
    })
}

fn alert(element: &Element) -> Alert {
    Alert {
        command_id: command_id(element),
        no_response: element.has("NoResp"),
        credential: cred(element),
        code: element.word_of("Data").unwrap_or_default(),
        correlator: element.string_of("Correlator"),
        items: items(element),
    }
}

fn change(element: &Element, kind: ChangeKind) -> Change {
    Change {
        kind,
        command_id: command_id(element),
        no_response: element.has("NoResp"),
        archive: element.has("Archive"),
        soft_delete: element.has("SftDel"),
        credential: cred(element),
        meta: meta(element),
        items: items(element),
    }
}

fn exec(element: &Element) -> Exec {
    Exec {
        command_id: command_id(element),
        no_response: element.has("NoResp"),
        credential: cred(element),
        meta: meta(element),
        correlator: element.string_of("Correlator"),
        items: items(element),
    }
}

fn get(element: &Element) -> Get {
    Get {
        command_id: command_id(element),
        no_response: element.has("NoResp"),
        language: element.word_of("Lang"),
        credential: cred(element),
        meta: meta(element),
        items: device_items(element),
    }
}

fn map(element: &Element) -> Map {
    let pair = |item: &Element| MapItem {
        target: location_of(item, "Target").unwrap_or_default(),
        source: location_of(item, "Source").unwrap_or_default(),
    };
    Map {
        command_id: command_id(element),
        target: location_of(element, "Target").unwrap_or_default(),
        source: location_of(element, "Source").unwrap_or_default(),
        credential: cred(element),
        meta: meta(element),
        items: element.all("MapItem").map(pair).collect(),
    }
}

fn results(element: &Element) -> Results {
    Results {
        command_id: command_id(element),
        message_ref: reference(element),
        command_ref: element.word_of("CmdRef").unwrap_or_default(),
        meta: meta(element),
        target_ref: element.string_of("TargetRef"),
        source_ref: element.string_of("SourceRef"),
        items: device_items(element),
    }
}

fn search(element: &Element) -> Search {
    Search {
        command_id: command_id(element),
        no_response: element.has("NoResp"),
        no_results: element.has("NoResults"),
        credential: cred(element),
        target: location_of(element, "Target"),
        sources: element.all("Source").map(location).collect(),
        language: element.word_of("Lang"),
        meta: meta(element),
        data: element.child("Data").map(data),
    }
}

fn group(element: &Element, kind: GroupKind) -> Group {
    Group {
        kind,
        command_id: command_id(element),
        no_response: element.has("NoResp"),
        meta: meta(element),
        commands: commands(element),
    }
}

fn status(element: &Element) -> Status {
    Status {
        command_id: command_id(element),
        message_ref: reference(element).unwrap_or_default(),
        command_ref: element.word_of("CmdRef").unwrap_or_else(|| "0".into()),
        command: element.word_of("Cmd").unwrap_or_default(),
        target_refs: element.all("TargetRef").map(Element::string).collect(),
        source_refs: element.all("SourceRef").map(Element::string).collect(),
        credential: cred(element),
        challenge: element.child("Chal").map(meta),
        code: element.number_of("Data").and_then(|code| code.try_into().ok()).unwrap_or_default(),
        items: items(element),
    }
}

fn sync(element: &Element) -> Sync {
    Sync {
        command_id: command_id(element),
        no_response: element.has("NoResp"),
        credential: cred(element),
        target: location_of(element, "Target"),
        source: location_of(element, "Source"),
        meta: meta(element),
        changes: element.number_of("NumberOfChanges"),
        commands: commands(element),
    }
}

fn command_id(element: &Element) -> String {
    element.word_of("CmdID").unwrap_or_default()
}

fn reference(element: &Element) -> Option<u32> {
    element.number_of("MsgRef").and_then(|number| number.try_into().ok())
}

fn items(element: &Element) -> Vec<Item> {
    element.all("Item").map(|it| item(it, data)).collect()
}

/// The items of a `Put` or a `Results`, where bytes may be a DevInf document.
fn device_items(element: &Element) -> Vec<Item> {
    element.all("Item").map(|it| item(it, device_data)).collect()
}

fn item(element: &Element, data: fn(&Element) -> Data) -> Item {
    let parent = |name| element.child(name)?.string_of("LocURI");
    Item {
        target: location_of(element, "Target"),
        source: location_of(element, "Source"),
        source_parent: parent("SourceParent"),
        target_parent: parent("TargetParent"),
        meta: meta(element),
        data: element.child("Data").map(data),
        more: element.has("MoreData"),
    }
}

/// The properties a field filter names: text that is markup, a whole DevInf, or elements that nobody has escaped.
fn field_data(element: &Element) -> Data {
    let mut inside =
        element.all("CTCap").chain([element]).flat_map(|around| around.all("Property")).peekable();
    if inside.peek().is_none() {
        return device_data(element);
    }
    let named = inside.filter_map(|property| property.word_of("PropName"));
    let markup = named.map(|name| format!("<Property><PropName>{name}</PropName></Property>"));
    Data::Bytes(markup.collect::<String>().into_bytes())
}

fn device_data(element: &Element) -> Data {
    match data(element) {
        Data::Bytes(bytes) => match devinf::embedded(&bytes) {
            Some(device) => Data::Device(Box::new(device)),
            None => Data::Bytes(bytes),
        },
        other => other,
    }
}

fn data(element: &Element) -> Data {
    let inside = element.child("MetInf").unwrap_or(element);
    if let Some(device) = element.child("DevInf") {
        Data::Device(Box::new(devinf::read(device)))
    } else if let Some(it) = inside.child("Anchor") {
        Data::Anchor(anchor(it))
    } else {
        Data::Bytes(element.text.clone())
    }
}

fn cred(element: &Element) -> Option<Cred> {
    let cred = element.child("Cred")?;
    let data = cred.child("Data").map(|data| data.text.clone()).unwrap_or_default();
    Some(Cred { meta: meta(cred), data })
}

fn location_of(element: &Element, name: &str) -> Option<Location> {
    element.child(name).map(location)
}

fn location(element: &Element) -> Location {
    Location {
        uri: element.string_of("LocURI").unwrap_or_default(),
        name: element.string_of("LocName"),
        filter: element.child("Filter").map(|it| Box::new(filter(it))),
    }
}

fn filter(element: &Element) -> Filter {
    let part = |name, data| Some(item(element.child(name)?.child("Item")?, data));
    Filter {
        meta: meta(element),
        field: part("Field", field_data),
        record: part("Record", data),
        filter_type: element.word_of("FilterType"),
    }
}

/// What all the `Meta`s in an element say together.
fn meta(element: &Element) -> Meta {
    let mut meta = Meta::default();
    for child in element.all("Meta") {
        read_meta(child, &mut meta);
    }
    meta
}

fn read_meta(element: &Element, meta: &mut Meta) {
    for child in &element.children {
        match child.name {
            "MetInf" => read_meta(child, meta),
            "FieldLevel" => meta.field_level = true,
            "Format" => meta.format = Some(child.word()),
            "Type" => meta.media_type = Some(child.word()),
            "Mark" => meta.mark = Some(child.word()),
            "Size" => meta.size = child.number(),
            "Anchor" => meta.anchor = Some(anchor(child)),
            "Version" => meta.version = Some(child.string()),
            "NextNonce" => meta.next_nonce = Some(child.text.clone()),
            "MaxMsgSize" => meta.max_message_bytes = child.number(),
            "MaxObjSize" => meta.max_object_bytes = child.number(),
            "EMI" => meta.emi.push(child.string()),
            "Mem" => meta.memory = Some(memory(child)),
            _ => {}
        }
    }
}

fn anchor(element: &Element) -> Anchor {
    Anchor { last: element.string_of("Last"), next: element.string_of("Next") }
}

fn memory(element: &Element) -> Memory {
    Memory {
        shared: element.has("SharedMem"),
        free_bytes: element.number_of("FreeMem"),
        free_ids: element.number_of("FreeID"),
    }
}
