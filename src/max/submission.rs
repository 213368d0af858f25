//! POST: one record inserted, updated or deleted (MAX 3). Its twin is `feed`.
//!
//! Every submission is idempotent: what changes nothing writes nothing and is answered the same.

use super::channel::{Channel, Spelling};
use super::refusal::Refusal;
use super::request::printable;
use super::{Answer, Scene, schema, turn};
use crate::content::fields;
use crate::exchange::Decision;
use crate::journal::{Moment, matching};
use crate::limits;
use crate::record::{Body, Content, Kind, Record, RecordId, is_xml_char};
use crate::settings::Settings;
use crate::store::{Batch, Change, Collection, Guard, Reads, Snapshot, Sweep};
use std::collections::BTreeMap;

/// One POST on its way.
#[derive(Debug)]
pub struct Submission {
    pairs: Vec<(String, String)>,
    spelling: Spelling,
    /// The record that was asked for.
    asked: Option<RecordId>,
    /// Whether a record too large for its row was asked for with all its bytes.
    read_whole: bool,
    line: String,
}

/// A form, understood.
struct Form {
    id: RecordId,
    delete: bool,
    values: Vec<(String, String)>,
}

impl Submission {
    /// A submission of these pairs.
    pub fn new(pairs: Vec<(String, String)>, spelling: Spelling) -> Self {
        Self { pairs, spelling, asked: None, read_whole: false, line: String::new() }
    }

    /// The record. What the primary key is called is known only once the collection has been read, so this is a guess: the
    /// parameter `id`, or the first. A wrong one costs a second read and nothing else.
    pub fn ask(&mut self, reads: Reads, path: &str) -> Reads {
        self.read_whole = false;
        let named = self.pairs.iter().find(|(name, _)| name == "id");
        let first = || self.pairs.iter().find(|(name, _)| !schema::is_reserved(name));
        let guess = named.or_else(first).and_then(|(_, value)| RecordId::new(value.as_str()));
        self.record(reads, path, guess)
    }

    fn record(&mut self, reads: Reads, path: &str, id: Option<RecordId>) -> Reads {
        let records = id.iter().map(|id| (path.to_owned(), vec![id.clone()])).collect();
        self.asked = id;
        Reads { records, ..reads }
    }

    /// Answers, with a change where something changes.
    pub fn decide(
        &mut self,
        scene: Scene,
        snapshot: &Snapshot,
        now: Moment,
        settings: &Settings,
    ) -> Result<Decision<Answer>, Refusal> {
        let collection = scene.collection;
        // Folders, files and e-mails have no fields, and an app knows nothing of trees.
        if collection.read_only || collection.kind == Kind::Files {
            return Err(Refusal::read_only());
        }
        let form = Form::read(&self.pairs, collection, settings.max_lenient)?;
        if self.asked.as_ref() != Some(&form.id) {
            return Ok(Decision::Ask(Box::new(self.record(scene.reads, scene.path, Some(form.id)))));
        }
        let stored = snapshot.records.iter().find(|r| r.id == form.id && r.collection == collection.id);
        let unread = stored.filter(|record| matches!(record.content, Content::Large(_)) && !form.delete);
        if let Some(record) = unread.filter(|_| !self.read_whole) {
            self.read_whole = true;
            let whole = vec![(collection.id.clone(), form.id.clone(), record.seq)];
            let reads = self.record(scene.reads, scene.path, Some(form.id));
            return Ok(Decision::Ask(Box::new(Reads { whole, ..reads })));
        }
        let (verb, content) = form.apply(collection, stored, settings)?;
        self.line = format!("{verb} {}", printable(form.id.as_str()));
        let Some(content) = content else {
            let stamp = stored.map_or(scene.account.head, |record| record.seq);
            let channel = Channel::open(self.spelling, &collection.id.0, stamp);
            return Ok(turn(Answer::Channel(channel), None));
        };
        let sweep = Sweep::due(scene.account, settings, now);
        let batch = Batch { sweep, ..batch(&scene, form.id, stored.is_none(), content, now) };
        Ok(turn(Answer::Stamped(collection.id.clone()), Some(batch)))
    }

    /// What became of it, for the log.
    pub fn line(&self) -> &str {
        &self.line
    }
}

impl Form {
    /// Checks every name, and the characters of every value.
    fn read(pairs: &[(String, String)], collection: &Collection, lenient: bool) -> Result<Self, Refusal> {
        let primary_key = schema::primary_key(collection);
        let mut delete = false;
        let fields = collection.fields.iter().map(|field| field.name.as_str());
        let mut slots: BTreeMap<&str, Option<&str>> = fields.map(|name| (name, None)).collect();
        slots.insert(primary_key, None);
        for (name, value) in pairs {
            match (name.as_str(), slots.get_mut(name.as_str())) {
                ("auth" | "lbd", _) => {}
                ("_deleted", _) => delete |= flag(value)?,
                ("_type", _) => delete |= verb(value)?,
                (name, Some(slot)) => once(slot, name, value, lenient)?,
                (name, None) if lenient && !name.starts_with('_') => {}
                (name, None) => return Err(Refusal::unknown_field(name)),
            }
        }
        let id = slots
            .remove(primary_key)
            .flatten()
            .ok_or_else(|| Refusal::bad_request(format!("missing field: {primary_key}")))?;
        let words = || format!("{primary_key} must be 1 to 255 bytes of text that XML can carry");
        let id = RecordId::new(id).ok_or_else(|| Refusal::bad_request(words()))?;
        // In the order of the declaration, whatever order they came in: the same fields make the same record.
        let take = |name: &str| Some((name.to_owned(), slots.remove(name)??.to_owned()));
        let values = collection.fields.iter().map(|field| field.name.as_str()).filter_map(take).collect();
        Ok(Self { id, delete, values })
    }

    /// What the record holds afterwards, `None` where nothing changes; and the verb.
    fn apply(
        &self,
        collection: &Collection,
        stored: Option<&Record>,
        settings: &Settings,
    ) -> Result<(&'static str, Option<Content>), Refusal> {
        let body = stored.and_then(|record| record.content.body());
        if self.delete {
            let deleted = stored.filter(|record| record.content.is_live()).map(|_| Content::Deleted);
            return Ok((if deleted.is_some() { "delete" } else { "delete again" }, deleted));
        }
        if stored.is_some_and(|record| matches!(record.content, Content::Large(_))) {
            return Err(Refusal::broken());
        }
        let patched = self.patched(body, collection, settings)?;
        let view = |body: &Body| fields::project(body, &collection.fields);
        match (stored, body) {
            (Some(_), Some(body)) if view(body) == view(&patched) => Ok(("same again", None)),
            (Some(_), Some(_)) => Ok(("update", Some(Content::Body(patched)))),
            (Some(_), None) if settings.max_delete_wins => Ok(("update of a deleted record", None)),
            (Some(_), None) => Ok(("revive", Some(Content::Body(patched)))),
            (None, _) => Ok(("insert", Some(Content::Body(patched)))),
        }
    }

    /// The body with the values set, where it is no larger than a record may be. A new one is told its id too: an event's
    /// becomes its `UID`.
    fn patched(
        &self,
        body: Option<&Body>,
        collection: &Collection,
        settings: &Settings,
    ) -> Result<Body, Refusal> {
        let id = (schema::primary_key(collection).to_owned(), self.id.as_str().to_owned());
        let id = collection.fields.iter().any(|field| field.name == id.0).then_some(id);
        let values: Vec<_> =
            id.filter(|_| body.is_none()).into_iter().chain(self.values.iter().cloned()).collect();
        // What is large already, because a device sent it in pieces, may stay so.
        let large = body.is_some_and(|body| body.bytes.len() > limits::RECORD_BYTES_MAX);
        let bytes_max = if large { settings.object_bytes_max() } else { limits::RECORD_BYTES_MAX };
        let body = fields::patch(body, collection.kind, &collection.fields, &values)
            .map_err(|error| Refusal::bad_request(format!("{}: {}", error.field, error.reason)))?;
        if body.bytes.len() > bytes_max {
            let words = format!("the record would be larger than {bytes_max} bytes");
            return Err(Refusal::too_large(words));
        }
        Ok(body)
    }
}

fn batch(scene: &Scene, id: RecordId, insert: bool, content: Content, now: Moment) -> Batch {
    let collection = scene.collection.id.clone();
    let synced = scene.collection.kind != Kind::Table;
    let key = content.body().filter(|_| synced).and_then(matching::key);
    Batch {
        account: scene.account.id.clone(),
        guard: Guard {
            head: scene.account.head,
            records: vec![(collection.clone(), id.clone())],
            ..Guard::default()
        },
        now,
        changes: vec![Change {
            collection,
            id,
            content,
            parent: None,
            key,
            origin: String::new(),
            insert,
            // A table too may be synchronised with another server.
            supersede: true,
        }],
        ..Batch::default()
    }
}

/// Takes a value that must stand once: with `lenient` the last one counts.
fn once<'a>(to: &mut Option<&'a str>, name: &str, value: &'a str, lenient: bool) -> Result<(), Refusal> {
    if to.is_some() && !lenient {
        return Err(Refusal::bad_request(format!("field stands twice: {}", name)));
    }
    if let Some(c) = value.chars().find(|c| !is_xml_char(*c)) {
        let words = format!("{}: XML cannot carry the character U+{:04X}", name, u32::from(c));
        return Err(Refusal::bad_request(words));
    }
    *to = Some(value);
    Ok(())
}

/// `_deleted`: whether it marks a delete.
fn flag(value: &str) -> Result<bool, Refusal> {
    match value {
        "1" | "true" => Ok(true),
        "" | "0" | "false" => Ok(false),
        _ => Err(Refusal::bad_request("_deleted must be 1 or 0")),
    }
}

/// `_type`: whether it marks a delete.
fn verb(value: &str) -> Result<bool, Refusal> {
    match value {
        "DELETE" => Ok(true),
        "" | "POST" => Ok(false),
        _ => Err(Refusal::bad_request("_type must be DELETE or absent")),
    }
}
