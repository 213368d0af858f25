//! What a session remembers of the device's question who we are; the answer is `server/identify.rs`.

use serde::{Deserialize, Serialize};

/// A device's challenge to us (DS 1.2 section 7: the server's credentials). It outlives the session, as its nonce does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The scheme.
    pub scheme: String,
    /// The nonce, in base64.
    pub nonce: String,
    /// Whether it has refused a message of ours for want of credentials.
    pub wanted: bool,
    /// Whether it has taken our credentials for the whole session.
    pub proven: bool,
    /// How many messages of this session it has refused.
    pub refused: u8,
}

impl Asked {
    /// What is left of it in the device's next session.
    pub fn another_session(self) -> Self {
        Self { proven: false, refused: 0, ..self }
    }
}
