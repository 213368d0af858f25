//! Secrets: passwords sealed at rest, tokens stored as hashes, challenge nonces that need no row.
//!
//! SyncML's digests need the password itself (1.0) or an equivalent of it, so it is sealed (AES-256-GCM) under a key made
//! from the Worker secret; a database alone opens nothing.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How long one challenge nonce is given out, in milliseconds; it is accepted for one such time longer.
const CHALLENGE_MS: i64 = 10 * 60 * 1000;

/// The shortest Worker secret that is taken, in bytes.
pub const SECRET_BYTES_MIN: usize = 16;

/// Holds the keys made from the Worker secret.
#[derive(Clone)]
pub struct Sealer {
    sealing: [u8; 32],
    challenging: [u8; 32],
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// Keys from a Worker secret of at least [`SECRET_BYTES_MIN`] bytes; `None` where it is shorter.
    pub fn new(secret: &[u8]) -> Option<Self> {
        (secret.len() >= SECRET_BYTES_MIN)
            .then(|| Self { sealing: derive(secret, b"seal"), challenging: derive(secret, b"challenge") })
    }

    /// Seals a password for one login; `random` must never repeat.
    pub fn seal(&self, login: &str, password: &str, random: [u8; 32]) -> String {
        let mut nonce = [0_u8; 12];
        nonce.iter_mut().zip(random).for_each(|(to, from)| *to = from);
        let payload = Payload { msg: password.as_bytes(), aad: login.as_bytes() };
        let sealed =
            Aes256Gcm::new(&self.sealing.into()).encrypt(&Nonce::from(nonce), payload).unwrap_or_default();
        format!("v1.{}.{}", URL_SAFE_NO_PAD.encode(nonce), URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The password again, or `None` where it was sealed for another login or under another secret.
    pub fn open(&self, login: &str, sealed: &str) -> Option<String> {
        let (nonce, sealed) = sealed.strip_prefix("v1.")?.split_once('.')?;
        let nonce: [u8; 12] = URL_SAFE_NO_PAD.decode(nonce).ok()?.try_into().ok()?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let payload = Payload { msg: &sealed, aad: login.as_bytes() };
        let opened = Aes256Gcm::new(&self.sealing.into()).decrypt(&Nonce::from(nonce), payload).ok()?;
        String::from_utf8(opened).ok()
    }

    /// Whether a password is that of a login, by what is sealed for it; `None` where there is no such login. The work is the same
    /// either way. `random` must never repeat.
    pub fn proves(&self, login: &str, sealed: Option<&str>, given: &str, random: [u8; 32]) -> bool {
        let decoy = self.seal(login, "", random);
        let opened = self.open(login, sealed.unwrap_or(&decoy));
        // Fingerprints, so that lengths do not show either.
        let expected = fingerprint(opened.as_deref().unwrap_or_default().as_bytes());
        let right = equal(expected.as_bytes(), fingerprint(given.as_bytes()).as_bytes());
        right && opened.is_some() && sealed.is_some()
    }

    /// The nonce to challenge a device with now: the same for ten minutes, so that strangers can neither spoil it nor
    /// make us write a row.
    pub fn challenge(&self, device: &str, now: i64) -> String {
        self.challenge_of(device, now.div_euclid(CHALLENGE_MS))
    }

    /// The nonces a digest may have been made with if it answers a challenge of ours.
    pub fn challenges(&self, device: &str, now: i64) -> [String; 2] {
        let period = now.div_euclid(CHALLENGE_MS);
        [self.challenge_of(device, period), self.challenge_of(device, period - 1)]
    }

    fn challenge_of(&self, device: &str, period: i64) -> String {
        let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.challenging) else {
            return String::new();
        };
        mac.update(&period.to_be_bytes());
        mac.update(device.as_bytes());
        text_nonce(mac.finalize().into_bytes().into())
    }
}

fn derive(secret: &[u8], purpose: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"anchorage/");
    hash.update(purpose);
    hash.update(b"/");
    hash.update(secret);
    hash.finalize().into()
}

/// A nonce of 16 printable ASCII characters: C clients may treat a nonce as a string.
pub fn text_nonce(random: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(random.iter().take(12).copied().collect::<Vec<_>>())
}

/// A new token (MAX, a session's URL): 32 random bytes as base64url without padding.
pub fn mint_token(random: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// What is stored of a token: SHA-256 in hex. The look-up is by this hash, so nothing compares secrets byte by byte.
pub fn token_hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// SHA-256 in hex.
pub fn fingerprint(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|d| char::from_digit(u32::from(d), 16))
        .collect()
}

/// Whether two secrets are equal, in time that depends on their lengths only.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Base64 with padding, as SyncML writes it.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64 read leniently: white space skipped, padding optional. `None` where it is none.
pub fn unbase64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    unbase64_each(text, &mut |piece| bytes.extend_from_slice(piece))?;
    Some(bytes)
}

/// The [`fingerprint`] of what base64 spells, empty for nothing, without ever holding all of it. `None` where it is none.
pub fn unbase64_fingerprint(text: &[u8]) -> Option<String> {
    let (mut hash, mut length) = (Sha256::new(), 0);
    unbase64_each(text, &mut |piece| {
        hash.update(piece);
        length += piece.len();
    })?;
    Some(if length == 0 { String::new() } else { hex(&hash.finalize()) })
}

/// A few thousand characters at a time: large objects are large enough once.
fn unbase64_each(text: &[u8], step: &mut dyn FnMut(&[u8])) -> Option<()> {
    const STEP: usize = 4_096;
    let lenient = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let mut characters = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).peekable();
    let mut piece = Vec::with_capacity(STEP);
    let mut bytes = [0; STEP];
    while characters.peek().is_some() {
        piece.clear();
        piece.extend(characters.by_ref().take(STEP));
        let is_last = characters.peek().is_none();
        // Padding is the end.
        if !is_last && piece.contains(&b'=') {
            return None;
        }
        let length = lenient.decode_slice(&piece, &mut bytes).ok()?;
        step(bytes.get(..length)?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_the_same_login_and_secret_only() {
        let sealer = Sealer::new(b"0123456789abcdef").unwrap();
        let sealed = sealer.seal("demo", "påss", [7; 32]);
        assert_eq!(sealer.open("demo", &sealed).as_deref(), Some("påss"));
        assert_eq!(sealer.open("other", &sealed), None);
        assert_eq!(Sealer::new(b"0123456789abcdeF").unwrap().open("demo", &sealed), None);
        assert_eq!(sealer.open("demo", "v1.x.y"), None);
        assert!(!sealed.contains("påss"));
        assert!(sealer.proves("demo", Some(&sealed), "påss", [8; 32]));
        for (login, sealed, given) in
            [("demo", Some(sealed.as_str()), ""), ("other", Some(&*sealed), "påss"), ("demo", None, "")]
        {
            assert!(!sealer.proves(login, sealed, given, [8; 32]));
        }
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(Sealer::new(b"short").is_none());
    }

    #[test]
    fn a_challenge_lives_between_ten_and_twenty_minutes_and_belongs_to_its_device() {
        let sealer = Sealer::new(b"0123456789abcdef").unwrap();
        let given = sealer.challenge("IMEI:1", 1_700_000_000_000);
        assert!(sealer.challenges("IMEI:1", 1_700_000_000_000 + CHALLENGE_MS).contains(&given));
        assert!(!sealer.challenges("IMEI:1", 1_700_000_000_000 + 2 * CHALLENGE_MS).contains(&given));
        assert!(!sealer.challenges("IMEI:2", 1_700_000_000_000).contains(&given));
    }
}
