//! Merging the properties of one component: who is whose successor, and what becomes of each.

use super::{Meeting, Outcome, outcome, pair};
use crate::content::normal::{self, Line};
use crate::record::{Entry, Property};
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of the stored properties (by position) and which are new (by name).
#[derive(Default)]
pub(super) struct Fates {
    pub(super) kept: BTreeMap<usize, Property>,
    pub(super) added: BTreeMap<String, Vec<Property>>,
    /// The names as they arrived.
    pub(super) order: Vec<String>,
}

/// A property with its position and what it says.
struct Said<'a> {
    at: usize,
    property: &'a Property,
    line: Line,
}

pub(super) type ByName<'a> = BTreeMap<&'a str, Vec<(usize, &'a Property)>>;

pub(super) fn by_name(entries: &[Entry]) -> ByName<'_> {
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

pub(super) fn last_positions(entries: &[Entry]) -> BTreeMap<&str, usize> {
    by_name(entries).into_iter().filter_map(|(name, all)| Some((name, all.last()?.0))).collect()
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
    pub(super) fn property_fates(
        &mut self,
        base: &ByName,
        stored: &ByName,
        arriving: &ByName,
        books: bool,
    ) -> Fates {
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
