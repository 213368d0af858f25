//! What both sides hold already, as far as MAX can show it: an item of the feed (MAX 2.2) that no id and no match key knows is
//! held against the plain fields of the records here, because a key also counts what no field shows (a photo, a second number).
//!
//! Looking costs pages of records, so only those are looked at that the server may not have named: while a pair is compared as a
//! whole (it has no `lbd` before its first feed has been taken to the end, the server no longer knows that `lbd`, or the
//! comparison is asked for each time) all of them, and else what was stamped since all that was due had gone out: what came by
//! another way, from a third server or from this one, is among it. Only what was here when the run began is looked at
//! ([`Span::until`]): what is stamped later came from the feed and has its name. Each look begins where the last one ended, and
//! ends as soon as every item has its record: two sides in one order are read through once.
//!
//! A look never writes. What it finds is in the same commit as everything else of its page of the feed, so whoever dies before
//! that looks again, and whoever dies after it meets a name.

use super::{Desk, Item};
use crate::content::fields::{self, Field, FieldKind};
use crate::limits;
use crate::max::client::{self, state::Span};
use crate::max::schema;
use crate::record::{Content, Kind, Record, RecordId, Seq};
use crate::secret;
use crate::store::{Collection, PageAsk, Reads, RecordVersion, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What the plain fields say: equal for what MAX cannot tell apart.
type Print = String;

/// The records here that show what items of one answer show. Of a record only its print is kept, and of one print as many records
/// as there are items of it.
#[derive(Debug, Default)]
pub struct Alike {
    /// What each item shows; none of what says nothing, which would be like anything.
    prints: BTreeMap<RecordId, Print>,
    /// How many items show it.
    wanted: BTreeMap<Print, usize>,
    /// Records that show it and that the server has not named, in the order they were found in.
    found: BTreeMap<Print, VecDeque<(RecordId, Seq)>>,
    /// Records that items of this answer have been recognised as by other means.
    paired: BTreeSet<RecordId>,
    /// Between which stamps there is still to be looked; `None` before the first look.
    rest: Option<VecDeque<(Seq, Seq)>>,
}

impl Alike {
    /// For these items; `latest` of each id.
    pub(super) fn of(collection: &Collection, items: &[Item]) -> Self {
        let live = items.iter().filter(|item| !item.gone);
        let print = |item: &Item| Some((item.id.clone(), print(&collection.fields, &item.values)?));
        let prints: BTreeMap<RecordId, Print> = live.filter_map(print).collect();
        Self { wanted: counted(prints.values()), prints, ..Self::default() }
    }

    /// A record that shows what this item shows, and is nobody else.
    pub fn claim(&mut self, item: &RecordId) -> Option<(RecordId, Seq)> {
        let found = self.found.get_mut(self.prints.get(item)?)?;
        std::iter::from_fn(|| found.pop_front()).find(|(record, _)| !self.paired.contains(record))
    }

    /// An item has been recognised as this record by other means.
    pub fn pair(&mut self, record: &RecordId) {
        self.paired.insert(record.clone());
    }

    /// Whether some of these items would not find a record.
    fn lacks(&self, needed: &BTreeMap<Print, usize>) -> bool {
        let free = |print| {
            let found = self.found.get(print).into_iter().flatten();
            found.filter(|(record, _)| !self.paired.contains(record)).count()
        };
        needed.iter().any(|(print, count)| free(print) < *count)
    }

    fn wants(&self, collection: &Collection, record: &Record) -> Option<Print> {
        let values = fields::project(record.content.body()?, &collection.fields);
        print(&collection.fields, &values).filter(|print| self.wanted.contains_key(print))
    }

    /// Keeps a record; `false` where there are enough of its print.
    fn keep(&mut self, print: Print, id: RecordId, seq: Seq) -> bool {
        let enough = self.wanted.get(&print).copied().unwrap_or_default();
        let found = self.found.entry(print).or_default();
        let room = found.len() < enough;
        if room {
            found.push_back((id, seq));
        }
        room
    }
}

impl<S: Store> Desk<'_, S> {
    /// What items of an answer may be held against; nothing where names and keys say everything.
    pub(super) fn alike(&self, collection: &Collection, items: &[Item]) -> Alike {
        if collection.kind == Kind::Table { Alike::default() } else { Alike::of(collection, items) }
    }

    /// Looks on until there is a record for each of these items, or all have been looked at. A page of records at a time.
    pub async fn look(
        &mut self,
        collection: &Collection,
        alike: &mut Alike,
        items: impl Iterator<Item = &RecordId>,
    ) -> Result<(), StoreError> {
        let needed = counted(items.filter_map(|item| alike.prints.get(item)));
        while alike.lacks(&needed) {
            let head = self.batch.guard.head;
            let floor = if self.run.full { 0 } else { self.bookmark(&collection.id).confirmed.cursor };
            let span = *self.run.span.get_or_insert(Span { at: floor, until: head });
            let rest = alike.rest.get_or_insert_with(|| [(span.at, span.until), (floor, span.at)].into());
            let Some((after, until)) = rest.pop_front() else { break };
            if after >= until {
                continue;
            }
            let (records, more) = self.records(collection, after, until).await?;
            match records.last() {
                Some(last) if more && last.seq > after => rest.push_front((last.seq, until)),
                // Nothing was here when the comparison began: nothing ever needs to be looked at.
                None if after == floor && until == span.until => {
                    self.run.span = Some(Span { at: floor, until: floor });
                }
                _ => {}
            }
            for (print, id, seq) in self.shown(collection, alike, records).await? {
                if alike.keep(print, id, seq) {
                    self.run.span = Some(Span { at: seq, ..span });
                }
            }
        }
        Ok(())
    }

    /// A page of what is here, and whether there is more after it.
    async fn records(
        &self,
        collection: &Collection,
        after: Seq,
        until: Seq,
    ) -> Result<(Vec<Record>, bool), StoreError> {
        let page = PageAsk::Collection {
            path: collection.id.0.clone(),
            after,
            until: Some(until),
            live_only: true,
            records_max: limits::PAGE_RECORDS_MAX,
            bytes_max: limits::PAGE_BYTES_MAX,
        };
        let reads = Reads { page: Some(page), collections: false, ..client::reads(self.upstream) };
        let snapshot = self.store.read(&reads).await?;
        Ok((snapshot.page.into_iter().map(|outgoing| outgoing.record).collect(), snapshot.more))
    }

    /// Those of a page that show what an item shows and that the server has not named in this comparison, in order.
    async fn shown(
        &self,
        collection: &Collection,
        alike: &Alike,
        records: Vec<Record>,
    ) -> Result<Vec<(Print, RecordId, Seq)>, StoreError> {
        let (mut shown, mut large) = (Vec::new(), Vec::new());
        for record in records {
            // What the server calls as we do is itself, whatever else says the same.
            if alike.prints.contains_key(&record.id) {
                continue;
            }
            match (alike.wants(collection, &record), &record.content) {
                (Some(print), _) => shown.push((print, record.id, record.seq)),
                (None, Content::Large(_)) => large.push(record),
                (None, _) => {}
            }
        }
        if shown.is_empty() && large.is_empty() {
            return Ok(shown);
        }
        let ids = shown.iter().map(|(_, id, _)| id).chain(large.iter().map(|record| &record.id));
        let free = self.free(collection, alike, ids).await?;
        shown.retain(|(_, id, _)| free.contains(id));
        large.retain(|record| free.contains(&record.id));
        shown.extend(self.shown_large(collection, alike, &large).await?);
        shown.sort_by_key(|(_, _, seq)| *seq);
        Ok(shown)
    }

    /// Those of these records that no name is known of, in this comparison or from an item of this answer.
    async fn free(
        &self,
        collection: &Collection,
        alike: &Alike,
        ids: impl Iterator<Item = &RecordId>,
    ) -> Result<BTreeSet<RecordId>, StoreError> {
        let generation = self.generation(collection);
        let ids = ids.map(|id| id.as_str().to_owned()).collect();
        let targets = vec![(collection.id.0.clone(), ids)];
        let reads = Reads { targets, collections: false, ..client::reads(self.upstream) };
        let targets = self.store.read(&reads).await?.targets.into_iter();
        let is_item = |luid: &str| RecordId::new(luid).is_some_and(|id| alike.prints.contains_key(&id));
        let free = targets.filter(|target| {
            let named = target.alias.as_ref();
            named.is_none_or(|alias| {
                let by_item = alias.luid.as_ref().is_some_and(|luid| is_item(&luid.0));
                alias.generation < generation && !by_item
            })
        });
        Ok(free.map(|target| target.record).collect())
    }

    /// The same of records whose bytes were left in the store: as many at once as a page holds, but always one.
    async fn shown_large(
        &self,
        collection: &Collection,
        alike: &Alike,
        mut large: &[Record],
    ) -> Result<Vec<(Print, RecordId, Seq)>, StoreError> {
        let mut shown = Vec::new();
        while !large.is_empty() {
            let mut bytes = 0;
            let fit = large.iter().take_while(|record| {
                bytes += record.content.size();
                bytes <= limits::PAGE_BYTES_MAX
            });
            let (some, rest) = large.split_at(fit.count().max(1).min(large.len()));
            large = rest;
            let version = |record: &Record| (record.collection.clone(), record.id.clone(), record.seq);
            let whole: Vec<RecordVersion> = some.iter().map(version).collect();
            let records =
                vec![(collection.id.0.clone(), some.iter().map(|record| record.id.clone()).collect())];
            let reads = Reads { records, whole, collections: false, ..client::reads(self.upstream) };
            let read = self.store.read(&reads).await?.records.into_iter();
            shown.extend(
                read.filter_map(|record| Some((alike.wants(collection, &record)?, record.id, record.seq))),
            );
        }
        Ok(shown)
    }
}

/// A value as the plainest server has it: an empty number is 0, and the beginning of 1970 (`dates::in_field`) is no date.
pub(super) fn plainest(kind: FieldKind, value: &str) -> &str {
    match (kind, value) {
        (FieldKind::Date, "0" | "1") | (FieldKind::Integer | FieldKind::Real, "0") => "",
        _ => value,
    }
}

/// The print of these values; `None` where they say nothing. A field that is missing is an empty one, as everywhere in MAX.
fn print(fields: &[Field], values: &[(String, String)]) -> Option<Print> {
    let values: BTreeMap<&str, &str> =
        values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let shown =
        fields.iter().filter(|field| field.kind != FieldKind::PrimaryKey && schema::is_name(&field.name));
    let said: Vec<&str> = shown
        .map(|field| plainest(field.kind, values.get(field.name.as_str()).copied().unwrap_or_default()))
        .collect();
    let says = said.iter().any(|value| !value.is_empty());
    says.then(|| secret::fingerprint(said.join("\u{4}").as_bytes()))
}

fn counted<'a>(prints: impl Iterator<Item = &'a Print>) -> BTreeMap<Print, usize> {
    let mut counts = BTreeMap::new();
    prints.for_each(|print| *counts.entry(print.clone()).or_default() += 1);
    counts
}
