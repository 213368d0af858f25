//! Recorded sessions, replayed: what SyncEvolution once said to another server is said to this one, twice: to a server that is
//! never stopped, and to one over the state only (`npm test -- killed`: each message a fresh workerd, killed behind it). Both
//! must say the same, to the byte, and hold the same in the end.
//!
//! The client was answered by somebody else, so its anchors, its Maps and its statuses often mean nothing here: that is not
//! judged. Its credentials are replaced by the account's own, and it goes where `RespURI` sends it.

use crate::phone::header_status;
use crate::sqlite::SqliteStore;
use crate::world::{MemoryStore, World};
use anchorage::store::Store;
use anchorage::syncml::codec::{Encoding, decode, encode};
use anchorage::syncml::credential;
use std::path::{Path, PathBuf};

/// The requests of each scenario, in the order they were sent.
fn scenarios() -> Vec<(PathBuf, Vec<PathBuf>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/syncevolution");
    let mut found: Vec<_> =
        entries(&folder).into_iter().map(|scenario| (scenario.clone(), requests(&scenario))).collect();
    found.retain(|(_, requests)| !requests.is_empty());
    found
}

fn requests(folder: &Path) -> Vec<PathBuf> {
    let of = |path: PathBuf| match path.is_dir() {
        true => requests(&path),
        false => vec![path],
    };
    let mut found: Vec<_> = entries(folder).into_iter().flat_map(of).collect();
    found.retain(|path| {
        path.to_string_lossy().ends_with("-req.xml") || path.to_string_lossy().ends_with("-req.wbxml")
    });
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Everything the server says to these requests: statuses and bodies.
fn replay<S: Store>(world: &World<S>, requests: &[PathBuf]) -> Vec<(u16, Vec<u8>)> {
    let (mut session, mut url) = (String::new(), String::new());
    let mut said = Vec::new();
    for request in requests {
        let (mut message, encoding) = decode(&std::fs::read(request).unwrap()).unwrap();
        message.header.credential = Some(credential::basic_cred("ann", "secret"));
        if message.header.session_id != session {
            (session, url) = (message.header.session_id.clone(), String::new());
        }
        let media_type = match encoding {
            Encoding::Xml => "application/vnd.syncml+xml",
            Encoding::Wbxml => "application/vnd.syncml+wbxml",
        };
        let response = world.post(&url, media_type, &encode(&message, encoding));
        if let Ok((answer, _)) = decode(&response.body) {
            url = answer.header.respond_to.unwrap_or(url);
        }
        said.push((response.status, response.body));
    }
    said
}

#[test]
fn every_recorded_session_ends_the_same_over_a_server_that_is_killed_between_its_messages() {
    let (mut messages, mut records) = (0, 0);
    for (scenario, requests) in scenarios() {
        let never_stopped = World::new(SqliteStore::new()).in_this_process().reading_on();
        let killed = World::new(MemoryStore::new()).killed_throughout().reading_on();
        let expected = replay(&never_stopped, &requests);
        let said = replay(&killed, &requests);
        for (number, (said, expected)) in said.iter().zip(&expected).enumerate() {
            let shown =
                |bytes: &[u8]| decode(bytes).map(|(message, _)| format!("{message:#?}")).unwrap_or_default();
            assert_eq!(said.0, expected.0, "{}: message {number}", scenario.display());
            assert!(
                said.1 == expected.1,
                "{}: message {number}: {} and not {}",
                scenario.display(),
                shown(&said.1),
                shown(&expected.1)
            );
        }
        for collection in ["contacts", "calendar", "todo", "notes"] {
            let held = killed.records(collection);
            assert_eq!(held, never_stopped.records(collection), "{}: {collection}", scenario.display());
            records += held.len();
        }
        messages += requests.len();
    }
    assert!(messages > 150 && records > 200, "{messages} messages, {records} records");
}

/// What makes the others worth anything: a server over another state says something else.
#[test]
fn over_an_empty_state_nobody_is_known() {
    let world = World::new(MemoryStore::new()).killed_throughout();
    let (_, requests) = scenarios().into_iter().find(|(path, _)| path.ends_with("slow-all-xml")).unwrap();
    let header_statuses = |said: Vec<(u16, Vec<u8>)>| -> Vec<Option<u16>> {
        said.iter().map(|(_, body)| header_status(&decode(body).unwrap().0)).collect()
    };
    assert_eq!(header_statuses(replay(&world, &requests)), [Some(212), Some(212), Some(212)]);
    if let Some(fresh) = &world.fresh {
        let empty = SqliteStore::new();
        fresh.move_to(empty.state().unwrap());
        assert_eq!(header_statuses(replay(&world, &requests)), [Some(401); 3]);
    }
}
