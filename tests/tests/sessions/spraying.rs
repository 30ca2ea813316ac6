//! A right password amid spraying, where the deployment asks for a code then: over real mail and codes.

use rekey_tests::person::request_id;
use rekey_tests::{Stores, World};
use rekey_wire::identity::v1::continue_sign_in_response::Result as Continued;
use rekey_wire::identity::v1::second_factor::Factor;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{ChallengeKind, ContinueSignInRequest, SecondFactor, SendSignInCodeRequest};

use super::reason;

pub(super) async fn amid_spraying_a_mailed_code_signs_in(stores: Stores) {
    let challenge = [("IDENTITY__LIMITS__SPRAYING", "challenge"), ("IDENTITY__LIMITS__SPRAYING_LOGINS", "4")];
    let world = World::start_with(stores, &challenge).await;
    let zoe = world.person("zoe").await;
    for number in 0..4 {
        let guessed = world.sign_in(&format!("nobody{number}"), "summer 2026 sunshine").await;
        assert!(matches!(guessed, SignInResult::Rejection(_)));
    }

    let SignInResult::Challenge(challenge) = world.sign_in(&zoe.login, &zoe.password).await else {
        panic!("no challenge")
    };
    let send = SendSignInCodeRequest {
        challenge_token: challenge.challenge_token.clone(),
        request_id: request_id(),
        context: None,
    };
    let sent = world.sessions().send_sign_in_code(send.clone()).await.unwrap().into_inner();
    let repeated = world.sessions().send_sign_in_code(send.clone()).await.unwrap().into_inner();
    let again = SendSignInCodeRequest { request_id: request_id(), ..send };
    let too_soon = world.sessions().send_sign_in_code(again).await;
    let answer = ContinueSignInRequest {
        challenge_token: challenge.challenge_token.clone(),
        request_id: request_id(),
        second_factor: Some(SecondFactor {
            factor: Some(Factor::SentCode(world.code_for(&zoe.login).await)),
        }),
        ..ContinueSignInRequest::default()
    };
    let first = world.sessions().continue_sign_in(answer.clone()).await.unwrap().into_inner();
    let repeat = world.sessions().continue_sign_in(answer).await.unwrap().into_inner();

    assert_eq!(challenge.kind(), ChallengeKind::SentCode);
    assert_eq!((sent.masked_destinations.len(), &repeated), (1, &sent));
    assert!(!sent.masked_destinations[0].contains("zoe"), "{sent:?}");
    assert_eq!(reason(too_soon), "SEND_LIMITED");
    let (Some(Continued::Tokens(first)), Some(Continued::Tokens(repeat))) = (first.result, repeat.result)
    else {
        panic!("not signed in")
    };
    assert_eq!(first.session_id, repeat.session_id);
    assert!(world.is_live(&first.access_token).await);
    world.stop().await;
}
