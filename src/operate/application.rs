//! A MAX application file into collections and fields (`import-app`; MAX 4).
//!
//! Nothing is written unless all of the file is right. A table that exists takes the file's fields; a collection that phones
//! use (contacts, …) keeps its own, and the file may declare some or all of those.

use super::list::plural;
use super::{Operator, Refusal, Terminal, refuse, unknown};
use crate::content::fields::Field;
use crate::max::schema;
use crate::record::{AccountId, Kind};
use crate::store::survey::Survey;
use crate::store::{Batch, Collection, Edit, Reads, Who};

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    pub(super) async fn import_app(&mut self, name: &str, file: &str) -> Result<(), Refusal> {
        let bytes = self
            .terminal
            .files()
            .read(file)
            .map_err(|reason| Refusal(format!("The file {file} cannot be read: {reason}.")))?;
        let application = schema::read(&bytes).map_err(|problems| {
            problems.iter().for_each(|problem| self.terminal.note(&format!("{file}, {problem}")));
            Refusal(format!("{} in {file}; nothing was changed.", plural(problems.len() as u64, "problem")))
        })?;
        let account = AccountId(name.to_owned());
        let mut reads = Reads::of(Who::Account(account.clone()));
        reads.collections = true;
        let done = self
            .change(reads, |snapshot, now, _| {
                if snapshot.account.is_none() {
                    return Err(unknown(name));
                }
                let (edits, words) = declare(&application.collections, &snapshot.collections)?;
                let batch = Batch { account: account.clone(), now, edits, ..Batch::default() };
                Ok((words, Some(batch)))
            })
            .await?;
        self.terminal.tell("application", application.id.as_str().into());
        self.terminal.say(&format!("Imported the application {} into `{name}`:", application.id));
        done.iter().for_each(|words| self.terminal.say(&format!("  {words}")));
        Ok(())
    }
}

/// The collections as they are to be, and what is new about each in words; or every reason why not.
fn declare(declared: &[Collection], existing: &[Collection]) -> Result<(Vec<Edit>, Vec<String>), Refusal> {
    let mut edits = Vec::new();
    let mut words = Vec::new();
    let mut reasons = Vec::new();
    for collection in declared {
        let id = &collection.id.0;
        let other = existing.iter().find(|known| known.id != collection.id && known.aliases.contains(id));
        let known = existing.iter().find(|known| known.id == collection.id);
        match (known, other) {
            (_, Some(other)) => {
                reasons.push(format!("`{id}` is another path of the collection `{}`: choose another id", other.id.0));
            }
            (None, None) => {
                words.push(format!("{id}: new, {}", plural(collection.fields.len() as u64, "field")));
                edits.push(Edit::PutCollection(collection.clone()));
            }
            (Some(known), None) if known.kind == Kind::Table => {
                words.push(format!("{id}: {}", difference(&known.fields, &collection.fields)));
                let (fields, application) = (collection.fields.clone(), collection.application.clone());
                edits.push(Edit::PutCollection(Collection { fields, application, ..known.clone() }));
            }
            (Some(known), None) => match strangers(known, collection) {
                strangers if strangers.is_empty() => {
                    words.push(format!("{id}: phones use it too, and it has all these fields"));
                    let application = collection.application.clone();
                    edits.push(Edit::PutCollection(Collection { application, ..known.clone() }));
                }
                strangers => reasons.push(format!(
                    "`{id}` is a collection that phones use and has no such field: {}. Leave them out, or choose another id",
                    strangers.join(", ")
                )),
            },
        }
    }
    match reasons.is_empty() {
        true => Ok((edits, words)),
        false => refuse(format!("{}. Nothing was changed.", reasons.join(".\n"))),
    }
}

/// The declared fields that a collection does not have, or has of another type.
fn strangers(known: &Collection, declared: &Collection) -> Vec<String> {
    let has =
        |field: &&Field| known.fields.iter().any(|own| own.name == field.name && own.kind == field.kind);
    declared.fields.iter().filter(|field| !has(field)).map(|field| field.name.clone()).collect()
}

/// What one list of fields has that the other has not, in words.
pub(super) fn difference(before: &[Field], after: &[Field]) -> String {
    let missing_in = |all: &[Field], some: &[Field]| -> Vec<String> {
        let lost = some.iter().filter(|field| all.iter().all(|other| other.name != field.name));
        lost.map(|field| field.name.clone()).collect()
    };
    let changed =
        after.iter().filter(|field| before.iter().any(|b| b.name == field.name && b.kind != field.kind));
    let changed: Vec<String> = changed.map(|field| field.name.clone()).collect();
    let parts = [
        ("new fields", missing_in(before, after)),
        ("fields no longer shown (their values stay)", missing_in(after, before)),
        ("fields of another type", changed),
    ];
    let said: Vec<String> = parts
        .iter()
        .filter(|(_, fields)| !fields.is_empty())
        .map(|(what, fields)| format!("{what}: {}", fields.join(", ")))
        .collect();
    if said.is_empty() { "the same fields as before".into() } else { said.join("; ") }
}
