//! `POST …/import`: a chunk of cards, calendars, notes or lines becomes records, each item with its own outcome. Cutting is in
//! `content/split.rs` and `content/listing.rs`, recognising in `journal/intake.rs`; the operator's import shares them.
//!
//! What is there already with equal content is left alone (as a slow sync finds it), so that the same chunk twice makes no
//! duplicates. All of a chunk is one turn.

mod columns;

use super::call::Call;
use super::record;
use super::refusal::{Refusal, printable};
use super::{Answer, Deed, Reply, Scene, turn};
use crate::content::fields::{self, Field, FieldKind};
use crate::content::{dates, listing, split};
use crate::exchange::{Decision, Seed};
use crate::journal::{intake, matching};
use crate::limits;
use crate::record::{Body, Content, Kind, Record, RecordId, is_xml_char};
use crate::store::{Batch, Change, Collection, Guard, Reads, Sweep};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Items in one chunk: they are one commit.
const ITEMS_MAX: usize = 500;

/// Bytes of a chunk with more than one item in it.
const BYTES_MAX: usize = limits::RECORD_BYTES_MAX;

/// What a chunk is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Cards,
    Calendars,
    Notes,
    Table,
    Lines,
}

/// One chunk on its way.
pub struct Import {
    path: String,
    source: Source,
    bytes: Vec<u8>,
    columns: Option<String>,
    /// What the chunk has, once the collection is known.
    read: Option<Chunk>,
}

/// A chunk, read for a collection.
#[derive(Default)]
struct Chunk {
    items: Vec<Item>,
    /// Columns that no field took.
    ignored: Vec<String>,
}

/// One item: where it begins, and what it is; or why it is none.
struct Item {
    line: usize,
    made: Result<Made, String>,
}

/// What an item is.
enum Made {
    /// Bytes as they came, and their key.
    Whole(intake::Item),
    /// Values of fields, under an id of their own where they have one.
    Values { id: Option<RecordId>, values: Vec<(String, String)>, body: Body },
}

impl Made {
    fn body(&self) -> &Body {
        match self {
            Self::Whole(item) => &item.body,
            Self::Values { body, .. } => body,
        }
    }

    fn key(&self) -> Option<String> {
        match self {
            Self::Whole(item) => Some(item.key.clone()),
            Self::Values { body, .. } => matching::key(body),
        }
    }

    fn id(&self) -> Option<&RecordId> {
        match self {
            Self::Whole(_) => None,
            Self::Values { id, .. } => id.as_ref(),
        }
    }
}

impl Import {
    /// Of the request.
    pub fn new(call: &Call, path: &str) -> Result<Self, Refusal> {
        let bytes = call.body(call.bytes_max)?.to_vec();
        let source = match call.media_type().as_str() {
            "text/vcard" | "text/x-vcard" | "text/directory" => Source::Cards,
            "text/calendar" | "text/x-vcalendar" => Source::Calendars,
            "text/plain" | "text/x-vnote" => Source::Notes,
            "text/csv" => Source::Table,
            "application/x-ndjson" | "application/jsonl" => Source::Lines,
            _ => {
                let wanted = "text/vcard, text/calendar, text/plain, text/csv or application/x-ndjson";
                return Err(Refusal::media_type(wanted));
            }
        };
        let columns = call.text("columns", 2_000)?.map(str::to_owned);
        Ok(Self { path: path.to_owned(), source, bytes, columns, read: None })
    }

    fn read(&self, collection: &Collection, bytes_max: usize) -> Result<Chunk, Refusal> {
        let kind = collection.kind;
        let fits = match self.source {
            Source::Cards => kind == Kind::Contacts,
            Source::Calendars => matches!(kind, Kind::Calendar | Kind::Todo),
            Source::Notes => kind == Kind::Notes,
            Source::Table | Source::Lines => kind != Kind::Files,
        };
        if !fits {
            return Err(Refusal::bad(format!("`{}` holds nothing of that kind.", printable(&self.path))));
        }
        let chunk = match self.source {
            Source::Table => self.rows(collection)?,
            Source::Lines => self.lines(collection)?,
            _ => Chunk { items: self.pieces(kind), ignored: Vec::new() },
        };
        match chunk.items.len() {
            0 => Err(Refusal::bad("There is nothing in it.")),
            1 if self.bytes.len() > bytes_max => {
                Err(Refusal::too_large(format!("A record may have {bytes_max} bytes.")))
            }
            1 => Ok(chunk),
            many if many > ITEMS_MAX || self.bytes.len() > BYTES_MAX => {
                let words = format!("A chunk has at most {ITEMS_MAX} items and {BYTES_MAX} bytes; cut it.");
                Err(Refusal::too_large(words))
            }
            _ => Ok(chunk),
        }
    }

    /// Whole objects.
    fn pieces(&self, kind: Kind) -> Vec<Item> {
        let file = &self.bytes;
        let pieces = match kind {
            Kind::Contacts => split::objects(file, "VCARD"),
            Kind::Calendar => split::calendar(file, &["VEVENT"]),
            Kind::Todo => split::calendar(file, &["VTODO"]),
            _ if file.trim_ascii_start().starts_with(b"BEGIN:VNOTE") => split::objects(file, "VNOTE"),
            _ => return self.notes(),
        };
        let item = |piece: split::Piece| {
            let made = piece.parts.clone().and_then(|_| intake::item(piece.bytes(file), kind));
            Item { line: piece.line, made: made.map(Made::Whole) }
        };
        pieces.into_iter().map(item).collect()
    }

    /// Notes, a form feed on a line of its own between each two.
    fn notes(&self) -> Vec<Item> {
        let bytes = self.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&self.bytes);
        let mut items = Vec::new();
        let (mut note, mut began) = (Vec::new(), 1);
        let mut keep = |note: &mut Vec<u8>, line| {
            let bytes = std::mem::take(note);
            let text = bytes.strip_suffix(b"\n").map(|text| text.strip_suffix(b"\r").unwrap_or(text));
            let text = text.unwrap_or(&bytes).to_vec();
            if !text.trim_ascii().is_empty() {
                items.push(Item { line, made: intake::item(text, Kind::Notes).map(Made::Whole) });
            }
        };
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() && line.contains(&0x0C) {
                keep(&mut note, began);
                began = index + 2;
            } else {
                note.extend_from_slice(line);
            }
        }
        keep(&mut note, began);
        items
    }

    fn text(&self) -> Result<&str, Refusal> {
        std::str::from_utf8(&self.bytes).map_err(|_| Refusal::bad("It is not UTF-8; save it as UTF-8."))
    }

    /// Rows of CSV under their header.
    fn rows(&self, collection: &Collection) -> Result<Chunk, Refusal> {
        let rows = listing::csv_rows(self.text()?)
            .map_err(|why| Refusal::bad(format!("The CSV ends too soon: {why}.")))?;
        let Some(((_, header), rows)) = rows.split_first() else { return Ok(Chunk::default()) };
        let (columns, ignored) =
            columns::of(header, self.columns.as_deref(), collection).map_err(Refusal::bad)?;
        let values = |row: &[String]| {
            let named =
                columns.iter().zip(row).filter_map(|(field, value)| Some((field.clone()?, value.clone())));
            named.filter(|(_, value)| !value.trim().is_empty()).collect()
        };
        let item = |(line, row): &(usize, Vec<String>)| Item {
            line: *line,
            made: of_values(values(row), collection),
        };
        Ok(Chunk { items: rows.iter().map(item).collect(), ignored })
    }

    /// Lines of JSON.
    fn lines(&self, collection: &Collection) -> Result<Chunk, Refusal> {
        let lines = self.text()?.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let item = |(index, line): (usize, &str)| {
            let made = listing::of_json_line(line).and_then(|values| of_values(values, collection));
            Item { line: index + 1, made }
        };
        Ok(Chunk { items: lines.map(item).collect(), ignored: Vec::new() })
    }
}

/// Values of fields as a record to be; or why they are none. Dates may be written as days (`1815-12-10`) or moments.
fn of_values(values: Vec<(String, String)>, collection: &Collection) -> Result<Made, String> {
    let mut id = None;
    let mut known = Vec::new();
    for (name, value) in values {
        let field = collection.fields.iter().find(|field| field.name == name);
        let field = field.ok_or_else(|| format!("there is no field `{}`", printable(&name)))?;
        if field.kind == FieldKind::PrimaryKey {
            id =
                (!value.is_empty()).then(|| RecordId::new(value.trim())).map(|id| id.ok_or("its id is none"));
        } else if value.chars().all(is_xml_char) {
            known.push((name, typed(field, value)?));
        } else {
            return Err(format!("{name}: there are control characters in it"));
        }
    }
    if known.iter().all(|(_, value)| value.is_empty()) {
        return Err("there is nothing in it".into());
    }
    let body = fields::patch(None, collection.kind, &collection.fields, &known)
        .map_err(|error| format!("{}: {}", error.field, error.reason))?;
    Ok(Made::Values { id: id.transpose()?, values: known, body })
}

fn typed(field: &Field, value: String) -> Result<String, String> {
    let text = value.trim();
    if field.kind != FieldKind::Date || text.is_empty() {
        return Ok(value);
    }
    // Before numbers: 19901231 is a day, and no moment of 1970.
    let moment = dates::parse(&text.replace(' ', "T")).and_then(|when| when.epoch_ms(None));
    if moment.is_none() && text.parse::<i64>().is_ok() {
        return Ok(value);
    }
    let refused = || {
        let (name, text) = (&field.name, printable(text));
        format!("{name}: `{text}` is no date: write 1990-12-31, 1990-12-31T08:00:00Z or epoch milliseconds")
    };
    moment.map(|moment| dates::in_field(moment).to_string()).ok_or_else(refused)
}

impl Deed for Import {
    fn ask(&mut self, reads: Reads) -> Reads {
        self.read = None;
        Reads { collection: Some(self.path.clone()), ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, seed: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let collection = scene.collection(&self.path)?;
        if collection.read_only {
            return Err(Refusal::read_only(&self.path));
        }
        let Some(chunk) = &self.read else {
            let chunk = self.read(collection, scene.record_bytes_max)?;
            let made = || chunk.items.iter().filter_map(|item| item.made.as_ref().ok());
            let keys: Vec<_> =
                made().filter(|_| collection.kind != Kind::Table).filter_map(Made::key).collect();
            let ids: Vec<_> = made().filter_map(Made::id).cloned().collect();
            let reads = self.ask(scene.reads.clone());
            self.read = Some(chunk);
            let (matches, records) = (vec![(self.path.clone(), keys)], vec![(self.path.clone(), ids)]);
            return Ok(Decision::Ask(Box::new(Reads { matches, records, ..reads })));
        };
        let mut desk = Intake::of(scene, collection);
        for item in &chunk.items {
            desk.take(item, seed);
        }
        Ok(desk.close(&chunk.ignored))
    }
}

/// What becomes of a chunk.
struct Intake<'a> {
    scene: &'a Scene<'a>,
    collection: &'a Collection,
    /// Records by what they say.
    known: BTreeMap<String, RecordId>,
    outcomes: Vec<Value>,
    batch: Batch,
    exists: usize,
    refused: usize,
}

impl<'a> Intake<'a> {
    fn of(scene: &'a Scene<'a>, collection: &'a Collection) -> Self {
        let found = scene.snapshot.found.iter();
        Self {
            scene,
            collection,
            known: found.map(|found| (found.key.clone(), found.record.clone())).collect(),
            outcomes: Vec::new(),
            batch: Batch {
                account: scene.account.id.clone(),
                guard: Guard { head: scene.account.head, ..Guard::default() },
                now: scene.now,
                ..Batch::default()
            },
            exists: 0,
            refused: 0,
        }
    }

    fn take(&mut self, item: &Item, seed: &mut Seed) {
        let taken = match &item.made {
            Ok(made) => self.took(made, seed),
            Err(why) => Err(why.clone()),
        };
        let mut outcome = Map::new();
        outcome.insert("line".into(), json!(item.line));
        let word = match taken {
            Ok((id, new)) => {
                outcome.insert("id".into(), json!(id.as_str()));
                self.exists += usize::from(!new);
                if new { "added" } else { "exists" }
            }
            Err(why) => {
                outcome.insert("reason".into(), json!(why));
                self.refused += 1;
                "refused"
            }
        };
        outcome.insert("outcome".into(), json!(word));
        if let Ok(made) = &item.made {
            outcome.insert("summary".into(), json!(record::summary_of(made.body(), &self.collection.fields)));
        }
        self.outcomes.push(Value::Object(outcome));
    }

    /// The record an item is, and whether it is new.
    fn took(&mut self, made: &Made, seed: &mut Seed) -> Result<(RecordId, bool), String> {
        let at = |id: &RecordId| (self.collection.id.clone(), id.clone());
        let key = made.key().filter(|_| self.collection.kind != Kind::Table);
        if let Some(key) = &key {
            self.batch.guard.matches.push((self.collection.id.clone(), key.clone()));
            if let Some(id) = self.known.get(key) {
                return Ok((id.clone(), false));
            }
        }
        let stored =
            made.id().and_then(|id| self.scene.snapshot.records.iter().find(|record| record.id == *id));
        if let Some(id) = made.id() {
            self.batch.guard.records.push(at(id));
        }
        let lives = stored.filter(|record| record.content.is_live());
        let taken = |id: &RecordId| self.batch.changes.iter().any(|change| change.id == *id);
        if self.collection.kind == Kind::Table
            && let Some(id) = made.id()
        {
            match lives {
                Some(record) if same(record, made.body(), &self.collection.fields) => {
                    return Ok((id.clone(), false));
                }
                None if !taken(id) => {}
                _ => return Err("another record has this id".into()),
            }
        }
        // An id that is taken was another account's, or has been changed since: the record is new all the same.
        let own = made.id().filter(|id| lives.is_none() && !taken(id)).cloned();
        let insert = own.is_none() || stored.is_none();
        let id = own.unwrap_or_else(|| {
            std::iter::repeat_with(|| RecordId::mint(seed.draw()))
                .find(|id| !taken(id))
                .unwrap_or_else(|| RecordId::mint([0; 32]))
        });
        let body = self.written(made, &id)?;
        self.known.extend(key.clone().map(|key| (key, id.clone())));
        self.batch.changes.push(Change {
            collection: self.collection.id.clone(),
            id: id.clone(),
            content: Content::Body(body),
            parent: None,
            key,
            origin: String::new(),
            insert,
            supersede: false,
        });
        Ok((id, true))
    }

    /// What the record holds: a new event bears its id as `UID`.
    fn written(&self, made: &Made, id: &RecordId) -> Result<Body, String> {
        let Made::Values { values, .. } = made else { return Ok(made.body().clone()) };
        let fields = &self.collection.fields;
        let key = fields.iter().find(|field| field.kind == FieldKind::PrimaryKey);
        let key = key.map(|field| (field.name.clone(), id.as_str().to_owned()));
        let values: Vec<_> = key.into_iter().chain(values.iter().cloned()).collect();
        fields::patch(None, self.collection.kind, fields, &values)
            .map_err(|error| format!("{}: {}", error.field, error.reason))
    }

    fn close(self, ignored: &[String]) -> Decision<Answer> {
        let added = self.batch.changes.len();
        let answer = json!({
            "items": self.outcomes, "added": added, "exists": self.exists, "refused": self.refused, "ignored": ignored,
        });
        let sweep = Sweep::due(self.scene.account, self.scene.settings, self.scene.now);
        let batch = (added > 0).then_some(Batch { sweep, ..self.batch });
        turn(Answer::Ready(Reply::json(200, &answer)), batch)
    }
}

fn same(record: &Record, body: &Body, fields: &[Field]) -> bool {
    let view = |body: &Body| fields::project(body, fields);
    record.content.body().is_some_and(|stored| view(stored) == view(body))
}
