//! Real Postgres, PgBouncer and Redis servers as child processes, for tests, for the chores that run them and for `rekey-bench`.
//!
//! Small and without an async runtime, because `xtask` needs it too, which must build in seconds and starts one
//! Postgres for a whole test run; `rekey-testing` hands servers to single tests.
//! Everything listens on 127.0.0.1 only, writes to a scratch folder of its own and dies with the process that
//! started it, however that ends.

mod environment;
pub mod find;
mod pgbouncer;
mod port;
mod postgres;
mod process;
mod redis;
pub mod scratch;

pub use environment::Environment;
pub use pgbouncer::PgBouncer;
pub use port::free_port;
pub use postgres::Postgres;
pub use process::{Process, Signal};
pub use redis::{Redis, RedisTls};
