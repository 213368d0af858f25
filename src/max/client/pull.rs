//! An item of the feed meets the record here (MAX 2.2): field by field, three ways, against what the server had before.
//!
//! An item that nobody knows by its id is recognised by what it says: by a match key, or by its fields alone (`pull/alike`).
//! What only the server changed is taken, what only we changed stays, and where both did ours stays, for it goes out next and
//! the last write to arrive wins there (MAX 3.7). Where nobody knows what the server had, its item wins and nothing is taken
//! away. Everything that no field shows stays as it is. What is taken is the server's change, so it never goes back to it.

mod alike;

use super::answer::Channel;
use super::desk::Desk;
use crate::content::fields::{self, FieldKind};
use crate::journal::matching::{self, MatchKey};
use crate::limits;
use crate::max::schema;
use crate::peer::{Alias, Luid};
use crate::record::{Body, Content, Kind, Record, RecordId, Seq};
use crate::store::{Change, Collection, Found, Held, Reads, RecordVersion, Snapshot, Store, StoreError};
use crate::upstream::{Refusal, Step};
use alike::{Alike, plainest};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// An item, as far as this collection has words for it.
#[derive(Clone, Debug)]
struct Item {
    id: RecordId,
    /// A tombstone.
    gone: bool,
    values: Vec<(String, String)>,
}

/// What an item meets.
struct Met<'a> {
    record: &'a Record,
    alias: Option<&'a Alias>,
    /// What the server had, where the record has moved on since.
    base: Option<&'a Body>,
    /// Whether the record says something that the server has not been told.
    pending: bool,
}

/// What becomes of a record.
enum Fate {
    /// It stays, and says what the server says.
    Same,
    /// It stays, and says more, which goes out next.
    Ahead,
    /// It holds this from now on; whether it is ahead then.
    Holds(Body, bool),
    /// It cannot hold what came, for this reason.
    Refused(String),
}

impl<S: Store> Desk<'_, S> {
    /// Takes a page of the feed; a step where it ends the turn.
    pub async fn take(
        &mut self,
        collection: &Collection,
        channel: Channel,
    ) -> Result<Option<Step>, StoreError> {
        if let Some(words) = channel.error {
            return self.broken(super::reason("refused", 200, words)).await;
        }
        let Some(stamp) = channel.stamp.filter(|stamp| (1..=limits::NAME_BYTES_MAX).contains(&stamp.len()))
        else {
            return self
                .broken(super::reason("protocol", 200, "the server's feed has no lastBuildDate"))
                .await;
        };
        let goes_on = !channel.more.is_empty();
        if goes_on && (channel.more == self.run.more || channel.more.len() > limits::NAME_BYTES_MAX) {
            return self.broken(super::reason("protocol", 200, "the server's feed does not move on")).await;
        }
        let items: Vec<Item> =
            channel.items.into_iter().filter_map(|item| self.item(collection, item)).collect();
        self.run.progress.received += items.len() as u64;
        let mut alike = self.alike(collection, &items);
        let mut chunks: VecDeque<(Vec<Item>, Vec<RecordVersion>)> =
            items.chunks(limits::UPSTREAM_PAGE_ITEMS).map(|chunk| (latest(chunk), Vec::new())).collect();
        while let Some((items, whole)) = chunks.pop_front() {
            let heavy = self.meet(collection, &mut alike, items, whole).await?;
            // Records that fill a row are met one at a time.
            chunks.extend(heavy.into_iter().map(|(item, whole)| (vec![item], whole)));
            if !chunks.is_empty() {
                self.commit().await?;
            }
        }
        if goes_on {
            self.run.more = channel.more;
        } else {
            self.run.more.clear();
            let mut bookmark = self.bookmark(&collection.id);
            bookmark.confirmed.anchor = stamp;
            self.keep(bookmark);
            self.next_stage();
        }
        Ok(None)
    }

    /// An item of the feed; `None` where it names no record that could be here.
    fn item(&mut self, collection: &Collection, nodes: Vec<(String, String)>) -> Option<Item> {
        let key = schema::primary_key(collection);
        let find =
            |name: &str| nodes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let id = find(key).or_else(|| find("id")).and_then(RecordId::new);
        let gone = find("_deleted").is_some_and(|mark| mark == "1");
        if id.is_none() {
            self.refuse(String::new(), "An item of the feed has no id that could be a record's.".to_owned());
        }
        let id = id?;
        let shown: BTreeSet<&str> = collection.fields.iter().map(|field| field.name.as_str()).collect();
        let values = nodes.into_iter().filter(|(name, _)| name != key && shown.contains(name.as_str()));
        Some(Item { id, gone, values: values.collect() })
    }

    /// Items meet what is here. Those that meet a record whose bytes were left in the store come back, with what to read.
    async fn meet(
        &mut self,
        collection: &Collection,
        alike: &mut Alike,
        items: Vec<Item>,
        whole: Vec<RecordVersion>,
    ) -> Result<Vec<(Item, Vec<RecordVersion>)>, StoreError> {
        let fresh = self.fresh(collection, &items);
        let is_whole = !whole.is_empty();
        let reads = self.asked(collection, &items, &fresh, whole);
        let snapshot = self.store.read(&reads).await?;
        let (mut heavy, mut unknown) = (Vec::new(), Vec::new());
        let mut scene = Scene::new(&snapshot, &self.upstream.peer.0, &items);
        self.batch.guard.head = snapshot.account.as_ref().map_or(0, |account| account.head);
        for item in items {
            let at = (collection.id.clone(), item.id.clone());
            let held = scene.held.get(item.id.as_str()).copied();
            let known = scene.records.contains_key(item.id.as_str());
            let met = scene.met(&item, held);
            let unread = met.as_ref().filter(|_| !item.gone && !is_whole).and_then(|met| unread(met, held));
            if let Some(unread) = unread {
                heavy.push((item, unread));
                continue;
            }
            self.batch
                .guard
                .records
                .push(met.as_ref().map_or(at, |met| (collection.id.clone(), met.record.id.clone())));
            match (met, item.gone) {
                (Some(met), true) => self.delete(collection, &met),
                (Some(met), false) => self.merge(collection, &item, &met),
                (None, true) => {}
                (None, false) => {
                    let key = fresh.get(&item.id).and_then(|(_, key)| key.as_ref());
                    match key.and_then(|key| scene.claim(key, self.generation(collection))) {
                        Some(found) => {
                            alike.pair(&found.record);
                            self.link(collection, &found.record, &item, found.seq);
                        }
                        None => unknown.push((item, known)),
                    }
                }
            }
        }
        self.recognise(collection, alike, unknown, &fresh).await?;
        Ok(heavy)
    }

    /// Items that neither an id nor a key knows are a record that shows the same, or new; each with whether its id is taken.
    async fn recognise(
        &mut self,
        collection: &Collection,
        alike: &mut Alike,
        unknown: Vec<(Item, bool)>,
        fresh: &BTreeMap<RecordId, Fresh>,
    ) -> Result<(), StoreError> {
        self.look(collection, alike, unknown.iter().map(|(item, _)| &item.id)).await?;
        for (item, taken) in unknown {
            match (alike.claim(&item.id), fresh.get(&item.id)) {
                (Some((record, seq)), _) => self.link(collection, &record, &item, seq),
                (None, Some((Ok(body), key))) => self.insert(collection, &item, body, key, taken),
                (None, Some((Err(words), _))) => self.refuse(item.id.as_str().to_owned(), words.clone()),
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// What each item would be as a new record, and by what it is recognised; nothing where a field cannot hold its value.
    fn fresh(&self, collection: &Collection, items: &[Item]) -> BTreeMap<RecordId, Fresh> {
        let one = |item: &Item| {
            let id = (schema::primary_key(collection).to_owned(), item.id.as_str().to_owned());
            let id = collection.fields.iter().any(|field| field.name == id.0).then_some(id);
            let values: Vec<_> = id.into_iter().chain(item.values.iter().cloned()).collect();
            let body = patched(None, collection, &values, limits::RECORD_BYTES_MAX);
            let key = body.as_ref().ok().filter(|_| collection.kind != Kind::Table).and_then(matching::key);
            let key = key.filter(|key| !matching::is_of_nothing(key));
            (item.id.clone(), (body, key))
        };
        items.iter().filter(|item| !item.gone).map(one).collect()
    }

    fn asked(
        &self,
        collection: &Collection,
        items: &[Item],
        fresh: &BTreeMap<RecordId, Fresh>,
        whole: Vec<RecordVersion>,
    ) -> Reads {
        let path = &collection.id.0;
        let texts: Vec<String> = items.iter().map(|item| item.id.as_str().to_owned()).collect();
        // In a whole comparison what both hold may go by two names.
        let keys: Vec<MatchKey> =
            fresh.values().filter(|_| self.run.full).filter_map(|(_, key)| key.clone()).collect();
        Reads {
            luids: vec![(path.clone(), texts.iter().cloned().map(Luid).collect())],
            records: vec![(path.clone(), items.iter().map(|item| item.id.clone()).collect())],
            targets: vec![(path.clone(), texts)],
            matches: vec![(path.clone(), keys)],
            whole,
            collections: false,
            ..super::reads(self.upstream)
        }
    }

    fn generation(&self, collection: &Collection) -> i64 {
        self.bookmark(&collection.id).attempt
    }

    // ---------------------------------------------------------------------------------------------------------- fates

    fn delete(&mut self, collection: &Collection, met: &Met) {
        let at = (collection.id.clone(), met.record.id.clone());
        if met.alias.is_none() {
            // The server has never had this one from us: it goes out as new.
            return;
        }
        self.batch.dropped.push(at);
        if !met.record.content.is_live() {
            return;
        }
        if met.pending {
            // An edit outlives a removal: without its alias it goes out as new.
            return self.count(|outcome| outcome.conflicts += 1);
        }
        self.write(collection, &met.record.id, Content::Deleted, None, true, false);
        self.count(|outcome| outcome.received.deleted += 1);
    }

    fn merge(&mut self, collection: &Collection, item: &Item, met: &Met) {
        let (fate, clash) = match &met.record.content {
            Content::Body(stored) => merged(collection, item, stored, met, self.settings.object_bytes_max()),
            Content::Deleted => revived(collection, item, met),
            Content::Large(_) => (Fate::Refused("the record here could not be read".into()), false),
        };
        if clash {
            self.count(|outcome| outcome.conflicts += 1);
        }
        let before = met.alias.map_or(0, |alias| alias.seq);
        match fate {
            Fate::Refused(words) => self.refuse(item.id.as_str().to_owned(), words),
            Fate::Same => self.link(collection, &met.record.id, item, met.record.seq),
            Fate::Ahead => self.link(collection, &met.record.id, item, before),
            Fate::Holds(body, ahead) => {
                let key = Some(&body).filter(|_| collection.kind != Kind::Table).and_then(matching::key);
                self.write(collection, &met.record.id, Content::Body(body), key, !ahead, false);
                self.link(collection, &met.record.id, item, if ahead { before } else { met.record.seq });
                self.count(|outcome| outcome.received.changed += 1);
            }
        }
    }

    fn insert(
        &mut self,
        collection: &Collection,
        item: &Item,
        body: &Body,
        key: &Option<MatchKey>,
        taken: bool,
    ) {
        let id = if taken { RecordId::mint(self.seed.draw()) } else { item.id.clone() };
        self.batch
            .guard
            .matches
            .extend(key.iter().filter(|_| self.run.full).map(|key| (collection.id.clone(), key.clone())));
        self.write(collection, &id, Content::Body(body.clone()), key.clone(), true, true);
        self.link(collection, &id, item, 0);
        self.count(|outcome| outcome.received.added += 1);
    }

    fn link(&mut self, collection: &Collection, record: &RecordId, item: &Item, seq: Seq) {
        let generation = self.generation(collection);
        self.batch.aliases.push(super::alias(&collection.id, record, item.id.as_str(), generation, seq));
    }

    /// With `own` as the server's change, which does not go back to it; otherwise as everybody's.
    fn write(
        &mut self,
        collection: &Collection,
        id: &RecordId,
        content: Content,
        key: Option<MatchKey>,
        own: bool,
        insert: bool,
    ) {
        self.batch.changes.push(Change {
            collection: collection.id.clone(),
            id: id.clone(),
            content,
            parent: None,
            key,
            origin: if own { self.upstream.peer.0.clone() } else { String::new() },
            insert,
            supersede: true,
        });
    }

    /// An item that cannot be taken: the others are.
    fn refuse(&mut self, item: String, message: String) {
        let refusal = Refusal { item, message, ..Refusal::default() };
        self.count(|outcome| outcome.refuse(refusal));
    }
}

/// A body to be inserted or why it cannot be, and by what it is recognised.
type Fresh = (Result<Body, String>, Option<MatchKey>);

/// Of items of one id the last one counts.
fn latest(items: &[Item]) -> Vec<Item> {
    let last: BTreeMap<&RecordId, usize> =
        items.iter().enumerate().map(|(at, item)| (&item.id, at)).collect();
    let is_last = |(at, item): &(usize, &Item)| last.get(&item.id) == Some(at);
    items.iter().enumerate().filter(is_last).map(|(_, item)| item.clone()).collect()
}

/// What is to be read before this can be met.
fn unread(met: &Met, held: Option<&Held>) -> Option<Vec<RecordVersion>> {
    let at = |seq: Seq| (met.record.collection.clone(), met.record.id.clone(), seq);
    let large = matches!(met.record.content, Content::Large(_)).then(|| at(met.record.seq));
    let base = held.and_then(|held| held.base_large.as_ref()).map(|(seq, ..)| at(*seq));
    let unread: Vec<_> = large.into_iter().chain(base).collect();
    (!unread.is_empty()).then_some(unread)
}

/// The record here after it has met the item, and whether both had changed one field.
fn merged(
    collection: &Collection,
    item: &Item,
    stored: &Body,
    met: &Met,
    object_bytes_max: usize,
) -> (Fate, bool) {
    let view = |body: &Body| -> BTreeMap<String, String> {
        fields::project(body, &collection.fields).into_iter().collect()
    };
    let here = view(stored);
    let base = if met.pending { met.base.map(view) } else { Some(here.clone()) };
    let (mut taken, mut ahead, mut clash) = (Vec::new(), false, false);
    for (name, value) in &item.values {
        let own = here.get(name).map(String::as_str).unwrap_or_default();
        let kind = kind_of(collection, name);
        if plainest(kind, own) == plainest(kind, value) {
            continue;
        }
        match base.as_ref().map(|base| base.get(name).map(String::as_str).unwrap_or_default()) {
            Some(before) if before == value => ahead = true,
            Some(before) if before == own => taken.push((name.clone(), value.clone())),
            Some(_) => (ahead, clash) = (true, true),
            None if value.is_empty() || value == "0" => ahead = true,
            None => taken.push((name.clone(), value.clone())),
        }
    }
    // What the item does not mention cannot have arrived there.
    let mentioned = |name: &String| item.values.iter().any(|(known, _)| known == name);
    let unsaid = |base: &BTreeMap<String, String>| {
        here.iter().any(|(name, own)| !mentioned(name) && base.get(name) != Some(own))
    };
    ahead |= met.pending && base.as_ref().is_some_and(unsaid);
    if taken.is_empty() {
        return (if ahead { Fate::Ahead } else { Fate::Same }, clash);
    }
    let large = stored.bytes.len() > limits::RECORD_BYTES_MAX;
    let bytes_max = if large { object_bytes_max } else { limits::RECORD_BYTES_MAX };
    match patched(Some(stored), collection, &taken, bytes_max) {
        Ok(body) => (Fate::Holds(body, ahead), clash),
        Err(words) => (Fate::Refused(words), clash),
    }
}

fn kind_of(collection: &Collection, name: &str) -> FieldKind {
    let field = collection.fields.iter().find(|field| field.name == name);
    field.map_or(FieldKind::String, |field| field.kind)
}

/// A record deleted here that the server has: where the server has not changed it since, its deletion goes out; otherwise an
/// edit outlives a removal.
fn revived(collection: &Collection, item: &Item, met: &Met) -> (Fate, bool) {
    let base = met.base.map(|base| fields::project(base, &collection.fields));
    let unchanged = base.is_some_and(|base| item.values.iter().all(|value| base.contains(value)));
    // Where our first POST of it was never acknowledged, what is there is that.
    let unheard = met.base.is_none() && met.alias.is_some_and(|alias| alias.seq == 0);
    if met.pending && (unchanged || unheard) {
        return (Fate::Ahead, false);
    }
    let id = (schema::primary_key(collection).to_owned(), item.id.as_str().to_owned());
    let id = collection.fields.iter().any(|field| field.name == id.0).then_some(id);
    let id = id.filter(|_| met.base.is_none());
    let values: Vec<_> = id.into_iter().chain(item.values.iter().cloned()).collect();
    match patched(met.base, collection, &values, limits::RECORD_BYTES_MAX) {
        Ok(body) => (Fate::Holds(body, false), met.pending),
        Err(words) => (Fate::Refused(words), false),
    }
}

/// The body after these fields have been set; why it cannot hold them, in words.
fn patched(
    body: Option<&Body>,
    collection: &Collection,
    values: &[(String, String)],
    bytes_max: usize,
) -> Result<Body, String> {
    let body = fields::patch(body, collection.kind, &collection.fields, values)
        .map_err(|error| format!("{}: {}", error.field, error.reason))?;
    match body.bytes.len() <= bytes_max {
        true => Ok(body),
        false => Err(format!("the record would be larger than {bytes_max} bytes")),
    }
}

/// What was read for a chunk of items.
struct Scene<'a> {
    peer: &'a str,
    /// By the server's ids.
    held: BTreeMap<&'a str, &'a Held>,
    /// By our own.
    records: BTreeMap<&'a str, &'a Record>,
    /// What the server calls our records, where it calls them anything.
    named: BTreeMap<&'a str, &'a Alias>,
    found: Vec<&'a Found>,
}

impl<'a> Scene<'a> {
    fn new(snapshot: &'a Snapshot, peer: &'a str, items: &[Item]) -> Self {
        // What the server calls as we do is itself, whatever else says the same.
        let ids: BTreeSet<&RecordId> = items.iter().map(|item| &item.id).collect();
        let held = snapshot.held.iter().filter_map(|held| Some((held.alias.luid.as_ref()?.0.as_str(), held)));
        let named = snapshot.targets.iter().filter_map(|target| {
            let alias = target.alias.as_ref().filter(|alias| alias.luid.is_some())?;
            Some((target.record.as_str(), alias))
        });
        Self {
            peer,
            held: held.collect(),
            records: snapshot.records.iter().map(|record| (record.id.as_str(), record)).collect(),
            named: named.collect(),
            found: snapshot.found.iter().rev().filter(|found| !ids.contains(&found.record)).collect(),
        }
    }

    /// The record that an item is about: the one that the server calls so, or the one of that id that it calls nothing else.
    fn met(&self, item: &Item, held: Option<&'a Held>) -> Option<Met<'a>> {
        if let Some(held) = held
            && let Some(record) = &held.record
        {
            let pending = record.seq > held.alias.seq && record.origin != self.peer;
            return Some(Met { record, alias: Some(&held.alias), base: held.base.as_ref(), pending });
        }
        let record = self.records.get(item.id.as_str()).copied()?;
        let free = !self.named.contains_key(item.id.as_str());
        free.then_some(Met { record, alias: None, base: None, pending: record.content.is_live() })
    }

    /// A record of equal content that the server has not named in this comparison.
    fn claim(&mut self, key: &MatchKey, generation: i64) -> Option<&'a Found> {
        let unnamed = |found: &&Found| found.alias.as_ref().is_none_or(|alias| alias.generation < generation);
        let at = self.found.iter().rposition(|found| found.key == *key && unnamed(found))?;
        Some(self.found.remove(at))
    }
}
