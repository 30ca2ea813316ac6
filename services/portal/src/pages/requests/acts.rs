//! Taking a request, and closing it.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::help_desk_service_client::HelpDeskServiceClient;

use super::super::refusal_texts::{refusal, refusal_text};
use super::{NamedRequest, caller, one};
use crate::peers::PeerError;
use crate::view::FormProblem;
use crate::web::{CurrentUser, Fault, PostedFields};

/// What was read of the request when the button was shown.
const ETAG: &str = "etag";

pub(super) async fn claim(
    user: CurrentUser,
    Path(named): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let named = NamedRequest::parse(&named)?;
    let request = wire::ClaimHelpRequestRequest {
        tenant_id: user.tenant().to_string(),
        help_request_id: named.request.clone(),
        etag: fields.text(ETAG).to_owned(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let answer = HelpDeskServiceClient::new(user.identity()).claim_help_request(request).await;
    let said = &user.context.texts().requests.claimed;
    finish(&user, &named, answer.map(drop), said).await
}

pub(super) async fn resolve(
    user: CurrentUser,
    Path(named): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let named = NamedRequest::parse(&named)?;
    let request = wire::ResolveHelpRequestRequest {
        tenant_id: user.tenant().to_string(),
        help_request_id: named.request.clone(),
        etag: fields.text(ETAG).to_owned(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let answer = HelpDeskServiceClient::new(user.identity()).resolve_help_request(request).await;
    let said = &user.context.texts().requests.resolved;
    finish(&user, &named, answer.map(drop), said).await
}

pub(super) async fn deny(
    user: CurrentUser,
    Path(named): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let named = NamedRequest::parse(&named)?;
    let request = wire::DenyHelpRequestRequest {
        tenant_id: user.tenant().to_string(),
        help_request_id: named.request.clone(),
        etag: fields.text(ETAG).to_owned(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let answer = HelpDeskServiceClient::new(user.identity()).deny_help_request(request).await;
    let said = &user.context.texts().requests.denied;
    finish(&user, &named, answer.map(drop), said).await
}

/// Back to the request, with what was done or why it was not.
async fn finish(
    user: &CurrentUser,
    named: &NamedRequest,
    answer: Result<(), tonic::Status>,
    said: &str,
) -> Result<Response, Fault> {
    let Err(status) = answer else { return user.context.redirect_with_flash(&named.path(), said) };
    let text = refusal_text(&user.context, &refusal(PeerError::from(status))?)?;
    let code = caller::kept_code(&user.context, named);
    one::page(user, named, code.as_ref(), Some(FormProblem { field: None, text })).await
}
