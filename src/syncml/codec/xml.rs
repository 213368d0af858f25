//! XML in and out (RepPro 1.2 section 5.4), lenient in and strict out: prefixes, namespaces and attributes are not looked at;
//! an external DOCTYPE is skipped and never fetched, an internal subset is refused. The twin is `wbxml.rs`.
//!
//! Newlines are not normalised: real devices count the CR in `Size` and send it raw.

use super::element::{Element, Tree};
use super::token::{self, Page};
use super::write::{self, Mark, Pen};
use super::{DecodeError, Encoding};
use crate::record::{is_xml_char, xml_reference};
use crate::syncml::device::DevInf;
use crate::syncml::message::Version;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use std::borrow::Cow;

/// Reads one document; what stands after its root is not looked at.
pub fn read(bytes: &[u8]) -> Result<Element, DecodeError> {
    let (text, shift) = text(bytes)?;
    let mut reader = Reader::from_str(&text);
    reader.config_mut().expand_empty_elements = true;
    let mut tree = Tree::default();
    let mut contents: Vec<usize> = Vec::new();
    loop {
        let before = position(reader.buffer_position());
        let event = reader.read_event().map_err(|error| {
            let at = position(reader.error_position());
            DecodeError::new(shift + at, format!("not well-formed XML: {error}"))
        })?;
        let offset = shift + before;
        match event {
            Event::Start(tag) => {
                well_formed(&tag, offset)?;
                tree.open(token::known(tag.local_name().into_inner()), offset)?;
                contents.push(position(reader.buffer_position()));
            }
            Event::End(_) => {
                let content = text.get(contents.pop().unwrap_or(before)..before).unwrap_or_default();
                keep_markup(&mut tree, content);
                if let Some(root) = tree.close() {
                    return Ok(root);
                }
            }
            Event::Text(piece) => tree.text(piece.as_bytes(), offset)?,
            Event::CData(piece) => tree.text(piece.as_bytes(), offset)?,
            Event::GeneralRef(reference) => {
                let c = character(&reference).map_err(|reason| DecodeError::new(offset, reason))?;
                tree.text(c.encode_utf8(&mut [0; 4]).as_bytes(), offset)?;
            }
            Event::DocType(declaration) if declaration.contains('[') => {
                return Err(DecodeError::new(offset, "a DOCTYPE with an internal subset is refused"));
            }
            Event::Eof if tree.depth() == 0 => return Err(DecodeError::new(offset, "there is no element")),
            Event::Eof => return Err(DecodeError::new(offset, "the document ends inside an element")),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// The text of a document and how many bytes before it were left out. UTF-8, or what its declaration says is Latin-1.
fn text(bytes: &[u8]) -> Result<(Cow<'_, str>, usize), DecodeError> {
    let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let shift = bytes.len() - start.len();
    match std::str::from_utf8(start) {
        Ok(text) => Ok((Cow::Borrowed(text), shift)),
        Err(_) if says_latin1(start) => {
            Ok((Cow::Owned(start.iter().copied().map(char::from).collect()), shift))
        }
        Err(error) => Err(DecodeError::new(shift + error.valid_up_to(), "not UTF-8")),
    }
}

fn says_latin1(start: &[u8]) -> bool {
    let declaration = start.split(|byte| *byte == b'>').next().unwrap_or_default();
    let declaration = declaration.get(..declaration.len().min(200)).unwrap_or_default();
    let declaration = String::from_utf8_lossy(declaration).to_ascii_lowercase();
    declaration.starts_with("<?xml")
        && ["iso-8859-1", "windows-1252"].iter().any(|name| declaration.contains(name))
}

/// Attributes mean nothing here, but one that is no attribute shows that this is no XML.
fn well_formed(tag: &BytesStart, offset: usize) -> Result<(), DecodeError> {
    let mut attributes = tag.attributes();
    match attributes.with_checks(false).find_map(Result::err) {
        Some(error) => Err(DecodeError::new(offset, format!("not well-formed XML: {error}"))),
        None => Ok(()),
    }
}

/// Foreign markup in `Data` (or `EMI`) is content: it is kept as the text it was written as.
fn keep_markup(tree: &mut Tree, content: &str) {
    let Some(element) = tree.current() else { return };
    let ours = ["DevInf", "Anchor", "MetInf"].iter().any(|name| element.has(name));
    if matches!(element.name, "Data" | "EMI") && !element.children.is_empty() && !ours {
        element.children.clear();
        element.text = content.as_bytes().to_vec();
    }
}

fn character(reference: &BytesRef) -> Result<char, String> {
    let name: &str = reference;
    xml_reference(name).ok_or_else(|| match name.starts_with('#') {
        true => format!("&{name}; is no character of XML"),
        false => format!("the entity &{name}; is not one of XML's five"),
    })
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Writes XML: a declaration, a default namespace wherever it changes, and no white space in between.
#[derive(Debug)]
pub struct XmlPen {
    out: Vec<u8>,
    open: Vec<(Page, &'static str)>,
    root: &'static str,
}

impl XmlPen {
    /// A pen for a message of that version.
    pub fn new(version: Version) -> Self {
        let root = match version {
            Version::V10 => "SYNCML:SYNCML1.0",
            Version::V11 => "SYNCML:SYNCML1.1",
            Version::V12 => "SYNCML:SYNCML1.2",
        };
        Self { out: br#"<?xml version="1.0" encoding="UTF-8"?>"#.to_vec(), open: Vec::new(), root }
    }

    fn tag(&mut self, page: Page, name: &str, end: &str) {
        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        if self.open.last().is_none_or(|(parent, _)| *parent != page) {
            let namespace = match page {
                Page::SyncMl => self.root,
                Page::MetInf | Page::OldMetInf => "syncml:metinf",
                Page::DevInf => "syncml:devinf",
            };
            self.out.extend_from_slice(b" xmlns=\"");
            self.out.extend_from_slice(namespace.as_bytes());
            self.out.push(b'"');
        }
        self.out.extend_from_slice(end.as_bytes());
    }
}

impl Pen for XmlPen {
    fn encoding(&self) -> Encoding {
        Encoding::Xml
    }

    fn open(&mut self, page: Page, name: &'static str) {
        self.tag(page, name, ">");
        self.open.push((page, name));
    }

    fn close(&mut self) {
        if let Some((_, name)) = self.open.pop() {
            self.out.extend_from_slice(b"</");
            self.out.extend_from_slice(name.as_bytes());
            self.out.push(b'>');
        }
    }

    fn empty(&mut self, page: Page, name: &'static str) {
        self.tag(page, name, "/>");
    }

    fn leaf(&mut self, page: Page, name: &'static str, text: &[u8]) {
        self.open(page, name);
        spell(text, &mut self.out);
        self.close();
    }

    fn opaque(&mut self, page: Page, name: &'static str, bytes: &[u8]) {
        self.leaf(page, name, bytes);
    }

    fn device(&mut self, device: &DevInf) {
        self.open(Page::SyncMl, "Data");
        super::devinf::write(self, device);
        self.close();
    }

    fn finished_bytes(&self) -> usize {
        let ends: usize = self.open.iter().map(|(_, name)| name.len() + "</>".len()).sum();
        self.out.len() + "<Final/>".len() + ends
    }

    fn mark(&self) -> Mark {
        Mark { bytes: self.out.len(), open: self.open.len(), page: 0 }
    }

    fn rewind(&mut self, mark: Mark) {
        self.out.truncate(mark.bytes);
        self.open.truncate(mark.open);
    }

    fn depth(&self) -> usize {
        self.open.len()
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.out
    }
}

/// Writes text so that it arrives as it is: entities, or CDATA where that is shorter. CR is always a reference, because a
/// parser would take a bare one for a newline. What XML cannot carry is dropped.
fn spell(bytes: &[u8], out: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(bytes);
    if cdata_is_shorter(&text) {
        out.extend_from_slice(b"<![CDATA[");
        out.extend(text.chars().filter(|c| is_xml_char(*c)).collect::<String>().bytes());
        out.extend_from_slice(b"]]>");
        return;
    }
    for c in text.chars().filter(|c| is_xml_char(*c)) {
        match write::entity(c) {
            Some(entity) => out.extend_from_slice(entity.as_bytes()),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

const CDATA_BYTES: usize = "<![CDATA[]]>".len();

fn cdata_is_shorter(text: &str) -> bool {
    let gain: usize = text.chars().filter_map(write::entity).map(|entity| entity.len() - 1).sum();
    gain > CDATA_BYTES && !text.contains('\r') && !text.contains("]]>")
}

/// How many bytes of data are spelt in at most `bytes`: up to the end of a character.
pub fn prefix_that_fits(data: &[u8], bytes: usize) -> usize {
    let text = match std::str::from_utf8(data) {
        Ok(text) => text,
        Err(error) => data
            .get(..error.valid_up_to())
            .and_then(|valid| std::str::from_utf8(valid).ok())
            .unwrap_or_default(),
    };
    let (mut fits, mut plain, mut gain, mut cdata) = (0, 0, 0, true);
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if is_xml_char(c) {
            plain += c.len_utf8();
            gain += write::entity(c).map_or(0, |entity| entity.len() - 1);
        }
        cdata = cdata && c != '\r' && !text.as_bytes().get(..end).unwrap_or_default().ends_with(b"]]>");
        let around = if cdata { gain.min(CDATA_BYTES) } else { gain };
        if plain > bytes {
            break;
        }
        if plain + around <= bytes {
            fits = end;
        }
    }
    fits
}
