//! A channel as a plain object: what the npm package shows of a MAX answer, and what it may write (MAX 2).
//!
//! An item is an object of its nodes, in order. How a server writes its answers is in `channel.rs`, how a client reads them in
//! `client/answer.rs`.

use super::channel::{node, open_xml};
use super::client::answer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

/// A channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Feed {
    /// `title`: the data source.
    pub title: String,
    /// `lastBuildDate`: brought as `lbd` the next time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_build_date: Option<String>,
    /// `error`: why there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// `more`: where the feed goes on; empty where this is all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub more: String,
    /// The items.
    pub items: Vec<Item>,
}

/// An item: its nodes in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item(pub Vec<(String, String)>);

impl Item {
    /// Whether it says that its record was deleted.
    pub fn is_deleted(&self) -> bool {
        self.0.iter().any(|(name, value)| name == "_deleted" && value == "1")
    }
}

/// Reads a channel; what is wrong with it, in words.
pub fn read(bytes: &[u8]) -> Result<Feed, String> {
    let answer::Channel { title, stamp, more, error, items } = answer::read(bytes)?;
    Ok(Feed { title, last_build_date: stamp, error, more, items: items.into_iter().map(Item).collect() })
}

/// Writes a channel; which name is none of a node, in words.
pub fn write(feed: &Feed) -> Result<Vec<u8>, String> {
    let mut text = String::new();
    open_xml(&mut text, &feed.title);
    let more = Some(&feed.more).filter(|more| !more.is_empty());
    for (name, value) in [("lastBuildDate", feed.last_build_date.as_ref()), ("error", feed.error.as_ref())] {
        value.into_iter().for_each(|value| node(&mut text, name, value));
    }
    for Item(nodes) in &feed.items {
        text.push_str("<item>");
        for (name, value) in nodes {
            if !is_name(name) {
                return Err(format!("{:?} is no name of a node", name.chars().take(40).collect::<String>()));
            }
            node(&mut text, name, value);
        }
        text.push_str("</item>");
    }
    more.into_iter().for_each(|more| node(&mut text, "more", more));
    text.push_str("</channel></rss>");
    Ok(text.into_bytes())
}

/// A name as MAX's fields have them (XML 1.0, section 2.3, without colons).
fn is_name(name: &str) -> bool {
    let starts = |c: char| c.is_alphabetic() || c == '_';
    name.starts_with(starts)
        && name.chars().all(|c| starts(c) || c.is_ascii_digit() || matches!(c, '-' | '.'))
}

// ------------------------------------------------------------------------------------------------------- an item as an object

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Nodes)
    }
}

struct Nodes;

impl<'de> Visitor<'de> for Nodes {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item: an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut nodes: A) -> Result<Item, A::Error> {
        let mut item = Item::default();
        while let Some(node) = nodes.next_entry()? {
            item.0.push(node);
        }
        Ok(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss><channel><title>tasks</title><lastBuildDate>7</lastBuildDate>\
        <item><id>1</id><title>a &quot;b&quot; &amp; c</title><done></done></item><item><id>2</id><_deleted>1</_deleted></item></channel></rss>";

    #[test]
    fn a_channel_is_the_same_after_it_was_plain_and_its_nodes_keep_their_order() {
        let feed = read(FEED.as_bytes()).unwrap();
        assert!(!feed.items[0].is_deleted() && feed.items[1].is_deleted());
        let text = serde_json::to_string(&feed).unwrap();
        assert_eq!(
            text,
            r#"{"title":"tasks","lastBuildDate":"7","items":[{"id":"1","title":"a \"b\" & c","done":""},{"id":"2","_deleted":"1"}]}"#
        );
        let again: Feed = serde_json::from_str(&text).unwrap();
        assert_eq!(again, feed);
        assert_eq!(write(&again).unwrap(), FEED.as_bytes());
    }

    #[test]
    fn what_is_no_name_is_no_node() {
        for name in ["", "1a", "a b", "a>", "<a", "a:b"] {
            let items = vec![Item(vec![(name.to_owned(), String::new())])];
            assert!(write(&Feed { items, ..Feed::default() }).is_err(), "{name:?}");
        }
        assert!(read(b"<html/>").is_err());
    }
}
