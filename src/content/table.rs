//! A MAX item as bytes: a JSON array of `[name, value]` pairs of text. MAX itself is in `max`.

use crate::content::value;
use crate::record::{Entry, Property};
use serde_json::Value;
use std::sync::Arc;

/// Properties of a table row. Bytes that are not what [`write_pairs`] makes are carried whole.
pub fn read(bytes: &[u8]) -> Vec<Entry> {
    let pairs = pairs(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    if write_pairs(&pairs) != bytes {
        return vec![Entry::Stray(bytes.to_vec())];
    }
    let property = |(name, value): (String, String)| {
        let value = value.into_bytes();
        Entry::Property(Property {
            group: None,
            name,
            parameters: Vec::new(),
            value: value.into(),
            raw: Arc::default(),
        })
    };
    let mut entries: Vec<Entry> = pairs.into_iter().map(property).collect();
    if entries.is_empty() {
        // An empty row and no row differ by two bytes.
        entries.push(Entry::Stray(bytes.to_vec()));
    }
    entries
}

/// Properties as a row. Where something stray is carried and nothing else, it is written as it came.
pub fn write(entries: &[Entry]) -> Vec<u8> {
    let pair = |entry: &Entry| match entry {
        Entry::Property(property) => Some((property.name.clone(), value::lenient(&property.value))),
        _ => None,
    };
    let pairs: Vec<(String, String)> = entries.iter().filter_map(pair).collect();
    match entries {
        [] => Vec::new(),
        [Entry::Stray(bytes)] => bytes.clone(),
        _ => write_pairs(&pairs),
    }
}

/// The pairs of a row, in order; what is no pair of texts, numbers or booleans is left out.
pub fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    let Ok(Value::Array(rows)) = serde_json::from_slice(bytes) else { return Vec::new() };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(u8::from(*flag).to_string()),
        Value::Null => Some(String::new()),
        _ => None,
    };
    let pair = |row: &Value| match row.as_array().map(Vec::as_slice) {
        Some([Value::String(name), value]) => Some((name.clone(), text(value)?)),
        _ => None,
    };
    rows.iter().filter_map(pair).collect()
}

/// The canonical bytes of a row.
pub fn write_pairs(pairs: &[(String, String)]) -> Vec<u8> {
    serde_json::to_vec(pairs).unwrap_or_default()
}
