//! What `rekey doctor` asks this part: its stores, and what a hash takes here.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rekey_database::DatabaseFacts;
use rekey_primitives::clock::Clock;
use rekey_primitives::entropy::SystemEntropy;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};
use rekey_throttle::connection::RedisFacts;
use tokio::time::Instant;

use crate::config::Settings;
use crate::hashing::{Hasher, Settings as HashSettings};
use crate::store;

/// Hashes that are measured, after a first one that touches the memory.
const HASHES: u32 = 5;

/// How long one may wait and take before measuring is given up.
const HASH_WITHIN: Duration = Duration::from_secs(10);

/// Looks at `[identity.store]`.
///
/// # Errors
/// Its URL does not read, or it is away.
pub async fn inspect_store(settings: &Settings, clock: &dyn Clock) -> anyhow::Result<DatabaseFacts> {
    let (url, options) = (super::store_url(settings)?, super::store_options(settings));
    Ok(store::inspect(url.expose_secret(), &options, clock).await?)
}

/// Looks at `[identity.throttle]`; `None` where that is in the process.
///
/// # Errors
/// Its URL does not read, or it is away.
pub async fn inspect_throttle(settings: &Settings, clock: &dyn Clock) -> anyhow::Result<Option<RedisFacts>> {
    if settings.throttle.redis.is_memory() {
        return Ok(None);
    }
    let connection = super::redis(&settings.throttle)?;
    Ok(Some(connection.inspect(clock).await.map_err(|away| anyhow!(away))?))
}

/// How long the slowest of a few passwords takes to hash on this machine, at the cost of the settings, with nothing beside
/// it.
///
/// # Errors
/// There is no such cost, or this machine is far too slow for it.
pub async fn measure_hash(settings: &Settings) -> anyhow::Result<Duration> {
    let alone = HashSettings { threads: 1, ..settings.hashing.clone() };
    let hasher = Hasher::start(&alone, Arc::new(SystemEntropy)).context("[identity.hashing]")?;
    let password = SecretString::from("as long as passwords are");
    hasher.hash(&password, HASH_WITHIN).await?;
    let mut slowest = Duration::ZERO;
    for _ in 0..HASHES {
        let started = Instant::now();
        hasher.hash(&password, HASH_WITHIN).await?;
        slowest = slowest.max(started.elapsed());
    }
    Ok(slowest)
}
