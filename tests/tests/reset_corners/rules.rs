//! What a new password must be, how many proofs it takes, and how long a reset lives.

use std::time::Duration;

use rekey_client::Problem;
use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::password_service_client::PasswordServiceClient;
use rekey_wire::identity::v1::{
    EvaluatePasswordRequest, PasswordRule, ProofOutcome, SubmitResetProofRequest,
};

use crate::reset_corners::{NEW, PHONE, reason};

on_both_store_sets!(
    a_password_is_refused_by_rule_and_the_reset_goes_on,
    the_meter_tells_the_numbers_of_rules,
    the_password_of_today_is_refused,
    an_eleventh_try_to_set_a_password_is_refused,
    two_proofs_are_two_methods,
    a_reset_dies_after_fifteen_minutes,
);

async fn a_password_is_refused_by_rule_and_the_reset_goes_on(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let token = world.proved_reset(&zoe).await;

    let short = Problem::of(&world.complete_reset(&token, "short").await.unwrap_err());
    let common = Problem::of(&world.complete_reset(&token, "password").await.unwrap_err());
    let done = world.complete_reset(&token, NEW).await;

    assert_eq!(short.reason, "PASSWORD_REFUSED");
    assert!(short.metadata["rules"].split(',').any(|rule| rule == "MINIMUM_LENGTH"), "{short:?}");
    assert!(
        short.fields.iter().all(|(field, _)| field == "new_password") && !short.fields.is_empty(),
        "{short:?}"
    );
    assert!(common.metadata["rules"].split(',').any(|rule| rule == "COMMON"), "{common:?}");
    assert!(!format!("{:?}", common.metadata).contains("password"), "the word itself is told: {common:?}");
    assert!(done.is_ok());
    world.stop().await;
}

async fn the_meter_tells_the_numbers_of_rules(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let candidate = EvaluatePasswordRequest {
        candidate_password: "short".to_owned(),
        reset_token: world.proved_reset(&zoe).await,
        ..EvaluatePasswordRequest::default()
    };

    let evaluated = PasswordServiceClient::new(world.identity.clone()).evaluate_password(candidate).await;

    let evaluated = evaluated.unwrap().into_inner();
    let told = |rule: PasswordRule| {
        let verdict = evaluated.verdicts.iter().find(|verdict| verdict.rule() == rule).unwrap();
        (verdict.passed, verdict.bound)
    };
    assert_eq!(told(PasswordRule::MinimumLength), (false, 8));
    assert_eq!(told(PasswordRule::MaximumLength), (true, 256));
    assert_eq!(told(PasswordRule::Common).1, 0);
    assert_eq!(told(PasswordRule::TooSimple).1, 0);
    world.stop().await;
}

async fn the_password_of_today_is_refused(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let token = world.proved_reset(&zoe).await;

    let same = Problem::of(&world.complete_reset(&token, &zoe.password).await.unwrap_err());

    assert_eq!((same.reason.as_str(), same.metadata["rules"].as_str()), ("PASSWORD_REFUSED", "HISTORY"));
    world.signed_in(&zoe.login, &zoe.password).await;
    world.stop().await;
}

async fn an_eleventh_try_to_set_a_password_is_refused(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let token = world.proved_reset(&zoe).await;
    for _ in 0..10 {
        assert_eq!(reason(world.complete_reset(&token, "short").await), "PASSWORD_REFUSED");
    }

    let eleventh = world.complete_reset(&token, NEW).await;

    assert_eq!(reason(eleventh), "ATTEMPTS_EXHAUSTED");
    world.signed_in(&zoe.login, &zoe.password).await;
    world.stop().await;
}

async fn two_proofs_are_two_methods(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person_with("zoe", |new| new.phone_numbers = vec![PHONE.to_owned()]).await;
    world.amend_policy(|policy| policy["reset"]["proofs_required"] = 2.into()).await;
    let started = world.start_reset(&zoe.login).await;
    world.send_code(&started.reset_token, "1").await.unwrap();
    world.send_code(&started.reset_token, "2").await.unwrap();
    let (mailed, texted) = (world.code_for(&zoe.login).await, world.code_for(PHONE).await);

    let first = world.prove(&started.reset_token, "1", &mailed).await;
    let early = world.complete_reset(&first.reset_token, NEW).await;
    let twice = world.send_code(&first.reset_token, "1").await;
    let second = world.prove(&first.reset_token, "2", &texted).await;

    // Two that are sent, and two that a person may hold.
    assert_eq!((started.proofs_required, started.methods.len()), (2, 4));
    assert_eq!((first.outcome(), first.proofs_remaining), (ProofOutcome::Accepted, 1));
    let early = Problem::of(&early.unwrap_err());
    assert_eq!((early.reason.as_str(), early.metadata["proofsRemaining"].as_str()), ("PROOFS_MISSING", "1"));
    assert_eq!(reason(twice), "METHOD_ALREADY_PROVED");
    assert_eq!((second.outcome(), second.proofs_remaining), (ProofOutcome::Accepted, 0));
    world.complete_reset(&second.reset_token, NEW).await.unwrap();
    world.signed_in(&zoe.login, NEW).await;
    world.stop().await;
}

async fn a_reset_dies_after_fifteen_minutes(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let token = world.proved_reset(&zoe).await;
    let open = world.start_reset(&zoe.login).await.reset_token;

    world.clock.advance(Duration::from_secs(15 * 60));
    let completed = world.complete_reset(&token, NEW).await;
    let sent = world.send_code(&open, "1").await;
    let proof = SubmitResetProofRequest {
        reset_token: open,
        method_id: "1".to_owned(),
        code: "123456".to_owned(),
        request_id: request_id(),
        context: None,
        ..SubmitResetProofRequest::default()
    };
    let proved = world.resets().submit_reset_proof(proof).await;

    assert_eq!([reason(completed), reason(sent), reason(proved)], ["RESET_INVALID"; 3]);
    world.signed_in(&zoe.login, &zoe.password).await;
    world.stop().await;
}
