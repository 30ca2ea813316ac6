//! What identity asks and tells people so that they are not locked out one day: whether their security info is still
//! right, and that their password expires soon.

use std::time::Duration;

use rekey_client::Problem;
use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::continue_sign_in_response::Result as Continued;
use rekey_wire::identity::v1::password_expiry_service_client::PasswordExpiryServiceClient;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{
    ChallengeKind, ContinueSignInRequest, ListExpiringPasswordsRequest, ReconfirmSecurityInfoRequest,
    SecurityInfoVerdict, SetPasswordExpiryExemptionRequest, SignInChallenge,
};

const DAY: Duration = Duration::from_secs(86_400);
const NEW: &str = "a meadow full of rain";

on_both_store_sets!(
    security_info_is_confirmed_at_sign_in_twice_a_year,
    a_new_password_and_the_question_follow_each_other,
    whoever_says_so_in_time_is_not_asked,
    a_person_is_told_that_a_password_expires,
    an_exempt_password_expires_from_when_the_exemption_ends,
);

fn answer(challenge: &SignInChallenge) -> ContinueSignInRequest {
    ContinueSignInRequest {
        challenge_token: challenge.challenge_token.clone(),
        new_password: String::new(),
        security_info_verdict: SecurityInfoVerdict::StillRight.into(),
        request_id: request_id(),
        context: None,
        second_factor: None,
    }
}

async fn go_on(world: &World, request: ContinueSignInRequest) -> Continued {
    world.sessions().continue_sign_in(request).await.unwrap().into_inner().result.unwrap()
}

async fn security_info_is_confirmed_at_sign_in_twice_a_year(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    world.clock.advance(180 * DAY);
    let SignInResult::Challenge(challenge) = world.sign_in(&zoe.login, &zoe.password).await else {
        panic!("not asked")
    };

    let nothing = ContinueSignInRequest { security_info_verdict: 0, ..answer(&challenge) };
    let nothing = world.sessions().continue_sign_in(nothing).await.unwrap_err();
    let Continued::Tokens(tokens) = go_on(&world, answer(&challenge)).await else { panic!("asked again") };
    let twice = world.sessions().continue_sign_in(answer(&challenge)).await.unwrap_err();

    assert_eq!(challenge.kind(), ChallengeKind::ConfirmSecurityInfo);
    assert_eq!(challenge.security_info.len(), 1);
    assert!(!challenge.security_info[0].masked_destination.contains("zoe@"));
    assert_eq!(Problem::of(&nothing).reason, "FIELD_INVALID");
    assert_eq!(Problem::of(&twice).reason, "CHALLENGE_INVALID");
    assert!(world.is_live(&tokens.access_token).await);
    assert!(matches!(world.sign_in(&zoe.login, &zoe.password).await, SignInResult::Tokens(_)));
    world.stop().await;
}

async fn a_new_password_and_the_question_follow_each_other(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person_with("zoe", |new| new.must_change_password = true).await;
    world.clock.advance(180 * DAY);
    let SignInResult::Challenge(first) = world.sign_in(&zoe.login, &zoe.password).await else {
        panic!("no challenge")
    };

    let change =
        ContinueSignInRequest { new_password: NEW.to_owned(), security_info_verdict: 0, ..answer(&first) };
    let Continued::Challenge(second) = go_on(&world, change).await else { panic!("not asked") };
    let last = go_on(&world, answer(&second)).await;

    let kinds = [ChallengeKind::PasswordChangeRequired, ChallengeKind::ConfirmSecurityInfo];
    assert_eq!([first.kind(), second.kind()], kinds);
    let Continued::Tokens(tokens) = last else { panic!("asked again") };
    assert!(world.is_live(&tokens.access_token).await);
    world.stop().await;
}

async fn whoever_says_so_in_time_is_not_asked(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    world.clock.advance(170 * DAY);
    let tokens = world.signed_in(&zoe.login, &zoe.password).await;
    let mut theirs = SecurityInfoServiceClient::new(world.acting_for(&tokens.access_token));
    let request = ReconfirmSecurityInfoRequest { request_id: request_id(), context: None };

    let said = theirs.reconfirm_security_info(request).await.unwrap().into_inner();
    world.clock.advance(20 * DAY);

    assert!(said.reconfirm_time.is_some());
    assert!(matches!(world.sign_in(&zoe.login, &zoe.password).await, SignInResult::Tokens(_)));
    world.stop().await;
}

async fn a_person_is_told_that_a_password_expires(stores: Stores) {
    let world = World::start_with(stores, &[("IDENTITY__JOBS__EXPIRY_SECONDS", "1")]).await;
    let zoe = world.person("zoe").await;
    world.amend_policy(|policy| policy["password"]["expiry_days"] = 30.into()).await;

    world.clock.advance(16 * DAY);
    let told = world.message(|message| message.to == zoe.login).await;

    assert!(told.subject.contains("expires"), "{}", told.subject);
    assert!(told.text.contains("14"), "{}", told.text);
    world.stop().await;
}

async fn an_exempt_password_expires_from_when_the_exemption_ends(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    world.amend_policy(|policy| policy["password"]["expiry_days"] = 30.into()).await;
    let mut expiry = PasswordExpiryServiceClient::new(world.identity.clone());
    let set = |exempt| SetPasswordExpiryExemptionRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: zoe.account_id.clone(),
        exempt,
        request_id: request_id(),
        context: None,
    };
    let within = Some(prost_types::Duration { seconds: 30 * 86_400, nanos: 0 });
    let list =
        ListExpiringPasswordsRequest { tenant_id: world.tenant_id.clone(), within, ..Default::default() };

    expiry.set_password_expiry_exemption(set(true)).await.unwrap();
    world.clock.advance(40 * DAY);
    let exempt = matches!(world.sign_in(&zoe.login, &zoe.password).await, SignInResult::Tokens(_));
    let unlisted = expiry.list_expiring_passwords(list.clone()).await.unwrap().into_inner().passwords;
    expiry.set_password_expiry_exemption(set(false)).await.unwrap();
    let ended = matches!(world.sign_in(&zoe.login, &zoe.password).await, SignInResult::Tokens(_));
    let listed = expiry.list_expiring_passwords(list).await.unwrap().into_inner().passwords;
    world.clock.advance(31 * DAY);
    let SignInResult::Challenge(expired) = world.sign_in(&zoe.login, &zoe.password).await else {
        panic!("an expired password signed in")
    };

    assert_eq!((exempt, unlisted.len(), ended), (true, 0, true));
    assert_eq!(listed.iter().map(|password| &password.login).collect::<Vec<_>>(), [&zoe.login]);
    assert_eq!(expired.kind(), ChallengeKind::PasswordExpired);
    world.stop().await;
}
