//! One request, taken apart: the path's segments, the query, a body that must be JSON.

use super::Caller;
use super::refusal::{Refusal, printable};
use super::route::body_bytes_max;
use crate::http::{Request, form};
use crate::record::Seq;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use std::ops::RangeInclusive;

/// A request under `/api`.
#[derive(Debug)]
pub struct Call {
    /// What was sent.
    pub request: Request,
    /// The path behind `/api`, decoded.
    pub path: Vec<String>,
    query: Vec<(String, String)>,
    /// How large its body may be.
    pub bytes_max: usize,
}

impl Call {
    /// Takes a request apart; `None` where its path is no text.
    pub fn new(request: Request, caller: &Caller) -> Option<Self> {
        let bytes_max = body_bytes_max(&request.path, caller);
        let path = request.path.strip_prefix("/api/")?;
        let decoded = |segment: &str| String::from_utf8(form::percent_decode(segment.as_bytes())).ok();
        let path = path.split('/').map(decoded).collect::<Option<_>>()?;
        let query = form::query(&request.query);
        Some(Self { request, path, query, bytes_max })
    }

    /// The token it bears (RFC 6750 section 2.1).
    pub fn token(&self) -> Option<&str> {
        let (scheme, token) = self.request.header("authorization")?.trim().split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    }

    /// A parameter of the query, of at most so many characters; an empty one is there too.
    pub fn text(&self, name: &str, chars_max: usize) -> Result<Option<&str>, Refusal> {
        let found = self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        match found {
            Some(value) if value.chars().count() > chars_max => {
                Err(Refusal::bad(format!("{name} has at most {chars_max} characters.")))
            }
            found => Ok(found),
        }
    }

    /// A whole number of the query.
    pub fn number(&self, name: &str, range: RangeInclusive<i64>, default: i64) -> Result<i64, Refusal> {
        let Some(text) = self.text(name, usize::MAX)? else { return Ok(default) };
        let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            Refusal::bad(format!("{name} must be a number from {} to {}.", range.start(), range.end()))
        })
    }

    /// `after`: a position in the account's journal.
    pub fn after(&self) -> Result<Seq, Refusal> {
        self.number("after", 0..=POSITION_MAX, 0)
    }

    /// `limit`.
    pub fn limit(&self, most: i64, default: i64) -> Result<usize, Refusal> {
        self.number("limit", 1..=most, default).map(|limit| usize::try_from(limit).unwrap_or(1))
    }

    /// A flag of the query.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, Refusal> {
        match self.text(name, usize::MAX)? {
            None => Ok(default),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(_) => Err(Refusal::bad(format!("{name} must be true or false."))),
        }
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.header(name).map(str::trim)
    }

    /// The media type of the body, in lower case, without parameters; empty where none is said.
    pub fn media_type(&self) -> String {
        let said = self.header("content-type").unwrap_or_default();
        said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The body, of at most so many bytes and not squeezed.
    pub fn body(&self, bytes_max: usize) -> Result<&[u8], Refusal> {
        let announced = self.header("content-length").and_then(|length| length.parse::<u64>().ok());
        let length = announced.unwrap_or(0).max(self.request.body.len() as u64);
        if length > bytes_max as u64 {
            return Err(Refusal::too_large(format!("A body may have {bytes_max} bytes here.")));
        }
        match self.header("content-encoding") {
            None | Some("" | "identity") => Ok(&self.request.body),
            Some(_) => Err(Refusal::media_type("the body as it is")),
        }
    }

    /// The body as JSON. Its depth is bounded by the reader (128), its length by [`body_bytes_max`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let body = self.body(self.bytes_max)?;
        if self.media_type() != "application/json" {
            return Err(Refusal::media_type("application/json"));
        }
        // An array would be taken for an object's members in their order.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(Refusal::bad("The body must be a JSON object."));
        }
        serde_json::from_slice(body).map_err(|error| Refusal::bad(format!("The body does not fit: {error}.")))
    }

    /// The same, where no body says nothing.
    pub fn json_or_nothing<T: DeserializeOwned + Default>(&self) -> Result<T, Refusal> {
        match self.body(self.bytes_max)? {
            [] => Ok(T::default()),
            _ => self.json(),
        }
    }

    /// The request as a log names it: never the query.
    pub fn line(&self) -> String {
        let path: Vec<String> = self.path.iter().map(|segment| printable(segment)).collect();
        format!("api {} {}", printable(&self.request.method), path.join("/"))
    }
}

/// Beyond all stamps, and whole in JavaScript.
const POSITION_MAX: i64 = (1 << 53) - 1;

/// A member that may be missing, but not `null`.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}
