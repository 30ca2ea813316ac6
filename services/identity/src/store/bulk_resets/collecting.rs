//! The accounts of a job, as they are listed or found.

use std::collections::HashMap;

use rekey_database::{Connection, FOR_UPDATE, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};
use uuid::Uuid;

use super::{COLUMNS, HeldBulkReset, read};
use crate::domain::account_filter::SearchCursor;
use crate::domain::bulk_reset::{BulkReset, BulkResetId, ChunkFate};
use crate::domain::scope::TenantScope;
use crate::store::rows::BulkResetRow;
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, idempotency};

/// A chunk of a list.
#[derive(Debug, Clone)]
pub(crate) struct AddChunk {
    pub(crate) id: BulkResetId,
    pub(crate) sequence: i64,
    pub(crate) account_ids: Vec<AccountId>,
    /// Logins, canonical, that somebody may have.
    pub(crate) logins: Vec<String>,
    /// What can be nobody's login.
    pub(crate) unknown: Vec<String>,
    pub(crate) is_last: bool,
    /// When a process takes the job: at once after the last chunk, or when no other came in time.
    pub(crate) due_at: Timestamp,
    pub(crate) now: Timestamp,
}

/// Why a chunk was not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAdded {
    /// There is no such job.
    NoSuchJob,
    /// The job takes none.
    NotCollecting,
    /// One before it is missing.
    Missing,
}

/// What a filter gave in one turn.
#[derive(Debug, Clone)]
pub(crate) struct Collected {
    pub(crate) account_ids: Vec<AccountId>,
    /// Where it goes on; `None` where nothing is left, and the job begins to reset.
    pub(crate) walked_to: Option<SearchCursor>,
    pub(crate) now: Timestamp,
}

statements! {
    const LOCK =
        "select ", COLUMNS, " from bulk_resets b where b.tenant_id = $1 and b.bulk_reset_id = $2", FOR_UPDATE;

    const OF_LOGINS = (postgres: "
        select login, account_id from logins where tenant_id = $1 and login = any($2)",
    sqlite: "
        select login, account_id from logins where tenant_id = $1 and login in (select value from json_each($2))");

    /// Numbered from `$3` on; whoever is there already is passed over.
    const ADD = (postgres: "
        insert into bulk_reset_accounts (tenant_id, bulk_reset_id, number, account_id, outcome)
        select $1, $2, $3 + listed.position - 1, listed.account_id, 'waiting'
        from unnest($4::uuid[]) with ordinality as listed (account_id, position)
        on conflict do nothing",
    sqlite: "
        insert into bulk_reset_accounts (tenant_id, bulk_reset_id, number, account_id, outcome)
        select $1, $2, $3 + listed.key, unhex(listed.value), 'waiting' from json_each($4) as listed where true
        on conflict do nothing");

    const ADD_UNKNOWN = (postgres: "
        insert into bulk_reset_accounts (tenant_id, bulk_reset_id, number, unknown_name, outcome, refused, finished_at)
        select $1, $2, $3 + listed.position - 1, listed.name, 'refused', 'account_not_found', $5
        from unnest($4::text[]) with ordinality as listed (name, position)",
    sqlite: "
        insert into bulk_reset_accounts (tenant_id, bulk_reset_id, number, unknown_name, outcome, refused, finished_at)
        select $1, $2, $3 + listed.key, listed.value, 'refused', 'account_not_found', $5 from json_each($4) as listed");

    /// Whoever is about to give the list up for abandoned has lost it by this.
    const ADDED = "
        update bulk_resets
        set accounts = accounts + $3, accounts_refused = accounts_refused + $4, next_number = $5,
            next_sequence = next_sequence + 1, state = $6, due_at = $7, updated_at = $8, fence = fence + 1
        where tenant_id = $1 and bulk_reset_id = $2";

    /// Under the fence of who collected.
    const COLLECTED = "
        update bulk_resets
        set accounts = accounts + $4, next_number = next_number + $5, walked_to = $6, state = $7, due_at = $8,
            updated_at = $8
        where tenant_id = $1 and bulk_reset_id = $2 and fence = $3 and state = 'collecting'";
}

impl Store {
    /// Adds a chunk to the list of a job that takes it next; one that is there already changes nothing. Gives the job as it
    /// stands then.
    pub(crate) async fn add_bulk_accounts(
        &self,
        scope: &TenantScope,
        chunk: &AddChunk,
        idempotency: Option<IdempotentRequest<'_, BulkReset>>,
    ) -> Result<StepOutcome<BulkReset, NotAdded>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let make = self.database.step(|mut tx| async move {
            if let Some(ended) = idempotency::claim(&mut tx, tenant_id, idempotency, chunk.now).await?.ended()
            {
                return Ok(tx.roll_back(ended));
            }
            let locked = tx.optional(LOCK, values![tenant_id, chunk.id.as_uuid()]).await?;
            let Some(row): Option<BulkResetRow> = locked else {
                return Ok(tx.roll_back(StepOutcome::Refused(NotAdded::NoSuchJob)));
            };
            let number = row.next_number;
            match row.job()?.chunk(chunk.sequence) {
                ChunkFate::Taken => add(&mut tx, tenant_id, chunk, number).await?,
                ChunkFate::AlreadyThere => {}
                ChunkFate::Missing => return Ok(tx.roll_back(StepOutcome::Refused(NotAdded::Missing))),
                ChunkFate::NotCollecting => {
                    return Ok(tx.roll_back(StepOutcome::Refused(NotAdded::NotCollecting)));
                }
            }
            let Some(job) = read(&mut tx, tenant_id, chunk.id).await? else {
                return Ok(tx.roll_back(StepOutcome::Refused(NotAdded::NoSuchJob)));
            };
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &job).await?;
            Ok(tx.commit(StepOutcome::Done(job)))
        });
        make.await
    }

    /// Adds what a filter gave to a job that is held, and begins to reset where it is walked to its end; false, with nothing
    /// written, if somebody else holds it or it is over.
    pub(crate) async fn collect_bulk_accounts(
        &self,
        held: &HeldBulkReset,
        collected: &Collected,
    ) -> Result<bool, Failure> {
        let (tenant_id, id) = (held.job.tenant_id, held.job.id.as_uuid());
        let walked_to = collected.walked_to.as_ref().map(SearchCursor::canonical);
        let state = if walked_to.is_some() { "collecting" } else { "running" };
        let make = self.database.step(|mut tx| {
            let walked_to = walked_to.clone();
            async move {
                let ids: Vec<Uuid> = collected.account_ids.iter().map(|id| id.as_uuid()).collect();
                let (count, number) = (i64::try_from(ids.len()).unwrap_or(i64::MAX), held.next_number);
                let added = tx.execute(ADD, values![tenant_id, id, number, ids]).await?;
                let values = values![
                    tenant_id,
                    id,
                    held.job.fence,
                    added.cast_signed(),
                    count,
                    walked_to,
                    state,
                    collected.now
                ];
                if tx.execute(COLLECTED, values).await? != 1 {
                    return Ok(tx.roll_back(false));
                }
                Ok(tx.commit(true))
            }
        });
        make.await
    }
}

async fn add(
    tx: &mut Connection,
    tenant_id: TenantId,
    chunk: &AddChunk,
    first_number: i64,
) -> Result<(), Failure> {
    let id = chunk.id.as_uuid();
    let logins: Vec<&str> = chunk.logins.iter().map(String::as_str).collect();
    let known: Vec<(String, Uuid)> = tx.all(OF_LOGINS, values![tenant_id, logins.clone()]).await?;
    let known: HashMap<String, Uuid> = known.into_iter().collect();
    // In the order of the list, which is the order of the results.
    let found = logins.iter().filter_map(|login| known.get(*login).copied());
    let ids: Vec<Uuid> = chunk.account_ids.iter().map(|id| id.as_uuid()).chain(found).collect();
    let nobodys = logins.iter().copied().filter(|login| !known.contains_key(*login));
    let unknown: Vec<&str> = nobodys.chain(chunk.unknown.iter().map(String::as_str)).collect();
    let length = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let (listed, refused) = (length(ids.len()), length(unknown.len()));
    let added = tx.execute(ADD, values![tenant_id, id, first_number, ids]).await?.cast_signed();
    let number = first_number + listed;
    tx.execute(ADD_UNKNOWN, values![tenant_id, id, number, unknown, chunk.now]).await?;
    let state = if chunk.is_last { "running" } else { "collecting" };
    let values =
        values![tenant_id, id, added + refused, refused, number + refused, state, chunk.due_at, chunk.now];
    tx.execute(ADDED, values).await?;
    Ok(())
}
