//! Whatever is lost on the way, and wherever the process dies: it ends as if nothing had happened.

use crate::app::{App, Fate, agree, card, keys};
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::store::Store;
use anchorage::store::memory::MemoryStore;
use anchorage::upstream::{Encoding, Ended, Mode, Report};

const MODES: [Mode; 6] = [
    Mode::TwoWay,
    Mode::Slow,
    Mode::OneWayFromClient,
    Mode::RefreshFromClient,
    Mode::OneWayFromServer,
    Mode::RefreshFromServer,
];

/// Small messages, so that every package has several.
fn one<S: Store>(store: S) -> App<S> {
    App::new(store, "one")
        .with(|upstream| {
            upstream.message_bytes_max = 1_300;
            upstream.encoding = Encoding::Xml;
        })
        .squeezed(1_300)
}

/// Both have synchronised, and both have changed things since.
fn prepared<S: Store, T: Store + 'static>(app: &App<S>, server: T) -> World<T> {
    let world = World::new(server).reading_on();
    let other = App::new(MemoryStore::new(), "other");
    for number in 0..6 {
        app.put(world.clock.get(), &format!("a{number}"), &card(&format!("A{number}"), "first"));
        other.put(world.clock.get(), &format!("b{number}"), &card(&format!("B{number}"), "first"));
    }
    other.synced(&world);
    app.synced(&world);
    other.synced(&world);
    let clock = world.clock.get();
    for number in 0..2 {
        app.put(clock, &format!("a{number}"), &card(&format!("A{number}"), "changed by the app"));
        app.put(clock, &format!("n{number}"), &card(&format!("N{number}"), "new on the app"));
        app.remove(clock, &format!("a{}", 5 - number));
        other.put(clock, &format!("b{number}"), &card(&format!("B{number}"), "changed by the other"));
        other.put(clock, &format!("m{number}"), &card(&format!("M{number}"), "new on the other"));
        other.remove(clock, &format!("b{}", 5 - number));
    }
    other.synced(&world);
    world
}

/// What both hold after a sync in which the message of this number meets this fate.
fn run<S: Store, T: Store + 'static>(
    store: S,
    server: T,
    mode: Mode,
    fault: Option<(u64, Fate)>,
) -> (Vec<String>, Vec<String>, Report) {
    let mut app = one(store);
    let world = prepared(&app, server);
    app.mode(mode);
    let mut met = false;
    let report = app.sync_through(&world, &mut |number, _| match fault {
        Some((at, fate)) if at == number && !met => {
            met = true;
            fate
        }
        _ => Fate::Arrives,
    });
    assert_eq!(report.ended, Ended::Complete, "{mode:?} {fault:?}: {:?} {}", report.error, world.last_line());
    let held = (keys(&app.live("contacts")), keys(&world.live("contacts")), report);
    // What was done is done: nothing of it comes again.
    app.mode(Mode::TwoWay);
    app.synced(&world);
    let idle = app.synced(&world);
    assert_eq!((idle.progress.sent, idle.progress.received), (0, 0), "{mode:?} {fault:?}");
    agree(&app, &world);
    held
}

fn all_faults<S: Store, T: Store + 'static>(store: impl Fn() -> S, server: impl Fn() -> T) {
    for mode in MODES {
        let (here, there, report) = run(store(), server(), mode, None);
        let messages = report.progress.messages;
        assert!(messages >= 3, "{mode:?} {messages}");
        for number in 0..messages {
            for fate in [Fate::DiedBefore, Fate::LostRequest, Fate::LostAnswer, Fate::DiedAfter] {
                let (here_too, there_too, report_too) = run(store(), server(), mode, Some((number, fate)));
                assert!(here_too == here, "{mode:?} {number} {fate:?}: here");
                assert!(there_too == there, "{mode:?} {number} {fate:?}: there");
                assert_eq!(report_too.collections, report.collections, "{mode:?} {number} {fate:?}");
            }
        }
    }
}

#[test]
fn a_message_may_be_lost_or_the_process_die_at_any_place() {
    all_faults(MemoryStore::new, crate::world::MemoryStore::new);
}

#[test]
fn the_same_over_sqlite() {
    let run = |fault| run(SqliteStore::new(), crate::world::MemoryStore::new(), Mode::TwoWay, fault);
    let (here, there, report) = run(None);
    for number in 0..report.progress.messages {
        for fate in [Fate::LostAnswer, Fate::DiedBefore] {
            let (here_too, there_too, _) = run(Some((number, fate)));
            assert_eq!((here_too, there_too), (here.clone(), there.clone()), "{number} {fate:?}");
        }
    }
}

#[test]
fn a_server_that_was_never_heard_is_given_up_within_seconds_and_one_that_was_is_waited_for() {
    let waited = |first: u64| {
        let (app, world) = (one(MemoryStore::new()), World::new(MemoryStore::new()));
        let mut lost_at = 0;
        let report = app.sync_through(&world, &mut |number, _| {
            if number < first {
                return Fate::Arrives;
            }
            lost_at = if number == first { world.clock.get() } else { lost_at };
            Fate::LostRequest
        });
        assert_eq!(report.ended, Ended::Failed);
        assert_eq!(report.error.unwrap().code, "unreachable");
        world.clock.get() - lost_at
    };
    assert!(waited(0) < 5_000);
    assert!(waited(1) > 40_000, "in the middle of a session it is worth waiting");
}

/// A session that is lost for good: the server has forgotten it when the client comes back.
#[test]
fn a_session_that_is_forgotten_is_resumed_or_begun_anew() {
    for version in ["1.1", "1.2"] {
        for mode in MODES {
            let expected = run(MemoryStore::new(), crate::world::MemoryStore::new(), mode, None);
            for at in 0..expected.2.progress.messages {
                for fate in [Fate::LostRequest, Fate::LostAnswer] {
                    let mut app = one(MemoryStore::new());
                    app.upstream.version = version.into();
                    let world = prepared(&app, crate::world::MemoryStore::new());
                    app.mode(mode);
                    let broken = app.sync_through(&world, &mut |number, _| {
                        if number < at { Fate::Arrives } else { fate }
                    });
                    let code = broken.error.as_ref().map(|error| error.code.as_str());
                    assert_eq!((broken.ended, code), (Ended::Failed, Some("unreachable")), "{mode:?} {at}");
                    world.tick(60 * 60 * 1000);
                    let report = app.sync(&world);
                    assert_eq!(
                        report.ended,
                        Ended::Complete,
                        "{version} {mode:?} {at} {fate:?}: {:?} {}",
                        report.error,
                        world.last_line()
                    );
                    let held = (keys(&app.live("contacts")), keys(&world.live("contacts")));
                    assert!(
                        held == (expected.0.clone(), expected.1.clone()),
                        "{version} {mode:?} {at} {fate:?}"
                    );
                }
            }
        }
    }
}
