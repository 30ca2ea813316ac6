//! Telling people that their passwords expire soon.
//!
//! Accounts are read in pages of their primary key, not by an index of its own: a look comes once an hour, and an
//! account is written far more often.

use async_trait::async_trait;
use rekey_primitives::id::{AccountId, TenantId};
use uuid::Uuid;

use super::columns::account_columns;
use super::{SqliteStore, notices};
use crate::domain::password::expiry::NoticeSpan;
use crate::domain::scope::TenantScope;
use crate::store::Failure;
use crate::store::expiry::{Expiry, Looked, TellOfExpiry};
use crate::store::rows::AccountRow;

/// The end of a page of so many accounts.
const PAGE_END: &str = "
    select account_id from (
        select account_id from accounts where tenant_id = $1 and account_id > $2 order by account_id limit $3
    ) page
    order by account_id desc limit 1";

const UNTOLD: &str = concat!(
    "select ",
    account_columns!(),
    " from accounts a
      where a.tenant_id = $1 and a.account_id > $2 and a.account_id <= $3
        and a.password_hash is not null and a.password_expiry_exempt = 0 and a.password_must_change = 0
        and a.password_expiry_counts_from > $4 and a.password_expiry_counts_from <= $5
        and a.managed_elsewhere = 0 and a.blocked = 0 and a.frozen = 0 and a.deleted_at is null
        and not exists (
            select 1 from expiry_notices n
            where n.tenant_id = a.tenant_id and n.account_id = a.account_id and n.epoch = a.epoch and n.days = $6
        )
      order by a.account_id"
);

const MARK: &str = "
    insert into expiry_notices (tenant_id, account_id, epoch, days, told_at)
    select tenant_id, account_id, epoch, $5, $6 from accounts
    where tenant_id = $1 and account_id = $2 and epoch = $3 and password_hash is not null
      and password_expiry_counts_from = $4 and password_expiry_exempt = 0 and password_must_change = 0
      and managed_elsewhere = 0 and blocked = 0 and frozen = 0 and deleted_at is null
    on conflict (tenant_id, account_id, epoch, days) do nothing";

#[async_trait]
impl Expiry for SqliteStore {
    async fn expiring(
        &self,
        scope: &TenantScope,
        spans: &[NoticeSpan],
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Looked, Failure> {
        let tenant = scope.tenant_id().as_uuid();
        let after = after.map_or(Uuid::nil(), AccountId::as_uuid);
        let last: Option<(Uuid,)> = sqlx::query_as(PAGE_END)
            .bind(tenant)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_optional(&mut *self.reader().await?)
            .await?;
        let Some((last,)) = last else { return Ok(Looked { due: Vec::new(), last: None }) };
        let mut due = Vec::new();
        for span in spans {
            let found: Vec<AccountRow> = sqlx::query_as(UNTOLD)
                .bind(tenant)
                .bind(after)
                .bind(last)
                .bind(span.from.unix_micros())
                .bind(span.until.unix_micros())
                .bind(i64::from(span.days))
                .fetch_all(&mut *self.reader().await?)
                .await?;
            for row in found {
                due.push((row.account()?, span.days));
            }
        }
        Ok(Looked { due, last: Some(AccountId::from_uuid(last)) })
    }

    async fn tell_of_expiry(&self, scope: &TenantScope, told: &TellOfExpiry) -> Result<bool, Failure> {
        tell(self, scope.tenant_id(), told).await
    }
}

async fn tell(store: &SqliteStore, tenant_id: TenantId, told: &TellOfExpiry) -> Result<bool, Failure> {
    let mut tx = store.begin().await?;
    let marked = sqlx::query(MARK)
        .bind(tenant_id.as_uuid())
        .bind(told.account_id.as_uuid())
        .bind(told.epoch.0)
        .bind(told.counts_from.unix_micros())
        .bind(i64::from(told.days))
        .bind(told.now.unix_micros())
        .execute(&mut *tx)
        .await?;
    if marked.rows_affected() != 1 {
        return Ok(false);
    }
    notices::queue(&mut tx, &told.notices, told.now).await?;
    tx.commit().await?;
    Ok(true)
}
