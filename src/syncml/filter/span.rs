//! From when to when a calendar object lasts, as far as that is certain: what SINCE and BEFORE compare (`syncml.md` 4.13).
//!
//! Nothing is left out that may fall into the window: what recurs lasts to its `UNTIL` or for ever, a time of an unknown zone
//! is taken from its first to its last moment on earth.

use crate::content::dates::{self, When};
use crate::content::value;
use crate::record::{Component, Entry, Property};

/// From when to when, in epoch milliseconds; `None` where there is no bound or none is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub start: Option<i64>,
    /// The last moment.
    pub end: Option<i64>,
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How far a wall clock may be from UTC.
const ZONE_MS: i64 = 14 * 60 * 60 * 1000;

impl Span {
    /// That of all events and tasks in a calendar object.
    pub fn of(entries: &[Entry]) -> Self {
        let spans: Vec<Self> = objects(entries).into_iter().map(of_component).collect();
        let start = spans.iter().map(|span| span.start).min().flatten();
        let ends: Option<Vec<i64>> = spans.iter().map(|span| span.end).collect();
        Self { start, end: ends.and_then(|ends| ends.into_iter().max()) }
    }
}

/// A moment as a filter says it, in epoch milliseconds, as early and as late as it may be; `None` where it is none.
pub fn moment(text: &str) -> Option<(i64, i64)> {
    around(dates::parse(text)?, None)
}

fn around(when: When, tzid: Option<&str>) -> Option<(i64, i64)> {
    let ms = when.epoch_ms(tzid)?;
    match when.resolved(tzid) {
        When::Utc(_) => Some((ms, ms)),
        When::Day(_) | When::Local(_) => Some((ms.saturating_sub(ZONE_MS), ms.saturating_add(ZONE_MS))),
    }
}

fn objects(entries: &[Entry]) -> Vec<&Component> {
    let components = entries.iter().filter_map(|entry| match entry {
        Entry::Component(component) => Some(component),
        _ => None,
    });
    components
        .flat_map(|component| match component.name.as_str() {
            "VCALENDAR" => objects(&component.entries),
            "VEVENT" | "VTODO" | "VJOURNAL" => vec![component],
            _ => Vec::new(),
        })
        .collect()
}

fn of_component(component: &Component) -> Span {
    let named = |name: &str| {
        component.entries.iter().find_map(|entry| match entry {
            Entry::Property(property) if property.name == name => Some(property),
            _ => None,
        })
    };
    let start = named("DTSTART").and_then(bounds);
    let due = named("DUE").and_then(bounds);
    let lasting = named("DURATION").and_then(|p| dates::duration_ms(&value::lenient(&p.value)));
    let end = named("DTEND").and_then(bounds).or(due).map(|(_, end)| end);
    let end = end.or_else(|| {
        let (_, start) = start?;
        match (lasting, is_day(named("DTSTART")?)) {
            (Some(lasting), _) => start.checked_add(lasting),
            // A task without an end is not over.
            (None, _) if component.name == "VTODO" => None,
            (None, true) => start.checked_add(DAY_MS),
            (None, false) => Some(start),
        }
    });
    let first = start.or(due).map(|(start, _)| start);
    let recurs = ["RDATE", "X-RDATE"].iter().any(|name| named(name).is_some());
    let end = match named("RRULE") {
        _ if recurs => None,
        Some(rule) => until(rule).and_then(|until| {
            let lasts = end.zip(first).map_or(0, |(end, first)| end.saturating_sub(first).max(0));
            until.checked_add(lasts)
        }),
        None => end,
    };
    Span { start: first, end }
}

fn is_day(property: &Property) -> bool {
    dates::parse(&value::lenient(&property.value)).is_some_and(When::is_day)
}

fn bounds(property: &Property) -> Option<(i64, i64)> {
    let tzid = value::parameter(&property.parameters, "TZID");
    around(dates::parse(&value::lenient(&property.value))?, tzid)
}

/// When a rule ends, the end of that day where it says a day: `UNTIL=` of iCalendar, the last word of vCalendar 1.0.
fn until(rule: &Property) -> Option<i64> {
    let text = value::lenient(&rule.value).to_ascii_uppercase();
    let word = match text.split(';').find_map(|part| part.trim().strip_prefix("UNTIL=")) {
        Some(until) => until,
        None if text.contains('=') => return None,
        None => text.split_whitespace().last()?,
    };
    let when = dates::parse(word)?;
    let (_, end) = around(when, None)?;
    end.checked_add(if when.is_day() { DAY_MS } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content;
    use crate::record::{Body, Form};

    fn span(lines: &str) -> (Option<String>, Option<String>) {
        let text = format!("BEGIN:VCALENDAR\r\n{lines}\r\nEND:VCALENDAR\r\n").replace('|', "\r\n");
        let body = Body { form: Form::Icalendar20, bytes: text.into_bytes() };
        let span = Span::of(&content::read(&body).entries);
        let spelt = |ms: i64| format!("{}", dates::wall_clock(ms, None).unwrap());
        (span.start.map(spelt), span.end.map(spelt))
    }

    fn event(lines: &str) -> (Option<String>, Option<String>) {
        span(&format!("BEGIN:VEVENT|{lines}|END:VEVENT"))
    }

    fn from_to(start: &str, end: &str) -> (Option<String>, Option<String>) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        (some(start), some(end))
    }

    #[test]
    fn an_object_lasts_as_long_as_it_says() {
        let noon = "2026-01-01T12:00:00";
        let cases = [
            ("DTSTART:20260101T120000Z|DTEND:20260101T130000Z", noon, "2026-01-01T13:00:00"),
            ("DTSTART:20260101T120000Z", noon, noon),
            ("DTSTART:20260101T120000Z|DURATION:PT90M", noon, "2026-01-01T13:30:00"),
            ("DTSTART;TZID=Europe/Berlin:20260701T120000", "2026-07-01T10:00:00", "2026-07-01T10:00:00"),
            ("DTSTART:20260101T120000", "2025-12-31T22:00:00", "2026-01-02T02:00:00"),
            ("DTSTART;VALUE=DATE:20260101", "2025-12-31T10:00:00", "2026-01-02T14:00:00"),
            ("SUMMARY:when?", "", ""),
            ("DTSTART:soon", "", ""),
        ];
        for (lines, start, end) in cases {
            assert_eq!(event(lines), from_to(start, end), "{lines}");
        }
        let task = |lines: &str| span(&format!("BEGIN:VTODO|{lines}|END:VTODO"));
        assert_eq!(task("DUE:20260101T120000Z"), from_to(noon, noon));
        assert_eq!(task("DTSTART:20260101T120000Z"), from_to(noon, ""));
    }

    #[test]
    fn what_recurs_lasts_to_its_end_or_for_ever() {
        let of = |rule: &str| event(&format!("DTSTART:20260101T120000Z|DTEND:20260101T130000Z|{rule}")).1;
        assert_eq!(of("RRULE:FREQ=DAILY"), None);
        assert_eq!(of("RRULE:FREQ=DAILY;COUNT=3"), None);
        assert_eq!(of("RRULE:FREQ=DAILY;UNTIL=20260301T120000Z").as_deref(), Some("2026-03-01T13:00:00"));
        assert_eq!(of("RRULE:D1 20260301T120000Z").as_deref(), Some("2026-03-01T13:00:00"));
        assert_eq!(of("RRULE:D1 #10"), None);
        assert_eq!(of("RDATE:20270101T120000Z"), None);
    }

    #[test]
    fn several_objects_last_from_the_first_to_the_last() {
        let two = "BEGIN:VEVENT|DTSTART:20260101T120000Z|END:VEVENT|BEGIN:VEVENT|RECURRENCE-ID:20260101T120000Z|DTSTART:20260401T120000Z|END:VEVENT";
        assert_eq!(span(two), from_to("2026-01-01T12:00:00", "2026-04-01T12:00:00"));
        assert_eq!(span("BEGIN:VEVENT|END:VEVENT"), (None, None));
        assert_eq!(span(""), (None, None));
    }
}
