//! Every "no" as its published reason, in one exhaustive match; and what broke, as little as may be said of it.

use std::time::Duration;

use rekey_wire::status;
use rekey_wire::verification::v1::{DOMAIN, ErrorReason};
use tonic::{Code, Status};

use crate::domain::refusal::Refusal;
use crate::flows::Error;

/// When to come back after a failure: long enough for a failover, short enough for a person who waits.
const COME_BACK: Duration = Duration::from_secs(2);

/// The status of an operation that did not do what was asked.
pub(super) fn status(error: &Error) -> Status {
    let unavailable = || {
        published(
            Code::Unavailable,
            ErrorReason::Unavailable,
            "a store or a neighbour is away; nothing was bypassed",
        )
        .retry_after(COME_BACK)
        .into_status()
    };
    match error {
        Error::Refused(refusal) => refused(*refusal),
        Error::Store(_) | Error::Throttle(_) | Error::Messenger(_) => {
            tracing::warn!(error = %chain(error), "a neighbour failed");
            unavailable()
        }
        Error::NotOpened(_) => {
            tracing::error!(error = %chain(error), "a key is missing");
            published(Code::Internal, ErrorReason::Internal, "something broke on our side").into_status()
        }
    }
}

fn refused(refusal: Refusal) -> Status {
    let (code, reason, message, wait) = match refusal {
        Refusal::RequestIdReused => (
            Code::InvalidArgument,
            ErrorReason::RequestIdReused,
            "this request_id stands for other content",
            None,
        ),
        Refusal::VerificationNotFound => {
            (Code::NotFound, ErrorReason::VerificationNotFound, "no such verification", None)
        }
        Refusal::VerificationDiffers => (
            Code::AlreadyExists,
            ErrorReason::VerificationDiffers,
            "this verification_id was started with other content",
            None,
        ),
        Refusal::VerificationOver => {
            (Code::FailedPrecondition, ErrorReason::VerificationOver, "the verification is over", None)
        }
        Refusal::ResendTooSoon(wait) => {
            (Code::ResourceExhausted, ErrorReason::ResendTooSoon, "the next message is not due", Some(wait))
        }
        Refusal::SendsExhausted => {
            (Code::ResourceExhausted, ErrorReason::SendsExhausted, "all messages were sent", None)
        }
        Refusal::DestinationLimited(wait) => (
            Code::ResourceExhausted,
            ErrorReason::DestinationLimited,
            "the destination has had its messages for now",
            Some(wait),
        ),
        Refusal::SubjectLimited(wait) => (
            Code::ResourceExhausted,
            ErrorReason::SubjectLimited,
            "the subject has had its messages for now",
            Some(wait),
        ),
        Refusal::NetworkLimited(wait) => (
            Code::ResourceExhausted,
            ErrorReason::NetworkLimited,
            "the network has had its messages for now",
            Some(wait),
        ),
        Refusal::TenantLimited(wait) => (
            Code::ResourceExhausted,
            ErrorReason::TenantLimited,
            "the tenant has had its messages for now",
            Some(wait),
        ),
        Refusal::SubjectPaused(wait) => (
            Code::ResourceExhausted,
            ErrorReason::SubjectPaused,
            "the subject failed too often of late",
            Some(wait),
        ),
        Refusal::SubjectStopped => {
            (Code::FailedPrecondition, ErrorReason::SubjectStopped, "the subject waits for its release", None)
        }
        Refusal::GrantInvalid => {
            (Code::FailedPrecondition, ErrorReason::GrantInvalid, "the grant is not good", None)
        }
        Refusal::ChannelNotAllowed => (
            Code::FailedPrecondition,
            ErrorReason::ChannelNotAllowed,
            "no message goes to this destination",
            None,
        ),
    };
    let refusal = published(code, reason, message);
    match wait {
        Some(wait) => refusal.retry_after(whole_seconds(wait)).into_status(),
        None => refusal.into_status(),
    }
}

fn published(code: Code, reason: ErrorReason, message: &str) -> status::Refusal {
    status::Refusal::new(code, DOMAIN, reason.as_str_name(), message)
}

/// Rounded up, so that who comes back then is not too early by a fraction.
fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use rekey_client::Problem;

    use super::*;

    #[test]
    fn a_wait_is_told_in_whole_seconds_rounded_up() {
        let status = status(&Error::Refused(Refusal::ResendTooSoon(Duration::from_millis(29_001))));

        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(Problem::of(&status).reason, "RESEND_TOO_SOON");
        assert_eq!(Problem::of(&status).retry_after, Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_broken_store_tells_nothing_but_when_to_come_back() {
        let status = status(&Error::Store(crate::store::Failure::Unreadable("a secret thought")));

        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(Problem::of(&status).reason, "UNAVAILABLE");
        assert!(Problem::of(&status).retry_after.is_some());
        assert!(!status.message().contains("secret"));
    }
}
