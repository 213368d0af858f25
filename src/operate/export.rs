//! Collections into files: each record with the bytes it has, or its plain fields as lines of JSON.

use super::command::Layout;
use super::files::{Files, within};
use super::list::plural;
use super::{Operator, Refusal, Terminal, named, refuse};
use crate::content::{fields, listing};
use crate::limits;
use crate::record::{AccountId, Body, Content, Form, Kind, Record, RecordId};
use crate::secret;
use crate::store::survey::Survey;
use crate::store::{Collection, PageAsk, Reads, Snapshot, Who};

/// How much of a record's own words goes into its file's name, in characters.
const TITLE_CHARS_MAX: usize = 40;

/// The longest id that goes into a file's name as it is, in bytes.
const ID_BYTES_MAX: usize = 80;

/// How much waits before a file that many records go into is written to.
const WAITING_BYTES_MAX: usize = 256 * 1024;

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    /// One collection into the folder; or every one into a folder of its own inside.
    pub(super) async fn export(
        &mut self,
        name: &str,
        path: Option<&str>,
        folder: &str,
        layout: Layout,
    ) -> Result<(), Refusal> {
        let Some(path) = path else {
            return self.export_all(name, folder, layout).await;
        };
        let collection = self.collection(name, path).await?;
        if layout == Layout::OneFile && !fits_one_file(collection.kind) {
            return refuse(
                "Notes and tables do not fit into one file of their kind: leave --one-file out, or take --json-lines.",
            );
        }
        prepare(self.terminal.files(), folder)?;
        self.export_one(name, &collection, folder, layout).await
    }

    async fn export_all(&mut self, name: &str, folder: &str, layout: Layout) -> Result<(), Refusal> {
        let collections = self.collections(name).await?;
        if named(&collections, folder).is_some() && self.terminal.files().look(folder).is_err() {
            return refuse(format!(
                "DIR is missing: `export {name} {folder} DIR` writes the collection `{folder}`. For a folder of that name say ./{folder}."
            ));
        }
        prepare(self.terminal.files(), folder)?;
        for collection in &collections {
            let own = within(folder, &file_safe(&collection.id.0));
            let fits = layout != Layout::OneFile || fits_one_file(collection.kind);
            prepare(self.terminal.files(), &own)?;
            self.export_one(name, collection, &own, if fits { layout } else { Layout::Files }).await?;
        }
        Ok(())
    }

    async fn export_one(
        &mut self,
        name: &str,
        collection: &Collection,
        folder: &str,
        layout: Layout,
    ) -> Result<(), Refusal> {
        let mut sheet = match layout {
            Layout::Files => None,
            _ => Some(Sheet::new(self.terminal.files(), folder, collection, layout)?),
        };
        let (mut count, mut after, mut until) = (0_u64, 0, None);
        loop {
            let page = self.page(name, collection, after, until).await?;
            until = until.or(page.account.as_ref().map(|account| account.head));
            for outgoing in &page.page {
                let record = &outgoing.record;
                after = after.max(record.seq);
                let whole = self.whole(name, record).await?;
                let Some(body) = record.content.body().or(whole.as_ref()) else { continue };
                let files = self.terminal.files();
                match &mut sheet {
                    Some(sheet) => sheet.append(files, record, body, collection),
                    None => write_file(files, folder, record, body, collection),
                }?;
                count += 1;
            }
            if !page.more || page.page.is_empty() {
                break;
            }
            self.terminal.note(&format!("{} so far …", plural(count, "record")));
        }
        if let Some(mut sheet) = sheet {
            sheet.flush(self.terminal.files())?;
        }
        let (records, id) = (plural(count, "record"), &collection.id.0);
        let told = serde_json::json!({ "collection": id, "records": count, "folder": folder });
        self.terminal.tell("exported", vec![told].into());
        self.terminal.say(&format!("Exported {records} of {id} of `{name}` to {folder}."));
        Ok(())
    }

    /// The body of a record that its page left in the store for its size.
    async fn whole(&mut self, name: &str, record: &Record) -> Result<Option<Body>, Refusal> {
        let Content::Large(_) = record.content else { return Ok(None) };
        let reads = Reads {
            records: vec![(record.collection.0.clone(), vec![record.id.clone()])],
            whole: vec![(record.collection.clone(), record.id.clone(), record.seq)],
            ..Reads::of(Who::Account(AccountId(name.to_owned())))
        };
        let read = self.store.read(&reads).await?.records.into_iter().next();
        match read.map(|record| record.content) {
            Some(Content::Body(body)) => Ok(Some(body)),
            _ => {
                refuse(format!("The record {} changed while it was read: export again.", record.id.as_str()))
            }
        }
    }

    async fn page(
        &mut self,
        name: &str,
        collection: &Collection,
        after: i64,
        until: Option<i64>,
    ) -> Result<Snapshot, Refusal> {
        let mut reads = Reads::of(Who::Account(AccountId(name.to_owned())));
        reads.page = Some(PageAsk::Collection {
            path: collection.id.0.clone(),
            after,
            until,
            live_only: true,
            records_max: limits::PAGE_RECORDS_MAX,
            bytes_max: limits::PAGE_BYTES_MAX,
        });
        Ok(self.store.read(&reads).await?)
    }
}

/// Whether records of this kind may follow each other in one file.
fn fits_one_file(kind: Kind) -> bool {
    !matches!(kind, Kind::Notes | Kind::Files | Kind::Table)
}

/// The folder, made where it is missing; one with something in it is not ours to write into.
fn prepare(files: &dyn Files, folder: &str) -> Result<(), Refusal> {
    files
        .make_folder(folder)
        .map_err(|reason| Refusal(format!("The folder {folder} cannot be made: {reason}.")))?;
    let inside = files
        .names(folder)
        .map_err(|reason| Refusal(format!("The folder {folder} cannot be read: {reason}.")))?;
    match inside.is_empty() {
        false => refuse(format!("The folder {folder} is not empty: name a new one.")),
        true => Ok(()),
    }
}

/// One file that many records go into.
struct Sheet {
    path: String,
    layout: Layout,
    waiting: Vec<u8>,
}

impl Sheet {
    fn new(
        files: &dyn Files,
        folder: &str,
        collection: &Collection,
        layout: Layout,
    ) -> Result<Self, Refusal> {
        let ending = match (layout, collection.kind) {
            (Layout::JsonLines, _) => "jsonl",
            (_, Kind::Contacts) => "vcf",
            _ => "ics",
        };
        let path = within(folder, &format!("{}.{ending}", file_safe(&collection.id.0)));
        create(files, &path, &[])?;
        Ok(Self { path, layout, waiting: Vec::new() })
    }

    fn append(
        &mut self,
        files: &dyn Files,
        record: &Record,
        body: &Body,
        collection: &Collection,
    ) -> Result<(), Refusal> {
        match self.layout {
            Layout::JsonLines => {
                let line = listing::json_line(record, body, collection.kind, &collection.fields);
                self.waiting.extend(line.into_bytes());
            }
            // A stream of whole objects (RFC 5545 section 3.4, RFC 6350 section 3.3) keeps every byte of each.
            _ => self.waiting.extend_from_slice(&body.bytes),
        }
        match (self.layout, self.waiting.ends_with(b"\n")) {
            (Layout::JsonLines, _) => self.waiting.push(b'\n'),
            (_, true) => {}
            (_, false) => self.waiting.extend_from_slice(b"\r\n"),
        }
        if self.waiting.len() < WAITING_BYTES_MAX { Ok(()) } else { self.flush(files) }
    }

    fn flush(&mut self, files: &dyn Files) -> Result<(), Refusal> {
        let written = files.append(&self.path, &self.waiting);
        self.waiting.clear();
        written.map_err(|reason| Refusal(format!("The file {} could not be written: {reason}.", self.path)))
    }
}

fn write_file(
    files: &dyn Files,
    folder: &str,
    record: &Record,
    body: &Body,
    collection: &Collection,
) -> Result<(), Refusal> {
    let line;
    let (bytes, ending) = match &body.form {
        Form::Table => {
            line = format!("{}\n", listing::json_line(record, body, collection.kind, &collection.fields));
            (line.as_bytes(), "json")
        }
        Form::Vcard21 | Form::Vcard30 | Form::Vcard40 => (body.bytes.as_slice(), "vcf"),
        Form::Vcalendar10 => (body.bytes.as_slice(), "vcs"),
        Form::Icalendar20 => (body.bytes.as_slice(), "ics"),
        Form::Vnote11 => (body.bytes.as_slice(), "vnt"),
        Form::Plain => (body.bytes.as_slice(), "txt"),
        Form::Opaque(media_type) if media_type.ends_with("+xml") => (body.bytes.as_slice(), "xml"),
        Form::Opaque(_) => (body.bytes.as_slice(), "bin"),
    };
    create(files, &within(folder, &format!("{}.{ending}", file_name(record, body, collection))), bytes)
}

fn create(files: &dyn Files, path: &str, bytes: &[u8]) -> Result<(), Refusal> {
    files
        .create(path, bytes)
        .map_err(|reason| Refusal(format!("The file {path} could not be made: {reason}.")))
}

/// A record's first plain words and its id.
fn file_name(record: &Record, body: &Body, collection: &Collection) -> String {
    let values = fields::project(body, &collection.fields);
    let words = |wanted: &str| {
        values.iter().find(|(name, value)| name == wanted && !value.trim().is_empty()).map(|(_, value)| value)
    };
    let title = ["name", "title", "summary", "subject"].into_iter().find_map(words);
    let title: String = title.map_or_else(String::new, |title| {
        let safe = |c: char| if c.is_alphanumeric() { c } else { ' ' };
        let plain: String = title.chars().take(TITLE_CHARS_MAX).map(safe).collect();
        plain.split_whitespace().collect::<Vec<_>>().join("-")
    });
    let short = |id: &RecordId| match file_safe(id.as_str()) {
        safe if safe.len() <= ID_BYTES_MAX => safe,
        _ => secret::fingerprint(id.as_str().as_bytes()),
    };
    let id = short(&record.id);
    let id = match &record.parent {
        Some(parent) => format!("{id}_in_{}", short(parent)),
        None => id,
    };
    if title.is_empty() { id } else { format!("{title}_{id}") }
}

/// Letters, digits and `-` as they are, every other byte as `%` and two hex digits: different ids stay different, and no
/// id leads out of the folder.
fn file_safe(id: &str) -> String {
    id.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_leads_out_of_the_folder_and_different_ids_stay_different() {
        assert_eq!(file_safe("../../etc/x"), "%2E%2E%2F%2E%2E%2Fetc%2Fx");
        assert_ne!(file_safe("a/b"), file_safe("a%2Fb"));
        assert_eq!(file_safe("k3m-Q"), "k3m-Q");
    }
}
