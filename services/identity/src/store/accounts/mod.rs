//! Steps on tenants, accounts, their security info and roles.

pub(super) mod beginning;
pub(super) mod changes;
pub(super) mod creation;
pub(super) mod deletion;
pub(super) mod edits;
pub(super) mod erasure;
pub(super) mod held_codes;
pub(super) mod passkeys;
pub(super) mod policies;
pub(super) mod security_info;
pub(super) mod tenant_changes;
pub(super) mod tenants;
pub(super) mod verifications;

use rekey_database::{Connection, Sql, Value, statements, values};
use rekey_primitives::id::{AccountId, TenantId};
use rekey_primitives::login::Login;
use uuid::Uuid;

use super::columns::{ACCOUNT_COLUMNS, OF_LIVING_TENANT};
use super::rows::{AccountRow, ReadablePage, RemovedAddressRow, readable};
use super::{Failure, Store};
use crate::domain::account::Account;
use crate::domain::scope::TenantScope;
use crate::domain::security_info::RemovedAddress;

pub(crate) use beginning::{Beginning, FirstRows};
pub(crate) use changes::{AccountChange, ChangeAccount, ChangeRefused};
pub(crate) use creation::AccountTaken;
pub(crate) use deletion::{DeleteAccount, DeletionRefused, UndeleteAccount};
pub(crate) use edits::{EditAccount, EditRefused};
pub(crate) use erasure::EraseAccount;
pub(crate) use held_codes::{HeldCode, HeldCodeKind, PassedCode};
pub(crate) use passkeys::UsedPasskey;
pub(crate) use policies::{ChangePolicy, PolicyOvertaken};
pub(crate) use tenant_changes::{ChangeTenant, TenantChange, TenantRefused};
pub(crate) use tenants::{TenantKey, TenantTaken};
pub(crate) use verifications::EntryVerification;

/// How to find an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccountKey {
    Id(AccountId),
    /// By any of its logins.
    Login(Login),
    /// By the integrator's id.
    ExternalId(String),
}

statements! {
    const BY_ID =
        "select ", ACCOUNT_COLUMNS,
        " from accounts a where a.tenant_id = $1 and a.account_id = $2 and a.deleted_at is null", OF_LIVING_TENANT;

    pub(super) const BY_LOGIN =
        "select ", ACCOUNT_COLUMNS,
        " from logins n join accounts a on a.tenant_id = n.tenant_id and a.account_id = n.account_id
          where n.tenant_id = $1 and n.login = $2 and a.deleted_at is null", OF_LIVING_TENANT;

    const BY_EXTERNAL_ID =
        "select ", ACCOUNT_COLUMNS,
        " from accounts a where a.tenant_id = $1 and a.external_id = $2 and a.deleted_at is null", OF_LIVING_TENANT;

    const PAGE =
        "select ", ACCOUNT_COLUMNS,
        " from accounts a where a.tenant_id = $1 and a.account_id > $2 and a.deleted_at is null
          order by a.account_id limit $3";

    const ADMINISTRATORS =
        "select ", ACCOUNT_COLUMNS,
        " from accounts a where a.tenant_id = $1 and a.roles <> 0 and not a.blocked and not a.frozen
          and a.deleted_at is null order by a.account_id";

    const REMOVED_ADDRESSES = "
        select channel, address, removed_at from removed_addresses where tenant_id = $1 and account_id = $2
        order by removed_at desc, security_info_id";
}

impl Store {
    /// Finds an account that is not deleted, with its logins, roles and security info.
    pub(crate) async fn find_account(
        &self,
        scope: &TenantScope,
        key: &AccountKey,
    ) -> Result<Option<Account>, Failure> {
        let (sql, key): (Sql, Value<'_>) = match key {
            AccountKey::Id(id) => (BY_ID, (*id).into()),
            AccountKey::Login(login) => (BY_LOGIN, login.as_str().into()),
            AccountKey::ExternalId(id) => (BY_EXTERNAL_ID, id.into()),
        };
        let found: Option<AccountRow> = self.database.optional(sql, &[scope.tenant_id().into(), key]).await?;
        found.map(AccountRow::account).transpose()
    }

    /// Lists accounts by id, after `after`; ids rise with time, so oldest first. A row that does not read is passed over.
    pub(crate) async fn list_accounts(
        &self,
        scope: &TenantScope,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, Failure> {
        let mut page = ReadablePage::behind(after.map_or(Uuid::nil(), AccountId::as_uuid), limit);
        while let Some(wanted) = page.wanted() {
            let values = values![scope.tenant_id(), page.after, wanted];
            page.take(self.database.all(PAGE, values).await?, AccountRow::id, AccountRow::account);
        }
        Ok(page.into_items())
    }

    /// The accounts that hold any role and are not blocked, frozen or deleted, by id.
    pub(crate) async fn administrators(&self, scope: &TenantScope) -> Result<Vec<Account>, Failure> {
        let found: Vec<AccountRow> = self.database.all(ADMINISTRATORS, values![scope.tenant_id()]).await?;
        Ok(readable(found, AccountRow::id, AccountRow::account))
    }

    /// Addresses that were removed from the account and may still have to be told, newest first.
    pub(crate) async fn removed_addresses(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
    ) -> Result<Vec<RemovedAddress>, Failure> {
        let values = values![scope.tenant_id(), account_id];
        let found: Vec<RemovedAddressRow> = self.database.all(REMOVED_ADDRESSES, values).await?;
        Ok(readable(found, |_| account_id.as_uuid(), RemovedAddressRow::removed_address))
    }
}

/// Reads an account within a step.
pub(super) async fn read(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
) -> Result<Option<Account>, Failure> {
    let row: Option<AccountRow> = tx.optional(BY_ID, values![tenant_id, account_id]).await?;
    row.map(AccountRow::account).transpose()
}
