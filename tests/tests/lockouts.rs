//! Wrong passwords: what locks, whom, how long, and what opens again.

use std::time::Duration;

use rekey_tests::person::{Person, request_id};
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{RequestContext, SignInRequest, UnlockAccountRequest};
use tokio::task::JoinSet;

const NEW: &str = "a meadow full of rain";

on_both_store_sets!(
    ten_wrong_passwords_lock_and_an_unlock_opens,
    a_lock_ends_by_itself_and_doubles,
    trying_while_locked_does_not_lengthen_the_lock,
    the_same_wrong_password_again_does_not_count,
    wrong_passwords_at_once_are_counted_one_by_one,
    a_stranger_does_not_lock_a_familiar_place,
    a_reset_clears_the_lock,
);

async fn wrong_passwords(world: &World, person: &Person, count: usize) {
    for number in 0..count {
        let answer = world.sign_in(&person.login, &format!("not this one, nor {number}")).await;
        assert!(matches!(answer, SignInResult::Rejection(_)));
    }
}

async fn is_signed_in(world: &World, login: &str, password: &str) -> bool {
    matches!(world.sign_in(login, password).await, SignInResult::Tokens(_))
}

/// Signs in from an address.
async fn is_signed_in_from(world: &World, ip_address: &str, person: &Person) -> bool {
    let context = RequestContext {
        ip_address: ip_address.to_owned(),
        user_agent: "curl/8.0".to_owned(),
        locale: String::new(),
    };
    let request = SignInRequest {
        tenant_id: world.tenant_id.clone(),
        login: person.login.clone(),
        password: person.password.clone(),
        request_id: request_id(),
        context: Some(context),
    };
    let answer = world.sessions().sign_in(request).await.unwrap().into_inner();
    matches!(answer.result, Some(SignInResult::Tokens(_)))
}

async fn ten_wrong_passwords_lock_and_an_unlock_opens(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;

    wrong_passwords(&world, &zoe, 9).await;
    let after_nine = is_signed_in(&world, &zoe.login, &zoe.password).await;
    wrong_passwords(&world, &zoe, 10).await;
    let after_ten = is_signed_in(&world, &zoe.login, &zoe.password).await;
    let unlock = UnlockAccountRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: zoe.account_id.clone(),
        request_id: request_id(),
        context: None,
    };
    world.administration().unlock_account(unlock).await.unwrap();
    let after_unlock = is_signed_in(&world, &zoe.login, &zoe.password).await;

    assert_eq!([after_nine, after_ten, after_unlock], [true, false, true]);
    world.stop().await;
}

async fn a_lock_ends_by_itself_and_doubles(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    wrong_passwords(&world, &zoe, 10).await;
    world.clock.advance(Duration::from_secs(61));

    world.sign_in(&zoe.login, "wrong once more").await;
    world.clock.advance(Duration::from_secs(61));
    let within_the_second = is_signed_in(&world, &zoe.login, &zoe.password).await;
    world.clock.advance(Duration::from_secs(60));
    let after_the_second = is_signed_in(&world, &zoe.login, &zoe.password).await;

    assert_eq!([within_the_second, after_the_second], [false, true]);
    world.stop().await;
}

async fn trying_while_locked_does_not_lengthen_the_lock(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    wrong_passwords(&world, &zoe, 10).await;

    world.clock.advance(Duration::from_secs(50));
    wrong_passwords(&world, &zoe, 20).await;
    world.clock.advance(Duration::from_secs(11));

    assert!(is_signed_in(&world, &zoe.login, &zoe.password).await);
    world.stop().await;
}

async fn the_same_wrong_password_again_does_not_count(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;

    // One less than a login may try in a minute.
    for _ in 0..29 {
        world.sign_in(&zoe.login, "what it used to be").await;
    }

    assert!(is_signed_in(&world, &zoe.login, &zoe.password).await);
    world.stop().await;
}

async fn wrong_passwords_at_once_are_counted_one_by_one(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let mut guesses = JoinSet::new();
    for number in 0..10 {
        let request = SignInRequest {
            tenant_id: world.tenant_id.clone(),
            login: zoe.login.clone(),
            password: format!("not this one, nor {number}"),
            request_id: request_id(),
            context: None,
        };
        let mut sessions = world.sessions();
        guesses.spawn(async move { sessions.sign_in(request).await.unwrap().into_inner().result });
    }

    let answers = guesses.join_all().await;

    assert!(answers.iter().all(|answer| matches!(answer, Some(SignInResult::Rejection(_)))));
    assert!(!is_signed_in(&world, &zoe.login, &zoe.password).await);
    world.stop().await;
}

async fn a_stranger_does_not_lock_a_familiar_place(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let at_home = is_signed_in_from(&world, "192.0.2.7", &zoe).await;

    wrong_passwords(&world, &zoe, 10).await;
    let elsewhere = is_signed_in_from(&world, "198.51.100.7", &zoe).await;
    let in_the_same_network = is_signed_in_from(&world, "192.0.2.99", &zoe).await;

    assert_eq!([at_home, elsewhere, in_the_same_network], [true, false, true]);
    world.stop().await;
}

async fn a_reset_clears_the_lock(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    wrong_passwords(&world, &zoe, 10).await;

    let token = world.proved_reset(&zoe).await;
    world.complete_reset(&token, NEW).await.unwrap();

    assert!(is_signed_in(&world, &zoe.login, NEW).await);
    world.stop().await;
}
