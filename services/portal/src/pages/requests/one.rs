//! One request: who asks, what proves that it is them, and what can be done.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::HelpRequestState;
use rekey_wire::identity::v1::help_desk_service_client::HelpDeskServiceClient;

use super::super::account_names::{AccountNames, account_path};
use super::{NamedRequest, caller, state_badge};
use crate::cookies::CallerCode;
use crate::peers::timestamp_from_wire;
use crate::view::{FormProblem, Html, Values, moment};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent};
use crate::words::interpolate;

/// An account has one pending request, and few settled ones are kept.
const LOOKED_THROUGH: i32 = 200;

pub(super) async fn show(user: CurrentUser, Path(named): Path<(String, String)>) -> Result<Response, Fault> {
    let named = NamedRequest::parse(&named)?;
    let code = caller::kept_code(&user.context, &named);
    page(&user, &named, code.as_ref(), None).await
}

/// The page, with the code that is under way to the caller and what went wrong.
pub(super) async fn page(
    user: &CurrentUser,
    named: &NamedRequest,
    code: Option<&CallerCode>,
    problem: Option<FormProblem>,
) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().requests;
    let request = find(user, named).await?;
    let people = vec![request.account_id.clone(), request.handler_account_id.clone()];
    let names = AccountNames::of(user, people).await;
    let name = names.name(&request.account_id);
    let is_pending = matches!(request.state(), HelpRequestState::Open | HelpRequestState::Claimed);
    let acts = if !is_pending {
        None
    } else if named.account == user.account_id() {
        Some(own(user)?)
    } else {
        let check = caller::section(user, named, code, problem.as_ref())?;
        Some(acts(user, named, &request, name, check)?)
    };
    let values = facts(user, &request, &names).optional_html("acts", acts);
    user.page(
        MenuItem::Requests,
        PageContent {
            problems: problem.into_iter().collect(),
            ..PageContent::new(
                &interpolate(&words.title_one, "name", name),
                context.body("requests_one", values)?,
            )
        },
    )
}

async fn find(user: &CurrentUser, named: &NamedRequest) -> Result<wire::HelpRequest, Fault> {
    let request = wire::ListHelpRequestsRequest {
        tenant_id: user.tenant().to_string(),
        page_size: LOOKED_THROUGH,
        context: user.request_context(),
        account_id: named.account.clone(),
        ..wire::ListHelpRequestsRequest::default()
    };
    let listed = HelpDeskServiceClient::new(user.identity()).list_help_requests(request).await?;
    let mut found = listed.into_inner().help_requests.into_iter();
    found.find(|one| one.help_request_id == named.request).ok_or(Fault::NotFound)
}

/// What is known of it.
fn facts(user: &CurrentUser, request: &wire::HelpRequest, names: &AccountNames) -> Values {
    let words = &user.context.texts().requests;
    let (mark, state) = state_badge(words, request.state());
    let optional =
        |values: Values, name: &'static str, at: Option<&prost_types::Timestamp>| match timestamp_from_wire(
            at,
        ) {
            Some(at) => values.part(name, moment(at)),
            None => values.flag(name, false),
        };
    let message = Some(request.message.as_str()).filter(|message| !message.is_empty());
    let handler = Some(request.handler_account_id.as_str()).filter(|id| !id.is_empty());
    let values = Values::default()
        .text("account_path", &account_path(&request.account_id))
        .text("name", names.name(&request.account_id))
        .text("state", state)
        .text("state_class", mark.class())
        .optional("handler", handler.map(|id| names.name(id)))
        .optional("message", message)
        .text("proof", if request.proved { &words.proved_says } else { &words.not_proved_says });
    let values = optional(values, "asked_at", request.create_time.as_ref());
    let values = optional(values, "expires_at", request.expire_time.as_ref());
    optional(values, "verified_at", request.caller_verify_time.as_ref())
}

/// Nobody helps themselves.
fn own(user: &CurrentUser) -> Result<Html, Fault> {
    let text = &user.context.texts().requests.own;
    user.context.body("requests_own", Values::default().text("text", text))
}

/// What can be done for whom, behind the check of a caller.
fn acts(
    user: &CurrentUser,
    named: &NamedRequest,
    request: &wire::HelpRequest,
    name: &str,
    check: Html,
) -> Result<Html, Fault> {
    let context = &user.context;
    let words = &context.texts().requests;
    let values = Values::default()
        .html("check", check)
        .text("etag", &request.etag)
        .text("account_path", &account_path(&request.account_id))
        .flag("is_open", request.state() == HelpRequestState::Open)
        .text("claim_path", &named.act("claim"))
        .html("claim_hidden", context.hidden_fields(&named.act("claim"))?)
        .text("resolve_path", &named.act("resolve"))
        .html("resolve_hidden", context.hidden_fields(&named.act("resolve"))?)
        .text("resolve_button", &interpolate(&words.resolve, "name", name))
        .text("deny_path", &named.act("deny"))
        .html("deny_hidden", context.hidden_fields(&named.act("deny"))?)
        .text("deny_button", &interpolate(&words.deny, "name", name));
    context.body("requests_acts", values)
}
