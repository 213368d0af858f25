//! What we sent and the device has not answered yet, by what answers it: a status names the command, a Map the record.

use crate::limits;
use crate::record::{RecordId, Seq};
use crate::syncml::session::{Sent, SentKind};
use std::collections::BTreeMap;

type Command = (u32, String);

/// Our commands that wait for an answer.
#[derive(Clone, Debug, Default)]
pub struct Unanswered {
    by_command: BTreeMap<Command, Sent>,
    adds: BTreeMap<(usize, RecordId), Command>,
    /// Of the session's row, with what was answered and waits for its Map: that takes less than the Add it was.
    bytes: usize,
}

impl Unanswered {
    /// What a session remembers, beside so many bytes that wait for Maps.
    pub fn of(sent: Vec<Sent>, unmapped_bytes: usize) -> Self {
        let bytes = unmapped_bytes + sent.iter().map(Sent::bytes).sum::<usize>();
        let mut unanswered = Self { bytes, ..Self::default() };
        sent.into_iter().for_each(|sent| unanswered.insert(sent));
        unanswered
    }

    /// What a session is to remember, in the order of the messages.
    pub fn into_sent(self) -> Vec<Sent> {
        self.by_command.into_values().collect()
    }

    /// Notes a command; false where there are too many already.
    pub fn push(&mut self, sent: Sent) -> bool {
        let bytes = self.bytes + sent.bytes();
        let room = bytes <= limits::UNANSWERED_BYTES_MAX;
        if room {
            self.bytes = bytes;
            self.insert(sent);
        }
        room
    }

    fn insert(&mut self, sent: Sent) {
        let command = (sent.message, sent.command.clone());
        if sent.kind == SentKind::Add {
            self.adds.insert((sent.datastore, sent.record.clone()), command.clone());
        }
        self.by_command.insert(command, sent);
    }

    /// Puts back what is to be answered once more.
    pub fn put_back(&mut self, sent: Sent) {
        self.insert(sent);
    }

    /// What a status answers.
    pub fn answered(&mut self, message: u32, command: &str) -> Option<Sent> {
        let sent = self.by_command.remove(&(message, command.to_owned()))?;
        if sent.kind == SentKind::Add {
            self.adds.remove(&(sent.datastore, sent.record.clone()));
        }
        Some(sent)
    }

    /// The Add that a Map answers.
    pub fn mapped(&mut self, datastore: usize, record: &RecordId) -> Option<Sent> {
        let command = self.adds.remove(&(datastore, record.clone()))?;
        self.by_command.remove(&command)
    }

    /// Whether an Add of a record waits.
    pub fn has_add(&self, datastore: usize, record: &RecordId) -> bool {
        self.adds.contains_key(&(datastore, record.clone()))
    }

    /// The version in which it was sent.
    pub fn added(&self, datastore: usize, record: &RecordId) -> Option<Seq> {
        let command = self.adds.get(&(datastore, record.clone()))?;
        self.by_command.get(command).map(|sent| sent.seq)
    }

    /// The smallest stamp that waits in a datastore.
    pub fn lowest(&self, datastore: usize) -> Option<Seq> {
        self.by_command.values().filter(|sent| sent.datastore == datastore).map(|sent| sent.seq).min()
    }
}
