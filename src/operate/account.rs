//! Accounts, their passwords and their tokens.

use super::command::Which;
use super::list::plural;
use super::{Operator, Refusal, Terminal, login_of, name, program, refuse};
use crate::content::fields;
use crate::exchange::Seed;
use crate::journal::Moment;
use crate::record::{self, AccountId, CollectionId, Kind};
use crate::secret;
use crate::store::survey::Survey;
use crate::store::{Batch, Collection, Edit, Login, Reads, Token, Who};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The longest label of a token, in characters.
const LABEL_CHARS_MAX: usize = 100;

/// The four collections that every account begins with.
pub fn standard_collections() -> Vec<Collection> {
    let collection = |(id, kind, aliases): (&str, Kind, &[&str])| Collection {
        id: CollectionId(id.to_owned()),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        kind,
        fields: fields::standard(kind),
        ..Collection::default()
    };
    record::STANDARD.into_iter().map(collection).collect()
}

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    pub(super) async fn add(
        &mut self,
        name: &str,
        password: Option<&str>,
        token: bool,
    ) -> Result<(), Refusal> {
        let sealer = self.sealer()?;
        let account = AccountId(name.to_owned());
        let reads = Reads::of(Who::Account(account.clone()));
        if self.store.read(&reads).await?.account.is_some() {
            return refuse(format!("There is an account `{name}` already. `list {name}` shows it."));
        }
        let (password, made) = self.choose_password(name, password).await?;
        let issued = self
            .change(reads, |snapshot, now, seed| {
                if snapshot.account.is_some() {
                    return refuse(format!("There is an account `{name}` already."));
                }
                let sealed = sealer.seal(name, &password, seed.draw());
                let login = Login { name: name.to_owned(), account: account.clone(), sealed, local: false };
                let issued = token.then(|| issue(&account, "token", now, 0, seed));
                let mut edits = vec![Edit::AddAccount { created: now }, Edit::PutLogin(login)];
                edits.extend(standard_collections().into_iter().map(Edit::PutCollection));
                let tokens = issued.iter().map(|(_, row)| row.clone()).collect();
                let batch = Batch { account: account.clone(), now, edits, tokens, ..Batch::default() };
                Ok((issued.map(|(token, _)| token), Some(batch)))
            })
            .await?;
        self.terminal.tell("account", name.into());
        if made {
            self.terminal.tell("password", password.as_str().into());
        }
        self.terminal.say(&format!("Added `{name}`."));
        self.terminal.say("  In a SyncML client: the server's address ending in /syncml,");
        self.terminal.say(&match made {
            true => format!("    user {name}, password {password}   (shown this once)"),
            false => format!("    user {name}, and the password you chose;"),
        });
        self.terminal.say("    databases contacts, calendar, todo, notes.");
        match issued {
            Some(token) => self.say_token(&token),
            None => self
                .terminal
                .say(&format!("  For a MAX app: `{} token {name}` issues a token.", program::NAME)),
        }
        Ok(())
    }

    pub(super) async fn password(&mut self, name: &str, password: Option<&str>) -> Result<(), Refusal> {
        let sealer = self.sealer()?;
        let reads = Reads::of(Who::Login(name.to_owned()));
        login_of(&self.store.read(&reads).await?, name)?;
        let (password, made) = self.choose_password(name, password).await?;
        self.change(reads, |snapshot, now, seed| {
            let login =
                Login { sealed: sealer.seal(name, &password, seed.draw()), ..login_of(snapshot, name)? };
            let account = login.account.clone();
            Ok(((), Some(Batch { account, now, edits: vec![Edit::PutLogin(login)], ..Batch::default() })))
        })
        .await?;
        self.terminal.tell("account", name.into());
        if made {
            self.terminal.tell("password", password.as_str().into());
        }
        self.terminal.say(&match made {
            true => format!("The password of `{name}` is now {password}   (shown this once)"),
            false => format!("The password of `{name}` is changed."),
        });
        self.terminal.note(&format!("Tokens issued before still count; `revoke {name} --all` ends them."));
        Ok(())
    }

    pub(super) async fn token(&mut self, name: &str, label: &str, days: Option<u32>) -> Result<(), Refusal> {
        if label.is_empty() || label.chars().count() > LABEL_CHARS_MAX || label.chars().any(char::is_control)
        {
            return refuse(format!("A label is 1 to {LABEL_CHARS_MAX} characters on one line."));
        }
        let expires = days.map_or(0, |days| self.now.saturating_add(i64::from(days) * DAY_MS));
        let token = self
            .change(Reads::of(Who::Login(name.to_owned())), |snapshot, now, seed| {
                let account = login_of(snapshot, name)?.account;
                let (token, row) = issue(&account, label, now, expires, seed);
                let row = Token { login: name.to_owned(), ..row };
                Ok((token, Some(Batch { account, now, tokens: vec![row], ..Batch::default() })))
            })
            .await?;
        self.say_token(&token);
        Ok(())
    }

    pub(super) async fn revoke(&mut self, name: &str, which: &Which) -> Result<(), Refusal> {
        let overview = self.overview(name).await?;
        let meant = |token: &&Token| match which {
            Which::All => true,
            Which::Label(label) => token.label == *label,
            Which::Hash(start) => token.hash.starts_with(start.as_str()),
        };
        let meant: Vec<&Token> = overview.tokens.iter().filter(meant).collect();
        if meant.is_empty() {
            return refuse(format!("`{name}` has no such token. `list {name}` shows what there is."));
        }
        if matches!(which, Which::Hash(_)) && meant.len() > 1 {
            return refuse("More than one token begins so: give more of its digits.");
        }
        let account = overview.account.id.clone();
        let edits: Vec<Edit> = meant.iter().map(|token| Edit::RevokeToken(token.hash.clone())).collect();
        self.change(Reads::of(Who::Account(account.clone())), |_, now, _| {
            Ok(((), Some(Batch { account: account.clone(), now, edits: edits.clone(), ..Batch::default() })))
        })
        .await?;
        self.terminal.tell("revoked", meant.len().into());
        self.terminal.say(&format!("Revoked {}.", plural(meant.len() as u64, "token")));
        Ok(())
    }

    pub(super) async fn remove(&mut self, name: &str, yes: bool) -> Result<(), Refusal> {
        let overview = self.overview(name).await?;
        let records = overview.collections.iter().map(|(_, count)| count).sum();
        let lost = format!(
            "{} in {}, {}, {} and what is known of {}",
            plural(records, "record"),
            plural(overview.collections.len() as u64, "collection"),
            plural(overview.logins.len() as u64, "login"),
            plural(overview.tokens.len() as u64, "token"),
            plural(overview.devices.len() as u64, "device"),
        );
        if !yes {
            return refuse(format!(
                "Removing `{name}` loses {lost}, for good. `export` keeps the records; `remove {name} --yes` does it."
            ));
        }
        let account = overview.account.id;
        self.change(Reads::of(Who::Account(account.clone())), |_, now, _| {
            let edits = vec![Edit::RemoveAccount];
            Ok(((), Some(Batch { account: account.clone(), now, edits, ..Batch::default() })))
        })
        .await?;
        self.terminal.tell("removed", name.into());
        self.terminal.say(&format!("Removed `{name}`: {lost}."));
        Ok(())
    }

    /// The password given, typed, or made; and whether it was made.
    async fn choose_password(&mut self, name: &str, given: Option<&str>) -> Result<(String, bool), Refusal> {
        let prompt = format!("Password for {name} (empty for one that is made)");
        let chosen = match given {
            Some(given) => Some(given.to_owned()),
            None => self.terminal.password(&prompt).await,
        };
        match chosen.filter(|password| !password.is_empty() || given.is_some()) {
            Some(password) => name::check_password(&password).map(|()| (password, false)).map_err(Refusal),
            None => Ok((name::make_password(self.seed.draw()), true)),
        }
    }

    fn say_token(&mut self, token: &str) {
        self.terminal.tell("token", token.into());
        self.terminal.say("  For a MAX app: the server's address ending in /max/contacts (or calendar, todo, notes), with auth");
        self.terminal.say(&format!("    {token}   (shown this once)"));
    }
}

/// A new token for an account's own login, and the row that remembers it.
fn issue(account: &AccountId, label: &str, now: Moment, expires: Moment, seed: &mut Seed) -> (String, Token) {
    let token = secret::mint_token(seed.draw());
    let row = Token {
        hash: secret::token_hash(&token),
        account: account.clone(),
        login: account.0.clone(),
        label: label.to_owned(),
        created: now,
        expires,
    };
    (token, row)
}
