//! How long whole syncs and single messages take, natively. Run by `cargo bench`; figures are in `docs/performance.md`.
//!
//! The phone's own work is in the figures: it encodes and decodes every message too. What a sync costs at the edge is round
//! trips and rows, which tests count and no clock is needed for (`tests/stores/budget.rs`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, dead_code)]

#[path = "../tests/stores/house.rs"]
mod house;
#[path = "../tests/conversation/phone.rs"]
mod phone;
#[path = "../tests/stores/sqlite.rs"]
mod sqlite;
#[path = "../tests/conversation/world.rs"]
mod world;

use anchorage::syncml::codec::{Encoding, decode, encode};
use anchorage::syncml::message::{ChangeKind, Command, Header, Location, Message, Sync, Version};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use phone::Phone;
use sqlite::SqliteStore;
use world::World;

const CONTACTS: usize = 1_000;
const ENCODINGS: [Encoding; 2] = [Encoding::Xml, Encoding::Wbxml];

fn main() {
    divan::main();
}

fn card(number: usize) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Doe {number};Jane;;;\r\nFN:Jane Doe {number}\r\nORG:Example;Unit {number}\r\n\
         TEL;TYPE=CELL:+49 30 {number:07}\r\nEMAIL:jane.{number}@example.com\r\n\
         ADR;TYPE=HOME:;;{number} Main Street;Springfield;;12345;Germany\r\nNOTE:Met her at the station\r\nEND:VCARD\r\n"
    )
}

fn full_phone(device: &str, count: usize, per_message: usize) -> Phone {
    let mut phone = Phone::contacts(device);
    (phone.per_message, phone.max_message) = (per_message, Some(250_000));
    for number in 0..count {
        phone.add(&card(number));
    }
    phone
}

// ------------------------------------------------------------------------------------------------------------ messages

/// A message of 200 contacts.
fn message() -> Message {
    let commands = (0..200)
        .map(|number| phone::change(ChangeKind::Add, &number.to_string(), Some(&card(number)), "text/vcard"));
    let sync = Sync {
        command_id: "1".into(),
        target: Some(Location::of("./contacts")),
        source: Some(Location::of("./C")),
        commands: commands.collect(),
        ..Sync::default()
    };
    let header = Header {
        dtd: Version::V12.dtd().into(),
        protocol: Version::V12.protocol().into(),
        session_id: "1".into(),
        message_id: 3,
        ..Header::default()
    };
    Message { header, commands: vec![Command::Sync(sync)], last: true }
}

#[divan::bench(args = ENCODINGS)]
fn read_200_contacts(bencher: Bencher, encoding: Encoding) {
    let bytes = encode(&message(), encoding);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| decode(black_box(&bytes)).unwrap());
}

#[divan::bench(args = ENCODINGS)]
fn write_200_contacts(bencher: Bencher, encoding: Encoding) {
    let message = message();
    let bytes = encode(&message, encoding).len();
    bencher.counter(BytesCount::new(bytes)).bench(|| encode(black_box(&message), encoding));
}

// --------------------------------------------------------------------------------------------------------------- syncs

#[divan::bench(sample_count = 10)]
fn first_sync_of_1000_to_the_server(bencher: Bencher) {
    let make = || (World::new(SqliteStore::new()), full_phone("a", CONTACTS, 200));
    let bencher = bencher.counter(ItemsCount::new(CONTACTS)).with_inputs(make);
    bencher.bench_refs(|(world, phone)| phone.sync(world).unwrap());
}

#[divan::bench(sample_count = 10)]
fn first_sync_of_1000_to_a_phone(bencher: Bencher) {
    let make = || (filled(), Phone { max_message: Some(250_000), ..Phone::contacts("b") });
    let bencher = bencher.counter(ItemsCount::new(CONTACTS)).with_inputs(make);
    bencher.bench_refs(|(world, phone)| phone.sync(world).unwrap());
}

#[divan::bench(sample_count = 10)]
fn slow_sync_of_1000_that_are_there_already(bencher: Bencher) {
    let make = || (filled(), full_phone("b", CONTACTS, 200));
    let bencher = bencher.counter(ItemsCount::new(CONTACTS)).with_inputs(make);
    bencher.bench_refs(|(world, phone)| phone.sync(world).unwrap());
}

#[divan::bench]
fn sync_with_nothing_changed(bencher: Bencher) {
    let world = World::new(SqliteStore::new());
    let mut phone = full_phone("a", CONTACTS, 200);
    phone.sync(&world).unwrap();
    bencher.bench_local(|| phone.sync(&world).unwrap());
}

#[divan::bench(sample_count = 20)]
fn max_feed_of_1000(bencher: Bencher) {
    let world = filled();
    bencher.counter(ItemsCount::new(CONTACTS)).bench_local(|| {
        let response = world.max("GET", "contacts", "", "");
        assert_eq!(response.status, 200);
        response
    });
}

fn filled() -> World<SqliteStore> {
    let world = World::new(SqliteStore::new());
    full_phone("a", CONTACTS, 200).sync(&world).unwrap();
    world
}

// ------------------------------------------------------------------------------------------- one message, more and more items

/// The time for an item must not grow with their number. (The store in memory is written to be read: it looks through everything.)
#[divan::bench(args = [1_250, 2_500, 5_000], sample_count = 5)]
fn one_message_of_notes(bencher: Bencher, count: usize) {
    let make = || {
        let mut phone = Phone::notes("a");
        (phone.per_message, phone.max_message) = (count, Some(250_000));
        for number in 0..count {
            phone.add(&number.to_string());
        }
        (World::new(SqliteStore::new()), phone)
    };
    let bencher = bencher.counter(ItemsCount::new(count)).with_inputs(make);
    bencher.bench_refs(|(world, phone)| phone.sync(world).unwrap());
}
