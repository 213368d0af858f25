//! What came: a message taken apart into steps, each item already read as far as it can be without a store.
//!
//! The mirror is `outbox.rs`. Lenient reading is the codec's; here the device's paths and ids are made comparable.

mod taking;

use self::taking::{Taking, scoped};
use super::message::{Change, ChangeKind, Command, Cred, Item, Location, Memory, Message, Meta};
use super::status;
use crate::content;
use crate::journal::matching::{self, MatchKey};
use crate::limits;
use crate::peer::Luid;
use crate::record::{Body, Entry, Form, RecordId};
use crate::secret;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// How many records of equal content are looked at for one that may lie in another folder.
const FOLDERS_COMPARED: usize = 4;

/// A message, in steps.
#[derive(Debug)]
pub struct Inbox {
    /// The message; its commands are in `steps`.
    pub message: Message,
    /// Every command in the order it stood, containers before what they hold.
    pub steps: Vec<Step>,
    /// Which of the steps came in which message; of the last one is the header.
    pub parts: Vec<Part>,
    /// What its Maps say: path, our name, the device's id.
    maps: Vec<(String, String, String)>,
}

/// The steps of one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its `MsgID`: what a status of them refers to.
    pub message: u32,
    /// Whether no status is wanted.
    pub silent: bool,
    /// How many there are.
    pub steps: usize,
}

/// One thing to do.
#[derive(Debug)]
pub enum Step {
    /// A command that stands for itself; its index in the message.
    Command(usize),
    /// A `Sync` begins.
    Sync(SyncStep),
    /// A change of one or more items inside a `Sync`.
    Change(ChangeStep),
    /// An `Atomic` begins: the steps that follow are carried out all together, or not at all.
    Atomic(AtomicStep),
    /// A command that is refused as it stands; or a `Sequence`, which is what every message is.
    Refuse(RefuseStep),
}

/// A `Sync` begins.
#[derive(Debug)]
pub struct SyncStep {
    /// Its path, comparable.
    pub path: String,
    /// `CmdID`.
    pub command: String,
    /// Whether no status is wanted.
    pub silent: bool,
    /// `Target` as spelt.
    pub target: String,
    /// `Source` as spelt.
    pub source: String,
    /// `Cred`.
    pub credential: Option<Cred>,
    /// `Mem`: what the device has room for.
    pub memory: Option<Memory>,
}

/// A change.
#[derive(Debug)]
pub struct ChangeStep {
    /// The path of the `Sync` around it.
    pub path: String,
    /// Which change.
    pub kind: ChangeKind,
    /// `CmdID`.
    pub command: String,
    /// Whether no status is wanted.
    pub silent: bool,
    /// `SftDel`.
    pub soft: bool,
    /// `Archive`.
    pub archive: bool,
    /// `Cred`.
    pub credential: Option<Cred>,
    /// Whether the message held as many items as it may before this one.
    pub too_many: bool,
    /// Its items.
    pub items: Vec<Incoming>,
}

/// An `Atomic` begins.
#[derive(Debug)]
pub struct AtomicStep {
    /// `CmdID`.
    pub command: String,
    /// Whether no status is wanted.
    pub silent: bool,
    /// How many of the steps behind it are in it.
    pub steps: usize,
}

/// A command refused as it stands.
#[derive(Debug)]
pub struct RefuseStep {
    /// `CmdID`.
    pub command: String,
    /// The command's name.
    pub name: &'static str,
    /// Whether no status is wanted.
    pub silent: bool,
    /// Why.
    pub code: u16,
}

/// One item of a change.
#[derive(Debug)]
pub struct Incoming {
    /// The device's id.
    pub luid: Luid,
    /// `Target` as spelt, for the status.
    pub target: Option<String>,
    /// `Source` as spelt, for the status.
    pub source: Option<String>,
    /// Whether it is a piece, and more of it comes.
    pub more: bool,
    /// `Size`, of the item or of its command.
    pub size: Option<u64>,
    /// `Format`, of the item or of its command.
    pub format: Option<String>,
    /// `Type`, of the item or of its command.
    pub media_type: Option<String>,
    /// The bytes of `Data` as they came: it may be a piece, with or without more to come.
    pub bytes: Vec<u8>,
    /// The folder it is in, by the device's id (`SourceParent`); `None` where it does not say.
    pub parent: Option<Luid>,
    /// Whether it holds some of the item's properties only (`FieldLevel`).
    pub part: bool,
    /// The content, or the status that refuses it.
    pub body: Result<Body, u16>,
    /// Its match key.
    pub key: Option<MatchKey>,
}

impl Inbox {
    /// Takes a message apart.
    pub fn new(message: Message) -> Self {
        Self::joined(Vec::new(), message)
    }

    /// Takes a message apart behind others that were not answered yet, as if all of it had come in this one.
    pub fn joined(before: Vec<Message>, mut message: Message) -> Self {
        let mut taking = Taking::default();
        let mut parts = Vec::new();
        for earlier in before {
            parts.push(taking.message(&earlier.header, earlier.commands));
            message.last |= earlier.last;
            message.header.source.name = message.header.source.name.or(earlier.header.source.name);
        }
        parts.push(taking.message(&message.header, std::mem::take(&mut message.commands)));
        message.commands = taking.commands;
        let maps = message.commands.iter().flat_map(mapped).collect();
        Self { message, steps: taking.steps, parts, maps }
    }

    /// `CmdID`, name and `NoResp` of a step that has a status.
    pub fn named(&self, step: &Step) -> Option<(String, &'static str, bool)> {
        match step {
            Step::Command(index) => self.message.commands.get(*index).and_then(named),
            Step::Sync(sync) => Some((sync.command.clone(), "Sync", sync.silent)),
            Step::Change(change) => Some((change.command.clone(), change.kind.name(), change.silent)),
            Step::Atomic(atomic) => Some((atomic.command.clone(), "Atomic", atomic.silent)),
            Step::Refuse(refused) => Some((refused.command.clone(), refused.name, refused.silent)),
        }
    }

    /// The `Cred`s inside commands.
    pub fn credentials(&self) -> impl Iterator<Item = &Cred> {
        self.steps.iter().filter_map(|step| match step {
            Step::Command(index) => self.message.commands.get(*index)?.credential(),
            Step::Sync(sync) => sync.credential.as_ref(),
            Step::Change(change) => change.credential.as_ref(),
            Step::Atomic(_) | Step::Refuse(_) => None,
        })
    }

    /// Whether any step is a `Sync`.
    pub fn has_sync(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Sync(_)))
    }

    /// The first change inside a `Sync`.
    pub fn first_change(&self) -> Option<&ChangeStep> {
        self.steps.iter().find_map(|step| match step {
            Step::Change(change) => Some(change),
            _ => None,
        })
    }

    /// Whether it only asks us to go on.
    pub fn says_nothing(&self) -> bool {
        self.message.commands.iter().all(|command| match command {
            Command::Alert(alert) => super::alert::asks_only(alert.code.trim()),
            Command::Status(status) => {
                matches!(status.command.as_str(), "SyncHdr" | "Alert") && status.code != status::IN_PROGRESS
            }
            _ => false,
        })
    }

    /// The largest object the device takes, in bytes: the specification says it in an Alert or a Sync, many say it in the
    /// SyncHdr. Of several the smallest holds, for all of a session; 0 says nothing.
    pub fn object_bytes_max(&self) -> Option<u64> {
        let inside = self.message.commands.iter().flat_map(|command| match command {
            Command::Alert(alert) => alert.items.iter().map(|item| &item.meta).collect(),
            Command::Sync(sync) => vec![&sync.meta],
            _ => Vec::new(),
        });
        let all = inside.chain([&self.message.header.meta]);
        all.filter_map(|meta| meta.max_object_bytes).filter(|bytes_max| *bytes_max > 0).min()
    }

    /// The paths of its `Sync`s.
    pub fn sync_paths(&self) -> Vec<String> {
        let paths = self.steps.iter().filter_map(|step| match step {
            Step::Sync(sync) => Some(sync.path.clone()),
            _ => None,
        });
        paths.collect()
    }

    /// Whether any command is an alert that opens a datastore.
    pub fn has_sync_alert(&self) -> bool {
        self.message.commands.iter().any(
            |command| matches!(command, Command::Alert(alert) if super::alert::opens_datastore(alert.code.trim())),
        )
    }

    /// The device's ids named in changes, by path.
    pub fn luids(&self) -> Vec<(String, Vec<Luid>)> {
        let can_be = |luid: &Luid| (1..=RecordId::BYTES_MAX).contains(&luid.0.len());
        self.by_path(|item| {
            [Some(&item.luid), item.parent.as_ref()]
                .into_iter()
                .flatten()
                .filter(|luid| can_be(luid))
                .cloned()
                .collect()
        })
    }

    /// The match keys of content that came, by path.
    pub fn keys(&self) -> Vec<(String, Vec<MatchKey>)> {
        // The same may lie in several folders: where it matters in which, a few of them are asked for.
        let times = |item: &Incoming| if item.parent.is_some() { FOLDERS_COMPARED } else { 1 };
        self.by_path(|item| {
            item.key.iter().flat_map(|key| std::iter::repeat_n(key.clone(), times(item))).collect()
        })
    }

    /// What Maps name on our side, by path.
    pub fn map_targets(&self) -> Vec<(String, Vec<String>)> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (path, ours, _) in self.maps.iter().filter(|(_, ours, _)| ours.len() <= RecordId::BYTES_MAX) {
            found.entry(path.clone()).or_default().push(ours.clone());
        }
        found.into_iter().collect()
    }

    /// What Maps say: by path and our name for it, the device's id.
    pub fn maps(&self) -> BTreeMap<(&str, &str), &str> {
        self.maps
            .iter()
            .map(|(path, ours, theirs)| ((path.as_str(), ours.as_str()), theirs.as_str()))
            .collect()
    }

    /// The device's ids of whole items, and of last pieces.
    pub fn sent_luids(&self) -> BTreeSet<&Luid> {
        let changes = self.steps.iter().filter_map(|step| match step {
            Step::Change(change) if change.kind != ChangeKind::Delete => Some(change),
            _ => None,
        });
        changes.flat_map(|change| &change.items).filter(|item| !item.more).map(|item| &item.luid).collect()
    }

    /// The device's ids named in changes, each with its path.
    pub fn changed_luids(&self) -> BTreeSet<(&str, &str)> {
        let changes = self.steps.iter().filter_map(|step| match step {
            Step::Change(change) => Some(change),
            _ => None,
        });
        let ids = changes
            .flat_map(|change| change.items.iter().map(|item| (change.path.as_str(), item.luid.0.as_str())));
        ids.collect()
    }

    fn by_path<T>(&self, pick: impl Fn(&Incoming) -> Vec<T>) -> Vec<(String, Vec<T>)> {
        let mut found: BTreeMap<String, Vec<T>> = BTreeMap::new();
        for step in &self.steps {
            if let Step::Change(change) = step {
                let picked: Vec<T> = change.items.iter().flat_map(&pick).collect();
                if !picked.is_empty() {
                    found.entry(change.path.clone()).or_default().extend(picked);
                }
            }
        }
        found.into_iter().collect()
    }
}

fn mapped(command: &Command) -> Vec<(String, String, String)> {
    let Command::Map(map) = command else { return Vec::new() };
    let path = path(&map.target, Some(&map.source));
    let trimmed = |location: &Location| trim(&location.uri).to_owned();
    map.items.iter().map(|item| (path.clone(), trimmed(&item.target), trimmed(&item.source))).collect()
}

/// `CmdID`, name and `NoResp` of a command that is a step of its own and has a status.
pub fn named(command: &Command) -> Option<(String, &'static str, bool)> {
    Some(match command {
        Command::Alert(alert) => (alert.command_id.clone(), "Alert", alert.no_response),
        Command::Exec(exec) => (exec.command_id.clone(), "Exec", exec.no_response),
        Command::Get(get) => (get.command_id.clone(), "Get", get.no_response),
        Command::Put(put) => (put.command_id.clone(), "Put", put.no_response),
        Command::Map(map) => (map.command_id.clone(), "Map", false),
        Command::Results(results) => (results.command_id.clone(), "Results", false),
        Command::Search(search) => (search.command_id.clone(), "Search", search.no_response),
        _ => return None,
    })
}

fn refuse(change: &Change, code: u16) -> Step {
    Step::Refuse(RefuseStep {
        command: change.command_id.clone(),
        name: change.kind.name(),
        silent: change.no_response,
        code,
    })
}

fn change_step(change: &Change, path: &str, scope: &Meta, too_many: bool) -> ChangeStep {
    let meta = scoped(scope, &change.meta);
    let with_content = matches!(change.kind, ChangeKind::Add | ChangeKind::Replace);
    let items = if too_many { &[] } else { change.items.as_slice() };
    ChangeStep {
        path: path.to_owned(),
        kind: change.kind,
        command: change.command_id.clone(),
        silent: change.no_response,
        soft: change.soft_delete,
        archive: change.archive,
        credential: change.credential.clone(),
        too_many,
        items: items.iter().map(|item| incoming(item, &meta, with_content)).collect(),
    }
}

fn incoming(item: &Item, meta: &Meta, with_content: bool) -> Incoming {
    let source = item.source.as_ref().map(|source| source.uri.clone());
    let luid = Luid(trim(source.as_deref().unwrap_or_default()).to_owned());
    let body = if with_content { body(item, meta) } else { Err(status::OK) };
    let part = with_content && (item.meta.field_level || meta.field_level);
    // A part is equal to nothing.
    let key = body.as_ref().ok().filter(|_| !part).and_then(matching::key);
    let target = item.target.as_ref().map(|target| target.uri.clone());
    // A device names folders by its own ids, whichever element it uses for that.
    let parent = item.source_parent.as_deref().or(item.target_parent.as_deref());
    let parent = parent.map(|parent| Luid(trim(parent).to_owned()));
    let data = item.data.as_ref().filter(|_| with_content);
    let either = |pick: fn(&Meta) -> &Option<String>| pick(&item.meta).clone().or_else(|| pick(meta).clone());
    Incoming {
        luid,
        target,
        source,
        more: item.more,
        parent,
        part,
        size: item.meta.size.or(meta.size),
        format: either(|meta| &meta.format),
        media_type: either(|meta| &meta.media_type),
        bytes: data.map(|data| data.bytes().to_vec()).unwrap_or_default(),
        body,
        key,
    }
}

/// An item whose pieces are put together: it is named by the last of them.
pub fn assembled(
    last: &Incoming,
    format: Option<&str>,
    media_type: Option<&str>,
    bytes: Vec<u8>,
    bytes_max: usize,
) -> Incoming {
    let body = recognised(format, media_type, bytes.into(), bytes_max);
    Incoming {
        luid: last.luid.clone(),
        target: last.target.clone(),
        source: last.source.clone(),
        more: false,
        parent: last.parent.clone(),
        part: last.part,
        size: None,
        format: None,
        media_type: None,
        bytes: Vec::new(),
        key: body.as_ref().ok().and_then(matching::key),
        body,
    }
}

/// The content of an item: `Format` b64 undone, the form told by type and content.
fn body(item: &Item, meta: &Meta) -> Result<Body, u16> {
    if item.more {
        return Err(status::ENTITY_TOO_LARGE);
    }
    let data = item.data.as_ref().map(|data| data.bytes()).unwrap_or_default();
    let format = item.meta.format.as_deref().or(meta.format.as_deref());
    let media_type = item.meta.media_type.as_deref().or(meta.media_type.as_deref());
    recognised(format, media_type, data.into(), limits::RECORD_BYTES_MAX)
}

/// The body that transported bytes spell.
fn recognised(
    format: Option<&str>,
    media_type: Option<&str>,
    data: Cow<'_, [u8]>,
    bytes_max: usize,
) -> Result<Body, u16> {
    let bytes = if format.is_some_and(|format| format.trim().eq_ignore_ascii_case("b64")) {
        secret::unbase64(&data).ok_or(status::UNSUPPORTED_MEDIA_TYPE)?
    } else {
        data.into_owned()
    };
    if bytes.is_empty() {
        return Err(status::INCOMPLETE_COMMAND);
    }
    if bytes.len() > bytes_max {
        return Err(status::ENTITY_TOO_LARGE);
    }
    let body = Body { form: content::recognise(media_type, &bytes), bytes };
    Some(body).filter(is_whole).ok_or(status::UNSUPPORTED_MEDIA_TYPE)
}

/// Whether a card or a calendar has one in it at all: a media type alone does not make one.
fn is_whole(body: &Body) -> bool {
    match body.form {
        Form::Plain | Form::Table | Form::Opaque(_) => true,
        _ => content::read(body).entries.iter().any(|entry| matches!(entry, Entry::Component(_))),
    }
}

/// A location's path, comparable: `./Contacts/`, `contacts?x` and `https://host/syncml/contacts` all say `contacts`. Where the
/// target says nothing (Sony Ericsson C510), the source is taken. What is longer than any path of ours is empty, and found nowhere.
pub fn path(target: &Location, source: Option<&Location>) -> String {
    let path = comparable(&target.uri);
    let path = match source {
        Some(source) if path.is_empty() => comparable(&source.uri),
        _ => path,
    };
    if path.len() > limits::NAME_BYTES_MAX { String::new() } else { path }
}

/// A path, comparable: without `./`, query, slashes at the ends, padding, and in lower case.
pub fn comparable(uri: &str) -> String {
    let uri = trim(uri);
    let uri = uri.split('?').next().unwrap_or_default();
    let uri = match uri.split_once("://") {
        Some((_, rest)) => rest.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default(),
        None => uri,
    };
    uri.trim_start_matches("./").trim_matches('/').to_lowercase()
}

/// Without the NUL and blank padding that some devices send.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c == '\0' || c.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_compare_however_a_device_spells_them() {
        for spelt in [
            "contacts",
            "./contacts",
            "./Contacts/",
            "/contacts",
            "contacts\0",
            "./contacts?SINCE&EQ;1",
            "http://h:1/syncml/contacts",
        ] {
            assert_eq!(comparable(spelt), "contacts", "{spelt}");
        }
        assert_eq!(path(&Location::of(""), Some(&Location::of("./C"))), "c");
    }
}
