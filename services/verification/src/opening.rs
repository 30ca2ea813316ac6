//! From settings to things: keys out of files, stores out of URLs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rekey_primitives::entropy::Entropy;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};
use rekey_runtime::settings::secret_file;
use rekey_sealing::{AeadKeys, MacKeys, SigningKeys};
use rekey_throttle::connection::{Connection, Options, Topology};
use rekey_throttle::{InProcess, RedisThrottle, Throttle};

use crate::config::Settings;
use crate::flows::Keys;
use crate::store::Store;
use crate::store::memory::MemoryStore;
use crate::store::redis::RedisStore;

/// Reads the keys. This service never invents one: a replica with keys of its own would refuse its sisters' codes.
pub(crate) fn keys(settings: &crate::config::Keys) -> anyhow::Result<Keys> {
    Ok(Keys {
        digests: MacKeys::from_text(
            text("code_mac_file", settings.code_mac_file.as_deref())?.expose_secret(),
        )
        .context("[verification.keys] code_mac_file")?,
        seals: AeadKeys::from_text(
            text("code_seal_file", settings.code_seal_file.as_deref())?.expose_secret(),
        )
        .context("[verification.keys] code_seal_file")?,
        grants: SigningKeys::from_text(text("grant_file", settings.grant_file.as_deref())?.expose_secret())
            .context("[verification.keys] grant_file")?,
    })
}

fn text(name: &str, path: Option<&Path>) -> anyhow::Result<SecretString> {
    let path = path.with_context(|| format!("[verification.keys] {name} is not set"))?;
    Ok(secret_file(path)?)
}

/// Opens the store and the budgets that cross tenants. Both live in the same Redis under names of their own.
pub(crate) fn stores(
    settings: &Settings,
    entropy: &dyn Entropy,
) -> anyhow::Result<(Arc<dyn Store>, Arc<dyn Throttle>)> {
    let url = settings.store.url.as_str();
    if url == "memory:" {
        let store = MemoryStore::new(entropy, settings.store.memory_entries);
        return Ok((Arc::new(store), Arc::new(InProcess::new(settings.store.memory_entries))));
    }
    let mut options = Options::to(topology(url)?);
    options.response_timeout = Duration::from_millis(settings.store.timeout_ms);
    let connection = Connection::open(&options).context("[verification.store] url")?;
    let throttle = RedisThrottle::new(connection.clone(), "rekey:verification:");
    Ok((Arc::new(RedisStore::new(connection, settings.production)), Arc::new(throttle)))
}

/// Reads the four forms of the URL. Parts of it are never quoted: it may hold a password.
fn topology(url: &str) -> anyhow::Result<Topology> {
    let split = url.split_once("://");
    let (scheme, rest) = split.context("[verification.store] url is neither memory: nor a URL")?;
    let node = |scheme: &str, host: &str| SecretString::from(format!("{scheme}://{host}"));
    // `user:password@` stands once, before the first host, and holds for all.
    let (credentials, rest) = match rest.rsplit_once('@') {
        Some((credentials, rest)) => (format!("{credentials}@"), rest),
        None => (String::new(), rest),
    };
    let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
    let each = |scheme: &str| {
        hosts
            .split(',')
            .filter(|host| !host.is_empty())
            .map(|host| node(scheme, &format!("{credentials}{host}")))
            .collect()
    };
    match scheme {
        "redis" | "rediss" => Ok(Topology::Single { url: SecretString::from(url) }),
        "redis-cluster" => Ok(Topology::Cluster { urls: each("redis") }),
        "rediss-cluster" => Ok(Topology::Cluster { urls: each("rediss") }),
        "redis-sentinel" | "rediss-sentinel" => {
            let plain = scheme.trim_end_matches("-sentinel");
            if path.is_empty() {
                bail!("[verification.store] url names no primary: redis-sentinel://host:port,host:port/NAME");
            }
            Ok(Topology::Sentinel {
                sentinels: each(plain),
                service: path.to_owned(),
                node: node(plain, &format!("{credentials}primary")),
            })
        }
        _ => bail!("[verification.store] url has a scheme that is not known here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Vec<String> {
        match topology(url).unwrap() {
            Topology::Single { url } => vec![url.expose_secret().to_owned()],
            Topology::Cluster { urls } => urls.iter().map(|url| url.expose_secret().to_owned()).collect(),
            Topology::Sentinel { sentinels, service, node } => {
                let mut all: Vec<_> = sentinels.iter().map(|url| url.expose_secret().to_owned()).collect();
                all.extend([service, node.expose_secret().to_owned()]);
                all
            }
        }
    }

    #[test]
    fn each_form_of_the_url_is_understood() {
        assert_eq!(hosts("rediss://:pw@one:6379/2"), ["rediss://:pw@one:6379/2"]);
        assert_eq!(hosts("redis-cluster://:pw@one:1,two:2"), ["redis://:pw@one:1", "redis://:pw@two:2"]);
        assert_eq!(
            hosts("redis-sentinel://one:1,two:2/codes"),
            ["redis://one:1", "redis://two:2", "codes", "redis://primary"]
        );
    }

    #[test]
    fn a_url_that_is_none_is_refused_without_being_quoted() {
        for wrong in ["s3cr3t", "http://:s3cr3t@one", "redis-sentinel://:s3cr3t@one:1"] {
            let refused = format!("{:#}", topology(wrong).unwrap_err());

            assert!(!refused.contains("s3cr3t"), "{refused}");
        }
    }
}
