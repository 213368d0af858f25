//! A record as JSON: its bytes, its plain fields, everything it says, and what a list shows of it.

use crate::content::fields::{self, Field, FieldKind};
use crate::content::{self, value};
use crate::record::{Body, Component, Content, Entry, Form, Property, Record};
use crate::secret;
use serde_json::{Map, Value, json};

/// How much of a summary is shown, in characters.
const SUMMARY_CHARS_MAX: usize = 120;

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// No bytes.
    Fields,
    /// Bytes and fields.
    Body,
    /// And everything it says.
    Properties,
}

/// A record, or its tombstone.
pub fn shown(record: &Record, fields: &[Field], detail: Detail) -> Value {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| _ = shown.insert(name.to_owned(), value);
    put("id", json!(record.id.as_str()));
    put("seq", json!(record.seq));
    put("origin", json!(record.origin));
    let form = match &record.content {
        Content::Deleted => {
            put("deleted", json!(true));
            return Value::Object(shown);
        }
        Content::Body(body) => &body.form,
        Content::Large(large) => &large.form,
    };
    put("form", json!(form.label()));
    put("mediaType", json!(content::media_type(form).0));
    put("size", json!(record.content.size()));
    if let Some(parent) = &record.parent {
        put("parent", json!(parent.as_str()));
    }
    let body = record.content.body();
    let values = body.map(|body| values(body, fields)).unwrap_or_default();
    put("summary", json!(body.map(|body| summary(body, fields, &values)).unwrap_or_default()));
    put("fields", values.into_iter().map(|(name, value)| (name, json!(value))).collect::<Map<_, _>>().into());
    if let Some(body) = body.filter(|_| detail != Detail::Fields) {
        let (text, encoding) = spelt(&body.bytes);
        put("body", json!(text));
        encoding.into_iter().for_each(|encoding| put("encoding", json!(encoding)));
        if detail == Detail::Properties {
            put("properties", entries(&content::read(body).entries));
        }
    }
    Value::Object(shown)
}

/// Bytes as text, or as base64 where they are none.
pub fn spelt(bytes: &[u8]) -> (String, Option<&'static str>) {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => (text.to_owned(), None),
        _ => (secret::base64(bytes), Some("base64")),
    }
}

/// The plain fields with something in them.
fn values(body: &Body, fields: &[Field]) -> Vec<(String, String)> {
    let kinds = fields.iter().filter(|field| field.kind != FieldKind::PrimaryKey).map(|field| field.kind);
    let values = fields::project(body, fields).into_iter().zip(kinds);
    let told = values.filter(|((_, value), kind)| match kind {
        FieldKind::Date => value != "0",
        _ => !value.is_empty(),
    });
    told.map(|(value, _)| value).collect()
}

/// What a list shows of a body.
pub fn summary_of(body: &Body, fields: &[Field]) -> String {
    summary(body, fields, &values(body, fields))
}

/// A name, a title; or whatever text stands first.
fn summary(body: &Body, fields: &[Field], values: &[(String, String)]) -> String {
    let named =
        |wanted: &&str| values.iter().find(|(name, value)| name == wanted && !value.trim().is_empty());
    let is_text = |(name, value): &&(String, String)| {
        let kind = fields.iter().find(|field| field.name == *name).map(|field| field.kind);
        value.len() > 1 && kind.is_none_or(|kind| kind == FieldKind::String)
    };
    let names = ["name", "title", "summary", "subject", "company", "email", "mobile", "phone"];
    let found = names.iter().find_map(named).or_else(|| values.iter().find(is_text));
    let text = match (found, &body.form) {
        (Some((_, value)), _) => value.clone(),
        (None, Form::Opaque(_)) => object_name(&body.bytes),
        (None, _) => String::new(),
    };
    text.lines().next().unwrap_or_default().trim().chars().take(SUMMARY_CHARS_MAX).collect()
}

/// The `name` of one of OMA's data objects (a folder, a file), as far as a look tells.
fn object_name(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let named = text.split_once("<name>").and_then(|(_, rest)| rest.split_once("</name>"));
    let name = named.map(|(name, _)| name).unwrap_or_default();
    quick_xml::escape::unescape(name).map(|name| name.into_owned()).unwrap_or_default()
}

fn entries(all: &[Entry]) -> Value {
    all.iter().filter_map(entry).collect()
}

fn entry(entry: &Entry) -> Option<Value> {
    match entry {
        Entry::Property(property) => Some(shown_property(property)),
        Entry::Component(Component { name, entries: inside, .. }) => {
            Some(json!({ "component": name, "properties": entries(inside) }))
        }
        Entry::Stray(_) => None,
    }
}

fn shown_property(property: &Property) -> Value {
    let parameter = |known: &crate::record::Parameter| json!({ "name": known.name, "values": known.values });
    let mut shown = json!({
        "name": property.name,
        "parameters": property.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "value": value::lenient(&property.value),
    });
    if let (Some(group), Some(members)) = (&property.group, shown.as_object_mut()) {
        members.insert("group".into(), json!(group));
    }
    shown
}

/// Whether a record says all of these words (in lower case), in its fields or in any short value.
pub fn says(body: &Body, fields: &[Field], words: &[String]) -> bool {
    let mut text = String::new();
    for (_, value) in fields::project(body, fields) {
        text.push_str(&value.to_lowercase());
        text.push('\n');
    }
    if words.iter().all(|word| text.contains(word.as_str())) {
        return true;
    }
    hear(&content::read(body).entries, value::dialect(&body.form), &mut text);
    words.iter().all(|word| text.contains(word.as_str()))
}

/// Values that people write: photos are longer.
const HEARD_BYTES_MAX: usize = 2_000;

fn hear(entries: &[Entry], dialect: value::Dialect, text: &mut String) {
    for entry in entries {
        match entry {
            Entry::Property(property) if property.value.len() <= HEARD_BYTES_MAX => {
                text.push_str(&value::plain(property, dialect).to_lowercase());
                text.push('\n');
            }
            Entry::Component(component) => hear(&component.entries, dialect, text),
            _ => {}
        }
    }
}
