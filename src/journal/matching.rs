//! Is this the same contact? A slow sync recognises what both sides hold by what it says, not by how it is written.

/// By what a slow sync recognises equal content: a hash in hex. Equal for two bodies that say the same in any form.
pub type MatchKey = String;

use crate::content::normal;
use crate::record::{Body, Form};
use crate::secret;

/// The key of a body; `None` where nothing in it could be read. Objects that say nothing are equal to each other, see
/// [`is_of_nothing`].
pub fn key(body: &Body) -> Option<MatchKey> {
    let lines = normal::lines(body, true);
    let has_key = !lines.is_empty() || normal::is_silent(body);
    has_key.then(|| secret::fingerprint(lines.join("\u{4}").as_bytes()))
}

/// Whether it is the key of objects that say nothing. Where everything is compared they are recognised, or each slow sync would
/// double them; a new one is another, which somebody is about to fill in.
pub fn is_of_nothing(key: &str) -> bool {
    key == secret::fingerprint(b"")
}

/// Whether nothing changes where `new`, of this key, takes the place of `old`. Of two vNotes all counts, and not their text alone.
pub fn is_same(new: &Body, key_of_new: Option<&MatchKey>, old: &Body) -> bool {
    let is_equal = key_of_new.is_some() && key_of_new == key(old).as_ref();
    let are_notes = [new, old].iter().all(|body| body.form == Form::Vnote11);
    is_equal && (!are_notes || normal::lines(new, false) == normal::lines(old, false))
}
