//! The operator's terminal: what was asked for goes out through the channel's owner, the rest to standard error.

use crate::channel::Channel;
use anchorage::http::Response;
use anchorage::journal::Moment;
use anchorage::operate::Terminal;
use anchorage::operate::files::{Disk, Files};
use anchorage::upstream::Outgoing;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Where a password may stand instead of being typed.
const PASSWORD_VARIABLE: &str = "ANCHORAGE_PASSWORD";

/// The terminal of a real operator.
pub struct Console<'a> {
    /// Who prints what was asked for.
    pub channel: &'a Channel,
}

impl Terminal for Console<'_> {
    fn say(&mut self, line: &str) {
        self.channel.say(line);
    }

    fn note(&mut self, line: &str) {
        eprintln!("{}", plain(line));
    }

    async fn post(&mut self, url: &str, media_type: &str, body: &[u8]) -> Result<u16, String> {
        self.channel.post(url, media_type, body)
    }

    async fn carry(&mut self, outgoing: &Outgoing) -> Result<Response, String> {
        self.channel.carry(outgoing)
    }

    async fn rest(&mut self, until: Moment) -> bool {
        let ms = until.saturating_sub(crate::now()).max(0);
        std::thread::sleep(Duration::from_millis(ms.unsigned_abs()));
        true
    }

    fn clock(&self) -> Option<Moment> {
        Some(crate::now())
    }

    fn files(&self) -> &dyn Files {
        &Disk
    }

    /// Out of the environment, or typed without being shown. Standard input is the channel, so the terminal is opened by
    /// name; where there is none, nobody is asked.
    async fn password(&mut self, prompt: &str) -> Option<String> {
        if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
            return Some(password);
        }
        if !std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            return None;
        }
        let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        write!(terminal, "{prompt}: ").ok()?;
        let hidden = echo(false);
        let mut line = String::new();
        let read = BufReader::new(&terminal).read_line(&mut line);
        if hidden {
            echo(true);
            writeln!(terminal).ok()?;
        }
        read.ok().map(|_| line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// Text of a stranger (a file's name, a device's) without what a terminal would obey.
pub fn plain(line: &str) -> String {
    line.chars()
        .map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

/// Whether the terminal shows what is typed from now on.
fn echo(shown: bool) -> bool {
    let Ok(terminal) = OpenOptions::new().read(true).open("/dev/tty") else { return false };
    let mut stty = Command::new("stty");
    stty.arg(if shown { "echo" } else { "-echo" })
        .stdin(terminal)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    stty.status().is_ok_and(|status| status.success())
}
