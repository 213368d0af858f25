//! Cards by hand: what a phone's editor does to a text, and what of a text can be seen.

use crate::oracle::{FIELDS, Fields};

pub fn card(version: &str, name: &str, field: &str, value: &str) -> String {
    let text = format!("BEGIN:VCARD\r\nVERSION:{version}\r\nN:{name};;;;\r\nFN:{name}\r\nEND:VCARD\r\n");
    with(&text, field, value)
}

fn named<'a>(line: &'a str, field: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(field)?;
    let value = rest.split_once(':')?.1;
    (rest.starts_with(':') || rest.starts_with(';')).then_some(value.trim_end())
}

/// The text with a field set.
pub fn with(text: &str, field: &str, value: &str) -> String {
    let kept: String =
        text.split_inclusive('\n').filter(|l| named(l, field).is_none() && !l.starts_with("END:")).collect();
    format!("{kept}{field}:{value}\r\nEND:VCARD\r\n")
}

/// What can be seen of a text.
pub fn fields(text: &str) -> Fields {
    let mut fields = Fields::new();
    for line in text.lines() {
        if let Some(name) = named(line, "N") {
            fields.insert("N".into(), name.split(';').next().unwrap().into());
        }
        for field in FIELDS {
            if let Some(value) = named(line, field) {
                assert!(fields.insert(field.into(), value.into()).is_none(), "two of {field} in {text}");
            }
        }
    }
    fields
}
