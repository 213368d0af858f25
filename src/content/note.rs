//! Notes: plain text, which is one property `BODY`, and vNote 1.1 (IrMC), whose lines `content/lines.rs` reads.

use crate::content::value::{self, Dialect};
use crate::record::{Body, Component, Entry, Form, Properties, Property};
use std::sync::Arc;

/// A plain note as one property.
pub fn read(bytes: &[u8]) -> Vec<Entry> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let mut body = new_body(bytes.to_vec());
    body.raw = body.value.clone();
    vec![Entry::Property(body)]
}

/// The first `BODY` as a plain note.
pub fn write(entries: &[Entry]) -> Vec<u8> {
    let bytes = |entry: &Entry| match entry {
        Entry::Property(property) if property.raw.is_empty() => Some(property.value.to_vec()),
        Entry::Property(property) => Some(property.raw.to_vec()),
        _ => None,
    };
    entries.iter().find_map(bytes).unwrap_or_default()
}

fn new_body(value: Vec<u8>) -> Property {
    Property {
        group: None,
        name: "BODY".into(),
        parameters: Vec::new(),
        value: value.into(),
        raw: Arc::default(),
    }
}

/// A note in the other form. Plain text has room for the text alone.
pub fn convert(body: &Body, form: &Form) -> Body {
    let text = text(body);
    if *form == Form::Plain {
        return Body { form: Form::Plain, bytes: text.into_bytes() };
    }
    let mut version = new_body(b"1.1".to_vec());
    version.name = "VERSION".into();
    let mut property = new_body(Vec::new());
    value::put(&mut property, Dialect::Versit, &text.replace("\r\n", "\n").replace('\r', "\n"));
    let note = Component {
        name: "VNOTE".into(),
        begin: Vec::new(),
        end: Vec::new(),
        entries: vec![Entry::Property(version), Entry::Property(property)],
    };
    super::write(&Properties { form: form.clone(), entries: vec![Entry::Component(note)] })
}

/// The text of a note: all of a plain one, the `BODY` of a vNote, or its `SUMMARY` where it has no body.
pub fn text(body: &Body) -> String {
    if body.form == Form::Plain {
        return value::lenient(body.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&body.bytes));
    }
    let properties = super::read(body);
    let inside = match properties.entries.iter().find_map(component) {
        Some(note) => &note.entries,
        None => &properties.entries,
    };
    let named = |name: &str| {
        inside.iter().find_map(|entry| match entry {
            Entry::Property(property) if property.name == name => {
                Some(value::plain(property, Dialect::Versit))
            }
            _ => None,
        })
    };
    let body = named("BODY").filter(|text| !text.trim().is_empty());
    body.or_else(|| named("SUMMARY")).unwrap_or_default()
}

fn component(entry: &Entry) -> Option<&Component> {
    match entry {
        Entry::Component(component) => Some(component),
        _ => None,
    }
}
