//! One gRPC port of one part: everything between the socket and the generated service.
//!
//! A call passes the stages in `pipeline`, and then the routes. Stopping goes in steps: health says no, load balancers
//! get `drain_seconds` to notice, the port closes and connections get GOAWAY, and what is still running after
//! `grace_seconds` is answered `SHUTTING_DOWN` and cut.

mod concurrency;
mod draining;
pub(crate) mod message_limits;
mod panics;
mod pipeline;
mod published;
mod settings;
mod web;
mod website;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tonic::service::Routes;

use self::draining::Draining;
use self::message_limits::MessageLimits;
use self::pipeline::Middleware;
pub use self::published::Published;
pub use self::settings::{ServerSettings, TrustNetwork};
pub use self::web::OriginError;
pub use self::website::Website;
use crate::access::{AccessTable, CallerError, Callers, Gate, NoPersons, SharedPersonVerifier};
use crate::deadline::DeadlineBounds;
use crate::health::{Health, HealthService};
use crate::reload::Due;
use crate::shares::Shares;
use crate::shutdown::Shutdown;
use crate::telemetry::CallMetrics;
pub use crate::transport::{Peer, TlsError, TlsFiles};
use crate::transport::{Tls, listen};

/// Why a server could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken, or may not be taken.
    #[error("cannot listen on {address}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Certificates or keys are not usable.
    #[error("the TLS settings are not usable")]
    Tls(#[from] TlsError),
    /// The callers are not usable.
    #[error("the callers are not usable")]
    Callers(#[from] CallerError),
    /// The descriptors the part was built with do not decode.
    #[error("reflection cannot be served")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A page that may call is none.
    #[error("web_origins are not usable")]
    Origins(#[from] OriginError),
    /// Another kind of server, such as the portal's, could not go on.
    #[error("a server stopped: {0}")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server's task panicked.
    #[error("a server panicked: {0}")]
    Panicked(String),
}

/// Binds a port. Port 0 takes a free one: ask the listener which.
///
/// # Errors
/// The port is taken, or may not be taken.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| ServeError::Bind { address, source })
}

/// A part as the runtime serves it.
pub struct Part {
    name: &'static str,
    settings: ServerSettings,
    routes: Routes,
    access: AccessTable,
    health: Health,
    descriptors: &'static [u8],
    persons: SharedPersonVerifier,
    published: Published,
}

impl Part {
    /// A part named as in the settings, with its generated services and the contract's rules for them.
    #[must_use]
    pub fn new(
        name: &'static str,
        settings: ServerSettings,
        routes: Routes,
        access: AccessTable,
        health: Health,
    ) -> Self {
        let persons = Arc::new(NoPersons);
        Self { name, settings, routes, access, health, descriptors: &[], persons, published: |_, _| true }
    }

    /// Who verifies access tokens. Without it no token is accepted.
    #[must_use]
    pub fn persons(mut self, persons: SharedPersonVerifier) -> Self {
        self.persons = persons;
        self
    }

    /// The encoded `FileDescriptorSet` that reflection serves, where it is on.
    #[must_use]
    pub fn descriptors(mut self, descriptors: &'static [u8]) -> Self {
        self.descriptors = descriptors;
        self
    }

    /// Which reasons the contract names for which RPC; builds that test are held to it. Without it any.
    #[must_use]
    pub fn published(mut self, published: Published) -> Self {
        self.published = published;
        self
    }

    /// Serves until `shutdown` and everything after it is done.
    ///
    /// # Errors
    /// Settings that cannot be served: certificates, callers, descriptors.
    pub async fn serve(self, listener: TcpListener, shutdown: Shutdown) -> Result<(), ServeError> {
        let settings = self.settings.clone();
        let callers = Callers::load(settings.callers.clone(), settings.callers_file.clone())?;
        let tls = Tls::load(&settings.tls)?;
        let health = self.health.clone();
        let draining = Draining::default();
        let name = self.name;
        announce(name, &listener, tls.is_some(), &callers);
        let router = self.router(callers.clone(), &draining)?;
        // Browsers speak gRPC-Web over HTTP/1.1 as well.
        let options = settings.connections(tls.clone(), settings.web_origins.is_empty());
        let stop = Shutdown::new();
        let drain_time = settings.drain(&listener);
        let stopping = async {
            shutdown.begun().await;
            health.drain();
            tokio::time::sleep(drain_time).await;
            draining.begin();
            stop.begin();
            tokio::time::sleep(settings.grace()).await;
            draining.end_grace();
            std::future::pending::<()>().await;
        };
        let reloading = reload(settings.reload(), callers, tls);
        tokio::select! {
            () = listen(listener, router, options, stop.clone()) => {}
            () = stopping => {}
            () = reloading => {}
        }
        tracing::info!(part = name, "stopped listening");
        Ok(())
    }

    /// Reads what serving would read, and serves nothing.
    ///
    /// # Errors
    /// As [`Self::serve`].
    pub fn rehearse(self) -> Result<(), ServeError> {
        let callers = Callers::load(self.settings.callers.clone(), self.settings.callers_file.clone())?;
        Tls::load(&self.settings.tls)?;
        self.router(callers, &Draining::default()).map(drop)
    }

    fn router(self, callers: Callers, draining: &Draining) -> Result<Router, ServeError> {
        let mut open_paths = HealthService::PATHS.to_vec();
        let mut routes = self.routes.add_service(HealthService::server(self.health));
        if self.settings.reflection {
            routes = with_reflection(routes, self.descriptors)?;
            open_paths.extend(REFLECTION);
        }
        let settings = &self.settings;
        let metrics = Arc::new(CallMetrics::new(self.access.paths().chain(open_paths.iter().copied())));
        let gate = Gate { rules: self.access, callers, persons: self.persons, open_paths };
        let middleware = Middleware {
            metrics,
            published: self.published,
            deadlines: DeadlineBounds {
                default: settings.default_deadline(),
                ceiling: settings.deadline_ceiling(),
            },
            draining: draining.clone(),
            permits: Semaphore::new(settings.concurrency_limit),
            of_callers: Shares::new(settings.calls_per_caller),
            messages: MessageLimits { bytes: settings.max_message_bytes, within: settings.message_within() },
            gate,
        };
        let router =
            routes.into_axum_router().layer(from_fn_with_state(Arc::new(middleware), pipeline::call));
        Ok(web::with_web(router, &settings.web_origins)?)
    }
}

/// Logs where the part listens, and warns about what an operator may have overlooked.
fn announce(part: &str, listener: &TcpListener, is_tls: bool, callers: &Callers) {
    if let Ok(address) = listener.local_addr() {
        tracing::info!(part, %address, tls = is_tls, "listening");
        if !is_tls && !address.ip().is_loopback() {
            tracing::warn!(part, %address, "plain text beyond this machine: let a mesh encrypt it, or set tls");
        }
    }
    if callers.is_empty() {
        tracing::warn!(part, "no callers are configured: every call will be refused");
    }
}

/// Reflection in both versions: grpcurl of today still asks for v1alpha.
pub(crate) const REFLECTION: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

fn with_reflection(routes: Routes, descriptors: &'static [u8]) -> Result<Routes, ServeError> {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(crate::health::PROTOCOL)
            // What errors are made of, so that a stranger's tool prints the details of a refusal.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(descriptors)
    };
    Ok(routes.add_service(builder().build_v1()?).add_service(builder().build_v1alpha()?))
}

/// Reads the files again at each interval; one that does not read is logged and changes nothing. Never ends.
async fn reload(every: Duration, callers: Callers, tls: Option<Tls>) {
    let mut due = Due::every(every);
    loop {
        due.next().await;
        match callers.reload() {
            Ok(true) => tracing::info!("callers reloaded"),
            Ok(false) => {}
            Err(error) => tracing::error!(error = %error, "callers not reloaded; the old ones stay"),
        }
        match tls.as_ref().map_or(Ok(false), Tls::reload) {
            Ok(true) => tracing::info!("certificates reloaded"),
            Ok(false) => {}
            Err(error) => tracing::error!(error = %error, "certificates not reloaded; the old ones stay"),
        }
    }
}

#[cfg(test)]
mod tests;
