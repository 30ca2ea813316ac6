//! The verification behind an entry of security info: the one that its last code was sent under.

use rekey_database::{statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SecurityInfoId, VerificationId};
use uuid::Uuid;

use crate::domain::scope::TenantScope;
use crate::store::{Failure, Store, rows};

/// A verification, and until when its code lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryVerification {
    pub(crate) id: VerificationId,
    /// When the code dies.
    pub(crate) code_expires_at: Timestamp,
}

statements! {
    const FIND = "
        select verification_id, code_expires_at from security_info
        where tenant_id = $1 and account_id = $2 and security_info_id = $3";

    const BEGIN = "
        update security_info set verification_id = $4, code_expires_at = $5
        where tenant_id = $1 and account_id = $2 and security_info_id = $3
          and (code_expires_at is null or code_expires_at <= $6)";

    const MOVE_END = "
        update security_info set code_expires_at = $5
        where tenant_id = $1 and account_id = $2 and security_info_id = $3 and verification_id = $4";
}

impl Store {
    /// The verification that the last code for an entry was sent under, its code dead or alive. `None` if there was none,
    /// or no such entry.
    pub(crate) async fn entry_verification(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        entry: SecurityInfoId,
    ) -> Result<Option<EntryVerification>, Failure> {
        let values = values![scope.tenant_id(), account_id, entry];
        let found: Option<(Option<Uuid>, Option<i64>)> = self.database.optional(FIND, values).await?;
        let Some((Some(id), Some(expires_at))) = found else { return Ok(None) };
        let id = VerificationId::from_uuid(id);
        Ok(Some(EntryVerification { id, code_expires_at: rows::at(expires_at) }))
    }

    /// Makes `next` the verification of an entry, unless the code of another one is still alive. However many try at
    /// once, all of them get the one that stands; `None` if there is no such entry.
    pub(crate) async fn begin_entry_verification(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        entry: SecurityInfoId,
        next: EntryVerification,
        now: Timestamp,
    ) -> Result<Option<EntryVerification>, Failure> {
        let EntryVerification { id, code_expires_at } = next;
        let values = values![scope.tenant_id(), account_id, entry, id, code_expires_at, now];
        if self.database.execute(BEGIN, values).await? == 1 {
            return Ok(Some(next));
        }
        self.entry_verification(scope, account_id, entry).await
    }

    /// Remembers when the code of an entry's verification really dies, if that is still its verification.
    pub(crate) async fn entry_code_sent(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        entry: SecurityInfoId,
        sent: EntryVerification,
    ) -> Result<(), Failure> {
        let values = values![scope.tenant_id(), account_id, entry, sent.id, sent.code_expires_at];
        self.database.execute(MOVE_END, values).await?;
        Ok(())
    }
}
