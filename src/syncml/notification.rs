//! Package 0: the server asks a device to come (OMA DS 1.2 section 12, SAN 1.2; `syncml.md` 6).
//!
//! Here is the binary notification of 1.2; the SyncML message that 1.0 and 1.1 use for it is `notification/message.rs`. Pure functions
//! over bytes: how a package is carried, and which nonce signs it, is for whoever sends it (`operate/alert.rs`).

pub mod asking;
pub mod message;

use super::alert;
use super::credential;
use super::plain;
use crate::secret;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// The media type of a binary notification.
pub const MEDIA_TYPE: &str = "application/vnd.syncml.ds.notification";

/// What stands before a binary notification in a WAP push (SMS to port 2948): WSP push, its headers, application 5.
pub const WAP_PUSH: [u8; 6] = [0x01, 0x06, 0x03, 0xCE, 0xAF, 0x85];

/// The most syncs in one notification: their number has four bits.
pub const SYNCS_MAX: usize = 15;

/// The version of the package: 1.2, in ten bits.
const VERSION: u64 = 12;

/// The content types that have a number, as WSP assigns them.
const CONTENT_TYPES: [(&str, u32); 11] = [
    ("text/plain", 0x03),
    ("text/x-vcalendar", 0x06),
    ("text/x-vcard", 0x07),
    ("application/vnd.syncml+xml", 0x0302),
    ("application/vnd.syncml+wbxml", 0x0303),
    ("text/calendar", 0x0305),
    ("application/vnd.omads-email+xml", 0x0306),
    ("application/vnd.omads-file+xml", 0x0307),
    ("application/vnd.omads-folder+xml", 0x0308),
    ("text/vcard", 0x0309),
    ("text/directory;profile=vCard", 0x0309),
];

/// What package 0 says, in either version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Notification {
    /// Which session the device is to open; 0 leaves it to the device.
    pub session_id: u16,
    /// Who asks: in 1.2 the server's `DevID`, in 1.1 its URI. At most 255 bytes.
    pub server_id: String,
    /// What the device is to show its user (1.2).
    pub ui: UiMode,
    /// Whether the server had the idea, and not its user (1.2).
    pub by_server: bool,
    /// What is to be synchronised, at most [`SYNCS_MAX`]; nothing means everything, two-way.
    pub syncs: Vec<Wanted>,
    /// What a vendor appended (1.2).
    #[serde(with = "plain::bytes")]
    pub vendor: Vec<u8>,
}

/// What a device is to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UiMode {
    /// As it likes.
    #[default]
    Unspecified,
    /// Nothing.
    Background,
    /// That it synchronises.
    Informative,
    /// A question.
    Interactive,
}

/// One sync that is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Wanted {
    /// The alert code: 206 to 210.
    pub code: u16,
    /// The media type; empty where unspecified. 1.2 has a number for some only, and leaves out the others.
    pub media_type: String,
    /// Our path. At most 255 bytes.
    pub server: String,
    /// The device's path (1.1); empty where it is not known.
    pub client: String,
}

/// Why bytes are no package 0, or a notification cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// The package: digest and notification. The nonce is the one the device gave us; it knows our password.
pub fn package(notification: &Notification, password: &str, nonce: &[u8]) -> Result<Vec<u8>, Malformed> {
    let bytes = write(notification)?;
    let digest = digest(&notification.server_id, password, nonce, &bytes);
    Ok([digest.as_slice(), &bytes].concat())
}

/// The package with a digest made elsewhere: what was read, written again.
pub fn packed(digest: [u8; 16], notification: &Notification) -> Result<Vec<u8>, Malformed> {
    Ok([digest.as_slice(), &write(notification)?].concat())
}

/// Reads a package; whether it is genuine says [`is_genuine`].
pub fn read(package: &[u8]) -> Result<Notification, Malformed> {
    let (_, notification) = package.split_at_checked(16).ok_or(Malformed("shorter than a digest"))?;
    let mut bits = Bits { bytes: notification, at: 0 };
    if bits.take(10)? != VERSION {
        return Err(Malformed("another version than 1.2"));
    }
    let ui = match bits.take(2)? {
        1 => UiMode::Background,
        2 => UiMode::Informative,
        3 => UiMode::Interactive,
        _ => UiMode::Unspecified,
    };
    let by_server = bits.take(1)? == 1;
    bits.take(27)?;
    let session_id = u16::try_from(bits.take(16)?).unwrap_or_default();
    let server_id = bits.text()?;
    let count = bits.take(4)?;
    bits.take(4)?;
    let mut syncs = Vec::new();
    for _ in 0..count {
        let code = alert::TWO_WAY + u16::try_from(bits.take(4)?).unwrap_or_default();
        bits.take(4)?;
        let content_type = u32::try_from(bits.take(24)?).unwrap_or_default();
        if !alert::BY_SERVER.iter().any(|(_, known)| *known == code) {
            return Err(Malformed("a sync type that no server may ask for"));
        }
        let media_type = media_type_of(content_type).to_owned();
        syncs.push(Wanted { code, media_type, server: bits.text()?, client: String::new() });
    }
    let vendor = bits.rest().to_vec();
    Ok(Notification { session_id, server_id, ui, by_server, syncs, vendor })
}

/// Whether a package was signed with this password and nonce.
pub fn is_genuine(package: &[u8], password: &str, nonce: &[u8]) -> bool {
    let (Some((given, bytes)), Ok(notification)) = (package.split_at_checked(16), read(package)) else {
        return false;
    };
    secret::equal(given, &digest(&notification.server_id, password, nonce, bytes))
}

/// Whether what a device was pushed is a binary notification, and not a SyncML message: by its version field.
pub fn is_binary(package: &[u8]) -> bool {
    package.get(16) == Some(&0x03) && package.get(17).is_some_and(|byte| *byte <= 0x3F)
}

/// Whether a session's id is the one a notification gave: devices write the number in decimal or in hexadecimal.
pub fn names_session(id: u16, session_id: &str) -> bool {
    let text = session_id.trim();
    let hexadecimal = text.trim_start_matches('0');
    text.parse() == Ok(id) || (!text.is_empty() && hexadecimal.eq_ignore_ascii_case(&format!("{id:x}")))
}

/// `MD5(B64(MD5(server ":" password)) ":" nonce ":" B64(MD5(notification)))`.
fn digest(server_id: &str, password: &str, nonce: &[u8], notification: &[u8]) -> [u8; 16] {
    let body = Md5::digest(notification).into();
    credential::mac::mac(format!("{server_id}:{password}").as_bytes(), nonce, &body)
}

/// The notification without its digest: big-endian, bit after bit.
fn write(notification: &Notification) -> Result<Vec<u8>, Malformed> {
    let Notification { session_id, server_id, ui, by_server, syncs, vendor } = notification;
    if syncs.len() > SYNCS_MAX {
        return Err(Malformed("more than 15 syncs"));
    }
    let ui = match ui {
        UiMode::Unspecified => 0_u64,
        UiMode::Background => 1,
        UiMode::Informative => 2,
        UiMode::Interactive => 3,
    };
    // Version (10 bits), ui-mode (2), initiator (1), future use (27), session (16).
    let header = VERSION << 46 | ui << 44 | u64::from(*by_server) << 43 | u64::from(*session_id);
    let mut bytes = header.to_be_bytes().get(1..).unwrap_or_default().to_vec();
    push_text(&mut bytes, server_id)?;
    bytes.push(u8::try_from(syncs.len()).unwrap_or_default() << 4);
    for sync in syncs {
        if !alert::BY_SERVER.iter().any(|(_, known)| *known == sync.code) {
            return Err(Malformed("a sync type that no server may ask for"));
        }
        let kind = u32::from(sync.code - alert::TWO_WAY);
        // Sync type (4 bits), future use (4), content type (24).
        bytes.extend((kind << 28 | content_type_of(&sync.media_type)).to_be_bytes());
        push_text(&mut bytes, &sync.server)?;
    }
    bytes.extend(vendor);
    Ok(bytes)
}

fn push_text(bytes: &mut Vec<u8>, text: &str) -> Result<(), Malformed> {
    let length = u8::try_from(text.len()).map_err(|_| Malformed("a name of more than 255 bytes"))?;
    bytes.push(length);
    bytes.extend(text.as_bytes());
    Ok(())
}

fn content_type_of(media_type: &str) -> u32 {
    let known = CONTENT_TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(media_type));
    known.map_or(0, |(_, number)| *number)
}

fn media_type_of(number: u32) -> &'static str {
    CONTENT_TYPES.iter().find(|(_, known)| *known == number).map_or("", |(name, _)| name)
}

/// A reader of bits, the highest first.
struct Bits<'a> {
    bytes: &'a [u8],
    /// How many bits were taken.
    at: usize,
}

impl<'a> Bits<'a> {
    /// The next bits, at most 32, as a number.
    fn take(&mut self, count: usize) -> Result<u64, Malformed> {
        let mut value = 0;
        for at in self.at..self.at + count {
            let byte = self.bytes.get(at / 8).ok_or(Malformed("it ends too early"))?;
            value = value << 1 | u64::from(byte >> (7 - at % 8) & 1);
        }
        self.at += count;
        Ok(value)
    }

    /// A length and so many bytes of text.
    fn text(&mut self) -> Result<String, Malformed> {
        let length = usize::try_from(self.take(8)?).unwrap_or_default();
        let text = self.rest().get(..length).ok_or(Malformed("it ends too early"))?;
        self.at += length * 8;
        String::from_utf8(text.to_vec()).map_err(|_| Malformed("a name that is not UTF-8"))
    }

    /// What follows, from a whole byte.
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at / 8..).unwrap_or_default()
    }
}
