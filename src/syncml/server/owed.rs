//! What is owed to a device: statuses, and whatever else waits for room in a message (DS 1.2, 6.9; RepPro 1.2, 6.4.1).
//!
//! It waits in the session's row, and a row has an end. So where much is owed already, statuses leave out what they need not
//! say; where too much is, no further change is carried out; and what still will not fit is left out, and no anchor moves.

use super::desk::Desk;
use crate::limits;
use crate::syncml::bookmarks::Bookmarks;
use crate::syncml::describe;
use crate::syncml::inbox::ChangeStep;
use crate::syncml::outbox::Context;
use crate::syncml::session::{Datastore, Pending, PendingStatus};
use crate::syncml::status;

/// Above this, and a third of what the answer may hold, a status names its items only where it must: a `CmdRef` alone is good
/// for all items of its command.
const NAMING_BYTES_MAX: usize = limits::PENDING_BYTES_MAX / 8;
/// Above this nothing more is carried out.
const DOING_BYTES_MAX: usize = limits::PENDING_BYTES_MAX / 10 * 9;

impl Desk<'_> {
    /// Leaves a status for a command, unless none is wanted.
    pub fn status(
        &mut self,
        silent: bool,
        command: &str,
        name: &str,
        targets: &[String],
        sources: &[String],
        code: u16,
    ) {
        self.push_status(
            silent,
            PendingStatus {
                command: command.to_owned(),
                name: name.to_owned(),
                targets: targets.to_vec(),
                sources: sources.to_vec(),
                code,
                ..PendingStatus::default()
            },
        );
    }

    /// Leaves a status with more to say.
    pub fn push_status(&mut self, silent: bool, mut status: PendingStatus) {
        self.undone |= !status::is_done(status.code);
        if silent || self.part.silent || status.command.is_empty() {
            return;
        }
        status.message = self.part.message;
        let much = self.owed > NAMING_BYTES_MAX + self.message_bytes_max() / 3;
        let bare = if much { status.without_refs() } else { None };
        self.owe(Pending::Status(bare.unwrap_or(status)));
    }

    /// Leaves whatever is to be written.
    pub fn owe(&mut self, pending: Pending) {
        self.owed += pending.bytes();
        self.queue.push(pending);
    }

    /// Whether no more is to be carried out, because its statuses would not fit the session's row.
    pub fn owes_too_much(&self) -> bool {
        self.owed > DOING_BYTES_MAX
    }

    /// A change that is not carried out now: the device keeps it and sends it again.
    pub fn put_off(&mut self, index: usize, change: &ChangeStep) {
        let count = u32::try_from(change.items.len()).unwrap_or(u32::MAX);
        self.tally(index, |tally| tally.refused = tally.refused.saturating_add(count));
        if let Some(datastore) = self.state.datastores.get_mut(index).filter(|datastore| datastore.stages()) {
            datastore.failed = true;
        }
        self.notes.push(format!(
            "more than one message may bring: the rest is put off with {}",
            status::RETRY_LATER
        ));
        self.status(change.silent, &change.command, change.kind.name(), &[], &[], status::RETRY_LATER);
    }

    /// Writes what waited from earlier messages, then what this one left.
    pub fn flush(&mut self) {
        let mut pending = std::mem::take(&mut self.state.pending);
        pending.append(&mut self.queue);
        self.oblige_in_statuses(&mut pending);
        let bookmarks = &self.bookmarks;
        let own_last = |datastore: &Datastore| own_last(bookmarks, datastore);
        let device =
            || describe::ours(self.state.version, self.snapshot, &self.quirks, &self.state.datastores);
        let context = Context { own_last: &own_last, device: &device };
        self.state.pending = self.outbox.push_pending(pending, &self.state.datastores, Some(&context));
        if self.outbox.dropped() > 0 {
            self.notes.push(format!("{} answers fit no message of this device", self.outbox.dropped()));
        }
        self.leave_out();
    }

    /// Whether a message of the device's size could hold it at all.
    pub fn fits_a_message(&self, pending: &Pending) -> bool {
        self.fit_a_message(std::slice::from_ref(pending))
    }

    /// The same of several together.
    pub fn fit_a_message(&self, pending: &[Pending]) -> bool {
        let own_last = |datastore: &Datastore| own_last(&self.bookmarks, datastore);
        let device =
            || describe::ours(self.state.version, self.snapshot, &self.quirks, &self.state.datastores);
        let context = Context { own_last: &own_last, device: &device };
        let mut emptied = self.outbox.emptied(&self.inbox.message.header);
        let left = emptied.push_pending(pending.to_vec(), &self.state.datastores, Some(&context));
        left.is_empty() && emptied.dropped() == 0
    }

    /// What would not fit the session's row is never said. A device that hears nothing of a change may think that it was taken
    /// or that it was not: as no anchor moves, the next session is a slow one, and compares.
    fn leave_out(&mut self) {
        let mut bytes = 0;
        let fits = |pending: &&Pending| {
            bytes += pending.bytes();
            bytes <= limits::PENDING_BYTES_MAX
        };
        let kept = self.state.pending.iter().take_while(fits).count();
        let lost = self.state.pending.len() - kept;
        if lost > 0 {
            self.state.pending.truncate(kept);
            self.state.datastores.iter_mut().for_each(|datastore| datastore.failed |= datastore.received);
            self.notes.push(format!("{lost} answers left out: no session remembers so much"));
        }
    }
}

/// The `Next` anchor we gave last, as far as the device knows.
fn own_last(bookmarks: &Bookmarks, datastore: &Datastore) -> String {
    let Some(bookmark) = bookmarks.find(&datastore.collection) else { return String::new() };
    let place = if datastore.resumed { &bookmark.confirmed } else { bookmark.newest() };
    place.own_anchor.clone()
}
