//! The edge face.
