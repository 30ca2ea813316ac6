//! Views: what callers see of accounts, tenants and security info, without anything secret.
//!
//! Use cases answer with them. They are stored, sealed, as the answer of a call, so a repeat sees the account as the first
//! call left it.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;
use rekey_primitives::method::MethodKind;
use rekey_sealing::{KeyState, PublicKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::account::{Account, PasswordRecord};
use crate::domain::audit::{AccountHash, Actor};
use crate::domain::bulk_reset::{BulkReset, BulkState};
use crate::domain::group::Group;
use crate::domain::help::HelpRequest;
use crate::domain::policy::ResetRules;
use crate::domain::security_info::{Holding, SecurityInfo, Standing};
use crate::domain::tenant::Tenant;

/// An account. Times are microseconds since the epoch. Names people go by do not belong into logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, derive_more::Debug)]
pub(crate) struct AccountView {
    pub account_id: Uuid,
    pub tenant_id: Uuid,
    /// In canonical form.
    #[debug(skip)]
    pub logins: Vec<String>,
    /// The name people read.
    #[debug(skip)]
    pub display_name: String,
    /// The integrator's own id.
    #[debug(skip)]
    pub external_id: Option<String>,
    /// Whether its password must be changed, and when it was set; `None` without a password.
    pub password: Option<PasswordView>,
    /// An administrator blocked it.
    pub blocked: bool,
    /// A repudiated reset froze it.
    pub frozen: bool,
    /// Another directory manages its password.
    pub managed_elsewhere: bool,
    /// By name.
    pub roles: Vec<String>,
    /// The etag is made of it.
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
    /// When a session was last opened.
    #[serde(default)]
    pub last_sign_in_at: Option<i64>,
    /// When it was deleted.
    #[serde(default)]
    pub deleted_at: Option<i64>,
}

/// What is shown of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PasswordView {
    pub set_at: i64,
    /// The next sign-in asks for another.
    pub must_change: bool,
}

/// A help request. Times are microseconds since the epoch.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, derive_more::Debug)]
pub(crate) struct HelpRequestView {
    pub help_request_id: Uuid,
    pub account_id: Uuid,
    /// What somebody wrote does not belong into logs.
    #[debug(skip)]
    pub message: String,
    pub proved: bool,
    /// By name.
    pub state: String,
    pub handled_by: Option<Uuid>,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub expires_at: i64,
    /// When its person was last verified on the phone. Absent in answers kept by an older release.
    #[serde(default)]
    pub caller_verified_at: Option<i64>,
}

/// A bulk reset. Times are microseconds since the epoch, words by their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BulkResetView {
    pub bulk_reset_id: Uuid,
    pub mode: String,
    pub dry_run: bool,
    pub per_second: u32,
    /// Whether its accounts are listed, and not found by a filter.
    pub is_listed: bool,
    pub state: String,
    pub stop_reason: Option<String>,
    pub accounts: i64,
    pub reset: i64,
    pub refused: i64,
    pub next_sequence: i64,
    /// The administrator who started it; `None` for a backend in its own name.
    pub starter: Option<Uuid>,
    pub created_at: i64,
    pub updated_at: i64,
    pub ended_at: Option<i64>,
}

/// A tenant. Times are microseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TenantView {
    pub tenant_id: Uuid,
    pub handle: String,
    pub display_name: String,
    pub domains: Vec<String>,
    /// Seats for self-service reset; `None` for any number.
    pub licensed_accounts: Option<u32>,
    /// Where help requests go instead of to administrators.
    #[serde(default)]
    pub help_mailbox: Option<String>,
    /// A page shown instead of the form for a help request.
    #[serde(default)]
    pub help_url: Option<String>,
    /// The region where it is at home.
    #[serde(default)]
    pub home_region: Option<String>,
    /// The etag is made of it.
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
    /// When it was deleted.
    #[serde(default)]
    pub deleted_at: Option<i64>,
}

/// A group. Times are microseconds since the epoch.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, derive_more::Debug)]
pub(crate) struct GroupView {
    pub group_id: Uuid,
    pub tenant_id: Uuid,
    #[debug(skip)]
    pub display_name: String,
    /// The etag is made of it.
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

/// A public key that access tokens are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SigningKeyView {
    /// The `kid` in a token's header.
    pub key_id: String,
    /// The point on the curve.
    pub public_key: Vec<u8>,
    /// Whether it signs today.
    pub is_active: bool,
}

/// An entry of security info. Times are microseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecurityInfoView {
    pub security_info_id: Uuid,
    /// The name of its kind.
    kind: String,
    /// The address, masked; empty for kinds without one.
    pub masked_destination: String,
    pub state: SecurityInfoState,
    /// Offered first.
    pub is_default: bool,
    pub added_at: i64,
    /// When it begins to count, while it is quarantined.
    pub usable_at: Option<i64>,
    /// Of recovery codes: how many are left.
    #[serde(default)]
    pub codes_remaining: Option<u32>,
    /// What its person calls it.
    #[serde(default)]
    pub label: Option<String>,
}

/// A passkey. Times are microseconds since the epoch.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, derive_more::Debug)]
pub(crate) struct PasskeyView {
    pub security_info_id: Uuid,
    /// What its person calls it.
    #[debug(skip)]
    pub display_name: String,
    pub state: SecurityInfoState,
    /// When it begins to count as a proof, while it is quarantined.
    pub usable_at: Option<i64>,
    pub added_at: i64,
    pub used_at: Option<i64>,
    pub backup_eligible: bool,
    pub backed_up: bool,
}

/// Whether an entry can prove anything yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecurityInfoState {
    /// Added, not confirmed.
    Unconfirmed,
    /// Filled in by an administrator, not confirmed, in a tenant where that counts for nothing.
    Prefilled,
    /// Changed too recently to count.
    Quarantined,
    /// Counts.
    Usable,
    /// Disabled by wrong codes.
    Disabled,
}

impl From<&Account> for AccountView {
    fn from(account: &Account) -> Self {
        Self {
            account_id: account.id.as_uuid(),
            tenant_id: account.tenant_id.as_uuid(),
            logins: account.logins.iter().map(|login| login.as_str().to_owned()).collect(),
            display_name: account.display_name.clone(),
            external_id: account.external_id.clone(),
            password: account.password.as_ref().map(PasswordView::from),
            blocked: account.blocked,
            frozen: account.frozen,
            managed_elsewhere: account.managed_elsewhere,
            roles: account.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            version: account.version,
            created_at: account.created_at.unix_micros(),
            updated_at: account.updated_at.unix_micros(),
            last_sign_in_at: account.last_sign_in_at.map(Timestamp::unix_micros),
            deleted_at: account.deleted_at.map(Timestamp::unix_micros),
        }
    }
}

impl From<&PasswordRecord> for PasswordView {
    fn from(record: &PasswordRecord) -> Self {
        Self { set_at: record.set_at.unix_micros(), must_change: record.must_change }
    }
}

impl From<&Tenant> for TenantView {
    fn from(tenant: &Tenant) -> Self {
        Self {
            tenant_id: tenant.id.as_uuid(),
            handle: tenant.handle.as_str().to_owned(),
            display_name: tenant.display_name.clone(),
            domains: tenant.domains.iter().map(|domain| domain.as_str().to_owned()).collect(),
            licensed_accounts: tenant.licensed_accounts,
            help_mailbox: tenant.help_mailbox.as_ref().map(|address| address.as_str().to_owned()),
            help_url: tenant.help_url.as_ref().map(|url| url.as_str().to_owned()),
            home_region: tenant.home_region.as_ref().map(|region| region.as_str().to_owned()),
            version: tenant.version,
            created_at: tenant.created_at.unix_micros(),
            updated_at: tenant.updated_at.unix_micros(),
            deleted_at: tenant.deleted_at.map(Timestamp::unix_micros),
        }
    }
}

impl From<&Group> for GroupView {
    fn from(group: &Group) -> Self {
        Self {
            group_id: group.id.as_uuid(),
            tenant_id: group.tenant_id.as_uuid(),
            display_name: group.display_name.clone(),
            version: group.version,
            created_at: group.created_at.unix_micros(),
            updated_at: group.updated_at.unix_micros(),
        }
    }
}

impl From<&HelpRequest> for HelpRequestView {
    fn from(request: &HelpRequest) -> Self {
        Self {
            help_request_id: request.id.as_uuid(),
            account_id: request.account_id.as_uuid(),
            message: request.message.as_str().to_owned(),
            proved: request.proved,
            state: request.state.as_str().to_owned(),
            handled_by: request.handled_by.map(AccountId::as_uuid),
            version: request.version,
            created_at: request.created_at.unix_micros(),
            updated_at: request.updated_at.unix_micros(),
            expires_at: request.expires_at.unix_micros(),
            caller_verified_at: request.caller_verified_at.map(Timestamp::unix_micros),
        }
    }
}

/// What is left of an account that was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErasedView {
    pub account_hash: Uuid,
}

impl From<AccountHash> for ErasedView {
    fn from(hash: AccountHash) -> Self {
        Self { account_hash: hash.as_uuid() }
    }
}

impl From<&BulkReset> for BulkResetView {
    fn from(job: &BulkReset) -> Self {
        let starter = match job.plan.actor {
            Actor::Account(id) => Some(id.as_uuid()),
            Actor::Stranger | Actor::Service | Actor::Rekey | Actor::Erased(_) => None,
        };
        Self {
            bulk_reset_id: job.id.as_uuid(),
            mode: job.plan.mode.as_str().to_owned(),
            dry_run: job.plan.dry_run,
            per_second: job.plan.per_second,
            is_listed: job.plan.filter.is_none(),
            state: job.state.as_str().to_owned(),
            stop_reason: job.stop.map(|stop| stop.as_str().to_owned()),
            accounts: job.accounts,
            reset: job.reset,
            refused: job.refused,
            next_sequence: job.next_sequence,
            starter,
            created_at: job.created_at.unix_micros(),
            updated_at: job.updated_at.unix_micros(),
            ended_at: job.ended_at.map(Timestamp::unix_micros),
        }
    }
}

impl BulkResetView {
    /// Whether it may still do something.
    pub(crate) fn is_alive(&self) -> bool {
        BulkState::parse(&self.state).is_some_and(BulkState::is_alive)
    }
}

impl From<PublicKey> for SigningKeyView {
    fn from(key: PublicKey) -> Self {
        Self {
            key_id: key.id.as_str().to_owned(),
            public_key: key.bytes.to_vec(),
            is_active: key.state == KeyState::Active,
        }
    }
}

impl SecurityInfoView {
    /// An entry as it stands at `now` by these rules.
    pub(crate) fn of(entry: &SecurityInfo, rules: &ResetRules, now: Timestamp) -> Self {
        let state = SecurityInfoState::of(entry, rules, now);
        let usable_at =
            (state == SecurityInfoState::Quarantined).then(|| entry.settles_at(rules).unix_micros());
        Self {
            security_info_id: entry.id.as_uuid(),
            kind: entry.kind().as_str().to_owned(),
            masked_destination: entry.destination().map(|to| to.masked()).unwrap_or_default(),
            state,
            is_default: entry.is_default,
            added_at: entry.added_at.unix_micros(),
            usable_at,
            codes_remaining: match entry.holding {
                Holding::RecoveryCodes { remaining } => Some(remaining),
                Holding::Email(_)
                | Holding::Phone(_)
                | Holding::Authenticator { .. }
                | Holding::Passkey(_) => None,
            },
            label: entry.label.clone(),
        }
    }

    /// These entries as a person reads them: the default first, then the oldest.
    pub(crate) fn list(entries: &[SecurityInfo], rules: &ResetRules, now: Timestamp) -> Vec<Self> {
        let mut entries: Vec<&SecurityInfo> = entries.iter().collect();
        entries.sort_by_key(|entry| (!entry.is_default, entry.added_at, entry.id));
        entries.into_iter().map(|entry| Self::of(entry, rules, now)).collect()
    }

    /// Its kind; `None` for one that a newer release kept.
    pub(crate) fn kind(&self) -> Option<MethodKind> {
        MethodKind::parse(&self.kind)
    }
}

impl PasskeyView {
    /// An entry as it stands at `now`, if it is a passkey.
    pub(crate) fn of(entry: &SecurityInfo, rules: &ResetRules, now: Timestamp) -> Option<Self> {
        let passkey = entry.passkey()?;
        let SecurityInfoView { security_info_id, state, usable_at, added_at, label, .. } =
            SecurityInfoView::of(entry, rules, now);
        Some(Self {
            security_info_id,
            display_name: label.unwrap_or_default(),
            state,
            usable_at,
            added_at,
            used_at: passkey.used_at.map(Timestamp::unix_micros),
            backup_eligible: passkey.backup_eligible,
            backed_up: passkey.backed_up,
        })
    }
}

impl SecurityInfoState {
    fn of(entry: &SecurityInfo, rules: &ResetRules, now: Timestamp) -> Self {
        match entry.standing {
            _ if entry.disabled => Self::Disabled,
            Standing::Unconfirmed => Self::Unconfirmed,
            Standing::Prefilled if !rules.accept_prefilled => Self::Prefilled,
            Standing::Prefilled | Standing::Confirmed { .. } if entry.is_settled(rules, now) => Self::Usable,
            Standing::Prefilled | Standing::Confirmed { .. } => Self::Quarantined,
        }
    }
}
