//! One guess tried on all of a tenant's logins. What is counted are logins at places that they are not known at; people at
//! familiar places are never in the way of this, and it never in theirs.

use super::verify_password::Rejection;
use super::{Attempt, SignIns};
use crate::config::Spraying;
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::policy::Policy;
use crate::domain::second_factor;
use crate::domain::spraying::CodeAddresses;
use crate::operation::Error;
use crate::store::sign_ins::Admission;
use crate::tokens::ChallengeKind;

impl SignIns {
    /// Counts a guess that was wrong, be the login known or not.
    pub(super) async fn count_guess(
        &self,
        attempt: &Attempt<'_>,
        admission: Admission,
        why: Rejection,
    ) -> Result<(), Error> {
        let is_guess =
            matches!(why, Rejection::UnknownLogin | Rejection::WrongPassword | Rejection::NoPassword);
        if !is_guess || admission == Admission::AdmittedAtFamiliarPlace {
            return Ok(());
        }
        self.limits.watch_for_spraying(attempt.operation, &attempt.counted.login).await
    }

    /// Counts a right password, whatever is asked beside it, and notes it where it may be the guess that fits. What it meets
    /// then: a question for a code, or a rejection where there is no address to send one to; `None` if it goes on.
    pub(super) async fn demanded_amid_spraying(
        &self,
        attempt: &Attempt<'_>,
        admission: Admission,
        (account, policy): (&Account, &Policy),
    ) -> Result<Option<Result<ChallengeKind, Rejection>>, Error> {
        if admission == Admission::AdmittedAtFamiliarPlace {
            return Ok(None);
        }
        let operation = attempt.operation;
        if !self.limits.is_sprayed(operation, &attempt.counted.login).await? {
            return Ok(None);
        }
        let event = self.audit.event_of(operation, EventKind::SprayingSuspected).on(account.id);
        self.audit.note(event.because("right_password"));
        // Whoever has a second factor is asked for that: a guess is not enough there anyway.
        if self.limits.settings.spraying == Spraying::Shadow || second_factor::is_demanded(account) {
            return Ok(None);
        }
        Ok(Some(match CodeAddresses::of(account, policy, operation.now) {
            Some(_) => Ok(ChallengeKind::SentCode),
            None => Err(Rejection::NoAddressAmidSpraying),
        }))
    }
}
