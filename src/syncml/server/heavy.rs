//! Objects too large to be merged: an isolate has 128 MB, and a merge holds the contents in memory several times over.
//!
//! What is merged is weighed before it is read (docs/performance.md has the figures). What is too heavy takes the place of what
//! is here, where it is whole and nobody else has changed that; otherwise both are kept.

use super::desk::Desk;
use super::receive::{Arriving, Standing};
use crate::limits;
use crate::record::Body;
use crate::store::{Held, Policy};
use crate::syncml::status;

/// Whether a merge of what is held with so many bytes is more than an isolate bears. What is here counts twice: it is taken
/// apart, and put together again.
pub fn is_too_heavy(held: &Held, arriving: usize) -> bool {
    let now = held.record.as_ref().map_or(0, |record| record.content.size());
    let base = held.base_large.as_ref().map_or(0, |(_, size, _)| *size);
    let base = held.base.as_ref().map_or(base, |body| body.bytes.len());
    now.saturating_mul(2).saturating_add(base).saturating_add(arriving) > limits::MERGE_WEIGHT_MAX
}

impl Desk<'_> {
    /// Whether an item cannot be merged with the record it is a change of.
    pub fn is_too_heavy(&self, arriving: Arriving<'_>, body: &Body) -> bool {
        let held = self.known.by_luid(&arriving.collection.id, &arriving.item.luid);
        held.is_some_and(|held| is_too_heavy(held, body.bytes.len()))
    }

    /// A change of a record whose content is left in the store.
    pub fn update_unread(&mut self, arriving: Arriving<'_>, body: &Body, standing: Standing) -> u16 {
        let Arriving { collection, datastore, index, item, .. } = arriving;
        let record = standing.alias.record.clone();
        let equal = item.key.as_ref().map(|key| self.known.by_key(&collection.id, key));
        if equal.is_some_and(|equal| equal.iter().any(|found| found.record == record)) {
            self.claim(datastore, record, item.luid.clone(), standing.seq.max(standing.alias.seq));
            self.tally(index, |tally| tally.same += 1);
            return arriving.done();
        }
        let whole = self.supported(datastore, &body.form).is_none();
        if whole && (!standing.conflict || collection.policy == Policy::ClientWins) {
            self.claim(datastore, record.clone(), item.luid.clone(), standing.alias.seq);
            let origin = self.maker(datastore, body);
            self.write(collection, record, body.clone(), item.key.clone(), false, origin);
            self.tally(index, |tally| tally.changed += 1);
            return if standing.conflict { status::CONFLICT_CLIENT_WINS } else { arriving.done() };
        }
        self.tally(index, |tally| tally.conflicts += 1);
        if standing.conflict && collection.policy == Policy::ServerWins {
            self.note_conflict(collection, &record, "what is here stays");
            return status::CONFLICT_SERVER_WINS;
        }
        self.note_conflict(collection, &record, "too large to be merged, so both are kept");
        self.drop_alias(&collection.id, &record, Some(&item.luid));
        if let Some(datastore) = self.state.datastores.get_mut(index) {
            datastore.hold(standing.seq);
        }
        self.insert(arriving, body);
        status::CONFLICT_DUPLICATED
    }
}
