//! A store on D1 in workerd: the statements of `store/sql.rs` over a socket to `tests/worker/stores.test.mjs`, which runs each
//! list as one batch at a D1 binding, gives every connection an empty database of its own, and holds D1's limits.

#[path = "../../src/bin/account/spelling.rs"]
mod spelling;

use anchorage::store::sql::{self, Row, Statement};
use anchorage::store::{Batch, Cost, Reads, Receipt, Snapshot, Store, StoreError};
use serde_json::Value;
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

/// A store in one D1 database.
pub struct D1Store {
    line: RefCell<BufReader<UnixStream>>,
}

impl D1Store {
    /// An empty store with the newest schema.
    pub fn new() -> Self {
        let Ok(socket) = std::env::var("ANCHORAGE_D1") else {
            panic!("there is no D1 here: `npm test -- worker` opens it and runs these");
        };
        Self { line: RefCell::new(BufReader::new(UnixStream::connect(socket).unwrap())) }
    }

    /// Runs the statements as one batch; answers the rows of each.
    fn run(&self, statements: &[Statement]) -> Result<(Vec<Vec<Row>>, Cost), StoreError> {
        let mut line = self.line.borrow_mut();
        writeln!(line.get_mut(), "{}", spelling::batch(statements)).unwrap();
        let mut answer = String::new();
        assert!(line.read_line(&mut answer).unwrap() > 0, "the database is gone");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        if let Some(error) = answer.get("error").and_then(Value::as_str) {
            assert!(!error.contains("beyond D1"), "{error}");
            return Err(spelling::refused(error));
        }
        let (answers, cost) = spelling::answers(&answer)?;
        Ok((answers, Cost { batches: 1, statements: statements.len() as u64, ..cost }))
    }
}

impl Store for D1Store {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        let (answers, cost) = self.run(&sql::statements(reads))?;
        Ok(Snapshot { cost, ..sql::snapshot(reads, answers)? })
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        let statements = sql::commit_statements(batch);
        let (answers, cost) = self.run(&statements)?;
        Ok(Receipt { cost, ..sql::receipt(&statements, &answers)? })
    }
}
