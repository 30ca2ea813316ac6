//! Rekey's identity service: who people are, and how they get back in.
//!
//! | Room | Does |
//! |---|---|
//! | `domain` | decides: resets, passwords, authority, sessions, security info |
//! | `store` | keeps tenants, accounts and counters; one method is one atomic step: Postgres or one SQLite file |
//! | `peers` | what is needed of verification and notification |
//! | [`hashing`] | Argon2 on threads of its own |
//! | `resets`, `sign_in`, `sessions`, `passwords`, `security_info`, `directory`, `administration`, `audit_log` | use cases: the order of steps behind the RPCs of one job |
//! | `operation` | a call under way, run once however often it is repeated |
//! | `audit`, `notices`, `limits`, `policies`, `authorisation`, `credentials`, `tokens`, `keys`, `response_timing`, `views` | parts that use cases borrow |
//! | `grpc` | the contract `rekey.identity.v1`: decodes, calls one use case, encodes |
//! | `relay` | hands queued notices to notification until it has them |
//! | `webhooks` | sends sealed events to the receivers that tenants name, until they have them |
//! | `jobs` | looks after the store, sweeps, writes the audit buffer, seals and forgets events, mails digests, notifies before passwords expire, purges what was deleted |
//! | [`bootstrap`] | the first tenant and administrator of an empty store |
//! | [`config`] | the `[identity]` table |
//! | `wiring` | settings become stores, keys, connections and use cases |
//!
//! A change, its audit event and the notices about it commit in one step; what leaves the process afterwards is the
//! relay's.

pub mod bootstrap;
pub mod config;
pub mod hashing;
pub mod restore;

mod administration;
mod audit;
mod audit_log;
mod authorisation;
mod credentials;
mod directory;
mod domain;
mod grpc;
mod jobs;
mod keys;
mod limits;
mod metrics;
mod notices;
mod operation;
mod passwords;
mod peers;
mod policies;
mod relay;
mod resets;
mod response_timing;
mod security_info;
mod sessions;
mod sign_in;
mod store;
mod tokens;
mod views;
mod webhooks;
mod wiring;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use metrics::CATALOGUE as METRICS;
pub use store::UnderPepper;
pub use wiring::inspection::{inspect_store, inspect_throttle, measure_hash};

pub use rekey_database::{
    DatabaseFacts, Migrated, MigratedStep, NotInspected, Patience, SchemaFit, ServerFacts, Waiting,
};
pub use rekey_throttle::connection::{RedisFacts, RedisNodeFacts};

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use rekey_primitives::clock::SharedClock;
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::secret::SecretString;
use rekey_runtime::access::{
    self, AccessTokenError, Person, PersonVerifier, RoleMissing, SharedPersonVerifier,
};
use rekey_runtime::health::{Health, StoreHealth};
use rekey_runtime::key_files::KeyFileError;
use rekey_runtime::loops::Loops;
use rekey_runtime::reload::Reloads;
use rekey_runtime::shutdown::Shutdown;
use rekey_sealing::{KeyId, jwt};
use rekey_throttle::connection::Connection as Redis;
use strum::VariantArray as _;
use tonic::service::Routes;

use crate::authorisation::{Authorisation, WithoutRole};
use crate::config::Settings;
use crate::domain::audit::EventKind;
use crate::domain::session::TokenState;
use crate::domain::tenant::DomainName;
use crate::operation::Error;
use crate::peers::Notification;
use crate::relay::Relay;
use crate::sessions::Sessions;
use crate::store::accounts::TenantKey;
use crate::store::{Failure, SchemaGate, StoreMonitor, Unprepared, in_time};
use crate::tokens::Tokens;
use crate::webhooks::Delivery;
use crate::wiring::{FollowedKeySet, Parts};

/// The gRPC services of this part, as health names them.
pub const GRPC_NAMES: &[&str] = grpc::NAMES;

/// What this service is handed.
pub struct Dependencies {
    /// The clock.
    pub clock: SharedClock,
    /// Chance.
    pub entropy: SharedEntropy,
    /// Where it reports how its store is.
    pub health: Health,
}

/// The service, ready to be served.
pub struct Service {
    /// Its RPCs.
    pub routes: Routes,
    /// Judges the access tokens of persons.
    pub persons: SharedPersonVerifier,
    /// What runs beside the RPCs.
    pub loops: BackgroundLoops,
    /// Its gRPC services.
    pub grpc_names: &'static [&'static str],
    /// Writes the public keys that access tokens are checked with at the moment, for `/.well-known/jwks.json` (RFC 7517).
    pub jwks: Arc<dyn Fn() -> String + Send + Sync>,
}

/// Reads keys and settings, opens the store, and puts the parts together. A Postgres that is away, or a schema that
/// does not fit yet, is no error: the part is unready until it was seen once.
///
/// # Errors
/// Settings that contradict each other, keys that are missing or do not read, a data folder in use.
pub async fn assemble(settings: &Settings, dependencies: Dependencies) -> anyhow::Result<Service> {
    let Dependencies { clock, entropy, health } = dependencies;
    let part = health.part("identity", GRPC_NAMES.iter().map(|&name| name.to_owned()));
    metrics::begin();
    for kind in EventKind::VARIANTS {
        metrics::EVENTS.add(0, [kind.as_str()]);
    }
    let store = wiring::store(settings).await?;
    let throttles = wiring::throttles(settings)?;
    let notification = wiring::notification(settings)?;
    let parts = wiring::parts(settings, store, &throttles, clock, entropy)?;
    let keys = wiring::followed_keys(&parts)?;
    let files = wiring::files(&parts, &keys, throttles.redis.clone());
    let throttle = throttles.redis.map(|redis| {
        // Sign-in goes on without it, so it is missing to nobody else.
        (redis, part.store_of("throttle", ["rekey.identity.v1.PasswordResetService".to_owned()]))
    });
    let delivery = wiring::delivery(&parts)?;
    let pause = Duration::from_secs(settings.store.check_seconds);
    let (monitor, gate) = jobs::store_monitor::of(&parts.store, part, pause);
    let (known, homes) = (parts.store.clone(), parts.homes.clone());
    let monitor = monitor.preparing(move || {
        let (keys, store, homes) = (Arc::clone(&keys), known.clone(), homes.clone());
        async move {
            hold_keys(keys).await?;
            // Before anybody calls: a tenant of another region is refused by it, and not told to be nowhere.
            homes.read(&store).await.map_err(Unprepared::Failed)
        }
    });
    Ok(Service {
        routes: grpc::routes(parts.use_cases(), parts.homes.clone()),
        persons: Arc::new(Persons { sessions: parts.sessions(), authorisation: parts.authorisation() }),
        jwks: jwks(parts.tokens()),
        loops: BackgroundLoops { parts, files, notification, delivery, monitor, gate, throttle },
        grpc_names: GRPC_NAMES,
    })
}

/// Nothing is worked on by keys that are not the store's.
async fn hold_keys(keys: FollowedKeySet) -> Result<(), Unprepared> {
    match wiring::hold_keys(&keys).await {
        Ok(()) => Ok(()),
        Err(wrong @ KeyFileError::Wrong { .. }) => Err(Unprepared::Unfit(wrong.into())),
        Err(failed) => Err(Unprepared::Failed(Failure::Broken(failed.into()))),
    }
}

fn jwks(tokens: Tokens) -> Arc<dyn Fn() -> String + Send + Sync> {
    Arc::new(move || jwt::key_set(&tokens.signing_keys()))
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
/// The store is away, others held what the migration wants for too long, or it does not go through.
pub async fn migrate_patiently(settings: &Settings, patience: Patience) -> anyhow::Result<Migrated> {
    wiring::migrate(settings, patience).await
}

/// What the key of the pepper with this id still seals: while there is anything, it may not go.
///
/// # Errors
/// The store is away, in use by another process or was not migrated.
pub async fn under_pepper(settings: &Settings, key: &KeyId) -> anyhow::Result<UnderPepper> {
    let store = wiring::store(settings).await?;
    store.under_pepper(key).await.context("counting what is under the pepper")
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
    store::schema_version()
}

/// Whether the store holds a tenant with this mail domain. For checks before a start; the schema must be there.
///
/// # Errors
/// The store is away or in use, or the domain is none.
pub async fn has_tenant_of(settings: &Settings, domain: &str) -> anyhow::Result<bool> {
    let key = TenantKey::Domain(DomainName::parse(domain).context("the domain")?);
    let store = wiring::store(settings).await?;
    Ok(store.find_tenant(&key).await.context("looking for a tenant")?.is_some())
}

/// The loops of the service.
pub struct BackgroundLoops {
    parts: Parts,
    files: Reloads,
    notification: Arc<dyn Notification>,
    delivery: Delivery,
    monitor: StoreMonitor,
    gate: SchemaGate,
    throttle: Option<(Redis, StoreHealth)>,
}

impl BackgroundLoops {
    /// Looks at the store before anything is served.
    ///
    /// # Errors
    /// It is not one for this process, such as one that was used with other keys. One that is away is looked at again later.
    pub async fn look_first(&mut self) -> anyhow::Result<()> {
        Ok(self.monitor.look_first().await?)
    }

    /// Starts them among the process's loops. Nothing is done before the schema was seen to fit.
    pub fn spawn(self, loops: &mut Loops) {
        let Self { parts, files, notification, delivery, monitor, gate, throttle } = self;
        let settings = &parts.settings;
        let every = Duration::from_secs(settings.server.reload_seconds.max(1));
        loops.spawn("identity files", move |stop| files.run(every, stop));
        loops.spawn("identity store", |stop: Shutdown| async move {
            monitor.run(stop.begun()).await.map_err(anyhow::Error::from)
        });
        if let Some((redis, health)) = throttle {
            let pause = Duration::from_secs(settings.store.check_seconds);
            loops.spawn("identity throttle", move |stop| {
                jobs::store_monitor::watch(health, pause, stop, move || {
                    let redis = redis.clone();
                    async move { redis.ping().await.map_err(|error| redis.cause(&error)) }
                })
            });
        }
        let (relay, mut opened) = (relay(&parts, notification), gate.clone());
        loops.spawn("identity relay", move |stop: Shutdown| async move {
            if opened.passed(stop.begun()).await { relay.run(stop).await } else { Ok(()) }
        });
        let mut opened = gate.clone();
        loops.spawn("identity webhooks", move |stop: Shutdown| async move {
            if opened.passed(stop.begun()).await { delivery.run(stop).await } else { Ok(()) }
        });
        let (notices, mut opened) = (parts.expiry_notices(), gate.clone());
        let pause = Duration::from_secs(settings.jobs.expiry_seconds);
        loops.spawn("identity expiry notices", move |stop: Shutdown| async move {
            if opened.passed(stop.begun()).await {
                jobs::expiry::run(notices, pause, stop).await
            } else {
                Ok(())
            }
        });
        let (directory, mut opened) = (parts.directory(), gate.clone());
        let pause = Duration::from_secs(settings.jobs.purge_seconds);
        loops.spawn("identity purging", move |stop: Shutdown| async move {
            if opened.passed(stop.begun()).await {
                let stopping = stop.clone();
                let round = move || {
                    let (directory, stopping) = (directory.clone(), stopping.clone());
                    async move { directory.purge(|| !stopping.has_begun()).await }
                };
                jobs::purge::run(round, pause, stop).await
            } else {
                Ok(())
            }
        });
        let (audit, pause) = (parts.audit(), Duration::from_millis(settings.audit.flush_ms));
        spawn_job(loops, &gate, "identity audit", pause, move || {
            let audit = audit.clone();
            async move { audit.flush().await.map(drop) }
        });
        let (store, sealer, clock) = (parts.store.clone(), parts.sealer(), Arc::clone(&parts.clock));
        let pause = Duration::from_millis(settings.audit.seal_ms);
        spawn_job(loops, &gate, "identity sealing", pause, move || {
            jobs::seal(store.clone(), sealer.clone(), Arc::clone(&clock))
        });
        let (store, homes) = (parts.store.clone(), parts.homes.clone());
        let pause = Duration::from_secs(settings.store.check_seconds);
        spawn_job(loops, &gate, "identity homes", pause, move || {
            let (store, homes) = (store.clone(), homes.clone());
            async move { in_time(homes.read(&store)).await }
        });
        let (store, clock) = (parts.store.clone(), Arc::clone(&parts.clock));
        let pause = Duration::from_secs(settings.store.check_seconds);
        spawn_job(loops, &gate, "identity notices due", pause, move || {
            jobs::measures::notices(store.clone(), Arc::clone(&clock))
        });
        let (store, clock) = (parts.store.clone(), Arc::clone(&parts.clock));
        let pause = Duration::from_secs(settings.jobs.sweep_seconds);
        spawn_job(loops, &gate, "identity sweeper", pause, move || {
            jobs::sweep(store.clone(), Arc::clone(&clock))
        });
        let (store, clock) = (parts.store.clone(), Arc::clone(&parts.clock));
        let pause = Duration::from_secs(settings.jobs.forget_seconds);
        spawn_job(loops, &gate, "identity forgetting", pause, move || {
            jobs::forget(store.clone(), Arc::clone(&clock))
        });
        let (administration, pause) =
            (parts.administration(), Duration::from_secs(settings.jobs.sweep_seconds));
        spawn_job(loops, &gate, "identity help expiry", pause, move || {
            let administration = administration.clone();
            async move { administration.expire_help().await.map(drop) }
        });
        let (administration, mut opened) = (parts.administration(), gate.clone());
        let pause = Duration::from_millis(settings.bulk_resets.poll_ms);
        loops.spawn("identity bulk resets", move |stop: Shutdown| async move {
            if !opened.passed(stop.begun()).await {
                return Ok(());
            }
            jobs::work_off("identity bulk resets", pause, stop, move || {
                let administration = administration.clone();
                async move { administration.work_on_bulk_resets().await }
            })
            .await
        });
        let (help, pause) = (parts.help(), Duration::from_secs(settings.jobs.digest_seconds));
        spawn_job(loops, &gate, "identity digests", pause, move || {
            let help = help.clone();
            async move { help.send_digests().await.map(drop) }
        });
    }
}

fn spawn_job<F, E>(
    loops: &mut Loops,
    gate: &SchemaGate,
    name: &'static str,
    pause: Duration,
    work: impl FnMut() -> F + Send + 'static,
) where
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: std::fmt::Display + 'static,
{
    let mut opened = gate.clone();
    loops.spawn(name, move |stop: Shutdown| async move {
        if opened.passed(stop.begun()).await { jobs::repeat(name, pause, stop, work).await } else { Ok(()) }
    });
}

fn relay(parts: &Parts, notification: Arc<dyn Notification>) -> Relay {
    let keys = Arc::clone(&parts.keys);
    Relay {
        store: parts.store.clone(),
        notification,
        open: Arc::new(move |notice| keys.open_notice(notice)),
        clock: Arc::clone(&parts.clock),
        settings: wiring::relay_settings(&parts.settings),
    }
}

/// Judges the access token of a person: its signature by our own keys, its session in the store.
struct Persons {
    sessions: Sessions,
    authorisation: Authorisation,
}

#[async_trait]
impl PersonVerifier for Persons {
    async fn verify(&self, access_token: &str) -> Result<Person, AccessTokenError> {
        judged(self.sessions.verify_person(&SecretString::from(access_token)).await)
    }

    async fn verify_leaving(&self, access_token: &str) -> Result<Person, AccessTokenError> {
        judged(self.sessions.verify_leaving_person(&SecretString::from(access_token)).await)
    }

    fn role_missing(&self, stopped: &RoleMissing<'_>) {
        self.authorisation.note_without_role(WithoutRole {
            tenant_id: stopped.person.tenant_id,
            account_id: stopped.person.account_id,
            caller: stopped.caller,
            rpc: stopped.rpc,
            trace_id: stopped.trace_id,
        });
    }
}

fn judged(person: Result<Option<operation::Person>, Error>) -> Result<Person, AccessTokenError> {
    match person {
        Ok(Some(person)) => Ok(Person {
            backend: person.backend,
            tenant_id: person.tenant_id,
            account_id: person.account_id,
            session_id: person.session_id,
            epoch: person.epoch.0,
            roles: person.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            auth_time: person.auth_time,
            token_expires_at: person.token_expires_at,
            token_state: match person.token_state {
                TokenState::Live => access::TokenState::Live,
                TokenState::Expired => access::TokenState::Expired,
                TokenState::Dead => access::TokenState::Dead,
            },
        }),
        Ok(None) | Err(Error::Refused(_)) => Err(AccessTokenError::Invalid),
        Err(Error::Failed(failed)) => {
            tracing::warn!(error = %failed, "an access token could not be judged");
            Err(AccessTokenError::Unavailable)
        }
    }
}
