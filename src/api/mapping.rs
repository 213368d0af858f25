//! `…/devices/{device}/mapping`: which record a device calls by which id.

use super::call::Call;
use super::device::known;
use super::record;
use super::refusal::Refusal;
use super::{Answer, Deed, Scene, told};
use crate::exchange::{Decision, Seed};
use crate::limits;
use crate::peer::{Alias, PeerId};
use crate::record::RecordId;
use crate::store::{Reads, View};
use serde_json::{Map, Value, json};

/// How many aliases a page has at most.
const PAGE_MAX: i64 = 200;

/// A page of them.
pub struct Page {
    id: PeerId,
    path: String,
    after: Option<RecordId>,
    limit: usize,
    /// The page's records, which only the page has named.
    records: Option<Vec<RecordId>>,
}

impl Page {
    /// Of the request.
    pub fn new(call: &Call, id: PeerId) -> Result<Self, Refusal> {
        let path = call.text("collection", 64)?.filter(|path| !path.is_empty());
        let path = path.ok_or_else(|| Refusal::bad("Say of which `collection`."))?.to_owned();
        let after = call.text("after", limits::NAME_BYTES_MAX)?.filter(|after| !after.is_empty());
        let bad = || Refusal::bad("after is the id of a record.");
        let after = after.map(|after| RecordId::new(after).ok_or_else(bad)).transpose()?;
        Ok(Self { id, path, after, limit: call.limit(PAGE_MAX, 100)?, records: None })
    }

    fn reads(&self, reads: Reads) -> Reads {
        let (peer, path, after) = (self.id.clone(), self.path.clone(), self.after.clone());
        let view = View::Mapping { peer, path: path.clone(), after, rows_max: self.limit };
        let records = self.records.iter().map(|ids| (path.clone(), ids.clone())).collect();
        Reads { peer: Some(self.id.clone()), collection: Some(path), views: vec![view], records, ..reads }
    }
}

impl Deed for Page {
    fn ask(&mut self, reads: Reads) -> Reads {
        self.records = None;
        self.reads(reads)
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        known(scene, &self.id)?;
        let collection = scene.collection(&self.path)?;
        let views = &scene.snapshot.views;
        if self.records.is_none() && !views.mapping.is_empty() {
            self.records = Some(views.mapping.iter().map(|(alias, _)| alias.record.clone()).collect());
            return Ok(Decision::Ask(Box::new(self.reads(scene.reads.clone()))));
        }
        let item = |(alias, live): &(Alias, bool)| {
            let mut item = Map::new();
            item.insert("record".into(), json!(alias.record.as_str()));
            item.insert("luid".into(), json!(alias.luid.as_ref().map(|luid| luid.0.as_str())));
            item.insert("seq".into(), json!(alias.seq));
            item.insert("generation".into(), json!(alias.generation));
            item.insert("live".into(), json!(live));
            let record = scene.snapshot.records.iter().find(|record| record.id == alias.record);
            let body = record.and_then(|record| record.content.body());
            item.extend(
                body.map(|body| ("summary".to_owned(), json!(record::summary_of(body, &collection.fields)))),
            );
            Value::Object(item)
        };
        let last = views.mapping.last().filter(|_| views.more).map(|(alias, _)| alias.record.as_str());
        told(&json!({
            "collection": collection.id.0,
            "items": views.mapping.iter().map(item).collect::<Vec<_>>(),
            "total": views.mapping_total,
            "next": last,
        }))
    }
}
