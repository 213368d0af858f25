//! What the API refuses, and how it says so: an HTTP status, a stable word, a sentence (docs/openapi.json, `Error`).

use crate::content::fields::FieldError;
use crate::peer::words::plural;

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The stable word.
    pub code: &'static str,
    /// The sentence, for people.
    pub message: String,
    /// A header that goes with it: `allow`, `retry-after`, `www-authenticate`.
    pub header: Option<(&'static str, String)>,
}

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), header: None }
    }

    /// 400: the request says something that cannot be.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "bad_request", message)
    }

    /// 401. The same for a token that is missing, unknown, revoked or expired: it tells nobody which.
    pub fn signed_out() -> Self {
        let header = Some(("www-authenticate", "Bearer".to_owned()));
        Self {
            header,
            ..Self::new(401, "unauthorized", "Sign in: send a token as `Authorization: Bearer …`.")
        }
    }

    /// 401: the name or the password is wrong, or nobody can sign in.
    pub fn not_signed_in(message: &str) -> Self {
        Self::new(401, "unauthorized", message)
    }

    /// 403: nobody but the operator writes here.
    pub fn read_only(collection: &str) -> Self {
        Self::new(403, "forbidden", format!("`{}` is read-only.", printable(collection)))
    }

    /// 404.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "not_found", message)
    }

    /// 405, with what is allowed.
    pub fn method(allow: &str) -> Self {
        let header = Some(("allow", allow.to_owned()));
        Self { header, ..Self::new(405, "method_not_allowed", format!("Only {allow} can be answered here.")) }
    }

    /// 409.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "conflict", message)
    }

    /// 410: the cursor is too old.
    pub fn reset() -> Self {
        let message = "That is longer ago than deletions are remembered: begin anew, without `after`.";
        Self::new(410, "reset", message)
    }

    /// 412.
    pub fn precondition(message: impl Into<String>) -> Self {
        Self::new(412, "precondition_failed", message)
    }

    /// 413.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(413, "too_large", message)
    }

    /// 415.
    pub fn media_type(wanted: &str) -> Self {
        Self::new(415, "unsupported_media_type", format!("Send {wanted}, uncompressed."))
    }

    /// 429.
    pub fn paused(seconds: i64) -> Self {
        let wait = plural(u64::try_from(seconds).unwrap_or_default(), "second");
        let message = format!("Too many wrong passwords: the next one is looked at in {wait}.");
        let header = Some(("retry-after", seconds.to_string()));
        Self { header, ..Self::new(429, "too_many_tries", message) }
    }

    /// 503: the same again may work.
    pub fn busy(why: &str) -> Self {
        let header = Some(("retry-after", "5".to_owned()));
        Self { header, ..Self::new(503, "busy", format!("The store is busy: {why}. Try again.")) }
    }

    /// 500: we are wrong.
    pub fn broken() -> Self {
        Self::new(500, "broken", "The server is at fault, and its log says how.")
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self::bad(format!("{}: {}", error.field, error.reason))
    }
}

/// A name from outside as a sentence can carry it.
pub fn printable(text: &str) -> String {
    text.chars().take(64).map(|c| if c.is_control() { '?' } else { c }).collect()
}
