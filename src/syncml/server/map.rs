//! What the device says of what we sent: Maps and statuses (DS 1.2 sections 6.3, 9.4; `syncml.md` 4.5, 4.6).

use super::desk::Desk;
use super::identify;
use crate::peer::{Alias, Luid};
use crate::record::{CollectionId, RecordId, Seq};
use crate::store::{Acknowledged, Target};
use crate::syncml::inbox::{self, trim};
use crate::syncml::message::{Map, Status};
use crate::syncml::session::{Datastore, Sent, SentKind};
use crate::syncml::status;

impl Desk<'_> {
    /// A Map, in whatever phase: a cached one of the last session comes before the changes of this one.
    pub fn map(&mut self, map: &Map) {
        let path = inbox::path(&map.target, Some(&map.source));
        let (targets, sources) = (vec![map.target.uri.clone()], vec![map.source.uri.clone()]);
        let Some(collection) = self.collection(&path).map(|collection| collection.id.clone()) else {
            self.status(false, &map.command_id, "Map", &targets, &sources, status::NOT_FOUND);
            return;
        };
        for item in &map.items {
            let (ours, luid) = (trim(&item.target.uri), trim(&item.source.uri));
            if luid.is_empty() || luid.len() > RecordId::BYTES_MAX {
                continue;
            }
            let found = self.known.target(&collection, ours);
            match found {
                Some(found) => self.map_one(&collection, found, Luid(luid.to_owned())),
                // A phone can do nothing about a Map that is not understood.
                None => self.notes.push(format!("a Map names {ours:?}, which is nothing of ours")),
            }
        }
        self.status(false, &map.command_id, "Map", &targets, &sources, status::OK);
    }

    fn map_one(&mut self, collection: &CollectionId, found: &Target, luid: Luid) {
        let bookmark = self.bookmarked(collection);
        let index = self.state.datastore(collection).map(|(index, _)| index);
        let sent = index.and_then(|index| self.unanswered.mapped(index, &found.record));
        let key = (collection.clone(), found.record.clone());
        let before = self.alias(&key, found.alias.as_ref()).cloned();
        let acknowledged = before.as_ref().map_or(0, |alias| alias.seq);
        let luid = Some(luid);
        // A Map that is only said again says nothing of an Add that went out since and broke off.
        let again = before.as_ref().is_some_and(|alias| alias.luid == luid);
        let seq = match sent {
            Some(sent) => sent.seq,
            None if again => acknowledged,
            None => acknowledged.max(self.state.added_earlier(collection, &found.record).unwrap_or(0)),
        };
        self.put_alias(Alias {
            collection: collection.clone(),
            record: found.record.clone(),
            luid,
            // A phone that does not learn that its Map came sends it again, under the same name.
            temporary: before.and_then(|alias| alias.temporary),
            generation: bookmark.attempt,
            seq,
        });
        let paged = self.known.is_paged(collection, &found.record);
        if let Some((_, datastore)) = self.state.datastore(collection) {
            datastore.unmapped.remove(&found.record);
            if seq < found.seq && !paged {
                // What was mapped has changed since, or is deleted, and the page was read without the Map: the next session
                // looks at it again.
                datastore.hold(found.seq);
            }
        }
    }

    /// A status of a command of ours.
    pub fn acknowledge(&mut self, answer: &Status) {
        let of_header = answer.command_ref.trim() == "0";
        if answer.code == status::IN_PROGRESS {
            // It has not done it yet: what was sent stays unanswered, and nothing more is sent meanwhile.
            self.device_is_busy |= of_header;
            return;
        }
        if of_header {
            return;
        }
        match answer.command.as_str() {
            "Sync" if !status::is_done(answer.code) => return self.sync_refused(answer),
            "Alert" if answer.code == status::REFRESH_REQUIRED => return self.compare_after_all(answer),
            // There are no credentials but the login's: that datastore is not synchronised.
            "Alert" if identify::is_challenge(answer.code) && !self.challenged => {
                return self.fail(answer, "asks for credentials of its own for");
            }
            _ => {}
        }
        if self.answers_piece(answer) {
            return;
        }
        let sent = self.unanswered.answered(answer.message_ref, answer.command_ref.trim());
        let Some(sent) = sent else { return };
        self.watch_answered(&sent, answer);
        let Some(collection) = self.state.datastores.get(sent.datastore).map(|d| d.collection.clone()) else {
            return;
        };
        match (sent.kind, answer.code) {
            (SentKind::Add, code) if status::is_done(code) || code == status::ALREADY_EXISTS => {
                self.took_add(&collection, &sent)
            }
            (SentKind::Replace, code) if status::is_done(code) => self.took_replace(&collection, &sent),
            (SentKind::Delete, code) if status::is_done(code) || is_gone(code) => {
                let luid = self.luid_of(&collection, &sent.record);
                self.drop_alias(&collection, &sent.record, luid.as_ref());
            }
            (kind, code) => self.refused(&collection, &sent, kind, code),
        }
    }

    /// The device took an Add; unless its Map came too, that is still to come.
    fn took_add(&mut self, collection: &CollectionId, sent: &Sent) {
        let mapped =
            self.aliases.get(&(collection.clone(), sent.record.clone())).is_some_and(Option::is_some)
                || self.maps_now(collection, &sent.record);
        if mapped {
            // The Map of the same message makes the alias; it takes the stamp from what was sent.
            self.unanswered.put_back(sent.clone());
            return;
        }
        self.acknowledged(collection, &sent.record, sent.seq);
        if let Some((_, datastore)) = self.state.datastore(collection) {
            datastore.expect_map(sent.record.clone(), sent.seq);
        }
    }

    /// Whether a Map of this same message names the record.
    fn maps_now(&self, collection: &CollectionId, record: &RecordId) -> bool {
        self.known.is_mapped(collection, record)
    }

    fn took_replace(&mut self, collection: &CollectionId, sent: &Sent) {
        let key = (collection.clone(), sent.record.clone());
        if let Some(Some(alias)) = self.aliases.get_mut(&key) {
            alias.seq = alias.seq.max(sent.seq);
            return;
        }
        self.acknowledged(collection, &sent.record, sent.seq);
    }

    fn acknowledged(&mut self, collection: &CollectionId, record: &RecordId, seq: Seq) {
        let generation = self.bookmarked(collection).attempt;
        self.batch.acknowledged.push(Acknowledged {
            collection: collection.clone(),
            record: record.clone(),
            seq,
            generation,
        });
    }

    /// The device did not take it. What it can never take is not offered for ever; anything else comes again.
    pub fn refused(&mut self, collection: &CollectionId, sent: &Sent, kind: SentKind, code: u16) {
        self.notes.push(format!("the device refused {} with {code}", sent.record.as_str()));
        if status::is_final_refusal(code) {
            return;
        }
        if kind == SentKind::Replace && (is_gone(code) || code >= 1000) {
            // The device no longer knows the item: next time it comes as an Add.
            let luid = self.luid_of(collection, &sent.record);
            self.drop_alias(collection, &sent.record, luid.as_ref());
        }
        if let Some((_, datastore)) = self.state.datastore(collection) {
            datastore.hold(sent.seq);
            if code == status::DEVICE_FULL {
                datastore.room.close();
            }
        }
    }

    fn luid_of(&self, collection: &CollectionId, record: &RecordId) -> Option<Luid> {
        self.known.held(collection, record).and_then(|held| held.alias.luid.clone())
    }

    /// The device refused a `Sync` as a whole: none of its anchors moves.
    fn sync_refused(&mut self, answer: &Status) {
        self.fail(answer, "refused the Sync of");
    }

    /// None of the anchors of the datastores that a status is about moves.
    fn fail(&mut self, answer: &Status, what: &str) {
        for datastore in &mut self.state.datastores {
            if is_about(answer, datastore) || (answer.target_refs.is_empty() && answer.source_refs.is_empty())
            {
                datastore.failed = true;
                let said = format!("the device {what} {} with {}", datastore.collection.0, answer.code);
                self.notes.push(said);
            }
        }
    }
}

/// Whether a status of our alert or `Sync` names this datastore.
pub fn is_about(answer: &Status, datastore: &Datastore) -> bool {
    let named = |refs: &[String], path: &str| {
        refs.iter().any(|spelt| inbox::comparable(spelt) == inbox::comparable(path))
    };
    named(&answer.target_refs, &datastore.source) || named(&answer.source_refs, &datastore.target)
}

fn is_gone(code: u16) -> bool {
    matches!(code, status::NOT_FOUND | status::GONE)
}
