//! Appending to a tenant's audit log: the last thing a step writes, since everybody meets at the head of the chain.

use std::collections::BTreeMap;

use rekey_database::{Connection, statements, values};
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::columns::EMPTY;
use super::{Failure, Store, transitions};
use crate::domain::audit::{Actor, AuditEvent, Subject};

statements! {
    /// The place of the last event and its link, under lock; made if the tenant has none.
    const LOCK_HEAD = "
        insert into audit_heads (tenant_id, position, link) values ($1, 0, ", EMPTY, ")
        on conflict (tenant_id) do update set position = audit_heads.position
        returning position, link";

    /// Writes the event and moves the head behind it, or does neither if the event is there already.
    const APPEND = (postgres: "
        with appended as (
            insert into audit_events (tenant_id, at, event_id, position, kind, outcome, reason, actor, actor_id, caller,
                subject, subject_id, subject_login, ip_address, masked_place, trace_id, count, link,
                folded_accounts)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
            on conflict (tenant_id, at, event_id) do nothing
            returning tenant_id
        )
        update audit_heads set position = $4, link = $18
        where tenant_id = (select tenant_id from appended)",
    sqlite: "
        insert into audit_events (tenant_id, at, event_id, position, kind, outcome, reason, actor, actor_id, caller,
            subject, subject_id, subject_login, ip_address, masked_place, trace_id, count, link,
            folded_accounts)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
        on conflict (tenant_id, at, event_id) do nothing;
        update audit_heads set position = $4, link = $18 where tenant_id = $1 and exists (
            select 1 from audit_events where tenant_id = $1 and at = $2 and event_id = $3 and position = $4
        )");
}

impl Store {
    /// Appends events to the logs of their tenants, each chained to the one before it. Appending is the same step
    /// that other methods take their event through; an event whose id is there already is passed over.
    pub(crate) async fn append_events(&self, events: &[AuditEvent]) -> Result<(), Failure> {
        // A tenant at a time: nobody waits at the head of one chain while holding another's.
        let mut by_tenant: BTreeMap<TenantId, Vec<&AuditEvent>> = BTreeMap::new();
        for event in events {
            by_tenant.entry(event.tenant_id).or_default().push(event);
        }
        for events in by_tenant.values() {
            let append = self.database.step(|mut tx| async move {
                for event in events {
                    append(&mut tx, event).await?;
                }
                Ok(tx.commit(()))
            });
            append.await?;
        }
        Ok(())
    }
}

/// Appends an event behind the tenant's last one, unless it is there already.
pub(super) async fn append(tx: &mut Connection, event: &AuditEvent) -> Result<(), Failure> {
    let (position, previous): (i64, Vec<u8>) = tx.one(LOCK_HEAD, values![event.tenant_id]).await?;
    let link = transitions::next_link(&previous, event)?;
    let Columns { actor, actor_id, subject, subject_id, subject_login } = Columns::of(event);
    let values = values![
        event.tenant_id,
        event.at,
        event.id,
        position + 1,
        event.kind.as_str(),
        event.outcome.as_str(),
        event.reason.as_deref(),
        actor,
        actor_id,
        event.caller.as_deref(),
        subject,
        subject_id,
        subject_login,
        event.ip_address.map(|address| address.to_string()),
        event.masked_place.as_deref(),
        event.trace_id.as_ref(),
        event.count,
        &link,
        folded_accounts(event),
    ];
    tx.execute(APPEND, values).await?;
    Ok(())
}

/// The accounts of a folded event as a JSON list.
fn folded_accounts(event: &AuditEvent) -> Option<String> {
    let ids = event.accounts.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>();
    (!ids.is_empty()).then(|| format!("[{}]", ids.join(",")))
}

/// Who acts on whom, column by column.
struct Columns<'a> {
    actor: &'static str,
    actor_id: Option<Uuid>,
    subject: &'static str,
    subject_id: Option<Uuid>,
    subject_login: Option<&'a [u8; 32]>,
}

impl<'a> Columns<'a> {
    fn of(event: &'a AuditEvent) -> Self {
        let (actor, actor_id) = match event.actor {
            Actor::Stranger => ("stranger", None),
            Actor::Account(id) => ("account", Some(id.as_uuid())),
            Actor::Service => ("service", None),
            Actor::Rekey => ("rekey", None),
        };
        let (subject, subject_id, subject_login) = match &event.subject {
            Subject::Tenant => ("tenant", None, None),
            Subject::Account(id) => ("account", Some(id.as_uuid()), None),
            Subject::UnknownLogin(key) => ("unknown_login", None, Some(key)),
        };
        Self { actor, actor_id, subject, subject_id, subject_login }
    }
}
