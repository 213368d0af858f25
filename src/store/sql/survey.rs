//! What an operator sees, as SQL.

use super::rows::Columns;
use super::{Row, Statement, Value, text};
use crate::peer::Bookmark;
use crate::record::{AccountId, CollectionId};
use crate::store::StoreError;
use crate::store::survey::Overview;
use std::collections::BTreeMap;

/// Above every account's id, which is ASCII.
const LAST: &str = "\u{10FFFF}";

/// Each asks between two account ids, so that one account is found by its key.
const TEXTS: [&str; 7] = [
    "SELECT id, head, horizon, swept FROM account WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    "SELECT name, account, sealed, local FROM login WHERE account BETWEEN ?1 AND ?2 ORDER BY name",
    "SELECT hash, account, login, label, created, expires FROM token WHERE account BETWEEN ?1 AND ?2 \
     ORDER BY created, hash",
    "SELECT account, collection, count(*) AS live FROM record WHERE account BETWEEN ?1 AND ?2 AND form IS NOT NULL \
     GROUP BY account, collection",
    "SELECT account, definition FROM collection WHERE account BETWEEN ?1 AND ?2 ORDER BY account, id",
    "SELECT account, id, login, nonce, device, temporaries, settings, seen FROM peer WHERE account BETWEEN ?1 AND ?2 \
     ORDER BY account, id",
    "SELECT account, peer, collection, cursor, anchor, own_anchor, generation, offered_cursor, offered_anchor, \
     offered_own_anchor, offered_generation, attempt, position, until, sending, sending_all, held, left_out, offered_left_out, looking FROM bookmark WHERE account BETWEEN ?1 AND ?2 ORDER BY account, peer, collection",
];

/// The statements that look over every account, or one.
pub fn survey_statements(account: Option<&AccountId>) -> Vec<Statement> {
    let (first, last) = match account {
        Some(AccountId(id)) => (text::encode(id), text::encode(id)),
        None => (String::new(), LAST.to_owned()),
    };
    let statement =
        |sql| Statement { sql, parameters: vec![Value::Text(first.clone()), Value::Text(last.clone())] };
    TEXTS.into_iter().map(statement).collect()
}

/// What their rows say.
pub fn survey(answers: Vec<Vec<Row>>) -> Result<Vec<Overview>, StoreError> {
    let mut answers = answers.into_iter();
    let mut next = || {
        let answer = answers.next().ok_or_else(|| StoreError::Broken("an answer is missing".into()));
        answer.map(|rows| rows.into_iter().map(Columns::of))
    };
    let mut all: BTreeMap<AccountId, Overview> = BTreeMap::new();
    for mut row in next()? {
        if let Some(account) = row.account()? {
            all.insert(account.id.clone(), Overview { account, ..Overview::default() });
        }
    }
    for mut row in next()? {
        row.login()?.and_then(|login| all.get_mut(&login.account).map(|of| of.logins.push(login)));
    }
    for mut row in next()? {
        row.token()?.and_then(|token| all.get_mut(&token.account).map(|of| of.tokens.push(token)));
    }
    let mut live = BTreeMap::new();
    for mut row in next()? {
        let place = (AccountId(row.text()?), CollectionId(row.text()?));
        live.insert(place, u64::try_from(row.integer()?).unwrap_or(0));
    }
    for mut row in next()? {
        let account = AccountId(row.text()?);
        if let (Some(collection), Some(of)) = (row.collection()?, all.get_mut(&account)) {
            let count = live.get(&(account, collection.id.clone())).copied().unwrap_or(0);
            of.collections.push((collection, count));
        }
    }
    for mut row in next()? {
        let account = AccountId(row.text()?);
        let peer = row.peer()?;
        all.get_mut(&account).into_iter().for_each(|of| of.devices.push((peer.clone(), Vec::new())));
    }
    for mut row in next()? {
        let (account, peer, bookmark): (_, _, Bookmark) =
            (AccountId(row.text()?), row.text()?, row.bookmark()?);
        let devices = all.get_mut(&account).into_iter().flat_map(|of| &mut of.devices);
        devices
            .filter(|(known, _)| known.id.0 == peer)
            .for_each(|(_, bookmarks)| bookmarks.push(bookmark.clone()));
    }
    Ok(all.into_values().collect())
}
