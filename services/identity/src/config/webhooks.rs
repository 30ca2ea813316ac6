//! `[identity.webhooks]`: how events go to the receivers that tenants name.

use std::path::PathBuf;

use serde::Deserialize;

use super::Contradiction;
use crate::domain::webhook::address::{AddressGuard, Network};

/// `[identity.webhooks]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Internal networks that receivers may be in.
    pub allow_networks: Vec<String>,
    /// Authorities that receivers may be certified by, beside those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// How often webhooks with something to send are looked for.
    pub poll_ms: u64,
    /// Most webhooks that are worked on at once.
    pub side_by_side: usize,
    /// How long one is held without a sign of life.
    pub lease_seconds: u64,
    /// How long connecting may take.
    pub connect_timeout_ms: u64,
    /// How long a try may take.
    pub try_timeout_ms: u64,
    /// The longest first wait after a failure, doubling.
    pub retry_first_seconds: u64,
    /// The longest such wait.
    pub retry_longest_seconds: u64,
    /// After so many days in which every try failed a webhook is disabled.
    pub disable_after_days: u64,
}

impl Webhooks {
    /// Judges addresses; what [`Self::check`] let through reads.
    pub(crate) fn guard(&self) -> AddressGuard {
        AddressGuard { allowed: self.allow_networks.iter().filter_map(|text| text.parse().ok()).collect() }
    }

    /// Refuses settings that contradict each other.
    pub(super) fn check(&self) -> Result<(), Contradiction> {
        let is_none = |text: &&String| text.parse::<Network>().is_err();
        if let Some(text) = self.allow_networks.iter().find(is_none) {
            return Err(Contradiction::Network(text.clone()));
        }
        let lease_ms = self.lease_seconds.saturating_mul(1_000);
        if lease_ms < self.try_timeout_ms.saturating_mul(3) {
            return Err(Contradiction::WebhookLease);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::for_tests;

    #[test]
    fn a_network_that_is_none_and_a_lease_shorter_than_its_tries_are_refused() {
        let with = |change: fn(&mut Webhooks)| {
            let mut webhooks = for_tests().webhooks;
            change(&mut webhooks);
            webhooks.check()
        };

        assert_eq!(with(|webhooks| webhooks.allow_networks = vec!["10.0.0.0/8".to_owned()]), Ok(()));
        let wrong = with(|webhooks| webhooks.allow_networks = vec!["localhost".to_owned()]);
        assert_eq!(wrong, Err(Contradiction::Network("localhost".to_owned())));
        assert_eq!(with(|webhooks| webhooks.lease_seconds = 44), Err(Contradiction::WebhookLease));
    }
}
