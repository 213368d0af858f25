-- What is kept of SyncML sessions for people to look at, one row a message, written with its turn; nobody decides from it.
-- Sessions bear ids of our own that begin with the moment they began. `request` and `reply` are base64 and hold no
-- credentials; they are NULL where they were too large to keep. `since` is the head as read, `head` the one after, NULL where
-- no record was changed. `size` counts the bytes of what stands after it.
CREATE TABLE trace (
  account TEXT    NOT NULL,
  session TEXT    NOT NULL,
  number  INTEGER NOT NULL,
  peer    TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  since   INTEGER NOT NULL,
  head    INTEGER,
  size    INTEGER NOT NULL,
  about   TEXT    NOT NULL,
  items   TEXT    NOT NULL,
  request TEXT,
  reply   TEXT,
  PRIMARY KEY (account, session, number)
) STRICT, WITHOUT ROWID;
