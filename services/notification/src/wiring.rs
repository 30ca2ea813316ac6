//! From settings to parts: what [`assemble`](crate::assemble) opens and reads, one function each.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rekey_primitives::clock::{Clock, SharedClock};
use rekey_primitives::contact::Channel;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_runtime::settings::{secret_file, url_with_password};
use rekey_sealing::AeadKeys;

use crate::config::Settings;
use crate::domain::lane::{Lane, PerLane};
use crate::domain::links::LinkHosts;
use crate::flows::Rules;
use crate::providers::inbox::Inbox;
use crate::providers::{ANSWER_WITHIN, ProviderOptions, Providers};
use crate::store::postgres::{PostgresOptions, PostgresStore};
use crate::store::sqlite::SqliteStore;
use crate::store::{Bell, Depths, Keep, STEP_WITHIN, Store};
use crate::templates::Renderer;
use crate::worker::{Dispatcher, LaneWorker, Leases, Reclaimer, Sweeper};

/// The store that the URL names.
enum Opened {
    Postgres(PostgresStore),
    Sqlite(SqliteStore),
}

async fn open(settings: &Settings) -> anyhow::Result<Opened> {
    let store = &settings.store;
    if let Some(path) = store.url.strip_prefix("sqlite:") {
        let opened = SqliteStore::open(Path::new(path)).await;
        return Ok(Opened::Sqlite(opened.with_context(|| format!("opening {path}"))?));
    }
    if store.url.starts_with("postgres://") || store.url.starts_with("postgresql://") {
        let options = PostgresOptions {
            connections: store.connections,
            acquire_timeout: Duration::from_millis(store.acquire_timeout_ms),
            statement_timeout: Duration::from_millis(store.statement_timeout_ms),
        };
        let url = url_with_password(&store.url, store.password_file.as_deref());
        let url = url.context("notification.store")?;
        // The URL may hold a password: it is not named.
        let opened = PostgresStore::connect_lazily(url.expose_secret(), &options);
        return Ok(Opened::Postgres(opened.context("notification.store.url")?));
    }
    bail!("notification.store.url must begin with `postgres://` or `sqlite:`")
}

pub(crate) async fn store(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    Ok(match open(settings).await? {
        Opened::Postgres(store) => Arc::new(store),
        Opened::Sqlite(store) => Arc::new(store),
    })
}

pub(crate) async fn migrate(settings: &Settings, clock: &dyn Clock) -> anyhow::Result<()> {
    match open(settings).await? {
        Opened::Postgres(store) => {
            store.migrate(clock.now()).await.context("migrating the notification database")?;
            store.close().await;
        }
        Opened::Sqlite(store) => {
            store.migrate().await.context("migrating the notification file")?;
            store.close().await;
        }
    }
    Ok(())
}

pub(crate) fn keys(settings: &Settings) -> anyhow::Result<AeadKeys> {
    let file =
        settings.keys.payload_seal_file.as_ref().context("notification.keys.payload_seal_file is not set")?;
    let text = secret_file(file)?;
    AeadKeys::from_text(text.expose_secret())
        .with_context(|| format!("reading the keys in {}", file.display()))
}

pub(crate) fn renderer(settings: &Settings) -> anyhow::Result<Renderer> {
    let templates = &settings.templates;
    Renderer::new(&templates.default_locale, templates.origin_host.as_deref())
        .context("preparing the texts of notification.templates")
}

pub(crate) fn providers(settings: &Settings, inbox: Option<Inbox>) -> anyhow::Result<Providers> {
    let delivery = &settings.delivery;
    let options = ProviderOptions {
        send_timeout: Duration::from_secs(delivery.send_timeout_seconds),
        breaker_faults: delivery.breaker_faults,
        breaker_pause: Duration::from_secs(delivery.breaker_pause_seconds),
        inbox,
    };
    Providers::open(&settings.providers, &options)
}

pub(crate) fn rules(settings: &Settings) -> Rules {
    let lanes = settings.lanes();
    Rules {
        life: PerLane::each(|lane| Duration::from_secs(lanes.of(lane).life_seconds)),
        queue_limit: PerLane::each(|lane| lanes.of(lane).queue_limit),
        request_life: Duration::from_secs(3_600 * settings.retention.request_hours),
        longest_life: history(settings),
        sends_email: settings.carries(Channel::Email),
        sends_sms: settings.carries(Channel::Sms),
        link_hosts: LinkHosts::new(settings.templates.link_hosts.iter().cloned()),
    }
}

pub(crate) fn lane(
    settings: &Settings,
    lane: Lane,
    store: &Arc<dyn Store>,
    dispatcher: &Arc<Dispatcher>,
    bell: &Bell,
    clock: &SharedClock,
) -> LaneWorker {
    LaneWorker {
        lane,
        settings: *settings.lanes().of(lane),
        lease: dispatcher.leases.length,
        poll: Duration::from_millis(settings.delivery.poll_ms),
        store: Arc::clone(store),
        dispatcher: Arc::clone(dispatcher),
        bell: bell.clone(),
        clock: Arc::clone(clock),
    }
}

/// A hold lasts as long as every provider of a channel may take, one after another, with the mark before it is handed
/// over and a moment for the reason of a refusal.
pub(crate) fn leases(settings: &Settings) -> Leases {
    let of_channel =
        |channel| settings.providers.iter().filter(|one| one.channels().contains(&channel)).count();
    let providers = of_channel(Channel::Email).max(of_channel(Channel::Sms)).max(1);
    let send = Duration::from_secs(settings.delivery.send_timeout_seconds);
    let one = send + STEP_WITHIN + ANSWER_WITHIN;
    let all = one.saturating_mul(u32::try_from(providers).unwrap_or(u32::MAX));
    Leases::of(Duration::from_secs(settings.delivery.lease_seconds), all)
}

pub(crate) fn reclaimer(
    settings: &Settings,
    store: &Arc<dyn Store>,
    bell: &Bell,
    clock: &SharedClock,
) -> Reclaimer {
    Reclaimer {
        store: Arc::clone(store),
        batch: settings.retention.sweep_batch,
        lease: leases(settings).length,
        pause: leases(settings).renewed_every,
        bell: bell.clone(),
        clock: Arc::clone(clock),
    }
}

pub(crate) fn sweeper(
    settings: &Settings,
    store: &Arc<dyn Store>,
    depths: &Depths,
    clock: &SharedClock,
) -> Sweeper {
    let lanes = settings.lanes();
    Sweeper {
        store: Arc::clone(store),
        keep: Keep { history: history(settings), batch: settings.retention.sweep_batch },
        limits: PerLane::each(|lane| lanes.of(lane).queue_limit),
        depths: depths.clone(),
        pause: Duration::from_secs(settings.retention.sweep_seconds.max(1)),
        clock: Arc::clone(clock),
    }
}

pub(crate) fn check_pause(settings: &Settings) -> Duration {
    Duration::from_secs(settings.store.check_seconds.max(1))
}

fn history(settings: &Settings) -> Duration {
    Duration::from_secs(24 * 3_600 * settings.retention.history_days.max(1))
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
