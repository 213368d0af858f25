//! Bytes to a message and back, in XML and in WBXML (RepPro 1.2, MetInf 1.2, DevInf 1.2, all versions from 1.0).
//!
//! Reading is lenient: both encodings become a tree of elements (`element.rs`), and a tree becomes a message (`read.rs`). It takes
//! linear time within the bounds of `limits.rs`. Writing is strict: a message becomes tags in DTD order (`write.rs`), and a pen
//! spells them (`xml.rs`, `wbxml.rs`). What `Format` says about data (`b64`) is the caller's business.

mod devinf;
mod element;
mod masked;
mod read;
mod token;
mod wbxml;
mod write;
mod xml;

use super::device::DevInf;
use super::message::{Command, Header, Message, Version};
use crate::limits::SYNCML_MESSAGE_BYTES_MAX;
use crate::record::is_xml_char;
pub use masked::masked;
use token::Page;
pub use write::Mark;
use write::Pen;

/// How a message is spelt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// `application/vnd.syncml+xml`.
    #[default]
    Xml,
    /// `application/vnd.syncml+wbxml`.
    Wbxml,
}

/// Why bytes are no message, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The offset in bytes at which reading stopped.
    pub offset: usize,
    /// What is wrong there, in words.
    pub reason: String,
}

impl DecodeError {
    fn new(offset: usize, reason: impl Into<String>) -> Self {
        // What is quoted in it came from outside and may be long.
        Self { offset, reason: reason.into().chars().take(200).collect() }
    }
}

/// Reads a message; the encoding is told by the first byte (`<`, white space or a BOM is XML; 0 to 3 is WBXML).
pub fn decode(bytes: &[u8]) -> Result<(Message, Encoding), DecodeError> {
    if bytes.len() > SYNCML_MESSAGE_BYTES_MAX {
        let reason = format!("{} bytes are more than {SYNCML_MESSAGE_BYTES_MAX}", bytes.len());
        return Err(DecodeError::new(SYNCML_MESSAGE_BYTES_MAX, reason));
    }
    let encoding = sniff(bytes).ok_or_else(|| DecodeError::new(0, "neither XML nor WBXML"))?;
    let root = match encoding {
        Encoding::Xml => xml::read(bytes)?,
        Encoding::Wbxml => wbxml::read(bytes, wbxml::Document::SyncMl)?,
    };
    Ok((read::message(&root)?, encoding))
}

fn sniff(bytes: &[u8]) -> Option<Encoding> {
    match bytes.first()? {
        b'<' | b' ' | b'\t' | b'\r' | b'\n' | 0xEF => Some(Encoding::Xml),
        0..=3 => Some(Encoding::Wbxml),
        _ => None,
    }
}

/// Writes a message in DTD order. A media type of DevInf is written as this encoding's, whichever the message names.
pub fn encode(message: &Message, encoding: Encoding) -> Vec<u8> {
    let mut writer = Writer::new(&message.header, encoding);
    message.commands.iter().for_each(|command| writer.push(command));
    writer.finish(message.last)
}

/// Reads a DevInf document that stands alone, in either encoding.
pub fn decode_device(bytes: &[u8]) -> Result<(DevInf, Encoding), DecodeError> {
    let encoding = sniff(bytes).ok_or_else(|| DecodeError::new(0, "neither XML nor WBXML"))?;
    let device = devinf::embedded(bytes).ok_or_else(|| DecodeError::new(0, "no DevInf document"))?;
    Ok((device, encoding))
}

/// Writes a DevInf document that stands alone.
pub fn encode_device(device: &DevInf, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Xml => {
            let mut pen = Box::new(xml::XmlPen::new(Version::default()));
            devinf::write(pen.as_mut(), device);
            pen.finish()
        }
        Encoding::Wbxml => wbxml::WbxmlPen::written(device),
    }
}

/// Whether XML can carry these bytes as text. Others have to be base64 (`Format` `b64`) in a message in XML; what is given to
/// [`encode`] all the same loses the characters that XML has no spelling for.
pub fn xml_can_carry(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_xml_char))
}

/// The longest beginning of `data` that makes a `Data` element at most `bytes` longer than an empty one. In XML it ends between
/// two characters. For cutting large objects.
pub fn prefix_that_fits(data: &[u8], encoding: Encoding, bytes: usize) -> &[u8] {
    let length = match encoding {
        Encoding::Xml => xml::prefix_that_fits(data, bytes),
        Encoding::Wbxml => wbxml::prefix_that_fits(data, bytes),
    };
    data.get(..length).unwrap_or(data)
}

/// Writes a message command by command, and knows its size to the byte.
///
/// ```
/// # use anchorage::syncml::{codec::{Encoding, Writer}, message::{Command, Header, Status}};
/// let mut writer = Writer::new(&Header::default(), Encoding::Wbxml);
/// let bytes_max = 1_000;
/// while writer.offer(&Command::Status(Status::default()), bytes_max) {}
/// assert!(writer.finish(true).len() <= bytes_max);
/// ```
pub struct Writer {
    pen: Box<dyn Pen>,
}

/// How many elements are open in a message between two commands: `SyncML` and `SyncBody`.
const BODY_DEPTH: usize = 2;

impl Writer {
    /// Begins a message.
    pub fn new(header: &Header, encoding: Encoding) -> Self {
        let version = Version::of(&header.dtd).or_else(|| Version::of(&header.protocol)).unwrap_or_default();
        let mut pen: Box<dyn Pen> = match encoding {
            Encoding::Xml => Box::new(xml::XmlPen::new(version)),
            Encoding::Wbxml => Box::new(wbxml::WbxmlPen::new(version)),
        };
        pen.open(Page::SyncMl, "SyncML");
        write::header(pen.as_mut(), header);
        pen.open(Page::SyncMl, "SyncBody");
        Self { pen }
    }

    /// Writes a command with all that is in it.
    pub fn push(&mut self, command: &Command) {
        write::command(self.pen.as_mut(), command);
    }

    /// Writes a command if the message stays within `bytes_max` bytes, and says whether it did.
    pub fn offer(&mut self, command: &Command, bytes_max: usize) -> bool {
        let mark = self.mark();
        self.push(command);
        let fits = self.bytes() <= bytes_max;
        if !fits {
            self.rewind(mark);
        }
        fits
    }

    /// Writes a `Sync` or a group but for its end and the commands in it (which are ignored): what is pushed next goes into it,
    /// until [`Writer::close`].
    pub fn open(&mut self, command: &Command) {
        write::open(self.pen.as_mut(), command);
    }

    /// Ends what was opened last.
    pub fn close(&mut self) {
        if self.pen.depth() > BODY_DEPTH {
            self.pen.close();
        }
    }

    /// How long the message would be if it were finished now, with `Final`; without, it is shorter.
    pub fn bytes(&self) -> usize {
        self.pen.finished_bytes()
    }

    /// A place to go back to.
    pub fn mark(&self) -> Mark {
        self.pen.mark()
    }

    /// Takes back what was written since. What was open at the mark must still be open.
    pub fn rewind(&mut self, mark: Mark) {
        self.pen.rewind(mark);
    }

    /// Ends the message, with `Final` if it is the `last` of its package.
    pub fn finish(mut self, last: bool) -> Vec<u8> {
        while self.pen.depth() > BODY_DEPTH {
            self.pen.close();
        }
        if last {
            self.pen.empty(Page::SyncMl, "Final");
        }
        while self.pen.depth() > 0 {
            self.pen.close();
        }
        self.pen.finish()
    }
}
