//! The use cases of this service: the order of steps of each RPC. The clock is read once per operation; everything that
//! must hold under races is left to the store's steps.
//!
//! - [`start`], [`resend`]: take a snapshot, reserve what crosses tenants, count a message, hand it over, acknowledge.
//! - [`check`], [`redeem`]: check a code, redeem a grant.
//! - [`cancel`], [`get`], [`release`]: one step each.
//! - `keys`, `encoding`: MACs, seals and signatures, and the bytes under them; `budgets`: the budgets that cross
//!   tenants; `delivery`: handing messages over.

pub(crate) mod cancel;
pub(crate) mod check;
pub(crate) mod get;
pub(crate) mod redeem;
pub(crate) mod release;
pub(crate) mod resend;
pub(crate) mod start;

mod budgets;
mod delivery;
mod encoding;
mod keys;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::RequestId;
use rekey_throttle::Reserving;

pub(crate) use self::budgets::Requester;
pub(crate) use self::delivery::SentCode;
use self::keys::CodeBinding;
pub(crate) use self::keys::CodeKeys;
use crate::domain::idempotency::Idempotency;
use crate::domain::mac::MacSet;
use crate::domain::refusal::Refusal;
use crate::domain::route::{Route, Withheld};
use crate::domain::rules::Rules;
use crate::peers::{self, Messenger};
use crate::store::{self, SealedCode, SendLimits, Store};

/// How often an operation takes a snapshot, the first included. A second is rare (a failover, a race with a parallel
/// call); more is somebody hammering one verification.
const MAX_ROUNDS: u32 = 4;

/// Why an operation did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("refused: {0:?}")]
    Refused(Refusal),
    #[error("the store failed")]
    Store(#[from] store::Failure),
    #[error("the throttle failed")]
    Throttle(#[from] rekey_throttle::Failure),
    #[error("the message was not accepted")]
    Messenger(#[from] peers::Failure),
    /// A key was removed too early.
    #[error("what was sealed does not open")]
    NotOpened(#[from] rekey_sealing::NotOpened),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The use cases, with the parts they use.
#[derive(derive_more::Debug)]
#[debug("Codes")]
pub(crate) struct Codes {
    pub(crate) store: Arc<dyn Store>,
    /// Budgets that cross tenants.
    pub(crate) throttle: Arc<dyn Reserving>,
    pub(crate) messenger: Arc<dyn Messenger>,
    pub(crate) keys: CodeKeys,
    pub(crate) rules: Rules,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: SharedEntropy,
}

impl Codes {
    fn idempotency(&self, request_id: RequestId, content: MacSet) -> Idempotency {
        Idempotency { request_id, content, answer_life: self.rules.answer_life }
    }

    /// A new code for messages on this route, sealed.
    fn draw_code(&self, binding: &CodeBinding<'_>, route: &Route) -> SealedCode {
        let entropy = &*self.entropy;
        let test_code = self.rules.test_code(&route.destinations).filter(|_| !route.decoy).cloned();
        let code = test_code.unwrap_or_else(|| self.rules.code_format.draw(entropy));
        if route.decoy {
            self.keys.seal_decoy_code(binding, &code, entropy)
        } else {
            self.keys.seal_code(binding, &code, entropy)
        }
    }

    /// What limits the message after `seen_sends` others. Nothing is reserved yet.
    fn send_limits(&self, seen_sends: u32, route: &Route, now: Timestamp) -> SendLimits {
        SendLimits {
            seen_sends,
            max_sends: self.rules.ladder.sends(),
            next_send_at: self.rules.ladder.next(seen_sends + 1, now),
            budgets: self.rules.limits.tenant_budgets(route, Withheld::default()),
            is_reserved: false,
            withheld: Withheld::default(),
            failures: self.rules.failures,
        }
    }

    /// The same with the budgets that cross tenants reserved, if they are: who is withheld costs the tenant nothing.
    fn with_reserved(&self, limits: &SendLimits, reserved: Option<Withheld>, route: &Route) -> SendLimits {
        match reserved {
            None => limits.clone(),
            Some(withheld) => SendLimits {
                budgets: self.rules.limits.tenant_budgets(route, withheld),
                is_reserved: true,
                withheld,
                ..limits.clone()
            },
        }
    }
}
