//! What a person or their backend does, in one call each: panics where a test has nothing better to do.

use rekey_client::Connection;
use rekey_primitives::entropy::{SystemEntropy, uuid_v4};
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::administration_service_client::AdministrationServiceClient;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::identity::v1::{
    BlockSignInRequest, CheckAccessTokenRequest, CompletePasswordResetRequest, CreateAccountRequest,
    CreateTenantRequest, GrantRoleRequest, ProofOutcome, RepudiateResetRequest, RepudiateResetResponse,
    SendResetCodeRequest, SessionTokens, SignInRequest, StartPasswordResetRequest,
    StartPasswordResetResponse, SubmitResetProofRequest, SubmitResetProofResponse,
};
use rekey_wire::options::v1::Role;
use tonic::{Response, Status};

use crate::World;

/// What the link of a notice looks like.
const NOT_ME: &str = "/not-me?token=";

/// What a one-time link looks like.
const NEW_PASSWORD: &str = "/new-password?token=";

/// A person of a world's tenant.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their account.
    pub account_id: String,
    /// What they type at sign-in; also their mail address.
    pub login: String,
    /// Their first password.
    pub password: String,
}

/// A fresh id for a call.
pub fn request_id() -> String {
    uuid_v4(&SystemEntropy).to_string()
}

/// The password that a person of this name is created with. The name itself would be refused in it.
pub fn first_password(name: &str) -> String {
    format!("correct horse {} battery", name.chars().rev().collect::<String>())
}

/// Creates a tenant and returns its id.
pub async fn create_tenant(identity: &Connection, handle: &str) -> String {
    let request = CreateTenantRequest {
        handle: handle.to_owned(),
        display_name: "Acme Works".to_owned(),
        domains: vec![format!("{handle}.example")],
        licensed_accounts: 0,
        request_id: request_id(),
        context: None,
        home_region: String::new(),
        tenant_id: String::new(),
    };
    let created = TenantServiceClient::new(identity.clone()).create_tenant(request).await.unwrap();
    created.into_inner().tenant.unwrap().tenant_id
}

impl World {
    /// Creates a person with a confirmed mail address and a password.
    pub async fn person(&self, name: &str) -> Person {
        self.person_with(name, |_| {}).await
    }

    /// The same with something different.
    pub async fn person_with(&self, name: &str, change: impl FnOnce(&mut CreateAccountRequest)) -> Person {
        self.person_in(&self.tenant_id, &format!("{name}@acme.example"), change).await
    }

    /// The same in another tenant.
    pub async fn person_in(
        &self,
        tenant_id: &str,
        login: &str,
        change: impl FnOnce(&mut CreateAccountRequest),
    ) -> Person {
        let (login, name) = (login.to_owned(), login.split('@').next().unwrap());
        let password = first_password(name);
        let mut request = CreateAccountRequest {
            tenant_id: tenant_id.to_owned(),
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
        change(&mut request);
        let created = AccountServiceClient::new(self.identity.clone()).create_account(request).await.unwrap();
        Person { account_id: created.into_inner().account.unwrap().account_id, login, password }
    }

    /// The reset service.
    pub fn resets(&self) -> PasswordResetServiceClient<Connection> {
        PasswordResetServiceClient::new(self.identity.clone())
    }

    /// The session service.
    pub fn sessions(&self) -> SessionServiceClient<Connection> {
        SessionServiceClient::new(self.identity.clone())
    }

    /// Opens a reset.
    pub async fn start_reset(&self, login: &str) -> StartPasswordResetResponse {
        let request = StartPasswordResetRequest {
            tenant_id: self.tenant_id.clone(),
            login: login.to_owned(),
            context: None,
        };
        self.resets().start_password_reset(request).await.unwrap().into_inner()
    }

    /// Has a code sent.
    pub async fn send_code(&self, reset_token: &str, method_id: &str) -> Result<(), Status> {
        let request = SendResetCodeRequest {
            reset_token: reset_token.to_owned(),
            method_id: method_id.to_owned(),
            request_id: request_id(),
            context: None,
        };
        self.resets().send_reset_code(request).await.map(drop)
    }

    /// Shows a code.
    pub async fn prove(&self, reset_token: &str, method_id: &str, code: &str) -> SubmitResetProofResponse {
        let request = SubmitResetProofRequest {
            reset_token: reset_token.to_owned(),
            method_id: method_id.to_owned(),
            code: code.to_owned(),
            request_id: request_id(),
            context: None,
            ..SubmitResetProofRequest::default()
        };
        self.resets().submit_reset_proof(request).await.unwrap().into_inner()
    }

    /// A reset of this person that is proved by mail: the token that may set a password.
    pub async fn proved_reset(&self, person: &Person) -> String {
        let started = self.start_reset(&person.login).await;
        let earlier = self.codes_to(&person.login);
        self.send_code(&started.reset_token, "1").await.unwrap();
        let code = self.code_after(&person.login, &earlier).await;
        let proved = self.prove(&started.reset_token, "1", &code).await;
        assert_eq!(proved.outcome(), ProofOutcome::Accepted);
        assert_eq!(proved.proofs_remaining, 0);
        proved.reset_token
    }

    /// Sets a new password; how many sessions ended.
    pub async fn complete_reset(&self, reset_token: &str, new_password: &str) -> Result<i32, Status> {
        let request = CompletePasswordResetRequest {
            reset_token: reset_token.to_owned(),
            new_password: new_password.to_owned(),
            request_id: request_id(),
            context: None,
        };
        self.resets().complete_password_reset(request).await.map(|done| done.into_inner().sessions_revoked)
    }

    /// Signs in, whatever comes of it.
    pub async fn sign_in(&self, login: &str, password: &str) -> SignInResult {
        self.sign_in_at(&self.tenant_id, login, password).await
    }

    /// The same in another tenant.
    pub async fn sign_in_at(&self, tenant_id: &str, login: &str, password: &str) -> SignInResult {
        let request = SignInRequest {
            tenant_id: tenant_id.to_owned(),
            login: login.to_owned(),
            password: password.to_owned(),
            request_id: request_id(),
            context: None,
        };
        self.sessions().sign_in(request).await.unwrap().into_inner().result.unwrap()
    }

    /// Signs in with a password that must be right.
    pub async fn signed_in(&self, login: &str, password: &str) -> SessionTokens {
        self.signed_in_at(&self.tenant_id, login, password).await
    }

    /// The same in another tenant.
    pub async fn signed_in_at(&self, tenant_id: &str, login: &str, password: &str) -> SessionTokens {
        match self.sign_in_at(tenant_id, login, password).await {
            SignInResult::Tokens(tokens) => tokens,
            other => panic!("not signed in but {other:?}"),
        }
    }

    /// Calls to identity on behalf of whoever this access token belongs to.
    pub fn acting_for(&self, access_token: &str) -> Connection {
        self.identity.acting_for(&access_token.to_owned().into()).unwrap()
    }

    /// What administrators do, here in the name of a backend.
    pub fn administration(&self) -> AdministrationServiceClient<Connection> {
        AdministrationServiceClient::new(self.identity.clone())
    }

    /// Gives a person a role.
    pub async fn grant(&self, person: &Person, role: Role) {
        self.grant_in(&self.tenant_id, person, role).await;
    }

    /// The same in another tenant.
    pub async fn grant_in(&self, tenant_id: &str, person: &Person, role: Role) {
        let request = GrantRoleRequest {
            tenant_id: tenant_id.to_owned(),
            account_id: person.account_id.clone(),
            role: role.into(),
            request_id: request_id(),
            context: None,
        };
        self.administration().grant_role(request).await.unwrap();
    }

    /// Stops a person's sign-in.
    pub async fn block(&self, person: &Person) {
        let request = BlockSignInRequest {
            tenant_id: self.tenant_id.clone(),
            account_id: person.account_id.clone(),
            request_id: request_id(),
            context: None,
        };
        self.administration().block_sign_in(request).await.unwrap();
    }

    /// Waits for the mail with a person's one-time link and takes its token.
    pub async fn link_token(&self, person: &Person) -> String {
        let mail =
            self.message(|message| message.to == person.login && message.text.contains(NEW_PASSWORD)).await;
        let link = mail.text.split_whitespace().find(|word| word.contains(NEW_PASSWORD)).unwrap();
        link.split_once("token=").unwrap().1.to_owned()
    }

    /// Waits for the notice of a person's reset and takes the token of its link "this was not me".
    pub async fn repudiation_token(&self, person: &Person) -> String {
        let notice =
            self.message(|message| message.to == person.login && message.text.contains(NOT_ME)).await;
        let link = notice.text.split_whitespace().find(|word| word.contains(NOT_ME)).unwrap();
        link.split_once("token=").unwrap().1.to_owned()
    }

    /// "This was not me."
    pub async fn repudiate(&self, repudiation_token: &str) -> Result<RepudiateResetResponse, Status> {
        let request = RepudiateResetRequest {
            repudiation_token: repudiation_token.to_owned(),
            request_id: request_id(),
            context: None,
        };
        self.resets().repudiate_reset(request).await.map(Response::into_inner)
    }

    /// Whether an access token is good at this moment.
    pub async fn is_live(&self, access_token: &str) -> bool {
        let request = CheckAccessTokenRequest { access_token: access_token.to_owned() };
        self.sessions().check_access_token(request).await.unwrap().into_inner().active
    }
}
