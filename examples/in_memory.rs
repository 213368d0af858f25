//! The whole core without a face: one request, one store in memory, one answer.
//!
//! `cargo run --example in_memory` shows it natively; `tests/bare.rs` builds it for wasm and looks at what it asks of its
//! host, which is nothing. Nothing here is known to the compiler, so that it can leave nothing out.

use anchorage::exchange::{Seed, Served};
use anchorage::http::Request;
use anchorage::secret::Sealer;
use anchorage::serve::serve;
use anchorage::settings::Settings;
use anchorage::store::memory::MemoryStore;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

fn main() {
    let request = Request {
        method: "GET".into(),
        path: "/max/contacts".into(),
        query: "lbd=0&auth=demo-token".into(),
        origin: "http://127.0.0.1:8787".into(),
        ..Request::default()
    };
    let settings = Settings { sealer: Sealer::new(b"a secret for this example"), ..Settings::default() };
    let store = MemoryStore::new();
    let served =
        now(serve(black_box(request), &store, black_box(&settings), black_box(0), Seed::new([0; 32])));
    if let Some(Served { response, line, .. }) = black_box(served) {
        println!("{}", line.unwrap_or_default());
        println!("{} {:?}", response.status, response.headers);
        println!("{}", String::from_utf8_lossy(&response.body));
    }
}

/// The value of a future that waits for nothing, as those of a store in memory do.
fn now<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
