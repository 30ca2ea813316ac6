//! Erasing accounts on demand: at once for whoever asks, and to the end by the job that purges.
//!
//! ```text
//!   erase ──► deleted, lost, its hash known to sealing ──► purged ──► out of the log ──► out of other records ──► its hash is left
//! ```
//!
//! Each arrow but the first is steps of bounded size that any replica takes; whatever dies in between begins that arrow anew.

use std::collections::BTreeSet;

use rekey_primitives::clock::Timestamp;

use super::Directory;
use super::account_edits::CHANGING;
use crate::domain::account::Account;
use crate::domain::audit::erasure::ErasedAccount;
use crate::domain::audit::{AccountHash, EventKind, Subject};
use crate::domain::authority::Needs;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::operation::idempotency::Answer;
use crate::operation::{Administrator, Error, Failed, JUDGED_AT_MOST, Repeatable, Rpc, Target};
use crate::store::accounts::EraseAccount;
use crate::store::audit::erasing::{ErasureStep, ErasureWalk};
use crate::store::purge::Purge;
use crate::store::purge::accounts::DueAccount;
use crate::store::purge::erasures::DueErasure;
use crate::store::{Failure, in_time};
use crate::views::ErasedView;

const ERASE: Rpc = Rpc { name: "EraseAccount", event: EventKind::AccountErased };

/// How many erasures are looked up at once.
const LOOKED_UP_AT_ONCE: u32 = 100;

/// Whatever is to be erased is lost, whenever it was deleted.
const ALWAYS: Timestamp = Timestamp::from_unix_micros(i64::MAX);

impl Directory {
    /// Erases an account, living or deleted, if the administrator may; the hash that stands for it from then on.
    pub(crate) async fn erase_account(
        &self,
        administrator: &Administrator,
        target: Target,
        version: Option<i64>,
    ) -> Result<ErasedView, Error> {
        let seen = version.unwrap_or(i64::MIN).to_be_bytes();
        let operation = self.lifecycle(ERASE, administrator, target, &seen).await?;
        let work = self.erase_account_once(&operation, administrator, target, version);
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn erase_account_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        target: Target,
        version: Option<i64>,
    ) -> Result<Answer<ErasedView>, Error> {
        let hash = self.credentials.keys.account_hash(target.tenant_id, target.account_id);
        for _ in 0..JUDGED_AT_MOST {
            let account = self.account_to_erase(operation, administrator, &target, version).await?;
            let event = self.audit.event(operation).on_subject(Subject::Erased(hash)).done();
            let erased = ErasedAccount { id: account.id, hash };
            let erase = EraseAccount { account: erased, version: account.version, event, now: operation.now };
            let answering =
                self.idempotency.answering(operation.key, |hash: &AccountHash| ErasedView::from(*hash));
            let step = self.store.erase_account(&operation.scope, &erase, answering.once()).await?;
            match answering.settle(step)? {
                Ok(answer) => return Ok(answer),
                Err(refused) => self.refused(operation, refused)?,
            }
        }
        Err(Failed::Contended.into())
    }

    /// The account, if it is there, the administrator may erase it, and it is what they saw.
    async fn account_to_erase(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        target: &Target,
        version: Option<i64>,
    ) -> Result<Account, Error> {
        let found = self.store.find_erasable_account(&operation.scope, target.account_id).await?;
        let account = found.ok_or(Refusal::AccountNotFound)?;
        self.authorisation.authorise(operation, administrator, &account, Needs::This(CHANGING)).await?;
        if version.is_some_and(|version| version != account.version) {
            return Err(Refusal::EtagMismatch.into());
        }
        Ok(account)
    }

    /// Brings the erasures that are under way to their end, as long as it `goes_on`; how many it did. One that cannot go on keeps
    /// no other waiting.
    pub(super) async fn finish_erasures(&self, goes_on: &impl Fn() -> bool) -> Result<u64, Failure> {
        let (mut after, mut finished) = (None, 0);
        loop {
            let due = in_time(self.store.erasures_under_way(after, LOOKED_UP_AT_ONCE)).await?;
            let Some(last) = due.last().copied() else { return Ok(finished) };
            for erasure in due {
                if !goes_on() {
                    return Ok(finished);
                }
                match self.finish_erasure(erasure, goes_on).await {
                    Ok(is_done) => finished += u64::from(is_done),
                    Err(failure) if failure.is_unavailable() => return Err(failure),
                    Err(failure) => {
                        let DueErasure { tenant_id, account } = erasure;
                        tracing::error!(%tenant_id, account_hash = %account.hash, %failure, "an erasure waits");
                    }
                }
            }
            after = Some(last);
        }
    }

    async fn finish_erasure(
        &self,
        erasure: DueErasure,
        goes_on: &impl Fn() -> bool,
    ) -> Result<bool, Failure> {
        let DueErasure { tenant_id, account } = erasure;
        let scope = TenantScope::ours(tenant_id);
        let due = DueAccount { tenant_id, account_id: account.id, deleted_at: ALWAYS };
        self.purge_account(due, ALWAYS, Subject::Erased(account.hash)).await?;
        if !in_time(self.store.is_purged_for_erasure(&scope, account.id)).await? {
            return Ok(false);
        }
        if !self.is_told_erased(&scope, account.hash).await? {
            return Ok(false);
        }
        let mut walk = ErasureWalk::START;
        loop {
            if !goes_on() {
                return Ok(false);
            }
            match in_time(self.store.erase_events(&scope, account, walk)).await? {
                ErasureStep::GoesOn(next) => walk = next,
                ErasureStep::Over => break,
                ErasureStep::NotMine => return Ok(false),
            }
        }
        loop {
            match in_time(self.store.forget_erased_account(&scope, account)).await? {
                Purge::More => {}
                Purge::Done => return Ok(true),
                Purge::NotMine => return Ok(false),
            }
        }
    }

    /// Whether the log has it that the account is erased: before that nothing may be taken out of it, or the chain would not hold
    /// for a moment. What waits is sealed, or is left to whoever is sealing, and to the next round.
    async fn is_told_erased(&self, scope: &TenantScope, hash: AccountHash) -> Result<bool, Failure> {
        let sealer = self.credentials.keys.sealer(&self.entropy);
        while in_time(self.store.seal_events(scope.tenant_id(), &sealer)).await?.unqueued > 0 {}
        let told = in_time(self.store.told_erased(scope, &BTreeSet::from([hash]))).await?;
        Ok(told.contains(&hash))
    }
}

#[cfg(test)]
mod tests;
