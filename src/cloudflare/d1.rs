//! The default store: D1, one `batch()` to read and one to commit.
//!
//! D1 runs a batch as one transaction, so a snapshot is all of one moment, and the guard's abort undoes a commit. What the
//! statements are is `store/sql.rs`'s to say; here they are bound, run, and their rows taken apart.

use crate::store::sql::{self, Row, Statement, Value};
use crate::store::{Batch, Cost, Reads, Receipt, Snapshot, Store, StoreError};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::time::Duration;
use wasm_bindgen::JsValue;
use worker::{D1Database, D1PreparedStatement, D1Result, Delay, Error};

/// A store in one D1 database.
pub struct D1Store {
    database: D1Database,
}

impl D1Store {
    /// A store in that database.
    pub fn new(database: D1Database) -> Self {
        Self { database }
    }
}

impl Store for D1Store {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        let (rows, cost) = self.run(&sql::statements(reads)).await?;
        let snapshot = sql::snapshot(reads, rows)?;
        Ok(Snapshot { cost, ..snapshot })
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        let statements = sql::commit_statements(batch);
        let run = self.run(&statements).await;
        if let Err(StoreError::Conflict) = run {
            // Whoever lost a race decides again at once; apart from each other, not all lose the next one too.
            Delay::from(Duration::from_millis(pause_ms(js_sys::Math::random()) / 10)).await;
        }
        let (rows, cost) = run?;
        let receipt = sql::receipt(&statements, &rows)?;
        Ok(Receipt { cost, ..receipt })
    }
}

impl D1Store {
    /// One batch, tried once more where D1 says that this may help. A commit may be sent twice: had the first one been
    /// written after all, the guard of the second meets its stamps and calls it a conflict, and the turn is decided again.
    async fn run(&self, statements: &[Statement]) -> Result<(Vec<Vec<Row>>, Cost), StoreError> {
        let mut cost = Cost::default();
        let results = match self.attempt(statements, &mut cost).await {
            Err(error) if is_passing(&error) => {
                Delay::from(Duration::from_millis(pause_ms(js_sys::Math::random()))).await;
                self.attempt(statements, &mut cost).await
            }
            other => other,
        };
        let results = results.map_err(|error| store_error(&error))?;
        let mut answers = Vec::with_capacity(results.len());
        for result in &results {
            count(result, &mut cost);
            answers.push(rows_of(result)?);
        }
        Ok((answers, cost))
    }

    async fn attempt(&self, statements: &[Statement], cost: &mut Cost) -> Result<Vec<D1Result>, String> {
        let bound: Result<Vec<_>, _> = statements.iter().map(|statement| self.bind(statement)).collect();
        cost.batches += 1;
        cost.statements += statements.len() as u64;
        self.database.batch(bound.map_err(|error| text_of(&error))?).await.map_err(|error| text_of(&error))
    }

    fn bind(&self, statement: &Statement) -> worker::Result<D1PreparedStatement> {
        let parameters: Vec<JsValue> = statement.parameters.iter().map(js_value).collect();
        self.database.prepare(statement.sql).bind(&parameters)
    }
}

/// Numbers are JavaScript's: D1 takes no BigInt, and what we bind fits 2^53.
fn js_value(value: &Value) -> JsValue {
    match value {
        Value::Null => JsValue::NULL,
        Value::Integer(number) => JsValue::from_f64(*number as f64),
        Value::Text(text) => JsValue::from_str(text),
    }
}

fn rows_of(result: &D1Result) -> Result<Vec<Row>, StoreError> {
    let rows = result.results::<Columns>();
    let rows = rows.map_err(|error| StoreError::Broken(format!("a row cannot be read: {error}")))?;
    Ok(rows.into_iter().map(|Columns(row)| row).collect())
}

fn count(result: &D1Result, cost: &mut Cost) {
    let Ok(Some(meta)) = result.meta() else { return };
    cost.rows_read += meta.rows_read.unwrap_or(0) as u64;
    cost.rows_written += meta.rows_written.unwrap_or(0) as u64;
}

// -------------------------------------------------------------------------------------------------------------- errors

/// What D1 says when the same may work at once (its documentation, "Retry queries"). It repeats reads itself, writes never.
const PASSING: [&str; 3] =
    ["Network connection lost", "storage caused object to be reset", "reset because its code was updated"];

/// What D1 says when it has too much to do: asking again at once would add to it.
const BUSY: [&str; 3] = ["overloaded", "Too many requests queued", "exceeded timeout"];

fn is_passing(error: &str) -> bool {
    PASSING.iter().any(|text| error.contains(text))
}

fn store_error(error: &str) -> StoreError {
    match is_passing(error) || BUSY.iter().any(|text| error.contains(text)) {
        true => StoreError::Busy(error.to_owned()),
        false => sql::error(error),
    }
}

/// Between 50 and 250 ms, so that those who failed together do not come back together.
fn pause_ms(random: f64) -> u64 {
    50 + (random.clamp(0.0, 1.0) * 200.0) as u64
}

/// `batch` fails as [`Error::D1`], other calls as an unknown error of the same text.
fn text_of(error: &Error) -> String {
    match error {
        Error::D1(error) => {
            let outer: &js_sys::Error = error.as_ref();
            format!("{}; {}", String::from(outer.message()), error.cause())
        }
        other => other.to_string(),
    }
}

// ---------------------------------------------------------------------------------------------------------------- rows

/// A row's values in the order of its columns: D1 gives an object whose names it put in that order.
struct Columns(Row);

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(row: D) -> Result<Self, D::Error> {
        row.deserialize_map(ColumnsVisitor)
    }
}

struct ColumnsVisitor;

impl<'de> Visitor<'de> for ColumnsVisitor {
    type Value = Columns;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut columns: A) -> Result<Columns, A::Error> {
        let mut row = Vec::new();
        while let Some((IgnoredAny, Cell(value))) = columns.next_entry()? {
            row.push(value);
        }
        Ok(Columns(row))
    }
}

struct Cell(Value);

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        value.deserialize_any(CellVisitor).map(Cell)
    }
}

struct CellVisitor;

impl Visitor<'_> for CellVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a whole number within 2^53, or text")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        Value::of_number(number).ok_or_else(|| E::custom(format!("{number} is no whole number within 2^53")))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }
}
