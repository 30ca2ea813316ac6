//! `rekey help` and `rekey diagnose`.

mod callers;

use std::path::Path;

use anyhow::Context as _;
use rekey_client::Connection;
use rekey_wire::access::role_word;
use rekey_wire::identity::v1::help_desk_service_client::HelpDeskServiceClient;
use rekey_wire::identity::v1::{
    ClaimHelpRequestRequest, DenyHelpRequestRequest, DiagnoseSignInRequest, HelpRequest, HelpRequestState,
    ListHelpRequestsRequest, ResolveHelpRequestRequest, SignInCheckResult, SignInCheckState, SignInRemedy,
};
use serde_json::{Value, json};

use crate::arguments::{Diagnose, HelpCommand, InTenant, ListedState, OnHelpRequest};
use crate::output::{Output, table, word};
use crate::profile::{Profile, request_id, time};

/// A step on a help request.
enum Step {
    Claim,
    Resolve,
    Deny,
}

pub(crate) async fn run(command: HelpCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    match command {
        HelpCommand::List { state, tenant } => list(&profile, state, &tenant, output).await,
        HelpCommand::Claim(on) => step(&profile, on, Step::Claim, output).await,
        HelpCommand::Resolve(on) => step(&profile, on, Step::Resolve, output).await,
        HelpCommand::Deny(on) => step(&profile, on, Step::Deny, output).await,
        HelpCommand::Verify { on, by } => callers::verify(&profile, &on, by, output).await,
    }
}

pub(crate) async fn diagnose(asked: &Diagnose, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    let tenant_id = profile.tenant(&asked.tenant).await?.tenant_id;
    let request = DiagnoseSignInRequest { tenant_id, login: asked.login.clone(), context: None };
    let found = client(&profile)?.diagnose_sign_in(request).await?.into_inner();
    let data = json!({
        "account_id": Some(&found.account_id).filter(|id| !id.is_empty()),
        "checks": found.checks.iter().map(check_shown).collect::<Vec<_>>(),
    });
    output.data(&data, |_| diagnosis(&found.checks))
}

fn client(profile: &Profile) -> anyhow::Result<HelpDeskServiceClient<Connection>> {
    Ok(HelpDeskServiceClient::new(profile.identity()?))
}

async fn list(
    profile: &Profile,
    state: Option<ListedState>,
    tenant: &InTenant,
    output: Output,
) -> anyhow::Result<()> {
    let state = match state {
        None => HelpRequestState::Unspecified,
        Some(ListedState::Open) => HelpRequestState::Open,
        Some(ListedState::Claimed) => HelpRequestState::Claimed,
        Some(ListedState::Resolved) => HelpRequestState::Resolved,
        Some(ListedState::Denied) => HelpRequestState::Denied,
        Some(ListedState::Expired) => HelpRequestState::Expired,
    };
    let tenant_id = profile.tenant(tenant).await?.tenant_id;
    let (mut client, mut found, mut page_token) = (client(profile)?, Vec::new(), String::new());
    loop {
        let (tenant_id, state) = (tenant_id.clone(), state.into());
        let request = ListHelpRequestsRequest {
            tenant_id,
            state,
            page_size: 200,
            page_token,
            ..ListHelpRequestsRequest::default()
        };
        let page = client.list_help_requests(request).await?.into_inner();
        found.extend(page.help_requests);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let data: Vec<Value> = found.iter().map(shown).collect();
    output.data(&data, |_| rows(&found))
}

async fn step(profile: &Profile, on: OnHelpRequest, step: Step, output: Output) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(&on.tenant).await?.tenant_id;
    let OnHelpRequest { request: help_request_id, etag, .. } = on;
    let (mut client, request_id, context) = (client(profile)?, request_id(), None);
    let moved = match step {
        Step::Claim => {
            let request = ClaimHelpRequestRequest { tenant_id, help_request_id, etag, request_id, context };
            client.claim_help_request(request).await?.into_inner().help_request
        }
        Step::Resolve => {
            let request = ResolveHelpRequestRequest { tenant_id, help_request_id, etag, request_id, context };
            client.resolve_help_request(request).await?.into_inner().help_request
        }
        Step::Deny => {
            let request = DenyHelpRequestRequest { tenant_id, help_request_id, etag, request_id, context };
            client.deny_help_request(request).await?.into_inner().help_request
        }
    };
    let moved = moved.context("the answer holds no help request")?;
    output.data(&shown(&moved), |_| rows(std::slice::from_ref(&moved)))
}

pub(super) fn shown(request: &HelpRequest) -> Value {
    json!({
        "help_request_id": request.help_request_id,
        "account_id": request.account_id,
        "message": request.message,
        "proved": request.proved,
        "state": state(request),
        "handler_account_id": Some(&request.handler_account_id).filter(|id| !id.is_empty()),
        "etag": request.etag,
        "create_time": request.create_time.map(|at| time(at.seconds)),
        "update_time": request.update_time.map(|at| time(at.seconds)),
        "expire_time": request.expire_time.map(|at| time(at.seconds)),
        "caller_verify_time": request.caller_verify_time.map(|at| time(at.seconds)),
    })
}

fn state(request: &HelpRequest) -> String {
    word(request.state().as_str_name(), "HELP_REQUEST_STATE_")
}

pub(super) fn rows(requests: &[HelpRequest]) -> String {
    let head =
        ["REQUEST", "ACCOUNT", "STATE", "PROVED", "CALLER", "FILED", "MESSAGE"].map(str::to_owned).to_vec();
    let row = |request: &HelpRequest| {
        let proved = if request.proved { "yes" } else { "no" };
        let caller = if request.caller_verify_time.is_some() { "verified" } else { "" };
        let filed = request.create_time.map(|at| time(at.seconds)).unwrap_or_default();
        let message = request.message.replace('\n', " ");
        let (id, account) = (request.help_request_id.clone(), request.account_id.clone());
        vec![id, account, state(request), proved.to_owned(), caller.to_owned(), filed, message]
    };
    table(&std::iter::once(head).chain(requests.iter().map(row)).collect::<Vec<_>>())
}

pub(super) fn check_shown(found: &SignInCheckResult) -> Value {
    json!({
        "check": word(found.check().as_str_name(), "SIGN_IN_CHECK_"),
        "state": word(found.state().as_str_name(), "SIGN_IN_CHECK_STATE_"),
        "remedy": remedy(found),
        "remedy_roles": found.remedy_roles().map(role_word).collect::<Vec<_>>(),
        "method": Some(&found.method).filter(|method| !method.is_empty()),
        "end_time": found.end_time.map(|at| time(at.seconds)),
    })
}

fn remedy(found: &SignInCheckResult) -> Option<String> {
    let remedy = Some(found.remedy()).filter(|remedy| *remedy != SignInRemedy::Unspecified)?;
    Some(word(remedy.as_str_name(), "SIGN_IN_REMEDY_"))
}

pub(super) fn diagnosis(checks: &[SignInCheckResult]) -> String {
    let head = ["CHECK", "STATE", "STEP", "BY", "UNTIL"].map(str::to_owned).to_vec();
    let row = |found: &SignInCheckResult| {
        let check = word(found.check().as_str_name(), "SIGN_IN_CHECK_").replace('_', " ");
        let check = if found.method.is_empty() { check } else { format!("{check}: {}", found.method) };
        let state = word(found.state().as_str_name(), "SIGN_IN_CHECK_STATE_");
        let step = remedy(found).unwrap_or_default().replace('_', " ");
        let by = found.remedy_roles().map(role_word).collect::<Vec<_>>().join(" ");
        vec![check, state, step, by, found.end_time.map(|at| time(at.seconds)).unwrap_or_default()]
    };
    let rows = std::iter::once(head).chain(checks.iter().map(row)).collect::<Vec<_>>();
    let wrong = checks.iter().filter(|found| found.state() == SignInCheckState::Wrong).count();
    let summary = match wrong {
        0 => "Nothing that is known here stands in the way.".to_owned(),
        1 => "One thing stands in the way.".to_owned(),
        several => format!("{several} things stand in the way; mend them from the top."),
    };
    format!("{}\n{summary}", table(&rows))
}
