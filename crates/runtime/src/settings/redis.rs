//! A Redis in the settings: where it is, and the files with its passwords and certificates. What they hold becomes a connection here,
//! as key files become keys in [`key_files`](crate::key_files).

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rekey_throttle::connection::{Connection, InvalidUrl, Options, SentinelLogin, Topology};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::password::{PasswordError, url_with_password};
use super::secret::{SecretFileError, secret_file};
use super::tls_client::{TlsClientError, TlsClientFiles};

/// Why a Redis of the settings cannot be connected to. Nothing that may hold a secret is quoted.
#[derive(Debug, thiserror::Error)]
pub enum RedisSettingsError {
    /// The URL and the file with its password do not go together.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The URL is none of a Redis.
    #[error("url")]
    Url(#[from] InvalidUrl),
    /// The password of Sentinels does not read.
    #[error("sentinel_password_file")]
    Sentinel(#[from] SecretFileError),
    /// The files for TLS do not read.
    #[error(transparent)]
    Tls(#[from] TlsClientError),
    /// What they say makes no connection.
    #[error("url")]
    Connection(#[source] Box<dyn Error + Send + Sync>),
}

/// The fields of a table that names a Redis, or the memory of the process.
#[derive(Clone, Deserialize)]
pub struct RedisSettings {
    /// `memory:`, `redis://…`, `redis-cluster://…` or `redis-sentinel://…`. It may hold a password: never logged.
    pub url: String,
    /// A file with the password, where it does not stand in the URL.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The authorities whose Redis is believed, in place of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The certificate that this part shows to Redis.
    #[serde(default)]
    pub certificate_file: Option<PathBuf>,
    /// Its key.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Whom Sentinels let in, where that is not who logs in to the primary.
    #[serde(default)]
    pub sentinel_user: Option<String>,
    /// A file with their password.
    #[serde(default)]
    pub sentinel_password_file: Option<PathBuf>,
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("RedisSettings").field("kind", &kind).finish_non_exhaustive()
    }
}

impl RedisSettings {
    /// Whether there is none, and things are kept in the process.
    #[must_use]
    pub fn is_memory(&self) -> bool {
        self.url == "memory:"
    }

    /// A connection to it, which goes over to what the files hold when it is told to read them again. One that is away is no error
    /// here.
    ///
    /// # Errors
    /// What the settings say cannot be right, or a file does not read.
    pub fn connect(&self, answers_within: Duration) -> Result<Connection, RedisSettingsError> {
        // Read once before, so that what is wrong is told as it is.
        self.options(answers_within)?;
        let settings = self.clone();
        let made = Connection::open_reloading(Box::new(move || Ok(settings.options(answers_within)?)));
        made.map_err(RedisSettingsError::Connection)
    }

    /// How it is reached, by what the files hold at this moment.
    fn options(&self, answers_within: Duration) -> Result<Options, RedisSettingsError> {
        let url = url_with_password(&self.url, self.password_file.as_deref())?;
        let mut topology = Topology::parse(url.expose_secret())?;
        if let Topology::Sentinel { login, .. } = &mut topology
            && let Some(file) = &self.sentinel_password_file
        {
            *login = Some(SentinelLogin { user: self.sentinel_user.clone(), password: secret_file(file)? });
        }
        let options = Options { response_timeout: answers_within, ..Options::to(topology) };
        let files = TlsClientFiles {
            ca_file: self.ca_file.as_deref(),
            certificate_file: self.certificate_file.as_deref(),
            key_file: self.key_file.as_deref(),
        };
        let Some(texts) = files.read()? else { return Ok(options) };
        let own = texts.own.map(|(chain, key)| (chain.into_bytes(), key.expose_secret().as_bytes().to_vec()));
        Ok(options.with_certificates(texts.authorities.map(String::into_bytes), own))
    }
}
