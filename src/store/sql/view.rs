//! What an account's owner looks at, and what is kept for that, as SQL.

use super::arrangement::{ARRANGED, DUE};
use super::commit::{Writes, text};
use super::question::{account, collection};
use super::rows::Columns;
use super::{Value, text};
use crate::limits;
use crate::peer::PeerId;
use crate::record::{CollectionId, Seq};
use crate::store::{Batch, StoreError, Sweep, Trace, View, Views};

/// What a statement asks, and so how its rows are read.
#[derive(Clone, Copy)]
pub enum Seen {
    Logins,
    Tokens,
    DeviceCount,
    Counts,
    Devices,
    Bookmarks,
    Mapping(usize),
    MappingTotal,
    Traces(usize, usize),
    Touched,
    Arranged,
}

/// The statements of a view, each with its parameters after `?1` to `?7`.
pub fn questions(view: &View) -> Vec<(Seen, &'static str, Vec<Value>)> {
    let count = |number: usize| Value::Integer(i64::try_from(number).unwrap_or(1 << 53));
    let maybe = |maybe: Option<&str>| maybe.map_or(Value::Null, text);
    match view {
        View::Account => {
            let all = [(Seen::Logins, LOGINS), (Seen::Tokens, TOKENS), (Seen::DeviceCount, DEVICE_COUNT)];
            all.map(|(seen, sql)| (seen, sql, Vec::new())).to_vec()
        }
        View::Counts => vec![(Seen::Counts, COUNTS, Vec::new())],
        View::Devices => {
            vec![(Seen::Devices, DEVICES, Vec::new()), (Seen::Bookmarks, BOOKMARKS, Vec::new())]
        }
        View::Mapping { peer, path, after, rows_max } => {
            let whose = vec![text(&peer.0), text(path)];
            let after = after.as_ref().map_or("", |after| after.as_str());
            let page = whose.iter().cloned().chain([text(after), count(rows_max + 1)]).collect();
            vec![(Seen::MappingTotal, MAPPING_TOTAL, whose), (Seen::Mapping(*rows_max), MAPPING, page)]
        }
        View::Sessions { peer, before, rows_max } => {
            let peer = maybe(peer.as_ref().map(|peer| peer.0.as_str()));
            let asked = vec![text(before.as_deref().unwrap_or(LAST)), peer, count(rows_max + 1)];
            vec![(Seen::Traces(*rows_max, usize::MAX), SESSIONS, asked)]
        }
        View::Session { session, after, rows_max, bytes_max } => {
            let asked = vec![text(session), Value::Integer(*after), count(rows_max + 1), count(*bytes_max)];
            vec![(Seen::Traces(*rows_max, *bytes_max), SESSION, asked)]
        }
        View::Touched { path, record } => {
            let about = [Trace::LASTS_MS, Trace::AHEAD_MS].map(Value::Integer);
            let asked = [text(path), text(record.as_str())].into_iter().chain(about).collect();
            vec![(Seen::Touched, TOUCHED, asked)]
        }
        View::Arranged => vec![(Seen::Arranged, ARRANGED, Vec::new())],
        View::Due { now, rows_max } => {
            vec![(Seen::Arranged, DUE, vec![Value::Integer(*now), count(*rows_max)])]
        }
    }
}

/// Takes a row. `bytes` counts those of traces taken so far.
pub fn take(seen: Seen, row: &mut Columns, views: &mut Views, bytes: &mut usize) -> Result<(), StoreError> {
    let whole = |number: i64| u64::try_from(number).unwrap_or(0);
    match seen {
        Seen::Logins => views.logins.extend(row.login()?),
        Seen::Tokens => views.tokens.extend(row.token()?),
        Seen::DeviceCount => views.device_count = whole(row.integer()?),
        Seen::Counts => views.counts.push((CollectionId(row.text()?), whole(row.integer()?))),
        Seen::Devices => views.devices.push((row.peer()?, Vec::new())),
        Seen::Bookmarks => {
            let (peer, bookmark) = (PeerId(row.text()?), row.bookmark()?);
            let device = views.devices.iter_mut().find(|(known, _)| known.id == peer);
            device.into_iter().for_each(|(_, bookmarks)| bookmarks.push(bookmark.clone()));
        }
        Seen::Mapping(rows_max) => {
            views.more = views.mapping.len() >= rows_max;
            if !views.more
                && let Some(alias) = row.alias()?
            {
                views.mapping.push((alias, row.integer()? != 0));
            }
        }
        Seen::MappingTotal => views.mapping_total = whole(row.integer()?),
        Seen::Traces(rows_max, bytes_max) => {
            let size = usize::try_from(row.integer()?).unwrap_or(0);
            *bytes = bytes.saturating_add(size);
            let full = *bytes > bytes_max && !views.traces.is_empty();
            views.more |= full || views.traces.len() >= rows_max;
            if !views.more {
                views.traces.push(row.trace()?);
            }
        }
        Seen::Arranged => views.arranged.push(row.arrangement()?),
        Seen::Touched => views.touched = Some((row.text()?, PeerId(row.text()?))),
    }
    Ok(())
}

impl Writes {
    /// Keeps what there is to see of a message.
    pub(super) fn trace(&mut self, batch: &Batch) {
        let Some(trace) = &batch.trace else { return };
        let changes = !batch.changes.is_empty() || !batch.refreshed.is_empty();
        let bytes = |bytes: &Option<Vec<u8>>| {
            bytes.as_ref().map_or(Value::Null, |bytes| Value::Text(text::encode_bytes(bytes)))
        };
        let size = i64::try_from(trace.size()).unwrap_or(Seq::MAX);
        let numbers = [trace.number, trace.at, trace.since, i64::from(changes), size].map(Value::Integer);
        let texts = [&trace.session, &batch.peer_id.0, &trace.about, &trace.items].map(|said| text(said));
        let messages = [bytes(&trace.request), bytes(&trace.reply)];
        self.write(PUT_TRACE, texts.into_iter().chain(numbers).chain(messages));
    }

    /// Removes what is past its time, and what is too much.
    pub(super) fn sweep_traces(&mut self, sweep: &Sweep) {
        self.write(SWEEP_TRACES, [text(&Trace::session_from(sweep.traces))]);
        self.write(SWEEP_MANY_TRACES, [Value::Integer(limits::TRACES_BYTES_MAX)]);
    }
}

/// Above every session's id, which is ASCII.
const LAST: &str = "~";

const PUT_TRACE: &str = "INSERT OR REPLACE INTO trace
  (account, session, peer, about, items, number, at, since, head, size, request, reply)
SELECT ?1, ?2, ?3, ?4, ?5, CAST(?6 AS INTEGER), CAST(?7 AS INTEGER), CAST(?8 AS INTEGER),
  CASE WHEN CAST(?9 AS INTEGER) THEN (SELECT head FROM account WHERE id = ?1) END, CAST(?10 AS INTEGER), ?11, ?12";

const SWEEP_TRACES: &str = "DELETE FROM trace WHERE account = ?1 AND session < ?2";

const SWEEP_MANY_TRACES: &str = "DELETE FROM trace WHERE account = ?1 AND session <= (
  SELECT session FROM (
    SELECT session, number, sum(size) OVER (ORDER BY session DESC, number DESC ROWS UNBOUNDED PRECEDING) AS total
    FROM trace WHERE account = ?1)
  WHERE total > CAST(?2 AS INTEGER) ORDER BY session DESC, number DESC LIMIT 1)";

const LOGINS: &str =
    concat!("SELECT name, account, sealed, local FROM login WHERE account = ", account!(), " ORDER BY name");

const TOKENS: &str = concat!(
    "SELECT hash, account, login, label, created, expires FROM token WHERE account = ",
    account!(),
    " ORDER BY created, hash"
);

const DEVICE_COUNT: &str = concat!("SELECT count(*) AS devices FROM peer WHERE account = ", account!());

const COUNTS: &str = concat!(
    "SELECT collection, count(*) AS live FROM record WHERE account = ",
    account!(),
    " AND form IS NOT NULL GROUP BY collection ORDER BY collection"
);

const DEVICES: &str = concat!(
    "SELECT id, login, nonce, device, temporaries, settings, seen FROM peer WHERE account = ",
    account!(),
    " ORDER BY id"
);

const BOOKMARKS: &str = concat!(
    "SELECT peer, collection, cursor, anchor, own_anchor, generation, offered_cursor, offered_anchor, \
     offered_own_anchor, offered_generation, attempt, position, until, sending, sending_all, held, left_out, \
     offered_left_out, looking
FROM bookmark WHERE account = ",
    account!(),
    " ORDER BY peer, collection"
);

macro_rules! mapping {
    () => {
        concat!(
            "FROM (SELECT ",
            account!(),
            " AS account) AS me
CROSS JOIN alias AS a ON a.account = me.account AND a.peer = ?8 AND a.collection = ",
            collection!("me.account", "?9")
        )
    };
}

const MAPPING_TOTAL: &str = concat!("SELECT count(*) AS total ", mapping!());

const MAPPING: &str = concat!(
    "SELECT a.collection AS alias_collection, a.record AS alias_record, a.luid, a.temporary, a.generation, \
     a.seq AS alias_seq, r.form IS NOT NULL AS live
",
    mapping!(),
    " AND a.record > ?10
LEFT JOIN record AS r ON r.account = a.account AND r.collection = a.collection AND r.id = a.record
ORDER BY a.record LIMIT CAST(?11 AS INTEGER)"
);

const SESSIONS: &str = concat!(
    "SELECT size, session, number, peer, at, since, head, about, '' AS items, NULL AS request, NULL AS reply
FROM trace WHERE account = ",
    account!(),
    " AND session < ?8 AND (?9 IS NULL OR peer = ?9)
ORDER BY session DESC, number DESC LIMIT CAST(?10 AS INTEGER)"
);

/// What is beyond the bytes comes without them: it only says that there is more.
const SESSION: &str = concat!(
    "SELECT size, session, number, peer, at, since, head, about,
  CASE WHEN fits THEN items ELSE '' END AS items, CASE WHEN fits THEN request END AS request,
  CASE WHEN fits THEN reply END AS reply
FROM (SELECT *, total <= CAST(?11 AS INTEGER) OR total = size AS fits
  FROM (SELECT *, sum(size) OVER (ORDER BY number ROWS UNBOUNDED PRECEDING) AS total
    FROM trace WHERE account = ",
    account!(),
    " AND session = ?8 AND number > CAST(?9 AS INTEGER) ORDER BY number LIMIT CAST(?10 AS INTEGER)))
ORDER BY number"
);

const TOUCHED: &str = concat!(
    "SELECT t.session, t.peer
FROM (SELECT ",
    account!(),
    " AS account) AS me
CROSS JOIN record AS r ON r.account = me.account AND r.id = ?9 AND r.collection = ",
    collection!("me.account", "?8"),
    "
CROSS JOIN trace AS t ON t.account = r.account
  AND t.session BETWEEN printf('%015d', max(r.seq - CAST(?10 AS INTEGER), 0))
    AND printf('%015d', r.seq + CAST(?11 AS INTEGER))
WHERE t.since < r.seq AND t.head >= r.seq AND (t.peer = r.origin OR r.origin = '' AND instr(t.items, json_quote(r.id)) > 0)
ORDER BY t.head, t.session, t.number LIMIT 1"
);
