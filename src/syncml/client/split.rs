//! Large objects on their way out, piece by piece (DS 1.2 section 6.10; `syncml.md` 4.8). The mirrors are `pieces.rs` and
//! `server/split.rs`.
//!
//! What fits no message of the server's is dressed once and laid out in the store as pieces; from there each message takes as
//! much as fits it, once the server has said 213 to what came before.

use super::desk::{Desk, Want};
use super::send::Filled;
use crate::limits;
use crate::peer::Luid;
use crate::record::Record;
use crate::store::{Piece, PieceRange};
use crate::syncml::message::{ChangeKind, Data, Item, Meta, Status, Version};
use crate::syncml::outbox::Outbox;
use crate::syncml::session::{Datastore, Departure, SentKind};
use crate::syncml::status;

/// The least room for a piece in a message that holds nothing else: with less, an object would take for ever.
const PIECE_BYTES_MIN: usize = 100;

/// How many messages may pass without an answer to a piece, or without room for one.
const WAITS_MAX: u32 = 3;

/// A change that goes out, with its names.
pub struct Leaving<'a> {
    pub index: usize,
    pub datastore: &'a Datastore,
    pub record: &'a Record,
    pub kind: SentKind,
    pub luid: &'a Luid,
    pub meta: &'a Meta,
    /// Without data.
    pub item: &'a Item,
}

fn change_kind(kind: SentKind) -> ChangeKind {
    match kind {
        SentKind::Add => ChangeKind::Add,
        SentKind::Replace => ChangeKind::Replace,
        SentKind::Delete => ChangeKind::Delete,
    }
}

impl Desk<'_> {
    /// Whether the server takes objects in pieces, and of this size.
    fn takes_pieces(&self, bytes: usize) -> bool {
        let says = self.device.as_ref().is_some_and(|device| device.large_objects)
            || self.state.object_bytes_max > 0;
        let most = match self.state.object_bytes_max {
            0 => limits::OBJECT_BYTES_MAX as u64,
            most => most,
        };
        says && self.state.version > Version::V10 && bytes as u64 <= most
    }

    /// Whether this message has room for a beginning; `None` where no message has.
    fn has_room(&mut self, outbox: &mut Outbox, leaving: &Leaving<'_>) -> Option<bool> {
        let kind = change_kind(leaving.kind);
        let mut alone = outbox.emptied(&self.header_heard());
        let alone =
            alone.open_sync(leaving.datastore, None).then(|| alone.room(kind, leaving.meta, leaving.item))?;
        let here = outbox.room(kind, leaving.meta, leaving.item);
        (alone >= PIECE_BYTES_MIN).then_some(here >= alone / 4)
    }

    /// A record whose bytes were left in the store: they are read for the turn in which it begins to leave.
    pub fn leave_unread(
        &mut self,
        outbox: &mut Outbox,
        index: usize,
        datastore: &Datastore,
        record: &Record,
        kind: SentKind,
        luid: Luid,
    ) -> Filled {
        let (meta, item) = (Meta { size: Some(u64::MAX), ..Meta::default() }, Item::default());
        if self.takes_up(outbox, index, datastore, record, kind) {
            return Filled::Full;
        }
        let leaving = Leaving { index, datastore, record, kind, luid: &luid, meta: &meta, item: &item };
        let version = (record.collection.clone(), record.id.clone(), record.seq);
        // What was asked for and is still not read cannot be.
        let readable =
            self.takes_pieces(record.content.size()) && !self.client.needed.whole.contains(&version);
        match self.has_room(outbox, &leaving).filter(|_| readable) {
            None => self.too_large(index, record),
            Some(true) => Filled::Read(Want::Whole(version)),
            Some(false) => Filled::Full,
        }
    }

    /// What fits no message leaves in pieces, if the server takes them; else it is passed over.
    pub fn split(&mut self, outbox: &mut Outbox, leaving: Leaving<'_>, data: Vec<u8>) -> Filled {
        let Leaving { index, datastore, record, kind, luid, meta, item } = leaving;
        if kind == SentKind::Delete || !self.takes_pieces(data.len()) {
            return self.too_large(index, record);
        }
        if self.takes_up(outbox, index, datastore, record, kind) {
            return Filled::Full;
        }
        match self.has_room(outbox, &leaving) {
            None => return self.too_large(index, record),
            Some(false) => return Filled::Full,
            Some(true) => {}
        }
        let step = self.message_bytes_max();
        let pieces = data.chunks(step).enumerate().map(|(number, bytes)| {
            let start = (number * step) as u64;
            Piece { leaving: true, start, bytes: bytes.to_vec() }
        });
        self.batch.pieces_dropped.push(PieceRange::all(true));
        self.batch.pieces.extend(pieces);
        let departure = Departure {
            collection: datastore.collection.clone(),
            record: record.id.clone(),
            seq: record.seq,
            kind,
            target: None,
            source: item.source.as_ref().map(|source| source.uri.clone()),
            parents: [None, None],
            media_type: meta.media_type.clone(),
            format: meta.format.clone(),
            size: data.len() as u64,
            step: step as u64,
            taken: 0,
            sent: 0,
            message: 0,
            command: String::new(),
            waited: 0,
            resumed: 0,
            paused: false,
        };
        self.name_sent(record, kind != SentKind::Add, luid.clone());
        self.leave(outbox, index, departure, data.get(..step).unwrap_or(&data));
        Filled::Full
    }

    /// What fits no message is passed over, and offered again in a later session.
    fn too_large(&mut self, index: usize, record: &Record) -> Filled {
        self.count(index, |it| {
            it.outcome.refused += 1;
            it.datastore.hold(record.seq);
        });
        Filled::All
    }

    /// Goes on with what was leaving when the last session broke off, where this one resumes it.
    fn takes_up(
        &mut self,
        outbox: &mut Outbox,
        index: usize,
        datastore: &Datastore,
        record: &Record,
        kind: SentKind,
    ) -> bool {
        let same = |d: &mut Departure| d.paused && d.kind == kind && d.is_of(record);
        if !datastore.resumed {
            return false;
        }
        let Some(departure) = self.state.leaving.take_if(same) else { return false };
        let rest = self.rest_of(&departure);
        if rest.is_empty() {
            return false;
        }
        let (taken, paused) = (departure.taken, false);
        self.leave(outbox, index, Departure { resumed: taken, sent: taken, paused, ..departure }, &rest);
        true
    }

    /// What is next, at most as long as a row is.
    fn rest_of(&self, departure: &Departure) -> Vec<u8> {
        let mut rest = Vec::new();
        for piece in self.snapshot.pieces.iter().filter(|piece| piece.leaving) {
            let end = piece.start + piece.bytes.len() as u64;
            let at = departure.taken + rest.len() as u64;
            if (piece.start..end).contains(&at) {
                let skip = usize::try_from(at - piece.start).unwrap_or(usize::MAX);
                rest.extend_from_slice(piece.bytes.get(skip..).unwrap_or_default());
            }
        }
        rest.truncate(usize::try_from(departure.step).unwrap_or(usize::MAX));
        rest
    }

    /// Goes on with the object that is leaving. False where there is none.
    pub fn leave_on(&mut self, outbox: &mut Outbox) -> bool {
        let Some(mut departure) = self.state.leaving.take_if(|departure| !departure.paused) else {
            return false;
        };
        let index = self.state.syncing.iter().position(|it| it.datastore.collection == departure.collection);
        let open = index.and_then(|index| Some((index, self.state.syncing.get(index)?)));
        let Some((index, datastore)) =
            open.filter(|(_, it)| it.is_alive()).map(|(index, it)| (index, it.datastore.clone()))
        else {
            return false;
        };
        if departure.waited > WAITS_MAX {
            self.gives_up(departure, status::TIMEOUT);
            return false;
        }
        if departure.sent > departure.taken {
            departure.waited += 1;
            self.state.leaving = Some(departure);
            if !outbox.has_begun() {
                outbox.push_session_alert(crate::syncml::alert::NEXT_MESSAGE);
            }
            return true;
        }
        let rest = self.rest_of(&departure);
        if rest.is_empty() {
            self.gives_up(departure, status::SIZE_MISMATCH);
            return false;
        }
        if outbox.open_sync(&datastore, None) {
            self.leave(outbox, index, departure, &rest);
            outbox.close_sync();
        } else {
            self.state.leaving = Some(departure);
        }
        true
    }

    /// Writes as much as fits of what is next. The last piece is a change like any other: its status says what became of it.
    fn leave(&mut self, outbox: &mut Outbox, index: usize, mut departure: Departure, rest: &[u8]) {
        let (kind, meta, item) = (change_kind(departure.kind), departure.meta(), departure.item());
        let is_last = departure.taken + rest.len() as u64 == departure.size;
        let whole = Item { data: Some(Data::Bytes(rest.to_vec())), ..item.clone() };
        let fits = is_last && rest.len() <= self.message_bytes_max();
        let last = fits.then(|| outbox.push_change(kind, &meta, &whole)).flatten();
        if let Some(command) = last {
            self.batch.pieces_dropped.push(PieceRange::all(true));
            self.batch.pieces.retain(|piece| !piece.leaving);
            let sent = departure.sent(index, self.state.message_id, command);
            self.went_out(index, sent);
            return;
        }
        match outbox.push_piece(kind, &meta, &item, rest) {
            Some((command, bytes)) => {
                departure.sent = departure.taken + bytes as u64;
                (departure.message, departure.command, departure.waited) =
                    (self.state.message_id, command, 0);
            }
            None => departure.waited += 1,
        }
        self.state.leaving = Some(departure);
    }

    /// Whether this version is on its way in pieces.
    pub fn leaves(&self, record: &Record) -> bool {
        self.state.leaving.as_ref().is_some_and(|departure| !departure.paused && departure.is_of(record))
    }

    /// A status of a piece; false where it is of something else.
    pub fn answers_piece(&mut self, answer: &Status) -> bool {
        let command = answer.command_ref.trim();
        let meant = |d: &mut Departure| {
            !d.paused && d.sent > d.taken && d.message == answer.message_ref && d.command == command
        };
        let Some(mut departure) = self.state.leaving.take_if(meant) else { return false };
        if answer.code != status::CHUNK_BUFFERED {
            self.gives_up(departure, answer.code);
            return true;
        }
        departure.taken = departure.sent;
        // Whatever ends before the next piece is no longer needed.
        let to = (departure.taken + 1).saturating_sub(departure.step);
        self.batch.pieces_dropped.push(PieceRange { leaving: true, from: 0, to });
        self.state.leaving = Some(departure);
        true
    }

    /// The server says that an object of ours broke off.
    pub fn broke_off(&mut self) {
        if let Some(departure) = self.state.leaving.take_if(|departure| !departure.paused) {
            self.gives_up(departure, status::SIZE_MISMATCH);
        }
    }

    /// The object does not arrive in this session: as with any change that is refused, a later one offers it again.
    fn gives_up(&mut self, departure: Departure, code: u16) {
        self.batch.pieces_dropped.push(PieceRange::all(true));
        let index = self.state.syncing.iter().position(|it| it.datastore.collection == departure.collection);
        let Some(index) = index else { return };
        let sent = departure.sent(index, departure.message, departure.command.clone());
        self.refused(&departure.collection, &sent, code);
    }
}
