//! A forgotten password, end to end, over every pair of stores, and once over each shape of Redis and through a pooler.

use rekey_client::Problem;
use rekey_tests::{Stores, World, on_every_store_set, on_stores};
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{ProofOutcome, RepudiateResetRequest};
use std::time::Duration;

const NEW: &str = "a meadow full of rain";

on_every_store_set!(
    a_person_gets_back_in_and_everything_old_is_dead,
    this_was_not_me_freezes_the_account,
    a_wrong_code_is_rejected_and_the_right_one_still_passes,
    a_code_dies_after_ten_minutes,
    one_code_reaches_every_mailbox_of_an_account,
);
on_stores!(cluster Cluster: a_person_gets_back_in_and_everything_old_is_dead);
on_stores!(sentinel Sentinel: a_person_gets_back_in_and_everything_old_is_dead);
on_stores!(pooled Pooled: a_person_gets_back_in_and_everything_old_is_dead);

async fn a_person_gets_back_in_and_everything_old_is_dead(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let old = world.signed_in(&zoe.login, &zoe.password).await;

    let token = world.proved_reset(&zoe).await;
    let sessions_revoked = world.complete_reset(&token, NEW).await.unwrap();

    assert_eq!(sessions_revoked, 1);
    assert!(!world.is_live(&old.access_token).await);
    assert!(matches!(world.sign_in(&zoe.login, &zoe.password).await, SignInResult::Rejection(_)));
    let new = world.signed_in(&zoe.login, NEW).await;
    assert!(world.is_live(&new.access_token).await);
    let notice =
        world.message(|message| message.to == zoe.login && message.text.contains("/not-me?token=")).await;
    assert!(!notice.text.contains(NEW));
    let again = world.complete_reset(&token, "another meadow of rain").await.unwrap_err();
    assert_eq!(Problem::of(&again).reason, "RESET_INVALID");
    world.stop().await;
}

async fn this_was_not_me_freezes_the_account(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let token = world.proved_reset(&zoe).await;
    world.complete_reset(&token, NEW).await.unwrap();
    let thief = world.signed_in(&zoe.login, NEW).await;
    let notice =
        world.message(|message| message.to == zoe.login && message.text.contains("/not-me?token=")).await;
    let link = notice.text.split_whitespace().find(|word| word.contains("/not-me?token=")).unwrap();
    let repudiate = RepudiateResetRequest {
        repudiation_token: link.split_once("token=").unwrap().1.to_owned(),
        request_id: rekey_tests::person::request_id(),
        context: None,
    };

    let undone = world.resets().repudiate_reset(repudiate.clone()).await.unwrap().into_inner();

    assert!(undone.password_voided && undone.account_frozen);
    assert_eq!(undone.sessions_revoked, 1);
    assert!(!world.is_live(&thief.access_token).await);
    assert!(matches!(world.sign_in(&zoe.login, NEW).await, SignInResult::Rejection(_)));
    let second = RepudiateResetRequest { request_id: rekey_tests::person::request_id(), ..repudiate };
    let refused = world.resets().repudiate_reset(second).await.unwrap_err();
    assert_eq!(Problem::of(&refused).reason, "REPUDIATION_INVALID");
    world.stop().await;
}

async fn a_wrong_code_is_rejected_and_the_right_one_still_passes(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let started = world.start_reset(&zoe.login).await;
    world.send_code(&started.reset_token, "1").await.unwrap();
    let code = world.code_for(&zoe.login).await;
    let wrong = if code == "000000" { "111111" } else { "000000" };

    let first = world.prove(&started.reset_token, "1", wrong).await;
    let second = world.prove(&started.reset_token, "1", &code).await;

    assert_eq!(first.outcome(), ProofOutcome::Rejected);
    assert_eq!(first.proofs_remaining, 1);
    assert_eq!(second.outcome(), ProofOutcome::Accepted);
    world.stop().await;
}

async fn one_code_reaches_every_mailbox_of_an_account(stores: Stores) {
    const SECOND: &str = "zoe@second.example";
    let world = World::start(stores).await;
    let zoe = world.person_with("zoe", |new| new.email_addresses.push(SECOND.to_owned())).await;
    let started = world.start_reset(&zoe.login).await;

    world.send_code(&started.reset_token, "1").await.unwrap();
    let codes = [world.code_for(&zoe.login).await, world.code_for(SECOND).await];
    let proof = world.prove(&started.reset_token, "1", &codes[1]).await;

    assert_eq!(codes[0], codes[1]);
    assert_eq!(proof.outcome(), ProofOutcome::Accepted);
    assert_eq!(world.complete_reset(&proof.reset_token, NEW).await.unwrap(), 0);
    world.stop().await;
}

async fn a_code_dies_after_ten_minutes(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let started = world.start_reset(&zoe.login).await;
    world.send_code(&started.reset_token, "1").await.unwrap();
    let code = world.code_for(&zoe.login).await;

    world.clock.advance(Duration::from_secs(601));
    let late = world.prove(&started.reset_token, "1", &code).await;

    assert_eq!(late.outcome(), ProofOutcome::Rejected);
    world.stop().await;
}
