//! Passwords that administrators reset.

use rekey_database::{Connection, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};

use super::{attempts, help};
use crate::domain::account::{Account, PasswordRecord};
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;
use crate::store::outbox::{self, Notice};
use crate::store::sign_ins::{LoginKey, Stale, lockouts, passwords, sessions};
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, accounts, audit, idempotency};

/// A password that an administrator resets, with everything that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct AdministratorReset {
    pub(crate) account_id: AccountId,
    /// The `version` that actor and target were judged on.
    pub(crate) version: i64,
    pub(crate) password: PasswordAfter,
    /// The lockout to clear.
    pub(crate) login: LoginKey,
    pub(crate) event: AuditEvent,
    pub(crate) notices: Vec<Notice>,
    pub(crate) now: Timestamp,
}

/// What the password is afterwards.
#[derive(Debug, Clone)]
pub(crate) enum PasswordAfter {
    /// This one.
    New {
        record: PasswordRecord,
        /// How many old hashes to keep for the rule of history.
        history: u32,
    },
    /// The same, and it must be changed.
    MustChange,
    /// The same, and it serves for nothing any more. Its row stays for the rule of history and the exemption from expiry.
    Void,
}

/// A password that was reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PasswordReset {
    /// As it is now.
    pub(crate) account: Account,
    pub(crate) sessions_ended: u32,
}

statements! {
    const NEXT_EPOCH = "
        update accounts set epoch = epoch + 1, version = version + 1, updated_at = $4
        where tenant_id = $1 and account_id = $2 and version = $3 and deleted_at is null";

    const MUST_CHANGE = "
        update accounts set password_must_change = true
        where tenant_id = $1 and account_id = $2 and password_hash is not null";

    /// As that of a temporary password whose time is over.
    const VOID = "
        update accounts set password_must_change = true, password_temporary_until = $3
        where tenant_id = $1 and account_id = $2 and password_hash is not null";
}

impl Store {
    /// Resets a password under the version of the account that was judged, so that a role granted or a password changed
    /// since has it judged anew: raises the epoch, ends every session, sets the password or has it changed, clears lockout and
    /// attempts, closes a pending help request, writes event and notices. Blocked and frozen accounts stay so.
    pub(crate) async fn reset_by_administrator(
        &self,
        scope: &TenantScope,
        reset: &AdministratorReset,
        idempotency: Option<IdempotentRequest<'_, PasswordReset>>,
    ) -> Result<StepOutcome<PasswordReset, Stale>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let make = self.database.step(|mut tx| async move {
            if let Some(ended) = idempotency::claim(&mut tx, tenant_id, idempotency, reset.now).await?.ended()
            {
                return Ok(tx.roll_back(ended));
            }
            let Some(done) = apply(&mut tx, tenant_id, reset).await? else {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            };
            outbox::queue(&mut tx, &reset.notices, reset.now).await?;
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &done).await?;
            audit::append(&mut tx, &reset.event).await?;
            Ok(tx.commit(StepOutcome::Done(done)))
        });
        make.await
    }
}

/// Writes a reset but for its event, notices and answer; `None` if the account is not what was judged.
pub(in crate::store) async fn apply(
    tx: &mut Connection,
    tenant_id: TenantId,
    reset: &AdministratorReset,
) -> Result<Option<PasswordReset>, Failure> {
    let (account_id, now) = (reset.account_id, reset.now);
    if tx.execute(NEXT_EPOCH, values![tenant_id, account_id, reset.version, now]).await? != 1 {
        return Ok(None);
    }
    match &reset.password {
        PasswordAfter::New { record, history } => {
            passwords::write_over(tx, tenant_id, account_id, record, *history).await?;
        }
        PasswordAfter::MustChange => {
            if tx.execute(MUST_CHANGE, values![tenant_id, account_id]).await? != 1 {
                return Ok(None);
            }
        }
        PasswordAfter::Void => {
            // Without a password there is nothing to void.
            tx.execute(VOID, values![tenant_id, account_id, now]).await?;
        }
    }
    let sessions_ended = sessions::end_all(tx, tenant_id, account_id, now).await?;
    lockouts::clear(tx, tenant_id, &reset.login).await?;
    attempts::clear_account(tx, tenant_id, account_id).await?;
    help::resolve(tx, tenant_id, account_id, now).await?;
    let account = accounts::read(tx, tenant_id, account_id).await?;
    Ok(account.map(|account| PasswordReset { account, sessions_ended }))
}
