//! The whole suite in one test process, on real sockets, over any set of stores, with a clock the test moves.
//!
//! | Face | Gives |
//! |---|---|
//! | [`World`] | a running suite: connections, inbox, clock, people |
//! | [`Stores`] | embedded (SQLite and memory), real (Postgres and Redis), and what lies between |
//! | [`person`] | what a person or their backend does, in one call each |
//! | [`callers`] | backends that may do little |
//! | [`Past`] | what an earlier release left behind, to start on |
//! | [`contents`] | what the stores hold, row by row |
//! | [`visitor`] | somebody who writes requests to the portal by hand |
//! | [`needles`] | secrets in every spelling, looked for in whatever was kept or said |
//!
//! Nothing is faked but the clock and the way out: messages end in the inbox.
//!
//! Tests of deployments and faults fake nothing at all:
//!
//! | Face | Gives |
//! |---|---|
//! | [`processes`] | the built program, started, asked, typed to, stopped and killed |
//! | [`deployment`] | such a process for each part, with mTLS on Postgres, Redis and a mail server |
//! | [`backend`] | a caller that repeats a call until there is an answer |
//! | [`authority`], [`post`], [`web`], [`waiting`] | certificates; mails; plain HTTP; a condition with a deadline |
//! | [`dns`] | a DNS server that knows what it is told |
#![expect(clippy::unwrap_used, reason = "a test has nothing better to do than to fail")]

pub mod authority;
pub mod backend;
pub mod callers;
pub mod contents;
pub mod deployment;
pub mod dns;
pub mod needles;
pub mod passkeys;
mod past;
pub mod person;
pub mod post;
pub mod processes;
mod stores;
pub mod visitor;
pub mod waiting;
pub mod web;
mod world;

pub use past::Past;
pub use stores::Stores;
pub use world::{World, code_in};

/// A logo of 64 by 32 pixels, all of them black: a PNG.
pub const LOGO: &[u8] = b"\x89PNG\r\n\x1a\n\
    \0\0\0\rIHDR\0\0\0@\0\0\0 \x01\0\0\0\0\x8a\xe6C)\
    \0\0\0\rIDATx\xdac`\x18\x05\xf8\0\0\x01 \0\x01\xf3\xc5Cw\
    \0\0\0\0IEND\xaeB`\x82";

/// Makes each function one test on these stores, in a module of that name; it is given the [`Stores`].
#[macro_export]
macro_rules! on_stores {
    ($module:ident $stores:ident: $($name:ident),* $(,)?) => {
        mod $module { $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name($crate::Stores::$stores).await; })* }
    };
}

/// Makes each function one test on the embedded stores and one on the real ones.
#[macro_export]
macro_rules! on_both_store_sets {
    ($($name:ident),* $(,)?) => {
        $crate::on_stores!(embedded Embedded: $($name),*);
        $crate::on_stores!(real Real: $($name),*);
    };
}

/// Makes each function one test on every pair of a database and a place for codes.
#[macro_export]
macro_rules! on_every_store_set {
    ($($name:ident),* $(,)?) => {
        $crate::on_both_store_sets!($($name),*);
        $crate::on_stores!(postgres_alone PostgresAlone: $($name),*);
        $crate::on_stores!(redis_alone RedisAlone: $($name),*);
    };
}
