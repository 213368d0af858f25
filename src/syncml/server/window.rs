//! What a filter lets through on its way to the device: how far a session looks for it, what becomes of items outside, and what
//! is remembered until a later session has sent the rest (DS 1.2 section 6.14; `syncml.md` 4.13).
//!
//! A device gets what it lacks, whatever the cursor has passed: a place that was reached with a filter says so
//! ([`LeftOut`]), and a session with another one, or none, looks at everything again. The device's own changes are taken
//! whatever the filter says. How a filter is read is in `syncml/filter.rs`.

use super::desk::Desk;
use super::send::Due;
use crate::journal::merge::Supported;
use crate::limits;
use crate::peer::{Alias, Bookmark, Looking};
use crate::record::{Body, CollectionId, Content, Origin, Record, RecordId, Seq};
use crate::store::Outgoing;
use crate::syncml::filter::criteria::Criteria;
use crate::syncml::filter::properties;
use crate::syncml::filter::{Filter, LeftOut};
use crate::syncml::message::Location;
use crate::syncml::session::{Datastore, Mode};
use std::collections::BTreeSet;

/// A datastore's filter, ready for a page.
pub struct Window {
    criteria: Option<Criteria>,
    exclusive: bool,
    /// Whether the items the device has are looked at for properties it has not got yet.
    wider: bool,
    before: LeftOut,
    now: LeftOut,
    bookmark: Bookmark,
}

impl Desk<'_> {
    /// Decides how far an opened datastore looks. Before anything is sent, so that a session that breaks off is known to have
    /// left something out.
    pub fn look(&mut self, index: usize) {
        let Some(datastore) = self.state.datastores.get(index).cloned() else { return };
        let now = LeftOut::by(datastore.filter.as_ref());
        let exclusive =
            datastore.filter.as_ref().is_some_and(|filter| filter.exclusive && filter.of_records());
        let bookmark = self.bookmark(&datastore.collection);
        let before = LeftOut::of_text(&bookmark.confirmed.left_out);
        let wider = before.is_narrower_than(&now);
        bookmark.looking = match (exclusive || wider, before.filter.is_empty()) {
            (true, _) => Looking::Everything,
            (false, false) => Looking::Lacking,
            (false, true) => Looking::Changes,
        };
        let from_the_beginning = bookmark.looking != Looking::Changes && before.filter != now.filter;
        if datastore.mode.sends() && !bookmark.sending_all && (wider || from_the_beginning) {
            bookmark.position = 0;
        }
        let fields = before.fields_with(&now);
        let unsure = exclusive && before.filter != now.filter;
        let filter = if unsure { LeftOut::UNKNOWN.to_owned() } else { before.filter };
        bookmark.confirmed.left_out = LeftOut { filter, fields }.text();
        if let Some(filter) = &datastore.filter {
            let kind = if filter.exclusive { "exclusive" } else { "inclusive" };
            self.notes.push(format!("{} is filtered ({kind})", datastore.collection.0));
        }
    }

    /// Whether the session has room for a collection's filter beside the others.
    pub fn can_keep_filter(&self, id: &CollectionId, filter: Option<&Filter>) -> bool {
        let others = self.state.datastores.iter().filter(|datastore| datastore.collection != *id);
        let all = others.filter_map(|datastore| datastore.filter.as_ref()).chain(filter);
        all.map(Filter::kept_bytes).sum::<usize>() <= limits::FILTERS_BYTES_MAX
    }

    /// The datastore's filter, ready for a page.
    pub fn window(&self, datastore: &Datastore) -> Window {
        let filter = datastore.filter.as_ref();
        let collection = self.snapshot.collections.iter().find(|c| c.id == datastore.collection);
        let criteria = filter
            .filter(|filter| filter.of_records())
            .zip(collection)
            .and_then(|(filter, collection)| Criteria::of(&filter.query, collection).ok());
        let bookmark = self.bookmarked(&datastore.collection);
        let (before, now) = (LeftOut::of_text(&bookmark.confirmed.left_out), LeftOut::by(filter));
        let wider = before.is_narrower_than(&now) && datastore.mode.sends() && !bookmark.sending_all;
        Window { criteria, exclusive: filter.is_some_and(|f| f.exclusive), wider, before, now, bookmark }
    }

    /// What is due of a record when it is seen through the filter. INCLUSIVE adds nothing from outside; EXCLUSIVE sends nothing
    /// from outside, and takes away what is there, but not in a slow sync: that carries no deletions.
    pub fn seen_through(&self, window: &Window, outgoing: &Outgoing, due: Due) -> Due {
        let record = &outgoing.record;
        let key = (record.collection.clone(), record.id.clone());
        let Content::Body(body) = &record.content else { return due };
        if self.touched.contains(&key) || matches!(due, Due::Later) {
            return due;
        }
        let bookmark = &window.bookmark;
        let believed = if bookmark.sending_all { bookmark.attempt } else { bookmark.confirmed.generation };
        let alias = self.alias(&key, outgoing.alias.as_ref()).filter(|alias| alias.generation >= believed);
        let luid = alias.and_then(|alias| alias.luid.as_ref()).map(|luid| luid.0.as_str());
        let admitted = window.criteria.as_ref().is_none_or(|criteria| criteria.admits(record, luid));
        let here = luid.map(Location::of);
        match (admitted, window.exclusive, here, due) {
            (false, true, Some(luid), _) if !bookmark.sending_all => Due::Delete(luid),
            (false, true, ..) | (false, false, _, Due::Add(_)) => Due::Nothing,
            (_, _, Some(luid), Due::Nothing) if window.wider && window.shows_more(body) => {
                Due::Replace(body.clone(), luid)
            }
            (_, _, _, due) => due,
        }
    }

    /// What goes in a refresh from the device, where it wants some items only: what it has had and does not send, as far as that is
    /// inside. What is outside it was never meant to have.
    pub fn goes(&self, datastore: &Datastore) -> Option<Vec<RecordId>> {
        if !datastore.filters_items() {
            return None;
        }
        let criteria = self.window(datastore).criteria;
        let named = self.batch.staged.iter().filter(|item| item.collection == datastore.collection);
        let named: BTreeSet<&RecordId> = named.map(|item| &item.record).collect();
        let here = self.snapshot.unstaged.iter().filter(|it| it.record.collection == datastore.collection);
        let goes = here.filter(|outgoing| {
            let luid =
                outgoing.alias.as_ref().and_then(|alias| alias.luid.as_ref()).map(|luid| luid.0.as_str());
            let read = outgoing.record.content.body().is_some();
            let inside = criteria.as_ref().is_some_and(|criteria| criteria.admits(&outgoing.record, luid));
            inside && read && !named.contains(&outgoing.record.id)
        });
        Some(goes.map(|outgoing| outgoing.record.id.clone()).collect())
    }

    /// The content without the properties that the device does not want.
    pub fn narrowed(&self, datastore: &Datastore, body: Body) -> Body {
        match datastore.filter.as_ref().and_then(|filter| filter.fields.as_ref()) {
            Some(fields) => properties::narrowed(&body, fields),
            None => body,
        }
    }

    /// What the device can have removed: not what a filter has kept from it, in this session or since the last that sent
    /// everything.
    pub fn within_fields(&self, datastore: &Datastore, said: Option<Supported>) -> Option<Supported> {
        let bookmark = self.bookmarked(&datastore.collection);
        let before = LeftOut::of_text(&bookmark.confirmed.left_out);
        let fields = before.fields_with(&LeftOut::by(datastore.filter.as_ref()));
        match (fields, said) {
            (Some(fields), Some(said)) => Some(Supported::new(said.intersection(&fields).cloned().collect())),
            (fields, said) => fields.map(Supported::new).or(said),
        }
    }

    /// Who made what the device's change has become: the device, or nobody where it is to get properties that were kept from it
    /// before. Then it goes back with the next page.
    pub fn maker(&mut self, datastore: &Datastore, body: &Body) -> Origin {
        if self.bookmarked(&datastore.collection).confirmed.left_out.is_empty() {
            return self.peer.id.0.clone();
        }
        let window = self.window(datastore);
        if window.wider && window.shows_more(body) {
            self.sends_back = true;
            return Origin::new();
        }
        self.peer.id.0.clone()
    }

    /// A Delete of a live record is on its way. Until the device says what became of it, nobody knows whether it has the record.
    pub fn doubt(&mut self, record: &Record) {
        let key = (record.collection.clone(), record.id.clone());
        let alias = self.alias(&key, self.known.alias(&key.0, &key.1)).cloned();
        if let Some(alias) = alias.filter(|_| record.content.is_live()) {
            self.put_alias(Alias { seq: Alias::UNSURE, ..alias });
        }
    }

    /// The place that a session offers: not below what it began with where it looked at everything, for what is held back then
    /// makes the next look at everything again.
    pub fn offered_left_out(&self, datastore: &Datastore, held_back: Option<Seq>) -> (Option<Seq>, String) {
        let bookmark = self.bookmarked(&datastore.collection);
        let slow = datastore.mode.begins_anew();
        if !slow && !datastore.mode.sends() {
            return (held_back, bookmark.confirmed.left_out);
        }
        let before = LeftOut::of_text(&bookmark.confirmed.left_out);
        let now = LeftOut::by(datastore.filter.as_ref());
        let exclusive = datastore.filter.as_ref().is_some_and(|filter| filter.exclusive);
        let unsure = match slow {
            // What stayed here in a refresh from the device it may never have had.
            true => (exclusive || datastore.mode == Mode::RefreshFromClient) && !now.filter.is_empty(),
            false => held_back.is_some() && before.filter != now.filter,
        };
        let filter = if unsure { LeftOut::UNKNOWN.to_owned() } else { now.filter.clone() };
        let partial = slow || held_back.is_some();
        let fields = if partial { before.fields_with(&now) } else { now.fields };
        let floor = if slow || bookmark.looking == Looking::Changes { 0 } else { bookmark.confirmed.cursor };
        (held_back.map(|seq| seq.max(floor + 1)), LeftOut { filter, fields }.text())
    }
}

impl Window {
    /// Whether the device gets a property now that was kept from it before.
    fn shows_more(&self, body: &Body) -> bool {
        properties::holds_any(body, &|name| self.before.lacks_of(&self.now, name))
    }
}
