//! Records changed: added, replaced, patched by fields, deleted. Each is one change, guarded by what was read, so that devices
//! receive it and no other's change is lost.

use super::call::{Call, present};
use super::listing::{etag, live, of_record};
use super::record;
use super::refusal::{Refusal, printable};
use super::{Answer, Deed, Reply, Scene, turn};
use crate::content::{self, fields};
use crate::exchange::{Decision, Seed};
use crate::journal::{intake, matching};
use crate::limits;
use crate::record::{Body, Content, Form, Kind, Record, RecordId, Seq, is_xml_char};
use crate::secret;
use crate::store::{Batch, Change, Collection, Guard, Reads, Sweep};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is sent of a record.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    #[serde(default, deserialize_with = "present")]
    id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    form: Option<String>,
    #[serde(default, deserialize_with = "present")]
    media_type: Option<String>,
    #[serde(default, deserialize_with = "present")]
    body: Option<String>,
    #[serde(default, deserialize_with = "present")]
    encoding: Option<Encoding>,
    #[serde(default, deserialize_with = "present")]
    fields: Option<BTreeMap<String, String>>,
    #[serde(default, deserialize_with = "present")]
    parent: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Base64,
}

/// What is to become of a record.
enum Verb {
    Add,
    Put,
    Patch,
    Remove,
}

/// What must be so of the record for that (RFC 9110 sections 13.1.1 and 13.1.2).
#[derive(Debug, Default)]
struct Condition {
    /// One of these versions; an empty list for any.
    matches: Option<Vec<Seq>>,
    /// That it is not there.
    absent: bool,
}

/// One change on its way.
pub struct Writing {
    path: String,
    verb: Verb,
    /// The record; `None` where an id is to be made.
    id: Option<RecordId>,
    sent: Sent,
    condition: Condition,
    whole: bool,
}

impl Writing {
    /// `POST …/records`.
    pub fn add(call: &Call, path: &str) -> Result<Self, Refusal> {
        let sent: Sent = call.json()?;
        let id = sent.id.as_deref().map(record_id).transpose()?;
        Self::new(path, Verb::Add, id, sent, Condition::default())
    }

    /// `PUT …/records/{record}`.
    pub fn put(call: &Call, path: &str, id: &str) -> Result<Self, Refusal> {
        Self::new(path, Verb::Put, Some(record_id(id)?), call.json()?, Condition::of(call)?)
    }

    /// `PATCH …/records/{record}`.
    pub fn patch(call: &Call, path: &str, id: &str) -> Result<Self, Refusal> {
        let sent: Sent = call.json()?;
        if sent.fields.is_none() {
            return Err(Refusal::bad("Say what to change: `fields` is missing."));
        }
        Self::new(path, Verb::Patch, Some(record_id(id)?), sent, Condition::of(call)?)
    }

    /// `DELETE …/records/{record}`.
    pub fn remove(call: &Call, path: &str, id: &str) -> Result<Self, Refusal> {
        Self::new(path, Verb::Remove, Some(record_id(id)?), Sent::default(), Condition::of(call)?)
    }

    fn new(
        path: &str,
        verb: Verb,
        id: Option<RecordId>,
        sent: Sent,
        condition: Condition,
    ) -> Result<Self, Refusal> {
        if sent.parent.as_deref().is_some_and(|parent| !parent.is_empty() && RecordId::new(parent).is_none())
        {
            return Err(Refusal::bad("`parent` is the id of a folder."));
        }
        let says = sent.body.is_some() || sent.fields.is_some();
        if !says && matches!(verb, Verb::Add | Verb::Put) {
            return Err(Refusal::bad("Say what it holds: `body` or `fields`."));
        }
        if sent.body.is_some() && sent.fields.is_some() {
            return Err(Refusal::bad("Say it by `body` or by `fields`, not by both."));
        }
        Ok(Self { path: path.to_owned(), verb, id, sent, condition, whole: false })
    }

    /// The record as it is to be; `None` where it stays as it is.
    fn made(
        &self,
        scene: &Scene<'_>,
        collection: &Collection,
        before: Option<&Body>,
        id: &RecordId,
    ) -> Result<Option<Body>, Refusal> {
        let whole = match &self.sent.body {
            Some(text) => Some(self.given(text, collection.kind)?),
            None => None,
        };
        let begun = match self.verb {
            Verb::Patch => before,
            _ => whole.as_ref(),
        };
        let values = self.values(collection, begun, id)?;
        let made = match (values.is_empty(), begun) {
            (true, Some(body)) => body.clone(),
            _ => fields::patch(begun, collection.kind, &collection.fields, &values)?,
        };
        // What is larger already, because a device sent it in pieces, may be changed.
        let larger = begun.is_some_and(|body| body.bytes.len() > scene.record_bytes_max);
        let bytes_max = if larger && matches!(self.verb, Verb::Patch) {
            limits::OBJECT_BYTES_MAX
        } else {
            scene.record_bytes_max
        };
        if made.bytes.len() > bytes_max {
            let words = format!("The record would have more than {bytes_max} bytes.");
            return Err(Refusal::too_large(words));
        }
        Ok((Some(&made) != before).then_some(made))
    }

    /// The values to set, each the value of a field of the collection.
    fn values(
        &self,
        collection: &Collection,
        begun: Option<&Body>,
        id: &RecordId,
    ) -> Result<Vec<(String, String)>, Refusal> {
        let mut sent = self.sent.fields.clone().unwrap_or_default();
        let mut values = Vec::new();
        for field in &collection.fields {
            let value = sent.remove(&field.name);
            if field.kind == fields::FieldKind::PrimaryKey {
                if value.is_some_and(|value| value != id.as_str()) {
                    return Err(Refusal::bad(format!("{}: the id is not changed.", field.name)));
                }
                // A new event's becomes its UID.
                values.extend(begun.is_none().then(|| (field.name.clone(), id.as_str().to_owned())));
            } else if let Some(value) = value {
                if !value.chars().all(is_xml_char) {
                    return Err(Refusal::bad(format!("{}: there are control characters in it.", field.name)));
                }
                values.push((field.name.clone(), value));
            }
        }
        match sent.keys().next() {
            Some(name) => {
                Err(Refusal::bad(format!("`{}` has no field `{}`.", collection.id.0, printable(name))))
            }
            None => Ok(values),
        }
    }

    /// The bytes that were sent, in the form they are in, where the collection holds such.
    fn given(&self, text: &str, kind: Kind) -> Result<Body, Refusal> {
        let bytes = match self.sent.encoding {
            None => text.as_bytes().to_vec(),
            Some(Encoding::Base64) => {
                secret::unbase64(text.as_bytes()).ok_or_else(|| Refusal::bad("`body` is no base64."))?
            }
        };
        let form = match (&self.sent.form, &self.sent.media_type) {
            (Some(label), _) => Form::of_label(label),
            (None, None) if kind == Kind::Notes && !bytes.starts_with(b"BEGIN:") => Form::Plain,
            (None, media_type) => content::recognise(media_type.as_deref(), &bytes),
        };
        let object =
            matches!(&form, Form::Opaque(media_type) if media_type.starts_with("application/vnd.omads-"));
        let fits = if kind == Kind::Files { object } else { intake::fits(kind, &form) };
        match fits {
            _ if kind == Kind::Table => Err(Refusal::bad("A table's records are made of `fields`.")),
            false => Err(Refusal::bad(format!("This collection holds no {}.", printable(&form.label())))),
            true if bytes.contains(&0) && form != Form::Plain && kind != Kind::Files => {
                Err(Refusal::bad("There is a NUL in it."))
            }
            true if form == Form::Plain && std::str::from_utf8(&bytes).is_err() => {
                Err(Refusal::bad("A plain note is UTF-8."))
            }
            // The label is believed in what the bytes leave open.
            true if !matches!(form, Form::Plain | Form::Opaque(_))
                && !intake::fits(kind, &content::recognise(None, &bytes)) =>
            {
                Err(Refusal::bad(format!("`body` is no {}.", printable(&form.label()))))
            }
            true => Ok(Body { form, bytes }),
        }
    }
}

impl Deed for Writing {
    fn ask(&mut self, reads: Reads) -> Reads {
        self.whole = false;
        let reads = of_record(reads, &self.path, self.id.as_ref());
        let inside = self.id.iter().filter(|_| matches!(self.verb, Verb::Remove));
        let children = inside.map(|id| (self.path.clone(), vec![id.clone()])).collect();
        let parent = self.sent.parent.as_deref().and_then(RecordId::new);
        let records =
            reads.records.into_iter().chain(parent.map(|id| (self.path.clone(), vec![id]))).collect();
        Reads { children, records, ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, seed: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let collection = scene.collection(&self.path)?;
        if collection.read_only {
            return Err(Refusal::read_only(&self.path));
        }
        let id = self.id.clone().unwrap_or_else(|| RecordId::mint(seed.draw()));
        let stored = scene.snapshot.records.iter().find(|record| record.id == id);
        let lives = stored.filter(|record| record.content.is_live());
        self.condition.check(lives)?;
        match self.verb {
            Verb::Add if lives.is_some() => {
                return Err(Refusal::conflict(format!("`{}` is there already.", printable(id.as_str()))));
            }
            Verb::Remove => return self.removed(scene, collection, live(scene, Some(&id), &self.path)?),
            Verb::Patch => _ = live(scene, Some(&id), &self.path)?,
            Verb::Add | Verb::Put => {}
        }
        if let Some(record) = lives.filter(|record| matches!(record.content, Content::Large(_)))
            && !self.whole
        {
            let reads = self.ask(scene.reads.clone());
            self.whole = true;
            let whole = vec![(record.collection.clone(), record.id.clone(), record.seq)];
            return Ok(Decision::Ask(Box::new(Reads { whole, ..reads })));
        }
        let before = lives.and_then(|record| record.content.body());
        if lives.is_some() && before.is_none() {
            return Err(Refusal::broken());
        }
        let parent = self.place(scene, collection, lives)?;
        let status = if lives.is_some() { 200 } else { 201 };
        let Some(body) = self.made(scene, collection, before, &id)? else {
            // Nothing changes, and nothing is written.
            let record = live(scene, Some(&id), &self.path)?;
            let shown = record::shown(record, &collection.fields, scene.detail(record));
            return Ok(turn(Answer::Ready(answer(status, record.seq, &path_of(record), shown)), None));
        };
        let record = Record {
            collection: collection.id.clone(),
            id,
            seq: 0,
            origin: String::new(),
            parent,
            content: Content::Body(body),
        };
        let shown = record::shown(&record, &collection.fields, scene.detail(&record));
        let path = path_of(&record);
        let stamped = move |seq| answer(status, seq, &path, shown);
        let batch = batch(scene, collection, record, stored.is_none());
        Ok(turn(Answer::Stamped(Box::new(stamped)), Some(batch)))
    }
}

impl Writing {
    /// The folder it is in: as it was, or for a new one as it is said.
    fn place(
        &self,
        scene: &Scene<'_>,
        collection: &Collection,
        before: Option<&Record>,
    ) -> Result<Option<RecordId>, Refusal> {
        let was = before.and_then(|record| record.parent.clone());
        let Some(said) = self.sent.parent.as_deref().filter(|said| !said.is_empty()) else { return Ok(was) };
        if was.as_ref().is_some_and(|was| was.as_str() == said) {
            return Ok(was);
        }
        if collection.kind != Kind::Files || before.is_some() {
            return Err(Refusal::bad("`parent` is for new records of a collection that has folders."));
        }
        let is_folder = |record: &&Record| {
            let body = record.content.body();
            record.id.as_str() == said
                && body.is_some_and(|body| body.form == Form::Opaque(FOLDER.to_owned()))
        };
        let found = scene.snapshot.records.iter().find(is_folder);
        let no_folder = || Refusal::bad(format!("There is no folder `{}`.", printable(said)));
        found.map(|record| Some(record.id.clone())).ok_or_else(no_folder)
    }

    fn removed(
        &self,
        scene: &Scene<'_>,
        collection: &Collection,
        record: &Record,
    ) -> Result<Decision<Answer>, Refusal> {
        if !scene.snapshot.children.is_empty() {
            return Err(Refusal::conflict("The folder is not empty."));
        }
        let gone =
            Record { content: Content::Deleted, parent: None, origin: String::new(), ..record.clone() };
        let mut batch = batch(scene, collection, gone, false);
        if collection.kind == Kind::Files {
            batch.guard.parents = vec![(collection.id.clone(), record.id.clone())];
        }
        Ok(turn(Answer::Ready(Reply::nothing()), Some(batch)))
    }
}

/// OMA's data object for a folder.
const FOLDER: &str = "application/vnd.omads-folder+xml";

fn batch(scene: &Scene<'_>, collection: &Collection, record: Record, insert: bool) -> Batch {
    let synced = collection.kind != Kind::Table;
    let at = (record.collection.clone(), record.id.clone());
    let parents = record.parent.iter().map(|parent| (record.collection.clone(), parent.clone()));
    let records = std::iter::once(at).chain(parents).collect();
    Batch {
        account: scene.account.id.clone(),
        guard: Guard { head: scene.account.head, records, ..Guard::default() },
        now: scene.now,
        changes: vec![Change {
            key: record.content.body().filter(|_| synced).and_then(matching::key),
            collection: record.collection,
            id: record.id,
            content: record.content,
            parent: record.parent,
            origin: String::new(),
            insert,
            // A table too may be synchronised with another server.
            supersede: !insert,
        }],
        sweep: Sweep::due(scene.account, scene.settings, scene.now),
        ..Batch::default()
    }
}

/// The answer to a change that has got this stamp.
fn answer(status: u16, seq: Seq, path: &str, mut shown: Value) -> Reply {
    shown.as_object_mut().and_then(|members| members.insert("seq".into(), seq.into()));
    let reply = Reply::json(status, &shown).with("etag", etag(seq));
    if status == 201 { reply.with("location", path.to_owned()) } else { reply }
}

/// Where a record is found.
fn path_of(record: &Record) -> String {
    let id: String = record.id.as_str().bytes().map(percent).collect();
    let collection: String = record.collection.0.bytes().map(percent).collect();
    format!("/api/collections/{collection}/records/{id}")
}

/// A byte as a segment of a path can carry it.
fn percent(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

fn record_id(text: &str) -> Result<RecordId, Refusal> {
    let words = "A record's id is 1 to 255 bytes of text that XML can carry.";
    RecordId::new(text).ok_or_else(|| Refusal::bad(words))
}

impl Condition {
    fn of(call: &Call) -> Result<Self, Refusal> {
        let matches = match call.header("if-match") {
            None => None,
            Some("*") => Some(Vec::new()),
            Some(list) => Some(list.split(',').map(stamp).collect::<Result<_, _>>()?),
        };
        let absent = match call.header("if-none-match") {
            None => false,
            Some("*") => true,
            Some(_) => return Err(Refusal::bad("If-None-Match must be `*`.")),
        };
        Ok(Self { matches, absent })
    }

    fn check(&self, lives: Option<&Record>) -> Result<(), Refusal> {
        match (&self.matches, lives) {
            (_, Some(_)) if self.absent => Err(Refusal::precondition("The record is there already.")),
            (Some(_), None) => Err(Refusal::precondition("The record is not there.")),
            (Some(versions), Some(record)) if !versions.is_empty() && !versions.contains(&record.seq) => {
                Err(Refusal::precondition(format!("The record is version \"{}\" by now.", record.seq)))
            }
            _ => Ok(()),
        }
    }
}

/// `"17"`. A weak one (`W/`) matches nothing (RFC 9110 section 13.1.1).
fn stamp(tag: &str) -> Result<Seq, Refusal> {
    let tag = tag.trim();
    if tag.starts_with("W/") {
        return Ok(-1);
    }
    let quoted = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    quoted
        .and_then(|tag| tag.parse().ok())
        .ok_or_else(|| Refusal::bad("If-Match must be `*` or `\"<seq>\"`."))
}
