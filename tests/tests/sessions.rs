//! Signing in and staying signed in: rotation, changes of password, ends, lists of sessions, offline checks.

mod ending;
mod refreshing;
mod spraying;

use std::time::Duration;

use rekey_client::{Connection, Problem};
use rekey_sealing::{KeyId, KeyState, PublicKey, PublicKeys, jwt};
use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::change_password_response::Result as ChangeOutcome;
use rekey_wire::identity::v1::password_service_client::PasswordServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{
    ChallengeKind, ChangePasswordRequest, ContinueSignInRequest, GetSigningKeysRequest,
    RefreshSessionRequest, SessionTokens, SigningKeyState, continue_sign_in_response,
};
use tonic::Status;

use self::spraying::amid_spraying_a_mailed_code_signs_in;

const NEW: &str = "a meadow full of rain";

on_both_store_sets!(
    changing_the_password_keeps_this_session_and_ends_the_others,
    a_wrong_current_password_counts_as_a_wrong_sign_in,
    who_must_change_the_password_does_so_before_anything_else,
    an_expired_password_signs_in_to_changing_it,
    an_access_token_verifies_offline_for_five_minutes,
    amid_spraying_a_mailed_code_signs_in,
);

fn theirs(world: &World, tokens: &SessionTokens) -> SessionServiceClient<Connection> {
    SessionServiceClient::new(world.acting_for(&tokens.access_token))
}

fn reason<T: std::fmt::Debug>(refused: Result<T, Status>) -> String {
    Problem::of(&refused.unwrap_err()).reason
}

async fn refresh(world: &World, refresh_token: &str) -> Result<SessionTokens, Status> {
    let request = RefreshSessionRequest {
        refresh_token: refresh_token.to_owned(),
        request_id: request_id(),
        context: None,
    };
    world.sessions().refresh_session(request).await.map(|answer| answer.into_inner().tokens.unwrap())
}

async fn change_password(
    world: &World,
    tokens: &SessionTokens,
    (current, new): (&str, &str),
) -> Result<ChangeOutcome, Status> {
    let request = ChangePasswordRequest {
        current_password: current.to_owned(),
        new_password: new.to_owned(),
        request_id: request_id(),
        context: None,
    };
    let mut passwords = PasswordServiceClient::new(world.acting_for(&tokens.access_token));
    passwords.change_password(request).await.map(|answer| answer.into_inner().result.unwrap())
}

async fn is_signed_in(world: &World, login: &str, password: &str) -> bool {
    matches!(world.sign_in(login, password).await, SignInResult::Tokens(_))
}

async fn changing_the_password_keeps_this_session_and_ends_the_others(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let here = world.signed_in(&zoe.login, &zoe.password).await;
    let there = world.signed_in(&zoe.login, &zoe.password).await;

    let changed = change_password(&world, &here, (&zoe.password, NEW)).await.unwrap();
    let ChangeOutcome::Changed(changed) = changed else { panic!("{changed:?}") };
    assert!(world.is_live(&changed.tokens.unwrap().access_token).await);
    let refreshed = refresh(&world, &here.refresh_token).await.unwrap();

    assert_eq!(changed.sessions_revoked, 1);
    assert_eq!(refreshed.session_id, here.session_id);
    assert!(world.is_live(&refreshed.access_token).await);
    assert!(!world.is_live(&here.access_token).await);
    assert!(!world.is_live(&there.access_token).await);
    assert_eq!(reason(refresh(&world, &there.refresh_token).await), "REFRESH_TOKEN_INVALID");
    assert!(!is_signed_in(&world, &zoe.login, &zoe.password).await);
    assert!(is_signed_in(&world, &zoe.login, NEW).await);
    world.message(|message| message.to == zoe.login).await;
    world.stop().await;
}

async fn a_wrong_current_password_counts_as_a_wrong_sign_in(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let tokens = world.signed_in(&zoe.login, &zoe.password).await;
    for number in 0..10 {
        let wrong = format!("not this one, nor {number}");
        let rejected = change_password(&world, &tokens, (&wrong, NEW)).await.unwrap();
        assert!(matches!(rejected, ChangeOutcome::Rejection(_)));
    }

    let right = change_password(&world, &tokens, (&zoe.password, NEW)).await;

    assert!(matches!(right.unwrap(), ChangeOutcome::Rejection(_)));
    assert!(!is_signed_in(&world, &zoe.login, &zoe.password).await);
    assert!(world.is_live(&tokens.access_token).await, "who is signed in stays so");
    world.stop().await;
}

async fn who_must_change_the_password_does_so_before_anything_else(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person_with("zoe", |new| new.must_change_password = true).await;
    let SignInResult::Challenge(challenge) = world.sign_in(&zoe.login, &zoe.password).await else {
        panic!("no challenge")
    };
    let answer = |new_password: &str| ContinueSignInRequest {
        challenge_token: challenge.challenge_token.clone(),
        new_password: new_password.to_owned(),
        security_info_verdict: 0,
        request_id: request_id(),
        context: None,
        second_factor: None,
    };

    let same = world.sessions().continue_sign_in(answer(&zoe.password)).await;
    let new = world.sessions().continue_sign_in(answer(NEW)).await.unwrap().into_inner().result.unwrap();
    let twice = world.sessions().continue_sign_in(answer("another meadow of rain")).await;

    assert_eq!(challenge.kind(), ChallengeKind::PasswordChangeRequired);
    assert_eq!(reason(same), "PASSWORD_REFUSED");
    let continue_sign_in_response::Result::Tokens(tokens) = new else { panic!("another challenge") };
    assert!(world.is_live(&tokens.access_token).await);
    assert_eq!(reason(twice), "CHALLENGE_INVALID");
    assert!(is_signed_in(&world, &zoe.login, NEW).await);
    world.stop().await;
}

async fn an_expired_password_signs_in_to_changing_it(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    world.amend_policy(|policy| policy["password"]["expiry_days"] = 14.into()).await;

    let on_the_last_day = {
        world.clock.advance(Duration::from_secs(14 * 86_400 - 1));
        world.sign_in(&zoe.login, &zoe.password).await
    };
    world.clock.advance(Duration::from_secs(1));
    let expired = world.sign_in(&zoe.login, &zoe.password).await;

    assert!(matches!(on_the_last_day, SignInResult::Tokens(_)));
    let SignInResult::Challenge(challenge) = expired else { panic!("{expired:?}") };
    assert_eq!(challenge.kind(), ChallengeKind::PasswordExpired);
    world.stop().await;
}

async fn an_access_token_verifies_offline_for_five_minutes(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let tokens = world.signed_in(&zoe.login, &zoe.password).await;
    let published = world.sessions().get_signing_keys(GetSigningKeysRequest {}).await.unwrap().into_inner();
    let keys: Vec<PublicKey> = published
        .keys
        .into_iter()
        .map(|key| PublicKey {
            id: KeyId::parse(&key.key_id).unwrap(),
            state: if key.state() == SigningKeyState::Active { KeyState::Active } else { KeyState::Accept },
            bytes: key.public_key.try_into().unwrap(),
        })
        .collect();

    let claims = jwt::verify(&PublicKeys::from(keys), &tokens.access_token).unwrap();
    let forged = jwt::verify(&PublicKeys::default(), &tokens.access_token);

    let claims: serde_json::Value = serde_json::from_str(&claims).unwrap();
    assert_eq!(claims["sub"], zoe.account_id);
    assert_eq!(claims["tid"], world.tenant_id);
    assert_eq!(claims["sid"], tokens.session_id);
    assert_eq!(claims["roles"], serde_json::json!([]));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert!(forged.is_err());
    world.clock.advance(Duration::from_secs(300));
    assert!(!world.is_live(&tokens.access_token).await);
    world.stop().await;
}
