//! Letting go what waits for a provider.

use rekey_database::{FOR_UPDATE_SKIP_LOCKED, Failure, Fragment, Sql, fragment, statements, values};
use rekey_primitives::clock::Timestamp;

use super::Store;
use super::rows::limit;
use crate::domain::destination::Channel;
use crate::domain::lane::{Lane, PerLane};

/// The oldest of a lane that wait for a provider of a channel: `$1` is now, `$2` the channel, `$3` how many.
const WAITING_IN: Fragment = fragment!(
    "with waiting as (select tenant_id, created_at, id from notification
        where state = 1 and waits_for_provider and channel = $2 and next_try_at > $1 and not_after > $1 and lane = "
);
const LET_GO: Fragment = fragment!(
    " order by created_at limit $3",
    FOR_UPDATE_SKIP_LOCKED,
    ") update notification set next_try_at = $1, waits_for_provider = false, changed_at = $1
      from waiting
      where notification.tenant_id = waiting.tenant_id
        and notification.created_at = waiting.created_at and notification.id = waiting.id"
);

statements! {
    // The lane is written out and not bound: a week without the index of those that wait is read by that of the lane.
    const RELEASE_CRITICAL = WAITING_IN, "1", LET_GO;
    const RELEASE_TRANSACTIONAL = WAITING_IN, "2", LET_GO;
    const RELEASE_BULK = WAITING_IN, "3", LET_GO;
}

pub(super) const RELEASE: PerLane<Sql> =
    PerLane { critical: RELEASE_CRITICAL, transactional: RELEASE_TRANSACTIONAL, bulk: RELEASE_BULK };

impl Store {
    /// Makes up to `most` messages due that wait because the providers of a channel were at fault or left alone: the most
    /// urgent lane first, and in a lane the oldest first. Gives how many of each lane.
    pub(crate) async fn release_waiting(
        &self,
        channel: Channel,
        now: Timestamp,
        most: usize,
    ) -> Result<PerLane<usize>, Failure> {
        let mut released = PerLane::default();
        let mut left = most;
        for &lane in Lane::ALL {
            if left == 0 {
                break;
            }
            let values = values![now, channel.as_str(), limit(left)];
            let count = self.database.execute(*RELEASE.of(lane), values).await?;
            let count = usize::try_from(count).unwrap_or(left).min(left);
            *released.of_mut(lane) = count;
            left -= count;
        }
        Ok(released)
    }
}
