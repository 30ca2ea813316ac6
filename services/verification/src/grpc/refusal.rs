//! Every refusal as its published reason, in one exhaustive match; failures as a fixed text.

use std::time::Duration;

use rekey_wire::status;
use rekey_wire::verification::v1::ErrorReason;
use tonic::{Code, Status};

use crate::codes::Error;
use crate::domain::refusal::Refusal;

pub(super) fn status(error: &Error) -> Status {
    match error {
        Error::Refused(refusal) => refused(*refusal).into_status(),
        // A limit outside the verification says what the answer would have been without it: the caller may have to give that
        // answer all the same, and must not guess it.
        Error::Stopped { refusal, timing } => {
            let waits: Vec<_> = timing.waits.iter().map(|wait| wait.as_secs().to_string()).collect();
            refused(*refusal)
                .with("codeLifeSeconds", timing.code_life.as_secs().to_string())
                .with("ladderSeconds", waits.join(","))
                .into_status()
        }
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
        Refusal::PrefixLimited(_) => {
            (limited, ErrorReason::PrefixLimited, "texts to such numbers led to too few right codes")
        }
        Refusal::ChallengeRequired => {
            (precondition, ErrorReason::ChallengeRequired, "the person has to solve a challenge first")
        }
        Refusal::GuessingLimited(_) => {
            (limited, ErrorReason::GuessingLimited, "codes of this tenant are being guessed")
        }
        Refusal::DestinationBlocked => {
            (precondition, ErrorReason::DestinationBlocked, "the destination is blocked")
        }
        Refusal::SimChanged => {
            (precondition, ErrorReason::SimChanged, "the SIM behind the number was changed of late")
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

    use super::*;
    use crate::codes::CodeTiming;

    #[test]
    fn a_wait_is_whole_seconds_rounded_up() {
        let status = status(&Error::Refused(Refusal::ResendTooSoon(Duration::from_millis(29_001))));

        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(Problem::of(&status).reason, "RESEND_TOO_SOON");
        assert_eq!(Problem::of(&status).retry_after, Some(Duration::from_secs(30)));
    }

    #[test]
    fn an_event_gives_the_published_reason() {
        let wait = Duration::from_secs(20);
        let refusals = [
            Refusal::DestinationLimited(wait),
            Refusal::SubjectLimited(wait),
            Refusal::NetworkLimited(wait),
            Refusal::TenantLimited(wait),
            Refusal::SubjectPaused(wait),
            Refusal::SubjectStopped,
            Refusal::ChannelNotAllowed,
            Refusal::PrefixLimited(wait),
            Refusal::ChallengeRequired,
            Refusal::GuessingLimited(wait),
            Refusal::DestinationBlocked,
            Refusal::SimChanged,
        ];

        for refusal in refusals {
            assert!(refusal.is_outside_the_verification(), "{refusal:?} is no event");
            let published = Problem::of(&status(&Error::Refused(refusal))).reason;
            assert_eq!(<&str>::from(refusal), published);
        }
    }

    #[test]
    fn a_limit_says_what_the_answer_would_have_been_without_it() {
        let wait = Duration::from_secs(20);
        let waits = [30, 60].map(Duration::from_secs).to_vec();
        let timing = CodeTiming { code_life: Duration::from_secs(170), waits };
        let told = |error| {
            let problem = Problem::of(&status(&error));
            let value = |key: &str| problem.metadata.get(key).cloned();
            (problem.reason.clone(), value("codeLifeSeconds"), value("ladderSeconds"))
        };
        let stopped = |refusal| told(Error::Stopped { refusal, timing: timing.clone() });

        for (refusal, reason) in [
            (Refusal::DestinationLimited(wait), "DESTINATION_LIMITED"),
            (Refusal::ChannelNotAllowed, "CHANNEL_NOT_ALLOWED"),
            (Refusal::DestinationBlocked, "DESTINATION_BLOCKED"),
            (Refusal::SimChanged, "SIM_CHANGED"),
        ] {
            let clocks = (Some("170".to_owned()), Some("30,60".to_owned()));
            assert_eq!(stopped(refusal), (reason.to_owned(), clocks.0, clocks.1));
        }
        let own = told(Error::Refused(Refusal::ResendTooSoon(wait)));
        assert_eq!(own, ("RESEND_TOO_SOON".to_owned(), None, None));
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
