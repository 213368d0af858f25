//! Random batches and random questions: memory and SQL must say the same, word for word.

use crate::house::{at, id, luid, now, peer, uncosted};
use crate::sqlite::SqliteStore;
use anchorage::peer::{Alias, Bookmark, Looking, Luid, Place};
use anchorage::record::{AccountId, Body, CollectionId, Content, Form, RecordId};
use anchorage::store::memory::MemoryStore;
use anchorage::store::{
    Acknowledged, Batch, Change, Collection, Edit, Guard, Login, PageAsk, Peer, Piece, PieceRange, Reads,
    Refresh, Session, Staged, Store, Sweep, Throttle, Token, Trace, View, Who,
};

/// A repeatable source of choices (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.roll(one_in) == 0
    }

    fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.roll(most + 1);
        (0..count).map(|_| make(self)).collect()
    }

    fn word(&mut self, words: &[&str]) -> String {
        words[self.roll(words.len())].to_owned()
    }

    /// Text meant to break something.
    fn text(&mut self) -> String {
        self.word(&[
            "",
            "plain",
            "'; DROP TABLE record; --",
            "\"]}{[\\",
            "nul\0nul",
            "\u{1}0",
            "\0\u{1}1\u{1}",
            "%_",
            "é😀\u{FFFF}",
            "1763700000123",
            "1e3",
            "null",
            "\u{8}\u{1f}\u{7f}",
            " ",
            "\r\n\t",
        ])
    }

    fn account(&mut self) -> AccountId {
        AccountId(self.word(&["a", "b"]))
    }

    fn path(&mut self) -> String {
        self.word(&["contacts", "card", "unit", "q'", "nowhere"])
    }

    fn collection(&mut self) -> CollectionId {
        at(&self.word(&["contacts", "contacts", "unit", "q'"]))
    }

    fn record(&mut self) -> RecordId {
        id(&self.word(&["r0", "r1", "r2", "r3", "t1", "it's", "\"", "0"]))
    }

    fn luid(&mut self) -> String {
        self.word(&["l0", "l1", "l2", "nul\0", "nul\u{1}0", "'"])
    }

    fn key(&mut self) -> String {
        self.word(&["k0", "k1", "k2"])
    }

    fn peer(&mut self) -> String {
        self.word(&["phone", "IMEI:1\0"])
    }

    fn content(&mut self) -> Content {
        if self.chance(4) {
            return Content::Deleted;
        }
        let forms = [
            Form::Table,
            Form::Vcard21,
            Form::Opaque("text/x;base64".into()),
            Form::Opaque("nul\0".into()),
            Form::Opaque(String::new()),
        ];
        let form = forms[self.roll(forms.len())].clone();
        let bytes = match self.roll(4) {
            0 => vec![0xFF, 0x00, 0xC3],
            1 => vec![b'x'; self.roll(3_000)],
            2 => vec![1; self.roll(50)],
            _ => self.text().into_bytes(),
        };
        Content::Body(Body { form, bytes })
    }

    fn change(&mut self) -> Change {
        let content = self.content();
        let keyed = content.body().is_some() && !self.chance(3);
        Change {
            collection: self.collection(),
            id: self.record(),
            parent: if self.chance(3) { Some(self.record()) } else { None },
            content,
            key: if keyed { Some(self.key()) } else { None },
            origin: if self.chance(2) { self.peer() } else { String::new() },
            insert: self.chance(20),
            supersede: !self.chance(3),
        }
    }

    fn alias(&mut self, head: i64) -> Alias {
        Alias {
            collection: self.collection(),
            record: self.record(),
            luid: if self.chance(4) { None } else { Some(luid(&self.luid())) },
            temporary: if self.chance(3) { Some(self.word(&["t0", "t1"])) } else { None },
            generation: self.roll(3) as i64,
            seq: if self.chance(8) { -1 } else { head - self.roll(20) as i64 },
        }
    }

    fn place(&mut self, head: i64) -> Place {
        Place {
            cursor: head - self.roll(20) as i64,
            anchor: self.text(),
            own_anchor: self.text(),
            generation: self.roll(3) as i64,
            left_out: self.text(),
        }
    }

    fn bookmark(&mut self, head: i64) -> Bookmark {
        let near = |dice: &mut Self| head - dice.roll(20) as i64;
        Bookmark {
            collection: self.collection(),
            confirmed: self.place(head),
            offered: self.place(head),
            attempt: self.roll(3) as i64,
            position: near(self),
            until: if self.chance(2) { near(self) } else { 0 },
            sending: self.chance(2),
            sending_all: self.chance(2),
            looking: [Looking::Changes, Looking::Lacking, Looking::Everything][self.roll(3)],
            held: self.roll(3) as i64,
        }
    }

    fn session(&mut self, version: i64) -> Session {
        Session {
            peer: peer(""),
            login: self.word(&["ann", "nobody"]),
            token: self.word(&["", "s0", "s1", "s2"]),
            session_id: self.word(&["1", "2"]),
            address: self.word(&["::1", "'"]),
            version,
            state: self.text(),
            message: self.roll(9) as i64,
            request: self.text(),
            reply: self.text().into_bytes(),
            expires: self.roll(4) as i64,
            page_records: self.roll(5) as i64,
        }
    }

    fn edit(&mut self) -> Edit {
        match self.roll(12) {
            0..3 => Edit::PutLogin(Login {
                name: self.word(&["ann", "bob", "o'b\0"]),
                account: AccountId::default(),
                sealed: self.text(),
                local: self.chance(2),
            }),
            3..6 => Edit::PutCollection(Collection {
                id: at(&self.word(&["contacts", "unit", "q'"])),
                aliases: self.some(2, |dice| dice.word(&["card", "unit", "x\0", "other"])),
                application: self.text(),
                ..Collection::default()
            }),
            6 => Edit::RevokeToken(self.word(&["h0", "h1"])),
            7..9 => Edit::AddAccount { created: self.roll(9) as i64 },
            9 => Edit::SetPeer(peer(&self.peer()), self.text()),
            10 => Edit::ForgetPeer(peer(&self.peer())),
            _ => Edit::RemoveAccount,
        }
    }

    /// Each device's id names a record of its own.
    fn staged(&mut self) -> Staged {
        let (index, body) = (self.roll(6), self.chance(4));
        let luid = ["l0", "l1", "l2", "nul\0", "nul\u{1}0", "'"][index];
        let record = ["r0", "r1", "r2", "new0", "new1", "new2"][index];
        Staged {
            collection: self.collection(),
            luid: Luid(luid.into()),
            record: id(record),
            body: if body { None } else { self.content().body().cloned() },
            parent: self
                .chance(2)
                .then(|| Luid(self.word(&["", "l0", "l1", "l2", "nul\0", "nul\u{1}0", "'", "no"]))),
            key: (!self.chance(3)).then(|| self.key()),
        }
    }

    fn batch(&mut self, head: i64) -> Batch {
        let mut changes: Vec<Change> = self.some(4, Self::change);
        let mut seen = std::collections::BTreeSet::new();
        changes.retain(|change| seen.insert((change.collection.clone(), change.id.clone())));
        let of = |dice: &mut Self| (dice.collection(), dice.record());
        let version = self.roll(3) as i64;
        let quiet = self.chance(6);
        let mut batch = Batch {
            account: self.account(),
            guard: Guard {
                head: head - self.roll(10) as i64,
                records: if quiet { self.some(2, of) } else { Vec::new() },
                matches: if quiet {
                    self.some(2, |dice| (dice.collection(), dice.key()))
                } else {
                    Vec::new()
                },
                parents: if quiet { self.some(1, of) } else { Vec::new() },
                session: if self.chance(6) { Some(version) } else { None },
                arrangement: None,
            },
            now: self.roll(60) as i64,
            changes,
            peer_id: peer(&self.peer()),
            aliases: self.some(3, |dice| dice.alias(head)),
            acknowledged: self.some(2, |dice| Acknowledged {
                collection: dice.collection(),
                record: dice.record(),
                seq: head - dice.roll(5) as i64,
                generation: dice.roll(3) as i64,
            }),
            dropped: self.some(1, of),
            bookmarks: self.some(2, |dice| dice.bookmark(head)),
            pieces_dropped: self.some(2, |dice| {
                let (leaving, from) = (dice.chance(2), dice.roll(6) as u64);
                PieceRange { leaving, from, to: from + dice.roll(4) as u64 }
            }),
            pieces: self.some(2, |dice| {
                let (leaving, start) = (dice.chance(2), dice.roll(6) as u64);
                Piece { leaving, start, bytes: dice.text().into_bytes() }
            }),
            throttles: self.some(1, |dice| Throttle {
                key: dice.text(),
                failures: dice.roll(3) as i64,
                until: dice.roll(60) as i64,
            }),
            ..Batch::default()
        };
        if self.chance(2) {
            batch.staged = self.some(3, Self::staged);
        }
        if self.chance(5) {
            let generation = self.roll(3) as i64;
            let (collection, folders) = (self.collection(), self.chance(2));
            let goes = self.chance(3).then(|| self.some(3, Self::record));
            batch.refreshed = vec![Refresh { collection, generation, folders, goes }];
            batch.unstaged = self.some(1, Self::collection);
        }
        if self.chance(3) {
            batch.session = Some(self.session(version + 1));
        }
        if self.chance(3) {
            batch.peer = Some(Peer { nonce: self.text(), settings: self.text(), ..Peer::default() });
            batch.peer.iter_mut().for_each(|peer| peer.device = self.text());
        }
        if self.chance(6) {
            batch.outdated = self.some(2, |dice| (dice.collection(), dice.roll(3) as i64));
        }
        if self.chance(3) {
            batch.trace = Some(Box::new(self.trace(head)));
        }
        if self.chance(9) {
            let (horizon, now) = (head - self.roll(20) as i64, self.roll(4) as i64);
            batch.sweep = Some(Sweep { horizon, now, traces: self.roll(12) as i64 });
        }
        if self.chance(6) {
            batch.tokens = vec![Token {
                hash: self.word(&["h0", "h1"]),
                account: AccountId::default(),
                login: self.word(&["ann", "bob"]),
                label: self.text(),
                created: 1,
                expires: self.roll(3) as i64,
            }];
        }
        if self.chance(6) {
            batch.edits = self.some(2, Self::edit);
            let added = Edit::AddAccount { created: 1 };
            if batch
                .edits
                .iter()
                .filter(|edit| std::mem::discriminant(*edit) == std::mem::discriminant(&added))
                .count()
                > 1
            {
                batch.edits.clear();
            }
        }
        batch
    }

    fn reads(&mut self, head: i64) -> Reads {
        let who = match self.roll(8) {
            0 => Who::Token(self.word(&["h0", "h1", "h2"])),
            1 => Who::Login(self.word(&["ann", "bob", "o'b\0", "eve"])),
            2..5 => Who::Syncml {
                login: if self.chance(2) { Some(self.word(&["ann", "bob", "eve"])) } else { None },
                session_token: if self.chance(2) { Some(self.word(&["", "s0", "s1", "s2"])) } else { None },
                session_id: self.word(&["1", "2"]),
                address: self.word(&["::1", "'"]),
            },
            _ => Who::Account(self.account()),
        };
        let after = |dice: &mut Self| head - dice.roll(30) as i64;
        let (after, until) = (after(self), after(self));
        let page = match self.roll(5) {
            0 => None,
            1..3 => Some(PageAsk::Collection {
                path: self.path(),
                after,
                until: if self.chance(2) { Some(until) } else { None },
                live_only: self.chance(2),
                records_max: self.roll(6),
                bytes_max: self.roll(6_000),
            }),
            _ => Some(PageAsk::Peer {
                paths: self.some(2, Self::path),
                records_max: self.roll(6),
                bytes_max: self.roll(6_000),
            }),
        };
        Reads {
            who,
            totals: self.chance(2),
            throttles: self.some(3, Self::text),
            peer: if self.chance(8) { None } else { Some(peer(&self.peer())) },
            collections: self.chance(2),
            collection: if self.chance(2) { Some(self.path()) } else { None },
            records: self.some(2, |dice| (dice.path(), dice.some(3, Self::record))),
            versions: self.some(2, |dice| {
                (dice.path(), dice.some(3, |dice| (dice.record(), crate::house::BORN + dice.roll(40) as i64)))
            }),
            luids: self.some(2, |dice| (dice.path(), dice.some(3, |dice| luid(&dice.luid())))),
            targets: self
                .some(2, |dice| (dice.path(), dice.some(3, |dice| dice.word(&["r0", "t0", "t1", "0", ""])))),
            matches: self.some(2, |dice| (dice.path(), dice.some(4, Self::key))),
            above: self.some(2, |dice| (dice.path(), dice.some(3, Self::record))),
            children: self.some(2, |dice| (dice.path(), dice.some(3, Self::record))),
            unstaged: self.some(2, Self::path),
            waiting: self.some(2, |dice| {
                (dice.path(), dice.some(3, |dice| Luid(dice.word(&["l0", "l1", "nul\0", "'", ""]))))
            }),
            page,
            whole: Vec::new(),
            arriving: self.chance(2),
            leaving: self.roll(3) as u64,
            views: self.views(),
        }
    }

    /// What an owner looks at: at most one view that has pages.
    fn views(&mut self) -> Vec<View> {
        let rows_max = self.roll(4);
        let mut views = match self.roll(4) {
            0 => {
                let after = RecordId::new(self.word(&["r0", "r1", ""]));
                vec![View::Mapping { peer: peer(&self.peer()), path: self.path(), after, rows_max }]
            }
            1 => {
                let of = if self.chance(2) { Some(peer(&self.peer())) } else { None };
                let before = if self.chance(2) { Some(self.traced()) } else { None };
                vec![View::Sessions { peer: of, before, rows_max }]
            }
            2 => {
                let (session, after) = (self.traced(), self.roll(3) as i64);
                vec![View::Session { session, after, rows_max, bytes_max: self.roll(300) }]
            }
            _ => vec![View::Touched { path: self.path(), record: self.record() }],
        };
        for view in [View::Account, View::Counts, View::Devices] {
            if self.chance(3) {
                views.push(view);
            }
        }
        views
    }

    /// A session that something was kept of, or none.
    fn traced(&mut self) -> String {
        let began = self.roll(4) as i64 * 7;
        format!("{}-{}", Trace::session_from(began), self.word(&["a", "b"]))
    }

    fn trace(&mut self, head: i64) -> Trace {
        let bytes = |dice: &mut Self| if dice.chance(3) { None } else { Some(vec![0; dice.roll(90)]) };
        Trace {
            session: self.traced(),
            number: self.roll(4) as i64,
            peer: Default::default(),
            at: self.roll(50) as i64,
            since: head - self.roll(4) as i64,
            head: 0,
            about: self.text(),
            items: self.text(),
            request: bytes(self),
            reply: bytes(self),
        }
    }
}

/// The same at random to memory and to SQL, which must say the same; answers how often both wrote and both refused.
pub fn alike(seed: u64, steps: usize, sql: &impl Store) -> (usize, usize) {
    let memory = MemoryStore::new();
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    for account in ["a", "b"] {
        let edits = vec![Edit::AddAccount { created: 10 }];
        let batch = Batch { account: AccountId(account.into()), edits, ..Batch::default() };
        assert_eq!(now(memory.commit(&batch)).unwrap().head, now(sql.commit(&batch)).unwrap().head);
    }
    let (mut head, mut written, mut refused) = (10, 0, 0);
    for step in 0..steps {
        let batch = dice.batch(head);
        let said = now(memory.commit(&batch)).map(|receipt| receipt.head);
        assert_eq!(
            now(sql.commit(&batch)).map(|receipt| receipt.head),
            said,
            "seed {seed}, step {step}: {batch:?}"
        );
        head = head.max(said.clone().unwrap_or(0));
        written += usize::from(said.is_ok());
        refused += usize::from(said.is_err());
        for _ in 0..4 {
            let reads = dice.reads(head);
            let (expected, got) = (now(memory.read(&reads)).unwrap(), now(sql.read(&reads)).unwrap());
            assert_eq!(
                uncosted(got),
                uncosted(expected),
                "seed {seed}, step {step}: {reads:?} after {batch:?}"
            );
        }
    }
    (written, refused)
}

/// `SEEDS=200 cargo test --test stores random` looks longer.
#[test]
fn memory_and_sql_say_the_same() {
    let seeds = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(12_u64);
    let runs: Vec<(usize, usize)> = (1..=seeds).map(|seed| alike(seed, 150, &SqliteStore::new())).collect();
    let (written, refused) = runs.iter().fold((0, 0), |sum, run| (sum.0 + run.0, sum.1 + run.1));
    assert!(
        written * 2 > refused && refused > 100,
        "{written} written, {refused} refused: the dice are loaded"
    );
}
