//! Every "no" as its published reason, in one exhaustive match; and what broke, as little as may be said of it.

use std::time::Duration;

use rekey_wire::status;
use rekey_wire::verification::v1::ErrorReason;
use tonic::{Code, Status};

use crate::domain::refusal::Refusal;
use crate::domain::rules::Rules;
use crate::flows::Error;

/// The status of a start or a resend that did not do what was asked. A limit beyond the verification itself says what
/// the answer would have been without it: who asked may have to give that answer all the same, and must not guess it.
pub(super) fn status_of_send(error: &Error, rules: &Rules) -> Status {
    match error {
        Error::Refused(refusal) if is_limit(*refusal) => {
            let waits: Vec<_> = rules.ladder.waits().iter().map(|wait| wait.as_secs().to_string()).collect();
            refused(*refusal)
                .with("code_life_seconds", rules.code_life.as_secs().to_string())
                .with("ladder_seconds", waits.join(","))
                .into_status()
        }
        error => status(error),
    }
}

/// The status of an operation that did not do what was asked.
pub(super) fn status(error: &Error) -> Status {
    match error {
        Error::Refused(refusal) => refused(*refusal).into_status(),
        Error::Store(_) | Error::Throttle(_) | Error::Messenger(_) => {
            tracing::warn!(error = %chain(error), "a neighbour failed");
            status::Refusal::of_failure::<ErrorReason>(true).into_status()
        }
        Error::NotOpened(_) => {
            tracing::error!(error = %chain(error), "a key is missing");
            status::Refusal::of_failure::<ErrorReason>(false).into_status()
        }
    }
}

/// Whether something beyond the verification itself stopped a message.
const fn is_limit(refusal: Refusal) -> bool {
    match refusal {
        Refusal::DestinationLimited(_)
        | Refusal::SubjectLimited(_)
        | Refusal::NetworkLimited(_)
        | Refusal::TenantLimited(_)
        | Refusal::SubjectPaused(_)
        | Refusal::SubjectStopped
        | Refusal::ChannelNotAllowed => true,
        Refusal::RequestIdReused
        | Refusal::VerificationNotFound
        | Refusal::VerificationDiffers
        | Refusal::VerificationOver
        | Refusal::ResendTooSoon(_)
        | Refusal::SendsExhausted
        | Refusal::GrantInvalid => false,
    }
}

fn refused(refusal: Refusal) -> status::Refusal {
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
        Some(wait) => refusal.retry_after(whole_seconds(wait)),
        None => refusal,
    }
}

fn published(code: Code, reason: ErrorReason, message: &'static str) -> status::Refusal {
    status::Refusal::new(code, reason, message)
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
    use rekey_runtime::settings::Document;

    use super::*;
    use crate::config::{DEFAULTS, Settings};

    fn rules() -> Rules {
        let document = Document::builder().part("verification", 7302, DEFAULTS).load().unwrap();
        document.part::<Settings>("verification").unwrap().rules().unwrap()
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds_rounded_up() {
        let status = status(&Error::Refused(Refusal::ResendTooSoon(Duration::from_millis(29_001))));

        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(Problem::of(&status).reason, "RESEND_TOO_SOON");
        assert_eq!(Problem::of(&status).retry_after, Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_limit_says_what_the_answer_would_have_been_without_it() {
        let wait = Duration::from_secs(20);
        let told = |refusal| {
            let problem = Problem::of(&status_of_send(&Error::Refused(refusal), &rules()));
            let said = |key: &str| problem.metadata.get(key).cloned();
            (said("code_life_seconds"), said("ladder_seconds"))
        };

        let clocks = (Some("600".to_owned()), Some("30,60,120,240".to_owned()));
        assert_eq!(told(Refusal::DestinationLimited(wait)), clocks);
        assert_eq!(told(Refusal::ChannelNotAllowed), clocks);
        assert_eq!(told(Refusal::ResendTooSoon(wait)), (None, None));
        assert_eq!(told(Refusal::VerificationOver), (None, None));
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
