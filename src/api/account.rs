//! `GET /api/account`: who this is.

use super::refusal::Refusal;
use super::{Answer, Deed, Scene, told};
use crate::exchange::{Decision, Seed};
use crate::store::{Reads, Token, View};
use serde_json::json;

/// The account, looked at.
pub struct Look;

impl Deed for Look {
    fn ask(&mut self, reads: Reads) -> Reads {
        Reads { views: vec![View::Account], ..reads }
    }

    fn decide(&mut self, scene: &Scene<'_>, _: &mut Seed) -> Result<Decision<Answer>, Refusal> {
        let views = &scene.snapshot.views;
        let used = scene.snapshot.token.as_ref().map(|token| token.hash.as_str());
        let token = |token: &Token| {
            json!({
                "label": token.label, "login": token.login, "created": token.created, "expires": token.expires,
                "current": used == Some(&token.hash),
            })
        };
        told(&json!({
            "id": scene.account.id.0,
            "login": scene.login,
            "head": scene.account.head,
            "horizon": scene.account.horizon,
            "logins": views.logins.iter().map(|login| login.name.as_str()).collect::<Vec<_>>(),
            "tokens": views.tokens.iter().map(token).collect::<Vec<_>>(),
            "devices": views.device_count,
            "traceDays": scene.settings.trace_days(),
            "version": env!("CARGO_PKG_VERSION"),
        }))
    }
}
