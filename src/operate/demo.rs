//! The demo account of local development, made by `npm start`, whose password and token the README prints.
//!
//! It cannot exist anywhere else: (1) only this file makes it, and only for a local database
//! ([`super::command`], [`Operator::carry_out`]); (2) its login is flagged `local`, which a worker without `ANCHORAGE_LOCAL=1`
//! refuses, its token included; (3) its password is sealed with the random secret of the local data folder.

use super::account::standard_collections;
use super::{Operator, Refusal, Terminal, name};
use crate::content::fields::{Field, FieldKind};
use crate::record::{AccountId, CollectionId, Kind};
use crate::secret;
use crate::store::survey::Survey;
use crate::store::{Batch, Collection, Edit, Login, Reads, Token, Who};

const PASSWORD: &str = "demo";
const TOKEN: &str = "demo-token";

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    /// Makes the demo account, or mends what is missing of it; writes nothing where nothing is.
    pub(super) async fn demo(&mut self) -> Result<(), Refusal> {
        let sealer = self.sealer()?;
        let account = AccountId(name::DEMO.to_owned());
        let found = self.store.survey(Some(&account)).await?.into_iter().next();
        let mut edits = match found {
            Some(_) => Vec::new(),
            None => vec![Edit::AddAccount { created: self.now }],
        };
        let found = found.unwrap_or_default();
        let opens = |login: &Login| {
            login.name == name::DEMO
                && login.local
                && sealer.open(&login.name, &login.sealed).as_deref() == Some(PASSWORD)
        };
        if !found.logins.iter().any(opens) {
            let sealed = sealer.seal(name::DEMO, PASSWORD, self.seed.draw());
            edits.push(Edit::PutLogin(Login {
                name: name::DEMO.into(),
                account: account.clone(),
                sealed,
                local: true,
            }));
        }
        let wanted = standard_collections().into_iter().chain([tasks()]);
        let missing =
            wanted.filter(|wanted| found.collections.iter().all(|(known, _)| known.id != wanted.id));
        edits.extend(missing.map(Edit::PutCollection));
        let token = Token {
            hash: secret::token_hash(TOKEN),
            account: account.clone(),
            login: name::DEMO.into(),
            label: "demo".into(),
            created: self.now,
            expires: 0,
        };
        let tokens = match found.tokens.iter().any(|known| known.hash == token.hash) {
            true => Vec::new(),
            false => vec![token],
        };
        if !edits.is_empty() || !tokens.is_empty() {
            self.change(Reads::of(Who::Account(account.clone())), |_, now, _| {
                let (edits, tokens) = (edits.clone(), tokens.clone());
                Ok(((), Some(Batch { account: account.clone(), now, edits, tokens, ..Batch::default() })))
            })
            .await?;
        }
        self.terminal.say("The demo account is there: login demo, password demo, MAX token demo-token.");
        Ok(())
    }
}

/// The one table that SyncML does not see.
fn tasks() -> Collection {
    let field = |name: &str, kind| Field { name: name.into(), kind, path: String::new() };
    Collection {
        id: CollectionId("tasks".into()),
        kind: Kind::Table,
        fields: vec![
            field("id", FieldKind::PrimaryKey),
            field("title", FieldKind::String),
            field("done", FieldKind::Integer),
            field("due", FieldKind::Date),
        ],
        ..Collection::default()
    }
}
