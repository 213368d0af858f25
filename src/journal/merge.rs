//! Where two edits meet: three-way, property by property, on what the properties say (`content/normal.rs`) and not on how they
//! are written. What a verdict is called on the wire is the protocols' business.

use crate::content::normal::Line;
use crate::content::{self, normal};
use crate::record::{Body, Component, Entry, Form, Property};
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
pub type Supported = std::collections::BTreeSet<String>;

/// A device replaces what nobody else has touched: a patch over the properties it supports. What it cannot hold stays; what
/// it can hold and did not send is gone; what says the same keeps the bytes it has.
pub fn replace(stored: &Body, arriving: &Body, supported: Option<&Supported>) -> Body {
    merge(Some(stored), stored, arriving, supported).body
}

/// Three-way: `base` is what the device last acknowledged (`None` where it is no longer known: then nothing is taken away).
pub fn merge(base: Option<&Body>, stored: &Body, arriving: &Body, supported: Option<&Supported>) -> Merged {
    let form = &stored.form;
    let spoken = content::convert(arriving, form);
    if spoken.form != *form || matches!(form, Form::Opaque(_)) {
        return whole(base, stored, arriving);
    }
    let meeting = Meeting { form, crossed: arriving.form != *form, supported, clashes: BTreeSet::new() };
    meeting.merged(base.map(|base| content::convert(base, form)).as_ref(), stored, &spoken)
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
            &base.map(entries).unwrap_or_default(),
            &properties.entries,
            &there,
            self.form != &Form::Table,
        );
        drop_unused_zones(&mut properties.entries, &there);
        let body = content::write(&properties);
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
        let mut properties = content::read(&content::settled(body));
        self.hide(&mut properties.entries);
        normal::lines(&content::write(&properties), false)
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
        let mut fates =
            self.property_fates(&properties(base), &properties(stored), &properties(arriving), books);
        let (mut units, new_units) = self.component_fates(base, stored, arriving);
        let last_of = last_positions(stored);
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

/// What becomes of the stored properties (by position) and which are new (by name).
#[derive(Default)]
struct Fates {
    kept: BTreeMap<usize, Property>,
    added: BTreeMap<String, Vec<Property>>,
    /// The names as they arrived.
    order: Vec<String>,
}

/// A property with its position and what it says.
struct Said<'a> {
    at: usize,
    property: &'a Property,
    line: Line,
}

type ByName<'a> = BTreeMap<&'a str, Vec<(usize, &'a Property)>>;

fn properties(entries: &[Entry]) -> ByName<'_> {
    let mut names = ByName::new();
    for (at, entry) in entries.iter().enumerate() {
        if let Entry::Property(property) = entry {
            names.entry(property.name.as_str()).or_default().push((at, property));
        }
    }
    names
}

fn named<'a, 'b>(all: &'b ByName<'a>, name: &str) -> &'b [(usize, &'a Property)] {
    all.get(name).map(Vec::as_slice).unwrap_or_default()
}

fn last_positions(entries: &[Entry]) -> BTreeMap<&str, usize> {
    properties(entries).into_iter().filter_map(|(name, all)| Some((name, all.last()?.0))).collect()
}

/// Properties that one object may well have twice.
fn is_many(name: &str) -> bool {
    matches!(
        name,
        "TEL"
            | "EMAIL"
            | "ADR"
            | "LABEL"
            | "URL"
            | "IMPP"
            | "ATTENDEE"
            | "COMMENT"
            | "CONTACT"
            | "ATTACH"
            | "RELATED"
            | "RELATED-TO"
            | "MEMBER"
            | "KEY"
            | "AALARM"
            | "DALARM"
            | "EXDATE"
            | "RDATE"
    )
}

impl Meeting<'_> {
    fn property_fates(&mut self, base: &ByName, stored: &ByName, arriving: &ByName, books: bool) -> Fates {
        let mut fates = Fates::default();
        let mut order: Vec<(usize, &str)> =
            arriving.iter().filter_map(|(name, all)| Some((all.first()?.0, *name))).collect();
        order.sort_unstable();
        fates.order = order.into_iter().map(|(_, name)| name.to_owned()).collect();
        let names: BTreeSet<&str> = stored.keys().chain(arriving.keys()).copied().collect();
        for name in names {
            let (here, there) = (named(stored, name), named(arriving, name));
            if books && normal::is_bookkeeping(name) {
                keep_books(name, here, there, &mut fates);
            } else {
                self.decide(name, named(base, name), here, there, &mut fates);
            }
        }
        fates
    }

    /// One name: who is whose successor, and what becomes of each.
    fn decide(
        &mut self,
        name: &str,
        base: &[(usize, &Property)],
        stored: &[(usize, &Property)],
        arriving: &[(usize, &Property)],
        fates: &mut Fates,
    ) {
        let base: Vec<Said> = self.said(base).filter(|said| !said.line.value.is_empty()).collect();
        let stored: Vec<Said> = self.said(stored).collect();
        let arriving: Vec<Said> = self.said(arriving).filter(|said| !said.line.value.is_empty()).collect();
        let is_many =
            is_many(name) || [base.len(), stored.len(), arriving.len()].iter().any(|count| *count > 1);
        let triples = triples(&base, &stored, &arriving, is_many);
        for (before, here, there) in triples {
            let line = |said: Option<&Said>| said.map(|said| said.line.clone());
            let said_here = here.filter(|said| !said.line.value.is_empty());
            let (mut outcome, mut clash) = outcome(
                line(before).as_ref(),
                line(said_here).as_ref(),
                line(there).as_ref(),
                self.supports(name),
            );
            if self.crossed && matches!(name, "RRULE" | "EXRULE") && is_other_grammar(said_here, there) {
                (outcome, clash) = (Outcome::Stored, false);
            }
            // An empty property that nobody fills stays where it is.
            if said_here.is_none() && there.is_none() {
                outcome = Outcome::Stored;
            }
            if clash {
                self.clashes.insert(name.to_owned());
            }
            let property = match outcome {
                Outcome::Stored => here,
                Outcome::Arriving => there,
                Outcome::Gone => None,
            };
            let Some(Said { property, .. }) = property else { continue };
            match here {
                Some(here) => drop(fates.kept.insert(here.at, (*property).clone())),
                None => fates.added.entry(name.to_owned()).or_default().push((*property).clone()),
            }
        }
    }

    fn said<'b>(&self, all: &[(usize, &'b Property)]) -> impl Iterator<Item = Said<'b>> {
        all.iter().map(|(at, property)| Said { at: *at, property, line: Line::of(property, self.form) })
    }
}

fn is_other_grammar(here: Option<&Said>, there: Option<&Said>) -> bool {
    let grammar = |said: &Said| said.line.value.contains('=');
    matches!((here, there), (Some(here), Some(there)) if grammar(here) != grammar(there))
}

/// Words about the object: ours stay, except for those that say when and how often it changed.
fn keep_books(name: &str, stored: &[(usize, &Property)], arriving: &[(usize, &Property)], fates: &mut Fates) {
    let moves = matches!(name, "REV" | "LAST-MODIFIED" | "DTSTAMP" | "SEQUENCE");
    for (at, property) in stored {
        let newer =
            arriving.first().filter(|_| moves && stored.len() == 1).map_or(*property, |(_, newer)| newer);
        fates.kept.insert(*at, newer.clone());
    }
    if stored.is_empty() && name != "VERSION" {
        let added = arriving.iter().map(|(_, property)| (*property).clone()).collect();
        fates.added.insert(name.to_owned(), added);
    }
}

type Triple<'a, 'b> = (Option<&'a Said<'b>>, Option<&'a Said<'b>>, Option<&'a Said<'b>>);

/// Who in `stored` and in `arriving` continues whom in `base`; then who was added on both sides alike.
fn triples<'a, 'b>(
    base: &'a [Said<'b>],
    stored: &'a [Said<'b>],
    arriving: &'a [Said<'b>],
    is_many: bool,
) -> Vec<Triple<'a, 'b>> {
    let keys: [fn(&Said) -> String; 4] = [
        |said| said.line.text(false),
        |said| said.line.value.clone(),
        |said| said.line.types.iter().cloned().collect(),
        |_| String::new(),
    ];
    let all = |side: &'a [Said<'b>]| side.iter().collect::<Vec<_>>();
    let here = pair(&all(base), &all(stored), &keys);
    let there = pair(&all(base), &all(arriving), &keys);
    let get = |side: &'a [Said<'b>], at: &Option<usize>| at.and_then(|at| side.get(at));
    let mut triples: Vec<Triple> = base
        .iter()
        .zip(here.iter().zip(&there))
        .map(|(said, (here, there))| (Some(said), get(stored, here), get(arriving, there)))
        .collect();
    let left = |side: &'a [Said<'b>], taken: &[Option<usize>]| {
        let taken: BTreeSet<usize> = taken.iter().flatten().copied().collect();
        side.iter()
            .enumerate()
            .filter(|(at, _)| !taken.contains(at))
            .map(|(_, said)| said)
            .collect::<Vec<_>>()
    };
    let (here, there) = (left(stored, &here), left(arriving, &there));
    // What both sides added is one thing if it is equal; of a single property it is one thing anyway.
    let paired = pair(&here, &there, if is_many { keys.get(..2).unwrap_or(&keys) } else { &keys });
    let taken: BTreeSet<usize> = paired.iter().flatten().copied().collect();
    let partner = |at: &Option<usize>| at.and_then(|at| there.get(at).copied());
    triples.extend(here.iter().zip(&paired).map(|(said, at)| (None, Some(*said), partner(at))));
    let new = there.iter().enumerate().filter(|(at, _)| !taken.contains(at));
    triples.extend(new.map(|(_, said)| (None, None, Some(*said))));
    triples
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

/// A component with its position, what it says and what it is called by.
struct Unit<'a> {
    at: usize,
    component: &'a Component,
    said: String,
    identity: String,
}

impl Meeting<'_> {
    fn units<'a>(&self, entries: &'a [Entry]) -> Vec<Unit<'a>> {
        let unit = |(at, entry): (usize, &'a Entry)| match entry {
            Entry::Component(component) => {
                let said = normal::component_text(component, self.form).unwrap_or_default();
                Some(Unit { at, component, said, identity: self.identity(component) })
            }
            _ => None,
        };
        entries.iter().enumerate().filter_map(unit).collect()
    }

    /// `VEVENT` and its `RECURRENCE-ID`, `VTIMEZONE` and its `TZID`, otherwise the name.
    fn identity(&self, component: &Component) -> String {
        let wanted = if component.name == "VTIMEZONE" { "TZID" } else { "RECURRENCE-ID" };
        let value = component.entries.iter().find_map(|entry| match entry {
            Entry::Property(property) if property.name == wanted => Some(Line::of(property, self.form).value),
            _ => None,
        });
        format!("{}\u{1}{}", component.name, value.unwrap_or_default())
    }

    /// What becomes of the stored components (by position), and the new ones.
    fn component_fates(
        &mut self,
        base: &[Entry],
        stored: &[Entry],
        arriving: &[Entry],
    ) -> (BTreeMap<usize, Component>, Vec<Component>) {
        let (base, here, there) = (self.units(base), self.units(stored), self.units(arriving));
        let keys: [fn(&Unit) -> String; 2] =
            [|unit| format!("{}{}", unit.identity, unit.said), |unit| unit.identity.clone()];
        let here_refs: Vec<&Unit> = here.iter().collect();
        let there_refs: Vec<&Unit> = there.iter().collect();
        let base_refs: Vec<&Unit> = base.iter().collect();
        let partners = pair(&here_refs, &there_refs, &keys);
        let origins = pair(&here_refs, &base_refs, &keys);
        let arrived_origins = pair(&there_refs, &base_refs, &keys);
        let (mut kept, mut new) = (BTreeMap::new(), Vec::new());
        for ((unit, partner), origin) in here.iter().zip(&partners).zip(&origins) {
            let partner = partner.and_then(|at| there.get(at));
            let origin = origin.and_then(|at| base.get(at));
            if let Some(component) = self.unit(origin, unit, partner) {
                kept.insert(unit.at, component);
            }
        }
        let taken: BTreeSet<usize> = partners.iter().flatten().copied().collect();
        for (at, (unit, origin)) in there.iter().zip(&arrived_origins).enumerate() {
            if taken.contains(&at) {
                continue;
            }
            let origin = origin.and_then(|at| base.get(at));
            let (outcome, clash) = outcome(origin.map(|unit| &unit.said), None, Some(&unit.said), true);
            if clash {
                self.clashes.insert(unit.component.name.clone());
            }
            if outcome == Outcome::Arriving {
                new.push(unit.component.clone());
            }
        }
        (kept, new)
    }

    /// A stored component: merged inside where it holds properties of its own standing, otherwise taken or left whole.
    fn unit(&mut self, origin: Option<&Unit>, here: &Unit, there: Option<&Unit>) -> Option<Component> {
        let is_whole =
            matches!(here.component.name.as_str(), "VALARM" | "VTIMEZONE" | "STANDARD" | "DAYLIGHT");
        if let Some(there) = there.filter(|_| !is_whole) {
            let before = origin.map(|unit| unit.component.entries.as_slice()).unwrap_or_default();
            let mut component = here.component.clone();
            component.entries = self.entries(before, &here.component.entries, &there.component.entries, true);
            return Some(component);
        }
        let removable = here.component.name != "VTIMEZONE" && self.supports_component(here.component);
        let (outcome, clash) =
            outcome(origin.map(|unit| &unit.said), Some(&here.said), there.map(|unit| &unit.said), removable);
        if clash {
            self.clashes.insert(here.component.name.clone());
        }
        match outcome {
            Outcome::Stored => Some(here.component.clone()),
            Outcome::Arriving => there.map(|unit| unit.component.clone()),
            Outcome::Gone => None,
        }
    }
}

/// A device that sends no `VTIMEZONE` does not take ours away while a time refers to it; one that nothing refers to any more and
/// that did not arrive goes.
fn drop_unused_zones(entries: &mut [Entry], arriving: &[Entry]) {
    let mut used = BTreeSet::new();
    zones(arriving, true, &mut used);
    zones(entries, false, &mut used);
    for entry in entries {
        if let Entry::Component(calendar) = entry {
            calendar.entries.retain(|entry| match entry {
                Entry::Component(zone) if zone.name == "VTIMEZONE" => {
                    let mut own = BTreeSet::new();
                    zones(std::slice::from_ref(entry), true, &mut own);
                    own.is_empty() || !own.is_disjoint(&used)
                }
                _ => true,
            });
        }
    }
}

/// The zones that times refer to, or those that are declared.
fn zones(entries: &[Entry], declared: bool, found: &mut BTreeSet<String>) {
    for entry in entries {
        match entry {
            Entry::Property(property) if declared && property.name == "TZID" => {
                found.insert(String::from_utf8_lossy(&property.value).trim().to_owned());
            }
            Entry::Property(property) if !declared => {
                let tzid = property.parameters.iter().find(|parameter| parameter.name == "TZID");
                found.extend(tzid.and_then(|parameter| parameter.values.first().cloned()));
            }
            Entry::Component(component) => zones(&component.entries, declared, found),
            _ => {}
        }
    }
}
