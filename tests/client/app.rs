//! A store of its own that is synchronised with a server, and the one who carries the requests.
#![allow(dead_code)]

use crate::house::asked::{records, texts};
use crate::house::now;
use crate::world::{BORN, World, collection};
use anchorage::content;
use anchorage::exchange::Seed;
use anchorage::http::{Request, Response};
use anchorage::journal::matching;
use anchorage::peer::PeerId;
use anchorage::record::{AccountId, Body, CollectionId, Content, Kind, Record, RecordId};
use anchorage::settings::Settings;
use anchorage::store::{Batch, Change, Edit, Policy, Store};
use anchorage::syncml::client;
use anchorage::syncml::codec::{decode, encode};
use anchorage::upstream::{Ended, Input, Mode, Outgoing, Pair, Report, Standing, Step, Upstream};
use std::cell::Cell;

/// A client: its store, and its upstream.
pub struct App<S> {
    pub store: S,
    pub upstream: Upstream,
    pub settings: Settings,
    pub drawn: Cell<u64>,
    /// What the server is made to say of its `MaxMsgSize`.
    pub squeezed: Option<u64>,
    /// Requests carried in all.
    pub carried: Cell<u64>,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Arrives,
    /// The process dies before it is sent.
    DiedBefore,
    LostRequest,
    LostAnswer,
    /// The process dies before the answer is heard.
    DiedAfter,
}

pub fn account() -> AccountId {
    AccountId("local".into())
}

pub fn pair(collection: &str, mode: Mode) -> Pair {
    Pair { collection: collection.into(), remote: String::new(), mode }
}

impl<S: Store> App<S> {
    pub fn new(store: S, name: &str) -> Self {
        let upstream = Upstream {
            account: account(),
            peer: PeerId(format!("upstream:{name}")),
            url: "https://sync.example/syncml".into(),
            login: "ann".into(),
            password: "secret".into(),
            device: format!("app-{name}"),
            pairs: vec![pair("contacts", Mode::TwoWay)],
            ..Upstream::default()
        };
        let collections = [
            collection("contacts", Kind::Contacts, &["addressbook"], Policy::Merge),
            collection("calendar", Kind::Calendar, &[], Policy::Merge),
            collection("todo", Kind::Todo, &[], Policy::Merge),
            collection("notes", Kind::Notes, &[], Policy::Merge),
        ];
        let mut edits = vec![Edit::AddAccount { created: BORN }];
        edits.extend(collections.into_iter().map(Edit::PutCollection));
        now(store.commit(&Batch { account: account(), now: BORN, edits, ..Batch::default() })).unwrap();
        let seed = name.bytes().map(u64::from).sum::<u64>() * 1_000_000;
        Self {
            store,
            upstream,
            settings: Settings::default(),
            drawn: Cell::new(seed),
            squeezed: None,
            carried: Cell::new(0),
        }
    }

    /// With a server that takes messages of so many bytes only.
    pub fn squeezed(self, bytes_max: u64) -> Self {
        Self { squeezed: Some(bytes_max), ..self }
    }

    pub fn with(mut self, change: impl FnOnce(&mut Upstream)) -> Self {
        change(&mut self.upstream);
        self
    }

    pub fn mode(&mut self, mode: Mode) -> &mut Self {
        self.upstream.pairs.iter_mut().for_each(|pair| pair.mode = mode);
        self
    }

    fn seed(&self) -> Seed {
        self.drawn.set(self.drawn.get() + 1);
        let mut key = [1; 32];
        key[..8].copy_from_slice(&self.drawn.get().to_be_bytes());
        Seed::new(key)
    }

    // ------------------------------------------------------------------------------------------------ what is in the store

    /// Writes a record by hand.
    pub fn put(&self, clock: i64, id: &str, text: &str) {
        self.put_in("contacts", clock, id, Some(text.as_bytes()));
    }

    pub fn remove(&self, clock: i64, id: &str) {
        self.put_in("contacts", clock, id, None);
    }

    pub fn put_in(&self, collection: &str, clock: i64, id: &str, bytes: Option<&[u8]>) {
        let content = match bytes {
            Some(bytes) => Content::Body(Body {
                form: content::recognise((collection == "notes").then_some("text/plain"), bytes),
                bytes: bytes.to_vec(),
            }),
            None => Content::Deleted,
        };
        let change = Change {
            collection: CollectionId(collection.into()),
            id: RecordId::new(id).unwrap(),
            key: content.body().and_then(matching::key),
            content,
            parent: None,
            origin: String::new(),
            insert: false,
            supersede: true,
        };
        let batch = Batch { account: account(), now: clock, changes: vec![change], ..Batch::default() };
        now(self.store.commit(&batch)).unwrap();
    }

    pub fn records(&self, collection: &str) -> Vec<Record> {
        records(&self.store, account(), collection, true)
    }

    /// The live contents of a collection, sorted, as text.
    pub fn live(&self, collection: &str) -> Vec<String> {
        texts(&self.records(collection))
    }

    /// The id of the record that holds a text.
    pub fn id_of(&self, part: &str) -> String {
        let records = self.records("contacts");
        let holds = |record: &&Record| {
            record.content.body().is_some_and(|body| String::from_utf8_lossy(&body.bytes).contains(part))
        };
        let found: Vec<&Record> = records.iter().filter(holds).collect();
        assert_eq!(found.len(), 1, "{part} in {:?}", self.live("contacts"));
        found[0].id.as_str().to_owned()
    }

    // ------------------------------------------------------------------------------------------------ carrying

    pub fn step(&self, input: Input, clock: i64) -> Step {
        now(client::step(&self.upstream, input, &self.store, &self.settings, clock, self.seed()))
    }

    pub fn standing(&self) -> Standing {
        now(client::standing(&self.upstream, &self.store)).unwrap()
    }

    /// A sync without faults.
    pub fn sync<T: Store>(&self, world: &World<T>) -> Report {
        self.sync_through(world, &mut |_, _| Fate::Arrives)
    }

    /// The same, and it must end well.
    pub fn synced<T: Store>(&self, world: &World<T>) -> Report {
        let report = self.sync(world);
        assert_eq!((report.ended, &report.error), (Ended::Complete, &None), "{}", world.last_line());
        report
    }

    fn answer(&self, mut response: Response) -> Response {
        if let Some(squeezed) = self.squeezed
            && let Ok((mut message, encoding)) = decode(&response.body)
        {
            message.header.meta.max_message_bytes = Some(squeezed);
            response.body = encode(&message, encoding);
        }
        response
    }

    /// A sync with whatever answers.
    pub fn sync_with(&self, clock: &mut i64, answer: &mut dyn FnMut(Outgoing) -> Option<Response>) -> Report {
        let mut input = Input::Begin;
        for _ in 0..20_000 {
            *clock += 1;
            match self.step(input, *clock) {
                Step::Done(report) => return report,
                Step::Wait(until, _) => {
                    assert!(until > *clock, "a wait that waits for nothing");
                    *clock = until;
                    input = Input::Lost("waited".into());
                }
                Step::Send(outgoing, _) => {
                    self.carried.set(self.carried.get() + 1);
                    let answer = answer(outgoing);
                    input = answer.map_or(Input::Lost("the wire is cut".into()), Input::Answer);
                }
            }
        }
        panic!("no end of it");
    }

    /// A sync in which each request, counted from 0, has a fate.
    pub fn sync_through<T: Store>(
        &self,
        world: &World<T>,
        fate: &mut dyn FnMut(u64, &Outgoing) -> Fate,
    ) -> Report {
        let mut input = Input::Begin;
        let (mut number, mut heard) = (0, false);
        for _ in 0..20_000 {
            world.tick(1);
            match self.step(input, world.clock.get()) {
                Step::Done(report) => return report,
                Step::Wait(until, _) => {
                    let left = until - world.clock.get();
                    world.tick(left.max(1));
                    input = Input::Lost("waited".into());
                }
                Step::Send(outgoing, _) => {
                    let fate = fate(number, &outgoing);
                    number += 1;
                    self.carried.set(self.carried.get() + 1);
                    let arrives = !matches!(fate, Fate::DiedBefore | Fate::LostRequest);
                    let answer = arrives.then(|| {
                        let most = self.squeezed.unwrap_or(500_000);
                        assert!(
                            !heard || outgoing.body.len() as u64 <= most,
                            "{} bytes",
                            outgoing.body.len()
                        );
                        self.answer(post(world, outgoing))
                    });
                    heard |= fate == Fate::Arrives;
                    input = match (fate, answer) {
                        (Fate::Arrives, Some(answer)) => Input::Answer(answer),
                        (Fate::DiedBefore | Fate::DiedAfter, _) => Input::Begin,
                        _ => Input::Lost("the wire is cut".into()),
                    };
                }
            }
        }
        panic!("no end of it: {}", world.last_line());
    }
}

/// One request, as it arrives.
pub fn post<T: Store>(world: &World<T>, outgoing: Outgoing) -> Response {
    let rest =
        outgoing.url.strip_prefix("https://sync.example").unwrap_or_else(|| panic!("{}", outgoing.url));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let response = world
        .serve(Request {
            method: outgoing.method,
            path: path.into(),
            query: query.into(),
            headers: outgoing.headers,
            body: outgoing.body,
            origin: "https://sync.example".into(),
            address: world.address.borrow().clone(),
        })
        .response;
    if std::env::var("TRACE").is_ok() {
        eprintln!("{}", world.last_line());
    }
    response
}

pub fn card(name: &str, note: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nN:{name};;;;\r\nFN:{name}\r\nNOTE:{note}\r\nEND:VCARD\r\n")
}

/// What both hold, said the same way.
pub fn keys(texts: &[String]) -> Vec<String> {
    let key = |text: &String| {
        let form = content::recognise(None, text.as_bytes());
        matching::key(&Body { form, bytes: text.clone().into_bytes() }).unwrap_or_default()
    };
    let mut keys: Vec<String> = texts.iter().map(key).collect();
    keys.sort();
    keys
}

/// Both ends hold the same, and have nothing more to say.
pub fn agree<S: Store, T: Store>(app: &App<S>, world: &World<T>) {
    assert_eq!(
        keys(&app.live("contacts")),
        keys(&world.live("contacts")),
        "{:#?}\n{:#?}",
        app.live("contacts"),
        world.live("contacts")
    );
}
