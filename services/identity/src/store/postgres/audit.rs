//! Appending to a tenant's audit log: the last thing a step writes, since everybody meets at the head of the chain.

use sqlx::PgConnection;

use crate::domain::audit::{Actor, AuditEvent, Subject};
use crate::store::{Failure, decide};

const LOCK_HEAD: &str = "
    insert into audit_heads (tenant_id, position, link) values ($1, 0, $2)
    on conflict (tenant_id) do update set position = audit_heads.position
    returning position, link";

/// Writes the event and moves the head behind it, or does neither if the event is there already.
const APPEND: &str = "
    with appended as (
        insert into audit_events (tenant_id, at, event_id, position, kind, outcome, reason, actor, actor_id, caller,
            subject, subject_id, subject_login, ip_address, masked_place, trace_id, count, link)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        on conflict (tenant_id, at, event_id) do nothing
        returning tenant_id
    )
    update audit_heads set position = $4, link = $18
    where tenant_id = (select tenant_id from appended)";

/// Appends an event behind the tenant's last one, unless it is there already.
pub(super) async fn append(tx: &mut PgConnection, event: &AuditEvent) -> Result<(), Failure> {
    let tenant_id = event.tenant_id.as_uuid();
    let (position, previous): (i64, Vec<u8>) =
        sqlx::query_as(LOCK_HEAD).bind(tenant_id).bind(&b""[..]).fetch_one(&mut *tx).await?;
    let link = decide::next_link(&previous, event)?;
    insert(tx, event, position + 1, &link).await
}

async fn insert(
    tx: &mut PgConnection,
    event: &AuditEvent,
    position: i64,
    link: &[u8; 32],
) -> Result<(), Failure> {
    let (actor, actor_id) = match event.actor {
        Actor::Stranger => ("stranger", None),
        Actor::Account(id) => ("account", Some(id.as_uuid())),
        Actor::Service => ("service", None),
        Actor::Rekey => ("rekey", None),
    };
    let (subject, subject_id, subject_login) = match &event.subject {
        Subject::Tenant => ("tenant", None, None),
        Subject::Account(id) => ("account", Some(id.as_uuid()), None),
        Subject::UnknownLogin(key) => ("unknown_login", None, Some(&key[..])),
    };
    sqlx::query(APPEND)
        .bind(event.tenant_id.as_uuid())
        .bind(event.at.unix_micros())
        .bind(event.id.as_uuid())
        .bind(position)
        .bind(event.kind.as_str())
        .bind(event.outcome.as_str())
        .bind(event.reason.as_deref())
        .bind(actor)
        .bind(actor_id)
        .bind(event.caller.as_deref())
        .bind(subject)
        .bind(subject_id)
        .bind(subject_login)
        .bind(event.ip_address.map(|address| address.to_string()))
        .bind(event.masked_place.as_deref())
        .bind(event.trace_id.as_ref().map(<[u8; 16]>::as_slice))
        .bind(i64::from(event.count))
        .bind(&link[..])
        .execute(tx)
        .await?;
    Ok(())
}
