//! `rekey.identity.v1.HelpDeskService`.

use rekey_primitives::id::{AccountId, HelpRequestId};
use rekey_wire::access::role_named;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::help_desk_service_server::HelpDeskService;
use rekey_wire::time;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::refusal::status;
use super::{callers, encode};
use crate::administration::{Administration, HelpTarget};
use crate::domain::diagnosis::{Check, CheckResult, CheckState, Remedy};
use crate::domain::help::{HelpAct, HelpFilter, HelpState};
use crate::views::HelpRequestView;

/// Answered by this use case.
#[derive(Clone)]
pub(super) struct HelpDeskApi {
    pub(super) administration: Administration,
}

/// The fields that every act has.
struct Sent {
    tenant_id: String,
    help_request_id: String,
    etag: String,
    request_id: String,
    context: Option<wire::RequestContext>,
}

/// Answers an act on a help request.
macro_rules! act {
    ($api:ident, $request:ident, $act:expr, $response:ident) => {{
        let (asking, sent) = Asking::open($request)?;
        let sent = Sent {
            tenant_id: sent.tenant_id,
            help_request_id: sent.help_request_id,
            etag: sent.etag,
            request_id: sent.request_id,
            context: sent.context,
        };
        let help_request = Some($api.act(&asking, sent, $act).await?);
        Ok(Response::new(wire::$response { help_request }))
    }};
}

impl HelpDeskApi {
    async fn act(&self, asking: &Asking, sent: Sent, act: HelpAct) -> Result<wire::HelpRequest, Status> {
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let id = fields.take("help_request_id", HelpRequestId::parse(&sent.help_request_id).ok(), "a UUID");
        let version = fields.optional_etag(&sent.etag);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(asking, sent.context);
        let (target, context) = fields.finish(|| {
            Some((
                HelpTarget { tenant_id: tenant_id?, id: id?, version: version?, request_id: request_id? },
                context?,
            ))
        })?;
        let administrator = asking.administrator(context);
        let view = self.administration.move_help(&administrator, target, act).await.map_err(status)?;
        Ok(help_request(view))
    }
}

#[tonic::async_trait]
impl HelpDeskService for HelpDeskApi {
    async fn list_help_requests(
        &self,
        request: Request<wire::ListHelpRequestsRequest>,
    ) -> Result<Response<wire::ListHelpRequestsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let state = fields.take("state", listed_state(sent.state), "one of the published states");
        let account_id =
            fields.optional("account_id", &sent.account_id, |text| AccountId::parse(text).ok(), "a UUID");
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let read = fields.finish(|| {
            Some((tenant_id?, HelpFilter { state: state?, account_id: account_id? }, asked?, context?))
        })?;
        let (tenant_id, filter, asked, context) = read;
        let administrator = asking.administrator(context);
        let listed = self.administration.list_help(&administrator, tenant_id, filter, &asked).await;
        let page = listed.map_err(status)?;
        Ok(Response::new(wire::ListHelpRequestsResponse {
            help_requests: page.items.iter().map(|request| help_request(request.into())).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn claim_help_request(
        &self,
        request: Request<wire::ClaimHelpRequestRequest>,
    ) -> Result<Response<wire::ClaimHelpRequestResponse>, Status> {
        act!(self, request, HelpAct::Claim, ClaimHelpRequestResponse)
    }

    async fn resolve_help_request(
        &self,
        request: Request<wire::ResolveHelpRequestRequest>,
    ) -> Result<Response<wire::ResolveHelpRequestResponse>, Status> {
        act!(self, request, HelpAct::Resolve, ResolveHelpRequestResponse)
    }

    async fn deny_help_request(
        &self,
        request: Request<wire::DenyHelpRequestRequest>,
    ) -> Result<Response<wire::DenyHelpRequestResponse>, Status> {
        act!(self, request, HelpAct::Deny, DenyHelpRequestResponse)
    }

    async fn send_caller_code(
        &self,
        request: Request<wire::SendCallerCodeRequest>,
    ) -> Result<Response<wire::SendCallerCodeResponse>, Status> {
        callers::send(&self.administration, request).await.map(Response::new)
    }

    async fn verify_caller(
        &self,
        request: Request<wire::VerifyCallerRequest>,
    ) -> Result<Response<wire::VerifyCallerResponse>, Status> {
        callers::verify(&self.administration, request).await.map(Response::new)
    }

    async fn diagnose_sign_in(
        &self,
        request: Request<wire::DiagnoseSignInRequest>,
    ) -> Result<Response<wire::DiagnoseSignInResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let login = fields.typed_login(sent.login);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, login, context) = fields.finish(|| Some((tenant_id?, login?, context?)))?;
        let administrator = asking.administrator(context);
        let found = self.administration.diagnose(&administrator, tenant_id, &login).await.map_err(status)?;
        Ok(Response::new(wire::DiagnoseSignInResponse {
            account_id: found.account_id.map(|id| id.to_string()).unwrap_or_default(),
            checks: found.checks.into_iter().map(check_result).collect(),
        }))
    }
}

/// The state that a list is of: the outer option says whether it is one, the inner one whether there is one.
fn listed_state(number: i32) -> Option<Option<HelpState>> {
    use wire::HelpRequestState as State;
    Some(match State::try_from(number).ok()? {
        State::Unspecified => None,
        State::Open => Some(HelpState::Open),
        State::Claimed => Some(HelpState::Claimed),
        State::Resolved => Some(HelpState::Resolved),
        State::Denied => Some(HelpState::Denied),
        State::Expired => Some(HelpState::Expired),
    })
}

fn help_request(view: HelpRequestView) -> wire::HelpRequest {
    use wire::HelpRequestState as State;
    let state = match HelpState::parse(&view.state) {
        None => State::Unspecified,
        Some(HelpState::Open) => State::Open,
        Some(HelpState::Claimed) => State::Claimed,
        Some(HelpState::Resolved) => State::Resolved,
        Some(HelpState::Denied) => State::Denied,
        Some(HelpState::Expired) => State::Expired,
    };
    wire::HelpRequest {
        help_request_id: view.help_request_id.hyphenated().to_string(),
        account_id: view.account_id.hyphenated().to_string(),
        message: view.message,
        proved: view.proved,
        state: state.into(),
        handler_account_id: view.handled_by.map(|id| id.hyphenated().to_string()).unwrap_or_default(),
        etag: encode::etag(view.version),
        create_time: Some(time::timestamp(view.created_at)),
        update_time: Some(time::timestamp(view.updated_at)),
        expire_time: Some(time::timestamp(view.expires_at)),
        caller_verify_time: view.caller_verified_at.map(time::timestamp),
    }
}

fn check_result(found: CheckResult) -> wire::SignInCheckResult {
    let state = match found.state {
        CheckState::Ok => wire::SignInCheckState::Ok,
        CheckState::Wrong => wire::SignInCheckState::Wrong,
        CheckState::Unknown => wire::SignInCheckState::Unknown,
    };
    let roles = found.roles.iter().filter_map(|role| role_named(role.as_str()));
    wire::SignInCheckResult {
        check: check(found.check).into(),
        state: state.into(),
        remedy: found.remedy.map_or(wire::SignInRemedy::Unspecified, remedy).into(),
        remedy_roles: roles.map(i32::from).collect(),
        method: found.method.unwrap_or_default(),
        end_time: encode::maybe_moment(found.ends_at),
    }
}

const fn check(check: Check) -> wire::SignInCheck {
    use wire::SignInCheck as Wire;
    match check {
        Check::Exists => Wire::Exists,
        Check::NotBlocked => Wire::NotBlocked,
        Check::NotFrozen => Wire::NotFrozen,
        Check::ManagedHere => Wire::ManagedHere,
        Check::NotLocked => Wire::NotLocked,
        Check::HasPassword => Wire::HasPassword,
        Check::TemporaryPasswordAlive => Wire::TemporaryPasswordAlive,
        Check::PasswordNotExpired => Wire::PasswordNotExpired,
        Check::NoChangeRequired => Wire::NoChangeRequired,
        Check::ResetInScope => Wire::ResetInScope,
        Check::ResetLicensed => Wire::ResetLicensed,
        Check::EnoughMethods => Wire::EnoughMethods,
        Check::MethodServes => Wire::MethodServes,
        Check::AddressDeliverable => Wire::AddressDeliverable,
        Check::NotThrottled => Wire::NotThrottled,
    }
}

const fn remedy(remedy: Remedy) -> wire::SignInRemedy {
    use wire::SignInRemedy as Wire;
    match remedy {
        Remedy::CheckLogin => Wire::CheckLogin,
        Remedy::Unblock => Wire::Unblock,
        Remedy::Unfreeze => Wire::Unfreeze,
        Remedy::OtherDirectory => Wire::OtherDirectory,
        Remedy::Unlock => Wire::Unlock,
        Remedy::ResetPassword => Wire::ResetPassword,
        Remedy::ChangePassword => Wire::ChangePassword,
        Remedy::ChangePolicy => Wire::ChangePolicy,
        Remedy::AddSeat => Wire::AddSeat,
        Remedy::AddMethod => Wire::AddMethod,
        Remedy::Wait => Wire::Wait,
        Remedy::ConfirmMethod => Wire::ConfirmMethod,
        Remedy::LookAtMessages => Wire::LookAtMessages,
    }
}
