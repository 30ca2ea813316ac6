//! Accounts with their logins and security info.

use rekey_primitives::contact::{EmailAddress, PhoneNumber};
use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId};
use rekey_primitives::login::Login;
use rekey_primitives::method::MethodKind;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Failure, at, json, number, unreadable};
use crate::domain::account::{Account, CredentialEpoch, PasswordRecord, RecoveryVersion, Sealed};
use crate::domain::authority::RoleSet;
use crate::domain::passkey::Passkey;
use crate::domain::security_info::{Holding, SecurityInfo, Standing};
use crate::domain::totp::{Totp, TotpHash};

/// An account as one statement reads it.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct AccountRow {
    tenant_id: Uuid,
    account_id: Uuid,
    external_id: Option<String>,
    display_name: String,
    epoch: i64,
    recovery_version: i64,
    blocked: bool,
    frozen: bool,
    managed_elsewhere: bool,
    roles: i64,
    reconfirmed_at: Option<i64>,
    last_sign_in_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
    deleted_at: Option<i64>,
    version: i64,
    password_hash: Option<Vec<u8>>,
    password_set_at: Option<i64>,
    password_must_change: Option<bool>,
    password_temporary_until: Option<i64>,
    password_expiry_exempt: Option<bool>,
    password_expiry_counts_from: Option<i64>,
    logins: String,
    security_info: String,
}

/// What a step reads of an account under lock before it decides.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(in crate::store) struct AccountState {
    pub(in crate::store) epoch: i64,
    pub(in crate::store) version: i64,
    pub(in crate::store) blocked: bool,
    pub(in crate::store) frozen: bool,
    /// The bits of [`Account::roles`].
    pub(in crate::store) roles: i64,
    /// The sealed hash, if there is a password.
    pub(in crate::store) password_hash: Option<Vec<u8>>,
}

/// One entry of the JSON list of security info. Numbers stand for booleans and hexadecimal digits for bytes, which is
/// what both databases can write into JSON.
#[derive(Deserialize)]
struct SecurityInfoEntry {
    id: Uuid,
    kind: String,
    address: Option<String>,
    label: Option<String>,
    is_default: i64,
    standing: String,
    confirmed_at: Option<i64>,
    disabled: i64,
    is_first: i64,
    added_at: i64,
    changed_at: i64,
    totp_hash: Option<String>,
    totp_digits: Option<i64>,
    totp_key: Option<String>,
    totp_last_step: Option<i64>,
    codes_remaining: Option<i64>,
    passkey: Option<PasskeyEntry>,
}

/// What is kept of a passkey beside its entry.
#[derive(Deserialize)]
struct PasskeyEntry {
    credential_id: String,
    public_key: String,
    counter: i64,
    backup_eligible: i64,
    backed_up: i64,
    transports: String,
    used_at: Option<i64>,
}

/// What an entry holds, column by column, for writing it.
pub(in crate::store) struct SecurityInfoColumns<'a> {
    pub(in crate::store) address: Option<&'a str>,
    /// Of an authenticator.
    pub(in crate::store) totp_hash: Option<&'static str>,
    /// Of an authenticator.
    pub(in crate::store) totp_digits: Option<i64>,
    /// Of an authenticator.
    pub(in crate::store) totp_key: Option<&'a [u8]>,
    /// Of an authenticator that was used.
    pub(in crate::store) totp_last_step: Option<i64>,
    /// Of a saved list.
    pub(in crate::store) codes_remaining: Option<i64>,
    /// The name of the standing.
    pub(in crate::store) standing: &'static str,
    /// Of a confirmed entry.
    pub(in crate::store) confirmed_at: Option<i64>,
}

impl<'a> SecurityInfoColumns<'a> {
    /// The columns of an entry.
    pub(in crate::store) fn of(entry: &'a SecurityInfo) -> Self {
        let (standing, confirmed_at) = standing_columns(entry.standing);
        let mut held = Self {
            address: None,
            totp_hash: None,
            totp_digits: None,
            totp_key: None,
            totp_last_step: None,
            codes_remaining: None,
            standing,
            confirmed_at,
        };
        match &entry.holding {
            Holding::Email(address) => held.address = Some(address.as_str()),
            Holding::Phone(number) => held.address = Some(number.as_str()),
            Holding::Authenticator { totp, key, last_step } => {
                held.totp_hash = Some(totp.hash.as_str());
                held.totp_digits = Some(i64::from(totp.digits));
                held.totp_key = Some(key.as_bytes());
                held.totp_last_step = last_step.map(u64::cast_signed);
            }
            Holding::RecoveryCodes { remaining } => held.codes_remaining = Some(i64::from(*remaining)),
            // It has a row of its own.
            Holding::Passkey(_) => {}
        }
        held
    }
}

/// The two columns of a standing.
pub(in crate::store) fn standing_columns(standing: Standing) -> (&'static str, Option<i64>) {
    match standing {
        Standing::Unconfirmed => ("unconfirmed", None),
        Standing::Prefilled => ("prefilled", None),
        Standing::Confirmed { at } => ("confirmed", Some(at.unix_micros())),
    }
}

impl AccountState {
    /// Whether it may sign in or reset.
    pub(in crate::store) const fn is_open(&self) -> bool {
        !self.blocked && !self.frozen
    }
}

impl AccountRow {
    pub(in crate::store) const fn id(&self) -> Uuid {
        self.account_id
    }

    pub(in crate::store) fn account(self) -> Result<Account, Failure> {
        let password = self.password()?;
        let logins: Vec<String> = json(&self.logins, "logins")?;
        let security_info = self.security_info()?;
        Ok(Account {
            id: AccountId::from_uuid(self.account_id),
            tenant_id: TenantId::from_uuid(self.tenant_id),
            external_id: self.external_id,
            display_name: self.display_name,
            logins: logins.into_iter().map(Login::from_stored).collect(),
            password,
            epoch: CredentialEpoch(self.epoch),
            recovery_version: RecoveryVersion(self.recovery_version),
            blocked: self.blocked,
            frozen: self.frozen,
            managed_elsewhere: self.managed_elsewhere,
            roles: RoleSet::from_bits(number(self.roles, "roles")?),
            security_info,
            reconfirmed_at: self.reconfirmed_at.map(at),
            last_sign_in_at: self.last_sign_in_at.map(at),
            created_at: at(self.created_at),
            updated_at: at(self.updated_at),
            deleted_at: self.deleted_at.map(at),
            version: self.version,
        })
    }

    /// The entries that read. One that does not is logged and as good as none: the account lives on with the others.
    fn security_info(&self) -> Result<Vec<SecurityInfo>, Failure> {
        let entries: Vec<Value> = json(&self.security_info, "security info")?;
        let read = |entry: Value| {
            let id = entry.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            let read = serde_json::from_value::<SecurityInfoEntry>(entry)
                .map_err(|_| unreadable("security info"))
                .and_then(SecurityInfoEntry::entry);
            let account_id = self.account_id;
            read.inspect_err(|failure| {
                tracing::error!(%account_id, security_info_id = %id, %failure, "an entry of security info is left out");
            })
            .ok()
        };
        Ok(entries.into_iter().filter_map(read).collect())
    }

    fn password(&self) -> Result<Option<PasswordRecord>, Failure> {
        let Some(hash) = &self.password_hash else { return Ok(None) };
        let torn = || unreadable("a password");
        Ok(Some(PasswordRecord {
            hash: Sealed::new(hash.clone()),
            set_at: self.password_set_at.map(at).ok_or_else(torn)?,
            must_change: self.password_must_change.ok_or_else(torn)?,
            temporary_until: self.password_temporary_until.map(at),
            expiry_exempt: self.password_expiry_exempt.ok_or_else(torn)?,
            expiry_counts_from: self.password_expiry_counts_from.map(at).ok_or_else(torn)?,
        }))
    }
}

impl SecurityInfoEntry {
    fn entry(self) -> Result<SecurityInfo, Failure> {
        Ok(SecurityInfo {
            id: SecurityInfoId::from_uuid(self.id),
            holding: self.holding()?,
            is_default: self.is_default != 0,
            standing: match (self.standing.as_str(), self.confirmed_at) {
                ("unconfirmed", None) => Standing::Unconfirmed,
                ("prefilled", None) => Standing::Prefilled,
                ("confirmed", Some(confirmed_at)) => Standing::Confirmed { at: at(confirmed_at) },
                _ => return Err(unreadable("a standing")),
            },
            disabled: self.disabled != 0,
            is_first: self.is_first != 0,
            added_at: at(self.added_at),
            changed_at: at(self.changed_at),
            label: self.label,
        })
    }

    fn holding(&self) -> Result<Holding, Failure> {
        let torn = || unreadable("security info");
        let address = || self.address.clone().ok_or_else(torn);
        match MethodKind::parse(&self.kind).ok_or_else(torn)? {
            MethodKind::Email => Ok(Holding::Email(EmailAddress::from_stored(address()?))),
            MethodKind::Phone => Ok(Holding::Phone(PhoneNumber::from_stored(address()?))),
            MethodKind::Authenticator => Ok(Holding::Authenticator {
                totp: Totp {
                    hash: self.totp_hash.as_deref().and_then(TotpHash::parse).ok_or_else(torn)?,
                    digits: number(self.totp_digits.ok_or_else(torn)?, "security info")?,
                },
                key: self.totp_key.as_deref().and_then(bytes_of).map(Sealed::new).ok_or_else(torn)?,
                last_step: self.totp_last_step.map(i64::cast_unsigned),
            }),
            MethodKind::RecoveryCode => Ok(Holding::RecoveryCodes {
                remaining: number(self.codes_remaining.ok_or_else(torn)?, "security info")?,
            }),
            MethodKind::Passkey => {
                let passkey = self.passkey.as_ref().ok_or_else(torn)?.passkey()?;
                Ok(Holding::Passkey(Box::new(passkey)))
            }
        }
    }
}

impl PasskeyEntry {
    fn passkey(&self) -> Result<Passkey, Failure> {
        let bytes = |digits: &str| bytes_of(digits).ok_or_else(|| unreadable("a passkey"));
        let transports = self.transports.split(',').filter(|hint| !hint.is_empty());
        Ok(Passkey {
            credential_id: bytes(&self.credential_id)?,
            public_key: bytes(&self.public_key)?,
            counter: number(self.counter, "a passkey")?,
            backup_eligible: self.backup_eligible != 0,
            backed_up: self.backed_up != 0,
            transports: transports.map(str::to_owned).collect(),
            used_at: self.used_at.map(at),
        })
    }
}

/// The hints of how to reach a passkey, as one text.
pub(in crate::store) fn joined_transports(passkey: &Passkey) -> String {
    passkey.transports.join(",")
}

/// Bytes of their hexadecimal digits, which Postgres writes in lower case and SQLite in upper case.
fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    hex::decode(digits).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_are_read_in_either_case() {
        assert_eq!(bytes_of("00fFa1"), Some(vec![0, 255, 161]));
        assert_eq!(bytes_of("abc"), None);
        assert_eq!(bytes_of("zz"), None);
    }
}
