//! The account tool itself, as a program: its arguments, its line to the database (here SQLite beside it), its exit codes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

#[path = "stores/sqlite.rs"]
mod sqlite;

use rusqlite::Connection;
use rusqlite::types::{Value as Column, ValueRef};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

/// What a run of the tool said, on standard output and standard error, and its exit code.
#[derive(Debug)]
struct Ran {
    said: String,
    noted: String,
    code: i32,
    /// What it asked to be opened.
    opened: Option<Value>,
    batches: usize,
}

fn database() -> Connection {
    sqlite::SqliteStore::new().connection.into_inner()
}

fn run(database: &mut Connection, line: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_anchorage-account"))
        .args(line.split_whitespace())
        .env_remove("ANCHORAGE_PASSWORD")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = child.stdin.take().unwrap();
    let mut ran = Ran { said: String::new(), noted: String::new(), code: -1, opened: None, batches: 0 };
    for question in BufReader::new(child.stdout.take().unwrap()).lines() {
        let question: Value = serde_json::from_str(&question.unwrap()).unwrap();
        if let Some(say) = question.get("say") {
            ran.said += &format!("{}\n", say.as_str().unwrap());
            continue;
        }
        let answer = match question.get("open") {
            Some(open) => {
                ran.opened = Some(open.clone());
                json!({ "secret": "a secret for tests only" })
            }
            None => {
                ran.batches += 1;
                let done = batch(database, question["batch"].as_array().unwrap());
                done.map_or_else(
                    |error| json!({ "error": error.to_string() }),
                    |results| json!({ "results": results }),
                )
            }
        };
        writeln!(answers, "{answer}").unwrap();
    }
    child.stderr.take().unwrap().read_to_string(&mut ran.noted).unwrap();
    ran.code = child.wait().unwrap().code().unwrap();
    ran
}

/// As D1 does it: one transaction, numbers bound as REAL.
fn batch(database: &mut Connection, statements: &[Value]) -> rusqlite::Result<Vec<Value>> {
    let transaction = database.transaction()?;
    let mut results = Vec::new();
    for statement in statements {
        let parameters = statement["params"].as_array().unwrap().iter().map(|value| match value {
            Value::Null => Column::Null,
            Value::Number(number) => Column::Real(number.as_f64().unwrap()),
            other => Column::Text(other.as_str().unwrap().to_owned()),
        });
        let mut prepared = transaction.prepare(statement["sql"].as_str().unwrap())?;
        let columns = prepared.column_count();
        let mut rows = prepared.query(rusqlite::params_from_iter(parameters))?;
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            let column = |index| match row.get_ref(index).unwrap() {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::from(number),
                ValueRef::Real(number) => Value::from(number),
                ValueRef::Text(text) => Value::from(std::str::from_utf8(text).unwrap()),
                ValueRef::Blob(_) => panic!("there are no blobs in the schema"),
            };
            answer.push((0..columns).map(column).collect::<Vec<_>>());
        }
        results.push(json!({ "rows": answer, "read": 0, "written": 0 }));
    }
    transaction.commit()?;
    Ok(results)
}

#[test]
fn an_operator_s_day_goes_through_sql() {
    let folder = std::env::temp_dir().join(format!("anchorage-account-{}", std::process::id()));
    let path = folder.display();
    std::fs::create_dir_all(&folder).unwrap();
    let mut db = database();
    let card = |n: u32| format!("BEGIN:VCARD\r\nVERSION:3.0\r\nN:N{n};;;;\r\nFN:N{n}\r\nEND:VCARD\r\n");
    std::fs::write(folder.join("in.vcf"), (0..450).map(card).collect::<String>()).unwrap();
    let added = run(&mut db, "add anna --password long-enough --token --state here");
    assert_eq!(
        (added.code, added.opened),
        (0, Some(json!({ "state": "here", "remote": false }))),
        "{}",
        added.noted
    );
    let again = run(&mut db, "add anna --password long-enough");
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.noted.contains("already"));
    let imported = run(&mut db, &format!("import anna contacts {path}/in.vcf"));
    assert!(imported.said.contains("450 new, 0 there already"), "{imported:?}");
    assert!(imported.batches <= 7, "one to find the collection, two for each 200: {}", imported.batches);
    let imported = run(&mut db, &format!("import anna contacts {path}/in.vcf"));
    assert!(imported.said.contains("0 new, 450 there already"), "{imported:?}");
    let exported = run(&mut db, &format!("export anna contacts {path}/out --one-file"));
    assert_eq!(exported.code, 0, "{exported:?}");
    let mut came: Vec<String> = std::fs::read_to_string(folder.join("out/contacts.vcf"))
        .unwrap()
        .split_inclusive("END:VCARD\r\n")
        .map(str::to_owned)
        .collect();
    let mut went: Vec<String> = (0..450).map(card).collect();
    came.sort();
    went.sort();
    assert_eq!(came, went);
    let listed = run(&mut db, "list");
    assert!(listed.said.contains("450 records") && listed.said.contains("never ends"), "{listed:?}");
    assert_eq!(run(&mut db, "password anna --password another-one").code, 0);
    assert_eq!(run(&mut db, "revoke anna --all").code, 0);
    assert_eq!(run(&mut db, "remove anna").code, 1);
    assert_eq!(run(&mut db, "remove anna --yes").code, 0);
    let empty = run(&mut db, "list");
    assert!(empty.said.contains("no account yet") && empty.code == 0, "{empty:?}");
    for table in ["account", "login", "token", "collection", "path", "record"] {
        let left: i64 = db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_demo_account_is_made_locally_once_and_never_remotely() {
    let mut db = database();
    assert_eq!(run(&mut db, "demo").code, 0);
    let again = run(&mut db, "demo");
    assert_eq!((again.code, again.batches), (0, 1), "the second time only looks: {again:?}");
    for line in
        ["demo --remote", "add demo", "add demo --remote", "token demo --remote", "password demo --remote"]
    {
        let refused = run(&mut db, line);
        assert_eq!((refused.code, &refused.opened), (2, &None), "{line}: the database is not even opened");
        assert!(refused.noted.contains("local development"), "{}", refused.noted);
    }
    let local: i64 =
        db.query_row("SELECT local FROM login WHERE name = 'demo'", [], |row| row.get(0)).unwrap();
    assert_eq!(local, 1);
}

#[test]
fn help_is_an_answer_and_a_mistake_is_not() {
    let mut db = database();
    let help = run(&mut db, "--help");
    assert_eq!((help.code, help.batches), (0, 0));
    assert!(help.said.contains("import NAME [COLLECTION] PATH"));
    let wrong = run(&mut db, "frobnicate");
    assert_eq!(wrong.code, 2);
    assert!(wrong.noted.contains("frobnicate"));
}

#[test]
fn nobody_at_the_other_end_is_said_plainly() {
    let child = Command::new(env!("CARGO_BIN_EXE_anchorage-account"))
        .arg("list")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(child.status.code(), Some(1));
    assert!(String::from_utf8(child.stderr).unwrap().contains("npm run account"));
}
