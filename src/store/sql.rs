//! The contract as SQL. It runs nothing.
