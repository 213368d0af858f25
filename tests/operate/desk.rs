//! An operator at a desk: a store, a terminal that remembers, and folders of their own.

pub use crate::house::now as finish;
use anchorage::exchange::Seed;
use anchorage::http::Response;
use anchorage::operate::command::{self, Order};
use anchorage::operate::files::{Disk, Files};
use anchorage::operate::{Operator, Refusal, Terminal};
use anchorage::store::survey::Survey;
use anchorage::upstream::Outgoing;
use serde_json::Value;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

pub const SECRET: &str = "a secret for tests only";

pub fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

pub struct Desk<S> {
    pub store: S,
    pub now: i64,
    pub secret: Option<&'static str>,
    pub typed: Option<String>,
    pub noted: String,
    /// What was said, also where it was refused then.
    pub said: String,
    /// What a program that reads along was told.
    pub told: serde_json::Map<String, Value>,
    /// What was posted: where, as what, which bytes; and what to answer.
    pub posted: Vec<(String, String, Vec<u8>)>,
    pub answers: Result<u16, String>,
    /// What answers where a request goes to another server; nobody where it is `None`.
    pub elsewhere: Option<Elsewhere>,
    runs: u8,
}

/// Another server.
pub type Elsewhere = Rc<dyn Fn(&Outgoing) -> Result<Response, String>>;

impl<S: Survey> Desk<S> {
    pub fn new(store: S) -> Self {
        let now = 1_760_000_000_000;
        Self {
            store,
            now,
            secret: Some(SECRET),
            typed: None,
            noted: String::new(),
            said: String::new(),
            told: serde_json::Map::new(),
            posted: Vec::new(),
            answers: Ok(202),
            elsewhere: None,
            runs: 0,
        }
    }

    /// What was said, or why it was refused.
    pub fn run(&mut self, line: &str) -> Result<String, String> {
        let order = command::read(&words(line)).map_err(|unclear| format!("{unclear:?}"))?;
        self.carry_out(&order)
    }

    pub fn carry_out(&mut self, order: &Order) -> Result<String, String> {
        self.runs += 1;
        let (typed, answers) = (self.typed.clone(), Some(self.answers.clone()));
        let elsewhere = self.elsewhere.clone();
        let mut memory = Memory { typed, answers, elsewhere, ..Memory::default() };
        let seed = Seed::new([self.runs; 32]);
        let mut operator = Operator::new(&self.store, &mut memory, self.secret, self.now, seed);
        let outcome = finish(operator.carry_out(order));
        (self.noted, self.said) = (memory.noted, memory.said);
        self.told = memory.told;
        self.posted.append(&mut memory.posted);
        outcome.map(|()| self.said.clone()).map_err(|Refusal(reason)| reason)
    }
}

#[derive(Default)]
struct Memory {
    said: String,
    noted: String,
    typed: Option<String>,
    told: serde_json::Map<String, Value>,
    posted: Vec<(String, String, Vec<u8>)>,
    answers: Option<Result<u16, String>>,
    elsewhere: Option<Elsewhere>,
}

impl Terminal for Memory {
    fn say(&mut self, line: &str) {
        self.said += &format!("{line}\n");
    }
    fn note(&mut self, line: &str) {
        self.noted += &format!("{line}\n");
    }
    async fn password(&mut self, _: &str) -> Option<String> {
        self.typed.clone()
    }
    async fn post(&mut self, url: &str, media_type: &str, body: &[u8]) -> Result<u16, String> {
        self.posted.push((url.into(), media_type.into(), body.to_vec()));
        self.answers.clone().unwrap()
    }
    fn tell(&mut self, name: &str, value: Value) {
        match (self.told.get_mut(name), value) {
            (Some(Value::Array(known)), Value::Array(mut more)) => known.append(&mut more),
            (_, value) => _ = self.told.insert(name.into(), value),
        }
    }
    async fn carry(&mut self, outgoing: &Outgoing) -> Result<Response, String> {
        match &self.elsewhere {
            Some(elsewhere) => elsewhere(outgoing),
            None => Err("connection refused".into()),
        }
    }
    fn files(&self) -> &dyn Files {
        &Disk
    }
}

/// A folder that goes when the test is over.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("anchorage-operate-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> String {
        self.0.display().to_string()
    }

    pub fn path_of(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    pub fn put(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Names and texts of the files in a folder inside.
    pub fn files(&self, inside: &str) -> Vec<(String, String)> {
        let entries = std::fs::read_dir(self.0.join(inside)).unwrap().map(Result::unwrap);
        let mut files: Vec<(String, String)> = entries
            .map(|entry| {
                (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        files.sort();
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}
