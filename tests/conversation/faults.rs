//! Messages and phones get lost: nothing else does.

use crate::house::now;
use crate::phone::{Fault, Phone, Wire};
use crate::sqlite::SqliteStore;
use crate::world::World;
use crate::{card, pair};
use anchorage::http::Response;
use anchorage::store::Store;
use std::cell::{Cell, RefCell};

#[test]
fn a_lost_answer_is_given_again_and_nothing_is_applied_twice() {
    for at in 1..=6 {
        let world = World::new(SqliteStore::new());
        let (mut a, mut b) = pair(&world);
        a.add(&card("New", ""));
        b.add(&card("Other", ""));
        b.sync(&world).unwrap();
        a.fault = Fault::LostAnswer(at);
        a.sync(&world).unwrap();
        b.sync(&world).unwrap();
        assert_eq!(a.contents(), b.contents(), "at {at}");
        assert_eq!(a.contents().len(), 12);
    }
}

#[test]
fn a_session_that_dies_anywhere_is_repaired_by_the_next_ordinary_one() {
    for at in 1..=6 {
        for fault in [Fault::DiesBefore(at), Fault::DiesAfter(at)] {
            for slow in [false, true] {
                let world = World::new(SqliteStore::new());
                let (mut a, mut b) = pair(&world);
                let (edited, deleted) = (a.find("Card 4"), a.find("Card 5"));
                a.edit(&edited, &card("Card 4", "TEL;TYPE=CELL:444\r\n"));
                a.delete(&deleted);
                a.add(&card("New", ""));
                let gone = b.find("Card 6");
                b.delete(&gone);
                b.add(&card("Other", ""));
                b.sync(&world).unwrap();
                (a.fault, a.slow) = (fault, slow && !matches!(fault, Fault::None));
                // A slow sync sends no deletions: the next ordinary one does.
                let died = a.sync(&world);
                (a.fault, a.slow) = (Fault::None, false);
                if died.is_ok() && slow {
                    a.sync(&world).unwrap();
                    continue;
                }
                a.sync(&world).unwrap_or_else(|e| panic!("{fault:?}: {e:?} {:?}", world.lines.borrow()));
                b.sync(&world).unwrap();
                a.sync(&world).unwrap();
                assert_eq!(a.contents(), b.contents(), "{fault:?} slow {slow}: {:#?}", world.lines.borrow());
                // In a slow sync the deletion may have been undone: the phone was sent what it had deleted.
                let mut distinct = a.contents();
                distinct.dedup();
                assert_eq!(distinct, a.contents(), "{fault:?} slow {slow}: duplicates");
                assert!(
                    a.contents().len() == 10 || slow && a.contents().len() == 11,
                    "{fault:?} slow {slow}"
                );
                let mut fresh = Phone::contacts("c");
                fresh.sync(&world).unwrap();
                assert_eq!(a.contents(), fresh.contents(), "{fault:?}");
            }
        }
    }
}

#[test]
fn a_reset_phone_with_reused_ids_makes_no_duplicates() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = pair(&world);
    // Factory reset, then restored from a backup in another order: the same ids mean other records now.
    let folder = a.only();
    let texts: Vec<String> = folder.items.values().rev().cloned().collect();
    folder.items = folder.items.keys().cloned().zip(texts).collect();
    (folder.last, folder.server_last) = (String::new(), String::new());
    a.add(&card("After the reset", ""));
    let session = a.sync(&world).unwrap();
    assert_eq!((session.received, session.statuses_of("Add").len()), (0, 11), "{}", world.last_line());
    b.sync(&world).unwrap();
    assert_eq!(a.contents(), b.contents());
    assert_eq!(a.contents().len(), 11);
    let luid = a.find("Card 3");
    a.edit(&luid, &card("Card 3", "TEL;TYPE=CELL:3\r\n"));
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    assert_eq!(a.contents(), b.contents());
}

#[test]
fn a_known_phone_that_asks_for_a_slow_sync_keeps_its_edits_apart_from_duplicates() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = pair(&world);
    let luid = a.find("Card 3");
    a.edit(&luid, &card("Card 3", "TEL;TYPE=CELL:3\r\n"));
    let (edited, gone) = (b.find("Card 5"), b.find("Card 6"));
    b.edit(&edited, &card("Card 5", "TEL;TYPE=CELL:5\r\n"));
    b.delete(&gone);
    b.sync(&world).unwrap();
    a.slow = true;
    a.sync(&world).unwrap();
    a.slow = false;
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    assert_eq!(a.contents(), b.contents(), "{:#?}", world.lines.borrow());
    assert_eq!(a.contents().len(), 9);
}

#[test]
fn equal_records_are_matched_one_to_one() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = (Phone::contacts("a"), Phone::contacts("b"));
    for _ in 0..4 {
        a.add(&card("Twin", ""));
    }
    for _ in 0..3 {
        b.add(&card("Twin", ""));
    }
    a.sync(&world).unwrap();
    assert_eq!(world.live("contacts").len(), 4);
    let session = b.sync(&world).unwrap();
    assert_eq!((session.statuses_of("Add").len(), session.received), (3, 1));
    assert_eq!((world.live("contacts").len(), b.contents().len()), (4, 4));
}

#[test]
fn a_phone_that_lost_its_anchors_by_half_is_told_to_sync_slowly() {
    let world = World::new(SqliteStore::new());
    let (mut a, _) = pair(&world);
    a.only().last = "something else".into();
    let session = a.sync(&world).unwrap();
    assert_eq!((session.statuses_of("Alert"), session.alerts), (vec![508], vec![("./C".into(), 201)]));
    assert_eq!((session.received, world.live("contacts").len()), (0, 10));
}

#[test]
fn a_phone_that_remembers_another_anchor_of_ours_syncs_slowly_without_another_alert() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = pair(&world);
    b.add(&card("Of b", ""));
    b.sync(&world).unwrap();
    // It has lost an item, holds one under another id, and edited a third.
    let (gone, moved, edited) = (a.find("Card 1"), a.find("Card 2"), a.find("Card 3"));
    let folder = a.only();
    folder.items.remove(&gone);
    let text = folder.items.remove(&moved).unwrap();
    folder.items.insert("elsewhere".into(), text);
    a.edit(&edited, &card("Card 3", "TITLE:a\r\n"));
    a.doubts = true;
    let session = a.sync(&world).unwrap();
    assert_eq!((session.statuses_of("Alert"), session.sent, session.received), (vec![200], 9, 2));
    assert!(world.lines.borrow().iter().any(|line| line.contains("another anchor of ours")));
    a.doubts = false;
    assert_eq!(a.sync(&world).unwrap().alerts, vec![("./C".into(), 200)]);
    b.sync(&world).unwrap();
    assert_eq!((a.contents().len(), a.contents()), (11, b.contents()), "{:#?}", world.lines.borrow());
}

#[test]
fn an_item_the_phone_refuses_for_now_comes_again_and_one_it_can_never_take_does_not() {
    for (verdict, again) in [(500, 1), (415, 0)] {
        let world = World::new(SqliteStore::new());
        let (mut a, mut b) = pair(&world);
        b.add(&card("New", ""));
        b.sync(&world).unwrap();
        a.verdict = verdict;
        assert_eq!(a.sync(&world).unwrap().received, 1);
        a.verdict = 0;
        assert_eq!(a.sync(&world).unwrap().received, again, "{verdict}");
        assert_eq!(a.sync(&world).unwrap().received, 0, "{verdict}");
    }
}

#[test]
fn an_item_refused_for_ever_is_given_up_after_a_few_sessions() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = pair(&world);
    b.add(&card("New", ""));
    b.sync(&world).unwrap();
    a.verdict = 500;
    let received: Vec<u32> = (0..8).map(|_| a.sync(&world).unwrap().received).collect();
    assert_eq!(received.first(), Some(&1));
    assert_eq!(received.last(), Some(&0), "{received:?}");
}

#[test]
fn a_phone_away_for_longer_than_deletions_are_remembered_syncs_slowly() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = pair(&world);
    let luid = b.find("Card 1");
    b.delete(&luid);
    b.sync(&world).unwrap();
    world.tick(100 * 24 * 60 * 60 * 1000);
    // Somebody's visit sweeps in passing.
    b.sync(&world).unwrap();
    let session = a.sync(&world).unwrap();
    assert_eq!(session.statuses_of("Alert"), vec![508]);
    assert!(world.lines.borrow().iter().any(|line| line.contains("away for longer")));
}

#[test]
fn a_reset_phone_that_resumes_does_not_believe_its_ids_of_before_the_reset() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = pair(&world);
    for luid in b.only().items.keys().cloned().collect::<Vec<_>>() {
        b.delete(&luid);
    }
    b.sync(&world).unwrap();
    // Reset, and filled again from elsewhere: ids of before the reset, whose records are deleted here.
    a.only().last.clear();
    a.only().server_last.clear();
    a.per_message = 3;
    a.fault = Fault::DiesAfter(3);
    a.sync(&world).unwrap_err();
    (a.fault, a.resumes) = (Fault::None, true);
    a.sync(&world).unwrap();
    assert_eq!((world.live("contacts").len(), a.contents().len()), (10, 10), "{:#?}", world.lines.borrow());
    a.resumes = false;
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    assert_eq!(a.contents(), b.contents());
}

#[test]
fn an_old_backup_after_a_reset_compares_instead_of_overwriting() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = pair(&world);
    let backup = a.clone();
    let folder = a.only();
    let texts: Vec<String> = folder.items.values().rev().cloned().collect();
    folder.items = folder.items.keys().cloned().zip(texts).collect();
    (folder.last, folder.server_last) = (String::new(), String::new());
    a.per_message = 4;
    a.fault = Fault::DiesAfter(3);
    a.sync(&world).unwrap_err();
    let mut restored = Phone { nonce: a.nonce.clone(), sessions: a.sessions, anchors: a.anchors, ..backup };
    let luid = restored.find("Card 1");
    restored.edit(&luid, &card("Card 1", "TITLE:edited in the backup\r\n"));
    restored.sync(&world).unwrap();
    restored.sync(&world).unwrap();
    b.sync(&world).unwrap();
    assert_eq!(restored.contents(), b.contents());
    for number in 0..10 {
        assert!(
            b.contents().iter().any(|text| text.contains(&format!("Card {number}"))),
            "card {number} is lost"
        );
    }
}

/// Phone `b` got a card, or a change of one, and died before it could say so; then both phones change it.
fn both_change_what_was_never_acknowledged(first: bool, replaced: bool) {
    let world = World::new(SqliteStore::new()).reading_on();
    let (mut a, mut b) = (Phone::contacts("a"), Phone::contacts("b"));
    if !first {
        b.sync(&world).unwrap();
    }
    let luid = a.add(&card("Doe", "TITLE:one\r\nROLE:one\r\n"));
    a.sync(&world).unwrap();
    if replaced {
        b.sync(&world).unwrap();
        a.edit(&luid, &card("Doe", "TITLE:two\r\nROLE:one\r\n"));
        a.sync(&world).unwrap();
    }
    b.fault = Fault::DiesBefore(if b.sessions == 0 { 4 } else { 3 });
    b.sync(&world).unwrap_err();
    b.fault = Fault::None;
    let of_b = b.find("Doe");
    let had = b.text_of("Doe").replace("ROLE:one", "ROLE:b");
    assert!(had.contains(if replaced { "TITLE:two" } else { "TITLE:one" }));
    b.edit(&of_b, &had);
    a.edit(&luid, &card("Doe", "TITLE:three\r\nROLE:one\r\n"));
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    a.sync(&world).unwrap();
    let what = format!("first {first} replaced {replaced}: {:#?}", world.lines.borrow());
    assert_eq!(a.contents(), b.contents(), "{what}");
    assert_eq!(a.contents().len(), 1, "{what}");
    let text = a.text_of("Doe");
    assert!(text.contains("TITLE:three") && text.contains("ROLE:b"), "{text}: {what}");
}

#[test]
fn what_a_broken_session_sent_is_no_edit_of_the_phone() {
    both_change_what_was_never_acknowledged(true, false);
    both_change_what_was_never_acknowledged(false, false);
    both_change_what_was_never_acknowledged(false, true);
}

/// A wire that lets something happen before one message.
pub struct Meanwhile<'a, S, F> {
    pub world: &'a World<S>,
    pub before: u32,
    pub sent: Cell<u32>,
    pub happens: RefCell<F>,
}

impl<S: Store, F: FnMut()> Wire for Meanwhile<'_, S, F> {
    async fn post(&self, url: &str, content_type: &str, body: &[u8]) -> Option<Response> {
        self.sent.set(self.sent.get() + 1);
        if self.sent.get() == self.before {
            self.happens.borrow_mut()();
        }
        self.world.post(url, content_type, body).into()
    }
}

#[test]
fn what_is_deleted_elsewhere_during_a_slow_sync_is_deleted_by_the_next_one() {
    for before in 2..=7 {
        let world = World::new(SqliteStore::new());
        let (mut a, mut b) = pair(&world);
        (a.slow, a.per_message) = (true, 3);
        let wire = Meanwhile {
            world: &world,
            before,
            sent: Cell::new(0),
            happens: RefCell::new(|| {
                let luid = b.find("Card 0");
                b.delete(&luid);
                b.sync(&world).unwrap();
            }),
        };
        now(a.converse(&wire)).unwrap();
        a.slow = false;
        a.sync(&world).unwrap();
        b.sync(&world).unwrap();
        assert_eq!(a.contents(), b.contents(), "before {before}: {:#?}", world.lines.borrow());
    }
}

#[test]
fn a_slow_sync_that_breaks_leaves_what_the_phone_held_as_it_was() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = (Phone::contacts("a"), Phone::contacts("b"));
    b.guid_bytes = 2;
    a.add(&card("Doe", ""));
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    let luid = b.find("Doe");
    b.delete(&luid);
    // A slow sync says nothing of deletions: the card is sent again, under another name, and never arrives.
    (b.slow, b.fault) = (true, Fault::DiesAfter(2));
    b.sync(&world).unwrap_err();
    (b.slow, b.fault) = (false, Fault::None);
    assert_eq!(b.sync(&world).unwrap().statuses_of("Delete"), vec![200], "{:#?}", world.lines.borrow());
    a.sync(&world).unwrap();
    assert_eq!((a.contents(), b.contents()), (vec![], vec![]));
}

#[test]
fn a_map_that_comes_a_second_time_is_understood() {
    for guid_bytes in [2, 64] {
        let world = World::new(SqliteStore::new());
        let (mut a, mut b) = (Phone::contacts("a"), Phone::contacts("b"));
        b.guid_bytes = guid_bytes;
        let luid = a.add(&card("Doe", "TITLE:one\r\n"));
        a.sync(&world).unwrap();
        // The Map of the first sync arrives, its status does not; meanwhile the card changes.
        b.fault = Fault::DiesAfter(4);
        b.sync(&world).unwrap_err();
        b.fault = Fault::None;
        a.edit(&luid, &card("Doe", "TITLE:two\r\n"));
        a.sync(&world).unwrap();
        b.sync(&world).unwrap();
        a.sync(&world).unwrap();
        assert_eq!(a.contents(), b.contents(), "{guid_bytes}: {:#?}", world.lines.borrow());
        assert_eq!(a.contents(), vec![card("Doe", "TITLE:two\r\n")]);
    }
}

#[test]
fn a_phone_that_cannot_hold_everything_makes_no_duplicates_when_it_loses_its_anchors() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = (Phone::contacts("a"), Phone::contacts("b"));
    b.lacks = vec!["NOTE".into()];
    for number in 0..10 {
        a.add(&card(&format!("Card {number}"), "NOTE:long\r\n"));
    }
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    let luid = a.find("Card 3");
    a.edit(&luid, &card("Card 3", "NOTE:longer\r\nTITLE:new\r\n"));
    a.sync(&world).unwrap();
    b.only().last.clear();
    b.sync(&world).unwrap();
    a.sync(&world).unwrap();
    assert_eq!((a.contents().len(), b.contents().len()), (10, 10), "{:#?}", world.lines.borrow());
    assert!(a.contents().iter().all(|text| text.contains("NOTE:long")));
    assert!(b.text_of("Card 3").contains("TITLE:new"));
}

#[test]
fn a_change_that_is_sent_again_does_not_undo_what_was_built_on_it() {
    let world = World::new(SqliteStore::new()).reading_on();
    let (mut a, mut b) = pair(&world);
    let (of_a, of_b) = (a.find("Card 1"), b.find("Card 1"));
    a.edit(&of_a, &card("Card 1", "TEL;TYPE=CELL:0\r\nTITLE:a\r\n"));
    b.edit(&of_b, &card("Card 1", "TEL;TYPE=CELL:0\r\nROLE:b\r\n"));
    a.sync(&world).unwrap();
    // The change of b is merged; b never hears of it. Then a builds on it, and b changes something else.
    b.fault = Fault::DiesAfter(2);
    b.sync(&world).unwrap_err();
    b.fault = Fault::None;
    a.sync(&world).unwrap();
    a.edit(&of_a, &a.text_of("Card 1").replace("ROLE:b", "ROLE:built on b"));
    a.sync(&world).unwrap();
    b.edit(&of_b, &card("Card 1", "TEL;TYPE=CELL:0\r\nROLE:b\r\nNOTE:more\r\n"));
    b.sync(&world).unwrap();
    a.sync(&world).unwrap();
    assert_eq!(a.contents(), b.contents());
    let text = a.text_of("Card 1");
    assert!(["TITLE:a", "ROLE:built on b", "NOTE:more"].iter().all(|part| text.contains(part)), "{text}");
}

#[test]
fn what_was_added_in_this_session_is_not_added_again_because_it_changed() {
    for before in 3..=8 {
        let world = World::new(SqliteStore::new());
        let (mut a, mut b) = pair(&world);
        (b.max_message, b.maps_late) = (Some(2_000), true);
        let luids: Vec<String> = (0..30).map(|number| a.add(&card(&format!("More {number}"), ""))).collect();
        // A conflict keeps the end of the page open.
        let (of_a, of_b) = (a.find("Card 1"), b.find("Card 1"));
        a.edit(&of_a, &card("Card 1", "TITLE:a\r\n"));
        b.edit(&of_b, &card("Card 1", "ROLE:b\r\n"));
        a.sync(&world).unwrap();
        let wire = Meanwhile {
            world: &world,
            before,
            sent: Cell::new(0),
            happens: RefCell::new(|| {
                for luid in luids.iter().take(5) {
                    let text = a.only().items[luid].replace("END:", "TITLE:changed\r\nEND:");
                    a.edit(luid, &text);
                }
                a.delete(&luids[5]);
                a.sync(&world).unwrap();
            }),
        };
        now(b.converse(&wire)).unwrap();
        let reached = wire.sent.get() >= before;
        b.sync(&world).unwrap();
        a.sync(&world).unwrap();
        assert_eq!(a.contents(), b.contents(), "before {before}: {:#?}", world.lines.borrow());
        assert_eq!(a.contents().len(), if reached { 39 } else { 40 });
    }
}

#[test]
fn a_map_of_what_was_deleted_meanwhile_takes_the_item_away() {
    for replaced in [false, true] {
        let world = World::new(SqliteStore::new());
        let (mut a, mut b) = pair(&world);
        let luid = a.add(&card("Doe", ""));
        a.sync(&world).unwrap();
        b.fault = Fault::DiesBefore(3);
        b.sync(&world).unwrap_err();
        b.fault = Fault::None;
        assert_eq!(b.contents().len(), 11);
        match replaced {
            true => a.edit(&luid, &card("Doe", "TITLE:new\r\n")),
            false => a.delete(&luid),
        }
        a.sync(&world).unwrap();
        b.sync(&world).unwrap();
        b.sync(&world).unwrap();
        assert_eq!(a.contents(), b.contents(), "replaced {replaced}: {:#?}", world.lines.borrow());
    }
}

#[test]
fn what_was_superseded_before_it_could_be_sent_was_never_on_the_phone() {
    for before in 3..=6 {
        let world = World::new(SqliteStore::new());
        let (mut a, mut b) = pair(&world);
        b.max_message = Some(1_500);
        for number in 0..30 {
            a.add(&card(&format!("More {number}"), ""));
        }
        a.sync(&world).unwrap();
        let (of_a, of_b) = (a.find("Card 1"), b.find("Card 1"));
        a.edit(&of_a, &a.text_of("Card 1").replace("END:", "TITLE:one\r\nEND:"));
        a.sync(&world).unwrap();
        let wire = Meanwhile {
            world: &world,
            before,
            sent: Cell::new(0),
            happens: RefCell::new(|| {
                a.edit(&of_a, &a.text_of("Card 1").replace("END:", "ROLE:two\r\nEND:"));
                a.sync(&world).unwrap();
            }),
        };
        now(b.converse(&wire)).unwrap();
        assert!(wire.sent.get() >= before.min(4), "it takes many messages");
        b.edit(&of_b, &b.text_of("Card 1").replace("END:", "NOTE:three\r\nEND:"));
        b.sync(&world).unwrap();
        a.sync(&world).unwrap();
        assert_eq!(a.contents(), b.contents());
        let text = a.text_of("Card 1");
        assert!(["TITLE:one", "ROLE:two", "NOTE:three"].iter().all(|part| text.contains(part)), "{text}");
    }
}
