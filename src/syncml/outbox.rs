//! What goes out: commands written one by one while they fit the device's `MaxMsgSize`, to the byte.
//!
//! The mirror is `inbox.rs`. What does not fit is given back and waits in the session; statuses carry their `MsgRef`, so they
//! may come a message later (RepPro 1.2, 6.4.1).

use super::codec::{self, Encoding, Writer};
use super::credential;
use super::device::{DevInf, SERVER_ID};
use super::message::*;
use super::session::{Datastore, Pending, PendingStatus};
use crate::content;
use crate::limits;
use crate::record::Body;
use crate::secret;

/// The least room for a piece in a message that holds nothing else: with less, an object would take for ever.
const PIECE_BYTES_MIN: usize = 100;

/// How large things may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The message, in bytes: what the device can take.
    pub bytes_max: usize,
    /// The `MaxObjSize` to announce.
    pub object_bytes_max: Option<u64>,
}

/// A message being written.
pub struct Outbox {
    writer: Writer,
    bytes_max: usize,
    commands: u32,
    version: Version,
    encoding: Encoding,
    header: Header,
    last: bool,
    /// Whether anything but the status of the SyncHdr was written.
    begun: bool,
    dropped: usize,
    deletes: usize,
}

/// What our SyncHdr says beside addresses.
#[derive(Clone, Debug, Default)]
pub struct Return {
    /// `RespURI`.
    pub uri: Option<String>,
    /// `Cred`.
    pub credential: Option<Cred>,
}

/// What an alert and a DevInf are written from.
pub struct Context<'a> {
    /// Our `Last` anchor for a collection; empty for none.
    pub own_last: &'a dyn Fn(&Datastore) -> String,
    /// Our DevInf.
    pub device: &'a dyn Fn() -> DevInf,
}

impl Outbox {
    /// Begins the answer to a message.
    pub fn new(
        request: &Message,
        encoding: Encoding,
        version: Version,
        back: Return,
        message_id: u32,
        size: Bounds,
    ) -> Self {
        let Bounds { bytes_max, object_bytes_max } = size;
        let asked = &request.header;
        let message_bytes_max = Some(limits::SYNCML_MESSAGE_BYTES_MAX as u64);
        let meta = Meta {
            max_message_bytes: message_bytes_max,
            max_object_bytes: object_bytes_max,
            ..Meta::default()
        };
        let header = Header {
            dtd: version.dtd().into(),
            protocol: version.protocol().into(),
            session_id: asked.session_id.clone(),
            message_id,
            target: Location::of(asked.source.uri.clone()),
            source: Location {
                name: back.credential.as_ref().map(|_| SERVER_ID.to_owned()),
                ..Location::of(asked.target.uri.clone())
            },
            respond_to: back.uri.clone(),
            credential: back.credential.clone(),
            meta,
            ..Header::default()
        };
        Self::begin(header, encoding, version, bytes_max)
    }

    /// Begins a message with this header.
    pub fn begin(header: Header, encoding: Encoding, version: Version, bytes_max: usize) -> Self {
        Self {
            writer: Writer::new(&header, encoding),
            bytes_max,
            commands: 0,
            version,
            encoding,
            header,
            last: false,
            begun: false,
            dropped: 0,
            deletes: 0,
        }
    }

    /// An outbox of the same bounds that holds nothing but the status of a SyncHdr: the emptiest message there is.
    pub fn emptied(&self, heard: &Header) -> Self {
        let header = PendingStatus::of_header(heard, super::status::OK);
        let mut emptied = Self::begin(self.header.clone(), self.encoding, self.version, self.bytes_max);
        emptied.push_pending(vec![Pending::Status(header)], &[], None);
        emptied
    }

    /// The device can take less than was thought.
    pub fn set_bytes_max(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
    }

    /// How many `Delete`s it holds.
    pub fn deletes(&self) -> usize {
        self.deletes
    }

    /// Whether the message closes its package.
    pub fn set_last(&mut self, last: bool) {
        self.last = last;
    }

    /// How many commands were dropped because no message could have held them.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Writes what waits, in order, until the message is full; gives back the rest. What would not even fit alone says less, or
    /// is dropped: behind it everything would wait for ever.
    pub fn push_pending(
        &mut self,
        pending: Vec<Pending>,
        datastores: &[Datastore],
        context: Option<&Context<'_>>,
    ) -> Vec<Pending> {
        let mut left = pending.into_iter();
        while let Some(next) = left.next() {
            if self.write(&next, datastores, context) {
                continue;
            }
            if self.begun {
                return std::iter::once(next).chain(left).collect();
            }
            let shorter = match &next {
                Pending::Status(status) => status.without_refs().map(Pending::Status),
                _ => None,
            };
            let said = shorter.is_some_and(|shorter| self.write(&shorter, datastores, context));
            self.dropped += usize::from(!said);
        }
        Vec::new()
    }

    /// Writes what waited, if it fits.
    fn write(&mut self, next: &Pending, datastores: &[Datastore], context: Option<&Context<'_>>) -> bool {
        let id = self.next_id();
        let fits = match self.command(&id, next, datastores, context) {
            Some(command) => self.writer.offer(&command, self.bytes_max),
            None => true,
        };
        let of_header = matches!(next, Pending::Status(status) if status.command == "0");
        self.begun |= fits && !of_header;
        self.commands -= u32::from(!fits);
        fits
    }

    fn command(
        &self,
        id: &str,
        pending: &Pending,
        datastores: &[Datastore],
        context: Option<&Context<'_>>,
    ) -> Option<Command> {
        Some(match pending {
            Pending::Status(pending) => Command::Status(status(id, pending)),
            Pending::Alert(index) => {
                let datastore = datastores.get(*index)?;
                Command::Alert(alert(id, datastore, (context?.own_last)(datastore)))
            }
            Pending::Device(message, command) => {
                Command::Results(self.results(id, *message, command, (context?.device)()))
            }
            Pending::AskDevice => Command::Get(self.ask(id)),
            Pending::NoEndOfData(target, source) => {
                Command::Alert(no_end_of_data(id, target.as_ref(), source.as_ref()))
            }
        })
    }

    fn results(&self, id: &str, message: u32, command: &str, device: DevInf) -> Results {
        Results {
            command_id: id.to_owned(),
            message_ref: Some(message),
            command_ref: command.to_owned(),
            meta: self.devinf_meta(),
            items: vec![Item {
                source: Some(Location::of(self.version.devinf())),
                data: Some(Data::Device(Box::new(device))),
                ..Item::default()
            }],
            ..Results::default()
        }
    }

    fn ask(&self, id: &str) -> Get {
        let target = Some(Location::of(self.version.devinf()));
        Get {
            command_id: id.to_owned(),
            meta: self.devinf_meta(),
            items: vec![Item { target, ..Item::default() }],
            ..Get::default()
        }
    }

    fn devinf_meta(&self) -> Meta {
        let media_type = match self.encoding {
            Encoding::Xml => "application/vnd.syncml-devinf+xml",
            Encoding::Wbxml => "application/vnd.syncml-devinf+wbxml",
        };
        Meta { media_type: Some(media_type.into()), ..Meta::default() }
    }

    /// Asks the device to go on: we have nothing else to say. An Item is there because SMLTK insists on one.
    pub fn push_next_message(&mut self) {
        self.push_session_alert(super::alert::NEXT_MESSAGE);
    }

    /// An alert about the session as a whole, if it fits.
    pub fn push_session_alert(&mut self, code: u16) -> bool {
        let (target, source) = (self.header.target.uri.clone(), self.header.source.uri.clone());
        let item = Item {
            target: Some(Location::of(target)),
            source: Some(Location::of(source)),
            ..Item::default()
        };
        let alert =
            |command_id| Alert { command_id, code: code.to_string(), items: vec![item], ..Alert::default() };
        self.push(|id| Command::Alert(alert(id))).is_some()
    }

    /// An alert that opens a datastore, if it fits; says under which `CmdID`.
    pub fn push_alert(&mut self, datastore: &Datastore, code: u16, own_last: String) -> Option<String> {
        self.push(|id| Command::Alert(Alert { code: code.to_string(), ..alert(&id, datastore, own_last) }))
    }

    /// `Put` of our DevInf, if it fits; says under which `CmdID`.
    pub fn push_device(&mut self, device: DevInf) -> Option<String> {
        let Results { meta, items, .. } = self.results("", 0, "", device);
        self.push(|command_id| Command::Put(Get { command_id, meta, items, ..Get::default() }))
    }

    /// Writes a command if it fits, and says under which `CmdID`.
    pub fn push(&mut self, command: impl FnOnce(String) -> Command) -> Option<String> {
        let id = self.next_id();
        let fits = self.writer.offer(&command(id.clone()), self.bytes_max);
        self.begun |= fits;
        self.commands -= u32::from(!fits);
        fits.then_some(id)
    }

    /// Whether anything but the status of the SyncHdr was written.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Opens a `Sync` if it fits; closed by [`Self::close_sync`].
    pub fn open_sync(&mut self, datastore: &Datastore, changes: Option<u64>) -> bool {
        let mark = self.writer.mark();
        let id = self.next_id();
        let sync = Sync {
            command_id: id,
            target: Some(Location::of(datastore.source.clone())),
            source: Some(Location::of(datastore.target.clone())),
            changes: changes.filter(|_| self.version > Version::V10),
            ..Sync::default()
        };
        self.writer.open(&Command::Sync(sync));
        if self.writer.bytes() > self.bytes_max {
            self.writer.rewind(mark);
            self.commands -= 1;
            return false;
        }
        self.begun = true;
        true
    }

    /// Closes the `Sync`.
    pub fn close_sync(&mut self) {
        self.writer.close();
    }

    /// Writes a change if it fits, and says under which `CmdID`.
    pub fn push_change(&mut self, kind: ChangeKind, meta: &Meta, item: &Item) -> Option<String> {
        let id = self.next_id();
        let change = Change {
            kind,
            command_id: id.clone(),
            no_response: false,
            archive: false,
            soft_delete: false,
            credential: None,
            meta: meta.clone(),
            items: vec![item.clone()],
        };
        if self.writer.offer(&Command::Change(change), self.bytes_max) {
            self.deletes += usize::from(kind == ChangeKind::Delete);
            return Some(id);
        }
        self.commands -= 1;
        None
    }

    /// Content as it travels in this message: with its media type, and in base64 where XML cannot carry the bytes.
    pub fn dress(&self, body: Body) -> (Meta, Data) {
        let (media_type, _) = content::media_type(&body.form);
        let mut meta = Meta { media_type: Some(media_type.to_owned()), ..Meta::default() };
        let bytes = if self.encoding == Encoding::Xml && !codec::xml_can_carry(&body.bytes) {
            meta.format = Some("b64".into());
            secret::base64(&body.bytes).into_bytes()
        } else {
            body.bytes
        };
        (meta, Data::Bytes(bytes))
    }

    /// Whether a change would fit a message that holds nothing else.
    pub fn fits_alone(
        &self,
        heard: &Header,
        datastore: &Datastore,
        kind: ChangeKind,
        meta: &Meta,
        item: &Item,
    ) -> bool {
        let mut alone = self.emptied(heard);
        alone.open_sync(datastore, None) && alone.push_change(kind, meta, item).is_some()
    }

    /// Whether this message has room for a first piece; `None` where no message has.
    pub fn has_room(
        &mut self,
        heard: &Header,
        datastore: &Datastore,
        kind: ChangeKind,
        meta: &Meta,
        item: &Item,
    ) -> Option<bool> {
        let mut alone = self.emptied(heard);
        let alone = alone.open_sync(datastore, None).then(|| alone.room(kind, meta, item))?;
        let here = self.room(kind, meta, item);
        (alone >= PIECE_BYTES_MIN).then_some(here >= alone / 4)
    }

    /// How many bytes more a piece may take than one without data.
    fn room(&mut self, kind: ChangeKind, meta: &Meta, item: &Item) -> usize {
        let mark = self.writer.mark();
        self.writer.push(&piece(&(self.commands + 1).to_string(), kind, meta, item, Vec::new()));
        let room = self.bytes_max.saturating_sub(self.writer.bytes());
        self.writer.rewind(mark);
        room
    }

    /// Writes as much as fits of an object of which more is to come; says under which `CmdID`, and how many bytes.
    pub fn push_piece(
        &mut self,
        kind: ChangeKind,
        meta: &Meta,
        item: &Item,
        data: &[u8],
    ) -> Option<(String, usize)> {
        let room = self.room(kind, meta, item);
        let id = self.next_id();
        let bytes = codec::prefix_that_fits(data, self.encoding, room);
        let fits = !bytes.is_empty()
            && self.writer.offer(&piece(&id, kind, meta, item, bytes.to_vec()), self.bytes_max);
        if !fits {
            self.commands -= 1;
        }
        fits.then_some((id, bytes.len()))
    }

    /// The message's bytes.
    pub fn finish(self) -> Vec<u8> {
        self.writer.finish(self.last)
    }

    fn next_id(&mut self) -> String {
        self.commands += 1;
        self.commands.to_string()
    }
}

/// A change that carries a piece of its item.
fn piece(id: &str, kind: ChangeKind, meta: &Meta, item: &Item, data: Vec<u8>) -> Command {
    Command::Change(Change {
        kind,
        command_id: id.to_owned(),
        no_response: false,
        archive: false,
        soft_delete: false,
        credential: None,
        meta: meta.clone(),
        items: vec![Item { data: Some(Data::Bytes(data)), more: true, ..item.clone() }],
    })
}

fn status(id: &str, pending: &PendingStatus) -> Status {
    let data = match (&pending.next, &pending.hint) {
        (Some(next), _) => Some(Data::Anchor(Anchor { last: None, next: Some(next.clone()) })),
        (None, Some(hint)) => Some(Data::Bytes(hint.clone().into_bytes())),
        (None, None) => None,
    };
    Status {
        command_id: id.to_owned(),
        message_ref: pending.message,
        command_ref: pending.command.clone(),
        command: pending.name.clone(),
        target_refs: pending.targets.clone(),
        source_refs: pending.sources.clone(),
        credential: None,
        challenge: pending
            .challenge
            .as_ref()
            .map(|(scheme, nonce)| credential::challenge(scheme, nonce.as_bytes())),
        code: pending.code,
        items: data.map(|data| Item { data: Some(data), ..Item::default() }).into_iter().collect(),
    }
}

/// A large object of the device's broke off; its own names for it.
fn no_end_of_data(id: &str, target: Option<&String>, source: Option<&String>) -> Alert {
    let location = |uri: Option<&String>| uri.map(|uri| Location::of(uri.clone()));
    let item = Item { target: location(target), source: location(source), ..Item::default() };
    let code = super::alert::NO_END_OF_DATA.to_string();
    Alert { command_id: id.to_owned(), code, items: vec![item], ..Alert::default() }
}

fn alert(id: &str, datastore: &Datastore, own_last: String) -> Alert {
    let last = (!own_last.is_empty()).then_some(own_last);
    Alert {
        command_id: id.to_owned(),
        code: datastore.mode.code().to_string(),
        items: vec![Item {
            target: Some(Location::of(datastore.source.clone())),
            source: Some(Location::of(datastore.target.clone())),
            meta: Meta {
                anchor: Some(Anchor { last, next: Some(datastore.own_next.clone()) }),
                ..Meta::default()
            },
            ..Item::default()
        }],
        ..Alert::default()
    }
}
