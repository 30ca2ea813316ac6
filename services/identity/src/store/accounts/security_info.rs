//! The entries of an account's security info, written within a step.

use rekey_database::{Connection, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId};

use crate::domain::security_info::{RemovedAddress, SecurityInfo, Standing};
use crate::store::Failure;
use crate::store::rows::{SecurityInfoColumns, standing_columns};

statements! {
    const INSERT = "
        insert into security_info (tenant_id, account_id, security_info_id, kind, address, label, is_default, standing,
            confirmed_at, disabled, is_first, added_at, changed_at, totp_hash, totp_digits, totp_key, totp_last_step,
            codes_remaining)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";

    const CONFIRM = "
        update security_info set standing = $4, confirmed_at = $5, changed_at = $6, is_first = $7, disabled = false
        where tenant_id = $1 and account_id = $2 and security_info_id = $3";

    const REMOVE = "delete from security_info where tenant_id = $1 and account_id = $2 and security_info_id = $3";

    const REMEMBER_ADDRESS = "
        insert into removed_addresses (tenant_id, account_id, security_info_id, channel, address, removed_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (tenant_id, account_id, security_info_id)
        do update set channel = excluded.channel, address = excluded.address, removed_at = excluded.removed_at";

    const DISABLE = "
        update security_info set disabled = true
        where tenant_id = $1 and account_id = $2 and security_info_id = $3";

    const IS_THERE = "
        select 1 from security_info where tenant_id = $1 and account_id = $2 and security_info_id = $3";

    const MAKE_DEFAULT = "
        update security_info set is_default = (security_info_id = $3) where tenant_id = $1 and account_id = $2";
}

/// Names an entry.
#[derive(Clone, Copy)]
pub(super) struct EntryKey {
    pub(super) tenant_id: TenantId,
    pub(super) account_id: AccountId,
    pub(super) id: SecurityInfoId,
}

/// Writes a new entry.
pub(super) async fn insert(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    entry: &SecurityInfo,
) -> Result<(), Failure> {
    let held = SecurityInfoColumns::of(entry);
    let values = values![
        tenant_id,
        account_id,
        entry.id,
        entry.kind().as_str(),
        held.address,
        entry.label.as_deref(),
        entry.is_default,
        held.standing,
        held.confirmed_at,
        entry.disabled,
        entry.is_first,
        entry.added_at,
        entry.changed_at,
        held.totp_hash,
        held.totp_digits,
        held.totp_key,
        held.totp_last_step,
        held.codes_remaining,
    ];
    tx.execute(INSERT, values).await?;
    Ok(())
}

impl EntryKey {
    /// Whether there is such an entry.
    pub(super) async fn is_there(self, tx: &mut Connection) -> Result<bool, Failure> {
        tx.exists(IS_THERE, values![self.tenant_id, self.account_id, self.id]).await
    }

    /// Makes it the default and no other.
    pub(super) async fn make_default(self, tx: &mut Connection) -> Result<(), Failure> {
        tx.execute(MAKE_DEFAULT, values![self.tenant_id, self.account_id, self.id]).await?;
        Ok(())
    }

    /// Confirms it; false if there is none.
    pub(super) async fn confirm(
        self,
        tx: &mut Connection,
        standing: Standing,
        changed_at: Timestamp,
        is_first: bool,
    ) -> Result<bool, Failure> {
        let (standing, confirmed_at) = standing_columns(standing);
        let values =
            values![self.tenant_id, self.account_id, self.id, standing, confirmed_at, changed_at, is_first];
        Ok(tx.execute(CONFIRM, values).await? == 1)
    }

    /// Removes it and remembers its address; false if there is none.
    pub(super) async fn remove(
        self,
        tx: &mut Connection,
        address: Option<&RemovedAddress>,
    ) -> Result<bool, Failure> {
        let Self { tenant_id, account_id, id } = self;
        if tx.execute(REMOVE, values![tenant_id, account_id, id]).await? != 1 {
            return Ok(false);
        }
        if let Some(RemovedAddress { destination, removed_at }) = address {
            let channel = destination.channel().as_str();
            let values = values![tenant_id, account_id, id, channel, destination.as_str(), *removed_at];
            tx.execute(REMEMBER_ADDRESS, values).await?;
        }
        Ok(true)
    }

    /// Disables it; false if there is none.
    pub(super) async fn disable(self, tx: &mut Connection) -> Result<bool, Failure> {
        Ok(tx.execute(DISABLE, values![self.tenant_id, self.account_id, self.id]).await? == 1)
    }
}
