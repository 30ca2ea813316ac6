//! Settings become parts: keys from files, stores from URLs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rekey_metrics::process::KEY_MADE;
use rekey_primitives::clock::Clock;
use rekey_primitives::entropy::Entropy;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};
use rekey_runtime::settings::{TlsClientFiles, secret_file, url_with_password};
use rekey_sealing::{AeadKeys, KeyText, MacKeys, SigningKeys};
use rekey_throttle::connection::{Connection, Options, RedisFacts, SentinelLogin, Topology};
use rekey_throttle::{InProcessThrottle, RedisThrottle, Reserving};

use crate::codes::CodeKeys;
use crate::config::{KeySettings, Settings, StoreSettings};
use crate::store::Store;
use crate::store::memory::MemoryStore;
use crate::store::redis::RedisStore;

/// Reads the keys. This service never invents one: a replica with keys of its own would refuse the codes of the others.
pub(crate) fn keys(settings: &KeySettings) -> anyhow::Result<CodeKeys> {
    Ok(CodeKeys {
        macs: MacKeys::from_text(text("code_mac_file", settings.code_mac_file.as_deref())?.expose_secret())
            .context("[verification.keys] code_mac_file")?,
        seals: AeadKeys::from_text(
            text("code_seal_file", settings.code_seal_file.as_deref())?.expose_secret(),
        )
        .context("[verification.keys] code_seal_file")?,
        grants: SigningKeys::from_text(text("grant_file", settings.grant_file.as_deref())?.expose_secret())
            .context("[verification.keys] grant_file")?,
    })
}

fn text(name: &'static str, path: Option<&Path>) -> anyhow::Result<SecretString> {
    let path = path.with_context(|| format!("[verification.keys] {name} is not set"))?;
    let text = secret_file(path)?;
    if let Some(made_at) = KeyText::made_at(text.expose_secret()) {
        KEY_MADE.set(made_at.as_secs_f64(), ["verification", name.trim_end_matches("_file")]);
    }
    Ok(text)
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
    let url = settings.store.url.as_str();
    if url == "memory:" {
        let store = Arc::new(MemoryStore::new(entropy, settings.store.memory_entries));
        let throttle = Arc::new(InProcessThrottle::new(settings.store.memory_entries));
        return Ok(Stores { store, throttle, redis: None });
    }
    let connection = redis(&settings.store)?;
    let throttle = RedisThrottle::new(connection.clone(), "rekey:verification:");
    let store = RedisStore::new(connection.clone(), settings.production);
    Ok(Stores { store: Arc::new(store), throttle: Arc::new(throttle), redis: Some(connection) })
}

/// Looks at `[verification.store]`; `None` where that is in the process.
pub(crate) async fn inspect_store(
    settings: &Settings,
    clock: &dyn Clock,
) -> anyhow::Result<Option<RedisFacts>> {
    if settings.store.url == "memory:" {
        return Ok(None);
    }
    let connection = redis(&settings.store)?;
    Ok(Some(connection.inspect(clock).await.map_err(|away| anyhow::anyhow!(away))?))
}

/// How Redis is reached, of the settings and of what their files hold at this moment.
fn redis_options(settings: &StoreSettings) -> anyhow::Result<Options> {
    let url = url_with_password(&settings.url, settings.password_file.as_deref());
    let url = url.context("[verification.store]")?;
    let mut topology = Topology::parse(url.expose_secret()).context("[verification.store] url")?;
    if let Topology::Sentinel { login, .. } = &mut topology
        && let Some(file) = &settings.sentinel_password_file
    {
        let password = secret_file(file).context("[verification.store] sentinel_password_file")?;
        *login = Some(SentinelLogin { user: settings.sentinel_user.clone(), password });
    }
    let mut options = Options::to(topology);
    options.response_timeout = Duration::from_millis(settings.timeout_ms);
    let files = TlsClientFiles {
        ca_file: settings.ca_file.as_deref(),
        certificate_file: settings.certificate_file.as_deref(),
        key_file: settings.key_file.as_deref(),
    };
    let Some(texts) = files.read().context("[verification.store]")? else { return Ok(options) };
    let own = texts.own.map(|(chain, key)| (chain.into_bytes(), key.expose_secret().as_bytes().to_vec()));
    Ok(options.with_certificates(texts.authorities.map(String::into_bytes), own))
}

/// A connection to it, which goes over to what the files hold when it is told to read them again.
fn redis(settings: &StoreSettings) -> anyhow::Result<Connection> {
    // Read once before, so that what is wrong is told as it is.
    redis_options(settings)?;
    let settings = settings.clone();
    let made = Connection::open_reloading(Box::new(move || Ok(redis_options(&settings)?)));
    made.map_err(|error| anyhow::anyhow!(error)).context("[verification.store] url")
}
