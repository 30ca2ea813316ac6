//! A lost answer never burns a code, a reset or a second message.

use std::time::Duration;

use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, code_in, on_both_store_sets};
use rekey_wire::identity::v1::{
    CompletePasswordResetRequest, ProofOutcome, RepudiateResetRequest, SendResetCodeRequest,
    SubmitResetProofRequest,
};

use crate::reset_corners::{NEW, another, reason, sent_reset};

on_both_store_sets!(
    a_repeated_send_or_proof_gets_the_first_answer,
    a_repeated_completion_or_repudiation_gets_the_first_answer,
    a_resend_brings_the_same_code_and_no_more_tries,
);

async fn a_repeated_send_or_proof_gets_the_first_answer(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let reset_token = world.start_reset(&zoe.login).await.reset_token;
    let send = SendResetCodeRequest {
        reset_token: reset_token.clone(),
        method_id: "1".to_owned(),
        request_id: request_id(),
        context: None,
    };

    let sent = world.resets().send_reset_code(send.clone()).await.unwrap().into_inner();
    let sent_again = world.resets().send_reset_code(send.clone()).await.unwrap().into_inner();
    let other = SendResetCodeRequest { method_id: "2".to_owned(), ..send };
    let sent_other = world.resets().send_reset_code(other).await;

    assert_eq!(sent, sent_again);
    assert_eq!(reason(sent_other), "REQUEST_ID_REUSED");
    let code = world.code_for(&zoe.login).await;
    world.settled().await;
    assert_eq!(world.mail_to(&zoe.login).len(), 1);

    let proof = SubmitResetProofRequest {
        reset_token,
        method_id: "1".to_owned(),
        code: code.clone(),
        request_id: request_id(),
        context: None,
        ..SubmitResetProofRequest::default()
    };
    let proved = world.resets().submit_reset_proof(proof.clone()).await.unwrap().into_inner();
    let proved_again = world.resets().submit_reset_proof(proof.clone()).await.unwrap().into_inner();
    let other = SubmitResetProofRequest { code: another(&code), ..proof.clone() };
    let proved_other = world.resets().submit_reset_proof(other).await;
    let spent = SubmitResetProofRequest { request_id: request_id(), ..proof };
    let spent = world.resets().submit_reset_proof(spent).await.unwrap().into_inner();

    assert_eq!(proved.outcome(), ProofOutcome::Accepted);
    assert_eq!(proved, proved_again);
    assert_eq!(reason(proved_other), "REQUEST_ID_REUSED");
    assert_eq!(spent.outcome(), ProofOutcome::Rejected);
    world.stop().await;
}

async fn a_repeated_completion_or_repudiation_gets_the_first_answer(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    world.signed_in(&zoe.login, &zoe.password).await;
    let complete = CompletePasswordResetRequest {
        reset_token: world.proved_reset(&zoe).await,
        new_password: NEW.to_owned(),
        request_id: request_id(),
        context: None,
    };

    let first = world.resets().complete_password_reset(complete.clone()).await.unwrap().into_inner();
    let again = world.resets().complete_password_reset(complete.clone()).await.unwrap().into_inner();
    let other =
        CompletePasswordResetRequest { new_password: "another meadow of rain".to_owned(), ..complete };
    let other = world.resets().complete_password_reset(other).await;

    assert_eq!((first.sessions_revoked, again.sessions_revoked), (1, 1));
    assert_eq!(reason(other), "REQUEST_ID_REUSED");
    let repudiate = RepudiateResetRequest {
        repudiation_token: world.repudiation_token(&zoe).await,
        request_id: request_id(),
        context: None,
    };
    world.signed_in(&zoe.login, NEW).await;

    let first = world.resets().repudiate_reset(repudiate.clone()).await.unwrap().into_inner();
    let again = world.resets().repudiate_reset(repudiate.clone()).await.unwrap().into_inner();

    assert_eq!(first, again);
    assert_eq!(first.sessions_revoked, 1);
    world.settled().await;
    let notices = world.mail_to(&zoe.login).into_iter().filter(|message| message.text.contains("/not-me"));
    assert_eq!(notices.count(), 1);
    world.stop().await;
}

async fn a_resend_brings_the_same_code_and_no_more_tries(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let (token, code) = sent_reset(&world, &zoe).await;
    world.prove(&token, "1", &another(&code)).await;
    world.prove(&token, "1", &another(&code)).await;

    let too_soon = world.send_code(&token, "1").await;
    world.clock.advance(Duration::from_secs(31));
    world.send_code(&token, "1").await.unwrap();
    world.settled().await;
    for _ in 0..3 {
        world.prove(&token, "1", &another(&code)).await;
    }
    let right = world.prove(&token, "1", &code).await;

    assert_eq!(reason(too_soon), "SEND_LIMITED");
    let codes: Vec<_> =
        world.mail_to(&zoe.login).iter().filter_map(|message| code_in(&message.text)).collect();
    assert_eq!(codes, [code.clone(), code]);
    assert_eq!(right.outcome(), ProofOutcome::Rejected);
    world.stop().await;
}
