//! The operator's room in Node (`npx anchorage account`): the same orders as `npm run account`, with Node's files and terminal.
//!
//! What JavaScript brings is one object, a [`Desk`]. Files are asked for at once, because an order is carried out by one person
//! at one terminal; a password and a letter are waited for.

use super::store::JsStore;
use super::{failure::message_of, moment, seed};
use crate::operate::command::{self, Unclear};
use crate::operate::files::{Files, Place};
use crate::operate::{Operator, Refusal, Terminal};
use js_sys::Promise;
use js_sys::futures::{JsFuture, future_to_promise};
use serde_json::Value;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// The operator's desk, as `package/cli/desk.ts` builds it. Whatever it throws is said in its own words.
    pub type Desk;
    #[wasm_bindgen(method)]
    fn say(this: &Desk, line: &str);
    #[wasm_bindgen(method)]
    fn note(this: &Desk, line: &str);
    #[wasm_bindgen(method)]
    fn tell(this: &Desk, name: &str, json: &str);
    #[wasm_bindgen(method)]
    fn password(this: &Desk, prompt: &str) -> Promise;
    #[wasm_bindgen(method)]
    fn post(this: &Desk, url: &str, media_type: &str, body: &[u8]) -> Promise;
    #[wasm_bindgen(method, catch, js_name = isFolder)]
    fn is_folder(this: &Desk, path: &str) -> Result<bool, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn names(this: &Desk, folder: &str) -> Result<Vec<String>, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn read(this: &Desk, path: &str) -> Result<Vec<u8>, JsValue>;
    #[wasm_bindgen(method, catch, js_name = makeFolder)]
    fn make_folder(this: &Desk, folder: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn create(this: &Desk, path: &str, bytes: &[u8]) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn append(this: &Desk, path: &str, bytes: &[u8]) -> Result<(), JsValue>;
}

/// Carries out what was typed, and answers a promise of the exit code: 0 done, 1 refused, 2 no order. `secret` seals passwords.
#[wasm_bindgen]
pub fn operate(
    arguments: Vec<String>,
    store: &JsStore,
    desk: Desk,
    secret: Option<String>,
    now: f64,
    random: &[u8],
) -> Result<Promise, JsValue> {
    let (place, now, seed) = (Rc::clone(&store.place), moment(now), seed(random)?);
    Ok(future_to_promise(async move {
        let mut console = Console { desk };
        let code = match command::read(&arguments) {
            Err(Unclear::Help(text)) => {
                console.say(&text);
                0
            }
            Err(Unclear::Wrong(reason)) => {
                console.refused(&reason);
                2
            }
            Ok(order) => {
                let mut operator = Operator::new(&*place, &mut console, secret.as_deref(), now, seed);
                match operator.carry_out(&order).await {
                    Ok(()) => 0,
                    Err(Refusal(reason)) => {
                        console.refused(&reason);
                        1
                    }
                }
            }
        };
        Ok(code.into())
    }))
}

struct Console {
    desk: Desk,
}

impl Console {
    fn refused(&mut self, reason: &str) {
        self.tell("error", reason.into());
        self.note(reason);
    }
}

impl Terminal for Console {
    fn say(&mut self, line: &str) {
        self.desk.say(line);
    }

    fn note(&mut self, line: &str) {
        self.desk.note(line);
    }

    fn tell(&mut self, name: &str, value: Value) {
        self.desk.tell(name, &value.to_string());
    }

    async fn password(&mut self, prompt: &str) -> Option<String> {
        JsFuture::from(self.desk.password(prompt)).await.ok().and_then(|typed| typed.as_string())
    }

    async fn post(&mut self, url: &str, media_type: &str, body: &[u8]) -> Result<u16, String> {
        let answer = JsFuture::from(self.desk.post(url, media_type, body)).await;
        let status = answer.map_err(|error| message_of(&error))?.as_f64();
        status.map(|status| status as u16).ok_or_else(|| "no HTTP status came back".to_owned())
    }

    fn files(&self) -> &dyn Files {
        &self.desk
    }
}

impl Files for Desk {
    fn look(&self, path: &str) -> Result<Place, String> {
        let is_folder = self.is_folder(path).map_err(words)?;
        Ok(if is_folder { Place::Folder } else { Place::File })
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, String> {
        self.names(folder).map_err(words)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.read(path).map_err(words)
    }

    fn make_folder(&self, folder: &str) -> Result<(), String> {
        self.make_folder(folder).map_err(words)
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.create(path, bytes).map_err(words)
    }

    fn append(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.append(path, bytes).map_err(words)
    }
}

fn words(thrown: JsValue) -> String {
    message_of(&thrown)
}
