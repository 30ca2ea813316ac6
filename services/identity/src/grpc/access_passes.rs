//! `rekey.identity.v1.AccessPassService`.

use std::time::Duration;

use rekey_primitives::secret::ExposeSecret as _;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::access_pass_service_server::AccessPassService;
use rekey_wire::time;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::refusal::status;
use super::sessions::tokens;
use super::{encode, steps};
use crate::administration::{Administration, PassShape};
use crate::domain::access_pass::{LENGTHS, LIVES, USUAL_LENGTH, USUAL_LIFE};
use crate::operation::Target;
use crate::sign_in::{SignInWithPass, SignIns, SignedIn};

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct AccessPassApi {
    pub(super) administration: Administration,
    pub(super) sign_ins: SignIns,
}

#[tonic::async_trait]
impl AccessPassService for AccessPassApi {
    async fn issue_temporary_access_pass(
        &self,
        request: Request<wire::IssueTemporaryAccessPassRequest>,
    ) -> Result<Response<wire::IssueTemporaryAccessPassResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let account_id = fields.account_id(&sent.account_id);
        let length = fields.take("length", length(sent.length), "0, or 8 to 48");
        let life = fields.take("life", life(sent.life.as_ref()), "10 minutes to 30 days");
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (target, shape, context) = fields.finish(|| {
            let target = Target { tenant_id: tenant_id?, account_id: account_id?, request_id: request_id? };
            let shape = PassShape { length: length?, life: life?, one_time: sent.one_time };
            Some((target, shape, context?))
        })?;
        let administrator = asking.administrator(context);
        let issued = self.administration.issue_pass(&administrator, target, shape).await.map_err(status)?;
        Ok(Response::new(wire::IssueTemporaryAccessPassResponse {
            access_pass: issued.access_pass.expose_secret().to_owned(),
            expire_time: encode::moment(issued.expires_at),
        }))
    }

    async fn revoke_temporary_access_pass(
        &self,
        request: Request<wire::RevokeTemporaryAccessPassRequest>,
    ) -> Result<Response<wire::RevokeTemporaryAccessPassResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let account_id = fields.account_id(&sent.account_id);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (target, context) = fields.finish(|| {
            let target = Target { tenant_id: tenant_id?, account_id: account_id?, request_id: request_id? };
            Some((target, context?))
        })?;
        let administrator = asking.administrator(context);
        let revoked = self.administration.revoke_pass(&administrator, target).await.map_err(status)?;
        Ok(Response::new(wire::RevokeTemporaryAccessPassResponse { revoked }))
    }

    async fn sign_in_with_access_pass(
        &self,
        request: Request<wire::SignInWithAccessPassRequest>,
    ) -> Result<Response<wire::SignInWithAccessPassResponse>, Status> {
        use wire::sign_in_with_access_pass_response::Result as Outcome;
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let login = fields.typed_login(sent.login);
        let access_pass = fields.password("access_pass", sent.access_pass);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let sign_in = fields.finish(|| {
            Some(SignInWithPass {
                tenant_id: tenant_id?,
                login: login?,
                access_pass: access_pass?,
                request_id: request_id?,
                context: context?,
            })
        })?;
        let signed_in = self.sign_ins.sign_in_with_pass(&asking.caller(), &sign_in).await;
        let result = match steps::told("sign_in_pass", signed_in, steps::signed_in)? {
            SignedIn::Tokens(issued) => Outcome::Tokens(tokens(&issued)),
            // A pass leads to no challenge.
            SignedIn::Challenge(_) | SignedIn::Rejected => Outcome::Rejection(wire::SignInRejection {}),
        };
        Ok(Response::new(wire::SignInWithAccessPassResponse { result: Some(result) }))
    }
}

fn length(sent: i32) -> Option<usize> {
    let length = if sent == 0 { USUAL_LENGTH } else { usize::try_from(sent).ok()? };
    Some(length).filter(|length| LENGTHS.contains(length))
}

fn life(sent: Option<&prost_types::Duration>) -> Option<Duration> {
    let life = sent.map_or(Some(USUAL_LIFE), time::std_duration)?;
    Some(life).filter(|life| LIVES.contains(life))
}
