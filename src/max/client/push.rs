//! Which change goes out next, and as which fields (MAX 3.3): an update says only what has changed since the version that the
//! server acknowledged; what no field shows is not sent at all.

use super::desk::Desk;
use super::state::{Sent, Verb};
use crate::content::fields;
use crate::max::schema;
use crate::peer::{Alias, Luid};
use crate::record::{Body, Content, Record, Seq};
use crate::store::{Acknowledged, Change, Collection, Held, Outgoing, Reads, Store, StoreError};
use crate::upstream::{Mode, Pair};

/// The pairs of a form.
type Pairs = Vec<(String, String)>;

/// What becomes of one change that is due.
enum Fate {
    /// It goes out, as these pairs.
    Goes(Pairs, Verb),
    /// It says nothing that the server could be told.
    Silent,
    /// The server has it no more, and nobody here has touched it: it goes here too.
    GoneThere,
}

impl<S: Store> Desk<'_, S> {
    /// The next POST, and what it stands for; `None` where everything that was due has gone out. What needs none is settled on
    /// the way.
    pub async fn next_post(
        &mut self,
        pair: &Pair,
        collection: &Collection,
    ) -> Result<Option<(Pairs, Sent)>, StoreError> {
        loop {
            let position = self.bookmark(&collection.id).position;
            let is_due = |due: &Outgoing| due.record.collection == collection.id && due.record.seq > position;
            let page: Vec<Outgoing> =
                std::mem::take(&mut self.snapshot.page).into_iter().filter(is_due).collect();
            if page.is_empty() && !self.snapshot.more {
                return Ok(None);
            }
            let held = self.held(collection, &page).await?;
            for due in page {
                let base = held.iter().find(|held| held.alias.record == due.record.id);
                if let Some(found) = self.settle(pair, collection, due, base).await? {
                    return Ok(Some(found));
                }
            }
            self.commit().await?;
            self.read(Vec::new(), false).await?;
        }
    }

    /// What the server has of these records.
    async fn held(&self, collection: &Collection, page: &[Outgoing]) -> Result<Vec<Held>, StoreError> {
        let live = page.iter().filter(|due| due.record.content.is_live());
        let luids: Vec<Luid> = live.filter_map(|due| due.alias.as_ref()?.luid.clone()).collect();
        if luids.is_empty() {
            return Ok(Vec::new());
        }
        let asked = vec![(collection.id.0.clone(), luids)];
        let reads = Reads { luids: asked, collections: false, ..super::reads(self.upstream) };
        Ok(self.store.read(&reads).await?.held)
    }

    /// One change: the POST that it needs, or `None` where it has been dealt with.
    async fn settle(
        &mut self,
        pair: &Pair,
        collection: &Collection,
        due: Outgoing,
        held: Option<&Held>,
    ) -> Result<Option<(Pairs, Sent)>, StoreError> {
        let Outgoing { record, alias } = self.whole(collection, due, held).await?;
        let base = match held {
            Some(Held { base_large: Some((seq, ..)), .. }) => self.version(&record, *seq).await?,
            held => held.and_then(|held| held.base.clone()),
        };
        let fate = match pair.mode {
            Mode::OneWayFromServer if !self.is_gone_there(&record, alias.as_ref()) => Fate::Silent,
            _ => self.fate(collection, &record, alias.as_ref(), base.as_ref()),
        };
        let mut bookmark = self.bookmark(&collection.id);
        let generation = bookmark.attempt;
        match fate {
            Fate::Goes(pairs, verb) => {
                if verb == Verb::Add {
                    // Before it is sent, so that its deletion can never be forgotten.
                    let luid = pairs.first().map_or(record.id.as_str(), |(_, id)| id);
                    self.batch.aliases.push(super::alias(&collection.id, &record.id, luid, generation, 0));
                }
                return Ok(Some((pairs, Sent::Post { record: record.id, seq: record.seq, verb })));
            }
            Fate::Silent if pair.mode == Mode::OneWayFromServer => {}
            Fate::Silent => self.batch.acknowledged.push(Acknowledged {
                collection: collection.id.clone(),
                record: record.id.clone(),
                seq: record.seq,
                generation,
            }),
            Fate::GoneThere => self.go(collection, &record),
        }
        bookmark.position = record.seq;
        self.keep(bookmark);
        Ok(None)
    }

    fn fate(
        &self,
        collection: &Collection,
        record: &Record,
        alias: Option<&Alias>,
        base: Option<&Body>,
    ) -> Fate {
        let luid = alias.and_then(|alias| alias.luid.as_ref()).map(|luid| luid.0.as_str());
        let key = schema::primary_key(collection).to_owned();
        let id = (key, luid.unwrap_or(record.id.as_str()).to_owned());
        if self.is_gone_there(record, alias) {
            return Fate::GoneThere;
        }
        let Some(body) = record.content.body() else {
            return Fate::Goes(vec![id, ("_deleted".into(), "1".into())], Verb::Delete);
        };
        let values = fields::project(body, &collection.fields).into_iter();
        let sendable = values.filter(|(name, _)| schema::is_name(name));
        let is_new = alias.is_none_or(|alias| alias.generation < self.bookmark(&collection.id).attempt);
        let before = base.filter(|_| !is_new).map(|base| fields::project(base, &collection.fields));
        let said: Pairs = match before {
            Some(before) => sendable.filter(|value| !before.contains(value)).collect(),
            None if is_new => sendable.filter(|(_, value)| !value.is_empty()).collect(),
            None => sendable.collect(),
        };
        if said.is_empty() && !is_new {
            return Fate::Silent;
        }
        let unheard = alias.is_some_and(|alias| alias.seq == 0);
        let verb = if is_new || unheard { Verb::Add } else { Verb::Change };
        Fate::Goes(std::iter::once(id).chain(said).collect(), verb)
    }

    /// Whether the server had this record, does not show it in a whole feed, and nobody here has changed it since.
    fn is_gone_there(&self, record: &Record, alias: Option<&Alias>) -> bool {
        let generation = self.bookmark(&record.collection).attempt;
        let had = alias.filter(|alias| alias.luid.is_some() && alias.generation < generation);
        let unchanged = |alias: &Alias| record.seq <= alias.seq || record.origin == self.upstream.peer.0;
        self.run.full && record.content.is_live() && had.is_some_and(unchanged)
    }

    fn go(&mut self, collection: &Collection, record: &Record) {
        let at = (collection.id.clone(), record.id.clone());
        self.batch.changes.push(Change {
            collection: at.0.clone(),
            id: at.1.clone(),
            content: Content::Deleted,
            parent: None,
            key: None,
            origin: self.upstream.peer.0.clone(),
            insert: false,
            supersede: true,
        });
        self.batch.guard.records.push(at.clone());
        self.batch.dropped.push(at);
        self.run.progress.received += 1;
        self.count(|outcome| outcome.received.deleted += 1);
    }

    /// The same with its bytes, where they had been left in the store.
    async fn whole(
        &self,
        collection: &Collection,
        due: Outgoing,
        held: Option<&Held>,
    ) -> Result<Outgoing, StoreError> {
        let Content::Large(_) = due.record.content else { return Ok(due) };
        if held.is_none() && self.is_gone_there(&due.record, due.alias.as_ref()) {
            return Ok(due);
        }
        let Record { collection: at, id, seq, .. } = &due.record;
        let reads = Reads {
            records: vec![(collection.id.0.clone(), vec![id.clone()])],
            whole: vec![(at.clone(), id.clone(), *seq)],
            collections: false,
            ..super::reads(self.upstream)
        };
        let read = self.store.read(&reads).await?.records.into_iter().find(|record| record.seq == *seq);
        // It has moved on since: decide again.
        let record = read.ok_or(StoreError::Conflict)?;
        Ok(Outgoing { record, ..due })
    }

    /// The bytes of a superseded version.
    async fn version(&self, record: &Record, seq: Seq) -> Result<Option<Body>, StoreError> {
        let Record { collection, id, .. } = record;
        let reads = Reads {
            versions: vec![(collection.0.clone(), vec![(id.clone(), seq)])],
            whole: vec![(collection.clone(), id.clone(), seq)],
            collections: false,
            ..super::reads(self.upstream)
        };
        let version = self.store.read(&reads).await?.versions.pop();
        Ok(version.and_then(|version| version.content.body().cloned()))
    }
}
