//! Package 1: DevInf both ways, and alerts that open datastores (DS 1.2 sections 6.2, 6.7; `syncml.md` 4.1, 4.4, 4.12).

use super::desk::Desk;
use super::map;
use crate::limits;
use crate::peer::Place;
use crate::record::CollectionId;
use crate::store::Collection;
use crate::syncml::filter::{Filter, Refusal};
use crate::syncml::inbox::{self, trim};
use crate::syncml::message::{Alert, Anchor, Data, Get, Item, Location, Results, Status, Version};
use crate::syncml::session::{Datastore, Mode, Pending, PendingStatus, Phase, Resumable, text_bytes};
use crate::syncml::{alert, status};

/// What a device asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// 200 to 205, or 206 to 210 of one that was alerted.
    Sync(Mode),
    /// 225: to go on where a session broke off.
    Resume,
}

/// Why a slow sync is needed although a normal one was asked for, or what a normal one starts from.
enum Agreed {
    /// The anchors match: the device has reached this place.
    Normal(Place),
    /// They do not.
    Slow { why: String },
}

impl Desk<'_> {
    /// An alert: 200 to 210 open a datastore, and so does 225; 222 asks for more, 221 for what was put off, 224 for no more, 100 is shown to nobody.
    pub fn alert(&mut self, alert: &Alert) {
        let code = alert.code.trim();
        match code.parse().unwrap_or(0) {
            alert::RESUME if self.state.version == Version::V12 => self.open_datastores(alert, Wish::Resume),
            alert::SUSPEND if self.state.version == Version::V12 => {
                self.state.suspended = true;
                self.notes.push("suspended".to_owned());
                self.alert_status(alert, alert.items.first(), status::OK, None);
            }
            code @ (alert::DISPLAY | alert::NEXT_MESSAGE | alert::NO_END_OF_DATA) => {
                if code == alert::NO_END_OF_DATA {
                    self.broke_off();
                }
                self.alert_status(alert, alert.items.first(), status::OK, None);
            }
            alert::RESULT => {
                let code = self.result();
                self.alert_status(alert, alert.items.first(), code, None);
            }
            number => match Mode::of_alert(number) {
                Some(mode) => self.open_datastores(alert, Wish::Sync(mode)),
                None => {
                    self.notes.push(format!("alert {code} is not offered"));
                    let mut refused = self.of_alert(alert, alert.items.first(), status::NOT_SUPPORTED);
                    refused.hint = Some(format!("alert {code}"));
                    self.push_status(alert.no_response, refused);
                }
            },
        }
    }

    fn open_datastores(&mut self, alert: &Alert, wish: Wish) {
        for item in &alert.items {
            self.open_datastore(alert, item, wish);
        }
        if alert.items.is_empty() {
            self.alert_status(alert, None, status::INCOMPLETE_COMMAND, None);
        }
    }

    fn open_datastore(&mut self, alert: &Alert, item: &Item, wish: Wish) {
        let target = item.target.clone().unwrap_or_default();
        let source = item.source.clone().unwrap_or_default();
        if target.uri.len().max(source.uri.len()) > limits::URI_BYTES_MAX {
            self.alert_status(alert, None, status::URI_TOO_LONG, None);
            return;
        }
        let path = inbox::path(&target, Some(&source));
        let Some(collection) = self.collection(&path) else {
            self.notes.push(format!("there is no collection at {path:?}"));
            self.alert_status(alert, Some(item), status::NOT_FOUND, None);
            return;
        };
        let anchor = item.meta.anchor.clone().unwrap_or_default();
        if let Some(code) = self.refusal_of_alert(&path, &source, &anchor) {
            self.alert_status(alert, Some(item), code, None);
            return;
        }
        let Some(filter) = self.filter_asked(alert, item, collection) else { return };
        let id = collection.id.clone();
        // A device that resumes goes on with the filter it had, whether it says it again or not.
        let begun = self.state.resumable.iter().find(|begun| wish == Wish::Resume && begun.collection == id);
        let filter = filter.or_else(|| begun?.filter.clone());
        let names = [&*target.uri, &source.uri, anchor.next.as_deref().unwrap_or_default()];
        if !self.can_keep(&id, &names) || !self.can_keep_filter(&id, filter.as_ref()) {
            self.notes.push(format!("{}: strange names, or too many datastores", id.0));
            return self.alert_status(alert, None, status::ENTITY_TOO_LARGE, None);
        }
        let last =
            anchor.last.as_deref().map(trim).filter(|last| !is_reset(last)).unwrap_or_default().to_owned();
        let next = anchor.next.as_deref().map(trim).unwrap_or_default().to_owned();
        let (opened, code) = self.opening(&id, &last, wish, filter.as_ref());
        if code == status::REFRESH_REQUIRED {
            self.forced.insert(id.clone());
        }
        let own_next = self.own_anchor(&id);
        let opened = Datastore {
            collection: id.clone(),
            target: if target.uri.is_empty() { source.uri.clone() } else { target.uri.clone() },
            source: source.uri.clone(),
            next: next.clone(),
            own_next,
            filter,
            ..opened
        };
        let index = self.state.open(opened);
        self.look(index);
        self.alert_status(alert, Some(item), code, Some(next));
        if !self.queue.contains(&Pending::Alert(index)) {
            self.owe(Pending::Alert(index));
        }
        self.ask_for_device();
    }

    /// The filter of an alert; of one that is refused the status says why.
    fn filter_asked(
        &mut self,
        alert: &Alert,
        item: &Item,
        collection: &Collection,
    ) -> Option<Option<Filter>> {
        let says = |location: &&Location| !location.uri.is_empty() || location.filter.is_some();
        let asked = item.target.as_ref().filter(says).or(item.source.as_ref());
        match asked.map_or(Ok(None), |asked| Filter::of(asked, collection)) {
            Ok(filter) => Some(filter),
            Err(Refusal { code, why }) => {
                self.notes.push(format!("a filter is refused with {code}: {why}"));
                let mut refused = self.of_alert(alert, Some(item), code);
                refused.hint = Some(why);
                self.push_status(alert.no_response, refused);
                None
            }
        }
    }

    /// What becomes of a wish: the datastore as far as that says it, and the status.
    fn opening(
        &mut self,
        id: &CollectionId,
        last: &str,
        wish: Wish,
        filter: Option<&Filter>,
    ) -> (Datastore, u16) {
        let begun = self.state.resumable.iter().find(|begun| begun.collection == *id && begun.next != last);
        // What a filter spares would go if its refresh went on with another.
        let query = |filter: Option<&Filter>| filter.map(|filter| filter.query.clone()).unwrap_or_default();
        let other = |begun: &Resumable| {
            begun.mode == Mode::RefreshFromClient && query(begun.filter.as_ref()) != query(filter)
        };
        let begun = begun.filter(|begun| !other(begun)).cloned();
        if let (Wish::Resume, Some(begun)) = (wish, begun) {
            self.notes.push(format!("{} is resumed", id.0));
            self.start_sending(id, begun.mode);
            let Resumable { mode, trusted, refreshed, .. } = begun;
            let opened = Datastore { mode, trusted, refreshed, resumed: true, ..Datastore::default() };
            return (opened, status::OK);
        }
        let agreed = self.agree(id, last);
        // A device that wants to resume remembers the session, so it was not reset.
        let trusted = wish == Wish::Resume || matches!(agreed, Agreed::Normal(_));
        let (mode, code) = match (wish, &agreed) {
            (Wish::Sync(mode), Agreed::Normal(_)) => (mode, status::OK),
            (Wish::Sync(mode), _) if mode.begins_anew() => (mode, status::OK),
            (Wish::Sync(_) | Wish::Resume, _) => (Mode::Slow, status::REFRESH_REQUIRED),
        };
        let why = match (wish, &agreed) {
            (Wish::Resume, _) => Some("there is nothing that could be resumed"),
            (_, Agreed::Slow { why }) => Some(why.as_str()),
            (_, Agreed::Normal(_)) => Some("the device asked for it"),
        };
        if let Some(why) = why.filter(|_| mode == Mode::Slow) {
            self.notes.push(format!("slow sync of {} because {why}", id.0));
            self.watch.slow(id, why);
        }
        if mode == Mode::RefreshFromClient {
            self.batch.unstaged.push(id.clone());
        }
        self.bookmark_opening(id, mode, agreed);
        (Datastore { mode, trusted, ..Datastore::default() }, code)
    }

    /// Why an alert of a collection is refused.
    fn refusal_of_alert(&self, path: &str, source: &Location, anchor: &Anchor) -> Option<u16> {
        let too_long =
            |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > limits::NAME_BYTES_MAX);
        if too_long(&anchor.last) || too_long(&anchor.next) {
            return Some(status::BAD_REQUEST);
        }
        let late = match self.datastore(path) {
            // One collection is one datastore: two of the device's would share their anchors.
            Some((_, known)) => {
                known.received || inbox::comparable(&known.source) != inbox::comparable(&source.uri)
            }
            None => matches!(self.state.phase, Phase::ExpectMore | Phase::ExpectEnd | Phase::Over),
        };
        late.then_some(status::FORBIDDEN)
    }

    /// Whether a session and a bookmark have room for a datastore of these names.
    fn can_keep(&self, id: &CollectionId, names: &[&str]) -> bool {
        // Few of a path's or an anchor's characters need escaping.
        let fits = |name: &&str| text_bytes(name) <= name.len().max(limits::NAME_BYTES_MAX) * 2;
        let open = &self.state.datastores;
        let room =
            open.len() < limits::DATASTORES_MAX || open.iter().any(|datastore| datastore.collection == *id);
        room && names.iter().all(fits)
    }

    /// Compares the device's `Last` with what it gave us as `Next` (DS 1.2, 6.2): the offered place, or the one before.
    fn agree(&self, id: &CollectionId, last: &str) -> Agreed {
        let bookmark = self.bookmarked(id);
        let known = |place: &Place| place.cursor > 0 && !last.is_empty() && place.anchor == last;
        let horizon = self.snapshot.account.as_ref().map_or(0, |account| account.horizon);
        let slow = |why: &str| Agreed::Slow { why: why.to_owned() };
        match [&bookmark.offered, &bookmark.confirmed].into_iter().find(|place| known(place)) {
            Some(place) if place.cursor < horizon => {
                slow("the device was away for longer than deletions are remembered")
            }
            Some(place) => Agreed::Normal(place.clone()),
            None if bookmark.is_asked_anew() => slow("the account's owner asked for it"),
            None if bookmark.newest().own_anchor.is_empty() => {
                slow("the device has never completed a sync of it")
            }
            None if last.is_empty() => slow("the device came without its anchor: it was reset"),
            None => slow(&format!("its anchor is {last:?} and {:?} was expected", bookmark.newest().anchor)),
        }
    }

    /// What the bookmark says while the session lives.
    fn bookmark_opening(&mut self, id: &CollectionId, mode: Mode, agreed: Agreed) {
        if let Agreed::Normal(place) = agreed {
            let bookmark = self.bookmark(id);
            // A device that uses the anchor of a slow sync has completed it: what it held before no longer counts. Not
            // sooner: one that lost the end of it goes on with what it held.
            let begun_anew = bookmark.confirmed.anchor.is_empty();
            let outdated = begun_anew || place.generation > bookmark.confirmed.generation;
            (bookmark.confirmed, bookmark.offered) = (place, Place::default());
            let generation = bookmark.confirmed.generation;
            self.batch.outdated.extend(outdated.then(|| (id.clone(), generation)));
        }
        self.open_bookmark(id, mode);
    }

    fn open_bookmark(&mut self, id: &CollectionId, mode: Mode) {
        if mode.begins_anew() {
            let bookmark = self.bookmark(id);
            bookmark.attempt = bookmark.attempt.max(bookmark.confirmed.generation) + 1;
        }
        self.start_sending(id, mode);
    }

    /// The device says 508 to our alert: our `Last` is not what it remembers. Its `Sync` is a slow one, without another alert
    /// (DS 1.2, 6.2). A status that does not say which alert it means can only mean the one there was.
    pub fn compare_after_all(&mut self, answer: &Status) {
        let only = self.state.datastores.len() == 1;
        for index in 0..self.state.datastores.len() {
            let Some(datastore) = self.state.datastores.get_mut(index) else { continue };
            let meant = only || map::is_about(answer, datastore);
            if !meant || datastore.received || datastore.mode.begins_anew() {
                continue;
            }
            datastore.mode = Mode::Slow;
            let id = datastore.collection.clone();
            let why = "the device remembers another anchor of ours";
            self.notes.push(format!("slow sync of {} because {why}", id.0));
            self.watch.slow(&id, why);
            self.open_bookmark(&id, Mode::Slow);
        }
    }

    /// Our changes are to be sent from the beginning.
    pub fn start_sending(&mut self, id: &CollectionId, mode: Mode) {
        let bookmark = self.bookmark(id);
        (bookmark.sending, bookmark.sending_all) = (mode.sends(), mode.sends_all());
        bookmark.position = if mode.sends_all() { 0 } else { bookmark.confirmed.cursor };
        bookmark.until = 0;
    }

    /// Our `Next` anchor: the account's position now, and never the one we gave before.
    fn own_anchor(&self, id: &CollectionId) -> String {
        let before = self.bookmarked(id).newest().own_anchor.parse().unwrap_or(0);
        self.head().max(self.now).max(before + 1).to_string()
    }

    fn alert_status(&mut self, alert: &Alert, item: Option<&Item>, code: u16, next: Option<String>) {
        let mut status = self.of_alert(alert, item, code);
        status.next = next;
        self.push_status(alert.no_response, status);
    }

    fn of_alert(&self, alert: &Alert, item: Option<&Item>, code: u16) -> PendingStatus {
        let uri =
            |location: Option<&Location>| location.map(|location| location.uri.clone()).into_iter().collect();
        PendingStatus {
            command: alert.command_id.clone(),
            name: "Alert".into(),
            targets: uri(item.and_then(|item| item.target.as_ref())),
            sources: uri(item.and_then(|item| item.source.as_ref())),
            code,
            ..PendingStatus::default()
        }
    }

    /// `Put`: the device says what it can do.
    pub fn put(&mut self, put: &Get) {
        let sources = refs(&put.items, |item| item.source.as_ref());
        let code = if self.learn(&put.items) { status::OK } else { status::NOT_SUPPORTED };
        self.status(put.no_response, &put.command_id, "Put", &[], &sources, code);
    }

    /// `Results`: the device says what it can do because we asked. A Nokia 9210 wants a status for it.
    pub fn results(&mut self, results: &Results) {
        let sources = refs(&results.items, |item| item.source.as_ref());
        let code = if self.learn(&results.items) { status::OK } else { status::NOT_SUPPORTED };
        self.status(false, &results.command_id, "Results", &[], &sources, code);
    }

    fn learn(&mut self, items: &[Item]) -> bool {
        let device = items.iter().find_map(|item| match &item.data {
            Some(Data::Device(device)) => Some(device),
            _ => None,
        });
        let Some(device) = device else { return false };
        let text = serde_json::to_string(device).unwrap_or_default();
        if text.len() > limits::ROW_BYTES_MAX / 4 {
            return false;
        }
        if text != self.peer.device {
            self.peer.device = text;
            self.peer_changed = true;
        }
        self.device = Some((**device).clone());
        self.oblige();
        true
    }

    /// `Get`: our DevInf, under the name of any version.
    pub fn get(&mut self, get: &Get) {
        let targets = refs(&get.items, |item| item.target.as_ref());
        let asks_device = targets.iter().any(|target| inbox::comparable(target).starts_with("devinf1"));
        let results = Pending::Device(self.part.message, get.command_id.clone());
        let code = match asks_device {
            true if self.fits_a_message(&results) => status::OK,
            true => status::ENTITY_TOO_LARGE,
            false if get.items.is_empty() => status::INCOMPLETE_COMMAND,
            false => status::NOT_FOUND,
        };
        self.status(get.no_response, &get.command_id, "Get", &targets, &[], code);
        if code == status::OK {
            self.owe(results);
        }
    }

    /// A device that never said what it can do is asked, once a session.
    fn ask_for_device(&mut self) {
        let puts =
            self.inbox.message.commands.iter().any(|c| matches!(c, crate::syncml::message::Command::Put(_)));
        let asked = self.queue.contains(&Pending::AskDevice);
        if self.device.is_none() && !puts && !asked && self.state.phase == Phase::ExpectAlerts {
            self.owe(Pending::AskDevice);
        }
    }
}

fn refs(items: &[Item], pick: impl Fn(&Item) -> Option<&Location>) -> Vec<String> {
    items.iter().filter_map(|item| pick(item).map(|location| location.uri.clone())).collect()
}

/// How devices spell "I have no anchor".
fn is_reset(last: &str) -> bool {
    last.is_empty() || last == "0" || last == "00000000T000000Z"
}
