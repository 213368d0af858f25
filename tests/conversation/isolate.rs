//! What the largest objects cost of the 128 MB that an isolate has: how far the worker's WebAssembly memory grows, which is the
//! same on every machine, and how large the process of workerd gets, which is not. Only where there is a workerd
//! (`npm test -- killed`); docs/performance.md keeps the figures.

use crate::card;
use crate::objects::{large, photo};
use crate::phone::Phone;
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::syncml::codec::Encoding;

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
    world.fresh = world.fresh.take().map(crate::world::Fresh::alone);
    phone.sync(world).unwrap();
    let [memory, process] = world.fresh.as_ref().unwrap().peaks.get();
    println!("{what}: {memory} bytes of WebAssembly memory, {} MB of process", process / 1_000_000);
    assert!(memory < MEMORY_BYTES_MAX, "{what}: {memory}");
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
