//! Every recorded message: it decodes, it is written in both encodings, and what was written says the same.

use anchorage::syncml::codec::{Encoding, decode, encode};
use anchorage::syncml::message::{Command, Data, Item, Message};
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
    all.retain(|path| !NO_MESSAGES.iter().any(|(name, _)| path.ends_with(name)));
    all
}

/// The message with what depends on the encoding made equal.
fn even(mut message: Message) -> Message {
    fn items(items: &mut [Item], newlines: bool) {
        for item in items {
            media_type(&mut item.meta.media_type);
            if let (Some(Data::Bytes(bytes)), true) = (&mut item.data, newlines) {
                bytes.retain(|byte| *byte != b'\r');
            }
        }
    }
    fn media_type(of: &mut Option<String>) {
        if let Some(of) = of {
            *of = of.replace("devinf+wbxml", "devinf+xml");
        }
    }
    fn commands(all: &mut [Command]) {
        for command in all {
            match command {
                Command::Sync(it) => commands(&mut it.commands),
                Command::Group(it) => commands(&mut it.commands),
                Command::Get(it) | Command::Put(it) => {
                    media_type(&mut it.meta.media_type);
                    items(&mut it.items, false);
                }
                Command::Results(it) => {
                    media_type(&mut it.meta.media_type);
                    items(&mut it.items, false);
                }
                Command::Change(it) => items(&mut it.items, true),
                Command::Alert(it) => items(&mut it.items, false),
                _ => {}
            }
        }
    }
    commands(&mut message.commands);
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
            assert_eq!(even(binary), even(decode(&xml).unwrap().0), "{}", path.display());
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
        assert_eq!(even(read), message, "{}", path.display());
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
