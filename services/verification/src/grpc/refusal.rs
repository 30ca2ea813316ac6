//! Every refusal as its published reason, in one exhaustive match; failures as a fixed text.

use std::time::Duration;

use rekey_wire::status;
use rekey_wire::verification::v1::ErrorReason;
use tonic::{Code, Status};

use crate::codes::Error;
use crate::domain::refusal::Refusal;
use crate::domain::rules::Rules;

/// The status of a start or a resend. A limit outside the verification says what the answer would have been without it:
/// the caller may have to give that answer all the same, and must not guess it.
pub(super) fn status_of_send(error: &Error, rules: &Rules) -> Status {
    match error {
        Error::Refused(refusal) if refusal.is_outside_the_verification() => {
            let waits: Vec<_> = rules.ladder.waits().iter().map(|wait| wait.as_secs().to_string()).collect();
            refused(*refusal)
                .with("codeLifeSeconds", rules.code_life.as_secs().to_string())
                .with("ladderSeconds", waits.join(","))
                .into_status()
        }
        error => status(error),
    }
}

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

fn refused(refusal: Refusal) -> status::Refusal {
    let limited = Code::ResourceExhausted;
    let precondition = Code::FailedPrecondition;
    let (code, reason, message) = match refusal {
        Refusal::RequestIdReused => {
            (Code::InvalidArgument, ErrorReason::RequestIdReused, "this request_id stands for other content")
        }
        Refusal::VerificationNotFound => {
            (Code::NotFound, ErrorReason::VerificationNotFound, "no such verification")
        }
        Refusal::VerificationDiffers => (
            Code::AlreadyExists,
            ErrorReason::VerificationDiffers,
            "this verification_id was started with other content",
        ),
        Refusal::VerificationOver => {
            (precondition, ErrorReason::VerificationOver, "the verification is over")
        }
        Refusal::ResendTooSoon(_) => (limited, ErrorReason::ResendTooSoon, "the next message is not due"),
        Refusal::SendsExhausted => (limited, ErrorReason::SendsExhausted, "all messages were sent"),
        Refusal::DestinationLimited(_) => {
            (limited, ErrorReason::DestinationLimited, "the destination has had its messages for now")
        }
        Refusal::SubjectLimited(_) => {
            (limited, ErrorReason::SubjectLimited, "the subject has had its messages for now")
        }
        Refusal::NetworkLimited(_) => {
            (limited, ErrorReason::NetworkLimited, "the network has had its messages for now")
        }
        Refusal::TenantLimited(_) => {
            (limited, ErrorReason::TenantLimited, "the tenant has had its messages for now")
        }
        Refusal::SubjectPaused(_) => {
            (limited, ErrorReason::SubjectPaused, "the subject failed too often of late")
        }
        Refusal::SubjectStopped => {
            (precondition, ErrorReason::SubjectStopped, "the subject waits for its release")
        }
        Refusal::GrantInvalid => (precondition, ErrorReason::GrantInvalid, "the grant is not good"),
        Refusal::ChannelNotAllowed => {
            (precondition, ErrorReason::ChannelNotAllowed, "no message goes to this destination")
        }
    };
    let status = status::Refusal::new(code, reason, message);
    match refusal.retry_after() {
        Some(wait) => status.retry_after(whole_seconds(wait)),
        None => status,
    }
}

/// Rounded up, so that a retry then is not too early by a fraction.
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
    fn a_wait_is_whole_seconds_rounded_up() {
        let status = status(&Error::Refused(Refusal::ResendTooSoon(Duration::from_millis(29_001))));

        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(Problem::of(&status).reason, "RESEND_TOO_SOON");
        assert_eq!(Problem::of(&status).retry_after, Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_limit_says_what_the_answer_would_have_been_without_it() {
        let wait = Duration::from_secs(20);
        let clocks_of = |refusal| {
            let problem = Problem::of(&status_of_send(&Error::Refused(refusal), &rules()));
            let value = |key: &str| problem.metadata.get(key).cloned();
            (value("codeLifeSeconds"), value("ladderSeconds"))
        };

        let clocks = (Some("600".to_owned()), Some("30,60,120,240".to_owned()));
        assert_eq!(clocks_of(Refusal::DestinationLimited(wait)), clocks);
        assert_eq!(clocks_of(Refusal::ChannelNotAllowed), clocks);
        assert_eq!(clocks_of(Refusal::ResendTooSoon(wait)), (None, None));
        assert_eq!(clocks_of(Refusal::VerificationOver), (None, None));
    }

    #[test]
    fn a_broken_store_says_nothing_but_when_to_retry() {
        let status = status(&Error::Store(crate::store::Failure::Unreadable("a secret thought")));

        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(Problem::of(&status).reason, "UNAVAILABLE");
        assert!(Problem::of(&status).retry_after.is_some());
        assert!(!status.message().contains("secret"));
    }
}
