//! What is not carried out for want of credentials: a message as a whole, or a command by a `Cred` of its own, the database layer's
//! (RepPro 1.2 section 6.1.2; `syncml.md` 5.2).
//!
//! A database of ours has no user of its own. A `Cred` in a command is checked like one in the header, against the same login, and
//! a command whose `Cred` is wrong is not carried out: its status bears the challenge.

use super::authenticate;
use super::desk::Desk;
use crate::syncml::credential;
use crate::syncml::inbox::{ChangeStep, Inbox, SyncStep, named};
use crate::syncml::message::{Command, Cred};
use crate::syncml::session::PendingStatus;
use crate::syncml::status;
use std::collections::BTreeSet;

/// What of a message was refused for the credentials inside it.
#[derive(Default)]
pub struct Bar {
    /// Paths whose last `Sync` bore wrong ones.
    paths: BTreeSet<String>,
    /// Whether any were wrong: then no other is looked at.
    once: bool,
}

impl Desk<'_> {
    /// Whether a command stays undone for its `Cred`; then it has its status.
    pub fn bars(&mut self, command: &Command) -> bool {
        let barred = command.credential().and_then(|cred| self.barred(cred));
        match (barred, named(command)) {
            (Some(status), Some((id, name, silent))) => {
                self.push_status(silent, PendingStatus { command: id, name: name.into(), ..status });
                true
            }
            _ => false,
        }
    }

    /// The same of a `Sync`: then nothing inside it is done either.
    pub fn bars_sync(&mut self, sync: &SyncStep) -> bool {
        self.bar.paths.remove(&sync.path);
        let Some(status) = sync.credential.as_ref().and_then(|cred| self.barred(cred)) else { return false };
        self.bar.paths.insert(sync.path.clone());
        let (command, name) = (sync.command.clone(), "Sync".into());
        let (targets, sources) = (vec![sync.target.clone()], vec![sync.source.clone()]);
        self.push_status(sync.silent, PendingStatus { command, name, targets, sources, ..status });
        true
    }

    /// The same of a change.
    pub fn bars_change(&mut self, change: &ChangeStep) -> bool {
        let inside = PendingStatus { code: status::INVALID_CREDENTIALS, ..PendingStatus::default() };
        let barred = match self.bar.paths.contains(&change.path) {
            true => Some(inside),
            false => change.credential.as_ref().and_then(|cred| self.barred(cred)),
        };
        let Some(status) = barred else { return false };
        let (command, name) = (change.command.clone(), change.kind.name().into());
        let sources = change.items.iter().filter_map(|item| item.source.clone()).collect();
        self.push_status(change.silent, PendingStatus { command, name, sources, ..status });
        true
    }

    /// What is wrong with a credential. After the first wrong one of a message no other is looked at: one message is one try.
    fn barred(&mut self, cred: &Cred) -> Option<PendingStatus> {
        let status = |code, challenge| PendingStatus { code, challenge, ..PendingStatus::default() };
        if self.bar.once {
            return Some(status(status::INVALID_CREDENTIALS, None));
        }
        let said = credential::read(cred);
        let checked = authenticate::check(self.server, self.snapshot, &said, self.state.version, self.now);
        let refusal = checked.err()?;
        self.bar.once = true;
        self.notes.push(format!("a Cred inside a command is refused with {}: {}", refusal.code, refusal.why));
        if let Some(throttle) = refusal.throttle {
            self.batch.throttles.retain(|known| known.key != throttle.key);
            self.batch.throttles.push(throttle);
        }
        Some(status(refusal.code, Some((refusal.scheme.to_owned(), refusal.nonce))))
    }
}

/// The same status for every command of a message: nothing was executed.
pub fn statuses_of_all(inbox: &Inbox, code: u16) -> Vec<PendingStatus> {
    let message = inbox.message.header.message_id;
    let all = inbox.steps.iter().filter_map(|step| inbox.named(step));
    all.filter(|(command, _, silent)| !silent && !command.is_empty())
        .map(|(command, name, _)| PendingStatus {
            message,
            command,
            name: name.into(),
            code,
            ..Default::default()
        })
        .collect()
}
