//! Where a reset ends before a person: administrators with one class of proofs, and everybody who asks.

use std::time::Duration;

use rekey::Part;
use rekey_tests::person::{Person, request_id};
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::{ProofOutcome, RequestAdministratorHelpRequest};
use rekey_wire::options::v1::Role;

use crate::reset_corners::{NEW, PHONE, reason};

on_both_store_sets!(
    an_administrator_with_one_class_of_proofs_ends_in_help,
    help_after_a_proof_is_mailed_at_once_and_once,
    a_request_with_a_proof_replaces_one_without,
    a_forged_a_foreign_and_a_dead_reset_prove_nothing_to_help,
);

async fn an_administrator_with_one_class_of_proofs_ends_in_help(stores: Stores) {
    let world = World::start_with(stores, &[("IDENTITY__JOBS__DIGEST_SECONDS", "1")]).await;
    let boss = world.person_with("boss", |new| new.phone_numbers = vec![PHONE.to_owned()]).await;
    let chief = world.person("chief").await;
    world.grant(&boss, Role::GlobalAdministrator).await;
    world.grant(&chief, Role::GlobalAdministrator).await;

    let started = world.start_reset(&boss.login).await;
    world.send_code(&started.reset_token, "1").await.unwrap();
    let proof = world.prove(&started.reset_token, "1", "000000").await;
    let completed = world.complete_reset(&proof.reset_token, NEW).await;
    ask_for_help(&world, &boss, &proof.reset_token).await;
    world.settled().await;
    let mail_before_the_hour = world.mail();
    world.clock.advance(Duration::from_secs(61 * 60));
    let digest = world.message(|message| message.to == chief.login).await;

    assert_eq!(started.proofs_required, 1);
    assert_eq!(proof.outcome(), ProofOutcome::Rejected);
    assert_eq!(reason(completed), "PROOFS_MISSING");
    assert_eq!(mail_before_the_hour, []);
    assert!(digest.text.contains(&boss.login), "{}", digest.text);
    assert_eq!(world.mail_to(&boss.login), []);
    assert_eq!(world.mail_to(PHONE), []);
    world.signed_in(&boss.login, &boss.password).await;
    world.stop().await;
}

async fn help_after_a_proof_is_mailed_at_once_and_once(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let desk = world.person("desk").await;
    let chief = world.person("chief").await;
    world.grant(&desk, Role::HelpdeskAdministrator).await;
    world.grant(&chief, Role::GlobalAdministrator).await;
    let token = world.proved_reset(&zoe).await;

    ask_for_help(&world, &zoe, &token).await;
    ask_for_help(&world, &zoe, &token).await;
    world.settled().await;

    let told = world.mail_to(&desk.login);
    assert_eq!(told.len(), 1);
    assert!(told[0].text.contains("my phone fell into the sea") && told[0].text.contains(&zoe.login));
    assert_eq!(world.mail_to(&chief.login), []);
    assert_eq!(world.mail_to(&zoe.login).len(), 1, "only the code");
    world.stop().await;
}

async fn a_request_with_a_proof_replaces_one_without(stores: Stores) {
    let world = World::start_with(stores, &[("IDENTITY__JOBS__DIGEST_SECONDS", "1")]).await;
    let zoe = world.person("zoe").await;
    let desk = world.person("desk").await;
    world.grant(&desk, Role::HelpdeskAdministrator).await;

    ask_for_help(&world, &zoe, "").await;
    world.settled().await;
    let unproved = world.mail_to(&desk.login).len();
    let token = world.proved_reset(&zoe).await;
    ask_for_help(&world, &zoe, &token).await;
    world.settled().await;
    let proved = world.mail_to(&desk.login).len();
    let pending = "help_requests where state in ('open', 'claimed')";

    assert_eq!([unproved, proved], [0, 1]);
    assert_eq!(world.count(Part::Identity, pending).await, 1);
    assert_eq!(world.count(Part::Identity, "help_requests where proved and state = 'open'").await, 1);
    world.stop().await;
}

async fn a_forged_a_foreign_and_a_dead_reset_prove_nothing_to_help(stores: Stores) {
    let world = World::start(stores).await;
    let (zoe, ben) = (world.person("zoe").await, world.person("ben").await);
    let own = world.proved_reset(&zoe).await;
    let foreign = world.proved_reset(&ben).await;
    let forged = format!("{}{}", if own.starts_with('A') { "B" } else { "A" }, &own[1..]);

    ask_for_help(&world, &zoe, &forged).await;
    ask_for_help(&world, &zoe, &foreign).await;
    world.clock.advance(Duration::from_secs(15 * 60));
    ask_for_help(&world, &zoe, &own).await;

    assert_eq!(world.count(Part::Identity, "help_requests where proved").await, 0);
    assert_eq!(world.count(Part::Identity, "help_requests where state = 'open'").await, 1);
    world.stop().await;
}

async fn ask_for_help(world: &World, person: &Person, reset_token: &str) {
    let request = RequestAdministratorHelpRequest {
        tenant_id: world.tenant_id.clone(),
        login: person.login.clone(),
        reset_token: reset_token.to_owned(),
        message: "my phone fell into the sea".to_owned(),
        request_id: request_id(),
        context: None,
    };
    world.resets().request_administrator_help(request).await.unwrap();
}
