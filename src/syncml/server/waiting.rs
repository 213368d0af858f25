//! Statuses, alerts and DevInf on their way out: written in order as far as the message has room; the rest waits in the session
//! (RepPro 1.2, 6.4.1; `syncml.md` 1.6). Our changes are `send.rs`.

use super::desk::Desk;
use crate::peer::Bookmark;
use crate::record::CollectionId;
use crate::syncml::outbox::Context;
use crate::syncml::session::{Datastore, Pending, PendingStatus};
use std::collections::BTreeMap;

impl Desk<'_> {
    /// Writes what waited from earlier messages, then what this one left.
    pub fn flush(&mut self) {
        let mut pending = std::mem::take(&mut self.state.pending);
        pending.append(&mut self.queue);
        loop {
            let bookmarks = &self.bookmarks;
            let own_last = |datastore: &Datastore| own_last(bookmarks, datastore);
            let device = || {
                super::describe::ours(self.state.version, self.snapshot, &self.peer, &self.state.datastores)
            };
            let context = Context { own_last: &own_last, device: &device };
            pending = self.outbox.push_pending(pending, &self.state.datastores, Some(&context));
            match pending.first() {
                Some(first) if !self.fits_a_message(first) => self.shorten_first(&mut pending),
                _ => break,
            }
        }
        self.state.pending = pending;
    }

    /// Whether a message of the device's size could hold it at all.
    pub fn fits_a_message(&self, pending: &Pending) -> bool {
        let own_last = |datastore: &Datastore| own_last(&self.bookmarks, datastore);
        let device =
            || super::describe::ours(self.state.version, self.snapshot, &self.peer, &self.state.datastores);
        let context = Context { own_last: &own_last, device: &device };
        let mut emptied = self.outbox.emptied(&self.inbox.message, self.state.message_id);
        emptied.push_pending(vec![pending.clone()], &self.state.datastores, Some(&context)).is_empty()
    }

    /// What fits no message would keep all behind it waiting for ever: of a status remains what it answers and the code, of
    /// anything else nothing.
    fn shorten_first(&mut self, pending: &mut Vec<Pending>) {
        let Some(first) = pending.first_mut() else { return };
        if let Pending::Status(status) = first {
            let short = PendingStatus {
                message: status.message,
                command: status.command.clone(),
                name: status.name.clone(),
                code: status.code,
                ..PendingStatus::default()
            };
            if *status != short {
                *status = short;
                return;
            }
        }
        self.notes.push("an answer of ours is too large for the device's MaxMsgSize".to_owned());
        pending.remove(0);
    }
}

/// The `Next` anchor we gave last.
fn own_last(bookmarks: &BTreeMap<CollectionId, (Bookmark, bool)>, datastore: &Datastore) -> String {
    let Some((bookmark, _)) = bookmarks.get(&datastore.collection) else { return String::new() };
    bookmark.newest().own_anchor.clone()
}
