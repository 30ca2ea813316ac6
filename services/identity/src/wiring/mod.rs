//! Wiring: settings become keys, stores, throttles, connections to the neighbours, and use cases ([`parts`]).

pub(crate) mod inspection;
mod keys;
mod parts;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rekey_client::{self as link, ClientSettings};
use rekey_primitives::clock::SharedClock;
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};
use rekey_runtime::deadline;
use rekey_runtime::reload::Reloads;
use rekey_runtime::settings::{Pooling, url_with_password};
use rekey_throttle::connection::Connection;
use rekey_throttle::{FallbackThrottle, InProcessThrottle, RedisThrottle, Throttle};

pub(crate) use keys::{FollowedKeySet, followed_keys, hold_keys};
pub(crate) use parts::Parts;
pub(crate) use webhooks::delivery;

use crate::audit::AuditBuffer;
use crate::config::{Settings, Throttle as ThrottleSettings};
use crate::domain::region::Region;
use crate::hashing::Hasher;
use crate::operation::Homes;
use crate::peers::notification::RemoteNotification;
use crate::peers::verification::RemoteVerification;
use crate::peers::{Notification, Verification};
use crate::relay::RelaySettings;
use crate::store::{self, Migrated, Patience, Store};

fn verification(settings: &Settings) -> anyhow::Result<Arc<dyn Verification>> {
    Ok(Arc::new(RemoteVerification::new(connect(&settings.verification)?)))
}

/// The way to notification.
pub(crate) fn notification(settings: &Settings) -> anyhow::Result<Arc<dyn Notification>> {
    Ok(Arc::new(RemoteNotification::new(connect(&settings.notification)?)))
}

/// A connection whose calls keep within the time of the call they are made for.
fn connect(settings: &ClientSettings) -> anyhow::Result<link::Connection> {
    link::Connection::open(settings, deadline::remaining).context("the way to a neighbour")
}

/// The URL of the store. It may hold a password: it is never quoted.
fn store_url(settings: &Settings) -> anyhow::Result<SecretString> {
    let url = settings.store.url.as_str();
    if url.starts_with("sqlite:") {
        return Ok(url.to_owned().into());
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let url = url_with_password(url, settings.store.password_file.as_deref());
        return url.context("[identity.store]");
    }
    bail!("[identity.store] url must begin with `postgres://` or `sqlite:`")
}

const fn store_options(settings: &Settings) -> store::Options {
    store::Options {
        connections: settings.store.connections,
        acquire_timeout: Duration::from_millis(settings.store.acquire_timeout_ms),
        statement_timeout: Duration::from_millis(settings.store.statement_timeout_ms),
        transaction_pooling: matches!(settings.store.pooling, Pooling::Transaction),
        ..store::OPTIONS
    }
}

/// Opens the store. A Postgres that is away is no error here.
pub(crate) async fn store(settings: &Settings) -> anyhow::Result<Store> {
    let (url, options) = (store_url(settings)?, store_options(settings));
    let store = Store::open(url.expose_secret(), &options).await.context("opening [identity.store] url")?;
    let of_store = settings.clone();
    let store = store.with_url_source(Arc::new(move || Ok(store_url(&of_store)?.expose_secret().to_owned())));
    let Some(replica) = replica_url(settings)? else { return Ok(store) };
    let most = Duration::from_millis(settings.store.replica_max_lag_ms);
    let store = store.with_replica(replica.expose_secret(), most, &options);
    let (store, of_store) = (store.context("opening [identity.store] replica_url")?, settings.clone());
    let source = move || {
        let url = replica_url(&of_store)?.context("[identity.store] replica_url is gone")?;
        Ok(url.expose_secret().to_owned())
    };
    Ok(store.with_replica_source(Arc::new(source)))
}

/// The URL of its replica, which takes the same password.
fn replica_url(settings: &Settings) -> anyhow::Result<Option<SecretString>> {
    let Some(url) = &settings.store.replica_url else { return Ok(None) };
    let url = url_with_password(url, settings.store.password_file.as_deref());
    url.context("[identity.store] replica_url").map(Some)
}

/// Brings the schema up to date.
pub(crate) async fn migrate(settings: &Settings, patience: Patience) -> anyhow::Result<Migrated> {
    let url = store_url(settings)?;
    store::migrate_patiently(url.expose_secret(), &store_options(settings), patience)
        .await
        .context("migrating the identity database")
}

/// The throttles.
pub(crate) struct Throttles {
    /// Fails closed.
    strict: Arc<dyn Throttle>,
    /// Goes on with this process's share.
    lenient: Arc<dyn Throttle>,
    /// Where they are counted, if that is not this process.
    pub(crate) redis: Option<Connection>,
}

/// Opens the throttles. A Redis that is away is no error here.
pub(crate) fn throttles(settings: &Settings) -> anyhow::Result<Throttles> {
    let throttle = &settings.throttle;
    let in_process = || InProcessThrottle::new(throttle.memory_entries);
    if throttle.redis.is_memory() {
        let shared: Arc<dyn Throttle> = Arc::new(in_process());
        return Ok(Throttles { strict: Arc::clone(&shared), lenient: shared, redis: None });
    }
    let connection = redis(throttle)?;
    let strict: Arc<dyn Throttle> = Arc::new(RedisThrottle::new(connection.clone(), "rekey:identity:"));
    let rest = Duration::from_secs(throttle.rest_seconds);
    let lenient = FallbackThrottle::new(Arc::clone(&strict), in_process(), throttle.processes, rest);
    Ok(Throttles { strict, lenient: Arc::new(lenient), redis: Some(connection) })
}

fn redis(settings: &ThrottleSettings) -> anyhow::Result<Connection> {
    settings.redis.connect(Duration::from_millis(settings.timeout_ms)).context("[identity.throttle]")
}

/// What the service makes of files, besides its port and the ways to its neighbours.
pub(crate) fn files(parts: &Parts, keys: &FollowedKeySet, redis: Option<Connection>) -> Reloads {
    let mut files = Reloads::default();
    let (of_store, store) = (parts.settings.clone(), parts.store.clone());
    files.add(
        "identity.store.password_file",
        Box::new(move || {
            let replica = replica_url(&of_store)?;
            let replica = replica.map_or(Ok(false), |url| store.reload_replica(url.expose_secret()))?;
            Ok(store.reload(store_url(&of_store)?.expose_secret())? || replica)
        }),
    );
    if let Some(redis) = redis {
        files.add("identity.throttle", Box::new(move || redis.reload()));
    }
    keys.iter().cloned().for_each(|keys| files.add_keys(keys));
    files
}

/// Puts the parts together.
pub(crate) fn parts(
    settings: &Settings,
    store: Store,
    throttles: &Throttles,
    clock: SharedClock,
    entropy: SharedEntropy,
) -> anyhow::Result<Parts> {
    settings.check()?;
    let hasher = Hasher::start(&settings.hashing, Arc::clone(&entropy)).context("[identity.hashing]")?;
    Ok(Parts {
        store,
        verification: verification(settings)?,
        hasher,
        strict_throttle: Arc::clone(&throttles.strict),
        lenient_throttle: Arc::clone(&throttles.lenient),
        keys: Arc::new(keys::read(&settings.keys)?),
        clock,
        entropy,
        audit_buffer: Arc::new(AuditBuffer::new(settings.audit.buffer_events)),
        homes: Homes::of(Region::parse(&settings.region)),
        settings: settings.clone(),
        remaining: deadline::remaining,
    })
}

/// How the relay goes about it.
pub(crate) fn relay_settings(settings: &Settings) -> RelaySettings {
    let notices = &settings.notices;
    RelaySettings {
        batch: notices.batch,
        lease: Duration::from_secs(notices.lease_seconds),
        poll: Duration::from_millis(notices.poll_ms),
        first_wait: Duration::from_secs(notices.retry_first_seconds),
        longest_wait: Duration::from_secs(notices.retry_longest_seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::for_tests;

    #[tokio::test]
    async fn passwords_of_stores_come_from_files_and_from_nowhere_else_beside() {
        let folder = tempfile::tempdir().unwrap();
        let file = Some(folder.path().join("password"));
        std::fs::write(folder.path().join("password"), "p@ss").unwrap();
        let mut settings = for_tests();
        settings.store.url = "postgres://rekey:s3cr3t@db/rekey".to_owned();
        settings.throttle.redis.url = "redis://:s3cr3t@cache".to_owned();
        (settings.store.password_file, settings.throttle.redis.password_file) = (file.clone(), file);

        let refused = [store(&settings).await.err(), throttles(&settings).err()];
        settings.store.url = "postgres://rekey@db/rekey".to_owned();
        let url = store_url(&settings).unwrap();

        for refused in refused {
            let said = format!("{:#}", refused.unwrap());
            assert!(said.contains("both") && !said.contains("s3cr3t"), "{said}");
        }
        assert_eq!(url.expose_secret(), "postgres://rekey:p%40ss@db/rekey");
    }
}
