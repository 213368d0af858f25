//! Files into a collection: split, recognised, and stored through the same loop as a device's changes.
//!
//! What is there already with equal content (`journal/matching.rs`) is left alone, so that the same import twice makes no
//! duplicates; a file that cannot be read, or a piece that is no record, is named and the rest goes on.

use super::list::plural;
use super::{Operator, Refusal, Terminal, refuse, split};
use crate::content;
use crate::exchange::Seed;
use crate::journal::matching::{self, MatchKey};
use crate::limits;
use crate::record::{AccountId, Body, Content, Form, Kind, RecordId};
use crate::store::survey::Survey;
use crate::store::{Batch, Change, Collection, Guard, Reads, Snapshot, Who};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Records in one commit.
const BATCH_RECORDS_MAX: usize = 200;

/// Bytes of bodies in one commit: they travel as one JSON parameter, which may double them.
const BATCH_BYTES_MAX: usize = limits::RECORD_BYTES_MAX;

/// How deep folders may nest; a loop of links ends here.
const FOLDERS_MAX: usize = 32;

/// One record to be.
struct Item {
    body: Body,
    key: MatchKey,
}

/// What has become of it all so far.
#[derive(Default)]
struct Tally {
    new: u64,
    same: u64,
    refused: u64,
    passed_over: u64,
    said: u64,
    waiting: Vec<Item>,
    waiting_bytes: usize,
    seen: BTreeSet<MatchKey>,
}

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    pub(super) async fn import(&mut self, name: &str, path: &str, paths: &[String]) -> Result<(), Refusal> {
        let collection = self.collection(name, path).await?;
        if collection.kind == Kind::Table {
            return refuse(format!(
                "`{path}` is a MAX table, which no .vcf, .ics or .txt fills: a MAX app writes into it."
            ));
        }
        let mut tally = Tally::default();
        let mut files = Vec::new();
        for path in paths {
            self.find(Path::new(path), collection.kind, FOLDERS_MAX, true, &mut files, &mut tally);
        }
        let many = files.len();
        for (index, file) in files.iter().enumerate() {
            self.import_file(name, &collection, file, &mut tally).await?;
            let done = tally.new + tally.same + tally.refused;
            if done >= tally.said + 1_000 {
                tally.said = done;
                self.terminal.note(&format!(
                    "{} so far, file {} of {many} …",
                    plural(done, "record"),
                    index + 1
                ));
            }
        }
        self.flush(name, &collection, &mut tally).await?;
        self.terminal.say(&format!(
            "Imported into {} of `{name}`: {} new, {} there already, {} refused.",
            collection.id.0, tally.new, tally.same, tally.refused
        ));
        if tally.passed_over > 0 {
            let passed = plural(tally.passed_over, "file");
            self.terminal.note(&format!(
                "Passed over {passed} of other kinds than {}.",
                endings(collection.kind).join(" ")
            ));
        }
        match tally.refused {
            0 => Ok(()),
            refused => {
                refuse(format!("{} refused, named above; everything else is in.", plural(refused, "piece")))
            }
        }
    }

    /// Every file of the right kind under a path, in the order of names.
    fn find(
        &mut self,
        path: &Path,
        kind: Kind,
        depth: usize,
        named: bool,
        files: &mut Vec<PathBuf>,
        tally: &mut Tally,
    ) {
        let fits = path
            .extension()
            .map(|ending| format!(".{}", ending.to_string_lossy().to_ascii_lowercase()))
            .is_some_and(|ending| endings(kind).contains(&ending.as_str()));
        let outcome = match std::fs::metadata(path) {
            Err(error) => Err(error.to_string()),
            Ok(found) if found.is_dir() && depth == 0 => Err("folders nest too deep here".into()),
            Ok(found) if found.is_dir() => match entries(path) {
                Err(error) => Err(error.to_string()),
                Ok(inside) => {
                    inside.iter().for_each(|path| self.find(path, kind, depth - 1, false, files, tally));
                    Ok(())
                }
            },
            Ok(_) if fits => {
                files.push(path.to_owned());
                Ok(())
            }
            Ok(_) if named => Err(format!("not a file of this collection: {} are", endings(kind).join(" "))),
            Ok(_) => {
                tally.passed_over += 1;
                Ok(())
            }
        };
        if let Err(reason) = outcome {
            self.refuse_piece(&path.display().to_string(), &reason, tally);
        }
    }

    async fn import_file(
        &mut self,
        name: &str,
        collection: &Collection,
        path: &Path,
        tally: &mut Tally,
    ) -> Result<(), Refusal> {
        let shown = path.display().to_string();
        let file = match std::fs::read(path) {
            Ok(file) => file,
            Err(error) => {
                self.refuse_piece(&shown, &error.to_string(), tally);
                return Ok(());
            }
        };
        let pieces = pieces(&file, collection.kind, path);
        if pieces.is_empty() {
            self.refuse_piece(&shown, "there is nothing in it", tally);
        }
        for piece in pieces {
            let item = match &piece.parts {
                Err(reason) => Err(reason.clone()),
                Ok(_) if piece.len() > limits::RECORD_BYTES_MAX => {
                    Err(format!("{} bytes; a record has at most {}", piece.len(), limits::RECORD_BYTES_MAX))
                }
                Ok(_) => item(piece.bytes(&file), collection.kind),
            };
            match item {
                Err(reason) => self.refuse_piece(&format!("{shown}, line {}", piece.line), &reason, tally),
                Ok(item) if !tally.seen.insert(item.key.clone()) => tally.same += 1,
                Ok(item) => {
                    let full = tally.waiting.len() >= BATCH_RECORDS_MAX
                        || tally.waiting_bytes + item.body.bytes.len() > BATCH_BYTES_MAX;
                    if full {
                        self.flush(name, collection, tally).await?;
                    }
                    tally.waiting_bytes += item.body.bytes.len();
                    tally.waiting.push(item);
                }
            }
        }
        Ok(())
    }

    /// Writes what waits.
    async fn flush(&mut self, name: &str, collection: &Collection, tally: &mut Tally) -> Result<(), Refusal> {
        let items = std::mem::take(&mut tally.waiting);
        tally.waiting_bytes = 0;
        if items.is_empty() {
            return Ok(());
        }
        let account = AccountId(name.to_owned());
        let mut reads = Reads::of(Who::Account(account.clone()));
        let keys: Vec<MatchKey> = items.iter().map(|item| item.key.clone()).collect();
        reads.matches = vec![(collection.id.0.clone(), keys)];
        let outcome = self.change(reads, |snapshot, now, seed| {
            let changes = inserts(&items, collection, snapshot, seed);
            let new = changes.len();
            let Some(there) = &snapshot.account else { return Err(super::unknown(name)) };
            let matches = items.iter().map(|item| (collection.id.clone(), item.key.clone())).collect();
            let guard = Guard { head: there.head, matches, ..Guard::default() };
            let batch = Batch { account: account.clone(), now, guard, changes, ..Batch::default() };
            Ok((new, (new > 0).then_some(batch)))
        });
        match outcome.await {
            Ok(new) => {
                tally.new += new as u64;
                tally.same += (items.len() - new) as u64;
                Ok(())
            }
            Err(Refusal(reason)) => refuse(format!(
                "{reason} {} are in; the same import again goes on where this one stopped.",
                plural(tally.new, "record")
            )),
        }
    }

    fn refuse_piece(&mut self, place: &str, reason: &str, tally: &mut Tally) {
        tally.refused += 1;
        self.terminal.note(&format!("Refused {place}: {reason}."));
    }
}

/// An insert for each item whose content is not there yet, under ids of our own.
fn inserts(items: &[Item], collection: &Collection, snapshot: &Snapshot, seed: &mut Seed) -> Vec<Change> {
    let there: BTreeSet<&MatchKey> = snapshot.found.iter().map(|found| &found.key).collect();
    let mut taken = BTreeSet::new();
    let absent = items.iter().filter(|item| !there.contains(&item.key));
    let insert = |item: &Item| {
        let mut id = RecordId::mint(seed.draw());
        while !taken.insert(id.clone()) {
            id = RecordId::mint(seed.draw());
        }
        Change {
            collection: collection.id.clone(),
            id,
            content: Content::Body(item.body.clone()),
            key: Some(item.key.clone()),
            origin: String::new(),
            insert: true,
            supersede: false,
        }
    };
    absent.map(insert).collect()
}

/// What file endings a kind of collection is filled from.
fn endings(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Contacts => &[".vcf", ".vcard"],
        Kind::Calendar | Kind::Todo => &[".ics", ".ical", ".vcs"],
        Kind::Notes => &[".txt", ".vnt"],
        Kind::Table => &[],
    }
}

fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            inside.push(entry.path());
        }
    }
    inside.sort();
    Ok(inside)
}

fn pieces(file: &[u8], kind: Kind, path: &Path) -> Vec<split::Piece> {
    let note_object = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("vnt"));
    match kind {
        Kind::Contacts => split::objects(file, "VCARD"),
        Kind::Calendar => split::calendar(file, "VEVENT"),
        Kind::Todo => split::calendar(file, "VTODO"),
        Kind::Notes if note_object => split::objects(file, "VNOTE"),
        Kind::Notes | Kind::Table => split::whole(file),
    }
}

fn item(bytes: Vec<u8>, kind: Kind) -> Result<Item, String> {
    if bytes.contains(&0) {
        return Err("there is a NUL in it: it is no text, or in UTF-16; save it as UTF-8".into());
    }
    let media_type = (kind == Kind::Notes && !bytes.starts_with(b"BEGIN:")).then_some("text/plain");
    if media_type.is_some() && std::str::from_utf8(&bytes).is_err() {
        return Err("it is not UTF-8; save it as UTF-8".into());
    }
    let form = content::recognise(media_type, &bytes);
    let fits = match kind {
        Kind::Contacts => matches!(form, Form::Vcard21 | Form::Vcard30 | Form::Vcard40),
        Kind::Calendar | Kind::Todo => matches!(form, Form::Vcalendar10 | Form::Icalendar20),
        Kind::Notes => matches!(form, Form::Plain | Form::Vnote11),
        Kind::Table => false,
    };
    if !fits {
        return Err("it says neither by its version nor otherwise what it is".into());
    }
    let body = Body { form, bytes };
    match matching::key(&body) {
        Some(key) => Ok(Item { body, key }),
        None => Err("there is nothing in it".into()),
    }
}
