//! Large objects in pieces, as far as both roles do the same with them (DS 1.2 section 6.10; `syncml.md` 4.8).
//!
//! What a session remembers of one is in `session/objects.rs`; when one begins, breaks off and is given up is decided in
//! `server/split.rs`, `server/pieces.rs` and their mirrors in `client/`.

use super::message::{Data, Item, Location, Meta, Status};
use super::outbox::Outbox;
use super::session::{Departure, SentKind};
use crate::record::Record;
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
