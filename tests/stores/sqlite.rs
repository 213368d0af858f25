//! A store on native SQLite, as D1 would run it: each list of statements one transaction, numbers bound as REAL, D1's limits
//! enforced, everything counted. Other integration tests take it in by `#[path]`.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use anchorage::limits::ROW_BYTES_MAX;
use anchorage::store::sql::{self, Row, Statement, Value};
use anchorage::store::{Batch, Cost, Reads, Receipt, Snapshot, Store, StoreError};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, StatementStatus};
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The schema files, in order, each with its name.
pub fn migrations() -> Vec<(String, String)> {
    let schema = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema");
    let mut files: Vec<PathBuf> = std::fs::read_dir(schema)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    let named = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    files.iter().map(named).collect()
}

/// A store on SQLite: in memory, or in the state directory of a worker where each message has one of its own.
pub struct SqliteStore {
    /// The database.
    pub connection: RefCell<Connection>,
    state: Option<State>,
    /// What all trips cost together; `rows_read` counts rows answered.
    pub cost: Cell<Cost>,
    /// Steps of SQLite's machine in the last trip: a measure of work that needs no patched SQLite.
    pub steps: Cell<i64>,
}

impl Default for SqliteStore {
    fn default() -> Self {
        Self::new()
    }
}

impl SqliteStore {
    /// An empty store with the newest schema.
    pub fn new() -> Self {
        if let Some(prepared) = std::env::var_os("ANCHORAGE_KILLED") {
            let state = State::copied(&Path::new(&prepared).join("v3/d1"));
            let connection = Connection::open(&state.database).unwrap();
            // What is killed is the worker, not the machine.
            connection.pragma_update(None, "synchronous", "OFF").unwrap();
            return Self { state: Some(state), ..Self::on(connection) };
        }
        let store = Self::bare();
        for (_, sql) in migrations() {
            store.connection.borrow().execute_batch(&sql).unwrap();
        }
        store
    }

    /// A store without a schema.
    pub fn bare() -> Self {
        Self::on(Connection::open_in_memory().unwrap())
    }

    fn on(connection: Connection) -> Self {
        for (limit, value) in [
            (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
            (Limit::SQLITE_LIMIT_VDBE_OP, 25_000),
            (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
            (Limit::SQLITE_LIMIT_LENGTH, 2_000_000),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
            (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
        ] {
            connection.set_limit(limit, value).unwrap();
        }
        connection.set_prepared_statement_cache_capacity(100);
        let connection = RefCell::new(connection);
        Self { connection, state: None, cost: Cell::default(), steps: Cell::default() }
    }

    /// The state directory of a worker, in which the database lies; `None` for one in memory.
    pub fn state(&self) -> Option<&Path> {
        self.state.as_ref().map(|state| state.directory.as_path())
    }

    /// Runs the statements as one transaction; answers the rows of each.
    pub fn run(&self, statements: &[Statement]) -> Result<(Vec<Vec<Row>>, Cost), StoreError> {
        let mut connection = self.connection.borrow_mut();
        let transaction = connection.transaction().unwrap();
        let before = transaction.total_changes();
        let mut answers = Vec::new();
        self.steps.set(0);
        for statement in statements {
            match self.run_one(&transaction, statement) {
                Ok(rows) => answers.push(rows),
                Err(error) => return Err(sql::error(&error.to_string())),
            }
        }
        let rows_written = transaction.total_changes() - before;
        transaction.commit().unwrap();
        let rows_read = answers.iter().map(|rows| rows.len() as u64).sum();
        let cost = Cost { batches: 1, statements: statements.len() as u64, rows_read, rows_written };
        let mut total = self.cost.get();
        total += cost;
        self.cost.set(total);
        Ok((answers, cost))
    }

    fn run_one(&self, connection: &Connection, statement: &Statement) -> rusqlite::Result<Vec<Row>> {
        let Statement { sql, parameters } = statement;
        assert!(sql.len() < 100_000 && parameters.len() <= 100);
        let mut prepared = connection.prepare_cached(sql)?;
        assert_eq!(prepared.parameter_count(), parameters.len(), "{sql}");
        for (index, parameter) in parameters.iter().enumerate() {
            match parameter {
                Value::Null => prepared.raw_bind_parameter(index + 1, rusqlite::types::Null)?,
                Value::Integer(number) => {
                    assert!(number.unsigned_abs() <= 1 << 53, "{number} does not survive JavaScript");
                    prepared.raw_bind_parameter(index + 1, *number as f64)?;
                }
                Value::Text(text) => {
                    assert!(text.len() < ROW_BYTES_MAX, "a parameter of {} bytes", text.len());
                    assert!(!text.contains('\0'));
                    prepared.raw_bind_parameter(index + 1, text)?;
                }
            }
        }
        let columns = prepared.column_count();
        let names: std::collections::BTreeSet<_> = prepared.column_names().collect();
        assert_eq!(names.len(), columns, "two columns of one name would be one in an object: {sql}");
        let mut rows = prepared.raw_query();
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            answer.push((0..columns).map(|column| value(row.get_ref_unwrap(column))).collect());
        }
        drop(rows);
        self.steps.set(self.steps.get() + i64::from(prepared.reset_status(StatementStatus::VmStep)));
        Ok(answer)
    }

    /// How SQLite would walk a statement.
    pub fn plan(&self, statement: &Statement) -> Vec<String> {
        let connection = self.connection.borrow();
        let mut prepared = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", statement.sql)).unwrap();
        let nulls = statement.parameters.iter().map(|_| rusqlite::types::Null);
        let rows =
            prepared.query_map(rusqlite::params_from_iter(nulls), |row| row.get::<_, String>(3)).unwrap();
        rows.map(|row| row.unwrap()).collect()
    }
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::of_number(number as f64).unwrap(),
        ValueRef::Text(text) => Value::Text(std::str::from_utf8(text).unwrap().to_owned()),
        other => panic!("{other:?} in an answer"),
    }
}

/// The state directory of a worker, removed when dropped.
struct State {
    directory: PathBuf,
    database: PathBuf,
}

impl State {
    /// A copy of a state in which one database lies.
    fn copied(prepared: &Path) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("anchorage-killed-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        let mut database = None;
        for folder in std::fs::read_dir(prepared).unwrap() {
            let folder = folder.unwrap().path();
            let to = directory.join(folder.file_name().unwrap());
            std::fs::create_dir_all(&to).unwrap();
            for file in std::fs::read_dir(folder).unwrap() {
                let file = file.unwrap().path();
                let to = to.join(file.file_name().unwrap());
                std::fs::copy(&file, &to).unwrap();
                let found =
                    to.extension().is_some_and(|end| end == "sqlite") && !to.ends_with("metadata.sqlite");
                database = if found { Some(to) } else { database };
            }
        }
        Self { directory, database: database.unwrap() }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Store for SqliteStore {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        let (answers, cost) = self.run(&sql::statements(reads))?;
        let mut snapshot = sql::snapshot(reads, answers)?;
        snapshot.cost = cost;
        Ok(snapshot)
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        let statements = sql::commit_statements(batch);
        let (answers, cost) = self.run(&statements)?;
        let mut receipt = sql::receipt(&statements, &answers)?;
        receipt.cost = cost;
        Ok(receipt)
    }
}
