//! Where a connection goes and how it proves who it is.
//!
//! Services embed [`ClientSettings`] once for each peer; its [`Files`] are read when the connection is made ready, and
//! again when they change.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretSlice};
use serde::Deserialize;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use crate::credentials::{BadToken, ServiceToken};

/// A peer, as written in the settings of whoever calls it. Only `endpoint` is needed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSettings {
    /// `http://host:port` or `https://host:port`.
    pub endpoint: String,
    /// True resolves the host again and again and spreads calls over all its addresses: for a headless Service,
    /// since one HTTP/2 connection would stay with one Pod.
    #[serde(default)]
    pub balance: bool,
    /// How often the host is resolved where calls are balanced. Less than the `drain_seconds` of the servers behind it:
    /// what stops is then no longer called when it closes its port.
    #[serde(default = "default_resolve_seconds")]
    pub resolve_seconds: u64,
    /// The authorities to believe, PEM. Needed for `https`: inside a cluster the public ones have no say.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The name the server's certificate must carry, where it is not the endpoint's host.
    #[serde(default)]
    pub server_name: Option<String>,
    /// Client certificate chain, PEM, for mTLS.
    #[serde(default)]
    pub certificate_file: Option<PathBuf>,
    /// Its key.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// A file with the service token.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// How long connecting may take.
    #[serde(default = "default_connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// The deadline of calls that set none. The server's own default is the same, so both give up together.
    #[serde(default = "default_deadline_ms")]
    pub deadline_ms: u64,
    /// How often a call is tried in all, 1 to 5 (gRFC A6). Three bridges a restart; more only adds load.
    #[serde(default = "default_attempts")]
    pub attempts: u32,
}

/// How long a connection with calls under way may be silent before it is asked whether it lives: the least that gRFC A8 lets
/// clients say. A network that forgot it answers nothing, and until that is known each call waits for its deadline in vain.
const PING_EVERY: Duration = Duration::from_secs(10);
/// As long as a call waits by itself: a peer so busy that it answers no ping would not answer calls either.
const PING_ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// As long as the DNS of a cluster has a headless Service remembered.
const fn default_resolve_seconds() -> u64 {
    5
}

const fn default_connect_timeout_ms() -> u64 {
    2_000
}

const fn default_deadline_ms() -> u64 {
    10_000
}

const fn default_attempts() -> u32 {
    3
}

/// Why a connection cannot be made ready. A server that is away is no reason: that shows at the first call.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The endpoint is not a URL, or TLS material does not fit.
    #[error("the endpoint {endpoint} cannot be used")]
    Endpoint {
        /// As written.
        endpoint: String,
        /// Why.
        source: tonic::transport::Error,
    },
    /// A URL without a host or port to resolve.
    #[error("the endpoint {0} names no host and port to resolve")]
    NoHost(String),
    /// `https` without authorities, or a certificate without its key.
    #[error("`{0}` is missing for {1}")]
    Missing(&'static str, String),
    /// A file is missing or not readable.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file of the authorities holds none.
    #[error("no certificate in {}", _0.display())]
    NoCertificate(PathBuf),
    /// The token file holds something that no header can.
    #[error("the service token is not usable")]
    Token(#[from] BadToken),
}

impl ClientSettings {
    /// A plain-text endpoint with everything else as usual.
    #[must_use]
    pub fn to(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            balance: false,
            resolve_seconds: default_resolve_seconds(),
            ca_file: None,
            server_name: None,
            certificate_file: None,
            key_file: None,
            token_file: None,
            connect_timeout_ms: default_connect_timeout_ms(),
            deadline_ms: default_deadline_ms(),
            attempts: default_attempts(),
        }
    }

    /// Sends the token in this file.
    #[must_use]
    pub fn with_token_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.token_file = Some(path.into());
        self
    }

    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    /// How long connecting may take.
    pub(crate) fn connect_within(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    /// How often the host is resolved; never zero, which would be all the time.
    pub(crate) fn resolve_every(&self) -> Duration {
        Duration::from_secs(self.resolve_seconds.max(1))
    }

    /// The host and port of the endpoint, for people.
    pub(crate) fn authority(&self) -> &str {
        let rest = self.endpoint.split_once("://").map_or(self.endpoint.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }

    /// The endpoint as written.
    pub(crate) fn endpoint(&self, files: &Files) -> Result<Endpoint, OpenError> {
        self.prepared(self.endpoint.clone(), files)
    }

    /// One address of the endpoint's host; `:authority` and the certificate's name stay the host's.
    pub(crate) fn endpoint_at(&self, address: SocketAddr, files: &Files) -> Result<Endpoint, OpenError> {
        let scheme = if self.is_tls() { "https" } else { "http" };
        let endpoint = self.prepared(format!("{scheme}://{address}"), files)?;
        let origin = self.endpoint.parse().map_err(|_| OpenError::NoHost(self.endpoint.clone()))?;
        Ok(endpoint.origin(origin))
    }

    /// Host and port to resolve.
    pub(crate) fn host_and_port(&self) -> Result<(String, u16), OpenError> {
        let missing = || OpenError::NoHost(self.endpoint.clone());
        let uri: http::Uri = self.endpoint.parse().map_err(|_| missing())?;
        let port = uri.port_u16().unwrap_or(if self.is_tls() { 443 } else { 80 });
        let host = uri.host().ok_or_else(missing)?.trim_matches(['[', ']']);
        Ok((host.to_owned(), port))
    }

    fn prepared(&self, uri: String, files: &Files) -> Result<Endpoint, OpenError> {
        let unusable = |source| OpenError::Endpoint { endpoint: self.endpoint.clone(), source };
        let mut endpoint = Endpoint::from_shared(uri)
            .map_err(unusable)?
            .connect_timeout(self.connect_within())
            .tcp_nodelay(true)
            .http2_keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_ANSWER_WITHIN);
        if self.is_tls() {
            endpoint = endpoint.tls_config(self.tls(files)?).map_err(unusable)?;
        }
        Ok(endpoint)
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.endpoint.starts_with("https://")
    }

    fn tls(&self, files: &Files) -> Result<ClientTlsConfig, OpenError> {
        let missing = |name| OpenError::Missing(name, self.endpoint.clone());
        let authorities = files.authorities.as_ref().ok_or(missing("ca_file"))?;
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authorities));
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => self.host_and_port()?.0,
        };
        tls = tls.domain_name(name);
        match (&files.certificate, &files.key) {
            (None, None) => {}
            (Some(certificate), Some(key)) => {
                tls = tls.identity(Identity::from_pem(certificate, key.expose_secret()));
            }
            (Some(_), None) => return Err(missing("key_file")),
            (None, Some(_)) => return Err(missing("certificate_file")),
        }
        Ok(tls)
    }
}

/// What the files of the settings hold.
#[derive(Debug)]
pub(crate) struct Files {
    authorities: Option<Vec<u8>>,
    certificate: Option<Vec<u8>>,
    key: Option<SecretSlice<u8>>,
    token: Option<SecretSlice<u8>>,
}

impl Files {
    /// Reads those that are set.
    pub(crate) fn read(settings: &ClientSettings) -> Result<Self, OpenError> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(read).transpose();
        let authorities = open(&settings.ca_file)?;
        if let Some((path, text)) = settings.ca_file.as_ref().zip(authorities.as_ref())
            && !holds_certificate(text)
        {
            // An empty list would be believed, and then nobody.
            return Err(OpenError::NoCertificate(path.clone()));
        }
        Ok(Self {
            authorities,
            certificate: open(&settings.certificate_file)?,
            key: open(&settings.key_file)?.map(Into::into),
            token: open(&settings.token_file)?.map(Into::into),
        })
    }

    /// Whether there is nothing that could change.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { authorities, certificate, key, token } = self;
        authorities.is_none() && certificate.is_none() && key.is_none() && token.is_none()
    }

    pub(crate) fn token(&self) -> Result<Option<ServiceToken>, OpenError> {
        let Some(text) = &self.token else { return Ok(None) };
        Ok(Some(ServiceToken::new(String::from_utf8_lossy(text.expose_secret()).trim())?))
    }
}

impl PartialEq for Files {
    fn eq(&self, other: &Self) -> bool {
        // Both were read from our own disk: there is no stranger to hide the timing from.
        fn secret(file: &Option<SecretSlice<u8>>) -> Option<&[u8]> {
            file.as_ref().map(ExposeSecret::expose_secret)
        }
        (&self.authorities, &self.certificate) == (&other.authorities, &other.certificate)
            && secret(&self.key) == secret(&other.key)
            && secret(&self.token) == secret(&other.token)
    }
}

fn holds_certificate(pem: &[u8]) -> bool {
    String::from_utf8_lossy(pem).contains("-----BEGIN CERTIFICATE-----")
}

fn read(path: &Path) -> Result<Vec<u8>, OpenError> {
    std::fs::read(path).map_err(|source| OpenError::Unreadable { path: path.to_owned(), source })
}
