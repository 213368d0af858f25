//! `POST /max/logon`: a name and a password become a token (MAX 5). What the password proves, and how wrong ones slow down, is in
//! `logon.rs`.

use super::channel::{Channel, Spelling};
use super::refusal::Refusal;
use super::{Answer, turn};
use crate::exchange::{Decision, Seed};
use crate::journal::Moment;
use crate::logon::{self, LABEL_CHARS_MAX, PASSWORD_MAX, Tried};
use crate::settings::Settings;
use crate::store::{Batch, Reads, Snapshot};

/// One logon on its way.
#[derive(Debug)]
pub struct Logon {
    asked: logon::Logon,
    spelling: Option<Spelling>,
    line: String,
}

impl Logon {
    /// A logon of these pairs: `email` or `login`, `password`, and optionally a `label` for the token. Without `alt=json`
    /// (`spelling`) it is answered in one line of text.
    pub fn new(
        pairs: &[(String, String)],
        address: &str,
        spelling: Option<Spelling>,
    ) -> Result<Self, Refusal> {
        let find =
            |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let login = find("email").or_else(|| find("login"));
        let login = login.ok_or_else(|| Refusal::bad_request("missing field: email"))?;
        let password = find("password").ok_or_else(|| Refusal::bad_request("missing field: password"))?;
        if password.len() > PASSWORD_MAX {
            return Err(wrong());
        }
        let label = find("label").filter(|label| !label.is_empty()).unwrap_or("MAX logon");
        let label: String = label.chars().take(LABEL_CHARS_MAX).collect();
        let asked = logon::Logon::new("max", login, password, &label, address).ok_or_else(wrong)?;
        Ok(Self { asked, spelling, line: String::new() })
    }

    /// The login and its counter.
    pub fn ask(&self) -> Reads {
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
        let (line, decided) = match self.asked.decide(snapshot, now, seed, settings) {
            Tried::Paused(seconds) => {
                ("refused unread: too many wrong passwords", Err(Refusal::logon_paused(seconds)))
            }
            Tried::NoSecret => {
                let said = "this server takes no passwords: it has no ANCHORAGE_SECRET";
                ("refused: ANCHORAGE_SECRET is missing or too short", Err(Refusal::logon_failed(said)))
            }
            Tried::Wrong(failed) => {
                let batch = Batch { now, throttles: vec![failed], ..Batch::default() };
                ("refused: wrong name or password", Ok(turn(Answer::Refused(wrong()), Some(batch))))
            }
            Tried::Right(signed_in) => {
                let answer = self.answer(&signed_in.token, now);
                ("signed in", Ok(turn(answer, Some(signed_in.batch))))
            }
        };
        self.line = line.into();
        decided
    }

    fn answer(&self, token: &str, now: Moment) -> Answer {
        match self.spelling {
            None => Answer::Text(format!("OK:{token}")),
            Some(spelling) => {
                let mut channel = Channel::open(spelling, "logon", now);
                let name = self.asked.name();
                channel.item([("id", name), ("email", name), ("token", token)]);
                Answer::Channel(channel)
            }
        }
    }

    /// The name that was given.
    pub fn login(&self) -> &str {
        self.asked.name()
    }

    /// What became of it, for the log.
    pub fn line(&self) -> &str {
        &self.line
    }
}

fn wrong() -> Refusal {
    Refusal::logon_failed("wrong name or password")
}
