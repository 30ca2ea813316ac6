//! A backend that does not give up: it repeats a call, with the `request_id` it began with, until there is an answer
//! that is final, as the contract allows it to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rekey_client::{Connection, Problem};
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{
    CheckAccessTokenRequest, CompletePasswordResetRequest, CompletePasswordResetResponse,
    CreateAccountRequest, SendResetCodeRequest, SendResetCodeResponse, SignInRequest,
    StartPasswordResetRequest, StartPasswordResetResponse, SubmitResetProofRequest, SubmitResetProofResponse,
    WatchEventsRequest, WatchEventsResponse,
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
    met: Arc<Mutex<Met>>,
}

/// What calls met that were made again, by the name of the gRPC code, and how often.
pub type Met = BTreeMap<String, usize>;

impl Backend {
    /// A backend of this tenant.
    pub fn new(identity: Connection, tenant_id: String) -> Self {
        Self { identity, tenant_id, met: Arc::default() }
    }

    /// What the calls of this backend and of its clones met.
    ///
    /// # Panics
    /// When a call panicked.
    pub fn met(&self) -> Met {
        self.met.lock().unwrap().clone()
    }

    /// Creates a person with a confirmed mail address and a password.
    pub async fn person(&self, name: &str) -> Person {
        self.person_with(name, |_| {}).await
    }

    /// The same with something different.
    pub async fn person_with(&self, name: &str, change: impl FnOnce(&mut CreateAccountRequest)) -> Person {
        let login = format!("{name}@acme.example");
        let mut request = CreateAccountRequest {
            tenant_id: self.tenant_id.clone(),
            logins: vec![login.clone()],
            display_name: name.to_owned(),
            external_id: String::new(),
            password: "seven quiet lanterns under snow".to_owned(),
            email_addresses: vec![login.clone()],
            phone_numbers: Vec::new(),
            addresses_confirmed: true,
            must_change_password: false,
            managed_elsewhere: false,
            request_id: request_id(),
            context: None,
        };
        change(&mut request);
        let accounts = AccountServiceClient::new(self.identity.clone());
        let created = self.insist(async || accounts.clone().create_account(request.clone()).await).await;
        Person { account_id: created.unwrap().account.unwrap().account_id, login, password: request.password }
    }

    /// Opens a reset.
    pub async fn start(&self, login: &str) -> Result<StartPasswordResetResponse, Status> {
        let request = StartPasswordResetRequest {
            tenant_id: self.tenant_id.clone(),
            login: login.to_owned(),
            context: None,
        };
        self.insist(async || self.resets().start_password_reset(request.clone()).await).await
    }

    /// Has a code sent.
    pub async fn send(&self, reset_token: &str, method_id: &str) -> Result<SendResetCodeResponse, Status> {
        let request = SendResetCodeRequest {
            reset_token: reset_token.to_owned(),
            method_id: method_id.to_owned(),
            request_id: request_id(),
            context: None,
        };
        self.insist(async || self.resets().send_reset_code(request.clone()).await).await
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
            ..SubmitResetProofRequest::default()
        };
        self.insist(async || self.resets().submit_reset_proof(request.clone()).await).await
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
        self.insist(async || self.resets().complete_password_reset(request.clone()).await).await
    }

    /// Whether a password signs a person in.
    pub async fn signs_in(&self, login: &str, password: &str) -> bool {
        self.access_token(login, password).await.is_some()
    }

    /// The access token that a password brings, if it signs the person in.
    pub async fn access_token(&self, login: &str, password: &str) -> Option<String> {
        let request = self.sign_in_with(login, password);
        let sessions = SessionServiceClient::new(self.identity.clone());
        let answer = self.insist(async || sessions.clone().sign_in(request.clone()).await).await.unwrap();
        match answer.result {
            Some(SignInResult::Tokens(tokens)) => Some(tokens.access_token),
            _ => None,
        }
    }

    /// A sign-in that was not made yet, for whoever decides what happens when it is refused.
    pub fn sign_in_with(&self, login: &str, password: &str) -> SignInRequest {
        SignInRequest {
            tenant_id: self.tenant_id.clone(),
            login: login.to_owned(),
            password: password.to_owned(),
            request_id: request_id(),
            context: None,
        }
    }

    /// Whether an access token is good at this moment.
    pub async fn is_live(&self, access_token: &str) -> bool {
        let request = CheckAccessTokenRequest { access_token: access_token.to_owned() };
        let sessions = SessionServiceClient::new(self.identity.clone());
        let check = async || sessions.clone().check_access_token(request.clone()).await;
        self.insist(check).await.unwrap().active
    }

    /// Follows the audit log.
    pub async fn watch(
        &self,
        request: &WatchEventsRequest,
    ) -> Result<Streaming<WatchEventsResponse>, Status> {
        let audit = AuditServiceClient::new(self.identity.clone());
        self.insist(async || audit.clone().watch_events(request.clone()).await).await
    }

    fn resets(&self) -> PasswordResetServiceClient<Connection> {
        PasswordResetServiceClient::new(self.identity.clone())
    }

    /// Repeats a call until it has an answer or a refusal, and notes what it met on the way.
    pub async fn insist<T>(
        &self,
        mut call: impl AsyncFnMut() -> Result<Response<T>, Status>,
    ) -> Result<T, Status> {
        let noted = async || {
            let answer = call().await;
            if let Err(status) = answer.as_ref()
                && is_passing(status)
            {
                *self.met.lock().unwrap().entry(name_of(status)).or_default() += 1;
            }
            answer
        };
        insist(noted).await
    }
}

/// The code, or that the connection broke under the call.
fn name_of(status: &Status) -> String {
    let problem = Problem::of(status);
    match (problem.reason.is_empty(), problem.code, problem.retry_after) {
        (true, Code::DeadlineExceeded, _) => "no answer in time".to_owned(),
        (true, ..) => "connection broke".to_owned(),
        (false, Code::ResourceExhausted, None) => "ResourceExhausted without RetryInfo".to_owned(),
        (false, code, _) => format!("{code:?}"),
    }
}

/// Repeats a call until it has an answer or a refusal.
pub async fn insist<T>(mut call: impl AsyncFnMut() -> Result<Response<T>, Status>) -> Result<T, Status> {
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
