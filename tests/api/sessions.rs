//! Sessions as they are kept and shown: messages, outcomes, reasons, costs; never a credential; bounded and swept.

use crate::phone::Phone;
use crate::scenario;
use crate::world::*;
use anchorage::secret;
use anchorage::store::Store;
use anchorage::syncml::codec::{Encoding, decode, encode};
use serde_json::{Value, json};

fn outcomes(session: &Value, number: usize) -> Vec<[&str; 4]> {
    let of = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned().leak() as &str;
    let items = session["trace"][number - 1]["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| [of(item, "direction"), of(item, "verb"), of(item, "luid"), of(item, "outcome")])
        .collect()
}

/// A whole session: package 1, a `Sync` of these changes, statuses for what came. The answers.
fn session<S: Store>(
    world: &mut World<S>,
    phone: &mut Phone,
    code: u16,
    changes: &[(&str, &str, String)],
) -> Vec<String> {
    world.now += 1_000;
    phone.begin();
    let mut answers = Vec::new();
    let alert = [phone.alert(code)];
    answers.push(phone.send(world, &alert));
    let changes: Vec<String> =
        changes.iter().map(|(verb, luid, body)| phone.change(verb, luid, body)).collect();
    let sync = [phone.thanks(&[("SyncHdr", "0"), ("Alert", "1")]), phone.sync(&changes)];
    answers.push(phone.send(world, &sync));
    let came = String::from_utf8_lossy(&answers[1].body).into_owned();
    let mut thanks = vec![("SyncHdr", "0")];
    let mut maps = Vec::new();
    for verb in ["Sync", "Add", "Replace", "Delete"] {
        for part in came.split(&format!("<{verb}>")).skip(1) {
            let id = part.split("<CmdID>").nth(1).unwrap().split('<').next().unwrap();
            thanks.push((verb, id));
            if verb == "Add" {
                let id = part.split("<LocURI>").nth(1).unwrap().split('<').next().unwrap();
                maps.push((id, id));
            }
        }
    }
    let end = [phone.thanks(&thanks), phone.map(&maps)];
    answers.push(phone.send(world, &end));
    answers.iter().map(|answer| String::from_utf8_lossy(&answer.body).into_owned()).collect()
}

fn last<S: Store>(world: &World<S>) -> Value {
    let all = world.get("/api/sessions?limit=1").of(200);
    world.get(&format!("/api/sessions/{}", all["sessions"][0]["id"].as_str().unwrap())).of(200)
}

scenario!(a_session_is_shown_message_by_message, world => {
    assert_eq!(world.get("/api/sessions").of(200), json!({ "sessions": [], "next": null }));
    world.add("contacts", &json!({ "id": "here", "body": card("Here") }));
    let mut phone = Phone::new("IMEI:1", "ann");
    let answers = session(&mut world, &mut phone, 201, &[("Add", "1", card("Ada")), ("Add", "2", "no card".into()), ("Add", "3", card("Here"))]);
    let shown = last(&world);
    assert_eq!([&shown["device"], &shown["login"], &shown["sessionId"], &shown["version"], &shown["encoding"]], ["IMEI:1", "ann", "1", "1.2", "xml"]);
    assert_eq!((&shown["how"], &shown["messages"]), (&json!("complete"), &json!(3)));
    let contacts = &shown["collections"][0];
    assert_eq!([&contacts["mode"], &contacts["slowBecause"]], ["slow", "the device has never completed a sync of it"]);
    assert_eq!([&contacts["added"], &contacts["same"], &contacts["refused"]], [1, 1, 1]);
    assert_eq!(outcomes(&shown, 2)[..3], [
        ["received", "Add", "1", "added"],
        ["received", "Add", "2", "refused"],
        ["received", "Add", "3", "same"],
    ]);
    let trace = shown["trace"].as_array().unwrap();
    for (message, answer) in trace.iter().zip(&answers) {
        let reply = &message["reply"];
        let bytes = secret::unbase64(reply["bytes"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(reply["size"], answer.len());
        assert_eq!(bytes.len(), answer.len(), "stars are as many as there were bytes");
        assert!(reply["explained"]["lines"].as_array().unwrap().len() > 1);
        assert_eq!(message["request"]["decoded"]["header"]["sessionId"], "1");
        assert!(message["cost"]["rowsWritten"].as_u64().unwrap() >= 2);
        assert!(message["cost"]["bytesIn"].as_u64().unwrap() > 300);
    }
    assert_eq!(trace[1]["items"][0]["status"], 201);
    let record = trace[1]["items"][0]["record"].as_str().unwrap();
    assert_eq!(world.get(&format!("/api/collections/contacts/records/{record}")).of(200)["summary"], "Ada");
});

scenario!(both_ways_and_conflicts_are_told, world => {
    let (mut a, mut b) = (Phone::new("a", "ann"), Phone::new("b", "ann"));
    session(&mut world, &mut a, 201, &[("Add", "1", card("Ada"))]);
    session(&mut world, &mut b, 201, &[]);
    let shown = last(&world);
    let sent = outcomes(&shown, 2);
    assert_eq!(sent, [["sent", "Add", "", "sent"]]);
    assert_eq!(outcomes(&shown, 3), [["sent", "Add", "", "taken"]]);
    let record = shown["trace"][1]["items"][0]["record"].as_str().unwrap().to_owned();

    let with_note = |note: &str| card("Ada").replace("END:", &format!("NOTE:{note}\r\nEND:"));
    let with_mail = |mail: &str| card("Ada").replace("END:", &format!("EMAIL:{mail}\r\nEND:"));
    session(&mut world, &mut a, 200, &[]);
    session(&mut world, &mut b, 200, &[]);
    session(&mut world, &mut a, 200, &[("Replace", "1", with_note("from a"))]);
    assert_eq!(outcomes(&last(&world), 2)[0], ["received", "Replace", "1", "changed"]);
    session(&mut world, &mut b, 200, &[("Replace", &record, with_mail("b@x.org"))]);
    let shown = last(&world);
    let item = &shown["trace"][1]["items"][0];
    assert_eq!((&item["outcome"], &item["decision"], &item["status"]), (&json!("merged"), &json!("merged"), &json!(207)));
    assert_eq!(item["record"], record.as_str());
    assert!(shown["trace"][1]["notes"].to_string().contains("conflict in contacts"));
    let merged = world.get(&format!("/api/collections/contacts/records/{record}")).of(200);
    assert_eq!([&merged["fields"]["note"], &merged["fields"]["email"]], ["from a", "b@x.org"]);
    assert_eq!(merged["origin"], "", "what is merged is nobody's own");
    assert_eq!([&merged["touched"]["device"], &merged["touched"]["session"]], [&json!("b"), &shown["id"]]);
    world.send("PATCH", &format!("/api/collections/contacts/records/{record}"), &json!({ "fields": { "fax": "1" } })).of(200);
    let patched = world.get(&format!("/api/collections/contacts/records/{record}")).of(200);
    assert_eq!((&patched["touched"]["device"], patched["touched"].get("session")), (&json!(""), None));
});

scenario!(no_credential_is_ever_kept, world => {
    let mut phone = Phone::new("IMEI:1", "ann");
    let answers = session(&mut world, &mut phone, 201, &[("Add", "1", card("Ada"))]);
    let token = answers[0].split("?sid=").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let credential = secret::base64(format!("ann:{PASSWORD}").as_bytes());
    let shown = last(&world);
    let mut all = shown.to_string();
    for message in shown["trace"].as_array().unwrap() {
        for side in ["request", "reply"] {
            let bytes = secret::unbase64(message[side]["bytes"].as_str().unwrap().as_bytes()).unwrap();
            assert!(decode(&bytes).is_ok());
            assert_eq!(message[side]["exact"], side == "reply" && !String::from_utf8_lossy(&bytes).contains("sid="));
            all += &String::from_utf8_lossy(&bytes);
        }
    }
    let fixture = world.get(&format!("/api/sessions/{}/fixture", shown["id"].as_str().unwrap())).of(200);
    let paths: Vec<&str> = fixture["files"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["01-req.xml", "01-resp.xml", "02-req.xml", "02-resp.xml", "03-req.xml", "03-resp.xml"]);
    for secret in [credential.as_str(), PASSWORD, &token] {
        assert!(!all.contains(secret), "{secret}");
    }
    assert!(all.contains("**********"));
});

scenario!(who_is_not_let_in_leaves_one_trace_in_ten_minutes, world => {
    let mut phone = Phone::new("IMEI:evil", "ann");
    phone.password = "guessed".into();
    for _ in 0..5 {
        phone.begin();
        let alert = [phone.alert(201)];
        phone.send(&world, &alert);
    }
    let mut stranger = Phone::new("IMEI:2", "nobody");
    stranger.begin();
    let alert = [stranger.alert(201)];
    stranger.send(&world, &alert);
    let all = world.get("/api/sessions").of(200);
    assert_eq!(all["sessions"].as_array().unwrap().len(), 1);
    let refused = &all["sessions"][0];
    assert_eq!((&refused["how"], &refused["device"], &refused["sessionId"]), (&json!("refused"), &json!("IMEI:evil"), &json!("5")));
    assert!(refused["why"].as_str().unwrap().contains("wrong password"), "{refused}");
    let replay = format!("/api/sessions/{}/replay", refused["id"].as_str().unwrap());
    let replayed = world.ask(signed(bare("POST", &replay), TOKEN));
    assert_eq!(replayed.refused(), (409, "conflict"));
    assert!(replayed.of(409).to_string().contains("nothing to compare"));
    let shown = world.get(&format!("/api/sessions/{}", refused["id"].as_str().unwrap())).of(200);
    assert!(!shown.to_string().contains(&secret::base64(b"ann:guessed")));
    assert_eq!(world.ask(signed(bare("GET", "/api/sessions"), OTHER_TOKEN)).of(200)["sessions"], json!([]));
});

scenario!(who_was_not_let_in_stands_where_it_last_happened_on_whatever_page, world => {
    let mut evil = Phone::new("evil", "ann");
    evil.password = "guessed".into();
    let mut phone = Phone::new("good", "ann");
    let mut expected = Vec::new();
    for _ in 0..6 {
        // Twice in a slot, with sessions between and after: the second counts.
        world.now += 600_000 - world.now.rem_euclid(600_000);
        for part in 0..3 {
            for _ in 0..2 {
                session(&mut world, &mut phone, 201, &[]);
            }
            expected.extend(["good"; 2]);
            if part < 2 {
                world.now += 60_000;
                evil.begin();
                let alert = [evil.alert(201)];
                evil.send(&world, &alert);
            }
            if part == 1 {
                expected.push("evil");
            }
        }
    }
    expected.reverse();
    for limit in [1, 2, 3, 5, 50] {
        let (mut found, mut ids, mut after) = (Vec::new(), Vec::new(), String::new());
        for _ in 0..100 {
            let page = world.get(&format!("/api/sessions?limit={limit}{after}")).of(200);
            for session in page["sessions"].as_array().unwrap() {
                found.push(session["device"].as_str().unwrap().to_owned());
                ids.push(session["id"].as_str().unwrap().to_owned());
            }
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(found, expected, "{limit} a page");
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), expected.len());
    }
    let evils = world.get("/api/sessions?device=evil&limit=4").of(200);
    let rest = world.get(&format!("/api/sessions?device=evil&after={}", evils["next"].as_str().unwrap())).of(200);
    assert_eq!([&evils, &rest].map(|page| page["sessions"].as_array().unwrap().len()), [4, 2]);
});

scenario!(sessions_are_paged_by_device_and_belong_to_their_account, world => {
    let (mut a, mut b) = (Phone::new("a", "ann"), Phone::new("b", "bob"));
    for _ in 0..3 {
        session(&mut world, &mut a, 201, &[]);
    }
    session(&mut world, &mut b, 201, &[]);
    let mut other = Phone::new("c", "ann");
    session(&mut world, &mut other, 201, &[]);
    let devices = |page: &Value| -> Vec<String> {
        page["sessions"].as_array().unwrap().iter().map(|s| s["device"].as_str().unwrap().to_owned()).collect()
    };
    let first = world.get("/api/sessions?limit=2").of(200);
    assert_eq!(devices(&first), ["c", "a"]);
    let rest = world.get(&format!("/api/sessions?limit=2&after={}", first["next"].as_str().unwrap())).of(200);
    assert_eq!((devices(&rest), &rest["next"]), (vec!["a".to_owned(), "a".to_owned()], &Value::Null));
    assert_eq!(devices(&world.get("/api/sessions?device=c").of(200)), ["c"]);
    let bobs = world.ask(signed(bare("GET", "/api/sessions"), OTHER_TOKEN)).of(200);
    assert_eq!(devices(&bobs), ["b"]);
    let theirs = bobs["sessions"][0]["id"].as_str().unwrap();
    for path in [theirs.to_owned(), format!("{theirs}/fixture"), "none".into(), "x%00y".into()] {
        assert_eq!(world.get(&format!("/api/sessions/{path}")).refused(), (404, "not_found"), "{path}");
    }
    let one = rest["sessions"][0]["id"].as_str().unwrap();
    let late = world.get(&format!("/api/sessions/{one}?after=2")).of(200);
    assert_eq!((late["trace"].as_array().unwrap().len(), &late["messages"]), (1, &json!(3)));
});

scenario!(what_is_kept_is_swept_and_may_be_turned_off, world => {
    let mut phone = Phone::new("a", "ann");
    session(&mut world, &mut phone, 201, &[]);
    world.now += 5 * 24 * 60 * 60 * 1000;
    session(&mut world, &mut phone, 200, &[]);
    assert_eq!(world.get("/api/sessions").of(200)["sessions"].as_array().unwrap().len(), 2);
    world.now += 3 * 24 * 60 * 60 * 1000;
    session(&mut world, &mut phone, 200, &[]);
    assert_eq!(world.get("/api/sessions").of(200)["sessions"].as_array().unwrap().len(), 2, "seven days are kept");
    world.settings.syncml_trace_days = Some(0);
    assert_eq!(world.get("/api/account").of(200)["traceDays"], 0);
    session(&mut world, &mut phone, 200, &[]);
    assert_eq!(world.get("/api/sessions").of(200)["sessions"].as_array().unwrap().len(), 2, "nothing is kept any more");
    world.now += 25 * 60 * 60 * 1000;
    session(&mut world, &mut phone, 200, &[]);
    assert_eq!(world.get("/api/sessions").of(200)["sessions"], json!([]), "and what was goes with the next sweep");
});

scenario!(a_session_that_breaks_off_is_said_to_when_its_time_is_over, world => {
    let mut phone = Phone::new("a", "ann");
    phone.begin();
    let alert = [phone.alert(200)];
    phone.send(&world, &alert);
    let how = |world: &World<_>| world.get("/api/sessions").of(200)["sessions"][0]["how"].as_str().unwrap().to_owned();
    assert_eq!(how(&world), "open");
    world.now += 15 * 60 * 1000;
    assert_eq!(how(&world), "broken off");
});

scenario!(any_message_is_decoded, world => {
    let mut phone = Phone::new("a", "ann");
    let alert = [phone.alert(201)];
    let request = phone.request(&alert);
    let (message, _) = decode(&request.body).unwrap();
    for (encoding, word) in [(Encoding::Xml, "xml"), (Encoding::Wbxml, "wbxml")] {
        let bytes = secret::base64(&encode(&message, encoding));
        let decoded = world.send("POST", "/api/decode", &json!({ "bytes": bytes })).of(200);
        assert_eq!(decoded["encoding"], word);
        assert!(decoded["xml"].as_str().unwrap().contains("<Alert>"));
        assert!(decoded["explained"]["title"].as_str().unwrap().contains("from a"));
    }
    for bad in ["", "AAAA", "!", "PHg+"] {
        assert_eq!(world.send("POST", "/api/decode", &json!({ "bytes": bad })).refused(), (400, "bad_request"), "{bad}");
    }
});

scenario!(large_messages_are_counted_and_not_kept, world => {
    let mut phone = Phone::new("a", "ann");
    let large = card("Ada").replace("END:", &format!("NOTE:{}\r\nEND:", "x".repeat(300_000)));
    session(&mut world, &mut phone, 201, &[("Add", "1", large)]);
    let shown = last(&world);
    let request = &shown["trace"][1]["request"];
    assert!(request["size"].as_u64().unwrap() > 300_000 && request.get("bytes").is_none());
    assert_eq!(outcomes(&shown, 2)[0][3], "added");
});

scenario!(a_session_is_replayed_against_a_copy_and_answers_as_then, world => {
    let (mut a, mut b) = (Phone::new("a", "ann"), Phone::new("b", "ann"));
    session(&mut world, &mut b, 201, &[("Add", "9", card("Bob"))]);
    session(&mut world, &mut a, 201, &[("Add", "1", card("Ada")), ("Add", "2", "no card".into())]);
    let replay = |world: &World<_>| {
        let id = last(world)["id"].as_str().unwrap().to_owned();
        world.ask(signed(bare("POST", &format!("/api/sessions/{id}/replay")), TOKEN)).of(200)
    };
    let same = |replayed: &Value| -> Vec<bool> {
        replayed["messages"].as_array().unwrap().iter().map(|message| message["same"] == true).collect()
    };
    let before = world.get("/api/account").of(200)["head"].clone();
    let replayed = replay(&world);
    assert_eq!(replayed["records"], 1, "what the session made is not in it yet");
    assert_eq!(same(&replayed), [true, true, true], "{replayed}");
    assert!(!replayed.to_string().contains("sid=") || replayed.to_string().contains("sid=*"));

    session(&mut world, &mut a, 200, &[("Add", "3", card("Cea"))]);
    let replayed = replay(&world);
    assert_eq!(same(&replayed), [true, true, true], "its anchors are those of then: {replayed}");
    assert_eq!(world.get("/api/account").of(200)["devices"], 2);
    assert!(world.get("/api/account").of(200)["head"].as_i64() > before.as_i64(), "only the session moved it");
    let head = world.get("/api/account").of(200)["head"].clone();
    replay(&world);
    assert_eq!(world.get("/api/account").of(200)["head"], head, "a replay changes nothing");

    let id = last(&world)["id"].as_str().unwrap().to_owned();
    world.send("DELETE", "/api/devices/a", &json!({})).of(204);
    let forgotten = world.ask(signed(bare("POST", &format!("/api/sessions/{id}/replay")), TOKEN)).of(200);
    let differences = forgotten["messages"][0]["differences"].to_string();
    assert!(differences.contains("508") && same(&forgotten) != [true, true, true], "{differences}");
    let other = world.ask(signed(bare("POST", &format!("/api/sessions/{id}/replay")), OTHER_TOKEN));
    assert_eq!(other.status, 404);
});
