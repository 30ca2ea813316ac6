//! Purging what was deleted, at the start and then once in a while.
//!
//! Every replica looks: a step takes what no other one is at. A round that is to stop leaves the rest to the next one, and one that
//! is cut off leaves nothing half done that the next one would not finish. A round takes as long as there is something to purge.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use rekey_metrics::process::{JobOutcome, job_ran};
use rekey_runtime::shutdown::Shutdown;

use crate::store::Failure;

/// Its name among the runs.
const JOB: &str = "identity purging";

/// Purges, in rounds with this pause between, until told to stop. A round says how much went, and ends early when it is told to.
///
/// # Errors
/// Never: what fails is logged and tried again at the next turn.
pub(crate) async fn run<F>(
    mut round: impl FnMut() -> F + Send,
    pause: Duration,
    stop: Shutdown,
) -> Result<(), Infallible>
where
    F: Future<Output = Result<u64, Failure>> + Send,
{
    loop {
        match round().await {
            Ok(purged) => {
                job_ran(JOB, JobOutcome::Done);
                if purged > 0 {
                    tracing::info!(purged, "purged what was deleted");
                }
            }
            Err(error) => {
                job_ran(JOB, JobOutcome::Failed);
                tracing::warn!(%error, "purging failed and will be tried again");
            }
        }
        if !stop.pause(pause).await {
            return Ok(());
        }
    }
}
