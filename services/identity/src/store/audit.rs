//! The audit log: appending to it, and in rooms of their own sealing, reading and forgetting.
//!
//! Whatever commits appends to `audit_pending`, where nobody waits for anybody. [`sealing`] moves events from there into
//! `audit_events` and gives each its place in its tenant's chain. What is read is sealed.

pub(crate) mod reading;
pub(crate) mod retention;

pub(super) mod indexes;
pub(super) mod sealing;

use std::collections::BTreeMap;

use rekey_database::{Connection, statements, values};
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::{Failure, Store};
use crate::domain::audit::{Actor, AuditEvent, Subject};

statements! {
    /// Once, however often its writer repeats it.
    const APPEND = "
        insert into audit_pending (tenant_id, event_id, at, kind, outcome, reason, actor, actor_id, caller,
            subject, subject_id, subject_login, ip_address, masked_place, trace_id, count, folded_accounts)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        on conflict (tenant_id, event_id) do nothing";
}

impl Store {
    /// Appends events to the logs of their tenants. Appending is the same step that other methods take their event
    /// through; an event whose id is there already is passed over.
    pub(crate) async fn append_events(&self, events: &[AuditEvent]) -> Result<(), Failure> {
        // A tenant at a time: what one tenant's step fails of stops no other's.
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

/// Appends an event, unless it is there already. Its place in the chain it gets when it is sealed.
pub(super) async fn append(tx: &mut Connection, event: &AuditEvent) -> Result<(), Failure> {
    let Columns { actor, actor_id, subject, subject_id, subject_login } = Columns::of(event);
    let values = values![
        event.tenant_id,
        event.id,
        event.at,
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
