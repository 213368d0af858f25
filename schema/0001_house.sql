-- Every key begins with the account, and every table is WITHOUT ROWID: a look-up by key reads one row, a write writes one.
-- Text never holds NUL (store/sql/text.rs escapes it). Stamps and moments are epoch milliseconds.

-- The tenant. Its head is the stamp of its last change.
CREATE TABLE account (
  id      TEXT    NOT NULL PRIMARY KEY,
  head    INTEGER NOT NULL,
  horizon INTEGER NOT NULL DEFAULT 0,
  swept   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Somebody who may sign in; the name is unique over all accounts.
CREATE TABLE login (
  name    TEXT    NOT NULL PRIMARY KEY,
  account TEXT    NOT NULL,
  sealed  TEXT    NOT NULL,
  local   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_account ON login (account);

-- A MAX/JSON token, by hash.
CREATE TABLE token (
  hash    TEXT    NOT NULL PRIMARY KEY,
  account TEXT    NOT NULL,
  login   TEXT    NOT NULL,
  label   TEXT    NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_account ON token (account);

-- Failed logins under one key. The only table without an account: a failure has none.
CREATE TABLE throttle (
  key      TEXT    NOT NULL PRIMARY KEY,
  failures INTEGER NOT NULL,
  until    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A collection as JSON, and the other paths it answers to.
CREATE TABLE collection (
  account    TEXT NOT NULL,
  id         TEXT NOT NULL,
  definition TEXT NOT NULL,
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE path (
  account    TEXT NOT NULL,
  path       TEXT NOT NULL,
  collection TEXT NOT NULL,
  PRIMARY KEY (account, path)
) STRICT, WITHOUT ROWID;

-- The latest state of a record. A tombstone has no form and no body. `size` counts the bytes of the body and stands before
-- it, so that a row can be measured without reading it. `form` may end in `;base64`: then the body is that.
CREATE TABLE record (
  account    TEXT    NOT NULL,
  collection TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  seq        INTEGER NOT NULL,
  origin     TEXT    NOT NULL,
  key        TEXT,
  form       TEXT,
  size       INTEGER NOT NULL,
  body       TEXT,
  PRIMARY KEY (account, collection, id)
) STRICT, WITHOUT ROWID;
-- What changed after a position; UNIQUE turns any mistake in stamping into an aborted batch.
CREATE UNIQUE INDEX record_seq ON record (account, collection, seq);
-- Slow syncs recognise equal content by it; MAX tables have no keys and pay nothing.
CREATE INDEX record_key ON record (account, collection, key) WHERE key IS NOT NULL;
-- The sweep finds what is past its time without reading what is alive.
CREATE INDEX record_tombstone ON record (account, seq) WHERE form IS NULL;

-- Superseded contents, kept for three-way merging. `superseded` is the stamp of the change that took the place.
CREATE TABLE version (
  account    TEXT    NOT NULL,
  collection TEXT    NOT NULL,
  record     TEXT    NOT NULL,
  seq        INTEGER NOT NULL,
  superseded INTEGER NOT NULL,
  origin     TEXT    NOT NULL,
  form       TEXT    NOT NULL,
  body       TEXT    NOT NULL,
  PRIMARY KEY (account, collection, record, seq)
) STRICT, WITHOUT ROWID;

-- A device's row.
CREATE TABLE peer (
  account     TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  login       TEXT    NOT NULL,
  nonce       TEXT    NOT NULL,
  device      TEXT    NOT NULL,
  temporaries INTEGER NOT NULL,
  settings    TEXT    NOT NULL,
  seen        INTEGER NOT NULL,
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

-- What a device holds of a record.
CREATE TABLE alias (
  account    TEXT    NOT NULL,
  peer       TEXT    NOT NULL,
  collection TEXT    NOT NULL,
  record     TEXT    NOT NULL,
  luid       TEXT,
  temporary  TEXT,
  generation INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  PRIMARY KEY (account, peer, collection, record)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX alias_luid ON alias (account, peer, collection, luid) WHERE luid IS NOT NULL;
CREATE INDEX alias_temporary ON alias (account, peer, collection, temporary) WHERE temporary IS NOT NULL;

-- How far a device has come in a collection.
CREATE TABLE bookmark (
  account        TEXT    NOT NULL,
  peer           TEXT    NOT NULL,
  collection     TEXT    NOT NULL,
  cursor             INTEGER NOT NULL,
  anchor             TEXT    NOT NULL,
  own_anchor         TEXT    NOT NULL,
  generation         INTEGER NOT NULL,
  offered_cursor     INTEGER NOT NULL,
  offered_anchor     TEXT    NOT NULL,
  offered_own_anchor TEXT    NOT NULL,
  offered_generation INTEGER NOT NULL,
  attempt            INTEGER NOT NULL,
  position       INTEGER NOT NULL,
  until          INTEGER NOT NULL,
  sending        INTEGER NOT NULL,
  sending_all    INTEGER NOT NULL,
  held           INTEGER NOT NULL,
  PRIMARY KEY (account, peer, collection)
) STRICT, WITHOUT ROWID;

-- A device's one session; `reply` is base64.
CREATE TABLE session (
  account    TEXT    NOT NULL,
  peer       TEXT    NOT NULL,
  token      TEXT    NOT NULL,
  login      TEXT    NOT NULL DEFAULT '',
  session_id TEXT    NOT NULL DEFAULT '',
  address    TEXT    NOT NULL DEFAULT '',
  version    INTEGER NOT NULL DEFAULT 0,
  message    INTEGER NOT NULL DEFAULT 0,
  request    TEXT    NOT NULL DEFAULT '',
  expires    INTEGER NOT NULL DEFAULT 0,
  page_records INTEGER NOT NULL DEFAULT 0,
  state      TEXT    NOT NULL DEFAULT '',
  reply      TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (account, peer)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX session_token ON session (token) WHERE token <> '';
CREATE INDEX session_peer ON session (peer);
