//! A collection that files go into: what it takes, and what waits to be written into it.

use crate::content::split::{self, Piece};
use crate::exchange::Seed;
use crate::journal::intake::{self, Item};
use crate::journal::matching::MatchKey;
use crate::limits;
use crate::operate::files::ending;
use crate::record::{Content, Kind, RecordId};
use crate::store::{Change, Collection, Snapshot};
use std::collections::BTreeSet;

/// Records in one commit.
const BATCH_RECORDS_MAX: usize = 200;

/// Bytes of bodies in one commit: they travel as one JSON parameter, which may double them.
const BATCH_BYTES_MAX: usize = limits::RECORD_BYTES_MAX;

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
        intake::takes(self.collection.kind, name)
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
