//! A hand that writes its own messages: whatever a well-behaved phone would never say.

use crate::phone::{change, map_command, number};
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::store::Store;
use anchorage::syncml::codec::{Encoding, decode, encode};
use anchorage::syncml::credential;
use anchorage::syncml::message::*;

/// A session written by hand, as device `hand` of login `ann`, to the base URL.
pub struct Hand<'a, S = SqliteStore> {
    pub world: &'a World<S>,
    pub header: Header,
    /// The last message as it was sent.
    pub sent: Vec<u8>,
}

impl<'a, S: Store> Hand<'a, S> {
    pub fn new(world: &'a World<S>, session: &str) -> Self {
        let mut source = Location::of("hand");
        source.name = Some("ann".into());
        let header = Header {
            dtd: "1.2".into(),
            protocol: "SyncML/1.2".into(),
            session_id: session.into(),
            target: Location::of("http://h/syncml"),
            source,
            credential: Some(credential::basic_cred("ann", "secret")),
            ..Header::default()
        };
        Self { world, header, sent: Vec::new() }
    }

    /// Package 1 for `./C` and `contacts`, complete.
    pub fn greeted(world: &'a World<S>, session: &str, last: &str, next: &str) -> Self {
        let mut hand = Self::new(world, session);
        hand.say(vec![alert("200", "./C", "contacts", last, next)], true);
        hand
    }

    /// Says something and hears the answer. Only the first message carries credentials.
    pub fn say(&mut self, mut commands: Vec<Command>, last: bool) -> Message {
        self.header.message_id += 1;
        for (index, command) in commands.iter_mut().enumerate() {
            number(command, index + 1);
        }
        let message = Message { header: self.header.clone(), commands, last };
        self.header.credential = None;
        self.sent = encode(&message, Encoding::Xml);
        self.repeat(&self.sent)
    }

    /// Sends bytes and hears the answer.
    pub fn repeat(&self, bytes: &[u8]) -> Message {
        let response = self.world.post("", "application/vnd.syncml+xml", bytes);
        assert_eq!(response.status, 200, "{}", self.world.last_line());
        decode(&response.body).unwrap().0
    }
}

pub fn alert(code: &str, name: &str, target: &str, last: &str, next: &str) -> Command {
    let anchor = Anchor { last: (!last.is_empty()).then(|| last.into()), next: Some(next.into()) };
    let item = Item {
        target: Some(Location::of(target)),
        source: Some(Location::of(name)),
        meta: Meta { anchor: Some(anchor), ..Meta::default() },
        ..Item::default()
    };
    Command::Alert(Alert { code: code.into(), items: vec![item], ..Alert::default() })
}

/// An alert without an item.
pub fn bare(code: &str) -> Command {
    Command::Alert(Alert { code: code.into(), ..Alert::default() })
}

pub fn sync(target: &str, commands: Vec<Command>) -> Command {
    let (target, source) = (Some(Location::of(target)), Some(Location::of("./C")));
    Command::Sync(Sync { target, source, commands, ..Sync::default() })
}

pub fn put(kind: ChangeKind, luid: &str, text: &str) -> Command {
    change(kind, luid, Some(text), "text/vcard")
}

pub fn map(target: &str, pairs: &[(&str, &str)]) -> Command {
    let pairs: Vec<_> = pairs.iter().map(|(guid, luid)| ((*guid).to_owned(), (*luid).to_owned())).collect();
    map_command("./C", target, &pairs)
}

/// What was said of commands, but for the SyncHdr.
pub fn codes(answer: &Message) -> Vec<u16> {
    statuses(answer)
        .into_iter()
        .filter(|status| status.command != "SyncHdr")
        .map(|status| status.code)
        .collect()
}

pub fn statuses(answer: &Message) -> Vec<Status> {
    let status = |command: &Command| match command {
        Command::Status(status) => Some(status.clone()),
        _ => None,
    };
    answer.commands.iter().filter_map(status).collect()
}

/// The names of the commands that are no statuses; an alert by its code.
pub fn others(answer: &Message) -> Vec<String> {
    let name = |command: &Command| match command {
        Command::Status(_) => None,
        Command::Alert(alert) => Some(alert.code.clone()),
        Command::Sync(sync) => Some(format!("Sync {}", sync.commands.len())),
        Command::Get(_) => Some("Get".into()),
        Command::Results(_) => Some("Results".into()),
        other => Some(format!("{other:?}")),
    };
    answer.commands.iter().filter_map(name).collect()
}

/// A status for every command of an answer.
pub fn acknowledge(answer: &Message) -> Vec<Command> {
    let message_ref = answer.header.message_id;
    let status = |command: &str, name: &str, code| {
        Command::Status(Status {
            message_ref,
            command_ref: command.into(),
            command: name.into(),
            code,
            ..Status::default()
        })
    };
    let mut owed = vec![status("0", "SyncHdr", 200)];
    for command in &answer.commands {
        match command {
            Command::Alert(alert) => owed.push(status(&alert.command_id, "Alert", 200)),
            Command::Sync(sync) => {
                owed.push(status(&sync.command_id, "Sync", 200));
                for command in &sync.commands {
                    let Command::Change(change) = command else { continue };
                    owed.push(status(&change.command_id, change.kind.name(), 200));
                }
            }
            _ => {}
        }
    }
    owed
}
