//! Arranged syncs: whose turn it is, who may be at it, and how a turn ends (docs/upstreams.md).
//!
//! A turn is a lease: it is taken by a guarded commit of the arrangement's row, so that of two invocations that overlap one
//! has it, and it ends by itself where whoever had it has died. Where the sync itself has come to is the client's to know.

use super::{standing, step};
use crate::exchange::Seed;
use crate::http::Response;
use crate::journal::Moment;
use crate::limits;
use crate::peer::words::plural;
use crate::record::AccountId;
use crate::secret::Sealer;
use crate::settings::Settings;
use crate::store::{Arrangement, Batch, Edit, Guard, Reads, Store, StoreError, View, Who};
use crate::syncml::explain::brief;
use crate::upstream::{Ended, Input, Outgoing, Progress, Reason, Refusal, Report, Standing, Step, Upstream};

/// What a core without a clock, chance and a network is lent.
#[allow(async_fn_in_trait)]
pub trait Carrier {
    /// Carries a request and comes back with the answer, or why there is none, in words. No redirect is followed, nothing waits
    /// longer than [`limits::UPSTREAM_CARRY_MS`], and no more than [`limits::UPSTREAM_ANSWER_BYTES_MAX`] is held.
    async fn carry(&mut self, outgoing: &Outgoing) -> Result<Response, String>;
    /// The moment.
    fn now(&self) -> Moment;
    /// A new seed.
    fn seed(&mut self) -> Seed;
    /// Waits for a moment that is near; `false` where there is no waiting here.
    async fn rest(&mut self, _until: Moment) -> bool {
        false
    }
    /// How far a sync has come, before each request.
    fn watch(&mut self, _progress: &Progress) {}
}

/// What one invocation may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Requests, over all upstreams.
    pub requests: u32,
    /// Milliseconds, after which nothing more is begun.
    pub ms: i64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { requests: limits::UPSTREAM_REQUESTS, ms: limits::UPSTREAM_INVOCATION_MS }
    }
}

/// One invocation: arranged syncs that are due go on, a few requests each in turn, until nothing is due or the budget is
/// spent. What is left goes on at the next. A line for the log of each turn.
pub async fn tend<S: Store, C: Carrier>(
    store: &S,
    settings: &Settings,
    carrier: &mut C,
    budget: Budget,
) -> Result<Vec<String>, StoreError> {
    let until = carrier.now().saturating_add(budget.ms);
    let (mut left, mut lines) = (budget.requests, Vec::new());
    while left > 0 && carrier.now() < until {
        let view = View::Due { now: carrier.now(), rows_max: limits::UPSTREAM_TURNS };
        let reads = Reads { views: vec![view], ..Reads::of(Who::Account(AccountId::default())) };
        let due = store.read(&reads).await?.views.arranged;
        let before = lines.len();
        for arrangement in due {
            if left == 0 || carrier.now() >= until {
                break;
            }
            let Some(mut turn) = Turn::take(store, settings, &mut *carrier, arrangement).await? else {
                continue;
            };
            let spends = left.min(limits::UPSTREAM_REQUESTS_PER_TURN);
            let (spent, came) = turn.go_on(spends, until, limits::UPSTREAM_REST_MS).await;
            left = left.saturating_sub(spent);
            lines.push(turn.line(spent, &came));
            turn.end(&came).await?;
        }
        if lines.len() == before {
            // Nothing is due, or others are at all of it.
            break;
        }
    }
    Ok(lines)
}

/// One arranged sync, now and to its end, due or not; `Err` in words where it cannot be.
pub async fn now<S: Store, C: Carrier>(
    store: &S,
    settings: &Settings,
    carrier: &mut C,
    arrangement: Arrangement,
) -> Result<Report, String> {
    let failed = |error: StoreError| format!("{error:?}");
    let busy = "Somebody is at this sync already, perhaps the server itself: try again in two minutes.";
    if arrangement.leased > carrier.now() {
        return Err(busy.to_owned());
    }
    let taken = Turn::take(store, settings, carrier, arrangement).await.map_err(failed)?;
    let mut turn = taken.ok_or(busy)?;
    loop {
        let until = turn.carrier.now().saturating_add(limits::UPSTREAM_LEASE_MS / 2);
        let (_, came) = turn.go_on(u32::MAX, until, limits::UPSTREAM_WAIT_MS_MAX).await;
        match came {
            Came::Spent => turn.hold().await.map_err(failed)?,
            Came::Waits(moment, ref words) => {
                turn.end(&came).await.map_err(failed)?;
                let ms = moment.saturating_sub(turn.carrier.now());
                let wait = plural(ms.max(0).unsigned_abs() / 1000 + 1, "second");
                return Err(format!("{words}: try again in {wait}."));
            }
            Came::Ended(_) => {
                turn.end(&came).await.map_err(failed)?;
                let Came::Ended(report) = came else { continue };
                return Ok(*report);
            }
        }
    }
}

/// How an arranged sync stands; an empty standing where its definition cannot be read.
pub async fn standing_of<S: Store>(store: &S, arrangement: &Arrangement) -> Result<Standing, StoreError> {
    match Opened::of(arrangement, None) {
        Opened::Upstream(upstream) => standing(&upstream, store).await,
        Opened::Closed(_) => Ok(Standing::default()),
    }
}

/// What is synchronised, without its password; `None` where the definition cannot be read.
pub fn upstream_of(arrangement: &Arrangement) -> Option<Upstream> {
    match Opened::of(arrangement, None) {
        Opened::Upstream(upstream) => Some(*upstream),
        Opened::Closed(_) => None,
    }
}

/// A definition, read and its password opened.
enum Opened {
    Upstream(Box<Upstream>),
    Closed(Reason),
}

impl Opened {
    /// Without a sealer the password stays away.
    fn of(arrangement: &Arrangement, sealer: Option<&Sealer>) -> Self {
        let closed = |words: &str| {
            Self::Closed(Reason { code: "refused".into(), status: 0, message: words.to_owned() })
        };
        let Ok(mut upstream) = serde_json::from_str::<Upstream>(&arrangement.definition) else {
            return closed("this arrangement cannot be read: remove it and add it again");
        };
        upstream.account = arrangement.account.clone();
        upstream.peer = arrangement.peer();
        if let Some(sealer) = sealer
            && !arrangement.sealed.is_empty()
        {
            match sealer.open(&arrangement.seal_name(), &arrangement.sealed) {
                Some(password) => upstream.password = password,
                None => {
                    return closed("its password was sealed with another ANCHORAGE_SECRET: give it again");
                }
            }
        }
        Self::Upstream(Box::new(upstream))
    }
}

/// How a turn came out.
enum Came {
    /// The budget is spent; it goes on at the next.
    Spent,
    /// There is no use in asking before that moment, for this reason.
    Waits(Moment, String),
    /// The sync is over.
    Ended(Box<Report>),
}

/// A turn that has been taken.
struct Turn<'a, S, C> {
    store: &'a S,
    settings: &'a Settings,
    carrier: &'a mut C,
    arrangement: Arrangement,
    opened: Opened,
}

impl<'a, S: Store, C: Carrier> Turn<'a, S, C> {
    /// Takes the turn; `None` where somebody else has.
    async fn take(
        store: &'a S,
        settings: &'a Settings,
        carrier: &'a mut C,
        arrangement: Arrangement,
    ) -> Result<Option<Self>, StoreError> {
        let opened = match (&settings.sealer, arrangement.sealed.is_empty()) {
            (None, false) => Opened::Closed(Reason {
                code: "refused".into(),
                status: 0,
                message: "its password is sealed, and this server has no ANCHORAGE_SECRET".into(),
            }),
            (sealer, _) => Opened::of(&arrangement, sealer.as_ref()),
        };
        let mut turn = Self { store, settings, carrier, arrangement, opened };
        match turn.hold().await {
            Ok(()) => Ok(Some(turn)),
            Err(StoreError::Conflict) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Holds the turn for another while.
    async fn hold(&mut self) -> Result<(), StoreError> {
        self.arrangement.leased = self.carrier.now().saturating_add(limits::UPSTREAM_LEASE_MS);
        self.write().await
    }

    async fn write(&mut self) -> Result<(), StoreError> {
        let read = self.arrangement.version;
        let new = Arrangement { version: read + 1, ..self.arrangement.clone() };
        let guard = Guard { arrangement: Some((new.name.clone(), read)), ..Guard::default() };
        let (account, edits) = (new.account.clone(), vec![Edit::PutArrangement(new)]);
        let batch = Batch { account, guard, now: self.carrier.now(), edits, ..Batch::default() };
        self.store.commit(&batch).await?;
        self.arrangement.version = read + 1;
        Ok(())
    }

    /// One step after another within these requests and until this moment, waiting for no more than `rest_ms` at a time; how
    /// many requests it took.
    async fn go_on(&mut self, requests: u32, until: Moment, rest_ms: i64) -> (u32, Came) {
        let upstream = match &self.opened {
            Opened::Upstream(upstream) => upstream,
            Opened::Closed(reason) => {
                let error = Some(reason.clone());
                let report = Report { ended: Ended::Failed, error, ..Report::default() };
                return (0, Came::Ended(Box::new(report)));
            }
        };
        let (mut input, mut spent) = (Input::Begin, 0);
        let mut why = BUSY.to_owned();
        loop {
            let (now, seed) = (self.carrier.now(), self.carrier.seed());
            match step(upstream, input, self.store, self.settings, now, seed).await {
                Step::Send(outgoing, progress) => {
                    self.carrier.watch(&progress);
                    if spent >= requests || self.carrier.now() >= until {
                        return (spent, Came::Spent);
                    }
                    if !is_http(&outgoing.url) {
                        let words = "its address is none of http or https".to_owned();
                        let error = Some(Reason { code: "refused".into(), status: 0, message: words });
                        let report = Report { ended: Ended::Failed, error, ..Report::default() };
                        return (spent, Came::Ended(Box::new(report)));
                    }
                    spent += 1;
                    input = match self.carrier.carry(&outgoing).await {
                        Ok(response) => {
                            BUSY.clone_into(&mut why);
                            Input::Answer(response)
                        }
                        Err(words) => {
                            let words = in_a_sentence(&words).to_owned();
                            why = format!("the server cannot be reached: {words}");
                            Input::Lost(words)
                        }
                    };
                }
                Step::Wait(moment, _) => {
                    let near = moment < until && moment <= now.saturating_add(rest_ms);
                    if !near || !self.carrier.rest(moment).await {
                        return (spent, Came::Waits(moment, why));
                    }
                    input = Input::Lost(why.clone());
                }
                Step::Done(report) => return (spent, Came::Ended(Box::new(report))),
            }
        }
    }

    /// Gives the turn back, with when the next one is due.
    async fn end(&mut self, came: &Came) -> Result<(), StoreError> {
        let now = self.carrier.now();
        let it = &mut self.arrangement;
        it.leased = 0;
        it.due = match came {
            Came::Spent => now,
            Came::Waits(moment, words) => {
                it.failures = it.failures.saturating_add(1);
                it.failed.clone_from(words);
                // It has begun, so it does not wait for what is arranged.
                (*moment).max(now.saturating_add(backed(it.failures)))
            }
            Came::Ended(report) => {
                let well = report.ended != Ended::Failed;
                let reason = report.error.as_ref().filter(|_| !well);
                it.failures = if well { 0 } else { it.failures.saturating_add(1) };
                it.failed = reason.map(|reason| reason.message.clone()).unwrap_or_default();
                if it.every > 0 { now.saturating_add(pause(it)) } else { Arrangement::NEVER }
            }
        };
        match self.write().await {
            // The operator has changed or removed it meanwhile: that counts.
            Err(StoreError::Conflict) => Ok(()),
            done => done,
        }
    }

    /// What became of it, for the log; no secret is in it.
    fn line(&self, spent: u32, came: &Came) -> String {
        let what = match came {
            Came::Spent => "goes on".to_owned(),
            Came::Waits(_, words) => format!("waits: {words}"),
            Came::Ended(report) => match &report.error {
                Some(reason) if report.ended == Ended::Failed => {
                    format!("failed ({}): {}", reason.code, reason.message)
                }
                _ => format!("ended well: {}", told(report)),
            },
        };
        let Arrangement { account, name, .. } = &self.arrangement;
        format!("upstream {name} of {}: {spent} requests, {what}", account.0)
    }
}

/// Whether an address can be asked at all: a server knows other schemes for what is none of another's business.
pub fn is_http(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['))
}

/// What a sync did, in words.
pub fn told(report: &Report) -> String {
    let one = |outcome: &crate::upstream::Outcome| {
        let (out, back) = (outcome.sent, outcome.received);
        let mut words = format!(
            "{}: sent {} new, {} changed, {} deleted; received {} new, {} changed, {} deleted",
            outcome.collection, out.added, out.changed, out.deleted, back.added, back.changed, back.deleted
        );
        if outcome.conflicts > 0 {
            words += &format!("; {}", plural(outcome.conflicts, "conflict"));
        }
        if outcome.refused > 0 {
            words += &format!("; {} refused", outcome.refused);
        }
        words
    };
    let refusals = report.collections.iter().flat_map(|outcome| &outcome.refusals);
    let first = refusals.map(first_refused).next();
    report.collections.iter().map(one).chain(first).collect::<Vec<_>>().join(". ")
}

fn first_refused(refusal: &Refusal) -> String {
    let Refusal { record, item, message, .. } = refusal;
    let id = if record.is_empty() { item } else { record };
    let about = if id.is_empty() { String::new() } else { format!("{}: ", brief(id)) };
    about + message.trim_end_matches('.')
}

/// What a carrier has thrown, as a part of a sentence: JavaScript's errors come with their class and a full stop.
fn in_a_sentence(words: &str) -> &str {
    let words = words.trim().trim_end_matches('.');
    match words.split_once(": ") {
        Some((class, rest)) if class.ends_with("Error") && class.chars().all(char::is_alphanumeric) => rest,
        _ => words,
    }
}

/// Why there is no use in asking, where a request was answered.
const BUSY: &str = "the other server is busy";

/// How long until the next sync: as arranged, and longer after failures.
fn pause(arrangement: &Arrangement) -> i64 {
    backed(arrangement.failures).max(arrangement.every)
}

/// The pause after so many failures: twice as long each time, up to [`limits::UPSTREAM_PAUSE_MS_MAX`].
fn backed(failures: i64) -> i64 {
    let backed = if failures > 0 { limits::UPSTREAM_PAUSE_MS << (failures - 1).min(12) } else { 0 };
    backed.min(limits::UPSTREAM_PAUSE_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_thrown_and_what_was_counted_read_as_a_sentence() {
        assert_eq!(in_a_sentence("Error: Network connection lost."), "Network connection lost");
        assert_eq!(in_a_sentence("TypeError: fetch failed"), "fetch failed");
        assert_eq!(in_a_sentence("connect ECONNREFUSED ::1:80"), "connect ECONNREFUSED ::1:80");
        let outcome = |conflicts| crate::upstream::Outcome { conflicts, refused: 1, ..Default::default() };
        let told = |conflicts| told(&Report { collections: vec![outcome(conflicts)], ..Report::default() });
        assert!(told(1).ends_with("; 1 conflict; 1 refused"), "{}", told(1));
        assert!(told(2).ends_with("; 2 conflicts; 1 refused"), "{}", told(2));
    }

    #[test]
    fn failures_double_the_pause_up_to_six_hours_and_never_below_what_is_arranged() {
        let pause =
            |failures, every| pause(&Arrangement { failures, every, ..Arrangement::default() }) / 1000;
        assert_eq!([0, 1, 2, 3, 4].map(|failures| pause(failures, 60_000)), [60, 60, 120, 240, 480]);
        assert_eq!(pause(1, 3_600_000), 3600);
        assert_eq!(
            [9, 10, 99, i64::MAX].map(|failures| pause(failures, 60_000)),
            [15_360, 21_600, 21_600, 21_600]
        );
    }
}
