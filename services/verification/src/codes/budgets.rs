//! The budgets that cross tenants.
//!
//! They cannot be consumed in the step that writes a verification (in a cluster they live elsewhere), so they are
//! reserved before it and given back unless the step counted a message. Calls that race for the same message share
//! one reservation: however many there are, they need no more room than that message. A crash in between counts too
//! much, never too little.
//!
//! Every destination has budgets of its own, and so has where a code falls back to. One that has had its messages is withheld
//! silently and the others get theirs; when all have, the call is refused. Whom screening stops needs no budget.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::network::client_network;
use rekey_sealing::digest;
use rekey_throttle::{Budget, Outcome, Reserving};

use super::screening::Screening;
use super::{Codes, Error};
use crate::domain::abuse::{AbuseRule, Mode};
use crate::domain::budgets::{Limits, Window};
use crate::domain::names::CallerName;
use crate::domain::refusal::Refusal;
use crate::domain::route::{Route, Withheld};
use crate::domain::scope::ScopedId;
use crate::store::{Failure, SendOutcome};

/// How long it is known that a message has waited: shorter than the first wait of a ladder.
const WAITED_FOR: Duration = Duration::from_secs(20);

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
pub(super) struct Reservation<'a> {
    /// Whoever asks.
    requester: Vec<SharedBudget>,
    /// Each destination's own, by its place. Empty where destinations spend nothing.
    destinations: Vec<Vec<SharedBudget>>,
    /// Those that get nothing whatever their budgets say.
    withheld: Withheld,
    /// Who else gets nothing, or why nobody does: judged before anything is reserved.
    screening: Screening<'a>,
    /// A name for the message: who reserves for the same one shares the reservation.
    message: String,
}

struct SharedBudget {
    budget: Budget,
    /// Whose it is.
    rule: AbuseRule,
    /// Whether an exhausted one refuses.
    mode: Mode,
}

impl SharedBudget {
    fn of(key: &str, windows: &[Window], rule: AbuseRule, mode: Mode) -> Vec<Self> {
        let of = |window: &Window| {
            let budget =
                Budget { key: key.to_owned(), limit: u64::from(window.limit), window: window.length };
            Self { budget, rule, mode }
        };
        windows.iter().map(of).collect()
    }

    /// The refusal when it is exhausted, given the wait.
    fn refusal(&self, wait: Duration) -> Refusal {
        if self.rule == AbuseRule::Destination {
            Refusal::DestinationLimited(wait)
        } else {
            Refusal::NetworkLimited(wait)
        }
    }
}

impl Codes {
    /// The reservation for a message on this route. A decoy reserves nothing of its destination: strangers must not be
    /// able to use up somebody's mail by asking for accounts that do not exist. Neither does the living code sent again,
    /// which goes to those that had it before and to nobody else.
    pub(super) fn reservation<'a>(
        &self,
        counted: &CountedMessage<'_>,
        screening: Screening<'a>,
        requester: &Requester,
    ) -> Reservation<'a> {
        let (route, limits) = (screening.route, &screening.policy.rules.limits);
        let spend = !route.decoy && counted.repeats_code.is_none();
        let spending = route.addresses().filter(|_| spend);
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
                .map(|destination| self.destination_budgets(limits, counted.id, route, destination))
                .collect(),
            withheld: counted.repeats_code.unwrap_or_default(),
            screening,
            message,
        }
    }

    fn requester_budgets(&self, id: &ScopedId, requester: &Requester) -> Vec<SharedBudget> {
        let (limits, modes, scope) = (&self.rules.limits, self.rules.abuse.budgets, &id.scope);
        match requester.network {
            Some(address) => {
                let key = format!("network/{{{}}}", client_network(address));
                SharedBudget::of(&key, &limits.network, AbuseRule::Network, modes.network)
            }
            None => {
                let backend = requester.backend.as_ref().map_or("", CallerName::as_str);
                let (tenant, caller) = (scope.tenant.as_uuid(), scope.caller.as_str());
                let name = hashed(&[tenant.as_bytes(), caller.as_bytes(), backend.as_bytes()]);
                let key = format!("caller/{{{name}}}");
                SharedBudget::of(&key, &limits.caller, AbuseRule::Caller, modes.caller)
            }
        }
    }

    /// What an address may get in this tenant, and from all tenants together. Where the person is known to be, they have
    /// a share of their own in the tenant, which neither strangers nor other tenants can spend.
    fn destination_budgets(
        &self,
        limits: &Limits,
        id: &ScopedId,
        route: &Route,
        destination: &Destination,
    ) -> Vec<SharedBudget> {
        let mode = self.rules.abuse.budgets.destination;
        let address = self.keys.destination_name(&destination.canonical());
        let tenant = id.scope.tenant;
        let of =
            |key: String, windows: &[Window]| SharedBudget::of(&key, windows, AbuseRule::Destination, mode);
        if route.familiar {
            return of(format!("destination/familiar/{{{tenant}/{address}}}"), &limits.destination);
        }
        let mut budgets = of(format!("destination/tenant/{{{tenant}/{address}}}"), &limits.destination);
        budgets.extend(of(format!("destination/{{{address}}}"), &limits.destination_of_all_tenants));
        budgets
    }
}

impl Reservation<'_> {
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
        let ends = self.screening.ends();
        let outcome = self.reserved(throttle, now, step).await;
        if let Some(ends) = ends
            && !self.has_waited(throttle, &outcome, now).await
        {
            tokio::time::sleep_until(ends).await;
        }
        outcome
    }

    async fn reserved<F, A>(
        &self,
        throttle: &dyn Reserving,
        now: Timestamp,
        step: F,
    ) -> Result<SendOutcome, Error>
    where
        F: Fn(Option<Withheld>) -> A,
        A: Future<Output = Result<SendOutcome, Failure>>,
    {
        match self.reserve(throttle, now).await? {
            Ok(Reserved { budgets, withheld, shadow }) => {
                // A failure leaves the reservation consumed: whether the step was done is unknown.
                let mut outcome = step(Some(withheld)).await?;
                let counted = matches!(outcome, SendOutcome::Counted(_));
                if let SendOutcome::Counted(message) = &mut outcome {
                    message.findings.shadow.extend(shadow);
                }
                self.settle(throttle, &budgets, counted, now).await;
                Ok(outcome)
            }
            // Had a parallel call counted the message meanwhile, the step would see it.
            Err(refusal) => match step(None).await? {
                SendOutcome::NotReserved => Ok(SendOutcome::Refused(refusal)),
                outcome => Ok(outcome),
            },
        }
    }

    async fn settle(&self, throttle: &dyn Reserving, budgets: &[Budget], counted: bool, now: Timestamp) {
        if let Err(failure) = throttle.settle(budgets, &self.message, counted, now).await {
            tracing::warn!(error = %failure, "a reserved budget was not settled");
        }
    }

    /// Whether this message has waited already. A caller that must not show a refusal asks again for a decoy under the same id,
    /// and both together take as long as a message that went out.
    async fn has_waited(
        &self,
        throttle: &dyn Reserving,
        outcome: &Result<SendOutcome, Error>,
        now: Timestamp,
    ) -> bool {
        if !self.screening.route.decoy && !matches!(outcome, Ok(SendOutcome::Refused(_))) {
            return false;
        }
        let key = format!("waited/{{{}}}", self.message);
        let waited = throttle.consume(&[Budget { key, limit: 1, window: WAITED_FOR }], 1, now).await;
        waited.is_ok_and(|waited| matches!(waited, Outcome::Exhausted { .. }))
    }

    /// Reserves all budgets but those of destinations that have none left, and those that only record and have none left; a
    /// refusal where nobody would get a message.
    async fn reserve(
        &self,
        throttle: &dyn Reserving,
        now: Timestamp,
    ) -> Result<Result<Reserved, Refusal>, Error> {
        let mut withheld = match self.screening.run(self.withheld) {
            Ok(withheld) => withheld,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut shortest = Duration::MAX;
        let mut recorded: Vec<&SharedBudget> = Vec::new();
        loop {
            let shared = self.shared(withheld, &recorded);
            let budgets: Vec<Budget> = shared.iter().map(|(_, shared)| shared.budget.clone()).collect();
            let Outcome::Exhausted { index, retry_after } =
                throttle.reserve(&budgets, &self.message, now).await?
            else {
                let shadow = recorded.iter().map(|shared| shared.rule).collect();
                let reserved = Reserved { budgets, withheld, shadow };
                return Ok(self.without_changed_sims(throttle, reserved, now).await);
            };
            match shared.get(index).copied() {
                Some((_, of)) if of.mode == Mode::Shadow => recorded.push(of),
                Some((Some(place), of)) => {
                    withheld = withheld.with(place);
                    shortest = shortest.min(retry_after);
                    if (0..self.destinations.len()).all(|place| withheld.includes(place)) {
                        return Ok(Err(of.refusal(shortest)));
                    }
                }
                Some((None, of)) => return Ok(Err(of.refusal(retry_after))),
                None => return Ok(Err(Refusal::NetworkLimited(retry_after))),
            }
        }
    }

    /// The same without those whose SIMs were changed of late. Asked only here, since every look-up costs money, and whatever the
    /// step refuses afterwards stays counted as one; so does what is reserved for somebody who is withheld so.
    async fn without_changed_sims(
        &self,
        throttle: &dyn Reserving,
        reserved: Reserved,
        now: Timestamp,
    ) -> Result<Reserved, Refusal> {
        match self.screening.without_changed_sims(reserved.withheld).await {
            Ok(withheld) => Ok(Reserved { withheld, ..reserved }),
            Err(refusal) => {
                self.settle(throttle, &reserved.budgets, false, now).await;
                Err(refusal)
            }
        }
    }

    /// The budgets to reserve, with the places of the destinations whose they are.
    fn shared(&self, withheld: Withheld, recorded: &[&SharedBudget]) -> Vec<(Option<usize>, &SharedBudget)> {
        let of_requester = self.requester.iter().map(|shared| (None, shared));
        let of_destinations = self.destinations.iter().enumerate();
        let of_destinations = of_destinations.filter(|(place, _)| !withheld.includes(*place));
        let of_destinations = of_destinations
            .flat_map(|(place, budgets)| budgets.iter().map(move |shared| (Some(place), shared)));
        let is_left = |(_, shared): &(Option<usize>, &SharedBudget)| {
            !recorded.iter().any(|one| std::ptr::eq(*one, *shared))
        };
        of_requester.chain(of_destinations).filter(is_left).collect()
    }
}

/// Budgets that are reserved.
struct Reserved {
    budgets: Vec<Budget>,
    withheld: Withheld,
    /// Whose are exhausted and only record.
    shadow: Vec<AbuseRule>,
}

/// A name in the names of keys: long enough that no two meet, and it does not show what it stands for.
fn hashed(parts: &[&[u8]]) -> String {
    hex::encode(&digest(parts)[..16])
}
