//! The first sync, a feed that cannot be continued, and feeds in pages.

use crate::scene::*;
use anchorage::store::{Batch, Sweep};
use anchorage::upstream::{Mode, Tally};

#[test]
fn two_ends_with_the_same_contacts_under_other_ids_stay_as_many() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    for n in 0..600 {
        scene.there.set("contacts", &format!("t{n}"), &[("lastname", &format!("N{n}")), ("mobile", "1")], 0);
        scene.here.set("contacts", &format!("h{n}"), &[("lastname", &format!("N{n}")), ("mobile", "1")], 0);
    }
    let report = scene.sync();
    assert_eq!((report.collections[0].sent, report.collections[0].received), Default::default());
    assert_eq!(scene.requests.borrow().len(), 2, "two pages");
    assert_eq!((scene.here.live("contacts").len(), scene.there.live("contacts").len()), (600, 600));
    // From then on each is called by its own name on its own side.
    scene.here.set("contacts", "h5", &[("email", "h")], scene.tick());
    scene.there.set("contacts", "t6", &[("email", "t")], scene.tick());
    scene.there.delete("contacts", "t7", scene.tick());
    scene.here.delete("contacts", "h8", scene.tick());
    scene.sync();
    assert_eq!(scene.there.value("contacts", "t5", "email"), "h");
    assert_eq!(scene.here.value("contacts", "h6", "email"), "t");
    assert_eq!((scene.here.live("contacts").len(), scene.there.live("contacts").len()), (598, 598));
    scene.sync();
    assert_eq!(scene.posts(), 0);
}

#[test]
fn what_both_had_by_one_id_before_the_first_sync_becomes_one() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    scene.here.set("contacts", "x", &[("lastname", "Doe"), ("mobile", "1"), ("city", "Rome")], 0);
    scene.there.set("contacts", "x", &[("lastname", "Doe"), ("mobile", "2"), ("email", "e")], 0);
    scene.sync();
    scene.settled();
    let value = |name: &str| scene.there.value("contacts", "x", name);
    assert_eq!((value("mobile"), value("city"), value("email")), ("2".into(), "Rome".into(), "e".into()));
}

/// Forgets tombstones and versions, as a server does after 90 days.
fn sweep(scene: &Scene<anchorage::store::memory::MemoryStore>) {
    let (now, horizon) = (scene.now.get(), scene.there.head());
    let sweep = Some(Sweep { horizon, now, traces: 0 });
    scene.there.commit(Batch { sweep, ..Batch::default() }, now);
    scene.there.put("contacts", "later", &card("Later", ""), scene.tick());
}

#[test]
fn a_feed_that_cannot_be_continued_is_compared_as_a_whole() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    for id in ["same", "gone there", "gone there, edited here", "edited there", "gone here", "edited here"] {
        scene.there.set("contacts", id, &[("lastname", id), ("email", "e")], 0);
    }
    scene.sync();
    let now = scene.tick();
    scene.there.delete("contacts", "gone there", now);
    scene.there.delete("contacts", "gone there, edited here", now);
    scene.there.set("contacts", "edited there", &[("email", "there")], now);
    scene.here.set("contacts", "gone there, edited here", &[("email", "kept")], now);
    scene.here.set("contacts", "edited here", &[("email", "here")], now);
    scene.here.delete("contacts", "gone here", now);
    scene.here.set("contacts", "new", &[("lastname", "new")], now);
    sweep(&scene);
    let report = scene.sync();
    let outcome = &report.collections[0];
    assert_eq!(outcome.mode, Mode::Slow);
    assert!(outcome.why_slow.is_some());
    assert_eq!(outcome.received, Tally { added: 1, changed: 1, deleted: 1 });
    scene.settled();
    let ids: Vec<String> = scene.here.view("contacts").into_keys().collect();
    assert_eq!(ids, ["edited here", "edited there", "gone there, edited here", "later", "new", "same"]);
    assert_eq!(scene.there.value("contacts", "gone there, edited here", "email"), "kept");
}

#[test]
fn a_reset_survives_a_fault_at_every_request() {
    for at in 0..14 {
        for fault in [Fault::LostAnswer, Fault::DiesBefore, Fault::DiesAfter] {
            let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
            for id in ["a", "b", "c"] {
                scene.there.set("contacts", id, &[("lastname", id)], 0);
            }
            scene.sync();
            scene.there.delete("contacts", "a", scene.tick());
            scene.here.set("contacts", "b", &[("email", "b")], scene.tick());
            scene.here.delete("contacts", "c", scene.tick());
            sweep(&scene);
            scene.sync_with(|number| if number == at { fault } else { Fault::None });
            scene.settled();
            let ids: Vec<String> = scene.here.view("contacts").into_keys().collect();
            assert_eq!(ids, ["b", "later"], "{fault:?} at {at}");
        }
    }
}

#[test]
fn a_slow_sync_that_is_asked_for_finds_nothing_to_do() {
    let mut scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    for n in 0..1100 {
        scene.there.set("contacts", &format!("t{n}"), &[("lastname", &format!("N{n}"))], 0);
    }
    let report = scene.sync();
    assert_eq!(report.collections[0].received.added, 1100);
    assert_eq!(scene.requests.borrow().len(), 3, "three pages");
    scene.settled();
    scene.upstream.pairs[0].mode = Mode::Slow;
    let report = scene.sync();
    assert_eq!((report.collections[0].sent, report.collections[0].received), Default::default());
    scene.settled();
}

#[test]
fn three_servers_in_a_circle_come_to_rest() {
    // Two scenes share their client: it is in the middle.
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    let mut other = Scene::new(&[("contacts", Mode::TwoWay)]);
    other.upstream.peer.0 = "upstream:other".into();
    std::mem::swap(&mut other.here, &mut Scene::new(&[]).here);
    let middle = &scene.here;
    let sync_other = || {
        let borrowed = Borrowed { scene: &other, middle };
        borrowed.sync()
    };
    scene.there.put("contacts", "a", &card("A", "TEL;CELL:1\r\n"), 0);
    other.there.put("contacts", "b", &card("B", "TEL;CELL:1\r\n"), 0);
    for _ in 0..2 {
        scene.sync();
        sync_other();
    }
    assert_eq!(scene.there.view("contacts"), other.there.view("contacts"));
    scene.there.set("contacts", "b", &[("email", "there")], scene.tick());
    other.there.set("contacts", "a", &[("email", "other")], scene.tick());
    for _ in 0..2 {
        scene.sync();
        sync_other();
    }
    assert_eq!(scene.there.view("contacts"), other.there.view("contacts"));
    let heads = || (scene.here.head(), scene.there.head(), other.there.head());
    let before = heads();
    scene.sync();
    assert_eq!(scene.posts(), 0);
    assert_eq!(sync_other(), 0);
    assert_eq!(heads(), before);
}

/// A scene's other end, synchronised with somebody else's store.
struct Borrowed<'a> {
    scene: &'a Scene<anchorage::store::memory::MemoryStore>,
    middle: &'a End<anchorage::store::memory::MemoryStore>,
}

impl Borrowed<'_> {
    /// The number of POSTs.
    fn sync(&self) -> usize {
        use anchorage::exchange::Seed;
        use anchorage::upstream::{Ended, Input, Step};
        let (mut input, mut posts) = (Input::Begin, 0);
        loop {
            let (now, seed) = (self.scene.tick(), Seed::new([9; 32]));
            let middle = (&self.middle.store, &self.middle.settings);
            match now_or_never(anchorage::call::step(
                &self.scene.upstream,
                input,
                middle.0,
                middle.1,
                now,
                seed,
            )) {
                Step::Send(outgoing, _) => {
                    posts += usize::from(outgoing.method == "POST");
                    input = Input::Answer(self.scene.carry(&outgoing));
                }
                Step::Done(report) => {
                    assert_eq!(report.ended, Ended::Complete, "{report:?}");
                    return posts;
                }
                Step::Wait(..) => panic!(),
            }
        }
    }
}
