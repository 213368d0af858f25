//! `…/slow-sync` and `…/alert`: what the next sync of a device is to be, and asking it to come (package 0, `syncml/notification`).
//!
//! Nothing is posted from here: the answer has the bytes, and where the device has an address they go there from whoever asked.

use super::call::{Call, present};
use super::device::known;
use super::refusal::{Refusal, printable};
use super::{Answer, Deed, Reply, Scene, turn};
use crate::exchange::{Decision, Seed};
use crate::peer::{PeerId, PeerSettings};
use crate::record::Kind;
use crate::secret;
use crate::store::{Batch, Collection, Edit, Guard, Reads, View};
use crate::syncml::alert;
use crate::syncml::device::SERVER_ID;
use crate::syncml::message::Version;
use crate::syncml::notification::SYNCS_MAX;
use crate::syncml::notification::asking::{Package, media_type, version_of};
use crate::syncml::session::{Phase, State};
use serde::Deserialize;
use serde_json::json;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
struct Sent {
    #[serde(default, deserialize_with = "present")]
    collections: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    mode: Option<String>,
}

impl Sent {
    /// The collections that are meant: those named, or all that devices synchronise.
    fn meant(&self, scene: &Scene<'_>) -> Result<Vec<Collection>, Refusal> {
        let all = || scene.snapshot.collections.iter().filter(|known| known.kind != Kind::Table);
        let named = self.collections.as_deref().unwrap_or_default();
        let find = |path: &String| {
            let found = scene.snapshot.collection_at(path).filter(|known| known.kind != Kind::Table).cloned();
            found.ok_or_else(|| {
                Refusal::not_found(format!("No device synchronises a collection `{}`.", printable(path)))
            })
        };
        match named {
            [] => Ok(all().cloned().collect()),
            named => named.iter().map(find).collect(),
        }
    }
}

/// Letting the next sync be a slow one.
pub struct SlowSync {
    id: PeerId,
    sent: Sent,
}

impl SlowSync {
    /// Of the request.
    pub fn new(call: &Call, id: PeerId) -> Result<Self, Refusal> {
        Ok(Self { id, sent: call.json_or_nothing()? })
    }
}

impl Deed for SlowSync {
    fn ask(&mut self, reads: Reads) -> Reads {
        Reads { peer: Some(self.id.clone()), collections: true, ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let peer = known(scene, &self.id)?;
        let meant = self.sent.meant(scene)?;
        let session = scene.snapshot.session.as_ref();
        let alive = session.filter(|session| session.expires > scene.now);
        if alive
            .and_then(|session| State::read(&session.state))
            .is_some_and(|state| state.phase != Phase::Over)
        {
            return Err(Refusal::conflict(
                "A session of this device is under way: ask again when it is over.",
            ));
        }
        let mut bookmarks = scene.snapshot.bookmarks.clone();
        bookmarks.retain(|bookmark| meant.iter().any(|collection| collection.id == bookmark.collection));
        bookmarks.iter_mut().for_each(|bookmark| bookmark.ask_anew());
        let answer = json!({
            "collections": meant.iter().map(|collection| collection.id.0.as_str()).collect::<Vec<_>>(),
        });
        let batch = Batch {
            account: scene.account.id.clone(),
            guard: Guard {
                head: scene.account.head,
                session: Some(session.map_or(0, |session| session.version)),
                ..Guard::default()
            },
            now: scene.now,
            peer_id: peer.id.clone(),
            bookmarks,
            ..Batch::default()
        };
        let changes = !batch.bookmarks.is_empty();
        Ok(turn(Answer::Ready(Reply::json(200, &answer)), changes.then_some(batch)))
    }
}

/// Asking a device to come.
pub struct Alert {
    id: PeerId,
    sent: Sent,
    code: u16,
}

impl Alert {
    /// Of the request.
    pub fn new(call: &Call, id: PeerId) -> Result<Self, Refusal> {
        let sent: Sent = call.json_or_nothing()?;
        let mode = sent.mode.as_deref().unwrap_or("two-way");
        let known = alert::BY_SERVER.iter().find(|(word, _)| *word == mode);
        let words = || format!("mode is {}.", alert::BY_SERVER.map(|(word, _)| word).join(", "));
        let (_, code) = known.ok_or_else(|| Refusal::bad(words()))?;
        Ok(Self { id, code: *code, sent })
    }
}

impl Deed for Alert {
    fn ask(&mut self, reads: Reads) -> Reads {
        Reads { peer: Some(self.id.clone()), collections: true, views: vec![View::Account], ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, seed: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let peer = known(scene, &self.id)?;
        let meant = self.sent.meant(scene)?;
        if meant.len() > SYNCS_MAX {
            return Err(Refusal::bad(format!("Package 0 has room for {SYNCS_MAX} collections.")));
        }
        let login = scene.snapshot.views.logins.iter().find(|login| login.name == peer.login);
        let opened = login.zip(scene.settings.sealer.as_ref());
        let opened = opened.and_then(|(login, sealer)| sealer.open(&login.name, &login.sealed));
        let password = opened.ok_or_else(|| {
            let login = printable(&peer.login);
            Refusal::conflict(format!(
                "Package 0 is signed with the password of `{login}`, which cannot be opened."
            ))
        })?;
        let version = version_of(peer);
        let server = match version {
            Version::V12 => SERVER_ID.to_owned(),
            _ => format!("{}/syncml", scene.origin),
        };
        let package = Package::new(scene.snapshot, &meant, self.code, version, &server, &password, seed);
        let package = package.map_err(Refusal::conflict)?;
        let mut settings = PeerSettings::of_text(&peer.settings);
        package.remember(&mut settings);
        let answer = json!({
            "session": package.notification.session_id,
            "mediaType": media_type(package.version),
            "package": secret::base64(&package.bytes),
            "push": secret::base64(&package.push()),
            "signed": package.signed,
            "address": settings.alert_url,
        });
        let edits = vec![Edit::SetPeer(peer.id.clone(), settings.text())];
        let batch = Batch { account: scene.account.id.clone(), now: scene.now, edits, ..Batch::default() };
        Ok(turn(Answer::Ready(Reply::json(200, &answer)), Some(batch)))
    }
}
