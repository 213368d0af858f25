//! Which request is whose.

use crate::exchange::{Seed, Served};
use crate::http::{Request, Response};
use crate::journal::Moment;
use crate::settings::Settings;
use crate::store::{Cost, Store};

/// Answers one request.
pub async fn serve<S: Store>(
    request: Request,
    _store: &S,
    _settings: &Settings,
    _now: Moment,
    _seed: Seed,
) -> Served {
    Served {
        response: Response {
            status: 404,
            headers: vec![("content-type".into(), "text/plain; charset=utf-8".into())],
            body: b"There is nothing here.\n".to_vec(),
        },
        line: Some(format!("{} {} 404", request.method, request.path)),
        cost: Cost::default(),
    }
}
