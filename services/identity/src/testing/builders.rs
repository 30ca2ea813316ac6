//! A tenant, an account, a password and an entry as most tests want them; the rest is `..account(…)`.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId};
use rekey_primitives::login::Login;

use crate::domain::account::{Account, CredentialEpoch, PasswordRecord, RecoveryVersion, Sealed};
use crate::domain::authority::RoleSet;
use crate::domain::security_info::{Holding, SecurityInfo, Standing};
use crate::domain::tenant::{DomainName, Handle, Tenant};

/// An organisation with one domain, there since `at`.
pub(crate) fn tenant(id: TenantId, handle: &str, at: Timestamp) -> Tenant {
    Tenant {
        id,
        handle: Handle::parse(handle).unwrap(),
        display_name: "Acme".to_owned(),
        domains: vec![DomainName::parse(&format!("{handle}.example")).unwrap()],
        licensed_accounts: None,
        help_mailbox: None,
        help_url: None,
        home_region: None,
        created_at: at,
        updated_at: at,
        deleted_at: None,
        version: 1,
    }
}

/// A person without a password who can prove nothing, there since `at`.
pub(crate) fn account(tenant_id: TenantId, id: AccountId, login: &str, at: Timestamp) -> Account {
    Account {
        id,
        tenant_id,
        external_id: None,
        display_name: "Anna Blume".to_owned(),
        logins: vec![Login::parse(login).unwrap()],
        password: None,
        epoch: CredentialEpoch::FIRST,
        recovery_version: RecoveryVersion::FIRST,
        blocked: false,
        frozen: false,
        managed_elsewhere: false,
        roles: RoleSet::EMPTY,
        security_info: Vec::new(),
        reconfirmed_at: None,
        last_sign_in_at: None,
        created_at: at,
        updated_at: at,
        deleted_at: None,
        version: 1,
    }
}

/// A password that was set at `at`.
pub(crate) fn password(hash: Sealed, at: Timestamp) -> PasswordRecord {
    PasswordRecord {
        hash,
        set_at: at,
        must_change: false,
        temporary_until: None,
        expiry_exempt: false,
        expiry_counts_from: at,
    }
}

/// An entry that was confirmed at `at`.
pub(crate) fn confirmed(id: SecurityInfoId, holding: Holding, at: Timestamp) -> SecurityInfo {
    SecurityInfo {
        id,
        holding,
        label: None,
        is_default: false,
        standing: Standing::Confirmed { at },
        disabled: false,
        is_first: false,
        added_at: at,
        changed_at: at,
    }
}
