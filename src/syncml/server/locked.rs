//! Collections that devices may only read: what they send changes nothing here (`syncml.md` 3.2, status 425).
//!
//! What a device holds already is recognised all the same, or a slow sync would double it. A change is refused, or, where the
//! collection is quiet, answered as if it were done; what is here goes back to the device in its next session.

use super::desk::Desk;
use super::receive::{Arriving, Standing};
use crate::journal::merge;
use crate::peer::Alias;
use crate::record::{Body, Content, Seq};
use crate::syncml::message::ChangeKind;
use crate::syncml::status;

impl Desk<'_> {
    /// An item that is here already, or one that may not be.
    pub fn take_locked(&mut self, arriving: Arriving<'_>, body: &Body) -> u16 {
        let Arriving { datastore, index, kind, item, .. } = arriving;
        let standing = self.standing(datastore, &item.luid, Some(body));
        let held = match &standing {
            Some(standing) => self.is_held_so(arriving, body, standing).then(|| {
                let seq = if standing.conflict { standing.alias.seq } else { standing.seq };
                (standing.alias.record.clone(), seq.max(standing.alias.seq))
            }),
            None => self.match_found(arriving),
        };
        if let Some((record, seq)) = held {
            self.claim(datastore, record, item.luid.clone(), seq);
            self.tally(index, |tally| tally.same += 1);
            return arriving.done();
        }
        if !arriving.collection.quiet {
            return status::PERMISSION_DENIED;
        }
        match standing.filter(|standing| standing.content.is_live()) {
            Some(standing) => self.send_back(arriving, standing),
            None => self.leave_undone(arriving),
        }
        if kind == ChangeKind::Add { status::ITEM_ADDED } else { status::OK }
    }

    /// A Delete, a Copy or a Move, or anything in a refresh.
    pub fn refuse_locked(&mut self, arriving: Arriving<'_>, kind: ChangeKind) -> u16 {
        if !arriving.collection.quiet || matches!(kind, ChangeKind::Copy | ChangeKind::Move) {
            return status::PERMISSION_DENIED;
        }
        if kind != ChangeKind::Delete || arriving.datastore.stages() {
            self.leave_undone(arriving);
            return if kind == ChangeKind::Add { status::ITEM_ADDED } else { status::OK };
        }
        if arriving.datastore.mode.compares() {
            return status::FORBIDDEN;
        }
        let Some(standing) = self.standing(arriving.datastore, &arriving.item.luid, None) else {
            return status::NOT_DELETED;
        };
        self.drop_alias(&arriving.collection.id, &standing.alias.record, Some(&arriving.item.luid));
        if standing.content.is_live() {
            self.hold_for_next(arriving, standing.seq);
        }
        status::OK
    }

    /// Whether what arrives is what is here, as far as the device can hold it, or what it last had.
    fn is_held_so(&self, arriving: Arriving<'_>, body: &Body, standing: &Standing) -> bool {
        let supported = self.supported(arriving.datastore, &body.form);
        if standing.conflict && standing.unchanged(body, supported.as_ref()) {
            return true;
        }
        match &standing.content {
            Content::Body(stored) => merge::replace(stored, body, supported.as_ref()) == *stored,
            Content::Large(_) | Content::Deleted => false,
        }
    }

    /// The next session sends what is here, in the place of what the device has made of it.
    fn send_back(&mut self, arriving: Arriving<'_>, standing: Standing) {
        let generation = self.bookmarked(&arriving.collection.id).attempt;
        self.put_alias(Alias {
            luid: Some(arriving.item.luid.clone()),
            seq: 0,
            generation,
            ..standing.alias
        });
        self.hold_for_next(arriving, standing.seq);
    }

    fn hold_for_next(&mut self, arriving: Arriving<'_>, seq: Seq) {
        self.leave_undone(arriving);
        if let Some(datastore) = self.state.datastores.get_mut(arriving.index) {
            datastore.hold(seq);
        }
    }

    fn leave_undone(&mut self, arriving: Arriving<'_>) {
        let (collection, luid) = (&arriving.collection.id.0, &arriving.item.luid.0);
        let luid: String = luid.chars().filter(|c| !c.is_control()).take(40).collect();
        self.notes
            .push(format!("{collection} is read-only: {} of {luid} is left undone", arriving.kind.name()));
    }
}
