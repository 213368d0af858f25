//! Memory behind plain data: everything that goes in and comes out is first written as JSON and read again, as it is on its way to a
//! store in JavaScript (`src/javascript/store.rs`), and no number in it is beyond what JavaScript holds.

use anchorage::store::memory::MemoryStore;
use anchorage::store::{Batch, Reads, Receipt, Snapshot, Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;

#[derive(Default)]
pub struct CrossingStore(MemoryStore);

impl CrossingStore {
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for CrossingStore {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        self.0.read(&crossed(reads)).await.map(|snapshot| crossed(&snapshot))
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        self.0.commit(&crossed(batch)).await.map(|receipt| crossed(&receipt))
    }
}

fn crossed<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> T {
    let plain = serde_json::to_value(value).unwrap();
    check(&plain);
    let text = plain.to_string();
    let again = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(&again, value, "{text}");
    again
}

/// Numbers that JavaScript has, and names as its objects have them.
fn check(value: &Value) {
    const WHOLE_MAX: u64 = 1 << 53;
    match value {
        Value::Number(number) => {
            let size = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
            assert!(size.is_some_and(|size| size <= WHOLE_MAX), "{number} is no number of JavaScript's");
        }
        Value::Array(values) => values.iter().for_each(check),
        Value::Object(entries) => {
            for (name, value) in entries {
                // A collection's row in the store is older than the package.
                assert!(!name.contains('_') || name == "read_only", "{name} is not in camelCase");
                check(value);
            }
        }
        _ => {}
    }
}
