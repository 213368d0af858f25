//! Merging nested components: events and their exceptions inside, alarms and time zones as units.

use super::{Meeting, Outcome, outcome, pair};
use crate::content::normal::{self, Line};
use crate::record::{Component, Entry};
use std::collections::{BTreeMap, BTreeSet};

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
    pub(super) fn component_fates(
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
pub(super) fn drop_unused_zones(entries: &mut [Entry], arriving: &[Entry]) {
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
