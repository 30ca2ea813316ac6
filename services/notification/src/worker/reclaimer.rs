//! Puts back what dead workers held, so that their messages are claimed again.
//!
//! A lease must have ended by the look before: where the clock jumped, or the machine slept, workers that live have one
//! pause to renew. After the store was away everybody gets one lease's time first: nobody could renew meanwhile, and
//! what was sent must be recorded before it looks unsent.

use std::time::Duration;

use rekey_metrics::process::{JobOutcome, job_ran};
use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_runtime::shutdown::Shutdown;

use crate::metrics;
use crate::signals::WakeUp;
use crate::store::{Failure, Store, in_time};

/// Its name among the runs.
const JOB: &str = "notification reclaimer";

/// The loop that puts back.
pub(crate) struct Reclaimer {
    pub(crate) store: Store,
    /// Messages put back in one step.
    pub(crate) batch: u32,
    /// How long a message is held unless the lease is renewed.
    pub(crate) lease: Duration,
    /// The pause between two looks, in which every worker that lives renews once.
    pub(crate) pause: Duration,
    pub(crate) wake_up: WakeUp,
    pub(crate) clock: SharedClock,
}

impl Reclaimer {
    /// Looks until told to stop.
    ///
    /// # Errors
    /// Never; a store that is away is waited for.
    pub(crate) async fn run(self, stop: Shutdown) -> anyhow::Result<()> {
        let (mut patient_until, mut last_look) = (None, None);
        loop {
            let now = self.clock.now();
            let ended_by = last_look.replace(now);
            match self.look(patient_until, ended_by, now).await {
                Ok(0) => job_ran(JOB, JobOutcome::Done),
                Ok(count) => {
                    job_ran(JOB, JobOutcome::Done);
                    metrics::PUT_BACK.count(count);
                    tracing::warn!(count, "put back what a dead worker held");
                    self.wake_up.wake_all();
                }
                Err(failure) => {
                    job_ran(JOB, JobOutcome::Failed);
                    tracing::warn!(error = %failure, "cannot look for ended leases");
                    patient_until = Some(self.clock.now().plus(self.lease));
                }
            }
            if !stop.pause(self.pause).await {
                return Ok(());
            }
        }
    }

    /// Asks the store in any case: one that is still away prolongs the patience.
    pub(super) async fn look(
        &self,
        patient_until: Option<Timestamp>,
        ended_by: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        let is_patient = patient_until.is_some_and(|until| !now.has_reached(until));
        match ended_by.filter(|_| !is_patient) {
            Some(ended_by) => in_time(self.store.put_back(self.batch, ended_by, now)).await,
            None => in_time(self.store.ping()).await.map(|()| 0),
        }
    }
}
