//! A device's settings: in words, as a Nokia/Ericsson OTA settings document (7.0), and as OMA client provisioning (w5, the
//! application of data synchronisation; w7 is device management).
//!
//! Who carries the documents to a phone (a WAP push through a gateway) is not ours. A password stands in them only where it is
//! given for that.

use super::command::Family;
use super::{Operator, Refusal, Terminal, refuse};
use crate::record::Kind;
use crate::secret;
use crate::store::survey::{Overview, Survey};
use quick_xml::escape::escape;

/// Where `npm start` listens.
const LOCAL_URL: &str = "http://127.0.0.1:8787/syncml";

/// What every document says.
struct Settings<'a> {
    /// The server's address without its port.
    address: String,
    port: u16,
    user: &'a str,
    password: Option<&'a str>,
    /// Path, title, media types and the version of the first.
    databases: Vec<(String, String, (&'static str, &'static str, &'static str))>,
}

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    pub(super) async fn provision(
        &mut self,
        name: &str,
        family: Option<Family>,
        url: Option<&str>,
        password: Option<&str>,
        remote: bool,
    ) -> Result<(), Refusal> {
        let overview = self.overview(name).await?;
        let url = server_url(url, remote)?;
        self.check_known(&overview, name, password)?;
        let (address, port) = apart(&url)?;
        let databases = overview.collections.iter().filter(|(known, _)| known.kind != Kind::Table);
        let databases = databases
            .map(|(known, _)| (format!("./{}", known.id.0), title(&known.id.0), content_types(known.kind)));
        let settings = Settings { address, port, user: name, password, databases: databases.collect() };
        for line in words(&settings, &url) {
            self.terminal.say(&line);
        }
        if family != Some(Family::Oma) {
            self.terminal.say("\nNokia/Ericsson OTA settings 7.0, application/x-prov.syncset+xml:\n");
            self.terminal.say(&ota(&settings));
        }
        if family.is_none_or(|family| family == Family::Oma) {
            self.terminal.say("\nOMA client provisioning, text/vnd.wap.connectivity-xml:\n");
            self.terminal.say(&client_provisioning(&settings));
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

/// What every phone has for a kind, and its version.
pub(super) fn content_type(kind: Kind) -> (&'static str, &'static str) {
    let (first, version, _) = content_types(kind);
    (first, version)
}

/// The media type every phone has for a kind, its version, and all that are taken.
fn content_types(kind: Kind) -> (&'static str, &'static str, &'static str) {
    match kind {
        Kind::Contacts => ("text/x-vcard", "2.1", "text/x-vcard,text/vcard"),
        Kind::Calendar | Kind::Todo => ("text/x-vcalendar", "1.0", "text/x-vcalendar,text/calendar"),
        Kind::Files => (
            "application/vnd.omads-file+xml",
            "1.2",
            "application/vnd.omads-folder+xml,application/vnd.omads-file+xml,application/vnd.omads-email+xml",
        ),
        Kind::Notes | Kind::Table => ("text/plain", "1.0", "text/plain"),
    }
}

/// `Contacts`.
fn title(id: &str) -> String {
    let mut letters = id.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// An address without its port, and the port.
fn apart(url: &str) -> Result<(String, u16), Refusal> {
    let unclear = || Refusal(format!("`{url}` is not an address like https://sync.example/syncml."));
    let (scheme, rest) = url.split_once("://").ok_or_else(unclear)?;
    let usual = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err(unclear()),
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| unclear())?),
        _ => (authority, usual),
    };
    if host.is_empty() || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(unclear());
    }
    Ok((format!("{scheme}://{host}{path}"), port))
}

fn words(settings: &Settings<'_>, url: &str) -> Vec<String> {
    let mut lines = vec![
        format!("Settings for a device of `{}`:", settings.user),
        format!("  server address, host, URL    {url}"),
        format!("  port, where it is asked for  {}", settings.port),
        format!("  user name                    {}", settings.user),
        format!("  password                     {}", settings.password.unwrap_or("as it was set")),
        "  HTTP authentication, proxy   none".to_owned(),
    ];
    for (path, title, (_, _, types)) in &settings.databases {
        lines.push(format!("  remote database: {title:<11} {path:<13} {}", types.replace(',', ", ")));
    }
    lines
}

/// `SyncSettings`. `AuthScheme` 2 is `syncml:auth-md5`.
fn ota(settings: &Settings<'_>) -> String {
    let mut xml = Xml::default();
    xml.open("SyncSettings", "");
    xml.leaf("Version", "1.0");
    xml.leaf("HostAddr", &settings.address);
    xml.leaf("Port", &settings.port.to_string());
    for (path, title, (media_type, version, _)) in &settings.databases {
        xml.open("RemoteDB", "");
        xml.leaf("CTType", media_type);
        xml.leaf("CTVer", version);
        xml.leaf("URI", path);
        xml.leaf("Name", title);
        xml.close("RemoteDB");
    }
    xml.leaf("Name", "Anchorage");
    xml.open("Auth", "");
    xml.leaf("AuthScheme", "2");
    xml.leaf("Username", settings.user);
    if let Some(password) = settings.password {
        xml.leaf("Cred", &secret::base64(password.as_bytes()));
    }
    xml.close("Auth");
    xml.close("SyncSettings");
    xml.text
}

/// `wap-provisioningdoc`.
fn client_provisioning(settings: &Settings<'_>) -> String {
    let mut xml = Xml::default();
    xml.text += "<?xml version=\"1.0\"?>\n";
    xml.text += "<!DOCTYPE wap-provisioningdoc PUBLIC \"-//WAPFORUM//DTD PROV 1.0//EN\" \"http://www.wapforum.org/DTD/prov.dtd\">\n";
    xml.open("wap-provisioningdoc", " version=\"1.0\"");
    xml.characteristic("APPLICATION");
    xml.parameter("APPID", "w5");
    xml.parameter("PROVIDER-ID", crate::syncml::device::SERVER_ID);
    xml.parameter("NAME", "Anchorage");
    xml.characteristic("APPADDR");
    xml.parameter("ADDR", &settings.address);
    xml.characteristic("PORT");
    xml.parameter("PORTNBR", &settings.port.to_string());
    xml.close("characteristic");
    xml.close("characteristic");
    xml.characteristic("APPAUTH");
    xml.parameter("AAUTHLEVEL", "APPSRV");
    xml.parameter("AAUTHTYPE", "DIGEST");
    xml.parameter("AAUTHNAME", settings.user);
    if let Some(password) = settings.password {
        xml.parameter("AAUTHSECRET", password);
    }
    xml.close("characteristic");
    for (path, title, (_, _, types)) in &settings.databases {
        xml.characteristic("RESOURCE");
        xml.parameter("URI", path);
        xml.parameter("NAME", title);
        xml.parameter("AACCEPT", types);
        xml.close("characteristic");
    }
    xml.close("characteristic");
    xml.close("wap-provisioningdoc");
    xml.text
}

/// Elements on lines of their own.
#[derive(Default)]
struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    fn line(&mut self, line: &str) {
        self.text += &format!("{}{line}\n", "  ".repeat(self.depth));
    }

    fn open(&mut self, name: &str, attributes: &str) {
        self.line(&format!("<{name}{attributes}>"));
        self.depth += 1;
    }

    fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.line(&format!("</{name}>"));
    }

    fn leaf(&mut self, name: &str, text: &str) {
        self.line(&format!("<{name}>{}</{name}>", escape(text)));
    }

    fn characteristic(&mut self, kind: &str) {
        self.open("characteristic", &format!(" type=\"{kind}\""));
    }

    fn parameter(&mut self, name: &str, value: &str) {
        self.line(&format!("<parm name=\"{name}\" value=\"{}\"/>", escape(value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_apart() {
        for (url, address, port) in [
            ("https://sync.example/syncml", "https://sync.example/syncml", 443),
            ("http://127.0.0.1:8787/syncml", "http://127.0.0.1/syncml", 8787),
            ("http://[::1]:80/s", "http://[::1]/s", 80),
            ("http://[::1]/s", "http://[::1]/s", 80),
            ("https://h", "https://h", 443),
        ] {
            assert_eq!(apart(url).unwrap(), (address.to_owned(), port), "{url}");
        }
        for url in [
            "sync.example",
            "ftp://h/",
            "http://",
            "http://h:port/",
            "http://a b/",
            "http://:80/",
            "http://h:70000/",
        ] {
            assert!(apart(url).is_err(), "{url}");
        }
    }
}
