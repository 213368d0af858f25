//! Every row of the table of refusals (MAX 2.5), in every spelling that some client understands.

use crate::scenario;
use crate::world::*;
use anchorage::exchange::{Seed, exchange};
use anchorage::http::Request;
use anchorage::max::Max;
use anchorage::store::{Batch, Reads, Receipt, Snapshot, Store, StoreError};

scenario!(a_token_that_does_not_count_is_401_with_601_and_tells_nobody_why, world => {
    let answer = |token: &str| world.serve(get(&format!("/max/tasks?auth={token}"))).response;
    let unknown = answer("unknown");
    assert_eq!(unknown.status, 401);
    assert_eq!(header(&unknown, "x-error"), Some("invalid auth token"));
    for token in ["", "gone", "stale", "orphan", "demo-token", "x%00y", &"z".repeat(10_000)] {
        assert_eq!(answer(token), unknown, "{token}");
    }
    assert_eq!(world.serve(get("/max/tasks")).response, unknown);
    // A data source that is not there is not told apart either.
    assert_eq!(world.get("/max/none?auth=unknown").status, 401);
    world.settings.local = true;
    assert_eq!(world.get("/max/tasks?auth=demo-token").status, 200);
});

scenario!(a_bad_lbd_is_400, world => {
    for lbd in ["x", "-1", "+1", "1.0", "%201", "1%00", "12345678901234567", "%D9%A3", "0x10", "1e3", "%FF"] {
        world.get(&format!("/max/tasks?lbd={lbd}&{AUTH}")).refused(400, 400, "lbd must be");
    }
    // Whoever is nobody learns nothing about lbd.
    world.get("/max/tasks?lbd=x&auth=unknown").refused(401, 601, "invalid auth token");
});

scenario!(an_lbd_from_the_future_is_reset_never_an_empty_delta, world => {
    let stamp = world.submit("tasks", "id=A&title=One");
    assert_eq!(world.feed("tasks", &stamp.to_string()).items.len(), 0);
    for lbd in [stamp + 1, 9_999_999_999_999_999] {
        world.get(&format!("/max/tasks?lbd={lbd}&{AUTH}")).refused(200, 600, "lbd=0");
    }
});

scenario!(a_bad_body_is_400_with_the_field_named, world => {
    let cases = [
        ("title=x", "missing field: id"),
        ("", "missing field: id"),
        ("id=&title=x", "id must be 1 to 255 bytes"),
        ("id=A&color=red", "unknown field: color"),
        ("id=A&Title=x", "unknown field: Title"),
        ("id=A&=x", "unknown field: "),
        ("id=A&done=many", "done"),
        ("id=A&done=1.5", "done"),
        ("id=A&done=99999999999999999999", "done"),
        ("id=A&due=tomorrow", "due"),
        ("id=A&due=2026-01-01", "due"),
        ("id=A&title=x&title=y", "field stands twice: title"),
        ("id=A&id=B", "field stands twice: id"),
        ("id=A&_date=1", "unknown field: _date"),
        ("id=A&_deleted=2", "_deleted must be"),
        ("id=A&_type=ARCHIVE", "_type must be"),
        ("id=A&title=%00", "title: XML cannot carry the character U+0000"),
        ("id=A&title=a%0Bb", "U+000B"),
        ("id=A&title=%EF%BF%BF", "U+FFFF"),
        ("id=A&title=%FF", "not UTF-8"),
        ("id=A&%C3=x", "not UTF-8"),
        ("id=%00", "U+0000"),
    ];
    for (body, words) in cases {
        world.post(&format!("/max/tasks?{AUTH}"), body).refused(400, 400, words);
    }
    world.post(&format!("/max/tasks?{AUTH}"), &format!("id={}", "x".repeat(256))).refused(400, 400, "id must be");
    let long = world.post(&format!("/max/tasks?{AUTH}"), &format!("id=A&{}=1", "n".repeat(5000)));
    assert!(long.error.unwrap().len() < 200);
    assert_eq!(world.feed("tasks", "0").items.len(), 0);
    world.submit("tasks", &format!("id={}", "x".repeat(255)));
});

scenario!(a_lenient_server_ignores_what_it_does_not_know, world => {
    world.settings.max_lenient = true;
    world.submit("tasks", "id=A&color=red&title=x&title=y&shade=%00");
    assert_eq!(world.feed("tasks", "0").lines(), ["id=A title=y done=0 due=0"]);
    world.post(&format!("/max/tasks?{AUTH}"), "id=A&_date=1").refused(400, 400, "_date");
    world.post(&format!("/max/tasks?{AUTH}"), "id=A&done=x").refused(400, 400, "done");
});

scenario!(an_unknown_data_source_is_404, world => {
    for path in ["/max/none", "/max/TASKS", "/max/none/app", "/max/tasks%00", "/max/task", "/max/tasks%2Fapp"] {
        world.get(&format!("{path}?{AUTH}")).refused(404, 404, "unknown data source");
    }
    world.post(&format!("/max/none?{AUTH}"), "id=A").refused(404, 404, "unknown data source");
    for path in ["/max", "/max/", "/max//", "/max/tasks/", "/max/tasks/x", "/max/tasks/app/", "/max/%FF", "/max/a/b/c"] {
        world.get(&format!("{path}?{AUTH}")).refused(404, 404, "unknown data source");
    }
});

scenario!(a_read_only_data_source_is_403_to_writers, world => {
    for body in ["id=A&title=x", "id=A&_deleted=1", "nonsense"] {
        world.post(&format!("/max/fixed?{AUTH}"), body).refused(403, 403, "read-only");
    }
    assert_eq!(world.feed("fixed", "0").items.len(), 0);
});

scenario!(too_large_a_body_or_record_is_413, world => {
    let body = |size: usize| format!("id=A&title={}", "x".repeat(size - "id=A&title=".len()));
    world.post(&format!("/max/tasks?{AUTH}"), &body(1_000_001)).refused(413, 413, "1000000 bytes");
    world.post(&format!("/max/tasks?{AUTH}"), &body(1_000_000)).refused(413, 413, "450000 bytes");
    let claimed = with(post(&format!("/max/tasks?{AUTH}"), ""), "content-length", "100000000");
    world.ask(claimed).refused(413, 413, "1000000 bytes");
    world.submit("tasks", &body(440_000));
    world.post(&format!("/max/tasks?{AUTH}"), &body(460_000)).refused(413, 413, "450000 bytes");
    assert_eq!(world.feed("tasks", "0").items[0][1].1.len(), 440_000 - "id=A&title=".len());
});

scenario!(a_compressed_or_foreign_body_is_415, world => {
    let posting = || post(&format!("/max/tasks?{AUTH}"), "id=A&title=One");
    for coding in ["gzip", "deflate", "br", "x"] {
        world.ask(with(posting(), "content-encoding", coding)).refused(415, 415, "compressed");
    }
    for foreign in ["text/xml", "application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded; charset=utf-16"] {
        world.ask(with(posting(), "content-type", foreign)).refused(415, 415, "application/x-www-form-urlencoded");
    }
    assert_eq!(world.feed("tasks", "0").items.len(), 0);
    assert_eq!(world.ask(with(posting(), "content-encoding", "identity")).status, 200);
    let bare = Request { headers: vec![], ..posting() };
    assert_eq!(world.ask(bare).status, 200);
    assert_eq!(world.ask(with(posting(), "content-type", "application/x-www-form-urlencoded;charset=UTF-8")).status, 200);
});

scenario!(another_method_is_405_with_allow, world => {
    for (path, methods, allow) in [
        ("/max/tasks", ["PUT", "DELETE", "HEAD", "OPTIONS", "get", ""], "GET, POST"),
        ("/max/tasks/app", ["PUT", "DELETE", "HEAD", "POST", "PATCH", ""], "GET"),
        ("/max/logon", ["PUT", "DELETE", "HEAD", "GET", "TRACE", ", "], "POST"),
    ] {
        for method in methods {
            let request = Request { method: method.into(), ..get(&format!("{path}?{AUTH}")) };
            let served = world.serve(request);
            Answer::read(&served.response).refused(405, 405, allow);
            assert_eq!(header(&served.response, "allow"), Some(allow));
            assert_eq!(served.cost.batches, 0, "the store is not troubled");
        }
    }
});

scenario!(legacy_mode_answers_200_with_the_number, world => {
    world.settings.max_legacy = true;
    world.get("/max/tasks?auth=unknown").refused(200, 601, "invalid auth token");
    world.post("/max/logon", "email=ann&password=wrong").refused(200, 602, "wrong name or password");
    world.get(&format!("/max/tasks?lbd=9999999999999999&{AUTH}")).refused(200, 600, "lbd=0");
    world.get(&format!("/max/none?{AUTH}")).refused(200, 404, "unknown data source");
    world.post(&format!("/max/tasks?{AUTH}"), "id=A&x=y").refused(200, 400, "unknown field: x");
});

/// A store that says no.
struct Away(StoreError);

impl Store for Away {
    async fn read(&self, _: &Reads) -> Result<Snapshot, StoreError> {
        Err(self.0.clone())
    }
    async fn commit(&self, _: &Batch) -> Result<Receipt, StoreError> {
        Err(self.0.clone())
    }
}

#[test]
fn a_busy_store_is_503_with_retry_after_and_a_broken_one_500() {
    let world: InMemory = World::new(Default::default());
    for legacy in [false, true] {
        let settings = anchorage::settings::Settings { max_legacy: legacy, ..world.settings.clone() };
        let ask = |error: StoreError, request: Request| {
            let mut max = Max::new(&request, &settings).unwrap();
            let served = now_or_never(exchange(&mut max, &Away(error), world.now, Seed::new([1; 32])));
            hold(&request, &served);
            served
        };
        for request in [get(&format!("/max/tasks?{AUTH}")), post(&format!("/max/tasks?{AUTH}"), "id=A")] {
            for error in [StoreError::Busy("D1 is overloaded".into()), StoreError::Conflict] {
                let served = ask(error, request.clone());
                Answer::read(&served.response).refused(503, 503, "try again");
                assert_eq!(header(&served.response, "retry-after"), Some("2"));
            }
            let served = ask(StoreError::Broken("no such column: secret".into()), request);
            Answer::read(&served.response).refused(500, 500, "something is wrong");
            assert!(!String::from_utf8_lossy(&served.response.body).contains("secret"));
            assert!(served.line.unwrap().contains("no such column"));
        }
    }
}
