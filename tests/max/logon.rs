//! `POST /max/logon` (MAX 5): tokens, wrong passwords, and how they slow down.

use crate::scenario;
use crate::world::*;
use anchorage::http::Request;
use anchorage::settings::Settings;
use anchorage::store::Store;

fn text<S: Store>(world: &World<S>, body: &str) -> (u16, String) {
    let response = world.serve(post("/max/logon", body)).response;
    (response.status, String::from_utf8(response.body).unwrap())
}

scenario!(a_right_password_becomes_a_token, world => {
    for body in ["email=ann&password=right", "login=ann&password=right&label=My+phone&x=y"] {
        let (status, answer) = text(&world, body);
        assert_eq!(status, 200);
        let token = answer.strip_prefix("OK:").unwrap().to_owned();
        assert_eq!(token.len(), 43);
        assert!(!token.contains(':'));
        let feed = world.get(&format!("/max/tasks?auth={token}"));
        assert_eq!(feed.status, 200);
    }
    let (_, one) = text(&world, "email=ann&password=right");
    let (_, two) = text(&world, "email=ann&password=right");
    assert_ne!(one, two);
});

scenario!(alt_json_is_a_channel_whose_first_item_holds_the_token, world => {
    let response = world.serve(post("/max/logon?alt=json", "email=ann&password=right")).response;
    let json: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(json["title"], "logon");
    assert_eq!(json["items"][0]["email"], "ann");
    let token = json["items"][0]["token"].as_str().unwrap();
    assert_eq!(world.get(&format!("/max/tasks?auth={token}")).status, 200);
    let response = world.serve(post("/max/logon?alt=json", "email=ann&password=wrong")).response;
    let json: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((response.status, header(&response, "x-status-code")), (401, Some("602")));
    assert_eq!(json["error"], "wrong name or password");
});

scenario!(a_bad_logon_is_401_with_602_whoever_it_names, world => {
    let long = format!("email={}&password=x", "n".repeat(300));
    let huge = format!("email=ann&password={}", "n".repeat(3000));
    let cases = [
        "email=ann&password=wrong", "email=ann&password=", "email=nobody&password=right", "email=&password=right",
        "email=demo&password=demo", "email=ann%00&password=right", "email=ANN&password=right",
        "email=ann'%20OR%20'1'='1&password=x", "email=nobody&password=", &long, &huge,
    ];
    for body in cases {
        let answer = world.post("/max/logon", body);
        answer.refused(401, 602, "wrong name or password");
        assert_eq!(answer.title, "logon");
    }
    world.post("/max/logon", "password=right").refused(400, 400, "missing field: email");
    world.post("/max/logon", "email=ann").refused(400, 400, "missing field: password");
    world.post("/max/logon?email=ann&password=right", "").refused(400, 400, "missing field: email");
    world.settings.local = true;
    assert_eq!(text(&world, "email=demo&password=demo").0, 200);
});

scenario!(wrong_passwords_slow_down_but_a_right_one_within_ten_tries_gets_in, world => {
    for _ in 0..9 {
        world.post("/max/logon", "email=ann&password=wrong").refused(401, 602, "wrong");
    }
    assert_eq!(text(&world, "email=ann&password=right").0, 200, "the tenth try");
    for _ in 0..10 {
        world.post("/max/logon", "email=ann&password=wrong").refused(401, 602, "wrong");
    }
    let paused = world.serve(post("/max/logon", "email=ann&password=right"));
    Answer::read(&paused.response).refused(429, 602, "try again in 1 seconds");
    assert_eq!(header(&paused.response, "retry-after"), Some("1"));
    assert_eq!(paused.cost.batches, 1, "a pause writes nothing");
    // Somebody else, and the same login from elsewhere, are not slowed down.
    world.post("/max/logon", "email=bob&password=wrong").refused(401, 602, "wrong");
    let elsewhere = Request { address: "192.0.2.2".into(), ..post("/max/logon", "email=ann&password=right") };
    assert_eq!(world.serve(elsewhere).response.status, 200);
    let mut longest = 0;
    for _ in 0..20 {
        let pause = world.serve(post("/max/logon", "email=ann&password=wrong"));
        let seconds: i64 = header(&pause.response, "retry-after").unwrap().parse().unwrap();
        longest = longest.max(seconds);
        world.now += seconds * 1000;
        world.post("/max/logon", "email=ann&password=wrong").refused(401, 602, "wrong");
    }
    assert_eq!(longest, 300);
    world.now += 300_000;
    assert_eq!(text(&world, "email=ann&password=right").0, 200, "once the pause is over");
    assert_eq!(text(&world, "email=ann&password=right").0, 200, "and it is forgotten");
});

scenario!(a_server_without_a_secret_takes_no_passwords, world => {
    world.settings = Settings::default();
    world.post("/max/logon", "email=ann&password=right").refused(401, 602, "ANCHORAGE_SECRET");
    assert_eq!(world.feed("tasks", "0").status, 200);
});

scenario!(the_log_names_the_login_and_never_the_password, world => {
    let line = world.serve(post("/max/logon", "email=ann&password=right")).line.unwrap();
    assert!(line.starts_with("max POST logon by login ann: signed in"), "{line}");
    let line = world.serve(post("/max/logon", "email=a%0Ab&password=hunter2")).line.unwrap();
    assert!(line.contains("refused") && !line.contains("hunter2"), "{line}");
    let line = world.serve(post("/max/logon", "email=b&password=hunter2")).line.unwrap();
    assert!(line.starts_with("max POST logon by login b: refused: wrong name or password"), "{line}");
});
