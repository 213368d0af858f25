//! The client role for JavaScript: one step of a sync, how things stand, and what a store calls itself.

use super::failure::Failure;
use super::{JsStore, crossing::of_js, crossing::to_js, moment, seed};
use crate::call;
use crate::http::Response;
use crate::limits;
use crate::peer::PeerId;
use crate::record::AccountId;
use crate::secret;
use crate::settings::Settings;
use crate::store::{Batch, Guard, Peer, Reads, Session, Store, StoreError, Who};
use crate::upstream::{Input, Progress, Report, Step, Upstream};
use js_sys::Promise;
use js_sys::futures::future_to_promise;
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// One step: a promise of the next ([`Next`]).
#[wasm_bindgen]
pub fn step(
    upstream: JsValue,
    input: JsValue,
    store: &JsStore,
    now: f64,
    random: &[u8],
) -> Result<Promise, JsValue> {
    let upstream: Upstream = of_js("options", upstream)?;
    let input: Given = of_js("input", input)?;
    let (place, now, seed) = (Rc::clone(&store.place), moment(now), seed(random)?);
    Ok(future_to_promise(async move {
        let step = call::step(&upstream, input.into(), &*place, &Settings::default(), now, seed).await;
        to_js(&Next::from(step))
    }))
}

/// A promise of how things stand.
#[wasm_bindgen]
pub fn standing(upstream: JsValue, store: &JsStore) -> Result<Promise, JsValue> {
    let upstream: Upstream = of_js("options", upstream)?;
    let place = Rc::clone(&store.place);
    Ok(future_to_promise(
        async move { to_js(&call::standing(&upstream, &*place).await.map_err(Failure::from)?) },
    ))
}

/// Under this name a store keeps what it calls itself towards servers; no server is ever called so.
const SELF: &str = "anchorage:self";

/// A promise of what a store calls itself towards servers: made once, and the same from then on.
#[wasm_bindgen(js_name = deviceName)]
pub fn device_name(account: String, store: &JsStore, now: f64, random: &[u8]) -> Result<Promise, JsValue> {
    let (place, now, mut seed) = (Rc::clone(&store.place), moment(now), seed(random)?);
    Ok(future_to_promise(async move {
        let (account, own) = (AccountId(account), PeerId(SELF.to_owned()));
        let reads = Reads { peer: Some(own.clone()), ..Reads::of(Who::Account(account.clone())) };
        for _ in 0..limits::ATTEMPTS_MAX {
            let snapshot = place.read(&reads).await.map_err(Failure::from)?;
            if snapshot.account.is_none() {
                let message =
                    format!("there is no account {:?} in this store: createAccount makes it", account.0);
                return Err(Failure::invalid(message).into());
            }
            if let Some(peer) = snapshot.peer.filter(|peer| !peer.nonce.is_empty()) {
                return Ok(peer.nonce.into());
            }
            let name = format!("anchorage-{}", secret::hex(seed.draw().get(..8).unwrap_or_default()));
            let peer = Peer { id: own.clone(), nonce: name, seen: now, ..Peer::default() };
            let (account, peer_id) = (account.clone(), own.clone());
            // Only the first to write finds no session: so two tabs that read at once do not both name the store.
            let guard = Guard { session: Some(0), ..Guard::default() };
            let session = Some(Session { version: 1, expires: now, ..Session::default() });
            let batch = Batch { account, peer_id, peer: Some(peer), session, now, guard, ..Batch::default() };
            match place.commit(&batch).await {
                // Another tab may have done the same: what is there then counts.
                Ok(_) | Err(StoreError::Conflict) => continue,
                Err(error) => return Err(Failure::from(error).into()),
            }
        }
        Err(Failure::from(StoreError::Conflict).into())
    }))
}

/// What comes in, as the package spells it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Given {
    Begin,
    Suspend,
    Lost(String),
    Answer(GivenAnswer),
}

#[derive(Deserialize)]
struct GivenAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
}

impl From<Given> for Input {
    fn from(given: Given) -> Self {
        match given {
            Given::Begin => Self::Begin,
            Given::Suspend => Self::Suspend,
            Given::Lost(why) => Self::Lost(why),
            Given::Answer(GivenAnswer { status, headers, body }) => {
                Self::Answer(Response { status, headers, body })
            }
        }
    }
}

/// What comes out, as the package spells it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Next {
    Send { outgoing: Carried, progress: Progress },
    Wait { until: i64, progress: Progress },
    Done(Report),
}

/// A request to carry, with its body.
#[derive(Serialize)]
struct Carried {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
}

impl From<Step> for Next {
    fn from(step: Step) -> Self {
        match step {
            Step::Send(outgoing, progress) => {
                let crate::upstream::Outgoing { method, url, headers, body } = outgoing;
                Self::Send { outgoing: Carried { method, url, headers, body }, progress }
            }
            Step::Wait(until, progress) => Self::Wait { until, progress },
            Step::Done(report) => Self::Done(report),
        }
    }
}
