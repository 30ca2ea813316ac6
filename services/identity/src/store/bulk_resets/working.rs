//! A job in the hands of the process that claimed it.

use rekey_database::{Connection, FOR_UPDATE_SKIP_LOCKED, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;
use uuid::Uuid;

use super::COLUMNS;
use crate::domain::audit::AuditEvent;
use crate::domain::bulk_reset::{BulkOutcome, BulkReset};
use crate::store::outbox;
use crate::store::resets::AdministratorReset;
use crate::store::resets::administrators;
use crate::store::rows::BulkResetRow;
use crate::store::{Failure, Store, audit};

/// A job that this process claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldBulkReset {
    pub(crate) job: BulkReset,
    /// The number that its next account gets.
    pub(crate) next_number: i64,
}

/// An account whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaitingAccount {
    pub(crate) number: i64,
    pub(crate) account_id: AccountId,
}

/// What became of an account.
#[derive(Debug, Clone)]
pub(crate) struct SettledAccount {
    pub(crate) number: i64,
    pub(crate) outcome: BulkOutcome,
    /// Why not, by the name of the refusal.
    pub(crate) refused: Option<&'static str>,
    /// Until when nobody else takes the job.
    pub(crate) lease_until: Timestamp,
    pub(crate) now: Timestamp,
}

/// How a step of a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BulkStep {
    /// The account has its result.
    Done,
    /// The account is not what was judged: nothing was written, and it is to be judged anew.
    Stale,
    /// Somebody else holds the job, it is over, or the account has its result: nothing was written.
    Lost,
}

statements! {
    /// Of a tenant that lives: the job of another waits until that is back, or is purged with it.
    const CLAIM = "
        update bulk_resets set due_at = $2, fence = fence + 1
        where (tenant_id, bulk_reset_id) in (
            with due as materialized (
                select b.tenant_id, b.bulk_reset_id from bulk_resets b
                where b.state in ('collecting', 'running') and b.due_at <= $1
                  and exists (select 1 from tenants t where t.tenant_id = b.tenant_id and t.deleted_at is null)
                order by b.due_at limit 1",
                FOR_UPDATE_SKIP_LOCKED, "
            )
            select tenant_id, bulk_reset_id from due
        )
        returning ", COLUMNS;

    pub(super) const WAITING = "
        select number, account_id from bulk_reset_accounts
        where tenant_id = $1 and bulk_reset_id = $2 and number > $3 and outcome = 'waiting' and account_id is not null
        order by number limit $4";

    /// Also renews the lease. Nothing is done in a tenant that was deleted meanwhile.
    const COUNT = "
        update bulk_resets
        set accounts_reset = accounts_reset + $4, accounts_refused = accounts_refused + $5, worked_to = $6, due_at = $7,
            updated_at = $8
        where tenant_id = $1 and bulk_reset_id = $2 and fence = $3 and state = 'running'
          and exists (select 1 from tenants t where t.tenant_id = $1 and t.deleted_at is null)";

    pub(super) const SETTLE = "
        update bulk_reset_accounts set outcome = $4, refused = $5, finished_at = $6
        where tenant_id = $1 and bulk_reset_id = $2 and number = $3 and outcome = 'waiting'";

    const RELEASE = "
        update bulk_resets set due_at = $4 where tenant_id = $1 and bulk_reset_id = $2 and fence = $3";
}

impl Store {
    /// Claims the job that has been due longest, of any tenant, until `lease_until`.
    pub(crate) async fn claim_bulk_reset(
        &self,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<HeldBulkReset>, Failure> {
        // One statement, so it needs no transaction around it, but a connection that writes.
        let mut connection = self.database.writer().await?;
        let claimed: Option<BulkResetRow> = connection.optional(CLAIM, values![now, lease_until]).await?;
        let held = |row: BulkResetRow| {
            let next_number = row.next_number;
            Ok(HeldBulkReset { job: row.job()?, next_number })
        };
        claimed.map(held).transpose()
    }

    /// The accounts of a job whose turn it is.
    pub(crate) async fn waiting_bulk_accounts(
        &self,
        held: &HeldBulkReset,
        limit: u32,
    ) -> Result<Vec<WaitingAccount>, Failure> {
        let BulkReset { tenant_id, id, worked_to, .. } = held.job;
        let values = values![tenant_id, id.as_uuid(), worked_to, limit];
        let found: Vec<(i64, Uuid)> = self.database.all(WAITING, values).await?;
        let waiting = |(number, id)| WaitingAccount { number, account_id: AccountId::from_uuid(id) };
        Ok(found.into_iter().map(waiting).collect())
    }

    /// Resets a password and writes the result of its account: all of that or none, once, and only while the job is held.
    pub(crate) async fn reset_in_bulk(
        &self,
        held: &HeldBulkReset,
        reset: &AdministratorReset,
        settled: &SettledAccount,
    ) -> Result<BulkStep, Failure> {
        let make = self.database.step(|mut tx| async move {
            if !settle(&mut tx, held, settled).await? {
                return Ok(tx.roll_back(BulkStep::Lost));
            }
            if administrators::apply(&mut tx, held.job.tenant_id, reset).await?.is_none() {
                return Ok(tx.roll_back(BulkStep::Stale));
            }
            outbox::queue(&mut tx, &reset.notices, reset.now).await?;
            audit::append(&mut tx, &reset.event).await?;
            Ok(tx.commit(BulkStep::Done))
        });
        make.await
    }

    /// Writes the result of an account that is not reset, with its event if there is one.
    pub(crate) async fn settle_bulk_account(
        &self,
        held: &HeldBulkReset,
        settled: &SettledAccount,
        event: Option<&AuditEvent>,
    ) -> Result<BulkStep, Failure> {
        let make = self.database.step(|mut tx| async move {
            if !settle(&mut tx, held, settled).await? {
                return Ok(tx.roll_back(BulkStep::Lost));
            }
            if let Some(event) = event {
                audit::append(&mut tx, event).await?;
            }
            Ok(tx.commit(BulkStep::Done))
        });
        make.await
    }

    /// Gives a job back until `due_at`.
    pub(crate) async fn release_bulk_reset(
        &self,
        held: &HeldBulkReset,
        due_at: Timestamp,
    ) -> Result<(), Failure> {
        let BulkReset { tenant_id, id, fence, .. } = held.job;
        self.database.execute(RELEASE, values![tenant_id, id.as_uuid(), fence, due_at]).await?;
        Ok(())
    }
}

/// Counts an account and writes its result; false if the job is not held any more or the account has one.
async fn settle(
    tx: &mut Connection,
    held: &HeldBulkReset,
    settled: &SettledAccount,
) -> Result<bool, Failure> {
    let BulkReset { tenant_id, id, fence, .. } = held.job;
    let SettledAccount { number, outcome, refused, lease_until, now } = *settled;
    let is_refused = outcome == BulkOutcome::Refused;
    let (done, not_done) = (i64::from(!is_refused), i64::from(is_refused));
    let counted = values![tenant_id, id.as_uuid(), fence, done, not_done, number, lease_until, now];
    if tx.execute(COUNT, counted).await? != 1 {
        return Ok(false);
    }
    let result = values![tenant_id, id.as_uuid(), number, outcome.as_str(), refused, now];
    Ok(tx.execute(SETTLE, result).await? == 1)
}
