//! Looking inside: the audit log as it lies in the database, and rows that no step writes yet.

use std::sync::Arc;

use rekey_database::{Sql, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::SystemEntropy;
use rekey_primitives::id::AccountId;
use uuid::Uuid;

use super::world::World;
use crate::domain::audit::chain::{ChainBreak, ChainRow, Walk};
use crate::domain::audit::commitment::Sealer;
use crate::domain::audit::{AccountHash, AuditEvent, EventKind, erasure};
use crate::domain::scope::TenantScope;

statements! {
    const GROUP = "
        insert into groups (tenant_id, group_id, display_name, created_at, updated_at, version)
        values ($1, $2, 'group', 0, 0, 1) on conflict do nothing";

    const MEMBER = "insert into group_members (tenant_id, group_id, member_id) values ($1, $2, $3)";

    /// So many answers that have expired, in one statement.
    const CROWD = (postgres: "
        insert into answers (tenant_id, request_key, content, answer, expires_at)
        select $1, int8send(number), '', '', 0 from generate_series(1, $2) number",
    sqlite: "
        with recursive numbers (number) as (select 1 union all select number + 1 from numbers where number < $2)
        insert into answers (tenant_id, request_key, content, answer, expires_at)
        select $1, cast(number as blob), x'', x'', 0 from numbers");
}

/// Salts that a test knows, and hashes that tell whose they are.
pub(super) fn sealer() -> Sealer {
    Sealer { entropy: Arc::new(SystemEntropy), hash: Arc::new(|_, id| account_hash(id)) }
}

/// The hash of an account in these tests.
pub(super) fn account_hash(id: AccountId) -> AccountHash {
    AccountHash(id.as_uuid().into_bytes().map(|byte| !byte))
}

impl World {
    /// Seals everything that was appended.
    pub(super) async fn seal(&self) {
        let mut after = None;
        while let Some(tenant_id) = self.store.next_to_seal(after).await.unwrap() {
            while self.store.seal_events(tenant_id, &sealer()).await.unwrap().unqueued > 0 {}
            after = Some(tenant_id);
        }
    }

    /// The tenant's log as it lies there, in order, once all of it is sealed.
    pub(super) async fn rows(&self, scope: &TenantScope) -> Vec<ChainRow> {
        self.seal().await;
        self.store.chain_behind(scope, 0, i64::MAX, u32::MAX).await.unwrap()
    }

    /// When the events happened that are left of the tenant's log.
    pub(super) async fn times(&self, scope: &TenantScope) -> Vec<Timestamp> {
        let rows = self.rows(scope).await;
        rows.into_iter().map(|row| row.sealed.unwrap().event.at).collect()
    }

    /// Follows the tenant's chain from its beginning to its end.
    pub(super) async fn followed(&self, scope: &TenantScope) -> Result<(), ChainBreak> {
        let rows = self.rows(scope).await;
        let ends = self.store.chain_ends(scope).await.unwrap();
        let mut walk = Walk::from(ends.forgotten);
        let kept: Vec<_> = rows.into_iter().filter(|row| row.position > ends.forgotten.position).collect();
        let erased = self.store.told_erased(scope, &erasure::claimed(&kept)).await.unwrap();
        walk.follow(&kept, rekey_sealing::digest, &erased)?;
        walk.ends_at(ends.last)
    }

    /// The tenant's log, in order, after checking every link of its chain.
    pub(super) async fn log(&self, scope: &TenantScope) -> Vec<AuditEvent> {
        assert_eq!(self.followed(scope).await, Ok(()));
        self.rows(scope).await.into_iter().map(|row| known(row.sealed.unwrap().event)).collect()
    }

    /// Does to a row of the log what no code would.
    pub(super) async fn damage(&self, statement: Sql, scope: &TenantScope, position: i64) {
        self.store.database.execute(statement, values![scope.tenant_id(), position]).await.unwrap();
    }

    /// The kinds of the tenant's events, in order.
    pub(super) async fn kinds(&self, scope: &TenantScope) -> Vec<EventKind> {
        self.log(scope).await.iter().map(|event| event.kind).collect()
    }

    /// Puts an account or a group into a group, making the group if need be.
    pub(super) async fn join(&self, scope: &TenantScope, group: Uuid, member: Uuid) {
        let (database, tenant_id) = (&self.store.database, scope.tenant_id());
        database.execute(GROUP, values![tenant_id, group]).await.unwrap();
        database.execute(MEMBER, values![tenant_id, group, member]).await.unwrap();
    }

    /// Leaves so many expired answers behind.
    pub(super) async fn crowd(&self, scope: &TenantScope, count: i64) {
        self.store.database.execute(CROWD, values![scope.tenant_id(), count]).await.unwrap();
    }
}

/// An event whose kind this code knows.
fn known(event: AuditEvent<String>) -> AuditEvent {
    AuditEvent {
        kind: event.kind.parse().unwrap(),
        id: event.id,
        tenant_id: event.tenant_id,
        at: event.at,
        outcome: event.outcome,
        reason: event.reason,
        actor: event.actor,
        caller: event.caller,
        subject: event.subject,
        accounts: event.accounts,
        ip_address: event.ip_address,
        masked_place: event.masked_place,
        trace_id: event.trace_id,
        count: event.count,
    }
}
