//! Codes and grants from end to end.

use rekey_primitives::contact::Channel;
use rekey_primitives::method::ProofClass;
use rekey_primitives::secret::SecretString;

use super::*;
use crate::codes::release::ReleaseRequest;
use crate::domain::verification::VerificationState;

#[tokio::test]
async fn a_code_that_arrived_becomes_a_grant_that_counts_once() {
    let service = TestService::in_memory(&default_settings());
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();

    let grant = service.pass(&request.id, &service.last_code()).await;
    let redeemed = service.redeem(&request.id.scope, &grant).await.unwrap();
    let again = refusal(service.redeem(&request.id.scope, &grant).await);

    assert_eq!((redeemed.verification, redeemed.channel), (request.id.verification, Channel::Email));
    assert_eq!((redeemed.class, redeemed.passed_at), (ProofClass::Issued, BEGIN));
    assert_eq!((redeemed.purpose, redeemed.subject), (request.purpose, request.subject));
    assert_eq!(again, Refusal::GrantInvalid);
    let shown = service.codes.get(&request.id).await.unwrap();
    assert_eq!((shown.state, shown.attempts_left, shown.sends_left), (VerificationState::Passed, 0, 0));
    assert_eq!(shown.next_send_at, None);
}

#[tokio::test]
async fn a_code_is_right_for_its_own_verification_only() {
    let service = TestService::in_memory(&default_settings());
    let first = start_request("anna@example.com");
    let second = another(&first);
    service.start(&first).await.unwrap();
    let code = service.last_code();
    service.start(&second).await.unwrap();

    let verdict = service.check(&second.id, &code).await.unwrap();

    // One pair of codes in a million is the same.
    assert!(matches!(verdict, CheckVerdict::Rejected), "{verdict:?}");
    service.pass(&first.id, &code).await;
}

#[tokio::test]
async fn a_grant_is_good_for_its_audience_its_tenant_and_its_binding_only() {
    let service = TestService::in_memory(&default_settings());
    let mut request = start_request("anna@example.com");
    request.audience = caller("bank");
    request.binding = Binding::parse(b"12.00 EUR to Berta").unwrap();
    service.start(&request).await.unwrap();
    let grant = service.pass(&request.id, &service.last_code()).await;
    let bank = TenantScope { caller: caller("bank"), ..request.id.scope.clone() };
    let elsewhere = TenantScope { tenant: TenantId::from_uuid(uuid_v4(&SystemEntropy)), ..bank.clone() };
    let show = |scope: &TenantScope, binding: &Binding| {
        let (scope, binding, grant) = (scope.clone(), binding.clone(), grant.text.clone());
        RedeemRequest { scope, request_id: request_id(), grant, binding, issuers: None }
    };
    let other_binding = Binding::parse(b"12000 EUR to Mallory").unwrap();

    let wrong = [
        show(&request.id.scope, &request.binding),
        show(&elsewhere, &request.binding),
        show(&bank, &other_binding),
        show(&bank, &Binding::default()),
    ];

    for wrong in wrong {
        assert_eq!(refusal(service.codes.redeem(&wrong).await), Refusal::GrantInvalid);
    }
    assert!(service.codes.redeem(&show(&bank, &request.binding)).await.is_ok());
}

#[tokio::test]
async fn a_grant_names_its_issuer_and_counts_only_where_that_one_is_accepted() {
    let service = TestService::in_memory(&default_settings());
    let request = StartRequest { audience: caller("bank"), ..start_request("anna@example.com") };
    service.start(&request).await.unwrap();
    let grant = service.pass(&request.id, &service.last_code()).await;
    let scope = TenantScope { caller: caller("bank"), ..request.id.scope.clone() };
    let accepting = |issuers: Option<&[&str]>| RedeemRequest {
        scope: scope.clone(),
        request_id: request_id(),
        grant: grant.text.clone(),
        binding: Binding::default(),
        issuers: issuers.map(|issuers| issuers.iter().map(|issuer| (*issuer).to_owned()).collect()),
    };

    let own_only = service.codes.redeem(&accepting(Some(&["bank"]))).await;
    let of_the_shop = service.codes.redeem(&accepting(Some(&["bank", "shop"]))).await.unwrap();

    assert_eq!(refusal(own_only), Refusal::GrantInvalid);
    assert_eq!(of_the_shop.caller, caller("shop"));
}

#[tokio::test]
async fn a_grant_that_was_altered_or_signed_by_others_is_refused() {
    let (service, forger) =
        (TestService::in_memory(&default_settings()), TestService::in_memory(&default_settings()));
    let request = start_request("anna@example.com");
    forger.start(&request).await.unwrap();
    let forged = forger.pass(&request.id, &forger.last_code()).await;
    service.start(&request).await.unwrap();
    let good = service.pass(&request.id, &service.last_code()).await;
    let altered = good.text.expose_secret().replacen('A', "B", 1);
    let altered = SignedGrant { text: SecretString::from(altered), ..good.clone() };

    for wrong in [&forged, &altered] {
        assert_eq!(refusal(service.redeem(&request.id.scope, wrong).await), Refusal::GrantInvalid);
    }
    assert!(service.redeem(&request.id.scope, &good).await.is_ok());
}

#[tokio::test]
async fn a_repeated_check_gives_the_same_grant() {
    let service = TestService::in_memory(&default_settings());
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();
    let check = check_request(&request.id, &service.last_code());

    let grants = [service.codes.check(&check).await.unwrap(), service.codes.check(&check).await.unwrap()];

    let texts = grants.map(|verdict| match verdict {
        CheckVerdict::Passed(grant) => grant.text.expose_secret().to_owned(),
        CheckVerdict::Rejected => panic!("the right code was rejected"),
    });
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test]
async fn codes_and_grants_survive_a_rotation_of_the_keys() {
    let server = rekey_testing::redis().await;
    let keys = KeyTexts::new();
    let before = TestService::in_redis(&default_settings(), &server.url(), &keys);
    let after = TestService::in_redis(&default_settings(), &server.url(), &keys.rotated());
    let request = start_request("anna@example.com");
    before.start(&request).await.unwrap();
    let other = another(&request);
    before.start(&other).await.unwrap();
    let grant = before.pass(&other.id, &before.last_code()).await;

    let repeated = after.start(&request).await.unwrap();
    let code = before.messages()[0].code.expose().to_owned();

    assert!(repeated.sent);
    assert!(after.messages().is_empty());
    after.pass(&request.id, &code).await;
    assert!(after.redeem(&request.id.scope, &grant).await.is_ok());
}

#[tokio::test]
async fn a_subject_that_failed_too_often_waits_and_may_be_released() {
    let service = TestService::in_memory(&settings(|settings| settings.failures.pause_at = 2));
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();
    for wrong in ["000000x", "000001x"] {
        service.check(&request.id, wrong).await.unwrap();
    }

    let paused = refusal(service.check(&request.id, &service.last_code()).await);
    let StartRequest { id, purpose, subject, .. } = request.clone();
    let release = ReleaseRequest { scope: id.scope, purpose, subject, request_id: request_id() };
    service.codes.release(&release).await.unwrap();

    assert_eq!(paused, Refusal::SubjectPaused(seconds(86_400)));
    service.pass(&request.id, &service.last_code()).await;
}
