//! A town of servers, each an account in a store of its own, and one in the middle that synchronises with the others.

pub use crate::asked::{now_or_never, once};
pub use crate::played::CREATED;
use crate::played::of_phone;
use anchorage::call::arranged::{Budget, Carrier, tend};
use anchorage::content::fields;
use anchorage::exchange::Seed;
use anchorage::http::{Request, Response};
use anchorage::record::{AccountId, Body, CollectionId, Content, Form, Kind};
use anchorage::secret::Sealer;
use anchorage::serve::serve;
use anchorage::settings::Settings;
use anchorage::store::memory::MemoryStore;
use anchorage::store::{
    Arrangement, Batch, Collection, Edit, Guard, Login, PageAsk, Reads, Store, View, Who,
};
use anchorage::upstream::{Mode, Outgoing, Pair, Protocol, Upstream};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

pub const MINUTE: i64 = 60_000;

pub fn account() -> AccountId {
    AccountId("home".into())
}

pub fn settings() -> Settings {
    Settings { sealer: Sealer::new(b"0123456789abcdef"), ..Settings::default() }
}

/// A server's store with one account, `ann`, and contacts.
pub fn open<S: Store>(store: &S) {
    let sealed = settings().sealer.unwrap().seal("ann", "right", [3; 32]);
    let login = Login { name: "ann".into(), account: account(), sealed, local: false };
    let contacts = Collection {
        id: CollectionId("contacts".into()),
        kind: Kind::Contacts,
        fields: fields::standard(Kind::Contacts),
        ..Collection::default()
    };
    let edits =
        vec![Edit::AddAccount { created: CREATED }, Edit::PutLogin(login), Edit::PutCollection(contacts)];
    commit(store, Batch { edits, ..Batch::default() });
}

pub fn commit<S: Store>(store: &S, batch: Batch) {
    now_or_never(store.commit(&Batch { account: account(), ..batch })).unwrap();
}

pub fn put<S: Store>(store: &S, id: &str, name: &str, more: &str) {
    let bytes =
        format!("BEGIN:VCARD\r\nVERSION:2.1\r\nN:{name};Test\r\nFN:Test {name}\r\n{more}END:VCARD\r\n");
    let body = Body { form: Form::Vcard21, bytes: bytes.into() };
    write(store, id, Content::Body(body));
}

pub fn delete<S: Store>(store: &S, id: &str) {
    write(store, id, Content::Deleted);
}

fn write<S: Store>(store: &S, id: &str, content: Content) {
    let change = of_phone("contacts", id, content, false);
    commit(store, Batch { guard: Guard::default(), changes: vec![change], ..Batch::default() });
}

/// What every contact says, without its id: over SyncML ids differ.
pub fn said<S: Store>(store: &S) -> Vec<Vec<(String, String)>> {
    let mut reads = Reads::of(Who::Account(account()));
    reads.page = Some(PageAsk::Collection {
        path: "contacts".into(),
        after: 0,
        until: None,
        live_only: true,
        records_max: 10_000,
        bytes_max: 100_000_000,
    });
    let page = now_or_never(store.read(&reads)).unwrap().page;
    let fields = fields::standard(Kind::Contacts);
    let of = |body: &Body| {
        let shown = fields::project(body, &fields).into_iter();
        shown.filter(|(_, value)| !value.is_empty() && value != "0").collect::<Vec<_>>()
    };
    let mut said: Vec<_> = page.iter().map(|outgoing| of(outgoing.record.content.body().unwrap())).collect();
    said.sort();
    said
}

pub fn head<S: Store>(store: &S) -> i64 {
    now_or_never(store.read(&Reads::of(Who::Account(account())))).unwrap().account.unwrap().head
}

/// What happens while a request is on its way.
pub type Meanwhile = Box<dyn FnMut(&Outgoing)>;

/// The network: servers by the name of their host.
#[derive(Default)]
pub struct Town {
    pub now: Cell<i64>,
    pub servers: RefCell<BTreeMap<String, Rc<MemoryStore>>>,
    /// Requests by host and method.
    pub requests: RefCell<Vec<(String, String)>>,
    seeds: Cell<u64>,
    /// How long each request takes.
    pub takes_ms: Cell<i64>,
    /// What happens before a request is carried.
    pub meanwhile: RefCell<Option<Meanwhile>>,
    /// After so many requests the process is killed.
    pub dies_after: Cell<Option<u32>>,
}

impl Town {
    pub fn new(hosts: &[&str]) -> Rc<Self> {
        let town = Self { now: Cell::new(CREATED + 1000), takes_ms: Cell::new(10), ..Self::default() };
        for host in hosts {
            let store = MemoryStore::new();
            open(&store);
            town.servers.borrow_mut().insert((*host).into(), Rc::new(store));
        }
        Rc::new(town)
    }

    pub fn server(&self, host: &str) -> Rc<MemoryStore> {
        Rc::clone(&self.servers.borrow()[host])
    }

    pub fn tick(&self, ms: i64) {
        self.now.set(self.now.get() + ms);
    }

    /// How many requests went to a host since the last time this was asked.
    pub fn count(&self, host: &str) -> usize {
        let mut requests = self.requests.borrow_mut();
        let before = requests.len();
        requests.retain(|(to, _)| to != host);
        before - requests.len()
    }

    fn next_seed(&self) -> Seed {
        self.seeds.set(self.seeds.get() + 1);
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seeds.get().to_be_bytes());
        Seed::new(key)
    }

    fn answer(&self, outgoing: &Outgoing) -> Result<Response, String> {
        let (host, target) = outgoing
            .url
            .strip_prefix("https://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or("no address")?;
        self.tick(self.takes_ms.get());
        let Some(store) = self.servers.borrow().get(host).cloned() else { return Err("no such host".into()) };
        self.requests.borrow_mut().push((host.into(), outgoing.method.clone()));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Request {
            method: outgoing.method.clone(),
            path: format!("/{path}"),
            query: query.into(),
            headers: outgoing.headers.clone(),
            body: outgoing.body.clone(),
            origin: format!("https://{host}"),
            address: "192.0.2.1".into(),
        };
        Ok(now_or_never(serve(request, &*store, &settings(), self.now.get(), self.next_seed())).response)
    }
}

/// Somebody's way into the town.
pub struct Rider(pub Rc<Town>);

impl Carrier for Rider {
    async fn carry(&mut self, outgoing: &Outgoing) -> Result<Response, String> {
        if let Some(left) = self.0.dies_after.get() {
            if left == 0 {
                std::future::pending::<()>().await;
            }
            self.0.dies_after.set(Some(left - 1));
        }
        let meanwhile = self.0.meanwhile.borrow_mut().take();
        if let Some(mut meanwhile) = meanwhile {
            meanwhile(outgoing);
        }
        self.0.answer(outgoing)
    }

    fn now(&self) -> i64 {
        self.0.now.get()
    }

    fn seed(&mut self) -> Seed {
        self.0.next_seed()
    }
}

/// Arranges a sync of the contacts with a server of the town.
pub fn arrange<S: Store>(store: &S, name: &str, protocol: Protocol, minutes: i64) {
    let path = if protocol == Protocol::Max { "max/" } else { "syncml" };
    let pair = Pair { collection: "contacts".into(), remote: String::new(), mode: Mode::TwoWay };
    let upstream = Upstream {
        protocol,
        url: format!("https://{name}/{path}"),
        login: "ann".into(),
        device: format!("middle to {name}"),
        pairs: vec![pair],
        ..Upstream::default()
    };
    let mut arrangement = Arrangement {
        account: account(),
        name: name.into(),
        definition: serde_json::json!(upstream).to_string(),
        every: minutes * MINUTE,
        version: 1,
        ..Arrangement::default()
    };
    arrangement.sealed = settings().sealer.unwrap().seal(&arrangement.seal_name(), "right", [9; 32]);
    put_row(store, arrangement);
}

pub fn put_row<S: Store>(store: &S, arrangement: Arrangement) {
    commit(store, Batch { edits: vec![Edit::PutArrangement(arrangement)], ..Batch::default() });
}

pub fn row<S: Store>(store: &S, name: &str) -> Arrangement {
    let reads = Reads { views: vec![View::Arranged], ..Reads::of(Who::Account(account())) };
    let all = now_or_never(store.read(&reads)).unwrap().views.arranged;
    all.into_iter().find(|it| it.name == name).unwrap()
}

pub fn is_leased<S: Store>(store: &S, name: &str, now: i64) -> bool {
    row(store, name).leased > now
}

/// One invocation.
pub fn invoke<S: Store>(store: &S, town: &Rc<Town>, budget: Budget) -> Vec<String> {
    now_or_never(tend(store, &settings(), &mut Rider(Rc::clone(town)), budget)).unwrap()
}
