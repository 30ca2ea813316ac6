//! Identity: who people are and how they get back in.

pub mod domain;
pub mod hashing;
pub mod store;
