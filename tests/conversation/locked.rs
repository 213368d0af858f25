//! Collections that devices may only read: nothing changes here, nothing is doubled there.

use crate::house::now;
use crate::phone::Phone;
use crate::sqlite::SqliteStore;
use crate::world::{World, collection};
use anchorage::record::{AccountId, Kind};
use anchorage::store::{Batch, Collection, Edit, Policy, Store};

fn lock(world: &World<SqliteStore>, quiet: bool) {
    let contacts = collection("contacts", Kind::Contacts, &["card"], Policy::Merge);
    let edits = vec![Edit::PutCollection(Collection { read_only: true, quiet, ..contacts })];
    let batch = Batch { account: AccountId("account-ann".into()), edits, ..Batch::default() };
    now(world.store.commit(&batch)).unwrap();
}

fn card(name: &str, more: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nN:{name};;;;\r\nFN:{name}\r\n{more}END:VCARD\r\n")
}

/// A phone that made two cards, and one that got them before the collection was locked.
fn pair(world: &World<SqliteStore>, quiet: bool) -> (Phone, Phone) {
    let (mut a, mut b) = (Phone::contacts("a"), Phone::contacts("b"));
    a.add(&card("One", ""));
    a.add(&card("Two", ""));
    a.sync(world).unwrap();
    b.sync(world).unwrap();
    lock(world, quiet);
    (a, b)
}

#[test]
fn a_slow_sync_finds_again_what_is_there_and_doubles_nothing() {
    for quiet in [false, true] {
        let world = World::new(SqliteStore::new());
        let (mut a, mut b) = pair(&world, quiet);
        let before = world.live("contacts");
        for phone in [&mut a, &mut b] {
            phone.slow = true;
            let session = phone.sync(&world).unwrap();
            assert_eq!((session.statuses_of("Replace"), session.received), (vec![200, 200], 0));
            assert_eq!(phone.contents().len(), 2);
        }
        // One that was reset and got its cards back from a computer is told apart by nothing but what they hold.
        let mut reset = Phone::contacts("b");
        b.contents().iter().for_each(|text| drop(reset.add(text)));
        let session = reset.sync(&world).unwrap();
        assert_eq!((session.statuses_of("Add"), session.received), (vec![201, 201], 0));
        assert_eq!((reset.contents(), world.live("contacts")), (b.contents(), before));
    }
}

#[test]
fn a_change_is_refused_and_said_to_be() {
    let world = World::new(SqliteStore::new());
    let (_, mut b) = pair(&world, false);
    let before = world.live("contacts");
    let (one, two) = (b.find("One"), b.find("Two"));
    b.edit(&one, &card("One", "TITLE:b\r\n"));
    b.delete(&two);
    b.add(&card("Three", ""));
    let session = b.sync(&world).unwrap();
    assert_eq!((session.statuses_of("Replace"), session.statuses_of("Delete")), (vec![425, 425], vec![425]));
    assert_eq!(world.live("contacts"), before);
}

#[test]
fn a_quiet_one_says_yes_and_sends_back_what_is_here() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = pair(&world, true);
    let before = world.live("contacts");
    let (one, two) = (b.find("One"), b.find("Two"));
    b.edit(&one, &card("One", "TITLE:b\r\n"));
    b.delete(&two);
    let three = b.add(&card("Three", ""));
    let session = b.sync(&world).unwrap();
    assert_eq!((session.statuses_of("Replace"), session.statuses_of("Delete")), (vec![200, 200], vec![200]));
    assert!(
        world.lines.borrow().iter().any(|line| line.contains("is read-only: Delete of")),
        "the log says so"
    );
    assert_eq!(world.live("contacts"), before);
    let session = b.sync(&world).unwrap();
    assert_eq!((session.sent, session.received), (0, 2), "one as it was, one again");
    b.delete(&three);
    let mut held = b.contents();
    held.sort();
    assert_eq!(held, before);
    b.sync(&world).unwrap();
    let session = b.sync(&world).unwrap();
    assert_eq!((session.sent, session.received), (0, 0));
    // Nobody else has heard of it.
    assert_eq!(a.sync(&world).unwrap().received, 0);
    assert_eq!(world.live("contacts"), before);
}
