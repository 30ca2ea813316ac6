//! Changing an account under its version.

use rekey_database::{Connection, FOR_NO_KEY_UPDATE, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId};

use super::held_codes::{self, HeldCode};
use super::passkeys;
use super::security_info::{self, EntryKey};
use crate::domain::account::Account;
use crate::domain::audit::AuditEvent;
use crate::domain::authority::RoleSet;
use crate::domain::reset::{kind_attempts_key, sign_in_attempts_key};
use crate::domain::scope::TenantScope;
use crate::domain::security_info::{RemovedAddress, SecurityInfo, Standing};
use crate::store::columns::OF_LIVING_TENANT;
use crate::store::outbox::{self, Notice};
use crate::store::resets::{MethodKey, attempts};
use crate::store::rows::AccountState;
use crate::store::sign_ins::{AnsweredQuestion, sessions};
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency, transitions};

/// What a change does to an account. Each raises `version` and sets `updated_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccountChange {
    /// Blocks or unblocks sign-in. Blocking ends every session. Raises the recovery version.
    Blocked(bool),
    /// Releases a frozen account. Raises the recovery version.
    Unfrozen,
    /// Gives the account exactly these roles. Raises the recovery version.
    Roles(RoleSet),
    /// Adds an entry. Raises the recovery version unless its standing is `Unconfirmed`.
    AddSecurityInfo(SecurityInfo),
    /// Confirms an entry: standing, `changed_at` and `is_first` as given, no longer disabled, attempts cleared. Raises
    /// the recovery version.
    ConfirmSecurityInfo {
        id: SecurityInfoId,
        /// The counters of its confirmations, which are cleared like that of resets, and that of its kind where the kind has
        /// nothing else.
        attempts: Vec<MethodKey>,
        /// Confirmed, and when.
        standing: Standing,
        /// From when quarantine counts.
        changed_at: Timestamp,
        /// Whether it is spared the quarantine.
        is_first: bool,
        /// The authenticator's code that confirms it. The change is stale if it was spent meanwhile.
        spent: Option<HeldCode>,
    },
    /// Puts a new list of recovery codes in the place of every older one, with nothing held against it. Raises the recovery version.
    ReplaceRecoveryCodes {
        /// The entry that stands for the list.
        entry: SecurityInfo,
        /// Keyed hashes of its codes.
        hashes: Vec<[u8; 32]>,
    },
    /// Removes an entry; its address, if any, is remembered to be told. Raises the recovery version.
    RemoveSecurityInfo {
        id: SecurityInfoId,
        /// The address to remember.
        removed: Option<RemovedAddress>,
    },
    /// Makes one entry the default and no other.
    DefaultSecurityInfo(SecurityInfoId),
    /// Adds a passkey, which is confirmed at once. Raises the recovery version.
    RegisterPasskey {
        entry: SecurityInfo,
        /// The counters of its kind, which are cleared where nothing else of the kind serves.
        attempts: Vec<MethodKey>,
    },
    /// Calls a passkey by another name.
    RenamePasskey { id: SecurityInfoId, name: String },
    /// Exempts the password from expiry, or ends the exemption: then it counts from now.
    PasswordExpiryExempt(bool),
    /// The person says that every entry is still right.
    Reconfirmed,
    /// Disables an entry after too many wrong codes. Raises the recovery version.
    DisableSecurityInfo(SecurityInfoId),
}

/// A change with everything that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct ChangeAccount {
    pub(crate) account_id: AccountId,
    /// The `version` the decision was made on.
    pub(crate) version: i64,
    /// What changes.
    pub(crate) change: AccountChange,
    pub(crate) event: AuditEvent,
    pub(crate) notices: Vec<Notice>,
    pub(crate) now: Timestamp,
}

/// Why a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeRefused {
    /// No such account in the tenant.
    Unknown,
    /// The account changed since `version` was read: judge again.
    Stale,
    /// The tenant would be left without a global administrator who is not blocked, frozen or deleted. Counted under a
    /// lock on the tenant, so that two changes at once cannot both pass.
    LastGlobalAdministrator,
    /// An account of the tenant has this very passkey.
    PasskeyTaken,
}

statements! {
    const STATE = "
        select a.epoch, a.version, a.blocked, a.frozen, a.roles, a.password_hash from accounts a
        where a.tenant_id = $1 and a.account_id = $2 and a.deleted_at is null", OF_LIVING_TENANT, FOR_NO_KEY_UPDATE;

    /// Held while global administrators are counted, so that two of them cannot go at once.
    const LOCK_TENANT = "select 1 from tenants where tenant_id = $1", FOR_NO_KEY_UPDATE;

    const LOCK_LIVING_TENANT = "
        select 1 from tenants where tenant_id = $1 and deleted_at is null", FOR_NO_KEY_UPDATE;

    const OTHER_GLOBAL_ADMINISTRATORS = "
        select count(*) from accounts
        where tenant_id = $1 and account_id <> $2 and roles <> 0 and roles & 1 <> 0 and not blocked and not frozen
          and deleted_at is null";

    const CHANGE = "
        update accounts
        set blocked = $4, frozen = $5, roles = $6, recovery_version = recovery_version + $7, version = version + 1,
            updated_at = $8
        where tenant_id = $1 and account_id = $2 and version = $3 and deleted_at is null";

    const EXEMPT = "
        update accounts
        set password_expiry_exempt = $3,
            password_expiry_counts_from = case when $3 then password_expiry_counts_from else $4 end
        where tenant_id = $1 and account_id = $2 and password_hash is not null";

    const RECONFIRM = "update accounts set reconfirmed_at = $3 where tenant_id = $1 and account_id = $2";

    const ANSWER = "
        update accounts
        set reconfirmed_at = case when $4 then $5 else reconfirmed_at end, version = version + 1, updated_at = $5
        where tenant_id = $1 and account_id = $2 and version = $3 and deleted_at is null";
}

impl Store {
    /// Changes an account under its version, with event and notices.
    pub(crate) async fn change_account(
        &self,
        scope: &TenantScope,
        change: &ChangeAccount,
        idempotency: Option<IdempotentRequest<'_, Account>>,
    ) -> Result<StepOutcome<Account, ChangeRefused>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let make = self.database.step(|mut tx| async move {
            if let Some(ended) =
                idempotency::claim(&mut tx, tenant_id, idempotency, change.now).await?.ended()
            {
                return Ok(tx.roll_back(ended));
            }
            if let Some(not_changed) = apply(&mut tx, tenant_id, change).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(not_changed)));
            }
            let Some(account) = super::read(&mut tx, tenant_id, change.account_id).await? else {
                return Ok(tx.roll_back(StepOutcome::Refused(ChangeRefused::Unknown)));
            };
            outbox::queue(&mut tx, &change.notices, change.now).await?;
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &account).await?;
            audit::append(&mut tx, &change.event).await?;
            Ok(tx.commit(StepOutcome::Done(account)))
        });
        make.await
    }
}

/// Holds the tenant until the step ends: for what is judged over several of its rows.
pub(in crate::store) async fn lock_tenant(tx: &mut Connection, tenant_id: TenantId) -> Result<(), Failure> {
    tx.execute(LOCK_TENANT, values![tenant_id]).await?;
    Ok(())
}

/// The same of a tenant that lives; false where there is none, to be deleted or purged meanwhile.
pub(in crate::store) async fn lock_living_tenant(
    tx: &mut Connection,
    tenant_id: TenantId,
) -> Result<bool, Failure> {
    tx.exists(LOCK_LIVING_TENANT, values![tenant_id]).await
}

/// Whether the tenant has another global administrator who can sign in. Asked while the tenant is held.
pub(super) async fn has_other_global_administrators(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
) -> Result<bool, Failure> {
    let others: i64 = tx.scalar(OTHER_GLOBAL_ADMINISTRATORS, values![tenant_id, account_id]).await?;
    Ok(others > 0)
}

/// Why the change is not made, if it is not; what was written until then is rolled back.
async fn apply(
    tx: &mut Connection,
    tenant_id: TenantId,
    change: &ChangeAccount,
) -> Result<Option<ChangeRefused>, Failure> {
    let account_id = change.account_id;
    if transitions::needs_tenant_lock(&change.change) {
        lock_tenant(tx, tenant_id).await?;
    }
    let Some(state) = state(tx, tenant_id, account_id).await? else {
        return Ok(Some(ChangeRefused::Unknown));
    };
    if state.version != change.version {
        return Ok(Some(ChangeRefused::Stale));
    }
    let after = transitions::flags_after(&state, &change.change);
    if transitions::ends_a_global_administrator(&state, &after)
        && !has_other_global_administrators(tx, tenant_id, account_id).await?
    {
        return Ok(Some(ChangeRefused::LastGlobalAdministrator));
    }
    let values = values![
        tenant_id,
        account_id,
        change.version,
        after.blocked,
        after.frozen,
        after.roles,
        after.recovery_rise,
        change.now,
    ];
    if tx.execute(CHANGE, values).await? != 1 {
        return Ok(Some(ChangeRefused::Stale));
    }
    if let AccountChange::ConfirmSecurityInfo { spent: Some(code), .. } = &change.change
        && !held_codes::spend(tx, tenant_id, account_id, code).await?
    {
        return Ok(Some(ChangeRefused::Stale));
    }
    if !apply_to_parts(tx, tenant_id, change).await? {
        return Ok(Some(ChangeRefused::Unknown));
    }
    if let AccountChange::RegisterPasskey { entry, .. } = &change.change
        && let Some(passkey) = entry.passkey()
        && !passkeys::insert(tx, EntryKey { tenant_id, account_id, id: entry.id }, passkey).await?
    {
        return Ok(Some(ChangeRefused::PasskeyTaken));
    }
    Ok(None)
}

/// Writes what a change does beside the account's own row; false if its entry does not exist.
async fn apply_to_parts(
    tx: &mut Connection,
    tenant_id: TenantId,
    change: &ChangeAccount,
) -> Result<bool, Failure> {
    let account_id = change.account_id;
    let entry_key = |id: SecurityInfoId| EntryKey { tenant_id, account_id, id };
    match &change.change {
        AccountChange::Blocked(true) => {
            sessions::end_all(tx, tenant_id, account_id, change.now).await?;
            Ok(true)
        }
        AccountChange::Blocked(false) | AccountChange::Unfrozen | AccountChange::Roles(_) => Ok(true),
        AccountChange::PasswordExpiryExempt(exempt) => {
            Ok(tx.execute(EXEMPT, values![tenant_id, account_id, *exempt, change.now]).await? == 1)
        }
        AccountChange::Reconfirmed => {
            Ok(tx.execute(RECONFIRM, values![tenant_id, account_id, change.now]).await? == 1)
        }
        AccountChange::AddSecurityInfo(entry) => {
            security_info::insert(tx, tenant_id, account_id, entry).await?;
            if entry.is_default {
                entry_key(entry.id).make_default(tx).await?;
            }
            Ok(true)
        }
        AccountChange::RegisterPasskey { entry, attempts } => {
            for counter in attempts {
                attempts::clear(tx, tenant_id, *counter).await?;
            }
            security_info::insert(tx, tenant_id, account_id, entry).await?;
            Ok(true)
        }
        AccountChange::ConfirmSecurityInfo { id, attempts, standing, changed_at, is_first, .. } => {
            for counter in [id.as_uuid()].iter().chain(attempts) {
                attempts::clear(tx, tenant_id, *counter).await?;
            }
            entry_key(*id).confirm(tx, *standing, *changed_at, *is_first).await
        }
        AccountChange::ReplaceRecoveryCodes { entry, hashes } => {
            for counter in [kind_attempts_key, sign_in_attempts_key] {
                attempts::clear(tx, tenant_id, counter(account_id, entry.kind())).await?;
            }
            held_codes::void_lists(tx, tenant_id, account_id).await?;
            security_info::insert(tx, tenant_id, account_id, entry).await?;
            held_codes::save(tx, tenant_id, account_id, entry.id, hashes).await?;
            Ok(true)
        }
        AccountChange::RemoveSecurityInfo { id, removed } => {
            attempts::clear(tx, tenant_id, id.as_uuid()).await?;
            held_codes::forget(tx, tenant_id, account_id, *id).await?;
            entry_key(*id).remove(tx, removed.as_ref()).await
        }
        AccountChange::DefaultSecurityInfo(id) => {
            let is_there = entry_key(*id).is_there(tx).await?;
            entry_key(*id).make_default(tx).await?;
            Ok(is_there)
        }
        AccountChange::RenamePasskey { id, name } => passkeys::rename(tx, entry_key(*id), name).await,
        AccountChange::DisableSecurityInfo(id) => entry_key(*id).disable(tx).await,
    }
}

/// Reads what a decision needs of an account and locks it, so that it is still so when the step writes.
pub(in crate::store) async fn state(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
) -> Result<Option<AccountState>, Failure> {
    tx.optional(STATE, values![tenant_id, account_id]).await
}

/// Writes what a person answered when a sign-in asked about their security info; false if the account is not the one
/// that was asked about.
pub(in crate::store) async fn answer(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    answered: &AnsweredQuestion,
    now: Timestamp,
) -> Result<bool, Failure> {
    let values = values![tenant_id, account_id, answered.version, answered.is_still_right, now];
    Ok(tx.execute(ANSWER, values).await? == 1)
}
