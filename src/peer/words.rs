//! How far a device has come, in words.

use super::Bookmark;
use crate::record::Seq;

impl Bookmark {
    /// How far the device has come in the collection; `horizon` is the account's.
    pub fn told(&self, horizon: Seq) -> String {
        let offered = self.offered.cursor > 0;
        let reached = self.newest().cursor;
        let mut words = match () {
            () if self.sending && self.sending_all => "slow sync under way, or it broke off".to_owned(),
            () if self.sending => {
                format!("sync under way, or it broke off; up to date as of {}", date(reached))
            }
            () if self.is_asked_anew() => "slow sync pending: it was asked for".to_owned(),
            () if reached == 0 => "slow sync pending: none has been completed".to_owned(),
            () if reached < horizon => {
                "slow sync pending: it was away for longer than deletions are remembered".to_owned()
            }
            () if offered => {
                format!("offered: up to date as of {} once its next sync says so", date(reached))
            }
            () => format!("up to date as of {}", date(reached)),
        };
        if self.held > 0 {
            let syncs = plural(u64::try_from(self.held).unwrap_or_default(), "sync");
            words += &format!("; held back for {syncs} by what it refuses");
        }
        words
    }
}

/// `1 record`, `2 records`.
pub fn plural(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// A moment, to the minute.
pub fn date(moment: i64) -> String {
    match jiff::Timestamp::from_millisecond(moment) {
        Ok(at) if moment > 0 => at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        _ => "never".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Place;

    #[test]
    fn a_bookmark_is_told_in_words() {
        let day = 1_760_000_000_000;
        let place = |cursor| Place { cursor, ..Place::default() };
        let at = |cursor, offered| Bookmark {
            confirmed: place(cursor),
            offered: place(offered),
            ..Bookmark::default()
        };
        let says = |bookmark: Bookmark, words: &str| {
            let state = bookmark.told(1_000);
            assert!(state.starts_with(words), "{state}");
        };
        says(at(0, 0), "slow sync pending: none");
        says(at(999, 0), "slow sync pending: it was away");
        let mut asked = at(day, 0);
        asked.ask_anew();
        says(asked, "slow sync pending: it was asked for");
        says(at(day, 0), "up to date as of 2025-10-09");
        says(at(999, day), "offered: up to date as of 2025-10-09");
        says(Bookmark { sending: true, ..at(day, 0) }, "sync under way");
        says(Bookmark { sending: true, sending_all: true, ..at(day, 0) }, "slow sync under way");
        assert!(
            Bookmark { held: 2, ..at(day, 0) }.told(0).ends_with("held back for 2 syncs by what it refuses")
        );
    }
}
