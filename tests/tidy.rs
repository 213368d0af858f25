//! The rules of the house, as data and as tests: who may import whom, how long a thing may be, what is not written down.
//!
//! Each rule is a function from a file to complaints, and each is itself tested on a planted breach.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Who may import whom: each room with the rooms it may name. The root (`lib.rs`) and programs (`src/bin`) may name all.
const ROOMS: [(&str, &[&str]); 23] = [
    ("record", &["limits"]),
    ("limits", &[]),
    ("http", &["limits"]),
    ("secret", &["limits"]),
    ("settings", &["limits", "secret"]),
    ("content", &["record", "limits", "http", "secret", "settings"]),
    ("journal", &["record", "limits", "http", "secret", "settings", "content"]),
    ("peer", &["record", "limits", "http", "secret", "settings"]),
    ("store", &["record", "limits", "http", "secret", "settings", "content", "journal", "peer"]),
    ("exchange", &["record", "limits", "http", "secret", "settings", "content", "journal", "peer", "store"]),
    ("upstream", &["record", "limits", "http", "journal", "peer"]),
    (
        "logon",
        &[
            "record", "limits", "http", "secret", "settings", "content", "journal", "peer", "store",
            "exchange",
        ],
    ),
    ("syncml", PROTOCOL),
    ("max", PROTOCOL),
    ("api", SERVE),
    ("call", SERVE),
    ("trace", PROTOCOL),
    ("serve", FACE_BUT_SERVE),
    ("operate", OPERATE),
    ("cloudflare", FACE),
    ("javascript", FACE),
    ("lib", ALL),
    ("bin", ALL),
];
const PROTOCOL: &[&str] = &[
    "record", "limits", "http", "secret", "settings", "content", "journal", "peer", "store", "exchange",
    "logon", "upstream",
];
const SERVE: &[&str] = &[
    "record", "limits", "http", "secret", "settings", "content", "journal", "peer", "store", "exchange",
    "logon", "upstream", "syncml", "max", "trace",
];
const OPERATE: &[&str] = &[
    "record", "limits", "http", "secret", "settings", "content", "journal", "peer", "store", "exchange",
    "logon", "upstream", "syncml", "max", "trace", "call",
];
const FACE_BUT_SERVE: &[&str] = &[
    "record", "limits", "http", "secret", "settings", "content", "journal", "peer", "store", "exchange",
    "logon", "upstream", "syncml", "max", "trace", "api", "call", "operate",
];
const FACE: &[&str] = &[
    "record", "limits", "http", "secret", "settings", "content", "journal", "peer", "store", "exchange",
    "logon", "upstream", "syncml", "max", "trace", "api", "call", "operate", "serve",
];
const ALL: &[&str] = &[
    "record",
    "limits",
    "http",
    "secret",
    "settings",
    "content",
    "journal",
    "peer",
    "store",
    "exchange",
    "logon",
    "upstream",
    "syncml",
    "max",
    "trace",
    "api",
    "call",
    "serve",
    "operate",
    "cloudflare",
    "javascript",
];

/// Crates that only some rooms may name.
const CRATES: [(&str, &[&str]); 6] = [
    ("worker", &["cloudflare"]),
    ("wasm_bindgen", &["cloudflare", "javascript"]),
    ("js_sys", &["cloudflare", "javascript"]),
    ("web_sys", &["cloudflare", "javascript"]),
    ("serde_wasm_bindgen", &["cloudflare", "javascript"]),
    ("rusqlite", &[]),
];

/// A file before its tests, and a function.
const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Names that say nothing.
const EMPTY_NAMES: [&str; 7] = ["manager", "handler", "helper", "util", "utils", "common", "types"];

/// What is not written into a file, in two halves so that this file does not hold it either.
const UNWRITTEN: [(&str, &str, &str); 9] = [
    ("TO", "DO", "a thing to do is an issue, not a comment"),
    ("FIX", "ME", "a thing to fix is an issue, not a comment"),
    ("XX", "X ", "a marker"),
    ("/wo", "rk/", "a path of one machine"),
    ("/ro", "ot/", "a path of one machine"),
    ("/ho", "me/", "a path of one machine"),
    ("sub", "agent", "how the code came to be is not part of it"),
    ("Clau", "de", "how the code came to be is not part of it"),
    ("registry.", "npmjs.org", "a registry's host"),
];

#[test]
fn nobody_imports_outwards() {
    complain(source_files().iter().flat_map(|(path, text)| imports(path, text)));
}

#[test]
fn the_twins_never_meet_in_the_table() {
    let may =
        |room: &str, other: &str| ROOMS.iter().any(|(name, rooms)| *name == room && rooms.contains(&other));
    assert!(!may("syncml", "max") && !may("max", "syncml"));
    for (room, rooms) in ROOMS {
        for other in rooms {
            assert!(!may(other, room) || room == *other, "{room} and {other} import each other");
        }
    }
}

#[test]
fn rooms_are_human_in_size() {
    complain(source_files().iter().flat_map(|(path, text)| sizes(path, text)));
}

#[test]
fn files_say_what_they_are_and_names_mean_something() {
    complain(source_files().iter().flat_map(|(path, text)| manners(path, text)));
}

#[test]
fn nothing_unwritten_is_written() {
    complain(tracked_files().iter().flat_map(|(path, text)| unwritten(path, text)));
}

#[test]
fn the_package_locks_name_no_registry() {
    for lock in ["package-lock.json", "tests/package/package-lock.json"] {
        let lock = std::fs::read_to_string(root().join(lock)).unwrap();
        complain(lock_addresses(&lock).into_iter());
    }
}

#[test]
fn every_rule_catches_a_planted_breach() {
    let path = |text: &str| PathBuf::from(text);
    let caught = |complaints: Vec<String>| assert_eq!(complaints.len(), 1, "{complaints:?}");
    caught(imports(&path("src/record.rs"), "use crate::store::Store;"));
    caught(imports(&path("src/syncml/server.rs"), "use crate::{record::Record, max::{self, feed}};"));
    caught(imports(&path("src/max.rs"), "fn f() { crate::syncml::status::OK; }"));
    caught(imports(&path("src/store/sql.rs"), "use crate::exchange;"));
    caught(imports(&path("src/serve.rs"), "use worker::Request;"));
    caught(imports(&path("src/content.rs"), "fn f(_: wasm_bindgen::JsValue) {}"));
    caught(imports(&path("src/peer.rs"), "use super::store::Reads;"));
    caught(imports(&path("src/kitchen.rs"), "//! A room nobody planned."));
    assert!(imports(&path("src/peer.rs"), "/// See [`crate::store`].\nuse crate::record::Seq;").is_empty());
    assert!(
        imports(&path("src/cloudflare/d1.rs"), "use crate::{serve, store::Store};\nuse worker::Env;")
            .is_empty()
    );
    assert!(imports(&path("src/max.rs"), "#[cfg(test)]\nmod tests {\n    use super::feed;\n}\n").is_empty());

    caught(sizes(&path("src/a.rs"), &"line\n".repeat(501)));
    assert!(
        sizes(
            &path("src/a.rs"),
            &("line\n".repeat(400) + "#[cfg(test)]\nmod tests {\n" + &"line\n".repeat(400))
        )
        .is_empty()
    );
    caught(sizes(&path("src/a.rs"), &format!("pub fn long() {{\n{}}}\n", "    line();\n".repeat(70))));
    assert!(
        sizes(&path("src/a.rs"), &format!("fn short() {{\n{}}}\n", "    line();\n".repeat(60)).repeat(3))
            .is_empty()
    );

    caught(manners(&path("src/a.rs"), "pub struct A;"));
    caught(manners(&path("src/a/mod.rs"), "//! A."));
    caught(manners(&path("src/store/util.rs"), "//! A."));
    caught(manners(&path("src/a.rs"), "//! A.\nstruct SessionManager;"));
    caught(manners(&path("src/a.rs"), "//! A.\nfn get_it() {}"));
    assert!(manners(&path("src/a.rs"), "//! A manager's view of types.\nfn it() {}").is_empty());

    for (head, tail, _) in UNWRITTEN {
        caught(unwritten(&path("README.md"), &format!("see {head}{tail}")));
    }
    caught(lock_addresses("{\n  \"resolved\": \"https://registry.example/x.tgz\"\n}"));
}

// --------------------------------------------------------------------------------------------------------------- rules

/// Rooms and crates that a file names and must not.
fn imports(path: &Path, text: &str) -> Vec<String> {
    let room = room_of(path);
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{}: the room `{room}` is not in the table of tests/tidy.rs", path.display())];
    };
    let code = code_of(text);
    let mut named = BTreeSet::new();
    for lead in ["crate::", "anchorage::"] {
        named.extend(after(&code, lead).flat_map(heads));
    }
    // A file right under src/ reaches the root by one `super`.
    if path.components().count() == 2 {
        named.extend(after(before_tests(&code), "super::").flat_map(heads));
    }
    let outwards = named
        .into_iter()
        .filter(|other| *other != room && ROOMS.iter().any(|(name, _)| name == other))
        .filter(|other| !allowed.contains(other))
        .map(|other| format!("{}: {room} must not name {other}", path.display()));
    let foreign = CRATES
        .iter()
        .filter(|(_, rooms)| !rooms.contains(&room.as_str()))
        .filter(|(name, _)| {
            after(&code, &format!("{name}::")).next().is_some() || code.contains(&format!("use {name};"))
        })
        .map(|(name, _)| format!("{}: {room} must not name the crate {name}", path.display()));
    outwards.chain(foreign).collect()
}

/// Files and functions that have outgrown a person.
fn sizes(path: &Path, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines: Vec<&str> = before_tests(text).lines().collect();
    if lines.len() > FILE_LINES_MAX && !is_test(path) {
        complaints.push(format!("{}: {} lines, {FILE_LINES_MAX} at most", path.display(), lines.len()));
    }
    for (first, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        let length = lines[first..].iter().position(|line| *line == end).map_or(1, |last| last + 1);
        if length > FUNCTION_LINES_MAX {
            complaints.push(format!(
                "{}:{}: {name} has {length} lines, {FUNCTION_LINES_MAX} at most",
                path.display(),
                first + 1
            ));
        }
    }
    complaints
}

/// Files without a first sentence, and names that say nothing.
fn manners(path: &Path, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut complain = |what: String| complaints.push(format!("{}: {what}", path.display()));
    if !text.starts_with("//!") {
        complain("begin with a `//!` sentence saying what this is".into());
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if stem == "mod" {
        complain("`module.rs` beside `module/`, never `mod.rs`".into());
    }
    if stem.split('_').any(|word| EMPTY_NAMES.contains(&word)) {
        complain(format!("`{stem}` says nothing"));
    }
    let code = code_of(text);
    let words: Vec<&str> =
        code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    for pair in words.windows(2) {
        let (keyword, name) = (pair[0], pair[1]);
        if keyword == "fn" && name.starts_with("get_") {
            complain(format!("`{name}`: no `get_`"));
        }
        let ending = ["Manager", "Handler", "Helper", "Util", "Utils"].iter().any(|end| name.ends_with(end));
        if ending && ["struct", "enum", "trait", "type"].contains(&keyword) {
            complain(format!("`{name}` says nothing"));
        }
    }
    complaints
}

fn unwritten(path: &Path, text: &str) -> Vec<String> {
    let part_of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    let found = UNWRITTEN.iter().filter(|(head, tail, _)| {
        text.match_indices(&format!("{head}{tail}")).any(|(at, found)| {
            let rest = &text[at + found.len()..];
            let starts = found.starts_with('/') || !text[..at].ends_with(part_of_a_word);
            starts && (found.ends_with(['/', ' ']) || !rest.starts_with(part_of_a_word))
        })
    });
    found.map(|(head, tail, why)| format!("{}: `{head}{tail}`: {why}", path.display())).collect()
}

/// Where the lock says a package comes from, but for our own, which is a folder here.
fn lock_addresses(lock: &str) -> Vec<String> {
    let addresses = lock
        .lines()
        .filter(|line| line.trim_start().starts_with("\"resolved\"") && !line.contains("\"package\""));
    addresses.map(|line| format!("package-lock.json: {}", line.trim())).collect()
}

// --------------------------------------------------------------------------------------------------- reading the files

/// `src/syncml/codec/xml.rs` belongs to `syncml`.
fn room_of(path: &Path) -> String {
    let part = path.components().nth(1).map(|part| part.as_os_str().to_string_lossy().into_owned());
    part.unwrap_or_default().trim_end_matches(".rs").to_owned()
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs")
}

fn before_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod ").next().unwrap_or(text)
}

/// The text without its comments: documentation may point anywhere.
fn code_of(text: &str) -> String {
    let code = text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
    code.collect::<Vec<_>>().join("\n")
}

/// What follows each `lead` that is not the end of a longer name.
fn after<'a>(code: &'a str, lead: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(lead).filter_map(move |(at, _)| {
        let alone = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        alone.then(|| &code[at + lead.len()..])
    })
}

/// The first names of a path or of each path in a group: `a::b` gives `a`; `{a::{b, c}, d}` gives `a` and `d`.
fn heads(path: &str) -> Vec<&str> {
    let name = |text: &'_ str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let Some(group) = path.strip_prefix('{') else { return vec![&path[..name(path)]] };
    let (mut depth, mut fresh, mut found) = (0, true, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && depth == 0 && !c.is_whitespace() => {
                found.push(&group[at..at + name(&group[at..])]);
                fresh = false;
            }
            _ => {}
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = ["pub(crate) ", "pub(super) ", "pub ", "async ", "const "]
        .iter()
        .fold(line, |rest, word| rest.strip_prefix(word).unwrap_or(rest));
    let rest = rest.strip_prefix("fn ")?;
    Some(&rest[..rest.find(['(', '<'])?])
}

fn complain(complaints: impl Iterator<Item = String>) {
    let complaints: Vec<String> = complaints.collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every `src/**/*.rs`, with its path as the repository has it.
fn source_files() -> Vec<(PathBuf, String)> {
    let files: Vec<_> = tracked_files().into_iter().filter(|(path, _)| path.starts_with("src")).collect();
    assert!(files.len() > 10, "the sources were not found");
    files.into_iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "rs")).collect()
}

/// Every text file that git would commit, but for recorded traffic: that is other people's words.
fn tracked_files() -> Vec<(PathBuf, String)> {
    let listing = std::process::Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    assert!(listing.status.success(), "git lists the files");
    let names = String::from_utf8(listing.stdout).unwrap();
    let names = names.split('\0').filter(|name| !name.is_empty() && !name.starts_with("tests/corpus/"));
    names.filter_map(|name| Some((name.into(), std::fs::read_to_string(root().join(name)).ok()?))).collect()
}
