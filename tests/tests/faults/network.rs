//! Networks that swallow: connections stay open and nothing answers. Deadlines hold all the same, and what comes back
//! goes on.

use std::future::Future;
use std::time::Duration;

use rekey_client::Problem;
use rekey_testing::{Fault, Proxy};
use rekey_tests::Stores;
use rekey_tests::waiting::eventually;
use rekey_wire::identity::v1::ProofOutcome;
use tonic::{Code, Response, Status};

use crate::faults::outage::{
    answered, assert_away, assert_told_once, completion, impatient, on_postgres, proof, signs_in, start,
};

const NEW: &str = "a meadow full of rain";
/// The most that identity grants a call.
const DEADLINE: (&str, &str) = ("IDENTITY__SERVER__DEADLINE_CEILING_MS", "3000");
/// A call that is not over by then was kept past its deadline.
const FAR_PAST_THE_DEADLINE: Duration = Duration::from_secs(9);

#[tokio::test(flavor = "multi_thread")]
async fn a_swallowed_database_keeps_nobody_past_their_deadline() {
    let server = rekey_testing::postgres_server().await;
    let proxy = Proxy::before_port(server.port()).await;
    let world = on_postgres(&server, proxy.port(), &[DEADLINE]).await;
    let zoe = world.person("zoe").await;

    proxy.set(Fault::Blackhole);
    let swallowed =
        in_time(world.resets().start_password_reset(start(&world, &zoe.login))).await.unwrap_err();
    proxy.set(Fault::None);

    assert_given_up(&swallowed);
    answered(async || world.resets().start_password_reset(start(&world, &zoe.login)).await).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_forgets_the_connections_of_the_lanes_keeps_no_code_back() {
    let server = rekey_testing::postgres_server().await;
    let proxy = Proxy::before_port(server.port()).await;
    let world = on_postgres(&server, proxy.port(), &[DEADLINE]).await;
    let zoe = world.person("zoe").await;
    let started = world.start_reset(&zoe.login).await;

    // The lanes look fifty times a second, so each soon waits for an answer that never comes.
    proxy.strand();
    let accepted = async || world.send_code(&started.reset_token, "1").await.ok();
    eventually("a code is accepted", accepted).await;

    let code = world.code_for(&zoe.login).await;
    let shown = proof(&started.reset_token, &code);
    let proved = answered(async || world.resets().submit_reset_proof(shown.clone()).await).await;
    assert_eq!(proved.outcome(), ProofOutcome::Accepted);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_database_that_was_lost_sets_no_second_password() {
    let server = rekey_testing::postgres_server().await;
    let proxy = Proxy::before_port(server.port()).await;
    let world = on_postgres(&server, proxy.port(), &[DEADLINE]).await;
    let zoe = world.person("zoe").await;
    let request = completion(&world.proved_reset(&zoe).await, NEW);

    proxy.set(Fault::AnswersWithheld);
    let lost = in_time(world.resets().complete_password_reset(request.clone())).await.unwrap_err();
    proxy.cut();
    proxy.set(Fault::None);
    answered(async || world.resets().complete_password_reset(request.clone()).await).await;

    assert_given_up(&lost);
    assert!(signs_in(&world, &zoe.login, NEW).await);
    assert_told_once(&world, &zoe.login).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swallowed_redis_stops_resets_and_no_sign_in() {
    let redis = rekey_testing::redis().await;
    let proxy = Proxy::before_port(redis.port()).await;
    let url = format!("redis://127.0.0.1:{}/", proxy.port());
    let stores = [("VERIFICATION__STORE__URL", &*url), ("IDENTITY__THROTTLE__URL", &*url)];
    let world = impatient(Stores::Embedded, &stores).await;
    let zoe = world.person("zoe").await;
    let started = world.start_reset(&zoe.login).await;

    proxy.set(Fault::Blackhole);
    let start_away =
        in_time(world.resets().start_password_reset(start(&world, &zoe.login))).await.unwrap_err();
    let send_away = world.send_code(&started.reset_token, "1").await.unwrap_err();
    world.signed_in(&zoe.login, &zoe.password).await;
    proxy.set(Fault::None);

    assert_away(&start_away);
    assert_away(&send_away);
    let back = async || world.send_code(&started.reset_token, "1").await.ok();
    eventually("the store of codes answers again", back).await;
    world.stop().await;
}

/// What a call answers, far from the end of the test's own patience.
async fn in_time<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<Response<T>, Status> {
    tokio::time::timeout(FAR_PAST_THE_DEADLINE, call).await.expect("the deadline is kept")
}

/// The part itself gave up and said so; which of its time limits was first does not matter.
fn assert_given_up(status: &Status) {
    assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Unavailable), "{status:?}");
    assert_eq!(Problem::of(status).domain, "rekey.identity", "{status:?}");
}
