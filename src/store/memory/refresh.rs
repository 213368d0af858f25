//! A refresh from a device (alert 203) in memory: what was staged takes the place of the collection.
//! The rules are those of [`crate::store::Refresh`].

use super::{Stored, Tenant, Version};
use crate::journal;
use crate::journal::matching::MatchKey;
use crate::peer::{Alias, PeerId};
use crate::record::{CollectionId, Content, Record, RecordId, Seq};
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
    fn live(&self, collection: &CollectionId) -> Vec<(Seq, RecordId, Option<MatchKey>)> {
        let stored = self.records.values().filter(|stored| stored.record.collection == *collection);
        let mut live: Vec<_> = stored
            .filter(|stored| stored.record.content.body().is_some())
            .map(|stored| (stored.record.seq, stored.record.id.clone(), stored.key.clone()))
            .collect();
        live.sort();
        live
    }

    fn pair(&self, done: &Refresh, items: &mut [Staged]) {
        let live = self.live(&done.collection);
        let named: BTreeSet<RecordId> = items.iter().map(|item| item.record.clone()).collect();
        let ids: BTreeSet<&RecordId> = live.iter().map(|(_, id, _)| id).collect();
        let mut free: BTreeMap<&MatchKey, Vec<&RecordId>> = BTreeMap::new();
        for (_, id, key) in live.iter().rev().filter(|(_, id, _)| !named.contains(id)) {
            key.iter().for_each(|key| free.entry(key).or_default().push(id));
        }
        for item in items.iter_mut().filter(|item| !ids.contains(&item.record)) {
            let same = item.key.as_ref().and_then(|key| free.get_mut(key)).and_then(Vec::pop);
            if let Some(id) = same {
                (item.record, item.body, item.key) = (id.clone(), None, None);
            }
        }
    }

    fn refresh(&mut self, batch: &Batch, done: &Refresh, items: &[Staged]) {
        let (peer, collection) = (&batch.peer_id, &done.collection);
        let live = self.live(collection);
        self.account.head = journal::advance(self.account.head, items.len() + live.len(), batch.now);
        let stamp = |nth: usize| self.account.head - i64::try_from(nth).unwrap_or(0);
        let different: Vec<_> = items
            .iter()
            .filter_map(|item| Some((item, item.body.as_ref()?)))
            .filter(|(item, body)| {
                let before =
                    self.record(collection, &item.record).and_then(|stored| stored.record.content.body());
                before != Some(body)
            })
            .enumerate()
            .map(|(nth, (item, body))| {
                (item.record.clone(), stamp(nth), Content::Body(body.clone()), item.key.clone())
            })
            .collect();
        let named: BTreeSet<&RecordId> = items.iter().map(|item| &item.record).collect();
        let gone = live.iter().filter(|(_, id, _)| !named.contains(id)).enumerate();
        let gone: Vec<_> = gone
            .map(|(nth, (_, id, _))| (id.clone(), stamp(items.len() + nth), Content::Deleted, None))
            .collect();
        let superseded = self.account.head;
        for (id, seq, content, key) in different.into_iter().chain(gone) {
            let at = (collection.clone(), id.clone());
            let before = self.records.get(&at).and_then(|stored| stored.record.parent.clone());
            let parent = before.filter(|_| content.body().is_some());
            let (collection, origin) = (collection.clone(), peer.0.clone());
            let record = Record { collection, id, seq, origin, parent, content };
            let old = self.records.insert(at.clone(), Stored { record, key });
            if let Some(Stored { record: Record { seq, origin, content: Content::Body(body), .. }, .. }) = old
            {
                self.versions.entry(at).or_default().push(Version { seq, superseded, origin, body });
            }
        }
        self.aliases.retain(|(of, at, _), _| of != peer || at != collection);
        for item in items {
            let record = self.record(collection, &item.record).map(|stored| &stored.record);
            let Some(record) = record.filter(|record| record.content.body().is_some()) else { continue };
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
