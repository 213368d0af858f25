//! `POST /max/logon`: a name and a password become a token (MAX 5), and wrong passwords slow down.

use super::channel::{Channel, Spelling};
use super::refusal::Refusal;
use super::{Answer, turn};
use crate::exchange::{Decision, Seed};
use crate::journal::Moment;
use crate::secret::{self, Sealer};
use crate::settings::Settings;
use crate::store::{Batch, Guard, Login, Reads, Snapshot, Throttle, Token, Who};

/// The longest name that can be anybody's, in bytes, and the longest address.
const NAME_BYTES_MAX: usize = 255;
const ADDRESS_BYTES_MAX: usize = 64;
const LABEL_CHARS_MAX: usize = 64;

/// The longest password that is looked at, in bytes.
const PASSWORD_BYTES_MAX: usize = 1_000;

/// One logon on its way.
#[derive(Debug)]
pub struct Logon {
    login: String,
    password: String,
    label: String,
    throttle: String,
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
        let possible = (1..=NAME_BYTES_MAX).contains(&login.len()) && !login.chars().any(char::is_control);
        if !possible || password.len() > PASSWORD_BYTES_MAX {
            return Err(wrong());
        }
        let address: String = address.chars().take(ADDRESS_BYTES_MAX).collect();
        let label = find("label").filter(|label| !label.is_empty()).unwrap_or("MAX logon");
        Ok(Self {
            throttle: format!("max:{login}|{address}"),
            login: login.to_owned(),
            password: password.to_owned(),
            label: label.chars().take(LABEL_CHARS_MAX).collect(),
            spelling,
            line: String::new(),
        })
    }

    /// The login and its counter.
    pub fn ask(&self) -> Reads {
        Reads { throttles: vec![self.throttle.clone()], ..Reads::of(Who::Login(self.login.clone())) }
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
            self.line = "refused unread: too many wrong passwords".into();
            return Err(Refusal::logon_paused(seconds));
        }
        let Some(sealer) = &settings.sealer else {
            self.line = "refused: ANCHORAGE_SECRET is missing or too short".into();
            return Err(Refusal::logon_failed("this server takes no passwords: it has no ANCHORAGE_SECRET"));
        };
        let login = snapshot.login.as_ref().filter(|login| settings.local || !login.local);
        let Some(login) = self.verified(sealer, login, seed) else {
            self.line = "refused: wrong name or password".into();
            let failed = Throttle::failed(counter, &self.throttle, now);
            let batch = Batch { now, throttles: vec![failed], ..Batch::default() };
            return Ok(turn(Answer::Refused(wrong()), Some(batch)));
        };
        self.line = "signed in".into();
        let token = secret::mint_token(seed.draw());
        let batch = self.batch(snapshot, login, counter, &token, now);
        Ok(turn(self.answer(&token, now), Some(batch)))
    }

    /// The login, where the password is its own.
    fn verified<'a>(&self, sealer: &Sealer, login: Option<&'a Login>, seed: &mut Seed) -> Option<&'a Login> {
        let name = login.map_or(self.login.as_str(), |login| &login.name);
        let sealed = login.map(|login| login.sealed.as_str());
        let right = sealer.proves(name, sealed, &self.password, seed.draw());
        login.filter(|_| right)
    }

    fn batch(
        &self,
        snapshot: &Snapshot,
        login: &Login,
        counter: Option<&Throttle>,
        token: &str,
        now: Moment,
    ) -> Batch {
        let cleared = counter.map(|counter| Throttle { failures: 0, until: 0, ..counter.clone() });
        let head = snapshot.account.as_ref().map_or(0, |account| account.head);
        Batch {
            account: login.account.clone(),
            guard: Guard { head, ..Guard::default() },
            now,
            tokens: vec![Token {
                hash: secret::token_hash(token),
                account: login.account.clone(),
                login: login.name.clone(),
                label: self.label.clone(),
                created: now,
                expires: 0,
            }],
            throttles: cleared.into_iter().collect(),
            ..Batch::default()
        }
    }

    fn answer(&self, token: &str, now: Moment) -> Answer {
        match self.spelling {
            None => Answer::Text(format!("OK:{token}")),
            Some(spelling) => {
                let mut channel = Channel::open(spelling, "logon", now);
                channel.item([("id", self.login.as_str()), ("email", &self.login), ("token", token)]);
                Answer::Channel(channel)
            }
        }
    }

    /// The name that was given.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// What became of it, for the log.
    pub fn line(&self) -> &str {
        &self.line
    }
}

fn wrong() -> Refusal {
    Refusal::logon_failed("wrong name or password")
}
