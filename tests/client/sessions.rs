//! Pauses, busy servers, older ones, and what a user is told.

use crate::app::{App, Fate, agree, card, post};
use crate::world::World;
use anchorage::http::Response;
use anchorage::store::memory::MemoryStore;
use anchorage::syncml::codec::{decode, encode};
use anchorage::syncml::message::*;
use anchorage::syncml::status;
use anchorage::upstream::{Ended, Input, Mode, Outgoing, Phase, Step};

type Server = crate::world::MemoryStore;

fn world() -> World<Server> {
    World::new(Server::new()).reading_on()
}

/// An app and a server that have much to say to each other.
fn scene(version: &str) -> (World<Server>, App<MemoryStore>) {
    let world = world();
    let small = |upstream: &mut anchorage::upstream::Upstream| {
        (upstream.message_bytes_max, upstream.version) = (2_000, version.into());
    };
    let one = App::new(MemoryStore::new(), "one").with(small).squeezed(2_000);
    let two = App::new(MemoryStore::new(), "two");
    for number in 0..30 {
        one.put(world.clock.get(), &format!("a{number}"), &card(&format!("A{number}"), "x"));
        two.put(world.clock.get(), &format!("b{number}"), &card(&format!("B{number}"), "x"));
    }
    two.synced(&world);
    (world, one)
}

/// Carries until the message of this number is written, then pauses.
fn suspended_at(world: &World<Server>, one: &App<MemoryStore>, at: u64) -> bool {
    let (mut input, mut number) = (Input::Begin, 0);
    loop {
        world.tick(1);
        match one.step(input, world.clock.get()) {
            Step::Done(report) => {
                if report.ended == Ended::Suspended {
                    return true;
                }
                assert_eq!(report.ended, Ended::Complete, "{:?}", report.error);
                return false;
            }
            Step::Wait(..) => panic!(),
            Step::Send(_, _) if number == at => input = Input::Suspend,
            Step::Send(outgoing, _) => input = Input::Answer(post(world, outgoing)),
        }
        number += 1;
    }
}

#[test]
fn a_sync_is_paused_anywhere_and_goes_on() {
    for version in ["1.1", "1.2"] {
        let mut at = 0;
        loop {
            let (world, one) = scene(version);
            if !suspended_at(&world, &one, at) {
                break;
            }
            assert!(!one.standing().under_way);
            world.tick(if at % 2 == 0 { 1_000 } else { 3 * 60 * 60 * 1000 });
            one.put(world.clock.get(), "meanwhile", &card("M", "meanwhile"));
            one.synced(&world);
            one.synced(&world);
            agree(&one, &world);
            assert_eq!(world.live("contacts").len(), 61, "{version} {at}");
            at += 1;
        }
        assert!(at > 4, "{at}");
    }
}

#[test]
fn a_pause_while_nothing_goes_on_is_over_at_once() {
    let one = App::new(MemoryStore::new(), "one");
    let Step::Done(report) = one.step(Input::Suspend, 1) else { panic!() };
    assert_eq!(report.ended, Ended::Suspended);
}

#[test]
fn a_server_that_is_busy_is_waited_for() {
    let (world, one) = scene("1.2");
    let (mut clock, mut number) = (world.clock.get(), 0);
    let report = one.sync_with(&mut clock, &mut |outgoing| {
        number += 1;
        if number % 3 == 0 {
            return Some(Response {
                status: 503,
                headers: vec![("retry-after".into(), "7".into())],
                body: b"busy".to_vec(),
            });
        }
        Some(post(&world, outgoing))
    });
    assert_eq!(report.ended, Ended::Complete, "{:?}", report.error);
    agree(&one, &world);
    let report = one.sync_with(&mut clock, &mut |_| {
        Some(Response { status: 503, headers: Vec::new(), body: Vec::new() })
    });
    assert_eq!(report.error.unwrap().code, "busy");
}

/// The message, taken away, and "busy" (101) instead: the result comes when it is asked for.
#[test]
fn what_is_in_progress_is_asked_for_again() {
    let (world, one) = scene("1.2");
    let mut clock = world.clock.get();
    let (mut kept, mut number) = (None::<Response>, 0);
    let report = one.sync_with(&mut clock, &mut |outgoing| {
        number += 1;
        let (asked, encoding) = decode(&outgoing.body).unwrap();
        let asks_result = asked.commands.iter().any(|c| matches!(c, Command::Alert(a) if a.code == "221"));
        if let Some(kept) = kept.take() {
            assert!(asks_result && !asked.last, "{asked:?}");
            return Some(kept);
        }
        let answer = post(&world, outgoing);
        if number % 2 == 0 {
            return Some(answer);
        }
        let (mut busy, _) = decode(&answer.body).unwrap();
        busy.commands.truncate(1);
        let Command::Status(header) = &mut busy.commands[0] else { panic!() };
        (header.code, busy.last) = (status::IN_PROGRESS, false);
        kept = Some(answer.clone());
        Some(Response { body: encode(&busy, encoding), ..answer })
    });
    assert_eq!(report.ended, Ended::Complete, "{:?}", report.error);
}

#[test]
fn an_older_server_is_spoken_to_in_its_own_version() {
    let (world, one) = scene("");
    let lower = |code: u16, most: &'static str| {
        move |world: &World<Server>, outgoing: Outgoing| {
            let (asked, encoding) = decode(&outgoing.body).unwrap();
            if asked.header.dtd.as_str() <= most {
                return Some(post(world, outgoing));
            }
            let header = Header {
                dtd: most.into(),
                protocol: format!("SyncML/{most}"),
                session_id: asked.header.session_id.clone(),
                message_id: 1,
                target: asked.header.source.clone(),
                source: asked.header.target.clone(),
                ..Header::default()
            };
            let refused = Status {
                command_id: "1".into(),
                message_ref: 1,
                command_ref: "0".into(),
                command: "SyncHdr".into(),
                code,
                ..Status::default()
            };
            let answer = Message { header, commands: vec![Command::Status(refused)], last: true };
            Some(Response { status: 200, headers: Vec::new(), body: encode(&answer, encoding) })
        }
    };
    for (code, most) in [(513, "1.1"), (505, "1.0")] {
        let answer = lower(code, most);
        let report = one.sync_with(&mut world.clock.get(), &mut |outgoing| answer(&world, outgoing));
        assert_eq!(report.ended, Ended::Complete, "{:?}", report.error);
        agree(&one, &world);
    }
    let mut fixed = App::new(MemoryStore::new(), "fixed");
    fixed.upstream.version = "1.2".into();
    let answer = lower(513, "1.0");
    let report = fixed.sync_with(&mut world.clock.get(), &mut |outgoing| answer(&world, outgoing));
    assert_eq!(report.error.unwrap().code, "protocol");
}

#[test]
fn what_went_wrong_is_said_in_a_word_that_stays() {
    let one = App::new(MemoryStore::new(), "one");
    for (status, body, code) in [
        (404, "no such page", "not-found"),
        (401, "", "unauthorized"),
        (500, "oops", "refused"),
        (200, "<html>hello</html>", "protocol"),
        (200, "", "protocol"),
    ] {
        let mut clock = 1_760_000_000_000;
        let report = one.sync_with(&mut clock, &mut |_| {
            Some(Response { status, headers: Vec::new(), body: body.as_bytes().to_vec() })
        });
        assert_eq!(report.ended, Ended::Failed);
        let error = report.error.unwrap();
        assert_eq!(error.code, code, "{status}");
        assert!(error.message.ends_with('.') && error.message.len() > 20, "{}", error.message);
        assert_eq!(one.standing().last_report.unwrap().error.unwrap().code, code);
    }
    let mut clock = 1_760_000_000_000;
    let report = one.sync_with(&mut clock, &mut |_| None);
    assert_eq!(report.error.unwrap().code, "unreachable");
    assert!(one.standing().under_way);
    let mut strange = App::new(MemoryStore::new(), "strange");
    strange.upstream.account = anchorage::record::AccountId("nobody".into());
    let Step::Done(report) = strange.step(Input::Begin, 1) else { panic!() };
    assert_eq!(report.error.unwrap().code, "not-found");
}

#[test]
fn how_far_it_is_can_be_seen() {
    let (world, one) = scene("1.2");
    let mut phases = Vec::new();
    let mut input = Input::Begin;
    let report = loop {
        match one.step(input, world.clock.get()) {
            Step::Send(outgoing, progress) => {
                assert!(one.standing().under_way);
                assert!(progress.sent <= progress.sent_of || progress.sent_of == 0);
                if phases.last() != Some(&progress.phase) {
                    phases.push(progress.phase);
                }
                input = Input::Answer(post(&world, outgoing));
            }
            Step::Wait(..) => panic!(),
            Step::Done(report) => break report,
        }
    };
    assert_eq!(phases, [Phase::Connecting, Phase::Receiving, Phase::Finishing]);
    let progress = report.progress;
    assert_eq!((progress.sent, progress.sent_of, progress.received, progress.received_of), (30, 30, 30, 30));
    assert!(progress.bytes_sent > 1_000 && progress.bytes_received > 1_000);
}

#[test]
fn another_wish_is_another_session() {
    let (world, mut one) = scene("1.2");
    let broken =
        one.sync_through(&world, &mut |number, _| if number < 3 { Fate::Arrives } else { Fate::LostRequest });
    assert_eq!(broken.ended, Ended::Failed);
    one.mode(Mode::OneWayFromServer);
    one.synced(&world);
    one.mode(Mode::TwoWay);
    one.synced(&world);
    agree(&one, &world);
    assert_eq!(one.live("contacts").len(), 60);
}
