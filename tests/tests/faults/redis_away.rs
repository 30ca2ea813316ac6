//! Redis that goes away: resets wait, nothing is bypassed, sign-in goes on. Redis that fails over: codes in flight are
//! void and no spent one revives.

use rekey_notification::inbox::InboxMessage;
use rekey_testing::RedisSentinel;
use rekey_tests::{Stores, World, code_in};
use rekey_wire::identity::v1::ProofOutcome;

use crate::faults::outage::{answered, assert_away, impatient, proof, start};

const NEW: &str = "a meadow full of rain";

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_resets_wait_and_sign_in_goes_on() {
    let mut world = impatient(Stores::Real, &[]).await;
    let zoe = world.person("zoe").await;
    let started = world.start_reset(&zoe.login).await;
    world.send_code(&started.reset_token, "1").await.unwrap();
    let code = world.code_for(&zoe.login).await;

    world.redis.as_mut().unwrap().stop().unwrap();
    let start = world.resets().start_password_reset(start(&world, &zoe.login)).await.unwrap_err();
    let send = world.send_code(&started.reset_token, "1").await.unwrap_err();
    let prove = world.resets().submit_reset_proof(proof(&started.reset_token, &code)).await.unwrap_err();

    for status in [start, send, prove] {
        assert_away(&status);
    }
    world.signed_in(&zoe.login, &zoe.password).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_redis_came_back_codes_are_void_and_new_ones_work() {
    let mut world = impatient(Stores::Real, &[]).await;
    let zoe = world.person("zoe").await;
    let started = world.start_reset(&zoe.login).await;
    world.send_code(&started.reset_token, "1").await.unwrap();
    let code = world.code_for(&zoe.login).await;

    let redis = world.redis.as_mut().unwrap();
    redis.stop().unwrap();
    redis.restart().unwrap();
    let proved = judged(&world, &started.reset_token, &code).await;

    assert_eq!(proved, ProofOutcome::Rejected);
    let token = fresh_proof(&world, &zoe.login, &code).await;
    world.complete_reset(&token, NEW).await.unwrap();
    world.signed_in(&zoe.login, NEW).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failover_no_code_revives() {
    let mut redis = rekey_testing::redis_sentinel().await;
    let url = format!("redis-sentinel://127.0.0.1:{}/{}", redis.sentinel.port(), RedisSentinel::NAME);
    let stores = [("VERIFICATION__STORE__URL", &*url), ("IDENTITY__THROTTLE__URL", &*url)];
    let world = impatient(Stores::Embedded, &stores).await;
    let (zoe, ben) = (world.person("zoe").await, world.person("ben").await);
    let spent = world.start_reset(&zoe.login).await;
    world.send_code(&spent.reset_token, "1").await.unwrap();
    let spent_code = world.code_for(&zoe.login).await;
    assert_eq!(world.prove(&spent.reset_token, "1", &spent_code).await.outcome(), ProofOutcome::Accepted);
    let waiting = world.start_reset(&ben.login).await;
    world.send_code(&waiting.reset_token, "1").await.unwrap();
    let waiting_code = world.code_for(&ben.login).await;

    redis.pair.caught_up().await;
    redis.pair.primary.kill().unwrap();
    redis.failed_over().await;
    let spent_again = judged(&world, &spent.reset_token, &spent_code).await;
    let late = judged(&world, &waiting.reset_token, &waiting_code).await;

    assert_eq!(spent_again, ProofOutcome::Rejected);
    assert_eq!(late, ProofOutcome::Rejected);
    let token = fresh_proof(&world, &ben.login, &waiting_code).await;
    world.complete_reset(&token, NEW).await.unwrap();
    world.stop().await;
}

/// What becomes of a code once the store answers again.
async fn judged(world: &World, reset_token: &str, code: &str) -> ProofOutcome {
    answered(async || world.resets().submit_reset_proof(proof(reset_token, code)).await).await.outcome()
}

/// A whole proof from the beginning, with a code other than an older one; the token that may set a password.
async fn fresh_proof(world: &World, login: &str, older: &str) -> String {
    let started = answered(async || world.resets().start_password_reset(start(world, login)).await).await;
    world.send_code(&started.reset_token, "1").await.unwrap();
    let newest = |message: &InboxMessage| {
        message.to == login && code_in(&message.text).is_some_and(|code| code != older)
    };
    let code = code_in(&world.message(newest).await.text).unwrap();
    let proved = world.prove(&started.reset_token, "1", &code).await;
    assert_eq!(proved.outcome(), ProofOutcome::Accepted);
    proved.reset_token
}
