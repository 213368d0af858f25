//! Records as lines of a list: JSON lines, and CSV (RFC 4180) both ways. A line has the plain fields and nothing else.

use crate::content::fields::{self, Field, FieldKind};
use crate::record::{Body, Kind, Record, RecordId};
use serde_json::{Map, Value};

/// The primary key and the plain fields as one object, in their order; numbers as numbers.
pub fn json_line(record: &Record, body: &Body, kind: Kind, fields: &[Field]) -> String {
    let id = &record.id;
    if kind == Kind::Files {
        let parent = record.parent.as_ref().map(RecordId::as_str);
        return serde_json::json!({ "id": id.as_str(), "parent": parent }).to_string();
    }
    let member = |(field, text): (&Field, String)| {
        let number = match field.kind {
            FieldKind::Integer | FieldKind::Date => text.parse::<i64>().ok(),
            _ => None,
        };
        let value = number.map_or_else(|| Value::from(text), Value::from);
        format!("{}:{value}", Value::from(field.name.as_str()))
    };
    let members: Vec<String> = row(record, body, fields).map(member).collect();
    format!("{{{}}}", members.join(","))
}

/// The fields of a line of JSON as text; or why it is none.
pub fn of_json_line(line: &str) -> Result<Vec<(String, String)>, String> {
    let object: Map<String, Value> =
        serde_json::from_str(line).map_err(|error| format!("it is no JSON object: {error}"))?;
    let text = |(name, value): (String, Value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Number(number) => Ok((name, number.to_string())),
        Value::Bool(flag) => Ok((name, u8::from(flag).to_string())),
        Value::Null => Ok((name, String::new())),
        Value::Array(_) | Value::Object(_) => Err(format!("{name}: a text or a number is wanted")),
    };
    object.into_iter().map(text).collect()
}

/// The header of a CSV list: the names of the fields.
pub fn csv_header(fields: &[Field]) -> String {
    csv_of(fields.iter().map(|field| field.name.clone()))
}

/// A record as a line of CSV. Dates are epoch milliseconds, as everywhere; none is empty.
pub fn csv_line(record: &Record, body: &Body, fields: &[Field]) -> String {
    let shown = |(field, text): (&Field, String)| match field.kind {
        FieldKind::Date if text == "0" => String::new(),
        _ => text,
    };
    csv_of(row(record, body, fields).map(shown))
}

/// Each field with its value; the primary key is the record's id.
fn row<'a>(
    record: &'a Record,
    body: &Body,
    fields: &'a [Field],
) -> impl Iterator<Item = (&'a Field, String)> {
    let mut values = fields::project(body, fields).into_iter();
    fields.iter().map(move |field| match field.kind {
        FieldKind::PrimaryKey => (field, record.id.as_str().to_owned()),
        _ => (field, values.next().map(|(_, value)| value).unwrap_or_default()),
    })
}

fn csv_of(values: impl Iterator<Item = String>) -> String {
    let quoted = |value: String| match value.contains([',', '"', '\r', '\n']) || value.starts_with(' ') {
        true => format!("\"{}\"", value.replace('"', "\"\"")),
        false => value,
    };
    values.map(quoted).collect::<Vec<_>>().join(",") + "\r\n"
}

/// The rows of a CSV text, each with the line it begins on (from 1). Separated by `,`, or by `;` where the first line has more of
/// those; blank lines are passed over. A quote that is never closed is refused.
pub fn csv_rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, String> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    let count = |separator: char| first.matches(separator).count();
    let separator = if count(';') > count(',') { ';' } else { ',' };
    let mut rows = Vec::new();
    let (mut row, mut value, mut quoted, mut was_quoted) = (Vec::new(), String::new(), false, false);
    let (mut line, mut began) = (1, 1);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        line += usize::from(c == '\n');
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                value.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if value.is_empty() && !was_quoted => (quoted, was_quoted) = (true, true),
            c if quoted => value.push(c),
            c if c == separator => {
                row.push(std::mem::take(&mut value));
                was_quoted = false;
            }
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' | '\n' => {
                row.push(std::mem::take(&mut value));
                rows.push((began, std::mem::take(&mut row)));
                (was_quoted, began) = (false, line);
            }
            c => value.push(c),
        }
    }
    if quoted {
        return Err(format!("the quote in the row of line {began} is never closed"));
    }
    row.push(value);
    rows.push((began, row));
    rows.retain(|(_, row)| row.iter().any(|value| !value.trim().is_empty()));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_spreadsheets_write_it() {
        let text =
            "\u{FEFF}name;note\r\n\"Ada \"\"L\"\"\";\"two\r\nlines; one value\"\r\n\r\nBob;\n;\nlast;x";
        let rows = csv_rows(text).unwrap();
        let row = |line, values: [&str; 2]| (line, values.map(str::to_owned).to_vec());
        assert_eq!(
            rows,
            [
                row(1, ["name", "note"]),
                row(2, ["Ada \"L\"", "two\r\nlines; one value"]),
                row(5, ["Bob", ""]),
                row(7, ["last", "x"])
            ]
        );
        assert!(csv_rows("a,\"b").unwrap_err().contains("never closed"));
        assert_eq!(csv_rows("").unwrap(), []);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let values = ["a,b", "\"", "x\ny", " lead", "", "plain"].map(str::to_owned);
        let line = csv_of(values.iter().cloned());
        assert_eq!(csv_rows(&line).unwrap(), [(1, values.to_vec())]);
    }

    #[test]
    fn a_line_of_json_has_texts_and_numbers() {
        let fields = of_json_line(r#"{"name":"Ada","done":1,"x":null,"y":true}"#).unwrap();
        let named =
            |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!(
            [named("name"), named("done"), named("x"), named("y")],
            [Some("Ada"), Some("1"), Some(""), Some("1")]
        );
        assert!(of_json_line("[1]").is_err() && of_json_line(r#"{"a":[1]}"#).is_err());
    }
}
