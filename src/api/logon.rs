//! `POST /api/login` and `DELETE /api/login`: a name and a password become a token, and a token is given back. What the password
//! proves, and how wrong ones slow down, is in `logon.rs`.

use super::call::{Call, present};
use super::refusal::Refusal;
use super::{Answer, Deed, Reply, Scene, turn};
use crate::exchange::{Decision, Seed};
use crate::journal::Moment;
use crate::logon::{self, LABEL_CHARS_MAX, PASSWORD_MAX, SignedIn, Tried};
use crate::settings::Settings;
use crate::store::{Batch, Edit, Reads, Snapshot, Throttle};
use serde::Deserialize;
use serde_json::json;

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
    asked: logon::Logon,
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
        if sent.password.chars().count() > PASSWORD_MAX {
            return Err(wrong());
        }
        let label = if label.is_empty() { "API login" } else { label };
        let asked = logon::Logon::new("api", &sent.login, &sent.password, label, &call.request.address);
        Ok(Self { asked: asked.ok_or_else(wrong)?, failed: None })
    }

    /// The login and its counter.
    pub fn ask(&mut self) -> Reads {
        self.failed = None;
        self.asked.ask()
    }

    /// A token, or one failure more.
    pub fn decide(
        &mut self,
        snapshot: &Snapshot,
        now: Moment,
        seed: &mut Seed,
        settings: &Settings,
    ) -> Result<Decision<Answer>, Refusal> {
        match self.asked.decide(snapshot, now, seed, settings) {
            Tried::Paused(seconds) => Err(Refusal::paused(seconds)),
            Tried::NoSecret => {
                Err(Refusal::not_signed_in("This server takes no passwords: it has no ANCHORAGE_SECRET."))
            }
            Tried::Wrong(failed) => {
                self.failed = Some(failed);
                Err(wrong())
            }
            Tried::Right(signed_in) => {
                let SignedIn { token, row, batch } = *signed_in;
                let answer = json!({
                    "token": token, "account": row.account.0, "login": row.login, "label": row.label, "expires": row.expires,
                });
                Ok(turn(Answer::Ready(Reply::json(201, &answer)), Some(batch)))
            }
        }
    }

    /// What is written where it failed.
    pub fn failure(&self, now: Moment) -> Option<Batch> {
        self.failed.clone().map(|failed| Batch { now, throttles: vec![failed], ..Batch::default() })
    }

    /// The name that was given.
    pub fn login(&self) -> &str {
        self.asked.name()
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
