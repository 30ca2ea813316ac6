//! Authenticators and recovery codes, from the QR code to the reset, against an authenticator that is not ours: `pyotp`.

use std::process::Command;
use std::time::Duration;

use rekey_client::Connection;
use rekey_primitives::clock::Clock as _;
use rekey_tests::person::{Person, request_id};
use rekey_tests::processes::run;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::confirm_security_info_response::Result as Confirmation;
use rekey_wire::identity::v1::continue_sign_in_response::Result as Continued;
use rekey_wire::identity::v1::second_factor::Factor;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{
    AddSecurityInfoRequest, AuthenticatorHash, AuthenticatorSecret, ChallengeKind,
    ConfirmSecurityInfoRequest, ContinueSignInRequest, GenerateRecoveryCodesRequest, MethodKind,
    NewAuthenticator, ProofOutcome, SecondFactor, StartPasswordResetResponse,
};

const DAY: Duration = Duration::from_secs(86_400);
const NEW: &str = "a meadow full of rain";

on_both_store_sets!(
    what_another_authenticator_shows_signs_in_and_resets,
    every_shape_of_codes_is_read_from_its_address,
);

/// What `pyotp` shows at that second for an `otpauth://` address.
async fn shown(uri: &str, unix_seconds: i64) -> String {
    const PROGRAM: &str = "import pyotp, sys; print(pyotp.parse_uri(sys.argv[1]).at(int(sys.argv[2])))";
    let mut pyotp = Command::new(rekey_testing::tools().join("python/bin/python"));
    pyotp.args(["-c", PROGRAM, uri, &unix_seconds.to_string()]);
    let output = run(pyotp).await;
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    output.stdout.trim().to_owned()
}

async fn now_shown(world: &World, uri: &str) -> String {
    shown(uri, world.clock.now().unix_micros() / 1_000_000).await
}

async fn calls(world: &World, person: &Person) -> SecurityInfoServiceClient<Connection> {
    let tokens = world.signed_in(&person.login, &person.password).await;
    SecurityInfoServiceClient::new(world.acting_for(&tokens.access_token))
}

/// Registers an authenticator of that shape by the first code that it shows.
async fn registered(
    world: &World,
    calls: &mut SecurityInfoServiceClient<Connection>,
    new: NewAuthenticator,
) -> AuthenticatorSecret {
    let add = AddSecurityInfoRequest {
        authenticator: Some(new),
        request_id: request_id(),
        ..AddSecurityInfoRequest::default()
    };
    let added = calls.add_security_info(add).await.unwrap().into_inner();
    let secret = added.authenticator.unwrap();
    let confirm = ConfirmSecurityInfoRequest {
        security_info_id: added.security_info.unwrap().security_info_id,
        code: now_shown(world, &secret.otpauth_uri).await,
        request_id: request_id(),
        context: None,
    };
    let confirmed = calls.confirm_security_info(confirm).await.unwrap().into_inner().result.unwrap();
    assert!(matches!(confirmed, Confirmation::SecurityInfo(_)), "{confirmed:?}");
    secret
}

async fn answer(world: &World, person: &Person, password: &str, factor: Factor) -> Continued {
    let SignInResult::Challenge(challenge) = world.sign_in(&person.login, password).await else {
        panic!("not challenged")
    };
    assert_eq!(challenge.kind(), ChallengeKind::SecondFactor);
    let request = ContinueSignInRequest {
        challenge_token: challenge.challenge_token,
        second_factor: Some(SecondFactor { factor: Some(factor) }),
        request_id: request_id(),
        ..ContinueSignInRequest::default()
    };
    world.sessions().continue_sign_in(request).await.unwrap().into_inner().result.unwrap()
}

fn method_of(started: &StartPasswordResetResponse, kind: MethodKind) -> String {
    let found = started.methods.iter().find(|method| method.kind() == kind);
    found.unwrap().method_id.clone()
}

async fn what_another_authenticator_shows_signs_in_and_resets(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let mut calls = calls(&world, &zoe).await;
    let secret = registered(&world, &mut calls, NewAuthenticator::default()).await;
    let generate = GenerateRecoveryCodesRequest { request_id: request_id(), context: None };
    let codes = calls.generate_recovery_codes(generate).await.unwrap().into_inner().recovery_codes;
    world.clock.advance(4 * DAY);

    let code = now_shown(&world, &secret.otpauth_uri).await;
    let in_by_app = answer(&world, &zoe, &zoe.password, Factor::AuthenticatorCode(code.clone())).await;
    let replayed = answer(&world, &zoe, &zoe.password, Factor::AuthenticatorCode(code)).await;
    let saved = Factor::RecoveryCode(codes[0].to_lowercase());
    let in_by_paper = answer(&world, &zoe, &zoe.password, saved.clone()).await;
    let used_up = answer(&world, &zoe, &zoe.password, saved).await;
    world.clock.advance(Duration::from_secs(60));
    let started = world.start_reset(&zoe.login).await;
    world.send_code(&started.reset_token, &method_of(&started, MethodKind::Email)).await.unwrap();
    let mailed = world.code_for(&zoe.login).await;
    let one = world.prove(&started.reset_token, &method_of(&started, MethodKind::Email), &mailed).await;
    let early = world.complete_reset(&one.reset_token, NEW).await;
    let code = now_shown(&world, &secret.otpauth_uri).await;
    let both = world.prove(&one.reset_token, &method_of(&started, MethodKind::Authenticator), &code).await;
    let set = world.complete_reset(&both.reset_token, NEW).await;

    assert!(matches!(in_by_app, Continued::Tokens(_)) && matches!(in_by_paper, Continued::Tokens(_)));
    assert!(matches!(replayed, Continued::Rejection(_)) && matches!(used_up, Continued::Rejection(_)));
    assert_eq!((started.proofs_required, one.proofs_remaining), (1, 1));
    assert_eq!(rekey_client::Problem::of(&early.unwrap_err()).reason, "PROOFS_MISSING");
    assert_eq!((both.outcome(), both.proofs_remaining), (ProofOutcome::Accepted, 0));
    assert!(set.is_ok(), "{set:?}");
    assert!(matches!(world.sign_in(&zoe.login, NEW).await, SignInResult::Challenge(_)));
    world.stop().await;
}

async fn every_shape_of_codes_is_read_from_its_address(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let mut calls = calls(&world, &zoe).await;

    for (hash, digits) in
        [(AuthenticatorHash::Sha1, 8), (AuthenticatorHash::Sha256, 6), (AuthenticatorHash::Sha512, 8)]
    {
        let secret = registered(&world, &mut calls, NewAuthenticator { hash: hash.into(), digits }).await;

        assert!(secret.otpauth_uri.contains(&secret.secret) && secret.secret.len() >= 32);
        assert!(secret.qr_code_svg.starts_with("<svg") && secret.qr_code_png.starts_with(b"\x89PNG"));
    }
    world.stop().await;
}

/// Every RPC, reason and kind that the page for backends names is one of the contract's.
#[test]
fn the_page_on_second_factors_names_what_there_is() {
    let page = include_str!("../../docs/second-factors.md");
    let reference = include_str!("../../docs/reference/identity.md");
    let names = page.split('`').skip(1).step_by(2).flat_map(|quoted| quoted.split('.'));
    let is_of_contract = |name: &&str| {
        let of = |fits: fn(char) -> bool| name.len() > 3 && name.chars().all(fits);
        let is_rpc = name.starts_with(char::is_uppercase) && of(char::is_alphanumeric);
        is_rpc || (name.contains('_') && of(|c| c.is_ascii_alphanumeric() || c == '_'))
    };
    let ours = |name: &&str| !["login_hash"].contains(name);

    let unknown: Vec<&str> =
        names.filter(is_of_contract).filter(ours).filter(|name| !reference.contains(name)).collect();

    assert!(page.contains("`SubmitResetProof`"));
    assert_eq!(unknown, Vec::<&str>::new());
}
