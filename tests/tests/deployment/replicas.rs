//! Two processes of identity on the same stores: it does not matter which of them a call reaches.

use rekey_client::Problem;
use rekey_tests::backend::Backend;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::post::code_to;

const NEW: &str = "nine slow rivers and stone";
const OTHER: &str = "four loud hammers of brass";

/// Wrong passwords in a row that lock an account.
const WRONG_TO_LOCK: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_goes_on_at_whichever_replica_it_reaches() {
    let (deployment, one, other) = replicated().await;
    let zoe = one.person("zoe").await;

    let started = one.start(&zoe.login).await.unwrap();
    other.send(&started.reset_token, "1").await.unwrap();
    let code = code_to(&deployment.ground.mail, &zoe.login, 1).await;
    let proved = one.prove(&started.reset_token, "1", &code).await.unwrap();
    other.complete(&proved.reset_token, NEW).await.unwrap();
    let again = one.complete(&proved.reset_token, OTHER).await.unwrap_err();

    assert!(one.signs_in(&zoe.login, NEW).await);
    assert!(!other.signs_in(&zoe.login, zoe.password.as_str()).await);
    assert_eq!(Problem::of(&again).reason, "RESET_INVALID");
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_replicas_that_complete_one_reset_one_wins() {
    let (deployment, one, other) = replicated().await;
    let zoe = one.person("zoe").await;
    let started = one.start(&zoe.login).await.unwrap();
    one.send(&started.reset_token, "1").await.unwrap();
    let code = code_to(&deployment.ground.mail, &zoe.login, 1).await;
    let token = one.prove(&started.reset_token, "1", &code).await.unwrap().reset_token;

    let (first, second) = tokio::join!(one.complete(&token, NEW), other.complete(&token, OTHER));

    let (winner, loser, refused) = match (first, second) {
        (Ok(_), Err(refused)) => (NEW, OTHER, refused),
        (Err(refused), Ok(_)) => (OTHER, NEW, refused),
        both => panic!("one must win: {both:?}"),
    };
    assert_eq!(Problem::of(&refused).reason, "RESET_INVALID", "{refused:?}");
    assert!(other.signs_in(&zoe.login, winner).await);
    assert!(!one.signs_in(&zoe.login, loser).await);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_at_one_replica_lock_the_other_too() {
    let (deployment, one, other) = replicated().await;
    let (zoe, ben) = (one.person("zoe").await, one.person("ben").await);

    for number in 0..WRONG_TO_LOCK {
        assert!(!one.signs_in(&zoe.login, &format!("wrong guess number {number}")).await);
    }

    assert!(!other.signs_in(&zoe.login, &zoe.password).await);
    assert!(other.signs_in(&ben.login, &ben.password).await);
    deployment.stop().await;
}

/// A backend at each of two replicas.
async fn replicated() -> (Deployment, Backend, Backend) {
    let (mut deployment, one) = Deployment::start(Ground::new().await, &[]).await;
    let other = Backend::new(deployment.replicate_identity().await, one.tenant_id.clone());
    (deployment, one, other)
}
