//! A collection's plain fields: what MAX shows (MAX sections 2.2, 3.3 and 4), as property paths. The paths' language is in
//! `content/path.rs`, writing in `content/patch.rs`.

use crate::content::dates;
use crate::content::path::{self, Path, Target, View};
use crate::content::value::{self, Dialect, Shape};
use crate::content::{heard, note, patch, table};
use crate::record::{Body, Entry, Form, Kind, Property, is_xml_char};
use serde::{Deserialize, Serialize};

/// One plain field of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name: an XML element name that does not begin with `_` and is neither `auth` nor `lbd`.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Which property it shows: empty for a MAX table, where the field is the property. See [`standard`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
}

/// The types of MAX fields (and `real`, an extension of ours).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// The record's id.
    PrimaryKey,
    /// Text.
    String,
    /// A whole number: optional `-`, then digits, within 64 bits.
    Integer,
    /// Epoch milliseconds; 0 or empty for no date.
    Date,
    /// A decimal number.
    Real,
}

/// Why a value cannot be written into a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// What is wrong, in words that a MAX client's developer can act on.
    pub reason: String,
}

use FieldKind::{Date, Integer, PrimaryKey, String as Text};

/// A name, a type and a path.
type Row = (&'static str, FieldKind, &'static str);

const CONTACT: &[Row] = &[
    ("id", PrimaryKey, ""),
    ("name", Text, "FN|N"),
    ("firstname", Text, "N[1]"),
    ("lastname", Text, "N[0]"),
    ("middlename", Text, "N[2]"),
    ("prefix", Text, "N[3]"),
    ("suffix", Text, "N[4]"),
    ("nickname", Text, "NICKNAME"),
    ("company", Text, "ORG[0]"),
    ("department", Text, "ORG[1]"),
    ("title", Text, "TITLE"),
    ("phone", Text, "TEL;TYPE=HOME;TYPE!=CELL,FAX,PAGER|TEL;TYPE!=WORK,CELL,FAX,PAGER"),
    ("workphone", Text, "TEL;TYPE=WORK;TYPE!=CELL,FAX,PAGER"),
    ("mobile", Text, "TEL;TYPE=CELL"),
    ("fax", Text, "TEL;TYPE=FAX"),
    ("pager", Text, "TEL;TYPE=PAGER"),
    ("email", Text, "EMAIL"),
    ("email2", Text, "EMAIL#2"),
    ("street", Text, "ADR;TYPE=HOME[2]|ADR[2]"),
    ("city", Text, "ADR;TYPE=HOME[3]|ADR[3]"),
    ("state", Text, "ADR;TYPE=HOME[4]|ADR[4]"),
    ("zip", Text, "ADR;TYPE=HOME[5]|ADR[5]"),
    ("country", Text, "ADR;TYPE=HOME[6]|ADR[6]"),
    ("web", Text, "URL"),
    ("birthday", Date, "BDAY"),
    ("note", Text, "NOTE"),
    ("categories", Text, "CATEGORIES"),
];

const EVENT: &[Row] = &[
    ("id", PrimaryKey, ""),
    ("title", Text, "SUMMARY"),
    ("start", Date, "DTSTART"),
    ("end", Date, "DTEND|DURATION"),
    ("allday", Integer, "is-day(DTSTART)"),
    ("location", Text, "LOCATION"),
    ("note", Text, "DESCRIPTION"),
    ("categories", Text, "CATEGORIES"),
    ("status", Text, "STATUS"),
    ("rrule", Text, "RRULE"),
];

const TASK: &[Row] = &[
    ("id", PrimaryKey, ""),
    ("title", Text, "SUMMARY"),
    ("note", Text, "DESCRIPTION"),
    ("due", Date, "DUE"),
    ("start", Date, "DTSTART"),
    ("completed", Date, "COMPLETED"),
    ("done", Integer, "is-done(STATUS)"),
    ("priority", Integer, "PRIORITY"),
    ("status", Text, "STATUS"),
    ("categories", Text, "CATEGORIES"),
];

const NOTE: &[Row] = &[("id", PrimaryKey, ""), ("title", Text, "first-line(BODY)"), ("body", Text, "BODY")];

/// The plain fields of a kind of collection: `id`, `name`, `firstname`, … for contacts; none for a table, which declares its own.
pub fn standard(kind: Kind) -> Vec<Field> {
    let rows = match kind {
        Kind::Contacts => CONTACT,
        Kind::Calendar => EVENT,
        Kind::Todo => TASK,
        Kind::Notes => NOTE,
        Kind::Files | Kind::Table => &[],
    };
    let field = |(name, kind, path): &Row| Field { name: (*name).into(), kind: *kind, path: (*path).into() };
    rows.iter().map(field).collect()
}

/// The values of all fields but the primary key, in the order of `fields`; a missing one is empty (a missing integer `0`).
pub fn project(body: &Body, fields: &[Field]) -> Vec<(String, String)> {
    let shown = fields.iter().filter(|field| field.kind != PrimaryKey);
    if body.form == Form::Table {
        let pairs = table::pairs(&body.bytes);
        let value =
            |name: &str| pairs.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        return shown.map(|field| (field.name.clone(), finished(value(&field.name), field.kind))).collect();
    }
    let entries = heard(body);
    let view = Subject { entries: path::subject(&entries), dialect: value::dialect(&body.form), body };
    shown.map(|field| (field.name.clone(), finished(view.value(field), field.kind))).collect()
}

/// What is missing by its type, and without the characters that XML cannot carry.
fn finished(value: Option<String>, kind: FieldKind) -> String {
    let value = value.unwrap_or_default();
    match kind {
        Integer | Date | FieldKind::Real if value.is_empty() => "0".into(),
        _ if value.chars().all(is_xml_char) => value,
        _ => value.chars().filter(|c| is_xml_char(*c)).collect(),
    }
}

/// The part of an object that fields are about.
struct Subject<'a> {
    entries: &'a [Entry],
    dialect: Dialect,
    body: &'a Body,
}

impl Subject<'_> {
    fn value(&self, field: &Field) -> Option<String> {
        let path = Path::parse(&field.path)?;
        // An empty property says no more than a missing one; an empty component belongs to a property that is there.
        path.targets.iter().find_map(|target| {
            self.target(target, field.kind).filter(|value| !value.is_empty() || target.component.is_some())
        })
    }

    fn property(&self, target: &Target) -> Option<&Property> {
        match self.entries.get(target.position(self.entries)?)? {
            Entry::Property(property) => Some(property),
            _ => None,
        }
    }

    fn named(&self, name: &str) -> Option<&Property> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Property(property) if property.name == name => Some(property),
            _ => None,
        })
    }

    fn target(&self, target: &Target, kind: FieldKind) -> Option<String> {
        if target.name == "BODY" && matches!(self.body.form, Form::Plain | Form::Vnote11) {
            let text = note::text(self.body);
            return Some(if target.view == View::FirstLine { first_line(&text) } else { text });
        }
        if target.view == View::IsDone {
            return Some(u8::from(self.is_done()).to_string());
        }
        let property = self.property(target)?;
        match (target.view, kind) {
            (View::IsDay, _) => {
                let when = dates::parse(&value::plain(property, self.dialect));
                Some(u8::from(when.is_some_and(dates::When::is_day)).to_string())
            }
            (View::FirstLine, _) => Some(first_line(&value::plain(property, self.dialect))),
            (_, Date) if property.name == "DURATION" => {
                let start = epoch_ms(self.named("DTSTART")?)?;
                let end = start.checked_add(dates::duration_ms(&value::plain(property, self.dialect))?)?;
                Some(dates::in_field(end).to_string())
            }
            (_, Date) => Some(epoch_ms(property).map_or(0, dates::in_field).to_string()),
            (_, Integer) => {
                Some(value::plain(property, self.dialect).trim().parse::<i64>().unwrap_or(0).to_string())
            }
            _ => Some(shown(property, target, self.dialect)),
        }
    }

    fn is_done(&self) -> bool {
        let says = |name: &str, word: &str| {
            self.named(name).is_some_and(|p| value::plain(p, self.dialect).trim().eq_ignore_ascii_case(word))
        };
        says("STATUS", "COMPLETED") || says("PERCENT-COMPLETE", "100") || self.named("COMPLETED").is_some()
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn epoch_ms(property: &Property) -> Option<i64> {
    let tzid = value::parameter(&property.parameters, "TZID");
    dates::parse(&value::lenient(&property.value))?.epoch_ms(tzid)
}

/// A property's value as plain text.
fn shown(property: &Property, target: &Target, dialect: Dialect) -> String {
    let text = value::text(property).unwrap_or_else(|| value::lenient(&property.value));
    match (value::shape(&property.name), target.component) {
        (Shape::Compound, Some(at)) => value::compound(&text, dialect).get(at).cloned().unwrap_or_default(),
        (Shape::Compound, None) => reading_order(&value::compound(&text, dialect), &property.name),
        (Shape::List, _) => value::list(&text, dialect).join(","),
        _ => {
            let text = value::plain(property, dialect);
            if property.name == "TEL" {
                text.strip_prefix("tel:").map(str::to_owned).unwrap_or(text)
            } else {
                text
            }
        }
    }
}

/// A name as it is said, anything else in the order it is written.
pub fn reading_order(parts: &[String], name: &str) -> String {
    let said: Vec<&String> = match name {
        "N" => [3, 1, 2, 0, 4].iter().filter_map(|at| parts.get(*at)).collect(),
        _ => parts.iter().collect(),
    };
    let said: Vec<&str> = said.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    said.join(if name == "N" { " " } else { ", " })
}

/// The body after these fields have been set; `None` before for a new record of `kind`. Fields not named, and everything no
/// field shows, stay byte by byte. The values are checked first ([`FieldError`]).
///
/// An empty text, date or number takes its property away. A record that is not made of properties is refused. The primary key is not written; for a new event or task it becomes
/// the `UID`.
pub fn patch(
    body: Option<&Body>,
    kind: Kind,
    fields: &[Field],
    values: &[(String, String)],
) -> Result<Body, FieldError> {
    patch::patch(body, kind, fields, values)
}
