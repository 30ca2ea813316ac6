//! The audit log: appending to it, and in rooms of their own sealing, reading and forgetting.
//!
//! Whatever commits appends to `audit_pending`, where nobody waits for anybody. [`sealing`] moves events from there into
//! `audit_events` and gives each its place in its tenant's chain. What is read is sealed. [`erasing`] takes out of it again what
//! identifies an account, and is the only one that changes what was sealed.

pub(crate) mod erasing;
pub(crate) mod reading;
pub(crate) mod retention;

pub(super) mod indexes;
pub(crate) mod sealing;

use std::collections::BTreeMap;

use rekey_database::{Connection, Fragment, fragment, statements, values};
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

    /// The same of many events, which come as one JSON text.
    const APPEND_MANY = "
        insert into audit_pending (tenant_id, event_id, at, kind, outcome, reason, actor, actor_id, caller,
            subject, subject_id, subject_login, ip_address, masked_place, trace_id, count, folded_accounts)
        select tenant_id, event_id, at, kind, outcome, reason, actor, actor_id, caller, subject, subject_id,
            subject_login, ip_address, masked_place, trace_id, count, folded_accounts
        from ", EVENTS, " where true on conflict (tenant_id, event_id) do nothing";
}

/// Events of a JSON text; ids and bytes stand in hexadecimal digits.
const EVENTS: Fragment = fragment!((
    postgres: "(select tenant_id, event_id, at, kind, outcome, reason, actor, actor_id, caller, subject, subject_id,
            decode(subject_login, 'hex') as subject_login, ip_address, masked_place, decode(trace_id, 'hex') as trace_id,
            count, folded_accounts
        from json_to_recordset($1::text::json) as j (tenant_id uuid, event_id uuid, at bigint, kind text, outcome text,
            reason text, actor text, actor_id uuid, caller text, subject text, subject_id uuid, subject_login text,
            ip_address text, masked_place text, trace_id text, count bigint, folded_accounts text)) r",
    sqlite: "(select unhex(value ->> 'tenant_id') as tenant_id, unhex(value ->> 'event_id') as event_id,
            value ->> 'at' as at, value ->> 'kind' as kind, value ->> 'outcome' as outcome, value ->> 'reason' as reason,
            value ->> 'actor' as actor, unhex(value ->> 'actor_id') as actor_id, value ->> 'caller' as caller,
            value ->> 'subject' as subject, unhex(value ->> 'subject_id') as subject_id,
            unhex(value ->> 'subject_login') as subject_login, value ->> 'ip_address' as ip_address,
            value ->> 'masked_place' as masked_place, unhex(value ->> 'trace_id') as trace_id,
            value ->> 'count' as count, value ->> 'folded_accounts' as folded_accounts
        from json_each($1)) r",
));

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

/// Appends many events by one statement, in their order.
pub(super) async fn append_many(tx: &mut Connection, events: &[AuditEvent]) -> Result<(), Failure> {
    if events.is_empty() {
        return Ok(());
    }
    let simple = |id: Uuid| id.simple().to_string();
    let rows = events.iter().map(|event| {
        let Columns { actor, actor_id, subject, subject_id, subject_login } = Columns::of(event);
        serde_json::json!({
            "tenant_id": simple(event.tenant_id.as_uuid()),
            "event_id": simple(event.id.as_uuid()),
            "at": event.at.unix_micros(),
            "kind": event.kind.as_str(),
            "outcome": event.outcome.as_str(),
            "reason": event.reason.as_deref(),
            "actor": actor,
            "actor_id": actor_id.map(simple),
            "caller": event.caller.as_deref(),
            "subject": subject,
            "subject_id": subject_id.map(simple),
            "subject_login": subject_login.map(hex::encode),
            "ip_address": event.ip_address.map(|address| address.to_string()),
            "masked_place": event.masked_place.as_deref(),
            "trace_id": event.trace_id.map(hex::encode),
            "count": event.count,
            "folded_accounts": folded_accounts(event),
        })
    });
    tx.execute(APPEND_MANY, values![serde_json::Value::from_iter(rows).to_string()]).await?;
    Ok(())
}

/// The accounts of a folded event as a JSON list.
fn folded_accounts<Kind>(event: &AuditEvent<Kind>) -> Option<String> {
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
    fn of<Kind>(event: &'a AuditEvent<Kind>) -> Self {
        let actor_id = match event.actor {
            Actor::Account(id) => Some(id.as_uuid()),
            Actor::Erased(hash) => Some(hash.as_uuid()),
            Actor::Stranger | Actor::Service | Actor::Rekey => None,
        };
        let (subject_id, subject_login) = match &event.subject {
            Subject::Tenant => (None, None),
            Subject::Account(id) => (Some(id.as_uuid()), None),
            Subject::Erased(hash) => (Some(hash.as_uuid()), None),
            Subject::UnknownLogin(key) => (None, Some(key)),
        };
        let (actor, subject) = (event.actor.kind(), event.subject.kind());
        Self { actor, actor_id, subject, subject_id, subject_login }
    }
}
