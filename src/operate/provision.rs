//! A device's settings for an account, as `npm run account -- provision` prints them.
//!
//! What they say is in `syncml/provisioning.rs`. Who carries the documents to a phone (a WAP push through a gateway) is not
//! ours. A password stands in them only where it is given for that.

use super::{Operator, Refusal, Terminal, refuse};
use crate::record::Kind;
use crate::secret;
use crate::store::survey::{Overview, Survey};
use crate::syncml::provisioning::{Document, Settings};
use serde_json::json;

/// Where `npm start` listens.
const LOCAL_URL: &str = "http://127.0.0.1:8787/syncml";

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    pub(super) async fn provision(
        &mut self,
        name: &str,
        document: Option<Document>,
        url: Option<&str>,
        password: Option<&str>,
        remote: bool,
    ) -> Result<(), Refusal> {
        let overview = self.overview(name).await?;
        let assumed = url.is_none();
        let url = server_url(url, remote)?;
        self.check_known(&overview, name, password)?;
        let collections = overview.collections.iter().map(|(known, _)| known);
        let databases = collections.filter(|known| known.kind != Kind::Table);
        let databases = databases.map(|known| (known.id.0.as_str(), known.kind));
        let Some(settings) = Settings::new(&url, name, password, databases) else {
            return refuse(format!("`{url}` is not an address like https://sync.example/syncml."));
        };
        let paths: Vec<&str> = settings.databases.iter().map(|known| known.path.as_str()).collect();
        let told = json!({ "url": url, "port": settings.port, "login": name, "databases": paths });
        self.terminal.tell("settings", told);
        self.terminal.say(&format!("Settings for a device of `{name}`:"));
        if assumed {
            self.terminal.say(
                "  (The address is where `npm start` listens unless told otherwise: --url says another.)",
            );
        }
        for (what, value) in settings.words() {
            self.terminal.say(&format!("  {what:<27}  {value}"));
        }
        for database in &settings.databases {
            let (title, path, types) =
                (&database.title, &database.path, database.media_types.replace(',', ", "));
            self.terminal.say(&format!("  remote database: {title:<11} {path:<13} {types}"));
        }
        for wanted in document.map_or(vec![Document::Ota, Document::Wap], |document| vec![document]) {
            self.terminal.say(&format!("\n{}, {}:\n", wanted.name(), wanted.media_type()));
            let written = wanted.write(&settings);
            let told = json!({ "name": wanted.name(), "type": wanted.media_type(), "text": written });
            self.terminal.tell("documents", vec![told].into());
            self.terminal.say(&written);
        }
        Ok(())
    }

    /// A password that is given must be the right one, where that can be told.
    fn check_known(&self, overview: &Overview, name: &str, password: Option<&str>) -> Result<(), Refusal> {
        let login = overview.logins.iter().find(|login| login.name == name);
        let opened = login.zip(self.sealer.as_ref());
        let opened = opened.and_then(|(login, sealer)| sealer.open(&login.name, &login.sealed));
        let wrong = |(given, known): (&str, String)| !secret::equal(given.as_bytes(), known.as_bytes());
        match password.zip(opened).is_some_and(wrong)
            || password.is_some_and(|p| p.contains(char::is_control))
        {
            true => refuse(format!("That is not the password of `{name}`.")),
            false => Ok(()),
        }
    }
}

/// The server as devices reach it: what was given, or where `npm start` listens.
pub(super) fn server_url(url: Option<&str>, remote: bool) -> Result<String, Refusal> {
    match url {
        Some(url) => Ok(url.to_owned()),
        None if remote => refuse("Say where devices reach the worker: --url https://YOUR-WORKER/syncml"),
        None => Ok(LOCAL_URL.to_owned()),
    }
}
