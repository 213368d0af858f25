//! Which request is whose: `/syncml` is SyncML's, everything under `/max/` is MAX's, everything under `/api/` is for an account's
//! owner, `/provision` tells people how to set up a phone.
//!
//! What is neither is for the face (the console's pages); asked here, it is a 404 in words.

mod provision;

use crate::api::{self, Caller};
use crate::exchange::{Seed, Served, exchange};
use crate::http::Request;
use crate::http::coding::{self, InflateError};
use crate::journal::Moment;
use crate::limits;
use crate::max::Max;
use crate::settings::Settings;
use crate::store::{Cost, Store};
use crate::syncml::credential::mac;
use crate::syncml::server::{self, Server};

/// Whether a path is for [`serve`] at all.
pub fn is_served(path: &str) -> bool {
    matches!(path, "/syncml" | "/provision") || path.starts_with("/max/") || is_api(path)
}

fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// How large a body a path takes of whom, in bytes: what is longer is refused with 413 before it is read.
pub fn body_bytes_max(path: &str, caller: &Caller) -> usize {
    match path {
        "/syncml" => limits::SYNCML_MESSAGE_BYTES_MAX,
        _ if is_api(path) => api::body_bytes_max(path, caller),
        _ => limits::MAX_BODY_BYTES_MAX,
    }
}

/// Serves one request.
pub async fn serve<S: Store>(
    request: Request,
    store: &S,
    settings: &Settings,
    now: Moment,
    seed: Seed,
) -> Served {
    serve_to(&Caller::Bearer, request, store, settings, now, seed).await
}

/// The same for a host that says itself whose requests to the JSON API are.
pub async fn serve_to<S: Store>(
    caller: &Caller,
    request: Request,
    store: &S,
    settings: &Settings,
    now: Moment,
    seed: Seed,
) -> Served {
    if request.path == "/syncml" {
        return syncml(request, store, settings, now, seed).await;
    }
    if request.path.starts_with("/max/") {
        return match Max::new(&request, settings) {
            Ok(mut max) => exchange(&mut max, store, now, seed).await,
            Err(refused) => *refused,
        };
    }
    if is_api(&request.path) {
        return api::serve(request, caller, store, settings, now, seed).await;
    }
    if request.path == "/provision" {
        return Served { response: provision::page(&request), line: None, cost: Cost::default() };
    }
    let text = "Here are /syncml (SyncML, POST), /max/<data source> (MAX, GET and POST) and /provision (how to set up a phone).\n";
    refused(404, text, None)
}

/// `POST /syncml`: the media type is believed as far as it makes sense, the encoding is told by the bytes.
async fn syncml<S: Store>(
    mut request: Request,
    store: &S,
    settings: &Settings,
    now: Moment,
    seed: Seed,
) -> Served {
    if request.method != "POST" {
        let mut served = refused(405, "This is a SyncML server: clients POST their messages here.\n", None);
        served.response.headers.push(("allow".into(), "POST".into()));
        return served;
    }
    if !may_be_syncml(request.header("content-type")) {
        let text = "Send application/vnd.syncml+xml or application/vnd.syncml+wbxml.\n";
        return refused(415, text, Some(format!("content type {:?}", request.header("content-type"))));
    }
    if longest(&request) > limits::SYNCML_MESSAGE_BYTES_MAX {
        let text = format!("A message may have {} bytes.\n", limits::SYNCML_MESSAGE_BYTES_MAX);
        return refused(413, &text, Some(format!("a message of {} bytes or more", longest(&request))));
    }
    let mac = mac::read(&request);
    request.body = match unpacked(&request) {
        Ok(body) => body,
        Err((status, why)) => return refused(status, &format!("{why}.\n"), Some(why)),
    };
    match Server::new(&request, settings) {
        Ok(server) => exchange(&mut server.with_mac(mac), store, now, seed).await,
        Err(error) => {
            let reason = format!("no SyncML message: {} (at byte {})", error.reason, error.offset);
            refused(400, &format!("{reason}\n"), Some(reason))
        }
    }
}

/// How long the body is, or was before the face gave up holding it.
fn longest(request: &Request) -> usize {
    let announced = request.header("content-length").and_then(|length| length.trim().parse().ok());
    announced.unwrap_or(0).max(request.body.len())
}

/// The body as it was before `Content-Encoding` (HTTP binding 1.2: gzip and deflate may be used), within bounds.
fn unpacked(request: &Request) -> Result<Vec<u8>, (u16, String)> {
    let bytes_max = limits::SYNCML_MESSAGE_BYTES_MAX;
    let encoding = request.header("content-encoding").unwrap_or("identity").trim().to_ascii_lowercase();
    let unpacked = match encoding.as_str() {
        "" | "identity" => return Ok(request.body.clone()),
        "gzip" | "x-gzip" => coding::gunzip(&request.body, bytes_max),
        "deflate" => coding::inflate(&request.body, bytes_max),
        _ => {
            return Err((
                415,
                format!("the content encoding {encoding:?} is not understood; gzip and deflate are"),
            ));
        }
    };
    unpacked.map_err(|error| match error {
        InflateError::TooLarge => (413, format!("unpacked, the message has more than {bytes_max} bytes")),
        InflateError::Corrupt => (400, format!("the body is no {encoding}")),
    })
}

/// Missing and generic types are common in the field; the bytes tell.
fn may_be_syncml(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else { return true };
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(
        media_type.as_str(),
        "" | "application/vnd.syncml+xml"
            | "application/vnd.syncml+wbxml"
            | "application/octet-stream"
            | "application/xml"
            | "text/xml"
            | "text/plain"
    )
}

fn refused(status: u16, text: &str, why: Option<String>) -> Served {
    let line = why.map(|why| format!("syncml refused with {status}: {why}"));
    Served { response: server::plain(status, text), line, cost: Cost::default() }
}
