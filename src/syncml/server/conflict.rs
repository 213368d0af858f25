//! Where a device's change meets another's: the collection's policy decides (`syncml.md` 3.3, row by row).
//!
//! How two contents become one is said in `journal/merge.rs`; here is what becomes of records, aliases and statuses.

use super::desk::Desk;
use super::receive::{Arriving, Standing};
use crate::journal::merge::{self, Supported};
use crate::record::{Body, RecordId};
use crate::store::{Collection, Policy};
use crate::syncml::status;
use std::borrow::Cow;

impl Desk<'_> {
    /// Both changed it (`syncml.md` 3.3): the collection's policy decides.
    pub fn conflict(&mut self, arriving: Arriving<'_>, body: &Body, standing: Standing, stored: Body) -> u16 {
        let Arriving { collection, datastore, index, .. } = arriving;
        self.tally(index, |tally| tally.conflicts += 1);
        let record = standing.alias.record.clone();
        let supported = self.supported(datastore, &body.form);
        match collection.policy {
            Policy::ServerWins => {
                self.note_conflict(collection, &record, "what is here stays");
                status::CONFLICT_SERVER_WINS
            }
            Policy::ClientWins => {
                self.note_conflict(collection, &record, "what arrived replaces");
                let replaced = merge::replace(&stored, body, supported.as_ref());
                if replaced.bytes.len() > self.server.settings.object_bytes_max() {
                    return status::ENTITY_TOO_LARGE;
                }
                let origin = self.peer.id.0.clone();
                self.write(collection, record, replaced, None, false, origin);
                status::CONFLICT_CLIENT_WINS
            }
            Policy::KeepBoth => {
                self.note_conflict(collection, &record, "both are kept");
                self.drop_alias(&collection.id, &record, standing.alias.luid.as_ref());
                self.insert(arriving, body);
                status::CONFLICT_DUPLICATED
            }
            Policy::Merge => self.merge(arriving, body, standing, &stored, supported),
        }
    }

    fn merge(
        &mut self,
        arriving: Arriving<'_>,
        body: &Body,
        standing: Standing,
        stored: &Body,
        supported: Option<Supported>,
    ) -> u16 {
        let Arriving { collection, datastore, item, .. } = arriving;
        let record = standing.alias.record.clone();
        let (edited, base) = since_base(&standing, body, supported.as_ref());
        let mut merged = merge::merge(base, stored, &edited, supported.as_ref());
        merged.differs_from_arriving |= *edited != *body;
        if merged.body.bytes.len() > self.server.settings.object_bytes_max() {
            return status::ENTITY_TOO_LARGE;
        }
        let how = if merged.clashes.is_empty() {
            "merged".to_owned()
        } else {
            format!("merged; the later arrival won {}", merged.clashes.join(", "))
        };
        self.note_conflict(collection, &record, &how);
        if merged.differs_from_stored {
            // What goes back is nobody's own: an empty origin makes the next page show it to this device too.
            let origin = if merged.differs_from_arriving { String::new() } else { self.peer.id.0.clone() };
            self.sends_back |= merged.differs_from_arriving;
            self.write(collection, record, merged.body, None, false, origin);
        } else if !merged.differs_from_arriving {
            self.claim(datastore, record, item.luid.clone(), standing.seq);
        }
        status::CONFLICT_MERGED
    }

    pub fn note_conflict(&mut self, collection: &Collection, record: &RecordId, how: &str) {
        self.watch.decide(how);
        self.notes.push(format!("conflict in {} {}: {how}", collection.id.0, record.as_str()));
    }

    /// The device changed what is deleted here. Changed beats deleted, unless the server is to win.
    pub fn revive(&mut self, arriving: Arriving<'_>, body: &Body, standing: Standing) -> u16 {
        let Arriving { collection, datastore, index, item, .. } = arriving;
        let supported = self.supported(datastore, &body.form);
        if standing.conflict && standing.unchanged(body, supported.as_ref()) {
            // Only sent because everything is sent. A slow sync carries no deletions: the next ordinary one takes it away.
            self.claim(datastore, standing.alias.record, item.luid.clone(), standing.alias.seq);
            if let Some(datastore) = self.state.datastores.get_mut(index) {
                datastore.hold(standing.seq);
                datastore.tally.same += 1;
            }
            return status::OK;
        }
        if standing.conflict {
            self.tally(index, |tally| tally.conflicts += 1);
            if collection.policy == Policy::ServerWins {
                self.note_conflict(
                    collection,
                    &standing.alias.record,
                    "deleted here, and what is here stays",
                );
                return status::CONFLICT_SERVER_WINS;
            }
            self.note_conflict(collection, &standing.alias.record, "deleted here, but changed beats deleted");
        }
        let origin = self.peer.id.0.clone();
        let record = standing.alias.record.clone();
        self.claim(datastore, record.clone(), item.luid.clone(), standing.alias.seq);
        self.write(collection, record, body.clone(), item.key.clone(), false, origin);
        self.tally(index, |tally| tally.changed += 1);
        status::OK
    }
}

/// What arrived, without what broken sessions had brought to the device: what it has of those is no edit of its own.
fn since_base<'a>(
    standing: &'a Standing,
    body: &'a Body,
    supported: Option<&Supported>,
) -> (Cow<'a, Body>, Option<&'a Body>) {
    let Some(base) = &standing.base else { return (Cow::Borrowed(body), standing.sent.first()) };
    let without =
        |body: Cow<'a, Body>, sent: &Body| Cow::Owned(merge::merge(Some(sent), base, &body, supported).body);
    (standing.sent.iter().fold(Cow::Borrowed(body), without), Some(base))
}
