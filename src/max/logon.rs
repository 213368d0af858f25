//! `POST /max/logon`: a name and a password become a token (MAX 5), and wrong passwords slow down.

use super::channel::{Channel, Spelling};
use super::refusal::Refusal;
use super::{Answer, turn};
use crate::exchange::{Decision, Seed};
use crate::journal::Moment;
use crate::limits;
use crate::secret::{self, Sealer};
use crate::settings::Settings;
use crate::store::{Batch, Guard, Login, Reads, Snapshot, Throttle, Token, Who};

/// The longest name that can be anybody's, in bytes, and the longest address.
const NAME_BYTES_MAX: usize = 255;
const ADDRESS_BYTES_MAX: usize = 64;
const LABEL_CHARS_MAX: usize = 64;

/// The longest password that is looked at, in bytes.
const PASSWORD_BYTES_MAX: usize = 1_000;

/// The longest pause: 5 minutes.
const PAUSE_MS_MAX: i64 = 5 * 60 * 1000;

/// Failures are forgotten after an hour without one.
const FORGIVEN_AFTER_MS: i64 = 60 * 60 * 1000;

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
        if let Some(pause) = counter.map(|counter| counter.until - now).filter(|pause| *pause > 0) {
            self.line = "refused unread: too many wrong passwords".into();
            return Err(Refusal::logon_paused(pause.saturating_add(999) / 1000));
        }
        let Some(sealer) = &settings.sealer else {
            self.line = "refused: ANCHORAGE_SECRET is missing or too short".into();
            return Err(Refusal::logon_failed("this server takes no passwords: it has no ANCHORAGE_SECRET"));
        };
        let login = snapshot.login.as_ref().filter(|login| settings.local || !login.local);
        let Some(login) = self.verified(sealer, login, seed) else {
            self.line = "refused: wrong name or password".into();
            let failed = failed(counter, &self.throttle, now);
            let batch = Batch { now, throttles: vec![failed], ..Batch::default() };
            return Ok(turn(Answer::Refused(wrong()), Some(batch)));
        };
        self.line = "signed in".into();
        let token = secret::mint_token(seed.draw());
        let batch = self.batch(snapshot, login, counter, &token, now);
        Ok(turn(self.answer(&token, now), Some(batch)))
    }

    /// The login, where the password is its own. The work is the same whether the login is known or not.
    fn verified<'a>(&self, sealer: &Sealer, login: Option<&'a Login>, seed: &mut Seed) -> Option<&'a Login> {
        let name = login.map_or(self.login.as_str(), |login| &login.name);
        let decoy = sealer.seal(name, "", seed.draw());
        let sealed = login.map_or(decoy.as_str(), |login| login.sealed.as_str());
        let opened = sealer.open(name, sealed);
        // Fingerprints, so that lengths do not show either.
        let expected = secret::fingerprint(opened.as_deref().unwrap_or_default().as_bytes());
        let given = secret::fingerprint(self.password.as_bytes());
        let right = secret::equal(expected.as_bytes(), given.as_bytes());
        login.filter(|_| right && opened.is_some())
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

/// The counter after one failure more. The first [`limits::FREE_FAILURES`] cost nothing, then each doubles the pause.
/// `until` always says when the last failure was over, so that an old counter can be forgotten.
fn failed(counter: Option<&Throttle>, key: &str, now: Moment) -> Throttle {
    let remembered = counter.filter(|counter| counter.until.saturating_add(FORGIVEN_AFTER_MS) > now);
    let failures = remembered.map_or(0, |counter| counter.failures).saturating_add(1);
    let pause = match failures - limits::FREE_FAILURES {
        free if free < 0 => 0,
        // Ten doublings of a second are past the longest pause.
        doublings => (1000_i64 << doublings.min(10)).min(PAUSE_MS_MAX),
    };
    Throttle { key: key.to_owned(), failures, until: now.saturating_add(pause) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_failures_are_free_then_pauses_double_up_to_five_minutes() {
        let mut now = 1_000_000;
        let mut counter: Option<Throttle> = None;
        let mut pauses = Vec::new();
        for _ in 0..22 {
            let next = failed(counter.as_ref(), "k", now);
            pauses.push(next.until - now);
            now = next.until + 1;
            counter = Some(next);
        }
        assert!(pauses[..9].iter().all(|pause| *pause == 0), "the tenth try still comes without a pause");
        assert_eq!(pauses[9..14], [1000, 2000, 4000, 8000, 16_000]);
        assert_eq!(*pauses.last().unwrap(), PAUSE_MS_MAX);
        let later = now + FORGIVEN_AFTER_MS;
        assert_eq!(
            failed(counter.as_ref(), "k", later),
            Throttle { key: "k".into(), failures: 1, until: later }
        );
    }
}
