//! How text and bytes survive SQLite and the JSON on the way to it.
//!
//! SQLite's JSON functions end a text at NUL, so NUL never reaches it: U+0001 escapes NUL and itself. Bodies that are not
//! UTF-8, hold NUL, or would more than double in JSON are base64, and the form says so.

use crate::limits::ROW_BYTES_MAX;
use crate::record::{Body, Form};
use crate::store::StoreError;
use crate::store::sql::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What stands behind the form of a body kept as base64.
const BASE64: &str = ";base64";

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

/// A body as its columns form and body.
pub fn encode_body(body: &Body) -> (String, String) {
    let label = encode(&body.form.label());
    match std::str::from_utf8(&body.bytes) {
        Ok(text) if !label.ends_with(BASE64) && is_light(text) => (label, text.to_owned()),
        _ => (label + BASE64, encode_bytes(&body.bytes)),
    }
}

/// The body of the columns form and body.
pub fn decode_body(form: String, body: String) -> Result<Body, StoreError> {
    let (label, bytes) = match form.strip_suffix(BASE64) {
        Some(label) => (label.to_owned(), decode_bytes(&body)?),
        None => (form, body.into_bytes()),
    };
    Ok(Body { form: Form::of_label(&decode(label)), bytes })
}

/// Whether JSON at most doubles a text without NUL: a control character becomes six bytes.
fn is_light(text: &str) -> bool {
    let heavy = text.bytes().filter(|byte| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')).count();
    !text.contains('\0') && heavy.saturating_mul(5) <= text.len()
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
