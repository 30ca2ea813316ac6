//! The order of steps of each RPC. The clock is read once per operation; everything that must hold under races is
//! left to the store's steps.
//!
//! - [`start`], [`resend`]: look, reserve what crosses tenants, charge, hand over, acknowledge.
//! - [`check`], [`redeem`]: try a code, spend a grant.
//! - [`ending`]: cancel, show, release.
//! - `charging`, `keys`: what these share: reserving and handing over; digests, seals and signatures.

pub(crate) mod check;
pub(crate) mod ending;
pub(crate) mod redeem;
pub(crate) mod resend;
pub(crate) mod start;

mod charging;
mod keys;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rekey_primitives::clock::SharedClock;
use rekey_primitives::entropy::SharedEntropy;
use rekey_throttle::Reserving;

pub(crate) use self::keys::Keys;
use crate::domain::refusal::Refusal;
use crate::domain::rules::Rules;
use crate::peers::{self, Messenger};
use crate::store::{self, Store};

/// How often an operation looks again when what it looked at changed under it. Once is rare (a failover, a race
/// with a twin); more is somebody hammering one verification.
const LOOKS: u32 = 4;

/// Why an operation did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// We said no.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// The store broke.
    #[error("the store failed")]
    Store(#[from] store::Failure),
    /// The budgets that cross tenants broke.
    #[error("the throttle failed")]
    Throttle(#[from] rekey_throttle::Failure),
    /// Notification is away.
    #[error("the message was not accepted")]
    Messenger(#[from] peers::Failure),
    /// A sealed thing does not open: a key was taken away too early.
    #[error("what was sealed does not open")]
    NotOpened(#[from] rekey_sealing::NotOpened),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The operations, with everything they were handed.
pub(crate) struct Flows {
    /// Where codes and limits are kept.
    pub(crate) store: Arc<dyn Store>,
    /// Budgets that cross tenants.
    pub(crate) throttle: Arc<dyn Reserving>,
    /// Who sends messages.
    pub(crate) messenger: Arc<dyn Messenger>,
    /// What digests, seals and signs.
    pub(crate) keys: Keys,
    /// The rules.
    pub(crate) rules: Rules,
    /// The clock.
    pub(crate) clock: SharedClock,
    /// Chance.
    pub(crate) entropy: SharedEntropy,
}

impl std::fmt::Debug for Flows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flows").field("rules", &self.rules).finish_non_exhaustive()
    }
}
