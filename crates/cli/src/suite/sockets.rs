//! The ports of a process, bound before anything is started: who calls whom needs them, and a port that is taken is
//! told at once.

use std::io::ErrorKind;
use std::net::SocketAddr;

use anyhow::Context as _;
use rekey_runtime::health::HealthSettings;
use rekey_runtime::server::{self, ServeError};
use rekey_runtime::settings::Document;
use tokio::net::TcpListener;

use crate::{Part, settings};

/// Which ports to bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// Those that the settings name.
    Named,
    /// Whichever are free.
    Free,
}

/// The sockets of some parts, and that of health and metrics.
pub struct Sockets {
    pub(super) parts: Vec<(Part, TcpListener)>,
    pub(super) health: TcpListener,
}

impl Sockets {
    /// Binds the ports of these parts, on the addresses that the settings name.
    pub async fn bind(document: &Document, parts: &[Part], ports: Ports) -> anyhow::Result<Self> {
        let pick = |address: SocketAddr| match ports {
            Ports::Named => address,
            Ports::Free => SocketAddr::new(address.ip(), 0),
        };
        let mut bound = Vec::new();
        for part in parts {
            let address = settings::listen_address(document, *part)?;
            let setting = format!("{}.server.listen", part.name());
            bound.push((*part, bind(&setting, pick(address)).await?));
        }
        let health: HealthSettings = document.part("health")?;
        Ok(Self { parts: bound, health: bind("health.listen", pick(health.listen)).await? })
    }

    /// Where a part listens.
    pub fn address(&self, part: Part) -> anyhow::Result<SocketAddr> {
        let socket = self.parts.iter().find(|(bound, _)| *bound == part);
        let (_, socket) = socket.with_context(|| format!("{} has no socket", part.name()))?;
        Ok(socket.local_addr()?)
    }

    /// Where health and metrics are.
    pub fn health_address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.health.local_addr()?)
    }
}

/// Binds what a setting names, and says what to do where it cannot be had.
async fn bind(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    server::bind(address).await.map_err(|error| match &error {
        ServeError::Bind { source, .. } if source.kind() == ErrorKind::AddrInUse => {
            let mend = format!(
                "port {} is taken, perhaps by another `rekey`: name another by {setting}, or try `rekey up --free-ports`",
                address.port()
            );
            anyhow::Error::new(error).context(mend)
        }
        _ => anyhow::Error::new(error).context(format!("{setting} cannot be had")),
    })
}
