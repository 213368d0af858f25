//! Messages for people and programs: bytes to plain objects and back, and what they say in words.
//!
//! Plain objects cross as JSON text, with bytes in base64 (`syncml/plain.rs`); the package turns these into `Uint8Array`s.

use super::failure::Failure;
use crate::max::plain::{self as feed, Feed, Item};
use crate::secret;
use crate::syncml::codec::{self, Encoding};
use crate::syncml::device::DevInf;
use crate::syncml::explain::{
    Explanation, Line, brief, explain as explained, explain_device, explain_notification, quoted,
};
use crate::syncml::message::Message;
use crate::syncml::notification::{self, Notification};
use crate::syncml::plain;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// The document in these bytes, as JSON: `{kind, encoding, …}`.
#[wasm_bindgen]
pub fn decode(bytes: &[u8], content_type: &str) -> Result<String, JsValue> {
    Ok(read(bytes, content_type)?.plain())
}

/// The bytes of a document in the JSON that [`decode`] gives; an empty `encoding` is the document's own.
#[wasm_bindgen]
pub fn encode(json: &str, encoding: &str) -> Result<Vec<u8>, JsValue> {
    let document = Document::of_json(json)?;
    let encoding = match encoding {
        "" => document.encoding(),
        other => encoding_named(other)?,
    };
    Ok(document.bytes(encoding)?)
}

/// What a document in JSON says, as JSON.
#[wasm_bindgen]
pub fn explain(json: &str) -> Result<String, JsValue> {
    Ok(json!(Document::of_json(json)?.explained()).to_string())
}

/// A document of one of the kinds that are understood.
enum Document {
    Message(Box<Message>, Encoding),
    Device(DevInf, Encoding),
    Notification([u8; 16], Notification),
    Feed(Feed),
}

fn read(bytes: &[u8], content_type: &str) -> Result<Document, Failure> {
    let malformed = |error: codec::DecodeError| {
        Failure::malformed(format!("{} (at byte {})", error.reason, error.offset))
    };
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let binary = media_type == notification::MEDIA_TYPE || notification::is_binary(bytes);
    if binary && let (Ok(read), Some(digest)) = (notification::read(bytes), bytes.first_chunk()) {
        return Ok(Document::Notification(*digest, read));
    }
    let message =
        codec::decode(bytes).map(|(message, encoding)| Document::Message(Box::new(message), encoding));
    let device = |error| match codec::decode_device(bytes) {
        Ok((device, encoding)) => Ok(Document::Device(device, encoding)),
        Err(_) => Err(error),
    };
    let feed = |error| feed::read(bytes).map(Document::Feed).map_err(|_| error);
    message.or_else(device).or_else(feed).map_err(malformed)
}

impl Document {
    fn plain(&self) -> String {
        match self {
            Self::Message(message, encoding) => {
                json!({ "kind": "syncml", "encoding": name_of(*encoding), "message": plain::plain(message) })
            }
            Self::Device(device, encoding) => {
                json!({ "kind": "devinf", "encoding": name_of(*encoding), "device": plain::plain_device(device) })
            }
            Self::Notification(digest, notification) => json!({
                "kind": "notification",
                "encoding": "binary",
                "digest": { "base64": secret::base64(digest) },
                "notification": notification,
            }),
            // Its nodes have an order, which a value of JSON has not.
            Self::Feed(feed) => {
                let feed = serde_json::to_string(feed).unwrap_or_default();
                return format!(r#"{{"kind":"feed","encoding":"rss","feed":{feed}}}"#);
            }
        }
        .to_string()
    }

    fn of_json(json: &str) -> Result<Self, Failure> {
        let malformed = |error: String| Failure::malformed(format!("no such document: {error}"));
        let mut value: Value = serde_json::from_str(json).map_err(|error| malformed(error.to_string()))?;
        let encoding = value.pointer("/encoding").and_then(Value::as_str).unwrap_or("xml").to_owned();
        let part = |value: &mut Value, name| value.pointer_mut(name).map(Value::take).unwrap_or_default();
        match value.pointer("/kind").and_then(Value::as_str) {
            Some("syncml") => {
                let message = plain::message(part(&mut value, "/message")).map_err(malformed)?;
                Ok(Self::Message(Box::new(message), encoding_named(&encoding)?))
            }
            Some("devinf") => {
                let device = plain::device(part(&mut value, "/device")).map_err(malformed)?;
                Ok(Self::Device(device, encoding_named(&encoding)?))
            }
            Some("notification") => {
                let digest = value.pointer("/digest/base64").and_then(Value::as_str).unwrap_or_default();
                let digest = secret::unbase64(digest.as_bytes()).and_then(|bytes| bytes.try_into().ok());
                let digest = digest.ok_or_else(|| malformed("`digest` has 16 bytes".into()))?;
                serde_json::from_value(part(&mut value, "/notification"))
                    .map(|notification| Self::Notification(digest, notification))
                    .map_err(|error| malformed(error.to_string()))
            }
            Some("feed") => serde_json::from_str(json)
                .map(|Fed { feed }| Self::Feed(feed))
                .map_err(|error| malformed(error.to_string())),
            _ => Err(malformed("`kind` is syncml, devinf, notification or feed".into())),
        }
    }

    fn encoding(&self) -> Encoding {
        match self {
            Self::Message(_, encoding) | Self::Device(_, encoding) => *encoding,
            Self::Notification(..) => Encoding::Wbxml,
            Self::Feed(_) => Encoding::Xml,
        }
    }

    fn bytes(&self, encoding: Encoding) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Message(message, _) => Ok(codec::encode(message, encoding)),
            Self::Device(device, _) => Ok(codec::encode_device(device, encoding)),
            Self::Notification(digest, notification) => notification::packed(*digest, notification)
                .map_err(|notification::Malformed(why)| Failure::malformed(why)),
            Self::Feed(feed) => feed::write(feed).map_err(Failure::malformed),
        }
    }

    fn explained(&self) -> Explanation {
        match self {
            Self::Message(message, _) => explained(message),
            Self::Device(device, _) => explain_device(device),
            Self::Notification(_, notification) => explain_notification(notification),
            Self::Feed(feed) => explain_feed(feed),
        }
    }
}

/// A feed in its JSON, read apart so that its nodes keep their order.
#[derive(Deserialize)]
struct Fed {
    feed: Feed,
}

fn explain_feed(feed: &Feed) -> Explanation {
    let until = feed.last_build_date.as_deref().map_or("an unknown position".into(), brief);
    let more = if feed.more.is_empty() { "" } else { "; there is more" };
    let title = match &feed.error {
        Some(error) => format!("{} refused: {}", brief(&feed.title), brief(error)),
        None => format!("What changed in {} up to {until}{more}", brief(&feed.title)),
    };
    Explanation { title, lines: feed.items.iter().map(explain_item).collect() }
}

fn explain_item(item: &Item) -> Line {
    /// More are counted.
    const VALUES_MAX: usize = 8;
    let known =
        |wanted: &str| item.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let said: Vec<String> = item
        .0
        .iter()
        .filter(|(name, value)| name != "id" && !name.starts_with('_') && !matches!(value.as_str(), "" | "0"))
        .map(|(name, value)| format!("{} {}", brief(name), quoted(value)))
        .collect();
    let more = match said.len().saturating_sub(VALUES_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let date = known("_date").and_then(|date| Timestamp::from_millisecond(date.parse().ok()?).ok());
    let changed = date.map_or(String::new(), |date| format!("; changed {date}"));
    let text = match said.get(..VALUES_MAX).unwrap_or(&said) {
        _ if item.is_deleted() => format!("Was deleted{changed}."),
        [] => format!("Has nothing in it{changed}."),
        said => format!("Has {}{more}{changed}.", said.join(", ")),
    };
    Line { command: "item".into(), id: brief(known("id").unwrap_or_default()), text, ..Line::default() }
}

fn name_of(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Xml => "xml",
        Encoding::Wbxml => "wbxml",
    }
}

fn encoding_named(name: &str) -> Result<Encoding, Failure> {
    match name {
        "xml" => Ok(Encoding::Xml),
        "wbxml" => Ok(Encoding::Wbxml),
        other => Err(Failure::invalid(format!("{other:?} is no encoding: xml and wbxml are"))),
    }
}
