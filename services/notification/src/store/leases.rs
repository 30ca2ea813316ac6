//! Putting back what dead workers held.

use rekey_database::{FOR_UPDATE_SKIP_LOCKED, Failure, Fragment, fragment, statements, values};
use rekey_primitives::clock::Timestamp;

use super::Store;

/// What the leases of the dead leave: `$1` is now, and a lost answer is failure 5.
const PUT_BACK: Fragment = fragment!(
    " update notification set state = 1, lease_until = null, next_try_at = $1, changed_at = $1,
          last_failure = case when in_doubt then 5 else last_failure end"
);

statements! {
    const PUT_BACK_ENDED = "with ended as (
            select tenant_id, created_at, id from notification where state = 2 and lease_until <= $3 limit $2",
        FOR_UPDATE_SKIP_LOCKED, ")", PUT_BACK, " from ended
        where notification.tenant_id = ended.tenant_id and notification.created_at = ended.created_at
          and notification.id = ended.id";

    const PUT_BACK_ALL = PUT_BACK, " where state = 2";
}

impl Store {
    /// Puts back up to `most` messages whose lease had ended by then, due now. Where one had been marked as being
    /// handed over, its last failure is a lost answer.
    pub(crate) async fn put_back(
        &self,
        most: u32,
        ended_by: Timestamp,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        self.database.execute(PUT_BACK_ENDED, values![now, most, ended_by]).await
    }

    /// Puts back everything that is held, where only this process can have held it before it last died; in a store
    /// for many processes nothing, since leases say there when nobody does. To be called before the first claim.
    pub(crate) async fn put_back_orphans(&self, now: Timestamp) -> Result<u64, Failure> {
        if self.is_shared() {
            return Ok(0);
        }
        self.database.execute(PUT_BACK_ALL, values![now]).await
    }

    /// Whether the store answers.
    pub(crate) async fn ping(&self) -> Result<(), Failure> {
        self.database.ping().await
    }
}
