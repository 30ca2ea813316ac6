//! What starts and resends share: reserving the budgets that cross tenants, and handing a message over.
//!
//! A budget across tenants cannot be spent in the step that writes a verification (in a cluster it lives
//! elsewhere), so it is reserved before and given back unless the step charged a message. Calls that race for the same
//! message share one reservation: however many there are, they need no more room than that message. A crash between
//! counts too much, never too little.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::network::client_network;
use rekey_sealing::digest;
use rekey_throttle::{Budget, Outcome};

use super::{Error, Flows};
use crate::domain::limits::Window;
use crate::domain::names::Purpose;
use crate::domain::refusal::Refusal;
use crate::domain::route::{Route, minutes_left};
use crate::domain::scope::{Generation, Place};
use crate::peers::{CodeMessage, HandOver};
use crate::store::{Dispatch, Failure, Sending};

/// Budgets across tenants, each with what running dry is called, and the message they are reserved for.
pub(super) struct Reserve {
    budgets: Vec<(Budget, Dry)>,
    message: String,
}

/// What a dry budget is called, given the wait.
type Dry = fn(Duration) -> Refusal;

impl Flows {
    /// What the next message of a verification over this route, asked for from there, reserves. A decoy reserves
    /// nothing of its destination: strangers must not be able to use up somebody's mail by asking for accounts that do
    /// not exist.
    pub(super) fn reserve(
        &self,
        place: &Place,
        seen_sends: u32,
        network: Option<IpAddr>,
        route: &Route,
    ) -> Reserve {
        let limits = &self.rules.limits;
        let caller = &place.scope.caller;
        let mut budgets = Vec::new();
        let mut add = |key: String, windows: &[Window], refusal: Dry| {
            budgets.extend(windows.iter().map(|window| {
                let limit = u64::from(window.limit);
                (Budget { key: key.clone(), limit, window: window.length }, refusal)
            }));
        };
        match network {
            Some(address) => {
                add(
                    format!("network/{{{}}}", client_network(address)),
                    &limits.network,
                    Refusal::NetworkLimited,
                );
            }
            None => {
                let name = short(&[caller.as_str().as_bytes()]);
                add(format!("caller/{{{name}}}"), &limits.caller, Refusal::NetworkLimited);
            }
        }
        if !route.decoy {
            let name = self.keys.destination_name(route.destination.as_str());
            add(format!("destination/{{{name}}}"), &limits.destination, Refusal::DestinationLimited);
        }
        let message = short(&[
            place.scope.tenant.as_uuid().as_bytes(),
            caller.as_str().as_bytes(),
            place.id.as_uuid().as_bytes(),
            &seen_sends.to_be_bytes(),
        ]);
        Reserve { budgets, message }
    }

    /// Runs a charging step with its budgets reserved. `is_free` says that none seems to be needed; the step is the
    /// judge of that. A dry budget refuses only what really needs it: repeating a request never does.
    pub(super) async fn with_reserve<F, A>(
        &self,
        reserve: &Reserve,
        is_free: bool,
        now: Timestamp,
        step: F,
    ) -> Result<Dispatch, Error>
    where
        F: Fn(bool) -> A,
        A: Future<Output = Result<Dispatch, Failure>>,
    {
        if is_free {
            match step(false).await? {
                Dispatch::Unfunded => {}
                done => return Ok(done),
            }
        }
        let budgets: Vec<Budget> = reserve.budgets.iter().map(|(budget, _)| budget.clone()).collect();
        match self.throttle.reserve(&budgets, &reserve.message, now).await? {
            Outcome::Spent => {
                // A failure leaves the reservation spent: whether the step was done is unknown.
                let done = step(true).await?;
                let charged = matches!(done, Dispatch::Charged(_));
                let settled = self.throttle.settle(&budgets, &reserve.message, charged, now).await;
                if let Err(failure) = settled {
                    tracing::warn!(error = %failure, "a reserved budget was not settled");
                }
                Ok(done)
            }
            // Had a twin charged the message meanwhile, the step would see it.
            Outcome::Exhausted { index, retry_after } => match step(false).await? {
                Dispatch::Unfunded => {
                    let dry = reserve.budgets.get(index);
                    let refusal = dry.map_or(Refusal::NetworkLimited as Dry, |(_, dry)| *dry);
                    Ok(Dispatch::Refused(refusal(retry_after)))
                }
                done => Ok(done),
            },
        }
    }

    /// Hands a charged message over and notes that it was accepted.
    pub(super) async fn hand_over(
        &self,
        place: &Place,
        purpose: &Purpose,
        generation: &Generation,
        sending: &Sending,
    ) -> Result<(), Error> {
        let route = self.keys.open_route(place, &sending.sealed_route)?;
        if sending.is_quiet {
            return Ok(());
        }
        if self.rules.test_code(&route.destination).is_none() {
            let expires_at = sending.times.expires_at;
            let organisation = match route.organisation.as_str() {
                "" => self.rules.organisation.clone(),
                given => given.to_owned(),
            };
            let message = CodeMessage {
                tenant: place.scope.tenant,
                id: self.keys.message_id(place, generation, sending.number, sending.sent_at),
                verification: place.id,
                template: purpose.template(),
                destination: route.destination,
                locale: route.locale,
                organisation,
                code: self.keys.open_code(place, &sending.sealed_code)?,
                minutes: minutes_left(sending.sent_at, expires_at),
                not_after: expires_at,
                decoy: route.decoy,
            };
            match self.messenger.hand_over(&message).await? {
                HandOver::Accepted => {}
                HandOver::NotCarried => return Err(Refusal::ChannelNotAllowed.into()),
                HandOver::TooLate => return Err(Refusal::VerificationOver.into()),
            }
        }
        Ok(self.store.acknowledge(place, sending.number, generation).await?)
    }
}

/// A name for what is kept in names of keys: long enough that no two meet, and it tells nobody what it stands for.
fn short(parts: &[&[u8]]) -> String {
    uuid::Uuid::from_slice(&digest(parts)[..16]).unwrap_or_default().simple().to_string()
}
