-- Something in every table, as the first schema had it. Never changed: later schemas must carry it.
INSERT INTO account (id, head, horizon, swept) VALUES ('a', 1700000000002, 5, 6);
INSERT INTO login (name, account, sealed, local) VALUES ('ann', 'a', 'sealed', 0);
INSERT INTO token (hash, account, login, label, created, expires) VALUES ('h', 'a', 'ann', 'app', 1, 0);
INSERT INTO throttle (key, failures, until) VALUES ('ann from ::1', 3, 9);
INSERT INTO collection (account, id, definition)
VALUES ('a', 'contacts', '{"id":"contacts","aliases":["card"],"kind":"contacts","fields":[]}');
INSERT INTO path (account, path, collection) VALUES ('a', 'card', 'contacts');
INSERT INTO record (account, collection, id, seq, origin, key, form, size, body)
VALUES ('a', 'contacts', 'r1', 1700000000001, 'phone', 'k', 'vcard2.1', 4, 'body'),
  ('a', 'contacts', 'r2', 1700000000002, '', NULL, NULL, 0, NULL);
INSERT INTO version (account, collection, record, seq, superseded, origin, form, body)
VALUES ('a', 'contacts', 'r1', 1600000000000, 1700000000001, '', 'vcard2.1;base64', 'Ym9keQ==');
INSERT INTO peer (account, id, login, nonce, device, temporaries, settings, seen)
VALUES ('a', 'phone', 'ann', 'n', '{}', 1, '', 7);
INSERT INTO alias (account, peer, collection, record, luid, temporary, generation, seq)
VALUES ('a', 'phone', 'contacts', 'r1', '1', 't', 1, 5);
INSERT INTO bookmark (account, peer, collection, cursor, anchor, own_anchor, generation, offered_cursor, offered_anchor,
  offered_own_anchor, offered_generation, attempt, position, until, sending, sending_all, held)
VALUES ('a', 'phone', 'contacts', 1, 'a', 'c', 1, 2, 'b', 'd', 1, 1, 0, 0, 0, 0, 0);
INSERT INTO session (account, peer, token, login, session_id, address, version, message, request, expires, state, reply)
VALUES ('a', 'phone', 's', 'ann', '1', '::1', 1, 2, 'r', 9, '{}', 'AP8=');
