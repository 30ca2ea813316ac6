//! Signing in and out at identity.

use async_trait::async_trait;
use rekey_primitives::id::TenantId;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::access_pass_service_client::AccessPassServiceClient;
use rekey_wire::identity::v1::passkey_service_client::PasskeyServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;

use super::identity::{IdentityPeer, context, method_kind, moment};
use super::{Call, CodeOnItsWay, PeerError, PeerFailure, Visitor};
use crate::domain::{KnownMethod, Question};

/// How an attempt to sign in ended.
pub(crate) enum SignInOutcome {
    SignedIn(wire::SessionTokens),
    /// One more thing is asked.
    Asked(wire::SignInChallenge),
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
    pub(crate) code: CodeOnItsWay,
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
        visitor: &Visitor,
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
    fn sessions(&self) -> SessionServiceClient<rekey_client::Connection> {
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
            context: context(&call.visitor),
        };
        match self.sessions().sign_in(request).await?.into_inner().result {
            Some(Outcome::Tokens(tokens)) => Ok(SignInOutcome::SignedIn(tokens)),
            Some(Outcome::Challenge(challenge)) => Ok(SignInOutcome::Asked(challenge)),
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
            context: context(&call.visitor),
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
        visitor: &Visitor,
    ) -> Result<StartedPasskeySignIn, PeerError> {
        let request =
            wire::StartPasskeySignInRequest { tenant_id: tenant.to_string(), context: context(visitor) };
        let mut passkeys = PasskeyServiceClient::new(self.connection());
        let started = passkeys.start_passkey_sign_in(request).await?.into_inner();
        Ok(StartedPasskeySignIn { options: started.request_options_json, token: started.sign_in_token.into() })
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
            context: context(&call.visitor),
        };
        let mut passkeys = PasskeyServiceClient::new(self.connection());
        match passkeys.complete_passkey_sign_in(request).await?.into_inner().result {
            Some(Outcome::Tokens(tokens)) => Ok(SignInOutcome::SignedIn(tokens)),
            Some(Outcome::Challenge(challenge)) => Ok(SignInOutcome::Asked(challenge)),
            Some(Outcome::Rejection(_)) => Ok(SignInOutcome::Rejected),
            None => Err(no_outcome()),
        }
    }

    async fn send_sign_in_code(&self, token: &str, call: &Call) -> Result<SentChallengeCode, PeerError> {
        let request = wire::SendSignInCodeRequest {
            challenge_token: token.to_owned(),
            request_id: call.request_id.clone(),
            context: context(&call.visitor),
        };
        let sent = self.sessions().send_sign_in_code(request).await?.into_inner();
        let code = CodeOnItsWay {
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
            context: context(&call.visitor),
            ..answered(&answer)
        };
        match self.sessions().continue_sign_in(request).await?.into_inner().result {
            Some(Outcome::Tokens(tokens)) => Ok(SignInOutcome::SignedIn(tokens)),
            Some(Outcome::Challenge(challenge)) => Ok(SignInOutcome::Asked(challenge)),
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
        let theirs = theirs.map_err(|_| PeerFailure::unclear("an access token that cannot be sent"))?;
        let request = wire::SignOutRequest {
            request_id: call.request_id.clone(),
            context: context(&call.visitor),
            ..wire::SignOutRequest::default()
        };
        SessionServiceClient::new(theirs).sign_out(request).await?;
        Ok(())
    }
}

/// The request that gives an answer and nothing else.
fn answered(answer: &ChallengeAnswer<'_>) -> wire::ContinueSignInRequest {
    use wire::second_factor::Factor;

    let shown = |secret: &SecretString| secret.expose_secret().to_owned();
    let factor = |factor| Some(wire::SecondFactor { factor: Some(factor) });
    let nothing = wire::ContinueSignInRequest::default();
    match answer {
        ChallengeAnswer::AuthenticatorCode(code) => {
            wire::ContinueSignInRequest { second_factor: factor(Factor::AuthenticatorCode(shown(code))), ..nothing }
        }
        ChallengeAnswer::RecoveryCode(code) => {
            wire::ContinueSignInRequest { second_factor: factor(Factor::RecoveryCode(shown(code))), ..nothing }
        }
        ChallengeAnswer::Passkey(credential) => wire::ContinueSignInRequest {
            second_factor: factor(Factor::PasskeyCredentialJson(shown(credential))),
            ..nothing
        },
        ChallengeAnswer::SentCode(code) => {
            wire::ContinueSignInRequest { second_factor: factor(Factor::SentCode(shown(code))), ..nothing }
        }
        ChallengeAnswer::NewPassword(password) => {
            wire::ContinueSignInRequest { new_password: shown(password), ..nothing }
        }
        ChallengeAnswer::SecurityInfo { is_still_right } => {
            let verdict = if *is_still_right {
                wire::SecurityInfoVerdict::StillRight
            } else {
                wire::SecurityInfoVerdict::NeedsChange
            };
            wire::ContinueSignInRequest { security_info_verdict: verdict.into(), ..nothing }
        }
    }
}

/// What a challenge asks.
pub(crate) fn question(challenge: &wire::SignInChallenge) -> Result<Question, PeerFailure> {
    let kinds = challenge.second_factors.iter().filter_map(|kind| wire::MethodKind::try_from(*kind).ok());
    let mut kinds = kinds.filter_map(method_kind);
    Ok(match challenge.kind() {
        wire::ChallengeKind::PasswordExpired => Question::NewPassword { is_expired: true },
        wire::ChallengeKind::PasswordChangeRequired => Question::NewPassword { is_expired: false },
        wire::ChallengeKind::ConfirmSecurityInfo => {
            Question::SecurityInfo(challenge.security_info.iter().filter_map(known).collect())
        }
        wire::ChallengeKind::SecondFactor => Question::SecondFactor {
            kinds: kinds.collect(),
            passkey_options: challenge.passkey_request_options_json.clone(),
        },
        wire::ChallengeKind::SentCode => Question::SentCode { kind: kinds.next(), sent: None },
        wire::ChallengeKind::Unspecified => {
            return Err(PeerFailure::unclear("a challenge asks what is not known here"));
        }
    })
}

/// An entry as its person is asked about it; none for one that this release does not know.
fn known(entry: &wire::SecurityInfo) -> Option<KnownMethod> {
    let name = if entry.masked_destination.is_empty() { &entry.display_name } else { &entry.masked_destination };
    Some(KnownMethod { kind: method_kind(entry.kind())?, name: name.clone() })
}

fn no_outcome() -> PeerError {
    PeerFailure::unclear("no outcome").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MethodKind;

    fn challenge(kind: wire::ChallengeKind) -> wire::SignInChallenge {
        wire::SignInChallenge {
            challenge_token: "token".to_owned(),
            kind: kind.into(),
            second_factors: vec![wire::MethodKind::Passkey.into(), 99, wire::MethodKind::RecoveryCode.into()],
            passkey_request_options_json: "{}".to_owned(),
            security_info: vec![
                wire::SecurityInfo {
                    kind: wire::MethodKind::Phone.into(),
                    masked_destination: "••• 42".to_owned(),
                    ..wire::SecurityInfo::default()
                },
                wire::SecurityInfo {
                    kind: wire::MethodKind::Passkey.into(),
                    display_name: "Laptop".to_owned(),
                    ..wire::SecurityInfo::default()
                },
            ],
        }
    }

    #[test]
    fn a_challenge_is_taken_in_our_own_words() {
        use wire::ChallengeKind as Kind;
        let asked = |kind| question(&challenge(kind)).unwrap();
        let entry = |kind, name: &str| KnownMethod { kind, name: name.to_owned() };

        assert_eq!(asked(Kind::PasswordExpired), Question::NewPassword { is_expired: true });
        assert_eq!(asked(Kind::PasswordChangeRequired), Question::NewPassword { is_expired: false });
        assert_eq!(asked(Kind::SentCode), Question::SentCode { kind: Some(MethodKind::Passkey), sent: None });
        let kinds = vec![MethodKind::Passkey, MethodKind::RecoveryCode];
        let passkey_options = "{}".to_owned();
        assert_eq!(asked(Kind::SecondFactor), Question::SecondFactor { kinds, passkey_options });
        let entries = vec![entry(MethodKind::Phone, "••• 42"), entry(MethodKind::Passkey, "Laptop")];
        assert_eq!(asked(Kind::ConfirmSecurityInfo), Question::SecurityInfo(entries));
        assert!(question(&challenge(Kind::Unspecified)).is_err());
    }

    #[test]
    fn an_answer_is_one_thing_alone() {
        let secret: SecretString = "123456".to_owned().into();

        let code = answered(&ChallengeAnswer::SentCode(&secret));
        let verdict = answered(&ChallengeAnswer::SecurityInfo { is_still_right: false });
        let password = answered(&ChallengeAnswer::NewPassword(&secret));

        let sent = wire::second_factor::Factor::SentCode("123456".to_owned());
        assert_eq!(code.second_factor.unwrap().factor, Some(sent));
        assert_eq!((code.new_password.as_str(), code.security_info_verdict), ("", 0));
        assert_eq!(verdict.security_info_verdict(), wire::SecurityInfoVerdict::NeedsChange);
        assert_eq!((password.new_password.as_str(), password.second_factor), ("123456", None));
    }
}
