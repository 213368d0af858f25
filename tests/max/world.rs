//! A world to speak MAX in: one account, a few data sources, a clock that is set by hand, and a reader of answers that holds
//! every single one of them to the rules of MAX 6.

pub use crate::asked::now_or_never;
use crate::played;
pub use crate::played::{CREATED, bare, field, with};
use anchorage::content::fields::FieldKind;
use anchorage::exchange::{Seed, Served, exchange};
use anchorage::http::{Request, Response, coding};
use anchorage::max::Max;
use anchorage::record::{AccountId, CollectionId};
use anchorage::secret::{Sealer, token_hash};
use anchorage::settings::Settings;
use anchorage::store::memory::MemoryStore;
use anchorage::store::{Batch, Collection, Edit, Login, Store, Token};
use quick_xml::Reader;
use quick_xml::events::Event;
use std::cell::Cell;

pub const TOKEN: &str = "to+ken/1=";
pub const AUTH: &str = "auth=to%2Bken%2F1%3D";

pub struct World<S> {
    pub store: S,
    pub settings: Settings,
    pub now: i64,
    seeds: Cell<u8>,
}

pub fn account() -> AccountId {
    AccountId("home".into())
}

pub fn tasks() -> Collection {
    Collection { aliases: vec!["chores".into()], ..played::tasks() }
}

impl<S: Store> World<S> {
    pub fn new(store: S) -> Self {
        let settings = Settings { sealer: Sealer::new(b"0123456789abcdef"), ..Settings::default() };
        let world = Self { store, settings, now: CREATED + 1000, seeds: Cell::new(0) };
        let fixed =
            Collection { id: CollectionId("fixed".into()), aliases: vec![], read_only: true, ..tasks() };
        let parts = Collection {
            id: CollectionId("parts".into()),
            aliases: vec![],
            fields: vec![field("title", FieldKind::String), field("code", FieldKind::PrimaryKey)],
            ..tasks()
        };
        let token = |token: &str, login: &str, expires| Token {
            hash: token_hash(token),
            account: account(),
            login: login.into(),
            label: String::new(),
            created: CREATED,
            expires,
        };
        let batch = Batch {
            account: account(),
            now: CREATED,
            edits: vec![
                Edit::AddAccount { created: CREATED },
                Edit::PutLogin(world.login("ann", "right", false)),
                Edit::PutLogin(world.login("demo", "demo", true)),
                Edit::PutCollection(tasks()),
                Edit::PutCollection(fixed),
                Edit::PutCollection(parts),
            ],
            tokens: vec![
                token(TOKEN, "ann", 0),
                token("demo-token", "demo", 0),
                token("stale", "ann", CREATED + 500),
                token("orphan", "nobody", 0),
                token("gone", "ann", 0),
            ],
            ..Batch::default()
        };
        now_or_never(world.store.commit(&batch)).unwrap();
        world.edit(Edit::RevokeToken(token_hash("gone")));
        world
    }

    fn login(&self, name: &str, password: &str, local: bool) -> Login {
        let sealer = self.settings.sealer.as_ref().unwrap();
        Login { name: name.into(), account: account(), sealed: sealer.seal(name, password, [9; 32]), local }
    }

    pub fn edit(&self, edit: Edit) {
        let batch = Batch { account: account(), now: self.now, edits: vec![edit], ..Batch::default() };
        now_or_never(self.store.commit(&batch)).unwrap();
    }

    pub fn seed(&self) -> Seed {
        self.seeds.set(self.seeds.get().wrapping_add(1));
        Seed::new([self.seeds.get(); 32])
    }

    /// Serves a request as the worker does, and holds the answer to the rules.
    pub fn serve(&self, request: Request) -> Served {
        let served = match Max::new(&request, &self.settings) {
            Ok(mut max) => now_or_never(exchange(&mut max, &self.store, self.now, self.seed())),
            Err(served) => *served,
        };
        hold(&request, &served);
        served
    }

    pub fn ask(&self, request: Request) -> Answer {
        Answer::read(&self.serve(request).response)
    }

    pub fn get(&self, target: &str) -> Answer {
        self.ask(get(target))
    }

    /// A feed of `source` after `lbd` that must succeed.
    pub fn feed(&self, source: &str, lbd: &str) -> Answer {
        let answer = self.get(&format!("/max/{source}?lbd={lbd}&{AUTH}"));
        assert_eq!((answer.status, answer.number, &answer.error), (200, None, &None));
        answer
    }

    pub fn post(&self, target: &str, body: &str) -> Answer {
        self.ask(post(target, body))
    }

    /// A submission to `source` that must succeed: its stamp.
    pub fn submit(&self, source: &str, body: &str) -> i64 {
        let answer = self.post(&format!("/max/{source}?{AUTH}"), body);
        assert_eq!((answer.status, answer.number, &answer.error), (200, None, &None), "{body}");
        assert_eq!(answer.title, source);
        assert!(answer.items.is_empty());
        answer.stamp()
    }
}

pub fn get(target: &str) -> Request {
    bare("GET", target)
}

pub fn post(target: &str, body: &str) -> Request {
    let form = ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned());
    Request { method: "POST".into(), headers: vec![form], body: body.into(), ..get(target) }
}

/// A value as a form carries it.
pub fn encode(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

pub fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut values =
        response.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let first = values.next();
    assert_eq!(values.next(), None, "{name} stands twice");
    first
}

/// The bytes as the client sees them, inflated.
pub fn plain(response: &Response) -> Vec<u8> {
    match header(response, "content-encoding") {
        Some("gzip") => coding::gunzip(&response.body, 200_000_000).unwrap(),
        Some("identity") => response.body.clone(),
        other => panic!("content-encoding {other:?}"),
    }
}

/// The rules that hold for every answer, errors too (MAX 6).
pub fn hold(request: &Request, served: &Served) {
    let response = &served.response;
    assert_eq!(header(response, "content-length").unwrap(), response.body.len().to_string());
    assert_eq!(header(response, "cache-control"), Some("private, no-store, no-transform"));
    assert_eq!(header(response, "vary"), Some("Accept-Encoding"));
    assert_eq!(header(response, "referrer-policy"), Some("no-referrer"));
    assert_eq!(header(response, "set-cookie"), None);
    assert_eq!(header(response, "www-authenticate"), None);
    for (name, value) in &response.headers {
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        assert!(value.bytes().all(|b| (0x20..0x7F).contains(&b)), "{name}: {value:?}");
    }
    let plain = plain(response);
    assert!(!plain.starts_with(b"\xEF\xBB\xBF"), "a byte order mark");
    assert!(!plain.is_empty());
    if header(response, "content-encoding") == Some("gzip") {
        assert!(plain.len() > 1024);
        assert!(request.header("accept-encoding").is_some());
    }
    let text = String::from_utf8(plain).unwrap();
    match header(response, "content-type").unwrap() {
        "text/xml; charset=utf-8" => {
            assert!(text.to_lowercase().starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>"));
            events(&text);
        }
        "application/json; charset=utf-8" => {
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
        "text/plain; charset=utf-8" => assert!(text.starts_with("OK:")),
        other => panic!("content-type {other}"),
    }
    let line = served.line.as_deref().unwrap();
    assert!(line.starts_with("max ") && !line.contains(['\n', '\r', '\0', '\u{1b}']), "{line:?}");
    assert!(!line.contains(TOKEN) && !line.contains("auth="), "{line}");
}

/// A document's events, which must be well-formed: tags that match, characters that may be.
pub fn events(text: &str) -> Vec<(String, String)> {
    assert!(text.chars().all(anchorage::record::is_xml_char));
    let mut reader = Reader::from_str(text);
    let mut depth = 0;
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                depth += 1;
                found.push(("start".to_owned(), tag.name().as_ref().to_owned()));
            }
            Event::Empty(tag) => found.push(("empty".to_owned(), tag.name().as_ref().to_owned())),
            Event::End(tag) => {
                depth -= 1;
                found.push(("end".to_owned(), tag.name().as_ref().to_owned()));
            }
            Event::Text(text) => found.push(("text".to_owned(), text.xml10_content().into_owned())),
            // In application files only, as they were imported.
            Event::CData(text) => found.push(("text".to_owned(), text.xml10_content().into_owned())),
            Event::GeneralRef(reference) => {
                let c = match &*reference.xml10_content() {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "apos" => '\'',
                    "quot" => '"',
                    _ => reference.resolve_char_ref().unwrap().unwrap(),
                };
                found.push(("text".to_owned(), c.to_string()));
            }
            Event::Eof => break,
            Event::Decl(_) | Event::Comment(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(depth, 0);
    found
}

/// An answer as a client reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub number: Option<u16>,
    pub x_error: Option<String>,
    pub title: String,
    pub last_build_date: Option<i64>,
    pub error: Option<String>,
    pub more: String,
    pub items: Vec<Vec<(String, String)>>,
}

impl Answer {
    pub fn read(response: &Response) -> Self {
        let mut answer = Self {
            status: response.status,
            number: header(response, "x-status-code").map(|number| number.parse().unwrap()),
            x_error: header(response, "x-error").map(str::to_owned),
            ..Self::default()
        };
        let text = String::from_utf8(plain(response)).unwrap();
        let mut path: Vec<String> = Vec::new();
        let mut value = String::new();
        for (what, text) in events(&text) {
            match what.as_str() {
                "start" => {
                    path.push(text);
                    value.clear();
                    if path.join("/") == "rss/channel/item" {
                        answer.items.push(Vec::new());
                    }
                }
                "text" => value.push_str(&text),
                "end" => {
                    let names: Vec<&str> = path.iter().map(String::as_str).collect();
                    match names.as_slice() {
                        ["rss", "channel", "title"] => answer.title.clone_from(&value),
                        ["rss", "channel", "lastBuildDate"] => {
                            answer.last_build_date = Some(value.parse().unwrap())
                        }
                        ["rss", "channel", "more"] => answer.more.clone_from(&value),
                        ["rss", "channel", "error"] => answer.error = Some(value.clone()),
                        ["rss", "channel", "item", name] => {
                            answer.items.last_mut().unwrap().push(((*name).to_owned(), value.clone()));
                        }
                        ["rss"] | ["rss", "channel"] | ["rss", "channel", "item"] => {}
                        other => panic!("{other:?}"),
                    }
                    path.pop();
                    value.clear();
                }
                other => panic!("{other}"),
            }
        }
        answer
    }

    pub fn stamp(&self) -> i64 {
        self.last_build_date.unwrap()
    }

    /// The items as `name=value` lines.
    pub fn lines(&self) -> Vec<String> {
        let line = |item: &Vec<(String, String)>| {
            item.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        self.items.iter().map(line).collect()
    }

    /// A refusal in every spelling: status, number, the same words in header and body.
    #[track_caller]
    pub fn refused(&self, status: u16, number: u16, words: &str) {
        assert_eq!((self.status, self.number), (status, Some(number)), "{self:?}");
        let error = self.error.as_deref().unwrap();
        assert!(error.contains(words), "{error}");
        if error.is_ascii() {
            assert_eq!(self.x_error.as_deref(), Some(error));
        }
        assert!(self.items.is_empty() && self.last_build_date.is_none());
    }
}

pub type InMemory = World<MemoryStore>;
