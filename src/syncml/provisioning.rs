//! A device's settings: in words, as a Nokia/Ericsson OTA settings document (7.0), and as OMA client provisioning (w5, the
//! application of data synchronisation; w7 is device management).
//!
//! Who asks for them, and how they reach a phone, is said elsewhere (`operate/provision.rs`, `serve/provision.rs`).

use super::device::SERVER_ID;
use crate::record::Kind;
use crate::secret;
use quick_xml::escape::escape;

/// A settings document that a phone can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// `SyncSettings`: Nokia's and Ericsson's of one specification, for phones from about 2002.
    Ota,
    /// `wap-provisioningdoc`: OMA client provisioning, for later ones.
    Wap,
}

/// What every document says.
pub struct Settings<'a> {
    /// The whole address, as a person types it.
    pub url: &'a str,
    /// The server's address without its port.
    pub address: String,
    /// The port.
    pub port: u16,
    /// The login; empty where it is not known.
    pub user: &'a str,
    /// The password, where it is to stand in the document.
    pub password: Option<&'a str>,
    /// What can be synchronised.
    pub databases: Vec<Database>,
}

/// One database.
pub struct Database {
    /// `./contacts`.
    pub path: String,
    /// `Contacts`.
    pub title: String,
    /// The media type every phone has, its version, and all that are taken, with commas between.
    pub media_type: &'static str,
    /// The version of it.
    pub version: &'static str,
    /// All that are taken, with commas between.
    pub media_types: &'static str,
}

impl<'a> Settings<'a> {
    /// The settings for a login at an address like `https://host:port/syncml`; `None` where it is no such address.
    pub fn new<'b>(
        url: &'a str,
        user: &'a str,
        password: Option<&'a str>,
        databases: impl Iterator<Item = (&'b str, Kind)>,
    ) -> Option<Self> {
        let (address, port) = apart(url)?;
        let databases = databases.map(|(id, kind)| {
            let (media_type, version, media_types) = content_types(kind);
            Database { path: format!("./{id}"), title: title(id), media_type, version, media_types }
        });
        Some(Self { url, address, port, user, password, databases: databases.collect() })
    }

    /// What a device asks for, and the answer.
    pub fn words(&self) -> [(&'static str, String); 5] {
        [
            ("server address, host, URL", self.url.to_owned()),
            ("port, where it is asked for", self.port.to_string()),
            ("user name", if self.user.is_empty() { "as it was given" } else { self.user }.to_owned()),
            ("password", self.password.unwrap_or("as it was set").to_owned()),
            ("HTTP authentication, proxy", "none".to_owned()),
        ]
    }
}

impl Document {
    /// Under which media type a phone takes it.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Ota => "application/x-prov.syncset+xml",
            Self::Wap => "text/vnd.wap.connectivity-xml",
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ota => "Nokia/Ericsson OTA settings 7.0",
            Self::Wap => "OMA client provisioning",
        }
    }

    /// The document of the maker that somebody names: `nokia`, `ericsson`, `oma`.
    pub fn of(maker: &str) -> Option<Self> {
        match maker {
            "nokia" | "ericsson" => Some(Self::Ota),
            "oma" => Some(Self::Wap),
            _ => None,
        }
    }

    /// The document.
    pub fn write(self, settings: &Settings<'_>) -> String {
        match self {
            Self::Ota => ota(settings),
            Self::Wap => wap(settings),
        }
    }
}

/// What every phone has for a kind, and its version.
pub fn content_type(kind: Kind) -> (&'static str, &'static str) {
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
fn apart(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let usual = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, usual),
    };
    if host.is_empty() || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    Some((format!("{scheme}://{host}{path}"), port))
}

/// `SyncSettings`. `AuthScheme` 2 is `syncml:auth-md5`.
fn ota(settings: &Settings<'_>) -> String {
    let mut xml = Xml::default();
    xml.open("SyncSettings", "");
    xml.leaf("Version", "1.0");
    xml.leaf("HostAddr", &settings.address);
    xml.leaf("Port", &settings.port.to_string());
    for database in &settings.databases {
        xml.open("RemoteDB", "");
        xml.leaf("CTType", database.media_type);
        xml.leaf("CTVer", database.version);
        xml.leaf("URI", &database.path);
        xml.leaf("Name", &database.title);
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
fn wap(settings: &Settings<'_>) -> String {
    let mut xml = Xml::default();
    xml.text += "<?xml version=\"1.0\"?>\n";
    xml.text += "<!DOCTYPE wap-provisioningdoc PUBLIC \"-//WAPFORUM//DTD PROV 1.0//EN\" \"http://www.wapforum.org/DTD/prov.dtd\">\n";
    xml.open("wap-provisioningdoc", " version=\"1.0\"");
    xml.characteristic("APPLICATION");
    xml.parameter("APPID", "w5");
    xml.parameter("PROVIDER-ID", SERVER_ID);
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
    for database in &settings.databases {
        xml.characteristic("RESOURCE");
        xml.parameter("URI", &database.path);
        xml.parameter("NAME", &database.title);
        xml.parameter("AACCEPT", database.media_types);
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
            assert!(apart(url).is_none(), "{url}");
        }
    }
}
