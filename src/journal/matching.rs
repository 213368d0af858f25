//! Is this the same contact? A slow sync recognises what both sides hold by what it says, not by how it is written.

/// By what a slow sync recognises equal content: a hash in hex. Equal for two bodies that say the same in any form.
pub type MatchKey = String;

use crate::content::normal;
use crate::record::Body;
use crate::secret;

/// The key of a body; `None` where nothing in it could be read. Objects that say nothing are equal to each other: otherwise each slow
/// sync would double them.
pub fn key(body: &Body) -> Option<MatchKey> {
    let lines = normal::lines(body, true);
    let is_read = !lines.is_empty() || !normal::has_strays(body);
    is_read.then(|| secret::fingerprint(lines.join("\u{4}").as_bytes()))
}
