//! Settings become parts: keys from files, stores from URLs.

mod policy_file;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rekey_primitives::clock::Clock;
use rekey_primitives::entropy::Entropy;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_runtime::key_files::{FollowedKeys, KeyFile, KeyFileError};
use rekey_sealing::{AeadKeys, KeyStore, MacKeys, SigningKeys};
use rekey_throttle::connection::{Connection, REPLICA_LAG, RedisFacts};
use rekey_throttle::{InProcessThrottle, RedisThrottle, Reserving};

pub(crate) use self::policy_file::PolicyFile;
use crate::codes::CodeKeys;
use crate::codes::sim_check::{SimCheck, SimCheckOptions};
use crate::config::{KeySettings, Settings, SimChangeSettings, StoreSettings};
use crate::domain::budgets::Window;
use crate::peers::SimGateway;
use crate::store::Store;
use crate::store::memory::MemoryStore;
use crate::store::redis::RedisStore;

/// Reads the keys. This service never invents one: a replica with keys of its own would refuse the codes of the others.
pub(crate) fn keys(settings: &KeySettings) -> anyhow::Result<CodeKeys> {
    let [code_mac, code_seal, grant] = key_files(settings)?;
    Ok(CodeKeys {
        macs: MacKeys::from_text(code_mac.text()?.expose_secret()).with_context(|| code_mac.setting())?,
        seals: AeadKeys::from_text(code_seal.text()?.expose_secret()).with_context(|| code_seal.setting())?,
        grants: SigningKeys::from_text(grant.text()?.expose_secret()).with_context(|| grant.setting())?,
    })
}

/// The keys, each with the file that it goes by.
pub(crate) fn followed_keys(
    settings: &KeySettings,
    keys: &CodeKeys,
    store: Arc<dyn Store>,
) -> Result<[Arc<FollowedKeys>; 3], KeyFileError> {
    let [code_mac, code_seal, grant] = key_files(settings)?;
    let store: Arc<dyn KeyStore> = store;
    Ok([
        code_mac.followed_by(keys.macs.clone(), Arc::clone(&store)),
        code_seal.followed_by(keys.seals.clone(), Arc::clone(&store)),
        grant.followed_by(keys.grants.clone(), store),
    ])
}

fn key_files(settings: &KeySettings) -> Result<[KeyFile; 3], KeyFileError> {
    let file = |key, path: &Option<PathBuf>| KeyFile::of("verification", key, path.as_deref());
    Ok([
        file("code_mac", &settings.code_mac_file)?,
        file("code_seal", &settings.code_seal_file)?,
        file("grant", &settings.grant_file)?,
    ])
}

/// What codes and budgets are kept in.
pub(crate) struct Stores {
    /// Codes.
    pub(crate) store: Arc<dyn Store>,
    /// Budgets that cross tenants.
    pub(crate) throttle: Arc<dyn Reserving>,
    /// The connection that both use, if they are not in this process.
    pub(crate) redis: Option<Connection>,
}

/// The store, and the throttle for budgets that cross tenants. Both use the same Redis, under keys of their own.
pub(crate) fn stores(settings: &Settings, entropy: &dyn Entropy) -> anyhow::Result<Stores> {
    if settings.store.redis.is_memory() {
        let store = Arc::new(MemoryStore::new(entropy, settings.store.memory_entries));
        let throttle = Arc::new(InProcessThrottle::new(settings.store.memory_entries));
        return Ok(Stores { store, throttle, redis: None });
    }
    let connection = redis(&settings.store)?;
    let throttle = RedisThrottle::new(connection.clone(), "rekey:verification:");
    let store = RedisStore::new(connection.clone(), settings.production);
    Ok(Stores { store: Arc::new(store), throttle: Arc::new(throttle), redis: Some(connection) })
}

/// The policies file, if there is one.
pub(crate) fn policy_file(settings: &Settings) -> anyhow::Result<Option<Arc<PolicyFile>>> {
    let open = |path: &PathBuf| PolicyFile::open(path).context("verification.policies_file");
    Ok(settings.policies_file.as_ref().map(open).transpose()?.map(Arc::new))
}

/// The check of SIMs, where a gateway is set.
pub(crate) fn sim_check(
    settings: &SimChangeSettings,
    throttle: Arc<dyn Reserving>,
) -> anyhow::Result<Option<SimCheck>> {
    let gateway = SimGateway::open(settings).context("[verification.sim_change]")?;
    let options = SimCheckOptions {
        rule: settings.rule(),
        takes: Duration::from_millis(settings.timeout_ms),
        cached_for: Duration::from_secs(settings.cache_seconds),
        cached: settings.cache_entries,
        lookups: Window::per_day(settings.lookups_per_day),
    };
    Ok(gateway.map(|gateway| SimCheck::new(Arc::new(gateway), throttle, options)))
}

/// Looks at `[verification.store]`; `None` where that is in the process.
pub(crate) async fn inspect_store(
    settings: &Settings,
    clock: &dyn Clock,
) -> anyhow::Result<Option<RedisFacts>> {
    if settings.store.redis.is_memory() {
        return Ok(None);
    }
    let connection = redis(&settings.store)?;
    Ok(Some(connection.inspect(clock).await.map_err(|away| anyhow::anyhow!(away))?))
}

fn redis(settings: &StoreSettings) -> anyhow::Result<Connection> {
    let answers_within = Duration::from_millis(settings.timeout_ms);
    let connection = settings.redis.connect(answers_within).context("[verification.store]")?;
    Ok(connection.with_replicated_steps(answers_within, REPLICA_LAG))
}
