//! Moving a message to the next channel of its fallbacks.
//!
//! `fallback_at` is null where no step is left, so every condition of a step is one on the row. Which destination comes next is
//! sealed: only the worker that holds a message moves it, and others make it due with its step.

use rekey_database::{Failure, statements, values};
use rekey_primitives::clock::Timestamp;

use super::Store;
use super::claims::HELD;
use super::models::{Lease, Recorded};
use crate::domain::destination::Channel;
use crate::domain::state::FailureClass;

statements! {
    /// Tries count from one again: the new channel has failed nobody yet. Doubt stays: it may have gone out where it was. What
    /// was heard there does not: it would hide what is heard of the new channel.
    const ADVANCE = "update notification set state = 1, next_try_at = $5, lease_until = null, waits_for_provider = false,
            channel = $6, masked_destination = $7, fallbacks_used = fallbacks_used + 1, fallback_at = $8,
            last_failure = coalesce($9, last_failure), provider = case when $10 = '' then provider else $10 end,
            tries = 0, in_doubt = $11, changed_at = $5,
            receipt_state = null, receipt_at = null, receipt_detail = ''", HELD;
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Advance<'a> {
    pub(crate) channel: Channel,
    /// The address, masked.
    pub(crate) masked_destination: String,
    /// When it takes the step after this one; none where this is the last.
    pub(crate) next_at: Option<Timestamp>,
    /// What it ended of where it was, if it ended.
    pub(crate) last_failure: Option<FailureClass>,
    /// The provider that was asked last; empty where none was.
    pub(crate) provider: &'a str,
}

impl Store {
    /// Moves a message to its next destination, due now, if the lease is still the last one on it; otherwise nothing happens.
    pub(crate) async fn advance(
        &self,
        lease: Lease,
        advance: &Advance<'_>,
        now: Timestamp,
    ) -> Result<Recorded, Failure> {
        let values = values![
            lease.tenant_id,
            lease.created_at,
            lease.id,
            lease.fence,
            now,
            advance.channel.as_str(),
            advance.masked_destination.as_str(),
            advance.next_at,
            advance.last_failure.map(FailureClass::number),
            advance.provider,
            lease.in_doubt,
        ];
        Ok(Recorded::from_rows(self.database.execute(ADVANCE, values).await?))
    }
}
