//! What earlier versions left in Redis.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_testing::RedisHandle;

use super::one_redis;
use super::test_store::TestStore;
use crate::domain::refusal::Refusal;
use crate::store::SendOutcome;

#[tokio::test]
async fn failures_counted_in_a_window_that_does_not_slide_count_until_it_closes() {
    let server = rekey_testing::redis().await;
    let store = TestStore { counts_failures: true, ..one_redis(&server) };
    let id = store.started("111111").await;
    store.check(&id, "000000").await;
    count_as_before(&server, "9", store.later(60).now);

    let after_nine = start(&store).await;
    store.check(&id, "000000").await;
    let after_ten = start(&store).await;
    let closed = start(&store.later(60)).await;

    assert!(matches!(after_nine, SendOutcome::Counted(_)), "{after_nine:?}");
    assert_eq!(after_ten, SendOutcome::Refused(Refusal::SubjectPaused(Duration::from_secs(60))));
    assert!(matches!(closed, SendOutcome::Counted(_)), "{closed:?}");
}

/// Replaces the stored failures by so many as an earlier version counted, in a window that closes then.
fn count_as_before(server: &RedisHandle, recent: &str, closes: Timestamp) {
    let found = server.command(&["KEYS", "rekey:verification:*:f:*"]).unwrap();
    let key = found.lines().find(|line| line.starts_with("rekey:")).unwrap();
    let closes = closes.unix_micros().to_string();
    server.command(&["DEL", key]).unwrap();
    let fields = ["HSET", key, "in_a_row", recent, "recent", recent, "window_until", &closes];
    server.command(&fields).unwrap();
}

async fn start(store: &TestStore) -> SendOutcome {
    store.start(&store.start_step(&store.new_id(), "111111").await).await
}
