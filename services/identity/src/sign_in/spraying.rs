//! One guess tried on all of a tenant's logins. What is counted are logins at places that they are not known at; people at
//! familiar places are never in the way of this, and it never in theirs.

use super::verify_password::Rejection;
use super::{Attempt, SignIns};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::operation::Error;
use crate::store::sign_ins::Admission;

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

    /// Counts a right password, whatever is asked beside it, and notes it where it may be the guess that fits.
    pub(super) async fn look_for_spraying(
        &self,
        attempt: &Attempt<'_>,
        admission: Admission,
        account: &Account,
    ) -> Result<(), Error> {
        if admission == Admission::AdmittedAtFamiliarPlace {
            return Ok(());
        }
        let operation = attempt.operation;
        if self.limits.is_sprayed(operation, &attempt.counted.login).await? {
            let event = self.audit.event_of(operation, EventKind::SprayingSuspected).on(account.id);
            self.audit.note(event.because("right_password"));
        }
        Ok(())
    }
}
