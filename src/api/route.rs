//! Which path is whose, and what may be done there.

use super::account::Look;
use super::asking::{Alert, SlowSync};
use super::call::Call;
use super::collection::All;
use super::export::Export;
use super::fixture::Fixture;
use super::import::Import;
use super::listing::{Changes, One, Page};
use super::logon::{Logoff, Logon};
use super::provision::Provision;
use super::refusal::Refusal;
use super::replay::Replay;
use super::writing::Writing;
use super::{Caller, Deed, Work, device, mapping, session};
use crate::limits;
use crate::peer::PeerId;
use crate::secret;
use crate::store::Who;

/// How large a body a path takes of whom, in bytes.
pub fn body_bytes_max(path: &str, caller: &Caller) -> usize {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", "api", "collections", _, "records", ..] => {
            limits::api_record_body_bytes_max(caller.record_bytes_max())
        }
        ["", "api", "collections", _, "import"] => caller.record_bytes_max(),
        _ => limits::API_BODY_BYTES_MAX,
    }
}

/// What a request asks, and of whom, where nothing in the request itself speaks against it.
pub fn work(call: &Call, caller: &Caller) -> Result<(Who, Work), Refusal> {
    let segments: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let method = call.request.method.as_str();
    let allow = allowed(&segments).ok_or_else(|| Refusal::not_found("There is nothing at this path."))?;
    if !allow.split(", ").any(|allowed| allowed == method) {
        return Err(Refusal::method(allow));
    }
    if (method, segments.as_slice()) == ("POST", &["login"]) {
        return Ok((Who::Login(String::new()), Work::Logon(Box::new(Logon::new(call)?))));
    }
    let who = match caller {
        Caller::Trusted(account) => Who::Account(account.clone()),
        Caller::Bearer => {
            let token = call.token().ok_or_else(Refusal::signed_out)?;
            Who::Token(secret::token_hash(token))
        }
    };
    Ok((who, Work::Deed(deed(call, method, &segments)?)))
}

/// The methods of a path; `None` where there is nothing at it.
fn allowed(segments: &[&str]) -> Option<&'static str> {
    Some(match segments {
        ["login"] => "POST, DELETE",
        ["account" | "collections"] => "GET",
        ["collections", _, "records"] => "GET, POST",
        ["collections", _, "records", _] => "GET, PUT, PATCH, DELETE",
        ["collections", _, "changes" | "export"] => "GET",
        ["collections", _, "import"] => "POST",
        ["devices"] | ["devices", _, "mapping"] | ["provision"] => "GET",
        ["sessions"] | ["sessions", _] | ["sessions", _, "fixture"] => "GET",
        ["decode"] | ["sessions", _, "replay"] => "POST",
        ["devices", _] => "GET, DELETE",
        ["devices", _, "slow-sync" | "alert"] => "POST",
        ["devices", _, "quirks"] => "PUT",
        _ => return None,
    })
}

fn deed(call: &Call, method: &str, segments: &[&str]) -> Result<Box<dyn Deed>, Refusal> {
    Ok(match (method, segments) {
        (_, ["login"]) => Box::new(Logoff),
        (_, ["account"]) => Box::new(Look),
        (_, ["collections"]) => Box::new(All::new(call)?),
        ("POST", ["collections", path, "records"]) => Box::new(Writing::add(call, path)?),
        (_, ["collections", path, "records"]) => Box::new(Page::new(call, path)?),
        ("PUT", ["collections", path, "records", id]) => Box::new(Writing::put(call, path, id)?),
        ("PATCH", ["collections", path, "records", id]) => Box::new(Writing::patch(call, path, id)?),
        ("DELETE", ["collections", path, "records", id]) => Box::new(Writing::remove(call, path, id)?),
        (_, ["collections", path, "records", id]) => Box::new(One::new(path, id)),
        (_, ["collections", path, "import"]) => Box::new(Import::new(call, path)?),
        (_, ["collections", path, "export"]) => Box::new(Export::new(call, path)?),
        (_, ["collections", path, "changes"]) => Box::new(Changes::new(call, path)?),
        (_, ["devices"]) => Box::new(device::All),
        ("DELETE", ["devices", id]) => Box::new(device::Forget(peer(id))),
        (_, ["devices", id]) => Box::new(device::One(peer(id))),
        (_, ["devices", id, "mapping"]) => Box::new(mapping::Page::new(call, peer(id))?),
        (_, ["devices", id, "slow-sync"]) => Box::new(SlowSync::new(call, peer(id))?),
        (_, ["devices", id, "alert"]) => Box::new(Alert::new(call, peer(id))?),
        (_, ["devices", id, "quirks"]) => Box::new(device::Set::new(call, peer(id))?),
        (_, ["sessions"]) => Box::new(session::Page::new(call)?),
        (_, ["sessions", id]) => Box::new(session::One::new(call, id)?),
        (_, ["sessions", id, "fixture"]) => Box::new(Fixture((*id).to_owned())),
        (_, ["sessions", id, "replay"]) => Box::new(Replay::new(id)),
        (_, ["decode"]) => Box::new(session::Decode::new(call)?),
        (_, ["provision"]) => Box::new(Provision),
        _ => return Err(Refusal::not_found("There is nothing at this path.")),
    })
}

fn peer(id: &str) -> PeerId {
    PeerId(id.to_owned())
}
