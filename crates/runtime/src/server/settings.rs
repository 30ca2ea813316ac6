//! How a part listens. The values and their reasons stand in `server.toml`.
//!
//! Parts embed [`ServerSettings`] as their field `server`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tokio::net::TcpListener;

use crate::access::CallerEntry;
use crate::transport::{ConnectionOptions, Tls, TlsFiles};

/// Who protects what leaves this machine, where TLS does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrustNetwork {
    /// Nobody does: ports, neighbours and stores need TLS.
    #[default]
    None,
    /// A service mesh or an encrypted network does.
    Mesh,
}

/// The `[<part>.server]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether production lets this part speak in plain text beyond loopback, to callers, neighbours and stores.
    pub trust_network: TrustNetwork,
    /// The largest request message, in bytes.
    pub max_message_bytes: usize,
    /// The deadline of calls that name none.
    pub default_deadline_ms: u64,
    /// The longest deadline a caller may ask for.
    pub deadline_ceiling_ms: u64,
    /// Calls, or pages, worked on at once.
    pub concurrency_limit: usize,
    /// How many of them, and of the streams beside them, one caller may have. Browsers are no callers.
    pub calls_per_caller: usize,
    /// Connections held at once.
    pub connection_limit: usize,
    /// How many of them one peer may hold.
    pub connections_per_peer: usize,
    /// How long a TLS handshake may take.
    pub handshake_ms: u64,
    /// Within which time of connecting the first call must have begun.
    pub first_call_ms: u64,
    /// Within which time a message must be there that has begun, the first one from the headers on.
    pub message_ms: u64,
    /// After how long a connection is asked to close.
    pub connection_age_seconds: u64,
    /// How long what is running may go on after its connection closes or the process stops.
    pub grace_seconds: u64,
    /// Between "not ready" and the end of accepting, except on loopback.
    pub drain_seconds: u64,
    /// Whether tools may list the RPCs.
    pub reflection: bool,
    /// Origins of web pages that may call by gRPC-Web; without any there is no gRPC-Web.
    pub web_origins: Vec<String>,
    /// How often files are looked at for changes.
    pub reload_seconds: u64,
    /// A file with more callers.
    #[serde(default)]
    pub callers_file: Option<PathBuf>,
    /// Who may call, and what.
    #[serde(default)]
    pub callers: Vec<CallerEntry>,
    /// Certificates.
    #[serde(default)]
    pub tls: TlsFiles,
}

impl ServerSettings {
    /// The defaults on a free port of the loopback address: for tests.
    #[must_use]
    pub fn for_tests() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            trust_network: TrustNetwork::None,
            max_message_bytes: 262_144,
            default_deadline_ms: 10_000,
            deadline_ceiling_ms: 60_000,
            concurrency_limit: 1024,
            calls_per_caller: 512,
            connection_limit: 4096,
            connections_per_peer: 1024,
            handshake_ms: 5_000,
            first_call_ms: 10_000,
            message_ms: 5_000,
            connection_age_seconds: 600,
            grace_seconds: 30,
            drain_seconds: 0,
            reflection: false,
            web_origins: Vec::new(),
            reload_seconds: 10,
            callers_file: None,
            callers: Vec::new(),
            tls: TlsFiles::default(),
        }
    }

    pub(super) fn default_deadline(&self) -> Duration {
        Duration::from_millis(self.default_deadline_ms)
    }

    pub(super) fn deadline_ceiling(&self) -> Duration {
        Duration::from_millis(self.deadline_ceiling_ms)
    }

    pub(super) fn message_within(&self) -> Duration {
        Duration::from_millis(self.message_ms)
    }

    pub(super) fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_seconds)
    }

    /// For how long a port goes on when it was told to end. On loopback nobody has to notice.
    pub(super) fn drain(&self, listener: &TcpListener) -> Duration {
        let is_loopback = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
        if is_loopback { Duration::ZERO } else { Duration::from_secs(self.drain_seconds) }
    }

    /// What connections of a port get.
    pub(super) fn connections(&self, tls: Option<Tls>, http2_only: bool) -> ConnectionOptions {
        ConnectionOptions {
            tls,
            connection_limit: self.connection_limit,
            connections_per_peer: self.connections_per_peer,
            handshake_within: Duration::from_millis(self.handshake_ms),
            first_call_within: Duration::from_millis(self.first_call_ms),
            connection_age: Some(Duration::from_secs(self.connection_age_seconds)),
            grace: self.grace(),
            http2_only,
        }
    }

    /// Never zero: a loop without a pause would eat a core.
    pub(super) fn reload(&self) -> Duration {
        Duration::from_secs(self.reload_seconds.max(1))
    }
}
