//! A world to speak to the API in: two accounts with the standard collections and a table, a clock that is set by hand, and a
//! reader of answers that holds every one of them to `docs/openapi.json`.

pub use crate::asked::now_or_never;
use crate::contract;
pub use crate::played::*;
use anchorage::api::Caller;
use anchorage::content::fields;
use anchorage::exchange::{Seed, Served};
use anchorage::http::{Request, Response};
use anchorage::record::{self, AccountId, CollectionId, Kind};
use anchorage::secret::{Sealer, token_hash};
use anchorage::serve;
use anchorage::settings::Settings;
use anchorage::store::{Batch, Collection, Edit, Login, Store, Token};
use serde_json::Value;
use std::cell::Cell;

pub const TOKEN: &str = "anns-token";
pub const OTHER_TOKEN: &str = "bobs-token";
pub const PASSWORD: &str = "right";

pub struct World<S> {
    pub store: S,
    pub settings: Settings,
    pub now: i64,
    seeds: Cell<u8>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub response: Response,
    /// `null` where it is no JSON.
    pub json: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.response.body).unwrap()
    }

    /// The answer's JSON, which must have this status.
    pub fn of(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.response.body));
        self.json
    }

    /// The word of a refusal.
    pub fn refused(&self) -> (u16, &str) {
        (self.status, self.json["error"]["code"].as_str().unwrap_or_default())
    }
}

fn standard() -> Vec<Edit> {
    let synced = record::STANDARD.into_iter().map(|(id, kind, aliases)| Collection {
        id: CollectionId(id.into()),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        kind,
        fields: fields::standard(kind),
        ..Collection::default()
    });
    let fixed = Collection { id: CollectionId("fixed".into()), read_only: true, ..tasks() };
    let files = Collection { id: CollectionId("files".into()), kind: Kind::Files, ..Collection::default() };
    synced.chain([tasks(), fixed, files]).map(Edit::PutCollection).collect()
}

/// An account of that name, its own login with [`PASSWORD`], one for local development, and their tokens.
fn founded(account: &str, login: &str, token: &str, sealer: &Sealer) -> Batch {
    let account = AccountId(account.into());
    let local = format!("local-{login}");
    let may = |name: &str, local| {
        let sealed = sealer.seal(name, PASSWORD, [9; 32]);
        Edit::PutLogin(Login { name: name.into(), account: account.clone(), sealed, local })
    };
    let opens = |token: &str, name: &str, expires| Token {
        hash: token_hash(token),
        account: account.clone(),
        login: name.into(),
        label: "test".into(),
        created: CREATED,
        expires,
    };
    let mut edits = vec![Edit::AddAccount { created: CREATED }, may(login, false), may(&local, true)];
    edits.extend(standard());
    Batch {
        account: account.clone(),
        now: CREATED,
        edits,
        tokens: vec![
            opens(token, login, 0),
            opens(&format!("stale-{token}"), login, CREATED + 500),
            opens(&format!("local-{token}"), &local, 0),
            opens(&format!("orphan-{token}"), "nobody", 0),
        ],
        ..Batch::default()
    }
}

impl<S: Store> World<S> {
    pub fn new(store: S) -> Self {
        let sealer = Sealer::new(b"0123456789abcdef");
        for (account, login, token) in [("home", "ann", TOKEN), ("away", "bob", OTHER_TOKEN)] {
            let batch = founded(account, login, token, sealer.as_ref().unwrap());
            now_or_never(store.commit(&batch)).unwrap();
        }
        let settings = Settings { sealer, ..Settings::default() };
        Self { store, settings, now: CREATED + 1000, seeds: Cell::new(0) }
    }

    pub fn seed(&self) -> Seed {
        self.seeds.set(self.seeds.get().wrapping_add(1));
        Seed::new([self.seeds.get(); 32])
    }

    /// Serves a request as a worker or a host does, and holds the answer to the contract.
    pub fn serve(&self, caller: &Caller, request: Request) -> Served {
        let asked = request.clone();
        let served = now_or_never(serve::serve_to(
            caller,
            request,
            &self.store,
            &self.settings,
            self.now,
            self.seed(),
        ));
        contract::hold(&asked, &served.response);
        served
    }

    pub fn ask(&self, request: Request) -> Answer {
        let response = self.serve(&Caller::Bearer, request).response;
        let json = serde_json::from_slice(&response.body).unwrap_or_default();
        Answer { status: response.status, response, json }
    }

    pub fn get(&self, target: &str) -> Answer {
        self.ask(signed(bare("GET", target), TOKEN))
    }

    /// Sends JSON.
    pub fn send(&self, method: &str, target: &str, body: &Value) -> Answer {
        self.ask(with_json(signed(bare(method, target), TOKEN), body))
    }

    /// A new record; its id.
    pub fn add(&self, collection: &str, body: &Value) -> String {
        let target = format!("/api/collections/{collection}/records");
        let record = self.send("POST", &target, body).of(201);
        record["id"].as_str().unwrap().to_owned()
    }
}

pub fn signed(request: Request, token: &str) -> Request {
    with(request, "authorization", &format!("Bearer {token}"))
}

pub fn with_json(request: Request, body: &Value) -> Request {
    let request = with(request, "content-type", "application/json");
    Request { body: body.to_string().into_bytes(), ..request }
}

/// A vCard that no other one equals.
pub fn card(name: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nN:{name};;;;\r\nEND:VCARD\r\n")
}
