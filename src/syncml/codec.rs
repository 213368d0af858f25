//! Bytes to a message and back, in XML and in WBXML.

use super::message::Message;

/// How a message is spelt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// `application/vnd.syncml+xml`.
    #[default]
    Xml,
    /// `application/vnd.syncml+wbxml`.
    Wbxml,
}

/// Why bytes are no message, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The offset in bytes at which reading stopped.
    pub offset: usize,
    /// What is wrong there, in words.
    pub reason: String,
}

/// Reads a message; the encoding is told by the first byte (`<`, white space or a BOM is XML; 0 to 3 is WBXML).
pub fn decode(_bytes: &[u8]) -> Result<(Message, Encoding), DecodeError> {
    Err(DecodeError { offset: 0, reason: "not built yet".into() })
}

/// Writes a message in DTD order.
pub fn encode(_message: &Message, _encoding: Encoding) -> Vec<u8> {
    Vec::new()
}
