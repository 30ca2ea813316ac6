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
use rekey_throttle::{InProcess, RedisThrottle, Reserving};

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
) -> anyhow::Result<(Arc<dyn Store>, Arc<dyn Reserving>)> {
    let url = settings.store.url.as_str();
    if url == "memory:" {
        let store = MemoryStore::new(entropy, settings.store.memory_entries);
        return Ok((Arc::new(store), Arc::new(InProcess::new(settings.store.memory_entries))));
    }
    let url = match settings.store.password_file.as_deref().map(secret_file).transpose()? {
        Some(password) => with_password(url, &password)?,
        None => SecretString::from(url),
    };
    let topology = Topology::parse(url.expose_secret()).context("[verification.store] url")?;
    let mut options = Options::to(topology);
    options.response_timeout = Duration::from_millis(settings.store.timeout_ms);
    let connection = Connection::open(&options).context("[verification.store] url")?;
    let throttle = RedisThrottle::new(connection.clone(), "rekey:verification:");
    Ok((Arc::new(RedisStore::new(connection, settings.production)), Arc::new(throttle)))
}

/// The URL with a password from elsewhere, where a user may stand already.
fn with_password(url: &str, password: &SecretString) -> anyhow::Result<SecretString> {
    let (scheme, rest) = url.split_once("://").context("[verification.store] url is no URL")?;
    let (user, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
    if user.contains(':') {
        bail!("[verification.store] both url and password_file hold a password");
    }
    let password = percent_encoded(password.expose_secret());
    Ok(SecretString::from(format!("{scheme}://{user}:{password}@{rest}")))
}

/// A password as part of a URL (RFC 3986, 2.1): whatever is no letter or digit is written as its bytes.
fn percent_encoded(password: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    password.bytes().map(encoded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(url: &str) -> anyhow::Result<String> {
        with_password(url, &SecretString::from("p@s/s")).map(|url| url.expose_secret().to_owned())
    }

    #[test]
    fn a_password_from_a_file_is_put_into_the_url() {
        let one = joined("redis://one:1/2").unwrap();
        let several = joined("redis-cluster://anna@one:1,two:2").unwrap();

        assert_eq!(one, "redis://:p%40s%2Fs@one:1/2");
        assert_eq!(several, "redis-cluster://anna:p%40s%2Fs@one:1,two:2");
    }

    #[test]
    fn two_passwords_are_refused_and_neither_is_quoted() {
        let refused = format!("{:#}", joined("redis://:s3cr3t@one").unwrap_err());

        assert!(!refused.contains("s3cr3t") && !refused.contains("p@s"), "{refused}");
    }
}
