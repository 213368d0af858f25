//! GET: everything of one data source that changed after `lbd` (MAX 1 and 2). Its twin is `submission`.
//!
//! MAX has no pages. A client that asks for `limit=500` knows this extension of ours: where there is more, the channel has a
//! node `more`, which the client hands back as `more=…` with the same `lbd`; `lastBuildDate` is the same in all pages, and
//! counts when the last one is there. A server that does not know it answers everything.

use super::channel::{Channel, Spelling};
use super::refusal::Refusal;
use super::{Answer, Scene, schema, turn};
use crate::content::fields;
use crate::exchange::Decision;
use crate::limits;
use crate::record::{Content, Record, Seq};
use crate::store::{Collection, PageAsk, Reads, Snapshot};
use std::fmt::Write;

/// The longest `lbd`, in digits: what 2^53 needs.
const LBD_DIGITS_MAX: usize = 16;

/// One GET on its way.
#[derive(Debug)]
pub struct Feed {
    lbd: Option<Seq>,
    /// At most so many records, and then the place where the next page begins.
    limit: Option<usize>,
    /// Where this page begins, and what the first page stopped at; an `Err` for what is no such place.
    more: Option<Result<(Seq, Seq), ()>>,
    spelling: Spelling,
    gzip: bool,
    written: Option<Written>,
}

/// What has been written so far: a feed larger than a page is read in several.
#[derive(Debug)]
struct Written {
    channel: Channel,
    /// The head of the first snapshot: the answer's `lastBuildDate`. Later pages stop here, so that it is never ahead of the
    /// data; what changes meanwhile is in the next delta.
    until: Seq,
    after: Seq,
    changed: usize,
    deleted: usize,
    /// Records larger than a feed shows.
    left_out: usize,
}

impl Feed {
    /// A feed after the `lbd` of the query; absent or empty is 0. With `gzip` a feed of several pages is squeezed as it comes:
    /// an isolate has 128 MB for everything.
    pub fn new(lbd: Option<&str>, spelling: Spelling, gzip: bool) -> Self {
        Self {
            lbd: read_lbd(lbd.unwrap_or_default()),
            limit: None,
            more: None,
            spelling,
            gzip,
            written: None,
        }
    }

    /// One page of it, by the query's `limit` and `more`.
    pub fn paged(mut self, limit: Option<&str>, more: Option<&str>) -> Self {
        let limit = limit.and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0);
        self.limit = limit.map(|limit: usize| limit.min(limits::PAGE_RECORDS_MAX));
        self.more = more.filter(|_| self.limit.is_some()).map(|more| read_more(more).ok_or(()));
        self
    }

    /// The first page.
    pub fn ask(&mut self, mut reads: Reads, path: &str) -> Reads {
        self.written = None;
        let begins = self.more.and_then(Result::ok);
        reads.page = self.lbd.map(|lbd| {
            let (after, until) = begins.map_or((lbd, None), |(after, until)| (after, Some(until)));
            page(path, after, until, lbd == 0, self.limit)
        });
        reads
    }

    /// Writes a page, then asks for the next or answers.
    pub fn decide(&mut self, scene: Scene, snapshot: &Snapshot) -> Result<Decision<Answer>, Refusal> {
        let words = || format!("lbd must be empty or a number of 1 to {LBD_DIGITS_MAX} digits");
        let lbd = self.lbd.ok_or_else(|| Refusal::bad_request(words()))?;
        let (after, until) = match self.more {
            Some(Ok((after, until))) => (after, until),
            Some(Err(())) => return Err(Refusal::bad_request("more must be what the page before said")),
            None => (lbd, scene.account.head),
        };
        let too_old = lbd != 0 && lbd < scene.account.horizon;
        if too_old || (self.written.is_none() && (lbd > scene.account.head || until > scene.account.head)) {
            return Err(Refusal::reset());
        }
        let written = self.written.get_or_insert_with(|| {
            let channel = Channel::open(self.spelling, &scene.collection.id.0, until);
            Written { channel, until, after, changed: 0, deleted: 0, left_out: 0 }
        });
        let before = written.after;
        snapshot.page.iter().for_each(|outgoing| written.add(scene.collection, &outgoing.record));
        if !snapshot.more {
            return Ok(turn(Answer::Channel(written.channel.take()), None));
        }
        if written.after <= before {
            // A page that promises more and moves nothing on would be asked for ever.
            return Err(Refusal::broken());
        }
        if self.limit.is_some() {
            written.channel.more(format!("{}.{}", written.after, written.until));
            return Ok(turn(Answer::Channel(written.channel.take()), None));
        }
        if self.gzip {
            written.channel.squeeze();
        }
        let next = page(scene.path, written.after, Some(written.until), lbd == 0, None);
        Ok(Decision::Ask(Box::new(Reads { page: Some(next), ..scene.reads })))
    }

    /// What became of it, for the log.
    pub fn line(&self) -> String {
        let mut line = match self.lbd {
            Some(lbd) => format!("since {lbd}"),
            None => "since something that is no lbd".to_owned(),
        };
        if let Some(Written { changed, deleted, left_out, until, .. }) = &self.written {
            // Writing into a string cannot fail.
            let _ = write!(line, ", {changed} changed, {deleted} deleted, to {until}");
            if *left_out > 0 {
                let _ = write!(line, ", {left_out} left out as too large for a feed");
            }
        }
        line
    }
}

impl Written {
    fn add(&mut self, collection: &Collection, record: &Record) {
        self.after = record.seq;
        let key = (schema::primary_key(collection), record.id.as_str());
        match &record.content {
            Content::Deleted => {
                self.deleted += 1;
                self.channel.item([key, ("_deleted", "1")]);
            }
            // Nothing of it is shown rather than a part of it: an app would take that for the whole.
            Content::Large(_) => self.left_out += 1,
            Content::Body(body) => {
                self.changed += 1;
                let values = fields::project(body, &collection.fields);
                let nodes = values.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                self.channel
                    .item(std::iter::once(key).chain(nodes.filter(|(name, _)| schema::is_name(name))));
            }
        }
    }
}

/// `None` for what is no `lbd`.
fn read_lbd(text: &str) -> Option<Seq> {
    let digits = text.len() <= LBD_DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.is_empty() { Some(0) } else { digits.then(|| text.parse().ok()).flatten() }
}

/// The place that a page before named.
fn read_more(text: &str) -> Option<(Seq, Seq)> {
    let (after, until) = text.split_once('.')?;
    let place = |digits: &str| read_lbd(digits).filter(|place| *place > 0);
    place(after).zip(place(until)).filter(|(after, until)| after <= until)
}

fn page(path: &str, after: Seq, until: Option<Seq>, live_only: bool, limit: Option<usize>) -> PageAsk {
    PageAsk::Collection {
        path: path.to_owned(),
        after,
        until,
        live_only,
        records_max: limit.unwrap_or(limits::PAGE_RECORDS_MAX),
        bytes_max: limits::PAGE_BYTES_MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_feed_is_two_stamps_in_order() {
        assert_eq!(read_more("5.9"), Some((5, 9)));
        for wrong in ["", "5", ".", "5.", ".9", "9.5", "0.5", "5.9.1", "a.b", "-1.5"] {
            assert_eq!(read_more(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_lbd_is_empty_or_one_to_sixteen_ascii_digits() {
        assert_eq!(read_lbd(""), Some(0));
        assert_eq!(read_lbd("0"), Some(0));
        assert_eq!(read_lbd("0000000000000007"), Some(7));
        assert_eq!(read_lbd("9999999999999999"), Some(9_999_999_999_999_999));
        for wrong in ["10000000000000000", "-1", "+1", " 1", "1.0", "1e3", "٣", "x", "0x1", "\0"] {
            assert_eq!(read_lbd(wrong), None, "{wrong:?}");
        }
    }
}
