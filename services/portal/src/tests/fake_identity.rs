//! Identity that answers as it is told, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};

use crate::domain::{
    Look, MethodKind, OfferedMethod, Organisation, OrganisationKey, PasswordRule, Refusal, RuleInForce,
};
use crate::peers::{
    Call, ClientInfo, CodeDelivery, Identity, Logo, NewHelpRequest, PasswordToken, PeerError, Proof,
    ProofResult, ProofValue, SignInOutcome, StartedReset, Verdict,
};

/// When all of it happens.
pub(super) const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

/// The code that is right.
pub(super) const CODE: &str = "123456";

/// What a passkey is asked with.
pub(super) const OPTIONS: &str = r#"{"challenge":"AAAA"}"#;

/// Whose passkey is asked with more than a cookie holds.
pub(super) const LARGE_LOGIN: &str = "ann";

/// What the right passkey signs.
pub(super) const CREDENTIAL: &str = r#"{"id":"zoe's"}"#;

/// The organisation of whoever these tests are about.
pub(super) const TENANT: &str = "0190c3a5-7e1c-7b2a-9f00-0123456789ab";

/// Another one, with a help page of its own: its handle is `globex`.
pub(super) const GLOBEX: &str = "0190c3a5-7e1c-7b2a-9f00-0123456789ac";

#[derive(Default)]
pub(super) struct FakeIdentity {
    asked: Mutex<Vec<String>>,
    refusals: Mutex<VecDeque<Refusal>>,
    look: Mutex<Look>,
    logo: Mutex<Option<Logo>>,
    outcomes: Mutex<VecDeque<SignInOutcome>>,
}

impl FakeIdentity {
    /// Refuses what it is asked next.
    pub(super) fn refuse(&self, refusal: Refusal) {
        self.refusals.lock().unwrap().push_back(refusal);
    }

    /// Gives the organisation a look.
    pub(super) fn dress(&self, look: Look, logo: Option<Logo>) {
        *self.look.lock().unwrap() = look;
        *self.logo.lock().unwrap() = logo;
    }

    /// How the next attempt to sign in, or answer to a challenge, will end; it is rejected without.
    pub(super) fn will_say(&self, outcome: SignInOutcome) {
        self.outcomes.lock().unwrap().push_back(outcome);
    }

    /// How it ends.
    pub(super) fn outcome(&self) -> SignInOutcome {
        self.outcomes.lock().unwrap().pop_front().unwrap_or(SignInOutcome::Rejected)
    }

    /// What it was asked so far, and forgets it.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    pub(super) fn ask(&self, what: String) -> Result<(), PeerError> {
        self.asked.lock().unwrap().push(what);
        match self.refusals.lock().unwrap().pop_front() {
            Some(refusal) => Err(PeerError::Refused(refusal)),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Identity for FakeIdentity {
    async fn find_organisation(&self, key: &OrganisationKey) -> Result<Organisation, PeerError> {
        self.ask(format!("find {key:?}"))?;
        let is_globex = *key == OrganisationKey::Handle("globex".to_owned());
        let (tenant, name, help_url) =
            if is_globex { (GLOBEX, "Globex", "https://help.globex.example") } else { (TENANT, "Acme", "") };
        Ok(Organisation {
            tenant: TenantId::parse(tenant).unwrap(),
            name: name.to_owned(),
            help_url: help_url.to_owned(),
            look: self.look.lock().unwrap().clone(),
        })
    }

    async fn find_logo(&self, tenant: TenantId) -> Result<Option<Logo>, PeerError> {
        self.ask(format!("logo of {tenant}"))?;
        Ok(self.logo.lock().unwrap().clone())
    }

    async fn start_reset(
        &self,
        _: TenantId,
        login: &str,
        client: &ClientInfo,
    ) -> Result<StartedReset, PeerError> {
        let address = client.address.map(|address| address.to_string()).unwrap_or_default();
        self.ask(format!("start {login} from {address} in {}", client.locale))?;
        let method = |id: &str, kind, masked: &str| OfferedMethod {
            id: id.to_owned(),
            kind,
            masked: masked.to_owned(),
            passkey_options: match kind {
                MethodKind::Passkey if login == LARGE_LOGIN => "A".repeat(4_096),
                MethodKind::Passkey => OPTIONS.to_owned(),
                _ => String::new(),
            },
            is_proved: false,
        };
        Ok(StartedReset {
            token: format!("token-of-{login}").into(),
            methods: vec![
                method("1", MethodKind::Email, "z••@acme.example"),
                method("2", MethodKind::Authenticator, ""),
                method("3", MethodKind::Passkey, ""),
            ],
            proofs_required: 1,
            expires_at: NOW.plus(Duration::from_secs(900)),
        })
    }

    async fn send_code(&self, token: &str, method_id: &str, _: &Call) -> Result<CodeDelivery, PeerError> {
        self.ask(format!("send {method_id} of {token}"))?;
        let after = |seconds| NOW.plus(Duration::from_secs(seconds));
        Ok(CodeDelivery { expires_at: after(600), resend_at: Some(after(30)) })
    }

    async fn submit_proof(&self, token: &str, proof: Proof<'_>, _: &Call) -> Result<ProofResult, PeerError> {
        let (shown, right) = match proof.value {
            ProofValue::Code(code) => (code.expose_secret(), CODE),
            ProofValue::Passkey(credential) => (credential.expose_secret(), CREDENTIAL),
        };
        self.ask(format!("submit {shown} for {} of {token}", proof.method_id))?;
        let is_accepted = shown == right;
        let (token, proofs_remaining) =
            if is_accepted { (format!("proved-{token}"), 0) } else { (token.to_owned(), 1) };
        Ok(ProofResult { is_accepted, token: token.into(), proofs_remaining })
    }

    async fn evaluate_password(
        &self,
        by: PasswordToken<'_>,
        candidate: &SecretString,
        _: &ClientInfo,
    ) -> Result<Vec<Verdict>, PeerError> {
        self.ask(match by {
            PasswordToken::Reset(token) => format!("evaluate by reset {token}"),
            PasswordToken::Challenge(token) => format!("evaluate by challenge {token}"),
            PasswordToken::Link(token) => format!("evaluate by link {token}"),
        })?;
        let is_long = candidate.expose_secret().len() >= 8;
        Ok(vec![
            Verdict {
                in_force: RuleInForce { rule: PasswordRule::MinimumLength, bound: Some(8) },
                passed: is_long,
            },
            Verdict { in_force: PasswordRule::Common.without_number(), passed: true },
        ])
    }

    async fn complete_reset(&self, token: &str, _: &SecretString, _: &Call) -> Result<(), PeerError> {
        self.ask(format!("complete {token}"))
    }

    async fn request_help(&self, question: &NewHelpRequest<'_>, _: &Call) -> Result<(), PeerError> {
        let token = question.reset_token.unwrap_or("none");
        self.ask(format!("help {} with {token}: {}", question.login, question.message))
    }

    async fn repudiate_reset(&self, token: &str, _: &Call) -> Result<(), PeerError> {
        self.ask(format!("repudiate {token}"))
    }

    async fn redeem_reset_link(&self, token: &str, _: &SecretString, _: &Call) -> Result<(), PeerError> {
        self.ask(format!("redeem {token}"))
    }
}
