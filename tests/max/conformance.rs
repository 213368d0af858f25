//! The conformance list of MAX 9 (server), a test each, and our own readings beside them.

use crate::scenario;
use crate::world::*;
use anchorage::http::{Request, coding};

scenario!(lbd_0_is_a_full_feed, world => {
    let first = world.submit("tasks", "id=A&title=One&done=1&due=1262304000000");
    world.submit("tasks", "id=B&title=Two");
    world.submit("tasks", "id=C&title=Three");
    world.submit("tasks", "id=C&_deleted=1");
    for lbd in ["lbd=0&", "lbd=&", "", "lbd=0000&", "lbd=0&lbd=7&"] {
        let feed = world.get(&format!("/max/tasks?{lbd}{AUTH}"));
        assert_eq!(feed.title, "tasks");
        assert_eq!(feed.lines(), ["id=A title=One done=1 due=1262304000000", "id=B title=Two done=0 due=0"], "{lbd}");
        assert_eq!(feed.stamp(), first + 3);
    }
});

scenario!(a_delta_is_strict, world => {
    let a = world.submit("tasks", "id=A&title=One");
    let b = world.submit("tasks", "id=B&title=Two");
    assert!(CREATED < a && a < b);
    let ids = |lbd: i64| world.feed("tasks", &lbd.to_string()).items.iter().map(|i| i[0].1.clone()).collect::<Vec<_>>();
    assert_eq!(ids(a - 1), ["A", "B"]);
    assert_eq!(ids(a), ["B"]);
    assert_eq!(ids(b), [""; 0]);
});

scenario!(an_empty_delta_is_valid_xml_with_title_and_last_build_date, world => {
    let empty = world.feed("tasks", "0");
    assert_eq!((empty.title.as_str(), empty.stamp(), empty.items.len()), ("tasks", CREATED, 0));
    let stamp = world.submit("tasks", "id=A&title=One");
    let empty = world.feed("tasks", &stamp.to_string());
    assert_eq!((empty.title.as_str(), empty.stamp(), empty.items.len()), ("tasks", stamp, 0));
});

scenario!(a_tombstone_is_the_id_and_deleted_only, world => {
    let stamp = world.submit("tasks", "id=A&title=One&done=1");
    world.submit("tasks", "id=A&_deleted=1");
    assert_eq!(world.feed("tasks", &stamp.to_string()).lines(), ["id=A _deleted=1"]);
    assert_eq!(world.feed("tasks", "0").items.len(), 0);
    world.submit("parts", "code=X&title=Bolt");
    world.submit("parts", "code=X&_deleted=1");
    assert_eq!(world.feed("parts", &stamp.to_string()).lines(), ["code=X _deleted=1"]);
});

scenario!(an_update_is_a_full_item, world => {
    let stamp = world.submit("tasks", "id=A&title=One&done=1&due=5");
    world.submit("tasks", "id=A&done=2");
    assert_eq!(world.feed("tasks", &stamp.to_string()).lines(), ["id=A title=One done=2 due=5"]);
});

scenario!(utf8_without_bom_and_everything_escaped, world => {
    let title = "\u{feff}<a href=\"x\">O'Neil & Söhne</a> ]]> \u{1f600} \u{10ffff}\r\n\ttab \u{85}\u{2028}";
    world.submit("tasks", &format!("id={}&title={}", encode("<&>'\" é"), encode(title)));
    let request = get(&format!("/max/tasks?{AUTH}"));
    let response = world.serve(request).response;
    let text = String::from_utf8(response.body.clone()).unwrap();
    assert!(text.contains("&lt;a href=&quot;x&quot;&gt;O&apos;Neil &amp; Söhne&lt;/a&gt; ]]&gt;"));
    assert!(text.contains("&#13;\n\ttab"));
    let answer = Answer::read(&response);
    assert_eq!(answer.items[0][0].1, "<&>'\" é");
    assert_eq!(answer.items[0][1].1, title);
});

scenario!(gzip_at_1025_bytes_but_not_at_1024_and_not_without_accept_encoding, world => {
    world.submit("tasks", "id=A&title=x");
    let length = |request| world.serve(request).response.body.len();
    let target = format!("/max/tasks?{AUTH}");
    let short = length(get(&target));
    for (pad, coded) in [(1024, "identity"), (1025, "gzip")] {
        world.submit("tasks", &format!("id=A&title={}", "x".repeat(pad - short + 1)));
        assert_eq!(length(get(&target)), pad);
        let response = world.serve(with(get(&target), "accept-encoding", "gzip")).response;
        assert_eq!(header(&response, "content-encoding"), Some(coded), "{pad}");
        assert_eq!(plain(&response).len(), pad);
        for no in ["identity", "gzip;q=0", "br, deflate", "", "*", "br, gzip;q=0.8"] {
            let response = world.serve(with(get(&target), "accept-encoding", no)).response;
            assert_eq!(header(&response, "content-encoding"), Some("identity"), "{no}");
        }
    }
    let response = world.serve(with(get(&target), "accept-encoding", "br;q=0.5, gzip;q=0.8, *;q=0")).response;
    assert!(response.body.len() < 400);
    assert_eq!(coding::gunzip(&response.body, 1025).unwrap().len(), 1025);
});

// `World::serve` holds every answer of every test to these; here is one of each kind.
scenario!(no_transform_exact_length_and_no_cookies_on_every_answer, world => {
    let targets = ["/max/tasks", "/max/none", "/max/tasks/app", "/max/logon", "/max/", "/max/fixed"];
    for target in targets {
        for query in [String::new(), AUTH.to_owned(), format!("{AUTH}&lbd=x"), format!("{AUTH}&lbd=9999999999999999")] {
            for method in ["GET", "POST", "PUT", "HEAD", ""] {
                let request = Request { method: method.into(), ..get(&format!("{target}?{query}")) };
                world.serve(with(request.clone(), "cookie", "a=b"));
                world.serve(with(request, "content-type", "text/plain"));
            }
        }
    }
});

scenario!(auth_is_checked_on_get_and_post, world => {
    for token in ["", "auth=", "auth=wrong", "auth=stale", "auth=gone", "auth=orphan", "auth=demo-token"] {
        world.get(&format!("/max/tasks?lbd=0&{token}")).refused(401, 601, "invalid auth token");
        world.post(&format!("/max/tasks?{token}"), "id=A&title=One").refused(401, 601, "invalid auth token");
        world.get(&format!("/max/tasks/app?{token}")).refused(401, 601, "invalid auth token");
    }
    assert_eq!(world.feed("tasks", "0").items.len(), 0);
});

scenario!(a_token_comes_in_the_query_the_body_or_a_header, world => {
    world.submit("tasks", "id=A&title=query");
    let ok = |request: Request| world.ask(request).status;
    assert_eq!(ok(post("/max/tasks", &format!("id=B&title=body&{AUTH}"))), 200);
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(ok(with(post("/max/tasks", "id=C&title=header"), "authorization", &bearer)), 200);
    assert_eq!(ok(with(get("/max/tasks"), "authorization", &format!("bEARER   {TOKEN} "))), 200);
    assert_eq!(ok(with(get(&format!("/max/tasks?{AUTH}")), "authorization", "Basic YTpi")), 200);
    assert_eq!(ok(post(&format!("/max/tasks?{AUTH}"), &format!("id=D&{AUTH}"))), 200);
    assert_eq!(ok(post(&format!("/max/tasks?{AUTH}"), "id=E&auth=")), 200);
    let refused = |request| world.ask(request).refused(401, 601, "invalid auth token");
    refused(post(&format!("/max/tasks?{AUTH}"), "id=F&auth=other"));
    refused(post("/max/tasks?auth=other", &format!("id=F&{AUTH}")));
    refused(with(get(&format!("/max/tasks?{AUTH}")), "authorization", "Bearer other"));
    refused(get(&format!("/max/tasks?{AUTH}&auth=other")));
    refused(with(get("/max/tasks"), "authorization", &format!("Basic {TOKEN}")));
    refused(with(get("/max/tasks"), "cookie", AUTH));
    let ids: Vec<_> = world.feed("tasks", "0").items.iter().map(|item| item[0].1.clone()).collect();
    assert_eq!(ids, ["A", "B", "C", "D", "E"]);
});

scenario!(insert_partial_update_and_delete_and_each_repeated, world => {
    let insert = world.submit("tasks", "id=A&title=One&done=1&due=-5");
    assert_eq!(world.submit("tasks", "id=A&title=One&done=1&due=-5"), insert);
    assert_eq!(world.feed("tasks", &insert.to_string()).items.len(), 0);
    let update = world.submit("tasks", "id=A&title=Uno");
    assert_eq!(update, insert + 1);
    assert_eq!(world.submit("tasks", "id=A&title=Uno"), update);
    assert_eq!(world.submit("tasks", "id=A"), update);
    assert_eq!(world.submit("tasks", "id=A&_deleted=0&done=1"), update);
    assert_eq!(world.feed("tasks", &insert.to_string()).lines(), ["id=A title=Uno done=1 due=-5"]);
    assert_eq!(world.feed("tasks", &update.to_string()).items.len(), 0);
    let delete = world.submit("tasks", "id=A&_deleted=1");
    assert_eq!(delete, update + 1);
    assert_eq!(world.submit("tasks", "id=A&_deleted=true"), delete);
    assert_eq!(world.submit("tasks", "id=A&_type=DELETE"), delete);
    assert_eq!(world.feed("tasks", &delete.to_string()).items.len(), 0);
    assert_eq!(world.feed("tasks", &update.to_string()).lines(), ["id=A _deleted=1"]);
});

scenario!(a_submission_that_changes_nothing_writes_nothing, world => {
    world.submit("tasks", "id=A&title=One&done=0");
    for body in ["id=A&title=One", "id=A", "id=B&_deleted=1", "id=A&done=0", "id=A&done=&due="] {
        let served = world.serve(post(&format!("/max/tasks?{AUTH}"), body));
        assert_eq!((served.response.status, served.cost.batches), (200, 1), "{body}");
    }
    assert_eq!(world.serve(post(&format!("/max/tasks?{AUTH}"), "id=A&done=1")).cost.batches, 2);
    assert_eq!(world.serve(get(&format!("/max/tasks?{AUTH}"))).cost.batches, 1);
});

scenario!(plus_and_percent_20_are_spaces, world => {
    world.submit("tasks", "id=A+1&title=one+two%20three%2Bfour");
    world.submit("tasks", "id=A%201&done=1");
    assert_eq!(world.feed("tasks", "0").lines(), ["id=A 1 title=one two three+four done=1 due=0"]);
});

scenario!(deleting_an_unknown_id_is_a_success, world => {
    let stamp = world.submit("tasks", "id=A&title=One");
    assert_eq!(world.submit("tasks", "id=unknown&_deleted=1"), stamp);
    assert_eq!(world.submit("tasks", "id=unknown&_deleted=1&title=x"), stamp);
    assert_eq!(world.feed("tasks", &stamp.to_string()).items.len(), 0);
});

scenario!(an_odd_cache_control_is_accepted, world => {
    let odd = |request| {
        let request = with(request, "cache-control", "no-transform;no-cache");
        with(with(request, "pragma", "no-cache"), "if-none-match", "\"x")
    };
    assert_eq!(world.ask(odd(post(&format!("/max/tasks?{AUTH}"), "id=A"))).status, 200);
    assert_eq!(world.ask(odd(get(&format!("/max/tasks?{AUTH}")))).items.len(), 1);
});

scenario!(an_update_after_a_delete_revives_with_only_its_own_fields, world => {
    world.submit("tasks", "id=A&title=One&done=1");
    let delete = world.submit("tasks", "id=A&_deleted=1");
    world.submit("tasks", "id=A&title=Again");
    assert_eq!(world.feed("tasks", &delete.to_string()).lines(), ["id=A title=Again done=0 due=0"]);
    world.settings.max_delete_wins = true;
    let delete = world.submit("tasks", "id=A&_deleted=1");
    assert_eq!(world.submit("tasks", "id=A&title=Once more"), delete);
    assert_eq!(world.feed("tasks", &delete.to_string()).items.len(), 0);
    assert_eq!(world.feed("tasks", "0").items.len(), 0);
});

scenario!(a_primary_key_may_have_any_name_and_stand_anywhere, world => {
    world.submit("parts", "code=X1&title=Bolt");
    let served = world.serve(post(&format!("/max/parts?{AUTH}"), "title=Nut&code=X2"));
    assert_eq!((served.response.status, served.cost.batches), (200, 3), "a wrong guess costs a second read");
    let served = world.serve(post(&format!("/max/parts?{AUTH}"), "code=X1&title=Screw"));
    assert_eq!((served.response.status, served.cost.batches), (200, 2));
    assert_eq!(world.feed("parts", "0").lines(), ["code=X2 title=Nut", "code=X1 title=Screw"]);
    world.post(&format!("/max/parts?{AUTH}"), "id=X1&title=x").refused(400, 400, "unknown field: id");
    world.post(&format!("/max/parts?{AUTH}"), "title=x").refused(400, 400, "missing field: code");
});

scenario!(an_alias_leads_to_the_same_data_source, world => {
    world.post(&format!("/max/chores?{AUTH}"), "id=A&title=One");
    let feed = world.get(&format!("/max/chores?{AUTH}"));
    assert_eq!((feed.title.as_str(), feed.items.len()), ("tasks", 1));
});

scenario!(other_data_sources_are_left_out, world => {
    let stamp = world.submit("tasks", "id=A&title=One");
    world.submit("parts", "code=A&title=One");
    let feed = world.feed("tasks", &stamp.to_string());
    assert_eq!((feed.items.len(), feed.stamp()), (0, stamp + 1));
});

scenario!(unknown_query_parameters_are_ignored, world => {
    world.submit("tasks", "id=A&title=One");
    let feed = world.get(&format!("/max/tasks?title=other&x=%FF&{AUTH}&lbd=0&&=&%00=1"));
    assert_eq!((feed.status, feed.items.len()), (200, 1));
    assert_eq!(world.post(&format!("/max/tasks?{AUTH}&lbd=nonsense&title=q"), "id=A&lbd=nonsense").status, 200);
    assert_eq!(world.feed("tasks", "0").lines()[0], "id=A title=One done=0 due=0");
});

scenario!(alt_json_is_the_same_channel_as_json, world => {
    let stamp = world.submit("tasks", "id=A&title=One");
    world.submit("tasks", "id=B&title=Two");
    world.submit("tasks", "id=B&_deleted=1");
    let json = |target: String| -> serde_json::Value { serde_json::from_slice(&world.serve(get(&target)).response.body).unwrap() };
    assert_eq!(
        json(format!("/max/tasks?alt=json&lbd={}&{AUTH}", stamp - 1)),
        serde_json::json!({"title": "tasks", "lastBuildDate": stamp + 2, "items": [
            {"id": "A", "title": "One", "done": "0", "due": "0"}, {"id": "B", "_deleted": "1"}]})
    );
    assert_eq!(json("/max/tasks?alt=json".into()), serde_json::json!({"title": "tasks", "error": "invalid auth token"}));
});

scenario!(a_write_sweeps_once_a_day_and_an_older_lbd_is_reset, world => {
    let stamp = world.submit("tasks", "id=A&title=One");
    world.submit("tasks", "id=A&_deleted=1");
    let delta = world.feed("tasks", &stamp.to_string());
    assert_eq!(delta.items.len(), 1);
    world.now += 91 * 24 * 60 * 60 * 1000;
    world.submit("tasks", "id=A&_deleted=1");
    assert_eq!(world.feed("tasks", &stamp.to_string()).items.len(), 1, "what writes nothing does not sweep either");
    world.submit("tasks", "id=B&title=Two");
    world.get(&format!("/max/tasks?lbd={stamp}&{AUTH}")).refused(200, 600, "lbd=0");
    world.get(&format!("/max/tasks?lbd=1&{AUTH}")).refused(200, 600, "lbd=0");
    assert_eq!(world.feed("tasks", "0").items.len(), 1);
    let horizon = world.now - 90 * 24 * 60 * 60 * 1000;
    assert_eq!(world.feed("tasks", &horizon.to_string()).items.len(), 1);
    world.get(&format!("/max/tasks?lbd={}&{AUTH}", horizon - 1)).refused(200, 600, "lbd=0");
    world.now += 60 * 60 * 1000;
    world.submit("tasks", "id=B&title=Three");
    assert_eq!(world.feed("tasks", &horizon.to_string()).items.len(), 1, "an hour later nothing is swept again");
});

scenario!(the_log_says_what_was_asked_and_what_became_of_it, world => {
    let stamp = world.submit("tasks", "id=A&title=One");
    world.submit("tasks", "id=B&title=Two");
    world.submit("tasks", "id=B&_deleted=1");
    let line = |request| world.serve(request).line.unwrap().split(';').next().unwrap().to_owned();
    let feed = get(&format!("/max/tasks?lbd={}&{AUTH}", stamp - 1));
    let expected = format!("max GET tasks by login ann: since {}, 1 changed, 1 deleted, to {}", stamp - 1, stamp + 2);
    assert_eq!(line(feed), expected);
    let posting = |body: &str| post(&format!("/max/tasks?{AUTH}"), body);
    assert_eq!(line(posting("id=C&title=x")), "max POST tasks by login ann: insert C");
    assert_eq!(line(posting("id=C&title=y")), "max POST tasks by login ann: update C");
    assert_eq!(line(posting("id=C&title=y")), "max POST tasks by login ann: same again C");
    assert_eq!(line(posting("id=C&_deleted=1")), "max POST tasks by login ann: delete C");
    assert_eq!(line(posting("id=C&title=z")), "max POST tasks by login ann: revive C");
    assert_eq!(line(posting("id=D&x%0Ay=1")), "max POST tasks by login ann: refused: unknown field");
    assert_eq!(line(get("/max/tasks?auth=x")), "max GET tasks: refused: invalid auth token");
    assert_eq!(line(get(&format!("/max/tasks/app?{AUTH}"))), "max GET tasks/app by login ann: application file");
    let put = Request { method: "PUT\n".into(), ..get("/max/tasks") };
    assert_eq!(line(put), "max PUT? tasks: refused: only GET, POST can be answered here");
});

scenario!(a_feed_in_pages_is_the_feed_of_its_first_page, world => {
    for n in 0..5 {
        world.submit("tasks", &format!("id={n}&title=x"));
    }
    let head = world.feed("tasks", "0").stamp();
    let first = world.get(&format!("/max/tasks?lbd=0&limit=2&{AUTH}"));
    assert_eq!((first.items.len(), first.stamp()), (2, head));
    // What changes meanwhile is in the next delta, and in no page.
    world.submit("tasks", "id=0&title=late");
    world.submit("tasks", "id=4&title=late");
    let mut ids: Vec<String> = first.items.iter().map(|item| item[0].1.clone()).collect();
    let mut more = first.more;
    while !more.is_empty() {
        let page = world.get(&format!("/max/tasks?lbd=0&limit=2&more={more}&{AUTH}"));
        assert_eq!((page.status, page.stamp()), (200, head));
        ids.extend(page.items.iter().map(|item| item[0].1.clone()));
        more = page.more;
    }
    assert_eq!(ids, ["0", "1", "2", "3"]);
    let delta: Vec<String> = world.feed("tasks", &head.to_string()).items.iter().map(|i| i[0].1.clone()).collect();
    assert_eq!(delta, ["0", "4"]);
    assert_eq!(world.get(&format!("/max/tasks?lbd=0&limit=5&{AUTH}")).more, "", "all of it was there");
    world.get(&format!("/max/tasks?lbd=0&limit=2&more=x&{AUTH}")).refused(400, 400, "more must be");
    world.get(&format!("/max/tasks?lbd=0&limit=2&more=1.{}&{AUTH}", i64::from(u32::MAX) << 20)).refused(200, 600, "lbd=0");
    for ignored in ["limit=0", "limit=x", "limit=", "more=1.2"] {
        let feed = world.get(&format!("/max/tasks?lbd=0&{ignored}&{AUTH}"));
        assert_eq!((feed.items.len(), feed.more.as_str()), (5, ""), "{ignored}");
    }
});
