//! Reading: what a [`Reads`] asks as statements, and the rows they answer as a [`Snapshot`].
//!
//! The texts are in `sql/question.rs`; `?1` to `?7` of each say whose.

use crate::limits;
use crate::peer::PeerId;
use crate::record::{Body, CollectionId, Content, Large, RecordId, Seq};
use crate::store::sql::question;
use crate::store::sql::rows::Columns;
use crate::store::sql::view;
use crate::store::sql::{Row, Statement, Value, text};
use crate::store::{
    Child, Cost, Found, Held, Outgoing, PageAsk, Reads, RecordVersion, Snapshot, StoreError, Target, Who,
};
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
    Versions,
    Luids,
    Targets,
    Matches,
    Chunks,
    Pieces,
    Above,
    Children,
    Waiting,
    Unstaged,
    Page,
    Totals,
    Seen(view::Seen),
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
    let (mut seen, mut seen_bytes) = (BTreeSet::new(), 0);
    let mut chunks: BTreeMap<RecordVersion, Vec<u8>> = BTreeMap::new();
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
                Question::Versions => snapshot.versions.push(row.version()?),
                Question::Luids => {
                    let held = held(&mut row)?;
                    let at = (held.alias.collection.clone(), held.alias.record.clone());
                    snapshot.held.extend(seen.insert(at).then_some(held));
                }
                Question::Targets => snapshot.targets.push(target(&mut row)?),
                Question::Matches => snapshot.found.push(found(&mut row)?),
                Question::Chunks => {
                    let (at, mut bytes) = row.chunk()?;
                    chunks.entry(at).or_default().append(&mut bytes);
                }
                Question::Pieces => snapshot.pieces.push(row.piece()?),
                Question::Above => snapshot.above.push(outgoing(&mut row)?),
                Question::Children => snapshot.children.push(child(&mut row)?),
                Question::Waiting => snapshot.waiting.push(row.waiting()?),
                Question::Unstaged => snapshot.unstaged.push(outgoing(&mut row)?),
                Question::Page => page.take(&mut row)?,
                Question::Totals => {
                    let (collection, total) = (CollectionId(row.text()?), row.integer()?);
                    snapshot.totals.push((collection, u64::try_from(total).unwrap_or(0)));
                }
                Question::Seen(seen) => view::take(seen, &mut row, &mut snapshot.views, &mut seen_bytes)?,
            }
        }
        seen.clear();
    }
    (snapshot.page, snapshot.more) = (page.records, page.more);
    fill(&mut snapshot, chunks);
    Ok(snapshot)
}

/// Puts large bodies that were asked for whole in their places. One of which a chunk is missing stays unread.
fn fill(snapshot: &mut Snapshot, mut chunks: BTreeMap<RecordVersion, Vec<u8>>) {
    if chunks.is_empty() {
        return;
    }
    // Each is copied for all places but the last: there may not be room for one more.
    let mut left: BTreeMap<RecordVersion, usize> = BTreeMap::new();
    places(snapshot).for_each(|at| *left.entry(at).or_default() += 1);
    let mut take = |at: &RecordVersion, size: usize| {
        let left = left.get_mut(at)?;
        *left = left.saturating_sub(1);
        let bytes = if *left == 0 { chunks.remove(at) } else { chunks.get(at).cloned() };
        bytes.filter(|bytes| bytes.len() == size)
    };
    let held = snapshot.held.iter_mut().filter_map(|held| held.record.as_mut());
    let page = snapshot.page.iter_mut().chain(&mut snapshot.above).map(|outgoing| &mut outgoing.record);
    for record in held.chain(&mut snapshot.records).chain(&mut snapshot.versions).chain(page) {
        let Content::Large(large) = &record.content else { continue };
        let at = (record.collection.clone(), record.id.clone(), record.seq);
        if let Some(bytes) = take(&at, large.size) {
            record.content = Content::Body(Body { form: large.form.clone(), bytes });
        }
    }
    for held in &mut snapshot.held {
        let at = |seq: Seq| (held.alias.collection.clone(), held.alias.record.clone(), seq);
        if let Some((seq, size, form)) = held.base_large.clone()
            && let Some(bytes) = take(&at(seq), size)
        {
            (held.base, held.base_large) = (Some(Body { form, bytes }), None);
        }
    }
}

/// The versions that large bodies are wanted of, one for each place of them.
fn places(snapshot: &Snapshot) -> impl Iterator<Item = RecordVersion> {
    let held = snapshot.held.iter().filter_map(|held| held.record.as_ref());
    let page = snapshot.page.iter().map(|outgoing| &outgoing.record);
    let large = held.chain(&snapshot.records).chain(&snapshot.versions).chain(page);
    let large = large.filter(|record| matches!(record.content, Content::Large(_)));
    let base = |held: &Held| {
        let (seq, ..) = held.base_large.as_ref()?;
        Some((held.alias.collection.clone(), held.alias.record.clone(), *seq))
    };
    large
        .map(|record| (record.collection.clone(), record.id.clone(), record.seq))
        .chain(snapshot.held.iter().filter_map(base))
}

fn held(row: &mut Columns) -> Result<Held, StoreError> {
    let alias = row.alias()?.ok_or_else(|| StoreError::Broken("an alias is missing".into()))?;
    let record = row.record()?;
    let (base, base_large) = match row.base()? {
        Some((_, Content::Body(body))) => (Some(body), None),
        Some((seq, Content::Large(Large { form, size }))) => (None, Some((seq, size, form))),
        Some((_, Content::Deleted)) | None => (None, None),
    };
    Ok(Held { alias, record, base, base_large })
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
        parent: row.maybe_text()?.and_then(RecordId::new),
        alias: row.alias()?,
    })
}

fn outgoing(row: &mut Columns) -> Result<Outgoing, StoreError> {
    let record = row.record()?.ok_or_else(|| StoreError::Broken("a record is missing".into()))?;
    Ok(Outgoing { record, alias: row.alias()? })
}

fn child(row: &mut Columns) -> Result<Child, StoreError> {
    Ok(Child { collection: CollectionId(row.text()?), parent: row.record_id()?, record: row.record_id()? })
}

/// A page being cut: the statement answers at most one record too many, and leaves out bodies far beyond the bytes.
#[derive(Default)]
struct Page {
    records: Vec<Outgoing>,
    more: bool,
    bytes: usize,
    records_max: usize,
    bytes_max: usize,
    /// Whether it goes to a device, whose session may bound it further.
    to_device: bool,
}

impl Page {
    fn of(ask: Option<&PageAsk>) -> Self {
        match ask {
            None => Self::default(),
            Some(
                PageAsk::Collection { records_max, bytes_max, .. }
                | PageAsk::Peer { records_max, bytes_max, .. },
            ) => Self {
                records_max: *records_max,
                bytes_max: *bytes_max,
                to_device: matches!(ask, Some(PageAsk::Peer { .. })),
                ..Self::default()
            },
        }
    }

    /// A device's own bound on the page ([`crate::store::Session::page_records`]); 0 says nothing.
    fn bound(&mut self, records_max: i64) {
        let records_max = usize::try_from(records_max).ok().filter(|records_max| *records_max > 0);
        if let Some(records_max) = records_max.filter(|_| self.to_device) {
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
        if matches!(reads.who, Who::Token(_)) { question::ACCOUNT_OF_TOKEN } else { question::ACCOUNT },
        with(&[path.map_or(Value::Null, |path| Value::Text(text::encode(path)))]),
    );
    for keys in text::lists(reads.throttles.iter().map(|key| json!(text::encode(key)))) {
        ask(Question::Throttles, question::THROTTLES, vec![keys]);
    }
    if reads.collections {
        ask(Question::Collections, question::COLLECTIONS, who.clone());
    }
    if reads.peer.is_some() {
        ask(Question::Peer, question::PEER, with(std::slice::from_ref(&peer)));
        ask(Question::Session, question::SESSION, with(std::slice::from_ref(&peer)));
        ask(Question::Bookmarks, question::BOOKMARKS, with(std::slice::from_ref(&peer)));
    }
    for ids in text::lists(pairs(&reads.records, RecordId::as_str)) {
        ask(Question::Records, question::RECORDS, with(&[ids]));
    }
    let versions = reads.versions.iter().flat_map(|(path, versions)| {
        versions.iter().map(|(id, seq)| json!([text::encode(path), text::encode(id.as_str()), seq]))
    });
    for versions in text::lists(versions) {
        ask(Question::Versions, question::VERSIONS, with(&[versions]));
    }
    if reads.peer.is_some() {
        for luids in text::lists(pairs(&reads.luids, |luid| luid.0.as_str())) {
            ask(Question::Luids, question::LUIDS, with(&[luids, peer.clone()]));
        }
    }
    for targets in text::lists(pairs(&reads.targets, String::as_str)) {
        ask(Question::Targets, question::TARGETS, with(&[targets, peer.clone()]));
    }
    for keys in text::lists(times(&reads.matches)) {
        ask(Question::Matches, question::MATCHES, with(&[keys, peer.clone()]));
    }
    for (question, sql, more) in rarely(reads, &peer) {
        ask(question, sql, with(&more));
    }
    match &reads.page {
        Some(PageAsk::Collection { path, after, until, live_only, records_max, bytes_max }) => {
            let mut parameters = with(&bounds(*records_max, *bytes_max));
            parameters.push(Value::Text(text::encode(path)));
            parameters.push(integer(*after));
            parameters.push(integer(until.unwrap_or(WHOLE_MAX)));
            parameters.push(integer(i64::from(*live_only)));
            ask(Question::Page, question::COLLECTION_PAGE, parameters);
        }
        Some(PageAsk::Peer { paths, records_max, bytes_max }) if reads.peer.is_some() => {
            let mut parameters = with(&bounds(*records_max, *bytes_max));
            let paths: Vec<String> = paths.iter().map(|path| text::encode(path)).collect();
            parameters.push(Value::Text(json!(paths).to_string()));
            parameters.push(peer);
            if reads.totals {
                ask(Question::Totals, question::PEER_TOTALS, parameters.clone());
            }
            ask(Question::Page, question::PEER_PAGE, parameters);
        }
        Some(PageAsk::Peer { .. }) | None => {}
    }
    asked
}

/// What is asked of folders and of large objects: what is inside, bodies, and pieces of those on their way; and what owners see.
fn rarely(reads: &Reads, peer: &Value) -> Vec<(Question, &'static str, Vec<Value>)> {
    let whole = reads.whole.iter();
    let whole = whole.map(|(collection, id, seq)| json!([text::encode(&collection.0), id.as_str(), seq]));
    let chunks = text::lists(whole).into_iter().map(|list| (Question::Chunks, question::CHUNKS, vec![list]));
    let pieces =
        [(0, if reads.arriving { WHOLE_MAX } else { 0 }), (1, i64::try_from(reads.leaving).unwrap_or(0))];
    let pieces = pieces.into_iter().filter(|(_, count)| *count > 0 && reads.peer.is_some());
    let pieces = pieces.map(|(leaving, count)| {
        (Question::Pieces, question::PIECES, vec![peer.clone(), integer(leaving), integer(count)])
    });
    let above = text::lists(pairs(&reads.above, RecordId::as_str))
        .into_iter()
        .map(|list| (Question::Above, question::ABOVE, vec![list, peer.clone(), integer(FOLDERS_DEEP_MAX)]));
    let folders = text::lists(pairs(&reads.children, RecordId::as_str));
    let children = folders
        .into_iter()
        .map(|list| (Question::Children, question::CHILDREN, vec![list, integer(CHILDREN_MAX)]));
    let waiting = text::lists(pairs(&reads.waiting, |luid| luid.0.as_str())).into_iter();
    let waiting = waiting.filter(|_| reads.peer.is_some());
    let waiting = waiting.map(|list| {
        (Question::Waiting, question::WAITING, vec![list, peer.clone(), integer(FOLDERS_DEEP_MAX)])
    });
    let unstaged = text::lists(reads.unstaged.iter().map(|path| json!(text::encode(path)))).into_iter();
    let unstaged = unstaged.filter(|_| reads.peer.is_some());
    let unstaged = unstaged.map(|list| {
        (Question::Unstaged, question::UNSTAGED, vec![list, peer.clone(), integer(PAGE_BYTES_MAX)])
    });
    let views = reads.views.iter().flat_map(view::questions);
    let views = views.map(|(seen, sql, more)| (Question::Seen(seen), sql, more));
    above.chain(children).chain(unstaged).chain(waiting).chain(chunks).chain(pieces).chain(views).collect()
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

/// [`limits::FOLDERS_DEEP_MAX`] as it is bound.
const FOLDERS_DEEP_MAX: i64 = limits::FOLDERS_DEEP_MAX as i64;

/// [`limits::PAGE_BYTES_MAX`] as it is bound.
const PAGE_BYTES_MAX: i64 = limits::PAGE_BYTES_MAX as i64;

/// [`limits::CHILDREN_MAX`] as it is bound.
const CHILDREN_MAX: i64 = limits::CHILDREN_MAX as i64;

/// Beyond all stamps.
const WHOLE_MAX: Seq = 1 << 53;

fn integer(number: i64) -> Value {
    Value::Integer(number.clamp(-WHOLE_MAX, WHOLE_MAX))
}
