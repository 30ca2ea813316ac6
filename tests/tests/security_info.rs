//! Security info from the first code to the reset it serves, and what administrators may do about it.

use std::time::Duration;

use rekey::Part;
use rekey_client::{Connection, Problem};
use rekey_tests::person::{Person, request_id};
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::confirm_security_info_response::Result as Confirmation;
use rekey_wire::identity::v1::security_info_address::Address;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;
use rekey_wire::identity::v1::{
    AddSecurityInfoRequest, AddSecurityInfoResponse, ConfirmSecurityInfoRequest, ListSecurityInfoRequest,
    PrefillSecurityInfoRequest, RefreshSessionRequest, RemoveSecurityInfoRequest, RequestContext,
    SecurityInfo, SecurityInfoAddress, SecurityInfoNotice, SecurityInfoState, SendSecurityInfoCodeRequest,
};
use rekey_wire::options::v1::Role;
use tonic::Status;

const SECOND: &str = "zoe@second.example";
const DAY: Duration = Duration::from_secs(86_400);

on_both_store_sets!(
    a_new_address_counts_after_its_code_and_three_days,
    an_address_removed_of_late_hears_of_a_reset,
    a_code_is_sent_again_and_anew_and_the_last_one_confirms,
    an_old_sign_in_changes_nothing,
    an_administrator_fills_in_for_those_within_reach,
    a_phone_comes_with_the_notice_of_its_risk,
);

/// Zoe, who has had her account for a while, and her calls after a fresh sign-in.
async fn zoe(world: &World) -> (Person, SecurityInfoServiceClient<Connection>) {
    let person = world.person("zoe").await;
    world.clock.advance(30 * DAY);
    let calls = fresh(world, &person).await;
    (person, calls)
}

async fn fresh(world: &World, person: &Person) -> SecurityInfoServiceClient<Connection> {
    let tokens = world.signed_in(&person.login, &person.password).await;
    SecurityInfoServiceClient::new(world.acting_for(&tokens.access_token))
}

fn address(text: &str) -> Option<SecurityInfoAddress> {
    Some(SecurityInfoAddress { address: Some(Address::EmailAddress(text.to_owned())) })
}

async fn add(calls: &mut SecurityInfoServiceClient<Connection>) -> Result<AddSecurityInfoResponse, Status> {
    let request =
        AddSecurityInfoRequest { address: address(SECOND), request_id: request_id(), ..Default::default() };
    calls.add_security_info(request).await.map(tonic::Response::into_inner)
}

async fn confirm(
    calls: &mut SecurityInfoServiceClient<Connection>,
    id: &str,
    code: &str,
) -> Option<SecurityInfo> {
    let request = ConfirmSecurityInfoRequest {
        security_info_id: id.to_owned(),
        code: code.to_owned(),
        request_id: request_id(),
        context: None,
    };
    match calls.confirm_security_info(request).await.unwrap().into_inner().result.unwrap() {
        Confirmation::SecurityInfo(entry) => Some(entry),
        Confirmation::Rejection(_) => None,
    }
}

async fn send(calls: &mut SecurityInfoServiceClient<Connection>, id: &str) -> Result<(), Status> {
    let request = SendSecurityInfoCodeRequest {
        security_info_id: id.to_owned(),
        request_id: request_id(),
        context: None,
    };
    calls.send_security_info_code(request).await.map(drop)
}

fn from(ip_address: &str) -> RequestContext {
    RequestContext { ip_address: ip_address.to_owned(), ..RequestContext::default() }
}

fn reason<T: std::fmt::Debug>(refused: Result<T, Status>) -> String {
    Problem::of(&refused.unwrap_err()).reason
}

/// Waits until so many messages came to the address, and gives the code of the last.
async fn code_number(world: &World, number: usize) -> String {
    world.message(|_| world.mail_to(SECOND).len() >= number).await;
    let last = world.mail_to(SECOND).remove(0);
    rekey_tests::code_in(&last.text).unwrap()
}

async fn a_new_address_counts_after_its_code_and_three_days(stores: Stores) {
    let world = World::start(stores).await;
    world.show_masks().await;
    let (person, mut calls) = zoe(&world).await;

    let added = add(&mut calls).await.unwrap().security_info.unwrap();
    let code = world.code_for(SECOND).await;
    let confirmed = confirm(&mut calls, &added.security_info_id, &code).await.unwrap();
    let told =
        world.message(|message| message.to == person.login && message.text.contains("confirmed")).await;
    let early = world.start_reset(&person.login).await.methods.len();
    world.clock.advance(3 * DAY);
    let late = world.start_reset(&person.login).await.methods.len();

    assert_eq!(added.state(), SecurityInfoState::Unconfirmed);
    assert_eq!(confirmed.state(), SecurityInfoState::Quarantined);
    assert!(confirmed.usable_time.is_some() && !confirmed.masked_destination.contains("zoe@"));
    assert_eq!((early, late), (1, 2));
    assert!(!told.text.contains(SECOND));
    world.stop().await;
}

async fn an_address_removed_of_late_hears_of_a_reset(stores: Stores) {
    let world = World::start(stores).await;
    let (person, mut calls) = zoe(&world).await;
    let added = add(&mut calls).await.unwrap().security_info.unwrap();
    let code = world.code_for(SECOND).await;
    confirm(&mut calls, &added.security_info_id, &code).await.unwrap();
    let remove = RemoveSecurityInfoRequest {
        security_info_id: added.security_info_id,
        request_id: request_id(),
        context: None,
    };
    calls.remove_security_info(remove).await.unwrap();
    let hears = |address: &str| {
        let mails = world.mail_to(address).into_iter();
        mails.filter(|message| message.text.contains("/not-me?token=")).count()
    };

    let token = world.proved_reset(&person).await;
    world.complete_reset(&token, "a meadow full of rain").await.unwrap();
    world.settled().await;
    let soon = [hears(&person.login), hears(SECOND)];
    world.clock.advance(7 * DAY);
    let started = world.start_reset(&person.login).await;
    world.send_code(&started.reset_token, "1").await.unwrap();
    world.settled().await;
    let code = rekey_tests::code_in(&world.mail_to(&person.login)[0].text).unwrap();
    let token = world.prove(&started.reset_token, "1", &code).await.reset_token;
    world.complete_reset(&token, "another meadow of rain").await.unwrap();
    world.settled().await;

    assert_eq!(soon, [1, 1]);
    assert_eq!([hears(&person.login), hears(SECOND)], [2, 1]);
    world.stop().await;
}

async fn a_code_is_sent_again_and_anew_and_the_last_one_confirms(stores: Stores) {
    let world = World::start(stores).await;
    let (person, mut calls) = zoe(&world).await;
    let id = add(&mut calls).await.unwrap().security_info.unwrap().security_info_id;
    let first = code_number(&world, 1).await;

    let too_soon = send(&mut calls, &id).await;
    world.clock.advance(Duration::from_secs(30));
    send(&mut calls, &id).await.unwrap();
    let again = code_number(&world, 2).await;
    world.clock.advance(Duration::from_secs(600));
    let mut calls = fresh(&world, &person).await;
    let dead = confirm(&mut calls, &id, &first).await;
    send(&mut calls, &id).await.unwrap();
    let anew = code_number(&world, 3).await;
    let confirmed = confirm(&mut calls, &id, &anew).await.unwrap();

    assert_eq!(reason(too_soon), "SEND_LIMITED");
    assert_eq!(again, first);
    assert_eq!(dead, None);
    assert_eq!(confirmed.state(), SecurityInfoState::Quarantined);
    world.stop().await;
}

async fn an_old_sign_in_changes_nothing(stores: Stores) {
    let world = World::start(stores).await;
    let (person, _) = zoe(&world).await;
    let tokens = world.signed_in(&person.login, &person.password).await;
    world.clock.advance(Duration::from_secs(600));
    let request = RefreshSessionRequest {
        refresh_token: tokens.refresh_token,
        request_id: request_id(),
        context: None,
    };
    let refreshed = world.sessions().refresh_session(request).await.unwrap().into_inner().tokens.unwrap();
    let mut calls = SecurityInfoServiceClient::new(world.acting_for(&refreshed.access_token));

    let added = add(&mut calls).await;
    let listed = calls.list_security_info(ListSecurityInfoRequest::default()).await.unwrap().into_inner();

    assert_eq!(reason(added), "SIGN_IN_NOT_RECENT");
    assert_eq!(listed.security_info.len(), 1);
    assert_eq!(listed.security_info[0].state(), SecurityInfoState::Usable);
    assert_eq!(world.mail_to(SECOND).len(), 0);
    world.stop().await;
}

async fn an_administrator_fills_in_for_those_within_reach(stores: Stores) {
    let world = World::start(stores).await;
    let (zoe, _) = zoe(&world).await;
    let (chief, helper) = (world.person("chief").await, world.person("helper").await);
    world.grant(&chief, Role::GlobalAdministrator).await;
    world.grant(&helper, Role::AuthenticationAdministrator).await;
    let mut calls = fresh(&world, &helper).await;
    let on = |person: &Person| PrefillSecurityInfoRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: person.account_id.clone(),
        address: address(SECOND),
        request_id: request_id(),
        context: Some(from("192.0.2.31")),
    };

    let filled = calls.prefill_security_info(on(&zoe)).await.unwrap().into_inner().security_info.unwrap();
    let twice = calls.prefill_security_info(on(&zoe)).await;
    let beyond = calls.prefill_security_info(on(&chief)).await;
    let own = calls.prefill_security_info(on(&helper)).await;
    let by_zoe = fresh(&world, &zoe).await.prefill_security_info(on(&helper)).await;
    for why in [
        "reason = 'PrefillSecurityInfo: missing role'",
        "reason = 'PrefillSecurityInfo: on_yourself' and ip_address = '192.0.2.31'",
        "reason like 'PrefillSecurityInfo: missing % on global_administrator' and ip_address = '192.0.2.31'",
    ] {
        let denied = format!("audit_events where kind = 'authz.denied' and actor = 'account' and {why}");
        eventually(why, async || (world.count(Part::Identity, &denied).await == 1).then_some(())).await;
    }
    world.clock.advance(4 * DAY);

    assert_eq!(filled.state(), SecurityInfoState::Prefilled);
    assert_eq!(reason(twice), "SECURITY_INFO_TAKEN");
    assert_eq!(reason(beyond), "AUTHORITY_MISSING");
    assert_eq!(reason(own), "NOT_ON_YOURSELF");
    assert_eq!(reason(by_zoe), "ROLE_MISSING");
    world.show_masks().await;
    assert_eq!(world.start_reset(&zoe.login).await.methods.len(), 1);
    world.stop().await;
}

async fn a_phone_comes_with_the_notice_of_its_risk(stores: Stores) {
    let world = World::start(stores).await;
    let (_, mut calls) = zoe(&world).await;
    let number = "+12125550100";
    let address = SecurityInfoAddress { address: Some(Address::PhoneNumber(number.to_owned())) };
    let request =
        AddSecurityInfoRequest { address: Some(address), request_id: request_id(), ..Default::default() };

    let added = calls.add_security_info(request).await.unwrap().into_inner().security_info.unwrap();
    let code = world.code_for(number).await;
    let confirmed = confirm(&mut calls, &added.security_info_id, &code).await.unwrap();
    let listed = calls.list_security_info(ListSecurityInfoRequest::default()).await.unwrap().into_inner();

    let restricted = [i32::from(SecurityInfoNotice::ChannelRestricted)];
    assert_eq!((&*added.notices, &*confirmed.notices), (&restricted[..], &restricted[..]));
    let listed: Vec<_> = listed.security_info.into_iter().map(|entry| entry.notices).collect();
    assert_eq!(listed, [vec![], restricted.to_vec()], "mail has none");
    world.stop().await;
}
