//! A message taken apart into steps (RepPro 1.2, 5.5 and 6.5): groups are dissolved, and their `Meta` holds for what was in them.
//!
//! What becomes of an Atomic is said in `server/group.rs`; what is read of an item in `inbox.rs`.

use super::{AtomicStep, Part, RefuseStep, Step, SyncStep, change_step, named, path, refuse};
use crate::limits;
use crate::syncml::message::{Command, Group, GroupKind, Header, Location, Meta, Sync};
use crate::syncml::status;

/// A body being taken apart: what stood in groups stands for itself, in the order in which it stood.
#[derive(Default)]
pub(super) struct Taking {
    pub(super) commands: Vec<Command>,
    pub(super) steps: Vec<Step>,
    items: usize,
    /// Whether an Atomic is open.
    atomic: bool,
}

impl Taking {
    /// The commands of a message.
    pub(super) fn message(&mut self, header: &Header, commands: Vec<Command>) -> Part {
        let before = self.steps.len();
        commands.into_iter().for_each(|command| self.body(command, &Meta::default()));
        let steps = self.steps.len().saturating_sub(before);
        Part { message: header.message_id, silent: header.no_response, steps }
    }

    /// A command of the body, with the `Meta` of the groups around it.
    pub(super) fn body(&mut self, command: Command, scope: &Meta) {
        match command {
            Command::Sync(sync) => {
                self.open_sync(&sync, scope);
                self.commands.push(Command::Sync(sync));
            }
            Command::Group(group) => {
                let (opened, scope) = (self.open_group(&group), scoped(scope, &group.meta));
                group.commands.into_iter().for_each(|command| self.body(command, &scope));
                self.close_group(opened);
            }
            Command::Change(change) => self.steps.push(refuse(&change, status::FORBIDDEN)),
            // What cannot be taken back has no place in an Atomic.
            other if self.atomic && !matches!(other, Command::Map(_) | Command::Status(_)) => {
                self.refuse(&other, status::COMMAND_FAILED);
            }
            other => {
                self.steps.push(Step::Command(self.commands.len()));
                self.commands.push(other);
            }
        }
    }

    fn open_sync(&mut self, sync: &Sync, scope: &Meta) {
        let nowhere = Location::default();
        let target = sync.target.as_ref().unwrap_or(&nowhere);
        let path = path(target, sync.source.as_ref());
        self.steps.push(Step::Sync(SyncStep {
            path: path.clone(),
            command: sync.command_id.clone(),
            silent: sync.no_response,
            target: target.uri.clone(),
            source: sync.source.as_ref().map(|source| source.uri.clone()).unwrap_or_default(),
            credential: sync.credential.clone(),
            memory: sync.meta.memory.clone(),
        }));
        self.inside(&sync.commands, &path, &scoped(scope, &sync.meta));
    }

    fn inside(&mut self, commands: &[Command], path: &str, scope: &Meta) {
        for command in commands {
            match command {
                Command::Change(change) => {
                    self.items += change.items.len();
                    let too_many = self.items > limits::ITEMS_MAX;
                    self.steps.push(Step::Change(change_step(change, path, scope, too_many)));
                }
                Command::Group(group) => {
                    let opened = self.open_group(group);
                    self.inside(&group.commands, path, &scoped(scope, &group.meta));
                    self.close_group(opened);
                }
                other => self.refuse(other, status::NOT_ALLOWED),
            }
        }
    }

    /// A Sequence is order, and everything here has one. An Atomic in an Atomic is refused, and so that one fails.
    fn open_group(&mut self, group: &Group) -> Option<usize> {
        let (command, silent) = (group.command_id.clone(), group.no_response);
        let at = self.steps.len();
        self.steps.push(match (group.kind, self.atomic) {
            (GroupKind::Sequence, _) => {
                Step::Refuse(RefuseStep { command, name: "Sequence", silent, code: status::OK })
            }
            (GroupKind::Atomic, true) => {
                Step::Refuse(RefuseStep { command, name: "Atomic", silent, code: status::COMMAND_FAILED })
            }
            (GroupKind::Atomic, false) => Step::Atomic(AtomicStep { command, silent, steps: 0 }),
        });
        let opened = (group.kind == GroupKind::Atomic && !self.atomic).then_some(at);
        self.atomic |= opened.is_some();
        opened
    }

    fn close_group(&mut self, opened: Option<usize>) {
        let Some(at) = opened else { return };
        self.atomic = false;
        let inside = self.steps.len().saturating_sub(at + 1);
        if let Some(Step::Atomic(atomic)) = self.steps.get_mut(at) {
            atomic.steps = inside;
        }
    }

    fn refuse(&mut self, command: &Command, code: u16) {
        self.steps.extend(
            named(command)
                .map(|(command, name, silent)| Step::Refuse(RefuseStep { command, name, silent, code })),
        );
    }
}

/// What of a `Meta` holds for what stands inside, the inner word first (RepPro 1.2, 5.5).
pub(super) fn scoped(outer: &Meta, inner: &Meta) -> Meta {
    let first = |inner: &Option<String>, outer: &Option<String>| inner.clone().or_else(|| outer.clone());
    Meta {
        field_level: inner.field_level || outer.field_level,
        format: first(&inner.format, &outer.format),
        media_type: first(&inner.media_type, &outer.media_type),
        ..Meta::default()
    }
}
