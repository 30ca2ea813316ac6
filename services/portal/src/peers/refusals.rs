//! Statuses of identity and notification become refusals, by the reasons that they publish, or failures.

use rekey_client::Problem;
use rekey_wire::identity::v1::ErrorReason;
use rekey_wire::notification::v1::ErrorReason as NotificationReason;
use tonic::{Code, Status};

use super::{PeerError, PeerFailure};
use crate::domain::{Ineligibility, PasswordRule, Refusal};

impl From<Status> for PeerError {
    fn from(status: Status) -> Self {
        let problem = Problem::of(&status);
        let of_identity = problem.published::<ErrorReason>().and_then(|reason| refusal(reason, &problem));
        let of_notification = || {
            let reason = problem.published::<NotificationReason>()?;
            of_notification(reason, &problem)
        };
        match of_identity.or_else(of_notification) {
            Some(refusal) => Self::Refused(refusal),
            None => Self::Failed(failure(problem, status)),
        }
    }
}

impl From<PeerFailure> for PeerError {
    fn from(failure: PeerFailure) -> Self {
        Self::Failed(failure)
    }
}

/// What a page has to say of a reason; none for those that are the fault of nobody who reads it.
fn refusal(reason: ErrorReason, problem: &Problem) -> Option<Refusal> {
    let wait = problem.retry_after;
    let not_eligible = |why| Some(Refusal::NotEligible(why));
    match reason {
        ErrorReason::ResetInvalid => Some(Refusal::ResetOver),
        ErrorReason::AttemptsExhausted => Some(Refusal::AttemptsExhausted),
        ErrorReason::MethodUnknownInReset => Some(Refusal::MethodUnknown),
        ErrorReason::MethodAlreadyProved => Some(Refusal::MethodAlreadyProved),
        ErrorReason::SendLimited => Some(Refusal::SendLimited(wait)),
        ErrorReason::ProofsMissing => Some(Refusal::ProofsMissing),
        ErrorReason::PasswordRefused => Some(Refusal::PasswordRefused(broken_rules(problem))),
        ErrorReason::HelpMessageRefused => Some(Refusal::HelpMessageRefused),
        ErrorReason::ChallengeInvalid => Some(Refusal::ChallengeOver),
        ErrorReason::RepudiationInvalid | ErrorReason::ResetLinkInvalid => Some(Refusal::LinkOver),
        ErrorReason::Throttled => Some(Refusal::Throttled(wait)),
        ErrorReason::HashingBusy | ErrorReason::Overloaded => Some(Refusal::Busy(wait)),
        ErrorReason::TenantNotFound => Some(Refusal::OrganisationUnknown),
        ErrorReason::TenantElsewhere => Some(Refusal::OrganisationElsewhere),
        ErrorReason::ResetNotEnabled => not_eligible(Ineligibility::NotEnabled),
        ErrorReason::ResetNotLicensed => not_eligible(Ineligibility::NotLicensed),
        ErrorReason::AccountNotInScope => not_eligible(Ineligibility::NotInScope),
        ErrorReason::TooFewMethods => not_eligible(Ineligibility::TooFewMethods),
        ErrorReason::AccountManagedElsewhere => not_eligible(Ineligibility::ManagedElsewhere),
        ErrorReason::AccountBlocked => not_eligible(Ineligibility::Blocked),
        ErrorReason::RequestIdReused => Some(Refusal::FormRepeated),
        ErrorReason::FieldInvalid => Some(Refusal::FieldInvalid(invalid_fields(problem))),
        ErrorReason::AccessTokenInvalid
        | ErrorReason::AccessTokenMissing
        | ErrorReason::RefreshTokenInvalid => Some(Refusal::SignedOut),
        ErrorReason::SignInNotRecent => Some(Refusal::SignInNotRecent),
        ErrorReason::RoleMissing => Some(Refusal::NotAllowed),
        ErrorReason::AccountNotFound
        | ErrorReason::GroupNotFound
        | ErrorReason::SecurityInfoNotFound
        | ErrorReason::HelpRequestNotFound
        | ErrorReason::BulkResetNotFound
        | ErrorReason::PolicyRevisionNotFound => Some(Refusal::NotFound),
        other if i32::from(other) >= FIRST_OF_RPCS => Some(other_refusal(problem)),
        _ => None,
    }
}

/// The same of notification, whom only administrators' pages call.
fn of_notification(reason: NotificationReason, problem: &Problem) -> Option<Refusal> {
    match reason {
        NotificationReason::NotificationNotFound | NotificationReason::TemplateNotFound => {
            Some(Refusal::NotFound)
        }
        NotificationReason::FieldInvalid => Some(Refusal::FieldInvalid(invalid_fields(problem))),
        other if i32::from(other) >= FIRST_OF_RPCS => Some(other_refusal(problem)),
        _ => None,
    }
}

/// A reason that is told by its word.
fn other_refusal(problem: &Problem) -> Refusal {
    Refusal::Other(problem.reason.clone(), invalid_fields(problem))
}

/// The fields that are wrong.
fn invalid_fields(problem: &Problem) -> Vec<String> {
    problem.fields.iter().map(|(field, _)| field.clone()).collect()
}

/// Reasons below it can come from every RPC, and are the fault of nobody who reads a page.
const FIRST_OF_RPCS: i32 = 100;

/// The rules that this release knows among those that were broken.
fn broken_rules(problem: &Problem) -> Vec<PasswordRule> {
    let words = problem.metadata.get("rules").map(String::as_str).unwrap_or_default();
    words.split(',').filter_map(|word| PasswordRule::parse(word.trim())).collect()
}

fn failure(problem: Problem, status: Status) -> PeerFailure {
    let is_transient =
        matches!(problem.code, Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted);
    PeerFailure {
        code: problem.code,
        reason: problem.reason,
        is_transient,
        retry_after: problem.retry_after,
        support_code: problem.support_code,
        source: Some(status),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use rekey_wire::reason::Reason as _;

    use super::*;

    fn problem(reason: ErrorReason) -> Problem {
        Problem {
            code: Code::FailedPrecondition,
            domain: ErrorReason::DOMAIN.to_owned(),
            reason: reason.word().to_owned(),
            metadata: HashMap::from([("rules".to_owned(), "COMMON,TOO_SIMPLE,NEW_RULE".to_owned())]),
            fields: vec![("login".to_owned(), "is missing".to_owned())],
            retry_after: Some(Duration::from_secs(30)),
            support_code: Some("trace".to_owned()),
        }
    }

    fn said(reason: ErrorReason) -> Option<Refusal> {
        refusal(reason, &problem(reason))
    }

    #[test]
    fn a_reason_says_what_a_page_needs_of_it() {
        let wait = Some(Duration::from_secs(30));
        let rules = vec![PasswordRule::Common, PasswordRule::TooSimple];

        assert_eq!(said(ErrorReason::SendLimited), Some(Refusal::SendLimited(wait)));
        assert_eq!(said(ErrorReason::Throttled), Some(Refusal::Throttled(wait)));
        assert_eq!(said(ErrorReason::PasswordRefused), Some(Refusal::PasswordRefused(rules)));
        let fields = vec!["login".to_owned()];
        assert_eq!(said(ErrorReason::FieldInvalid), Some(Refusal::FieldInvalid(fields)));
    }

    #[test]
    fn whoever_has_no_live_session_is_signed_out_and_whoever_has_an_old_one_signs_in_again() {
        for reason in [ErrorReason::AccessTokenInvalid, ErrorReason::RefreshTokenInvalid] {
            assert_eq!(said(reason), Some(Refusal::SignedOut), "{reason:?}");
        }
        assert_eq!(said(ErrorReason::SignInNotRecent), Some(Refusal::SignInNotRecent));
    }

    #[test]
    fn a_reason_of_notification_is_told_by_its_word() {
        let reason = NotificationReason::NotificationNotQueued;
        let told = problem(ErrorReason::Internal);
        let told = Problem {
            domain: NotificationReason::DOMAIN.to_owned(),
            reason: reason.word().to_owned(),
            ..told
        };

        let refused = of_notification(reason, &told);

        let fields = vec!["login".to_owned()];
        assert_eq!(refused, Some(Refusal::Other("NOTIFICATION_NOT_QUEUED".to_owned(), fields)));
        assert_eq!(of_notification(NotificationReason::Internal, &told), None);
    }

    #[test]
    fn what_is_our_own_fault_is_a_failure() {
        for reason in [ErrorReason::CallerUnknown, ErrorReason::Internal, ErrorReason::Unavailable] {
            assert_eq!(said(reason), None, "{reason:?}");
        }
        let failed = PeerError::from(Status::unavailable("nobody is there"));
        assert!(matches!(failed, PeerError::Failed(PeerFailure { is_transient: true, .. })), "{failed:?}");
    }
}
