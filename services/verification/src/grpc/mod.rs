//! The contract's side of this service: decode, call one use case, encode.
//!
//! - `decode`: fields into requests of the use cases, naming every field that is wrong.
//! - `encode`: answers into messages; `conversion`: the question of how texts convert, and its answer.
//! - `measures`: what was told, counted.
//! - `refusal`: every refusal and every failure as a status, in one place.
//!
//! Whether the caller may call at all was judged before decoding. What it may name (tenant, purpose) and assert (where
//! the person is) is judged here, before anything is read.

mod conversion;
mod decode;
mod encode;
mod measures;
mod refusal;

use std::sync::Arc;

use rekey_wire::verification::v1 as wire;
use rekey_wire::verification::v1::verification_service_server::VerificationService;
use tonic::{Request, Response, Status};

use self::decode::Decoder;
use crate::codes::Codes;

/// `rekey.verification.v1.VerificationService`.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    codes: Arc<Codes>,
}

impl Api {
    pub(crate) fn new(codes: Arc<Codes>) -> Self {
        Self { codes }
    }
}

#[tonic::async_trait]
impl VerificationService for Api {
    async fn start_verification(
        &self,
        request: Request<wire::StartVerificationRequest>,
    ) -> Result<Response<wire::StartVerificationResponse>, Status> {
        let start = Decoder::of(&request)?.start(request.get_ref())?;
        let started = self.codes.start(&start).await;
        measures::started(&started);
        match started {
            Ok(sent) => Ok(Response::new(encode::started(&sent, start.route.destinations.channel()))),
            Err(error) => Err(refusal::status(&error)),
        }
    }

    async fn resend_code(
        &self,
        request: Request<wire::ResendCodeRequest>,
    ) -> Result<Response<wire::ResendCodeResponse>, Status> {
        let resend = Decoder::of(&request)?.resend(request.get_ref())?;
        let resent = self.codes.resend(&resend).await;
        measures::resent(&resent);
        match resent {
            Ok(times) => Ok(Response::new(encode::resent(&times))),
            Err(error) => Err(refusal::status(&error)),
        }
    }

    async fn check_verification(
        &self,
        request: Request<wire::CheckVerificationRequest>,
    ) -> Result<Response<wire::CheckVerificationResponse>, Status> {
        let check = Decoder::of(&request)?.check(request.get_ref())?;
        let verdict = self.codes.check(&check).await;
        measures::checked(&verdict);
        let verdict = verdict.map_err(|error| refusal::status(&error))?;
        Ok(Response::new(encode::checked(&verdict)))
    }

    async fn cancel_verification(
        &self,
        request: Request<wire::CancelVerificationRequest>,
    ) -> Result<Response<wire::CancelVerificationResponse>, Status> {
        let cancel = Decoder::of(&request)?.cancel(request.get_ref())?;
        let state = self.codes.cancel(&cancel).await.map_err(|error| refusal::status(&error))?;
        Ok(Response::new(wire::CancelVerificationResponse { state: encode::state(state).into() }))
    }

    async fn get_verification(
        &self,
        request: Request<wire::GetVerificationRequest>,
    ) -> Result<Response<wire::GetVerificationResponse>, Status> {
        let id = Decoder::of(&request)?.get(request.get_ref())?;
        let view = self.codes.get(&id).await.map_err(|error| refusal::status(&error))?;
        let verification = Some(encode::verification(&id, &view));
        Ok(Response::new(wire::GetVerificationResponse { verification }))
    }

    async fn redeem_grant(
        &self,
        request: Request<wire::RedeemGrantRequest>,
    ) -> Result<Response<wire::RedeemGrantResponse>, Status> {
        let redeem = Decoder::of(&request)?.redeem(request.get_ref())?;
        let grant = self.codes.redeem(&redeem).await;
        measures::redeemed(&grant);
        let grant = grant.map_err(|error| refusal::status(&error))?;
        Ok(Response::new(encode::redeemed(&grant)))
    }

    async fn release_subject(
        &self,
        request: Request<wire::ReleaseSubjectRequest>,
    ) -> Result<Response<wire::ReleaseSubjectResponse>, Status> {
        let release = Decoder::of(&request)?.release(request.get_ref())?;
        self.codes.release(&release).await.map_err(|error| refusal::status(&error))?;
        Ok(Response::new(wire::ReleaseSubjectResponse {}))
    }

    async fn get_conversion(
        &self,
        request: Request<wire::GetConversionRequest>,
    ) -> Result<Response<wire::GetConversionResponse>, Status> {
        let asked = Decoder::of(&request)?.conversion(request.get_ref())?;
        let view = self.codes.conversion(&asked).await.map_err(|error| refusal::status(&error))?;
        Ok(Response::new(conversion::conversion(&view)))
    }
}
