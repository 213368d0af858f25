//! Who we are to the server: credentials, its challenges, and what else the status of our SyncHdr says (DS 1.2 section 7; `syncml.md` 5.2).
//!
//! The mirror is `server/authenticate.rs`. A nonce is kept as it was given last, for the next message or the next session.

use super::desk::{Desk, Then};
use crate::limits;
use crate::secret;
use crate::syncml::credential::{self, mac};
use crate::syncml::message::{Cred, Meta, Status, Version};
use crate::syncml::status;
use crate::upstream::Scheme;

/// How many messages a session may have refused for want of credentials: the first guess, and a nonce that was old.
const REFUSED_MAX: u8 = 2;

impl Desk<'_> {
    /// The `Cred` of our next message.
    pub fn credential(&self) -> Option<Cred> {
        let signing = &self.state.signing;
        if signing.accepted {
            return None;
        }
        let upstream = self.client.upstream;
        let nonce = secret::unbase64(signing.nonce.as_bytes()).unwrap_or_default();
        match signing.scheme.as_str() {
            credential::BASIC => Some(credential::basic_cred(&upstream.login, &upstream.password)),
            credential::MD5 => {
                Some(credential::md5_cred(&upstream.login, &upstream.password, &nonce, self.state.version))
            }
            _ => None,
        }
    }

    /// The status of our SyncHdr. What it decides comes before everything else in the message.
    pub fn hear_header(&mut self, answer: &Status) -> Option<Then> {
        let used = self.state.signing.clone();
        if let Some(challenge) = &answer.challenge {
            self.learn_nonce(challenge);
        }
        match answer.code {
            status::IN_PROGRESS => Some(self.busy()),
            status::INVALID_CREDENTIALS | status::MISSING_CREDENTIALS if used.known || used.accepted => {
                // It has forgotten the session, or never knew it in this one of its processes.
                Some(self.begin_again())
            }
            status::INVALID_CREDENTIALS | status::MISSING_CREDENTIALS => {
                Some(self.answer_challenge(answer, &used.scheme))
            }
            status::DTD_VERSION | status::PROTOCOL_VERSION => Some(self.lower_version(answer.code)),
            status::SERVICE_UNAVAILABLE | status::RETRY_LATER => {
                Some(self.fail("busy", answer.code, "The server is too busy. Try again later."))
            }
            status::FORBIDDEN | status::PAYMENT_REQUIRED | status::PERMISSION_DENIED => {
                let message = format!("The server does not let this login in (status {}).", answer.code);
                Some(self.fail("unauthorized", answer.code, message))
            }
            code if code >= 300 => {
                let message = format!("The server ends the session (status {code}). Try again later.");
                Some(self.fail("refused", code, message))
            }
            code => {
                self.state.signing.known = true;
                self.state.signing.accepted |= code == status::AUTHENTICATED;
                None
            }
        }
    }

    fn learn_nonce(&mut self, challenge: &Meta) {
        let nonce = credential::nonce(challenge);
        if nonce.is_empty() || nonce.len() > limits::NAME_BYTES_MAX {
            return;
        }
        let nonce = secret::base64(&nonce);
        if self.peer.nonce != nonce {
            self.peer.nonce.clone_from(&nonce);
            self.peer_changed = true;
        }
        self.state.signing.nonce = nonce;
    }

    fn answer_challenge(&mut self, answer: &Status, used: &str) -> Then {
        let upstream = self.client.upstream;
        self.state.signing.refused += 1;
        let asked = answer.challenge.as_ref();
        let asked =
            asked.map(|meta| meta.media_type.as_deref().unwrap_or(credential::BASIC).trim().to_owned());
        let known = [credential::BASIC, credential::MD5, mac::SCHEME].into_iter();
        let scheme =
            asked.as_deref().and_then(|asked| known.into_iter().find(|k| k.eq_ignore_ascii_case(asked)));
        let fixed = match upstream.scheme {
            Scheme::Auto => None,
            Scheme::Basic => Some(credential::BASIC),
            Scheme::Md5 => Some(credential::MD5),
            Scheme::Hmac => Some(mac::SCHEME),
            Scheme::None => Some(""),
        };
        let wrong = || format!("The server does not take the name {:?} with this password.", upstream.login);
        let message = match (scheme, fixed) {
            _ if upstream.login.is_empty() => "The server wants a name and a password.".to_owned(),
            (None, _) => match asked {
                Some(asked) => {
                    format!("The server wants to be signed in to by {asked}, which is not known here.")
                }
                None => wrong(),
            },
            (Some(asked), Some(fixed)) if asked != fixed => {
                format!(
                    "The server wants to be signed in to by {asked}, and this upstream is set to another scheme."
                )
            }
            (Some(asked), _)
                if asked == used && (asked == credential::BASIC || self.state.signing.refused > 1) =>
            {
                wrong()
            }
            _ if self.state.signing.refused > REFUSED_MAX => wrong(),
            (Some(asked), _) => {
                self.state.signing.scheme = asked.to_owned();
                self.state.alerted = false;
                return Then::Write;
            }
        };
        self.fail("unauthorized", answer.code, message)
    }

    /// The server does not speak the version: where none is asked for, the next lower one is tried.
    fn lower_version(&mut self, code: u16) -> Then {
        let version = self.state.version;
        let fixed = Version::of(self.client.upstream.version.trim()).is_some();
        let lower = match version {
            Version::V12 => Some(Version::V11),
            Version::V11 => Some(Version::V10),
            Version::V10 => None,
        };
        match lower.filter(|_| !fixed) {
            Some(lower) => {
                (self.state.version, self.state.lowered) = (lower, true);
                self.begin_again()
            }
            None => {
                let message = format!("The server does not speak {}.", version.protocol());
                self.fail("protocol", code, message)
            }
        }
    }

    /// The server will come to it (101): we ask for the result a little later (alert 221).
    fn busy(&mut self) -> Then {
        self.wait_for_server(None)
    }
}
