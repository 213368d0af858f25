//! Large objects on their way in, piece by piece (DS 1.2 section 6.10; `syncml.md` 4.8). The mirrors are `split.rs` and
//! `server/pieces.rs`.

use super::Client;
use super::desk::Desk;
use super::state::State;
use crate::limits;
use crate::record::Content;
use crate::store::{Held, Piece, PieceRange, Snapshot};
use crate::syncml::inbox::{self, ChangeStep, Inbox, Incoming};
use crate::syncml::message::ChangeKind;
use crate::syncml::server::is_too_heavy;
use crate::syncml::session::{Arrival, Pending, Stands};
use crate::syncml::status;

/// An object whose last piece is here, put together.
#[derive(Debug)]
pub struct Assembled {
    arrival: Arrival,
    /// The whole as an item.
    item: Incoming,
}

impl Client<'_> {
    /// The largest object taken, in bytes.
    pub fn object_bytes_max(&self) -> usize {
        let most = usize::try_from(self.upstream.object_bytes_max).unwrap_or(usize::MAX);
        let most = if most == 0 { usize::MAX } else { most };
        most.min(self.settings.object_bytes_max())
    }

    /// What the first item of a message ends.
    fn ends_object<'a>(
        &self,
        state: &'a State,
        inbox: &'a Inbox,
    ) -> Option<(&'a Arrival, u64, &'a ChangeStep)> {
        let arrival = state.arriving.as_ref()?;
        let change = inbox.first_change().filter(|change| change.kind != ChangeKind::Delete)?;
        let item = change.items.first().filter(|item| !item.more)?;
        match arrival.stands(&state.at(&change.path)?.datastore, item) {
            Stands::Continues(start) => Some((arrival, start, change)),
            Stands::Refused(_) | Stands::Apart => None,
        }
    }

    /// Puts an object together whose last piece is here. True where more has to be read for it first.
    pub(super) fn assemble(&mut self, snapshot: &Snapshot) -> bool {
        if self.needed.assembled.is_some() {
            return false;
        }
        let state = snapshot.session.as_ref().map(|session| State::read(&session.state)).unwrap_or_default();
        let Some(inbox) = self.inbox() else { return false };
        let Some((arrival, start, change)) = self.ends_object(&state, inbox) else { return false };
        let Some(last) = change.items.first() else { return false };
        let pieces = snapshot.pieces.iter().filter(|piece| !piece.leaving && piece.start < start);
        let length = pieces.clone().map(|piece| piece.bytes.len()).sum::<usize>() + last.bytes.len();
        let mut bytes = Vec::with_capacity(length);
        pieces.for_each(|piece| bytes.extend_from_slice(&piece.bytes));
        let unbroken = bytes.len() as u64 == start;
        bytes.extend_from_slice(&last.bytes);
        if !unbroken || !arrival.is_complete(bytes.len() as u64) {
            // The desk refuses what is not put together.
            return false;
        }
        let format = last.format.as_deref().or(arrival.format.as_deref());
        let media_type = last.media_type.as_deref().or(arrival.media_type.as_deref());
        let item = inbox::assembled(last, format, media_type, bytes, self.object_bytes_max());
        let syncing = state.at(&change.path).filter(|it| it.after_break || it.datastore.mode.sends_all());
        let keys =
            syncing.zip(item.key.as_ref()).map(|(syncing, key)| syncing.asked(key)).unwrap_or_default();
        let assembled = Assembled { arrival: arrival.clone(), item };
        let more = !keys.is_empty() || length > limits::RECORD_BYTES_MAX;
        self.needed.keys.extend(keys);
        self.needed.assembled = Some(assembled);
        // The pieces are not kept beside the whole.
        self.needed.arriving = false;
        more
    }

    /// Names the large records that what came has to be merged with, as many as may be in memory. True where there are more
    /// than were read.
    pub(super) fn needs_whole(&mut self, snapshot: &Snapshot) -> bool {
        let mut room = limits::OBJECT_BYTES_MAX * 2;
        let large = |held: &Held| {
            let now = held.record.as_ref().filter(|record| matches!(record.content, Content::Large(_)));
            let now = now.map(|record| (record.seq, record.content.size()));
            let base = held.base_large.as_ref().map(|(seq, size, _)| (*seq, *size));
            now.into_iter().chain(base).collect::<Vec<_>>()
        };
        let before = self.needed.whole.len();
        let arriving = self.needed.assembled.as_ref().and_then(|assembled| assembled.item.body.as_ref().ok());
        let arriving = arriving.map_or(0, |body| body.bytes.len());
        for held in snapshot.held.iter().filter(|held| !is_too_heavy(held, arriving)) {
            for (seq, size) in large(held) {
                let version = (held.alias.collection.clone(), held.alias.record.clone(), seq);
                if let Some(left) = room.checked_sub(size).filter(|_| !self.needed.whole.contains(&version)) {
                    room = left;
                    self.needed.whole.push(version);
                }
            }
        }
        self.needed.whole.len() > before
    }
}

impl Desk<'_> {
    /// What becomes of an item that is a piece of a larger one; `None` where it is whole.
    pub fn piece(&mut self, index: usize, item: &Incoming) -> Option<u16> {
        let datastore = &self.state.syncing.get(index)?.datastore;
        let stands = self.state.arriving.as_ref().map_or(Stands::Apart, |a| a.stands(datastore, item));
        match stands {
            Stands::Continues(start) => Some(self.go_on(index, item, start)),
            Stands::Refused(code) => {
                self.state.arriving.take_if(|_| !item.more);
                Some(code)
            }
            Stands::Apart => {
                self.interrupt();
                item.more.then(|| self.first_piece(index, item))
            }
        }
    }

    fn first_piece(&mut self, index: usize, item: &Incoming) -> u16 {
        let Some(syncing) = self.state.syncing.get(index) else { return status::NOT_FOUND };
        let short = |text: &Option<String>| text.clone().filter(|text| text.len() <= limits::NAME_BYTES_MAX);
        let mut arrival = Arrival {
            collection: syncing.datastore.collection.clone(),
            luid: item.luid.clone(),
            target: short(&item.target),
            source: short(&item.source),
            media_type: short(&item.media_type),
            format: short(&item.format),
            size: item.size.unwrap_or(0),
            ..Arrival::default()
        };
        let named =
            item.luid.0.len().max(item.target.as_ref().map_or(0, String::len)) <= limits::NAME_BYTES_MAX;
        arrival.refused = match arrival.size {
            _ if !named => return status::INCOMPLETE_COMMAND,
            0 => status::SIZE_REQUIRED,
            // Of an end mark that is counted, and base64, nothing is known yet.
            size if size > self.client.object_bytes_max() as u64 + 1 => status::SIZE_TOO_LARGE,
            _ => 0,
        };
        let refused = arrival.refused;
        self.batch.pieces_dropped.push(PieceRange::all(false));
        self.state.arriving = Some(arrival);
        if refused > 0 { refused } else { self.go_on(index, item, 0) }
    }

    /// One piece more, which begins at `start`.
    fn go_on(&mut self, index: usize, item: &Incoming, start: u64) -> u16 {
        let Some(mut arrival) = self.state.arriving.take() else { return status::SIZE_MISMATCH };
        let end = start + item.bytes.len() as u64;
        if start < arrival.bytes {
            self.batch.pieces_dropped.push(PieceRange { leaving: false, from: start, to: PieceRange::END });
        }
        if !item.more {
            self.batch.pieces.retain(|piece| piece.leaving);
            self.batch.pieces_dropped.push(PieceRange::all(false));
            let assembled = self.client.needed.assembled.as_ref();
            return match assembled.filter(|assembled| assembled.arrival == arrival) {
                // Which of the two it is: one with a Target is a Replace.
                Some(assembled) => {
                    let target = assembled.item.target.as_ref().is_some_and(|target| !target.is_empty());
                    let kind = if target { ChangeKind::Replace } else { ChangeKind::Add };
                    self.take_item(index, kind, &assembled.item)
                }
                None => status::SIZE_MISMATCH,
            };
        }
        if end > arrival.size {
            return self.refuse(arrival, status::SIZE_MISMATCH);
        }
        (arrival.bytes, arrival.last, arrival.paused) = (end, start, false);
        self.state.arriving = Some(arrival);
        if !item.bytes.is_empty() {
            self.batch.pieces.push(Piece { leaving: false, start, bytes: item.bytes.clone() });
        }
        status::CHUNK_BUFFERED
    }

    /// What comes of the object from now on is answered with this.
    fn refuse(&mut self, arrival: Arrival, code: u16) -> u16 {
        self.batch.pieces.retain(|piece| piece.leaving);
        self.batch.pieces_dropped.push(PieceRange::all(false));
        self.state.arriving = Some(Arrival { refused: code, ..arrival });
        code
    }

    /// Something else came, and the object is not complete: nothing of it is kept, and the server hears of it (223).
    pub fn interrupt(&mut self) {
        let open = |arrival: &mut Arrival| !arrival.paused && arrival.refused == 0;
        let Some(arrival) = self.state.arriving.take_if(open) else { return };
        let (target, source) = (arrival.target.clone(), arrival.source.clone());
        self.owe_pending(Pending::NoEndOfData(target, source));
        self.refuse(arrival, status::SIZE_MISMATCH);
    }

    /// A package that ends ends the object in it.
    pub fn end_of_pieces(&mut self, inbox: &Inbox) {
        if inbox.message.last && !self.state.suspended {
            self.interrupt();
            self.state.arriving.take_if(|arrival| arrival.refused > 0);
        }
    }
}
