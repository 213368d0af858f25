//! Who are we? Our credentials towards a device that asks for them (DS 1.2 section 7, RepPro 1.2 section 6.1.2; `syncml.md` 5.2).
//!
//! The mirror of `authenticate.rs`. A device asks by a challenge in its status of our SyncHdr, and gives the nonce with it; both
//! are kept for its next sessions. It is answered by a digest only: `syncml:auth-basic` would hand the password itself to
//! whoever speaks in the session. What we sign with is the login's own password, under the name of our DevInf.

use super::Server;
use super::desk::Desk;
use crate::limits;
use crate::peer::PeerSettings;
use crate::secret;
use crate::store::Snapshot;
use crate::syncml::credential::{self, mac};
use crate::syncml::device::SERVER_ID;
use crate::syncml::message::{Command, Cred, Message, Status};
use crate::syncml::notification;
use crate::syncml::session::{Asked, Pending, Phase, State};
use crate::syncml::status;

/// How many messages of ours a device may refuse in one session before we stop trying.
const REFUSED_MAX: u8 = 2;

/// What a device's statuses of our SyncHdr say about who we are.
#[derive(Default)]
pub struct Heard {
    /// Whether it has refused our last message as a whole, and should get it again with credentials.
    pub again: bool,
    /// A sentence for the log.
    pub note: Option<String>,
}

/// Hears what the device says of our credentials, before anything is written.
pub fn hear(state: &mut State, message: &Message) -> Heard {
    let ours = message.commands.iter().filter_map(|command| match command {
        Command::Status(it) if it.command_ref.trim() == "0" && it.code != status::IN_PROGRESS => Some(it),
        _ => None,
    });
    let mut heard = Heard::default();
    for status in ours {
        hear_one(state, status, &mut heard);
    }
    heard
}

fn hear_one(state: &mut State, status: &Status, heard: &mut Heard) {
    let refused = is_challenge(status.code);
    let before = state.asked.take();
    let challenge = status.challenge.as_ref();
    let scheme = challenge.map(|meta| meta.media_type.as_deref().unwrap_or(credential::BASIC).trim());
    let known = [credential::MD5, mac::SCHEME].into_iter();
    let known = scheme.and_then(|scheme| known.into_iter().find(|known| known.eq_ignore_ascii_case(scheme)));
    let mut asked = match (known, challenge) {
        (Some(scheme), Some(challenge)) => {
            let nonce = credential::nonce(challenge);
            let nonce = if nonce.len() > limits::NAME_BYTES_MAX { Vec::new() } else { nonce.into_owned() };
            let nonce = secret::base64(&nonce);
            Asked { scheme: scheme.to_owned(), nonce, ..before.unwrap_or_default() }
        }
        _ if refused => {
            let scheme = scheme.unwrap_or("nothing in particular");
            heard.note = Some(format!("the device asks who we are by {scheme}, which is not answered"));
            return;
        }
        _ => match before {
            Some(before) => before,
            None => return,
        },
    };
    asked.proven = status.code == status::AUTHENTICATED;
    if refused {
        asked.wanted = true;
        asked.refused = asked.refused.saturating_add(1);
        heard.again = asked.refused <= REFUSED_MAX;
        let words = if heard.again { "is answered" } else { "does not take the answer" };
        heard.note = Some(format!("the device asks who we are by {} and {words}", asked.scheme));
    }
    state.asked = Some(asked);
}

/// Whether a status says that credentials are missing or wrong.
pub fn is_challenge(code: u16) -> bool {
    matches!(code, status::INVALID_CREDENTIALS | status::MISSING_CREDENTIALS)
}

/// The `Cred` of our SyncHdr, where the device wants one.
pub fn credential(server: &Server<'_>, snapshot: &Snapshot, state: &State) -> Option<Cred> {
    let asked = state.asked.as_ref().filter(|asked| asked.wanted && !asked.proven)?;
    let gives = asked.scheme == credential::MD5 && asked.refused <= REFUSED_MAX;
    let password = gives.then(|| password(server, snapshot)).flatten()?;
    Some(credential::md5_cred(SERVER_ID, &password, &nonce_of(asked), state.version))
}

/// The value of `x-syncml-hmac` for a body of ours, where the device has given a nonce for it.
pub fn signature(server: &Server<'_>, snapshot: &Snapshot, state: &State, body: &[u8]) -> Option<String> {
    let asked = state.asked.as_ref().filter(|asked| asked.scheme == mac::SCHEME)?;
    Some(mac::header(SERVER_ID, &password(server, snapshot)?, &nonce_of(asked), body))
}

/// The bytes of the nonce a device has given.
pub fn nonce_of(asked: &Asked) -> Vec<u8> {
    secret::unbase64(asked.nonce.as_bytes()).unwrap_or_default()
}

fn password(server: &Server<'_>, snapshot: &Snapshot) -> Option<String> {
    let login = snapshot.login.as_ref()?;
    server.settings.sealer.as_ref()?.open(&login.name, &login.sealed)
}

impl Desk<'_> {
    /// Whether the session is one that package 0 asked for.
    pub fn is_alerted(&self) -> bool {
        let session = &self.inbox.message.header.session_id;
        let asked = PeerSettings::of_text(&self.peer.settings).alerted;
        asked.iter().any(|id| notification::names_session(*id, session))
    }

    /// Where the device has refused package 2 for want of credentials, its alerts go out again. What it refuses of package 4 comes
    /// again in its next session, as whatever it refuses.
    pub fn say_again(&mut self, heard: Heard) {
        heard.note.into_iter().for_each(|note| self.notes.push(note));
        if !self.challenged || self.state.phase != Phase::ExpectChanges || self.inbox.has_sync() {
            return;
        }
        self.state.phase = Phase::ExpectAlerts;
        (0..self.state.datastores.len()).for_each(|index| self.owe(Pending::Alert(index)));
        if self.device.is_none() {
            self.owe(Pending::AskDevice);
        }
    }
}
