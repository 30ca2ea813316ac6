//! Redis away, restarted, or replaced by a replica that lags: nothing is bypassed and nothing spent revives.

use rekey_testing::RedisReplicated;

use super::*;
use crate::domain::verification::State;

#[tokio::test]
async fn a_code_spent_on_the_old_primary_is_dead_on_a_replica_that_never_heard_of_it() {
    let pair = rekey_testing::redis_replicated().await;
    let keys = KeyTexts::new();
    let old = Office::in_redis(&as_shipped(), &pair.primary.url(), &keys);
    let order = order("anna@example.com");
    old.start(&order).await.unwrap();
    pair.caught_up().await;
    pair.promote();

    let grant = old.pass(&order.place, &old.last_code()).await;
    let new = Office::in_redis(&as_shipped(), &pair.replica.url(), &keys);
    let revived = new.check(&order.place, &old.last_code()).await.unwrap();
    let redeemed = refusal(new.redeem(&order.place.scope, &grant).await);

    assert!(matches!(revived, Verdict::Rejected), "{revived:?}");
    assert_eq!(redeemed, Refusal::GrantInvalid);
    let shown = new.flows.get(&order.place).await.unwrap();
    assert_eq!((shown.state, shown.verification.tries_left), (State::Expired, 5));
}

#[tokio::test]
async fn a_grant_spent_on_the_old_primary_is_void_on_the_new_one() {
    let pair = rekey_testing::redis_replicated().await;
    let keys = KeyTexts::new();
    let old = Office::in_redis(&as_shipped(), &pair.primary.url(), &keys);
    let order = order("anna@example.com");
    old.start(&order).await.unwrap();
    let grant = old.pass(&order.place, &old.last_code()).await;
    pair.caught_up().await;
    pair.promote();

    let spent = old.redeem(&order.place.scope, &grant).await;
    let new = Office::in_redis(&as_shipped(), &pair.replica.url(), &keys);

    assert!(spent.is_ok());
    assert_eq!(refusal(new.redeem(&order.place.scope, &grant).await), Refusal::GrantInvalid);
}

#[tokio::test]
async fn what_was_spent_on_the_first_primary_stays_dead_when_it_is_promoted_again() {
    let pair = rekey_testing::redis_replicated().await;
    let keys = KeyTexts::new();
    let first = Office::in_redis(&as_shipped(), &pair.primary.url(), &keys);
    let order = order("anna@example.com");
    first.start(&order).await.unwrap();
    pair.caught_up().await;
    pair.promote();
    let grant = first.pass(&order.place, &first.last_code()).await;
    first.redeem(&order.place.scope, &grant).await.unwrap();

    fail_back(&pair).await;
    let again = Office::in_redis(&as_shipped(), &pair.primary.url(), &keys);
    let revived = again.check(&order.place, &first.last_code()).await.unwrap();
    let redeemed = refusal(again.redeem(&order.place.scope, &grant).await);

    assert!(matches!(revived, Verdict::Rejected), "{revived:?}");
    assert_eq!(redeemed, Refusal::GrantInvalid);
    let shown = again.flows.get(&order.place).await.unwrap();
    assert_eq!((shown.state, shown.verification.tries_left), (State::Expired, 5));
}

#[tokio::test]
async fn after_a_failover_a_resend_brings_a_new_code_with_the_tries_and_the_life_that_were_left() {
    let pair = rekey_testing::redis_replicated().await;
    let keys = KeyTexts::new();
    let old = Office::in_redis(&as_shipped(), &pair.primary.url(), &keys);
    let order = order("anna@example.com");
    let started = old.start(&order).await.unwrap();
    old.check(&order.place, "wrong").await.unwrap();
    pair.caught_up().await;
    pair.promote();

    let new = Office::in_redis(&as_shipped(), &pair.replica.url(), &keys);
    let times = new.resend(&order.place).await.unwrap();
    let old_code = new.check(&order.place, &old.last_code()).await.unwrap();

    let kept = new.flows.get(&order.place).await.unwrap();
    assert_eq!(times.expires_at, started.times.expires_at);
    assert!(matches!(old_code, Verdict::Rejected), "{old_code:?}");
    assert_eq!((kept.verification.sends, kept.verification.tries_left), (2, 3));
    new.pass(&order.place, &new.last_code()).await;
}

#[tokio::test]
async fn after_a_failover_the_same_start_draws_a_new_code_and_counts_as_a_message() {
    let pair = rekey_testing::redis_replicated().await;
    let keys = KeyTexts::new();
    let old = Office::in_redis(&as_shipped(), &pair.primary.url(), &keys);
    let mut order = order("anna@example.com");
    let started = old.start(&order).await.unwrap();
    old.check(&order.place, "wrong").await.unwrap();
    pair.caught_up().await;
    pair.promote();

    let new = Office::in_redis(&as_shipped(), &pair.replica.url(), &keys);
    order.request = request();
    let restarted = new.start(&order).await.unwrap();

    assert!(restarted.sent);
    assert_eq!(restarted.times.expires_at, started.times.expires_at);
    let shown = new.flows.get(&order.place).await.unwrap();
    assert_eq!((shown.sends_left, shown.verification.tries_left), (3, 4));
    new.pass(&order.place, &new.last_code()).await;
}

#[tokio::test]
async fn a_restart_voids_codes_and_grants() {
    let mut server = rekey_testing::redis().await;
    let office = Office::in_redis(&as_shipped(), &server.url(), &KeyTexts::new());
    let order = order("anna@example.com");
    office.start(&order).await.unwrap();
    let code = office.last_code();
    let passed = another(&order);
    office.start(&passed).await.unwrap();
    let grant = office.pass(&passed.place, &office.last_code()).await;

    server.kill().unwrap();
    let while_away = office.check(&order.place, &code).await;
    server.restart().unwrap();
    // The first command after a break finds the connection broken, and is not repeated by itself.
    let _ = office.check(&order.place, &code).await;

    assert!(matches!(while_away, Err(Error::Store(_))), "{while_away:?}");
    assert!(matches!(office.check(&order.place, &code).await.unwrap(), Verdict::Rejected));
    assert_eq!(refusal(office.redeem(&order.place.scope, &grant).await), Refusal::GrantInvalid);
}

#[tokio::test]
async fn a_redis_that_may_evict_is_not_used() {
    let server = rekey_testing::redis().await;
    server.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).unwrap();
    let office = Office::in_redis(&as_shipped(), &server.url(), &KeyTexts::new());

    let refused = office.start(&order("anna@example.com")).await;
    server.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).unwrap();
    let accepted = office.start(&order("anna@example.com")).await;

    assert!(matches!(refused, Err(Error::Store(crate::store::Failure::Evicts(_)))), "{refused:?}");
    assert!(accepted.is_ok());
    assert_eq!(office.messages().len(), 1);
}

#[tokio::test]
async fn what_is_over_has_no_code_in_redis_any_more() {
    let server = rekey_testing::redis().await;
    let office = Office::in_redis(&as_shipped(), &server.url(), &KeyTexts::new());
    let codes = || {
        let keys = server.command(&["KEYS", "rekey:verification:*:v:*"]).unwrap();
        let kept = keys.lines().filter(|line| line.starts_with("rekey:"));
        let kept = kept.map(|key| server.command(&["HMGET", key, "tag", "code"]).unwrap());
        kept.map(|kept| !kept.contains("$0\r\n\r\n$0\r\n")).collect::<Vec<_>>()
    };
    let passed = order("anna@example.com");
    office.start(&passed).await.unwrap();
    let alive = codes();
    office.pass(&passed.place, &office.last_code()).await;
    let (exhausted, cancelled) = (another(&passed), another(&passed));
    office.start(&exhausted).await.unwrap();
    for _ in 0..5 {
        office.check(&exhausted.place, "wrong").await.unwrap();
    }
    office.start(&cancelled).await.unwrap();
    office.flows.cancel(&cancelled.place, request()).await.unwrap();

    assert_eq!((alive, codes()), (vec![true], vec![false; 3]));
}

#[tokio::test]
async fn nothing_secret_stands_in_redis_as_typed() {
    let server = rekey_testing::redis().await;
    let office = Office::in_redis(&as_shipped(), &server.url(), &KeyTexts::new());
    let order = order("anna@example.com");
    office.start(&order).await.unwrap();
    let code = office.last_code();
    office.check(&order.place, "wrong").await.unwrap();

    let mut all = String::new();
    for key in server.command(&["KEYS", "*"]).unwrap().lines().filter(|line| line.starts_with("rekey:")) {
        all += key;
        all += &server.command(&["DUMP", key]).unwrap();
        let kind = server.command(&["TYPE", key]).unwrap();
        let read = if kind.contains("hash") { "HGETALL" } else { "GET" };
        all += &server.command(&[read, key]).unwrap();
    }

    assert!(all.contains("sign_up"), "nothing was read");
    assert!(!all.contains("anna@example.com") && !all.contains(&format!("\r\n{code}\r\n")));
}

/// Makes the first primary copy the promoted replica, and then promotes it again: the same process as before.
async fn fail_back(pair: &RedisReplicated) {
    // Without the delay a replica that connects first is served at once.
    pair.replica.command(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]).unwrap();
    pair.primary.command(&["REPLICAOF", "127.0.0.1", &pair.replica.port().to_string()]).unwrap();
    let copied = async {
        while !pair.primary.command(&["INFO", "replication"]).unwrap().contains("master_link_status:up") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), copied).await.unwrap();
    pair.primary.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
}
