//! "This was not me": how long the link lives, who is told, and how the account comes back.

use std::time::Duration;

use rekey_tests::person::{Person, request_id};
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::password_service_client::PasswordServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{ChangePasswordRequest, UnfreezeAccountRequest};
use rekey_wire::options::v1::Role;

use crate::reset_corners::{NEW, reason};

on_both_store_sets!(
    administrators_are_told_and_one_of_them_releases_the_account,
    a_newer_password_overtakes_the_link,
    the_link_dies_after_seven_days,
    a_made_up_link_undoes_nothing,
);

/// A person whose password somebody has just reset, and the token of the notice.
async fn reset(world: &World) -> (Person, String) {
    let zoe = world.person("zoe").await;
    let token = world.proved_reset(&zoe).await;
    world.complete_reset(&token, NEW).await.unwrap();
    let link = world.repudiation_token(&zoe).await;
    (zoe, link)
}

async fn administrators_are_told_and_one_of_them_releases_the_account(stores: Stores) {
    let world = World::start(stores).await;
    let chief = world.person("chief").await;
    world.grant(&chief, Role::GlobalAdministrator).await;
    let (zoe, link) = reset(&world).await;
    world.repudiate(&link).await.unwrap();
    let alarm = world.message(|message| message.to == chief.login).await;
    let heard_before = world.mail_to(&zoe.login).len();

    let frozen = world.start_reset(&zoe.login).await;
    world.send_code(&frozen.reset_token, "1").await.unwrap();
    world.settled().await;
    let heard_while_frozen = world.mail_to(&zoe.login).len() - heard_before;
    let unfreeze = UnfreezeAccountRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: zoe.account_id.clone(),
        request_id: request_id(),
        context: None,
    };
    world.administration().unfreeze_account(unfreeze).await.unwrap();
    let still_void = world.sign_in(&zoe.login, NEW).await;
    world.clock.advance(Duration::from_secs(3600));
    let token = world.proved_reset(&zoe).await;
    world.complete_reset(&token, "mine alone from now on").await.unwrap();

    assert!(alarm.text.contains("zoe"), "{}", alarm.text);
    assert_eq!(heard_while_frozen, 0);
    assert!(matches!(still_void, SignInResult::Rejection(_)));
    world.signed_in(&zoe.login, "mine alone from now on").await;
    world.stop().await;
}

async fn a_newer_password_overtakes_the_link(stores: Stores) {
    let world = World::start(stores).await;
    let (zoe, link) = reset(&world).await;
    let tokens = world.signed_in(&zoe.login, NEW).await;
    let change = ChangePasswordRequest {
        current_password: NEW.to_owned(),
        new_password: "mine alone from now on".to_owned(),
        request_id: request_id(),
        context: None,
    };
    let mut passwords = PasswordServiceClient::new(world.acting_for(&tokens.access_token));
    passwords.change_password(change).await.unwrap();

    let late = world.repudiate(&link).await;

    assert_eq!(reason(late), "REPUDIATION_INVALID");
    world.signed_in(&zoe.login, "mine alone from now on").await;
    world.stop().await;
}

async fn the_link_dies_after_seven_days(stores: Stores) {
    let world = World::start(stores).await;
    let (zoe, link) = reset(&world).await;

    world.clock.advance(Duration::from_secs(7 * 86_400));
    let late = world.repudiate(&link).await;

    assert_eq!(reason(late), "REPUDIATION_INVALID");
    world.signed_in(&zoe.login, NEW).await;
    world.stop().await;
}

async fn a_made_up_link_undoes_nothing(stores: Stores) {
    let world = World::start(stores).await;
    let (zoe, link) = reset(&world).await;
    let reset_token = world.start_reset(&zoe.login).await.reset_token;
    let mut changed = link.clone().into_bytes();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();

    for made_up in [changed.as_str(), &reset_token, &link[1..], "what is this"] {
        let refused = world.repudiate(made_up).await;

        assert_eq!(reason(refused), "REPUDIATION_INVALID", "{made_up}");
    }
    world.signed_in(&zoe.login, NEW).await;
    world.stop().await;
}
