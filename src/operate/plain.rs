//! What there is, as plain JSON for a program that reads along ([`super::Terminal::tell`]); the words are `list.rs`'s and
//! `device.rs`'s. No secret is in it.

use super::command::{kind_word, policy_word};
use crate::peer::{Bookmark, PeerSettings};
use crate::record::Seq;
use crate::store::survey::Overview;
use crate::store::{Collection, Peer, Token};
use crate::syncml::device::DevInf;
use serde_json::{Value, json};

/// An account with everything it has.
pub fn overview(overview: &Overview) -> Value {
    let logins = overview.logins.iter().map(|login| json!({ "name": login.name, "local": login.local }));
    let collections = overview.collections.iter().map(|(known, count)| collection(known, Some(*count)));
    let horizon = overview.account.horizon;
    let devices = overview.devices.iter().map(|(peer, bookmarks)| device(peer, bookmarks, horizon));
    json!({
        "account": overview.account.id.0,
        "logins": logins.collect::<Value>(),
        "collections": collections.collect::<Value>(),
        "devices": devices.collect::<Value>(),
        "tokens": overview.tokens.iter().map(token).collect::<Value>(),
    })
}

/// A collection; with its number of records where that is known.
pub fn collection(collection: &Collection, records: Option<u64>) -> Value {
    let mut value = json!({
        "id": collection.id.0,
        "kind": kind_word(collection.kind),
        "policy": policy_word(collection.policy),
        "readOnly": match (collection.read_only, collection.quiet) {
            (false, _) => "off",
            (true, false) => "on",
            (true, true) => "quiet",
        },
        "aliases": collection.aliases,
        "fields": collection.fields.iter().map(|field| field.name.as_str()).collect::<Value>(),
    });
    if let (Some(records), Some(members)) = (records, value.as_object_mut()) {
        members.insert("records".into(), records.into());
    }
    value
}

/// A device, what is set for it and how far it has come.
pub fn device(peer: &Peer, bookmarks: &[Bookmark], horizon: Seq) -> Value {
    let known = serde_json::from_str::<DevInf>(&peer.device).unwrap_or_default();
    let settings = PeerSettings::of_text(&peer.settings);
    let position =
        |bookmark: &Bookmark| json!({ "id": bookmark.collection.0, "state": bookmark.told(horizon) });
    json!({
        "id": peer.id.0,
        "login": peer.login,
        "seen": peer.seen,
        "maker": known.maker,
        "model": known.model,
        "ctcap": settings.ctcap,
        "quirks": settings.quirks,
        "alertUrl": settings.alert_url,
        "collections": bookmarks.iter().map(position).collect::<Value>(),
    })
}

fn token(token: &Token) -> Value {
    let expires = (token.expires > 0).then_some(token.expires);
    json!({ "hash": token.hash, "label": token.label, "login": token.login, "issued": token.created, "expires": expires })
}
