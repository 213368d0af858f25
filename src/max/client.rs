//! A MAX client: the server's mirror, one request a step (MAX 1, 3, 3.7).
//!
//! For each pair the feed comes in first, and then our changes go out, a POST each: so what the server has deleted meanwhile
//! goes out whole, and not as the one field that was changed here. Where there is no `lbd` yet, or it can not be continued, both
//! sides are compared as a whole. What is on its way is written down before it is sent, what was answered before anything else
//! is asked, and `lbd` moves in the commit that has everything up to it: whoever dies after any step begins again, and a second
//! POST of the same changes nothing. One carrier at a time: an answer does not say to which request it belongs.
//!
//! | where | what |
//! | --- | --- |
//! | `client/push` | which change goes out next, and as which fields |
//! | `client/pull` | an item of the feed meets the record here, field by field |
//! | `client/pull/alike` | what both sides hold already, as far as MAX can show it |
//! | `client/request`, `client/answer` | both as bytes, and every way of refusing |
//! | `client/desk` | a turn: read, decide, commit; `client/state` what it remembers |
//! | `client/hear` | what an answer changes |

pub(super) mod answer;
mod desk;
mod hear;
mod pull;
mod push;
mod request;
mod state;

use crate::exchange::Seed;
use crate::journal::Moment;
use crate::limits;
use crate::peer::{Alias, Luid};
use crate::record::{CollectionId, RecordId, Seq};
use crate::settings::Settings;
use crate::store::{PageAsk, Reads, Store, StoreError, Who};
use crate::upstream::{Ended, Input, Mode, Report, Standing, Step, Upstream};
use answer::reason;
use desk::Desk;
use state::State;

/// One step: what comes in is taken, what it changes is committed, and only then the next request comes out.
pub async fn step<S: Store>(
    upstream: &Upstream,
    input: Input,
    store: &S,
    settings: &Settings,
    now: Moment,
    mut seed: Seed,
) -> Step {
    if let Some(words) = wrong(upstream) {
        return failed("refused", words);
    }
    for _ in 0..limits::ATTEMPTS_MAX {
        let desk = match Desk::open(upstream, store, settings, now, &mut seed).await {
            Ok(Some(desk)) => desk,
            Ok(None) => return failed("not-found", format!("there is no account {}", upstream.account.0)),
            Err(error) => return store_failed(&error),
        };
        match desk.turn(&input).await {
            Ok(step) => return step,
            Err(StoreError::Conflict) => {}
            Err(error) => return store_failed(&error),
        }
    }
    store_failed(&StoreError::Conflict)
}

/// How things stand.
pub async fn standing<S: Store>(upstream: &Upstream, store: &S) -> Result<Standing, StoreError> {
    let paths = upstream.pairs.iter().filter(|pair| pair.mode != Mode::OneWayFromServer);
    let paths: Vec<String> = paths.map(|pair| pair.collection.clone()).collect();
    let mut reads = reads(upstream);
    reads.page = Some(PageAsk::Peer { paths: paths.clone(), records_max: 1, bytes_max: 1 });
    reads.totals = true;
    let snapshot = store.read(&reads).await?;
    let text = snapshot.session.as_ref().map(|session| session.state.as_str()).unwrap_or_default();
    let state = State::of_text(text, upstream);
    let mut pending: u64 = snapshot.totals.iter().map(|(_, count)| count).sum();
    for path in &paths {
        let id = snapshot.collection_at(path).map(|collection| &collection.id);
        if !snapshot.bookmarks.iter().any(|bookmark| Some(&bookmark.collection) == id) {
            pending += all_of(upstream, store, path).await?;
        }
    }
    Ok(Standing {
        pending,
        last_sync: state.last_sync,
        last_report: state.last_report,
        under_way: state.run.is_some(),
    })
}

/// How many live records a collection has that was never synchronised.
async fn all_of<S: Store>(upstream: &Upstream, store: &S, path: &str) -> Result<u64, StoreError> {
    let (mut count, mut after) = (0, 0);
    loop {
        let page = PageAsk::Collection {
            path: path.to_owned(),
            after,
            until: None,
            live_only: true,
            records_max: limits::PAGE_RECORDS_MAX,
            bytes_max: limits::PAGE_BYTES_MAX,
        };
        let reads = Reads { page: Some(page), ..Reads::of(Who::Account(upstream.account.clone())) };
        let snapshot = store.read(&reads).await?;
        count += snapshot.page.len() as u64;
        match snapshot.page.last().map(|last| last.record.seq) {
            Some(last) if snapshot.more && last > after => after = last,
            _ => return Ok(count),
        }
    }
}

/// What every turn reads.
fn reads(upstream: &Upstream) -> Reads {
    Reads {
        peer: Some(upstream.peer.clone()),
        collections: true,
        ..Reads::of(Who::Account(upstream.account.clone()))
    }
}

/// A record, and what the server calls it.
fn alias(collection: &CollectionId, record: &RecordId, luid: &str, generation: i64, seq: Seq) -> Alias {
    Alias {
        collection: collection.clone(),
        record: record.clone(),
        luid: Some(Luid(luid.to_owned())),
        temporary: None,
        generation,
        seq,
    }
}

/// What of an upstream cannot be; in words.
fn wrong(upstream: &Upstream) -> Option<String> {
    if upstream.pairs.is_empty() || upstream.pairs.len() > limits::UPSTREAM_PAIRS_MAX {
        return Some(format!("an upstream has 1 to {} collections", limits::UPSTREAM_PAIRS_MAX));
    }
    let refresh = |mode| matches!(mode, Mode::RefreshFromClient | Mode::RefreshFromServer);
    if let Some(pair) = upstream.pairs.iter().find(|pair| refresh(pair.mode)) {
        return Some(format!(
            "{}: MAX knows no refresh: sync two-way, slow or one-way, or refresh over SyncML",
            pair.collection
        ));
    }
    request::check(upstream).err()
}

fn failed(code: &str, words: impl Into<String>) -> Step {
    let error = Some(reason(code, 0, words));
    Step::Done(Report { ended: Ended::Failed, error, ..Report::default() })
}

fn store_failed(error: &StoreError) -> Step {
    let words = match error {
        StoreError::Conflict => "the store is being written by too many at once: try again",
        StoreError::Busy(why) => &format!("the store is busy: {why}"),
        StoreError::Broken(why) => &format!("the store is broken: {why}"),
    };
    failed("store", words)
}
