//! The edge face: a Cloudflare-style worker on D1.
//!
//! It owns what the core must not have: a clock, randomness, a network and the environment. Requests and responses are
//! translated in `transport`, the database is spoken to in `d1`; which request is whose is `serve`'s to say. On a schedule it is
//! itself the client of other servers (`carrier`); whose turn it is, is `call`'s to say.

mod carrier;
mod d1;
mod transport;

use crate::call::arranged::{self, Budget};
use crate::exchange::{Seed, Served};
use crate::http::Request;
use crate::journal::Moment;
use crate::secret::Sealer;
use crate::serve;
use crate::settings::Settings;
use carrier::Messenger;
use d1::D1Store;
use js_sys::futures::{JsFuture, future_to_promise};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use worker::{Context, Env, Result, ScheduleContext, ScheduledEvent, console_error, console_log, event};

#[event(fetch)]
async fn fetch(request: worker::Request, env: Env, context: Context) -> Result<worker::Response> {
    let request = transport::request_of(request).await?;
    let store = match env.d1("DB") {
        Ok(database) => D1Store::new(database),
        Err(error) => {
            console_error!("no D1 database is bound as DB: {error}");
            return transport::response_of(transport::unavailable());
        }
    };
    let settings = settings_of(&env);
    let counts = is_set(&env, "ANCHORAGE_COST");
    let Some(served) = finish(&context, request, store, settings).await? else {
        console_error!("a request was abandoned before it had an answer");
        return transport::response_of(transport::unavailable());
    };
    if let Some(line) = &served.line {
        console_log!("{line}");
    }
    let mut response = served.response;
    if counts {
        response.headers.push(("x-anchorage-cost".into(), transport::cost_line(&served.cost)));
    }
    transport::response_of(response)
}

/// The cron trigger: arranged syncs with other servers go on.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    match tend(&env).await {
        Ok(lines) => lines.iter().for_each(|line| console_log!("{line}")),
        Err(error) => console_error!("arranged syncs were not looked after: {error}"),
    }
}

async fn tend(env: &Env) -> Result<Vec<String>> {
    let store = D1Store::new(env.d1("DB")?);
    let mut messenger = Messenger::new(Seed::new(random()?));
    let tended = arranged::tend(&store, &settings_of(env), &mut messenger, Budget::default()).await;
    tended.map_err(|error| worker::Error::RustError(format!("{error:?}")))
}

/// Serves under the platform's `waitUntil`: a client that hangs up cancels its request, but not a commit half made, and
/// not the answer that is kept for its next try.
async fn finish(
    context: &Context,
    request: Request,
    store: D1Store,
    settings: Settings,
) -> Result<Option<Served>> {
    let (now, seed) = (now(), Seed::new(random()?));
    let slot = Rc::new(RefCell::new(None));
    let filled = Rc::clone(&slot);
    let work = future_to_promise(async move {
        let served = serve::serve(request, &store, &settings, now, seed).await;
        filled.replace(Some(served));
        Ok(JsValue::UNDEFINED)
    });
    let kept = JsFuture::from(work.clone());
    context.wait_until(async move {
        let _ = kept.await;
    });
    JsFuture::from(work).await?;
    Ok(slot.take())
}

fn settings_of(env: &Env) -> Settings {
    Settings {
        sealer: env
            .secret("ANCHORAGE_SECRET")
            .ok()
            .and_then(|secret| Sealer::new(secret.to_string().as_bytes())),
        local: is_set(env, "ANCHORAGE_LOCAL"),
        syncml_mac: is_set(env, "SYNCML_MAC"),
        max_legacy: is_set(env, "MAX_LEGACY"),
        max_lenient: is_set(env, "MAX_LENIENT"),
        max_delete_wins: is_set(env, "MAX_DELETE_WINS"),
        syncml_quirks: env.var("SYNCML_QUIRKS").map(|value| value.to_string()).unwrap_or_default(),
        syncml_object_bytes_max: env
            .var("SYNCML_OBJECT_BYTES_MAX")
            .ok()
            .and_then(|value| value.to_string().trim().parse().ok()),
        syncml_trace_days: env
            .var("SYNCML_TRACE_DAYS")
            .ok()
            .and_then(|value| value.to_string().trim().parse().ok()),
    }
}

fn is_set(env: &Env, name: &str) -> bool {
    env.var(name).is_ok_and(|value| value.to_string() == "1")
}

/// The worker's clock. It stands still between two reads of the network, which is why nothing is ordered by it.
fn now() -> Moment {
    Moment::try_from(worker::Date::now().as_millis()).unwrap_or(Moment::MAX)
}

/// 32 bytes from the runtime's `crypto.getRandomValues`.
fn random() -> Result<[u8; 32]> {
    let crypto = js_sys::Reflect::get(&js_sys::global(), &"crypto".into())?;
    let fill: js_sys::Function = js_sys::Reflect::get(&crypto, &"getRandomValues".into())?.into();
    let filled = js_sys::Uint8Array::new_with_length(32);
    fill.call1(&crypto, &filled)?;
    let mut bytes = [0; 32];
    filled.copy_to(&mut bytes);
    Ok(bytes)
}
