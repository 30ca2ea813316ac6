//! Every reason to refuse. Each has a published reason; the gRPC layer maps them in one exhaustive match.

use std::time::Duration;

/// Why a call was refused; nothing broke. A duration says after how long another attempt may succeed. As text it is the
/// published reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Refusal {
    /// The request id stands for other content.
    RequestIdReused,
    /// This caller has no such verification in this tenant.
    VerificationNotFound,
    /// The verification's id stands for other content.
    VerificationDiffers,
    /// It passed, ran out of attempts, was cancelled or expired.
    VerificationOver,
    /// The wait of the ladder is not over.
    ResendTooSoon(Duration),
    /// All messages were sent.
    SendsExhausted,
    DestinationLimited(Duration),
    SubjectLimited(Duration),
    /// The budget of the network, or without one of the caller, is used up.
    NetworkLimited(Duration),
    TenantLimited(Duration),
    /// Too many failures within the window.
    SubjectPaused(Duration),
    /// Too many failures in a row.
    SubjectStopped,
    /// Forged, expired, redeemed or bound to something else: it is never said which.
    GrantInvalid,
    /// No message may go to this destination.
    ChannelNotAllowed,
    /// Too few of the texts to numbers that begin alike led to a right code.
    PrefixLimited(Duration),
    /// Codes of the tenant are guessed: whoever starts one has to solve a challenge.
    ChallengeRequired,
    /// Codes of the tenant go on being guessed: none is started or compared.
    GuessingLimited(Duration),
    /// An operator's list blocks every destination.
    DestinationBlocked,
    /// The SIM behind every number was changed of late.
    SimChanged,
}

impl Refusal {
    /// After how long another attempt may succeed.
    pub(crate) const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::ResendTooSoon(wait)
            | Self::DestinationLimited(wait)
            | Self::SubjectLimited(wait)
            | Self::NetworkLimited(wait)
            | Self::TenantLimited(wait)
            | Self::SubjectPaused(wait)
            | Self::PrefixLimited(wait)
            | Self::GuessingLimited(wait) => Some(wait),
            Self::RequestIdReused
            | Self::VerificationNotFound
            | Self::VerificationDiffers
            | Self::VerificationOver
            | Self::SendsExhausted
            | Self::SubjectStopped
            | Self::GrantInvalid
            | Self::ChannelNotAllowed
            | Self::ChallengeRequired
            | Self::DestinationBlocked
            | Self::SimChanged => None,
        }
    }

    /// Whether a limit outside the verification itself stopped a message.
    pub(crate) const fn is_outside_the_verification(self) -> bool {
        match self {
            Self::DestinationLimited(_)
            | Self::SubjectLimited(_)
            | Self::NetworkLimited(_)
            | Self::TenantLimited(_)
            | Self::SubjectPaused(_)
            | Self::SubjectStopped
            | Self::ChannelNotAllowed
            | Self::PrefixLimited(_)
            | Self::ChallengeRequired
            | Self::GuessingLimited(_)
            | Self::DestinationBlocked
            | Self::SimChanged => true,
            Self::RequestIdReused
            | Self::VerificationNotFound
            | Self::VerificationDiffers
            | Self::VerificationOver
            | Self::ResendTooSoon(_)
            | Self::SendsExhausted
            | Self::GrantInvalid => false,
        }
    }
}
