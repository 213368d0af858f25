//! Odd devices: commands out of their phase, packages that never end, requests for what is not offered.

use crate::card;
use crate::hand::*;
use crate::phone::Phone;
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::syncml::message::*;

fn world() -> World<SqliteStore> {
    let world = World::new(SqliteStore::new());
    let mut a = Phone::contacts("a");
    for number in 0..3 {
        a.add(&card(&format!("Card {number}"), ""));
    }
    a.sync(&world).unwrap();
    world
}

/// A slow sync of `./C` that takes the three cards, so that the next one is normal with the anchor `1`.
fn settle(world: &World<SqliteStore>) {
    let mut hand = Hand::greeted(world, "settle", "", "1");
    let answer = hand.say(vec![sync("contacts", Vec::new())], true);
    assert_eq!(others(&answer), ["Sync 3"]);
    let mut owed = acknowledge(&answer);
    let guids: Vec<String> = added(&answer);
    let pairs: Vec<(&str, &str)> = guids.iter().map(String::as_str).zip(["1", "2", "3"]).collect();
    owed.push(map("contacts", &pairs));
    assert!(hand.say(owed, true).last);
}

fn added(answer: &Message) -> Vec<String> {
    let mut guids = Vec::new();
    for command in &answer.commands {
        let Command::Sync(sync) = command else { continue };
        for command in &sync.commands {
            let Command::Change(change) = command else { continue };
            guids.extend(change.items.iter().filter_map(|item| item.source.clone()).map(|source| source.uri));
        }
    }
    guids
}

/// Another phone adds a card.
fn meanwhile(world: &World<SqliteStore>) {
    let mut b = Phone::contacts("b");
    b.add(&card("Meanwhile", ""));
    b.sync(world).unwrap();
}

/// Acknowledges until there is nothing more; what was added on the way.
fn drain(hand: &mut Hand<'_>, mut answer: Message) -> Vec<String> {
    let mut got = added(&answer);
    for _ in 0..3 {
        answer = hand.say(acknowledge(&answer), true);
        got.extend(added(&answer));
    }
    got
}

#[test]
fn what_is_ours_is_not_lost_where_final_came_before_the_sync() {
    // Funambol's clients say Final with every 222 (`syncml.md` 9.1, P1).
    for early in 0..4 {
        let world = world();
        settle(&world);
        meanwhile(&world);
        let mut hand = Hand::greeted(&world, "2", "1", "2");
        for _ in 0..early {
            assert!(hand.say(vec![bare("222")], true).last);
        }
        let answer = hand.say(vec![sync("contacts", Vec::new())], true);
        assert_eq!(codes(&answer), [200]);
        assert_eq!(drain(&mut hand, answer).len(), 1, "{early}: {:#?}", world.lines.borrow());
    }
}

#[test]
fn a_sync_in_one_message_after_a_broken_one_gets_what_that_one_lost() {
    let world = world();
    settle(&world);
    meanwhile(&world);
    let mut broken = Hand::greeted(&world, "2", "1", "2");
    assert_eq!(added(&broken.say(vec![sync("contacts", Vec::new())], true)).len(), 1);
    let mut hand = Hand::new(&world, "3");
    let mut answer =
        hand.say(vec![alert("200", "./C", "contacts", "1", "3"), sync("contacts", Vec::new())], true);
    assert_eq!(codes(&answer), [200, 200]);
    if !answer.last {
        answer = hand.say(acknowledge(&answer), false);
    }
    assert_eq!(added(&answer).len(), 1, "{:#?}", world.lines.borrow());
}
