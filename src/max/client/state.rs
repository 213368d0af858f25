//! What is remembered between two steps: JSON in the session of [`Upstream::peer`]. Bookmarks and aliases hold the rest.

use crate::journal::Moment;
use crate::record::{RecordId, Seq};
use crate::upstream::{Mode, Outcome, Progress, Report, Upstream};
use serde::{Deserialize, Serialize};

/// Everything remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The token that a name and a password became, sealed where there is a secret to seal it with; empty for none.
    pub token: String,
    /// The sync that has begun and not ended.
    pub run: Option<Run>,
    /// When the last one ended well.
    pub last_sync: Moment,
    /// How the last one ended.
    pub last_report: Option<Report>,
}

/// A sync on its way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// Which of [`Upstream::pairs`] it is at.
    pub at: usize,
    /// What is still to be done with that pair, the current stage first; empty where it has not begun.
    pub stages: Vec<Stage>,
    /// Whether the first of them has begun.
    pub begun: bool,
    /// Whether the pair is compared as a whole, and not by what changed.
    pub full: bool,
    /// Which records items are held against while the pair is compared as a whole; `None` before that was needed.
    pub span: Option<Span>,
    /// Where the feed goes on: the server's own word, empty at its beginning.
    pub more: String,
    /// The request that is on its way.
    pub sent: Option<Sent>,
    /// How often in a row a request or its answer was lost.
    pub lost: u32,
    /// How often in a row the server was busy.
    pub busy: u32,
    /// Whether this run has signed in already.
    pub signed_in: bool,
    /// Whether the feed has been reset in this pair already.
    pub reset: bool,
    /// The stamp of the first change that was refused; 0 for none.
    pub refused_at: Seq,
    /// What became of each pair so far.
    pub outcomes: Vec<Outcome>,
    /// How far it has come.
    pub progress: Progress,
}

/// Which records a comparison as a whole looks at, by their stamps (`client/pull/alike`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Span {
    /// What was found last: the next look begins after it, and then comes round.
    pub at: Seq,
    /// The account's head when the first look began; 0 where there was nothing to look at.
    pub until: Seq,
}

/// What is done with a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Our changes go out.
    Push,
    /// The feed comes in.
    Pull,
}

/// A request that is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sent {
    /// A name and a password.
    Logon,
    /// A GET.
    Feed,
    /// A POST of one version of a record.
    Post {
        /// The record.
        record: RecordId,
        /// The stamp of the version.
        seq: Seq,
        /// What it does there.
        verb: Verb,
    },
}

/// What a POST does there, as far as we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verb {
    /// A new record.
    Add,
    /// A changed one.
    Change,
    /// A deleted one.
    Delete,
}

impl State {
    /// Out of the store; what cannot be read was never said, and a run over other pairs is over.
    pub fn of_text(text: &str, upstream: &Upstream) -> Self {
        let mut state: Self = serde_json::from_str(text).unwrap_or_default();
        state.run = state.run.filter(|run| run.is_of(upstream));
        state
    }

    /// Into the store.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Run {
    /// A run at its beginning.
    pub fn new(upstream: &Upstream) -> Self {
        let outcome = |(collection, mode): (String, Mode)| Outcome { collection, mode, ..Outcome::default() };
        let pairs = upstream.pairs.iter().map(|pair| (pair.collection.clone(), pair.mode));
        Self { outcomes: pairs.map(outcome).collect(), ..Self::default() }
    }

    fn is_of(&self, upstream: &Upstream) -> bool {
        let same = |(outcome, collection): (&Outcome, &String)| outcome.collection == *collection;
        let pairs = upstream.pairs.iter().map(|pair| &pair.collection);
        self.outcomes.len() == upstream.pairs.len() && self.outcomes.iter().zip(pairs).all(same)
    }
}
