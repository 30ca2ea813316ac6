//! Notices to people whose passwords expire soon.
//!
//! Accounts are read in pages of their primary key, not by an index of its own: a look comes once an hour, and an
//! account is written far more often.

use rekey_database::{statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;
use uuid::Uuid;

use super::columns::{ACCOUNT_COLUMNS, OF_LIVING_TENANT};
use super::outbox::{self, Notice};
use super::rows::{AccountRow, readable};
use super::{Failure, Store};
use crate::domain::account::{Account, CredentialEpoch};
use crate::domain::password::expiry::NoticeSpan;
use crate::domain::scope::TenantScope;

/// A look at some of a tenant's accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpiryPage {
    /// Those whose person is to be notified, each with the days of the notice.
    pub(crate) due: Vec<(Account, u32)>,
    /// The last account that was looked at; `None` when there was none left.
    pub(crate) last: Option<AccountId>,
}

/// A notice before expiry, with everything that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct ExpiryNotice {
    /// Whose password.
    pub(crate) account_id: AccountId,
    /// Which of their passwords.
    pub(crate) epoch: CredentialEpoch,
    /// Where its expiry was counted from when the notice was made.
    pub(crate) counts_from: Timestamp,
    pub(crate) days: u32,
    /// What goes out; never nothing.
    pub(crate) notices: Vec<Notice>,
    pub(crate) now: Timestamp,
}

statements! {
    /// The end of a page of so many accounts.
    const PAGE_END = "
        select account_id from (
            select account_id from accounts where tenant_id = $1 and account_id > $2 order by account_id limit $3
        ) page
        order by account_id desc limit 1";

    const NOT_NOTIFIED =
        "select ", ACCOUNT_COLUMNS,
        " from accounts a
          where a.tenant_id = $1 and a.account_id > $2 and a.account_id <= $3
            and a.password_hash is not null and not a.password_expiry_exempt and not a.password_must_change
            and a.password_expiry_counts_from > $4 and a.password_expiry_counts_from <= $5
            and not a.managed_elsewhere and not a.blocked and not a.frozen and a.deleted_at is null", OF_LIVING_TENANT, "
            and not exists (
                select 1 from expiry_notices n
                where n.tenant_id = a.tenant_id and n.account_id = a.account_id and n.epoch = a.epoch and n.days = $6
            )
          order by a.account_id";

    const MARK = "
        insert into expiry_notices (tenant_id, account_id, epoch, days, told_at)
        select tenant_id, account_id, epoch, $5, $6 from accounts
        where tenant_id = $1 and account_id = $2 and epoch = $3 and password_hash is not null
          and password_expiry_counts_from = $4 and not password_expiry_exempt and not password_must_change
          and not managed_elsewhere and not blocked and not frozen and deleted_at is null
        on conflict (tenant_id, account_id, epoch, days) do nothing";
}

impl Store {
    /// Looks at no more than `limit` accounts by id, from behind `after`, and finds those whose password falls into
    /// one of the spans and whose person was not notified of it: open accounts that are managed here, with a password
    /// that is neither exempt nor to be changed anyway.
    pub(crate) async fn expiring(
        &self,
        scope: &TenantScope,
        spans: &[NoticeSpan],
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<ExpiryPage, Failure> {
        let tenant_id = scope.tenant_id();
        let after = after.map_or(Uuid::nil(), AccountId::as_uuid);
        let last: Option<(Uuid,)> =
            self.database.optional(PAGE_END, values![tenant_id, after, limit]).await?;
        let Some((last,)) = last else { return Ok(ExpiryPage { due: Vec::new(), last: None }) };
        let mut due = Vec::new();
        for span in spans {
            let values = values![tenant_id, after, last, span.from, span.until, span.days];
            let found: Vec<AccountRow> = self.database.all(NOT_NOTIFIED, values).await?;
            let accounts = readable(found, AccountRow::id, AccountRow::account);
            due.extend(accounts.into_iter().map(|account| (account, span.days)));
        }
        Ok(ExpiryPage { due, last: Some(AccountId::from_uuid(last)) })
    }

    /// Queues a notice and marks it as sent, if the password is still the one it is about, still expires then, and it was
    /// not sent before; false, with nothing written, otherwise. However many try at once, one queues it.
    pub(crate) async fn queue_expiry_notice(
        &self,
        scope: &TenantScope,
        notice: &ExpiryNotice,
    ) -> Result<bool, Failure> {
        let tenant_id = scope.tenant_id();
        let queue = self.database.step(|mut tx| async move {
            let values = values![
                tenant_id,
                notice.account_id,
                notice.epoch.0,
                notice.counts_from,
                notice.days,
                notice.now
            ];
            if tx.execute(MARK, values).await? != 1 {
                return Ok(tx.roll_back(false));
            }
            outbox::queue(&mut tx, &notice.notices, notice.now).await?;
            Ok(tx.commit(true))
        });
        queue.await
    }
}
