//! What the carrier does: requests as it takes them, and what it is told where one was lost (DS HTTP binding 1.2.1).

use super::desk::{Desk, Then};
use super::state::{Phase, State};
use crate::journal::Moment;
use crate::secret;
use crate::syncml::credential::mac;
use crate::upstream::{Encoding, Ended, Outgoing, Reason, Upstream};

/// How many times in a row a message is carried again after it was lost, and how long the carrier waits before.
const WAITS_MS: [Moment; 4] = [0, 2_000, 10_000, 30_000];

/// The same where the server has not been heard in this sync: it may not be there at all.
const WAITS_MS_UNHEARD: [Moment; 2] = [0, 2_000];

/// How long a server is given that does not say how long.
const BUSY_MS: Moment = 5_000;

/// The longest a server may have us wait.
const WAIT_MS_MAX: Moment = 60 * 60 * 1000;

/// The request that carries a message.
pub fn outgoing(upstream: &Upstream, state: &State, body: Vec<u8>) -> Outgoing {
    let media_type = match upstream.encoding {
        Encoding::Wbxml => "application/vnd.syncml+wbxml",
        Encoding::Xml => "application/vnd.syncml+xml; charset=utf-8",
    };
    let accepted = media_type.split(';').next().unwrap_or_default();
    let mut headers = vec![
        ("content-type".to_owned(), media_type.to_owned()),
        ("accept".to_owned(), accepted.to_owned()),
        ("user-agent".to_owned(), format!("anchorage/{}", env!("CARGO_PKG_VERSION"))),
        ("cache-control".to_owned(), "no-store".to_owned()),
    ];
    if state.signing.scheme == mac::SCHEME {
        let nonce = secret::unbase64(state.signing.nonce.as_bytes()).unwrap_or_default();
        let signature = mac::header(&upstream.login, &upstream.password, &nonce, &body);
        headers.push((mac::HEADER.to_owned(), signature));
    }
    let url = if state.server.respond_to.is_empty() { &upstream.url } else { &state.server.respond_to };
    Outgoing { method: "POST".into(), url: url.clone(), headers, body }
}

/// A `RespURI`, whole: an absolute one, or one below the server's own address. One that would leave TLS is not followed.
pub fn followed(url: &str, respond_to: &str) -> Option<String> {
    let is_http = |text: &str, scheme: &str| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    let respond_to = respond_to.trim();
    if respond_to.len() > crate::limits::ADDRESS_BYTES_MAX || respond_to.chars().any(char::is_control) {
        return None;
    }
    if is_http(respond_to, "https://") || (is_http(respond_to, "http://") && !is_http(url, "https://")) {
        return Some(respond_to.to_owned());
    }
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    respond_to.starts_with('/').then(|| format!("{scheme}://{host}{respond_to}"))
}

impl Desk<'_> {
    /// The last request, or its answer, was lost.
    pub fn lost(&mut self, why: &str) -> Then {
        if self.state.phase == Phase::Idle {
            return Then::Done;
        }
        if self.state.wait_until > 0 {
            return self.wake();
        }
        if self.waiting.is_empty() {
            return Then::Write;
        }
        let waits: &[Moment] =
            if self.state.progress.bytes_received > 0 { &WAITS_MS } else { &WAITS_MS_UNHEARD };
        let wait = usize::try_from(self.state.lost).ok().and_then(|lost| waits.get(lost)).copied();
        self.state.lost += 1;
        match wait {
            Some(0) => Then::Carry,
            Some(wait) => self.wait(self.now + wait),
            None => {
                let why: String = why.chars().filter(|c| !c.is_control()).take(200).collect();
                let message = format!(
                    "The server at {} cannot be reached ({why}). Nothing is lost: the next sync goes on where this one stopped.",
                    self.client.upstream.url
                );
                // What waits for its answer is kept: the server may well have had it.
                self.state.lost = 0;
                let reason = Reason { code: "unreachable".into(), status: 0, message };
                self.report(Ended::Failed, Some(reason))
            }
        }
    }

    /// The time to wait is over, or not yet.
    pub fn wake(&mut self) -> Then {
        if self.now < self.state.wait_until {
            return Then::Wait(self.state.wait_until);
        }
        self.state.wait_until = 0;
        if self.waiting.is_empty() { Then::Write } else { Then::Carry }
    }

    /// Nothing is carried before that.
    pub fn wait(&mut self, until: Moment) -> Then {
        self.state.wait_until = until.clamp(self.now + 1, self.now + WAIT_MS_MAX);
        Then::Wait(self.state.wait_until)
    }

    /// The server is busy.
    pub fn wait_for_server(&mut self, seconds: Option<Moment>) -> Then {
        self.state.busy += 1;
        if self.state.busy > crate::limits::BUSY_ANSWERS_MAX {
            return self.fail("busy", 503, "The server is too busy. Try again later.");
        }
        let wait = seconds.map_or(BUSY_MS, |seconds| seconds.saturating_mul(1000));
        self.wait(self.now.saturating_add(wait))
    }

    /// The user pauses.
    pub fn suspend(&mut self) -> Then {
        match self.state.phase {
            Phase::Idle => self.report(Ended::Suspended, None),
            _ => {
                self.state.suspending = true;
                self.state.wait_until = 0;
                if self.waiting.is_empty() { Then::Write } else { Then::Carry }
            }
        }
    }

    /// An answer that is no message.
    pub fn refused_by_http(&mut self, status: u16, retry_after: Option<Moment>) -> Then {
        // A pause needs no answer, and SyncEvolution's server has none for it but HTTP 500.
        if self.state.suspended {
            return self.paused();
        }
        let url = &self.client.upstream.url;
        match status {
            503 | 429 | 502 | 504 => self.wait_for_server(retry_after),
            401 | 403 | 407 => {
                let message = format!(
                    "The server at {url} refuses the request (HTTP {status}). Check the address and the password."
                );
                self.fail("unauthorized", status, message)
            }
            404 | 405 | 410 => {
                let message =
                    format!("There is no SyncML server at {url} (HTTP {status}). Check the address.");
                self.fail("not-found", status, message)
            }
            200..=299 => {
                let message = format!("What {url} answers is no SyncML. Check the address.");
                self.fail("protocol", status, message)
            }
            _ => {
                let message = format!("The server at {url} cannot do it (HTTP {status}). Try again later.");
                self.fail("refused", status, message)
            }
        }
    }
}
