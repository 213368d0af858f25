//! Somebody with a phone: edits, synchronises, loses it, finds it again.

use crate::cards::{card, fields, with};
use crate::oracle::{FIELDS, Fields};
use crate::phone::{Broken, Folder, Phone, Session, WhenBusy};
use crate::scene::{Line, Scene};
use anchorage::store::Store;
use anchorage::syncml::codec::Encoding;
use anchorage::syncml::message::Version;
use std::cell::RefCell;
use std::collections::BTreeMap;

pub struct Owner {
    pub phone: Phone,
    /// Local changes that no status has acknowledged: LUID to what was seen at its deletion.
    gone: BTreeMap<String, Fields>,
    /// An older state, as a backup keeps it.
    backup: Option<Folder>,
    /// Whether the phone may have forgotten what it once told the server: it has not completed a sync since.
    forgot: bool,
    /// Whether it is ever reset, restored or told to sync slowly.
    steady: bool,
    died: bool,
}

impl Owner {
    pub fn new<S: Store>(scene: &Scene<S>, index: usize) -> Self {
        let chance = &scene.chance;
        let old = chance.percent(40);
        let (media_type, version) = if old { ("text/x-vcard", "2.1") } else { ("text/vcard", "3.0") };
        let mut phone = Phone::new(&format!("IMEI:{index}")).with(
            "./C",
            chance.pick::<&str>(&["contacts", "./Card/", "addressbook"]),
            media_type,
            version,
        );
        phone.version = *chance.pick(&[Version::V10, Version::V11, Version::V12, Version::V12]);
        phone.encoding = *chance.pick(&[Encoding::Xml, Encoding::Wbxml]);
        phone.md5 = chance.percent(50);
        phone.max_message = *chance.pick(&[None, Some(1_500), Some(2_000), Some(4_000), Some(64_000)]);
        if phone.encoding == Encoding::Xml && phone.max_message == Some(1_500) {
            phone.max_message = Some(2_500);
        }
        phone.guid_bytes = *chance.pick(&[2, 8, 64]);
        // A first message that arrives a second time, late, begins another session: its anchor is not what the phone heard.
        phone.insists = scene.loss == 0;
        phone.counts = chance.percent(50);
        phone.devinf = chance.percent(85);
        phone.maps_late = chance.percent(50);
        phone.stubborn = chance.percent(30);
        phone.eager = chance.percent(40);
        phone.per_message = *chance.pick(&[1, 3, 50]);
        if phone.devinf && chance.percent(20) {
            phone.lacks = vec!["NOTE".into(), "ORG".into()];
        }
        if !phone.devinf {
            phone.guid_bytes = phone.guid_bytes.max(8);
        }
        if !phone.devinf && phone.version == Version::V12 {
            phone.only().media_type = "text/vcard".into();
            phone.only().version = "3.0".into();
        }
        let when_busy = [WhenBusy::Asks, WhenBusy::Asks, WhenBusy::GoesOn, WhenBusy::GivesUp];
        phone.when_busy = *scene.contended.pick(&when_busy);
        let steady = chance.percent(40) | std::env::var("STEADY").is_ok();
        Self { phone, gone: BTreeMap::new(), backup: None, forgot: true, steady, died: false }
    }

    pub async fn live<S: Store>(mut self, scene: &Scene<S>, rounds: usize) -> Self {
        for _ in 0..rounds {
            for _ in 0..scene.chance.below(4) {
                self.edit(scene);
            }
            crate::chance::pause().await;
            if !self.steady && scene.chance.percent(12) {
                self.misfortune(scene);
            }
            if scene.chance.percent(70) {
                self.phone.slow = !self.steady && scene.chance.percent(10);
                self.phone.resumes = self.died
                    && !self.forgot
                    && self.phone.version == Version::V12
                    && scene.chance.percent(50);
                let ended = self.sync(scene, false).await;
                self.died = ended.is_err();
                (self.phone.slow, self.phone.resumes) = (false, false);
            }
        }
        self
    }

    fn edit<S: Store>(&mut self, scene: &Scene<S>) {
        let (chance, mut oracle) = (&scene.chance, scene.oracle.borrow_mut());
        let possible: Vec<&'static str> =
            FIELDS.into_iter().filter(|field| !self.phone.lacks.iter().any(|l| l == field)).collect();
        let field = *chance.pick(&possible);
        let version = self.phone.only().version.clone();
        let luids: Vec<String> = self.phone.only().items.keys().cloned().collect();
        let device = self.phone.device.clone();
        if luids.is_empty() || chance.percent(35) {
            let name = oracle.name();
            let value = oracle.edit(&name, field, "");
            scene.note(|| format!("{device} adds {name} with {field} {value}"));
            self.phone.add(&card(&version, &name, field, &value));
            return;
        }
        let luid = chance.pick(&luids).clone();
        let text = self.phone.only().items[&luid].clone();
        let seen = fields(&text);
        if chance.percent(25) {
            scene.note(|| format!("{device} deletes {} as {luid}", seen["N"]));
            oracle.delete(&seen["N"], &seen, &self.phone.lacks, false);
            // What it was sent and could not acknowledge it has not seen, as far as anybody else knows.
            oracle.contacts.get_mut(&seen["N"]).unwrap().may_return |= self.died;
            self.gone.insert(luid.clone(), seen);
            self.phone.delete(&luid);
            return;
        }
        let value = oracle.edit(&seen["N"], field, seen.get(field).map_or("", String::as_str));
        scene.note(|| format!("{device} edits {} as {luid}: {field} {value}", seen["N"]));
        self.phone.edit(&luid, &with(&text, field, &value));
    }

    /// Reset, restored, or its anchors lost.
    fn misfortune<S: Store>(&mut self, scene: &Scene<S>) {
        let device = self.phone.device.clone();
        self.phone.nonce.clear();
        let backup = self.backup.clone();
        let folder = self.phone.only();
        let empty = Folder {
            target: folder.target.clone(),
            media_type: folder.media_type.clone(),
            version: folder.version.clone(),
            ..Folder::default()
        };
        // Restored backups and anchors lost without a reset are played with `HARD=1` only: some of their seeds still end with
        // a device that lacks what only its lost self had acknowledged (docs/syncml.md).
        let kinds = if std::env::var_os("HARD").is_some() { 4 } else { 2 };
        match (scene.chance.below(kinds), backup) {
            (0, _) => {
                scene.note(|| format!("{device} is reset"));
                *folder = empty;
            }
            (1, _) => {
                scene.note(|| {
                    format!("{device} is reset, its contacts come back from a computer under other ids")
                });
                let texts: Vec<String> = folder.items.values().rev().cloned().collect();
                *folder = empty;
                texts.iter().for_each(|text| drop(self.phone.add(text)));
            }
            (2, Some(backup)) => {
                scene.note(|| format!("{device} is restored from a backup"));
                *folder = backup;
            }
            _ => {
                scene.note(|| format!("{device} loses its anchors"));
                folder.last.clear();
                folder.server_last.clear();
                folder.maps.clear();
            }
        }
        self.gone.clear();
        self.forgot = true;
    }

    /// One session.
    pub async fn sync<S: Store>(&mut self, scene: &Scene<S>, quiet: bool) -> Result<Session, Broken> {
        let device = self.phone.device.clone();
        scene.note(|| format!("{device} synchronises"));
        let before = self.phone.only().clone();
        let sent: BTreeMap<String, Fields> =
            before.items.iter().map(|(luid, text)| (luid.clone(), fields(text))).collect();
        let server = self.visible(scene);
        let line = Line { scene, before: RefCell::new(None), quiet };
        let ended = self.phone.converse(&line).await;
        for line in std::mem::take(&mut self.phone.story) {
            scene.note(|| format!("    {device} {line}"));
        }
        scene.note(|| format!("{device} ends: {:?}", ended.as_ref().map(|session| session.messages)));
        let mut oracle = scene.oracle.borrow_mut();
        for (luid, command, code) in std::mem::take(&mut self.phone.answered) {
            match (command.as_str(), code, sent.get(&luid)) {
                ("Delete", 200 | 210, _) => {
                    if let Some(seen) = self.gone.remove(&luid) {
                        oracle.took_deletion(&seen["N"], &seen);
                    }
                }
                (_, 200..=299, Some(fields)) => oracle.took(fields),
                (name, code, _) => scene.note(|| format!("  {name} of {luid}: {code}")),
            }
        }
        let forgot = self.forgot || before.last.is_empty();
        if self.phone.was_slow && forgot {
            let after = self.visible(scene);
            for held in sent.values() {
                let contact = oracle.contacts.get_mut(&held["N"]).unwrap();
                contact.may_double |= !server.contains(held)
                    || after.iter().filter(|other| other["N"] == held["N"]).count() != 1;
                contact.may_return = true;
            }
        }
        if ended.is_ok() {
            self.forgot = false;
            let later = self.phone.only().deleted.clone();
            self.gone.retain(|luid, _| later.contains(luid));
            if scene.chance.percent(30) {
                self.backup = Some(self.phone.only().clone());
            }
        }
        ended
    }

    /// What the server holds.
    fn visible<S: Store>(&self, scene: &Scene<S>) -> Vec<Fields> {
        scene.world.live("contacts").iter().map(|text| fields(text)).collect()
    }
}
