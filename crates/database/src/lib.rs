//! One SQL store on two databases: Postgres, and SQLite in a file of its own.
//!
//! | Module | Has |
//! |---|---|
//! | [`database`] | [`Database`]: its pools, a step that is done again when it loses a race, reads that may lag behind |
//! | [`connection`] | [`Connection`]: a statement is carried out, whichever driver is behind it |
//! | [`transaction`] | [`Transaction`]: ends in an answer, with a commit or without |
//! | [`sql`] | [`Sql`]: a statement, written once, or twice where the dialects differ |
//! | [`value`] | [`Value`]: what is bound to `$1`, `$2` and so on |
//! | [`schema`] | [`Schema`]: which one a service needs, and whether one fits this code |
//! | [`migration`] | bringing a schema up to date under a lock |
//! | `key_checks` | which keys a store was used with |
//! | [`inspection`] | what a database says of itself, for whoever judges it |
//! | [`monitor`] | the loop that looks after the database, and the gate it opens |
//! | [`failure`] | [`Failure`], and the time limit of a step |
//!
//! Nothing here knows a table but those of [`schema`] and [`KeyChecks`], which the schema of every service has. A service writes
//! its statements with [`statements!`], so that a test can prepare all of them on both databases, and takes its steps through
//! [`Database::step`].

pub mod connection;
pub mod database;
pub mod failure;
mod findings;
pub mod inspection;
pub mod migration;
pub mod monitor;
pub mod schema;
pub mod sql;
pub mod transaction;
pub mod value;

mod alone;
mod key_checks;
mod measurement;
mod options;
mod password;
mod postgres;
mod replica;
mod sqlite;
#[cfg(test)]
mod tests;

pub use connection::{Connection, Row};
pub use database::{Database, Dialect};
pub use failure::{Failure, in_time};
pub use inspection::{DatabaseFacts, NotInspected, ServerFacts, inspect};
pub use key_checks::KeyChecks;
pub use migration::{Blocker, Migrated, MigratedStep, Patience, Waiting, migrate, migrate_patiently};
pub use monitor::{SchemaGate, StoreMonitor, StoreStatus, Unprepared};
pub use options::Options;
pub use password::UrlSource;
pub use schema::{Schema, SchemaFit};
pub use sql::{FOR_NO_KEY_UPDATE, FOR_UPDATE, FOR_UPDATE_SKIP_LOCKED, Fragment, Sql};
pub use transaction::{Finished, Transaction};
pub use value::Value;
