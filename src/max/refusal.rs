//! What MAX refuses, and how each kind of client is told: the HTTP status, `X-Status-Code`, `X-Error` and `<error>` (MAX 2.5).

/// The client must drop its copy and ask again from 0.
const RESET: u16 = 600;
/// The token does not count: sign in again.
const SIGN_OUT: u16 = 601;
/// The e-mail address or the password is wrong.
const LOGON_FAILED: u16 = 602;

/// The longest text in a header, in characters.
const HEADER_CHARS_MAX: usize = 200;

/// One refusal, in every spelling that some client understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// MAX's own number; the HTTP status where MAX has none.
    pub number: u16,
    /// What is wrong, for a developer to act on.
    pub words: String,
    /// A header that goes with it: `allow`, `retry-after`.
    pub header: Option<(&'static str, String)>,
}

impl Refusal {
    fn new(status: u16, words: impl Into<String>) -> Self {
        Self { status, number: status, words: words.into(), header: None }
    }

    /// 400: the request says something that cannot be.
    pub fn bad_request(words: impl Into<String>) -> Self {
        Self::new(400, words)
    }

    /// 401 with 601. The same for a token that is missing, unknown, revoked or expired: it tells nobody which.
    pub fn signed_out() -> Self {
        Self { number: SIGN_OUT, ..Self::new(401, "invalid auth token") }
    }

    /// 401 with 602.
    pub fn logon_failed(words: impl Into<String>) -> Self {
        Self { number: LOGON_FAILED, ..Self::new(401, words) }
    }

    /// 429 with 602: too many wrong passwords, wait.
    pub fn logon_paused(seconds: i64) -> Self {
        let words = format!("too many wrong passwords: try again in {seconds} seconds");
        let header = Some(("retry-after", seconds.to_string()));
        Self { number: LOGON_FAILED, header, ..Self::new(429, words) }
    }

    /// 403: the data source is read-only.
    pub fn read_only() -> Self {
        Self::new(403, "this data source is read-only")
    }

    /// 404: no such data source in this account.
    pub fn unknown_source() -> Self {
        Self::new(404, "unknown data source")
    }

    /// 405, with what is allowed.
    pub fn method(allow: &str) -> Self {
        Self {
            header: Some(("allow", allow.to_owned())),
            ..Self::new(405, format!("only {allow} can be answered here"))
        }
    }

    /// 413.
    pub fn too_large(words: impl Into<String>) -> Self {
        Self::new(413, words)
    }

    /// 415.
    pub fn unsupported(words: impl Into<String>) -> Self {
        Self::new(415, words)
    }

    /// 200 with 600: what a delta from there would have to say is no longer known.
    pub fn reset() -> Self {
        Self {
            number: RESET,
            ..Self::new(200, "this lbd cannot be continued: drop your copy and ask again with lbd=0")
        }
    }

    /// 503: the same request may work in a moment.
    pub fn busy() -> Self {
        Self { header: Some(("retry-after", "2".into())), ..Self::new(503, "the store is busy: try again") }
    }

    /// 500: we are wrong; the log says how.
    pub fn broken() -> Self {
        Self::new(500, "something is wrong on this server")
    }

    /// The status to send. In legacy mode every refusal of the client's doing is a 200, for clients that read
    /// `X-Status-Code` of nothing else.
    pub fn status(&self, legacy: bool) -> u16 {
        if legacy && self.status < 500 { 200 } else { self.status }
    }

    /// `X-Error`: the words as a header can carry them.
    pub fn header_words(&self) -> String {
        let visible = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        self.words.chars().take(HEADER_CHARS_MAX).map(visible).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_carries_no_line_end_and_nothing_but_ascii() {
        let refusal = Refusal::bad_request(format!("a\r\nSet-Cookie: x=1\0é{}", "z".repeat(500)));
        assert!(refusal.header_words().starts_with("a??Set-Cookie: x=1??zzz"));
        assert_eq!(refusal.header_words().len(), HEADER_CHARS_MAX);
    }

    #[test]
    fn legacy_mode_hides_the_status_of_what_the_client_did_and_of_nothing_else() {
        assert_eq!(Refusal::signed_out().status(true), 200);
        assert_eq!(Refusal::signed_out().status(false), 401);
        assert_eq!(Refusal::busy().status(true), 503);
        assert_eq!(Refusal::broken().status(true), 500);
    }
}
