//! What the server says of what we sent: statuses (DS 1.2 sections 6.3, 6.4). The mirror is `server/map.rs`.

use super::desk::{Desk, Then};
use super::state::Syncing;
use crate::record::CollectionId;
use crate::secret;
use crate::syncml::explain::of_status;
use crate::syncml::inbox;
use crate::syncml::message::Status;
use crate::syncml::session::{Sent, SentKind};
use crate::syncml::status;
use crate::upstream::Refusal;

/// How often the server may refuse to hear of a new id.
const MAP_REFUSED_MAX: u8 = 3;

/// Whether the server does not resume (225), for whatever reason: then it is asked plainly, and the anchors tell. The slow sync
/// that it offers instead would bring back what was deleted here.
pub fn refuses_resume(syncing: &Syncing) -> bool {
    syncing.answered >= 300
}

impl Desk<'_> {
    /// A status of a command of ours.
    pub fn acknowledge(&mut self, answer: &Status) -> Result<(), Then> {
        let command = answer.command_ref.trim();
        if command == "0" || answer.command == "SyncHdr" {
            return Ok(());
        }
        match answer.command.as_str() {
            "Alert" => self.hear_of_alert(answer),
            "Sync" if !status::is_done(answer.code) => self.hear_of_sync(answer),
            "Map" => self.hear_of_map(answer),
            "Put" if status::is_done(answer.code) => self.state.told = self.telling(),
            _ if self.answers_piece(answer) => self.state.silent = 0,
            _ => {
                if let Some(sent) = self.unanswered.answered(answer.message_ref, command) {
                    self.state.silent = 0;
                    self.hear_of_change(&sent, answer.code);
                }
            }
        }
        Ok(())
    }

    /// The collection that a status of an alert or a `Sync` is about.
    fn about(&self, answer: &Status) -> Option<usize> {
        let command = answer.command_ref.trim();
        let by_command = |it: &Syncing| it.alert.0 == answer.message_ref && it.alert.1 == command;
        let named = |refs: &[String], path: &str| {
            refs.iter().any(|spelt| inbox::comparable(spelt) == inbox::comparable(path))
        };
        let by_name = |it: &Syncing| {
            named(&answer.target_refs, &it.datastore.source)
                || named(&answer.source_refs, &it.datastore.target)
        };
        let alert = answer.command == "Alert";
        let exact = self.state.syncing.iter().filter(|_| alert).position(by_command);
        let named = || self.state.syncing.iter().position(by_name);
        // A server that names nothing can only mean the one there is.
        let only =
            self.state.syncing.len() == 1 && answer.target_refs.is_empty() && answer.source_refs.is_empty();
        exact.or_else(named).or((only && !alert).then_some(0))
    }

    fn hear_of_alert(&mut self, answer: &Status) {
        self.state.silent = 0;
        let Some(syncing) = self.about(answer).and_then(|index| self.state.syncing.get_mut(index)) else {
            return;
        };
        if syncing.datastore.failed || syncing.agreed {
            return;
        }
        syncing.answered = answer.code;
        let resumes = syncing.datastore.resumed && refuses_resume(syncing);
        let name = &syncing.datastore.source;
        let (code, message) = match answer.code {
            _ if resumes => return,
            status::REFRESH_REQUIRED => return,
            code if status::is_done(code) => return,
            status::NOT_FOUND | status::GONE => ("not-found", format!("The server has no {name}.")),
            status::INVALID_CREDENTIALS | status::MISSING_CREDENTIALS => {
                ("unauthorized", format!("The server wants credentials of its own for {name}."))
            }
            status::FORBIDDEN | status::PERMISSION_DENIED => {
                ("unauthorized", format!("The server does not let this login synchronise {name}."))
            }
            status::NOT_ALLOWED | status::NOT_SUPPORTED | status::NOT_IMPLEMENTED => {
                let mode = syncing.wish.name();
                ("refused", format!("The server does no {mode} sync of {name}."))
            }
            code => (
                "refused",
                format!("The server cannot synchronise {name} now (status {code}). Try again later."),
            ),
        };
        syncing.fail(code, answer.code, message);
    }

    /// The server refuses a `Sync` as a whole: none of its anchors moves.
    fn hear_of_sync(&mut self, answer: &Status) {
        self.state.silent = 0;
        let Some(index) = self.about(answer) else { return };
        let Some(syncing) = self.state.syncing.get(index) else { return };
        let (id, name) = (syncing.datastore.collection.clone(), syncing.datastore.source.clone());
        let message = if answer.code == status::REFRESH_REQUIRED {
            // It says so late: the next sync begins with it.
            self.bookmark(&id).confirmed.own_anchor.clear();
            format!("The server asks to compare all of {name}. Sync again.")
        } else {
            format!("The server refused the changes of {name} (status {}). Try again later.", answer.code)
        };
        self.count(index, |syncing| syncing.fail("refused", answer.code, message));
    }

    fn hear_of_map(&mut self, answer: &Status) {
        let command = answer.command_ref.trim();
        let meant = |map: &super::state::MapDue| map.message == answer.message_ref && map.command == command;
        self.state.silent = 0;
        if status::is_done(answer.code) {
            self.maps.retain(|_, map| map.old || !meant(map));
            self.maps.values_mut().filter(|map| meant(map)).for_each(|map| map.taken = true);
            return;
        }
        for map in self.maps.values_mut().filter(|map| meant(map)) {
            map.refused += 1;
        }
        self.maps.retain(|_, map| map.refused < MAP_REFUSED_MAX);
    }

    fn hear_of_change(&mut self, sent: &Sent, code: u16) {
        let Some(syncing) = self.state.syncing.get_mut(sent.datastore) else { return };
        syncing.sent += 1;
        let collection = syncing.datastore.collection.clone();
        let compares = syncing.datastore.mode.compares();
        let key = (collection.clone(), sent.record.clone());
        let sent_tally = &mut syncing.outcome.sent;
        match (sent.kind, code) {
            (SentKind::Delete, code) if status::is_done(code) || is_gone(code) => {
                sent_tally.deleted += 1;
                self.drop_alias(&key);
            }
            (SentKind::Add | SentKind::Replace, code)
                if status::is_done(code) || (compares && code == status::ALREADY_EXISTS) =>
            {
                match sent.kind {
                    SentKind::Add => sent_tally.added += 1,
                    _ => sent_tally.changed += 1,
                }
                let conflict = matches!(
                    code,
                    status::CONFLICT_MERGED | status::CONFLICT_CLIENT_WINS | status::CONFLICT_DUPLICATED
                );
                syncing.outcome.conflicts += u64::from(conflict);
                self.acknowledged.insert(key, sent.seq);
            }
            // The server keeps its own, and says so: it sends it.
            (_, status::CONFLICT_SERVER_WINS) => {
                syncing.outcome.conflicts += 1;
                self.acknowledged.insert(key, sent.seq);
            }
            (SentKind::Add, status::ALREADY_EXISTS) => {
                // It has an older version, from a session that broke off: the next one replaces that.
                self.acknowledged.insert(key, 1);
                self.hold(sent);
            }
            _ => self.refused(&collection, sent, code),
        }
    }

    /// The server did not take it. What it can never take is not offered for ever; anything else comes again.
    pub fn refused(&mut self, collection: &CollectionId, sent: &Sent, code: u16) {
        let again = if status::is_final_refusal(code) { "once it has changed" } else { "by the next syncs" };
        let message = format!("The server: {} ({code}). It is offered again {again}.", of_status(code));
        let record = sent.record.as_str().to_owned();
        let refusal = Refusal { record, item: String::new(), status: code, message };
        self.count(sent.datastore, |syncing| syncing.outcome.refuse(refusal));
        if status::is_final_refusal(code) {
            return;
        }
        if sent.kind == SentKind::Replace && (is_gone(code) || code >= 1_000) {
            // The server no longer knows the item: next time it comes as an Add.
            self.drop_alias(&(collection.clone(), sent.record.clone()));
        }
        self.hold(sent);
    }

    fn hold(&mut self, sent: &Sent) {
        if let Some(syncing) = self.state.syncing.get_mut(sent.datastore) {
            syncing.datastore.hold(sent.seq);
        }
    }

    /// A fingerprint of what a `Put` tells the server.
    pub fn telling(&self) -> String {
        secret::fingerprint(serde_json::json!(self.our_device()).to_string().as_bytes())
    }
}

fn is_gone(code: u16) -> bool {
    matches!(code, status::NOT_FOUND | status::GONE)
}
