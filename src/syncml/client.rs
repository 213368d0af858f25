//! The client role: one step of a sync with another server (DS 1.2 section 6). The mirror is `server.rs`.
//!
//! A step takes an input and gives the next request, or the end. It is one turn of the loop or several: `begin` opens a session,
//! or goes on with one; `hear` takes an answer apart: who we are to it is `sign`, what became of ours is `acknowledge`, theirs is
//! `receive`, with `pieces` where objects are large; `write` makes the next message, in which `send` pages out our changes and
//! `split` what is large; `end` moves the anchors. Hearing and writing are two turns, each safe before the next: a process may
//! die between any two of them, and [`Input::Begin`] goes on. All of it works on one `desk`, and `state` is what is remembered.

mod acknowledge;
mod begin;
mod carry;
mod desk;
mod end;
mod hear;
mod pieces;
mod receive;
mod send;
mod sign;
mod split;
mod state;
mod write;

use self::desk::{Desk, Then, Want};
use self::state::{Phase, State};
use super::codec;
use super::inbox::{self, Inbox, Step as InboxStep};
use super::message::ChangeKind;
use super::pieces::{Assembled, PIECES_LEAVING};
use crate::exchange::{Decision, Protocol, Seed, exchange};
use crate::http::Response;
use crate::journal::Moment;
use crate::journal::matching::MatchKey;
use crate::limits;
use crate::peer::Luid;
use crate::record::{CollectionId, RecordId};
use crate::settings::Settings;
use crate::store::{PageAsk, Reads, Receipt, RecordVersion, Snapshot, Store, StoreError, Who};
use crate::upstream::{Ended, Input, Reason, Report, Standing, Step, Upstream};
use std::collections::BTreeMap;

/// How many turns one step may take. A refresh takes the longest: each turn lets hundreds of records go.
const TURNS_MAX: usize = 10_000;

/// One step of a sync.
pub async fn step<S: Store>(
    upstream: &Upstream,
    input: Input,
    store: &S,
    settings: &Settings,
    now: Moment,
    mut seed: Seed,
) -> Step {
    let mut work = Work::of(input);
    for _ in 0..TURNS_MAX {
        let mut client = Client::new(upstream, settings, work);
        match exchange(&mut client, store, now, Seed::new(seed.draw())).await.response {
            Came::Step(step) => return *step,
            Came::Next => work = Work::Write,
        }
    }
    failed("protocol", "This sync would not come to an end. Try again.".to_owned())
}

/// How things stand.
pub async fn standing<S: Store>(upstream: &Upstream, store: &S) -> Result<Standing, StoreError> {
    let paths: Vec<String> = upstream.pairs.iter().map(|pair| inbox::comparable(&pair.collection)).collect();
    let reads = Reads {
        peer: Some(upstream.peer.clone()),
        collections: true,
        page: Some(PageAsk::Peer { paths: paths.clone(), records_max: 1, bytes_max: 1 }),
        totals: true,
        ..Reads::of(Who::Account(upstream.account.clone()))
    };
    let snapshot = store.read(&reads).await?;
    let mut pending: u64 = snapshot.totals.iter().map(|(_, count)| count).sum();
    let known = |path: &String| {
        let collection = snapshot.collection_at(path).map(|collection| &collection.id);
        snapshot.bookmarks.iter().any(|bookmark| Some(&bookmark.collection) == collection)
    };
    for path in paths.iter().filter(|path| !known(path)) {
        pending += unsent(upstream, store, path).await?;
    }
    let state = snapshot.session.as_ref().map(|session| State::read(&session.state)).unwrap_or_default();
    Ok(Standing {
        pending,
        last_sync: state.last_sync,
        under_way: state.phase != Phase::Idle,
        last_report: state.report,
    })
}

/// How many records a collection has that was never synchronised, as far as one page shows them.
async fn unsent<S: Store>(upstream: &Upstream, store: &S, path: &str) -> Result<u64, StoreError> {
    let page = PageAsk::Collection {
        path: path.to_owned(),
        after: 0,
        until: None,
        live_only: true,
        records_max: limits::PAGE_RECORDS_MAX,
        bytes_max: limits::PAGE_BYTES_MAX,
    };
    let reads = Reads { page: Some(page), ..Reads::of(Who::Account(upstream.account.clone())) };
    Ok(store.read(&reads).await?.page.len() as u64)
}

fn failed(code: &str, message: String) -> Step {
    let error = Some(Reason { code: code.to_owned(), status: 0, message });
    Step::Done(Report { ended: Ended::Failed, error, ..Report::default() })
}

/// What a turn is about.
#[derive(Debug)]
enum Work {
    Begin,
    Lost(String),
    Suspend,
    /// An answer that is a message, and how many bytes it had.
    Hear(Box<Inbox>, usize),
    /// An answer that is none: the HTTP status, and after how many seconds to come back.
    Refused(u16, Option<Moment>),
    /// The next message is to be written.
    Write,
}

impl Work {
    fn of(input: Input) -> Self {
        match input {
            Input::Begin => Self::Begin,
            Input::Lost(why) => Self::Lost(why),
            Input::Suspend => Self::Suspend,
            Input::Answer(response) => Self::answered(&response),
        }
    }

    /// Some servers answer with a message under an HTTP status that is an error; what is a message counts.
    fn answered(response: &Response) -> Self {
        let header =
            |name: &str| response.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        match codec::decode(&response.body) {
            Ok((message, _)) => Self::Hear(Box::new(Inbox::new(message)), response.body.len()),
            Err(_) => {
                let retry_after = header("retry-after").and_then(|seconds| seconds.trim().parse().ok());
                Self::Refused(response.status, retry_after)
            }
        }
    }
}

/// What a turn gives.
#[derive(Debug)]
pub enum Came {
    /// Another turn is due.
    Next,
    /// The step's end.
    Step(Box<Step>),
}

/// One turn on its way through the loop.
#[derive(Debug)]
pub struct Client<'a> {
    upstream: &'a Upstream,
    settings: &'a Settings,
    work: Work,
    needed: Needed,
}

/// What only an answer of the store has shown to be needed.
#[derive(Debug, Default)]
struct Needed {
    /// Whether it was looked for; what else is here is what was found.
    looked: bool,
    luids: BTreeMap<CollectionId, Vec<Luid>>,
    keys: Vec<(CollectionId, MatchKey)>,
    whole: Vec<RecordVersion>,
    assembled: Option<Assembled>,
    arriving: bool,
    totals: bool,
}

impl<'a> Client<'a> {
    fn new(upstream: &'a Upstream, settings: &'a Settings, work: Work) -> Self {
        Self { upstream, settings, work, needed: Needed::default() }
    }

    /// What this end calls itself.
    fn device(&self) -> String {
        let device = self.upstream.device.trim();
        if device.is_empty() { self.upstream.peer.0.clone() } else { device.to_owned() }
    }

    /// The answer being heard.
    fn inbox(&self) -> Option<&Inbox> {
        match &self.work {
            Work::Hear(inbox, _) => Some(inbox),
            _ => None,
        }
    }

    /// The match keys that were looked up, for the guard.
    fn keys_looked_up(&self) -> Vec<(CollectionId, MatchKey)> {
        self.needed.keys.clone()
    }

    /// The collection that a path of a message of the server's means: it may spell ours or its own.
    fn collection_of(&self, path: &str) -> Option<String> {
        let spelt = |pair: &&crate::upstream::Pair| {
            inbox::comparable(&pair.collection) == path || inbox::comparable(&pair.remote) == path
        };
        self.upstream.pairs.iter().find(spelt).map(|pair| inbox::comparable(&pair.collection))
    }

    fn reads(&self) -> Reads {
        let mut reads = Reads::of(Who::Account(self.upstream.account.clone()));
        reads.peer = Some(self.upstream.peer.clone());
        reads.collections = true;
        reads.whole = self.needed.whole.clone();
        match &self.work {
            Work::Begin | Work::Lost(_) | Work::Suspend | Work::Refused(..) => {}
            Work::Write => {
                reads.leaving = PIECES_LEAVING;
                reads.totals = self.needed.totals;
                reads.page = Some(PageAsk::Peer {
                    paths: Vec::new(),
                    records_max: limits::PEER_PAGE_RECORDS_MAX,
                    bytes_max: limits::SYNCML_REPLY_BYTES_MAX * 2,
                });
            }
            Work::Hear(inbox, _) => self.reads_of(inbox, &mut reads),
        }
        reads
    }

    /// What a message of the server's names.
    fn reads_of(&self, inbox: &Inbox, reads: &mut Reads) {
        let mut luids: BTreeMap<String, Vec<Luid>> = BTreeMap::new();
        for step in &inbox.steps {
            let InboxStep::Change(change) = step else { continue };
            let Some(path) = self.collection_of(&change.path) else { continue };
            let targets = change.items.iter().filter_map(receive::luid_of);
            luids.entry(path).or_default().extend(targets);
        }
        for (collection, more) in &self.needed.luids {
            luids.entry(collection.0.clone()).or_default().extend(more.iter().cloned());
        }
        luids.retain(|_, luids| !luids.is_empty());
        // Where the server names what we have no alias of, the record itself may still be there.
        let ids = |luids: &Vec<Luid>| luids.iter().filter_map(|luid| RecordId::new(luid.0.clone())).collect();
        reads.records = luids.iter().map(|(path, luids)| (path.clone(), ids(luids))).collect();
        reads.luids = luids.into_iter().collect();
        let mut keys: BTreeMap<String, Vec<MatchKey>> = BTreeMap::new();
        for (collection, key) in &self.needed.keys {
            keys.entry(collection.0.clone()).or_default().push(key.clone());
        }
        reads.matches = keys.into_iter().collect();
        reads.arriving = self.needed.arriving;
    }

    /// Whether the state shows that the message needs more than it names.
    fn needs_more(&mut self, snapshot: &Snapshot) -> bool {
        if std::mem::replace(&mut self.needed.looked, true) {
            return self.assemble(snapshot) | self.needs_whole(snapshot);
        }
        let Some(session) = &snapshot.session else { return false };
        let state = State::read(&session.state);
        let Work::Hear(inbox, _) = &self.work else { return false };
        let mut needed = Needed { looked: true, ..Needed::default() };
        let maps: BTreeMap<_, _> =
            state.maps.iter().map(|map| ((&map.collection, map.guid.as_str()), &map.luid)).collect();
        for step in &inbox.steps {
            let InboxStep::Change(change) = step else { continue };
            let Some(syncing) = state.at(&change.path) else { continue };
            let collection = &syncing.datastore.collection;
            let looks = change.kind == ChangeKind::Add || syncing.compares();
            for item in change.items.iter().filter(|_| change.kind != ChangeKind::Delete) {
                let luid = maps.get(&(collection, item.luid.0.as_str())).map(|luid| Luid((*luid).clone()));
                needed.luids.entry(collection.clone()).or_default().extend(luid);
                let key = item.key.clone().filter(|_| looks);
                needed.keys.extend(key.into_iter().flat_map(|key| syncing.asked(&key)));
            }
        }
        needed.arriving = state.arriving.is_some();
        let more = !needed.keys.is_empty()
            || needed.arriving
            || needed.luids.values().any(|luids| !luids.is_empty());
        self.needed = needed;
        more || self.needs_whole(snapshot)
    }
}

impl Protocol for Client<'_> {
    type Answer = Came;
    type Output = Came;

    fn ask(&mut self) -> Reads {
        self.needed = Needed::default();
        self.reads()
    }

    fn decide(&mut self, snapshot: &Snapshot, now: Moment, seed: &mut Seed) -> Decision<Came> {
        if snapshot.account.is_none() {
            let step = failed("not-found", "There is no such account here.".to_owned());
            let answer = Came::Step(Box::new(step));
            return Decision::Turn(Box::new(crate::exchange::Turn { answer, batch: None }));
        }
        if self.needs_more(snapshot) {
            return Decision::Ask(Box::new(self.reads()));
        }
        let mut desk = Desk::open(self, snapshot, now, seed);
        let then = match &self.work {
            Work::Begin => desk.begin(),
            Work::Lost(why) => desk.lost(why),
            Work::Suspend => desk.suspend(),
            Work::Hear(inbox, bytes) => desk.hear(inbox, *bytes),
            Work::Refused(status, retry_after) => desk.refused_by_http(*status, *retry_after),
            Work::Write => desk.write(),
        };
        match then {
            Then::Read(Want::Whole(version)) => self.needed.whole.push(version),
            Then::Read(Want::Totals) => self.needed.totals = true,
            then => return Decision::Turn(Box::new(desk.close(then))),
        }
        Decision::Ask(Box::new(self.reads()))
    }

    fn reply(&mut self, answer: Came, _receipt: &Receipt) -> Came {
        answer
    }

    fn failed(&mut self, error: &StoreError) -> Came {
        let why = match error {
            StoreError::Conflict => "too many writers at once",
            StoreError::Busy(why) | StoreError::Broken(why) => why,
        };
        let message =
            format!("The store here did not take it ({why}). Nothing is lost: the next sync goes on.");
        Came::Step(Box::new(failed("store", message)))
    }

    fn line(&self) -> Option<String> {
        None
    }
}
