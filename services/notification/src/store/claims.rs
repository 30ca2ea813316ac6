//! Taking due messages, keeping them while they are sent, and recording how a try ended.

use std::time::Duration;

use rekey_database::{
    Connection, FOR_UPDATE_SKIP_LOCKED, Failure, Fragment, Sql, fragment, statements, values,
};
use rekey_primitives::clock::Timestamp;

use super::Store;
use super::models::{Claim, Lease, Recorded};
use super::rows::{ClaimRow, OutcomeColumns, limit};
use crate::domain::delivery::Outcome;
use crate::domain::lane::{Lane, PerLane};
use crate::domain::suppression::AddressHash;

/// Takes what is due in a lane: `$1` is now, `$2` how many, `$3` when the lease ends.
const CLAIM_IN: Fragment =
    fragment!("with due as (select tenant_id, created_at, id from notification where state = 1 and lane = ");
const CLAIM_DUE: Fragment = fragment!(
    " and next_try_at <= $1 and not_after > $1 order by next_try_at limit $2",
    FOR_UPDATE_SKIP_LOCKED,
    ") update notification set state = 2, fence = fence + 1, tries = tries + 1, lease_until = $3,
          next_try_at = null, changed_at = $1
      from due
      where notification.tenant_id = due.tenant_id
        and notification.created_at = due.created_at and notification.id = due.id
      returning ",
    // SQLite knows no table in what it returns, and there only those of the one that was updated are columns.
    (postgres: "notification.tenant_id, notification.id, notification.created_at", sqlite: "tenant_id, id, created_at"),
    ", fence, in_doubt, template, locale, channel, decoy, tries, payload, not_after, trace_id, span_id,
      fallbacks_used, fallback_at"
);

/// Held by this lease still: `$1` to `$4`.
pub(super) const HELD: Fragment =
    fragment!(" where tenant_id = $1 and created_at = $2 and id = $3 and fence = $4 and state = 2");

statements! {
    // The lane is written out and not bound: a partial index is used only where the planner sees the constant.
    const CLAIM_CRITICAL = CLAIM_IN, "1", CLAIM_DUE;
    const CLAIM_TRANSACTIONAL = CLAIM_IN, "2", CLAIM_DUE;
    const CLAIM_BULK = CLAIM_IN, "3", CLAIM_DUE;

    const RENEW = "update notification set lease_until = $5", HELD;

    /// Nothing that is shown changes by it.
    const BEGIN_HANDING_OVER = "update notification set in_doubt = true,
            address_hash = coalesce($6, address_hash)", HELD, " and not_after > $5";

    /// The payload of a message that a provider took and that could still fall back stays, whether it ends as delivered or, after
    /// doubt, as unknown: a receipt may say that it failed.
    const RECORD = "update notification set state = $5, next_try_at = $6, last_failure = coalesce($7, last_failure),
            payload = case when $8 and (fallback_at is null or not $14) then null else payload end, lease_until = null,
            provider = case when $9 = '' then provider else $9 end,
            changed_at = $10, in_doubt = $11, tries = case when $12 then tries else tries - 1 end,
            waits_for_provider = $13", HELD;
}

pub(super) const CLAIM: PerLane<Sql> =
    PerLane { critical: CLAIM_CRITICAL, transactional: CLAIM_TRANSACTIONAL, bulk: CLAIM_BULK };

impl Store {
    /// Takes up to `most` due messages of a lane, decoys among them, the longest due first, and holds them until
    /// `now + lease` under a fence higher than any before. No two claims get the same message; what is past its
    /// `not_after` is not returned. The lease says whether an earlier one left doubt.
    pub(crate) async fn claim(
        &self,
        lane: Lane,
        most: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<Claim>, Failure> {
        let values = values![now, limit(most), now.plus(lease)];
        let claimed: Vec<ClaimRow> = self.database.writer().await?.all(*CLAIM.of(lane), values).await?;
        // One row that does not read must not take the others with it.
        let read =
            |row| Claim::try_from(row).inspect_err(|failure| tracing::error!(%failure, "a claim is lost"));
        Ok(claimed.into_iter().filter_map(|row| read(row).ok()).collect())
    }

    /// Holds a message until `now + length`, if the lease is still the last one on it; otherwise nothing happens.
    pub(crate) async fn renew(
        &self,
        lease: Lease,
        length: Duration,
        now: Timestamp,
    ) -> Result<Recorded, Failure> {
        let values = values![lease.tenant_id, lease.created_at, lease.id, lease.fence, now.plus(length)];
        Ok(Recorded::from_rows(self.database.execute(RENEW, values).await?))
    }

    /// Marks that the message is about to be handed over, if the lease is still the last one on it and its
    /// `not_after` has not come; otherwise nothing happens and the message must not be handed over. The mark is
    /// durable when this returns, and stays until the end of the try is recorded: who claims the message after this
    /// worker died knows that it may have gone out.
    ///
    /// The hash of its address is kept from here on, where there is one: who reports of it later names the message alone.
    pub(crate) async fn begin_handing_over_to(
        &self,
        lease: Lease,
        address_hash: Option<&AddressHash>,
        now: Timestamp,
    ) -> Result<Recorded, Failure> {
        let values = values![lease.tenant_id, lease.created_at, lease.id, lease.fence, now, address_hash];
        Ok(Recorded::from_rows(self.database.execute(BEGIN_HANDING_OVER, values).await?))
    }

    /// The same without a hash.
    #[cfg(test)]
    pub(crate) async fn begin_handing_over(&self, lease: Lease, now: Timestamp) -> Result<Recorded, Failure> {
        self.begin_handing_over_to(lease, None, now).await
    }

    /// Records how a try ended, if the lease is still the last one on the message; otherwise nothing happens.
    /// Expired and suppressed wipe the payload, and so does delivered unless a step of its fallbacks is left; postponed counts as
    /// no try. What an earlier lease left in doubt ends as unknown, whatever this try says (see [`Outcome::state`]).
    pub(crate) async fn record(
        &self,
        lease: Lease,
        outcome: Outcome,
        provider: &str,
        now: Timestamp,
    ) -> Result<Recorded, Failure> {
        record(&mut self.database.writer().await?, lease, outcome, Attempt { provider, now }).await
    }
}

/// By whom a try ended, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) provider: &'a str,
    pub(super) now: Timestamp,
}

/// Records how a try ended, within a step or as one.
pub(super) async fn record(
    connection: &mut Connection,
    lease: Lease,
    outcome: Outcome,
    Attempt { provider, now }: Attempt<'_>,
) -> Result<Recorded, Failure> {
    let columns = OutcomeColumns::of(outcome, lease.in_doubt);
    let values = values![
        lease.tenant_id,
        lease.created_at,
        lease.id,
        lease.fence,
        columns.state,
        columns.next_try_at,
        columns.last_failure,
        columns.wipes,
        provider,
        now,
        lease.in_doubt || outcome == Outcome::Unknown,
        outcome.is_try(),
        outcome.waits_for_provider(),
        outcome == Outcome::Delivered,
    ];
    Ok(Recorded::from_rows(connection.execute(RECORD, values).await?))
}
