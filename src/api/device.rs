//! `…/devices`: what a device can do, how far it has come, what is done differently for it; forgetting it.

use super::call::{Call, present};
use super::listing::device_name;
use super::refusal::{Refusal, printable};
use super::{Answer, Deed, Reply, Scene, told, turn};
use crate::exchange::{Decision, Seed};
use crate::peer::{Bookmark, PeerId, PeerSettings, Place};
use crate::record::Seq;
use crate::store::{Batch, Edit, Peer, Reads, Session, View};
use crate::syncml::device::DevInf;
use crate::syncml::quirk;
use crate::syncml::session::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The longest address of a device, in bytes, and the most quirks' JSON may take.
const URL_BYTES_MAX: usize = 1_000;
const QUIRKS_BYTES_MAX: usize = 4_000;

/// All devices.
pub struct All;

impl Deed for All {
    fn ask(&mut self, reads: Reads) -> Reads {
        Reads { views: vec![View::Devices], ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let mut devices: Vec<&(Peer, Vec<Bookmark>)> = scene.snapshot.views.devices.iter().collect();
        devices.sort_by_key(|(peer, _)| std::cmp::Reverse(peer.seen));
        let shown =
            devices.into_iter().map(|(peer, bookmarks)| shown(peer, bookmarks, scene.account.horizon));
        told(&json!({ "devices": shown.map(Value::Object).collect::<Vec<_>>() }))
    }
}

/// One device.
pub struct One(pub PeerId);

impl Deed for One {
    fn ask(&mut self, reads: Reads) -> Reads {
        Reads { peer: Some(self.0.clone()), ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        told(&detail(scene, known(scene, &self.0)?))
    }
}

/// The device that was asked for.
pub fn known<'s>(scene: &Scene<'s>, id: &PeerId) -> Result<&'s Peer, Refusal> {
    let unknown = || Refusal::not_found(format!("There is no device `{}`.", printable(&id.0)));
    scene.snapshot.peer.as_ref().ok_or_else(unknown)
}

fn shown(peer: &Peer, bookmarks: &[Bookmark], horizon: Seq) -> Map<String, Value> {
    let device: DevInf = serde_json::from_str(&peer.device).unwrap_or_default();
    let settings = PeerSettings::of_text(&peer.settings);
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| _ = shown.insert(name.to_owned(), value);
    put("id", json!(peer.id.0));
    put("login", json!(peer.login));
    put("seen", json!(peer.seen));
    put("name", json!(device_name(&peer.device)));
    put("maker", json!(device.maker));
    put("model", json!(device.model));
    put("firmware", json!(device.firmware));
    put("software", json!(device.software));
    put("type", json!(device.device_type));
    put("bookmarks", bookmarks.iter().map(|bookmark| shown_bookmark(bookmark, horizon)).collect());
    put(
        "settings",
        json!({
            "ctcap": settings.ctcap, "alertUrl": settings.alert_url, "quirks": settings.quirks, "alerted": settings.alerted,
        }),
    );
    shown
}

fn shown_bookmark(bookmark: &Bookmark, horizon: Seq) -> Value {
    let place = |place: &Place| json!({ "cursor": place.cursor, "anchor": place.anchor.trim(), "ownAnchor": place.own_anchor });
    let offered = Some(&bookmark.offered).filter(|offered| offered.cursor > 0);
    json!({
        "collection": bookmark.collection.0,
        "state": bookmark.told(horizon),
        "confirmed": place(&bookmark.confirmed),
        "offered": offered.map(place),
        "generation": bookmark.confirmed.generation,
        "attempt": bookmark.attempt,
        "sending": bookmark.sending,
        "held": bookmark.held,
    })
}

fn detail(scene: &Scene<'_>, peer: &Peer) -> Value {
    let mut detail = shown(peer, &scene.snapshot.bookmarks, scene.account.horizon);
    let said: Option<Value> = serde_json::from_str(&peer.device).ok();
    let device = said.clone().and_then(|said| serde_json::from_value::<DevInf>(said).ok());
    let own = PeerSettings::of_text(&peer.settings);
    let found = quirk::of(device.as_ref(), "", &scene.settings.syncml_quirks, &own);
    detail.insert("devInf".into(), said.map_or(Value::Null, camel));
    let effective =
        json!({ "quirks": found.quirks, "devices": found.devices, "complaints": found.complaints });
    detail.insert("effective".into(), effective);
    detail.insert("session".into(), scene.snapshot.session.as_ref().map_or(Value::Null, shown_session));
    Value::Object(detail)
}

fn shown_session(session: &Session) -> Value {
    let phase = State::read(&session.state).map(|state| format!("{:?}", state.phase)).unwrap_or_default();
    let (id, message) = (&session.session_id, session.message);
    json!({ "id": id, "message": message, "phase": phase, "expires": session.expires })
}

/// `max_guid_bytes` as `maxGuidBytes`, wherever it is a name of ours.
fn camel(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (camel_name(&name), camel(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(camel).collect(),
        plain => plain,
    }
}

fn camel_name(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.push_str(letters.as_str());
    }
    camel
}

/// Forgetting a device.
pub struct Forget(pub PeerId);

impl Deed for Forget {
    fn ask(&mut self, reads: Reads) -> Reads {
        Reads { peer: Some(self.0.clone()), ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let peer = known(scene, &self.0)?;
        let edits = vec![Edit::ForgetPeer(peer.id.clone())];
        let batch = Batch { account: scene.account.id.clone(), now: scene.now, edits, ..Batch::default() };
        Ok(turn(Answer::Ready(Reply::nothing()), Some(batch)))
    }
}

/// What is set for one device alone.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    quirks: Map<String, Value>,
    #[serde(default, deserialize_with = "present")]
    ctcap: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    alert_url: Option<String>,
}

/// `PUT …/quirks`.
pub struct Set {
    id: PeerId,
    sent: Sent,
}

impl Set {
    /// Of the request.
    pub fn new(call: &Call, id: PeerId) -> Result<Self, Refusal> {
        let sent: Sent = call.json()?;
        quirk::check(&sent.quirks).map_err(|why| Refusal::bad(format!("quirks: {why}")))?;
        if json!(sent.quirks).to_string().len() > QUIRKS_BYTES_MAX {
            return Err(Refusal::bad(format!("quirks: {QUIRKS_BYTES_MAX} bytes are the most.")));
        }
        let url = sent.alert_url.as_deref().unwrap_or_default();
        let is_url = url.starts_with("http://") || url.starts_with("https://");
        if !url.is_empty() && (!is_url || url.len() > URL_BYTES_MAX || url.contains(char::is_control)) {
            return Err(Refusal::bad("alertUrl begins with http:// or https://, or is empty."));
        }
        Ok(Self { id, sent })
    }
}

impl Deed for Set {
    fn ask(&mut self, reads: Reads) -> Reads {
        Reads { peer: Some(self.id.clone()), ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let peer = known(scene, &self.id)?;
        let before = PeerSettings::of_text(&peer.settings);
        let settings = PeerSettings {
            quirks: self.sent.quirks.clone(),
            ctcap: self.sent.ctcap.unwrap_or(before.ctcap),
            alert_url: self.sent.alert_url.clone().unwrap_or(before.alert_url),
            alerted: before.alerted,
        };
        let edits = vec![Edit::SetPeer(peer.id.clone(), settings.text())];
        let peer = Peer { settings: settings.text(), ..peer.clone() };
        let batch = Batch { account: scene.account.id.clone(), now: scene.now, edits, ..Batch::default() };
        Ok(turn(Answer::Ready(Reply::json(200, &detail(scene, &peer))), Some(batch)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelt_as_json_spells_them() {
        assert_eq!(
            camel(json!({ "max_guid_bytes": [{ "a_b": 1 }] })),
            json!({ "maxGuidBytes": [{ "aB": 1 }] })
        );
    }
}
