//! An application file as a tree that remembers where everything stood. What it declares is in `schema`.

use crate::limits;
use crate::record::{is_xml_char, xml_reference};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::ops::Range;

/// Something wrong, at a byte of the file.
pub type Found = (usize, String);

/// One element. Its children hold no more levels than [`limits::DEPTH_MAX`].
#[derive(Clone, Debug, Default)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// Its attributes, read.
    pub attributes: Vec<(String, String)>,
    /// The text directly in it, read.
    pub text: String,
    /// The elements directly in it.
    pub children: Vec<Element>,
    /// The bytes of its start tag.
    pub open: Range<usize>,
    /// The bytes between its tags; `None` for `<empty/>`.
    pub inner: Option<Range<usize>>,
}

impl Element {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The children of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// Reads a file: the root element as far as it could be read, and everything that is wrong with it as XML.
pub fn read(text: &str) -> (Option<Element>, Vec<Found>) {
    let mut tree = Tree { found: Vec::new(), open: Vec::new(), root: None };
    if let Some((at, c)) = text.char_indices().find(|(_, c)| !is_xml_char(*c)) {
        tree.say(at, format!("XML cannot carry the character U+{:04X}", u32::from(c)));
        return (None, tree.found);
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    loop {
        let from = position(reader.buffer_position());
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => tree.take(event, from..position(reader.buffer_position())),
            Err(error) => {
                tree.say(position(reader.error_position()), format!("this is no XML: {error}"));
                return (tree.root, tree.found);
            }
        }
    }
    for element in std::mem::take(&mut tree.open) {
        tree.say(element.open.start, format!("<{}> is never closed", element.name));
    }
    if tree.root.is_none() && tree.found.is_empty() {
        tree.say(0, "the file is empty: it must hold one <max> element");
    }
    (tree.root, tree.found)
}

struct Tree {
    found: Vec<Found>,
    open: Vec<Element>,
    root: Option<Element>,
}

impl Tree {
    fn say(&mut self, at: usize, words: impl Into<String>) {
        self.found.push((at, words.into()));
    }

    fn take(&mut self, event: Event, span: Range<usize>) {
        match event {
            Event::Start(tag) => {
                let element = self.element(&tag, span.clone());
                if self.open.len() == limits::DEPTH_MAX {
                    self.say(span.start, format!("elements nest deeper than {}", limits::DEPTH_MAX));
                }
                self.open.push(element);
            }
            Event::Empty(tag) => {
                let element = self.element(&tag, span);
                self.close(element);
            }
            Event::End(_) => {
                if let Some(mut element) = self.open.pop() {
                    element.inner = Some(element.open.end..span.start);
                    self.close(element);
                }
            }
            Event::Text(text) => {
                if text.contains("]]>") {
                    self.say(span.start, "]]> cannot stand in text: write ]]&gt;");
                }
                self.characters(&text.xml10_content(), span.start);
            }
            Event::CData(text) => self.characters(&text.xml10_content(), span.start),
            Event::GeneralRef(reference) => self.reference(&reference, span.start),
            Event::DocType(_) => self.say(span.start, "a DOCTYPE is refused: take it out"),
            Event::Decl(declaration) => {
                if span.start != 0 {
                    self.say(span.start, "the XML declaration must be the very first thing in the file");
                }
                let encoding = declaration.encoding().and_then(Result::ok);
                if let Some(other) = encoding.filter(|name| !name.eq_ignore_ascii_case("utf-8")) {
                    self.say(span.start, format!("the encoding must be utf-8, not {other}"));
                }
            }
            Event::Comment(_) | Event::PI(_) | Event::Eof => {}
        }
    }

    fn element(&mut self, tag: &BytesStart, span: Range<usize>) -> Element {
        let name = tag.name().as_ref().to_owned();
        if !super::is_name(&name.replace(':', "_")) {
            self.say(span.start, format!("<{name}> is no name for an element"));
        }
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let read = attribute.map_err(|error| error.to_string()).and_then(|attribute| {
                if attribute.value.contains('<') {
                    return Err("< cannot stand in an attribute: write &lt;".to_owned());
                }
                let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                Ok((
                    attribute.key.as_ref().to_owned(),
                    value.map_err(|error| error.to_string())?.into_owned(),
                ))
            });
            match read {
                Ok(pair) => attributes.push(pair),
                Err(error) => {
                    self.say(span.start, format!("an attribute of <{name}> cannot be read: {error}"))
                }
            }
        }
        Element { name, attributes, open: span, ..Element::default() }
    }

    fn close(&mut self, element: Element) {
        let depth = self.open.len();
        match self.open.last_mut() {
            // What nests too deep has been said, and is let go of here.
            Some(_) if depth > limits::DEPTH_MAX => {}
            Some(parent) => parent.children.push(element),
            None if self.root.is_some() => {
                self.say(
                    element.open.start,
                    format!("<{}> stands after the end of the root element", element.name),
                );
            }
            None => self.root = Some(element),
        }
    }

    fn characters(&mut self, text: &str, at: usize) {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => self.say(at, "text stands outside the root element"),
        }
    }

    fn reference(&mut self, name: &str, at: usize) {
        match xml_reference(name) {
            Some(c) => self.characters(c.encode_utf8(&mut [0; 4]), at),
            None => self.say(at, format!("&{name}; is unknown")),
        }
    }
}

/// A position in a file that fits memory.
fn position(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// Where a byte stands, as editors count: line and column from 1, the column in characters.
pub fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
