//! Which verification stands behind an entry: the store remembers it until its code dies.
//!
//! An entry has one at a time. One that was spent on wrong codes makes room for the next only when its code would have
//! died: guessing goes on no faster than codes die.

use std::time::Duration;

use rekey_primitives::id::{SecurityInfoId, VerificationId, from_digest};
use rekey_sealing::digest;

use super::SecurityInfoEntries;
use crate::domain::refusal::Refusal;
use crate::operation::{Error, Operation};
use crate::store::accounts::EntryVerification;

/// The longest that a code may live (NIST SP 800-63B 3.1.3.2), beyond which verification's settings are refused. A new
/// one is taken to live as long until verification has said when it dies.
const LONGEST_LIFE: Duration = Duration::from_secs(600);

impl SecurityInfoEntries {
    /// The verification of an entry whose code is live, if there is one.
    pub(super) async fn running_code(
        &self,
        operation: &Operation<'_>,
        entry: SecurityInfoId,
    ) -> Result<Option<EntryVerification>, Error> {
        Ok(self.store.entry_verification(&operation.scope, entry, operation.now).await?)
    }

    /// The verification that a code of the entry is started under: the one whose code is live, else a new one.
    pub(super) async fn next_verification(
        &self,
        operation: &Operation<'_>,
        entry: SecurityInfoId,
    ) -> Result<EntryVerification, Error> {
        let (scope, now) = (&operation.scope, operation.now);
        let parts = [scope.tenant_id().as_uuid(), entry.as_uuid()];
        let [tenant, of_entry] = parts.map(uuid::Uuid::into_bytes);
        let time = now.unix_micros().to_be_bytes();
        let id = from_digest(&digest(&[b"security info", &tenant, &of_entry, &time]));
        let next =
            EntryVerification { id: VerificationId::from_uuid(id), code_expires_at: now.plus(LONGEST_LIFE) };
        Ok(self.store.begin_entry_verification(scope, entry, next, now).await?)
    }
}

/// No more codes for this address until the one that was sent dies.
pub(super) fn until_it_dies(operation: &Operation<'_>, spent: EntryVerification) -> Refusal {
    Refusal::SendLimited { retry_after: spent.code_expires_at.since(operation.now) }
}
