//! Notices to people whose passwords expire soon, at the start and then once in a while.
//!
//! Every replica looks: the store lets one of them send. A round that is to stop leaves the rest to the next one.

use std::convert::Infallible;
use std::time::Duration;

use rekey_metrics::process::{JobOutcome, job_ran};
use rekey_runtime::shutdown::Shutdown;

use crate::passwords::ExpiryNotices;

/// Its name among the runs.
const JOB: &str = "identity expiry notices";

/// Looks with this pause between two rounds until told to stop.
///
/// # Errors
/// Never: what fails is logged and tried again at the next turn.
pub(crate) async fn run(notices: ExpiryNotices, pause: Duration, stop: Shutdown) -> Result<(), Infallible> {
    loop {
        match notices.send_due(|| !stop.has_begun()).await {
            Ok(people) => {
                job_ran(JOB, JobOutcome::Done);
                tracing::debug!(people, "sent expiry notices");
            }
            Err(error) => {
                job_ran(JOB, JobOutcome::Failed);
                tracing::warn!(%error, "expiry notices failed and will be tried again");
            }
        }
        if !stop.pause(pause).await {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    const DAY: u64 = 86_400;

    #[tokio::test]
    async fn people_are_told_at_the_first_round_and_the_loop_stops_when_told() {
        let world = World::with(|policy| policy.password.expiry_days = Some(14)).await;
        world.person("ada", &["ada@mail.example"]).await;
        world.pass(DAY);
        let (notices, stop) = (world.parts.expiry_notices(), Shutdown::new());

        let running = tokio::spawn(run(notices, Duration::from_secs(3_600), stop.clone()));
        let told = async || {
            let now = world.now();
            world.parts.store.claim_notices(10, now, now).await.unwrap().len()
        };
        while told().await == 0 {
            tokio::task::yield_now().await;
        }
        stop.begin();

        running.await.unwrap().unwrap();
        assert_eq!(told().await, 1);
    }

    #[tokio::test]
    async fn a_loop_that_is_told_to_stop_tells_nobody_more() {
        let world = World::with(|policy| policy.password.expiry_days = Some(14)).await;
        world.person("ada", &["ada@mail.example"]).await;
        world.pass(DAY);
        let stop = Shutdown::new();
        stop.begin();

        run(world.parts.expiry_notices(), Duration::from_secs(3_600), stop).await.unwrap();

        let now = world.now();
        assert_eq!(world.parts.store.claim_notices(10, now, now).await.unwrap(), []);
    }
}
