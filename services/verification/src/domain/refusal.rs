//! Every "no" of this service. Each has a published reason; the gRPC layer maps them in one exhaustive match.

use std::time::Duration;

/// Why something was refused. Nothing broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The request id stands for other content.
    RequestIdReused,
    /// This caller has no such verification in this tenant.
    VerificationNotFound,
    /// The verification's id stands for other content.
    VerificationDiffers,
    /// It passed, ran out of tries, was cancelled or expired.
    VerificationOver,
    /// The ladder is not due.
    ResendTooSoon(Duration),
    /// All messages were sent.
    SendsExhausted,
    /// The destination's budget is spent.
    DestinationLimited(Duration),
    /// The subject's budget is spent.
    SubjectLimited(Duration),
    /// The network's budget, or without one the caller's, is spent.
    NetworkLimited(Duration),
    /// The tenant's budget is spent.
    TenantLimited(Duration),
    /// Too many failures of late.
    SubjectPaused(Duration),
    /// Too many failures in a row.
    SubjectStopped,
    /// Forged, expired, spent or bound to something else: never said which.
    GrantInvalid,
    /// No message goes that way.
    ChannelNotAllowed,
}
