//! The contract as SQL: questions to statements, rows to a snapshot, a batch to statements. It runs nothing.
//!
//! D1, a Durable Object's SQLite and the native tests run the same statements over the same schema (`schema/`). Whoever runs
//! them runs each list as one transaction (D1: one `batch()`), in order, and hands the rows back in the same order. Texts
//! are constant; lists travel as one JSON parameter through `json_each(?)`, so the number of statements never depends on
//! the number of items (a parameter that would be too long for a row becomes several statements of the same text).
//!
//! How rows spell our types is in `sql/rows.rs`, how text survives SQLite in `sql/text.rs`.

mod arrangement;
mod commit;
mod objects;
mod question;
mod read;
mod refresh;
mod rows;
mod survey;
mod text;
mod view;

pub use commit::{commit_statements, receipt};
pub use read::{snapshot, statements};
pub use survey::{survey, survey_statements};

use crate::store::StoreError;

/// One value, bound or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number within 2^53. Some stores bind it as REAL; the statements cast.
    Integer(i64),
    /// Text without NUL.
    Text(String),
}

impl Value {
    /// A number as JavaScript has it; `None` where it is not whole or beyond 2^53.
    pub fn of_number(number: f64) -> Option<Self> {
        const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
        (number.fract() == 0.0 && number.abs() <= WHOLE_MAX).then_some(Self::Integer(number as i64))
    }
}

/// One row of an answer: its columns in order.
pub type Row = Vec<Value>;

/// One statement with its parameters, `?1` first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The text.
    pub sql: &'static str,
    /// What is bound.
    pub parameters: Vec<Value>,
}

/// What the text of an error means: the guard's abort and a taken key are a [`StoreError::Conflict`], anything else is
/// [`StoreError::Broken`]. Whether the store is away is for its face to say first.
pub fn error(text: &str) -> StoreError {
    match text.contains("malformed JSON") || text.contains("UNIQUE constraint failed") {
        true => StoreError::Conflict,
        false => StoreError::Broken(text.to_owned()),
    }
}
