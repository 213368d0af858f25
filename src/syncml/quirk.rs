//! What particular devices need done differently (`syncml.md` 9.1): rows of data, matched to a device, make one plain value.
//!
//! The rows are in `quirks.json`; the operator's follow them, then what is set for one device alone. What is only read
//! leniently is read so from everyone and has no row.

use super::device::DevInf;
use crate::limits;
use crate::peer::PeerSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::num::NonZeroUsize;
use std::sync::LazyLock;

/// The rows we bring along, as JSON.
pub const BUILT_IN: &str = include_str!("quirks.json");

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| rows(BUILT_IN).0);

/// What is done differently for a device; nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// The bytes of a message that it can take at most, however large its `MaxMsgSize`.
    pub message_bytes_max: Option<NonZeroUsize>,
    /// How many per cent of its `MaxMsgSize` it can take.
    pub message_percent: Option<NonZeroUsize>,
    /// How many `Delete`s it can take in one message.
    pub deletes_per_message_max: Option<NonZeroUsize>,
    /// Its `MaxGUIDSize`, in bytes, whatever its DevInf says.
    pub guid_bytes_max: Option<NonZeroUsize>,
    /// Whether it takes objects in pieces, whatever its `SupportLargeObjs`.
    pub large_objects: Option<bool>,
    /// Whether the status of an error says nothing beyond its code.
    pub no_error_items: bool,
    /// Whether all items of a command share a status, with the worst of their codes.
    pub one_status_per_command: bool,
    /// Whether its `CTCap` is no reason to think that it cannot hold a property.
    pub ignore_ctcap: bool,
    /// Whether our DevInf lists every property (`CTCap`): some devices send nothing without it.
    pub ctcap: bool,
    /// Whether 101 ends its session: a message that cannot be carried out for now is answered with 503, and sent again.
    pub no_busy: bool,
}

impl Quirks {
    /// The bytes of a message that may be sent to a device of this `MaxMsgSize`.
    pub fn message_bytes(&self, declared: usize) -> usize {
        let part =
            self.message_percent.map_or(declared, |percent| (declared / 100).saturating_mul(percent.get()));
        let most = self.message_bytes_max.map_or(declared, NonZeroUsize::get);
        declared.min(part).min(most).max(limits::SYNCML_REPLY_BYTES_MIN)
    }
}

/// A row: which devices, and what is done for them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The device that needed it.
    #[serde(default)]
    pub device: String,
    /// Its numbers in `syncml.md` 9.1.
    #[serde(default)]
    pub section: Vec<String>,
    /// What the device does otherwise.
    #[serde(default)]
    pub why: String,
    /// Which devices are meant.
    pub when: When,
    /// The fields of [`Quirks`] that it sets.
    pub then: Map<String, Value>,
}

/// Patterns, all of which must match: `*` stands for anything, `|` between patterns for either; case does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// `Man`.
    pub maker: Option<String>,
    /// `Mod`.
    pub model: Option<String>,
    /// `FwV`.
    pub firmware: Option<String>,
    /// The HTTP header `User-Agent`.
    pub user_agent: Option<String>,
}

/// What came of the rows for a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What is done for it.
    pub quirks: Quirks,
    /// The devices that the rows name.
    pub devices: Vec<String>,
    /// What of the operator's rows and settings could not be read, and was left out.
    pub complaints: Vec<String>,
}

/// What is done for a device, by its DevInf and the `User-Agent` it comes with: our rows, the operator's (`more`), then what
/// is set for it alone (`own`); the later wins, switch by switch. An empty text adds nothing.
pub fn of(device: Option<&DevInf>, user_agent: &str, more: &str, own: &PeerSettings) -> Found {
    let text = |pick: fn(&DevInf) -> &Option<String>| {
        device.and_then(|device| pick(device).as_deref()).map(plain).unwrap_or_default()
    };
    let told = [text(|device| &device.maker), text(|d| &d.model), text(|d| &d.firmware), plain(user_agent)];
    let (more, mut complaints) = rows(more);
    let mut switches = Map::new();
    let mut devices = Vec::new();
    for row in ROWS.iter().chain(&more).filter(|row| row.when.is(&told)) {
        switches.extend(row.then.clone());
        devices.push(row.device.clone());
    }
    match check(&own.quirks) {
        Ok(_) => switches.extend(own.quirks.clone()),
        Err(why) => complaints.push(format!("its own quirks: {why}")),
    }
    // Each was read on its own, so all of them can be.
    let mut quirks = check(&switches).unwrap_or_default();
    quirks.ctcap |= own.ctcap;
    Found { quirks, devices, complaints }
}

/// Rows out of JSON, and what is wrong with those that are none.
pub fn rows(text: &str) -> (Vec<Row>, Vec<String>) {
    if text.trim().is_empty() {
        return (Vec::new(), Vec::new());
    }
    let values: Vec<Value> = match serde_json::from_str(text) {
        Ok(values) => values,
        Err(error) => return (Vec::new(), vec![format!("SYNCML_QUIRKS: no list of quirks: {error}")]),
    };
    let (mut rows, mut complaints) = (Vec::new(), Vec::new());
    for (index, value) in values.into_iter().enumerate() {
        let row = serde_json::from_value::<Row>(value).and_then(|row| check(&row.then).map(|_| row));
        match row {
            Ok(row) => rows.push(row),
            Err(error) => complaints.push(format!("SYNCML_QUIRKS: quirk {}: {error}", index + 1)),
        }
    }
    (rows, complaints)
}

/// What switches say, or which is none.
pub fn check(switches: &Map<String, Value>) -> serde_json::Result<Quirks> {
    serde_json::from_value(Value::Object(switches.clone()))
}

impl When {
    /// Whether a device is meant that tells its maker, model, firmware and `User-Agent` so.
    fn is(&self, told: &[String; 4]) -> bool {
        let patterns = [&self.maker, &self.model, &self.firmware, &self.user_agent];
        let matched = |(pattern, text): (&Option<String>, &String)| {
            let Some(pattern) = pattern else { return true };
            plain(pattern).split('|').any(|pattern| matches(pattern.trim(), text))
        };
        patterns.into_iter().zip(told).all(matched)
    }
}

/// A text as it is compared, and no more of it than a name has.
fn plain(text: &str) -> String {
    text.trim().chars().take(limits::NAME_BYTES_MAX).collect::<String>().to_lowercase()
}

/// Whether a text is what a pattern says.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(maker: &str, model: &str, firmware: &str) -> DevInf {
        let text = |text: &str| Some(text.to_owned());
        DevInf { maker: text(maker), model: text(model), firmware: text(firmware), ..DevInf::default() }
    }

    /// What a device's own settings say.
    fn own(quirks: &str) -> PeerSettings {
        PeerSettings { quirks: serde_json::from_str(quirks).unwrap(), ..PeerSettings::default() }
    }

    #[test]
    fn a_pattern_says_what_it_says() {
        for (pattern, text) in
            [("nokia", "nokia"), ("nokia*", "nokia 6280"), ("*s55*", "s55"), ("a*b*c", "abbc"), ("*", "")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("nokia", "nokia 6280"),
            ("nokia*", "the nokia"),
            ("*s55*", "sl55"),
            ("a*b*c", "acb"),
            ("ab*b", "ab"),
            ("", "a"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert!(!matches(&"a*".repeat(100), &"a".repeat(99)));
    }

    #[test]
    fn every_key_given_must_match_and_later_rows_win_switch_by_switch() {
        let more = r#"[
            {"device":"one","when":{"maker":"acme","model":"x1|x2*","firmware":"1.*","user_agent":"*Sync*"},
             "then":{"message_bytes_max":2000,"ctcap":true}},
            {"device":"two","when":{"maker":"ACME "},"then":{"message_bytes_max":3000}}]"#;
        let found = of(Some(&device(" Acme", "X20", "1.07")), "Acme SyncML", more, &own("{}"));
        assert_eq!(found.devices, ["one", "two"]);
        assert_eq!((found.quirks.message_bytes(9_000), found.quirks.ctcap), (3_000, true));
        for (device, user_agent) in [
            (device("Acme", "X20", "2.07"), "Acme SyncML"),
            (device("Acme", "X3", "1.07"), "Acme SyncML"),
            (device("Acme", "X20", "1.07"), "curl"),
        ] {
            assert_eq!(of(Some(&device), user_agent, more, &own("{}")).devices, ["two"]);
        }
        assert_eq!(of(None, "Acme SyncML", more, &own("{}")), Found::default());
        let alone = of(
            Some(&device("Acme", "X1", "1.")),
            "sync",
            more,
            &own(r#"{"message_bytes_max":null,"ctcap":false}"#),
        );
        assert_eq!(alone.quirks, Quirks::default());
    }

    #[test]
    fn what_is_no_row_is_said_and_the_others_hold() {
        let row = r#"{"when":{},"then":{"ctcap":true}}"#;
        for broken in [
            r#"{"when":{"maker":1},"then":{}}"#,
            r#"{"when":{},"then":{"ctcaps":true}}"#,
            r#"{"when":{"colour":"red"},"then":{}}"#,
            r#"{"when":{},"then":{"message_percent":0}}"#,
            r#"{"when":{},"then":{"message_percent":-1}}"#,
            r#"{"then":{}}"#,
            "7",
        ] {
            let found = of(None, "", &format!("[{broken},{row}]"), &own("{}"));
            assert!(found.quirks.ctcap, "{broken}");
            assert!(found.complaints[0].starts_with("SYNCML_QUIRKS: quirk 1: "), "{:?}", found.complaints);
        }
        for broken in ["{", "7", "{}", "[[]"] {
            let found = of(None, "", broken, &own(r#"{"ctcap":true}"#));
            assert!(
                found.complaints[0].starts_with("SYNCML_QUIRKS: no list of quirks") && found.quirks.ctcap
            );
        }
        assert!(of(None, "", "", &own(r#"{"ctcap":1}"#)).complaints[0].starts_with("its own quirks: "));
        assert_eq!(of(None, "", " ", &own("{}")), Found::default());
    }

    #[test]
    fn a_message_is_never_larger_than_declared_nor_smaller_than_one_can_be() {
        let (rows, _) = rows(r#"[{"when":{},"then":{"message_percent":70,"message_bytes_max":2500}}]"#);
        let quirks = check(&rows[0].then).unwrap();
        assert_eq!(
            [1_024, 2_000, 3_000, 9_000].map(|declared| quirks.message_bytes(declared)),
            [1_024, 1_400, 2_100, 2_500]
        );
        let more = Quirks { message_percent: NonZeroUsize::new(usize::MAX), ..Quirks::default() };
        assert_eq!(
            (more.message_bytes(9_000), more.message_bytes(99)),
            (9_000, limits::SYNCML_REPLY_BYTES_MIN)
        );
    }
}
