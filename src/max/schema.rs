//! A MAX application file: which data sources it declares, with which fields (MAX 4), and everything that is wrong in it.
//!
//! Its pages, queries and menus are the phone's business and are not looked at. How the file is served back is in
//! `application`; the XML beneath is in `schema/document.rs`.

mod document;

pub(super) use document::{Element, read as read_document};

use crate::content::fields::{Field, FieldKind};
use crate::limits;
use crate::record::{CollectionId, Kind};
use crate::store::Collection;
use std::collections::BTreeSet;

/// The names that no data source can have: they are routes.
pub const RESERVED_SOURCES: [&str; 1] = ["logon"];

/// The longest name of a data source or a field, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The most fields of one data source, and the most data sources of one file.
const FIELDS_MAX: usize = 200;
const SOURCES_MAX: usize = 50;

/// An application file, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// `companyid.appid`.
    pub id: String,
    /// Its data sources as collections, each carrying the file.
    pub collections: Vec<Collection>,
}

/// One thing wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what to write instead.
    pub words: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.words)
    }
}

/// Reads an application file; every problem in it, in the order of the file, where there is one.
pub fn read(bytes: &[u8]) -> Result<Application, Vec<Problem>> {
    let alone = |words: String| vec![Problem { line: 1, column: 1, words }];
    if bytes.len() > limits::APPLICATION_BYTES_MAX {
        return Err(alone(format!("the file is larger than {} bytes", limits::APPLICATION_BYTES_MAX)));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = str::from_utf8(bytes).map_err(|error| {
        let valid =
            String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default()).into_owned();
        let (line, column) = document::place(&valid, valid.len());
        vec![Problem { line, column, words: "the file must be UTF-8".into() }]
    })?;
    let (root, mut found) = document::read(text);
    let mut check = Check { found: &mut found };
    let application = root.map(|root| check.application(&root, text));
    found.sort_by_key(|(at, _)| *at);
    let problem = |(at, words)| {
        let (line, column) = document::place(text, at);
        Problem { line, column, words }
    };
    match application {
        Some(application) if found.is_empty() => Ok(application),
        _ => Err(found.into_iter().map(problem).collect()),
    }
}

/// The name of a collection's primary key: `id` where it declares none.
pub fn primary_key(collection: &Collection) -> &str {
    let key = collection.fields.iter().find(|field| field.kind == FieldKind::PrimaryKey);
    key.map(|field| field.name.as_str()).filter(|name| is_name(name)).unwrap_or("id")
}

/// Whether a parameter's name has a meaning of its own, so that no field can have it.
pub fn is_reserved(name: &str) -> bool {
    name.starts_with('_') || name == "auth" || name == "lbd"
}

/// Whether a name is an XML element name (XML 1.0, section 2.3) without a colon.
pub fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(starts_name) && chars.all(continues_name)
}

fn starts_name(c: char) -> bool {
    matches!(c, 'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

fn continues_name(c: char) -> bool {
    starts_name(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Whether a data source is a plain feed that some other server gives.
pub(super) fn is_foreign(source: &Element) -> bool {
    source.all("webservice").any(|service| service.attribute("type") == Some("rss"))
}

/// Collects what is wrong while reading what is declared.
struct Check<'a> {
    found: &'a mut Vec<document::Found>,
}

impl Check<'_> {
    fn say(&mut self, element: &Element, words: impl Into<String>) {
        self.found.push((element.open.start, words.into()));
    }

    fn application(&mut self, root: &Element, text: &str) -> Application {
        if root.name != "max" {
            self.say(root, format!("the root element must be <max>, not <{}>", root.name));
        }
        let id = self.application_id(root);
        for child in root.children.iter().filter(|child| child.name != "datasrc") {
            self.strays(child);
        }
        let sources: Vec<&Element> = root.all("datasrc").collect();
        if sources.is_empty() {
            self.say(root, "the file declares no data source: it needs at least one <datasrc>");
        }
        if sources.len() > SOURCES_MAX {
            self.say(root, format!("there are more than {SOURCES_MAX} data sources"));
        }
        let mut names = BTreeSet::new();
        let mut collections = Vec::new();
        for source in sources {
            let id = self.source_id(source);
            if !id.is_empty() && !names.insert(id.clone()) {
                self.say(source, format!("the data source {id} stands twice"));
            }
            let fields = self.fields(source);
            if !is_foreign(source) {
                collections.push(Collection {
                    id: CollectionId(id),
                    kind: Kind::Table,
                    fields,
                    application: text.to_owned(),
                    ..Collection::default()
                });
            }
        }
        Application { id, collections }
    }

    fn application_id(&mut self, root: &Element) -> String {
        let id = root.attribute("id").unwrap_or_default();
        let part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        };
        let parts: Vec<&str> = id.split('.').collect();
        if id.is_empty() {
            self.say(root, "<max> has no id: write <max id=\"companyid.appid\">");
        } else if id.len() > NAME_BYTES_MAX || parts.len() < 2 || !parts.iter().all(|text| part(text)) {
            self.say(root, format!("the id of <max> must be companyid.appid, not {id}"));
        } else if parts.first() == Some(&"system") {
            self.say(root, "the company id system is reserved");
        }
        id.to_owned()
    }

    /// A data source that stands deeper would be overlooked: say so.
    fn strays(&mut self, element: &Element) {
        for child in &element.children {
            if child.name == "datasrc" {
                self.say(child, format!("<datasrc> must stand directly in <max>, not in <{}>", element.name));
            }
            self.strays(child);
        }
    }

    fn source_id(&mut self, source: &Element) -> String {
        let id = source.attribute("id").unwrap_or_default();
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if id.is_empty() {
            self.say(source, "<datasrc> has no id");
        } else if !plain || id.len() > NAME_BYTES_MAX || id.starts_with('.') {
            let words = "must be 1 to 64 letters, digits, '.', '-' or '_' and not begin with '.'";
            self.say(source, format!("the id of <datasrc> {words}, not {id}"));
        } else if RESERVED_SOURCES.contains(&id) {
            self.say(source, format!("the data source name {id} is reserved"));
        }
        id.to_owned()
    }

    fn fields(&mut self, source: &Element) -> Vec<Field> {
        let mut fields: Vec<Field> = Vec::new();
        let mut services = 0;
        for child in &source.children {
            match child.name.as_str() {
                "webservice" => {
                    services += 1;
                    self.service(child, services);
                }
                "field" => {
                    let field = self.field(child);
                    if !field.name.is_empty() && fields.iter().any(|known| known.name == field.name) {
                        self.say(child, format!("the field {} stands twice", field.name));
                    }
                    if fields.len() == FIELDS_MAX {
                        self.say(child, format!("a data source has at most {FIELDS_MAX} fields"));
                        break;
                    }
                    fields.push(field);
                }
                other => self.say(
                    child,
                    format!("<{other}> cannot stand in <datasrc>: only <webservice> and <field> can"),
                ),
            }
        }
        match fields.iter().filter(|field| field.kind == FieldKind::PrimaryKey).count() {
            1 => {}
            _ if is_foreign(source) => {}
            0 => self.say(
                source,
                "this data source has no primary key: write <field type=\"primarykey\">id</field>",
            ),
            _ => self.say(source, "this data source has more than one primary key"),
        }
        fields
    }

    fn service(&mut self, service: &Element, count: usize) {
        if count == 2 {
            self.say(service, "a data source has one <webservice> only");
        }
        if let Some(other) = service.attribute("type").filter(|kind| !matches!(*kind, "query" | "rss")) {
            self.say(service, format!("the type of <webservice> must be query or rss, not {other}"));
        }
        let number =
            |ttl: &&str| !ttl.is_empty() && ttl.len() <= 9 && ttl.bytes().all(|b| b.is_ascii_digit());
        if let Some(other) = service.attribute("ttl").filter(|ttl| !number(ttl)) {
            self.say(service, format!("the ttl of <webservice> must be a number of minutes, not {other}"));
        }
        self.leaf(service);
    }

    fn field(&mut self, element: &Element) -> Field {
        let name = element.text.trim().to_owned();
        if name.is_empty() {
            self.say(element, "<field> has no name: write <field type=\"string\">title</field>");
        } else if is_reserved(&name) {
            self.say(
                element,
                format!("the field name {name} is reserved: no field begins with '_' or is auth or lbd"),
            );
        } else if !is_name(&name) || name.len() > NAME_BYTES_MAX {
            self.say(
                element,
                format!("the field name {name} is no XML element name of at most {NAME_BYTES_MAX} bytes"),
            );
        }
        let kind = match element.attribute("type") {
            Some("primarykey") => FieldKind::PrimaryKey,
            Some("string") | None => FieldKind::String,
            Some("integer") => FieldKind::Integer,
            Some("date") => FieldKind::Date,
            Some("real") => FieldKind::Real,
            Some(other) => {
                let types = "primarykey, string, integer, date or real";
                self.say(element, format!("the type of the field {name} must be {types}, not {other}"));
                FieldKind::String
            }
        };
        self.leaf(element);
        Field { name, kind, path: String::new() }
    }

    fn leaf(&mut self, element: &Element) {
        if let Some(child) = element.children.first() {
            self.say(child, format!("<{}> cannot stand in <{}>", child.name, element.name));
        }
    }
}
