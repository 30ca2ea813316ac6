//! Passkeys: what is kept beside their entries, whose one is, and the one use of what each signed.

use rekey_database::{Connection, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::security_info::EntryKey;
use crate::domain::account::Account;
use crate::domain::passkey::{Challenge, Passkey};
use crate::domain::scope::TenantScope;
use crate::store::columns::{ACCOUNT_COLUMNS, OF_LIVING_TENANT};
use crate::store::rows::{AccountRow, joined_transports};
use crate::store::{Failure, Store};

/// A use of a passkey that was found right.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub(crate) struct UsedPasskey {
    /// What it signed: taken once.
    #[debug(skip)]
    pub(crate) challenge: Challenge,
    /// From when on nobody may sign it any more, so that it need not be remembered.
    pub(crate) challenge_expires_at: Timestamp,
    /// Its counter, which must rise, or be 0 for ever.
    pub(crate) counter: u32,
    pub(crate) backed_up: bool,
    pub(crate) used_at: Timestamp,
}

statements! {
    const INSERT = "
        insert into passkey_credentials (tenant_id, account_id, security_info_id, credential_id, public_key, counter,
            backup_eligible, backed_up, transports, used_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (tenant_id, credential_id) do nothing";

    const OWNER =
        "select ", ACCOUNT_COLUMNS,
        " from passkey_credentials c join accounts a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
          where c.tenant_id = $1 and c.credential_id = $2 and a.deleted_at is null", OF_LIVING_TENANT;

    /// Once: a row that is there already stays.
    const SPEND = "
        insert into spent_passkey_challenges (tenant_id, challenge, expires_at) values ($1, $2, $3)
        on conflict (tenant_id, challenge) do nothing";

    const IS_SPENT = "select 1 from spent_passkey_challenges where tenant_id = $1 and challenge = $2";

    const USE = "
        update passkey_credentials set counter = $4, backed_up = $5, used_at = $6
        where tenant_id = $1 and account_id = $2 and security_info_id = $3
          and (counter < $4 or (counter = 0 and $4 = 0))";

    const RENAME = "
        update security_info set label = $4
        where tenant_id = $1 and account_id = $2 and security_info_id = $3 and kind = 'passkey'";
}

impl Store {
    /// The account that has a passkey.
    pub(crate) async fn find_passkey_owner(
        &self,
        scope: &TenantScope,
        credential_id: &[u8],
    ) -> Result<Option<Account>, Failure> {
        let values = values![scope.tenant_id(), credential_id];
        let found: Option<AccountRow> = self.database.optional(OWNER, values).await?;
        found.map(AccountRow::account).transpose()
    }

    /// Whether a passkey signed this once and it was taken. Taking it is another step, which may find it taken.
    pub(crate) async fn is_passkey_challenge_spent(
        &self,
        scope: &TenantScope,
        challenge: &Challenge,
    ) -> Result<bool, Failure> {
        self.database.reader().await?.exists(IS_SPENT, values![scope.tenant_id(), challenge]).await
    }
}

/// Writes what an entry holds; false if an account of the tenant has this very passkey.
pub(super) async fn insert(tx: &mut Connection, entry: EntryKey, passkey: &Passkey) -> Result<bool, Failure> {
    let transports = joined_transports(passkey);
    let values = values![
        entry.tenant_id,
        entry.account_id,
        entry.id,
        &passkey.credential_id,
        &passkey.public_key,
        i64::from(passkey.counter),
        passkey.backup_eligible,
        passkey.backed_up,
        &transports,
        passkey.used_at,
    ];
    Ok(tx.execute(INSERT, values).await? == 1)
}

/// Takes what a passkey signed; false if it was taken before, or the counter is not behind this one any more.
pub(super) async fn spend(
    tx: &mut Connection,
    tenant_id: TenantId,
    entry: EntryKey,
    used: &UsedPasskey,
) -> Result<bool, Failure> {
    let spent = values![tenant_id, &used.challenge, used.challenge_expires_at];
    if tx.execute(SPEND, spent).await? != 1 {
        return Ok(false);
    }
    let EntryKey { account_id, id, .. } = entry;
    let counter = i64::from(used.counter);
    let values = values![tenant_id, account_id, id, counter, used.backed_up, used.used_at];
    Ok(tx.execute(USE, values).await? == 1)
}

/// Calls a passkey by another name; false if there is none.
pub(super) async fn rename(tx: &mut Connection, entry: EntryKey, name: &str) -> Result<bool, Failure> {
    Ok(tx.execute(RENAME, values![entry.tenant_id, entry.account_id, entry.id, name]).await? == 1)
}
