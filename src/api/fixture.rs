//! `…/sessions/{session}/fixture`: a session's messages as files for a test, in the layout of `tests/corpus`.

use super::refusal::Refusal;
use super::session::unknown;
use super::{Answer, Deed, Scene, told};
use crate::exchange::{Decision, Seed};
use crate::limits;
use crate::secret;
use crate::store::{Reads, Trace, View};
use crate::syncml::codec::{self, Encoding};
use serde_json::{Value, json};

/// How many messages are given, and how many bytes: what is kept of one session at most.
const MESSAGES_MAX: usize = 500;
const BYTES_MAX: usize = limits::TRACE_SESSION_BYTES_MAX as usize * 2;

/// The files of one session.
pub struct Fixture(pub String);

impl Deed for Fixture {
    fn ask(&mut self, reads: Reads) -> Reads {
        Reads { views: vec![whole(&self.0)], ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let traces = &scene.snapshot.views.traces;
        let first = traces.first().ok_or_else(|| unknown(&self.0))?;
        let ending = first.request.as_deref().map_or("xml", ending);
        told(&json!({
            "name": format!("session-{}-{ending}", self.0),
            "files": traces.iter().flat_map(files).collect::<Vec<Value>>(),
        }))
    }
}

/// All that is kept of a session.
pub fn whole(id: &str) -> View {
    View::Session { session: id.to_owned(), after: 0, rows_max: MESSAGES_MAX, bytes_max: BYTES_MAX }
}

/// `01-req.wbxml` and `01-resp.wbxml`; nothing for what was not kept.
fn files(trace: &Trace) -> Vec<Value> {
    let file = |(bytes, what): (&Option<Vec<u8>>, &str)| {
        let bytes = bytes.as_deref()?;
        let path = format!("{:02}-{what}.{}", trace.number, ending(bytes));
        Some(json!({ "path": path, "bytes": secret::base64(bytes) }))
    };
    [(&trace.request, "req"), (&trace.reply, "resp")].into_iter().filter_map(file).collect()
}

fn ending(bytes: &[u8]) -> &'static str {
    match codec::decode(bytes) {
        Ok((_, Encoding::Wbxml)) => "wbxml",
        _ => "xml",
    }
}
