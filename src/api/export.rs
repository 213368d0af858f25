//! `GET …/export`: records one after the other, a page at a time; pages put together are a file.

use super::call::Call;
use super::refusal::{Refusal, printable};
use super::{Answer, Deed, Reply, Scene, turn};
use crate::content::listing;
use crate::exchange::{Decision, Seed};
use crate::record::{Body, Content, Kind, Record, Seq};
use crate::store::{Collection, PageAsk, Reads};

/// How many records a page has at most, and how many bytes; one record always.
const PAGE_RECORDS_MAX: usize = 500;
const PAGE_BYTES_MAX: usize = 1_000_000;

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Vcard,
    Icalendar,
    Text,
    Csv,
    JsonLines,
}

impl Layout {
    fn media_type(self) -> &'static str {
        match self {
            Self::Vcard => "text/vcard; charset=utf-8",
            Self::Icalendar => "text/calendar; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::JsonLines => "application/x-ndjson; charset=utf-8",
        }
    }

    fn holds(self, kind: Kind) -> bool {
        match self {
            Self::Vcard => kind == Kind::Contacts,
            Self::Icalendar => matches!(kind, Kind::Calendar | Kind::Todo),
            Self::Text => kind == Kind::Notes,
            Self::Csv => kind != Kind::Files,
            Self::JsonLines => true,
        }
    }
}

/// A page on its way.
pub struct Export {
    path: String,
    layout: Layout,
    after: Seq,
    whole: bool,
}

impl Export {
    /// Of the request.
    pub fn new(call: &Call, path: &str) -> Result<Self, Refusal> {
        let layout = match call.text("format", 20)? {
            Some("vcard") => Layout::Vcard,
            Some("icalendar") => Layout::Icalendar,
            Some("text") => Layout::Text,
            Some("csv") => Layout::Csv,
            Some("jsonl") => Layout::JsonLines,
            _ => return Err(Refusal::bad("format is vcard, icalendar, text, csv or jsonl.")),
        };
        Ok(Self { path: path.to_owned(), layout, after: call.after()?, whole: false })
    }
}

impl Deed for Export {
    fn ask(&mut self, reads: Reads) -> Reads {
        self.whole = false;
        let page = PageAsk::Collection {
            path: self.path.clone(),
            after: self.after,
            until: None,
            live_only: true,
            records_max: PAGE_RECORDS_MAX,
            bytes_max: PAGE_BYTES_MAX,
        };
        Reads { collection: Some(self.path.clone()), page: Some(page), ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let collection = scene.collection(&self.path)?;
        if !self.layout.holds(collection.kind) {
            return Err(Refusal::bad(format!("`{}` is not written in that format.", printable(&self.path))));
        }
        let page = &scene.snapshot.page;
        // A record that is more than its row holds has a page to itself.
        if let Some(first) = page.first().map(|outgoing| &outgoing.record)
            && matches!(first.content, Content::Large(_))
            && !std::mem::replace(&mut self.whole, true)
        {
            let whole = vec![(first.collection.clone(), first.id.clone(), first.seq)];
            let reads = self.ask(scene.reads.clone());
            self.whole = true;
            return Ok(Decision::Ask(Box::new(Reads { whole, ..reads })));
        }
        let mut written = Vec::new();
        if self.layout == Layout::Csv && self.after == 0 {
            written.extend_from_slice(listing::csv_header(&collection.fields).as_bytes());
        }
        let (mut after, mut done) = (self.after, 0);
        for record in page.iter().map(|outgoing| &outgoing.record) {
            let Some(body) = record.content.body() else { break };
            self.write(&mut written, record, body, collection);
            (after, done) = (record.seq, done + 1);
        }
        let more = scene.snapshot.more || done < page.len();
        if more && done == 0 {
            return Err(Refusal::broken());
        }
        let reply =
            Reply { status: 200, body: written, media_type: self.layout.media_type(), headers: Vec::new() };
        let reply = if more { reply.with("x-next", after.to_string()) } else { reply };
        Ok(turn(Answer::Ready(reply), None))
    }
}

impl Export {
    fn write(&self, to: &mut Vec<u8>, record: &Record, body: &Body, collection: &Collection) {
        let (kind, fields) = (collection.kind, &collection.fields);
        match self.layout {
            Layout::Csv => to.extend_from_slice(listing::csv_line(record, body, fields).as_bytes()),
            Layout::JsonLines => {
                to.extend_from_slice(listing::json_line(record, body, kind, fields).as_bytes());
                to.push(b'\n');
            }
            // A stream of whole objects (RFC 5545 section 3.4, RFC 6350 section 3.3) keeps every byte of each.
            Layout::Vcard | Layout::Icalendar | Layout::Text => {
                to.extend_from_slice(&body.bytes);
                if !body.bytes.ends_with(b"\n") {
                    to.extend_from_slice(b"\r\n");
                }
                if self.layout == Layout::Text {
                    to.extend_from_slice(b"\x0C\r\n");
                }
            }
        }
    }
}
