//! What is synchronised: records, their bytes, and the properties those bytes spell.
//!
//! The bytes are the truth. [`Properties`] is a reading of them made by `content`, which remembers for each property the
//! bytes it came from, so that what nobody touched is written as it arrived.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The id of an account (tenant): every key in the store begins with it. 1 to 64 bytes of ASCII.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountId(pub String);

/// The id of a collection inside its account: SyncML's datastore, MAX's data source. 1 to 64 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CollectionId(pub String);

/// The id of a record inside its collection: 1 to 255 bytes of text that XML can carry, compared byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordId(String);

impl RecordId {
    /// The longest id, in bytes.
    pub const BYTES_MAX: usize = 255;
    /// The length of an id minted here: what fits the smallest `MaxGUIDSize` seen in the field (S60: 8).
    pub const MINTED_BYTES: usize = 8;

    /// An id chosen by a client, or `None` where it is empty, too long, or not text that XML 1.0 can carry.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let fits = !text.is_empty() && text.len() <= Self::BYTES_MAX;
        (fits && text.chars().all(is_xml_char)).then_some(Self(text))
    }

    /// An id of [`Self::MINTED_BYTES`] characters out of `0-9a-z`. Two of them may be equal (36^8): the store refuses
    /// an insert under a taken id, and the turn is decided again from another seed.
    pub fn mint(random: [u8; 32]) -> Self {
        let mut rest = random.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        let mut text = String::with_capacity(Self::MINTED_BYTES);
        for _ in 0..Self::MINTED_BYTES {
            text.push(char::from_digit((rest % 36) as u32, 36).unwrap_or('0'));
            rest /= 36;
        }
        Self(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether XML 1.0 can carry this character at all, escaped or not (XML 1.0, section 2.2).
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// What a reference stands for, by what stands between its `&` and `;`: one of the five entities, or a character that XML can
/// carry (XML 1.0, sections 4.1 and 4.6).
pub fn xml_reference(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |hex| (hex, 16));
        let digits = Some(digits).filter(|digits| digits.chars().all(|c| c.is_digit(radix)))?;
        let number = u32::from_str_radix(digits, radix).ok()?;
        return char::from_u32(number).filter(|c| is_xml_char(*c));
    }
    let entities = [("lt", '<'), ("gt", '>'), ("amp", '&'), ("quot", '"'), ("apos", '\'')];
    entities.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

/// A position in an account's journal: the stamp of a change. Strictly increasing in commit order, one value per change,
/// looks like epoch milliseconds and fits 2^53. A MAX `lbd` is a spelling of it, and a SyncML anchor stands for one.
pub type Seq = i64;

/// Who made a change: a device's [`crate::peer::PeerId`] text, or empty for everybody else (MAX, an import, the operator).
pub type Origin = String;

/// What kind of things a collection holds; SyncML offers all but [`Kind::Table`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// vCards.
    Contacts,
    /// Events.
    Calendar,
    /// Tasks as VTODO.
    Todo,
    /// Notes.
    Notes,
    /// Folders, files and e-mails: carried as they are, each in a folder or in none.
    Files,
    /// A MAX-only table.
    #[default]
    Table,
}

/// The four collections that every account begins with: id, kind, and the other paths devices are known to use.
pub const STANDARD: [(&str, Kind, &[&str]); 4] = [
    ("contacts", Kind::Contacts, &["addressbook", "card", "contact"]),
    ("calendar", Kind::Calendar, &["cal", "event", "events"]),
    ("todo", Kind::Todo, &["task", "jobs"]),
    ("notes", Kind::Notes, &["note", "memo"]),
];

/// The latest state of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The collection it lives in.
    pub collection: CollectionId,
    /// Its id there.
    pub id: RecordId,
    /// The stamp of its last change.
    pub seq: Seq,
    /// Who made that change.
    pub origin: Origin,
    /// The folder it is in, in a collection that has folders; `None` for none. Not known of a superseded version.
    pub parent: Option<RecordId>,
    /// What it holds now.
    pub content: Content,
}

/// What a record holds. A tombstone is a kind of content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// A live record.
    Body(Body),
    /// A live record whose bytes were left in the store, because they are more than a row holds.
    Large(Large),
    /// A tombstone.
    Deleted,
}

/// What is known of a body that was not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Large {
    /// How to read the bytes.
    pub form: Form,
    /// How many there are.
    pub size: usize,
}

impl Content {
    /// The body of a live record, where it was read.
    pub fn body(&self) -> Option<&Body> {
        match self {
            Self::Body(body) => Some(body),
            Self::Large(_) | Self::Deleted => None,
        }
    }

    /// Whether it is no tombstone.
    pub fn is_live(&self) -> bool {
        !matches!(self, Self::Deleted)
    }

    /// The bytes of the body, read or not; 0 for a tombstone.
    pub fn size(&self) -> usize {
        match self {
            Self::Body(body) => body.bytes.len(),
            Self::Large(large) => large.size,
            Self::Deleted => 0,
        }
    }
}

/// The bytes of a live record and the form they are in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Body {
    /// How to read the bytes.
    pub form: Form,
    /// The bytes as they came (or as the last merge wrote them).
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

/// How bytes spell properties.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Form {
    /// A MAX item: a JSON array of `[name, value]` pairs of text, in the order they were first written.
    Table,
    /// vCard 2.1 (`text/x-vcard`).
    Vcard21,
    /// vCard 3.0 (`text/vcard`).
    Vcard30,
    /// vCard 4.0 (`text/vcard`).
    Vcard40,
    /// vCalendar 1.0 (`text/x-vcalendar`).
    Vcalendar10,
    /// iCalendar 2.0 (`text/calendar`).
    Icalendar20,
    /// vNote 1.1 (`text/x-vnote`).
    Vnote11,
    /// A plain note (`text/plain`): all of it is one property.
    Plain,
    /// Anything else: a media type, carried and not understood.
    Opaque(String),
}

impl Form {
    /// The name a form has in the store.
    pub fn label(&self) -> String {
        match self {
            Self::Table => "table".into(),
            Self::Vcard21 => "vcard2.1".into(),
            Self::Vcard30 => "vcard3.0".into(),
            Self::Vcard40 => "vcard4.0".into(),
            Self::Vcalendar10 => "vcalendar1.0".into(),
            Self::Icalendar20 => "icalendar2.0".into(),
            Self::Vnote11 => "vnote1.1".into(),
            Self::Plain => "plain".into(),
            Self::Opaque(media_type) => format!("opaque:{media_type}"),
        }
    }

    /// The form of that name; an unknown name is an opaque form of that name, so that nothing stored is ever unreadable.
    pub fn of_label(label: &str) -> Self {
        match label {
            "table" => Self::Table,
            "vcard2.1" => Self::Vcard21,
            "vcard3.0" => Self::Vcard30,
            "vcard4.0" => Self::Vcard40,
            "vcalendar1.0" => Self::Vcalendar10,
            "icalendar2.0" => Self::Icalendar20,
            "vnote1.1" => Self::Vnote11,
            "plain" => Self::Plain,
            other => Self::Opaque(other.strip_prefix("opaque:").unwrap_or(other).to_owned()),
        }
    }
}

impl From<String> for Form {
    fn from(label: String) -> Self {
        Self::of_label(&label)
    }
}

impl From<Form> for String {
    fn from(form: Form) -> Self {
        form.label()
    }
}

/// A body, read: an ordered, lossless list of properties and nested components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Properties {
    /// The form it was read from and will be written in.
    pub form: Form,
    /// Everything, in order.
    pub entries: Vec<Entry>,
}

/// One thing in a property list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A property.
    Property(Property),
    /// `BEGIN:name` … `END:name`.
    Component(Component),
    /// Bytes that are no property (a line without a colon, a blank line): carried as they are.
    Stray(Vec<u8>),
}

/// A nested component: `VEVENT` in `VCALENDAR`, `VALARM` in `VEVENT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its name in upper case.
    pub name: String,
    /// The `BEGIN` line as it came; empty, as `end` is then, where the component is to be written anew.
    pub begin: Vec<u8>,
    /// The `END` line as it came, empty where there was none. Where `begin` is empty too, both are written anew.
    pub end: Vec<u8>,
    /// What it holds, in order.
    pub entries: Vec<Entry>,
}

/// One property: a group, a name, parameters and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// `item1` of `item1.TEL:`.
    pub group: Option<String>,
    /// The name in upper case for vCard and iCalendar; as given for a MAX item.
    pub name: String,
    /// The parameters in order.
    pub parameters: Vec<Parameter>,
    /// The value (shared, as it may be large) as written, unfolded but still escaped or encoded as the form has it.
    pub value: Arc<Vec<u8>>,
    /// The bytes it came in, line end included; empty once the property has been changed.
    pub raw: Arc<Vec<u8>>,
}

/// One parameter. A bare one of vCard 2.1 (`TEL;CELL:`) has no values and `bare` set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name in upper case; for a bare one the word itself.
    pub name: String,
    /// The values, unquoted.
    pub values: Vec<String>,
    /// Whether it stood without `=`.
    pub bare: bool,
}
