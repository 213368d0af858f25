//! Forms: bytes to properties and back, and from one form to another (SyncML's content types; vCard 2.1, RFC 2426, RFC 6350,
//! vCalendar 1.0, RFC 5545, vNote 1.1).
//!
//! An untouched property is written from the bytes it came in, so reading and writing gives the same bytes, whatever they
//! were. Not converted yet, and carried as they are: recurrence rules, alarms and time zones between vCalendar 1.0 and
//! iCalendar 2.0.

pub mod dates;
pub mod fields;
mod folding;
mod icalendar;
mod lines;
pub mod listing;
pub mod normal;
mod note;
mod patch;
pub mod path;
mod sheet;
pub mod split;
pub mod table;
pub mod value;
mod vcalendar;
mod vcard;

use crate::record::{Body, Component, Entry, Form, Properties, Property};
use std::borrow::Cow;
use std::sync::Arc;
use value::Dialect;

/// Reads a body. Total: what is no property is carried as [`Entry::Stray`].
pub fn read(body: &Body) -> Properties {
    let entries = match &body.form {
        Form::Table => table::read(&body.bytes),
        Form::Plain => note::read(&body.bytes),
        Form::Opaque(_) if body.bytes.is_empty() => Vec::new(),
        Form::Opaque(_) => vec![Entry::Stray(body.bytes.clone())],
        _ => lines::parse(&body.bytes),
    };
    Properties { form: body.form.clone(), entries }
}

/// The same without the bytes they came in, for what only listens.
pub(crate) fn heard(body: &Body) -> Vec<Entry> {
    match &body.form {
        // A note is written again from what it was read from.
        Form::Table | Form::Plain | Form::Vnote11 | Form::Opaque(_) => read(body).entries,
        _ => lines::heard(&body.bytes),
    }
}

/// Writes properties in their form: untouched ones from the bytes they came in.
pub fn write(properties: &Properties) -> Body {
    let entries = &properties.entries;
    let bytes = match &properties.form {
        Form::Table => table::write(entries),
        Form::Plain => note::write(entries),
        form => folding::write(entries, value::dialect(form)),
    };
    Body { form: properties.form.clone(), bytes }
}

/// The same content in another form of its family (vCards, calendar objects, notes); what the other form has no word for is
/// carried. A body whose family has no such form comes back as it is, in its own form.
pub fn convert(body: &Body, form: &Form) -> Body {
    if body.form == *form {
        return body.clone();
    }
    match (&body.form, form) {
        (Form::Plain | Form::Vnote11, Form::Plain | Form::Vnote11) => note::convert(body, form),
        (from, to) if is_card(from) && is_card(to) => vcard::convert(body, form),
        (Form::Vcalendar10, Form::Icalendar20) => converted(body, form, &icalendar::property),
        (Form::Icalendar20, Form::Vcalendar10) => converted(body, form, &vcalendar::property),
        _ => body.clone(),
    }
}

fn is_card(form: &Form) -> bool {
    matches!(form, Form::Vcard21 | Form::Vcard30 | Form::Vcard40)
}

/// Every property through `step`, which gets a property and gives the same in the dialect of `form`.
fn converted(body: &Body, form: &Form, step: &dyn Fn(Property) -> Property) -> Body {
    let mut entries = read(body).entries;
    each_property(&mut entries, step);
    write(&Properties { form: form.clone(), entries })
}

fn each_property(entries: &mut Vec<Entry>, step: &dyn Fn(Property) -> Property) {
    // Blank lines and stray text would end or spoil the object for a strict reader of the other form.
    entries.retain(|entry| !matches!(entry, Entry::Stray(_)));
    for entry in entries {
        match entry {
            Entry::Property(property) => {
                let empty = Property {
                    group: None,
                    name: String::new(),
                    parameters: Vec::new(),
                    value: Arc::default(),
                    raw: Arc::default(),
                };
                let old = std::mem::replace(property, empty);
                *property = step(old);
            }
            Entry::Component(Component { begin, end, entries, .. }) => {
                begin.clear();
                end.clear();
                each_property(entries, step);
            }
            Entry::Stray(_) => {}
        }
    }
}

/// A property's value in another dialect; what is in a charset we cannot read stays as it is.
fn redialect(property: &mut Property, from: Dialect, to: Dialect) {
    let Some(text) = value::text(property) else { return };
    let joined = |parts: Vec<String>, separator: &str| {
        let parts: Vec<String> = parts.iter().map(|part| value::escaped(part, to, true)).collect();
        parts.join(separator)
    };
    let text = match value::shape(&property.name) {
        value::Shape::Text => value::escaped(&value::unescaped(&text, from, false), to, false),
        value::Shape::Compound => joined(value::compound(&text, from), ";"),
        value::Shape::List => joined(value::list(&text, from), value::separator(to)),
        value::Shape::Dates => text.replace([';', ','], value::separator(to)),
        _ => text,
    };
    value::put(property, to, &text);
}

/// A body whose lines end in a lone carriage return cannot take lines that end otherwise: before it is edited, all of its
/// lines end in both. A table is written canonically.
pub(crate) fn settled(body: &Body) -> Cow<'_, Body> {
    let bytes = match &body.form {
        Form::Table => table::write_pairs(&table::pairs(&body.bytes)),
        Form::Plain | Form::Opaque(_) => return Cow::Borrowed(body),
        _ if body.bytes.contains(&b'\n') || !body.bytes.contains(&b'\r') => return Cow::Borrowed(body),
        _ => body.bytes.split(|byte| *byte == b'\r').collect::<Vec<_>>().join(b"\r\n".as_slice()),
    };
    Cow::Owned(Body { form: body.form.clone(), bytes })
}

/// The form of bytes that came with a media type (parameters ignored) or none, told by both.
pub fn recognise(media_type: Option<&str>, bytes: &[u8]) -> Form {
    let essence =
        media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let labelled = match essence.as_str() {
        "text/plain" => return Form::Plain,
        "text/x-vnote" => return Form::Vnote11,
        "text/x-vcard" => Some(Form::Vcard21),
        "text/vcard" | "text/directory" => Some(Form::Vcard30),
        "text/x-vcalendar" => Some(Form::Vcalendar10),
        "text/calendar" | "text/vcalendar" => Some(Form::Icalendar20),
        _ => None,
    };
    let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    // Some devices say vCard and send XML (SIF).
    if start.starts_with(b"<") {
        return Form::Opaque(essence);
    }
    sniff(start, labelled.as_ref()).or(labelled).unwrap_or(Form::Opaque(essence))
}

/// What the bytes themselves say; the label decides where there is no `VERSION`.
fn sniff(bytes: &[u8], labelled: Option<&Form>) -> Option<Form> {
    let is_line_end = |byte: &u8| *byte == b'\n' || *byte == b'\r';
    let mut lines = bytes.split(is_line_end).map(|line| line.trim_ascii().to_ascii_uppercase());
    let begin = lines.next()?;
    let kind = begin.strip_prefix(b"BEGIN:")?.trim_ascii().to_vec();
    let version = lines.find_map(|line| {
        let rest = line.strip_prefix(b"VERSION")?;
        let colon = rest.iter().position(|byte| *byte == b':')?;
        matches!(rest.first(), Some(b':' | b';'))
            .then(|| rest.get(colon + 1..).unwrap_or_default().trim_ascii().to_vec())
    });
    match (kind.as_slice(), version.as_deref().unwrap_or_default()) {
        (b"VCARD", b"2.1") => Some(Form::Vcard21),
        (b"VCARD", b"3.0") => Some(Form::Vcard30),
        (b"VCARD", b"4.0") => Some(Form::Vcard40),
        (b"VCARD", _) => Some(labelled.filter(|form| is_card(form)).unwrap_or(&Form::Vcard30).clone()),
        (b"VCALENDAR", b"1.0") => Some(Form::Vcalendar10),
        (b"VCALENDAR", b"2.0") => Some(Form::Icalendar20),
        (b"VCALENDAR", _) if labelled == Some(&Form::Vcalendar10) => Some(Form::Vcalendar10),
        (b"VCALENDAR", _) => Some(Form::Icalendar20),
        (b"VNOTE", _) => Some(Form::Vnote11),
        _ => None,
    }
}

/// A form's media type and version as SyncML writes them (`CTType`, `VerCT`): `("text/x-vcard", "2.1")`.
pub fn media_type(form: &Form) -> (&str, &str) {
    match form {
        Form::Table => ("application/json", "1.0"),
        Form::Vcard21 => ("text/x-vcard", "2.1"),
        Form::Vcard30 => ("text/vcard", "3.0"),
        Form::Vcard40 => ("text/vcard", "4.0"),
        Form::Vcalendar10 => ("text/x-vcalendar", "1.0"),
        Form::Icalendar20 => ("text/calendar", "2.0"),
        Form::Vnote11 => ("text/x-vnote", "1.1"),
        Form::Plain => ("text/plain", "1.0"),
        // OMA's data objects came with DS 1.2, and have its number.
        Form::Opaque(media_type) if media_type.starts_with("application/vnd.omads-") => (media_type, "1.2"),
        Form::Opaque(media_type) => (media_type, ""),
    }
}
