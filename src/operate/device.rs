//! An account's devices: what they are, how far each has come, what the operator sets for one, and forgetting it.

use super::command::DeviceDeed;
use super::list::{clean, date, plural};
use super::{Operator, Refusal, Terminal, plain, refuse};
use crate::peer::{Bookmark, PeerId, PeerSettings};
use crate::record::Kind;
use crate::store::survey::{Overview, Survey};
use crate::store::{Batch, Edit, Peer, Reads, Who};
use crate::syncml::device::DevInf;
use serde_json::Value;

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    pub(super) async fn device(
        &mut self,
        name: &str,
        device: Option<&str>,
        deed: &DeviceDeed,
    ) -> Result<(), Refusal> {
        let overview = self.overview(name).await?;
        let Some(device) = device else {
            self.terminal.tell("devices", Vec::<Value>::new().into());
            let count = plural(overview.devices.len() as u64, "device");
            self.terminal.say(&format!("`{name}` has {count}."));
            for (peer, bookmarks) in &overview.devices {
                self.show_device(&overview, peer, bookmarks);
            }
            return Ok(());
        };
        let (peer, bookmarks) = find(&overview, device)?;
        let shown = clean(&peer.id.0);
        match deed {
            DeviceDeed::Show => self.show_device(&overview, peer, bookmarks),
            DeviceDeed::Set { ctcap, alert_url, quirks } => {
                self.edit_device(&overview, &peer.id, |known| {
                    let before = PeerSettings::of_text(&known.settings);
                    let settings = PeerSettings {
                        ctcap: ctcap.unwrap_or(before.ctcap),
                        alert_url: alert_url.clone().unwrap_or(before.alert_url),
                        quirks: quirks.clone().unwrap_or(before.quirks),
                        ..before
                    };
                    Edit::SetPeer(known.id.clone(), settings.text())
                })
                .await?;
                if let Some(ctcap) = ctcap {
                    let words = if *ctcap { "on: it is told every property" } else { "off" };
                    self.terminal.say(&format!("ctcap of {shown} is {words}, from its next sync."));
                }
                if quirks.is_some() {
                    self.terminal.say(&format!("The quirks of {shown} are these from its next message."));
                }
                match alert_url.as_deref() {
                    None => {}
                    Some("") => self.terminal.say(&format!("Notifications for {shown} are posted nowhere.")),
                    Some(url) => {
                        self.terminal.say(&format!("Notifications for {shown} can be posted to {url}."));
                    }
                }
            }
            DeviceDeed::Forget => {
                self.edit_device(&overview, &peer.id, |known| Edit::ForgetPeer(known.id.clone())).await?;
                self.terminal.say(&format!(
                    "Forgot {shown}. No record is lost; its next sync is a slow one and finds again what both have."
                ));
            }
        }
        Ok(())
    }

    /// Decided from the device as it is: one that has gone meanwhile is said.
    async fn edit_device(
        &mut self,
        overview: &Overview,
        peer: &PeerId,
        edit: impl Fn(&Peer) -> Edit,
    ) -> Result<(), Refusal> {
        let account = overview.account.id.clone();
        let reads = Reads { peer: Some(peer.clone()), ..Reads::of(Who::Account(account.clone())) };
        self.change(reads, |snapshot, now, _| match &snapshot.peer {
            None => refuse("That device has just gone."),
            Some(known) => {
                let edits = vec![edit(known)];
                Ok(((), Some(Batch { account: account.clone(), now, edits, ..Batch::default() })))
            }
        })
        .await
    }

    fn show_device(&mut self, overview: &Overview, peer: &Peer, bookmarks: &[Bookmark]) {
        let told = plain::device(peer, bookmarks, overview.account.horizon);
        self.terminal.tell("devices", vec![told].into());
        self.terminal.say(&headline(peer));
        let synchronised = overview.collections.iter().filter(|(known, _)| known.kind != Kind::Table);
        for (collection, _) in synchronised {
            let bookmark = bookmarks.iter().find(|bookmark| bookmark.collection == collection.id);
            let state = bookmark.map(|bookmark| bookmark.told(overview.account.horizon));
            let state = state.unwrap_or_else(|| "never synchronised".into());
            self.terminal.say(&format!("  {:<12} {state}", collection.id.0));
        }
        let settings = PeerSettings::of_text(&peer.settings);
        if settings.ctcap {
            self.terminal.say("  ctcap on");
        }
        for (switch, value) in &settings.quirks {
            self.terminal.say(&format!("  quirk {}", clean(&format!("{switch} {value}"))));
        }
        if !settings.alert_url.is_empty() {
            self.terminal.say(&format!("  notifications can be posted to {}", clean(&settings.alert_url)));
        }
        if let Some(session) = settings.alerted.first() {
            self.terminal.say(&format!("  was last asked for session {session}"));
        }
    }
}

/// The device of that id, or the only one whose id begins so.
pub(super) fn find<'a>(overview: &'a Overview, device: &str) -> Result<&'a (Peer, Vec<Bookmark>), Refusal> {
    let devices = &overview.devices;
    if let Some(found) = devices.iter().find(|(peer, _)| peer.id.0 == device) {
        return Ok(found);
    }
    let mut beginning = devices.iter().filter(|(peer, _)| peer.id.0.starts_with(device));
    match (beginning.next(), beginning.next()) {
        (Some(found), None) => Ok(found),
        (Some(_), Some(_)) => {
            refuse(format!("More than one device begins with `{device}`: give more of it."))
        }
        (None, _) => {
            let name = &overview.account.id.0;
            refuse(format!("`{name}` has no device `{device}`. `device {name}` shows what there is."))
        }
    }
}

/// Its id, what it says it is, when it was here and as whom.
pub(super) fn headline(peer: &Peer) -> String {
    let (id, what) = (clean(&peer.id.0), what(&peer.device));
    format!("{id}   {what}   last here {}   as {}", date(peer.seen), clean(&peer.login))
}

/// Maker and model as the device tells them (`Man`, `Mod`), with its software or firmware.
fn what(device: &str) -> String {
    let unknown = || String::from("(has not said what it is)");
    let Ok(device) = serde_json::from_str::<DevInf>(device) else { return unknown() };
    let told = [
        &device.maker,
        &device.model,
        device.software.as_ref().map_or(&device.firmware, |_| &device.software),
    ];
    let told: Vec<String> =
        told.into_iter().flatten().map(|text| clean(text.trim())).filter(|text| !text.is_empty()).collect();
    if told.is_empty() { unknown() } else { told.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_says_what_it_is_or_that_it_has_not() {
        assert_eq!(
            what(r#"{"maker":"Nokia","model":"E71\u001b[2J","firmware":"1.0"}"#),
            "Nokia E71\\u{1b}[2J 1.0"
        );
        for silent in ["", "{}", "no json", r#"{"maker":" "}"#] {
            assert_eq!(what(silent), "(has not said what it is)");
        }
    }
}
