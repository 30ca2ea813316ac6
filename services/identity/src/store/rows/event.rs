//! Events of the audit log.

use rekey_primitives::id::{AccountId, EventId, TenantId};
use uuid::Uuid;

use super::{Failure, at, hash, json, number, unreadable};
use crate::domain::audit::chain::ChainRow;
use crate::domain::audit::commitment::{Commitments, LinkFormat, Part};
use crate::domain::audit::{AccountHash, Actor, AuditEvent, SealedEvent, Subject};
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
    link_format: i64,
    actor_salt: Option<Vec<u8>>,
    subject_salt: Option<Vec<u8>>,
    actor_commitment: Option<Vec<u8>>,
    subject_commitment: Option<Vec<u8>>,
    actor_hash: Option<Vec<u8>>,
    account_hashes: Option<Vec<u8>>,
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
            ("erased", Some(hash)) => Actor::Erased(AccountHash::from_uuid(hash)),
            _ => return Err(unreadable("the actor of an event")),
        };
        let subject = match (row.subject.as_str(), row.subject_id, &row.subject_login) {
            ("tenant", None, None) => Subject::Tenant,
            ("account", Some(id), None) => Subject::Account(AccountId::from_uuid(id)),
            ("unknown_login", None, Some(key)) => Subject::UnknownLogin(hash(key)?),
            ("erased", Some(hash), None) => Subject::Erased(AccountHash::from_uuid(hash)),
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

    fn try_from(mut row: SealedEventRow) -> Result<Self, Failure> {
        let format = row.format()?;
        // The row says "account" also of one that was erased afterwards, since the link is made over that.
        if row.actor_commitment.is_some() && row.event.actor == "account" {
            "erased".clone_into(&mut row.event.actor);
        }
        if row.subject_commitment.is_some() && row.event.subject == "account" {
            "erased".clone_into(&mut row.event.subject);
        }
        let event: AuditEvent<String> = row.event.try_into()?;
        if !hashes_agree(&event, &format) {
            return Err(unreadable("the hashes of an event"));
        }
        Ok(Self { position: row.position, link: hash(&row.link)?, format, event })
    }
}

impl SealedEventRow {
    fn format(&self) -> Result<LinkFormat, Failure> {
        let torn = || unreadable("the commitments of an event");
        match self.link_format {
            1 => return Ok(LinkFormat::Plain),
            2 => {}
            _ => return Err(torn()),
        }
        let part = |salt: &Option<Vec<u8>>, commitment: &Option<Vec<u8>>| match (salt, commitment) {
            (Some(salt), None) => salt.as_slice().try_into().ok().map(Part::Whole),
            (None, Some(commitment)) => commitment.as_slice().try_into().ok().map(Part::Erased),
            _ => None,
        };
        let (hashes, rest) = self.account_hashes.as_deref().unwrap_or_default().as_chunks::<16>();
        let actor_hash = self.actor_hash.as_deref().map(TryInto::try_into).transpose().map_err(|_| torn())?;
        if !rest.is_empty() {
            return Err(torn());
        }
        Ok(LinkFormat::Committed(Commitments {
            actor: part(&self.actor_salt, &self.actor_commitment).ok_or_else(torn)?,
            subject: part(&self.subject_salt, &self.subject_commitment).ok_or_else(torn)?,
            actor_hash: actor_hash.map(AccountHash),
            account_hashes: hashes.iter().copied().map(AccountHash).collect(),
        }))
    }
}

/// Whether an erased account is the one that the link is made over.
fn hashes_agree(event: &AuditEvent<String>, format: &LinkFormat) -> bool {
    let LinkFormat::Committed(commitments) = format else { return true };
    let actor = match event.actor {
        Actor::Erased(hash) => commitments.actor_hash == Some(hash),
        _ => true,
    };
    let subject = match event.subject {
        Subject::Erased(hash) => commitments.account_hashes.first() == Some(&hash),
        _ => true,
    };
    actor && subject
}

impl From<SealedEventRow> for ChainRow {
    fn from(row: SealedEventRow) -> Self {
        let (position, event_id) = (row.position, EventId::from_uuid(row.event.event_id));
        Self { position, event_id, sealed: row.try_into().ok() }
    }
}
