//! Order: moments, changes, pages; where edits meet is in `journal/merge.rs`, sameness in `journal/matching.rs`.
//!
//! The account's head is the clock: a turn with n changes moves it to `max(head + n, now)` and stamps the changes with the
//! last n values. Order never depends on a real clock (`docs/decisions/0001-the-head-is-the-clock.md`).

pub mod intake;
pub mod matching;
pub mod merge;

use crate::record::Seq;

/// A moment of the real clock in epoch milliseconds. A hint for stamps and a measure for expiry, never a source of order.
pub type Moment = i64;

/// Where the head stands after a turn of `changes` changes.
pub fn advance(head: Seq, changes: usize, now: Moment) -> Seq {
    head.saturating_add(i64::try_from(changes).unwrap_or(i64::MAX)).max(now)
}

/// The stamp of change `index` (from 0) of `changes` in a turn that moved the head to `head`.
pub fn stamp(head: Seq, changes: usize, index: usize) -> Seq {
    head - i64::try_from(changes.saturating_sub(1).saturating_sub(index)).unwrap_or(0)
}
