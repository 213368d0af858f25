//! Syncs with other servers, as an operator arranges them.

use crate::desk::{Desk, SECRET, finish};
use anchorage::call::arranged::upstream_of;
use anchorage::exchange::Seed;
use anchorage::http::Request;
use anchorage::operate::command;
use anchorage::secret::Sealer;
use anchorage::serve::serve;
use anchorage::settings::Settings;
use anchorage::store::memory::MemoryStore;
use anchorage::store::{Arrangement, Reads, Store, View, Who};
use anchorage::upstream::{Mode, Protocol};
use serde_json::json;
use std::cell::Cell;
use std::rc::Rc;

fn arranged(desk: &Desk<MemoryStore>) -> Vec<Arrangement> {
    let who = Who::Account(anchorage::record::AccountId("anna".into()));
    finish(desk.store.read(&Reads { views: vec![View::Arranged], ..Reads::of(who) })).unwrap().views.arranged
}

fn desk() -> Desk<MemoryStore> {
    let mut desk = Desk::new(MemoryStore::new());
    desk.run("add anna --password correct-horse").unwrap();
    desk
}

/// A desk whose requests reach another server, with the account `bert` and some contacts.
fn two() -> (Desk<MemoryStore>, Rc<Desk<MemoryStore>>) {
    let mut there = Desk::new(MemoryStore::new());
    there.run("add bert --password battery-staple").unwrap();
    let folder = crate::desk::Folder::new();
    for n in 0..60 {
        folder.put(
            &format!("{n}.vcf"),
            &format!(
                "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Number {n}\r\nN:{n};Number\r\nX-KEEP:{n}\r\nEND:VCARD\r\n"
            ),
        );
    }
    there.run(&format!("import bert contacts {}", folder.path())).unwrap();
    let there = Rc::new(there);
    let mut here = desk();
    let (server, count) = (Rc::clone(&there), Cell::new(0_u8));
    here.elsewhere = Some(Rc::new(move |outgoing| {
        count.set(count.get().wrapping_add(1));
        let target = outgoing.url.strip_prefix("https://other.example").ok_or("no such host")?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Request {
            method: outgoing.method.clone(),
            path: path.into(),
            query: query.into(),
            headers: outgoing.headers.clone(),
            body: outgoing.body.clone(),
            origin: "https://other.example".into(),
            address: "192.0.2.9".into(),
        };
        let settings = Settings { sealer: Sealer::new(SECRET.as_bytes()), ..Settings::default() };
        let seed = Seed::new([count.get(); 32]);
        Ok(finish(serve(request, &server.store, &settings, server.now, seed)).response)
    }));
    (here, there)
}

const SYNCML: &str = "upstream anna add work https://other.example/syncml --collection contacts --login bert \
                      --password battery-staple";

#[test]
fn an_upstream_is_arranged_shown_changed_and_taken_back() {
    let mut desk = desk();
    assert!(desk.run("upstream anna").unwrap().contains("0 upstreams"));
    let add = "upstream anna add crm https://crm.example/max/ --collection contacts=people --collection calendar \
               --mode one-way-from-server --password to-ken --every 60";
    let said = desk.run(add).unwrap();
    assert!(said.contains("(MAX)") && said.contains("every 60 minutes"), "{said}");
    let row = arranged(&desk).remove(0);
    assert_eq!((row.name.as_str(), row.every, row.due, row.version), ("crm", 3_600_000, desk.now, 1));
    assert!(!row.definition.contains("to-ken") && !row.sealed.contains("to-ken"));
    let sealer = Sealer::new(SECRET.as_bytes()).unwrap();
    assert_eq!(sealer.open(&row.seal_name(), &row.sealed).as_deref(), Some("to-ken"));
    let upstream = upstream_of(&row).unwrap();
    assert_eq!((upstream.protocol, upstream.pairs.len()), (Protocol::Max, 2));
    assert_eq!(
        (upstream.pairs[0].remote.as_str(), upstream.pairs[1].mode),
        ("people", Mode::OneWayFromServer)
    );
    assert!(upstream.device.starts_with("anchorage-"));

    let said = desk.run("upstream anna show crm").unwrap();
    for words in
        ["crm.example/max/", "contacts", "= people", "one-way-from-server", "every 60 minutes", "never"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(desk.told["upstreams"][0]["collections"][0]["remote"], "people");
    assert!(!json!(desk.told).to_string().contains("to-ken"));
    assert!(desk.run(add).unwrap_err().contains("already"));

    desk.run("upstream anna set crm --every 0").unwrap();
    assert_eq!(arranged(&desk)[0].due, Arrangement::NEVER);
    assert!(desk.run("upstream anna").unwrap().contains("only when you say so"));
    desk.run("upstream anna set crm --password another").unwrap();
    let row = arranged(&desk).remove(0);
    assert_eq!(sealer.open(&row.seal_name(), &row.sealed).as_deref(), Some("another"));
    assert!(desk.run("upstream anna remove crm").unwrap().contains("Removed"));
    assert!(arranged(&desk).is_empty());
    assert!(desk.run("upstream anna show crm").unwrap_err().contains("There are none"));
}

#[test]
fn a_password_is_typed_where_none_is_given_and_none_is_asked_of_nobody() {
    let mut desk = desk();
    let add = "upstream anna add w https://h/syncml --collection contacts --login bert";
    assert!(desk.run(add).unwrap_err().contains("Password of bert"));
    desk.typed = Some("typed-in".into());
    desk.run(add).unwrap();
    let row = arranged(&desk).remove(0);
    let sealer = Sealer::new(SECRET.as_bytes()).unwrap();
    assert_eq!(sealer.open(&row.seal_name(), &row.sealed).as_deref(), Some("typed-in"));
    desk.typed = None;
    desk.run("upstream anna add open http://h/syncml --collection contacts").unwrap();
    assert!(desk.noted.contains("as they are"), "{}", desk.noted);
    desk.secret = None;
    let refused =
        desk.run("upstream anna add x https://h/max --collection contacts --password t").unwrap_err();
    assert!(refused.contains("ANCHORAGE_SECRET"), "{refused}");
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let mut desk = desk();
    desk.run("collection anna things --kind files").unwrap();
    for (line, words) in [
        ("upstream nobody", "no account"),
        ("upstream anna add x", "where the other server is"),
        ("upstream anna add x ftp://h --collection contacts", "http:// or https://"),
        ("upstream anna add x https:///etc --collection contacts", "http:// or https://"),
        ("upstream anna add x https://h/syncml", "--collection"),
        ("upstream anna add x https://h/syncml --collection nothing", "no collection"),
        ("upstream anna add x https://h/syncml --collection contacts --collection card", "twice"),
        ("upstream anna add x https://h/syncml --collection contacts --mode sideways", "two-way"),
        ("upstream anna add x https://h/syncml --collection contacts --every often", "minutes"),
        ("upstream anna add x https://h/syncml --collection contacts --protocol ftp", "syncml or max"),
        ("upstream anna add x https://h/max --collection things", "no folders"),
        ("upstream anna add x https://h/max --collection contacts --mode refresh-from-server", "no refresh"),
        ("upstream anna add X https://h/max --collection contacts", "cannot be a name"),
        ("upstream anna mend x", "add, list, show, set or remove"),
        ("upstream anna set x", "--every"),
        ("upstream anna remove x --now", "leave --now out"),
    ] {
        let refused = desk.run(line).unwrap_err();
        assert!(refused.contains(words), "{line}: {refused}");
    }
    assert!(arranged(&desk).is_empty());
    let help = command::read(&crate::desk::words("upstream --help")).unwrap_err();
    let help = format!("{help:?}");
    for words in ["--mode", "--now", "one-way-from-server", "For example"] {
        assert!(help.contains(words), "{help}");
    }
}

#[test]
fn now_means_now_with_progress_over_syncml() {
    let (mut here, there) = two();
    let said = here.run(&format!("{SYNCML} --now")).unwrap();
    assert!(said.contains("received 60 new"), "{said}");
    assert!(here.noted.contains("saying hello") && here.noted.contains("receiving"), "{}", here.noted);
    assert_eq!(crate::count(&here, "anna", "contacts"), 60);
    let row = arranged(&here).remove(0);
    assert_eq!((row.leased, row.failures, row.due), (0, 0, here.now + 15 * 60_000));
    let said = here.run("upstream anna show work --now").unwrap();
    assert!(said.contains("received 0 new, 0 changed"), "{said}");
    assert_eq!(crate::count(&there, "bert", "contacts"), 60);
    let said = here.run("upstream anna").unwrap();
    assert!(said.contains("last synchronised 2025-10-09") && said.contains("nothing waits"), "{said}");
}

#[test]
fn now_means_now_over_max() {
    let (mut here, there) = two();
    let add = "upstream anna add crm https://other.example/max/ --collection contacts --login bert --password battery-staple";
    here.run(&format!("{add} --now")).unwrap();
    assert_eq!(crate::count(&here, "anna", "contacts"), 60);
    assert_eq!(crate::count(&there, "bert", "contacts"), 60);
}

#[test]
fn why_a_sync_failed_is_said_and_kept() {
    let (mut here, _) = two();
    let refused =
        here.run(&format!("{} --now", SYNCML.replace("battery-staple", "wrong-password"))).unwrap_err();
    assert!(refused.contains("work was not synchronised"), "{refused}");
    let row = arranged(&here).remove(0);
    assert_eq!((row.failures, row.leased), (1, 0));
    assert!(!row.failed.is_empty());
    assert_eq!(row.due, here.now + 15 * 60_000, "the pause is no shorter than what is arranged");
    let said = here.run("upstream anna show work").unwrap();
    assert!(said.contains("failed 1 time in a row"), "{said}");
    here.elsewhere = None;
    let refused = here.run("upstream anna list --now").unwrap_err();
    assert!(refused.contains("connection refused"), "{refused}");
    assert_eq!(arranged(&here)[0].failures, 2);
    assert!(here.run("upstream anna show work").unwrap().contains("connection refused"));
    // Whoever gives the right password begins with a clean slate.
    here.run("upstream anna set work --password battery-staple").unwrap();
    assert_eq!((arranged(&here)[0].failures, arranged(&here)[0].due), (0, here.now));
}

#[test]
fn a_sync_that_failed_tells_why_in_one_sentence_and_nothing_else() {
    let (mut desk, _) = two();
    let wrong = SYNCML.replace("battery-staple", "wrong-horse");
    let refused = desk.run(&format!("{wrong} --every 0 --now")).unwrap_err();
    assert!(refused.contains("work was not synchronised: "), "{refused}");
    assert!(refused.contains("\"bert\"") && !refused.contains('\\'), "{refused}");
    assert!(refused.trim_end().ends_with('.') && !refused.trim_end().ends_with(".."), "{refused}");
    assert!(!desk.said.contains("a slow sync"), "{}", desk.said);
    desk.run("upstream anna set work --password battery-staple").unwrap();
    let said = desk.run("upstream anna show work --now").unwrap();
    assert!(said.contains("a slow sync") && said.contains("Synchronised work."), "{said}");
    assert!(!said.contains(".."), "{said}");
}
