//! The order of steps: what happens, one after another, when somebody asks identity for something.
//!
//! A flow reads the clock once, asks `domain` for decisions, `store` for atomic steps and `peers` for what others do.
//! It knows neither gRPC nor SQL. All flows are methods of [`Identity`]; each takes a plain request and gives a plain
//! answer or an [`Error`], which is a published refusal or a failure.
//!
//! Flows: [`reset`], [`sign_in`], [`sessions`], [`passwords`], [`security_info`], [`tenants`], [`accounts`],
//! [`administration`], [`policy`], [`digests`], [`expiry_notices`], [`first`].
//! Means they share: [`keys`], [`tokens`] (what travels sealed), [`once`] (a repeat gets the first answer),
//! [`notices`], [`audit`], [`limits`], [`grid`] (answers leave on a time grid), [`administrator`] (who acts on others),
//! [`pages`], [`shown`].

pub(crate) mod accounts;
pub(crate) mod administration;
pub(crate) mod administrator;
pub(crate) mod audit;
pub(crate) mod context;
pub(crate) mod digests;
pub(crate) mod error;
pub(crate) mod expiry_notices;
pub(crate) mod first;
pub(crate) mod grid;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod notices;
pub(crate) mod once;
pub(crate) mod pages;
pub(crate) mod passwords;
pub(crate) mod policy;
pub(crate) mod reset;
pub(crate) mod security_info;
pub(crate) mod sessions;
pub(crate) mod shown;
pub(crate) mod sign_in;
pub(crate) mod tenants;
pub(crate) mod tokens;

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::entropy::SharedEntropy;
use rekey_throttle::Throttle;

use crate::config::Settings;
use crate::hashing::Hasher;
use crate::peers;
use crate::store::Store;

pub(crate) use audit::AuditBuffer;
pub(crate) use context::{Caller, Context, Person};
pub(crate) use error::{Error, Failed};
pub(crate) use keys::Keys;

/// Everything flows work with. `lib` puts it together, tests do with fakes for the neighbours.
pub(crate) struct Identity {
    /// What identity remembers.
    pub store: Store,
    /// Has codes sent and checked.
    pub verification: Arc<dyn peers::Verification>,
    /// Hashes passwords on threads of its own.
    pub hasher: Hasher,
    /// Throttles that fail closed: resets stop while they are away.
    pub throttle: Arc<dyn Throttle>,
    /// Throttles that go on with this process's share: sign-in does not stop.
    pub lenient_throttle: Arc<dyn Throttle>,
    /// The keys.
    pub keys: Keys,
    /// The time.
    pub clock: SharedClock,
    /// Chance.
    pub entropy: SharedEntropy,
    /// What the operator decided.
    pub settings: Settings,
    /// Starts and refusals on their way to the log.
    pub audit: AuditBuffer,
    /// What is left of the time of the call under way; `None` outside a call.
    pub remaining: fn() -> Option<Duration>,
}

impl Identity {
    /// The time; a flow asks once.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How long hashing may take: what is left of the call, as far as hashing's own patience goes.
    pub(crate) fn hashing_budget(&self) -> Duration {
        (self.remaining)().unwrap_or(Duration::from_millis(self.settings.hashing.patience_ms))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("keys", &self.keys).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests;
