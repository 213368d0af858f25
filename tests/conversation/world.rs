//! A server in memory or on SQLite, with a clock and a seed of its own, and what passed over its wire.
#![allow(dead_code)]

#[path = "fresh.rs"]
mod fresh;
#[path = "memory.rs"]
mod memory;

pub use fresh::Fresh;
pub use memory::MemoryStore;

use anchorage::content::fields::standard;
use anchorage::exchange::{Seed, Served};
use anchorage::http::{Request, Response};
use anchorage::record::{AccountId, CollectionId, Kind, Record};
use anchorage::secret::{Sealer, fingerprint, token_hash};
use anchorage::serve::serve;
use anchorage::settings::Settings;
use anchorage::store::{Batch, Collection, Edit, Login, Policy, Store, Token};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::path::Path;

use crate::house::asked::{records, texts};
use crate::house::now;
use crate::sqlite::SqliteStore;

/// The secret of the worker.
pub const SECRET: &str = "a secret of the worker";

pub const BORN: i64 = 1_760_000_000_000;

/// A server, the only thing in it an account `ann` (password `secret`, MAX token `token`).
pub struct World<S> {
    /// Where each message has a workerd of its own; `None` where the server is in this process.
    pub fresh: Option<Fresh>,
    pub store: S,
    pub settings: Settings,
    pub clock: Cell<i64>,
    pub drawn: Cell<u64>,
    pub lines: RefCell<Vec<String>>,
    pub address: RefCell<String>,
    /// The `User-Agent` of its clients.
    pub user_agent: Cell<&'static str>,
    /// How many trips to the store a message may take: one to read and one to commit, where a test does not say more.
    pub batches_max: Cell<u64>,
}

pub fn collection(id: &str, kind: Kind, aliases: &[&str], policy: Policy) -> Collection {
    Collection {
        id: CollectionId(id.into()),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        kind,
        fields: standard(kind),
        policy,
        ..Collection::default()
    }
}

impl<S: Store + 'static> World<S> {
    pub fn new(store: S) -> Self {
        Self::with_policy(store, Policy::Merge)
    }

    pub fn with_policy(store: S, policy: Policy) -> Self {
        let settings = Settings { sealer: Sealer::new(SECRET.as_bytes()), ..Settings::default() };
        let world = Self {
            fresh: state_of(&store).and_then(Fresh::drawn_over),
            store,
            settings,
            clock: Cell::new(BORN + 1_000),
            drawn: Cell::new(0),
            lines: RefCell::default(),
            address: RefCell::new("192.0.2.1".into()),
            user_agent: Cell::new("phone"),
            batches_max: Cell::new(2),
        };
        world.add_account("ann", "secret", policy);
        world
    }
}

impl<S: Store + 'static> World<S> {
    /// With a fresh workerd for each message, however many they are (where that is wanted at all).
    pub fn killed_throughout(self) -> Self {
        Self { fresh: state_of(&self.store).map(Fresh::over), ..self }
    }
}

impl<S: Store> World<S> {
    /// With a server that is never stopped.
    pub fn in_this_process(self) -> Self {
        Self { fresh: None, ..self }
    }

    /// A world where a message may read once more: of folders, of large objects, and after a session that broke off, what is
    /// needed is known only from what was read.
    pub fn reading_on(self) -> Self {
        self.batches_max.set(3);
        self
    }

    pub fn add_account(&self, name: &str, password: &str, policy: Policy) {
        let sealer = self.settings.sealer.as_ref().unwrap();
        let account = AccountId(format!("account-{name}"));
        let login = Login {
            name: name.into(),
            account: account.clone(),
            sealed: sealer.seal(name, password, [7; 32]),
            local: false,
        };
        let collections = [
            collection("contacts", Kind::Contacts, &["addressbook", "card"], policy),
            collection("calendar", Kind::Calendar, &["cal", "event"], policy),
            collection("todo", Kind::Todo, &["task"], policy),
            collection("notes", Kind::Notes, &["note", "memo"], policy),
        ];
        let token = if name == "ann" { "token".to_owned() } else { format!("token-{name}") };
        let mut edits = vec![Edit::AddAccount { created: BORN }, Edit::PutLogin(login)];
        edits.extend(collections.into_iter().map(Edit::PutCollection));
        let token = Token {
            hash: token_hash(&token),
            account: account.clone(),
            login: name.into(),
            label: "test".into(),
            created: BORN,
            expires: 0,
        };
        let batch = Batch { account, now: BORN, edits, tokens: vec![token], ..Batch::default() };
        now(self.store.commit(&batch)).unwrap();
    }

    /// The same server over another face of its store, in this process.
    pub fn beside<T: Store>(&self, store: T) -> World<T> {
        World {
            store,
            settings: self.settings.clone(),
            clock: Cell::new(self.clock.get() + 1),
            drawn: Cell::new(self.drawn.get() + 1_000_000),
            lines: RefCell::default(),
            address: RefCell::new(self.address.borrow().clone()),
            user_agent: self.user_agent.clone(),
            fresh: None,
            batches_max: self.batches_max.clone(),
        }
    }

    pub fn tick(&self, milliseconds: i64) {
        self.clock.set(self.clock.get() + milliseconds);
    }

    pub fn serve(&self, request: Request) -> Served {
        self.drawn.set(self.drawn.get() + 1);
        self.tick(5);
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.drawn.get().to_be_bytes());
        let served = match &self.fresh {
            Some(fresh) => fresh.serve(&request, &self.settings, self.clock.get(), key),
            None => now(serve(request, &self.store, &self.settings, self.clock.get(), Seed::new(key))),
        };
        self.lines.borrow_mut().extend(served.line.clone());
        let (batches, most) = (served.cost.batches, self.batches_max.get());
        assert!(batches <= most, "{batches} batches: {:?}", served.line);
        served
    }

    /// A SyncML message to a URL (the base, or a RespURI).
    pub fn post(&self, url: &str, content_type: &str, body: &[u8]) -> Response {
        let query = url.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default();
        self.serve(Request {
            method: "POST".into(),
            path: "/syncml".into(),
            query,
            headers: vec![
                ("content-type".into(), content_type.into()),
                ("user-agent".into(), self.user_agent.get().into()),
            ],
            body: body.to_vec(),
            origin: "https://sync.example".into(),
            address: self.address.borrow().clone(),
        })
        .response
    }

    /// A MAX request of `ann`.
    pub fn max(&self, method: &str, source: &str, query: &str, form: &str) -> Response {
        self.serve(Request {
            method: method.into(),
            path: format!("/max/{source}"),
            query: format!("{query}&auth=token"),
            headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
            body: form.as_bytes().to_vec(),
            origin: "https://sync.example".into(),
            address: "192.0.2.9".into(),
        })
        .response
    }

    /// A request of `ann` to the JSON API, and its answer.
    pub fn api(&self, method: &str, path: &str, sent: &serde_json::Value) -> (u16, serde_json::Value) {
        let body = if sent.is_null() { Vec::new() } else { sent.to_string().into_bytes() };
        let headers = [("authorization", "Bearer token"), ("content-type", "application/json")];
        let answer = self.serve(Request {
            method: method.into(),
            path: format!("/api/{path}"),
            query: String::new(),
            headers: headers.map(|(name, value)| (name.into(), value.into())).to_vec(),
            body,
            origin: "https://sync.example".into(),
            address: "192.0.2.9".into(),
        });
        (answer.response.status, serde_json::from_slice(&answer.response.body).unwrap_or_default())
    }

    /// Every record of a collection, tombstones included.
    pub fn records(&self, collection: &str) -> Vec<Record> {
        self.records_of("ann", collection)
    }

    /// The same of another tenant.
    pub fn records_of(&self, name: &str, collection: &str) -> Vec<Record> {
        records(&self.store, AccountId(format!("account-{name}")), collection, false)
    }

    /// The live contents of a collection, sorted, as text.
    pub fn live(&self, collection: &str) -> Vec<String> {
        texts(&self.records(collection))
    }

    pub fn last_line(&self) -> String {
        self.lines.borrow().last().cloned().unwrap_or_default()
    }
}

/// Where a fresh workerd for each message finds this store; `None` where the server is to be in this process.
fn state_of(store: &dyn Any) -> Option<&Path> {
    let state = match store.downcast_ref() {
        Some(store) => SqliteStore::state(store),
        None => store.downcast_ref().and_then(MemoryStore::state),
    };
    let is_lost = store.is::<anchorage::store::memory::MemoryStore>() && fresh::wanted();
    assert!(!is_lost, "a store in memory dies with its worker: take `world::MemoryStore`");
    state
}

pub fn short(bytes: &[u8]) -> String {
    fingerprint(bytes).chars().take(8).collect()
}
