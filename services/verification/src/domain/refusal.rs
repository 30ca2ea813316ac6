//! Every reason to refuse. Each has a published reason; the gRPC layer maps them in one exhaustive match.

use std::time::Duration;

/// Why a call was refused; nothing broke. A duration says after how long another attempt may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
            | Self::SubjectPaused(wait) => Some(wait),
            Self::RequestIdReused
            | Self::VerificationNotFound
            | Self::VerificationDiffers
            | Self::VerificationOver
            | Self::SendsExhausted
            | Self::SubjectStopped
            | Self::GrantInvalid
            | Self::ChannelNotAllowed => None,
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
            | Self::ChannelNotAllowed => true,
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
