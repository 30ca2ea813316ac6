//! The work on bulk resets: one turn at a time, by whichever process claims the job.
//!
//! Who started the job and whom it reaches are judged at each account, by the store as it is then. A process that dies loses
//! its claim with its lease, and the next one goes on behind the last account that has its result.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::super::passwords::{PERMISSION, ResetMode};
use super::super::{Administration, Error, Failed};
use crate::domain::account::Account;
use crate::domain::account_filter::AccountFilter;
use crate::domain::audit::{Actor, EventKind, Outcome, Subject};
use crate::domain::authority::{RoleHolder, may_act};
use crate::domain::bulk_reset::{
    BulkMode, BulkOutcome, BulkReset, BulkState, BulkStop, COLLECTED_AT_ONCE, next_turn, turn_size,
};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::operation::{Caller, Context, JUDGED_AT_MOST, Operation, Origin, Rpc};
use crate::peers::notification::Lane;
use crate::store::accounts::AccountKey;
use crate::store::bulk_resets::{
    BulkStep, Collected, EndBulkReset, HeldBulkReset, SettledAccount, WaitingAccount,
};
use crate::store::search::AccountSearch;

const RPC: Rpc = Rpc { name: "StartBulkReset", event: EventKind::PasswordResetByAdministrator };

/// How the turn of an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It has its result.
    Settled,
    /// Somebody else holds the job, or it is over.
    Lost,
    /// Who started the job may no longer reset passwords.
    AuthorityLost,
}

/// A job in hand, with whom it is done for.
struct Work<'a> {
    held: &'a HeldBulkReset,
    scope: TenantScope,
    origin: Origin<'a>,
}

impl Work<'_> {
    fn operation(&self, now: Timestamp) -> Operation<'_> {
        Operation::new(RPC, self.scope, self.origin, now).by(self.held.job.plan.actor)
    }
}

impl BulkMode {
    const fn reset_mode(self) -> ResetMode {
        match self {
            Self::Link => ResetMode::Link,
            Self::RequireChange => ResetMode::RequireChange,
        }
    }

    /// What the event of an account says.
    const fn event_reason(self) -> &'static str {
        match self {
            Self::Link => "bulk_link",
            Self::RequireChange => "bulk_require_change",
        }
    }
}

impl Administration {
    /// One turn of the job that has been due longest; false where none is due.
    pub(crate) async fn work_on_bulk_resets(&self) -> Result<bool, Error> {
        let now = self.authorisation.clock.now();
        let claimed = self.store.claim_bulk_reset(self.bulk_lease(now), now).await?;
        let Some(held) = claimed else { return Ok(false) };
        let BulkReset { tenant_id, plan, state, .. } = &held.job;
        let tenant = *tenant_id;
        let caller = Caller::new(plan.caller.as_str(), move |reached| reached == tenant);
        let context = Context { ip: plan.ip, ..Context::default() };
        let origin = Origin { caller: &caller, context: &context };
        let work = Work { held: &held, scope: TenantScope::ours(tenant), origin };
        match (state, &plan.filter) {
            (BulkState::Running, _) => self.work_a_turn(&work, now).await?,
            (_, Some(filter)) => self.collect_a_turn(&work, filter).await?,
            (_, None) => self.end_bulk(&work, BulkState::Stopped, Some(BulkStop::Abandoned)).await?,
        }
        Ok(true)
    }

    async fn collect_a_turn(&self, work: &Work<'_>, filter: &AccountFilter) -> Result<(), Error> {
        let after = work.held.job.walked_to.clone();
        let search = AccountSearch { filter, after, limit: COLLECTED_AT_ONCE };
        let found = self.store.search_accounts(&work.scope, &search).await?;
        let collected = Collected {
            account_ids: found.accounts.iter().map(|account| account.id).collect(),
            walked_to: found.next,
            now: self.authorisation.clock.now(),
        };
        // Who lost the job writes nothing; another one goes on from where it was.
        self.store.collect_bulk_accounts(work.held, &collected).await?;
        Ok(())
    }

    async fn work_a_turn(&self, work: &Work<'_>, begun: Timestamp) -> Result<(), Error> {
        let per_second = work.held.job.plan.per_second;
        let waiting = self.store.waiting_bulk_accounts(work.held, turn_size(per_second)).await?;
        if waiting.is_empty() {
            return self.end_bulk(work, BulkState::Finished, None).await;
        }
        for account in &waiting {
            match self.work_one(work, *account).await? {
                Turn::Settled => {}
                Turn::Lost => return Ok(()),
                Turn::AuthorityLost => {
                    return self.end_bulk(work, BulkState::Stopped, Some(BulkStop::AuthorityLost)).await;
                }
            }
        }
        let worked = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
        Ok(self.store.release_bulk_reset(work.held, next_turn(begun, worked, per_second)).await?)
    }

    async fn work_one(&self, work: &Work<'_>, waiting: WaitingAccount) -> Result<Turn, Error> {
        for _ in 0..JUDGED_AT_MOST {
            let now = self.authorisation.clock.now();
            let operation = work.operation(now).on(Subject::Account(waiting.account_id));
            let actor = match operation.actor {
                Actor::Account(id) => {
                    let roles = self.authorisation.roles_of(&work.scope, id).await?;
                    if roles.grants(PERMISSION).is_err() {
                        return Ok(Turn::AuthorityLost);
                    }
                    Some(RoleHolder { id, roles })
                }
                Actor::Service | Actor::Stranger | Actor::Rekey | Actor::Erased(_) => None,
            };
            let step = match self.reset_one(work, &operation, actor, waiting).await {
                Ok(step) => step,
                Err(Error::Refused(refusal)) => {
                    self.refuse_one(work, &operation, waiting, refusal.name()).await?
                }
                Err(Error::Failed(failed)) if failed.is_unavailable() => return Err(failed.into()),
                // One account that cannot be read must not hold up the others for ever.
                Err(Error::Failed(failed)) => {
                    tracing::error!(account_id = %waiting.account_id, error = %failed, "left out of a bulk reset");
                    self.refuse_one(work, &operation, waiting, "internal").await?
                }
            };
            match step {
                BulkStep::Done => return Ok(Turn::Settled),
                BulkStep::Lost => return Ok(Turn::Lost),
                BulkStep::Stale => {}
            }
        }
        // Somebody changes it again and again: the next turn of the job finds it.
        Err(Failed::Contended.into())
    }

    async fn reset_one(
        &self,
        work: &Work<'_>,
        operation: &Operation<'_>,
        actor: Option<RoleHolder>,
        waiting: WaitingAccount,
    ) -> Result<BulkStep, Error> {
        let key = AccountKey::Id(waiting.account_id);
        let found = self.store.find_account(&work.scope, &key).await?;
        let account: Account = found.ok_or(Refusal::AccountNotFound)?;
        if let Some(actor) = actor {
            let target = RoleHolder { id: account.id, roles: account.roles };
            may_act(actor, target, PERMISSION).map_err(Refusal::from)?;
        }
        if account.managed_elsewhere {
            return Err(Refusal::PasswordManagedElsewhere.into());
        }
        let plan = &work.held.job.plan;
        let prepared = self.prepared(operation, &account, &plan.mode.reset_mode()).await?;
        let outcome = if plan.dry_run { BulkOutcome::WouldReset } else { BulkOutcome::Reset };
        let settled = self.settled(operation, waiting, outcome, None);
        if plan.dry_run {
            return Ok(self.store.settle_bulk_account(work.held, &settled, None).await?);
        }
        let event = self.audit.event(operation).because(plan.mode.event_reason()).done();
        let reset = self.reset_of(operation, &account, &prepared, event, Lane::Bulk).await?;
        Ok(self.store.reset_in_bulk(work.held, &reset, &settled).await?)
    }

    async fn refuse_one(
        &self,
        work: &Work<'_>,
        operation: &Operation<'_>,
        waiting: WaitingAccount,
        why: &'static str,
    ) -> Result<BulkStep, Error> {
        let settled = self.settled(operation, waiting, BulkOutcome::Refused, Some(why));
        let event = self.audit.event(operation).outcome(Outcome::Refused).because(why).done();
        let event = (!work.held.job.plan.dry_run).then_some(&event);
        Ok(self.store.settle_bulk_account(work.held, &settled, event).await?)
    }

    fn settled(
        &self,
        operation: &Operation<'_>,
        waiting: WaitingAccount,
        outcome: BulkOutcome,
        refused: Option<&'static str>,
    ) -> SettledAccount {
        let (number, now) = (waiting.number, operation.now);
        SettledAccount { number, outcome, refused, lease_until: self.bulk_lease(now), now }
    }

    async fn end_bulk(&self, work: &Work<'_>, state: BulkState, stop: Option<BulkStop>) -> Result<(), Error> {
        let (job, now) = (&work.held.job, self.authorisation.clock.now());
        let event = self.audit.draft(job.tenant_id, EventKind::BulkReset, now).by(Actor::Rekey);
        let end = EndBulkReset {
            id: job.id,
            state,
            stop,
            fence: Some(job.fence),
            forget_at: self.bulk_forgotten_at(now),
            event: event.because(stop.map_or(state.as_str(), BulkStop::as_str)).done(),
            now,
        };
        self.store.end_bulk_reset(&work.scope, &end, None).await?;
        Ok(())
    }

    fn bulk_lease(&self, now: Timestamp) -> Timestamp {
        now.plus(Duration::from_secs(self.bulk.lease_seconds))
    }
}
