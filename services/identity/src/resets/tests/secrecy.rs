//! What a stranger must not learn: unknown, blocked and busy look like everybody else, to the very end.

use rekey_primitives::secret::ExposeSecret;

use crate::domain::eligibility::Ineligible;
use crate::domain::refusal::Refusal;
use crate::peers::verification::Stop;
use crate::store::accounts::AccountChange;
use crate::testing::{NEW, World, refusal};

#[tokio::test]
async fn an_unknown_login_looks_like_a_known_one_to_the_very_end() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let mut seen = Vec::new();

    for login in ["ada", "nobody"] {
        let started = world.start(login).await.unwrap();
        let method = &started.methods[0];
        let sent =
            world.resets.send_code(&world.caller, &world.send(&started.reset_token, method)).await.unwrap();
        let proof = world.proof(&started.reset_token, method, "000000");
        let proof = world.resets.submit_proof(&world.caller, &proof).await.unwrap();
        let done = world.resets.complete(&world.caller, &world.completion(&proof.reset_token, NEW)).await;
        seen.push((
            started.reset_token.expose_secret().len(),
            (started.proofs_required, started.expires_at),
            sent,
            (proof.accepted, proof.proofs_remaining, proof.reset_token.expose_secret().len()),
            refusal(done),
        ));
    }

    assert_eq!(seen[0], seen[1]);
    assert_eq!(world.verification.real_messages(), 1);
    assert_eq!(world.verification.started(), 2);
}

#[tokio::test]
async fn asking_again_for_an_unknown_login_shows_the_same_methods() {
    let world = World::masked().await;

    let first = world.start("nobody@acme.example").await.unwrap();
    world.pass(3600);
    let second = world.start("NOBODY@ACME.example").await.unwrap();
    let odd = world.start("  \u{0} not a login  ").await.unwrap();

    assert_eq!(first.methods, second.methods);
    assert!(!odd.methods.is_empty());
    assert_eq!(odd.reset_token.expose_secret().len(), first.reset_token.expose_secret().len());
}

#[tokio::test]
async fn a_blocked_account_shows_its_methods_and_gets_no_message() {
    let world = World::new().await;
    world.person_with("ada", &["ada@mail.example"], |account| account.blocked = true).await;

    let started = world.start("ada").await.unwrap();
    world
        .resets
        .send_code(&world.caller, &world.send(&started.reset_token, &started.methods[0]))
        .await
        .unwrap();
    let code = world.verification.code_for("ada@mail.example");
    let proof = world.proof(&started.reset_token, &started.methods[0], code.expose_secret());

    assert!(!world.resets.submit_proof(&world.caller, &proof).await.unwrap().accepted);
    assert_eq!(world.verification.real_messages(), 0);
}

#[tokio::test]
async fn an_account_that_changed_since_the_start_looks_like_one_that_did_not() {
    let world = World::new().await;
    let mut shown = Vec::new();

    for login in ["ada", "bob", "eve"] {
        let account = world.person(login, &[&format!("{login}@mail.example")]).await;
        let started = world.start(login).await.unwrap();
        let id = account.security_info[0].id;
        match login {
            "bob" => world.change(&account, AccountChange::Blocked(true)).await,
            "eve" => world.change(&account, AccountChange::RemoveSecurityInfo { id, removed: None }).await,
            _ => {}
        }
        let send = world.send(&started.reset_token, &started.methods[0]);
        let sent = world.resets.send_code(&world.caller, &send).await;
        let proof = world.proof(&started.reset_token, &started.methods[0], "000000");
        let proof = world.resets.submit_proof(&world.caller, &proof).await.unwrap();
        shown.push((sent.unwrap(), proof.accepted, proof.proofs_remaining));
    }

    assert_eq!([&shown[1], &shown[2]], [&shown[0], &shown[0]]);
    assert_eq!(world.verification.real_messages(), 1);
}

#[tokio::test]
async fn a_tenant_may_show_why() {
    let world = World::with(|policy| policy.reset.reveal_eligibility = true).await;
    world.person_with("ada", &["ada@mail.example"], |account| account.blocked = true).await;
    world.person("bob", &[]).await;

    let reasons = [refusal(world.start("ada").await), refusal(world.start("bob").await)];

    let expected = [Ineligible::AccountBlocked, Ineligible::TooFewMethods];
    assert_eq!(reasons, expected.map(Refusal::ResetNotPossible));
    assert!(world.start("nobody").await.is_ok());
}

/// What the sends of a reset show when asked for too soon and when due, over its whole ladder.
async fn ladder_of(world: &World, waits: &[u64]) -> Vec<Result<(u64, Option<u64>), Refusal>> {
    let started = world.start("ada").await.unwrap();
    let begun = world.now();
    let mut shown = Vec::new();
    for wait in waits.iter().copied() {
        world.pass(wait);
        let send = world.send(&started.reset_token, &started.methods[0]);
        shown.push(match world.resets.send_code(&world.caller, &send).await {
            Ok(sent) => {
                let after = |at: rekey_primitives::clock::Timestamp| at.since(begun).as_secs();
                Ok((after(sent.code_expires_at), sent.resend_after.map(after)))
            }
            outcome => Err(refusal(outcome)),
        });
    }
    shown
}

#[tokio::test]
async fn a_limit_of_the_address_shows_the_timers_and_the_ladder_of_sends_that_went_out() {
    let free = World::new().await;
    free.person("ada", &["ada@mail.example"]).await;
    let (quick, slow) = ([0, 10, 20, 30, 30, 120, 240, 1], [0, 300, 299, 1, 30]);
    let expected = [ladder_of(&free, &quick).await, ladder_of(&free, &slow).await];

    assert_eq!(expected.each_ref().map(|shown| shown.iter().filter(|shown| shown.is_ok()).count()), [5, 5]);
    for stop in [
        Stop::Destination,
        Stop::Subject,
        Stop::Tenant,
        Stop::NotOffered,
        Stop::Prefix,
        Stop::Challenge,
        Stop::Guessing,
        Stop::Network,
        Stop::Blocked,
        Stop::SimChanged,
    ] {
        let world = World::new().await;
        world.person("ada", &["ada@mail.example"]).await;
        world.verification.stop_by(stop);

        let shown = [ladder_of(&world, &quick).await, ladder_of(&world, &slow).await];

        assert_eq!(shown, expected, "{stop:?}");
        assert_eq!(world.verification.real_messages(), 0, "{stop:?}");
    }
}

#[tokio::test]
async fn the_clocks_of_a_send_that_was_stopped_are_verifications_whatever_they_are() {
    let (free, world) = (World::new().await, World::new().await);
    let waits = [0, 10, 5, 70, 80, 1, 30];
    let mut shown = Vec::new();
    for world in [&free, &world] {
        world.person("ada", &["ada@mail.example"]).await;
        world.verification.set_code_timing(170, &[15, 70]);
    }
    world.verification.stop_by(Stop::Network);

    for world in [&free, &world] {
        shown.push(ladder_of(world, &waits).await);
    }

    assert_eq!(shown[0][0], Ok((170, Some(15))));
    assert_eq!(shown[0].iter().filter(|shown| shown.is_ok()).count(), 4);
    assert_eq!(shown[1], shown[0]);
    assert_eq!(world.verification.real_messages(), 0);
}

#[tokio::test]
async fn a_limit_reached_on_the_way_shows_the_rest_of_the_ladder() {
    let (free, world) = (World::new().await, World::new().await);
    let mut shown = Vec::new();
    for (world, stops) in [(&free, false), (&world, true)] {
        world.person("ada", &["ada@mail.example"]).await;
        let started = world.start("ada").await.unwrap();
        let mut timers = Vec::new();
        for wait in [0, 30, 60] {
            world.pass(wait);
            let send = world.send(&started.reset_token, &started.methods[0]);
            timers.push(world.resets.send_code(&world.caller, &send).await.unwrap());
            if stops {
                world.verification.stop_by(Stop::Destination);
            }
        }
        shown.push(timers);
    }

    assert_eq!(shown[0], shown[1]);
    assert_eq!((free.verification.real_messages(), world.verification.real_messages()), (3, 1));
}

#[tokio::test]
async fn the_log_knows_the_true_reason() {
    let world = World::new().await;
    world.person_with("ada", &["ada@mail.example"], |account| account.blocked = true).await;

    world.start("ada").await.unwrap();
    world.start("nobody").await.unwrap();
    world.start("nobody").await.unwrap();

    assert_eq!(world.audit.flush().await.unwrap(), 2);
    assert_eq!(world.audit.flush().await.unwrap(), 0);
}
