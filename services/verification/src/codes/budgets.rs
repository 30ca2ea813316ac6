//! The budgets that cross tenants.
//!
//! They cannot be consumed in the step that writes a verification (in a cluster they live elsewhere), so they are
//! reserved before it and given back unless the step counted a message. Calls that race for the same message share
//! one reservation: however many there are, they need no more room than that message. A crash in between counts too
//! much, never too little.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::network::client_network;
use rekey_sealing::digest;
use rekey_throttle::{Budget, Outcome, Reserving};

use super::{Codes, Error};
use crate::domain::budgets::Window;
use crate::domain::names::CallerName;
use crate::domain::refusal::Refusal;
use crate::domain::route::Route;
use crate::domain::scope::ScopedId;
use crate::store::{Failure, SendOutcome};

/// Whose budget a message is counted in when it is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Requester {
    /// Where the person is.
    pub(crate) network: Option<IpAddr>,
    /// The backend that asked our caller, where it says so: without a network its budget in the tenant is spent, so that
    /// nobody empties another's by leaving addresses out.
    pub(crate) backend: Option<CallerName>,
}

/// Which message is counted.
pub(super) struct CountedMessage<'a> {
    pub(super) id: &'a ScopedId,
    /// How many went before.
    pub(super) seen_sends: u32,
    /// Whether it carries the code that the one before carried and that is still good.
    pub(super) repeats_code: bool,
}

/// The budgets to be reserved for a message.
pub(super) struct Reservation {
    budgets: Vec<SharedBudget>,
    /// A name for the message: who reserves for the same one shares the reservation.
    message: String,
}

struct SharedBudget {
    budget: Budget,
    /// The refusal when it is exhausted, given the wait.
    refusal: fn(Duration) -> Refusal,
}

impl SharedBudget {
    fn of<'a>(
        key: &'a str,
        windows: &'a [Window],
        refusal: fn(Duration) -> Refusal,
    ) -> impl Iterator<Item = Self> + 'a {
        windows.iter().map(move |window| {
            let budget =
                Budget { key: key.to_owned(), limit: u64::from(window.limit), window: window.length };
            Self { budget, refusal }
        })
    }
}

impl Codes {
    /// The reservation for a message on this route. A decoy reserves nothing of its destination: strangers must not be
    /// able to use up somebody's mail by asking for accounts that do not exist. Neither does the living code sent again.
    pub(super) fn reservation(
        &self,
        counted: &CountedMessage<'_>,
        route: &Route,
        requester: &Requester,
    ) -> Reservation {
        let mut budgets = self.requester_budgets(counted.id, requester);
        if !route.decoy && !counted.repeats_code {
            budgets.extend(self.destination_budgets(counted.id, route));
        }
        let scope = &counted.id.scope;
        let message = hashed(&[
            scope.tenant.as_uuid().as_bytes(),
            scope.caller.as_str().as_bytes(),
            counted.id.verification.as_uuid().as_bytes(),
            &counted.seen_sends.to_be_bytes(),
        ]);
        Reservation { budgets, message }
    }

    fn requester_budgets(&self, id: &ScopedId, requester: &Requester) -> Vec<SharedBudget> {
        let (limits, scope) = (&self.rules.limits, &id.scope);
        let (key, windows) = match requester.network {
            Some(address) => (format!("network/{{{}}}", client_network(address)), &limits.network),
            None => {
                let backend = requester.backend.as_ref().map_or("", CallerName::as_str);
                let (tenant, caller) = (scope.tenant.as_uuid(), scope.caller.as_str());
                let name = hashed(&[tenant.as_bytes(), caller.as_bytes(), backend.as_bytes()]);
                (format!("caller/{{{name}}}"), &limits.caller)
            }
        };
        SharedBudget::of(&key, windows, Refusal::NetworkLimited).collect()
    }

    /// What an address may get in this tenant, and from all tenants together. Where the person is known to be, they have
    /// a share of their own in the tenant, which neither strangers nor other tenants can spend.
    fn destination_budgets(&self, id: &ScopedId, route: &Route) -> Vec<SharedBudget> {
        let limits = &self.rules.limits;
        let address = self.keys.destination_name(&route.destination.canonical());
        let tenant = id.scope.tenant;
        let of = |key: String, windows: &[Window]| {
            SharedBudget::of(&key, windows, Refusal::DestinationLimited).collect::<Vec<_>>()
        };
        if route.familiar {
            return of(format!("destination/familiar/{{{tenant}/{address}}}"), &limits.destination);
        }
        let mut budgets = of(format!("destination/tenant/{{{tenant}/{address}}}"), &limits.destination);
        budgets.extend(of(format!("destination/{{{address}}}"), &limits.destination_of_all_tenants));
        budgets
    }
}

impl Reservation {
    /// Runs a step that counts a message, with the budgets reserved; the step learns whether they are. `is_free` says
    /// that no budget seems to be needed; the step is the judge of that. An exhausted budget refuses only a call that
    /// really needs it: repeating a call never does.
    pub(super) async fn around<F, A>(
        &self,
        throttle: &dyn Reserving,
        is_free: bool,
        now: Timestamp,
        step: F,
    ) -> Result<SendOutcome, Error>
    where
        F: Fn(bool) -> A,
        A: Future<Output = Result<SendOutcome, Failure>>,
    {
        if is_free {
            match step(false).await? {
                SendOutcome::NotReserved => {}
                outcome => return Ok(outcome),
            }
        }
        let budgets: Vec<Budget> = self.budgets.iter().map(|shared| shared.budget.clone()).collect();
        match throttle.reserve(&budgets, &self.message, now).await? {
            Outcome::Consumed => {
                // A failure leaves the reservation consumed: whether the step was done is unknown.
                let outcome = step(true).await?;
                let counted = matches!(outcome, SendOutcome::Counted(_));
                let settled = throttle.settle(&budgets, &self.message, counted, now).await;
                if let Err(failure) = settled {
                    tracing::warn!(error = %failure, "a reserved budget was not settled");
                }
                Ok(outcome)
            }
            // Had a parallel call counted the message meanwhile, the step would see it.
            Outcome::Exhausted { index, retry_after } => match step(false).await? {
                SendOutcome::NotReserved => {
                    let exhausted = self.budgets.get(index);
                    let refusal = exhausted.map_or(Refusal::NetworkLimited as _, |shared| shared.refusal);
                    Ok(SendOutcome::Refused(refusal(retry_after)))
                }
                outcome => Ok(outcome),
            },
        }
    }
}

/// A name in the names of keys: long enough that no two meet, and it does not show what it stands for.
fn hashed(parts: &[&[u8]]) -> String {
    hex::encode(&digest(parts)[..16])
}
