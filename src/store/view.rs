//! What an account's owner looks at: beside what a message may need, and never asked by one.

use super::{Arrangement, Login, Peer, Token};
use crate::journal::Moment;
use crate::peer::{Alias, Bookmark, PeerId};
use crate::record::{CollectionId, RecordId, Seq};
use serde::{Deserialize, Serialize};

/// A look at the account that a [`Reads`](super::Reads) is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum View {
    /// Who may sign in, the tokens, how many devices there are.
    Account,
    /// How many live records each collection has. Rows read grow with what is stored.
    Counts,
    /// Every device with its bookmarks.
    Devices,
    /// What a device calls the records of one collection, in the order of record ids.
    Mapping {
        /// The device.
        peer: PeerId,
        /// The collection's path.
        path: String,
        /// Only those after this record.
        after: Option<RecordId>,
        /// At most so many.
        rows_max: usize,
    },
    /// What is kept of sessions, without bytes and items: the last session first, of each the last message first.
    Sessions {
        /// Only of this device.
        peer: Option<PeerId>,
        /// Only sessions before this one.
        before: Option<String>,
        /// At most so many messages.
        rows_max: usize,
    },
    /// What is kept of one session, its messages in order, all of each.
    Session {
        /// The session.
        session: String,
        /// Only messages after this one.
        after: i64,
        /// At most so many messages.
        rows_max: usize,
        /// At most so many bytes of them, but always one.
        bytes_max: usize,
    },
    /// In which session a record got the stamp it has: one of the device whose change it is, or, where it is nobody's, one whose
    /// items it was.
    Touched {
        /// The collection's path.
        path: String,
        /// The record.
        record: RecordId,
    },
    /// The syncs with other servers that are arranged, by name.
    Arranged,
    /// Those of every account that are due and that nobody is at, the longest due first. Of whom the [`Reads`](super::Reads)
    /// are, does not matter.
    Due {
        /// At this moment.
        now: Moment,
        /// At most so many.
        rows_max: usize,
    },
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Views {
    /// Who may sign in, by name.
    pub logins: Vec<Login>,
    /// The tokens issued, oldest first.
    pub tokens: Vec<Token>,
    /// How many devices there are.
    pub device_count: u64,
    /// How many live records each collection has; a collection without any is not in it.
    pub counts: Vec<(CollectionId, u64)>,
    /// The devices by id.
    pub devices: Vec<(Peer, Vec<Bookmark>)>,
    /// A page of a device's aliases, each with whether its record lives.
    pub mapping: Vec<(Alias, bool)>,
    /// How many aliases there are of that device and collection.
    pub mapping_total: u64,
    /// What is kept of sessions; for [`View::Sessions`] without bytes and items.
    pub traces: Vec<Trace>,
    /// Whether there is more of the mapping or of the traces.
    pub more: bool,
    /// The session and the device of [`View::Touched`].
    pub touched: Option<(String, PeerId)>,
    /// The arranged syncs, where they were asked for in one way.
    pub arranged: Vec<Arrangement>,
}

/// What is kept of one message of a session, for people. Nothing is ever decided from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Trace {
    /// The session: ids of later ones are greater. Not SyncML's `SessionID`, which devices use again.
    pub session: String,
    /// Counts the session's messages from 1.
    pub number: i64,
    /// The device.
    pub peer: PeerId,
    /// When.
    pub at: Moment,
    /// The account's head as the turn read it: what it stamped is above.
    pub since: Seq,
    /// The head after it; 0 where it changed no record. The store fills it in.
    pub head: Seq,
    /// What there is to say of it, JSON.
    pub about: String,
    /// What its items became, JSON.
    pub items: String,
    /// The message, without credentials; `None` where it was not kept.
    #[serde(with = "serde_bytes")]
    pub request: Option<Vec<u8>>,
    /// The answer, in the same way.
    #[serde(with = "serde_bytes")]
    pub reply: Option<Vec<u8>>,
}

impl Trace {
    /// The bytes it takes.
    pub fn size(&self) -> usize {
        let bytes = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        self.about.len() + self.items.len() + bytes(&self.request) + bytes(&self.reply)
    }

    /// A session's id: when it began, and what tells it from others of that moment.
    pub fn session_id(began: Moment, random: [u8; 32]) -> String {
        let few: String = RecordId::mint(random).as_str().chars().take(6).collect();
        format!("{}-{few}", Self::session_from(began))
    }

    /// No session that began at this moment or later has a smaller id.
    pub fn session_from(moment: Moment) -> String {
        format!("{:015}", moment.max(0))
    }

    /// Between which ids the session is that gave out a stamp. A head runs ahead of the clock by as many milliseconds as records
    /// are changed faster than that, and no session lasts a day.
    pub(super) fn sessions_about(seq: Seq) -> (String, String) {
        (Self::session_from(seq - Self::LASTS_MS), Self::session_from(seq + Self::AHEAD_MS))
    }

    /// How long a session lasts at most, and how far its stamps may be behind its beginning.
    pub(super) const LASTS_MS: i64 = 24 * 60 * 60 * 1000;
    pub(super) const AHEAD_MS: i64 = 60 * 1000;
}
