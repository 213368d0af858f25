//! Many and large: messages that hold little, objects that fit none.

use crate::app::{App, Fate, agree, card};
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::store::Store;
use anchorage::store::memory::MemoryStore;
use anchorage::upstream::{Encoding, Ended, Mode};

type Server = crate::world::MemoryStore;

fn world() -> World<Server> {
    World::new(Server::new()).reading_on()
}

#[test]
fn five_hundred_go_both_ways_in_small_messages() {
    for encoding in [Encoding::Wbxml, Encoding::Xml] {
        let world = world();
        let small = |upstream: &mut anchorage::upstream::Upstream| {
            (upstream.message_bytes_max, upstream.encoding) = (8_000, encoding);
        };
        let one = App::new(SqliteStore::new(), "one").with(small).squeezed(8_000);
        let two = App::new(MemoryStore::new(), "two").with(small).squeezed(8_000);
        for number in 0..250 {
            one.put(world.clock.get(), &format!("a{number}"), &card(&format!("A{number}"), "x"));
            two.put(world.clock.get(), &format!("b{number}"), &card(&format!("B{number}"), "x"));
        }
        two.synced(&world);
        let report = one.synced(&world);
        assert_eq!((report.progress.sent, report.progress.received), (250, 250));
        assert!(report.progress.messages > 6);
        agree(&one, &world);
        two.synced(&world);
        agree(&two, &world);
        let clock = world.clock.get();
        (0..250).for_each(|number| two.remove(clock, &format!("b{number}")));
        two.synced(&world);
        let report = one.synced(&world);
        assert_eq!(report.collections[0].received.deleted, 250);
        agree(&one, &world);
        let idle = one.synced(&world);
        assert_eq!((idle.progress.sent, idle.progress.received), (0, 0));
    }
}

fn photo(name: &str, bytes: usize) -> String {
    let data: String = (0..bytes).map(|at| char::from(b'A' + (at * 7 % 26) as u8)).collect();
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:{name};;;;\r\nFN:{name}\r\nPHOTO;ENCODING=b:{data}\r\nEND:VCARD\r\n"
    )
}

fn objects<S: Store>(store: S, bytes: usize, most: usize, encoding: Encoding) {
    let world = world();
    let small = |upstream: &mut anchorage::upstream::Upstream| {
        (upstream.message_bytes_max, upstream.encoding) = (most, encoding);
    };
    let one = App::new(store, "one").with(small).squeezed(most as u64);
    let two = App::new(MemoryStore::new(), "two");
    one.put(world.clock.get(), "a", &photo("A", bytes));
    one.put(world.clock.get(), "s", &card("S", "small"));
    two.put(world.clock.get(), "b", &photo("B", bytes));
    two.put(world.clock.get(), "t", &card("T", "small"));
    two.synced(&world);
    let report = one.synced(&world);
    assert_eq!((report.collections[0].sent.added, report.collections[0].received.added), (2, 2));
    agree(&one, &world);
    two.synced(&world);
    agree(&two, &world);
    one.put(world.clock.get(), "a", &photo("A", bytes + 100));
    two.put(world.clock.get(), "b", &photo("B", bytes + 100));
    two.synced(&world);
    one.synced(&world);
    agree(&one, &world);
    let idle = one.synced(&world);
    assert_eq!((idle.progress.sent, idle.progress.received), (0, 0));
    assert_eq!(one.live("contacts").len(), 4);
}

#[test]
fn large_objects_go_both_ways_in_pieces() {
    for encoding in [Encoding::Wbxml, Encoding::Xml] {
        objects(MemoryStore::new(), 20_000, 4_000, encoding);
        objects(SqliteStore::new(), 600_000, 200_000, encoding);
    }
}

#[test]
fn a_large_object_whose_session_breaks_off_goes_on() {
    let run = |fault: Option<u64>, forgotten: bool| {
        let world = world();
        let small = |upstream: &mut anchorage::upstream::Upstream| upstream.message_bytes_max = 4_000;
        let one = App::new(MemoryStore::new(), "one").with(small).squeezed(4_000);
        let two = App::new(MemoryStore::new(), "two");
        one.put(world.clock.get(), "x", &card("X", "x"));
        one.synced(&world);
        one.put(world.clock.get(), "a", &photo("A", 12_000));
        two.put(world.clock.get(), "b", &photo("B", 12_000));
        two.synced(&world);
        let mut report = one.sync_through(&world, &mut |number, _| match fault {
            Some(at) if number == at || (forgotten && number > at) => Fate::LostAnswer,
            _ => Fate::Arrives,
        });
        if report.ended != Ended::Complete {
            world.tick(60 * 60 * 1000);
            report = one.sync(&world);
        }
        assert_eq!(report.ended, Ended::Complete, "{fault:?} {forgotten} {:?}", report.error);
        one.synced(&world);
        agree(&one, &world);
        assert_eq!(one.live("contacts").len(), 3, "{fault:?} {forgotten}");
        report.progress.messages
    };
    let messages = run(None, false);
    for at in 0..messages {
        run(Some(at), false);
        run(Some(at), true);
    }
}

#[test]
fn what_is_larger_than_the_server_takes_is_said_and_kept() {
    let mut world = world();
    world.settings.syncml_object_bytes_max = Some(10_000);
    let one = App::new(MemoryStore::new(), "one").squeezed(4_000);
    one.put(world.clock.get(), "a", &photo("A", 20_000));
    one.put(world.clock.get(), "b", &card("B", "b"));
    let report = one.sync(&world);
    let outcome = &report.collections[0];
    assert_eq!((report.ended, outcome.refused), (Ended::Complete, 1));
    assert_eq!((outcome.refusals[0].record.as_str(), outcome.refusals[0].item.as_str()), ("a", ""));
    assert!(outcome.refusals[0].message.contains("larger"), "{:?}", outcome.refusals);
    assert_eq!((one.live("contacts").len(), world.live("contacts").len()), (2, 1));
    assert_eq!(report.collections[0].mode, Mode::Slow);
}
