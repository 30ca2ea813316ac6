//! Asking a gateway whether a SIM was changed of late, before a code goes by text.
//!
//! Nobody may see by the time of an answer whether a number was asked about: that of an account is, that of a decoy is
//! nobody's business and is not. So every new text message takes the same time (`takes`), whether there was a look-up, whether
//! it was answered, whether the answer was known already, and whether a limit came first. Answers are kept for as long as
//! codes live, so that a code that is sent again costs no second look-up; what was not known is asked for again. Look-ups have a budget
//! of their own in each tenant, since a message that is refused afterwards spends no other one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Destination, PhoneNumber};
use rekey_primitives::id::TenantId;
use rekey_throttle::{Budget, Outcome, Reserving};

use super::recent::Recent;
use crate::domain::budgets::Window;
use crate::domain::policies::Policy;
use crate::domain::route::{Route, Withheld};
use crate::domain::sim_change::{SimChangeRule, SimHistory};
use crate::metrics;
use crate::peers::SimHistories;

/// How look-ups are done and judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SimCheckOptions {
    pub(crate) rule: SimChangeRule,
    /// How long every new text message takes: what a look-up may take, and an eighth of it for the stores.
    pub(crate) takes: Duration,
    /// How long an answer is used.
    pub(crate) cached_for: Duration,
    /// How many answers are kept; beyond that numbers are asked about each time.
    pub(crate) cached: usize,
    /// The most look-ups of a tenant. Beyond them nothing is known.
    pub(crate) lookups: Window,
}

/// The check, with the answers of late. They are of people's numbers: `Debug` shows none.
#[derive(derive_more::Debug)]
#[debug("SimCheck")]
pub(crate) struct SimCheck {
    gateway: Arc<dyn SimHistories>,
    throttle: Arc<dyn Reserving>,
    options: SimCheckOptions,
    known: Mutex<Recent<PhoneNumber, SimHistory>>,
}

impl SimCheck {
    pub(crate) fn new(
        gateway: Arc<dyn SimHistories>,
        throttle: Arc<dyn Reserving>,
        options: SimCheckOptions,
    ) -> Self {
        let known = Mutex::new(Recent::new(options.cached, options.cached_for));
        Self { gateway, throttle, options, known }
    }

    /// How long every new text message takes.
    pub(super) fn takes(&self) -> Duration {
        self.options.takes
    }

    /// The destinations that get no code because of their SIMs, of those that would get one.
    pub(super) async fn held_back(
        &self,
        route: &Route,
        withheld: Withheld,
        policy: &Policy,
        now: Timestamp,
    ) -> Withheld {
        let numbers = route.without(withheld).filter_map(|(place, destination)| match destination {
            Destination::Phone(number) if !route.decoy && !policy.rules.is_test_destination(destination) => {
                Some((place, number))
            }
            Destination::Phone(_) | Destination::Email(_) => None,
        });
        let looked_up = numbers.map(|(place, number)| async move {
            let history = self.history(number, policy.tenant, now).await;
            self.options.rule.holds(history, now).then_some(place)
        });
        join_all(looked_up).await.into_iter().flatten().fold(Withheld::default(), Withheld::with)
    }

    async fn history(&self, number: &PhoneNumber, tenant: TenantId, now: Timestamp) -> SimHistory {
        if let Some(known) = self.known_of(number, now) {
            metrics::SIM_LOOKUPS.add(1, ["remembered"]);
            return known;
        }
        if !self.may_look_up(tenant, now).await {
            metrics::SIM_LOOKUPS.add(1, ["limited"]);
            return SimHistory::Unknown;
        }
        let asked = tokio::time::timeout(self.options.takes * 7 / 8, self.gateway.history(number)).await;
        let history = asked.unwrap_or_else(|_| {
            tracing::warn!("a SIM was not looked up: no answer in time");
            SimHistory::Unknown
        });
        metrics::SIM_LOOKUPS.add(1, [if history == SimHistory::Unknown { "unknown" } else { "answered" }]);
        self.remember(number, history, now);
        history
    }

    /// Counts one more look-up, unless the tenant has had as many as it may. It is not given back where the message is refused
    /// afterwards, since it cost money all the same.
    async fn may_look_up(&self, tenant: TenantId, now: Timestamp) -> bool {
        let Window { limit, length } = self.options.lookups;
        let key = format!("sim_lookups/{{{tenant}}}");
        let budget = Budget { key, limit: u64::from(limit), window: length };
        match self.throttle.consume(&[budget], 1, now).await {
            Ok(outcome) => outcome == Outcome::Consumed,
            Err(failure) => {
                tracing::warn!(error = %failure, "a SIM was not looked up: how many were is unknown");
                false
            }
        }
    }

    fn known_of(&self, number: &PhoneNumber, now: Timestamp) -> Option<SimHistory> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get_mut(number, now).copied()
    }

    fn remember(&self, number: &PhoneNumber, history: SimHistory, now: Timestamp) {
        if history != SimHistory::Unknown && !self.options.cached_for.is_zero() {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(number.clone(), history, now);
        }
    }
}
