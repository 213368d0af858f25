//! A piece of a file as a record to be: recognised, checked, and with the key by which an equal one is found.
//!
//! How files are cut into pieces is in `content/split.rs`; who reads files and who writes records is elsewhere.

use super::matching::{self, MatchKey};
use crate::content;
use crate::limits;
use crate::record::{Body, Form, Kind};

/// One record to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it holds.
    pub body: Body,
    /// By what it is recognised.
    pub key: MatchKey,
}

/// Whether a collection of this kind takes pieces of that name ([`Piece::name`](content::split::Piece::name)).
pub fn takes(kind: Kind, name: &str) -> bool {
    match kind {
        Kind::Contacts => name == "VCARD",
        Kind::Calendar => name == "VEVENT",
        Kind::Todo => name == "VTODO",
        Kind::Notes => name == "VNOTE" || name.is_empty(),
        Kind::Files | Kind::Table => false,
    }
}

/// Whether a collection of this kind holds this form. What a collection of folders holds is for its protocol to say.
pub fn fits(kind: Kind, form: &Form) -> bool {
    match kind {
        Kind::Contacts => matches!(form, Form::Vcard21 | Form::Vcard30 | Form::Vcard40),
        Kind::Calendar | Kind::Todo => matches!(form, Form::Vcalendar10 | Form::Icalendar20),
        Kind::Notes => matches!(form, Form::Plain | Form::Vnote11),
        Kind::Files | Kind::Table => false,
    }
}

/// A piece as a record for a collection of this kind; or why it is none.
pub fn item(bytes: Vec<u8>, kind: Kind) -> Result<Item, String> {
    if bytes.len() > limits::OBJECT_BYTES_MAX {
        return Err(format!("{} bytes; a record has at most {}", bytes.len(), limits::OBJECT_BYTES_MAX));
    }
    if bytes.contains(&0) {
        return Err("there is a NUL in it: it is no text, or in UTF-16; save it as UTF-8".into());
    }
    let media_type = (kind == Kind::Notes && !bytes.starts_with(b"BEGIN:")).then_some("text/plain");
    if media_type.is_some() && std::str::from_utf8(&bytes).is_err() {
        return Err("it is not UTF-8; save it as UTF-8".into());
    }
    let form = content::recognise(media_type, &bytes);
    if !fits(kind, &form) {
        return Err("it says neither by its version nor otherwise what it is".into());
    }
    let body = Body { form, bytes };
    match matching::key(&body) {
        Some(key) if !matching::is_of_nothing(&key) => Ok(Item { body, key }),
        _ => Err("there is nothing in it".into()),
    }
}
