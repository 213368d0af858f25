//! Credentials and challenges: `syncml:auth-basic` and `syncml:auth-md5` (RepPro 1.2 section 5.3, DS 1.2 section 7).
//!
//! `syncml:auth-MAC`, which stands beside the message, is `credential/mac.rs`. Who may do what, and which nonce is good, is `server/authenticate.rs`.

pub mod mac;

use super::message::{Cred, Meta, Version};
use crate::secret;
use md5::{Digest, Md5};
use std::borrow::Cow;

/// The scheme with the password in it.
pub const BASIC: &str = "syncml:auth-basic";

/// The scheme with a digest of the password and a nonce.
pub const MD5: &str = "syncml:auth-md5";

/// What a `Cred` says.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// [`BASIC`]: both in clear text.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
    /// [`MD5`]: whose it is stands in the header's `Source/LocName`.
    Md5 {
        /// The digest.
        digest: [u8; 16],
    },
    /// [`mac::SCHEME`]: a digest over this very message, out of its HTTP header.
    Mac {
        /// The user's name.
        user: String,
        /// The digest.
        mac: [u8; 16],
        /// MD5 of the message's bytes.
        body: [u8; 16],
    },
    /// Another scheme, by its name.
    Unsupported(String),
    /// The scheme is known and the data make no sense: why.
    Malformed(&'static str),
}

/// Leaves out what is secret.
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Basic { user, .. } => write!(f, "Basic({user:?})"),
            Self::Md5 { .. } => write!(f, "Md5"),
            Self::Mac { user, .. } => write!(f, "Mac({user:?})"),
            Self::Unsupported(scheme) => write!(f, "Unsupported({scheme:?})"),
            Self::Malformed(reason) => write!(f, "Malformed({reason:?})"),
        }
    }
}

/// Reads a credential. No `Type` means [`BASIC`]; a digest may be base64 or, in WBXML, the 16 bytes themselves.
pub fn read(cred: &Cred) -> Credential {
    let scheme = cred.meta.media_type.as_deref().unwrap_or(BASIC);
    if scheme.eq_ignore_ascii_case(BASIC) {
        basic(&cred.data)
    } else if scheme.eq_ignore_ascii_case(MD5) {
        digest(&cred.data)
            .map_or(Credential::Malformed("the digest is not 16 bytes"), |digest| Credential::Md5 { digest })
    } else if scheme.eq_ignore_ascii_case(mac::SCHEME) {
        Credential::Malformed("a MAC stands in the HTTP header x-syncml-hmac, not in Cred")
    } else {
        Credential::Unsupported(scheme.to_owned())
    }
}

fn basic(data: &[u8]) -> Credential {
    let text = secret::unbase64(trimmed(data)).unwrap_or_default();
    let (user, password) = match text.iter().position(|byte| *byte == b':') {
        Some(colon) => text.split_at(colon),
        None => return Credential::Malformed("not the base64 of a name, a colon and a password"),
    };
    Credential::Basic { user: string(user), password: string(password.get(1..).unwrap_or_default()) }
}

fn digest(data: &[u8]) -> Option<[u8; 16]> {
    let raw = <[u8; 16]>::try_from(data).ok();
    raw.or_else(|| secret::unbase64(trimmed(data))?.try_into().ok())
}

/// Without the NULs that some pad with.
fn trimmed(data: &[u8]) -> &[u8] {
    let end = data.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    data.get(..end).unwrap_or_default()
}

/// UTF-8 by convention, ISO 8859-1 from old phones.
fn string(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

impl Credential {
    /// Whether it is what this user with this password would send. Compared in constant time; a digest is tried over the
    /// UTF-8 and, where it differs, over the ISO 8859-1 of name and password. For [`BASIC`] the nonce has no meaning.
    pub fn answers(&self, user: &str, password: &str, nonce: &[u8], version: Version) -> bool {
        match self {
            Self::Basic { user: u, password: p } => {
                secret::equal(u.as_bytes(), user.as_bytes())
                    & secret::equal(p.as_bytes(), password.as_bytes())
            }
            Self::Md5 { digest } => {
                let formula = if version == Version::V10 { digest_10 } else { digest_11 };
                let pair = format!("{user}:{password}");
                let utf8 = secret::equal(digest, &formula(pair.as_bytes(), nonce));
                utf8 | latin1(&pair).is_some_and(|pair| secret::equal(digest, &formula(&pair, nonce)))
            }
            Self::Mac { user: u, mac, body } => {
                let pair = format!("{user}:{password}");
                let utf8 = secret::equal(mac, &mac::mac(pair.as_bytes(), nonce, body));
                let old = latin1(&pair).is_some_and(|pair| secret::equal(mac, &mac::mac(&pair, nonce, body)));
                secret::equal(u.as_bytes(), user.as_bytes()) & (utf8 | old)
            }
            Self::Unsupported(_) | Self::Malformed(_) => false,
        }
    }
}

/// The text in ISO 8859-1, where that is something else than its UTF-8.
fn latin1(text: &str) -> Option<Vec<u8>> {
    if text.is_ascii() {
        return None;
    }
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

/// The digest of SyncML 1.0: `MD5(user ":" password ":" nonce)`.
pub fn md5_10(user: &str, password: &str, nonce: &[u8]) -> [u8; 16] {
    digest_10(format!("{user}:{password}").as_bytes(), nonce)
}

/// The digest of SyncML 1.1 and later: `MD5(B64(MD5(user ":" password)) ":" nonce)`.
pub fn md5_11(user: &str, password: &str, nonce: &[u8]) -> [u8; 16] {
    digest_11(format!("{user}:{password}").as_bytes(), nonce)
}

fn digest_10(pair: &[u8], nonce: &[u8]) -> [u8; 16] {
    Md5::digest([pair, nonce].join(&b':')).into()
}

fn digest_11(pair: &[u8], nonce: &[u8]) -> [u8; 16] {
    digest_10(secret::base64(&Md5::digest(pair)).as_bytes(), nonce)
}

/// The `Cred` of [`BASIC`].
pub fn basic_cred(user: &str, password: &str) -> Cred {
    cred(BASIC, format!("{user}:{password}").as_bytes())
}

/// The `Cred` of [`MD5`] in answer to a nonce (its bytes, not their base64).
pub fn md5_cred(user: &str, password: &str, nonce: &[u8], version: Version) -> Cred {
    let formula = if version == Version::V10 { md5_10 } else { md5_11 };
    cred(MD5, &formula(user, password, nonce))
}

fn cred(scheme: &str, data: &[u8]) -> Cred {
    Cred { meta: scheme_meta(scheme), data: secret::base64(data).into_bytes() }
}

/// The `Meta` of a `Chal`. The nonce (its bytes, not their base64) is left out where it is empty.
pub fn challenge(scheme: &str, nonce: &[u8]) -> Meta {
    let next_nonce = (!nonce.is_empty()).then(|| secret::base64(nonce).into_bytes());
    Meta { next_nonce, ..scheme_meta(scheme) }
}

fn scheme_meta(scheme: &str) -> Meta {
    Meta { format: Some("b64".into()), media_type: Some(scheme.into()), ..Meta::default() }
}

/// The bytes of the nonce in a `Chal`; empty where there is none. `Format` `b64` (or none) means base64; what is no base64 is
/// taken as it stands.
pub fn nonce(challenge: &Meta) -> Cow<'_, [u8]> {
    let Some(written) = &challenge.next_nonce else { return Cow::Borrowed(&[]) };
    let raw = challenge.format.as_deref().is_some_and(|format| !format.eq_ignore_ascii_case("b64"));
    let decoded = if raw { None } else { secret::unbase64(trimmed(written)) };
    decoded.map_or(Cow::Borrowed(written), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(scheme: Option<&str>, data: &[u8]) -> Credential {
        read(&Cred {
            meta: Meta { media_type: scheme.map(Into::into), ..Meta::default() },
            data: data.to_vec(),
        })
    }

    /// Published by the specifications (Bruce2) or computed with Python's hashlib.
    #[test]
    fn the_published_vectors_hold() {
        for (user, nonce, formula, expected) in [
            ("Bruce2", "Nonce", md5_11 as fn(&str, &str, &[u8]) -> [u8; 16], "Zz6EivR3yeaaENcRN6lpAQ=="),
            ("Bruce1", "Nonce", md5_11, "+MEIKFrF8Qdou2B1H2YmXw=="),
            ("Bruce2", "", md5_11, "lEf25jyjHbCcTbj4p/1pUw=="),
            ("Bruce2", "Nonce", md5_10, "UmkqAAZhiQvXXhfaf/u+OQ=="),
            ("Bruce1", "Nonce", md5_10, "aaw4IRuYVfwkHmQbMV0fSg=="),
            ("Bruce2", "", md5_10, "hXwACIjXU95KkVg2tGE68w=="),
        ] {
            assert_eq!(
                secret::base64(&formula(user, "OhBehave", nonce.as_bytes())),
                expected,
                "{user} {nonce:?}"
            );
        }
        assert_eq!(basic_cred("Bruce2", "OhBehave").data, b"QnJ1Y2UyOk9oQmVoYXZl");
        assert_eq!(basic_cred("Bruce1", "OhBehave").data, b"QnJ1Y2UxOk9oQmVoYXZl");
        assert_eq!(basic_cred("userid", "password").data, b"dXNlcmlkOnBhc3N3b3Jk");
        let mac: String = secret::hex(&md5_10("Bruce2", "OhBehave", b"Nonce"));
        assert_eq!(mac, "52692a000661890bd75e17da7ffbbe39");
    }

    #[test]
    fn basic_is_the_default_and_the_password_may_hold_colons() {
        let bruce = Credential::Basic { user: "Bruce2".into(), password: "OhBehave".into() };
        assert_eq!(said(None, b"QnJ1Y2UyOk9oQmVoYXZl"), bruce);
        assert_eq!(said(Some("syncml:auth-basic"), b"\n QnJ1Y2Uy\r\nOk9oQmVoYXZl \0\0"), bruce);
        assert_eq!(said(Some("SYNCML:auth-Basic"), b"QnJ1Y2UyOk9oQmVoYXZl"), bruce);
        let colons = Credential::Basic { user: "a".into(), password: "b:c".into() };
        assert_eq!(said(None, secret::base64(b"a:b:c").as_bytes()), colons);
        let empty = Credential::Basic { user: String::new(), password: String::new() };
        assert_eq!(said(None, secret::base64(b":").as_bytes()), empty);
        let old = Credential::Basic { user: "J\u{f6}rg".into(), password: "\u{e4}".into() };
        assert_eq!(said(None, secret::base64(b"J\xF6rg:\xE4").as_bytes()), old);
        assert!(bruce.answers("Bruce2", "OhBehave", b"", Version::V12));
        assert!(!bruce.answers("Bruce2", "OhBehave!", b"", Version::V12));
        assert!(!bruce.answers("Bruce1", "OhBehave", b"", Version::V12));
    }

    #[test]
    fn what_makes_no_sense_is_malformed() {
        for data in [&b""[..], b"!!!!", b"Bruce2:OhBehave", b"QnJ1Y2Uy", b"=", &[0xFF; 40]] {
            assert!(matches!(said(None, data), Credential::Malformed(_)), "{data:?}");
        }
        for data in [&b""[..], b"Zz6EivR3yeaaENcRN6lp", b"!!", &[7; 15], &[7; 17]] {
            assert!(matches!(said(Some(MD5), data), Credential::Malformed(_)), "{data:?}");
        }
        let other = said(Some("syncml:auth-securid"), b"QnJ1Y2UyOk9oQmVoYXZl");
        assert_eq!(other, Credential::Unsupported("syncml:auth-securid".into()));
        assert!(!other.answers("Bruce2", "OhBehave", b"", Version::V12));
    }

    #[test]
    fn a_digest_is_read_in_base64_and_raw() {
        let raw = md5_11("Bruce2", "OhBehave", b"Nonce");
        let from_text = said(Some(MD5), b" Zz6EivR3yeaaENcRN6lpAQ==\0");
        assert_eq!(from_text, Credential::Md5 { digest: raw });
        assert_eq!(said(Some(MD5), &raw), from_text);
        assert_eq!(said(Some(MD5), b"Zz6EivR3yeaaENcRN6lpAQ"), from_text, "without padding");
        // A digest that ends in a NUL is not padded with one.
        assert_eq!(said(Some(MD5), &[0; 16]), Credential::Md5 { digest: [0; 16] });
    }

    #[test]
    fn a_digest_answers_for_one_user_password_nonce_and_version() {
        let digest = read(&md5_cred("Bruce2", "OhBehave", b"Nonce", Version::V12));
        assert!(digest.answers("Bruce2", "OhBehave", b"Nonce", Version::V11));
        assert!(!digest.answers("Bruce2", "OhBehave", b"Nonce", Version::V10));
        assert!(
            !digest.answers("Bruce2", "OhBehave", b"Tm9uY2U=", Version::V12),
            "the nonce's base64 is no nonce"
        );
        assert!(!digest.answers("Bruce2", "ohbehave", b"Nonce", Version::V12));
        let first = read(&md5_cred("Bruce2", "OhBehave", b"Nonce", Version::V10));
        assert!(first.answers("Bruce2", "OhBehave", b"Nonce", Version::V10));
        // An old phone digests ISO 8859-1; what has no such spelling is only UTF-8.
        let old = Credential::Md5 { digest: digest_11(b"J\xF6rg:\xE4", b"n") };
        assert!(old.answers("J\u{f6}rg", "\u{e4}", b"n", Version::V12));
        let new = Credential::Md5 { digest: digest_11("J\u{f6}rg:\u{20ac}".as_bytes(), b"n") };
        assert!(new.answers("J\u{f6}rg", "\u{20ac}", b"n", Version::V12));
    }

    #[test]
    fn a_challenge_carries_its_nonce_both_ways() {
        let basic = challenge(BASIC, b"");
        assert_eq!((basic.media_type.as_deref(), basic.next_nonce.as_deref()), (Some(BASIC), None));
        let md5 = challenge(MD5, b"Nonce");
        assert_eq!((md5.format.as_deref(), md5.next_nonce.as_deref()), (Some("b64"), Some(&b"Tm9uY2U="[..])));
        assert_eq!(&*nonce(&md5), b"Nonce");
        assert_eq!(&*nonce(&basic), b"");
        let raw = Meta { format: Some("bin".into()), next_nonce: Some(b"Tm9u".to_vec()), ..Meta::default() };
        assert_eq!(&*nonce(&raw), b"Tm9u");
        let odd = Meta { next_nonce: Some(b"\xFF\x00\x01".to_vec()), ..Meta::default() };
        assert_eq!(&*nonce(&odd), b"\xFF\x00\x01");
    }
}
