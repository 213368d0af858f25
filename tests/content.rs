//! The content layer from outside: bytes to properties and back, conversions, fields, matching and merging.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::type_complexity
)]

#[path = "content/cases.rs"]
mod cases;
#[path = "content/converting.rs"]
mod converting;
#[path = "content/corpus.rs"]
mod corpus;
#[path = "content/fielding.rs"]
mod fielding;
#[path = "content/fuzzing.rs"]
mod fuzzing;
#[path = "content/matching.rs"]
mod matching;
#[path = "content/merging.rs"]
mod merging;
#[path = "content/reading.rs"]
mod reading;

use anchorage::record::{Body, Entry, Form, Property};

/// A body from text.
fn body(form: Form, text: impl AsRef<[u8]>) -> Body {
    Body { form, bytes: text.as_ref().to_vec() }
}

/// A body as text, to be read in assertions.
fn text(body: &Body) -> String {
    String::from_utf8_lossy(&body.bytes).into_owned()
}

/// A card of one version around some lines.
fn card(version: &str, lines: &[&str]) -> Body {
    let form = match version {
        "2.1" => Form::Vcard21,
        "3.0" => Form::Vcard30,
        _ => Form::Vcard40,
    };
    let mut all = vec!["BEGIN:VCARD".to_owned(), format!("VERSION:{version}")];
    all.extend(lines.iter().map(|line| (*line).to_owned()));
    body(form, all.join("\r\n") + "\r\nEND:VCARD\r\n")
}

/// An event around some lines.
fn event(version: &str, lines: &[&str]) -> Body {
    let form = if version == "1.0" { Form::Vcalendar10 } else { Form::Icalendar20 };
    let lines = lines.join("\r\n");
    body(
        form,
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:{version}\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        ),
    )
}

/// All properties of that name, at any depth.
fn named<'a>(entries: &'a [Entry], name: &str, found: &mut Vec<&'a Property>) {
    for entry in entries {
        match entry {
            Entry::Property(property) if property.name == name => found.push(property),
            Entry::Component(component) => named(&component.entries, name, found),
            _ => {}
        }
    }
}
