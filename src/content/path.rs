//! Property paths: how a plain field names what it shows (MAX sections 2.2 and 4 know fields only; the language is ours).
//!
//! ```text
//! path   = target *( "|" target )            the first target that the object has is read and written; if it has none, the
//!                                            first target is made
//! target = view "(" place ")" / place
//! place  = NAME *( ";TYPE=" words / ";TYPE!=" words ) [ "#" n ] [ "[" i "]" ]
//! ```
//!
//! `TEL;TYPE=CELL` is the first TEL that has that type, `TEL;TYPE!=FAX,PAGER` the first that has neither, `EMAIL#2` the second
//! EMAIL, `N[1]` component 1 (from 0) of N. Types compare in any case. A compound property without an index is read as its
//! components in reading order and not written. The views are `is-day(DTSTART)` (1 where the date has no time),
//! `is-done(STATUS)` (1 where a task is completed), `first-line(BODY)`.

use crate::content::value;
use crate::record::{Component, Entry, Property};

/// A path, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Its targets, the preferred one first; never empty.
    pub targets: Vec<Target>,
}

/// One place in an object, and how to look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// How its value is seen.
    pub view: View,
    /// The property, in upper case.
    pub name: String,
    /// The types it must have, in upper case.
    pub types: Vec<String>,
    /// The types it must not have.
    pub types_not: Vec<String>,
    /// Which of those properties, from 0.
    pub nth: usize,
    /// Which component of a compound value, from 0.
    pub component: Option<usize>,
}

/// How a value is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// As it is.
    Value,
    /// Whether a date has no time.
    IsDay,
    /// Whether a task is completed.
    IsDone,
    /// The first line of a text.
    FirstLine,
}

/// The most components a path may ask for: a hostile index must not make us write a million semicolons.
const COMPONENTS_MAX: usize = 64;

impl Path {
    /// Reads a path; `None` where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let targets: Option<Vec<Target>> =
            text.split('|').map(|target| Target::parse(target.trim())).collect();
        targets.map(|targets| Self { targets })
    }
}

impl Target {
    fn parse(text: &str) -> Option<Self> {
        let (view, place) = match text.split_once('(') {
            Some((view, rest)) => (View::parse(view)?, rest.strip_suffix(')')?),
            None => (View::Value, text),
        };
        let (place, component) = match place.split_once('[') {
            Some((place, rest)) => (place, Some(rest.strip_suffix(']')?.parse().ok()?)),
            None => (place, None),
        };
        let (place, nth) = match place.split_once('#') {
            Some((place, number)) => (place, number.parse::<usize>().ok()?.checked_sub(1)?),
            None => (place, 0),
        };
        let mut parts = place.split(';');
        let name = parts.next()?.to_ascii_uppercase();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(is_name) || component.is_some_and(|at| at >= COMPONENTS_MAX) {
            return None;
        }
        let mut target = Self { view, name, types: Vec::new(), types_not: Vec::new(), nth, component };
        for part in parts {
            let words = |words: &str| words.split(',').map(str::to_ascii_uppercase).collect::<Vec<_>>();
            match part.split_once("!=") {
                Some(("TYPE", types)) => target.types_not.extend(words(types)),
                _ => target.types.extend(words(part.strip_prefix("TYPE=")?)),
            }
        }
        Some(target)
    }

    /// Whether a property is one of those this target means.
    pub fn means(&self, property: &Property) -> bool {
        if property.name != self.name {
            return false;
        }
        let types: Vec<String> = value::types(&property.parameters).collect();
        self.types.iter().all(|word| types.contains(word))
            && !self.types_not.iter().any(|word| types.contains(word))
    }

    /// Where the property stands among these entries.
    pub fn position(&self, entries: &[Entry]) -> Option<usize> {
        let meant = |entry: &Entry| matches!(entry, Entry::Property(property) if self.means(property));
        entries.iter().enumerate().filter(|(_, entry)| meant(entry)).nth(self.nth).map(|(at, _)| at)
    }
}

impl View {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "is-day" => Some(Self::IsDay),
            "is-done" => Some(Self::IsDone),
            "first-line" => Some(Self::FirstLine),
            _ => None,
        }
    }
}

/// The entries that fields are about: those of the card or note, or of the event or task that is no exception to another.
pub fn subject(entries: &[Entry]) -> &[Entry] {
    let mut inside = entries;
    while let Some(component) = next(inside).and_then(|at| inside.get(at)).and_then(component) {
        inside = &component.entries;
    }
    inside
}

/// The same, to be changed.
pub fn change_subject(entries: &mut Vec<Entry>, change: &mut dyn FnMut(&mut Vec<Entry>)) {
    let at = next(entries);
    if let Some(Entry::Component(component)) = at.and_then(|at| entries.get_mut(at)) {
        return change_subject(&mut component.entries, change);
    }
    change(entries);
}

fn component(entry: &Entry) -> Option<&Component> {
    match entry {
        Entry::Component(component) => Some(component),
        _ => None,
    }
}

/// The component to step into.
fn next(entries: &[Entry]) -> Option<usize> {
    let is_subject =
        |name: &str| matches!(name, "VCARD" | "VCALENDAR" | "VNOTE" | "VEVENT" | "VTODO" | "VJOURNAL");
    let is_exception = |component: &Component| {
        component.entries.iter().any(|entry| matches!(entry, Entry::Property(p) if p.name == "RECURRENCE-ID"))
    };
    let candidates = entries.iter().enumerate().filter_map(|(at, entry)| Some((at, component(entry)?)));
    let mut candidates = candidates.filter(|(_, component)| is_subject(&component.name)).peekable();
    let first = candidates.peek().map(|(at, _)| *at);
    candidates.find(|(_, component)| !is_exception(component)).map(|(at, _)| at).or(first)
}
