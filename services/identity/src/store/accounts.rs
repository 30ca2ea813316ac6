//! Steps on tenants, accounts, their security info and roles.

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId};
use rekey_primitives::login::Login;

use super::outbox::Notice;
use super::resets::MethodKey;
use super::{Failure, Once, Step};
use crate::domain::account::Account;
use crate::domain::audit::AuditEvent;
use crate::domain::authority::RoleSet;
use crate::domain::policy::PolicyRevision;
use crate::domain::scope::TenantScope;
use crate::domain::security_info::{RemovedAddress, SecurityInfo, Standing};
use crate::domain::tenant::{DomainName, Handle, Tenant};

/// How to find a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantKey {
    /// By id.
    Id(TenantId),
    /// By handle.
    Handle(Handle),
    /// By a domain of its own.
    Domain(DomainName),
}

/// How to find an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountKey {
    /// By id.
    Id(AccountId),
    /// By any of its logins.
    Login(Login),
    /// By the integrator's id.
    ExternalId(String),
}

/// Which name of a new tenant belongs to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantTaken;

/// Which name of a new account belongs to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountTaken {
    /// One of its logins.
    Login,
    /// Its external id.
    ExternalId,
}

/// What a change does to an account. Each raises `version` and sets `updated_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Blocks or unblocks sign-in. Blocking ends every session. Raises the recovery version.
    Blocked(bool),
    /// Releases a frozen account. Raises the recovery version.
    Unfrozen,
    /// Gives the account exactly these roles. Raises the recovery version.
    Roles(RoleSet),
    /// Adds an entry. Raises the recovery version unless its standing is `Unconfirmed`.
    AddSecurityInfo(SecurityInfo),
    /// Confirms an entry: standing, `changed_at` and `is_first` as given, no longer disabled, tries cleared. Raises
    /// the recovery version.
    ConfirmSecurityInfo {
        /// The entry.
        id: SecurityInfoId,
        /// The counters of its confirmations, which are cleared like that of resets.
        tries: [MethodKey; 2],
        /// Confirmed, and when.
        standing: Standing,
        /// From when quarantine counts.
        changed_at: Timestamp,
        /// Whether it is spared the quarantine.
        is_first: bool,
    },
    /// Removes an entry; its address, if any, is remembered to be told. Raises the recovery version.
    RemoveSecurityInfo {
        /// The entry.
        id: SecurityInfoId,
        /// The address to remember.
        removed: Option<RemovedAddress>,
    },
    /// Makes one entry the default and no other.
    DefaultSecurityInfo(SecurityInfoId),
    /// The person says that every entry is still right.
    Reconfirmed,
    /// Disables an entry after too many wrong codes. Raises the recovery version.
    DisableSecurityInfo(SecurityInfoId),
}

/// A change with everything that belongs to it.
#[derive(Debug, Clone)]
pub struct ChangeAccount {
    /// Whose account.
    pub account_id: AccountId,
    /// The `version` the decision was made on.
    pub version: i64,
    /// What changes.
    pub change: Change,
    /// What the log tells of it.
    pub event: AuditEvent,
    /// Whom it is told.
    pub notices: Vec<Notice>,
    /// When it happens.
    pub now: Timestamp,
}

/// Why a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotChanged {
    /// No such account in the tenant.
    Unknown,
    /// The account changed since `version` was read: judge again.
    Stale,
    /// The tenant would be left without a global administrator who is not blocked, frozen or deleted. Counted under a
    /// lock on the tenant, so that two changes at once cannot both pass.
    LastGlobalAdministrator,
}

/// Steps on tenants and accounts.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Creates a tenant with revision 1 of its policy. Handle and domains are unique in the suite. The answer is kept
    /// under the nil tenant, since a repeat comes with another id for the tenant it asks for.
    async fn create_tenant(
        &self,
        tenant: &Tenant,
        policy: &PolicyRevision,
        event: &AuditEvent,
        once: Option<Once<'_, Tenant>>,
    ) -> Result<Step<Tenant, TenantTaken>, Failure>;

    /// Finds a tenant.
    async fn find_tenant(&self, key: &TenantKey) -> Result<Option<Tenant>, Failure>;

    /// Lists tenants by id, after `after`. `only` bounds it to those; `None` means all.
    async fn list_tenants(
        &self,
        only: Option<&[TenantId]>,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<Tenant>, Failure>;

    /// The policy in force, or `None` for an unknown tenant.
    async fn policy(&self, scope: &TenantScope) -> Result<Option<PolicyRevision>, Failure>;

    /// Creates an account with its logins, security info, roles and password. Logins and external id are unique in
    /// the tenant, reserved until purge.
    async fn create_account(
        &self,
        scope: &TenantScope,
        account: &Account,
        event: &AuditEvent,
        once: Option<Once<'_, Account>>,
    ) -> Result<Step<Account, AccountTaken>, Failure>;

    /// Finds an account that is not deleted, with its logins, roles and security info.
    async fn find_account(&self, scope: &TenantScope, key: &AccountKey) -> Result<Option<Account>, Failure>;

    /// Lists accounts by id, after `after`; ids rise with time, so oldest first.
    async fn list_accounts(
        &self,
        scope: &TenantScope,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, Failure>;

    /// Changes an account under its version, with event and notices.
    async fn change_account(
        &self,
        scope: &TenantScope,
        change: &ChangeAccount,
        once: Option<Once<'_, Account>>,
    ) -> Result<Step<Account, NotChanged>, Failure>;

    /// The accounts that hold any role and are not blocked, frozen or deleted, by id.
    async fn administrators(&self, scope: &TenantScope) -> Result<Vec<Account>, Failure>;

    /// Addresses that were removed from the account and may still have to be told, newest first.
    async fn removed_addresses(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
    ) -> Result<Vec<RemovedAddress>, Failure>;

    /// Whether nothing was ever created here: no tenant. `bootstrap` asks.
    async fn is_empty(&self) -> Result<bool, Failure>;
}
