//! Whatever is lost, whoever dies, after any step: both end equal, nothing stands twice.

use crate::scene::*;
use anchorage::upstream::{Ended, Mode};

const FAULTS: [Fault; 4] = [Fault::LostRequest, Fault::LostAnswer, Fault::DiesBefore, Fault::DiesAfter];

/// A first sync and a second one, with edits and deletes on both sides, and one fault at request `at` of either.
fn play(fault: Fault, at: usize) -> bool {
    let scene = Scene::new(&[("contacts", Mode::TwoWay), ("tasks", Mode::TwoWay)]);
    for n in 0..4 {
        scene.here.put("contacts", &format!("h{n}"), &card(&format!("H{n}"), "TEL;CELL:1\r\nX-A:1\r\n"), 0);
        scene.there.put("contacts", &format!("t{n}"), &card(&format!("T{n}"), "TEL;CELL:1\r\nX-B:1\r\n"), 0);
        scene.here.set("tasks", &format!("h{n}"), &[("title", "h")], 0);
    }
    let mut happened = 0;
    let mut once = |number: usize| {
        let now = number == at;
        happened += usize::from(now);
        if now { fault } else { Fault::None }
    };
    let report = scene.sync_with(&mut once);
    assert_eq!(report.ended, Ended::Complete, "{fault:?} at {at}: {report:?}");
    assert_eq!(scene.here.view("contacts"), scene.there.view("contacts"), "{fault:?} at {at}");
    let now = scene.tick();
    scene.here.set("contacts", "t0", &[("mobile", "2")], now);
    scene.there.set("contacts", "t0", &[("email", "e")], now);
    scene.here.delete("contacts", "t1", now);
    scene.there.delete("contacts", "h1", now);
    scene.there.set("contacts", "h2", &[("note", "n")], now);
    scene.here.set("contacts", "new", &[("lastname", "New")], now);
    scene.here.set("tasks", "h0", &[("done", "1")], now);
    let report = scene.sync_with(&mut once);
    assert_eq!(report.ended, Ended::Complete, "{fault:?} at {at}: {report:?}");
    scene.settled();
    assert_eq!(scene.here.view("contacts").len(), 7, "{fault:?} at {at}");
    assert_eq!(scene.here.value("contacts", "t0", "mobile"), "2");
    assert_eq!(scene.here.value("contacts", "t0", "email"), "e");
    assert!(scene.here.bytes("contacts", "h2").contains("X-A:1"));
    assert!(scene.there.bytes("contacts", "t0").contains("X-B:1"));
    happened > 0
}

#[test]
fn one_fault_at_any_request_changes_nothing_in_the_end() {
    for fault in FAULTS {
        let mut at = 0;
        while play(fault, at) {
            at += 1;
        }
        assert!(at >= 10, "{at}");
    }
}

#[test]
fn every_second_request_may_be_lost() {
    for fault in FAULTS {
        let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
        for n in 0..30 {
            scene.here.put("contacts", &format!("h{n}"), &card(&format!("H{n}"), ""), 0);
            scene.there.put("contacts", &format!("t{n}"), &card(&format!("T{n}"), ""), 0);
        }
        let report = scene.sync_with(|number| if number % 2 == 0 { fault } else { Fault::None });
        assert_eq!(report.ended, Ended::Complete, "{fault:?}");
        assert_eq!(scene.here.live("contacts").len(), 60);
        scene.settled();
    }
}

#[test]
fn a_server_that_is_away_ends_the_sync_in_words_and_the_next_one_goes_on() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    for n in 0..10 {
        scene.here.put("contacts", &format!("h{n}"), &card(&format!("H{n}"), ""), 0);
    }
    let report = scene.sync_with(|number| if number < 5 { Fault::None } else { Fault::LostRequest });
    assert_eq!(report.ended, Ended::Failed);
    let error = report.error.unwrap();
    assert_eq!(error.code, "unreachable");
    assert!(error.message.contains("connection refused"), "{}", error.message);
    let standing = scene.standing();
    assert!(standing.under_way);
    assert_eq!((standing.pending, standing.last_sync), (6, 0));
    let report = scene.sync();
    assert_eq!(report.collections[0].sent.added, 10, "the report is of the whole");
    assert_eq!(scene.posts(), 6);
    scene.settled();
}

#[test]
fn a_record_deleted_while_its_first_post_is_unanswered_does_not_come_back() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    scene.there.put("contacts", "other", &card("Other", ""), 0);
    scene.sync();
    scene.here.put("contacts", "x", &card("X", ""), scene.tick());
    let report = scene.sync_with(|number| if number == 0 { Fault::None } else { Fault::LostAnswer });
    assert_eq!(report.ended, Ended::Failed);
    assert_eq!(scene.there.live("contacts").len(), 2);
    scene.here.delete("contacts", "x", scene.tick());
    scene.sync();
    scene.settled();
    assert_eq!(scene.here.live("contacts").len(), 1);
}

#[test]
fn a_pause_is_taken_up_again() {
    use anchorage::upstream::{Input, Step};
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    for n in 0..5 {
        scene.here.put("contacts", &format!("h{n}"), &card(&format!("H{n}"), ""), 0);
    }
    let Step::Send(get, _) = scene.step(Input::Begin) else { panic!() };
    let answer = scene.carry(&get);
    let Step::Send(post, progress) = scene.step(Input::Answer(answer)) else { panic!() };
    assert_eq!((progress.sent, progress.sent_of), (0, 5));
    scene.carry(&post);
    let Step::Done(report) = scene.step(Input::Suspend) else { panic!() };
    assert_eq!(report.ended, Ended::Suspended);
    assert!(scene.standing().under_way);
    scene.sync();
    scene.settled();
    assert!(!scene.standing().under_way);
}
