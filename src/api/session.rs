//! `…/sessions`: what was said, message by message, out of what `syncml/server/watch.rs` keeps; and any message decoded.

use super::call::Call;
use super::listing::device_name;
use super::refusal::{Refusal, printable};
use super::{Answer, Deed, Scene, told};
use crate::exchange::{Decision, Seed};
use crate::journal::Moment;
use crate::limits;
use crate::peer::PeerId;
use crate::secret;
use crate::store::{Reads, Trace, View};
use crate::syncml::codec::{self, Encoding};
use crate::syncml::trace::{self, About, Outcome, REFUSED_SLOT_MS, Stand};
use crate::syncml::{explain, plain};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many sessions a page has at most, and how many messages are looked at for it.
const PAGE_MAX: i64 = 100;
const ROWS_MAX: usize = 1_000;

/// How many messages of one session a page has, and how many bytes of them.
const MESSAGES_MAX: usize = 40;
const BYTES_MAX: usize = 600_000;

/// The longest id of a session.
const ID_CHARS_MAX: usize = 64;

/// The last sessions.
pub struct Page {
    device: Option<PeerId>,
    /// Only those with smaller ids are read,
    before: Option<String>,
    /// and those whose [`place`] is not smaller were on earlier pages.
    shown: Option<String>,
    limit: usize,
}

impl Page {
    /// Of the request.
    pub fn new(call: &Call) -> Result<Self, Refusal> {
        let device = call.text("device", limits::NAME_BYTES_MAX)?.map(|device| PeerId(device.to_owned()));
        let after = call.text("after", ID_CHARS_MAX)?.unwrap_or_default();
        Ok(Self::after(device, after, call.limit(PAGE_MAX, 50)?))
    }

    /// What follows the page that said so; the first one after nothing.
    fn after(device: Option<PeerId>, after: &str, limit: usize) -> Self {
        let (before, shown) = after.split_once(BETWEEN).unwrap_or((after, after));
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self { device, before: some(before), shown: some(shown), limit }
    }

    /// The sessions of this page, each with its messages, out of what was read, and where the next page begins. `more` says
    /// whether there is more than was read.
    fn cut<'a>(&self, traces: &'a [Trace], more: bool) -> (Vec<&'a [Trace]>, Option<String>) {
        let mut groups: Vec<&[Trace]> = traces.chunk_by(|a, b| a.session == b.session).collect();
        // Of the last one there may be more than was read.
        if more && groups.len() > 1 {
            groups.pop();
        }
        let oldest = traces.last().filter(|_| more).map(|trace| trace.session.as_str());
        groups.retain(|group| self.shown.as_ref().is_none_or(|shown| place(group) < *shown));
        let by_id = groups.clone();
        groups.sort_by_cached_key(|group| Reverse(place(group)));
        let mut more = groups.len() > self.limit;
        if let Some(oldest) = oldest {
            // Above that nothing stands that was not read.
            let began = oldest.split('-').next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
            let sure = Trace::session_from(Moment::saturating_add(began, REFUSED_SLOT_MS));
            let count = groups.iter().take_while(|group| place(group) >= sure).count();
            if count == 0 {
                // More than a page's messages in ten minutes: for once in the order of the ids.
                let page: Vec<_> = by_id.into_iter().take(self.limit).collect();
                let last = page.last().and_then(|group| group.first()).map_or(oldest, |trace| &trace.session);
                let next = [last, self.shown.as_deref().unwrap_or_default()].join(BETWEEN);
                return (page, Some(next));
            }
            groups.truncate(count);
            more = true;
        }
        groups.truncate(self.limit);
        let next = groups.last().filter(|_| more).map(|group| {
            let shown = place(group);
            match &self.before {
                // Down to there was told already, in the order of the ids.
                Some(before) if *before < shown => [before.as_str(), &shown].join(BETWEEN),
                _ => shown,
            }
        });
        (groups, next)
    }
}

/// Between the two bounds of a page, where they are not one.
const BETWEEN: &str = "~";

/// Where a session stands among the others: at its beginning, as its id says; who was not let in, at the last time. Never before
/// its id.
fn place(group: &[Trace]) -> String {
    match group.first() {
        Some(trace) if trace::about(trace).stand == Stand::Refused => trace::refused_session(trace.at),
        trace => trace.map(|trace| trace.session.clone()).unwrap_or_default(),
    }
}

impl Deed for Page {
    fn ask(&mut self, reads: Reads) -> Reads {
        let (peer, before) = (self.device.clone(), self.before.clone());
        Reads { views: vec![View::Devices, View::Sessions { peer, before, rows_max: ROWS_MAX }], ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let views = &scene.snapshot.views;
        let (page, next) = self.cut(&views.traces, views.more);
        let shown = page.iter().map(|group| Value::Object(shown(scene, group)));
        told(&json!({ "sessions": shown.collect::<Vec<_>>(), "next": next }))
    }
}

/// One session out of its messages, the last first.
fn shown(scene: &Scene<'_>, group: &[Trace]) -> Map<String, Value> {
    let said: Vec<About> = group.iter().map(trace::about).collect();
    let (last, first) = (said.first().cloned().unwrap_or_default(), group.last());
    let ended = group.first().map_or(0, |trace| trace.at);
    let device = group.first().map(|trace| trace.peer.0.as_str()).unwrap_or_default();
    let slow: BTreeMap<&String, &String> = said.iter().flat_map(|about| &about.slow).collect();
    let collections = last.collections.iter().map(|of| {
        let mut shown = json!(of);
        if let (Some(why), Some(members)) = (slow.get(&of.collection), shown.as_object_mut()) {
            members.insert("slowBecause".into(), json!(why));
        }
        shown
    });
    let how = how(last.stand, ended, scene.now);
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| _ = shown.insert(name.to_owned(), value);
    put("id", json!(first.map(|trace| trace.session.as_str()).unwrap_or_default()));
    put("device", json!(device));
    put("deviceName", json!(name_of(scene, device)));
    put("login", json!(last.login));
    put("sessionId", json!(last.session_id));
    put("version", json!(last.version));
    put("encoding", json!(last.encoding));
    put("began", json!(first.map_or(0, |trace| trace.at)));
    put("ended", json!(ended));
    put("how", json!(how));
    if !last.why.is_empty() {
        put("why", json!(last.why));
    }
    put("messages", json!(group.len()));
    put("collections", collections.collect());
    let sum = |of: &dyn Fn(&About) -> u64| said.iter().map(of).sum::<u64>();
    put(
        "cost",
        json!({
            "statements": sum(&|about| about.statements),
            "rowsRead": sum(&|about| about.rows_read),
            "rowsWritten": sum(&|about| about.rows_written),
            "bytesIn": sum(&|about| about.bytes_in as u64),
            "bytesOut": sum(&|about| about.bytes_out as u64),
        }),
    );
    shown
}

fn name_of(scene: &Scene<'_>, device: &str) -> String {
    let found = scene.snapshot.views.devices.iter().find(|(peer, _)| peer.id.0 == device);
    found.map(|(peer, _)| device_name(&peer.device)).unwrap_or_default()
}

/// How a session ended, or that it has not.
fn how(stand: Stand, last: Moment, now: Moment) -> &'static str {
    match stand {
        Stand::Complete => "complete",
        Stand::Suspended => "suspended",
        Stand::Refused => "refused",
        Stand::Open if last.saturating_add(limits::SESSION_IDLE_MS) > now => "open",
        Stand::Open => "broken off",
    }
}

/// One session.
pub struct One {
    id: String,
    after: i64,
    /// What is said of all of it.
    head: Option<Map<String, Value>>,
}

impl One {
    /// Of the request.
    pub fn new(call: &Call, id: &str) -> Result<Self, Refusal> {
        Ok(Self { id: id.to_owned(), after: call.after()?, head: None })
    }
}

impl Deed for One {
    fn ask(&mut self, reads: Reads) -> Reads {
        self.head = None;
        Reads { views: vec![View::Devices, all_of(&self.id)], ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let views = &scene.snapshot.views;
        let Some(head) = &self.head else {
            let group: Vec<Trace> = views.traces.iter().filter(|t| t.session == self.id).cloned().collect();
            if group.is_empty() {
                return Err(unknown(&self.id));
            }
            self.head = Some(shown(scene, &group));
            let (session, after) = (self.id.clone(), self.after);
            let view = View::Session { session, after, rows_max: MESSAGES_MAX, bytes_max: BYTES_MAX };
            return Ok(Decision::Ask(Box::new(Reads { views: vec![view], ..scene.reads.clone() })));
        };
        let next = views.traces.last().filter(|_| views.more).map(|trace| trace.number);
        let mut answer = head.clone();
        answer.insert("trace".into(), views.traces.iter().map(message).collect());
        answer.insert("next".into(), json!(next));
        told(&Value::Object(answer))
    }
}

/// All messages of one session, without bytes and items; and some of those before, which are nobody's business.
pub fn all_of(id: &str) -> View {
    View::Sessions { peer: None, before: Some(format!("{id}\u{1}")), rows_max: ROWS_MAX }
}

/// There is no such session here.
pub fn unknown(id: &str) -> Refusal {
    Refusal::not_found(format!("Nothing is kept of a session `{}`.", printable(id)))
}

/// A message of a session.
fn message(trace: &Trace) -> Value {
    let about = trace::about(trace);
    json!({
        "number": trace.number,
        "message": about.message,
        "at": trace.at,
        "request": bytes(about.bytes_in, about.exact_in, trace.request.as_deref()),
        "reply": bytes(about.bytes_out, about.exact_out, trace.reply.as_deref()),
        "items": trace::outcomes(trace).iter().map(|item| outcome(item, about.message)).collect::<Vec<_>>(),
        "itemsLeftOut": about.left_out,
        "notes": about.notes,
        "cost": {
            "statements": about.statements,
            "rowsRead": about.rows_read,
            "rowsWritten": about.rows_written,
            "bytesIn": about.bytes_in,
            "bytesOut": about.bytes_out,
        },
    })
}

fn bytes(size: usize, exact: bool, kept: Option<&[u8]>) -> Value {
    let mut shown = Map::new();
    shown.insert("size".into(), json!(size));
    shown.insert("exact".into(), json!(exact));
    if let Some(kept) = kept {
        shown.insert("bytes".into(), json!(secret::base64(kept)));
        shown.extend(told_of(kept).into_iter().flatten());
    }
    Value::Object(shown)
}

/// What bytes say, where they are a message.
fn told_of(bytes: &[u8]) -> Option<Map<String, Value>> {
    let (message, encoding) = codec::decode(bytes).ok()?;
    let mut said = Map::new();
    let (word, xml) = match encoding {
        Encoding::Xml => ("xml", bytes.to_vec()),
        Encoding::Wbxml => ("wbxml", codec::encode(&message, Encoding::Xml)),
    };
    said.insert("encoding".into(), json!(word));
    said.insert("xml".into(), json!(String::from_utf8_lossy(&xml)));
    said.insert("decoded".into(), plain::plain(&message));
    said.insert("explained".into(), json!(explain::explain(&message)));
    Some(said)
}

fn outcome(item: &Outcome, message: u32) -> Value {
    use trace::Became::{Failed, Sent, Taken};
    let sent = matches!(item.became, Sent | Taken | Failed);
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| _ = shown.insert(name.to_owned(), value);
    put("direction", json!(if sent { "sent" } else { "received" }));
    put("collection", json!(item.collection));
    put("message", json!(if item.message == 0 { message } else { item.message }));
    put("outcome", json!(item.became));
    let texts = [
        ("command", &item.command),
        ("verb", &item.verb),
        ("luid", &item.luid),
        ("record", &item.record),
        ("decision", &item.decision),
    ];
    texts.into_iter().filter(|(_, text)| !text.is_empty()).for_each(|(name, text)| put(name, json!(text)));
    if item.status > 0 {
        put("status", json!(item.status));
    }
    Value::Object(shown)
}

/// `POST /api/decode`.
pub struct Decode {
    bytes: Vec<u8>,
}

#[derive(Debug, Deserialize)]
struct Sent {
    bytes: String,
}

impl Decode {
    /// Of the request.
    pub fn new(call: &Call) -> Result<Self, Refusal> {
        let sent: Sent = call.json()?;
        let bytes = secret::unbase64(sent.bytes.as_bytes());
        Ok(Self { bytes: bytes.ok_or_else(|| Refusal::bad("`bytes` is no base64."))? })
    }
}

impl Deed for Decode {
    fn decide(&mut self, _: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        match (told_of(&self.bytes), codec::decode(&self.bytes)) {
            (Some(said), _) => told(&Value::Object(said)),
            (None, Err(error)) => Err(Refusal::bad(format!(
                "That is no SyncML message: {} (at byte {}).",
                error.reason, error.offset
            ))),
            (None, Ok(_)) => Err(Refusal::broken()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(minute: i64, name: &str, number: i64) -> Trace {
        let session = format!("{}-{name}", Trace::session_from(minute * 60_000));
        Trace {
            session,
            number,
            at: minute * 60_000,
            about: json!(About::default()).to_string(),
            ..Trace::default()
        }
    }

    /// Refused in this minute, under the id of its slot.
    fn refused(minute: i64) -> Trace {
        let about = json!(About { stand: Stand::Refused, ..About::default() }).to_string();
        Trace { at: minute * 60_000, about, ..trace(minute - minute % 10, "refused", 1) }
    }

    /// All pages, as whoever turns them gets them, where so many messages are read at a time.
    fn turned(mut all: Vec<Trace>, rows: usize, limit: usize) -> Vec<i64> {
        all.sort_by(|a, b| (&b.session, b.number).cmp(&(&a.session, a.number)));
        let (mut found, mut after) = (Vec::new(), String::new());
        for _ in 0..1_000 {
            let page = Page::after(None, &after, limit);
            let unread = all.iter().filter(|trace| page.before.as_ref().is_none_or(|id| trace.session < *id));
            let mut read: Vec<Trace> = unread.cloned().collect();
            let more = read.len() > rows;
            read.truncate(rows);
            let (groups, next) = page.cut(&read, more);
            found.extend(groups.iter().map(|group| group[0].at / 60_000));
            let Some(next) = next else { return found };
            assert!(next.len() <= ID_CHARS_MAX);
            after = next;
        }
        panic!("no end of it");
    }

    #[test]
    fn however_few_are_read_every_session_stands_there_once() {
        let mut all: Vec<Trace> =
            (0..60).filter(|minute| minute % 10 != 7).map(|m| trace(m, "x", 1)).collect();
        all.extend([7, 17, 37, 57].map(refused));
        let mut ordered: Vec<i64> = all.iter().map(|trace| trace.at / 60_000).collect();
        ordered.sort_unstable_by(|a, b| b.cmp(a));
        for limit in 1..12 {
            for rows in [20, 30, 200] {
                assert_eq!(turned(all.clone(), rows, limit), ordered, "{rows} read, {limit} a page");
            }
            for rows in 2..20 {
                let mut found = turned(all.clone(), rows, limit);
                found.sort_unstable_by(|a, b| b.cmp(a));
                assert_eq!(found, ordered, "{rows} read, {limit} a page");
            }
        }
    }
}
