//! MAX.
