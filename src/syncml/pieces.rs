//! Large objects in pieces, as far as both roles do the same with them (DS 1.2 section 6.10; `syncml.md` 4.8).
//!
//! What a session remembers of one is in `session/objects.rs`; when one begins, breaks off and is given up is decided in
//! `server/split.rs`, `server/pieces.rs` and their mirrors in `client/`.

use super::inbox::{self, Incoming};
use super::message::{Data, Item, Location, Meta, Status};
use super::outbox::Outbox;
use super::session::{Arrival, Departure, SentKind};
use super::status;
use crate::limits;
use crate::record::{CollectionId, Record};
use crate::store::{Batch, Piece, PieceRange};

/// How many pieces of what is leaving are read: the one that waits for its answer, and two that may hold what is next.
pub const PIECES_LEAVING: u64 = 3;

/// How many messages may pass without an answer to a piece, or without room for one.
const WAITS_MAX: u32 = 3;

impl Departure {
    /// Lays an object out in the store, in pieces of `step` bytes, as one that begins to leave.
    pub fn begin(
        record: &Record,
        kind: SentKind,
        (meta, item): (&Meta, &Item),
        data: &[u8],
        step: usize,
        batch: &mut Batch,
    ) -> Self {
        let pieces = data.chunks(step).enumerate().map(|(number, bytes)| {
            let start = (number * step) as u64;
            Piece { leaving: true, start, bytes: bytes.to_vec() }
        });
        batch.pieces_dropped.push(PieceRange::all(true));
        batch.pieces.extend(pieces);
        let uri = |location: &Option<Location>| location.as_ref().map(|location| location.uri.clone());
        Self {
            collection: record.collection.clone(),
            record: record.id.clone(),
            seq: record.seq,
            kind,
            target: uri(&item.target),
            source: uri(&item.source),
            parents: [item.source_parent.clone(), item.target_parent.clone()],
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
        }
    }

    /// Goes on with what was leaving when the last session broke off, if it is this; says what is next of it.
    pub fn resume(
        leaving: &mut Option<Self>,
        record: &Record,
        kind: SentKind,
        pieces: &[Piece],
    ) -> Option<(Self, Vec<u8>)> {
        let departure = leaving.take_if(|d| d.paused && d.kind == kind && d.is_of(record))?;
        let rest = departure.rest(pieces);
        let taken = departure.taken;
        (!rest.is_empty()).then_some((Self { resumed: taken, sent: taken, paused: false, ..departure }, rest))
    }

    /// What is next, at most as long as a row is: so the rows that are read hold it, whatever of them was just taken.
    pub fn rest(&self, pieces: &[Piece]) -> Vec<u8> {
        let mut rest = Vec::new();
        for piece in pieces.iter().filter(|piece| piece.leaving) {
            let end = piece.start + piece.bytes.len() as u64;
            let at = self.taken + rest.len() as u64;
            if (piece.start..end).contains(&at) {
                let skip = usize::try_from(at - piece.start).unwrap_or(usize::MAX);
                rest.extend_from_slice(piece.bytes.get(skip..).unwrap_or_default());
            }
        }
        rest.truncate(usize::try_from(self.step).unwrap_or(usize::MAX));
        rest
    }

    /// Whether a piece waits for its answer.
    pub fn waits(&self) -> bool {
        self.sent > self.taken
    }

    /// Whether it has waited too long.
    pub fn is_overdue(&self) -> bool {
        self.waited > WAITS_MAX
    }

    /// Writes as much as fits of what is next into the message of this id. The last piece is a change like any other, if it is
    /// no longer than `bytes_max`: its status says what became of the object, and its `CmdID` is given back.
    pub fn write(
        &mut self,
        outbox: &mut Outbox,
        message_id: u32,
        rest: &[u8],
        bytes_max: usize,
        batch: &mut Batch,
    ) -> Option<String> {
        let (kind, meta, item) = (self.kind.change(), self.meta(), self.item());
        let is_last = self.taken + rest.len() as u64 == self.size;
        let whole = Item { data: Some(Data::Bytes(rest.to_vec())), ..item.clone() };
        let fits = is_last && rest.len() <= bytes_max;
        let last = fits.then(|| outbox.push_change(kind, &meta, &whole)).flatten();
        if last.is_some() {
            batch.pieces_dropped.push(PieceRange::all(true));
            batch.pieces.retain(|piece| !piece.leaving);
            return last;
        }
        match outbox.push_piece(kind, &meta, &item, rest) {
            Some((command, bytes)) => {
                self.sent = self.taken + bytes as u64;
                (self.message, self.command, self.waited) = (message_id, command, 0);
            }
            None => self.waited += 1,
        }
        None
    }

    /// Whether a status is that of the piece that waits.
    pub fn is_answered_by(&self, answer: &Status) -> bool {
        let waits = !self.paused && self.waits();
        waits && self.message == answer.message_ref && self.command == answer.command_ref.trim()
    }

    /// The piece that waited was taken. Whatever ends before the next one is no longer needed.
    pub fn was_taken(&mut self) -> PieceRange {
        self.taken = self.sent;
        let to = (self.taken + 1).saturating_sub(self.step);
        PieceRange { leaving: true, from: 0, to }
    }
}

impl Arrival {
    /// An object of which the first piece is here: refused where it names no size, or more than `bytes_max`. Of one before it
    /// nothing is kept.
    pub fn begin(collection: &CollectionId, item: &Incoming, bytes_max: usize, batch: &mut Batch) -> Self {
        let short = |text: &Option<String>| text.clone().filter(|text| text.len() <= limits::NAME_BYTES_MAX);
        let size = item.size.unwrap_or(0);
        batch.pieces_dropped.push(PieceRange::all(false));
        Self {
            collection: collection.clone(),
            luid: item.luid.clone(),
            target: short(&item.target),
            source: short(&item.source),
            media_type: short(&item.media_type),
            format: short(&item.format),
            size,
            refused: match size {
                0 => status::SIZE_REQUIRED,
                // Of an end mark that is counted, and base64, nothing is known yet.
                size if size > (bytes_max as u64).saturating_add(1) => status::SIZE_TOO_LARGE,
                _ => 0,
            },
            ..Self::default()
        }
    }

    /// One piece more, which begins at `start`: its status; `None` where it is the last, and the whole is what counts.
    pub fn go_on(&mut self, item: &Incoming, start: u64, batch: &mut Batch) -> Option<u16> {
        let end = start + item.bytes.len() as u64;
        if start < self.bytes {
            batch.pieces_dropped.push(PieceRange { leaving: false, from: start, to: PieceRange::END });
        }
        if !item.more {
            drop_arriving(batch);
            return None;
        }
        if end > self.size {
            return Some(self.refuse(status::SIZE_MISMATCH, batch));
        }
        (self.bytes, self.last, self.paused) = (end, start, false);
        if !item.bytes.is_empty() {
            batch.pieces.push(Piece { leaving: false, start, bytes: item.bytes.clone() });
        }
        Some(status::CHUNK_BUFFERED)
    }

    /// What comes of the object from now on is answered with this, and nothing of it is kept.
    pub fn refuse(&mut self, code: u16, batch: &mut Batch) -> u16 {
        drop_arriving(batch);
        self.refused = code;
        code
    }
}

fn drop_arriving(batch: &mut Batch) {
    batch.pieces.retain(|piece| piece.leaving);
    batch.pieces_dropped.push(PieceRange::all(false));
}

/// An object whose last piece is here, put together.
#[derive(Debug)]
pub struct Assembled {
    /// What was said of it, before the last piece.
    arrival: Arrival,
    /// The whole as an item.
    pub item: Incoming,
    /// How many bytes were transported.
    bytes: usize,
}

impl Assembled {
    /// Puts together what was announced, of the pieces before the last one, which begins at `start`. `None` where that is not
    /// all of it.
    pub fn of(
        arrival: &Arrival,
        pieces: &[Piece],
        last: &Incoming,
        start: u64,
        bytes_max: usize,
    ) -> Option<Self> {
        let pieces = pieces.iter().filter(|piece| !piece.leaving && piece.start < start);
        let length = pieces.clone().map(|piece| piece.bytes.len()).sum::<usize>() + last.bytes.len();
        let mut bytes = Vec::with_capacity(length);
        pieces.for_each(|piece| bytes.extend_from_slice(&piece.bytes));
        let unbroken = bytes.len() as u64 == start;
        bytes.extend_from_slice(&last.bytes);
        if !unbroken || !arrival.is_complete(bytes.len() as u64) {
            return None;
        }
        let format = last.format.as_deref().or(arrival.format.as_deref());
        let media_type = last.media_type.as_deref().or(arrival.media_type.as_deref());
        let item = inbox::assembled(last, format, media_type, bytes, bytes_max);
        Some(Self { arrival: arrival.clone(), item, bytes: length })
    }

    /// Whether it is what has been arriving.
    pub fn is_of(&self, arrival: &Arrival) -> bool {
        self.arrival == *arrival
    }

    /// Whether it was more than a row holds: then the pieces are not kept in memory beside the whole.
    pub fn is_large(&self) -> bool {
        self.bytes > limits::RECORD_BYTES_MAX
    }
}
