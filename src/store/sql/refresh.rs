//! A refresh from a device (alert 203) as SQL: what was staged takes the place of the collection, in a constant number of
//! statements, and no body passes through the program. What they do in which order is said at [`crate::store::Refresh`].
//!
//! `?1` is the account, `?2` the device, `?3` the collection.

/// What was staged before by this device is dropped.
pub const UNSTAGE: &str = "DELETE FROM staged WHERE account = ?1 AND peer = ?2 AND collection = ?3";

/// What arrives is kept apart; an item that comes again takes its own place.
pub const STAGE: &str =
    "INSERT OR REPLACE INTO staged (account, peer, collection, luid, record, key, form, size, body)
SELECT ?1, ?3, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 FROM json_each(?2)";

/// A record that no item names is the item of equal content that names no record, one by one.
pub const PAIR: &str = "UPDATE staged SET record = pair.record, key = NULL, form = NULL, size = 0, body = NULL
FROM (SELECT new.luid, old.id AS record
  FROM (SELECT s.luid, s.key, row_number() OVER (PARTITION BY s.key ORDER BY s.record) AS nth FROM staged AS s
    WHERE s.account = ?1 AND s.peer = ?2 AND s.collection = ?3 AND s.key IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM record AS r WHERE r.account = ?1 AND r.collection = ?3 AND r.id = s.record AND r.form IS NOT NULL)
  ) AS new
  JOIN (SELECT r.id, r.key, row_number() OVER (PARTITION BY r.key ORDER BY r.seq) AS nth FROM record AS r
    WHERE r.account = ?1 AND r.collection = ?3 AND r.key IS NOT NULL AND r.form IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM staged AS s WHERE s.account = ?1 AND s.peer = ?2 AND s.collection = ?3 AND s.record = r.id)
  ) AS old ON old.key = new.key AND old.nth = new.nth) AS pair
WHERE staged.account = ?1 AND staged.peer = ?2 AND staged.collection = ?3 AND staged.luid = pair.luid";

/// Room for a stamp for each of them. `?4` is the moment.
pub const ROOM: &str = "UPDATE account SET head = max(head
  + (SELECT count(*) FROM staged WHERE account = ?1 AND peer = ?2 AND collection = ?3)
  + (SELECT count(*) FROM record WHERE account = ?1 AND collection = ?3 AND form IS NOT NULL), CAST(?4 AS INTEGER))
WHERE id = ?1 RETURNING head";

/// What is replaced or goes is kept for three-way merging.
pub const KEEP: &str =
    "INSERT INTO version (account, collection, record, seq, superseded, origin, size, form, body)
SELECT r.account, r.collection, r.id, r.seq, me.head, r.origin, r.size, r.form, r.body
FROM account AS me CROSS JOIN record AS r ON r.account = me.id AND r.collection = ?3
LEFT JOIN staged AS s ON s.account = ?1 AND s.peer = ?2 AND s.collection = ?3 AND s.record = r.id
WHERE me.id = ?1 AND r.form IS NOT NULL
  AND (s.luid IS NULL OR (s.body IS NOT NULL AND (s.form <> r.form OR s.body <> r.body)))";

/// What is new or different is written, stamped from the head downwards.
pub const PUT: &str = "INSERT INTO record (account, collection, id, seq, origin, key, form, size, body)
SELECT s.account, s.collection, s.record, me.head + 1 - row_number() OVER (ORDER BY s.record), ?2, s.key, s.form, s.size,
  s.body
FROM account AS me CROSS JOIN staged AS s ON s.account = me.id AND s.peer = ?2 AND s.collection = ?3
LEFT JOIN record AS r ON r.account = ?1 AND r.collection = ?3 AND r.id = s.record
WHERE me.id = ?1 AND s.body IS NOT NULL AND (r.form IS NULL OR r.form <> s.form OR r.body <> s.body)
ON CONFLICT (account, collection, id) DO UPDATE SET seq = excluded.seq, origin = excluded.origin,
  key = excluded.key, form = excluded.form, size = excluded.size, body = excluded.body";

/// What the device does not have goes, stamped below them.
pub const GONE: &str =
    "UPDATE record SET seq = gone.seq, origin = ?2, key = NULL, form = NULL, size = 0, body = NULL,
  parent = NULL
FROM (SELECT r.id, me.head + 1 - row_number() OVER (ORDER BY r.seq)
    - (SELECT count(*) FROM staged WHERE account = ?1 AND peer = ?2 AND collection = ?3) AS seq
  FROM account AS me CROSS JOIN record AS r ON r.account = me.id AND r.collection = ?3
  WHERE me.id = ?1 AND r.form IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM staged AS s WHERE s.account = ?1 AND s.peer = ?2 AND s.collection = ?3 AND s.record = r.id)) AS gone
WHERE record.account = ?1 AND record.collection = ?3 AND record.id = gone.id";

/// The device holds what it sent, and nothing else.
pub const FORGET_ALIASES: &str = "DELETE FROM alias WHERE account = ?1 AND peer = ?2 AND collection = ?3";

/// `?4` is the generation.
pub const PUT_ALIASES: &str =
    "INSERT OR IGNORE INTO alias (account, peer, collection, record, luid, temporary, generation, seq)
SELECT s.account, s.peer, s.collection, s.record, s.luid, NULL, CAST(?4 AS INTEGER), r.seq FROM staged AS s
CROSS JOIN record AS r ON r.account = ?1 AND r.collection = ?3 AND r.id = s.record
WHERE s.account = ?1 AND s.peer = ?2 AND s.collection = ?3 AND r.form IS NOT NULL";

/// What was staged by a device whose session was over before `?2` is not waited for any longer.
pub const SWEEP_STAGED: &str = "DELETE FROM staged WHERE account = ?1 AND peer NOT IN (
  SELECT peer FROM session WHERE account = ?1 AND expires >= CAST(?2 AS INTEGER))";
