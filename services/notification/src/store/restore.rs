//! After the database came back from a backup.

use rekey_database::{FOR_UPDATE_SKIP_LOCKED, Failure, statements, values};
use rekey_primitives::clock::Timestamp;

use super::Store;

/// How many messages one step drops, so that it never holds locks for long.
const AT_ONCE: u32 = 1_000;

statements! {
    /// Most of them went out after the backup was made; whether this one did, nobody knows (state 4, and a lost answer).
    const DROP_RESTORED = "with restored as (
            select tenant_id, created_at, id from notification
            where payload is not null and state in (1, 2) limit $2", FOR_UPDATE_SKIP_LOCKED, ")
        update notification set state = 4, payload = null, next_try_at = null, lease_until = null, fence = fence + 1,
            in_doubt = true, last_failure = 5, changed_at = $1
        from restored
        where notification.tenant_id = restored.tenant_id and notification.created_at = restored.created_at
          and notification.id = restored.id";
}

impl Store {
    /// Drops messages that were queued or held; how many, and 0 when none is left.
    pub(crate) async fn drop_restored(&self, now: Timestamp) -> Result<u64, Failure> {
        self.database.execute(DROP_RESTORED, values![now, AT_ONCE]).await
    }
}
