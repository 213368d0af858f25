//! A folder of files as records (`npx anchorage sync`): what a file holds, and what a record is called. Who reads and writes
//! the files is `package/cli/sync`.

use super::crossing::{of_js, to_js};
use crate::journal::intake;
use crate::operate::import;
use crate::record::Kind;
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// What a file has at one place: a record's bytes, or why it is none.
#[derive(Serialize)]
struct Piece {
    line: usize,
    #[serde(with = "serde_bytes")]
    body: Option<Vec<u8>>,
    reason: Option<String>,
    /// Its `UID`, where it has one.
    uid: Option<String>,
}

/// What a file has for a collection of this kind, as an import would take it.
#[wasm_bindgen]
pub fn pieces(file: &[u8], name: &str, kind: JsValue) -> Result<JsValue, JsValue> {
    let kind: Kind = of_js("kind", kind)?;
    let piece = |(line, taken): (usize, Result<intake::Item, String>)| match taken {
        Ok(item) => Piece { line, uid: import::uid(&item.body), body: Some(item.body.bytes), reason: None },
        Err(reason) => Piece { line, body: None, reason: Some(reason), uid: None },
    };
    let pieces: Vec<Piece> = import::read(file, name, kind).into_iter().map(piece).collect();
    to_js(&pieces)
}
