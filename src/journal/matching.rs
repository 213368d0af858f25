//! Is this the same contact? A slow sync recognises what both sides hold by what it says, not by how it is written.

/// By what a slow sync recognises equal content: a hash in hex. Equal for two bodies that say the same in any form.
pub type MatchKey = String;

use crate::content::normal;
use crate::record::Body;
use crate::secret;

/// The key of a body; `None` where there is no content to compare (an empty object).
pub fn key(body: &Body) -> Option<MatchKey> {
    let lines = normal::lines(body, true);
    (!lines.is_empty()).then(|| secret::fingerprint(lines.join("\u{4}").as_bytes()))
}
