//! What an owner may see of a message afterwards: each item's outcome as it is decided, and the trace made of it when the turn is.
//!
//! Nothing here is decided from, and nothing of it is secret: `codec/masked.rs` takes credentials out before anything is kept.

use super::desk::Desk;
use super::receive::Arriving;
use super::{Answer, Server};
use crate::journal::Moment;
use crate::limits;
use crate::record::{CollectionId, RecordId};
use crate::store::{Batch, Snapshot, Throttle, Trace};
use crate::syncml::codec::Encoding;
use crate::syncml::message::{Status, Version};
use crate::syncml::session::{Phase, Sent, SentKind, State, Tally};
use crate::syncml::status;
use crate::syncml::trace::{self, About, Became, OfCollection, Outcome, Stand};
use std::collections::BTreeMap;

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    outcomes: Vec<Outcome>,
    bytes: usize,
    left_out: u64,
    slow: BTreeMap<String, String>,
    /// How the item being carried out was decided, where it met another's change.
    decided: String,
}

impl Watch {
    /// Why a sync is slow.
    pub fn slow(&mut self, collection: &CollectionId, why: &str) {
        self.slow.insert(collection.0.clone(), why.chars().take(limits::NOTE_CHARS_MAX).collect());
    }

    /// The item being carried out has met another's change.
    pub fn decide(&mut self, how: &str) {
        self.decided = how.chars().take(limits::NOTE_CHARS_MAX).collect();
    }

    fn push(&mut self, outcome: Outcome) {
        let bytes = outcome.bytes();
        if self.bytes + bytes > limits::TRACE_ITEMS_BYTES_MAX {
            self.left_out += 1;
        } else {
            self.bytes += bytes;
            self.outcomes.push(outcome);
        }
    }
}

impl Desk<'_> {
    /// An item of the device has got its status. `known` is the record its id meant before.
    pub fn watch_received(
        &mut self,
        arriving: Arriving<'_>,
        command: &str,
        before: Tally,
        known: Option<RecordId>,
        code: u16,
    ) {
        let Arriving { collection, index, kind, item, .. } = arriving;
        let now = self.state.datastores.get(index).map(|datastore| datastore.tally).unwrap_or_default();
        let decision = std::mem::take(&mut self.watch.decided);
        let became = match code {
            status::CONFLICT_MERGED => Became::Merged,
            status::CONFLICT_CLIENT_WINS => Became::ClientWins,
            status::CONFLICT_DUPLICATED => Became::KeptBoth,
            status::CONFLICT_SERVER_WINS => Became::ServerWins,
            _ if now.refused > before.refused => Became::Refused,
            _ if now.added > before.added => Became::Added,
            _ if now.changed > before.changed && !decision.is_empty() => Became::Revived,
            _ if now.changed > before.changed => Became::Changed,
            _ if now.deleted > before.deleted => Became::Deleted,
            _ if now.conflicts > before.conflicts => Became::ServerWins,
            _ if item.more || arriving.datastore.stages() => Became::Staged,
            _ => Became::Same,
        };
        let record = self.record_of(&collection.id, &item.luid).or(known);
        self.watch.push(Outcome {
            collection: collection.id.0.clone(),
            message: self.part.message,
            command: command.to_owned(),
            verb: kind.name().to_owned(),
            luid: item.luid.0.clone(),
            record: record.as_ref().map(RecordId::as_str).unwrap_or_default().to_owned(),
            became,
            decision,
            status: code,
        });
    }

    /// A command of ours is on its way.
    pub fn watch_sent(&mut self, sent: &Sent) {
        let outcome = self.of_sent(sent);
        self.watch.push(Outcome { became: Became::Sent, ..outcome });
    }

    /// The device has answered one.
    pub fn watch_answered(&mut self, sent: &Sent, answer: &Status) {
        let became = if status::is_done(answer.code) { Became::Taken } else { Became::Failed };
        let outcome = self.of_sent(sent);
        self.watch.push(Outcome { became, status: answer.code, ..outcome });
    }

    fn of_sent(&self, sent: &Sent) -> Outcome {
        let collection = self.state.datastores.get(sent.datastore).map(|known| known.collection.0.clone());
        let verb = match sent.kind {
            SentKind::Add => "Add",
            SentKind::Replace => "Replace",
            SentKind::Delete => "Delete",
        };
        Outcome {
            collection: collection.unwrap_or_default(),
            message: sent.message,
            command: sent.command.clone(),
            verb: verb.to_owned(),
            record: sent.record.as_str().to_owned(),
            ..Outcome::default()
        }
    }
}

impl Server<'_> {
    /// What is to be kept of this message: `None` where nothing is kept. The state remembers where its trace stands.
    pub fn trace(
        &self,
        state: &mut State,
        login: &str,
        seen: Seen<'_>,
        snapshot: &Snapshot,
        now: Moment,
        random: impl FnOnce() -> [u8; 32],
    ) -> Option<Box<Trace>> {
        if self.settings.trace_days() == 0 {
            return None;
        }
        if state.trace.is_none() {
            state.trace.id = Trace::session_id(now, random());
        }
        state.trace.number += 1;
        let room = state.trace.bytes < limits::TRACE_SESSION_BYTES_MAX;
        let keep = |bytes| if room { trace::kept(bytes) } else { (None, false) };
        let ((request, exact_in), (reply, exact_out)) = (keep(self.body), keep(seen.reply));
        let size = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len) as u64;
        state.trace.bytes += size(&request) + size(&reply);
        let about = About {
            login: login.to_owned(),
            stand: match () {
                () if state.suspended => Stand::Suspended,
                () if state.phase == Phase::Over => Stand::Complete,
                () => Stand::Open,
            },
            bytes_out: seen.reply.len(),
            exact_in,
            exact_out,
            rows_written: seen.batch.rows() + 1,
            collections: state.datastores.iter().map(of_collection).collect(),
            slow: seen.watch.slow,
            notes: seen.notes,
            left_out: seen.watch.left_out,
            statements: self.needed.spent.statements,
            rows_read: self.needed.spent.rows_read,
            ..self.about(state.version)
        };
        Some(Box::new(Trace {
            session: state.trace.id.clone(),
            number: state.trace.number,
            peer: self.device(),
            at: now,
            since: snapshot.account.as_ref().map_or(0, |account| account.head),
            head: 0,
            about: serde_json::to_string(&about).unwrap_or_default(),
            items: serde_json::to_string(&seen.watch.outcomes).unwrap_or_default(),
            request,
            reply,
        }))
    }

    /// A wrong password counted, and what is kept of it where the account is known.
    pub fn counted(
        &self,
        throttle: Throttle,
        answer: &Answer,
        why: &str,
        version: Version,
        snapshot: &Snapshot,
        now: Moment,
    ) -> Batch {
        let account = snapshot.account.as_ref().map(|account| account.id.clone());
        let trace =
            self.trace_of_refused(&answer.body, why, version, snapshot, now).filter(|_| account.is_some());
        let account = account.filter(|_| trace.is_some()).unwrap_or_default();
        Batch { account, peer_id: self.device(), now, throttles: vec![throttle], trace, ..Batch::default() }
    }

    /// The same of one that was not let in although its account is known: the last one of ten minutes.
    fn trace_of_refused(
        &self,
        reply: &[u8],
        why: &str,
        version: Version,
        snapshot: &Snapshot,
        now: Moment,
    ) -> Option<Box<Trace>> {
        if self.settings.trace_days() == 0 {
            return None;
        }
        let ((request, exact_in), (kept, exact_out)) = (trace::kept(self.body), trace::kept(reply));
        let about = About {
            login: super::authenticate::login_of(self).unwrap_or_default(),
            stand: Stand::Refused,
            why: why.chars().take(limits::NOTE_CHARS_MAX).collect(),
            bytes_out: reply.len(),
            exact_in,
            exact_out,
            statements: self.needed.spent.statements,
            rows_read: self.needed.spent.rows_read,
            rows_written: 2,
            ..self.about(version)
        };
        let slot = now - now.rem_euclid(trace::REFUSED_SLOT_MS);
        Some(Box::new(Trace {
            session: trace::refused_session(slot),
            number: 1,
            peer: self.device(),
            at: now,
            since: snapshot.account.as_ref().map_or(0, |account| account.head),
            head: 0,
            about: serde_json::to_string(&about).unwrap_or_default(),
            items: "[]".to_owned(),
            request,
            reply: kept,
        }))
    }

    fn about(&self, version: Version) -> About {
        let header = &self.inbox.message.header;
        About {
            session_id: header.session_id.clone(),
            version: version.dtd().to_owned(),
            encoding: match self.encoding {
                Encoding::Xml => "xml".to_owned(),
                Encoding::Wbxml => "wbxml".to_owned(),
            },
            message: header.message_id,
            bytes_in: self.body.len(),
            ..About::default()
        }
    }
}

/// What a turn came to.
pub struct Seen<'a> {
    /// What was seen of items.
    pub watch: Watch,
    /// What there is to say.
    pub notes: Vec<String>,
    /// The answer.
    pub reply: &'a [u8],
    /// What is written, but for the trace.
    pub batch: &'a Batch,
}

fn of_collection(datastore: &crate::syncml::session::Datastore) -> OfCollection {
    OfCollection {
        collection: datastore.collection.0.clone(),
        mode: datastore.mode.name().to_owned(),
        tally: datastore.tally,
    }
}
