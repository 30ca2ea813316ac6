//! What earlier versions left in Redis.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_testing::RedisHandle;

use super::desk::Desk;
use super::one_redis;
use crate::domain::refusal::Refusal;
use crate::store::Dispatch;

#[tokio::test]
async fn failures_counted_in_a_window_that_does_not_slide_count_until_it_closes() {
    let server = rekey_testing::redis().await;
    let desk = Desk { counts_failures: true, ..one_redis(&server) };
    let place = desk.started("111111").await;
    desk.check(&place, "000000").await;
    count_as_before(&server, "9", desk.later(60).now);

    let after_nine = start(&desk).await;
    desk.check(&place, "000000").await;
    let after_ten = start(&desk).await;
    let closed = start(&desk.later(60)).await;

    assert!(matches!(after_nine, Dispatch::Charged(_)), "{after_nine:?}");
    assert_eq!(after_ten, Dispatch::Refused(Refusal::SubjectPaused(Duration::from_secs(60))));
    assert!(matches!(closed, Dispatch::Charged(_)), "{closed:?}");
}

/// Puts so many failures, in a window that closes then, in the place of those that are kept.
fn count_as_before(server: &RedisHandle, recent: &str, closes: Timestamp) {
    let found = server.command(&["KEYS", "rekey:verification:*:f:*"]).unwrap();
    let key = found.lines().find(|line| line.starts_with("rekey:")).unwrap();
    let closes = closes.unix_micros().to_string();
    server.command(&["DEL", key]).unwrap();
    let kept = ["HSET", key, "in_a_row", recent, "recent", recent, "window_until", &closes];
    server.command(&kept).unwrap();
}

async fn start(desk: &Desk) -> Dispatch {
    desk.start(&desk.start_order(&desk.new_place(), "111111").await).await
}
