//! Taking a request, and closing it.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::help_desk_service_client::HelpDeskServiceClient;

use super::super::sentences::{refusal, sentence};
use super::{NamedRequest, caller, one};
use crate::peers::PeerError;
use crate::view::Problem;
use crate::web::{Fault, Member, PostedFields};

/// What was read of the request when the button was shown.
const ETAG: &str = "etag";

pub(super) async fn claim(
    member: Member,
    Path(named): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let named = NamedRequest::parse(&named)?;
    let request = wire::ClaimHelpRequestRequest {
        tenant_id: member.tenant().to_string(),
        help_request_id: named.request.clone(),
        etag: fields.text(ETAG).to_owned(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let answer = HelpDeskServiceClient::new(member.identity()).claim_help_request(request).await;
    let said = &member.visit.texts().requests.claimed;
    finish(&member, &named, answer.map(drop), said).await
}

pub(super) async fn resolve(
    member: Member,
    Path(named): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let named = NamedRequest::parse(&named)?;
    let request = wire::ResolveHelpRequestRequest {
        tenant_id: member.tenant().to_string(),
        help_request_id: named.request.clone(),
        etag: fields.text(ETAG).to_owned(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let answer = HelpDeskServiceClient::new(member.identity()).resolve_help_request(request).await;
    let said = &member.visit.texts().requests.resolved;
    finish(&member, &named, answer.map(drop), said).await
}

pub(super) async fn deny(
    member: Member,
    Path(named): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let named = NamedRequest::parse(&named)?;
    let request = wire::DenyHelpRequestRequest {
        tenant_id: member.tenant().to_string(),
        help_request_id: named.request.clone(),
        etag: fields.text(ETAG).to_owned(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let answer = HelpDeskServiceClient::new(member.identity()).deny_help_request(request).await;
    let said = &member.visit.texts().requests.denied;
    finish(&member, &named, answer.map(drop), said).await
}

/// Back to the request, with what was done or why it was not.
async fn finish(
    member: &Member,
    named: &NamedRequest,
    answer: Result<(), tonic::Status>,
    said: &str,
) -> Result<Response, Fault> {
    let Err(status) = answer else { return member.visit.redirect_saying(&named.path(), said) };
    let text = sentence(&member.visit, &refusal(PeerError::from(status))?)?;
    let code = caller::kept_code(&member.visit, named);
    one::page(member, named, code.as_ref(), Some(Problem { field: None, text })).await
}
