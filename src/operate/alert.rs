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
use crate::store::survey::{Overview, Survey};
use crate::store::{Batch, Collection, Edit, Peer, Reads, Snapshot, Who};
use crate::syncml::device::SERVER_ID;
use crate::syncml::message::Version;
use crate::syncml::notification::asking::{self, Package};
use serde_json::json;

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
        let version = alerting.version.unwrap_or_else(|| asking::version_of(peer));
        let server = match version {
            Version::V12 => SERVER_ID.to_owned(),
            _ => super::provision::server_url(alerting.url.as_deref(), remote)?,
        };
        let password = self.password_of(&overview, peer)?;
        let package = self.ask_session(&overview, &peer.id, |snapshot, seed| {
            Package::new(snapshot, &collections, alerting.code, version, &server, &password, seed)
                .map_err(Refusal)
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
            package.remember(&mut settings);
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
            "type": asking::media_type(*version),
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
        self.terminal.say(&format!("As {}:", asking::media_type(*version)));
        self.terminal.say(&format!("  {}", spaced(bytes)));
        self.terminal.say("As a WAP push, by SMS to port 2948:");
        self.terminal.say(&format!("  {}", spaced(&package.push())));
    }

    async fn post_package(&mut self, address: &str, package: &Package) -> Result<(), Refusal> {
        match self.terminal.post(address, asking::media_type(package.version), &package.bytes).await {
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

/// `76 B2 99`.
fn spaced(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}
