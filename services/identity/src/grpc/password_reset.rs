//! `rekey.identity.v1.PasswordResetService`.

use rekey_primitives::secret::ExposeSecret;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::password_reset_service_server::PasswordResetService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::{encode, steps};
use crate::resets::help::{AskForHelp, Help};
use crate::resets::{
    CompleteReset, OfferedMethod, RedeemLink, Repudiate, Resets, SendCode, StartReset, SubmitProof,
};

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct PasswordResetApi {
    pub(super) resets: Resets,
    pub(super) help: Help,
}

#[tonic::async_trait]
impl PasswordResetService for PasswordResetApi {
    async fn start_password_reset(
        &self,
        request: Request<wire::StartPasswordResetRequest>,
    ) -> Result<Response<wire::StartPasswordResetResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let login = fields.typed_login(sent.login);
        let context = fields.context(&asking, sent.context);
        let start =
            fields.finish(|| Some(StartReset { tenant_id: tenant_id?, login: login?, context: context? }))?;
        let started = self.resets.start(&asking.caller(), &start).await;
        let started = steps::done("reset_started", started)?;
        Ok(Response::new(wire::StartPasswordResetResponse {
            reset_token: started.reset_token.expose_secret().to_owned(),
            methods: started.methods.into_iter().map(method).collect(),
            proofs_required: i32::from(started.proofs_required),
            expire_time: encode::moment(started.expires_at),
        }))
    }

    async fn send_reset_code(
        &self,
        request: Request<wire::SendResetCodeRequest>,
    ) -> Result<Response<wire::SendResetCodeResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let reset_token = fields.token("reset_token", sent.reset_token);
        let method_id = fields.method_id(sent.method_id);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let send = fields.finish(|| {
            Some(SendCode {
                reset_token: reset_token?,
                method_id: method_id?,
                request_id: request_id?,
                context: context?,
            })
        })?;
        let code = self.resets.send_code(&asking.caller(), &send).await;
        let code = steps::done("reset_code_sent", code)?;
        Ok(Response::new(wire::SendResetCodeResponse {
            code_expire_time: encode::moment(code.code_expires_at),
            resend_time: encode::maybe_moment(code.resend_after),
        }))
    }

    async fn submit_reset_proof(
        &self,
        request: Request<wire::SubmitResetProofRequest>,
    ) -> Result<Response<wire::SubmitResetProofResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let reset_token = fields.token("reset_token", sent.reset_token);
        let method_id = fields.method_id(sent.method_id);
        let shown = fields.proof(sent.code, sent.passkey_credential_json);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let submit = fields.finish(|| {
            Some(SubmitProof {
                reset_token: reset_token?,
                method_id: method_id?,
                shown: shown?,
                request_id: request_id?,
                context: context?,
            })
        })?;
        let submitted = self.resets.submit_proof(&asking.caller(), &submit).await;
        let submitted =
            steps::told(
                "reset_proof",
                submitted,
                |submitted| {
                    if submitted.accepted { "done" } else { "rejected" }
                },
            )?;
        let outcome =
            if submitted.accepted { wire::ProofOutcome::Accepted } else { wire::ProofOutcome::Rejected };
        Ok(Response::new(wire::SubmitResetProofResponse {
            outcome: outcome.into(),
            reset_token: submitted.reset_token.expose_secret().to_owned(),
            proofs_remaining: i32::from(submitted.proofs_remaining),
        }))
    }

    async fn complete_password_reset(
        &self,
        request: Request<wire::CompletePasswordResetRequest>,
    ) -> Result<Response<wire::CompletePasswordResetResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let reset_token = fields.token("reset_token", sent.reset_token);
        let new_password = fields.password("new_password", sent.new_password);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let complete = fields.finish(|| {
            Some(CompleteReset {
                reset_token: reset_token?,
                new_password: new_password?,
                request_id: request_id?,
                context: context?,
            })
        })?;
        let completed = self.resets.complete(&asking.caller(), &complete).await;
        let completed = steps::done("reset_completed", completed)?;
        let sessions_revoked = encode::count(completed.sessions_revoked);
        Ok(Response::new(wire::CompletePasswordResetResponse { sessions_revoked }))
    }

    async fn request_administrator_help(
        &self,
        request: Request<wire::RequestAdministratorHelpRequest>,
    ) -> Result<Response<wire::RequestAdministratorHelpResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let login = fields.typed_login(sent.login);
        let reset_token = fields.optional_token("reset_token", sent.reset_token);
        let context = fields.context(&asking, sent.context);
        let request_id = fields.request_id(&sent.request_id);
        let message = sent.message;
        let ask = fields.finish(|| {
            Some(AskForHelp {
                tenant_id: tenant_id?,
                login: login?,
                reset_token: reset_token?,
                message,
                request_id: request_id?,
                context: context?,
            })
        })?;
        steps::done("help_requested", self.help.ask(&asking.caller(), &ask).await)?;
        Ok(Response::new(wire::RequestAdministratorHelpResponse {}))
    }

    async fn repudiate_reset(
        &self,
        request: Request<wire::RepudiateResetRequest>,
    ) -> Result<Response<wire::RepudiateResetResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let repudiation_token = fields.token("repudiation_token", sent.repudiation_token);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let repudiate = fields.finish(|| {
            Some(Repudiate {
                repudiation_token: repudiation_token?,
                request_id: request_id?,
                context: context?,
            })
        })?;
        let undone = self.resets.repudiate(&asking.caller(), &repudiate).await;
        let undone = steps::done("reset_repudiated", undone)?;
        Ok(Response::new(wire::RepudiateResetResponse {
            password_voided: true,
            account_frozen: true,
            sessions_revoked: encode::count(undone.sessions_revoked),
        }))
    }

    async fn redeem_reset_link(
        &self,
        request: Request<wire::RedeemResetLinkRequest>,
    ) -> Result<Response<wire::RedeemResetLinkResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let link_token = fields.token("link_token", sent.link_token);
        let new_password = fields.password("new_password", sent.new_password);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let redeem = fields.finish(|| {
            Some(RedeemLink {
                link_token: link_token?,
                new_password: new_password?,
                request_id: request_id?,
                context: context?,
            })
        })?;
        let redeemed = self.resets.redeem_link(&asking.caller(), &redeem).await;
        let redeemed = steps::done("reset_link", redeemed)?;
        let sessions_revoked = encode::count(redeemed.sessions_revoked);
        Ok(Response::new(wire::RedeemResetLinkResponse { sessions_revoked }))
    }
}

fn method(offered: OfferedMethod) -> wire::ResetMethod {
    wire::ResetMethod {
        method_id: offered.method_id,
        kind: encode::kind(offered.kind).into(),
        masked_destination: offered.masked_destination,
        passkey_request_options_json: offered.passkey_options.unwrap_or_default(),
    }
}
