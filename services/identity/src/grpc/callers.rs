//! Callers on the phone, as `rekey.identity.v1.HelpDeskService` has them.

use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_wire::identity::v1 as wire;
use tonic::{Request, Status};

use super::account_filter::method;
use super::decode::{Asking, Fields};
use super::refusal::status;
use super::{encode, steps};
use crate::administration::{Administration, ReadBack};
use crate::operation::Target;

/// Has a code sent to a caller.
pub(super) async fn send(
    administration: &Administration,
    request: Request<wire::SendCallerCodeRequest>,
) -> Result<wire::SendCallerCodeResponse, Status> {
    let (asking, sent) = Asking::open(request)?;
    let mut fields = Fields::default();
    let tenant_id = fields.tenant_id(&sent.tenant_id);
    let account_id = fields.account_id(&sent.account_id);
    let is_sent = |kind: &Option<MethodKind>| kind.is_none_or(|kind| kind.channel().is_some());
    let kind = method(sent.method_kind).filter(is_sent);
    let kind = fields.take("method_kind", kind, "METHOD_KIND_EMAIL or METHOD_KIND_PHONE");
    let request_id = fields.request_id(&sent.request_id);
    let context = fields.context(&asking, sent.context);
    let (target, kind, context) = fields.finish(|| {
        let target = Target { tenant_id: tenant_id?, account_id: account_id?, request_id: request_id? };
        Some((target, kind?, context?))
    })?;
    let administrator = asking.administrator(context);
    let code = administration.send_caller_code(&administrator, target, kind).await.map_err(status)?;
    let kind = MethodKind::parse(&code.kind).map_or(wire::MethodKind::Unspecified, encode::kind);
    Ok(wire::SendCallerCodeResponse {
        caller_token: code.caller_token.expose_secret().to_owned(),
        method_kind: kind.into(),
        masked_destination: code.masked_destination,
        code_expire_time: encode::moment(code.code_expires_at),
    })
}

/// Judges what a caller read back.
pub(super) async fn verify(
    administration: &Administration,
    request: Request<wire::VerifyCallerRequest>,
) -> Result<wire::VerifyCallerResponse, Status> {
    let (asking, sent) = Asking::open(request)?;
    let mut fields = Fields::default();
    let caller_token = fields.token("caller_token", sent.caller_token);
    let code = fields.code(sent.code);
    let request_id = fields.request_id(&sent.request_id);
    let context = fields.context(&asking, sent.context);
    let (read, context) = fields.finish(|| {
        let read = ReadBack { caller_token: caller_token?, code: code?, request_id: request_id? };
        Some((read, context?))
    })?;
    let administrator = asking.administrator(context);
    let verdict = administration.verify_caller(&administrator, &read).await;
    let verdict =
        steps::told("caller_verified", verdict, |verdict| if verdict.matched { "done" } else { "rejected" })?;
    let outcome = if verdict.matched { wire::CallerOutcome::Matched } else { wire::CallerOutcome::Rejected };
    Ok(wire::VerifyCallerResponse {
        outcome: outcome.into(),
        help_request_id: verdict.help_request_id.map(|id| id.to_string()).unwrap_or_default(),
    })
}
