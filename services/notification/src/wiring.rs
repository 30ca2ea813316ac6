//! From settings to parts: what [`assemble`](crate::assemble) opens, reads and puts together.

mod receipts;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rekey_database::failure::STEP_WITHIN;
use rekey_database::{
    DatabaseFacts, Failure, KeyChecks, Migrated, Options, Patience, SchemaGate, StoreMonitor, StoreStatus,
    Unprepared,
};
use rekey_primitives::clock::{Clock, SharedClock};
use rekey_primitives::contact;
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};
use rekey_runtime::health::PartHealth;
use rekey_runtime::key_files::{FollowedKeys, KeyFile, KeyFileError};
use rekey_runtime::reload::Reloads;
use rekey_runtime::settings::{Pooling, url_with_password};

pub(crate) use self::receipts::{Listening, receipt_keys};
use crate::authoring::Authoring;
use crate::config::Settings;
use crate::domain::destination::Channel;
use crate::domain::lane::{Lane, PerLane};
use crate::domain::links::LinkHosts;
use crate::grpc::{ListProviders, WatchSettings};
use crate::intake::{Intake, IntakeRules};
use crate::payload::PayloadKeys;
use crate::providers::inbox::Inbox;
use crate::providers::{ANSWER_WITHIN, ProviderOptions, Providers};
use crate::receipt_keys::ReceiptKeys;
use crate::signals::Signals;
use crate::store::{SCHEMA, Store, SweepLimits};
use crate::templates::Renderer;
use crate::worker::{
    CacheLimits, Dispatcher, LaneWorker, LeasePolicy, Reclaimer, Releaser, Sweeper, TenantTexts,
};

/// What must be so before the part is ready.
const SCHEMA_FITS: &str = "schema";

pub(crate) async fn store(settings: &Settings) -> anyhow::Result<Store> {
    let opened = Store::open(store_url(settings)?.expose_secret(), &store_options(settings)).await;
    let (store, of_store) = (opened.context("notification.store.url")?, settings.clone());
    Ok(store.with_url_source(Arc::new(move || Ok(store_url(&of_store)?.expose_secret().to_owned()))))
}

pub(crate) async fn migrate(
    settings: &Settings,
    patience: Patience,
    clock: &dyn Clock,
) -> anyhow::Result<Migrated> {
    let (url, options) = (store_url(settings)?, store_options(settings));
    let migrated = Store::migrate_patiently(url.expose_secret(), &options, patience, clock.now()).await;
    migrated.context("migrating the notification database")
}

/// Looks at `[notification.store]`.
pub(crate) async fn inspect_store(settings: &Settings, clock: &dyn Clock) -> anyhow::Result<DatabaseFacts> {
    let (url, options) = (store_url(settings)?, store_options(settings));
    Ok(rekey_database::inspect(url.expose_secret(), &options, &SCHEMA, clock).await?)
}

/// The URL may hold a password: it is not quoted.
fn store_url(settings: &Settings) -> anyhow::Result<SecretString> {
    let store = &settings.store;
    let is_file = store.url.starts_with("sqlite:");
    let is_known = ["postgres://", "postgresql://"].iter().any(|scheme| store.url.starts_with(scheme));
    ensure!(is_file || is_known, "notification.store.url must begin with `postgres://` or `sqlite:`");
    let password_file = store.password_file.as_deref().filter(|_| !is_file);
    url_with_password(&store.url, password_file).context("notification.store")
}

/// What the service makes of files, besides its port. Providers read their passwords whenever they log in.
pub(crate) fn files(settings: &Settings, store: &Store, keys: &[Arc<FollowedKeys>]) -> Reloads {
    let mut files = Reloads::default();
    keys.iter().for_each(|keys| files.add_keys(Arc::clone(keys)));
    let (settings, database) = (settings.clone(), store.database().clone());
    files.add(
        "notification.store.password_file",
        Box::new(move || Ok(database.reload(store_url(&settings)?.expose_secret())?)),
    );
    files
}

fn store_options(settings: &Settings) -> Options {
    Options {
        connections: settings.store.connections,
        acquire_timeout: Duration::from_millis(settings.store.acquire_timeout_ms),
        statement_timeout: Duration::from_millis(settings.store.statement_timeout_ms),
        transaction_pooling: settings.store.pooling == Pooling::Transaction,
        ..Options::named("rekey-notification")
    }
}

pub(crate) fn keys(settings: &Settings) -> anyhow::Result<PayloadKeys> {
    let file = key_file(settings)?;
    PayloadKeys::from_text(file.text()?.expose_secret()).with_context(|| file.setting())
}

/// The keys of every kind, each with the file that they go by.
pub(crate) fn followed_keys(shared: &Shared<'_>) -> Result<Vec<Arc<FollowedKeys>>, KeyFileError> {
    let known = KeyChecks { database: shared.store.database().clone(), clock: Arc::clone(&shared.clock) };
    let seal = key_file(shared.settings)?.followed_by(shared.keys.clone(), Arc::new(known));
    Ok(std::iter::once(seal).chain(shared.followed_receipt_keys()?).collect())
}

/// Nothing is worked on by keys that are not the store's.
async fn hold_keys(every: &[Arc<FollowedKeys>]) -> Result<(), Unprepared> {
    for keys in every {
        match keys.hold().await {
            Ok(()) => {}
            Err(wrong @ KeyFileError::Wrong { .. }) => return Err(Unprepared::Unfit(wrong.into())),
            Err(failed) => return Err(Unprepared::Failed(Failure::Broken(failed.into()))),
        }
    }
    Ok(())
}

fn key_file(settings: &Settings) -> Result<KeyFile, KeyFileError> {
    KeyFile::of("notification", "payload_seal", settings.keys.payload_seal_file.as_deref())
}

pub(crate) fn renderer(settings: &Settings) -> anyhow::Result<Renderer> {
    let templates = &settings.templates;
    let renderer = Renderer::new(&templates.default_locale, templates.origin_host.as_deref())
        .context("preparing the texts of notification.templates")?;
    Ok(renderer.linking_to(LinkHosts::new(templates.link_hosts.iter().cloned())))
}

pub(crate) fn providers(settings: &Settings, inbox: Option<Inbox>) -> anyhow::Result<Providers> {
    let delivery = &settings.delivery;
    let options = ProviderOptions {
        send_timeout: Duration::from_secs(delivery.send_timeout_seconds),
        switch_after: Duration::from_millis(delivery.switch_after_ms),
        breaker: delivery.breaker(),
        inbox,
    };
    let opened = Providers::open(&settings.providers, &settings.endpoints()?, &options)?;
    Ok(opened.sending_as(settings.tenant_senders()?))
}

pub(crate) fn rules(settings: &Settings) -> IntakeRules {
    let lanes = settings.lanes();
    IntakeRules {
        life: PerLane::each(|lane| Duration::from_secs(lanes.of(lane).life_seconds)),
        queue_limit: PerLane::each(|lane| lanes.of(lane).queue_limit),
        request_life: Duration::from_secs(3_600 * settings.retention.request_hours),
        longest_life: history(settings),
        sends_email: settings.carries(contact::Channel::Email),
        sends_sms: settings.carries(contact::Channel::Sms),
        deduplication: settings.deduplication.of_lanes(),
        link_hosts: LinkHosts::new(settings.templates.link_hosts.iter().cloned()),
        // Endpoints that do not read have been refused; none would be open to anybody.
        webhooks: settings.endpoints().map(|endpoints| endpoints.tenants()).unwrap_or_default(),
    }
}

/// How streams of changes look.
pub(crate) fn watching(settings: &Settings) -> WatchSettings {
    let watch = &settings.watch;
    WatchSettings {
        poll: Duration::from_millis(watch.poll_ms),
        heartbeat: Duration::from_millis(watch.heartbeat_ms),
        watchers: watch.watchers,
    }
}

/// A message is held for as long as every provider of a channel may take, one after another: a probe, the mark before it is
/// handed over, the hand-over itself, and a moment for the reason of a refusal.
fn lease_policy(settings: &Settings) -> LeasePolicy {
    let of_channel =
        |channel| settings.providers.iter().filter(|one| one.channels().contains(&channel)).count();
    let providers = of_channel(Channel::Email).max(of_channel(Channel::Sms)).max(1);
    let timeout = settings.delivery.send_timeout_seconds.max(settings.webhook_requests.timeout_seconds);
    let send = Duration::from_secs(timeout);
    let one = 2 * send + STEP_WITHIN + ANSWER_WITHIN;
    let all = one.saturating_mul(u32::try_from(providers).unwrap_or(u32::MAX));
    LeasePolicy::of(Duration::from_secs(settings.delivery.lease_seconds), all)
}

fn history(settings: &Settings) -> Duration {
    Duration::from_secs(24 * 3_600 * settings.retention.history_days.max(1))
}

/// What intake and the loops share.
pub(crate) struct Shared<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) store: Store,
    pub(crate) keys: PayloadKeys,
    /// Without it nothing is suppressed and no receipts are heard.
    pub(crate) receipt_keys: Option<ReceiptKeys>,
    pub(crate) signals: Signals,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: SharedEntropy,
}

impl Shared<'_> {
    pub(crate) fn intake(&self) -> Intake {
        Intake {
            store: self.store.clone(),
            keys: Arc::new(self.keys.seals.clone()),
            marks: self.keys.marks.clone(),
            rules: rules(self.settings),
            signals: self.signals.clone(),
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
        }
    }

    /// What shows the providers to people.
    pub(crate) fn list_providers(&self, dispatcher: &Arc<Dispatcher>) -> ListProviders {
        let (dispatcher, clock) = (Arc::clone(dispatcher), Arc::clone(&self.clock));
        Arc::new(move || dispatcher.providers.views(clock.now()))
    }

    pub(crate) fn authoring(&self, renderer: Arc<Renderer>) -> Authoring {
        Authoring { store: self.store.clone(), renderer, clock: Arc::clone(&self.clock) }
    }

    pub(crate) fn dispatcher(&self, renderer: Arc<Renderer>, providers: Providers) -> Dispatcher {
        let cache = CacheLimits {
            life: Duration::from_secs(self.settings.templates.cache_seconds),
            entries: self.settings.templates.cache_entries,
        };
        Dispatcher {
            store: self.store.clone(),
            keys: Arc::new(self.keys.seals.clone()),
            texts: TenantTexts::new(self.store.clone(), renderer, cache),
            providers,
            retries: self.settings.delivery.retries(),
            lease_policy: lease_policy(self.settings),
            event_life: Duration::from_secs(self.settings.transactional.life_seconds),
            correspondence: self.correspondence(),
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            wake_up: self.signals.wake_up.clone(),
            returns: self.signals.returns.clone(),
        }
    }

    pub(crate) fn releaser(&self, dispatcher: &Dispatcher) -> Releaser {
        Releaser {
            store: self.store.clone(),
            providers: dispatcher.providers.clone(),
            returns: self.signals.returns.clone(),
            wake_up: self.signals.wake_up.clone(),
            clock: Arc::clone(&self.clock),
        }
    }

    pub(crate) fn lane_worker(&self, lane: Lane, dispatcher: &Arc<Dispatcher>) -> LaneWorker {
        LaneWorker {
            lane,
            settings: *self.settings.lanes().of(lane),
            lease: dispatcher.lease_policy.length,
            poll: Duration::from_millis(self.settings.delivery.poll_ms),
            store: self.store.clone(),
            dispatcher: Arc::clone(dispatcher),
            wake_up: self.signals.wake_up.clone(),
            clock: Arc::clone(&self.clock),
        }
    }

    pub(crate) fn reclaimer(&self) -> Reclaimer {
        let lease_policy = lease_policy(self.settings);
        Reclaimer {
            store: self.store.clone(),
            batch: self.settings.retention.sweep_batch,
            lease: lease_policy.length,
            pause: lease_policy.renewed_every,
            wake_up: self.signals.wake_up.clone(),
            clock: Arc::clone(&self.clock),
        }
    }

    pub(crate) fn sweeper(&self) -> Sweeper {
        let (lanes, retention) = (self.settings.lanes(), &self.settings.retention);
        Sweeper {
            store: self.store.clone(),
            sweep_limits: SweepLimits { history: history(self.settings), batch: retention.sweep_batch },
            count_limits: PerLane::each(|lane| lanes.of(lane).queue_limit),
            queue_depth: self.signals.queue_depth.clone(),
            pause: Duration::from_secs(retention.sweep_seconds.max(1)),
            clock: Arc::clone(&self.clock),
        }
    }

    /// What reports how the store is, and opens the gate once the schema fits and what this process held before it last
    /// died is put back: later, living workers hold messages.
    pub(crate) fn store_monitor(
        &self,
        part: PartHealth,
        keys: &[Arc<FollowedKeys>],
    ) -> (StoreMonitor, SchemaGate) {
        let health = part.store("database");
        part.require(SCHEMA_FITS);
        let pause = Duration::from_secs(self.settings.store.check_seconds.max(1));
        let report = move |status: StoreStatus| {
            health.report(status.answers());
            if status == StoreStatus::Ready {
                part.meet(SCHEMA_FITS);
            }
        };
        let (monitor, gate) = StoreMonitor::new(self.store.database().clone(), &SCHEMA, pause, report);
        let (store, clock, keys) = (self.store.clone(), Arc::clone(&self.clock), keys.to_vec());
        let monitor = monitor.preparing(move || {
            let (store, clock, keys) = (store.clone(), Arc::clone(&clock), keys.clone());
            async move {
                hold_keys(&keys).await?;
                let count = store.put_back_orphans(clock.now()).await?;
                if count > 0 {
                    tracing::warn!(count, "put back what this process held when it died");
                }
                Ok(())
            }
        });
        (monitor, gate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::for_tests;

    #[tokio::test]
    async fn a_password_in_a_file_and_another_in_the_url_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "p@ss").unwrap();
        let mut settings = for_tests();
        settings.store.url = "postgres://rekey:s3cr3t@db/rekey".to_owned();
        settings.store.password_file = Some(file);

        let refused = format!("{:#}", store(&settings).await.err().unwrap());

        assert!(refused.contains("both") && !refused.contains("s3cr3t"), "{refused}");
    }
}
