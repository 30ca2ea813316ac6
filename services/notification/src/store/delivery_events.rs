//! Telling of a hand-over in the step that records it: the message is delivered and its event queued, or neither.

use rekey_database::{Failure, Finished, Transaction, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::NotificationId;

use super::Store;
use super::claims::{Attempt, record};
use super::models::{Lease, Recorded};
use super::partitions::lacks_partition;
use crate::domain::delivery::Outcome;
use crate::domain::lane::Lane;

statements! {
    /// A message to a webhook, due now, in the name of who sent the message that was delivered, and on the trace of its call.
    /// The event of a decoy goes out.
    const QUEUE_EVENT = "insert into notification
            (tenant_id, id, created_at, changed_at, lane, state, template, locale, channel, masked_destination,
             reference, decoy, payload, tries, fence, next_try_at, not_after, provider, sender, trace_id, span_id)
        select tenant_id, $4, $5, $5, $6, 1, '', '', 'webhook', $7,
             reference, false, $8, 0, 0, $5, $9, '', sender, trace_id, span_id
        from notification where tenant_id = $1 and created_at = $2 and id = $3";
}

/// The event of a hand-over, about to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueuedEvent {
    /// A fresh UUID version 7 of the moment of the hand-over: its millisecond leads to the row.
    pub(crate) id: NotificationId,
    /// The name of the endpoint.
    pub(crate) endpoint: String,
    /// Sealed endpoint and event.
    pub(crate) payload: Vec<u8>,
    pub(crate) not_after: Timestamp,
}

impl Store {
    /// Records that a message was delivered and queues what is told of it, if the lease is still the last one on the message and no
    /// earlier one left doubt; otherwise nothing happens. No limit of the lane stops it: there is one for each delivery.
    pub(crate) async fn record_delivered(
        &self,
        lease: Lease,
        provider: &str,
        event: &QueuedEvent,
        now: Timestamp,
    ) -> Result<Recorded, Failure> {
        let step = DeliveredStep { lease, attempt: Attempt { provider, now }, event };
        match self.database.step(|tx| step.take(tx)).await {
            Err(failure) if lacks_partition(&failure) => {
                self.ensure_partitions(now).await?;
                self.database.step(|tx| step.take(tx)).await
            }
            other => other,
        }
    }
}

/// A delivery about to be recorded.
#[derive(Clone, Copy)]
struct DeliveredStep<'a> {
    lease: Lease,
    attempt: Attempt<'a>,
    event: &'a QueuedEvent,
}

impl DeliveredStep<'_> {
    async fn take(self, mut tx: Transaction) -> Result<Finished<Recorded>, Failure> {
        let Self { lease, attempt, event } = self;
        if lease.in_doubt || record(&mut tx, lease, Outcome::Delivered, attempt).await? == Recorded::TooLate {
            return Ok(tx.roll_back(Recorded::TooLate));
        }
        let values = values![
            lease.tenant_id,
            lease.created_at,
            lease.id,
            event.id,
            attempt.now,
            Lane::Transactional.number(),
            &event.endpoint,
            &event.payload,
            event.not_after,
        ];
        tx.execute(QUEUE_EVENT, values).await?;
        Ok(tx.commit(Recorded::Yes))
    }
}
