//! Keeping the store in order.

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;

use super::SqliteStore;
use crate::domain::policy::AuditRules;
use crate::domain::security_info::REMOVED_STILL_TOLD;
use crate::store::decide::forgotten_until;
use crate::store::{
    ABANDONED_TRIES_KEPT, COUNTED_TRY_KEPT, EXPIRY_NOTICE_KEPT, Failure, LOCKOUT_KEPT, PLACE_KEPT,
    SCHEMA_VERSION, SWEPT_AT_MOST, Upkeep,
};

const PING: &str = "select count(*) from sqlite_master";

const HAS_SCHEMA: &str =
    "select count(*) from sqlite_master where type = 'table' and name = 'schema_version'";

const SCHEMA: &str = "select version, serves_since from schema_version";

const ANSWERS: &str = "
    delete from answers where (tenant_id, request_key) in (
        select tenant_id, request_key from answers where expires_at <= $1 limit $2)";

const RESET_ATTEMPTS: &str = "
    delete from reset_attempts where (tenant_id, reset_id) in (
        select tenant_id, reset_id from reset_attempts where expires_at <= $1 limit $2)";

const SESSIONS: &str = "
    delete from sessions where (tenant_id, session_id) in (
        select tenant_id, session_id from sessions where expires_at <= $1 limit $2)";

const FAMILIAR_PLACES: &str = "
    delete from familiar_places where (tenant_id, login_key, place_key) in (
        select tenant_id, login_key, place_key from familiar_places where seen_at <= $1 limit $2)";

/// Every login that anybody ever types has one.
const LOCKOUTS: &str = "
    delete from lockouts where (tenant_id, login_key, place_key) in (
        select tenant_id, login_key, place_key from lockouts where changed_at <= $1 limit $2)";

const REMOVED_ADDRESSES: &str = "
    delete from removed_addresses where (tenant_id, account_id, security_info_id) in (
        select tenant_id, account_id, security_info_id from removed_addresses where removed_at <= $1 limit $2)";

const COUNTED_TRIES: &str = "
    delete from counted_tries where (tenant_id, method_key, request_key) in (
        select tenant_id, method_key, request_key from counted_tries where counted_at <= $1 limit $2)";

/// A method with nothing held against it and no live code is like one that was never tried.
const METHOD_TRIES: &str = "
    delete from method_tries where (tenant_id, method_key) in (
        select tenant_id, method_key from method_tries
        where in_a_row = 0 and familiar_in_a_row = 0 and live_until <= $1 limit $2)";

const ABANDONED_TRIES: &str = "
    delete from method_tries where (tenant_id, method_key) in (
        select t.tenant_id, t.method_key from method_tries t
        where t.live_until <= $1 and not exists (
            select 1 from security_info i where i.tenant_id = t.tenant_id and i.security_info_id = t.method_key
        ) limit $2)";

/// No password lives as long.
const EXPIRY_NOTICES: &str = "
    delete from expiry_notices where (tenant_id, account_id, epoch, days) in (
        select tenant_id, account_id, epoch, days from expiry_notices where told_at <= $1 limit $2)";

/// The longest that any tenant's policy of today keeps events, in days; none without a tenant.
const LONGEST_RETENTION: &str = "
    select max(days) from (
        select coalesce(json_extract(document, '$.audit.retention_days'), $1) as days, max(version)
        from policies group by tenant_id)";

/// By tenant, so that the primary key leads to the oldest.
const OLD_EVENTS: &str = "
    delete from audit_events where (tenant_id, at, event_id) in (
        select e.tenant_id, e.at, e.event_id
        from tenants t cross join audit_events e on e.tenant_id = t.tenant_id and e.at < $1 limit $2)";

#[async_trait]
impl Upkeep for SqliteStore {
    async fn ping(&self) -> Result<(), Failure> {
        sqlx::query(PING).fetch_one(&mut *self.reader().await?).await?;
        self.begin().await.map(drop)
    }

    async fn schema_fits(&self) -> Result<bool, Failure> {
        let (tables,): (i64,) = sqlx::query_as(HAS_SCHEMA).fetch_one(&mut *self.reader().await?).await?;
        if tables == 0 {
            return Ok(false);
        }
        let (version, serves_since): (i64, i64) =
            sqlx::query_as(SCHEMA).fetch_one(&mut *self.reader().await?).await?;
        Ok(version >= SCHEMA_VERSION && serves_since <= SCHEMA_VERSION)
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, Failure> {
        let sweeps = [
            (ANSWERS, now),
            (RESET_ATTEMPTS, now),
            (SESSIONS, now),
            (FAMILIAR_PLACES, now.minus(PLACE_KEPT)),
            (LOCKOUTS, now.minus(LOCKOUT_KEPT)),
            (REMOVED_ADDRESSES, now.minus(REMOVED_STILL_TOLD)),
            (COUNTED_TRIES, now.minus(COUNTED_TRY_KEPT)),
            (METHOD_TRIES, now),
            (ABANDONED_TRIES, now.minus(ABANDONED_TRIES_KEPT)),
            (EXPIRY_NOTICES, now.minus(EXPIRY_NOTICE_KEPT)),
        ];
        let mut swept = 0;
        for (statement, until) in sweeps {
            swept += sqlx::query(statement)
                .bind(until.unix_micros())
                .bind((SWEPT_AT_MOST - swept).cast_signed())
                .execute(&mut *self.turn().await?)
                .await?
                .rows_affected();
        }
        Ok(swept)
    }

    async fn forget_events(&self, now: Timestamp) -> Result<u64, Failure> {
        let (days,): (Option<i64>,) = sqlx::query_as(LONGEST_RETENTION)
            .bind(i64::from(AuditRules::default().retention_days))
            .fetch_one(&mut *self.reader().await?)
            .await?;
        let Some(until) = days.map(|days| forgotten_until(days, now)) else { return Ok(0) };
        let gone = sqlx::query(OLD_EVENTS)
            .bind(until)
            .bind(SWEPT_AT_MOST.cast_signed())
            .execute(&mut *self.turn().await?)
            .await?;
        Ok(gone.rows_affected())
    }
}
