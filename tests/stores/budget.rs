//! What a trip may cost on SQL: the plans, the parameters, the work, the rows written.

use crate::house::*;
use crate::sqlite::SqliteStore;
use anchorage::peer::Alias;
use anchorage::record::{Body, Content, Form, Seq};
use anchorage::store::sql::{self, Statement};
use anchorage::store::{Acknowledged, Batch, Change, Guard, Login, Peer, Reads, Session, Sweep, Token, Who};
use anchorage::store::{Edit, Piece, PieceRange, Refresh, Staged, Throttle, Trace, View};

/// A question of everything.
fn everything(page: Option<anchorage::store::PageAsk>) -> Reads {
    Reads {
        totals: true,
        whole: vec![(at("contacts"), id("r1"), 7)],
        arriving: true,
        leaving: 2,
        throttles: vec!["x".into()],
        peer: Some(peer("phone")),
        collections: true,
        collection: None,
        records: vec![("card".into(), vec![id("r1")])],
        versions: vec![("card".into(), vec![(id("r1"), 7)])],
        luids: vec![("card".into(), vec![luid("1")])],
        targets: vec![("card".into(), vec!["r1".into()])],
        matches: vec![("card".into(), vec!["k".into()])],
        above: vec![("card".into(), vec![id("r1")])],
        children: vec![("card".into(), vec![id("r1")])],
        waiting: vec![("card".into(), vec![luid("1")])],
        unstaged: vec!["card".into()],
        page,
        who: Who::Token("hash".into()),
        views: vec![
            View::Account,
            View::Counts,
            View::Devices,
            View::Mapping { peer: peer("phone"), path: "card".into(), after: None, rows_max: 9 },
            View::Sessions { peer: Some(peer("phone")), before: None, rows_max: 9 },
            View::Session { session: "s".into(), after: 0, rows_max: 9, bytes_max: 9 },
            View::Touched { path: "card".into(), record: id("r1") },
            View::Arranged,
            View::Due { now: 1, rows_max: 9 },
        ],
    }
}

fn every_statement() -> Vec<Statement> {
    let mut statements = sql::statements(&everything(page("card", 0, 9, 9)));
    statements.extend(sql::statements(&everything(peer_page(&["card"], 9, 9))));
    statements.extend(sql::statements(&Reads::of(Who::Login("x".into()))));
    let account = account("a");
    let change = Change { insert: true, supersede: true, ..change("contacts", "r", Content::Deleted) };
    let batch = Batch {
        guard: Guard {
            head: 1,
            records: vec![(at("contacts"), id("r"))],
            matches: vec![(at("contacts"), "k".into())],
            parents: vec![(at("contacts"), id("r"))],
            session: Some(1),
            arrangement: Some(("x".into(), 1)),
        },
        aliases: vec![alias("contacts", "r", None, 1, 1)],
        acknowledged: vec![Acknowledged {
            collection: at("contacts"),
            record: id("r"),
            seq: 1,
            generation: 1,
        }],
        dropped: vec![(at("contacts"), id("r"))],
        unstaged: vec![at("contacts")],
        staged: vec![Staged {
            collection: at("contacts"),
            luid: luid("1"),
            record: id("s"),
            body: Some(Body { form: Form::Plain, bytes: vec![b'x'; 500_000] }),
            parent: Some(luid("")),
            key: Some("k".into()),
        }],
        refreshed: vec![Refresh {
            collection: at("contacts"),
            generation: 1,
            folders: true,
            goes: Some(vec![id("r")]),
        }],
        pieces_dropped: vec![PieceRange::all(true)],
        pieces: vec![Piece { leaving: true, start: 0, bytes: vec![1] }],
        outdated: vec![(at("contacts"), 1)],
        bookmarks: vec![bookmark("contacts")],
        peer: Some(Peer::default()),
        session: Some(Session::default()),
        tokens: vec![Token {
            hash: "h".into(),
            account: account.clone(),
            login: "l".into(),
            label: String::new(),
            created: 0,
            expires: 0,
        }],
        throttles: vec![throttle("x", 1), Throttle { failures: 0, ..throttle("y", 0) }],
        trace: Some(Box::new(Trace { session: "s".into(), number: 1, ..Trace::default() })),
        sweep: Some(Sweep { horizon: 1, now: 1, traces: 0 }),
        edits: vec![
            Edit::PutArrangement(anchorage::store::Arrangement::default()),
            Edit::DropArrangement("x".into()),
            Edit::AddAccount { created: 1 },
            Edit::PutLogin(Login {
                name: "n".into(),
                account: account.clone(),
                sealed: String::new(),
                local: false,
            }),
            Edit::PutCollection(Default::default()),
            Edit::RevokeToken("h".into()),
            Edit::SetPeer(peer("phone"), "{}".into()),
            Edit::ForgetPeer(peer("phone")),
            Edit::RemoveAccount,
        ],
        ..changing(&account, vec![change])
    };
    statements.extend(sql::commit_statements(&batch));
    statements
}

#[test]
fn no_table_is_ever_scanned() {
    let store = SqliteStore::new();
    let statements = every_statement();
    assert!(statements.len() > 50);
    for statement in &statements {
        for line in store.plan(statement) {
            let harmless = [
                "SCAN me",
                "SCAN asked",
                "SCAN new",
                "SCAN json_each",
                "SCAN CONSTANT",
                "SCAN found",
                "SCAN above",
                "SCAN (subquery",
            ];
            // Counters have no account: the sweep goes through the few there are.
            let throttles =
                line == "SCAN throttle" && statement.sql.starts_with("DELETE FROM throttle WHERE until");
            // A refresh goes through a collection, and what it made of it, side by side.
            let refreshes =
                ["UPDATE staged SET", "UPDATE record SET"].iter().any(|sql| statement.sql.contains(sql));
            let made = ["SCAN old", "SCAN fresh", "SCAN free", "SCAN known", "SCAN pair", "SCAN gone"];
            if refreshes && (line.contains("AUTOMATIC") || made.contains(&line.as_str())) {
                continue;
            }
            let scans = line.starts_with("SCAN") && !harmless.iter().any(|known| line.starts_with(known));
            assert!(!scans || throttles, "{line}\n{}", statement.sql);
            assert!(!line.contains("AUTOMATIC"), "{line}\n{}", statement.sql);
        }
    }
}

#[test]
fn changes_are_walked_in_the_order_of_their_stamps() {
    let store = SqliteStore::new();
    for page in [page("card", 0, 9, 9), peer_page(&["card"], 9, 9)] {
        let statements =
            sql::statements(&Reads { peer: Some(peer("phone")), page, ..Reads::of(Who::Token("h".into())) });
        let plan = store.plan(statements.last().unwrap());
        let walk = plan.iter().position(|line| {
            line.starts_with("SEARCH r USING INDEX record_seq (account=? AND collection=? AND seq>?")
        });
        assert!(walk.is_some(), "{plan:#?}");
    }
}

/// A store with `count` records in each collection of two accounts, a token, and a device that has them all.
fn filled(count: usize) -> (SqliteStore, Seq) {
    let store = SqliteStore::new();
    let mut head = 0;
    for name in ["a", "b"] {
        let account = open(&store, name);
        let changes = |collection: &str| -> Vec<Change> {
            let keyed = collection == "contacts";
            let one = |index: usize| Change {
                key: keyed.then(|| format!("k{index}")),
                ..change(collection, &format!("r{index}"), text("0123456789"))
            };
            (0..count).map(one).collect()
        };
        let aliases: Vec<Alias> = (0..count)
            .map(|index| alias("contacts", &format!("r{index}"), Some(&format!("l{index}")), 0, 0))
            .collect();
        commit(&store, &Batch { aliases, ..changing(&account, changes("contacts")) });
        let token = Token {
            hash: format!("hash of {name}"),
            account: account.clone(),
            login: format!("login of {name}"),
            label: String::new(),
            created: 0,
            expires: 0,
        };
        head = commit(&store, &Batch { tokens: vec![token], ..changing(&account, changes("unit")) }).head;
        marked(
            &store,
            &account,
            vec![anchorage::peer::Bookmark { confirmed: place(head), ..bookmark("contacts") }],
        );
    }
    (store, head)
}

#[test]
fn work_does_not_grow_with_what_is_stored() {
    let work = |count: usize| {
        let (store, head) = filled(count);
        let poll = |after| Reads {
            collection: Some("unit".into()),
            page: page("unit", after, 500, 1_000_000),
            ..Reads::of(Who::Token("hash of a".into()))
        };
        let mut steps = Vec::new();
        for reads in [
            poll(head),
            poll(head - 10),
            // At the end of a refresh all that the device has is walked through.
            Reads {
                who: Who::Login("login of a".into()),
                unstaged: Vec::new(),
                ..everything(peer_page(&["card"], 9, 999))
            },
        ] {
            // Whoever wants them counted is told what that costs.
            let views = reads
                .views
                .iter()
                .filter(|view| !matches!(view, View::Counts | View::Mapping { .. }))
                .cloned()
                .collect();
            let reads = Reads { views, ..reads };
            let snapshot = read(&store, &reads);
            steps.push((snapshot.page.len() as i64, snapshot.cost.statements as i64, store.steps.get()));
        }
        let written = commit(&store, &changing(&account("a"), vec![change("unit", "r5", text("y"))])).cost;
        steps.push((written.rows_written as i64, written.statements as i64, store.steps.get()));
        steps
    };
    let few = work(30);
    assert_eq!(work(3_000), few);
    assert_eq!((few[0].0, few[0].1), (0, 2));
    assert_eq!((few[1].0, few[1].1), (10, 2));
}
