//! Changing an account's own data: its names and what an administrator says of its password.

use rekey_database::{Connection, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::creation::{AccountTaken, insert_logins};
use super::{changes, read};
use crate::domain::account::Account;
use crate::domain::account_filter::name_keys;
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;
use crate::store::sign_ins::{LoginKey, lockouts};
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// An account as it is to be, with everything that belongs to the change.
#[derive(Debug, Clone)]
pub(crate) struct EditAccount {
    /// Its logins, names, flags and whether its password must be changed are written; its `version` is the one that was judged.
    pub(crate) after: Account,
    /// What is counted under logins that are its own no more, which goes with them.
    pub(crate) dropped: Vec<LoginKey>,
    /// Raises the recovery version.
    pub(crate) voids_resets: bool,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

/// Why an account was not edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EditRefused {
    /// No such account.
    Unknown,
    /// It changed since it was judged.
    Stale,
    /// A name belongs to another account.
    Taken(AccountTaken),
}

/// What the two databases answer when a unique index has the value.
const UNIQUE_VIOLATIONS: [&str; 2] = ["23505", "2067"];

statements! {
    const EDIT = "
        update accounts
        set display_name = $4, name_key = $5, surname_key = $6, external_id = $7, managed_elsewhere = $8,
            password_must_change = case when password_hash is null then password_must_change else $9 end,
            recovery_version = recovery_version + $10, version = version + 1, updated_at = $11
        where tenant_id = $1 and account_id = $2 and version = $3 and deleted_at is null";

    const DROP_LOGINS = "delete from logins where tenant_id = $1 and account_id = $2";
}

impl Store {
    /// Writes an account's own data under its version. Logins and external id are unique in the tenant.
    pub(crate) async fn edit_account(
        &self,
        scope: &TenantScope,
        edit: &EditAccount,
        idempotency: IdempotentRequest<'_, Account>,
    ) -> Result<StepOutcome<Account, EditRefused>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let make = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, edit.now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            if let Some(refused) = apply(&mut tx, tenant_id, edit).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(refused)));
            }
            let Some(account) = read(&mut tx, tenant_id, edit.after.id).await? else {
                return Ok(tx.roll_back(StepOutcome::Refused(EditRefused::Unknown)));
            };
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &account).await?;
            audit::append(&mut tx, &edit.event).await?;
            Ok(tx.commit(StepOutcome::Done(account)))
        });
        make.await
    }
}

/// Why the edit is not made, if it is not; what was written until then is rolled back.
async fn apply(
    tx: &mut Connection,
    tenant_id: TenantId,
    edit: &EditAccount,
) -> Result<Option<EditRefused>, Failure> {
    let after = &edit.after;
    let Some(state) = changes::state(tx, tenant_id, after.id).await? else {
        return Ok(Some(EditRefused::Unknown));
    };
    if state.version != after.version {
        return Ok(Some(EditRefused::Stale));
    }
    let (name_key, surname_key) = name_keys(&after.display_name);
    let must_change = after.password.as_ref().is_some_and(|record| record.must_change);
    let values = values![
        tenant_id,
        after.id,
        after.version,
        &after.display_name,
        name_key,
        surname_key,
        after.external_id.as_deref(),
        after.managed_elsewhere,
        must_change,
        i64::from(edit.voids_resets),
        edit.now,
    ];
    match tx.execute(EDIT, values).await {
        Ok(1) => {}
        Ok(_) => return Ok(Some(EditRefused::Stale)),
        // Of what is written only the external id is unique.
        Err(failure) if failure.code().is_some_and(|code| UNIQUE_VIOLATIONS.contains(&code)) => {
            return Ok(Some(EditRefused::Taken(AccountTaken::ExternalId)));
        }
        Err(failure) => return Err(failure),
    }
    tx.execute(DROP_LOGINS, values![tenant_id, after.id]).await?;
    if !insert_logins(tx, tenant_id, after).await? {
        return Ok(Some(EditRefused::Taken(AccountTaken::Login)));
    }
    for login in &edit.dropped {
        lockouts::forget(tx, tenant_id, login).await?;
    }
    Ok(None)
}
