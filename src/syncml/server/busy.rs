//! Busy (101, 221): a message that keeps losing its race is kept in the session and carried out when the device asks for the
//! result (RepPro 1.2 section 10, DS 1.2 section 13.2; `syncml.md` 4.9). Why not always: `docs/decisions/0013-*.md`.
//!
//! To keep it is a commit that only another message of the same session can be in the way of. What was kept is carried out
//! before whatever comes next, as if both had come in one message, with its own `MsgRef`s; nothing was acknowledged before.

use super::authenticate::Admitted;
use super::desk::{Desk, answer, bounds, header_status_of, session_token};
use super::watch::{Seen, Watch};
use super::{Answer, Needed, Server};
use crate::exchange::{Decision, Seed, Turn};
use crate::journal::Moment;
use crate::limits;
use crate::peer::PeerSettings;
use crate::secret;
use crate::store::{Batch, Guard, Session, Snapshot, StoreError, Throttle};
use crate::syncml::codec::{self, DecodeError};
use crate::syncml::inbox::Inbox;
use crate::syncml::message::Command;
use crate::syncml::quirk;
use crate::syncml::session::{Kept, Pending, PendingStatus, State};
use crate::syncml::{alert, status};

/// A message behind those that were kept.
#[derive(Debug)]
pub struct Joined {
    kept: Vec<Kept>,
    inbox: Inbox,
}

impl Joined {
    fn of(kept: &[Kept], body: &[u8]) -> Result<Self, DecodeError> {
        let read = |bytes: &[u8]| codec::decode(bytes).map(|(message, _)| message);
        let before =
            kept.iter().map(|kept| read(&secret::unbase64(kept.body.as_bytes()).unwrap_or_default()));
        let inbox = Inbox::joined(before.collect::<Result<_, _>>()?, read(body)?);
        Ok(Self { kept: kept.to_vec(), inbox })
    }
}

impl Server<'_> {
    /// What is to be carried out: the message that came, behind those that were kept.
    pub fn work(&self) -> &Inbox {
        self.joined.as_ref().map_or(&self.inbox, |joined| &joined.inbox)
    }

    /// Whether the message can be put off, as far as is known without asking the store again.
    pub fn is_put_off(&mut self, error: &StoreError) -> bool {
        let why = match error {
            StoreError::Conflict => "too many writers at once".to_owned(),
            StoreError::Busy(why) => why.clone(),
            StoreError::Broken(_) => return false,
        };
        self.late = self.alive.then_some(why);
        self.late.is_some()
    }

    /// What comes before a message is carried out: it is put off, or what was kept has to be read for. `None` where nothing
    /// does.
    pub fn busy(
        &mut self,
        admitted: &mut Admitted,
        snapshot: &Snapshot,
        now: Moment,
        seed: &mut Seed,
    ) -> Option<Decision<Answer>> {
        self.alive = !admitted.fresh;
        if let Some(why) = self.late.take() {
            let Some(turn) = self.put_off(admitted, &why, snapshot, now, seed) else {
                return Some(Decision::Ask(Box::new(self.reads())));
            };
            self.late = Some(why);
            return Some(Decision::Turn(Box::new(turn)));
        }
        match self.joins(&admitted.state) {
            Ok(false) => {}
            Ok(true) => return Some(Decision::Ask(Box::new(self.reads()))),
            Err(error) => return Some(Decision::Turn(Box::new(self.cannot_read(&admitted.state, &error)))),
        }
        admitted.state.busy = None;
        None
    }

    /// Puts what was kept before what came. True where that has to be read for.
    fn joins(&mut self, state: &State) -> Result<bool, DecodeError> {
        let kept = state.busy.as_ref().map_or(&[][..], |busy| &busy.kept);
        let joined = self.joined.as_ref().map_or(&[][..], |joined| &joined.kept);
        if kept == joined {
            return Ok(false);
        }
        self.joined = if kept.is_empty() { None } else { Some(Joined::of(kept, self.body)?) };
        self.needed = Needed::default();
        Ok(true)
    }

    /// Another release has kept what this one cannot read: the session is lost, and no anchor moves.
    fn cannot_read(&mut self, state: &State, error: &DecodeError) -> Turn<Answer> {
        self.line = format!("{}: what was kept cannot be read: {}", self.preamble(), error.reason);
        let code = status::SYNCHRONIZATION_FAILED;
        self.refuse(header_status_of(self, code), code, state.version)
    }

    /// Keeps the message, and says 101. `None` where it cannot be kept, or its device could make nothing of that.
    fn put_off(
        &mut self,
        admitted: &Admitted,
        why: &str,
        snapshot: &Snapshot,
        now: Moment,
        seed: &mut Seed,
    ) -> Option<Turn<Answer>> {
        let before = snapshot.session.as_ref()?;
        let header = &self.inbox.message.header;
        if admitted.fresh || header.no_response || self.gives_up_at_101(snapshot) {
            return None;
        }
        let mut state = admitted.state.clone();
        state.message_id = state.message_id.saturating_add(1);
        let said = self.keep(&mut state, admitted.header)?;
        let bounds = bounds(self, &mut state, false);
        let (token, token_hash) = session_token(self, snapshot, false, seed);
        let mut outbox = answer(self, snapshot, &state, token, bounds);
        outbox.push_pending(self.statuses_101(), &[], None);
        let body = outbox.finish();
        let notes = vec![format!("busy, put off with 101 ({said} in a row): {why}")];
        let seen = Seen { watch: Watch::default(), notes, reply: &body, batch: &Batch::default() };
        let trace = self.trace(&mut state, &admitted.login, seen, snapshot, now, || seed.draw());
        let session = Session {
            login: admitted.login.clone(),
            token: token_hash,
            address: self.address.clone(),
            version: before.version + 1,
            state: state.write(),
            message: i64::from(header.message_id),
            request: self.digest.clone(),
            reply: body.clone(),
            expires: now + limits::SESSION_IDLE_MS,
            ..before.clone()
        };
        if session.state.len() + session.reply.len().div_ceil(3) * 4 > limits::SESSION_BYTES_MAX {
            return None;
        }
        self.line = format!(
            "{} (login {}): busy, put off with 101 ({said} in a row): {why}",
            self.preamble(),
            admitted.login
        );
        let account = snapshot.account.as_ref()?;
        let batch = Batch {
            account: account.id.clone(),
            guard: Guard { head: account.head, session: Some(before.version), ..Guard::default() },
            now,
            peer_id: self.device(),
            throttles: admitted
                .clear
                .iter()
                .map(|key| Throttle { key: key.clone(), failures: 0, until: 0 })
                .collect(),
            session: Some(session),
            trace,
            ..Batch::default()
        };
        let mac = super::identify::signature(self, snapshot, &state, &body);
        Some(Turn { answer: Answer { body, mac }, batch: Some(batch) })
    }

    /// Adds the message to what is kept, and says how many times in a row the answer is 101; `None` where that is too often.
    fn keep(&self, state: &mut State, header: u16) -> Option<u32> {
        let busy = state.busy.get_or_insert_default();
        busy.said += 1;
        if !self.asks_only() {
            let message = self.inbox.message.header.message_id;
            busy.kept.push(Kept { message, header, body: secret::base64(self.body) });
        }
        (busy.said <= limits::BUSY_ANSWERS_MAX).then_some(busy.said)
    }

    /// Whether there is nothing in the message but the question for the result.
    fn asks_only(&self) -> bool {
        let message = &self.inbox.message;
        let asks = |command: &Command| match command {
            Command::Alert(alert) => alert::asks_only(alert.code.trim()),
            Command::Status(status) => status.command == "SyncHdr" && status::is_done(status.code),
            _ => false,
        };
        let all = self.inbox.steps.len() == message.commands.len() && message.commands.iter().all(asks);
        all && !message.last
    }

    /// 101 for the SyncHdr, and for the question for the result.
    fn statuses_101(&self) -> Vec<Pending> {
        let message = self.inbox.message.header.message_id;
        let result = alert::RESULT.to_string();
        let asked = self.inbox.message.commands.iter().filter_map(|command| match command {
            Command::Alert(alert) if alert.code.trim() == result && !alert.no_response => Some(alert),
            _ => None,
        });
        let of_alert = asked.map(|alert| PendingStatus {
            message,
            command: alert.command_id.clone(),
            name: "Alert".into(),
            code: status::IN_PROGRESS,
            ..PendingStatus::default()
        });
        let header = header_status_of(self, status::IN_PROGRESS);
        std::iter::once(header).chain(of_alert).map(Pending::Status).collect()
    }

    /// Whether 101 ends a session of this device, so that it is better told to send the message again (503).
    fn gives_up_at_101(&self, snapshot: &Snapshot) -> bool {
        let Some(peer) = &snapshot.peer else { return false };
        let device = serde_json::from_str(&peer.device).ok();
        let own = PeerSettings::of_text(&peer.settings);
        quirk::of(device.as_ref(), &self.user_agent, &self.settings.syncml_quirks, &own).quirks.no_busy
    }

    /// The statuses of the SyncHdrs of what was kept, which 101 stood for.
    pub fn headers_kept(&self) -> impl Iterator<Item = PendingStatus> {
        self.kept().map(|kept| PendingStatus { message: kept.message, ..header_status_of(self, kept.header) })
    }

    fn kept(&self) -> impl Iterator<Item = &Kept> {
        self.joined.iter().flat_map(|joined| &joined.kept)
    }
}

impl Desk<'_> {
    /// Says in the log what else is carried out.
    pub fn note_kept(&mut self) {
        let notes = self
            .server
            .kept()
            .map(|kept| format!("message {} was kept and is carried out now", kept.message));
        notes.for_each(|note| self.notes.push(note));
    }

    /// The status of alert 221. What was kept has been carried out before it; where nothing was, there is no more to say than to
    /// 222, unless what it asks for is not here: a message in between never came, or was not taken (503), or its session is
    /// over. Then nothing tells what became of it, and no anchor moves.
    pub fn result(&mut self) -> u16 {
        let answered = self.snapshot.session.as_ref().map_or(0, |session| session.message);
        let is_next = self.server.alive && i64::from(self.part.message) <= answered + 1;
        if self.server.joined.is_some() || is_next {
            return status::OK;
        }
        self.notes.push("it asks for the result of a message that is not here".to_owned());
        self.state.datastores.iter_mut().for_each(|datastore| datastore.failed = true);
        status::SYNCHRONIZATION_FAILED
    }
}
