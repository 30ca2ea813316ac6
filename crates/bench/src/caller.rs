//! Connections to one server, and the calls that are measured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::entropy::{SystemEntropy, uuid_v4};
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use rekey_wire::identity::v1::password_service_client::PasswordServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{
    CheckAccessTokenRequest, CompletePasswordResetRequest, EvaluatePasswordRequest, RequestContext,
    SendResetCodeRequest, SignInRequest, StartPasswordResetRequest, StartPasswordResetResponse,
    SubmitResetProofRequest, SubmitResetProofResponse,
};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// A new password that every tenant takes.
const CANDIDATE: &str = "another meadow of rain";

/// Connections to one server: measured to be enough for 64 calls at once.
const CONNECTIONS: usize = 4;

/// Connections to one server, the token that opens it, and the tenant that calls are about.
///
/// Every call has a number, which picks its connection and the place that the person calls from.
#[derive(Clone)]
pub(crate) struct Caller {
    channels: Vec<Channel>,
    token: Option<MetadataValue<Ascii>>,
    tenant_id: Arc<str>,
    deadline: Option<Duration>,
}

impl Caller {
    /// Opens the connections.
    pub(crate) async fn connect(
        address: SocketAddr,
        tenant_id: &str,
        token: Option<&str>,
    ) -> anyhow::Result<Self> {
        let mut channels = Vec::new();
        for _ in 0..CONNECTIONS {
            channels.push(Endpoint::from_shared(format!("http://{address}"))?.connect().await?);
        }
        let token = token.map(|token| format!("Bearer {token}").parse()).transpose()?;
        Ok(Self { channels, token, tenant_id: tenant_id.into(), deadline: None })
    }

    /// The same calls to a bare server, which asks for no token.
    pub(crate) async fn to_bare(&self, address: SocketAddr) -> anyhow::Result<Self> {
        Self::connect(address, &self.tenant_id, None).await
    }

    /// The same calls, each of which gives up after so long and says so beforehand.
    pub(crate) fn within(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The connection of a call with this number.
    pub(crate) fn channel(&self, number: usize) -> Channel {
        self.channels[number % self.channels.len()].clone()
    }

    /// A message with its credentials.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(deadline) = self.deadline {
            request.set_timeout(deadline);
        }
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        request
    }

    pub(crate) fn tenant_id(&self) -> String {
        self.tenant_id.to_string()
    }

    pub(crate) async fn start_reset(
        &self,
        login: String,
        number: usize,
    ) -> Result<StartPasswordResetResponse, Status> {
        let request =
            StartPasswordResetRequest { tenant_id: self.tenant_id(), login, context: Some(context(number)) };
        let mut resets = PasswordResetServiceClient::new(self.channel(number));
        Ok(resets.start_password_reset(self.request(request)).await?.into_inner())
    }

    /// Sends a code to the first method of a reset.
    pub(crate) async fn send_code(&self, reset_token: String, number: usize) -> Result<(), Status> {
        let request = SendResetCodeRequest {
            reset_token,
            method_id: "1".to_owned(),
            request_id: request_id(),
            context: Some(context(number)),
        };
        let mut resets = PasswordResetServiceClient::new(self.channel(number));
        resets.send_reset_code(self.request(request)).await.map(drop)
    }

    /// Shows a code for the first method of a reset.
    pub(crate) async fn prove(
        &self,
        reset_token: String,
        code: String,
        number: usize,
    ) -> Result<SubmitResetProofResponse, Status> {
        let request = SubmitResetProofRequest {
            reset_token,
            method_id: "1".to_owned(),
            code,
            request_id: request_id(),
            context: Some(context(number)),
            ..SubmitResetProofRequest::default()
        };
        let mut resets = PasswordResetServiceClient::new(self.channel(number));
        Ok(resets.submit_reset_proof(self.request(request)).await?.into_inner())
    }

    pub(crate) async fn evaluate(&self, reset_token: String, number: usize) -> Result<(), Status> {
        let request = EvaluatePasswordRequest {
            candidate_password: CANDIDATE.to_owned(),
            reset_token,
            context: Some(context(number)),
            ..EvaluatePasswordRequest::default()
        };
        let mut passwords = PasswordServiceClient::new(self.channel(number));
        passwords.evaluate_password(self.request(request)).await.map(drop)
    }

    /// Sets a password that every tenant takes and nobody had before.
    pub(crate) async fn complete(&self, reset_token: String, number: usize) -> Result<(), Status> {
        let request = CompletePasswordResetRequest {
            reset_token,
            new_password: format!("{CANDIDATE} {}", request_id()),
            request_id: request_id(),
            context: Some(context(number)),
        };
        let mut resets = PasswordResetServiceClient::new(self.channel(number));
        resets.complete_password_reset(self.request(request)).await.map(drop)
    }

    pub(crate) async fn sign_in(
        &self,
        login: String,
        password: String,
        number: usize,
    ) -> Result<SignInResult, Status> {
        let request = SignInRequest {
            tenant_id: self.tenant_id(),
            login,
            password,
            request_id: request_id(),
            context: Some(context(number)),
        };
        let mut sessions = SessionServiceClient::new(self.channel(number));
        let answer = sessions.sign_in(self.request(request)).await?.into_inner();
        answer.result.ok_or_else(|| Status::internal("the answer is empty"))
    }

    pub(crate) async fn check_access_token(&self, access_token: String, number: usize) -> Result<(), Status> {
        let mut sessions = SessionServiceClient::new(self.channel(number));
        let request = self.request(CheckAccessTokenRequest { access_token });
        sessions.check_access_token(request).await.map(drop)
    }
}

/// Where the person of a call with this number is.
pub(crate) fn context(number: usize) -> RequestContext {
    RequestContext {
        ip_address: format!("192.0.2.{}", number % 250 + 1),
        user_agent: "rekey-bench/1".to_owned(),
        locale: String::new(),
    }
}

/// A fresh id for a call that may be repeated.
pub(crate) fn request_id() -> String {
    uuid_v4(&SystemEntropy).to_string()
}
