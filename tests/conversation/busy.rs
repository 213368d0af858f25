//! Busy (101, 221): messages whose commits keep losing their races end as if they had not (`syncml.md` 4.9).

use crate::hand::{Hand, acknowledge, bare, codes, map, others, put, statuses, sync};
use crate::hmac::{Signer, next, signature};
use crate::house::now;
use crate::phone::{Broken, Fault, Phone, Session, WhenBusy, Wire, header_status};
use crate::sqlite::SqliteStore;
use crate::world::{MemoryStore, World};
use crate::{card, pair};
use anchorage::http::Response;
use anchorage::limits;
use anchorage::store::{Batch, Reads, Receipt, Snapshot, Store, StoreError};
use anchorage::syncml::codec::{Encoding, decode, encode};
use anchorage::syncml::credential::{self, mac};
use anchorage::syncml::device::{DevInf, SERVER_ID};
use anchorage::syncml::message::*;
use std::cell::{Cell, RefCell};

/// A store in which whoever carries out a message loses the race, as often as it is told to.
pub struct Losing<S> {
    pub inner: S,
    /// How many commits are lost, from which message of a session on.
    left: Cell<usize>,
    from: Cell<i64>,
    how: Cell<How>,
    /// Whether a message could not even be kept.
    keeps_nothing: Cell<bool>,
    reads: Cell<usize>,
    commits: Cell<usize>,
}

/// How a commit is lost.
#[derive(Clone, Copy, PartialEq)]
enum How {
    Race,
    /// The store says that it is away.
    Away,
    /// It says so, and has written all the same.
    AwayButWritten,
}

impl<S: Store> Losing<S> {
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            left: Cell::new(0),
            from: Cell::new(0),
            how: Cell::new(How::Race),
            keeps_nothing: Cell::new(false),
            reads: Cell::new(0),
            commits: Cell::new(0),
        }
    }

    /// From this message of a session on, so many messages lose all their races.
    pub fn lose(&self, from: i64, messages: usize) {
        self.from.set(from);
        self.left.set(messages * limits::ATTEMPTS_MAX);
    }

    fn counted(&self) -> (usize, usize) {
        (self.reads.replace(0), self.commits.replace(0))
    }
}

impl<S: Store> Store for Losing<S> {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        self.reads.set(self.reads.get() + 1);
        self.inner.read(reads).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        self.commits.set(self.commits.get() + 1);
        let Some(session) = &batch.session else { return self.inner.commit(batch).await };
        let keeps = session.state.contains("\"busy\":");
        if keeps && self.keeps_nothing.get() {
            return Err(StoreError::Conflict);
        }
        if !keeps && session.message >= self.from.get() && self.left.get() > 0 {
            self.left.set(self.left.get() - 1);
            if self.how.get() == How::AwayButWritten {
                self.inner.commit(batch).await?;
            }
            return Err(match self.how.get() {
                How::Race => StoreError::Conflict,
                _ => StoreError::Busy("away".into()),
            });
        }
        self.inner.commit(batch).await
    }
}

/// A world over it. What is lost is read for again each time, and what is kept once more.
pub fn losing<S: Store + 'static>(inner: S) -> World<Losing<S>> {
    let world = World::new(Losing::new(inner));
    world.batches_max.set(3 * limits::ATTEMPTS_MAX as u64);
    world
}

/// A phone that has much to say and much to hear, in small messages, and another that has said its part.
fn stage<S: Store>(world: &World<S>, dress: impl Fn(&mut Phone)) -> (Phone, Phone) {
    let (mut a, mut b) = pair(world);
    for number in 0..6 {
        a.add(&card(&format!("New on a {number}"), ""));
        b.add(&card(&format!("New on b {number}"), &format!("NOTE:{}\r\n", "x".repeat(300))));
    }
    for (phone, edited, deleted) in [(&mut a, "Card 0", "Card 1"), (&mut b, "Card 2", "Card 3")] {
        let (edit, gone) = (phone.find(edited), phone.find(deleted));
        phone.edit(&edit, &card(edited, "NOTE:edited\r\n"));
        phone.delete(&gone);
    }
    b.sync(world).unwrap();
    (a.per_message, a.max_message) = (2, Some(1_100));
    a.answered.clear();
    dress(&mut a);
    (a, b)
}

/// What everybody holds in the end; nobody has anything to say then.
fn settle<S: Store>(world: &World<S>, a: &mut Phone, b: &mut Phone) -> Vec<String> {
    b.sync(world).unwrap();
    let session = a.sync(world).unwrap();
    let lines = world.lines.borrow().clone();
    assert_eq!((session.sent, session.received), (0, 0), "{lines:#?}");
    assert_eq!((a.contents(), b.contents()), (world.live("contacts"), world.live("contacts")), "{lines:#?}");
    a.contents()
}

fn undisturbed(dress: impl Fn(&mut Phone)) -> (Vec<String>, Session) {
    let world = World::new(MemoryStore::new()).reading_on();
    let (mut a, mut b) = stage(&world, dress);
    let session = a.sync(&world).unwrap();
    (settle(&world, &mut a, &mut b), session)
}

#[test]
fn any_message_put_off_any_number_of_times_ends_as_if_it_had_not_been() {
    let (expected, whole) = undisturbed(|_| {});
    assert!(whole.messages > 8, "changes, Maps, statuses and the end: {}", whole.messages);
    for when_busy in [WhenBusy::Asks, WhenBusy::GoesOn] {
        for at in 2..=i64::from(whole.messages) {
            for times in [1, 3] {
                let world = losing(MemoryStore::new());
                let (mut a, mut b) = stage(&world, |a| a.when_busy = when_busy);
                world.store.lose(at, times);
                let session =
                    a.sync(&world).unwrap_or_else(|e| panic!("{at}: {e:?} {:#?}", world.lines.borrow()));
                assert_eq!((session.busy as usize, world.store.left.get()), (times, 0), "{when_busy:?} {at}");
                assert_eq!(a.answered_twice(), 0, "{when_busy:?} {at}: {:#?}", a.answered);
                assert_eq!(settle(&world, &mut a, &mut b), expected, "{when_busy:?} {at} {times}");
            }
        }
    }
}

#[test]
fn every_type_version_and_encoding() {
    let encodings = [Encoding::Xml, Encoding::Wbxml];
    for (index, code) in [200, 201, 202, 203, 204, 205, 200].into_iter().enumerate() {
        let version = [Version::V10, Version::V11, Version::V12][index % 3];
        let dress = |a: &mut Phone| {
            (a.asks, a.version, a.encoding) = (code, version, encodings[index % 2]);
            (a.md5, a.max_message) = (index % 2 == 0, Some(2_000));
        };
        let run = |at: i64| {
            let world = losing(MemoryStore::new());
            let (mut a, mut b) = stage(&world, dress);
            world.store.lose(at, usize::from(at > 0));
            let session = a.sync(&world).unwrap();
            assert_eq!(session.busy, u32::from(at > 0), "{code} {version:?} {at}");
            // What was left undone by its type comes now.
            a.asks = 0;
            a.sync(&world).unwrap();
            (settle(&world, &mut a, &mut b), session.messages)
        };
        let (expected, messages) = run(0);
        for at in 2..=i64::from(messages) {
            assert_eq!(run(at).0, expected, "{code} {version:?} {at}");
        }
    }
}

#[test]
fn objects_in_pieces() {
    let dress = |a: &mut Phone| {
        a.piece_bytes = 400;
        a.add(&card("Large", &format!("NOTE:{}\r\n", "y".repeat(3_000))));
    };
    let (expected, whole) = undisturbed(dress);
    for at in 2..=i64::from(whole.messages) {
        let world = losing(MemoryStore::new());
        let (mut a, mut b) = stage(&world, dress);
        world.store.lose(at, 2);
        assert_eq!(a.sync(&world).unwrap().busy, 2);
        assert_eq!(settle(&world, &mut a, &mut b), expected, "{at}");
    }
}

#[test]
fn what_is_sent_twice_gets_the_same_answer_whatever_it_is() {
    let (expected, whole) = undisturbed(|_| {});
    for at in 2..=whole.messages {
        // The message itself, the first question for the result, the second.
        for again in at..=at + 2 {
            let world = losing(MemoryStore::new());
            let (mut a, mut b) = stage(&world, |a| a.fault = Fault::LostAnswer(again));
            world.store.lose(i64::from(at), 2);
            let session = a.sync(&world).unwrap();
            assert_eq!((session.busy, a.answered_twice()), (2, 0), "{at} {again}");
            a.fault = Fault::None;
            assert_eq!(settle(&world, &mut a, &mut b), expected, "{at} {again}");
        }
    }
}

#[test]
fn a_device_that_gives_up_or_dies_has_nothing_acknowledged_and_says_it_again() {
    let (expected, whole) = undisturbed(|_| {});
    for at in 2..=whole.messages {
        for resumes in [false, true] {
            for dies in [None, Some(at), Some(at + 1)] {
                let world = losing(MemoryStore::new());
                let (mut a, mut b) = stage(&world, |a| match dies {
                    Some(dies) => a.fault = Fault::DiesAfter(dies),
                    None => a.when_busy = WhenBusy::GivesUp,
                });
                world.store.lose(i64::from(at), 2);
                let ended = a.sync(&world).unwrap_err();
                assert!(matches!(ended, Broken::Busy | Broken::Died));
                world.store.lose(0, 0);
                (a.fault, a.resumes) = (Fault::None, resumes);
                a.sync(&world)
                    .unwrap_or_else(|e| panic!("{at} {resumes} {dies:?}: {e:?} {:#?}", world.lines.borrow()));
                a.resumes = false;
                a.sync(&world).unwrap();
                let mut ended = settle(&world, &mut a, &mut b);
                // Where there was nothing to resume, a slow sync brings back what the device had deleted.
                ended.retain(|text| {
                    expected.contains(text) || !text.contains("Card 1\r\n") && !text.contains("Card 3\r\n")
                });
                assert_eq!(ended, expected, "{at} {resumes} {dies:?}: {:#?}", world.lines.borrow());
            }
        }
    }
}

#[test]
fn a_user_may_pause_while_the_server_is_busy() {
    let (expected, whole) = undisturbed(|_| {});
    for when_busy in [WhenBusy::Asks, WhenBusy::GoesOn] {
        for at in 3..whole.messages {
            let world = losing(MemoryStore::new());
            let (mut a, mut b) = stage(&world, |a| (a.when_busy, a.pauses) = (when_busy, Some(at + 1)));
            world.store.lose(i64::from(at), 1);
            assert_eq!(a.sync(&world).unwrap_err(), Broken::Suspended);
            (a.pauses, a.resumes) = (None, true);
            assert_eq!(a.sync(&world).unwrap().statuses_of("Alert"), [200], "{when_busy:?} {at}");
            a.resumes = false;
            a.sync(&world).unwrap();
            assert_eq!(settle(&world, &mut a, &mut b), expected, "{when_busy:?} {at}");
        }
    }
}

#[test]
fn the_next_message_may_go_on_instead_and_the_message_that_begins_a_session_is_not_put_off() {
    let world = losing(SqliteStore::new());
    let mut a = Phone::contacts("a");
    a.add(&card("Ada", ""));
    a.md5 = false;
    world.store.lose(1, 1);
    assert_eq!(a.sync(&world).unwrap_err(), Broken::Http(503));
    assert!(a.sync(&world).is_ok());
    // One that wants no status of its message cannot be told.
    let mut hand = Hand::greeted(&world, "1", "", "1");
    hand.header.no_response = true;
    hand.header.message_id += 1;
    let message = Message {
        header: hand.header.clone(),
        commands: vec![sync("contacts", vec![put(ChangeKind::Add, "1", &card("Bob", ""))])],
        last: true,
    };
    world.store.lose(2, 2);
    let bytes = encode(&message, Encoding::Xml);
    let refused = world.post("", "application/vnd.syncml+xml", &bytes);
    assert_eq!(refused.status, 503);
    assert!(refused.headers.contains(&("retry-after".into(), "5".into())));
    assert!(world.last_line().contains("the store failed, answered 503: too many writers at once"));
    world.store.lose(0, 0);
    assert_eq!(world.post("", "application/vnd.syncml+xml", &bytes).status, 200);
    assert_eq!(world.live("contacts").len(), 2);
}

/// A session of `hand` that has greeted, and whose message with these commands was put off.
fn put_off<'a>(
    world: &'a World<Losing<SqliteStore>>,
    commands: Vec<Command>,
    last: bool,
) -> Hand<'a, Losing<SqliteStore>> {
    let mut hand = Hand::greeted(world, "1", "", "1");
    world.store.lose(2, 1);
    world.store.counted();
    let answer = hand.say(commands, last);
    let said: Vec<_> = statuses(&answer).into_iter().map(|s| (s.message_ref, s.command, s.code)).collect();
    assert_eq!((said, others(&answer), answer.last), (vec![(2, "SyncHdr".into(), 101)], vec![], false));
    assert!(world.last_line().contains("busy, put off with 101 (1 in a row): too many writers"));
    assert!(answer.header.respond_to.is_none() && answer.header.message_id == 2);
    hand
}

fn adds(names: &[&str]) -> Command {
    let add = |name: &&str| put(ChangeKind::Add, name, &card(name, ""));
    sync("contacts", names.iter().map(add).collect())
}

#[test]
fn the_result_is_the_answer_to_what_was_put_off_and_to_the_question() {
    let world = losing(SqliteStore::new());
    let mut hand = put_off(&world, vec![adds(&["1", "2"])], true);
    // As often as any message tries, and once to keep it.
    let most = limits::ATTEMPTS_MAX + 1;
    assert_eq!(world.store.counted(), (most, most));
    assert_eq!(world.live("contacts").len(), 0);
    world.store.counted();
    world.store.lose(3, 1);
    let answer = hand.say(vec![bare("221")], false);
    let said: Vec<_> = statuses(&answer).into_iter().map(|s| (s.message_ref, s.command, s.code)).collect();
    assert_eq!(said, [(3, "SyncHdr".into(), 101), (3, "Alert".into(), 101)]);
    // What is kept is read for once, and then as often as the race is lost; and once more to say so.
    assert_eq!(world.store.counted(), (most + 1, most));
    assert!(world.last_line().contains("101 (2 in a row)"));
    assert_eq!(hand.repeat(&hand.sent), answer);
    assert_eq!(world.store.counted(), (1, 0));
    let answer = hand.say(vec![bare("221")], false);
    assert_eq!(world.store.counted(), (2, 1));
    let said: Vec<_> =
        statuses(&answer).into_iter().map(|s| (s.message_ref, s.command_ref, s.command, s.code)).collect();
    let text = |text: &str| text.to_owned();
    assert_eq!(
        said[..3],
        [
            (4, text("0"), text("SyncHdr"), 200),
            (2, text("0"), text("SyncHdr"), 200),
            (2, text("1"), text("Sync"), 200),
        ]
    );
    assert!(said[3..5].iter().all(|status| (status.0, status.2.as_str(), status.3) == (2, "Add", 201)));
    assert_eq!(said[5..], [(4, text("1"), text("Alert"), 200)]);
    assert!(answer.last && others(&answer) == ["Sync 0"], "its package was complete: {:?}", others(&answer));
    assert!(world.last_line().contains("message 2 was kept and is carried out now"), "{}", world.last_line());
    assert_eq!(world.live("contacts").len(), 2);
    world.store.counted();
    assert_eq!(hand.repeat(&hand.sent), answer);
    let end = hand.say(acknowledge(&answer), true);
    assert!(end.last);
    assert_eq!(world.store.counted(), (2, 1), "the resend, and then one read and one commit again");
}

#[test]
fn whatever_comes_instead_of_the_question_meets_what_was_put_off() {
    // The same again under another number, more of it, a deletion of it, a Map, 222.
    for (then, statuses_of_it, names) in [
        (vec![adds(&["1", "2"])], vec![200, 201, 201], vec!["1", "2"]),
        (vec![adds(&["3"])], vec![200, 201], vec!["1", "2", "3"]),
        (vec![map("contacts", &[("none", "9")])], vec![200], vec!["1", "2"]),
        (vec![bare("222")], vec![200], vec!["1", "2"]),
        (vec![bare("221"), adds(&["3"])], vec![200, 200, 201], vec!["1", "2", "3"]),
    ] {
        let world = losing(SqliteStore::new());
        let mut hand = put_off(&world, vec![adds(&["1", "2"])], false);
        let answer = hand.say(then, true);
        let of = |message| {
            let of_it =
                statuses(&answer).into_iter().filter(|s| s.message_ref == message && s.command != "SyncHdr");
            of_it.map(|s| s.code).collect::<Vec<_>>()
        };
        assert_eq!((of(2), of(3)), (vec![200, 201, 201], statuses_of_it));
        assert_eq!(world.live("contacts"), names.iter().map(|name| card(name, "")).collect::<Vec<_>>());
        let end = hand.say(acknowledge(&answer), true);
        assert!(end.last);
    }
}

#[test]
fn what_is_kept_is_read_as_it_would_have_been() {
    let group = |kind: GroupKind, commands| {
        Command::Group(Group {
            kind,
            command_id: String::new(),
            no_response: false,
            meta: Meta::default(),
            commands,
        })
    };
    let add = |name: &str| put(ChangeKind::Add, name, &card(name, ""));
    let whole = group(GroupKind::Atomic, vec![add("1"), add("2")]);
    let fails = group(GroupKind::Atomic, vec![add("3"), put(ChangeKind::Add, "", "")]);
    let in_order = group(GroupKind::Sequence, vec![add("4")]);
    let mut barred = put(ChangeKind::Add, "5", &card("5", ""));
    if let Command::Change(change) = &mut barred {
        change.credential = Some(credential::basic_cred("ann", "guess"));
    }
    let world = losing(SqliteStore::new());
    let mut hand =
        put_off(&world, vec![sync("contacts", vec![whole, fails, in_order, barred, add("6")])], false);
    let answer = hand.say(vec![bare("221"), sync("contacts", vec![add("7")])], true);
    let said = [200, 200, 201, 201, 507, 216, 412, 200, 201, 401, 201, 200, 200, 201];
    assert_eq!(codes(&answer), said, "{}", world.last_line());
    assert_eq!(world.live("contacts"), ["1", "2", "4", "6", "7"].map(|name| card(name, "")));
}

/// While a message is being put off, its resend is carried out.
struct Overtaken<'a> {
    world: &'a World<SqliteStore>,
    bytes: &'a [u8],
    answers: RefCell<Vec<Response>>,
}

impl Store for Overtaken<'_> {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        self.world.store.read(reads).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        if !batch.session.as_ref().unwrap().state.contains("\"busy\":") {
            return Err(StoreError::Conflict);
        }
        let answer = self.world.post("", "application/vnd.syncml+xml", self.bytes);
        self.answers.borrow_mut().push(answer);
        self.world.store.commit(batch).await
    }
}

#[test]
fn a_message_that_was_done_meanwhile_is_not_kept_and_has_one_answer() {
    let world = World::new(SqliteStore::new()).in_this_process();
    let mut hand = Hand::greeted(&world, "1", "", "1");
    hand.header.message_id += 1;
    let message = Message { header: hand.header.clone(), commands: vec![numbered(adds(&["1"]))], last: true };
    let bytes = encode(&message, Encoding::Xml);
    world.batches_max.set(3 * limits::ATTEMPTS_MAX as u64);
    let overtaken = world.beside(Overtaken { world: &world, bytes: &bytes, answers: RefCell::default() });
    let answer = overtaken.post("", "application/vnd.syncml+xml", &bytes);
    assert_eq!(*overtaken.store.answers.borrow(), std::slice::from_ref(&answer));
    assert_eq!(codes(&decode(&answer.body).unwrap().0), [200, 201]);
    assert_eq!(world.live("contacts"), [card("1", "")]);
}

#[test]
fn another_device_may_be_in_the_way_for_ever() {
    let world = World::new(MemoryStore::new());
    let (mut a, mut b) = pair(&world);
    let luid = a.find("Card 4");
    a.edit(&luid, &card("Card 4", "TEL;TYPE=CELL:0\r\nNOTE:of a\r\n"));
    let id = world.records("contacts").into_iter().find(|record| {
        matches!(&record.content, anchorage::record::Content::Body(body) if String::from_utf8_lossy(&body.bytes).contains("Card 4"))
    });
    let id = id.unwrap().id;
    world.batches_max.set(3 * limits::ATTEMPTS_MAX as u64);
    let raced = world.beside(Pestered { world: &world, id: id.as_str().to_owned(), times: Cell::new(20) });
    let session = a.sync(&raced).unwrap();
    assert_eq!(session.busy, 2, "{:#?}", raced.lines.borrow());
    assert_eq!(session.statuses_of("Replace"), [207]);
    world.clock.set(raced.clock.get());
    b.sync(&world).unwrap();
    a.sync(&world).unwrap();
    assert_eq!(a.contents(), b.contents());
    let text = a.text_of("Card 4");
    assert!(text.contains("NOTE:of a") && text.contains(":20"), "{text}");
}

/// An app changes a record before each commit that would, so many times.
struct Pestered<'a> {
    world: &'a World<MemoryStore>,
    id: String,
    times: Cell<u32>,
}

impl Store for Pestered<'_> {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        self.world.store.read(reads).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        if !batch.changes.is_empty() && self.times.get() > 0 {
            self.times.set(self.times.get() - 1);
            let form = format!("id={}&mobile={}", self.id, 20 - self.times.get());
            assert_eq!(
                self.world.max("POST", "contacts", "", &form).status,
                200,
                "{}",
                self.world.last_line()
            );
        }
        self.world.store.commit(batch).await
    }
}

/// Sends again what got 503, and counts that.
struct Patient<'a, S> {
    world: &'a World<S>,
    refused: Cell<u32>,
}

impl<S: Store> Wire for Patient<'_, S> {
    async fn post(&self, url: &str, content_type: &str, body: &[u8]) -> Option<Response> {
        let mut response = self.world.post(url, content_type, body);
        while response.status == 503 {
            assert!(self.world.last_line().contains("answered 503"), "{}", self.world.last_line());
            self.refused.set(self.refused.get() + 1);
            response = self.world.post(url, content_type, body);
        }
        Some(response)
    }
}

#[test]
fn what_a_session_cannot_keep_is_sent_again() {
    let world = losing(SqliteStore::new());
    let mut a = Phone::notes("a");
    (a.per_message, a.max_message, a.md5) = (1, None, false);
    for number in 0..4 {
        a.add(&format!("{number}{}", "x".repeat(200_000)));
    }
    a.when_busy = WhenBusy::GoesOn;
    // Three messages fit a session's row, as base64; the fourth does not.
    world.store.lose(2, 5);
    let patient = Patient { world: &world, refused: Cell::new(0) };
    let session = now(a.converse(&patient)).unwrap();
    assert_eq!((session.busy, patient.refused.get() > 0), (3, true), "{:#?}", world.lines.borrow());
    assert_eq!(world.live("notes").len(), 4);
    let longest: i64 = world
        .store
        .inner
        .connection
        .borrow()
        .query_row("SELECT max(length(state) + length(reply)) FROM session", [], |row| row.get(0))
        .unwrap();
    assert!(longest < 10_000, "and nothing stays in it");
}

#[test]
fn a_store_that_is_away_may_be_back_to_keep_a_message_and_else_it_is_sent_again() {
    let (expected, whole) = undisturbed(|_| {});
    for how in [How::Away, How::AwayButWritten] {
        for keeps in [true, false] {
            for at in 1..=i64::from(whole.messages) {
                let world = losing(MemoryStore::new());
                let (mut a, mut b) = stage(&world, |_| {});
                world.store.lose(at, 1);
                world.store.left.set(3);
                world.store.how.set(how);
                world.store.keeps_nothing.set(!keeps);
                let patient = Patient { world: &world, refused: Cell::new(0) };
                let session = now(a.converse(&patient)).unwrap();
                let (busy, refused) = (session.busy, patient.refused.get());
                match (how, keeps) {
                    // What was written is found, and its own answer given. Nothing can be kept of the first.
                    (How::AwayButWritten, _) => assert_eq!((busy, refused), (0, u32::from(at == 1)), "{at}"),
                    (_, true) => assert_eq!((busy, refused), if at == 1 { (0, 3) } else { (3, 0) }, "{at}"),
                    (_, false) => assert!(busy == 0 && refused > 0),
                }
                assert_eq!((settle(&world, &mut a, &mut b), a.answered_twice()), (expected.clone(), 0));
            }
        }
    }
}

#[test]
fn busy_is_not_said_for_ever() {
    let world = losing(SqliteStore::new());
    let mut hand = put_off(&world, vec![adds(&["1"])], true);
    world.store.lose(3, 100);
    for _ in 1..limits::BUSY_ANSWERS_MAX {
        assert_eq!(codes(&hand.say(vec![bare("221")], false)), [101]);
    }
    hand.header.message_id += 1;
    let message = Message { header: hand.header.clone(), commands: vec![numbered(bare("221"))], last: false };
    let bytes = encode(&message, Encoding::Xml);
    assert_eq!(world.post("", "application/vnd.syncml+xml", &bytes).status, 503);
    world.store.lose(0, 0);
    let answer = hand.repeat(&bytes);
    assert_eq!((codes(&answer), answer.last), (vec![200, 201, 200], true));
    assert_eq!(world.live("contacts"), [card("1", "")]);
}

fn numbered(mut command: Command) -> Command {
    crate::phone::number(&mut command, 1);
    command
}

#[test]
fn asked_for_a_result_that_it_has_given_the_server_goes_on_and_for_one_it_has_not_it_fails() {
    let world = losing(SqliteStore::new());
    let mut hand = put_off(&world, vec![adds(&["1"])], false);
    assert_eq!(codes(&hand.say(vec![bare("221")], false)), [200, 201, 200]);
    let again = hand.say(vec![bare("221")], false);
    assert_eq!((codes(&again), others(&again), again.last), (vec![200], vec!["222".to_owned()], false));
    // A message between them was never taken: what it said is lost, and so no anchor moves.
    hand.header.message_id += 1;
    let lost = hand.say(vec![bare("221")], false);
    assert_eq!(codes(&lost), [512]);
    assert!(world.last_line().contains("it asks for the result of a message that is not here"));
    let given = hand.say(Vec::new(), true);
    assert!(hand.say(acknowledge(&given), true).last);
    let mut next = Hand::new(&world, "2");
    let answer = next.say(vec![crate::hand::alert("200", "./C", "contacts", "1", "2")], true);
    assert_eq!(codes(&answer)[0], 508, "the session has not reached its anchor");
    // Its session is over: what was kept is gone.
    world.tick(limits::SESSION_IDLE_MS + 1);
    next.header.credential = Some(credential::basic_cred("ann", "secret"));
    assert_eq!(codes(&next.say(vec![bare("221")], false)), [512]);
}

#[test]
fn a_session_that_is_signed_stays_signed() {
    let world = losing(SqliteStore::new());
    let mut phone = Signer { world: &world, nonce: Vec::new() };
    phone.enter("7");
    let mut changes = next("7", 3, Some(credential::challenge(mac::SCHEME, b"theirs")));
    changes.commands.push(numbered(adds(&["1"])));
    changes.last = true;
    world.store.lose(3, 2);
    // A nonce that came with what was put off is known when that is carried out.
    let busy = phone.send(&changes);
    let told = decode(&busy.body).unwrap().0;
    assert_eq!((header_status(&told), signature(&busy)), (Some(101), None));
    assert_eq!(phone.send(&changes), busy);
    let mut asks = next("7", 4, None);
    asks.commands = vec![numbered(bare("221"))];
    let body = encode(&asks, Encoding::Wbxml);
    let bare = phone.send_with(&body, Vec::new());
    assert_eq!(header_status(&decode(&bare.body).unwrap().0), Some(407), "the question is signed too");
    let busy = phone.send(&asks);
    assert_eq!(header_status(&decode(&busy.body).unwrap().0), Some(101));
    asks.header.message_id = 5;
    let done = phone.send(&asks);
    assert_eq!(signature(&done), Some(mac::header(SERVER_ID, "secret", b"theirs", &done.body)));
    assert_eq!(codes(&decode(&done.body).unwrap().0), [200, 201, 200]);
    asks.header.message_id = 6;
    asks.commands = vec![numbered(adds(&["2"]))];
    world.store.lose(6, 1);
    let busy = phone.send(&asks);
    assert_eq!(signature(&busy), Some(mac::header(SERVER_ID, "secret", b"theirs", &busy.body)));
    assert_eq!(phone.send(&asks), busy);
}

// --------------------------------------------------------------------------------------------------- the device is busy

/// Statuses of an answer, all of them 101, as far as they are wanted.
fn in_progress(answer: &Message, wanted: impl Fn(&str) -> bool) -> Vec<Command> {
    let mut said = acknowledge(answer);
    said.retain_mut(|command| {
        let Command::Status(status) = command else { return false };
        status.code = 101;
        wanted(&status.command)
    });
    said
}

/// A device that was just sent everything there is, some of it, if its messages are small.
fn sent_to<'a>(world: &'a World<SqliteStore>, bytes_max: Option<u64>) -> (Hand<'a>, Message) {
    let mut a = Phone::contacts("a");
    (0..12).for_each(|number| drop(a.add(&card(&format!("Card {number}"), ""))));
    a.sync(world).unwrap();
    let mut hand = Hand::new(world, "1");
    hand.header.meta.max_message_bytes = bytes_max;
    hand.say(vec![crate::hand::alert("201", "./C", "contacts", "", "1")], true);
    let answer = hand.say(vec![sync("contacts", Vec::new())], true);
    (hand, answer)
}

/// A status for all of an answer, and a Map of its Adds.
fn taken(answer: &Message) -> Vec<Command> {
    let mut said = acknowledge(answer);
    let syncs = answer.commands.iter().filter_map(|command| match command {
        Command::Sync(sync) => Some(&sync.commands),
        _ => None,
    });
    let ids = syncs.flatten().map(|command| {
        let Command::Change(change) = command else { panic!() };
        change.items[0].source.clone().unwrap().uri
    });
    let names: Vec<_> = ids.map(|id| (id.clone(), format!("L{id}"))).collect();
    let pairs: Vec<_> = names.iter().map(|(ours, theirs)| (ours.as_str(), theirs.as_str())).collect();
    said.push(map("contacts", &pairs));
    said
}

fn adds_in(answer: &Message) -> usize {
    let syncs = answer.commands.iter().filter_map(|command| match command {
        Command::Sync(sync) => Some(sync.commands.len()),
        _ => None,
    });
    syncs.sum()
}

#[test]
fn what_a_busy_device_was_sent_is_not_acknowledged_and_nothing_more_is_sent_meanwhile() {
    let world = World::new(SqliteStore::new());
    let (mut hand, mut sent) = sent_to(&world, Some(2_000));
    let mut total = 0;
    while adds_in(&sent) > 0 {
        total += adds_in(&sent);
        for _ in 0..6 {
            let answer = hand.say(in_progress(&sent, |command| command == "SyncHdr"), false);
            assert_eq!((adds_in(&answer), answer.last), (0, false));
            assert_eq!(others(&answer), ["222"]);
        }
        let partly = hand.say(in_progress(&sent, |_| true), false);
        assert_eq!((adds_in(&partly), partly.last), (0, false));
        let last = sent.last;
        sent = hand.say(taken(&sent), last);
    }
    assert_eq!((total, sent.last), (12, true));
    let mut next = Hand::greeted(&world, "2", "1", "2");
    assert_eq!(adds_in(&next.say(vec![sync("contacts", Vec::new())], true)), 0);
}

#[test]
fn what_a_device_is_still_at_when_its_session_ends_is_offered_again() {
    for command in ["SyncHdr", "Sync", "Add"] {
        let world = World::new(SqliteStore::new());
        let (mut hand, sent) = sent_to(&world, None);
        assert_eq!((adds_in(&sent), sent.last), (12, true));
        assert!(hand.say(in_progress(&sent, |name| name == command), true).last);
        assert!(
            !world.last_line().contains("refused Sync") && !world.last_line().contains("the device refused")
        );
        let mut next = Hand::greeted(&world, "2", "1", "2");
        let again = next.say(vec![sync("contacts", Vec::new())], true);
        assert_eq!((adds_in(&again), again.last), (12, true), "{command}: {}", world.last_line());
        assert!(next.say(taken(&again), true).last);
        let mut third = Hand::greeted(&world, "3", "2", "3");
        assert_eq!(adds_in(&third.say(vec![sync("contacts", Vec::new())], true)), 0);
    }
}

#[test]
fn a_piece_that_a_busy_device_is_still_at_waits() {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a");
    a.add(&card("Large", &format!("NOTE:{}\r\n", "x".repeat(9_000))));
    a.sync(&world).unwrap();
    let mut hand = Hand::new(&world, "1");
    hand.header.meta.max_message_bytes = Some(3_000);
    let device = DevInf { large_objects: true, device_id: "hand".into(), ..DevInf::default() };
    let item = Item {
        source: Some(Location::of("./devinf12")),
        data: Some(Data::Device(Box::new(device))),
        ..Item::default()
    };
    let put = Command::Put(Get { items: vec![item], ..Get::default() });
    hand.say(vec![put, crate::hand::alert("201", "./C", "contacts", "", "1")], true);
    let mut sent = hand.say(vec![sync("contacts", Vec::new())], true);
    let mut pieces = 0;
    while adds_in(&sent) > 0 {
        pieces += 1;
        for _ in 0..5 {
            let waits = hand.say(in_progress(&sent, |_| true), false);
            assert_eq!(others(&waits), ["222"]);
        }
        let mut said = acknowledge(&sent);
        for command in &mut said {
            let Command::Status(status) = command else { panic!() };
            let more = !sent.last && status.command == "Add";
            status.code = if more { 213 } else { 200 };
        }
        sent = hand.say(said, sent.last);
    }
    assert!(pieces > 3 && sent.last, "{pieces}: {:#?}", world.lines.borrow());
}
