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
use crate::domain::lane::PerLane;
use crate::providers::{self, BreakerPolicy, ProviderSettings, TlsServer};

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
    /// How long things are kept.
    pub retention: Retention,
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

/// Settings that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// The store would pass over what its URL says.
    #[error(transparent)]
    StoreUrl(#[from] WrongParameter),
    /// A provider cannot be what the settings say.
    #[error("{0}")]
    Provider(String),
}

impl Settings {
    /// Refuses settings that contradict each other, before anything is sent by them.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn check(&self) -> Result<(), Contradiction> {
        check_store_url("notification.store.url", &self.store.url)?;
        providers::check(&self.providers).map_err(|wrong| Contradiction::Provider(wrong.to_string()))
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
        self.providers.iter().any(|provider| provider.channels().contains(&channel))
    }

    /// The domains that mails are from, each once.
    #[must_use]
    pub fn sender_domains(&self) -> Vec<String> {
        let domains = self.providers.iter().filter_map(ProviderSettings::sender_domain);
        std::collections::BTreeSet::from_iter(domains).into_iter().collect()
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
        self.providers.iter().flat_map(of).collect()
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
mod tests {
    use rekey_runtime::settings::{Document, DocumentBuilder};

    use super::*;

    pub(super) fn document() -> DocumentBuilder {
        Document::builder().part("notification", 0, DEFAULTS).replaced(&REPLACED)
    }

    pub(super) fn load(document: DocumentBuilder) -> Settings {
        document.load().unwrap().part("notification").unwrap()
    }

    #[test]
    fn the_defaults_read_and_agree_with_each_other() {
        let settings = for_tests();

        assert_eq!(settings.check(), Ok(()));
        assert!(settings.providers.is_empty() && !settings.uses_inbox());
        assert_eq!(settings.critical.life_seconds, 600);
    }

    #[test]
    fn the_examples_of_providers_in_the_defaults_read() {
        let (_, examples) = DEFAULTS.split_once("# The kinds of providers.").unwrap();
        let example: String = examples
            .lines()
            .filter_map(|line| line.strip_prefix("#     "))
            .map(|line| format!("{line}\n"))
            .collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("[notification]\n{example}")).unwrap();

        let settings = load(document().file(file.path()));

        assert_eq!(settings.check(), Ok(()));
        assert_eq!(settings.providers.len(), 2);
        assert!(settings.carries(Channel::Email) && settings.carries(Channel::Sms));
    }

    #[test]
    fn the_environment_reaches_an_entry_of_the_list_by_its_place() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let relay = "[[notification.providers]]\nkind = 'smtp'\nhost = 'smtp.example.com'\nfrom = 'no-reply@example.com'\n\
             username = 'rekey'\n";
        std::fs::write(file.path(), relay).unwrap();
        let variables = [("0__PORT", "465"), ("0__PASSWORD_FILE", "env:SECRET"), ("1__KIND", "inbox")]
            .map(|(key, value)| (format!("REKEY__NOTIFICATION__PROVIDERS__{key}"), value.to_owned()));

        let settings = load(document().file(file.path()).environment(variables));

        assert_eq!(settings.check(), Ok(()));
        assert_eq!(
            settings.providers.iter().map(ProviderSettings::name).collect::<Vec<_>>(),
            ["smtp", "inbox"]
        );
    }

    #[test]
    fn the_settings_of_providers_of_earlier_versions_are_refused_by_the_name_of_the_new_one() {
        for key in ["EMAIL_PROVIDERS", "SMS_PROVIDERS", "SMTP__HOST", "SMTP_FALLBACK__HOST", "SMS__URL"] {
            let variable = (format!("REKEY__NOTIFICATION__{key}"), "x".to_owned());

            let refused = document().environment([variable]).load().unwrap_err().to_string();

            assert!(refused.contains("[[notification.providers]]"), "{refused}");
        }
    }

    #[test]
    fn the_stores_password_shows_nowhere() {
        let mut settings = for_tests();
        settings.store.url = "postgres://rekey:secret@db/rekey".to_owned();

        assert!(!format!("{settings:?}").contains("secret"));
    }

    #[test]
    fn zeros_that_stop_everything_are_refused() {
        for key in ["BULK__WORKERS", "CRITICAL__BATCH", "DELIVERY__LEASE_SECONDS", "RETENTION__REQUEST_HOURS"]
        {
            let variable = (format!("REKEY__NOTIFICATION__{key}"), "0".to_owned());

            let refused = document().environment([variable]).load().unwrap_err().to_string();

            assert!(
                refused.contains("is 0 in environment") && refused.contains("it must be 1 to"),
                "{refused}"
            );
        }
    }
}
