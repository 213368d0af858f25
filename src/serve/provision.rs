//! `GET /provision`: how to set up a phone, for people, and as the documents that phones read (`syncml/provisioning.rs`).
//!
//! It asks nobody who they are and looks nothing up: what it says is the server's own address, the databases that every
//! account begins with, and the login that the visitor names. A password is never in it. What one account has beyond that
//! `npm run account -- provision` prints.

use crate::http::{Request, Response, form};
use crate::limits;
use crate::record;
use crate::syncml::provisioning::{Document, Settings};
use crate::syncml::server::plain;
use quick_xml::escape::escape;

/// Nothing is fetched from anywhere, and nobody frames it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";

const STYLE: &str = ":root { color-scheme: light dark; } body { font: 1rem/1.6 system-ui, sans-serif; max-width: 42rem; \
    margin: 3rem auto; padding: 0 1rem; } table { border-collapse: collapse; width: 100%; } th, td { text-align: left; \
    padding: 0.3rem 1rem 0.3rem 0; vertical-align: top; border-bottom: 1px solid #8884; overflow-wrap: anywhere; } \
    th { font-weight: 600; } code { font: 0.95em ui-monospace, monospace; }";

/// The page, or with `device=nokia|ericsson|oma` the document; `user=` says whose.
pub fn page(request: &Request) -> Response {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        let mut refused = plain(405, "How to set up a phone: GET it.\n");
        refused.headers.push(("allow".into(), "GET, HEAD".into()));
        return refused;
    }
    let query = form::query(&request.query);
    let said = |name: &str| query.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
    let user = said("user").trim();
    if user.len() > limits::NAME_BYTES_MAX || user.contains(char::is_control) {
        return plain(400, "No login is spelt so.\n");
    }
    let url = format!("{}/syncml", request.origin);
    let databases = record::STANDARD.into_iter().map(|(id, kind, _)| (id, kind));
    let Some(settings) = Settings::new(&url, user, None, databases) else {
        return plain(400, "This server does not know under which address it was reached.\n");
    };
    match (said("device"), Document::of(said("device"))) {
        (_, Some(document)) => answer(document.media_type(), document.write(&settings)),
        ("", None) => answer("text/html; charset=utf-8", html(&settings)),
        _ => plain(400, "device is nokia, ericsson or oma.\n"),
    }
}

fn answer(media_type: &str, text: String) -> Response {
    let mut response = plain(200, &text);
    response.headers.retain(|(name, _)| name != "content-type");
    let headers = [
        ("content-type", media_type),
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ];
    response.headers.extend(headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    response
}

fn html(settings: &Settings<'_>) -> String {
    let row = |what: &str, value: &str| format!("<tr><th>{}</th><td>{value}</td></tr>\n", escape(what));
    let code = |text: &str| format!("<code>{}</code>", escape(text));
    let typed: String =
        settings.words().iter().map(|(what, value)| row(&capital(what), &code(value))).collect();
    let databases: String = settings
        .databases
        .iter()
        .map(|database| {
            let types = database.media_types.replace(',', ", ");
            row(&database.title, &format!("{}<br>{}", code(&database.path), escape(types.as_str())))
        })
        .collect();
    let encoded: String = settings.user.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let link = |(maker, document): (&str, Document)| {
        let (media_type, name) = (document.media_type(), document.name());
        format!(
            "<li><a href=\"/provision?device={maker}&amp;user={encoded}\">{name}</a>, {}</li>\n",
            code(media_type)
        )
    };
    let documents: String = [("nokia", Document::Ota), ("oma", Document::Wap)].map(link).concat();
    let user = escape(settings.user);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Set up a phone</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Set up a phone</h1>\n\
         <p>In the phone's synchronisation settings make a profile and type in:</p>\n<table>\n{typed}</table>\n\
         <h2>Remote databases</h2>\n<table>\n{databases}</table>\n\
         <h2>As documents</h2>\n<p>Phones that take their settings by message or download read one of these; they ask for the \
         password then.</p>\n<form action=\"/provision\"><label>Login <input name=\"user\" value=\"{user}\" autocomplete=\"off\">\
         </label> <button>Fill in</button></form>\n<ul>\n{documents}</ul>\n</body>\n</html>\n"
    )
}

/// `Port`.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(query: &str) -> Response {
        let (method, path) = ("GET".into(), "/provision".into());
        let origin = "https://sync.example".into();
        page(&Request { method, path, query: query.into(), origin, ..Request::default() })
    }

    fn text(response: &Response) -> String {
        String::from_utf8(response.body.clone()).unwrap()
    }

    #[test]
    fn people_read_what_to_type_in() {
        let answer = get("user=anna");
        assert_eq!(answer.status, 200);
        assert!(answer.headers.contains(&("content-type".into(), "text/html; charset=utf-8".into())));
        let told_all = text(&answer);
        for told in ["https://sync.example/syncml", ">443<", ">anna<", "./contacts", "./notes", "device=oma"]
        {
            assert!(told_all.contains(told), "{told} in {told_all}");
        }
        assert!(text(&get("")).contains("as it was given"));
    }

    #[test]
    fn phones_read_documents_without_a_password() {
        for (maker, media_type, user) in [
            ("nokia", "application/x-prov.syncset+xml", "<Username>anna</Username>"),
            ("ericsson", "application/x-prov.syncset+xml", "<Username>anna</Username>"),
            ("oma", "text/vnd.wap.connectivity-xml", "name=\"AAUTHNAME\" value=\"anna\""),
        ] {
            let answer = get(&format!("device={maker}&user=anna"));
            assert!(answer.headers.contains(&("content-type".into(), media_type.into())), "{answer:?}");
            let text = text(&answer);
            assert!(text.contains(user) && text.contains("https://sync.example/syncml"), "{text}");
            assert!(!text.contains("<Cred>") && !text.contains("AAUTHSECRET"), "{text}");
        }
    }

    #[test]
    fn what_a_visitor_says_is_text_and_nothing_else() {
        let hostile = "%22%3E%3Cscript%3E1%3C/script%3E";
        for query in [format!("user={hostile}"), format!("user={hostile}&device=oma")] {
            let text = text(&get(&query));
            assert!(!text.contains("<script") && text.contains("&lt;script&gt;"), "{text}");
        }
        for (query, status) in
            [("device=siemens", 400), ("user=a%00b", 400), (&*format!("user={}", "a".repeat(256)), 400)]
        {
            assert_eq!(get(query).status, status, "{query}");
        }
        let post = page(&Request { method: "POST".into(), ..Request::default() });
        assert_eq!(post.status, 405);
    }
}
