//! What is thrown to JavaScript: an `Error` with a `code` that stays, made an `AnchorageError` by the package.

use crate::store::StoreError;
use js_sys::{Error, Reflect};
use wasm_bindgen::JsValue;

/// A code in lower case with hyphens, and a sentence.
#[derive(Debug)]
pub struct Failure {
    code: &'static str,
    message: String,
}

impl Failure {
    /// What was passed in cannot be used.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { code: "invalid", message: message.into() }
    }

    /// Bytes or an object that are no message.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self { code: "malformed", message: message.into() }
    }

    /// We are wrong.
    pub fn broken(message: impl Into<String>) -> Self {
        Self { code: "broken", message: message.into() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self { code: "conflict", message: "what was read has moved on".into() },
            StoreError::Busy(message) => Self { code: "busy", message },
            StoreError::Broken(message) => Self { code: "broken", message },
        }
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        let error = Error::new(&failure.message);
        // It fails on no object, and this is one.
        let _ = Reflect::set(&error, &"code".into(), &failure.code.into());
        error.into()
    }
}

/// What a store in JavaScript has thrown: by its `code`, and everything else is broken.
pub fn store_error(thrown: &JsValue) -> StoreError {
    match text_at(thrown, "code").as_deref() {
        Some("conflict") => StoreError::Conflict,
        Some("busy") => StoreError::Busy(message_of(thrown)),
        _ => StoreError::Broken(message_of(thrown)),
    }
}

/// The words of something thrown.
pub fn message_of(thrown: &JsValue) -> String {
    let message = text_at(thrown, "message").or_else(|| thrown.as_string());
    message.unwrap_or_else(|| "something was thrown that says nothing".into())
}

fn text_at(object: &JsValue, name: &str) -> Option<String> {
    Reflect::get(object, &name.into()).ok()?.as_string()
}
