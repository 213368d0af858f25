//! Large objects on their way out, piece by piece (DS 1.2 section 6.10; `syncml.md` 4.8 and 4.10). The mirror is `pieces.rs`;
//! what both roles share is in `syncml/pieces.rs`.
//!
//! What fits no message of the device is dressed for it once and laid out in the store as pieces; what is said of them is kept
//! in the session ([`Departure`]). From there each message takes as much as fits it, once the device has said 213 to what came
//! before. So a record that changes meanwhile does not change what is on its way.

use super::desk::Desk;
use crate::limits;
use crate::record::Record;
use crate::store::PieceRange;
use crate::syncml::message::{Item, Meta, Status, Version};
use crate::syncml::session::{Datastore, Departure, Sent, SentKind};
use crate::syncml::status;

/// A change that goes out, with its names.
pub struct Leaving<'a> {
    pub index: usize,
    pub datastore: &'a Datastore,
    pub record: &'a Record,
    pub kind: SentKind,
    pub meta: &'a Meta,
    /// Without data.
    pub item: &'a Item,
}

impl Desk<'_> {
    /// Whether the device takes objects in pieces, and of this size.
    fn takes_pieces(&self, bytes: usize) -> bool {
        let says = self.device.as_ref().is_some_and(|device| device.large_objects);
        let says = self.quirks.large_objects.unwrap_or(says);
        let bytes_max = match self.state.object_bytes_max {
            0 => limits::OBJECT_BYTES_MAX as u64,
            bytes_max => bytes_max,
        };
        says && self.state.version > Version::V10 && bytes as u64 <= bytes_max
    }

    /// Whether this message has room for a beginning; `None` where no message has.
    fn has_room(&mut self, leaving: &Leaving<'_>) -> Option<bool> {
        let Leaving { datastore, kind, meta, item, .. } = *leaving;
        self.outbox.has_room(&self.inbox.message.header, datastore, kind.change(), meta, item)
    }

    /// A record whose bytes were left in the store: they are read for the turn in which it begins to leave. False where the
    /// message ends before it.
    pub fn leave_unread(
        &mut self,
        index: usize,
        datastore: &Datastore,
        record: &Record,
        kind: SentKind,
    ) -> bool {
        if self.server.needed.assembled.is_some() {
            // One whole object is in memory already: this one leaves with the next message.
            return false;
        }
        let (meta, item) = (Meta { size: Some(u64::MAX), ..Meta::default() }, Item::default());
        if self.takes_up(index, datastore, record, kind) {
            return false;
        }
        let leaving = Leaving { index, datastore, record, kind, meta: &meta, item: &item };
        let version = (record.collection.clone(), record.id.clone(), record.seq);
        // What was asked for and is still not read cannot be.
        let readable =
            self.takes_pieces(record.content.size()) && !self.server.needed.whole.contains(&version);
        match self.has_room(&leaving).filter(|_| readable) {
            None => self.too_large(index, record),
            Some(here) => {
                // One a turn: another is read for the next message.
                self.wants = (here && !self.server.needed.leaves).then_some(version);
                false
            }
        }
    }

    /// What fits no message leaves in pieces, if the device takes them. True where it is passed over; false where the message
    /// ends, with its beginning or before it.
    pub fn split(&mut self, leaving: Leaving<'_>, data: Vec<u8>) -> bool {
        let Leaving { index, datastore, record, kind, meta, item } = leaving;
        if kind == SentKind::Delete || !self.takes_pieces(data.len()) {
            return self.too_large(index, record);
        }
        if self.takes_up(index, datastore, record, kind) {
            return false;
        }
        match self.has_room(&leaving) {
            None => return self.too_large(index, record),
            Some(false) => return false,
            Some(true) => {}
        }
        let step = self.message_bytes_max();
        let departure = Departure::begin(record, kind, (meta, item), &data, step, &mut self.batch);
        self.notes.push(format!("{} leaves in pieces, {} bytes", record.id.as_str(), data.len()));
        self.leave(index, departure, data.get(..step).unwrap_or(&data));
        false
    }

    /// What fits no message is passed over, said in the log, and offered again in a later session. Always true.
    fn too_large(&mut self, index: usize, record: &Record) -> bool {
        self.notes.push(format!("{} is too large for the device's MaxMsgSize", record.id.as_str()));
        if let Some(datastore) = self.state.datastores.get_mut(index) {
            datastore.hold(record.seq);
        }
        true
    }

    /// Goes on with what was leaving when the last session broke off, where this one resumes it.
    fn takes_up(&mut self, index: usize, datastore: &Datastore, record: &Record, kind: SentKind) -> bool {
        if !datastore.resumed {
            return false;
        }
        let resumed = Departure::resume(&mut self.state.leaving, record, kind, &self.snapshot.pieces);
        let Some((departure, rest)) = resumed else { return false };
        self.leave(index, departure, &rest);
        true
    }

    /// Goes on with the object that is leaving. False where there is none.
    pub fn leave_on(&mut self) -> bool {
        let Some(mut departure) = self.state.leaving.take_if(|departure| !departure.paused) else {
            return false;
        };
        let Some((index, datastore)) = self.state.datastore(&departure.collection) else { return false };
        let datastore = datastore.clone();
        if departure.is_overdue() {
            self.gives_up(departure, status::TIMEOUT);
            return true;
        }
        if departure.waits() {
            departure.waited += 1;
            self.state.leaving = Some(departure);
            return true;
        }
        let rest = departure.rest(&self.snapshot.pieces);
        if rest.is_empty() {
            self.gives_up(departure, status::SIZE_MISMATCH);
        } else if self.outbox.open_sync(&datastore, None) {
            self.leave(index, departure, &rest);
            self.outbox.close_sync();
        } else {
            self.state.leaving = Some(departure);
        }
        true
    }

    /// Writes as much as fits of what is next.
    fn leave(&mut self, index: usize, mut departure: Departure, rest: &[u8]) {
        let (message_id, bytes_max) = (self.state.message_id, self.message_bytes_max());
        match departure.write(&mut self.outbox, message_id, rest, bytes_max, &mut self.batch) {
            Some(command) => self.went_out(index, departure.sent(index, message_id, command)),
            None => self.state.leaving = Some(departure),
        }
    }

    /// Whether this version is on its way in pieces.
    pub fn leaves(&self, record: &Record) -> bool {
        self.state.leaving.as_ref().is_some_and(|departure| !departure.paused && departure.is_of(record))
    }

    /// A whole change is in the message: it waits for its status.
    pub fn went_out(&mut self, index: usize, sent: Sent) {
        let seq = sent.seq;
        self.watch_sent(&sent);
        let remembered = self.unanswered.push(sent);
        if let Some(datastore) = self.state.datastores.get_mut(index) {
            if !remembered {
                datastore.hold(seq);
            }
            datastore.tally.sent += 1;
        }
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

    /// The device says that an object of ours broke off.
    pub fn broke_off(&mut self) {
        if let Some(departure) = self.state.leaving.take_if(|departure| !departure.paused) {
            self.gives_up(departure, status::SIZE_MISMATCH);
        }
    }

    /// The object does not arrive in this session: as with any change that is refused, a later one offers it again.
    fn gives_up(&mut self, departure: Departure, code: u16) {
        self.batch.pieces_dropped.push(PieceRange::all(true));
        let Some((index, _)) = self.state.datastore(&departure.collection) else { return };
        let sent = departure.sent(index, departure.message, departure.command.clone());
        self.refused(&departure.collection, &sent, departure.kind, code);
    }
}
