//! The entries that fields are about, being written on: dates in the zone they are in, names in step, tasks done. What may be
//! written is decided in `content/patch.rs`.

use crate::content::dates;
use crate::content::fields::{self, FieldKind};
use crate::content::patch::Setting;
use crate::content::path::{Target, View};
use crate::content::value::{self, Dialect, Shape};
use crate::record::{Entry, Form, Parameter, Property};
use std::sync::Arc;

/// The entries that fields are about, being written on.
pub(super) struct Sheet<'a> {
    pub(super) entries: &'a mut Vec<Entry>,
    pub(super) dialect: Dialect,
    pub(super) form: &'a Form,
}

/// What a new property looks like.
fn new_property(name: &str) -> Property {
    Property {
        group: None,
        name: name.into(),
        parameters: Vec::new(),
        value: Arc::default(),
        raw: Arc::default(),
    }
}

impl Sheet<'_> {
    pub(super) fn set_all(&mut self, settings: &[Setting]) {
        let by_view = |view: View| {
            settings.iter().filter_map(move |setting| {
                let target = setting.path.as_ref()?.targets.iter().find(|target| target.view == view)?;
                Some((target, setting))
            })
        };
        // Whether the dates have times decides how they are written; a new event gets its dates first.
        for (_, setting) in by_view(View::IsDay) {
            self.set_is_day(setting.value == "1");
        }
        for setting in settings {
            self.set(setting);
        }
        for (_, setting) in by_view(View::IsDay) {
            self.set_is_day(setting.value == "1");
        }
        for (target, setting) in by_view(View::FirstLine) {
            let whole = settings.iter().any(|other| {
                let targets = other.path.iter().flat_map(|path| &path.targets);
                targets.into_iter().any(|known| known.name == target.name && known.view == View::Value)
            });
            self.set_first_line(target, &setting.value, whole);
        }
        for (_, setting) in by_view(View::IsDone) {
            self.set_is_done(setting.value != "0" && !setting.value.is_empty());
        }
    }

    fn named(&self, name: &str) -> Option<&Property> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Property(property) if property.name == name => Some(property),
            _ => None,
        })
    }

    fn plain(&self, name: &str) -> Option<String> {
        self.named(name).map(|property| value::plain(property, self.dialect))
    }

    fn property_mut(&mut self, at: usize) -> Option<&mut Property> {
        match self.entries.get_mut(at) {
            Some(Entry::Property(property)) => Some(property),
            _ => None,
        }
    }

    /// Where a new property goes: after the last of its name, or after the last of all.
    fn insert(&mut self, property: Property) -> usize {
        let after = |wanted: &dyn Fn(&Property) -> bool| {
            self.entries.iter().rposition(|entry| matches!(entry, Entry::Property(known) if wanted(known)))
        };
        let at =
            after(&|known| known.name == property.name).or_else(|| after(&|_| true)).map_or(0, |at| at + 1);
        self.entries.insert(at, Entry::Property(property));
        at
    }

    fn remove(&mut self, name: &str) {
        self.entries.retain(|entry| !matches!(entry, Entry::Property(property) if property.name == name));
    }

    /// Sets a property named once, with the parameters it has.
    fn put(&mut self, name: &str, text: &str) {
        let at = self.entries.iter().position(|entry| matches!(entry, Entry::Property(p) if p.name == name));
        let at = at.unwrap_or_else(|| self.insert(new_property(name)));
        let dialect = self.dialect;
        let text = if value::shape(name) == Shape::Text {
            value::escaped(text, dialect, false)
        } else {
            text.to_owned()
        };
        if let Some(property) = self.property_mut(at) {
            value::put(property, dialect, &text);
        }
    }

    fn set(&mut self, setting: &Setting) {
        let is_plain = |target: &&Target| {
            let is_whole = value::shape(&target.name) == Shape::Compound && target.component.is_none();
            target.view == View::Value && !is_whole && target.name != "DURATION"
        };
        let Some(path) = &setting.path else { return };
        let found = path
            .targets
            .iter()
            .filter(is_plain)
            .find_map(|target| Some((target, target.position(self.entries)?)));
        let is_empty =
            setting.value.is_empty() || setting.field.kind != FieldKind::String && setting.value == "0";
        match found.or_else(|| path.targets.iter().find(is_plain).map(|target| (target, usize::MAX))) {
            None => {}
            Some((_, usize::MAX)) if is_empty => {}
            Some((target, at)) if is_empty && target.component.is_none() => {
                self.entries.remove(at);
                if target.name == "DTEND" {
                    self.remove("DURATION");
                }
            }
            Some((target, at)) => {
                let at = if at == usize::MAX { self.insert(self.made(target)) } else { at };
                self.write_at(at, target, setting);
            }
        }
    }

    /// A new property that the target means.
    fn made(&self, target: &Target) -> Property {
        let mut property = new_property(&target.name);
        property.parameters = match self.dialect {
            _ if target.types.is_empty() => Vec::new(),
            Dialect::Versit => target
                .types
                .iter()
                .map(|word| Parameter { name: word.clone(), values: Vec::new(), bare: true })
                .collect(),
            _ => vec![Parameter { name: "TYPE".into(), values: target.types.clone(), bare: false }],
        };
        property
    }

    fn write_at(&mut self, at: usize, target: &Target, setting: &Setting) {
        if setting.field.kind == FieldKind::Date {
            return self.write_date(at, setting.value.parse().unwrap_or_default());
        }
        let dialect = self.dialect;
        let shape = value::shape(&target.name);
        let Some(property) = self.property_mut(at) else { return };
        let text = match (shape, target.component) {
            (Shape::Compound, Some(component)) => {
                let old = value::text(property).unwrap_or_else(|| value::lenient(&property.value));
                with_component(&old, component, &setting.value, dialect)
            }
            (Shape::List, _) => {
                let words = setting.value.split(',').map(|word| value::escaped(word.trim(), dialect, true));
                words.collect::<Vec<_>>().join(value::separator(dialect))
            }
            (Shape::Text, _) => value::escaped(&setting.value, dialect, false),
            _ => setting.value.clone(),
        };
        // A number of vCard 4.0 that was a URI is text from now on.
        property.parameters.retain(|p| target.name != "TEL" || p.name != "VALUE");
        value::put(property, dialect, &text);
        if shape == Shape::Compound && text.trim_matches([';', ' ']).is_empty() {
            self.entries.remove(at);
        }
    }

    /// Writes a date as the property has it so far: a day stays a day, a zone stays that zone.
    fn write_date(&mut self, at: usize, epoch_ms: i64) {
        let Some(Entry::Property(property)) = self.entries.get(at) else { return };
        let is_card = matches!(self.form, Form::Vcard21 | Form::Vcard30 | Form::Vcard40);
        let Some(utc) = dates::wall_clock(epoch_ms, None) else { return };
        let old = value::lenient(&property.value);
        if is_card {
            let is_extended = if old.is_empty() { *self.form == Form::Vcard30 } else { old.contains('-') };
            let day = utc.date();
            let text = if is_extended { day.to_string() } else { dates::When::Day(day).basic() };
            let dialect = self.dialect;
            if let Some(property) = self.property_mut(at) {
                value::put(property, dialect, &text);
            }
            return;
        }
        let name = property.name.clone();
        let model = if !old.is_empty() {
            Some(property)
        } else {
            self.named("DTSTART").filter(|_| matches!(name.as_str(), "DTEND" | "DUE"))
        };
        let tzid = model.and_then(|model| value::parameter(&model.parameters, "TZID")).map(str::to_owned);
        let zone = tzid.as_deref().and_then(dates::zone);
        let when = match model.and_then(|model| dates::parse(&value::lenient(&model.value))) {
            Some(dates::When::Day(_)) => dates::When::Day(utc.date()),
            Some(dates::When::Local(_)) if tzid.is_none() => dates::When::Local(utc),
            Some(dates::When::Local(_)) if zone.is_some() => {
                dates::When::Local(dates::wall_clock(epoch_ms, zone.as_ref()).unwrap_or(utc))
            }
            _ => dates::When::Utc(utc),
        };
        let tzid = tzid.filter(|_| matches!(when, dates::When::Local(_)));
        self.put_when(at, when, tzid);
        if name == "DTEND" {
            self.remove("DURATION");
        }
    }

    fn put_when(&mut self, at: usize, when: dates::When, tzid: Option<String>) {
        let (dialect, says_day) = (self.dialect, when.is_day() && *self.form == Form::Icalendar20);
        let Some(property) = self.property_mut(at) else { return };
        property.parameters.retain(|p| p.name != "VALUE" && p.name != "TZID");
        let set =
            |name: &str, value: String| Parameter { name: name.into(), values: vec![value], bare: false };
        property.parameters.extend(tzid.map(|tzid| set("TZID", tzid)));
        property.parameters.extend(says_day.then(|| set("VALUE", "DATE".into())));
        value::put(property, dialect, &when.basic());
    }

    /// Makes an event's dates days, or times (midnight in UTC).
    fn set_is_day(&mut self, is_day: bool) {
        let when_of = |entry: &Entry| match entry {
            Entry::Property(p) if matches!(p.name.as_str(), "DTSTART" | "DTEND") => {
                Some((p.name == "DTEND", dates::parse(&value::lenient(&p.value))?))
            }
            _ => None,
        };
        let found: Vec<(usize, bool, dates::When)> = self
            .entries
            .iter()
            .enumerate()
            .filter_map(|(at, entry)| when_of(entry).map(|(is_end, when)| (at, is_end, when)))
            .filter(|(_, _, when)| when.is_day() != is_day)
            .collect();
        for (at, is_end, when) in found {
            self.put_when(at, if is_day { when.to_day(is_end) } else { when.to_time() }, None);
        }
    }

    fn set_is_done(&mut self, is_done: bool) {
        let todo = if self.dialect == Dialect::Versit { "NEEDS ACTION" } else { "NEEDS-ACTION" };
        if is_done {
            self.put("STATUS", "COMPLETED");
        } else {
            self.remove("COMPLETED");
            if self.plain("STATUS").is_some_and(|status| status.trim().eq_ignore_ascii_case("COMPLETED")) {
                self.put("STATUS", todo);
            }
        }
        if self.named("PERCENT-COMPLETE").is_some() {
            self.put("PERCENT-COMPLETE", if is_done { "100" } else { "0" });
        }
    }

    /// Sets the first line of a text; where the whole text was set too and begins otherwise, the line goes before it.
    fn set_first_line(&mut self, target: &Target, line: &str, with_whole: bool) {
        let text = self.plain(&target.name).unwrap_or_default();
        let line = line.replace('\n', " ");
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let first = first.trim_end_matches('\r');
        let text = match (first == line, rest) {
            (true, _) => return,
            _ if with_whole && !text.is_empty() => format!("{line}\n{text}"),
            (_, "") => line,
            (_, rest) => format!("{line}\n{rest}"),
        };
        self.put(&target.name, &text);
    }

    /// What a card is called by what else it says: its names, or its company where it has none.
    fn said_name(&self) -> String {
        let compound = |name: &str| {
            let text = self.named(name).and_then(value::text).unwrap_or_default();
            value::compound(&text, self.dialect)
        };
        let names = fields::reading_order(&compound("N"), "N");
        if names.is_empty() { compound("ORG").into_iter().next().unwrap_or_default() } else { names }
    }

    /// vCard 3.0 requires `FN` and `N`: what was not given is made of the other.
    pub(super) fn complete_card(&mut self) {
        let shown = self.plain("FN");
        if shown.is_none() {
            self.put("FN", &self.said_name());
        }
        if self.named("N").is_none() {
            // A company is nobody with a first and a last name.
            let shown = shown.unwrap_or_default();
            let (given, family) = shown.trim().rsplit_once(' ').unwrap_or(("", shown.trim()));
            let part = |text: &str| value::escaped(text.trim(), self.dialect, true);
            let n = format!("{};{};;;", part(family), part(given));
            self.put("N", &n);
        }
    }
}

/// A compound text with one component replaced; the others as they are written.
fn with_component(text: &str, component: usize, value: &str, dialect: Dialect) -> String {
    let mut parts: Vec<String> = value::split(text, dialect, &[';']).into_iter().map(str::to_owned).collect();
    if parts.len() <= component {
        parts.resize(component + 1, String::new());
    }
    if let Some(part) = parts.get_mut(component) {
        *part = value::escaped(value, dialect, true);
    }
    parts.join(";")
}
