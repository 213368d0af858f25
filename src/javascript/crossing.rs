//! Crossing: our plain data as JavaScript's plain objects, and back. Bytes are `Uint8Array`s, what is absent is `null`.

use super::failure::Failure;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

/// An object of ours for JavaScript.
pub fn to_js<T: Serialize>(value: &T) -> Result<JsValue, JsValue> {
    let serializer = Serializer::new().serialize_missing_as_null(true);
    value.serialize(&serializer).map_err(|error| Failure::broken(error.to_string()).into())
}

/// An object of JavaScript's for us; `what` it is meant to be is said where it is not.
pub fn of_js<T: DeserializeOwned>(what: &str, value: JsValue) -> Result<T, Failure> {
    serde_wasm_bindgen::from_value(value).map_err(|error| Failure::invalid(format!("{what}: {error}")))
}
