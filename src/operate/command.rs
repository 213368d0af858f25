//! What the operator typed: arguments into a [`Command`], or an error that teaches. It does nothing.

mod help;
mod upstream;
mod words;

use super::name;
use crate::record::Kind;
use crate::store::Policy;
use crate::syncml::message::Version;
use crate::syncml::provisioning::Document;
use serde_json::{Map, Value};
pub use upstream::{UpstreamDeed, Wanted, mode_word};
use words::Words;

/// What the operator wants done, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What.
    pub command: Command,
    /// The folder of local data (`--state`); `None` for the one `npm start` uses by itself.
    pub state: Option<String>,
    /// Whether the deployed database is meant (`--remote`).
    pub remote: bool,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A new account with the four standard collections.
    Add {
        /// The account and its login.
        name: String,
        /// The password given on the command line.
        password: Option<String>,
        /// Whether a MAX token is issued too.
        token: bool,
    },
    /// Everything there is, or one account.
    List {
        /// The account; `None` for all.
        name: Option<String>,
    },
    /// A new MAX token, shown once.
    Token {
        /// The account.
        name: String,
        /// What it is for.
        label: String,
        /// After how many days it ends; `None` for never.
        days: Option<u32>,
    },
    /// Tokens that no longer count.
    Revoke {
        /// The account.
        name: String,
        /// Which.
        which: Which,
    },
    /// A new password.
    Password {
        /// The account.
        name: String,
        /// The password given on the command line.
        password: Option<String>,
    },
    /// The account and everything in it goes.
    Remove {
        /// The account.
        name: String,
        /// Whether the operator knows what that means.
        yes: bool,
    },
    /// An account's devices, or one of them; and what is set for it.
    Device {
        /// The account.
        name: String,
        /// The device's id, or how it begins; `None` for all.
        device: Option<String>,
        /// What is to be done to it.
        deed: DeviceDeed,
    },
    /// A device is asked to come.
    Alert(Alerting),
    /// A device's settings, for people and for phones.
    Provision {
        /// The account.
        name: String,
        /// Which document only; `None` for both.
        document: Option<Document>,
        /// Where devices reach the server; `None` for where `npm start` listens.
        url: Option<String>,
        /// The password to put into it.
        password: Option<String>,
    },
    /// One collection, shown or changed.
    Collection {
        /// The account.
        name: String,
        /// The collection's id or alias.
        collection: String,
        /// What is to be different.
        difference: Difference,
    },
    /// Files into a collection, or each where its kind lives.
    Import {
        /// The account.
        name: String,
        /// The collection's id or alias, where the first is one; files and folders.
        words: Vec<String>,
    },
    /// A collection into files, or all of them.
    Export {
        /// The account.
        name: String,
        /// The collection's id or alias; `None` for every one.
        collection: Option<String>,
        /// The folder, empty or not there yet.
        folder: String,
        /// Files of what shape.
        layout: Layout,
    },
    /// Collections and fields out of a MAX application file.
    ImportApp {
        /// The account.
        name: String,
        /// The file.
        file: String,
    },
    /// Syncs with other servers.
    Upstream {
        /// The account.
        name: String,
        /// Which one; `None` for all.
        id: Option<String>,
        /// What is to be done to it.
        deed: UpstreamDeed,
        /// Whether it is synchronised at once.
        now: bool,
    },
    /// The demo account of local development.
    Demo,
}

/// Which tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those with this label.
    Label(String),
    /// Every one.
    All,
    /// The one whose hash begins so, as `list` shows it.
    Hash(String),
}

/// How a device is asked to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alerting {
    /// The account.
    pub name: String,
    /// The device's id, or how it begins.
    pub device: String,
    /// The collections' ids or aliases; none for all.
    pub collections: Vec<String>,
    /// The alert code: 206 to 210.
    pub code: u16,
    /// The protocol's version; `None` for the device's.
    pub version: Option<Version>,
    /// Where the device reaches the server (1.0 and 1.1).
    pub url: Option<String>,
    /// Where to post it, if anywhere.
    pub post: Option<Post>,
}

/// Where package 0 is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Post {
    /// To the address registered for the device.
    Registered,
    /// To this one.
    To(String),
}

/// Whether clients may write into a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// They may.
    Off,
    /// They may not, and are told.
    On,
    /// They may not; devices are told that all is well.
    Quiet,
}

/// What becomes of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceDeed {
    /// It is shown.
    Show,
    /// Some of its settings are these from now on.
    Set {
        /// Whether our DevInf lists every property for it.
        ctcap: Option<bool>,
        /// Where package 0 can be posted to; empty for nowhere.
        alert_url: Option<String>,
        /// What is done differently for it alone.
        quirks: Option<Map<String, Value>>,
    },
    /// Everything known of it goes (`--forget`).
    Forget,
}

/// What is to be different about a collection; nothing where all is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What it is to hold, where there is none of that id yet.
    pub kind: Option<Kind>,
    /// How conflicts are decided from now on.
    pub policy: Option<Policy>,
    /// Whether clients may no longer write, or may again.
    pub read_only: Option<Lock>,
    /// Paths it is to answer to as well.
    pub aliases: Vec<String>,
    /// Paths it is not to answer to any more.
    pub aliases_removed: Vec<String>,
    /// Whether it takes the standard fields of its kind as this release has them.
    pub standard_fields: bool,
}

/// How an export lies in its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One file a record.
    Files,
    /// One `.vcf` or `.ics` with everything (`--one-file`).
    OneFile,
    /// The plain fields of each record as one line of JSON (`--json-lines`).
    JsonLines,
}

/// Why arguments are no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// The operator asked for this text.
    Help(String),
    /// What is wrong, and how it is done.
    Wrong(String),
}

/// Reads the arguments (the program's name already taken off).
pub fn read(arguments: &[String]) -> Result<Order, Unclear> {
    let mut words = Words::split(arguments)?;
    let command = words.positional.first().cloned();
    if words.take_flag("help") || command.is_none() {
        return Err(Unclear::Help(help::of(command.as_deref())));
    }
    words.positional.remove(0);
    let state = words.take_value("state");
    let remote = words.take_flag("remote");
    if remote && state.is_some() {
        return wrong("--state names local data and --remote the deployed database: give one of them.");
    }
    let command = parse(&command.unwrap_or_default(), &mut words)?;
    words.finish()?;
    let order = Order { command, state, remote };
    order.demo_stays_local()?;
    Ok(order)
}

impl Order {
    /// The demo account exists in local development only: nothing here makes it, or a way into it, anywhere else.
    fn demo_stays_local(&self) -> Result<(), Unclear> {
        let demo = match &self.command {
            Command::Demo => true,
            Command::Add { name, .. } if name == name::DEMO => {
                return wrong(
                    "`demo` is the account of local development, made by `npm start`: choose another name.",
                );
            }
            Command::Token { name, .. }
            | Command::Password { name, .. }
            | Command::Provision { name, .. }
            | Command::Import { name, .. }
            | Command::ImportApp { name, .. } => name == name::DEMO,
            _ => false,
        };
        match demo && self.remote {
            true => wrong(
                "The demo account exists in local development only: leave --remote out, or `add` a real one.",
            ),
            false => Ok(()),
        }
    }
}

fn parse(command: &str, words: &mut Words) -> Result<Command, Unclear> {
    Ok(match command {
        "add" => Command::Add {
            password: words.take_value("password"),
            token: words.take_flag("token"),
            name: words.name("add")?,
        },
        "list" => Command::List { name: words.take() },
        "token" => Command::Token {
            label: words.take_value("label").unwrap_or_else(|| "token".into()),
            days: words.days()?,
            name: words.name("token")?,
        },
        "revoke" => Command::Revoke { which: words.which()?, name: words.take_or("revoke", "NAME")? },
        "password" => {
            Command::Password { password: words.take_value("password"), name: words.name("password")? }
        }
        "remove" => Command::Remove { yes: words.take_flag("yes"), name: words.name("remove")? },
        "device" => words.device()?,
        "alert" => words.alert()?,
        "provision" => Command::Provision {
            document: words.document()?,
            url: words.address("url")?,
            password: words.take_value("password"),
            name: words.name("provision")?,
        },
        "collection" => Command::Collection {
            difference: words.difference()?,
            name: words.name("collection")?,
            collection: words.take_or("collection", "ID")?,
        },
        "upstream" => words.upstream()?,
        "import" => Command::Import { name: words.name("import")?, words: words.rest("import", "PATH")? },
        "export" => Command::Export {
            layout: words.layout()?,
            name: words.name("export")?,
            collection: words.take_before_last(),
            folder: words.take_or("export", "DIR")?,
        },
        "import-app" => {
            Command::ImportApp { name: words.name("import-app")?, file: words.take_or("import-app", "FILE")? }
        }
        "demo" => Command::Demo,
        other => {
            return wrong(format!(
                "There is no command `{other}`. There are: {}.",
                help::COMMANDS.join(", ")
            ));
        }
    })
}

fn wrong<T>(reason: impl Into<String>) -> Result<T, Unclear> {
    Err(Unclear::Wrong(reason.into()))
}

/// A kind as it is typed.
pub fn kind_word(kind: Kind) -> &'static str {
    words::KINDS.iter().find(|(_, known)| *known == kind).map_or("table", |(name, _)| name)
}

/// A policy as it is typed.
pub fn policy_word(policy: Policy) -> &'static str {
    words::POLICIES.iter().find(|(_, known)| *known == policy).map_or("", |(name, _)| name)
}
