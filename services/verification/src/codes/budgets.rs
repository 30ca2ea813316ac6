//! The budgets that cross tenants.
//!
//! They cannot be consumed in the step that writes a verification (in a cluster they live elsewhere), so they are
//! reserved before it and given back unless the step counted a message. Calls that race for the same message share
//! one reservation: however many there are, they need no more room than that message. A crash in between counts too
//! much, never too little.
//!
//! Every destination has budgets of its own. One that has had its messages is withheld silently and the others get
//! theirs; when all have, the call is refused.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::network::client_network;
use rekey_sealing::digest;
use rekey_throttle::{Budget, Outcome, Reserving};

use super::{Codes, Error};
use crate::domain::budgets::Window;
use crate::domain::names::CallerName;
use crate::domain::refusal::Refusal;
use crate::domain::route::{Route, Withheld};
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
    /// Where it carries the code that the one before carried and that is still good: who did not get that one.
    pub(super) repeats_code: Option<Withheld>,
}

/// The budgets to be reserved for a message.
pub(super) struct Reservation {
    /// Whoever asks.
    requester: Vec<SharedBudget>,
    /// Each destination's own, by its place. Empty where destinations spend nothing.
    destinations: Vec<Vec<SharedBudget>>,
    /// Those that get nothing whatever their budgets say.
    withheld: Withheld,
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
    /// able to use up somebody's mail by asking for accounts that do not exist. Neither does the living code sent again,
    /// which goes to those that had it before and to nobody else.
    pub(super) fn reservation(
        &self,
        counted: &CountedMessage<'_>,
        route: &Route,
        requester: &Requester,
    ) -> Reservation {
        let spend = !route.decoy && counted.repeats_code.is_none();
        let spending = route.destinations.iter().filter(|_| spend);
        let scope = &counted.id.scope;
        let message = hashed(&[
            scope.tenant.as_uuid().as_bytes(),
            scope.caller.as_str().as_bytes(),
            counted.id.verification.as_uuid().as_bytes(),
            &counted.seen_sends.to_be_bytes(),
        ]);
        Reservation {
            requester: self.requester_budgets(counted.id, requester),
            destinations: spending
                .map(|destination| self.destination_budgets(counted.id, route, destination))
                .collect(),
            withheld: counted.repeats_code.unwrap_or_default(),
            message,
        }
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
    fn destination_budgets(
        &self,
        id: &ScopedId,
        route: &Route,
        destination: &Destination,
    ) -> Vec<SharedBudget> {
        let limits = &self.rules.limits;
        let address = self.keys.destination_name(&destination.canonical());
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
    /// Runs a step that counts a message, with the budgets reserved; the step learns who is withheld, or that nothing is
    /// reserved. `is_free` says that no budget seems to be needed; the step is the judge of that. An exhausted budget
    /// refuses only a call that really needs it: repeating a call never does.
    pub(super) async fn around<F, A>(
        &self,
        throttle: &dyn Reserving,
        is_free: bool,
        now: Timestamp,
        step: F,
    ) -> Result<SendOutcome, Error>
    where
        F: Fn(Option<Withheld>) -> A,
        A: Future<Output = Result<SendOutcome, Failure>>,
    {
        if is_free {
            match step(None).await? {
                SendOutcome::NotReserved => {}
                outcome => return Ok(outcome),
            }
        }
        match self.reserve(throttle, now).await? {
            Ok(Reserved { budgets, withheld }) => {
                // A failure leaves the reservation consumed: whether the step was done is unknown.
                let outcome = step(Some(withheld)).await?;
                let counted = matches!(outcome, SendOutcome::Counted(_));
                let settled = throttle.settle(&budgets, &self.message, counted, now).await;
                if let Err(failure) = settled {
                    tracing::warn!(error = %failure, "a reserved budget was not settled");
                }
                Ok(outcome)
            }
            // Had a parallel call counted the message meanwhile, the step would see it.
            Err(refusal) => match step(None).await? {
                SendOutcome::NotReserved => Ok(SendOutcome::Refused(refusal)),
                outcome => Ok(outcome),
            },
        }
    }

    /// Reserves all budgets but those of destinations that have none left; a refusal where nobody would get a message.
    async fn reserve(
        &self,
        throttle: &dyn Reserving,
        now: Timestamp,
    ) -> Result<Result<Reserved, Refusal>, Error> {
        let (mut withheld, mut shortest) = (self.withheld, Duration::MAX);
        loop {
            let of_destinations = self.destinations.iter().enumerate();
            let of_destinations = of_destinations.filter(|(place, _)| !withheld.includes(*place));
            let of_destinations = of_destinations
                .flat_map(|(place, budgets)| budgets.iter().map(move |shared| (Some(place), shared)));
            let shared: Vec<(Option<usize>, &SharedBudget)> =
                self.requester.iter().map(|shared| (None, shared)).chain(of_destinations).collect();
            let budgets: Vec<Budget> = shared.iter().map(|(_, shared)| shared.budget.clone()).collect();
            let Outcome::Exhausted { index, retry_after } =
                throttle.reserve(&budgets, &self.message, now).await?
            else {
                return Ok(Ok(Reserved { budgets, withheld }));
            };
            let Some((Some(place), SharedBudget { refusal, .. })) = shared.get(index) else {
                let refusal = shared.get(index).map_or(Refusal::NetworkLimited as _, |(_, of)| of.refusal);
                return Ok(Err(refusal(retry_after)));
            };
            withheld = withheld.with(*place);
            shortest = shortest.min(retry_after);
            if (0..self.destinations.len()).all(|place| withheld.includes(place)) {
                return Ok(Err(refusal(shortest)));
            }
        }
    }
}

/// Budgets that are reserved.
struct Reserved {
    budgets: Vec<Budget>,
    withheld: Withheld,
}

/// A name in the names of keys: long enough that no two meet, and it does not show what it stands for.
fn hashed(parts: &[&[u8]]) -> String {
    hex::encode(&digest(parts)[..16])
}
