//! Content lines, written: untouched entries as the bytes they came in, changed ones in the dialect of their form (vCard 2.1
//! section 2.1.3, RFC 2425 section 5.8.1). Reading is in `content/lines.rs`.

use crate::content::value::{self, Dialect};
use crate::record::{Component, Entry, Parameter, Property};

/// The longest line MIME-DIR writes before it folds, and quoted-printable before its soft break, in octets.
const LINE_OCTETS_MAX: usize = 75;

/// Entries as bytes. There is room for all of them at once: what grows is twice in memory, and a photo is large.
pub fn write(entries: &[Entry], dialect: Dialect) -> Vec<u8> {
    let bytes = Vec::with_capacity(entries.iter().map(length).sum());
    let mut out = Writer { bytes, dialect, end: line_end(entries) };
    out.entries(entries);
    out.bytes
}

/// How long it becomes, or a little less: of a changed property the head is guessed.
fn length(entry: &Entry) -> usize {
    match entry {
        Entry::Stray(raw) => raw.len(),
        Entry::Property(property) if property.raw.is_empty() => HEAD_OCTETS + property.value.len() / 70 * 75,
        Entry::Property(property) => property.raw.len(),
        Entry::Component(component) => {
            let inside: usize = component.entries.iter().map(length).sum();
            component.begin.len() + inside + component.end.len()
        }
    }
}

/// Room for name and parameters of a property, a line of its value, and the ends of those lines.
const HEAD_OCTETS: usize = 250;

/// The line end that this object uses.
fn line_end(entries: &[Entry]) -> &'static [u8] {
    let first = entries.iter().find_map(|entry| match entry {
        Entry::Property(property) => Some(property.raw.as_slice()),
        Entry::Component(component) => Some(component.begin.as_slice()),
        Entry::Stray(_) => None,
    });
    match first {
        Some(line) if line.ends_with(b"\n") && !line.ends_with(b"\r\n") => b"\n",
        Some(line) if line.ends_with(b"\r") => b"\r",
        _ => b"\r\n",
    }
}

struct Writer {
    bytes: Vec<u8>,
    dialect: Dialect,
    end: &'static [u8],
}

impl Writer {
    fn entries(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry {
                Entry::Stray(raw) => self.raw(raw),
                Entry::Property(property) if property.raw.is_empty() => self.property(property),
                Entry::Property(property) => self.raw(&property.raw),
                Entry::Component(component) => self.component(component),
            }
        }
    }

    fn component(&mut self, component: &Component) {
        let is_new = component.begin.is_empty() && component.end.is_empty();
        if is_new {
            self.line(&format!("BEGIN:{}", component.name));
        } else {
            self.raw(&component.begin);
        }
        self.entries(&component.entries);
        if is_new {
            self.line(&format!("END:{}", component.name));
        } else {
            self.raw(&component.end);
        }
    }

    /// The last line of an object may lack its end; a line that follows it now needs one.
    fn end_line(&mut self) {
        if !matches!(self.bytes.last(), None | Some(b'\n' | b'\r')) {
            self.bytes.extend_from_slice(self.end);
        }
    }

    fn raw(&mut self, raw: &[u8]) {
        if !raw.is_empty() {
            self.end_line();
            self.bytes.extend_from_slice(raw);
        }
    }

    fn line(&mut self, line: &str) {
        self.end_line();
        self.bytes.extend_from_slice(line.as_bytes());
        self.bytes.extend_from_slice(self.end);
    }

    fn property(&mut self, property: &Property) {
        self.end_line();
        let head = head(property);
        if self.dialect == Dialect::MimeDir {
            let line = [head.as_bytes(), &property.value].concat();
            self.folded(&line);
        } else if value::is_quoted_printable(&property.parameters) {
            self.softly_broken(&head, &property.value);
        } else if value::is_base64(&property.parameters) {
            self.base64(&head, &property.value);
        } else {
            self.bytes.extend_from_slice(head.as_bytes());
            if property.name == "AGENT" && value::is_card(&property.value) {
                self.bytes.extend_from_slice(self.end);
            }
            self.bytes.extend_from_slice(&property.value);
        }
        self.end_line();
    }

    /// Folded at UTF-8 boundaries.
    fn folded(&mut self, line: &[u8]) {
        let mut width = 0;
        for character in characters(line) {
            if width + character.len() > LINE_OCTETS_MAX {
                self.bytes.extend_from_slice(self.end);
                self.bytes.push(b' ');
                width = 1;
            }
            self.bytes.extend_from_slice(character);
            width += character.len();
        }
    }

    /// Quoted-printable with soft breaks, none inside an escape or between the bytes of one character.
    fn softly_broken(&mut self, head: &str, value: &[u8]) {
        self.bytes.extend_from_slice(head.as_bytes());
        let mut width = head.len();
        for token in escapes(value) {
            if width + token.len() > LINE_OCTETS_MAX && width > 1 {
                self.bytes.push(b'=');
                self.bytes.extend_from_slice(self.end);
                width = 0;
            }
            self.bytes.extend_from_slice(token);
            width += token.len();
        }
    }

    /// Base64 on lines of its own, indented, with the blank line after it that old Nokia phones insist on.
    fn base64(&mut self, head: &str, value: &[u8]) {
        self.bytes.extend_from_slice(head.as_bytes());
        for line in value.chunks(LINE_OCTETS_MAX - 1) {
            self.bytes.extend_from_slice(self.end);
            self.bytes.push(b' ');
            self.bytes.extend_from_slice(line);
        }
        self.bytes.extend_from_slice(self.end);
        self.bytes.extend_from_slice(self.end);
    }
}

/// `group.NAME;PARAMETER=value:`
fn head(property: &Property) -> String {
    let mut head = String::new();
    if let Some(group) = &property.group {
        head.push_str(group);
        head.push('.');
    }
    head.push_str(&property.name);
    for parameter in &property.parameters {
        head.push(';');
        head.push_str(&spelled(parameter));
    }
    head.push(':');
    head
}

fn spelled(parameter: &Parameter) -> String {
    if parameter.bare {
        return parameter.name.clone();
    }
    let values: Vec<String> = parameter.values.iter().map(|value| quoted(value)).collect();
    format!("{}={}", parameter.name, values.join(","))
}

fn quoted(value: &str) -> String {
    let value: String = value.chars().filter(|c| !c.is_control() && *c != '"').collect();
    if value.contains([':', ';', ',']) { format!("\"{value}\"") } else { value }
}

/// UTF-8 characters; a byte that belongs to none stands alone.
fn characters(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let lead = *rest.first()?;
        let length = match lead {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        let whole = rest.get(1..length).is_some_and(|tail| tail.iter().all(|byte| byte & 0xC0 == 0x80));
        let (character, after) = rest.split_at_checked(if whole { length } else { 1 })?;
        rest = after;
        Some(character)
    })
}

/// Quoted-printable in pieces that are not cut: `=XX` with the continuation bytes of the same character after it, a line break.
fn escapes(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let mut length = if rest.first()? == &b'=' { 3 } else { 1 };
        while (3..12).contains(&length) && is_continuation(rest.get(length..length + 3)) {
            length += 3;
        }
        if rest.starts_with(b"=0D=0A") {
            length = 6;
        }
        let (token, after) = rest.split_at_checked(length.min(rest.len()))?;
        rest = after;
        Some(token)
    })
}

fn is_continuation(escape: Option<&[u8]>) -> bool {
    matches!(escape, Some([b'=', b'8' | b'9' | b'A' | b'B' | b'a' | b'b', _]))
}
