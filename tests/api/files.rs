//! Import and export: every format there and back, duplicates, refusals item by item, bounds, and pages that make a file.

use crate::scenario;
use crate::world::*;
use anchorage::store::Store;
use serde_json::{Value, json};

fn import<S: Store>(world: &World<S>, collection: &str, media_type: &str, chunk: &[u8]) -> Answer {
    let request = signed(bare("POST", &format!("/api/collections/{collection}/import")), TOKEN);
    world.ask(anchorage::http::Request { body: chunk.to_vec(), ..with(request, "content-type", media_type) })
}

fn counts(imported: &Value) -> [u64; 3] {
    ["added", "exists", "refused"].map(|count| imported[count].as_u64().unwrap())
}

/// All pages put together.
fn export<S: Store>(world: &World<S>, collection: &str, format: &str) -> String {
    let (mut file, mut after) = (String::new(), "0".to_owned());
    loop {
        let page = world.get(&format!("/api/collections/{collection}/export?format={format}&after={after}"));
        assert_eq!(page.status, 200, "{}", page.text());
        file.push_str(page.text());
        match page.header("x-next") {
            Some(next) => after = next.to_owned(),
            None => return file,
        }
    }
}

scenario!(cards_come_once_however_often_they_are_sent, world => {
    let chunk = [card("Ada"), card("Bea"), "BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n".into(), card("Ada")].concat();
    let first = import(&world, "contacts", "text/vcard; charset=utf-8", chunk.as_bytes()).of(200);
    assert_eq!(counts(&first), [2, 1, 1]);
    let items = first["items"].as_array().unwrap();
    let told: Vec<(u64, &str)> =
        items.iter().map(|item| (item["line"].as_u64().unwrap(), item["outcome"].as_str().unwrap())).collect();
    assert_eq!(told, [(1, "added"), (6, "added"), (11, "refused"), (14, "exists")]);
    assert_eq!((&items[0]["summary"], &items[3]["id"]), (&json!("Ada"), &items[0]["id"]));
    assert!(items[2]["reason"].as_str().unwrap().contains("nothing"));
    let spelt_otherwise = "BEGIN:VCARD\nVERSION:2.1\nN:Ada\nFN:Ada\nEND:VCARD\n";
    let again = import(&world, "contacts", "text/x-vcard", spelt_otherwise.as_bytes()).of(200);
    assert_eq!(counts(&again), [0, 1, 0], "what says the same is the same, as in a slow sync");
    let file = export(&world, "contacts", "vcard");
    assert_eq!(file, [card("Ada"), card("Bea")].concat(), "byte by byte");
});

scenario!(calendars_are_cut_by_event, world => {
    let event = |uid: &str| format!("BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:20260101T100000Z\r\nSUMMARY:{uid}\r\nEND:VEVENT\r\n");
    let chunk = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}{}BEGIN:VTODO\r\nSUMMARY:x\r\nEND:VTODO\r\nEND:VCALENDAR\r\n", event("a"), event("b"));
    let imported = import(&world, "calendar", "text/calendar", chunk.as_bytes()).of(200);
    assert_eq!(counts(&imported), [2, 0, 1]);
    assert_eq!(export(&world, "calendar", "icalendar").matches("BEGIN:VCALENDAR").count(), 2);
    let todo = import(&world, "todo", "text/calendar", chunk.as_bytes()).of(200);
    assert_eq!(counts(&todo), [1, 0, 2]);
});

scenario!(notes_are_text_with_form_feeds_between, world => {
    let imported = import(&world, "notes", "text/plain", b"\xEF\xBB\xBFMilk\r\nBread\r\n\x0C\r\n\r\n\x0C\nRing \xC3\xA9mile").of(200);
    assert_eq!(counts(&imported), [2, 0, 0]);
    assert_eq!(imported["items"][1]["line"], 6);
    let file = export(&world, "notes", "text");
    assert_eq!(file, "Milk\r\nBread\r\n\u{c}\r\nRing émile\r\n\u{c}\r\n");
    assert_eq!(counts(&import(&world, "notes", "text/plain", file.as_bytes()).of(200)), [0, 2, 0]);
    assert_eq!(counts(&import(&world, "notes", "text/plain", b"\xff\xfe\n").of(200)), [0, 0, 1]);
});

scenario!(a_spreadsheet_becomes_contacts_and_comes_back, world => {
    let sheet = "First Name,Last Name,E-mail Address,Mobile Phone,Shoe size,Birthday,Notes\r\n\
        Ada,Lovelace,ada@x.org,\"+44 1\",37,1815-12-10,\"two\r\nlines, one cell\"\r\n\
        ,,,,40,,\r\n\
        Bob,,bad\u{7},,,,\r\n";
    let imported = import(&world, "contacts", "text/csv", sheet.as_bytes()).of(200);
    assert_eq!(counts(&imported), [1, 0, 2]);
    assert_eq!(imported["ignored"], json!(["Shoe size"]));
    let lines: Vec<u64> = imported["items"].as_array().unwrap().iter().map(|i| i["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [2, 4, 5]);
    let at = format!("/api/collections/contacts/records/{}", imported["items"][0]["id"].as_str().unwrap());
    let fields = &world.get(&at).of(200)["fields"];
    assert_eq!([&fields["firstname"], &fields["email"], &fields["mobile"]], ["Ada", "ada@x.org", "+44 1"]);
    assert_eq!(fields["note"].as_str().unwrap().replace("\r\n", "\n"), "two\nlines, one cell");
    assert_eq!(fields["birthday"], "-4861728000000");

    let file = export(&world, "contacts", "csv");
    assert!(file.starts_with("id,name,firstname,"), "{file}");
    assert_eq!(counts(&import(&world, "contacts", "text/csv", file.as_bytes()).of(200)), [0, 1, 0]);
    let chosen = signed(bare("POST", "/api/collections/contacts/import?columns=lastname,,mobile"), TOKEN);
    let chosen = with(chosen, "content-type", "text/csv");
    let chosen = world.ask(anchorage::http::Request { body: b"a;b;c\nCe;x;1\n".to_vec(), ..chosen }).of(200);
    assert_eq!((counts(&chosen), &chosen["ignored"]), ([1, 0, 0], &json!(["b"])));
    for bad in ["nothing,known\r\na,b", "name\r\n\"open"] {
        assert_eq!(import(&world, "contacts", "text/csv", bad.as_bytes()).status, 400, "{bad}");
    }
});

scenario!(a_date_that_is_none_is_refused_with_how_it_is_written, world => {
    let sheet = "name;birthday\r\nA;1990-12-31 08:00\r\nB;31.12.1990\r\nC;12/31/1990\r\nD;soon-ish\r\nE; 86400000 \r\nF;19901231\r\n";
    let imported = import(&world, "contacts", "text/csv", sheet.as_bytes()).of(200);
    assert_eq!(counts(&imported), [3, 0, 3], "{imported}");
    let at = format!("/api/collections/contacts/records/{}", imported["items"][5]["id"].as_str().unwrap());
    assert_eq!(world.get(&at).of(200)["fields"]["birthday"], "662601600000");
    let reason = imported["items"][1]["reason"].as_str().unwrap();
    assert!(reason.starts_with("birthday: `31.12.1990` is no date: write 1990-12-31"), "{reason}");
});

scenario!(who_was_born_with_the_epoch_keeps_the_birthday, world => {
    let sheet = b"name,birthday\r\nAda,1970-01-01\r\n";
    let imported = import(&world, "contacts", "text/csv", sheet).of(200);
    let id = imported["items"][0]["id"].as_str().unwrap();
    let look = |id: &str| {
        let record = world.get(&format!("/api/collections/contacts/records/{id}")).of(200);
        assert_eq!(record["fields"]["birthday"], "1");
        let bytes = record["body"].as_str().unwrap().to_owned();
        assert!(bytes.contains("BDAY:1970-01-01") || bytes.contains("BDAY:19700101"), "{bytes}");
    };
    look(id);
    for (format, content_type) in [("csv", "text/csv"), ("jsonl", "application/x-ndjson")] {
        let file = export(&world, "contacts", format).replace(id, &format!("of-{format}")).replace("Ada", format);
        assert_eq!(counts(&import(&world, "contacts", content_type, file.as_bytes()).of(200))[0], 1, "{file}");
        look(&format!("of-{format}"));
    }
});

scenario!(lines_of_json_go_and_come_back_with_their_ids, world => {
    world.add("tasks", &json!({ "id": "t1", "fields": { "title": "One", "done": "1" } }));
    world.add("tasks", &json!({ "id": "t2", "fields": { "title": "Two" } }));
    let file = export(&world, "tasks", "jsonl");
    assert_eq!(file.lines().next().unwrap(), r#"{"id":"t1","title":"One","done":1,"due":0}"#);
    let lines = format!("{file}{{\"id\":\"t3\",\"title\":\"Three\"}}\n{{\"id\":\"t1\",\"title\":\"Other\"}}\n{{\"id\":\"t3\",\"title\":\"Twice\"}}\n\n[]\n{{\"x\":1}}\n");
    let imported = import(&world, "tasks", "application/x-ndjson", lines.as_bytes()).of(200);
    assert_eq!(counts(&imported), [1, 2, 4], "{imported}");
    assert_eq!(world.get("/api/collections/tasks/records/t1").of(200)["fields"]["title"], "One");

    let event = br#"{"id":"own-id","title":"Dinner","start":1763100000000}"#;
    let imported = import(&world, "calendar", "application/x-ndjson", event).of(200);
    assert_eq!(imported["items"][0]["id"], "own-id");
    let record = world.get("/api/collections/calendar/records/own-id").of(200);
    assert!(record["body"].as_str().unwrap().contains("UID:own-id"));
    assert_eq!(counts(&import(&world, "calendar", "application/x-ndjson", event).of(200)), [0, 1, 0]);
    let changed = br#"{"id":"own-id","title":"Breakfast"}"#;
    let imported = import(&world, "calendar", "application/x-ndjson", changed).of(200);
    assert_eq!(counts(&imported), [1, 0, 0]);
    assert_ne!(imported["items"][0]["id"], "own-id", "another record's id is not taken");
});

scenario!(only_an_item_alone_in_its_chunk_may_be_larger_than_many, world => {
    let large = |name: &str, bytes: usize| card(name).replace("END:", &format!("NOTE:{}\r\nEND:", "x".repeat(bytes)));
    let two = large("Large", 450_000) + &card("Small");
    assert_eq!(import(&world, "contacts", "text/vcard", two.as_bytes()).refused(), (413, "too_large"));
    assert_eq!(counts(&import(&world, "contacts", "text/vcard", large("Large", 3_900_000).as_bytes()).of(200)), [1, 0, 0]);
    assert_eq!(counts(&import(&world, "contacts", "text/vcard", large("Large", 3_900_000).as_bytes()).of(200)), [0, 1, 0]);
});

scenario!(chunks_are_bounded_and_fit_their_collection, world => {
    let cards: String = (0..500).map(|n| card(&format!("Person {n}"))).collect();
    assert_eq!(counts(&import(&world, "contacts", "text/vcard", cards.as_bytes()).of(200)), [500, 0, 0]);
    let more = cards.clone() + &card("One more");
    assert_eq!(import(&world, "contacts", "text/vcard", more.as_bytes()).refused(), (413, "too_large"));
    assert_eq!(import(&world, "contacts", "text/vcard", &vec![b'x'; 4_000_001]).refused(), (413, "too_large"));
    assert_eq!(import(&world, "contacts", "text/html", b"x").status, 415);
    for (collection, media_type) in [("contacts", "text/calendar"), ("notes", "text/vcard"), ("tasks", "text/plain"), ("files", "text/csv"), ("files", "text/vcard")] {
        assert_eq!(import(&world, collection, media_type, b"x").status, 400, "{collection} {media_type}");
    }
    assert_eq!(import(&world, "contacts", "text/vcard", b"").status, 400);
    assert_eq!(import(&world, "fixed", "application/x-ndjson", b"{\"title\":\"x\"}").refused(), (403, "forbidden"));
    assert_eq!(import(&world, "none", "text/vcard", b"x").status, 404);
    let page = world.get("/api/collections/contacts/export?format=jsonl");
    assert_eq!((page.text().lines().count(), page.header("x-next")), (500, None));
    world.add("contacts", &json!({ "body": card("Last") }));
    assert_eq!(export(&world, "contacts", "jsonl").lines().count(), 501, "on two pages");
    for (collection, format) in [("contacts", "icalendar"), ("notes", "vcard"), ("files", "csv"), ("contacts", "xml"), ("contacts", "")] {
        assert_eq!(world.get(&format!("/api/collections/{collection}/export?format={format}")).status, 400, "{format}");
    }
    assert_eq!(world.get("/api/collections/contacts/export").status, 400);
});
