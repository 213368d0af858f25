-- Large objects. A record or a superseded version whose form ends in `;chunks` has no body of its own: it is spread over
-- these rows, in the order of `start`, the place of each row's first byte in the whole.
CREATE TABLE chunk (
  account    TEXT    NOT NULL,
  collection TEXT    NOT NULL,
  record     TEXT    NOT NULL,
  seq        INTEGER NOT NULL,
  start      INTEGER NOT NULL,
  base64     INTEGER NOT NULL,
  body       TEXT    NOT NULL,
  PRIMARY KEY (account, collection, record, seq, start)
) STRICT, WITHOUT ROWID;

-- The bytes of a superseded body, as in its record.
ALTER TABLE version ADD COLUMN size INTEGER NOT NULL DEFAULT 0;

-- Pieces of the one object that is arriving from a device, and of the one that is leaving for it; the body is base64. What
-- they are pieces of is said in the session's state.
CREATE TABLE piece (
  account TEXT    NOT NULL,
  peer    TEXT    NOT NULL,
  leaving INTEGER NOT NULL,
  start   INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  PRIMARY KEY (account, peer, leaving, start)
) STRICT, WITHOUT ROWID;
