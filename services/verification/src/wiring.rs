//! Settings become parts: keys from files, stores from URLs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rekey_metrics::process::KEY_MADE;
use rekey_primitives::entropy::Entropy;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};
use rekey_runtime::settings::{secret_file, url_with_password};
use rekey_sealing::{AeadKeys, KeyText, MacKeys, SigningKeys};
use rekey_throttle::connection::{Connection, Options, Topology};
use rekey_throttle::{InProcessThrottle, RedisThrottle, Reserving};

use crate::codes::CodeKeys;
use crate::config::{KeySettings, Settings};
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

/// The store, and the throttle for budgets that cross tenants. Both use the same Redis, under keys of their own.
pub(crate) fn stores(
    settings: &Settings,
    entropy: &dyn Entropy,
) -> anyhow::Result<(Arc<dyn Store>, Arc<dyn Reserving>)> {
    let url = settings.store.url.as_str();
    if url == "memory:" {
        let store = MemoryStore::new(entropy, settings.store.memory_entries);
        return Ok((Arc::new(store), Arc::new(InProcessThrottle::new(settings.store.memory_entries))));
    }
    let url = url_with_password(url, settings.store.password_file.as_deref());
    let url = url.context("[verification.store]")?;
    let topology = Topology::parse(url.expose_secret()).context("[verification.store] url")?;
    let mut options = Options::to(topology);
    options.response_timeout = Duration::from_millis(settings.store.timeout_ms);
    let connection = Connection::open(&options).context("[verification.store] url")?;
    let throttle = RedisThrottle::new(connection.clone(), "rekey:verification:");
    Ok((Arc::new(RedisStore::new(connection, settings.production)), Arc::new(throttle)))
}
