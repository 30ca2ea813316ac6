//! The loop that tidies and counts.

use super::*;
use crate::domain::lane::PerLane;
use crate::signals::QueueDepth;
use crate::store::SweepLimits;

impl World {
    fn sweeper(&self, queue_depth: &QueueDepth) -> Sweeper {
        Sweeper {
            store: self.store.clone(),
            sweep_limits: SweepLimits { history: Duration::from_secs(86_400), batch: 100 },
            count_limits: PerLane::each(|_| 100),
            queue_depth: queue_depth.clone(),
            pause: Duration::from_millis(5),
            clock: Arc::new(self.clock.clone()),
        }
    }

    /// What waits on the critical lane, once a running sweeper has counted something there.
    async fn counted(&self) -> u64 {
        let (queue_depth, stop) = (QueueDepth::default(), Shutdown::new());
        let running = tokio::spawn(self.sweeper(&queue_depth).run(stop.clone()));
        let counted = async {
            while queue_depth.of(Lane::Critical) == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, counted).await.unwrap();
        stop.begin();
        running.await.unwrap().unwrap();
        queue_depth.of(Lane::Critical)
    }
}

#[tokio::test]
async fn a_sweep_counts_what_waits() {
    let world = World::with(&[&Scripted::default()]).await;
    world.accept(Lane::Critical).await;

    let counted = world.counted().await;

    assert_eq!(counted, 1);
}

#[tokio::test]
async fn what_waits_is_counted_although_the_sweep_fails() {
    let world = World::with(&[&Scripted::default()]).await;
    world.accept(Lane::Critical).await;
    world.alter("drop table request").await;

    let counted = world.counted().await;

    let limits = SweepLimits { history: Duration::from_secs(86_400), batch: 100 };
    assert!(world.store.sweep(limits, NOW).await.is_err());
    assert_eq!(counted, 1);
}
