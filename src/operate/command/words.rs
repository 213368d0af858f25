//! The words and options on the command line, taken one by one by whoever knows what they mean.

use super::{Alerting, Command, DeviceDeed, Difference, Layout, Lock, Post, Unclear, Which, help, wrong};
use crate::operate::{name, program};
use crate::record::Kind;
use crate::store::Policy;
use crate::syncml::alert;
use crate::syncml::message::Version;
use crate::syncml::provisioning::Document;
use crate::syncml::quirk;
use serde_json::{Map, Value};

/// The longest address, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 1000;

/// The policies as they are typed and shown.
pub const POLICIES: [(&str, Policy); 4] = [
    ("merge", Policy::Merge),
    ("server-wins", Policy::ServerWins),
    ("client-wins", Policy::ClientWins),
    ("keep-both", Policy::KeepBoth),
];

/// The kinds as they are typed; tables are declared by `import-app`.
pub const KINDS: [(&str, Kind); 5] = [
    ("contacts", Kind::Contacts),
    ("calendar", Kind::Calendar),
    ("todo", Kind::Todo),
    ("notes", Kind::Notes),
    ("files", Kind::Files),
];

fn unknown<T>(option: &str) -> Result<T, Unclear> {
    wrong(format!("There is no option `--{option}` here. `--help` shows what there is."))
}

fn policy_named(word: &str) -> Option<Policy> {
    POLICIES.iter().find(|(name, _)| *name == word).map(|(_, policy)| *policy)
}

/// The arguments, sorted into words and options.
pub struct Words {
    /// What is no option, in order.
    pub positional: Vec<String>,
    values: Vec<(String, String)>,
    flags: Vec<String>,
}

impl Words {
    /// Sorts them; an option nobody knows is a mistake.
    pub fn split(arguments: &[String]) -> Result<Self, Unclear> {
        let mut words = Self { positional: Vec::new(), values: Vec::new(), flags: Vec::new() };
        let mut rest = arguments.iter();
        let mut options_over = false;
        while let Some(word) = rest.next() {
            match word.strip_prefix("--") {
                _ if options_over => words.positional.push(word.clone()),
                Some("") => options_over = true,
                Some(option) => words.option(option, &mut rest)?,
                None if word == "-h" => words.flags.push("help".into()),
                None => words.positional.push(word.clone()),
            }
        }
        Ok(words)
    }

    fn option(&mut self, option: &str, rest: &mut std::slice::Iter<'_, String>) -> Result<(), Unclear> {
        let (name, inline) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (option, None),
        };
        match name {
            "state" if !program::CHOOSES_DATABASE => return unknown(option),
            "password" | "label" | "days" | "state" | "ctcap" | "kind" | "policy" | "read-only" | "alias"
            | "remove-alias" | "alert-url" | "quirks" | "type" | "version" | "url" | "device"
            | "collection" | "mode" | "protocol" | "login" | "every" => {
                let Some(value) = inline.or_else(|| rest.next().cloned()) else {
                    return wrong(format!("--{name} wants a value after it."));
                };
                let once = !name.ends_with("alias") && name != "collection";
                if once && self.values.iter().any(|(known, _)| known == name) {
                    return wrong(format!("--{name} stands there twice."));
                }
                self.values.push((name.to_owned(), value));
            }
            "post" => {
                let next = rest.clone().next().filter(|word| word.contains("://")).cloned();
                let address = match (inline, next) {
                    (None, Some(next)) => (rest.next(), next).1,
                    (inline, _) => inline.unwrap_or_default(),
                };
                self.values.push((name.to_owned(), address));
            }
            "remote" if !program::CHOOSES_DATABASE => return unknown(option),
            "token" | "all" | "yes" | "now" | "one-file" | "json-lines" | "remote" | "forget"
            | "standard-fields" | "help"
                if inline.is_none() =>
            {
                self.flags.push(name.to_owned());
            }
            _ => return unknown(option),
        }
        Ok(())
    }

    /// The first word left.
    pub fn take(&mut self) -> Option<String> {
        (!self.positional.is_empty()).then(|| self.positional.remove(0))
    }

    /// The first word, where another one stands after it.
    pub fn take_before_last(&mut self) -> Option<String> {
        if self.positional.len() > 1 { self.take() } else { None }
    }

    /// The first word left, or how the command goes.
    pub fn take_or(&mut self, command: &str, what: &str) -> Result<String, Unclear> {
        match self.take() {
            Some(word) if !word.is_empty() => Ok(word),
            _ => wrong(format!("`{command}` wants {what}. It goes: {}", help::usage(command))),
        }
    }

    /// An account's name.
    pub fn name(&mut self, command: &str) -> Result<String, Unclear> {
        let name = self.take_or(command, "NAME")?;
        match name::check(&name) {
            Ok(()) => Ok(name),
            Err(reason) => Err(Unclear::Wrong(reason)),
        }
    }

    /// All words left, at least one.
    pub fn rest(&mut self, command: &str, what: &str) -> Result<Vec<String>, Unclear> {
        let first = self.take_or(command, what)?;
        let mut all = vec![first];
        all.append(&mut self.positional);
        Ok(all)
    }

    /// An option's value, once.
    pub fn take_value(&mut self, name: &str) -> Option<String> {
        let at = self.values.iter().position(|(known, _)| known == name)?;
        Some(self.values.remove(at).1)
    }

    /// Whether an option stands there.
    pub fn take_flag(&mut self, name: &str) -> bool {
        let before = self.flags.len();
        self.flags.retain(|known| known != name);
        self.flags.len() < before
    }

    /// `--days`.
    pub fn days(&mut self) -> Result<Option<u32>, Unclear> {
        let Some(days) = self.take_value("days") else { return Ok(None) };
        match days.parse() {
            Ok(days @ 1..=36_500) => Ok(Some(days)),
            _ => wrong(format!(
                "--days wants a whole number from 1 to 36500, not `{days}`. Without it a token never ends."
            )),
        }
    }

    /// Which tokens.
    pub fn which(&mut self) -> Result<Which, Unclear> {
        let hash = (self.positional.len() > 1).then(|| self.positional.remove(1));
        match (self.take_value("label"), self.take_flag("all"), hash) {
            (Some(label), false, None) => Ok(Which::Label(label)),
            (None, true, None) => Ok(Which::All),
            (None, false, Some(hash)) if hash.len() >= 4 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Ok(Which::Hash(hash.to_ascii_lowercase()))
            }
            (None, false, Some(hash)) => wrong(format!(
                "`{hash}` is not the beginning of a token's hash: give at least four of the digits that `list` shows."
            )),
            _ => wrong(format!("Say which tokens, in one way. It goes: {}", help::usage("revoke"))),
        }
    }

    /// How an export lies in its folder.
    pub fn layout(&mut self) -> Result<Layout, Unclear> {
        match (self.take_flag("one-file"), self.take_flag("json-lines")) {
            (false, false) => Ok(Layout::Files),
            (true, false) => Ok(Layout::OneFile),
            (false, true) => Ok(Layout::JsonLines),
            (true, true) => wrong("--one-file and --json-lines are two different exports: give one of them."),
        }
    }

    /// `DEVICE`, and what is to be done to it.
    pub fn device(&mut self) -> Result<Command, Unclear> {
        let (name, device) = (self.name("device")?, self.take());
        let (ctcap, alert_url) = (self.switch("ctcap")?, self.address("alert-url")?);
        let quirks = self.quirks()?;
        let set = ctcap.is_some() || alert_url.is_some() || quirks.is_some();
        let deed = match (set, self.take_flag("forget")) {
            (false, false) => DeviceDeed::Show,
            (true, false) => DeviceDeed::Set { ctcap, alert_url, quirks },
            (false, true) => DeviceDeed::Forget,
            (true, true) => {
                return wrong("A device that is forgotten has no settings: give them or --forget.");
            }
        };
        if deed != DeviceDeed::Show && device.is_none() {
            return wrong(format!("Say which device. It goes: {}", help::usage("device")));
        }
        Ok(Command::Device { name, device, deed })
    }

    /// Which device is asked to come, and how.
    pub fn alert(&mut self) -> Result<Command, Unclear> {
        let word = self.take_value("type").unwrap_or_else(|| "two-way".into());
        let Some((_, code)) = alert::BY_SERVER.iter().find(|(name, _)| *name == word) else {
            let all = alert::BY_SERVER.map(|(name, _)| name).join(", ");
            return wrong(format!("There is no type `{word}`. There are: {all}."));
        };
        let version = match self.take_value("version") {
            None => None,
            Some(version) => match Version::of(&version) {
                Some(version) => Some(version),
                None => return wrong(format!("--version is 1.0, 1.1 or 1.2, not `{version}`.")),
            },
        };
        let url = self.address("url")?;
        let registered = self.values.iter().any(|(name, value)| name == "post" && value.is_empty());
        let post = match registered {
            true => self.take_value("post").map(|_| Post::Registered),
            false => self.address("post")?.map(Post::To),
        };
        let (name, device) = (self.name("alert")?, self.take_or("alert", "DEVICE")?);
        let collections = std::mem::take(&mut self.positional);
        if collections.len() > crate::syncml::notification::SYNCS_MAX {
            return wrong("One notification asks for fifteen collections at most.");
        }
        Ok(Command::Alert(Alerting { name, device, collections, code: *code, version, url, post }))
    }

    /// Whose settings document.
    pub fn document(&mut self) -> Result<Option<Document>, Unclear> {
        let Some(maker) = self.take_value("device") else { return Ok(None) };
        match Document::of(&maker) {
            None => wrong(format!("--device is nokia, ericsson or oma, not `{maker}`.")),
            found => Ok(found),
        }
    }

    /// An option's value that is an HTTP address; an empty one is none.
    pub fn address(&mut self, name: &str) -> Result<Option<String>, Unclear> {
        let Some(url) = self.take_value(name) else { return Ok(None) };
        let known = url.starts_with("http://") || url.starts_with("https://");
        let clean = !url.chars().any(|c| c.is_whitespace() || c.is_control());
        let none = url.is_empty() && name == "alert-url";
        match none || (known && clean && url.len() <= ADDRESS_BYTES_MAX) {
            true => Ok(Some(url)),
            false => {
                wrong(format!("--{name} wants an address that begins with http:// or https://, not `{url}`."))
            }
        }
    }

    /// Switches of `syncml/quirk.rs`, as a JSON object.
    fn quirks(&mut self) -> Result<Option<Map<String, Value>>, Unclear> {
        let Some(text) = self.take_value("quirks") else { return Ok(None) };
        let read = serde_json::from_str::<Map<String, Value>>(&text);
        match read.and_then(|switches| quirk::check(&switches).map(|_| switches)) {
            Ok(switches) => Ok(Some(switches)),
            Err(error) => {
                wrong(format!("--quirks wants switches like {{\"message_bytes_max\":3200}}: {error}."))
            }
        }
    }

    /// What is to be different about a collection.
    pub fn difference(&mut self) -> Result<Difference, Unclear> {
        let policy = match self.take_value("policy") {
            None => None,
            Some(policy) => match policy_named(&policy) {
                Some(policy) => Some(policy),
                None => {
                    let all = POLICIES.map(|(name, _)| name).join(", ");
                    return wrong(format!("There is no policy `{policy}`. There are: {all}."));
                }
            },
        };
        let kind = match self.take_value("kind") {
            None => None,
            Some(kind) => match KINDS.iter().find(|(name, _)| *name == kind) {
                Some((_, kind)) => Some(*kind),
                None => {
                    let all = KINDS.map(|(name, _)| name).join(", ");
                    return wrong(format!("There is no kind `{kind}`. There are: {all}."));
                }
            },
        };
        Ok(Difference {
            kind,
            policy,
            read_only: self.lock()?,
            aliases: std::iter::from_fn(|| self.take_value("alias")).collect(),
            aliases_removed: std::iter::from_fn(|| self.take_value("remove-alias")).collect(),
            standard_fields: self.take_flag("standard-fields"),
        })
    }

    fn lock(&mut self) -> Result<Option<Lock>, Unclear> {
        match self.take_value("read-only").as_deref() {
            None => Ok(None),
            Some("off") => Ok(Some(Lock::Off)),
            Some("on") => Ok(Some(Lock::On)),
            Some("quiet") => Ok(Some(Lock::Quiet)),
            Some(other) => wrong(format!("--read-only is on, quiet or off, not `{other}`.")),
        }
    }

    fn switch(&mut self, name: &str) -> Result<Option<bool>, Unclear> {
        match self.take_value(name).as_deref() {
            None => Ok(None),
            Some("on") => Ok(Some(true)),
            Some("off") => Ok(Some(false)),
            Some(other) => wrong(format!("--{name} is on or off, not `{other}`.")),
        }
    }

    /// Whatever nobody took is a mistake.
    pub fn finish(self) -> Result<(), Unclear> {
        if let Some(word) = self.positional.first() {
            return wrong(format!("`{word}` is one word too many. `--help` shows how it goes."));
        }
        let options = self.values.into_iter().map(|(name, _)| name).chain(self.flags);
        match options.into_iter().next() {
            Some(option) => {
                wrong(format!("--{option} means nothing to this command. `--help` shows what does."))
            }
            None => Ok(()),
        }
    }
}
