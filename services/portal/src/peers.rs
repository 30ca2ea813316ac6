//! What the portal needs of identity, in its own words. What cannot be said to a person is a [`PeerFailure`]; it is logged once, where
//! the page is answered.

mod challenges;
mod identity;
mod refusals;
mod sign_ins;
mod verdicts;

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use rekey_primitives::secret::SecretString;

pub(crate) use self::challenges::question;
pub(crate) use self::identity::{IdentityPeer, request_context, timestamp_from_wire};
#[cfg(test)]
pub(crate) use self::sign_ins::StartedPasskeySignIn;
pub(crate) use self::sign_ins::{ChallengeAnswer, SentChallengeCode, SignInOutcome, SignIns};
pub(crate) use self::verdicts::verdicts;
use crate::domain::{OfferedMethod, Organisation, OrganisationKey, Refusal, RuleInForce};

/// Who looks at a page, as identity is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientInfo {
    /// Where they are; none where only a proxy is known.
    pub(crate) address: Option<IpAddr>,
    pub(crate) user_agent: String,
    /// The language that messages are to have.
    pub(crate) locale: &'static str,
}

/// A call that changes something: repeated under its id it gets the first answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) request_id: String,
    pub(crate) client: ClientInfo,
}

/// An open reset.
#[derive(Debug)]
pub(crate) struct StartedReset {
    pub(crate) token: SecretString,
    pub(crate) methods: Vec<OfferedMethod>,
    pub(crate) proofs_required: u32,
    pub(crate) expires_at: Timestamp,
}

/// A code that is on its way, if there is anybody to send it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodeDelivery {
    pub(crate) expires_at: Timestamp,
    /// None where all sends have been used.
    pub(crate) resend_at: Option<Timestamp>,
}

/// A code that was judged.
#[derive(Debug)]
pub(crate) struct ProofResult {
    pub(crate) is_accepted: bool,
    pub(crate) token: SecretString,
    pub(crate) proofs_remaining: u32,
}

/// A logo, as browsers are given it.
#[derive(Clone)]
pub(crate) struct Logo {
    pub(crate) media_type: &'static str,
    /// What tells it from others, as an organisation's look has it.
    pub(crate) version: Option<String>,
    pub(crate) image: Vec<u8>,
}

/// What a rule says of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) in_force: RuleInForce,
    pub(crate) passed: bool,
}

/// By what somebody who is not signed in may set a password. Nothing prints it.
#[derive(Clone, Copy)]
pub(crate) enum PasswordToken<'a> {
    /// A proved reset.
    Reset(&'a str),
    /// A challenge that asks for a new password.
    Challenge(&'a str),
    /// A link that an administrator had sent.
    Link(&'a str),
}

/// What a person asks an administrator. Nothing prints it, for it holds the token of a reset.
pub(crate) struct NewHelpRequest<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) login: &'a str,
    /// The reset under way, whose proofs put the question ahead.
    pub(crate) reset_token: Option<&'a str>,
    pub(crate) message: &'a str,
}

/// Identity as the pages use it.
#[async_trait]
pub(crate) trait Identity: Send + Sync + 'static {
    async fn find_organisation(&self, key: &OrganisationKey) -> Result<Organisation, PeerError>;

    /// The logo of an organisation, if it has one.
    async fn find_logo(&self, tenant: TenantId) -> Result<Option<Logo>, PeerError>;

    /// Opens a reset for a login, known or not.
    async fn start_reset(
        &self,
        tenant: TenantId,
        login: &str,
        client: &ClientInfo,
    ) -> Result<StartedReset, PeerError>;

    async fn send_code(&self, token: &str, method_id: &str, call: &Call) -> Result<CodeDelivery, PeerError>;

    async fn submit_proof(
        &self,
        token: &str,
        proof: Proof<'_>,
        call: &Call,
    ) -> Result<ProofResult, PeerError>;

    /// Every rule in force but history, and what it says of a candidate. It spends nothing.
    async fn evaluate_password(
        &self,
        by: PasswordToken<'_>,
        candidate: &SecretString,
        client: &ClientInfo,
    ) -> Result<Vec<Verdict>, PeerError>;

    async fn complete_reset(
        &self,
        token: &str,
        password: &SecretString,
        call: &Call,
    ) -> Result<(), PeerError>;

    async fn request_help(&self, question: &NewHelpRequest<'_>, call: &Call) -> Result<(), PeerError>;

    /// Undoes a reset by the token of its notice.
    async fn repudiate_reset(&self, token: &str, call: &Call) -> Result<(), PeerError>;

    /// Sets a password by the token of a link that an administrator had sent.
    async fn redeem_reset_link(
        &self,
        token: &str,
        password: &SecretString,
        call: &Call,
    ) -> Result<(), PeerError>;
}

/// What is shown for a method.
#[derive(Debug)]
pub(crate) struct Proof<'a> {
    pub(crate) method_id: &'a str,
    pub(crate) value: ProofValue<'a>,
}

/// What proves a method.
#[derive(Debug)]
pub(crate) enum ProofValue<'a> {
    Code(&'a SecretString),
    /// What a passkey signed, as the browser's JSON.
    Passkey(&'a SecretString),
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum PeerError {
    /// It said no, for a reason that it publishes.
    Refused(Refusal),
    /// It is away, or did not understand.
    Failed(PeerFailure),
}

/// Identity is away, or did not understand.
#[derive(Debug, thiserror::Error)]
#[error("identity answered {code:?} {reason}")]
pub(crate) struct PeerFailure {
    pub(crate) code: tonic::Code,
    pub(crate) reason: String,
    /// Whether trying again may help.
    pub(crate) is_transient: bool,
    pub(crate) retry_after: Option<Duration>,
    /// What a person reads to support.
    pub(crate) support_code: Option<String>,
    #[source]
    pub(crate) source: Option<tonic::Status>,
}

impl PeerFailure {
    /// It answered, and not as the contract says.
    pub(crate) fn unexpected(reason: &str) -> Self {
        Self {
            code: tonic::Code::Internal,
            reason: reason.to_owned(),
            is_transient: false,
            retry_after: None,
            support_code: None,
            source: None,
        }
    }
}
