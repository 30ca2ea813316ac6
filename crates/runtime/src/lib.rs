//! Being a good process: everything a part of Rekey needs around its own work.
//!
//! | Room | Gives |
//! |---|---|
//! | [`settings`] | one document for all parts: defaults < file < environment, unknown keys refused |
//! | [`telemetry`] | logs, traces, metrics |
//! | [`server`] | a gRPC port: TLS, access, deadlines, limits, errors, reflection, draining |
//! | [`access`] | who may call what; the [`access::Caller`] in each request |
//! | [`deadline`] | what is left of the call's time |
//! | [`gateway`] | HTTP gateways of others: a client, logins whose secrets may change, which URLs are safe |
//! | [`health`] | what the process says about itself, on a port of its own |
//! | [`reload`], [`key_files`] | what comes from files is read again, keys among them |
//! | [`loopback`] | which hosts are this machine |
//! | [`loops`] | background loops, watched |
//! | [`shutdown`], [`process`] | the signal to stop, and the order in which things do |
//!
//! It knows no message and no service: routes, access rules and descriptors come as data.
//!
//! A part's `lib.rs` puts it together like this:
//!
//! ```no_run
//! # use rekey_runtime::{access, health, loops, process, server, settings, shutdown, telemetry};
//! # #[derive(serde::Deserialize)] struct Settings { server: server::ServerSettings }
//! # const DEFAULTS: &str = "";
//! # fn routes() -> tonic::service::Routes { tonic::service::Routes::default() }
//! # fn rules() -> access::AccessTable { access::AccessTable::default() }
//! # struct Tokens;
//! # #[async_trait::async_trait] impl access::PersonVerifier for Tokens {
//! #     async fn verify(&self, _: &str) -> Result<access::Person, access::AccessTokenError> { Err(access::AccessTokenError::Invalid) }
//! # }
//! # async fn relay(stop: shutdown::Shutdown) -> Result<(), std::io::Error> { stop.begun().await; Ok(()) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let document = settings::Document::builder().part("identity", 7301, DEFAULTS).process_environment().load()?;
//! let settings: Settings = document.part("identity")?;
//! let telemetry = telemetry::Telemetry::start(&document.part("telemetry")?, "rekey-identity")?;
//! let shutdown = shutdown::Shutdown::on_signals()?;
//!
//! // Names its services and what must be so before it is ready.
//! let health = health::Health::new();
//! let part = health.part("identity", rules().services());
//! let postgres = part.store("postgres");
//! part.require("keys");
//!
//! // Probes get their answers while stores are still away, and until the last call has drained.
//! let probed = shutdown::Shutdown::new();
//! let port = server::bind(document.part::<health::HealthSettings>("health")?.listen).await?;
//! let probes = tokio::spawn(health::serve(port, health.clone(), telemetry.metrics(), axum::Router::new(), probed.clone()));
//! // Whoever watches the store says when it was seen.
//! postgres.report(Ok(()));
//! part.meet("keys");
//!
//! let mut loops = loops::Loops::new(health.clone());
//! loops.spawn("relay", relay);
//! let listener = server::bind(settings.server.listen).await?;
//! let server = server::Part::new("identity", settings.server, routes(), rules(), health.clone())
//!     .persons(std::sync::Arc::new(Tokens))
//!     .serve(listener, shutdown.clone());
//! process::run(vec![Box::pin(server)], loops, shutdown).await?;
//! probed.begin();
//! probes.await?;
//! telemetry.shutdown().await;
//! # Ok(())
//! # }
//! ```

pub mod access;
pub mod deadline;
mod error_details;
pub mod gateway;
pub mod health;
pub mod key_files;
pub mod loopback;
pub mod loops;
pub mod process;
pub mod reload;
pub mod server;
pub mod settings;
mod shares;
pub mod shutdown;
pub mod telemetry;
mod transport;

pub use self::error_details::TraceId;
