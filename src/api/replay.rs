//! `…/sessions/{session}/replay`: a session's messages once more, against a scratch copy of what its collections held when it began.
//!
//! The copy is put together in memory and thrown away. What has changed since is left out of it, because what it was is not
//! known; the device's anchors are those it came with. Its credentials were never kept: it is signed in with others, and what
//! only credentials, tokens and stamps make different is not called different.

use super::fixture::whole;
use super::refusal::Refusal;
use super::session::unknown;
use super::{Answer, Deed, Scene, told};
use crate::exchange::{self, Decision, Seed, Served};
use crate::http::Request;
use crate::limits;
use crate::peer::{Alias, Bookmark, PeerId, Place};
use crate::record::{CollectionId, Record, Seq};
use crate::secret::{self, Sealer};
use crate::settings::Settings;
use crate::store::memory::{MemoryStore, Scratch};
use crate::store::{Account, Login, PageAsk, Peer, Reads, Trace, View};
use crate::syncml::codec::{self, Encoding};
use crate::syncml::message::{Anchor, Command, Message};
use crate::syncml::server::Server;
use crate::syncml::trace::Stand;
use crate::syncml::{credential, inbox, trace};
use serde_json::{Map, Value, json};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// What a scratch copy may hold.
const RECORDS_MAX: usize = 5_000;
const BYTES_MAX: usize = 8_000_000;
const PAGE_RECORDS_MAX: usize = 1_000;

/// How many lines of one answer are said to be different.
const DIFFERENCES_MAX: usize = 40;

/// One replay on its way: the copy grows page by page.
pub struct Replay {
    id: String,
    traces: Vec<Trace>,
    peer: Peer,
    bookmarks: Vec<Bookmark>,
    records: Vec<Record>,
    bytes: usize,
    aliases: Vec<Alias>,
    /// The collections still to be read, the one being read last, and how far that has come.
    rest: Vec<CollectionId>,
    after: Seq,
}

impl Replay {
    /// Of a session.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            traces: Vec::new(),
            peer: Peer::default(),
            bookmarks: Vec::new(),
            records: Vec::new(),
            bytes: 0,
            aliases: Vec::new(),
            rest: Vec::new(),
            after: 0,
        }
    }

    fn device(&self) -> PeerId {
        self.traces.first().map(|trace| trace.peer.clone()).unwrap_or_default()
    }

    /// The head when the session began.
    fn since(&self) -> Seq {
        self.traces.first().map_or(0, |trace| trace.since)
    }

    fn next(&self, reads: Reads) -> Option<Reads> {
        let path = self.rest.last()?.0.clone();
        let page = PageAsk::Collection {
            path: path.clone(),
            after: self.after,
            until: Some(self.since()),
            live_only: false,
            records_max: PAGE_RECORDS_MAX,
            bytes_max: limits::PAGE_BYTES_MAX,
        };
        let mapping = View::Mapping { peer: self.device(), path, after: None, rows_max: RECORDS_MAX };
        let views = if self.after == 0 { vec![mapping] } else { Vec::new() };
        Some(Reads { peer: Some(self.device()), page: Some(page), views, collections: true, ..reads })
    }

    /// Takes a page into the copy.
    fn take(&mut self, scene: &Scene<'_>) -> Result<(), Refusal> {
        let snapshot = scene.snapshot;
        let too_large = || {
            let words = format!("A replay holds {RECORDS_MAX} records and {BYTES_MAX} bytes; there is more.");
            Err(Refusal::too_large(words))
        };
        if snapshot.views.more {
            return too_large();
        }
        self.peer = snapshot.peer.clone().unwrap_or_else(|| Peer { id: self.device(), ..Peer::default() });
        self.bookmarks.clone_from(&snapshot.bookmarks);
        self.aliases.extend(snapshot.views.mapping.iter().map(|(alias, _)| alias.clone()));
        for record in snapshot.page.iter().map(|outgoing| &outgoing.record) {
            self.after = record.seq;
            self.bytes += record.content.body().map_or(0, |body| body.bytes.len());
            self.records.push(record.clone());
        }
        if self.records.len() > RECORDS_MAX || self.bytes > BYTES_MAX {
            return too_large();
        }
        if !snapshot.more {
            self.rest.pop();
            self.after = 0;
        }
        Ok(())
    }

    /// The copy, and a login to it.
    fn scratch(&mut self, scene: &Scene<'_>, login: Login) -> Scratch {
        let since = self.since();
        let account = Account { head: since, swept: Seq::MAX / 2, ..scene.account.clone() };
        let records = std::mem::take(&mut self.records);
        let mut aliases = std::mem::take(&mut self.aliases);
        aliases.retain(|alias| {
            let there = |record: &Record| record.collection == alias.collection && record.id == alias.record;
            alias.seq <= since && records.iter().any(there)
        });
        Scratch {
            account,
            login,
            collections: scene.snapshot.collections.clone(),
            records,
            peer: Peer { settings: self.peer.settings.clone(), ..self.peer.clone() },
            bookmarks: self.bookmarks_then(scene),
            aliases,
        }
    }

    /// The device's bookmarks as its own anchors say they were.
    fn bookmarks_then(&self, scene: &Scene<'_>) -> Vec<Bookmark> {
        let said = |trace: &Trace| trace.request.as_deref().and_then(|bytes| codec::decode(bytes).ok());
        let presented: Vec<(CollectionId, Anchor)> =
            self.traces.iter().filter_map(said).flat_map(|(message, _)| anchors(&message, scene)).collect();
        let last = self.traces.last().map(trace::about).unwrap_or_default();
        let then = |bookmark: &Bookmark| {
            let found = presented.iter().find(|(collection, _)| *collection == bookmark.collection);
            let anchor = found.and_then(|(_, anchor)| anchor.last.clone()).unwrap_or_default();
            let of = last.collections.iter().find(|of| of.collection == bookmark.collection.0);
            let slow = of.is_none_or(|of| of.mode == "slow") || anchor.is_empty();
            let generation = bookmark.confirmed.generation;
            let place = Place {
                cursor: self.since(),
                anchor,
                own_anchor: bookmark.newest().own_anchor.clone(),
                generation,
                ..Place::default()
            };
            let confirmed = if slow { Place { generation, ..Place::default() } } else { place };
            let (collection, attempt) = (bookmark.collection.clone(), bookmark.attempt);
            Bookmark { collection, confirmed, attempt, ..Bookmark::default() }
        };
        self.bookmarks.iter().map(then).collect()
    }

    /// Says everything again, and what comes of it.
    fn play(&mut self, scene: &Scene<'_>, seed: &mut Seed) -> Result<Value, Refusal> {
        let login = self.traces.last().map(trace::about).unwrap_or_default().login;
        let password = secret::text_nonce(seed.draw());
        let sealer = Sealer::new(&seed.draw()).ok_or_else(Refusal::broken)?;
        let sealed = sealer.seal(&login, &password, seed.draw());
        let opens = Login { name: login.clone(), account: scene.account.id.clone(), sealed, local: false };
        let copy = self.scratch(scene, opens);
        let records = copy.records.len();
        let store = MemoryStore::scratch(copy);
        let settings = Settings {
            sealer: Some(sealer),
            syncml_mac: false,
            syncml_trace_days: Some(0),
            ..scene.settings.clone()
        };
        let mut messages = Vec::new();
        for trace in &self.traces {
            let request = trace.request.as_deref().and_then(|bytes| codec::decode(bytes).ok());
            let Some((mut message, encoding)) = request else {
                return Err(Refusal::too_large("A message of this session was too large to be kept."));
            };
            if message.header.credential.is_some() || trace.number == 1 {
                message.header.credential = Some(credential::basic_cred(&login, &password));
            }
            let request = Request {
                method: "POST".into(),
                path: "/syncml".into(),
                body: codec::encode(&message, encoding),
                origin: scene.origin.to_owned(),
                ..Request::default()
            };
            let server = Server::new(&request, &settings).map_err(|_| Refusal::broken())?;
            let served = serve(server, &store, trace, Seed::new(seed.draw())).ok_or_else(Refusal::broken)?;
            messages.push(compared(trace, &served));
        }
        Ok(json!({ "messages": messages, "records": records }))
    }
}

impl Deed for Replay {
    fn ask(&mut self, reads: Reads) -> Reads {
        *self = Self::new(&self.id);
        Reads { views: vec![whole(&self.id)], collections: true, ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, seed: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        if self.traces.is_empty() {
            self.traces.clone_from(&scene.snapshot.views.traces);
            let last = trace::about(self.traces.last().ok_or_else(|| unknown(&self.id))?);
            if last.stand == Stand::Refused {
                return Err(refused(&last.why));
            }
            self.rest = last.collections.into_iter().map(|of| CollectionId(of.collection)).collect();
        } else {
            self.take(scene)?;
        }
        match self.next(scene.reads.clone()) {
            Some(reads) => Ok(Decision::Ask(Box::new(reads))),
            None => told(&self.play(scene, seed)?),
        }
    }
}

/// Whoever was not let in then is let in now, so that nothing of the two answers would be the same.
fn refused(why: &str) -> Refusal {
    let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
    Refusal::conflict(format!(
        "This session was refused{why}. A replay is let in, as its credentials are not kept: there is nothing to compare."
    ))
}

/// The anchors that a message's alerts present, by collection.
fn anchors(message: &Message, scene: &Scene<'_>) -> Vec<(CollectionId, Anchor)> {
    let alerts = message.commands.iter().filter_map(|command| match command {
        Command::Alert(alert) => Some(alert),
        _ => None,
    });
    let found = alerts.flat_map(|alert| &alert.items).filter_map(|item| {
        let path = inbox::path(item.target.as_ref()?, item.source.as_ref());
        let collection = scene.snapshot.collection_at(&path)?;
        Some((collection.id.clone(), item.meta.anchor.clone()?))
    });
    found.collect()
}

/// A store in memory never makes anybody wait.
fn serve(mut server: Server<'_>, store: &MemoryStore, trace: &Trace, seed: Seed) -> Option<Served> {
    let served = pin!(exchange::exchange(&mut server, store, trace.at, seed));
    match served.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(served) => Some(served),
        Poll::Pending => None,
    }
}

/// What was answered now, beside what was answered then.
fn compared(trace: &Trace, served: &Served) -> Value {
    let (now, _) = codec::masked(&served.response.body).unwrap_or_default();
    let then = trace.reply.as_deref().map(lines).unwrap_or_default();
    let differences = differences(&then, &lines(&now));
    let mut shown = Map::new();
    shown.insert("number".into(), json!(trace.number));
    shown.insert("same".into(), json!(differences.is_empty() && trace.reply.is_some()));
    shown.insert("status".into(), json!(served.response.status));
    shown.insert("reply".into(), json!(secret::base64(&now)));
    if let Ok((message, _)) = codec::decode(&now) {
        let xml = codec::encode(&message, Encoding::Xml);
        shown.insert("xml".into(), json!(String::from_utf8_lossy(&xml)));
    }
    shown.insert("differences".into(), json!(differences));
    Value::Object(shown)
}

/// An answer as lines of XML, without what never is the same twice: challenges, credentials, addresses of ours, our anchors.
fn lines(bytes: &[u8]) -> Vec<String> {
    let Ok((mut message, _)) = codec::decode(bytes) else { return Vec::new() };
    message.header.respond_to = None;
    message.header.credential = None;
    for command in &mut message.commands {
        match command {
            Command::Status(status) => {
                status.challenge = None;
                status.target_refs.retain(|target| !target.contains("/syncml"));
            }
            Command::Alert(alert) => alert.items.iter_mut().for_each(|item| item.meta.anchor = None),
            _ => {}
        }
    }
    let xml = codec::encode(&message, Encoding::Xml);
    String::from_utf8_lossy(&xml).replace("><", ">\n<").lines().map(str::to_owned).collect()
}

/// What stands between the first and the last line that are different.
fn differences(then: &[String], now: &[String]) -> Vec<String> {
    let same = |a: &mut dyn Iterator<Item = (&String, &String)>| a.take_while(|(a, b)| a == b).count();
    let before = same(&mut then.iter().zip(now));
    let (then, now) = (then.get(before..).unwrap_or_default(), now.get(before..).unwrap_or_default());
    let after = same(&mut then.iter().rev().zip(now.iter().rev()));
    let said = |lines: &[String], sign: &str| -> Vec<String> {
        let lines = lines.get(..lines.len() - after).unwrap_or_default();
        lines.iter().take(DIFFERENCES_MAX).map(|line| format!("{sign} {line}")).collect()
    };
    [said(then, "-"), said(now, "+")].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_different_is_between_what_is_the_same() {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(differences(&lines("a b c d"), &lines("a x c d")), ["- b", "+ x"]);
        assert_eq!(differences(&lines("a a"), &lines("a a a")), ["+ a"]);
        assert_eq!(differences(&lines("a b"), &lines("a b")), [""; 0]);
    }
}
