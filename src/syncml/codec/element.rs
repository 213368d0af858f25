//! A document as a tree of elements: what both encodings are read into, before it becomes a message. Here are the bounds on
//! depth, count and text; which element means what is told in `read.rs`.

use super::DecodeError;
use crate::limits::{DEPTH_MAX, ELEMENTS_MAX, SYNCML_MESSAGE_BYTES_MAX};

/// One element. Attributes are not kept: SyncML has none.
#[derive(Debug, Default)]
pub struct Element {
    /// The name without prefix, or empty for a name that is in no table.
    pub name: &'static str,
    /// Where its tag begins, in bytes.
    pub offset: usize,
    /// All text and opaque bytes directly in it, joined.
    pub text: Vec<u8>,
    /// The elements directly in it.
    pub children: Vec<Element>,
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Whether there is a child of that name.
    pub fn has(&self, name: &str) -> bool {
        self.child(name).is_some()
    }

    /// The text as it stands, less the NULs that old phones pad with. Text that is no UTF-8 is taken for ISO 8859-1.
    pub fn string(&self) -> String {
        let end = self.text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let text = self.text.get(..end).unwrap_or_default();
        match std::str::from_utf8(text) {
            Ok(text) => text.to_owned(),
            Err(_) => text.iter().copied().map(char::from).collect(),
        }
    }

    /// The text without white space around it: for names and numbers, where pretty printing may have added some.
    pub fn word(&self) -> String {
        self.string().trim().to_owned()
    }

    /// The text as a number; `None` where it is none.
    pub fn number(&self) -> Option<u64> {
        self.word().parse().ok()
    }

    /// [`Element::string`] of the first child of that name.
    pub fn string_of(&self, name: &str) -> Option<String> {
        self.child(name).map(Self::string)
    }

    /// [`Element::word`] of the first child of that name.
    pub fn word_of(&self, name: &str) -> Option<String> {
        self.child(name).map(Self::word)
    }

    /// [`Element::number`] of the first child of that name.
    pub fn number_of(&self, name: &str) -> Option<u64> {
        self.child(name).and_then(Self::number)
    }
}

/// Builds a tree from tags in the order they are met, without recursion and within bounds.
#[derive(Debug, Default)]
pub struct Tree {
    open: Vec<Element>,
    elements: usize,
    text_bytes: usize,
}

impl Tree {
    /// A start tag.
    pub fn open(&mut self, name: &'static str, offset: usize) -> Result<(), DecodeError> {
        self.elements += 1;
        if self.elements > ELEMENTS_MAX {
            return Err(DecodeError::new(offset, format!("more than {ELEMENTS_MAX} elements")));
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(DecodeError::new(offset, format!("elements nest deeper than {DEPTH_MAX}")));
        }
        self.open.push(Element { name, offset, ..Element::default() });
        Ok(())
    }

    /// An end tag. Gives the root once it is closed.
    pub fn close(&mut self) -> Option<Element> {
        let element = self.open.pop()?;
        match self.open.last_mut() {
            Some(parent) => {
                parent.children.push(element);
                None
            }
            None => Some(element),
        }
    }

    /// Text or opaque bytes in the element that is open; dropped outside the root. All text together is bounded, because a
    /// string table makes it possible to say a long string with few bytes, many times.
    pub fn text(&mut self, bytes: &[u8], offset: usize) -> Result<(), DecodeError> {
        self.text_bytes = self.text_bytes.saturating_add(bytes.len());
        if self.text_bytes > SYNCML_MESSAGE_BYTES_MAX {
            return Err(DecodeError::new(
                offset,
                format!("more than {SYNCML_MESSAGE_BYTES_MAX} bytes of text"),
            ));
        }
        if let Some(element) = self.open.last_mut() {
            element.text.extend_from_slice(bytes);
        }
        Ok(())
    }

    /// The element that is open.
    pub fn current(&mut self) -> Option<&mut Element> {
        self.open.last_mut()
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }
}
