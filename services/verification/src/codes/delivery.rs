//! Handing a counted message over to notification.

use futures_util::future::join_all;

use super::{Codes, Error};
use crate::domain::names::Purpose;
use crate::domain::refusal::Refusal;
use crate::domain::route::minutes_left;
use crate::domain::scope::{RunId, ScopedId};
use crate::domain::verification::CodeTimes;
use crate::metrics;
use crate::peers::{CodeMessage, SendResult};
use crate::store::{PendingMessage, SendOutcome};

/// The answer to a start or a resend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SentCode {
    pub(crate) times: CodeTimes,
    /// Whether a message went out for this call.
    pub(crate) sent: bool,
}

/// Counts whom a message that is counted does not go to.
fn count_silent(message: &PendingMessage) {
    let withheld = message.withheld.bits().count_ones();
    if withheld > 0 {
        metrics::LIMITS.add(u64::from(withheld), ["destination", "silent"]);
    }
    if message.is_dropped {
        metrics::LIMITS.add(1, ["tenant", "silent"]);
    }
}

impl Codes {
    /// Does what the outcome of a step asks for. None means: take another snapshot.
    pub(super) async fn deliver(
        &self,
        outcome: SendOutcome,
        id: &ScopedId,
        purpose: &Purpose,
        run_id: &RunId,
    ) -> Result<Option<SentCode>, Error> {
        match outcome {
            SendOutcome::Counted(message) => {
                count_silent(&message);
                self.hand_over(&message, id, purpose, run_id).await?;
                Ok(Some(SentCode { times: message.times, sent: true }))
            }
            SendOutcome::Unacknowledged(message) => {
                self.hand_over(&message, id, purpose, run_id).await?;
                Ok(Some(SentCode { times: message.times, sent: true }))
            }
            SendOutcome::NothingToSend { times, sent } => Ok(Some(SentCode { times, sent })),
            SendOutcome::Refused(refusal) => Err(refusal.into()),
            SendOutcome::NotReserved | SendOutcome::Stale => Ok(None),
        }
    }

    /// Hands a message over to each destination that gets it, and notes that all were accepted. A repeat hands every one
    /// over again, under the ids they had.
    async fn hand_over(
        &self,
        message: &PendingMessage,
        id: &ScopedId,
        purpose: &Purpose,
        run_id: &RunId,
    ) -> Result<(), Error> {
        let route = self.keys.open_route(id, &message.sealed_route)?;
        if message.is_dropped {
            return Ok(());
        }
        let code = self.keys.open_code(id, &message.sealed_code)?;
        let expires_at = message.times.expires_at;
        let organisation = match route.organisation.as_str() {
            "" => &self.rules.organisation,
            given => given,
        };
        let addressed = route.destinations.without(message.withheld);
        let handed_over = addressed
            .filter(|(_, destination)| !self.rules.is_test_destination(destination))
            .map(|(place, destination)| CodeMessage {
                tenant: id.scope.tenant,
                id: self.keys.message_id(id, run_id, message, place),
                verification: id.verification,
                template: purpose.template().as_str(),
                destination: destination.clone(),
                locale: route.locale.clone(),
                organisation: organisation.to_owned(),
                transaction: route.transaction.clone(),
                code: code.clone(),
                minutes: minutes_left(message.sent_at, expires_at),
                not_after: expires_at,
                decoy: route.decoy,
            })
            .map(|message| async move {
                match self.messenger.send(&message).await? {
                    SendResult::Accepted => Ok(()),
                    SendResult::ChannelNotConfigured => Err(Error::from(Refusal::ChannelNotAllowed)),
                    SendResult::AlreadyExpired => Err(Refusal::VerificationOver.into()),
                }
            });
        // All are tried whatever comes of the first.
        join_all(handed_over).await.into_iter().collect::<Result<(), Error>>()?;
        Ok(self.store.acknowledge(id, message.number, run_id).await?)
    }
}
