//! Making an account, or seeing to it that it is as wanted: for a host that serves its own process.

use super::failure::Failure;
use super::{JsStore, crossing::of_js, moment, sealer, seed};
use crate::content::fields;
use crate::exchange::Seed;
use crate::journal::Moment;
use crate::limits;
use crate::record::{AccountId, CollectionId, Kind, STANDARD};
use crate::store::{Batch, Collection, Edit, Login, Reads, Snapshot, Store, StoreError, Who};
use js_sys::Promise;
use js_sys::futures::future_to_promise;
use serde::Deserialize;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// The longest id of an account or a collection, in bytes.
const ID_BYTES_MAX: usize = 64;

/// The account, its login and its collections, as the host wants them.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an account { account, collections }")]
struct Wanted {
    account: String,
    login: Option<String>,
    password: Option<String>,
    secret: Option<String>,
    collections: Option<Vec<WantedCollection>>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a collection { id, kind }")]
struct WantedCollection {
    id: String,
    kind: Kind,
}

/// Makes what is not there yet: the account, its collections, its login. Called again it changes the password and nothing else.
#[wasm_bindgen(js_name = createAccount)]
pub fn create_account(wanted: JsValue, store: &JsStore, now: f64, random: &[u8]) -> Result<Promise, JsValue> {
    let wanted: Wanted = of_js("account", wanted)?;
    check(&wanted)?;
    let (place, now, mut seed) = (Rc::clone(&store.place), moment(now), seed(random)?);
    Ok(future_to_promise(async move {
        for _ in 0..limits::ATTEMPTS_MAX {
            match make(&*place, &wanted, now, &mut seed).await? {
                Ok(()) => return Ok(JsValue::UNDEFINED),
                Err(StoreError::Conflict) => continue,
                Err(error) => return Err(Failure::from(error).into()),
            }
        }
        Err(Failure::from(StoreError::Conflict).into())
    }))
}

fn check(wanted: &Wanted) -> Result<(), Failure> {
    let fits = |id: &str| {
        (1..=ID_BYTES_MAX).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte))
    };
    let collections = wanted.collections.iter().flatten().map(|collection| collection.id.as_str());
    if let Some(id) = std::iter::once(wanted.account.as_str()).chain(collections).find(|id| !fits(id)) {
        let rule = format!("an id has 1 to {ID_BYTES_MAX} letters, digits and -_.@");
        return Err(Failure::invalid(format!("{id:?} is no id: {rule}")));
    }
    let login = wanted.login.as_deref();
    if login.is_some_and(|login| login.is_empty() || login.len() > limits::NAME_BYTES_MAX) {
        return Err(Failure::invalid(format!("a login has 1 to {} bytes", limits::NAME_BYTES_MAX)));
    }
    if wanted.password.is_some() && wanted.secret.is_none() {
        return Err(Failure::invalid("a password is sealed with the server's secret: pass `secret` too"));
    }
    Ok(())
}

async fn make<S: Store>(
    store: &S,
    wanted: &Wanted,
    now: Moment,
    seed: &mut Seed,
) -> Result<Result<(), StoreError>, Failure> {
    let account = AccountId(wanted.account.clone());
    let mut reads = Reads::of(Who::Account(account.clone()));
    reads.collections = true;
    let snapshot = match store.read(&reads).await {
        Ok(snapshot) => snapshot,
        Err(error) => return Ok(Err(error)),
    };
    let edits = edits(wanted, &snapshot, now, seed)?;
    if edits.is_empty() {
        return Ok(Ok(()));
    }
    Ok(store.commit(&Batch { account, now, edits, ..Batch::default() }).await.map(|_| ()))
}

fn edits(wanted: &Wanted, snapshot: &Snapshot, now: Moment, seed: &mut Seed) -> Result<Vec<Edit>, Failure> {
    let mut edits = Vec::new();
    let is_new = snapshot.account.is_none();
    if is_new {
        edits.push(Edit::AddAccount { created: now });
    }
    if let (Some(password), Some(secret)) = (&wanted.password, &wanted.secret) {
        let name = wanted.login.clone().unwrap_or_else(|| wanted.account.clone());
        let sealed = sealer(secret)?.seal(&name, password, seed.draw());
        let account = AccountId(wanted.account.clone());
        edits.push(Edit::PutLogin(Login { name, account, sealed, local: false }));
    }
    let missing = |collection: &Collection| snapshot.collection_at(&collection.id.0).is_none();
    let collections = match &wanted.collections {
        Some(collections) => collections.iter().map(|wanted| collection(&wanted.id, wanted.kind)).collect(),
        None if is_new => STANDARD.iter().map(|(id, kind, _)| collection(id, *kind)).collect(),
        None => Vec::new(),
    };
    edits.extend(collections.into_iter().filter(missing).map(Edit::PutCollection));
    Ok(edits)
}

/// A collection with the fields of its kind; a standard one answers to the paths that devices are known to use.
fn collection(id: &str, kind: Kind) -> Collection {
    let standard = STANDARD.iter().find(|(known, of, _)| *known == id && *of == kind);
    let aliases = standard.map_or(&[] as &[&str], |(_, _, aliases)| aliases);
    Collection {
        id: CollectionId(id.to_owned()),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        kind,
        fields: fields::standard(kind),
        ..Collection::default()
    }
}
