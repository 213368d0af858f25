//! An answer, taken apart: packages 2, 4 and 6 (DS 1.2 section 6). What follows from it is written by the next turn.

use super::desk::{Desk, Then};
use super::state::Phase;
use super::{acknowledge, carry};
use crate::limits;
use crate::syncml::inbox::{self, Inbox, Step, SyncStep, trim};
use crate::syncml::message::{Alert, Command, Data, Get, Item, Results};
use crate::syncml::session::{Mode, Pending, PendingStatus};
use crate::syncml::{alert, status};

/// How many messages in a row may bring nothing before the server is taken to be at its end.
const SILENT_MAX: u32 = 6;

/// How many messages a session may have at all.
const MESSAGES_MAX: u32 = 100_000;

impl Desk<'_> {
    /// The last message was answered.
    pub fn hear(&mut self, inbox: &Inbox, bytes: usize) -> Then {
        if self.state.phase == Phase::Idle {
            return Then::Done;
        }
        if self.waiting.is_empty() {
            // It was heard before.
            return Then::Write;
        }
        let header = &inbox.message.header;
        if trim(&header.session_id) != self.state.session.to_string() {
            let message = "The server answers in another session than it was asked in. Try again.";
            return self.fail("protocol", 0, message);
        }
        self.waiting.clear();
        (self.state.lost, self.state.wait_until, self.state.heard_at) = (0, 0, self.now);
        self.state.progress.bytes_received += bytes as u64;
        self.hear_bounds(inbox);
        let busy = std::mem::take(&mut self.state.busy);
        for answer in headers(inbox) {
            if answer.code == status::IN_PROGRESS {
                self.state.busy = busy;
            }
            if let Some(then) = self.hear_header(answer) {
                return then;
            }
        }
        self.state.silent += 1;
        if let Err(then) = self.walk(&inbox.steps, inbox) {
            return then;
        }
        self.end_of_pieces(inbox);
        self.hear_end(inbox.message.last)
    }

    /// What a SyncHdr says of the server.
    fn hear_bounds(&mut self, inbox: &Inbox) {
        let header = &inbox.message.header;
        let url = &self.client.upstream.url;
        let server = &mut self.state.server;
        server.message = header.message_id;
        server.silent = header.no_response;
        let short = |uri: &str| -> String { uri.chars().take(limits::ADDRESS_BYTES_MAX / 4).collect() };
        (server.target, server.source) = (short(&header.target.uri), short(&header.source.uri));
        if let Some(respond_to) = header.respond_to.as_deref().and_then(|uri| carry::followed(url, uri)) {
            server.respond_to = respond_to;
        }
        if let Some(most) = header.meta.max_message_bytes.filter(|most| *most > 0) {
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let (least, ours) = (limits::SYNCML_REPLY_BYTES_MIN, limits::SYNCML_REPLY_BYTES_MAX);
            self.state.message_bytes_max = most.clamp(least, ours);
        }
        let said = inbox.object_bytes_max().into_iter().chain([self.state.object_bytes_max]);
        self.state.object_bytes_max = said.filter(|most| *most > 0).min().unwrap_or(0);
    }

    /// Takes every step in order.
    fn walk(&mut self, steps: &[Step], inbox: &Inbox) -> Result<(), Then> {
        let mut steps = steps.iter();
        while let Some(step) = steps.next() {
            match step {
                Step::Command(index) => {
                    if let Some(command) = inbox.message.commands.get(*index) {
                        self.command(command)?;
                    }
                }
                Step::Sync(sync) => self.open_sync(sync, inbox),
                Step::Change(change) => self.receive(change),
                Step::Atomic(atomic) => {
                    // Nothing here could be taken back once it is said to be done: none of it is done.
                    self.state.silent = 0;
                    self.answer(atomic.silent, &atomic.command, "Atomic", status::NOT_SUPPORTED);
                    (0..atomic.steps).for_each(|_| {
                        steps.next();
                    });
                }
                Step::Refuse(refused) => {
                    self.answer(refused.silent, &refused.command, refused.name, refused.code);
                }
            }
        }
        Ok(())
    }

    /// Leaves a status that names nothing.
    fn answer(&mut self, silent: bool, command: &str, name: &str, code: u16) {
        let (command, name) = (command.to_owned(), name.to_owned());
        self.owe(silent, PendingStatus { command, name, code, ..PendingStatus::default() });
    }

    fn command(&mut self, command: &Command) -> Result<(), Then> {
        match command {
            Command::Status(answer) => return self.acknowledge(answer),
            Command::Alert(alert) => self.hear_alert(alert),
            Command::Put(put) => {
                let code = self.learn(&put.items);
                self.answer(put.no_response, &put.command_id, "Put", code);
            }
            Command::Results(results) => self.hear_results(results),
            Command::Get(get) => self.hear_get(get),
            Command::Map(map) => self.answer(false, &map.command_id, "Map", status::NOT_ALLOWED),
            Command::Exec(exec) => {
                self.answer(exec.no_response, &exec.command_id, "Exec", status::NOT_SUPPORTED);
            }
            Command::Search(search) => {
                self.answer(search.no_response, &search.command_id, "Search", status::NOT_SUPPORTED);
            }
            Command::Change(_) | Command::Group(_) | Command::Sync(_) => {}
        }
        Ok(())
    }

    fn hear_results(&mut self, results: &Results) {
        let code = self.learn(&results.items);
        self.answer(false, &results.command_id, "Results", code);
    }

    /// What the server says it can do.
    fn learn(&mut self, items: &[Item]) -> u16 {
        let device = items.iter().find_map(|item| match &item.data {
            Some(Data::Device(device)) => Some(device),
            _ => None,
        });
        let Some(device) = device else { return status::NOT_SUPPORTED };
        let text = serde_json::json!(device).to_string();
        if text.len() > limits::ROW_BYTES_MAX / 4 {
            return status::ENTITY_TOO_LARGE;
        }
        self.device = Some((**device).clone());
        if text != self.peer.device {
            self.peer.device = text;
            self.peer_changed = true;
        }
        status::OK
    }

    /// The server asks what we can do.
    fn hear_get(&mut self, get: &Get) {
        let asks = |item: &Item| {
            item.target.as_ref().is_some_and(|target| inbox::comparable(&target.uri).starts_with("devinf1"))
        };
        let code = if get.items.iter().any(asks) { status::OK } else { status::NOT_FOUND };
        self.answer(get.no_response, &get.command_id, "Get", code);
        if code == status::OK {
            let results = Pending::Device(self.state.server.message, get.command_id.clone());
            self.owe_pending(results);
        }
    }

    /// An alert of the server's: it opens a datastore, or asks us to go on.
    fn hear_alert(&mut self, alert: &Alert) {
        let code = alert.code.trim().parse().unwrap_or(0);
        let status = match code {
            alert::DISPLAY | alert::NEXT_MESSAGE => status::OK,
            alert::NO_END_OF_DATA => {
                self.broke_off();
                status::OK
            }
            code => match Mode::of_alert(code).filter(|_| self.state.phase == Phase::Alerting) {
                Some(mode) => {
                    alert.items.iter().for_each(|item| self.agree(alert, item, mode));
                    return;
                }
                None => status::NOT_SUPPORTED,
            },
        };
        self.answer(alert.no_response, &alert.command_id, "Alert", status);
    }

    /// The server opens a datastore: as we asked, or as it must be.
    fn agree(&mut self, alert: &Alert, item: &Item, mode: Mode) {
        let uri = |location: &Option<crate::syncml::message::Location>| {
            location.as_ref().map(|location| location.uri.clone()).unwrap_or_default()
        };
        let (target, source) = (uri(&item.target), uri(&item.source));
        let anchor = item.meta.anchor.clone().unwrap_or_default();
        let next = anchor.next.as_deref().map(trim).unwrap_or_default().to_owned();
        let index = self.state.index_at(&inbox::comparable(&target));
        let index = index.or_else(|| self.state.index_at(&inbox::comparable(&source)));
        let known = |text: &str| text.len() <= limits::NAME_BYTES_MAX;
        let code = match index {
            None => status::NOT_FOUND,
            Some(_) if !known(&next) || !anchor.last.as_deref().is_none_or(known) => status::BAD_REQUEST,
            Some(index) => {
                self.state.silent = 0;
                self.agree_on(index, mode, anchor.last.as_deref().map(trim).unwrap_or_default(), &next)
            }
        };
        let next = (code == status::OK || code == status::REFRESH_REQUIRED).then_some(next);
        let refs = |uri: String| if known(&uri) { vec![uri] } else { Vec::new() };
        let status = PendingStatus {
            command: alert.command_id.clone(),
            name: "Alert".into(),
            targets: refs(target),
            sources: refs(source),
            code,
            next,
            ..PendingStatus::default()
        };
        self.owe(alert.no_response, status);
    }

    fn agree_on(&mut self, index: usize, mode: Mode, last: &str, next: &str) -> u16 {
        let Some(syncing) = self.state.syncing.get(index) else { return status::NOT_FOUND };
        if syncing.datastore.failed {
            return status::FORBIDDEN;
        }
        if syncing.datastore.resumed && acknowledge::refuses_resume(syncing) {
            // It will be asked plainly.
            return status::OK;
        }
        let (collection, asked, wish) =
            (syncing.datastore.collection.clone(), syncing.datastore.mode, syncing.wish);
        let answered = syncing.answered;
        let known = self.bookmarked(&collection).confirmed.anchor;
        let destroys = matches!(mode, Mode::RefreshFromClient | Mode::RefreshFromServer) && mode != wish;
        // What the server remembers of the last sync is not what was agreed on then.
        let strange = !mode.begins_anew() && !syncing.datastore.resumed && !last.is_empty() && last != known;
        let (mode, code) = if strange { (Mode::Slow, status::REFRESH_REQUIRED) } else { (mode, status::OK) };
        let why = if mode != Mode::Slow || asked == Mode::Slow {
            None
        } else if strange {
            Some("The server remembers another last sync than this end does.")
        } else if answered == status::REFRESH_REQUIRED {
            Some("The server does not remember the last sync, and asks to compare everything.")
        } else {
            Some("The server asked for it.")
        };
        if destroys {
            if let Some(syncing) = self.state.syncing.get_mut(index) {
                let message = format!(
                    "The server wants a {} instead, which would delete what nobody asked to delete. Ask for it, if it is right.",
                    mode.name()
                );
                syncing.fail("refused", answered, message);
            }
            return status::FORBIDDEN;
        }
        if mode != asked {
            self.begins_anew(&collection, mode);
        }
        if let Some(syncing) = self.state.syncing.get_mut(index) {
            syncing.datastore.resumed &= mode == asked;
            (syncing.datastore.mode, syncing.agreed) = (mode, true);
            syncing.datastore.next = next.to_owned();
            syncing.outcome.why_slow = why.map(str::to_owned).or(syncing.outcome.why_slow.take());
        }
        code
    }

    /// A `Sync` of the server's begins.
    fn open_sync(&mut self, sync: &SyncStep, inbox: &Inbox) {
        let index = self.state.index_at(&sync.path);
        let alive = index.filter(|index| self.state.syncing.get(*index).is_some_and(|it| it.is_alive()));
        let changes = inbox.message.commands.iter().find_map(|command| match command {
            Command::Sync(it) if it.command_id == sync.command => it.changes,
            _ => None,
        });
        if let Some(syncing) = alive.and_then(|index| self.state.syncing.get_mut(index)) {
            syncing.received_of = syncing.received_of.max(changes.unwrap_or(0));
            syncing.datastore.received = true;
        }
        let code = match (index, alive) {
            (None, _) => status::NOT_FOUND,
            (_, None) => status::FORBIDDEN,
            _ => status::OK,
        };
        let refs =
            |uri: &String| if uri.len() <= limits::URI_BYTES_MAX { vec![uri.clone()] } else { Vec::new() };
        let (command, name) = (sync.command.clone(), "Sync".to_owned());
        let (targets, sources) = (refs(&sync.target), refs(&sync.source));
        self.owe(
            sync.silent,
            PendingStatus { command, name, targets, sources, code, ..PendingStatus::default() },
        );
    }

    /// The message is read; if it closes its package, the next one is ours.
    fn hear_end(&mut self, last: bool) -> Then {
        self.state.closed |= last;
        if self.state.message_id > MESSAGES_MAX {
            return self.fail("protocol", 0, "The server does not come to an end.");
        }
        if self.state.suspended {
            return self.paused();
        }
        if self.state.phase == Phase::Alerting && self.state.closed {
            return self.alerted();
        }
        if self.state.silent <= SILENT_MAX {
            return Then::Write;
        }
        self.state.silent = 0;
        match self.state.phase {
            Phase::Ending => {
                self.state.closed = true;
                Then::Write
            }
            _ => self.fail(
                "protocol",
                0,
                "The server says nothing more, and does not say that it is done. Try again.",
            ),
        }
    }

    /// Packages 1 and 2 are complete: from here on it is data.
    fn alerted(&mut self) -> Then {
        let no_resume =
            self.state.syncing.iter().any(|it| it.datastore.resumed && acknowledge::refuses_resume(it));
        if no_resume && !self.state.no_resume {
            self.state.no_resume = true;
            return self.begin_again();
        }
        for syncing in self.state.syncing.iter_mut().filter(|syncing| !syncing.agreed) {
            let name = syncing.datastore.source.clone();
            syncing.fail("refused", syncing.answered, format!("The server says nothing of {name}."));
        }
        if !self.state.syncing.iter().any(|syncing| syncing.is_alive()) {
            return self.none_left();
        }
        self.state.broken.clear();
        (self.state.phase, self.state.closed) = (Phase::Sending, false);
        for index in 0..self.state.syncing.len() {
            self.start_sending(index);
        }
        Then::Write
    }
}

/// The statuses of our SyncHdr.
fn headers(inbox: &Inbox) -> impl Iterator<Item = &crate::syncml::message::Status> {
    inbox.message.commands.iter().filter_map(|command| match command {
        Command::Status(answer) if answer.command_ref.trim() == "0" || answer.command == "SyncHdr" => {
            Some(answer)
        }
        _ => None,
    })
}
