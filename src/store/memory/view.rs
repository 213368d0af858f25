//! What an account's owner sees of the reference store, and what is kept for that.

use crate::limits;
use crate::peer::PeerId;
use crate::record::{CollectionId, Record, RecordId};
use crate::store::memory::{House, Tenant};
use crate::store::{Batch, Sweep, Trace, View, Views};
use std::collections::BTreeMap;

impl House {
    /// What is seen of all accounts.
    pub(super) fn look_round(&self, asked: &[View], views: &mut Views) {
        for view in asked {
            let View::Due { now, rows_max } = view else { continue };
            let all = self.tenants.values().flat_map(|tenant| tenant.arranged.values());
            let mut due: Vec<_> = all.filter(|it| it.due <= *now && it.leased <= *now).collect();
            due.sort_by_key(|it| (it.due, &it.account, &it.name));
            views.arranged = due.into_iter().take(*rows_max).cloned().collect();
        }
    }

    pub(super) fn look(&self, tenant: &Tenant, asked: &[View], views: &mut Views) {
        for view in asked {
            match view {
                View::Account => {
                    let id = &tenant.account.id;
                    let logins = self.logins.values().filter(|login| login.account == *id);
                    views.logins = logins.cloned().collect();
                    let tokens = self.tokens.values().filter(|token| token.account == *id);
                    views.tokens = tokens.cloned().collect();
                    views.tokens.sort_by(|a, b| (a.created, &a.hash).cmp(&(b.created, &b.hash)));
                    views.device_count = tenant.peers.len() as u64;
                }
                _ => tenant.look(view, views),
            }
        }
    }
}

impl Tenant {
    fn look(&self, view: &View, views: &mut Views) {
        match view {
            View::Account | View::Due { .. } => {}
            View::Arranged => views.arranged = self.arranged.values().cloned().collect(),
            View::Counts => views.counts = self.counts(),
            View::Devices => {
                let bookmarks = |peer| self.bookmarks.iter().filter(move |((of, _), _)| of == peer);
                let device = self.peers.values().map(|peer| {
                    (peer.clone(), bookmarks(&peer.id).map(|(_, bookmark)| bookmark.clone()).collect())
                });
                views.devices = device.collect();
            }
            View::Mapping { peer, path, after, rows_max } => {
                let at = self.at(path);
                let all =
                    || self.aliases.iter().filter(|((of, collection, _), _)| of == peer && *collection == at);
                let mut page =
                    all().filter(|((_, _, record), _)| after.as_ref().is_none_or(|after| record > after));
                let live =
                    |record: &RecordId| self.record(&at, record).is_some_and(|r| r.record.content.is_live());
                let page_of = page.by_ref().take(*rows_max);
                views.mapping = page_of.map(|((_, _, id), alias)| (alias.clone(), live(id))).collect();
                (views.more, views.mapping_total) = (page.next().is_some(), all().count() as u64);
            }
            View::Sessions { peer, before, rows_max } => {
                let wanted = |trace: &&Trace| {
                    peer.as_ref().is_none_or(|peer| trace.peer == *peer)
                        && before.as_ref().is_none_or(|before| trace.session < *before)
                };
                let mut found = self.traces.values().rev().filter(wanted);
                let bare = |trace: &Trace| Trace {
                    items: String::new(),
                    request: None,
                    reply: None,
                    ..trace.clone()
                };
                views.traces = found.by_ref().take(*rows_max).map(bare).collect();
                views.more = found.next().is_some();
            }
            View::Session { session, after, rows_max, bytes_max } => {
                let found = self.traces.values().filter(|t| t.session == *session && t.number > *after);
                let mut bytes = 0;
                for trace in found {
                    bytes += trace.size();
                    let full = bytes > *bytes_max && !views.traces.is_empty();
                    views.more = full || views.traces.len() >= *rows_max;
                    if views.more {
                        break;
                    }
                    views.traces.push(trace.clone());
                }
            }
            View::Touched { path, record } => {
                let stored = self.record(&self.at(path), record);
                views.touched = stored.and_then(|stored| self.session_of(&stored.record));
            }
        }
    }

    fn counts(&self) -> Vec<(CollectionId, u64)> {
        let mut counts: BTreeMap<CollectionId, u64> = BTreeMap::new();
        for ((collection, _), stored) in &self.records {
            if stored.record.content.is_live() {
                *counts.entry(collection.clone()).or_default() += 1;
            }
        }
        counts.into_iter().collect()
    }

    /// The session that gave out a stamp.
    fn session_of(&self, record: &Record) -> Option<(String, PeerId)> {
        let seq = record.seq;
        let named = serde_json::json!(record.id.as_str()).to_string();
        let (from, to) = Trace::sessions_about(seq);
        let found = self.traces.values().filter(|trace| {
            (from.as_str()..=to.as_str()).contains(&trace.session.as_str())
                && trace.since < seq
                && trace.head >= seq
                && (trace.peer.0 == record.origin || record.origin.is_empty() && trace.items.contains(&named))
        });
        let found = found.min_by_key(|trace| trace.head)?;
        Some((found.session.clone(), found.peer.clone()))
    }

    pub(super) fn keep_trace(&mut self, batch: &Batch) {
        let Some(trace) = &batch.trace else { return };
        let changes = !batch.changes.is_empty() || !batch.refreshed.is_empty();
        let head = if changes { self.account.head } else { 0 };
        let kept = Trace { head, peer: batch.peer_id.clone(), ..(**trace).clone() };
        self.traces.insert((kept.session.clone(), kept.number), kept);
    }

    pub(super) fn sweep_traces(&mut self, sweep: &Sweep) {
        let bound = Trace::session_from(sweep.traces);
        self.traces.retain(|(session, _), _| *session >= bound);
        let mut bytes = 0;
        let mut too_old = None;
        for ((session, _), trace) in self.traces.iter().rev() {
            bytes += i64::try_from(trace.size()).unwrap_or(i64::MAX);
            if bytes > limits::TRACES_BYTES_MAX {
                too_old = Some(session.clone());
                break;
            }
        }
        if let Some(too_old) = too_old {
            self.traces.retain(|(session, _), _| *session > too_old);
        }
    }
}
