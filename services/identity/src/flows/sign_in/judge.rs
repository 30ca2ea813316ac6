//! Judging a password: one hash whatever the account, and what a right one leads to.

use rekey_primitives::clock::Timestamp;

use crate::domain::account::{Account, PasswordRecord, Sealed};
use crate::domain::password::Password;
use crate::domain::password::expiry::{PasswordState, password_state};
use crate::domain::policy::Policy;
use crate::domain::reconfirmation;
use crate::flows::tokens::ChallengeKind;
use crate::flows::{Error, Identity};
use crate::hashing::{NotHashed, Verdict};
use crate::store::sign_ins::Admission;

/// What became of a password.
pub(super) enum Judged<'a> {
    /// Not signed in.
    Rejected(Rejection),
    /// Right, and one more thing is asked.
    Challenged { account: &'a Account, kind: ChallengeKind },
    /// Right. `verified` is the hash that said so, `rehashed` its successor where it is outdated.
    Right { account: &'a Account, verified: Sealed, rehashed: Option<Sealed> },
}

/// Why somebody is not signed in; for the log alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rejection {
    UnknownLogin,
    Locked,
    WrongPassword,
    NoPassword,
    Blocked,
    Frozen,
    TemporaryOver,
    UnusableHash,
}

impl Rejection {
    /// The name in audit events.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownLogin => "unknown_login",
            Self::Locked => "locked",
            Self::WrongPassword => "wrong_password",
            Self::NoPassword => "no_password",
            Self::Blocked => "account_blocked",
            Self::Frozen => "account_frozen",
            Self::TemporaryOver => "temporary_password_over",
            Self::UnusableHash => "unusable_hash",
        }
    }
}

impl Identity {
    /// Judges a password at the price of one hash, be the login known, unknown, locked or blocked.
    pub(super) async fn judge_password<'a>(
        &self,
        account: Option<&'a Account>,
        password: &Password,
        admission: Admission,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Judged<'a>, Error> {
        let verdict = self.one_hash(account, password).await?;
        let Some(account) = account else { return Ok(Judged::Rejected(Rejection::UnknownLogin)) };
        if matches!(admission, Admission::Locked { .. }) {
            return Ok(Judged::Rejected(Rejection::Locked));
        }
        let (record, verdict) = match (&account.password, verdict) {
            (Some(record), Some(verdict)) => (record, verdict),
            (Some(_), None) => return Ok(Judged::Rejected(Rejection::UnusableHash)),
            (None, _) => return Ok(Judged::Rejected(Rejection::NoPassword)),
        };
        if let Some(rejection) = rejected(account, verdict) {
            return Ok(Judged::Rejected(rejection));
        }
        Ok(match password_state(record, &policy.password, now) {
            PasswordState::TemporaryOver => Judged::Rejected(Rejection::TemporaryOver),
            PasswordState::MustChange => {
                Judged::Challenged { account, kind: ChallengeKind::PasswordChangeRequired }
            }
            PasswordState::Expired => Judged::Challenged { account, kind: ChallengeKind::PasswordExpired },
            PasswordState::Fresh | PasswordState::ExpiresIn { .. }
                if reconfirmation::is_due(account, &policy.security_info, now) =>
            {
                Judged::Challenged { account, kind: ChallengeKind::ConfirmSecurityInfo }
            }
            PasswordState::Fresh | PasswordState::ExpiresIn { .. } => {
                let rehashed = self.renewed(account, record, password, verdict).await;
                Judged::Right { account, verified: record.hash.clone(), rehashed }
            }
        })
    }

    /// One hash: a comparison where there is something to compare with, the price of one where there is not.
    pub(crate) async fn one_hash(
        &self,
        account: Option<&Account>,
        password: &Password,
    ) -> Result<Option<Verdict>, Error> {
        let budget = self.hashing_budget();
        if let Some((account, record)) =
            account.and_then(|account| Some((account, account.password.as_ref()?)))
        {
            let phc = self.keys.open_password(account.tenant_id, account.id, &record.hash)?;
            match self.hasher.verify(&phc, password.secret(), budget).await {
                Ok(verdict) => return Ok(Some(verdict)),
                Err(NotHashed::Unreadable(why)) => {
                    tracing::warn!(error = %why, account_id = %account.id, "a stored hash cannot be verified");
                }
                Err(why) => return Err(why.into()),
            }
        }
        self.hasher.decoy(password.secret(), budget).await?;
        Ok(None)
    }

    /// The hash anew where its cost or its key is of yesterday. Where there is no room to hash now, the next sign-in
    /// will do: nobody is turned away for it.
    async fn renewed(
        &self,
        account: &Account,
        record: &PasswordRecord,
        password: &Password,
        verdict: Verdict,
    ) -> Option<Sealed> {
        let phc = if verdict.outdated {
            self.hasher.hash(password.secret(), self.hashing_budget()).await.ok()?
        } else if self.keys.is_current_pepper(&record.hash) {
            return None;
        } else {
            self.keys.open_password(account.tenant_id, account.id, &record.hash).ok()?
        };
        Some(self.keys.seal_password(&*self.entropy, account.tenant_id, account.id, &phc))
    }
}

/// The wrong password is named before the state of the account: the log tells who had the right one.
fn rejected(account: &Account, verdict: Verdict) -> Option<Rejection> {
    [
        (!verdict.matches, Rejection::WrongPassword),
        (account.frozen, Rejection::Frozen),
        (!account.is_open(), Rejection::Blocked),
    ]
    .into_iter()
    .find(|(holds, _)| *holds)
    .map(|(_, rejection)| rejection)
}
