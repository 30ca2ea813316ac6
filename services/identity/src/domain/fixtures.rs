//! Accounts, entries and tenants for the tests of the rules.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{EmailAddress, PhoneNumber};
use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId};
use uuid::Uuid;

use super::account::{Account, CredentialEpoch, PasswordRecord, RecoveryVersion, Sealed};
use super::passkey::Passkey;
use super::security_info::{Holding, SecurityInfo};
use super::tenant::Tenant;
use super::totp::{Totp, TotpHash};
use crate::testing;

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
    let id = TenantId::from_uuid(Uuid::from_u128(1));
    let display_name = "Acme Fireworks".to_owned();
    Tenant { display_name, ..testing::tenant(id, "acme", now().minus(days(1_000))) }
}

/// Anna, who has been there for a year and can prove nothing.
pub(crate) fn account() -> Account {
    let (id, login) = (AccountId::from_uuid(Uuid::from_u128(2)), "anna.blume@acme.example");
    Account {
        password: Some(password()),
        epoch: CredentialEpoch(3),
        recovery_version: RecoveryVersion(5),
        ..testing::account(tenant().id, id, login, now().minus(days(365)))
    }
}

pub(crate) fn password() -> PasswordRecord {
    testing::password(Sealed::new(vec![1, 2, 3]), now().minus(days(100)))
}

/// A settled, confirmed entry.
pub(crate) fn entry(number: u128, holding: Holding) -> SecurityInfo {
    let id = SecurityInfoId::from_uuid(Uuid::from_u128(number));
    testing::confirmed(id, holding, now().minus(days(200)))
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

pub(crate) fn passkey(number: u128) -> SecurityInfo {
    let passkey = Passkey {
        credential_id: number.to_be_bytes().to_vec(),
        public_key: vec![1],
        counter: 0,
        backup_eligible: true,
        backed_up: true,
        transports: Vec::new(),
        used_at: None,
    };
    entry(number, Holding::Passkey(Box::new(passkey)))
}

pub(crate) fn holding(entries: Vec<SecurityInfo>) -> Account {
    Account { security_info: entries, ..account() }
}
