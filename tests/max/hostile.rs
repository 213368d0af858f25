//! What a hostile, broken or hurried client sends: it gets an answer of the protocol, nothing is lost, the next request works.

use crate::scenario;
use crate::world::*;
use anchorage::exchange::exchange;
use anchorage::http::Request;
use anchorage::max::Max;
use anchorage::record::{Body, CollectionId, Content, Form, RecordId};
use anchorage::store::memory::MemoryStore;
use anchorage::store::{Batch, Change, Edit, Reads, Receipt, Snapshot, Store, StoreError};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

const SQL: [&str; 6] = [
    "'; DROP TABLE record; --",
    "\" OR \"\"=\"",
    "1); DELETE FROM record WHERE (1=1",
    "?1 :id @x $y",
    "[\"],[\\u0000]",
    "%_\\' LIKE '%",
];

scenario!(sql_is_text_wherever_it_stands, world => {
    for (n, sql) in SQL.iter().enumerate() {
        let sql = encode(sql);
        world.submit("tasks", &format!("id={sql}&title={sql}"));
        world.get(&format!("/max/{sql}?{AUTH}")).refused(404, 404, "unknown data source");
        world.get(&format!("/max/tasks?auth={sql}")).refused(401, 601, "invalid");
        world.get(&format!("/max/tasks?{AUTH}&lbd={sql}")).refused(400, 400, "lbd");
        world.post(&format!("/max/tasks?{AUTH}"), &format!("id=A&{sql}=1")).refused(400, 400, "unknown field");
        world.post(&format!("/max/tasks?{AUTH}"), &format!("id=A&done={sql}")).refused(400, 400, "done");
        world.post("/max/logon", &format!("email={sql}&password={sql}")).refused(401, 602, "wrong");
        assert_eq!(world.feed("tasks", "0").items.len(), n + 1);
    }
    for (item, sql) in world.feed("tasks", "0").items.iter().zip(SQL) {
        assert_eq!((item[0].1.as_str(), item[1].1.as_str()), (sql, sql));
    }
    for sql in SQL {
        world.submit("tasks", &format!("id={}&_deleted=1", encode(sql)));
    }
    assert_eq!(world.feed("tasks", "0").items.len(), 0);
});

scenario!(ids_are_compared_byte_by_byte, world => {
    let ids = ["a", "A", "a ", " a", "é", "e\u{301}", "\u{1f600}", "01", "1", "\u{200b}", "\u{feff}", "\t"];
    for id in ids {
        world.submit("tasks", &format!("id={0}&title={0}", encode(id)));
    }
    let feed = world.feed("tasks", "0");
    assert_eq!(feed.items.iter().map(|item| item[0].1.as_str()).collect::<Vec<_>>(), ids);
});

scenario!(junk_in_headers_and_urls_is_no_harm, world => {
    let junk = ["", " ", ";", ",", "=", "q=", "gzip;q=gzip", "Bearer", "Bearer ", "é", "\u{0}", ";;;;=;,,", "99999999999999999999"];
    let names = ["accept-encoding", "authorization", "content-length", "cache-control", "accept", "host", "range", "x"];
    for name in names {
        for value in junk.iter().map(|junk| (*junk).to_owned()).chain([";q=".repeat(20_000)]) {
            let status = world.ask(with(get(&format!("/max/tasks?{AUTH}")), name, &value)).status;
            assert_eq!(status, 200, "{name}: {value:.50}");
            world.serve(with(post(&format!("/max/tasks?{AUTH}"), "id=A"), name, &value));
        }
    }
    for target in ["/max/tasks?%", "/max/tasks?&&&=&=", "/max/tasks?auth", "/max/%", "/max/%2", "/max/..%2f..", "/max/\u{1f600}?é"] {
        world.serve(get(target));
    }
    let many = "a&".repeat(499_000) + "id=A";
    world.post(&format!("/max/tasks?{AUTH}"), &many).refused(400, 400, "unknown field: a");
    world.settings.max_lenient = true;
    world.submit("tasks", &many);
});

/// Puts `count` tasks into the store, without going through MAX.
fn fill<S: Store>(world: &World<S>, count: usize) {
    let change = |n: usize| Change {
        collection: CollectionId("tasks".into()),
        id: RecordId::new(format!("{n:06}")).unwrap(),
        content: Content::Body(Body {
            form: Form::Table,
            bytes: format!("[[\"title\",\"Task {n}\"]]").into(),
        }),
        parent: None,
        key: None,
        origin: String::new(),
        insert: true,
        supersede: false,
    };
    for from in (0..count).step_by(5000) {
        let changes = (from..count.min(from + 5000)).map(change).collect();
        let batch = Batch { account: account(), now: world.now, changes, ..Batch::default() };
        now_or_never(world.store.commit(&batch)).unwrap();
    }
}

scenario!(a_feed_of_many_pages_is_whole_and_each_further_thousand_costs_one_batch, world => {
    fill(&world, 2500);
    let served = world.serve(get(&format!("/max/tasks?{AUTH}")));
    assert_eq!(served.cost.batches, 3);
    let feed = Answer::read(&served.response);
    assert_eq!(feed.items.len(), 2500);
    assert!(feed.items.iter().enumerate().all(|(n, item)| item[0].1 == format!("{n:06}")));
    assert_eq!(world.feed("tasks", &feed.stamp().to_string()).items.len(), 0);
});

#[test]
fn a_hundred_thousand_records_come_in_one_answer() {
    let world: InMemory = World::new(MemoryStore::new());
    fill(&world, 100_000);
    let served = world.serve(with(get(&format!("/max/tasks?{AUTH}")), "accept-encoding", "gzip"));
    assert_eq!(served.cost.batches, 100);
    assert_eq!(plain(&served.response).windows(7).filter(|bytes| bytes == b"</item>").count(), 100_000);
}

/// A store in which something happens between a turn's trips.
struct Between<'a, S> {
    store: &'a S,
    before_read: RefCell<Vec<Box<dyn FnOnce() + 'a>>>,
    before_commit: RefCell<Vec<Box<dyn FnOnce() + 'a>>>,
}

impl<'a, S> Between<'a, S> {
    fn new(store: &'a S) -> Self {
        Self { store, before_read: RefCell::default(), before_commit: RefCell::default() }
    }
}

impl<S: Store> Store for Between<'_, S> {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        let next = self.before_read.borrow_mut().pop();
        next.into_iter().for_each(|happens| happens());
        self.store.read(reads).await
    }
    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        let next = self.before_commit.borrow_mut().pop();
        next.into_iter().for_each(|happens| happens());
        self.store.commit(batch).await
    }
}

fn through<S: Store, T: Store>(world: &World<S>, store: &T, request: &Request) -> Answer {
    let mut max = Max::new(request, &world.settings).unwrap();
    let served = now_or_never(exchange(&mut max, store, world.now, world.seed()));
    hold(request, &served);
    Answer::read(&served.response)
}

scenario!(two_posts_racing_on_one_record_both_count, world => {
    world.submit("tasks", "id=A&title=One");
    let between = Between::new(&world.store);
    between.before_commit.borrow_mut().push(Box::new(|| {
        world.submit("tasks", "id=A&done=7");
    }));
    let answer = through(&world, &between, &post(&format!("/max/tasks?{AUTH}"), "id=A&due=5"));
    assert_eq!(answer.status, 200);
    let feed = world.feed("tasks", "0");
    assert_eq!(feed.lines(), ["id=A title=One done=7 due=5"]);
    assert_eq!(answer.stamp(), feed.stamp());
});

scenario!(two_inserts_racing_under_one_id_make_one_record, world => {
    let between = Between::new(&world.store);
    between.before_commit.borrow_mut().push(Box::new(|| {
        world.submit("tasks", "id=A&title=theirs&done=7");
    }));
    let answer = through(&world, &between, &post(&format!("/max/tasks?{AUTH}"), "id=A&title=mine"));
    assert_eq!(answer.status, 200);
    assert_eq!(world.feed("tasks", "0").lines(), ["id=A title=mine done=7 due=0"]);
});

scenario!(a_post_that_always_loses_is_told_so_and_changes_nothing, world => {
    world.submit("tasks", "id=A&title=One");
    let between = Between::new(&world.store);
    for n in 1..=anchorage::limits::ATTEMPTS_MAX {
        let world = &world;
        between.before_commit.borrow_mut().push(Box::new(move || {
            world.submit("tasks", &format!("id=A&done={n}"));
        }));
    }
    through(&world, &between, &post(&format!("/max/tasks?{AUTH}"), "id=A&title=Two")).refused(503, 503, "try again");
    assert_eq!(world.feed("tasks", "0").lines()[0], "id=A title=One done=1 due=0");
});

scenario!(what_changes_between_two_pages_is_in_the_next_delta, world => {
    fill(&world, 1500);
    let between = Between::new(&world.store);
    between.before_read.borrow_mut().push(Box::new(|| {
        world.submit("tasks", "id=000001&title=seen before");
        world.submit("tasks", "id=001400&title=not seen yet");
        world.submit("tasks", "id=001401&_deleted=1");
        world.submit("tasks", "id=new&title=new");
    }));
    between.before_read.borrow_mut().push(Box::new(|| {}));
    let feed = through(&world, &between, &get(&format!("/max/tasks?{AUTH}")));
    assert_eq!(feed.items.len(), 1498, "two have moved on");
    let delta = world.feed("tasks", &feed.stamp().to_string());
    assert_eq!(
        delta.lines(),
        [
            "id=000001 title=seen before done=0 due=0",
            "id=001400 title=not seen yet done=0 due=0",
            "id=001401 _deleted=1",
            "id=new title=new done=0 due=0"
        ]
    );
});

scenario!(a_token_revoked_or_a_sweep_between_two_pages_ends_the_feed, world => {
    fill(&world, 1500);
    let first = CREATED + 1;
    let between = Between::new(&world.store);
    between.before_read.borrow_mut().push(Box::new(|| {
        let horizon = world.now + 1_000_000;
        let sweep = Some(anchorage::store::Sweep { horizon, now: world.now, traces: 0 });
        let batch = Batch { account: account(), now: world.now, sweep, ..Batch::default() };
        now_or_never(world.store.commit(&batch)).unwrap();
    }));
    between.before_read.borrow_mut().push(Box::new(|| {}));
    let target = format!("/max/tasks?lbd={first}&{AUTH}");
    through(&world, &between, &get(&target)).refused(200, 600, "lbd=0");
    let between = Between::new(&world.store);
    between.before_read.borrow_mut().push(Box::new(|| {
        world.edit(Edit::RevokeToken(anchorage::secret::token_hash(TOKEN)));
    }));
    between.before_read.borrow_mut().push(Box::new(|| {}));
    through(&world, &between, &get(&format!("/max/tasks?{AUTH}"))).refused(401, 601, "invalid");
});

/// A store that lets everybody else go first, at every trip.
struct Slow<'a, S>(&'a S);

impl<S: Store> Store for Slow<'_, S> {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        Pause(false).await;
        self.0.read(reads).await
    }
    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        Pause(false).await;
        self.0.commit(batch).await
    }
}

struct Pause(bool);

impl Future for Pause {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, _: &mut Context) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Runs all of them to their end, a step of one at a time, in an order told by `seed`.
fn interleave<'a>(mut futures: Vec<Pin<Box<dyn Future<Output = ()> + 'a>>>, mut seed: u64) {
    while !futures.is_empty() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = (seed >> 33) as usize % futures.len();
        if futures[at].as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            drop(futures.swap_remove(at));
        }
    }
}

scenario!(concurrent_writers_are_never_lost_between_two_gets, world => {
    for seed in 0..20_u64 {
        let slow = Slow(&world.store);
        let (world, slow) = (&world, &slow);
        let done = Cell::new(0);
        let seen: RefCell<BTreeMap<String, String>> = RefCell::default();
        let mut futures: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
        for writer in 0..8 {
            let done = &done;
            futures.push(Box::pin(async move {
                for n in 0..5 {
                    // Three records of its own, two that everybody fights for.
                    let id = if n < 3 { format!("{seed}-{writer}-{n}") } else { format!("{seed}-shared-{n}") };
                    let request = post(&format!("/max/tasks?{AUTH}"), &format!("id={id}&title={writer}.{n}"));
                    loop {
                        let mut max = Max::new(&request, &world.settings).unwrap();
                        let served = exchange(&mut max, slow, world.now, world.seed()).await;
                        hold(&request, &served);
                        if served.response.status == 200 {
                            break;
                        }
                        assert_eq!(served.response.status, 503);
                    }
                }
                done.set(done.get() + 1);
            }));
        }
        let (done, seen) = (&done, &seen);
        futures.push(Box::pin(async move {
            let mut lbd = "0".to_owned();
            loop {
                let last = done.get() == 8;
                let request = get(&format!("/max/tasks?lbd={lbd}&{AUTH}"));
                let mut max = Max::new(&request, &world.settings).unwrap();
                let served = exchange(&mut max, slow, world.now, world.seed()).await;
                let feed = Answer::read(&served.response);
                for item in &feed.items {
                    seen.borrow_mut().insert(item[0].1.clone(), item[1].1.clone());
                }
                lbd = feed.stamp().to_string();
                if last {
                    break;
                }
            }
        }));
        interleave(futures, seed);
        let truth: BTreeMap<String, String> =
            world.feed("tasks", "0").items.iter().map(|item| (item[0].1.clone(), item[1].1.clone())).collect();
        assert_eq!(*seen.borrow(), truth, "seed {seed}");
        assert_eq!(truth.len(), (seed as usize + 1) * 26);
    }
});

scenario!(names_that_xml_cannot_carry_do_not_break_the_feed, world => {
    let mut broken = tasks();
    broken.fields.push(field("two words", anchorage::content::fields::FieldKind::String));
    broken.fields.push(field("</item>", anchorage::content::fields::FieldKind::String));
    world.edit(Edit::PutCollection(broken));
    world.submit("tasks", "id=A&two+words=x");
    assert_eq!(world.feed("tasks", "0").lines(), ["id=A title= done=0 due=0"]);
});

scenario!(nonsense_of_every_kind_gets_an_answer_of_the_protocol, world => {
    const METHODS: [&str; 6] = ["GET", "POST", "POST", "GET", "PATCH", "\u{0}"];
    const PATHS: [&str; 12] = [
        "/max/tasks", "/max/tasks", "/max/parts", "/max/fixed", "/max/logon", "/max/tasks/app", "/max/", "", "/", "/max/%", "//max//",
        "/max/\u{1f600}",
    ];
    const WORDS: [&str; 40] = [
        "id", "code", "title", "done", "due", "auth", "lbd", "alt", "email", "password", "_deleted", "_type", "=", "=", "=", "&", "&",
        "&", "+", "%", "%00", "%FF", "%26", "%3D", "1", "0", "-1", "9999999999999999", "99999999999999999", "DELETE", "true", "json",
        "ann", "right", "\u{1f600}", "'", "<", "\r\n", "to%2Bken%2F1%3D", "demo-token",
    ];
    const HEADERS: [&str; 8] = [
        "authorization", "accept-encoding", "content-type", "content-encoding", "content-length", "cookie", "cache-control", "x",
    ];
    let mut noise = 7_u64;
    let mut draw = |count: usize| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (noise >> 33) as usize % count
    };
    for round in 0..2000 {
        let mut words = |most: usize| (0..draw(most)).map(|_| WORDS[draw(WORDS.len())]).collect::<String>();
        let auth = if round % 2 == 0 { AUTH } else { "" };
        let (query, body) = (format!("{auth}&{}", words(12)), format!("id=1&{}", words(20)));
        let value = words(6);
        let request = Request { method: METHODS[draw(6)].into(), body: body.into(), ..get(PATHS[draw(12)]) };
        let request = Request { query, ..request };
        let request = if draw(2) == 0 { with(request, HEADERS[draw(8)], &value) } else { request };
        let status = world.serve(request.clone()).response.status;
        assert!([200, 400, 401, 403, 404, 405, 413, 415, 429].contains(&status), "{status}: {request:?}");
    }
    world.feed("tasks", "0");
    world.feed("parts", "0");
});

// Of what is well-formed, damaged: compressed bodies, application files, forms, and bytes that never were any of them.
scenario!(damaged_bodies_get_an_answer_of_the_protocol, world => {
    let form = "id=A&title=%C3%A9+x&done=1&due=1&_deleted=0".repeat(5);
    let raw = miniz_oxide::deflate::compress_to_vec_zlib(form.as_bytes(), 6);
    let samples = [form.clone().into_bytes(), raw, format!("[{{\"id\":\"A\"}},{form:?}]").into_bytes(), vec![0x1F, 0x8B, 8, 0]];
    let kinds = ["application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "text/xml", ""];
    let codings = ["", "deflate", "gzip", "identity", "gzip, deflate"];
    let mut noise = 11_u64;
    let mut draw = |count: usize| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (noise >> 33) as usize % count
    };
    for round in 0..2_000 {
        let mut body = samples[draw(samples.len())].clone();
        for _ in 0..draw(6) {
            let at = draw(body.len());
            match draw(4) {
                0 => body[at] = draw(256) as u8,
                1 => body.insert(at, draw(256) as u8),
                2 if body.len() > 1 => drop(body.remove(at)),
                _ => body.extend_from_within(at..),
            }
        }
        let target = ["/max/tasks", "/max/parts", "/max/logon"][draw(3)];
        let request = Request { body, ..post(&format!("{target}?{AUTH}"), "") };
        let request = with(request, "content-type", kinds[draw(kinds.len())]);
        let request = with(request, "content-encoding", codings[draw(codings.len())]);
        let status = world.serve(request.clone()).response.status;
        assert!([200, 400, 401, 403, 404, 405, 413, 415, 429].contains(&status), "{round}: {status}: {request:?}");
    }
    world.feed("tasks", "0");
});

#[test]
#[allow(clippy::disallowed_methods)]
fn long_requests_take_linear_time() {
    let world: InMemory = World::new(MemoryStore::new());
    for unit in ["a=1&", "title=x&", "=&", "&", "%41", "%", "+", "id=A&", "title=%C3%A9&", "\u{1f600}"] {
        let began = std::time::Instant::now();
        let body = format!("id=A&{}", unit.repeat(900_000 / unit.len()));
        world.serve(post(&format!("/max/tasks?{AUTH}"), &body));
        world.serve(get(&format!("/max/tasks?{AUTH}&{body}")));
        assert!(began.elapsed().as_secs() < 10, "{:?} for {unit:?}", began.elapsed());
    }
}
