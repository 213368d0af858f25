//! The JSON API: what an account's owner sees and changes of it. The contract is `docs/openapi.json`, the guide `docs/api.md`.
//!
//! | under `/api` | what | where |
//! | --- | --- | --- |
//! | `login` | a name and a password become a token; a token is given back | `logon` |
//! | `account`, `collections` | who this is, and what there is | `account`, `collection` |
//! | `collections/{c}/records…`, `…/changes` | records, read and changed | `listing`, `record`, `writing` |
//! | `collections/{c}/import`, `…/export` | many at once | `import`, `export` |
//! | `devices…` | what a device can do and how far it has come; asking it to come | `device`, `mapping`, `asking` |
//! | `sessions…`, `decode` | what was said | `session`, `fixture`, `replay` |
//! | `provision` | how to set up a phone | `provision` |
//!
//! Every request is one turn through [`exchange`] about one account, that of its [`Caller`]; a change made here is a change like
//! any other, stamped, guarded and sent to devices. How requests are taken apart is in `call`, how one is refused in `refusal`.

mod account;
mod asking;
mod call;
mod collection;
mod device;
mod export;
mod fixture;
mod import;
mod listing;
mod logon;
mod mapping;
mod provision;
mod record;
mod refusal;
mod replay;
mod route;
mod session;
mod writing;

use crate::exchange::{self, Decision, Protocol, Seed, Served, Turn};
use crate::http::{Request, Response};
use crate::journal::Moment;
use crate::limits;
use crate::record::{AccountId, Record, Seq};
use crate::settings::Settings;
use crate::store::{Account, Batch, Collection, Cost, Reads, Receipt, Snapshot, Store, StoreError, Who};
use call::Call;
use logon::Logon;
use record::Detail;
use refusal::{Refusal, printable};
pub use route::body_bytes_max;
use serde_json::{Value, json};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Whoever bears a token.
    Bearer,
    /// The host itself, which serves its own process: no token is asked for.
    Trusted(AccountId),
}

impl Caller {
    /// How large a record comes or goes whole, in bytes, where devices are given objects of that size.
    fn record_bytes_max(&self) -> usize {
        match self {
            Self::Bearer => limits::API_RECORD_BYTES_MAX,
            Self::Trusted(_) => limits::OBJECT_BYTES_MAX,
        }
    }
}

/// Serves a request whose path begins with `/api/`.
pub async fn serve<S: Store>(
    request: Request,
    caller: &Caller,
    store: &S,
    settings: &Settings,
    now: Moment,
    seed: Seed,
) -> Served {
    match Api::new(request, caller, settings) {
        Ok(mut api) => exchange::exchange(&mut api, store, now, seed).await,
        Err((refusal, line)) => {
            let line = Some(format!("{line}: refused: {}", refusal.message));
            Served { response: refused(&refusal), line, cost: Cost::default() }
        }
    }
}

/// What one route does. It may be asked again after a lost race, with everything forgotten.
trait Deed {
    /// What it reads, beside who it is.
    fn ask(&mut self, reads: Reads) -> Reads {
        reads
    }

    /// What becomes of it.
    fn decide(&mut self, scene: &Scene<'_>, seed: &mut Seed) -> Result<Decision<Answer>, Refusal>;
}

/// Whose request it is, and what was read for it.
struct Scene<'a> {
    account: &'a Account,
    /// The login that the token is of; empty for a trusted host.
    login: &'a str,
    snapshot: &'a Snapshot,
    now: Moment,
    settings: &'a Settings,
    /// How large a record comes or goes whole, in bytes.
    record_bytes_max: usize,
    /// The server as the client sees it: `https://host`.
    origin: &'a str,
    /// To read more: who it is, and nothing else yet.
    reads: Reads,
}

impl Scene<'_> {
    /// The one collection that was asked for.
    fn collection(&self, path: &str) -> Result<&Collection, Refusal> {
        let found = self.snapshot.collection_at(path);
        found.ok_or_else(|| Refusal::not_found(format!("There is no collection `{}`.", printable(path))))
    }

    /// How much is shown of one record: everything, where it goes whole.
    fn detail(&self, record: &Record) -> Detail {
        if record.content.size() > self.record_bytes_max { Detail::Fields } else { Detail::Properties }
    }
}

/// What is sent once the batch is safe.
enum Answer {
    /// It is known already.
    Ready(Reply),
    /// It says where the change stands: the head after it.
    Stamped(Box<dyn FnOnce(Seq) -> Reply>),
}

/// A response before it has its headers.
struct Reply {
    status: u16,
    body: Vec<u8>,
    media_type: &'static str,
    headers: Vec<(&'static str, String)>,
}

impl Reply {
    fn json(status: u16, value: &Value) -> Self {
        let body = serde_json::to_vec(value).unwrap_or_default();
        Self { status, body, media_type: "application/json", headers: Vec::new() }
    }

    fn nothing() -> Self {
        Self { status: 204, body: Vec::new(), media_type: "", headers: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// The turn is made, and nothing changes.
fn told(value: &Value) -> Result<Decision<Answer>, Refusal> {
    Ok(turn(Answer::Ready(Reply::json(200, value)), None))
}

fn turn(answer: Answer, batch: Option<Batch>) -> Decision<Answer> {
    Decision::Turn(Box::new(Turn { answer, batch }))
}

/// One request on its way through the loop.
struct Api<'a> {
    call: String,
    origin: String,
    who: Who,
    work: Work,
    settings: &'a Settings,
    record_bytes_max: usize,
    /// Who, once known, and what became of it, for the log.
    login: String,
    done: String,
}

/// What was asked.
enum Work {
    Logon(Box<Logon>),
    Deed(Box<dyn Deed>),
}

impl<'a> Api<'a> {
    fn new(request: Request, caller: &Caller, settings: &'a Settings) -> Result<Self, (Refusal, String)> {
        let Some(call) = Call::new(request, caller) else {
            return Err((Refusal::not_found("There is nothing at this path."), "api".to_owned()));
        };
        let line = call.line();
        let origin = call.request.origin.clone();
        let begun = route::work(&call, caller).map_err(|refusal| (refusal, line.clone()))?;
        let (who, work) = begun;
        // Where devices are given no larger objects, one that fits a row is still a record.
        let record_bytes_max = settings.object_bytes_max().max(limits::RECORD_BYTES_MAX);
        let record_bytes_max = caller.record_bytes_max().min(record_bytes_max);
        let (login, done) = (String::new(), String::new());
        Ok(Self { call: line, origin, who, work, settings, record_bytes_max, login, done })
    }

    fn step(
        &mut self,
        snapshot: &Snapshot,
        now: Moment,
        seed: &mut Seed,
    ) -> Result<Decision<Answer>, Refusal> {
        let settings = self.settings;
        let deed = match &mut self.work {
            Work::Logon(logon) => {
                self.login = logon.login().to_owned();
                return logon.decide(snapshot, now, seed, settings);
            }
            Work::Deed(deed) => deed,
        };
        let account = admit(&self.who, snapshot, settings, now, &mut self.login)?;
        let (login, origin, reads) = (&*self.login, &*self.origin, Reads::of(self.who.clone()));
        let record_bytes_max = self.record_bytes_max;
        let scene = Scene { account, login, snapshot, now, settings, record_bytes_max, origin, reads };
        deed.decide(&scene, seed)
    }

    fn refuse(&mut self, refusal: &Refusal) -> Response {
        self.done = format!("refused with {}: {}", refusal.status, refusal.message);
        refused(refusal)
    }
}

/// Lets in whoever holds a token that still counts, and the host. A token whose login is gone opens nothing.
fn admit<'s>(
    who: &Who,
    snapshot: &'s Snapshot,
    settings: &Settings,
    now: Moment,
    name: &mut String,
) -> Result<&'s Account, Refusal> {
    let account = snapshot.account.as_ref();
    if let Who::Account(id) = who {
        return account.ok_or_else(|| Refusal::not_signed_in(&format!("There is no account `{}`.", id.0)));
    }
    let token = snapshot.token.as_ref().filter(|token| token.expires == 0 || token.expires > now);
    let login = snapshot.login.as_ref().filter(|login| settings.local || !login.local);
    let (Some(account), Some(_), Some(login)) = (account, token, login) else {
        return Err(Refusal::signed_out());
    };
    name.clone_from(&login.name);
    Ok(account)
}

impl Protocol for Api<'_> {
    type Answer = Result<Answer, Refusal>;
    type Output = Response;

    fn ask(&mut self) -> Reads {
        match &mut self.work {
            Work::Logon(logon) => logon.ask(),
            Work::Deed(deed) => deed.ask(Reads::of(self.who.clone())),
        }
    }

    fn decide(&mut self, snapshot: &Snapshot, now: Moment, seed: &mut Seed) -> Decision<Self::Answer> {
        match self.step(snapshot, now, seed) {
            Ok(Decision::Ask(reads)) => Decision::Ask(reads),
            Ok(Decision::Turn(made)) => {
                Decision::Turn(Box::new(Turn { answer: Ok(made.answer), batch: made.batch }))
            }
            Err(refusal) => {
                let batch = match &self.work {
                    Work::Logon(logon) => logon.failure(now),
                    Work::Deed(_) => None,
                };
                Decision::Turn(Box::new(Turn { answer: Err(refusal), batch }))
            }
        }
    }

    fn reply(&mut self, answer: Self::Answer, receipt: &Receipt) -> Response {
        let reply = match answer {
            Ok(Answer::Ready(reply)) => reply,
            Ok(Answer::Stamped(reply)) => reply(receipt.head),
            Err(refusal) => return self.refuse(&refusal),
        };
        self.done = reply.status.to_string();
        respond(reply)
    }

    fn failed(&mut self, error: &StoreError) -> Response {
        let (refusal, why) = match error {
            StoreError::Conflict => (Refusal::busy("too many writers at once"), "too many writers at once"),
            StoreError::Busy(why) => (Refusal::busy("it is overloaded or away"), why.as_str()),
            StoreError::Broken(why) => (Refusal::broken(), why.as_str()),
        };
        let response = self.refuse(&refusal);
        self.done = format!("{} ({why})", self.done);
        response
    }

    fn line(&self) -> Option<String> {
        let by = if self.login.is_empty() {
            String::new()
        } else {
            format!(" by login {}", printable(&self.login))
        };
        Some(format!("{}{by}: {}", self.call, self.done))
    }
}

fn refused(refusal: &Refusal) -> Response {
    let body = json!({ "error": { "code": refusal.code, "message": refusal.message } });
    let mut reply = Reply::json(refusal.status, &body);
    reply.headers.extend(refusal.header.clone());
    respond(reply)
}

/// Nothing is kept by anybody in between, nothing is run, nobody frames it; and no other origin is let in.
fn respond(reply: Reply) -> Response {
    let always = [
        ("content-encoding", "identity"),
        ("cache-control", "private, no-store, no-transform"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    let mut headers: Vec<(String, String)> =
        always.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    if reply.status != 204 {
        headers.push(("content-type".into(), reply.media_type.to_owned()));
        headers.push(("content-length".into(), reply.body.len().to_string()));
    }
    headers.extend(reply.headers.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Response { status: reply.status, headers, body: reply.body }
}
