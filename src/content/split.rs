//! A file of many into records: cards of a `.vcf`, one object per UID of an `.ics`.
//!
//! It looks at no more than `BEGIN`, `END`, `UID` and `TZID` (RFC 6350 section 3.2, RFC 5545 sections 3.1, 3.4 and 3.8.4.7)
//! and hands out stretches of the file as they stand; what the bytes mean is `content`'s to say.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What a file has at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The line it begins on, from 1.
    pub line: usize,
    /// What it is, in upper case (`VCARD`, `VEVENT`); empty where the file does not say, or it is no record.
    pub name: String,
    /// The stretches that make the record, in order; or why it is none.
    pub parts: Result<Vec<Range<usize>>, String>,
}

impl Piece {
    /// How many bytes the record has.
    pub fn len(&self) -> usize {
        self.parts.iter().flatten().map(ExactSizeIterator::len).sum()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The record's bytes out of the file it was found in.
    pub fn bytes(&self, file: &[u8]) -> Vec<u8> {
        self.parts.iter().flatten().filter_map(|part| file.get(part.clone())).flatten().copied().collect()
    }

    fn refused(line: usize, reason: impl Into<String>) -> Self {
        Self { line, name: String::new(), parts: Err(reason.into()) }
    }
}

/// The whole file as one record, a byte order mark left out.
pub fn whole(file: &[u8]) -> Vec<Piece> {
    let all = text_start(file)..file.len();
    vec![Piece { line: 1, name: String::new(), parts: Ok(Vec::from([all])) }]
}

/// Every object of that name (`VCARD`, `VNOTE`) in the file.
pub fn objects(file: &[u8], wanted: &str) -> Vec<Piece> {
    let piece = |object: Object| Piece {
        line: object.line,
        name: wanted.to_owned(),
        parts: object.whole().map(|whole| vec![whole]),
    };
    top_level(file, wanted).into_iter().map(piece).collect()
}

/// Every component of these names (`VEVENT`, `VTODO`) in the file, those of one name and UID together, each with its calendar
/// around it and the time zones it names. A calendar of one UID stays as it is.
pub fn calendar(file: &[u8], wanted: &[&str]) -> Vec<Piece> {
    top_level(file, "VCALENDAR").into_iter().flat_map(|object| by_uid(file, object, wanted)).collect()
}

fn by_uid(file: &[u8], calendar: Object, wanted: &[&str]) -> Vec<Piece> {
    let whole = match calendar.whole() {
        Ok(whole) => whole,
        Err(reason) => return vec![Piece::refused(calendar.line, reason)],
    };
    let mut pieces = Vec::new();
    let mut zones = BTreeMap::new();
    let mut groups: Vec<Vec<Inner>> = Vec::new();
    let mut group_of: BTreeMap<(String, Vec<u8>), usize> = BTreeMap::new();
    let all_wanted = format!("{}s", wanted.join("s or "));
    for inner in calendar.inner {
        let place = inner.uid.clone().map(|uid| (inner.name.clone(), uid));
        match inner.name.as_str() {
            "VTIMEZONE" => {
                zones.insert(inner.own_zone.clone(), inner.range);
            }
            name if wanted.contains(&name) => match place.as_ref().and_then(|place| group_of.get(place)) {
                Some(&index) => groups.get_mut(index).into_iter().for_each(|group| group.push(inner.clone())),
                None => {
                    place.into_iter().for_each(|place| _ = group_of.insert(place, groups.len()));
                    groups.push(vec![inner]);
                }
            },
            name => {
                pieces.push(Piece::refused(inner.line, format!("a {name}, where {all_wanted} are wanted")))
            }
        }
    }
    let name_of = |group: &[Inner]| group.first().map(|inner| inner.name.clone()).unwrap_or_default();
    if groups.len() == 1 && pieces.is_empty() {
        let name = groups.first().map(|group| name_of(group)).unwrap_or_default();
        return vec![Piece { line: calendar.line, name, parts: Ok(vec![whole]) }];
    }
    if groups.is_empty() && pieces.is_empty() {
        return vec![Piece::refused(
            calendar.line,
            format!("a calendar without any {}", wanted.join(" or ")),
        )];
    }
    let (head, tail) = (calendar.head, calendar.tail);
    pieces.extend(groups.into_iter().map(|group| {
        let line = group.first().map_or(calendar.line, |inner| inner.line);
        let named: BTreeSet<&Vec<u8>> = group.iter().flat_map(|inner| &inner.zones).collect();
        let zones = zones.iter().filter(|(zone, _)| named.contains(zone)).map(|(_, range)| range.clone());
        let parts = head.iter().cloned().chain(zones).chain(group.iter().map(|inner| inner.range.clone()));
        Piece { line, name: name_of(&group), parts: Ok(parts.chain(tail.clone()).collect()) }
    }));
    pieces.sort_by_key(|piece| piece.line);
    debug_assert!(file.len() >= whole.end);
    pieces
}

/// An outermost object.
struct Object {
    line: usize,
    start: usize,
    /// Its end; or why it has none.
    end: Result<usize, String>,
    /// Its `BEGIN` line and its own properties.
    head: Vec<Range<usize>>,
    /// Its `END` line.
    tail: Option<Range<usize>>,
    inner: Vec<Inner>,
}

impl Object {
    fn whole(&self) -> Result<Range<usize>, String> {
        self.end.clone().map(|end| self.start..end)
    }
}

/// A component directly inside an outermost object.
#[derive(Clone)]
struct Inner {
    name: String,
    line: usize,
    range: Range<usize>,
    uid: Option<Vec<u8>>,
    /// The time zones its properties name.
    zones: BTreeSet<Vec<u8>>,
    /// The zone it defines itself (`VTIMEZONE`).
    own_zone: Vec<u8>,
}

fn top_level(file: &[u8], wanted: &str) -> Vec<Object> {
    let mut done: Vec<Object> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut after_agent = false;
    for line in logical_lines(file) {
        let agent = std::mem::replace(&mut after_agent, line.name == "AGENT");
        if line.name == "BEGIN" {
            // A card inside a card is vCard 2.1's AGENT; anywhere else the card before it was cut off.
            if !open.is_empty() && line.value() == wanted && !agent {
                cut_off(&mut done, &mut open);
            }
            begin(&mut done, &mut open, &line, wanted);
        } else if line.name == "END" && !open.is_empty() {
            end(&mut done, &mut open, &line);
        } else if !open.is_empty() {
            property(done.last_mut(), open.len(), &line);
        } else if !line.is_blank() && done.last().is_none_or(|last| last.end.is_ok()) {
            let text = format!("text outside of any {wanted}");
            done.push(Object { end: Err(text), ..Object::at(&line) });
        }
    }
    if !open.is_empty() {
        cut_off(&mut done, &mut open);
    }
    done
}

impl Object {
    fn at(line: &Line) -> Self {
        let cut = Err(String::from("its END is missing"));
        let (start, head) = (line.range.start, vec![line.range.clone()]);
        Self { line: line.number, start, end: cut, head, tail: None, inner: Vec::new() }
    }
}

fn cut_off(done: &mut [Object], open: &mut Vec<String>) {
    let missing = format!("its END:{} is missing", open.first().map_or("", String::as_str));
    done.last_mut().into_iter().for_each(|object| object.end = Err(missing.clone()));
    open.clear();
}

fn begin(done: &mut Vec<Object>, open: &mut Vec<String>, line: &Line, wanted: &str) {
    let name = line.value();
    match open.len() {
        0 if name == wanted => done.push(Object::at(line)),
        0 => {
            let other = format!("a {name}, where {wanted}s are wanted");
            done.push(Object { end: Err(other), ..Object::at(line) });
        }
        1 => done.last_mut().into_iter().for_each(|object| {
            object.inner.push(Inner {
                name: name.clone(),
                line: line.number,
                range: line.range.clone(),
                uid: None,
                zones: BTreeSet::new(),
                own_zone: Vec::new(),
            });
        }),
        _ => {}
    }
    open.push(name);
}

fn end(done: &mut [Object], open: &mut Vec<String>, line: &Line) {
    let Some(object) = done.last_mut() else { return };
    if open.last().is_none_or(|last| *last != line.value()) {
        object.end = Err(format!("END:{} on line {} closes nothing", line.value(), line.number));
        open.clear();
        return;
    }
    open.pop();
    match open.len() {
        0 => {
            object.tail = Some(line.range.clone());
            // Another kind of object keeps its reason.
            if object.end.as_ref().is_err_and(|reason| reason == "its END is missing") {
                object.end = Ok(line.range.end);
            }
        }
        1 => object.inner.last_mut().into_iter().for_each(|inner| inner.range.end = line.range.end),
        _ => {}
    }
}

fn property(object: Option<&mut Object>, depth: usize, line: &Line) {
    let Some(object) = object else { return };
    if depth == 1 {
        object.head.push(line.range.clone());
        return;
    }
    let Some(inner) = object.inner.last_mut() else { return };
    inner.zones.extend(line.zone_named());
    match line.name.as_str() {
        "UID" if depth == 2 && inner.uid.is_none() => inner.uid = Some(line.text_value().to_vec()),
        "TZID" if depth == 2 => inner.own_zone = line.text_value().to_vec(),
        _ => {}
    }
}

/// A content line with its continuations.
struct Line {
    number: usize,
    range: Range<usize>,
    /// The property's name in upper case, without its group.
    name: String,
    /// The line unfolded, without its end.
    text: Vec<u8>,
}

impl Line {
    fn text_value(&self) -> &[u8] {
        let at = self.colon();
        self.text.get(at + 1..).unwrap_or_default().trim_ascii()
    }

    fn value(&self) -> String {
        String::from_utf8_lossy(self.text_value()).to_ascii_uppercase()
    }

    fn is_blank(&self) -> bool {
        self.text.trim_ascii().is_empty()
    }

    /// Where the value begins: the first colon outside of quotes, or the end.
    fn colon(&self) -> usize {
        let mut quoted = false;
        let found = self.text.iter().position(|byte| {
            quoted ^= *byte == b'"';
            *byte == b':' && !quoted
        });
        found.unwrap_or(self.text.len())
    }

    /// The value of a `TZID` parameter.
    fn zone_named(&self) -> Option<Vec<u8>> {
        let parameters = self.text.get(..self.colon())?;
        let start = parameters.windows(6).position(|six| six.eq_ignore_ascii_case(b";TZID="))? + 6;
        let rest = parameters.get(start..)?;
        let zone = match rest.strip_prefix(b"\"") {
            Some(quoted) => quoted.split(|byte| *byte == b'"').next(),
            None => rest.split(|byte| *byte == b';').next(),
        };
        zone.map(|zone| zone.trim_ascii().to_vec())
    }
}

fn logical_lines(file: &[u8]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut start = text_start(file);
    let mut soft_break = false;
    let rest = file.get(start..).unwrap_or_default();
    for (index, raw) in rest.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let range = start..start + raw.len();
        start = range.end;
        let text = raw.strip_suffix(b"\n").unwrap_or(raw);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let folded = matches!(text.first(), Some(b' ' | b'\t'));
        match lines.last_mut() {
            Some(line) if folded || soft_break => {
                line.range.end = range.end;
                line.text.extend_from_slice(if soft_break {
                    text
                } else {
                    text.get(1..).unwrap_or_default()
                });
                soft_break = soft_break && text.ends_with(b"=");
            }
            _ => {
                let name = name_of(text);
                soft_break = text.ends_with(b"=") && says_quoted_printable(text);
                lines.push(Line { number: index + 1, range, name, text: text.to_vec() });
            }
        }
    }
    lines
}

fn text_start(file: &[u8]) -> usize {
    if file.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 }
}

fn name_of(text: &[u8]) -> String {
    let name = text.split(|byte| matches!(byte, b':' | b';')).next().unwrap_or_default();
    let name = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    String::from_utf8_lossy(name.trim_ascii()).to_ascii_uppercase()
}

fn says_quoted_printable(text: &[u8]) -> bool {
    let parameters = text.split(|byte| *byte == b':').next().unwrap_or_default();
    parameters.windows(16).any(|word| word.eq_ignore_ascii_case(b"QUOTED-PRINTABLE"))
}

#[cfg(test)]
mod tests;
