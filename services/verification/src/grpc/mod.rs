//! The contract's side of this service: decode, call one flow, encode.
//!
//! - `decode`: fields into the domain's types, naming every field that is wrong.
//! - `encode`: the domain's types into messages.
//! - `refusal`: every "no" and every failure as a status, in one place.
//!
//! Whether the caller may call at all was judged before decoding. What it may name (tenant, purpose) and assert
//! (where the person is) is judged here, before anything is looked up.

mod decode;
mod encode;
mod refusal;

use std::sync::Arc;

use rekey_wire::verification::v1 as wire;
use rekey_wire::verification::v1::verification_service_server::VerificationService;
use tonic::{Request, Response, Status};

use self::decode::Decoding;
use crate::flows::{Error, Flows};

/// `rekey.verification.v1.VerificationService`.
#[derive(Debug, Clone)]
pub(crate) struct Api(Arc<Flows>);

impl Api {
    /// Answers with these flows.
    pub(crate) fn new(flows: Arc<Flows>) -> Self {
        Self(flows)
    }

    fn not_sent(&self, error: &Error) -> Status {
        refusal::status_of_send(error, &self.0.rules)
    }
}

#[tonic::async_trait]
impl VerificationService for Api {
    async fn start_verification(
        &self,
        request: Request<wire::StartVerificationRequest>,
    ) -> Result<Response<wire::StartVerificationResponse>, Status> {
        let order = Decoding::of(&request)?.start(request.get_ref())?;
        let started = self.0.start(&order).await.map_err(|error| self.not_sent(&error))?;
        Ok(Response::new(encode::started(&started)))
    }

    async fn resend_code(
        &self,
        request: Request<wire::ResendCodeRequest>,
    ) -> Result<Response<wire::ResendCodeResponse>, Status> {
        let order = Decoding::of(&request)?.resend(request.get_ref())?;
        let times = self.0.resend(&order).await.map_err(|error| self.not_sent(&error))?;
        Ok(Response::new(encode::resent(&times)))
    }

    async fn check_verification(
        &self,
        request: Request<wire::CheckVerificationRequest>,
    ) -> Result<Response<wire::CheckVerificationResponse>, Status> {
        let order = Decoding::of(&request)?.check(request.get_ref())?;
        let verdict = self.0.check(&order).await.map_err(|error| refusal::status(&error))?;
        Ok(Response::new(encode::checked(&verdict)))
    }

    async fn cancel_verification(
        &self,
        request: Request<wire::CancelVerificationRequest>,
    ) -> Result<Response<wire::CancelVerificationResponse>, Status> {
        let (place, id) = Decoding::of(&request)?.cancel(request.get_ref())?;
        let state = self.0.cancel(&place, id).await.map_err(|error| refusal::status(&error))?;
        Ok(Response::new(wire::CancelVerificationResponse { state: encode::state(state).into() }))
    }

    async fn get_verification(
        &self,
        request: Request<wire::GetVerificationRequest>,
    ) -> Result<Response<wire::GetVerificationResponse>, Status> {
        let place = Decoding::of(&request)?.get(request.get_ref())?;
        let shown = self.0.get(&place).await.map_err(|error| refusal::status(&error))?;
        Ok(Response::new(wire::GetVerificationResponse { verification: Some(encode::shown(&place, &shown)) }))
    }

    async fn redeem_grant(
        &self,
        request: Request<wire::RedeemGrantRequest>,
    ) -> Result<Response<wire::RedeemGrantResponse>, Status> {
        let order = Decoding::of(&request)?.redeem(request.get_ref())?;
        let grant = self.0.redeem(&order).await.map_err(|error| refusal::status(&error))?;
        Ok(Response::new(encode::redeemed(&grant)))
    }

    async fn release_subject(
        &self,
        request: Request<wire::ReleaseSubjectRequest>,
    ) -> Result<Response<wire::ReleaseSubjectResponse>, Status> {
        let (scope, purpose, subject, id) = Decoding::of(&request)?.release(request.get_ref())?;
        self.0.release(&scope, &purpose, &subject, id).await.map_err(|error| refusal::status(&error))?;
        Ok(Response::new(wire::ReleaseSubjectResponse {}))
    }
}
