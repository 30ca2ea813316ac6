//! Events of the audit log.

use rekey_primitives::id::{AccountId, EventId, TenantId};
use uuid::Uuid;

use super::{Failure, at, hash, json, number, unreadable};
use crate::domain::audit::chain::ChainRow;
use crate::domain::audit::{Actor, AuditEvent, SealedEvent, Subject};
use crate::store::audit::reading::EventPlace;

/// An event, sealed or not.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct EventRow {
    tenant_id: Uuid,
    at: i64,
    pub(in crate::store) event_id: Uuid,
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
    folded_accounts: Option<String>,
}

/// An event with its place in the chain.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct SealedEventRow {
    #[sqlx(flatten)]
    pub(in crate::store) event: EventRow,
    pub(in crate::store) position: i64,
    link: Vec<u8>,
}

/// An event that waits for its place.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct PendingEventRow {
    #[sqlx(flatten)]
    pub(in crate::store) event: EventRow,
    /// The log has it already: its writer had no answer and wrote it again.
    pub(in crate::store) is_sealed: bool,
    /// The order of writing.
    pub(in crate::store) number: i64,
}

impl EventRow {
    /// Its place in a list by time.
    pub(in crate::store) const fn place(&self) -> EventPlace {
        EventPlace { at: at(self.at), id: EventId::from_uuid(self.event_id) }
    }
}

impl TryFrom<EventRow> for AuditEvent<String> {
    type Error = Failure;

    fn try_from(row: EventRow) -> Result<Self, Failure> {
        let actor = match (row.actor.as_str(), row.actor_id) {
            ("stranger", None) => Actor::Stranger,
            ("account", Some(id)) => Actor::Account(AccountId::from_uuid(id)),
            ("service", None) => Actor::Service,
            ("rekey", None) => Actor::Rekey,
            _ => return Err(unreadable("the actor of an event")),
        };
        let subject = match (row.subject.as_str(), row.subject_id, &row.subject_login) {
            ("tenant", None, None) => Subject::Tenant,
            ("account", Some(id), None) => Subject::Account(AccountId::from_uuid(id)),
            ("unknown_login", None, Some(key)) => Subject::UnknownLogin(hash(key)?),
            _ => return Err(unreadable("the subject of an event")),
        };
        let accounts: Vec<Uuid> = match &row.folded_accounts {
            Some(list) => json(list, "the accounts of an event")?,
            None => Vec::new(),
        };
        let ip_address = row.ip_address.map(|text| text.parse()).transpose();
        let trace_id = row.trace_id.map(|id| id.as_slice().try_into()).transpose();
        Ok(Self {
            id: EventId::from_uuid(row.event_id),
            tenant_id: TenantId::from_uuid(row.tenant_id),
            at: at(row.at),
            kind: row.kind,
            outcome: row.outcome.parse().map_err(|_| unreadable("the outcome of an event"))?,
            reason: row.reason.map(Into::into),
            actor,
            caller: row.caller,
            subject,
            accounts: accounts.into_iter().map(AccountId::from_uuid).collect(),
            ip_address: ip_address.map_err(|_| unreadable("the address of an event"))?,
            masked_place: row.masked_place,
            trace_id: trace_id.map_err(|_| unreadable("the trace of an event"))?,
            count: number(row.count, "the count of an event")?,
        })
    }
}

impl TryFrom<SealedEventRow> for SealedEvent {
    type Error = Failure;

    fn try_from(row: SealedEventRow) -> Result<Self, Failure> {
        Ok(Self { position: row.position, link: hash(&row.link)?, event: row.event.try_into()? })
    }
}

impl From<SealedEventRow> for ChainRow {
    fn from(row: SealedEventRow) -> Self {
        let (position, event_id) = (row.position, EventId::from_uuid(row.event.event_id));
        Self { position, event_id, sealed: row.try_into().ok() }
    }
}
