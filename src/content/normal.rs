//! What a property says, whatever its dialect, order, encoding and spelling: by this, merging and matching compare.
//!
//! Left out are the words about the object itself (`VERSION`, `REV`, `UID`, …) and what is empty.

use crate::content::value::{self, Dialect, Shape};
use crate::content::{dates, note};
use crate::record::{Body, Component, Entry, Form, Properties, Property};
use crate::secret;
use std::collections::BTreeSet;

/// How deep cards in cards (`AGENT`) are compared by what they say; deeper ones by their text.
const AGENTS_MAX: usize = 4;

/// One property, normalised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Its types, without those that every device adds or drops.
    pub types: BTreeSet<String>,
    /// Its other parameters, spelled `NAME=VALUE`, without those about encoding.
    pub parameters: BTreeSet<String>,
    /// Its value, decoded; empty where it says nothing.
    pub value: String,
}

impl Line {
    /// A property of a body in this form.
    pub fn of(property: &Property, form: &Form) -> Self {
        Self::inside(property, form, 0)
    }

    fn inside(property: &Property, form: &Form, agents: usize) -> Self {
        if *form == Form::Table {
            let value = value::lenient(&property.value);
            return Self {
                name: property.name.clone(),
                types: BTreeSet::new(),
                parameters: BTreeSet::new(),
                value,
            };
        }
        let is_binary = value::shape(&property.name) == Shape::Binary;
        let mut types: BTreeSet<String> = value::types(&property.parameters)
            .filter(|word| {
                !is_binary && !matches!(word.as_str(), "VOICE" | "INTERNET" | "INTL" | "POSTAL" | "PARCEL")
            })
            .collect();
        if value::parameter(&property.parameters, "PREF") == Some("1") {
            types.insert("PREF".into());
        }
        let parameters = property
            .parameters
            .iter()
            .filter(|p| !p.bare && !value::is_transfer(p) && !p.name.starts_with("X-"))
            .filter(|p| !matches!(p.name.as_str(), "TYPE" | "PREF" | "VALUE" | "LANGUAGE" | "MEDIATYPE"))
            // A zone we know is in the value, which is in UTC.
            .filter(|p| p.name != "TZID" || p.values.first().is_none_or(|name| dates::zone(name).is_none()))
            .map(|p| format!("{}={}", p.name, p.values.join(",")).to_uppercase())
            .collect();
        let value = match agent(property, form).filter(|_| agents < AGENTS_MAX) {
            Some(card) => lines_inside(&card, true, agents + 1).join("\u{5}"),
            None => normal_value(property, value::dialect(form)),
        };
        Self { name: property.name.clone(), types, parameters, value }
    }

    /// The property in one line of text, and without `PREF`, which phones lose, where `loosely`.
    pub fn text(&self, loosely: bool) -> String {
        let types: Vec<&str> =
            self.types.iter().map(String::as_str).filter(|word| !(loosely && *word == "PREF")).collect();
        let parameters: Vec<&str> = self.parameters.iter().map(String::as_str).collect();
        format!("{}\u{1}{}\u{1}{}\u{1}{}", self.name, types.join(","), parameters.join(";"), self.value)
    }
}

/// Whether a property is about the object and not about what it describes.
pub fn is_bookkeeping(name: &str) -> bool {
    matches!(
        name,
        "VERSION"
            | "PRODID"
            | "UID"
            | "REV"
            | "DTSTAMP"
            | "LAST-MODIFIED"
            | "CREATED"
            | "DCREATED"
            | "SEQUENCE"
            | "CALSCALE"
            | "METHOD"
            | "TZ"
            | "DAYLIGHT"
    )
}

/// The card in an `AGENT`.
fn agent(property: &Property, form: &Form) -> Option<Body> {
    if property.name != "AGENT" || !value::is_card(&property.value) {
        return None;
    }
    let bytes = match form {
        Form::Vcard21 => property.value.to_vec(),
        _ => value::plain(property, Dialect::MimeDir).into_bytes(),
    };
    Some(Body { form: super::recognise(Some(super::media_type(form).0), &bytes), bytes })
}

fn normal_value(property: &Property, dialect: Dialect) -> String {
    let shape = value::shape(&property.name);
    if shape == Shape::Binary {
        return binary(property);
    }
    let text = value::text(property).unwrap_or_else(|| value::lenient(&property.value));
    let tzid = value::parameter(&property.parameters, "TZID");
    let value = match shape {
        Shape::Text => value::unescaped(&text, dialect, false),
        Shape::Compound => {
            let parts: Vec<String> =
                value::compound(&text, dialect).iter().map(|part| part.trim().to_owned()).collect();
            parts.join("\u{1F}").trim_end_matches('\u{1F}').to_owned()
        }
        Shape::List => {
            let values = value::list(&text, dialect);
            // A comma inside a category is told from one between categories in MIME-DIR only.
            let words: BTreeSet<&str> =
                values.iter().flat_map(|v| v.split([',', ';'])).map(str::trim).collect();
            words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("\u{1F}")
        }
        Shape::Date => date(&text, &property.name, tzid),
        Shape::Dates => {
            let all: BTreeSet<String> =
                text.split([';', ',']).map(|one| date(one, &property.name, tzid)).collect();
            all.into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join(",")
        }
        Shape::Rule => rule(&text),
        Shape::Binary | Shape::Raw => text.replace('\n', "\\n"),
    };
    without_default(&property.name, value.trim().to_owned())
}

/// What the specifications say where nothing is said, and the two spellings of one word.
fn without_default(name: &str, value: String) -> String {
    let word = value.to_ascii_uppercase();
    match (name, word.as_str()) {
        ("PRIORITY" | "PERCENT-COMPLETE", "0")
        | ("TRANSP", "0" | "OPAQUE")
        | ("CLASS", "PUBLIC")
        // SyncEvolution, of a card without a place.
        | ("GEO", ";") => {
            String::new()
        }
        ("TRANSP", "1") => "TRANSPARENT".into(),
        ("STATUS", "NEEDS ACTION") => "NEEDS-ACTION".into(),
        ("STATUS" | "CLASS" | "TRANSP", _) => word,
        ("TEL", _) => value.strip_prefix("tel:").map(str::to_owned).unwrap_or(value),
        _ => value,
    }
}

fn date(text: &str, name: &str, tzid: Option<&str>) -> String {
    match (dates::parse(text), name) {
        (Some(when), "BDAY" | "ANNIVERSARY") => dates::When::Day(when.date()).basic(),
        (Some(when), _) => when.normal(tzid, matches!(name, "DTEND" | "DUE")),
        (None, _) => text.trim().to_owned(),
    }
}

/// Parts sorted and defaults left out for iCalendar's grammar, single spaces for vCalendar's.
fn rule(text: &str) -> String {
    let text = text.trim().to_ascii_uppercase();
    if !text.contains('=') {
        return text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let parts: BTreeSet<&str> = text
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty() && *part != "INTERVAL=1" && *part != "WKST=MO")
        .collect();
    parts.into_iter().collect::<Vec<_>>().join(";")
}

fn binary(property: &Property) -> String {
    let data = if value::is_base64(&property.parameters) {
        secret::unbase64_fingerprint(&property.value)
    } else {
        let rest = property.value.strip_prefix(b"data:").unwrap_or_default();
        let comma = rest.iter().position(|byte| *byte == b',');
        comma.and_then(|at| secret::unbase64_fingerprint(rest.get(at + 1..).unwrap_or_default()))
    };
    data.unwrap_or_else(|| value::lenient(&property.value).trim().to_owned())
}

/// All that a body says, one text per property or component, sorted; empty where it says nothing. Of a vNote only the text, where
/// `loosely`: phones that have nothing but text hold the same note.
pub fn lines(body: &Body, loosely: bool) -> Vec<String> {
    lines_inside(body, loosely, 0)
}

fn lines_inside(body: &Body, loosely: bool, agents: usize) -> Vec<String> {
    match &body.form {
        Form::Plain | Form::Vnote11 if loosely || body.form == Form::Plain => {
            let text = note::text(body).replace("\r\n", "\n").replace('\r', "\n");
            let text = text.trim_end();
            if text.is_empty() { Vec::new() } else { vec![text.to_owned()] }
        }
        Form::Opaque(_) if body.bytes.is_empty() => Vec::new(),
        Form::Opaque(media_type) => vec![format!("{media_type}\u{1}{}", secret::fingerprint(&body.bytes))],
        form => entry_lines(&super::heard(&super::settled(body)), form, loosely, agents),
    }
}

/// Whether nothing at all is said in it: no property has a value, and no line is anything else than a property.
pub fn is_silent(body: &Body) -> bool {
    fn has_strays(entries: &[Entry]) -> bool {
        entries.iter().any(|entry| match entry {
            Entry::Property(_) => false,
            Entry::Component(component) => has_strays(&component.entries),
            Entry::Stray(raw) => !raw.trim_ascii().is_empty(),
        })
    }
    let has_lines = !matches!(body.form, Form::Table | Form::Plain | Form::Opaque(_));
    lines(body, false).is_empty() && !(has_lines && has_strays(&super::read(&super::settled(body)).entries))
}

/// The same of entries that are read already, not loosely.
pub fn lines_of(entries: Vec<Entry>, form: &Form) -> Vec<String> {
    match form {
        Form::Plain | Form::Opaque(_) => {
            lines(&super::write(&Properties { form: form.clone(), entries }), false)
        }
        form => entry_lines(&entries, form, false, 0),
    }
}

fn entry_lines(entries: &[Entry], form: &Form, loosely: bool, agents: usize) -> Vec<String> {
    let mut lines: Vec<String> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Property(property) if *form != Form::Table && is_bookkeeping(&property.name) => None,
            Entry::Property(property) => {
                let line = Line::inside(property, form, agents);
                (!line.value.is_empty()).then(|| line.text(loosely))
            }
            Entry::Component(component) => said(component, form, loosely, agents),
            Entry::Stray(_) => None,
        })
        .collect();
    lines.sort();
    lines
}

/// A component in one text; `None` where it says nothing. Time zones say nothing of their own: times are compared in UTC.
pub fn component_text(component: &Component, form: &Form) -> Option<String> {
    said(component, form, false, 0)
}

fn said(component: &Component, form: &Form, loosely: bool, agents: usize) -> Option<String> {
    let lines = entry_lines(&component.entries, form, loosely, agents);
    let says = component.name != "VTIMEZONE" && !lines.is_empty();
    says.then(|| format!("BEGIN:{}\u{2}{}\u{3}", component.name, lines.join("\u{2}")))
}
