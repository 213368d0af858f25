//! Slowing down whoever guesses passwords: one counter for a login and an address.
//!
//! The first [`limits::FREE_FAILURES`] tries cost nothing, so that a right password within ten tries always gets in; then each
//! failure doubles a pause. Another address is not held back: nobody can lock a login's owner out.

use crate::journal::Moment;
use crate::limits;
use serde::{Deserialize, Serialize};

/// The longest pause: 5 minutes.
const PAUSE_MS_MAX: i64 = 5 * 60 * 1000;

/// Failures are forgotten after an hour without one.
const FORGIVEN_AFTER_MS: i64 = 60 * 60 * 1000;

/// A counter of failed logins under one key (a login and an address).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Throttle {
    /// The key.
    pub key: String,
    /// Failures since the last success or an hour without one.
    pub failures: i64,
    /// No try before this moment.
    pub until: Moment,
}

impl Throttle {
    /// The counter after one failure more. `until` always says when the last failure was over, so that an old counter can be
    /// forgotten.
    pub fn failed(before: Option<&Self>, key: &str, now: Moment) -> Self {
        let remembered = before.filter(|before| before.until.saturating_add(FORGIVEN_AFTER_MS) > now);
        let failures = remembered.map_or(0, |before| before.failures).saturating_add(1);
        let pause = match failures - limits::FREE_FAILURES {
            free if free < 0 => 0,
            // Ten doublings of a second are past the longest pause.
            doublings => (1000_i64 << doublings.min(10)).min(PAUSE_MS_MAX),
        };
        Self { key: key.to_owned(), failures, until: now.saturating_add(pause) }
    }

    /// How many seconds no try is looked at; `None` where the next one is.
    /// A counter that has not used up its free failures pauses nobody, and none for longer than the longest pause: whoever wrote
    /// it may have had another clock.
    pub fn pause_seconds(&self, now: Moment) -> Option<i64> {
        let pause = self.until.saturating_sub(now);
        let counts = self.failures >= limits::FREE_FAILURES && pause <= PAUSE_MS_MAX;
        (counts && pause > 0).then(|| pause.saturating_add(999) / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_clock_locks_nobody_out() {
        let first = Throttle::failed(None, "k", 1_000_000);
        assert_eq!(first.pause_seconds(999_000), None, "the clock of the next try is a second behind");
        let tenth = Throttle { failures: 10, ..Throttle::failed(None, "k", 1_000_000 + PAUSE_MS_MAX) };
        assert_eq!(tenth.pause_seconds(1_000_000), Some(PAUSE_MS_MAX / 1000));
        assert_eq!(tenth.pause_seconds(0), None, "or a day");
    }

    #[test]
    fn ten_failures_are_free_then_pauses_double_up_to_five_minutes() {
        let mut now = 1_000_000;
        let mut counter: Option<Throttle> = None;
        let mut pauses = Vec::new();
        for _ in 0..22 {
            let next = Throttle::failed(counter.as_ref(), "k", now);
            pauses.push(next.until - now);
            now = next.until + 1;
            counter = Some(next);
        }
        assert!(pauses[..9].iter().all(|pause| *pause == 0), "the tenth try still comes without a pause");
        assert_eq!(pauses[9..14], [1000, 2000, 4000, 8000, 16_000]);
        assert_eq!(*pauses.last().unwrap(), PAUSE_MS_MAX);
        let later = now + FORGIVEN_AFTER_MS;
        assert_eq!(
            Throttle::failed(counter.as_ref(), "k", later),
            Throttle { key: "k".into(), failures: 1, until: later }
        );
    }
}
