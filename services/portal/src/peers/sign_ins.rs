//! Signing in and out at identity.

use async_trait::async_trait;
use rekey_client::Connection;
use rekey_primitives::id::TenantId;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::access_pass_service_client::AccessPassServiceClient;
use rekey_wire::identity::v1::passkey_service_client::PasskeyServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;

use super::challenges::continue_request;
use super::identity::{IdentityPeer, moment, request_context};
use super::{Call, ClientInfo, CodeDelivery, PeerError, PeerFailure};

/// How an attempt to sign in ended.
pub(crate) enum SignInOutcome {
    SignedIn(wire::SessionTokens),
    /// One more thing is asked.
    Challenged(wire::SignInChallenge),
    /// No, and not why.
    Rejected,
}

/// What a passkey is asked with.
pub(crate) struct StartedPasskeySignIn {
    /// For the browser, as JSON.
    pub(crate) options: String,
    /// Carries the sign-in on.
    pub(crate) token: SecretString,
}

/// What somebody answers to a challenge.
#[derive(Debug)]
pub(crate) enum ChallengeAnswer<'a> {
    AuthenticatorCode(&'a SecretString),
    RecoveryCode(&'a SecretString),
    /// What a passkey signed, as the browser's JSON.
    Passkey(&'a SecretString),
    SentCode(&'a SecretString),
    NewPassword(&'a SecretString),
    SecurityInfo {
        is_still_right: bool,
    },
}

/// A code that is on its way, and where to.
pub(crate) struct SentChallengeCode {
    /// Masked.
    pub(crate) destinations: Vec<String>,
    pub(crate) code: CodeDelivery,
}

/// Signing in and out, as the pages use it.
#[async_trait]
pub(crate) trait SignIns: Send + Sync + 'static {
    async fn sign_in(
        &self,
        tenant: TenantId,
        login: &str,
        password: &SecretString,
        call: &Call,
    ) -> Result<SignInOutcome, PeerError>;

    async fn sign_in_with_access_pass(
        &self,
        tenant: TenantId,
        login: &str,
        access_pass: &SecretString,
        call: &Call,
    ) -> Result<SignInOutcome, PeerError>;

    async fn start_passkey_sign_in(
        &self,
        tenant: TenantId,
        client: &ClientInfo,
    ) -> Result<StartedPasskeySignIn, PeerError>;

    /// Takes what a passkey signed, as the browser's JSON.
    async fn complete_passkey_sign_in(
        &self,
        token: &str,
        credential: &SecretString,
        call: &Call,
    ) -> Result<SignInOutcome, PeerError>;

    /// Has the code of a challenge sent.
    async fn send_sign_in_code(&self, token: &str, call: &Call) -> Result<SentChallengeCode, PeerError>;

    async fn continue_sign_in(
        &self,
        token: &str,
        answer: ChallengeAnswer<'_>,
        call: &Call,
    ) -> Result<SignInOutcome, PeerError>;

    /// The roles of whoever a token belongs to, by their numbers in the contract; none for a token that is good no more.
    async fn roles(&self, access_token: &str) -> Result<Option<Vec<i32>>, PeerError>;

    /// Ends the session of a token, also of one that has expired.
    async fn sign_out(&self, access_token: &str, call: &Call) -> Result<(), PeerError>;
}

impl IdentityPeer {
    fn sessions(&self) -> SessionServiceClient<Connection> {
        SessionServiceClient::new(self.connection())
    }
}

#[async_trait]
impl SignIns for IdentityPeer {
    async fn sign_in(
        &self,
        tenant: TenantId,
        login: &str,
        password: &SecretString,
        call: &Call,
    ) -> Result<SignInOutcome, PeerError> {
        use wire::sign_in_response::Result as Outcome;

        let request = wire::SignInRequest {
            tenant_id: tenant.to_string(),
            login: login.to_owned(),
            password: password.expose_secret().to_owned(),
            request_id: call.request_id.clone(),
            context: request_context(&call.client),
        };
        match self.sessions().sign_in(request).await?.into_inner().result {
            Some(Outcome::Tokens(tokens)) => Ok(SignInOutcome::SignedIn(tokens)),
            Some(Outcome::Challenge(challenge)) => Ok(SignInOutcome::Challenged(challenge)),
            Some(Outcome::Rejection(_)) => Ok(SignInOutcome::Rejected),
            None => Err(no_outcome()),
        }
    }

    async fn sign_in_with_access_pass(
        &self,
        tenant: TenantId,
        login: &str,
        access_pass: &SecretString,
        call: &Call,
    ) -> Result<SignInOutcome, PeerError> {
        use wire::sign_in_with_access_pass_response::Result as Outcome;

        let request = wire::SignInWithAccessPassRequest {
            tenant_id: tenant.to_string(),
            login: login.to_owned(),
            access_pass: access_pass.expose_secret().to_owned(),
            request_id: call.request_id.clone(),
            context: request_context(&call.client),
        };
        let mut passes = AccessPassServiceClient::new(self.connection());
        match passes.sign_in_with_access_pass(request).await?.into_inner().result {
            Some(Outcome::Tokens(tokens)) => Ok(SignInOutcome::SignedIn(tokens)),
            Some(Outcome::Rejection(_)) => Ok(SignInOutcome::Rejected),
            None => Err(no_outcome()),
        }
    }

    async fn start_passkey_sign_in(
        &self,
        tenant: TenantId,
        client: &ClientInfo,
    ) -> Result<StartedPasskeySignIn, PeerError> {
        let request = wire::StartPasskeySignInRequest {
            tenant_id: tenant.to_string(),
            context: request_context(client),
        };
        let mut passkeys = PasskeyServiceClient::new(self.connection());
        let started = passkeys.start_passkey_sign_in(request).await?.into_inner();
        Ok(StartedPasskeySignIn {
            options: started.request_options_json,
            token: started.sign_in_token.into(),
        })
    }

    async fn complete_passkey_sign_in(
        &self,
        token: &str,
        credential: &SecretString,
        call: &Call,
    ) -> Result<SignInOutcome, PeerError> {
        use wire::complete_passkey_sign_in_response::Result as Outcome;

        let request = wire::CompletePasskeySignInRequest {
            sign_in_token: token.to_owned(),
            credential_json: credential.expose_secret().to_owned(),
            request_id: call.request_id.clone(),
            context: request_context(&call.client),
        };
        let mut passkeys = PasskeyServiceClient::new(self.connection());
        match passkeys.complete_passkey_sign_in(request).await?.into_inner().result {
            Some(Outcome::Tokens(tokens)) => Ok(SignInOutcome::SignedIn(tokens)),
            Some(Outcome::Challenge(challenge)) => Ok(SignInOutcome::Challenged(challenge)),
            Some(Outcome::Rejection(_)) => Ok(SignInOutcome::Rejected),
            None => Err(no_outcome()),
        }
    }

    async fn send_sign_in_code(&self, token: &str, call: &Call) -> Result<SentChallengeCode, PeerError> {
        let request = wire::SendSignInCodeRequest {
            challenge_token: token.to_owned(),
            request_id: call.request_id.clone(),
            context: request_context(&call.client),
        };
        let sent = self.sessions().send_sign_in_code(request).await?.into_inner();
        let code = CodeDelivery {
            expires_at: moment(sent.code_expire_time)?,
            resend_at: sent.resend_time.map(|at| moment(Some(at))).transpose()?,
        };
        Ok(SentChallengeCode { destinations: sent.masked_destinations, code })
    }

    async fn continue_sign_in(
        &self,
        token: &str,
        answer: ChallengeAnswer<'_>,
        call: &Call,
    ) -> Result<SignInOutcome, PeerError> {
        use wire::continue_sign_in_response::Result as Outcome;

        let request = wire::ContinueSignInRequest {
            challenge_token: token.to_owned(),
            request_id: call.request_id.clone(),
            context: request_context(&call.client),
            ..continue_request(&answer)
        };
        match self.sessions().continue_sign_in(request).await?.into_inner().result {
            Some(Outcome::Tokens(tokens)) => Ok(SignInOutcome::SignedIn(tokens)),
            Some(Outcome::Challenge(challenge)) => Ok(SignInOutcome::Challenged(challenge)),
            Some(Outcome::Rejection(_)) => Ok(SignInOutcome::Rejected),
            None => Err(no_outcome()),
        }
    }

    async fn roles(&self, access_token: &str) -> Result<Option<Vec<i32>>, PeerError> {
        let request = wire::CheckAccessTokenRequest { access_token: access_token.to_owned() };
        let checked = self.sessions().check_access_token(request).await?.into_inner();
        Ok(checked.active.then_some(checked.roles))
    }

    async fn sign_out(&self, access_token: &str, call: &Call) -> Result<(), PeerError> {
        let theirs = self.connection().acting_for(&access_token.to_owned().into());
        let theirs = theirs.map_err(|_| PeerFailure::unexpected("an access token that cannot be sent"))?;
        let request = wire::SignOutRequest {
            request_id: call.request_id.clone(),
            context: request_context(&call.client),
            ..wire::SignOutRequest::default()
        };
        SessionServiceClient::new(theirs).sign_out(request).await?;
        Ok(())
    }
}

fn no_outcome() -> PeerError {
    PeerFailure::unexpected("no outcome").into()
}
