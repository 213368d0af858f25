//! Accounts: logins, tokens, collections, and the walls between tenants.

use crate::house::*;
use anchorage::peer::{Alias, Bookmark};
use anchorage::record::{AccountId, Body, Content, Form};
use anchorage::store::{
    Batch, Change, Collection, Edit, Guard, Login, PageAsk, Peer, Reads, Session, Store, Token, Who,
};

fn login(name: &str) -> Login {
    Login { name: name.into(), account: AccountId::default(), sealed: "s".into(), local: true }
}

fn token(hash: &str) -> Token {
    Token {
        hash: hash.into(),
        account: AccountId::default(),
        login: "login of a".into(),
        label: "app".into(),
        created: 1,
        expires: 0,
    }
}

fn editing(account: &AccountId, edits: Vec<Edit>) -> Batch {
    Batch { edits, ..batch(account) }
}

pub fn accounts_come_and_go<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let absent = account("a");
    assert_eq!(now(store.commit(&changing(&absent, vec![change("unit", "r", text("x"))]))).ok(), None);
    let (a, b) = (open(&store, "a"), open(&store, "b"));
    refused(&store, &editing(&a, vec![Edit::AddAccount { created: 1 }]));
    for tenant in [&a, &b] {
        let full = Batch {
            aliases: vec![alias("contacts", "r", Some("1"), 1, 1)],
            bookmarks: vec![bookmark("contacts")],
            peer: Some(Peer::default()),
            session: Some(Session { token: tenant.0.clone(), ..Session::default() }),
            tokens: vec![token(&format!("hash of {}", tenant.0))],
            ..changing(tenant, vec![Change { supersede: true, ..change("contacts", "r", text("x")) }])
        };
        commit(&store, &full);
        commit(&store, &changing(tenant, full.changes.clone()));
    }
    let before = all(&store, &b);
    assert_eq!(commit(&store, &editing(&a, vec![Edit::RemoveAccount])).head, 0);
    assert_eq!(all(&store, &b), before);
    for who in [Who::Account(a.clone()), Who::Login("login of a".into()), Who::Token("hash of a".into())] {
        let snapshot =
            read(&store, &Reads { collections: true, peer: Some(peer("phone")), ..Reads::of(who) });
        assert!(snapshot.account.is_none() && snapshot.login.is_none() && snapshot.token.is_none());
    }
    open(&store, "a");
    assert_eq!(changes(&store, &a, "contacts", 0), [], "nothing of the old account is left");
    let luids = vec![("contacts".into(), vec![luid("1")])];
    let snapshot = read(&store, &Reads { luids, ..asking(&a) });
    assert!(snapshot.held.is_empty() && snapshot.bookmarks.is_empty());
    assert!(snapshot.peer.is_none() && snapshot.session.is_none());
    commit(&store, &Batch { tokens: vec![token("hash of a")], ..batch(&a) });
}

/// The same ids everywhere in two accounts, the word CANARY in everything of one: the other never sees it.
pub fn tenants_never_meet<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let ours = open(&store, "ours");
    let theirs = open(&store, "theirs");
    for (tenant, word) in [(&ours, "wren"), (&theirs, "CANARY")] {
        let keyed = Change { key: Some("k".into()), supersede: true, ..change("contacts", "r", text(word)) };
        let second = Change { key: Some("k".into()), ..change("contacts", &format!("{word}2"), text(word)) };
        let full = Batch {
            aliases: vec![Alias { temporary: Some("t".into()), ..alias("contacts", "r", Some("1"), 1, 1) }],
            bookmarks: vec![Bookmark { confirmed: named(word), sending: true, ..bookmark("contacts") }],
            peer: Some(Peer { nonce: word.into(), ..Peer::default() }),
            session: Some(Session { token: word.into(), state: word.into(), ..Session::default() }),
            ..changing(tenant, vec![keyed.clone(), second])
        };
        commit(&store, &full);
        commit(&store, &changing(tenant, vec![keyed]));
    }
    let pages = [page("card", 0, 9, 999), peer_page(&["card"], 9, 999)];
    for (who, page) in [
        Who::Account(ours.clone()),
        Who::Login("login of ours".into()),
        Who::Syncml {
            login: Some("login of ours".into()),
            session_token: Some("CANARY".into()),
            session_id: String::new(),
            address: String::new(),
        },
    ]
    .into_iter()
    .flat_map(|who| pages.iter().map(move |page: &Option<PageAsk>| (who.clone(), page.clone())))
    {
        let reads = Reads {
            collections: true,
            peer: Some(peer("phone")),
            records: vec![("card".into(), ["r", "CANARY2"].map(id).to_vec())],
            luids: vec![("card".into(), vec![luid("1")])],
            targets: vec![("card".into(), ["t", "r", "CANARY2"].map(str::to_owned).to_vec())],
            matches: vec![("card".into(), vec!["k".into(); 9])],
            page,
            ..Reads::of(who)
        };
        let snapshot = read(&store, &reads);
        assert_eq!(snapshot.account.as_ref().unwrap().id, ours);
        assert_eq!((snapshot.records.len(), snapshot.held.len(), snapshot.found.len()), (1, 1, 2));
        assert_eq!((snapshot.targets.len(), snapshot.page.len()), (2, 2));
        assert!(!format!("{snapshot:?}").contains("CANARY"), "{snapshot:?}");
    }
    let before = all(&store, &theirs);
    let busy = Batch {
        guard: Guard { session: Some(0), ..Guard::default() },
        aliases: vec![alias("contacts", "other", Some("1"), 9, 9)],
        outdated: vec![(at("contacts"), 99)],
        dropped: vec![(at("contacts"), id("r"))],
        bookmarks: vec![bookmark("contacts")],
        edits: vec![Edit::RevokeToken("hash".into())],
        sweep: Some(anchorage::store::Sweep { horizon: BORN * 2, now: BORN * 2, traces: 0 }),
        ..changing(&ours, vec![change("contacts", "r", Content::Deleted)])
    };
    commit(&store, &busy);
    commit(&store, &editing(&ours, vec![Edit::RemoveAccount]));
    assert_eq!(all(&store, &theirs), before);
}

pub fn names_and_paths_are_taken_once<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let (a, b) = (open(&store, "a"), open(&store, "b"));
    commit(&store, &editing(&a, vec![Edit::PutLogin(login("ann"))]));
    refused(&store, &editing(&b, vec![Edit::PutLogin(login("ann"))]));
    let changed = Login { sealed: "changed".into(), ..login("ann") };
    commit(&store, &editing(&a, vec![Edit::PutLogin(changed)]));
    let snapshot = read(&store, &Reads::of(Who::Login("ann".into())));
    assert_eq!(
        snapshot.login.map(|login| (login.sealed, login.account)),
        Some(("changed".into(), a.clone()))
    );

    let put = |id: &str, aliases: &[&str]| {
        let aliases = aliases.iter().map(|alias| alias.to_string()).collect();
        Edit::PutCollection(Collection { id: at(id), aliases, ..Collection::default() })
    };
    for edit in [put("notes", &["card"]), put("notes", &["unit"]), put("card", &[])] {
        refused(&store, &editing(&a, vec![edit]));
    }
    commit(&store, &editing(&a, vec![put("notes", &["notes", "n", "n"]), put("contacts", &["c"])]));
    commit(&store, &editing(&b, vec![put("n", &["c"])]));
    let at_path = |path: &str| {
        let snapshot = read(&store, &Reads { collection: Some(path.into()), ..asking(&a) });
        snapshot.collections.iter().map(|collection| collection.id.0.clone()).collect::<Vec<_>>().join(",")
    };
    assert_eq!(["n", "notes", "c", "card", "nowhere"].map(at_path), ["notes", "notes", "contacts", "", ""]);
    let everything = Reads { collections: true, collection: Some("n".into()), ..asking(&a) };
    let ids: Vec<_> = read(&store, &everything).collections.into_iter().map(|c| c.id.0).collect();
    assert_eq!(ids, ["contacts", "notes", "unit"]);
}

pub fn throttles_need_no_account<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let write = |throttles| commit(&store, &Batch { throttles, ..Batch::default() });
    write(vec![throttle("x", 1), throttle("y", 2), throttle("z", 3)]);
    write(vec![throttle("x", 5), throttle("y", 0), throttle("never", 0)]);
    let throttles = ["z", "y", "x", "x", "w"].map(str::to_owned).to_vec();
    let reads = Reads { throttles, ..Reads::of(Who::Login("nobody".into())) };
    assert_eq!(read(&store, &reads).throttles, [throttle("x", 5), throttle("z", 3)]);
}

pub fn tokens_are_revoked<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let (a, b) = (open(&store, "a"), open(&store, "b"));
    commit(&store, &Batch { tokens: vec![token("h"), token("i")], ..batch(&a) });
    refused(&store, &Batch { tokens: vec![token("h")], ..batch(&b) });
    let ask = |hash: &str| {
        let reads = Reads { collection: Some("card".into()), ..Reads::of(Who::Token(hash.into())) };
        read(&store, &reads)
    };
    let known = ask("h");
    assert_eq!(known.token, Some(Token { account: a.clone(), ..token("h") }));
    assert_eq!(known.account.map(|account| account.id), Some(a.clone()));
    assert_eq!(known.login.map(|login| login.name), Some("login of a".into()));
    assert_eq!(known.collections.len(), 1);
    commit(&store, &editing(&b, vec![Edit::RevokeToken("h".into())]));
    assert!(ask("h").token.is_some(), "nobody revokes another's token");
    commit(&store, &editing(&a, vec![Edit::RevokeToken("h".into())]));
    assert!(ask("h").token.is_none() && ask("h").account.is_none() && ask("i").token.is_some());
}

/// Every field that a client can fill, filled with what could break a statement.
pub fn any_text_survives<S: Store>(make: impl Fn() -> S) {
    let store = make();
    for word in [
        "'\";--\0%_",
        "\0",
        "\u{1}",
        "\u{1}0\0\u{1}1",
        "\\u0000",
        "[\"x\"]",
        "{}",
        "null",
        "12",
        "1e400",
        "NaN",
        "é\u{FFFF}😀",
        "\u{2028}\u{2029}\u{85}",
        " ",
        "x'); DROP TABLE record; --",
        "?1",
        ":a",
        "\r\n",
    ] {
        let name = format!("n{word}");
        let account = AccountId(name.clone());
        let carried: String =
            word.chars().filter(|c| *c != '\0' && *c != '\u{1}' && *c != '\u{FFFF}').collect();
        let record = id(&format!("r{carried}"));
        let form = Form::Opaque(word.into());
        let content = Content::Body(Body { form, bytes: word.as_bytes().to_vec() });
        let new = Change {
            collection: at(&name),
            id: record.clone(),
            content,
            parent: None,
            key: Some(word.into()),
            origin: word.into(),
            insert: true,
            supersede: true,
        };
        let alias = Alias {
            collection: at(&name),
            record: record.clone(),
            luid: Some(luid(word)),
            temporary: Some(name.clone()),
            generation: 1,
            seq: 1,
        };
        let mark = Bookmark {
            collection: at(&name),
            confirmed: named(word),
            offered: named(word),
            ..Bookmark::default()
        };
        let session = Session {
            peer: peer(word),
            login: name.clone(),
            token: format!("token of {word}"),
            session_id: word.into(),
            address: word.into(),
            state: word.into(),
            request: word.into(),
            reply: word.into(),
            ..Session::default()
        };
        let device = Peer { id: peer(word), nonce: word.into(), device: word.into(), ..Peer::default() };
        let named = Collection {
            id: at(&name),
            aliases: vec![format!("p{word}")],
            application: word.into(),
            ..Default::default()
        };
        commit(
            &store,
            &Batch {
                account: account.clone(),
                peer_id: peer(word),
                changes: vec![new.clone()],
                aliases: vec![alias.clone()],
                bookmarks: vec![mark.clone()],
                session: Some(session.clone()),
                peer: Some(device.clone()),
                tokens: vec![Token { label: word.into(), ..token(word) }],
                throttles: vec![throttle(word, 1)],
                edits: vec![
                    Edit::AddAccount { created: 1 },
                    Edit::PutLogin(login(&name)),
                    Edit::PutCollection(named.clone()),
                ],
                ..Batch::default()
            },
        );
        let path = || format!("p{word}");
        let reads = Reads {
            throttles: vec![word.into()],
            peer: Some(peer(word)),
            collection: Some(path()),
            records: vec![(path(), vec![record.clone()])],
            luids: vec![(path(), vec![luid(word)])],
            targets: vec![(path(), vec![name.clone()])],
            matches: vec![(path(), vec![word.into()])],
            page: peer_page(&[&path()], 9, 999),
            ..Reads::of(Who::Syncml {
                login: None,
                session_token: None,
                session_id: word.into(),
                address: word.into(),
            })
        };
        let snapshot = read(&store, &reads);
        assert_eq!(snapshot.account.as_ref().map(|known| &known.id), Some(&account), "{word:?}");
        assert_eq!(snapshot.login.as_ref().map(|login| &login.name), Some(&name));
        assert_eq!(snapshot.throttles, [throttle(word, 1)]);
        assert_eq!((snapshot.peer, snapshot.session), (Some(device), Some(session)));
        assert_eq!((snapshot.bookmarks, snapshot.collections), (vec![mark], vec![named]));
        assert_eq!((&snapshot.records[0].content, &snapshot.records[0].origin), (&new.content, &new.origin));
        assert_eq!(
            (&snapshot.held[0].alias, &snapshot.held[0].record),
            (&alias, &Some(snapshot.records[0].clone()))
        );
        assert_eq!((&snapshot.targets[0].target, &snapshot.targets[0].record), (&name, &record));
        assert_eq!((snapshot.found[0].key.as_str(), &snapshot.found[0].alias), (word, &Some(alias)));
        assert!(snapshot.page.is_empty(), "the device's own change");
        let by_token = read(&store, &Reads::of(Who::Token(word.into())));
        assert_eq!(by_token.token.map(|token| token.label), Some(word.into()));
    }
}

/// One device of two, in one account of two: its row, session, aliases and bookmarks go, nothing else does.
pub fn a_device_is_forgotten_whole_and_alone<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let (a, b) = (open(&store, "a"), open(&store, "b"));
    for (tenant, device) in [(&a, "phone"), (&a, "other"), (&b, "phone")] {
        let full = Batch {
            peer_id: peer(device),
            aliases: vec![Alias { temporary: Some("t".into()), ..alias("contacts", "r", Some("1"), 1, 1) }],
            bookmarks: vec![bookmark("contacts"), bookmark("unit")],
            peer: Some(Peer::default()),
            session: Some(Session { token: format!("{device} {}", tenant.0), ..Session::default() }),
            ..changing(tenant, vec![change("contacts", "r", text("x"))])
        };
        commit(&store, &full);
    }
    let seen = |tenant: &AccountId, device: &str| {
        let luids = vec![("contacts".into(), vec![luid("1")])];
        let targets = vec![("contacts".into(), vec!["t".into()])];
        uncosted(read(&store, &Reads { peer: Some(peer(device)), luids, targets, ..asking(tenant) }))
    };
    let (other, elsewhere) = (seen(&a, "other"), seen(&b, "phone"));
    commit(&store, &editing(&a, vec![Edit::ForgetPeer(peer("phone"))]));
    let gone = seen(&a, "phone");
    assert!(gone.peer.is_none() && gone.session.is_none() && gone.bookmarks.is_empty(), "{gone:?}");
    assert!(gone.held.is_empty() && gone.targets.is_empty(), "{gone:?}");
    assert_eq!((seen(&a, "other"), seen(&b, "phone")), (other, elsewhere));
    assert_eq!(changes(&store, &a, "contacts", 0).len(), 1, "records stay");
    let by_token = Who::Syncml {
        login: None,
        session_token: Some("phone a".into()),
        session_id: "9".into(),
        address: "".into(),
    };
    assert!(read(&store, &Reads { peer: Some(peer("phone")), ..Reads::of(by_token) }).account.is_none());
    commit(&store, &editing(&a, vec![Edit::ForgetPeer(peer("phone")), Edit::ForgetPeer(peer("nobody"))]));
    let last = Batch { peer: Some(Peer::default()), ..editing(&a, vec![Edit::ForgetPeer(peer("phone"))]) };
    commit(&store, &last);
    assert!(seen(&a, "phone").peer.is_none(), "forgetting comes last");
}

/// A turn that read the settings before they were changed does not write them back.
pub fn settings_are_the_operator_s_alone<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let (a, b) = (open(&store, "a"), open(&store, "b"));
    let row = |settings: &str, nonce: &str| {
        Some(Peer { settings: settings.into(), nonce: nonce.into(), ..Peer::default() })
    };
    let settings =
        |tenant: &AccountId| read(&store, &asking(tenant)).peer.map(|peer| (peer.settings, peer.nonce));
    let set = |text: &str| vec![Edit::SetPeer(peer("phone"), text.into())];
    commit(&store, &editing(&a, set("early")));
    assert_eq!(settings(&a), None);
    commit(&store, &Batch { peer: row("first", "1"), ..batch(&a) });
    commit(&store, &Batch { peer: row("first", "1"), ..batch(&b) });
    commit(&store, &editing(&a, set("set")));
    commit(&store, &Batch { peer: row("stale", "2"), ..batch(&a) });
    assert_eq!(settings(&a), Some(("set".into(), "2".into())));
    assert_eq!(settings(&b), Some(("first".into(), "1".into())));
}
