//! A device that keeps every rule about data and none about order: it asks to go on, says `Final` or not, and sends its `Sync`
//! early, late and in parts, as chance has it. In the end it holds what everybody holds.

use crate::card;
use crate::hand::*;
use crate::phone::Phone;
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::syncml::message::*;
use std::collections::{BTreeMap, BTreeSet};

struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

#[derive(Default)]
struct Stray {
    items: BTreeMap<String, String>,
    fresh: BTreeSet<String>,
    maps: BTreeMap<String, String>,
    last: String,
    made: u32,
    sessions: u32,
}

/// What one session of it knows.
#[derive(Default)]
struct Talk {
    owed: Vec<Command>,
    slow: bool,
    synced: bool,
    all_sent: bool,
    /// Whether the last answer closed a package and brought nothing.
    quiet: bool,
}

impl Stray {
    fn session(&mut self, world: &World<SqliteStore>, chance: &mut Chance, b: &mut Phone, odd: bool) {
        self.sessions += 1;
        let next = format!("n{}", self.sessions);
        let mut hand = Hand::new(world, &self.sessions.to_string());
        if odd && chance.percent(50) {
            hand.header.meta.max_message_bytes = Some(1_500 + chance.below(3_000));
        }
        let code = if self.last.is_empty() { "201" } else { "200" };
        let mut talk = Talk { slow: code == "201", ..Talk::default() };
        let mut first = vec![alert(code, "./C", "contacts", &self.last, &next)];
        if odd && !talk.slow && chance.percent(30) {
            first.extend(self.sync(&mut talk));
        }
        let last = !odd || chance.percent(70);
        let answer = hand.say(first, last);
        let greeting = hand.sent.clone();
        self.take(&mut talk, &answer);
        for _ in 0..if odd { chance.below(5) } else { 0 } {
            if chance.percent(30) {
                busy(b, world, chance);
            }
            let mut said = std::mem::take(&mut talk.owed);
            match chance.below(3) {
                0 => said.push(bare("222")),
                1 => said.extend(self.cached(&mut talk)),
                _ => said.extend(self.sync(&mut talk)),
            }
            let answer = hand.say(said, chance.percent(50));
            self.take(&mut talk, &answer);
            if chance.percent(20) {
                let again = if chance.percent(50) { hand.sent.clone() } else { greeting.clone() };
                let again = hand.repeat(&again);
                if again != answer && statuses(&again)[0].code != 400 {
                    // The session was over, and this is another one.
                    assert_eq!(statuses(&again)[0].code, 212);
                    return;
                }
            }
            if chance.percent(7) {
                return;
            }
        }
        for round in 0.. {
            assert!(round < 40, "the two talk for ever: {:#?}", world.lines.borrow());
            let mut said = std::mem::take(&mut talk.owed);
            if !talk.synced || talk.slow && !talk.all_sent {
                said.extend(self.sync(&mut talk));
            } else {
                said.extend(self.cached(&mut talk));
            }
            if said.is_empty() {
                said.push(bare("222"));
            }
            let answer = hand.say(said, true);
            self.take(&mut talk, &answer);
            if talk.quiet && talk.synced && talk.owed.is_empty() && self.maps.is_empty() && round > 1 {
                break;
            }
        }
        self.last = next;
    }

    fn cached(&self, _: &mut Talk) -> Option<Command> {
        let pairs: Vec<_> = self.maps.iter().map(|(guid, luid)| (guid.as_str(), luid.as_str())).collect();
        (!pairs.is_empty()).then(|| map("contacts", &pairs))
    }

    /// Maps that wait, and a `Sync` with what is new; with everything, once, in a slow sync.
    fn sync(&mut self, talk: &mut Talk) -> Vec<Command> {
        let all = talk.slow && !talk.all_sent;
        let of = |luid: &String| put(ChangeKind::Replace, luid, &self.items[luid]);
        let changes: Vec<Command> = match all {
            true => self.items.keys().map(of).collect(),
            false => self.fresh.iter().map(of).collect(),
        };
        talk.synced = true;
        talk.all_sent |= all;
        self.cached(talk).into_iter().chain([sync("contacts", changes)]).collect()
    }

    fn take(&mut self, talk: &mut Talk, answer: &Message) {
        talk.quiet = answer.last;
        for command in &answer.commands {
            match command {
                Command::Status(status) => self.heard(talk, status),
                Command::Alert(alert) if alert.code == "201" => talk.slow = true,
                Command::Sync(sync) => {
                    talk.quiet &= sync.commands.is_empty();
                    for command in &sync.commands {
                        let Command::Change(change) = command else { panic!() };
                        self.apply(change);
                    }
                }
                _ => {}
            }
        }
        // A message of nothing but a status of the SyncHdr is not sent.
        let owed = acknowledge(answer);
        talk.owed.extend(owed.into_iter().skip(1));
    }

    fn heard(&mut self, talk: &mut Talk, status: &Status) {
        match (status.command.as_str(), status.code) {
            ("SyncHdr", code) => assert!(code < 300, "{code}"),
            ("Map", 200) => self.maps.clear(),
            ("Sync", 508) => (talk.synced, talk.all_sent) = (false, false),
            ("Add" | "Replace", 200..300) => self.fresh.retain(|luid| !status.source_refs.contains(luid)),
            _ => {}
        }
    }

    fn apply(&mut self, change: &Change) {
        let item = &change.items[0];
        let text = || String::from_utf8(item.data.as_ref().unwrap().bytes().to_vec()).unwrap();
        let luid = item.target.as_ref().map(|target| target.uri.clone()).unwrap_or_default();
        match change.kind {
            ChangeKind::Add => {
                self.made += 1;
                let luid = format!("s{}", self.made);
                let guid = item.source.as_ref().unwrap().uri.clone();
                // The Add of one session again in the next: it has that under an id already.
                let luid = self.maps.entry(guid).or_insert(luid).clone();
                self.items.insert(luid, text());
            }
            ChangeKind::Replace => drop(self.items.insert(luid, text())),
            _ => drop(self.items.remove(&luid)),
        }
    }
}

/// Another phone adds, edits and deletes.
fn busy(b: &mut Phone, world: &World<SqliteStore>, chance: &mut Chance) {
    let text = format!("b{}", chance.below(1_000_000));
    let luids: Vec<String> = b.only().items.keys().cloned().collect();
    let luid = luids.get(usize::try_from(chance.below(20)).unwrap());
    match (chance.below(3), luid) {
        (0, Some(luid)) => b.edit(luid, &card(&text, "")),
        (1, Some(luid)) => b.delete(luid),
        _ => drop(b.add(&card(&text, ""))),
    }
    b.sync(world).unwrap();
}

#[test]
fn a_device_without_any_order_holds_what_all_hold_in_the_end() {
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20);
    for seed in 0..rounds {
        let mut chance = Chance(seed * 7_919 + 1);
        let world = World::new(SqliteStore::new());
        let mut b = Phone::contacts("b");
        for number in 0..chance.below(12) {
            b.add(&card(&format!("Card {number}"), &format!("NOTE:{}\r\n", "x".repeat(200))));
        }
        b.sync(&world).unwrap();
        let mut stray = Stray::default();
        for session in 0..6 {
            if chance.percent(50) {
                let luid = format!("own{session}");
                stray.items.insert(luid.clone(), card(&luid, ""));
                stray.fresh.insert(luid);
            }
            stray.session(&world, &mut chance, &mut b, true);
        }
        stray.session(&world, &mut chance, &mut b, false);
        stray.session(&world, &mut chance, &mut b, false);
        let mut held: Vec<String> = stray.items.values().cloned().collect();
        held.sort();
        assert_eq!(held, world.live("contacts"), "seed {seed}: {:#?}", world.lines.borrow());
    }
}
