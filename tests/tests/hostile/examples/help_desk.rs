//! What administrators do for people who cannot get in.

use rekey_tests::World;
use rekey_tests::person::{Person, request_id};
use rekey_wire::identity::v1::access_pass_service_client::AccessPassServiceClient;
use rekey_wire::identity::v1::help_desk_service_client::HelpDeskServiceClient;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use rekey_wire::identity::v1::{
    BatchResetPasswordsRequest, ClaimHelpRequestRequest, DenyHelpRequestRequest, DiagnoseSignInRequest,
    HelpRequest, HelpRequestState, IssueTemporaryAccessPassRequest, ListHelpRequestsRequest,
    PasswordResetMode, RequestAdministratorHelpRequest, ResetPasswordRequest, ResolveHelpRequestRequest,
    RevokeTemporaryAccessPassRequest, SendCallerCodeRequest, SignInWithAccessPassRequest,
    VerifyCallerRequest,
};

use super::Example;
use super::accounts::context;

pub(super) async fn examples(world: &World) -> Vec<Example> {
    let people = [world.person("lost-a").await, world.person("lost-b").await, world.person("lost-c").await];
    for person in &people {
        ask(world, person).await;
    }
    let first_page = ListHelpRequestsRequest {
        tenant_id: world.tenant_id.clone(),
        state: HelpRequestState::Open.into(),
        page_size: 1,
        page_token: String::new(),
        context: context(),
        account_id: String::new(),
    };
    let mut service = HelpDeskServiceClient::new(world.identity.clone());
    let all = ListHelpRequestsRequest { page_size: 9, ..first_page.clone() };
    let open = service.list_help_requests(all).await.unwrap().into_inner().help_requests;
    let page_token =
        service.list_help_requests(first_page.clone()).await.unwrap().into_inner().next_page_token;
    let diagnose = DiagnoseSignInRequest {
        tenant_id: world.tenant_id.clone(),
        login: people[0].login.clone(),
        context: context(),
    };
    let mut examples = vec![
        Example::new(
            "/rekey.identity.v1.HelpDeskService/ListHelpRequests",
            &ListHelpRequestsRequest { page_token, ..first_page },
        ),
        Example::new("/rekey.identity.v1.HelpDeskService/DiagnoseSignIn", &diagnose),
    ];
    examples.extend(callers(world).await);
    examples.extend(acts(world, &open));
    examples.extend(passes(world).await);
    examples.extend(passwords(world, &people));
    examples
}

/// A code for one caller, and what another one reads back.
async fn callers(world: &World) -> Vec<Example> {
    let [first, second] = [world.person("caller-a").await, world.person("caller-b").await];
    let send = |person: &Person| SendCallerCodeRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: person.account_id.clone(),
        method_kind: 0,
        request_id: request_id(),
        context: context(),
    };
    let mut service = HelpDeskServiceClient::new(world.identity.clone());
    let sent = service.send_caller_code(send(&second)).await.unwrap().into_inner();
    let verify = VerifyCallerRequest {
        caller_token: sent.caller_token,
        code: world.code_for(&second.login).await,
        request_id: request_id(),
        context: context(),
    };
    vec![
        Example::new("/rekey.identity.v1.HelpDeskService/SendCallerCode", &send(&first)),
        Example::new("/rekey.identity.v1.HelpDeskService/VerifyCaller", &verify),
    ]
}

async fn ask(world: &World, person: &Person) {
    let request = RequestAdministratorHelpRequest {
        tenant_id: world.tenant_id.clone(),
        login: person.login.clone(),
        reset_token: String::new(),
        message: "my phone is gone".to_owned(),
        request_id: request_id(),
        context: None,
    };
    let mut service = PasswordResetServiceClient::new(world.identity.clone());
    service.request_administrator_help(request).await.unwrap();
}

fn acts(world: &World, open: &[HelpRequest]) -> Vec<Example> {
    macro_rules! act {
        ($method:literal, $request:ident, $of:expr) => {{
            let request = $request {
                tenant_id: world.tenant_id.clone(),
                help_request_id: $of.help_request_id.clone(),
                etag: $of.etag.clone(),
                request_id: request_id(),
                context: context(),
            };
            Example::new(concat!("/rekey.identity.v1.HelpDeskService/", $method), &request)
        }};
    }
    vec![
        act!("ClaimHelpRequest", ClaimHelpRequestRequest, open[0]),
        act!("ResolveHelpRequest", ResolveHelpRequestRequest, open[1]),
        act!("DenyHelpRequest", DenyHelpRequestRequest, open[2]),
    ]
}

async fn passes(world: &World) -> Vec<Example> {
    let guest = world.person("guest").await;
    let (tenant_id, account_id) = (world.tenant_id.clone(), guest.account_id.clone());
    let issue = IssueTemporaryAccessPassRequest {
        tenant_id: tenant_id.clone(),
        account_id: account_id.clone(),
        length: 20,
        life: Some(prost_types::Duration { seconds: 3_600, nanos: 0 }),
        one_time: true,
        request_id: request_id(),
        context: context(),
    };
    let mut service = AccessPassServiceClient::new(world.identity.clone());
    let first = IssueTemporaryAccessPassRequest { request_id: request_id(), ..issue.clone() };
    let issued = service.issue_temporary_access_pass(first).await.unwrap().into_inner();
    let sign_in = SignInWithAccessPassRequest {
        tenant_id: tenant_id.clone(),
        login: guest.login.clone(),
        access_pass: issued.access_pass,
        request_id: request_id(),
        context: context(),
    };
    let (request_id, context) = (request_id(), context());
    let revoke = RevokeTemporaryAccessPassRequest { tenant_id, account_id, request_id, context };
    vec![
        Example::new("/rekey.identity.v1.AccessPassService/SignInWithAccessPass", &sign_in),
        Example::new("/rekey.identity.v1.AccessPassService/IssueTemporaryAccessPass", &issue),
        Example::new("/rekey.identity.v1.AccessPassService/RevokeTemporaryAccessPass", &revoke),
    ]
}

fn passwords(world: &World, people: &[Person; 3]) -> Vec<Example> {
    let set = ResetPasswordRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: people[0].account_id.clone(),
        mode: PasswordResetMode::Set.into(),
        new_password: "a lamp behind the mill".to_owned(),
        request_id: request_id(),
        context: context(),
    };
    let batch = BatchResetPasswordsRequest {
        tenant_id: world.tenant_id.clone(),
        account_ids: vec![people[1].account_id.clone(), people[2].account_id.clone()],
        mode: PasswordResetMode::Generate.into(),
        request_id: request_id(),
        context: context(),
    };
    vec![
        Example::new("/rekey.identity.v1.PasswordAdministrationService/ResetPassword", &set),
        Example::new("/rekey.identity.v1.PasswordAdministrationService/BatchResetPasswords", &batch),
    ]
}
