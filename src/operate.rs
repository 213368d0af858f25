//! The operator's room: what a person at a terminal does to accounts. No message reaches it, and no worker has it in it.
//!
//! Arguments become a [`command::Order`], and an [`Operator`] carries it out on any store that can be surveyed, every change
//! through the same loop as a device's ([`crate::exchange`]). Who opens the database and moves bytes to and from the terminal
//! is the business of the program: `src/bin/account/main.rs` here, `javascript/operator.rs` in Node.

pub mod account;
pub mod alert;
pub mod application;
pub mod collection;
pub mod command;
pub mod demo;
pub mod device;
pub mod export;
pub mod files;
pub mod import;
pub mod list;
pub mod name;
pub mod plain;
pub mod program;
pub mod provision;
pub mod upstream;

use crate::exchange::{self, Decision, Protocol, Seed, Turn};
use crate::http::Response;
use crate::journal::Moment;
use crate::record::AccountId;
use crate::secret::{SECRET_BYTES_MIN, Sealer};
use crate::store::survey::{Overview, Survey};
use crate::store::{Batch, Collection, Login, Reads, Receipt, Snapshot, StoreError, Who};
use crate::upstream::Outgoing;
use command::{Command, Order};
use files::Files;
use serde_json::Value;

/// The operator's terminal, and what it stands on.
#[allow(async_fn_in_trait)]
pub trait Terminal {
    /// A line of what was asked for.
    fn say(&mut self, line: &str);
    /// A line of progress or of warning.
    fn note(&mut self, line: &str);
    /// A password that the operator types, or has put into the environment; `None` where there is nobody to ask.
    async fn password(&mut self, prompt: &str) -> Option<String>;
    /// Posts bytes to an address: the HTTP status of the answer, or why there was none.
    async fn post(&mut self, url: &str, media_type: &str, body: &[u8]) -> Result<u16, String>;
    /// Carries a request to another server, as `call::arranged::Carrier` says; why there is no answer, in words.
    async fn carry(&mut self, _outgoing: &Outgoing) -> Result<Response, String> {
        Err("this terminal reaches no other server".into())
    }
    /// Waits for a moment that is near; `false` where nobody waits.
    async fn rest(&mut self, _until: Moment) -> bool {
        false
    }
    /// The moment, where it goes on while an order is carried out.
    fn clock(&self) -> Option<Moment> {
        None
    }
    /// Where files are read and written.
    fn files(&self) -> &dyn Files;
    /// What was said, as a value for a program that reads along: a list goes on with the one of that name. Nobody reads unless
    /// a terminal has this.
    fn tell(&mut self, _name: &str, _value: Value) {}
}

/// Why something was not done, and what to do about it; for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self(match error {
            StoreError::Conflict => OVERTAKEN.into(),
            StoreError::Busy(why) => format!("{AWAY} ({why}). Try again in a moment."),
            StoreError::Broken(why) if why.contains("no such table") => {
                format!("The database has no tables yet ({why}): {}", program::TABLES)
            }
            StoreError::Broken(why) => format!("The database refused: {why}"),
        })
    }
}

const OVERTAKEN: &str = "Somebody else changed the same thing at the same time. Try again.";
const AWAY: &str = "The database is busy or away";

impl Refusal {
    /// Whether the same may be done in a moment.
    pub fn may_pass(&self) -> bool {
        self.0 == OVERTAKEN || self.0.starts_with(AWAY)
    }
}

/// A refusal in so many words.
pub(crate) fn refuse<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(reason.into()))
}

/// Somebody who may do everything, on one store, at one moment.
pub struct Operator<'a, S, T> {
    store: &'a S,
    terminal: &'a mut T,
    sealer: Option<Sealer>,
    now: Moment,
    seed: Seed,
}

impl<'a, S: Survey, T: Terminal> Operator<'a, S, T> {
    /// `secret` is the Worker secret, without which no password can be sealed.
    pub fn new(store: &'a S, terminal: &'a mut T, secret: Option<&str>, now: Moment, seed: Seed) -> Self {
        let sealer = secret.and_then(|secret| Sealer::new(secret.as_bytes()));
        Self { store, terminal, sealer, now, seed }
    }

    /// Carries an order out.
    pub async fn carry_out(&mut self, order: &Order) -> Result<(), Refusal> {
        match &order.command {
            Command::Add { name, password, token } => self.add(name, password.as_deref(), *token).await,
            Command::List { name } => self.list(name.as_deref()).await,
            Command::Token { name, label, days } => self.token(name, label, *days).await,
            Command::Revoke { name, which } => self.revoke(name, which).await,
            Command::Password { name, password } => self.password(name, password.as_deref()).await,
            Command::Remove { name, yes } => self.remove(name, *yes).await,
            Command::Device { name, device, deed } => self.device(name, device.as_deref(), deed).await,
            Command::Alert(alerting) => self.alert(alerting, order.remote).await,
            Command::Provision { name, document, url, password } => {
                let (url, password) = (url.as_deref(), password.as_deref());
                self.provision(name, *document, url, password, order.remote).await
            }
            Command::Collection { name, collection, difference } => {
                self.show_or_change(name, collection, difference).await
            }
            Command::Import { name, words } => self.import(name, words).await,
            Command::Export { name, collection, folder, layout } => {
                self.export(name, collection.as_deref(), folder, *layout).await
            }
            Command::ImportApp { name, file } => self.import_app(name, file).await,
            Command::Upstream { name, id, deed, now } => self.upstream(name, id.as_deref(), deed, *now).await,
            Command::Demo => match order.remote {
                true => refuse("The demo account exists in local development only."),
                false => self.demo().await,
            },
        }
    }

    /// Takes one change through the loop: `decide` says what to answer and what to write, and is asked again after a race.
    async fn change<Answer, D>(&mut self, reads: Reads, decide: D) -> Result<Answer, Refusal>
    where
        D: FnMut(&Snapshot, Moment, &mut Seed) -> Result<(Answer, Option<Batch>), Refusal>,
    {
        let mut deed = Deed { reads, decide, done: None };
        let seed = Seed::new(self.seed.draw());
        exchange::exchange(&mut deed, self.store, self.now, seed).await;
        deed.done.unwrap_or_else(|| refuse("Nothing came back from the database."))
    }

    /// The account's collections as they are.
    async fn collections(&self, name: &str) -> Result<Vec<Collection>, Refusal> {
        let mut reads = Reads::of(Who::Account(AccountId(name.to_owned())));
        reads.collections = true;
        let snapshot = self.store.read(&reads).await?;
        match snapshot.account {
            Some(_) => Ok(snapshot.collections),
            None => Err(unknown(name)),
        }
    }

    /// One collection, by id or alias.
    async fn collection(&self, name: &str, path: &str) -> Result<Collection, Refusal> {
        let collections = self.collections(name).await?;
        let found = named(&collections, path).cloned();
        found.ok_or_else(|| Refusal(no_such_collection(name, path, &collections)))
    }

    async fn overview(&self, name: &str) -> Result<Overview, Refusal> {
        let found = self.store.survey(Some(&AccountId(name.to_owned()))).await?;
        found.into_iter().next().ok_or_else(|| unknown(name))
    }

    fn sealer(&self) -> Result<Sealer, Refusal> {
        self.sealer.clone().ok_or_else(|| {
            Refusal(format!(
                "A password is sealed with the worker's secret, which is missing here or shorter than {SECRET_BYTES_MIN} bytes: \
                 {}",
                program::SECRET
            ))
        })
    }
}

/// Who an existing account's own login is: the login and the account bear the same name.
fn login_of(snapshot: &Snapshot, name: &str) -> Result<Login, Refusal> {
    let login = snapshot.login.clone().filter(|login| login.name == name);
    match (&snapshot.account, login) {
        (Some(_), Some(login)) => Ok(login),
        _ => Err(unknown(name)),
    }
}

/// The collection of that id or alias.
fn named<'a>(collections: &'a [Collection], path: &str) -> Option<&'a Collection> {
    collections.iter().find(|known| known.id.0 == path || known.aliases.iter().any(|alias| alias == path))
}

fn no_such_collection(name: &str, path: &str, collections: &[Collection]) -> String {
    let there: Vec<&str> = collections.iter().map(|collection| collection.id.0.as_str()).collect();
    format!("`{name}` has no collection `{path}`. There are: {}.", there.join(", "))
}

fn unknown(name: &str) -> Refusal {
    Refusal(format!("There is no account `{name}`. `list` shows all, `add {name}` makes it."))
}

/// One change as the loop wants it. The loop answers in HTTP, which nobody reads here: the answer is kept aside.
struct Deed<D, Answer> {
    reads: Reads,
    decide: D,
    done: Option<Result<Answer, Refusal>>,
}

impl<D, Answer> Protocol for Deed<D, Answer>
where
    D: FnMut(&Snapshot, Moment, &mut Seed) -> Result<(Answer, Option<Batch>), Refusal>,
{
    type Answer = Result<Answer, Refusal>;
    type Output = Response;

    fn ask(&mut self) -> Reads {
        self.reads.clone()
    }

    fn decide(&mut self, snapshot: &Snapshot, now: Moment, seed: &mut Seed) -> Decision<Self::Answer> {
        let (answer, batch) = match (self.decide)(snapshot, now, seed) {
            Ok((answer, batch)) => (Ok(answer), batch),
            Err(refusal) => (Err(refusal), None),
        };
        Decision::Turn(Box::new(Turn { answer, batch }))
    }

    fn reply(&mut self, answer: Self::Answer, _: &Receipt) -> Response {
        self.done = Some(answer);
        Response { status: 200, headers: Vec::new(), body: Vec::new() }
    }

    fn failed(&mut self, error: &StoreError) -> Response {
        self.done = Some(Err(Refusal::from(error.clone())));
        Response { status: 503, headers: Vec::new(), body: Vec::new() }
    }

    fn line(&self) -> Option<String> {
        None
    }
}
