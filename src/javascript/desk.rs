//! What Node lends the operator and the arranged syncs: a terminal, files, a way to other servers, a clock. One object of
//! JavaScript's, as `package/cli/desk.ts` builds it; whatever it throws is said in its own words.

use super::crossing::of_js;
use super::failure::{Failure, message_of};
use super::moment;
use crate::http::Response;
use crate::journal::Moment;
use crate::limits;
use crate::operate::files::{Files, Place};
use crate::upstream::Outgoing;
use js_sys::Promise;
use js_sys::futures::JsFuture;
use serde::Deserialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// The object.
    #[derive(Clone, Debug)]
    pub type Desk;
    /// A line of what was asked for.
    #[wasm_bindgen(method)]
    pub fn say(this: &Desk, line: &str);
    /// A line of progress or of warning.
    #[wasm_bindgen(method)]
    pub fn note(this: &Desk, line: &str);
    /// A value for a program that reads along.
    #[wasm_bindgen(method)]
    pub fn tell(this: &Desk, name: &str, json: &str);
    /// Epoch milliseconds.
    #[wasm_bindgen(method, js_name = now)]
    fn millis(this: &Desk) -> f64;
    #[wasm_bindgen(method, js_name = rest)]
    fn resting(this: &Desk, ms: f64) -> Promise;
    #[wasm_bindgen(method, js_name = password)]
    fn typed(this: &Desk, prompt: &str) -> Promise;
    #[wasm_bindgen(method, js_name = post)]
    fn posted(this: &Desk, url: &str, media_type: &str, body: &[u8]) -> Promise;
    #[wasm_bindgen(method, js_name = carry)]
    fn carried(
        this: &Desk,
        method: &str,
        url: &str,
        headers: Vec<String>,
        body: &[u8],
        ms_max: f64,
        bytes_max: f64,
    ) -> Promise;
    #[wasm_bindgen(method, catch, js_name = isFolder)]
    fn is_folder(this: &Desk, path: &str) -> Result<bool, JsValue>;
    #[wasm_bindgen(method, catch, js_name = names)]
    fn names_in(this: &Desk, folder: &str) -> Result<Vec<String>, JsValue>;
    #[wasm_bindgen(method, catch, js_name = read)]
    fn bytes_of(this: &Desk, path: &str) -> Result<Vec<u8>, JsValue>;
    #[wasm_bindgen(method, catch, js_name = makeFolder)]
    fn folder(this: &Desk, folder: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = create)]
    fn file(this: &Desk, path: &str, bytes: &[u8]) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = append)]
    fn more(this: &Desk, path: &str, bytes: &[u8]) -> Result<(), JsValue>;
}

/// An answer of another server.
#[derive(Deserialize)]
struct Carried {
    status: u16,
    headers: Vec<(String, String)>,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
}

impl Desk {
    /// The moment.
    pub fn clock(&self) -> Moment {
        moment(self.millis())
    }

    /// What was typed, where there is somebody to type.
    pub async fn password(&self, prompt: &str) -> Option<String> {
        JsFuture::from(self.typed(prompt)).await.ok().and_then(|typed| typed.as_string())
    }

    /// Posts bytes; the HTTP status of the answer.
    pub async fn post(&self, url: &str, media_type: &str, body: &[u8]) -> Result<u16, String> {
        let answer = JsFuture::from(self.posted(url, media_type, body)).await.map_err(words)?;
        let status = answer.as_f64().map(|status| status as u16);
        status.ok_or_else(|| "no HTTP status came back".to_owned())
    }

    /// Carries a request to another server, as `call::arranged::Carrier` says.
    pub async fn carry(&self, outgoing: &Outgoing) -> Result<Response, String> {
        let Outgoing { method, url, headers, body } = outgoing;
        let headers = headers.iter().flat_map(|(name, value)| [name.clone(), value.clone()]).collect();
        let (ms_max, bytes_max) =
            (limits::UPSTREAM_CARRY_MS as f64, limits::UPSTREAM_ANSWER_BYTES_MAX as f64);
        let answer = JsFuture::from(self.carried(method, url, headers, body, ms_max, bytes_max)).await;
        let answer = of_js::<Carried>("answer", answer.map_err(words)?).map_err(said)?;
        Ok(Response { status: answer.status, headers: answer.headers, body: answer.body })
    }

    /// Waits for a moment that is near.
    pub async fn rest(&self, until: Moment) -> bool {
        let ms = until.saturating_sub(self.clock()).max(0);
        JsFuture::from(self.resting(ms as f64)).await.is_ok()
    }
}

impl Files for Desk {
    fn look(&self, path: &str) -> Result<Place, String> {
        let is_folder = self.is_folder(path).map_err(words)?;
        Ok(if is_folder { Place::Folder } else { Place::File })
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, String> {
        self.names_in(folder).map_err(words)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.bytes_of(path).map_err(words)
    }

    fn make_folder(&self, folder: &str) -> Result<(), String> {
        self.folder(folder).map_err(words)
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.file(path, bytes).map_err(words)
    }

    fn append(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.more(path, bytes).map_err(words)
    }
}

fn words(thrown: JsValue) -> String {
    message_of(&thrown)
}

fn said(failure: Failure) -> String {
    message_of(&failure.into())
}
