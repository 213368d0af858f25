//! Both sides change things, the same ones too.

use crate::scene::*;
use crate::sqlite::SqliteStore;
use anchorage::store::Store;
use anchorage::upstream::{Ended, Input, Mode, Step, Tally};

fn both_ways<S: Store>(scene: Scene<S>) {
    scene.here.put("contacts", "a", &card("Anna", "TEL;CELL:+1\r\nPHOTO;ENCODING=BASE64:AAAA\r\n"), 0);
    scene.here.set("tasks", "t1", &[("title", "milk")], 0);
    scene.there.put("contacts", "b", &card("Bert", "X-ODD:1\r\n"), 0);
    scene.there.set("tasks", "t2", &[("title", "bread"), ("due", "1763000000000")], 0);
    let report = scene.sync();
    for outcome in &report.collections {
        assert_eq!(outcome.sent, Tally { added: 1, ..Tally::default() });
        assert_eq!(outcome.received, Tally { added: 1, ..Tally::default() });
    }
    scene.settled();
    // Edits on both sides of different records, and a delete on each.
    let now = scene.tick();
    scene.here.set("contacts", "b", &[("mobile", "+2")], now);
    scene.there.set("contacts", "a", &[("email", "a@example.org")], now);
    scene.here.delete("tasks", "t2", now);
    scene.there.delete("tasks", "t1", now);
    assert_eq!(scene.standing().pending, 2);
    scene.sync();
    assert_eq!(scene.posts(), 2);
    let body = "id=b&mobile=%2B2";
    assert!(scene.requests.borrow().contains(&format!("POST contacts {body}")), "{:?}", scene.requests);
    scene.settled();
    assert!(scene.here.live("tasks").is_empty() && scene.there.live("tasks").is_empty());
    // What no field shows is where it was.
    assert!(scene.here.bytes("contacts", "a").contains("PHOTO;ENCODING=BASE64:AAAA\r\n"));
    assert!(scene.here.bytes("contacts", "a").contains("a@example.org"));
    assert!(scene.there.bytes("contacts", "b").contains("X-ODD:1"));
}

#[test]
fn changes_go_both_ways_in_memory() {
    both_ways(Scene::new(&[("contacts", Mode::TwoWay), ("tasks", Mode::TwoWay)]));
}

#[test]
fn changes_go_both_ways_in_sqlite() {
    both_ways(Scene::over(SqliteStore::new(), &[("contacts", Mode::TwoWay), ("tasks", Mode::TwoWay)]));
}

#[test]
fn different_fields_of_one_record_are_merged_and_of_one_field_the_later_arrival_wins() {
    for (collection, first, second) in [("contacts", "mobile", "email"), ("tasks", "title", "due")] {
        let scene = Scene::new(&[(collection, Mode::TwoWay)]);
        scene.there.set(collection, "x", &[(first, "1"), (second, "2")], 0);
        scene.sync();
        let now = scene.tick();
        scene.here.set(collection, "x", &[(first, "10")], now);
        scene.there.set(collection, "x", &[(second, "20")], now);
        scene.sync();
        scene.settled();
        assert_eq!(scene.here.value(collection, "x", first), "10");
        assert_eq!(scene.here.value(collection, "x", second), "20");
        scene.here.set(collection, "x", &[(first, "11")], now);
        scene.there.set(collection, "x", &[(first, "12")], now);
        scene.sync();
        scene.settled();
        assert_eq!(scene.there.value(collection, "x", first), "11", "ours arrived last");
    }
}

#[test]
fn an_edit_while_the_feed_is_on_its_way_meets_it_and_goes_out_in_the_same_sync() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    scene.there.set("contacts", "x", &[("lastname", "X"), ("mobile", "1"), ("email", "e")], 0);
    scene.sync();
    scene.there.set("contacts", "x", &[("mobile", "2"), ("email", "server")], scene.now.get());
    let Step::Send(outgoing, _) = scene.step(Input::Begin) else { panic!() };
    let answer = scene.carry(&outgoing);
    scene.here.set("contacts", "x", &[("email", "phone"), ("city", "Rome")], scene.now.get());
    let Step::Send(outgoing, _) = scene.step(Input::Answer(answer)) else { panic!() };
    let value = |name: &str| scene.here.value("contacts", "x", name);
    assert_eq!((value("mobile"), value("email"), value("city")), ("2".into(), "phone".into(), "Rome".into()));
    let answer = scene.carry(&outgoing);
    let Step::Done(report) = scene.step(Input::Answer(answer)) else { panic!() };
    assert_eq!((report.ended, report.collections[0].conflicts), (Ended::Complete, 1));
    scene.settled();
    assert_eq!(scene.there.value("contacts", "x", "email"), "phone");
}

#[test]
fn an_edit_while_our_post_is_on_its_way_goes_out_next() {
    let scene = Scene::new(&[("tasks", Mode::TwoWay)]);
    scene.here.set("tasks", "x", &[("title", "1")], 0);
    let Step::Send(get, _) = scene.step(Input::Begin) else { panic!() };
    let Step::Send(post, _) = scene.step(Input::Answer(scene.carry(&get))) else { panic!() };
    scene.here.set("tasks", "x", &[("title", "2")], scene.tick());
    let Step::Done(_) = scene.step(Input::Answer(scene.carry(&post))) else { panic!() };
    assert_eq!((scene.there.value("tasks", "x", "title").as_str(), scene.standing().pending), ("1", 1));
    scene.sync();
    scene.settled();
    assert_eq!(scene.there.value("tasks", "x", "title"), "2");
}

#[test]
fn an_edit_outlives_a_removal_on_either_side_and_is_whole() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    for id in ["x", "y"] {
        scene.there.put("contacts", id, &card(id, "TEL;CELL:1\r\nX-ODD:1\r\n"), 0);
    }
    scene.sync();
    scene.here.put("contacts", "y", &card("y", "TEL;CELL:1\r\nX-OWN:1\r\n"), scene.tick());
    scene.sync();
    let now = scene.tick();
    scene.here.set("contacts", "x", &[("email", "here")], now);
    scene.there.delete("contacts", "x", now);
    scene.here.delete("contacts", "y", now);
    scene.there.set("contacts", "y", &[("email", "there")], now);
    let report = scene.sync();
    assert_eq!(report.collections[0].conflicts, 2);
    scene.settled();
    for (id, email) in [("x", "here"), ("y", "there")] {
        let value = |name: &str| scene.here.value("contacts", id, name);
        assert_eq!(
            (value("lastname"), value("mobile"), value("email")),
            (id.into(), "1".into(), email.into())
        );
    }
    assert!(scene.here.bytes("contacts", "y").contains("X-OWN:1"), "what only we could show is there again");
}

#[test]
fn what_both_deleted_is_deleted_once() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    scene.there.put("contacts", "x", &card("x", ""), 0);
    scene.sync();
    scene.here.delete("contacts", "x", scene.tick());
    scene.there.delete("contacts", "x", scene.tick());
    scene.sync();
    assert_eq!(scene.posts(), 0);
    scene.settled();
}

#[test]
fn a_record_changed_in_what_no_field_shows_needs_no_request() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    for n in 0..50 {
        scene.here.put("contacts", &format!("c{n}"), &card(&format!("N{n}"), ""), 0);
    }
    scene.sync();
    assert_eq!(scene.posts(), 50);
    for n in 0..50 {
        scene.here.put(
            "contacts",
            &format!("c{n}"),
            &card(&format!("N{n}"), "PHOTO;ENCODING=BASE64:BBBB\r\n"),
            1,
        );
    }
    scene.sync();
    assert_eq!(scene.posts(), 0);
    scene.settled();
}

#[test]
fn one_way_syncs_send_or_receive_and_nothing_else() {
    let scene = Scene::new(&[("contacts", Mode::OneWayFromServer), ("tasks", Mode::OneWayFromClient)]);
    scene.here.put("contacts", "mine", &card("Mine", ""), 0);
    scene.there.put("contacts", "theirs", &card("Theirs", ""), 0);
    scene.here.set("tasks", "mine", &[("title", "m")], 0);
    scene.there.set("tasks", "theirs", &[("title", "t")], 0);
    for _ in 0..2 {
        scene.sync();
        assert_eq!(scene.here.live("contacts").len(), 2);
        assert_eq!(scene.there.live("contacts").len(), 1);
        assert_eq!(scene.here.live("tasks").len(), 1);
        assert_eq!(scene.there.live("tasks").len(), 2);
    }
    scene.there.delete("contacts", "theirs", scene.tick());
    scene.here.delete("tasks", "mine", scene.tick());
    scene.sync();
    assert_eq!((scene.here.live("contacts").len(), scene.there.live("tasks").len()), (1, 1));
}

#[test]
fn events_and_notes_go_through_their_fields() {
    let scene = Scene::new(&[("calendar", Mode::TwoWay), ("notes", Mode::TwoWay)]);
    let event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:e1\r\nDTSTART:20261122T100000Z\r\n\
                 DTEND:20261122T110000Z\r\nSUMMARY:Lunch\\, late\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n\
                 END:VEVENT\r\nEND:VCALENDAR\r\n";
    scene.here.put("calendar", "e1", event, 0);
    scene.here.put("notes", "n1", "first line\nsecond line", 0);
    scene.there.set("calendar", "e2", &[("title", "Tea"), ("start", "1763000000000"), ("allday", "0")], 0);
    scene.sync();
    scene.settled();
    scene.there.set("calendar", "e1", &[("location", "Rome")], scene.tick());
    scene.there.set("notes", "n1", &[("body", "first line\nanother")], scene.tick());
    scene.sync();
    scene.settled();
    assert!(scene.here.bytes("calendar", "e1").contains("BEGIN:VALARM"));
    assert!(scene.here.bytes("calendar", "e1").contains("LOCATION:Rome"));
    assert_eq!(scene.here.bytes("notes", "n1"), "first line\nanother");
}

#[test]
fn a_photo_of_half_a_megabyte_is_no_reason_to_forget_a_number() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    let photo = format!("PHOTO;ENCODING=BASE64:{}\r\n", "QUJD".repeat(150_000));
    scene.here.put("contacts", "big", &card("Big", &photo), 0);
    scene.sync();
    scene.settled();
    let now = scene.tick();
    scene.there.set("contacts", "big", &[("mobile", "+49")], now);
    scene.sync();
    scene.settled();
    assert!(scene.here.record("contacts", "big").unwrap().content.size() > 600_000);
    scene.here.put("contacts", "big", &card("Bigger", &photo), scene.tick());
    scene.sync();
    assert_eq!(scene.there.value("contacts", "big", "lastname"), "Bigger");
    assert_eq!(scene.there.value("contacts", "big", "mobile"), "", "the phone took it away");
}
