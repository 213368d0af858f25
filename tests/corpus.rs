//! Every recorded message: it decodes, it is written in both encodings, and what was written says the same.
//!
//! `tests/corpus` is the project's own; more, by others, may lie beside the project (`../shared/corpus`, or below what the
//! variable `ANCHORAGE_SHARED` names).
#![allow(clippy::unwrap_used, clippy::panic)]

use anchorage::syncml::codec::{Encoding, decode, encode};
use anchorage::syncml::explain::explain;
use anchorage::syncml::message::{Command, Data, Item, Message};
use anchorage::syncml::plain;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

/// The recordings that are part of the project.
fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// The recordings beside the project; `None`, aloud, where they are absent.
fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("ANCHORAGE_SHARED").map_or(beside, PathBuf::from).join("corpus");
    if !folder.is_dir() {
        println!("skipped: there is no shared corpus (set ANCHORAGE_SHARED to find it elsewhere)");
        return None;
    }
    Some(folder)
}

/// All files below a folder whose name ends so, in order.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Files that came with the messages and are none (`README.md` of the corpus), and what is said about them.
const NO_MESSAGES: [(&str, &str); 3] = [
    ("devaspot/putE7.xml", "not UTF-8"),
    ("devaspot/sync_init.xml", "not well-formed"),
    ("devaspot/sync_engine_status.xml", "the root is Status, not SyncML"),
];

fn messages() -> Vec<PathBuf> {
    let mut all = Vec::new();
    for folder in std::iter::once(own()).chain(shared()) {
        all.extend(files(&folder, ".xml"));
        all.extend(files(&folder, ".wbxml"));
    }
    // Beside the project lies a copy of its own recordings.
    let copies = own().is_dir();
    all.retain(|path| {
        path.starts_with(own()) || !(copies && path.iter().any(|part| part == "syncevolution"))
    });
    all.retain(|path| !NO_MESSAGES.iter().any(|(name, _)| path.ends_with(name)));
    all
}

/// All items of all commands, with the media type of the command around them.
fn items(commands: &mut [Command], visit: &mut dyn FnMut(&mut Option<String>, &mut [Item])) {
    for command in commands {
        match command {
            Command::Sync(it) => items(&mut it.commands, visit),
            Command::Group(it) => items(&mut it.commands, visit),
            Command::Get(it) | Command::Put(it) => visit(&mut it.meta.media_type, &mut it.items),
            Command::Results(it) => visit(&mut it.meta.media_type, &mut it.items),
            Command::Change(it) => visit(&mut it.meta.media_type, &mut it.items),
            _ => {}
        }
    }
}

/// The message with the media type of DevInf, which depends on the encoding, made equal.
fn even(mut message: Message) -> Message {
    items(&mut message.commands, &mut |around, items| {
        for media_type in items.iter_mut().map(|item| &mut item.meta.media_type).chain([around]).flatten() {
            *media_type = media_type.replace("devinf+wbxml", "devinf+xml");
        }
    });
    message
}

/// The message without carriage returns in its data: what another reader of XML leaves of them.
fn normalised(message: Message) -> Message {
    let mut message = even(message);
    items(&mut message.commands, &mut |_, items| {
        for item in items {
            if let Some(Data::Bytes(bytes)) = &mut item.data {
                bytes.retain(|byte| *byte != b'\r');
            }
        }
    });
    message
}

#[test]
fn every_message_survives_both_encodings() {
    let messages = messages();
    for path in &messages {
        let bytes = std::fs::read(path).unwrap();
        let (message, encoding) =
            decode(&bytes).unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
        assert_eq!(encoding == Encoding::Wbxml, path.extension().unwrap() == "wbxml", "{}", path.display());
        let message = even(message);
        for encoding in [Encoding::Xml, Encoding::Wbxml] {
            let (again, told) = decode(&encode(&message, encoding)).unwrap();
            assert_eq!(told, encoding);
            assert_eq!(even(again), message, "{} in {encoding:?}", path.display());
        }
        let again = plain::message(plain::plain(&message)).unwrap();
        assert_eq!(again, message, "{} as a plain object", path.display());
        assert!(explain(&message).lines.len() > message.commands.len(), "{} in words", path.display());
    }
    println!("{} messages", messages.len());
    assert!(messages.len() >= 100);
}

#[test]
fn what_is_no_message_is_refused_with_a_reason() {
    let Some(shared) = shared() else { return };
    for (name, reason) in NO_MESSAGES {
        let error = decode(&std::fs::read(shared.join(name)).unwrap()).unwrap_err();
        assert!(error.reason.contains(reason), "{name}: {error:?}");
    }
}

#[test]
fn the_two_encodings_of_a_recording_agree() {
    let mut pairs = 0;
    for folder in std::iter::once(own()).chain(shared()) {
        for path in files(&folder, ".wbxml") {
            let decoded = path.with_extension("decoded.xml");
            let Ok(xml) = std::fs::read(&decoded) else { continue };
            let binary = decode(&std::fs::read(&path).unwrap()).unwrap().0;
            assert_eq!(normalised(binary), normalised(decode(&xml).unwrap().0), "{}", path.display());
            pairs += 1;
        }
    }
    println!("{pairs} pairs");
    assert!(pairs >= 100);
}

/// libwbxml is an independent reader: what it makes of our WBXML is the message we meant.
#[test]
fn libwbxml_reads_what_we_write() {
    let found = Process::new("wbxml2xml").arg("-h").output();
    if found.is_err() {
        println!("skipped: there is no wbxml2xml (Debian: libwbxml2-utils)");
        return;
    }
    let folder = std::env::temp_dir().join(format!("anchorage-corpus-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (input, output) = (folder.join("message.wbxml"), folder.join("message.xml"));
    for path in messages() {
        let message = even(decode(&std::fs::read(&path).unwrap()).unwrap().0);
        std::fs::write(&input, encode(&message, Encoding::Wbxml)).unwrap();
        let run = Process::new("wbxml2xml")
            .args(["-k", "-m", "0", "-o"])
            .arg(&output)
            .arg(&input)
            .output()
            .unwrap();
        assert!(run.status.success(), "{}: {run:?}", path.display());
        let read = decode(&std::fs::read(&output).unwrap());
        let read = read.unwrap_or_else(|error| panic!("{}: {error:?}", path.display())).0;
        assert_eq!(normalised(read), normalised(message), "{}", path.display());
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
