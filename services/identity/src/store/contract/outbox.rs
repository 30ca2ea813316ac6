//! Claiming and settling notices.

use super::world::{NOW, World, after};
use crate::domain::scope::TenantScope;
use crate::store::outbox::{ClaimedNotice, Notice};

impl World {
    /// Queues so many notices at that second.
    pub(super) async fn queue(&self, scope: &TenantScope, count: usize, second: u64) -> Vec<Notice> {
        let notices: Vec<Notice> = (0..count).map(|_| self.notice(scope)).collect();
        // A digest of nothing is the plainest step that queues.
        assert!(self.store.help_digested(scope, &[], &notices, after(second)).await.unwrap());
        notices
    }

    async fn claim(&self, limit: u32, lease: u64, second: u64) -> Vec<ClaimedNotice> {
        self.store.claim_notices(limit, after(lease), after(second)).await.unwrap()
    }
}

pub(super) async fn a_claimed_notice_is_nobody_elses_until_the_lease_ends(world: World) {
    let scope = world.tenant().await;
    let late = world.queue(&scope, 1, 2).await;
    let early = world.queue(&scope, 1, 1).await;
    let claimed = |notice: &Notice, fence| ClaimedNotice { notice: notice.clone(), fence };

    let first = world.claim(1, 60, 10).await;
    let second = world.claim(10, 30, 10).await;
    let nothing = world.claim(10, 60, 29).await;
    let again = world.claim(10, 90, 30).await;

    assert_eq!((first, second), (vec![claimed(&early[0], 1)], vec![claimed(&late[0], 1)]));
    assert_eq!((nothing, again), (vec![], vec![claimed(&late[0], 2)]));
}

pub(super) async fn an_old_fence_settles_nothing(world: World) {
    let scope = world.tenant().await;
    let id = world.queue(&scope, 1, 0).await[0].id;
    world.claim(1, 10, 0).await;
    world.claim(1, 20, 10).await;

    world.store.settle_notices(&[(id, 1)]).await.unwrap();
    world.store.postpone_notice(id, 1, NOW).await.unwrap();
    let held = world.claim(1, 40, 19).await;
    world.store.postpone_notice(id, 2, after(30)).await.unwrap();
    let postponed = world.claim(1, 40, 29).await;
    let due = world.claim(1, 40, 30).await;
    world.store.settle_notices(&[(id, 3)]).await.unwrap();

    assert_eq!((held, postponed), (vec![], vec![]));
    assert_eq!(due.iter().map(|claimed| claimed.fence).collect::<Vec<_>>(), [3]);
    assert_eq!(world.claim(1, 200, 100).await, []);
}

pub(super) async fn a_late_notice_is_dropped(world: World) {
    let scope = world.tenant().await;
    world.queue(&scope, 2, 0).await;

    let too_late = world.claim(10, 90_000, 86_400).await;
    let at_any_time = world.claim(10, 90_000, 10).await;

    assert_eq!((too_late, at_any_time), (vec![], vec![]));
}
