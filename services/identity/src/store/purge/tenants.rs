//! Purging tenants: everything of one, table by table, and then its row. Its log goes as well, so what happened is told by the
//! process's own log alone.
//!
//! The tables are listed here by hand, in an order in which nothing refers to what went. `contract` holds the list to the schema, so
//! that a table to come cannot be forgotten.

use rekey_database::{FOR_UPDATE_SKIP_LOCKED, Fragment, Sql, fragment, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::{Purge, ROWS_AT_ONCE};
use crate::domain::scope::TenantScope;
use crate::store::{Failure, Store};

/// The end of a list of rows, as many as a step takes. Postgres deletes them where they lie: by their keys it would rather read
/// the table. The number is in the text, or it would not know how few they are.
const PORTION: Fragment = fragment!(" limit 1000", (postgres: "))", sqlite: ")"));

statements! {
    const DUE = "
        select tenant_id from tenants where deleted_at <= $1 and tenant_id > $2 order by tenant_id limit $3";

    /// From then on it cannot be brought back.
    const BEGIN = "
        update tenants set purge_began_at = $3 where tenant_id = $1 and deleted_at <= $2 and purge_began_at is null";

    /// Of many replicas one purges a tenant.
    const TAKE = "
        select 1 from tenants where tenant_id = $1 and purge_began_at is not null", FOR_UPDATE_SKIP_LOCKED;

    const SESSIONS = "delete from sessions where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, session_id) in (select tenant_id, session_id"), "
        from sessions where tenant_id = $1 order by session_id", PORTION;

    const HELP_REQUESTS = "delete from help_requests where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, help_request_id) in (select tenant_id, help_request_id"), "
        from help_requests where tenant_id = $1 order by help_request_id", PORTION;

    const PASSWORD_HISTORY = "delete from password_history where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, account_id, epoch) in (select tenant_id, account_id, epoch"), "
        from password_history where tenant_id = $1 order by account_id, epoch", PORTION;

    const EXPIRY_NOTICES = "delete from expiry_notices where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, account_id, epoch, days) in (select tenant_id, account_id, epoch, days"), "
        from expiry_notices where tenant_id = $1 order by account_id, epoch, days", PORTION;

    const REMOVED_ADDRESSES = "delete from removed_addresses where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, account_id, security_info_id) in (select tenant_id, account_id, security_info_id"), "
        from removed_addresses where tenant_id = $1 order by account_id, security_info_id", PORTION;

    const RECOVERY_CODES = "delete from recovery_codes where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, account_id, security_info_id, code_hash) in (select tenant_id, account_id, security_info_id, code_hash"), "
        from recovery_codes where tenant_id = $1 order by account_id, security_info_id, code_hash", PORTION;

    const SENT_CODES = "delete from security_info_codes where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, security_info_id) in (select tenant_id, security_info_id"), "
        from security_info_codes where tenant_id = $1 order by security_info_id", PORTION;

    const SECURITY_INFO = "delete from security_info where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, account_id, security_info_id) in (select tenant_id, account_id, security_info_id"), "
        from security_info where tenant_id = $1 order by account_id, security_info_id", PORTION;

    const ACCESS_PASSES = "delete from access_passes where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, account_id) in (select tenant_id, account_id"), "
        from access_passes where tenant_id = $1 order by account_id", PORTION;

    const LAST_SIGN_INS = "delete from last_sign_ins where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, account_id) in (select tenant_id, account_id"), "
        from last_sign_ins where tenant_id = $1 order by account_id", PORTION;

    const LINKS = "delete from linked_accounts where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, account_id, linked_tenant_id) in (select tenant_id, account_id, linked_tenant_id"), "
        from linked_accounts where tenant_id = $1 order by account_id, linked_tenant_id", PORTION;

    /// The other side of its links, in whichever tenant.
    const LINKS_BACK = "delete from linked_accounts where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, account_id, linked_tenant_id) in (select tenant_id, account_id, linked_tenant_id"), "
        from linked_accounts where linked_tenant_id = $1 order by linked_account_id", PORTION;

    const LOGINS = "delete from logins where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, login) in (select tenant_id, login"), "
        from logins where tenant_id = $1 order by login", PORTION;

    const MEMBERSHIPS = "delete from group_members where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, member_id, group_id) in (select tenant_id, member_id, group_id"), "
        from group_members where tenant_id = $1 order by member_id, group_id", PORTION;

    const GROUPS = "delete from groups where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, group_id) in (select tenant_id, group_id"), "
        from groups where tenant_id = $1 order by group_id", PORTION;

    const ACCOUNTS = "delete from accounts where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, account_id) in (select tenant_id, account_id"), "
        from accounts where tenant_id = $1 order by account_id", PORTION;

    const LOCKOUTS = "delete from lockouts where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, login_key, place_key) in (select tenant_id, login_key, place_key"), "
        from lockouts where tenant_id = $1 order by login_key, place_key", PORTION;

    const FAMILIAR_PLACES = "delete from familiar_places where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, login_key, place_key) in (select tenant_id, login_key, place_key"), "
        from familiar_places where tenant_id = $1 order by login_key, place_key", PORTION;

    const METHOD_ATTEMPTS = "delete from method_tries where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, method_key) in (select tenant_id, method_key"), "
        from method_tries where tenant_id = $1 order by method_key", PORTION;

    const COUNTED_ATTEMPTS = "delete from counted_tries where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, method_key, request_key) in (select tenant_id, method_key, request_key"), "
        from counted_tries where tenant_id = $1 order by method_key, request_key", PORTION;

    const RESET_ATTEMPTS = "delete from reset_attempts where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, reset_id) in (select tenant_id, reset_id"), "
        from reset_attempts where tenant_id = $1 order by reset_id", PORTION;

    const RESET_CODES = "delete from reset_codes where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, verification_id) in (select tenant_id, verification_id"), "
        from reset_codes where tenant_id = $1 order by verification_id", PORTION;

    const DECOY_SENDS = "delete from decoy_sends where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, verification_id, number) in (select tenant_id, verification_id, number"), "
        from decoy_sends where tenant_id = $1 order by verification_id, number", PORTION;

    const ANSWERS = "delete from answers where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, request_key) in (select tenant_id, request_key"), "
        from answers where tenant_id = $1 order by request_key", PORTION;

    const OUTBOX = "delete from outbox where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, notice_id) in (select tenant_id, notice_id"), "
        from outbox where tenant_id = $1 order by notice_id", PORTION;

    const POLICIES = "delete from policies where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, version) in (select tenant_id, version"), "
        from policies where tenant_id = $1 order by version", PORTION;

    const DOMAINS = "delete from tenant_domains where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, domain) in (select tenant_id, domain"), "
        from tenant_domains where tenant_id = $1 order by domain", PORTION;

    const AUDIT_PENDING = "delete from audit_pending where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, event_id) in (select tenant_id, event_id"), "
        from audit_pending where tenant_id = $1 order by event_id", PORTION;

    const PASSKEYS = "delete from passkey_credentials where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, credential_id) in (select tenant_id, credential_id"), "
        from passkey_credentials where tenant_id = $1 order by credential_id", PORTION;

    const SPENT_CHALLENGES = "delete from spent_passkey_challenges where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, challenge) in (select tenant_id, challenge"), "
        from spent_passkey_challenges where tenant_id = $1 order by challenge", PORTION;

    const IMPORT_REJECTIONS = "delete from account_import_rejections where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, import_id, record) in (select tenant_id, import_id, record"), "
        from account_import_rejections where tenant_id = $1 order by import_id, record", PORTION;

    const IMPORT_CHUNKS = "delete from account_import_chunks where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, import_id, sequence) in (select tenant_id, import_id, sequence"), "
        from account_import_chunks where tenant_id = $1 order by import_id, sequence", PORTION;

    const IMPORTS = "delete from account_imports where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, import_id) in (select tenant_id, import_id"), "
        from account_imports where tenant_id = $1 order by import_id", PORTION;

    const BULK_RESET_ACCOUNTS = "delete from bulk_reset_accounts where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, bulk_reset_id, number) in (select tenant_id, bulk_reset_id, number"), "
        from bulk_reset_accounts where tenant_id = $1 order by bulk_reset_id, number", PORTION;

    const BULK_RESETS = "delete from bulk_resets where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, bulk_reset_id) in (select tenant_id, bulk_reset_id"), "
        from bulk_resets where tenant_id = $1 order by bulk_reset_id", PORTION;

    const WEBHOOKS = "delete from audit_webhooks where ",
        (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, webhook_id) in (select tenant_id, webhook_id"), "
        from audit_webhooks where tenant_id = $1 order by webhook_id", PORTION;

    const METHOD_SHARES = "delete from method_shares where tenant_id = $1";

    const OLDEST_EVENTS = "select at from audit_events where tenant_id = $1 order by at, event_id limit 1000";

    const EVENTS = "delete from audit_events where tenant_id = $1 and at >= $2 and at <= $3";

    const AUDIT_HEADS = "delete from audit_heads where tenant_id = $1";

    const TENANT = "delete from tenants where tenant_id = $1 and purge_began_at is not null";
}

/// Every table of which a tenant may have many rows, a portion a step.
const TABLES: [Sql; 36] = [
    SESSIONS,
    HELP_REQUESTS,
    PASSWORD_HISTORY,
    EXPIRY_NOTICES,
    REMOVED_ADDRESSES,
    RECOVERY_CODES,
    SENT_CODES,
    PASSKEYS,
    SECURITY_INFO,
    ACCESS_PASSES,
    LAST_SIGN_INS,
    LINKS,
    LINKS_BACK,
    LOGINS,
    MEMBERSHIPS,
    GROUPS,
    ACCOUNTS,
    LOCKOUTS,
    FAMILIAR_PLACES,
    METHOD_ATTEMPTS,
    COUNTED_ATTEMPTS,
    RESET_ATTEMPTS,
    RESET_CODES,
    DECOY_SENDS,
    ANSWERS,
    OUTBOX,
    POLICIES,
    DOMAINS,
    AUDIT_PENDING,
    SPENT_CHALLENGES,
    IMPORT_REJECTIONS,
    IMPORT_CHUNKS,
    IMPORTS,
    BULK_RESET_ACCOUNTS,
    BULK_RESETS,
    WEBHOOKS,
];

impl Store {
    /// Tenants that were deleted at `until` or earlier, by id, behind one that was looked at.
    pub(crate) async fn tenants_to_purge(
        &self,
        until: Timestamp,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, Failure> {
        let after = after.map_or(Uuid::nil(), TenantId::as_uuid);
        let due: Vec<(Uuid,)> = self.database.all(DUE, values![until, after, limit]).await?;
        Ok(due.into_iter().map(|(id,)| TenantId::from_uuid(id)).collect())
    }

    /// Purges a portion of a tenant that was deleted at `until` or earlier.
    pub(crate) async fn purge_tenant(
        &self,
        scope: &TenantScope,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Purge, Failure> {
        let tenant_id = scope.tenant_id();
        let take = self.database.step(|mut tx| async move {
            tx.execute(BEGIN, values![tenant_id, until, now]).await?;
            if !tx.exists(TAKE, values![tenant_id]).await? {
                return Ok(tx.roll_back(Purge::NotMine));
            }
            for sql in TABLES {
                if tx.execute(sql, values![tenant_id]).await? >= ROWS_AT_ONCE.unsigned_abs() {
                    return Ok(tx.commit(Purge::More));
                }
            }
            let events: Vec<(i64,)> = tx.all(OLDEST_EVENTS, values![tenant_id]).await?;
            if let (Some((first,)), Some((last,))) = (events.first(), events.last()) {
                tx.execute(EVENTS, values![tenant_id, *first, *last]).await?;
                return Ok(tx.commit(Purge::More));
            }
            for sql in [METHOD_SHARES, AUDIT_HEADS] {
                tx.execute(sql, values![tenant_id]).await?;
            }
            let is_gone = tx.execute(TENANT, values![tenant_id]).await? == 1;
            Ok(if is_gone { tx.commit(Purge::Done) } else { tx.roll_back(Purge::NotMine) })
        });
        take.await
    }
}
