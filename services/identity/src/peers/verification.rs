//! Verification, as identity needs it: has a code sent, checks what was typed, redeems the evidence.
//!
//! Limits of verification come back as [`Stop`]s. Which of them a person may see is not decided here: use cases show
//! only those that are keyed by what the person typed, and answer the others with the timers of a send.

mod reasons;
mod remote;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::{TenantId, VerificationId};
use rekey_primitives::locale::Locale;
use rekey_primitives::method::ProofClass;
use rekey_primitives::secret::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Failure;

pub(crate) use remote::RemoteVerification;

/// The purpose of codes that reset a password.
pub(crate) const PASSWORD_RESET: &str = "password_reset";
/// The purpose of codes that confirm security info.
pub(crate) const SECURITY_INFO: &str = "security_info";
/// The purpose of codes that callers read back to a helpdesk.
pub(crate) const CALLER_VERIFICATION: &str = "caller_verification";
/// The purpose of codes that a sign-in waits for.
pub(crate) const SIGN_IN: &str = "sign_in";

/// Who asks for a code, and from where.
#[derive(Debug, Clone)]
pub(crate) struct AskedBy {
    /// The backend on whose behalf identity asks: without an address its budget in the tenant is spent.
    pub backend: String,
    /// Where the person is, as the backend says.
    pub ip_address: Option<IpAddr>,
    pub user_agent: Option<String>,
}

/// A code to have sent.
#[derive(Clone)]
pub(crate) struct StartCode {
    pub tenant_id: TenantId,
    /// The verification, which the flow chose.
    pub verification_id: VerificationId,
    pub request_id: Uuid,
    /// What the code is for.
    pub purpose: &'static str,
    /// Whom it is about; limits are kept per subject.
    pub subject: String,
    /// Where it goes: 1 to 5 of one channel, which all get the one code.
    pub destinations: Vec<Destination>,
    /// The reader's language.
    pub locale: Option<Locale>,
    /// What the evidence is bound to.
    pub binding: [u8; 32],
    /// Walk the path and send nothing.
    pub decoy: bool,
    /// The organisation, as the message names it.
    pub organisation: String,
    /// Whether the person is at a familiar place of the login, whose messages strangers cannot use up.
    pub familiar: bool,
    pub asked_by: AskedBy,
}

/// A code to have sent again.
#[derive(Debug, Clone)]
pub(crate) struct ResendCode {
    pub tenant_id: TenantId,
    pub verification_id: VerificationId,
    pub request_id: Uuid,
    pub asked_by: AskedBy,
}

/// A code that somebody typed.
#[derive(Debug, Clone)]
pub(crate) struct CheckCode {
    pub tenant_id: TenantId,
    pub verification_id: VerificationId,
    pub request_id: Uuid,
    /// What the code must have been sent for.
    pub purpose: &'static str,
    /// Whom it must have been about.
    pub subject: String,
    pub code: SecretString,
    pub asked_by: AskedBy,
}

/// The clocks of a code that is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timers {
    pub code_expires_at: Timestamp,
    /// When the next send is accepted; `None` when all have been used.
    pub resend_after: Option<Timestamp>,
}

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    pub code_expires_at: Timestamp,
    /// How many messages it may still send.
    pub sends_remaining: usize,
}

/// How a start ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Started {
    /// The code is on its way by this call.
    Sent(Timers),
    /// The verification was there before; this call sent nothing.
    WasThere(Timers),
    /// A limit stopped it: there is no such verification.
    Stopped(Stopped),
    /// The verification is there with other content.
    Differs,
}

/// How a resend ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resent {
    /// The code is on its way again.
    Sent(Timers),
    /// The ladder of this verification is not due.
    TooSoon {
        /// How long until it is.
        retry_after: Duration,
    },
    /// This verification has sent all it may.
    Exhausted,
    /// A limit beyond this verification stopped it.
    Stopped(Stopped),
    /// The verification has passed, is over or is gone.
    Over,
}

/// A send that was stopped, and what its answer would have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stopped {
    /// By what.
    pub stop: Stop,
    /// By which clocks a code would have gone out. They come with every stop, so that an answer that stands in for a
    /// send shows what verification does and not what somebody once copied from its settings.
    pub timing: CodeTiming,
}

/// The clocks of verification's codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeTiming {
    /// How long a code lives.
    pub code_life: Duration,
    /// The waits after each message but the last.
    pub waits: Vec<Duration>,
}

impl CodeTiming {
    /// The timers of a first send that was stopped where nobody may know.
    pub(crate) fn as_if_sent(&self, now: Timestamp) -> Timers {
        Timers {
            code_expires_at: now.plus(self.code_life),
            resend_after: self.waits.first().map(|wait| now.plus(*wait)),
        }
    }
}

/// What stops a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The destination had its messages.
    Destination,
    /// The subject had its messages, or failed too often.
    Subject,
    /// The person's network had its messages.
    Network,
    /// The tenant had its messages.
    Tenant,
    /// The channel, or the country of the number, is not offered.
    NotOffered,
    /// Too few of the texts to such numbers led to a right code.
    Prefix,
    /// Codes of the tenant are guessed, and nobody said of this person that they solved a challenge.
    Challenge,
    /// Codes of the tenant go on being guessed: none is started or compared.
    Guessing,
    /// The operators' list blocks every destination.
    Blocked,
    /// The SIM behind every number was changed of late.
    SimChanged,
}

/// How a check ended.
pub(crate) enum Checked {
    /// Right, and this was its one use.
    Passed {
        /// Single-use evidence.
        grant: SecretString,
    },
    /// Wrong, expired, spent, out of attempts or unknown.
    Rejected,
    /// Not even compared. Answered as a wrong one: who is spared by such a stop has an account.
    Stopped(Stop),
}

/// What a grant proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Redeemed {
    /// The verification that passed.
    pub verification_id: VerificationId,
    /// The channel that carried the code.
    pub channel: Channel,
    /// What it counts as.
    pub class: ProofClass,
}

/// Has codes sent and checked.
#[async_trait]
pub(crate) trait Verification: Send + Sync {
    /// Starts a verification under the id that the flow chose.
    async fn start(&self, start: &StartCode) -> Result<Started, Failure>;

    /// Sends the code of a verification again.
    async fn resend(&self, resend: &ResendCode) -> Result<Resent, Failure>;

    /// Checks a code. A repeated `request_id` costs no attempt.
    async fn check(&self, check: &CheckCode) -> Result<Checked, Failure>;

    /// Spends a grant; `None` for anything wrong with it.
    async fn redeem(
        &self,
        tenant_id: TenantId,
        grant: &SecretString,
        binding: &[u8; 32],
        request_id: Uuid,
    ) -> Result<Option<Redeemed>, Failure>;

    /// How far a verification is; `None` when there is none.
    async fn progress(
        &self,
        tenant_id: TenantId,
        verification_id: VerificationId,
    ) -> Result<Option<Progress>, Failure>;
}

impl Stop {
    /// The name in audit events.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Destination => "destination_limited",
            Self::Subject => "subject_limited",
            Self::Network => "network_limited",
            Self::Tenant => "tenant_limited",
            Self::NotOffered => "channel_not_offered",
            Self::Prefix => "prefix_limited",
            Self::Challenge => "challenge_required",
            Self::Guessing => "guessing_limited",
            Self::Blocked => "destination_blocked",
            Self::SimChanged => "sim_changed",
        }
    }
}

impl StartCode {
    /// Whether the person has shown more than a challenge would: a password or a session, an administrator's word, or a place of
    /// their own. Of whoever asks for a reset from elsewhere nothing is known.
    pub(super) fn has_passed_a_challenge(&self) -> bool {
        self.familiar || self.purpose != PASSWORD_RESET
    }
}

impl Checked {
    /// The evidence of a right code. A stop is noted and answered as a wrong code, which is what it was counted as here: that it cost
    /// nothing would tell who was spared by it.
    pub(crate) fn grant(self, note_stop: impl FnOnce(Stop)) -> Option<SecretString> {
        match self {
            Self::Passed { grant } => Some(grant),
            Self::Rejected => None,
            Self::Stopped(stop) => {
                note_stop(stop);
                None
            }
        }
    }
}

/// Names neither the destination nor whether it is a decoy.
impl fmt::Debug for StartCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartCode").field("verification_id", &self.verification_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed { .. } => "Passed",
            Self::Rejected => "Rejected",
            Self::Stopped(_) => "Stopped",
        })
    }
}
