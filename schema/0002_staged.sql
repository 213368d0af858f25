-- What a device sends while it refreshes a collection (alert 203): kept apart until its package is complete, so that a
-- connection that breaks half-way leaves everything as it was. No body: the record stays as it is.
CREATE TABLE staged (
  account    TEXT    NOT NULL,
  peer       TEXT    NOT NULL,
  collection TEXT    NOT NULL,
  luid       TEXT    NOT NULL,
  record     TEXT    NOT NULL,
  key        TEXT,
  form       TEXT,
  size       INTEGER NOT NULL,
  body       TEXT,
  PRIMARY KEY (account, peer, collection, luid)
) STRICT, WITHOUT ROWID;
CREATE INDEX staged_record ON staged (account, peer, collection, record);
