//! What the largest objects cost of the 128 MB that an isolate has: how far the worker's WebAssembly memory grows, which is the
//! same on every machine, and how large the process of workerd gets, which is not. Only where there is a workerd
//! (`npm test -- killed`); docs/performance.md keeps the figures.

use crate::card;
use crate::objects::{large, photo};
use crate::phone::Phone;
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::syncml::codec::Encoding;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What a step may grow the memory to, in bytes.
const MEMORY_BYTES_MAX: usize = 110_000_000;

/// A phone that sends and takes 25 kB of an object in a message.
fn phone(device: &str) -> Phone {
    let mut phone = large(device, Encoding::Wbxml);
    (phone.piece_bytes, phone.max_message, phone.patience) = (25_000, Some(30_000), 5_000);
    phone
}

/// One session over a workerd of its own.
fn weigh(world: &mut World<SqliteStore>, phone: &mut Phone, what: &str) {
    weighed(world, what, |world| _ = phone.sync(world).unwrap());
}

/// What is done over a workerd of its own.
fn weighed(world: &mut World<SqliteStore>, what: &str, done: impl FnOnce(&mut World<SqliteStore>)) {
    world.fresh = world.fresh.take().map(crate::world::Fresh::alone);
    done(world);
    let [memory, process] = world.fresh.as_ref().unwrap().peaks.get();
    println!("{what}: {memory} bytes of WebAssembly memory, {} MB of process", process / 1_000_000);
    assert!(memory < MEMORY_BYTES_MAX, "{what}: {memory}");
}

/// One request for a contact to the JSON API over a workerd of its own; its answer.
fn ask(world: &mut World<SqliteStore>, what: &str, method: &str, id: &str, sent: &Value) -> Value {
    let mut answer = Value::Null;
    weighed(world, what, |world| {
        let (status, answered) = world.api(method, &format!("collections/contacts/records/{id}"), sent);
        assert!(matches!(status, 200 | 201), "{what}: {status}");
        answer = answered;
    });
    answer
}

#[test]
fn the_largest_objects_fit_an_isolate() {
    for bytes in [6_000_000, 12_000_000, 15_990_000] {
        let mut world = World::new(SqliteStore::new()).killed_throughout().reading_on();
        if world.fresh.is_none() {
            return;
        }
        let (mut a, mut b, mut c) = (phone("a"), phone("b"), phone("c"));
        weigh(&mut world, &mut phone("d"), "nothing at all");
        let luid = a.add(&photo("Photo", bytes));
        println!("an object of {} bytes", a.contents()[0].len());
        weigh(&mut world, &mut a, "it arrives");
        weigh(&mut world, &mut b, "it leaves");
        c.add(&a.text_of("Photo"));
        weigh(&mut world, &mut c, "it arrives where it is already");
        assert_eq!((world.live("contacts").len(), a.contents() == b.contents()), (1, true));
        b.lacks = vec!["PHOTO".into()];
        let held = b.find("Photo");
        b.edit(&held, &card("Photo", "TITLE:Boss\r\n"));
        weigh(&mut world, &mut b, "a small change is merged into it");
        let text = a.text_of("Photo").replace("NOTE:", "NOTE:of a ");
        a.edit(&luid, &text);
        weigh(&mut world, &mut a, "a change of the whole of it meets that");
        // Three of the largest at once are more than fits: they are not merged.
        assert_eq!(world.live("contacts").len(), if bytes <= 6_000_000 { 1 } else { 2 });
    }
}

#[test]
fn the_largest_records_of_the_api_fit_an_isolate() {
    let mut world = World::new(SqliteStore::new()).killed_throughout().reading_on();
    if world.fresh.is_none() {
        return;
    }
    weigh(&mut world, &mut phone("d"), "nothing at all");
    let (text, other) = (photo("Photo", 3_990_000), photo("Other", 3_990_000));
    println!("a record of {} bytes", text.len());
    ask(&mut world, "it comes as text", "PUT", "a", &json!({ "body": text }));
    let base64 = STANDARD.encode(&text);
    ask(&mut world, "it comes as base64", "PUT", "b", &json!({ "body": base64, "encoding": "base64" }));
    ask(&mut world, "another in its place", "PUT", "a", &json!({ "body": other }));
    ask(&mut world, "a small change of it", "PATCH", "a", &json!({ "fields": { "company": "Analytical" } }));
    let read = ask(&mut world, "it is read", "GET", "a", &Value::Null);
    assert!(read["body"].as_str().unwrap().len() > other.len());

    let mut a = phone("a");
    a.add(&photo("Huge", 15_990_000));
    weigh(&mut world, &mut a, "one of a phone arrives");
    let id = world
        .records("contacts")
        .iter()
        .find(|record| record.content.size() > 10_000_000)
        .unwrap()
        .id
        .clone();
    let read = ask(&mut world, "it is read", "GET", id.as_str(), &Value::Null);
    assert_eq!((&read["body"], &read["fields"]["name"]), (&Value::Null, &json!("Huge")));
    ask(
        &mut world,
        "a small change of it",
        "PATCH",
        id.as_str(),
        &json!({ "fields": { "company": "Analytical" } }),
    );
}
