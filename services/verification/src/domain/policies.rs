//! Policies: what holds in place of the settings for a purpose, for a tenant, or for a purpose in a tenant.
//!
//! A value is that of the most specific entry that says it: purpose and tenant, then tenant, then purpose, then settings. So a
//! tenant's entry about its budgets leaves the shorter life that a purpose demands. Every value is good by itself, so any
//! of them go together, and an operation that took its policy goes by it to its end.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::TenantId;

use super::budgets::{Limits, Window};
use super::code::{Alphabet, CodeLength};
use super::destination_list::{DestinationList, ListAction};
use super::ladder::Waits;
use super::names::Purpose;
use super::rules::{ResendPolicy, Rules};

/// What an entry is about; what it leaves out may be any.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct PolicyScope {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) purpose: Option<Purpose>,
}

impl PolicyScope {
    /// The scopes that a purpose in a tenant lies in, from everything to itself.
    pub(crate) fn around(tenant: TenantId, purpose: &Purpose) -> [Self; 4] {
        let purpose = Some(purpose.clone());
        [
            Self::default(),
            Self { tenant: None, purpose: purpose.clone() },
            Self { tenant: Some(tenant), purpose: None },
            Self { tenant: Some(tenant), purpose },
        ]
    }

    /// Whether it is about everything.
    pub(crate) fn is_everything(&self) -> bool {
        self.tenant.is_none() && self.purpose.is_none()
    }
}

/// A budget that a policy may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyBudget {
    /// Per address in a tenant. What it gets from all tenants together stays as it is: no tenant widens another's.
    Destination,
    Subject,
    Tenant,
    Texts,
}

/// What an entry says in place of the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    pub(crate) alphabet: Option<Alphabet>,
    pub(crate) code_length: Option<CodeLength>,
    pub(crate) code_life: Option<Duration>,
    pub(crate) attempts: Option<u32>,
    pub(crate) waits: Option<Waits>,
    pub(crate) sends: Option<NonZeroU32>,
    pub(crate) resend: Option<ResendPolicy>,
    pub(crate) channels: Option<BTreeSet<Channel>>,
    pub(crate) phone_countries: Option<Arc<BTreeSet<String>>>,
    pub(crate) organisation: Option<String>,
    /// Each in place of the window of its length.
    pub(crate) windows: Vec<(PolicyBudget, Window)>,
}

impl Overrides {
    fn apply(&self, rules: &mut Rules) {
        let Self { waits, sends, channels, phone_countries, organisation, windows, .. } = self;
        rules.code_format.alphabet = self.alphabet.unwrap_or(rules.code_format.alphabet);
        rules.code_format.length = self.code_length.unwrap_or(rules.code_format.length);
        rules.code_life = self.code_life.unwrap_or(rules.code_life);
        rules.attempts = self.attempts.unwrap_or(rules.attempts);
        rules.resend = self.resend.unwrap_or(rules.resend);
        if let Some(waits) = waits {
            rules.ladder = rules.ladder.clone().with_waits(waits.clone());
        }
        if let Some(sends) = sends {
            rules.ladder = rules.ladder.clone().with_sends(*sends);
        }
        if let Some(channels) = channels {
            rules.channels = Some(channels.clone());
        }
        if let Some(countries) = phone_countries {
            rules.phone_countries = Arc::clone(countries);
        }
        if let Some(organisation) = organisation {
            rules.organisation.clone_from(organisation);
        }
        for (budget, window) in windows {
            set_window(windows_of(&mut rules.limits, *budget), *window);
        }
    }
}

fn windows_of(limits: &mut Limits, budget: PolicyBudget) -> &mut [Window] {
    match budget {
        PolicyBudget::Destination => &mut limits.destination,
        PolicyBudget::Subject => &mut limits.subject,
        PolicyBudget::Tenant => &mut limits.tenant,
        PolicyBudget::Texts => &mut limits.texts,
    }
}

fn set_window(windows: &mut [Window], window: Window) {
    windows.iter_mut().filter(|one| one.length == window.length).for_each(|one| *one = window);
}

/// Every entry.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    overrides: HashMap<PolicyScope, Overrides>,
    destinations: DestinationList,
}

/// What an operation goes by, from its beginning to its end.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) rules: Arc<Rules>,
    policies: Arc<Policies>,
    pub(crate) tenant: TenantId,
    purpose: Purpose,
}

impl Policies {
    /// These entries. Of two about one thing the later one counts: whoever reads them refuses the second.
    pub(crate) fn new(
        overrides: impl IntoIterator<Item = (PolicyScope, Overrides)>,
        destinations: DestinationList,
    ) -> Self {
        Self { overrides: overrides.into_iter().collect(), destinations }
    }

    /// How many policies and listed destinations there are.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.overrides.len(), self.destinations.len())
    }

    /// What holds for a purpose in a tenant, beside these settings.
    pub(crate) fn of(self: &Arc<Self>, settings: &Arc<Rules>, tenant: TenantId, purpose: &Purpose) -> Policy {
        let rules = self.applied(settings, &PolicyScope::around(tenant, purpose));
        Policy { rules, policies: Arc::clone(self), tenant, purpose: purpose.clone() }
    }

    /// What holds in a tenant for every purpose that has no entry of its own there.
    pub(crate) fn of_tenant(&self, settings: &Arc<Rules>, tenant: TenantId) -> Arc<Rules> {
        let tenant = PolicyScope { tenant: Some(tenant), purpose: None };
        self.applied(settings, &[PolicyScope::default(), tenant])
    }

    /// These settings with the entries of these scopes, from the widest to the narrowest.
    fn applied(&self, settings: &Arc<Rules>, scopes: &[PolicyScope]) -> Arc<Rules> {
        let mut rules = Arc::clone(settings);
        for overrides in scopes.iter().filter_map(|scope| self.overrides.get(scope)) {
            overrides.apply(Arc::make_mut(&mut rules));
        }
        rules
    }
}

impl Policy {
    /// Whether the operators' list has it that an address gets no code.
    pub(crate) fn is_blocked(&self, destination: &Destination, now: Timestamp) -> bool {
        let action = self.policies.destinations.action(destination, self.tenant, &self.purpose, now);
        action == Some(ListAction::Block)
    }

    /// Whether the operators' list spares an address from the countries and from rules against abuse.
    pub(crate) fn is_allowed(&self, destination: &Destination, now: Timestamp) -> bool {
        self.policies.destinations.is_allowed(destination, self.tenant, &self.purpose, now)
    }

    /// Whether the channel and the country of an address are offered. One that is on the list to be allowed is spared from
    /// the countries.
    pub(crate) fn offers(&self, destination: &Destination, now: Timestamp) -> bool {
        self.rules.may_send_by(destination.channel())
            && (self.rules.may_send_to(destination) || self.is_allowed(destination, now))
    }
}

#[cfg(test)]
mod tests;
