-- The folder a staged item is to be in, by the device's id: NULL where it does not say, empty for none.
ALTER TABLE staged ADD COLUMN parent TEXT;

-- The bytes of staged items that are more than a row holds, as in chunk. A folder's id is known only when all is here, and so is
-- the stamp; then they are laid under it.
CREATE TABLE staged_chunk (
  account    TEXT    NOT NULL,
  peer       TEXT    NOT NULL,
  collection TEXT    NOT NULL,
  luid       TEXT    NOT NULL,
  start      INTEGER NOT NULL,
  base64     INTEGER NOT NULL,
  body       TEXT    NOT NULL,
  PRIMARY KEY (account, peer, collection, luid, start)
) STRICT, WITHOUT ROWID;
