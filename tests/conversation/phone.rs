//! A phone: a small, strict SyncML client that keeps every rule of the protocol, and can be made to lose messages.
#![allow(dead_code)]

use anchorage::http::Response;
use anchorage::store::Store;
use anchorage::syncml::codec::{Encoding, decode, encode};
use anchorage::syncml::credential;
use anchorage::syncml::device::{Capability, ContentType, DataStore, DevInf, PropertyCapability};
use anchorage::syncml::message::*;
use std::collections::{BTreeMap, BTreeSet};

use crate::house::now;
use crate::world::World;

/// Where a phone's messages go. `None` where the phone dies over it.
#[allow(async_fn_in_trait)]
pub trait Wire {
    async fn post(&self, url: &str, content_type: &str, body: &[u8]) -> Option<Response>;
}

impl<S: Store> Wire for World<S> {
    async fn post(&self, url: &str, content_type: &str, body: &[u8]) -> Option<Response> {
        Some(World::post(self, url, content_type, body))
    }
}

/// What a phone with a CTCap says it can hold of a card, unless it lacks it.
const PROPERTIES: [&str; 9] = ["BEGIN", "END", "VERSION", "N", "FN", "TITLE", "NOTE", "NICKNAME", "ORG"];

/// What goes wrong, and at which message of the session (from 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The request never arrives; it is sent again.
    LostRequest(u32),
    /// The answer never arrives; the same bytes are sent again.
    LostAnswer(u32),
    /// The phone dies before the message is sent.
    DiesBefore(u32),
    /// The phone dies after the message was sent; the answer is lost.
    DiesAfter(u32),
}

/// One datastore of the phone.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    pub target: String,
    pub media_type: String,
    pub version: String,
    pub items: BTreeMap<String, String>,
    pub changed: BTreeSet<String>,
    pub deleted: BTreeSet<String>,
    /// What it wants to have.
    pub filter: Option<Filter>,
    /// What a status has taken of it in a sync that is not complete: not sent again where that is resumed.
    pub acked: BTreeSet<String>,
    pub last: String,
    pub server_last: String,
    /// Maps not acknowledged yet: server id to LUID.
    pub maps: BTreeMap<String, String>,
    pub made: u32,
}

/// What a phone says that it is.
#[derive(Clone, Copy, Debug)]
pub struct Pose {
    pub maker: &'static str,
    pub model: &'static str,
    pub large_objects: Option<bool>,
    pub guid_bytes: Option<u64>,
}

impl Default for Pose {
    fn default() -> Self {
        Self { maker: "Test", model: "Phone", large_objects: None, guid_bytes: None }
    }
}

#[derive(Clone, Debug)]
pub struct Phone {
    pub device: String,
    pub user: String,
    pub password: String,
    pub version: Version,
    pub encoding: Encoding,
    pub md5: bool,
    pub nonce: Vec<u8>,
    pub max_message: Option<u64>,
    pub guid_bytes: u64,
    /// What its DevInf says instead of what it can do: a maker and a model, large objects, `MaxGUIDSize`.
    pub poses: Pose,
    pub devinf: bool,
    /// Changes in one message.
    pub per_message: usize,
    pub folders: BTreeMap<String, Folder>,
    pub sessions: u32,
    pub anchors: u32,
    pub fault: Fault,
    pub slow: bool,
    /// The sync type it asks for; 0 for a normal or a slow one as its anchors have it.
    pub asks: u16,
    /// The same for one folder.
    pub asks_each: BTreeMap<String, u16>,
    /// Whether it sends nothing but 222, and no `Final`, where its changes are expected.
    pub silent_in_package_3: bool,
    /// At which message its user pauses (224).
    pub pauses: Option<u32>,
    /// Whether the next session asks to resume (225).
    pub resumes: bool,
    /// What it sends instead of its own changes.
    pub instead: Vec<Command>,
    /// Status the phone gives to what the server sends.
    pub verdict: u16,
    /// Whether Maps are lost (the phone crashes before it sends them).
    pub forgets_maps: bool,
    /// Whether Maps are sent when all of the server's changes have come, and not as they come.
    pub maps_late: bool,
    /// Whether its first digest goes with every message.
    pub always_signs_in: bool,
    /// Whether it answers the server's alert with 508, and syncs slowly without another alert.
    pub doubts: bool,
    /// Whether the phone ignores RespURI.
    pub stubborn: bool,
    /// Whether it understands NumberOfChanges.
    pub counts: bool,
    /// Whether it forgets a change as soon as a status says it was taken, and not only when the session has ended well.
    pub eager: bool,
    /// Properties it cannot hold: dropped from what comes, left out of its CTCap.
    pub lacks: Vec<String>,
    /// What statuses said of its own changes: LUID, command, code. For tests to drain.
    pub answered: Vec<(String, String, u16)>,
    /// Whether it insists on the server's `Last` anchor.
    pub insists: bool,
    /// What came and went, item by item. For tests to drain.
    pub story: Vec<String>,
    /// Whether the last session was a slow sync.
    pub was_slow: bool,
    /// How many messages it bears with.
    pub patience: u32,
    /// How many bytes of an item it sends in one message, and whether it takes large ones in pieces; 0 for neither.
    pub piece_bytes: usize,
    /// What it says to a piece.
    pub piece_verdict: u16,
    /// Its `MaxObjSize`.
    pub max_object: Option<u64>,
    /// What it does where it is told that the server is busy (101).
    pub when_busy: WhenBusy,
}

/// What a phone does where the server is busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenBusy {
    /// It asks for the result (221).
    Asks,
    /// It goes on as if it had been answered.
    GoesOn,
    /// It ends the session.
    GivesUp,
}

/// What a session was.
#[derive(Clone, Debug, Default)]
pub struct Session {
    pub messages: u32,
    pub sizes: Vec<usize>,
    pub sent: u32,
    pub received: u32,
    pub statuses: Vec<(String, u16)>,
    pub alerts: Vec<(String, u16)>,
    pub changes_announced: Vec<Option<u64>>,
    pub answers: Vec<Message>,
    pub header: Vec<u16>,
    /// Pieces that came.
    pub pieces: u32,
    /// How many answers said that the server is busy.
    pub busy: u32,
}

impl Session {
    pub fn statuses_of(&self, command: &str) -> Vec<u16> {
        self.statuses.iter().filter(|(name, _)| name == command).map(|(_, code)| *code).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    Died,
    Refused(u16),
    Suspended,
    Busy,
    Http(u16),
}

impl Phone {
    pub fn new(device: &str) -> Self {
        Self {
            device: device.into(),
            user: "ann".into(),
            password: "secret".into(),
            version: Version::V12,
            encoding: Encoding::Wbxml,
            md5: true,
            nonce: Vec::new(),
            max_message: Some(64_000),
            guid_bytes: 64,
            poses: Pose::default(),
            devinf: true,
            per_message: 50,
            folders: BTreeMap::new(),
            sessions: 0,
            anchors: 0,
            fault: Fault::None,
            slow: false,
            asks: 0,
            pauses: None,
            asks_each: BTreeMap::new(),
            silent_in_package_3: false,
            resumes: false,
            instead: Vec::new(),
            verdict: 0,
            forgets_maps: false,
            maps_late: false,
            always_signs_in: false,
            doubts: false,
            stubborn: false,
            counts: true,
            eager: false,
            lacks: Vec::new(),
            answered: Vec::new(),
            insists: true,
            story: Vec::new(),
            was_slow: false,
            patience: 500,
            piece_bytes: 0,
            piece_verdict: 213,
            max_object: None,
            when_busy: WhenBusy::Asks,
        }
    }

    pub fn with(mut self, name: &str, target: &str, media_type: &str, version: &str) -> Self {
        let folder = Folder {
            target: target.into(),
            media_type: media_type.into(),
            version: version.into(),
            ..Folder::default()
        };
        self.folders.insert(name.into(), folder);
        self
    }

    pub fn contacts(device: &str) -> Self {
        Self::new(device).with("./C", "contacts", "text/vcard", "3.0")
    }

    pub fn notes(device: &str) -> Self {
        Self::new(device).with("./N", "./notes", "text/plain", "1.0")
    }

    pub fn only(&mut self) -> &mut Folder {
        self.folders.values_mut().next().unwrap()
    }

    pub fn add(&mut self, text: &str) -> String {
        let device = self.device.clone();
        let folder = self.only();
        folder.made += 1;
        let luid = format!("{device}/{}", folder.made);
        folder.items.insert(luid.clone(), text.into());
        folder.changed.insert(luid.clone());
        folder.acked.remove(&luid);
        luid
    }

    pub fn edit(&mut self, luid: &str, text: &str) {
        let folder = self.only();
        assert!(folder.items.insert(luid.into(), text.into()).is_some(), "no item {luid}");
        folder.changed.insert(luid.into());
        folder.acked.remove(luid);
    }

    pub fn delete(&mut self, luid: &str) {
        let folder = self.only();
        folder.items.remove(luid);
        folder.changed.remove(luid);
        folder.deleted.insert(luid.into());
        folder.acked.remove(luid);
    }

    /// The LUID of the item that contains a text.
    pub fn find(&self, text: &str) -> String {
        let folder = self.folders.values().next().unwrap();
        folder
            .items
            .iter()
            .find(|(_, item)| item.contains(text))
            .unwrap_or_else(|| panic!("no {text}"))
            .0
            .clone()
    }

    /// The item that contains a text.
    pub fn text_of(&self, text: &str) -> String {
        self.folders.values().next().unwrap().items[&self.find(text)].clone()
    }

    pub fn contents(&self) -> Vec<String> {
        let mut items: Vec<String> = self.folders.values().flat_map(|f| f.items.values().cloned()).collect();
        items.sort();
        items
    }

    /// How many of its changes were answered more than once.
    pub fn answered_twice(&self) -> usize {
        let mut ids: Vec<_> = self.answered.iter().map(|(luid, ..)| luid).collect();
        ids.sort();
        ids.windows(2).filter(|pair| pair[0] == pair[1]).count()
    }

    /// What the phone said it can do.
    pub fn devinf(&self) -> DevInf {
        let capabilities = |folder: &Folder| -> Vec<Capability> {
            let held = PROPERTIES.iter().filter(|name| !self.lacks.iter().any(|lacking| lacking == *name));
            let properties =
                held.map(|name| PropertyCapability { name: (*name).into(), ..PropertyCapability::default() });
            let capability = Capability {
                media_type: folder.media_type.clone(),
                version: (self.version == Version::V12).then(|| folder.version.clone()),
                properties: properties.collect(),
                ..Capability::default()
            };
            if self.lacks.is_empty() { Vec::new() } else { vec![capability] }
        };
        let of_device = self.folders.values().next().filter(|_| self.version < Version::V12);
        let store = |(name, folder): (&String, &Folder)| {
            let preferred =
                ContentType { media_type: folder.media_type.clone(), version: folder.version.clone() };
            DataStore {
                source_ref: name.clone(),
                max_guid_bytes: Some(self.poses.guid_bytes.unwrap_or(self.guid_bytes)),
                receives_preferred: Some(preferred.clone()),
                sends_preferred: Some(preferred),
                sync_types: (1..=7).map(|number: u8| number.to_string()).collect(),
                capabilities: if self.version == Version::V12 { capabilities(folder) } else { Vec::new() },
                ..DataStore::default()
            }
        };
        DevInf {
            version: self.version.dtd().into(),
            maker: Some(self.poses.maker.into()),
            model: Some(self.poses.model.into()),
            firmware: Some("1".into()),
            software: Some("1".into()),
            hardware: Some("1".into()),
            device_id: self.device.clone(),
            device_type: "phone".into(),
            number_of_changes: self.version > Version::V10 && self.counts,
            large_objects: self.poses.large_objects.unwrap_or(self.piece_bytes > 0),
            datastores: self.folders.iter().map(store).collect(),
            capabilities: of_device.map(capabilities).unwrap_or_default(),
            ..DevInf::default()
        }
    }

    /// One whole session; anchors move only where it ends well.
    pub fn sync<S: Store>(&mut self, world: &World<S>) -> Result<Session, Broken> {
        now(self.converse(world))
    }

    /// The same over any wire.
    pub async fn converse(&mut self, wire: &impl Wire) -> Result<Session, Broken> {
        Talk::begin(self).run(wire).await
    }

    /// A session whose first message carries these commands too.
    pub fn sync_with<S: Store>(&mut self, world: &World<S>, more: Vec<Command>) -> Result<Session, Broken> {
        let mut talk = Talk::begin(self);
        talk.more = more;
        now(talk.run(world))
    }

    /// A session without separate initialisation: packages 1 and 3 in one message.
    pub fn sync_combined<S: Store>(&mut self, world: &World<S>) -> Result<Session, Broken> {
        let mut talk = Talk::begin(self);
        let names: Vec<String> = talk.phone.folders.keys().cloned().collect();
        talk.modes = names.iter().map(|name| (name.clone(), 200)).collect();
        talk.more = talk.package_3().concat();
        let sent = talk.session.sent;
        talk.modes.clear();
        now(talk.run_combined(world, sent))
    }
}

/// A session in the making.
struct Talk<'a> {
    phone: &'a mut Phone,
    session: Session,
    url: String,
    session_id: String,
    message: u32,
    next: String,
    modes: BTreeMap<String, u16>,
    /// Statuses to send, by what they are about.
    owed: Vec<Status>,
    maps: BTreeMap<String, Vec<(String, String)>>,
    /// Our commands that await a status: CmdID to what it was.
    finished: bool,
    heard: BTreeMap<String, String>,
    more: Vec<Command>,
    /// Its own changes that no status has taken yet, by message and command.
    open: BTreeMap<(u32, String), String>,
    /// What came of a large item so far.
    joining: Option<(u64, Item)>,
}

impl<'a> Talk<'a> {
    fn begin(phone: &'a mut Phone) -> Self {
        phone.sessions += 1;
        phone.was_slow = false;
        phone.anchors += 1;
        let (session_id, next) = (phone.sessions.to_string(), format!("a{}", phone.anchors));
        Self {
            phone,
            session: Session::default(),
            url: "https://sync.example/syncml".into(),
            session_id,
            message: 0,
            next,
            modes: BTreeMap::new(),
            owed: Vec::new(),
            maps: BTreeMap::new(),
            finished: false,
            heard: BTreeMap::new(),
            more: Vec::new(),
            open: BTreeMap::new(),
            joining: None,
        }
    }

    /// Package 1, and 2 until it is complete.
    async fn greet(&mut self, world: &impl Wire) -> Result<Message, Broken> {
        let mut answer = self.exchange(world, self.package_1(), true, true).await?;
        let mut tries = 0;
        while let Some(code @ (401 | 407)) = header_status(&answer) {
            tries += 1;
            if tries > 1 {
                return Err(Broken::Refused(code));
            }
            self.learn_nonce(&answer);
            answer = self.exchange(world, self.package_1(), true, true).await?;
        }
        if !self.phone.always_signs_in {
            self.learn_nonce(&answer);
        }
        self.take(&answer);
        while !answer.last {
            let owed = self.owed_or_next();
            answer = self.exchange(world, owed, false, false).await?;
            self.take(&answer);
        }
        Ok(answer)
    }

    async fn run_combined(&mut self, world: &impl Wire, sent: u32) -> Result<Session, Broken> {
        self.session.sent = sent;
        self.greet(world).await?;
        if self.modes.values().any(|mode| *mode == 201) {
            return self.go_on(world).await;
        }
        self.finish(world).await
    }

    async fn run(&mut self, world: &impl Wire) -> Result<Session, Broken> {
        self.greet(world).await?;
        self.go_on(world).await
    }

    /// Package 3 and all that follows.
    async fn go_on(&mut self, world: &impl Wire) -> Result<Session, Broken> {
        if self.modes.is_empty() {
            return Err(Broken::Refused(self.session.statuses_of("Alert").first().copied().unwrap_or(0)));
        }
        if self.phone.silent_in_package_3 {
            let mut sync = self.package_3().concat();
            sync.retain(|command| matches!(command, Command::Sync(_)));
            self.exchange(world, sync, false, false).await?;
            for _ in 0..6 {
                let owed = self.owed_or_next();
                self.exchange(world, owed, false, false).await?;
            }
            return Err(Broken::Died);
        }
        let mut packages = self.package_3();
        let final_commands = packages.pop().unwrap_or_default();
        for commands in packages {
            let answer = self.exchange(world, commands, false, false).await?;
            self.take(&answer);
        }
        let mut answer = self.exchange(world, final_commands, true, false).await?;
        self.take(&answer);
        while !answer.last {
            let owed = self.owed_or_next();
            answer = self.exchange(world, owed, false, false).await?;
            self.take(&answer);
        }
        if self.modes.values().all(|mode| matches!(mode, 202 | 203)) {
            // There is nothing to say in a package 5.
            self.commit();
            return Ok(self.session.clone());
        }
        self.finish(world).await
    }

    /// Package 5, and 6 until it is complete.
    async fn finish(&mut self, world: &impl Wire) -> Result<Session, Broken> {
        let owed = self.owed(true);
        let mut answer = self.exchange(world, owed, true, false).await?;
        self.take(&answer);
        while !answer.last {
            let owed = self.owed_or_next();
            answer = self.exchange(world, owed, true, false).await?;
            self.take(&answer);
        }
        self.commit();
        Ok(self.session.clone())
    }

    fn commit(&mut self) {
        let resumed = self.phone.resumes && !self.refused();
        for (name, folder) in &mut self.phone.folders {
            if self.modes.contains_key(name) {
                folder.last = self.next.clone();
                folder.server_last = self.heard.get(name).cloned().unwrap_or_default();
                folder.acked.clear();
                if self.modes[name] == 204 {
                    // Its own changes wait for a sync that takes them.
                    continue;
                }
                // What was put off, or never answered, comes again; so does what was deleted after a slow sync that is
                // resumed had taken it, because that one carries no deletions.
                let later = resumed && self.modes[name] == 201;
                folder.changed.retain(|luid| self.open.values().any(|open| open == luid));
                folder.deleted.retain(|luid| later || self.open.values().any(|open| open == luid));
            }
        }
    }

    /// Says something and hears the answer, however long the server is busy.
    async fn exchange(
        &mut self,
        world: &impl Wire,
        commands: Vec<Command>,
        last: bool,
        login: bool,
    ) -> Result<Message, Broken> {
        let mut answer = self.send(world, commands, last, login).await?;
        while header_status(&answer) == Some(101) {
            self.session.busy += 1;
            assert!(!answer.last, "a busy server does not close its package");
            let in_progress =
                |command: &Command| matches!(command, Command::Status(status) if status.code == 101);
            assert!(answer.commands.iter().all(in_progress), "{:?}", answer.commands);
            match self.phone.when_busy {
                WhenBusy::Asks => {}
                WhenBusy::GoesOn => return Ok(answer),
                WhenBusy::GivesUp => return Err(Broken::Busy),
            }
            let status = Status {
                message_ref: answer.header.message_id,
                command_ref: "0".into(),
                command: "SyncHdr".into(),
                code: 200,
                ..Status::default()
            };
            let alert = Alert { code: "221".into(), items: vec![Item::default()], ..Alert::default() };
            let asks = vec![Command::Status(status), Command::Alert(alert)];
            answer = self.send(world, asks, false, false).await?;
        }
        Ok(answer)
    }

    async fn send(
        &mut self,
        world: &impl Wire,
        commands: Vec<Command>,
        last: bool,
        login: bool,
    ) -> Result<Message, Broken> {
        self.message += 1;
        let pauses = self.phone.pauses == Some(self.message);
        let mut commands = commands;
        if pauses {
            commands.retain(|command| matches!(command, Command::Status(_)));
            let alert = Alert { code: "224".into(), items: vec![Item::default()], ..Alert::default() };
            commands.push(Command::Alert(alert));
        }
        for (index, command) in commands.iter_mut().enumerate() {
            number(command, index + 1);
        }
        let signs_in = login || self.phone.always_signs_in;
        self.open.extend(changes_in(&commands).map(|(command, luid)| ((self.message, command), luid)));
        let message = Message { header: self.header(signs_in), commands, last };
        let bytes = encode(&message, self.phone.encoding);
        let content_type = match self.phone.encoding {
            Encoding::Xml => "application/vnd.syncml+xml",
            Encoding::Wbxml => "application/vnd.syncml+wbxml",
        };
        let at = self.message;
        if self.phone.fault == Fault::DiesBefore(at) {
            return Err(Broken::Died);
        }
        let mut response = world.post(&self.url, content_type, &bytes).await.ok_or(Broken::Died)?;
        if self.phone.fault == Fault::LostAnswer(at) {
            let again = world.post(&self.url, content_type, &bytes).await.ok_or(Broken::Died)?;
            assert_eq!(again, response, "a resend gets the same bytes");
            response = again;
        }
        if self.phone.fault == Fault::DiesAfter(at) {
            return Err(Broken::Died);
        }
        if response.status != 200 {
            return Err(Broken::Http(response.status));
        }
        self.session.messages += 1;
        assert!(self.session.messages < self.phone.patience, "the two talk for ever");
        self.session.sizes.push(response.body.len());
        if let Some(max) = self.phone.max_message {
            assert!(response.body.len() as u64 <= max, "{} bytes in a message of {max}", response.body.len());
        }
        let (answer, encoding) = decode(&response.body).unwrap();
        assert_eq!(encoding, self.phone.encoding);
        assert_eq!(answer.header.session_id, self.session_id);
        assert_eq!(answer.header.target.uri, self.phone.device);
        self.check_statuses(&message, &answer);
        if let Some(url) = answer.header.respond_to.clone().filter(|_| !self.phone.stubborn) {
            assert!(url.starts_with("https://"));
            self.url = url;
        }
        self.session.header.extend(header_status(&answer));
        self.session.answers.push(answer.clone());
        if pauses {
            self.session.alerts.clear();
            let more = answer.commands.iter().any(|command| matches!(command, Command::Sync(_)));
            assert!(!more && answer.last, "it was asked to stop");
            return Err(Broken::Suspended);
        }
        match header_status(&answer) {
            Some(code) if code >= 400 && !login => Err(Broken::Refused(code)),
            _ => Ok(answer),
        }
    }

    /// The SyncHdr has the first status; a status is about something we sent.
    fn check_statuses(&self, message: &Message, answer: &Message) {
        let mut statuses = answer.commands.iter().filter_map(|command| match command {
            Command::Status(status) => Some(status),
            _ => None,
        });
        let first = statuses.next().expect("a status for the SyncHdr");
        assert_eq!((first.command.as_str(), first.command_ref.as_str()), ("SyncHdr", "0"));
        assert_eq!(first.message_ref, message.header.message_id);
    }

    fn header(&self, login: bool) -> Header {
        let phone = &self.phone;
        let credential = login.then(|| match phone.md5 {
            true => credential::md5_cred(&phone.user, &phone.password, &phone.nonce, phone.version),
            false => credential::basic_cred(&phone.user, &phone.password),
        });
        let mut source = Location::of(phone.device.clone());
        source.name = Some(phone.user.clone());
        Header {
            dtd: phone.version.dtd().into(),
            protocol: phone.version.protocol().into(),
            session_id: self.session_id.clone(),
            message_id: self.message,
            target: Location::of(self.url.clone()),
            source,
            credential,
            meta: Meta {
                max_message_bytes: phone.max_message,
                max_object_bytes: phone.max_object,
                ..Meta::default()
            },
            ..Header::default()
        }
    }

    fn learn_nonce(&mut self, answer: &Message) {
        for command in &answer.commands {
            if let Command::Status(Status { challenge: Some(challenge), .. }) = command {
                self.phone.nonce = credential::nonce(challenge).into_owned();
            }
        }
    }

    fn package_1(&self) -> Vec<Command> {
        let mut commands = Vec::new();
        if self.phone.devinf {
            let item = Item {
                source: Some(Location::of(self.phone.version.devinf())),
                data: Some(Data::Device(Box::new(self.phone.devinf()))),
                ..Item::default()
            };
            let media_type = match self.phone.encoding {
                Encoding::Xml => "application/vnd.syncml-devinf+xml",
                Encoding::Wbxml => "application/vnd.syncml-devinf+wbxml",
            };
            let meta = Meta { media_type: Some(media_type.into()), ..Meta::default() };
            commands.push(Command::Put(Get { meta, items: vec![item], ..Get::default() }));
        }
        for (name, folder) in &self.phone.folders {
            let slow = self.phone.slow || folder.last.is_empty();
            let anchor = Anchor {
                last: (!folder.last.is_empty()).then(|| folder.last.clone()),
                next: Some(self.next.clone()),
            };
            let filter = folder.filter.clone().map(Box::new);
            let item = Item {
                target: Some(Location { filter, ..Location::of(folder.target.clone()) }),
                source: Some(Location::of(name.clone())),
                meta: Meta { anchor: Some(anchor), ..Meta::default() },
                ..Item::default()
            };
            let code = match self.phone.resumes {
                true => "225".to_owned(),
                false if self.phone.asks_each.contains_key(name) => self.phone.asks_each[name].to_string(),
                false if self.phone.asks > 0 => self.phone.asks.to_string(),
                false if slow && self.more.is_empty() => "201".to_owned(),
                false => "200".to_owned(),
            };
            commands.push(Command::Alert(Alert { code, items: vec![item], ..Alert::default() }));
        }
        match self.more.first() {
            Some(Command::Alert(_)) => self.more.iter().cloned().chain(commands).collect(),
            _ => commands.into_iter().chain(self.more.iter().cloned()).collect(),
        }
    }

    /// Whether the wish for a sync, or to resume one, was answered with a slow one.
    fn refused(&self) -> bool {
        self.session.statuses_of("Alert").contains(&508)
    }

    fn package_3(&mut self) -> Vec<Vec<Command>> {
        let mut messages =
            vec![std::mem::take(&mut self.owed).into_iter().map(Command::Status).collect::<Vec<_>>()];
        let resumed = self.phone.resumes && !self.refused();
        for (name, folder) in &mut self.phone.folders {
            let Some(mode) = self.modes.get(name) else { continue };
            if !resumed {
                folder.acked.clear();
            }
            if *mode == 205 && !resumed {
                folder.items.clear();
                (folder.changed, folder.deleted, folder.maps) = Default::default();
            }
            // In a slow sync what it no longer has is not named: it may come again.
            let here = |luid: &String| *mode != 201 || folder.items.contains_key(luid);
            let maps = folder.maps.clone().into_iter().filter(|(_, luid)| here(luid));
            let maps: Vec<(String, String)> = maps.collect();
            if !maps.is_empty() {
                messages.last_mut().unwrap().push(map_command(name, &folder.target, &maps));
            }
            let changes = match self.phone.instead.is_empty() {
                true => changes_of(folder, *mode)
                    .into_iter()
                    .filter(|change| changed_luid(change).is_none_or(|luid| !folder.acked.contains(&luid)))
                    .collect(),
                false => self.phone.instead.clone(),
            };
            let chunks: Vec<&[Command]> =
                if changes.is_empty() { vec![&[]] } else { changes.chunks(self.phone.per_message).collect() };
            for (index, chunk) in chunks.into_iter().enumerate() {
                self.session.sent += u32::try_from(chunk.len()).unwrap();
                for (part, commands) in in_pieces(chunk, self.phone.piece_bytes).into_iter().enumerate() {
                    if index + part > 0 {
                        messages.push(Vec::new());
                    }
                    messages.last_mut().unwrap().push(Command::Sync(Sync {
                        target: Some(Location::of(folder.target.clone())),
                        source: Some(Location::of(name.clone())),
                        commands,
                        ..Sync::default()
                    }));
                }
            }
        }
        messages
    }

    fn owed(&mut self, last: bool) -> Vec<Command> {
        let mut commands: Vec<Command> =
            std::mem::take(&mut self.owed).into_iter().map(Command::Status).collect();
        let now = last || !self.phone.maps_late;
        let maps = if now { std::mem::take(&mut self.maps) } else { BTreeMap::new() };
        if !self.phone.forgets_maps {
            for (name, maps) in maps {
                let target = self.phone.folders[&name].target.clone();
                commands.push(map_command(&name, &target, &maps));
            }
        }
        commands
    }

    fn owed_or_next(&mut self) -> Vec<Command> {
        let mut owed = self.owed(false);
        if owed.is_empty() {
            owed.push(Command::Alert(Alert {
                code: "222".into(),
                items: vec![Item::default()],
                ..Alert::default()
            }));
        }
        owed
    }

    /// Takes an answer: statuses, alerts, changes.
    fn take(&mut self, answer: &Message) {
        let message = answer.header.message_id;
        self.owe(message, "0", "SyncHdr", 200, None);
        for command in &answer.commands {
            match command {
                Command::Status(status) => {
                    if status.command_ref != "0" {
                        self.session.statuses.push((status.command.clone(), status.code));
                    }
                    self.taken(status);
                    if status.command == "Map" && status.code == 200 {
                        for folder in self.phone.folders.values_mut() {
                            folder.maps.clear();
                        }
                    }
                }
                Command::Alert(alert) if alert.code != "222" => {
                    let answer = if self.phone.doubts { 508 } else { 200 };
                    self.owe(message, &alert.command_id, "Alert", answer, alert.items.first());
                    for item in &alert.items {
                        let name = item.target.as_ref().unwrap().uri.clone();
                        let code = if self.phone.doubts { 201 } else { alert.code.parse().unwrap() };
                        self.session.alerts.push((name.clone(), code));
                        let anchor = item.meta.anchor.clone().unwrap();
                        let folder = &self.phone.folders[&name];
                        if code == 200 && self.phone.insists {
                            assert_eq!(
                                anchor.last.unwrap_or_default(),
                                folder.server_last,
                                "the server's Last"
                            );
                        }
                        self.heard.insert(name.clone(), anchor.next.unwrap());
                        self.phone.was_slow |= code == 201;
                        self.modes.insert(name, code);
                    }
                }
                Command::Sync(sync) => self.take_sync(message, sync),
                Command::Results(results) => self.owe(message, &results.command_id, "Results", 200, None),
                Command::Get(get) => self.owe(message, &get.command_id, "Get", 200, None),
                _ => {}
            }
        }
        self.finished = answer.last;
    }

    /// What the server said of a change of ours.
    fn taken(&mut self, status: &Status) {
        if status.code == 213 {
            // It forgets the change when the last piece has its status.
            self.open.remove(&(status.message_ref, status.command_ref.clone()));
            return;
        }
        if status.code != 417 {
            self.open.remove(&(status.message_ref, status.command_ref.clone()));
        }
        for luid in status.source_refs.iter().filter(|_| status.code != 508) {
            if matches!(status.command.as_str(), "Add" | "Replace" | "Delete") {
                self.phone.answered.push((luid.clone(), status.command.clone(), status.code));
                self.phone.story.push(format!("its {} of {luid} got {}", status.command, status.code));
                if status.code < 300 {
                    for folder in self.phone.folders.values_mut() {
                        folder.acked.insert(luid.clone());
                    }
                }
                for folder in
                    self.phone.folders.values_mut().filter(|_| self.phone.eager && status.code < 300)
                {
                    folder.changed.remove(luid);
                    folder.deleted.remove(luid);
                }
            }
        }
    }

    fn take_sync(&mut self, message: u32, sync: &Sync) {
        self.owe(message, &sync.command_id, "Sync", 200, None);
        self.session.changes_announced.push(sync.changes);
        let name = sync.target.as_ref().unwrap().uri.clone();
        for command in &sync.commands {
            let Command::Change(change) = command else { panic!("a change in Sync") };
            for item in &change.items {
                let Some(item) = &self.joined(item) else {
                    let code = self.phone.piece_verdict;
                    self.owe(message, &change.command_id, change.kind.name(), code, Some(item));
                    continue;
                };
                self.session.received += 1;
                let code = self.apply(&name, change.kind, item);
                let uri = |location: Option<&Location>| location.map(|l| l.uri.clone()).unwrap_or_default();
                self.phone.story.push(format!(
                    "gets {} {}{} with {code}: {:?}",
                    change.kind.name(),
                    uri(item.target.as_ref()),
                    uri(item.source.as_ref()),
                    item.data.as_ref().map(|data| String::from_utf8_lossy(data.bytes()).into_owned())
                ));
                let code = if self.phone.verdict == 0 { code } else { self.phone.verdict };
                self.owe(message, &change.command_id, change.kind.name(), code, Some(item));
            }
        }
    }

    /// The whole item, once its last piece is here.
    fn joined(&mut self, item: &Item) -> Option<Item> {
        let bytes = || item.data.as_ref().unwrap().bytes();
        if let Some((size, mut whole)) = self.joining.take() {
            self.session.pieces += 1;
            assert_eq!((&whole.target, &whole.source), (&item.target, &item.source), "one object at a time");
            assert_eq!(item.meta.size, None);
            let Some(Data::Bytes(held)) = &mut whole.data else { panic!() };
            held.extend_from_slice(bytes());
            if self.phone.piece_verdict == 213 {
                if !item.more {
                    assert_eq!(held.len() as u64, size);
                    return Some(whole);
                }
                self.joining = Some((size, whole));
            }
            return None;
        }
        if item.more {
            self.session.pieces += 1;
            assert!(self.phone.piece_bytes > 0, "it cannot take pieces");
            let size = item.meta.size.expect("a size with the first piece");
            self.joining = (self.phone.piece_verdict == 213).then(|| (size, item.clone()));
            return None;
        }
        Some(item.clone())
    }

    fn apply(&mut self, name: &str, kind: ChangeKind, item: &Item) -> u16 {
        if self.phone.verdict >= 400 {
            return self.phone.verdict;
        }
        let device = self.phone.device.clone();
        let guid_bytes = self.phone.guid_bytes as usize;
        let folder = self.phone.folders.get_mut(name).unwrap();
        let lacks = self.phone.lacks.clone();
        let text = || {
            let text = String::from_utf8(item.data.as_ref().unwrap().bytes().to_vec()).unwrap();
            let lacking = |line: &str| lacks.iter().any(|name| line.split([':', ';']).next() == Some(name));
            text.split_inclusive('\n').filter(|line| !lacking(line)).collect::<String>()
        };
        let luid = item.target.as_ref().map(|target| target.uri.clone()).unwrap_or_default();
        match kind {
            ChangeKind::Add => {
                assert!(item.target.is_none(), "an Add has no Target");
                let guid = item.source.as_ref().unwrap().uri.clone();
                assert!(guid.len() <= guid_bytes, "{guid} is longer than MaxGUIDSize {guid_bytes}");
                folder.made += 1;
                let luid = format!("{device}/{}", folder.made);
                folder.items.insert(luid.clone(), text());
                folder.maps.insert(guid.clone(), luid.clone());
                self.maps.entry(name.into()).or_default().push((guid, luid));
                201
            }
            ChangeKind::Replace => {
                assert!(item.source.is_none(), "a Replace has no Source");
                match folder.items.get_mut(&luid) {
                    Some(held) => *held = text(),
                    None => return 404,
                }
                200
            }
            ChangeKind::Delete => {
                if folder.items.remove(&luid).is_none() {
                    return 211;
                }
                200
            }
            other => panic!("{other:?}"),
        }
    }

    fn owe(&mut self, message: u32, command: &str, name: &str, code: u16, item: Option<&Item>) {
        let uri =
            |location: Option<&Location>| location.map(|l| l.uri.clone()).into_iter().collect::<Vec<_>>();
        self.owed.push(Status {
            message_ref: message,
            command_ref: command.into(),
            command: name.into(),
            target_refs: uri(item.and_then(|item| item.target.as_ref())),
            source_refs: uri(item.and_then(|item| item.source.as_ref())),
            code,
            ..Status::default()
        });
    }
}

pub fn header_status(answer: &Message) -> Option<u16> {
    answer.commands.iter().find_map(|command| match command {
        Command::Status(status) if status.command_ref == "0" => Some(status.code),
        _ => None,
    })
}

pub fn map_command(name: &str, target: &str, maps: &[(String, String)]) -> Command {
    let items = maps.iter().map(|(guid, luid)| MapItem {
        target: Location::of(guid.clone()),
        source: Location::of(luid.clone()),
    });
    Command::Map(Map {
        target: Location::of(target),
        source: Location::of(name),
        items: items.collect(),
        ..Map::default()
    })
}

fn changes_of(folder: &Folder, mode: u16) -> Vec<Command> {
    let put = |kind: ChangeKind, luid: &String| {
        change(kind, luid, folder.items.get(luid).map(String::as_str), &folder.media_type)
    };
    if matches!(mode, 204 | 205) {
        return Vec::new();
    }
    if matches!(mode, 201 | 203) {
        let kind = if folder.last.is_empty() { ChangeKind::Add } else { ChangeKind::Replace };
        return folder.items.keys().map(|luid| put(kind, luid)).collect();
    }
    let changed = folder.changed.iter().map(|luid| put(ChangeKind::Replace, luid));
    changed.chain(folder.deleted.iter().map(|luid| put(ChangeKind::Delete, luid))).collect()
}

pub fn change(kind: ChangeKind, luid: &str, text: Option<&str>, media_type: &str) -> Command {
    Command::Change(Change {
        kind,
        command_id: String::new(),
        no_response: false,
        archive: false,
        soft_delete: false,
        credential: None,
        meta: Meta { media_type: Some(media_type.into()), ..Meta::default() },
        items: vec![Item {
            source: Some(Location::of(luid)),
            data: text.map(|text| Data::Bytes(text.as_bytes().to_vec())),
            ..Item::default()
        }],
    })
}

/// The changes by message: one larger than `piece_bytes` ends its message with its first piece, and goes on in the next.
pub fn in_pieces(changes: &[Command], piece_bytes: usize) -> Vec<Vec<Command>> {
    let mut messages = vec![Vec::new()];
    for change in changes {
        let Command::Change(inner) = change else { panic!() };
        let data = inner.items[0].data.clone().map(Data::into_bytes).unwrap_or_default();
        if piece_bytes == 0 || data.len() <= piece_bytes {
            messages.last_mut().unwrap().push(change.clone());
            continue;
        }
        let mut start = 0;
        while start < data.len() {
            let mut end = data.len().min(start + piece_bytes);
            while std::str::from_utf8(&data[start..end]).is_err() {
                end -= 1;
            }
            let mut piece = inner.clone();
            piece.items[0].data = Some(Data::Bytes(data[start..end].to_vec()));
            piece.items[0].more = end < data.len();
            piece.items[0].meta.size = (start == 0).then_some(data.len() as u64);
            messages.last_mut().unwrap().push(Command::Change(piece));
            if end < data.len() {
                messages.push(Vec::new());
            }
            start = end;
        }
    }
    messages
}

/// The CmdID and the LUID of every change.
fn changes_in(commands: &[Command]) -> impl Iterator<Item = (String, String)> {
    let syncs = commands.iter().filter_map(|command| match command {
        Command::Sync(sync) => Some(&sync.commands),
        _ => None,
    });
    syncs.flatten().filter_map(|command| match command {
        Command::Change(Change { command_id, .. }) => Some((command_id.clone(), changed_luid(command)?)),
        _ => None,
    })
}

/// The LUID of a change.
fn changed_luid(command: &Command) -> Option<String> {
    match command {
        Command::Change(Change { items, .. }) => Some(items.first()?.source.as_ref()?.uri.clone()),
        _ => None,
    }
}

/// Gives a command and what is in it its CmdIDs.
pub fn number(command: &mut Command, id: usize) {
    let text = id.to_string();
    let inside = |commands: &mut [Command]| {
        for (index, inner) in commands.iter_mut().enumerate() {
            number(inner, id * 10_000 + index + 1);
        }
    };
    match command {
        Command::Alert(alert) => alert.command_id = text,
        Command::Put(put) | Command::Get(put) => put.command_id = text,
        Command::Map(map) => map.command_id = text,
        Command::Status(status) => status.command_id = text,
        Command::Change(change) => change.command_id = text,
        Command::Exec(exec) => exec.command_id = text,
        Command::Results(results) => results.command_id = text,
        Command::Search(search) => search.command_id = text,
        Command::Group(group) => {
            inside(&mut group.commands);
            group.command_id = text;
        }
        Command::Sync(sync) => {
            inside(&mut sync.commands);
            sync.command_id = text;
        }
    }
}
