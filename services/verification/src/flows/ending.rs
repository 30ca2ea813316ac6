//! Cancelling, showing, releasing: what needs one step and no message.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;

use super::{Error, Flows};
use crate::domain::names::{Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::scope::{Place, TenantScope};
use crate::domain::tag::Request;
use crate::domain::verification::{State, Verification};
use crate::store::{Cancelled, Released};

/// A verification as its caller may see it.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    /// The verification.
    pub(crate) verification: Verification,
    /// Where it stands.
    pub(crate) state: State,
    /// Tries left for the live code; none once it is over.
    pub(crate) tries_left: u32,
    /// Messages it may still send; none once it is over.
    pub(crate) sends_left: u32,
    /// When the next message may go; none after the last and once it is over.
    pub(crate) next_send_at: Option<Timestamp>,
}

impl Flows {
    /// Ends a verification; one that is over stays as it is.
    #[tracing::instrument(skip_all, fields(tenant = %place.scope.tenant, verification = %place.id))]
    pub(crate) async fn cancel(&self, place: &Place, request: RequestId) -> Result<State, Error> {
        let now = self.clock.now();
        let content = self.keys.content(&[b"cancel", place.id.as_uuid().as_bytes()]);
        let request = Request { id: request, content };
        match self.store.cancel(&request, place, self.rules.answer_life, now).await? {
            Cancelled::Now(state) => Ok(state),
            Cancelled::Refused(refusal) => Err(refusal.into()),
        }
    }

    /// Shows a verification.
    #[tracing::instrument(skip_all, fields(tenant = %place.scope.tenant, verification = %place.id))]
    pub(crate) async fn get(&self, place: &Place) -> Result<Shown, Error> {
        let now = self.clock.now();
        let sight = self.store.look(place).await?;
        let verification = sight.verification.ok_or(Refusal::VerificationNotFound)?;
        let state = match verification.state(now) {
            State::Pending if verification.is_void(&sight.generation) => State::Expired,
            state => state,
        };
        if state != State::Pending {
            return Ok(Shown { verification, state, tries_left: 0, sends_left: 0, next_send_at: None });
        }
        let sends_left = self.rules.ladder.sends().saturating_sub(verification.sends);
        let Verification { tries_left, next_send_at, .. } = verification;
        Ok(Shown { verification, state, tries_left, sends_left, next_send_at })
    }

    /// Forgets a subject's failures.
    #[tracing::instrument(skip_all, fields(tenant = %scope.tenant))]
    pub(crate) async fn release(
        &self,
        scope: &TenantScope,
        purpose: &Purpose,
        subject: &Subject,
        request: RequestId,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let content =
            self.keys.content(&[b"release", purpose.as_str().as_bytes(), subject.as_str().as_bytes()]);
        let request = Request { id: request, content };
        match self.store.release(&request, scope, purpose, subject, self.rules.answer_life, now).await? {
            Released::Done => Ok(()),
            Released::Refused(refusal) => Err(refusal.into()),
        }
    }
}
