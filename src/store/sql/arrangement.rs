//! Arranged syncs as SQL.

use super::Value;
use super::commit::{Writes, text};
use super::question::account;
use super::rows::Columns;
use crate::record::AccountId;
use crate::store::{Arrangement, StoreError};

impl Columns {
    /// `account, name, definition, sealed, every, due, leased, failures, failed, version`.
    pub fn arrangement(&mut self) -> Result<Arrangement, StoreError> {
        Ok(Arrangement {
            account: AccountId(self.text()?),
            name: self.text()?,
            definition: self.text()?,
            sealed: self.text()?,
            every: self.integer()?,
            due: self.integer()?,
            leased: self.integer()?,
            failures: self.integer()?,
            failed: self.text()?,
            version: self.integer()?,
        })
    }
}

impl Writes {
    /// Aborts where the arrangement is another one by now.
    pub(super) fn guard_arrangement(&mut self, guard: Option<&(String, i64)>) {
        if let Some((name, version)) = guard {
            self.write(GUARD_ARRANGEMENT, [text(name), Value::Integer(*version)]);
        }
    }

    /// Makes or replaces an arrangement.
    pub(super) fn put_arrangement(&mut self, new: &Arrangement) {
        let texts = [&new.name, &new.definition, &new.sealed, &new.failed].map(|said| text(said));
        let numbers = [new.every, new.due, new.leased, new.failures, new.version].map(Value::Integer);
        self.write(PUT_ARRANGEMENT, texts.into_iter().chain(numbers));
    }

    /// Removes one.
    pub(super) fn drop_arrangement(&mut self, name: &str) {
        self.write(DROP_ARRANGEMENT, [text(name)]);
    }
}

const GUARD_ARRANGEMENT: &str = "SELECT CASE WHEN CAST(?3 AS INTEGER) <>
  coalesce((SELECT version FROM upstream WHERE account = ?1 AND name = ?2), 0) THEN json('an upstream') END AS stands";

const PUT_ARRANGEMENT: &str =
    "INSERT INTO upstream (account, name, definition, sealed, failed, every, due, leased, failures, version)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (account, name) DO UPDATE SET definition = excluded.definition, sealed = excluded.sealed,
  failed = excluded.failed, every = excluded.every, due = excluded.due, leased = excluded.leased,
  failures = excluded.failures, version = excluded.version";

const DROP_ARRANGEMENT: &str = "DELETE FROM upstream WHERE account = ?1 AND name = ?2";

/// Those of the account.
pub const ARRANGED: &str = concat!(
    "SELECT account, name, definition, sealed, every, due, leased, failures, failed, version FROM upstream
WHERE account = ",
    account!(),
    " ORDER BY name"
);

/// Those of every account that are due (`?8`) and that nobody is at.
pub const DUE: &str =
    "SELECT account, name, definition, sealed, every, due, leased, failures, failed, version
FROM upstream INDEXED BY upstream_due
WHERE due <= CAST(?8 AS INTEGER) AND leased <= CAST(?8 AS INTEGER) ORDER BY due, account, name LIMIT CAST(?9 AS INTEGER)";
