//! Real servers for tests: a fresh Postgres database, a Redis of one's own, an SMTP server that we did not write, a gateway of
//! text messages; and what breaks them on demand: a proxy, a disk that is soon full, a clock that is set.
//!
//! Every function here returns something empty and private to the test, listening on 127.0.0.1, that goes away when its
//! handle is dropped. They panic when a server cannot be started; the message says what to install.
//!
//! | Function | Cost |
//! |---|---|
//! | [`postgres`], [`postgres_from_template`] | about 10 ms each on a server shared by all tests |
//! | [`postgres_server`] | half a second: for tests that stop, pause or kill it |
//! | [`pgbouncer`] | 20 ms |
//! | [`with_replica`] | 2 s |
//! | [`redis`], [`redis_replicated`], [`redis_sentinel`], [`redis_cluster`] | 10 ms, 50 ms, 1 s, 2 s |
//! | [`redis_cluster_replicated`] | 3 s |
//! | [`Backing`] | a database of either kind, with what keeps it alive |
//! | [`smtp_server`], [`sms_gateway_in`] | 300 ms, 100 ms |
//! | [`small_disk`]; [`movable_clock`], [`names_of_file`] | 10 ms; 50 ms |
//! | [`Proxy`], [`tools`] | nothing |
//!
//! [`simulation`] has no server: it draws calls and their faults from a seed. Nor has [`property`], which draws sequences of steps.

use std::path::PathBuf;

mod backing;
mod database;
mod disk;
mod fuzzing;
mod preload;
mod properties;
mod proxy;
mod redis;
mod redis_cluster;
mod redis_tls;
mod script;
pub mod simulation;
mod sms;
mod smtp;
mod template;

pub use backing::{Backing, replay_before_commit};
pub use database::{Database, pgbouncer, postgres, postgres_server, postgres_server_in, with_replica};
pub use disk::{SmallDisk, small_disk};
pub use fuzzing::fuzz;
pub use preload::{MovableClock, movable_clock, names_of_file};
pub use properties::property;
pub use proptest;
pub use proxy::{Fault, Proxy};
pub use redis::{RedisCluster, RedisReplicated, RedisSentinel};
pub use redis::{
    redis, redis_cluster, redis_cluster_tls, redis_in, redis_replicated, redis_sentinel, redis_sentinel_tls,
};
pub use redis_cluster::{RedisClusterReplicated, redis_cluster_replicated};
pub use redis_tls::RedisAuthority;
pub use rekey_servers::{Environment, PgBouncer, Postgres as PostgresServer, Redis as RedisHandle};
pub use script::Taken;
pub use sms::{SmsGateway, Text, sms_gateway_in};
pub use smtp::{
    Mail, SmtpBehaviour, SmtpDrop, SmtpServer, SmtpTls, SmtpTreatment, smtp_server, smtp_server_in,
    smtp_server_that,
};
pub use template::postgres_from_template;

/// The value, or a panic that names what was wanted and the whole chain of causes.
#[track_caller]
pub(crate) fn ready<T>(what: &str, result: anyhow::Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error:#}"),
    }
}

/// A setting that `cargo xtask test` passes on.
#[expect(clippy::disallowed_methods, reason = "test processes have no settings document")]
pub(crate) fn passed(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The folder that `cargo xtask tools` installs third-party programs into: `python` and `node`.
#[must_use]
pub fn tools() -> PathBuf {
    passed("REKEY_TEST_TOOLS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tools")),
        PathBuf::from,
    )
}

/// Runs blocking work, such as starting a process, beside the test's runtime.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
