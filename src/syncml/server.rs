//! The server role: one message in, one message out (DS 1.2 section 6).
//!
//! The road of a message: `authenticate` says who it is, and `bar` which commands it may not; `initialise` opens datastores;
//! `receive` takes the device's changes, with `conflict` where two meet, `heavy` where they are too large for that, `locked` where
//! nothing may change, `refresh` where they take a collection's place, `part` where they are parts of items, `copy` and
//! `hierarchy` where they are about other items; `group` does or undoes an Atomic; `map` takes Maps and statuses. `owed` says
//! what is owed, and `send` pages out our changes, as far as `window` lets a filter see and the device has `room`. `outbox` writes
//! what fits; the rest waits in the session. All of them work on one `desk`. What cannot be done for now is kept by `busy`.

mod authenticate;
mod bar;
mod busy;
mod close;
mod conflict;
mod copy;
mod count;
mod desk;
mod group;
mod heavy;
mod hierarchy;
mod identify;
mod initialise;
mod locked;
mod map;
mod naming;
mod nested;
mod notes;
mod oblige;
mod owed;
mod part;
mod pieces;
mod receive;
mod refresh;
mod room;
mod send;
mod split;
mod watch;
mod window;

pub(super) use self::{heavy::is_too_heavy, hierarchy::FORMS as FILE_FORMS, hierarchy::is_object};

use self::authenticate::{Admitted, Verdict};
use self::busy::Joined;
use self::desk::Desk;
use super::codec::{self, DecodeError, Encoding};
use super::credential::{Credential, mac};
use super::inbox::{Inbox, Step};
use super::message::{Command, Version};
use super::outbox::{Bounds, Outbox, Return};
use super::pieces::{Assembled, PIECES_LEAVING};
use super::session::{Pending, PendingStatus, State};
use super::status;
use crate::exchange::{Decision, Protocol, Seed, Turn};
use crate::http::{Request, Response};
use crate::journal::{Moment, matching::MatchKey};
use crate::limits;
use crate::peer::PeerId;
use crate::record::{RecordId, Seq};
use crate::secret;
use crate::settings::Settings;
use crate::store::{Cost, PageAsk, Reads, Receipt, RecordVersion, Snapshot, StoreError, Who};
use std::collections::{BTreeMap, BTreeSet};

/// A SyncML message on its way through the loop.
#[derive(Debug)]
pub struct Server<'a> {
    settings: &'a Settings,
    inbox: Inbox,
    encoding: Encoding,
    /// SHA-256 of the message's bytes: a resend is known by it.
    digest: String,
    /// What the HTTP header beside the message says of who sent it.
    mac: Option<Credential>,
    /// The session token in the URL, as sent.
    token: Option<String>,
    /// The message as it came.
    body: &'a [u8],
    /// What it is carried out with: not forgotten after a lost race, but held against each snapshot.
    joined: Option<Joined>,
    /// Whether it was let into a session that is alive.
    alive: bool,
    /// Why it is being put off, where it is.
    late: Option<String>,
    origin: String,
    address: String,
    user_agent: String,
    line: String,
    needed: Needed,
}

/// What only an answer of the store has shown to be needed.
#[derive(Debug, Default)]
struct Needed {
    /// What reading has cost so far.
    spent: Cost,
    /// Whether what a broken session makes needful was looked for; and what that is.
    broken: bool,
    records: Vec<(String, Vec<RecordId>)>,
    versions: Vec<(String, Vec<(RecordId, Seq)>)>,
    /// The object made of its pieces, and its match key.
    assembled: Option<Assembled>,
    keys: Vec<(String, Vec<MatchKey>)>,
    /// Whether large bodies were looked for; and which are.
    large: bool,
    whole: Vec<RecordVersion>,
    /// Whether one of them is to leave.
    leaves: bool,
    /// What of its folders the message needs.
    folders: hierarchy::Folders,
    /// Whether it was looked for collections of which it matters what the device does not stage; and which are.
    unstaged_looked: bool,
    unstaged: Vec<String>,
}

/// What to send once the batch is safe.
#[derive(Debug)]
pub struct Answer {
    body: Vec<u8>,
    /// The value of `x-syncml-hmac`, where we sign.
    mac: Option<String>,
}

impl<'a> Server<'a> {
    /// A message decoded, or why it is none.
    pub fn new(request: &'a Request, settings: &'a Settings) -> Result<Self, DecodeError> {
        let (message, encoding) = codec::decode(&request.body)?;
        let token = form_urlencoded::parse(request.query.as_bytes())
            .find(|(name, _)| name == "sid")
            .map(|(_, value)| value.into_owned());
        Ok(Self {
            settings,
            inbox: Inbox::new(message),
            encoding,
            digest: secret::fingerprint(&request.body),
            mac: None,
            token,
            body: &request.body,
            joined: None,
            alive: false,
            late: None,
            origin: request.origin.clone(),
            address: request.address.clone(),
            user_agent: request.header("user-agent").unwrap_or_default().to_owned(),
            line: String::new(),
            needed: Needed::default(),
        })
    }

    /// The same with what its header `x-syncml-hmac` said ([`mac::read`]). It is a part of the message: who sends the same bytes
    /// without it is not given the answer again.
    pub fn with_mac(mut self, mac: Option<Credential>) -> Self {
        if let Some(Credential::Mac { mac, .. }) = &mac {
            self.digest = secret::fingerprint(format!("{} {}", self.digest, secret::hex(mac)).as_bytes());
        }
        self.mac = mac;
        self
    }

    fn device(&self) -> PeerId {
        PeerId(super::inbox::trim(&self.inbox.message.header.source.uri).to_owned())
    }

    /// Whether this message may make us send: the client has closed its package, or has nothing left but answers to ours.
    fn wants_page(&self) -> bool {
        let inbox = self.work();
        let opens = inbox.has_sync_alert() && !inbox.has_sync();
        !opens && (inbox.message.last || !inbox.has_sync())
    }

    /// An answer to somebody who is not signed in, or who asked for what there is not: a status for every command.
    fn refuse(&self, header: PendingStatus, code: u16, version: Version) -> Turn<Answer> {
        let bytes_max = self.reply_bytes().unwrap_or(limits::SYNCML_REPLY_BYTES_MAX);
        let back = Return::default();
        let bounds = Bounds { bytes_max, object_bytes_max: None };
        let mut outbox = Outbox::new(&self.inbox.message, self.encoding, version, back, 1, bounds);
        let mut pending = vec![Pending::Status(header)];
        pending.extend(bar::statuses_of_all(&self.inbox, code).into_iter().map(Pending::Status));
        outbox.push_pending(pending, &[], None);
        outbox.set_last(true);
        // Nothing is signed for a stranger.
        Turn { answer: Answer { body: outbox.finish(), mac: None }, batch: None }
    }

    /// What the device can take, within our own bounds, where this message says it; a `MaxMsgSize` of 0 says nothing.
    fn reply_bytes(&self) -> Option<usize> {
        let asked = self.inbox.message.header.meta.max_message_bytes.filter(|asked| *asked > 0)?;
        let asked = usize::try_from(asked).unwrap_or(usize::MAX);
        Some(asked.clamp(limits::SYNCML_REPLY_BYTES_MIN, limits::SYNCML_REPLY_BYTES_MAX))
    }

    /// A decision, or the version that has to be read whole before.
    fn admitted(
        &mut self,
        admitted: Admitted,
        snapshot: &Snapshot,
        now: Moment,
        seed: &mut Seed,
    ) -> Result<Turn<Answer>, RecordVersion> {
        let mut desk = Desk::open(self, admitted, snapshot, now, seed);
        desk.note_kept();
        desk.walk();
        desk.end_of_pieces();
        desk.send();
        if let Some(version) = desk.wants.take() {
            return Err(version);
        }
        let (turn, line) = desk.close();
        self.line = line;
        Ok(turn)
    }
}

impl Protocol for Server<'_> {
    type Answer = Answer;
    type Output = Response;

    fn ask(&mut self) -> Reads {
        self.needed = Needed::default();
        self.reads()
    }

    fn decide(&mut self, snapshot: &Snapshot, now: Moment, seed: &mut Seed) -> Decision<Answer> {
        self.needed.spent += snapshot.cost;
        let verdict = authenticate::authenticate(self, snapshot, now);
        let turn = match verdict {
            Verdict::Replay { body, state } => {
                self.line = format!("{}: resent, answered with the same bytes", self.preamble());
                let mac = state.and_then(|state| identify::signature(self, snapshot, &state, &body));
                Turn { answer: Answer { body, mac }, batch: None }
            }
            Verdict::Refuse { header, code, version, why, throttle } => {
                self.line = format!("{}: refused with {code}: {why}", self.preamble());
                let mut turn = self.refuse(*header, code, version);
                turn.batch =
                    throttle.map(|one| self.counted(one, &turn.answer, &why, version, snapshot, now));
                turn
            }
            Verdict::Admit(mut admitted) => {
                if let Some(decision) = self.busy(&mut admitted, snapshot, now, seed) {
                    return decision;
                }
                let state = &admitted.state;
                let broken = self.reads_of_broken(snapshot, state);
                let ends = self.assemble(snapshot, state);
                let folders = self.wants_folders(snapshot) | self.wants_unstaged(state);
                if self.needs_whole(snapshot) || ends || broken || folders {
                    return Decision::Ask(Box::new(self.reads()));
                }
                match self.admitted(*admitted, snapshot, now, seed) {
                    Ok(turn) => turn,
                    Err(version) => {
                        self.needed.whole.push(version);
                        self.needed.leaves = true;
                        return Decision::Ask(Box::new(self.reads()));
                    }
                }
            }
        };
        Decision::Turn(Box::new(turn))
    }

    fn reply(&mut self, answer: Answer, _receipt: &Receipt) -> Response {
        let mut response = respond(200, self.encoding, answer.body);
        response.headers.extend(answer.mac.map(|mac| (mac::HEADER.to_owned(), mac)));
        response
    }

    fn puts_off(&mut self, error: &StoreError) -> bool {
        self.is_put_off(error)
    }

    fn failed(&mut self, error: &StoreError) -> Response {
        let (code, why) = match error {
            StoreError::Conflict => (503, "too many writers at once".to_owned()),
            StoreError::Busy(why) => (503, why.clone()),
            StoreError::Broken(why) => (500, why.clone()),
        };
        self.line = format!("{}: the store failed, answered {code}: {why}", self.preamble());
        let mut response = plain(code, "The store is busy; send the same message again.\n");
        if code == 503 {
            response.headers.push(("retry-after".into(), "5".into()));
        }
        response
    }

    fn line(&self) -> Option<String> {
        Some(self.line.clone())
    }
}

impl Server<'_> {
    /// Everything the message may need.
    fn reads(&self) -> Reads {
        let header = &self.inbox.message.header;
        if authenticate::misnamed(self).is_some() {
            // Refused whoever it is: what would become a key is not even looked up.
            return Reads::of(Who::Syncml {
                login: None,
                session_token: None,
                session_id: String::new(),
                address: self.address.clone(),
            });
        }
        let login = authenticate::login_of(self);
        let mut reads = Reads::of(Who::Syncml {
            login,
            session_token: self.token.as_deref().map(secret::token_hash),
            session_id: header.session_id.clone(),
            address: self.address.clone(),
        });
        let names = authenticate::names(self);
        reads.throttles = names.iter().map(|name| authenticate::throttle_key(name, &self.address)).collect();
        reads.peer = Some(self.device());
        if self.late.is_some() {
            return reads;
        }
        let inbox = self.work();
        reads.collections = true;
        reads.luids = inbox.luids();
        reads.matches = inbox.keys();
        reads.matches.extend(self.needed.keys.iter().cloned());
        (reads.records, reads.versions) = (self.needed.records.clone(), self.needed.versions.clone());
        reads.arriving = self.needed.assembled.is_none() && self.may_end_object();
        reads.whole = self.needed.whole.clone();
        reads.targets = inbox.map_targets();
        let lists = |folders: &BTreeMap<String, BTreeSet<RecordId>>| -> Vec<(String, Vec<RecordId>)> {
            folders.iter().map(|(path, ids)| (path.clone(), ids.iter().cloned().collect())).collect()
        };
        reads.above = lists(&self.needed.folders.above);
        reads.children = lists(&self.needed.folders.emptied);
        reads.waiting = self.folders_staged();
        reads.unstaged = self.needed.unstaged.clone();
        if self.wants_page() {
            reads.leaving = PIECES_LEAVING;
            // Package 3 ends: if the page is cut, the device is told how much is coming (NumberOfChanges).
            reads.totals = inbox.message.last && inbox.has_sync();
            reads.page = Some(PageAsk::Peer {
                paths: if inbox.has_sync_alert() { inbox.sync_paths() } else { Vec::new() },
                records_max: limits::PEER_PAGE_RECORDS_MAX,
                bytes_max: limits::SYNCML_REPLY_BYTES_MAX * 2,
            });
        }
        reads
    }

    /// A phone that lost the end of a session sends the Maps of that one, right before changes under the new ids; and what it
    /// changes now may be what that session sent it. Which records and versions that is about is known only now.
    fn reads_of_broken(&mut self, snapshot: &Snapshot, state: &State) -> bool {
        if std::mem::replace(&mut self.needed.broken, true) {
            return false;
        }
        let mut records: BTreeMap<String, Vec<RecordId>> = BTreeMap::new();
        let mut versions: BTreeMap<String, Vec<(RecordId, Seq)>> = BTreeMap::new();
        let held: BTreeSet<_> =
            snapshot.held.iter().map(|held| (&held.alias.collection, &held.alias.record)).collect();
        let inbox = self.work();
        let (maps, changed) = (inbox.maps(), inbox.changed_luids());
        for target in &snapshot.targets {
            let luid = maps.get(&(target.path.as_str(), target.target.as_str()));
            let is_changed = luid.is_some_and(|luid| changed.contains(&(target.path.as_str(), *luid)));
            if is_changed && !held.contains(&(&target.collection, &target.record)) {
                records.entry(target.path.clone()).or_default().push(target.record.clone());
                let sent = state.earlier(&target.collection, &target.record).map(|earlier| earlier.seq);
                let sent = sent.chain(target.alias.as_ref().map(|alias| alias.seq));
                let sent = sent.map(|seq| (target.record.clone(), seq));
                versions.entry(target.path.clone()).or_default().extend(sent);
            }
        }
        for held in snapshot.held.iter().filter(|_| !state.earlier.is_empty()) {
            let alias = &held.alias;
            let now = held.record.as_ref().map_or(0, |record| record.seq);
            let sent = state.earlier(&alias.collection, &alias.record).map(|earlier| earlier.seq);
            let sent =
                sent.filter(|seq| *seq > alias.seq && *seq < now).map(|seq| (alias.record.clone(), seq));
            versions.entry(alias.collection.0.clone()).or_default().extend(sent);
        }
        versions.retain(|_, versions| !versions.is_empty());
        self.needed.records = records.into_iter().collect();
        self.needed.versions = versions.into_iter().collect();
        !self.needed.records.is_empty() || !self.needed.versions.is_empty()
    }

    /// The beginning of a log line.
    fn preamble(&self) -> String {
        let header = &self.inbox.message.header;
        let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(80).collect::<String>();
        format!(
            "syncml session {} message {} of device {}",
            clean(&header.session_id),
            header.message_id,
            clean(&header.source.uri)
        )
    }
}

/// A SyncML answer (DS HTTP binding 1.2.1): the encoding of the question, never cached or altered on the way.
fn respond(status: u16, encoding: Encoding, body: Vec<u8>) -> Response {
    let media_type = match encoding {
        Encoding::Xml => "application/vnd.syncml+xml; charset=utf-8",
        Encoding::Wbxml => "application/vnd.syncml+wbxml",
    };
    Response {
        status,
        headers: vec![
            ("content-type".into(), media_type.into()),
            ("content-length".into(), body.len().to_string()),
            ("cache-control".into(), "private, no-store, no-transform".into()),
        ],
        body,
    }
}

/// An answer in words, for what is no SyncML.
pub fn plain(status: u16, text: &str) -> Response {
    Response {
        status,
        headers: vec![
            ("content-type".into(), "text/plain; charset=utf-8".into()),
            ("content-length".into(), text.len().to_string()),
            ("cache-control".into(), "private, no-store, no-transform".into()),
        ],
        body: text.as_bytes().to_vec(),
    }
}

impl Desk<'_> {
    /// Takes every step in order, of messages that were kept first; each leaves its status.
    fn walk(&mut self) {
        let inbox = self.inbox;
        let mut steps = inbox.steps.as_slice();
        for part in &inbox.parts {
            let (inside, after) = steps.split_at_checked(part.steps).unwrap_or((steps, &[]));
            (self.part, steps) = (*part, after);
            self.walk_part(inside);
        }
    }

    fn walk_part(&mut self, mut steps: &[Step]) {
        while let Some((step, rest)) = steps.split_first() {
            steps = rest;
            if let Step::Atomic(atomic) = step
                && let Some((inside, after)) = rest.split_at_checked(atomic.steps)
            {
                self.atomic(atomic, inside);
                steps = after;
            } else {
                self.step(step);
            }
        }
    }

    /// One step; what an Atomic holds comes in `server/group.rs`.
    fn step(&mut self, step: &Step) {
        match step {
            Step::Command(index) => {
                if let Some(command) = self.inbox.message.commands.get(*index)
                    && !self.bars(command)
                {
                    self.command(command);
                }
            }
            Step::Sync(sync) if self.bars_sync(sync) => {}
            Step::Sync(sync) => self.open_sync(sync),
            Step::Change(change) if self.bars_change(change) => {}
            Step::Change(change) => self.receive(change),
            Step::Atomic(_) => {}
            Step::Refuse(refused) => {
                self.status(refused.silent, &refused.command, refused.name, &[], &[], refused.code);
            }
        }
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::Alert(alert) => self.alert(alert),
            Command::Put(put) => self.put(put),
            Command::Results(results) => self.results(results),
            Command::Get(get) => self.get(get),
            Command::Map(map) => self.map(map),
            Command::Status(status) => self.acknowledge(status),
            Command::Exec(exec) => {
                self.status(exec.no_response, &exec.command_id, "Exec", &[], &[], status::NOT_SUPPORTED);
            }
            Command::Search(search) => {
                self.status(
                    search.no_response,
                    &search.command_id,
                    "Search",
                    &[],
                    &[],
                    status::NOT_SUPPORTED,
                );
            }
            Command::Change(_) | Command::Group(_) | Command::Sync(_) => {}
        }
    }
}
