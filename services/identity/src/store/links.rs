//! Links between accounts of two tenants: a row on each side, and a link only while there are both.
//!
//! A step that writes both sides takes the accounts in one order, whichever side asks.

use rekey_database::{Connection, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};
use uuid::Uuid;

use super::accounts::changes;
use super::columns::OF_LIVING_TENANT;
use super::outbox::{self, Notice};
use super::rows::{AccountState, at};
use super::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};
use crate::domain::account::CredentialEpoch;
use crate::domain::audit::AuditEvent;
use crate::domain::link::{LINKS_MAX, Link, LinkEnd};
use crate::domain::scope::TenantScope;

/// Two accounts to link, and all that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct LinkAccounts {
    /// Both ends, each with the epoch that its person is signed in to.
    pub(crate) ends: [(LinkEnd, CredentialEpoch); 2],
    /// One for each tenant.
    pub(crate) events: Vec<AuditEvent>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) now: Timestamp,
}

/// Two accounts whose link is to end.
#[derive(Debug, Clone)]
pub(crate) struct UnlinkAccounts {
    pub(crate) ends: [LinkEnd; 2],
    /// One for each tenant.
    pub(crate) events: Vec<AuditEvent>,
    pub(crate) now: Timestamp,
}

/// Why accounts were not linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotLinked {
    /// An account is in another epoch, or closed: its sign-in is over.
    Stale,
    /// An account has as many links as it may.
    Full,
}

/// There is no such link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoLink;

statements! {
    const OF_ACCOUNT = "
        select linked_tenant_id, linked_account_id, epoch, linked_at from linked_accounts
        where tenant_id = $1 and account_id = $2 order by linked_tenant_id";

    const ONE = "
        select linked_tenant_id, linked_account_id, epoch, linked_at from linked_accounts
        where tenant_id = $1 and account_id = $2 and linked_tenant_id = $3";

    const HOLDS = "
        select 1 from linked_accounts l
        join accounts a on a.tenant_id = l.tenant_id and a.account_id = l.account_id and a.epoch = l.epoch
        where l.tenant_id = $1 and l.account_id = $2 and l.linked_tenant_id = $3 and l.linked_account_id = $4
          and not a.blocked and not a.frozen and a.deleted_at is null", OF_LIVING_TENANT;

    const COUNT_OTHERS = "
        select count(*) from linked_accounts where tenant_id = $1 and account_id = $2 and linked_tenant_id <> $3";

    /// The links that the new one takes the place of: whoever else was linked with this account from the other tenant.
    const END_BACK = "
        delete from linked_accounts
        where tenant_id = $1 and linked_tenant_id = $2 and linked_account_id = $3 and account_id <> $4";

    const WRITE = "
        insert into linked_accounts (tenant_id, account_id, linked_tenant_id, linked_account_id, epoch, linked_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (tenant_id, account_id, linked_tenant_id) do update
        set linked_account_id = excluded.linked_account_id, epoch = excluded.epoch, linked_at = excluded.linked_at";

    const END = "
        delete from linked_accounts
        where tenant_id = $1 and account_id = $2 and linked_tenant_id = $3 and linked_account_id = $4";
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    linked_tenant_id: Uuid,
    linked_account_id: Uuid,
    epoch: Option<i64>,
    linked_at: i64,
}

impl LinkRow {
    fn link(self, here: LinkEnd) -> Link {
        let there = LinkEnd {
            tenant_id: TenantId::from_uuid(self.linked_tenant_id),
            account_id: AccountId::from_uuid(self.linked_account_id),
        };
        Link { here, there, epoch: self.epoch.map(CredentialEpoch), linked_at: at(self.linked_at) }
    }
}

impl Store {
    /// The links of an account, as its side remembers them, by the other tenant's id. There are at most 20.
    pub(crate) async fn links(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
    ) -> Result<Vec<Link>, Failure> {
        let here = LinkEnd { tenant_id: scope.tenant_id(), account_id };
        let rows: Vec<LinkRow> = self.database.all(OF_ACCOUNT, values![here.tenant_id, account_id]).await?;
        Ok(rows.into_iter().map(|row| row.link(here)).collect())
    }

    /// The link of an account with one of that tenant.
    pub(crate) async fn link(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        with: TenantId,
    ) -> Result<Option<Link>, Failure> {
        let here = LinkEnd { tenant_id: scope.tenant_id(), account_id };
        let row: Option<LinkRow> =
            self.database.optional(ONE, values![here.tenant_id, account_id, with]).await?;
        Ok(row.map(|row| row.link(here)))
    }

    /// Links two accounts that are open and in the epochs given, in place of the link that either had with the tenant of
    /// the other; writes events and notices.
    pub(crate) async fn link_accounts(
        &self,
        scope: &TenantScope,
        other: &TenantScope,
        link: &LinkAccounts,
        idempotency: IdempotentRequest<'_, ()>,
    ) -> Result<StepOutcome<(), NotLinked>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), &idempotency);
        debug_assert!(link.ends.iter().any(|(end, _)| end.tenant_id == other.tenant_id()), "of both tenants");
        let step = self.database.step(|mut tx| async move {
            let claimed =
                idempotency::claim_with_answer(&mut tx, tenant_id, Some(idempotency), &(), link.now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            if let Some(why) = write_both(&mut tx, link).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(why)));
            }
            outbox::queue(&mut tx, &link.notices, link.now).await?;
            append(&mut tx, &link.events).await?;
            Ok(tx.commit(StepOutcome::Done(())))
        });
        step.await
    }

    /// Ends the link of two accounts, on both sides.
    pub(crate) async fn unlink_accounts(
        &self,
        scope: &TenantScope,
        unlink: &UnlinkAccounts,
        idempotency: IdempotentRequest<'_, ()>,
    ) -> Result<StepOutcome<(), NoLink>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), &idempotency);
        let step = self.database.step(|mut tx| async move {
            let claimed =
                idempotency::claim_with_answer(&mut tx, tenant_id, Some(idempotency), &(), unlink.now);
            if let Some(ended) = claimed.await?.ended() {
                return Ok(tx.roll_back(ended));
            }
            let [one, other] = unlink.ends;
            let mut sides = [(one, other), (other, one)];
            sides.sort();
            let mut ended = 0;
            for (here, there) in sides {
                let values = values![here.tenant_id, here.account_id, there.tenant_id, there.account_id];
                ended += tx.execute(END, values).await?;
            }
            if ended == 0 {
                return Ok(tx.roll_back(StepOutcome::Refused(NoLink)));
            }
            append(&mut tx, &unlink.events).await?;
            Ok(tx.commit(StepOutcome::Done(())))
        });
        step.await
    }
}

/// Writes both sides, the lesser first; says why not, with nothing to keep, if an account is not what it was.
async fn write_both(tx: &mut Connection, link: &LinkAccounts) -> Result<Option<NotLinked>, Failure> {
    let [one, other] = link.ends;
    let mut sides = [(one, other.0), (other, one.0)];
    sides.sort();
    for ((here, epoch), _) in sides {
        let state: Option<AccountState> = changes::state(tx, here.tenant_id, here.account_id).await?;
        if !state.is_some_and(|state| state.is_open() && state.epoch == epoch.0) {
            return Ok(Some(NotLinked::Stale));
        }
    }
    for ((here, epoch), there) in sides {
        let others: i64 =
            tx.scalar(COUNT_OTHERS, values![here.tenant_id, here.account_id, there.tenant_id]).await?;
        if others >= i64::from(LINKS_MAX) {
            return Ok(Some(NotLinked::Full));
        }
        let replaced = values![there.tenant_id, here.tenant_id, here.account_id, there.account_id];
        tx.execute(END_BACK, replaced).await?;
        let (epoch, now) = (epoch.0, link.now);
        let values = values![here.tenant_id, here.account_id, there.tenant_id, there.account_id, epoch, now];
        tx.execute(WRITE, values).await?;
    }
    Ok(None)
}

/// Appends to the logs of two tenants, always in one order.
async fn append(tx: &mut Connection, events: &[AuditEvent]) -> Result<(), Failure> {
    let mut events: Vec<&AuditEvent> = events.iter().collect();
    events.sort_by_key(|event| event.tenant_id);
    for event in events {
        audit::append(tx, event).await?;
    }
    Ok(())
}

/// Whether a link holds on both sides, within a step that goes along it.
pub(super) async fn holds(tx: &mut Connection, from: LinkEnd, to: LinkEnd) -> Result<bool, Failure> {
    for (here, there) in [(from, to), (to, from)] {
        let values = values![here.tenant_id, here.account_id, there.tenant_id, there.account_id];
        if !tx.exists(HOLDS, values).await? {
            return Ok(false);
        }
    }
    Ok(true)
}
