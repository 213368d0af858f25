-- A sync with another server that the operator has arranged (store/arrangement.rs). `definition` is JSON and holds no secret;
-- how far it has come is in bookmark, alias and session, as for a device. `leased` is until when somebody is at it.
CREATE TABLE upstream (
  account    TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  definition TEXT    NOT NULL,
  sealed     TEXT    NOT NULL,
  every      INTEGER NOT NULL,
  due        INTEGER NOT NULL,
  leased     INTEGER NOT NULL,
  failures   INTEGER NOT NULL,
  failed     TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
-- Whose turn it is, over all accounts.
CREATE INDEX upstream_due ON upstream (due);
