//! A collection's plain fields: what MAX shows, as property paths.

use serde::{Deserialize, Serialize};

/// One plain field of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name: an XML element name that does not begin with `_` and is neither `auth` nor `lbd`.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Which property it shows: empty for a MAX table, where the field is the property. See [`standard`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
}

/// The types of MAX fields (and `real`, an extension of ours).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// The record's id.
    PrimaryKey,
    /// Text.
    String,
    /// A whole number: optional `-`, then digits, within 64 bits.
    Integer,
    /// Epoch milliseconds; 0 or empty for no date.
    Date,
    /// A decimal number.
    Real,
}

use crate::record::{Body, Kind};

/// Why a value cannot be written into a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// What is wrong, in words that a MAX client's developer can act on.
    pub reason: String,
}

/// The plain fields of a kind of collection: `id`, `name`, `firstname`, … for contacts.
pub fn standard(_kind: Kind) -> Vec<Field> {
    Vec::new()
}

/// The values of all fields but the primary key, in the order of `fields`; a missing one is empty (a missing integer `0`).
pub fn project(_body: &Body, _fields: &[Field]) -> Vec<(String, String)> {
    Vec::new()
}

/// The body after these fields have been set; `None` before for a new record of `kind`. Fields not named, and everything no
/// field shows, stay byte by byte. The values are checked first ([`FieldError`]).
pub fn patch(
    _body: Option<&Body>,
    kind: Kind,
    _fields: &[Field],
    _values: &[(String, String)],
) -> Result<Body, FieldError> {
    let _ = kind;
    Err(FieldError { field: String::new(), reason: "not built yet".into() })
}
