//! Writing new accounts. A name that is taken shows as a row that was not written, so that two who want it at once
//! cannot both get it.

use rekey_database::{Connection, statements, values};
use rekey_primitives::id::TenantId;

use super::security_info;
use crate::domain::account::Account;
use crate::domain::account_filter::name_keys;
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;
use crate::store::sign_ins::{last, passwords};
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// Which name of a new account belongs to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountTaken {
    Login,
    ExternalId,
}

statements! {
    const INSERT = "
        insert into accounts (tenant_id, account_id, external_id, display_name, epoch, recovery_version, blocked, frozen,
            managed_elsewhere, roles, reconfirmed_at, created_at, updated_at, deleted_at, version, name_key,
            surname_key)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        on conflict do nothing";

    const INSERT_LOGIN = "
        insert into logins (tenant_id, login, account_id, position) values ($1, $2, $3, $4) on conflict do nothing";
}

impl Store {
    /// Creates an account with its logins, security info, roles and password. Logins and external id are unique in
    /// the tenant, reserved until purge.
    pub(crate) async fn create_account(
        &self,
        scope: &TenantScope,
        account: &Account,
        event: &AuditEvent,
        idempotency: Option<IdempotentRequest<'_, Account>>,
    ) -> Result<StepOutcome<Account, AccountTaken>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let create = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, account.created_at).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            if let Some(taken) = insert(&mut tx, tenant_id, account).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(taken)));
            }
            idempotency::store_answer(&mut tx, tenant_id, idempotency, account).await?;
            audit::append(&mut tx, event).await?;
            Ok(tx.commit(StepOutcome::Done(account.clone())))
        });
        create.await
    }
}

/// Which of its names is taken, if one is.
pub(super) async fn insert(
    tx: &mut Connection,
    tenant_id: TenantId,
    account: &Account,
) -> Result<Option<AccountTaken>, Failure> {
    let (name_key, surname_key) = name_keys(&account.display_name);
    let values = values![
        tenant_id,
        account.id,
        account.external_id.as_deref(),
        &account.display_name,
        account.epoch.0,
        account.recovery_version.0,
        account.blocked,
        account.frozen,
        account.managed_elsewhere,
        i64::from(account.roles.bits()),
        account.reconfirmed_at,
        account.created_at,
        account.updated_at,
        account.deleted_at,
        account.version,
        name_key,
        surname_key,
    ];
    if tx.execute(INSERT, values).await? == 0 {
        return Ok(Some(AccountTaken::ExternalId));
    }
    last::created(tx, tenant_id, account).await?;
    if !insert_logins(tx, tenant_id, account).await? {
        return Ok(Some(AccountTaken::Login));
    }
    for entry in &account.security_info {
        security_info::insert(tx, tenant_id, account.id, entry).await?;
    }
    if let Some(password) = &account.password {
        passwords::write(tx, tenant_id, account.id, password).await?;
    }
    Ok(None)
}

/// Whether the logins were free.
pub(super) async fn insert_logins(
    tx: &mut Connection,
    tenant_id: TenantId,
    account: &Account,
) -> Result<bool, Failure> {
    for (position, login) in (0_i64..).zip(&account.logins) {
        let values = values![tenant_id, login.as_str(), account.id, position];
        if tx.execute(INSERT_LOGIN, values).await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
