//! `Copy`: a record as another one (RepPro 1.2, 6.5.4; `syncml.md` 4.11).
//!
//! The device names the item by its own id and learns of the copy as of anybody's change: by an Add, which it maps.

use super::desk::Desk;
use super::receive::Arriving;
use crate::record::{Content, RecordId};
use crate::syncml::status;

impl Desk<'_> {
    /// Makes a new record of what the device's item holds here.
    pub fn copy(&mut self, arriving: Arriving<'_>) -> u16 {
        let Arriving { collection, datastore, index, item, .. } = arriving;
        let Some(standing) = self.standing(datastore, &item.luid, None) else {
            return status::NOT_FOUND;
        };
        let body = match standing.content {
            Content::Body(body) => body,
            Content::Large(_) => return status::RETRY_LATER,
            Content::Deleted => return status::NOT_FOUND,
        };
        let parent = self.parent_now(&(collection.id.clone(), standing.alias.record));
        let id = RecordId::mint(self.seed.draw());
        // Nobody's own: so the next page shows it to this device too.
        self.write(collection, id, body, None, true, String::new());
        if let Some(copy) = self.batch.changes.last_mut() {
            copy.parent = parent;
        }
        self.sends_back = true;
        self.tally(index, |tally| tally.added += 1);
        status::ITEM_ADDED
    }
}
