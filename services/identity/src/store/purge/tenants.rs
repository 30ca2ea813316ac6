//! Purging tenants: everything of one, table by table, and then its row. Its log goes as well, so what happened is told by the
//! process's own log alone.

pub(crate) mod tables;

use rekey_database::{FOR_UPDATE_SKIP_LOCKED, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use self::tables::PORTION;
use super::{Purge, ROWS_AT_ONCE};
use crate::domain::scope::TenantScope;
use crate::store::{Failure, Store};

statements! {
    const DUE = "
        select tenant_id from tenants where deleted_at <= $1 and tenant_id > $2 order by tenant_id limit $3";

    /// From then on it cannot be brought back.
    const BEGIN = "
        update tenants set purge_began_at = $3 where tenant_id = $1 and deleted_at <= $2 and purge_began_at is null";

    /// Of many replicas one purges a tenant.
    const TAKE = "
        select 1 from tenants where tenant_id = $1 and purge_began_at is not null", FOR_UPDATE_SKIP_LOCKED;

    /// The other side of its links, in whichever tenant.
    const LINKS_BACK = "delete from linked_accounts where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, account_id, linked_tenant_id) in (select tenant_id, account_id, linked_tenant_id"), "
        from linked_accounts where linked_tenant_id = $1 order by linked_account_id", PORTION;

    const METHOD_SHARES = "delete from method_shares where tenant_id = $1";

    const OLDEST_EVENTS = "select at from audit_events where tenant_id = $1 order by at, event_id limit 1000";

    const EVENTS = "delete from audit_events where tenant_id = $1 and at >= $2 and at <= $3";

    const AUDIT_HEADS = "delete from audit_heads where tenant_id = $1";

    const TENANT = "delete from tenants where tenant_id = $1 and purge_began_at is not null";
}

impl Store {
    /// Tenants that were deleted at `until` or earlier, by id, behind one that was looked at.
    pub(crate) async fn tenants_to_purge(
        &self,
        until: Timestamp,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, Failure> {
        let after = after.map_or(Uuid::nil(), TenantId::as_uuid);
        let due: Vec<(Uuid,)> = self.database.all(DUE, values![until, after, limit]).await?;
        Ok(due.into_iter().map(|(id,)| TenantId::from_uuid(id)).collect())
    }

    /// Purges a portion of a tenant that was deleted at `until` or earlier.
    pub(crate) async fn purge_tenant(
        &self,
        scope: &TenantScope,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Purge, Failure> {
        let tenant_id = scope.tenant_id();
        let take = self.database.step(|mut tx| async move {
            tx.execute(BEGIN, values![tenant_id, until, now]).await?;
            if !tx.exists(TAKE, values![tenant_id]).await? {
                return Ok(tx.roll_back(Purge::NotMine));
            }
            for sql in std::iter::once(LINKS_BACK).chain(tables::TABLES.iter().copied()) {
                if tx.execute(sql, values![tenant_id]).await? >= ROWS_AT_ONCE.unsigned_abs() {
                    return Ok(tx.commit(Purge::More));
                }
            }
            let events: Vec<(i64,)> = tx.all(OLDEST_EVENTS, values![tenant_id]).await?;
            if let (Some((first,)), Some((last,))) = (events.first(), events.last()) {
                tx.execute(EVENTS, values![tenant_id, *first, *last]).await?;
                return Ok(tx.commit(Purge::More));
            }
            for sql in [METHOD_SHARES, AUDIT_HEADS] {
                tx.execute(sql, values![tenant_id]).await?;
            }
            let is_gone = tx.execute(TENANT, values![tenant_id]).await? == 1;
            Ok(if is_gone { tx.commit(Purge::Done) } else { tx.roll_back(Purge::NotMine) })
        });
        take.await
    }
}
