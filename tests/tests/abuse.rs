//! Abuse over the wire: sprayed guesses trip the breaker and the audit log knows, pumped texts are cut off, and both is shown.

use rekey_client::Problem;
use rekey_tests::person::request_id;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::{AuditEvent, AuditFilter, ListEventsRequest, ProofOutcome};
use rekey_wire::verification::v1::destination::Address;
use rekey_wire::verification::v1::verification_service_client::VerificationServiceClient;
use rekey_wire::verification::v1::{
    AbuseEffect, CheckOutcome, CheckVerificationRequest, CheckVerificationResponse, ConversionWindow,
    Destination, GetConversionRequest, GetConversionResponse, GuessingStage, StartVerificationRequest,
};
use tonic::Status;

on_both_store_sets!(
    sprayed_guesses_demand_a_challenge_and_then_stop_and_the_log_knows,
    pumped_texts_are_cut_off_and_shown,
);

/// So few that a test gets there.
const SETTINGS: [(&str, &str); 3] = [
    ("VERIFICATION__ABUSE__SPRAY_BREAKER__LEAST_FAILURES", "10"),
    ("VERIFICATION__ABUSE__SPRAY_BREAKER__LIMIT_AFTER_FAILURES", "10"),
    ("VERIFICATION__ABUSE__PREFIX_CONVERSION__LEAST_SENDS", "10"),
];

fn verifications(world: &World) -> VerificationServiceClient<rekey_client::Connection> {
    VerificationServiceClient::new(world.verification.clone())
}

/// A verification of somebody new.
async fn start(world: &World, address: Address, challenge_passed: bool) -> Result<String, Status> {
    let verification_id = request_id();
    let request = StartVerificationRequest {
        tenant_id: world.tenant_id.clone(),
        verification_id: verification_id.clone(),
        request_id: request_id(),
        purpose: "sign_up".to_owned(),
        subject: verification_id.clone(),
        destinations: vec![Destination { address: Some(address) }],
        caller_counts_failures: true,
        challenge_passed,
        ..StartVerificationRequest::default()
    };
    verifications(world).start_verification(request).await.map(|_| verification_id)
}

async fn guess(world: &World, verification_id: &str) -> Result<CheckVerificationResponse, Status> {
    let request = CheckVerificationRequest {
        tenant_id: world.tenant_id.clone(),
        verification_id: verification_id.to_owned(),
        // Not of the alphabet of codes, and well-formed.
        code: "ABCDEF".to_owned(),
        request_id: request_id(),
        purpose: "sign_up".to_owned(),
        subject: verification_id.to_owned(),
        ..CheckVerificationRequest::default()
    };
    verifications(world).check_verification(request).await.map(tonic::Response::into_inner)
}

/// One guess at each of ten codes.
async fn spray(world: &World, of: &str) {
    for number in 0..10 {
        let address = Address::EmailAddress(format!("{of}{number}@example.net"));
        let verification = start(world, address, true).await.unwrap();
        let answer = guess(world, &verification).await.unwrap();
        assert_eq!(answer.outcome(), CheckOutcome::Rejected);
    }
}

async fn conversion(world: &World) -> GetConversionResponse {
    let request = GetConversionRequest {
        tenant_id: world.tenant_id.clone(),
        window: ConversionWindow::Hour.into(),
        country: String::new(),
    };
    verifications(world).get_conversion(request).await.unwrap().into_inner()
}

/// The events of this kind and reason, once there is one.
async fn events(world: &World, kind: &str, reason: &str) -> Vec<AuditEvent> {
    let filter = Some(AuditFilter { kind: kind.to_owned(), ..AuditFilter::default() });
    let request = ListEventsRequest {
        tenant_id: world.tenant_id.clone(),
        filter,
        page_size: 100,
        page_token: String::new(),
        context: None,
    };
    let look = async || {
        let mut client = AuditServiceClient::new(world.identity.clone());
        let mut found = client.list_events(request.clone()).await.unwrap().into_inner().events;
        found.retain(|event| event.reason == reason);
        Some(found).filter(|found| !found.is_empty())
    };
    eventually(reason, look).await
}

async fn sprayed_guesses_demand_a_challenge_and_then_stop_and_the_log_knows(stores: Stores) {
    let world = World::start_with(stores, &SETTINGS).await;
    let zoe = world.person("zoe").await;
    let reset = world.start_reset(&zoe.login).await;
    world.send_code(&reset.reset_token, "1").await.unwrap();
    let code = world.code_for(&zoe.login).await;
    let eve = world.person("eve").await;

    spray(&world, "first").await;
    let anna = || Address::EmailAddress("anna@example.net".to_owned());
    let demanded = Problem::of(&start(&world, anna(), false).await.unwrap_err());
    let stage = conversion(&world).await.guessing.unwrap();
    let stranger = world.start_reset(&eve.login).await;
    world.send_code(&stranger.reset_token, "1").await.unwrap();
    world.settled().await;
    let silent = events(&world, "reset.code_sent", "challenge_required").await;
    spray(&world, "second").await;
    let limited = Problem::of(&start(&world, anna(), true).await.unwrap_err());
    let check = Problem::of(&guess(&world, &request_id()).await.unwrap_err());
    let proof = world.prove(&reset.reset_token, "1", &code).await;
    let stopped = events(&world, "limit.reached", "guessing_limited").await;
    let after = conversion(&world).await.guessing.unwrap();

    assert_eq!((demanded.reason.as_str(), demanded.retry_after), ("CHALLENGE_REQUIRED", None));
    assert!(demanded.metadata.contains_key("codeLifeSeconds"), "{demanded:?}");
    assert_eq!((stage.stage(), stage.effect()), (GuessingStage::Challenge, AbuseEffect::Enforced));
    assert_eq!((stage.checks, stage.failures), (10, 10));
    assert!(world.mail_to(&eve.login).is_empty());
    assert_eq!((silent.len(), stopped.len()), (1, 1));
    assert_eq!((limited.reason.as_str(), check.reason.as_str()), ("GUESSING_LIMITED", "GUESSING_LIMITED"));
    assert!(limited.retry_after.is_some() && check.retry_after.is_some());
    assert_eq!(proof.outcome(), ProofOutcome::Rejected);
    assert_eq!(after.stage(), GuessingStage::Limited);
    world.stop().await;
}

async fn pumped_texts_are_cut_off_and_shown(stores: Stores) {
    let world = World::start_with(stores, &SETTINGS).await;
    let number = |number: u32| Address::PhoneNumber(format!("+1212555{number:04}"));

    let mut refused = Vec::new();
    for pumped in 0..15 {
        refused.extend(start(&world, number(pumped), false).await.err());
    }
    let other = start(&world, Address::PhoneNumber("+13125550100".to_owned()), false).await;
    let shown = conversion(&world).await;

    let problems: Vec<Problem> = refused.iter().map(Problem::of).collect();
    assert_eq!(problems.len(), 5);
    for problem in &problems {
        assert_eq!(problem.reason, "PREFIX_LIMITED");
        assert!(
            problem.retry_after.is_some() && problem.metadata.contains_key("ladderSeconds"),
            "{problem:?}"
        );
    }
    assert!(other.is_ok(), "{other:?}");
    let country = &shown.countries[0];
    assert_eq!((shown.countries.len(), country.country.as_str(), country.sends), (1, "US", 11));
    assert_eq!((country.passes, country.rate, country.budget_used), (0, Some(0.0), 11));
    let prefixes: Vec<_> =
        country.prefixes.iter().map(|one| (one.prefix.as_str(), one.sends, one.cut_off())).collect();
    let expected = [("12125", 10, AbuseEffect::Enforced), ("13125", 1, AbuseEffect::Unspecified)];
    assert_eq!(prefixes, expected);
    world.stop().await;
}
