//! The worker as a client: requests to other servers by the runtime's `fetch`, bounded in time and in bytes.

use super::transport::read_up_to;
use crate::call::arranged::Carrier;
use crate::exchange::Seed;
use crate::http::Response;
use crate::journal::Moment;
use crate::limits;
use crate::upstream::Outgoing;
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};
use worker::{AbortSignal, Fetch, Headers, Method, RequestInit, RequestRedirect, ResponseBody, web_sys};

/// What carries requests for the arranged syncs.
pub struct Messenger {
    seed: Seed,
}

impl Messenger {
    /// Seeds are drawn from this one.
    pub fn new(seed: Seed) -> Self {
        Self { seed }
    }
}

impl Carrier for Messenger {
    async fn carry(&mut self, outgoing: &Outgoing) -> Result<Response, String> {
        carry(outgoing).await.map_err(|error| error.to_string())
    }

    async fn rest(&mut self, until: Moment) -> bool {
        let ms = until.saturating_sub(super::now()).max(0);
        worker::Delay::from(Duration::from_millis(ms.unsigned_abs())).await;
        true
    }

    fn now(&self) -> Moment {
        super::now()
    }

    fn seed(&mut self) -> Seed {
        Seed::new(self.seed.draw())
    }
}

async fn carry(outgoing: &Outgoing) -> worker::Result<Response> {
    let headers = Headers::new();
    for (name, value) in &outgoing.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(outgoing.method.clone())).with_headers(headers);
    init.with_redirect(RequestRedirect::Manual);
    if !outgoing.body.is_empty() {
        init.with_body(Some(js_sys::Uint8Array::from(outgoing.body.as_slice()).into()));
    }
    let request = worker::Request::new_with_init(&outgoing.url, &init)?;
    let response = Fetch::Request(request).send_with_signal(&timeout(limits::UPSTREAM_CARRY_MS)?).await?;
    let headers = response.headers().entries().map(|(name, value)| (name.to_ascii_lowercase(), value));
    let (status, headers) = (response.status_code(), headers.collect());
    let body = match response.body() {
        ResponseBody::Empty => Vec::new(),
        ResponseBody::Body(bytes) => bytes.clone(),
        ResponseBody::Stream(stream) => {
            let read = read_up_to(stream, limits::UPSTREAM_ANSWER_BYTES_MAX, 0).await?;
            read.ok_or_else(|| {
                let most = limits::UPSTREAM_ANSWER_BYTES_MAX;
                worker::Error::RustError(format!("the answer has more than {most} bytes"))
            })?
        }
    };
    Ok(Response { status, headers, body })
}

/// `AbortSignal.timeout`, which stops the body too.
fn timeout(ms: i64) -> worker::Result<AbortSignal> {
    let class = js_sys::Reflect::get(&js_sys::global(), &"AbortSignal".into())?;
    let make: js_sys::Function = js_sys::Reflect::get(&class, &"timeout".into())?.into();
    let signal = make.call1(&class, &JsValue::from_f64(ms as f64))?;
    Ok(AbortSignal::from(signal.unchecked_into::<web_sys::AbortSignal>()))
}
