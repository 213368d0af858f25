//! Large objects: in pieces from a phone and to it, and what breaks on the way.

use crate::card;
use crate::hand::{Hand, alert, codes, others, put, sync};
use crate::phone::{Broken, Fault, Phone};
use crate::sqlite::SqliteStore;
use crate::world::{MemoryStore, World};
use anchorage::store::{Batch, Reads, Receipt, Snapshot, Store, StoreError};
use anchorage::syncml::codec::Encoding;
use anchorage::syncml::message::*;
use std::cell::{Cell, RefCell};

/// A card with a photo: base64 of so many bytes in all, different everywhere.
pub fn photo(name: &str, bytes: usize) -> String {
    let mut lines = String::new();
    let mut number: u64 = 7;
    while lines.len() < bytes {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        lines.push_str(&format!(" {number:016x}{:016x}{number:016X}\r\n", number.rotate_left(17)));
    }
    card(name, &format!("NOTE:Añn\r\nPHOTO;ENCODING=b;TYPE=JPEG:\r\n{lines}"))
}

pub fn large(device: &str, encoding: Encoding) -> Phone {
    let mut phone = Phone::contacts(device);
    (phone.piece_bytes, phone.max_message, phone.encoding) = (15_000, Some(20_000), encoding);
    phone
}

/// How many batches each message took.
fn batches<S>(world: &World<S>) -> Vec<u32> {
    let lines = world.lines.borrow();
    let of =
        |line: &String| line.split(" batches").next().unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    lines.iter().map(of).collect()
}

#[test]
fn a_photo_goes_there_and_back_in_small_messages() {
    fn case<S: Store>(world: &World<S>, encoding: Encoding, version: Version) {
        let (mut a, mut b) = (large("a", encoding), large("b", encoding));
        (a.version, b.version) = (version, version);
        a.add(&card("Before", ""));
        let luid = a.add(&photo("Photo", 200_000));
        a.add(&card("Behind", ""));
        let session = a.sync(world).unwrap();
        let added = session.statuses_of("Add");
        assert_eq!(added.iter().filter(|code| **code == 213).count(), 13, "{added:?}");
        assert_eq!(added.iter().filter(|code| **code == 201).count(), 3);
        assert!(batches(world).iter().all(|batches| *batches <= 4), "{:?}", batches(world));
        assert!(batches(world).iter().filter(|batches| **batches > 2).count() == 1, "{:?}", batches(world));
        world.lines.borrow_mut().clear();
        let session = b.sync(world).unwrap();
        assert_eq!((session.received, a.contents()), (3, b.contents()), "{}", world.last_line());
        assert!((11..16).contains(&session.pieces), "{} pieces", session.pieces);
        assert!(batches(world).iter().all(|batches| *batches <= 2), "{:?}", batches(world));
        for phone in [&mut a, &mut b] {
            let session = phone.sync(world).unwrap();
            assert_eq!((session.sent, session.received), (0, 0), "{}", world.last_line());
        }
        a.edit(&luid, &photo("Photo", 100_000));
        a.sync(world).unwrap();
        let session = b.sync(world).unwrap();
        assert_eq!((session.received, a.contents()), (1, b.contents()), "{}", world.last_line());
        assert_eq!(a.contents(), world.live("contacts"));
    }
    for (encoding, version) in [(Encoding::Xml, Version::V12), (Encoding::Wbxml, Version::V11)] {
        case(&World::new(MemoryStore::new()).reading_on(), encoding, version);
        case(&World::new(SqliteStore::new()).reading_on(), encoding, version);
    }
}

#[test]
fn what_no_row_holds_goes_there_and_back() {
    fn case<S: Store>(world: &World<S>) {
        let (mut a, mut b) = (large("a", Encoding::Wbxml), large("b", Encoding::Xml));
        (a.piece_bytes, a.max_message, b.max_message) = (100_000, Some(120_000), Some(120_000));
        let luid = a.add(&photo("Photo", 1_500_000));
        a.sync(world).unwrap();
        let session = b.sync(world).unwrap();
        assert_eq!((session.received, a.contents()), (1, b.contents()), "{}", world.last_line());
        assert_eq!(a.contents(), world.live("contacts"));
        let more = batches(world).into_iter().filter(|batches| *batches > 2).count();
        assert_eq!(
            more,
            2,
            "the last piece on its way in, and the first on its way out: {:?}",
            batches(world)
        );
        // A slow sync finds it by content.
        let mut again = large("c", Encoding::Wbxml);
        (again.piece_bytes, again.max_message) = (100_000, Some(120_000));
        again.add(&a.text_of("Photo"));
        let session = again.sync(world).unwrap();
        assert_eq!((session.received, world.records("contacts").len()), (0, 1), "{}", world.last_line());
        // What is large here is merged with what is small there.
        let small = card("Photo", "TITLE:Boss\r\n");
        b.lacks = vec!["PHOTO".into()];
        let held = b.find("Photo");
        b.edit(&held, &small);
        b.sync(world).unwrap();
        let live = world.live("contacts").remove(0);
        assert!(live.len() > 1_500_000 && live.contains("TITLE:Boss"), "{}", world.last_line());
        // A feed leaves it out and says so.
        let feed = world.max("GET", "contacts", "", "");
        assert_eq!(feed.status, 200);
        assert!(world.last_line().contains("1 left out as too large"), "{}", world.last_line());
        a.sync(world).unwrap();
        a.delete(&luid);
        a.sync(world).unwrap();
        b.sync(world).unwrap();
        assert_eq!((b.contents().len(), world.live("contacts").len()), (0, 0));
    }
    case(&World::new(MemoryStore::new()).reading_on());
    case(&World::new(SqliteStore::new()).reading_on());
}

#[test]
fn a_message_sent_again_adds_its_piece_once() {
    for at in 2..18 {
        for fault in [Fault::LostAnswer(at), Fault::DiesBefore(at), Fault::DiesAfter(at)] {
            let world = World::new(SqliteStore::new()).reading_on();
            let (mut a, mut b) = (large("a", Encoding::Wbxml), large("b", Encoding::Wbxml));
            (a.fault, b.fault) = (fault, fault);
            a.add(&photo("Photo", 100_000));
            for phone in [&mut a, &mut b] {
                let first = phone.sync(&world).map(|_| ());
                assert!(matches!(first, Ok(()) | Err(Broken::Died)), "{first:?}");
                phone.fault = Fault::None;
                phone.sync(&world).unwrap();
            }
            a.sync(&world).unwrap();
            assert_eq!(a.contents(), b.contents(), "{fault:?}: {}", world.last_line());
            assert_eq!(a.contents(), world.live("contacts"), "{fault:?}");
        }
    }
}

/// A piece by hand: of a note, with a size and more to come.
pub fn piece(luid: &str, text: &str, size: Option<u64>, more: bool) -> Command {
    let mut piece = put(ChangeKind::Replace, luid, text);
    let Command::Change(inner) = &mut piece else { panic!() };
    inner.meta.media_type = Some("text/plain".into());
    (inner.items[0].more, inner.items[0].meta.size) = (more, size);
    piece
}

/// What is said of pieces that come one message after the other: statuses of changes, then what else but 222.
fn said(pieces: &[(Vec<Command>, bool)]) -> (Vec<u16>, Vec<String>, Vec<String>) {
    let world = World::new(SqliteStore::new()).reading_on();
    let mut hand = Hand::new(&world, "1");
    hand.say(vec![alert("200", "./C", "notes", "", "1")], true);
    let (mut told, mut else_said) = (Vec::new(), Vec::new());
    for (commands, last) in pieces {
        let answer = hand.say(vec![sync("notes", commands.clone())], *last);
        told.extend(codes(&answer).into_iter().skip(1));
        let alerts = others(&answer).into_iter().filter(|name| name != "222" && !name.starts_with("Sync"));
        else_said.extend(alerts);
        for command in &answer.commands {
            let Command::Alert(alert) = command else { continue };
            if alert.code == "223" {
                assert_eq!(alert.items[0].source.as_ref().unwrap().uri, "1");
            }
        }
    }
    assert!(batches(&world).iter().all(|batches| *batches <= 4), "{:?}", batches(&world));
    (told, else_said, world.live("notes"))
}

/// What it is, the pieces, the statuses, the alerts, and what is there afterwards.
type Case = (&'static str, Vec<(Vec<Command>, bool)>, Vec<u16>, Vec<&'static str>, Vec<&'static str>);

#[test]
fn each_mistake_has_its_status() {
    let one = |piece: Command| (vec![piece], false);
    let end = |piece: Command| (vec![piece], true);
    let cases: Vec<Case> = vec![
        (
            "as it should be",
            vec![
                one(piece("1", "ab", Some(6), true)),
                one(piece("1", "cd", None, true)),
                end(piece("1", "ef", None, false)),
            ],
            vec![213, 213, 201],
            vec![],
            vec!["abcdef"],
        ),
        (
            "a size that counts an end mark",
            vec![one(piece("1", "ab", Some(5), true)), end(piece("1", "cd", None, false))],
            vec![213, 201],
            vec![],
            vec!["abcd"],
        ),
        (
            "no size",
            vec![one(piece("1", "ab", None, true)), end(piece("1", "cd", None, false))],
            vec![411, 411],
            vec![],
            vec![],
        ),
        (
            "more than is taken",
            vec![one(piece("1", "ab", Some(16_000_002), true)), end(piece("1", "cd", None, false))],
            vec![416, 416],
            vec![],
            vec![],
        ),
        (
            "less than announced",
            vec![one(piece("1", "ab", Some(9), true)), end(piece("1", "cd", None, false))],
            vec![213, 424],
            vec![],
            vec![],
        ),
        (
            "more than announced",
            vec![
                one(piece("1", "ab", Some(3), true)),
                one(piece("1", "cd", None, true)),
                end(piece("1", "e", None, false)),
            ],
            vec![213, 424, 424],
            vec![],
            vec![],
        ),
        (
            "another item in between",
            vec![
                one(piece("1", "ab", Some(4), true)),
                one(piece("2", "whole", None, false)),
                end(piece("1", "cd", None, false)),
            ],
            vec![213, 201, 424],
            vec!["223"],
            vec!["whole"],
        ),
        (
            "a piece of another object",
            vec![
                one(piece("1", "ab", Some(4), true)),
                one(piece("2", "xy", Some(4), true)),
                end(piece("2", "zz", None, false)),
            ],
            vec![213, 213, 201],
            vec!["223"],
            vec!["xyzz"],
        ),
        (
            "the package ends before the object",
            vec![end(piece("1", "ab", Some(4), true))],
            vec![213],
            vec!["223"],
            vec![],
        ),
        (
            "something behind a piece",
            vec![
                (vec![piece("1", "ab", Some(4), true), piece("2", "whole", None, false)], false),
                end(piece("1", "cd", None, false)),
            ],
            vec![213, 201, 424],
            vec!["223"],
            vec!["whole"],
        ),
        (
            "begun anew",
            vec![
                one(piece("1", "ab", Some(4), true)),
                one(piece("2", "x", None, false)),
                one(piece("1", "ab", Some(4), true)),
                end(piece("1", "cd", None, false)),
            ],
            vec![213, 201, 213, 201],
            vec!["223"],
            vec!["abcd", "x"],
        ),
    ];
    for (what, pieces, codes, others, live) in cases {
        let (told, else_said, notes) = said(&pieces);
        assert_eq!(
            (told, else_said, notes),
            (
                codes,
                others.into_iter().map(str::to_owned).collect(),
                live.into_iter().map(str::to_owned).collect()
            ),
            "{what}"
        );
    }
}

#[test]
fn items_behind_a_piece_in_one_command_are_refused() {
    let mut two = piece("1", "ab", Some(4), true);
    let Command::Change(inner) = &mut two else { panic!() };
    inner.items.push(Item { source: Some(Location::of("2")), more: false, ..inner.items[0].clone() });
    let (told, else_said, live) = said(&[(vec![two], false), (vec![piece("1", "cd", None, false)], true)]);
    assert_eq!((told, else_said.len(), live), (vec![213, 400, 201], 0, vec!["abcd".to_owned()]));
}

#[test]
fn a_phone_that_refuses_a_piece_is_offered_the_object_later() {
    let world = World::new(SqliteStore::new()).reading_on();
    let (mut a, mut b) = (large("a", Encoding::Wbxml), large("b", Encoding::Wbxml));
    a.add(&photo("Photo", 50_000));
    a.add(&card("Small", ""));
    a.sync(&world).unwrap();
    b.piece_verdict = 500;
    let session = b.sync(&world).unwrap();
    assert_eq!((session.received, session.pieces), (1, 1), "{}", world.last_line());
    b.piece_verdict = 213;
    assert_eq!(b.sync(&world).unwrap().received, 1);
    assert_eq!(a.contents(), b.contents());
}

#[test]
fn a_phone_without_large_objects_or_with_a_smaller_bound_is_spared() {
    let world = World::new(SqliteStore::new()).reading_on();
    let mut a = large("a", Encoding::Wbxml);
    a.add(&photo("Photo", 600_000));
    a.add(&card("Small", ""));
    a.sync(&world).unwrap();
    let (mut b, mut c) = (large("b", Encoding::Wbxml), large("c", Encoding::Wbxml));
    b.piece_bytes = 0;
    c.max_object = Some(500_000);
    for phone in [&mut b, &mut c] {
        let session = phone.sync(&world).unwrap();
        assert_eq!((session.received, session.pieces), (1, 0), "{}", world.last_line());
        assert!(world.lines.borrow().iter().any(|line| line.contains("too large for the device")));
    }
    c.max_object = Some(5_000_000);
    assert_eq!(c.sync(&world).unwrap().received, 1);
    assert_eq!(a.contents(), c.contents());
}

#[test]
fn a_record_that_changes_on_its_way_out_arrives_twice() {
    let world = World::new(SqliteStore::new()).reading_on();
    let (mut a, mut b) = (large("a", Encoding::Wbxml), large("b", Encoding::Wbxml));
    let luid = a.add(&photo("Photo", 600_000));
    a.sync(&world).unwrap();
    // The other device comes in between two pieces.
    let raced = RefCell::new(a);
    let between = || {
        let mut a = raced.borrow_mut();
        a.edit(&luid, &photo("Photo", 30_000));
        a.sync(&world).unwrap();
    };
    let store = Between { inner: &world.store, commits: Cell::new(0), between };
    let session = b.sync(&world.beside(store)).unwrap();
    assert_eq!(session.received, 1);
    assert!(b.text_of("Photo").len() > 600_000, "what had begun to leave arrives whole");
    b.sync(&world).unwrap();
    assert_eq!(raced.borrow().contents(), b.contents());
}

/// A store into which somebody else comes before the twentieth commit.
struct Between<'a, F> {
    inner: &'a SqliteStore,
    commits: Cell<u32>,
    between: F,
}

impl<F: Fn()> Store for Between<'_, F> {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        self.inner.read(reads).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        self.commits.set(self.commits.get() + 1);
        if self.commits.get() == 20 {
            (self.between)();
        }
        self.inner.commit(batch).await
    }
}

#[test]
fn an_object_that_is_nothing_of_the_collection_s_is_refused_when_it_is_whole() {
    let card = |text: &str, size: Option<u64>, more: bool| {
        let mut card = put(ChangeKind::Add, "1", text);
        let Command::Change(inner) = &mut card else { panic!() };
        (inner.items[0].more, inner.items[0].meta.size) = (more, size);
        vec![card]
    };
    let parts = [
        (card("BEGIN:VCARD\r\nFN:x\r\n", Some(30), true), false),
        (card("END:VCARD\r\n", None, false), true),
    ];
    let (told, _, live) = said(&parts);
    assert_eq!((told, live), (vec![213, 415], vec![]));
}

#[test]
fn an_object_goes_on_arriving_in_the_next_session() {
    // How much is left when it goes on, what comes, and what it comes to: a piece whose answer was lost may come again.
    for (resumed, left, texts, code, live) in [
        (true, 2, vec!["ef"], 201, "abcdef"),
        (true, 4, vec!["cd", "ef"], 201, "abcdef"),
        (true, 4, vec!["cdef"], 201, "abcdef"),
        (true, 6, vec!["ab", "cdxy"], 201, "abcdxy"),
        (true, 2, vec!["efgh"], 424, ""),
        (false, 2, vec!["ef"], 201, "ef"),
    ] {
        let world = World::new(SqliteStore::new()).reading_on();
        let mut hand = Hand::new(&world, "1");
        hand.say(vec![alert("200", "./C", "notes", "", "1")], true);
        for (text, size) in [("ab", Some(6)), ("cd", None)] {
            let answer = hand.say(vec![sync("notes", vec![piece("1", text, size, true)])], false);
            assert_eq!(codes(&answer), [200, 213]);
        }
        let mut hand = Hand::new(&world, "2");
        let answer =
            hand.say(vec![alert(if resumed { "225" } else { "201" }, "./C", "notes", "", "2")], true);
        assert_eq!(codes(&answer), [200]);
        let mut said = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let more = index + 1 < texts.len();
            let size = (index == 0).then_some(left);
            let answer = hand.say(vec![sync("notes", vec![piece("1", text, size, more)])], !more);
            said = codes(&answer);
        }
        assert_eq!(said, [200, code], "{texts:?}: {}", world.last_line());
        assert_eq!(world.live("notes").join(""), live, "{texts:?}");
    }
}

/// The pieces in an answer: bytes, size and whether more is to come.
fn sent(answer: &Message) -> Vec<(Vec<u8>, Option<u64>, bool, String)> {
    let syncs = answer.commands.iter().filter_map(|command| match command {
        Command::Sync(sync) => Some(&sync.commands),
        _ => None,
    });
    let changes = syncs.flatten().map(|command| match command {
        Command::Change(change) => {
            let item = &change.items[0];
            let bytes = item.data.clone().unwrap().into_bytes();
            (bytes, item.meta.size, item.more, change.command_id.clone())
        }
        _ => panic!(),
    });
    changes.collect()
}

#[test]
fn an_object_goes_on_leaving_in_the_next_session() {
    for resumed in [true, false] {
        let world = World::new(SqliteStore::new()).reading_on();
        let mut a = large("a", Encoding::Wbxml);
        a.add(&photo("Photo", 700_000));
        a.sync(&world).unwrap();
        let whole = world.live("contacts").remove(0).into_bytes();
        let mut taken: Vec<u8> = Vec::new();
        for session in ["1", "2"] {
            let mut hand = Hand::new(&world, session);
            hand.header.meta.max_message_bytes = Some(if session == "1" { 20_000 } else { 60_000 });
            let device = Data::Device(Box::new(large("hand", Encoding::Xml).devinf()));
            let source = Some(Location::of("./devinf12"));
            let item = Item { source, data: Some(device), ..Item::default() };
            let about = Command::Put(Get { items: vec![item], ..Get::default() });
            let resumes = session == "2" && resumed;
            let code = if resumes { "225" } else { "201" };
            hand.say(vec![about, alert(code, "./C", "contacts", "", session)], true);
            if !resumes {
                taken.clear();
            }
            let mut answer = hand.say(vec![sync("contacts", Vec::new())], true);
            for round in 0..1_000 {
                if session == "1" && round == 9 {
                    // Nine were taken; the answer to the tenth is lost.
                    break;
                }
                let Some((bytes, size, more, command)) = sent(&answer).pop() else { break };
                let first = round == 0;
                assert_eq!(size, first.then_some((whole.len() - taken.len()) as u64));
                taken.extend_from_slice(&bytes);
                let code = if more { 213 } else { 201 };
                let status = Status {
                    message_ref: answer.header.message_id,
                    command_ref: command,
                    command: "Add".into(),
                    code,
                    ..Status::default()
                };
                answer = hand.say(vec![Command::Status(status)], false);
            }
        }
        assert!(taken == whole, "{} of {} bytes", taken.len(), whole.len());
    }
}

/// A message with one piece, or an empty one, and what comes back: both ways in 30 kB.
#[test]
fn twelve_megabytes_broken_off_in_the_middle_arrive_byte_by_byte() {
    let world = World::new(SqliteStore::new()).reading_on();
    let text = photo("Photo", 12_000_000);
    let whole = text.as_bytes();
    let (mut start, mut messages) = (0, 0);
    for (session, code, until) in [("1", "201", whole.len() / 2), ("2", "225", whole.len())] {
        let mut hand = Hand::new(&world, session);
        hand.say(vec![alert(code, "./C", "contacts", "", session)], true);
        let mut size = Some((whole.len() - start) as u64);
        while start < until {
            let mut end = whole.len().min(start + 25_000);
            end -= usize::from(!text.is_char_boundary(end));
            let mut piece = piece("1", text.get(start..end).unwrap(), size.take(), end < whole.len());
            let Command::Change(inner) = &mut piece else { panic!() };
            inner.meta.media_type = Some("text/vcard".into());
            let last = end == whole.len();
            let answer = hand.say(vec![sync("contacts", vec![piece])], last);
            assert!(hand.sent.len() < 30_000);
            assert_eq!(codes(&answer), [200, if last { 201 } else { 213 }], "{}", world.last_line());
            (start, messages) = (end, messages + 1);
        }
    }
    assert!(world.live("contacts") == [text.as_str()], "{messages} messages in");
    let (mut taken, mut messages): (Vec<u8>, u32) = (Vec::new(), 0);
    for (session, code) in [("1", "201"), ("2", "225")] {
        let mut hand = Hand::new(&world, session);
        hand.header.source.uri = "another".into();
        hand.header.meta.max_message_bytes = Some(30_000);
        let device = Data::Device(Box::new(large("another", Encoding::Xml).devinf()));
        let item = Item { source: Some(Location::of("./devinf12")), data: Some(device), ..Item::default() };
        let about = Command::Put(Get { items: vec![item], ..Get::default() });
        hand.say(vec![about, alert(code, "./C", "contacts", "", session)], true);
        let mut answer = hand.say(vec![sync("contacts", Vec::new())], true);
        while let Some((bytes, _, more, command)) = sent(&answer).pop() {
            if session == "1" && taken.len() > whole.len() / 2 {
                break;
            }
            messages += 1;
            taken.extend_from_slice(&bytes);
            let code = if more { 213 } else { 201 };
            let (message_ref, name) = (answer.header.message_id, "Add".to_owned());
            let status =
                Status { message_ref, command_ref: command, command: name, code, ..Status::default() };
            answer = hand.say(vec![Command::Status(status)], false);
        }
    }
    assert!(taken == whole, "{} of {} bytes in {messages} messages", taken.len(), whole.len());
    assert!(messages < 500, "{messages} messages out");
}

#[test]
fn a_piece_in_an_atomic_makes_it_fail_and_the_last_one_does_not() {
    let group = |commands| {
        let (command_id, meta) = (String::new(), Meta::default());
        let kind = GroupKind::Atomic;
        Command::Group(Group { kind, command_id, no_response: false, meta, commands })
    };
    // More is to come: whether all of it can be done is not known yet, so nothing of it is, and the piece is not kept.
    let begun = group(vec![piece("1", "whole", None, false), piece("2", "ab", Some(4), true)]);
    let rest = piece("2", "cd", None, false);
    let (told, else_said, live) = said(&[(vec![begun], false), (vec![rest], true)]);
    assert_eq!((told, else_said.len(), live), (vec![507, 216, 500, 424], 0, vec![]));
    // Here all is known.
    let first = piece("2", "ab", Some(4), true);
    let ended = group(vec![piece("2", "cd", None, false), piece("1", "whole", None, false)]);
    let (told, else_said, live) = said(&[(vec![first.clone()], false), (vec![ended], true)]);
    let both = vec!["abcd".to_owned(), "whole".to_owned()];
    assert_eq!((told, else_said.len(), live), (vec![213, 200, 201, 201], 0, both));
    // Where another fails, the object is as far as it was, and its last piece may come again.
    let bad = put(ChangeKind::Add, "3", "no note");
    let failed = group(vec![piece("2", "cd", None, false), bad]);
    let again = piece("2", "cd", None, false);
    let (told, else_said, live) = said(&[(vec![first], false), (vec![failed], false), (vec![again], true)]);
    assert_eq!((told, else_said.len()), (vec![213, 507, 216, 415, 201], 0));
    assert_eq!(live, ["abcd"]);
}

#[test]
fn an_app_changes_and_deletes_what_no_row_holds() {
    fn case<S: Store>(world: &World<S>) {
        let mut a = large("a", Encoding::Wbxml);
        (a.piece_bytes, a.max_message) = (100_000, Some(120_000));
        a.add(&photo("Photo", 600_000));
        a.sync(world).unwrap();
        let before = a.text_of("Photo");
        let id = world.records("contacts")[0].id.clone();
        let form = |more: &str| format!("id={}&{more}", id.as_str());
        assert_eq!(
            world.max("POST", "contacts", "", &form("title=Boss")).status,
            200,
            "{}",
            world.last_line()
        );
        let session = a.sync(world).unwrap();
        let after = a.text_of("Photo");
        assert_eq!(session.received, 1);
        let whole = after.len() > before.len() && after.contains("TITLE:Boss");
        assert!(whole && after.replace("TITLE:Boss\r\n", "") == before, "all else is as it was");
        // The same again is nobody's change, and a field can go.
        assert_eq!(world.max("POST", "contacts", "", &form("title=Boss")).status, 200);
        assert!(world.last_line().contains("same again"), "{}", world.last_line());
        assert_eq!(a.sync(world).unwrap().received, 0);
        assert_eq!(world.max("POST", "contacts", "", &form("title=")).status, 200);
        a.sync(world).unwrap();
        assert!(a.text_of("Photo") == before);
        // Larger still is fine, up to what an object may have.
        let note = "n".repeat(900_000);
        assert_eq!(world.max("POST", "contacts", "", &form(&format!("note={note}"))).status, 200);
        assert_eq!(world.max("POST", "contacts", "", &form("_deleted=1")).status, 200);
        assert_eq!((a.sync(world).unwrap().received, a.contents().len()), (1, 0));
        assert_eq!(world.max("POST", "contacts", "", &form("_deleted=1")).status, 200);
        assert!(world.last_line().contains("delete again"), "{}", world.last_line());
    }
    case(&World::new(MemoryStore::new()).reading_on());
    case(&World::new(SqliteStore::new()).reading_on());
}
