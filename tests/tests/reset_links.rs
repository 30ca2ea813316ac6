//! One-time links that administrators have sent, end to end over every pair of stores.

use rekey_client::Problem;
use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::password_administration_service_client::PasswordAdministrationServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{PasswordResetMode, RedeemResetLinkRequest, ResetPasswordRequest};

const NEW: &str = "a meadow full of rain";

on_both_store_sets!(a_link_gets_a_person_back_in_once);

async fn a_link_gets_a_person_back_in_once(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let old = world.signed_in(&zoe.login, &zoe.password).await;
    let reset = ResetPasswordRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: zoe.account_id.clone(),
        mode: PasswordResetMode::Link.into(),
        request_id: request_id(),
        ..ResetPasswordRequest::default()
    };

    let mut administration = PasswordAdministrationServiceClient::new(world.identity.clone());
    let sent = administration.reset_password(reset).await.unwrap().into_inner().result.unwrap();
    let token = world.link_token(&zoe).await;
    let redeem = |password: &str| RedeemResetLinkRequest {
        link_token: token.clone(),
        new_password: password.to_owned(),
        request_id: request_id(),
        context: None,
    };
    let weak = world.resets().redeem_reset_link(redeem("password1")).await.unwrap_err();
    world.resets().redeem_reset_link(redeem(NEW)).await.unwrap();
    let spent = world.resets().redeem_reset_link(redeem("another meadow of rain")).await.unwrap_err();

    assert_eq!((sent.sessions_revoked, sent.generated_password.as_str()), (1, ""));
    assert!(sent.link_expire_time.is_some() && !sent.masked_destinations[0].contains(&zoe.login));
    assert!(!world.is_live(&old.access_token).await);
    assert!(matches!(world.sign_in(&zoe.login, &zoe.password).await, SignInResult::Rejection(_)));
    assert_eq!(Problem::of(&weak).reason, "PASSWORD_REFUSED");
    assert!(!Problem::of(&weak).fields.is_empty());
    assert_eq!(Problem::of(&spent).reason, "RESET_LINK_INVALID");
    world.signed_in(&zoe.login, NEW).await;
    world.stop().await;
}
