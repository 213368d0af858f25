//! Who is it? Login by `syncml:auth-basic`, `syncml:auth-md5` and `syncml:auth-MAC`, challenges, sessions, resends (DS 1.2
//! section 7). Who we are towards the device is `identify.rs`, credentials inside commands are `bar.rs`.
//!
//! Nothing is written for somebody who is not signed in, but a counter of wrong passwords: challenge nonces are computed,
//! not stored, so a stranger can neither spoil a device's nonce nor fill the store.

use super::Server;
use super::desk::{header_status_of, versions};
use crate::journal::Moment;
use crate::limits;
use crate::secret::{self, Sealer};
use crate::store::{Login, Session, Snapshot, Throttle};
use crate::syncml::credential::{self, Credential, mac};
use crate::syncml::message::{Command, Header, Version};
use crate::syncml::session::{Asked, Mode, PendingStatus, Phase, State};
use crate::syncml::{alert, status};
use std::collections::BTreeSet;

/// Why a session that was opened by MAC refuses a message without one.
const SIGNED: &str = "the session was opened by syncml:auth-MAC, and each of its messages is to bear one";

/// What becomes of a message at the door.
pub enum Verdict {
    /// It was answered before: the same bytes again.
    Replay {
        /// The bytes.
        body: Vec<u8>,
        /// What the session was like when they were made.
        state: Option<Box<State>>,
    },
    /// It is not let in.
    Refuse {
        /// The status of the SyncHdr.
        header: Box<PendingStatus>,
        /// The status of every other command.
        code: u16,
        /// The version to answer in.
        version: Version,
        /// Why, for the log.
        why: String,
        /// The counter of wrong passwords, where it moves.
        throttle: Option<Throttle>,
    },
    /// It is let in.
    Admit(Box<Admitted>),
}

/// Somebody signed in.
pub struct Admitted {
    /// The login's name.
    pub login: String,
    /// The session so far; a new one is empty.
    pub state: State,
    /// Whether the session is new.
    pub fresh: bool,
    /// The status of the SyncHdr: 212 where credentials for the whole session came, else 200.
    pub header: u16,
    /// The scheme of the digest it signed in by: its next session needs a nonce.
    pub digest: Option<&'static str>,
    /// Whether a counter of wrong passwords is to be cleared.
    pub clear: Option<String>,
}

/// What a message says of who sent it: the MAC beside it, else the `Cred` in its header.
pub fn credential_of(server: &Server<'_>) -> Option<Credential> {
    server.mac.clone().or_else(|| server.inbox.message.header.credential.as_ref().map(credential::read))
}

/// The name in the message's credential.
pub fn login_of(server: &Server<'_>) -> Option<String> {
    name_in(&credential_of(server)?, &server.inbox.message.header)
}

/// The name a credential is for: a digest hides it, and it stands in the header.
pub fn name_in(credential: &Credential, header: &Header) -> Option<String> {
    match credential {
        Credential::Basic { user, .. } | Credential::Mac { user, .. } => Some(user.clone()),
        Credential::Md5 { .. } => header.source.name.clone(),
        _ => None,
    }
}

/// Everybody whom the message names with a credential, in its header or in a command.
pub fn names(server: &Server<'_>) -> Vec<String> {
    let header = &server.work().message.header;
    let inside = server.work().credentials().map(credential::read).collect::<Vec<_>>();
    let inside = inside.iter().filter_map(|credential| name_in(credential, header));
    let all: BTreeSet<String> = login_of(server).into_iter().chain(inside).collect();
    all.into_iter().filter(|name| name.len() <= limits::NAME_BYTES_MAX).collect()
}

/// Under which key failures of a login from an address are counted.
pub fn throttle_key(login: &str, address: &str) -> String {
    format!("syncml:{login}|{address}")
}

/// Decides who it is and what session the message belongs to.
pub fn authenticate(server: &Server<'_>, snapshot: &Snapshot, now: Moment) -> Verdict {
    let header = &server.inbox.message.header;
    let version = match version_of(server, header) {
        Ok(version) => version,
        Err(verdict) => return *verdict,
    };
    if let Some(why) = misnamed(server) {
        let status = header_status_of(server, status::BAD_REQUEST);
        let code = status.code;
        return Verdict::Refuse { header: Box::new(status), code, version, why, throttle: None };
    }
    let session = snapshot.session.as_ref().filter(|session| session.session_id == header.session_id);
    if let Some(session) = session.filter(|session| session.request == server.digest && session.expires > now)
    {
        let state = State::read(&session.state).map(Box::new);
        return Verdict::Replay { body: session.reply.clone(), state };
    }
    if session.is_some_and(|session| is_late_copy(server, session, now)) {
        return answered_already(server, version);
    }
    let Some(credential) = credential_of(server) else {
        return continued(server, snapshot, session, version, now);
    };
    let goes_on = session.filter(|session| session.expires > now && header.message_id > 1);
    let signed = goes_on.and_then(|session| State::read(&session.state)).is_some_and(|state| state.signed);
    if (signed || server.settings.syncml_mac) && !matches!(credential, Credential::Mac { .. }) {
        let why = if signed { SIGNED } else { "only syncml:auth-MAC is taken here (SYNCML_MAC)" };
        let refusal = Refusal { code: status::INVALID_CREDENTIALS, ..Refusal::missing(mac::SCHEME, why) };
        return refusal.verdict_challenging(server, version, now);
    }
    match check(server, snapshot, &credential, version, now) {
        Err(refusal) => match continued(server, snapshot, session, version, now) {
            Verdict::Admit(admitted) if repeats_digest(server, session) => Verdict::Admit(admitted),
            _ => refusal.verdict(server, version),
        },
        Ok(proof) => admit(server, snapshot, session, version, now, proof),
    }
}

/// Whether a message is the one that began a session that has gone on since. Its answer is no longer kept, and taken for a
/// new session it would end the one that lives. After the end of that, a device that says the same has begun anew.
fn is_late_copy(server: &Server<'_>, session: &Session, now: Moment) -> bool {
    let last = session.expires.saturating_sub(limits::SESSION_IDLE_MS);
    let recent = session.expires > now && now < last.saturating_add(limits::LATE_COPY_MS);
    recent
        && i64::from(server.inbox.message.header.message_id) < session.message
        && State::read(&session.state)
            .is_some_and(|state| state.phase != Phase::Over && state.first == server.digest)
}

/// Whether a message of a live session signs in by a digest and opens nothing: some devices repeat their first one in every
/// message, and its nonce has been replaced. Without it the message would be let in too: it comes with the session's token,
/// or from where the session is.
fn repeats_digest(server: &Server<'_>, session: Option<&Session>) -> bool {
    let digest = matches!(credential_of(server), Some(Credential::Md5 { .. }));
    let known = session.is_some_and(|session| {
        let token = server.token.as_deref().map(secret::token_hash);
        session.address == server.address || token.is_some_and(|token| token == session.token)
    });
    digest && known && !server.inbox.has_sync_alert()
}

/// Whether what names the device, the session or the login is missing or longer than any device's: it would become a key.
pub fn misnamed(server: &Server<'_>) -> Option<String> {
    let header = &server.inbox.message.header;
    let login = login_of(server).unwrap_or_default();
    let device = server.device().0;
    let too_long = |text: &str| text.len() > limits::NAME_BYTES_MAX;
    match () {
        () if header.target.uri.len() > limits::ADDRESS_BYTES_MAX => {
            Some("the Target of the SyncHdr is too long".into())
        }
        () if device.is_empty() => Some("the SyncHdr has no Source".into()),
        () if too_long(&device) => Some("the Source of the SyncHdr is too long".into()),
        () if too_long(&header.session_id) => Some("the SessionID is too long".into()),
        () if too_long(&login) => Some("the login's name is too long".into()),
        () => None,
    }
}

/// The version both header fields agree on; 513 or 505 with what we speak otherwise.
fn version_of(server: &Server<'_>, header: &Header) -> Result<Version, Box<Verdict>> {
    let refuse = |code: u16, hint: String, why: String| {
        let mut status = header_status_of(server, code);
        status.hint = Some(hint);
        Box::new(Verdict::Refuse {
            header: Box::new(status),
            code,
            version: Version::V12,
            why,
            throttle: None,
        })
    };
    let Some(version) = Version::of(&header.protocol) else {
        let hint = versions().map(Version::protocol).join(", ");
        return Err(refuse(
            status::PROTOCOL_VERSION,
            hint,
            format!("VerProto {:?} is not spoken here", header.protocol),
        ));
    };
    if Version::of(&header.dtd).is_none() {
        let hint = versions().map(Version::dtd).join(", ");
        return Err(refuse(status::DTD_VERSION, hint, format!("VerDTD {:?} is not spoken here", header.dtd)));
    }
    Ok(version)
}

/// A message without credentials belongs to a session that is alive, or is challenged.
fn continued(
    server: &Server<'_>,
    snapshot: &Snapshot,
    session: Option<&Session>,
    version: Version,
    now: Moment,
) -> Verdict {
    let header = &server.inbox.message.header;
    let scheme = if server.settings.syncml_mac { mac::SCHEME } else { credential::MD5 };
    let challenged = |why: &str| Refusal::missing(scheme, why).verdict_challenging(server, version, now);
    let Some(session) = session.filter(|session| session.expires > now) else {
        return challenged("no credentials, and no live session of that id");
    };
    let Some(login) = snapshot.login.as_ref().filter(|login| allowed(login, server)) else {
        return challenged("the session's login is gone");
    };
    if i64::from(header.message_id) <= session.message {
        if header.message_id == 1 {
            return challenged("a new message 1 under an old session id needs credentials");
        }
        return answered_already(server, version);
    }
    let Some(state) = State::read(&session.state).filter(|state| state.version == version) else {
        return challenged("the session's state cannot be read, or the protocol version changed");
    };
    if state.signed || server.settings.syncml_mac {
        return Refusal::missing(mac::SCHEME, SIGNED).verdict_challenging(server, version, now);
    }
    Verdict::Admit(Box::new(Admitted {
        login: login.name.clone(),
        state,
        fresh: false,
        header: status::OK,
        digest: None,
        clear: None,
    }))
}

/// Another message under a number that was answered: nothing is taken of it.
fn answered_already(server: &Server<'_>, version: Version) -> Verdict {
    let number = server.inbox.message.header.message_id;
    let why = format!("message {number} was answered already, and this is another one");
    let status = header_status_of(server, status::BAD_REQUEST);
    let code = status.code;
    Verdict::Refuse { header: Box::new(status), code, version, why, throttle: None }
}

/// Whether a message holds nothing that could begin a session: changes, Maps, statuses, 221 and 222 only.
fn goes_on_only(server: &Server<'_>) -> bool {
    let inbox = &server.inbox;
    let goes_on = |command: &Command| match command {
        Command::Sync(_) | Command::Map(_) | Command::Status(_) => true,
        Command::Alert(alert) => alert::asks_only(alert.code.trim()),
        _ => false,
    };
    !inbox.message.commands.is_empty() && inbox.message.commands.iter().all(goes_on)
}

/// Credentials were right: the message goes on with its session, or begins one.
///
/// It begins one where there is none alive, where it is message 1, where its number was answered before (a device that
/// always uses one session id, retrying after a challenge), and where it opens datastores although package 1 is over. What
/// can only belong to a session that goes on is refused under an answered number.
fn admit(
    server: &Server<'_>,
    snapshot: &Snapshot,
    session: Option<&Session>,
    version: Version,
    now: Moment,
    proof: Proof,
) -> Verdict {
    let header = &server.inbox.message.header;
    let number = i64::from(header.message_id);
    let alive = session.filter(|session| session.expires > now && header.message_id > 1);
    if alive.is_some_and(|session| number <= session.message) && goes_on_only(server) {
        return answered_already(server, version);
    }
    let state = alive
        .filter(|session| number > session.message)
        .and_then(|session| State::read(&session.state))
        .filter(|state| state.version == version)
        .filter(|state| state.phase == Phase::ExpectAlerts || !server.inbox.has_sync_alert());
    let fresh = state.is_none();
    let before = || snapshot.session.as_ref().and_then(|session| State::read(&session.state));
    let begun = || {
        let before = before().unwrap_or_default();
        let asked = before.asked.clone().map(Asked::another_session);
        let mut resumable = before.resumable();
        // What was staged may have been swept since: half of it would take the place of everything.
        let staged = snapshot.session.as_ref().is_some_and(|s| s.expires > now - limits::STAGED_MS / 2);
        resumable.retain(|begun| staged || begun.refreshed || begun.mode != Mode::RefreshFromClient);
        let (arriving, leaving) = before.clone().paused();
        let earlier = before.unanswered();
        State {
            version,
            resumable,
            earlier,
            asked,
            arriving,
            leaving,
            first: server.digest.clone(),
            ..State::default()
        }
    };
    let mut state = state.unwrap_or_else(begun);
    // Every message says for itself who it is, from the first one that does.
    let by_mac = proof.digest == Some(mac::SCHEME);
    state.signed |= by_mac;
    let throttle = throttle_key(&proof.login, &server.address);
    let clear = snapshot.throttles.iter().any(|known| known.key == throttle).then_some(throttle);
    Verdict::Admit(Box::new(Admitted {
        login: proof.login,
        state,
        fresh,
        header: if by_mac { status::OK } else { status::AUTHENTICATED },
        digest: proof.digest,
        clear,
    }))
}

/// Somebody proved to know the password.
pub struct Proof {
    login: String,
    digest: Option<&'static str>,
}

/// Somebody did not.
pub struct Refusal {
    /// The status.
    pub code: u16,
    /// The scheme of the challenge.
    pub scheme: &'static str,
    hint: Option<String>,
    /// Why, for the log.
    pub why: String,
    /// The counter of wrong passwords, where it moves.
    pub throttle: Option<Throttle>,
    /// The nonce of the challenge.
    pub nonce: String,
}

impl Refusal {
    fn missing(scheme: &'static str, why: &str) -> Self {
        Self {
            code: status::MISSING_CREDENTIALS,
            scheme,
            hint: None,
            why: why.to_owned(),
            throttle: None,
            nonce: String::new(),
        }
    }

    fn verdict_challenging(mut self, server: &Server<'_>, version: Version, now: Moment) -> Verdict {
        self.nonce = nonce_now(server, now);
        self.verdict(server, version)
    }

    fn verdict(self, server: &Server<'_>, version: Version) -> Verdict {
        let mut header = header_status_of(server, self.code);
        header.hint = self.hint;
        header.challenge = Some((self.scheme.to_owned(), self.nonce));
        Verdict::Refuse {
            header: Box::new(header),
            code: self.code,
            version,
            why: self.why,
            throttle: self.throttle,
        }
    }
}

fn nonce_now(server: &Server<'_>, now: Moment) -> String {
    server
        .settings
        .sealer
        .as_ref()
        .map(|sealer| sealer.challenge(&server.device().0, now))
        .unwrap_or_default()
}

/// Whether a credential is right, in the header or in a command.
pub fn check(
    server: &Server<'_>,
    snapshot: &Snapshot,
    credential: &Credential,
    version: Version,
    now: Moment,
) -> Result<Proof, Box<Refusal>> {
    let refusal = |code: u16, scheme: &'static str, why: String| {
        let nonce = if scheme == credential::BASIC { String::new() } else { nonce_now(server, now) };
        Box::new(Refusal { code, scheme, hint: None, why, throttle: None, nonce })
    };
    let asks = if server.mac.is_some() { mac::SCHEME } else { credential::MD5 };
    let digest = match credential {
        Credential::Basic { .. } => None,
        Credential::Md5 { .. } => Some(credential::MD5),
        Credential::Mac { .. } => Some(mac::SCHEME),
        Credential::Unsupported(scheme) => {
            let mut refused = refusal(
                status::NOT_SUPPORTED,
                asks,
                format!("the scheme {scheme:?} is not offered; syncml:auth-basic, -md5 and -MAC are"),
            );
            refused.hint = Some(scheme.clone());
            return Err(refused);
        }
        Credential::Malformed(reason) => {
            return Err(refusal(status::INVALID_CREDENTIALS, asks, reason.to_string()));
        }
    };
    let scheme = digest.unwrap_or(credential::BASIC);
    let Some(name) = name_in(credential, &server.work().message.header) else {
        let why = "a digest without LocName in Source says nothing of who it is".to_owned();
        return Err(refusal(status::INVALID_CREDENTIALS, scheme, why));
    };
    let Some(sealer) = server.settings.sealer.as_ref() else {
        let why =
            "the Worker secret ANCHORAGE_SECRET is missing or shorter than 16 bytes: nobody can sign in"
                .to_owned();
        return Err(refusal(status::INVALID_CREDENTIALS, scheme, why));
    };
    let key = throttle_key(&name, &server.address);
    let failures = snapshot.throttles.iter().find(|throttle| throttle.key == key);
    if let Some(seconds) = failures.and_then(|throttle| throttle.pause_seconds(now)) {
        let why =
            format!("login {name}: too many wrong passwords, the next is looked at in {seconds} seconds");
        return Err(refusal(status::INVALID_CREDENTIALS, scheme, why));
    }
    let login = snapshot.login.as_ref().filter(|login| login.name == name && allowed(login, server));
    if let Some(login) =
        login.filter(|login| proves(server, snapshot, sealer, login, credential, version, now))
    {
        return Ok(Proof { login: login.name.clone(), digest });
    }
    // A digest over the empty nonce is a first greeting, not a try at the password: it is challenged and not counted.
    if login.is_some_and(|login| greets(sealer, login, credential, version)) {
        let why = format!("login {name}: greets without a nonce yet, and is given one");
        return Err(refusal(status::INVALID_CREDENTIALS, scheme, why));
    }
    let why = format!("login {name}: unknown, or a wrong password, or a digest of another nonce");
    let mut refused = refusal(status::INVALID_CREDENTIALS, scheme, why);
    // Where there is no such login there is nothing to guess, and nothing is to be filled by trying names.
    refused.throttle = login.map(|_| Throttle::failed(failures, &key, now));
    Err(refused)
}

/// Whether a login may be used here at all.
fn allowed(login: &Login, server: &Server<'_>) -> bool {
    !login.local || server.settings.local
}

fn proves(
    server: &Server<'_>,
    snapshot: &Snapshot,
    sealer: &Sealer,
    login: &Login,
    credential: &Credential,
    version: Version,
    now: Moment,
) -> bool {
    let Some(password) = sealer.open(&login.name, &login.sealed) else { return false };
    match credential {
        Credential::Basic { password: given, .. } => secret::equal(given.as_bytes(), password.as_bytes()),
        Credential::Md5 { .. } | Credential::Mac { .. } => {
            let mut nonces = sealer.challenges(&server.device().0, now).to_vec();
            let given =
                snapshot.peer.as_ref().filter(|peer| peer.login == login.name && !peer.nonce.is_empty());
            nonces.extend(given.map(|peer| peer.nonce.clone()));
            nonces.iter().any(|nonce| credential.answers(&login.name, &password, nonce.as_bytes(), version))
        }
        _ => false,
    }
}

fn greets(sealer: &Sealer, login: &Login, credential: &Credential, version: Version) -> bool {
    let password = sealer.open(&login.name, &login.sealed);
    password.is_some_and(|password| credential.answers(&login.name, &password, b"", version))
}
