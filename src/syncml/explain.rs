//! A message in words: what it says, command by command, for whoever reads a trace. No secret is ever said.
//!
//! What the numbers mean is in RepPro 1.2 section 10 (statuses) and DS 1.2 section 13.2 (alerts); `explain/meaning.rs` says it.

mod meaning;

pub use meaning::of_status;

use super::credential::{self, Credential};
use super::device::DevInf;
use super::message::*;
use super::notification::{Notification, Wanted};
use serde::Serialize;

/// A message, explained.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Who says what to whom, in one sentence.
    pub title: String,
    /// Its commands, in order.
    pub lines: Vec<Line>,
}

/// One command, explained.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The element's name; `SyncHdr` and `Final` too.
    pub command: String,
    /// `CmdID`; `0` for the header.
    pub id: String,
    /// How deep it is inside `Sync`, `Atomic` and `Sequence`: 0 for the body.
    pub depth: u32,
    /// What it says.
    pub text: String,
    /// The status code, of a `Status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The commands it is about.
    pub refs: Vec<Reference>,
}

/// A command of the other end's message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// `MsgRef`.
    pub message: u32,
    /// `CmdRef`; `0` for the header.
    pub command: String,
}

/// What a message says.
pub fn explain(message: &Message) -> Explanation {
    let header = &message.header;
    let title = format!(
        "Message {} of session {}, from {} to {}, {}",
        header.message_id,
        or_nothing(&header.session_id),
        or_nothing(&header.source.uri),
        or_nothing(&header.target.uri),
        if header.protocol.is_empty() { "SyncML".to_owned() } else { brief(&header.protocol) },
    );
    let mut lines = vec![line("SyncHdr", "0", 0, said_in_header(header))];
    message.commands.iter().for_each(|command| push(&mut lines, command, 0));
    if message.last {
        lines.push(line("Final", "", 0, "The package ends here.".into()));
    }
    Explanation { title, lines }
}

/// What a DevInf document says.
pub fn explain_device(device: &DevInf) -> Explanation {
    let mut lines = vec![line("DevInf", "", 0, said_of_device(device))];
    for store in &device.datastores {
        let types: Vec<&str> =
            store.receives_preferred.iter().chain(&store.receives).map(|t| &*t.media_type).collect();
        let text = format!("{} takes {}.", quoted(&store.source_ref), listed(&types));
        lines.push(line("DataStore", "", 1, text));
    }
    Explanation { title: format!("What {} can do", or_nothing(&device.device_id)), lines }
}

/// What package 0 says.
pub fn explain_notification(notification: &Notification) -> Explanation {
    let session = match notification.session_id {
        0 => String::new(),
        id => format!(", as session {id}"),
    };
    let title = format!("{} asks the device to come{session}", or_nothing(&notification.server_id));
    let wanted = |wanted: &Wanted| {
        let meaning = meaning::of_alert(&wanted.code.to_string());
        line("Alert", "", 0, format!("{meaning} ({}): {}.", wanted.code, quoted(&wanted.server)))
    };
    Explanation { title, lines: notification.syncs.iter().map(wanted).collect() }
}

fn push(lines: &mut Vec<Line>, command: &Command, depth: u32) {
    let (name, id, text) = match command {
        Command::Alert(alert) => ("Alert", &alert.command_id, said_by_alert(alert)),
        Command::Change(change) => (change.kind.name(), &change.command_id, said_by_change(change)),
        Command::Exec(exec) => ("Exec", &exec.command_id, format!("Carry out {}.", named(&exec.items))),
        Command::Get(get) => ("Get", &get.command_id, format!("Asks for {}.", named(&get.items))),
        Command::Put(put) => ("Put", &put.command_id, said_in_items("Says", &put.items)),
        Command::Map(map) => ("Map", &map.command_id, said_by_map(map)),
        Command::Results(results) => {
            ("Results", &results.command_id, said_in_items("Answers", &results.items))
        }
        Command::Search(search) => ("Search", &search.command_id, "Searches.".into()),
        Command::Group(group) => {
            let (name, text) = match group.kind {
                GroupKind::Atomic => ("Atomic", "All of these or none:"),
                GroupKind::Sequence => ("Sequence", "These, one after the other:"),
            };
            (name, &group.command_id, text.into())
        }
        Command::Status(status) => ("Status", &status.command_id, said_by_status(status)),
        Command::Sync(sync) => ("Sync", &sync.command_id, said_by_sync(sync)),
    };
    let mut line = line(name, id, depth, text);
    match command {
        Command::Status(status) => {
            line.status = Some(status.code);
            line.refs = vec![Reference { message: status.message_ref, command: status.command_ref.clone() }];
        }
        Command::Results(results) => {
            let message = results.message_ref.unwrap_or(1);
            line.refs = vec![Reference { message, command: results.command_ref.clone() }];
        }
        _ => {}
    }
    lines.push(line);
    if let Command::Sync(Sync { commands, .. }) | Command::Group(Group { commands, .. }) = command {
        commands.iter().for_each(|command| push(lines, command, depth.saturating_add(1)));
    }
}

fn line(command: &str, id: &str, depth: u32, text: String) -> Line {
    Line { command: command.into(), id: id.into(), depth, text, ..Line::default() }
}

// -------------------------------------------------------------------------------------------------------------- header

fn said_in_header(header: &Header) -> String {
    let mut text = match &header.credential {
        Some(cred) => said_by_credential(cred, header.source.name.as_deref()),
        None => "No credentials.".to_owned(),
    };
    if let Some(bytes) = header.meta.max_message_bytes {
        text += &format!(" Takes messages of {bytes} bytes.");
    }
    if let Some(bytes) = header.meta.max_object_bytes {
        text += &format!(" Takes objects of {bytes} bytes.");
    }
    if header.respond_to.is_some() {
        text += " Gives the address for the next message.";
    }
    if header.no_response {
        text += " Wants no answer.";
    }
    text
}

/// Whose it is and how it is presented, never what it is.
fn said_by_credential(cred: &Cred, name: Option<&str>) -> String {
    // What is kept of a session has stars in its place (`codec/masked.rs`).
    if !cred.data.is_empty() && cred.data.iter().all(|byte| *byte == b'*') {
        let scheme = cred.meta.media_type.as_deref().unwrap_or(credential::BASIC);
        return format!("Signs in by {scheme}; what with is not shown.");
    }
    match credential::read(cred) {
        Credential::Basic { user, .. } => {
            format!("Signs in as {} with a password in the open.", quoted(&user))
        }
        Credential::Md5 { .. } => {
            format!("Signs in as {} with a digest of the password.", quoted(name.unwrap_or_default()))
        }
        Credential::Mac { user, .. } => format!("Signs in as {} by signing the message.", quoted(&user)),
        Credential::Unsupported(scheme) => {
            format!("Signs in by {}, which is not known here.", quoted(&scheme))
        }
        Credential::Malformed(why) => format!("Signs in with something that is no credential: {why}."),
    }
}

// ------------------------------------------------------------------------------------------------------------- commands

fn said_by_alert(alert: &Alert) -> String {
    let meaning = meaning::of_alert(&alert.code);
    let mut text = format!("{meaning} ({})", or_nothing(&alert.code));
    for item in &alert.items {
        if let (Some(there), Some(here)) = (&item.target, &item.source) {
            text += &format!(": {} there, {} here", quoted(&there.uri), quoted(&here.uri));
        }
        if let Some(anchor) = &item.meta.anchor {
            text += &match anchor.last.as_deref().unwrap_or_default() {
                "" => "; no last anchor".to_owned(),
                last => format!("; last anchor {}", quoted(last)),
            };
            text +=
                &anchor.next.as_ref().map_or(String::new(), |next| format!(", next anchor {}", quoted(next)));
        }
        if let Some(Data::Bytes(bytes)) = &item.data {
            text += &format!(": {}", shown(bytes));
        }
        if item.target.as_ref().is_some_and(|target| target.filter.is_some()) {
            text += ", with a filter";
        }
    }
    text + "."
}

fn said_by_sync(sync: &Sync) -> String {
    let uri = |place: &Option<Location>| quoted(place.as_ref().map_or("", |place| &place.uri));
    let changes = match sync.changes {
        Some(changes) => format!("; {changes} in all"),
        None => String::new(),
    };
    let text = format!("Changes of {} for {}{changes}", uri(&sync.source), uri(&sync.target));
    if sync.commands.is_empty() { text + ": none here." } else { text + ":" }
}

fn said_by_change(change: &Change) -> String {
    let verb = match (change.kind, change.archive, change.soft_delete) {
        (ChangeKind::Delete, _, true) => "Delete softly",
        (ChangeKind::Delete, true, _) => "Archive and delete",
        (kind, _, _) => kind.name(),
    };
    let items: Vec<String> = change.items.iter().map(|item| said_of_item(item, &change.meta)).collect();
    format!("{verb} {}.", if items.is_empty() { "nothing".into() } else { items.join("; ") })
}

fn said_of_item(item: &Item, meta: &Meta) -> String {
    let mut text = uri_of(item);
    let media_type = item.meta.media_type.as_ref().or(meta.media_type.as_ref());
    let bytes = item.data.as_ref().map(|data| data.bytes().len());
    match (media_type, bytes) {
        (Some(media_type), Some(bytes)) => text += &format!(" ({}, {bytes} bytes)", brief(media_type)),
        (None, Some(bytes)) => text += &format!(" ({bytes} bytes)"),
        _ => {}
    }
    if let (Some(size), true) = (item.meta.size, item.more) {
        text += &format!(", the first piece of {size} bytes");
    } else if item.more {
        text += ", more of it follows";
    }
    text
}

fn said_by_map(map: &Map) -> String {
    let pair = |item: &MapItem| format!("{} is {} here", quoted(&item.target.uri), quoted(&item.source.uri));
    let pairs: Vec<String> = map.items.iter().map(pair).collect();
    format!(
        "In {}: {}.",
        quoted(&map.target.uri),
        if pairs.is_empty() { "nothing".into() } else { pairs.join(", ") }
    )
}

fn said_by_status(status: &Status) -> String {
    let what = match status.command_ref.as_str() {
        "0" => format!("Message {}", status.message_ref),
        command => {
            format!("{} {} of message {}", or_nothing(&status.command), brief(command), status.message_ref)
        }
    };
    let about: Vec<String> =
        status.target_refs.iter().chain(&status.source_refs).map(|reference| quoted(reference)).collect();
    let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
    let mut text = format!("{what}{about}: {} ({})", meaning::of_status(status.code), status.code);
    if let Some(challenge) = &status.challenge {
        let scheme = challenge.media_type.as_deref().unwrap_or(credential::BASIC);
        text += &format!("; wants credentials by {}", brief(scheme));
    }
    if let Some(Item { data: Some(Data::Anchor(Anchor { next: Some(next), .. })), .. }) = status.items.first()
    {
        text += &format!("; next anchor {}", quoted(next));
    }
    text + "."
}

fn said_in_items(verb: &str, items: &[Item]) -> String {
    let said = |item: &Item| match &item.data {
        Some(Data::Device(device)) => said_of_device(device),
        _ => format!("{verb} {}.", said_of_item(item, &Meta::default())),
    };
    items.iter().map(said).collect::<Vec<_>>().join(" ")
}

fn said_of_device(device: &DevInf) -> String {
    let make: Vec<&str> =
        [&device.maker, &device.model, &device.firmware].into_iter().flatten().map(|s| s.trim()).collect();
    let stores: Vec<&str> = device.datastores.iter().map(|store| &*store.source_ref).collect();
    let make = if make.is_empty() {
        "something that does not say who made it".into()
    } else {
        brief(&make.join(" "))
    };
    let large = if device.large_objects { "large objects" } else { "no large objects" };
    format!("{} is {make}; it has {} and takes {large}.", quoted(&device.device_id), listed(&stores))
}

// --------------------------------------------------------------------------------------------------------------- words

fn named(items: &[Item]) -> String {
    let names: Vec<String> = items.iter().map(uri_of).collect();
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

fn uri_of(item: &Item) -> String {
    let place = item.target.as_ref().or(item.source.as_ref());
    quoted(place.map_or("", |place| &place.uri))
}

fn listed(names: &[&str]) -> String {
    const NAMES_MAX: usize = 20;
    let shown: Vec<String> = names.iter().take(NAMES_MAX).map(|name| brief(name)).collect();
    match names.len().saturating_sub(NAMES_MAX) {
        _ if names.is_empty() => "nothing".into(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn or_nothing(text: &str) -> String {
    if text.is_empty() { "nobody".into() } else { brief(text) }
}

/// What came from outside, not endless.
pub fn brief(text: &str) -> String {
    const CHARS_MAX: usize = 120;
    let mut shown: String = text.chars().take(CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// The same between quotes.
pub fn quoted(text: &str) -> String {
    format!("“{}”", brief(text))
}

fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => quoted(text),
        Err(_) => format!("{} bytes", bytes.len()),
    }
}
