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

pub mod accounts;
pub mod administration;
pub mod administrator;
pub mod audit;
pub mod context;
pub mod digests;
pub mod error;
pub mod expiry_notices;
pub mod first;
pub mod grid;
pub mod keys;
pub mod limits;
pub mod notices;
pub mod once;
pub mod pages;
pub mod passwords;
pub mod policy;
pub mod reset;
pub mod security_info;
pub mod sessions;
pub mod shown;
pub mod sign_in;
pub mod tenants;
pub mod tokens;

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::entropy::SharedEntropy;
use rekey_throttle::Throttle;

use crate::config::Settings;
use crate::hashing::Hasher;
use crate::peers;
use crate::store::SharedStore;

pub use audit::AuditBuffer;
pub use context::{Caller, Context, Person};
pub use error::{Error, Failed};
pub use keys::Keys;

/// Everything flows work with. `lib` puts it together, tests do with fakes for the neighbours.
pub struct Identity {
    /// What identity remembers.
    pub store: SharedStore,
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
