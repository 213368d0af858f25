//! Which client an upstream needs: the twin of `serve`. Syncs that come by themselves are in [`arranged`].

pub mod arranged;

use crate::exchange::Seed;
use crate::journal::Moment;
use crate::max;
use crate::settings::Settings;
use crate::store::{Store, StoreError};
use crate::syncml;
use crate::upstream::{Input, Protocol, Standing, Step, Upstream};

/// One step of a sync with an upstream: see [`Step`]. One carrier at a time for an [`Upstream::peer`].
pub async fn step<S: Store>(
    upstream: &Upstream,
    input: Input,
    store: &S,
    settings: &Settings,
    now: Moment,
    seed: Seed,
) -> Step {
    match upstream.protocol {
        Protocol::Max => max::client::step(upstream, input, store, settings, now, seed).await,
        Protocol::Syncml => syncml::client::step(upstream, input, store, settings, now, seed).await,
    }
}

/// How things stand with an upstream.
pub async fn standing<S: Store>(upstream: &Upstream, store: &S) -> Result<Standing, StoreError> {
    match upstream.protocol {
        Protocol::Max => max::client::standing(upstream, store).await,
        Protocol::Syncml => syncml::client::standing(upstream, store).await,
    }
}
