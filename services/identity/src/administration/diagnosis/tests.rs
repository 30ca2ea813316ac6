//! The diagnosis of a login, from what the store and the throttles say.

use super::*;
use crate::domain::authority::Role;
use crate::domain::diagnosis::{Check, CheckState, Remedy};
use crate::store::accounts::AccountChange;
use crate::testing::{World, refusal, service, signed_in, with_role};

/// What is wrong with a login.
async fn wrong(world: &World, login: &str) -> Vec<(Check, Option<Remedy>)> {
    let found = world.administration.diagnose(&service(world), world.tenant.id, login).await.unwrap();
    let wrong = found.checks.into_iter().filter(|check| check.state == CheckState::Wrong);
    wrong.map(|check| (check.check, check.remedy)).collect()
}

#[tokio::test]
async fn a_person_who_gets_in_has_nothing_wrong() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;

    let found = world.administration.diagnose(&service(&world), world.tenant.id, "Ada").await.unwrap();

    assert_eq!(found.account_id, Some(ada.id));
    assert_eq!(wrong(&world, "ada").await, []);
    assert_eq!(wrong(&world, "nobody").await, [(Check::Exists, Some(Remedy::CheckLogin))]);
}

#[tokio::test]
async fn a_lock_is_found_and_gone_once_it_is_over() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    for guess in 0..10 {
        world.sign_in("ada", &format!("wrong guess number {guess}")).await;
    }

    let locked = wrong(&world, "ada").await;
    world.pass(60);
    let open = wrong(&world, "ada").await;

    assert_eq!((locked, open), (vec![(Check::NotLocked, Some(Remedy::Unlock))], vec![]));
}

#[tokio::test]
async fn a_block_and_a_reset_that_is_asked_for_too_often_are_found_together() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    for _ in 0..10 {
        world.start("ada").await.unwrap();
    }
    let before = wrong(&world, "ada").await;
    world.change(&ada, AccountChange::Blocked(true)).await;

    let after = wrong(&world, "ada").await;

    assert_eq!(before, [(Check::NotThrottled, Some(Remedy::Wait))]);
    assert_eq!(
        after,
        [(Check::NotBlocked, Some(Remedy::Unblock)), (Check::NotThrottled, Some(Remedy::Wait))]
    );
}

#[tokio::test]
async fn looking_costs_nobody_a_reset() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;

    for _ in 0..30 {
        assert_eq!(wrong(&world, "ada").await, []);
    }

    assert!(world.start("ada").await.is_ok());
}

#[tokio::test]
async fn a_method_that_wrong_codes_paused_is_found() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    for _ in 0..2 {
        let started = world.start("ada").await.unwrap();
        let method = &started.methods[0];
        world.resets.send_code(&world.caller, &world.send(&started.reset_token, method)).await.unwrap();
        let mut token = started.reset_token.clone();
        for _ in 0..5 {
            let proof = world.proof(&token, method, "not-it");
            token = world.resets.submit_proof(&world.caller, &proof).await.unwrap().reset_token;
        }
    }

    let wrong = wrong(&world, "ada").await;

    assert_eq!(wrong, [(Check::MethodServes, Some(Remedy::Wait))]);
}

#[tokio::test]
async fn whoever_may_not_ask_is_not_told_who_there_is() {
    let world = World::new().await;
    world.administrator("chief", &[]).await;
    with_role(&world, "helper", Role::HelpdeskAdministrator).await;
    with_role(&world, "reader", Role::ReportsReader).await;
    let (acting, reading) = (signed_in(&world, "helper").await, signed_in(&world, "reader").await);
    let asked = async |by, login| {
        refusal(world.administration.diagnose(by, world.tenant.id, login).await.map(|found| found.checks))
    };

    assert!(matches!(asked(&acting, "chief").await, Refusal::AuthorityMissing(_)));
    assert_eq!(asked(&acting, "helper").await, Refusal::NotOnYourself);
    assert_eq!(asked(&reading, "chief").await, asked(&reading, "nobody").await);
}
