//! A device: what it said it can do, what it holds (aliases), and how far it has come (a bookmark per collection).

pub mod words;

use crate::record::{CollectionId, RecordId, Seq};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A device's own name: the `Source/LocURI` of its SyncHdr. An opaque byte string (IMEIs hold a colon), 1 to 255 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PeerId(pub String);

/// What the operator has set for one device: JSON in the store, empty for nothing set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeerSettings {
    /// Whether our DevInf towards it lists every property (`CTCap`): some devices send nothing without it.
    pub ctcap: bool,
    /// Where package 0 can be posted to for it (`http://` or `https://`); empty for nowhere.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alert_url: String,
    /// The sessions that it was asked for by package 0, the last first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alerted: Vec<u16>,
    /// What is done differently for it, whatever the rows of `syncml/quirk.rs` say.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub quirks: Map<String, Value>,
}

impl PeerSettings {
    /// Out of the store; what cannot be read sets nothing.
    pub fn of_text(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Into the store.
    pub fn text(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

/// A record's id on the device (SyncML's LUID): an opaque byte string of 1 to 255 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Luid(pub String);

/// What a device holds of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alias {
    /// The collection.
    pub collection: CollectionId,
    /// The record as we know it.
    pub record: RecordId,
    /// The record as the device knows it; `None` while an Add is on its way and no Map has come.
    pub luid: Option<Luid>,
    /// The short id an Add went out under, where the record's own id is longer than the device's `MaxGUIDSize`.
    pub temporary: Option<String>,
    /// The slow sync it was made in or after ([`Bookmark::attempt`]); below [`Place::generation`] it no longer counts.
    pub generation: i64,
    /// The stamp of the version the device last acknowledged or sent; 0 while it has acknowledged none; [`Self::UNSURE`].
    pub seq: Seq,
}

impl Alias {
    /// Instead of a stamp: a Delete of the live record went out, and nobody knows whether the device has followed it.
    pub const UNSURE: Seq = -1;
}

/// A point a device has reached in one collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Place {
    /// Everything up to here is on the device; 0 where there is no such point.
    pub cursor: Seq,
    /// The client's `Next` anchor of the session that reached it: what the device presents as `Last` if it knows.
    pub anchor: String,
    /// Our own `Next` anchor of that session: what we present as `Last` to a device that presents `anchor`.
    pub own_anchor: String,
    /// Aliases of an older generation are not believed: the slow sync of this generation took their place.
    pub generation: i64,
    /// What filters left out on the way here (`syncml::filter::LeftOut` as text); empty where everything was sent.
    pub left_out: String,
}

/// What a session looks at to find what is to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Looking {
    /// What another hand has changed.
    #[default]
    Changes,
    /// And every live record that the device has no id of, whoever made it.
    Lacking,
    /// And every live record that it has.
    Everything,
}

/// How far a device has come in one collection.
///
/// A session that ends well *offers* a place, and the next session *confirms* it by presenting the anchor that belongs to it.
/// A device that presents the older anchor lost the end of the last session and goes on from the confirmed place; nothing is
/// skipped either way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Bookmark {
    /// The collection.
    pub collection: CollectionId,
    /// What the device has shown that it knows.
    pub confirmed: Place,
    /// What the last good session reached.
    pub offered: Place,
    /// Counts slow syncs begun: new aliases bear it. In a slow sync it tells what this very sync has claimed already.
    pub attempt: i64,
    /// While a session is sending: changes after `position` are still to be sent. 0 outside.
    pub position: Seq,
    /// While a session is sending: nothing stamped after `until` is sent. 0 where not fixed yet.
    pub until: Seq,
    /// Whether the session now alive pages this collection out.
    pub sending: bool,
    /// Whether that paging is of a slow sync: only live records that have no alias of this generation.
    pub sending_all: bool,
    /// What that paging looks at, where it is not of a slow sync.
    pub looking: Looking,
    /// How many sessions in a row an item's failure has held the cursor back.
    pub held: i64,
}

impl Bookmark {
    /// The place the last good session reached, whether the device has confirmed it or not.
    pub fn newest(&self) -> &Place {
        if self.offered.cursor > 0 { &self.offered } else { &self.confirmed }
    }

    /// Forgets how far the device has come, so that its next sync is a slow one. What it holds is recognised then by what it says.
    pub fn ask_anew(&mut self) {
        let (left_out, generation) = (self.confirmed.left_out.clone(), self.confirmed.generation);
        let own_anchor = self.newest().own_anchor.clone();
        self.confirmed = Place { cursor: 0, anchor: ASKED.to_owned(), own_anchor, generation, left_out };
        self.offered = Place::default();
        (self.sending, self.sending_all, self.position, self.until) = (false, false, 0, 0);
    }

    /// Whether the account's owner has asked for a slow sync that has not come yet.
    pub fn is_asked_anew(&self) -> bool {
        self.newest().anchor == ASKED
    }
}

/// Instead of an anchor. Anchors are compared without the blanks around them, so no device's is this.
const ASKED: &str = " asked for";
