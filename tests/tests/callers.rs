//! A caller on the phone reads a code back to the helpdesk, end to end over both pairs of stores.

use rekey_client::Problem;
use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::help_desk_service_client::HelpDeskServiceClient;
use rekey_wire::identity::v1::{
    CallerOutcome, ListHelpRequestsRequest, RequestAdministratorHelpRequest, SendCallerCodeRequest,
    VerifyCallerRequest,
};
use rekey_wire::options::v1::Role;

on_both_store_sets!(a_caller_is_verified_by_what_they_read_back);

async fn a_caller_is_verified_by_what_they_read_back(stores: Stores) {
    let world = World::start(stores).await;
    let (zoe, helper) = (world.person("zoe").await, world.person("helper").await);
    world.grant(&helper, Role::HelpdeskAdministrator).await;
    let tokens = world.signed_in(&helper.login, &helper.password).await;
    let mut desk = HelpDeskServiceClient::new(world.acting_for(&tokens.access_token));
    let ask = RequestAdministratorHelpRequest {
        tenant_id: world.tenant_id.clone(),
        login: zoe.login.clone(),
        reset_token: String::new(),
        message: "my phone is gone".to_owned(),
        request_id: request_id(),
        context: None,
    };
    world.resets().request_administrator_help(ask).await.unwrap();
    let send = |account_id: &str| SendCallerCodeRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: account_id.to_owned(),
        method_kind: 0,
        request_id: request_id(),
        context: None,
    };

    let own = desk.send_caller_code(send(&helper.account_id)).await.unwrap_err();
    let sent = desk.send_caller_code(send(&zoe.account_id)).await.unwrap().into_inner();
    let code = world.code_for(&zoe.login).await;
    let text = world.mail_to(&zoe.login)[0].text.clone();
    let read = |code: &str| VerifyCallerRequest {
        caller_token: sent.caller_token.clone(),
        code: code.to_owned(),
        request_id: request_id(),
        context: None,
    };
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let misheard = desk.verify_caller(read(wrong)).await.unwrap().into_inner();
    let verified = desk.verify_caller(read(&code)).await.unwrap().into_inner();
    let spent = desk.verify_caller(read(&code)).await.unwrap().into_inner();

    assert_eq!(Problem::of(&own).reason, "NOT_ON_YOURSELF");
    assert!(!sent.masked_destination.contains(&zoe.login), "{}", sent.masked_destination);
    assert!(text.contains("Never read it to somebody who called you"), "{text}");
    assert_eq!((misheard.outcome(), spent.outcome()), (CallerOutcome::Rejected, CallerOutcome::Rejected));
    assert_eq!(verified.outcome(), CallerOutcome::Matched);
    let list = ListHelpRequestsRequest { tenant_id: world.tenant_id.clone(), ..Default::default() };
    let listed = desk.list_help_requests(list).await.unwrap().into_inner().help_requests;
    assert_eq!(listed[0].help_request_id, verified.help_request_id);
    assert!(listed[0].caller_verify_time.is_some());
    world.stop().await;
}
