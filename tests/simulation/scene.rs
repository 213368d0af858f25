//! Where it all happens: a server that can be interrupted between any two of its store's calls, and wires that fail.

use crate::chance::{Chance, pause};
use crate::oracle::Oracle;
use crate::phone::Wire;
use crate::world::World;
use anchorage::exchange::Seed;
use anchorage::http::{Request, Response};
use anchorage::limits::ATTEMPTS_MAX;
use anchorage::serve::serve;
use anchorage::store::{Batch, Reads, Receipt, Snapshot, Store, StoreError};
use std::cell::{Cell, RefCell};

pub struct Scene<S> {
    pub world: World<S>,
    pub chance: Chance,
    pub oracle: RefCell<Oracle>,
    pub trace: RefCell<Vec<String>>,
    /// Faults are over; whoever is done stays so.
    pub calm: Cell<bool>,
    /// Counts polls: whether anybody else went on meanwhile.
    pub polls: Cell<u64>,
    /// In percent: how often a message is lost, an interruption happens, the clock jumps.
    pub loss: usize,
    pub interruption: usize,
    pub jumps: usize,
    /// In percent: how often a message of a session loses all its races; out of a chance of its own.
    pub contention: usize,
    pub contended: Chance,
}

impl<S: Store> Scene<S> {
    pub fn note(&self, line: impl FnOnce() -> String) {
        self.trace.borrow_mut().push(line());
    }

    fn fails(&self, percent: usize) -> bool {
        !self.calm.get() && self.chance.percent(percent)
    }

    /// Somebody else may go on here.
    pub async fn interruptible(&self) {
        if self.fails(self.interruption) {
            pause().await;
        }
    }

    pub async fn serve(&self, request: Request) -> Response {
        let world = &self.world;
        world.drawn.set(world.drawn.get() + 1);
        if self.fails(self.jumps) {
            let day = 24 * 60 * 60 * 1000;
            world.tick((self.chance.below(2 * day) as i64) - day as i64);
        } else {
            world.tick(self.chance.below(2_000) as i64);
        }
        let mut key = [0; 32];
        key[..8].copy_from_slice(&world.drawn.get().to_be_bytes());
        let contended = !self.calm.get() && self.contended.percent(self.contention);
        // Now and then it cannot even be put off.
        let loses = if contended { ATTEMPTS_MAX + 3 * usize::from(self.contended.percent(20)) } else { 0 };
        let loses = Cell::new(loses);
        let store = Interrupted { scene: self, reads: Cell::new(0), commits: Cell::new(0), loses };
        let before = self.polls.get();
        // What a broken session left open may need a second look.
        let reads_max = if request.path.starts_with("/max/") || self.loss + self.jumps > 0 { 2 } else { 1 };
        // And what was put off has to be read for.
        let reads_max = reads_max + u32::from(self.contention > 0);
        let served = serve(request, &store, &world.settings, world.clock.get(), Seed::new(key)).await;
        if self.polls.get() == before && !contended {
            let (reads, commits) = (store.reads.get(), store.commits.get());
            assert!(reads <= reads_max && commits <= 1, "{reads} reads, {commits} commits");
        }
        self.note(|| format!("  [{}] {}", served.response.status, served.line.unwrap_or_default()));
        served.response
    }

    pub fn request(&self, path: &str, url: &str, content_type: &str, body: &[u8]) -> Request {
        Request {
            method: "POST".into(),
            path: path.into(),
            query: url.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default(),
            headers: vec![("content-type".into(), content_type.into())],
            body: body.to_vec(),
            origin: "https://sync.example".into(),
            address: "192.0.2.1".into(),
        }
    }
}

/// The store, with a stop before each of its two verbs.
struct Interrupted<'a, S> {
    scene: &'a Scene<S>,
    reads: Cell<u32>,
    commits: Cell<u32>,
    loses: Cell<usize>,
}

impl<S: Store> Store for Interrupted<'_, S> {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        self.reads.set(self.reads.get() + 1);
        self.scene.interruptible().await;
        self.scene.world.store.read(reads).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        self.commits.set(self.commits.get() + 1);
        self.scene.interruptible().await;
        if batch.session.is_some() && self.loses.get() > 0 {
            self.loses.set(self.loses.get() - 1);
            return Err(StoreError::Conflict);
        }
        self.scene.world.store.commit(batch).await
    }
}

/// One session's way to the server. Remembers the message before: it may arrive a second time, late.
pub struct Line<'a, S> {
    pub scene: &'a Scene<S>,
    pub before: RefCell<Option<Request>>,
    pub quiet: bool,
}

impl<S: Store> Wire for Line<'_, S> {
    async fn post(&self, url: &str, content_type: &str, body: &[u8]) -> Option<Response> {
        let scene = self.scene;
        let fails = |percent: usize| !self.quiet && scene.fails(percent);
        scene.interruptible().await;
        let request = scene.request("/syncml", url, content_type, body);
        if fails(scene.loss) {
            scene.note(|| "  dies before a message".into());
            return None;
        }
        if fails(scene.loss) {
            scene.note(|| "  a request is lost".into());
            scene.interruptible().await;
        }
        let late = self.before.replace(Some(request.clone()));
        if let Some(late) = late.filter(|_| fails(scene.loss / 3)) {
            scene.note(|| "  the message before arrives again".into());
            scene.serve(late).await;
        }
        let mut response = scene.serve(request.clone()).await;
        let mut tries = 0;
        while response.status == 503 && tries < 50 {
            tries += 1;
            pause().await;
            response = scene.serve(request.clone()).await;
        }
        if fails(scene.loss) {
            scene.note(|| "  an answer is lost".into());
            scene.interruptible().await;
            response = scene.serve(request).await;
        }
        if fails(scene.loss) {
            scene.note(|| "  dies after a message".into());
            return None;
        }
        Some(response)
    }
}
