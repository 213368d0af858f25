//! What a MAX server answered: its channel (MAX 2), and every way a server has of refusing (MAX 2.5).
//!
//! Any order of nodes, unknown nodes, CDATA; no DOCTYPE. The twin of `channel` and `refusal`, which write what is read here.

use crate::http::Response;
use crate::http::coding::{self, InflateError};
use crate::limits;
use crate::record::xml_reference;
use crate::upstream::Reason;
use quick_xml::Reader;
use quick_xml::events::Event;

/// A channel, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// `title`.
    pub title: String,
    /// `lastBuildDate`, to be handed back as it is.
    pub stamp: Option<String>,
    /// Where the feed goes on (an extension of ours: `feed`); empty where this was all.
    pub more: String,
    /// `error`.
    pub error: Option<String>,
    /// The items: nodes in order.
    pub items: Vec<Vec<(String, String)>>,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, and this is its body.
    Fine(Vec<u8>),
    /// 600: our `lbd` cannot be continued.
    Reset,
    /// 401, 601, 602: we are not let in.
    Unauthorized(Reason),
    /// The same request may work later, not before so many seconds.
    Busy(Option<i64>, Reason),
    /// There is no such data source.
    NotFound(Reason),
    /// This request was refused, and would be again.
    Refused(Reason),
    /// This is no answer of a MAX server.
    Broken(Reason),
}

/// A reason.
pub fn reason(code: &str, status: u16, message: impl Into<String>) -> Reason {
    Reason { code: code.into(), status, message: message.into() }
}

/// What an answer means; the number of `X-Status-Code` or of `ERROR n` counts before the HTTP status.
pub fn judge(response: &Response) -> Verdict {
    let header = |name: &str| {
        let found = response.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    };
    let body = match plain(response) {
        Ok(body) => body,
        Err(words) => return Verdict::Broken(reason("protocol", response.status, words)),
    };
    let legacy = header("x-status-code").and_then(|number| number.parse().ok()).or_else(|| number_in(&body));
    let number = legacy.filter(|number| *number != 200).unwrap_or(response.status);
    let said = header("x-error").map(str::to_owned).or_else(|| error_in(&body));
    let is_fine = (200..300).contains(&number);
    if is_fine && said.is_none() {
        return Verdict::Fine(body);
    }
    let words = |what: &str| match &said {
        Some(said) => format!("{what}: {}", said.chars().take(limits::NOTE_CHARS_MAX).collect::<String>()),
        None => format!("{what} ({number})"),
    };
    let retry = header("retry-after").and_then(|seconds| seconds.parse().ok());
    match (response.status, number) {
        (408 | 429 | 503, _) | (_, 408 | 429 | 503) => {
            Verdict::Busy(retry, reason("busy", number, words("the server is busy")))
        }
        (_, 600) => Verdict::Reset,
        (_, 401 | 601 | 602) => {
            Verdict::Unauthorized(reason("unauthorized", number, words("the server does not let us in")))
        }
        (_, 404) => {
            Verdict::NotFound(reason("not-found", number, words("the server knows no such data source")))
        }
        (_, 300..=399) => {
            let words = "the server answers with a redirect: set the upstream's address to where it leads";
            Verdict::Broken(reason("protocol", number, words))
        }
        (_, 500..=599) => Verdict::Busy(retry, reason("busy", number, words("the server failed"))),
        _ => Verdict::Refused(reason("refused", number, words("the server refused"))),
    }
}

/// The body as it was before gzip, within bounds. Carriers that inflate leave the header standing, so the bytes tell.
fn plain(response: &Response) -> Result<Vec<u8>, String> {
    const BYTES_MAX: usize = limits::UPSTREAM_ANSWER_BYTES_MAX;
    let too_large = || format!("the server's answer has more than {BYTES_MAX} bytes");
    let body = match response.body.starts_with(&[0x1F, 0x8B]) {
        false => response.body.clone(),
        true => coding::gunzip(&response.body, BYTES_MAX).map_err(|error| match error {
            InflateError::TooLarge => too_large(),
            InflateError::Corrupt => "the server's answer is damaged: it cannot be unpacked".into(),
        })?,
    };
    if body.len() > BYTES_MAX { Err(too_large()) } else { Ok(body) }
}

/// The number of a body that says `ERROR 601`.
fn number_in(body: &[u8]) -> Option<u16> {
    let digits: Vec<u8> =
        body.strip_prefix(b"ERROR ")?.iter().copied().take_while(u8::is_ascii_digit).take(4).collect();
    String::from_utf8(digits).ok()?.parse().ok()
}

/// The `error` of a channel.
fn error_in(body: &[u8]) -> Option<String> {
    // Most answers have none, and are not read twice.
    let marked = body.windows(b"<error".len()).any(|window| window == b"<error");
    read(body).ok().filter(|_| marked)?.error
}

/// Reads a channel; what is wrong with it, in words.
pub fn read(body: &[u8]) -> Result<Channel, String> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = str::from_utf8(body).map_err(|_| "the answer is not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    let mut tree = Tree::default();
    loop {
        let event = reader.read_event().map_err(|error| format!("the answer is no XML: {error}"))?;
        if let Event::Eof = event {
            break;
        }
        tree.take(event)?;
    }
    match (tree.is_rss, tree.depth) {
        (true, 0) => Ok(tree.channel),
        (true, _) => Err("the answer was cut off".into()),
        (false, _) => Err("the answer is no MAX channel".into()),
    }
}

/// Where the reader stands: `rss` is at depth 1, `channel` at 2, its nodes at 3, an item's at 4.
#[derive(Default)]
struct Tree {
    depth: usize,
    is_rss: bool,
    in_channel: bool,
    /// Channels begun: only the first one counts.
    channels: usize,
    in_item: bool,
    name: String,
    text: String,
    channel: Channel,
}

impl Tree {
    fn take(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Start(tag) => self.open(tag.name().as_ref()),
            Event::Empty(tag) => {
                self.open(tag.name().as_ref())?;
                self.close();
                Ok(())
            }
            Event::End(_) => {
                self.close();
                Ok(())
            }
            Event::Text(text) => {
                self.text.push_str(&text.xml10_content());
                Ok(())
            }
            Event::CData(text) => {
                self.text.push_str(&text.xml10_content());
                Ok(())
            }
            Event::GeneralRef(reference) => {
                self.text.push(character(&reference)?);
                Ok(())
            }
            Event::DocType(_) => Err("the answer has a DOCTYPE, which is refused".into()),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn open(&mut self, name: &str) -> Result<(), String> {
        self.depth += 1;
        match self.depth {
            1 => self.is_rss |= name == "rss",
            2 if name == "channel" => {
                self.channels += 1;
                self.in_channel = self.channels == 1;
            }
            3 => {
                self.in_item = self.in_channel && name == "item";
                if self.in_item {
                    self.channel.items.push(Vec::new());
                }
            }
            limits::DEPTH_MAX.. => return Err(format!("the answer nests deeper than {}", limits::DEPTH_MAX)),
            _ => {}
        }
        if self.depth <= 4 {
            self.text.clear();
            name.clone_into(&mut self.name);
        }
        Ok(())
    }

    fn close(&mut self) {
        let value = || self.text.clone();
        match (self.depth, self.in_channel, self.in_item) {
            (3, true, false) => match self.name.as_str() {
                "title" => self.channel.title = value(),
                "lastBuildDate" => self.channel.stamp = Some(self.text.trim().to_owned()),
                "more" => self.text.trim().clone_into(&mut self.channel.more),
                "error" => self.channel.error = Some(value()),
                _ => {}
            },
            (4, true, true) => {
                let node = (self.name.clone(), value());
                self.channel.items.last_mut().into_iter().for_each(|item| item.push(node.clone()));
            }
            (3, _, true) => self.in_item = false,
            (2, ..) => self.in_channel = false,
            _ => {}
        }
        self.depth = self.depth.saturating_sub(1);
    }
}

fn character(name: &str) -> Result<char, String> {
    xml_reference(name).ok_or_else(|| format!("the answer says &{name}; which means nothing"))
}

#[cfg(test)]
mod tests;
