//! What the server does differently for a device that needs it (`syncml.md` 9.1): each switch of `quirk.rs` at its place.
//!
//! Which device needs what is data (`quirks.json`). `ignore_ctcap` and `ctcap` are read where DevInf is (`receive.rs`,
//! `describe.rs`).

use super::desk::Desk;
use crate::peer::PeerSettings;
use crate::syncml::describe;
use crate::syncml::quirk;
use crate::syncml::session::{Datastore, Pending};
use std::borrow::Cow;
use std::num::NonZeroUsize;

impl Desk<'_> {
    /// The device is known, or known better: what it needs is looked up. The log of a session's first message says it.
    pub fn oblige(&mut self) {
        let more = &self.server.settings.syncml_quirks;
        let own = PeerSettings::of_text(&self.peer.settings);
        let found = quirk::of(self.device.as_ref(), &self.server.user_agent, more, &own);
        if self.state.message_id == 1 {
            found.complaints.into_iter().for_each(|complaint| self.notes.push(complaint));
            if !found.devices.is_empty() {
                self.notes.push(format!("treated as {}", found.devices.join(", ")));
            }
        }
        self.quirks = found.quirks;
        self.supported.get_mut().clear();
        self.outbox.set_bytes_max(self.message_bytes_max());
    }

    /// The bytes of a message that the device can take.
    pub fn message_bytes_max(&self) -> usize {
        self.quirks.message_bytes(self.state.message_bytes_max)
    }

    /// How many records are worth reading for a message of this size: more where a filter leaves some out.
    pub fn page_records(&self) -> i64 {
        if self.state.leaving.as_ref().is_some_and(|departure| !departure.paused) {
            // While an object leaves in pieces nothing else does.
            return 1;
        }
        let filtered = self.state.datastores.iter().any(Datastore::filters_items);
        let records = self.message_bytes_max() / if filtered { 20 } else { 80 };
        i64::try_from(records).unwrap_or(i64::MAX)
    }

    /// The bytes of an id that the device can keep until it has mapped it.
    pub fn guid_bytes_max(&self, datastore: &Datastore) -> usize {
        let said = || describe::guid_bytes_max(self.device.as_ref(), &datastore.source);
        self.quirks.guid_bytes_max.map_or_else(said, NonZeroUsize::get)
    }

    /// Whether the message may hold one more `Delete`.
    pub fn takes_another_delete(&self) -> bool {
        self.quirks.deletes_per_message_max.is_none_or(|max| self.outbox.deletes() < max.get())
    }

    /// The codes of a command's items as the device can bear them.
    pub fn oblige_in_codes<'a>(&self, codes: &'a [u16]) -> Cow<'a, [u16]> {
        match codes.iter().max() {
            Some(worst) if self.quirks.one_status_per_command => vec![*worst; codes.len()].into(),
            _ => codes.into(),
        }
    }

    /// What is about to be written, as the device can bear it: who it is may have come after what is answered.
    pub fn oblige_in_statuses(&self, pending: &mut [Pending]) {
        for pending in pending.iter_mut().filter(|_| self.quirks.no_error_items) {
            match pending {
                Pending::Status(status) if status.code >= 400 => status.hint = None,
                _ => {}
            }
        }
    }
}
