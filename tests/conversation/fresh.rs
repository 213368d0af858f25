//! A fresh workerd for each message: started over the state directory, asked once, killed with SIGKILL as soon as it has
//! answered. `tests/worker/killed.mjs` builds what this needs and names its folder in the variable `ANCHORAGE_KILLED`.
//!
//! In that folder: `config.bin` and `workerd`, and the state of an empty server, of which each store takes a copy
//! (`stores/sqlite.rs`).

use anchorage::exchange::Served;
use anchorage::http::{Request, Response};
use anchorage::settings::Settings;
use anchorage::store::Cost;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::SECRET;

const PREPARED: &str = "ANCHORAGE_KILLED";

/// Whether each message is to have a workerd of its own.
pub fn wanted() -> bool {
    std::env::var_os(PREPARED).is_some()
}

/// How many messages of one server have a workerd each; those behind them come in [`LATER`]s, to keep within CI's minutes.
const FIRST: u32 = 25;
const LATER: u32 = 20;

/// Whether nothing is left out (`ANCHORAGE_KILLED_ALL=1`).
fn all() -> bool {
    std::env::var("ANCHORAGE_KILLED_ALL").is_ok_and(|all| all == "1")
}

/// Of the many servers that one test makes, those numbered 1, 2, 3, 5, 8, 13 and so on have workerds; the others, to keep
/// within CI's minutes, are in this process.
fn is_drawn() -> bool {
    thread_local! {
        /// A test is a thread.
        static MADE: Cell<u32> = const { Cell::new(0) };
    }
    let number = MADE.get() + 1;
    MADE.set(number);
    let (mut before, mut drawn) = (1, 1);
    while drawn < number {
        (before, drawn) = (drawn, before + drawn);
    }
    all() || drawn == number
}

/// The state that each workerd is started over.
pub struct Fresh {
    prepared: PathBuf,
    state: RefCell<PathBuf>,
    /// How many messages have been answered.
    answered: Cell<u32>,
    /// How many of them each had a workerd, and how many share one behind those.
    first: u32,
    later: u32,
    alive: RefCell<Option<Workerd>>,
    /// The largest WebAssembly memory, and the largest process, that there has been, in bytes.
    pub peaks: Cell<[usize; 2]>,
}

/// Killed when dropped, wherever the test has got to.
struct Workerd {
    process: Child,
    answered: u32,
}

impl Drop for Workerd {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Fresh {
    /// The same as [`Fresh::over`], or nothing, and after a while fewer, where there are many.
    pub fn drawn_over(state: &Path) -> Option<Self> {
        let first = if all() { u32::MAX } else { FIRST };
        is_drawn().then(|| Self { first, ..Self::over(state) })
    }

    /// A fresh workerd for each message to what lies in this state directory.
    pub fn over(state: &Path) -> Self {
        let prepared = std::env::var_os(PREPARED).expect("a state directory is for workerd").into();
        let state = RefCell::new(state.to_owned());
        Self {
            prepared,
            state,
            answered: Cell::new(0),
            first: u32::MAX,
            later: LATER,
            alive: RefCell::default(),
            peaks: Cell::default(),
        }
    }

    /// One workerd for all messages from now on, weighed from now on.
    pub fn alone(self) -> Self {
        Self { first: 0, later: u32::MAX, ..Self::over(&self.state.borrow()) }
    }

    /// From now on over another state.
    pub fn move_to(&self, state: &Path) {
        self.state.replace(state.to_owned());
    }

    /// Has one request answered as the worker answers it at that moment, by those random bytes.
    pub fn serve(&self, request: &Request, settings: &Settings, now: i64, random: [u8; 32]) -> Served {
        let turn = json!({ "now": now, "random": random, "env": environment(settings) });
        let mut workerd = self.alive.take().unwrap_or_else(|| self.start());
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        // One who is refused before all has been read has gone before all is written.
        let written = stream.write_all(&spelt(request, &STANDARD.encode(turn.to_string())));
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        let answer = response(&bytes, request.method == "HEAD").unwrap_or_else(|| {
            let said = std::fs::read_to_string(self.complaints()).unwrap_or_default();
            let bytes = bytes.len();
            panic!("no answer to {request:?}: {written:?}, {read:?}, {bytes} bytes; workerd said: {said}")
        });
        workerd.answered += 1;
        self.weigh(&workerd);
        self.answered.set(self.answered.get() + 1);
        if self.answered.get() > self.first && workerd.answered < self.later {
            self.alive.replace(Some(workerd));
        }
        self.served(answer)
    }

    /// A workerd that has been asked nothing yet. It listens already: a request waits in the socket until it has started.
    fn start(&self) -> Workerd {
        let _ = std::fs::remove_file(self.socket());
        let listener = UnixListener::bind(self.socket()).unwrap();
        let state = format!("state={}", self.state.borrow().display());
        let mut command = Command::new(self.prepared.join("workerd"));
        command.args(["serve", "--binary", "--directory-path", &state, "--socket-fd", "http=0"]);
        command.arg(self.prepared.join("config.bin"));
        command.stdin(Stdio::from(OwnedFd::from(listener))).stdout(Stdio::null());
        command.stderr(File::create(self.complaints()).unwrap());
        let mut counted =
            File::options().append(true).create(true).open(self.prepared.join("started")).unwrap();
        counted.write_all(b".").unwrap();
        Workerd { process: command.spawn().unwrap(), answered: 0 }
    }

    fn socket(&self) -> PathBuf {
        self.state.borrow().join("socket")
    }

    fn complaints(&self) -> PathBuf {
        self.state.borrow().join("complaints.txt")
    }

    /// The largest that the process has been so far.
    fn weigh(&self, workerd: &Workerd) {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", workerd.process.id())).unwrap_or_default();
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
        let bytes = kilobytes.map_or(0, |text| text.trim().parse::<usize>().unwrap() * 1024);
        let [memory, process] = self.peaks.get();
        self.peaks.set([memory, process.max(bytes)]);
    }

    /// What the entry of the worker (`tests/worker/killed/entry.mjs`) tells beside the answer is taken out of it.
    fn served(&self, mut response: Response) -> Served {
        let mut told = |name: &str| {
            let found = response.headers.iter().position(|(header, _)| header == name);
            found.map(|index| response.headers.remove(index).1)
        };
        let cost = told("x-anchorage-cost").map_or(Cost::default(), |cost| cost_of(&cost));
        let logged = STANDARD.decode(told("x-anchorage-logged").unwrap_or_default()).unwrap();
        let logged: serde_json::Value = serde_json::from_slice(&logged).unwrap();
        let [memory, process] = self.peaks.get();
        self.peaks.set([memory.max(logged["memory"].as_u64().unwrap() as usize), process]);
        let errors = logged["errors"].as_array().unwrap();
        assert!(errors.is_empty(), "the worker complains: {errors:?}");
        let line = logged["lines"].as_array().unwrap().last();
        Served { response, line: line.map(|line| line.as_str().unwrap().to_owned()), cost }
    }
}

/// The variables by which a worker is given these settings.
fn environment(settings: &Settings) -> serde_json::Value {
    let switch = |on: bool| if on { "1" } else { "0" };
    let mut variables = json!({
        "ANCHORAGE_COST": "1",
        "ANCHORAGE_LOCAL": switch(settings.local),
        "SYNCML_MAC": switch(settings.syncml_mac),
        "MAX_LEGACY": switch(settings.max_legacy),
        "MAX_LENIENT": switch(settings.max_lenient),
        "MAX_DELETE_WINS": switch(settings.max_delete_wins),
        "SYNCML_QUIRKS": settings.syncml_quirks,
    });
    if settings.sealer.is_some() {
        variables["ANCHORAGE_SECRET"] = SECRET.into();
    }
    if let Some(bytes) = settings.syncml_object_bytes_max {
        variables["SYNCML_OBJECT_BYTES_MAX"] = bytes.to_string().into();
    }
    variables
}

/// A request as it goes over the wire.
fn spelt(request: &Request, turn: &str) -> Vec<u8> {
    let Request { method, path, query, headers, body, origin, address } = request;
    let (scheme, host) = origin.split_once("://").unwrap();
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    let mut head =
        format!("{method} {path}{query} HTTP/1.1\r\nhost: {host}\r\nx-forwarded-proto: {scheme}\r\n");
    for (name, value) in headers.iter().filter(|(name, _)| name != "content-length") {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = if method == "GET" { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let end = format!(
        "{length}cf-connecting-ip: {address}\r\nx-anchorage-turn: {turn}\r\nconnection: close\r\n\r\n"
    );
    [head.as_bytes(), end.as_bytes(), body].concat()
}

/// An answer as it came over the wire; `None` where it broke off.
fn response(bytes: &[u8], of_head: bool) -> Option<Response> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let (first, fields) = head.split_once("\r\n")?;
    let fields = fields.split("\r\n").filter_map(|field| field.split_once(": "));
    let mut headers: Vec<_> =
        fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let body = bytes.get(end + 4..)?;
    let said = |name: &str| headers.iter().find(|(header, _)| header == name).map(|(_, value)| value);
    let body = match said("transfer-encoding") {
        Some(_) => unchunked(body)?,
        None => body.to_vec(),
    };
    let length = said("content-length").and_then(|length| length.parse().ok());
    if !of_head && length.is_some_and(|length: usize| length != body.len()) {
        return None;
    }
    headers.retain(|(name, _)| !["connection", "transfer-encoding"].contains(&name.as_str()));
    Some(Response { status: first.split(' ').nth(1)?.parse().ok()?, headers, body })
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(rest.get(..end)?).ok()?, 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + length)?);
        rest = rest.get(end + 4 + length..)?;
    }
}

/// `batches=1 statements=2 rows_read=3 rows_written=4`.
fn cost_of(line: &str) -> Cost {
    let of = |name: &str| {
        let found = line.split(' ').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.unwrap().parse().unwrap()
    };
    Cost {
        batches: of("batches"),
        statements: of("statements"),
        rows_read: of("rows_read"),
        rows_written: of("rows_written"),
    }
}
