//! `GET /api/collections`: what the account has.

use super::call::Call;
use super::refusal::Refusal;
use super::{Answer, Deed, Scene, told};
use crate::exchange::{Decision, Seed};
use crate::store::{Collection, Reads, View};
use serde_json::{Map, Value, json};

/// All collections.
pub struct All {
    count: bool,
}

impl All {
    /// Of the request.
    pub fn new(call: &Call) -> Result<Self, Refusal> {
        Ok(Self { count: call.flag("count", false)? })
    }
}

impl Deed for All {
    fn ask(&mut self, reads: Reads) -> Reads {
        let views = if self.count { vec![View::Counts] } else { Vec::new() };
        Reads { collections: true, views, ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let counts = &scene.snapshot.views.counts;
        let shown = |collection: &Collection| {
            let count = counts.iter().find(|(id, _)| *id == collection.id).map_or(0, |(_, count)| *count);
            shown(collection, self.count.then_some(count))
        };
        let all: Vec<Value> = scene.snapshot.collections.iter().map(shown).collect();
        told(&json!({ "collections": all }))
    }
}

/// A collection as it is shown.
fn shown(collection: &Collection, count: Option<u64>) -> Value {
    let fields = collection.fields.iter().map(|field| json!({ "name": field.name, "type": field.kind }));
    let mut shown = Map::new();
    shown.insert("id".into(), json!(collection.id.0));
    shown.insert("kind".into(), json!(collection.kind));
    shown.insert("aliases".into(), json!(collection.aliases));
    shown.insert("policy".into(), json!(collection.policy));
    shown.insert("readOnly".into(), json!(collection.read_only));
    shown.insert("fields".into(), fields.collect());
    shown.extend(count.map(|count| ("records".into(), json!(count))));
    Value::Object(shown)
}
