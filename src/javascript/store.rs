//! Stores for JavaScript: the one in memory, any database that runs the statements of `store/sql.rs`, and any object with `read` and
//! `commit`.

use super::crossing::{of_js, to_js};
use super::failure::{Failure, message_of, store_error};
use crate::record::AccountId;
use crate::store::memory::MemoryStore;
use crate::store::sql::{self, Row, Statement, Value};
use crate::store::survey::{Overview, Survey};
use crate::store::{Batch, Reads, Receipt, Snapshot, Store, StoreError};
use js_sys::futures::{JsFuture, future_to_promise};
use js_sys::{Array, Function, Promise, Reflect};
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

/// A store as JavaScript holds it.
#[wasm_bindgen(js_name = Store)]
#[derive(Debug)]
pub struct JsStore {
    pub(super) place: Rc<Place>,
}

#[wasm_bindgen(js_class = Store)]
impl JsStore {
    /// An empty store in memory.
    pub fn memory() -> JsStore {
        Self::at(Place::Memory(MemoryStore::new()))
    }

    /// What [`Self::snapshot`] of a store in memory gave.
    pub fn restored(snapshot: JsValue) -> Result<JsStore, JsValue> {
        Ok(Self::at(Place::Memory(of_js("snapshot of a store", snapshot)?)))
    }

    /// A database: `run(statements, writes)` runs `[sql, parameters]` after each other in one transaction, and answers the rows of
    /// each as arrays of values, at once or as a promise.
    pub fn database(run: Function) -> JsStore {
        Self::at(Place::Database(run))
    }

    /// An object with `read` and `commit`.
    pub fn object(object: JsValue) -> Result<JsStore, JsValue> {
        let has = |name: &str| Reflect::get(&object, &name.into()).is_ok_and(|found| found.is_function());
        if !object.is_object() || !has("read") || !has("commit") {
            return Err(Failure::invalid("a store is an object with read(reads) and commit(batch)").into());
        }
        Ok(Self::at(Place::Object(object)))
    }

    /// Everything in a store in memory, as plain data.
    pub fn snapshot(&self) -> Result<JsValue, JsValue> {
        to_js(self.own_memory()?)
    }

    /// [`Self::read`] of a store in memory, at once.
    #[wasm_bindgen(js_name = readNow)]
    pub fn read_now(&self, reads: JsValue) -> Result<JsValue, JsValue> {
        to_js(&self.own_memory()?.read_now(&of_js("reads", reads)?))
    }

    /// [`Self::commit`] to a store in memory, at once.
    #[wasm_bindgen(js_name = commitNow)]
    pub fn commit_now(&self, batch: JsValue) -> Result<JsValue, JsValue> {
        let receipt = self.own_memory()?.commit_now(&of_js("batch", batch)?);
        to_js(&receipt.map_err(Failure::from)?)
    }

    /// A batch that was committed before, once more to a store in memory.
    pub fn replay(&self, batch: JsValue) -> Result<(), JsValue> {
        self.own_memory()?.replay(&of_js("batch", batch)?);
        Ok(())
    }

    fn own_memory(&self) -> Result<&MemoryStore, Failure> {
        match &*self.place {
            Place::Memory(memory) => Ok(memory),
            Place::Database(_) | Place::Object(_) => Err(Failure::broken("this store is not in memory")),
        }
    }

    fn at(place: Place) -> Self {
        Self { place: Rc::new(place) }
    }

    /// One snapshot.
    pub fn read(&self, reads: JsValue) -> Result<Promise, JsValue> {
        let reads: Reads = of_js("reads", reads)?;
        let place = Rc::clone(&self.place);
        Ok(future_to_promise(async move { to_js(&place.read(&reads).await.map_err(Failure::from)?) }))
    }

    /// All of a batch or nothing.
    pub fn commit(&self, batch: JsValue) -> Result<Promise, JsValue> {
        let batch: Batch = of_js("batch", batch)?;
        let place = Rc::clone(&self.place);
        Ok(future_to_promise(async move { to_js(&place.commit(&batch).await.map_err(Failure::from)?) }))
    }
}

/// Where records live.
#[derive(Debug)]
pub enum Place {
    /// In this module's memory.
    Memory(MemoryStore),
    /// In a database that runs our statements.
    Database(Function),
    /// With an object of the host's.
    Object(JsValue),
}

impl Store for Place {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        match self {
            Self::Memory(memory) => memory.read(reads).await,
            Self::Database(run) => sql::snapshot(reads, rows(run, &sql::statements(reads), false).await?),
            Self::Object(object) => {
                let answer = ask(object, "read", to_js(reads)).await?;
                of_js("snapshot", answer).map_err(broken)
            }
        }
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        match self {
            Self::Memory(memory) => memory.commit(batch).await,
            Self::Database(run) => {
                let statements = sql::commit_statements(batch);
                let rows = rows(run, &statements, true).await?;
                sql::receipt(&statements, &rows)
            }
            Self::Object(object) => {
                let answer = ask(object, "commit", to_js(batch)).await?;
                of_js("receipt", answer).map_err(broken)
            }
        }
    }
}

impl Survey for Place {
    async fn survey(&self, account: Option<&AccountId>) -> Result<Vec<Overview>, StoreError> {
        match self {
            Self::Memory(memory) => memory.survey(account).await,
            Self::Database(run) => sql::survey(rows(run, &sql::survey_statements(account), false).await?),
            Self::Object(_) => Err(StoreError::Broken("a store of two verbs cannot be looked over".into())),
        }
    }
}

fn broken(failure: Failure) -> StoreError {
    StoreError::Broken(message_of(&failure.into()))
}

// -------------------------------------------------------------------------------------------------- an object of the host's

async fn ask(object: &JsValue, name: &str, given: Result<JsValue, JsValue>) -> Result<JsValue, StoreError> {
    let given = given.map_err(|error| store_error(&error))?;
    let method = Reflect::get(object, &name.into()).and_then(JsCast::dyn_into::<Function>);
    let answer = method.and_then(|method| method.call1(object, &given));
    settled(answer).await.map_err(|error| store_error(&error))
}

/// What was answered, now or later.
async fn settled(answer: Result<JsValue, JsValue>) -> Result<JsValue, JsValue> {
    let answer = answer?;
    if answer.is_object() && Reflect::has(&answer, &"then".into())? {
        return JsFuture::from(Promise::resolve(&answer)).await;
    }
    Ok(answer)
}

// ---------------------------------------------------------------------------------------------------------------- a database

async fn rows(run: &Function, statements: &[Statement], writes: bool) -> Result<Vec<Vec<Row>>, StoreError> {
    let asked: Array = statements.iter().map(spelt).collect();
    let answer = settled(run.call2(&JsValue::NULL, &asked, &writes.into())).await;
    let answer = answer.map_err(|error| match store_error(&error) {
        StoreError::Broken(text) => sql::error(&text),
        known => known,
    })?;
    list(&answer)?.iter().map(|rows| list(&rows)?.iter().map(|row| values(&row)).collect()).collect()
}

/// A statement as JavaScript has it: its text and its parameters.
fn spelt(statement: &Statement) -> JsValue {
    let parameters: Array = statement.parameters.iter().map(js_value).collect();
    Array::of2(&statement.sql.into(), &parameters).into()
}

/// What we bind fits 2^53.
fn js_value(value: &Value) -> JsValue {
    match value {
        Value::Null => JsValue::NULL,
        Value::Integer(number) => JsValue::from_f64(*number as f64),
        Value::Text(text) => JsValue::from_str(text),
    }
}

fn values(row: &JsValue) -> Result<Row, StoreError> {
    list(row)?.iter().map(|value| value_of(&value)).collect()
}

fn value_of(value: &JsValue) -> Result<Value, StoreError> {
    if value.is_null() || value.is_undefined() {
        return Ok(Value::Null);
    }
    let number = |value: &JsValue| value.as_f64().and_then(Value::of_number);
    let read = value.as_string().map(Value::Text).or_else(|| number(value));
    read.ok_or_else(|| {
        StoreError::Broken("a value is neither null, text nor a whole number within 2^53".into())
    })
}

fn list(value: &JsValue) -> Result<Array, StoreError> {
    let no_list = || StoreError::Broken("the database answered no list of rows".into());
    Array::is_array(value).then(|| Array::from(value)).ok_or_else(no_list)
}
