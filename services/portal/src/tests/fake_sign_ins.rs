//! Identity as those use it who sign in: how an attempt ends is told before.

use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::id::TenantId;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};
use rekey_wire::identity::v1 as wire;

use super::fake_identity::{FakeIdentity, NOW, OPTIONS};
use crate::peers::{
    Call, ChallengeAnswer, ClientInfo, CodeDelivery, PeerError, SentChallengeCode, SignInOutcome, SignIns,
    StartedPasskeySignIn,
};

/// When `NOW` is, in seconds.
const NOW_SECONDS: i64 = 1_785_000_000;

/// Signed in for a while.
pub(super) fn signed_in() -> SignInOutcome {
    let after = |seconds| Some(prost_types::Timestamp { seconds: NOW_SECONDS + seconds, nanos: 0 });
    SignInOutcome::SignedIn(wire::SessionTokens {
        access_token: "access".to_owned(),
        access_expire_time: after(300),
        refresh_token: "refresh".to_owned(),
        session_expire_time: after(86_400),
        account_id: "0190c3a5-7e1c-7b2a-9f00-0000000000aa".to_owned(),
        ..wire::SessionTokens::default()
    })
}

/// One more thing to do.
pub(super) fn asked(token: &str, kind: wire::ChallengeKind, factors: &[wire::MethodKind]) -> SignInOutcome {
    SignInOutcome::Challenged(wire::SignInChallenge {
        challenge_token: token.to_owned(),
        kind: kind.into(),
        security_info: vec![wire::SecurityInfo {
            kind: wire::MethodKind::Email.into(),
            masked_destination: "z••@acme.example".to_owned(),
            ..wire::SecurityInfo::default()
        }],
        second_factors: factors.iter().map(|kind| i32::from(*kind)).collect(),
        passkey_request_options_json: OPTIONS.to_owned(),
    })
}

#[async_trait]
impl SignIns for FakeIdentity {
    async fn sign_in(
        &self,
        _: TenantId,
        login: &str,
        password: &SecretString,
        _: &Call,
    ) -> Result<SignInOutcome, PeerError> {
        self.ask(format!("sign in {login} with {}", password.expose_secret()))?;
        Ok(self.outcome())
    }

    async fn sign_in_with_access_pass(
        &self,
        _: TenantId,
        login: &str,
        access_pass: &SecretString,
        _: &Call,
    ) -> Result<SignInOutcome, PeerError> {
        self.ask(format!("sign in {login} with the pass {}", access_pass.expose_secret()))?;
        Ok(self.outcome())
    }

    async fn start_passkey_sign_in(
        &self,
        _: TenantId,
        _: &ClientInfo,
    ) -> Result<StartedPasskeySignIn, PeerError> {
        self.ask("start a passkey".to_owned())?;
        Ok(StartedPasskeySignIn { options: OPTIONS.to_owned(), token: "passkey-token".to_owned().into() })
    }

    async fn complete_passkey_sign_in(
        &self,
        token: &str,
        credential: &SecretString,
        _: &Call,
    ) -> Result<SignInOutcome, PeerError> {
        self.ask(format!("passkey {} for {token}", credential.expose_secret()))?;
        Ok(self.outcome())
    }

    async fn send_sign_in_code(&self, token: &str, _: &Call) -> Result<SentChallengeCode, PeerError> {
        self.ask(format!("send the code of {token}"))?;
        let after = |seconds| NOW.plus(Duration::from_secs(seconds));
        let code = CodeDelivery { expires_at: after(600), resend_at: Some(after(30)) };
        Ok(SentChallengeCode { destinations: vec!["z••@acme.example".to_owned()], code })
    }

    async fn continue_sign_in(
        &self,
        token: &str,
        answer: ChallengeAnswer<'_>,
        _: &Call,
    ) -> Result<SignInOutcome, PeerError> {
        let given = match answer {
            ChallengeAnswer::AuthenticatorCode(code) => format!("app {}", code.expose_secret()),
            ChallengeAnswer::RecoveryCode(code) => format!("recovery {}", code.expose_secret()),
            ChallengeAnswer::Passkey(credential) => format!("passkey {}", credential.expose_secret()),
            ChallengeAnswer::SentCode(code) => format!("sent {}", code.expose_secret()),
            ChallengeAnswer::NewPassword(password) => format!("password {}", password.expose_secret()),
            ChallengeAnswer::SecurityInfo { is_still_right } => format!("still right: {is_still_right}"),
        };
        self.ask(format!("{given} for {token}"))?;
        Ok(self.outcome())
    }

    async fn roles(&self, _: &str) -> Result<Option<Vec<i32>>, PeerError> {
        Ok(Some(Vec::new()))
    }

    async fn sign_out(&self, access_token: &str, _: &Call) -> Result<(), PeerError> {
        self.ask(format!("sign out {access_token}"))
    }
}
