//! Verifying a password: one hash whatever the account, and what a right one leads to.

use strum::IntoStaticStr;

use super::{Attempt, SignIns};
use crate::credentials::PasswordVerdict;
use crate::domain::account::{Account, PasswordRecord, Sealed};
use crate::domain::audit::{Actor, EventKind};
use crate::domain::password::expiry::{PasswordState, password_state};
use crate::domain::policy::Policy;
use crate::domain::{reconfirmation, second_factor};
use crate::operation::Error;
use crate::store::sign_ins::Admission;
use crate::tokens::ChallengeKind;

/// What became of a password.
pub(super) enum VerifiedPassword<'a> {
    Rejected(Rejection),
    /// Right, and one more thing is asked.
    Challenged {
        account: &'a Account,
        kind: ChallengeKind,
    },
    Right(RightPassword<'a>),
}

/// A password that opens a session.
pub(super) struct RightPassword<'a> {
    pub(super) account: &'a Account,
    /// The hash that said so.
    pub(super) verified: Sealed,
    /// Its successor, where it is outdated.
    pub(super) rehashed: Option<Sealed>,
}

/// Why somebody is not signed in; for the log alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(super) enum Rejection {
    UnknownLogin,
    Locked,
    WrongPassword,
    NoPassword,
    #[strum(serialize = "account_blocked")]
    Blocked,
    #[strum(serialize = "account_frozen")]
    Frozen,
    #[strum(serialize = "temporary_password_over")]
    TemporaryOver,
    UnusableHash,
    /// The password is right, and there is nothing to ask for a code at.
    NoAddressAmidSpraying,
}

impl<'a> VerifiedPassword<'a> {
    /// The account whose password was right.
    pub(super) const fn right_of(&self) -> Option<&'a Account> {
        match self {
            Self::Rejected(_) => None,
            Self::Challenged { account, .. } | Self::Right(RightPassword { account, .. }) => Some(account),
        }
    }
}

impl SignIns {
    /// Verifies a password at the price of one hash, be the login known, unknown, locked or blocked.
    pub(super) async fn verify_password<'a>(
        &self,
        attempt: &Attempt<'_>,
        account: Option<&'a Account>,
        admission: Admission,
        policy: &Policy,
    ) -> Result<VerifiedPassword<'a>, Error> {
        let (password, now) = (&attempt.password, attempt.operation.now);
        let rejected = |why| Ok(VerifiedPassword::Rejected(why));
        let verdict = self.credentials.verify(account, password, &attempt.reservation).await?;
        let Some(account) = account else { return rejected(Rejection::UnknownLogin) };
        if matches!(admission, Admission::Locked { .. }) {
            return rejected(Rejection::Locked);
        }
        let (record, verdict) = match (&account.password, verdict) {
            (Some(record), Some(verdict)) => (record, verdict),
            (Some(_), None) => return rejected(Rejection::UnusableHash),
            (None, _) => return rejected(Rejection::NoPassword),
        };
        if let Some(rejection) = rejection(account, verdict) {
            return rejected(rejection);
        }
        let state = password_state(record, &policy.password, now);
        // Before anything else: a password alone must not lead to another one either.
        if state != PasswordState::TemporaryOver && second_factor::is_demanded(account) {
            self.renew_hash(attempt, account, record, verdict).await?;
            return Ok(VerifiedPassword::Challenged { account, kind: ChallengeKind::SecondFactor });
        }
        Ok(match state {
            PasswordState::TemporaryOver => VerifiedPassword::Rejected(Rejection::TemporaryOver),
            PasswordState::MustChange => {
                VerifiedPassword::Challenged { account, kind: ChallengeKind::PasswordChangeRequired }
            }
            PasswordState::Expired => {
                VerifiedPassword::Challenged { account, kind: ChallengeKind::PasswordExpired }
            }
            PasswordState::Fresh | PasswordState::ExpiresIn { .. }
                if reconfirmation::is_due(account, &policy.security_info, now) =>
            {
                self.renew_hash(attempt, account, record, verdict).await?;
                VerifiedPassword::Challenged { account, kind: ChallengeKind::ConfirmSecurityInfo }
            }
            PasswordState::Fresh | PasswordState::ExpiresIn { .. } => {
                let rehashed = self.credentials.renewed(account, &record.hash, password, verdict).await;
                VerifiedPassword::Right(RightPassword { account, verified: record.hash.clone(), rehashed })
            }
        })
    }
}

impl SignIns {
    /// Writes the successor of an outdated hash while the password is known: no later answer has it.
    async fn renew_hash(
        &self,
        attempt: &Attempt<'_>,
        account: &Account,
        record: &PasswordRecord,
        verdict: PasswordVerdict,
    ) -> Result<(), Error> {
        let renewed = self.credentials.renewed(account, &record.hash, &attempt.password, verdict).await;
        let Some(fresh) = renewed else { return Ok(()) };
        self.write_renewed_hash(attempt, account, &record.hash, &fresh).await
    }

    /// Writes the successor that a verified password has already, where no session will.
    pub(super) async fn keep_renewed_hash(
        &self,
        attempt: &Attempt<'_>,
        verified: &VerifiedPassword<'_>,
    ) -> Result<(), Error> {
        match verified {
            VerifiedPassword::Right(RightPassword { account, verified, rehashed: Some(fresh) }) => {
                self.write_renewed_hash(attempt, account, verified, fresh).await
            }
            _ => Ok(()),
        }
    }

    async fn write_renewed_hash(
        &self,
        attempt: &Attempt<'_>,
        account: &Account,
        read: &Sealed,
        fresh: &Sealed,
    ) -> Result<(), Error> {
        let scope = &attempt.operation.scope;
        if self.store.rehash_password(scope, account.id, read, fresh).await? {
            let event =
                self.audit.draft(account.tenant_id, EventKind::PasswordRehashed, attempt.operation.now);
            self.audit.note(event.on(account.id).by(Actor::Rekey));
        }
        Ok(())
    }
}

/// The wrong password is named before the state of the account: the log tells who had the right one.
fn rejection(account: &Account, verdict: PasswordVerdict) -> Option<Rejection> {
    [
        (!verdict.matches, Rejection::WrongPassword),
        (account.frozen, Rejection::Frozen),
        (!account.is_open(), Rejection::Blocked),
    ]
    .into_iter()
    .find(|(holds, _)| *holds)
    .map(|(_, rejection)| rejection)
}
