//! What everybody did, and what must and may become of it.

use std::collections::{BTreeMap, BTreeSet};

/// A field's values are unique in the whole run, so that whose edit is where can be seen.
pub const FIELDS: [&str; 4] = ["TITLE", "NOTE", "NICKNAME", "ORG"];

#[derive(Debug, Default)]
pub struct Contact {
    /// Whether the server said it took it.
    pub acknowledged: bool,
    /// By field: every edit.
    pub edits: BTreeMap<&'static str, Vec<Edit>>,
    pub deletions: Vec<Deletion>,
    /// Whether a device that had forgotten what it knew may have made two of it, or brought it back.
    pub may_double: bool,
    pub may_return: bool,
    /// Whether a MAX client may have made it anew out of a few fields.
    pub patched: bool,
}

#[derive(Clone, Debug)]
pub struct Edit {
    pub value: String,
    /// What the hand saw when it wrote this.
    pub before: String,
    pub acknowledged: bool,
}

#[derive(Clone, Debug)]
pub struct Deletion {
    /// What the hand saw, and the fields it cannot see.
    pub seen: BTreeMap<String, String>,
    pub blind: Vec<String>,
    pub acknowledged: bool,
    /// A MAX client deletes whatever is there.
    pub blunt: bool,
}

#[derive(Debug, Default)]
pub struct Oracle {
    pub contacts: BTreeMap<String, Contact>,
    values: u32,
}

/// A contact as its fields.
pub type Fields = BTreeMap<String, String>;

impl Oracle {
    pub fn name(&mut self) -> String {
        let name = format!("K{}", self.contacts.len());
        self.contacts.insert(name.clone(), Contact::default());
        name
    }

    pub fn edit(&mut self, name: &str, field: &'static str, before: &str) -> String {
        self.values += 1;
        let value = format!("v{}", self.values);
        let edit = Edit { value: value.clone(), before: before.into(), acknowledged: false };
        self.contacts.get_mut(name).unwrap().edits.entry(field).or_default().push(edit);
        value
    }

    pub fn delete(&mut self, name: &str, seen: &Fields, blind: &[String], blunt: bool) {
        let deletion = Deletion { seen: seen.clone(), blind: blind.to_vec(), acknowledged: false, blunt };
        self.contacts.get_mut(name).unwrap().deletions.push(deletion);
    }

    /// The server took a contact as these fields say it is.
    pub fn took(&mut self, fields: &Fields) {
        let contact = self.contacts.get_mut(&fields["N"]).unwrap();
        contact.acknowledged = true;
        for (field, edits) in &mut contact.edits {
            for edit in edits.iter_mut().filter(|edit| fields.get(*field) == Some(&edit.value)) {
                edit.acknowledged = true;
            }
        }
    }

    /// The server took its deletion by a hand that saw this.
    pub fn took_deletion(&mut self, name: &str, seen: &Fields) {
        for deletion in &mut self.contacts.get_mut(name).unwrap().deletions {
            deletion.acknowledged |= deletion.seen == *seen;
        }
    }

    /// Judges what is left at the end.
    pub fn judge(&self, left: &[Fields]) -> Result<(), String> {
        let mut copies: BTreeMap<&str, Vec<&Fields>> = BTreeMap::new();
        for fields in left {
            copies.entry(fields["N"].as_str()).or_default().push(fields);
        }
        if let Some(stranger) = copies.keys().find(|name| !self.contacts.contains_key(**name)) {
            return Err(format!("nobody made {stranger}"));
        }
        for (name, contact) in &self.contacts {
            let copies = copies.get(name.as_str()).cloned().unwrap_or_default();
            contact.judge(&copies).map_err(|why| format!("{name}: {why}: {copies:?} of {contact:#?}"))?;
        }
        Ok(())
    }
}

impl Contact {
    fn judge(&self, copies: &[&Fields]) -> Result<(), String> {
        if copies.len() > 1 && !self.may_double {
            return Err(format!("there are {} of it", copies.len()));
        }
        if copies.is_empty() {
            return match () {
                () if self.deletions.is_empty() && self.acknowledged => {
                    Err("an acknowledged add is lost".into())
                }
                () if !self.deletions.is_empty() && !self.patched && self.must_survive() => {
                    Err("an edit beside a deletion is lost".into())
                }
                () => Ok(()),
            };
        }
        if !self.deletions.is_empty() {
            return if self.may_live() { Ok(()) } else { Err("an acknowledged deletion is undone".into()) };
        }
        for (field, edits) in &self.edits {
            let last = leaves(edits);
            let held: Vec<&str> =
                copies.iter().filter_map(|copy| copy.get(*field)).map(String::as_str).collect();
            let none_needed = !edits.iter().any(|edit| edit.acknowledged);
            if !none_needed && !held.iter().any(|value| last.contains(value)) {
                return Err(format!("{field} is {held:?} and one of {last:?} was to stay"));
            }
        }
        Ok(())
    }

    /// Whether some edit was unseen by every deletion, and none blunt was about.
    fn must_survive(&self) -> bool {
        self.deletions.len() == 1
            && self.deletions.iter().all(|deletion| {
                !deletion.blunt
                    && self.edits.iter().any(|(field, edits)| {
                        let seen = deletion.seen.get(*field).map_or("", String::as_str);
                        let sees = !deletion.blind.iter().any(|blind| blind == field);
                        sees && is_chain(edits)
                            && edits.iter().any(|e| e.acknowledged && follows(edits, seen, &e.value))
                    })
            })
    }

    /// Whether, of the deletions acknowledged, each has an edit that it did not see; or somebody had forgotten.
    fn may_live(&self) -> bool {
        self.may_return
            || self.deletions.iter().filter(|deletion| deletion.acknowledged).all(|deletion| {
                self.edits.iter().any(|(field, edits)| {
                    let seen = deletion.seen.get(*field).map_or("", String::as_str);
                    let blind = deletion.blind.iter().any(|blind| blind == field);
                    edits
                        .iter()
                        .any(|edit| edit.value != seen && (blind || !follows(edits, &edit.value, seen)))
                })
            })
    }
}

/// Whether each edit but the first saw another, and no two the same.
fn is_chain(edits: &[Edit]) -> bool {
    let seen: BTreeSet<&str> = edits.iter().map(|edit| edit.before.as_str()).collect();
    seen.len() == edits.len()
}

/// Whether the hand that wrote `later` had seen `earlier`, or one that had, and so on.
fn follows(edits: &[Edit], earlier: &str, later: &str) -> bool {
    let mut at = later;
    while let Some(edit) = edits.iter().find(|edit| edit.value == at) {
        if edit.before == earlier {
            return true;
        }
        at = &edit.before;
    }
    false
}

/// The values that no acknowledged edit has followed.
fn leaves(edits: &[Edit]) -> Vec<&str> {
    let followed = |value: &str| edits.iter().any(|e| e.acknowledged && follows(edits, value, &e.value));
    edits.iter().map(|edit| edit.value.as_str()).filter(|value| !followed(value)).collect()
}
