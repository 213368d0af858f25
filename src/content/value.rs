//! What a property's value says: transfer encodings and charsets, then escapes and separators, for the two families of
//! dialects (vCard 2.1 / vCalendar 1.0 / vNote, and MIME-DIR: vCard 3.0 and 4.0, iCalendar 2.0). Lines are elsewhere.

use crate::record::{Form, Parameter, Property};
use crate::secret;
use std::sync::Arc;

/// How values are escaped and encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Versit's: quoted-printable, bare types, `;` between the values of a list; `\` and `,` are literal, `\;` is a semicolon.
    Versit,
    /// RFC 2425's: UTF-8, `\n`, `\,`, `\;`, `\\`.
    MimeDir,
    /// No escapes at all: plain notes and table rows.
    Literal,
}

/// The dialect of a form.
pub fn dialect(form: &Form) -> Dialect {
    match form {
        Form::Vcard21 | Form::Vcalendar10 | Form::Vnote11 => Dialect::Versit,
        Form::Vcard30 | Form::Vcard40 | Form::Icalendar20 => Dialect::MimeDir,
        Form::Plain | Form::Table | Form::Opaque(_) => Dialect::Literal,
    }
}

/// How the value of a property is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One text.
    Text,
    /// Components between semicolons: `N`, `ADR`, `ORG`.
    Compound,
    /// Texts between commas (MIME-DIR) or semicolons (Versit): `CATEGORIES`.
    List,
    /// One date or date-time.
    Date,
    /// Dates between commas (MIME-DIR) or semicolons (Versit): `EXDATE`.
    Dates,
    /// A recurrence rule.
    Rule,
    /// Base64, or a URI.
    Binary,
    /// Not known to us: never escaped, never unescaped.
    Raw,
}

/// The shape of a property, by its name.
pub fn shape(name: &str) -> Shape {
    match name {
        "FN" | "NOTE" | "TITLE" | "ROLE" | "NICKNAME" | "LABEL" | "MAILER" | "SORT-STRING" | "SUMMARY"
        | "DESCRIPTION" | "LOCATION" | "COMMENT" | "CONTACT" | "STATUS" | "CLASS" | "TEL" | "EMAIL"
        | "BODY" | "AGENT" => Shape::Text,
        "N" | "ADR" | "ORG" => Shape::Compound,
        "CATEGORIES" | "RESOURCES" => Shape::List,
        "DTSTART" | "DTEND" | "DUE" | "COMPLETED" | "CREATED" | "DCREATED" | "LAST-MODIFIED" | "DTSTAMP"
        | "RECURRENCE-ID" | "BDAY" | "ANNIVERSARY" | "REV" => Shape::Date,
        "EXDATE" | "RDATE" => Shape::Dates,
        "RRULE" | "EXRULE" => Shape::Rule,
        "PHOTO" | "LOGO" | "SOUND" | "KEY" | "ATTACH" => Shape::Binary,
        _ => Shape::Raw,
    }
}

/// The single value of a parameter, or a bare parameter's own word where that is what is asked for.
pub fn parameter<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    parameters.iter().find(|p| !p.bare && p.name == name).and_then(|p| p.values.first()).map(String::as_str)
}

fn says(parameters: &[Parameter], words: &[&str]) -> bool {
    let named = parameter(parameters, "ENCODING");
    let is_one = |word: &str| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    named.is_some_and(is_one) || parameters.iter().any(|p| p.bare && is_one(&p.name))
}

/// Whether the value is quoted-printable: `ENCODING=QUOTED-PRINTABLE`, or the bare word.
pub fn is_quoted_printable(parameters: &[Parameter]) -> bool {
    says(parameters, &["QUOTED-PRINTABLE"])
}

/// Whether the value is base64: `ENCODING=BASE64`, `ENCODING=b`, or the bare word.
pub fn is_base64(parameters: &[Parameter]) -> bool {
    says(parameters, &["BASE64"])
        || parameter(parameters, "ENCODING").is_some_and(|e| e.eq_ignore_ascii_case("B"))
}

/// Whether a parameter says how the value is transferred, and not what it means.
pub fn is_transfer(parameter: &Parameter) -> bool {
    match parameter.name.as_str() {
        "QUOTED-PRINTABLE" | "BASE64" | "8BIT" | "7BIT" => parameter.bare,
        "ENCODING" | "CHARSET" => !parameter.bare,
        _ => false,
    }
}

/// Whether these bytes begin a vCard.
pub fn is_card(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().get(..11).is_some_and(|word| word.eq_ignore_ascii_case(b"BEGIN:VCARD"))
}

/// The value as text, transfer encoding and charset undone, lines ended by a line feed, escapes still in place. `None` where it
/// is in a charset we do not read.
pub fn text(property: &Property) -> Option<String> {
    let parameters = &property.parameters;
    let charset = parameter(parameters, "CHARSET");
    let text = if is_quoted_printable(parameters) {
        in_charset(&unquoted(&property.value), charset)?
    } else if is_base64(parameters) {
        in_charset(&secret::unbase64(&property.value)?, charset)?
    } else {
        in_charset(&property.value, charset)?
    };
    Some(if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text })
}

/// UTF-8 where it is UTF-8, Windows-1252 (and with it Latin-1) otherwise.
pub fn lenient(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
    }
}

/// Devices mislabel: what is valid UTF-8 beyond ASCII is taken for UTF-8 whatever the label of a one-byte charset says.
fn in_charset(bytes: &[u8], charset: Option<&str>) -> Option<String> {
    match charset.unwrap_or_default().to_ascii_uppercase().as_str() {
        "" | "UTF-8" | "UTF8" | "US-ASCII" | "ASCII" | "ISO-8859-1" | "ISO8859-1" | "LATIN1"
        | "WINDOWS-1252" | "CP1252" | "ANSI" => Some(lenient(bytes)),
        _ => bytes.is_ascii().then(|| lenient(bytes)),
    }
}

fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
    ];
    let above = usize::from(byte).checked_sub(0x80);
    above.and_then(|at| HIGH.get(at).copied()).unwrap_or(char::from(byte))
}

/// Quoted-printable undone; an `=` that begins no escape is itself.
fn unquoted(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let escaped = (*byte == b'=')
            .then(|| after.first_chunk::<2>().and_then(|[high, low]| hex(*high, *low)))
            .flatten();
        out.push(escaped.unwrap_or(*byte));
        if escaped.is_some() {
            rest = after.get(2..).unwrap_or_default();
        }
    }
    out
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.replace('\n', "\r\n").bytes() {
        match byte {
            b'=' | 0..=31 | 127..=255 => out.push_str(&format!("={byte:02X}")),
            _ => out.push(char::from(byte)),
        }
    }
    // White space at the very end would be lost on the way.
    match out.strip_suffix(' ') {
        Some(before) => format!("{before}=20"),
        None => out,
    }
}

/// Sets the value from text whose escapes are in place already, with the transfer encoding the dialect needs.
pub fn put(property: &mut Property, dialect: Dialect, text: &str) {
    property.parameters.retain(|parameter| !is_transfer(parameter));
    property.raw = Arc::default();
    if dialect == Dialect::Literal {
        property.value = text.as_bytes().to_vec().into();
    } else if dialect == Dialect::MimeDir {
        property.value = text.replace('\r', "").replace('\n', "\\n").into_bytes().into();
    } else if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        property.value = text.as_bytes().to_vec().into();
    } else {
        let set = |name: &str, value: &str| Parameter {
            name: name.into(),
            values: vec![value.into()],
            bare: false,
        };
        property.parameters.push(set("ENCODING", "QUOTED-PRINTABLE"));
        property.parameters.push(set("CHARSET", "UTF-8"));
        property.value = quoted(text).into_bytes().into();
    }
}

/// Text with its escapes undone. `part` says whether it was one of several (a component, a value of a list): Versit escapes
/// only there.
pub fn unescaped(text: &str, dialect: Dialect, part: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let meant = match (c, dialect, characters.peek()) {
            ('\\', Dialect::MimeDir, Some('n' | 'N')) => Some('\n'),
            ('\\', Dialect::MimeDir, Some(next @ ('\\' | ',' | ';' | ':' | '"'))) => Some(*next),
            ('\\', Dialect::Versit, Some(';')) if part => Some(';'),
            _ => None,
        };
        if meant.is_some() {
            characters.next();
        }
        out.push(meant.unwrap_or(c));
    }
    out
}

/// Text with its escapes put in place; the reverse of [`unescaped`].
pub fn escaped(text: &str, dialect: Dialect, part: bool) -> String {
    match dialect {
        Dialect::MimeDir => {
            let text = text.replace('\\', "\\\\").replace(',', "\\,").replace(';', "\\;");
            text.replace('\n', "\\n")
        }
        Dialect::Versit if part => {
            let text = text.replace(';', "\\;");
            // A backslash at the end would take the separator after it for its own.
            if text.ends_with('\\') { format!("{text} ") } else { text }
        }
        Dialect::Versit | Dialect::Literal => text.to_owned(),
    }
}

/// The parts between separators that are not escaped, escapes still in place.
pub fn split<'a>(text: &'a str, dialect: Dialect, separators: &[char]) -> Vec<&'a str> {
    let mut escaped = false;
    text.split(move |c: char| {
        let is_separator = !escaped && separators.contains(&c);
        // Versit knows `\;` only, and there a backslash before a backslash is two of them.
        escaped = c == '\\' && (dialect == Dialect::Versit || !escaped && dialect == Dialect::MimeDir);
        is_separator
    })
    .collect()
}

/// What separates the values of a list.
pub fn separator(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Versit => ";",
        Dialect::MimeDir | Dialect::Literal => ",",
    }
}

/// The values of a list, unescaped. Versit's lists are written with either separator in the field.
pub fn list(text: &str, dialect: Dialect) -> Vec<String> {
    let separators: &[char] = match dialect {
        Dialect::Versit if !text.contains(';') => &[','],
        Dialect::Versit => &[';'],
        Dialect::MimeDir | Dialect::Literal => &[','],
    };
    split(text, dialect, separators).into_iter().map(|value| unescaped(value, dialect, true)).collect()
}

/// The components of a compound value, unescaped.
pub fn compound(text: &str, dialect: Dialect) -> Vec<String> {
    split(text, dialect, &[';']).into_iter().map(|part| unescaped(part, dialect, true)).collect()
}

/// What a text property says.
pub fn plain(property: &Property, dialect: Dialect) -> String {
    let text = text(property).unwrap_or_else(|| lenient(&property.value));
    match shape(&property.name) {
        Shape::Text => unescaped(&text, dialect, false),
        _ => text,
    }
}

/// The types of a property (`TYPE` values and Versit's bare words), in upper case.
pub fn types(parameters: &[Parameter]) -> impl Iterator<Item = String> {
    parameters.iter().filter(|parameter| !is_transfer(parameter)).flat_map(|parameter| {
        let words: Vec<String> = if parameter.bare {
            vec![parameter.name.clone()]
        } else if parameter.name == "TYPE" {
            parameter
                .values
                .iter()
                .flat_map(|value| value.split(','))
                .map(|word| word.trim().to_ascii_uppercase())
                .collect()
        } else {
            Vec::new()
        };
        words.into_iter().filter(|word| !word.is_empty())
    })
}
