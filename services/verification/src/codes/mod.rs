//! The use cases of this service: the order of steps of each RPC. The clock is read once per operation; everything that
//! must hold under races is left to the store's steps.
//!
//! - [`start`], [`resend`]: take a snapshot, reserve what crosses tenants, count a message, hand it over, acknowledge.
//! - [`check`], [`redeem`]: check a code, redeem a grant.
//! - [`cancel`], [`get`], [`release`]: one step each.
//! - `keys`, `encoding`: MACs, seals and signatures, and the bytes under them; `budgets`: the budgets that cross
//!   tenants; `delivery`: handing messages over; `abuse`, `abuse_log`: what the rules against abuse judge, and what is said of it;
//!   `events`: what steps record for whoever listens; `recent`: what a process remembers for a while.
//! - [`conversion`]: how texts convert.
//! - [`policies`]: what operations go by; `screening`, [`sim_check`]: who gets a new message at all.

pub(crate) mod cancel;
pub(crate) mod check;
pub(crate) mod conversion;
pub(crate) mod get;
pub(crate) mod policies;
pub(crate) mod redeem;
pub(crate) mod release;
pub(crate) mod resend;
pub(crate) mod sim_check;
pub(crate) mod start;

mod abuse;
mod abuse_log;
mod budgets;
mod delivery;
mod encoding;
mod events;
mod keys;
mod recent;
mod screening;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::RequestId;
use rekey_throttle::Reserving;

pub(crate) use self::abuse_log::AbuseLog;
pub(crate) use self::budgets::Requester;
pub(crate) use self::delivery::SentCode;
use self::keys::CodeBinding;
pub(crate) use self::keys::CodeKeys;
use self::policies::CurrentPolicies;
use self::sim_check::SimCheck;
use crate::domain::abuse::JudgedStart;
use crate::domain::idempotency::Idempotency;
use crate::domain::mac::MacSet;
use crate::domain::policies::Policy;
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
    /// A limit beyond the verification stopped a start or a resend.
    #[error("stopped: {refusal:?}")]
    Stopped { refusal: Refusal, timing: CodeTiming },
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

/// By which clocks a code would have gone out that was stopped: the caller may have to answer as if it had, and must not
/// guess them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeTiming {
    pub(crate) code_life: Duration,
    /// The waits after each message but the last.
    pub(crate) waits: Vec<Duration>,
}

impl Error {
    /// The refusal, if it is one.
    pub(crate) const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused(refusal) | Self::Stopped { refusal, .. } => Some(*refusal),
            Self::Store(_) | Self::Throttle(_) | Self::Messenger(_) | Self::NotOpened(_) => None,
        }
    }

    /// A start or a resend by these rules ended so.
    fn of_send(self, rules: &Rules) -> Self {
        match self {
            Self::Refused(refusal) if refusal.is_outside_the_verification() => Self::Stopped {
                refusal,
                timing: CodeTiming { code_life: rules.code_life, waits: rules.ladder.waits() },
            },
            other => other,
        }
    }
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
    /// What the settings say: all that no policy may change is read here.
    pub(crate) rules: Arc<Rules>,
    pub(crate) policies: CurrentPolicies,
    /// Whether SIMs are looked up before a code goes by text.
    pub(crate) sim_check: Option<SimCheck>,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: SharedEntropy,
    /// What was said of abuse.
    pub(crate) abuse_log: AbuseLog,
}

impl Codes {
    fn idempotency(&self, request_id: RequestId, content: MacSet) -> Idempotency {
        Idempotency { request_id, content, answer_life: self.rules.answer_life }
    }

    /// A new code for messages on this route, sealed.
    fn draw_code(&self, rules: &Rules, binding: &CodeBinding<'_>, route: &Route) -> SealedCode {
        let entropy = &*self.entropy;
        let test_code = rules.test_code(route).filter(|_| !route.decoy).cloned();
        let code = test_code.unwrap_or_else(|| rules.code_format.draw(entropy));
        if route.decoy {
            self.keys.seal_decoy_code(binding, &code, entropy)
        } else {
            self.keys.seal_code(binding, &code, entropy)
        }
    }

    /// What limits the message after `seen_sends` others, of a start or of another call. Nothing is reserved yet.
    fn send_limits(
        &self,
        policy: &Policy,
        seen_sends: u32,
        route: &Route,
        start: Option<JudgedStart>,
        now: Timestamp,
    ) -> SendLimits {
        let rules = &policy.rules;
        SendLimits {
            seen_sends,
            max_sends: rules.ladder.sends(),
            next_send_at: rules.ladder.next(seen_sends + 1, now),
            budgets: rules.limits.tenant_budgets(route, Withheld::default()),
            is_reserved: false,
            withheld: Withheld::default(),
            failures: self.rules.failures,
            modes: self.rules.abuse.budgets,
            judged: self.judged_send(policy, route, start, now),
        }
    }

    /// The same with the budgets that cross tenants reserved, if they are: who is withheld costs the tenant nothing.
    fn with_reserved(
        &self,
        policy: &Policy,
        limits: &SendLimits,
        reserved: Option<Withheld>,
        route: &Route,
    ) -> SendLimits {
        match reserved {
            None => limits.clone(),
            // What was found out of the destinations still holds.
            Some(withheld) if withheld == Withheld::default() => {
                SendLimits { is_reserved: true, ..limits.clone() }
            }
            Some(withheld) => SendLimits {
                budgets: policy.rules.limits.tenant_budgets(route, withheld),
                is_reserved: true,
                withheld,
                judged: limits.judged.as_ref().map(|judged| judged.without(withheld)),
                ..limits.clone()
            },
        }
    }
}
