//! Two ends, each an account in a store of its own: `here` is the client, `there` the server. A carrier that may lose things.

pub use crate::asked::now_or_never;
use crate::asked::records;
pub use crate::played::CREATED;
use crate::played::{of_phone, tasks};
use anchorage::call;
use anchorage::content::fields;
use anchorage::exchange::Seed;
use anchorage::http::{Request, Response};
use anchorage::peer::PeerId;
use anchorage::record::{AccountId, Body, CollectionId, Content, Form, Kind, Record, RecordId};
use anchorage::secret::{Sealer, token_hash};
use anchorage::serve::serve;
use anchorage::settings::Settings;
use anchorage::store::memory::MemoryStore;
use anchorage::store::{Batch, Collection, Edit, Guard, Login, Reads, Store, Token, Who};
use anchorage::upstream::{Ended, Input, Mode, Outgoing, Pair, Protocol, Report, Standing, Step, Upstream};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

pub const TOKEN: &str = "to+ken/1=";

/// One end.
pub struct End<S> {
    pub store: S,
    pub settings: Settings,
}

pub fn account() -> AccountId {
    AccountId("home".into())
}

fn collections() -> Vec<Collection> {
    let standard = |id: &str, kind| Collection {
        id: CollectionId(id.into()),
        kind,
        fields: fields::standard(kind),
        ..Collection::default()
    };
    vec![
        standard("contacts", Kind::Contacts),
        standard("calendar", Kind::Calendar),
        standard("notes", Kind::Notes),
        tasks(),
    ]
}

impl<S: Store> End<S> {
    pub fn new(store: S) -> Self {
        let settings = Settings { sealer: Sealer::new(b"0123456789abcdef"), ..Settings::default() };
        let end = Self { store, settings };
        let sealed = end.settings.sealer.as_ref().unwrap().seal("ann", "right", [3; 32]);
        let login = Login { name: "ann".into(), account: account(), sealed, local: false };
        let mut edits = vec![Edit::AddAccount { created: CREATED }, Edit::PutLogin(login)];
        edits.extend(collections().into_iter().map(Edit::PutCollection));
        let token = Token {
            hash: token_hash(TOKEN),
            account: account(),
            login: "ann".into(),
            label: String::new(),
            created: CREATED,
            expires: 0,
        };
        end.commit(Batch { edits, tokens: vec![token], ..Batch::default() }, CREATED);
        end
    }

    pub fn commit(&self, batch: Batch, now: i64) {
        let batch = Batch { account: account(), now, ..batch };
        now_or_never(self.store.commit(&batch)).unwrap();
    }

    fn write(&self, collection: &str, id: &str, content: Content, now: i64) {
        let old = self.record(collection, id);
        let change = of_phone(collection, id, content, old.is_none());
        self.commit(Batch { guard: Guard::default(), changes: vec![change], ..Batch::default() }, now);
    }

    /// What a phone would write.
    pub fn put(&self, collection: &str, id: &str, bytes: &str, now: i64) {
        self.write(collection, id, body(collection, bytes), now);
    }

    /// New records at once, as an import would.
    pub fn put_all(&self, collection: &str, records: impl Iterator<Item = (String, String)>) {
        let change =
            |(id, bytes): (String, String)| of_phone(collection, &id, body(collection, &bytes), true);
        self.commit(Batch { changes: records.map(change).collect(), ..Batch::default() }, 0);
    }

    /// Sets plain fields, as an app would.
    pub fn set(&self, collection: &str, id: &str, values: &[(&str, &str)], now: i64) {
        let declared = collections().into_iter().find(|known| known.id.0 == collection).unwrap();
        let values: Vec<_> =
            values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let old = self.record(collection, id);
        let old = old.as_ref().and_then(|record| record.content.body());
        let body = fields::patch(old, declared.kind, &declared.fields, &values).unwrap();
        self.write(collection, id, Content::Body(body), now);
    }

    pub fn delete(&self, collection: &str, id: &str, now: i64) {
        self.write(collection, id, Content::Deleted, now);
    }

    pub fn record(&self, collection: &str, id: &str) -> Option<Record> {
        let mut reads = Reads::of(Who::Account(account()));
        reads.records = vec![(collection.into(), vec![RecordId::new(id).unwrap()])];
        now_or_never(self.store.read(&reads)).unwrap().records.pop()
    }

    pub fn bytes(&self, collection: &str, id: &str) -> String {
        let record = self.record(collection, id).unwrap();
        String::from_utf8(record.content.body().unwrap().bytes.clone()).unwrap()
    }

    pub fn live(&self, collection: &str) -> Vec<Record> {
        records(&self.store, account(), collection, true)
    }

    /// Everything live, as plain fields by id.
    pub fn view(&self, collection: &str) -> BTreeMap<String, Vec<(String, String)>> {
        let declared = collections().into_iter().find(|known| known.id.0 == collection).unwrap();
        let view = |record: Record| {
            let fields = fields::project(record.content.body().unwrap(), &declared.fields);
            let said = fields.into_iter().filter(|(_, value)| !value.is_empty() && value != "0");
            (record.id.as_str().to_owned(), said.collect())
        };
        self.live(collection).into_iter().map(view).collect()
    }

    pub fn value(&self, collection: &str, id: &str, name: &str) -> String {
        let view = self.view(collection);
        let found = view[id].iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

fn body(collection: &str, bytes: &str) -> Content {
    let form = match collection {
        "contacts" if bytes.contains("VERSION:3.0") => Form::Vcard30,
        "contacts" => Form::Vcard21,
        "calendar" => Form::Icalendar20,
        "notes" => Form::Plain,
        _ => Form::Table,
    };
    Content::Body(Body { form, bytes: bytes.into() })
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// It never arrives.
    LostRequest,
    /// It arrives, its answer does not.
    LostAnswer,
    /// The client dies before it is sent.
    DiesBefore,
    /// The client dies while it is on its way.
    DiesAfter,
}

/// A server of another mind.
pub type Instead = Box<dyn Fn(&Outgoing) -> Option<Response>>;

pub struct Scene<S> {
    pub here: End<S>,
    pub there: End<MemoryStore>,
    pub upstream: Upstream,
    pub now: Cell<i64>,
    seeds: Cell<u64>,
    /// The requests of the last sync, as `GET contacts` and `POST contacts id=…`.
    pub requests: RefCell<Vec<String>>,
    /// What the server answers instead.
    pub instead: RefCell<Option<Instead>>,
}

impl Scene<MemoryStore> {
    pub fn new(pairs: &[(&str, Mode)]) -> Self {
        Self::over(MemoryStore::new(), pairs)
    }
}

impl<S: Store> Scene<S> {
    pub fn over(store: S, pairs: &[(&str, Mode)]) -> Self {
        let pair = |(collection, mode): &(&str, Mode)| Pair {
            collection: (*collection).into(),
            remote: String::new(),
            mode: *mode,
        };
        let upstream = Upstream {
            account: account(),
            peer: PeerId("upstream:there".into()),
            protocol: Protocol::Max,
            url: "https://there.example/max/".into(),
            password: TOKEN.into(),
            pairs: pairs.iter().map(pair).collect(),
            ..Upstream::default()
        };
        Self {
            here: End::new(store),
            there: End::new(MemoryStore::new()),
            upstream,
            now: Cell::new(CREATED + 1000),
            seeds: Cell::new(0),
            requests: RefCell::default(),
            instead: RefCell::default(),
        }
    }

    pub fn tick(&self) -> i64 {
        self.now.set(self.now.get() + 1000);
        self.now.get()
    }

    fn seed(&self) -> Seed {
        self.seeds.set(self.seeds.get() + 1);
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seeds.get().to_be_bytes());
        Seed::new(key)
    }

    pub fn step(&self, input: Input) -> Step {
        let (store, settings) = (&self.here.store, &self.here.settings);
        now_or_never(call::step(&self.upstream, input, store, settings, self.tick(), self.seed()))
    }

    pub fn standing(&self) -> Standing {
        now_or_never(call::standing(&self.upstream, &self.here.store)).unwrap()
    }

    /// What the server answers.
    pub fn carry(&self, outgoing: &Outgoing) -> Response {
        if let Some(instead) = &*self.instead.borrow()
            && let Some(response) = instead(outgoing)
        {
            return response;
        }
        let target = outgoing.url.strip_prefix("https://there.example").unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let body = String::from_utf8(outgoing.body.clone()).unwrap();
        let line = format!("{} {} {body}", outgoing.method, path.trim_start_matches("/max/"));
        self.requests.borrow_mut().push(line.trim_end().to_owned());
        let request = Request {
            method: outgoing.method.clone(),
            path: path.into(),
            query: query.into(),
            headers: outgoing.headers.clone(),
            body: outgoing.body.clone(),
            origin: "https://there.example".into(),
            address: "192.0.2.1".into(),
        };
        now_or_never(serve(request, &self.there.store, &self.there.settings, self.tick(), self.seed()))
            .response
    }

    /// A sync to its end; `fault` says what happens to each request, by its number from 0.
    pub fn sync_with(&self, mut fault: impl FnMut(usize) -> Fault) -> Report {
        self.requests.borrow_mut().clear();
        let mut input = Input::Begin;
        for number in 0..20_000 {
            match self.step(input) {
                Step::Done(report) => return report,
                Step::Wait(until, _) => {
                    self.now.set(until.max(self.now.get()));
                    input = Input::Begin;
                }
                Step::Send(outgoing, _) => {
                    input = match fault(number) {
                        Fault::None => Input::Answer(self.carry(&outgoing)),
                        Fault::LostRequest => Input::Lost("connection refused".into()),
                        Fault::LostAnswer => {
                            self.carry(&outgoing);
                            Input::Lost("connection reset".into())
                        }
                        Fault::DiesBefore => Input::Begin,
                        Fault::DiesAfter => {
                            self.carry(&outgoing);
                            Input::Begin
                        }
                    }
                }
            }
        }
        panic!("the sync does not end");
    }

    /// A sync without faults that must end well.
    #[track_caller]
    pub fn sync(&self) -> Report {
        let report = self.sync_with(|_| Fault::None);
        assert_eq!(report.error, None, "{report:?}");
        assert_eq!(report.ended, Ended::Complete);
        report
    }

    pub fn posts(&self) -> usize {
        self.requests.borrow().iter().filter(|line| line.starts_with("POST")).count()
    }

    /// Both ends say the same, and a further sync has nothing to say.
    #[track_caller]
    pub fn settled(&self) {
        for pair in &self.upstream.pairs {
            let (here, there) = (self.here.view(&pair.collection), self.there.view(&pair.collection));
            assert_eq!(here, there, "{}", pair.collection);
        }
        let heads = || (self.here.head(), self.there.head());
        let before = heads();
        let report = self.sync();
        assert_eq!(self.posts(), 0, "{:?}", self.requests.borrow());
        assert_eq!(heads(), before, "a quiet sync changes no record");
        for outcome in report.collections {
            assert_eq!((outcome.sent, outcome.received, outcome.conflicts), Default::default());
        }
        assert_eq!(self.standing().pending, 0);
    }
}

impl<S: Store> End<S> {
    pub fn head(&self) -> i64 {
        let reads = Reads::of(Who::Account(account()));
        now_or_never(self.store.read(&reads)).unwrap().account.unwrap().head
    }
}

pub fn card(name: &str, more: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:2.1\r\nN:{name};Test\r\nFN:Test {name}\r\n{more}END:VCARD\r\n")
}
