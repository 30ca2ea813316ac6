//! Passwords by when they expire, for administrators.

use rekey_database::{statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::columns::ACCOUNT_COLUMNS;
use super::rows::{AccountRow, readable};
use super::{Failure, Store};
use crate::domain::account::Account;
use crate::domain::scope::TenantScope;

/// Where a list has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExpiryPlace {
    counts_from: Timestamp,
    account_id: AccountId,
}

/// Which passwords to list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExpiringPasswords {
    pub(crate) after: Option<ExpiryPlace>,
    /// Those whose expiry counts from no later than this.
    pub(crate) until: Timestamp,
    pub(crate) limit: u32,
}

impl ExpiryPlace {
    /// The place of an account, if it has a password.
    pub(crate) fn of(account: &Account) -> Option<Self> {
        let counts_from = account.password.as_ref()?.expiry_counts_from;
        Some(Self { counts_from, account_id: account.id })
    }
}

statements! {
    const PAGE =
        "select ", ACCOUNT_COLUMNS,
        " from accounts a
          where a.tenant_id = $1 and (a.password_expiry_counts_from, a.account_id) > ($2, $3)
            and a.password_expiry_counts_from <= $4
            and a.password_expiry_counts_from is not null and not a.password_expiry_exempt and a.deleted_at is null
            and not a.password_must_change and not a.managed_elsewhere
          order by a.password_expiry_counts_from, a.account_id
          limit $5";
}

impl Store {
    /// Lists accounts whose password is neither exempt nor to be changed anyway, by where their expiry counts from.
    pub(crate) async fn expiring_passwords(
        &self,
        scope: &TenantScope,
        wanted: &ExpiringPasswords,
    ) -> Result<Vec<Account>, Failure> {
        let beginning = (i64::MIN, Uuid::nil());
        let (counts_from, account_id) = wanted
            .after
            .map_or(beginning, |place| (place.counts_from.unix_micros(), place.account_id.as_uuid()));
        let values = values![scope.tenant_id(), counts_from, account_id, wanted.until, wanted.limit];
        let found: Vec<AccountRow> = self.database.all(PAGE, values).await?;
        Ok(readable(found, AccountRow::id, AccountRow::account))
    }
}
