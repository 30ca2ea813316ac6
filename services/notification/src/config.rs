//! The `[notification]` table. Values and their reasons stand in `default.toml`; here are their types and the checks
//! that need more than one of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rekey_runtime::server::ServerSettings;
use serde::Deserialize;

use crate::domain::delivery::{Retries, Waits};
use crate::domain::lane::{Lane, PerLane};

/// The commented defaults.
pub const DEFAULTS: &str = include_str!("default.toml");

/// What the operator decides about this part.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How the part listens.
    pub server: ServerSettings,
    /// Whether what only development may have is refused.
    pub production: bool,
    /// The providers of mail, in the order they are tried.
    pub email_providers: Vec<String>,
    /// The providers of text messages, in the order they are tried.
    pub sms_providers: Vec<String>,
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
    /// The first relay.
    pub smtp: Smtp,
    /// The relay to try next.
    pub smtp_fallback: Smtp,
    /// The first gateway for text messages.
    pub sms: Sms,
    /// The gateway to try next.
    pub sms_fallback: Sms,
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

/// How a relay's connections are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// STARTTLS, demanded.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None, to loopback addresses only.
    None,
}

/// `[notification.smtp]` and its sister.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// The relay; none: it does not exist.
    #[serde(default)]
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// How it is protected.
    pub tls: SmtpTls,
    /// An authority besides those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The login's name.
    #[serde(default)]
    pub username: Option<String>,
    /// The login's password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Who messages are from.
    #[serde(default)]
    pub from: Option<String>,
    /// The name beside it.
    pub from_name: String,
    /// Where answers go.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// The name in EHLO.
    #[serde(default)]
    pub hello: Option<String>,
    /// Idle connections kept.
    pub idle_connections: usize,
    /// How long an idle connection is kept.
    pub idle_seconds: u64,
}

/// `[notification.sms]` and its sister.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    /// Where the form is posted; none: the provider does not exist.
    #[serde(default)]
    pub url: Option<String>,
    /// What `{account}` in the URL stands for.
    #[serde(default)]
    pub account: Option<String>,
    /// The name of HTTP Basic authentication.
    #[serde(default)]
    pub username: Option<String>,
    /// Its password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// A bearer token instead.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// The sender.
    #[serde(default)]
    pub from: Option<String>,
    /// The form's field of the receiver.
    pub to_field: String,
    /// The form's field of the sender.
    pub from_field: String,
    /// The form's field of the text.
    pub text_field: String,
    /// The form's field of the validity; empty: none.
    pub validity_field: String,
    /// The most the validity may say.
    pub validity_longest_seconds: u64,
    /// Fields sent with every message.
    pub fields: BTreeMap<String, String>,
}

/// Settings that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// A lane would never send anything.
    #[error("notification.{0}: workers and batch must be at least 1")]
    LaneWithoutWorkers(&'static str),
    /// Nothing would be retried or swept.
    #[error("notification.{0} must be at least 1")]
    Zero(&'static str),
}

impl Settings {
    /// Refuses settings that contradict each other, before anything is sent by them.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn check(&self) -> Result<(), Contradiction> {
        for lane in Lane::ALL {
            let settings = self.lanes().of(lane).to_owned();
            if settings.workers == 0 || settings.batch == 0 {
                return Err(Contradiction::LaneWithoutWorkers(lane.as_str()));
            }
        }
        for (name, value) in [
            ("delivery.lease_seconds", self.delivery.lease_seconds),
            ("store.statement_timeout_ms", self.store.statement_timeout_ms),
            ("delivery.send_timeout_seconds", self.delivery.send_timeout_seconds),
            ("delivery.poll_ms", self.delivery.poll_ms),
            ("delivery.most_tries", self.delivery.most_tries.into()),
            ("retention.sweep_batch", self.retention.sweep_batch.into()),
            ("retention.request_hours", self.retention.request_hours),
        ] {
            if value == 0 {
                return Err(Contradiction::Zero(name));
            }
        }
        Ok(())
    }

    /// The lanes' settings by lane.
    #[must_use]
    pub fn lanes(&self) -> PerLane<LaneSettings> {
        PerLane { critical: self.critical, transactional: self.transactional, bulk: self.bulk }
    }

    /// Whether a channel goes to the development inbox, which a production configuration refuses.
    #[must_use]
    pub fn uses_inbox(&self) -> bool {
        self.email_providers.iter().chain(&self.sms_providers).any(|name| name == "inbox")
    }
}

impl Delivery {
    /// The retry policy.
    #[must_use]
    pub fn retries(&self) -> Retries {
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
    let document =
        rekey_runtime::settings::Document::builder().part("notification", 0, DEFAULTS).load().unwrap();
    document.part("notification").unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_read_and_agree_with_each_other() {
        let settings = for_tests();

        assert_eq!(settings.check(), Ok(()));
        assert!(settings.email_providers.is_empty() && !settings.uses_inbox());
        assert_eq!(settings.critical.life_seconds, 600);
    }

    #[test]
    fn a_lease_that_ends_at_once_is_refused() {
        let mut settings = for_tests();
        settings.delivery.lease_seconds = 0;

        assert_eq!(settings.check(), Err(Contradiction::Zero("delivery.lease_seconds")));
    }

    #[test]
    fn the_stores_password_shows_nowhere() {
        let mut settings = for_tests();
        settings.store.url = "postgres://rekey:secret@db/rekey".to_owned();

        assert!(!format!("{settings:?}").contains("secret"));
    }

    #[test]
    fn a_lane_without_workers_is_refused() {
        let mut settings = for_tests();
        settings.bulk.workers = 0;

        assert_eq!(settings.check(), Err(Contradiction::LaneWithoutWorkers("bulk")));
    }
}
