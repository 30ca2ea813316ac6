//! Rekey's verification service: proves with a short-lived code that somebody holds an address or a phone.
//!
//! | Room | Does |
//! |---|---|
//! | `domain` | decides: codes, ladders, limits, states, grants |
//! | `store` | stores codes and limits; one method is one atomic step: Redis or the memory of one process |
//! | `peers` | what is needed of notification, and of a gateway that knows SIMs |
//! | `codes` | the use cases: start, resend, check, cancel, get, redeem, release |
//! | `relay` | the loop that hands events over to notification |
//! | `grpc` | the contract `rekey.verification.v1` |
//! | [`config`] | the `[verification]` table |
//! | `wiring` | makes keys and stores from settings |
//!
//! Here the parts are put together. It fails closed: with its store away every call is `UNAVAILABLE`, and there is
//! never an unlimited attempt.

pub mod config;

mod codes;
mod domain;
mod grpc;
mod metrics;
mod peers;
mod relay;
mod store;
mod wiring;

pub use metrics::CATALOGUE as METRICS;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rekey_client::Connection;
use rekey_primitives::clock::{Clock, SharedClock};
use rekey_primitives::entropy::{SharedEntropy, SystemEntropy, uuid_v4};
use rekey_runtime::health::{Health, StoreHealth};
use rekey_runtime::key_files::{FollowedKeys, KeyFileError};
use rekey_runtime::loops::Loops;
use rekey_runtime::reload::Reloads;
use rekey_runtime::shutdown::Shutdown;
use rekey_throttle::connection::{Connection as Redis, RedisFacts};
use rekey_wire::verification::v1::verification_service_server::VerificationServiceServer;
use tonic::service::Routes;

use crate::codes::{AbuseLog, Codes};
use crate::config::Settings;
use crate::peers::NotificationPeer;
use crate::relay::EventRelay;
use crate::store::Store;
use crate::wiring::PolicyFile;

/// The pause while the store was not seen yet: its keys are held to ours at once.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The gRPC services of this part, as health names them.
pub const GRPC_NAMES: &[&str] = &["rekey.verification.v1.VerificationService"];

/// What this service is given by its process.
pub struct Dependencies {
    /// Read once per operation.
    pub clock: SharedClock,
    /// Draws codes, nonces and ids.
    pub entropy: SharedEntropy,
    /// Where it reports the health of its store.
    pub health: Health,
    /// The connection to notification.
    pub notification: Connection,
}

/// The service, ready to be served.
pub struct Service {
    /// Its RPCs.
    pub routes: Routes,
    /// What runs in the background.
    pub loops: BackgroundLoops,
    /// The names of its gRPC services.
    pub grpc_names: &'static [&'static str],
}

/// Reads keys and rules, opens the store, and puts the parts together. A store that is away is no error: the part
/// is unready until it was seen once.
///
/// # Errors
/// Settings that do not fit together, keys that do not read, or a store that this service must not use.
pub async fn assemble(settings: &Settings, dependencies: Dependencies) -> anyhow::Result<Service> {
    let Dependencies { clock, entropy, health, notification } = dependencies;
    let part = health.part("verification", GRPC_NAMES.iter().map(|&name| name.to_owned()));
    let store_health = part.store("codes");
    metrics::begin();
    let rules = settings.rules().context("the settings of verification do not fit together")?;
    let keys = wiring::keys(&settings.keys)?;
    let wiring::Stores { store, throttle, redis } = wiring::stores(settings, &*entropy)?;
    if let Err(failure @ store::Failure::Evicts(_)) = store.ready().await {
        return Err(failure).context("production needs a Redis that never evicts");
    }
    let followed_keys = wiring::followed_keys(&settings.keys, &keys, Arc::clone(&store))?;
    let policy_file = wiring::policy_file(settings)?;
    let policies = policy_file.as_ref().map(|file| file.policies()).unwrap_or_default();
    let sim_check = wiring::sim_check(&settings.sim_change, Arc::clone(&throttle))?;
    let files = files(settings, &followed_keys, redis, policy_file);
    let messenger = Arc::new(NotificationPeer::new(notification));
    let relay = EventRelay {
        store: store.clone(),
        receiver: messenger.clone(),
        rules: rules.events.clone(),
        clock: clock.clone(),
        holder: uuid_v4(&*entropy).to_string(),
        poll: Duration::from_millis(settings.events.poll_ms),
    };
    let (store_of_codes, rules) = (Arc::clone(&store), Arc::new(rules));
    let codes = Codes {
        store: store_of_codes,
        throttle,
        messenger,
        keys,
        rules,
        policies,
        sim_check,
        clock,
        entropy,
        abuse_log: AbuseLog::default(),
    };
    let api = grpc::Api::new(Arc::new(codes));
    let interval = Duration::from_secs(settings.store.check_seconds.max(1));
    Ok(Service {
        routes: Routes::new(VerificationServiceServer::new(api)),
        loops: BackgroundLoops {
            store,
            health: store_health,
            interval,
            files,
            keys: followed_keys,
            are_held: false,
            relay: Some(relay),
        },
        grpc_names: GRPC_NAMES,
    })
}

/// Has the store forget with which keys of a kind it was used.
///
/// # Errors
/// The store is away.
pub async fn forget_keys(settings: &Settings, kind: &str) -> anyhow::Result<()> {
    let stores = wiring::stores(settings, &SystemEntropy)?;
    stores.store.forget_keys(kind).await.context("forgetting keys")
}

/// Looks at `[verification.store]`, for `rekey doctor`; `None` where that is in the process.
///
/// # Errors
/// Its URL does not read, or it is away.
pub async fn inspect_store(settings: &Settings, clock: &dyn Clock) -> anyhow::Result<Option<RedisFacts>> {
    wiring::inspect_store(settings, clock).await
}

/// What is made of files.
fn files(
    settings: &Settings,
    keys: &[Arc<FollowedKeys>],
    redis: Option<Redis>,
    policies: Option<Arc<PolicyFile>>,
) -> (Reloads, Duration) {
    let mut files = Reloads::default();
    if let Some(policies) = policies {
        files.add("verification.policies_file", Box::new(move || Ok(policies.reload()?)));
    }
    if let Some(redis) = redis {
        files.add("verification.store", Box::new(move || redis.reload()));
    }
    keys.iter().cloned().for_each(|keys| files.add_keys(keys));
    (files, Duration::from_secs(settings.server.reload_seconds.max(1)))
}

/// The loops that check the store's health and read files again.
pub struct BackgroundLoops {
    files: (Reloads, Duration),
    store: Arc<dyn Store>,
    health: StoreHealth,
    interval: Duration,
    keys: [Arc<FollowedKeys>; 3],
    /// Whether the keys were found to be the store's.
    are_held: bool,
    relay: Option<EventRelay>,
}

impl BackgroundLoops {
    /// Looks at the store before anything is served.
    ///
    /// # Errors
    /// It is used with other keys. One that is away is looked at again later.
    pub async fn look_first(&mut self) -> anyhow::Result<()> {
        Ok(self.look().await?)
    }

    async fn look(&mut self) -> Result<(), KeyFileError> {
        let found = match self.store.ready().await {
            Ok(()) => self.hold_keys().await?,
            Err(failure) => Err(self.store.cause(&failure)),
        };
        self.health.report(found);
        Ok(())
    }

    /// Nothing is worked on by keys that are not the store's, nor while it does not say whether they are.
    async fn hold_keys(&mut self) -> Result<Result<(), String>, KeyFileError> {
        for keys in &self.keys {
            match keys.hold().await {
                Err(KeyFileError::Wrong { setting, source }) if self.are_held => {
                    // Whoever came later with other keys, after Redis forgot ours, is at fault.
                    tracing::error!(setting, error = %source, "others use this store with other keys");
                }
                Err(wrong @ KeyFileError::Wrong { .. }) => return Err(wrong),
                Err(failed) => return Ok(Err(format!("{:#}", anyhow::Error::new(failed)))),
                Ok(()) => {}
            }
        }
        self.are_held = true;
        Ok(Ok(()))
    }

    /// Starts them among the process's loops.
    pub fn spawn(mut self, loops: &mut Loops) {
        let (files, every) = std::mem::take(&mut self.files);
        loops.spawn("verification files", move |stop| files.run(every, stop));
        if let Some(relay) = self.relay.take() {
            loops.spawn("verification events", move |stop| relay.run(stop));
        }
        loops.spawn("verification store", move |stop: Shutdown| async move {
            // What it finds of the store's health is reported there; there is nothing else to do about it here.
            while stop.pause(if self.are_held { self.interval } else { FIRST_PAUSE.min(self.interval) }).await
            {
                self.look().await?;
            }
            anyhow::Ok(())
        });
    }
}
