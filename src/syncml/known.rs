//! What was read, by what it is looked up by: a message of thousands of items looks up every one of them.

use crate::peer::{Alias, Luid};
use crate::record::{CollectionId, Record, RecordId};
use crate::store::{Found, Held, Snapshot, Target, Waiting};
use std::collections::{BTreeMap, BTreeSet};

type Key<'a> = (&'a CollectionId, &'a RecordId);

/// A snapshot, indexed.
#[derive(Debug, Default)]
pub struct Known<'a> {
    by_luid: BTreeMap<(&'a CollectionId, &'a Luid), &'a Held>,
    by_record: BTreeMap<Key<'a>, &'a Held>,
    records: BTreeMap<Key<'a>, &'a Record>,
    versions: BTreeMap<Key<'a>, Vec<&'a Record>>,
    by_key: BTreeMap<(&'a CollectionId, &'a str), Vec<&'a Found>>,
    targets: BTreeMap<(&'a CollectionId, &'a str), &'a Target>,
    targeted: BTreeSet<Key<'a>>,
    aliases: BTreeMap<Key<'a>, &'a Alias>,
    children: BTreeMap<Key<'a>, Vec<&'a RecordId>>,
    on_page: BTreeMap<Key<'a>, &'a Record>,
    waiting: BTreeMap<(&'a CollectionId, &'a Luid), &'a Waiting>,
}

impl<'a> Known<'a> {
    /// Indexes what was read, for a message that says these Maps: by path and our name.
    pub fn of(snapshot: &'a Snapshot, maps: &BTreeMap<(&str, &str), &str>) -> Self {
        let mut known = Self::default();
        for held in &snapshot.held {
            let key = (&held.alias.collection, &held.alias.record);
            known.by_record.insert(key, held);
            known.by_luid.extend(held.alias.luid.as_ref().map(|luid| ((key.0, luid), held)));
            known.records.extend(held.record.as_ref().map(|record| (key, record)));
            known.aliases.insert(key, &held.alias);
        }
        let above = snapshot.above.iter().map(|outgoing| &outgoing.record);
        for record in above.chain(&snapshot.records) {
            known.records.insert((&record.collection, &record.id), record);
        }
        for version in &snapshot.versions {
            known.versions.entry((&version.collection, &version.id)).or_default().push(version);
        }
        for found in &snapshot.found {
            known.by_key.entry((&found.collection, found.key.as_str())).or_default().push(found);
        }
        for target in &snapshot.targets {
            known.targets.insert((&target.collection, target.target.as_str()), target);
            if maps.contains_key(&(target.path.as_str(), target.target.as_str())) {
                known.targeted.insert((&target.collection, &target.record));
            }
        }
        for child in &snapshot.children {
            known.children.entry((&child.collection, &child.parent)).or_default().push(&child.record);
        }
        let waiting = snapshot.waiting.iter().map(|item| ((&item.collection, &item.luid), item));
        known.waiting = waiting.collect();
        let paged = snapshot.page.iter().map(|outgoing| &outgoing.record);
        known.on_page = paged.map(|record| ((&record.collection, &record.id), record)).collect();
        let found = snapshot.found.iter().filter_map(|found| found.alias.as_ref());
        let targets = snapshot.targets.iter().filter_map(|target| target.alias.as_ref());
        let page = snapshot.page.iter().chain(&snapshot.above);
        let page = page.filter_map(|outgoing| outgoing.alias.as_ref());
        known.aliases.extend(found.chain(targets).chain(page).map(|a| ((&a.collection, &a.record), a)));
        known
    }

    /// What the device named by its own id.
    pub fn by_luid(&self, collection: &CollectionId, luid: &Luid) -> Option<&'a Held> {
        self.by_luid.get(&(collection, luid)).copied()
    }

    /// The same, by the record's id.
    pub fn held(&self, collection: &CollectionId, record: &RecordId) -> Option<&'a Held> {
        self.by_record.get(&(collection, record)).copied()
    }

    /// A record that was named by whatever name.
    pub fn record(&self, collection: &CollectionId, record: &RecordId) -> Option<&'a Record> {
        self.records.get(&(collection, record)).copied()
    }

    /// Its superseded versions, as far as they were asked for.
    pub fn versions<'b>(&'b self, collection: &'b CollectionId, record: &'b RecordId) -> &'b [&'a Record] {
        self.versions.get(&(collection, record)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The records of equal content.
    pub fn by_key<'b>(&'b self, collection: &'b CollectionId, key: &'b str) -> &'b [&'a Found] {
        self.by_key.get(&(collection, key)).map(Vec::as_slice).unwrap_or_default()
    }

    /// What a Map names.
    pub fn target(&self, collection: &CollectionId, target: &str) -> Option<&'a Target> {
        self.targets.get(&(collection, target)).copied()
    }

    /// Whether a Map names the record.
    pub fn is_mapped(&self, collection: &CollectionId, record: &RecordId) -> bool {
        self.targeted.contains(&(collection, record))
    }

    /// Whether the page holds the record.
    pub fn is_paged(&self, collection: &CollectionId, record: &RecordId) -> bool {
        self.on_page.contains_key(&(collection, record))
    }

    /// A record that was named, or is on the page.
    pub fn record_or_paged(&self, collection: &CollectionId, record: &RecordId) -> Option<&'a Record> {
        self.record(collection, record).or_else(|| self.on_page.get(&(collection, record)).copied())
    }

    /// What is in a folder, where that was asked for.
    pub fn children<'b>(&'b self, collection: &'b CollectionId, folder: &'b RecordId) -> &'b [&'a RecordId] {
        self.children.get(&(collection, folder)).map(Vec::as_slice).unwrap_or_default()
    }

    /// What the device has staged under its id, where that was asked for.
    pub fn waiting(&self, collection: &CollectionId, luid: &Luid) -> Option<&'a Waiting> {
        self.waiting.get(&(collection, luid)).copied()
    }

    /// The device's alias of a record, wherever it was read.
    pub fn alias(&self, collection: &CollectionId, record: &RecordId) -> Option<&'a Alias> {
        self.aliases.get(&(collection, record)).copied()
    }
}
