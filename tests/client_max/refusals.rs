//! What a server may say no to, and what the client makes of it.

use crate::scene::*;
use anchorage::http::Response;
use anchorage::upstream::{Ended, Input, Mode, Step};

fn refuse(status: u16, number: u16) -> Response {
    let headers = vec![("x-status-code".to_owned(), number.to_string())];
    Response { status, headers, body: Vec::new() }
}

#[test]
fn a_name_and_a_password_become_a_token_once_and_again_when_it_is_revoked() {
    let mut scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    (scene.upstream.login, scene.upstream.password) = ("ann".into(), "right".into());
    scene.there.put("contacts", "a", &card("A", ""), 0);
    scene.sync();
    let logons =
        |scene: &Scene<_>| scene.requests.borrow().iter().filter(|line| line.contains("logon")).count();
    assert_eq!(logons(&scene), 1);
    scene.sync();
    assert_eq!(logons(&scene), 0, "the token is kept");
    // The token no longer counts: the next request is refused, and the client signs in anew.
    let refused = std::cell::Cell::new(false);
    *scene.instead.borrow_mut() = Some(Box::new(move |outgoing| {
        let first = outgoing.url.contains("/contacts") && !refused.replace(true);
        first.then(|| refuse(401, 601))
    }));
    scene.sync();
    assert_eq!(logons(&scene), 1);
    *scene.instead.borrow_mut() = None;
    scene.upstream.password = "wrong".into();
    scene.sync();
    scene.upstream.login = "bert".into();
    let report = scene.sync_with(|_| Fault::None);
    let error = report.error.unwrap();
    assert_eq!((report.ended, error.code.as_str(), error.status), (Ended::Failed, "unauthorized", 602));
    assert!(error.message.contains("wrong name or password"), "{}", error.message);
}

#[test]
fn a_wrong_token_keeps_everything_that_waits() {
    let mut scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    scene.here.put("contacts", "a", &card("A", ""), 0);
    scene.upstream.password = "nonsense".into();
    for legacy in [false, true] {
        scene.there.settings.max_legacy = legacy;
        let error = scene.sync_with(|_| Fault::None).error.unwrap();
        assert_eq!((error.code.as_str(), error.status), ("unauthorized", 601));
        assert_eq!(scene.standing().last_report.unwrap().error, Some(error));
    }
    scene.upstream.password = TOKEN.into();
    scene.sync();
    scene.settled();
    assert_eq!(scene.there.live("contacts").len(), 1);
}

#[test]
fn one_refused_record_does_not_hold_up_the_others_and_is_tried_again() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    scene.sync();
    for n in 0..5 {
        scene.here.put("contacts", &format!("h{n}"), &card(&format!("H{n}"), ""), scene.tick());
    }
    *scene.instead.borrow_mut() =
        Some(Box::new(|outgoing| outgoing.body.starts_with(b"id=h2&").then(|| refuse(400, 400))));
    let report = scene.sync_with(|_| Fault::None);
    assert_eq!((report.ended, report.collections[0].refused), (Ended::Complete, 1));
    let refusal = &report.collections[0].refusals[0];
    assert_eq!((refusal.record.as_str(), refusal.status, report.error), ("h2", 400, None), "why is told");
    assert_eq!((scene.there.live("contacts").len(), scene.standing().pending), (4, 1));
    *scene.instead.borrow_mut() = None;
    scene.sync();
    assert_eq!(scene.posts(), 1);
    scene.settled();
}

#[test]
fn a_record_refused_before_and_after_a_break_is_told_once() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    for n in 0..4 {
        scene.here.put("contacts", &format!("h{n}"), &card(&format!("H{n}"), ""), 0);
    }
    *scene.instead.borrow_mut() =
        Some(Box::new(|outgoing| outgoing.body.starts_with(b"id=h0&").then(|| refuse(400, 400))));
    let report = scene.sync_with(|number| if number < 3 { Fault::None } else { Fault::LostRequest });
    assert_eq!((report.ended, report.collections[0].refused), (Ended::Failed, 1));
    let report = scene.sync_with(|_| Fault::None);
    let outcome = &report.collections[0];
    assert_eq!((report.ended, outcome.refused, outcome.refusals.len()), (Ended::Complete, 1, 1));
}

#[test]
fn a_read_only_or_unknown_source_is_said_and_the_next_pair_goes_on() {
    let mut scene = Scene::new(&[("contacts", Mode::TwoWay), ("tasks", Mode::TwoWay)]);
    scene.here.set("tasks", "t", &[("title", "x")], 0);
    scene.upstream.pairs[0].remote = "nowhere".into();
    let report = scene.sync_with(|_| Fault::None);
    assert_eq!(report.collections[0].error.as_ref().unwrap().code, "not-found");
    assert_eq!((report.ended, report.error.unwrap().code.as_str()), (Ended::Failed, "not-found"));
    assert_eq!(scene.there.live("tasks").len(), 1);
    scene.upstream.pairs[0].remote.clear();
    scene.here.put("contacts", "a", &card("A", ""), 0);
    scene.here.put("contacts", "b", &card("B", ""), 0);
    scene.there.put("contacts", "c", &card("C", ""), 0);
    *scene.instead.borrow_mut() = Some(Box::new(|outgoing| {
        (outgoing.method == "POST" && outgoing.url.contains("contacts")).then(|| refuse(403, 403))
    }));
    let report = scene.sync_with(|_| Fault::None);
    assert_eq!(report.collections[0].error.as_ref().unwrap().code, "refused");
    assert_eq!(scene.here.live("contacts").len(), 3, "the feed came in all the same");
    *scene.instead.borrow_mut() = None;
    scene.sync();
    scene.settled();
}

#[test]
fn a_busy_server_is_waited_for_and_not_for_ever() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    let busy =
        || Response { status: 503, headers: vec![("retry-after".into(), "3".into())], body: Vec::new() };
    let Step::Send(..) = scene.step(Input::Begin) else { panic!() };
    let Step::Wait(until, _) = scene.step(Input::Answer(busy())) else { panic!() };
    assert_eq!(until, scene.now.get() + 3000);
    *scene.instead.borrow_mut() = Some(Box::new(move |_| Some(busy())));
    let mut input = Input::Begin;
    let report = loop {
        match scene.step(input) {
            Step::Send(outgoing, _) => input = Input::Answer(scene.carry(&outgoing)),
            Step::Wait(..) => input = Input::Lost("busy".into()),
            Step::Done(report) => break report,
        }
    };
    assert_eq!(report.error.unwrap().code, "busy");
}

#[test]
fn what_is_no_max_server_is_said_in_words() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    for (body, why) in [
        ("<html>hello</html>", "no MAX channel"),
        ("<rss><channel><title>t</title></channel></rss>", "no lastBuildDate"),
        ("", "no MAX channel"),
    ] {
        *scene.instead.borrow_mut() = Some(Box::new(move |_| {
            Some(Response { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() })
        }));
        let report = scene.sync_with(|_| Fault::None);
        let error = report.error.unwrap();
        assert_eq!(error.code, "protocol");
        assert!(error.message.contains(why), "{}", error.message);
        assert!(!scene.standing().under_way);
    }
}

#[test]
fn hostile_feeds_change_nothing_but_what_they_say() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    scene.here.put("contacts", "mine", &card("Mine", ""), 0);
    let long = "x".repeat(300);
    let feed = format!(
        "<rss><channel><lastBuildDate>7</lastBuildDate>\
         <item><id></id><lastname>a</lastname></item><item><lastname>b</lastname></item><item/>\
         <item><id>{long}</id></item><item><id>mine</id><_deleted>1</_deleted></item>\
         <item><id>d</id><birthday>soon</birthday></item>\
         <item><id>twice</id><lastname>first</lastname></item><item><id>twice</id><lastname>last</lastname></item>\
         <item><id>e</id><nobody>knows</nobody><lastname>E</lastname></item></channel></rss>"
    );
    *scene.instead.borrow_mut() = Some(Box::new(move |outgoing| {
        let body = if outgoing.method == "GET" { feed.clone().into_bytes() } else { Vec::new() };
        Some(Response { status: 200, headers: Vec::new(), body })
    }));
    let report = scene.sync_with(|_| Fault::None);
    assert_eq!((report.ended, report.collections[0].refused), (Ended::Complete, 5), "{report:?}");
    let refusals = &report.collections[0].refusals;
    assert!(refusals[0].message.contains("no id"), "{refusals:?}");
    assert_eq!((refusals.len(), refusals[4].item.as_str(), &report.error), (5, "d", &None));
    let ids: Vec<String> = scene.here.view("contacts").into_keys().collect();
    assert_eq!(ids, ["e", "mine", "twice"]);
    assert_eq!(scene.here.value("contacts", "twice", "lastname"), "last");
}

#[test]
fn a_refresh_and_an_address_that_is_none_are_refused_before_anything_is_asked() {
    let mut scene = Scene::new(&[("contacts", Mode::RefreshFromServer)]);
    let refused = |scene: &Scene<_>| match scene.step(Input::Begin) {
        Step::Done(report) => report.error.unwrap().message,
        other => panic!("{other:?}"),
    };
    assert!(refused(&scene).contains("no refresh"));
    scene.upstream.pairs[0].mode = Mode::TwoWay;
    scene.upstream.url = "file:///etc/passwd".into();
    assert!(refused(&scene).contains("no address"));
}
