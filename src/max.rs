//! MAX: delta synchronisation as RSS over HTTP. The protocol on one page; the record of it, with what is known and what is our
//! own reading, is cited as "MAX" and a section number.
//!
//! | request | what it does | where |
//! | --- | --- | --- |
//! | `GET /max/<datasrc>?lbd=…&auth=…` | everything that changed after `lbd` | `feed` |
//! | `POST /max/<datasrc>?auth=…` | inserts, updates or deletes one record | `submission` |
//! | `GET /max/<datasrc>/app?auth=…` | the application file, with this server's URLs | `application` |
//! | `POST /max/logon` | a name and a password become a token | `logon` |
//!
//! The client is the same from the other end ([`client`]). What is refused, and how each kind of client is told, is in `refusal`; the answer's XML in `channel`; application files are
//! read in [`schema`]. Tokens, collections and records come from the store in one read; a submission commits once.

mod application;
mod channel;
pub mod client;
mod feed;
mod logon;
pub mod plain;
mod refusal;
mod request;
pub mod schema;
mod submission;

use crate::exchange::{Decision, Protocol, Seed, Served, Turn};
use crate::http::{Request, Response};
use crate::journal::Moment;
use crate::record::CollectionId;
use crate::secret;
use crate::settings::Settings;
use crate::store::{Account, Batch, Collection, Cost, Reads, Receipt, Snapshot, StoreError, Who};
use channel::{Channel, Document, Spelling};
use feed::Feed;
use logon::Logon;
use refusal::Refusal;
use request::{Call, Route, printable};
use submission::Submission;

/// One MAX request on its way through [`crate::exchange::exchange`].
#[derive(Debug)]
pub struct Max<'a> {
    call: Call,
    work: Work,
    /// The hash of the token; empty for a logon.
    token: String,
    settings: &'a Settings,
    /// Who, once known, and why not, for the log.
    login: String,
    refused: Option<String>,
}

/// What was asked.
#[derive(Debug)]
enum Work {
    Feed(Feed),
    Submission(Submission),
    Application,
    Logon(Logon),
}

/// What is to be answered once the batch is safe.
#[derive(Debug)]
pub enum Answer {
    /// A whole channel.
    Channel(Channel),
    /// A channel that says where the change of that collection stands.
    Stamped(CollectionId),
    /// An application file.
    Application(String),
    /// One line.
    Text(String),
    /// No.
    Refused(Refusal),
}

/// Whose data source has been opened, and how to read more of it.
struct Scene<'a> {
    account: &'a Account,
    collection: &'a Collection,
    path: &'a str,
    reads: Reads,
}

impl<'a> Max<'a> {
    /// A request whose path begins with `/max`. What can be refused without a look into the store (a wrong method, too
    /// large a body, no token at all) is an `Err`, served already.
    pub fn new(request: &Request, settings: &'a Settings) -> Result<Self, Box<Served>> {
        let call = Call::new(request);
        match work(&call, request) {
            Ok((work, token)) => {
                Ok(Self { call, work, token, settings, login: String::new(), refused: None })
            }
            Err(refusal) => {
                let response = call.refuse(&refusal, settings.max_legacy);
                let line = Some(format!("{}: refused: {}", call.line(), refusal.words));
                Err(Box::new(Served { response, line, cost: Cost::default() }))
            }
        }
    }

    /// What every request of a token's holder reads.
    fn reads(&self) -> Reads {
        Reads { collection: Some(self.call.source.clone()), ..Reads::of(Who::Token(self.token.clone())) }
    }

    fn step(
        &mut self,
        snapshot: &Snapshot,
        now: Moment,
        seed: &mut Seed,
    ) -> Result<Decision<Answer>, Refusal> {
        let reads = self.reads();
        let account = match &mut self.work {
            Work::Logon(logon) => return logon.decide(snapshot, now, seed, self.settings),
            _ => self.admit(snapshot, now)?,
        };
        let path = self.call.source.as_str();
        let collection = snapshot.collection_at(path).ok_or_else(Refusal::unknown_source)?;
        let scene = Scene { account, collection, path, reads };
        match &mut self.work {
            Work::Feed(feed) => feed.decide(scene, snapshot),
            Work::Submission(submission) => submission.decide(scene, snapshot, now, self.settings),
            Work::Application | Work::Logon(_) => {
                let file = application::serve(collection, &self.call.origin);
                Ok(turn(Answer::Application(file), None))
            }
        }
    }

    /// Lets in whoever holds a token that still counts. A token whose login is gone opens nothing.
    fn admit<'s>(&mut self, snapshot: &'s Snapshot, now: Moment) -> Result<&'s Account, Refusal> {
        let token = snapshot.token.as_ref().filter(|token| token.expires == 0 || token.expires > now);
        let login = snapshot.login.as_ref().filter(|login| self.settings.local || !login.local);
        let (Some(account), Some(_), Some(login)) = (&snapshot.account, token, login) else {
            return Err(Refusal::signed_out());
        };
        self.login.clone_from(&login.name);
        Ok(account)
    }

    fn refuse(&mut self, refusal: &Refusal) -> Response {
        self.refused = Some(refusal.words.clone());
        self.call.refuse(refusal, self.settings.max_legacy)
    }
}

fn turn(answer: Answer, batch: Option<Batch>) -> Decision<Answer> {
    Decision::Turn(Box::new(Turn { answer, batch }))
}

/// What a request asks, and the hash of its token, where nothing in the request itself speaks against it.
fn work(call: &Call, request: &Request) -> Result<(Work, String), Refusal> {
    let route = call.route.ok_or_else(Refusal::unknown_source)?;
    if !route.allow().split(", ").any(|method| method == request.method) {
        return Err(Refusal::method(route.allow()));
    }
    let post = request.method == "POST";
    let form = if post { request::form(request)? } else { Vec::new() };
    if route == Route::Logon {
        let spelling = call.parameter("alt").map(|_| call.spelling);
        return Ok((Work::Logon(Logon::new(&form, &request.address, spelling)?), String::new()));
    }
    let token = call.token(request, &form).ok_or_else(Refusal::signed_out)?;
    let work = match route {
        Route::Application => Work::Application,
        _ if post => Work::Submission(Submission::new(form, call.spelling)),
        _ => {
            let feed = Feed::new(call.parameter("lbd"), call.spelling, call.gzip);
            Work::Feed(feed.paged(call.parameter("limit"), call.parameter("more")))
        }
    };
    Ok((work, secret::token_hash(&token)))
}

impl Protocol for Max<'_> {
    type Answer = Answer;
    type Output = Response;

    fn ask(&mut self) -> Reads {
        let reads = self.reads();
        match &mut self.work {
            Work::Feed(feed) => feed.ask(reads, &self.call.source),
            Work::Submission(submission) => submission.ask(reads, &self.call.source),
            Work::Application => reads,
            Work::Logon(logon) => logon.ask(),
        }
    }

    fn decide(&mut self, snapshot: &Snapshot, now: Moment, seed: &mut Seed) -> Decision<Answer> {
        self.step(snapshot, now, seed).unwrap_or_else(|refusal| turn(Answer::Refused(refusal), None))
    }

    fn reply(&mut self, answer: Answer, receipt: &Receipt) -> Response {
        let spelling = self.call.spelling;
        let (media_type, document) = match answer {
            Answer::Refused(refusal) => return self.refuse(&refusal),
            Answer::Channel(channel) => (spelling.media_type(), channel.close()),
            Answer::Stamped(collection) => {
                (spelling.media_type(), Channel::open(spelling, &collection.0, receipt.head).close())
            }
            Answer::Application(file) => (Spelling::Xml.media_type(), Document::Plain(file.into_bytes())),
            Answer::Text(text) => ("text/plain; charset=utf-8", Document::Plain(text.into_bytes())),
        };
        self.call.respond(200, media_type, document)
    }

    fn failed(&mut self, error: &StoreError) -> Response {
        let (refusal, why) = match error {
            StoreError::Conflict => (Refusal::busy(), "too many writers at once"),
            StoreError::Busy(why) => (Refusal::busy(), why.as_str()),
            StoreError::Broken(why) => (Refusal::broken(), why.as_str()),
        };
        let response = self.refuse(&refusal);
        self.refused = Some(format!("{} ({why})", refusal.words));
        response
    }

    fn line(&self) -> Option<String> {
        let mut line = self.call.line();
        let (login, done) = match &self.work {
            Work::Feed(feed) => (self.login.as_str(), feed.line()),
            Work::Submission(submission) => (self.login.as_str(), submission.line().to_owned()),
            Work::Application => (self.login.as_str(), "application file".to_owned()),
            Work::Logon(logon) => (logon.login(), logon.line().to_owned()),
        };
        if !login.is_empty() {
            line = format!("{line} by login {}", printable(login));
        }
        let refused = self.refused.as_ref().map(|words| format!("refused: {words}"));
        Some(format!("{line}: {}", refused.unwrap_or(done)))
    }
}
