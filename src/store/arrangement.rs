//! A sync with another server that the operator has arranged: what it is, when it is due, and who is at it.
//!
//! What is synchronised is `upstream::Upstream`, here as text; how far it has come is in bookmarks, aliases and the session of
//! [`Arrangement::peer`], as for a device.

use crate::journal::Moment;
use crate::peer::PeerId;
use crate::record::AccountId;
use serde::{Deserialize, Serialize};

/// An arranged sync.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Arrangement {
    /// Whose collections they are.
    pub account: AccountId,
    /// What the operator calls it: unique in the account.
    pub name: String,
    /// `upstream::Upstream` as JSON, without account, peer and password.
    pub definition: String,
    /// The password or token, sealed with the Worker secret (`secret::Sealer`); empty for none.
    pub sealed: String,
    /// How long after a sync the next one is due, in milliseconds; 0 for none that comes by itself.
    pub every: i64,
    /// When the next turn is due; [`Self::NEVER`] for not by itself.
    pub due: Moment,
    /// Until when somebody is at it, and nobody else may be; a moment past for nobody.
    pub leased: Moment,
    /// Syncs that failed in a row.
    pub failures: i64,
    /// Why the last one failed, in words; empty where it did not.
    pub failed: String,
    /// Counts changes of this row; the guard compares it.
    pub version: i64,
}

impl Arrangement {
    /// A moment that does not come.
    pub const NEVER: Moment = (1 << 53) - 1;

    /// Under which device's name its bookmarks, aliases and session are kept.
    pub fn peer(&self) -> PeerId {
        PeerId(format!("upstream:{}", self.name))
    }

    /// For what its password is sealed: it opens for nothing else.
    pub fn seal_name(&self) -> String {
        format!("upstream {} of {}", self.name, self.account.0)
    }
}
