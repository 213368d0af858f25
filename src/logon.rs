//! A name and a password become a token, and wrong passwords slow down, whichever protocol brings them.
//!
//! How a protocol asks, and how it words a refusal, is its own (`api/logon.rs`, `max/logon.rs`); a phone that signs in with every
//! session is `syncml/server/authenticate.rs`.

use crate::exchange::Seed;
use crate::journal::Moment;
use crate::limits;
use crate::secret;
use crate::settings::Settings;
use crate::store::{Batch, Guard, Reads, Snapshot, Throttle, Token, Who};

/// The longest label of a token, in characters.
pub const LABEL_CHARS_MAX: usize = 64;

/// The longest password that is looked at: characters or bytes, as its protocol counts.
pub const PASSWORD_MAX: usize = 1_000;

/// How much of an address tells it from another, in characters.
const ADDRESS_CHARS_MAX: usize = 64;

/// One logon on its way.
#[derive(Debug)]
pub struct Logon {
    name: String,
    password: String,
    /// The token's.
    label: String,
    /// The key of its counter.
    throttle: String,
}

/// What becomes of a logon.
pub enum Tried {
    /// It is not looked at for so many seconds.
    Paused(i64),
    /// No password is: the server has no secret.
    NoSecret,
    /// Wrong name or password; the counter with one failure more.
    Wrong(Throttle),
    /// Signed in.
    Right(Box<SignedIn>),
}

/// A logon that was right.
pub struct SignedIn {
    /// The token, which is said once.
    pub token: String,
    /// Its row.
    pub row: Token,
    /// What writes it, and clears the counter.
    pub batch: Batch,
}

impl Logon {
    /// Who wants in, by which protocol and from which address; `None` where it can be nobody's name.
    pub fn new(protocol: &str, name: &str, password: &str, label: &str, address: &str) -> Option<Self> {
        let possible = (1..=limits::NAME_BYTES_MAX).contains(&name.len()) && !name.contains(char::is_control);
        let address: String = address.chars().take(ADDRESS_CHARS_MAX).collect();
        possible.then(|| Self {
            name: name.to_owned(),
            password: password.to_owned(),
            label: label.to_owned(),
            throttle: format!("{protocol}:{name}|{address}"),
        })
    }

    /// The name that was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The login and its counter.
    pub fn ask(&self) -> Reads {
        Reads { throttles: vec![self.throttle.clone()], ..Reads::of(Who::Login(self.name.clone())) }
    }

    /// A token, or one failure more.
    pub fn decide(&self, snapshot: &Snapshot, now: Moment, seed: &mut Seed, settings: &Settings) -> Tried {
        let counter = snapshot.throttles.iter().find(|throttle| throttle.key == self.throttle);
        if let Some(seconds) = counter.and_then(|counter| counter.pause_seconds(now)) {
            return Tried::Paused(seconds);
        }
        let Some(sealer) = &settings.sealer else { return Tried::NoSecret };
        let login = snapshot.login.as_ref().filter(|login| settings.local || !login.local);
        let sealed = login.map(|login| login.sealed.as_str());
        let right = sealer.proves(&self.name, sealed, &self.password, seed.draw());
        let Some(login) = login.filter(|_| right) else {
            return Tried::Wrong(Throttle::failed(counter, &self.throttle, now));
        };
        let token = secret::mint_token(seed.draw());
        let row = Token {
            hash: secret::token_hash(&token),
            account: login.account.clone(),
            login: login.name.clone(),
            label: self.label.clone(),
            created: now,
            expires: 0,
        };
        let head = snapshot.account.as_ref().map_or(0, |account| account.head);
        let cleared = counter.map(|counter| Throttle { failures: 0, until: 0, ..counter.clone() });
        let batch = Batch {
            account: login.account.clone(),
            guard: Guard { head, ..Guard::default() },
            now,
            tokens: vec![row.clone()],
            throttles: cleared.into_iter().collect(),
            ..Batch::default()
        };
        Tried::Right(Box::new(SignedIn { token, row, batch }))
    }
}
