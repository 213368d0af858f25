//! A refresh from a device (alert 203) as SQL: what was staged takes the place of the collection, in a constant number of
//! statements, and no body passes through the program. What they do in which order is said at [`crate::store::Refresh`].
//!
//! `?1` is the account, `?2` the device, `?3` the collection.

use super::commit::{Writes, text};
use crate::limits;
use crate::peer::Luid;
use crate::record::CollectionId;
use crate::store::sql::{Value, text};
use crate::store::{Batch, Refresh, Staged};
use serde_json::json;
use std::collections::BTreeMap;

impl Writes {
    /// What is staged, and what takes its place.
    pub fn refreshes(&mut self, batch: &Batch) {
        let peer = text(&batch.peer_id.0);
        for collection in &batch.unstaged {
            self.unstage(&peer, &collection.0);
        }
        self.stage(&batch.staged, &peer);
        for done in &batch.refreshed {
            self.take_place(done, &peer, batch.now);
        }
    }

    fn unstage(&mut self, peer: &Value, collection: &str) {
        for sql in UNSTAGE {
            self.write(sql, [peer.clone(), text(collection)]);
        }
    }

    fn stage(&mut self, staged: &[Staged], peer: &Value) {
        // Of several items of one id the last counts.
        let last: BTreeMap<(&CollectionId, &Luid), &Staged> =
            staged.iter().map(|item| ((&item.collection, &item.luid), item)).collect();
        let at = |item: &Staged| (text::encode(&item.collection.0), text::encode(&item.luid.0));
        let names = last.values().map(|item| json!(at(item)));
        self.write_lists(UNSTAGE_CHUNKS, names, std::slice::from_ref(peer));
        let rows = last.values().map(|item| {
            let body = item.body.as_ref().map(|body| (text::encode_body(body), body.bytes.len()));
            let (form, body, size) = match body {
                Some(((form, body), size)) => (Some(form), Some(body), size),
                None => (None, None, 0),
            };
            let (collection, luid) = at(item);
            let key = item.key.as_ref().filter(|_| body.is_some()).map(|key| text::encode(key));
            let parent = item.parent.as_ref().map(|parent| text::encode(&parent.0));
            json!([collection, luid, item.record.as_str(), key, form, size, body, parent])
        });
        self.write_lists(STAGE, rows, std::slice::from_ref(peer));
        let chunks = last.values().filter_map(|item| Some((at(item), item.body.as_ref()?)));
        let chunks = chunks.flat_map(|((collection, luid), body)| {
            text::chunks(body)
                .map(move |(start, base64, text)| json!([collection, luid, start, i64::from(base64), text]))
        });
        self.write_lists(STAGE_CHUNKS, chunks, std::slice::from_ref(peer));
    }

    fn take_place(&mut self, done: &Refresh, peer: &Value, now: i64) {
        let at = [peer.clone(), text(&done.collection.0)];
        let with = |last: i64| at.iter().cloned().chain([Value::Integer(last)]);
        self.write(PAIR, at.clone());
        if done.folders {
            self.write(PAIR_IN_FOLDERS, with(FOLDERS_DEEP_MAX));
        }
        self.write(ROOM, with(now));
        let goes = done.goes.as_ref().map(|goes| json!(goes).to_string());
        let goes = at.iter().cloned().chain([goes.map_or(Value::Null, Value::Text)]);
        self.write(KEEP, goes.clone());
        self.write(PUT, at.clone());
        self.write(PUT_CHUNKS, at.clone());
        self.write(GONE, goes);
        self.write(FORGET_ALIASES, at.clone());
        self.write(PUT_ALIASES, with(done.generation));
        self.unstage(peer, &done.collection.0);
    }
}

/// [`limits::FOLDERS_DEEP_MAX`] as it is bound.
const FOLDERS_DEEP_MAX: i64 = limits::FOLDERS_DEEP_MAX as i64;

/// What was staged before by this device is dropped.
const UNSTAGE: [&str; 2] = [
    "DELETE FROM staged WHERE account = ?1 AND peer = ?2 AND collection = ?3",
    "DELETE FROM staged_chunk WHERE account = ?1 AND peer = ?2 AND collection = ?3",
];

/// The same of items that come again; most had none.
const UNSTAGE_CHUNKS: &str = "DELETE FROM staged_chunk WHERE (account, peer, collection, luid, start) IN (
  SELECT c.account, c.peer, c.collection, c.luid, c.start FROM json_each(?2) AS asked
  CROSS JOIN staged_chunk AS c ON c.account = ?1 AND c.peer = ?3 AND c.collection = asked.value ->> 0
    AND c.luid = asked.value ->> 1)";

/// What arrives is kept apart; an item that comes again takes its own place.
const STAGE: &str =
    "INSERT OR REPLACE INTO staged (account, peer, collection, luid, record, key, form, size, body, parent)
SELECT ?1, ?3, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
FROM json_each(?2)";

const STAGE_CHUNKS: &str = "INSERT INTO staged_chunk (account, peer, collection, luid, start, base64, body)
SELECT ?1, ?3, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?2)";

/// A record that no item names is the item of equal content that names no record and says no place, one by one.
const PAIR: &str = "UPDATE staged SET record = pair.record, key = NULL, form = NULL, size = 0, body = NULL
FROM (SELECT new.luid, old.id AS record
  FROM (SELECT s.luid, s.key, row_number() OVER (PARTITION BY s.key ORDER BY s.record) AS nth FROM staged AS s
    WHERE s.account = ?1 AND s.peer = ?2 AND s.collection = ?3 AND s.key IS NOT NULL AND s.parent IS NULL AND NOT EXISTS (
      SELECT 1 FROM record AS r WHERE r.account = ?1 AND r.collection = ?3 AND r.id = s.record AND r.form IS NOT NULL)
  ) AS new
  JOIN (SELECT r.id, r.key, row_number() OVER (PARTITION BY r.key ORDER BY r.parent IS NOT NULL, r.seq) AS nth
    FROM record AS r
    WHERE r.account = ?1 AND r.collection = ?3 AND r.key IS NOT NULL AND r.form IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM staged AS s WHERE s.account = ?1 AND s.peer = ?2 AND s.collection = ?3 AND s.record = r.id)
  ) AS old ON old.key = new.key AND old.nth = new.nth) AS pair
WHERE staged.account = ?1 AND staged.peer = ?2 AND staged.collection = ?3 AND staged.luid = pair.luid";

/// The same of items that say a place, down from what is in no folder and from folders that an item names. A way is the keys
/// down to something, each with its number among equal ones in a folder: it means one item, and one record. `?4` is how deep.
const PAIR_IN_FOLDERS: &str = "WITH RECURSIVE
fresh AS MATERIALIZED (SELECT s.luid, s.parent, s.key || ' '
    || row_number() OVER (PARTITION BY s.parent, s.key ORDER BY s.record) AS step FROM staged AS s
  WHERE s.account = ?1 AND s.peer = ?2 AND s.collection = ?3 AND s.key IS NOT NULL AND s.parent IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM record AS r WHERE r.account = ?1 AND r.collection = ?3 AND r.id = s.record AND r.form IS NOT NULL)),
free AS MATERIALIZED (SELECT r.id, coalesce(r.parent, '') AS parent, r.key || ' '
    || row_number() OVER (PARTITION BY r.parent, r.key ORDER BY r.seq) AS step FROM record AS r
  WHERE r.account = ?1 AND r.collection = ?3 AND r.key IS NOT NULL AND r.form IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM staged AS s WHERE s.account = ?1 AND s.peer = ?2 AND s.collection = ?3 AND s.record = r.id)),
known AS MATERIALIZED (SELECT s.luid, s.record, 'is ' || s.record AS way FROM staged AS s
  CROSS JOIN record AS r ON r.account = ?1 AND r.collection = ?3 AND r.id = s.record AND r.form IS NOT NULL
  WHERE s.account = ?1 AND s.peer = ?2 AND s.collection = ?3
  UNION ALL SELECT '', '', ''),
new (luid, way, depth) AS (SELECT luid, way, 0 FROM known
  UNION ALL SELECT fresh.luid, new.way || '/' || fresh.step, new.depth + 1 FROM new JOIN fresh ON fresh.parent = new.luid
    WHERE new.depth < CAST(?4 AS INTEGER)),
old (id, way, depth) AS (SELECT record, way, 0 FROM known
  UNION ALL SELECT free.id, old.way || '/' || free.step, old.depth + 1 FROM old JOIN free ON free.parent = old.id
    WHERE old.depth < CAST(?4 AS INTEGER))
UPDATE staged SET record = pair.record, key = NULL, form = NULL, size = 0, body = NULL
FROM (SELECT new.luid, old.id AS record FROM new JOIN old ON old.way = new.way
  WHERE new.depth > 0 AND old.depth > 0) AS pair
WHERE staged.account = ?1 AND staged.peer = ?2 AND staged.collection = ?3 AND staged.luid = pair.luid";

/// Room for a stamp for each of them. `?4` is the moment.
pub const ROOM: &str = "UPDATE account SET head = max(head
  + (SELECT count(*) FROM staged WHERE account = ?1 AND peer = ?2 AND collection = ?3)
  + (SELECT count(*) FROM record WHERE account = ?1 AND collection = ?3 AND form IS NOT NULL), CAST(?4 AS INTEGER))
WHERE id = ?1 RETURNING head";

/// Where the item `s` is to be, whose record is `r`.
macro_rules! place {
    () => {
        "CASE WHEN s.parent IS NULL THEN r.parent WHEN s.parent = '' THEN NULL ELSE (
    SELECT f.record FROM staged AS f
    WHERE f.account = ?1 AND f.peer = ?2 AND f.collection = ?3 AND f.luid = s.parent AND (f.body IS NOT NULL OR EXISTS (
      SELECT 1 FROM record AS q WHERE q.account = ?1 AND q.collection = ?3 AND q.id = f.record AND q.form IS NOT NULL))) END"
    };
}

/// Whether the item `s` differs from its record `r`; what is large chunk by chunk.
macro_rules! differs {
    () => {
        concat!(
            "(r.form IS NULL OR s.form <> r.form OR s.size <> r.size OR s.body <> r.body OR r.parent IS NOT ",
            place!(),
            " OR EXISTS (SELECT 1 FROM staged_chunk AS n
    LEFT JOIN chunk AS o ON o.account = ?1 AND o.collection = ?3 AND o.record = r.id AND o.seq = r.seq AND o.start = n.start
    WHERE n.account = ?1 AND n.peer = ?2 AND n.collection = ?3 AND n.luid = s.luid
      AND (o.body IS NULL OR o.body <> n.body OR o.base64 <> n.base64)))"
        )
    };
}

/// Whether the record `r` may go.
macro_rules! may_go {
    () => {
        "(?4 IS NULL OR r.id IN (SELECT value FROM json_each(?4)))"
    };
}

/// What is replaced or goes is kept for three-way merging.
const KEEP: &str = concat!(
    "INSERT INTO version (account, collection, record, seq, superseded, origin, size, form, body)
SELECT r.account, r.collection, r.id, r.seq, me.head, r.origin, r.size, r.form, r.body
FROM account AS me CROSS JOIN record AS r ON r.account = me.id AND r.collection = ?3
LEFT JOIN staged AS s ON s.account = ?1 AND s.peer = ?2 AND s.collection = ?3 AND s.record = r.id
WHERE me.id = ?1 AND r.form IS NOT NULL AND CASE WHEN s.luid IS NULL THEN ",
    may_go!(),
    " ELSE s.body IS NOT NULL AND ",
    differs!(),
    " END"
);

/// What is new or different is written, stamped from the head downwards.
const PUT: &str = concat!(
    "INSERT INTO record (account, collection, id, seq, origin, key, form, size, body, parent)
SELECT s.account, s.collection, s.record, me.head + 1 - row_number() OVER (ORDER BY s.record), ?2, s.key, s.form, s.size,
  s.body, ",
    place!(),
    "
FROM account AS me CROSS JOIN staged AS s ON s.account = me.id AND s.peer = ?2 AND s.collection = ?3
LEFT JOIN record AS r ON r.account = ?1 AND r.collection = ?3 AND r.id = s.record
WHERE me.id = ?1 AND s.body IS NOT NULL AND ",
    differs!(),
    "
ON CONFLICT (account, collection, id) DO UPDATE SET seq = excluded.seq, origin = excluded.origin,
  key = excluded.key, form = excluded.form, size = excluded.size, body = excluded.body, parent = excluded.parent"
);

/// The bytes of what is large, under the stamp it got; those of a record that stays as it is are there.
const PUT_CHUNKS: &str = "INSERT OR IGNORE INTO chunk (account, collection, record, seq, start, base64, body)
SELECT r.account, r.collection, r.id, r.seq, n.start, n.base64, n.body FROM staged_chunk AS n
CROSS JOIN staged AS s ON s.account = ?1 AND s.peer = ?2 AND s.collection = ?3 AND s.luid = n.luid AND s.body IS NOT NULL
CROSS JOIN record AS r ON r.account = ?1 AND r.collection = ?3 AND r.id = s.record
WHERE n.account = ?1 AND n.peer = ?2 AND n.collection = ?3";

/// What the device does not have goes, stamped below them.
const GONE: &str = concat!(
    "UPDATE record SET seq = gone.seq, origin = ?2, key = NULL, form = NULL, size = 0, body = NULL,
  parent = NULL
FROM (SELECT r.id, me.head + 1 - row_number() OVER (ORDER BY r.seq)
    - (SELECT count(*) FROM staged WHERE account = ?1 AND peer = ?2 AND collection = ?3) AS seq
  FROM account AS me CROSS JOIN record AS r ON r.account = me.id AND r.collection = ?3
  WHERE me.id = ?1 AND r.form IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM staged AS s WHERE s.account = ?1 AND s.peer = ?2 AND s.collection = ?3 AND s.record = r.id)
    AND ",
    may_go!(),
    ") AS gone
WHERE record.account = ?1 AND record.collection = ?3 AND record.id = gone.id"
);

/// The device holds what it sent, and nothing else.
const FORGET_ALIASES: &str = "DELETE FROM alias WHERE account = ?1 AND peer = ?2 AND collection = ?3";

/// `?4` is the generation.
const PUT_ALIASES: &str =
    "INSERT OR IGNORE INTO alias (account, peer, collection, record, luid, temporary, generation, seq)
SELECT s.account, s.peer, s.collection, s.record, s.luid, NULL, CAST(?4 AS INTEGER), r.seq FROM staged AS s
CROSS JOIN record AS r ON r.account = ?1 AND r.collection = ?3 AND r.id = s.record
WHERE s.account = ?1 AND s.peer = ?2 AND s.collection = ?3 AND r.form IS NOT NULL";

/// What was staged by a device whose session was over before `?2` is not waited for any longer.
pub const SWEEP_STAGED: [&str; 2] = [
    "DELETE FROM staged WHERE account = ?1 AND peer NOT IN (
  SELECT peer FROM session WHERE account = ?1 AND expires >= CAST(?2 AS INTEGER))",
    "DELETE FROM staged_chunk WHERE account = ?1 AND peer NOT IN (
  SELECT peer FROM session WHERE account = ?1 AND expires >= CAST(?2 AS INTEGER))",
];
