//! Tidies the store and counts what waits, so that a full lane is refused without a count per call.

use std::time::Duration;

use rekey_metrics::process::{JobOutcome, job_ran};
use rekey_primitives::clock::SharedClock;
use rekey_runtime::shutdown::Shutdown;

use crate::domain::lane::{Lane, PerLane};
use crate::metrics;
use crate::signals::QueueDepth;
use crate::store::{Failure, Store, SweepLimits, Swept, in_time};

/// Its name among the runs.
const JOB: &str = "notification sweeper";

/// The loop that sweeps and counts.
pub(crate) struct Sweeper {
    pub(crate) store: Store,
    pub(crate) sweep_limits: SweepLimits,
    /// The most that may wait in each lane: it is not counted further.
    pub(crate) count_limits: PerLane<u64>,
    pub(crate) queue_depth: QueueDepth,
    pub(crate) pause: Duration,
    pub(crate) clock: SharedClock,
}

impl Sweeper {
    /// Sweeps and counts until told to stop.
    ///
    /// # Errors
    /// Never; a store that is away is waited for.
    pub(crate) async fn run(self, stop: Shutdown) -> anyhow::Result<()> {
        loop {
            match in_time(self.store.sweep(self.sweep_limits, self.clock.now())).await {
                Ok(swept) => {
                    job_ran(JOB, JobOutcome::Done);
                    if swept != Swept::default() {
                        tracing::debug!(?swept, "swept");
                    }
                }
                Err(failure) => {
                    job_ran(JOB, JobOutcome::Failed);
                    tracing::warn!(error = %failure, "cannot sweep");
                }
            }
            // Whether the sweep went through or not: an old count would refuse calls, or let a lane run over.
            if let Err(failure) = self.count().await {
                tracing::warn!(error = %failure, "cannot count what waits");
            }
            if !stop.pause(self.pause).await {
                return Ok(());
            }
        }
    }

    async fn count(&self) -> Result<(), Failure> {
        for &lane in Lane::ALL {
            let queued = self.store.queued(lane, *self.count_limits.of(lane));
            self.queue_depth.set(lane, in_time(queued).await?);
            let due_since = in_time(self.store.due_since(lane)).await?;
            let age = due_since.map(|since| self.clock.now().since(since)).unwrap_or_default();
            metrics::QUEUE_AGE.set(age.as_secs_f64(), [lane.as_str()]);
        }
        Ok(())
    }
}
