//! The face of the npm package: what `package/` (TypeScript) calls, as plain objects, numbers and `Uint8Array`s.
//!
//! Like the worker it owns nothing that the core must not have: the clock, randomness and the network are arguments, brought by the
//! package's TypeScript, which also gives these functions their names, types and documentation. Crossing is in
//! `javascript/crossing.rs`, stores in `javascript/store.rs`, errors in `javascript/failure.rs`.

mod account;
mod crossing;
mod desk;
mod failure;
mod folder;
mod operator;
mod store;
mod sync;
mod words;

pub use account::create_account;
pub use folder::pieces;
pub use operator::{operate, order_of, tend};
pub use store::JsStore;
pub use sync::{device_name, standing, step};
pub use words::{decode, encode, explain};

use crate::api::Caller;
use crate::exchange::Seed;
use crate::http::Request;
use crate::journal::Moment;
use crate::record::AccountId;
use crate::secret::Sealer;
use crate::serve;
use crate::settings::Settings;
use crate::store::Cost;
use crossing::{of_js, to_js};
use failure::Failure;
use js_sys::Promise;
use js_sys::futures::future_to_promise;
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// How large a body a path takes, in bytes; of a host that serves itself where it names the account.
#[wasm_bindgen(js_name = bodyBytesMax)]
pub fn body_bytes_max(path: &str, account: Option<String>) -> u32 {
    u32::try_from(serve::body_bytes_max(path, &caller(account))).unwrap_or(u32::MAX)
}

fn caller(account: Option<String>) -> Caller {
    account.map_or(Caller::Bearer, |account| Caller::Trusted(AccountId(account)))
}

/// Serves one request: a promise of what is to be answered ([`Answered`]).
#[wasm_bindgen]
pub fn serve(
    request: JsValue,
    store: &JsStore,
    settings: JsValue,
    now: f64,
    random: &[u8],
) -> Result<Promise, JsValue> {
    let request: Asked = of_js("request", request)?;
    let mut set: Set = of_js("options", settings)?;
    let caller = caller(set.account.take());
    let settings = set.settings()?;
    let (place, now, seed) = (Rc::clone(&store.place), moment(now), seed(random)?);
    Ok(future_to_promise(async move {
        let served = serve::serve_to(&caller, request.into(), &*place, &settings, now, seed).await;
        let response = served.response;
        to_js(&Answered {
            status: response.status,
            headers: response.headers,
            body: response.body,
            line: served.line,
            cost: served.cost,
        })
    }))
}

/// A request as the package hands it over.
#[derive(Deserialize)]
struct Asked {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    origin: String,
    address: String,
}

impl From<Asked> for Request {
    fn from(asked: Asked) -> Self {
        let Asked { method, path, query, headers, body, origin, address } = asked;
        Self { method, path, query, headers, body, origin, address }
    }
}

/// What is answered, a line for the log, and what it cost.
#[derive(Serialize)]
struct Answered {
    status: u16,
    headers: Vec<(String, String)>,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    line: Option<String>,
    cost: Cost,
}

/// What the host has set, in the words of [`Settings`].
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Set {
    secret: Option<String>,
    local: bool,
    syncml_mac: bool,
    max_legacy: bool,
    max_lenient: bool,
    max_delete_wins: bool,
    syncml_quirks: String,
    syncml_object_bytes_max: Option<usize>,
    syncml_trace_days: Option<u16>,
    account: Option<String>,
}

impl Set {
    fn settings(self) -> Result<Settings, Failure> {
        Ok(Settings {
            sealer: self.secret.as_deref().map(sealer).transpose()?,
            local: self.local,
            syncml_mac: self.syncml_mac,
            max_legacy: self.max_legacy,
            max_lenient: self.max_lenient,
            max_delete_wins: self.max_delete_wins,
            syncml_quirks: self.syncml_quirks,
            syncml_object_bytes_max: self.syncml_object_bytes_max,
            syncml_trace_days: self.syncml_trace_days,
        })
    }
}

/// A secret that is too short is the host's mistake, and better said than found out by whoever cannot sign in.
fn sealer(secret: &str) -> Result<Sealer, Failure> {
    let too_short =
        || Failure::invalid(format!("a secret has {} bytes or more", crate::secret::SECRET_BYTES_MIN));
    Sealer::new(secret.as_bytes()).ok_or_else(too_short)
}

fn seed(random: &[u8]) -> Result<Seed, Failure> {
    let bytes = random.try_into().map_err(|_| Failure::invalid("a seed has 32 bytes"))?;
    Ok(Seed::new(bytes))
}

/// A number of milliseconds; what is none is the beginning of time.
fn moment(now: f64) -> Moment {
    now as Moment
}
