//! An `Atomic`: all of it or nothing (RepPro 1.2, 6.5.3; `syncml.md` 4.11). A `Sequence` needs nothing: everything has an order.
//!
//! A turn decides on values and writes them at its end, so to undo is to take back the values as they were. What fails is said
//! with its own code; what was carried out before it with 216, what was not with 500, and the Atomic with 507.

use super::desk::Desk;
use super::watch::Watch;
use crate::journal::matching::MatchKey;
use crate::limits;
use crate::peer::{Alias, Luid};
use crate::record::{CollectionId, RecordId};
use crate::store::{Batch, Peer};
use crate::syncml::bookmarks::Bookmarks;
use crate::syncml::inbox::{AtomicStep, Step};
use crate::syncml::session::Unanswered;
use crate::syncml::session::{Arrival, Pending, State};
use crate::syncml::status;
use crate::syncml::touched::Touched;
use std::collections::{BTreeMap, BTreeSet};

/// What a turn has decided so far.
struct Savepoint {
    state: State,
    batch: Batch,
    peer: Peer,
    peer_changed: bool,
    bookmarks: Bookmarks,
    touched: Touched,
    forced: BTreeSet<CollectionId>,
    matched: BTreeMap<(CollectionId, MatchKey), usize>,
    staged: BTreeMap<(CollectionId, Luid), usize>,
    aliases: BTreeMap<(CollectionId, RecordId), Option<Alias>>,
    luids: BTreeMap<(CollectionId, Luid), Option<RecordId>>,
    unanswered: Unanswered,
    watch: Watch,
    sends_back: bool,
    queued: usize,
    owed: usize,
}

impl Desk<'_> {
    /// Takes the steps of an Atomic; what one of them cannot do none of them has done.
    pub fn atomic(&mut self, atomic: &AtomicStep, inside: &[Step]) {
        self.atomics += 1;
        if self.atomics > limits::ATOMICS_MAX || self.owes_too_much() {
            self.notes.push(format!(
                "more than one message may bring: an Atomic is put off with {}",
                status::RETRY_LATER
            ));
            let code = status::RETRY_LATER;
            self.status(atomic.silent, &atomic.command, "Atomic", &[], &[], code);
            return inside.iter().for_each(|step| self.say_of(step, code));
        }
        let before = self.savepoint();
        let start = self.queue.len();
        self.status(atomic.silent, &atomic.command, "Atomic", &[], &[], status::OK);
        for (index, step) in inside.iter().enumerate() {
            let said = self.queue.len();
            self.undone = false;
            self.step(step);
            if self.undone {
                let own = self.queue.split_off(said);
                return self.undo(before, atomic, inside, index, own);
            }
        }
        let said = self.queue.get(start..).unwrap_or_default();
        if !said.is_empty() && !self.fit_a_message(said) {
            self.roll_back(before);
            self.notes.push("the answer to an Atomic would not fit into one message".to_owned());
            let code = status::ATOMIC_TOO_LARGE;
            self.status(atomic.silent, &atomic.command, "Atomic", &[], &[], code);
            inside.iter().for_each(|step| self.say_of(step, status::ATOMIC_ROLLED_BACK));
        }
    }

    /// The step at `failed` was not done, and said so in `own`.
    fn undo(
        &mut self,
        before: Savepoint,
        atomic: &AtomicStep,
        inside: &[Step],
        failed: usize,
        own: Vec<Pending>,
    ) {
        let piece = self.state.arriving.take();
        self.roll_back(before);
        if self.state.arriving.is_none() {
            // What follows of a piece that is not kept is not the whole.
            self.state.arriving = piece.map(|arrival| Arrival { refused: status::SIZE_MISMATCH, ..arrival });
        }
        self.notes.push(format!("an Atomic of {} commands failed and was rolled back", inside.len()));
        self.status(atomic.silent, &atomic.command, "Atomic", &[], &[], status::ATOMIC_FAILED);
        let (done, rest) = inside.split_at_checked(failed).unwrap_or_default();
        done.iter().for_each(|step| self.say_of(step, status::ATOMIC_ROLLED_BACK));
        for mut pending in own {
            if let Pending::Status(status) = &mut pending {
                status.code = match status.code {
                    code if status::is_done(code) => status::ATOMIC_ROLLED_BACK,
                    status::CHUNK_BUFFERED => status::COMMAND_FAILED,
                    code => code,
                };
            }
            self.owe(pending);
        }
        rest.iter().skip(1).for_each(|step| self.say_of(step, status::COMMAND_FAILED));
    }

    fn say_of(&mut self, step: &Step, code: u16) {
        if let Some((command, name, silent)) = self.inbox.named(step) {
            self.status(silent, &command, name, &[], &[], code);
        }
    }

    fn savepoint(&self) -> Savepoint {
        Savepoint {
            state: self.state.clone(),
            batch: self.batch.clone(),
            peer: self.peer.clone(),
            peer_changed: self.peer_changed,
            bookmarks: self.bookmarks.clone(),
            touched: self.touched.clone(),
            forced: self.forced.clone(),
            matched: self.matched.clone(),
            staged: self.staged.clone(),
            aliases: self.aliases.clone(),
            luids: self.luids.clone(),
            unanswered: self.unanswered.clone(),
            watch: self.watch.clone(),
            sends_back: self.sends_back,
            queued: self.queue.len(),
            owed: self.owed,
        }
    }

    fn roll_back(&mut self, before: Savepoint) {
        self.state = before.state;
        // A wrong password was tried all the same.
        let throttles = std::mem::take(&mut self.batch.throttles);
        self.batch = Batch { throttles, ..before.batch };
        (self.peer, self.peer_changed) = (before.peer, before.peer_changed);
        self.bookmarks = before.bookmarks;
        (self.touched, self.forced, self.matched) = (before.touched, before.forced, before.matched);
        (self.staged, self.aliases, self.luids) = (before.staged, before.aliases, before.luids);
        (self.unanswered, self.watch) = (before.unanswered, before.watch);
        self.sends_back = before.sends_back;
        self.queue.truncate(before.queued);
        self.owed = before.owed;
    }
}
