//! The one loop in which a decision meets a store: ask, read, decide, commit, reply.

use crate::http::Response;
use crate::journal::Moment;
use crate::limits;
use crate::store::{Batch, Cost, Reads, Receipt, Snapshot, Store, StoreError};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// One message of one protocol, on its way through the loop.
pub trait Protocol {
    /// What was decided, before the store has said where its changes stand.
    type Answer;
    /// What comes out in the end: a server's response, a client's next step.
    type Output;
    /// Everything the message may need. Called again, with everything forgotten, after a lost race.
    fn ask(&mut self) -> Reads;
    /// A total function of the message, the snapshot, the moment and the seed.
    fn decide(&mut self, snapshot: &Snapshot, now: Moment, seed: &mut Seed) -> Decision<Self::Answer>;
    /// What comes out, once the batch is safe. Without a batch the receipt is empty.
    fn reply(&mut self, answer: Self::Answer, receipt: &Receipt) -> Self::Output;
    /// Whether a message that the store would not take for now can be put off: then it is asked and decided once more, about
    /// that alone.
    fn puts_off(&mut self, _error: &StoreError) -> bool {
        false
    }
    /// What comes out where the store would not: it is busy (503), racing for ever (503), or broken (500).
    fn failed(&mut self, error: &StoreError) -> Self::Output;
    /// One readable line about what was asked and what became of it; `None` for nothing worth a line.
    fn line(&self) -> Option<String>;
}

/// What a decision asks of the loop.
#[derive(Debug)]
pub enum Decision<Answer> {
    /// Read this too, then decide again.
    Ask(Box<Reads>),
    /// The turn is made.
    Turn(Box<Turn<Answer>>),
}

/// A decision: an answer, and what must be safe before it is sent.
#[derive(Debug)]
pub struct Turn<Answer> {
    /// What to answer.
    pub answer: Answer,
    /// What to write first; `None` where nothing changes.
    pub batch: Option<Batch>,
}

/// A message that has been through the loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served<Output = Response> {
    /// What to send.
    pub response: Output,
    /// One line for the log.
    pub line: Option<String>,
    /// What all trips to the store cost together.
    pub cost: Cost,
}

/// Takes one message through the loop. A lost race is decided again, at most [`limits::ATTEMPTS_MAX`] times; then the message
/// is put off where its protocol can, which [`limits::PUT_OFF_ATTEMPTS_MAX`] races may be lost about.
pub async fn exchange<P: Protocol, S: Store>(
    protocol: &mut P,
    store: &S,
    now: Moment,
    seed: Seed,
) -> Served<P::Output> {
    const ATTEMPTS: usize = limits::ATTEMPTS_MAX;
    let mut cost = Cost::default();
    let mut tried = turns(protocol, store, now, &seed, 0..ATTEMPTS, &mut cost).await;
    if let Err(failure) = &tried
        && protocol.puts_off(failure)
    {
        let more = ATTEMPTS..ATTEMPTS + limits::PUT_OFF_ATTEMPTS_MAX;
        tried = turns(protocol, store, now, &seed, more, &mut cost).await;
    }
    let response = tried.unwrap_or_else(|failure| protocol.failed(&failure));
    served(protocol, response, cost)
}

/// One turn after another, until one of them wins its race.
async fn turns<P: Protocol, S: Store>(
    protocol: &mut P,
    store: &S,
    now: Moment,
    seed: &Seed,
    attempts: Range<usize>,
    cost: &mut Cost,
) -> Result<P::Output, StoreError> {
    for attempt in attempts {
        match turn(protocol, store, now, seed.fork(attempt), cost).await {
            Err(StoreError::Conflict) => continue,
            done => return done,
        }
    }
    Err(StoreError::Conflict)
}

async fn turn<P: Protocol, S: Store>(
    protocol: &mut P,
    store: &S,
    now: Moment,
    mut seed: Seed,
    cost: &mut Cost,
) -> Result<P::Output, StoreError> {
    let mut reads = protocol.ask();
    loop {
        let snapshot = store.read(&reads).await?;
        *cost += snapshot.cost;
        let turn = match protocol.decide(&snapshot, now, &mut seed) {
            Decision::Ask(more) => {
                reads = *more;
                continue;
            }
            Decision::Turn(turn) => *turn,
        };
        let receipt = match &turn.batch {
            Some(batch) => store.commit(batch).await?,
            None => Receipt::default(),
        };
        *cost += receipt.cost;
        return Ok(protocol.reply(turn.answer, &receipt));
    }
}

fn served<P: Protocol>(protocol: &P, response: P::Output, cost: Cost) -> Served<P::Output> {
    let line = protocol.line().map(|line| {
        let line = format!("{line}; {} batches, {} statements", cost.batches, cost.statements);
        match (cost.rows_read, cost.rows_written) {
            // Nobody has counted: SQLite itself does not say.
            (0, 0) => line,
            (read, written) => format!("{line}, {read} rows read, {written} rows written"),
        }
    });
    Served { response, line, cost }
}

/// Randomness as an argument: 32 random bytes from the face, drawn from as often as needed.
#[derive(Clone, Debug)]
pub struct Seed {
    key: [u8; 32],
    drawn: u64,
}

impl Seed {
    /// A seed of 32 random bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, drawn: 0 }
    }

    /// The next 32 bytes: SHA-256 of the key and a counter.
    pub fn draw(&mut self) -> [u8; 32] {
        self.drawn += 1;
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(self.drawn.to_be_bytes());
        hash.finalize().into()
    }

    /// An independent seed for attempt `index`.
    fn fork(&self, index: usize) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update([0xF0]);
        hash.update((index as u64).to_be_bytes());
        Self::new(hash.finalize().into())
    }
}
