//! Setting, replacing and remembering password hashes, all under the row of their account.

use rekey_database::{Connection, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SessionId, TenantId};

use super::{LoginKey, SessionsEnded, Stale, lockouts, sessions};
use crate::domain::account::{CredentialEpoch, PasswordRecord, Sealed};
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;
use crate::domain::session::Session;
use crate::store::outbox::{self, Notice};
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// A password to set by somebody who knew the one before.
#[derive(Debug, Clone)]
pub(crate) struct ChangePassword {
    pub(crate) account_id: AccountId,
    /// The epoch the decision was made in.
    pub(crate) epoch: CredentialEpoch,
    pub(crate) password: PasswordRecord,
    /// How many old hashes to keep, beside the current one, for the rule of history.
    pub(crate) history: u32,
    /// A session that lives on under the new epoch; all others end.
    pub(crate) keep: Option<SessionId>,
    /// A session to open under the new epoch, for an answered challenge.
    pub(crate) open: Option<Session>,
    /// The lockout record to clear.
    pub(crate) login: LoginKey,
    pub(crate) event: AuditEvent,
    pub(crate) notices: Vec<Notice>,
    pub(crate) now: Timestamp,
}

statements! {
    const WRITE = "
        update accounts
        set password_hash = $3, password_set_at = $4, password_must_change = $5, password_temporary_until = $6,
            password_expiry_exempt = $7, password_expiry_counts_from = $8
        where tenant_id = $1 and account_id = $2";

    /// The epoch has just been raised, the hash not yet replaced.
    const REMEMBER = "
        insert into password_history (tenant_id, account_id, epoch, password_hash)
        select tenant_id, account_id, epoch - 1, password_hash from accounts
        where tenant_id = $1 and account_id = $2 and password_hash is not null";

    const FORGET_OLD = "
        delete from password_history
        where tenant_id = $1 and account_id = $2 and epoch not in (
            select epoch from password_history where tenant_id = $1 and account_id = $2
            order by epoch desc limit $3
        )";

    const REHASH = "
        update accounts set password_hash = $4 where tenant_id = $1 and account_id = $2 and password_hash = $3";

    const LAST = "
        select password_hash from (
            select password_hash, epoch from accounts
            where tenant_id = $1 and account_id = $2 and password_hash is not null
            union all
            select password_hash, epoch from password_history where tenant_id = $1 and account_id = $2
        ) known
        order by epoch desc limit $3";

    /// Raises the epoch of an open account that is still in `epoch` and, where it matters, of this recovery version.
    const NEXT_EPOCH = "
        update accounts set epoch = epoch + 1, version = version + 1, updated_at = $5
        where tenant_id = $1 and account_id = $2 and epoch = $3 and recovery_version = coalesce($4, recovery_version)
          and not blocked and not frozen and deleted_at is null";
}

impl Store {
    /// Sets a password under the epoch that was read and an open account: raises the epoch, ends the sessions, keeps
    /// or opens one, pushes the old hash into history, clears the lockout, writes event and notices.
    pub(crate) async fn change_password(
        &self,
        scope: &TenantScope,
        change: &ChangePassword,
        idempotency: Option<IdempotentRequest<'_, SessionsEnded>>,
    ) -> Result<StepOutcome<SessionsEnded, Stale>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let make = self.database.step(|mut tx| async move {
            if let Some(ended) =
                idempotency::claim(&mut tx, tenant_id, idempotency, change.now).await?.ended()
            {
                return Ok(tx.roll_back(ended));
            }
            if !replace(&mut tx, tenant_id, &NewPassword::of(change)).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            }
            let ended = SessionsEnded(end_sessions(&mut tx, tenant_id, change).await?);
            lockouts::clear(&mut tx, tenant_id, &change.login).await?;
            outbox::queue(&mut tx, &change.notices, change.now).await?;
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &ended).await?;
            audit::append(&mut tx, &change.event).await?;
            Ok(tx.commit(StepOutcome::Done(ended)))
        });
        make.await
    }

    /// The sealed hashes of the account's last passwords, newest first, the current one included.
    pub(crate) async fn last_passwords(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        limit: u32,
    ) -> Result<Vec<Sealed>, Failure> {
        let values = values![scope.tenant_id(), account_id, limit];
        let found: Vec<(Vec<u8>,)> = self.database.all(LAST, values).await?;
        Ok(found.into_iter().map(|(hash,)| Sealed::new(hash)).collect())
    }
}

/// Ends the sessions of the epoch before, but for the one that is kept, and opens the one that is to be opened.
async fn end_sessions(
    tx: &mut Connection,
    tenant_id: TenantId,
    change: &ChangePassword,
) -> Result<u32, Failure> {
    let (account_id, epoch) = (change.account_id, change.epoch.next().0);
    let ended = match change.keep {
        Some(kept) => {
            sessions::keep_in_epoch(tx, tenant_id, account_id, kept, epoch).await?;
            sessions::end_others(tx, tenant_id, account_id, kept, change.now).await?
        }
        None => sessions::end_all(tx, tenant_id, account_id, change.now).await?,
    };
    if let Some(session) = &change.open {
        sessions::insert(tx, session, epoch).await?;
    }
    Ok(ended)
}

/// What an epoch is left by.
pub(in crate::store) struct NewPassword<'a> {
    pub(in crate::store) account_id: AccountId,
    /// The epoch that must still be.
    pub(in crate::store) epoch: i64,
    /// The recovery version that must still be, if it matters.
    pub(in crate::store) recovery_version: Option<i64>,
    /// The password of the next epoch.
    pub(in crate::store) password: &'a PasswordRecord,
    /// How many old hashes to keep.
    pub(in crate::store) history: u32,
    pub(in crate::store) now: Timestamp,
}

impl<'a> NewPassword<'a> {
    fn of(change: &'a ChangePassword) -> Self {
        Self {
            account_id: change.account_id,
            epoch: change.epoch.0,
            recovery_version: None,
            password: &change.password,
            history: change.history,
            now: change.now,
        }
    }
}

/// Replaces the password of an open account and raises its epoch; false, with nothing to keep, if the account is not
/// what the decision was made on.
pub(in crate::store) async fn replace(
    tx: &mut Connection,
    tenant_id: TenantId,
    new: &NewPassword<'_>,
) -> Result<bool, Failure> {
    let account_id = new.account_id;
    let values = values![tenant_id, account_id, new.epoch, new.recovery_version, new.now];
    if tx.execute(NEXT_EPOCH, values).await? != 1 {
        return Ok(false);
    }
    write_over(tx, tenant_id, account_id, new.password, new.history).await?;
    Ok(true)
}

/// Writes a password over the one of the epoch before, which goes into history, of which so many are kept.
pub(in crate::store) async fn write_over(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    password: &PasswordRecord,
    history: u32,
) -> Result<(), Failure> {
    tx.execute(REMEMBER, values![tenant_id, account_id]).await?;
    tx.execute(FORGET_OLD, values![tenant_id, account_id, history]).await?;
    write(tx, tenant_id, account_id, password).await
}

/// Writes the password columns of an account.
pub(in crate::store) async fn write(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    password: &PasswordRecord,
) -> Result<(), Failure> {
    let values = values![
        tenant_id,
        account_id,
        password.hash.as_bytes(),
        password.set_at,
        password.must_change,
        password.temporary_until,
        password.expiry_exempt,
        password.expiry_counts_from,
    ];
    tx.execute(WRITE, values).await?;
    Ok(())
}

/// Writes a fresh hash of the same password over the one that was verified; false if that one is gone.
pub(in crate::store) async fn rehash(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    verified: &Sealed,
    rehashed: &Sealed,
) -> Result<bool, Failure> {
    let values = values![tenant_id, account_id, verified.as_bytes(), rehashed.as_bytes()];
    Ok(tx.execute(REHASH, values).await? == 1)
}
