//! Where two edits meet: three-way, property by property, on what the properties say (`content/normal.rs`) and not on how they
//! are written. What a verdict is called on the wire is the protocols' business.

mod components;
mod part;
mod properties;

pub use part::part;

use crate::content::{self, normal};
use crate::record::{Body, Component, Entry, Form};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a merge made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The content after it, in the form of what was here.
    pub body: Body,
    /// Whether it differs, in what this device can hold, from what arrived: the device must be told.
    pub differs_from_arriving: bool,
    /// Whether it differs from what was here: the record changes.
    pub differs_from_stored: bool,
    /// The properties both sides had changed in different ways, by name. The later arrival won them; but where one side
    /// removed what the other edited, the edit stays.
    pub clashes: Vec<String>,
}

/// The properties a device can hold at all, in upper case; `None` for everything. From its DevInf.
pub type Supported = std::sync::Arc<std::collections::BTreeSet<String>>;

/// A device replaces what nobody else has touched: a patch over the properties it supports. What it cannot hold stays; what
/// it can hold and did not send is gone; what says the same keeps the bytes it has.
pub fn replace(stored: &Body, arriving: &Body, supported: Option<&Supported>) -> Body {
    merge(Some(stored), stored, arriving, supported).body
}

/// Three-way: `base` is what the device last acknowledged (`None` where it is no longer known: then nothing is taken away).
pub fn merge(base: Option<&Body>, stored: &Body, arriving: &Body, supported: Option<&Supported>) -> Merged {
    let form = &stored.form;
    let spoken = in_form(arriving, form);
    if spoken.form != *form || matches!(form, Form::Opaque(_)) {
        return whole(base, stored, arriving);
    }
    let meeting = Meeting { form, crossed: arriving.form != *form, supported, clashes: BTreeSet::new() };
    meeting.merged(base.map(|base| in_form(base, form)).as_deref(), stored, &spoken)
}

fn in_form<'a>(body: &'a Body, form: &Form) -> Cow<'a, Body> {
    if body.form == *form { Cow::Borrowed(body) } else { Cow::Owned(content::convert(body, form)) }
}

/// Bodies that cannot be compared by property: one side's is taken whole.
fn whole(base: Option<&Body>, stored: &Body, arriving: &Body) -> Merged {
    let said = |body: &Body| (content::media_type(&body.form).0.to_owned(), normal::lines(body, false));
    let (here, there) = (said(stored), said(arriving));
    let (outcome, clash) = outcome(base.map(said).as_ref(), Some(&here), Some(&there), true);
    let body = if outcome == Outcome::Stored { stored } else { arriving };
    Merged {
        body: body.clone(),
        differs_from_arriving: said(body) != there,
        differs_from_stored: said(body) != here,
        clashes: if clash { vec!["BODY".into()] } else { Vec::new() },
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Stored,
    Arriving,
    Gone,
}

/// The rule. Equal is untouched; a change meets no change and wins; a removal too, where the device can hold the thing at all;
/// an edit outlives a removal; of two edits the arriving one wins. The flag says that both had changed it differently.
fn outcome<T: PartialEq>(
    base: Option<&T>,
    stored: Option<&T>,
    arriving: Option<&T>,
    removable: bool,
) -> (Outcome, bool) {
    match (stored, arriving) {
        (Some(here), Some(there)) if here == there || base == Some(there) => (Outcome::Stored, false),
        (Some(here), Some(_)) => (Outcome::Arriving, base != Some(here)),
        (Some(_), None) if base.is_none() || !removable => (Outcome::Stored, false),
        (Some(here), None) if base == Some(here) => (Outcome::Gone, false),
        (Some(_), None) => (Outcome::Stored, true),
        (None, Some(_)) if base.is_none() => (Outcome::Arriving, false),
        (None, Some(there)) if base == Some(there) => (Outcome::Gone, false),
        (None, Some(_)) => (Outcome::Arriving, true),
        (None, None) => (Outcome::Gone, false),
    }
}

struct Meeting<'a> {
    form: &'a Form,
    /// Whether what arrived had to be converted.
    crossed: bool,
    supported: Option<&'a Supported>,
    clashes: BTreeSet<String>,
}

impl Meeting<'_> {
    fn merged(mut self, base: Option<&Body>, stored: &Body, arriving: &Body) -> Merged {
        let entries = |body: &Body| content::read(&content::settled(body)).entries;
        let mut properties = content::read(&content::settled(stored));
        let there = entries(arriving);
        properties.entries = self.entries(
            &base.map(|base| content::heard(&content::settled(base))).unwrap_or_default(),
            &properties.entries,
            &there,
            self.form != &Form::Table,
        );
        components::drop_unused_zones(&mut properties.entries, &there);
        // Of a large object these are large too.
        drop(there);
        let body = content::write(&properties);
        drop(properties);
        let differs_from_stored = normal::lines(&body, false) != normal::lines(stored, false);
        let body = if differs_from_stored { body } else { stored.clone() };
        Merged {
            differs_from_arriving: self.visible(&body) != self.visible(arriving),
            differs_from_stored,
            body,
            clashes: self.clashes.into_iter().collect(),
        }
    }

    /// What of a body this device can hold.
    fn visible(&self, body: &Body) -> Vec<String> {
        let mut entries = content::heard(&content::settled(body));
        self.hide(&mut entries);
        normal::lines_of(entries, &body.form)
    }

    fn hide(&self, entries: &mut Vec<Entry>) {
        entries.retain(|entry| match entry {
            Entry::Property(property) => self.supports(&property.name),
            Entry::Component(component) => self.supports_component(component),
            Entry::Stray(_) => true,
        });
        for entry in entries {
            if let Entry::Component(component) = entry {
                self.hide(&mut component.entries);
            }
        }
    }

    /// Whether a device that did not send a property means that it is gone. Where what it sent had to be converted between
    /// vCalendar and iCalendar, recurrence and alarms had been carried to it unread: their absence says nothing.
    fn supports(&self, name: &str) -> bool {
        let is_note = matches!(self.form, Form::Vnote11 | Form::Plain);
        let unread = match self.form {
            Form::Vcalendar10 | Form::Icalendar20 => {
                matches!(
                    name,
                    "RRULE"
                        | "EXRULE"
                        | "RDATE"
                        | "EXDATE"
                        | "VALARM"
                        | "AALARM"
                        | "DALARM"
                        | "RECURRENCE-ID"
                )
            }
            _ => is_note && name != "BODY",
        };
        !(self.crossed && unread)
            && self.supported.is_none_or(|supported| is_note || supported.contains(name))
    }

    fn supports_component(&self, component: &Component) -> bool {
        let has = |name: &str| {
            component
                .entries
                .iter()
                .any(|entry| matches!(entry, Entry::Property(property) if property.name == name))
        };
        match component.name.as_str() {
            "VALARM" => {
                !self.crossed
                    && ["VALARM", "TRIGGER", "AALARM", "DALARM"].iter().any(|name| self.supports(name))
            }
            _ if has("RECURRENCE-ID") => self.supports("RECURRENCE-ID"),
            _ => true,
        }
    }

    fn entries(&mut self, base: &[Entry], stored: &[Entry], arriving: &[Entry], books: bool) -> Vec<Entry> {
        let mut fates = self.property_fates(
            &properties::by_name(base),
            &properties::by_name(stored),
            &properties::by_name(arriving),
            books,
        );
        let (mut units, new_units) = self.component_fates(base, stored, arriving);
        let last_of = properties::last_positions(stored);
        let mut out = Vec::new();
        for (at, entry) in stored.iter().enumerate() {
            match entry {
                Entry::Property(property) => {
                    out.extend(fates.kept.remove(&at).map(Entry::Property));
                    if last_of.get(property.name.as_str()) == Some(&at) {
                        let added = fates.added.remove(&property.name).unwrap_or_default();
                        out.extend(added.into_iter().map(Entry::Property));
                    }
                }
                Entry::Component(_) => out.extend(units.remove(&at).map(Entry::Component)),
                Entry::Stray(_) => out.push(entry.clone()),
            }
        }
        let end = out.iter().rposition(|entry| matches!(entry, Entry::Property(_))).map_or(0, |at| at + 1);
        let added = fates.order.iter().filter_map(|name| fates.added.remove(name)).flatten();
        let added: Vec<Entry> = added.map(Entry::Property).collect();
        out.splice(end..end, added);
        let end = out.iter().rposition(|entry| !matches!(entry, Entry::Stray(_))).map_or(0, |at| at + 1);
        out.splice(end..end, new_units.into_iter().map(Entry::Component));
        out
    }
}

/// For each of `from` its counterpart in `to`: by the first key first, in order where keys are equal.
fn pair<T, K: Fn(&T) -> String>(from: &[&T], to: &[&T], keys: &[K]) -> Vec<Option<usize>> {
    let mut found: Vec<Option<usize>> = vec![None; from.len()];
    let mut taken = vec![false; to.len()];
    for key in keys {
        let mut waiting: BTreeMap<String, VecDeque<usize>> = BTreeMap::new();
        for (at, item) in to.iter().enumerate().filter(|(at, _)| taken.get(*at) == Some(&false)) {
            waiting.entry(key(item)).or_default().push_back(at);
        }
        for (item, found) in from.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
            *found = waiting.get_mut(&key(item)).and_then(VecDeque::pop_front);
            if let Some(taken) = found.and_then(|at| taken.get_mut(at)) {
                *taken = true;
            }
        }
    }
    found
}
