//! Signing in and out, and whose token opens what.

use crate::scenario;
use crate::world::*;
use anchorage::api::Caller;
use anchorage::record::AccountId;
use serde_json::{Value, json};

fn sign_in<S: anchorage::store::Store>(world: &World<S>, login: &str, password: &str) -> Answer {
    let body = json!({ "login": login, "password": password, "label": "console" });
    world.ask(with_json(bare("POST", "/api/login"), &body))
}

scenario!(a_name_and_a_password_become_a_token_that_is_given_back, world => {
    let signed_in = sign_in(&world, "ann", PASSWORD).of(201);
    let token = signed_in["token"].as_str().unwrap();
    assert_eq!([&signed_in["account"], &signed_in["login"], &signed_in["label"]], ["home", "ann", "console"]);

    let account = world.ask(signed(bare("GET", "/api/account"), token)).of(200);
    assert_eq!([&account["id"], &account["login"]], ["home", "ann"]);
    assert_eq!(account["logins"], json!(["ann", "local-ann"]));
    let current: Vec<&Value> = account["tokens"].as_array().unwrap().iter().filter(|t| t["current"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["label"], "console");
    assert!(!account.to_string().contains(token), "a token is shown once");

    assert_eq!(world.ask(signed(bare("DELETE", "/api/login"), token)).status, 204);
    assert_eq!(world.ask(signed(bare("GET", "/api/account"), token)).refused(), (401, "unauthorized"));
    assert_eq!(world.get("/api/account").status, 200, "another token still counts");
});

scenario!(wrong_passwords_slow_down_and_a_right_one_clears_the_counter, world => {
    for _ in 0..9 {
        assert_eq!(sign_in(&world, "ann", "wrong").refused(), (401, "unauthorized"));
    }
    assert_eq!(sign_in(&world, "ann", PASSWORD).status, 201, "the tenth try is looked at");
    for _ in 0..10 {
        assert_eq!(sign_in(&world, "ann", "wrong").refused(), (401, "unauthorized"));
    }
    let paused = sign_in(&world, "ann", PASSWORD);
    assert_eq!(paused.refused(), (429, "too_many_tries"));
    assert!(paused.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    world.now += 3_000;
    assert_eq!(sign_in(&world, "ann", PASSWORD).status, 201);
});

scenario!(who_cannot_be_is_told_what_a_stranger_is_told, world => {
    let wrong = sign_in(&world, "ann", "wrong").json;
    for (login, password) in [("nobody", PASSWORD), ("local-ann", PASSWORD), ("", PASSWORD), ("a\0b", "x"), ("ann", "")] {
        let answer = sign_in(&world, login, password);
        assert_eq!((answer.status, &answer.json), (401, &wrong), "{login:?}");
    }
    world.settings.local = true;
    assert_eq!(sign_in(&world, "local-ann", PASSWORD).status, 201, "on this machine only");
    world.settings.sealer = None;
    assert_eq!(sign_in(&world, "ann", PASSWORD).status, 401);
});

scenario!(what_is_no_token_opens_nothing, world => {
    let forms = ["", "nonsense", &format!("stale-{TOKEN}"), &format!("local-{TOKEN}"), &format!("orphan-{TOKEN}")];
    for token in forms {
        let answer = world.ask(signed(bare("GET", "/api/account"), token));
        assert_eq!(answer.refused(), (401, "unauthorized"), "{token}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    for authorization in [TOKEN.to_owned(), format!("Basic {TOKEN}"), "Bearer".to_owned()] {
        let request = with(bare("GET", "/api/collections"), "authorization", &authorization);
        assert_eq!(world.ask(request).status, 401, "{authorization}");
    }
    let query = bare("GET", &format!("/api/account?auth={TOKEN}&access_token={TOKEN}"));
    assert_eq!(world.ask(query).status, 401, "a token in an address would be in logs");
});

scenario!(a_host_that_serves_itself_needs_no_token, world => {
    let caller = Caller::Trusted(AccountId("away".into()));
    let served = world.serve(&caller, signed(bare("GET", "/api/account"), TOKEN));
    let account: Value = serde_json::from_slice(&served.response.body).unwrap();
    assert_eq!([&account["id"], &account["login"]], ["away", ""], "whatever token stands there");
    assert_eq!(world.serve(&caller, bare("DELETE", "/api/login")).response.status, 204);
    let nobody = Caller::Trusted(AccountId("nobody".into()));
    assert_eq!(world.serve(&nobody, bare("GET", "/api/account")).response.status, 401);
});
