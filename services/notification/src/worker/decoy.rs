//! Decoys: accepted for people who are not there, and taken through as messages are, without sending anything.

use super::dispatch::{Dispatcher, Tried};
use crate::domain::delivery::Outcome;
use crate::domain::failover::Round;
use crate::domain::lane::Lane;
use crate::domain::state::FailureClass;
use crate::providers::Outlook;
use crate::store::Claim;

impl Dispatcher {
    /// Takes a decoy the way a message would go, by what is known of the providers, and sends nothing. What is shown of
    /// it later must not tell it from a message, so it ends as one would and when one would.
    pub(super) async fn walk_decoy<'a>(&'a self, lane: Lane, claim: &Claim) -> Tried<'a> {
        let now = self.clock.now();
        if let Some(over) = self.over_before(claim, now) {
            return over;
        }
        if let Some(outcome) = self.decoy_stopped(lane, claim).await {
            return Tried { outcome, provider: "" };
        }
        let (mut round, mut last) = (Round::default(), "");
        for provider in self.providers.of(claim.channel) {
            if let Err(until) = provider.token_outlook(lane, now) {
                round.no_token(until);
                if lane == Lane::Bulk {
                    break;
                }
                continue;
            }
            match provider.breakers.of(lane).outlook(now) {
                Outlook::LeftAlone { until } => round.left_alone(until),
                Outlook::Fault => {
                    provider.measure(provider.usually_takes(), Some(FailureClass::Provider));
                    last = &provider.name;
                    round.asked(FailureClass::Provider, None);
                }
                Outlook::Taken => {
                    tokio::time::sleep(provider.usually_takes()).await;
                    provider.measure(provider.usually_takes(), None);
                    return Tried { outcome: Outcome::Delivered, provider: &provider.name };
                }
            }
        }
        Tried { outcome: self.concluded(claim, round), provider: last }
    }
}
