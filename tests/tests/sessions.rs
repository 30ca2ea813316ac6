//! Signing in and staying signed in: rotation, changes of password, ends, lists of sessions, offline checks.
#![expect(clippy::unwrap_used, reason = "a test has nothing better to do than to fail")]

use std::collections::BTreeSet;
use std::time::Duration;

use rekey_client::{Connection, Problem};
use rekey_sealing::{KeyId, KeyState, PublicKey, PublicKeys, jwt};
use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::password_service_client::PasswordServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{
    ChallengeKind, ChangePasswordRequest, ContinueSignInRequest, GetSigningKeysRequest, ListSessionsRequest,
    RefreshSessionRequest, RevokeSessionsRequest, SessionTokens, SignOutRequest, continue_sign_in_response,
};
use tokio::task::JoinSet;
use tonic::Status;

const NEW: &str = "a meadow full of rain";

on_both_store_sets!(
    a_refresh_rotates_and_a_repeat_within_seconds_gets_the_same,
    an_old_refresh_token_ends_the_session,
    of_64_refreshes_at_once_all_get_one_successor,
    a_session_dies_after_thirty_days_however_often_it_is_refreshed,
    a_blocked_persons_token_dies_at_once,
    changing_the_password_keeps_this_session_and_ends_the_others,
    a_wrong_current_password_counts_as_a_wrong_sign_in,
    sessions_are_listed_and_revoked,
    nobody_ends_anothers_session,
    signing_out_ends_one_session,
    a_repeated_sign_out_is_answered_and_opens_nothing,
    who_must_change_the_password_does_so_before_anything_else,
    an_expired_password_signs_in_to_changing_it,
    an_access_token_verifies_offline_for_five_minutes,
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
) -> Result<i32, Status> {
    let request = ChangePasswordRequest {
        current_password: current.to_owned(),
        new_password: new.to_owned(),
        request_id: request_id(),
        context: None,
    };
    let mut passwords = PasswordServiceClient::new(world.acting_for(&tokens.access_token));
    passwords.change_password(request).await.map(|answer| answer.into_inner().sessions_revoked)
}

async fn is_signed_in(world: &World, login: &str, password: &str) -> bool {
    matches!(world.sign_in(login, password).await, SignInResult::Tokens(_))
}

async fn a_refresh_rotates_and_a_repeat_within_seconds_gets_the_same(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let first = world.signed_in(&zoe.login, &zoe.password).await;

    let second = refresh(&world, &first.refresh_token).await.unwrap();
    world.clock.advance(Duration::from_secs(9));
    let repeated = refresh(&world, &first.refresh_token).await.unwrap();
    let third = refresh(&world, &second.refresh_token).await.unwrap();

    assert_eq!(repeated.refresh_token, second.refresh_token);
    let refresh_tokens = [&first, &second, &third].map(|tokens| tokens.refresh_token.as_str());
    assert!(refresh_tokens[0] != refresh_tokens[1] && refresh_tokens[1] != refresh_tokens[2]);
    assert_eq!(first.session_id, third.session_id);
    assert_eq!(first.session_expire_time, third.session_expire_time);
    assert!(world.is_live(&third.access_token).await);
    world.stop().await;
}

async fn an_old_refresh_token_ends_the_session(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let stolen = world.signed_in(&zoe.login, &zoe.password).await;
    let other = world.signed_in(&zoe.login, &zoe.password).await;
    let current = refresh(&world, &stolen.refresh_token).await.unwrap();

    world.clock.advance(Duration::from_secs(11));
    let reused = refresh(&world, &stolen.refresh_token).await;
    let after = refresh(&world, &current.refresh_token).await;

    assert_eq!([reason(reused), reason(after)], ["REFRESH_TOKEN_INVALID"; 2]);
    assert!(!world.is_live(&current.access_token).await);
    assert!(world.is_live(&other.access_token).await, "another session has nothing to do with it");
    world.stop().await;
}

async fn of_64_refreshes_at_once_all_get_one_successor(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let first = world.signed_in(&zoe.login, &zoe.password).await;
    let mut refreshes = JoinSet::new();
    for _ in 0..64 {
        let (mut sessions, refresh_token) = (world.sessions(), first.refresh_token.clone());
        refreshes.spawn(async move {
            let request = RefreshSessionRequest { refresh_token, request_id: request_id(), context: None };
            sessions.refresh_session(request).await.unwrap().into_inner().tokens.unwrap().refresh_token
        });
    }

    let successors: BTreeSet<String> = refreshes.join_all().await.into_iter().collect();

    assert_eq!(successors.len(), 1);
    world.stop().await;
}

async fn a_session_dies_after_thirty_days_however_often_it_is_refreshed(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let mut tokens = world.signed_in(&zoe.login, &zoe.password).await;

    for _ in 0..29 {
        world.clock.advance(Duration::from_secs(86_400));
        tokens = refresh(&world, &tokens.refresh_token).await.unwrap();
    }
    world.clock.advance(Duration::from_secs(86_399));
    let last = refresh(&world, &tokens.refresh_token).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    let over = refresh(&world, &last.refresh_token).await;

    assert_eq!(reason(over), "REFRESH_TOKEN_INVALID");
    assert!(!world.is_live(&last.access_token).await);
    world.stop().await;
}

async fn a_blocked_persons_token_dies_at_once(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let tokens = world.signed_in(&zoe.login, &zoe.password).await;

    let before = world.is_live(&tokens.access_token).await;
    world.block(&zoe).await;
    let after = world.is_live(&tokens.access_token).await;

    assert_eq!([before, after], [true, false]);
    assert_eq!(reason(refresh(&world, &tokens.refresh_token).await), "REFRESH_TOKEN_INVALID");
    let listed = theirs(&world, &tokens).list_sessions(ListSessionsRequest {}).await;
    assert_eq!(reason(listed), "ACCESS_TOKEN_INVALID");
    assert!(!is_signed_in(&world, &zoe.login, &zoe.password).await);
    world.stop().await;
}

async fn changing_the_password_keeps_this_session_and_ends_the_others(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let here = world.signed_in(&zoe.login, &zoe.password).await;
    let there = world.signed_in(&zoe.login, &zoe.password).await;

    let revoked = change_password(&world, &here, (&zoe.password, NEW)).await.unwrap();
    let refreshed = refresh(&world, &here.refresh_token).await.unwrap();

    assert_eq!(revoked, 1);
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
        let refused = change_password(&world, &tokens, (&wrong, NEW)).await;
        assert_eq!(reason(refused), "CURRENT_PASSWORD_REJECTED");
    }

    let right = change_password(&world, &tokens, (&zoe.password, NEW)).await;

    assert_eq!(reason(right), "CURRENT_PASSWORD_REJECTED");
    assert!(!is_signed_in(&world, &zoe.login, &zoe.password).await);
    assert!(world.is_live(&tokens.access_token).await, "who is signed in stays so");
    world.stop().await;
}

async fn sessions_are_listed_and_revoked(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(world.signed_in(&zoe.login, &zoe.password).await);
        world.clock.advance(Duration::from_secs(1));
    }
    let mut asking = theirs(&world, &sessions[3]);
    let revoke = |session_ids| RevokeSessionsRequest { session_ids, request_id: request_id(), context: None };
    let (named, all_others) = (revoke(vec![sessions[0].session_id.clone()]), revoke(Vec::new()));

    let listed = asking.list_sessions(ListSessionsRequest {}).await.unwrap().into_inner().sessions;
    let one = asking.revoke_sessions(named.clone()).await.unwrap().into_inner().sessions_revoked;
    let others = asking.revoke_sessions(all_others).await.unwrap().into_inner().sessions_revoked;
    let left = asking.list_sessions(ListSessionsRequest {}).await.unwrap().into_inner().sessions;
    let again = asking.revoke_sessions(named).await.unwrap().into_inner().sessions_revoked;

    let newest_first: Vec<_> = sessions.iter().rev().map(|tokens| tokens.session_id.clone()).collect();
    assert_eq!(listed.iter().map(|session| session.session_id.clone()).collect::<Vec<_>>(), newest_first);
    assert_eq!(listed.iter().map(|session| session.current).collect::<Vec<_>>(), [true, false, false, false]);
    assert_eq!([one, others, again], [1, 2, 1]);
    assert_eq!(left.len(), 1);
    assert!(!world.is_live(&sessions[0].access_token).await);
    assert!(world.is_live(&sessions[3].access_token).await);
    world.stop().await;
}

async fn nobody_ends_anothers_session(stores: Stores) {
    let world = World::start(stores).await;
    let (zoe, eve) = (world.person("zoe").await, world.person("eve").await);
    let hers = world.signed_in(&zoe.login, &zoe.password).await;
    let eves = world.signed_in(&eve.login, &eve.password).await;
    let session_ids = vec![hers.session_id.clone()];
    let revoke = RevokeSessionsRequest { session_ids, request_id: request_id(), context: None };

    let revoked = theirs(&world, &eves).revoke_sessions(revoke).await.unwrap().into_inner();

    assert_eq!(revoked.sessions_revoked, 0);
    assert!(world.is_live(&hers.access_token).await);
    world.stop().await;
}

async fn signing_out_ends_one_session(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let here = world.signed_in(&zoe.login, &zoe.password).await;
    let there = world.signed_in(&zoe.login, &zoe.password).await;

    theirs(&world, &here).sign_out(SignOutRequest { request_id: request_id(), context: None }).await.unwrap();

    assert!(!world.is_live(&here.access_token).await);
    assert!(world.is_live(&there.access_token).await);
    assert_eq!(reason(refresh(&world, &here.refresh_token).await), "REFRESH_TOKEN_INVALID");
    world.stop().await;
}

async fn a_repeated_sign_out_is_answered_and_opens_nothing(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let here = world.signed_in(&zoe.login, &zoe.password).await;
    let mut leaving = theirs(&world, &here);
    let request = SignOutRequest { request_id: request_id(), context: None };

    leaving.sign_out(request.clone()).await.unwrap();
    let repeated = leaving.sign_out(request).await;
    let another = leaving.sign_out(SignOutRequest { request_id: request_id(), context: None }).await;
    let listed = leaving.list_sessions(ListSessionsRequest {}).await;

    assert!(repeated.is_ok(), "{repeated:?}");
    assert_eq!(reason(another), "ACCESS_TOKEN_INVALID");
    assert_eq!(reason(listed), "ACCESS_TOKEN_INVALID");
    world.stop().await;
}

async fn a_repeated_revocation_of_all_sessions_is_answered_and_opens_nothing(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let here = world.signed_in(&zoe.login, &zoe.password).await;
    let there = world.signed_in(&zoe.login, &zoe.password).await;
    let mut leaving = theirs(&world, &here);
    let all = RevokeSessionsRequest {
        session_ids: vec![there.session_id, here.session_id.clone()],
        request_id: request_id(),
        context: None,
    };

    let first = leaving.revoke_sessions(all.clone()).await.unwrap().into_inner();
    let repeated = leaving.revoke_sessions(all.clone()).await.unwrap().into_inner();
    let another = leaving.revoke_sessions(RevokeSessionsRequest { request_id: request_id(), ..all }).await;

    assert_eq!((first.sessions_revoked, repeated), (2, first));
    assert_eq!(reason(another), "ACCESS_TOKEN_INVALID");
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
            bytes: key.public_key.try_into().unwrap(),
            state: if key.active { KeyState::Active } else { KeyState::Accept },
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
