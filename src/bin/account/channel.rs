//! The line to whoever opened the database: one JSON value a line, a question each way answered by one line.
//!
//! | this program says | and is answered |
//! | --- | --- |
//! | `{"open":{"state":"DIR" or null,"remote":false}}` | `{"secret":"…" or null}` |
//! | `{"batch":[{"sql":"…","params":[…]},…]}`: all or nothing | `{"results":[{"rows":[[…],…],"read":0,"written":0},…]}`, a row's columns in order |
//! | `{"post":{"url":"…","type":"…","body":"base64"}}` | `{"status":200}` |
//! | `{"carry":{"method":"…","url":"…","headers":[["…","…"],…],"body":"base64"}}`, within these `ms` and `bytes` | `{"status":200,"headers":[["…","…"],…],"body":"base64"}` |
//! | `{"say":"a line for standard output"}` | nothing |
//!
//! Any answer may be `{"error":"…"}` instead.

use crate::spelling;
use crate::terminal::plain;
use anchorage::http::Response;
use anchorage::limits;
use anchorage::record::AccountId;
use anchorage::secret;
use anchorage::store::sql::{self, Row, Statement};
use anchorage::store::survey::{Overview, Survey};
use anchorage::store::{Batch, Cost, Reads, Receipt, Snapshot, Store, StoreError};
use anchorage::upstream::Outgoing;
use serde_json::{Value, json};
use std::io::{BufRead, Write};

/// The line.
pub struct Channel;

impl Channel {
    /// A line for the operator's standard output.
    pub fn say(&self, line: &str) {
        // Nobody left to tell: there is nothing to be done about it.
        _ = send(&json!({ "say": plain(line) }));
    }

    /// Has bytes posted; the answer is the HTTP status.
    pub fn post(&self, url: &str, media_type: &str, body: &[u8]) -> Result<u16, String> {
        let body = secret::base64(body);
        let answer = ask(&json!({ "post": { "url": url, "type": media_type, "body": body } }))?;
        let status = answer.get("status").and_then(Value::as_u64).and_then(|status| status.try_into().ok());
        status.ok_or_else(|| "no HTTP status came back".to_owned())
    }

    /// Has a request carried to another server.
    pub fn carry(&self, outgoing: &Outgoing) -> Result<Response, String> {
        let Outgoing { method, url, headers, body } = outgoing;
        let body = secret::base64(body);
        let (ms, bytes) = (limits::UPSTREAM_CARRY_MS, limits::UPSTREAM_ANSWER_BYTES_MAX);
        let request = json!({ "method": method, "url": url, "headers": headers, "body": body, "ms": ms, "bytes": bytes });
        let mut answer = ask(&json!({ "carry": request }))?;
        let broken = || "no HTTP answer came back".to_owned();
        let status = answer.get("status").and_then(Value::as_u64).and_then(|status| status.try_into().ok());
        let headers = answer.get_mut("headers").map(Value::take).unwrap_or_default();
        let body =
            answer.get("body").and_then(Value::as_str).and_then(|body| secret::unbase64(body.as_bytes()));
        Ok(Response {
            status: status.ok_or_else(broken)?,
            headers: serde_json::from_value(headers).map_err(|_| broken())?,
            body: body.ok_or_else(broken)?,
        })
    }

    /// Has the database opened; the answer is the Worker secret, where it is known.
    pub fn open(&self, state: Option<&str>, remote: bool) -> Result<Option<String>, String> {
        let answer = ask(&json!({ "open": { "state": state, "remote": remote } }))?;
        Ok(answer.get("secret").and_then(Value::as_str).map(str::to_owned))
    }
}

impl Store for Channel {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        let (answers, cost) = run(&sql::statements(reads))?;
        let mut snapshot = sql::snapshot(reads, answers)?;
        snapshot.cost += cost;
        Ok(snapshot)
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        let statements = sql::commit_statements(batch);
        let (answers, cost) = run(&statements)?;
        let mut receipt = sql::receipt(&statements, &answers)?;
        receipt.cost += cost;
        Ok(receipt)
    }
}

impl Survey for Channel {
    async fn survey(&self, account: Option<&AccountId>) -> Result<Vec<Overview>, StoreError> {
        sql::survey(run(&sql::survey_statements(account))?.0)
    }
}

/// Runs statements as one transaction: their rows, and what the database says they cost.
fn run(statements: &[Statement]) -> Result<(Vec<Vec<Row>>, Cost), StoreError> {
    if statements.is_empty() {
        return Ok((Vec::new(), Cost::default()));
    }
    let answer = ask(&json!({ "batch": spelling::batch(statements) }));
    spelling::answers(&answer.map_err(|text| spelling::refused(&text))?)
}

fn ask(question: &Value) -> Result<Value, String> {
    let gone = |error: std::io::Error| format!("The database is gone: {error}.");
    send(question).map_err(gone)?;
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line).map_err(gone)? == 0 {
        return Err("The database is gone. This program is started by `npm run account`.".into());
    }
    let answer: Value =
        serde_json::from_str(&line).map_err(|error| format!("The database's answer is broken: {error}."))?;
    match answer.get("error") {
        Some(error) => Err(error.as_str().unwrap_or("The database refused.").to_owned()),
        None => Ok(answer),
    }
}

fn send(value: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")?;
    out.flush()
}
