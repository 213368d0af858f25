//! A request as MAX reads it: which route, whose token, which form.

use super::channel::{self, Document, Spelling};
use super::refusal::Refusal;
use super::schema::RESERVED_SOURCES;
use crate::http::{self, Request, Response, coding};
use crate::limits;

/// An answer larger than this is squeezed for clients that can inflate it (MAX 6).
const GZIP_ABOVE_BYTES: usize = 1024;

/// The longest path segment that is looked at, in bytes.
const SEGMENT_BYTES_MAX: usize = 255;

/// Which of MAX's URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/max/<datasrc>`
    Source,
    /// `/max/<datasrc>/app`
    Application,
    /// `/max/logon`
    Logon,
}

impl Route {
    /// The methods it answers, as the `Allow` header has them.
    pub fn allow(self) -> &'static str {
        match self {
            Self::Source => "GET, POST",
            Self::Application => "GET",
            Self::Logon => "POST",
        }
    }
}

/// What every answer needs to know of its request.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: String,
    /// Where it leads; `None` for no URL of ours.
    pub route: Option<Route>,
    /// The data source as the URL names it: an id or an alias.
    pub source: String,
    /// `https://host`.
    pub origin: String,
    /// The query, of which `lbd`, `auth` and `alt` mean something and the rest is ignored.
    query: Vec<(String, String)>,
    /// How the answer is spelled.
    pub spelling: Spelling,
    /// Whether the client can inflate.
    pub gzip: bool,
}

impl Call {
    /// Reads a request; its body is read apart ([`form`]).
    pub fn new(request: &Request) -> Self {
        let (route, source) = route(&request.path);
        let query = http::form::query(&request.query);
        let json = query.iter().any(|(name, value)| name == "alt" && value == "json");
        Self {
            method: request.method.clone(),
            route,
            source,
            origin: request.origin.clone(),
            query,
            spelling: if json { Spelling::Json } else { Spelling::Xml },
            gzip: coding::accepts_gzip(request),
        }
    }

    /// The value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The token: in the query, in the form, or as `Authorization: Bearer`. `None` where there is none, or where two of them
    /// differ (MAX 3.2).
    pub fn token(&self, request: &Request, form: &[(String, String)]) -> Option<String> {
        let named =
            self.query.iter().chain(form).filter(|(name, _)| name == "auth").map(|(_, value)| value.as_str());
        let header = request.header("authorization").and_then(|value| value.trim().split_once(' '));
        let bearer =
            header.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let mut tokens = named.chain(bearer).filter(|token| !token.is_empty());
        let first = tokens.next()?;
        tokens.all(|token| token == first).then(|| first.to_owned())
    }

    /// The answer's bytes and everything MAX wants said around them (MAX 6). `identity` is said aloud because the platform's
    /// own runtime would otherwise squeeze XML once more and drop the length.
    pub fn respond(&self, status: u16, media_type: &str, document: Document) -> Response {
        let (coding, body) = match document {
            Document::Gzip(body) => ("gzip", body),
            Document::Plain(body) if self.gzip && body.len() > GZIP_ABOVE_BYTES => {
                ("gzip", coding::gzip(&body))
            }
            Document::Plain(body) => ("identity", body),
        };
        let length = body.len().to_string();
        let headers = [
            ("content-type", media_type),
            ("content-encoding", coding),
            ("content-length", &length),
            ("cache-control", "private, no-store, no-transform"),
            ("vary", "Accept-Encoding"),
            ("referrer-policy", "no-referrer"),
        ];
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Response { status, headers, body }
    }

    /// The answer to what is refused, in every spelling that some client understands (MAX 2.5).
    pub fn refuse(&self, refusal: &Refusal, legacy: bool) -> Response {
        let body = Document::Plain(channel::error(self.spelling, &self.source, &refusal.words));
        let mut response = self.respond(refusal.status(legacy), self.spelling.media_type(), body);
        response.headers.push(("x-status-code".into(), refusal.number.to_string()));
        response.headers.push(("x-error".into(), refusal.header_words()));
        response.headers.extend(refusal.header.clone().map(|(name, value)| (name.to_owned(), value)));
        response
    }

    /// The request as a log names it: never the query.
    pub fn line(&self) -> String {
        let app = if self.route == Some(Route::Application) { "/app" } else { "" };
        format!("max {} {}{app}", printable(&self.method), printable(&self.source))
    }
}

/// The form in a POST's body.
pub fn form(request: &Request) -> Result<Vec<(String, String)>, Refusal> {
    let too_long = |length: &str| length.trim().parse().is_ok_and(|length: u64| length > BODY_BYTES_MAX);
    if request.body.len() > limits::MAX_BODY_BYTES_MAX
        || request.header("content-length").is_some_and(too_long)
    {
        return Err(Refusal::too_large(format!("the body is larger than {BODY_BYTES_MAX} bytes")));
    }
    let coding = request.header("content-encoding").map(str::trim).unwrap_or_default();
    if !coding.is_empty() && !coding.eq_ignore_ascii_case("identity") {
        return Err(Refusal::unsupported("a request's body must not be compressed"));
    }
    if request.header("content-type").is_some_and(|content_type| !is_form(content_type)) {
        return Err(Refusal::unsupported("the body must be application/x-www-form-urlencoded in UTF-8"));
    }
    http::form::body(&request.body).ok_or_else(|| Refusal::bad_request("the body is not UTF-8"))
}

const BODY_BYTES_MAX: u64 = limits::MAX_BODY_BYTES_MAX as u64;

fn is_form(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    };
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") && parts.all(utf8)
}

/// The route and the data source's name. A path that is none of ours keeps what it said, for the answer's title.
fn route(path: &str) -> (Option<Route>, String) {
    let mut segments = path.strip_prefix("/max/").unwrap_or_default().split('/');
    let first = http::form::percent_decode(segments.next().unwrap_or_default().as_bytes());
    let rest: Vec<&str> = segments.take(2).collect();
    let readable = !first.is_empty() && first.len() <= SEGMENT_BYTES_MAX;
    let Some(source) = String::from_utf8(first).ok().filter(|_| readable) else {
        return (None, String::new());
    };
    let reserved = RESERVED_SOURCES.contains(&source.as_str());
    let route = match rest.as_slice() {
        [] if reserved => Some(Route::Logon),
        [] => Some(Route::Source),
        ["app"] if !reserved => Some(Route::Application),
        _ => None,
    };
    (route, source)
}

/// A name from outside, as a log can carry it: short, and one word.
pub fn printable(text: &str) -> String {
    text.chars().take(64).map(|c| if c.is_control() || c.is_whitespace() { '?' } else { c }).collect()
}

/// Words that may repeat something from outside, as one line of a log.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_route_and_a_source() {
        let cases = [
            ("/max/tasks", Some(Route::Source), "tasks"),
            ("/max/%74asks", Some(Route::Source), "tasks"),
            ("/max/a%2Fb", Some(Route::Source), "a/b"),
            ("/max/logon", Some(Route::Logon), "logon"),
            ("/max/logon/app", None, "logon"),
            ("/max/tasks/app", Some(Route::Application), "tasks"),
            ("/max/tasks/", None, "tasks"),
            ("/max/tasks/app/x", None, "tasks"),
            ("/max/", None, ""),
            ("/max", None, ""),
            ("/max/%ff", None, ""),
        ];
        for (path, expected, source) in cases {
            assert_eq!(route(path), (expected, source.to_owned()), "{path}");
        }
        assert_eq!(route(&format!("/max/{}", "x".repeat(256))).0, None);
    }

    #[test]
    fn a_form_is_told_by_its_media_type_and_charset() {
        for yes in [
            "application/x-www-form-urlencoded",
            "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
            "application/x-www-form-urlencoded;charset=\"utf-8\"",
        ] {
            assert!(is_form(yes), "{yes}");
        }
        for no in ["text/xml", "", "application/json", "application/x-www-form-urlencoded; charset=latin1"] {
            assert!(!is_form(no), "{no}");
        }
    }
}
