//! A collection that files go into: what it takes, and what waits to be written into it.

use crate::content;
use crate::exchange::Seed;
use crate::journal::matching::{self, MatchKey};
use crate::limits;
use crate::operate::files::ending;
use crate::operate::split::{self, Piece};
use crate::record::{Body, Content, Form, Kind, RecordId};
use crate::store::{Change, Collection, Snapshot};
use std::collections::BTreeSet;

/// Records in one commit.
const BATCH_RECORDS_MAX: usize = 200;

/// Bytes of bodies in one commit: they travel as one JSON parameter, which may double them.
const BATCH_BYTES_MAX: usize = limits::RECORD_BYTES_MAX;

/// One record to be.
pub struct Item {
    /// What it holds.
    pub body: Body,
    /// By what it is recognised.
    pub key: MatchKey,
}

/// One collection's part of an import.
pub struct Lane {
    /// The collection.
    pub collection: Collection,
    /// How many records were written.
    pub new: u64,
    /// How many were there already, or stood in the files twice.
    pub same: u64,
    waiting: Vec<Item>,
    waiting_bytes: usize,
    seen: BTreeSet<MatchKey>,
}

impl Lane {
    /// An empty one.
    pub fn of(collection: Collection) -> Self {
        Self { collection, new: 0, same: 0, waiting: Vec::new(), waiting_bytes: 0, seen: BTreeSet::new() }
    }

    /// What file endings it is filled from.
    pub fn endings(&self) -> &'static [&'static str] {
        match self.collection.kind {
            Kind::Contacts => &[".vcf", ".vcard"],
            Kind::Calendar | Kind::Todo => &[".ics", ".ical", ".vcs"],
            Kind::Notes => &[".txt", ".vnt"],
            Kind::Files | Kind::Table => &[],
        }
    }

    /// Whether it takes pieces of that name ([`Piece::name`]).
    pub fn takes(&self, name: &str) -> bool {
        match self.collection.kind {
            Kind::Contacts => name == "VCARD",
            Kind::Calendar => name == "VEVENT",
            Kind::Todo => name == "VTODO",
            Kind::Notes => name == "VNOTE" || name.is_empty(),
            Kind::Files | Kind::Table => false,
        }
    }

    /// Whether this item must wait until what waits already has been written.
    pub fn is_full_for(&self, item: &Item) -> bool {
        self.waiting.len() >= BATCH_RECORDS_MAX
            || self.waiting_bytes + item.body.bytes.len() > BATCH_BYTES_MAX
    }

    /// Lets an item wait, unless its like has been here.
    pub fn push(&mut self, item: Item) {
        if self.seen.insert(item.key.clone()) {
            self.waiting_bytes += item.body.bytes.len();
            self.waiting.push(item);
        } else {
            self.same += 1;
        }
    }

    /// Everything that waits.
    pub fn take(&mut self) -> Vec<Item> {
        self.waiting_bytes = 0;
        std::mem::take(&mut self.waiting)
    }

    /// An insert for each item whose content is not there yet, under ids of our own.
    pub fn inserts(&self, items: &[Item], snapshot: &Snapshot, seed: &mut Seed) -> Vec<Change> {
        let there: BTreeSet<&MatchKey> = snapshot.found.iter().map(|found| &found.key).collect();
        let mut taken = BTreeSet::new();
        let absent = items.iter().filter(|item| !there.contains(&item.key));
        let insert = |item: &Item| {
            let mut id = RecordId::mint(seed.draw());
            while !taken.insert(id.clone()) {
                id = RecordId::mint(seed.draw());
            }
            Change {
                collection: self.collection.id.clone(),
                id,
                content: Content::Body(item.body.clone()),
                parent: None,
                key: Some(item.key.clone()),
                origin: String::new(),
                insert: true,
                supersede: false,
            }
        };
        absent.map(insert).collect()
    }
}

/// What a file has for any of these lanes.
pub fn pieces(file: &[u8], path: &str, lanes: &[Lane]) -> Vec<Piece> {
    let taken = |name: &&str| lanes.iter().any(|lane| lane.takes(name));
    match ending(path).as_str() {
        ".vcf" | ".vcard" => split::objects(file, "VCARD"),
        ".ics" | ".ical" | ".vcs" => {
            let wanted: Vec<&str> = ["VEVENT", "VTODO"].into_iter().filter(taken).collect();
            split::calendar(file, &wanted)
        }
        ".vnt" => split::objects(file, "VNOTE"),
        _ => split::whole(file),
    }
}

/// A piece as a record for a collection of this kind; or why it is none.
pub fn item(bytes: Vec<u8>, kind: Kind) -> Result<Item, String> {
    if bytes.len() > limits::OBJECT_BYTES_MAX {
        return Err(format!("{} bytes; a record has at most {}", bytes.len(), limits::OBJECT_BYTES_MAX));
    }
    if bytes.contains(&0) {
        return Err("there is a NUL in it: it is no text, or in UTF-16; save it as UTF-8".into());
    }
    let media_type = (kind == Kind::Notes && !bytes.starts_with(b"BEGIN:")).then_some("text/plain");
    if media_type.is_some() && std::str::from_utf8(&bytes).is_err() {
        return Err("it is not UTF-8; save it as UTF-8".into());
    }
    let form = content::recognise(media_type, &bytes);
    let fits = match kind {
        Kind::Contacts => matches!(form, Form::Vcard21 | Form::Vcard30 | Form::Vcard40),
        Kind::Calendar | Kind::Todo => matches!(form, Form::Vcalendar10 | Form::Icalendar20),
        Kind::Notes => matches!(form, Form::Plain | Form::Vnote11),
        Kind::Files | Kind::Table => false,
    };
    if !fits {
        return Err("it says neither by its version nor otherwise what it is".into());
    }
    let body = Body { form, bytes };
    match matching::key(&body) {
        Some(key) => Ok(Item { body, key }),
        None => Err("there is nothing in it".into()),
    }
}
