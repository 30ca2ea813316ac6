//! From a record to the account it is to become, as far as the record alone can tell.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;
use rekey_primitives::login::Login;

use super::{Directory, NewRecord, UnreadRecord};
use crate::credentials::UnreadableHash;
use crate::domain::account::{Account, CredentialEpoch, PasswordRecord, RecoveryVersion};
use crate::domain::account_import::{AccountImport, Draft, Flaw, RejectionReason, masked_login};
use crate::domain::authority::RoleSet;
use crate::domain::security_info::{SecurityInfo, Standing};

impl Directory {
    pub(super) fn drafted_record(
        &self,
        record: &Result<NewRecord, UnreadRecord>,
        import: &AccountImport,
        now: Timestamp,
    ) -> Draft {
        match record {
            Ok(record) => Draft {
                masked_login: masked_login(record.logins.first().map_or("", Login::as_str)),
                account: self.account_of(record, import, now).map(|account| (account, record.groups.clone())),
            },
            Err(UnreadRecord { masked_login, flaw }) => {
                Draft { masked_login: masked_login.clone(), account: Err(flaw.clone()) }
            }
        }
    }

    fn account_of(
        &self,
        record: &NewRecord,
        import: &AccountImport,
        now: Timestamp,
    ) -> Result<Account, Flaw> {
        let first_login = record.logins.first().map(|login| login.as_str().to_owned());
        let account = Account {
            id: AccountId::generate(&*self.entropy, now),
            tenant_id: import.tenant_id,
            external_id: record.external_id.clone(),
            display_name: record.display_name.clone().or(first_login).unwrap_or_default(),
            logins: record.logins.clone(),
            password: None,
            epoch: CredentialEpoch::FIRST,
            recovery_version: RecoveryVersion::FIRST,
            blocked: record.blocked,
            frozen: false,
            managed_elsewhere: record.managed_elsewhere,
            roles: RoleSet::EMPTY,
            security_info: self.entries_of(record, import, now)?,
            reconfirmed_at: None,
            last_sign_in_at: None,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            version: 1,
        };
        let password = self.password_of(record, &account, now)?;
        Ok(Account { password, ..account })
    }

    /// What a record says of a confirmation is believed where the import is.
    fn entries_of(
        &self,
        record: &NewRecord,
        import: &AccountImport,
        now: Timestamp,
    ) -> Result<Vec<SecurityInfo>, Flaw> {
        let trusted = import.options.confirmations_trusted;
        let entries = record.addresses.iter().map(|entry| {
            let is_confirmed = trusted && entry.confirmed;
            let standing = if is_confirmed { Standing::Confirmed { at: now } } else { Standing::Prefilled };
            (&entry.address, standing)
        });
        self.first_entries(entries, now)
            .map_err(|_| field("addresses", "as many of a kind as an account may have"))
    }

    fn password_of(
        &self,
        record: &NewRecord,
        account: &Account,
        now: Timestamp,
    ) -> Result<Option<PasswordRecord>, Flaw> {
        let Some(hash) = &record.password_hash else { return Ok(None) };
        if record.managed_elsewhere {
            return Err(field("password_hash", "absent where another directory manages the password"));
        }
        let set_at = record.password_time.map_or(now, Timestamp::from_unix_micros);
        if set_at > now {
            return Err(field("password_time", "a moment that is past"));
        }
        let imported = self.credentials.imported(account, hash, set_at).map_err(|why| {
            Flaw::of(match why {
                UnreadableHash::Malformed => RejectionReason::HashMalformed,
                UnreadableHash::OtherScheme => RejectionReason::HashSchemeUnknown,
                UnreadableHash::TooCostly => RejectionReason::HashTooCostly,
            })
        })?;
        Ok(Some(PasswordRecord { must_change: record.must_change_password, ..imported }))
    }
}

fn field(field: &str, problem: &str) -> Flaw {
    let (field, problem) = (field.to_owned(), problem.to_owned());
    Flaw { reason: RejectionReason::FieldInvalid, field, problem }
}
