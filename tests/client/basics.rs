//! Both ways, in every version, encoding and scheme.

use crate::app::{App, agree, card, post};
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::http::Response;
use anchorage::store::Store;
use anchorage::store::memory::MemoryStore;
use anchorage::syncml::codec::{decode, encode};
use anchorage::syncml::message::{Command, Data};
use anchorage::upstream::{Encoding, Ended, Mode, Scheme};

fn world() -> World<crate::world::MemoryStore> {
    World::new(crate::world::MemoryStore::new()).reading_on()
}

/// First everything, then what changed on both sides.
fn round<S: Store>(app: &App<S>) {
    let world = world();
    let other = App::new(MemoryStore::new(), "other");
    for number in 0..3 {
        app.put(world.clock.get(), &format!("a{number}"), &card(&format!("A{number}"), "first"));
        other.put(world.clock.get(), &format!("b{number}"), &card(&format!("B{number}"), "first"));
    }
    other.synced(&world);
    let first = app.synced(&world);
    let outcome = &first.collections[0];
    assert_eq!((outcome.mode, outcome.why_slow.is_some()), (Mode::Slow, true));
    assert_eq!((outcome.sent.added, outcome.received.added), (3, 3), "{outcome:?}");
    agree(app, &world);
    let idle = app.synced(&world);
    assert_eq!(idle.collections[0].mode, Mode::TwoWay);
    assert_eq!((idle.progress.sent, idle.progress.received, idle.progress.messages), (0, 0, 3));
    other.synced(&world);
    agree(&other, &world);
    let clock = world.clock.get();
    app.put(clock, "a0", &card("A0", "second"));
    app.remove(clock, "a1");
    app.put(clock, "a9", &card("A9", "new"));
    other.put(clock, "b0", &card("B0", "second"));
    other.remove(clock, "b1");
    other.put(clock, "b9", &card("B9", "new"));
    other.put(clock, &other.id_of("A2"), &card("A2", "by another"));
    let sent = other.synced(&world);
    assert_eq!(sent.collections[0].sent, anchorage::upstream::Tally { added: 1, changed: 2, deleted: 1 });
    assert_eq!(app.standing().pending, 3);
    let both = app.synced(&world);
    let tally = anchorage::upstream::Tally { added: 1, changed: 1, deleted: 1 };
    assert_eq!((both.collections[0].sent, both.collections[0].mode), (tally, Mode::TwoWay));
    let tally = anchorage::upstream::Tally { added: 1, changed: 2, deleted: 1 };
    assert_eq!(both.collections[0].received, tally);
    agree(app, &world);
    other.synced(&world);
    agree(&other, &world);
    assert_eq!(app.standing().pending, 0);
    let idle = app.synced(&world);
    assert_eq!((idle.progress.sent, idle.progress.received), (0, 0));
    assert_eq!(app.live("contacts").len(), 6);
}

#[test]
fn both_ends_hold_the_same_in_every_version_and_encoding() {
    for version in ["", "1.0", "1.1", "1.2"] {
        for encoding in [Encoding::Xml, Encoding::Wbxml] {
            round(&App::new(MemoryStore::new(), "one").with(|upstream| {
                upstream.version = version.into();
                upstream.encoding = encoding;
            }));
        }
    }
}

#[test]
fn the_same_over_sqlite() {
    round(&App::new(SqliteStore::new(), "one"));
}

#[test]
fn every_scheme_is_taken() {
    for scheme in [Scheme::Auto, Scheme::Basic, Scheme::Md5, Scheme::Hmac] {
        for version in ["1.0", "1.2"] {
            round(&App::new(MemoryStore::new(), "one").with(|upstream| {
                upstream.scheme = scheme;
                upstream.version = version.into();
            }));
        }
    }
}

#[test]
fn a_wrong_password_is_said_and_changes_nothing() {
    for scheme in [Scheme::Auto, Scheme::Basic, Scheme::Md5, Scheme::Hmac, Scheme::None] {
        let world = world();
        let mut app = App::new(MemoryStore::new(), "one").with(|upstream| upstream.scheme = scheme);
        app.put(world.clock.get(), "a", &card("A", "x"));
        app.upstream.password = "guess".into();
        let report = app.sync(&world);
        assert_eq!(report.ended, Ended::Failed);
        assert_eq!(report.error.unwrap().code, "unauthorized", "{scheme:?}");
        assert!(report.progress.messages <= 3, "{scheme:?} {}", report.progress.messages);
        assert!(world.live("contacts").is_empty());
        app.upstream.password = "secret".into();
        app.upstream.scheme = Scheme::Auto;
        app.synced(&world);
        agree(&app, &world);
    }
}

/// The server says 415 to every Add, and its own items are no cards.
fn soured(response: Response) -> Response {
    let (mut message, encoding) = decode(&response.body).unwrap();
    for command in &mut message.commands {
        match command {
            Command::Status(status) if status.command == "Add" => status.code = 415,
            Command::Sync(sync) => {
                for command in &mut sync.commands {
                    let Command::Change(change) = command else { continue };
                    change.items.iter_mut().for_each(|item| item.data = Some(Data::Bytes(vec![0xFF; 30])));
                }
            }
            _ => {}
        }
    }
    Response { body: encode(&message, encoding), ..response }
}

#[test]
fn what_either_side_refuses_is_named_with_its_reason() {
    let (world, one) = (world(), App::new(MemoryStore::new(), "one"));
    let other = App::new(MemoryStore::new(), "other");
    for number in 0..12 {
        other.put(world.clock.get(), &format!("b{number}"), &card(&format!("B{number}"), "theirs"));
    }
    other.synced(&world);
    one.put(world.clock.get(), "a", &card("A", "ours"));
    let answer = &mut |outgoing| Some(soured(post(&world, outgoing)));
    let report = one.sync_with(&mut world.clock.get(), answer);
    let outcome = &report.collections[0];
    assert_eq!((report.ended, outcome.refused, outcome.refusals.len()), (Ended::Complete, 13, 10));
    let ours = outcome.refusals.iter().find(|refusal| refusal.record == "a").unwrap();
    assert_eq!((ours.item.as_str(), ours.status), ("", 415));
    assert!(ours.message.contains("offered again once it has changed"), "{ours:?}");
    let theirs = outcome.refusals.iter().find(|refusal| refusal.record.is_empty()).unwrap();
    assert_eq!((theirs.item.is_empty(), theirs.status), (false, 415), "{theirs:?}");
}
