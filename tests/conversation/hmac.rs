//! `syncml:auth-MAC`: every message signed in its HTTP header, and our answers too.

use crate::door::{hello, statuses};
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::http::{Request, Response, coding};
use anchorage::store::Store;
use anchorage::syncml::codec::{Encoding, decode, encode};
use anchorage::syncml::credential::{self, mac};
use anchorage::syncml::device::SERVER_ID;
use anchorage::syncml::message::*;

/// A client that signs.
pub struct Signer<'a, S> {
    pub world: &'a World<S>,
    pub nonce: Vec<u8>,
}

impl<S: Store> Signer<'_, S> {
    pub fn send(&self, message: &Message) -> Response {
        let body = encode(message, Encoding::Wbxml);
        self.send_as(&body, &mac::header("ann", "secret", &self.nonce, &body))
    }

    fn send_as(&self, body: &[u8], header: &str) -> Response {
        self.send_with(body, vec![(mac::HEADER.into(), header.into())])
    }

    pub fn send_with(&self, body: &[u8], mut headers: Vec<(String, String)>) -> Response {
        headers.push(("content-type".into(), "application/vnd.syncml+wbxml".into()));
        let request = Request {
            method: "POST".into(),
            path: "/syncml".into(),
            headers,
            body: body.to_vec(),
            origin: "https://sync.example".into(),
            address: self.world.address.borrow().clone(),
            ..Request::default()
        };
        self.world.serve(request).response
    }

    /// Learns the nonce of a challenge, which must be of this scheme.
    pub fn learn(&mut self, response: &Response) -> Vec<(String, u16)> {
        let (scheme, nonce) = challenge(response).unwrap();
        assert_eq!(scheme, mac::SCHEME);
        self.nonce = nonce;
        said(response)
    }

    /// Signs in: message 1 is challenged, message 2 taken.
    pub fn enter(&mut self, session: &str) {
        let refused = self.send(&hello(session, 1, None));
        assert_eq!(self.learn(&refused)[0].1, 401);
        let taken = self.send(&hello(session, 2, None));
        assert_eq!(self.learn(&taken), vec![("SyncHdr".into(), 200), ("Alert".into(), 508)]);
    }
}

fn said(response: &Response) -> Vec<(String, u16)> {
    statuses(&decode(&response.body).unwrap().0)
}

fn challenge(response: &Response) -> Option<(String, Vec<u8>)> {
    let message = decode(&response.body).unwrap().0;
    let Command::Status(status) = &message.commands[0] else { panic!() };
    let meta = status.challenge.as_ref()?;
    Some((meta.media_type.clone().unwrap(), credential::nonce(meta).into_owned()))
}

pub fn signature(response: &Response) -> Option<String> {
    response.headers.iter().find(|(name, _)| name == mac::HEADER).map(|(_, value)| value.clone())
}

/// Goes on with nothing but a status of our SyncHdr.
pub fn next(session: &str, message: u32, challenge: Option<Meta>) -> Message {
    let mut next = hello(session, message, None);
    let status = Status {
        command_id: "1".into(),
        message_ref: message - 1,
        command_ref: "0".into(),
        command: "SyncHdr".into(),
        challenge,
        code: 200,
        ..Status::default()
    };
    (next.commands, next.last) = (vec![Command::Status(status)], false);
    next
}

#[test]
fn a_session_is_signed_from_its_first_message_to_its_last() {
    let world = World::new(SqliteStore::new());
    let mut phone = Signer { world: &world, nonce: Vec::new() };
    phone.enter("7");
    let third = next("7", 3, None);
    let body = encode(&third, Encoding::Wbxml);
    // Without a MAC, with somebody's, with another message's, with a password in clear text: not in this session.
    let bare = phone.send_with(&body, Vec::new());
    assert_eq!((said(&bare)[0].1, challenge(&bare).unwrap().0.as_str()), (407, mac::SCHEME));
    let wrong = phone.send_as(&body, &mac::header("ann", "guess", &phone.nonce, &body));
    assert_eq!(said(&wrong)[0].1, 401);
    let moved = phone.send_as(&body, &mac::header("ann", "secret", &phone.nonce, b"another body"));
    assert_eq!(said(&moved)[0].1, 401);
    let mut clear = third.clone();
    clear.header.credential = Some(credential::basic_cred("ann", "secret"));
    let clear = phone.send_with(&encode(&clear, Encoding::Wbxml), Vec::new());
    assert_eq!((said(&clear)[0].1, challenge(&clear).unwrap().0.as_str()), (401, mac::SCHEME));
    // None of that has moved the session: the real one goes on, with the nonce it was given.
    let taken = phone.send(&third);
    assert_eq!((said(&taken)[0].1, challenge(&taken)), (200, None), "{}", world.last_line());
    let again = phone.send(&third);
    assert_eq!(again, taken, "a message sent twice gets the same answer");
    assert_eq!(said(&phone.send_with(&body, Vec::new()))[0].1, 400, "but not without its MAC");
    // The next session begins with the same nonce and is given another.
    let given = phone.nonce.clone();
    let first = phone.send(&hello("8", 1, None));
    assert_eq!(phone.learn(&first)[0].1, 200);
    assert_ne!(phone.nonce, given);
    assert_eq!(said(&phone.send(&next("8", 2, None)))[0].1, 200);
}

#[test]
fn our_answers_are_signed_with_the_nonce_the_device_has_given() {
    let world = World::new(SqliteStore::new());
    let mut phone = Signer { world: &world, nonce: Vec::new() };
    phone.enter("7");
    let unsigned = phone.send(&next("7", 3, None));
    assert_eq!(signature(&unsigned), None, "no nonce, no MAC");
    let told = next("7", 4, Some(credential::challenge(mac::SCHEME, b"theirs")));
    let signed = phone.send(&told);
    let expected = mac::header(SERVER_ID, "secret", b"theirs", &signed.body);
    assert_eq!(signature(&signed), Some(expected.clone()));
    assert_eq!(signature(&phone.send(&told)), Some(expected), "the resend bears it too");
    let signed = phone.send(&next("7", 5, None));
    assert_eq!(signature(&signed), Some(mac::header(SERVER_ID, "secret", b"theirs", &signed.body)));
    // The nonce is kept; a stranger gets no signature with it.
    let first = phone.send(&hello("8", 1, None));
    assert_eq!(signature(&first), Some(mac::header(SERVER_ID, "secret", b"theirs", &first.body)));
    let body = encode(&hello("9", 1, None), Encoding::Wbxml);
    assert_eq!(signature(&phone.send_as(&body, &mac::header("ann", "guess", b"", &body))), None);
    assert_eq!(signature(&phone.send_with(&body, Vec::new())), None);
}

#[test]
fn a_worker_may_insist_on_it() {
    let mut world = World::new(SqliteStore::new());
    world.settings.syncml_mac = true;
    let mut phone = Signer { world: &world, nonce: Vec::new() };
    for cred in [None, Some(credential::basic_cred("ann", "secret"))] {
        let code = if cred.is_some() { 401 } else { 407 };
        let refused = phone.send_with(&encode(&hello("1", 1, cred), Encoding::Wbxml), Vec::new());
        assert_eq!((said(&refused)[0].1, challenge(&refused).unwrap().0.as_str()), (code, mac::SCHEME));
        phone.nonce = challenge(&refused).unwrap().1;
    }
    assert_eq!(said(&phone.send(&hello("1", 2, None)))[0].1, 200);
}

#[test]
fn the_mac_is_over_the_bytes_as_http_carries_them() {
    let world = World::new(SqliteStore::new());
    let mut phone = Signer { world: &world, nonce: Vec::new() };
    phone.enter("7");
    let body = coding::gzip(&encode(&next("7", 3, None), Encoding::Wbxml));
    let header = mac::header("ann", "secret", &phone.nonce, &body);
    let headers = vec![(mac::HEADER.into(), header), ("content-encoding".into(), "gzip".into())];
    assert_eq!(said(&phone.send_with(&body, headers))[0].1, 200);
}

#[test]
fn a_header_that_makes_no_sense_is_challenged_and_wrong_ones_are_slowed_down() {
    let world = World::new(SqliteStore::new());
    let phone = Signer { world: &world, nonce: Vec::new() };
    let body = encode(&hello("1", 1, None), Encoding::Wbxml);
    for (header, code) in [
        ("", 401),
        ("mac=x", 401),
        ("username=\"ann\", mac=AAAAAAAAAAAAAAAAAAAAAA==", 401),
        ("algorithm=SHA256, username=\"ann\", mac=x", 406),
    ] {
        let refused = phone.send_as(&body, header);
        assert_eq!(
            (said(&refused)[0].1, challenge(&refused).unwrap().0.as_str()),
            (code, mac::SCHEME),
            "{header}"
        );
    }
    for _ in 0..10 {
        phone.send_as(&body, &mac::header("ann", "guess", b"", &body));
    }
    let mut real = Signer { world: &world, nonce: Vec::new() };
    let refused = real.send(&hello("1", 1, None));
    real.learn(&refused);
    assert_eq!(said(&real.send(&hello("1", 2, None)))[0].1, 401, "slowed down: {}", world.last_line());
    world.tick(600_000);
    assert_eq!(said(&real.send(&hello("1", 2, None)))[0].1, 200, "{}", world.last_line());
}
