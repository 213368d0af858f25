//! Devices: who they are, what they hold, what they still have to get.

use crate::house::*;
use anchorage::peer::{Alias, Bookmark, Looking, Place};
use anchorage::record::{AccountId, Content, Seq};
use anchorage::store::{Acknowledged, Batch, Change, Held, Reads, Session, Snapshot, Store, Sweep, Who};

pub fn a_device_is_found_by_what_it_shows<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let (a, b) = (open(&store, "a"), open(&store, "b"));
    let session = |account: &AccountId, token: &str, expires| Session {
        login: format!("login of {}", account.0),
        token: token.into(),
        session_id: "1".into(),
        address: "::1".into(),
        version: 1,
        expires,
        reply: vec![0, 255, b'x'],
        ..Session::default()
    };
    commit(&store, &Batch { session: Some(session(&a, "token a", 5)), ..batch(&a) });
    let ask = |login: Option<&str>, token: Option<&str>, session_id: &str, address: &str| {
        let who = Who::Syncml {
            login: login.map(str::to_owned),
            session_token: token.map(str::to_owned),
            session_id: session_id.into(),
            address: address.into(),
        };
        let snapshot = read(&store, &Reads { peer: Some(peer("phone")), ..Reads::of(who) });
        (snapshot.account.map(|account| account.id.0), snapshot.login.map(|login| login.name))
    };
    let known = |name: &str| (Some(name.to_owned()), Some(format!("login of {name}")));
    assert_eq!(ask(None, Some("stale"), "1", "::1"), known("a"), "by name, session and address");
    commit(&store, &Batch { session: Some(session(&b, "token b", 9)), ..batch(&b) });
    assert_eq!(ask(None, Some("stale"), "1", "::1"), (None, None), "it could be either's");
    assert_eq!(ask(Some("login of a"), Some("token b"), "1", "::1"), known("a"));
    assert_eq!(ask(Some("nobody"), Some("token a"), "1", "::1"), known("a"));
    assert_eq!(ask(None, Some("token b"), "9", ""), known("b"));
    assert_eq!(ask(None, None, "2", "::1"), (None, None));
    assert_eq!(ask(None, None, "1", "::2"), (None, None));
    assert_eq!(ask(None, Some(""), "2", "::1"), (None, None), "an empty token is none");
    let own = read(&store, &asking(&a)).session.unwrap();
    assert_eq!(own, Session { peer: peer("phone"), ..session(&a, "token a", 5) });
    refused(&store, &Batch { session: Some(session(&b, "token a", 5)), ..batch(&b) });
    commit(&store, &Batch { session: Some(session(&a, "token c", 5)), ..batch(&a) });
    assert_eq!(ask(None, Some("token c"), "", "").0, Some("a".into()));
    assert_eq!(ask(None, Some("token a"), "", "").0, None, "the old token is forgotten");
}

fn held(store: &impl Store, account: &AccountId, luids: &[&str]) -> Vec<Held> {
    let luids = luids.iter().map(|name| luid(name)).collect();
    read(store, &Reads { luids: vec![("card".into(), luids)], ..asking(account) }).held
}

fn held_records(store: &impl Store, account: &AccountId, luids: &[&str]) -> String {
    let held = held(store, account, luids);
    held.iter().map(|held| held.alias.record.as_str()).collect::<Vec<_>>().join(",")
}

pub fn aliases_take_their_luid_away<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    aliased(
        &store,
        &account,
        vec![
            alias("contacts", "r1", Some("1"), 1, 5),
            alias("contacts", "r2", Some("2"), 1, 5),
            alias("unit", "r1", Some("1"), 1, 5),
        ],
    );
    let tablet = Batch { aliases: vec![alias("contacts", "r9", Some("1"), 1, 5)], ..batch(&account) };
    commit(&store, &Batch { peer_id: peer("tablet"), ..tablet });
    assert_eq!(held_records(&store, &account, &["2", "1", "3", "1"]), "r2,r1");
    aliased(&store, &account, vec![alias("contacts", "r3", Some("1"), 2, 6)]);
    assert_eq!(held_records(&store, &account, &["1", "2"]), "r3,r2");
    aliased(&store, &account, vec![alias("contacts", "r3", Some("2"), 2, 6)]);
    assert_eq!(held_records(&store, &account, &["1", "2"]), "r3", "r2 has lost its luid, r3 its first");
    let unit = Reads { luids: vec![("unit".into(), vec![luid("1")])], ..asking(&account) };
    assert_eq!(read(&store, &unit).held[0].alias, alias("unit", "r1", Some("1"), 1, 5));
    assert_eq!(read(&store, &unit).held[0].record, None);
    commit(&store, &Batch { dropped: vec![(at("contacts"), id("r3"))], ..batch(&account) });
    assert_eq!(held_records(&store, &account, &["1", "2"]), "");
    let swap = vec![alias("contacts", "x", Some("1"), 1, 1), alias("contacts", "y", Some("1"), 1, 1)];
    aliased(&store, &account, swap);
    assert_eq!(held_records(&store, &account, &["1"]), "y", "of one batch the last has it");
}

fn outgoing_aliases(store: &impl Store, account: &AccountId) -> Vec<(String, Option<Alias>)> {
    let reads = Reads { page: peer_page(&["contacts"], 99, 99_999), ..asking(account) };
    let page = read(store, &reads).page;
    page.into_iter().map(|outgoing| (outgoing.record.id.as_str().to_owned(), outgoing.alias)).collect()
}

pub fn acknowledging_keeps_the_luid<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let seq = put(&store, &account, "contacts", "r", "x");
    put(&store, &account, "contacts", "s", "y");
    marked(&store, &account, vec![bookmark("contacts")]);
    let full = Alias { temporary: Some("t".into()), ..alias("contacts", "r", Some("1"), 1, 0) };
    aliased(&store, &account, vec![full.clone()]);
    let took =
        |record: &str| Acknowledged { collection: at("contacts"), record: id(record), seq, generation: 3 };
    commit(&store, &Batch { acknowledged: vec![took("r"), took("s")], ..batch(&account) });
    let aliases = outgoing_aliases(&store, &account);
    assert_eq!(aliases[0].1, Some(alias("contacts", "s", None, 3, seq)));
    assert_eq!(aliases.len(), 1, "what was acknowledged is not due");
    let asked = Reads { luids: vec![("contacts".into(), vec![luid("1")])], ..asking(&account) };
    assert_eq!(read(&store, &asked).held[0].alias, Alias { seq, generation: 3, ..full });
}

pub fn outdated_aliases_go<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let of = |collection, generation: i64| {
        let name = generation.to_string();
        alias(collection, &name, Some(&name), generation, 0)
    };
    aliased(&store, &account, vec![of("contacts", 1), of("contacts", 2), of("contacts", 3), of("unit", 1)]);
    let outdated = Batch { outdated: vec![(at("contacts"), 3)], ..batch(&account) };
    commit(&store, &Batch { peer_id: peer("tablet"), ..outdated.clone() });
    assert_eq!(held_records(&store, &account, &["1", "2", "3"]), "1,2,3");
    commit(&store, &Batch { aliases: vec![of("contacts", 1)], ..outdated });
    assert_eq!(
        held_records(&store, &account, &["1", "2", "3"]),
        "1,3",
        "new aliases come after the old have gone"
    );
    let unit = Reads { luids: vec![("unit".into(), vec![luid("1")])], ..asking(&account) };
    assert_eq!(read(&store, &unit).held.len(), 1);
}

pub fn bases_are_what_the_device_last_had<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let edit = |body: &str, origin: &str, supersede| {
        let change = Change { origin: origin.into(), supersede, ..change("contacts", "r", text(body)) };
        commit(&store, &changing(&account, vec![change])).head
    };
    let base = || {
        let base = held(&store, &account, &["1"]).remove(0).base;
        base.map(|body| String::from_utf8(body.bytes).unwrap())
    };
    let acknowledged = |seq: Seq| aliased(&store, &account, vec![alias("contacts", "r", Some("1"), 0, seq)]);
    let first = edit("one", "", true);
    acknowledged(first);
    assert_eq!(base(), None, "the device has what is here");
    let second = edit("two", "tablet", true);
    assert_eq!(base(), Some("one".into()));
    edit("three", "tablet", true);
    assert_eq!(base(), Some("one".into()));
    marked(&store, &account, vec![Bookmark { confirmed: place(second), ..bookmark("contacts") }]);
    assert_eq!(base(), Some("one".into()), "what the cursor has passed may never have been sent");
    acknowledged(second);
    assert_eq!(base(), Some("two".into()));
    edit("four", "phone", true);
    assert_eq!(base(), None, "the device made this itself");
    edit("five", "", true);
    assert_eq!(base(), Some("four".into()), "what it sent it has");
    edit("six", "", false);
    edit("seven", "", true);
    assert_eq!(base(), Some("four".into()));
    let gone = delete_keeping(&store, &account);
    assert_eq!(base(), Some("four".into()));
    assert_eq!(held(&store, &account, &["1"])[0].record.as_ref().unwrap().content, Content::Deleted);
    commit(&store, &Batch { sweep: Some(Sweep { horizon: gone - 1, now: 0, traces: 0 }), ..batch(&account) });
    assert_eq!(base(), None, "old versions are swept");
    commit(&store, &Batch { sweep: Some(Sweep { horizon: gone, now: 0, traces: 0 }), ..batch(&account) });
    assert_eq!(held(&store, &account, &["1"])[0].record, None);
    acknowledged(0);
    assert_eq!(base(), None);
}

fn delete_keeping(store: &impl Store, account: &AccountId) -> Seq {
    let change = Change { supersede: true, ..change("contacts", "r", Content::Deleted) };
    commit(store, &changing(account, vec![change])).head
}

pub fn targets_are_what_we_called_them<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let long = "a very long id of a record";
    let seq = put(&store, &account, "contacts", long, "x");
    put(&store, &account, "contacts", "7", "y");
    let temporary =
        |name: &str| Alias { temporary: Some(name.into()), ..alias("contacts", long, None, 1, 0) };
    let others = Batch { aliases: vec![temporary("8")], peer_id: peer("tablet"), ..batch(&account) };
    commit(&store, &others);
    aliased(&store, &account, vec![temporary("7")]);
    let ask = |names: &[&str]| {
        let names = names.iter().map(|name| name.to_string()).collect();
        read(&store, &Reads { targets: vec![("card".into(), names)], ..asking(&account) }).targets
    };
    let found = ask(&[long, "8", "7", "no such", ""]);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].target.as_str(), found[1].target.as_str()), (long, "7"));
    for target in found {
        assert_eq!((target.record, target.seq, target.path.as_str()), (id(long), seq, "card"));
        assert_eq!((target.collection, target.alias), (at("contacts"), Some(temporary("7"))));
    }
    aliased(&store, &account, vec![alias("contacts", long, Some("1"), 1, 0)]);
    assert_eq!(ask(&["7"])[0].record, id("7"), "a temporary id is given back");
}

pub fn found_as_often_as_asked<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let keyed = |collection: &str, id: &str, key: &str| Change {
        key: Some(key.into()),
        ..change(collection, id, text(id))
    };
    let twins = ["a", "b", "c", "d"].map(|id| keyed("contacts", id, "k"));
    commit(&store, &changing(&account, twins.to_vec()));
    let others = vec![keyed("contacts", "e", "other"), keyed("unit", "f", "k")];
    commit(&store, &changing(&account, others));
    let ask = |keys: &[&str]| {
        let keys = keys.iter().map(|key| key.to_string()).collect();
        let found = read(&store, &Reads { matches: vec![("card".into(), keys)], ..asking(&account) }).found;
        found.iter().map(|found| found.record.as_str().to_owned()).collect::<String>()
    };
    assert_eq!(ask(&["k"]), "a");
    assert_eq!(ask(&["k", "other", "k", "none"]), "abe");
    marked(&store, &account, vec![Bookmark { attempt: 2, ..bookmark("contacts") }]);
    aliased(
        &store,
        &account,
        vec![alias("contacts", "a", Some("1"), 2, 0), alias("contacts", "b", Some("2"), 1, 0)],
    );
    assert_eq!(ask(&["k"]), "b", "an alias of an older slow sync is no claim");
    assert_eq!(ask(&["k"; 3]), "bcd");
    assert_eq!(ask(&["k"; 9]), "bcda", "the claimed one comes last");
    let tablet = Batch { aliases: vec![alias("contacts", "b", Some("2"), 9, 0)], ..batch(&account) };
    commit(&store, &Batch { peer_id: peer("tablet"), ..tablet });
    assert_eq!(ask(&["k"]), "b", "another device's claim is none of ours");
    delete(&store, &account, "contacts", "b");
    assert_eq!(ask(&["k"]), "c", "what is deleted is not found");
}

fn sent(snapshot: &Snapshot) -> String {
    ids(snapshot).join(",")
}

pub fn what_is_still_to_be_sent<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let stamps: Vec<Seq> =
        ["c1", "c2", "c3"].iter().map(|id| put(&store, &account, "contacts", id, id)).collect();
    let units: Vec<Seq> = ["u1", "u2"].iter().map(|id| put(&store, &account, "unit", id, id)).collect();
    let ask = |paths: &[&str]| read(&store, &Reads { page: peer_page(paths, 99, 9_999), ..asking(&account) });
    assert_eq!(sent(&ask(&["card", "unit"])), "", "without a bookmark there is nothing to go on from");
    marked(
        &store,
        &account,
        vec![
            Bookmark { confirmed: place(stamps[0]), position: stamps[1], ..bookmark("contacts") },
            Bookmark { confirmed: place(units[0]), ..bookmark("unit") },
        ],
    );
    assert_eq!(sent(&ask(&[])), "");
    assert_eq!(sent(&ask(&["unit"])), "u2");
    assert_eq!(sent(&ask(&["unit", "card", "./Contacts"])), "c2,c3,u2");
    let sending =
        Bookmark { confirmed: place(stamps[0]), position: 0, sending: true, ..bookmark("contacts") };
    marked(&store, &account, vec![sending.clone()]);
    assert_eq!(sent(&ask(&[])), "c1,c2,c3");
    marked(&store, &account, vec![Bookmark { position: stamps[0], until: stamps[1], ..sending }]);
    assert_eq!(sent(&ask(&["unit"])), "c2,u2");
    delete(&store, &account, "contacts", "c2");
    assert_eq!(sent(&ask(&["contacts"])), "", "what has moved past the end waits for the next time");
    let tablet = Reads { peer: Some(peer("tablet")), page: peer_page(&["card"], 9, 9), ..asking(&account) };
    assert_eq!(sent(&read(&store, &tablet)), "");
}

pub fn superseded_versions_are_found_by_their_stamps<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    let write = |body: &str| {
        let change = Change { supersede: true, ..change("contacts", "r", text(body)) };
        commit(&store, &changing(&account, vec![change])).head
    };
    let stamps = [write("one"), write("two"), write("three")];
    let versions = vec![("card".into(), stamps.map(|seq| (id("r"), seq)).to_vec())];
    let found = read(&store, &Reads { versions, ..asking(&account) }).versions;
    let found: Vec<_> = found.into_iter().map(|version| (version.seq, version.content)).collect();
    assert_eq!(
        found,
        vec![(stamps[0], text("one")), (stamps[1], text("two"))],
        "the third is the record itself"
    );
}

pub fn a_slow_sync_sends_what_has_no_alias<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    for record in ["old", "now", "next", "none", "gone", "others", "claimed"] {
        put(&store, &account, "contacts", record, record);
    }
    delete(&store, &account, "contacts", "gone");
    delete(&store, &account, "contacts", "claimed");
    let slow = Bookmark {
        confirmed: Place { generation: 1, ..Place::default() },
        attempt: 2,
        sending: true,
        sending_all: true,
        ..bookmark("contacts")
    };
    marked(&store, &account, vec![slow.clone()]);
    aliased(
        &store,
        &account,
        vec![
            alias("contacts", "old", Some("1"), 1, 0),
            alias("contacts", "now", Some("2"), 2, Seq::MAX >> 11),
            alias("contacts", "next", None, 3, Seq::MAX >> 11),
            alias("contacts", "gone", Some("4"), 1, 0),
            alias("contacts", "claimed", Some("3"), 2, 1),
        ],
    );
    let others = Batch { aliases: vec![alias("contacts", "others", Some("1"), 2, 0)], ..batch(&account) };
    commit(&store, &Batch { peer_id: peer("tablet"), ..others });
    let ask = || read(&store, &Reads { page: peer_page(&["card"], 99, 9_999), ..asking(&account) });
    assert_eq!(sent(&ask()), "old,none,others,claimed");
    assert_eq!(ask().page[0].alias, Some(alias("contacts", "old", Some("1"), 1, 0)));
    assert_eq!(ask().page[2].alias, None);
    marked(&store, &account, vec![Bookmark { sending_all: false, ..slow }]);
    assert_eq!(sent(&ask()), "old,next,none,others,gone,claimed", "what the device has is not due");
    let own = Change { origin: "phone".into(), ..change("contacts", "none", text("by the device")) };
    commit(&store, &changing(&account, vec![own]));
    assert_eq!(sent(&ask()), "old,next,others,gone,claimed", "nor what it did itself");
}

/// Where a filter left something out, the place says little: what the device lacks is looked for below it too.
pub fn a_session_looks_further_than_at_changes<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    for record in ["has", "lacks", "moved", "old", "unmapped", "unsure", "gone", "nothing"] {
        put(&store, &account, "contacts", record, record);
    }
    let by_phone =
        |record: &str| Change { origin: "phone".into(), ..change("contacts", record, text("own")) };
    let own = vec![by_phone("own has"), by_phone("own lacks"), by_phone("own unsure")];
    let head = commit(&store, &changing(&account, own)).head;
    delete(&store, &account, "contacts", "gone");
    delete(&store, &account, "contacts", "nothing");
    aliased(
        &store,
        &account,
        vec![
            alias("contacts", "has", Some("1"), 2, head),
            alias("contacts", "moved", Some("2"), 2, 1),
            alias("contacts", "old", Some("3"), 1, head),
            alias("contacts", "unmapped", None, 2, head),
            alias("contacts", "unsure", Some("4"), 2, -1),
            alias("contacts", "gone", Some("5"), 2, head),
            alias("contacts", "own has", Some("6"), 2, 0),
            alias("contacts", "own unsure", Some("7"), 2, -1),
        ],
    );
    let look = |looking, sending| {
        let confirmed = Place { generation: 2, ..Place::default() };
        marked(&store, &account, vec![Bookmark { confirmed, sending, looking, ..bookmark("contacts") }]);
        sent(&read(&store, &Reads { page: peer_page(&["card"], 99, 9_999), ..asking(&account) }))
    };
    assert_eq!(look(Looking::Changes, true), "lacks,moved,old,unmapped,unsure,gone");
    let lacking = "lacks,moved,old,unmapped,unsure,own lacks,own unsure,gone";
    assert_eq!(look(Looking::Lacking, true), lacking);
    let everything = "has,lacks,moved,old,unmapped,unsure,own has,own lacks,own unsure,gone";
    assert_eq!(look(Looking::Everything, true), everything);
    assert_eq!(look(Looking::Everything, false), look(Looking::Changes, true), "only while it is sending");
}

pub fn peer_pages_are_cut<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let account = open(&store, "a");
    for (collection, record, size) in
        [("unit", "u1", 10), ("contacts", "c1", 2_000), ("unit", "u2", 3_000), ("contacts", "c2", 2_500)]
    {
        put(&store, &account, collection, record, &"x".repeat(size));
    }
    marked(&store, &account, vec![bookmark("contacts"), Bookmark { sending: true, ..bookmark("unit") }]);
    let ask = |records_max, bytes_max| {
        let page = peer_page(&["contacts"], records_max, bytes_max);
        let snapshot = read(&store, &Reads { page, ..asking(&account) });
        (sent(&snapshot), snapshot.more)
    };
    assert_eq!(ask(9, 99_999), ("c1,c2,u1,u2".into(), false));
    assert_eq!(ask(4, 7_510), ("c1,c2,u1,u2".into(), false));
    assert_eq!(ask(4, 7_509), ("c1,c2,u1".into(), true));
    assert_eq!(ask(3, 99_999), ("c1,c2,u1".into(), true));
    assert_eq!(ask(9, 4_499), ("c1".into(), true));
    assert_eq!(ask(9, 0), ("c1".into(), true));
}
