//! Passwords that people choose: judging a candidate, changing a known one, and the record of a new one.

mod change;
mod evaluate;

pub(crate) use change::ChangePassword;
pub(crate) use evaluate::{EvaluatePassword, RuleVerdict};

use rekey_primitives::clock::Timestamp;

use super::audit::Draft;
use super::{Error, Identity};
use crate::domain::account::{Account, PasswordRecord, Sealed};
use crate::domain::password::rules::Surroundings;
use crate::domain::password::{Password, Verdict, judge};
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::domain::tenant::Tenant;
use crate::hashing::NotHashed;

impl Identity {
    /// Refuses a candidate that breaks the tenant's rules; history, which costs hashes, comes last.
    pub(crate) async fn judge_new_password(
        &self,
        scope: &TenantScope,
        account: &Account,
        (tenant, policy): (&Tenant, &Policy),
        candidate: &Password,
    ) -> Result<(), Error> {
        let verdict = judge(candidate, &policy.password, &Surroundings::of(account, tenant));
        if !verdict.is_good() {
            return Err(Refusal::PasswordRefused(verdict).into());
        }
        let last = self.store.last_passwords(scope, account.id, policy.password.history).await?;
        for sealed in last {
            if self.was_it(account, &sealed, candidate).await? {
                return Err(Refusal::PasswordRefused(Verdict::reused()).into());
            }
        }
        Ok(())
    }

    /// Notes that rules refused a password, if that is what happened; never which rule.
    pub(crate) fn note_refused_password(&self, judged: &Result<(), Error>, event: Draft) {
        if let Err(Error::Refused(Refusal::PasswordRefused(_))) = judged {
            self.audit.push(event.because("password_refused").done());
        }
    }

    /// Hashes a new password and makes its record. An exemption from expiry stays with the account.
    pub(crate) async fn new_password_record(
        &self,
        account: &Account,
        password: &Password,
        now: Timestamp,
    ) -> Result<PasswordRecord, Error> {
        let phc = self.hasher.hash(password.secret(), self.hashing_budget()).await?;
        Ok(PasswordRecord {
            hash: self.keys.seal_password(&*self.entropy, account.tenant_id, account.id, &phc),
            set_at: now,
            must_change: false,
            temporary_until: None,
            expiry_exempt: account.password.as_ref().is_some_and(|password| password.expiry_exempt),
            expiry_counts_from: now,
        })
    }

    /// Whether an old hash is of this password. One that cannot be computed here cannot be compared and is passed
    /// over: refusing every candidate for it would lock the person out.
    async fn was_it(&self, account: &Account, sealed: &Sealed, candidate: &Password) -> Result<bool, Error> {
        let phc = self.keys.open_password(account.tenant_id, account.id, sealed)?;
        match self.hasher.verify(&phc, candidate.secret(), self.hashing_budget()).await {
            Ok(verdict) => Ok(verdict.matches),
            Err(NotHashed::Unreadable(_)) => Ok(false),
            Err(why) => Err(why.into()),
        }
    }
}
