//! The worker's requests and responses as the core's plain data, and back.
//!
//! Bodies are bounded here, before they are held in memory; everything else about a request is for the protocols to judge.

use crate::api::Caller;
use crate::http::{Request, Response};
use crate::serve;
use crate::store::Cost;
use wasm_bindgen::{JsCast, JsValue};
use worker::web_sys::{ReadableStream, ReadableStreamDefaultReader};
use worker::{EncodeBody, Headers, Result};

/// A request as plain data. A body above what its path takes is not held: the request goes on without it, its
/// `content-length` saying so, and is refused by the protocol whose it is.
pub async fn request_of(request: worker::Request) -> Result<Request> {
    let url = request.url()?;
    let mut headers = headers_of(&request);
    let path = request.path();
    let bytes_max = serve::body_bytes_max(&path, &Caller::Bearer);
    let announced = headers.iter().find(|(name, _)| name == "content-length");
    let announced = announced.and_then(|(_, length)| length.trim().parse::<usize>().ok()).unwrap_or_default();
    let body = match request.inner().body() {
        Some(stream) if announced <= bytes_max => read_up_to(&stream, bytes_max, announced).await?,
        Some(_) => None,
        None => Some(Vec::new()),
    };
    if body.is_none() {
        headers.retain(|(name, _)| name != "content-length");
        headers.push(("content-length".to_owned(), (bytes_max + 1).to_string()));
    }
    let address = headers.iter().find(|(name, _)| name == "cf-connecting-ip").map(|(_, value)| value.clone());
    Ok(Request {
        // The worker crate takes a method it does not know for GET.
        method: request.inner().method().to_ascii_uppercase(),
        path,
        query: url.query().unwrap_or_default().to_owned(),
        origin: url.origin().ascii_serialization(),
        address: address.unwrap_or_default(),
        headers,
        body: body.unwrap_or_default(),
    })
}

/// A response for the runtime to send exactly as it is: the bytes are encoded already, whatever `content-encoding` says.
pub fn response_of(response: Response) -> Result<worker::Response> {
    let headers = Headers::new();
    for (name, value) in &response.headers {
        headers.append(name, value)?;
    }
    let answer = worker::Response::builder()
        .with_status(response.status)
        .with_headers(headers)
        .with_encode_body(EncodeBody::Manual);
    // A null body is the only one that 204 and 304 may have.
    Ok(if response.body.is_empty() { answer.empty() } else { answer.fixed(response.body) })
}

/// What a turn cost, for the tests that hold it to a budget (`ANCHORAGE_COST=1`).
pub fn cost_line(cost: &Cost) -> String {
    format!(
        "batches={} statements={} rows_read={} rows_written={}",
        cost.batches, cost.statements, cost.rows_read, cost.rows_written
    )
}

/// The answer where the worker is not set up, or was cut off: try again.
pub fn unavailable() -> Response {
    let mut response = plain(503, "The server is not available. Try again later.\n");
    response.headers.push(("retry-after".into(), "30".into()));
    response
}

fn plain(status: u16, text: &str) -> Response {
    let headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-encoding", "identity"),
        ("cache-control", "private, no-store, no-transform"),
        ("content-length", &text.len().to_string()),
    ];
    Response {
        status,
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: text.as_bytes().to_vec(),
    }
}

/// Headers as the client sent them: the runtime rewrites `accept-encoding` and keeps the client's own in `cf`.
fn headers_of(request: &worker::Request) -> Vec<(String, String)> {
    let accepted = client_accept_encoding(request);
    let mut headers: Vec<(String, String)> = request
        .headers()
        .entries()
        .filter(|(name, _)| accepted.is_none() || !name.eq_ignore_ascii_case("accept-encoding"))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    headers.extend(accepted.map(|value| ("accept-encoding".to_owned(), value)));
    headers
}

fn client_accept_encoding(request: &worker::Request) -> Option<String> {
    let cf = js_sys::Reflect::get(request.inner(), &"cf".into()).ok()?;
    js_sys::Reflect::get(&cf, &"clientAcceptEncoding".into()).ok()?.as_string()
}

/// The whole stream, or `None` as soon as it turns out longer than allowed: the rest is never held. What it announces has room
/// at once, so that nothing is held twice.
pub async fn read_up_to(
    stream: &ReadableStream,
    bytes_max: usize,
    announced: usize,
) -> Result<Option<Vec<u8>>> {
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut bytes = Vec::with_capacity(announced.min(bytes_max));
    loop {
        let read = js_sys::futures::JsFuture::from(reader.read()).await?;
        if js_sys::Reflect::get(&read, &"done".into())?.is_truthy() {
            return Ok(Some(bytes));
        }
        let chunk: js_sys::Uint8Array =
            js_sys::Reflect::get(&read, &"value".into())?.dyn_into().map_err(not_bytes)?;
        if bytes.len().saturating_add(chunk.length() as usize) > bytes_max {
            let _ = reader.cancel();
            return Ok(None);
        }
        bytes.extend(chunk.to_vec());
    }
}

fn not_bytes(_: JsValue) -> worker::Error {
    worker::Error::RustError("the body's stream does not hold bytes".into())
}
