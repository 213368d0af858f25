//! Files into collections: split, recognised, and stored through the same loop as a device's changes.
//!
//! What is there already with equal content (`journal/matching.rs`) is left alone, so that the same import twice makes no
//! duplicates; a file that cannot be read, or a piece that is no record, is named and the rest goes on.

mod found;
mod lane;

use super::files::Files;
use super::list::plural;
use super::{Operator, Refusal, Terminal, named, no_such_collection, refuse};
use crate::content::{self, split};
use crate::journal::intake::{self, Item};
use crate::journal::matching::MatchKey;
use crate::record::{AccountId, Body, Entry, Kind};
use crate::store::survey::Survey;
use crate::store::{Batch, Collection, Guard, Reads, Who};
use lane::Lane;
use serde_json::json;

/// After how many records a line of progress is due.
const PROGRESS_RECORDS: u64 = 1_000;

/// What a file of that name has for a collection of this kind, each piece with the line it begins on; or why it is no record.
pub fn read(file: &[u8], name: &str, kind: Kind) -> Vec<(usize, Result<Item, String>)> {
    let lanes = [Lane::of(Collection { kind, ..Collection::default() })];
    let item = |piece: split::Piece| match &piece.parts {
        Err(reason) => (piece.line, Err(reason.clone())),
        Ok(_) => (piece.line, intake::item(piece.bytes(file), kind)),
    };
    lane::pieces(file, name, &lanes).into_iter().map(item).collect()
}

/// The `UID` of what a body holds, a card or the first component of a calendar that has one.
pub fn uid(body: &Body) -> Option<String> {
    uid_in(&content::read(body).entries)
}

fn uid_in(entries: &[Entry]) -> Option<String> {
    entries.iter().find_map(|entry| match entry {
        Entry::Property(property) if property.name == "UID" && !property.value.is_empty() => {
            Some(String::from_utf8_lossy(&property.value).into_owned())
        }
        Entry::Component(component) if component.name != "VTIMEZONE" => uid_in(&component.entries),
        _ => None,
    })
}

/// An import under way.
struct Import {
    account: String,
    /// The one collection that was named; or one for each kind.
    lanes: Vec<Lane>,
    refused: u64,
    said: u64,
}

impl Import {
    fn done(&self) -> u64 {
        self.refused + self.lanes.iter().map(|lane| lane.new + lane.same).sum::<u64>()
    }
}

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    /// `words` is a collection and paths, or paths only; then each piece goes where its kind lives.
    pub(super) async fn import(&mut self, name: &str, words: &[String]) -> Result<(), Refusal> {
        let (lanes, paths) = choose(name, self.collections(name).await?, words, self.terminal.files())?;
        let mut endings: Vec<&str> = lanes.iter().flat_map(|lane| lane.endings()).copied().collect();
        endings.dedup();
        let found = found::find(self.terminal.files(), paths, &endings);
        let mut import = Import { account: name.to_owned(), lanes, refused: 0, said: 0 };
        for (place, reason) in &found.refused {
            self.refuse_piece(place, reason, &mut import);
        }
        for (index, file) in found.files.iter().enumerate() {
            self.import_file(file, &mut import).await?;
            let done = import.done();
            if done >= import.said + PROGRESS_RECORDS {
                import.said = done;
                let (records, file, many) = (plural(done, "record"), index + 1, found.files.len());
                self.terminal.note(&format!("{records} so far, file {file} of {many} …"));
            }
        }
        for index in 0..import.lanes.len() {
            self.flush(index, &mut import).await?;
        }
        if found.passed_over > 0 {
            let passed = plural(found.passed_over, "file");
            self.terminal.note(&format!("Passed over {passed} of other kinds than {}.", endings.join(" ")));
        }
        self.say_imported(&import)
    }

    fn say_imported(&mut self, import: &Import) -> Result<(), Refusal> {
        let name = &import.account;
        let one = import.lanes.len() == 1;
        let refused = if one { format!(", {} refused", import.refused) } else { String::new() };
        let filled = import.lanes.iter().filter(|lane| one || lane.new + lane.same > 0);
        for lane in filled {
            let (id, new, same) = (&lane.collection.id.0, lane.new, lane.same);
            let told = json!({ "collection": id, "new": new, "there": same });
            self.terminal.tell("imported", vec![told].into());
            self.terminal
                .say(&format!("Imported into {id} of `{name}`: {new} new, {same} there already{refused}."));
        }
        match import.refused {
            0 if import.done() == 0 && !one => refuse("Nothing there could be imported."),
            0 => Ok(()),
            refused if import.done() == 0 => {
                refuse(format!("{} refused, named above; nothing else was there.", plural(refused, "piece")))
            }
            refused => {
                refuse(format!("{} refused, named above; everything else is in.", plural(refused, "piece")))
            }
        }
    }

    async fn import_file(&mut self, path: &str, import: &mut Import) -> Result<(), Refusal> {
        let file = match self.terminal.files().read(path) {
            Ok(file) => file,
            Err(reason) => {
                self.refuse_piece(path, &reason, import);
                return Ok(());
            }
        };
        let pieces = lane::pieces(&file, path, &import.lanes);
        if pieces.is_empty() {
            self.refuse_piece(path, "there is nothing in it", import);
        }
        for piece in pieces {
            let lane = import.lanes.iter().enumerate().find(|(_, lane)| lane.takes(&piece.name));
            let taken = match (&piece.parts, lane) {
                (Err(reason), _) => Err(reason.clone()),
                (Ok(_), None) => Err(format!("no collection takes a {}", piece.name)),
                (Ok(_), Some((index, lane))) => {
                    intake::item(piece.bytes(&file), lane.collection.kind).map(|item| (index, item))
                }
            };
            match taken {
                Err(reason) => self.refuse_piece(&format!("{path}, line {}", piece.line), &reason, import),
                Ok((index, item)) => {
                    if import.lanes.get(index).is_some_and(|lane| lane.is_full_for(&item)) {
                        self.flush(index, import).await?;
                    }
                    if let Some(lane) = import.lanes.get_mut(index) {
                        lane.push(item);
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes what waits in one lane.
    async fn flush(&mut self, index: usize, import: &mut Import) -> Result<(), Refusal> {
        let written: u64 = import.lanes.iter().map(|lane| lane.new).sum();
        let Some(lane) = import.lanes.get_mut(index) else { return Ok(()) };
        let items = lane.take();
        if items.is_empty() {
            return Ok(());
        }
        let account = AccountId(import.account.clone());
        let mut reads = Reads::of(Who::Account(account.clone()));
        let keys: Vec<MatchKey> = items.iter().map(|item| item.key.clone()).collect();
        let collection = &lane.collection.id;
        reads.matches = vec![(collection.0.clone(), keys)];
        let outcome = self.change(reads, |snapshot, now, seed| {
            let changes = lane.inserts(&items, snapshot, seed);
            let new = changes.len();
            let Some(there) = &snapshot.account else { return Err(super::unknown(&account.0)) };
            let matches = items.iter().map(|item| (collection.clone(), item.key.clone())).collect();
            let guard = Guard { head: there.head, matches, ..Guard::default() };
            let batch = Batch { account: account.clone(), now, guard, changes, ..Batch::default() };
            Ok((new, (new > 0).then_some(batch)))
        });
        match outcome.await {
            Ok(new) => {
                lane.new += new as u64;
                lane.same += (items.len() - new) as u64;
                Ok(())
            }
            Err(Refusal(reason)) => refuse(format!(
                "{reason} {} are in; the same import again goes on where this one stopped.",
                plural(written, "record")
            )),
        }
    }

    fn refuse_piece(&mut self, place: &str, reason: &str, import: &mut Import) {
        import.refused += 1;
        self.terminal.tell("refused", vec![json!({ "place": place, "reason": reason })].into());
        self.terminal.note(&format!("Refused {place}: {reason}."));
    }
}

/// The collections to fill and the paths to fill them from. A first word that names a collection is one, a folder of that name
/// notwithstanding (`./contacts` is the folder); a last word is always a path.
fn choose<'a>(
    name: &str,
    collections: Vec<Collection>,
    words: &'a [String],
    files: &dyn Files,
) -> Result<(Vec<Lane>, &'a [String]), Refusal> {
    let Some((first, rest)) = words.split_first() else { return refuse("There is nothing to import.") };
    let there = files.look(first).is_ok();
    match named(&collections, first) {
        Some(collection) if !rest.is_empty() && collection.kind == Kind::Table => refuse(format!(
            "`{first}` is a MAX table, which no .vcf, .ics or .txt fills: a MAX app writes into it."
        )),
        Some(collection) if !rest.is_empty() && collection.kind == Kind::Files => refuse(format!(
            "`{first}` holds folders, files and e-mails, which devices put there: nothing else fills it."
        )),
        Some(collection) if !rest.is_empty() => Ok((vec![Lane::of(collection.clone())], rest)),
        Some(_) if !there => refuse(format!(
            "PATH is missing: `import {name} {first} PATH…` fills the collection `{first}` from files and folders."
        )),
        None if !there && !rest.is_empty() => refuse(format!(
            "There is no file or folder {first} here, and {}",
            no_such_collection(name, first, &collections)
        )),
        _ => Ok((one_of_each_kind(collections).into_iter().map(Lane::of).collect(), words)),
    }
}

/// For each kind the collection that every account begins with, or else the first of that kind.
fn one_of_each_kind(collections: Vec<Collection>) -> Vec<Collection> {
    let standard = super::account::standard_collections();
    let home = |standard: &Collection| {
        let mut of_kind = collections.iter().filter(|known| known.kind == standard.kind);
        of_kind.clone().find(|known| known.id == standard.id).or_else(|| of_kind.next()).cloned()
    };
    standard.iter().filter_map(home).collect()
}
