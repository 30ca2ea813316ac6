//! Work that nobody waits for: one loop each, stopped with the process.
//!
//! A failure is logged and the work tried again at its next turn; every job can be done by several processes at once
//! or left out for a while without harm. None begins before the schema was seen to fit ([`store_monitor`]).

pub(crate) mod expiry;
pub(crate) mod measures;
pub(crate) mod purge;
pub(crate) mod store_monitor;

use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use rekey_metrics::process::{JobOutcome, job_ran};
use rekey_primitives::clock::SharedClock;
use rekey_runtime::shutdown::Shutdown;
use tokio::time::timeout;

use crate::domain::audit::commitment::Sealer;
use crate::metrics;
use crate::store::{Failure, Store, in_time};

/// How long one turn of a job may take. What it leaves undone is for the next; a turn that takes longer waits for an
/// answer that the network swallowed.
const TURN_WITHIN: Duration = Duration::from_secs(60);

/// Does `work` again and again with this pause between, and once more when told to stop: what waits in memory is
/// written then.
///
/// # Errors
/// Never.
pub(crate) async fn repeat<F, E>(
    name: &'static str,
    pause: Duration,
    stop: Shutdown,
    mut work: impl FnMut() -> F + Send,
) -> Result<(), Infallible>
where
    F: Future<Output = Result<(), E>> + Send,
    E: Display,
{
    loop {
        let goes_on = stop.pause(pause).await;
        match timeout(TURN_WITHIN, work()).await {
            Ok(Ok(())) => job_ran(name, JobOutcome::Done),
            Ok(Err(failure)) => {
                job_ran(name, JobOutcome::Failed);
                tracing::warn!(job = name, error = %failure, "a job failed and will be tried again");
            }
            Err(_) => {
                job_ran(name, JobOutcome::Late);
                tracing::warn!(job = name, "a job was not done in time and will be tried again");
            }
        }
        if !goes_on {
            return Ok(());
        }
    }
}

/// Takes turns at work until none is due, and looks again after this pause. Told to stop, it ends with the turn it is at.
///
/// # Errors
/// Never.
pub(crate) async fn work_off<F, E>(
    name: &'static str,
    pause: Duration,
    stop: Shutdown,
    mut turn: impl FnMut() -> F + Send,
) -> Result<(), Infallible>
where
    F: Future<Output = Result<bool, E>> + Send,
    E: Display,
{
    loop {
        let is_more_due = match timeout(TURN_WITHIN, turn()).await {
            Ok(Ok(worked)) => {
                job_ran(name, JobOutcome::Done);
                worked
            }
            Ok(Err(failure)) => {
                job_ran(name, JobOutcome::Failed);
                tracing::warn!(job = name, error = %failure, "a turn failed and will be taken again");
                false
            }
            Err(_) => {
                job_ran(name, JobOutcome::Late);
                tracing::warn!(job = name, "a turn was not done in time and will be taken again");
                false
            }
        };
        let goes_on = if is_more_due { !stop.has_begun() } else { stop.pause(pause).await };
        if !goes_on {
            return Ok(());
        }
    }
}

/// Deletes what can never matter again, a portion at a time, until nothing is left of it.
///
/// # Errors
/// The store is away.
pub(crate) async fn sweep(store: Store, clock: SharedClock) -> Result<(), Failure> {
    let mut swept = 0;
    loop {
        let gone = in_time(store.sweep(clock.now())).await?;
        swept += gone;
        if gone == 0 {
            tracing::debug!(swept, "swept");
            return Ok(());
        }
        // Others use the store between two portions.
        tokio::task::yield_now().await;
    }
}

/// Forgets events of the audit logs that their tenants' policies keep no more, a portion at a time.
///
/// # Errors
/// The store is away, or somebody else holds what is to go.
pub(crate) async fn forget(store: Store, clock: SharedClock) -> Result<(), Failure> {
    let now = clock.now();
    while in_time(store.forget_partitions(now)).await? > 0 {
        tokio::task::yield_now().await;
    }
    let mut after = None;
    loop {
        let retentions = in_time(store.retentions(after, now)).await?;
        let Some(last) = retentions.last() else { return Ok(()) };
        after = Some(last.tenant_id);
        for retention in retentions {
            while in_time(store.forget_events(retention)).await? > 0 {
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Seals what was appended to the audit logs, a batch of each tenant at a time, until a round over the tenants moves
/// nothing. What cannot be sealed of one tenant keeps no other waiting.
///
/// # Errors
/// The store is away.
pub(crate) async fn seal(store: Store, sealer: Sealer, clock: SharedClock) -> Result<(), Failure> {
    loop {
        let (mut after, mut sealed, mut unsealable) = (None, 0, 0);
        while let Some(tenant_id) = in_time(store.next_to_seal(after)).await? {
            match in_time(store.seal_events(tenant_id, &sealer)).await {
                Ok(batch) => {
                    sealed += batch.unqueued;
                    measures::count_sealed(&batch.events, clock.now());
                }
                Err(failure) if failure.is_unavailable() => return Err(failure),
                Err(failure) => {
                    unsealable += 1;
                    tracing::error!(%tenant_id, %failure, "the events of a tenant wait to be sealed");
                }
            }
            after = Some(tenant_id);
        }
        metrics::UNSEALABLE.set_count::<&str>(unsealable, []);
        if sealed == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_job_is_done_once_more_when_told_to_stop() {
        let (stop, done) = (Shutdown::new(), Arc::new(AtomicU32::new(0)));
        stop.begin();

        let counted = Arc::clone(&done);
        repeat("audit", Duration::from_secs(3_600), stop, move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Ok::<_, Infallible>(()) }
        })
        .await
        .unwrap();

        assert_eq!(done.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_never_answers_has_another_turn() {
        let (stop, turns) = (Shutdown::new(), Arc::new(AtomicU32::new(0)));

        let (counted, stopped) = (Arc::clone(&turns), stop.clone());
        repeat("sweep", Duration::from_secs(1), stop, move || {
            if counted.fetch_add(1, Ordering::Relaxed) == 2 {
                stopped.begin();
            }
            std::future::pending::<Result<(), Infallible>>()
        })
        .await
        .unwrap();

        assert_eq!(turns.load(Ordering::Relaxed), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn work_is_taken_until_none_is_due_and_then_looked_for_again() {
        let (stop, turns) = (Shutdown::new(), Arc::new(AtomicU32::new(0)));
        let begun = tokio::time::Instant::now();

        let (counted, stopped) = (Arc::clone(&turns), stop.clone());
        work_off("bulk", Duration::from_secs(1), stop, move || {
            let turn = counted.fetch_add(1, Ordering::Relaxed);
            if turn == 4 {
                stopped.begin();
            }
            // Two are due, one fails, one is not due.
            async move { if turn == 2 { Err("away") } else { Ok(turn < 2) } }
        })
        .await
        .unwrap();

        assert_eq!(turns.load(Ordering::Relaxed), 5);
        assert_eq!(begun.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_fails_is_tried_again() {
        let (stop, turns) = (Shutdown::new(), Arc::new(AtomicU32::new(0)));

        let (counted, stopped) = (Arc::clone(&turns), stop.clone());
        repeat("sweep", Duration::from_secs(1), stop, move || {
            if counted.fetch_add(1, Ordering::Relaxed) == 2 {
                stopped.begin();
            }
            async { Err("away") }
        })
        .await
        .unwrap();

        assert_eq!(turns.load(Ordering::Relaxed), 4);
    }
}
