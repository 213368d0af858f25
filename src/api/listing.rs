//! Records read: one, a page of those that live, a page of what changed.

use super::call::Call;
use super::record::{self, Detail};
use super::refusal::{Refusal, printable};
use super::{Answer, Deed, Reply, Scene, told, turn};
use crate::content::fields::Field;
use crate::exchange::{Decision, Seed};
use crate::record::{Content, Record, RecordId, Seq};
use crate::store::{Outgoing, PageAsk, Reads, View};
use crate::syncml::device::DevInf;
use serde_json::{Map, Value, json};

/// How many records a page of a list has at most.
const PAGE_MAX: i64 = 200;

/// How many records one request of a search looks at, and how many bytes of them.
const SEARCHED_RECORDS_MAX: usize = 500;
const PAGE_BYTES_MAX: usize = 1_000_000;

const SEARCH_CHARS_MAX: usize = 200;

/// One record.
pub struct One {
    path: String,
    id: Option<RecordId>,
    whole: bool,
}

impl One {
    /// Of the request.
    pub fn new(path: &str, id: &str) -> Self {
        Self { path: path.to_owned(), id: RecordId::new(id), whole: false }
    }
}

impl Deed for One {
    fn ask(&mut self, reads: Reads) -> Reads {
        self.whole = false;
        let views = self.id.iter().map(|id| View::Touched { path: self.path.clone(), record: id.clone() });
        Reads { views: views.collect(), ..of_record(reads, &self.path, self.id.as_ref()) }
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let collection = scene.collection(&self.path)?;
        let record = live(scene, self.id.as_ref(), &self.path)?;
        let touched = scene.snapshot.views.touched.as_ref();
        let device = touched.map(|(_, peer)| peer.clone()).filter(|peer| !peer.0.is_empty());
        let large = matches!(record.content, Content::Large(_));
        if (large || device.is_some()) && !std::mem::replace(&mut self.whole, true) {
            let whole = vec![(record.collection.clone(), record.id.clone(), record.seq)];
            let reads = self.ask(scene.reads.clone());
            self.whole = true;
            return Ok(Decision::Ask(Box::new(Reads { whole, peer: device, ..reads })));
        }
        let mut shown = record::shown(record, &collection.fields, scene.detail(record));
        if let Some(members) = shown.as_object_mut() {
            members.insert("touched".into(), touched_by(scene, record));
        }
        Ok(turn(Answer::Ready(Reply::json(200, &shown).with("etag", etag(record.seq))), None))
    }
}

/// Who touched it last: the record's origin, or the session whose turn gave it its stamp.
fn touched_by(scene: &Scene<'_>, record: &Record) -> Value {
    let mut touched = Map::new();
    let session = scene.snapshot.views.touched.as_ref();
    let peer = session.map(|(_, peer)| peer.0.as_str()).unwrap_or_default();
    // Another's turn may have stamped what lies between.
    let session = session.filter(|_| record.origin.is_empty() || record.origin == peer);
    let device = if record.origin.is_empty() && session.is_some() { peer } else { &record.origin };
    touched.insert("at".into(), json!(record.seq));
    touched.insert("device".into(), json!(device));
    let known = scene.snapshot.peer.as_ref().filter(|peer| peer.id.0 == device);
    let name = known.map(|peer| device_name(&peer.device)).unwrap_or_default();
    if !name.is_empty() {
        touched.insert("deviceName".into(), json!(name));
    }
    touched.extend(session.map(|(session, _)| ("session".to_owned(), json!(session))));
    Value::Object(touched)
}

/// Maker, model and firmware of a device in one line, out of its row; the maker once.
pub fn device_name(device: &str) -> String {
    let device: DevInf = serde_json::from_str(device).unwrap_or_default();
    let told = [device.maker, device.model, device.firmware].into_iter().flatten();
    let mut told: Vec<String> =
        told.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect();
    if told.get(1).is_some_and(|model| model.split(' ').next() == told.first().map(String::as_str)) {
        told.remove(0);
    }
    told.join(" ")
}

/// What one record is read by.
pub fn of_record(reads: Reads, path: &str, id: Option<&RecordId>) -> Reads {
    let records = id.map(|id| (path.to_owned(), vec![id.clone()])).into_iter().collect();
    Reads { collection: Some(path.to_owned()), records, ..reads }
}

/// The record that was asked for, where it lives.
pub fn live<'s>(scene: &Scene<'s>, id: Option<&RecordId>, path: &str) -> Result<&'s Record, Refusal> {
    let found =
        scene.snapshot.records.iter().find(|record| Some(&record.id) == id && record.content.is_live());
    found.ok_or_else(|| {
        let id = id.map(RecordId::as_str).unwrap_or_default();
        Refusal::not_found(format!("There is no record `{}` in `{}`.", printable(id), printable(path)))
    })
}

/// A record's `ETag`: its stamp.
pub fn etag(seq: Seq) -> String {
    format!("\"{seq}\"")
}

/// A page of live records, of those that say something.
pub struct Page {
    path: String,
    after: Seq,
    limit: usize,
    words: Vec<String>,
    detail: Detail,
}

impl Page {
    /// Of the request.
    pub fn new(call: &Call, path: &str) -> Result<Self, Refusal> {
        let search = call.text("search", SEARCH_CHARS_MAX)?.unwrap_or_default().to_lowercase();
        Ok(Self {
            path: path.to_owned(),
            after: call.after()?,
            limit: call.limit(PAGE_MAX, 50)?,
            words: search.split_whitespace().map(str::to_owned).collect(),
            detail: detail(call)?,
        })
    }
}

fn detail(call: &Call) -> Result<Detail, Refusal> {
    Ok(if call.flag("bodies", true)? { Detail::Body } else { Detail::Fields })
}

impl Deed for Page {
    fn ask(&mut self, reads: Reads) -> Reads {
        let records_max = if self.words.is_empty() { self.limit } else { SEARCHED_RECORDS_MAX };
        page(reads, &self.path, self.after, true, records_max)
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let fields = &scene.collection(&self.path)?.fields;
        let mut found = Vec::new();
        let (mut looked_at, mut after) = (0, self.after);
        for Outgoing { record, .. } in &scene.snapshot.page {
            if found.len() >= self.limit {
                break;
            }
            (looked_at, after) = (looked_at + 1, record.seq);
            if self.is_meant(record, fields) {
                found.push(record::shown(record, fields, self.detail));
            }
        }
        let more = scene.snapshot.more || looked_at < scene.snapshot.page.len();
        told(&json!({ "records": found, "next": more.then_some(after), "head": scene.account.head }))
    }
}

impl Page {
    fn is_meant(&self, record: &Record, fields: &[Field]) -> bool {
        match &record.content {
            _ if self.words.is_empty() => true,
            Content::Body(body) => record::says(body, fields, &self.words),
            Content::Large(_) | Content::Deleted => false,
        }
    }
}

fn page(reads: Reads, path: &str, after: Seq, live_only: bool, records_max: usize) -> Reads {
    let (path, bytes_max) = (path.to_owned(), PAGE_BYTES_MAX);
    let page =
        PageAsk::Collection { path: path.clone(), after, until: None, live_only, records_max, bytes_max };
    Reads { collection: Some(path), page: Some(page), ..reads }
}

/// A page of what changed.
pub struct Changes {
    path: String,
    after: Seq,
    limit: usize,
    detail: Detail,
}

impl Changes {
    /// Of the request.
    pub fn new(call: &Call, path: &str) -> Result<Self, Refusal> {
        let (after, limit) = (call.after()?, call.limit(PAGE_MAX, 100)?);
        Ok(Self { path: path.to_owned(), after, limit, detail: detail(call)? })
    }
}

impl Deed for Changes {
    fn ask(&mut self, reads: Reads) -> Reads {
        page(reads, &self.path, self.after, false, self.limit)
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let collection = scene.collection(&self.path)?;
        let head = scene.account.head;
        // A cursor of the future is another account's, or of a store that was put back.
        if (self.after != 0 && self.after < scene.account.horizon) || self.after > head {
            return Err(Refusal::reset());
        }
        let page = &scene.snapshot.page;
        let shown =
            page.iter().map(|outgoing| record::shown(&outgoing.record, &collection.fields, self.detail));
        let more = scene.snapshot.more;
        let last = page.last().map_or(self.after, |outgoing| outgoing.record.seq);
        let next = if more { last } else { head };
        told(&json!({ "changes": shown.collect::<Vec<_>>(), "next": next, "more": more }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_called_what_it_says() {
        assert_eq!(device_name(r#"{"maker":"Nokia","model":" E71 ","firmware":""}"#), "Nokia E71");
        assert_eq!(device_name(r#"{"maker":"Nokia","model":"Nokia E71"}"#), "Nokia E71");
        assert_eq!(device_name("no json"), "");
    }

    #[test]
    fn an_etag_is_a_stamp_in_quotes() {
        assert_eq!(etag(7), "\"7\"");
    }
}
