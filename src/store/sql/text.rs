//! How text and bytes survive SQLite and the JSON on the way to it.
//!
//! SQLite's JSON functions end a text at NUL, so NUL never reaches it: U+0001 escapes NUL and itself. Bodies that are not
//! UTF-8, hold NUL, or would more than double in JSON are base64, and the form says so.

use crate::limits::{RECORD_BYTES_MAX, ROW_BYTES_MAX};
use crate::record::{Body, Form};
use crate::store::StoreError;
use crate::store::sql::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What stands behind the form of a body kept as base64.
const BASE64: &str = ";base64";

/// What stands behind the form of a body kept in chunks.
const CHUNKS: &str = ";chunks";

/// The longest text of one chunk. JSON at most doubles it.
const CHUNK_BYTES_MAX: usize = 450_000;

/// Text as it is stored.
pub fn encode(text: &str) -> String {
    match text.contains(['\0', '\u{1}']) {
        true => text.replace('\u{1}', "\u{1}1").replace('\0', "\u{1}0"),
        false => text.to_owned(),
    }
}

/// Text as it was before [`encode`].
pub fn decode(stored: String) -> String {
    match stored.contains('\u{1}') {
        true => stored.replace("\u{1}0", "\0").replace("\u{1}1", "\u{1}"),
        false => stored,
    }
}

/// Bytes as text.
pub fn encode_bytes(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes again.
pub fn decode_bytes(stored: &str) -> Result<Vec<u8>, StoreError> {
    STANDARD.decode(stored).map_err(|_| StoreError::Broken("bytes in the store are no base64".into()))
}

/// A body as its columns form and body; the body is empty where it is kept in [`chunks`].
pub fn encode_body(body: &Body) -> (String, String) {
    let label = encode(&body.form.label());
    match plain(body) {
        _ if is_large(body) => (label + CHUNKS, String::new()),
        Some(text) => (label, text.to_owned()),
        None => (label + BASE64, encode_bytes(&body.bytes)),
    }
}

fn is_large(body: &Body) -> bool {
    body.bytes.len() > RECORD_BYTES_MAX
}

/// The text of a body that is kept as it is.
fn plain(body: &Body) -> Option<&str> {
    let label = body.form.label();
    let text = std::str::from_utf8(&body.bytes).ok()?;
    (!label.ends_with(BASE64) && !label.ends_with(CHUNKS) && is_light(text)).then_some(text)
}

/// A large body as rows: where each begins, whether it is base64, and its text. None for one that fits its record's row.
pub fn chunks(body: &Body) -> impl Iterator<Item = (usize, bool, String)> {
    let bytes = if is_large(body) { body.bytes.as_slice() } else { &[] };
    let plain = plain(body);
    let mut start = 0;
    std::iter::from_fn(move || {
        let at = start;
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let Some(text) = plain else {
            let chunk = rest.get(..CHUNK_BYTES_MAX / 4 * 3).unwrap_or(rest);
            start += chunk.len();
            return Some((at, true, encode_bytes(chunk)));
        };
        // A character has four bytes at most, so one of the last four places is between two.
        let limit = text.len().min(at + CHUNK_BYTES_MAX);
        start = (limit.saturating_sub(3)..=limit).rev().find(|place| text.is_char_boundary(*place))?;
        Some((at, false, text.get(at..start)?.to_owned()))
    })
}

/// The bytes of a chunk.
pub fn decode_chunk(base64: bool, text: String) -> Result<Vec<u8>, StoreError> {
    if base64 { decode_bytes(&text) } else { Ok(text.into_bytes()) }
}

/// The form of a body that is kept in [`chunks`].
pub fn chunked(form: &str) -> Option<Form> {
    form.strip_suffix(CHUNKS).map(|label| Form::of_label(&decode(label.to_owned())))
}

/// The form of the column form, wherever the body is.
pub fn form(form: &str) -> Form {
    let label = form.strip_suffix(CHUNKS).or(form.strip_suffix(BASE64)).unwrap_or(form);
    Form::of_label(&decode(label.to_owned()))
}

/// The body of the columns form and body.
pub fn decode_body(form: String, body: String) -> Result<Body, StoreError> {
    let (label, bytes) = match form.strip_suffix(BASE64) {
        Some(label) => (label.to_owned(), decode_bytes(&body)?),
        None => (form, body.into_bytes()),
    };
    Ok(Body { form: Form::of_label(&decode(label)), bytes })
}

/// Whether JSON at most doubles a text without NUL, and every chunk of it: a control character becomes six bytes.
fn is_light(text: &str) -> bool {
    let heavy = text.bytes().filter(|byte| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')).count();
    let heavy_max = if text.len() > RECORD_BYTES_MAX { 0 } else { text.len() / 5 };
    !text.contains('\0') && heavy <= heavy_max
}

/// A list as JSON parameters, each an array below [`ROW_BYTES_MAX`]; none for an empty list.
pub fn lists(items: impl IntoIterator<Item = serde_json::Value>) -> Vec<Value> {
    let mut lists = Vec::new();
    let mut list = String::new();
    for item in items {
        let item = item.to_string();
        if !list.is_empty() && list.len() + item.len() + 2 >= ROW_BYTES_MAX {
            lists.push(Value::Text(std::mem::take(&mut list) + "]"));
        }
        list.push(if list.is_empty() { '[' } else { ',' });
        list.push_str(&item);
    }
    if !list.is_empty() {
        lists.push(Value::Text(list + "]"));
    }
    lists
}
