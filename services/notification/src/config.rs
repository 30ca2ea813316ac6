//! The `[notification]` table. Values and their reasons stand in `default.toml`; here are their types and the checks
//! that need more than one of them.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rekey_primitives::contact::Channel;
use rekey_runtime::server::ServerSettings;
use rekey_runtime::settings::{Pooling, WrongParameter, check_store_url};
use serde::Deserialize;

use crate::domain::delivery::{Retries, Waits};
use crate::domain::destination;
use crate::domain::lane::PerLane;
use crate::providers::{
    self, BreakerPolicy, DkimRecord, Endpoints, ProviderSettings, SenderSettings, Senders, TlsServer,
    WebhookPublicKey, WebhookRequests, WebhookSettings,
};

mod receipts;

pub use self::receipts::{CallbackPort, LmtpPort, Receipts, WrongReceipts};

/// The commented defaults.
pub const DEFAULTS: &str = include_str!("default.toml");

/// Settings of earlier versions, and what stands in their place.
pub const REPLACED: [(&str, &str); 6] = [
    (
        "notification.email_providers",
        "a list of tables, `[[notification.providers]]`, in the order they are tried",
    ),
    (
        "notification.sms_providers",
        "a list of tables, `[[notification.providers]]`, in the order they are tried",
    ),
    ("notification.smtp", "an entry of `[[notification.providers]]` with `kind = \"smtp\"`"),
    ("notification.smtp_fallback", "a second entry of `[[notification.providers]]` with `kind = \"smtp\"`"),
    ("notification.sms", "an entry of `[[notification.providers]]` with `kind = \"sms\"`"),
    ("notification.sms_fallback", "a second entry of `[[notification.providers]]` with `kind = \"sms\"`"),
];

/// What the operator decides about this part.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How the part listens.
    pub server: ServerSettings,
    /// Whether what only development may have is refused.
    pub production: bool,
    /// Relays and gateways, in the order they are tried.
    pub(crate) providers: Vec<ProviderSettings>,
    /// In whose name the messages of tenants go out.
    pub(crate) senders: Vec<SenderSettings>,
    /// The endpoints of webhooks.
    pub(crate) webhooks: Vec<WebhookSettings>,
    /// How they are reached.
    pub webhook_requests: WebhookRequests,
    /// Where messages are kept.
    pub store: Store,
    /// What seals them.
    pub keys: Keys,
    /// How they read.
    pub templates: Templates,
    /// The lane of codes and alarms.
    pub critical: LaneSettings,
    /// The lane of notices to one person.
    pub transactional: LaneSettings,
    /// The lane of everything that goes to many.
    pub bulk: LaneSettings,
    /// How they are sent.
    pub delivery: Delivery,
    /// What is heard of them afterwards.
    pub receipts: Receipts,
    /// How long things are kept.
    pub retention: Retention,
    /// For how long a notice is remembered, so that it is not said twice.
    pub deduplication: Deduplication,
    /// How streams of changes look.
    pub watch: Watching,
}

/// `[notification.store]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// `postgres://…` or `sqlite:PATH`. It may hold a password: never logged.
    pub url: String,
    /// A file with the password, where it does not stand in the URL.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The most connections.
    pub connections: u32,
    /// How long a call waits for one.
    pub acquire_timeout_ms: u64,
    /// How long one statement may take.
    pub statement_timeout_ms: u64,
    /// What stands between this part and its Postgres.
    pub pooling: Pooling,
    /// How often the store is looked at.
    pub check_seconds: u64,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("Store")
            .field("kind", &kind)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

/// `[notification.keys]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The payload seal.
    #[serde(default)]
    pub payload_seal_file: Option<PathBuf>,
    /// What names messages to those who report of them, and hashes addresses that get none any more.
    #[serde(default)]
    pub receipt_mac_file: Option<PathBuf>,
}

/// `[notification.templates]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Templates {
    /// The language of readers whose own is not spoken here.
    pub default_locale: String,
    /// The hosts that links may lead to.
    pub link_hosts: Vec<String>,
    /// The host that a code in a text message is bound to.
    #[serde(default)]
    pub origin_host: Option<String>,
    /// How long a worker goes by a tenant's text before it looks again.
    pub cache_seconds: u64,
    /// The most texts that it keeps.
    pub cache_entries: usize,
}

/// `[notification.critical]` and its sisters.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaneSettings {
    /// Messages sent at the same time.
    pub workers: usize,
    /// Mails to one domain sent at the same time.
    pub per_domain: usize,
    /// Messages taken in one claim.
    pub batch: usize,
    /// Messages a second; 0 is no limit.
    pub per_second: u32,
    /// The life of a message whose caller does not say.
    pub life_seconds: u64,
    /// The most that may wait.
    pub queue_limit: u64,
}

/// `[notification.delivery]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// How long a worker holds a message unless it renews.
    pub lease_seconds: u64,
    /// How often a lane looks by itself.
    pub poll_ms: u64,
    /// The most one provider may take.
    pub send_timeout_seconds: u64,
    /// The most one may take to answer at all, where another one may be asked.
    pub switch_after_ms: u64,
    /// First wait after a passing condition.
    pub transient_first_seconds: u64,
    /// Longest wait after a passing condition.
    pub transient_longest_seconds: u64,
    /// First wait after the provider was at fault.
    pub provider_first_seconds: u64,
    /// Longest wait after the provider was at fault.
    pub provider_longest_seconds: u64,
    /// No wait is shorter.
    pub shortest_wait_ms: u64,
    /// After so many tries a message is dead.
    pub most_tries: u32,
    /// After so many faults in a row a provider is left alone.
    pub breaker_faults: u32,
    /// For this long.
    pub breaker_pause_seconds: u64,
}

/// `[notification.retention]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// How long a request id means the same message.
    pub request_hours: u64,
    /// How long a journey stays visible.
    pub history_days: u64,
    /// The pause between two sweeps.
    pub sweep_seconds: u64,
    /// Rows per statement of a sweep.
    pub sweep_batch: u32,
}

/// `[notification.deduplication]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deduplication {
    /// Of the lane of notices to one person; zero: not at all.
    pub transactional_seconds: u64,
    /// Of the lane of everything that goes to many.
    pub bulk_seconds: u64,
}

/// `[notification.watch]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watching {
    /// How often a stream looks for changes.
    pub poll_ms: u64,
    /// How often a stream without changes shows that it lives.
    pub heartbeat_ms: u64,
    /// Most streams at once.
    pub watchers: usize,
}

/// Settings that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// The store would pass over what its URL says.
    #[error(transparent)]
    StoreUrl(#[from] WrongParameter),
    /// A provider cannot be what the settings say.
    #[error("{0}")]
    Provider(String),
    /// Receipts could not be heard, or not be told from forged ones.
    #[error(transparent)]
    Receipts(#[from] WrongReceipts),
}

impl Settings {
    /// Refuses settings that contradict each other, before anything is sent by them.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn check(&self) -> Result<(), Contradiction> {
        check_store_url("notification.store.url", &self.store.url)?;
        providers::check(&self.providers).map_err(|wrong| Contradiction::Provider(wrong.to_string()))?;
        self.receipts.check(self.keys.receipt_mac_file.is_some())?;
        let wrong = |list: &str, error: &anyhow::Error| Contradiction::Provider(format!("{list}: {error:#}"));
        self.tenant_senders().map_err(|error| wrong("notification.senders", &error))?;
        self.endpoints().map_err(|error| wrong("notification.webhooks", &error))?;
        Ok(())
    }

    /// The senders of tenants.
    pub(crate) fn tenant_senders(&self) -> anyhow::Result<Senders> {
        Senders::of(&self.senders)
    }

    /// The endpoints of webhooks.
    pub(crate) fn endpoints(&self) -> anyhow::Result<Endpoints> {
        Endpoints::of(&self.webhooks, &self.webhook_requests, self.production)
    }

    /// The lanes' settings by lane.
    #[must_use]
    pub(crate) fn lanes(&self) -> PerLane<LaneSettings> {
        PerLane { critical: self.critical, transactional: self.transactional, bulk: self.bulk }
    }

    /// Whether a provider is the development inbox, which a production configuration refuses.
    #[must_use]
    pub fn uses_inbox(&self) -> bool {
        self.providers.iter().any(ProviderSettings::is_inbox)
    }

    /// Whether a provider carries this channel.
    #[must_use]
    pub fn carries(&self, channel: Channel) -> bool {
        let channel = destination::Channel::from(channel);
        self.providers.iter().any(|provider| provider.channels().contains(&channel))
    }

    /// The domains that mails are from, each once.
    #[must_use]
    pub fn sender_domains(&self) -> Vec<String> {
        let own = self.providers.iter().filter_map(ProviderSettings::sender_domain);
        let senders = self.tenant_senders().unwrap_or_default();
        let domains = own.chain(senders.domains().map(str::to_owned));
        std::collections::BTreeSet::from_iter(domains).into_iter().collect()
    }

    /// What DNS has to say of the keys that sign mails here.
    ///
    /// # Errors
    /// A key that does not read.
    pub fn dkim_records(&self) -> anyhow::Result<Vec<DkimRecord>> {
        let mut records = Vec::new();
        for provider in &self.providers {
            records.extend(provider.dkim_records()?);
        }
        Ok(records)
    }

    /// The public halves of the keys that sign events to webhooks.
    ///
    /// # Errors
    /// An endpoint that cannot be, or a secret that does not read.
    pub fn webhook_public_keys(&self) -> anyhow::Result<Vec<WebhookPublicKey>> {
        Ok(self.endpoints()?.public_keys()?)
    }

    /// The servers that providers speak TLS to, each with the name of its provider.
    #[must_use]
    pub fn tls_servers(&self) -> Vec<(String, TlsServer)> {
        let of = |provider: &ProviderSettings| Some((provider.name().to_owned(), provider.tls_server()?));
        self.providers.iter().filter_map(of).collect()
    }

    /// The files of secrets that providers name, each with its setting.
    pub fn secret_files_of_providers(&self) -> Vec<(String, PathBuf)> {
        let of = |provider: &ProviderSettings| {
            let name = provider.name().to_owned();
            let named = provider.secret_files().into_iter();
            named.map(move |(key, file)| (format!("notification.providers: `{name}` {key}"), file))
        };
        let endpoints = self.endpoints().ok();
        let of_webhooks = endpoints.iter().flat_map(Endpoints::secret_files);
        self.providers.iter().flat_map(of).chain(of_webhooks).collect()
    }
}

impl Deduplication {
    /// For how long notices of each lane are remembered. What is urgent is worth saying twice.
    pub(crate) fn of_lanes(&self) -> PerLane<Duration> {
        PerLane {
            critical: Duration::ZERO,
            transactional: Duration::from_secs(self.transactional_seconds),
            bulk: Duration::from_secs(self.bulk_seconds),
        }
    }
}

impl Delivery {
    /// When providers are left alone.
    pub(crate) fn breaker(&self) -> BreakerPolicy {
        BreakerPolicy {
            faults: self.breaker_faults,
            pause: Duration::from_secs(self.breaker_pause_seconds),
            longest_pause: Duration::from_secs(self.provider_longest_seconds),
        }
    }

    /// The retry policy.
    #[must_use]
    pub(crate) fn retries(&self) -> Retries {
        let waits = |first, longest| Waits {
            first: Duration::from_secs(first),
            longest: Duration::from_secs(longest),
        };
        Retries {
            transient: waits(self.transient_first_seconds, self.transient_longest_seconds),
            provider: waits(self.provider_first_seconds, self.provider_longest_seconds),
            shortest: Duration::from_millis(self.shortest_wait_ms),
            most_tries: self.most_tries,
        }
    }
}

#[cfg(test)]
pub(crate) fn for_tests() -> Settings {
    tests::load(tests::document())
}

#[cfg(test)]
mod tests;
