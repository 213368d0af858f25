//! What the operator typed: arguments into a [`Command`], or an error that teaches. It does nothing.

use super::name;

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
    /// Files into a collection.
    Import {
        /// The account.
        name: String,
        /// The collection's id or alias.
        collection: String,
        /// Files and folders.
        paths: Vec<String>,
    },
    /// A collection into files.
    Export {
        /// The account.
        name: String,
        /// The collection's id or alias.
        collection: String,
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

const HELP: &str = "\
Manages the accounts of this server.

  npm run account -- add NAME [--password P] [--token]      a new account, with contacts, calendar, todo and notes
  npm run account -- list [NAME]                            accounts, collections, devices, tokens
  npm run account -- token NAME [--label L] [--days N]      issue a MAX token, shown once
  npm run account -- revoke NAME --label L | --all | HASH   make tokens worthless (list shows the first digits of HASH)
  npm run account -- password NAME [--password P]           a new password
  npm run account -- remove NAME --yes                      delete the account and everything in it
  npm run account -- import NAME COLLECTION PATH…           read .vcf, .ics, .vcs, .txt, .vnt files, or folders of them
  npm run account -- export NAME COLLECTION DIR [--one-file | --json-lines]
  npm run account -- import-app NAME FILE                   declare collections by a MAX application file

  --state DIR   the folder of local data (as for `npm start -- --state DIR`); .anchorage unless said
  --remote      the deployed database, not the local one; wants CLOUDFLARE_API_TOKEN or `npx wrangler login`,
                and for passwords ANCHORAGE_SECRET

A password that is not given is asked for at a terminal, read from ANCHORAGE_PASSWORD, or made and shown once.
More in docs/accounts.md; `npm run account -- COMMAND --help` shows one command.";

const COMMANDS: [&str; 9] =
    ["add", "list", "token", "revoke", "password", "remove", "import", "export", "import-app"];

/// Reads the arguments (the program's name already taken off).
pub fn read(arguments: &[String]) -> Result<Order, Unclear> {
    let mut words = Words::split(arguments)?;
    let command = words.positional.first().cloned();
    if words.take_flag("help") || command.is_none() {
        return Err(Unclear::Help(help_for(command.as_deref())));
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
        "import" => Command::Import {
            name: words.name("import")?,
            collection: words.take_or("import", "COLLECTION")?,
            paths: words.rest("import", "PATH")?,
        },
        "export" => Command::Export {
            layout: words.layout()?,
            name: words.name("export")?,
            collection: words.take_or("export", "COLLECTION")?,
            folder: words.take_or("export", "DIR")?,
        },
        "import-app" => {
            Command::ImportApp { name: words.name("import-app")?, file: words.take_or("import-app", "FILE")? }
        }
        "demo" => Command::Demo,
        other => return wrong(format!("There is no command `{other}`. There are: {}.", COMMANDS.join(", "))),
    })
}

/// The arguments, sorted into words and options.
struct Words {
    positional: Vec<String>,
    values: Vec<(String, String)>,
    flags: Vec<String>,
}

impl Words {
    fn split(arguments: &[String]) -> Result<Self, Unclear> {
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
            "password" | "label" | "days" | "state" => {
                let Some(value) = inline.or_else(|| rest.next().cloned()) else {
                    return wrong(format!("--{name} wants a value after it."));
                };
                if self.values.iter().any(|(known, _)| known == name) {
                    return wrong(format!("--{name} stands there twice."));
                }
                self.values.push((name.to_owned(), value));
            }
            "token" | "all" | "yes" | "one-file" | "json-lines" | "remote" | "help" if inline.is_none() => {
                self.flags.push(name.to_owned());
            }
            _ => {
                return wrong(format!("There is no option `--{option}` here. `--help` shows what there is."));
            }
        }
        Ok(())
    }

    fn take(&mut self) -> Option<String> {
        (!self.positional.is_empty()).then(|| self.positional.remove(0))
    }

    fn take_or(&mut self, command: &str, what: &str) -> Result<String, Unclear> {
        match self.take() {
            Some(word) if !word.is_empty() => Ok(word),
            _ => wrong(format!("`{command}` wants {what}. It goes: {}", usage(command))),
        }
    }

    fn name(&mut self, command: &str) -> Result<String, Unclear> {
        let name = self.take_or(command, "NAME")?;
        match name::check(&name) {
            Ok(()) => Ok(name),
            Err(reason) => Err(Unclear::Wrong(reason)),
        }
    }

    fn rest(&mut self, command: &str, what: &str) -> Result<Vec<String>, Unclear> {
        let first = self.take_or(command, what)?;
        let mut all = vec![first];
        all.append(&mut self.positional);
        Ok(all)
    }

    fn take_value(&mut self, name: &str) -> Option<String> {
        let at = self.values.iter().position(|(known, _)| known == name)?;
        Some(self.values.remove(at).1)
    }

    fn take_flag(&mut self, name: &str) -> bool {
        let before = self.flags.len();
        self.flags.retain(|known| known != name);
        self.flags.len() < before
    }

    fn days(&mut self) -> Result<Option<u32>, Unclear> {
        let Some(days) = self.take_value("days") else { return Ok(None) };
        match days.parse() {
            Ok(days @ 1..=36_500) => Ok(Some(days)),
            _ => wrong(format!(
                "--days wants a whole number from 1 to 36500, not `{days}`. Without it a token never ends."
            )),
        }
    }

    fn which(&mut self) -> Result<Which, Unclear> {
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
            _ => wrong(format!("Say which tokens, in one way. It goes: {}", usage("revoke"))),
        }
    }

    fn layout(&mut self) -> Result<Layout, Unclear> {
        match (self.take_flag("one-file"), self.take_flag("json-lines")) {
            (false, false) => Ok(Layout::Files),
            (true, false) => Ok(Layout::OneFile),
            (false, true) => Ok(Layout::JsonLines),
            (true, true) => wrong("--one-file and --json-lines are two different exports: give one of them."),
        }
    }

    /// Whatever nobody took is a mistake.
    fn finish(self) -> Result<(), Unclear> {
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

fn wrong<T>(reason: impl Into<String>) -> Result<T, Unclear> {
    Err(Unclear::Wrong(reason.into()))
}

fn usage(command: &str) -> String {
    let start = format!("npm run account -- {command} ");
    HELP.lines().map(str::trim).find(|line| line.starts_with(&start)).unwrap_or("see --help").to_owned()
}

fn help_for(command: Option<&str>) -> String {
    let Some(command) = command.filter(|command| COMMANDS.contains(command)) else { return HELP.to_owned() };
    let more = match command {
        "add" => "Names are 1 to 64 of a-z, 0-9, . _ - + @, beginning with a letter or a digit.",
        "token" => {
            "A MAX app sends the token as `auth`. What is stored is its hash: a lost token is revoked and a new one issued."
        }
        "revoke" => "Whoever holds such a token is asked to sign in again at its next request.",
        "password" => {
            "Phones must be told the new password; tokens already issued still count (`revoke NAME --all` ends them)."
        }
        "remove" => "There is no way back. `export` first.",
        "import" => {
            "What is there already with equal content is left alone, so the same import twice makes no duplicates."
        }
        "export" => "DIR must be empty or not exist yet. What was imported comes out with the same bytes.",
        "import-app" => "Nothing is written unless all of the file is right.",
        _ => "Tokens and passwords are never shown again.",
    };
    format!("{}\n\n{more}\n\n`npm run account -- --help` shows all commands.", usage(command))
}
