//! Reading: what a [`Reads`] asks as statements, and the rows they answer as a [`Snapshot`].
//!
//! Every statement finds the account by itself (`account!`, `?1` to `?7`), so that one batch asks everything and no question
//! lacks the account. Joins are CROSS so that SQLite walks them in the order written: the tests hold the plans.

use crate::peer::PeerId;
use crate::record::{CollectionId, RecordId, Seq};
use crate::store::sql::rows::Columns;
use crate::store::sql::{Row, Statement, Value, text};
use crate::store::{Cost, Found, Held, Outgoing, PageAsk, Reads, Snapshot, StoreError, Target, Who};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What a statement asks, and so how its rows are read.
#[derive(Clone, Copy)]
enum Question {
    Account,
    Throttles,
    Collections,
    Peer,
    Session,
    Bookmarks,
    Records,
    Luids,
    Targets,
    Matches,
    Page,
}

/// The statements that ask for all of this, to be run as one transaction; an empty list asks nothing.
pub fn statements(reads: &Reads) -> Vec<Statement> {
    questions(reads).into_iter().map(|(_, statement)| statement).collect()
}

/// The rows that [`statements`] of the same `reads` answered, each statement's in its place, as a snapshot. Its cost counts
/// batches and statements; rows read and written are for whoever ran them to add.
pub fn snapshot(reads: &Reads, answers: Vec<Vec<Row>>) -> Result<Snapshot, StoreError> {
    let questions = questions(reads);
    if questions.len() != answers.len() {
        return Err(StoreError::Broken(format!(
            "{} answers to {} questions",
            answers.len(),
            questions.len()
        )));
    }
    let cost = Cost { batches: 1, statements: questions.len() as u64, rows_read: 0, rows_written: 0 };
    let mut snapshot = Snapshot { cost, ..Snapshot::default() };
    let mut page = Page::of(reads.page.as_ref());
    let mut seen = BTreeSet::new();
    for ((question, _), rows) in questions.into_iter().zip(answers) {
        for row in rows {
            let mut row = Columns::of(row);
            match question {
                Question::Account => {
                    snapshot.account = row.account()?;
                    snapshot.login = row.login()?;
                    snapshot.token = row.token()?;
                    snapshot.collections.extend(row.collection()?);
                }
                Question::Throttles => snapshot.throttles.push(row.throttle()?),
                Question::Collections => snapshot.collections.extend(row.collection()?),
                Question::Peer => snapshot.peer = Some(row.peer()?),
                Question::Session => {
                    let session = row.session()?;
                    page.bound(session.page_records);
                    snapshot.session = Some(session);
                }
                Question::Bookmarks => snapshot.bookmarks.push(row.bookmark()?),
                Question::Records => {
                    let record = row.record()?;
                    snapshot
                        .records
                        .extend(record.filter(|new| seen.insert((new.collection.clone(), new.id.clone()))));
                }
                Question::Luids => {
                    let held = held(&mut row)?;
                    let at = (held.alias.collection.clone(), held.alias.record.clone());
                    snapshot.held.extend(seen.insert(at).then_some(held));
                }
                Question::Targets => snapshot.targets.push(target(&mut row)?),
                Question::Matches => snapshot.found.push(found(&mut row)?),
                Question::Page => page.take(&mut row)?,
            }
        }
        seen.clear();
    }
    (snapshot.page, snapshot.more) = (page.records, page.more);
    Ok(snapshot)
}

fn held(row: &mut Columns) -> Result<Held, StoreError> {
    let alias = row.alias()?.ok_or_else(|| StoreError::Broken("an alias is missing".into()))?;
    Ok(Held { alias, record: row.record()?, base: row.body()? })
}

fn target(row: &mut Columns) -> Result<Target, StoreError> {
    Ok(Target {
        path: row.text()?,
        target: row.text()?,
        collection: CollectionId(row.text()?),
        record: row.record_id()?,
        seq: row.integer()?,
        alias: row.alias()?,
    })
}

fn found(row: &mut Columns) -> Result<Found, StoreError> {
    Ok(Found {
        key: row.text()?,
        collection: CollectionId(row.text()?),
        record: row.record_id()?,
        seq: row.integer()?,
        alias: row.alias()?,
    })
}

/// A page being cut: the statement answers at most one record too many, and leaves out bodies far beyond the bytes.
#[derive(Default)]
struct Page {
    records: Vec<Outgoing>,
    more: bool,
    bytes: usize,
    records_max: usize,
    bytes_max: usize,
}

impl Page {
    fn of(ask: Option<&PageAsk>) -> Self {
        match ask {
            None => Self::default(),
            Some(
                PageAsk::Collection { records_max, bytes_max, .. }
                | PageAsk::Peer { records_max, bytes_max, .. },
            ) => Self { records_max: *records_max, bytes_max: *bytes_max, ..Self::default() },
        }
    }

    /// A device's own bound on the page ([`crate::store::Session::page_records`]); 0 says nothing.
    fn bound(&mut self, records_max: i64) {
        if let Some(records_max) = usize::try_from(records_max).ok().filter(|records_max| *records_max > 0) {
            self.records_max = self.records_max.min(records_max);
        }
    }

    fn take(&mut self, row: &mut Columns) -> Result<(), StoreError> {
        if self.more {
            return Ok(());
        }
        let measured = row.measured()?.ok_or_else(|| StoreError::Broken("a record cannot be read".into()))?;
        self.bytes = self.bytes.saturating_add(measured.size);
        let full = self.bytes > self.bytes_max && !self.records.is_empty();
        if self.records.len() >= self.records_max || full {
            self.more = true;
            return Ok(());
        }
        let alias = row.alias()?;
        let record = measured.record().ok_or_else(|| StoreError::Broken("a page lacks a body".into()))?;
        self.records.push(Outgoing { record, alias });
        Ok(())
    }
}

// ----------------------------------------------------------------------------------------------------------- questions

fn questions(reads: &Reads) -> Vec<(Question, Statement)> {
    let who = who(reads);
    let with = |more: &[Value]| -> Vec<Value> { who.iter().chain(more).cloned().collect() };
    let peer = reads.peer.as_ref().map_or(Value::Null, |peer| Value::Text(text::encode(&peer.0)));
    let mut asked = Vec::new();
    let mut ask = |question, sql, parameters| asked.push((question, Statement { sql, parameters }));

    let path = reads.collection.as_ref().filter(|_| !reads.collections);
    ask(
        Question::Account,
        if matches!(reads.who, Who::Token(_)) { ACCOUNT_OF_TOKEN } else { ACCOUNT },
        with(&[path.map_or(Value::Null, |path| Value::Text(text::encode(path)))]),
    );
    for keys in text::lists(reads.throttles.iter().map(|key| json!(text::encode(key)))) {
        ask(Question::Throttles, THROTTLES, vec![keys]);
    }
    if reads.collections {
        ask(Question::Collections, COLLECTIONS, who.clone());
    }
    if reads.peer.is_some() {
        ask(Question::Peer, PEER, with(std::slice::from_ref(&peer)));
        ask(Question::Session, SESSION, with(std::slice::from_ref(&peer)));
        ask(Question::Bookmarks, BOOKMARKS, with(std::slice::from_ref(&peer)));
    }
    for ids in text::lists(pairs(&reads.records, RecordId::as_str)) {
        ask(Question::Records, RECORDS, with(&[ids]));
    }
    if reads.peer.is_some() {
        for luids in text::lists(pairs(&reads.luids, |luid| luid.0.as_str())) {
            ask(Question::Luids, LUIDS, with(&[luids, peer.clone()]));
        }
    }
    for targets in text::lists(pairs(&reads.targets, String::as_str)) {
        ask(Question::Targets, TARGETS, with(&[targets, peer.clone()]));
    }
    for keys in text::lists(times(&reads.matches)) {
        ask(Question::Matches, MATCHES, with(&[keys, peer.clone()]));
    }
    match &reads.page {
        Some(PageAsk::Collection { path, after, until, live_only, records_max, bytes_max }) => {
            let mut parameters = with(&bounds(*records_max, *bytes_max));
            parameters.push(Value::Text(text::encode(path)));
            parameters.push(integer(*after));
            parameters.push(integer(until.unwrap_or(WHOLE_MAX)));
            parameters.push(integer(i64::from(*live_only)));
            ask(Question::Page, COLLECTION_PAGE, parameters);
        }
        Some(PageAsk::Peer { paths, records_max, bytes_max }) if reads.peer.is_some() => {
            let mut parameters = with(&bounds(*records_max, *bytes_max));
            let paths: Vec<String> = paths.iter().map(|path| text::encode(path)).collect();
            parameters.push(Value::Text(json!(paths).to_string()));
            parameters.push(peer);
            ask(Question::Page, PEER_PAGE, parameters);
        }
        Some(PageAsk::Peer { .. }) | None => {}
    }
    asked
}

/// `?1` to `?7` of every statement.
fn who(reads: &Reads) -> Vec<Value> {
    let text = |text: &str| Value::Text(text::encode(text));
    let maybe = |maybe: Option<&String>| maybe.map_or(Value::Null, |some| text(some));
    let (mut token, mut login, mut account) = (Value::Null, Value::Null, Value::Null);
    let mut session = [Value::Null, Value::Null, Value::Null, Value::Null];
    match &reads.who {
        Who::Token(hash) => token = text(hash),
        Who::Login(name) => login = text(name),
        Who::Account(id) => account = text(&id.0),
        Who::Syncml { login: name, session_token, session_id, address } => {
            login = maybe(name.as_ref());
            let peer = reads.peer.as_ref().map(|PeerId(peer)| peer);
            session = [maybe(session_token.as_ref()), maybe(peer), text(session_id), text(address)];
        }
    }
    [token, login].into_iter().chain(session).chain([account]).collect()
}

/// A list by path as a list of pairs.
fn pairs<T>(
    lists: &[(String, Vec<T>)],
    spell: impl Fn(&T) -> &str + Copy,
) -> impl Iterator<Item = serde_json::Value> {
    lists.iter().flat_map(move |(path, items)| {
        items.iter().map(move |item| json!([text::encode(path), text::encode(spell(item))]))
    })
}

/// `[path, key, how often it was asked for]`, in the order first asked.
fn times(lists: &[(String, Vec<String>)]) -> impl Iterator<Item = serde_json::Value> {
    lists.iter().flat_map(|(path, keys)| {
        let mut times: BTreeMap<&str, u64> = BTreeMap::new();
        for key in keys {
            *times.entry(key).or_default() += 1;
        }
        let first = keys.iter().filter_map(move |key| times.remove(key.as_str()).map(|times| (key, times)));
        first.map(move |(key, times)| json!([text::encode(path), text::encode(key), times]))
    })
}

/// `?8` to `?10` of a page: the rows to answer, the bodies that are small enough never to be left out, and the bytes.
fn bounds(records_max: usize, bytes_max: usize) -> [Value; 3] {
    /// Bodies up to this are not worth counting, whatever the page.
    const SMALL_BYTES: usize = 1_024;
    let small = bytes_max.checked_div(records_max).unwrap_or(0).max(SMALL_BYTES);
    let whole = |number: usize| integer(i64::try_from(number).unwrap_or(WHOLE_MAX));
    [whole(records_max.saturating_add(1)), whole(small), whole(bytes_max)]
}

/// Beyond all stamps.
const WHOLE_MAX: Seq = 1 << 53;

fn integer(number: i64) -> Value {
    Value::Integer(number.clamp(-WHOLE_MAX, WHOLE_MAX))
}

// ---------------------------------------------------------------------------------------------------------- statements

/// The account meant, by token, login, session token, the device's session, or id.
macro_rules! account {
    () => {
        "coalesce(
  (SELECT account FROM token WHERE hash = ?1),
  (SELECT account FROM login WHERE name = ?2),
  (SELECT account FROM session WHERE token = ?3 AND token <> ''),
  (SELECT account FROM session WHERE peer = ?4 AND session_id = ?5 AND address = ?6
    ORDER BY expires DESC, account LIMIT 1),
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

/// What [`Columns::alias`] reads, of the alias `a`.
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
const ACCOUNT_OF_TOKEN: &str = account_with!(
    "FROM token AS t
CROSS JOIN account AS me ON me.id = t.account
LEFT JOIN login AS l ON l.name = t.login AND l.account = me.id",
    "t.hash = ?1"
);

/// By anything else: the login is that of the credential, or the one that opened the session.
const ACCOUNT: &str = account_with!(
    "FROM account AS me
LEFT JOIN token AS t ON t.hash = ?1
LEFT JOIN login AS l ON l.account = me.id AND l.name = coalesce(
  (SELECT name FROM login WHERE name = ?2),
  (SELECT login FROM session WHERE token = ?3 AND token <> ''),
  (SELECT login FROM session WHERE peer = ?4 AND session_id = ?5 AND address = ?6
    ORDER BY expires DESC, account LIMIT 1))",
    concat!("me.id = ", account!())
);

const THROTTLES: &str = "SELECT key, failures, until FROM throttle
WHERE key IN (SELECT value FROM json_each(?1)) ORDER BY key";

const COLLECTIONS: &str =
    concat!("SELECT definition FROM collection WHERE account = ", account!(), " ORDER BY id");

const PEER: &str = concat!(
    "SELECT id, login, nonce, device, temporaries, settings, seen FROM peer WHERE account = ",
    account!(),
    " AND id = ?8"
);

const SESSION: &str = concat!(
    "SELECT peer, login, token, session_id, address, version, state, message, request, reply, expires,
  page_records
FROM session WHERE account = ",
    account!(),
    " AND peer = ?8"
);

const BOOKMARKS: &str = concat!(
    "SELECT collection, cursor, anchor, offered_cursor, offered_anchor, own_anchor, generation, attempt, position, until, \
     sending, sending_all, held
FROM bookmark WHERE account = ",
    account!(),
    " AND peer = ?8 ORDER BY collection"
);

const RECORDS: &str = concat!(
    "SELECT r.collection, r.id, r.seq, r.origin, r.size, r.form, r.body
FROM ",
    asked!(),
    "
CROSS JOIN record AS r ON r.account = me.account AND r.id = asked.value ->> 1 AND r.collection = ",
    collection!("me.account", "asked.value ->> 0")
);

const LUIDS: &str = concat!(
    "SELECT ",
    alias!(),
    ",
  r.collection, r.id, r.seq, r.origin, r.size, r.form, r.body, v.form AS base_form, v.body AS base_body
FROM ",
    asked!(),
    "
CROSS JOIN alias AS a ON a.account = me.account AND a.peer = ?9 AND a.luid = asked.value ->> 1 AND a.collection = ",
    collection!("me.account", "asked.value ->> 0"),
    "
LEFT JOIN bookmark AS b ON b.account = a.account AND b.peer = a.peer AND b.collection = a.collection
LEFT JOIN record AS r ON r.account = a.account AND r.collection = a.collection AND r.id = a.record
LEFT JOIN version AS v ON v.account = a.account AND v.collection = a.collection AND v.record = a.record
  AND r.seq > max(a.seq, coalesce(b.cursor, 0)) AND r.origin <> a.peer AND v.seq =
  (SELECT w.seq FROM version AS w
    WHERE w.account = a.account AND w.collection = a.collection AND w.record = a.record
      AND (w.seq <= max(a.seq, coalesce(b.cursor, 0)) OR w.origin = a.peer)
    ORDER BY w.seq DESC LIMIT 1)"
);

const TARGETS: &str = concat!(
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

const MATCHES: &str = concat!(
    "SELECT found.* FROM (
SELECT asked.value ->> 1 AS match_key, r.collection, r.id, r.seq, ",
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

/// A record of a page, its body left out where it is not small and the bodies before it fill the page: the sizes are only
/// summed up (once, by the inner question) when a record that is not small comes along.
macro_rules! within {
    ($changes:expr) => {
        concat!(
            "SELECT r.collection, r.id, r.seq, r.origin, r.size, r.form,
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

const COLLECTION_PAGE: &str = concat!(
    within!(collection_changes!()),
    ",
  NULL AS alias_collection, NULL AS alias_record, NULL AS luid, NULL AS temporary, NULL AS generation, \
     NULL AS alias_seq
",
    collection_changes!()
);

macro_rules! peer_changes {
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
  AND (NOT (b.sending AND b.sending_all)
    OR (r.form IS NOT NULL
      AND (a.generation IS NULL OR a.generation < b.attempt OR (a.seq < r.seq AND r.origin <> b.peer))))
ORDER BY b.collection, r.seq LIMIT min(CAST(?8 AS INTEGER), coalesce((SELECT page_records + 1 FROM session
  WHERE account = ",
            account!(),
            " AND peer = ?12 AND page_records > 0), 9007199254740992))"
        )
    };
}

const PEER_PAGE: &str = concat!(within!(peer_changes!()), ",\n  ", alias!(), "\n", peer_changes!());
