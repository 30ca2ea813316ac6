//! The verification behind an entry of security info: the one that its last code was sent under, until the code dies.
//!
//! It is remembered beside the entry and not in it, since the first code goes out before the entry is there.

use rekey_database::{statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{SecurityInfoId, VerificationId};
use uuid::Uuid;

use crate::domain::scope::TenantScope;
use crate::store::{Failure, Store, rows};

/// A verification, and until when its code lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryVerification {
    pub(crate) id: VerificationId,
    pub(crate) code_expires_at: Timestamp,
}

statements! {
    const FIND = "
        select verification_id, code_expires_at from security_info_codes
        where tenant_id = $1 and security_info_id = $2 and code_expires_at > $3";

    const BEGIN = "
        insert into security_info_codes (tenant_id, security_info_id, verification_id, code_expires_at)
        values ($1, $2, $3, $4)
        on conflict (tenant_id, security_info_id) do update
        set verification_id = excluded.verification_id, code_expires_at = excluded.code_expires_at
        where security_info_codes.code_expires_at <= $5";

    const MOVE_END = "
        update security_info_codes set code_expires_at = $4
        where tenant_id = $1 and security_info_id = $2 and verification_id = $3";
}

impl Store {
    /// The verification of an entry whose code is alive, if there is one.
    pub(crate) async fn entry_verification(
        &self,
        scope: &TenantScope,
        entry: SecurityInfoId,
        now: Timestamp,
    ) -> Result<Option<EntryVerification>, Failure> {
        let values = values![scope.tenant_id(), entry, now];
        let found: Option<(Uuid, i64)> = self.database.optional(FIND, values).await?;
        Ok(found.map(|(id, expires_at)| EntryVerification {
            id: VerificationId::from_uuid(id),
            code_expires_at: rows::at(expires_at),
        }))
    }

    /// Makes `next` the verification of an entry, unless the code of another one is alive. However many try at once, all
    /// of them get the one that stands.
    pub(crate) async fn begin_entry_verification(
        &self,
        scope: &TenantScope,
        entry: SecurityInfoId,
        next: EntryVerification,
        now: Timestamp,
    ) -> Result<EntryVerification, Failure> {
        loop {
            let values = values![scope.tenant_id(), entry, next.id, next.code_expires_at, now];
            if self.database.execute(BEGIN, values).await? == 1 {
                return Ok(next);
            }
            // Another replica may have swept it in between: then its place is free.
            if let Some(stands) = self.entry_verification(scope, entry, now).await? {
                return Ok(stands);
            }
        }
    }

    /// Remembers when the code of an entry's verification really dies, if that is still its verification.
    pub(crate) async fn entry_code_sent(
        &self,
        scope: &TenantScope,
        entry: SecurityInfoId,
        sent: EntryVerification,
    ) -> Result<(), Failure> {
        let values = values![scope.tenant_id(), entry, sent.id, sent.code_expires_at];
        self.database.execute(MOVE_END, values).await?;
        Ok(())
    }
}
