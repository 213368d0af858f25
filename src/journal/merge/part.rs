//! A part of an object laid over the whole: what it lists takes the place of what was there, the rest is untouched (DS 1.2,
//! field-level Replace; `syncml.md` 4.14).
//!
//! A field is all properties of one name, so that one of two telephones can be taken away; a name without a value takes all of
//! them. (The specification does not say what an empty property means.)

use crate::content::{self, path};
use crate::record::{Body, Entry, Form};
use std::collections::{BTreeMap, BTreeSet};

/// The whole with this part of it; `None` where the two are of different kinds, or of a kind that has no parts.
pub fn part(stored: &Body, arriving: &Body) -> Option<Body> {
    let form = &stored.form;
    if matches!(form, Form::Plain | Form::Table | Form::Opaque(_)) {
        return None;
    }
    let as_it_came = content::read(arriving);
    let listed: BTreeSet<String> = path::subject(&as_it_came.entries)
        .iter()
        .filter_map(|entry| field(entry).map(str::to_owned))
        .collect();
    let spoken = content::convert(arriving, form);
    if spoken.form != *form || listed.is_empty() {
        return None;
    }
    let fresh = content::read(&content::settled(&spoken)).entries;
    let mut fields = Fields::default();
    let is_listed = |name: &&str| listed.contains(*name);
    for entry in path::subject(&fresh) {
        if let Some(name) = field(entry).filter(is_listed) {
            fields.order.push(name.to_owned());
            fields
                .fresh
                .entry(name.to_owned())
                .or_default()
                .extend(says_something(entry).then(|| entry.clone()));
        }
    }
    let mut whole = content::read(&content::settled(stored));
    path::change_subject(&mut whole.entries, &mut |entries| fields.lay_over(entries));
    Some(content::write(&whole))
}

/// What a part lists, by name.
#[derive(Default)]
struct Fields {
    fresh: BTreeMap<String, Vec<Entry>>,
    /// The names as they arrived.
    order: Vec<String>,
}

impl Fields {
    /// Where the first of its name was, the new ones are; what is new altogether comes after the other properties, and a
    /// component after everything.
    fn lay_over(&mut self, entries: &mut Vec<Entry>) {
        let known: BTreeSet<String> = self.fresh.keys().cloned().collect();
        let mut out = Vec::new();
        for entry in entries.drain(..) {
            match field(&entry).filter(|name| known.contains(*name)) {
                Some(name) => out.extend(self.fresh.remove(name).unwrap_or_default()),
                None => out.push(entry),
            }
        }
        let new = self.order.iter().filter_map(|name| self.fresh.remove(name)).flatten();
        let (components, properties): (Vec<Entry>, Vec<Entry>) =
            new.partition(|entry| matches!(entry, Entry::Component(_)));
        let end = out.iter().rposition(|entry| matches!(entry, Entry::Property(_))).map_or(0, |at| at + 1);
        out.splice(end..end, properties);
        let end = out.iter().rposition(|entry| !matches!(entry, Entry::Stray(_))).map_or(0, |at| at + 1);
        out.splice(end..end, components);
        *entries = out;
    }
}

/// The name an entry is a field by. What only says how the object is written is none.
fn field(entry: &Entry) -> Option<&str> {
    match entry {
        Entry::Property(property) if property.name == "VERSION" => None,
        Entry::Property(property) => Some(&property.name),
        Entry::Component(component) => Some(&component.name),
        Entry::Stray(_) => None,
    }
}

fn says_something(entry: &Entry) -> bool {
    match entry {
        Entry::Property(property) => property.value.iter().any(|byte| !b"; \t".contains(byte)),
        _ => true,
    }
}
