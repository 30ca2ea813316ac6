//! Hands queued notices to notification until it has acknowledged them.
//!
//! A notice is claimed for the length of a lease and settled under the fence of that claim, so a relay that slept too
//! long changes nothing any more. Notification knows a notice by its id: handing one over twice sends it once.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use rekey_metrics::process::{JobOutcome, job_ran};
use rekey_primitives::clock::SharedClock;
use rekey_runtime::shutdown::Shutdown;
use tokio::time::timeout;
use uuid::Uuid;

use crate::metrics;
use crate::peers::Notification;
use crate::peers::notification::{HandedOver, Message};
use crate::store::outbox::{ClaimedNotice, Notice};
use crate::store::{Failure, Store, in_time};

/// How many notices are handed over side by side. Few: notices can wait, sign-ins share the connection.
const SIDE_BY_SIDE: usize = 8;

/// Its name among the runs.
const JOB: &str = "identity relay";

/// Opens a sealed notice; `None` if its key is gone.
pub(crate) type Opener = Arc<dyn Fn(&Notice) -> Option<Message> + Send + Sync>;

/// How the relay goes about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RelaySettings {
    /// Notices claimed at a time.
    pub batch: u32,
    /// How long they are held.
    pub lease: Duration,
    /// How often due ones are looked for.
    pub poll: Duration,
    /// The first wait after a failure; it doubles.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
}

/// The relay.
pub(crate) struct Relay {
    /// Where notices wait.
    pub store: Store,
    /// Who takes them.
    pub notification: Arc<dyn Notification>,
    /// What opens them.
    pub open: Opener,
    pub clock: SharedClock,
    /// How it goes about it.
    pub settings: RelaySettings,
}

/// What became of one notice.
enum Fate {
    /// It is notification's.
    Accepted,
    /// It will never be anybody's.
    Refused,
    /// It is tried again later.
    Postponed,
}

impl Fate {
    /// In the metrics.
    const fn word(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Postponed => "postponed",
        }
    }
}

impl Relay {
    /// Relays until told to stop. A store that is away is tried again.
    ///
    /// # Errors
    /// Never: whatever breaks is logged and tried again.
    pub(crate) async fn run(self, stop: Shutdown) -> Result<(), std::convert::Infallible> {
        loop {
            let claimed = match self.round().await {
                Ok(claimed) => {
                    job_ran(JOB, JobOutcome::Done);
                    claimed
                }
                Err(failure) => {
                    job_ran(JOB, JobOutcome::Failed);
                    tracing::warn!(error = %failure, "notices could not be claimed or settled");
                    0
                }
            };
            // A full batch means that more are waiting.
            let is_full = u32::try_from(claimed).is_ok_and(|claimed| claimed >= self.settings.batch);
            let pause = if is_full { Duration::ZERO } else { self.settings.poll };
            if !stop.pause(pause).await {
                return Ok(());
            }
        }
    }

    /// Claims what is due and hands it over; tells how many were claimed.
    ///
    /// # Errors
    /// The store is away. What was claimed comes back when its lease ends.
    pub(crate) async fn round(&self) -> Result<usize, Failure> {
        let now = self.clock.now();
        let claiming = self.store.claim_notices(self.settings.batch, now.plus(self.settings.lease), now);
        let claimed = in_time(claiming).await?;
        let count = claimed.len();
        let fates: Vec<_> = stream::iter(claimed)
            .map(|claimed| self.fate(claimed))
            .buffer_unordered(SIDE_BY_SIDE)
            .collect()
            .await;
        let (settled, postponed): (Vec<_>, Vec<_>) =
            fates.into_iter().partition(|(_, _, fate)| !matches!(fate, Fate::Postponed));
        let settled: Vec<_> = settled.into_iter().map(|(id, fence, _)| (id, fence)).collect();
        in_time(self.store.settle_notices(&settled)).await?;
        for (id, fence, _) in postponed {
            let due_at = self.clock.now().plus(self.wait(fence));
            in_time(self.store.postpone_notice(id, fence, due_at)).await?;
        }
        Ok(count)
    }

    async fn fate(&self, claimed: ClaimedNotice) -> (Uuid, i64, Fate) {
        let fate = self.hand_over(&claimed.notice).await;
        metrics::NOTICES.add(1, [fate.word()]);
        (claimed.notice.id, claimed.fence, fate)
    }

    async fn hand_over(&self, notice: &Notice) -> Fate {
        let Some(message) = (self.open)(notice) else {
            tracing::error!(notice = %notice.id, "a queued notice does not open; its key is gone");
            return Fate::Refused;
        };
        let handing = self.notification.send(notice.tenant_id, notice.id, &message, notice.not_after);
        // Half the lease, so that it is settled before another relay takes over.
        match timeout(self.settings.lease / 2, handing).await {
            Ok(Ok(HandedOver::Accepted)) => Fate::Accepted,
            Ok(Ok(HandedOver::Refused)) => {
                tracing::warn!(notice = %notice.id, template = message.template, "a notice will never be taken");
                Fate::Refused
            }
            Ok(Err(failure)) if failure.is_unavailable() => {
                tracing::debug!(notice = %notice.id, error = %failure, "a notice waits");
                Fate::Postponed
            }
            Ok(Err(failure)) => {
                tracing::error!(notice = %notice.id, error = %failure, "a notice was not taken");
                Fate::Postponed
            }
            Err(_) => Fate::Postponed,
        }
    }

    /// How long to wait after the claim of this number: the first wait, doubled each time, up to the longest.
    fn wait(&self, fence: i64) -> Duration {
        let doublings = u32::try_from(fence.saturating_sub(1)).unwrap_or(0).min(20);
        self.settings.first_wait.saturating_mul(1 << doublings).min(self.settings.longest_wait)
    }
}

#[cfg(test)]
mod tests;
