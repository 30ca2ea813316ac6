//! Jobs whose time is over, which go with their accounts.

use rekey_database::{Database, statements, values};
use rekey_primitives::clock::Timestamp;
use uuid::Uuid;

use crate::store::Failure;

statements! {
    const OVER = "
        select tenant_id, bulk_reset_id from bulk_resets where forget_at <= $1 order by forget_at limit 1";

    /// The numbers of a portion. With both ends the planner keeps to the index.
    const PORTION = "
        select min(number), max(number) from (
            select number from bulk_reset_accounts
            where tenant_id = $1 and bulk_reset_id = $2 order by number limit $3
        ) portion";

    const ACCOUNTS = "
        delete from bulk_reset_accounts
        where tenant_id = $1 and bulk_reset_id = $2 and number >= $3 and number <= $4";

    const JOB = "delete from bulk_resets where tenant_id = $1 and bulk_reset_id = $2";
}

/// Deletes accounts of the job that has been over longest, at most so many, or the job that has none left; gives how many rows
/// went.
pub(in crate::store) async fn sweep(database: &Database, most: u64, now: Timestamp) -> Result<u64, Failure> {
    let over: Option<(Uuid, Uuid)> = database.optional(OVER, values![now]).await?;
    let Some((tenant_id, id)) = over.filter(|_| most > 0) else { return Ok(0) };
    let ends: (Option<i64>, Option<i64>) =
        database.one(PORTION, values![tenant_id, id, most.cast_signed()]).await?;
    match ends {
        (Some(first), Some(last)) => database.execute(ACCOUNTS, values![tenant_id, id, first, last]).await,
        _ => database.execute(JOB, values![tenant_id, id]).await,
    }
}
