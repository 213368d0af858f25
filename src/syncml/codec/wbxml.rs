//! WBXML in and out (WBXML 1.3; RepPro 1.2 section 8). Versions 1.0 to 1.3, any public id and any mix of strings and opaque
//! bytes are read; one way of writing them is written. The twin is `xml.rs`.

use super::DecodeError;
use super::Encoding;
use super::element::{Element, Tree};
use super::token::{self, Page};
use super::write::{Mark, Pen};
use crate::syncml::device::DevInf;
use crate::syncml::message::Version;

const SWITCH_PAGE: u8 = 0x00;
const END: u8 = 0x01;
const ENTITY: u8 = 0x02;
const STR_I: u8 = 0x03;
const LITERAL: u8 = 0x04;
const EXT_I: [u8; 3] = [0x40, 0x41, 0x42];
const PI: u8 = 0x43;
const EXT_T: [u8; 3] = [0x80, 0x81, 0x82];
const STR_T: u8 = 0x83;
const EXT: [u8; 3] = [0xC0, 0xC1, 0xC2];
const OPAQUE: u8 = 0xC3;

/// In a tag: it has content, it has attributes, and what is left is the token.
const CONTENT: u8 = 0x40;
const ATTRIBUTES: u8 = 0x80;
const TOKEN: u8 = 0x3F;

const UTF_8: u32 = 106;
const LATIN_1: u32 = 4;

/// What a document is, so that page 0 is known: the public id may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// A SyncML message.
    SyncMl,
    /// DevInf, embedded in one.
    DevInf,
}

impl Document {
    /// The token of the root.
    fn root(self) -> Option<u8> {
        match self {
            Self::SyncMl => token::token(Page::SyncMl, "SyncML"),
            Self::DevInf => token::token(Page::DevInf, "DevInf"),
        }
    }
}

/// Reads one document; what stands after its root is not looked at.
pub fn read(bytes: &[u8], document: Document) -> Result<Element, DecodeError> {
    let mut input = Input { bytes, at: 0 };
    let header = Header::read(&mut input, document)?;
    let mut body = Body { header, document, tree: Tree::default(), page: 0, tables: Vec::new() };
    loop {
        if let Some(root) = body.step(&mut input)? {
            return Ok(root);
        }
    }
}

/// The elements, and what is remembered between two tokens.
struct Body<'a> {
    header: Header<'a>,
    document: Document,
    tree: Tree,
    /// The code page, which holds until the next switch.
    page: u8,
    /// For each open element the table its name is from.
    tables: Vec<Option<Page>>,
}

impl<'a> Body<'a> {
    /// Reads one token; gives the root once it is closed.
    fn step(&mut self, input: &mut Input<'a>) -> Result<Option<Element>, DecodeError> {
        let offset = input.at;
        let byte = match input.byte() {
            Ok(byte) => byte,
            Err(_) if self.tree.depth() == 0 => return Err(DecodeError::new(offset, "there is no element")),
            Err(_) => return Err(DecodeError::new(offset, "the document ends inside an element")),
        };
        match byte {
            SWITCH_PAGE => self.page = input.byte()?,
            END if self.tree.depth() == 0 => return Err(DecodeError::new(offset, "an END without a tag")),
            END => return Ok(self.close()),
            ENTITY => {
                let number = input.number()?;
                let c = char::from_u32(number).filter(|c| *c != '\0');
                let c = c.ok_or_else(|| DecodeError::new(offset, format!("{number} is no character")))?;
                self.tree.text(c.encode_utf8(&mut [0; 4]).as_bytes(), offset)?;
            }
            STR_I => self.tree.text(&self.header.text(input.string()?), offset)?,
            STR_T => {
                let entry = self.header.entry(input.number()?, offset)?;
                self.tree.text(&self.header.text(entry), offset)?;
            }
            OPAQUE => {
                let length = input.number()?;
                self.tree.text(input.slice(length)?, offset)?;
            }
            PI => skip_attributes(input)?,
            _ if skip_extension(byte, input)? => {}
            tag => return self.tag(tag, input, offset),
        }
        Ok(None)
    }

    fn tag(&mut self, tag: u8, input: &mut Input<'a>, offset: usize) -> Result<Option<Element>, DecodeError> {
        let (table, name) = if tag & TOKEN == LITERAL {
            (None, self.header.literal(input.number()?, offset)?)
        } else {
            let table = self.table(tag & TOKEN);
            (table, table.and_then(|table| token::name(table, tag & TOKEN)).unwrap_or_default())
        };
        self.tree.open(name, offset)?;
        self.tables.push(table);
        if tag & ATTRIBUTES != 0 {
            skip_attributes(input)?;
        }
        Ok(if tag & CONTENT == 0 { self.close() } else { None })
    }

    fn close(&mut self) -> Option<Element> {
        self.tables.pop();
        self.tree.close()
    }

    /// The table that a token is looked up in.
    fn table(&mut self, token: u8) -> Option<Page> {
        // The texts of December 2000 put DevInf on page 1 and MetInf on page 2 of one document.
        let in_data = self.tree.current().is_some_and(|parent| parent.name == "Data");
        let devinf = self.tables.last() == Some(&Some(Page::DevInf))
            || in_data && Some(token) == Document::DevInf.root();
        match (self.document, self.page) {
            (Document::SyncMl, 0) => Some(Page::SyncMl),
            (Document::SyncMl, 1) if devinf => Some(Page::DevInf),
            (Document::SyncMl, 1) => Some(Page::MetInf),
            (Document::SyncMl, 2) if self.header.first_version => Some(Page::OldMetInf),
            (Document::DevInf, 0) => Some(Page::DevInf),
            _ => None,
        }
    }
}

/// Skips an attribute list up to and with its END; SyncML has no attributes.
fn skip_attributes(input: &mut Input) -> Result<(), DecodeError> {
    loop {
        match input.byte()? {
            END => return Ok(()),
            SWITCH_PAGE => {
                input.byte()?;
            }
            ENTITY | STR_T | LITERAL => {
                input.number()?;
            }
            STR_I => {
                input.string()?;
            }
            OPAQUE => {
                let length = input.number()?;
                input.slice(length)?;
            }
            byte => {
                skip_extension(byte, input)?;
            }
        }
    }
}

/// Skips an extension token, which SyncML has no use for; `false` where the byte is none.
fn skip_extension(byte: u8, input: &mut Input) -> Result<bool, DecodeError> {
    if EXT_I.contains(&byte) {
        input.string()?;
    } else if EXT_T.contains(&byte) {
        input.number()?;
    } else if !EXT.contains(&byte) {
        return Ok(false);
    }
    Ok(true)
}

/// What stands before the body.
struct Header<'a> {
    /// Whether the public id says SyncML 1.0.
    first_version: bool,
    charset: u32,
    strings: &'a [u8],
}

impl<'a> Header<'a> {
    fn read(input: &mut Input<'a>, document: Document) -> Result<Self, DecodeError> {
        let version = input.byte()?;
        if version > 3 {
            return Err(DecodeError::new(0, format!("WBXML version byte {version:#04x} is not known")));
        }
        let start = input.at;
        let with_charset = Self::rest(input, true);
        let root = |input: &Input| input.bytes.get(input.at).map(|tag| tag & TOKEN) == document.root();
        if version == 0 && !(with_charset.is_ok() && root(input)) {
            // WBXML 1.0 knows no charset. It comes second, because there are devices that write 0 and mean 1.
            let after = std::mem::replace(&mut input.at, start);
            match Self::rest(input, false) {
                Ok(header) if root(input) => return Ok(header),
                _ => input.at = after,
            }
        }
        with_charset
    }

    fn rest(input: &mut Input<'a>, has_charset: bool) -> Result<Self, DecodeError> {
        let offset = input.at;
        let public = input.number()?;
        let entry = if public == 0 { Some(input.number()?) } else { None };
        let charset = if has_charset { input.number()? } else { UTF_8 };
        let length = input.number()?;
        let strings = input.slice(length)?;
        let mut header = Header { first_version: public == 0x0FD1, charset, strings };
        if let Some(entry) = entry {
            header.first_version = header.entry(entry, offset)? == b"-//SYNCML//DTD SyncML 1.0//EN";
        }
        Ok(header)
    }

    /// A string of the table: up to its NUL, or to the end of a table that ends without one.
    fn entry(&self, index: u32, offset: usize) -> Result<&'a [u8], DecodeError> {
        let rest = self.from(index, offset)?;
        Ok(rest.split(|byte| *byte == 0).next().unwrap_or_default())
    }

    fn from(&self, index: u32, offset: usize) -> Result<&'a [u8], DecodeError> {
        let rest = usize::try_from(index).ok().filter(|index| *index < self.strings.len());
        let rest = rest.and_then(|index| self.strings.get(index..));
        rest.ok_or_else(|| DecodeError::new(offset, format!("no string {index} in the table")))
    }

    /// A string as UTF-8.
    fn text(&self, string: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        if self.charset == LATIN_1 && !string.is_ascii() {
            string.iter().copied().map(char::from).collect::<String>().into_bytes().into()
        } else {
            string.into()
        }
    }

    /// The name of a LITERAL tag. No name that means something is longer than [`token::NAME_BYTES_MAX`].
    fn literal(&self, index: u32, offset: usize) -> Result<&'static str, DecodeError> {
        let rest = self.from(index, offset)?;
        let start = rest.get(..rest.len().min(token::NAME_BYTES_MAX + 1)).unwrap_or_default();
        let name = start.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(std::str::from_utf8(name).map_or("", token::known))
    }
}

/// Bytes and where we are in them.
struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = self.bytes.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte.ok_or_else(|| DecodeError::new(self.at, "the document ends too early"))
    }

    /// `mb_u_int32`: seven bits a byte, the highest first.
    fn number(&mut self) -> Result<u32, DecodeError> {
        let start = self.at;
        let mut number: u32 = 0;
        loop {
            let byte = self.byte()?;
            let high = number.checked_mul(0x80).filter(|_| self.at - start <= 5);
            let high = high.ok_or_else(|| DecodeError::new(start, "a number is larger than 32 bits"))?;
            number = high | u32::from(byte & 0x7F);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
    }

    fn slice(&mut self, length: u32) -> Result<&'a [u8], DecodeError> {
        let end = usize::try_from(length).ok().and_then(|length| self.at.checked_add(length));
        let slice = end.and_then(|end| self.bytes.get(self.at..end));
        let slice = slice.ok_or_else(|| {
            let left = self.bytes.len() - self.at;
            DecodeError::new(self.at, format!("{length} bytes are announced and {left} are left"))
        })?;
        self.at += slice.len();
        Ok(slice)
    }

    /// An inline string, without the NUL that ends it.
    fn string(&mut self) -> Result<&'a [u8], DecodeError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == 0);
        let length = length.ok_or_else(|| DecodeError::new(self.at, "a string without its NUL"))?;
        self.at += length + 1;
        Ok(rest.get(..length).unwrap_or_default())
    }
}

/// Writes WBXML 1.2: a numeric public id, UTF-8, no string table, STR_I for text and OPAQUE for data, and a page switch only
/// where the page changes.
#[derive(Debug)]
pub struct WbxmlPen {
    out: Vec<u8>,
    page: u8,
    open: usize,
}

impl WbxmlPen {
    /// A pen for a message of that version.
    pub fn new(version: Version) -> Self {
        Self::document(match version {
            Version::V10 => 0x0FD1,
            Version::V11 => 0x0FD3,
            Version::V12 => 0x1201,
        })
    }

    /// A DevInf document.
    pub fn written(device: &DevInf) -> Vec<u8> {
        let mut pen = Self::document(match Version::of(&device.version) {
            Some(Version::V10) => 0x0FD2,
            Some(Version::V11) => 0x0FD4,
            _ => 0x1203,
        });
        super::devinf::write(&mut pen, device);
        pen.out
    }

    fn document(public: usize) -> Self {
        let mut out = vec![0x02];
        push_number(public, &mut out);
        out.extend_from_slice(&[UTF_8 as u8, 0]);
        Self { out, page: 0, open: 0 }
    }

    fn tag(&mut self, page: Page, name: &'static str, content: u8) {
        let number = match page {
            Page::SyncMl | Page::DevInf => 0,
            Page::MetInf | Page::OldMetInf => 1,
        };
        if number != self.page {
            self.out.extend_from_slice(&[SWITCH_PAGE, number]);
            self.page = number;
        }
        // Every name that `write.rs` and `devinf.rs` use is in the tables; a test writes them all.
        self.out.push(token::token(page, name).unwrap_or_default() | content);
    }
}

impl Pen for WbxmlPen {
    fn encoding(&self) -> Encoding {
        Encoding::Wbxml
    }

    fn open(&mut self, page: Page, name: &'static str) {
        self.tag(page, name, CONTENT);
        self.open += 1;
    }

    fn close(&mut self) {
        self.out.push(END);
        self.open = self.open.saturating_sub(1);
    }

    fn empty(&mut self, page: Page, name: &'static str) {
        self.tag(page, name, 0);
    }

    fn leaf(&mut self, page: Page, name: &'static str, text: &[u8]) {
        if text.is_empty() || text.contains(&0) {
            return self.opaque(page, name, text);
        }
        self.tag(page, name, CONTENT);
        self.out.push(STR_I);
        self.out.extend_from_slice(text);
        self.out.extend_from_slice(&[0, END]);
    }

    fn opaque(&mut self, page: Page, name: &'static str, bytes: &[u8]) {
        if bytes.is_empty() {
            return self.empty(page, name);
        }
        self.tag(page, name, CONTENT);
        self.out.push(OPAQUE);
        push_number(bytes.len(), &mut self.out);
        self.out.extend_from_slice(bytes);
        self.out.push(END);
    }

    fn device(&mut self, device: &DevInf) {
        self.opaque(Page::SyncMl, "Data", &Self::written(device));
    }

    fn finished_bytes(&self) -> usize {
        let switch = if self.page == 0 { 0 } else { 2 };
        self.out.len() + switch + 1 + self.open
    }

    fn mark(&self) -> Mark {
        Mark { bytes: self.out.len(), open: self.open, page: self.page }
    }

    fn rewind(&mut self, mark: Mark) {
        self.out.truncate(mark.bytes);
        self.open = mark.open;
        self.page = mark.page;
    }

    fn depth(&self) -> usize {
        self.open
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.out
    }
}

/// Writes an `mb_u_int32`.
fn push_number(number: usize, out: &mut Vec<u8>) {
    for shift in (1..5).rev().map(|septet| septet * 7) {
        if number >> shift != 0 {
            out.push((number >> shift) as u8 & 0x7F | 0x80);
        }
    }
    out.push(number as u8 & 0x7F);
}

/// How many bytes of data an OPAQUE may hold so that `Data` grows by at most `bytes` over the bare tag.
pub fn prefix_that_fits(data: &[u8], bytes: usize) -> usize {
    // Of a length written in so many bytes: OPAQUE, the length, the data, END.
    let longest = |length_bytes: usize| {
        let room = bytes.checked_sub(length_bytes + 2)?;
        Some(room.min((1 << (7 * length_bytes)) - 1))
    };
    (1..=4).filter_map(longest).max().unwrap_or_default().min(data.len())
}
