//! Rekey's notification service: owns every message until it is delivered, dropped or dead.
//!
//! | Room | Does |
//! |---|---|
//! | `domain` | decides: states, retries, rates, what a message may hold |
//! | `store` | keeps messages; one method is one atomic step: Postgres or one SQLite file |
//! | `intake` | what callers ask for: accept, get, list, watch, cancel, replay; suppressions |
//! | `authoring` | what they ask for about templates: texts of tenants, their versions, previews |
//! | `payload` | destination and variables, sealed at rest |
//! | `grpc` | the contract `rekey.notification.v1` |
//! | `templates` | what messages say, in which language |
//! | `providers` | how they leave: SMTP, text message gateways, webhooks, the development inbox |
//! | `worker` | the loops that claim, send, record and sweep |
//! | `receipts` | what others report of messages: bounces by LMTP, status callbacks by HTTP |
//! | `receipt_keys` | the key that names messages to them, and hashes addresses |
//! | `signals` | what intake and workers tell each other within a process |
//! | [`config`] | the `[notification]` table |
//! | `wiring` | settings become the parts of all these rooms |
//!
//! Here the parts are put together. Accepted means durable: the row is committed before the call is answered, and
//! from then on only `worker` decides what becomes of it.

mod authoring;
pub mod config;
mod domain;
mod grpc;
mod intake;
mod metrics;
mod payload;
mod providers;
mod receipt_keys;
mod receipts;
mod signals;
mod store;
mod templates;
mod wiring;
mod worker;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use metrics::CATALOGUE as METRICS;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use rekey_database::{DatabaseFacts, Migrated, Patience, SchemaGate, StoreMonitor};
use rekey_primitives::clock::{Clock, SharedClock, SystemClock};
use rekey_primitives::entropy::SharedEntropy;
use rekey_runtime::health::Health;
use rekey_runtime::loops::Loops;
use rekey_runtime::reload::Reloads;
use rekey_wire::notification::v1::notification_service_server::NotificationServiceServer;
use rekey_wire::notification::v1::provider_service_server::ProviderServiceServer;
use rekey_wire::notification::v1::suppression_service_server::SuppressionServiceServer;
use rekey_wire::notification::v1::template_service_server::TemplateServiceServer;
use tonic::service::Routes;

use crate::config::Settings;
use crate::domain::lane::Lane;
use crate::grpc::{NotificationGrpc, ProviderGrpc, SuppressionGrpc, TemplateGrpc};
pub use crate::providers::inbox::{self, Inbox};
pub use crate::providers::{DkimRecord, TlsServer, WebhookPublicKey, WebhookRequests};
use crate::receipts::callbacks::CallbackPort;
use crate::receipts::lmtp::LmtpPort;
use crate::signals::Signals;
use crate::worker::{LaneWorker, Reclaimer, Releaser, Sweeper};

/// The gRPC services of this part, as health names them.
pub const GRPC_NAMES: &[&str] = &[
    "rekey.notification.v1.NotificationService",
    "rekey.notification.v1.ProviderService",
    "rekey.notification.v1.SuppressionService",
    "rekey.notification.v1.TemplateService",
];

/// What this service is handed.
pub struct Dependencies {
    /// Read once per operation.
    pub clock: SharedClock,
    /// Draws ids, nonces and jitter.
    pub entropy: SharedEntropy,
    /// Where it reports how its store is.
    pub health: Health,
    /// The development inbox. Without one no provider of kind `inbox` can be opened.
    pub inbox: Option<Inbox>,
}

/// The service, ready to be served.
pub struct Service {
    /// Its RPCs.
    pub routes: Routes,
    /// What runs beside them.
    pub loops: BackgroundLoops,
    /// Its gRPC services.
    pub grpc_names: &'static [&'static str],
}

/// The loops: one per lane, one that puts back what the dead held, one that lets go what waited for a provider, one that sweeps, one
/// that looks after the store, one that reads files again, and the ports that receipts come to.
pub struct BackgroundLoops {
    files: (Reloads, Duration),
    store_monitor: StoreMonitor,
    gate: SchemaGate,
    reclaimer: Reclaimer,
    releaser: Releaser,
    sweeper: Sweeper,
    lanes: Vec<LaneWorker>,
    lmtp: Option<wiring::Listening<LmtpPort>>,
    callbacks: Option<wiring::Listening<CallbackPort>>,
}

impl BackgroundLoops {
    /// Looks at the store before anything is served.
    ///
    /// # Errors
    /// It is not one for this process, such as one that was used with other keys. One that is away is looked at again later.
    pub async fn look_first(&mut self) -> anyhow::Result<()> {
        Ok(self.store_monitor.look_first().await?)
    }

    /// Starts them among the process's loops. Nothing is sent before the schema was seen to fit.
    pub fn spawn(self, loops: &mut Loops) {
        let Self {
            files: (files, every),
            store_monitor,
            gate,
            reclaimer,
            releaser,
            sweeper,
            lanes,
            lmtp,
            callbacks,
        } = self;
        // A report that comes before the schema fits is told to come again.
        if let Some((address, port)) = lmtp {
            loops.spawn("notification receipts by mail", move |stop| port.run(address, stop));
        }
        if let Some((address, port)) = callbacks {
            loops.spawn("notification receipts of gateways", move |stop| port.run(address, stop));
        }
        loops.spawn("notification files", move |stop| files.run(every, stop));
        loops.spawn("notification store", |stop| async move {
            store_monitor.run(stop.begun()).await.map_err(anyhow::Error::from)
        });
        let mut opened = gate.clone();
        loops.spawn("notification reclaimer", |stop| async move {
            if opened.passed(stop.begun()).await { reclaimer.run(stop).await } else { Ok(()) }
        });
        let mut opened = gate.clone();
        loops.spawn("notification releaser", |stop| async move {
            if opened.passed(stop.begun()).await { releaser.run(stop).await } else { Ok(()) }
        });
        let mut opened = gate.clone();
        loops.spawn("notification sweeper", |stop| async move {
            if opened.passed(stop.begun()).await { sweeper.run(stop).await } else { Ok(()) }
        });
        for worker in lanes {
            let name = match worker.lane {
                Lane::Critical => "notification critical",
                Lane::Transactional => "notification transactional",
                Lane::Bulk => "notification bulk",
            };
            let mut opened = gate.clone();
            loops.spawn(name, |stop| async move {
                if opened.passed(stop.begun()).await { worker.run(stop).await } else { Ok(()) }
            });
        }
    }
}

/// Reads keys, texts and providers, opens the store, and puts the parts together. A Postgres that is away, or a
/// schema that does not fit yet, is no error: the part is unready until it was seen once.
///
/// # Errors
/// Settings that contradict each other, keys that do not read, a provider that cannot be, a data folder in use.
pub async fn assemble(settings: &Settings, dependencies: Dependencies) -> anyhow::Result<Service> {
    let Dependencies { clock, entropy, health, inbox } = dependencies;
    settings.check()?;
    metrics::begin();
    let shared = wiring::Shared {
        settings,
        keys: wiring::keys(settings)?,
        receipt_keys: wiring::receipt_keys(settings)?,
        store: wiring::store(settings).await?,
        signals: Signals::default(),
        clock,
        entropy,
    };
    let providers = wiring::providers(settings, inbox)?;
    let renderer = Arc::new(wiring::renderer(settings)?);
    let dispatcher = Arc::new(shared.dispatcher(Arc::clone(&renderer), providers));
    let part = health.part("notification", GRPC_NAMES.iter().map(|&name| name.to_owned()));
    let keys = wiring::followed_keys(&shared)?;
    let (store_monitor, gate) = shared.store_monitor(part, &keys);
    let every = Duration::from_secs(settings.server.reload_seconds.max(1));
    let loops = BackgroundLoops {
        files: (wiring::files(settings, &shared.store, &keys), every),
        store_monitor,
        gate,
        reclaimer: shared.reclaimer(),
        releaser: shared.releaser(&dispatcher),
        sweeper: shared.sweeper(),
        lanes: Lane::ALL.iter().map(|lane| shared.lane_worker(*lane, &dispatcher)).collect(),
        lmtp: shared.lmtp_port(),
        callbacks: shared.callback_port()?,
    };
    let grpc = NotificationGrpc::new(shared.intake(), wiring::watching(settings));
    let providers = ProviderGrpc::new(shared.list_providers(&dispatcher));
    let routes = Routes::new(NotificationServiceServer::new(grpc))
        .add_service(ProviderServiceServer::new(providers))
        .add_service(SuppressionServiceServer::new(SuppressionGrpc::new(shared.suppressions())))
        .add_service(TemplateServiceServer::new(TemplateGrpc::new(shared.authoring(renderer))));
    Ok(Service { routes, loops, grpc_names: GRPC_NAMES })
}

/// Brings the store's schema up to this code's, under a lock, with the usual patience.
///
/// # Errors
/// As [`migrate_patiently`].
pub async fn migrate(settings: &Settings) -> anyhow::Result<Migrated> {
    migrate_patiently(settings, Patience::default()).await
}

/// Brings the store's schema up to this code's, under a lock, and says what was done.
///
/// # Errors
/// The store is away, in use by another process, others held what the migration wants for too long, or the migration does not go through.
pub async fn migrate_patiently(settings: &Settings, patience: Patience) -> anyhow::Result<Migrated> {
    wiring::migrate(settings, patience, &SystemClock).await
}

/// Looks at `[notification.store]`, for `rekey doctor`.
///
/// # Errors
/// Its URL does not read, or it is away.
pub async fn inspect_store(settings: &Settings, clock: &dyn Clock) -> anyhow::Result<DatabaseFacts> {
    wiring::inspect_store(settings, clock).await
}

/// Drops every message that waits to be sent, after the store came back from a backup: most of them were sent since. Gives
/// how many. Run again after an interruption, it does the rest.
///
/// # Errors
/// The store is away or in use by another process.
pub async fn restore(settings: &Settings) -> anyhow::Result<u64> {
    let store = wiring::store(settings).await?;
    let mut dropped = 0;
    loop {
        match store.drop_restored(SystemClock.now()).await.context("dropping messages")? {
            0 => return Ok(dropped),
            portion => dropped += portion,
        }
    }
}

/// Has the store forget with which keys of a kind it was used.
///
/// # Errors
/// The store is away, in use by another process or was not migrated.
pub async fn forget_keys(settings: &Settings, kind: &str) -> anyhow::Result<()> {
    let store = wiring::store(settings).await?;
    store.database().forget_keys(kind).await.context("forgetting keys")?;
    Ok(())
}

/// The version of the schema that [`migrate`] makes.
#[must_use]
pub fn schema_version() -> i64 {
    store::SCHEMA.version
}
