//! Handing a counted message over to notification.

use super::{Codes, Error};
use crate::domain::names::Purpose;
use crate::domain::refusal::Refusal;
use crate::domain::route::minutes_left;
use crate::domain::scope::{RunId, ScopedId};
use crate::domain::verification::CodeTimes;
use crate::peers::{CodeMessage, SendResult};
use crate::store::{PendingMessage, SendOutcome};

/// The answer to a start or a resend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SentCode {
    pub(crate) times: CodeTimes,
    /// Whether a message went out for this call.
    pub(crate) sent: bool,
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
            SendOutcome::Counted(message) | SendOutcome::Unacknowledged(message) => {
                self.hand_over(&message, id, purpose, run_id).await?;
                Ok(Some(SentCode { times: message.times, sent: true }))
            }
            SendOutcome::NothingToSend { times, sent } => Ok(Some(SentCode { times, sent })),
            SendOutcome::Refused(refusal) => Err(refusal.into()),
            SendOutcome::NotReserved | SendOutcome::Stale => Ok(None),
        }
    }

    /// Hands a message over, and notes that it was accepted.
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
        if self.rules.test_code(&route.destination).is_none() {
            let expires_at = message.times.expires_at;
            let organisation = match route.organisation.as_str() {
                "" => self.rules.organisation.clone(),
                given => given.to_owned(),
            };
            let message = CodeMessage {
                tenant: id.scope.tenant,
                id: self.keys.message_id(id, run_id, message.number, message.sent_at),
                verification: id.verification,
                template: purpose.template(),
                destination: route.destination,
                locale: route.locale,
                organisation,
                code: self.keys.open_code(id, &message.sealed_code)?,
                minutes: minutes_left(message.sent_at, expires_at),
                not_after: expires_at,
                decoy: route.decoy,
            };
            match self.messenger.send(&message).await? {
                SendResult::Accepted => {}
                SendResult::ChannelNotConfigured => return Err(Refusal::ChannelNotAllowed.into()),
                SendResult::AlreadyExpired => return Err(Refusal::VerificationOver.into()),
            }
        }
        Ok(self.store.acknowledge(id, message.number, run_id).await?)
    }
}
