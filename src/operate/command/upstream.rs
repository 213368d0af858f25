//! `upstream`: what the operator arranges with other servers.

use super::words::{ADDRESS_BYTES_MAX, Words};
use super::{Command, Unclear, help, wrong};
use crate::call::arranged::is_http;
use crate::operate::name;
use crate::upstream::{Mode, Pair, Protocol};

/// The modes as they are typed and shown.
pub const MODES: [(&str, Mode); 6] = [
    ("two-way", Mode::TwoWay),
    ("slow", Mode::Slow),
    ("one-way-from-client", Mode::OneWayFromClient),
    ("refresh-from-client", Mode::RefreshFromClient),
    ("one-way-from-server", Mode::OneWayFromServer),
    ("refresh-from-server", Mode::RefreshFromServer),
];

/// How often a sync comes where nothing else is said, in minutes.
const EVERY_MINUTES: u32 = 15;

/// The rarest that one comes by itself: once a month, in minutes.
const EVERY_MINUTES_MAX: u32 = 31 * 24 * 60;

/// What becomes of an account's upstreams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpstreamDeed {
    /// All are listed.
    List,
    /// One is shown.
    Show,
    /// A new one is arranged.
    Add(Box<Wanted>),
    /// One is another from now on.
    Set {
        /// Minutes between syncs; 0 for none that comes by itself.
        every: Option<u32>,
        /// The name to sign in with.
        login: Option<String>,
        /// The password given on the command line.
        password: Option<String>,
    },
    /// One is no longer to be.
    Remove,
}

/// A sync with another server as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where.
    pub url: String,
    /// What it speaks; `None` for what its address looks like.
    pub protocol: Option<Protocol>,
    /// What is synchronised, and how.
    pub pairs: Vec<Pair>,
    /// The name to sign in with; empty for none.
    pub login: String,
    /// The password given on the command line.
    pub password: Option<String>,
    /// Minutes between syncs; 0 for none that comes by itself.
    pub every: u32,
}

impl Words {
    /// `NAME VERB ID …`.
    pub fn upstream(&mut self) -> Result<Command, Unclear> {
        let account = self.name("upstream")?;
        let verb = self.take().unwrap_or_else(|| "list".into());
        let now = self.take_flag("now");
        let deed = match verb.as_str() {
            "list" => UpstreamDeed::List,
            "show" => UpstreamDeed::Show,
            "remove" => UpstreamDeed::Remove,
            "add" => {
                let id = self.upstream_name()?;
                let add = self.wanted()?;
                return Ok(Command::Upstream { name: account, id: Some(id), deed: add, now });
            }
            "set" => UpstreamDeed::Set {
                every: self.every()?,
                login: self.take_value("login"),
                password: self.take_value("password"),
            },
            other => {
                return wrong(format!(
                    "`upstream` is add, list, show, set or remove, not `{other}`. It goes: {}",
                    help::usage("upstream")
                ));
            }
        };
        if now && matches!(deed, UpstreamDeed::Remove) {
            return wrong("What is removed is not synchronised: leave --now out.");
        }
        let id = if deed == UpstreamDeed::List { None } else { Some(self.upstream_name()?) };
        let unset = UpstreamDeed::Set { every: None, login: None, password: None };
        if deed == unset && !now {
            return wrong("`upstream … set` wants --every, --login or --password.");
        }
        Ok(Command::Upstream { name: account, id, deed, now })
    }

    fn upstream_name(&mut self) -> Result<String, Unclear> {
        let id = self.take_or("upstream", "ID")?;
        name::check(&id).map(|()| id).map_err(Unclear::Wrong)
    }

    fn wanted(&mut self) -> Result<UpstreamDeed, Unclear> {
        let Some(url) = self.take() else {
            return wrong(format!("Say where the other server is. It goes: {}", help::usage("upstream")));
        };
        let clean = url.len() <= ADDRESS_BYTES_MAX && url.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_http(&url) || !clean {
            return wrong(format!(
                "The other server's address begins with http:// or https://, not `{}`.",
                url.escape_debug()
            ));
        }
        let mode = self.mode()?;
        let pairs: Vec<Pair> = std::iter::from_fn(|| self.take_value("collection"))
            .map(|word| {
                let (collection, remote) = word.split_once('=').unwrap_or((&word, ""));
                Pair { collection: collection.into(), remote: remote.into(), mode }
            })
            .collect();
        if pairs.is_empty() || pairs.iter().any(|pair| pair.collection.is_empty()) {
            return wrong(
                "Say what is synchronised: --collection contacts, or --collection contacts=card where it is called card there.",
            );
        }
        let protocol = match self.take_value("protocol").as_deref() {
            None => None,
            Some("syncml") => Some(Protocol::Syncml),
            Some("max") => Some(Protocol::Max),
            Some(other) => return wrong(format!("--protocol is syncml or max, not `{other}`.")),
        };
        Ok(UpstreamDeed::Add(Box::new(Wanted {
            url,
            protocol,
            pairs,
            login: self.take_value("login").unwrap_or_default(),
            password: self.take_value("password"),
            every: self.every()?.unwrap_or(EVERY_MINUTES),
        })))
    }

    fn mode(&mut self) -> Result<Mode, Unclear> {
        let Some(word) = self.take_value("mode") else { return Ok(Mode::TwoWay) };
        match MODES.iter().find(|(name, _)| *name == word) {
            Some((_, mode)) => Ok(*mode),
            None => {
                let all = MODES.map(|(name, _)| name).join(", ");
                wrong(format!("There is no mode `{word}`. There are: {all}."))
            }
        }
    }

    fn every(&mut self) -> Result<Option<u32>, Unclear> {
        let Some(word) = self.take_value("every") else { return Ok(None) };
        match word.parse() {
            Ok(minutes @ 0..=EVERY_MINUTES_MAX) => Ok(Some(minutes)),
            _ => wrong(format!(
                "--every wants minutes, from 1 to {EVERY_MINUTES_MAX}, not `{word}`; 0 is only when you say so (--now)."
            )),
        }
    }
}

/// A mode as it is typed.
pub fn mode_word(mode: Mode) -> &'static str {
    MODES.iter().find(|(_, known)| *known == mode).map_or("", |(name, _)| name)
}
