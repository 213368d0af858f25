//! The operator's room in Node: the orders of `npm run account` (`npx anchorage account`), and the arranged syncs that a worker's
//! cron trigger looks after (`npx anchorage serve`).

use super::desk::Desk;
use super::failure::Failure;
use super::store::JsStore;
use super::{crossing::to_js, moment, sealer, seed};
use crate::call::arranged::{self, Budget, Carrier};
use crate::exchange::Seed;
use crate::http::Response;
use crate::journal::Moment;
use crate::operate::command::{self, Command, Unclear};
use crate::operate::files::Files;
use crate::operate::{Operator, Terminal};
use crate::settings::Settings;
use crate::upstream::Outgoing;
use js_sys::Promise;
use js_sys::futures::future_to_promise;
use serde_json::{Value, json};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// What was typed, as JSON: `{"command":…}` with what whoever opens the database must know (`add`, `demo`, `other`), `{"help":…}`
/// where a page of help is wanted, `{"wrong":…}` where it is no order.
#[wasm_bindgen(js_name = orderOf)]
pub fn order_of(arguments: Vec<String>) -> String {
    let order = match command::read(&arguments) {
        Ok(order) => json!({ "command": word(&order.command) }),
        Err(Unclear::Help(text)) => json!({ "help": text }),
        Err(Unclear::Wrong(reason)) => json!({ "wrong": reason }),
    };
    order.to_string()
}

fn word(command: &Command) -> &'static str {
    match command {
        Command::Add { .. } => "add",
        Command::Demo => "demo",
        _ => "other",
    }
}

/// Carries an order out, and answers a promise of the exit code: 0 done, 1 refused, 5 to be tried again. `secret` seals passwords.
#[wasm_bindgen]
pub fn operate(
    arguments: Vec<String>,
    store: &JsStore,
    desk: Desk,
    secret: String,
    now: f64,
    random: &[u8],
) -> Result<Promise, JsValue> {
    let (place, now, seed) = (Rc::clone(&store.place), moment(now), seed(random)?);
    Ok(future_to_promise(async move {
        let mut console = Console { desk };
        let order = match command::read(&arguments) {
            Ok(order) => order,
            Err(Unclear::Help(text) | Unclear::Wrong(text)) => return Err(Failure::invalid(text).into()),
        };
        let outcome = Operator::new(&*place, &mut console, Some(&secret), now, seed).carry_out(&order).await;
        let code = match outcome {
            Ok(()) => 0,
            Err(refusal) => {
                console.tell("error", refusal.0.as_str().into());
                console.note(&refusal.0);
                if refusal.may_pass() { 5 } else { 1 }
            }
        };
        Ok(code.into())
    }))
}

/// Looks after the arranged syncs that are due, for as long as an invocation of the worker would; a promise of a line for each turn.
#[wasm_bindgen]
pub fn tend(store: &JsStore, desk: Desk, secret: String, random: &[u8]) -> Result<Promise, JsValue> {
    let settings = Settings { sealer: Some(sealer(&secret)?), ..Settings::default() };
    let (place, seed) = (Rc::clone(&store.place), seed(random)?);
    Ok(future_to_promise(async move {
        let mut messenger = Messenger { desk, seed };
        let tended = arranged::tend(&*place, &settings, &mut messenger, Budget::default()).await;
        to_js(&tended.map_err(Failure::from)?)
    }))
}

struct Messenger {
    desk: Desk,
    seed: Seed,
}

impl Carrier for Messenger {
    async fn carry(&mut self, outgoing: &Outgoing) -> Result<Response, String> {
        self.desk.carry(outgoing).await
    }

    async fn rest(&mut self, until: Moment) -> bool {
        self.desk.rest(until).await
    }

    fn now(&self) -> Moment {
        self.desk.clock()
    }

    fn seed(&mut self) -> Seed {
        Seed::new(self.seed.draw())
    }
}

struct Console {
    desk: Desk,
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
        self.desk.password(prompt).await
    }

    async fn post(&mut self, url: &str, media_type: &str, body: &[u8]) -> Result<u16, String> {
        self.desk.post(url, media_type, body).await
    }

    async fn carry(&mut self, outgoing: &Outgoing) -> Result<Response, String> {
        self.desk.carry(outgoing).await
    }

    async fn rest(&mut self, until: Moment) -> bool {
        self.desk.rest(until).await
    }

    fn clock(&self) -> Option<Moment> {
        Some(self.desk.clock())
    }

    fn files(&self) -> &dyn Files {
        &self.desk
    }
}
