//! The tables of a tenant, each with its key behind the tenant, in an order in which nothing refers to what went.
//!
//! They are listed by hand. `contract` holds the list to the schema, so that a table to come cannot be forgotten.

use rekey_database::{Fragment, Sql, fragment, statements};

/// The end of a list of rows, as many as a step takes. Postgres deletes them where they lie: by their keys it would rather read
/// the table. The number is in the text, or it would not know how few they are.
pub(super) const PORTION: Fragment = fragment!(" limit 1000", (postgres: "))", sqlite: ")"));

/// A statement for each table that deletes a portion of a tenant's rows, and the list of them.
macro_rules! portions {
    ($($name:ident = $table:literal, $key:literal;)+) => {
        statements! {
            $(
                const $name = "delete from ", $table, " where ",
                    (postgres: "ctid = any(array(select ctid", sqlite: "(tenant_id, "), (postgres: "", sqlite: $key),
                    (postgres: "", sqlite: ") in (select tenant_id, "), (postgres: "", sqlite: $key),
                    " from ", $table, " where tenant_id = $1 order by ", $key, PORTION;
            )+
        }

        pub(super) const TABLES: &[Sql] = &[$($name),+];
    };
}

portions! {
    SESSIONS = "sessions", "session_id";
    HELP_REQUESTS = "help_requests", "help_request_id";
    PASSWORD_HISTORY = "password_history", "account_id, epoch";
    EXPIRY_NOTICES = "expiry_notices", "account_id, epoch, days";
    REMOVED_ADDRESSES = "removed_addresses", "account_id, security_info_id";
    RECOVERY_CODES = "recovery_codes", "account_id, security_info_id, code_hash";
    SENT_CODES = "security_info_codes", "security_info_id";
    PASSKEYS = "passkey_credentials", "credential_id";
    SECURITY_INFO = "security_info", "account_id, security_info_id";
    ACCESS_PASSES = "access_passes", "account_id";
    LAST_SIGN_INS = "last_sign_ins", "account_id";
    LINKS = "linked_accounts", "account_id, linked_tenant_id";
    LOGINS = "logins", "login";
    MEMBERSHIPS = "group_members", "member_id, group_id";
    GROUPS = "groups", "group_id";
    ACCOUNTS = "accounts", "account_id";
    LOCKOUTS = "lockouts", "login_key, place_key";
    FAMILIAR_PLACES = "familiar_places", "login_key, place_key";
    METHOD_ATTEMPTS = "method_tries", "method_key";
    COUNTED_ATTEMPTS = "counted_tries", "method_key, request_key";
    RESET_ATTEMPTS = "reset_attempts", "reset_id";
    RESET_CODES = "reset_codes", "verification_id";
    DECOY_SENDS = "decoy_sends", "verification_id, number";
    ANSWERS = "answers", "request_key";
    OUTBOX = "outbox", "notice_id";
    POLICIES = "policies", "version";
    PORTAL_LOGOS = "portal_logos", "digest";
    DOMAINS = "tenant_domains", "domain";
    AUDIT_PENDING = "audit_pending", "event_id";
    SPENT_CHALLENGES = "spent_passkey_challenges", "challenge";
    IMPORT_REJECTIONS = "account_import_rejections", "import_id, record";
    IMPORT_CHUNKS = "account_import_chunks", "import_id, sequence";
    IMPORTS = "account_imports", "import_id";
    BULK_RESET_ACCOUNTS = "bulk_reset_accounts", "bulk_reset_id, number";
    BULK_RESETS = "bulk_resets", "bulk_reset_id";
    WEBHOOKS = "audit_webhooks", "webhook_id";
    ERASURES = "erasures", "account_hash";
}
