//! Postgres that goes away and comes back: calls say so, no process ends, and everything goes on by itself.

use rekey_wire::identity::v1::ProofOutcome;

use crate::faults::outage::{
    answered, assert_away, assert_told_once, completion, on_postgres, proof, signs_in,
};

const NEW: &str = "a meadow full of rain";

#[tokio::test(flavor = "multi_thread")]
async fn without_postgres_calls_say_so_and_afterwards_go_on() {
    let mut server = rekey_testing::postgres_server().await;
    let world = on_postgres(&server, server.port(), &[]).await;
    let zoe = world.person("zoe").await;
    let started = world.start_reset(&zoe.login).await;
    world.send_code(&started.reset_token, "1").await.unwrap();
    let request = proof(&started.reset_token, &world.code_for(&zoe.login).await);

    server.stop().unwrap();
    let send = world.send_code(&started.reset_token, "1").await.unwrap_err();
    let prove = world.resets().submit_reset_proof(request.clone()).await.unwrap_err();
    server.restart().unwrap();
    let proved = answered(async || world.resets().submit_reset_proof(request.clone()).await).await;
    let completion = completion(&proved.reset_token, NEW);
    answered(async || world.resets().complete_password_reset(completion.clone()).await).await;

    assert_away(&send);
    assert_away(&prove);
    assert_eq!(proved.outcome(), ProofOutcome::Accepted);
    assert!(signs_in(&world, &zoe.login, NEW).await);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_set_once_although_its_database_was_killed_under_the_call() {
    let mut server = rekey_testing::postgres_server().await;
    let world = on_postgres(&server, server.port(), &[]).await;
    let zoe = world.person("zoe").await;
    let request = completion(&world.proved_reset(&zoe).await, NEW);

    server.kill().unwrap();
    let away = world.resets().complete_password_reset(request.clone()).await.unwrap_err();
    server.restart().unwrap();
    let first = answered(async || world.resets().complete_password_reset(request.clone()).await).await;
    let again = answered(async || world.resets().complete_password_reset(request.clone()).await).await;

    assert_away(&away);
    assert_eq!(first, again);
    assert!(signs_in(&world, &zoe.login, NEW).await);
    assert_told_once(&world, &zoe.login).await;
    world.stop().await;
}
