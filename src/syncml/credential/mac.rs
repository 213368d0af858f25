//! `syncml:auth-MAC`: a digest over every single message, in the HTTP header `x-syncml-hmac` (OMA DM Security 1.2 section 5.4;
//! `syncml.md` 5.3).
//!
//! `mac = B64(MD5(B64(MD5(user ":" password)) ":" nonce ":" B64(MD5(body))))`, the body as HTTP carried it. It is a keyed digest of
//! its own, not RFC 2104. Who must send it, and with which nonce, is `server/authenticate.rs`.

use super::{Credential, digest_10};
use crate::http::Request;
use crate::secret;
use md5::{Digest, Md5};

/// The scheme's name in a challenge.
pub const SCHEME: &str = "syncml:auth-MAC";

/// The HTTP header, both ways.
pub const HEADER: &str = "x-syncml-hmac";

/// What a request says in its [`HEADER`]; `None` where it has none. To be read before a `Content-Encoding` is undone.
pub fn read(request: &Request) -> Option<Credential> {
    let header = request.header(HEADER)?;
    let (mut user, mut mac) = (None, None);
    for (name, value) in parameters(header) {
        match name.as_str() {
            "algorithm" if !value.eq_ignore_ascii_case("MD5") => {
                return Some(Credential::Unsupported(format!("{SCHEME} with {value}")));
            }
            "username" => user = Some(value),
            "mac" => mac = super::digest(value.as_bytes()),
            _ => {}
        }
    }
    Some(match (user, mac) {
        (Some(user), Some(mac)) => Credential::Mac { user, mac, body: Md5::digest(&request.body).into() },
        (None, _) => Credential::Malformed("x-syncml-hmac names no user"),
        (_, None) => Credential::Malformed("the mac in x-syncml-hmac is not 16 bytes"),
    })
}

/// The value of [`HEADER`] for a body of ours.
pub fn header(user: &str, password: &str, nonce: &[u8], body: &[u8]) -> String {
    let mac = mac(format!("{user}:{password}").as_bytes(), nonce, &Md5::digest(body).into());
    format!("algorithm=MD5, username=\"{user}\", mac={}", secret::base64(&mac))
}

/// The digest, of `user:password`, a nonce and the MD5 of the body.
pub fn mac(pair: &[u8], nonce: &[u8], body: &[u8; 16]) -> [u8; 16] {
    let rest = [nonce, secret::base64(body).as_bytes()].join(&b':');
    digest_10(secret::base64(&Md5::digest(pair)).as_bytes(), &rest)
}

/// `name=value` and `name="value"`, between commas; names in lower case. In quotes a backslash escapes.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut found = vec![(String::new(), String::new())];
    let (mut in_value, mut quoted, mut escaped) = (false, false, false);
    for c in header.chars() {
        let Some((name, value)) = found.last_mut() else { break };
        match c {
            _ if escaped => {
                escaped = false;
                value.push(c);
            }
            '\\' if quoted => escaped = true,
            '"' if in_value => quoted = !quoted,
            _ if quoted => value.push(c),
            ',' => {
                in_value = false;
                found.push(Default::default());
            }
            '=' if !in_value => in_value = true,
            c if c.is_ascii_whitespace() => {}
            c if in_value => value.push(c),
            c => name.extend(c.to_lowercase()),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syncml::message::Version;

    fn said(header: &str, body: &[u8]) -> Credential {
        let headers = vec![(HEADER.into(), header.into())];
        read(&Request { headers, body: body.to_vec(), ..Request::default() }).unwrap()
    }

    /// Computed with Python's hashlib.
    #[test]
    fn the_formula_is_that_of_the_specification() {
        for (user, nonce, body, expected) in [
            ("Bruce2", "Nonce", &b"<SyncML/>"[..], "urdCeS3JUmjFgi8SX3webw=="),
            ("Bruce2", "", b"", "xDW2C7sRfnFU5wjgWeLEwg=="),
            ("Bruce1", "Nonce", b"\x02\xa4\x01\x6a\x00", "d7s00F83ypHhk5INqFBSWg=="),
        ] {
            let header = header(user, "OhBehave", nonce.as_bytes(), body);
            assert_eq!(header, format!("algorithm=MD5, username=\"{user}\", mac={expected}"));
            assert!(said(&header, body).answers(user, "OhBehave", nonce.as_bytes(), Version::V12));
        }
    }

    #[test]
    fn it_holds_for_one_user_password_nonce_and_body_only() {
        let header = header("ann", "secret", b"n", b"body");
        let said = |body: &[u8]| said(&header, body);
        assert!(said(b"body").answers("ann", "secret", b"n", Version::V10), "in every version");
        assert!(!said(b"bodz").answers("ann", "secret", b"n", Version::V12));
        assert!(!said(b"body").answers("bob", "secret", b"n", Version::V12));
        assert!(!said(b"body").answers("ann", "Secret", b"n", Version::V12));
        assert!(!said(b"body").answers("ann", "secret", b"m", Version::V12));
    }

    #[test]
    fn the_header_is_read_however_it_is_spelt() {
        let mac = secret::base64(&[7; 16]);
        for spelt in [
            format!("algorithm=MD5, username=\"a,=b\", mac={mac}"),
            format!("MAC=\"{mac}\",UserName=\"a,\\=b\" , Algorithm=md5"),
            format!(" username=\"a,=b\";mac={mac}").replace(';', ","),
        ] {
            assert!(
                matches!(said(&spelt, b""), Credential::Mac { user, mac: [7, ..], .. } if user == "a,=b"),
                "{spelt}"
            );
        }
        let sha = said("algorithm=SHA1, username=\"a\", mac=x", b"");
        assert_eq!(sha, Credential::Unsupported("syncml:auth-MAC with SHA1".into()));
        for broken in
            ["", "mac=", "username=\"a\"", "username=\"a\", mac=AAAA", &format!("mac={mac}"), ",,==\\\""]
        {
            assert!(matches!(said(broken, b""), Credential::Malformed(_)), "{broken}");
        }
        assert_eq!(read(&Request::default()), None);
    }
}
