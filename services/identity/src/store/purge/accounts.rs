//! Purging accounts: everything that hangs on one, and then its row.
//!
//! The tables are listed here by hand. `contract` holds the list to the schema, so that a table to come cannot be forgotten.

use rekey_database::{Connection, FOR_UPDATE_SKIP_LOCKED, Sql, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};
use rekey_primitives::method::MethodKind;
use uuid::Uuid;

use super::{OF_ACCOUNT, Purge, ROWS_AT_ONCE};
use crate::domain::audit::AuditEvent;
use crate::domain::reset::{kind_attempts_key, sign_in_attempts_key};
use crate::domain::scope::TenantScope;
use crate::store::sign_ins::{LoginKey, lockouts};
use crate::store::{Failure, Store, audit};

/// An account that is to go, and when it was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DueAccount {
    pub(crate) tenant_id: TenantId,
    pub(crate) account_id: AccountId,
    pub(crate) deleted_at: Timestamp,
}

/// An account to purge.
#[derive(Debug, Clone)]
pub(crate) struct PurgeAccount {
    pub(crate) account_id: AccountId,
    /// Only if it was deleted then or earlier.
    pub(crate) deleted_until: Timestamp,
    /// What is counted under its logins.
    pub(crate) logins: Vec<LoginKey>,
    /// Written by the step that takes the account's row.
    pub(crate) event: AuditEvent,
}

statements! {
    pub(super) const DUE = "
        select tenant_id, account_id, deleted_at from accounts
        where deleted_at <= $1 and (deleted_at, account_id) > ($2, $3)
        order by deleted_at, account_id limit $4";

    const LOGINS = "select login from logins where tenant_id = $1 and account_id = $2 order by position";

    /// Of many replicas one purges an account, and none while it is being brought back.
    const TAKE = "
        select 1 from accounts where tenant_id = $1 and account_id = $2 and deleted_at <= $3", FOR_UPDATE_SKIP_LOCKED;

    const SESSIONS = "
        delete from sessions where (tenant_id, session_id) in (
            select tenant_id, session_id from sessions", OF_ACCOUNT;

    const HELP_REQUESTS = "
        delete from help_requests where (tenant_id, help_request_id) in (
            select tenant_id, help_request_id from help_requests", OF_ACCOUNT;

    const PASSWORD_HISTORY = "
        delete from password_history where (tenant_id, account_id, epoch) in (
            select tenant_id, account_id, epoch from password_history", OF_ACCOUNT;

    const EXPIRY_NOTICES = "
        delete from expiry_notices where (tenant_id, account_id, epoch, days) in (
            select tenant_id, account_id, epoch, days from expiry_notices", OF_ACCOUNT;

    const REMOVED_ADDRESSES = "
        delete from removed_addresses where (tenant_id, account_id, security_info_id) in (
            select tenant_id, account_id, security_info_id from removed_addresses", OF_ACCOUNT;

    const RECOVERY_CODES = "
        delete from recovery_codes where (tenant_id, account_id, security_info_id, code_hash) in (
            select tenant_id, account_id, security_info_id, code_hash from recovery_codes", OF_ACCOUNT;

    const MEMBERSHIPS = "
        delete from group_members where (tenant_id, member_id, group_id) in (
            select tenant_id, member_id, group_id from group_members
            where tenant_id = $1 and member_id = $2 limit $3)";

    const COUNTED_ATTEMPTS = "
        delete from counted_tries where tenant_id = $1 and method_key in (
            select security_info_id from security_info where tenant_id = $1 and account_id = $2)";

    const METHOD_ATTEMPTS = "
        delete from method_tries where tenant_id = $1 and method_key in (
            select security_info_id from security_info where tenant_id = $1 and account_id = $2)";

    const SENT_CODES = "
        delete from security_info_codes where tenant_id = $1 and security_info_id in (
            select security_info_id from security_info where tenant_id = $1 and account_id = $2)";

    const PASSKEYS = "delete from passkey_credentials where tenant_id = $1 and account_id = $2";

    const SECURITY_INFO = "delete from security_info where tenant_id = $1 and account_id = $2";

    const ACCESS_PASSES = "delete from access_passes where tenant_id = $1 and account_id = $2";

    const LAST_SIGN_INS = "delete from last_sign_ins where tenant_id = $1 and account_id = $2";

    const OWN_LINKS = "delete from linked_accounts where tenant_id = $1 and account_id = $2";

    /// The other side of each link, in whichever tenant.
    const LINKS_BACK = "delete from linked_accounts where linked_tenant_id = $1 and linked_account_id = $2";

    const OWN_LOGINS = "delete from logins where tenant_id = $1 and account_id = $2";

    const COUNTER = "delete from method_tries where tenant_id = $1 and method_key = $2";

    const COUNTED = "delete from counted_tries where tenant_id = $1 and method_key = $2";

    const ACCOUNT = "delete from accounts where tenant_id = $1 and account_id = $2 and deleted_at <= $3";
}

/// Tables of which an account may have any number of rows, a portion a step.
const PORTIONS: [Sql; 7] = [
    SESSIONS,
    HELP_REQUESTS,
    PASSWORD_HISTORY,
    EXPIRY_NOTICES,
    REMOVED_ADDRESSES,
    RECOVERY_CODES,
    MEMBERSHIPS,
];

/// Tables of which it has few, in an order in which nothing refers to what went.
const FEW: [Sql; 10] = [
    COUNTED_ATTEMPTS,
    METHOD_ATTEMPTS,
    SENT_CODES,
    PASSKEYS,
    SECURITY_INFO,
    ACCESS_PASSES,
    LAST_SIGN_INS,
    OWN_LINKS,
    LINKS_BACK,
    OWN_LOGINS,
];

impl Store {
    /// Accounts that were deleted at `until` or earlier, those that are longest gone first, behind one that was looked at.
    pub(crate) async fn accounts_to_purge(
        &self,
        until: Timestamp,
        after: Option<DueAccount>,
        limit: u32,
    ) -> Result<Vec<DueAccount>, Failure> {
        let (at, id) = after.map_or((Timestamp::from_unix_micros(i64::MIN), Uuid::nil()), |after| {
            (after.deleted_at, after.account_id.as_uuid())
        });
        let due: Vec<(Uuid, Uuid, i64)> = self.database.all(DUE, values![until, at, id, limit]).await?;
        let account = |(tenant_id, account_id, deleted_at)| DueAccount {
            tenant_id: TenantId::from_uuid(tenant_id),
            account_id: AccountId::from_uuid(account_id),
            deleted_at: Timestamp::from_unix_micros(deleted_at),
        };
        Ok(due.into_iter().map(account).collect())
    }

    /// The logins of an account, deleted or not.
    pub(crate) async fn logins_of(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
    ) -> Result<Vec<String>, Failure> {
        let found: Vec<(String,)> = self.database.all(LOGINS, values![scope.tenant_id(), account_id]).await?;
        Ok(found.into_iter().map(|(login,)| login).collect())
    }

    /// Purges an account, or a portion of what it has. The event is written with the last of it.
    pub(crate) async fn purge_account(
        &self,
        scope: &TenantScope,
        purge: &PurgeAccount,
    ) -> Result<Purge, Failure> {
        let (tenant_id, account_id, until) = (scope.tenant_id(), purge.account_id, purge.deleted_until);
        let take = self.database.step(|mut tx| async move {
            if !tx.exists(TAKE, values![tenant_id, account_id, until]).await? {
                return Ok(tx.roll_back(Purge::NotMine));
            }
            for sql in PORTIONS {
                let gone = tx.execute(sql, values![tenant_id, account_id, ROWS_AT_ONCE]).await?;
                if gone == ROWS_AT_ONCE.unsigned_abs() {
                    return Ok(tx.commit(Purge::More));
                }
            }
            take_the_rest(&mut tx, tenant_id, purge).await?;
            if tx.execute(ACCOUNT, values![tenant_id, account_id, until]).await? != 1 {
                return Ok(tx.roll_back(Purge::NotMine));
            }
            audit::append(&mut tx, &purge.event).await?;
            Ok(tx.commit(Purge::Done))
        });
        take.await
    }
}

async fn take_the_rest(
    tx: &mut Connection,
    tenant_id: TenantId,
    purge: &PurgeAccount,
) -> Result<(), Failure> {
    let account_id = purge.account_id;
    for sql in FEW {
        tx.execute(sql, values![tenant_id, account_id]).await?;
    }
    for kind in MethodKind::ALL {
        for counter in [kind_attempts_key(account_id, *kind), sign_in_attempts_key(account_id, *kind)] {
            tx.execute(COUNTED, values![tenant_id, counter]).await?;
            tx.execute(COUNTER, values![tenant_id, counter]).await?;
        }
    }
    for login in &purge.logins {
        lockouts::forget(tx, tenant_id, login).await?;
    }
    Ok(())
}
