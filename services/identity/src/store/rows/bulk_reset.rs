//! Bulk resets and their accounts.

use rekey_primitives::id::{AccountId, TenantId};
use uuid::Uuid;

use super::{Failure, at, json, number, unreadable};
use crate::domain::audit::Actor;
use crate::domain::bulk_reset::{
    BulkMode, BulkOutcome, BulkPlan, BulkReset, BulkResetId, BulkResult, BulkState, BulkStop,
};

/// A job.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct BulkResetRow {
    tenant_id: Uuid,
    bulk_reset_id: Uuid,
    mode: String,
    dry_run: bool,
    per_second: i64,
    filter: Option<String>,
    walked_to: Option<String>,
    state: String,
    stop_reason: Option<String>,
    accounts: i64,
    accounts_reset: i64,
    accounts_refused: i64,
    next_sequence: i64,
    /// The number that the next account gets.
    pub(in crate::store) next_number: i64,
    worked_to: i64,
    actor: String,
    actor_id: Option<Uuid>,
    caller: String,
    ip_address: Option<String>,
    created_at: i64,
    updated_at: i64,
    ended_at: Option<i64>,
    fence: i64,
}

/// An account of a job, with its first login.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct BulkResultRow {
    number: i64,
    account_id: Option<Uuid>,
    login: Option<String>,
    outcome: String,
    refused: Option<String>,
    finished_at: Option<i64>,
}

impl BulkResetRow {
    pub(in crate::store) const fn id(&self) -> Uuid {
        self.bulk_reset_id
    }

    pub(in crate::store) fn job(self) -> Result<BulkReset, Failure> {
        let torn = || unreadable("a bulk reset");
        let plan = BulkPlan {
            mode: BulkMode::parse(&self.mode).ok_or_else(torn)?,
            dry_run: self.dry_run,
            per_second: number(self.per_second, "the pace of a bulk reset")?,
            filter: self.filter.map(|text| json(&text, "the filter of a bulk reset")).transpose()?,
            actor: match (self.actor.as_str(), self.actor_id) {
                ("account", Some(id)) => Actor::Account(AccountId::from_uuid(id)),
                ("service", None) => Actor::Service,
                _ => return Err(torn()),
            },
            caller: self.caller,
            ip: self.ip_address.and_then(|ip| ip.parse().ok()),
        };
        let stop = self.stop_reason.map(|word| BulkStop::parse(&word).ok_or_else(torn)).transpose()?;
        Ok(BulkReset {
            id: BulkResetId::from_uuid(self.bulk_reset_id),
            tenant_id: TenantId::from_uuid(self.tenant_id),
            plan,
            state: BulkState::parse(&self.state).ok_or_else(torn)?,
            stop,
            accounts: self.accounts,
            reset: self.accounts_reset,
            refused: self.accounts_refused,
            next_sequence: self.next_sequence,
            walked_to: self.walked_to.map(|text| json(&text, "the place of a bulk reset")).transpose()?,
            worked_to: self.worked_to,
            fence: self.fence,
            created_at: at(self.created_at),
            updated_at: at(self.updated_at),
            ended_at: self.ended_at.map(at),
        })
    }
}

impl BulkResultRow {
    pub(in crate::store) fn result(self) -> Result<BulkResult, Failure> {
        Ok(BulkResult {
            number: self.number,
            account_id: self.account_id.map(AccountId::from_uuid),
            login: self.login,
            outcome: BulkOutcome::parse(&self.outcome)
                .ok_or_else(|| unreadable("a result of a bulk reset"))?,
            refused: self.refused,
            finished_at: self.finished_at.map(at),
        })
    }
}
