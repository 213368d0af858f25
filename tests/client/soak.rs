//! Two stores and a server, for as long as it takes: everything follows from one seed.
//!
//! `SEEDS=n` runs more of them, `SEED=n` runs one and tells its story.

use crate::app::{App, Fate, agree, card};
use crate::chance::Chance;
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::store::Store;
use anchorage::store::memory::MemoryStore;
use anchorage::upstream::{Encoding, Ended, Mode};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

struct Soak<'a, S: Store> {
    chance: &'a Chance,
    world: World<crate::world::MemoryStore>,
    apps: Vec<App<S>>,
    /// Names given out, and whether anybody ever deleted them.
    names: RefCell<BTreeMap<String, bool>>,
    edits: RefCell<u64>,
    story: bool,
}

impl<S: Store> Soak<'_, S> {
    fn tell(&self, line: impl FnOnce() -> String) {
        if self.story {
            eprintln!("{}", line());
        }
    }

    fn value(&self) -> String {
        *self.edits.borrow_mut() += 1;
        format!("v{}", self.edits.borrow())
    }

    /// Somebody does something.
    fn edit(&self, app: &App<S>) {
        let clock = self.world.clock.get();
        let records = app.records("contacts");
        if records.is_empty() || self.chance.percent(35) {
            let name = format!("N{}", self.names.borrow().len());
            self.tell(|| format!("  {} adds {name}", app.upstream.device));
            self.names.borrow_mut().insert(name.clone(), false);
            app.put(clock, &format!("{}-{name}", app.upstream.device), &card(&name, &self.value()));
            return;
        }
        let record = self.chance.pick(&records);
        let text = String::from_utf8(record.content.body().unwrap().bytes.clone()).unwrap();
        let name = name_of(&text);
        if self.chance.percent(25) {
            self.tell(|| format!("  {} deletes {name}", app.upstream.device));
            self.names.borrow_mut().insert(name, true);
            app.remove(clock, record.id.as_str());
            return;
        }
        let field = *self.chance.pick(&["NOTE", "TITLE", "ORG"]);
        let value = self.value();
        self.tell(|| format!("  {} edits {name}: {field} {value}", app.upstream.device));
        let kept: String = text
            .split_inclusive('\n')
            .filter(|line| !line.starts_with(field) && !line.starts_with("END:"))
            .collect();
        app.put(clock, record.id.as_str(), &format!("{kept}{field}:{value}\r\nEND:VCARD\r\n"));
    }

    fn sync(&self, app: &App<S>, loss: usize) {
        let gives_up = self.chance.percent(loss);
        let until = self.chance.below(6) as u64;
        let report = app.sync_through(&self.world, &mut |number, _| {
            if self.chance.percent(15) && loss > 0 {
                self.edit(app);
            }
            if gives_up && number >= until {
                return *self.chance.pick(&[Fate::LostRequest, Fate::LostAnswer]);
            }
            if !self.chance.percent(loss) {
                return Fate::Arrives;
            }
            *self.chance.pick(&[Fate::DiedBefore, Fate::LostRequest, Fate::LostAnswer, Fate::DiedAfter])
        });
        self.tell(|| {
            format!("  {} synced: {:?} {:?}", app.upstream.device, report.ended, report.collections)
        });
        if report.ended != Ended::Complete {
            assert_eq!(report.error.unwrap().code, "unreachable");
            self.world.tick(self.chance.below(3_600_000) as i64);
        }
    }

    fn live(&mut self) {
        let loss = *self.chance.pick(&[0, 5, 15]);
        for _ in 0..(6 + self.chance.below(20)) {
            let index = self.chance.below(self.apps.len());
            for _ in 0..self.chance.below(4) {
                self.edit(&self.apps[index]);
            }
            // What is refused in a first comparison because it goes one way only, an own record among it, is never offered again.
            let compared = self.apps[index].standing().last_sync > 0;
            let mode = if self.chance.percent(8) && compared {
                *self.chance.pick(&[Mode::Slow, Mode::OneWayFromClient, Mode::OneWayFromServer])
            } else {
                Mode::TwoWay
            };
            self.tell(|| format!("{mode:?} {index}"));
            self.apps[index].mode(mode);
            self.sync(&self.apps[index], loss);
        }
    }

    fn settle(&mut self) {
        for _ in 0..3 {
            for app in &mut self.apps {
                app.mode(Mode::TwoWay);
                app.synced(&self.world);
            }
        }
        let server = self.world.live("contacts");
        let names: Vec<String> = server.iter().map(|text| name_of(text)).collect();
        let once: BTreeSet<&String> = names.iter().collect();
        // Before 1.2 nothing resumes: what is edited between two first comparisons cannot be recognised.
        let resumes =
            |app: &App<S>| !app.upstream.version.starts_with("1.0") && app.upstream.version != "1.1";
        assert!(once.len() == names.len() || !self.apps.iter().all(resumes), "twice: {names:?}");
        for (name, deleted) in self.names.borrow().iter() {
            assert!(*deleted || names.contains(name), "{name} is lost");
        }
        for app in &self.apps {
            agree(app, &self.world);
            let idle = app.synced(&self.world);
            assert_eq!((idle.progress.sent, idle.progress.received), (0, 0), "{}", app.upstream.device);
            assert_eq!(app.standing().pending, 0);
        }
    }
}

fn name_of(text: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix("FN:")).unwrap();
    line.trim().to_owned()
}

fn run<S: Store>(seed: u64, store: impl Fn() -> S) {
    let chance = Chance::new(seed);
    let app = |name: &str| {
        let most = *chance.pick(&[1_100, 3_000, 100_000]);
        App::new(store(), name)
            .with(|upstream| {
                upstream.message_bytes_max = most;
                upstream.encoding = *chance.pick(&[Encoding::Xml, Encoding::Wbxml]);
                upstream.version = (*chance.pick(&["1.0", "1.1", "1.2", ""])).to_owned();
            })
            .squeezed(most as u64)
    };
    let apps = vec![app("one"), app("two")];
    let world = World::new(crate::world::MemoryStore::new()).reading_on();
    let story = std::env::var("SEED").is_ok();
    let mut soak =
        Soak { chance: &chance, world, apps, names: RefCell::default(), edits: RefCell::default(), story };
    soak.live();
    soak.settle();
}

fn seeds(otherwise: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            number("FROM").unwrap_or(0)..number("FROM").unwrap_or(0) + number("SEEDS").unwrap_or(otherwise)
        }
    }
}

fn run_seeds<S: Store>(seeds: std::ops::Range<u64>, store: impl Fn() -> S + Copy) {
    let mut failed = Vec::new();
    for seed in seeds {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(seed, store)));
        if result.is_err() {
            eprintln!("seed {seed} FAILED");
            failed.push(seed);
            assert!(failed.len() < 10, "failing seeds: {failed:?}");
        }
    }
    assert!(failed.is_empty(), "failing seeds: {failed:?}");
}

#[test]
fn two_stores_and_a_server_agree_in_the_end() {
    run_seeds(seeds(60), MemoryStore::new);
}

#[test]
fn the_same_over_sqlite() {
    run_seeds(seeds(3), SqliteStore::new);
}
