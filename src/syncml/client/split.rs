//! Large objects on their way out, piece by piece (DS 1.2 section 6.10; `syncml.md` 4.8). The mirrors are `pieces.rs` and
//! `server/split.rs`; what all of them share is in `syncml/pieces.rs`.
//!
//! What fits no message of the server's is dressed once and laid out in the store as pieces; from there each message takes as
//! much as fits it, once the server has said 213 to what came before.

use super::desk::{Desk, Want};
use super::send::Filled;
use crate::limits;
use crate::peer::Luid;
use crate::record::Record;
use crate::store::PieceRange;
use crate::syncml::message::{Item, Meta, Status, Version};
use crate::syncml::outbox::Outbox;
use crate::syncml::session::{Datastore, Departure, SentKind};
use crate::syncml::status;
use crate::upstream::Refusal;

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
        let Leaving { datastore, kind, meta, item, .. } = *leaving;
        outbox.has_room(&self.header_heard(), datastore, kind.change(), meta, item)
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
        let departure = Departure::begin(record, kind, (meta, item), &data, step, &mut self.batch);
        self.name_sent(record, kind != SentKind::Add, luid.clone());
        self.leave(outbox, index, departure, data.get(..step).unwrap_or(&data));
        Filled::Full
    }

    /// What fits no message is passed over, and offered again in a later session.
    fn too_large(&mut self, index: usize, record: &Record) -> Filled {
        let message = "It is larger than the server takes. It is offered again by the next syncs.".to_owned();
        let refusal = Refusal { record: record.id.as_str().to_owned(), message, ..Refusal::default() };
        self.count(index, |it| {
            it.outcome.refuse(refusal);
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
        if !datastore.resumed {
            return false;
        }
        let resumed = Departure::resume(&mut self.state.leaving, record, kind, &self.snapshot.pieces);
        let Some((departure, rest)) = resumed else { return false };
        self.leave(outbox, index, departure, &rest);
        true
    }

    /// Goes on with the object that is leaving. False where there is none.
    pub fn leave_on(&mut self, outbox: &mut Outbox) -> bool {
        let Some(mut departure) = self.state.leaving.take_if(|departure| !departure.paused) else {
            return false;
        };
        let index = self.state.index_of(&departure.collection);
        let open = index.and_then(|index| Some((index, self.state.syncing.get(index)?)));
        let Some((index, datastore)) =
            open.filter(|(_, it)| it.is_alive()).map(|(index, it)| (index, it.datastore.clone()))
        else {
            return false;
        };
        if departure.is_overdue() {
            self.gives_up(departure, status::TIMEOUT);
            return false;
        }
        if departure.waits() {
            departure.waited += 1;
            self.state.leaving = Some(departure);
            if !outbox.has_begun() {
                outbox.push_session_alert(crate::syncml::alert::NEXT_MESSAGE);
            }
            return true;
        }
        let rest = departure.rest(&self.snapshot.pieces);
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

    /// Writes as much as fits of what is next.
    fn leave(&mut self, outbox: &mut Outbox, index: usize, mut departure: Departure, rest: &[u8]) {
        let (message_id, bytes_max) = (self.state.message_id, self.message_bytes_max());
        match departure.write(outbox, message_id, rest, bytes_max, &mut self.batch) {
            Some(command) => self.went_out(index, departure.sent(index, message_id, command)),
            None => self.state.leaving = Some(departure),
        }
    }

    /// Whether this version is on its way in pieces.
    pub fn leaves(&self, record: &Record) -> bool {
        self.state.leaving.as_ref().is_some_and(|departure| !departure.paused && departure.is_of(record))
    }

    /// A status of a piece; false where it is of something else.
    pub fn answers_piece(&mut self, answer: &Status) -> bool {
        let meant = |departure: &mut Departure| departure.is_answered_by(answer);
        let Some(mut departure) = self.state.leaving.take_if(meant) else { return false };
        if answer.code == status::CHUNK_BUFFERED {
            self.batch.pieces_dropped.push(departure.was_taken());
            self.state.leaving = Some(departure);
        } else {
            self.gives_up(departure, answer.code);
        }
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
        let Some(index) = self.state.index_of(&departure.collection) else { return };
        let sent = departure.sent(index, departure.message, departure.command.clone());
        self.refused(&departure.collection, &sent, code);
    }
}
