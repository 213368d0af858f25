//! What a hostile client sends: every answer is a refusal in words, and nothing is written.

use crate::contract::DOCUMENT;
use crate::scenario;
use crate::world::*;
use serde_json::{Value, json};

scenario!(paths_and_methods_that_are_none_are_refused, world => {
    for path in ["/api", "/api/", "/api/nothing", "/api/collections/", "/api/collections/contacts", "/api/login/x",
        "/api/collections/contacts/records/a/b", "/api/%ff", "/api/collections/contacts/records/%ff"] {
        let answer = world.get(path);
        assert_eq!(answer.refused(), (404, "not_found"), "{path}");
    }
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        let path = path.replace(['{', '}'], "x");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"] {
            if item.get(method.to_lowercase()).is_none() {
                let answer = world.ask(signed(bare(method, &path), TOKEN));
                assert_eq!(answer.refused(), (405, "method_not_allowed"), "{method} {path}");
                assert!(!answer.header("allow").unwrap().contains(method), "{method} {path}");
            }
        }
    }
});

scenario!(nobody_who_is_not_signed_in_reads_or_writes, world => {
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        let path = path.replace("{collection}", "contacts").replace(['{', '}'], "x");
        for method in item.as_object().unwrap().keys().filter(|method| *method != "parameters") {
            if path == "/api/login" && method == "post" {
                continue;
            }
            for token in ["", "nonsense"] {
                let request = with_json(bare(&method.to_uppercase(), &path), &json!({ "body": card("x"), "fields": {}, "bytes": "", "quirks": {} }));
                let request = if token.is_empty() { request } else { signed(request, token) };
                let status = world.ask(request).status;
                // A request that is none may be told so before anybody is looked up, but only with a token to look up.
                assert!(status == 401 || (!token.is_empty() && [400, 415].contains(&status)), "{method} {path}: {status}");
            }
        }
    }
});

scenario!(bodies_that_are_no_bodies_are_refused, world => {
    let at = "/api/collections/contacts/records";
    let send = |body: &[u8], media_type: &str| {
        let request = with(signed(bare("POST", at), TOKEN), "content-type", media_type);
        world.ask(anchorage::http::Request { body: body.to_vec(), ..request }).refused().0
    };
    assert_eq!(send(b"{}", "text/plain"), 415);
    assert_eq!(send(b"{}", ""), 415);
    let deep = [b"{\"fields\":".as_slice(), &b"[".repeat(100_000)].concat();
    for body in [b"".as_slice(), b"{", b"[]", b"null", b"\xff", b"{\"body\":null}", b"{\"body\":1}", b"{\"fields\":[]}", &deep] {
        assert_eq!(send(body, "application/json"), 400, "{:?}", String::from_utf8_lossy(&body[..body.len().min(40)]));
    }
    assert_eq!(send(&vec![b' '; 6_333_337], "application/json"), 413);
    let large = json!({ "body": card(&"x".repeat(4_000_000)) }).to_string();
    assert_eq!(send(large.as_bytes(), "application/json; charset=utf-8"), 413);
    for (path, most) in [(at, 6_333_336), ("/api/decode", 1_000_000), ("/api/collections/contacts/import", 4_000_000)] {
        let announced = |length: u32| with(signed(bare("POST", path), TOKEN), "content-length", &length.to_string());
        assert_eq!(world.ask(announced(most + 1)).refused(), (413, "too_large"), "{path}");
        assert_ne!(world.ask(announced(most)).status, 413, "{path}");
    }
    let squeezed = with(with_json(signed(bare("POST", at), TOKEN), &json!({ "body": card("x") })), "content-encoding", "gzip");
    assert_eq!(world.ask(squeezed).refused(), (415, "unsupported_media_type"));
    assert_eq!(world.get(at).of(200)["records"], json!([]));
});

scenario!(what_a_stranger_says_stays_out_of_the_log, world => {
    let served = world.serve(
        &anchorage::api::Caller::Bearer,
        signed(bare("GET", "/api/collections/a%0Ab%1B[2J/records?search=secret"), "wrong-token"),
    );
    let line = served.line.unwrap();
    assert!(!line.contains('\n') && !line.contains('\u{1b}'), "{line:?}");
    assert!(!line.contains("secret") && !line.contains("wrong-token"), "{line}");
    let body: Value = serde_json::from_slice(&served.response.body).unwrap();
    assert_eq!(body["error"]["code"], "unauthorized");
});
