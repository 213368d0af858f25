//! Objects too large to be merged: what is whole replaces what nobody else has changed, otherwise both are kept.

use crate::objects::{large, photo};
use crate::phone::Phone;
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::store::Policy;
use anchorage::syncml::codec::Encoding;

const HEAVY: usize = 12_000_000;

fn phone(device: &str) -> Phone {
    let mut phone = large(device, Encoding::Wbxml);
    (phone.piece_bytes, phone.max_message, phone.patience) = (400_000, Some(450_000), 5_000);
    phone
}

/// Two phones that hold one card too large to be merged.
fn pair(world: &World<SqliteStore>) -> (Phone, Phone) {
    let (mut a, mut b) = (phone("a"), phone("b"));
    a.add(&photo("Photo", HEAVY));
    a.sync(world).unwrap();
    b.sync(world).unwrap();
    assert_eq!(a.contents(), b.contents());
    (a, b)
}

fn noted(phone: &Phone, note: &str) -> String {
    phone.text_of("Photo").replace("NOTE:", &format!("NOTE:{note} "))
}

#[test]
fn one_that_only_one_phone_changes_is_replaced_and_a_slow_sync_finds_it_again() {
    let world = World::new(SqliteStore::new()).reading_on();
    let (mut a, mut b) = pair(&world);
    let text = noted(&a, "of a");
    let luid = a.find("Photo");
    a.edit(&luid, &text);
    assert_eq!(a.sync(&world).unwrap().statuses_of("Replace").last(), Some(&200));
    b.sync(&world).unwrap();
    a.slow = true;
    let session = a.sync(&world).unwrap();
    assert_eq!((session.statuses_of("Replace").last(), session.received), (Some(&200), 0));
    assert_eq!((a.contents(), b.contents()), (vec![text.clone()], vec![text.clone()]));
    assert!(world.records("contacts").len() == 1 && world.live("contacts") == [text]);
}

#[test]
fn one_that_two_phones_change_is_kept_twice() {
    let world = World::new(SqliteStore::new()).reading_on();
    let (mut a, mut b) = pair(&world);
    let texts = [noted(&a, "of a"), noted(&b, "of b")];
    let (of_a, of_b) = (a.find("Photo"), b.find("Photo"));
    a.edit(&of_a, &texts[0]);
    b.edit(&of_b, &texts[1]);
    a.sync(&world).unwrap();
    assert_eq!(b.sync(&world).unwrap().statuses_of("Replace").last(), Some(&209));
    assert!(
        world.lines.borrow().iter().any(|line| line.contains("too large to be merged, so both are kept"))
    );
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    let sorted = |mut texts: Vec<String>| {
        texts.sort();
        texts
    };
    for held in [a.contents(), b.contents(), world.live("contacts")] {
        assert!(sorted(held) == sorted(texts.to_vec()));
    }
    for phone in [&mut a, &mut b] {
        let session = phone.sync(&world).unwrap();
        assert_eq!((session.sent, session.received), (0, 0));
    }
}

#[test]
fn where_one_side_is_to_win_it_does() {
    for (policy, code, winner) in [(Policy::ServerWins, 419, 0), (Policy::ClientWins, 208, 1)] {
        let world = World::with_policy(SqliteStore::new(), policy).reading_on();
        let (mut a, mut b) = pair(&world);
        let texts = [noted(&a, "of a"), noted(&b, "of b")];
        let (of_a, of_b) = (a.find("Photo"), b.find("Photo"));
        a.edit(&of_a, &texts[0]);
        b.edit(&of_b, &texts[1]);
        a.sync(&world).unwrap();
        assert_eq!(b.sync(&world).unwrap().statuses_of("Replace").last(), Some(&code));
        a.sync(&world).unwrap();
        b.sync(&world).unwrap();
        let expected = [texts[winner].clone()];
        assert!(a.contents() == expected && b.contents() == expected && world.live("contacts") == expected);
    }
}
