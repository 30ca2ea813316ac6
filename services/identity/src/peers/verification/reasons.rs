//! What verification's refusals mean for whoever asked.

use std::time::Duration;

use rekey_client::Problem;
use rekey_wire::verification::v1::ErrorReason;
use tonic::Status;

use super::{Checked, CodeTiming, Resent, Started, Stop, Stopped};
use crate::peers::Failure;

/// The name of the neighbour in failures.
pub(super) const PEER: &str = "verification";

/// What a refusal says of a verification.
enum Said {
    NotFound,
    Differs,
    Over,
    TooSoon,
    Exhausted,
    Limited(Stop),
    /// The subject failed too often, which is a limit of sends and the end of every check.
    SubjectStopped,
    GrantInvalid,
    FieldInvalid,
    /// Nothing that whoever asked was waiting for.
    Other,
}

impl Said {
    /// Every reason is sorted here: one that is added does not build before it is.
    fn of(problem: &Problem) -> Self {
        match problem.published() {
            Some(ErrorReason::VerificationNotFound) => Self::NotFound,
            Some(ErrorReason::VerificationDiffers) => Self::Differs,
            Some(ErrorReason::VerificationOver) => Self::Over,
            Some(ErrorReason::ResendTooSoon) => Self::TooSoon,
            Some(ErrorReason::SendsExhausted) => Self::Exhausted,
            Some(ErrorReason::DestinationLimited) => Self::Limited(Stop::Destination),
            Some(ErrorReason::SubjectLimited) => Self::Limited(Stop::Subject),
            Some(ErrorReason::NetworkLimited) => Self::Limited(Stop::Network),
            Some(ErrorReason::TenantLimited) => Self::Limited(Stop::Tenant),
            Some(ErrorReason::ChannelNotAllowed) => Self::Limited(Stop::NotOffered),
            Some(ErrorReason::PrefixLimited) => Self::Limited(Stop::Prefix),
            Some(ErrorReason::ChallengeRequired) => Self::Limited(Stop::Challenge),
            Some(ErrorReason::GuessingLimited) => Self::Limited(Stop::Guessing),
            Some(ErrorReason::DestinationBlocked) => Self::Limited(Stop::Blocked),
            Some(ErrorReason::SimChanged) => Self::Limited(Stop::SimChanged),
            Some(ErrorReason::SubjectPaused | ErrorReason::SubjectStopped) => Self::SubjectStopped,
            Some(ErrorReason::GrantInvalid) => Self::GrantInvalid,
            Some(ErrorReason::FieldInvalid) => Self::FieldInvalid,
            Some(
                ErrorReason::Unspecified
                | ErrorReason::CallerUnknown
                | ErrorReason::CallerNotAllowed
                | ErrorReason::AccessTokenMissing
                | ErrorReason::AccessTokenInvalid
                | ErrorReason::RoleMissing
                | ErrorReason::DeadlineExceeded
                | ErrorReason::RequestMalformed
                | ErrorReason::RequestTooLarge
                | ErrorReason::MethodUnknown
                | ErrorReason::Internal
                | ErrorReason::Unavailable
                | ErrorReason::ShuttingDown
                | ErrorReason::RequestIdReused
                | ErrorReason::Overloaded
                | ErrorReason::CallCancelled,
            )
            | None => Self::Other,
        }
    }
}

/// What a refused start means.
pub(super) fn not_started(status: Status) -> Result<Started, Failure> {
    let problem = Problem::of(&status);
    match Said::of(&problem) {
        Said::Differs | Said::Over => Ok(Started::Differs),
        Said::Limited(stop) => stopped(stop, &problem).map(Started::Stopped),
        Said::SubjectStopped => stopped(Stop::Subject, &problem).map(Started::Stopped),
        _ => Err(Failure::of(PEER, status)),
    }
}

/// What a refused resend means.
pub(super) fn not_resent(status: Status) -> Result<Resent, Failure> {
    let problem = Problem::of(&status);
    match Said::of(&problem) {
        Said::TooSoon => Ok(Resent::TooSoon { retry_after: problem.retry_after.unwrap_or_default() }),
        Said::Exhausted => Ok(Resent::Exhausted),
        Said::Over | Said::NotFound => Ok(Resent::Over),
        Said::Limited(stop) => stopped(stop, &problem).map(Resent::Stopped),
        Said::SubjectStopped => stopped(Stop::Subject, &problem).map(Resent::Stopped),
        _ => Err(Failure::of(PEER, status)),
    }
}

/// What a refused check means. A code that does not even look like one is a wrong code.
pub(super) fn not_checked(status: Status) -> Result<Checked, Failure> {
    let problem = Problem::of(&status);
    let is_about_the_code =
        !problem.fields.is_empty() && problem.fields.iter().all(|(field, _)| field == "code");
    match Said::of(&problem) {
        Said::NotFound | Said::Over | Said::SubjectStopped => Ok(Checked::Rejected),
        Said::Limited(stop @ Stop::Guessing) => Ok(Checked::Stopped(stop)),
        Said::FieldInvalid if is_about_the_code => Ok(Checked::Rejected),
        _ => Err(Failure::of(PEER, status)),
    }
}

/// What a refused redemption means: the grant proves nothing.
pub(super) fn not_redeemed(status: Status) -> Result<(), Failure> {
    match Said::of(&Problem::of(&status)) {
        Said::GrantInvalid => Ok(()),
        _ => Err(Failure::of(PEER, status)),
    }
}

/// What a refused look at a verification means: there is none.
pub(super) fn not_found(status: Status) -> Result<(), Failure> {
    match Said::of(&Problem::of(&status)) {
        Said::NotFound => Ok(()),
        _ => Err(Failure::of(PEER, status)),
    }
}

/// A stop with its clocks. Without them nothing can be said in its place.
fn stopped(stop: Stop, problem: &Problem) -> Result<Stopped, Failure> {
    let timing = timing(problem);
    let timing =
        timing.ok_or_else(|| Failure::Broken { peer: PEER, source: "a limit names no clocks".into() })?;
    Ok(Stopped { stop, timing })
}

fn timing(problem: &Problem) -> Option<CodeTiming> {
    let seconds = |text: &str| text.parse().ok().map(Duration::from_secs);
    let waits = problem.metadata.get("ladderSeconds")?.split(',').filter(|wait| !wait.is_empty());
    Some(CodeTiming {
        code_life: seconds(problem.metadata.get("codeLifeSeconds")?)?,
        waits: waits.map(seconds).collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use rekey_wire::status::Refusal;
    use tonic::Code;

    use super::*;

    fn refusal(code: Code, reason: ErrorReason) -> Status {
        Refusal::new(code, reason, "no").retry_after(Duration::from_secs(20)).into_status()
    }

    fn limit(reason: ErrorReason, ladder: &str) -> Status {
        let refusal = Refusal::new(Code::ResourceExhausted, reason, "no");
        refusal.with("codeLifeSeconds", "61").with("ladderSeconds", ladder).into_status()
    }

    #[test]
    fn limits_beyond_the_verification_are_told_from_its_own() {
        let stops = [
            ErrorReason::DestinationLimited,
            ErrorReason::SubjectLimited,
            ErrorReason::NetworkLimited,
            ErrorReason::TenantLimited,
            ErrorReason::PrefixLimited,
            ErrorReason::ChallengeRequired,
            ErrorReason::GuessingLimited,
            ErrorReason::DestinationBlocked,
            ErrorReason::SimChanged,
        ]
        .map(|reason| not_started(limit(reason, "7,9")).unwrap());
        let own = not_resent(refusal(Code::ResourceExhausted, ErrorReason::ResendTooSoon)).unwrap();

        let timing = CodeTiming {
            code_life: Duration::from_secs(61),
            waits: [7, 9].map(Duration::from_secs).to_vec(),
        };
        let expected = [
            Stop::Destination,
            Stop::Subject,
            Stop::Network,
            Stop::Tenant,
            Stop::Prefix,
            Stop::Challenge,
            Stop::Guessing,
            Stop::Blocked,
            Stop::SimChanged,
        ]
        .map(|stop| Started::Stopped(Stopped { stop, timing: timing.clone() }));
        assert_eq!(stops, expected);
        assert_eq!(own, Resent::TooSoon { retry_after: Duration::from_secs(20) });
        assert_eq!(
            not_resent(refusal(Code::ResourceExhausted, ErrorReason::SendsExhausted)).unwrap(),
            Resent::Exhausted
        );
    }

    #[test]
    fn a_limit_without_its_clocks_is_a_failure_and_never_a_guess() {
        let without = not_started(refusal(Code::ResourceExhausted, ErrorReason::DestinationLimited));
        let unreadable = not_resent(limit(ErrorReason::TenantLimited, "soon"));
        let one_message = not_resent(limit(ErrorReason::TenantLimited, "")).unwrap();

        assert!(without.is_err() && unreadable.is_err());
        assert!(matches!(one_message, Resent::Stopped(Stopped { timing, .. }) if timing.waits.is_empty()));
    }

    #[test]
    fn a_verification_that_is_away_is_a_failure_and_no_answer() {
        let away = not_checked(Status::unavailable("connection refused")).unwrap_err();
        let overloaded = not_started(refusal(Code::ResourceExhausted, ErrorReason::Overloaded)).unwrap_err();
        let broken = not_resent(refusal(Code::PermissionDenied, ErrorReason::CallerNotAllowed)).unwrap_err();

        assert!(away.is_unavailable());
        assert!(overloaded.is_unavailable());
        assert!(!broken.is_unavailable());
    }

    #[test]
    fn a_check_in_a_tenant_whose_codes_are_guessed_is_told_from_a_wrong_one() {
        let guessing = not_checked(refusal(Code::ResourceExhausted, ErrorReason::GuessingLimited)).unwrap();

        assert!(matches!(guessing, Checked::Stopped(Stop::Guessing)));
    }

    #[test]
    fn a_code_that_is_none_is_a_wrong_code() {
        let odd = Refusal::new(Code::InvalidArgument, ErrorReason::FieldInvalid, "no").field("code", "long");
        let other =
            Refusal::new(Code::InvalidArgument, ErrorReason::FieldInvalid, "no").field("tenant_id", "x");

        assert!(matches!(not_checked(odd.into_status()), Ok(Checked::Rejected)));
        assert!(not_checked(other.into_status()).is_err());
    }
}
