//! Looking inside: the audit log as it lies in the database, and rows that no step writes yet.

use rekey_database::{statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, EventId, TenantId};
use uuid::Uuid;

use super::world::World;
use crate::domain::audit::{Actor, AuditEvent, CHAIN_START, EventKind, Subject, link_parts};
use crate::domain::scope::TenantScope;

statements! {
    const EVENTS = "
        select tenant_id, at, event_id, position, kind, outcome, reason, actor, actor_id, caller, subject, subject_id,
            subject_login, ip_address, masked_place, trace_id, count, link, folded_accounts
        from audit_events where tenant_id = $1 order by position";

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

#[derive(sqlx::FromRow)]
struct EventRow {
    tenant_id: Uuid,
    at: i64,
    event_id: Uuid,
    position: i64,
    kind: String,
    outcome: String,
    reason: Option<String>,
    actor: String,
    actor_id: Option<Uuid>,
    caller: Option<String>,
    subject: String,
    subject_id: Option<Uuid>,
    subject_login: Option<Vec<u8>>,
    ip_address: Option<String>,
    masked_place: Option<String>,
    trace_id: Option<Vec<u8>>,
    count: i64,
    link: Vec<u8>,
    folded_accounts: Option<String>,
}

impl EventRow {
    fn event(&self) -> AuditEvent {
        AuditEvent {
            id: EventId::from_uuid(self.event_id),
            tenant_id: TenantId::from_uuid(self.tenant_id),
            at: Timestamp::from_unix_micros(self.at),
            kind: self.kind.parse().unwrap(),
            outcome: self.outcome.parse().unwrap(),
            reason: self.reason.clone().map(Into::into),
            actor: match (self.actor.as_str(), self.actor_id) {
                ("stranger", None) => Actor::Stranger,
                ("account", Some(id)) => Actor::Account(AccountId::from_uuid(id)),
                ("service", None) => Actor::Service,
                ("rekey", None) => Actor::Rekey,
                other => panic!("actor {other:?}"),
            },
            caller: self.caller.clone(),
            subject: match (self.subject.as_str(), self.subject_id, &self.subject_login) {
                ("tenant", None, None) => Subject::Tenant,
                ("account", Some(id), None) => Subject::Account(AccountId::from_uuid(id)),
                ("unknown_login", None, Some(key)) => {
                    Subject::UnknownLogin(key.as_slice().try_into().unwrap())
                }
                other => panic!("subject {other:?}"),
            },
            accounts: self.accounts(),
            ip_address: self.ip_address.as_ref().map(|text| text.parse().unwrap()),
            masked_place: self.masked_place.clone(),
            trace_id: self.trace_id.as_ref().map(|id| id.as_slice().try_into().unwrap()),
            count: u32::try_from(self.count).unwrap(),
        }
    }
}

impl EventRow {
    fn accounts(&self) -> Vec<AccountId> {
        let ids: Vec<Uuid> = serde_json::from_str(self.folded_accounts.as_deref().unwrap_or("[]")).unwrap();
        ids.into_iter().map(AccountId::from_uuid).collect()
    }
}

impl World {
    async fn events(&self, scope: &TenantScope) -> Vec<EventRow> {
        self.store.database.all(EVENTS, values![scope.tenant_id()]).await.unwrap()
    }

    /// When the events happened that are left of the tenant's log.
    pub(super) async fn times(&self, scope: &TenantScope) -> Vec<Timestamp> {
        self.events(scope).await.iter().map(|row| Timestamp::from_unix_micros(row.at)).collect()
    }

    /// The tenant's log, in order, after checking every link of its chain.
    pub(super) async fn log(&self, scope: &TenantScope) -> Vec<AuditEvent> {
        let rows = self.events(scope).await;
        let mut previous = CHAIN_START;
        for (position, row) in (1..).zip(&rows) {
            let link = rekey_sealing::digest(&link_parts(&previous, &row.event().canonical()));
            assert_eq!((row.position, &row.link[..]), (position, &link[..]), "the chain breaks");
            previous = link;
        }
        rows.iter().map(EventRow::event).collect()
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
