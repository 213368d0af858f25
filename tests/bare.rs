//! The core is bare: built for wasm without a face it imports nothing, and no face's crate is in its tree.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";

#[test]
fn the_core_built_for_wasm_imports_nothing() {
    let module = built("in_memory");
    for word in ["lastBuildDate", "syncml:auth-md5", "BEGIN:VCARD"] {
        assert!(module.windows(word.len()).any(|part| part == word.as_bytes()), "the core is in it: {word}");
    }
    assert_eq!(imports(&module), Vec::<String>::new());
}

#[test]
fn the_check_sees_imports_where_there_are_some() {
    // (module (import "env" "f" (func)) (import "env" "g" (func)))
    let module = [
        b"\0asm\x01\0\0\0".as_slice(),
        b"\x01\x04\x01\x60\0\0",
        b"\x02\x11\x02\x03env\x01f\0\0\x03env\x01g\0\0",
    ]
    .concat();
    assert_eq!(imports(&module), ["env.f", "env.g"]);
}

#[test]
fn no_face_is_in_the_tree() {
    let tree = run(&[
        "tree", "--locked", "--edges", "normal", "--target", TARGET, "--prefix", "none", "--format", "{p}",
    ]);
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"quick-xml"), "{tree}");
    for face in ["worker", "wasm-bindgen", "js-sys", "web-sys", "getrandom"] {
        assert!(!names.contains(&face), "{face} is in the tree of the core");
    }
}

/// The module of an example, built beside the other builds so that neither waits for the other.
fn built(example: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bare");
    let folder = folder.to_str().unwrap();
    run(&["build", "--locked", "--quiet", "--target", TARGET, "--target-dir", folder, "--example", example]);
    std::fs::read(Path::new(folder).join(TARGET).join("debug/examples").join(format!("{example}.wasm")))
        .unwrap()
}

fn run(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "cargo {arguments:?}:\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The imports of a module as `module.name` (WebAssembly core specification, section 5.5.5).
fn imports(module: &[u8]) -> Vec<String> {
    let mut rest = Bytes(module.strip_prefix(b"\0asm\x01\0\0\0").expect("a wasm module"));
    while !rest.0.is_empty() {
        let (id, length) = (rest.byte(), rest.number());
        let mut section = Bytes(rest.take(length));
        if id == 2 {
            return (0..section.number()).map(|_| section.import()).collect();
        }
    }
    Vec::new()
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    /// An unsigned LEB128 number.
    fn number(&mut self) -> usize {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let byte = self.byte();
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }

    fn text(&mut self) -> String {
        let length = self.number();
        String::from_utf8(self.take(length).to_vec()).unwrap()
    }

    /// Module, name, and a description, which is a type's index for a function and longer for the rest.
    fn import(&mut self) -> String {
        let name = format!("{}.{}", self.text(), self.text());
        match self.byte() {
            0 => drop(self.number()),
            1 => {
                self.byte();
                self.limits();
            }
            2 => self.limits(),
            3 => drop(self.take(2)),
            _ => drop(self.take(1 + 1)),
        }
        name
    }

    fn limits(&mut self) {
        let has_maximum = self.byte() & 1 == 1;
        self.number();
        if has_maximum {
            self.number();
        }
    }
}
