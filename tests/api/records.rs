//! Records: read, searched, added, replaced, patched, deleted; versions; and two accounts that never meet.

use crate::scenario;
use crate::world::*;
use anchorage::record::AccountId;
use anchorage::store::{Reads, Who};
use serde_json::{Value, json};

const CONTACTS: &str = "/api/collections/contacts/records";

fn ids(page: &Value) -> Vec<&str> {
    page["records"].as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap()).collect()
}

fn reads(who: Who, collection: &str, id: &str) -> Reads {
    let id = anchorage::record::RecordId::new(id).unwrap();
    Reads { records: vec![(collection.into(), vec![id])], ..Reads::of(who) }
}

scenario!(a_record_is_added_read_patched_and_deleted, world => {
    let made = world.send("POST", CONTACTS, &json!({ "fields": { "name": "Ada Lovelace", "mobile": "+44 1" } }));
    let record = made.json.clone();
    let at = made.header("location").unwrap().to_owned();
    assert_eq!(made.status, 201);
    assert_eq!(at, format!("{CONTACTS}/{}", record["id"].as_str().unwrap()));
    assert_eq!([&record["origin"], &record["form"], &record["summary"]], ["", "vcard3.0", "Ada Lovelace"]);

    let read = world.get(&at);
    assert_eq!(read.header("etag"), Some(&*format!("\"{}\"", record["seq"])));
    let read = read.of(200);
    assert_eq!(read["fields"]["mobile"], "+44 1");
    assert_eq!(read["properties"][0]["component"], "VCARD");
    let names = read["properties"][0]["properties"].as_array().unwrap();
    let names: Vec<&str> = names.iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"FN") && names.contains(&"TEL"), "{names:?}");

    let company = json!({ "fields": { "company": "Engines", "mobile": "" } });
    let patched = world.send("PATCH", &at, &company).of(200);
    assert_eq!(patched["fields"]["company"], "Engines");
    assert!(patched["fields"].get("mobile").is_none());
    assert!(patched["seq"].as_i64() > read["seq"].as_i64());
    let again = world.send("PATCH", &at, &company).of(200);
    assert_eq!(again["seq"], patched["seq"], "what changes nothing writes nothing");

    assert_eq!(world.ask(signed(bare("DELETE", &at), TOKEN)).status, 204);
    assert_eq!(world.get(&at).refused(), (404, "not_found"));
    assert_eq!(world.ask(signed(bare("DELETE", &at), TOKEN)).status, 404);
    assert_eq!(world.send("PATCH", &at, &company).status, 404);
});

scenario!(bytes_are_taken_for_what_they_are, world => {
    let vcard = card("Ada");
    for (place, sent) in [
        ("contacts", json!({ "body": "junk", "form": "vcard3.0" })),
        ("contacts", json!({ "body": vcard, "fields": { "name": "Ada" } })),
        ("calendar", json!({ "body": vcard, "form": "icalendar2.0" })),
        ("calendar", json!({ "body": vcard, "mediaType": "text/calendar" })),
        ("notes", json!({ "body": "Milk", "form": "vnote1.1" })),
    ] {
        let refused = world.send("PUT", &format!("/api/collections/{place}/records/x"), &sent);
        assert_eq!(refused.refused(), (400, "bad_request"), "{sent}");
    }
    let bare = vcard.replace("VERSION:3.0\r\n", "");
    let sent = json!({ "body": bare, "form": "vcard2.1" });
    assert_eq!(world.send("PUT", &format!("{CONTACTS}/x"), &sent).of(201)["form"], "vcard2.1");
});

scenario!(a_number_is_no_title, world => {
    let id = world.add("calendar", &json!({ "fields": { "start": "1795530600000", "end": "1795534200000" } }));
    assert_eq!(world.get(&format!("/api/collections/calendar/records/{id}")).of(200)["summary"], "");
});

scenario!(a_company_is_nobody_with_a_first_and_a_last_name, world => {
    let id = world.add("contacts", &json!({ "fields": { "company": "Blue Ocean Foods" } }));
    let fields = &world.get(&format!("{CONTACTS}/{id}")).of(200)["fields"];
    assert_eq!(fields, &json!({ "name": "Blue Ocean Foods", "company": "Blue Ocean Foods" }));
});

/// A card with a photo of so many bytes.
fn photo(bytes: usize) -> String {
    card("Ada").replace("END:", &format!("PHOTO;ENCODING=b:{}\r\nEND:", "QUJD".repeat(bytes / 4)))
}

scenario!(a_large_record_comes_goes_and_changes_whole, world => {
    let body = photo(3_900_000);
    let id = world.add("contacts", &json!({ "body": body }));
    let at = format!("{CONTACTS}/{id}");
    assert_eq!(world.get(&at).of(200)["body"], *body);
    let patched = world.send("PATCH", &at, &json!({ "fields": { "company": "Engines" } })).of(200);
    assert_eq!(patched["fields"]["company"], "Engines");
    assert!(patched["body"].as_str().unwrap().contains(&"QUJD".repeat(900_000)));
    let listed = world.get(CONTACTS).of(200);
    assert_eq!((&listed["records"][0]["body"], &listed["records"][0]["size"]), (&Value::Null, &patched["size"]));
    let larger = json!({ "body": photo(4_000_000) });
    for (method, at) in [("POST", CONTACTS), ("PUT", &*at)] {
        assert_eq!(world.send(method, at, &larger).refused(), (413, "too_large"));
    }
    // Where devices are given nothing that large, nobody else brings it.
    world.settings.syncml_object_bytes_max = Some(1_000_000);
    assert_eq!(world.send("PUT", &at, &json!({ "body": photo(1_000_000) })).refused(), (413, "too_large"));
    assert_eq!(world.send("PUT", &at, &json!({ "body": photo(900_000) })).status, 200);
});

scenario!(a_host_that_serves_itself_brings_records_as_large_as_a_phone_does, world => {
    let host = anchorage::api::Caller::Trusted(AccountId("home".into()));
    let mut put = |bytes: usize| {
        let request = with_json(bare("PUT", &format!("{CONTACTS}/huge")), &json!({ "body": photo(bytes) }));
        world.serve(&host, request).response.status
    };
    assert_eq!([put(15_900_000), put(16_000_000)], [201, 413]);
    let read = world.serve(&host, bare("GET", &format!("{CONTACTS}/huge"))).response;
    let read: Value = serde_json::from_slice(&read.body).unwrap();
    assert_eq!(read["body"], *photo(15_900_000));
    // Over the network it is told of, and changed in part.
    let at = format!("{CONTACTS}/huge");
    let told = world.get(&at).of(200);
    assert_eq!((&told["body"], &told["properties"], &told["summary"]), (&Value::Null, &Value::Null, &json!("Ada")));
    let patched = world.send("PATCH", &at, &json!({ "fields": { "company": "Engines" } })).of(200);
    assert_eq!((&patched["body"], &patched["fields"]["company"]), (&Value::Null, &json!("Engines")));
    let read = world.serve(&host, bare("GET", &at)).response;
    let read: Value = serde_json::from_slice(&read.body).unwrap();
    assert!(read["body"].as_str().unwrap().contains(&"QUJD".repeat(3_975_000)));
});

scenario!(what_nobody_understands_stays_byte_by_byte, world => {
    let body = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Lovelace;Ada\r\nX-ODD;A=1:\tkept  \r\nPHOTO;ENCODING=BASE64:AAAA\r\n\r\nEND:VCARD\r\n";
    let id = world.add("card", &json!({ "body": body }));
    let record = world.get(&format!("{CONTACTS}/{id}")).of(200);
    assert_eq!([&record["body"], &record["form"], &record["mediaType"]], [body, "vcard2.1", "text/x-vcard"]);
    let patched = world.send("PATCH", &format!("{CONTACTS}/{id}"), &json!({ "fields": { "email": "a@b.c" } })).of(200);
    let text = patched["body"].as_str().unwrap();
    for line in ["X-ODD;A=1:\tkept  \r\n", "PHOTO;ENCODING=BASE64:AAAA\r\n\r\n", "EMAIL"] {
        assert!(text.contains(line), "{line:?} in {text:?}");
    }
    let latin = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1:M\xFCller\r\nEND:VCARD\r\n";
    let id = world.add("contacts", &json!({ "body": anchorage::secret::base64(latin), "encoding": "base64" }));
    let record = world.get(&format!("{CONTACTS}/{id}")).of(200);
    assert_eq!([&record["encoding"], &record["fields"]["lastname"]], ["base64", "Müller"]);
    assert_eq!(record["body"], anchorage::secret::base64(latin));
});

scenario!(a_version_is_held_against_the_one_that_is_there, world => {
    let id = world.add("contacts", &json!({ "id": "ada/1 é", "body": card("Ada") }));
    let at = format!("{CONTACTS}/ada%2F1%20%C3%A9");
    assert_eq!(id, "ada/1 é");
    let seq = world.get(&at).of(200)["seq"].as_i64().unwrap();
    let body = |name: &str| json!({ "body": card(name) });
    let put = |name: &str, header: &str, value: &str| {
        world.ask(with(with_json(signed(bare("PUT", &at), TOKEN), &body(name)), header, value))
    };
    assert_eq!(put("Bea", "if-match", &format!("\"{}\"", seq - 1)).refused(), (412, "precondition_failed"));
    assert_eq!(put("Bea", "if-match", &format!("W/\"{seq}\"")).status, 412);
    assert_eq!(put("Bea", "if-none-match", "*").status, 412);
    assert_eq!(put("Bea", "if-match", "rubbish").status, 400);
    let put_one = put("Bea", "if-match", &format!("\"1\", \"{seq}\""));
    assert_eq!(put_one.header("etag"), Some(&*format!("\"{}\"", put_one.json["seq"])));
    assert_eq!(put_one.of(200)["summary"], "Bea");
    assert_eq!(put("Cea", "if-match", "*").status, 200);
    let stale = with(signed(bare("DELETE", &at), TOKEN), "if-match", &format!("\"{seq}\""));
    assert_eq!(world.ask(stale).status, 412);
    assert_eq!(world.send("POST", CONTACTS, &json!({ "id": "ada/1 é", "body": card("X") })).refused(), (409, "conflict"));

    let fresh = format!("{CONTACTS}/fresh");
    let absent = with(with_json(signed(bare("PUT", &fresh), TOKEN), &body("New")), "if-match", "*");
    assert_eq!(world.ask(absent).status, 412);
    assert_eq!(world.send("PUT", &fresh, &body("New")).status, 201);
    assert_eq!(world.send("PUT", &fresh, &body("New")).status, 200);
    assert_eq!(world.ask(signed(bare("DELETE", &fresh), TOKEN)).status, 204);
    assert_eq!(world.send("PUT", &fresh, &body("Again")).status, 201, "a deleted one comes back to life");
});

scenario!(pages_and_searches_are_bounded_and_miss_nothing, world => {
    for n in 0..620 {
        world.add("contacts", &json!({ "id": format!("r{n:03}"), "body": card(&format!("Person {n}")) }));
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = world.get(&format!("{CONTACTS}?limit=200&bodies=false{after}")).of(200);
        assert!(page["records"][0].get("body").is_none());
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        match page["next"].as_i64() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 620);

    let first = world.get(&format!("{CONTACTS}?search=PERSON+61")).of(200);
    assert_eq!(ids(&first), ["r061", "r161", "r261", "r361", "r461"], "five hundred are looked at in one request");
    let second = world.get(&format!("{CONTACTS}?search=person%2061&after={}", first["next"])).of(200);
    assert_eq!(ids(&second).len(), 11);
    assert_eq!(second["next"], Value::Null);
    let few = world.get(&format!("{CONTACTS}?search=person&limit=3&after={}", first["next"])).of(200);
    let rest = world.get(&format!("{CONTACTS}?search=person&limit=1&after={}", few["next"])).of(200);
    assert_eq!((ids(&few), ids(&rest)), (vec!["r500", "r501", "r502"], vec!["r503"]));
    assert!(ids(&world.get(&format!("{CONTACTS}?search=nobody&after={}", first["next"])).of(200)).is_empty());

    for wrong in ["limit=0", "limit=201", "limit=x", "limit=-1", "limit=", "after=x", "after=9007199254740993", "bodies=maybe"] {
        assert_eq!(world.get(&format!("{CONTACTS}?{wrong}")).refused(), (400, "bad_request"), "{wrong}");
    }
    let counted = world.get("/api/collections?count=true").of(200);
    let contacts = counted["collections"].as_array().unwrap().iter().find(|c| c["id"] == "contacts").unwrap();
    assert_eq!(contacts["records"], 620);
});

scenario!(a_search_finds_what_no_field_shows, world => {
    let body = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Ada\r\nX-CLUB;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Gr=C3=BCner Anker\r\nEND:VCARD\r\n";
    world.add("contacts", &json!({ "id": "ada", "body": body }));
    world.add("contacts", &json!({ "id": "bea", "body": card("Bea") }));
    assert_eq!(ids(&world.get(&format!("{CONTACTS}?search=ADA+gr%C3%BCner")).of(200)), ["ada"]);
    assert!(ids(&world.get(&format!("{CONTACTS}?search=ada+bea")).of(200)).is_empty());
});

scenario!(changes_come_in_order_with_deletions, world => {
    let head = world.get("/api/account").of(200)["head"].as_i64().unwrap();
    let ask = |after: i64, limit: i64| world.get(&format!("/api/collections/contacts/changes?after={after}&limit={limit}"));
    let empty = ask(head, 100).of(200);
    assert_eq!((&empty["changes"], &empty["more"]), (&json!([]), &json!(false)));
    for name in ["a", "b", "c"] {
        world.add("contacts", &json!({ "id": name, "body": card(name) }));
    }
    world.add("notes", &json!({ "body": "elsewhere" }));
    world.ask(signed(bare("DELETE", &format!("{CONTACTS}/b")), TOKEN));
    let first = ask(head, 2).of(200);
    assert_eq!(first["more"], true);
    let then = ask(first["next"].as_i64().unwrap(), 2).of(200);
    let all: Vec<&Value> = [&first, &then].iter().flat_map(|page| page["changes"].as_array().unwrap()).collect();
    let told: Vec<(&str, bool)> = all.iter().map(|c| (c["id"].as_str().unwrap(), c["deleted"] == true)).collect();
    assert_eq!(told, [("a", false), ("c", false), ("b", true)]);
    assert_eq!(then["more"], false);
    assert_eq!(ask(then["next"].as_i64().unwrap() + 1, 2).refused(), (410, "reset"), "a cursor of the future");
    let page = world.get(&format!("{CONTACTS}?after=0")).of(200);
    assert_eq!(ids(&page), ["a", "c"], "a list has no tombstones");
});

scenario!(every_kind_of_collection_is_written, world => {
    let event = world.add("calendar", &json!({ "fields": { "title": "Dinner", "start": "1763100000000" } }));
    let record = world.get(&format!("/api/collections/calendar/records/{event}")).of(200);
    assert_eq!([&record["summary"], &record["form"]], ["Dinner", "icalendar2.0"]);
    assert!(record["body"].as_str().unwrap().contains(&format!("UID:{event}")));
    let inside = record["properties"][0]["properties"].as_array().unwrap();
    let component = inside.iter().find(|p| p["component"] == "VEVENT").unwrap();
    assert!(component["properties"].as_array().unwrap().len() > 2);

    let task = world.add("todo", &json!({ "fields": { "title": "Wash", "done": "1" } }));
    assert_eq!(world.get(&format!("/api/collections/task/records/{task}")).of(200)["fields"]["done"], "1");
    let note = world.add("notes", &json!({ "body": "Milk\nand bread" }));
    let record = world.get(&format!("/api/collections/notes/records/{note}")).of(200);
    assert_eq!([&record["form"], &record["summary"]], ["plain", "Milk"]);

    let row = world.add("tasks", &json!({ "fields": { "id": "t1", "title": "Row" }, "id": "t1" }));
    let record = world.get(&format!("/api/collections/tasks/records/{row}")).of(200);
    assert_eq!((&record["form"], &record["fields"]["title"]), (&json!("table"), &json!("Row")));
    for (collection, body) in [
        ("tasks", json!({ "body": "[]" })),
        ("tasks", json!({ "fields": { "nothing": "x" } })),
        ("tasks", json!({ "fields": { "id": "another" } })),
        ("tasks", json!({ "fields": { "done": "soon" } })),
        ("tasks", json!({ "fields": { "title": "bell\u{7}" } })),
        ("contacts", json!({ "body": "no card" })),
        ("contacts", json!({ "body": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n" })),
        ("contacts", json!({ "body": card("x"), "form": "icalendar2.0" })),
        ("contacts", json!({ "body": "!", "encoding": "base64" })),
        ("contacts", json!({ "body": card("x"), "parent": "folder" })),
        ("files", json!({ "body": "hello" })),
        ("contacts", json!({ "body": card("x"), "parent": "p".repeat(256) })),
        ("contacts", json!({})),
        ("contacts", json!({ "id": "", "body": card("x") })),
    ] {
        let answer = world.send("POST", &format!("/api/collections/{collection}/records"), &body);
        assert_eq!(answer.refused(), (400, "bad_request"), "{collection} {body}");
    }
    let fixed = world.send("POST", "/api/collections/fixed/records", &json!({ "fields": { "title": "x" } }));
    assert_eq!(fixed.refused(), (403, "forbidden"));
    assert_eq!(world.send("POST", "/api/collections/none/records", &json!({ "body": "x" })).status, 404);
});

scenario!(folders_hold_what_is_in_them, world => {
    let object = |kind: &str, name: &str| {
        let body = format!("<{kind}><name>{name}</name></{kind}>");
        json!({ "body": body, "form": format!("opaque:application/vnd.omads-{}+xml", kind.to_lowercase()) })
    };
    let inside = |mut body: Value, parent: &str| {
        body["parent"] = json!(parent);
        body
    };
    let folder = world.add("files", &object("Folder", "Holidays"));
    let file = world.add("files", &inside(object("File", "beach.jpg"), &folder));
    let record = world.get(&format!("/api/collections/files/records/{file}")).of(200);
    assert_eq!([&record["parent"], &record["summary"]], [&folder, "beach.jpg"]);
    let files = "/api/collections/files/records";
    assert_eq!(world.send("POST", files, &inside(object("File", "x"), &file)).status, 400, "a file is no folder");
    assert_eq!(world.send("POST", files, &inside(object("File", "x"), "none")).status, 400);
    let gone = |id: &str| world.ask(signed(bare("DELETE", &format!("{files}/{id}")), TOKEN));
    assert_eq!(gone(&folder).refused(), (409, "conflict"));
    assert_eq!((gone(&file).status, gone(&folder).status), (204, 204));
});

scenario!(an_account_sees_its_own_and_nothing_else, world => {
    let id = world.add("contacts", &json!({ "id": "mine", "body": card("Ada") }));
    let at = format!("{CONTACTS}/{id}");
    let as_bob = |request| world.ask(signed(request, OTHER_TOKEN));
    assert_eq!(as_bob(bare("GET", &at)).status, 404);
    assert_eq!(as_bob(bare("DELETE", &at)).status, 404);
    assert_eq!(as_bob(with_json(bare("PATCH", &at), &json!({ "fields": { "name": "B" } }))).status, 404);
    assert!(ids(&as_bob(bare("GET", CONTACTS)).of(200)).is_empty());
    assert!(ids(&as_bob(bare("GET", &format!("{CONTACTS}?search=ada"))).of(200)).is_empty());
    assert_eq!(as_bob(bare("GET", "/api/collections/contacts/changes")).of(200)["changes"], json!([]));
    assert_eq!(as_bob(with_json(bare("PUT", &at), &json!({ "body": card("Bob") }))).status, 201, "under the same id");
    assert_eq!(world.get(&at).of(200)["summary"], "Ada");
    let account = as_bob(bare("GET", "/api/account")).of(200);
    assert!(!account.to_string().contains("ann"), "{account}");
});

scenario!(what_is_written_is_what_a_slow_sync_finds, world => {
    let id = world.add("contacts", &json!({ "body": card("Ada") }));
    let stored = now_or_never(world.store.read(&reads(Who::Account(AccountId("home".into())), "contacts", &id)));
    let body = stored.unwrap().records[0].content.body().unwrap().clone();
    let key = anchorage::journal::matching::key(&body).unwrap();
    let asked = Reads { matches: vec![("contacts".into(), vec![key])], ..Reads::of(Who::Account(AccountId("home".into()))) };
    let found = now_or_never(world.store.read(&asked)).unwrap().found;
    assert_eq!(found.len(), 1);
});
