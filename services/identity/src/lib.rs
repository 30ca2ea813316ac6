//! Identity: who people are and how they get back in.

pub mod config;
pub mod domain;
pub mod flows;
pub mod hashing;
pub mod peers;
pub mod store;
