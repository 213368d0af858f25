//! Package 3: our changes, page by page, as much as fits (DS 1.2 section 6.3; `syncml.md` 4.2, 4.5). The mirror is `server/send.rs`.
//!
//! A position moves only past what has been written into the message; the cursor moves at the end of a session, as far as the
//! server has said that it took things.

use super::desk::{Desk, Want};
use super::split::Leaving;
use crate::content;
use crate::peer::{Alias, Luid};
use crate::record::{Body, CollectionId, Content, Record, Seq};
use crate::store::Outgoing;
use crate::syncml::describe;
use crate::syncml::message::{Data, Item, Location, Meta, Version};
use crate::syncml::outbox::Outbox;
use crate::syncml::session::{Datastore, Mode, Sent, SentKind};

/// What a record on the page means for the server.
enum Due {
    Nothing,
    /// The next session says it: where everything is compared, no deletions are sent.
    Later,
    Put(SentKind, Body),
    /// The same, of what was left in the store for its size.
    Unread(SentKind),
    Delete,
}

/// How far the message has come.
pub enum Filled {
    /// Everything of every collection is out.
    All,
    /// The message is full.
    Full,
    /// More has to be read first.
    Read(Want),
}

impl Desk<'_> {
    /// Our changes of a collection are to be sent, from the beginning.
    pub fn start_sending(&mut self, index: usize) {
        let Some(syncing) = self.state.syncing.get(index).filter(|syncing| syncing.is_alive()) else {
            return;
        };
        let (id, mode, gives) =
            (syncing.datastore.collection.clone(), syncing.datastore.mode, syncing.gives());
        let resumed = syncing.datastore.resumed;
        let head = self.head();
        let since = if resumed && syncing.since > 0 { syncing.since } else { head };
        self.count(index, |it| it.since = since);
        let bookmark = self.bookmark(&id);
        (bookmark.sending, bookmark.sending_all) = (gives, gives && mode.compares());
        bookmark.looking = Default::default();
        bookmark.position = if mode.compares() { 0 } else { bookmark.confirmed.cursor };
        // What was changed here since a refresh began is none of what it takes the place of.
        bookmark.until = if mode == Mode::RefreshFromServer { since } else { head };
    }

    /// Fills the message from the page.
    pub fn fill(&mut self, outbox: &mut Outbox) -> Filled {
        let snapshot = self.snapshot;
        let mut order: Vec<(CollectionId, usize)> = self
            .state
            .syncing
            .iter()
            .enumerate()
            .filter(|(_, syncing)| syncing.is_alive() && !syncing.datastore.finished)
            .map(|(index, syncing)| (syncing.datastore.collection.clone(), index))
            .collect();
        order.sort();
        let last_on_page = snapshot.page.last().map(|outgoing| &outgoing.record.collection);
        for (collection, index) in order {
            let Some(syncing) = self.state.syncing.get(index) else { continue };
            let (datastore, gives) = (syncing.datastore.clone(), syncing.gives());
            // A page that was cut has seen nothing of the collections after its last one.
            let reached = !gives || !snapshot.more || last_on_page.is_some_and(|last| collection <= *last);
            let whole = !gives || !snapshot.more || last_on_page.is_some_and(|last| collection < *last);
            if !reached {
                return Filled::Full;
            }
            match self.fill_datastore(outbox, index, &datastore, whole) {
                Filled::All if whole => {}
                Filled::All => return Filled::Full,
                other => return other,
            }
            self.count(index, |it| it.datastore.finished = true);
        }
        Filled::All
    }

    fn fill_datastore(
        &mut self,
        outbox: &mut Outbox,
        index: usize,
        datastore: &Datastore,
        whole: bool,
    ) -> Filled {
        let snapshot = self.snapshot;
        let collection = &datastore.collection;
        let mine: Vec<&Outgoing> =
            snapshot.page.iter().filter(|outgoing| outgoing.record.collection == *collection).collect();
        let dues: Vec<(&Record, Option<&Alias>, Due)> = mine
            .into_iter()
            .map(|outgoing| (&outgoing.record, outgoing.alias.as_ref(), self.due(datastore, outgoing)))
            .collect();
        let count = dues.iter().filter(|(.., due)| !matches!(due, Due::Nothing | Due::Later)).count() as u64;
        for (record, ..) in dues.iter().filter(|(.., due)| matches!(due, Due::Later)) {
            self.count(index, |it| it.datastore.hold(record.seq));
        }
        let until = self.bookmarked(collection).until;
        if datastore.opened && count == 0 {
            self.move_to(collection, dues.last().map(|(record, ..)| record.seq), whole.then_some(until));
            return Filled::All;
        }
        if !whole && !datastore.opened && !self.client.needed.totals {
            return Filled::Read(Want::Totals);
        }
        let total =
            snapshot.totals.iter().find(|(of, _)| of == collection).map_or(count, |(_, total)| *total);
        let total = if whole { count } else { total };
        if !outbox.open_sync(datastore, Some(total).filter(|_| !datastore.opened)) {
            return Filled::Full;
        }
        if !datastore.opened {
            self.count(index, |it| {
                it.sent_of = it.sent + total;
                it.datastore.opened = true;
            });
        }
        let (mut filled, mut position) = (Filled::All, None);
        for (record, alias, due) in dues {
            filled = self.push(outbox, index, datastore, record, alias, due);
            if !matches!(filled, Filled::All) {
                // What leaves in pieces is on its way.
                position = position.max(self.leaves(record).then_some(record.seq));
                break;
            }
            position = position.max(Some(record.seq));
        }
        outbox.close_sync();
        let all = whole && matches!(filled, Filled::All);
        self.move_to(collection, position, all.then_some(until));
        filled
    }

    fn move_to(&mut self, collection: &CollectionId, position: Option<Seq>, end: Option<Seq>) {
        let bookmark = self.bookmark(collection);
        bookmark.position = end.into_iter().chain(position).chain([bookmark.position]).max().unwrap_or(0);
    }

    fn due(&self, datastore: &Datastore, outgoing: &Outgoing) -> Due {
        let record = &outgoing.record;
        let bookmark = self.bookmarked(&datastore.collection);
        let all = datastore.mode.compares();
        let believed = if all { bookmark.attempt } else { bookmark.confirmed.generation };
        let alias = outgoing.alias.as_ref();
        let held = alias.filter(|alias| alias.generation >= believed);
        // What went out as new, and was never answered, goes out as new again.
        let kind = if alias.is_some_and(|alias| alias.seq > 0) { SentKind::Replace } else { SentKind::Add };
        match &record.content {
            Content::Deleted if all && held.is_some() => Due::Later,
            Content::Deleted if all || alias.is_none() => Due::Nothing,
            Content::Deleted => Due::Delete,
            _ if held.is_some_and(|alias| alias.seq >= record.seq) => Due::Nothing,
            _ if !all && record.origin == self.peer.id.0 => Due::Nothing,
            Content::Body(body) => Due::Put(kind, body.clone()),
            Content::Large(_) => Due::Unread(kind),
        }
    }

    /// Writes one change.
    fn push(
        &mut self,
        outbox: &mut Outbox,
        index: usize,
        datastore: &Datastore,
        record: &Record,
        alias: Option<&Alias>,
        due: Due,
    ) -> Filled {
        let luid =
            alias.and_then(|alias| alias.luid.clone()).unwrap_or_else(|| Luid(record.id.as_str().to_owned()));
        let (kind, body) = match due {
            Due::Nothing | Due::Later => return Filled::All,
            Due::Put(kind, body) => (kind, Some(body)),
            Due::Delete => (SentKind::Delete, None),
            Due::Unread(kind) => return self.leave_unread(outbox, index, datastore, record, kind, luid),
        };
        let (meta, data) = match &body {
            Some(body) => self.dress(outbox, datastore, body),
            None => (Meta::default(), None),
        };
        let source = Some(Location::of(luid.0.clone()));
        let mut item = Item { source, data, ..Item::default() };
        let huge = item.data.as_ref().is_some_and(|data| data.bytes().len() > self.message_bytes_max());
        let written = if huge { None } else { outbox.push_change(kind.change(), &meta, &item) };
        let Some(command) = written else {
            if !huge && outbox.fits_alone(&self.header_heard(), datastore, kind.change(), &meta, &item) {
                return Filled::Full;
            }
            let data = item.data.take().map(Data::into_bytes).unwrap_or_default();
            let (meta, item) = (&meta, &item);
            return self.split(
                outbox,
                Leaving { index, datastore, record, kind, luid: &luid, meta, item },
                data,
            );
        };
        let (record_id, seq, message) = (record.id.clone(), record.seq, self.state.message_id);
        self.name_sent(record, alias.is_some(), luid);
        self.went_out(index, Sent { message, command, datastore: index, kind, record: record_id, seq });
        Filled::All
    }

    /// What goes out as new has a name from now on: should it be deleted before the server answers, that can be said.
    pub fn name_sent(&mut self, record: &Record, named: bool, luid: Luid) {
        if named {
            return;
        }
        let generation = self.bookmarked(&record.collection).confirmed.generation;
        let (collection, record) = (record.collection.clone(), record.id.clone());
        self.put_alias(Alias { collection, record, luid: Some(luid), temporary: None, generation, seq: 0 });
    }

    /// A whole change is in the message: it waits for its status.
    pub fn went_out(&mut self, index: usize, sent: Sent) {
        let seq = sent.seq;
        if !self.unanswered.push(sent) {
            self.count(index, |it| it.datastore.hold(seq));
        }
    }

    /// A record's content as the server wants it: its form, its media type, and base64 where XML cannot carry the bytes.
    pub fn dress(&self, outbox: &Outbox, datastore: &Datastore, body: &Body) -> (Meta, Option<Data>) {
        let version: Version = self.state.version;
        let form = describe::preferred(self.device.as_ref(), &datastore.source, version, body);
        let body = if form == body.form { body.clone() } else { content::convert(body, &form) };
        let (meta, data) = outbox.dress(body);
        (meta, Some(data))
    }
}
