//! Filters: which items and which of their properties a device wants in a session (DS 1.2 section 6.14; `syncml.md` 4.13).
//!
//! A filter comes in the Target of an alert, as the `Filter` of 1.2 or as a query behind the path. Here it is read and bounded;
//! how it is spelt is in `filter/grammar.rs`, what it means in `filter/criteria.rs`, what becomes of items in
//! `server/window.rs`.

pub mod criteria;
pub mod grammar;
pub mod properties;
mod span;

use self::criteria::Criteria;
use self::properties::Names;
use super::inbox::trim;
use super::message::{Filter as Element, Item, Location};
use super::status;
use crate::limits;
use crate::secret;
use crate::store::Collection;
use serde::{Deserialize, Serialize};

/// What an alert wants to have; kept in the session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Whether what does not meet the query goes from the device (`EXCLUSIVE`), or stays there (`INCLUSIVE`).
    pub exclusive: bool,
    /// The query in the CGI grammar; empty for every item.
    pub query: String,
    /// The properties wanted; `None` for all.
    pub fields: Option<Names>,
}

/// Why a filter is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub code: u16,
    /// What is wrong, or not offered: for the status' item and the log.
    pub why: String,
}

impl Filter {
    /// The filter of an alert's location, if it has one that the collection understands.
    pub fn of(location: &Location, collection: &Collection) -> Result<Option<Self>, Refusal> {
        let element = location.filter.as_deref();
        let element = element.filter(|element| element.field.is_some() || element.record.is_some());
        let filter = match element {
            Some(element) => Self::of_element(element)?,
            None => Self::of_path(&location.uri),
        };
        if filter.query.len() > limits::FILTER_BYTES_MAX {
            return refuse(status::ENTITY_TOO_LARGE, "a filter of too many bytes");
        }
        if !filter.query.is_empty() {
            Criteria::of(&filter.query, collection)?;
        }
        let nothing = filter.query.is_empty() && filter.fields.is_none();
        Ok((!nothing).then_some(filter))
    }

    fn of_element(element: &Element) -> Result<Self, Refusal> {
        let kind = element.filter_type.as_deref().map(trim).unwrap_or_default();
        let exclusive = match kind.to_ascii_uppercase().as_str() {
            "" | "EXCLUSIVE" => true,
            "INCLUSIVE" => false,
            _ => return refuse(status::NOT_SUPPORTED, format!("FilterType {}", shortened(kind))),
        };
        let query = element.record.as_ref().map(query).transpose()?.unwrap_or_default();
        let fields = element.field.as_ref().map(wanted).transpose()?;
        Ok(Self { exclusive, query, fields: fields.filter(|fields| !fields.is_empty()) })
    }

    /// What stands behind a path is for once, and takes nothing away. What begins with a slash are path options of
    /// Synthesis' clients; they are not understood, and not needed.
    fn of_path(uri: &str) -> Self {
        let query = uri.split_once('?').map(|(_, query)| trim(query)).unwrap_or_default();
        let query = if query.starts_with('/') { "" } else { query };
        Self { exclusive: false, query: query.to_owned(), fields: None }
    }

    /// The bytes it takes in the session.
    pub fn kept_bytes(&self) -> usize {
        serde_json::to_string(self).map_or(usize::MAX, |text| text.len())
    }

    /// Whether it leaves out items.
    pub fn of_records(&self) -> bool {
        !self.query.is_empty()
    }
}

/// The query of a `Record`.
fn query(item: &Item) -> Result<String, Refusal> {
    let grammar = item.meta.media_type.as_deref().map(trim).unwrap_or_default();
    // S60 doubles the colon.
    if !matches!(
        grammar.to_ascii_lowercase().as_str(),
        "" | "syncml:filtertype-cgi" | "syncml::filtertype-cgi"
    ) {
        return refuse(status::NOT_SUPPORTED, format!("filter grammar {}", shortened(grammar)));
    }
    let data = item.data.as_ref().map(|data| data.bytes()).unwrap_or_default();
    match std::str::from_utf8(data) {
        Ok(text) => Ok(trim(text).to_owned()),
        Err(_) => refuse(status::BAD_SCRIPT, "a filter that is no UTF-8"),
    }
}

/// The properties of a `Field`.
fn wanted(item: &Item) -> Result<Names, Refusal> {
    let names = properties::names(item);
    if names.iter().map(String::len).sum::<usize>() > limits::FILTER_BYTES_MAX {
        return refuse(status::ENTITY_TOO_LARGE, "a filter of too many properties");
    }
    Ok(names)
}

fn refuse<T>(code: u16, why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { code, why: why.into() })
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// What filters left out on a device's way to a place: see [`crate::peer::Place::left_out`]. A place reached by one filter says
/// little about what another lets through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Of which filter items are missing, by its fingerprint; empty for none, [`LeftOut::UNKNOWN`] for nobody knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// The properties that every item has as we have it; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Names>,
}

impl LeftOut {
    /// The fingerprint of no filter.
    pub const UNKNOWN: &'static str = "?";

    /// What a session with this filter leaves out.
    pub fn by(filter: Option<&Filter>) -> Self {
        let Some(filter) = filter else { return Self::default() };
        let kind = if filter.exclusive { "exclusive" } else { "inclusive" };
        let print = || secret::fingerprint(format!("{kind} {}", filter.query).as_bytes());
        Self {
            filter: if filter.of_records() { print() } else { String::new() },
            fields: filter.fields.clone(),
        }
    }

    /// Out of a place; of what cannot be read nobody knows.
    pub fn of_text(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        let unknown = || Self { filter: Self::UNKNOWN.into(), fields: None };
        serde_json::from_str(text).unwrap_or_else(|_| unknown())
    }

    /// Into a place.
    pub fn text(&self) -> String {
        if *self == Self::default() { String::new() } else { serde_json::to_string(self).unwrap_or_default() }
    }

    /// The properties that items have that came either way.
    pub fn fields_with(&self, other: &Self) -> Option<Names> {
        match (&self.fields, &other.fields) {
            (Some(one), Some(other)) => Some(one.intersection(other).cloned().collect()),
            (one, other) => one.as_ref().or(other.as_ref()).cloned(),
        }
    }

    /// Whether a property is missing here that the other lets through.
    pub fn lacks_of(&self, other: &Self, name: &str) -> bool {
        let has = |fields: &Option<Names>| fields.as_ref().is_none_or(|fields| fields.contains(name));
        !has(&self.fields) && has(&other.fields)
    }

    /// Whether the other lets any property through that is missing here.
    pub fn is_narrower_than(&self, other: &Self) -> bool {
        match (&self.fields, &other.fields) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(here), Some(there)) => !there.is_subset(here),
        }
    }
}

#[cfg(test)]
mod tests;
