//! A request and a response as plain data. Faces translate; the core never sees a socket.
//!
//! How a body is squeezed is in `http/coding.rs` (RFC 9110 section 8.4), what a query or a form spells in `http/form.rs`.

pub mod coding;
pub mod form;

/// What a client sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, … in upper case.
    pub method: String,
    /// The path, percent-decoding not yet done, without the query: `/max/contacts`.
    pub path: String,
    /// What stood after `?`, as sent.
    pub query: String,
    /// Names in lower case. What the edge rewrote (accept-encoding) has been put back by the face.
    pub headers: Vec<(String, String)>,
    /// The body, as sent.
    pub body: Vec<u8>,
    /// `https://host`, as the client sees this server, without a slash at the end.
    pub origin: String,
    /// The client's network address, for slowing down failures; empty where unknown.
    pub address: String,
}

impl Request {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What we answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes to send exactly as they are: `content-encoding`, where there is one, is already applied.
    pub body: Vec<u8>,
}
