//! Redis away, restarted, or replaced by a replica that lags: nothing is bypassed and nothing consumed revives.

use rekey_testing::RedisReplicated;

use super::*;
use crate::codes::cancel::CancelRequest;
use crate::domain::verification::VerificationState;

#[tokio::test]
async fn a_code_consumed_on_the_old_primary_is_dead_on_a_replica_that_never_heard_of_it() {
    let pair = rekey_testing::redis_replicated().await;
    let keys = KeyTexts::new();
    let old = TestService::in_redis(&default_settings(), &pair.primary.url(), &keys);
    let request = start_request("anna@example.com");
    old.start(&request).await.unwrap();
    pair.caught_up().await;
    pair.promote();

    let grant = old.pass(&request.id, &old.last_code()).await;
    let new = TestService::in_redis(&default_settings(), &pair.replica.url(), &keys);
    let revived = new.check(&request.id, &old.last_code()).await.unwrap();
    let redeemed = refusal(new.redeem(&request.id.scope, &grant).await);

    assert!(matches!(revived, CheckVerdict::Rejected), "{revived:?}");
    assert_eq!(redeemed, Refusal::GrantInvalid);
    let shown = new.codes.get(&request.id).await.unwrap();
    assert_eq!((shown.state, shown.verification.attempts_left), (VerificationState::Expired, 5));
}

#[tokio::test]
async fn a_grant_redeemed_on_the_old_primary_is_void_on_the_new_one() {
    let pair = rekey_testing::redis_replicated().await;
    let keys = KeyTexts::new();
    let old = TestService::in_redis(&default_settings(), &pair.primary.url(), &keys);
    let request = start_request("anna@example.com");
    old.start(&request).await.unwrap();
    let grant = old.pass(&request.id, &old.last_code()).await;
    pair.caught_up().await;
    pair.promote();

    let redeemed = old.redeem(&request.id.scope, &grant).await;
    let new = TestService::in_redis(&default_settings(), &pair.replica.url(), &keys);

    assert!(redeemed.is_ok());
    assert_eq!(refusal(new.redeem(&request.id.scope, &grant).await), Refusal::GrantInvalid);
}

#[tokio::test]
async fn what_was_consumed_on_the_first_primary_stays_dead_when_it_is_promoted_again() {
    let pair = rekey_testing::redis_replicated().await;
    let keys = KeyTexts::new();
    let first = TestService::in_redis(&default_settings(), &pair.primary.url(), &keys);
    let request = start_request("anna@example.com");
    first.start(&request).await.unwrap();
    pair.caught_up().await;
    pair.promote();
    let grant = first.pass(&request.id, &first.last_code()).await;
    first.redeem(&request.id.scope, &grant).await.unwrap();

    fail_back(&pair).await;
    let again = TestService::in_redis(&default_settings(), &pair.primary.url(), &keys);
    let revived = again.check(&request.id, &first.last_code()).await.unwrap();
    let redeemed = refusal(again.redeem(&request.id.scope, &grant).await);

    assert!(matches!(revived, CheckVerdict::Rejected), "{revived:?}");
    assert_eq!(redeemed, Refusal::GrantInvalid);
    let shown = again.codes.get(&request.id).await.unwrap();
    assert_eq!((shown.state, shown.verification.attempts_left), (VerificationState::Expired, 5));
}

#[tokio::test]
async fn after_a_failover_a_resend_brings_a_new_code_with_the_attempts_and_the_life_that_were_left() {
    let pair = rekey_testing::redis_replicated().await;
    let keys = KeyTexts::new();
    let old = TestService::in_redis(&default_settings(), &pair.primary.url(), &keys);
    let request = start_request("anna@example.com");
    let started = old.start(&request).await.unwrap();
    old.check(&request.id, "wrong").await.unwrap();
    pair.caught_up().await;
    pair.promote();

    let new = TestService::in_redis(&default_settings(), &pair.replica.url(), &keys);
    let times = new.resend(&request.id).await.unwrap();
    let old_code = new.check(&request.id, &old.last_code()).await.unwrap();

    let view = new.codes.get(&request.id).await.unwrap();
    assert_eq!(times.expires_at, started.times.expires_at);
    assert!(matches!(old_code, CheckVerdict::Rejected), "{old_code:?}");
    assert_eq!((view.verification.sends, view.verification.attempts_left), (2, 3));
    new.pass(&request.id, &new.last_code()).await;
}

#[tokio::test]
async fn after_a_failover_the_same_start_draws_a_new_code_and_counts_as_a_message() {
    let pair = rekey_testing::redis_replicated().await;
    let keys = KeyTexts::new();
    let old = TestService::in_redis(&default_settings(), &pair.primary.url(), &keys);
    let mut request = start_request("anna@example.com");
    let started = old.start(&request).await.unwrap();
    old.check(&request.id, "wrong").await.unwrap();
    pair.caught_up().await;
    pair.promote();

    let new = TestService::in_redis(&default_settings(), &pair.replica.url(), &keys);
    request.request_id = request_id();
    let restarted = new.start(&request).await.unwrap();

    assert!(restarted.sent);
    assert_eq!(restarted.times.expires_at, started.times.expires_at);
    let shown = new.codes.get(&request.id).await.unwrap();
    assert_eq!((shown.sends_left, shown.verification.attempts_left), (3, 4));
    new.pass(&request.id, &new.last_code()).await;
}

#[tokio::test]
async fn what_was_answered_is_known_to_a_replica_that_takes_over_at_once() {
    let mut pair = rekey_testing::redis_replicated().await;
    let keys = KeyTexts::new();
    let old = TestService::in_redis(&default_settings(), &pair.primary.url(), &keys);
    let (passed, tried) = (start_request("anna@example.com"), start_request("ben@example.com"));
    old.start(&passed).await.unwrap();
    old.pass(&passed.id, &old.last_code()).await;
    old.start(&tried).await.unwrap();
    for _ in 0..4 {
        old.check(&tried.id, "wrong").await.unwrap();
    }

    pair.primary.kill().unwrap();
    pair.promote();
    let new = TestService::in_redis(&default_settings(), &pair.replica.url(), &keys);
    let resent = new.resend(&tried.id).await;
    let over = refusal(new.resend(&passed.id).await);

    assert!(resent.is_ok(), "{resent:?}");
    assert_eq!(new.codes.get(&tried.id).await.unwrap().attempts_left, 1);
    assert_eq!(over, Refusal::VerificationOver);
}

#[tokio::test]
async fn a_restart_voids_codes_and_grants() {
    let mut server = rekey_testing::redis().await;
    let service = TestService::in_redis(&default_settings(), &server.url(), &KeyTexts::new());
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();
    let code = service.last_code();
    let passed = another(&request);
    service.start(&passed).await.unwrap();
    let grant = service.pass(&passed.id, &service.last_code()).await;

    server.kill().unwrap();
    let while_away = service.check(&request.id, &code).await;
    server.restart().unwrap();
    // The first command after a break finds the connection broken, and is not repeated by itself.
    let _ = service.check(&request.id, &code).await;

    assert!(matches!(while_away, Err(Error::Store(_))), "{while_away:?}");
    assert!(matches!(service.check(&request.id, &code).await.unwrap(), CheckVerdict::Rejected));
    assert_eq!(refusal(service.redeem(&request.id.scope, &grant).await), Refusal::GrantInvalid);
}

#[tokio::test]
async fn a_redis_that_may_evict_is_not_used() {
    let server = rekey_testing::redis().await;
    server.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).unwrap();
    let service = TestService::in_redis(&default_settings(), &server.url(), &KeyTexts::new());

    let refused = service.start(&start_request("anna@example.com")).await;
    server.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).unwrap();
    let accepted = service.start(&start_request("anna@example.com")).await;

    assert!(matches!(refused, Err(Error::Store(crate::store::Failure::Evicts(_)))), "{refused:?}");
    assert!(accepted.is_ok());
    assert_eq!(service.messages().len(), 1);
}

#[tokio::test]
async fn what_is_over_has_no_code_in_redis_any_more() {
    let server = rekey_testing::redis().await;
    let service = TestService::in_redis(&default_settings(), &server.url(), &KeyTexts::new());
    let codes = || {
        let keys = server.command(&["KEYS", "rekey:verification:*:v:*"]).unwrap();
        let found = keys.lines().filter(|line| line.starts_with("rekey:"));
        let found = found.map(|key| server.command(&["HMGET", key, "tag", "code"]).unwrap());
        found.map(|fields| !fields.contains("$0\r\n\r\n$0\r\n")).collect::<Vec<_>>()
    };
    let passed = start_request("anna@example.com");
    service.start(&passed).await.unwrap();
    let alive = codes();
    service.pass(&passed.id, &service.last_code()).await;
    let (exhausted, cancelled) = (another(&passed), another(&passed));
    service.start(&exhausted).await.unwrap();
    for _ in 0..5 {
        service.check(&exhausted.id, "wrong").await.unwrap();
    }
    service.start(&cancelled).await.unwrap();
    let cancel = CancelRequest { id: cancelled.id.clone(), request_id: request_id() };
    service.codes.cancel(&cancel).await.unwrap();

    assert_eq!((alive, codes()), (vec![true], vec![false; 3]));
}

#[tokio::test]
async fn nothing_secret_stands_in_redis_as_typed() {
    let server = rekey_testing::redis().await;
    let service = TestService::in_redis(&default_settings(), &server.url(), &KeyTexts::new());
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();
    let code = service.last_code();
    service.check(&request.id, "wrong").await.unwrap();

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
