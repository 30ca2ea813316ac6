//! The whole suite in one test process, on real sockets, over either store set, with a clock the test moves.
//!
//! | Face | Gives |
//! |---|---|
//! | [`World`] | a running suite: connections, inbox, clock, people |
//! | [`Stores`] | embedded (SQLite and memory) or real (Postgres and Redis) |
//! | [`person`] | what a person or their backend does, in one call each |
//! | [`callers`] | backends that may do little |
//! | [`contents`] | what the stores hold, row by row |
//!
//! Nothing is faked but the clock and the way out: messages end in the inbox.
//!
//! Tests of deployments and faults fake nothing at all:
//!
//! | Face | Gives |
//! |---|---|
//! | [`processes`] | the built program, started, asked, typed to, stopped and killed |
//! | [`deployment`] | three such processes with mTLS on Postgres, Redis and a mail server |
//! | [`backend`] | a caller that repeats a call until there is an answer |
//! | [`authority`], [`post`], [`web`], [`waiting`] | certificates; mails; plain HTTP; a condition with a deadline |
#![expect(clippy::unwrap_used, reason = "a test has nothing better to do than to fail")]

pub mod authority;
pub mod backend;
pub mod callers;
pub mod contents;
pub mod deployment;
pub mod person;
pub mod post;
pub mod processes;
pub mod waiting;
pub mod web;
mod world;

pub use world::{Stores, World, code_in};

/// Makes each function one test per store set; it is given the [`Stores`].
#[macro_export]
macro_rules! on_both_store_sets {
    ($($name:ident),* $(,)?) => {
        mod embedded { $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name($crate::Stores::Embedded).await; })* }
        mod real { $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name($crate::Stores::Real).await; })* }
    };
}
