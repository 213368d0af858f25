//! Refresh from the client (203) of what is large, of trees of folders, and through a filter; small things in one heap are in
//! `types.rs`.

use crate::card;
use crate::filters::{filter, names, people, sync_with};
use crate::folders::*;
use crate::hand::*;
use crate::objects::{large, photo, piece};
use crate::phone::{Fault, Phone};
use crate::sqlite::SqliteStore;
use crate::world::MemoryStore;
use crate::world::World;
use anchorage::record::{Content, RecordId};
use anchorage::store::{Batch, Store, Sweep};
use anchorage::syncml::codec::Encoding;
use anchorage::syncml::message::*;

fn seqs<S: Store>(world: &World<S>, collection: &str) -> Vec<(RecordId, i64)> {
    world.records(collection).into_iter().map(|record| (record.id, record.seq)).collect()
}

/// A phone with three photos above what a row holds, two that hold the same as it.
fn photos<S: Store>(world: &World<S>) -> (Phone, Phone) {
    let (mut a, mut b) = (large("a", Encoding::Wbxml), large("b", Encoding::Wbxml));
    for phone in [&mut a, &mut b] {
        (phone.piece_bytes, phone.max_message) = (200_000, Some(250_000));
    }
    for (name, bytes) in [("Stays", 500_000), ("Edited", 600_000), ("Gone", 700_000)] {
        a.add(&photo(name, bytes));
    }
    a.add(&card("Small", ""));
    a.sync(world).unwrap();
    b.sync(world).unwrap();
    assert!(a.contents() == b.contents());
    (a, b)
}

/// What the phone has done since: one stays, one differs in its last bytes only, one goes, one is new, one has become large.
fn changed(a: &mut Phone) {
    let (edited, gone, small) = (a.find("Edited"), a.find("Gone"), a.find("Small"));
    let text = a.text_of("Edited").replace("END:VCARD", "TITLE:x\r\nEND:VCARD");
    a.edit(&edited, &text);
    a.delete(&gone);
    a.edit(&small, &photo("Small", 460_000));
    a.add(&photo("New", 800_000));
}

#[test]
fn large_objects_take_the_collections_place_too() {
    fn case<S: Store>(world: &World<S>) {
        let (mut a, mut b) = photos(world);
        let before = seqs(world, "contacts");
        changed(&mut a);
        a.asks = 203;
        let session = a.sync(world).unwrap();
        assert_eq!((session.sent, session.received), (4, 0), "{}", world.last_line());
        assert!(world.live("contacts") == a.contents());
        let after = seqs(world, "contacts");
        assert_eq!(after.iter().filter(|at| before.contains(at)).count(), 1, "what stays is not written");
        assert_eq!(after.len(), 5, "the same records, and one more");
        let session = b.sync(world).unwrap();
        assert!(session.received == 4 && b.contents() == a.contents(), "{}", world.last_line());
        a.asks = 0;
        for phone in [&mut a, &mut b] {
            let session = phone.sync(world).unwrap();
            assert_eq!((session.sent, session.received), (0, 0));
        }
    }
    case(&World::new(MemoryStore::new()).reading_on());
    case(&World::new(SqliteStore::new()).reading_on());
}

#[test]
fn a_device_that_is_new_finds_its_large_objects_again() {
    let world = World::new(SqliteStore::new()).reading_on();
    let (mut a, mut b) = photos(&world);
    let before = seqs(&world, "contacts");
    let mut c = large("c", Encoding::Xml);
    (c.piece_bytes, c.max_message, c.asks) = (200_000, Some(250_000), 203);
    for text in a.contents() {
        c.add(&text);
    }
    c.sync(&world).unwrap();
    assert_eq!(seqs(&world, "contacts"), before);
    for phone in [&mut a, &mut b] {
        let session = phone.sync(&world).unwrap();
        assert_eq!((session.sent, session.received), (0, 0));
    }
    assert!(c.contents() == a.contents());
}

#[test]
fn nothing_changes_before_all_of_a_large_refresh_is_here() {
    for (at, resumes) in [(3, true), (8, true), (11, true), (11, false)] {
        let world = World::new(SqliteStore::new()).reading_on();
        let (mut a, mut b) = photos(&world);
        let before = world.live("contacts");
        changed(&mut a);
        (a.asks, a.fault) = (203, Fault::DiesAfter(at));
        a.sync(&world).unwrap_err();
        assert!(world.live("contacts") == before, "after message {at}");
        world.tick(60 * 60 * 1_000);
        b.sync(&world).unwrap();
        assert!(b.contents() == before);
        (a.fault, a.resumes) = (Fault::None, resumes);
        a.sync(&world).unwrap();
        assert!(
            world.live("contacts") == a.contents(),
            "after message {at}, {resumes}: {}",
            world.last_line()
        );
        b.sync(&world).unwrap();
        assert!(b.contents() == a.contents());
        (a.asks, a.resumes) = (0, false);
        assert_eq!(a.sync(&world).unwrap().received, 0);
        let left = ["staged", "staged_chunk", "piece"].map(|table| count(&world, table));
        assert_eq!(left, [0, 0, 0]);
    }
}

fn count(world: &World<SqliteStore>, table: &str) -> i64 {
    let connection = world.store.connection.borrow();
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn a_large_refresh_that_nobody_ends_is_swept() {
    let world = World::new(SqliteStore::new()).reading_on();
    let (mut a, mut b) = photos(&world);
    changed(&mut a);
    (a.asks, a.fault) = (203, Fault::DiesAfter(11));
    a.sync(&world).unwrap_err();
    assert!(count(&world, "staged_chunk") > 2);
    world.tick(60 * 60 * 60 * 1_000);
    b.sync(&world).unwrap();
    assert_eq!(["staged", "staged_chunk"].map(|table| count(&world, table)), [0, 0]);
}

#[test]
fn what_breaks_off_in_a_refresh_takes_nothing_away() {
    let world = World::new(SqliteStore::new()).reading_on();
    let mut hand = Hand::new(&world, "1");
    hand.say(vec![alert("201", "./C", "notes", "", "1")], true);
    let whole = |luid: &str, text: &str| piece(luid, text, None, false);
    hand.say(vec![sync("notes", vec![whole("1", "one"), whole("2", "two"), whole("3", "three")])], true);
    let mut hand = Hand::new(&world, "2");
    hand.say(vec![alert("203", "./C", "notes", "1", "2")], true);
    let first = sync("notes", vec![piece("1", "half", Some(9), true)]);
    assert_eq!(codes(&hand.say(vec![first], false)), [200, 213]);
    let answer = hand.say(vec![sync("notes", vec![whole("2", "two, new")])], true);
    assert_eq!((codes(&answer), &others(&answer)[..1]), (vec![200, 200], &["223".to_owned()][..]));
    assert_eq!(world.live("notes"), ["one", "two, new"]);
}

// ------------------------------------------------------------------------------------------------------------- folders

/// A whole refresh by a device with a tree.
fn refresh(device: &mut Device<'_>, commands: Vec<Command>) -> Vec<u16> {
    let mut hand = device.hand_of("203");
    device.in_session(&mut hand, commands)
}

#[test]
fn a_tree_takes_the_place_of_a_tree() {
    let world = world();
    let mut a = planted(&world);
    let mut b = Device::new(&world, "b");
    b.sync(vec![]);
    // `deep` is renamed and moved out, `mail` has gone, `file` has moved to where nothing was.
    let said = refresh(
        &mut a,
        vec![
            add("1", FOLDER, "in", "/"),
            add("2", FOLDER, "depth", "/"),
            add("5", FOLDER, "new", "2"),
            add("3", FILE, "file", "5"),
        ],
    );
    assert_eq!(said, [200, 200, 200, 201, 200], "{}", world.last_line());
    assert_eq!(tree(&world), pairs(&[("depth", "/"), ("file", "new"), ("in", "/"), ("new", "depth")]));
    b.sync(vec![]);
    let came = b.came();
    assert_eq!(came.len(), 3, "{came:?}");
    assert_eq!((came[0].0.as_str(), came[0].1.as_str()), ("Add", "new"));
    assert!(came.iter().all(|(_, name, _)| name != "in"), "what stays is not sent: {came:?}");
    assert_eq!((a.sync(vec![]), a.came()), (vec![200], Vec::new()));
}

#[test]
fn a_new_device_s_tree_is_recognised_place_by_place() {
    let world = world();
    let mut a = planted(&world);
    // Twins: folders of one name with files of one content, in different places.
    a.sync(vec![
        add("5", FOLDER, "deep", "1"),
        add("6", FILE, "file", "5"),
        add("7", FILE, "file", "1"),
        add("8", FOLDER, "deep", "2"),
    ]);
    let before = seqs(&world, "files");
    let mut b = Device::new(&world, "b");
    let said = refresh(
        &mut b,
        vec![
            add("m", EMAIL, "mail", "/"),
            add("i", FOLDER, "in", "/"),
            add("f", FILE, "file", "i"),
            add("d1", FOLDER, "deep", "i"),
            add("d2", FOLDER, "deep", "i"),
            add("f2", FILE, "file", "d2"),
            add("f1", FILE, "file", "d1"),
            add("dd", FOLDER, "deep", "d1"),
        ],
    );
    assert_eq!(said[0], 200);
    assert!(said[1..].iter().all(|code| *code == 201));
    let mut after = seqs(&world, "files");
    after.retain(|at| !before.contains(at));
    // Which of the twins has the empty folder in it cannot be told: at most that one is made anew.
    assert!(after.len() <= 2, "{after:?}");
    let expected = [
        ("deep", "deep"),
        ("deep", "in"),
        ("deep", "in"),
        ("file", "deep"),
        ("file", "deep"),
        ("file", "in"),
        ("in", "/"),
        ("mail", "/"),
    ];
    assert_eq!(tree(&world), pairs(&expected));
    a.sync(vec![]);
    assert_eq!((b.sync(vec![]), b.came()), (vec![200], Vec::new()));
}

#[test]
fn what_has_no_place_in_a_refresh_is_refused() {
    let world = world();
    let mut a = planted(&world);
    let mut hand = a.hand_of("203");
    let mut says = |command: Command| codes(&hand.say(of_files(vec![command]), false))[1];
    let before = tree(&world);
    let cases = [
        // Its folder has not come, and what has come is none.
        (add("2", FOLDER, "deep", "1"), 404),
        (add("4", EMAIL, "mail", "/"), 200),
        (add("9", FILE, "x", "4"), 404),
        (add("9", FILE, "x", "nowhere"), 404),
        (add("1", FOLDER, "in", "/"), 200),
        (add("9", FILE, "x", "1"), 201),
        (add("8", FOLDER, "y", "1"), 201),
        // In itself.
        (in_folder(ChangeKind::Replace, "1", FOLDER, "in", "8"), 428),
        (relocate("3", "1"), 403),
        (delete("4"), 403),
        (add("7", "text/vcard", "z", "1"), 415),
        // Its folder was refused, but is here.
        (add("6", FILE, "z", "2"), 201),
    ];
    for (index, (command, code)) in cases.into_iter().enumerate() {
        assert_eq!(says(command), code, "{index}: {}", world.last_line());
        assert_eq!(tree(&world), before, "{index}");
    }
    hand.say(of_files(Vec::new()), true);
    // What was refused, with its record, is as it was; what never came has gone.
    let expected = [
        ("deep", "in"),
        ("file", "deep"),
        ("in", "/"),
        ("mail", "/"),
        ("x", "in"),
        ("y", "in"),
        ("z", "deep"),
    ];
    assert_eq!(tree(&world), pairs(&expected), "{}", world.last_line());
}

#[test]
fn a_tree_goes_on_arriving_in_the_next_session_or_leaves_everything_as_it_was() {
    for resumed in [true, false] {
        let world = world();
        let mut a = planted(&world);
        let before = (tree(&world), seqs(&world, "files"));
        let mut hand = a.hand_of("203");
        let first = vec![add("1", FOLDER, "in", "/"), add("10", FOLDER, "new", "1")];
        assert_eq!(codes(&hand.say(of_files(first), false)), [200, 200, 201]);
        assert_eq!((tree(&world), seqs(&world, "files")), before);
        world.tick(20 * 60 * 60 * 1_000);
        a.sessions -= 1;
        let mut hand = a.hand_of(if resumed { "225" } else { "203" });
        let rest = vec![add("3", FILE, "file", "10"), add("4", EMAIL, "mail", "/")];
        let said = codes(&hand.say(of_files(rest), true));
        if resumed {
            assert_eq!(said, [200, 200, 200], "{}", world.last_line());
            let expected = [("file", "new"), ("in", "/"), ("mail", "/"), ("new", "in")];
            assert_eq!(tree(&world), pairs(&expected));
        } else {
            assert_eq!(said, [200, 404, 200], "what was staged is forgotten");
            // The file was refused and stays; where it was has gone.
            assert_eq!(tree(&world), pairs(&[("file", "gone"), ("mail", "/")]));
        }
    }
}

#[test]
fn one_heap_keeps_the_tree() {
    // A device that knows nothing of folders says no places: what it has stays where it is.
    let world = world();
    let mut a = planted(&world);
    a.sync(vec![add("5", FILE, "file", "/")]);
    let mut b = Device::new(&world, "b");
    let heap = vec![add("x", FILE, "file", ""), add("y", FOLDER, "deep", ""), add("z", FOLDER, "in", "")];
    assert_eq!(refresh(&mut b, heap), [200, 201, 201, 201]);
    assert_eq!(tree(&world), pairs(&[("deep", "in"), ("file", "/"), ("in", "/")]));
}

#[test]
fn a_large_file_keeps_its_folder() {
    let world = world();
    let mut a = planted(&world);
    let text = object(FILE, &"x".repeat(900_000));
    let pieces = |parent: &'static str| {
        let (first, rest) = text.split_at(450_000);
        let (second, third) = rest.split_at(440_000);
        let size = Some(text.len() as u64);
        [(first, size, true), (second, None, true), (third, None, false)].map(|(part, size, more)| {
            let Command::Change(mut change) = add("9", FILE, "", parent) else { panic!() };
            change.items[0].data = Some(Data::Bytes(part.as_bytes().to_vec()));
            (change.items[0].more, change.items[0].meta.size) = (more, size);
            Command::Change(change)
        })
    };
    let mut last = Vec::new();
    for (parent, place) in [("1", "in"), ("1", "in"), ("/", "/")] {
        let mut hand = a.hand_of("203");
        hand.say(of_files(vec![add("1", FOLDER, "in", "/")]), false);
        let mut said = Vec::new();
        for (index, piece) in pieces(parent).into_iter().enumerate() {
            said.push(codes(&hand.say(of_files(vec![piece]), index == 2))[1]);
        }
        assert_eq!(said[..2], [213, 213], "{}", world.last_line());
        assert!([200, 201].contains(&said[2]), "{said:?}");
        let names = tree(&world);
        assert_eq!(names.len(), 2);
        assert!(names.iter().any(|(name, at)| name.len() == 900_000 && at == place), "{place}");
        let now = seqs(&world, "files");
        let moved = now.iter().filter(|at| !last.contains(*at)).count();
        assert!(last.is_empty() || moved == usize::from(place == "/"), "{moved} for {place}");
        last = now.into_iter().collect();
    }
    let swept = world.clock.get();
    let account = anchorage::record::AccountId("account-ann".into());
    let sweep = Some(Sweep { horizon: swept, now: swept, traces: 0 });
    crate::house::now(world.store.commit(&Batch { account, now: swept, sweep, ..Batch::default() })).unwrap();
    assert!(world.records("files").iter().any(|record| record.content.size() > 900_000));
    assert!(!world.records("files").iter().any(|record| matches!(record.content, Content::Large(_))));
    assert_eq!(count(&world, "chunk"), 3, "only what it is made of");
}

// ------------------------------------------------------------------------------------------------------------- filters

#[test]
fn a_refresh_through_a_filter_spares_what_is_outside() {
    fn case<S: Store>(world: &World<S>, kind: &str, all_before: bool) {
        let friends = || filter(kind, "GROUP&EQ;Friends");
        let mut a = people(world);
        let mut b = Phone::contacts("b");
        if all_before {
            b.sync(world).unwrap();
        }
        sync_with(world, &mut b, friends());
        // It has lost Ann, and says nothing of Cy, whom it may have had.
        let (ann, bob) = (b.find("Ann"), b.find("Bob"));
        b.delete(&ann);
        b.edit(&bob, &card("Bob", "CATEGORIES:Friends\r\nNOTE:new\r\n"));
        b.add(&card("Dan", "CATEGORIES:Friends\r\n"));
        b.only().items.retain(|_, text| text.contains("Friends"));
        b.asks = 203;
        let session = sync_with(world, &mut b, friends());
        assert_eq!((session.sent, session.received), (2, 0), "{}", world.last_line());
        a.sync(world).unwrap();
        assert_eq!(names(&a), ["Bob", "Cy", "Dan"], "{kind} {all_before}: {}", world.last_line());
        assert!(a.text_of("Bob").contains("NOTE:new"));
        // What was spared comes when it is wanted.
        b.asks = 0;
        assert_eq!(sync_with(world, &mut b, friends()).received, 0, "{}", world.last_line());
        assert_eq!(sync_with(world, &mut b, None).received, 1, "{}", world.last_line());
        assert_eq!(b.contents(), a.contents());
    }
    for (kind, all_before) in
        [("EXCLUSIVE", false), ("INCLUSIVE", false), ("EXCLUSIVE", true), ("INCLUSIVE", true)]
    {
        case(&World::new(MemoryStore::new()).reading_on(), kind, all_before);
        case(&World::new(SqliteStore::new()).reading_on(), kind, all_before);
    }
}

#[test]
fn what_came_inside_the_filter_meanwhile_is_not_lost_either() {
    let world = World::new(SqliteStore::new()).reading_on();
    let friends = || filter("EXCLUSIVE", "GROUP&EQ;Friends");
    let (mut a, mut b) = (people(&world), Phone::contacts("b"));
    sync_with(&world, &mut b, friends());
    a.add(&card("Eve", "CATEGORIES:Friends\r\n"));
    a.sync(&world).unwrap();
    b.asks = 203;
    sync_with(&world, &mut b, friends());
    b.asks = 0;
    assert_eq!(sync_with(&world, &mut b, friends()).received, 1, "{}", world.last_line());
    assert_eq!(names(&b), ["Ann", "Bob", "Eve"]);
    assert_eq!(world.live("contacts").len(), 4);
}

#[test]
fn a_refresh_does_not_go_on_with_another_filter() {
    for (resumed_with, goes_on) in [(None, true), (filter("EXCLUSIVE", "name&EQ;Cy"), false)] {
        let world = World::new(SqliteStore::new()).reading_on();
        let friends = || filter("EXCLUSIVE", "GROUP&EQ;Friends");
        people(&world);
        let mut b = Phone::contacts("b");
        sync_with(&world, &mut b, friends());
        (b.asks, b.fault, b.per_message) = (203, Fault::DiesAfter(2), 1);
        b.only().filter = friends();
        b.sync(&world).unwrap_err();
        (b.fault, b.resumes) = (Fault::None, true);
        let session = sync_with(&world, &mut b, resumed_with);
        let code = if goes_on { 200 } else { 508 };
        assert_eq!(session.statuses_of("Alert"), [code], "{}", world.last_line());
        assert_eq!(world.live("contacts").len(), 3);
    }
}

#[test]
fn one_way_syncs_and_a_refresh_of_the_phone_see_through_the_filter() {
    fn case<S: Store>(world: &World<S>) {
        let friends = || filter("EXCLUSIVE", "GROUP&EQ;Friends");
        let mut a = people(world);
        let mut b = Phone::contacts("b");
        b.sync(world).unwrap();
        a.add(&card("Dan", "CATEGORIES:Friends\r\n"));
        a.add(&card("Eve", ""));
        a.sync(world).unwrap();
        b.add(&card("Fay", ""));
        b.asks = 202;
        let session = sync_with(world, &mut b, friends());
        assert_eq!((session.sent, session.received), (1, 0), "{}", world.last_line());
        assert_eq!(world.live("contacts").len(), 6);
        assert_eq!(names(&b), ["Ann", "Bob", "Cy", "Fay"]);
        b.asks = 204;
        sync_with(world, &mut b, friends());
        assert_eq!(
            names(&b),
            ["Ann", "Bob", "Dan"],
            "what is outside goes from the device: {}",
            world.last_line()
        );
        b.asks = 205;
        sync_with(world, &mut b, friends());
        assert_eq!(names(&b), ["Ann", "Bob", "Dan"], "{}", world.last_line());
        assert_eq!(world.live("contacts").len(), 6, "nothing has gone here");
        b.asks = 0;
        sync_with(world, &mut b, None);
        assert_eq!(b.contents(), world.live("contacts"));
    }
    case(&World::new(MemoryStore::new()).reading_on());
    case(&World::new(SqliteStore::new()).reading_on());
}
