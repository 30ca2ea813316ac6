//! Appending to a tenant's audit log: the last thing a step writes, since everybody meets at the head of the chain.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};

use super::Turn;
use crate::domain::audit::{Actor, AuditEvent, Subject};
use crate::store::{Failure, decide};

/// The [`Head`] of the tenant `$1`, made if there is none.
macro_rules! audit_head {
    () => {
        "insert into audit_heads (tenant_id, position, link) values ($1, 0, x'')
         on conflict (tenant_id) do update set position = audit_heads.position
         returning position, link"
    };
}
pub(super) use audit_head;

const HEAD: &str = audit_head!();

/// Writes the event and moves the head behind it, or does neither if the event is there already.
macro_rules! append {
    () => {
        "
    insert into audit_events (tenant_id, at, event_id, position, kind, outcome, reason, actor, actor_id, caller,
        subject, subject_id, subject_login, ip_address, masked_place, trace_id, count, link)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    on conflict (tenant_id, at, event_id) do nothing;
    update audit_heads set position = $4, link = $18 where tenant_id = $1 and changes() = 1"
    };
}

const APPEND: &str = append!();

const APPEND_AND_COMMIT: &str = concat!(append!(), "; commit");

/// The end of a tenant's log: the place of its last event, and the link of that.
#[derive(sqlx::FromRow)]
pub(super) struct Head {
    position: i64,
    link: Vec<u8>,
}

/// Appends an event behind the tenant's last one, unless it is there already.
pub(super) async fn append(tx: &mut SqliteConnection, event: &AuditEvent) -> Result<(), Failure> {
    let head = read_head(tx, event).await?;
    let link = decide::next_link(&head.link, event)?;
    filled(APPEND, event, head.position + 1, &link).execute(tx).await?;
    Ok(())
}

/// Appends an event as [`append`] does, and ends the step.
pub(super) async fn close(mut tx: Turn, event: &AuditEvent) -> Result<(), Failure> {
    let head = read_head(&mut tx, event).await?;
    close_behind(tx, &head, event).await
}

/// The same behind a head that the step has read by [`audit_head`].
pub(super) async fn close_behind(tx: Turn, head: &Head, event: &AuditEvent) -> Result<(), Failure> {
    let link = decide::next_link(&head.link, event)?;
    tx.end_with(filled(APPEND_AND_COMMIT, event, head.position + 1, &link)).await
}

async fn read_head(tx: &mut SqliteConnection, event: &AuditEvent) -> Result<Head, Failure> {
    Ok(sqlx::query_as(HEAD).bind(event.tenant_id.as_uuid()).fetch_one(tx).await?)
}

fn filled<'q>(
    statement: &'static str,
    event: &'q AuditEvent,
    position: i64,
    link: &'q [u8; 32],
) -> Query<'q, Sqlite, SqliteArguments> {
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
    sqlx::query(statement)
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
}
