//! The whole suite in one test process, on real sockets, over either store set, with a clock the test moves.
//!
//! | Face | Gives |
//! |---|---|
//! | [`World`] | a running suite: connections, inbox, clock, people |
//! | [`Stores`] | embedded (SQLite and memory) or real (Postgres and Redis) |
//! | [`person`] | what a person or their backend does, in one call each |
//!
//! Nothing is faked but the clock and the way out: messages end in the inbox.

pub mod person;
mod world;

pub use world::{Stores, World};
