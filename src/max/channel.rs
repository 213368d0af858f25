//! The channel that every MAX answer is: `<rss><channel>…` (MAX 2), or the same as JSON where the client asks `alt=json`
//! (an extension that Upvise's later clients know).
//!
//! Well-formed whatever the data: everything is escaped, and what XML 1.0 cannot carry at all is dropped.

use crate::http::coding::Gzip;
use crate::record::{Seq, is_xml_char};
use std::fmt::Write;

/// How a channel is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// RSS without attributes.
    Xml,
    /// One object: `title`, `lastBuildDate`, `items`.
    Json,
}

impl Spelling {
    /// The `Content-Type` it goes with.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Xml => "text/xml; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// A channel being written. Items are spelled as they come, and may be squeezed as they come, so that a long feed is never
/// held in full.
#[derive(Debug)]
pub struct Channel {
    spelling: Spelling,
    squeezed: Option<Gzip>,
    text: String,
    empty: bool,
    /// Where the next page begins; empty where this is the last.
    more: String,
}

/// A document.
#[derive(Debug)]
pub enum Document {
    /// As it is.
    Plain(Vec<u8>),
    /// As one gzip member.
    Gzip(Vec<u8>),
}

impl Channel {
    /// A channel of a data source, as of a stamp.
    pub fn open(spelling: Spelling, title: &str, stamp: Seq) -> Self {
        let mut text = String::new();
        match spelling {
            Spelling::Xml => {
                open_xml(&mut text, title);
                node(&mut text, "lastBuildDate", &stamp.to_string());
            }
            Spelling::Json => {
                open_json(&mut text, title);
                // Writing into a string cannot fail.
                let _ = write!(text, ",\"lastBuildDate\":{stamp},\"items\":[");
            }
        }
        Self { spelling, squeezed: None, text, empty: true, more: String::new() }
    }

    /// Adds one item: its nodes in order. The names are XML names already.
    pub fn item<'a>(&mut self, nodes: impl IntoIterator<Item = (&'a str, &'a str)>) {
        match self.spelling {
            Spelling::Xml => {
                self.text.push_str("<item>");
                nodes.into_iter().for_each(|(name, value)| node(&mut self.text, name, value));
                self.text.push_str("</item>");
            }
            Spelling::Json => {
                let mut between = if self.empty { "{" } else { ",{" };
                for (name, value) in nodes {
                    self.text.push_str(between);
                    member(&mut self.text, name, value);
                    between = ",";
                }
                self.text.push('}');
            }
        }
        self.empty = false;
    }

    /// Squeezes what has been written so far. From now on the document is a gzip member.
    pub fn squeeze(&mut self) {
        self.squeezed.get_or_insert_default().push(self.text.as_bytes());
        self.text.clear();
    }

    /// The channel as it is, leaving an empty one of no use behind.
    pub fn take(&mut self) -> Self {
        let (squeezed, text) = (self.squeezed.take(), std::mem::take(&mut self.text));
        let more = std::mem::take(&mut self.more);
        Self { spelling: self.spelling, squeezed, text, empty: self.empty, more }
    }

    /// Says at its end where the next page begins.
    pub fn more(&mut self, place: String) {
        self.more = place;
    }

    /// The whole document.
    pub fn close(mut self) -> Document {
        match self.spelling {
            Spelling::Xml => {
                if !self.more.is_empty() {
                    node(&mut self.text, "more", &self.more);
                }
                self.text.push_str("</channel></rss>");
            }
            Spelling::Json => {
                self.text.push(']');
                if !self.more.is_empty() {
                    self.text.push(',');
                    member(&mut self.text, "more", &self.more);
                }
                self.text.push('}');
            }
        }
        match self.squeezed {
            None => Document::Plain(self.text.into_bytes()),
            Some(mut gzip) => {
                gzip.push(self.text.as_bytes());
                Document::Gzip(gzip.finish())
            }
        }
    }
}

/// The channel of a refusal: a title and what went wrong, in words.
pub fn error(spelling: Spelling, title: &str, words: &str) -> Vec<u8> {
    let mut text = String::new();
    match spelling {
        Spelling::Xml => {
            open_xml(&mut text, title);
            node(&mut text, "error", words);
            text.push_str("</channel></rss>");
        }
        Spelling::Json => {
            open_json(&mut text, title);
            text.push(',');
            member(&mut text, "error", words);
            text.push('}');
        }
    }
    text.into_bytes()
}

/// Appends text as XML character data that also fits an attribute.
pub fn escape(to: &mut String, text: &str) {
    for c in text.chars().filter(|c| is_xml_char(*c)) {
        match c {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '\'' => to.push_str("&apos;"),
            '"' => to.push_str("&quot;"),
            // A parser turns a bare one into a line feed (XML 1.0, section 2.11).
            '\r' => to.push_str("&#13;"),
            plain => to.push(plain),
        }
    }
}

/// Opens a channel.
pub(super) fn open_xml(text: &mut String, title: &str) {
    text.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss><channel>");
    node(text, "title", title);
}

fn open_json(text: &mut String, title: &str) {
    text.push('{');
    member(text, "title", title);
}

/// Appends a node; the name is an XML name already.
pub(super) fn node(text: &mut String, name: &str, value: &str) {
    text.push('<');
    text.push_str(name);
    text.push('>');
    escape(text, value);
    text.push_str("</");
    text.push_str(name);
    text.push('>');
}

fn member(text: &mut String, name: &str, value: &str) {
    quote(text, name);
    text.push(':');
    quote(text, value);
}

fn quote(text: &mut String, value: &str) {
    // A string is always JSON.
    text.push_str(&serde_json::to_string(value).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::coding::gunzip;

    #[test]
    fn everything_is_escaped_and_what_xml_cannot_carry_is_dropped() {
        let mut text = String::new();
        escape(&mut text, "a&b<c>d'e\"f\rg\nh\ti\0j\u{b}k\u{fffe}l\u{1f600}]]>");
        assert_eq!(text, "a&amp;b&lt;c&gt;d&apos;e&quot;f&#13;g\nh\tijkl\u{1f600}]]&gt;");
    }

    fn text(document: Document) -> String {
        match document {
            Document::Plain(bytes) => String::from_utf8(bytes).unwrap(),
            Document::Gzip(bytes) => String::from_utf8(gunzip(&bytes, 10_000).unwrap()).unwrap(),
        }
    }

    #[test]
    fn a_channel_squeezed_as_it_comes_is_the_same_channel() {
        for spelling in [Spelling::Xml, Spelling::Json] {
            let write = |squeeze: bool| {
                let mut channel = Channel::open(spelling, "tasks", 7);
                for id in ["1", "2", "3"] {
                    channel.item([("id", id)]);
                    if squeeze {
                        channel.squeeze();
                    }
                }
                channel.take().close()
            };
            assert!(matches!(write(true), Document::Gzip(_)));
            assert_eq!(text(write(true)), text(write(false)));
        }
    }

    #[test]
    fn a_channel_is_rss_or_json() {
        let write = |spelling| {
            let mut channel = Channel::open(spelling, "tasks", 7);
            channel.item([("id", "1"), ("title", "a \"b\" & c")]);
            channel.item([("id", "2"), ("_deleted", "1")]);
            text(channel.close())
        };
        assert_eq!(
            write(Spelling::Xml),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss><channel><title>tasks</title>\
             <lastBuildDate>7</lastBuildDate><item><id>1</id><title>a &quot;b&quot; &amp; c</title></item>\
             <item><id>2</id><_deleted>1</_deleted></item></channel></rss>"
        );
        let json: serde_json::Value = serde_json::from_str(&write(Spelling::Json)).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"title": "tasks", "lastBuildDate": 7,
                "items": [{"id": "1", "title": "a \"b\" & c"}, {"id": "2", "_deleted": "1"}]})
        );
        let empty = text(Channel::open(Spelling::Json, "t", 1).close());
        assert_eq!(empty, r#"{"title":"t","lastBuildDate":1,"items":[]}"#);
    }
}
