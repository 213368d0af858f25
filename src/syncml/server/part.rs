//! Field-level `Replace`: a part of an item laid over what is here (DS 1.2; `syncml.md` 4.14).
//!
//! How it is laid over is said in `journal/merge/part.rs`; what it cannot be laid over is 426, and the device sends the whole.

use super::desk::Desk;
use super::receive::Arriving;
use crate::journal::{matching, merge};
use crate::record::{Body, Content};
use crate::store::Policy;
use crate::syncml::message::ChangeKind;
use crate::syncml::status;

impl Desk<'_> {
    /// Replaces the listed properties. A field that another hand changed too is the later arrival's, unless what is here stays;
    /// both cannot be kept, because a part is no record.
    pub fn replace_part(&mut self, arriving: Arriving<'_>, body: &Body) -> u16 {
        let Arriving { collection, datastore, index, kind, item, .. } = arriving;
        if kind != ChangeKind::Replace {
            return status::PARTIAL_NOT_ACCEPTED;
        }
        let Some(standing) = self.standing(datastore, &item.luid, Some(body)) else {
            return status::PARTIAL_NOT_ACCEPTED;
        };
        let stored = match &standing.content {
            Content::Body(stored) => stored,
            Content::Large(_) => return status::RETRY_LATER,
            Content::Deleted => return status::PARTIAL_NOT_ACCEPTED,
        };
        let Some(whole) = merge::part(stored, body) else { return status::PARTIAL_NOT_ACCEPTED };
        if whole.bytes.len() > self.server.settings.object_bytes_max() {
            return status::ENTITY_TOO_LARGE;
        }
        let record = standing.alias.record.clone();
        self.claim(datastore, record.clone(), item.luid.clone(), standing.alias.seq);
        if matching::is_same(&whole, matching::key(&whole).as_ref(), stored) {
            self.tally(index, |tally| tally.same += 1);
            return status::OK;
        }
        if !standing.conflict {
            let origin = self.peer.id.0.clone();
            self.write(collection, record, whole, None, false, origin);
            self.tally(index, |tally| tally.changed += 1);
            return status::OK;
        }
        self.tally(index, |tally| tally.conflicts += 1);
        if collection.policy == Policy::ServerWins {
            self.note_conflict(collection, &record, "what is here stays");
            return status::CONFLICT_SERVER_WINS;
        }
        self.note_conflict(collection, &record, "a part of it was replaced");
        // The device has not seen the rest of it: the whole goes back.
        self.sends_back = true;
        self.write(collection, record, whole, None, false, String::new());
        status::CONFLICT_MERGED
    }
}
