//! `POST /api/login` and `DELETE /api/login`: a name and a password become a token, and a token is given back. Wrong passwords
//! slow down, as they do for MAX (`max/logon.rs`).

use super::call::{Call, present};
use super::refusal::Refusal;
use super::{Answer, Deed, Reply, Scene, turn};
use crate::exchange::{Decision, Seed};
use crate::journal::Moment;
use crate::limits;
use crate::secret;
use crate::settings::Settings;
use crate::store::{Batch, Edit, Guard, Reads, Snapshot, Throttle, Token, Who};
use serde::Deserialize;
use serde_json::json;

const LABEL_CHARS_MAX: usize = 64;
const ADDRESS_BYTES_MAX: usize = 64;

/// The longest password that is looked at, in characters.
const PASSWORD_CHARS_MAX: usize = 1_000;

/// What is sent.
#[derive(Debug, Deserialize)]
struct Sent {
    login: String,
    password: String,
    #[serde(default, deserialize_with = "present")]
    label: Option<String>,
}

/// One logon on its way.
#[derive(Debug)]
pub struct Logon {
    sent: Sent,
    throttle: String,
    failed: Option<Throttle>,
}

impl Logon {
    /// Reads who wants in. What can be nobody's name or password is not looked up.
    pub fn new(call: &Call) -> Result<Self, Refusal> {
        let sent: Sent = call.json()?;
        let label = sent.label.as_deref().unwrap_or_default();
        if label.chars().count() > LABEL_CHARS_MAX || label.chars().any(char::is_control) {
            return Err(Refusal::bad(format!(
                "A label is at most {LABEL_CHARS_MAX} characters on one line."
            )));
        }
        let name = &sent.login;
        let possible = (1..=limits::NAME_BYTES_MAX).contains(&name.len()) && !name.contains(char::is_control);
        if !possible || sent.password.chars().count() > PASSWORD_CHARS_MAX {
            return Err(wrong());
        }
        let address: String = call.request.address.chars().take(ADDRESS_BYTES_MAX).collect();
        Ok(Self { throttle: format!("api:{name}|{address}"), sent, failed: None })
    }

    /// The login and its counter.
    pub fn ask(&mut self) -> Reads {
        self.failed = None;
        Reads { throttles: vec![self.throttle.clone()], ..Reads::of(Who::Login(self.sent.login.clone())) }
    }

    /// A token, or one failure more.
    pub fn decide(
        &mut self,
        snapshot: &Snapshot,
        now: Moment,
        seed: &mut Seed,
        settings: &Settings,
    ) -> Result<Decision<Answer>, Refusal> {
        let counter = snapshot.throttles.iter().find(|throttle| throttle.key == self.throttle);
        if let Some(seconds) = counter.and_then(|counter| counter.pause_seconds(now)) {
            return Err(Refusal::paused(seconds));
        }
        let Some(sealer) = &settings.sealer else {
            return Err(Refusal::not_signed_in(
                "This server takes no passwords: it has no ANCHORAGE_SECRET.",
            ));
        };
        let login = snapshot.login.as_ref().filter(|login| settings.local || !login.local);
        let (name, sealed) = (&self.sent.login, login.map(|login| login.sealed.as_str()));
        let right = sealer.proves(name, sealed, &self.sent.password, seed.draw());
        let Some(login) = login.filter(|_| right) else {
            self.failed = Some(Throttle::failed(counter, &self.throttle, now));
            return Err(wrong());
        };
        let token = secret::mint_token(seed.draw());
        let label = self.sent.label.clone().filter(|label| !label.is_empty());
        let row = Token {
            hash: secret::token_hash(&token),
            account: login.account.clone(),
            login: login.name.clone(),
            label: label.unwrap_or_else(|| "API login".to_owned()),
            created: now,
            expires: 0,
        };
        let answer = json!({
            "token": token, "account": row.account.0, "login": row.login, "label": row.label, "expires": row.expires,
        });
        let batch = Batch {
            account: login.account.clone(),
            guard: Guard { head: snapshot.account.as_ref().map_or(0, |a| a.head), ..Guard::default() },
            now,
            tokens: vec![row],
            throttles: counter.map(|c| Throttle { failures: 0, until: 0, ..c.clone() }).into_iter().collect(),
            ..Batch::default()
        };
        Ok(turn(Answer::Ready(Reply::json(201, &answer)), Some(batch)))
    }

    /// What is written where it failed.
    pub fn failure(&self, now: Moment) -> Option<Batch> {
        self.failed.clone().map(|failed| Batch { now, throttles: vec![failed], ..Batch::default() })
    }

    /// The name that was given.
    pub fn login(&self) -> &str {
        &self.sent.login
    }
}

fn wrong() -> Refusal {
    Refusal::not_signed_in("Wrong name or password.")
}

/// Signing out: the token used counts no longer. A trusted host has none.
pub struct Logoff;

impl Deed for Logoff {
    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let edits = scene.snapshot.token.iter().map(|token| Edit::RevokeToken(token.hash.clone())).collect();
        let batch = Batch { account: scene.account.id.clone(), now: scene.now, edits, ..Batch::default() };
        Ok(turn(Answer::Ready(Reply::nothing()), (!batch.edits.is_empty()).then_some(batch)))
    }
}
