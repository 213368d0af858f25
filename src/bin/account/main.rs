//! `anchorage-account`: the operator's tool, behind `npm run account`.
//!
//! It reads the arguments and does the work ([`anchorage::operate`]); `scripts/database.mjs`, which starts it, opens the
//! database it asks for and passes statements through. Between them one line of JSON each way ([`channel`]), on this
//! program's standard input and output; warnings and questions go to the terminal.

mod channel;
mod spelling;
mod terminal;

use anchorage::exchange::Seed;
use anchorage::operate::command::{self, Order, Unclear};
use anchorage::operate::{Operator, Refusal};
use channel::Channel;
use std::future::Future;
use std::io::Read;
use std::pin::pin;
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};
use terminal::Console;

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let channel = Channel;
    match command::read(&arguments) {
        Err(Unclear::Help(text)) => {
            channel.say(&text);
            ExitCode::SUCCESS
        }
        Err(Unclear::Wrong(reason)) => {
            eprintln!("{}", terminal::plain(&reason));
            ExitCode::from(2)
        }
        Ok(order) => match carry_out(&order, &channel) {
            Ok(()) => ExitCode::SUCCESS,
            Err(Refusal(reason)) => {
                eprintln!("{}", terminal::plain(&reason));
                ExitCode::from(1)
            }
        },
    }
}

fn carry_out(order: &Order, channel: &Channel) -> Result<(), Refusal> {
    let seed = random()?;
    let secret = channel.open(order.state.as_deref(), order.remote).map_err(Refusal)?;
    let mut console = Console { channel };
    let mut operator = Operator::new(channel, &mut console, secret.as_deref(), now(), Seed::new(seed));
    finish(operator.carry_out(order))
}

/// Runs a future whose every step is done when it is asked for: the channel waits for its answers itself.
fn finish<T>(future: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(Refusal("The database did not answer.".into())),
    }
}

/// The moment, in epoch milliseconds. The core is given its time; this program is where it comes from.
#[allow(clippy::disallowed_methods)]
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// 32 random bytes, from the system itself (Linux and macOS both have the device): no crate is needed for that.
fn random() -> Result<[u8; 32], Refusal> {
    let mut bytes = [0; 32];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
    read.map(|()| bytes).map_err(|error| Refusal(format!("/dev/urandom cannot be read: {error}.")))
}
