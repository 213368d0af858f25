//! Refresh from the client (203): what it sends is kept apart, and takes the collection's place when its package is complete
//! (DS 1.2 section 6.6; `syncml.md` 4.3).
//!
//! A record that the device may mean is kept whenever there is doubt: an item that is refused, or breaks off, leaves it as it
//! is. In a collection of folders a folder comes before what is in it, as ever (`server/hierarchy.rs`).

use super::Server;
use super::desk::Desk;
use super::hierarchy;
use super::receive::Arriving;
use crate::journal::{matching, merge};
use crate::limits;
use crate::peer::Luid;
use crate::record::{Body, CollectionId, Content, Kind, RecordId};
use crate::store::{Refresh, Staged, Waiting};
use crate::syncml::session::{Datastore, Mode, State};
use crate::syncml::status;

impl Datastore {
    /// Whether what arrives is kept apart.
    pub fn stages(&self) -> bool {
        self.mode == Mode::RefreshFromClient && !self.refreshed
    }
}

impl Server<'_> {
    /// Whether it has to be read what the device does not send in a refresh through a filter: only what is inside goes.
    pub fn wants_unstaged(&mut self, state: &State) -> bool {
        if !self.inbox.message.last || std::mem::replace(&mut self.needed.unstaged_looked, true) {
            return false;
        }
        let open = state.datastores.iter().filter(|open| open.stages() && open.filters_items());
        self.needed.unstaged = open.map(|open| open.collection.0.clone()).collect();
        !self.needed.unstaged.is_empty()
    }
}

impl Desk<'_> {
    /// Keeps an item apart. Of a record the device had before, what it cannot hold stays.
    pub fn stage(&mut self, arriving: Arriving<'_>, body: &Body) -> u16 {
        let Arriving { datastore, index, item, .. } = arriving;
        let parent = match self.place_staged(arriving) {
            Ok(parent) => parent,
            Err(code) => return code,
        };
        let supported = self.supported(datastore, &body.form);
        let (record, code, body, key) = match self.standing(datastore, &item.luid, Some(body)) {
            None => (RecordId::mint(self.seed.draw()), status::ITEM_ADDED, body.clone(), item.key.clone()),
            Some(standing) => {
                let body = match &standing.content {
                    Content::Body(stored) => merge::replace(stored, body, supported.as_ref()),
                    // More large ones in one message than are read for it.
                    Content::Large(_) => return status::RETRY_LATER,
                    Content::Deleted => body.clone(),
                };
                (standing.alias.record, status::OK, body, None)
            }
        };
        if body.bytes.len() > self.server.settings.object_bytes_max().max(limits::RECORD_BYTES_MAX) {
            return status::ENTITY_TOO_LARGE;
        }
        let key = key.or_else(|| matching::key(&body));
        let (collection, luid) = (datastore.collection.clone(), item.luid.clone());
        self.put_apart(Staged { collection, luid, record, body: Some(body), parent, key });
        self.tally(index, |tally| match code {
            status::ITEM_ADDED => tally.added += 1,
            _ => tally.changed += 1,
        });
        code
    }

    /// An item that is refused, or of which more is to come: the record that the device means by it stays as it is.
    pub fn stage_unsaid(&mut self, arriving: Arriving<'_>) {
        let Arriving { datastore, item, .. } = arriving;
        let held = self.known.by_luid(&datastore.collection, &item.luid);
        let Some(record) = held.map(|held| held.alias.record.clone()) else { return };
        let (collection, luid) = (datastore.collection.clone(), item.luid.clone());
        self.put_apart(Staged { collection, luid, record, body: None, parent: None, key: None });
    }

    fn put_apart(&mut self, item: Staged) {
        self.staged.insert((item.collection.clone(), item.luid.clone()), self.batch.staged.len());
        self.batch.staged.push(item);
    }

    /// What the device has staged under its id, as this turn knows it by now.
    fn waiting(&self, collection: &CollectionId, luid: &Luid) -> Option<Waiting> {
        let now = self.staged.get(&(collection.clone(), luid.clone()));
        match now.and_then(|index| self.batch.staged.get(*index)).cloned() {
            Some(Staged { collection, luid, record, body, parent, .. }) => {
                Some(Waiting { collection, luid, record, form: body.map(|body| body.form), parent })
            }
            None if self.batch.unstaged.contains(collection) => None,
            None => self.known.waiting(collection, luid).cloned(),
        }
    }

    /// The folder an item says, where folders matter: one that has come before it. Which record that is shows at the end.
    fn place_staged(&self, arriving: Arriving<'_>) -> Result<Option<Luid>, u16> {
        let Arriving { collection, item, .. } = arriving;
        let Some(folder) = item.parent.as_ref().filter(|_| collection.kind == Kind::Files) else {
            return Ok(None);
        };
        if hierarchy::is_none(folder) {
            return Ok(Some(Luid::default()));
        }
        let Some(waiting) = self.waiting(&collection.id, folder) else { return Err(status::NOT_FOUND) };
        let held = || self.known.by_luid(&collection.id, folder)?.record.as_ref();
        let is_folder = match &waiting.form {
            Some(form) => hierarchy::is_folder_form(form),
            None => held().is_some_and(|record| hierarchy::is_folder(&record.content)),
        };
        if !is_folder {
            return Err(status::NOT_FOUND);
        }
        let mut above = Some(folder.clone());
        for _ in 0..limits::FOLDERS_DEEP_MAX {
            let Some(luid) = above.filter(|luid| !luid.0.is_empty()) else { return Ok(Some(folder.clone())) };
            if luid == item.luid {
                return Err(status::MOVE_FAILED);
            }
            above = self.waiting(&collection.id, &luid).and_then(|item| item.parent);
        }
        // Only what has come before may have something in it.
        match self.waiting(&collection.id, &item.luid) {
            Some(_) => Err(status::MOVE_FAILED),
            None => Ok(Some(folder.clone())),
        }
    }

    /// Package 3 is complete: refreshes take their place. A datastore that is sent no `Sync`, but needs none, has had it.
    pub fn expect_nothing_more(&mut self) {
        for index in 0..self.state.datastores.len() {
            let Some(datastore) = self.state.datastores.get(index).cloned() else { continue };
            if !datastore.received && (datastore.resumed || !datastore.mode.receives()) {
                self.receives_from_now(index);
            }
            if !datastore.received || datastore.failed || !datastore.stages() {
                continue;
            }
            let collection = datastore.collection.clone();
            if self.is_read_only(&datastore) {
                self.notes.push(format!("{} is read-only and stays as it is", collection.0));
                continue;
            }
            if !datastore.trusted {
                self.begin_another_life(&collection);
            }
            let generation = self.bookmarked(&collection).attempt;
            let folders =
                self.snapshot.collections.iter().any(|c| c.id == collection && c.kind == Kind::Files);
            let goes = self.goes(&datastore);
            self.batch.refreshed.push(Refresh { collection, generation, folders, goes });
            if let Some(datastore) = self.state.datastores.get_mut(index) {
                datastore.refreshed = true;
            }
        }
    }

    fn is_read_only(&self, datastore: &Datastore) -> bool {
        self.snapshot.collections.iter().any(|c| c.id == datastore.collection && c.read_only)
    }

    /// Nobody knows whether a package without its end was all: nothing is replaced.
    pub fn leave_refreshes(&mut self) {
        for datastore in self.state.datastores.iter_mut().filter(|datastore| datastore.stages()) {
            datastore.failed = true;
            self.notes.push(format!("{} stays as it is: its package has no end", datastore.collection.0));
        }
    }
}
