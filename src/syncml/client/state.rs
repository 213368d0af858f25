//! What a client remembers between two steps, and from one session to the next: a value, saved as JSON in the session's row.
//!
//! The mirror is `session.rs`; beside it in the row stands the message that waits for its answer.

use crate::journal::Moment;
use crate::journal::matching::MatchKey;
use crate::record::{CollectionId, Seq};
use crate::syncml::message::Version;
use crate::syncml::session::{Arrival, Datastore, Departure, Mode, Pending, Sent, text_bytes};
use crate::upstream::{self, Outcome, Progress, Reason, Report};
use serde::{Deserialize, Serialize};

/// How many records of equal content are looked at for one that came or went in a session that broke off.
const SAME_COMPARED: usize = 8;

/// Saved between steps. An unreadable one (of another release) ends the session, never the data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// What was asked for: a fingerprint of the upstream.
    pub wanted: String,
    /// The protocol version of this session.
    pub version: Version,
    /// Whether the server has shown that it speaks no higher one.
    pub lowered: bool,
    /// What is at hand.
    pub phase: Phase,
    /// `SessionID` of this session.
    pub session: u16,
    /// `MsgID` of our last message.
    pub message_id: u32,
    /// When the server was last heard.
    pub heard_at: Moment,
    /// Whether package 1 is out.
    pub alerted: bool,
    /// Whether the server has closed the package being received.
    pub closed: bool,
    /// Its last message.
    pub server: Server,
    /// Its `MaxMsgSize`, already within our own bounds; 0 where it never said.
    pub message_bytes_max: usize,
    /// Its `MaxObjSize`; 0 where it never said.
    pub object_bytes_max: u64,
    /// How we sign in.
    pub signing: Signing,
    /// The collections.
    pub syncing: Vec<Syncing>,
    /// What did not fit the last message, in order.
    pub pending: Vec<Pending>,
    /// New ids that the server has not confirmed to know.
    pub maps: Vec<MapDue>,
    /// Changes that no status has answered yet.
    pub sent: Vec<Sent>,
    /// The large object that is arriving.
    pub arriving: Option<Arrival>,
    /// The large object that is leaving.
    pub leaving: Option<Departure>,
    /// Whether the user pauses; and whether the server has been told.
    pub suspending: bool,
    /// See [`Self::suspending`].
    pub suspended: bool,
    /// How many answers in a row were "busy" (101).
    pub busy: u32,
    /// How many times in a row the last message was lost.
    pub lost: u32,
    /// Nothing is carried before this moment; 0 for no wait.
    pub wait_until: Moment,
    /// How many messages in a row brought nothing.
    pub silent: u32,
    /// How many sessions were begun for what was asked.
    pub restarts: u32,
    /// Syncs that broke off, and may be resumed.
    pub broken: Vec<Broken>,
    /// Whether the server has shown that it resumes nothing.
    pub no_resume: bool,
    /// A fingerprint of the DevInf of ours that the server has.
    pub told: String,
    /// How far it has come.
    pub progress: Progress,
    /// How the last session ended.
    pub report: Option<Report>,
    /// When the last one ended well.
    pub last_sync: Moment,
}

/// What is at hand (DS 1.2 section 6, packages 1 to 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// No session.
    #[default]
    Idle,
    /// Packages 1 and 2.
    Alerting,
    /// Package 3: our changes.
    Sending,
    /// Package 4: theirs.
    Receiving,
    /// Packages 5 and 6.
    Ending,
    /// The session is over, and what a refresh did not bring goes.
    Replacing,
}

/// The server's last message, as far as our next one speaks of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// `MsgID`; 0 for none yet.
    pub message: u32,
    /// `Target` of its SyncHdr.
    pub target: String,
    /// `Source` of its SyncHdr.
    pub source: String,
    /// Whether it wants no statuses.
    pub silent: bool,
    /// Its `RespURI`, whole; empty for none.
    pub respond_to: String,
}

/// How we sign in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signing {
    /// The scheme; empty for none.
    pub scheme: String,
    /// The nonce for it in base64.
    pub nonce: String,
    /// How many messages of this session were refused for want of credentials.
    pub refused: u8,
    /// Whether the server has taken them for the whole session.
    pub accepted: bool,
    /// Whether it has taken them for a message.
    pub known: bool,
}

/// One collection of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Syncing {
    /// The datastore: its `target` is our path, its `source` theirs; `next` is the server's anchor, `own_next` ours.
    pub datastore: Datastore,
    /// What was asked for.
    pub wish: Mode,
    /// Our `Last` anchor.
    pub last: String,
    /// The account's head when it began, in this session or in one that broke off.
    pub since: Seq,
    /// Whether the session before broke off.
    pub after_break: bool,
    /// `MsgID` and `CmdID` of our alert.
    pub alert: (u32, String),
    /// The status of our alert; 0 before it came.
    pub answered: u16,
    /// Whether the server has alerted it.
    pub agreed: bool,
    /// What became of it.
    pub outcome: Outcome,
    /// How many changes there are to send.
    pub sent_of: u64,
    /// How many of them were answered.
    pub sent: u64,
    /// How many there are to come, as far as the server says.
    pub received_of: u64,
    /// How many came.
    pub received: u64,
}

/// A new id that the server has not confirmed to know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapDue {
    /// The collection.
    #[serde(rename = "d")]
    pub collection: CollectionId,
    /// The server's id.
    #[serde(rename = "g")]
    pub guid: String,
    /// Ours.
    #[serde(rename = "l")]
    pub luid: String,
    /// In which message it went out; 0 for none of this session.
    #[serde(rename = "m")]
    pub message: u32,
    /// In which command.
    #[serde(rename = "c")]
    pub command: String,
    /// How often it was refused.
    #[serde(rename = "r", default)]
    pub refused: u8,
    /// Whether it is of a session that broke off.
    #[serde(rename = "o", default)]
    pub old: bool,
    /// Whether the server has taken it. One of a session that broke off is kept all the same until this one is over: a server
    /// that does not know its own id any more sends the item again under another.
    #[serde(rename = "t", default)]
    pub taken: bool,
}

/// A sync that broke off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Broken {
    /// The collection.
    pub collection: CollectionId,
    /// What it was.
    pub mode: Mode,
    /// What was asked for.
    pub wish: Mode,
    /// Why it was a slow one.
    pub why_slow: Option<String>,
    /// As in [`Syncing::since`].
    pub since: Seq,
    /// Our `Next` anchor: the server may have come to the end of it.
    pub own_next: String,
    /// When.
    pub at: Moment,
}

impl Syncing {
    /// Whether it takes place.
    pub fn is_alive(&self) -> bool {
        self.agreed && !self.datastore.failed
    }

    /// Whether all that comes is compared with what is here, whatever it comes as.
    pub fn compares(&self) -> bool {
        self.after_break || self.datastore.mode.sends_all()
    }

    /// How a match key is asked for: one of several records that say the same may be the one that a broken session was about.
    pub fn asked(&self, key: &MatchKey) -> Vec<(CollectionId, MatchKey)> {
        let times = if self.after_break && !self.datastore.mode.sends_all() { SAME_COMPARED } else { 1 };
        vec![(self.datastore.collection.clone(), key.clone()); times]
    }

    /// Whether our changes are sent.
    pub fn gives(&self) -> bool {
        self.wish.receives() && self.datastore.mode.receives()
    }

    /// Whether theirs are taken.
    pub fn takes(&self) -> bool {
        self.wish.sends() && self.datastore.mode.sends()
    }

    /// It does not take place, or not any longer.
    pub fn fail(&mut self, code: &str, status: u16, message: String) {
        self.datastore.failed = true;
        self.outcome.error.get_or_insert(Reason { code: code.to_owned(), status, message });
    }
}

impl MapDue {
    /// The bytes it takes in the session's row, at most.
    pub fn bytes(&self) -> usize {
        80 + [&self.collection.0, &self.guid, &self.luid].map(|text| text_bytes(text)).iter().sum::<usize>()
    }
}

impl State {
    /// The state a session's row holds; a new one where there is none, or this release cannot read it.
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The state as its row holds it.
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The session is over, well or not: what it had begun may be resumed.
    pub fn break_off(&mut self, now: Moment) {
        if (Phase::Sending..=Phase::Ending).contains(&self.phase) {
            let begun = self.syncing.iter().filter(|syncing| syncing.is_alive());
            let begun = begun.map(|syncing| Broken {
                collection: syncing.datastore.collection.clone(),
                mode: syncing.datastore.mode,
                wish: syncing.wish,
                why_slow: syncing.outcome.why_slow.clone(),
                since: syncing.since,
                own_next: syncing.datastore.own_next.clone(),
                at: now,
            });
            self.broken = begun.collect();
        }
        self.phase = Phase::Idle;
        self.wait_until = 0;
        self.arriving = self.arriving.take().filter(|arrival| arrival.refused == 0);
        self.arriving.iter_mut().for_each(|arrival| arrival.paused = true);
        self.leaving.iter_mut().for_each(|departure| departure.paused = true);
    }

    /// What the next session knows of this one.
    pub fn another_session(self) -> Self {
        let maps = self.maps.into_iter().filter(|map| !map.taken);
        let maps = maps.map(|map| MapDue { message: 0, command: String::new(), old: true, ..map });
        Self {
            wanted: self.wanted,
            version: self.version,
            lowered: self.lowered,
            session: self.session,
            message_bytes_max: self.message_bytes_max,
            signing: Signing { refused: 0, accepted: false, known: false, ..self.signing },
            maps: maps.collect(),
            arriving: self.arriving,
            leaving: self.leaving,
            restarts: self.restarts,
            broken: self.broken,
            no_resume: self.no_resume,
            told: self.told,
            report: self.report,
            last_sync: self.last_sync,
            ..Self::default()
        }
    }

    /// The bytes of the session's row that what is owed takes.
    pub fn owed_bytes(&self) -> usize {
        self.pending.iter().map(Pending::bytes).sum::<usize>()
            + self.maps.iter().map(MapDue::bytes).sum::<usize>()
    }

    /// How far it has come, for people.
    pub fn progress(&self) -> Progress {
        let sum = |pick: fn(&Syncing) -> u64| self.syncing.iter().map(pick).sum();
        Progress {
            phase: match self.phase {
                Phase::Idle => upstream::Phase::Idle,
                Phase::Alerting => upstream::Phase::Connecting,
                Phase::Sending => upstream::Phase::Sending,
                Phase::Receiving => upstream::Phase::Receiving,
                Phase::Ending | Phase::Replacing => upstream::Phase::Finishing,
            },
            sent: sum(|syncing| syncing.sent),
            sent_of: sum(|syncing| syncing.sent_of.max(syncing.sent)),
            received: sum(|syncing| syncing.received),
            received_of: sum(|syncing| syncing.received_of),
            ..self.progress.clone()
        }
    }
}

/// The sync type of an [`upstream::Mode`].
pub fn mode_of(wish: upstream::Mode) -> Mode {
    match wish {
        upstream::Mode::TwoWay => Mode::TwoWay,
        upstream::Mode::Slow => Mode::Slow,
        upstream::Mode::OneWayFromClient => Mode::FromClient,
        upstream::Mode::RefreshFromClient => Mode::RefreshFromClient,
        upstream::Mode::OneWayFromServer => Mode::FromServer,
        upstream::Mode::RefreshFromServer => Mode::RefreshFromServer,
    }
}

/// The [`upstream::Mode`] of a sync type.
pub fn said_of(mode: Mode) -> upstream::Mode {
    match mode {
        Mode::TwoWay => upstream::Mode::TwoWay,
        Mode::Slow => upstream::Mode::Slow,
        Mode::FromClient => upstream::Mode::OneWayFromClient,
        Mode::RefreshFromClient => upstream::Mode::RefreshFromClient,
        Mode::FromServer => upstream::Mode::OneWayFromServer,
        Mode::RefreshFromServer => upstream::Mode::RefreshFromServer,
    }
}
