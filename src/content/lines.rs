//! Content lines, read: bytes to properties and nested components without losing a byte (vCard 2.1 section 2.1, RFC 2425
//! section 5.8, RFC 5545 section 3.1). Lines are written in `content/folding.rs`; what values mean is in `content/value.rs`.
//!
//! Folds may cut UTF-8 characters and a quoted-printable soft break is not a fold, so lines are joined as bytes and the
//! parameters are read first. Every pass is linear.

use crate::content::value;
use crate::limits;
use crate::record::{Component, Entry, Parameter, Property};

/// Bytes to entries. Joining all raw bytes of the answer in order gives back the input, whatever it was.
pub fn parse(bytes: &[u8]) -> Vec<Entry> {
    entries(Reader { lines: physical(bytes), next: 0, agents: true, keeps: true })
}

/// The same without the raw bytes.
pub fn heard(bytes: &[u8]) -> Vec<Entry> {
    entries(Reader { lines: physical(bytes), next: 0, agents: true, keeps: false })
}

fn entries(mut reader: Reader<'_>) -> Vec<Entry> {
    let mut root = Vec::new();
    let mut open: Vec<Component> = Vec::new();
    while let Some(line) = reader.logical(open.last().map_or("", |component| &component.name)) {
        match line {
            Line::Begin(name, begin) if open.len() < limits::DEPTH_MAX => {
                open.push(Component { name, begin, end: Vec::new(), entries: Vec::new() });
            }
            Line::End(name, end) if open.iter().any(|component| component.name == name) => {
                close(&mut root, &mut open, &name, end);
            }
            Line::Begin(_, raw) | Line::End(_, raw) | Line::Stray(raw) => {
                innermost(&mut root, &mut open).push(Entry::Stray(raw));
            }
            Line::Property(property) => innermost(&mut root, &mut open).push(Entry::Property(property)),
        }
    }
    while let Some(component) = open.pop() {
        innermost(&mut root, &mut open).push(Entry::Component(component));
    }
    root
}

fn innermost<'a>(root: &'a mut Vec<Entry>, open: &'a mut [Component]) -> &'a mut Vec<Entry> {
    open.last_mut().map_or(root, |component| &mut component.entries)
}

/// Closes the innermost component of that name, and with it those inside that have no `END` of their own.
fn close(root: &mut Vec<Entry>, open: &mut Vec<Component>, name: &str, end: Vec<u8>) {
    let mut end = Some(end);
    while let Some(mut component) = open.pop() {
        let found = component.name == name;
        if found {
            component.end = end.take().unwrap_or_default();
        }
        innermost(root, open).push(Entry::Component(component));
        if found {
            return;
        }
    }
}

enum Line {
    Begin(String, Vec<u8>),
    End(String, Vec<u8>),
    Property(Property),
    Stray(Vec<u8>),
}

struct Reader<'a> {
    lines: Vec<&'a [u8]>,
    next: usize,
    /// Whether cards in cards are still looked for: one without an end costs the way to the end of the input, once.
    agents: bool,
    /// Whether raw bytes are kept.
    keeps: bool,
}

/// The lines with their ends. A carriage return ends a line only where there is no line feed at all.
fn physical(bytes: &[u8]) -> Vec<&[u8]> {
    let end = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
    bytes.split_inclusive(|byte| *byte == end).collect()
}

/// A line without its end, and the first one without its byte order mark.
fn text(line: &[u8]) -> &[u8] {
    let mut line = line.strip_suffix(b"\n").unwrap_or(line);
    while let Some(shorter) = line.strip_suffix(b"\r") {
        line = shorter;
    }
    line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
}

fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

impl<'a> Reader<'a> {
    fn line(&self, at: usize) -> Option<&'a [u8]> {
        self.lines.get(at).map(|line| text(line))
    }

    fn raw(&self, first: usize) -> Vec<u8> {
        if self.keeps { self.bytes(first) } else { Vec::new() }
    }

    fn bytes(&self, first: usize) -> Vec<u8> {
        self.lines.get(first..self.next).unwrap_or_default().concat()
    }

    /// The next logical line; `inside` is the component that is open.
    fn logical(&mut self, inside: &str) -> Option<Line> {
        let first = self.next;
        let start = self.line(first)?;
        let foldable = !start.is_empty() && !start.first().is_some_and(|byte| is_space(*byte));
        self.next += 1;
        if !foldable {
            return Some(Line::Stray(self.raw(first)));
        }
        let mut joined = self.unfolded(first);
        let Some(mut head) = Head::of(&joined) else { return Some(Line::Stray(self.raw(first))) };
        if value::is_quoted_printable(&head.parameters) {
            joined = self.joined_softly(first, inside);
            match Head::of(&joined) {
                Some(again) => head = again,
                None => joined = self.unfolded(first),
            }
        } else if value::is_base64(&head.parameters) {
            self.take_base64(&mut joined);
        }
        joined.drain(..head.value_at.min(joined.len()));
        let mut value = joined;
        if head.is_marker() {
            let name = component_name(&value);
            let raw = self.raw(first);
            return Some(if head.name == "BEGIN" { Line::Begin(name, raw) } else { Line::End(name, raw) });
        }
        if self.agents && head.name == "AGENT" && value.trim_ascii().is_empty() {
            value = self.take_agent();
        }
        let Head { group, name, parameters, .. } = head;
        Some(Line::Property(Property {
            group,
            name,
            parameters,
            value: value.into(),
            raw: self.raw(first).into(),
        }))
    }

    /// The line at `first` and the folded ones after it: a fold drops one white space.
    fn unfolded(&mut self, first: usize) -> Vec<u8> {
        let start = self.line(first).unwrap_or_default();
        self.next = first + 1;
        let rest = self.lines.get(self.next..).unwrap_or_default();
        let folded = rest.iter().take_while(|line| line.first().is_some_and(|byte| is_space(*byte)));
        let mut joined = Vec::with_capacity(start.len() + folded.map(|line| line.len()).sum::<usize>());
        joined.extend_from_slice(start);
        while let Some(folded) = self.folded() {
            joined.extend_from_slice(folded);
            self.next += 1;
        }
        joined
    }

    fn folded(&self) -> Option<&'a [u8]> {
        self.line(self.next)?.split_first().and_then(|(space, rest)| is_space(*space).then_some(rest))
    }

    /// The same for quoted-printable: a line that ends in `=` goes on in the next one as that stands.
    fn joined_softly(&mut self, first: usize, inside: &str) -> Vec<u8> {
        let mut joined = Vec::new();
        let mut piece = self.line(first).unwrap_or_default();
        self.next = first + 1;
        loop {
            let next = self.line(self.next);
            match (before_soft_break(piece), next) {
                (Some(before), Some(next)) if !is_end(next, inside) => {
                    joined.extend_from_slice(before);
                    piece = next;
                }
                _ => {
                    joined.extend_from_slice(piece);
                    let Some(folded) = self.folded() else { return joined };
                    piece = folded;
                }
            }
            self.next += 1;
        }
    }

    /// Base64 lines that a device did not indent, and the blank line that ends base64 in vCard 2.1.
    fn take_base64(&mut self, joined: &mut Vec<u8>) {
        while let Some(line) = self.line(self.next) {
            let is_data = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/= \t".contains(byte);
            if line.is_empty() || !line.iter().all(is_data) {
                break;
            }
            joined.extend_from_slice(line);
            self.next += 1;
        }
        if self.line(self.next).is_some_and(|line| line.trim_ascii().is_empty()) {
            self.next += 1;
        }
    }

    /// The card inside an `AGENT` of vCard 2.1, `BEGIN` to `END`, as its value.
    fn take_agent(&mut self) -> Vec<u8> {
        let (from, mut at, mut depth) = (self.next, self.next, 0_usize);
        while let Some(line) = self.line(at) {
            let word = line.trim_ascii().to_ascii_uppercase();
            match word.as_slice() {
                b"BEGIN:VCARD" => depth += 1,
                _ if depth == 0 => return Vec::new(),
                b"END:VCARD" => depth -= 1,
                _ => {}
            }
            at += 1;
            if depth == 0 {
                self.next = at;
                return self.bytes(from);
            }
        }
        self.agents = false;
        Vec::new()
    }
}

/// What stands before a soft break; one Nokia (N9) writes `==0A=0D=` for it.
fn before_soft_break(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii_end();
    line.strip_suffix(b"==0A=0D=").or_else(|| line.strip_suffix(b"="))
}

fn is_end(line: &[u8], name: &str) -> bool {
    line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"END:"))
        && line.get(4..).is_some_and(|rest| component_name(rest) == name)
}

fn component_name(value: &[u8]) -> String {
    let is_noise = |c: char| c.is_whitespace() || c == '\0';
    String::from_utf8_lossy(value).trim_matches(is_noise).to_uppercase()
}

/// Everything before the value.
struct Head {
    group: Option<String>,
    name: String,
    parameters: Vec<Parameter>,
    value_at: usize,
}

impl Head {
    fn of(line: &[u8]) -> Option<Self> {
        let colon =
            first_outside_quotes(line, b':').or_else(|| line.iter().position(|byte| *byte == b':'))?;
        let mut pieces = split_outside_quotes(line.get(..colon)?, b';').into_iter();
        let full = std::str::from_utf8(pieces.next()?).ok()?.trim();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
        let (group, name) = match full.rsplit_once('.') {
            Some((group, name)) => (Some(group.to_owned()), name),
            None => (None, full),
        };
        if name.is_empty() || !full.chars().all(is_word) {
            return None;
        }
        let parameters = pieces.filter_map(parameter).collect();
        Some(Self { group, name: name.to_ascii_uppercase(), parameters, value_at: colon + 1 })
    }

    fn is_marker(&self) -> bool {
        self.name == "BEGIN" || self.name == "END"
    }
}

fn parameter(piece: &[u8]) -> Option<Parameter> {
    let piece = value::lenient(piece);
    let Some((name, values)) = piece.split_once('=') else {
        let name = piece.trim().to_ascii_uppercase();
        return (!name.is_empty()).then(|| Parameter { name, values: Vec::new(), bare: true });
    };
    let values = split_outside_quotes(values.as_bytes(), b',')
        .into_iter()
        .map(|value| value::lenient(value).trim().replace('"', ""))
        .collect();
    Some(Parameter { name: name.trim().to_ascii_uppercase(), values, bare: false })
}

fn first_outside_quotes(bytes: &[u8], wanted: u8) -> Option<usize> {
    let mut quoted = false;
    bytes.iter().position(|byte| {
        quoted ^= *byte == b'"';
        !quoted && *byte == wanted
    })
}

fn split_outside_quotes(bytes: &[u8], separator: u8) -> Vec<&[u8]> {
    let mut quoted = false;
    bytes
        .split(|byte| {
            quoted ^= *byte == b'"';
            !quoted && *byte == separator
        })
        .collect()
}
