//! The bookmarks of a peer as a turn makes them: those that were read, and which of them changed.

use crate::peer::Bookmark;
use crate::record::CollectionId;
use std::collections::BTreeMap;

/// Each collection's, with whether it changed.
#[derive(Clone, Debug, Default)]
pub struct Bookmarks(BTreeMap<CollectionId, (Bookmark, bool)>);

impl Bookmarks {
    /// As they were read.
    pub fn of(read: &[Bookmark]) -> Self {
        Self(read.iter().map(|b| (b.collection.clone(), (b.clone(), false))).collect())
    }

    /// The bookmark of a collection, to be read.
    pub fn find(&self, collection: &CollectionId) -> Option<&Bookmark> {
        self.0.get(collection).map(|(bookmark, _)| bookmark)
    }

    /// The bookmark of a collection, to be changed; a new one where there is none.
    pub fn change(&mut self, collection: &CollectionId) -> &mut Bookmark {
        let fresh = || (Bookmark { collection: collection.clone(), ..Bookmark::default() }, false);
        let (bookmark, changed) = self.0.entry(collection.clone()).or_insert_with(fresh);
        *changed = true;
        bookmark
    }

    /// Whatever was being sent no longer is.
    pub fn stop(&mut self) {
        for (bookmark, changed) in self.0.values_mut().filter(|(bookmark, _)| bookmark.sending) {
            (bookmark.sending, bookmark.sending_all, bookmark.position, bookmark.until) =
                (false, false, 0, 0);
            *changed = true;
        }
    }

    /// Those that changed, as they are from now on.
    pub fn changed(self) -> Vec<Bookmark> {
        let changed = self.0.into_values().filter(|(_, changed)| *changed);
        changed.map(|(bookmark, _)| bookmark).collect()
    }
}
