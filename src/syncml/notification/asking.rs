//! Package 0 for one device as it is: what is wanted of it, under the names it used last, signed with the nonce it gave us.
//!
//! Who keeps the number of the session that is asked for, and who carries the package, is said elsewhere (`operate/alert.rs`,
//! `api/alert.rs`).

use super::{Notification, UiMode, WAP_PUSH, Wanted, message};
use crate::exchange::Seed;
use crate::peer::PeerSettings;
use crate::secret;
use crate::store::{Collection, Peer, Snapshot};
use crate::syncml::codec::{self, Encoding};
use crate::syncml::credential;
use crate::syncml::device::{DevInf, SERVER_ID};
use crate::syncml::message::Version;
use crate::syncml::provisioning;
use crate::syncml::session::State;

/// How many sessions asked for are remembered: a device may be away for a while, and be asked again.
const ALERTED_MAX: usize = 8;

/// Package 0, ready to be carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// What it says.
    pub notification: Notification,
    /// In which version.
    pub version: Version,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether the device has given a nonce to sign with.
    pub signed: bool,
}

impl Package {
    /// A package for the device of the snapshot, asking for an alert of this code for each collection. `server` is what it knows us
    /// by, `password` that of its login. What cannot be said in a notification is an `Err`, for people.
    pub fn new(
        snapshot: &Snapshot,
        collections: &[Collection],
        code: u16,
        version: Version,
        server: &str,
        password: &str,
        seed: &mut Seed,
    ) -> Result<Self, String> {
        let peer = snapshot.peer.clone().unwrap_or_default();
        let state =
            snapshot.session.as_ref().and_then(|session| State::read(&session.state)).unwrap_or_default();
        let device = serde_json::from_str::<DevInf>(&peer.device).unwrap_or_default();
        let notification = Notification {
            session_id: session_id(seed),
            server_id: server.to_owned(),
            ui: UiMode::Unspecified,
            by_server: true,
            syncs: collections.iter().map(|known| wanted(known, code, &state, &device)).collect(),
            vendor: Vec::new(),
        };
        let nonce = state.asked.as_ref().and_then(|asked| secret::unbase64(asked.nonce.as_bytes()));
        let signed = nonce.is_some();
        let bytes = match version {
            Version::V12 => {
                let package = super::package(&notification, password, &nonce.unwrap_or_default());
                package.map_err(|why| format!("This cannot be said in a notification: {}.", why.0))?
            }
            _ => {
                let cred = nonce.map(|nonce| credential::md5_cred(SERVER_ID, password, &nonce, version));
                let message = message::write(&notification, version, &peer.id.0, cred);
                codec::encode(&message, Encoding::Wbxml)
            }
        };
        Ok(Package { notification, version, bytes, signed })
    }

    /// The same as a WAP push, by SMS to port 2948.
    pub fn push(&self) -> Vec<u8> {
        let before = if self.version == Version::V12 { &WAP_PUSH[..] } else { &message::WAP_PUSH };
        [before, &self.bytes].concat()
    }

    /// Keeps in mind that the session was asked for.
    pub fn remember(&self, settings: &mut PeerSettings) {
        settings.alerted.insert(0, self.notification.session_id);
        settings.alerted.truncate(ALERTED_MAX);
    }
}

/// A number of sixteen bits that is not 0.
fn session_id(seed: &mut Seed) -> u16 {
    let [high, low, ..] = seed.draw();
    u16::from_be_bytes([high, low]).max(1)
}

/// What is wanted of a collection, under the names the device used for it last.
fn wanted(collection: &Collection, code: u16, state: &State, device: &DevInf) -> Wanted {
    let open = state.datastores.iter().find(|datastore| datastore.collection == collection.id);
    let client = open.map(|datastore| datastore.source.clone()).unwrap_or_default();
    let told = device.datastores.iter().find(|known| !client.is_empty() && known.source_ref == client);
    let preferred = told.and_then(|known| known.receives_preferred.as_ref());
    let usual = provisioning::content_type(collection.kind).0;
    Wanted {
        code,
        media_type: preferred.map_or(usual, |known| &known.media_type).to_owned(),
        server: open.map_or_else(|| format!("./{}", collection.id.0), |datastore| datastore.target.clone()),
        client,
    }
}

/// The version the device speaks, as its DevInf says.
pub fn version_of(peer: &Peer) -> Version {
    let device = serde_json::from_str::<DevInf>(&peer.device).unwrap_or_default();
    Version::of(&device.version).unwrap_or_default()
}

/// The media type of package 0 in a version.
pub fn media_type(version: Version) -> &'static str {
    if version == Version::V12 { super::MEDIA_TYPE } else { message::MEDIA_TYPE }
}
