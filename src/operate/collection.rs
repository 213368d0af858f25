//! One collection, shown or changed: how its conflicts end, who may write, what paths it answers to, its fields.

use super::application::difference;
use super::command::{Difference, Lock, policy_word};
use super::list::plural;
use super::{Operator, Refusal, Terminal, named, no_such_collection, plain, refuse, unknown};
use crate::content::fields::{self, Field};
use crate::record::{AccountId, CollectionId, Kind};
use crate::store::survey::Survey;
use crate::store::{Batch, Collection, Edit, Policy, Reads, Who};
use crate::syncml::inbox::comparable;

/// The longest alias, in bytes; as long as an id.
const ALIAS_BYTES_MAX: usize = 64;

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    pub(super) async fn show_or_change(
        &mut self,
        name: &str,
        path: &str,
        wanted: &Difference,
    ) -> Result<(), Refusal> {
        if *wanted == Difference::default() {
            return self.show_collection(name, path).await;
        }
        let account = AccountId(name.to_owned());
        let mut reads = Reads::of(Who::Account(account.clone()));
        reads.collections = true;
        let (before, after) = self
            .change(reads, |snapshot, now, _| {
                if snapshot.account.is_none() {
                    return Err(unknown(name));
                }
                let all = &snapshot.collections;
                let made = match (named(all, path), wanted.kind) {
                    (Some(_), _) => None,
                    (None, Some(kind)) => Some(new(path, kind, all)?),
                    (None, None) => return refuse(no_such_collection(name, path, all)),
                };
                let nothing = Collection::default();
                let before = named(all, path).unwrap_or(&nothing);
                let after = changed(made.as_ref().unwrap_or(before), wanted, all)?;
                let edits = vec![Edit::PutCollection(after.clone())];
                let batch = Batch { account: account.clone(), now, edits, ..Batch::default() };
                let batch = (after != *before).then_some(batch);
                Ok(((before.clone(), after), batch))
            })
            .await?;
        let id = &after.id.0;
        match before == after {
            true => self.terminal.say(&format!("{id} of `{name}` is so already.")),
            false if before.id.0.is_empty() => {
                self.terminal.say(&format!("Made {id} of `{name}`, for {}:", kind_words(after.kind)));
            }
            false => self.terminal.say(&format!("Changed {id} of `{name}`:")),
        }
        if wanted.standard_fields {
            self.terminal.say(&format!("  fields     {}", difference(&before.fields, &after.fields)));
        }
        self.say_collection(&after);
        Ok(())
    }

    async fn show_collection(&mut self, name: &str, path: &str) -> Result<(), Refusal> {
        let collection = self.collection(name, path).await?;
        let overview = self.overview(name).await?;
        let count = overview.collections.iter().find(|(known, _)| known.id == collection.id);
        let records = plural(count.map_or(0, |(_, count)| *count), "record");
        let (id, kind) = (&collection.id.0, kind_words(collection.kind));
        self.terminal.say(&format!("{id} of `{name}`: {kind}, {records}"));
        self.say_collection(&collection);
        let fields: Vec<&str> = collection.fields.iter().map(|field| field.name.as_str()).collect();
        self.terminal.say(&format!("  fields     {}", fields.join(", ")));
        Ok(())
    }

    fn say_collection(&mut self, collection: &Collection) {
        self.terminal.tell("collection", plain::collection(collection, None));
        if collection.kind != Kind::Table {
            let (policy, words) = (policy_word(collection.policy), policy_words(collection.policy));
            self.terminal.say(&format!("  policy     {policy}: {words}"));
        }
        let writing = match (collection.read_only, collection.quiet) {
            (false, _) => "off",
            (true, false) => "on: devices and apps may only read",
            (true, true) => "quiet: devices and apps may only read, and devices are not told",
        };
        self.terminal.say(&format!("  read-only  {writing}"));
        let aliases = match collection.aliases.is_empty() {
            true => "none".to_owned(),
            false => collection.aliases.join(", "),
        };
        self.terminal.say(&format!("  aliases    {aliases}"));
    }
}

/// A collection of a new id.
fn new(path: &str, kind: Kind, all: &[Collection]) -> Result<Collection, Refusal> {
    let collection = Collection {
        id: CollectionId(path.to_owned()),
        kind,
        fields: fields::standard(kind),
        ..Collection::default()
    };
    match check_alias(path, &Collection::default(), all) {
        Ok(()) => Ok(collection),
        Err(_) => refuse(format!(
            "`{}` cannot be a collection's id: 1 to {ALIAS_BYTES_MAX} bytes, in lower case, without blanks, `./` before or `/` after.",
            path.escape_debug()
        )),
    }
}

/// The collection as it is to be; or why it cannot be so.
fn changed(before: &Collection, wanted: &Difference, all: &[Collection]) -> Result<Collection, Refusal> {
    let mut after = before.clone();
    let id = &before.id.0;
    if wanted.kind.is_some_and(|kind| kind != before.kind) {
        return refuse(format!("`{id}` holds {}: that cannot be changed.", kind_words(before.kind)));
    }
    if before.kind == Kind::Table && (wanted.policy.is_some() || wanted.standard_fields) {
        return refuse(format!(
            "`{id}` is a MAX table: each field's last writer wins, and `import-app` declares its fields."
        ));
    }
    after.policy = wanted.policy.unwrap_or(before.policy);
    if let Some(lock) = wanted.read_only {
        (after.read_only, after.quiet) = (lock != Lock::Off, lock == Lock::Quiet);
    }
    for alias in &wanted.aliases_removed {
        if !before.aliases.contains(alias) {
            return refuse(format!("`{id}` has no alias `{alias}`. It has: {}.", before.aliases.join(", ")));
        }
        after.aliases.retain(|known| known != alias);
    }
    for alias in &wanted.aliases {
        check_alias(alias, before, all)?;
        if !after.aliases.contains(alias) {
            after.aliases.push(alias.clone());
        }
    }
    if wanted.standard_fields {
        after.fields = refreshed(&before.fields, fields::standard(before.kind));
    }
    Ok(after)
}

/// Whether devices can come to this path: as they are understood ([`comparable`]), and nobody else's.
fn check_alias(alias: &str, own: &Collection, all: &[Collection]) -> Result<(), Refusal> {
    let plain = !alias.chars().any(|c| c.is_control() || c.is_whitespace());
    if alias.is_empty() || alias.len() > ALIAS_BYTES_MAX || !plain || comparable(alias) != alias {
        let spelt = comparable(alias);
        let hint = match !spelt.is_empty() && spelt.len() <= ALIAS_BYTES_MAX && spelt != alias {
            true => format!(" What a device calls so is found at `{}`.", spelt.escape_debug()),
            false => String::new(),
        };
        return refuse(format!(
            "`{}` cannot be an alias: 1 to {ALIAS_BYTES_MAX} bytes, in lower case, without blanks, `./` before or `/` after.{hint}",
            alias.escape_debug()
        ));
    }
    let other = named(all, alias).filter(|known| known.id != own.id);
    match other {
        Some(other) => refuse(format!("`{alias}` is a path of the collection `{}` already.", other.id.0)),
        None if own.id.0 == alias => refuse(format!("`{alias}` is the collection's own id.")),
        None => Ok(()),
    }
}

/// The standard fields, and after them whatever else the collection had.
fn refreshed(before: &[Field], standard: Vec<Field>) -> Vec<Field> {
    let own = before.iter().filter(|field| standard.iter().all(|known| known.name != field.name));
    let own: Vec<Field> = own.cloned().collect();
    standard.into_iter().chain(own).collect()
}

fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Contacts => "contacts",
        Kind::Calendar => "events",
        Kind::Todo => "tasks",
        Kind::Notes => "notes",
        Kind::Files => "folders, files and e-mails",
        Kind::Table => "a MAX table",
    }
}

fn policy_words(policy: Policy) -> &'static str {
    match policy {
        Policy::Merge => "both changes count, property by property; of the same property the later one",
        Policy::ServerWins => "what is here stays",
        Policy::ClientWins => "what arrives replaces what is here",
        Policy::KeepBoth => "both are kept, as two records",
    }
}
