//! Keeping the store in order.

use std::time::Duration;

use rekey_database::{FOR_UPDATE_SKIP_LOCKED, Fragment, Sql, fragment, statements, values};
use rekey_primitives::clock::Timestamp;

use super::{Failure, Store, partitions};
use crate::domain::security_info::REMOVED_STILL_TOLD;

/// How many rows one sweep deletes at most.
const SWEPT_AT_MOST: u64 = 1_000;

/// How long a familiar place is remembered without a sign-in from it, of which one a day is written down.
const PLACE_LIFE: Duration = Duration::from_secs(90 * 86_400);

/// How long a lockout is remembered without another wrong password: many times the longest lock there can be.
const LOCKOUT_LIFE: Duration = Duration::from_secs(90 * 86_400);

/// How long a request whose attempt was counted is remembered: longer than any answer to it is stored.
const COUNTED_ATTEMPT_LIFE: Duration = Duration::from_secs(86_400);

/// How long attempts are held against a method that no account has: a decoy's, or those of a removed address. Longer than
/// anybody watches whether it comes back to life, which a real one never does by itself.
const ABANDONED_ATTEMPTS_LIFE: Duration = Duration::from_secs(400 * 86_400);

/// How long it is remembered that somebody was notified of the expiry of a password: longer than the 730 days that the
/// longest-lived one has.
const EXPIRY_NOTICE_LIFE: Duration = Duration::from_secs(800 * 86_400);

/// The end of a list of at most `$2` rows, the oldest first: without an order Postgres may hope to meet old rows soon, and read
/// all of a table that has none. Those that another replica is sweeping or using are left to it. The list is
/// made once, whatever the planner thinks of it: a list made anew for every row would lock and delete more than the
/// limit.
const AT_MOST: Fragment = fragment!(" limit $2", FOR_UPDATE_SKIP_LOCKED, ") select * from gone)");

statements! {
    const ANSWERS = "
        delete from answers where (tenant_id, request_key) in (
            with gone as materialized (
                select tenant_id, request_key from answers where expires_at <= $1 order by expires_at", AT_MOST;

    const RESET_ATTEMPTS = "
        delete from reset_attempts where (tenant_id, reset_id) in (
            with gone as materialized (
                select tenant_id, reset_id from reset_attempts where expires_at <= $1 order by expires_at", AT_MOST;

    const SESSIONS = "
        delete from sessions where (tenant_id, session_id) in (
            with gone as materialized (
                select tenant_id, session_id from sessions where expires_at <= $1 order by expires_at", AT_MOST;

    const ACCESS_PASSES = "
        delete from access_passes where (tenant_id, account_id) in (
            with gone as materialized (
                select tenant_id, account_id from access_passes where expires_at <= $1 order by expires_at", AT_MOST;

    const FAMILIAR_PLACES = "
        delete from familiar_places where (tenant_id, login_key, place_key) in (
            with gone as materialized (
                select tenant_id, login_key, place_key from familiar_places
                where seen_at <= $1 order by seen_at", AT_MOST;

    const SECURITY_INFO_CODES = "
        delete from security_info_codes where (tenant_id, security_info_id) in (
            with gone as materialized (
                select tenant_id, security_info_id from security_info_codes
                where code_expires_at <= $1 order by code_expires_at", AT_MOST;

    const DECOY_SENDS = "
        delete from decoy_sends where (tenant_id, verification_id, number) in (
            with gone as materialized (
                select tenant_id, verification_id, number from decoy_sends
                where expires_at <= $1 order by expires_at", AT_MOST;

    const RESET_CODES = "
        delete from reset_codes where (tenant_id, verification_id) in (
            with gone as materialized (
                select tenant_id, verification_id from reset_codes where expires_at <= $1 order by expires_at", AT_MOST;

    /// Every login that anybody ever types has one.
    const LOCKOUTS = "
        delete from lockouts where (tenant_id, login_key, place_key) in (
            with gone as materialized (
                select tenant_id, login_key, place_key from lockouts
                where changed_at <= $1 order by changed_at", AT_MOST;

    const REMOVED_ADDRESSES = "
        delete from removed_addresses where (tenant_id, account_id, security_info_id) in (
            with gone as materialized (
                select tenant_id, account_id, security_info_id from removed_addresses
                where removed_at <= $1 order by removed_at", AT_MOST;

    const COUNTED_ATTEMPTS = "
        delete from counted_tries where (tenant_id, method_key, request_key) in (
            with gone as materialized (
                select tenant_id, method_key, request_key from counted_tries
                where counted_at <= $1 order by counted_at", AT_MOST;

    /// A method with nothing held against it and no live code is like one that was never attempted.
    const METHOD_ATTEMPTS = "
        delete from method_tries where (tenant_id, method_key) in (
            with gone as materialized (
                select tenant_id, method_key from method_tries
                where in_a_row = 0 and familiar_in_a_row = 0 and live_until <= $1 order by live_until", AT_MOST;

    const ABANDONED_ATTEMPTS = "
        delete from method_tries where (tenant_id, method_key) in (
            with gone as materialized (
                select t.tenant_id, t.method_key from method_tries t
                where t.live_until <= $1 and not exists (
                    select 1 from security_info i
                    where i.tenant_id = t.tenant_id and i.security_info_id = t.method_key
                ) order by t.live_until", AT_MOST;

    /// No password lives as long.
    const EXPIRY_NOTICES = "
        delete from expiry_notices where (tenant_id, account_id, epoch, days) in (
            with gone as materialized (
                select tenant_id, account_id, epoch, days from expiry_notices
                where told_at <= $1 order by told_at", AT_MOST;
}

impl Store {
    /// Deletes what can never matter again at `now`: stored answers, attempts, codes of entries, decoy sends, sessions
    /// and access passes past their end, familiar
    /// places not seen and lockouts not added to for 90 days, removed addresses after a week, marks of expiry notices
    /// after 800 days. Returns how many rows went; at most 1,000 a call, so that it never holds a lock for long. Where
    /// the audit log is partitioned, it makes the partitions of the time to come.
    pub(crate) async fn sweep(&self, now: Timestamp) -> Result<u64, Failure> {
        let sweeps: [(Sql, Timestamp); 14] = [
            (ANSWERS, now),
            (RESET_ATTEMPTS, now),
            (SECURITY_INFO_CODES, now),
            (DECOY_SENDS, now),
            (RESET_CODES, now),
            (SESSIONS, now),
            (ACCESS_PASSES, now),
            (FAMILIAR_PLACES, now.minus(PLACE_LIFE)),
            (LOCKOUTS, now.minus(LOCKOUT_LIFE)),
            (REMOVED_ADDRESSES, now.minus(REMOVED_STILL_TOLD)),
            (COUNTED_ATTEMPTS, now.minus(COUNTED_ATTEMPT_LIFE)),
            (METHOD_ATTEMPTS, now),
            (ABANDONED_ATTEMPTS, now.minus(ABANDONED_ATTEMPTS_LIFE)),
            (EXPIRY_NOTICES, now.minus(EXPIRY_NOTICE_LIFE)),
        ];
        let mut swept = 0;
        for (sql, until) in sweeps {
            let most = (SWEPT_AT_MOST - swept).cast_signed();
            swept += self.database.execute(sql, values![until, most]).await?;
        }
        partitions::prepare(&self.database, now).await?;
        Ok(swept)
    }
}
