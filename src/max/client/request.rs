//! Requests to a MAX server (MAX 1.1, 3.2, 5): `auth` in the query, everything percent-encoded, never a cookie.

use crate::http::form;
use crate::limits;
use crate::upstream::{Outgoing, Pair, Upstream};

/// What the server's logon is called beside its data sources.
const LOGON: &str = "logon";

/// What a token is issued for, where the server keeps such a thing.
const LABEL: &str = "Anchorage upstream";

/// Whether an address can be asked at all; why not, in words.
pub fn check(upstream: &Upstream) -> Result<(), String> {
    let url = upstream.url.trim();
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic());
    match rest {
        Some(rest) if plain && !rest.is_empty() && !rest.starts_with('/') && !url.contains('#') => Ok(()),
        _ => Err(format!("{url:?} is no address of a server: write https://host/max/")),
    }
}

/// `POST …/logon` with a name and a password.
pub fn logon(upstream: &Upstream) -> Outgoing {
    let pairs = [("email", upstream.login.as_str()), ("password", &upstream.password), ("label", LABEL)];
    post(join(upstream, LOGON), form::write(pairs))
}

/// The token in a logon's answer: what follows the first colon of its one line.
pub fn token(body: &[u8]) -> Option<String> {
    let text = str::from_utf8(body).ok()?.trim();
    let (_, token) = text.split_once(':')?;
    let fits = (1..=limits::TOKEN_BYTES_MAX).contains(&token.len());
    (fits && token.bytes().all(|byte| byte.is_ascii_graphic())).then(|| token.to_owned())
}

/// A GET of what changed after `lbd`; of a page of it, where the server knows pages.
pub fn feed(upstream: &Upstream, pair: &Pair, token: &str, lbd: &str, more: &str) -> Outgoing {
    let lbd = if lbd.is_empty() { "0" } else { lbd };
    let limit = limits::UPSTREAM_PAGE_ITEMS.to_string();
    let mut pairs = vec![("lbd", lbd), ("auth", token), ("limit", &limit)];
    if !more.is_empty() {
        pairs.push(("more", more));
    }
    Outgoing {
        method: "GET".into(),
        url: with_query(join(upstream, remote(pair)), &form::write(pairs)),
        headers: vec![("accept-encoding".into(), "gzip".into()), ("accept".into(), "text/xml".into())],
        body: Vec::new(),
    }
}

/// A POST of one record: its id, and its fields or a delete mark.
pub fn submission(upstream: &Upstream, pair: &Pair, token: &str, pairs: &[(String, String)]) -> Outgoing {
    let url = with_query(join(upstream, remote(pair)), &form::write([("auth", token)]));
    post(url, form::write(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))))
}

fn post(url: String, body: String) -> Outgoing {
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let headers =
        vec![("content-type".into(), form.into()), ("accept".into(), "text/xml, text/plain".into())];
    Outgoing { method: "POST".into(), url, headers, body: body.into_bytes() }
}

fn remote(pair: &Pair) -> &str {
    if pair.remote.is_empty() { &pair.collection } else { &pair.remote }
}

/// The address of one data source: its name goes at the end, or where the address has a query that waits for it.
fn join(upstream: &Upstream, name: &str) -> String {
    let base = upstream.url.trim();
    let slash = if base.ends_with(['/', '=']) { "" } else { "/" };
    format!("{base}{slash}{}", form::encode(name))
}

fn with_query(url: String, query: &str) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(url: &str) -> Upstream {
        Upstream { url: url.into(), ..Upstream::default() }
    }

    #[test]
    fn the_address_of_a_data_source_is_joined_and_encoded() {
        let pair = Pair { collection: "contacts".into(), remote: "my cards".into(), ..Pair::default() };
        let get = |url: &str| feed(&upstream(url), &pair, "a+b/=", "", "").url;
        assert_eq!(get("https://h/max"), "https://h/max/my%20cards?lbd=0&auth=a%2Bb%2F%3D&limit=500");
        assert_eq!(get("https://h/max/"), get("https://h/max"));
        assert_eq!(
            get("https://h/ds.aspx?t="),
            "https://h/ds.aspx?t=my%20cards&lbd=0&auth=a%2Bb%2F%3D&limit=500"
        );
        let own = Pair { remote: String::new(), ..pair };
        let next = feed(&upstream("https://h/max"), &own, "t", "17", "5.9");
        assert_eq!(next.url, "https://h/max/contacts?lbd=17&auth=t&limit=500&more=5.9");
    }

    #[test]
    fn a_logon_answers_two_parts_of_which_the_second_is_the_token() {
        assert_eq!(token(b"OK:abc:d").as_deref(), Some("abc:d"));
        assert_eq!(token(b"OK:abc\r\n").as_deref(), Some("abc"));
        for wrong in [b"abc".as_slice(), b"OK:", b"OK:a b", b"\xFF:a", b""] {
            assert_eq!(token(wrong), None);
        }
    }

    #[test]
    fn only_http_addresses_are_asked() {
        for right in ["https://h", "http://127.0.0.1:8787/max/"] {
            assert_eq!(check(&upstream(right)), Ok(()), "{right}");
        }
        for wrong in [
            "",
            "h/max",
            "ftp://h/",
            "file:///etc/passwd",
            "https://",
            "https:///x",
            "https://h/#a",
            "https://h/a b",
        ] {
            assert!(check(&upstream(wrong)).is_err(), "{wrong}");
        }
    }
}
