//! `GET /api/provision`: how to set up a phone, in words, as documents, and as a link for a QR code. A password is never in it.

use super::refusal::Refusal;
use super::{Answer, Deed, Scene, told};
use crate::exchange::{Decision, Seed};
use crate::record::Kind;
use crate::store::{Reads, View};
use crate::syncml::provisioning::{Document, Settings};
use serde_json::{Value, json};

/// The settings of the account's own login.
pub struct Provision;

impl Deed for Provision {
    fn ask(&mut self, reads: Reads) -> Reads {
        Reads { collections: true, views: vec![View::Account], ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        // A trusted host has no login: the account's first one is meant.
        let first = scene.snapshot.views.logins.first().map(|login| login.name.as_str());
        let login = if scene.login.is_empty() { first.unwrap_or_default() } else { scene.login };
        let url = format!("{}/syncml", scene.origin);
        let synced = scene.snapshot.collections.iter().filter(|known| known.kind != Kind::Table);
        let databases = synced.map(|known| (known.id.0.as_str(), known.kind));
        let unknown = || Refusal::bad("This server does not know under which address it was reached.");
        let settings = Settings::new(&url, login, None, databases).ok_or_else(unknown)?;
        let words = settings.words();
        let words = words.iter().map(|(name, value)| json!({ "name": name, "value": value }));
        let databases = settings.databases.iter().map(
            |known| json!({ "title": known.title, "path": known.path, "mediaTypes": known.media_types }),
        );
        let document = |document: Document| json!({ "name": document.name(), "mediaType": document.media_type(), "text": document.write(&settings) });
        let documents = [Document::Ota, Document::Wap].map(document);
        let encoded: String = login.bytes().map(|byte| format!("%{byte:02X}")).collect();
        told(&json!({
            "url": url,
            "login": login,
            "link": format!("{}/provision?user={encoded}", scene.origin),
            "words": words.collect::<Vec<Value>>(),
            "databases": databases.collect::<Vec<Value>>(),
            "documents": documents,
        }))
    }
}
