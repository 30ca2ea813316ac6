//! Accounts, entries and tenants for the tests of the rules.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{EmailAddress, PhoneNumber};
use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId};
use rekey_primitives::login::Login;
use uuid::Uuid;

use super::account::{Account, CredentialEpoch, PasswordRecord, RecoveryVersion, Sealed};
use super::authority::RoleSet;
use super::security_info::{Holding, SecurityInfo, Standing};
use super::tenant::{DomainName, Handle, Tenant};
use super::totp::{Totp, TotpHash};

/// A moment long after everything below was set up.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix_micros(1_900_000_000_000_000)
}

pub(crate) fn days(count: u64) -> Duration {
    Duration::from_secs(86_400 * count)
}

pub(crate) fn hours(count: u64) -> Duration {
    Duration::from_secs(3_600 * count)
}

pub(crate) fn tenant() -> Tenant {
    Tenant {
        id: TenantId::from_uuid(Uuid::from_u128(1)),
        handle: Handle::parse("acme").unwrap(),
        display_name: "Acme Fireworks".to_owned(),
        domains: vec![DomainName::parse("acme.example").unwrap()],
        licensed_accounts: None,
        help_mailbox: None,
        help_url: None,
        created_at: now().minus(days(1_000)),
        updated_at: now().minus(days(1_000)),
        version: 1,
    }
}

/// Anna, who has been there for a year and can prove nothing.
pub(crate) fn account() -> Account {
    Account {
        id: AccountId::from_uuid(Uuid::from_u128(2)),
        tenant_id: tenant().id,
        external_id: None,
        display_name: "Anna Blume".to_owned(),
        logins: vec![Login::parse("anna.blume@acme.example").unwrap()],
        password: Some(password()),
        epoch: CredentialEpoch(3),
        recovery_version: RecoveryVersion(5),
        blocked: false,
        frozen: false,
        managed_elsewhere: false,
        roles: RoleSet::EMPTY,
        security_info: Vec::new(),
        reconfirmed_at: None,
        created_at: now().minus(days(365)),
        updated_at: now().minus(days(365)),
        deleted_at: None,
        version: 1,
    }
}

pub(crate) fn password() -> PasswordRecord {
    let set_at = now().minus(days(100));
    PasswordRecord {
        hash: Sealed::new(vec![1, 2, 3]),
        set_at,
        must_change: false,
        temporary_until: None,
        expiry_exempt: false,
        expiry_counts_from: set_at,
    }
}

/// A settled, confirmed entry.
pub(crate) fn entry(number: u128, holding: Holding) -> SecurityInfo {
    let then = now().minus(days(200));
    SecurityInfo {
        id: SecurityInfoId::from_uuid(Uuid::from_u128(number)),
        holding,
        label: None,
        is_default: false,
        standing: Standing::Confirmed { at: then },
        disabled: false,
        is_first: false,
        added_at: then,
        changed_at: then,
    }
}

pub(crate) fn email(number: u128) -> SecurityInfo {
    entry(number, Holding::Email(EmailAddress::parse(&format!("anna{number}@mail.example")).unwrap()))
}

pub(crate) fn phone(number: u128) -> SecurityInfo {
    entry(number, Holding::Phone(PhoneNumber::parse(&format!("+4915100000{number:02}")).unwrap()))
}

pub(crate) fn authenticator(number: u128) -> SecurityInfo {
    entry(
        number,
        Holding::Authenticator {
            totp: Totp { hash: TotpHash::Sha1, digits: 6 },
            key: Sealed::new(vec![number as u8]),
            last_step: None,
        },
    )
}

pub(crate) fn recovery_codes(number: u128) -> SecurityInfo {
    entry(number, Holding::RecoveryCodes { remaining: 10 })
}

pub(crate) fn holding(entries: Vec<SecurityInfo>) -> Account {
    Account { security_info: entries, ..account() }
}
