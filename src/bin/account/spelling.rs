//! Statements and their answers as JSON: how a batch goes over a line to whoever holds the database (`scripts/relay.mjs`),
//! and how its rows come back. The line itself is the caller's.

use anchorage::store::sql::{self, Row, Statement};
use anchorage::store::{Cost, StoreError};
use serde_json::{Value, json};

/// `[{"sql":"…","params":[…]},…]`, to be run as one transaction.
pub fn batch(statements: &[Statement]) -> Value {
    statements.iter().map(spell).collect()
}

/// `{"results":[{"rows":[[…],…],"read":0,"written":0},…]}`: the rows of each statement, their columns in order, and what the
/// database says they cost.
pub fn answers(answer: &Value) -> Result<(Vec<Vec<Row>>, Cost), StoreError> {
    let results =
        answer.get("results").and_then(Value::as_array).ok_or_else(|| broken("there are no results"))?;
    let (mut answers, mut cost) = (Vec::with_capacity(results.len()), Cost::default());
    for result in results {
        let rows = result.get("rows").and_then(Value::as_array).ok_or_else(|| broken("there are no rows"))?;
        answers.push(rows.iter().map(row).collect::<Result<Vec<Row>, StoreError>>()?);
        let count = |name| result.get(name).and_then(Value::as_u64).unwrap_or(0);
        cost += Cost { rows_read: count("read"), rows_written: count("written"), ..Cost::default() };
    }
    Ok((answers, cost))
}

/// What `{"error":"…"}` means. Another process at the same files, or a deployed database under load: the same may work later.
pub fn refused(text: &str) -> StoreError {
    match ["SQLITE_BUSY", "database is locked", "overloaded"].iter().any(|sign| text.contains(sign)) {
        true => StoreError::Busy(text.to_owned()),
        false => sql::error(text),
    }
}

fn spell(statement: &Statement) -> Value {
    let parameter = |value: &sql::Value| match value {
        sql::Value::Null => Value::Null,
        sql::Value::Integer(number) => Value::from(*number),
        sql::Value::Text(text) => Value::from(text.as_str()),
    };
    let params: Vec<Value> = statement.parameters.iter().map(parameter).collect();
    json!({ "sql": statement.sql, "params": params })
}

fn row(columns: &Value) -> Result<Row, StoreError> {
    let columns = columns.as_array().ok_or_else(|| broken("a row is no list"))?;
    let column = |value: &Value| match value {
        Value::Null => Ok(sql::Value::Null),
        Value::String(text) => Ok(sql::Value::Text(text.clone())),
        Value::Number(number) => {
            number.as_f64().and_then(sql::Value::of_number).ok_or_else(|| broken("a number is not whole"))
        }
        _ => Err(broken("a column is neither text nor number")),
    };
    columns.iter().map(column).collect()
}

fn broken(what: &str) -> StoreError {
    StoreError::Broken(format!("the database's answer is broken: {what}"))
}
