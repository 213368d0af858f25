//! What the operator has set, read by the face from its environment.

use crate::limits;
use crate::secret::Sealer;

/// The operator's settings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Made from the Worker secret `ANCHORAGE_SECRET`; `None` where it is missing or too short, and then nobody signs in
    /// with a password.
    pub sealer: Option<Sealer>,
    /// `ANCHORAGE_LOCAL=1`, set by `npm start` only: logins made for local development (the demo) are honoured.
    pub local: bool,
    /// `SYNCML_MAC=1`: SyncML clients must sign each message by `syncml:auth-MAC`; other credentials are refused.
    pub syncml_mac: bool,
    /// `MAX_LEGACY=1`: MAX refusals answer with status 200 and the number in `X-Status-Code`, for clients of Upvise's family.
    pub max_legacy: bool,
    /// `MAX_LENIENT=1`: unknown field names in a MAX body are ignored, not refused (an app newer than the server).
    pub max_lenient: bool,
    /// `MAX_DELETE_WINS=1`: a MAX update that arrives after a delete does not revive the record.
    pub max_delete_wins: bool,
    /// `SYNCML_QUIRKS`: what particular devices need done differently, as JSON (`syncml/quirk.rs`); empty for nothing more
    /// than is known here.
    pub syncml_quirks: String,
    /// `SYNCML_OBJECT_BYTES_MAX`: the largest object taken from a device or given to it, in bytes; `None` for as large as may be.
    pub syncml_object_bytes_max: Option<usize>,
    /// `SYNCML_TRACE_DAYS`: for how many days what was said in sessions is kept for their account's owner; 0 for not at all.
    pub syncml_trace_days: Option<u16>,
}

impl Settings {
    /// The largest object, in bytes: what is set, within [`limits::OBJECT_BYTES_MAX`].
    pub fn object_bytes_max(&self) -> usize {
        self.syncml_object_bytes_max.unwrap_or(limits::OBJECT_BYTES_MAX).min(limits::OBJECT_BYTES_MAX)
    }

    /// For how many days sessions are kept: what is set, or [`limits::TRACE_DAYS`].
    pub fn trace_days(&self) -> u16 {
        self.syncml_trace_days.unwrap_or(limits::TRACE_DAYS)
    }
}
