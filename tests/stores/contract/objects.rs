//! Large objects: bodies beyond a row, and pieces on their way from a device and to it.

use crate::house::*;
use anchorage::limits;
use anchorage::record::{Body, Content, Form, Large, Record, Seq};
use anchorage::store::{
    Batch, Change, Edit, Piece, PieceRange, Reads, RecordVersion, Session, Store, Sweep, Who,
};

/// So many bytes, different everywhere: text with characters of one to four bytes, or no text at all.
fn bytes(count: usize, is_text: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(count + 16);
    let mut number: u32 = 7;
    while bytes.len() < count {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match is_text {
            true => bytes.extend_from_slice(format!("{number:x}\"é€\u{10FFFF}\r\n").as_bytes()),
            false => bytes.extend_from_slice(&number.to_be_bytes()),
        }
    }
    let mut end = count;
    while is_text && std::str::from_utf8(&bytes[..end]).is_err() {
        end += 1;
    }
    bytes.truncate(end);
    bytes
}

fn large(form: Form, bytes: Vec<u8>) -> Content {
    Content::Body(Body { form, bytes })
}

fn left(content: &Content) -> Content {
    let Content::Body(body) = content else { panic!() };
    Content::Large(Large { form: body.form.clone(), size: body.bytes.len() })
}

fn whole(record: &str, seq: Seq) -> RecordVersion {
    (at("contacts"), id(record), seq)
}

pub fn large_bodies_are_read_where_they_are_asked_for<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let edge = limits::RECORD_BYTES_MAX;
    let bodies = [
        large(Form::Vcard30, bytes(edge + 1, true)),
        large(Form::Plain, bytes(1_500_000, true)),
        large(Form::Opaque("x;chunks".into()), bytes(1_000_000, false)),
        large(Form::Opaque("x;base64".into()), bytes(700_000, true)),
        large(Form::Plain, vec![1; edge + 9]),
    ];
    let exact = large(Form::Plain, vec![b'x'; edge]);
    let mut made: Vec<Change> = Vec::new();
    for (index, body) in bodies.iter().enumerate() {
        made.push(change("contacts", &format!("r{index}"), body.clone()));
    }
    made.push(change("contacts", "small", exact.clone()));
    made.push(change("contacts", "word", large(Form::Opaque("x;chunks".into()), b"x".to_vec())));
    commit(&store, &changing(&account, made));
    let stored = changes(&store, &account, "contacts", 0);
    for (record, body) in stored.iter().zip(&bodies) {
        assert_eq!(record.content, left(body));
        let reads = Reads {
            whole: vec![whole(record.id.as_str(), record.seq)],
            records: vec![("card".into(), vec![record.id.clone()])],
            page: page("card", record.seq - 1, 1, 10),
            ..asking(&account)
        };
        let snapshot = read(&store, &reads);
        assert_eq!(snapshot.records[0].content, *body);
        assert_eq!(snapshot.page[0].record.content, *body);
    }
    assert_eq!((&stored[5].content, stored[6].content.size()), (&exact, 1));
    // A stamp that is not there asks for nothing.
    let reads = Reads {
        whole: vec![whole("r0", 1), whole("none", stored[0].seq)],
        records: vec![("card".into(), vec![id("r0")])],
        ..asking(&account)
    };
    assert_eq!(read(&store, &reads).records[0].content, left(&bodies[0]));
}

pub fn superseded_large_bodies_are_kept_and_swept<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let (first, second) = (bytes(600_000, true), bytes(500_000, false));
    let put = |bytes: &[u8]| {
        let content = large(Form::Vcard30, bytes.to_vec());
        let change = Change { supersede: true, ..change("contacts", "r", content) };
        commit(&store, &changing(&account, vec![change])).head
    };
    let one = put(&first);
    aliased(&store, &account, vec![alias("contacts", "r", Some("1"), 0, one)]);
    let two = put(&second);
    let three = put(b"small");
    let reads = |whole: Vec<RecordVersion>| Reads {
        whole,
        versions: vec![("card".into(), vec![(id("r"), one), (id("r"), two)])],
        luids: vec![("card".into(), vec![luid("1")])],
        ..asking(&account)
    };
    let snapshot = read(&store, &reads(Vec::new()));
    let sizes: Vec<usize> = snapshot.versions.iter().map(|version| version.content.size()).collect();
    assert_eq!(sizes, [first.len(), second.len()]);
    assert!(snapshot.versions.iter().all(|version| version.content.body().is_none()));
    let held = &snapshot.held[0];
    assert_eq!((&held.base, &held.base_large), (&None, &Some((one, first.len(), Form::Vcard30))));
    let snapshot = read(&store, &reads(vec![whole("r", one), whole("r", two)]));
    let body = |record: &Record| record.content.body().unwrap().bytes.clone();
    assert_eq!(snapshot.versions.iter().map(body).collect::<Vec<_>>()[1], second);
    assert_eq!(snapshot.held[0].base.as_ref().unwrap().bytes, first);
    assert_eq!((snapshot.held[0].base_large.clone(), three > two), (None, true));
    let sweep = Some(Sweep { horizon: two, now: BORN, traces: 0 });
    commit(&store, &Batch { sweep, ..batch(&account) });
    let snapshot = read(&store, &reads(vec![whole("r", one), whole("r", two)]));
    assert_eq!(snapshot.versions.len(), 1, "the first was superseded before the horizon");
    assert_eq!(body(&snapshot.versions[0]), second);
    // A record that comes back after its account went has nothing of the old one.
    commit(&store, &Batch { edits: vec![Edit::RemoveAccount], ..batch(&account) });
    open(&store, "a");
    assert!(read(&store, &reads(vec![whole("r", two)])).versions.is_empty());
}

pub fn pieces_are_kept_by_place_and_go_with_their_device<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let (ours, theirs) = (open(&store, "a"), open(&store, "b"));
    let piece = |leaving: bool, start: u64, bytes: &[u8]| Piece { leaving, start, bytes: bytes.to_vec() };
    let keep = |account, pieces: Vec<Piece>| commit(&store, &Batch { pieces, ..batch(account) });
    let kept = |account: &anchorage::record::AccountId, leaving: u64| {
        let reads = Reads { arriving: true, leaving, ..asking(account) };
        read(&store, &reads).pieces
    };
    let session = Some(Session { expires: BORN, ..Session::default() });
    commit(&store, &Batch { session, ..batch(&ours) });
    let full = bytes(500_000, false);
    keep(&ours, vec![piece(true, 5, b"out"), piece(false, 7, b"\0\xFF"), piece(false, 0, &full)]);
    keep(&ours, vec![piece(true, 8, b"more"), piece(true, 12, b"rest"), piece(false, 7, b"again")]);
    keep(&theirs, vec![piece(false, 0, b"other")]);
    let arrived = [piece(false, 0, &full), piece(false, 7, b"again")];
    assert_eq!(kept(&ours, 0), arrived);
    assert_eq!(kept(&ours, 2)[2..], [piece(true, 5, b"out"), piece(true, 8, b"more")]);
    let nobody = Reads { arriving: true, leaving: 9, ..Reads::of(Who::Account(ours.clone())) };
    assert!(read(&store, &nobody).pieces.is_empty());
    // What is dropped goes before what is kept comes.
    let dropped = Batch {
        pieces_dropped: vec![PieceRange { leaving: true, from: 5, to: 12 }, PieceRange::all(false)],
        pieces: vec![piece(false, 3, b"new")],
        ..batch(&ours)
    };
    commit(&store, &dropped);
    assert_eq!(kept(&ours, 9), [piece(false, 3, b"new"), piece(true, 12, b"rest")]);
    // The session is over, and the sweep takes it and what was on its way.
    let sweep = |horizon| Some(Sweep { horizon, now: BORN, traces: 0 });
    commit(&store, &Batch { sweep: sweep(BORN), ..batch(&ours) });
    assert_eq!(kept(&ours, 9).len(), 2);
    commit(&store, &Batch { sweep: sweep(BORN + 1), ..batch(&ours) });
    assert!(kept(&ours, 9).is_empty());
    commit(&store, &Batch { edits: vec![Edit::ForgetPeer(peer("phone"))], ..batch(&theirs) });
    assert!(kept(&theirs, 9).is_empty());
}
