//! Large objects on their way in, piece by piece (DS 1.2 section 6.10; `syncml.md` 4.8 and 4.10). The mirror is `split.rs`;
//! what both roles share is in `syncml/pieces.rs`.
//!
//! A piece is kept in the store as it came; what the pieces are of is said in the session ([`Arrival`]). The last one makes the
//! whole be read, once, and from there on it is an item like any other.

use super::Server;
use super::desk::Desk;
use super::heavy;
use super::receive::Arriving;
use crate::limits;
use crate::peer::Luid;
use crate::record::Kind;
use crate::store::Snapshot;
use crate::syncml::describe::fits;
use crate::syncml::inbox::ChangeStep;
use crate::syncml::message::{ChangeKind, Command};
use crate::syncml::pieces::Assembled;
use crate::syncml::session::{Arrival, Pending, Stands, State};
use crate::syncml::{alert, status};

impl Server<'_> {
    /// Whether the first item here may be the last piece of an object: then the pieces before it are read, if there are any.
    pub fn may_end_object(&self) -> bool {
        let change = self.work().first_change().filter(|change| change.kind != ChangeKind::Delete);
        change.and_then(|change| change.items.first()).is_some_and(|item| !item.more)
    }

    /// What the first item here ends, as far as the session knows.
    fn ends_object<'a>(
        &'a self,
        state: &'a State,
        snapshot: &Snapshot,
    ) -> Option<(&'a Arrival, u64, &'a ChangeStep)> {
        let arrival = state.arriving.as_ref()?;
        let change = self.work().first_change().filter(|change| change.kind != ChangeKind::Delete)?;
        let item = change.items.first().filter(|item| !item.more)?;
        let collection = &snapshot.collection_at(&change.path)?.id;
        let datastore = state.datastores.iter().find(|datastore| datastore.collection == *collection)?;
        match arrival.stands(datastore, item) {
            Stands::Continues(start) => Some((arrival, start, change)),
            Stands::Refused(_) | Stands::Apart => None,
        }
    }

    /// Puts an object together whose last piece is here. True where more has to be read for it first.
    pub fn assemble(&mut self, snapshot: &Snapshot, state: &State) -> bool {
        if self.needed.assembled.is_some() {
            return false;
        }
        let Some((arrival, start, change)) = self.ends_object(state, snapshot) else { return false };
        let Some(last) = change.items.first() else { return false };
        let bytes_max = self.settings.object_bytes_max();
        // The desk refuses what is not put together.
        let assembled = Assembled::of(arrival, &snapshot.pieces, last, start, bytes_max);
        let Some(assembled) = assembled else { return false };
        let key = assembled.item.key.clone();
        let path = change.path.clone();
        // Of a large one the pieces are not kept beside the whole: what else there is is read once more, without them.
        let more = key.is_some() || assembled.is_large();
        self.needed.keys = key.into_iter().map(|key| (path.clone(), vec![key])).collect();
        self.needed.assembled = Some(assembled);
        more
    }

    /// Names the large records that what is sent here has to be merged with, as many as may be in memory. True where there are.
    pub fn needs_whole(&mut self, snapshot: &Snapshot) -> bool {
        if std::mem::replace(&mut self.needed.large, true) {
            return false;
        }
        let sent = self.work().sent_luids();
        let (mut room, mut whole) = (limits::OBJECT_BYTES_MAX * 2, Vec::new());
        let assembled = self.needed.assembled.as_ref().map(|assembled| &assembled.item);
        let bytes_of = |luid: &Luid| {
            let body = assembled.filter(|item| item.luid == *luid).and_then(|item| item.body.as_ref().ok());
            body.map_or(0, |body| body.bytes.len())
        };
        for held in &snapshot.held {
            let luid = held.alias.luid.as_ref().filter(|luid| sent.contains(luid));
            if luid.is_none_or(|luid| heavy::is_too_heavy(held, bytes_of(luid))) {
                continue;
            }
            for (version, size) in held.left_in_store() {
                if let Some(left) = room.checked_sub(size) {
                    room = left;
                    whole.push(version);
                }
            }
        }
        self.needed.whole.extend(whole);
        !self.needed.whole.is_empty()
    }
}

impl Desk<'_> {
    /// A whole item, in one message or in many.
    pub fn take_item(&mut self, arriving: Arriving<'_>) -> u16 {
        match &arriving.item.body {
            Err(code) => *code,
            Ok(body) if !fits(arriving.collection.kind, &body.form) => status::UNSUPPORTED_MEDIA_TYPE,
            Ok(body) if arriving.collection.read_only => self.take_locked(arriving, body),
            Ok(_) if arriving.item.part && arriving.datastore.stages() => status::PARTIAL_NOT_ACCEPTED,
            Ok(body) if arriving.item.part => self.replace_part(arriving, body),
            Ok(body) if arriving.datastore.stages() => self.stage(arriving, body),
            Ok(body) if arriving.collection.kind == Kind::Files => self.upsert_in_folder(arriving, body),
            Ok(body) => self.upsert(arriving, body),
        }
    }

    /// What becomes of an item that is a piece of a larger one; `None` where it is whole.
    pub fn piece(&mut self, arriving: Arriving<'_>) -> Option<u16> {
        let Arriving { datastore, item, .. } = arriving;
        let stands = self.state.arriving.as_ref().map_or(Stands::Apart, |a| a.stands(datastore, item));
        match stands {
            Stands::Continues(start) => Some(self.go_on(arriving, start)),
            Stands::Refused(code) => {
                self.state.arriving.take_if(|_| !item.more);
                Some(code)
            }
            Stands::Apart => {
                self.interrupt();
                item.more.then(|| self.first_piece(arriving))
            }
        }
    }

    fn first_piece(&mut self, arriving: Arriving<'_>) -> u16 {
        let Arriving { collection, item, .. } = arriving;
        let bytes_max = self.server.settings.object_bytes_max();
        let arrival = Arrival::begin(&collection.id, item, bytes_max, &mut self.batch);
        let refused = arrival.refused;
        self.state.arriving = Some(arrival);
        if arriving.datastore.stages() {
            // Should the rest of it never come.
            self.stage_unsaid(arriving);
        }
        if refused > 0 { refused } else { self.go_on(arriving, 0) }
    }

    /// One piece more, which begins at `start`.
    fn go_on(&mut self, arriving: Arriving<'_>, start: u64) -> u16 {
        let Some(mut arrival) = self.state.arriving.take() else { return status::SIZE_MISMATCH };
        let Some(code) = arrival.go_on(arriving.item, start, &mut self.batch) else {
            return self.complete(arriving, &arrival);
        };
        self.state.arriving = Some(arrival);
        code
    }

    /// The last piece is here, and the whole is an item.
    fn complete(&mut self, arriving: Arriving<'_>, arrival: &Arrival) -> u16 {
        let server = self.server;
        let assembled = server.needed.assembled.as_ref().filter(|assembled| assembled.is_of(arrival));
        match assembled {
            Some(assembled) => self.take_item(Arriving { item: &assembled.item, ..arriving }),
            None => status::SIZE_MISMATCH,
        }
    }

    /// Something else came, and the object is not complete: nothing of it is kept, and the device hears of it (DS 1.2, 6.10).
    pub fn interrupt(&mut self) {
        let open = |arrival: &mut Arrival| !arrival.paused && arrival.refused == 0;
        let Some(mut arrival) = self.state.arriving.take_if(open) else { return };
        self.notes
            .push(format!("{} broke off after {} of {} bytes", arrival.luid.0, arrival.bytes, arrival.size));
        let (target, source) = (arrival.target.clone(), arrival.source.clone());
        self.owe(Pending::NoEndOfData(target, source));
        arrival.refuse(status::SIZE_MISMATCH, &mut self.batch);
        self.state.arriving = Some(arrival);
    }

    /// A package that ends ends the object in it, unless the device only pauses.
    pub fn end_of_pieces(&mut self) {
        let pauses = |command: &Command| matches!(command, Command::Alert(it) if it.code.trim() == alert::SUSPEND.to_string());
        let message = &self.inbox.message;
        if message.last && !message.commands.iter().any(pauses) {
            self.interrupt();
            self.state.arriving.take_if(|arrival| arrival.refused > 0);
        }
    }
}
