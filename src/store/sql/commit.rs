//! Committing: a [`Batch`] as statements.
//!
//! The guard comes first and aborts the whole transaction by asking for JSON that is none ("malformed JSON"); everything
//! after it is written in one order: edits, tokens, records, aliases, bookmarks, the device, its session, throttles, the trace, the sweep,
//! devices forgotten.

use crate::limits;
use crate::peer::Place;
use crate::record::{Content, RecordId, Seq};
use crate::store::sql::{Row, Statement, Value, objects, refresh, text};
use crate::store::{
    Batch, Collection, Cost, Edit, Login, Peer, Receipt, Session, StoreError, Sweep, Throttle,
};
use serde_json::json;

/// The statements that write this batch, to be run as one transaction. Never empty, unless the batch is.
pub fn commit_statements(batch: &Batch) -> Vec<Statement> {
    let mut writes = Writes { account: text(&batch.account.0), statements: Vec::new() };
    writes.guard(batch);
    for edit in &batch.edits {
        if let Edit::AddAccount { created } = edit {
            writes.write(ADD_ACCOUNT, [Value::Integer(*created)]);
        }
    }
    for edit in &batch.edits {
        writes.edit(edit);
    }
    writes.tokens(batch);
    writes.changes(batch);
    writes.aliases(batch);
    writes.refreshes(batch);
    writes.bookmarks(batch);
    if let Some(peer) = &batch.peer {
        writes.peer(&batch.peer_id.0, peer);
    }
    if let Some(session) = &batch.session {
        writes.session(&batch.peer_id.0, session);
    }
    writes.pieces(batch);
    writes.throttles(&batch.throttles);
    writes.trace(batch);
    if let Some(sweep) = &batch.sweep {
        writes.sweep(sweep);
    }
    for edit in &batch.edits {
        if let Edit::ForgetPeer(peer) = edit {
            FORGET_PEER.iter().for_each(|sql| writes.write(sql, [text(&peer.0)]));
        }
    }
    if batch.edits.contains(&Edit::RemoveAccount) {
        for sql in REMOVE_ACCOUNT {
            writes.write(sql, []);
        }
    }
    writes.statements
}

/// What the rows that statements of [`commit_statements`] answered say. Its cost counts batches and statements; rows
/// read and written are for whoever ran them to add.
pub fn receipt(statements: &[Statement], answers: &[Vec<Row>]) -> Result<Receipt, StoreError> {
    let mut head: Seq = 0;
    for (statement, rows) in statements.iter().zip(answers) {
        if !matches!(statement.sql, HEAD | ADD_ACCOUNT | refresh::ROOM | SWEPT) {
            continue;
        }
        match rows.first().and_then(|row| row.first()) {
            Some(Value::Integer(new)) => head = *new,
            _ => return Err(StoreError::Broken("the account did not answer its head".into())),
        }
    }
    let cost = Cost { batches: 1, statements: statements.len() as u64, rows_read: 0, rows_written: 0 };
    Ok(Receipt { head, cost })
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text::encode(text))
}

fn count(count: usize) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The statements, growing. `?1` is the account wherever there is one.
pub(super) struct Writes {
    account: Value,
    statements: Vec<Statement>,
}

impl Writes {
    pub(super) fn write(&mut self, sql: &'static str, more: impl IntoIterator<Item = Value>) {
        let parameters = [self.account.clone()].into_iter().chain(more).collect();
        self.statements.push(Statement { sql, parameters });
    }

    /// One statement for each list, the list as `?2`.
    pub(super) fn write_lists(
        &mut self,
        sql: &'static str,
        items: impl IntoIterator<Item = serde_json::Value>,
        more: &[Value],
    ) {
        for list in text::lists(items) {
            self.write(sql, [list].into_iter().chain(more.iter().cloned()));
        }
    }

    fn guard(&mut self, batch: &Batch) {
        let guard = &batch.guard;
        let added = batch.edits.iter().any(|edit| matches!(edit, Edit::AddAccount { .. }));
        if !batch.account.0.is_empty() {
            let session = guard.session.map_or(Value::Null, Value::Integer);
            let present = Value::Integer(i64::from(!added));
            self.write(GUARD, [present, text(&batch.peer_id.0), session]);
            self.guard_arrangement(guard.arrangement.as_ref());
        }
        let head = [Value::Integer(guard.head)];
        let records = guard.records.iter();
        self.write_lists(
            GUARD_RECORDS,
            records.map(|(collection, id)| json!([text::encode(&collection.0), id.as_str()])),
            &head,
        );
        let matches = guard.matches.iter();
        self.write_lists(
            GUARD_MATCHES,
            matches.map(|(collection, key)| json!([text::encode(&collection.0), text::encode(key)])),
            &head,
        );
        let parents = guard.parents.iter();
        self.write_lists(
            GUARD_PARENTS,
            parents.map(|(collection, id)| json!([text::encode(&collection.0), id.as_str()])),
            &head,
        );
        self.unread(batch);
        let inserts = batch.changes.iter().filter(|change| change.insert);
        self.write_lists(
            GUARD_INSERTS,
            inserts.map(|change| json!([text::encode(&change.collection.0), change.id.as_str()])),
            &[],
        );
    }

    fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::AddAccount { .. } | Edit::RemoveAccount | Edit::ForgetPeer(_) => {} // First of all, and last of all.
            Edit::PutLogin(Login { name, sealed, local, .. }) => {
                self.write(PUT_LOGIN, [text(name), text(sealed), Value::Integer(i64::from(*local))]);
            }
            Edit::PutCollection(collection) => self.collection(collection),
            Edit::RevokeToken(hash) => self.write(REVOKE_TOKEN, [text(hash)]),
            Edit::PutArrangement(arrangement) => self.put_arrangement(arrangement),
            Edit::DropArrangement(name) => self.drop_arrangement(name),
            Edit::SetPeer(peer, settings) => self.write(SET_PEER, [text(&peer.0), text(settings)]),
        }
    }

    fn collection(&mut self, collection: &Collection) {
        let id = text(&collection.id.0);
        let aliases: Vec<String> = collection.aliases.iter().map(|alias| text::encode(alias)).collect();
        let aliases = Value::Text(json!(aliases).to_string());
        let definition = Value::Text(json!(collection).to_string());
        self.write(GUARD_PATHS, [id.clone(), aliases.clone()]);
        self.write(PUT_COLLECTION, [id.clone(), definition]);
        self.write(REMOVE_PATHS, [id.clone()]);
        self.write(PUT_PATHS, [id, aliases]);
    }

    fn tokens(&mut self, batch: &Batch) {
        let tokens = batch.tokens.iter();
        self.write_lists(
            PUT_TOKENS,
            tokens.map(|token| {
                let texts = [&token.hash, &token.login, &token.label].map(|text| text::encode(text));
                json!([texts, token.created, token.expires])
            }),
            &[],
        );
    }

    fn changes(&mut self, batch: &Batch) {
        if batch.changes.is_empty() {
            return;
        }
        let changes = count(batch.changes.len());
        self.write(HEAD, [changes.clone(), Value::Integer(batch.now)]);
        let indexed = || batch.changes.iter().enumerate();
        let superseding = indexed().filter(|(_, change)| change.supersede);
        self.write_lists(
            SUPERSEDE,
            superseding.map(|(index, new)| json!([index, text::encode(&new.collection.0), new.id.as_str()])),
            std::slice::from_ref(&changes),
        );
        self.chunks(batch, &changes);
        let rows = indexed().map(|(index, new)| {
            let (form, body, size) = match &new.content {
                Content::Deleted => (None, None, 0),
                // Refused by the guard.
                Content::Large(large) => (Some(text::encode(&large.form.label())), Some(String::new()), 0),
                Content::Body(body) => {
                    let (form, text) = text::encode_body(body);
                    (Some(form), Some(text), body.bytes.len())
                }
            };
            let key = new.key.as_ref().map(|key| text::encode(key));
            let origin = text::encode(&new.origin);
            let (collection, id) = (text::encode(&new.collection.0), new.id.as_str());
            let parent = new.parent.as_ref().filter(|_| form.is_some()).map(RecordId::as_str);
            json!([index, collection, id, origin, key, form, size, body, parent])
        });
        self.write_lists(PUT_RECORDS, rows, &[changes]);
    }

    fn aliases(&mut self, batch: &Batch) {
        let peer = [text(&batch.peer_id.0)];
        let outdated = batch.outdated.iter();
        self.write_lists(
            OUTDATED,
            outdated.map(|(collection, generation)| json!([text::encode(&collection.0), generation])),
            &peer,
        );
        let dropped = batch.dropped.iter();
        self.write_lists(
            DROPPED,
            dropped.map(|(collection, record)| json!([text::encode(&collection.0), record.as_str()])),
            &peer,
        );
        let rows = batch.aliases.iter().map(|alias| {
            let luid = alias.luid.as_ref().map(|luid| text::encode(&luid.0));
            let temporary = alias.temporary.as_ref().map(|temporary| text::encode(temporary));
            let (collection, record) = (text::encode(&alias.collection.0), alias.record.as_str());
            json!([collection, record, luid, temporary, alias.generation, alias.seq])
        });
        self.write_lists(PUT_ALIASES, rows, &peer);
        let rows = batch.acknowledged.iter().map(|taken| {
            json!([text::encode(&taken.collection.0), taken.record.as_str(), taken.generation, taken.seq])
        });
        self.write_lists(ACKNOWLEDGED, rows, &peer);
    }

    fn bookmarks(&mut self, batch: &Batch) {
        let rows = batch.bookmarks.iter().map(|b| {
            let place = |place: &Place| {
                json!([
                    place.cursor,
                    text::encode(&place.anchor),
                    text::encode(&place.own_anchor),
                    place.generation
                ])
            };
            let sending =
                [i64::from(b.sending), i64::from(b.sending_all), b.position, b.until, b.held, b.attempt];
            let left_out = json!([
                text::encode(&b.confirmed.left_out),
                text::encode(&b.offered.left_out),
                b.looking as i64
            ]);
            json!([text::encode(&b.collection.0), place(&b.confirmed), place(&b.offered), sending, left_out])
        });
        self.write_lists(PUT_BOOKMARKS, rows, &[text(&batch.peer_id.0)]);
    }

    fn peer(&mut self, id: &str, peer: &Peer) {
        let texts = [id, &peer.login, &peer.nonce, &peer.device, &peer.settings].map(text);
        let numbers = [peer.temporaries, peer.seen].map(Value::Integer);
        self.write(PUT_PEER, texts.into_iter().chain(numbers));
    }

    fn session(&mut self, peer: &str, session: &Session) {
        self.write(OPEN_SESSION, [text(peer), text(&session.token)]);
        let texts =
            [peer, &session.login, &session.session_id, &session.address, &session.state, &session.request];
        let reply = Value::Text(text::encode_bytes(&session.reply));
        let numbers =
            [session.version, session.message, session.expires, session.page_records].map(Value::Integer);
        self.write(PUT_SESSION, texts.map(text).into_iter().chain([reply]).chain(numbers));
    }

    fn throttles(&mut self, throttles: &[Throttle]) {
        let over = throttles.iter().filter(|throttle| throttle.failures <= 0);
        let over = text::lists(over.map(|throttle| json!(text::encode(&throttle.key))));
        let rows = throttles.iter().filter(|throttle| throttle.failures > 0);
        let rows = text::lists(rows.map(|t| json!([text::encode(&t.key), t.failures, t.until])));
        let removed =
            over.into_iter().map(|list| Statement { sql: REMOVE_THROTTLES, parameters: vec![list] });
        let put = rows.into_iter().map(|list| Statement { sql: PUT_THROTTLES, parameters: vec![list] });
        self.statements.extend(removed.chain(put));
    }

    fn sweep(&mut self, sweep: &Sweep) {
        self.write(SWEEP_TOMBSTONES, [Value::Integer(sweep.horizon)]);
        self.write(SWEEP_VERSIONS, [Value::Integer(sweep.horizon)]);
        self.write(objects::SWEEP_CHUNKS, []);
        self.write(SWEEP_SESSIONS, [Value::Integer(sweep.horizon)]);
        self.write(objects::SWEEP_PIECES, []);
        self.sweep_traces(sweep);
        for sql in refresh::SWEEP_STAGED {
            self.write(sql, [Value::Integer(sweep.now - limits::STAGED_MS)]);
        }
        let parameters = vec![Value::Integer(sweep.now)];
        self.statements.push(Statement { sql: SWEEP_THROTTLES, parameters });
        self.write(SWEPT, [Value::Integer(sweep.horizon), Value::Integer(sweep.now)]);
    }
}

const _: () = assert!(limits::RECORD_BYTES_MAX * 2 < limits::ROW_BYTES_MAX);

// ---------------------------------------------------------------------------------------------------------- statements

const GUARD: &str = "SELECT CASE
  WHEN (SELECT count(*) FROM account WHERE id = ?1) <> CAST(?2 AS INTEGER) THEN json('the account')
  WHEN ?4 IS NOT NULL AND CAST(?4 AS INTEGER) <>
    coalesce((SELECT version FROM session WHERE account = ?1 AND peer = ?3), 0) THEN json('the session')
END AS stands";

const GUARD_RECORDS: &str = "SELECT CASE WHEN EXISTS (
  SELECT 1 FROM json_each(?2) AS asked CROSS JOIN record AS r
    ON r.account = ?1 AND r.collection = asked.value ->> 0 AND r.id = asked.value ->> 1
  WHERE r.seq > CAST(?3 AS INTEGER)
) THEN json('a record') END AS stands";

const GUARD_MATCHES: &str = "SELECT CASE WHEN EXISTS (
  SELECT 1 FROM json_each(?2) AS asked CROSS JOIN record AS r INDEXED BY record_key
    ON r.account = ?1 AND r.collection = asked.value ->> 0 AND r.key = asked.value ->> 1
  WHERE r.seq > CAST(?3 AS INTEGER)
) THEN json('a match') END AS stands";

const GUARD_PARENTS: &str = "SELECT CASE WHEN EXISTS (
  SELECT 1 FROM json_each(?2) AS asked CROSS JOIN record AS r INDEXED BY record_parent
    ON r.account = ?1 AND r.collection = asked.value ->> 0 AND r.parent = asked.value ->> 1
  WHERE r.seq > CAST(?3 AS INTEGER)
) THEN json('a folder') END AS stands";

const GUARD_INSERTS: &str = "SELECT CASE WHEN EXISTS (
  SELECT 1 FROM json_each(?2) AS asked CROSS JOIN record AS r
    ON r.account = ?1 AND r.collection = asked.value ->> 0 AND r.id = asked.value ->> 1
) THEN json('an id') END AS stands";

const GUARD_PATHS: &str = "SELECT CASE
  WHEN EXISTS (SELECT 1 FROM path WHERE account = ?1 AND collection <> ?2
    AND (path = ?2 OR path IN (SELECT value FROM json_each(?3)))) THEN json('a path')
  WHEN EXISTS (SELECT 1 FROM collection WHERE account = ?1 AND id <> ?2
    AND id IN (SELECT value FROM json_each(?3))) THEN json('a path')
END AS stands";

const ADD_ACCOUNT: &str = "INSERT INTO account (id, head, swept) VALUES (?1, ?2, ?2) RETURNING head";

const REMOVE_ACCOUNT: [&str; 17] = [
    "DELETE FROM upstream WHERE account = ?1",
    "DELETE FROM trace WHERE account = ?1",
    "DELETE FROM chunk WHERE account = ?1",
    "DELETE FROM piece WHERE account = ?1",
    "DELETE FROM record WHERE account = ?1",
    "DELETE FROM version WHERE account = ?1",
    "DELETE FROM staged WHERE account = ?1",
    "DELETE FROM staged_chunk WHERE account = ?1",
    "DELETE FROM alias WHERE account = ?1",
    "DELETE FROM bookmark WHERE account = ?1",
    "DELETE FROM peer WHERE account = ?1",
    "DELETE FROM session WHERE account = ?1",
    "DELETE FROM path WHERE account = ?1",
    "DELETE FROM collection WHERE account = ?1",
    "DELETE FROM token WHERE account = ?1",
    "DELETE FROM login WHERE account = ?1",
    "DELETE FROM account WHERE id = ?1",
];

const PUT_LOGIN: &str = "INSERT INTO login (account, name, sealed, local) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, local = excluded.local,
  account = CASE WHEN account = excluded.account THEN account ELSE json('a login') END";

const PUT_COLLECTION: &str = "INSERT INTO collection (account, id, definition) VALUES (?1, ?2, ?3)
ON CONFLICT (account, id) DO UPDATE SET definition = excluded.definition";

const REMOVE_PATHS: &str = "DELETE FROM path WHERE account = ?1 AND collection = ?2";

const PUT_PATHS: &str = "INSERT INTO path (account, path, collection)
SELECT DISTINCT ?1, value, ?2 FROM json_each(?3) WHERE value <> ?2";

const PUT_TOKENS: &str = "INSERT INTO token (account, hash, login, label, created, expires)
SELECT ?1, value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]', value ->> 1, value ->> 2
FROM json_each(?2) WHERE true
ON CONFLICT (hash) DO UPDATE SET login = excluded.login, label = excluded.label, created = excluded.created,
  expires = excluded.expires, account = CASE WHEN account = excluded.account THEN account ELSE json('a token') END";

const REVOKE_TOKEN: &str = "DELETE FROM token WHERE hash = ?2 AND account = ?1";

const SET_PEER: &str = "UPDATE peer SET settings = ?3 WHERE account = ?1 AND id = ?2";

const FORGET_PEER: [&str; 7] = [
    "DELETE FROM piece WHERE account = ?1 AND peer = ?2",
    "DELETE FROM staged WHERE account = ?1 AND peer = ?2",
    "DELETE FROM staged_chunk WHERE account = ?1 AND peer = ?2",
    "DELETE FROM alias WHERE account = ?1 AND peer = ?2",
    "DELETE FROM bookmark WHERE account = ?1 AND peer = ?2",
    "DELETE FROM session WHERE account = ?1 AND peer = ?2",
    "DELETE FROM peer WHERE account = ?1 AND id = ?2",
];

const HEAD: &str = "UPDATE account SET head = max(head + CAST(?2 AS INTEGER), CAST(?3 AS INTEGER))
WHERE id = ?1 RETURNING head";

const SUPERSEDE: &str = "INSERT INTO version (account, collection, record, seq, superseded, origin, size, form, body)
SELECT r.account, r.collection, r.id, r.seq, me.head - CAST(?3 AS INTEGER) + 1 + (asked.value ->> 0), r.origin, \
                         r.size, r.form, r.body
FROM account AS me CROSS JOIN json_each(?2) AS asked
CROSS JOIN record AS r ON r.account = me.id AND r.collection = asked.value ->> 1 AND r.id = asked.value ->> 2
WHERE me.id = ?1 AND r.form IS NOT NULL";

const PUT_RECORDS: &str =
    "INSERT INTO record (account, collection, id, seq, origin, key, form, size, body, parent)
SELECT me.id, new.value ->> 1, new.value ->> 2, me.head - CAST(?3 AS INTEGER) + 1 + (new.value ->> 0),
  new.value ->> 3, new.value ->> 4, new.value ->> 5, new.value ->> 6, new.value ->> 7, new.value ->> 8
FROM account AS me CROSS JOIN json_each(?2) AS new WHERE me.id = ?1
ON CONFLICT (account, collection, id) DO UPDATE SET seq = excluded.seq, origin = excluded.origin,
  key = excluded.key, form = excluded.form, size = excluded.size, body = excluded.body,
  parent = excluded.parent";

const OUTDATED: &str = "DELETE FROM alias WHERE (account, peer, collection, record) IN (
  SELECT a.account, a.peer, a.collection, a.record FROM json_each(?2) AS asked
  CROSS JOIN alias AS a ON a.account = ?1 AND a.peer = ?3 AND a.collection = asked.value ->> 0
  WHERE a.generation < asked.value ->> 1)";

const DROPPED: &str = "DELETE FROM alias WHERE (account, peer, collection, record) IN (
  SELECT ?1, ?3, value ->> 0, value ->> 1 FROM json_each(?2))";

const PUT_ALIASES: &str = "INSERT OR REPLACE INTO alias (account, peer, collection, record, luid, temporary, generation, seq)
SELECT ?1, ?3, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?2)";

const ACKNOWLEDGED: &str = "INSERT INTO alias (account, peer, collection, record, generation, seq)
SELECT ?1, ?3, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?2) WHERE true
ON CONFLICT (account, peer, collection, record) DO UPDATE SET generation = excluded.generation, seq = excluded.seq";

const PUT_BOOKMARKS: &str = "INSERT INTO bookmark (account, peer, collection, cursor, anchor, own_anchor, generation,
  offered_cursor, offered_anchor, offered_own_anchor, offered_generation, sending, sending_all, position, until, held, attempt,
  left_out, offered_left_out, looking)
SELECT ?1, ?3, value ->> 0, value ->> '$[1][0]', value ->> '$[1][1]', value ->> '$[1][2]', value ->> '$[1][3]',
  value ->> '$[2][0]', value ->> '$[2][1]', value ->> '$[2][2]', value ->> '$[2][3]', value ->> '$[3][0]',
  value ->> '$[3][1]', value ->> '$[3][2]', value ->> '$[3][3]', value ->> '$[3][4]', value ->> '$[3][5]',
  value ->> '$[4][0]', value ->> '$[4][1]', value ->> '$[4][2]'
FROM json_each(?2) WHERE true
ON CONFLICT (account, peer, collection) DO UPDATE SET cursor = excluded.cursor, anchor = excluded.anchor,
  own_anchor = excluded.own_anchor, generation = excluded.generation, offered_cursor = excluded.offered_cursor,
  offered_anchor = excluded.offered_anchor, offered_own_anchor = excluded.offered_own_anchor,
  offered_generation = excluded.offered_generation, sending = excluded.sending, sending_all = excluded.sending_all,
  position = excluded.position, until = excluded.until, held = excluded.held, attempt = excluded.attempt,
  left_out = excluded.left_out, offered_left_out = excluded.offered_left_out, looking = excluded.looking";

const PUT_PEER: &str = "INSERT INTO peer (account, id, login, nonce, device, settings, temporaries, seen)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (account, id) DO UPDATE SET login = excluded.login, nonce = excluded.nonce, device = excluded.device,
  temporaries = excluded.temporaries, seen = excluded.seen";

/// Only a new token touches the indexes; [`PUT_SESSION`] writes one row.
const OPEN_SESSION: &str = "INSERT INTO session (account, peer, token) SELECT ?1, ?2, ?3
WHERE NOT EXISTS (SELECT 1 FROM session WHERE account = ?1 AND peer = ?2 AND token = ?3)
ON CONFLICT (account, peer) DO UPDATE SET token = excluded.token";

const PUT_SESSION: &str =
    "UPDATE session SET login = ?3, session_id = ?4, address = ?5, state = ?6, request = ?7,
  reply = ?8, version = ?9, message = ?10, expires = ?11, page_records = ?12
WHERE account = ?1 AND peer = ?2";

const REMOVE_THROTTLES: &str = "DELETE FROM throttle WHERE key IN (SELECT value FROM json_each(?1))";

const PUT_THROTTLES: &str = "INSERT INTO throttle (key, failures, until)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, until = excluded.until";

const SWEEP_TOMBSTONES: &str =
    "DELETE FROM record WHERE account = ?1 AND form IS NULL AND seq <= CAST(?2 AS INTEGER)";

const SWEEP_VERSIONS: &str = "DELETE FROM version WHERE account = ?1 AND superseded <= CAST(?2 AS INTEGER)";

const SWEEP_SESSIONS: &str = "DELETE FROM session WHERE account = ?1 AND expires < CAST(?2 AS INTEGER)";

const SWEEP_THROTTLES: &str = "DELETE FROM throttle WHERE until < CAST(?1 AS INTEGER)";

const SWEPT: &str =
    "UPDATE account SET horizon = max(horizon, CAST(?2 AS INTEGER)), swept = CAST(?3 AS INTEGER)
WHERE id = ?1 RETURNING head";
