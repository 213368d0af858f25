//! The schema: every table STRICT and without a rowid, keys that begin with the account, and data that survives each migration.

use crate::house::*;
use crate::sqlite::{SqliteStore, migrations};
use anchorage::store::{Batch, Peer, Session, Token};
use rusqlite::Connection;
use std::collections::BTreeMap;

fn strings(connection: &Connection, sql: &str) -> Vec<String> {
    let mut prepared = connection.prepare(sql).unwrap();
    let rows = prepared.query_map([], |row| row.get(0)).unwrap();
    rows.map(|row| row.unwrap()).collect()
}

fn tables(connection: &Connection) -> Vec<String> {
    strings(connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
}

#[test]
fn tables_are_strict_and_keyed_by_account() {
    let store = SqliteStore::new();
    let connection = store.connection.borrow();
    let global = ["account", "login", "throttle", "token"];
    for table in tables(&connection) {
        let sql =
            strings(&connection, &format!("SELECT sql FROM sqlite_schema WHERE name = '{table}'")).remove(0);
        assert!(sql.ends_with("STRICT, WITHOUT ROWID"), "{sql}");
        let first =
            strings(&connection, &format!("SELECT name FROM pragma_table_info('{table}') WHERE pk = 1"));
        assert!(first == ["account"] || global.contains(&table.as_str()), "{table} is keyed by {first:?}");
    }
    assert_eq!(
        strings(&connection, "SELECT name FROM sqlite_schema WHERE type = 'trigger'"),
        Vec::<String>::new()
    );
    let unique = "SELECT name FROM pragma_index_list('record') WHERE \"unique\" AND origin = 'c'";
    assert_eq!(strings(&connection, unique), ["record_seq"]);
}

/// What a table holds, column by column, in text.
fn held(connection: &Connection, table: &str) -> Vec<BTreeMap<String, String>> {
    let mut prepared = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3")).unwrap();
    let names: Vec<String> = prepared.column_names().map(str::to_owned).collect();
    let rows = prepared.query_map([], |row| {
        let cell = |(index, name): (usize, &String)| {
            row.get_ref(index).map(|value| (name.clone(), format!("{value:?}")))
        };
        names.iter().enumerate().map(cell).collect::<rusqlite::Result<BTreeMap<_, _>>>()
    });
    rows.unwrap().map(|row| row.unwrap()).collect()
}

/// Data written after the first file is there, in every column that is left, after each later one; and the store of today
/// reads and writes it.
#[test]
fn data_survives_every_migration() {
    let files = migrations();
    assert!(
        files.iter().enumerate().all(|(index, (name, _))| name.starts_with(&format!("{:04}_", index + 1)))
    );
    let store = SqliteStore::bare();
    let mut known: BTreeMap<String, Vec<BTreeMap<String, String>>> = BTreeMap::new();
    for (index, (name, sql)) in files.iter().enumerate() {
        store.connection.borrow().execute_batch(sql).unwrap();
        if index == 0 {
            let seed = include_str!("seed_0001.sql");
            store.connection.borrow().execute_batch(seed).unwrap();
        }
        let connection = store.connection.borrow();
        let now: BTreeMap<_, _> =
            tables(&connection).into_iter().map(|table| (table.clone(), held(&connection, &table))).collect();
        for (table, rows) in &known {
            let Some(new) = now.get(table) else { panic!("{name} drops {table} with data in it") };
            assert_eq!(rows.len(), new.len(), "{name} loses rows of {table}");
            for (old, new) in rows.iter().zip(new) {
                let kept = old.iter().filter(|(column, _)| new.contains_key(*column));
                assert!(
                    kept.clone().count() > 0
                        && kept.clone().all(|(column, value)| new.get(column) == Some(value))
                );
            }
        }
        assert!(
            index > 0 || now.values().all(|rows| !rows.is_empty()),
            "the seed leaves a table empty: {now:?}"
        );
        known = now;
    }
    let account = account("a");
    let old = read(&store, &asking(&account)).bookmarks.remove(0);
    assert_eq!((old.looking, old.offered.cursor), (anchorage::peer::Looking::Changes, 2));
    assert!(old.confirmed.left_out.is_empty() && old.offered.left_out.is_empty(), "nothing was filtered");
    let seen = changes(&store, &account, "card", 0);
    assert_eq!(seen.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), ["r1", "r2"]);
    let full = Batch {
        peer: Some(Peer::default()),
        session: Some(Session { token: "new".into(), version: 2, ..Session::default() }),
        guard: anchorage::store::Guard { session: Some(1), ..Default::default() },
        tokens: vec![Token {
            hash: "new".into(),
            account: account.clone(),
            login: "ann".into(),
            label: String::new(),
            created: 0,
            expires: 0,
        }],
        bookmarks: vec![bookmark("contacts")],
        aliases: vec![alias("contacts", "r2", Some("2"), 1, 1)],
        ..changing(&account, vec![change("contacts", "r1", text("again"))])
    };
    assert_eq!(commit(&store, &full).head, BORN + 3);
}
