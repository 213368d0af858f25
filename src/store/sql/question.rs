//! What is asked, as SQL. How the answers are read is in `sql/read.rs`; each text names its columns in the order they are taken.
//!
//! Every statement finds the account by itself (`account!`, `?1` to `?7`), so that one batch asks everything and no question
//! lacks the account. Joins are CROSS so that SQLite walks them in the order written: `tests/stores/budget.rs` holds the plans.

/// The account meant, by token, login, session token, the device's session, or id. Devices of two accounts may bear one name
/// and stand behind one address: where a session could be either's, it is nobody's.
macro_rules! account {
    () => {
        "coalesce(
  (SELECT account FROM token WHERE hash = ?1),
  (SELECT account FROM login WHERE name = ?2),
  (SELECT account FROM session WHERE token = ?3 AND token <> ''),
  (SELECT min(account) FROM session WHERE peer = ?4 AND session_id = ?5 AND address = ?6
    GROUP BY session_id HAVING count(*) = 1),
  ?7)"
    };
}

/// The collection that a path names in an account.
macro_rules! collection {
    ($account:literal, $path:literal) => {
        concat!(
            "coalesce((SELECT p.collection FROM path AS p WHERE p.account = ",
            $account,
            " AND p.path = ",
            $path,
            "), ",
            $path,
            ")"
        )
    };
}

pub(super) use {account, collection};

/// What `Columns::alias` reads, of the alias `a`.
macro_rules! alias {
    () => {
        "a.collection AS alias_collection, a.record AS alias_record, a.luid, a.temporary, a.generation, \
         a.seq AS alias_seq"
    };
}

/// The account `me` and the list `asked` (`?8`), walked in its order.
macro_rules! asked {
    () => {
        concat!("(SELECT ", account!(), " AS account) AS me\nCROSS JOIN json_each(?8) AS asked")
    };
}

/// The account with what belongs to who asks: its login, the token, the one collection. No row where nobody is known.
macro_rules! account_with {
    ($from:expr, $whose:expr) => {
        concat!(
            "SELECT me.id, me.head, me.horizon, me.swept,
  l.name, l.account AS login_account, l.sealed, l.local,
  t.hash, t.account AS token_account, t.login AS token_login, t.label, t.created, t.expires,
  c.definition
",
            $from,
            "
LEFT JOIN collection AS c ON c.account = me.id AND c.id = ",
            collection!("me.id", "?8"),
            "
WHERE ",
            $whose
        )
    };
}

/// By token: four rows, one of each table.
pub const ACCOUNT_OF_TOKEN: &str = account_with!(
    "FROM token AS t
CROSS JOIN account AS me ON me.id = t.account
LEFT JOIN login AS l ON l.name = t.login AND l.account = me.id",
    "t.hash = ?1"
);

/// By anything else: the login is that of the credential, or the one that opened the session.
pub const ACCOUNT: &str = account_with!(
    "FROM account AS me
LEFT JOIN token AS t ON t.hash = ?1
LEFT JOIN login AS l ON l.account = me.id AND l.name = coalesce(
  (SELECT name FROM login WHERE name = ?2),
  (SELECT login FROM session WHERE token = ?3 AND token <> ''),
  (SELECT min(login) FROM session WHERE peer = ?4 AND session_id = ?5 AND address = ?6
    GROUP BY session_id HAVING count(*) = 1))",
    concat!("me.id = ", account!())
);

pub const THROTTLES: &str = "SELECT key, failures, until FROM throttle
WHERE key IN (SELECT value FROM json_each(?1)) ORDER BY key";

pub const COLLECTIONS: &str =
    concat!("SELECT definition FROM collection WHERE account = ", account!(), " ORDER BY id");

pub const PEER: &str = concat!(
    "SELECT id, login, nonce, device, temporaries, settings, seen FROM peer WHERE account = ",
    account!(),
    " AND id = ?8"
);

pub const SESSION: &str = concat!(
    "SELECT peer, login, token, session_id, address, version, state, message, request, reply, expires,
  page_records
FROM session WHERE account = ",
    account!(),
    " AND peer = ?8"
);

pub const BOOKMARKS: &str = concat!(
    "SELECT collection, cursor, anchor, own_anchor, generation, offered_cursor, offered_anchor, offered_own_anchor, \
     offered_generation, attempt, position, until, \
     sending, sending_all, held, left_out, offered_left_out, looking
FROM bookmark WHERE account = ",
    account!(),
    " AND peer = ?8 ORDER BY collection"
);

pub const RECORDS: &str = concat!(
    "SELECT r.collection, r.id, r.seq, r.origin, r.parent, r.size, r.form, r.body
FROM ",
    asked!(),
    "
CROSS JOIN record AS r ON r.account = me.account AND r.id = asked.value ->> 1 AND r.collection = ",
    collection!("me.account", "asked.value ->> 0")
);

pub const VERSIONS: &str = concat!(
    "SELECT v.collection, v.record, v.seq, v.origin, v.size, v.form, v.body
FROM ",
    asked!(),
    "
CROSS JOIN version AS v ON v.account = me.account AND v.record = asked.value ->> 1 AND v.seq = asked.value ->> 2
  AND v.collection = ",
    collection!("me.account", "asked.value ->> 0")
);

pub const LUIDS: &str = concat!(
    "SELECT ",
    alias!(),
    ",
  r.collection, r.id, r.seq, r.origin, r.parent, r.size, r.form, r.body, v.seq AS base_seq,
  v.size AS base_size, v.form AS base_form, v.body AS base_body
FROM ",
    asked!(),
    "
CROSS JOIN alias AS a ON a.account = me.account AND a.peer = ?9 AND a.luid = asked.value ->> 1 AND a.collection = ",
    collection!("me.account", "asked.value ->> 0"),
    "
LEFT JOIN record AS r ON r.account = a.account AND r.collection = a.collection AND r.id = a.record
LEFT JOIN version AS v ON v.account = a.account AND v.collection = a.collection AND v.record = a.record
  AND r.seq > a.seq AND r.origin <> a.peer AND v.seq =
  (SELECT w.seq FROM version AS w
    WHERE w.account = a.account AND w.collection = a.collection AND w.record = a.record
      AND (w.seq <= a.seq OR w.origin = a.peer)
    ORDER BY w.seq DESC LIMIT 1)"
);

pub const TARGETS: &str = concat!(
    "SELECT asked.value ->> 0 AS path, asked.value ->> 1 AS target, r.collection, r.id, r.seq, ",
    alias!(),
    "
FROM ",
    asked!(),
    "
CROSS JOIN record AS r ON r.account = me.account AND r.collection = ",
    collection!("me.account", "asked.value ->> 0"),
    " AND r.id = coalesce(
  (SELECT t.record FROM alias AS t
    WHERE t.account = me.account AND t.peer = ?9 AND t.temporary = asked.value ->> 1 AND t.collection = ",
    collection!("me.account", "asked.value ->> 0"),
    "
    ORDER BY t.record LIMIT 1), asked.value ->> 1)
LEFT JOIN alias AS a ON a.account = r.account AND a.peer = ?9 AND a.collection = r.collection AND a.record = r.id"
);

pub const MATCHES: &str = concat!(
    "SELECT found.* FROM (
SELECT asked.value ->> 1 AS match_key, r.collection, r.id, r.seq, r.parent, ",
    alias!(),
    ",
  asked.key AS place, CAST(asked.value ->> 2 AS INTEGER) AS times, row_number() OVER (
    PARTITION BY asked.key ORDER BY coalesce(a.generation >= coalesce(b.attempt, 0), 0), r.seq) AS rank
FROM ",
    asked!(),
    "
CROSS JOIN record AS r INDEXED BY record_key
  ON r.account = me.account AND r.key = asked.value ->> 1 AND r.collection = ",
    collection!("me.account", "asked.value ->> 0"),
    "
LEFT JOIN bookmark AS b ON b.account = r.account AND b.peer = ?9 AND b.collection = r.collection
LEFT JOIN alias AS a ON a.account = r.account AND a.peer = ?9 AND a.collection = r.collection AND a.record = r.id
) AS found WHERE rank <= times ORDER BY place, rank"
);

/// Large bodies, chunk by chunk.
pub const CHUNKS: &str = concat!(
    "SELECT c.collection, c.record, c.seq, c.base64, c.body
FROM ",
    asked!(),
    "
CROSS JOIN chunk AS c ON c.account = me.account AND c.collection = asked.value ->> 0
  AND c.record = asked.value ->> 1 AND c.seq = asked.value ->> 2
ORDER BY asked.key, c.start"
);

pub const PIECES: &str = concat!(
    "SELECT leaving, start, body FROM piece WHERE account = ",
    account!(),
    " AND peer = ?8 AND leaving = CAST(?9 AS INTEGER) ORDER BY start LIMIT CAST(?10 AS INTEGER)"
);

/// `record` is walked upwards from each folder asked for; one that is above two of them comes once.
pub const ABOVE: &str = concat!(
    "WITH RECURSIVE above (account, collection, id, depth) AS (
  SELECT r.account, r.collection, r.id, 1
  FROM ",
    asked!(),
    "
  CROSS JOIN record AS r ON r.account = me.account AND r.id = asked.value ->> 1 AND r.collection = ",
    collection!("me.account", "asked.value ->> 0"),
    "
  UNION
  SELECT r.account, r.collection, r.parent, above.depth + 1
  FROM above
  CROSS JOIN record AS r ON r.account = above.account AND r.collection = above.collection AND r.id = above.id
  WHERE r.parent IS NOT NULL AND above.depth < CAST(?10 AS INTEGER))
SELECT r.collection, r.id, r.seq, r.origin, r.parent, r.size, r.form, r.body, ",
    alias!(),
    "
FROM (SELECT DISTINCT account, collection, id FROM above) AS found
CROSS JOIN record AS r ON r.account = found.account AND r.collection = found.collection AND r.id = found.id
LEFT JOIN alias AS a ON a.account = r.account AND a.peer = ?9 AND a.collection = r.collection AND a.record = r.id
ORDER BY r.collection, r.id"
);

pub const CHILDREN: &str = concat!(
    "SELECT r.collection, r.parent, r.id
FROM ",
    asked!(),
    "
CROSS JOIN record AS r ON r.account = me.account AND r.collection = ",
    collection!("me.account", "asked.value ->> 0"),
    " AND r.id IN (
  SELECT c.id FROM record AS c INDEXED BY record_parent
  WHERE c.account = me.account AND c.parent = asked.value ->> 1 AND c.collection = ",
    collection!("me.account", "asked.value ->> 0"),
    "
  ORDER BY c.id LIMIT CAST(?9 AS INTEGER))
ORDER BY asked.key, r.id"
);

/// Staged items, and the folders above them.
pub const WAITING: &str = concat!(
    "WITH RECURSIVE above (account, collection, luid, depth) AS (
  SELECT s.account, s.collection, s.luid, 1
  FROM ",
    asked!(),
    "
  CROSS JOIN staged AS s ON s.account = me.account AND s.peer = ?9 AND s.luid = asked.value ->> 1 AND s.collection = ",
    collection!("me.account", "asked.value ->> 0"),
    "
  UNION
  SELECT s.account, s.collection, s.parent, above.depth + 1
  FROM above
  CROSS JOIN staged AS s
    ON s.account = above.account AND s.peer = ?9 AND s.collection = above.collection AND s.luid = above.luid
  WHERE s.parent <> '' AND above.depth < CAST(?10 AS INTEGER))
SELECT s.collection, s.luid, s.record, s.form, s.parent
FROM (SELECT DISTINCT account, collection, luid FROM above) AS found
CROSS JOIN staged AS s
  ON s.account = found.account AND s.peer = ?9 AND s.collection = found.collection AND s.luid = found.luid
ORDER BY s.collection, s.luid"
);

/// What a device has had and does not stage.
pub const UNSTAGED: &str = concat!(
    "SELECT r.collection, r.id, r.seq, r.origin, r.parent, r.size, r.form, r.body, ",
    alias!(),
    "
FROM (SELECT r.account, r.collection, r.id, sum(r.size) OVER (ORDER BY r.collection, r.id ROWS UNBOUNDED PRECEDING) AS total
  FROM (SELECT ",
    account!(),
    " AS account) AS me
  CROSS JOIN alias AS a ON a.account = me.account AND a.peer = ?9 AND a.luid IS NOT NULL AND a.collection IN (SELECT ",
    collection!("me.account", "value"),
    " FROM json_each(?8))
  CROSS JOIN record AS r ON r.account = a.account AND r.collection = a.collection AND r.id = a.record
  WHERE r.form IS NOT NULL AND NOT EXISTS (SELECT 1 FROM staged AS s
    WHERE s.account = a.account AND s.peer = a.peer AND s.collection = a.collection AND s.record = a.record)) AS found
CROSS JOIN record AS r ON r.account = found.account AND r.collection = found.collection AND r.id = found.id
CROSS JOIN alias AS a ON a.account = r.account AND a.peer = ?9 AND a.collection = r.collection AND a.record = r.id
WHERE found.total <= CAST(?10 AS INTEGER)
ORDER BY r.collection, r.id"
);

/// A record of a page, its body left out where it is not small and the bodies before it fill the page: the sizes are only
/// summed up (once, by the inner question) when a record that is not small comes along.
macro_rules! within {
    ($changes:expr) => {
        concat!(
            "SELECT r.collection, r.id, r.seq, r.origin, r.parent, r.size, r.form,
  CASE WHEN r.size <= CAST(?9 AS INTEGER) OR r.seq IN (
    SELECT seq FROM (
      SELECT seq, size, sum(size) OVER (ORDER BY collection, seq ROWS UNBOUNDED PRECEDING) AS total FROM (
        SELECT r.collection, r.seq, r.size ",
            $changes,
            "))
    WHERE total <= CAST(?10 AS INTEGER) OR total = size)
  THEN r.body END AS body"
        )
    };
}

macro_rules! collection_changes {
    () => {
        concat!(
            "FROM record AS r
WHERE (r.account, r.collection) = (SELECT me.account, ",
            collection!("me.account", "?11"),
            "
    FROM (SELECT ",
            account!(),
            " AS account) AS me)
  AND r.seq > CAST(?12 AS INTEGER) AND r.seq <= CAST(?13 AS INTEGER)
  AND (CAST(?14 AS INTEGER) = 0 OR r.form IS NOT NULL)
ORDER BY r.seq LIMIT CAST(?8 AS INTEGER)"
        )
    };
}

pub const COLLECTION_PAGE: &str = concat!(
    within!(collection_changes!()),
    ",
  NULL AS alias_collection, NULL AS alias_record, NULL AS luid, NULL AS temporary, NULL AS generation, \
     NULL AS alias_seq
",
    collection_changes!()
);

macro_rules! peer_due {
    () => {
        concat!(
            "FROM bookmark AS b
CROSS JOIN record AS r ON r.account = b.account AND r.collection = b.collection
  AND r.seq > CASE WHEN b.sending THEN b.position ELSE b.cursor END
  AND r.seq <= CASE WHEN b.sending AND b.until > 0 THEN b.until ELSE 9007199254740992 END
LEFT JOIN alias AS a ON a.account = b.account AND a.peer = b.peer AND a.collection = b.collection AND a.record = r.id
WHERE b.account = ",
            account!(),
            " AND b.peer = ?12
  AND (b.sending OR b.collection IN (SELECT ",
            collection!("me.account", "value"),
            " FROM (SELECT ",
            account!(),
            " AS account) AS me CROSS JOIN json_each(?11)))
  AND CASE WHEN b.sending AND b.sending_all
    THEN CASE WHEN a.generation >= b.attempt THEN a.seq < r.seq AND r.origin <> b.peer ELSE r.form IS NOT NULL END
    WHEN b.sending AND b.looking > 0
    THEN CASE WHEN a.luid IS NOT NULL AND a.generation >= b.generation
      THEN a.seq < r.seq AND (r.origin <> b.peer OR a.seq < 0) OR b.looking > 1 AND r.form IS NOT NULL
      ELSE r.form IS NOT NULL END
    ELSE r.origin <> b.peer AND (r.form IS NOT NULL OR a.luid IS NOT NULL)
      AND (a.luid IS NULL OR a.generation < b.generation OR a.seq < r.seq)
    END"
        )
    };
}

/// A page of it.
macro_rules! peer_changes {
    () => {
        concat!(
            peer_due!(),
            "
ORDER BY b.collection, r.seq LIMIT min(CAST(?8 AS INTEGER), coalesce((SELECT page_records + 1 FROM session
  WHERE account = ",
            account!(),
            " AND peer = ?12 AND page_records > 0), 9007199254740992))"
        )
    };
}

pub const PEER_PAGE: &str = concat!(within!(peer_changes!()), ",\n  ", alias!(), "\n", peer_changes!());

/// How much of it there is, by collection.
pub const PEER_TOTALS: &str = concat!(
    "SELECT b.collection, count(*) AS total ",
    peer_due!(),
    "\nGROUP BY b.collection ORDER BY b.collection"
);
