//! A backend that does not give up: it repeats a call, with the `request_id` it began with, until there is an answer
//! that is final, as the contract allows it to.

use rekey_client::{Connection, Problem};
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{
    CompletePasswordResetRequest, CompletePasswordResetResponse, CreateAccountRequest, SendResetCodeRequest,
    SendResetCodeResponse, SignInRequest, StartPasswordResetRequest, StartPasswordResetResponse,
    SubmitResetProofRequest, SubmitResetProofResponse, WatchEventsRequest, WatchEventsResponse,
};
use tonic::{Code, Response, Status, Streaming};

use crate::person::{Person, request_id};
use crate::waiting::eventually;

/// Calls identity about the people of one tenant.
#[derive(Clone)]
pub struct Backend {
    /// Calls to identity.
    pub identity: Connection,
    /// The tenant.
    pub tenant_id: String,
}

impl Backend {
    /// A backend of this tenant.
    pub const fn new(identity: Connection, tenant_id: String) -> Self {
        Self { identity, tenant_id }
    }

    /// Creates a person with a confirmed mail address and a password.
    pub async fn person(&self, name: &str) -> Person {
        let login = format!("{name}@acme.example");
        let password = "seven quiet lanterns under snow".to_owned();
        let request = CreateAccountRequest {
            tenant_id: self.tenant_id.clone(),
            logins: vec![login.clone()],
            display_name: name.to_owned(),
            external_id: String::new(),
            password: password.clone(),
            email_addresses: vec![login.clone()],
            phone_numbers: Vec::new(),
            addresses_confirmed: true,
            must_change_password: false,
            managed_elsewhere: false,
            request_id: request_id(),
            context: None,
        };
        let accounts = AccountServiceClient::new(self.identity.clone());
        let created = insist(async || accounts.clone().create_account(request.clone()).await).await.unwrap();
        Person { account_id: created.account.unwrap().account_id, login, password }
    }

    /// Opens a reset.
    pub async fn start(&self, login: &str) -> Result<StartPasswordResetResponse, Status> {
        let request = StartPasswordResetRequest {
            tenant_id: self.tenant_id.clone(),
            login: login.to_owned(),
            context: None,
        };
        insist(async || self.resets().start_password_reset(request.clone()).await).await
    }

    /// Has a code sent.
    pub async fn send(&self, reset_token: &str, method_id: &str) -> Result<SendResetCodeResponse, Status> {
        let request = SendResetCodeRequest {
            reset_token: reset_token.to_owned(),
            method_id: method_id.to_owned(),
            request_id: request_id(),
            context: None,
        };
        insist(async || self.resets().send_reset_code(request.clone()).await).await
    }

    /// Shows a code.
    pub async fn prove(
        &self,
        reset_token: &str,
        method_id: &str,
        code: &str,
    ) -> Result<SubmitResetProofResponse, Status> {
        let request = SubmitResetProofRequest {
            reset_token: reset_token.to_owned(),
            method_id: method_id.to_owned(),
            code: code.to_owned(),
            request_id: request_id(),
            context: None,
        };
        insist(async || self.resets().submit_reset_proof(request.clone()).await).await
    }

    /// Sets a new password.
    pub async fn complete(
        &self,
        reset_token: &str,
        new_password: &str,
    ) -> Result<CompletePasswordResetResponse, Status> {
        let request = CompletePasswordResetRequest {
            reset_token: reset_token.to_owned(),
            new_password: new_password.to_owned(),
            request_id: request_id(),
            context: None,
        };
        insist(async || self.resets().complete_password_reset(request.clone()).await).await
    }

    /// Whether a password signs a person in.
    pub async fn signs_in(&self, login: &str, password: &str) -> bool {
        let request = SignInRequest {
            tenant_id: self.tenant_id.clone(),
            login: login.to_owned(),
            password: password.to_owned(),
            request_id: request_id(),
            context: None,
        };
        let sessions = SessionServiceClient::new(self.identity.clone());
        let answer = insist(async || sessions.clone().sign_in(request.clone()).await).await.unwrap();
        matches!(answer.result, Some(SignInResult::Tokens(_)))
    }

    /// Follows the audit log.
    pub async fn watch(
        &self,
        request: &WatchEventsRequest,
    ) -> Result<Streaming<WatchEventsResponse>, Status> {
        let audit = AuditServiceClient::new(self.identity.clone());
        insist(async || audit.clone().watch_events(request.clone()).await).await
    }

    fn resets(&self) -> PasswordResetServiceClient<Connection> {
        PasswordResetServiceClient::new(self.identity.clone())
    }
}

/// Repeats a call until it has an answer or a refusal.
async fn insist<T>(mut call: impl AsyncFnMut() -> Result<Response<T>, Status>) -> Result<T, Status> {
    let settled = async || match call().await {
        Ok(answer) => Some(Ok(answer.into_inner())),
        Err(status) if is_passing(&status) => None,
        Err(status) => Some(Err(status)),
    };
    eventually("an answer that is final", settled).await
}

/// A process or a store is away or busy, or the connection broke and nobody knows what was done.
fn is_passing(status: &Status) -> bool {
    let reason = Problem::of(status).reason;
    let came_from_a_service = !reason.is_empty();
    let is_busy = matches!(reason.as_str(), "HASHING_BUSY" | "OVERLOADED");
    !came_from_a_service || is_busy || matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded)
}
