//! The first sync of two ends that hold the same already, with more in it than plain fields can show: nothing is doubled.

use crate::scene::*;
use crate::sqlite::SqliteStore;
use anchorage::http::Response;
use anchorage::store::memory::MemoryStore;
use anchorage::store::{Batch, PageAsk, Reads, Receipt, Snapshot, Store, StoreError};
use anchorage::upstream::{Ended, Input, Mode, Step, Tally};
use std::cell::Cell;
use std::collections::BTreeSet;

/// What a contact may hold that no plain field shows, or shows as something else.
const EXTRAS: [&str; 12] = [
    "",
    "X-ODD:1\r\n",
    "PHOTO;ENCODING=b;TYPE=JPEG:QUJD\r\n",
    "TEL;TYPE=HOME:+1 555\r\nTEL;TYPE=HOME:+1 556\r\n",
    "EMAIL;TYPE=HOME:a@example.org\r\n",
    "BDAY:1970-01-01\r\n",
    "BDAY:1968-03-01\r\n",
    "ADR;TYPE=WORK:;;Street 1;City;;1;Land\r\nADR;TYPE=HOME:;;Way 2;Town;;2;Land\r\n",
    "URL:http://a.example\r\nURL:http://b.example\r\n",
    "NOTE:one\\ntwo\\, \\; three\r\nGEO:1;2\r\n",
    "CATEGORIES:a,b\r\nKEY:x\r\n",
    "ORG:One;Two;Three\r\nNICKNAME:n\r\nUID:u-1\r\nREV:20260101T000000Z\r\n",
];

fn card30(name: &str, more: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nN:{name};Test;;;\r\nFN:Test {name}\r\n{more}END:VCARD\r\n")
}

/// Counts what is asked of a store: pages of records, and everything.
struct Counted<S> {
    store: S,
    pages: Cell<usize>,
    reads: Cell<usize>,
    /// The most records that one page had.
    most: Cell<usize>,
    /// After how many calls it is away.
    calls: Cell<usize>,
}

impl<S> Counted<S> {
    fn new(store: S) -> Self {
        Self {
            store,
            pages: Cell::new(0),
            reads: Cell::new(0),
            most: Cell::new(0),
            calls: Cell::new(usize::MAX),
        }
    }

    fn call(&self) -> Result<(), StoreError> {
        let left = self.calls.get().checked_sub(1).ok_or(StoreError::Busy("away".into()))?;
        self.calls.set(left);
        Ok(())
    }

    /// Pages and reads since the last time.
    fn counts(&self) -> (usize, usize) {
        (self.pages.replace(0), self.reads.replace(0))
    }
}

impl<S: Store> Store for Counted<S> {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        if reads.peer.is_some() {
            self.call()?;
        }
        let snapshot = self.store.read(reads).await?;
        // The tests' own look at what is there is not the client's.
        if reads.peer.is_none() {
            return Ok(snapshot);
        }
        self.reads.set(self.reads.get() + 1);
        if matches!(reads.page, Some(PageAsk::Collection { .. })) {
            self.pages.set(self.pages.get() + 1);
            self.most.set(self.most.get().max(snapshot.page.len()));
        }
        Ok(snapshot)
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        self.call()?;
        self.store.commit(batch).await
    }
}

/// So many contacts on both sides, equal but for their ids; each with something that no field shows.
fn both<S: Store>(scene: Scene<S>, count: usize) -> Scene<S> {
    let odd = |n: usize| card30(&format!("N{n}"), EXTRAS[1 + n % (EXTRAS.len() - 1)]);
    scene.here.put_all("contacts", (0..count).map(|n| (format!("h{n}"), odd(n))));
    scene.there.put_all("contacts", (0..count).map(|n| (format!("t{n}"), odd(n))));
    scene
}

/// Nothing was sent and nothing received, and both ends hold `count` records.
#[track_caller]
fn recognised<S: Store>(scene: &Scene<S>, collection: &str, count: usize, what: &str) {
    let report = scene.sync();
    let outcome = &report.collections[0];
    assert_eq!((outcome.sent, outcome.received, outcome.refused), Default::default(), "{what}");
    assert_eq!(scene.posts(), 0, "{what}");
    let live = (scene.here.live(collection).len(), scene.there.live(collection).len());
    assert_eq!(live, (count, count), "{what}");
}

fn every_extra<S: Store>(scene: impl Fn() -> Scene<S>) {
    for extra in EXTRAS {
        let scene = scene();
        let bytes = card30("Doe", extra);
        scene.here.put("contacts", "h", &bytes, 0);
        scene.there.put("contacts", "t", &bytes, 0);
        recognised(&scene, "contacts", 1, extra);
        assert_eq!(
            (&scene.here.bytes("contacts", "h"), &scene.there.bytes("contacts", "t")),
            (&bytes, &bytes)
        );
        recognised(&scene, "contacts", 1, extra);
        // From then on an edit on either side arrives, as that one field.
        scene.here.set("contacts", "h", &[("title", "Dr")], scene.tick());
        let report = scene.sync();
        assert_eq!(report.collections[0].sent, Tally { changed: 1, ..Tally::default() }, "{extra}");
        assert_eq!(scene.requests.borrow().last().unwrap(), "POST contacts id=t&title=Dr", "{extra}");
        scene.there.set("contacts", "t", &[("department", "D")], scene.tick());
        let report = scene.sync();
        assert_eq!(report.collections[0].received, Tally { changed: 1, ..Tally::default() }, "{extra}");
        for (bytes, value) in [
            (scene.here.bytes("contacts", "h"), scene.here.value("contacts", "h", "department")),
            (scene.there.bytes("contacts", "t"), scene.there.value("contacts", "t", "department")),
        ] {
            let kept = extra.lines().filter(|line| !line.starts_with("ORG"));
            assert!(kept.into_iter().all(|line| bytes.contains(&format!("{line}\r\n"))), "{extra}: {bytes}");
            assert_eq!(value, "D", "{extra}");
        }
        recognised(&scene, "contacts", 1, extra);
        scene.there.delete("contacts", "t", scene.tick());
        scene.sync();
        assert!(scene.here.live("contacts").is_empty(), "{extra}");
    }
}

#[test]
fn what_no_field_shows_does_not_make_two_of_one_contact() {
    every_extra(|| Scene::new(&[("contacts", Mode::TwoWay)]));
    every_extra(|| Scene::over(SqliteStore::new(), &[("contacts", Mode::TwoWay)]));
}

#[test]
fn extras_that_differ_stay_each_on_its_side() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    scene.here.put("contacts", "h", &card30("Doe", "PHOTO;ENCODING=b:QUJD\r\n"), 0);
    scene.there.put("contacts", "t", &card30("Doe", "X-ODD:1\r\n"), 0);
    recognised(&scene, "contacts", 1, "");
    assert!(scene.here.bytes("contacts", "h").contains("PHOTO"));
    assert!(!scene.here.bytes("contacts", "h").contains("X-ODD"));
}

#[test]
fn events_and_notes_are_recognised_too() {
    let event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:e1\r\nDTSTART:20261122T100000Z\r\n\
                 DURATION:PT1H\r\nSUMMARY:Lunch\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n\
                 END:VCALENDAR\r\n";
    let day = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:e2\r\nDTSTART;VALUE=DATE:20261122\r\nX-A:1\r\n\
               SUMMARY:Day\r\nRRULE:FREQ=YEARLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    for (collection, bytes) in [
        ("calendar", event),
        ("calendar", day),
        ("notes", "first\r\nsecond  \r\n\r\nlast\r\n"),
        ("notes", "a\nb\n"),
    ] {
        let scene = Scene::new(&[(collection, Mode::TwoWay)]);
        scene.here.put(collection, "h", bytes, 0);
        scene.there.put(collection, "t", bytes, 0);
        recognised(&scene, collection, 1, bytes);
        recognised(&scene, collection, 1, bytes);
    }
}

#[test]
fn a_photo_beyond_a_row_here_meets_a_server_without_photos() {
    for n in [1, 12] {
        let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
        let photo = format!("PHOTO;ENCODING=b:{}\r\n", "QUJD".repeat(150_000));
        for n in 0..n {
            scene.here.put("contacts", &format!("h{n}"), &card30(&format!("N{n}"), &photo), 0);
            scene.there.put("contacts", &format!("t{n}"), &card30(&format!("N{n}"), ""), 0);
        }
        recognised(&scene, "contacts", n, "");
        assert!(scene.here.record("contacts", "h0").unwrap().content.size() > 600_000);
        scene.there.set("contacts", "t0", &[("title", "Dr")], scene.tick());
        scene.sync();
        assert!(scene.here.record("contacts", "h0").unwrap().content.size() > 600_000);
        recognised(&scene, "contacts", n, "");
    }
}

#[test]
fn a_contact_that_differs_in_one_plain_field_is_another() {
    let base = card30("Doe", "TITLE:Dr\r\nX-ODD:1\r\n");
    for other in [
        card30("Doe", "TITLE:Prof\r\nX-ODD:1\r\n"),
        card30("Doe", "X-ODD:1\r\n"),
        card30("Doe", "TITLE:Dr\r\nBDAY:1968-03-01\r\nX-ODD:1\r\n"),
        card30("Roe", "TITLE:Dr\r\nX-ODD:1\r\n"),
    ] {
        let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
        scene.here.put("contacts", "h", &base, 0);
        scene.there.put("contacts", "t", &other, 0);
        let report = scene.sync();
        let one = Tally { added: 1, ..Tally::default() };
        assert_eq!((report.collections[0].sent, report.collections[0].received), (one, one), "{other}");
        scene.settled();
    }
}

#[test]
fn what_says_nothing_is_like_nothing() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    let blank = |more: &str| format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{more}END:VCARD\r\n");
    scene.here.put("contacts", "h", &blank("PHOTO;ENCODING=b:QUJD\r\n"), 0);
    scene.there.put("contacts", "t", &blank("X-ODD:1\r\n"), 0);
    scene.sync();
    assert_eq!((scene.here.live("contacts").len(), scene.there.live("contacts").len()), (2, 2));
}

#[test]
fn of_records_that_look_alike_each_is_one_item_at_most() {
    for (here, there) in [(2, 1), (1, 2), (3, 3), (5, 2)] {
        let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
        for n in 0..here {
            scene.here.put("contacts", &format!("h{n}"), &card30("Doe", &format!("X-N:{n}\r\n")), 0);
        }
        for n in 0..there {
            scene.there.put("contacts", &format!("t{n}"), &card30("Doe", &format!("X-N:{n}\r\n")), 0);
        }
        let outcome = &scene.sync().collections[0];
        let (sent, received) = (outcome.sent.added as usize, outcome.received.added as usize);
        assert_eq!((sent, received), (usize::max(here, there) - there, usize::max(here, there) - here));
        let most = usize::max(here, there);
        assert_eq!((scene.here.live("contacts").len(), scene.there.live("contacts").len()), (most, most));
        // The first one is the first one.
        scene.here.set("contacts", "h0", &[("title", "Dr")], scene.tick());
        scene.sync();
        assert_eq!(scene.there.value("contacts", "t0", "title"), "Dr");
        assert_eq!(scene.posts(), 1);
        scene.sync();
        assert_eq!(scene.posts(), 0);
    }
}

#[test]
fn a_key_and_an_id_know_better_than_looks() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    // Here: one with extras, one plain. There the same two in the other order, and one more under an id from here.
    scene.here.put("contacts", "extra", &card30("Doe", "X-ODD:1\r\n"), 0);
    scene.here.put("contacts", "plain", &card30("Doe", ""), 0);
    scene.here.put("contacts", "same id", &card30("Doe", "X-ODD:2\r\n"), 0);
    scene.there.put("contacts", "t0", &card30("Doe", ""), 0);
    scene.there.put("contacts", "same id", &card30("Doe", "X-ODD:2\r\n"), 0);
    scene.there.put("contacts", "t1", &card30("Doe", "X-ODD:1\r\n"), 0);
    recognised(&scene, "contacts", 3, "");
    scene.here.set("contacts", "plain", &[("title", "plain")], scene.tick());
    scene.here.set("contacts", "same id", &[("title", "same id")], scene.tick());
    scene.sync();
    let title = |id: &str| scene.there.value("contacts", id, "title");
    assert_eq!(
        (title("t0").as_str(), title("same id").as_str(), title("t1").as_str()),
        ("plain", "same id", "")
    );
}

#[test]
fn rows_of_a_table_are_known_by_their_ids_alone() {
    let scene = Scene::new(&[("tasks", Mode::TwoWay)]);
    scene.here.set("tasks", "h", &[("title", "milk")], 0);
    scene.there.set("tasks", "t", &[("title", "milk")], 0);
    scene.sync();
    assert_eq!((scene.here.live("tasks").len(), scene.there.live("tasks").len()), (2, 2));
}

#[test]
fn twelve_hundred_are_read_through_once_and_later_syncs_look_at_none() {
    let play = |order: fn(usize) -> usize| {
        let scene = Scene::over(Counted::new(MemoryStore::new()), &[("contacts", Mode::TwoWay)]);
        let odd = |n: usize| card30(&format!("N{n}"), EXTRAS[1 + n % (EXTRAS.len() - 1)]);
        scene.here.put_all("contacts", (0..1200).map(|n| (format!("h{n}"), odd(n))));
        scene.there.put_all("contacts", (0..1200).map(|n| (format!("t{n}"), odd(order(n)))));
        scene.here.store.counts();
        recognised(&scene, "contacts", 1200, "");
        let counts = scene.here.store.counts();
        assert_eq!(scene.requests.borrow().len(), 3, "pages of the feed");
        assert!(scene.here.store.most.get() <= 1000);
        scene.there.set("contacts", "new", &[("lastname", "New"), ("mobile", "1")], scene.tick());
        let report = scene.sync();
        assert_eq!(report.collections[0].received.added, 1);
        assert_eq!(scene.here.store.counts().0, 0, "a new item of a later sync is new");
        recognised(&scene, "contacts", 1201, "");
        counts
    };
    // In the same order: every look ends where the next one begins.
    let (pages, reads) = play(|n| n);
    assert_eq!(pages, 3);
    assert!(reads <= 16, "{reads}");
    // Backwards: every look may come round once.
    let (pages, reads) = play(|n| 1199 - n);
    assert!(pages <= 6, "{pages}");
    assert!(reads <= 20, "{reads}");
}

#[test]
fn an_empty_end_is_looked_at_once() {
    let scene = Scene::over(Counted::new(MemoryStore::new()), &[("contacts", Mode::TwoWay)]);
    let odd = |n: usize| (format!("t{n}"), card30(&format!("N{n}"), "X-ODD:1\r\n"));
    scene.there.put_all("contacts", (0..1100).map(odd));
    let report = scene.sync();
    assert_eq!(report.collections[0].received.added, 1100);
    assert_eq!(scene.here.store.counts().0, 1);
    scene.settled();
}

#[test]
fn a_server_without_pages_is_met_by_one_look() {
    let scene = Scene::over(Counted::new(SqliteStore::new()), &[("contacts", Mode::TwoWay)]);
    let odd = |n: usize| (format!("h{n}"), card30(&format!("N{}", n % 900), "X-ODD:1\r\n"));
    scene.here.put_all("contacts", (0..1200).map(odd));
    *scene.instead.borrow_mut() = Some(without_pages(1300));
    scene.here.store.counts();
    let outcome = &scene.sync().collections[0];
    // 900 names are there once here, 300 of them twice; 400 are new.
    assert_eq!((outcome.received.added, outcome.sent.added), (400, 300));
    let (pages, _) = scene.here.store.counts();
    assert_eq!(pages, 2);
}

#[test]
fn a_death_after_any_step_doubles_nothing() {
    for fault in [Fault::LostAnswer, Fault::DiesBefore, Fault::DiesAfter] {
        for at in 0..3 {
            let scene = both(Scene::new(&[("contacts", Mode::TwoWay)]), 520);
            let report = scene.sync_with(|number| if number == at { fault } else { Fault::None });
            assert_eq!(report.ended, Ended::Complete, "{fault:?} at {at}");
            assert_eq!((report.collections[0].sent, report.collections[0].received), Default::default());
            recognised(&scene, "contacts", 520, &format!("{fault:?} at {at}"));
        }
    }
}

#[test]
fn a_death_within_a_step_doubles_nothing() {
    // A server without pages: its feed is taken in several commits.
    let mut at = 0;
    let mut died = true;
    while died {
        let scene = Scene::over(Counted::new(SqliteStore::new()), &[("contacts", Mode::TwoWay)]);
        let odd = |n: usize| (format!("h{n}"), card30(&format!("N{n}"), "X-ODD:1\r\n"));
        scene.here.put_all("contacts", (0..510).map(odd));
        *scene.instead.borrow_mut() = Some(without_pages(510));
        scene.here.store.calls.set(at);
        died = scene.sync_with(|_| Fault::None).ended != Ended::Complete;
        scene.here.store.calls.set(usize::MAX);
        let outcome = &scene.sync().collections[0];
        assert_eq!((outcome.sent, outcome.received), Default::default(), "at {at}");
        assert_eq!(scene.here.live("contacts").len(), 510, "at {at}");
        assert!(scene.requests.borrow().is_empty());
        at += 1;
    }
    assert!(at > 10, "{at}");
}

/// A server that shows so many contacts at once, and takes everything.
fn without_pages(count: usize) -> Instead {
    let item = |n: usize| {
        let fields = "<firstname>Test</firstname><lastname>";
        format!("<item><id>t{n}</id><name>Test N{n}</name>{fields}N{n}</lastname></item>")
    };
    with_items((0..count).map(item).collect(), 7)
}

/// A server that shows these items at once, and takes everything.
fn with_items(items: String, lbd: u32) -> Instead {
    let feed = format!("<rss><channel><lastBuildDate>{lbd}</lastBuildDate>{items}</channel></rss>");
    Box::new(move |outgoing| {
        let body = if outgoing.method == "GET" { feed.clone().into_bytes() } else { Vec::new() };
        Some(Response { status: 200, headers: Vec::new(), body })
    })
}

#[test]
fn a_server_for_which_1970_begins_with_no_date_takes_no_birthday_away() {
    let scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    scene.here.put("contacts", "h", &card30("Doe", "BDAY:1970-01-01\r\n"), 0);
    for (lbd, title) in [(7, ""), (8, "Dr")] {
        let fields = format!("<firstname>Test</firstname><lastname>Doe</lastname><title>{title}</title>");
        let item = format!("<item><id>t</id><name>Test Doe</name>{fields}<birthday>0</birthday></item>");
        *scene.instead.borrow_mut() = Some(with_items(item, lbd));
        let report = scene.sync();
        assert_eq!(report.collections[0].sent, Tally::default(), "{title}");
        assert_eq!(scene.here.live("contacts").len(), 1, "{title}");
        assert_eq!(scene.here.value("contacts", "h", "title"), title);
        assert!(scene.here.bytes("contacts", "h").contains("BDAY:1970-01-01"), "{title}");
    }
}

#[test]
fn a_first_sync_that_was_given_up_is_begun_anew() {
    let scene = both(Scene::new(&[("contacts", Mode::TwoWay)]), 1200);
    // The first page is taken, the second is none: the run is over.
    let Step::Send(get, _) = scene.step(Input::Begin) else { panic!() };
    let Step::Send(..) = scene.step(Input::Answer(scene.carry(&get))) else { panic!() };
    let broken = Response { status: 200, headers: Vec::new(), body: b"<html/>".to_vec() };
    let Step::Done(report) = scene.step(Input::Answer(broken)) else { panic!() };
    assert_eq!(report.ended, Ended::Failed);
    assert!(!scene.standing().under_way);
    // What the first page gave a name is edited on one side meanwhile, and is known all the same.
    scene.there.set("contacts", "t3", &[("title", "Dr")], scene.tick());
    scene.sync();
    assert_eq!(scene.posts(), 0);
    assert_eq!(scene.here.value("contacts", "h3", "title"), "Dr");
    recognised(&scene, "contacts", 1200, "");
}

#[test]
fn an_edit_between_two_steps_of_the_first_sync_goes_out() {
    let scene = both(Scene::new(&[("contacts", Mode::TwoWay)]), 700);
    let Step::Send(get, _) = scene.step(Input::Begin) else { panic!() };
    let Step::Send(mut next, _) = scene.step(Input::Answer(scene.carry(&get))) else { panic!() };
    scene.here.set("contacts", "h1", &[("title", "Dr")], scene.tick());
    loop {
        match scene.step(Input::Answer(scene.carry(&next))) {
            Step::Send(outgoing, _) => next = outgoing,
            Step::Done(report) => break assert_eq!(report.ended, Ended::Complete),
            Step::Wait(..) => panic!(),
        }
    }
    assert_eq!(scene.there.value("contacts", "t1", "title"), "Dr");
    recognised(&scene, "contacts", 700, "");
}

#[test]
fn a_server_that_made_everything_anew_under_other_ids_costs_no_photo() {
    let mut scene = Scene::new(&[("contacts", Mode::TwoWay)]);
    let photo = "PHOTO;ENCODING=b:QUJD\r\n";
    for id in ["a", "b"] {
        scene.there.put("contacts", id, &card30(id, ""), 0);
    }
    scene.sync();
    for id in ["a", "b"] {
        scene.here.put("contacts", id, &card30(id, photo), scene.tick());
    }
    scene.sync();
    for id in ["a", "b"] {
        scene.there.delete("contacts", id, scene.tick());
        scene.there.put("contacts", &format!("new {id}"), &card30(id, ""), scene.tick());
    }
    scene.upstream.pairs[0].mode = Mode::Slow;
    scene.sync();
    let here = scene.here.live("contacts");
    let photos = here
        .iter()
        .filter(|record| String::from_utf8_lossy(&record.content.body().unwrap().bytes).contains("PHOTO"));
    assert_eq!((here.len(), photos.count(), scene.there.live("contacts").len()), (2, 2, 2));
    let ids: BTreeSet<String> = scene.there.view("contacts").into_keys().collect();
    assert_eq!(ids, ["new a".to_owned(), "new b".to_owned()].into());
}
