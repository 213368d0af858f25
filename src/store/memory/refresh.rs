//! A refresh from a device (alert 203) in memory: what was staged takes the place of the collection.
//! The rules are those of [`crate::store::Refresh`].

use super::{Stored, Tenant, Version};
use crate::journal;
use crate::journal::matching::MatchKey;
use crate::limits;
use crate::peer::{Alias, Luid, PeerId};
use crate::record::{CollectionId, Content, Record, RecordId};
use crate::store::{Batch, Refresh, Staged};
use std::collections::{BTreeMap, BTreeSet};

impl Tenant {
    pub(super) fn refreshes(&mut self, batch: &Batch) {
        let peer = &batch.peer_id;
        for collection in &batch.unstaged {
            self.unstage(peer, collection);
        }
        for item in &batch.staged {
            let key = item.key.clone().filter(|_| item.body.is_some());
            let at = (peer.clone(), item.collection.clone(), item.luid.clone());
            self.staged.insert(at, Staged { key, ..item.clone() });
        }
        for done in &batch.refreshed {
            let mut items = self.unstage(peer, &done.collection);
            items.sort_by(|a, b| a.record.cmp(&b.record));
            self.pair(done, &mut items);
            if done.folders {
                self.pair_in_folders(done, &mut items);
            }
            self.refresh(batch, done, &items);
        }
    }

    /// Takes what the device has staged.
    fn unstage(&mut self, peer: &PeerId, collection: &CollectionId) -> Vec<Staged> {
        let mut taken = Vec::new();
        self.staged.retain(|(of, at, _), item| {
            let mine = of == peer && at == collection;
            taken.extend(mine.then(|| item.clone()));
            !mine
        });
        taken
    }

    /// The live records of a collection, by stamp.
    fn live(&self, collection: &CollectionId) -> Vec<&Stored> {
        let stored = self.records.values().filter(|stored| stored.record.collection == *collection);
        let mut live: Vec<_> = stored.filter(|stored| stored.record.content.is_live()).collect();
        live.sort_by_key(|stored| stored.record.seq);
        live
    }

    fn is_live(&self, collection: &CollectionId, id: &RecordId) -> bool {
        self.record(collection, id).is_some_and(|stored| stored.record.content.is_live())
    }

    /// Those that no item names.
    fn free(&self, collection: &CollectionId, items: &[Staged]) -> Vec<&Stored> {
        let named: BTreeSet<&RecordId> = items.iter().map(|item| &item.record).collect();
        let live = self.live(collection).into_iter();
        live.filter(|stored| !named.contains(&stored.record.id)).collect()
    }

    /// Items that do not say where they are.
    fn pair(&self, done: &Refresh, items: &mut [Staged]) {
        let mut records = self.free(&done.collection, items);
        records.sort_by_key(|stored| stored.record.parent.is_some());
        let mut free: BTreeMap<MatchKey, Vec<RecordId>> = BTreeMap::new();
        for Stored { record, key } in records.into_iter().rev() {
            key.iter().for_each(|key| free.entry(key.clone()).or_default().push(record.id.clone()));
        }
        for item in items.iter_mut().filter(|item| item.parent.is_none()) {
            if !self.is_live(&done.collection, &item.record) {
                become_one_of(&mut free, item);
            }
        }
    }

    /// Items that do, folder by folder.
    fn pair_in_folders(&self, done: &Refresh, items: &mut [Staged]) {
        let free = self.free(&done.collection, items);
        let (known, mut fresh): (Vec<&mut Staged>, Vec<&mut Staged>) =
            items.iter_mut().partition(|item| self.is_live(&done.collection, &item.record));
        let mut level: Vec<(Luid, Option<RecordId>)> =
            known.iter().map(|item| (item.luid.clone(), Some(item.record.clone()))).collect();
        level.push((Luid(String::new()), None));
        for _ in 0..limits::FOLDERS_DEEP_MAX {
            let mut next = Vec::new();
            for (luid, folder) in level {
                let mut inside: BTreeMap<MatchKey, Vec<RecordId>> = BTreeMap::new();
                for Stored { record, key } in free.iter().rev().filter(|it| it.record.parent == folder) {
                    key.iter().for_each(|key| inside.entry(key.clone()).or_default().push(record.id.clone()));
                }
                for item in fresh.iter_mut().filter(|item| item.parent.as_ref() == Some(&luid)) {
                    if become_one_of(&mut inside, item) {
                        next.push((item.luid.clone(), Some(item.record.clone())));
                    }
                }
            }
            level = next;
        }
    }

    /// Where an item is to be.
    fn place(&self, collection: &CollectionId, item: &Staged, folders: &Folders<'_>) -> Option<RecordId> {
        match &item.parent {
            None => self.record(collection, &item.record).and_then(|stored| stored.record.parent.clone()),
            Some(luid) => {
                let folder = folders.get(luid)?;
                let lives = folder.body.is_some() || self.is_live(collection, &folder.record);
                lives.then(|| folder.record.clone())
            }
        }
    }

    /// What is written: records as they will be, with their keys.
    fn written(&self, batch: &Batch, done: &Refresh, items: &[Staged]) -> Vec<(Record, Option<MatchKey>)> {
        let collection = &done.collection;
        let stamp = |nth: usize| self.account.head - i64::try_from(nth).unwrap_or(0);
        let record = |id: &RecordId, seq, parent, content| {
            let (collection, id, origin) = (collection.clone(), id.clone(), batch.peer_id.0.clone());
            Record { collection, id, seq, origin, parent, content }
        };
        let folders: Folders<'_> = items.iter().map(|item| (&item.luid, item)).collect();
        let different = items.iter().filter_map(|item| {
            let (body, place) = (item.body.as_ref()?, self.place(collection, item, &folders));
            let before = self.record(collection, &item.record).map(|stored| &stored.record);
            let same = before.is_some_and(|it| it.content.body() == Some(body) && it.parent == place);
            (!same).then_some((item, body, place))
        });
        let different = different.enumerate().map(|(nth, (item, body, place))| {
            (record(&item.record, stamp(nth), place, Content::Body(body.clone())), item.key.clone())
        });
        let may_go: Option<BTreeSet<&RecordId>> = done.goes.as_ref().map(|goes| goes.iter().collect());
        let gone = self.free(collection, items).into_iter();
        let gone = gone.filter(|it| may_go.as_ref().is_none_or(|goes| goes.contains(&it.record.id)));
        let gone = gone.enumerate().map(|(nth, stored)| {
            (record(&stored.record.id, stamp(items.len() + nth), None, Content::Deleted), None)
        });
        different.chain(gone).collect()
    }

    fn refresh(&mut self, batch: &Batch, done: &Refresh, items: &[Staged]) {
        let (peer, collection) = (&batch.peer_id, &done.collection);
        let live = self.live(collection).len();
        self.account.head = journal::advance(self.account.head, items.len() + live, batch.now);
        let superseded = self.account.head;
        for (record, key) in self.written(batch, done, items) {
            let at = (collection.clone(), record.id.clone());
            let old = self.records.insert(at.clone(), Stored { record, key });
            if let Some(Stored { record: Record { seq, origin, content: Content::Body(body), .. }, .. }) = old
            {
                self.versions.entry(at).or_default().push(Version { seq, superseded, origin, body });
            }
        }
        self.aliases.retain(|(of, at, _), _| of != peer || at != collection);
        for item in items {
            let record = self.record(collection, &item.record).map(|stored| &stored.record);
            let Some(record) = record.filter(|record| record.content.is_live()) else { continue };
            let alias = Alias {
                collection: collection.clone(),
                record: item.record.clone(),
                luid: Some(item.luid.clone()),
                temporary: None,
                generation: done.generation,
                seq: record.seq,
            };
            self.aliases.insert((peer.clone(), collection.clone(), item.record.clone()), alias);
        }
    }
}

/// Items by the device's ids.
type Folders<'a> = BTreeMap<&'a Luid, &'a Staged>;

/// Makes an item the first record of equal content, if there is one left.
fn become_one_of(free: &mut BTreeMap<MatchKey, Vec<RecordId>>, item: &mut Staged) -> bool {
    let same = item.key.as_ref().and_then(|key| free.get_mut(key)).and_then(Vec::pop);
    let found = same.is_some();
    if let Some(id) = same {
        (item.record, item.body, item.key) = (id, None, None);
    }
    found
}
