//! Codes that a person has already, from an authenticator or a saved list, and what a passkey signed: each is spent in one statement, so that of many
//! who show it at once one passes.

use rekey_database::{Connection, statements, values};
use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId};

use super::passkeys::{self, UsedPasskey};
use super::security_info::EntryKey;
use crate::domain::scope::TenantScope;
use crate::domain::sealed::Sealed;
use crate::store::resets::{MethodKey, attempts};
use crate::store::{Failure, Store};

/// A code that was found right and is about to be spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldCode {
    /// The entry that it is of.
    pub(crate) entry: SecurityInfoId,
    pub(crate) kind: HeldCodeKind,
}

/// What is spent.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub(crate) enum HeldCodeKind {
    /// A step of an authenticator, and those before it.
    Step {
        step: u64,
        /// The key under today's pepper, where it was under an older one.
        resealed: Option<Sealed>,
    },
    /// A code of a list.
    Saved {
        #[debug(skip)]
        hash: [u8; 32],
    },
    /// What a passkey signed.
    Passkey(UsedPasskey),
}

/// A code that was found right, and the counter that has nothing against it once it is spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PassedCode {
    pub(crate) account_id: AccountId,
    pub(crate) code: HeldCode,
    pub(crate) counter: MethodKey,
}

statements! {
    const TAKE_STEP = "
        update security_info set totp_last_step = $4, totp_key = coalesce($5, totp_key)
        where tenant_id = $1 and account_id = $2 and security_info_id = $3 and kind = 'authenticator'
          and (totp_last_step is null or totp_last_step < $4)";

    const TAKE_SAVED = "
        delete from recovery_codes
        where tenant_id = $1 and account_id = $2 and security_info_id = $3 and code_hash = $4";

    const COUNT_DOWN = "
        update security_info set codes_remaining = codes_remaining - 1
        where tenant_id = $1 and account_id = $2 and security_info_id = $3 and codes_remaining > 0";

    const IS_SAVED = "
        select 1 from recovery_codes
        where tenant_id = $1 and account_id = $2 and security_info_id = $3 and code_hash = $4";

    const SAVE = "
        insert into recovery_codes (tenant_id, account_id, security_info_id, code_hash) values ($1, $2, $3, $4)";

    const FORGET_LISTS = "delete from recovery_codes where tenant_id = $1 and account_id = $2";

    const FORGET_LIST = "
        delete from recovery_codes where tenant_id = $1 and account_id = $2 and security_info_id = $3";

    const REMOVE_LISTS = "
        delete from security_info where tenant_id = $1 and account_id = $2 and kind = 'recovery_code'";
}

impl Store {
    /// Whether a list holds the code of that hash. Spending it is another step, which may find it spent.
    pub(crate) async fn holds_recovery_code(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        list: SecurityInfoId,
        hash: &[u8; 32],
    ) -> Result<bool, Failure> {
        let values = values![scope.tenant_id(), account_id, list, hash];
        self.database.reader().await?.exists(IS_SAVED, values).await
    }
}

/// Spends a code and holds nothing against its method any more; false if it was spent before.
pub(in crate::store) async fn pass(
    tx: &mut Connection,
    tenant_id: TenantId,
    passed: &PassedCode,
) -> Result<bool, Failure> {
    if !spend(tx, tenant_id, passed.account_id, &passed.code).await? {
        return Ok(false);
    }
    attempts::clear(tx, tenant_id, passed.counter).await?;
    Ok(true)
}

/// Spends a code; false if it was spent before.
pub(super) async fn spend(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    code: &HeldCode,
) -> Result<bool, Failure> {
    let entry = code.entry;
    match &code.kind {
        HeldCodeKind::Step { step, resealed } => {
            let key = resealed.as_ref().map(Sealed::as_bytes);
            let values = values![tenant_id, account_id, entry, step.cast_signed(), key];
            Ok(tx.execute(TAKE_STEP, values).await? == 1)
        }
        HeldCodeKind::Saved { hash } => {
            if tx.execute(TAKE_SAVED, values![tenant_id, account_id, entry, hash]).await? != 1 {
                return Ok(false);
            }
            tx.execute(COUNT_DOWN, values![tenant_id, account_id, entry]).await?;
            Ok(true)
        }
        HeldCodeKind::Passkey(used) => {
            let key = EntryKey { tenant_id, account_id, id: entry };
            passkeys::spend(tx, tenant_id, key, used).await
        }
    }
}

/// Takes away every list of an account, so that another one takes its place.
pub(super) async fn void_lists(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
) -> Result<(), Failure> {
    tx.execute(FORGET_LISTS, values![tenant_id, account_id]).await?;
    tx.execute(REMOVE_LISTS, values![tenant_id, account_id]).await?;
    Ok(())
}

/// Writes the codes of a list.
pub(super) async fn save(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    list: SecurityInfoId,
    hashes: &[[u8; 32]],
) -> Result<(), Failure> {
    for hash in hashes {
        tx.execute(SAVE, values![tenant_id, account_id, list, hash]).await?;
    }
    Ok(())
}

/// Forgets the codes of an entry that is removed; of a kind without any there are none.
pub(super) async fn forget(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    list: SecurityInfoId,
) -> Result<(), Failure> {
    tx.execute(FORGET_LIST, values![tenant_id, account_id, list]).await?;
    Ok(())
}
