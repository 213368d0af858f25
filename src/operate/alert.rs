//! Asking a device to come: package 0 made, printed for whatever carries it, and posted where the device has an address.
//!
//! The bytes are `syncml/notification.rs`. The number of the session it names is kept in the device's settings, so that the
//! server knows the session when it comes.

use super::command::{Alerting, Post};
use super::device::find;
use super::list::clean;
use super::{Operator, Refusal, Terminal, named, no_such_collection, refuse};
use crate::exchange::Seed;
use crate::peer::{PeerId, PeerSettings};
use crate::record::Kind;
use crate::secret;
use crate::store::survey::{Overview, Survey};
use crate::store::{Batch, Collection, Edit, Peer, Reads, Snapshot, Who};
use crate::syncml::codec::{self, Encoding};
use crate::syncml::credential;
use crate::syncml::device::{DevInf, SERVER_ID};
use crate::syncml::message::Version;
use crate::syncml::notification::{self, Notification, UiMode, Wanted, message};
use crate::syncml::session::State;
use serde_json::json;

/// How many sessions asked for are remembered: a device may be away for a while, and be asked again.
const ALERTED_MAX: usize = 8;

/// Package 0, ready to be carried.
struct Package {
    notification: Notification,
    version: Version,
    bytes: Vec<u8>,
    /// Whether the device has given a nonce to sign with.
    signed: bool,
}

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    pub(super) async fn alert(&mut self, alerting: &Alerting, remote: bool) -> Result<(), Refusal> {
        let overview = self.overview(&alerting.name).await?;
        let (peer, _) = find(&overview, &alerting.device)?;
        let collections = wanted_collections(&overview, &alerting.collections)?;
        let settings = PeerSettings::of_text(&peer.settings);
        let address = match &alerting.post {
            None => None,
            Some(Post::To(url)) => Some(url.clone()),
            Some(Post::Registered) if !settings.alert_url.is_empty() => Some(settings.alert_url),
            Some(Post::Registered) => {
                return refuse(format!(
                    "No address is registered for {}: `device {} {} --alert-url URL` registers one, or give it after --post.",
                    clean(&peer.id.0),
                    alerting.name,
                    clean(&peer.id.0)
                ));
            }
        };
        let version = alerting.version.unwrap_or_else(|| version_of(peer));
        let server = match version {
            Version::V12 => SERVER_ID.to_owned(),
            _ => super::provision::server_url(alerting.url.as_deref(), remote)?,
        };
        let password = self.password_of(&overview, peer)?;
        let package = self.ask_session(&overview, &peer.id, |snapshot, seed| {
            make(snapshot, &collections, alerting.code, version, &server, &password, seed)
        });
        let package = package.await?;
        self.show_package(&peer.id, &package);
        match address {
            Some(address) => self.post_package(&address, &package).await,
            None => Ok(()),
        }
    }

    /// The password of the login the device comes with: package 0 is signed with it.
    fn password_of(&self, overview: &Overview, peer: &Peer) -> Result<String, Refusal> {
        let sealer = self.sealer()?;
        let login = overview.logins.iter().find(|login| login.name == peer.login);
        let opened = login.and_then(|login| sealer.open(&login.name, &login.sealed));
        opened.ok_or_else(|| {
            Refusal(format!(
                "The password of `{}` cannot be opened with this secret, and package 0 is signed with it.",
                clean(&peer.login)
            ))
        })
    }

    /// Makes a package for the device as it is, and remembers the session it asks for.
    async fn ask_session<F>(&mut self, overview: &Overview, id: &PeerId, make: F) -> Result<Package, Refusal>
    where
        F: Fn(&Snapshot, &mut Seed) -> Result<Package, Refusal>,
    {
        let account = overview.account.id.clone();
        let reads = Reads { peer: Some(id.clone()), ..Reads::of(Who::Account(account.clone())) };
        self.change(reads, |snapshot, now, seed| {
            let Some(peer) = &snapshot.peer else { return refuse("That device has just gone.") };
            let package = make(snapshot, seed)?;
            let mut settings = PeerSettings::of_text(&peer.settings);
            settings.alerted.insert(0, package.notification.session_id);
            settings.alerted.truncate(ALERTED_MAX);
            let edits = vec![Edit::SetPeer(id.clone(), settings.text())];
            Ok((package, Some(Batch { account: account.clone(), now, edits, ..Batch::default() })))
        })
        .await
    }

    fn show_package(&mut self, device: &PeerId, package: &Package) {
        let Package { notification, version, bytes, signed } = package;
        let told = json!({
            "device": device.0,
            "session": notification.session_id,
            "version": version.protocol(),
            "type": media_type(*version),
            "signed": signed,
            "bytes": spaced(bytes),
        });
        self.terminal.tell("package", told);
        self.terminal.say(&format!(
            "Package 0 of {} for {} asks for session {} ({} bytes):",
            version.protocol(),
            clean(&device.0),
            notification.session_id,
            bytes.len()
        ));
        for wanted in &notification.syncs {
            let known = crate::syncml::alert::BY_SERVER.iter().find(|(_, code)| *code == wanted.code);
            let (word, path) = (known.map_or("", |(word, _)| word), clean(&wanted.server));
            self.terminal.say(&format!(
                "  {word} of {path}, {}, alert {}",
                clean(&wanted.media_type),
                wanted.code
            ));
        }
        self.terminal.say(match (signed, version) {
            (true, _) => "  signed with the nonce the device gave us last",
            (false, Version::V12) => "  signed with an empty nonce: the device has not given us one",
            (false, _) => "  without credentials: the device has not given us a nonce",
        });
        self.terminal.say(&format!("As {}:", media_type(*version)));
        self.terminal.say(&format!("  {}", spaced(bytes)));
        let push = if *version == Version::V12 { &notification::WAP_PUSH[..] } else { &message::WAP_PUSH };
        self.terminal.say("As a WAP push, by SMS to port 2948:");
        self.terminal.say(&format!("  {}", spaced(&[push, bytes].concat())));
    }

    async fn post_package(&mut self, address: &str, package: &Package) -> Result<(), Refusal> {
        match self.terminal.post(address, media_type(package.version), &package.bytes).await {
            Ok(status @ 200..=299) => {
                self.terminal.tell("posted", status.into());
                self.terminal.say(&format!("Posted to {address}: HTTP {status}."));
                Ok(())
            }
            Ok(status) => refuse(format!("{address} answered HTTP {status}: the device was not told.")),
            Err(why) => refuse(format!("{address} could not be reached: {why}")),
        }
    }
}

/// The collections that were named, or all that devices synchronise.
fn wanted_collections(overview: &Overview, named_ones: &[String]) -> Result<Vec<Collection>, Refusal> {
    let synchronised: Vec<Collection> = overview
        .collections
        .iter()
        .filter(|(known, _)| known.kind != Kind::Table)
        .map(|(known, _)| known.clone())
        .collect();
    if named_ones.is_empty() {
        return Ok(synchronised);
    }
    let find = |path: &String| {
        let found = named(&synchronised, path).cloned();
        found.ok_or_else(|| Refusal(no_such_collection(&overview.account.id.0, path, &synchronised)))
    };
    named_ones.iter().map(find).collect()
}

fn make(
    snapshot: &Snapshot,
    collections: &[Collection],
    code: u16,
    version: Version,
    server: &str,
    password: &str,
    seed: &mut Seed,
) -> Result<Package, Refusal> {
    let peer = snapshot.peer.clone().unwrap_or_default();
    let state = snapshot.session.as_ref().and_then(|session| State::read(&session.state)).unwrap_or_default();
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
            let package = notification::package(&notification, password, &nonce.unwrap_or_default());
            package.map_err(|why| Refusal(format!("This cannot be said in a notification: {}.", why.0)))?
        }
        _ => {
            let cred = nonce.map(|nonce| credential::md5_cred(SERVER_ID, password, &nonce, version));
            let message = message::write(&notification, version, &peer.id.0, cred);
            codec::encode(&message, Encoding::Wbxml)
        }
    };
    Ok(Package { notification, version, bytes, signed })
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
    let usual = crate::syncml::provisioning::content_type(collection.kind).0;
    Wanted {
        code,
        media_type: preferred.map_or(usual, |known| &known.media_type).to_owned(),
        server: open.map_or_else(|| format!("./{}", collection.id.0), |datastore| datastore.target.clone()),
        client,
    }
}

/// The version the device speaks, as its DevInf says.
fn version_of(peer: &Peer) -> Version {
    let device = serde_json::from_str::<DevInf>(&peer.device).unwrap_or_default();
    Version::of(&device.version).unwrap_or_default()
}

fn media_type(version: Version) -> &'static str {
    if version == Version::V12 { notification::MEDIA_TYPE } else { message::MEDIA_TYPE }
}

/// `76 B2 99`.
fn spaced(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}
