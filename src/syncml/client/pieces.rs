//! Large objects on their way in, piece by piece (DS 1.2 section 6.10; `syncml.md` 4.8). The mirrors are `split.rs` and
//! `server/pieces.rs`; what all of them share is in `syncml/pieces.rs`.

use super::Client;
use super::desk::Desk;
use super::state::State;
use crate::limits;
use crate::store::Snapshot;
use crate::syncml::inbox::{ChangeStep, Inbox, Incoming};
use crate::syncml::message::ChangeKind;
use crate::syncml::pieces::Assembled;
use crate::syncml::server::is_too_heavy;
use crate::syncml::session::{Arrival, Pending, Stands};
use crate::syncml::status;

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
        let bytes_max = self.object_bytes_max();
        // The desk refuses what is not put together.
        let assembled = Assembled::of(arrival, &snapshot.pieces, last, start, bytes_max);
        let Some(assembled) = assembled else { return false };
        let keys = state
            .at(&change.path)
            .zip(assembled.item.key.as_ref())
            .map(|(syncing, key)| syncing.asked(key))
            .unwrap_or_default();
        let more = !keys.is_empty() || assembled.is_large();
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
        let before = self.needed.whole.len();
        let arriving = self.needed.assembled.as_ref().and_then(|assembled| assembled.item.body.as_ref().ok());
        let arriving = arriving.map_or(0, |body| body.bytes.len());
        for held in snapshot.held.iter().filter(|held| !is_too_heavy(held, arriving)) {
            for (version, size) in held.left_in_store() {
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
        let target_bytes = item.target.as_ref().map_or(0, String::len);
        if item.luid.0.len().max(target_bytes) > limits::NAME_BYTES_MAX {
            return status::INCOMPLETE_COMMAND;
        }
        let bytes_max = self.client.object_bytes_max();
        let arrival = Arrival::begin(&syncing.datastore.collection, item, bytes_max, &mut self.batch);
        let refused = arrival.refused;
        self.state.arriving = Some(arrival);
        if refused > 0 { refused } else { self.go_on(index, item, 0) }
    }

    /// One piece more, which begins at `start`.
    fn go_on(&mut self, index: usize, item: &Incoming, start: u64) -> u16 {
        let Some(mut arrival) = self.state.arriving.take() else { return status::SIZE_MISMATCH };
        let Some(code) = arrival.go_on(item, start, &mut self.batch) else {
            return self.complete_object(index, &arrival);
        };
        self.state.arriving = Some(arrival);
        code
    }

    /// The last piece is here, and the whole is an item.
    fn complete_object(&mut self, index: usize, arrival: &Arrival) -> u16 {
        let assembled = self.client.needed.assembled.as_ref();
        let Some(assembled) = assembled.filter(|assembled| assembled.is_of(arrival)) else {
            return status::SIZE_MISMATCH;
        };
        // Which of the two it is: one with a Target is a Replace.
        let target = assembled.item.target.as_ref().is_some_and(|target| !target.is_empty());
        let kind = if target { ChangeKind::Replace } else { ChangeKind::Add };
        self.take_item(index, kind, &assembled.item)
    }

    /// Something else came, and the object is not complete: nothing of it is kept, and the server hears of it (223).
    pub fn interrupt(&mut self) {
        let open = |arrival: &mut Arrival| !arrival.paused && arrival.refused == 0;
        let Some(mut arrival) = self.state.arriving.take_if(open) else { return };
        let (target, source) = (arrival.target.clone(), arrival.source.clone());
        self.owe_pending(Pending::NoEndOfData(target, source));
        arrival.refuse(status::SIZE_MISMATCH, &mut self.batch);
        self.state.arriving = Some(arrival);
    }

    /// A package that ends ends the object in it.
    pub fn end_of_pieces(&mut self, inbox: &Inbox) {
        if inbox.message.last && !self.state.suspended {
            self.interrupt();
            self.state.arriving.take_if(|arrival| arrival.refused > 0);
        }
    }
}
