//! What ends a session before its time, and what a repeat of it is told.

use std::time::Duration;

use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::{ListSessionsRequest, RevokeSessionsRequest, SignOutRequest};

use super::{is_signed_in, reason, refresh, theirs};

on_both_store_sets!(
    a_blocked_persons_token_dies_at_once,
    sessions_are_listed_and_revoked,
    nobody_ends_anothers_session,
    signing_out_ends_one_session,
    a_repeated_sign_out_is_answered_and_opens_nothing,
    a_repeated_revocation_of_all_sessions_is_answered_and_opens_nothing,
);

async fn a_blocked_persons_token_dies_at_once(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let tokens = world.signed_in(&zoe.login, &zoe.password).await;

    let before = world.is_live(&tokens.access_token).await;
    world.block(&zoe).await;
    let after = world.is_live(&tokens.access_token).await;

    assert_eq!([before, after], [true, false]);
    assert_eq!(reason(refresh(&world, &tokens.refresh_token).await), "REFRESH_TOKEN_INVALID");
    let listed = theirs(&world, &tokens).list_sessions(ListSessionsRequest::default()).await;
    assert_eq!(reason(listed), "ACCESS_TOKEN_INVALID");
    assert!(!is_signed_in(&world, &zoe.login, &zoe.password).await);
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

    let listed = asking.list_sessions(ListSessionsRequest::default()).await.unwrap().into_inner().sessions;
    let one = asking.revoke_sessions(named.clone()).await.unwrap().into_inner().sessions_revoked;
    let others = asking.revoke_sessions(all_others).await.unwrap().into_inner().sessions_revoked;
    let left = asking.list_sessions(ListSessionsRequest::default()).await.unwrap().into_inner().sessions;
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

    theirs(&world, &here)
        .sign_out(SignOutRequest { request_id: request_id(), ..SignOutRequest::default() })
        .await
        .unwrap();

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
    let request = SignOutRequest { request_id: request_id(), ..SignOutRequest::default() };

    leaving.sign_out(request.clone()).await.unwrap();
    let repeated = leaving.sign_out(request).await;
    let another =
        leaving.sign_out(SignOutRequest { request_id: request_id(), ..SignOutRequest::default() }).await;
    let listed = leaving.list_sessions(ListSessionsRequest::default()).await;

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
