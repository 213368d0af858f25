//! Forms: bytes to properties and back.
pub mod fields;

use crate::record::{Body, Form, Properties};

/// Reads a body. Total: what is no property is carried as [`crate::record::Entry::Stray`].
pub fn read(body: &Body) -> Properties {
    Properties { form: body.form.clone(), entries: Vec::new() }
}

/// Writes properties in their form: untouched ones from the bytes they came in.
pub fn write(properties: &Properties) -> Body {
    Body { form: properties.form.clone(), bytes: Vec::new() }
}

/// The same content in another form; what the other form has no word for is carried.
pub fn convert(body: &Body, form: &Form) -> Body {
    Body { form: form.clone(), bytes: body.bytes.clone() }
}

/// The form of bytes that came with a media type (parameters ignored) or none, told by both.
pub fn recognise(media_type: Option<&str>, bytes: &[u8]) -> Form {
    let _ = bytes;
    Form::Opaque(media_type.unwrap_or_default().to_owned())
}

/// A form's media type and version as SyncML writes them (`CTType`, `VerCT`): `("text/x-vcard", "2.1")`.
pub fn media_type(form: &Form) -> (&str, &str) {
    let _ = form;
    ("text/plain", "1.0")
}
