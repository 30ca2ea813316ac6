//! Staying signed in: refresh tokens that are traded, shown again, stolen and outlived.

use std::collections::BTreeSet;
use std::time::Duration;

use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::RefreshSessionRequest;
use tokio::task::JoinSet;

use super::{reason, refresh};

on_both_store_sets!(
    a_refresh_rotates_and_a_repeat_within_seconds_gets_the_same,
    an_old_refresh_token_ends_the_session,
    of_64_refreshes_at_once_all_get_one_successor,
    a_session_dies_after_thirty_days_however_often_it_is_refreshed,
);

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
