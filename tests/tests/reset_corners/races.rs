//! Many at once: a reset is won by one, and guesses are counted one by one.

use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{CompletePasswordResetRequest, ProofOutcome, SubmitResetProofRequest};
use tokio::task::JoinSet;

use crate::reset_corners::{NEW, another, reason, sent_reset};

on_both_store_sets!(of_64_completions_at_once_one_wins, of_200_wrong_codes_at_once_five_count,);

async fn of_64_completions_at_once_one_wins(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let token = world.proved_reset(&zoe).await;
    let mut completions = JoinSet::new();
    for number in 0..64 {
        let (mut resets, reset_token) = (world.resets(), token.clone());
        let new_password = format!("a meadow of rain, {number} times");
        completions.spawn(async move {
            let request = CompletePasswordResetRequest {
                reset_token,
                new_password: new_password.clone(),
                request_id: request_id(),
                context: None,
            };
            (new_password, resets.complete_password_reset(request).await)
        });
    }

    let (won, lost): (Vec<_>, Vec<_>) =
        completions.join_all().await.into_iter().partition(|(_, answer)| answer.is_ok());

    assert_eq!(won.len(), 1);
    let loser = lost[0].0.clone();
    for (_, refused) in lost {
        let reason = reason(refused);
        assert!(
            ["RESET_INVALID", "ATTEMPTS_EXHAUSTED", "HASHING_BUSY"].contains(&reason.as_str()),
            "{reason}"
        );
    }
    assert!(matches!(world.sign_in(&zoe.login, &loser).await, SignInResult::Rejection(_)));
    world.signed_in(&zoe.login, &won[0].0).await;
    world.settled().await;
    let notices = world.mail_to(&zoe.login).into_iter().filter(|message| message.text.contains("/not-me"));
    assert_eq!(notices.count(), 1);
    world.stop().await;
}

async fn of_200_wrong_codes_at_once_five_count(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let (token, code) = sent_reset(&world, &zoe).await;
    let mut guesses = JoinSet::new();
    for _ in 0..200 {
        let (mut resets, reset_token, code) = (world.resets(), token.clone(), another(&code));
        guesses.spawn(async move {
            let request = SubmitResetProofRequest {
                reset_token,
                method_id: "1".to_owned(),
                code,
                request_id: request_id(),
                context: None,
                ..SubmitResetProofRequest::default()
            };
            resets.submit_reset_proof(request).await.unwrap().into_inner().outcome()
        });
    }

    let outcomes = guesses.join_all().await;
    let right = world.prove(&token, "1", &code).await;

    assert!(outcomes.iter().all(|outcome| *outcome == ProofOutcome::Rejected));
    assert_eq!(right.outcome(), ProofOutcome::Rejected);
    assert_eq!(right.proofs_remaining, 1);
    assert_eq!(reason(world.complete_reset(&right.reset_token, NEW).await), "PROOFS_MISSING");
    world.stop().await;
}
