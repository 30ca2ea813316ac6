//! Rekey's notification service: owns every message until it is delivered, dropped or dead.
//!
//! | Room | Does |
//! |---|---|
//! | `domain` | decides: states, retries, paces, what a message may hold |
//! | `store` | keeps messages; one method is one atomic step: Postgres or one SQLite file |
//! | `flows` | the order of steps behind each RPC |
//! | `grpc` | the contract `rekey.notification.v1` |
//! | `templates` | what messages say, in which language |
//! | `providers` | how they leave: SMTP, text message gateways, the development inbox |
//! | `worker` | the loops that claim, send, record and sweep |
//! | [`config`] | the `[notification]` table |
//! | `wiring` | settings become the parts of all these rooms |
//!
//! Here the parts are put together. Accepted means durable: the row is committed before the call is answered, and
//! from then on only `worker` decides what becomes of it.

pub mod config;
mod domain;
mod flows;
mod grpc;
mod providers;
mod store;
mod templates;
mod wiring;
mod worker;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rekey_primitives::clock::{SharedClock, SystemClock};
use rekey_primitives::entropy::SharedEntropy;
use rekey_runtime::health::Health;
use rekey_runtime::loops::Loops;
use rekey_wire::notification::v1::notification_service_server::NotificationServiceServer;
use tonic::service::Routes;

use crate::config::Settings;
use crate::domain::lane::Lane;
use crate::flows::PostOffice;
use crate::grpc::NotificationGrpc;
pub use crate::providers::inbox::{self, Inbox};
use crate::store::{Bell, Depths};
use crate::worker::{LaneWorker, Lookout, Reclaimer, SchemaGate, Sweeper};

/// The gRPC services of this part, as health names them.
pub const GRPC_NAMES: &[&str] = &["rekey.notification.v1.NotificationService"];

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

/// The loops: one per lane, one that puts back what the dead held, one that sweeps, one that looks after the store.
pub struct BackgroundLoops {
    lookout: Lookout,
    gate: SchemaGate,
    reclaimer: Reclaimer,
    sweeper: Sweeper,
    lanes: [LaneWorker; 3],
}

impl BackgroundLoops {
    /// Starts them among the process's loops. Nothing is sent before the schema was seen to fit.
    pub fn spawn(self, loops: &mut Loops) {
        let Self { lookout, gate, reclaimer, sweeper, lanes } = self;
        loops.spawn("notification store", |stop| lookout.run(stop));
        let mut opened = gate.clone();
        loops.spawn("notification reclaimer", |stop| async move {
            if opened.passed(&stop).await { reclaimer.run(stop).await } else { Ok(()) }
        });
        let mut opened = gate.clone();
        loops.spawn("notification sweeper", |stop| async move {
            if opened.passed(&stop).await { sweeper.run(stop).await } else { Ok(()) }
        });
        for worker in lanes {
            let name = match worker.lane {
                Lane::Critical => "notification critical",
                Lane::Transactional => "notification transactional",
                Lane::Bulk => "notification bulk",
            };
            let mut opened = gate.clone();
            loops.spawn(name, |stop| async move {
                if opened.passed(&stop).await { worker.run(stop).await } else { Ok(()) }
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
    settings.check()?;
    let keys = Arc::new(wiring::keys(settings)?);
    let store = wiring::store(settings).await?;
    let renderer = Arc::new(wiring::renderer(settings)?);
    let providers = wiring::providers(settings, dependencies.inbox)?;
    let part = dependencies.health.part("notification", GRPC_NAMES.iter().map(|&name| name.to_owned()));
    let (bell, depths) = (Bell::default(), Depths::default());
    let dispatcher = Arc::new(worker::Dispatcher {
        store: Arc::clone(&store),
        keys: Arc::clone(&keys),
        renderer,
        providers,
        retries: settings.delivery.retries(),
        leases: wiring::leases(settings),
        clock: Arc::clone(&dependencies.clock),
        entropy: Arc::clone(&dependencies.entropy),
    });
    let pause = wiring::check_pause(settings);
    let (lookout, gate) = Lookout::new(Arc::clone(&store), part, pause, Arc::clone(&dependencies.clock));
    let loops = BackgroundLoops {
        lookout,
        gate,
        reclaimer: wiring::reclaimer(settings, &store, &bell, &dependencies.clock),
        sweeper: wiring::sweeper(settings, &store, &depths, &dependencies.clock),
        lanes: Lane::ALL
            .map(|lane| wiring::lane(settings, lane, &store, &dispatcher, &bell, &dependencies.clock)),
    };
    let office = PostOffice::new(
        store,
        keys,
        wiring::rules(settings),
        (bell, depths),
        (dependencies.clock, dependencies.entropy),
    );
    let routes = Routes::new(NotificationServiceServer::new(NotificationGrpc::new(Arc::new(office))));
    Ok(Service { routes, loops, grpc_names: GRPC_NAMES })
}

/// Brings the store's schema up to this code's, under a lock.
///
/// # Errors
/// The store is away, in use by another process, or the migration does not go through.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    wiring::migrate(settings, &SystemClock).await
}
